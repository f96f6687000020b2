"""Who goes first: conflicts of lanes, lights, gaps and stop signs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.roads import RoadNetwork
from simulator.roads.procedural import t_junction, x_junction
from simulator.roads.town import town
from simulator.traffic.admission import NEXT
from simulator.traffic.conflicts import CAR, LONG, Kind, overlaps, preceding
from simulator.traffic.desk import Event, Hold, desk
from simulator.traffic.getting_by import ROOM_M, STEP_M, gets_by
from simulator.traffic.lane_map import NONE, LaneMap, lane_map, lane_pose
from simulator.traffic.precedence import Control as Sign
from simulator.traffic.precedence import Gates, gates
from simulator.traffic.right_of_way import right_of_way
from simulator.traffic.signals import ALL_RED_S, AMBER_S, GREEN_S, Colour, SignalPlan, plan_signals
from simulator.traffic.state import DRIVER_DTYPE, VEHICLE_DTYPE, Control, Failing


def bare(network: RoadNetwork) -> RoadNetwork:
    """A network without lights, signs and priorities."""
    roads = {name: replace(road, signals=(), signal_references=()) for name, road in network.roads.items()}
    junctions = {name: replace(junction, priorities=()) for name, junction in network.junctions.items()}
    return replace(network, roads=roads, junctions=junctions, controllers={})


@cache
def built(kind: str) -> tuple[RoadNetwork, LaneMap, SignalPlan, Gates]:
    """A junction, its lanes, lights and gates."""
    networks = {
        "equal": lambda: bare(x_junction()),
        "lights": x_junction,
        "priority": lambda: x_junction(traffic_lights=False),
        "t": t_junction,
        "town": lambda: town(2, 2, seed=3),
        "stop": lambda: with_signs(x_junction(traffic_lights=False), "206"),
    }
    network = networks[kind]()
    lanes, plan = lane_map(network), plan_signals(network, 0)
    return network, lanes, plan, gates(lanes, network, {name: k for k, name in enumerate(plan.ids)})


def with_signs(network: RoadNetwork, code: str) -> RoadNetwork:
    """The network with one sign on all ways into its junctions, and no priorities."""
    roads = {
        name: replace(
            road, signals=tuple(replace(s, type=code, country="DE", subtype="-1", name="") for s in road.signals)
        )
        for name, road in network.roads.items()
    }
    return replace(network, roads=roads, junctions={k: replace(j, priorities=()) for k, j in network.junctions.items()})


def line(lanes: LaneMap, lane: int) -> shapely.LineString:
    """The middle of a lane."""
    row = lanes.arrays.lanes[lane]
    own = lanes.arrays.samples[row["first"] : row["first"] + row["samples"]]
    return shapely.LineString(np.stack([own["x"], own["y"]], axis=1))


def heading(lanes: LaneMap, lane: int) -> float:
    """Direction of the traffic where a lane begins."""
    return float(lanes.arrays.samples["heading"][lanes.arrays.lanes["first"][lane]])


def turned(angle: float) -> float:
    """An angle in -pi .. pi."""
    return float(np.angle(np.exp(1j * angle)))


def ways_in(lanes: LaneMap) -> NDArray[np.int64]:
    """Lanes through junctions."""
    return np.flatnonzero(lanes.arrays.lanes["junction"] != NONE)


@pytest.mark.parametrize("kind", ["equal", "t", "town"])
@pytest.mark.parametrize("body", [CAR, LONG])
def test_conflicts_lie_where_middles_of_lanes_cross(kind: str, body: object) -> None:
    _, lanes, _, _ = built(kind)
    rows = overlaps(lanes.arrays, body)  # type: ignore[arg-type]
    found = {(int(r["lane"]), int(r["other"])): r for r in rows}
    crossings = 0
    for a in ways_in(lanes).tolist():
        for b in ways_in(lanes).tolist():
            one, two = line(lanes, a), line(lanes, b)
            if a >= b or not one.crosses(two) or set(preceding(lanes.arrays, a)) & set(preceding(lanes.arrays, b)):
                continue
            point = one.intersection(two)
            if point.geom_type != "Point":
                continue
            crossings += 1
            row = found[a, b]
            assert row["s0"] - 0.1 <= one.project(point) <= row["s1"] + 0.1
            assert row["other_s0"] - 0.1 <= two.project(point) <= row["other_s1"] + 0.1
    assert crossings >= (4 if kind == "t" else 8) // (2 if kind == "t" else 1)


@pytest.mark.parametrize("kind", ["equal", "t"])
def test_corridors_that_overlap_are_conflicts_and_others_are_not(kind: str) -> None:
    _, lanes, _, _ = built(kind)
    rows = overlaps(lanes.arrays)
    pairs = {(int(r["lane"]), int(r["other"])) for r in rows}
    for a in ways_in(lanes).tolist():
        for b in ways_in(lanes).tolist():
            if a == b:
                continue
            gap = line(lanes, a).distance(line(lanes, b))
            if gap < 2.0 * CAR.half_width - 0.2:
                assert (a, b) in pairs
            if gap > 2.0 * CAR.half_width + 1.0:  # and what corners cut
                assert (a, b) not in pairs


@pytest.mark.parametrize("kind", ["equal", "lights", "priority", "t", "town"])
def test_of_two_ways_exactly_one_gives_way(kind: str) -> None:
    _, _, _, right = built(kind)
    assert len(right.conflicts)
    assert (np.abs(right.conflicts["yields"]) == 1).all()
    sides = {}
    for row in right.conflicts:
        sides.setdefault((int(row["lane"]), int(row["other"])), set()).add(int(row["yields"]))
    for (a, b), yields in sides.items():
        assert len(yields) == 1
        assert sides[b, a] == {-yields.copy().pop()}


def test_without_signs_who_comes_from_the_right_goes_first() -> None:
    _, lanes, _, right = built("equal")
    straight = [k for k in ways_in(lanes).tolist() if lanes.arrays.lanes["turn"][k] == 0]
    seen = 0
    for row in right.conflicts:
        a, b = int(row["lane"]), int(row["other"])
        angle = turned(heading(lanes, b) - heading(lanes, a))
        if a in straight and b in straight and 0.6 < abs(angle) < 2.5:
            from_right = angle > 0.0  # it drives to the left
            assert row["yields"] == (1 if from_right else -1)
            seen += 1
    assert seen >= 8  # a cycle of four, seen from both sides


def test_who_turns_left_lets_the_oncoming_traffic_pass() -> None:
    _, lanes, _, right = built("equal")
    turn = lanes.arrays.lanes["turn"]
    oncoming = [
        r
        for r in right.conflicts
        if abs(turned(heading(lanes, int(r["lane"])) - heading(lanes, int(r["other"])))) > 2.8
        and turn[r["lane"]] == 1
        and turn[r["other"]] != 1
    ]
    assert oncoming
    assert all(r["yields"] == 1 for r in oncoming)


def test_the_street_that_ends_gives_way() -> None:
    network, lanes, _, right = built("t")
    minor = {k for k in ways_in(lanes).tolist() if network.roads[lanes.keys[k][0].road].predecessor.id == "2"}  # type: ignore[union-attr]
    across = [r for r in right.conflicts if int(r["lane"]) in minor and int(r["other"]) not in minor]
    assert across
    assert all(r["yields"] == 1 for r in across)
    assert {int(c) for c in right.gates["control"][list(minor)]} == {Sign.YIELD}


@pytest.mark.parametrize("kind", ["lights", "town"])
def test_lights_never_show_green_to_two_ways_that_cross(kind: str) -> None:
    _, lanes, plan, right = built(kind)
    colours = plan.colours(np.arange(0, 240_000_000_000, 500_000_000))
    signal, seen = right.gates["signal"], 0
    for row in right.conflicts[right.conflicts["kind"] == Kind.CROSS]:
        a, b = int(row["lane"]), int(row["other"])
        angle = abs(turned(heading(lanes, a) - heading(lanes, b)))
        if signal[a] == NONE or signal[b] == NONE or not 0.6 < angle < 2.5:
            continue
        go = colours[:, [signal[a], signal[b]]] != Colour.RED
        assert not (go[:, 0] & go[:, 1]).any()
        seen += 1
    assert seen


def test_a_light_turns_from_green_to_amber_to_red() -> None:
    _, _, plan, _ = built("lights")
    colours = plan.colours(np.arange(0, 46_000_000_000, 10_000_000))
    for column in colours.T:
        for colour, seconds in ((Colour.GREEN, GREEN_S), (Colour.AMBER, AMBER_S)):
            assert (column == colour).sum() * 0.01 == pytest.approx(seconds, abs=0.02)
        change = [(int(a), int(b)) for a, b in zip(column, np.roll(column, -1)) if a != b]
        assert set(change) <= {(Colour.GREEN, Colour.AMBER), (Colour.AMBER, Colour.RED), (Colour.RED, Colour.GREEN)}
    both_red = (colours == Colour.RED).all(axis=1).sum() * 0.01
    assert both_red == pytest.approx(2.0 * ALL_RED_S, abs=0.04)


class Scene:
    """Cars before a junction, asked once who may go."""

    def __init__(self, kind: str, count: int) -> None:
        _, self.lanes, plan, self.right = built(kind)
        self.vehicles, self.drivers = np.zeros(count, VEHICLE_DTYPE), np.zeros(count, DRIVER_DTYPE)
        self.vehicles["beside"], self.vehicles["ways"], self.vehicles["lane"] = NONE, NONE, NONE
        for name, value in (
            ("front", 3.65), ("rear", 0.95), ("half_width", 0.9), ("wheelbase", 2.7), ("headway", 1.5), ("gap", 2.0),
            ("accel", 1.4), ("decel", 2.0), ("hardest", 8.0), ("patience", 10.0), ("pace", 1.0),
        ):  # fmt: skip
            self.drivers[name] = value
        self.colours = np.full(max(len(plan.ids), 1), Colour.GREEN, np.uint8)
        self.stand, self.events = np.zeros(count), np.zeros(count, np.uint8)
        self.desk = desk(len(self.lanes.keys), count)

    def put(self, i: int, way: int, before: float, speed: float = 0.0, asking: float = 0.0) -> None:
        """A car whose front bumper is `before` metres ahead of the stop point of a way."""
        lane = int(preceding(self.lanes.arrays, way)[0])
        rows = self.lanes.arrays.lanes
        me = self.vehicles[i]
        me["control"], me["lane"], me["speed"], me["asking"] = Control.DRIVER, lane, speed, asking
        me["s"] = rows["length"][lane] + self.right.gates["stop"][way] - before - self.drivers[i]["front"]
        me["ways"][0] = way
        me["ways"][1] = self.lanes.arrays.links[rows["next"][way]]

    def ask(self, steps: int = 1) -> NDArray[np.int64]:
        """Whom the kernel lets in, by the number of their claims; 0 for those who must wait."""
        for _ in range(steps):
            right_of_way(
                self.lanes.arrays, self.right, self.vehicles, self.drivers, self.colours, np.zeros(1, np.uint8), 0.1,
                self.desk, self.stand, self.events,
            )  # fmt: skip
        return np.asarray(self.vehicles["claim_number"].max(axis=1))

    def way(self, turn: int, angle: float) -> int:
        """The way that turns so and begins in a direction, rad."""
        return next(
            k
            for k in ways_in(self.lanes).tolist()
            if self.lanes.arrays.lanes["turn"][k] == turn and abs(turned(heading(self.lanes, k) - angle)) < 0.3
        )


@pytest.mark.parametrize(("seconds", "goes"), [(3.0, False), (7.0, False), (13.0, True)])
def test_who_gives_way_takes_gaps_that_are_long_enough(seconds: float, goes: bool) -> None:
    scene = Scene("t", 2)
    major = scene.way(0, 0.0)
    minor = next(k for k in ways_in(scene.lanes).tolist() if scene.right.gates["control"][k] == Sign.YIELD)
    speed = float(scene.right.gates["speed"][major])
    conflict = next(r for r in scene.right.conflicts if r["lane"] == minor and r["other"] == major)
    scene.put(0, minor, 0.2, asking=1.0)
    scene.put(1, major, speed * seconds - conflict["other_s0"], speed)
    assert bool(scene.ask()[0]) == goes
    assert np.isinf(scene.stand[0]) == goes
    assert goes or scene.vehicles["hold"][0] in (Hold.PRIORITY, Hold.CLAIM)


def test_who_is_let_in_first_keeps_the_others_out_until_it_has_passed() -> None:
    scene = Scene("equal", 2)
    first, second = scene.way(0, 0.0), scene.way(0, 0.5 * np.pi)
    scene.put(0, first, 0.2)
    scene.ask()
    scene.put(1, second, 0.2)
    assert scene.ask()[0] > 0
    assert scene.vehicles["hold"][1] == Hold.CLAIM
    row = scene.lanes.arrays.lanes[first]
    me = scene.vehicles[0]
    me["travel"] += scene.right.gates["clear"][first] + 3.0 + scene.lanes.arrays.lanes["length"][me["lane"]] - me["s"]
    me["lane"], me["s"] = scene.lanes.arrays.links[row["next"]], 20.0
    me["ways"][:] = NONE
    assert scene.ask()[1] > 0


def test_at_four_stop_signs_who_came_first_goes_first() -> None:
    scene = Scene("stop", 4)
    assert (scene.right.gates["all_stop"][ways_in(scene.lanes)] == 1).all()
    waited = [3.0, 5.0, 2.0, 4.0]
    for i, asking in enumerate(waited):
        scene.put(i, scene.way(0, 0.5 * np.pi * i), 0.2, asking=asking)
    numbers = scene.ask()
    assert numbers[1] == 1
    assert numbers[0] == numbers[2] == 0
    # Opposite ones may go together.
    assert numbers[3] in (0, 2)


def test_nobody_passes_a_stop_sign_without_standing() -> None:
    scene = Scene("stop", 1)
    scene.put(0, scene.way(0, 0.0), 6.0, 4.0)
    assert scene.ask()[0] == 0
    assert scene.vehicles["hold"][0] == Hold.STOP
    scene.put(0, scene.way(0, 0.0), 0.2, 0.0)
    assert scene.ask(10)[0] > 0


@pytest.mark.parametrize(("colour", "before", "goes"), [
    (Colour.GREEN, 30.0, True), (Colour.RED, 30.0, False), (Colour.AMBER, 35.0, False), (Colour.AMBER, 8.0, True),
])  # fmt: skip
def test_lights_are_obeyed_and_amber_where_one_can_stop(colour: Colour, before: float, goes: bool) -> None:
    scene = Scene("lights", 1)
    scene.put(0, scene.way(0, 0.0), before, 10.0)
    scene.colours[:] = colour
    assert bool(scene.ask()[0]) == goes
    assert scene.events[0] == 0
    assert goes or scene.stand[0] == pytest.approx(before)


def test_red_light_runners_are_noted() -> None:
    scene = Scene("lights", 1)
    scene.put(0, scene.way(0, 0.0), 3.0, 12.0)
    scene.colours[:] = Colour.RED
    scene.ask()
    assert scene.events[0] == Event.RED_LIGHT
    scene = Scene("lights", 1)
    scene.drivers["failing"] = Failing.RED_RUNNER
    scene.put(0, scene.way(0, 0.0), 20.0, 12.0)
    scene.colours[:] = Colour.RED
    assert scene.ask()[0] > 0


def test_nobody_enters_without_room_behind_the_junction() -> None:
    scene = Scene("lights", 2)
    way = scene.way(0, 0.0)
    scene.put(0, way, 10.0, 8.0)
    end = scene.lanes.arrays.links[scene.lanes.arrays.lanes["next"][way]]
    queue = scene.vehicles[1]
    queue["control"], queue["lane"], queue["s"] = Control.DRIVER, end, 4.0
    assert scene.ask()[0] == 0
    assert scene.vehicles["hold"][0] == Hold.ROOM
    queue["s"] = 30.0
    assert scene.ask()[0] > 0


def body(x: float, y: float, yaw: float, driver: np.void, more: float = 0.0) -> shapely.Polygon:
    """The box of a vehicle, `more` m wider on each side."""
    c, s, half = np.cos(yaw), np.sin(yaw), float(driver["half_width"]) + more
    ends = ((driver["front"], half), (driver["front"], -half), (-driver["rear"], -half), (-driver["rear"], half))
    return shapely.Polygon([(x + a * c - b * s, y + a * s + b * c) for a, b in ends])


@kernel
def whether_it_gets_by(lanes, vehicle, driver, other, its, far):
    return gets_by(lanes, vehicle, driver, other, its, far)


def test_who_gets_by_touches_nobody_on_its_way() -> None:
    _, lanes, _, _ = built("lights")
    random, arrays = np.random.default_rng(4), lanes.arrays
    vehicle, other = np.zeros(2, VEHICLE_DTYPE)
    driver, its = np.zeros(2, DRIVER_DTYPE)
    found = {True: 0, False: 0}
    for _ in range(300):
        for row in (driver, its):
            long = random.random() < 0.4
            row["front"], row["rear"], row["half_width"] = (8.6, 3.4, 1.275) if long else (3.6, 1.0, 0.9)
            row["wheelbase"] = 5.9 if long else 2.7
        inside = random.choice(np.flatnonzero(arrays.lanes["junction"] != NONE))
        before = arrays.links[arrays.lanes[inside]["previous"]]
        after = arrays.links[arrays.lanes[inside]["next"]]
        length = arrays.lanes["length"]
        vehicle["lane"], vehicle["s"] = before, length[before] - 8.0
        vehicle["ways"] = NONE
        vehicle["ways"][:2] = inside, after
        at = random.choice(np.flatnonzero(arrays.lanes["junction"] != NONE))
        other["x"], other["y"], _, other["yaw"] = lane_pose(arrays, at, random.uniform(0.0, length[at] + 6.0), 0.0)
        far = length[inside] + 12.0
        gaps = []
        for along in np.arange(0.0, far + STEP_M, STEP_M):
            axles = []
            for s in (vehicle["s"] + along, vehicle["s"] + along + driver["wheelbase"]):
                lane = before
                for nxt in (inside, after):
                    if s > length[lane]:
                        s, lane = s - length[lane], nxt
                axles.append(lane_pose(arrays, lane, s, 0.0)[:2])
            (x, y), (ahead_x, ahead_y) = axles
            box = body(x, y, np.arctan2(ahead_y - y, ahead_x - x), driver, ROOM_M)
            gaps.append(box.distance(body(other["x"], other["y"], other["yaw"], its)))
        free = bool(whether_it_gets_by(arrays, vehicle, driver, other, its, far))
        assert free == (min(gaps) > 0.0)
        found[free] += 1
    assert min(found.values()) > 30


def test_who_has_waited_long_goes_next_and_waits_inside_for_those_before() -> None:
    scene = Scene("equal", 2)
    scene.put(0, scene.way(0, 0.0), 0.2)
    first = scene.ask()[0]
    scene.put(1, scene.way(0, 0.5 * np.pi), 0.2, asking=NEXT * float(scene.drivers["patience"][1]) - 1.0)
    assert scene.ask()[1] == 0
    assert scene.vehicles["hold"][1] == Hold.CLAIM
    numbers = scene.ask(15)
    assert first < numbers[1]
    assert scene.vehicles["hold"][1] == Hold.TURN
    way, rows = scene.way(0, 0.5 * np.pi), scene.right.conflicts
    meets = next(r for r in rows if r["lane"] == way and r["other"] == scene.way(0, 0.0))
    me, at = scene.vehicles[1], meets["s0"] - 2.0 - scene.drivers["front"][1]  # of its origin, 2 m before they meet
    length = scene.lanes.arrays.lanes["length"][me["lane"]]
    me["travel"] += at - (me["s"] - length)
    if at < 0.0:
        me["s"] = length + at
    else:
        me["lane"], me["s"], me["ways"][:-1] = way, at, me["ways"][1:].copy()
    assert scene.ask()[1] == numbers[1]
    assert 0.0 < scene.stand[1] < 2.0
    assert scene.vehicles["waits_for"][1] == 0


@pytest.mark.parametrize("kind", ["equal", "town"])
def test_a_bus_meets_more_cars_than_a_car_and_fewer_than_buses(kind: str) -> None:
    _, lanes, _, _ = built(kind)
    found = []
    for one, other in ((CAR, None), (LONG, CAR), (LONG, None)):
        rows = overlaps(lanes.arrays, one, other)
        spans: dict[tuple[int, int], shapely.MultiLineString] = {}
        for row in rows:
            pair = int(row["lane"]), int(row["other"])
            part = shapely.LineString([(row["s0"], 0.0), (row["s1"], 0.0)])
            spans[pair] = part if pair not in spans else shapely.union(spans[pair], part)
        found.append(spans)
    few, some, many = found
    assert few.keys() <= some.keys() <= many.keys()
    assert len(few) < len(some) < len(many)
    for less, more in ((few, some), (some, many)):
        assert all(more[pair].buffer(1.0).covers(span) for pair, span in less.items())  # exact to a spacing of samples
