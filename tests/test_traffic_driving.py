"""Traffic that drives by itself: car following, changes of lane, entries; against formulas, twins and itself."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from material import MATERIAL, needs_material
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from simulator.errors import InputError
from simulator.roads import Link, RoadNetwork, read_opendrive
from simulator.roads.cross_section import CrossSection, strip
from simulator.roads.layout import Plan
from simulator.roads.motorway import motorway
from simulator.roads.records import RoadType
from simulator.roads.road import Road
from simulator.scene import Switch
from simulator.traffic.demand import KINDS
from simulator.traffic.lane_change import gain
from simulator.traffic.lane_map import NONE, LaneMap, lane_map
from simulator.traffic.occupancy import occupy
from simulator.traffic.prospects import BRAKING_MPS2, LATERAL_MPS2, SLOWEST_MPS, SMOOTHING_M, comfortable_speed
from simulator.traffic.simulation import Traffic
from simulator.traffic.state import WAYS, Control, Failing

DT_NS = 50_000_000
DT = DT_NS * 1e-9


@cache
def road(lanes: int = 1, length: float = 3000.0, limit_kmh: float = 120.0) -> LaneMap:
    """A straight road one way, lanes 3.5 m wide."""
    section = CrossSection((), tuple(strip("driving", 3.5) for _ in range(lanes)))
    plan = Plan().line(length)
    types = (RoadType(0.0, "motorway", limit_kmh / 3.6),)
    return lane_map(
        RoadNetwork({"0": Road("0", plan.length, plan.geometry, section.section(plan.length), types=types)})
    )


@cache
def ring(circumference: float) -> LaneMap:
    """A lane that leads into itself, so wide that it is straight for drivers."""
    section = CrossSection((), (strip("driving", 3.5),))
    plan = Plan().arc(2.0 * np.pi / circumference, circumference)
    loop = Link("road", "0", "start")
    here = Road(
        "0",
        plan.length,
        plan.geometry,
        section.section(plan.length),
        types=(RoadType(0.0, "motorway", 120.0 / 3.6),),
        predecessor=Link("road", "0", "end"),
        successor=loop,
    )
    return lane_map(RoadNetwork({"0": here}))


def column(traffic: Traffic, places: NDArray[np.float64], speeds: NDArray[np.float64], lane: int = 0) -> None:
    """Put the vehicles of world 0 on one lane, as equal cars of the drivers of Treiber et al. 2000."""
    vehicles, drivers = traffic.vehicles[0], traffic.drivers[0]
    vehicles["control"] = Control.DRIVER
    vehicles["lane"], vehicles["ways"] = lane, NONE
    vehicles["s"], vehicles["speed"], vehicles["d"], vehicles["slope"] = places, speeds, 0.0, 0.0
    drivers["front"], drivers["rear"], drivers["half_width"], drivers["wheelbase"] = 3.6, 0.9, 0.9, 2.7
    drivers["pace"], drivers["fastest"], drivers["headway"], drivers["gap"] = 1.0, 99.0, 1.6, 2.0
    drivers["accel"], drivers["decel"], drivers["hardest"] = 0.73, 1.67, 8.0
    drivers["politeness"], drivers["threshold"], drivers["safe"] = 0.3, 0.1, 4.0


def run(traffic: Traffic, seconds: float) -> None:
    for _ in range(round(seconds / DT)):
        traffic.step(DT_NS)


@pytest.mark.parametrize(
    ("speed_kmh", "gap"), [(0.0, 2.00), (30.0, 15.36), (60.0, 29.61), (90.0, 50.80), (110.0, 93.86)]
)
def test_equilibrium_gaps_of_the_intelligent_driver_model(speed_kmh: float, gap: float) -> None:
    # (s0 + v T) / sqrt(1 - (v / v0)^4), Treiber, Hennecke, Helbing 2000, with their parameters
    traffic = Traffic(road(length=20_000.0), vehicles=2)
    speed = speed_kmh / 3.6
    # At a stand every gap below is one of equilibrium, and the model's swing ends in it: it begins near.
    off = 10.0 if speed else 0.1
    column(traffic, np.array([300.0, 300.0 - gap - 4.5 - off]), np.array([speed, speed]))
    traffic.vehicles["control"][0, 0] = Control.OUTSIDE
    for _ in range(round(500.0 / DT)):
        traffic.step(DT_NS)
        traffic.vehicles["s"][0, 0] += speed * DT
        traffic.vehicles["waited"] = 0.0  # nobody is taken off the map for standing long
    leader, follower = traffic.vehicles[0]
    assert leader["s"] - follower["s"] - 4.5 == pytest.approx(gap, abs=0.01)


def test_free_acceleration_follows_its_differential_equation() -> None:
    traffic = Traffic(road(length=20_000.0), vehicles=1)
    column(traffic, np.array([10.0]), np.array([0.0]))
    run(traffic, 30.0)
    v, s, h = 0.0, 10.0, 1e-3
    for _ in range(30_000):
        middle = v + 0.5 * h * 0.73 * (1.0 - (v / (120.0 / 3.6)) ** 4)
        v, s = v + h * 0.73 * (1.0 - (middle / (120.0 / 3.6)) ** 4), s + h * middle
    assert traffic.vehicles["speed"][0, 0] == pytest.approx(v, abs=0.02)
    assert traffic.vehicles["s"][0, 0] == pytest.approx(s, abs=0.5)


def acc(v: float, gap: float, ahead: float, pull: float) -> float:
    """Kesting, Treiber, Helbing 2010, equations 2.1 to 2.6, with a 0.73, b 1.67, T 1.6, s0 2, v0 120 km/h, c 0.99."""
    wanted = 2.0 + max(0.0, 1.6 * v + v * (v - ahead) / (2 * np.sqrt(0.73 * 1.67)))
    idm = max(0.73 * (1 - (v / (120 / 3.6)) ** 4 - (wanted / gap) ** 2), -8.0)
    pull = min(pull, 0.73)
    if ahead * (v - ahead) < -2 * gap * pull:
        cah = v**2 * pull / (ahead**2 - 2 * gap * pull)
    else:
        cah = pull - max(v - ahead, 0.0) ** 2 / (2 * gap)
    return idm if idm >= cah else 0.01 * idm + 0.99 * (cah + 1.67 * np.tanh((idm - cah) / 1.67))


def test_the_acceleration_is_the_published_formula() -> None:
    traffic = Traffic(road(), vehicles=2)
    draws = np.random.default_rng(1).uniform([0, 5, 0, -4], [33, 100, 33, 2], (80, 4))
    for v, gap, ahead, pull in draws:
        column(traffic, np.array([1000.0, 1000.0 - gap - 4.5]), np.array([ahead, v]))
        traffic.vehicles["acceleration"][0, 0] = pull
        traffic.step(DT_NS)
        assert traffic.vehicles["wish_acceleration"][0, 1] == pytest.approx(acc(v, gap, ahead, pull), rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), dt_ns=st.sampled_from([50_000_000, 66_666_667, 100_000_000]))
def test_nobody_in_a_platoon_hits_a_leader_that_brakes_to_a_stand(seed: int, dt_ns: int) -> None:
    rng = np.random.default_rng(seed)
    count = 12
    traffic = Traffic(road(), vehicles=count)
    speed = rng.uniform(8.0, 30.0)
    gaps = (2.0 + 1.6 * speed) / np.sqrt(1 - (speed / (120 / 3.6)) ** 4) * rng.uniform(0.8, 2.0, count)
    column(traffic, 1500.0 - np.cumsum(gaps + 4.5), np.full(count, speed))
    traffic.drivers["headway"][0] = rng.uniform(1.0, 2.0, count)
    traffic.vehicles["control"][0, 0] = Control.OUTSIDE
    leader = traffic.vehicles[0]
    brake = rng.uniform(3.0, 8.0)
    for _ in range(round(90.0 / (dt_ns * 1e-9))):
        before = leader["speed"][0]
        leader["speed"][0] = max(before - brake * dt_ns * 1e-9, 0.0)
        leader["acceleration"][0] = (leader["speed"][0] - before) / (dt_ns * 1e-9)
        leader["s"][0] += 0.5 * (before + leader["speed"][0]) * dt_ns * 1e-9
        traffic.step(dt_ns)
        assert (leader["s"][:-1] - leader["s"][1:] - 4.5).min() > 0.0
        assert leader["speed"].min() >= 0.0
    assert leader["speed"].max() < 0.05


def test_a_queue_starts_like_a_wave() -> None:
    # The start moves back through a queue at about 15 to 20 km/h (Treiber and Kesting 2013, section 8.5).
    traffic = Traffic(road(), vehicles=20)
    column(traffic, 1000.0 - 6.5 * np.arange(20), np.zeros(20))
    started = np.full(20, np.nan)
    for step in range(round(60.0 / DT)):
        traffic.step(DT_NS)
        moving = np.isnan(started) & (traffic.vehicles["speed"][0] > 0.5)
        started[moving] = step * DT
    wave = np.polyfit(started, 1000.0 - 6.5 * np.arange(20), 1)[0]
    assert -22.0 / 3.6 < wave < -10.0 / 3.6


@pytest.mark.parametrize("count", [15, 40, 75, 135])
def test_the_flow_on_a_ring_is_that_of_the_equilibrium(count: int) -> None:
    circumference = 3000.0
    traffic = Traffic(ring(circumference), vehicles=count)
    length = traffic.lane_map.arrays.lanes["length"][0]
    column(traffic, (np.arange(count) * length / count)[::-1].copy(), np.full(count, 5.0))
    traffic.vehicles["ways"] = 0
    traffic.drivers["accel"][0] = 1.4  # stable: the flow is homogeneous (Treiber and Kesting 2013, section 16.4)
    run(traffic, 400.0)
    gap = length / count - 4.5
    low, high = 0.0, 120.0 / 3.6
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (
            (middle, high) if (2 + 1.6 * middle) / np.sqrt(1 - (middle * 3.6 / 120) ** 4) < gap else (low, middle)
        )
    assert traffic.vehicles["speed"][0] == pytest.approx(np.full(count, low), abs=0.1)


def plain_idm(v: float, gap: float, ahead: float, limit: float = 120.0 / 3.6) -> float:
    wanted = 2.0 + max(0.0, 1.6 * v + v * (v - ahead) / (2 * np.sqrt(0.73 * 1.67)))
    free = 1 - (v / limit) ** 4 if v <= limit else -1.67 / 0.73 * (1 - (limit / v) ** (4 * 0.73 / 1.67))
    return float(0.73 * (free - (wanted / gap) ** 2))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_gains_of_lane_changes_are_those_of_mobil(seed: int) -> None:
    # Kesting, Treiber, Helbing 2007: own gain and politeness times that of the new and the old follower
    rng = np.random.default_rng(seed)
    traffic, count = Traffic(road(3, 1000.0), vehicles=9), 9
    s, lane, v = rng.uniform(300.0, 500.0, count), rng.integers(0, 3, count), rng.uniform(6.0, 33.0, count)
    column(traffic, s, v)
    traffic.vehicles["lane"][0] = lane
    lanes, worlds = traffic.lane_map.arrays, traffic.worlds
    state = worlds.lines[0], worlds.entries[0], worlds.vehicles[0], worlds.drivers[0]
    occupy(lanes, *state)

    def around(place: float, on: int, but: int) -> tuple[int | None, int | None]:
        here = [k for k in range(count) if lane[k] == on and k != but]
        ahead = min((k for k in here if s[k] >= place), key=lambda k: s[k], default=None)
        return ahead, max((k for k in here if s[k] < place), key=lambda k: s[k], default=None)

    def response(who: int, ahead: int | None) -> float:
        return plain_idm(v[who], s[ahead] - s[who] - 4.5, v[ahead]) if ahead is not None else plain_idm(v[who], 1e9, 0)

    for me in range(count):
        for side in (-1, 1):
            other = lanes.lanes[lane[me]]["left" if side > 0 else "right"]
            found = gain(lanes, *state, me, side, 4.0, np.full(WAYS, NONE), 0.0, 0.0)
            if other == NONE:
                assert found == -np.inf
                continue
            (ahead, behind), (old_ahead, old_behind) = around(s[me], other, me), around(s[me], lane[me], me)
            gaps = [s[ahead] - s[me] - 4.5] if ahead is not None else []
            gaps += [s[me] - s[behind] - 4.5] if behind is not None else []
            own = response(me, ahead) if not gaps or min(gaps) >= 1.0 else -np.inf
            new = response(behind, me) if behind is not None and own > -np.inf else 0.0
            if own < -4.0 or new < -4.0:
                assert found == -np.inf
                continue
            others = new - response(behind, ahead) if behind is not None else 0.0
            if old_behind is not None and abs(s[me] - s[old_behind]) > 4.6:
                others += response(old_behind, old_ahead) - response(old_behind, me)
            elif old_behind is not None:
                continue  # they overlap: nobody drives like that
            if old_ahead is not None and s[old_ahead] - s[me] < 4.6:
                continue
            assert found == pytest.approx(own - response(me, old_ahead) + 0.3 * others, rel=1e-9, abs=1e-6)


@needs_material
def test_drivers_with_a_goal_get_there() -> None:
    network = read_opendrive(MATERIAL / "openx/carla_towns/OpenDrive/Town03.xodr")
    plain = lane_map(network)
    free = np.flatnonzero((plain.arrays.lanes["junction"] == NONE) & (plain.arrays.lanes["length"] > 30.0))
    goals = [plain.keys[k][0] for k in np.random.default_rng(1).choice(free, 6, replace=False)]
    lanes = lane_map(network, goals=goals)
    for goal, there in zip(goals, lanes.arrays.routes):
        assert there[lanes.index[goal]] == 0.0
        for start in free[::40]:
            route = network.route(plain.keys[start][0], goal)
            assert (route is None) == bool(np.isinf(there[start]))
    traffic = Traffic(lanes, vehicles=24, seeds=2)
    vehicles = traffic.vehicles[0]
    vehicles["goal"], vehicles["ways"] = 1 + np.arange(24) % 6, NONE
    expected = lanes.arrays.routes[vehicles["goal"] - 1, vehicles["lane"]] - vehicles["s"]
    travel = np.full(24, np.inf)
    for _ in range(6000):
        traffic.step(100_000_000)
        arrived = (vehicles["goal"] == 0) & np.isinf(travel)
        travel[arrived] = vehicles["travel"][arrived]
    assert np.isfinite(travel).mean() > 0.9
    assert np.median(travel[np.isfinite(travel)] / expected[np.isfinite(travel)]) < 1.1


@pytest.mark.parametrize("blue", [False, True])
def test_others_make_way_for_blue_lamps(blue: bool) -> None:
    traffic = Traffic(road(2, 3000.0), vehicles=13, kinds=KINDS[:1])
    vehicles, drivers = traffic.vehicles[0], traffic.drivers[0]
    column(traffic, np.append(300.0 + 25.0 * np.arange(12), 220.0), np.full(13, 10.0))
    vehicles["lane"] = np.arange(13) % 2
    drivers["pace"][:12], drivers["pace"][12] = 0.3, 0.8
    vehicles["lamps"][12] = np.uint32(1 << Switch.BEACON) if blue else 0
    for _ in range(round(90.0 / DT)):
        traffic.step(DT_NS)
        assert touching(traffic) == []
    assert (vehicles["s"][12] > vehicles["s"][:12].max()) == blue


def alone(fault: Failing) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Speed m/s, acceleration m/s2 and lateral place m (T,) of one failing driver on an empty road, for two minutes."""
    traffic = Traffic(road(1, 6000.0), vehicles=1, seeds=11, kinds=KINDS[:1], failing={fault: 1.0})
    assert traffic.drivers["failing"][0, 0] == fault
    traffic.vehicles["s"], traffic.vehicles["ways"] = 10.0, NONE
    traffic.drivers["pace"] *= 1.0 / (traffic.drivers["pace"] if fault != Failing.SPEEDING else 1.0)
    rows = []
    for _ in range(round(120.0 / DT)):
        traffic.step(DT_NS)
        rows.append(traffic.vehicles[0, 0].copy())
    track = np.array(rows)
    return track["speed"], track["acceleration"], track["d"]


