"""Bridges, tunnels, barriers and gantries: their sizes are those of the rules for building them."""

from __future__ import annotations

import numpy as np
import pytest
from surroundings_fakes import straight_world, world_parts

from simulator.errors import InputError
from simulator.raycast import Scene as Rays
from simulator.roads import LaneKey, procedural
from simulator.roads.surface import surface
from simulator.roads.surface_materials import SurfaceStyle
from simulator.scene import SceneBuilder
from simulator.scene.textures import CROPS, linear_mean
from simulator.surroundings import barriers
from simulator.surroundings.gantries import CLEAR_M, frame
from simulator.surroundings.populate import populate
from simulator.surroundings.pylons import tower
from simulator.surroundings.tunnel_fittings import SIGNS_M, escape_sign, fittings, station

LINE = np.column_stack([np.linspace(0.0, 30.0, 11), np.zeros(11), np.zeros(11)])


def _crossing():
    network = procedural.bridge()
    middle = network.roads["0"].point([180.0], [0.0])[0]
    origin = np.array([*middle[:2], 0.0])
    return network, surface(network, origin, middle[:2], 170.0, seed=1), origin


def test_the_lower_road_passes_under_the_bridge_with_the_height_that_lorries_need() -> None:
    network, ground, origin = _crossing()
    rays = Rays()
    for mesh, _, _ in ground.meshes:
        rays.add(mesh.vertices, mesh.faces)
    rays.commit()
    s = np.linspace(176.5, 183.5, 15)
    x, y, z, _ = network.lane_center("1", -1, s)
    free = rays.closest_hit(np.stack([x, y, z + 0.02], 1) - origin, np.tile([0.0, 0.0, 1.0], (15, 1))).t
    assert np.min(free) > 4.5  # RAA 2008: 4.70 m for new bridges, 4.50 m with overlays
    beside = np.column_stack([x + 40.0, y + 60.0])
    assert np.abs(ground.land_height(beside) - z).max() < 2.5, "the land does not follow the ramps"


def test_parapets_stand_on_both_edges_of_the_deck_and_nothing_in_its_lanes() -> None:
    network, ground, origin = _crossing()
    path = network.path(LaneKey("0", 0, -1), 60.0, 240.0, lambda ways: ways[0])
    builder = SceneBuilder(origin)
    scenery = populate(builder, network, ground, path, style="country", seed=2, vegetation=0.0, buildings=0.0)
    assert scenery.counts["guard_rail"] >= 2
    scene = builder.build()
    for row, mesh in enumerate(scene.instance_mesh):
        pose = scene.instance_pose[row]
        points = scene.meshes[mesh].vertices @ pose[:3, :3].T + pose[:3, 3] + origin
        deck = points[(np.abs(points[:, 0] - 180.0) < 9.0) & (points[:, 2] > 6.7)]
        assert (np.abs(deck[:, 1]) > 3.5 + 0.3).all(), "clear of both lanes"


def test_roads_too_short_for_their_bridge_or_tunnel_are_refused() -> None:
    with pytest.raises(InputError, match="m of road"):
        procedural.bridge(200.0)
    with pytest.raises(InputError, match="tunnel_m=300"):
        procedural.tunnel(320.0, tunnel_m=300.0)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_hill_covers_the_tube_and_leaves_the_road_free(seed: int) -> None:
    network = procedural.tunnel()
    origin = np.array([250.0, 0.0, 0.0])
    ground = surface(network, origin, origin[:2], 170.0, seed=seed, style=SurfaceStyle.draw(seed, land="fields"))
    inside = np.column_stack([np.linspace(200.0, 300.0, 30), np.zeros(30)])
    assert (ground.height(inside) > 6.5).all()  # above ceiling and shell
    rays = Rays()
    for mesh, _, _ in ground.meshes:
        rays.add(mesh.vertices, mesh.faces)
    rays.commit()
    start = np.array([[-150.0, -1.75, 1.5], [-150.0, 1.75, 1.5]])
    along = rays.closest_hit(start, np.tile([1.0, 0.0, 0.0], (2, 1))).t
    assert (along > 290.0).all(), "one sees through"


