"""Passing over the oncoming lane: where roads allow it, published distances, and nobody is ever touched."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from material import MATERIAL, needs_material
from numpy.typing import NDArray
from watching import Watch

from simulator.roads import LaneKey, RoadNetwork, read_opendrive
from simulator.roads.cross_section import CrossSection, dashed_mark, line_mark, strip
from simulator.roads.layout import Plan
from simulator.roads.records import RoadMark, RoadType
from simulator.roads.road import Road
from simulator.traffic.demand import KINDS
from simulator.traffic.lane_map import NONE, LaneMap, lane_map, lane_pose
from simulator.traffic.passing_zones import allows
from simulator.traffic.simulation import Traffic
from simulator.traffic.state import Control, Over

DT_NS = 100_000_000
BROKEN, SOLID = dashed_mark(0.12, 4.0, 8.0), line_mark(0.12)


@cache
def country(
    length: float = 4000.0,
    limit_kmh: float = 100.0,
    *,
    center: RoadMark = BROKEN,
    width: float = 3.5,
    rule: str = "RHT",
    bend: float = 0.0,
) -> LaneMap:
    """A country road of one lane each way; `bend`: rad by which it turns in its middle third."""
    side = (strip("driving", width), strip("shoulder", 0.5))
    plan = Plan().line(length / 3.0)
    plan = plan.arc(bend / (length / 3.0), length / 3.0) if bend else plan.line(length / 3.0)
    plan = plan.line(length / 3.0)
    section = CrossSection(side, side, (center,))
    types = (RoadType(0.0, "rural", limit_kmh / 3.6),)
    road = Road("0", plan.length, plan.geometry, section.section(plan.length), types=types, rule=rule)
    return lane_map(RoadNetwork({"0": road}))


def put(traffic: Traffic, row: int, lane: int, s: float, speed: float, **driver: float) -> None:
    """Put a car of an average driver somewhere; `driver`: what is not average."""
    vehicle, its = traffic.vehicles[0, row], traffic.drivers[0, row]
    vehicle["control"], vehicle["lane"], vehicle["ways"], vehicle["beside"] = Control.DRIVER, lane, NONE, NONE
    vehicle["s"], vehicle["speed"], vehicle["waits_for"], vehicle["lamps"] = s, speed, NONE, 0
    average = {
        "front": 3.6, "rear": 1.0, "half_width": 0.9, "wheelbase": 2.7, "pace": 1.0, "fastest": 50.0, "headway": 1.5,
        "gap": 2.0, "accel": 1.4, "decel": 2.0, "hardest": 8.0, "lateral": 2.5, "politeness": 0.3, "threshold": 0.1,
        "safe": 4.0, "patience": 6.0,
    }  # fmt: skip
    for name, value in (average | driver).items():
        its[name] = value


def empty(lanes: LaneMap, count: int) -> Traffic:
    """Traffic of so many rows without anybody."""
    return Traffic(lanes, vehicles=count, seeds=None)


def lanes_of(lanes: LaneMap) -> tuple[int, int]:
    """The lane along the road, and that of the other direction."""
    number = {key.lane: lane for lane, (key,) in enumerate(lanes.keys)}
    along = -1 if lanes.network.roads["0"].rule == "RHT" else 1
    return number[along], number[-along]


def drive(traffic: Traffic, seconds: float) -> list[NDArray[np.void]]:
    """States of the vehicles after each step; nobody touches anybody."""
    watch, states = Watch(traffic, DT_NS), []
    for _ in range(round(seconds * 1e9 / DT_NS)):
        watch.run(DT_NS * 1e-9)
        states.append(traffic.vehicles[0].copy())
    assert not len(watch.touches)
    return states


TRACTOR = {"fastest": 11.1, "front": 4.0, "rear": 1.5, "half_width": 1.2}
BICYCLE = {"fastest": 5.0, "front": 1.45, "rear": 0.35, "half_width": 0.3, "wheelbase": 1.1, "height": 1.7}


@pytest.mark.parametrize("rule", ["RHT", "LHT"])
def test_a_tractor_is_passed_on_a_free_road(rule: str) -> None:
    traffic = empty(country(rule=rule), 2)
    own, _ = lanes_of(traffic.lane_map)
    put(traffic, 0, own, 60.0, 20.0)
    put(traffic, 1, own, 160.0, 11.1, **TRACTOR)
    states = drive(traffic, 60.0)
    first, second = states[-1]
    assert first["s"] > second["s"] + 100.0
    assert first["over"] == Over.NOT and first["d"] == pytest.approx(0.0, abs=0.3)
    beside = [abs(a["d"] - b["d"]) for a, b in states if abs(a["s"] - b["s"]) < 4.0]
    assert min(beside) >= 0.9 + 1.2 + 1.0 - 0.05
    side = 1.0 if rule == "RHT" else -1.0
    assert max(side * a["d"] for a, _ in states) > 2.0


@pytest.mark.parametrize(
    "road",
    [country(center=SOLID), country(length=250.0), country(length=1500.0, bend=3.0)],
    ids=["solid", "short", "bend"],
)
def test_nobody_passes_where_line_or_sight_forbid_it(road: LaneMap) -> None:
    traffic = empty(road, 2)
    own, _ = lanes_of(road)
    start = 20.0 if road.arrays.lanes["length"][0] < 1000.0 else 430.0
    put(traffic, 0, own, start, 12.0)
    put(traffic, 1, own, start + 40.0, 11.1, **TRACTOR)
    states = drive(traffic, 15.0)
    assert all(a["over"] == Over.NOT and a["s"] < b["s"] for a, b in states)


def test_who_comes_towards_one_is_let_pass_first() -> None:
    traffic = empty(country(), 3)
    own, other = lanes_of(traffic.lane_map)
    put(traffic, 0, own, 500.0, 12.0)
    put(traffic, 1, own, 540.0, 11.1, **TRACTOR)
    put(traffic, 2, other, 4000.0 - 900.0, 25.0)
    states = drive(traffic, 60.0)
    out = [k for k, (a, *_) in enumerate(states) if a["over"] == Over.OUT]
    met = next(k for k, (a, _, c) in enumerate(states) if 4000.0 - c["s"] < a["s"])
    assert out[0] > met
    assert states[-1][0]["s"] > states[-1][1]["s"]
    assert all(c["acceleration"] > -1.0 for _, _, c in states)


# Clearances: StVO, section 5 (4).
@pytest.mark.parametrize(
    ("limit_kmh", "width", "least", "crosses"),
    [(50.0, 3.25, 1.5, True), (100.0, 3.5, 2.0, True), (50.0, 5.0, 1.5, False)],
)
def test_cyclists_are_passed_with_the_clearance_of_the_law(
    limit_kmh: float, width: float, least: float, crosses: bool
) -> None:
    traffic = empty(country(length=2000.0, limit_kmh=limit_kmh, width=width), 2)
    own, _ = lanes_of(traffic.lane_map)
    put(traffic, 0, own, 60.0, 10.0)
    put(traffic, 1, own, 160.0, 5.0, **BICYCLE)
    states = drive(traffic, 60.0)
    assert states[-1][0]["s"] > states[-1][1]["s"] + 50.0
    apart = [a["d"] - b["d"] - 0.9 - 0.3 for a, b in states if -5.4 < a["s"] - b["s"] < 2.5]
    assert min(apart) >= least - 0.05
    assert (max(a["d"] for a, _ in states) + 0.9 > 0.5 * width) == crosses


def test_a_cyclist_is_followed_where_there_is_no_room() -> None:
    traffic = empty(country(length=2000.0, limit_kmh=50.0, center=SOLID), 2)
    own, _ = lanes_of(traffic.lane_map)
    put(traffic, 0, own, 60.0, 10.0)
    put(traffic, 1, own, 100.0, 5.0, **BICYCLE)
    states = drive(traffic, 60.0)
    assert all(a["s"] < b["s"] for a, b in states)
    assert states[-1][0]["speed"] == pytest.approx(states[-1][1]["speed"], abs=0.2)


@pytest.mark.parametrize("center", [BROKEN, SOLID], ids=["broken", "solid"])
def test_a_wreck_is_passed_slowly_once_nobody_comes(center: RoadMark) -> None:
    traffic = empty(country(center=center), 3)
    own, other = lanes_of(traffic.lane_map)
    put(traffic, 0, own, 400.0, 20.0)
    put(traffic, 1, own, 600.0, 0.0)
    put(traffic, 2, other, 4000.0 - 1000.0, 25.0)
    traffic.vehicles["control"][0, 1] = Control.WRECK
    wreck = traffic.vehicles[0, 1]
    wreck["x"], wreck["y"], wreck["z"], wreck["yaw"] = lane_pose(traffic.lane_map.arrays, own, 600.0, 0.0)
    states = drive(traffic, 60.0)
    beside = [a for a, b, _ in states if -6.0 < a["s"] - b["s"] < 5.0]
    assert beside and max(a["speed"] for a in beside) < 9.5
    assert states[-1][0]["s"] > 650.0


@pytest.mark.parametrize(
    ("kind", "change", "left", "allowed"),
    [
        ("broken", "", True, True),
        ("solid", "", True, False),
        ("solid solid", "", False, False),
        ("solid broken", "", True, False),
        ("solid broken", "", False, True),
        ("broken solid", "", True, True),
        ("broken solid", "", False, False),
        ("broken", "none", False, False),
        ("solid", "both", False, True),
        ("broken", "increase", False, True),
        ("broken", "increase", True, False),
        ("broken", "decrease", True, True),
        ("none", "", True, True),
        ("curb", "", True, False),
    ],
)
def test_which_centre_lines_may_be_crossed(kind: str, change: str, left: bool, allowed: bool) -> None:
    assert allows(RoadMark(0.0, kind, lane_change=change), left=left) == allowed


# Passing sight distances, m, by the speed of who passes, km/h, who is 19 km/h faster: AASHTO 2018, table 3-4.
@pytest.mark.parametrize(("speed", "table"), [(60, 180), (80, 245), (100, 320)])
def test_drivers_want_the_published_sight_to_pass(speed: float, table: float) -> None:
    def passes(sight: float) -> bool:
        road = country.__wrapped__(limit_kmh=speed)
        road.arrays.passing["sight"] = sight
        traffic = empty(road, 2)
        own, _ = lanes_of(road)
        put(traffic, 0, own, 60.0, (speed - 20.0) / 3.6)
        put(traffic, 1, own, 90.0, (speed - 20.0) / 3.6, fastest=(speed - 20.0) / 3.6)
        return any(a["over"] == Over.OUT for a, _ in drive(traffic, 12.0))

    low, high = 100.0, 1200.0
    while high - low > 2.0:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if passes(middle) else (middle, high)
    assert high == pytest.approx(table, rel=0.1)


@pytest.mark.parametrize("gap", [250.0, 300.0, 350.0, 450.0, 600.0])
@pytest.mark.parametrize("out_s", [0.0, 2.0, 4.0, 6.0])
def test_who_comes_into_sight_while_one_passes_is_not_in_danger(gap: float, out_s: float) -> None:
    road = country.__wrapped__()
    road.arrays.passing["sight"] = 330.0
    traffic = empty(road, 3)
    own, other = lanes_of(road)
    put(traffic, 0, own, 500.0, 22.0)
    put(traffic, 1, own, 540.0, 22.0, fastest=22.0)
    traffic.vehicles["control"][0, 2] = Control.NOBODY
    for _ in range(300):
        drive(traffic, 0.1)
        if traffic.vehicles["over"][0, 0] == Over.OUT:
            break
    drive(traffic, out_s)
    here = traffic.vehicles["s"][0, 0]
    put(traffic, 2, other, 4000.0 - here - gap, 27.0)
    states = drive(traffic, 25.0)
    assert min(v["acceleration"] for row in states for v in row[:2]) > -6.0


def test_front_wheels_turn_for_a_change_of_lane() -> None:
    traffic = empty(country(), 2)
    own, _ = lanes_of(traffic.lane_map)
    put(traffic, 0, own, 60.0, 20.0)
    put(traffic, 1, own, 160.0, 11.1, **TRACTOR)
    mine = [a for a, _ in drive(traffic, 40.0)]
    turned = np.array([a["steer"] for a in mine])
    # On a straight road a wheel's angle is the wheelbase times the curvature of the path (of the rear axle, late by
    # what steering takes): left, right to be parallel again, then right and left.
    path = np.array([a["yaw_rate"] / a["speed"] for a in mine])
    meant = np.arctan(2.7 * path)
    assert np.corrcoef(turned[2:], meant[:-2])[0, 1] > 0.9
    assert np.abs(turned).max() == pytest.approx(np.abs(meant).max(), rel=0.3)
    assert np.sum(turned) * 0.1 == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(
    ("road", "seed"),
    [(country(), 5), (country(3000.0, 50.0, rule="LHT", width=3.25), 3), (country(6000.0, bend=2.0), 2)],
    ids=["straight", "left-hand", "bend"],
)
def test_nobody_touches_anybody_on_roads_with_slow_traffic(road: LaneMap, seed: int) -> None:
    kinds = KINDS.copy()
    kinds["share"] = [0.66, 0.08, 0.08, 0.0, 0.03, 0.03, 0.0, 0.12]
    traffic = Traffic(road, worlds=4, vehicles=24, seeds=seed, kinds=kinds)
    watch, passed = Watch(traffic, DT_NS), 0
    for _ in range(900):
        before = traffic.vehicles["over"].copy()
        watch.run(1.0)
        passed += int(((before == Over.NOT) & (traffic.vehicles["over"] == Over.OUT)).sum())
    assert not len(watch.touches)
    assert passed > 100


@needs_material
def test_a_lane_that_closes_is_left_before_its_end() -> None:
    # The ramp of this map closes to nothing and is linked to the lane beside it: who drove on jumped sideways.
    lanes = lane_map(read_opendrive(MATERIAL / "openx/esmini/resources/xodr/soderleden.xodr"))
    closing = lanes.index[LaneKey("0", 0, -3)]
    assert lanes.arrays.lanes["nexts"][closing] == 0
    traffic = Traffic(lanes, worlds=4, vehicles=40, seeds=1)
    watch = Watch(traffic, DT_NS).run(600.0)
    assert not len(watch.touches)
    assert watch.worst[:, 2].max() < 0.05  # m that anybody jumped


def test_who_is_stranded_where_a_lane_ends_without_a_link_leaves() -> None:
    traffic = empty(country(), 1)
    own, _ = lanes_of(traffic.lane_map)
    traffic.lane_map.arrays.lanes["leaves"][own] = 0
    try:
        put(traffic, 0, own, 3900.0, 20.0)
        traffic.drivers["pace"] = 0.8
        watch = Watch(traffic, DT_NS).run(25.0)
        assert traffic.vehicles["waited"][0, 0] > 1.0
        watch.run(30.0)
        assert traffic.vehicles["travel"][0, 0] < 1000.0
        assert traffic.vehicles["waited"][0, 0] < 20.0 + 1.0
    finally:
        traffic.lane_map.arrays.lanes["leaves"][own] = 1
