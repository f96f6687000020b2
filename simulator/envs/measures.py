"""What is measured of agents in a step: how they moved, which rules they broke, where they are."""

from __future__ import annotations

import numpy as np

from simulator.envs.agents import Metric
from simulator.envs.paved import off_road
from simulator.numerics.jit import kernel
from simulator.numerics.trig import sine_cosine
from simulator.traffic.desk import Event
from simulator.traffic.lane_map import NONE, sample_at
from simulator.traffic.signals import Colour
from simulator.traffic.state import WAYS

STANDING_MPS = 0.1
HORIZON_S = 10.0  # of times to collision
TOLERATED = 1.05  # times the limit, beyond which a driver is speeding
RED, SPEEDING, AGAINST, UNLAWFUL = 1, 2, 4, 8  # rules that are broken, bits
SIGHT_M = 100.0  # to the next stop line; farther ones are not told of
NEAR_M, ALIGNED = 0.5, np.sin(np.radians(10.0))  # of its goal, and sine of the angle to it, that count as there


@kernel(inline=True)
def _greater(metrics, metric, i, value):
    """Keep the value of greatest magnitude."""
    if abs(value) > abs(metrics[i, metric]):
        metrics[i, metric] = value


@kernel(inline=True)
def measure_motion(lanes, vehicle, agent, events, metrics, i, dt):
    """What one step of physics adds to the measures of agent `i`."""
    sideways = vehicle.speed * vehicle.yaw_rate
    forwards_change, sideways_change = vehicle.acceleration - agent.acceleration, sideways - agent.sideways
    jerk = np.sqrt(forwards_change * forwards_change + sideways_change * sideways_change) / dt
    if agent.steps > 0 or agent.acceleration != 0.0:
        _greater(metrics, Metric.JERK_MPS3, i, jerk)
    agent.acceleration, agent.sideways = vehicle.acceleration, sideways
    _greater(metrics, Metric.ACCELERATION_MPS2, i, vehicle.acceleration)
    _greater(metrics, Metric.LATERAL_ACCELERATION_MPS2, i, sideways)
    broken = 0
    if vehicle.lane != NONE:
        j, _ = sample_at(lanes, vehicle.lane, vehicle.s)
        along = vehicle.speed * sine_cosine(vehicle.yaw - lanes.samples[j].heading)[1]
        metrics[i, Metric.PROGRESS_M] += along * dt
        broken |= SPEEDING if vehicle.speed > TOLERATED * lanes.samples[j].limit else 0
        broken |= AGAINST if along < -STANDING_MPS and vehicle.speed > 0.0 else 0
    if events & Event.RED_LIGHT:
        metrics[i, Metric.RED_LIGHT] = 1.0
    broken |= RED * (events & Event.RED_LIGHT != 0) + UNLAWFUL * (events & ~Event.RED_LIGHT != 0)
    for rule in (RED, SPEEDING, AGAINST, UNLAWFUL):
        metrics[i, Metric.VIOLATIONS] += 1.0 if broken & rule and not agent.wrong & rule else 0.0
    agent.wrong = broken


@kernel(inline=True)
def _gate_ahead(engine, w, vehicle, driver):
    """m from the front bumper to the next stop line on the way, inf: none near; 1 at a red light, 0.5 at amber."""
    lanes, gates = engine.ground.lanes, engine.ground.gates.gates
    lane, start = vehicle.lane, -vehicle.s
    for k in range(-1, WAYS):
        if lane == NONE or start > SIGHT_M + driver.front:
            break
        gate = gates[lane]
        if gate.gated and (k >= 0 or start + gate.stop > driver.front):
            light = 0.0
            if gate.signal != NONE:
                colour = engine.traffic.signals[w, gate.signal]
                light = 1.0 if colour == Colour.RED else 0.5 if colour == Colour.AMBER else 0.0
            return start + gate.stop - driver.front, light
        start += lanes.lanes[lane].length
        lane = vehicle.ways[k + 1] if k + 1 < WAYS else NONE
    return np.inf, 0.0


@kernel(inline=True)
def measure_place(engine, w, vehicle, driver, agent, goals, metrics, i):
    """What is measured of agent `i` at the end of a step."""
    metrics[i, Metric.SPEED_MPS] = vehicle.speed
    metrics[i, Metric.SPEEDING_MPS] = metrics[i, Metric.WRONG_WAY] = metrics[i, Metric.ARRIVED] = 0.0
    metrics[i, Metric.OFF_ROAD] = 1.0 if off_road(engine.paved, vehicle, driver) else 0.0
    lanes = engine.ground.lanes
    agent.stand_m, agent.red = _gate_ahead(engine, w, vehicle, driver)
    if vehicle.lane != NONE:
        j, _ = sample_at(lanes, vehicle.lane, vehicle.s)
        metrics[i, Metric.SPEEDING_MPS] = max(vehicle.speed - lanes.samples[j].limit, 0.0)
        metrics[i, Metric.WRONG_WAY] = 1.0 if agent.wrong & AGAINST else 0.0
        metrics[i, Metric.ARRIVED] = 1.0 if vehicle.s > goals[vehicle.lane] else 0.0
    if agent.has_goal and _reached(vehicle, driver, agent):
        metrics[i, Metric.ARRIVED] = 1.0


@kernel(inline=True)
def goal_distance(vehicle, driver, agent):
    """m from the middle of a vehicle to its goal."""
    ahead = 0.5 * (driver.front - driver.rear)
    x, y = vehicle.x + ahead * np.cos(vehicle.yaw), vehicle.y + ahead * np.sin(vehicle.yaw)
    return np.hypot(x - agent.goal_x, y - agent.goal_y)


@kernel(inline=True)
def _reached(vehicle, driver, agent):
    """Whether a vehicle stands in its bay, either way round."""
    aligned = abs(np.sin(vehicle.yaw - agent.goal_yaw)) < ALIGNED
    return goal_distance(vehicle, driver, agent) < NEAR_M and aligned and abs(vehicle.speed) < STANDING_MPS
