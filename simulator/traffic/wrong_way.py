"""Drivers who go against the traffic: along a lane from its end to its start, as if it were theirs.

They keep to their lane, slow down for bends, and brake by the Intelligent Driver Model for whoever is in front of them,
closing at the sum of both speeds; they heed neither signals nor priority. To the others they are vehicles of a negative
speed: these brake, change lanes where that helps, and keep to the edge of their lane, as they do for blue lamps.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.traffic.emergency import ASIDE_S, aside_side
from simulator.traffic.following import (
    TOUCHING_M,
    desired_speed,
    free_acceleration,
    horizon,
    speed_along,
    wanted_gap,
)
from simulator.traffic.lane_change import draw, move_sideways
from simulator.traffic.lane_map import NONE, half_width_at, lane_pose, sample_at
from simulator.traffic.occupancy import ASKS
from simulator.traffic.poses import STANDING_MPS
from simulator.traffic.prospects import BRAKING_MPS2
from simulator.traffic.state import WAYS, Control

SEEN_S = 6.0  # before they meet, others keep to the edge
GIVING_UP_S = 20.0  # of standing before others, after which it is gone: somebody else comes up for it
BEND_STEP_M = 5.0  # between places ahead that are looked at
BEND_LOOKS = 12
BACK_DRAW = 30  # purpose of random draws
ARRIVED, WRONG_WAY = int(Control.ARRIVED), int(Control.WRONG_WAY)


@kernel
def decide_back(lanes, vehicle, seed, row):
    """Draw the lanes before a wrong-way driver's, where they are not yet decided: its `ways` lead there."""
    lane = vehicle.lane
    for k in range(WAYS):
        if vehicle.ways[k] == NONE:
            here = lanes.lanes[lane]
            if here.previouses == 0:
                return
            chosen = np.int64(draw(seed, row, vehicle, BACK_DRAW * 64 + k) % np.uint32(here.previouses))
            vehicle.ways[k] = lanes.links[here.previous + chosen]
        lane = vehicle.ways[k]


@kernel
def place_against(lanes, vehicle, driver, dt):
    """Fill in the pose of a wrong-way driver from its place: as `poses.place`, facing the other way."""
    x, y, z, _heading = lane_pose(lanes, vehicle.lane, vehicle.s, vehicle.d)
    lane, s, k = vehicle.lane, vehicle.s - driver.wheelbase, 0
    while s < 0.0 and k < WAYS and vehicle.ways[k] != NONE:
        lane = vehicle.ways[k]
        s += lanes.lanes[lane].length
        k += 1
    ahead_x, ahead_y, ahead_z, _ = lane_pose(lanes, lane, s, vehicle.d + vehicle.slope * driver.wheelbase)
    yaw = np.arctan2(ahead_y - y, ahead_x - x)
    turned = yaw - vehicle.yaw
    turned -= 2.0 * np.pi * np.round(turned / (2.0 * np.pi))
    vehicle.yaw_rate = turned / dt if dt > 0.0 else 0.0
    vehicle.x, vehicle.y, vehicle.z, vehicle.yaw = x, y, z, yaw
    vehicle.steer = np.arctan(driver.wheelbase * vehicle.yaw_rate / max(vehicle.speed, 1.0))
    vehicle.roll = -lanes.samples[sample_at(lanes, vehicle.lane, vehicle.s)[0]].roll
    vehicle.pitch = -np.arctan2(ahead_z - z, driver.wheelbase)


@kernel
def turn_against(lanes, vehicle, driver, seed, row):
    """Turn a vehicle round on the stretch of its lane that it covers."""
    vehicle.s += driver.front - driver.rear
    vehicle.against = 1
    for k in range(WAYS):
        vehicle.ways[k] = NONE
    decide_back(lanes, vehicle, seed, row)
    place_against(lanes, vehicle, driver, 0.0)


