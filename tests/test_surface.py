"""Road surfaces against the map itself: no gaps, right heights, right areas, nothing in the way of traffic."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import shapely
from lxml import etree
from material import MATERIAL, needs_material

from simulator.roads import RoadNetwork, procedural, read_opendrive, write_opendrive
from simulator.roads.records import LaneSection
from simulator.roads.road import Road
from simulator.roads.surface import RoadSurface, surface
from simulator.roads.surface_materials import SurfaceStyle
from simulator.roads.surface_polygons import areas_of
from simulator.roads.surface_quads import is_driving
from simulator.roads.surface_refine import refined
from simulator.scene.classes import class_id

STYLE = SurfaceStyle()
RADIUS_M = 60.0
# map, middle of the window (None: of its first road), whether all of its roads agree on the height where they meet
MAPS: dict[str, tuple[str, tuple[float, float] | None, bool]] = {
    "fabriksgatan": ("esmini/resources/xodr/fabriksgatan.xodr", (25.0, -3.0), True),
    "multi_intersections": ("esmini/resources/xodr/multi_intersections.xodr", (52.0, 0.0), True),
    "velodrome": ("esmini/resources/xodr/velodrome.xodr", None, True),
    "velodrome_twist": ("esmini/resources/xodr/velodrome.xodr", (572.0, 4.0), True),
    "e6mini": ("esmini/resources/xodr/e6mini.xodr", None, True),
    "Town01": ("carla_towns/OpenDrive/Town01.xodr", (156.0, -1.0), True),
    "Town03": ("carla_towns/OpenDrive/Town03.xodr", (0.0, 0.0), False),
    "Town05": ("carla_towns/OpenDrive/Town05.xodr", (-125.0, 137.0), False),
    "Figure8": ("maliput_malidrive/resources/Figure8.xodr", None, True),
    "SShapeSuperelevated": ("maliput_malidrive/resources/SShapeSuperelevatedRoad.xodr", None, True),
    "onramp": ("maliput_malidrive/resources/onramp.xodr", (42.0, -3.0), False),
}
MADE = {
    "straight": lambda: procedural.straight(120.0),
    "curve": lambda: procedural.curve(40.0, 90.0, clothoid_m=20.0, approach_m=20.0),
    "hill": lambda: procedural.hill(200.0, 8.0),
    "x_junction": lambda: procedural.x_junction(60.0, angle_deg=70.0),
    "t_junction": lambda: procedural.t_junction(60.0),
    "gravel": lambda: procedural.village_lane(150.0, unpaved=True),
    "motorway": lambda: procedural.motorway(700.0, curve_radius_m=500.0),
    "town": lambda: procedural.town(2, 2, 75.0, seed=3),
}


@cache
def network(name: str) -> RoadNetwork:
    if name in MADE:
        return MADE[name]()
    if not MATERIAL.is_dir():
        pytest.skip("ODDROAD_MATERIAL is not set")
    return _map(MAPS[name][0])


@cache
def _map(file: str) -> RoadNetwork:
    return read_opendrive(MATERIAL / "openx" / file)


@cache
def built(name: str) -> tuple[RoadSurface, np.ndarray]:
    roads = network(name)
    center = MAPS[name][1] if name in MAPS else tuple(roads.bounds.mean(axis=0))
    if center is None:
        center = tuple(np.array(next(iter(roads.roads.values())).reference([0.0])[:2])[:, 0])
    origin = np.array([*np.round(center), 0.0])
    return surface(roads, origin, center, RADIUS_M, style=STYLE), np.array(center)


def lane_points(
    roads: RoadNetwork,
    center: np.ndarray,
    *,
    ends: bool = True,
    step_m: float = 2.0,
    radius_m: float = RADIUS_M - 5.0,
) -> np.ndarray:
    """World points in the middle of all lanes for traffic near a place, also 1 um before and after every joint.

    Without `ends` there are none at the very ends of roads, some of which lead nowhere.
    """
    points = []
    for road in roads.roads.values():
        for k, section in enumerate(road.sections):
            lanes = [lane for lane in section.lanes if lane.id]
            s = np.linspace(section.s0, section.s1, max(int(section.length / step_m), 2) + 1)
            s = np.concatenate([s, [section.s0 + 1e-6, section.s1 - 1e-6]])
            if not ends:
                s = s[(s > 0.01) & (s < road.length - 0.01)]
            t = road.boundaries(k, s)
            for i, lane in enumerate(lanes):
                wide = t[i] - t[i + 1] > 0.1
                if lane.type == "driving" and wide.any():
                    points.append(road.point(s[wide], 0.5 * (t[i] + t[i + 1])[wide], 0.0))
    found = np.concatenate(points)
    found = found[np.hypot(*(found[:, :2] - center).T) < radius_m]
    return np.random.default_rng(0).permutation(found)[:1500]


def hits_below(ground: RoadSurface, classes: set[str], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All vertical intersections, found naively: index of the point, and height of the mesh minus its height."""
    corners = np.concatenate(
        [mesh.vertices[mesh.faces].astype(np.float64) for mesh, _, name in ground.meshes if name in classes]
        or [np.zeros((0, 3, 3))]
    )
    local = points - ground.origin
    low, high = corners[..., :2].min(axis=1), corners[..., :2].max(axis=1)
    which, offset = [], []
    for start in range(0, len(local), 200):
        p = local[start : start + 200]
        box = ((p[:, None, :2] >= low) & (p[:, None, :2] <= high)).all(axis=2)
        i, f = np.nonzero(box)
        a, b, c = corners[f, 0], corners[f, 1], corners[f, 2]
        u, v, w = b - a, c - a, p[i] - a
        area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        lying = np.abs(area) > 1e-9
        i, u, v, w, a, area = i[lying], u[lying], v[lying], w[lying], a[lying], area[lying]
        q = (w[:, 0] * v[:, 1] - w[:, 1] * v[:, 0]) / area
        r = (u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0]) / area
        inside = (q >= 0.0) & (r >= 0.0) & (q + r <= 1.0)
        z = a[:, 2] + q * u[:, 2] + r * v[:, 2]
        which.append(i[inside] + start)
        offset.append(z[inside] - p[i[inside], 2])
    return np.concatenate(which), np.concatenate(offset)


