"""What agents are rewarded for: terms by name, each a number for one step; a task or its user gives them weights."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from simulator.envs.agents import Metric
from simulator.envs.measures import STANDING_MPS, goal_distance
from simulator.numerics.jit import kernel
from simulator.traffic.lane_map import NONE, Lanes, sample_at

Array = NDArray[np.float64]

COMFORTABLE_MPS2, COMFORTABLE_MPS3 = 2.0, 0.9  # ISO 15622 and ISO 2631-1 based limits of comfort that planners use
CLOSE_S = 1.5  # time to collision that traffic-conflict studies call critical (J. C. Hayward, 1972)


class Term(IntEnum):
    """Terms of rewards; all but `PROGRESS` and `GOAL` lie in 0..1."""

    COLLISION = 0  # 1 in the step in which it strikes something
    OFF_ROAD = 1  # 1 while a corner of it is off the road
    RED_LIGHT = 2  # 1 in the step in which it passes a stop line at red
    WRONG_WAY = 3  # 1 while it goes against the traffic of its lane
    SPEEDING = 4  # share by which it exceeds the limit
    HIGH_SPEED = 5  # 0 at the least but one, 1 at the greatest of the target speeds; on the road only
    RIGHT_LANE = 6  # 0 on the leftmost lane, 1 on the rightmost
    LANE_CHANGE = 7  # 1 where it begins to change lanes
    PROGRESS = 8  # m along the lane, in shares of what the limit allows in a step
    NEAR_MISS = 9  # 0 at a time to collision of 1.5 s and more, 1 at 0
    DISCOMFORT = 10  # share by which acceleration and jerk are more than comfortable
    STANDING = 11  # 1 while it stands
    ARRIVED = 12  # 1 in the step in which it arrives
    GOAL = 13  # m by which it came nearer to its goal


def weight_row(weights: Mapping[str, float]) -> Array:
    """(terms,) weights, 0 where none is given."""
    row = np.zeros(len(Term))
    for name, weight in weights.items():
        row[Term[name.upper()]] = weight
    return row


def rightness(lanes: Lanes) -> Array:
    """(L,) 0 for the leftmost of the lanes side by side, 1 for the rightmost; 0 where there is one only."""
    share = np.zeros(len(lanes.lanes))
    for number in range(len(share)):
        beside = [0, 0]
        for k, side in enumerate(("left", "right")):
            lane = lanes.lanes[side][number]
            while lane != NONE:
                beside[k], lane = beside[k] + 1, lanes.lanes[side][lane]
        share[number] = beside[0] / max(sum(beside), 1)
    return share


@kernel(inline=True)
def rate(vehicle, driver, agent, lanes, rules, metrics, terms, before, i):
    """Fill in the terms of the reward of agent `i`; their weighted sum. `before`: progress before the step."""
    speeds, dt = rules.speeds, rules.dt_ns * 1e-9 * rules.substeps
    slowest, fastest = speeds[0], speeds[speeds.shape[0] - 1]
    on_road = metrics[i, Metric.OFF_ROAD] == 0.0
    terms[Term.COLLISION] = metrics[i, Metric.COLLISION]
    terms[Term.OFF_ROAD] = metrics[i, Metric.OFF_ROAD]
    terms[Term.RED_LIGHT] = metrics[i, Metric.RED_LIGHT]
    terms[Term.WRONG_WAY] = metrics[i, Metric.WRONG_WAY]
    fast = min(max((vehicle.speed - slowest) / (fastest - slowest), 0.0), 1.0)
    terms[Term.HIGH_SPEED] = fast if on_road else 0.0
    limit, right = 1.0, 0.0
    if vehicle.lane != NONE:
        j, _ = sample_at(lanes, vehicle.lane, vehicle.s)
        limit = max(lanes.samples[j].limit, 1.0)
        right = rules.right[vehicle.lane]
    terms[Term.SPEEDING] = min(metrics[i, Metric.SPEEDING_MPS] / limit, 1.0)
    terms[Term.RIGHT_LANE] = right if on_road else 0.0
    terms[Term.LANE_CHANGE] = 1.0 if vehicle.change != 0 and agent.change == 0 else 0.0
    agent.change = vehicle.change
    terms[Term.PROGRESS] = (metrics[i, Metric.PROGRESS_M] - before) / (limit * dt)
    terms[Term.NEAR_MISS] = max(1.0 - metrics[i, Metric.TIME_TO_COLLISION_S] / CLOSE_S, 0.0)
    ahead, aside = metrics[i, Metric.ACCELERATION_MPS2], metrics[i, Metric.LATERAL_ACCELERATION_MPS2]
    pushed = np.sqrt(ahead * ahead + aside * aside)
    harsh = max(pushed / COMFORTABLE_MPS2 - 1.0, 0.0) + max(metrics[i, Metric.JERK_MPS3] / COMFORTABLE_MPS3 - 1.0, 0.0)
    terms[Term.DISCOMFORT] = harsh / (1.0 + harsh)
    terms[Term.STANDING] = 1.0 if abs(vehicle.speed) < STANDING_MPS else 0.0
    terms[Term.ARRIVED] = metrics[i, Metric.ARRIVED]
    terms[Term.GOAL] = 0.0
    if agent.has_goal:
        distance = goal_distance(vehicle, driver, agent)
        terms[Term.GOAL] = agent.distance - distance
        agent.distance = distance

    total = 0.0
    for k in range(terms.shape[0]):
        total += rules.weights[k] * terms[k]
    return total
