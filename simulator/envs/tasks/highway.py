"""A motorway with traffic: go fast, keep right, hit nobody. Options and rewards are those of highway-env's `highway-v0`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from simulator.envs.tasks.base import Start, Task
from simulator.roads import RoadNetwork
from simulator.traffic.lane_map import LaneMap


class Highway(Task, kind="highway"):
    """Vehicles on the lanes of one carriageway."""

    usual_rewards: ClassVar[dict[str, float]] = {"collision": -1.0, "off_road": -1.0, "right_lane": 0.1, "high_speed": 0.4}

    action_type: Literal["continuous", "discrete", "waypoints"] = "discrete"
    target_speeds_mps: tuple[float, ...] = Field((20.0, 25.0, 30.0), min_length=2)
    vehicles: int = Field(50, ge=0, le=1000)
    policy_hz: float = Field(1.0, gt=0.0, le=100.0)
    physics_hz: float = Field(15.0, gt=0.0, le=1000.0)
    lanes: int = Field(4, ge=1, le=8)
    """Of the carriageway."""
    length_m: float = Field(3000.0, ge=500.0, le=20_000.0)
    """Of the road."""

    def network(self) -> RoadNetwork:
        """One carriageway, straight."""
        from simulator.roads.procedural import motorway

        return motorway(self.length_m, ramp=False, curve_radius_m=0.0)

    def starts(self, lanes: LaneMap) -> list[Start]:
        """The first quarter of every lane."""
        return [Start(n, 50.0, 0.25 * row["length"]) for n, row in enumerate(lanes.arrays.lanes)]