def test_tunnels_show_the_way_to_the_nearer_portal() -> None:
    """Directive 2004/54/EC: signs of escape routes at most 25 m apart on both walls, stations at most 150 m apart."""
    s = np.arange(40.0 + SIGNS_M / 2, 640.0, SIGNS_M)
    found = list(fittings(s, 40.0, 600.0))
    for left in (True, False):
        rows = [k for k, side, model in found if side is left and model is not station()]
        assert rows == list(range(len(s))) and SIGNS_M <= 25.0
    stations = s[[k for k, _, model in found if model is station()]]
    assert np.diff([40.0, *stations, 640.0]).max() <= 150.0
    # as one looks at the right wall the beginning of the tunnel lies to the right
    first, last = (next(m for k, left, m in found if k == row and not left) for row in (0, len(s) - 1))
    assert first is escape_sign(True) and last is escape_sign(False)
    low, high = escape_sign(True).bounds
    assert low[2] > 0.5 and high[2] < 1.6 and high[0] < 0.1, "no lorry meets it"


def test_barriers_have_their_published_sizes() -> None:
    mesh, _, name = barriers.parapet(LINE, 1)
    assert name == "guard_rail" and mesh.bounds[1, 2] == pytest.approx(1.1, abs=0.03)  # RiZ-ING: 1.10 m
    mesh, materials, name = barriers.guard_rail(LINE, 1)
    beam = mesh.vertices[np.unique(mesh.faces[mesh.slots == 0])]
    assert name == "guard_rail" and beam[:, 2].max() == pytest.approx(0.75, abs=0.01)  # RPS: 0.75 m above the ground
    assert np.ptp(beam[:, 2]) == pytest.approx(0.31, abs=0.003)  # RAL-RG 620, profile B: 310 mm high
    assert beam[:, 1].max() - LINE[0, 1] == pytest.approx(0.081, abs=0.002)  # and 81 mm deep
    assert materials[0].texture is not None and 0.3 < linear_mean(materials[0].texture)[1] < 0.45
    mesh, _, name = barriers.concrete_barrier(LINE, 0.81, 0.6)  # EN 1317, New Jersey: 0.81 m high, 0.6 m wide
    assert name == "wall" and mesh.bounds[1, 2] == pytest.approx(0.81, abs=1e-6)
    assert np.ptp(mesh.bounds[:, 1]) == pytest.approx(0.6, abs=1e-6)
    low = mesh.vertices[mesh.vertices[:, 2] > 0.8]
    assert np.ptp(low[:, 1]) == pytest.approx(0.16, abs=0.02)  # 15 cm at the top
    gantry = frame(12.0, CLEAR_M, 1)
    beam = gantry.bodies[0].mesh.vertices
    over = beam[(beam[:, 1] > 0.5) & (beam[:, 1] < 11.5)]
    assert over[:, 2].min() > 4.7, "RAA 2008: 4.70 m stay clear"


@pytest.mark.parametrize("degrees", [15.0, 45.0, 90.0])
def test_bars_hide_as_much_as_square_ones_from_everywhere(degrees: float) -> None:
    mesh, _, _ = barriers.steel_fence(LINE, 1)
    assert np.ptp(mesh.bounds[:, 2]) - 0.3 == pytest.approx(1.8, abs=0.01)  # posts reach 0.3 m into the ground
    rays = Rays()
    rays.add(mesh.vertices, mesh.faces)
    rays.commit()
    way = np.array([np.cos(np.radians(degrees)), -np.sin(np.radians(degrees)), 0.0])
    low, high = mesh.bounds[:, 0] + [2.0, -2.0]
    foot = np.column_stack([np.linspace(low, high, 6000), np.full(6000, LINE[0, 1]), np.full(6000, 0.9)])
    hidden = np.isfinite(rays.closest_hit(foot - 2.0 * way, np.broadcast_to(way, foot.shape)).t).mean()
    seen_m = 0.12 * np.sin(np.radians(degrees))  # from bar to bar
    bar = 0.022 * (np.sin(np.radians(degrees)) + np.cos(np.radians(degrees)))
    post = 0.06 / 0.022 * 0.12 / 2.5  # they stand before some of the bars
    assert bar / seen_m < hidden + 0.02 < bar / seen_m * (1.0 + post) + 0.03


