"""What an observation is: a space, and a kernel that fills in what each agent sees."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scenario.family import Family

if TYPE_CHECKING:
    from gymnasium.spaces import Box

Fill = Callable[[int, int], None]


class View(NamedTuple):
    """An observation of a running core.

    Attributes:
        space: of one agent.
        values: (N, *space.shape) what the N agents see; rewritten in place.
        fill: bring the agents of worlds `begin` .. `end` up to date; several threads call it at once.
        numbers: what the kernel that steps worlds needs to do that as it goes (`vector.Numbers`); None: it cannot.
        onto: this view, with other `values` of the same shape; where there are `numbers`.
    """

    space: Box
    values: NDArray[Any]
    fill: Fill
    numbers: Any = None
    onto: Callable[[NDArray[np.float32]], View] | None = None


class Observation(Family, family="envs.observations"):
    """Base of all kinds of observation; parameters are fields."""

    @abstractmethod
    def view(self, core: Any) -> View:
        """The observation of the agents of a `core.Core`, which imports this module."""


class Features(Observation):
    """Base of observations that are rows of float32 numbers in -1..1; several may share one row."""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """What each number is."""

    @abstractmethod
    def writer(self, core: Any, rows: NDArray[np.float32], column: int) -> Fill:
        """What fills columns `column` and following of `rows` (N, ...)."""

    def view(self, core: Any) -> View:
        """A box of as many numbers as there are names."""
        from gymnasium.spaces import Box

        rows = np.zeros((core.count, len(self.names())), np.float32)
        return View(Box(-1.0, 1.0, rows.shape[1:], np.float32), rows, self.writer(core, rows, 0))


def part_of(arrays: Any, rows: slice) -> Any:
    """A NamedTuple of the same rows of all its arrays."""
    return type(arrays)(*(each[rows] for each in arrays))
