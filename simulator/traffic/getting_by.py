"""Whether a driver gets by somebody whose tail stands where their ways meet: one body against the other.

Ways meet where the widest vehicles there are would touch. A driver who has to wait behind a tail looks more closely.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.traffic.lane_map import NONE, lane_pose
from simulator.traffic.state import WAYS

STOOD_S = 10.0  # for which the other has stood
ROOM_M = 0.25  # kept to it
STEP_M = 0.5  # between places that are looked at


@kernel(inner=True)
def gets_by(lanes, vehicle, driver, other, its, far):
    """Whether a vehicle touches another, which stands, nowhere on the next `far` m of its way."""
    middle, c, s = 0.5 * (its.front - its.rear), np.cos(other.yaw), np.sin(other.yaw)
    x, y = other.x + middle * c, other.y + middle * s
    length, width = 0.5 * (its.front + its.rear), its.half_width
    own_middle, own_length = 0.5 * (driver.front - driver.rear), 0.5 * (driver.front + driver.rear)
    own_width = driver.half_width + ROOM_M
    for n in range(int(far / STEP_M) + 2):
        rear_x, rear_y = _on_the_way(lanes, vehicle, vehicle.s + n * STEP_M)
        front_x, front_y = _on_the_way(lanes, vehicle, vehicle.s + n * STEP_M + driver.wheelbase)
        axles = max(np.hypot(front_x - rear_x, front_y - rear_y), 1e-6)
        own_c, own_s = (front_x - rear_x) / axles, (front_y - rear_y) / axles
        dx, dy = x - rear_x - own_middle * own_c, y - rear_y - own_middle * own_s
        cos, sin = abs(own_c * c + own_s * s), abs(own_c * s - own_s * c)
        if (  # on all four separating axes
            abs(dx * own_c + dy * own_s) < own_length + length * cos + width * sin
            and abs(dy * own_c - dx * own_s) < own_width + length * sin + width * cos
            and abs(dx * c + dy * s) < length + own_length * cos + own_width * sin
            and abs(dy * c - dx * s) < width + own_length * sin + own_width * cos
        ):
            return False
    return True


@kernel(inner=True)
def _on_the_way(lanes, vehicle, s):
    """x, y of a place on the way of a vehicle, `s` m from the start of its lane."""
    lane, d = vehicle.lane, vehicle.d
    for k in range(WAYS):
        if s <= lanes.lanes[lane].length or vehicle.ways[k] == NONE:
            break
        s -= lanes.lanes[lane].length
        lane = vehicle.ways[k]
    x, y, _, _ = lane_pose(lanes, lane, s, d)
    return x, y
