"""A parking lot: into a bay that is shown, forwards or backwards, without touching those that are parked."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.tasks.base import Start, Task
from simulator.roads import RoadNetwork
from simulator.traffic.lane_map import LaneMap


class Parking(Task, kind="parking"):
    """Bays along aisles; one of them is the agent's, many of the others are taken."""

    parked: ClassVar[bool] = True
    usual_rewards: ClassVar[dict[str, float]] = {"collision": -5.0, "off_road": -1.0, "goal": 0.1, "arrived": 10.0}

    vehicles: int = Field(24, ge=0, le=1000)
    reverse: bool = True
    throttle_mps2: float = Field(3.0, gt=0.0, le=12.0)
    duration_s: float = Field(60.0, gt=0.0, le=86_400.0)
    target_speeds_mps: tuple[float, ...] = Field((0.0, 2.0, 4.0), min_length=2)
    rows: int = Field(2, ge=1, le=20)
    """Of bays."""
    bays_per_row: int = Field(12, ge=2, le=60)
    """Bays in a row."""

    def network(self) -> RoadNetwork:
        """A lot beside a street."""
        from simulator.roads.parking_lot import parking_lot

        return parking_lot(self.rows, bays=self.bays_per_row)

    def starts(self, lanes: LaneMap) -> list[Start]:
        """The aisles."""
        rows = lanes.arrays.lanes
        aisles = [n for n, chain in enumerate(lanes.keys) if 10 <= int(chain[0].road) < 20]
        return [Start(n, 4.0, max(rows[n]["length"] - 6.0, 5.0)) for n in aisles]

    def bays(self, network: RoadNetwork, lanes: LaneMap) -> NDArray[np.float64]:
        """All bays of the lot."""
        from simulator.roads.bays import parking_bays

        found = parking_bays(network)
        return np.column_stack([found.position[:, :2] - lanes.origin[:2], found.heading])
