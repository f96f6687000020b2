"""A roundabout: in where there is a gap, round, and out again."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.tasks.base import Start, Task, entries, exits
from simulator.roads import RoadNetwork
from simulator.traffic.lane_map import LaneMap


class Roundabout(Task, kind="roundabout"):
    """A roundabout in a town; the exit is drawn, the lane graph shows the way."""

    usual_rewards: ClassVar[dict[str, float]] = {"collision": -5.0, "off_road": -5.0, "progress": 0.1, "arrived": 5.0}

    vehicles: int = Field(15, ge=0, le=1000)
    people: int = Field(6, ge=0, le=1000)
    arms: Literal[3, 4, 5] = 4
    """Streets that meet there."""
    lanes: Literal[1, 2] = 1
    """In the ring."""
    duration_s: float = Field(80.0, gt=0.0, le=86_400.0)
    """After which an episode is truncated, so that all who wait for their gap can be over by then."""
    arm_m: float = Field(100.0, ge=80.0, le=500.0)
    """Length of the streets from the middle."""

    def network(self) -> RoadNetwork:
        """The ring and its arms."""
        from simulator.roads.roundabout import roundabout

        return roundabout(self.arms, lanes=self.lanes, arm_m=self.arm_m)

    def starts(self, lanes: LaneMap) -> list[Start]:
        """All ways in."""
        return entries(lanes)

    def goals(self, lanes: LaneMap) -> NDArray[np.float64]:
        """25 m beyond the ring."""
        return exits(lanes, 25.0)
