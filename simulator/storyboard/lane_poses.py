"""Poses along the middles of lanes as tables of cubics: what many entities ask for in each step.

A lane is cut into cells of about a metre; over each, every value of a pose is the cubic through four points. In a bend
of 10 m radius that departs from the road by less than 1 micrometre: the error is the fourth derivative (R**-3) times
1/1536 of the cell's length to the fourth power.
"""

from __future__ import annotations

from bisect import bisect_right
from math import ceil, tau
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.roads.road import Road
from simulator.roads.strips import LaneStrip, StripPoints

# What is known of the middle of a lane; h, p and r are of who drives there along s.
MIDDLE = ("t", "x", "y", "z_road", "h", "p", "r", "h_road", "p_road", "r_road", "k_road", "h_lane")
_CELL_M = 1.0
_NODES = np.array([0.0, 0.25, 0.75, 1.0])  # of Chebyshev and Lobatto: the cells join without a step
_FIT = np.linalg.inv(np.vander(_NODES, increasing=True))
_HEADINGS = [MIDDLE.index("h"), MIDDLE.index("h_road")]
_APART_M = 1e4  # between lanes on the common axis; nobody drives so far in a step
Array = NDArray[Any]


class LanePoses:
    """Tables that grow by the lanes that are asked for. All lanes lie one after the other on one axis."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[Road, int, int], tuple[list[float], list[float], int]] = {}
        self._count, self._next = 0, 0.0
        self._numbers = _free(64)  # by cell: s on the common axis, start and end on the road, what lies between
        self._table = np.zeros((64, len(_NODES), len(MIDDLE)))

    def cell(self, road: Road, section: int, lane: int, s: float) -> int:
        """The cell of a lane at s; -1: the tables do not have it."""
        starts, ends, first = self._lanes.get((road, section, lane)) or self._add(road, section, lane)
        k = bisect_right(starts, s) - 1
        return first + k if k >= 0 and s < ends[k] else -1

    def _add(self, road: Road, section: int, lane: int) -> tuple[list[float], list[float], int]:
        """Fill in a lane: starts and ends of its cells, number of the first."""
        strip = LaneStrip(road, section, lane)
        spans = list(zip(strip.starts.tolist(), strip.ends.tolist()))
        counts = [ceil((end - start) / _CELL_M) for start, end in spans]
        edges = [np.linspace(start, end, n + 1) for (start, end), n in zip(spans, counts)]
        starts, ends = (
            np.concatenate([np.zeros(0), *(e[part] for e in edges)]) for part in (slice(-1), slice(1, None))
        )
        first, self._count = self._count, self._count + len(starts)
        found = self._lanes[road, section, lane] = starts.tolist(), ends.tolist(), first
        if not len(starts):
            return found
        while self._count > len(self._table):
            self._numbers = np.concatenate([self._numbers, _free(len(self._table))], axis=1)
            self._table = np.concatenate([self._table, np.zeros_like(self._table)])
        base = self._next - starts[0]
        self._next = base + ends[-1] + _APART_M
        new = slice(first, self._count)
        self._numbers[:, new] = starts + base, starts, ends, np.full_like(starts, base)
        s = starts[:, None] + (ends - starts)[:, None] * _NODES
        pieces = np.repeat(np.arange(len(spans)), [len(_NODES) * n for n in counts])
        values = _middle(strip.points(pieces, s.ravel())).reshape(len(MIDDLE), *s.shape)
        values[_HEADINGS] = np.unwrap(values[_HEADINGS])
        self._table[new] = np.einsum("pn,vcn->cpv", _FIT, values)
        return found

    def moved(self, cells: Array, s: Array) -> tuple[Array, Array]:
        """Where those come to that were in `cells` (N,) and are at s (N,) of the same lanes now.

        Returns:
            (N,) cells, -1 where the tables have none; and (12, N) values in the order of `MIDDLE`.
        """
        numbers = self._numbers
        base = numbers[3].take(cells)
        found = numbers[0, : self._count].searchsorted(s + base, side="right") - 1
        _, start, end, there = numbers.take(found, axis=1)
        found = np.where((s >= start) & (s < end) & (there == base) & (cells >= 0), found, -1)
        u = ((s - start) / (end - start))[:, None]
        c = self._table.take(found, axis=0, mode="wrap")
        values = (c[:, 0] + u * (c[:, 1] + u * (c[:, 2] + u * c[:, 3]))).T
        headings = np.mod(values[_HEADINGS], tau)
        values[_HEADINGS] = np.where(headings < tau, headings, 0.0)
        return found, values


def _free(count: int) -> Array:
    """Numbers of cells that nobody has."""
    return np.repeat([[0.0], [0.0], [1.0], [np.nan]], count, axis=1)


def _middle(line: StripPoints) -> Array:
    """(12, N) values in the order of `MIDDLE`."""
    # As `ScalarRoad.place`: the plane of the road rolls about the sloping line.
    rise = line.middle * np.sin(line.roll) / np.sqrt(1.0 + line.grade * line.grade)
    u, v = -line.grade * rise, line.middle * np.cos(line.roll)
    c, n = np.cos(line.heading), np.sin(line.heading)
    x, y, z = line.x + u * c - v * n, line.y + u * n + v * c, line.z + rise
    road, h_lane = (line.heading, -np.arctan(line.grade), line.roll), np.arctan(line.slope)
    return np.stack([line.middle, x, y, z, *turned(*road, h_lane), *road, line.curvature, h_lane])


def turned(h: Array, p: Array, r: Array, yaw: Array) -> tuple[Array, Array, Array]:
    """`rotation.compose` of roads with these angles (N,) and bodies that only turn on them, by `yaw` (N,)."""
    ch, sh, cp, sp, cr, sr = np.cos(h), np.sin(h), np.cos(p), np.sin(p), np.cos(r), np.sin(r)
    c, n = np.cos(yaw), np.sin(yaw)
    forward = ch * cp * c + (ch * sp * sr - sh * cr) * n, sh * cp * c + (sh * sp * sr + ch * cr) * n
    level = (p == 0.0) & (r == 0.0)
    heading = np.mod(np.where(level, h + yaw, np.arctan2(forward[1], forward[0])), tau)
    pitch = -np.arcsin(np.clip(-sp * c + cp * sr * n, -1.0, 1.0))
    roll = np.arctan2(cp * sr * c + sp * n, cp * cr)
    return np.where(heading < tau, heading, 0.0), np.where(level, 0.0, pitch), np.where(level, 0.0, roll)
