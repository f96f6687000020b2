"""A ramp onto a motorway: speed up, find a gap, be in it before the acceleration lane ends."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.tasks.base import Start, Task, exits
from simulator.roads import RoadNetwork
from simulator.traffic.lane_map import LaneMap

_RAMP = "3"  # road of the ramp (`roads.motorway.merge`)


class Merge(Task, kind="merge"):
    """A motorway with an entry."""

    usual_rewards: ClassVar[dict[str, float]] = {
        "collision": -5.0,
        "off_road": -5.0,
        "progress": 0.1,
        "standing": -0.1,
        "arrived": 5.0,
    }

    vehicles: int = Field(30, ge=0, le=1000)
    target_speeds_mps: tuple[float, ...] = Field((10.0, 15.0, 20.0, 25.0, 30.0), min_length=2)
    acceleration_m: float = Field(250.0, ge=80.0, le=400.0)
    """Length of the acceleration lane."""
    speed_kmh: float = Field(100.0, ge=60.0, le=130.0)
    """Limit on the motorway."""

    def network(self) -> RoadNetwork:
        """A motorway of two lanes each way."""
        from simulator.roads.motorway import merge

        return merge(acceleration_m=self.acceleration_m, ramp_m=200.0, speed_kmh=self.speed_kmh)

    def starts(self, lanes: LaneMap) -> list[Start]:
        """The first half of the ramp."""
        rows = lanes.arrays.lanes
        ramp = [n for n, chain in enumerate(lanes.keys) if chain[0].road == _RAMP]
        return [Start(n, 10.0, max(0.5 * rows[n]["length"], 11.0)) for n in ramp if not rows[n]["previouses"]]

    def goals(self, lanes: LaneMap) -> NDArray[np.float64]:
        """Where the acceleration lane has ended."""
        return exits(lanes, 50.0)
