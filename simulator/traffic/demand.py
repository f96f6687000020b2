"""Who is on the road: kinds of vehicles, tempers of drivers, and where they come up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.counter_rng import uniform
from simulator.numerics.jit import kernel
from simulator.traffic.conditions import adapt
from simulator.traffic.conflicts import Body, overlaps
from simulator.traffic.conflicts import Kind as Meeting
from simulator.traffic.failing import spoil
from simulator.traffic.following import (
    desired_speed,
    end_ahead,
    pressure_ahead,
    speed_ahead,
    speed_along,
    wanted_gap,
)
from simulator.traffic.lane_change import decide_ways, draw
from simulator.traffic.lane_map import NONE, Lanes
from simulator.traffic.occupancy import KINDS as ENTRIES
from simulator.traffic.occupancy import enter, occupy, take
from simulator.traffic.person import Mode
from simulator.traffic.poses import BEACON, place
from simulator.traffic.prospects import BRAKING_MPS2, NARROW_M
from simulator.traffic.right_of_way import forget, gate_ahead
from simulator.traffic.state import WAYS, Control, Failing
from simulator.traffic.wrong_way import turn_against

# Sizes and hardest braking as SUMO's vehicle classes have them (its documentation, "Vehicle Type Parameter Defaults"),
# overhangs, wheelbases and springs of usual vehicles. Drivers: M. Treiber, A. Kesting, Traffic Flow Dynamics (2013),
# table 11.2, has 1 m/s2 and 1.5 m/s2 for cars in towns; trucks and buses are slower. Shares: of a town, by choice.
KIND_DTYPE = np.dtype(
    [
        ("name", "U12"),
        ("share", np.float64),
        ("length", np.float64),  # m
        ("width", np.float64),
        ("height", np.float64),
        ("wheelbase", np.float64),
        ("rear", np.float64),  # m from the rear axle to the rear bumper
        ("fastest", np.float64),  # m/s
        ("accel", np.float64),  # m/s2, of the driver
        ("decel", np.float64),
        ("hardest", np.float64),
        ("headway", np.float64),  # s, mean
        ("lean", np.float64),
        ("dive", np.float64),
        ("model", np.int64),
        ("body", np.int64),
        ("beacon", np.int64),  # 1: blue lamps are on
    ]
)
KINDS = np.array(
    [
        ("car", 0.78, 4.6, 1.8, 1.5, 2.7, 0.95, 55.0, 1.4, 2.0, 8.0, 1.5, 0.007, 0.005, 0, 0, 0),
        ("van", 0.08, 5.3, 2.0, 2.2, 3.3, 1.0, 42.0, 1.2, 2.0, 7.5, 1.6, 0.009, 0.006, 1, 0, 0),
        ("truck", 0.05, 8.5, 2.5, 3.2, 4.6, 2.4, 25.0, 0.8, 1.7, 7.0, 1.8, 0.006, 0.004, 2, 0, 0),
        ("semitrailer", 0.0, 16.5, 2.55, 4.0, 9.0, 5.5, 25.0, 0.6, 1.5, 7.0, 2.0, 0.004, 0.002, 3, 0, 0),
        ("bus", 0.02, 12.0, 2.55, 3.2, 5.9, 3.4, 28.0, 0.9, 1.5, 7.0, 1.8, 0.007, 0.004, 4, 0, 0),
        ("motorcycle", 0.04, 2.2, 0.8, 1.5, 1.45, 0.4, 55.0, 2.2, 2.5, 9.0, 1.2, -0.1, 0.008, 5, 0, 0),
        ("emergency", 0.0, 6.5, 2.16, 2.86, 3.7, 1.6, 45.0, 2.0, 2.5, 7.5, 1.2, 0.008, 0.005, 7, 0, 1),
        ("bicycle", 0.03, 1.8, 0.6, 1.7, 1.1, 0.35, 6.0, 0.7, 1.5, 6.0, 1.0, -0.1, 0.0, 6, 0, 0),
    ],
    KIND_DTYPE,
)
MOTORWAY_MPS = 27.0  # limit above which most of the lanes are of motorways
CORNER_MPS, LONGEST_M = 6.5, 12.5  # where there are slower corners (17 m radius), nothing longer than a bus drives
SURE_M, ROOM_M = 9.0, 0.05  # what is shorter fits round every bend; beside what is longer, a driver wants some room
MOTORWAY_SHARES = {"car": 0.78, "van": 0.08, "truck": 0.03, "semitrailer": 0.09, "bus": 0.005, "motorcycle": 0.015}
PACE_DEVIATION, PACE_RANGE = 0.1, (0.75, 1.3)  # SUMO's speedFactor normc(1, 0.1, 0.2, 2), cut closer
HEADWAY_DEVIATION, HEADWAY_RANGE = (
    0.25,
    (0.6, 1.8),
)  # of the mean: lognormal, after headways measured on German motorways
POLITENESS_RANGE = (0.2, 0.5)  # Kesting, Treiber, Helbing 2007
THRESHOLD_MPS2, SAFE_MPS2 = 0.1, 4.0  # the same, table 1
EMERGENCY = 1.3  # pace at least of those with blue lamps
GAP_M = 2.0
PATIENCE_S = (4.0, 12.0)
TRIES = 60  # places that are drawn for a vehicle before it waits
ENTRY_M = 40.0  # shorter lanes are no entries
FLUENT = 0.6  # of the speed that it wants, at least, has a vehicle that enters the map
RELIEF_NS = 5_000_000_000  # between two removals of those who have stood for too long
SWEEPS = 3
BESIDE_M = 0.6  # kept free sideways where vehicles come up
DRIVER_DRAW, PLACE_DRAW = 2, 3  # purposes of random draws
NOBODY, DRIVER, ARRIVED = int(Control.NOBODY), int(Control.DRIVER), int(Control.ARRIVED)
WRONG_WAY, AGAINST = int(Control.WRONG_WAY), int(Failing.WRONG_WAY)
CROSSING, STRAYING = int(Mode.CROSSING), int(Mode.STRAYING)


class Sources(NamedTuple):
    """Where vehicles come up, and which.

    Attributes:
        lanes: (N,) int64 lanes that vehicles are on at first.
        weights: (N,) running sum of their shares, to 1.
        entries: (E,) int64 lanes on which they come up later: where those begin that nothing leads to, else anywhere.
        entry_weights: (E,) running sum of their shares, to 1.
        at_start: whether they come up where those begin.
        exits: (X,) int64 lanes that leave the map, or any: there wrong-way drivers come up.
        kinds: (K,) KIND_DTYPE.
        shares: (K,) running sum of the kinds' shares, to 1.
        failing: (9,) share of the drivers that have each bit of Failing.
    """

    lanes: NDArray[np.int64]
    weights: NDArray[np.float64]
    entries: NDArray[np.int64]
    entry_weights: NDArray[np.float64]
    at_start: bool
    exits: NDArray[np.int64]
    kinds: NDArray[np.void]
    shares: NDArray[np.float64]
    failing: NDArray[np.float64]


def sources_of(
    lanes: Lanes, kinds: NDArray[np.void] | None = None, failing: Mapping[Failing, float] | None = None
) -> Sources:
    """Vehicles anywhere on lanes outside junctions, as often as these are long.

    Args:
        lanes: of a map.
        kinds: (K,) KIND_DTYPE; None: those of a town or a motorway, as the limits of most of the lanes suggest.
        failing: share of the drivers that fail in each way.
    """
    faults = np.zeros(len(Failing))
    for fault, part in (failing or {}).items():
        faults[int(fault).bit_length() - 1] = part
    rows = lanes.lanes
    if kinds is None:
        kinds = KINDS.copy()
        if np.median(lanes.samples["limit"]) > MOTORWAY_MPS:
            kinds["share"] = [MOTORWAY_SHARES.get(name, 0.0) for name in kinds["name"]]
        if (lanes.samples["speed"][lanes.samples["half_width"] > NARROW_M] < CORNER_MPS).any():
            kinds["share"][kinds["length"] > LONGEST_M] = 0.0
        for kind in kinds[(kinds["length"] > SURE_M) & (kinds["share"] > 0.0)]:
            if _meets_oncoming(lanes, kind):
                kinds["share"][kinds["name"] == kind["name"]] = 0.0
    linked = (rows["nexts"] > 0) | (rows["previouses"] > 0) | (rows["length"] > ENTRY_M)  # no stubs beside junctions
    open_lanes = np.flatnonzero((rows["junction"] == NONE) & (rows["usable"] > 0.0) & linked)
    if not len(open_lanes):
        open_lanes = np.arange(len(rows))
    length = rows["usable"][open_lanes]
    plain = np.array([tuple(kind)[1:] for kind in kinds], np.dtype(KIND_DTYPE.descr[1:]))
    share = kinds["share"] / kinds["share"].sum()
    running = np.cumsum(length) / length.sum()
    begin = np.flatnonzero((rows["previouses"] == 0) & (rows["usable"] > ENTRY_M) & (_opening(lanes) > NARROW_M))
    if len(begin):
        entries, weights = begin.astype(np.int64), np.arange(1, len(begin) + 1) / len(begin)
    else:
        entries, weights = open_lanes.astype(np.int64), running
    leaving = np.flatnonzero((rows["leaves"] == 1) & (rows["usable"] > ENTRY_M))
    return Sources(
        open_lanes.astype(np.int64),
        running,
        entries,
        weights,
        len(begin) > 0,
        leaving if len(leaving) else open_lanes.astype(np.int64),
        plain,
        np.cumsum(share),
        faults,
    )


def _meets_oncoming(lanes: Lanes, kind: np.void) -> bool:
    """Whether a kind of vehicles sweeps the oncoming lane in a bend outside of junctions."""
    body = Body(kind["length"] - kind["rear"], kind["rear"], kind["wheelbase"], 0.5 * kind["width"] + ROOM_M)
    rows = overlaps(lanes, body)
    outside = lanes.lanes["junction"] == NONE
    return bool((outside[rows["lane"]] & outside[rows["other"]] & (rows["kind"] == Meeting.OPPOSITE)).any())


def _opening(lanes: Lanes) -> NDArray[np.float64]:
    """(L,) half the width of lanes where they begin, m."""
    return np.asarray(lanes.samples["half_width"][lanes.lanes["first"]])


@kernel(inline=True)
def chance(seed, row, vehicle, purpose):
    """Float in [0, 1) of a vehicle now, for a purpose."""
    return np.float64(uniform(draw(seed, row, vehicle, purpose)))


@kernel
def normal(seed, row, vehicle, purpose):
    """Of the standard normal distribution (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log(1.0 - chance(seed, row, vehicle, purpose)))
    return radius * np.cos(2.0 * np.pi * chance(seed, row, vehicle, purpose + 1))


