from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from material import MATERIAL, needs_material
from surroundings_fakes import straight_world, world_parts

from simulator.errors import InputError
from simulator.roads import Signal, SignalPosition, read_opendrive
from simulator.scene.material import Switch
from simulator.surroundings.populate import populate
from simulator.surroundings.styles import choose_style, styles

STYLES = tuple(styles())
SIGNALS = (
    Signal("stop-1", 100.0, -7.0, 2.0, type="206", country="DE", orientation="+"),
    Signal("limit-1", 120.0, 7.0, 2.0, type="274", value=50.0, country="DE", orientation="-"),
    Signal("light-1", 150.0, -7.0, 2.6, type="1000001", dynamic=True, orientation="+"),
    Signal("light-2", 150.0, 1.5, 5.2, type="1000001", dynamic=True, orientation="-"),
    Signal("on the road", 60.0, -1.0, 0.0, type="205", country="DE", orientation="+"),
    Signal("paint", 148.0, -2.0, 0.0, type="294", country="DE", orientation="+"),
)


def _fill(style: str, seed: int = 3, **options):
    """A populated straight road: world, builder, scenery."""
    world = straight_world(SIGNALS, kind="rural" if style in ("country", "forest", "motorway") else "town")
    builder = world.builder()
    scenery = populate(
        builder, world.network, world.ground, world.path, style=style, seed=seed, **{"radius_m": 110.0, **options}
    )
    return world, builder, scenery


_filled = cache(_fill)  # shared by tests that only look


def _digest(builder) -> str:
    hasher = hashlib.blake2b()
    for name, vertices, faces, _, _ in world_parts(builder):
        hasher.update(name.encode() + vertices.tobytes() + faces.tobytes())
    return hasher.hexdigest()


@pytest.mark.parametrize("style", STYLES)
def test_nothing_stands_on_the_road_and_everything_fits_the_budget(style: str) -> None:
    start = time.process_time()
    world, builder, scenery = _filled(style)
    cpu = time.process_time() - start
    assert scenery.style == style
    assert 12_000 < scenery.triangles < 420_000
    assert cpu < 12.0, "about 2 s on an idle core once the textures are painted"
    total = 0
    for name, vertices, faces, _, obj in world_parts(builder):
        total += len(faces)
        low = vertices[vertices[:, 2] < 2.0]
        if name == "sidewalk":
            assert (np.abs(vertices[:, 1]) > world.ground.half_m - 0.05).all()  # it begins under the pavement's edge
        elif name == "vegetation":
            pavement = 1.5 if style in ("town", "suburb", "car_park") else 0.0
            carriageway = np.abs(low[:, 1]) < world.ground.half_m - pavement
            assert not carriageway.any(), "no leaves in the way of cars"
        elif name == "road":  # fallen leaves; bridges over motorways and what leads to them
            inside = np.abs(vertices[:, 1]) < world.ground.half_m
            assert (inside & (vertices[:, 2] < 0.01)).all() or (~inside | (vertices[:, 2] > 4.7)).all()
        elif len(low):
            assert (world.ground.clearance(low[:, :2]) > 0).all(), (name, obj)
        assert np.isfinite(vertices).all()
    assert total == scenery.triangles


def test_works_stand_in_paved_yards_behind_a_green_strip() -> None:
    """Triangles of yards seen from above cover what lies between 5 and 20 m from the road, and no road."""
    world, builder, scenery = _filled("industrial")
    half = world.ground.half_m
    yards = [v[f].astype(float) for name, v, f, _, _ in world_parts(builder) if name == "sidewalk"]
    corners = np.concatenate(yards)[..., :2]
    reach = np.abs(corners[..., 1]) - half
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2
    inside = (reach.min(1) > 4.0) & (reach.max(1) < 22.0)
    length = np.ptp(corners[inside][..., 0])
    width = np.ptp(np.abs(corners[inside][..., 1]))
    assert length > 100.0 and area[inside].sum() > 0.9 * 2 * length * width
    assert reach.min() > 0.0
    strip = reach.max(1) < 2.6  # only ways in cross it
    assert 0.02 < area[strip].sum() / (2 * length * 2.4) < 0.5
    assert 5 <= scenery.counts["yard goods"] <= 40


