"""Who is on the road: kinds of vehicles, tempers of drivers, and where they come up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.rng import uniform
from simulator.traffic.following import FARTHEST_M, pressure_ahead, speed_ahead
from simulator.traffic.lane_change import decide_ways, draw
from simulator.traffic.lane_map import NONE, Lanes
from simulator.traffic.occupancy import enter, occupy
from simulator.traffic.poses import place
from simulator.traffic.prospects import BRAKING_MPS2, NARROW_M
from simulator.traffic.state import WAYS, Control

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
    ]
)
KINDS = np.array(
    [
        ("car", 0.76, 4.6, 1.8, 1.5, 2.7, 0.95, 55.0, 1.4, 2.0, 8.0, 1.5, 0.007, 0.005, 0, 0),
        ("van", 0.08, 5.3, 2.0, 2.2, 3.3, 1.0, 42.0, 1.2, 2.0, 7.5, 1.6, 0.009, 0.006, 1, 0),
        ("truck", 0.05, 8.5, 2.5, 3.2, 4.6, 2.4, 25.0, 0.8, 1.7, 7.0, 1.8, 0.006, 0.004, 2, 0),
        ("semitrailer", 0.02, 16.5, 2.55, 4.0, 11.0, 4.1, 25.0, 0.6, 1.5, 7.0, 2.0, 0.004, 0.002, 3, 0),
        ("bus", 0.02, 12.0, 2.55, 3.2, 5.9, 3.4, 28.0, 0.9, 1.5, 7.0, 1.8, 0.007, 0.004, 4, 0),
        ("motorcycle", 0.04, 2.2, 0.8, 1.5, 1.45, 0.4, 55.0, 2.2, 2.5, 9.0, 1.2, -0.1, 0.008, 5, 0),
        ("bicycle", 0.03, 1.8, 0.6, 1.7, 1.1, 0.35, 6.0, 0.7, 1.5, 6.0, 1.0, -0.1, 0.0, 6, 0),
    ],
    KIND_DTYPE,
)
PACE_DEVIATION, PACE_RANGE = 0.1, (0.75, 1.3)  # SUMO's speedFactor normc(1, 0.1, 0.2, 2), cut closer
HEADWAY_DEVIATION, HEADWAY_RANGE = (
    0.25,
    (0.6, 1.8),
)  # of the mean: lognormal, after headways measured on German motorways
POLITENESS_RANGE = (0.0, 0.5)  # Kesting, Treiber, Helbing 2007
THRESHOLD_MPS2, SAFE_MPS2 = 0.1, 4.0  # the same, table 1
GAP_M = 2.0
PATIENCE_S = (4.0, 12.0)
TRIES, LATER_TRIES = 60, 3  # places that are drawn for a vehicle, at first, and in a step later
ENTRY_M = 40.0  # of lanes into the map on which vehicles come up
BESIDE_M = 0.6  # kept free sideways where vehicles come up
DRIVER_DRAW, PLACE_DRAW = 2, 3  # purposes of random draws
NOBODY, DRIVER, ARRIVED = int(Control.NOBODY), int(Control.DRIVER), int(Control.ARRIVED)


class Sources(NamedTuple):
    """Where vehicles come up, and which.

    Attributes:
        lanes: (N,) int64 lanes that vehicles are on at first.
        weights: (N,) running sum of their shares, to 1.
        entries: (E,) int64 lanes on which they come up later: those that nothing leads to, else as at first.
        reach: m of their length on which they do.
        kinds: (K,) KIND_DTYPE.
        shares: (K,) running sum of the kinds' shares, to 1.
    """

    lanes: NDArray[np.int64]
    weights: NDArray[np.float64]
    entries: NDArray[np.int64]
    entry_weights: NDArray[np.float64]
    reach: float
    kinds: NDArray[np.void]
    shares: NDArray[np.float64]


def sources_of(lanes: Lanes, kinds: NDArray[np.void] = KINDS) -> Sources:
    """Vehicles of `kinds` anywhere on lanes outside junctions, as often as they are long."""
    rows = lanes.lanes
    open_lanes = np.flatnonzero((rows["junction"] == NONE) & (rows["usable"] > 0.0))
    if not len(open_lanes):
        open_lanes = np.arange(len(rows))
    length = rows["usable"][open_lanes]
    plain = np.array([tuple(kind)[1:] for kind in kinds], np.dtype(KIND_DTYPE.descr[1:]))
    share = kinds["share"] / kinds["share"].sum()
    running = np.cumsum(length) / length.sum()
    begin = np.flatnonzero((rows["previouses"] == 0) & (rows["usable"] > ENTRY_M) & (_opening(lanes) > NARROW_M))
    if len(begin):
        entries, weights, reach = begin.astype(np.int64), np.arange(1, len(begin) + 1) / len(begin), ENTRY_M
    else:
        entries, weights, reach = open_lanes.astype(np.int64), running, np.inf
    return Sources(open_lanes.astype(np.int64), running, entries, weights, reach, plain, np.cumsum(share))


def _opening(lanes: Lanes) -> NDArray[np.float64]:
    """(L,) half the width of lanes where they begin, m."""
    return np.asarray(lanes.samples["half_width"][lanes.lanes["first"]])


@kernel(inline=True)
def chance(seed, row, vehicle, purpose):  # type: ignore[no-untyped-def]
    """Float in [0, 1) of a vehicle now, for a purpose."""
    return np.float64(uniform(draw(seed, row, vehicle, purpose)))


@kernel
def normal(seed, row, vehicle, purpose):  # type: ignore[no-untyped-def]
    """Of the standard normal distribution (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log(1.0 - chance(seed, row, vehicle, purpose)))
    return radius * np.cos(2.0 * np.pi * chance(seed, row, vehicle, purpose + 1))


