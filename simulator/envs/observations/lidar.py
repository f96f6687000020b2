"""A ring of beams in the plane, as MetaDrive's: how far it is to vehicles, people and the edges of the road."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.observations.base import Features, Fill
from simulator.envs.observations.kinematics import EGO, ego_numbers
from simulator.envs.observations.shapes import Shapes, outline
from simulator.numerics.jit import kernel
from simulator.sensors.worlds.ring import beams_of, borders_of, rings

if TYPE_CHECKING:
    from simulator.envs.core import Core


class Lidar(Features, kind="lidar"):
    """The agent's own numbers (those of `kinematics`), then what each beam meets, in shares of its reach.

    The first beam looks forwards, the others follow counter-clockwise; 1 is nothing within the reach, or the sight.
    """

    beams: int = Field(240, ge=4, le=4096)
    """Over a full turn, at equal angles."""
    range_m: float = Field(50.0, gt=1.0, le=300.0)
    """Of a beam."""
    borders: bool = True
    """Whether beams end at the edges of the road."""

    def names(self) -> tuple[str, ...]:
        """What each number is."""
        return (*EGO, *(f"beam_{k}" for k in range(self.beams)))

    def writer(self, core: Core, rows: NDArray[np.float32], column: int) -> Fill:
        """Kernels over agents."""
        shapes, actors, lanes, agents = Shapes.of(core), core.actors, core.lanes, core.actors.agents.shape[1]
        borders, beams = borders_of(core.borders if self.borders else []), beams_of(self.beams, self.range_m)
        seen = np.zeros((core.count, self.beams), np.float32)

        def fill(begin: int, end: int) -> None:
            """Worlds `begin` to `end`."""
            outline(actors, shapes, 0, begin, end)
            first, last = begin * agents, end * agents
            rings(first, last, shapes.eyes, shapes.world, shapes.row, shapes.boxes, shapes.discs, borders, beams, seen)
            _write(actors, lanes, seen, self.range_m, rows, column, begin, end)

        return fill


@kernel
def _write(actors, lanes, seen, reach, rows, column, begin, end):
    """The agents' own numbers, and distances in shares of the reach."""
    agents = actors.agents.shape[1]
    for w in range(begin, end):
        sight = actors.weather[w].sight
        for k in range(agents):
            i, v = w * agents + k, actors.vehicles[w, k]
            out = rows[i, column:]
            ego_numbers(v, actors.drivers[w, k], actors.agents[w, k], lanes, np.cos(v.yaw), np.sin(v.yaw), out)
            for b in range(seen.shape[1]):
                distance = seen[i, b]
                out[len(EGO) + b] = distance / np.float32(reach) if distance < sight else np.float32(1.0)