@pytest.mark.parametrize("name", [*MADE, *MAPS])
def test_every_lane_is_there_at_the_height_of_the_map(name: str) -> None:
    ground, center = built(name)
    points = lane_points(network(name), center)
    assert len(points) > 40
    which, offset = hits_below(ground, {"road"}, points)
    nearest = np.full(len(points), np.inf)
    np.minimum.at(nearest, which, np.abs(offset))
    assert np.isfinite(nearest).all(), points[~np.isfinite(nearest)][:5]
    if name in MADE or MAPS[name][2]:
        assert nearest.max() < 0.002
    else:  # roads disagree by up to 0.4 m: where the middles of two lanes cross the surface cannot meet both
        _meets_all_but_the_contested(ground, network(name), points)


def _meets_all_but_the_contested(ground: RoadSurface, roads: RoadNetwork, points: np.ndarray) -> None:
    """The topmost road below a point is within 2 mm of it, or the middle of another lane contests its height.

    That is: another lane for traffic passes within 8 mm in plan at a height that differs by more than 4 mm, so that
    no surface can lie within 2 mm of either.
    """
    which, offset = hits_below(ground, {"road"}, points)
    top = np.full(len(points), -np.inf)
    below = offset < 1.0  # not a bridge above
    np.maximum.at(top, which[below], offset[below])
    assert np.isfinite(top).all(), points[~np.isfinite(top)][:5]
    assert np.abs(top).max() < 0.05
    missed = points[np.abs(top) > 0.002]
    middles = [
        middle
        for road in (roads.roads.values() if len(missed) else ())
        for k, section in enumerate(road.sections)
        for middle in _middles(road, k, section, missed)
    ]
    for point in missed:
        contested = False
        for middle in middles:
            a, step = middle[:-1], np.diff(middle, axis=0)
            run = np.maximum(np.einsum("ij,ij->i", step[:, :2], step[:, :2]), 1e-12)
            part = np.clip(np.einsum("ij,ij->i", point[:2] - a[:, :2], step[:, :2]) / run, 0.0, 1.0)
            gap = np.abs(a + part[:, None] * step - point)
            near = np.hypot(gap[:, 0], gap[:, 1]) < 0.008
            contested |= bool((near & (gap[:, 2] > 0.004) & (gap[:, 2] < 1.5)).any())
        assert contested, point


