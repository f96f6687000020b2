"""Walkways and crossings of networks: on the pavements, joined up, off the carriageway; crossings where they are."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from material import MATERIAL, needs_material
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from test_roads_procedural import MAKERS

from simulator.errors import OddRoadError
from simulator.roads import RoadNetwork, procedural, read_opendrive
from simulator.traffic.crossings import lights_at, walkway_map
from simulator.traffic.walkways import Kind, WalkwayMap, clusters, components, roadsides

TOWNS = MATERIAL / "openx/carla_towns/OpenDrive"


def _components(walkways: WalkwayMap) -> np.ndarray:
    """Metres of ways in each connected part, longest first."""
    rows = walkways.arrays.ways
    size = len(walkways.arrays.nodes)
    joined = coo_matrix((np.ones(len(rows)), (rows["start"], rows["end"])), (size, size))
    label = connected_components(joined, directed=False)[1][rows["start"]]
    return np.sort(np.bincount(label, rows["length"]))[::-1]


def _check(network: RoadNetwork, walkways: WalkwayMap) -> None:
    ways, points, nodes, ends, crossings = walkways.arrays
    assert ways["points"].sum() == len(points)
    assert nodes["ends"].sum() == len(ends) == 2 * len(ways)
    assert (ways["points"] >= 2).all()
    assert (points["half_width"] > 0.0).all()
    inner = points["step"] > 0.0
    assert np.allclose(np.hypot(points["ux"], points["uy"])[inner], 1.0)
    assert inner.sum() == len(points) - len(ways)
    for number, node in enumerate(nodes):  # ends of ways meet exactly
        at = []
        for end in ends[node["first"] : node["first"] + node["ends"]]:
            way = ways[end // 2]
            assert way["end" if end % 2 else "start"] == number
            at.append(points[way["first"] + (way["points"] - 1 if end % 2 else 0)][["x", "y", "z"]].item())
        assert np.ptp(np.array(at), axis=0).max() < 1e-9
    assert len(crossings) == len(walkways.crossings)
    for row, crossing in zip(crossings, walkways.crossings):
        assert ways["kind"][row["way"]] == Kind.CROSSING
        assert crossing.lanes
        assert all(network.roads[key.road].sections[key.section].lane(key.lane) for key, _, _ in crossing.lanes)
        assert all(low <= high for _, low, high in crossing.lanes)
    on_foot = points[ways["kind"][points["way"]] != Kind.CROSSING]
    spots = shapely.points(np.stack([on_foot["x"], on_foot["y"]], axis=1))
    if len(spots):
        assert not roadsides(network, walkways.origin).carriageway.touches(spots, on_foot["z"]).any()


@pytest.mark.parametrize("name", MAKERS)
def test_every_procedural_network_has_walkways_off_the_carriageway(name: str) -> None:
    network = MAKERS[name]()
    walkways = walkway_map(network)
    _check(network, walkways)
    motorways = all(kind.type == "motorway" for road in network.roads.values() for kind in road.types)
    assert (len(walkways.arrays.ways) == 0) == motorways


@needs_material
def test_every_map_has_walkways_or_none() -> None:
    count = 0
    for path in sorted((MATERIAL / "openx").rglob("*.xodr")):
        if "asam" in path.parts or path.stat().st_size > 200_000:
            continue
        try:
            network = read_opendrive(path)
        except OddRoadError:
            continue
        _check(network, walkway_map(network))
        count += 1
    assert count >= 29


@needs_material
@pytest.mark.parametrize("town", ["Town03"])
def test_the_pavements_of_a_large_town_are_joined_by_crossings(town: str) -> None:
    network = read_opendrive(TOWNS / f"{town}.xodr")
    walkways = walkway_map(network)
    _check(network, walkways)
    rows = walkways.arrays.ways
    # As many metres of pavement as the map has lanes for walking, less what others drive over.
    lanes = sum(
        section.length
        for road in network.roads.values()
        for section in road.sections
        for side in (1, -1)
        for runs in [[lane.type == "sidewalk" for lane in section.lanes if lane.id * side > 0]]
        for _ in range(sum(now and not before for before, now in zip([False, *runs], runs)))
    )
    paved = rows["length"][rows["kind"] == Kind.PAVEMENT].sum()
    assert 0.9 * lanes < paved < 1.15 * lanes
    assert (rows["kind"] == Kind.CROSSING).sum() > 60
    assert not any(crossing.marked for crossing in walkways.crossings)  # these maps have no crosswalk objects
    assert _components(walkways)[0] > 0.7 * rows["length"].sum()


def test_all_pavements_of_the_procedural_town_are_one() -> None:
    walkways = walkway_map(procedural.town())
    assert len(_components(walkways)) == 1
    assert np.bincount(walkways.arrays.nodes["ends"])[1] == 0  # no dead ends


@pytest.mark.parametrize("lights", [False, True])
def test_crossings_lie_where_the_zebras_are_over_the_lanes_there(lights: bool) -> None:
    network = procedural.x_junction(traffic_lights=lights)
    walkways = walkway_map(network)
    assert len(walkways.crossings) == 4
    zebras = {
        road.id: next(o for o in road.objects if o.type == "crosswalk")
        for road in network.roads.values()
        if any(o.type == "crosswalk" for o in road.objects)
    }
    for crossing in walkways.crossings:
        (road,) = {key.road for key, _, _ in crossing.lanes}
        assert crossing.marked == (road in zebras)
        assert [key.lane for key, _, _ in crossing.lanes] == [-1, 1]
        length = network.roads[road].length
        for _, low, high in crossing.lanes:
            assert high - low == pytest.approx(3.0, abs=0.05)
            if crossing.marked:  # metres before the junction, as junctions are built
                assert (length - low, length - high) == pytest.approx((4.5, 1.5), abs=0.05)
        ends = crossing.ends + walkways.origin
        middle = network.locate(ends.mean(axis=0)[None, :2])
        assert list(network.roads)[int(middle.road[0])] == road
        off = network.locate(ends[:, :2])
        assert {network.roads[road].sections[0].lane(int(lane)).type for lane in off.lane} <= {"curb", "sidewalk"}
        assert len(crossing.signals) == int(lights)
        if lights:
            own = network.roads[road].signals
            assert crossing.signals == tuple(signal.id for signal in own if signal.dynamic)


@needs_material
def test_crosswalk_objects_of_a_map_are_found_however_they_are_given() -> None:
    # Corners on the road (s 7 to 12, askew), a line to paint along (s 79, 5 m wide), corners in a turned frame.
    network = read_opendrive(MATERIAL / "openx/esmini/resources/xodr/parking_demo.xodr")
    marked = [crossing for crossing in walkway_map(network).crossings if crossing.marked]
    spans = sorted(
        (min(low for _, low, _ in crossing.lanes), max(high for _, _, high in crossing.lanes)) for crossing in marked
    )
    assert np.allclose(spans, [(7.0, 12.0), (76.5, 81.5), (150.0, 154.0)], atol=0.6)


def test_streets_know_the_other_side() -> None:
    network = procedural.straight(100.0, sidewalks=True)
    points = walkway_map(network).arrays.points
    over = points["over"]
    assert (over >= 0).all()
    assert (points["way"][over] != points["way"]).all()
    assert np.allclose(points["x"][over], points["x"])
    assert np.allclose(points["y"][over], -points["y"])
    far = walkway_map(procedural.straight(100.0, lanes=2, lane_width_m=3.75, speed_kmh=80.0)).arrays.points
    assert (far["over"] >= 0).all()  # verges, 16 m apart


def test_another_origin_moves_everything() -> None:
    network = procedural.t_junction()
    here, there = walkway_map(network), walkway_map(network, np.array([100.0, -50.0, 2.0]))
    shift = here.origin - there.origin
    for axis, move in zip("xyz", shift):
        assert np.allclose(there.arrays.points[axis] - here.arrays.points[axis], move)
    assert np.allclose(there.crossings[0].ends - here.crossings[0].ends, shift)


def test_crossings_lie_on_their_lanes_between_the_stations_that_they_name() -> None:
    network = procedural.town()
    walkways = walkway_map(network)
    assert sum(len(crossing.lanes) for crossing in walkways.crossings) == 80  # 40 crossings of two lanes
    for crossing in walkways.crossings:
        a, b = (crossing.ends + walkways.origin)[:, :2]
        ahead = (b - a) / np.linalg.norm(b - a)
        for key, low, high in crossing.lanes:
            x, y, _, _ = network.lane_center(key.road, key.lane, np.array([low, high]))
            off = np.stack([x, y], axis=1) - a
            aside = off @ [-ahead[1], ahead[0]]
            # In a bend the edges of a lane come to it earlier than its middle.
            assert (np.abs(aside) > 0.5 * crossing.width - 0.02).all()
            assert (np.abs(aside) < 0.5 * crossing.width + 0.4).all()
            assert aside[0] * aside[1] < 0.0
            assert ((off @ ahead > 0.0) & (off @ ahead < np.linalg.norm(b - a))).all()


def test_lights_of_crossings_are_numbered_as_asked() -> None:
    walkways = walkway_map(procedural.x_junction())
    ids = sorted({name for crossing in walkways.crossings for name in crossing.signals})
    assert len(ids) == 4
    first, which = lights_at(walkways, ids[::-1])
    for c, crossing in enumerate(walkways.crossings):
        assert [ids[::-1][k] for k in which[first[c] : first[c + 1]]] == list(crossing.signals)
    assert lights_at(walkways, [])[0].tolist() == [0] * 5


def test_connected_parts_of_graphs_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        count = int(rng.integers(1, 40))
        edges = rng.integers(0, count, (int(rng.integers(0, count)), 2))
        graph = coo_matrix((np.ones(len(edges)), edges.T), (count, count))
        assert np.array_equal(components(count, edges), connected_components(graph, directed=False)[1])


def test_groups_of_points_are_those_within_chains_of_steps() -> None:
    points = np.random.default_rng(1).uniform(0.0, 60.0, (300, 3))
    tree = cKDTree(points).query_pairs(6.0, output_type="ndarray")
    graph = coo_matrix((np.ones(len(tree)), tree.T), (300, 300))
    assert np.array_equal(clusters(points, 6.0), connected_components(graph, directed=False)[1])
