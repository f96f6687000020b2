"""Vertical look-ups: which triangles and quads lie at points of the plane, for many at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_MOST_ENTRIES, _USUAL_ENTRIES = 2e6, 40  # of triangles in cells: at most, and of each triangle
_MOST_CELLS = 2e7


class Cells(NamedTuple):
    """Boxes sorted into square cells of the plane.

    Attributes:
        origin: (2,) the lowest corner of the first cell; size_m: side of a cell; shape: (2,) how many in x and y.
        first, members: `members[first[k]:first[k + 1]]` are the boxes that reach into cell k = x number * shape[1] + y.
    """

    origin: Array
    size_m: float
    shape: Index
    first: Index
    members: Index

    @staticmethod
    def of(low: Array, high: Array, size_m: float) -> Cells:
        """Cells of boxes (N, 2); larger ones than `size_m` where so many boxes would fill too many."""
        if not len(low):
            return Cells(np.zeros(2), size_m, np.zeros(2, np.int64), np.zeros(1, np.int64), np.zeros(0, np.int64))
        # Broken maps have roads of kilometres' width: larger cells then, rather than more than the memory holds.
        size = high - low
        whole = high.max(axis=0) - low.min(axis=0)
        while (
            np.prod(size / size_m + 1.0, axis=1).sum() > _MOST_ENTRIES + _USUAL_ENTRIES * len(low)
            or np.prod(whole / size_m + 1.0) > _MOST_CELLS
        ):
            size_m *= 2.0
        origin = low.min(axis=0) - 0.5 * size_m
        begin = np.floor((low - origin - 0.05) / size_m).astype(np.int64)
        end = np.floor((high - origin + 0.05) / size_m).astype(np.int64)
        shape = end.max(axis=0) + 2
        span = end - begin + 1
        count = span[:, 0] * span[:, 1]
        of = np.repeat(np.arange(len(low)), count)
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        ix = begin[of, 0] + step % span[of, 0]
        iy = begin[of, 1] + step // span[of, 0]
        cell = np.maximum(ix, 0) * shape[1] + np.maximum(iy, 0)
        order = np.argsort(cell, kind="stable")
        return Cells(origin, size_m, shape, np.searchsorted(cell[order], np.arange(shape.prod() + 1)), of[order])


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
        self._planes = np.stack([p, q, a[:, 2] - p * a[:, 0] - q * a[:, 1]], axis=1)
        edges = []
        for start, end in ((a, b), (b, c), (c, a)):  # signed distance from an edge, positive inside
            way = end[:, :2] - start[:, :2]
            normal = np.stack([-way[:, 1], way[:, 0]], axis=1) * np.sign(area)[:, None]
            normal /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
            edges.append(np.column_stack([normal, -np.einsum("ij,ij->i", normal, start[:, :2])]))
        self._edges = np.stack(edges, axis=1)
        self._cells = Cells.of(np.minimum(np.minimum(a, b), c)[:, :2], np.maximum(np.maximum(a, b), c)[:, :2], cell_m)

    def height(self, xy: Array, *, near_z: Array | None = None, tolerance_m: float = 1e-4) -> tuple[Array, Index]:
        """Height (N,) of the topmost triangle at points (N, 2), and its row in `corners`; -inf and -1 for none.

        Args:
            near_z: (N,) if given, the triangle nearest to this height counts instead of the topmost.
            tolerance_m: points this far outside of a triangle still count as on it.
        """
        from simulator.roads.surface_kernels import highest

        xy = np.ascontiguousarray(xy, np.float64).reshape(-1, 2)
        z, found = np.full(len(xy), -np.inf), np.full(len(xy), -1, np.int64)
        near_z = np.zeros(0) if near_z is None else np.ascontiguousarray(near_z, np.float64)
        highest(*self._cells, self._edges, self._planes, xy, near_z, tolerance_m, z, found)
        return z, np.append(self.triangle, -1)[found]


class QuadIndex:
    """Quads binned into square cells of the x, y plane.

    Args:
        corners: (Q, 4, 3) in any frame with z up.
        reach_m: how far beside a quad points still count as near it.
    """

    def __init__(self, corners: Array, reach_m: float, cell_m: float = 2.0) -> None:
        self._corners, self._reach = np.ascontiguousarray(corners), reach_m
        low, high = corners[..., :2].min(axis=1) - reach_m, corners[..., :2].max(axis=1) + reach_m
        self._boxes = np.concatenate([low, high], axis=1)
        self._cells = Cells.of(low, high, cell_m)

    def near(self, xy: Array) -> tuple[Index, Index]:
        """Pairs (K,) of points, of xy (N, 2), and quads near them, in the order of the points, then of the quads."""
        from simulator.roads.surface_kernels import quads_near

        xy, none = np.ascontiguousarray(xy), np.zeros(0, np.int64)
        count = quads_near(*self._cells, self._corners, self._boxes, xy, self._reach, none, none)
        point, quad = np.empty(count, np.int64), np.empty(count, np.int64)
        quads_near(*self._cells, self._corners, self._boxes, xy, self._reach, point, quad)
        return point, quad
