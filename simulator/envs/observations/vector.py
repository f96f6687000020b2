"""Kinematics and lane graph in one row of numbers: what most learners take as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.envs.observations.base import Features, Fill
from simulator.envs.observations.kinematics import Kinematics
from simulator.envs.observations.lane_graph import LaneGraph

if TYPE_CHECKING:
    from simulator.envs.core import Core


class Vector(Features, kind="vector"):
    """`kinematics`, then `lane_graph`: 240 numbers with the usual parameters."""

    kinematics: Kinematics = Kinematics()
    """Who is near."""
    lane_graph: LaneGraph = LaneGraph()
    """Where the lanes lead."""

    def names(self) -> tuple[str, ...]:
        """What each number is."""
        return self.kinematics.names() + self.lane_graph.names()

    def writer(self, core: Core, rows: NDArray[np.float32], column: int) -> Fill:
        """Both parts, one after the other."""
        near = self.kinematics.writer(core, rows, column)
        lanes = self.lane_graph.writer(core, rows, column + len(self.kinematics.names()))

        def fill(begin: int, end: int) -> None:
            near(begin, end)
            lanes(begin, end)

        return fill
