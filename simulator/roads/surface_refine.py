"""Triangles made smaller where a surface bends between their corners."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from simulator.roads.surface_rows import Array

_ROUNDS = 5

Index = NDArray[np.int64]


def refined(
    xy: Array, height: Callable[[Array], Array], tolerance_m: float, shortest_m: float
) -> tuple[Array, Array, Index]:
    """Triangles of `xy` (T, 3, 2) with edges cut in half wherever the surface leaves them by more than a tolerance.

    Neighbours stay neighbours: an edge is cut for both. No edge shorter than `shortest_m` is cut.

    Args:
        height: z (N,) at points (N, 2); NaN where there is none.

    Returns:
        points (N, 2), their height (N,), and triangles as indices (S, 3), turning as before.
    """
    points, index = np.unique(xy.reshape(-1, 2), axis=0, return_inverse=True)
    faces: Index = index.reshape(-1, 3).astype(np.int64)
    z = height(points)
    for _ in range(_ROUNDS):
        edges = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2), axis=2)  # (T, 3, 2)
        keys = edges[..., 0] * len(points) + edges[..., 1]
        uneven = np.ptp(z[faces], axis=1) > tolerance_m
        key, first = np.unique(keys[uneven], return_index=True)
        a, b = edges[uneven].reshape(-1, 2)[first].T
        long = np.linalg.norm(points[a] - points[b], axis=1) > shortest_m
        key, a, b = key[long], a[long], b[long]
        middle = 0.5 * (points[a] + points[b])
        level = height(middle)
        bent = np.abs(level - 0.5 * (z[a] + z[b])) > tolerance_m
        if not bent.any():
            break
        key = key[bent]
        at = np.minimum(np.searchsorted(key, keys), len(key) - 1)
        cut = np.where(key[at] == keys, len(points) + at, -1)  # (T, 3) the new point on each edge
        points, z = np.concatenate([points, middle[bent]]), np.concatenate([z, level[bent]])
        faces = _split(faces, cut)
    return points, z, faces


def _split(faces: Index, cut: Index) -> Index:
    """Triangles (S, 3) where points `cut` (T, 3), or -1, lie on the edges from each corner of `faces` to the next."""
    count = (cut >= 0).sum(axis=1)
    # Turned so that one cut edge comes first, and one that is not cut last.
    turn = np.where(count == 1, cut.argmax(axis=1), np.where(count == 2, cut.argmin(axis=1) + 1, 0))
    order = (turn[:, None] + np.arange(3)) % 3
    faces, cut = np.take_along_axis(faces, order, axis=1), np.take_along_axis(cut, order, axis=1)
    corners = np.concatenate([faces, cut], axis=1)  # a b c, then those on ab, bc, ca
    pieces = {0: [[0, 1, 2]], 1: [[0, 3, 2], [3, 1, 2]], 2: [[3, 1, 4], [0, 3, 4], [0, 4, 2]]}
    pieces[3] = [[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]]
    return np.concatenate([corners[count == n][:, piece] for n, every in pieces.items() for piece in every])