@kernel
def find(running, value):
    """First index whose running sum is above a value."""
    low, high = 0, len(running) - 1
    while low < high:
        middle = (low + high) // 2
        if running[middle] > value:
            high = middle
        else:
            low = middle + 1
    return low


@kernel(inner=True)
def draw_driver(sources, conditions, vehicle, driver, seed, row):
    """Draw what a row is now, and who drives it, in weather (CONDITIONS_DTYPE)."""
    base, vehicle.lamps = DRIVER_DRAW * 64, np.uint32(0)
    kind = sources.kinds[find(sources.shares, chance(seed, row, vehicle, base))]
    driver.front, driver.rear = kind.length - kind.rear, kind.rear
    driver.half_width, driver.height, driver.wheelbase = 0.5 * kind.width, kind.height, kind.wheelbase
    driver.model, driver.body, driver.lean, driver.dive = kind.model, kind.body, kind.lean, kind.dive
    temper = 1.0 + PACE_DEVIATION * normal(seed, row, vehicle, base + 1)
    driver.pace = min(max(temper, PACE_RANGE[0]), PACE_RANGE[1])
    driver.fastest = kind.fastest * (0.9 + 0.1 * driver.pace)
    spread = np.exp(HEADWAY_DEVIATION * normal(seed, row, vehicle, base + 3))
    driver.headway = kind.headway * min(max(spread, HEADWAY_RANGE[0]), HEADWAY_RANGE[1])
    driver.gap, driver.accel, driver.decel, driver.hardest = GAP_M, kind.accel, kind.decel, kind.hardest
    driver.lateral = 2.5 * driver.pace * driver.pace
    driver.politeness = POLITENESS_RANGE[0] + chance(seed, row, vehicle, base + 5) * (
        POLITENESS_RANGE[1] - POLITENESS_RANGE[0]
    )
    driver.threshold, driver.safe = THRESHOLD_MPS2, SAFE_MPS2
    driver.patience = PATIENCE_S[0] + chance(seed, row, vehicle, base + 6) * (PATIENCE_S[1] - PATIENCE_S[0])
    if kind.beacon:
        driver.pace = max(driver.pace, EMERGENCY)
        vehicle.lamps |= BEACON
    adapt(driver, conditions)
    driver.failing = 0
    for k in range(len(sources.failing)):
        if chance(seed, row, vehicle, base + 8 + k) < sources.failing[k]:
            driver.failing |= 1 << k
    spoil(driver)


