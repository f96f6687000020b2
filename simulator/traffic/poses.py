"""Where a vehicle's body is, how it leans, and which lamps are on, from its place on the lanes."""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.scene.material import Switch
from simulator.traffic.lane_map import NONE, lane_pose, sample_at
from simulator.traffic.state import WAYS

BRAKE_LAMP_MPS2 = 0.7  # UN R13-H: braking below need not light the lamps, above 1.3 must
STANDING_MPS = 0.05
BODY_S = 0.25  # in which a body takes on its lean
SIGNALLING_S, SIGNALLING_M = 3.0, 15.0  # before a turn its indicator is on
BEACON = np.uint32(1 << Switch.BEACON)
BRAKE, LEFT, RIGHT = (
    np.uint32(1 << switch) for switch in (Switch.BRAKE, Switch.INDICATOR_LEFT, Switch.INDICATOR_RIGHT)
)
HAZARD = LEFT | RIGHT
OVER_M = 0.3  # from where a vehicle that passes wants to be in the lane, it still moves there


@kernel
def place(lanes, vehicle, driver, dt):
    """Fill in the pose of a vehicle from its place: both axles on its way; it leans on its springs.

    With `dt` 0 it has always been as it is now.
    """
    x, y, z, heading = lane_pose(lanes, vehicle.lane, vehicle.s, vehicle.d)
    slope = vehicle.slope
    lane, s, k = vehicle.lane, vehicle.s + driver.wheelbase, 0
    while s > lanes.lanes[lane].length and k < WAYS and vehicle.ways[k] != NONE:
        s -= lanes.lanes[lane].length
        lane = vehicle.ways[k]
        k += 1
    ahead_x, ahead_y, ahead_z, ahead_heading = lane_pose(lanes, lane, s, vehicle.d + slope * driver.wheelbase)
    yaw = np.arctan2(ahead_y - y, ahead_x - x)
    yaw += 2.0 * np.pi * np.round((heading - yaw) / (2.0 * np.pi))
    turned = yaw - vehicle.yaw
    turned -= 2.0 * np.pi * np.round(turned / (2.0 * np.pi))
    vehicle.yaw_rate = turned / dt if dt > 0.0 else 0.0
    vehicle.x, vehicle.y, vehicle.z, vehicle.yaw = x, y, z, yaw
    # The front wheels point along their own path, which bends with the lane and within it, the rear wheels along the
    # body.
    ahead_heading += slope + vehicle.bend * driver.wheelbase - yaw
    vehicle.steer = ahead_heading - 2.0 * np.pi * np.round(ahead_heading / (2.0 * np.pi))
    i, u = sample_at(lanes, vehicle.lane, vehicle.s)
    u = min(max(u, 0.0), 1.0)
    share = dt / (BODY_S + dt) if dt > 0.0 else 1.0
    lean = driver.lean * vehicle.speed * vehicle.yaw_rate
    vehicle.lean += share * (lean - vehicle.lean)
    vehicle.dive += share * (-driver.dive * vehicle.acceleration - vehicle.dive)
    road = lanes.samples[i].roll + u * (lanes.samples[i + 1].roll - lanes.samples[i].roll)
    vehicle.roll = road + vehicle.lean
    rises = np.arctan2(ahead_z - z, driver.wheelbase) if ahead_z != z else 0.0
    vehicle.pitch = vehicle.dive - rises


@kernel(inline=True)
def light(lanes, vehicle):
    """Switch the lamps for braking and turning."""
    lamps = vehicle.lamps & ~(BRAKE | LEFT | RIGHT)
    if vehicle.acceleration < -BRAKE_LAMP_MPS2 or vehicle.speed < STANDING_MPS:
        lamps |= BRAKE
    side = vehicle.change if vehicle.change != 0 else vehicle.asks
    if vehicle.over != 0 and abs(vehicle.wish_d - vehicle.d) > OVER_M:
        side = 1 if vehicle.wish_d > vehicle.d else -1
    if side == 0:
        side = turn_ahead(lanes, vehicle)
    if side != 0:
        lamps |= LEFT if side > 0 else RIGHT
    vehicle.lamps = lamps


@kernel(inline=True)
def turn_ahead(lanes, vehicle):
    """Side to which a vehicle turns at the junction that it is in or nears."""
    lane, ahead = vehicle.lane, -vehicle.s
    for k in range(-1, WAYS):
        if k >= 0:
            ahead += lanes.lanes[lane].length
            lane = vehicle.ways[k]
        if lane == NONE or ahead > SIGNALLING_S * vehicle.speed + SIGNALLING_M:
            return 0
        if lanes.lanes[lane].junction != NONE:
            return lanes.lanes[lane].turn
    return 0
