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
        road, section, lane = (np.zeros(count, np.int64) for _ in range(3))
        s, t, distance = (np.zeros(count) for _ in range(3))
        out = Located(road, section, lane, s, t, distance)
        for which, seeds in self._queries(index):
            number = int(self._road[index[which[0], seeds[0]]])
            found, score = _on_road(number, self._roads[number], points[which], self._s[index[which, seeds]])
            better = score < best[which]
            best[which[better]] = score[better]
            for column, values in zip(out, found):
                column[which[better]] = values[better]
        return out

    def _queries(self, index: Index) -> list[tuple[Index, Index]]:
        """(points, column of their nearest sample) for every road that is a candidate of any point."""
        owner = self._road[index]
        first = np.ones_like(owner, dtype=np.bool_)
        for column in range(1, owner.shape[1]):  # only the nearest sample of each road
            first[:, column] = (owner[:, :column] != owner[:, column : column + 1]).all(axis=1)
        point, nearest = np.nonzero(first)
        order = np.argsort(owner[point, nearest], kind="stable")
        point, nearest = point[order], nearest[order]
        cuts = np.flatnonzero(np.diff(owner[point, nearest])) + 1
        return list(zip(np.split(point, cuts), np.split(nearest, cuts)))


def _samples(road: Road) -> Array:
    """(M, 4) s, x, y, z of points that cover the surface of a road."""
    step = max(_ALONG_M, road.length / 200_000)
    s = np.linspace(0.0, road.length, max(int(np.ceil(road.length / step)) + 1, 2))
    stations, t = road.surface_samples(s, _ACROSS_M)
    return np.column_stack([stations, road.point(stations, t, 0.0)])


def _on_road(number: int, road: Road, points: Array, s: Array) -> tuple[Located, Array]:
    """Points (N,) on one road, found from guesses s, and a score to compare roads (lower is better)."""
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
    return Located(np.full(len(s), number), section, lane, s, t, distance), score
