"""Who or what is in the way without being in line: people on the road, wrecks and strangers that lie across lanes.

Drivers take them to go on as they do, and stand before those that will be in their way when they get there.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.trig import sine_cosine
from simulator.traffic.following import wanted_gap
from simulator.traffic.lane_map import NONE, sample_at
from simulator.traffic.locating import project
from simulator.traffic.person import Mode
from simulator.traffic.state import WAYS, Control

KEPT_M, ASIDE_M = 1.0, 0.3  # ahead of the bumper and beside the body
BEFORE_S, AFTER_S = 0.7, 0.3  # that they must be out of the way before a driver gets there, or not yet in it
LATEST_MPS2 = 3.0  # of braking, from which on drivers no longer trust that others go on
CREEPING_MPS = 3.0  # what slower drivers are taken to go at: they may speed up
ASKEW = 0.25  # sine of the angle to the lane from which on a vehicle is more in the way than its place on it tells
LEVEL_M = 4.0  # bridges
BENDS, BENDS_M = 1.5, 10.0  # ways are at most so much longer than the straight line
CROSSING, STRAYING = int(Mode.CROSSING), int(Mode.STRAYING)
DRIVER, OUTSIDE, WRECK = int(Control.DRIVER), int(Control.OUTSIDE), int(Control.WRECK)


@kernel
def heed(lanes, people, vehicles, drivers, stand):
    """Move the points where drivers stand before who or what is in their way.

    Args:
        lanes: Lanes.
        people: (P,) PERSON_DTYPE.
        vehicles, drivers: (A,).
        stand: (A,) m from each front bumper, modified.
    """
    reach = np.empty(len(vehicles))  # m ahead that drivers care for
    for i in range(len(vehicles)):
        vehicle, driver = vehicles[i], drivers[i]
        reach[i] = -np.inf
        if vehicle.control == DRIVER:
            reach[i] = driver.front + KEPT_M + wanted_gap(driver, vehicle.speed, 0.0, driver.headway)
    for p in range(people.shape[0]):
        person = people[p]
        if person.mode == CROSSING or person.mode >= STRAYING:
            place, velocity = (person.x, person.y, person.z), (person.vx, person.vy)
            _tell(lanes, vehicles, drivers, reach, stand, place, velocity, (person.radius, 0.0, 0.0, 0.0))
    for j in range(vehicles.shape[0]):
        body = vehicles[j]
        if (body.control == OUTSIDE or body.control == WRECK) and _is_askew(lanes, body):
            c, s, its = np.cos(body.yaw), np.sin(body.yaw), drivers[j]
            middle = 0.5 * (its.front - its.rear)
            place = (body.x + middle * c, body.y + middle * s, body.z)
            velocity = (body.speed * c - body.lateral_speed * s, body.speed * s + body.lateral_speed * c)
            box = (0.0, 0.5 * (its.front + its.rear), its.half_width, body.yaw)
            _tell(lanes, vehicles, drivers, reach, stand, place, velocity, box)


@kernel(inline=True)
def _is_askew(lanes, body):
    """Whether a vehicle is on no lane, or not along it."""
    if body.lane == NONE:
        return True
    turned = body.yaw - lanes.samples[sample_at(lanes, body.lane, body.s)[0]].heading
    return abs(sine_cosine(turned)[0]) > ASKEW


@kernel
def _tell(lanes, vehicles, drivers, reach, stand, place, velocity, shape):
    """Tell all drivers, who care for what is within `reach` (A,), of a body at `place` (x, y, z).

    Its `shape` are a radius, half length and half width of a box, and the yaw of that.
    """
    x, y, z = place
    vx, vy = velocity
    radius, half_length, half_width, yaw = shape
    size = radius + half_length
    for i in range(vehicles.shape[0]):
        far = reach[i] + size
        if far < 0.0:
            continue
        vehicle, driver = vehicles[i], drivers[i]
        dx, dy = x - vehicle.x, y - vehicle.y
        if dx * dx + dy * dy > far * far or abs(z - vehicle.z) > LEVEL_M:
            continue
        straight = np.sqrt(dx * dx + dy * dy)
        lane, start = vehicle.lane, -vehicle.s
        for k in range(-1, WAYS):
            length = lanes.lanes[lane].length
            if start > min(far, BENDS * straight + BENDS_M):
                break
            if start + length > straight - BENDS_M:
                s, d = project(lanes, lane, min(max(straight - start, 0.0), length), x, y)
                if -1.0 < s < length + 1.0:
                    a = lanes.samples[sample_at(lanes, lane, s)[0]]
                    c, sn = np.cos(a.heading), np.sin(a.heading)
                    turned_c, turned_s = abs(np.cos(yaw - a.heading)), abs(np.sin(yaw - a.heading))
                    deep = radius + half_length * turned_c + half_width * turned_s
                    wide = radius + half_length * turned_s + half_width * turned_c
                    ahead = start + s - deep - driver.front
                    pace = max(vehicle.speed, CREEPING_MPS)
                    comes = max(ahead / pace - BEFORE_S, 0.0)
                    gone = max(ahead + 2.0 * deep + driver.front + driver.rear, 0.0) / pace + AFTER_S
                    aside = vy * c - vx * sn
                    room = max(ahead - KEPT_M, 0.1)
                    if vehicle.speed * vehicle.speed > 2.0 * LATEST_MPS2 * room:
                        comes = 0.0  # should it stop in the way, one could hardly brake any more
                    low = d + min(aside * comes, aside * gone) - wide
                    high = d + max(aside * comes, aside * gone) + wide
                    side = driver.half_width + ASIDE_M
                    if (
                        ahead > -2.0 * deep
                        and low < max(vehicle.d, vehicle.wish_d) + side
                        and high > min(vehicle.d, vehicle.wish_d) - side
                    ):
                        stand[i] = min(stand[i], max(ahead - KEPT_M, 0.0))
            start += length
            lane = vehicle.ways[k + 1] if k + 1 < WAYS else NONE
            if lane == NONE:
                break
