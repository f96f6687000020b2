"""Passing over the oncoming lane in staged worlds: with room beside, back in time, and nobody is touched."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from test_slippery import CAR
from test_staged import NOTHING, box, car
from test_staged_people import gap_to_box
from test_traffic_overtaking import country

from simulator.dynamics.courses import Tracks
from simulator.dynamics.motion import Agent
from simulator.roads import LaneKey, RoadNetwork
from simulator.roads.cross_section import line_mark
from simulator.traffic.signals import plan_signals
from simulator.traffic.staged import Roads, roads_of, run

EAST, WEST = LaneKey("0", 0, -1), LaneKey("0", 0, 1)


@cache
def place(solid: bool = False) -> tuple[RoadNetwork, Roads]:
    network = (country(3000.0, center=line_mark(0.12)) if solid else country(3000.0)).network
    return network, roads_of(network, plan_signals(network, 0))


def free(start: float, speed: float, **facts: Any) -> Agent:
    """Somebody who changes lanes where it likes."""
    agent = car(start, speed, place=facts.pop("place", place()), ahead=2500.0, **facts)
    driver = replace(agent.driver, desired_speed_mps=28.0, changes="free", acceleration_mps2=1.4)
    return replace(agent, driver=driver, chassis=CAR)


def cyclist(start: float, where: tuple[RoadNetwork, Roads] | None = None) -> Agent:
    agent = car(start, 4.5, place=where or place(), ahead=2500.0, key=EAST, lateral_m=-1.1)
    return replace(agent, front_m=1.2, rear_m=0.6, half_width_m=0.3, wheelbase_m=1.1)


def touching(tracks: Tracks) -> float:
    """m, the least distance of two vehicles, as discs along the one from the box of the other."""
    least = np.inf
    for i, agent in enumerate(tracks.agents):
        for along in (-agent.rear_m + 0.5, 0.5 * (agent.front_m - agent.rear_m), agent.front_m - 0.5):
            moved = tracks.position.copy()
            ahead = np.stack([np.cos(tracks.rpy[:, i, 2]), np.sin(tracks.rpy[:, i, 2])], axis=1)
            moved[:, i, :2] += along * ahead
            for j in range(len(tracks.agents)):
                if j != i:
                    gap = gap_to_box(replace(tracks, position=moved), i, j)
                    least = min(least, float(gap.min()) - min(agent.half_width_m, 0.5))
    return least


def test_a_cyclist_is_passed_with_two_metres_and_the_lane_had_back() -> None:
    tracks = run([free(50.0, 20.0, key=EAST), cyclist(150.0)], 0, NOTHING, 25.0, place()[1])
    gone = tracks.position[:, 0, 0] - tracks.position[:, 1, 0]
    assert gone[-1] > 60.0
    beside = np.abs(gone) < 4.0
    room = tracks.position[beside, 0, 1] - 0.9 - tracks.position[beside, 1, 1] - 0.3
    assert room.min() > 2.0 - 0.1  # StVO, section 5: 2 m outside of towns
    assert abs(tracks.position[-1, 0, 1] - tracks.position[0, 0, 1]) < 0.1
    assert set(tracks.turn[:, 0].tolist()) >= {1, -1}


def test_a_solid_line_or_something_on_the_other_lane_keeps_them_behind() -> None:
    solid = place(solid=True)
    behind = run([free(50.0, 20.0, key=EAST, place=solid), cyclist(150.0, solid)], 0, NOTHING, 20.0, solid[1])
    assert (behind.position[:, 0, 0] < behind.position[:, 1, 0]).all()
    lies = box(260.0, 1.75)
    behind = run([free(50.0, 20.0, key=EAST), cyclist(150.0)], 0, lies, 12.0, place()[1])
    assert behind.position[:, 0, 1].max() < 1.0 or touching(behind) > 0.3


@pytest.mark.parametrize("seed", range(4))
def test_with_oncoming_traffic_nobody_is_touched(seed: int) -> None:
    rng = np.random.default_rng(seed)
    coming = [free(float(s), 22.0, key=WEST) for s in 900.0 + np.cumsum(rng.uniform(60.0, 500.0, 4))]
    agents = [free(20.0, 20.0, key=EAST), free(70.0, 20.0, key=EAST), cyclist(160.0), cyclist(420.0), *coming]
    tracks = run(agents, 0, NOTHING, 60.0, place()[1])
    assert touching(tracks) > 0.3
    assert (tracks.position[-1, :2, 0] > tracks.position[-1, 2, 0]).any(), "in the end somebody got past"
