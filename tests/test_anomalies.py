"""Every kind of anomaly, placed on a flat straight road: labelled, on the ground, reproducible, physically sized."""

from __future__ import annotations

import csv
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from simulator.anomalies import _props
from simulator.anomalies._mattress import mattress
from simulator.anomalies.base import Anomaly, Site, actor_models
from simulator.anomalies.fallen_tree import FallenTree
from simulator.anomalies.pothole import Pothole
from simulator.data import data_dir
from simulator.numerics import se3
from simulator.numerics.rng import generator
from simulator.roads import LaneKey, Path
from simulator.scenario.distributions import Distribution
from simulator.scenario.family import members
from simulator.scene import Atmosphere, Material, SceneBuilder
from simulator.scene.mesh import grid
from simulator.scene.stance import LEAN_RAD

KINDS = sorted(members("anomalies"))


def straight(length: float = 200.0) -> Path:
    s = np.arange(0.0, length + 1)
    zero = np.zeros_like(s)
    xyz = np.stack([s, zero, zero], 1)
    return Path(
        s, xyz, zero, zero, zero, zero, zero + 3.5, zero + 20.0, (LaneKey("1", 0, -1),), np.zeros(len(s), np.int64), s
    )


def site(kerb_side: float = -1.0) -> Site:
    builder = SceneBuilder((0.0, 0.0, 0.0))
    x, y = np.linspace(-20, 220, 61), np.linspace(-30, 30, 21)
    builder.add_mesh(grid(x, y, np.zeros((61, 21))), (Material("asphalt"),), "road")
    air = Atmosphere(np.array([0.0, 0.0, 1.0]), 1.0)
    network = SimpleNamespace(roads={"1": SimpleNamespace(kerb_side=kerb_side)})
    return Site(builder, network, straight(), air)  # type: ignore[arg-type]


def fixed(kind: str, seed: int) -> Anomaly:
    rng = generator(seed, "test", kind)
    cls = members("anomalies")[kind]
    drawn = {name: value.sample(rng) for name, value in cls() if isinstance(value, Distribution)}
    return cls(**drawn)  # type: ignore[return-value]


def place(kind: str, seed: int) -> tuple[Site, Anomaly]:
    where, anomaly = site(), fixed(kind, seed)
    anomaly.place(where, generator(seed, "anomaly", 0))
    return where, anomaly


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_is_labelled_and_lies_near_its_place(kind: str, seed: int) -> None:
    where, anomaly = place(kind, seed)
    things = where.builder.objects[1:]
    assert things
    assert any(thing.anomaly for thing in things)
    positions, _ = where.builder.initial_poses()
    first = positions[[thing.id for thing in things if thing.anomaly]]
    assert np.abs(first[:, 0] - anomaly.ahead_m).min() < 25
    for thing in things:
        assert thing.model is not None
        assert np.isfinite(thing.model.bounds).all()
        carried = where.carried.get(thing.id)
        above = positions[thing.id, 2] - (carried.deck_m if carried else 0.0)
        flies = ("pose", "flying") in thing.model.attributes
        assert flies or -0.25 < thing.model.bounds[0, 2] + above < 0.2, thing.name
    for motion in where.motions:
        assert things[motion.object - 1].moving
        assert np.allclose(motion.points[0], positions[motion.object])
    where.builder.build()


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_give_equal_scenes_and_others_differ(kind: str) -> None:
    def bytes_of(seed: int) -> bytes:
        scene = place(kind, seed)[0].builder.build()
        positions, rpy = place(kind, seed)[0].builder.initial_poses()
        return b"".join(mesh.vertices.tobytes() for mesh in scene.meshes) + positions.tobytes() + rpy.tobytes()

    assert bytes_of(5) == bytes_of(5)
    assert bytes_of(5) != bytes_of(6)


def test_there_are_ten_kinds_over_five_families_and_their_ids_exist() -> None:
    ids = {cls.taxonomy for cls in members("anomalies").values()}  # type: ignore[attr-defined]
    placed = {thing.anomaly for kind in KINDS for thing in place(kind, 1)[0].builder.objects if thing.anomaly}
    assert len(KINDS) >= 10
    assert {"SUR", "OBJ", "ANI", "AGT", "INF"} <= {name.split("-")[0] for name in ids | placed}
    with (data_dir("assets") / "taxonomy.csv").open(newline="") as file:
        known = {row["id"] for row in csv.DictReader(file)}
    assert ids | placed <= known


def test_a_pothole_is_a_hole_of_its_depth() -> None:
    where, anomaly = place("pothole", 4)
    x, y = anomaly.ahead_m, anomaly.lateral_m
    away = 123.0  # from the road: kept where there is no ground, exchanged for the road's height where there is
    z = where.builder.ground_height([[x, y, away], [x + 2.0, y, away]])
    assert z[0] == away and abs(z[1]) < 0.5
    deepest = where.builder.objects[1].model.bounds[0, 2]  # type: ignore[union-attr]
    assert -1.4 * anomaly.depth_m - 0.02 < deepest < -0.7 * anomaly.depth_m  # type: ignore[attr-defined]


