"""Any scenario file: the agent is its ego, the others play their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from simulator.envs.options import FileField
from simulator.envs.tasks.base import Task
from simulator.roads import RoadNetwork

if TYPE_CHECKING:
    from simulator.envs.scripts import Script


class Scenario(Task, kind="scenario"):
    """A storyboard (YAML, OpenSCENARIO), whose others react to the agent; or a recorded drive, whose others do not."""

    usual_agents: ClassVar[int] = 1
    usual_rewards: ClassVar[dict[str, float]] = {
        "collision": -5.0,
        "off_road": -1.0,
        "speeding": -0.5,
        "progress": 0.1,
        "near_miss": -0.1,
        "discomfort": -0.01,
    }

    file: FileField = "alks_4_4_1_cut_in_no_collision"
    """Path of a scenario (.yaml, .xosc) or recorded drive (.csv, .parquet), or the bare name of a shipped one."""
    vehicles: int = Field(40, ge=0, le=1000)
    """Others that there is room for."""
    policy_hz: float = Field(20.0, gt=0.0, le=1000.0)
    physics_hz: float = Field(20.0, gt=0.0, le=1000.0)

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Any:
        """One agent; the script goes on once a step."""
        yield from super().contradictions(values)
        if values.get("physics_hz") != values.get("policy_hz"):
            yield ("physics_hz",), "must be policy_hz: the script goes on once a step"
        if values.get("agents_per_world", 1) != 1:
            yield ("agents_per_world",), "must be 1: a scenario has one ego"
        if values.get("anomalies", 0):
            yield ("anomalies",), "must be 0: what there is is in the scenario"

    def network(self) -> RoadNetwork:
        """The roads of the scenario."""
        return self._read(0)[1]

    def scripts(self, worlds: int) -> list[Script]:
        """One for each world."""
        return self._read(worlds)[0]

    def _read(self, worlds: int) -> tuple[list[Script], RoadNetwork]:
        from simulator.envs.scripts import read_scripts

        return read_scripts(self.file, worlds, 1.0 / self.physics_hz, self.duration_s)