def test_failing_drivers_do_what_they_are_said_to_do() -> None:
    limit = 120.0 / 3.6
    speed, acceleration, d = alone(Failing.RED_RUNNER)  # on an empty road: like everybody
    assert acceleration.min() > -1.0
    assert np.abs(d).max() == 0.0
    assert speed[-1] == pytest.approx(limit, rel=0.02)
    assert alone(Failing.SUDDEN_BRAKING)[1].min() == pytest.approx(-6.0)
    assert alone(Failing.ERRATIC_SLOW)[0][-600:].max() < 0.65 * limit
    assert 0.5 < np.abs(alone(Failing.SWERVING)[2]).max() < 1.75 - 0.40  # half of the car over the line at most
    assert alone(Failing.SPEEDING)[0].max() > 1.3 * limit
    traffic = Traffic(road(1, 1000.0), vehicles=8, kinds=KINDS[:1], failing={Failing.TAILGATER: 1.0})
    assert traffic.drivers["headway"].max() <= 0.5


def test_who_looks_away_runs_into_who_brakes() -> None:
    hits = []
    for failing in ({}, {Failing.DISTRACTED: 1.0}):
        struck = 0
        for seed in range(6):
            traffic = Traffic(road(), vehicles=2, seeds=seed, kinds=KINDS[:1], failing=failing)
            column(traffic, np.array([1000.0, 955.0]), np.array([25.0, 25.0]))
            for _ in range(round(12.0 / DT)):
                vehicles = traffic.vehicles[0]
                vehicles["control"][0] = Control.OUTSIDE
                vehicles["acceleration"][0] = -5.0 if vehicles["speed"][0] > 0.0 else 0.0
                vehicles["speed"][0] = max(vehicles["speed"][0] - 5.0 * DT, 0.0)
                vehicles["s"][0] += vehicles["speed"][0] * DT
                traffic.step(DT_NS)
                struck |= vehicles["s"][0] - vehicles["s"][1] < 4.5
        hits.append(struck)
    assert hits == [0, 1]