def _middles(road: Road, k: int, section: LaneSection, missed: np.ndarray) -> list[np.ndarray]:
    """Middles (N, 3) of the lanes for traffic of a section that pass within 3 m of any point, a point every 5 cm."""
    s = np.linspace(section.s0, section.s1, max(int(section.length), 1) + 1)
    coarse = np.stack(road.reference(s)[:2], axis=1)
    if np.linalg.norm(coarse[:, None] - missed[None, :, :2], axis=2).min() > 30.0:
        return []
    s = np.linspace(section.s0, section.s1, max(int(section.length / 0.05), 1) + 1)
    t = road.boundaries(k, s)
    lanes = [lane for lane in section.lanes if lane.id]
    found = [road.point(s, 0.5 * (t[i] + t[i + 1]), 0.0) for i, lane in enumerate(lanes) if is_driving(lane)]
    return [each for each in found if np.linalg.norm(each[:, None] - missed[None], axis=2).min() < 3.0]


@needs_material
@pytest.mark.parametrize(
    ("file", "center"),
    [
        ("carla_towns/OpenDrive/Town03.xodr", (152.0, 67.0)),
        ("carla_towns/OpenDrive/Town03.xodr", (-88.0, 139.0)),
        ("carla_towns/OpenDrive/Town04.xodr", (74.0, -22.0)),
        ("carla_towns/OpenDrive/Town04.xodr", (314.0, 169.0)),
        ("carla_towns/OpenDrive/Town05.xodr", (-48.0, -90.0)),
        ("maliput_malidrive/resources/onramp.xodr", (-333.0, 464.0)),
        ("maliput_malidrive/resources/onramp.xodr", (249.0, -50.0)),
        ("libopendrive/tests/test.xodr", (-101.0, -55.0)),
    ],
)
def test_where_maps_disagree_each_lane_keeps_its_height(file: str, center: tuple[float, float]) -> None:
    """The junctions with most crossings at unequal heights, a point every metre."""
    roads = _map(file)
    ground = surface(roads, np.array([*np.round(center), 0.0]), center, 45.0, style=STYLE)
    points = lane_points(roads, np.array(center), step_m=1.0, radius_m=40.0)
    assert len(points) > 200
    _meets_all_but_the_contested(ground, roads, points)


@pytest.mark.parametrize("name", [*MADE, *MAPS])
def test_nothing_stands_or_grows_in_a_lane(name: str) -> None:
    """No kerb, pavement or land between a lane and 4 m above it, and no land less than 5 cm below it."""
    ground, center = built(name)
    points = lane_points(network(name), center)
    slack = 0.0 if name in MADE or MAPS[name][2] else 0.3
    which, offset = hits_below(ground, {"kerb", "sidewalk", "terrain"}, points)
    blocked = (offset > 0.002) & (offset < 4.0)
    assert not blocked.any(), points[which[blocked]][:5]
    points = lane_points(network(name), center, ends=False)
    which, offset = hits_below(ground, {"terrain"}, points)
    assert not ((offset > slack - 0.05) & (offset < 4.0)).any()


@pytest.mark.parametrize("name", [*MADE, "Town03", "onramp"])
def test_heights_and_clearances_are_those_of_the_meshes(name: str) -> None:
    ground, center = built(name)
    rng = np.random.default_rng(5)
    points = np.column_stack([rng.uniform(-45.0, 45.0, (300, 2)) + center, np.zeros(300)])
    which, offset = hits_below(ground, {"road", "kerb", "sidewalk", "terrain"}, points)
    top = np.full(len(points), -np.inf)
    np.maximum.at(top, which, offset)
    np.testing.assert_allclose(ground.height(points[:, :2]), top, atol=2e-3)
    free = ground.clearance(points[:, :2])
    on_road, _ = hits_below(ground, {"road", "sidewalk"}, points)
    assert free[np.unique(on_road)].max(initial=0.0) < 0.1
    assert (free >= 0.0).all()


def test_clearance_is_the_distance_from_the_edge_of_a_straight_road() -> None:
    ground = surface(procedural.straight(120.0, sidewalks=True), (0, 0, 0), (60, 0), 100.0, style=STYLE)
    section = procedural.straight(120.0, sidewalks=True).roads["0"]
    edge = section.boundaries(0, [60.0])[0, 0]
    np.testing.assert_allclose(ground.clearance([[60.0, edge + 5.0], [60.0, edge - 0.5]]), [5.0, 0.0], atol=1e-6)


def _made_of(ground: RoadSurface, *names: str) -> np.ndarray:
    """Triangles (T, 3, 3) of all materials of these names."""
    return np.concatenate(
        [
            mesh.vertices[mesh.faces[np.isin(mesh.slots, [k for k, x in enumerate(materials) if x.name in names])]]
            for mesh, materials, _ in ground.meshes
        ]
    ).astype(np.float64)


