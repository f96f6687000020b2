"""Which lane follows which, paths along them, and finding the way back from points to road coordinates."""

from __future__ import annotations

from collections import deque
from pathlib import Path as FilePath
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from material import MATERIAL, needs_material

from simulator.errors import InputError
from simulator.roads import (
    DRIVABLE,
    Lane,
    LaneKey,
    LaneSection,
    Link,
    Path,
    Road,
    RoadNetwork,
    procedural,
    read_opendrive,
)
from simulator.roads.layout import Plan
from simulator.roads.polynomial import cubic

TOWN = procedural.town(2, 2, seed=3)
MOTORWAY = procedural.motorway()
CROSS = procedural.x_junction()
NETWORKS = {"town": TOWN, "motorway": MOTORWAY, "cross": CROSS, "lane": procedural.village_lane(seed=2)}


def first(ways: list[LaneKey]) -> LaneKey:
    return ways[0]


def wrapped(angle: np.ndarray) -> np.ndarray:
    return (angle + np.pi) % (2 * np.pi) - np.pi


def test_every_lane_of_a_town_can_be_reached_from_every_other() -> None:
    lanes = set(TOWN.lanes())
    start = next(iter(lanes))
    for step in (TOWN.next_lanes, TOWN.previous_lanes):
        seen, todo = {start}, deque([start])
        while todo:
            for key in step(todo.popleft()):
                if key in lanes and key not in seen:
                    seen.add(key)
                    todo.append(key)
        assert seen == lanes


def test_a_crossroads_leads_straight_on_left_and_right() -> None:
    (incoming,) = [key for key in CROSS.lanes() if key.road == "0" and CROSS.next_lanes(key)]
    ends = [CROSS.next_lanes(way) for way in CROSS.next_lanes(incoming)]
    assert sorted(end[0].road for end in ends) == ["1", "2", "3"]
    for way in CROSS.next_lanes(incoming):
        assert CROSS.previous_lanes(way) == [incoming]


def test_next_and_previous_are_inverse() -> None:
    for network in NETWORKS.values():
        for key in network.lanes({"driving", "sidewalk", "exit", "entry", "onRamp", "offRamp"}):
            assert all(key in network.previous_lanes(after) for after in network.next_lanes(key))
            assert all(key in network.next_lanes(before) for before in network.previous_lanes(key))


def test_motorway_exit_and_entry() -> None:
    lanes = MOTORWAY.lanes({"exit", "entry"})
    (leaving,) = [key for key in lanes if key.lane < 0]
    (joining,) = [key for key in lanes if key.lane > 0]
    (ramp,) = MOTORWAY.next_lanes(leaving)
    assert MOTORWAY.roads[ramp.road].junction
    assert [key.road for key in MOTORWAY.next_lanes(ramp)] == ["2"]
    (feeder,) = MOTORWAY.previous_lanes(joining)
    assert [key.road for key in MOTORWAY.previous_lanes(feeder)] == ["3"]
    assert MOTORWAY.lane_neighbours(leaving) == (LaneKey("0", 1, -5), None)


def two_roads(rule: str, contact: str) -> RoadNetwork:
    """Road "a" whose end touches the start or end of road "b"."""
    ids = (2, 1, -1, -2)

    def linked(lane_id: int) -> tuple[int, ...]:
        return (lane_id if contact == "start" else -lane_id,)

    plans = Plan().line(30.0), Plan(Plan().line(30.0).end).line(40.0)
    if contact == "end":
        plans = plans[0], Plan(plans[1].end.back()).line(40.0)
    roads = []
    for name, plan, other in (("a", plans[0], "b"), ("b", plans[1], "a")):
        at_end = name == "a" or contact == "end"
        lanes = [Lane(0, "none")]
        for i in ids:
            links = {"successors" if at_end else "predecessors": linked(i)}
            lanes.append(Lane(i, "driving", cubic(0.0, 3.0), **links))  # type: ignore[arg-type]
        section = LaneSection(0.0, plan.length, tuple(sorted(lanes, key=lambda x: -x.id)))
        link = Link("road", other, contact if name == "a" else "end")
        ends = {"successor" if at_end else "predecessor": link}
        roads.append(Road(name, plan.length, plan.geometry, (section,), rule=rule, **ends))  # type: ignore[arg-type]
    return RoadNetwork({road.id: road for road in roads})


