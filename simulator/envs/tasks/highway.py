"""A motorway with traffic: go fast, keep right, hit nobody. Actions and terms are as highway-env's `highway-v0`.

highway-env scales rewards to 0..1, so that a crash costs the rest of the episode, up to 27. Here it has its own price.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from simulator.envs.tasks.base import Start, Task
from simulator.roads import RoadNetwork
from simulator.traffic.lane_map import LaneMap

_LANE_M = 3.75


class Highway(Task, kind="highway"):
    """One carriageway; who leaves it at its end comes up at its start."""

    usual_rewards: ClassVar[dict[str, float]] = {
        "collision": -10.0,
        "off_road": -1.0,
        "right_lane": 0.1,
        "high_speed": 0.4,
    }

    action_type: Literal["continuous", "discrete", "waypoints"] = "discrete"
    target_speeds_mps: tuple[float, ...] = Field((20.0, 25.0, 30.0), min_length=2)
    vehicles: int = Field(50, ge=0, le=1000)
    policy_hz: float = Field(1.0, gt=0.0, le=100.0)
    physics_hz: float = Field(15.0, gt=0.0, le=1000.0)
    lanes: int = Field(4, ge=1, le=8)
    """Of the carriageway."""
    length_m: float = Field(2000.0, ge=500.0, le=20_000.0)
    """Of the road."""
    speed_kmh: float = Field(80.0, ge=30.0, le=200.0)
    """Limit, about which the others drive."""

    def network(self) -> RoadNetwork:
        """A straight carriageway with a hard shoulder."""
        from simulator.roads.cross_section import CrossSection, dashed_mark, line_mark, strip
        from simulator.roads.layout import Plan
        from simulator.roads.street import plain_road

        edge, inner = line_mark(0.3), dashed_mark(0.15, 6.0, 12.0)
        lanes = [strip("driving", _LANE_M, inner if k < self.lanes - 1 else edge) for k in range(self.lanes)]
        right = (strip("shoulder", 0.75, edge), *lanes, strip("stop", 2.5), strip("border", 1.5, surface="grass"))
        section = CrossSection((strip("border", 1.5, surface="grass"),), right)
        road = plain_road("0", Plan().line(self.length_m), section, "motorway", self.speed_kmh)
        return RoadNetwork({"0": road}, name="highway")

    def starts(self, lanes: LaneMap) -> list[Start]:
        """The first third of every lane."""
        return [Start(n, 50.0, row["length"] / 3.0) for n, row in enumerate(lanes.arrays.lanes)]