def boxes(traffic: Traffic, world: int = 0) -> NDArray[np.object_]:
    """Outlines of the vehicles of a world from above."""
    v, d = traffic.vehicles[world], traffic.drivers[world]
    x = np.stack([d["front"], d["front"], -d["rear"], -d["rear"]], axis=1)
    y = np.stack([-d["half_width"], d["half_width"], d["half_width"], -d["half_width"]], axis=1)
    cos, sin = np.cos(v["yaw"])[:, None], np.sin(v["yaw"])[:, None]
    corners = np.stack([v["x"][:, None] + x * cos - y * sin, v["y"][:, None] + x * sin + y * cos], axis=-1)
    return np.asarray(shapely.polygons(corners))


def touching(traffic: Traffic, world: int = 0) -> list[tuple[int, int]]:
    """Pairs of vehicles whose outlines overlap at one height."""
    v = traffic.vehicles[world]
    here = np.flatnonzero(v["lane"] != NONE)
    outlines = boxes(traffic, world)[here]
    a, b = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    return [(i, j) for i, j in zip(here[a], here[b]) if i < j and abs(v["z"][i] - v["z"][j]) < 3.0]


def test_a_motorway_with_ramps_flows_for_ten_minutes_without_a_collision() -> None:
    network = motorway(1000.0)
    lanes = lane_map(network)
    traffic = Traffic(lanes, vehicles=60, seeds=5)
    ramp = next(key for chain in lanes.keys for key in chain if key.road == "3")
    merged = 0
    for step in range(round(600.0 / 0.1)):
        before = traffic.vehicles["lane"][0].copy()
        traffic.step(100_000_000)
        left = (before == lanes.index[ramp]) & (traffic.vehicles["lane"][0] != before)
        merged += int(left.sum())
        if step % 5 == 0:
            assert touching(traffic) == []
    assert merged > 30
    assert traffic.vehicles["serial"].sum() > 300


