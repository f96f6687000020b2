"""From world points to road coordinates: a tree over samples of all lanes, then Newton steps on the reference line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from simulator.roads.polynomial import Array, Index
from simulator.roads.road import Road

_ALONG_M, _ACROSS_M = 2.0, 3.0  # largest distances of the samples
_CANDIDATES = 16  # nearest samples looked at for each point
_NEWTON_STEPS = 12
_METRES_PER_STOREY = 0.25  # a metre of height counts like this many metres beside the road


class Located(NamedTuple):
    """Where points (N,) are on the network.

    Attributes:
        road: index into `list(network.roads)`; section: lane section; lane: lane id, where a point lies beside the
            road that of the outermost lane on its side.
        s, t: road coordinates in metres.
        distance: from the road's surface in metres, horizontally; 0 on it.
    """

    road: Index
    section: Index
    lane: Index
    s: Array
    t: Array
    distance: Array


class Locator:
    """Finds the road, lane and road coordinates of points.

    Where roads overlap (in junctions) a drivable lane wins over others, then the lane whose middle is nearer;
    with heights given, the road at that height wins.
    """

    def __init__(self, roads: Mapping[str, Road]) -> None:
        from scipy.spatial import cKDTree

        self._roads = list(roads.values())
        samples = [_samples(road) for road in self._roads]
        self._road = np.repeat(np.arange(len(samples)), [len(sample) for sample in samples])
        stacked = np.concatenate(samples)
        self._s, self._z = stacked[:, 0], stacked[:, 3]
        self._tree = cKDTree(stacked[:, 1:3])

    def __call__(self, points: ArrayLike) -> Located:
        """Locate points (N, 2) x, y or (N, 3) x, y, z in the world."""
        points = np.atleast_2d(np.asarray(points, np.float64))
        count = len(points)
        near = min(_CANDIDATES, len(self._s))
        _, index = self._tree.query(points[:, :2], k=near)
        index = index.reshape(count, near)
        best = np.full(count, np.inf)
        out = Located(*(np.zeros(count, np.int64) for _ in range(3)), *(np.zeros(count) for _ in range(3)))
        for which, seeds in self._queries(index):
            number = self._road[index[which[0], seeds[0]]]
            found, score = _on_road(self._roads[number], points[which], self._s[index[which, seeds]])
            better = score < best[which]
            rows = which[better]
            best[rows] = score[better]
            out.road[rows] = number
            for column, values in zip(out[1:], found):
                column[rows] = values[better]
        return out

    def _queries(self, index: Index) -> list[tuple[Index, Index]]:
        """(points, column of their nearest sample) for every road that is a candidate of any point."""
        owner = self._road[index]
        count, near = owner.shape
        first = np.ones_like(owner, dtype=np.bool_)
        for column in range(1, near):  # only the nearest sample of each road
            first[:, column] = (owner[:, :column] != owner[:, column : column + 1]).all(axis=1)
        point, column = np.nonzero(first)
        order = np.argsort(owner[point, column], kind="stable")
        point, column = point[order], column[order]
        cuts = np.flatnonzero(np.diff(owner[point, column])) + 1
        return list(zip(np.split(point, cuts), np.split(column, cuts)))


def _samples(road: Road) -> Array:
    """(M, 4) s, x, y, z of points that cover the surface of a road."""
    rows = []
    step = max(_ALONG_M, road.length / 200_000)
    s = np.linspace(0.0, road.length, max(int(np.ceil(road.length / step)) + 1, 2))
    section = road.section_at(s)
    widest = [int((road.table.left[section]).max()), int((road.table.right[section]).max())]
    for sign, most in zip((1, -1), widest):
        for rank in range(1, most + 1):
            has = (road.table.left if sign > 0 else road.table.right)[section] >= rank
            where, at = s[has], section[has]
            inner, outer = road.rank_edges(at, np.full(len(where), sign * rank, np.int64), where)[:2]
            pieces = max(int(np.ceil(np.abs(outer - inner).max(initial=0.0) / _ACROSS_M)), 1)
            for part in np.linspace(0.0, 1.0, min(pieces, 40) + 1):
                rows.append((where, inner + part * (outer - inner)))
    rows.append((s, road.lane_offset(s)[0]))
    stations, t = (np.concatenate(column) for column in zip(*rows))
    return np.column_stack([stations, road.point(stations, t, 0.0)])


def _on_road(road: Road, points: Array, s: Array) -> tuple[tuple[Array, ...], Array]:
    """Section, lane, s, t, distance (N,) of points on one road, starting from guesses s, and a score to compare roads."""
    s = s.copy()
    for _ in range(_NEWTON_STEPS):
        x, y, heading, k = road.reference(s)
        dx, dy = points[:, 0] - x, points[:, 1] - y
        along, across = dx * np.cos(heading) + dy * np.sin(heading), dy * np.cos(heading) - dx * np.sin(heading)
        step = along / np.maximum(1.0 - k * across, 0.2)
        moved = np.clip(s + np.clip(step, -_ALONG_M, _ALONG_M), 0.0, road.length)
        done = np.abs(moved - s).max(initial=0.0) < 1e-10
        s = moved
        if done:
            break
    x, y, heading, _ = road.reference(s)
    dx, dy = points[:, 0] - x, points[:, 1] - y
    along, across = dx * np.cos(heading) + dy * np.sin(heading), dy * np.cos(heading) - dx * np.sin(heading)
    t = road.unbank(s, across)
    section = road.section_at(s)
    rank, part = road.lane_at(section, s, t)
    lane, beside, drivable = road.nearest_lane(section, rank, s, t)
    distance = np.hypot(beside, np.where((s <= 0.0) | (s >= road.length), along, 0.0))
    score = distance + 1e-3 * np.abs(part - 0.5) + 1e-2 * ~drivable
    if points.shape[1] > 2:
        score = score + _METRES_PER_STOREY * np.abs(points[:, 2] - road.point(s, t)[:, 2])
    return (section, lane, s, t, distance), score