@pytest.mark.parametrize("season", ["spring", "summer", "autumn", "winter"])
def test_fields_lie_off_the_road_and_change_with_the_season(season: str) -> None:
    network = procedural.straight(240.0)
    style = SurfaceStyle(land="fields", season=season)
    ground = surface(network, (120.0, 0.0, 0.0), (120.0, 0.0), 150.0, seed=4, style=style)
    grown = {}
    for mesh, materials, name in ground.meshes:
        kind = materials[0].name.removeprefix("field of ")
        if kind in CROPS:
            grown[kind] = mesh
            assert name == "terrain"
            middle = mesh.vertices[mesh.faces].mean(axis=1)
            assert (np.abs(middle[np.abs(middle[:, 0]) < 100.0, 1]) > 12.0).all()
    assert grown
    assert ("ripe" in grown) <= (season == "summer") and ("stubble" in grown) <= (season in ("autumn", "winter"))


def test_pylons_stand_in_a_row_far_beside_the_road() -> None:
    assert tower().bounds[1, 2] == pytest.approx(52.0, abs=0.2)
    lines = 0
    for seed in range(4):
        world = straight_world((), kind="rural")
        builder = world.builder()
        counts = populate(
            builder, world.network, world.ground, world.path, style="motorway", seed=seed, radius_m=30.0
        ).counts
        far = [v for name, v, *_ in world_parts(builder) if name == "pole" and np.abs(v[:, 1]).min() > 60.0]
        lines += "pylon" in counts
        assert len(far) == counts.get("pylon", 0)
        if far:
            middle = np.array([v[:, :2].mean(0) for v in far])
            steps = np.linalg.norm(np.diff(middle, axis=0), axis=1)
            assert steps == pytest.approx(340.0, abs=1.0) and len(far) >= 8
    assert 1 <= lines <= 4


def test_bridges_over_motorways_leave_room_for_lorries_and_end_in_banks_on_free_land() -> None:
    """Nothing of them is lower than 4.7 m (RAA 2008) above a road; their banks rise from the land, an eighth steep."""
    built = 0
    for seed in range(3):
        world = straight_world((), kind="rural")
        builder = world.builder()
        counts = populate(
            builder,
            world.network,
            world.ground,
            world.path,
            style="motorway",
            seed=seed,
            radius_m=120.0,
            vegetation=0.0,
        ).counts
        built += counts.get("overpass", 0)
        parts = [(name, v) for name, v, *_ in world_parts(builder) if name in ("wall", "terrain", "road")]
        decks = [v for name, v in parts if name == "road" and v[:, 2].min() > 4.0]
        assert len(decks) == counts.get("overpass", 0)
        for deck in decks:
            span = np.abs(deck[:, 1]).min()
            assert span > world.ground.half_m + 3.0
            x = deck[:, 0].mean()
            near = [v for _, v in parts if np.abs(v[:, 0].mean() - x) < 12.0]
            for v in near:
                over = np.abs(v[:, 1]) < world.ground.half_m
                assert not over.any() or v[over, 2].min() > 4.7
            slabs = [v for name, v in parts if name == "wall" and len(v) == 20 and np.abs(v[:, 0].mean() - x) < 1.0]
            assert min(v[:, 2].min() for v in slabs) > 4.7
            crest = max(v[:, 2].max() for name, v in parts if name == "terrain")
            assert crest == pytest.approx(deck[:, 2].max(), abs=0.1)
    assert 1 <= built <= 3
