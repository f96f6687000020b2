"""A crossroads: from one arm over to another, among those who have the right of way."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.tasks.base import Start, Task, entries, exits
from simulator.roads import RoadNetwork
from simulator.traffic.lane_map import LaneMap


class Intersection(Task, kind="intersection"):
    """Two streets that cross, with crossings; the way over is drawn, the lane graph shows it."""

    usual_rewards: ClassVar[dict[str, float]] = {
        "collision": -5.0,
        "off_road": -5.0,
        "red_light": -1.0,
        "progress": 0.1,
        "arrived": 5.0,
    }

    vehicles: int = Field(15, ge=0, le=1000)
    people: int = Field(10, ge=0, le=1000)
    traffic_lights: bool = True
    """Lights, or priority signs."""
    angle_deg: float = Field(90.0, ge=50.0, le=130.0)
    """Between the streets."""
    duration_s: float = Field(100.0, gt=0.0, le=86_400.0)
    """After which an episode is truncated: two turns of the lights, so that all can be over by then."""
    arm_m: float = Field(100.0, ge=60.0, le=500.0)
    """Length of the streets from the middle."""

    def network(self) -> RoadNetwork:
        """Two streets."""
        from simulator.roads.procedural import x_junction

        return x_junction(self.arm_m, angle_deg=self.angle_deg, traffic_lights=self.traffic_lights)

    def starts(self, lanes: LaneMap) -> list[Start]:
        """The four ways in."""
        return entries(lanes)

    def goals(self, lanes: LaneMap) -> NDArray[np.float64]:
        """25 m beyond the junction."""
        return exits(lanes, 25.0)
