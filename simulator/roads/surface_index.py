"""Vertical look-ups: which height triangles have at a point of the plane, for many points at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_MOST_ENTRIES, _USUAL_ENTRIES = 2e6, 40  # of triangles in cells: at most, and of each triangle
_MOST_CELLS = 2e7


class TriangleIndex:
    """Triangles binned into square cells of the x, y plane.

    Args:
        corners: (T, 3, 3) in any frame with z up; triangles that stand upright are left out.
        cell_m: side of a cell, about the size of the triangles; larger where these would fill too many.
    """

    def __init__(self, corners: Array, cell_m: float = 1.5) -> None:
        a, b, c = (corners[:, k].astype(np.float64) for k in range(3))
        u, v = b - a, c - a
        area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        lying = np.flatnonzero(np.abs(area) > 1e-7)
        a, b, c, u, v, area = (part[lying] for part in (a, b, c, u, v, area))
        self.triangle = lying  # row in `corners` of each kept triangle
        # z = p x + q y + r on the plane of a triangle.
        p = (u[:, 2] * v[:, 1] - u[:, 1] * v[:, 2]) / area
        q = (u[:, 0] * v[:, 2] - u[:, 2] * v[:, 0]) / area
        self._plane = np.stack([p, q, a[:, 2] - p * a[:, 0] - q * a[:, 1]], axis=1)
        edges = []
        for start, end in ((a, b), (b, c), (c, a)):  # signed distance from an edge, positive inside
            way = end[:, :2] - start[:, :2]
            normal = np.stack([-way[:, 1], way[:, 0]], axis=1) * np.sign(area)[:, None]
            normal /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
            edges.append(np.column_stack([normal, -np.einsum("ij,ij->i", normal, start[:, :2])]))
        self._edges = np.stack(edges, axis=1)
        self._cell = cell_m
        self._bin(np.minimum(np.minimum(a, b), c)[:, :2], np.maximum(np.maximum(a, b), c)[:, :2])

    def _bin(self, low: Array, high: Array) -> None:
        """Sort triangles into cells: `_first[k]:_first[k + 1]` of `_members` are those of cell k."""
        if not len(low):
            self._origin, self._shape = np.zeros(2), np.array([0, 0])
            return
        # Broken maps have roads of kilometres' width: larger cells then, rather than more than the memory holds.
        size = high - low
        whole = high.max(axis=0) - low.min(axis=0)
        while (
            np.prod(size / self._cell + 1.0, axis=1).sum() > _MOST_ENTRIES + _USUAL_ENTRIES * len(low)
            or np.prod(whole / self._cell + 1.0) > _MOST_CELLS
        ):
            self._cell *= 2.0
        self._origin = low.min(axis=0) - 0.5 * self._cell
        first = np.floor((low - self._origin - 0.05) / self._cell).astype(np.int64)
        last = np.floor((high - self._origin + 0.05) / self._cell).astype(np.int64)
        self._shape = last.max(axis=0) + 2
        span = last - first + 1
        count = span[:, 0] * span[:, 1]
        of = np.repeat(np.arange(len(low)), count)
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        ix = first[of, 0] + step % span[of, 0]
        iy = first[of, 1] + step // span[of, 0]
        cell = np.maximum(ix, 0) * self._shape[1] + np.maximum(iy, 0)
        order = np.argsort(cell, kind="stable")
        self._members = of[order]
        self._first = np.searchsorted(cell[order], np.arange(self._shape[0] * self._shape[1] + 1))

    def height(self, xy: Array, *, near_z: Array | None = None, tolerance_m: float = 1e-4) -> tuple[Array, Index]:
        """Height (N,) of the topmost triangle at points (N, 2), and its row in `corners`; -inf and -1 for none.

        Args:
            near_z: (N,) if given, the triangle nearest to this height counts instead of the topmost.
            tolerance_m: points this far outside of a triangle still count as on it.
        """
        xy = np.asarray(xy, np.float64).reshape(-1, 2)
        best = np.full(len(xy), -np.inf)
        score = np.full(len(xy), -np.inf)
        found = np.full(len(xy), -1, np.int64)
        if not len(self.triangle):
            return best, found
        at = np.floor((xy - self._origin) / self._cell).astype(np.int64)
        inside = ((at >= 0) & (at < self._shape)).all(axis=1)
        rows = np.flatnonzero(inside)
        cell = at[rows, 0] * self._shape[1] + at[rows, 1]
        position, stop = self._first[cell], self._first[cell + 1]
        while True:
            left = position < stop
            if not left.any():
                return best, found
            rows, position, stop = rows[left], position[left], stop[left]
            member = self._members[position]
            x, y = xy[rows, 0], xy[rows, 1]
            e = self._edges[member]
            depth = (e[..., 0] * x[:, None] + e[..., 1] * y[:, None] + e[..., 2]).min(axis=1)
            plane = self._plane[member]
            z = plane[:, 0] * x + plane[:, 1] * y + plane[:, 2]
            rank = z if near_z is None else -np.abs(z - near_z[rows])
            better = (depth >= -tolerance_m) & (rank > score[rows])
            hit = rows[better]
            best[hit], score[hit], found[hit] = z[better], rank[better], self.triangle[member[better]]
            position = position + 1
