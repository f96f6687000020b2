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
    blocks_x: int | None = Field(None, ge=1, le=30)
    """Blocks of the procedural town from west to east; null: 3."""
    blocks_y: int | None = Field(None, ge=1, le=30)
    """From south to north; null: 3."""
    town_seed: int | None = Field(None, ge=0)
    """Another procedural town for each; null: 0."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Any:
        """A town of one block has no street; a map is no procedural town."""
        yield from super().contradictions(values)
        if values.get("map") is not None:
            for name in ("blocks_x", "blocks_y", "town_seed"):
                if values.get(name) is not None:
                    yield (name,), "is for a procedural town; it cannot be given with a map"
        elif values.get("blocks_x") == values.get("blocks_y") == 1:
            yield ("blocks_x",), "must be 2 or more where blocks_y is 1"

    def network(self) -> RoadNetwork:
        """The map, or a town."""
        if self.map is not None:
            from simulator.scenario.road_network import read_map

            return read_map(Path(self.map))
        from simulator.roads.procedural import town

        return town(self.blocks_x or 3, self.blocks_y or 3, seed=self.town_seed or 0)