def test_signs_stand_where_they_physically_are() -> None:
    """A record may apply at one place and stand at another, on a road or in the world."""
    stop = Signal("here", 60.0, -7.0, 2.0, type="206", country="DE", orientation="+")
    on_road = replace(stop, id="road", stands=SignalPosition("0", (100.0, -9.0, 2.5)))
    in_world = replace(stop, id="world", stands=SignalPosition("", (140.0, -12.0, 3.0), heading=np.pi / 2))
    world = straight_world((stop, on_road, in_world, replace(stop, id="4", s=70.0)), kind="rural")
    builder = world.builder()
    populate(builder, world.network, world.ground, world.path, style="country", radius_m=80.0)
    plates = [points for name, points, *_ in world_parts(builder) if name == "traffic_sign"]
    middles = np.array([0.5 * (points.min(axis=0) + points.max(axis=0)) for points in plates])
    for x, y, bottom in ((60.0, -7.0, 2.0), (100.0, -9.0, 2.5), (140.0, -12.0, 3.0)):
        near = plates[int(np.argmin(np.hypot(*(middles[:, :2] - [x, y]).T)))]
        np.testing.assert_allclose(0.5 * (near.min(axis=0) + near.max(axis=0))[:2], [x, y], atol=0.1)
        assert near[:, 2].min() == pytest.approx(bottom, abs=0.01)
        across = np.ptp(near, axis=0)
        assert (across[0] > across[1]) == (x == 140.0)  # the last one faces along y


def test_the_same_seed_gives_the_same_world_and_another_one_does_not() -> None:
    digests = [_digest(_fill("village", seed)[1]) for seed in (5, 5, 6)]
    assert digests[0] == digests[1] != digests[2]


def test_grass_is_low_by_the_road_high_beyond_it_and_hidden_by_snow() -> None:
    """Blades stand as quads of terrain: at most 0.2 m high within 3 m of the edge, higher in patches farther out."""

    def blades(**options):
        """Distance (N,) from the edge of the road and height (N,) of quads."""
        builder = _filled("country", **options)[1]
        grass = [
            v.reshape(-1, 4, 3)
            for name, v, f, *_ in world_parts(builder)
            if name == "terrain" and 2 * len(v) == 4 * len(f)
        ]
        quads = np.concatenate(grass)
        return np.abs(quads[:, :2, 1]).mean(1), (quads[:, 2:, 2] - quads[:, :2, 2]).mean(1)

    (away, high), (_, above_snow) = blades(), blades(snow_m=0.05)
    edge = away.min()
    assert 0.1 < high[away < edge + 2.5].max() < 0.25
    assert 0.4 < high[away > edge + 4.0].max() < 1.2
    assert 0 < len(above_snow) < 0.5 * len(high)


def test_styles_differ_as_they_should() -> None:
    counts = {style: _filled(style)[2].counts for style in STYLES}
    assert counts["town"]["building"] > 2 * counts["country"].get("building", 0)
    assert counts["forest"]["vegetation"] > 1.5 * counts["town"]["vegetation"]
    assert counts["motorway"]["guard_rail"] > 0 and "guard_rail" not in counts["town"]
    assert counts["industrial"].get("house hall", 0) > 0
    assert counts["village"].get("house church", 0) == 1
    for style in ("town", "suburb", "village", "industrial"):
        assert counts[style]["street lamp"] >= 5
    assert "street lamp" not in counts["forest"]


def test_densities_and_lamps_can_be_set() -> None:
    _, _, bare = _fill("village", vegetation=0.0, buildings=0.0, street_lamps=False)
    assert "building" not in bare.counts and "vegetation" not in bare.counts and "street lamp" not in bare.counts
    _, _, full = _fill("country", street_lamps=True)
    assert full.counts["street lamp"] > 3
    sparse, dense = (_fill("suburb", buildings=b)[2].counts["building"] for b in (0.1, 1.0))
    assert dense > 1.3 * sparse