def _area(c: np.ndarray) -> float:
    u, v = c[:, 1, :2] - c[:, 0, :2], c[:, 2, :2] - c[:, 0, :2]
    return float(np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).sum() / 2)


def _plan_area(ground: RoadSurface, classes: set[str]) -> float:
    """Of the ground, without the gutters that are laid on it."""
    corners = [mesh.vertices[mesh.faces].astype(np.float64) for mesh, _, name in ground.meshes if name in classes]
    return _area(np.concatenate(corners)) - ("road" in classes) * _area(_made_of(ground, "channel", "gully"))


def test_gutters_lie_along_kerbs_and_have_gullies() -> None:
    """A channel of 0.3 m at the foot of either kerb of a street, a grating every 28 m; none where there is no kerb."""
    roads = procedural.straight(120.0, sidewalks=True)
    ground = surface(roads, (0, 0, 0), (60, 0), 100.0, style=STYLE)
    channel, gully = _made_of(ground, "channel"), _made_of(ground, "gully")
    assert _area(channel) == pytest.approx(2 * 120.0 * 0.30, rel=1e-3)
    section = roads.roads["0"].sections[0]
    kerb = roads.roads["0"].boundaries(0, [60.0])[[lane.type for lane in section.lanes if lane.id].index("curb") + 1, 0]
    assert kerb > 2.0
    beside = np.abs(channel[..., 1])
    assert (beside.min(), beside.max()) == pytest.approx((kerb - 0.30, kerb), abs=1e-4)
    assert 0.0 < channel[..., 2].min() <= channel[..., 2].max() < 0.002
    assert _area(gully) == pytest.approx(8 * 0.5 * 0.3, rel=1e-3)
    middles = np.unique(gully.mean(axis=1)[gully[:, 0, 1] > 0.0, 0].round(0))
    assert set(middles.tolist()) == {14.0, 42.0, 70.0, 98.0}
    country = surface(procedural.hill(200.0, 8.0), (0, 0, 0), (60, 0), 100.0, style=STYLE)
    assert len(_made_of(country, "channel", "gully")) == 0


@pytest.mark.parametrize("name", ["x_junction", "town", "Town03", "fabriksgatan"])
def test_gutters_stay_at_kerbs_in_junctions(name: str) -> None:
    """No channel lies farther from a kerb than its width, nor on anything but the paved ground."""
    ground, _ = built(name)
    channel = _made_of(ground, "channel", "gully").reshape(-1, 3)
    kerb = _made_of(ground, "kerb")
    edges = shapely.linestrings(kerb[:, [0, 1, 2, 0], :2])
    stones = shapely.union_all(edges[np.ptp(kerb[..., :2], axis=(1, 2)) > 0.01])
    assert shapely.distance(shapely.points(channel[:, :2]), stones).max() < 0.30 / np.cos(np.radians(60.0)) + 0.01
    which, _ = hits_below(ground, {"road"}, channel + ground.origin)
    assert set(which.tolist()) == set(range(len(channel)))


@pytest.mark.parametrize("radius_m", [None, 60.0])
def test_area_of_the_road_is_that_of_a_rectangle_or_a_ring(radius_m: float | None) -> None:
    """Lanes, pavements and kerbs of a straight town street, and of a circular one, cover their width once."""
    if radius_m is None:
        roads = procedural.straight(100.0, sidewalks=True)
    else:
        from simulator.roads.layout import Plan
        from simulator.roads.procedural import _single
        from simulator.roads.street import Street

        roads = _single("arc", Plan().bend(radius_m, 1.5, 0.0), Street(3.5).cross_section(90.0), "town", 50.0)
    (road,) = roads.roads.values()
    edges = road.boundaries(0, [1.0])[:, 0]
    ground = surface(roads, (0, 0, 0), roads.bounds.mean(axis=0), 150.0, style=STYLE)
    width = edges[0] - edges[-1]
    expected = road.length * width
    if radius_m is not None:
        outer, inner = radius_m - edges[-1], radius_m - edges[0]
        expected = 0.5 * road.length / radius_m * (outer**2 - inner**2)
    paved = edges[np.argmax([lane.type == "driving" for lane in road.sections[0].lanes])]
    flaps = 2 * 0.05 * 2 * abs(paved)  # the ends reach 5 cm below what might follow
    assert _plan_area(ground, {"road", "kerb", "sidewalk"}) - flaps == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("name", ["x_junction", "town", "Town01", "fabriksgatan"])