def test_a_toppled_cone_lies_on_its_foot_and_tip_with_its_box() -> None:
    lying, standing = _props.toppled_cone(), _props.cone()
    vertices = np.concatenate([body.mesh.vertices for body in lying.bodies])
    grounded = vertices[vertices[:, 2] < 0.002, 0]
    assert vertices[:, 2].min() == pytest.approx(0, abs=1e-6)
    assert np.ptp(grounded) > 0.6  # the edge of the foot and, most of its height away, the tip
    length, width, height = lying.size_lwh_m
    assert length > standing.size_lwh_m[2] and height < 0.4 and width == pytest.approx(standing.size_lwh_m[1])
    assert np.abs(lying.bounds.sum(0)[:2]).max() < 1e-5


def test_ice_lies_on_the_road_and_on_its_markings() -> None:
    where, _ = place("ice_patch", 4)
    for thing in where.builder.objects[1:]:
        assert thing.model is not None
        low, high = thing.model.bounds[:, 2]
        assert 0 < low <= high < 0.003  # a film, thinner than the paint of markings
        assert thing.attributes["surface"] == "black ice"


@pytest.mark.parametrize("kind", ["ice_patch", "oil_spill", "puddle"])
def test_the_road_shows_through_a_film_that_shines_most_in_the_middle(kind: str) -> None:
    ground = grid(np.linspace(-20, 220, 61), np.linspace(-30, 30, 21), np.zeros((61, 21)))
    slope = np.linalg.lstsq(np.column_stack([ground.vertices[:, :2], np.ones(len(ground.vertices))]), ground.uv)[0]
    shines = list[tuple[float, float]]()
    for seed in range(4, 8):  # outlines are ragged
        where, anomaly = place(kind, seed)
        thing = where.builder.objects[1]
        assert thing.model is not None and len(thing.model.bodies) == 1
        body, start = thing.model.bodies[0], where.builder.initial_poses()[0][1]
        assert len(body.mesh.faces) < 16_000
        world = body.mesh.vertices + start
        uv = np.column_stack([world[:, :2], np.ones(len(world))]) @ slope  # the ground's texture is laid out evenly
        assert np.abs(uv - body.mesh.uv).max() < 1e-3
        middle = np.linalg.norm(body.mesh.vertices[body.mesh.faces].mean(1)[:, :2], axis=1)
        coat = np.array([material.clearcoat for material in body.materials])[body.mesh.slots]
        radius = anomaly.radius_m  # type: ignore[attr-defined]
        shines.append((coat[middle < 0.3 * radius].mean(), coat[middle > 1.2 * radius].mean()))
    inner, outer = np.mean(shines, axis=0)
    # What oil soaks into leaves stones standing out, which mirror nothing; ice and water lie over them.
    assert inner > (0.08 if kind == "oil_spill" else 0.55) and outer < min(0.4, 0.55 * inner)


def test_the_fallen_tree_has_the_leaves_of_its_season() -> None:
    for season, leafy in (("summer", True), ("autumn", True), ("winter", False)):
        model = FallenTree(length_m=9.0, trunk_radius_m=0.2).model(generator(1, "tree"), season)
        leaves = [body.materials[0] for body in model.bodies if "leaves" in body.materials[0].name]
        assert bool(leaves) == leafy
        for material in leaves:
            assert material.texture is not None and material.texture.cutout
            red, green, _ = material.texture.rgba[material.texture.rgba[..., 3] > 127][:, :3].mean(0)
            assert (green > red) == (season == "summer")
        assert 8.0 < np.ptp(model.bounds[:, 0]) < 11.5 and model.bounds[0, 2] > -0.1


def test_the_wrong_way_driver_comes_toward_the_ego() -> None:
    where, anomaly = place("wrong_way_driver", 2)
    motion = where.motions[0]
    assert motion.points[-1, 0] < motion.points[0, 0] == pytest.approx(anomaly.ahead_m)
    _, rpy = where.builder.initial_poses()
    assert np.cos(rpy[motion.object, 2]) == pytest.approx(-1.0)