def test_signs_and_lights_face_the_traffic_they_are_for() -> None:
    _, builder, scenery = _filled("town")
    facts = {thing.attributes.get("signal_id"): thing for thing in builder.objects[1:]}
    position, rpy = builder.initial_poses()
    assert set(scenery.signals) == {"light-1", "light-2"}
    for name, toward in (("stop-1", -1.0), ("limit-1", 1.0), ("light-1", -1.0), ("light-2", 1.0)):
        thing = facts[name]
        # Models face x: traffic along +s (here +x) must see a face that looks back along -x.
        assert np.cos(rpy[thing.id, 2]) * toward > 0.9, name
        assert abs(position[thing.id, 0] - next(s.s for s in SIGNALS if s.id == name)) < 1.0
    assert facts["stop-1"].attributes["sign"] == "stop" and facts["limit-1"].attributes["value"] == "50"
    assert scenery.signals["light-1"] == facts["light-1"].id
    assert "paint" not in facts


def test_a_light_above_the_road_hangs_from_a_mast_that_stands_beside_it() -> None:
    world, builder, scenery = _filled("town")
    thing = builder.objects[scenery.signals["light-2"]]
    position, _ = builder.initial_poses()
    assert abs(position[thing.id, 1] - 1.5) < 0.3
    assert thing.model is not None and thing.model.bounds[0, 2] > 4.5, "lorries pass below"
    masts = [
        v
        for name, v, _, _, _ in world_parts(builder)
        if name == "pole" and np.abs(v[:, 0] - 150).max() < 1 and np.ptp(v[:, 1]) > 2
    ]
    assert masts and all(world.ground.clearance(v[v[:, 2] < 2][:, :2]).min() > 0 for v in masts)
    reach = masts[0]
    assert np.abs(reach[reach[:, 2] > 4][:, 1] - 1.5).min() < 0.5, "its arm reaches the light"


def test_lamps_hang_above_the_ground_beside_the_road() -> None:
    world, builder, scenery = _filled("town")
    lamps = builder.build().lamps
    street = lamps[lamps["switch"] == int(Switch.STREET)]
    assert len(street) == scenery.counts["street lamp"] > 4
    assert (street["position"][:, 2] > 3.0).all() and (street["position"][:, 2] < 12.0).all()
    np.testing.assert_allclose(street["direction"], np.broadcast_to([0, 0, -1], (len(street), 3)), atol=1e-9)
    assert np.abs(street["position"][:, 1]).max() < world.ground.half_m + 1.0
    along = np.sort(street["position"][:, 0])
    assert 15.0 < np.diff(along).mean() < 45.0


def test_taken_ground_stays_free() -> None:
    discs = np.array([[100.0, -9.0, 6.0], [60.0, 12.0, 8.0], [150.0, -12.0, 5.0]])

    def built_on(builder) -> set[float]:
        """Where, along the road, something as high as a person stands in a disc."""
        found = set()
        for name, vertices, _, _, _ in world_parts(builder):
            low = vertices[(vertices[:, 2] > 0.3) & (vertices[:, 2] < 2.0)]
            if name not in ("vegetation", "sidewalk"):
                found |= {x for x, y, radius in discs if (np.hypot(low[:, 0] - x, low[:, 1] - y) < radius - 1.2).any()}
        return found

    assert built_on(_fill("town", taken=discs)[1]) == set()
    assert built_on(_filled("town")[1]) == {100.0, 60.0, 150.0}


def test_objects_are_named_by_the_label_classes() -> None:
    _, builder, scenery = _filled("town")
    kinds = {thing.class_name for thing in builder.objects[1:]}
    assert kinds <= {"traffic_sign", "traffic_light", "street_furniture"}
    assert len(builder.objects) < 150 and scenery.counts["street_furniture"] <= 45


def test_auto_fits_the_road_and_unknown_styles_are_refused() -> None:
    town, fast = straight_world(), straight_world(kind="motorway")
    urban = {choose_style("auto", town.network, town.path, seed).name for seed in range(12)}
    assert urban <= {"town", "suburb", "village", "industrial"} and len(urban) > 1
    rural = {choose_style("auto", fast.network, fast.path, seed).name for seed in range(12)}
    assert rural <= {"country", "forest", "motorway", "village"}
    with pytest.raises(InputError, match='Did you mean "town"'):
        choose_style("twon", town.network, town.path, 0)