def test_junctions_have_no_holes(name: str) -> None:
    """Between the lanes of a junction there is asphalt: no land within the hull of two crossing lanes."""
    ground, center = built(name)
    roads = network(name)
    rng = np.random.default_rng(3)
    looked_at = 0
    for junction in roads.junctions.values():
        inside = [road for road in roads.roads.values() if road.junction == junction.id]
        middles = np.array([np.concatenate(road.reference([0.5 * road.length])[:2]) for road in inside])
        middle = middles.mean(axis=0)
        if np.hypot(*(middle - center)) > 0.5 * RADIUS_M:
            continue
        points = np.column_stack([middle + rng.uniform(-4.0, 4.0, (200, 2)), np.zeros(200)])
        which, _ = hits_below(ground, {"road"}, points)
        assert len(np.unique(which)) == len(points)
        looked_at += 1
    assert looked_at > 0


def test_meshes_are_ready_for_a_scene() -> None:
    ground, _ = built("town")
    names = [name for _, _, name in ground.meshes]
    assert {"road", "kerb", "sidewalk", "terrain", "road_marking"} <= set(names)
    for mesh, materials, name in ground.meshes:
        class_id(name)
        assert np.isfinite(mesh.vertices).all() and np.isfinite(mesh.uv).all()
        assert mesh.slots.min() >= 0 and mesh.slots.max() < len(materials)
        assert mesh.faces.max() < len(mesh.vertices)
        up = np.cross(
            mesh.vertices[mesh.faces[:, 1]] - mesh.vertices[mesh.faces[:, 0]],
            mesh.vertices[mesh.faces[:, 2]] - mesh.vertices[mesh.faces[:, 0]],
        )[:, 2]
        if name in ("road", "road_marking"):
            assert (up > -1e-4).all()


@pytest.mark.parametrize("name", ["gravel", "straight"])
def test_lanes_without_pavement_are_of_gravel(name: str) -> None:
    mesh, materials, _ = next(part for part in built(name)[0].meshes if part[2] == "road")
    used = {materials[slot].name for slot in np.unique(mesh.slots)}
    assert used == {"gravel road"} if name == "gravel" else "gravel road" not in used


def test_equal_seeds_give_equal_ground_and_the_origin_does_not_matter() -> None:
    roads = procedural.t_junction(50.0)
    one, two = (surface(roads, (0, 0, 0), (0, 0), 60.0, seed=4) for _ in range(2))
    moved = surface(roads, (1000.0, -500.0, 20.0), (0, 0), 60.0, seed=4)
    for (a, _, _), (b, _, _) in zip(one.meshes, two.meshes):
        np.testing.assert_array_equal(a.vertices, b.vertices)
    for classes in ({"road"}, {"road_marking"}, {"kerb", "sidewalk"}):
        assert _plan_area(one, classes) == pytest.approx(_plan_area(moved, classes), rel=1e-4)
    points = np.random.default_rng(1).uniform(-50, 50, (200, 2))
    points = points[one.clearance(points) == 0.0]
    np.testing.assert_allclose(one.height(points), moved.height(points), atol=1e-3)


def test_a_place_without_roads_has_land() -> None:
    ground = surface(procedural.straight(50.0), (0, 0, 0), (5000.0, 0.0), 60.0)
    assert {name for _, _, name in ground.meshes} == {"terrain", "vegetation"}  # and woods on its hills
    assert np.isinf(ground.clearance([[5000.0, 0.0]])).all()


def test_the_land_reaches_the_horizon_without_a_gap() -> None:
    ground, center = built("straight")
    assert [name for _, _, name in ground.meshes[-3:]] == ["terrain", "terrain", "vegetation"]
    land = [mesh for mesh, _, _ in ground.meshes[-3:]]  # near, far, and woods among that
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in land)])
    # Every edge of the land but the outermost is shared by two triangles.
    points = np.round(np.concatenate([mesh.vertices for mesh in land]).astype(np.float64), 3)
    assert (np.abs(points[:, :2]).max(axis=0) > 5000.0).all()
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(land, starts)])
    _, same = np.unique(points, axis=0, return_inverse=True)
    edges = np.sort(same.ravel()[faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)], axis=1)
    _, first, count = np.unique(edges, axis=0, return_index=True, return_counts=True)
    lonely = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)[first[count == 1]]
    assert (np.abs(points[lonely.ravel(), :2]).max(axis=1) > 5000.0).all()
    rng = np.random.default_rng(2)
    xy = center + rng.uniform(-4000.0, 4000.0, (200, 2))
    assert (np.abs(ground.height(xy)) < 350.0).all()