def test_worlds_do_not_know_of_each_other_nor_of_threads() -> None:
    lanes = lane_map(motorway(1000.0))
    seeds = np.array([3, 1, 4], np.uint64)
    # So many vehicles that threads take a world or two at a time.
    together = Traffic(lanes, worlds=3, vehicles=200, seeds=seeds)
    alone = [Traffic(lanes, worlds=1, vehicles=200, seeds=seeds[w : w + 1]) for w in range(3)]
    for _ in range(200):
        together.step(DT_NS, threads=2)
        for one in alone:
            one.step(DT_NS, threads=1)
    for w, one in enumerate(alone):
        assert one.vehicles[0].tobytes() == together.vehicles[w].tobytes()
        assert one.drivers[0].tobytes() == together.drivers[w].tobytes()
    before = together.vehicles.copy()
    together.reset([1])
    again = Traffic(lanes, worlds=1, vehicles=200, seeds=seeds[1:2])
    assert together.vehicles[1].tobytes() == again.vehicles[0].tobytes()
    assert together.vehicles[[0, 2]].tobytes() == before[[0, 2]].tobytes()


def test_vehicles_come_up_clear_of_each_other_and_may_all_stop() -> None:
    for seed in range(5):
        traffic = Traffic(road(3, 1000.0), vehicles=60, seeds=seed)
        assert touching(traffic) == []
        run(traffic, 10.0)
        assert traffic.vehicles["acceleration"].min() > -4.5


def test_what_a_traffic_does_not_accept() -> None:
    with pytest.raises(InputError, match="vehicles=0"):
        Traffic(road(), vehicles=0)
    with pytest.raises(InputError, match="dt_ns=0"):
        Traffic(road(), vehicles=1).step(0)


def test_curvature_is_smoothed_as_scipy_does_it() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        curvature, step = np.abs(rng.normal(0.0, 0.05, int(rng.integers(1, 60)))), float(rng.uniform(0.3, 6.0))
        size = max(min(round(SMOOTHING_M / step), len(curvature)), 1)
        bend = np.maximum(uniform_filter1d(curvature, size, mode="nearest"), 1e-6)
        expected = np.clip(np.sqrt(LATERAL_MPS2 / bend), SLOWEST_MPS, 50.0)
        given = comfortable_speed(np.full(len(curvature), 50.0), curvature, step)
        for k, speed in enumerate(given):  # the slowest that is ahead, from which one may come
            ahead = expected[k:] ** 2 + 2.0 * BRAKING_MPS2 * step * np.arange(len(expected) - k)
            assert speed == pytest.approx(np.sqrt(ahead.min()))