@pytest.mark.parametrize("rule", ["RHT", "LHT"])
@pytest.mark.parametrize("contact", ["start", "end"])
def test_roads_joined_at_any_end_under_both_rules(rule: str, contact: str) -> None:
    network = two_roads(rule, contact)
    onward = -1 if rule == "RHT" else 1
    after = LaneKey("b", 0, onward if contact == "start" else -onward)
    start = LaneKey("a", 0, onward)
    assert network.next_lanes(start) == [after]
    assert network.previous_lanes(after) == [start]
    assert network.next_lanes(after) == []
    path = network.path(start, 10.0, 100.0, first)
    assert path.length == pytest.approx(60.0, abs=1e-6)
    assert path.keys == (start, after)
    side = -1.5 if rule == "RHT" else 1.5
    np.testing.assert_allclose(path.xyz[:, 1], side, atol=1e-9)
    np.testing.assert_allclose(path.heading, 0.0, atol=1e-9)
    outside = LaneKey("a", 0, 2 * onward)
    expected = (outside, None) if rule == "LHT" else (None, outside)
    assert network.lane_neighbours(start) == expected


def check_path(path: Path, gap: float = 0.01) -> None:
    steps = np.linalg.norm(np.diff(path.xyz, axis=0), axis=1)
    assert path.s[0] == 0.0
    assert (np.diff(path.s) > 0).all()
    assert np.diff(path.s).max() <= 1.0
    assert np.abs(steps - np.diff(path.s)).max() < gap
    direction = np.arctan2(*np.diff(path.xyz[:, :2], axis=0).T[::-1])
    middle = 0.5 * (path.heading[1:] + path.heading[:-1])
    assert np.abs(wrapped(direction - middle))[steps > 0.05].max(initial=0.0) < 0.03
    assert np.abs(np.diff(path.heading)).max(initial=0.0) < 0.5
    assert (path.width >= 0).all()
    assert (path.speed_limit_mps > 0).all()


