"""Rows of agents: what an environment keeps of each beside its vehicle, and the measures that it reports."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.envs.contacts import Crowd
from simulator.envs.paved import Paved
from simulator.traffic.desk import Desk
from simulator.traffic.ground import Ground
from simulator.traffic.ground import Worlds as Traffics
from simulator.traffic.locating import LaneIndex

Array = NDArray[np.float64]

AGENT_DTYPE = np.dtype(
    [
        ("driven", np.bool_),  # by its actions, not by the models of traffic
        ("steps", np.int64),  # of its episode so far
        ("target", np.int64),  # of the speeds that discrete actions step through
        ("has_goal", np.bool_),
        ("goal_x", np.float64),  # m from the origin of the map
        ("goal_y", np.float64),
        ("goal_yaw", np.float64),
        ("stand_m", np.float64),  # from its front bumper to where it must stand; inf: nowhere
        ("red", np.float64),  # 1: what it must stand for is a red light, 0.5: an amber one
        ("gone", np.bool_),  # it has left the map
        ("struck", np.bool_),  # it has collided in this episode
        # As they were at the last step of physics, or of the policy.
        ("acceleration", np.float64),  # m/s2 forwards
        ("sideways", np.float64),  # m/s2 to the left
        ("change", np.int64),  # of lanes, under way
        ("distance", np.float64),  # m to its goal
        ("wrong", np.int64),  # which rules it was breaking, bits
    ]
)
WEATHER_DTYPE = np.dtype(
    [
        ("sight", np.float64),  # m
        ("film", np.float64),  # mm of water on a pavement as tyres have it (`weather.rain.tyre_film_mm`)
        ("friction", np.float64),  # of tyres on the road; 0: as film and speed give on pavement
    ]
)


class Metric(IntEnum):
    """What is measured of each agent in a step and reported as `info`, under these names in small letters."""

    COLLISION = 0  # it has struck, or was struck by, something
    OFF_ROAD = 1  # a corner of it is off the road
    RED_LIGHT = 2  # it passed a stop line at red in this step
    WRONG_WAY = 3  # it goes against the traffic of its lane
    ARRIVED = 4
    VIOLATIONS = 5  # of rules since the episode began: red lights, speeding, wrong way; counted when one begins
    TIME_TO_COLLISION_S = 6  # as everybody moves at the end of the step; inf: with nobody within 10 s
    SPEED_MPS = 7
    SPEEDING_MPS = 8  # above the limit
    ACCELERATION_MPS2 = 9  # the greatest in this step, forwards or backwards
    LATERAL_ACCELERATION_MPS2 = 10  # likewise
    JERK_MPS3 = 11  # likewise
    PROGRESS_M = 12  # along the lanes since the episode began


class Impact(IntEnum):
    """What is told of an agent's collisions in a step where these have a response, as `info` under these names."""

    STRUCK_VEHICLE = 0  # it has touched a vehicle that was driving
    STRUCK_PERSON = 1
    STRUCK_THING = 2  # a wreck, or something that lies on the road
    IMPACT_MPS = 3  # the greatest speed at which the two closed
    DELTA_V_MPS = 4  # the greatest change of its own velocity: how severe it was
    IMPACT_BEARING_RAD = 5  # where on it, seen from its middle, of that one: 0 ahead, positive to the left


TYPES: dict[Metric, type[bool] | type[int] | type[float]] = {
    metric: bool if metric < Metric.VIOLATIONS else int if metric == Metric.VIOLATIONS else float for metric in Metric
}

IMPACT_TYPES: dict[Impact, type[bool] | type[float]] = {
    impact: bool if impact < Impact.IMPACT_MPS else float for impact in Impact
}


class Actors(NamedTuple):
    """What there is in W worlds, for observations; the first vehicles of a world are its agents'.

    Attributes:
        vehicles: (W, A) VEHICLE_DTYPE of `traffic.state`.
        drivers: (W, A) DRIVER_DTYPE.
        people: (W, P) PERSON_DTYPE.
        agents: (W, K) AGENT_DTYPE.
        weather: (W,) WEATHER_DTYPE.
    """

    vehicles: NDArray[np.void]
    drivers: NDArray[np.void]
    people: NDArray[np.void]
    agents: NDArray[np.void]
    weather: NDArray[np.void]


class Outcome(NamedTuple):
    """What a step has come to, for N = W K agents.

    Attributes:
        rewards: (N,).
        terms: (N, terms) of the rewards.
        terminated, truncated: (N,).
        metrics: (N, metrics) as `Metric` has them.
        impacts: (N, impacts) as `Impact` has them; empty where collisions have no response.
    """

    rewards: Array
    terms: Array
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    metrics: Array
    impacts: Array


class Engine(NamedTuple):
    """What moves worlds on, for kernels.

    Attributes:
        ground: lanes, right of way, sources of traffic, programs of lights.
        traffic: what traffic keeps of all worlds.
        places: where lanes are. paved: where wheels may be.
        memory: (W, B) uint8 of vehicles, drivers and agents: the bytes of each world's rows.
        samples: uint8, the bytes of the lanes' samples.
    """

    ground: Ground
    traffic: Traffics
    places: LaneIndex
    paved: Paved
    memory: tuple[NDArray[np.uint8], ...]
    samples: NDArray[np.uint8]


class Scratch(NamedTuple):
    """What a thread needs while it steps a world.

    Attributes:
        desk: of the right of way.
        crowd: everybody in that world.
    """

    desk: Desk
    crowd: Crowd
