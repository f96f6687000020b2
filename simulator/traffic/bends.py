"""Long vehicles in bends too tight for two: whoever gets there later waits before them.

Axles keep to the middle of lanes, so in a bend of curvature k a body of wheelbase L reaches k L² / 8 further to the
inside, halfway between its axles, and k x (x - L) / 2 further to the outside at x m ahead of the rear axle (a parabola
for the bend).
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.traffic.lane_map import NONE, half_width_at, sample_at
from simulator.traffic.state import WAYS, Control

LONG_M = 6.0  # shorter ones fit past each other in every bend
ROOM_M = 0.2  # kept between two
REACH_M, STEP_M = 50.0, 1.0  # ahead, that drivers look; between places that they look at
SHORT_M = 1.5  # of the bend, that those stand who wait
GENTLE_MPS2 = 2.0  # who would have to brake harder goes first
SLOW_MPS = 3.0  # that who is slower is reckoned to come at
LEVEL_M = 4.0  # bridges
DRIVER = int(Control.DRIVER)


@kernel
def wait_at_bends(lanes, vehicles, drivers, stand):
    """Move the points where drivers stand before bends in which they would touch who comes.

    Args:
        lanes: Lanes.
        vehicles, drivers: (A,).
        stand: (A,) m from each front bumper, modified.
    """
    for i in range(len(vehicles)):
        if vehicles[i].control != DRIVER or drivers[i].front + drivers[i].rear < LONG_M:
            continue
        for j in range(len(vehicles)):
            if j == i or vehicles[j].control != DRIVER:
                continue
            if j < i and drivers[j].front + drivers[j].rear >= LONG_M:
                continue  # looked at from the other side
            dx, dy = vehicles[j].x - vehicles[i].x, vehicles[j].y - vehicles[i].y
            if dx * dx + dy * dy > REACH_M * REACH_M or abs(vehicles[j].z - vehicles[i].z) > LEVEL_M:
                continue
            mine, its = _to_the_bend(lanes, vehicles[i], drivers[i], vehicles[j], drivers[j])
            if mine == np.inf:
                continue
            if _arrival(vehicles[i].speed, mine) <= _arrival(vehicles[j].speed, its):
                stand[j] = min(stand[j], max(its - SHORT_M, 0.0))
            else:
                stand[i] = min(stand[i], max(mine - SHORT_M, 0.0))


@kernel(inline=True)
def _arrival(speed, away):
    """s until one is in a bend `away` m ahead; 0 for who can no longer wait for others."""
    if away - SHORT_M < 0.5 * speed * speed / GENTLE_MPS2:
        return 0.0
    return away / max(speed, SLOW_MPS)


@kernel(inline=True)
def _reach(driver, curvature, left):
    """m from the middle of its lane to the outermost point of a body on its left (else right), in a bend."""
    if (curvature > 0.0) == left:
        extra = driver.wheelbase * driver.wheelbase / 8.0
    else:
        tip, tail = driver.front * (driver.front - driver.wheelbase), driver.rear * (driver.rear + driver.wheelbase)
        extra = 0.5 * max(tip, tail)
    return driver.half_width + abs(curvature) * extra


@kernel(inline=True)
def _along(lanes, vehicle, lane, s):
    """m from a vehicle to a place on its way, infinite where it is not on it."""
    at, start = vehicle.lane, -vehicle.s
    for k in range(WAYS):
        if at == lane:
            return start + s
        if at == NONE:
            break
        start += lanes.lanes[at].length
        at = vehicle.ways[k]
    return np.inf


@kernel(inner=True)
def _to_the_bend(lanes, me, driver, it, its):
    """m from the front of one, and from that of another, to where they first could not both be; infinite: nowhere."""
    mine, other = np.inf, np.inf
    lane, start = me.lane, -me.s
    for k in range(WAYS):
        length = lanes.lanes[lane].length
        left = lanes.lanes[lane].keeps < 0  # of its lane is the oncoming one
        s = max(-start - driver.rear, 0.0)
        while s < length and start + s < REACH_M:
            n = sample_at(lanes, lane, s)[0]
            here = lanes.passing[n]
            if here.oncoming != NONE:
                bend = lanes.samples[n].curvature
                need = _reach(driver, bend, left) + _reach(its, -bend, left) + ROOM_M
                if need > lanes.samples[n].half_width + half_width_at(lanes, here.oncoming, here.oncoming_s):
                    away = _along(lanes, it, here.oncoming, here.oncoming_s)
                    if -its.rear < away < np.inf:
                        mine, other = min(mine, start + s - driver.front), min(other, away - its.front)
            s += STEP_M
        start += length
        lane = me.ways[k]
        if lane == NONE or start > REACH_M:
            break
    return mine, other