@given(st.sampled_from(sorted(NETWORKS)), st.integers(0, 10_000), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_paths_are_continuous(name: str, seed: int, part: float) -> None:
    network = NETWORKS[name]
    rng = np.random.default_rng(seed)
    lanes = network.lanes({"driving", "exit", "entry", "onRamp", "offRamp"})
    start = lanes[rng.integers(len(lanes))]
    section = network.roads[start.road].sections[start.section]
    path = network.path(start, section.s0 + part * section.length, 150.0, lambda ways: ways[rng.integers(len(ways))])
    check_path(path)
    assert path.length <= 151.0
    for before, after in zip(path.keys, path.keys[1:]):
        assert after in network.next_lanes(before)
    index = path.key_index
    assert (np.diff(index) >= 0).all()
    assert index[-1] == len(path.keys) - 1
    for k in (0, len(path.s) // 2, -1):
        key = path.keys[index[k]]
        center = network.lane_center(key.road, key.lane, [path.road_s[k]])
        # At a section's end the road already has the next section's lanes.
        here = network.roads[key.road].sections[key.section]
        if here.s0 < path.road_s[k] < here.s1:
            np.testing.assert_allclose(path.xyz[k], [center[0][0], center[1][0], center[2][0]], atol=1e-9)


def test_a_path_between_its_samples() -> None:
    network = procedural.curve(60.0, 90.0, superelevation_percent=0.0)
    path = network.path(LaneKey("0", 0, -1), 0.0, 400.0, first)
    s = np.linspace(0, path.length, 4001)
    position, rpy = path.at(s)
    np.testing.assert_allclose(network.locate(position[:, :2]).t, -1.75, atol=1e-5)
    speed = np.linalg.norm(np.diff(position, axis=0), axis=1) / np.diff(s)
    assert np.abs(speed - 1).max() < 1e-3
    direction = np.arctan2(np.diff(position[:, 1]), np.diff(position[:, 0]))
    assert np.abs(wrapped(direction - rpy[1:, 2])).max() < 5e-3
    left, _ = path.at(s, 1.5)
    np.testing.assert_allclose(np.linalg.norm(left - position, axis=1), 1.5, atol=1e-9)
    assert path.at(-5.0)[0] == pytest.approx(path.xyz[:1])
    assert path.at(1e9)[0] == pytest.approx(path.xyz[-1:])
    assert np.abs(path.curvature).max() == pytest.approx(1 / 61.75, rel=0.01)


def test_a_lane_that_jumps_aside_is_bridged_smoothly() -> None:
    left = LaneSection(0.0, 50.0, (Lane(0, "none"), Lane(-1, "driving", cubic(0.0, 3.0), successors=(-2,))))
    lanes = (Lane(0, "none"), Lane(-1, "driving", cubic(0.0, 1.0)), Lane(-2, "driving", cubic(0.0, 3.0)))
    plan = Plan().line(150.0)
    network = RoadNetwork({"0": Road("0", 150.0, plan.geometry, (left, LaneSection(50.0, 150.0, lanes)))})
    path = network.path(LaneKey("0", 0, -1), 0.0, 150.0, first)
    check_path(path)
    assert path.xyz[0, 1] == -1.5
    assert path.xyz[-1, 1] == -2.5


def test_a_path_knows_whether_the_road_goes_on() -> None:
    start = next(key for key in CROSS.lanes() if CROSS.next_lanes(key))
    assert not CROSS.path(start, 0.0, 20.0, first).dead_end
    assert CROSS.path(start, 0.0, 1e4, first).dead_end


def test_paths_refuse_what_is_not_there() -> None:
    for key in (LaneKey("99", 0, -1), LaneKey("0", 7, -1), LaneKey("0", 0, -9), LaneKey("0", 0, 0)):
        with pytest.raises(InputError, match="there is no lane"):
            CROSS.path(key, 0.0, 10.0, first)
    with pytest.raises(InputError, match="positive length"):
        CROSS.path(LaneKey("0", 0, -1), 0.0, 0.0, first)


def test_unknown_roads_and_lanes_are_named() -> None:
    with pytest.raises(InputError, match='there is no road "77"'):
        CROSS.lane_center("77", -1, [0.0])
    with pytest.raises(InputError, match=r'road "0" has no lane -9; it has \[-4, -3, -2, -1, 1'):
        CROSS.lane_frame("0", -9, [0.0])


def test_a_path_at_a_dead_end_is_short_but_there() -> None:
    (last,) = [key for key in CROSS.lanes() if key.road == "0" and not CROSS.next_lanes(key)]
    path = CROSS.path(last, 0.0, 50.0, first)
    assert 0.0 < path.length < 0.1
    assert path.dead_end
    assert np.isfinite(path.at(0.005)[0]).all()


single = st.sampled_from(["curve", "hill", "lane", "banked"])
ROADS = {
    "curve": procedural.curve(80.0, -70.0),
    "hill": procedural.hill(),
    "lane": NETWORKS["lane"],
    "banked": procedural.curve(60.0, 200.0, superelevation_percent=8.0),
}


@given(single, st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_locate_finds_the_road_coordinates_of_points(name: str, seed: int) -> None:
    network = ROADS[name]
    road = network.roads["0"]
    rng = np.random.default_rng(seed)
    s = rng.uniform(0.01, road.length - 0.01, 50)
    edges = road.boundaries(0, s)
    t = edges[-1] + rng.uniform(0.001, 0.999, 50) * (edges[0] - edges[-1])
    found = network.locate(road.point(s, t)[:, :2])
    np.testing.assert_allclose(found.s, s, atol=1e-3)
    np.testing.assert_allclose(found.t, t, atol=1e-3)
    assert (found.distance < 1e-6).all()
    for k in range(5):
        inner, outer, _, _ = road.lane_edges(found.section[k : k + 1], int(found.lane[k]), s[k : k + 1])
        assert min(inner[0], outer[0]) - 1e-6 <= t[k] <= max(inner[0], outer[0]) + 1e-6


def test_locate_measures_the_distance_beside_and_beyond_the_road() -> None:
    network = procedural.straight(100.0)
    half = network.roads["0"].boundaries(0, [0.0])[0, 0]
    found = network.locate([[50.0, half + 3.0], [50.0, -half - 7.0], [-4.0, 0.0], [103.0, half + 4.0]])
    np.testing.assert_allclose(found.distance, [3.0, 7.0, 4.0, 5.0], atol=1e-9)
    assert found.lane[:2].tolist() == [3, -3]


def test_locate_tells_storeys_apart_by_height() -> None:
    below, above = procedural.straight(100.0).roads["0"], procedural.straight(100.0).roads["0"]
    from dataclasses import replace

    above = replace(above, id="1", elevation_profile=cubic(0.0, 6.0))
    network = RoadNetwork({"0": below, "1": above})
    assert network.locate([[50.0, 1.0, 6.1], [50.0, 1.0, -0.2]]).road.tolist() == [1, 0]


@needs_material
@pytest.mark.parametrize(
    "name", ["carla_towns/OpenDrive/Town01", "esmini/resources/xodr/fabriksgatan", "carla_towns/OpenDrive/Town03"]
)
def test_real_maps_can_be_driven_and_located(name: str) -> None:
    network = read_opendrive(MATERIAL / "openx" / f"{name}.xodr")
    rng = np.random.default_rng(1)
    lanes = network.lanes()
    for _ in range(12):
        start = lanes[rng.integers(len(lanes))]
        section = network.roads[start.road].sections[start.section]
        path = network.path(start, rng.uniform(section.s0, section.s1), 200.0, lambda w: w[rng.integers(len(w))])
        if path.length > 1.0:
            check_path(path)
        found = network.locate(path.xyz[::10])
        assert found.distance.max() < 1e-6
    dead_ends = [key for key in lanes if not network.next_lanes(key)]
    assert len(dead_ends) <= max(4, len(lanes) // 100)


def shortest_by_search(network: RoadNetwork, start: LaneKey, goal: LaneKey) -> float:
    """Length of the shortest way from the beginning of one lane to that of another, by Bellman and Ford's method."""
    far = float("inf")
    length = dict.fromkeys(network.lanes(DRIVABLE), far)
    length[start] = 0.0
    for _ in length:
        before = dict(length)
        for key, reached in before.items():
            if reached < far:
                for way in network.next_lanes(key):
                    length[way] = min(length.get(way, far), reached + network.lane_length(key))
                for way in network.lane_neighbours(key):
                    if way is not None:
                        length[way] = min(length[way], reached)
        if before == length:
            break
    return length[goal]


@given(st.sampled_from(sorted(NETWORKS)), st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_routes_are_the_shortest(name: str, seed: int) -> None:
    network = NETWORKS[name]
    rng = np.random.default_rng(seed)
    lanes = network.lanes(DRIVABLE)
    start, goal = (lanes[k] for k in rng.integers(len(lanes), size=2))
    route = network.route(start, goal)
    expected = shortest_by_search(network, start, goal)
    if route is None:
        assert np.isinf(expected)
        return
    assert route.length_m == pytest.approx(expected)
    assert (route.keys[0], route.keys[-1]) == (start, goal)
    changes = 0
    for before, after in zip(route.keys, route.keys[1:]):
        beside = after in network.lane_neighbours(before)
        changes += beside
        assert beside or after in network.next_lanes(before)
    assert changes == route.changes


def test_a_goal_behind_is_reached_by_going_around() -> None:
    start = TOWN.lanes()[0]
    section = TOWN.roads[start.road].sections[start.section]
    forward = TOWN.roads[start.road].drives_forward(start.lane)
    behind, ahead = (section.s0 + f * section.length for f in ((0.2, 0.7) if forward else (0.8, 0.3)))
    direct = TOWN.route(start, start, behind, ahead)
    around = TOWN.route(start, start, ahead, behind)
    assert direct is not None
    assert around is not None
    assert (direct.keys, direct.length_m) == ((start,), pytest.approx(0.5 * section.length))
    assert len(around.keys) > 3
    assert around.length_m > section.length
    same = TOWN.route(start, start)
    assert same is not None
    assert (same.keys, same.length_m, same.changes) == ((start,), 0.0, 0)


def test_lane_changes_take_no_length_and_are_as_few_as_can_be() -> None:
    outer, inner = LaneKey("0", 0, -5), LaneKey("0", 0, -3)
    route = MOTORWAY.route(outer, inner)
    assert route is not None
    assert (route.keys, route.length_m, route.changes) == ((outer, LaneKey("0", 0, -4), inner), 0.0, 2)
    straight = MOTORWAY.route(outer, LaneKey("0", 1, -5))
    assert straight is not None
    assert (straight.keys, straight.changes) == ((outer, LaneKey("0", 1, -5)), 0)


def test_routes_refuse_what_is_not_there_and_know_when_there_is_no_way() -> None:
    with pytest.raises(InputError, match="there is no lane"):
        CROSS.route(LaneKey("0", 0, -1), LaneKey("99", 0, 1))
    out = next(key for key in CROSS.lanes() if not CROSS.next_lanes(key))
    other = next(key for key in CROSS.lanes() if key.road != out.road and CROSS.next_lanes(key))
    assert CROSS.route(out, other) is None


@needs_material
@pytest.mark.parametrize(("town", "apart"), [("01", 0), ("02", 0), ("03", 4), ("04", 0), ("05", 0)])
def test_every_lane_of_the_towns_can_be_reached(town: str, apart: int) -> None:
    """In Town03, four lanes are linked to nothing: a road of 10 m and slivers of up to 0.1 m."""
    network = read_opendrive(MATERIAL / f"openx/carla_towns/OpenDrive/Town{town}.xodr")
    lanes = network.lanes(DRIVABLE)
    onward = {
        key: [*network.next_lanes(key), *(way for way in network.lane_neighbours(key) if way is not None)]
        for key in lanes
    }
    back: dict[LaneKey, list[LaneKey]] = {}
    for key, ways in onward.items():
        for way in ways:
            back.setdefault(way, []).append(key)
    reached = []
    for graph in (onward, back):
        seen, todo = {lanes[0]}, [lanes[0]]
        while todo:
            fresh = [way for way in graph.get(todo.pop(), ()) if way not in seen and way in onward]
            seen.update(fresh)
            todo += fresh
        reached.append(seen)
    left = set(lanes) - (reached[0] & reached[1])
    assert len(left) == apart
    assert all(left.issuperset([*onward[key], *back.get(key, ())]) for key in left)
    rng = np.random.default_rng(0)
    for _ in range(5):
        start, goal = (lanes[k] for k in rng.integers(len(lanes), size=2))
        route = network.route(start, goal)
        assert (route is None) == (start in left or goal in left)


def _links_as_written(path: FilePath) -> dict[LaneKey, set[LaneKey]]:
    """Where each lane leads to, from the links of the file alone: right-hand traffic, default junctions."""
    root = ElementTree.parse(path).getroot()
    lanes: dict[str, list[dict[int, ElementTree.Element]]] = {
        road.get("id", ""): [
            {int(lane.get("id", "")): lane for lane in section.iter("lane") if lane.get("id") != "0"}
            for section in road.findall("lanes/laneSection")
        ]
        for road in root.iter("road")
    }
    ways = [
        (junction.get("id"), item.get("incomingRoad"), item.get("connectingRoad"), item.get("contactPoint"), link)
        for junction in root.iter("junction")
        for item in junction.iter("connection")
        for link in item.iter("laneLink")
    ]
    found: dict[LaneKey, set[LaneKey]] = {}
    for road in root.iter("road"):
        name = road.get("id", "")
        for index, section in enumerate(lanes[name]):
            for lane_id, lane in section.items():
                side, step = ("successor", 1) if lane_id < 0 else ("predecessor", -1)
                linked = [int(item.get("id", "")) for item in lane.findall(f"link/{side}")]
                onward = road.find(f"link/{side}")
                targets = found[LaneKey(name, index, lane_id)] = set[LaneKey]()
                if 0 <= index + step < len(lanes[name]):
                    targets.update(LaneKey(name, index + step, to) for to in linked)
                elif onward is not None and onward.get("elementType") == "road":
                    other = onward.get("elementId", "")
                    last = 0 if onward.get("contactPoint") == "start" else len(lanes[other]) - 1
                    targets.update(LaneKey(other, last, to) for to in linked)
                elif onward is not None:
                    for junction, incoming, through, contact, link in ways:
                        if (junction, incoming) == (onward.get("elementId"), name) and link.get("from") == str(lane_id):
                            last = 0 if contact == "start" else len(lanes[str(through)]) - 1
                            targets.add(LaneKey(str(through), last, int(link.get("to", ""))))
    return found


@needs_material
@pytest.mark.parametrize("town", ["01", "02", "03", "04", "05"])
def test_lanes_lead_where_the_links_of_the_file_say(town: str) -> None:
    path = MATERIAL / f"openx/carla_towns/OpenDrive/Town{town}.xodr"
    network, written = read_opendrive(path), _links_as_written(path)
    lanes = set(network.lanes(DRIVABLE))
    for key in lanes:
        assert {way for way in network.next_lanes(key) if way in lanes} == written[key] & lanes, key
