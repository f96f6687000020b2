"""Outlines of what moves, as the planar sensors of `sensors.worlds` take them, and where agents look from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.sensors.worlds.bird_eye import BOX
from simulator.traffic.person import Being
from simulator.traffic.state import Control

if TYPE_CHECKING:
    from simulator.envs.core import Core

F64 = NDArray[np.float64]

VEHICLES, PEOPLE, AGENT = 0, 1, 2  # channels of boxes after those of the map
FULL = 255.0  # their value


class Shapes(NamedTuple):
    """Of W worlds with A vehicles, P people, and N agents.

    Attributes:
        eyes: (N, 3) x, y, yaw of the middle of each agent's box.
        world: (N,) int32. row: (N,) int32 the agent's vehicle in it.
        boxes: (W, A + P, 8) as `bird_eye` takes them; those of vehicles come first.
        discs: (W, P, 3) x, y, radius of people.
    """

    eyes: F64
    world: NDArray[np.int32]
    row: NDArray[np.int32]
    boxes: F64
    discs: F64

    @staticmethod
    def of(core: Core) -> Shapes:
        """Room for a core's."""
        worlds, agents = core.actors.agents.shape
        vehicles, people = core.actors.vehicles.shape[1], core.actors.people.shape[1]
        number = np.arange(core.count, dtype=np.int32)
        return Shapes(
            np.zeros((core.count, 3)),
            number // np.int32(agents),
            number % np.int32(agents),
            np.zeros((worlds, vehicles + people, BOX)),
            np.zeros((worlds, people, 3)),
        )


@kernel
def outline(actors, shapes, channel, begin, end):
    """Bring the shapes of worlds `begin` .. `end` up to date.

    Args:
        actors: Actors. shapes: Shapes.
        channel: of vehicles in the raster; people are in the next one, and agents, for themselves, after that.
        begin, end: worlds.
    """
    agents, count = actors.agents.shape[1], actors.vehicles.shape[1]
    for w in range(begin, end):
        for i in range(count):
            v, p, box = actors.vehicles[w, i], actors.drivers[w, i], shapes.boxes[w, i]
            c, s = np.cos(v.yaw), np.sin(v.yaw)
            ahead = 0.5 * (p.front - p.rear)
            box[0], box[1], box[2], box[3] = v.x + ahead * c, v.y + ahead * s, c, s
            box[4], box[5] = 0.5 * (p.front + p.rear), p.half_width
            if v.control == Control.NOBODY or v.control == Control.ARRIVED:
                box[5] = 0.0
            box[6], box[7] = channel + VEHICLES, FULL
            if i < agents:
                eye = shapes.eyes[w * agents + i]
                eye[0], eye[1], eye[2] = box[0], box[1], v.yaw
        for i in range(actors.people.shape[1]):
            person, box, disc = actors.people[w, i], shapes.boxes[w, count + i], shapes.discs[w, i]
            radius = person.radius if person.being != Being.NOBODY else 0.0
            disc[0], disc[1], disc[2] = person.x, person.y, radius
            box[0], box[1], box[2], box[3] = person.x, person.y, 1.0, 0.0
            box[4], box[5], box[6], box[7] = radius, radius, channel + PEOPLE, FULL
