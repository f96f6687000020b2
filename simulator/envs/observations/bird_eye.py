"""A raster from above, turned with the agent: road, lane lines, vehicles, people and itself, a channel each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from simulator.envs.observations.base import Observation, View
from simulator.envs.observations.shapes import AGENT, FULL, Shapes, outline
from simulator.numerics.jit import kernel
from simulator.sensors.worlds.bird_eye import BOX, Window, bake, views

if TYPE_CHECKING:
    from simulator.envs.core import Core

CHANNELS = ("road", "lines", "vehicles", "people", "agent")
_LINE_M = 0.3


class BirdEye(Observation, kind="bird_eye"):
    """Images (height, width, 5) uint8, 0 or 255, forwards is up: road, lane lines, vehicles, people, the agent."""

    height: int = Field(84, ge=8, le=512)
    """Rows."""
    width: int = Field(84, ge=8, le=512)
    """Columns."""
    pixel_m: float = Field(0.6, gt=0.05, le=5.0)
    """Width of a pixel."""
    ahead: float = Field(0.75, ge=0.0, le=1.0)
    """Share of the picture that is ahead of the agent."""

    def view(self, core: Core) -> View:
        """A box of bytes."""
        from gymnasium.spaces import Box

        shapes, actors, agents = Shapes.of(core), core.actors, core.actors.agents.shape[1]
        raster = bake(
            [[np.concatenate([lane.edges[0], lane.edges[1][::-1]]) for lane in core.outlines], []],
            [(1, edge, max(_LINE_M, 1.2 * self.pixel_m)) for lane in core.outlines for edge in lane.edges],
        )
        window = Window(self.height, self.width, self.pixel_m, self.ahead * (self.height - 1), 0.5 * (self.width - 1))
        planes = np.zeros((core.count, len(CHANNELS), self.height, self.width), np.uint8)
        values = np.zeros((core.count, self.height, self.width, len(CHANNELS)), np.uint8)
        own = np.zeros((core.count, 1, BOX))
        rows, columns = np.mgrid[: self.height, : self.width]
        away = self.pixel_m * np.hypot(rows - window.eye_row, columns - window.eye_column)

        def fill(begin: int, end: int) -> None:
            """Worlds `begin` to `end`."""
            outline(actors, shapes, raster.layers, begin, end)
            first, last = begin * agents, end * agents
            _own(shapes, raster.layers, own, first, last)
            views(first, last, shapes.eyes, shapes.world, shapes.boxes, own, raster, window, planes)
            values[first:last] = planes[first:last].transpose(0, 2, 3, 1)
            sight = actors.weather["sight"][shapes.world[first:last]]
            for i in np.flatnonzero(sight < away.max()):  # the map is known; what moves must be seen
                values[first + i, away > sight[i], 2:4] = 0

        return View(Box(0, 255, values.shape[1:], np.uint8), values, fill)


@kernel
def _own(shapes, channel, own, first, last):
    """The box of each agent, in a channel of its own."""
    for i in range(first, last):
        own[i, 0, :] = shapes.boxes[shapes.world[i], shapes.row[i]]
        own[i, 0, 6], own[i, 0, 7] = channel + AGENT, FULL