@kernel(inner=True)
def is_free(vehicles, drivers, i):
    """Whether vehicle `i` is clear of all others, with room ahead and behind."""
    me, own = vehicles[i], drivers[i]
    cos, sin = np.cos(me.yaw), np.sin(me.yaw)
    middle = 0.5 * (own.front - own.rear)
    half = 0.5 * (own.front + own.rear)
    for j in range(len(vehicles)):
        other, its = vehicles[j], drivers[j]
        if j == i or other.lane == NONE or abs(other.z - me.z) > 4.0:
            continue
        dx, dy = other.x - me.x, other.y - me.y
        reach = half + 0.5 * (its.front + its.rear) + own.gap + 8.0
        if dx * dx + dy * dy > (reach + 20.0) * (reach + 20.0):
            continue
        c, s = np.cos(other.yaw), np.sin(other.yaw)
        between = 0.5 * (its.front - its.rear)
        dx, dy = dx + between * c - middle * cos, dy + between * s - middle * sin
        along, across = dx * cos + dy * sin, -dx * sin + dy * cos
        cross = abs(c * sin - s * cos)  # of the directions
        its_half = 0.5 * (its.front + its.rear)
        if (
            abs(along) < half + its_half + own.gap
            and abs(across) < own.half_width + its.half_width + BESIDE_M + cross * its_half
        ):
            return False
    return True