@pytest.mark.parametrize("seed", range(4))
def test_falling_cargo_lies_on_the_open_end_of_a_deck(seed: int) -> None:
    where, anomaly = place("falling_cargo", seed)
    lorry, thing = (each for each in where.builder.objects if each.anomaly)
    carried = where.carried[thing.id]
    assert lorry.model is not None and thing.model is not None
    assert carried.carrier == lorry.id and carried.deck_m == lorry.model.deck_m > 0.9
    pose, rpy = where.builder.initial_poses()
    assert rpy[thing.id] == pytest.approx(rpy[lorry.id])
    aft = pose[thing.id, 0] + thing.model.bounds[0, 0] - pose[lorry.id, 0] - lorry.model.bounds[0, 0]
    assert aft == pytest.approx(0.15, abs=0.01)
    low, high = pose[thing.id] - pose[lorry.id] + thing.model.bounds + [[0.01] * 3, [-0.01] * 3]
    for body in lorry.model.bodies:  # nothing of the lorry or of its load is where the piece is
        inside = ((body.mesh.vertices > low) & (body.mesh.vertices < high)).all(1)
        assert not inside.any()
    assert where.loose[thing.id].mass_kg == (anomaly.mass_kg or where.loose[thing.id].mass_kg)  # type: ignore[attr-defined]


def test_what_is_struck_is_as_heavy_as_such_things_are() -> None:
    masses = {
        kind: [stuff.mass_kg for seed in range(3) for stuff in place(kind, seed)[0].loose.values()]
        for kind in ("debris", "lost_cargo", "rockfall", "cones_in_lane", "falling_cargo")
    }
    assert all(masses.values())
    assert all(0.3 < mass < 500.0 for kind in masses.values() for mass in kind)


def test_a_pothole_has_a_broken_edge_of_road_and_level_water() -> None:
    """The visible edge is ragged, what lies outside of it is the road itself, and the water in it stands level."""
    where = site()
    Pothole(ahead_m=30.0, lateral_m=0.0, diameter_m=0.8, depth_m=0.08, water=0.5).place(
        where, generator(3, "anomaly", 0)
    )
    hole, water = (thing.model for thing in where.builder.objects[1:])
    assert hole is not None and water is not None
    body = hole.bodies[0]
    assert [material.name for material in body.materials] == ["broken asphalt", "broken edge", "asphalt"]
    road = body.mesh.vertices[body.mesh.faces[body.mesh.slots == 2]].reshape(-1, 3)
    assert np.all(road[:, 2] > -0.02)
    inner = np.sort(np.hypot(*road[:, :2].T))[: len(road) // 4]
    assert inner.max() - inner.min() > 0.04  # no circle
    floor = body.mesh.vertices[body.mesh.faces[body.mesh.slots == 0], 2]
    assert floor.max() < -0.03
    surface = water.bodies[0].mesh.vertices[:, 2]
    assert np.ptp(surface) == 0 and surface[0] == pytest.approx(-0.04, abs=1e-3)


def test_cracks_lie_on_the_road_round_a_pothole_and_thin_out() -> None:
    where, anomaly = site(), Pothole(ahead_m=30.0, lateral_m=0.0, diameter_m=0.8, depth_m=0.08)
    anomaly.place(where, generator(3, "anomaly", 0))
    cracks = where.builder.objects[1].model.bodies[2]  # type: ignore[union-attr]
    corners = cracks.mesh.vertices[cracks.mesh.faces].astype(np.float64)
    assert cracks.materials[0].name == "crack" and np.ptp(corners[..., 2]) == 0.0 and 0 < corners[0, 0, 2] < 0.003
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normal[:, 2] > 0).mean() > 0.98  # seen from above
    away = np.hypot(*corners.mean(1)[:, :2].T)
    assert 0.3 < away.min() < 0.45 and 0.5 < away.max() < 1.1
    area, edge = 0.5 * normal[:, 2], np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2).max(1)
    wide = 2.0 * area / edge
    assert 0.002 < np.median(wide[away < 0.5]) < 0.02 and np.median(wide[away > 0.7]) < np.median(wide[away < 0.5])


