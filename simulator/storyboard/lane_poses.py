"""Poses along the middles of lanes as tables of cubics: what dense traffic asks for in each step, in few numpy calls.

A lane is cut into cells of about a metre; over each, every value of a pose is the cubic through four points of
`lane_following.placed`. In a bend of 10 m radius that departs from the road by less than 1 micrometre: the error is the
fourth derivative (R**-3) times 1/1536 of the cell's length to the fourth power.
"""

from __future__ import annotations

from math import ceil, pi, tau
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.roads.road import Road
from simulator.roads.strips import LaneStrips
from simulator.storyboard.lane_following import PLACE, placed
from simulator.storyboard.rotation import difference

_CELL_M = 1.0
_NODES = np.array([0.0, 0.25, 0.75, 1.0])  # of Chebyshev and Lobatto: the cells join without a step
_FIT = np.linalg.inv(np.vander(_NODES, increasing=True))
_APART_M = 1e4  # between lanes on the common axis; nobody drives so far in a step
_STRAIGHT_RAD = 1e-9
_ANGLES = [PLACE.index("h"), PLACE.index("h_road")]  # from 0 to 2 pi
Array = NDArray[Any]


class LanePoses:
    """Tables that grow by the lanes that are asked for. All lanes lie one after the other on one axis."""

    def __init__(self) -> None:
        self._strips = LaneStrips()
        self._lanes: dict[tuple[Road, int, int, bool], tuple[Array, Array, int]] = {}
        self._count, self._next = 0, 0.0
        self._numbers = _free(64)  # by cell: s on the common axis, start and end on the road, what lies between
        self._table = np.zeros((64, len(_NODES), len(PLACE)))

    def cell(self, road: Road, section: int, lane: int, s: float, h_rel: float) -> int:
        """The cell of who drives in the middle of a lane; -1: the table does not have it."""
        against = abs(difference(h_rel, pi)) < _STRAIGHT_RAD
        if not against and abs(difference(h_rel, 0.0)) >= _STRAIGHT_RAD:
            return -1
        key = road, section, lane, against
        if key not in self._lanes:
            self._lanes[key] = self._add(*key)
        starts, ends, first = self._lanes[key]
        k = int(np.searchsorted(starts, s, side="right")) - 1
        return first + k if k >= 0 and s < ends[k] else -1

    def _add(self, road: Road, section: int, lane: int, against: bool) -> tuple[Array, Array, int]:
        """Fill in a lane: starts and ends of its cells, number of the first."""
        spans = self._strips.spans(road, section, lane)
        counts = [ceil((end - start) / _CELL_M) for _, start, end in spans]
        edges = [np.linspace(start, end, n + 1) for (_, start, end), n in zip(spans, counts)]
        starts, ends = (
            np.concatenate([np.zeros(0), *(e[part] for e in edges)]) for part in (slice(-1), slice(1, None))
        )
        first, self._count = self._count, self._count + len(starts)
        if not len(starts):
            return starts, ends, first
        while self._count > len(self._table):
            self._numbers = np.concatenate([self._numbers, _free(len(self._table))], axis=1)
            self._table = np.concatenate([self._table, np.zeros_like(self._table)])
        base = self._next - starts[0]
        self._next = base + ends[-1] + _APART_M
        new = slice(first, self._count)
        self._numbers[:, new] = starts + base, starts, ends, np.full_like(starts, base)
        s = starts[:, None] + (ends - starts)[:, None] * _NODES
        rows = np.repeat([row for row, _, _ in spans], [len(_NODES) * n for n in counts])
        turned = np.full(s.size, pi if against else 0.0)
        values = placed(self._strips, rows, s.ravel(), np.zeros(s.size), turned, np.zeros(s.size))
        values = values.reshape(len(PLACE), *s.shape)
        values[_ANGLES] = np.unwrap(values[_ANGLES])
        self._table[new] = np.einsum("pn,vcn->cpv", _FIT, values)
        return starts, ends, first

    def moved(self, cells: Array, s: Array) -> tuple[Array, Array]:
        """Where those come to that were in `cells` (N,) and are at s (N,) of the same lanes now.

        Returns:
            (N,) cells, -1 where the table has none; and (14, N) positions in the order of `PLACE`.
        """
        numbers = self._numbers
        base = numbers[3].take(cells)
        found = numbers[0, : self._count].searchsorted(s + base, side="right") - 1
        _, start, end, there = numbers.take(found, axis=1)
        found = np.where((s >= start) & (s < end) & (there == base), found, -1)
        u = ((s - start) / (end - start))[:, None]
        c = self._table.take(found, axis=0, mode="wrap")
        places = (c[:, 0] + u * (c[:, 1] + u * (c[:, 2] + u * c[:, 3]))).T
        places[0] = s
        angles = np.mod(places[_ANGLES], tau)
        places[_ANGLES] = np.where(angles < tau, angles, 0.0)
        return found, places


def _free(count: int) -> Array:
    """Numbers of cells that nobody has."""
    return np.repeat([[0.0], [0.0], [1.0], [np.nan]], count, axis=1)
