"""One height where carriageways overlap: maps often give connecting roads heights that differ by centimetres.

Each road has a say in proportion to the distance from the edge of its own carriageway, so the common surface is
continuous: at the edge of a road the others decide alone. Where the roads agree nothing moves.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.roads.surface_quads import is_driving
from simulator.roads.surface_rows import Array, Rows, join_ends

SAME_LEVEL_M = 1.5  # carriageways that differ by more cross over each other
_AGREE_M = 0.0005
_TOUCH_M = 0.03


def level_overlaps(rows: list[Rows]) -> None:
    """Move the ground of overlapping carriageways to a common height, in place."""
    bands = [(part, *band) for part in rows if (band := _band(part))]
    if not bands:
        return
    points = np.concatenate([part.ground[a : b + 1].reshape(-1, 3) for part, a, b in bands])
    road = np.concatenate([np.full((b - a + 1) * len(part.s), part.number) for part, a, b in bands])
    inside = np.concatenate([_inset(part.t[a : b + 1], part.t[a], part.t[b]).ravel() for part, a, b in bands])
    corners, insets, owner = _lane_quads(bands)
    tree = shapely.STRtree(shapely.polygons(corners[..., :2]))
    point, quad = tree.query(shapely.points(points[:, :2]), predicate="dwithin", distance=_TOUCH_M)
    other = road[point] != owner[quad]
    point, quad = point[other], quad[other]
    z, weight = _at(corners[quad], insets[quad], points[point, :2])
    fits = np.abs(z - points[point, 2]) < SAME_LEVEL_M
    point, z, weight = _one_per_road(point[fits], owner[quad[fits]], z[fits], weight[fits])
    total = inside + np.bincount(point, weight, minlength=len(points))
    mean = inside * points[:, 2] + np.bincount(point, weight * z, minlength=len(points))
    delta = mean / total - points[:, 2]
    delta[np.abs(delta) < _AGREE_M] = 0.0
    if not delta.any():
        return
    at = 0
    for part, a, b in bands:
        move = delta[at : at + (b - a + 1) * len(part.s)].reshape(b - a + 1, -1)
        at += move.size
        part.ground[a : b + 1, :, 2] += move
        part.ground[:a, :, 2] += move[0]  # what lies beside the carriageway moves with its edge
        part.ground[b + 1 :, :, 2] += move[-1]
    join_ends(rows)


def _band(part: Rows) -> tuple[int, int] | None:
    """First and last boundary of the carriageway of a stretch."""
    driving = [i for i, lane in enumerate(part.lanes) if is_driving(lane)]
    return (driving[0], driving[-1] + 1) if driving else None


def _inset(t: Array, left: Array, right: Array) -> Array:
    """Distance from the edge of the carriageway; a little more than zero at the edge, where two may coincide."""
    return np.asarray(np.maximum(np.minimum(left - t, t - right), 0.0) + _TOUCH_M)


def _one_per_road(
    point: NDArray[np.int64], road: NDArray[np.int64], z: Array, weight: Array
) -> tuple[NDArray[np.int64], Array, Array]:
    """One entry for each point and road: a point on a corner of four quads of a road has met them all."""
    key, group = np.unique(point * (road.max(initial=0) + 1) + road, return_inverse=True)
    count = np.bincount(group, minlength=len(key))
    first = np.zeros(len(key), np.int64)
    first[group] = point
    return first, np.bincount(group, z) / count, np.bincount(group, weight) / count


def _lane_quads(bands: list[tuple[Rows, int, int]]) -> tuple[Array, Array, NDArray[np.int64]]:
    """Corners (Q, 4, 3) of all quads of the bands, insets (Q, 4) of the corners, and the number of their road."""
    corners, insets, owner = [], [], []
    for part, a, b in bands:
        g = part.ground[a : b + 1]
        w = _inset(part.t[a : b + 1], part.t[a], part.t[b])
        corners.append(np.stack([g[:-1, :-1], g[1:, :-1], g[1:, 1:], g[:-1, 1:]], axis=2).reshape(-1, 4, 3))
        insets.append(np.stack([w[:-1, :-1], w[1:, :-1], w[1:, 1:], w[:-1, 1:]], axis=2).reshape(-1, 4))
        owner.append(np.full(len(corners[-1]), part.number))
    return np.concatenate(corners), np.concatenate(insets), np.concatenate(owner)


def _at(corners: Array, values: Array, xy: Array) -> tuple[Array, Array]:
    """Height and interpolated corner value of quads (M, 4, 3), (M, 4) at points (M, 2) inside them."""
    weights = corner_weights(corners, xy)
    return np.einsum("ij,ij->i", weights, corners[..., 2]), np.einsum("ij,ij->i", weights, values)


def corner_weights(corners: Array, xy: Array) -> Array:
    """(M, 4) weights of the corners of quads (M, 4, 3) at points (M, 2), on the triangles 012 and 023.

    Outside of a quad its nearer triangle is continued.
    """
    weights = np.zeros((len(xy), 4))
    best = np.full(len(xy), -np.inf)
    for triangle in ([0, 1, 2], [0, 2, 3]):
        a, b, c = (corners[:, k, :2] for k in triangle)
        u, v, w = b - a, c - a, xy - a
        area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        thin = np.abs(area) < 1e-9
        safe = np.where(thin, 1.0, area)
        p = (w[:, 0] * v[:, 1] - w[:, 1] * v[:, 0]) / safe
        q = (u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0]) / safe
        own = np.stack([1.0 - p - q, p, q], axis=1)
        inside = np.where(thin, -1e9, own.min(axis=1))
        better = inside > best
        best = np.where(better, inside, best)
        row = np.zeros((len(xy), 4))
        row[:, triangle] = own
        weights = np.where(better[:, None], row, weights)
    return weights