@kernel(inner=True)
def come_up(ground, conditions, vehicles, drivers, seed, i):
    """Draw a driver and a free place for row `i`; without one it waits to come up later."""
    lanes, sources = ground.lanes, ground.sources
    me, driver = vehicles[i], drivers[i]
    me.control, me.lane = ARRIVED, NONE
    draw_driver(sources, conditions, me, driver, seed, i)
    for attempt in range(TRIES):
        base = (PLACE_DRAW + attempt) * 64
        lane = sources.lanes[find(sources.weights, chance(seed, i, me, base))]
        room = lanes.lanes[lane].usable - driver.front - driver.rear
        if room < 0.0:
            continue
        settle(ground, me, driver, seed, i, lane, driver.rear + chance(seed, i, me, base + 1) * room)
        if driver.failing & AGAINST:
            turn_against(lanes, me, driver, seed, i)
        if is_free(vehicles, drivers, i):
            me.control = WRONG_WAY if driver.failing & AGAINST else DRIVER
            return
    me.lane = NONE


@kernel(inner=True)
def _surprises(people, me, driver):
    """Whether somebody is on the road so near that a vehicle that comes up could not brake in comfort."""
    far = driver.front + driver.gap + me.speed * me.speed / (2.0 * BRAKING_MPS2)
    for p in range(len(people)):
        if people[p].mode == CROSSING or people[p].mode >= STRAYING:
            dx, dy = people[p].x - me.x, people[p].y - me.y
            if dx * dx + dy * dy < far * far:
                return True
    return False


@kernel(inner=True)
def recycle(ground, conditions, lines, entries, people, vehicles, drivers, seed):
    """Let others come up for those who have left the map: at its entries, as soon as there is room for their speed."""
    lanes, sources = ground.lanes, ground.sources
    for i in range(len(vehicles)):
        me, driver = vehicles[i], drivers[i]
        if me.control != ARRIVED:
            continue
        me.steps += 1  # other draws each time
        draw_driver(sources, conditions, me, driver, seed, i)
        base = PLACE_DRAW * 64
        if driver.failing & AGAINST:
            _come_against(ground, lines, entries, vehicles, drivers, seed, i)
            continue
        lane = sources.entries[find(sources.entry_weights, chance(seed, i, me, base))]
        room = lanes.lanes[lane].usable - driver.front - driver.rear
        s = driver.rear if sources.at_start else driver.rear + chance(seed, i, me, base + 1) * room
        settle(ground, me, driver, seed, i, lane, s)
        wish = desired_speed(lanes, driver, lane, s)
        if room > 0.0 and is_free(vehicles, drivers, i) and not _surprises(people, me, driver):
            enter(lanes, lines, entries, vehicles, drivers, i)
            limit_speed(lanes, lines, entries, vehicles, drivers, i, BRAKING_MPS2)
            if me.speed > FLUENT * wish or not sources.at_start:
                me.control = DRIVER
                me.serial += 1
                continue
            for kind in range(ENTRIES):
                take(lines, entries, kind * len(vehicles) + i)
        me.lane = NONE