@needs_material
def test_a_real_map_keeps_its_roads_clear() -> None:
    """Judged by the road network's own point location, not by the surface that placed things."""
    from simulator.roads.surface import surface
    from simulator.scene import SceneBuilder

    root = MATERIAL / "openx" / "esmini" / "resources" / "xodr"
    network = read_opendrive(root / "fabriksgatan_traffic_lights.xodr")
    key = max(network.lanes(), key=network.lane_length)
    start = 2.0 if key.lane < 0 else network.lane_length(key) - 2.0
    path = network.path(key, start, 80.0, lambda ways: ways[0])
    origin = np.round(path.xyz[0])
    ground = surface(network, origin, path.xyz[40, :2], 110.0)
    builder = SceneBuilder(origin)
    scenery = populate(builder, network, ground, path, style="town", seed=11, radius_m=80.0)
    assert scenery.counts["building"] > 10
    for name, vertices, _, _, _ in world_parts(builder):
        if name in ("vegetation", "sidewalk"):
            continue
        low = vertices[vertices[:, 2] < ground.height(vertices[:, :2]) + 2.0][:, :2]
        if len(low):
            assert (network.locate(low).distance > 0.0).all(), name


def test_trees_in_paving_stand_in_open_ground() -> None:
    """Pits of 1.5 m with stones about soil: a trunk rises from the middle of each, and no pit reaches the road."""
    for seed in range(3, 9):
        world, builder, _ = _filled("town", seed)
        parts = list(world_parts(builder))
        soil = [vertices.reshape(-1, 4, 3) for name, vertices, _, _, _ in parts if name == "terrain"]
        if soil:
            break
    pits = np.concatenate(soil)
    assert np.linalg.norm(pits[:, 1] - pits[:, 0], axis=1) == pytest.approx(1.5 - 2 * 0.08, abs=1e-3)
    assert np.abs(pits[..., 1]).min() > world.ground.half_m
    feet = np.array([part[1][part[1][:, 2] < 0.3, :2].mean(0) for part in parts if part[0] == "vegetation"])
    off = np.linalg.norm(feet[:, None] - pits.mean(1)[None, :, :2], axis=2)
    assert off.min(axis=0).max() < 0.2


def test_some_country_roads_are_lined_by_hedgerows_and_others_are_open() -> None:
    """Share of each side, in steps of 5 m, that something taller than a kneeling man hides within 10 m of the verge."""
    hidden = []
    for seed in range(4):
        world, builder, _ = _fill("country", seed, radius_m=30.0)
        crown = np.concatenate([v for name, v, *_ in world_parts(builder) if name == "vegetation"])
        for side in (-1.0, 1.0):
            beside = side * crown[:, 1] - world.ground.half_m
            hedge = crown[(beside > 2.0) & (beside < 12.0) & (np.abs(crown[:, 2] - 1.1) < 0.4)]
            hidden.append(np.histogram(hedge[:, 0], np.arange(40.0, 161.0, 5.0))[0] > 0)
    share = np.mean(hidden, axis=1)
    assert share.max() > 0.6 and share.min() < 0.35, share


def test_ways_into_works_widen_to_the_road_and_have_two_leaves_of_a_gate() -> None:
    """Kerbs of a way in lie 3.5 m farther apart at the road than at the gate, whose leaves stand open off the strip."""
    world, builder, _ = _filled("industrial")
    half = world.ground.half_m
    parts = list(world_parts(builder))
    kerbs = [v for name, v, *_ in parts if name == "kerb" and len(v) < 40 and np.abs(v[:, 1]).max() < half + 2.7]
    leaves = [
        v for name, v, *_ in parts if name == "fence" and np.ptp(v[:, 2]) > 1.9 and np.ptp(v[:, :2], axis=0).max() < 3.8
    ]
    assert len(kerbs) >= 4 and len(kerbs) % 2 == 0 and len(leaves) % 2 == 0 and leaves
    for one, other in zip(kerbs[::2], kerbs[1::2]):
        gaps = []
        for low, high in ((half, half + 0.1), (half + 2.4, half + 2.7)):
            x = [v[(np.abs(v[:, 1]) > low) & (np.abs(v[:, 1]) < high), 0].mean() for v in (one, other)]
            gaps.append(abs(x[1] - x[0]))
        assert gaps[0] - gaps[1] == pytest.approx(3.5, abs=0.3) and gaps[1] == pytest.approx(7.0, abs=0.4)
    for v in leaves:
        assert np.abs(v[:, 1]).max() > half + 2.4 + 3.0
