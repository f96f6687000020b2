"""Agents' vehicles that move by their actions: friction, controls, `simulator.dynamics`, and back into traffic."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics import Method, Model, State
from simulator.dynamics.friction import NEW_TREAD_MM, pavement_friction
from simulator.dynamics.stepping import advance
from simulator.envs.actions import hold
from simulator.numerics.jit import kernel
from simulator.numerics.trig import sine_cosine
from simulator.traffic.state import Control

Array = NDArray[np.float64]

APART = 8  # more numbers in a row than agents: rows 4 KiB apart would take turns in a few lines of the first cache


class Motion(NamedTuple):
    """Vehicles of the N agents that move as `simulator.dynamics` says.

    Attributes:
        state: (STATES, N + APART). control: (CONTROLS, N + APART).
        friction: (N,). vehicle: (N,) rows of `table`.
        table: (1,) VEHICLE_DTYPE of `simulator.dynamics`.
        paths: (N, WAYPOINTS + 1, 2) that agents follow.
    """

    state: Array
    control: Array
    friction: Array
    vehicle: NDArray[np.int64]
    table: NDArray[np.void]
    paths: Array


@kernel(inline=True)
def grip(weather, speed):
    """Peak friction of tyres on the road."""
    return weather.friction if weather.friction > 0.0 else pavement_friction(speed, weather.film, NEW_TREAD_MM)


@kernel
def load_motion(vehicle, motion, i):
    """Take pose and speed of agent `i` over from its row of traffic, rolling straight on."""
    p = motion.table[motion.vehicle[i]]
    for n in range(motion.state.shape[0]):
        motion.state[n, i] = 0.0
    ahead = 0.0 if p.model == Model.KINEMATIC else p.rear
    motion.state[State.X, i] = vehicle.x + ahead * np.cos(vehicle.yaw)
    motion.state[State.Y, i] = vehicle.y + ahead * np.sin(vehicle.yaw)
    motion.state[State.YAW, i], motion.state[State.SPEED, i] = vehicle.yaw, vehicle.speed
    if p.wheel_radius > 0.0:
        motion.state[State.WHEEL_FRONT, i] = motion.state[State.WHEEL_REAR, i] = vehicle.speed / p.wheel_radius


@kernel(inner=True)
def _store_motion(vehicle, motion, i):
    """Give pose and speed of agent `i` to its row of traffic: those of the point under the rear axle."""
    p, state = motion.table[motion.vehicle[i]], motion.state
    yaw, speed, slip = state[State.YAW, i], state[State.SPEED, i], state[State.SLIP, i]
    behind = 0.0 if p.model == Model.KINEMATIC else p.rear
    (s, c), (slip_s, slip_c) = sine_cosine(yaw), sine_cosine(slip)
    vehicle.x, vehicle.y = state[State.X, i] - behind * c, state[State.Y, i] - behind * s
    vehicle.yaw, vehicle.yaw_rate = yaw, state[State.YAW_RATE, i]
    vehicle.speed, vehicle.lateral_speed = speed * slip_c, speed * slip_s - behind * vehicle.yaw_rate
    vehicle.acceleration, vehicle.steer = state[State.ACCELERATION_X, i], state[State.STEER, i]
    vehicle.roll, vehicle.pitch = state[State.ROLL, i], state[State.PITCH, i]


@kernel(inner=True)
def move_agents(actors, motion, actions, limits, w, since, dt, parts):
    """Move the agents of world `w` that are driven from outside by `dt` s, `since` s after their actions were taken."""
    agents = actors.agents.shape[1]
    first = w * agents
    for k in range(agents):
        i, vehicle = first + k, actors.vehicles[w, k]
        motion.friction[i] = grip(actors.weather[w], vehicle.speed)
        p = motion.table[motion.vehicle[i]]
        hold(limits, actions[i], motion.paths[i], since, motion.state, motion.control, i, p, dt)
    advance(
        motion.state,
        motion.control,
        motion.friction,
        motion.vehicle,
        motion.table,
        first,
        first + agents,
        dt,
        parts,
        Method.ROSENBROCK,
    )
    for k in range(agents):
        if actors.vehicles[w, k].control == Control.OUTSIDE:
            _store_motion(actors.vehicles[w, k], motion, first + k)