@kernel
def relieve(lines, entries, vehicles, patience_s):
    """Take off the map who has stood longest, if that is more than `patience_s`: it comes up elsewhere, and a jam
    dissolves. How many that are: 0 or 1."""
    longest, waited = NONE, patience_s
    for i in range(len(vehicles)):
        if vehicles[i].control == DRIVER and vehicles[i].waited > waited:
            longest, waited = i, vehicles[i].waited
    if longest != NONE:
        for kind in range(ENTRIES):
            take(lines, entries, kind * len(vehicles) + longest)
        vehicles[longest].control, vehicles[longest].lane = ARRIVED, NONE
    return np.int64(longest != NONE)


@kernel(inner=True)
def _come_against(ground, lines, entries, vehicles, drivers, seed, i):
    """Let a wrong-way driver come up for row `i` at the end of a lane that leaves the map, if there is room."""
    lanes, exits, me, driver = ground.lanes, ground.sources.exits, vehicles[i], drivers[i]
    lane = exits[min(int(chance(seed, i, me, PLACE_DRAW * 64) * len(exits)), len(exits) - 1)]
    s = lanes.lanes[lane].usable - driver.front
    me.lane = NONE
    if s > driver.rear:
        settle(ground, me, driver, seed, i, lane, s)
        turn_against(lanes, me, driver, seed, i)
        if is_free(vehicles, drivers, i):
            me.control = WRONG_WAY
            me.serial += 1
            enter(lanes, lines, entries, vehicles, drivers, i)
        else:
            me.lane = NONE


@kernel(inner=True)
def settle(ground, me, driver, seed, row, lane, s):
    """Put a row that nobody has used at a place, at the speed that its driver wants there."""
    lanes = ground.lanes
    clear(me)
    me.lane, me.s = lane, s
    decide_ways(lanes, me.ways, lane, me, seed, row)
    me.speed = desired_speed(lanes, driver, lane, s)
    end = min(end_ahead(lanes, me, driver), gate_ahead(lanes, ground.gates, me, driver))
    end = max(end - driver.gap, 0.0)
    me.speed = min(me.speed, driver.pace * speed_ahead(lanes, me), np.sqrt(2.0 * BRAKING_MPS2 * end))
    place(lanes, me, driver, 0.0)


@kernel(inline=True)
def clear(me):
    """Forget what a row was."""
    me.speed = me.lateral_speed = me.yaw_rate = me.acceleration = me.wish_acceleration = me.travel = 0.0
    me.lean = me.dive = me.d = me.slope = me.wish_d = me.waited = 0.0
    me.beside, me.change, me.asks, me.wish_lane, me.entered = NONE, 0, 0, 0, 0
    me.change_age = me.wish_speed = 0.0
    forget(me)
    me.against, me.struck, me.delta_v, me.wrecked = 0, 0, 0.0, 0.0
    me.over, me.passing, me.out_d = 0, 0, 0.0
    me.aside, me.lamps = 0.0, me.lamps & BEACON
    for k in range(WAYS):
        me.ways[k] = NONE


@kernel(inner=True)
def fill_world(ground, conditions, lines, entries, vehicles, drivers, seed):
    """Fill a world, whose rows are zeros, with vehicles at speeds that fit.

    Args:
        ground: Ground.
        conditions, lines, entries, vehicles, drivers, seed: of this world.
    """
    for i in range(len(vehicles)):
        vehicles[i].lane = NONE
    for i in range(len(vehicles)):
        come_up(ground, conditions, vehicles, drivers, seed, i)
    occupy(ground.lanes, lines, entries, vehicles, drivers)
    for _ in range(SWEEPS):  # from those ahead to those behind
        for i in range(len(vehicles)):
            if vehicles[i].control == DRIVER:
                limit_speed(ground.lanes, lines, entries, vehicles, drivers, i, BRAKING_MPS2)


@kernel(inner=True)
def limit_speed(lanes, lines, entries, vehicles, drivers, i, braking):
    """Take speed from a vehicle until its headway, and `braking` m/s2 to the speed of who is ahead, fit the gap."""
    me, driver = vehicles[i], drivers[i]
    pressure, other, _ = pressure_ahead(lanes, lines, entries, vehicles, drivers, i, me.lane, me.s, i, me.ways)
    if other == NONE:
        return
    ahead = max(speed_along(vehicles[other]), 0.0)
    gap = wanted_gap(driver, me.speed, speed_along(vehicles[other]), driver.headway) / pressure
    room, lag = max(gap - driver.gap, 0.0), braking * driver.headway
    in_time = np.sqrt(lag * lag + ahead * ahead + 2.0 * braking * room) - lag
    me.speed = max(min(me.speed, in_time, room / driver.headway), 0.0)
