"""A parking lot: into a bay that is shown, forwards or backwards, without touching those that are parked."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.tasks.base import Start, Task
from simulator.roads import LaneKey, RoadNetwork
from simulator.traffic.lane_map import LaneMap

_BESIDE_M = 8.5  # from the middle of a bay to the farther lane of its aisle


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
        """The aisles, as far as there are bays beside them."""
        bays, found = self.bays(lanes.network, lanes), []
        for number, row in enumerate(lanes.arrays.lanes):
            own = lanes.arrays.samples[row["first"] : row["first"] + row["samples"]]
            away = np.hypot(*(np.stack([own["x"], own["y"]])[:, :, None] - bays[:, :2].T[:, None]))
            across = np.abs(np.cos(own["heading"][:, None] - bays[:, 2])) < 0.05
            beside = np.flatnonzero((across & (away < _BESIDE_M)).any(1)) * row["step"]
            if len(beside):
                found.append(Start(number, float(beside[0]), float(max(beside[-1], beside[0] + 1.0))))
        return found

    def bays(self, network: RoadNetwork, lanes: LaneMap) -> NDArray[np.float64]:
        """All bays of the lot."""
        from simulator.roads.bays import parking_bays

        found = parking_bays(network)
        return np.column_stack([found.position[:, :2] - lanes.origin[:2], found.heading])

    def aisles(self, network: RoadNetwork) -> list[tuple[LaneKey, ...]]:
        """Lanes of the aisles."""
        from simulator.roads.bays import parking_bays

        return list(parking_bays(network).lanes)