def test_a_mattress_is_a_thick_thing_with_a_curled_end_and_lies_on_the_ground() -> None:
    for seed in range(6):
        model = mattress(generator(seed, "mattress"))
        low, high = model.bounds
        length, width, height = high - low
        assert 1.6 < length < 2.1 and 0.85 < width < 1.65
        assert abs(low[2]) < 0.02 and 0.16 < height < 0.9
        skin = model.bodies[0].mesh
        assert set(skin.slots.tolist()) == {0, 1}
        corners = skin.vertices[skin.faces].astype(np.float64)
        volume = np.einsum("fk,fk->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
        assert 0.85 * 1.9 * 0.9 * 0.16 < volume < 2.0 * 1.6 * 0.27  # closed, facing outwards, as thick as it should be


def slope(along: float, across: float) -> Site:
    """A plane that rises by `along` ahead and `across` to the left, of a road that does the same."""
    where = site()
    x, y = np.linspace(-20, 220, 61), np.linspace(-30, 30, 21)
    builder = SceneBuilder((0.0, 0.0, 0.0))
    builder.add_mesh(grid(x, y, along * x[:, None] + across * y[None, :]), (Material("grass"),), "terrain")
    path = where.path
    flat = np.zeros_like(path.s)
    xyz = path.xyz + np.stack([flat, flat, along * path.s], 1)
    tilted = replace(
        path, xyz=xyz, pitch=flat - np.arctan(along), roll=flat + np.arctan(across * np.cos(np.arctan(along)))
    )
    return replace(where, builder=builder, path=tilted)


@pytest.mark.parametrize("turn", [0.0, 0.7, np.pi / 2, np.pi])
@pytest.mark.parametrize(("along", "across"), [(0.2, 0.0), (0.0, 0.3), (0.1, -0.2)])
def test_on_a_slope_things_lie_flat_and_people_stand_upright(turn: float, along: float, across: float) -> None:
    where = slope(along, across)
    normal = np.array([-along, -across, 1.0]) / np.sqrt(1.0 + along**2 + across**2)
    rng = generator(1, "test")
    models = {
        "cone": _props.cone(),
        "car": actor_models("car", rng)[0],
        "lying": actor_models("pedestrian", rng, pose="lying")[0],
        "standing": actor_models("pedestrian", rng, pose="standing")[0],
        "deer": actor_models("deer", rng)[0],
    }
    rows = {name: where.put(model, 30.0, 1.0, turn) for name, model in models.items()}
    positions, rpy = where.builder.initial_poses()
    poses = se3.pose(positions, *rpy.T)
    for name in ("cone", "car", "lying"):
        assert poses[rows[name], :3, 2] @ normal > np.cos(np.radians(0.3)), name
    assert poses[rows["standing"], 2, 2] == pytest.approx(1.0)
    deer = poses[rows["deer"]]
    left = across * np.cos(turn) - along * np.sin(turn)  # slope to the animal's left
    assert abs(rpy[rows["deer"], 0]) <= LEAN_RAD + 1e-9
    assert rpy[rows["deer"], 0] == pytest.approx(np.clip(np.arctan(left), -LEAN_RAD, LEAN_RAD), abs=1e-6)
    assert abs(deer[:3, 0] @ normal) < 1e-3  # its feet follow the slope
    assert np.allclose(positions[list(rows.values())] @ normal, 0.0, atol=2e-3)


def test_the_child_behind_the_van_walks_on_the_ground() -> None:
    where = slope(0.1, -0.05)
    fixed("child_behind_van", 1).place(where, generator(1, "anomaly", 0))
    (motion,) = where.motions
    assert np.allclose(motion.points[:, 2], motion.points[:, :2] @ [0.1, -0.05], atol=1e-3)


@pytest.mark.parametrize("kerb_side", [-1.0, 1.0])
def test_the_child_comes_from_the_kerb(kerb_side: float) -> None:
    where = site(kerb_side)
    fixed("child_behind_van", 1).place(where, generator(1, "anomaly", 0))
    positions, _ = where.builder.initial_poses()
    assert (positions[1:, 1] * kerb_side > 1.75).all()  # van and child beside the lane of 3.5 m
    (motion,) = where.motions
    assert motion.points[-1, 1] * kerb_side < -5.0


@pytest.mark.parametrize("kind", ["roadworks", "fallen_tree"])
def test_in_left_hand_traffic_it_comes_from_the_left_edge(kind: str) -> None:
    def first_side(kerb: float) -> float:
        where = site(kerb)
        fixed(kind, 2).place(where, generator(2, "anomaly", 0))
        return float(where.builder.initial_poses()[0][1, 1])

    assert first_side(-1.0) < -1.0
    shift = 2 * fixed(kind, 2).lateral_m if kind == "fallen_tree" else 0.0  # to the left in any case
    assert first_side(1.0) == pytest.approx(shift - first_side(-1.0), abs=0.05)


@pytest.mark.parametrize("seed", range(12))
def test_heap_worker_machine_and_boards_of_roadworks_stand_apart(seed: int) -> None:
    where, _ = place("roadworks", seed)
    positions, rpy = where.builder.initial_poses()
    spans = []
    for thing in where.builder.objects[1:]:
        assert thing.model is not None
        low, high = thing.model.bounds
        corners = np.array([[x, y] for x in (low[0], high[0]) for y in (low[1], high[1])])
        c, s = np.cos(rpy[thing.id, 2]), np.sin(rpy[thing.id, 2])
        along = positions[thing.id, 0] + corners @ [c, -s]
        across = positions[thing.id, 1] + corners @ [s, c]
        if np.ptp(corners, axis=0).max() > 0.55:  # all but cones
            spans.append((along.min(), along.max(), across.min(), across.max()))
    assert len(spans) >= 4
    for i, a in enumerate(spans):
        for b in spans[i + 1 :]:
            assert a[1] < b[0] or b[1] < a[0] or a[3] < b[2] + 0.1 or b[3] < a[2] + 0.1
