"""Streets of a town, or of any map: drive on among vehicles, lights and people, and break no rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from simulator.envs.options import FileField
from simulator.envs.tasks.base import Task
from simulator.roads import RoadNetwork


class Urban(Task, kind="urban"):
    """Traffic of a town; there is no goal but to get on."""

    usual_rewards: ClassVar[dict[str, float]] = {
        "collision": -5.0,
        "off_road": -5.0,
        "red_light": -1.0,
        "wrong_way": -0.1,
        "speeding": -0.5,
        "progress": 0.1,
        "discomfort": -0.01,
    }

    vehicles: int = Field(20, ge=0, le=1000)
    people: int = Field(20, ge=0, le=1000)
    map: FileField | None = None
    """Path of an OpenDRIVE map (.xodr) or of Argoverse 2 (.json); null: a procedural town."""
    blocks_x: int = Field(3, ge=1, le=30)
    """Blocks of the procedural town from west to east."""
    blocks_y: int = Field(3, ge=1, le=30)
    """From south to north."""
    town_seed: int = Field(0, ge=0)
    """Another procedural town for each."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Any:
        """A town of one block has no street."""
        yield from super().contradictions(values)
        if values.get("blocks_x") == values.get("blocks_y") == 1:
            yield ("blocks_x",), "must be 2 or more where blocks_y is 1"

    def network(self) -> RoadNetwork:
        """The map, or a town."""
        if self.map is not None:
            from simulator.scenario.road_network import read_map

            return read_map(Path(self.map))
        from simulator.roads.procedural import town

        return town(self.blocks_x, self.blocks_y, seed=self.town_seed)