@kernel
def _in_front(lines, entries, vehicles, drivers, me, lane, bumper):
    """The next vehicle towards the start of a lane from a place, or NONE, and m to it; nobody asking."""
    count, e = len(vehicles), lines[lane].last
    while e != NONE:
        other = e % count
        gap = bumper - entries[e].s - drivers[other].front
        if e < ASKS * count and other != me and entries[e].s < bumper:
            return other, gap
        e = entries[e].behind
    return NONE, np.inf


@kernel
def _bends(lanes, vehicle, driver):
    """m/s that bends ahead on its lanes comfortably allow now."""
    allowed, lane, s, k = np.inf, vehicle.lane, vehicle.s, 0
    for n in range(BEND_LOOKS):
        curvature = abs(lanes.samples[sample_at(lanes, lane, s)[0]].curvature)
        fit = driver.lateral / max(curvature, 1e-6)
        allowed = min(allowed, np.sqrt(fit + 2.0 * BRAKING_MPS2 * n * BEND_STEP_M))
        s -= BEND_STEP_M
        while s < 0.0 and k < WAYS and vehicle.ways[k] != NONE:
            lane = vehicle.ways[k]
            s += lanes.lanes[lane].length
            k += 1
    return allowed


@kernel
def drive_against(lanes, lines, entries, vehicles, drivers, i):
    """m/s2 that wrong-way driver `i` chooses; others that it meets keep to the edge from now on.

    Args:
        lanes, lines, entries, vehicles, drivers: of this world.
        i: index of the vehicle.
    """
    me, driver = vehicles[i], drivers[i]
    desired = min(desired_speed(lanes, driver, me.lane, me.s), _bends(lanes, me, driver))
    free = free_acceleration(driver, me.speed, desired)
    far = horizon(driver, me.speed)
    lane, bumper, chosen = me.lane, me.s - driver.front, free
    start = 0.0  # m from the front bumper back to the start of the lane that `bumper` counts on
    for k in range(-1, WAYS):
        if k >= 0:
            lane = me.ways[k]
            if lane == NONE or start > far:
                break
            bumper += lanes.lanes[lane].length
        other, gap = _in_front(lines, entries, vehicles, drivers, i, lane, bumper)
        if other != NONE:
            ahead = -speed_along(vehicles[other])
            if gap < SEEN_S * (me.speed - ahead) and not vehicles[other].against:
                vehicles[other].aside = ASIDE_S
            pressure = wanted_gap(driver, me.speed, ahead, driver.headway) / max(gap, TOUCHING_M)
            chosen = free - driver.accel * pressure * pressure
            break
        start = bumper
    room = max(half_width_at(lanes, me.lane, me.s) - driver.half_width, 0.0)
    me.wish_d = -aside_side(lanes, me) * 0.5 * room
    return max(chosen, -driver.hardest)


@kernel
def move_against(lanes, vehicle, driver, seed, row, dt):
    """Move a wrong-way driver: constant acceleration over the step, no reversing; it leaves where lanes begin."""
    before = vehicle.speed
    after = max(before + vehicle.wish_acceleration * dt, 0.0)
    way = 0.5 * (before + after) * dt
    vehicle.acceleration, vehicle.speed = (after - before) / dt, after
    vehicle.s -= way
    vehicle.travel += way
    vehicle.steps += 1
    vehicle.waited = vehicle.waited + dt if after < STANDING_MPS else 0.0
    move_sideways(vehicle, driver, way, dt)
    while vehicle.s < 0.0 and vehicle.ways[0] != NONE:
        vehicle.lane = vehicle.ways[0]
        vehicle.s += lanes.lanes[vehicle.lane].length
        for n in range(WAYS - 1):
            vehicle.ways[n] = vehicle.ways[n + 1]
        vehicle.ways[WAYS - 1] = NONE
    if vehicle.s < 0.0 or vehicle.waited > GIVING_UP_S:
        vehicle.control, vehicle.lane = ARRIVED, NONE
        return
    if vehicle.ways[WAYS - 1] == NONE:
        decide_back(lanes, vehicle, seed, row)
    place_against(lanes, vehicle, driver, dt)
