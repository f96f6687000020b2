"""Where people set out on foot, and ways along pavements, round corners and beside roads that never cross a street."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.motion import OnFoot
from simulator.traffic.along_ways import SPARE_M
from simulator.traffic.walkways import Kind, WalkwayMap

Array = NDArray[np.float64]

SHOULDER_M = 0.45  # from the edge of a way to the middle of who walks at its edge
BACK = -0.5  # cosine of the turn from which on one would turn back
STEP_M = 1.0  # between points of a way
APPROACH_M = 14.0  # longest way to a crossing of who sets out to cross a street
ROUNDS = 2  # in which each point goes halfway to the middle of its neighbours, so that corners are round


@dataclass(frozen=True, eq=False)
class Walks:
    """Where one can walk on a network."""

    _map: WalkwayMap

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(N,) points on pavements and beside roads, for `positions`, `headings` and `way`."""
        ways, points = self._map.arrays.ways, self._map.arrays.points
        kind = ways["kind"][points["way"]]
        return np.flatnonzero(((kind == Kind.PAVEMENT) | (kind == Kind.VERGE)) & (points["step"] > 0.0))

    @property
    def paved(self) -> NDArray[np.bool_]:
        """(N,) which of the starts lie on pavements."""
        arrays = self._map.arrays
        return np.asarray(arrays.ways["kind"][arrays.points["way"][self.starts]] == Kind.PAVEMENT)

    @cached_property
    def approaches(self) -> NDArray[np.int64]:
        """(M, 3) places from where one comes to a crossing: the start, 1 forward or 0, and the way over the street."""
        ways, points, nodes, ends, _ = self._map.arrays
        number = np.full(len(points), -1)
        number[self.starts] = np.arange(len(self.starts))
        found = []
        for over in np.flatnonzero(ways["kind"] == Kind.CROSSING).tolist():
            for node in (nodes[ways["start"][over]], nodes[ways["end"][over]]):
                for end in ends[node["first"] : node["first"] + node["ends"]].tolist():
                    row, last = ways[end // 2], end % 2
                    own = np.arange(row["first"], row["first"] + row["points"])
                    left = row["length"] - points["s"][own] if last else points["s"][own]
                    own = own[(left < APPROACH_M) & (number[own] >= 0)]
                    found += [(number[k], last, over) for k in own.tolist()]
        return np.array(found, np.int64).reshape(-1, 3)

    def line(self, who: OnFoot) -> Array:
        """(2, 3) where somebody sets out, and a place ahead of there, in the world, m."""
        point, sign = self._map.arrays.points[who.point], 1.0 if who.forward else -1.0
        ahead = sign * np.array([point["ux"], point["uy"], 0.0])
        off = who.side * max(float(point["half_width"]) - who.radius_m - SPARE_M, 0.0)
        start = self._xyz(np.array([who.point]))[0] + off * np.array([-ahead[1], ahead[0], 0.0])
        return np.stack([start, start + 0.5 * ahead])

    @property
    def positions(self) -> Array:
        """(N, 3) of the starts in the world, m."""
        return self._xyz(self.starts)

    @property
    def headings(self) -> Array:
        """(N,) of the ways there, rad."""
        points = self._map.arrays.points[self.starts]
        return np.asarray(np.arctan2(points["uy"], points["ux"]))

    def way(self, start: int, *, forward: bool, share: float, length_m: float, rng: np.random.Generator) -> Array:
        """(K, 3) points in the world from a start on; shorter than `length_m` where nothing goes on but over a street.

        Args:
            start: number of the start, 0 to N - 1.
            forward: in the direction of its heading, or against it.
            share: -1 .. 1 of the room to the right and left of who walks there.
            length_m: that is wanted.
            rng: for the choice where ways part.
        """
        ways, points, nodes, ends, _ = self._map.arrays
        at = int(self.starts[start])
        rows, way = list[NDArray[np.int64]](), int(points["way"][at])
        gone = 0.0
        while True:
            row = ways[way]
            first, last = int(row["first"]), int(row["first"] + row["points"] - 1)
            rows.append(np.arange(at, last + 1) if forward else np.arange(at, first - 1, -1))
            gone += abs(float(points["s"][rows[-1][-1]] - points["s"][at]))
            if gone >= length_m:
                break
            came = self._course(way, into=False, first=not forward)
            node = nodes[row["end"] if forward else row["start"]]
            others = [
                (int(end) // 2, bool(end % 2 == 0))
                for end in ends[node["first"] : node["first"] + node["ends"]]
                if end // 2 != way and ways["kind"][end // 2] != Kind.CROSSING
            ]
            others = [(way, first) for way, first in others if came @ self._course(way, into=True, first=first) > BACK]
            if not others:
                break
            way, forward = others[int(rng.integers(len(others)))]
            at = int(ways["first"][way] + (0 if forward else ways["points"][way] - 1))
        return self._line(np.concatenate(rows), share, length_m)

    def _course(self, way: int, *, into: bool, first: bool) -> Array:
        """(2,) direction of who walks `into` a way, or out of it, at its first or its last point."""
        arrays = self._map.arrays
        row = arrays.ways[way]
        point = arrays.points[row["first"] + (0 if first else row["points"] - 2)]
        return np.array([point["ux"], point["uy"]], np.float64) * (1.0 if into == first else -1.0)

    def _xyz(self, rows: NDArray[np.int64]) -> Array:
        points = self._map.arrays.points[rows]
        return np.asarray(np.stack([points["x"], points["y"], points["z"]], axis=1) + self._map.origin)

    def _line(self, rows: NDArray[np.int64], share: float, length_m: float) -> Array:
        """A rounded line along points of the ways, `share` of the room beside their middles, so long at most."""
        middle, room = self._xyz(rows), np.maximum(self._map.arrays.points["half_width"][rows] - SHOULDER_M, 0.0)
        step = np.hypot(*np.diff(middle[:, :2], axis=0).T)
        keep = np.append(True, step > 1e-6)
        middle, room = middle[keep], room[keep]
        if len(middle) < 2:
            return np.asarray(middle)
        s = np.append(0.0, np.cumsum(step[step > 1e-6]))
        even = np.arange(0.0, min(s[-1], length_m + 2.0 * STEP_M) + 1e-9, STEP_M)
        line = np.stack([np.interp(even, s, column) for column in (*middle.T, room)], axis=1)
        ahead = np.gradient(line[:, :2], axis=0) if len(line) > 1 else np.diff(middle[:2, :2], axis=0)
        ahead /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
        line[:, :2] += (share * line[:, 3])[:, None] * np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
        for _ in range(ROUNDS):
            line[1:-1] = 0.25 * line[:-2] + 0.5 * line[1:-1] + 0.25 * line[2:]
        return line[:, :3]
