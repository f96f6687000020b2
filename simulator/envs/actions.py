"""What agents may do: spaces of actions, and what becomes of an action in the rows of traffic."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulator.dynamics import Control as Pedal
from simulator.dynamics import Model, State
from simulator.numerics.jit import kernel

if TYPE_CHECKING:
    from gymnasium.spaces import Space

WAYPOINTS, WAYPOINT_S, REACH_M = 5, 0.5, 40.0  # how many, s between them, m at an action of 1
LOOK_S, LOOK_M = 0.6, 4.0  # pure pursuit looks that long ahead, at least so far


class Kind(IntEnum):
    """Kinds of actions."""

    CONTINUOUS = 0
    DISCRETE = 1
    WAYPOINTS = 2


class Meta(IntEnum):
    """Discrete actions, numbered as highway-env's `DiscreteMetaAction`."""

    LANE_LEFT = 0
    IDLE = 1
    LANE_RIGHT = 2
    FASTER = 3
    SLOWER = 4


WIDTHS = {Kind.CONTINUOUS: 2, Kind.DISCRETE: 1, Kind.WAYPOINTS: 2 * WAYPOINTS}  # numbers in an action


def action_space(kind: Kind) -> Space[Any]:
    """Of one agent.

    - continuous: steering (left is positive) and throttle (positive) or brake (negative), in -1..1.
    - discrete: `Meta`.
    - waypoints: x, y of 5 places, 0.5 s apart, in the agent's frame of now, in units of 40 m.
    """
    from gymnasium.spaces import Box, Discrete

    if kind == Kind.DISCRETE:
        return Discrete(len(Meta))
    return Box(-1.0, 1.0, (WIDTHS[kind],), np.float32)


class Limits(NamedTuple):
    """What an action of 1 stands for.

    Attributes:
        kind: `Kind`.
        steering: rad of the front wheels.
        throttle, brake: m/s2.
        reverse: whether a negative throttle drives backwards instead of braking.
    """

    kind: int
    steering: float
    throttle: float
    brake: float
    reverse: bool


@kernel(inline=True)
def take_meta(action, vehicle, agent, speeds):
    """Wish for a lane and a speed as a discrete action (`Meta`) says."""
    choice = np.int64(action)
    faster = 1 if choice == Meta.FASTER else -1 if choice == Meta.SLOWER else 0
    agent.target = min(max(agent.target + faster, 0), speeds.shape[0] - 1)
    vehicle.wish_speed = speeds[agent.target]
    vehicle.wish_lane = 1 if choice == Meta.LANE_LEFT else -1 if choice == Meta.LANE_RIGHT else 0


@kernel(inline=True)
def take_waypoints(action, vehicle, path):
    """Fill `path` (WAYPOINTS + 1, 2) with the way to go, from where the vehicle is, m in the frame of the map."""
    c, s = np.cos(vehicle.yaw), np.sin(vehicle.yaw)
    path[0, 0], path[0, 1] = vehicle.x, vehicle.y
    for k in range(WAYPOINTS):
        x, y = REACH_M * action[2 * k], REACH_M * action[2 * k + 1]
        path[k + 1, 0], path[k + 1, 1] = vehicle.x + c * x - s * y, vehicle.y + s * x + c * y


@kernel(inline=True)
def _pursue(path, x, y, yaw, since, wheelbase):
    """Angle of the front wheels and speed with which to follow a path, `since` s after it was given.

    Pure pursuit (R. C. Coulter, CMU-RI-TR-92-01, 1992) of the point `LOOK_S` ahead in time; the speed is that between
    the waypoints.
    """
    ahead = min((since + LOOK_S) / WAYPOINT_S, float(WAYPOINTS))
    k = min(int(ahead), WAYPOINTS - 1)
    u = ahead - k
    tx, ty = path[k, 0] + u * (path[k + 1, 0] - path[k, 0]), path[k, 1] + u * (path[k + 1, 1] - path[k, 1])
    k = min(int(since / WAYPOINT_S), WAYPOINTS - 1)
    wanted = np.hypot(path[k + 1, 0] - path[k, 0], path[k + 1, 1] - path[k, 1]) / WAYPOINT_S
    dx, dy = tx - x, ty - y
    c, s = np.cos(yaw), np.sin(yaw)
    forwards, left = dx * c + dy * s, dy * c - dx * s
    square = max(forwards * forwards + left * left, LOOK_M * LOOK_M)
    return np.arctan(2.0 * wheelbase * left / square), wanted if forwards > 0.0 else 0.0


@kernel(inline=True)
def hold(limits, action, path, since, state, control, i, p, dt):
    """Set steering rate, drive and brake of vehicle `i` for the next `dt` s, from its action or its path."""
    if limits.kind == Kind.WAYPOINTS:
        wheelbase, yaw = p.front + p.rear, state[State.YAW, i]
        behind = 0.0 if p.model == Model.KINEMATIC else p.rear
        x, y = state[State.X, i] - behind * np.cos(yaw), state[State.Y, i] - behind * np.sin(yaw)
        steer, wanted = _pursue(path, x, y, yaw, since, wheelbase)
        acceleration = (wanted - state[State.SPEED, i]) / max(WAYPOINT_S, dt)
    else:
        steer = limits.steering * action[0]
        acceleration = (limits.throttle if action[1] > 0.0 or limits.reverse else limits.brake) * action[1]
    control[Pedal.STEER_RATE, i] = (steer - state[State.STEER, i]) / dt
    drives = acceleration > 0.0 or (limits.reverse and limits.kind == Kind.CONTINUOUS)
    control[Pedal.DRIVE, i] = acceleration if drives else 0.0
    control[Pedal.BRAKE, i] = 0.0 if drives else -acceleration