CROSSING = """<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="6"/>
<road name="" length="80" id="1" junction="-1"><planView><geometry s="0" x="-40" y="0" hdg="0" length="80"><line/>
</geometry></planView>{lanes}</road>
<road name="" length="80" id="2" junction="-1"><planView><geometry s="0" x="0" y="-40" hdg="1.5707963267948966"
 length="80"><line/></geometry></planView><elevationProfile><elevation s="0" a="{z}" b="0" c="0" d="0"/>
</elevationProfile>{lanes}</road></OpenDRIVE>"""
LANES = """<lanes><laneSection s="0"><center><lane id="0" type="none"/></center><right>
<lane id="-1" type="driving"><width sOffset="0" a="4" b="0" c="0" d="0"/></lane>
<lane id="-2" type="sidewalk"><width sOffset="0" a="2" b="0" c="0" d="0"/></lane></right></laneSection></lanes>"""


@pytest.mark.parametrize("z", [0.1, 6.0])
def test_roads_that_cross_share_a_height_or_pass_over_each_other(tmp_path: Path, z: float) -> None:
    path = tmp_path / "crossing.xodr"
    path.write_text(CROSSING.format(z=z, lanes=LANES))
    ground = surface(read_opendrive(path), (0, 0, 0), (0, 0), 60.0, style=STYLE)
    middle = np.array([[2.0, -2.0, 0.0]])
    _, heights = hits_below(ground, {"road"}, middle)
    if z < 1.0:  # a careless map: one surface between the two where the middles of their lanes cross
        assert np.ptp(heights) < 0.05
        assert 0.02 < heights.mean() < 0.08
        away = np.concatenate([np.arange(-30.0, -0.4, 0.2), np.arange(0.4, 30.0, 0.2)])
        rest = np.full_like(away, 2.0)
        for points in (
            np.column_stack([away + 2.0, -rest, 0.0 * away]),  # along the lane of either
            np.column_stack([rest, away - 2.0, z + 0.0 * away]),
        ):
            which, heights = hits_below(ground, {"road"}, points)
            assert set(which.tolist()) == set(range(len(points)))
            assert np.abs(heights).max() < 0.002
    else:  # a bridge: both surfaces, and room to drive below
        assert heights.min() == pytest.approx(0.0, abs=0.005)
        assert heights.max() == pytest.approx(z, abs=0.005)
        assert not ((heights > 0.01) & (heights < 4.5)).any()
    # The pavement of one road does not run across the lane of the other, unless it is on the bridge.
    _, kerbs = hits_below(ground, {"kerb", "sidewalk"}, np.array([[2.0, -5.0, 0.0], [5.0, -2.0, 0.0]]))
    assert len(kerbs) == 0 if z < 1.0 else {0, 6} == set(np.round(kerbs - 0.12).tolist())


def test_lane_sections_that_meet_by_chance_stay_at_their_heights(tmp_path: Path) -> None:
    """The middles of two crossing lanes keep the heights of their roads up to 6 cm from where they cross."""
    path, z = tmp_path / "crossing.xodr", 0.01
    start, end = LANES.split("<laneSection", 1)[0], "</lanes>"
    section = LANES[len(start) : -len(end)]
    # Both roads have a corner of two sections at (0, -4).
    one, two = (start + section + section.replace('s="0"', f's="{s}"', 1) + end for s in (40, 36))
    text = CROSSING.replace("{lanes}", one, 1).replace("{lanes}", two, 1)
    path.write_text(text.format(z=z))
    ground = surface(read_opendrive(path), (0, 0, 0), (0, 0), 60.0, style=STYLE)
    away = np.concatenate([np.arange(-8.0, -0.05, 0.02), np.arange(0.06, 8.0, 0.02)])
    rest = np.full_like(away, 2.0)
    for points in (
        np.column_stack([away + 2.0, -rest, 0.0 * away]),
        np.column_stack([rest, away - 2.0, z + 0.0 * away]),
    ):
        which, heights = hits_below(ground, {"road"}, points)
        top = np.full(len(points), -np.inf)
        np.maximum.at(top, which, heights)
        assert np.abs(top).max() < 0.002


