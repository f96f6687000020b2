"""The road at a single point in plain floats: what `RoadNetwork.locate` finds, without the start of its kernels."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, inf

import numpy as np

from simulator.roads.locate_scores import BESIDE_M, DRIVABLE_M, METRES_PER_STOREY, MIDDLE_M, ON_M, WEDGE_M
from simulator.roads.polynomial import Array
from simulator.roads.records import DRIVABLE
from simulator.roads.scalar import ScalarRoad

_SAME_M = 1e-6
_SLACK_M = 0.5  # what a curve between two samples of a reference line departs from both


class ScalarLocator:
    """Finds the road at points, one by one: first where reference lines come nearest, then by `Locator`'s scores."""

    def __init__(self, roads: Sequence[ScalarRoad]) -> None:
        samples = [road.line_samples for road in roads]
        self._roads = roads
        self._number = np.repeat(np.arange(len(roads)), [len(each) for each in samples])
        self._s, self._x, self._y = np.concatenate([np.zeros((0, 3)), *samples]).T
        # How far a surface reaches from a sample: across, and half the way to the next one.
        reach = [
            _reach(road, each[:, 0]) + _SLACK_M + 0.5 * float(np.diff(each[:, 0]).max())
            for road, each in zip(roads, samples)
        ]
        self._reach = np.repeat(reach, [len(each) for each in samples])
        first = np.flatnonzero(np.diff(self._number, prepend=-1))
        self._starts, self._ends = first, np.append(first[1:], len(self._number)) - 1

    def __call__(self, x: float, y: float, z: float) -> tuple[ScalarRoad, float] | None:
        """The road at a point, and the station there; None: there are no roads."""
        if not self._roads:
            return None
        away = np.hypot(self._x - x, self._y - y)
        least = np.maximum(away - self._reach, 0.0)
        # Of each road the samples that are nearer than their neighbours.
        before, after = np.roll(away, 1), np.roll(away, -1)
        before[self._starts] = after[self._ends] = inf
        near = ((away <= before) & (away <= after)).nonzero()[0]
        best, winner, found = inf, len(self._roads), None
        for k in near[np.lexsort((away[near], least[near]))].tolist():
            if least[k] > best + _SAME_M:
                break
            number = int(self._number[k])
            score, s = _score(self._roads[number], x, y, z, float(self._s[k]))
            # Of roads on the same ground it is the first.
            if score < best - _SAME_M or (score <= best + _SAME_M and number < winner):
                best, winner, found = score, number, (self._roads[number], s)
        return found


def _reach(road: ScalarRoad, s: Array) -> float:
    """How far the lanes of a road reach from its reference line at stations s (N,)."""
    section = road.road.section_at(s)
    table = road.road.table
    edges = [road.road.rank_edges(section, rank, s)[1] for rank in (table.left[section], -table.right[section])]
    return float(np.abs(edges).max())


def _score(road: ScalarRoad, x: float, y: float, z: float, s: float) -> tuple[float, float]:
    """A score to compare places (lower is better) as of `locate_kernels`, and the station of the place."""
    s, t, beyond = road.project(x, y, s)
    section = road.section_at(s)
    middle = road.lane_offset(s)[0]
    here, side = road.sections[section], 1.0 if t >= middle else -1.0
    on, beside, part, is_drivable = 0, max(side * (t - middle), 0.0), 0.5, False
    for lane in here.left if side > 0.0 else here.right:
        inner, outer, _, _ = road.edges(section, lane.id, s)
        width, out = side * (outer - inner), side * (t - outer)
        is_drivable, beside, part = lane.type in DRIVABLE, max(out, 0.0), 1.0
        if width > 0.0 and out <= 0.0:
            on, part = lane.id, min(max(side * (t - inner) / width, 0.0), 1.0)
            break
    away = hypot(beside, beyond)
    at_end = beyond and (s <= 0.0 or s >= road.length)
    distance = 0.0 if beside == 0.0 and abs(beyond) < WEDGE_M and not at_end else away
    score = away + (MIDDLE_M * abs(part - 0.5) if distance < ON_M else BESIDE_M) + (0.0 if is_drivable else DRIVABLE_M)
    height = road.place(s, t, road.lane_height(section, on, s, t))[2]
    return score + METRES_PER_STOREY * abs(z - height), s