@kernel
def find(running, value):  # type: ignore[no-untyped-def]
    """First index whose running sum is above a value."""
    low, high = 0, len(running) - 1
    while low < high:
        middle = (low + high) // 2
        if running[middle] > value:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def draw_driver(sources, vehicle, driver, seed, row):  # type: ignore[no-untyped-def]
    """Draw what a row is now, and who drives it."""
    base = DRIVER_DRAW * 64
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
    driver.failing = 0


@kernel
def is_free(vehicles, drivers, i):  # type: ignore[no-untyped-def]
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


@kernel
def come_up(lanes, sources, vehicles, drivers, seed, i, later):  # type: ignore[no-untyped-def]
    """Draw a driver and a free place for row `i`: anywhere, or `later` at the entries; whether there is one."""
    me, driver = vehicles[i], drivers[i]
    me.control = ARRIVED
    me.lane = NONE
    draw_driver(sources, me, driver, seed, i)
    chosen, weights, reach = sources.lanes, sources.weights, np.inf
    if later:
        chosen, weights, reach = sources.entries, sources.entry_weights, sources.reach
    for attempt in range(LATER_TRIES if later else TRIES):
        base = (PLACE_DRAW + attempt) * 64
        lane = chosen[find(weights, chance(seed, i, me, base))]
        room = min(lanes.lanes[lane].usable - driver.front, reach) - driver.rear
        if room < 0.0:
            continue
        clear(me)
        me.lane, me.s = lane, driver.rear + chance(seed, i, me, base + 1) * room
        decide_ways(lanes, me.ways, lane, me, seed, i)
        place(lanes, me, driver, 0.0)
        if is_free(vehicles, drivers, i):
            me.control = DRIVER
            return True
    me.lane = NONE
    return False


@kernel
def recycle(lanes, sources, lines, entries, vehicles, drivers, seed):  # type: ignore[no-untyped-def]
    """Let others come up for those who have left the map, as soon as there is room."""
    for i in range(len(vehicles)):
        if vehicles[i].control == ARRIVED:
            vehicles[i].steps += 1  # other draws each time
            if come_up(lanes, sources, vehicles, drivers, seed, i, True):
                vehicles[i].serial += 1
                enter(lanes, lines, entries, vehicles, drivers, i)
                set_speed(lanes, lines, entries, vehicles, drivers, i)


@kernel(inline=True)
def clear(me):  # type: ignore[no-untyped-def]
    """Forget what a row was."""
    me.speed = me.lateral_speed = me.yaw_rate = me.acceleration = me.wish_acceleration = me.travel = 0.0
    me.lean = me.dive = me.d = me.d_rate = me.wish_d = me.waited = 0.0
    me.beside, me.change, me.asks, me.wish_lane, me.entered = NONE, 0, 0, 0, 0
    me.change_age = me.wish_speed = 0.0
    me.lamps = np.uint32(0)
    for k in range(WAYS):
        me.ways[k] = NONE


@kernel
def fill_worlds(lanes, sources, lines, entries, vehicles, drivers, seeds, chosen, begin, end):  # type: ignore[no-untyped-def]
    """Fill worlds with vehicles at speeds that fit.

    Args:
        lanes, sources: Lanes, Sources.
        lines, entries, vehicles, drivers, seeds: (W, ...).
        chosen: (N,) worlds.
        begin, end: of `chosen`.
    """
    for n in range(begin, end):
        w = chosen[n]
        for i in range(vehicles.shape[1]):
            vehicles[w, i].control, vehicles[w, i].lane, vehicles[w, i].serial = NOBODY, NONE, 0
            vehicles[w, i].steps = 0
        for i in range(vehicles.shape[1]):
            come_up(lanes, sources, vehicles[w], drivers[w], seeds[w], i, False)
        occupy(lanes, lines[w], entries[w], vehicles[w], drivers[w])
        for i in range(vehicles.shape[1]):
            if vehicles[w, i].control == DRIVER:
                set_speed(lanes, lines[w], entries[w], vehicles[w], drivers[w], i)


@kernel
def set_speed(lanes, lines, entries, vehicles, drivers, i):  # type: ignore[no-untyped-def]
    """Give a vehicle the speed of its surroundings: what it wants, as far as the gap ahead is enough for it."""
    me, driver = vehicles[i], drivers[i]
    me.speed = 0.0
    speed = min(driver.pace * speed_ahead(lanes, me), driver.fastest)
    pressure = pressure_ahead(lanes, lines, entries, vehicles, drivers, i, me.lane, me.s, i, me.ways)[0]
    gap = driver.gap / pressure if pressure > 0.0 else FARTHEST_M
    # As fast as it may be behind something that stands: the gap is headway and way to brake.
    braking, headway = BRAKING_MPS2, driver.headway
    free = (
        np.sqrt(braking * braking * headway * headway + 2.0 * braking * max(gap - driver.gap, 0.0)) - braking * headway
    )
    me.speed = min(speed, free)