@pytest.mark.parametrize(("kind", "height"), [("tram", 0.004), ("rail", 0.172)])
def test_tracks_have_rails_of_standard_gauge(tmp_path: Path, kind: str, height: float) -> None:
    lanes = LANES.replace('type="driving"', f'type="{kind}"')
    (tmp_path / "track.xodr").write_text(CROSSING.format(z=20.0, lanes=lanes))
    ground = surface(read_opendrive(tmp_path / "track.xodr"), (0, 0, 0), (0, 0), 60.0, style=STYLE)
    (mesh,) = [mesh for mesh, materials, _ in ground.meshes if any(x.name == "rail" for x in materials)]
    (slot,) = {k for _, materials, _ in ground.meshes for k, x in enumerate(materials) if x.name == "rail"}
    corners = mesh.vertices[mesh.faces[mesh.slots == slot]].reshape(-1, 3)
    lower = corners[corners[:, 2] < 10.0]
    assert (lower[:, 0].min(), lower[:, 0].max(), lower[:, 2].max()) == pytest.approx((-40, 40, height), abs=1e-5)
    y = np.unique(lower[:, 1].round(5)) + 2.0  # from the middle of the lane
    half = 1.435 / 2
    np.testing.assert_allclose(y, [-half - 0.072, -half, half, half + 0.072], atol=1e-4)


def test_rails_are_flush_where_a_road_crosses_them(tmp_path: Path) -> None:
    """They come down within 1.5 m of its lane, lie on its asphalt there, and stand free farther away."""
    rail = LANES.replace('type="driving"', 'type="rail"').replace('type="sidewalk"', 'type="none"')
    road = LANES.replace('type="sidewalk"', 'type="none"')
    text = CROSSING.replace("{lanes}", rail, 1).replace("{lanes}", road, 1)
    (tmp_path / "crossing.xodr").write_text(text.format(z=0.0))
    ground = surface(read_opendrive(tmp_path / "crossing.xodr"), (0, 0, 0), (0, 0), 60.0, style=STYLE)
    (slot,) = {k for _, materials, _ in ground.meshes for k, x in enumerate(materials) if x.name == "rail"}
    (mesh,) = [mesh for mesh, materials, _ in ground.meshes if any(x.name == "rail" for x in materials)]
    corners = mesh.vertices[mesh.faces[mesh.slots == slot]].reshape(-1, 3)
    away = np.maximum(np.abs(corners[:, 0] - 2.0) - 2.0, 0.0)  # from the lane between x = 0 and x = 4
    highest = 0.004 + 0.168 * np.minimum(away / 1.5, 1.0)
    np.testing.assert_allclose(corners[:, 2].max(), 0.172, atol=1e-5)
    assert (corners[:, 2] < highest + 1e-5).all()
    assert np.abs(corners[np.abs(corners[:, 0] - 2.0) < 1.9, 2] - 0.004).max() < 1e-5


LATERAL = {
    "parabola": '<shape s="0" t="-6" a="-0.3" b="0.1" c="-0.0083" d="0"/>',
    "ridge": "".join(
        f'<shape s="{s}" t="{t}" a="{a}" b="{b}" c="0" d="0"/>'
        for s in (0, 60) for t, a, b in ((-6, -0.1 - 0.002 * s, 0.03), (-1.7, 0.029 - 0.002 * s, -0.02))
    ),
    "banked": '<superelevation s="0" a="0.12" b="0" c="0" d="0"/><shape s="0" t="0" a="0" b="0.02" c="-0.006" d="0"/>',
    "strips": '<crossSectionSurface><surfaceStrips><strip id="1"><width><coefficients a="1" b="0.02"/></width><linear>'
    '<coefficients a="0.01"/></linear></strip><strip id="2" mode="relative"><linear><coefficients a="-0.04"/></linear>'
    '</strip><strip id="-1"><quadratic><coefficients a="-0.004"/></quadratic></strip></surfaceStrips>'
    "</crossSectionSurface>",
}  # fmt: skip


@pytest.mark.parametrize("name", LATERAL)
def test_lanes_that_are_not_straight_across_are_meshed_as_they_are(tmp_path: Path, name: str) -> None:
    text = CROSSING.format(z=20.0, lanes=LANES.replace('a="4"', 'a="5.5"'))
    profile = '<elevationProfile><elevation s="0" a="0" b="0.05" c="0" d="0"/></elevationProfile>'
    text = text.replace("<lanes>", f"{profile}<lateralProfile>{LATERAL[name]}</lateralProfile><lanes>", 1)
    (tmp_path / "across.xodr").write_text(text)
    roads = read_opendrive(tmp_path / "across.xodr")
    ground = surface(roads, (0, 0, 0), (0, 0), 60.0, style=STYLE)
    rng = np.random.default_rng(1)
    s, t = rng.uniform(1.0, 79.0, 400), rng.uniform(-5.4, -0.05, 400)
    points = roads.roads["1"].point(s, t)
    which, offset = hits_below(ground, {"road"}, points)
    nearest = np.full(len(points), np.inf)
    np.minimum.at(nearest, which, np.abs(offset))
    assert nearest.max() < 0.001


