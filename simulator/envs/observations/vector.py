"""Kinematics and lane graph in one row of numbers: what most learners take as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.envs.contacts import crowd_among, take_bodies
from simulator.envs.observations.base import Features, Fill, View
from simulator.envs.observations.kinematics import Kinematics, Near, room_to_pack, write_near
from simulator.envs.observations.lane_graph import Ahead, LaneGraph, write_lanes
from simulator.numerics.bare import bare
from simulator.numerics.jit import kernel


class Numbers(NamedTuple):
    """What a kernel needs to write the numbers of a world's agents.

    Attributes:
        rows: (N, F) float32; without any rows nothing is written.
        near: where those of `Kinematics` go. ahead: where those of `LaneGraph` go.
    """

    rows: NDArray[np.float32]
    near: Near
    ahead: Ahead


def no_numbers() -> Numbers:
    """For observations that are not numbers."""
    nobody, no_points = np.zeros((0, 0), np.int64), np.zeros((0, 5), np.float32)
    return Numbers(np.zeros((0, 0), np.float32), Near(0, nobody, nobody), Ahead(0, np.zeros(0), no_points))


class Vector(Features, kind="vector"):
    """`kinematics`, then `lane_graph`: 240 numbers with the usual parameters."""

    kinematics: Kinematics = Kinematics()
    """Who is near."""
    lane_graph: LaneGraph = LaneGraph()
    """Where the lanes lead."""

    def names(self) -> tuple[str, ...]:
        """What each number is."""
        return self.kinematics.names() + self.lane_graph.names()

    def writer(self, core: Any, rows: NDArray[np.float32], column: int) -> Fill:
        """A kernel over worlds."""
        return self._onto(core, column)(rows).fill

    def view(self, core: Any) -> View:
        """A box of as many numbers as there are names, which are written as worlds are stepped."""
        return self._onto(core, 0)(np.zeros((core.count, len(self.names())), np.float32))

    def _onto(self, core: Any, column: int) -> Callable[[NDArray[np.float32]], View]:
        """The view whose numbers are columns `column` and following of the rows that are given."""
        from gymnasium.spaces import Box

        actors, lanes, near = core.actors, core.lanes, self.kinematics.near(core, column)
        ahead = self.lane_graph.ahead(core, column + len(self.kinematics.names()))
        space = Box(-1.0, 1.0, (len(self.names()),), np.float32)

        def onto(rows: NDArray[np.float32]) -> View:
            """The view that writes into `rows`."""
            numbers = Numbers(rows, near, ahead)

            def fill(begin: int, end: int) -> None:
                """Worlds `begin` to `end`."""
                _observe(actors, lanes, numbers, crowd_among(actors), begin, end)

            return View(space, rows, fill, numbers, onto)

        return onto


@kernel(inline=True)
def write_numbers(actors, lanes, numbers, bodies, packed, w):
    """Fill the rows of the agents of world `w`, whose `bodies` have been taken; `packed`: of `room_to_pack`."""
    write_near(actors, lanes, numbers.near, bodies, packed, numbers.rows, w)
    write_lanes(actors, lanes, numbers.ahead, numbers.rows, w)


@kernel
def _observe(actors, lanes, numbers, crowd, begin, end):
    """Fill the rows of the agents of worlds `begin` .. `end`; `crowd`: scratch."""
    actors, lanes, numbers, crowd = bare(actors), bare(lanes), bare(numbers), bare(crowd)
    packed = room_to_pack(actors, numbers.near)
    for w in range(begin, end):
        take_bodies(actors, w, crowd)
        write_numbers(actors, lanes, numbers, crowd.bodies, packed, w)
