"""The obvious way to cast rays: every ray against every triangle, in float64. Slow, and right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class TwinHits(NamedTuple):
    t: Array
    primitive: NDArray[np.int64]
    u: Array
    v: Array
    margin: Array  # least distance, in barycentric units, by which the answer would change: near 0 it is a toss-up


def closest_hit(
    vertices: ArrayLike, faces: ArrayLike, origins: ArrayLike, directions: ArrayLike, t_max: float = np.inf
) -> TwinHits:
    """Moeller and Trumbore's test, all pairs."""
    v = np.asarray(vertices, np.float32).astype(np.float64)[np.asarray(faces)]
    d = np.asarray(directions, np.float32).astype(np.float64)
    o = np.broadcast_to(np.asarray(origins, np.float32).astype(np.float64), d.shape)
    a, e1, e2 = v[:, 0], v[:, 1] - v[:, 0], v[:, 2] - v[:, 0]
    p = np.cross(d[:, None], e2[None])
    determinant = (p * e1).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        s = o[:, None] - a[None]
        u = (s * p).sum(-1) / determinant
        q = np.cross(s, e1[None])
        w = (d[:, None] * q).sum(-1) / determinant
        t = (q * e2).sum(-1) / determinant
        inside = np.minimum(np.minimum(u, w), 1 - u - w)
        hit = (inside >= 0) & (t > 0) & (t < t_max) & (determinant != 0)
    every = np.where(hit, t, np.inf)
    which = every.argmin(1) if len(a) else np.zeros(len(d), int)
    rows = np.arange(len(d))
    first = every[rows, which] if len(a) else np.full(len(d), np.inf)
    found = np.isfinite(first)
    # A ray is a toss-up where some triangle at or before its hit is met, or missed, by a hair.
    with np.errstate(invalid="ignore"):
        matters = (t > 0) & (t <= np.where(found, first, np.inf)[:, None] * (1 + 1e-6)) & np.isfinite(inside)
    margin = np.where(matters, np.abs(inside), np.inf).min(1, initial=np.inf)
    return TwinHits(
        first,
        np.where(found, which, -1),
        np.where(found, u[rows, which], 0) if len(a) else np.zeros(len(d)),
        np.where(found, w[rows, which], 0) if len(a) else np.zeros(len(d)),
        margin,
    )