def test_a_connecting_road_with_a_gap_is_no_obstacle(tmp_path: Path) -> None:
    """Where a piece of a curve is lost, the parts of a junction touch each other in lines as well."""
    write_opendrive(procedural.x_junction(30.0), tmp_path / "cross.xodr")
    root = etree.parse(tmp_path / "cross.xodr")
    broken = 0
    for element in root.iter("geometry"):
        length = element.get("length")
        if float(length) > 5.0 and broken < 12:
            broken += 1
            element.set("length", "0")
            root.write(tmp_path / "gap.xodr")
            element.set("length", length)
            roads = read_opendrive(tmp_path / "gap.xodr")
            ground = surface(roads, (0, 0, 0), (0, 0), 60.0, style=STYLE)
            assert all(np.isfinite(mesh.vertices).all() for mesh, _, _ in ground.meshes)
    assert broken == 12


@pytest.mark.parametrize(
    ("elevation", "superelevation"),
    [
        ('<elevation s="0" a="0" b="0.1" c="0" d="0"/><elevation s="50" a="5" b="0" c="0" d="0"/>', 'a="0.4" b="0"'),
        ('<elevation s="0" a="0" b="0" c="0" d="0"/>', 'a="0" b="-0.024"'),
    ],
)
def test_leaning_roads_keep_their_height(tmp_path: Path, elevation: str, superelevation: str) -> None:
    """One that ends with a kink, where its cross-section jumps back; and one that leans over by 69 degrees."""
    (tmp_path / "leaning.xodr").write_text(
        f"""<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="8"/>
<road name="" length="50" id="1" junction="-1"><planView><geometry s="0" x="0" y="0" hdg="0" length="50"><line/>
</geometry></planView><elevationProfile>{elevation}</elevationProfile><lateralProfile>
<superelevation s="0" {superelevation} c="0" d="0"/></lateralProfile>{LANES.replace('a="4"', 'a="12"')}
</road></OpenDRIVE>"""
    )
    roads = read_opendrive(tmp_path / "leaning.xodr")
    ground = surface(roads, (0, 0, 0), (20, 0), 60.0, style=STYLE)
    points = lane_points(roads, np.array([20.0, 0.0]))
    which, offset = hits_below(ground, {"road"}, points)
    nearest = np.full(len(points), np.inf)
    np.minimum.at(nearest, which, np.abs(offset))
    assert nearest.max() < 0.002


def test_a_junction_goes_on_where_outlines_touch_in_lines() -> None:
    """GEOS raises on collections of areas and lines."""
    mixed = shapely.GeometryCollection([shapely.box(0, 0, 2, 2), shapely.LineString([(2, 0), (5, 0)])])
    assert areas_of(mixed).equals(shapely.box(0, 0, 2, 2))
    assert areas_of(shapely.box(0, 0, 1, 1)).equals(shapely.box(0, 0, 1, 1))


def test_triangles_are_cut_where_a_surface_bends() -> None:
    """A ridge: no triangle leaves it far, all cover the square once, and no corner lies on another one's edge."""
    square = np.array([[[0.0, 0.0], [2.0, 0.0], [2.0, 2.0]], [[0.0, 0.0], [2.0, 2.0], [0.0, 2.0]]])

    def ridge(xy: np.ndarray) -> np.ndarray:
        return 0.05 / (1.0 + ((xy[:, 0] - 0.7) / 0.3) ** 2)

    points, z, faces = refined(square, ridge, 0.004, 0.1)
    corners = points[faces]
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    assert (area > 0.0).all() and area.sum() == pytest.approx(8.0)
    np.testing.assert_allclose(z, ridge(points))
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    a, b = points[edges[:, 0]], points[edges[:, 1]]
    off = np.abs(ridge(0.5 * (a + b)) - 0.5 * (z[edges[:, 0]] + z[edges[:, 1]]))
    assert off[np.linalg.norm(a - b, axis=1) > 0.13].max() < 0.004
    key, count = np.unique(edges, axis=0, return_counts=True)
    lonely = points[key[count == 1]]  # only those on the rim have one triangle
    assert (np.isin(lonely[:, 0], (0.0, 2.0)) & (lonely[:, 0] == lonely[:, 1])).any(axis=1).all()
