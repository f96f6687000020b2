"""Gutters: a channel of setts or concrete at the foot of kerbs, with the gratings of gullies in it.

Where there is a kerb, there is a channel that leads the water along it: two rows of setts or one of concrete slabs,
0.3 m wide (RAS-Ew 2005; US practice: HEC-22, 2009, 0.3 to 0.9 m). It is laid on the finished road like paint, so that
the road's own surface stays as the map has it.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from simulator.roads.surface_index import TriangleIndex
from simulator.roads.surface_polygons import Triangles, quad_triangles
from simulator.roads.surface_quads import Look
from simulator.roads.surface_rows import Array
from simulator.scene.paving import CHANNEL_M, GULLY_M

_RAISE_M = 0.0006  # above the asphalt; paint lies on it
_GULLY_RAISE_M = 0.0012
_LOW_M, _HIGH_M = 0.05, 0.30  # kerb faces: less is flush, more is a wall
_GULLY_EVERY_M = 28.0  # one gully for every 150 to 400 m2 of road
_GULLY_FIRST_M = 14.0
_SAME_M = 0.005  # ends of neighbouring faces
_MITRE = 0.5  # least cosine of half the turn between two faces that are joined by a mitre


def gutters(faces: Triangles, paved: TriangleIndex) -> Triangles:
    """Channels and gratings beside kerbs.

    Args:
        faces: kerb faces, two triangles each as `quad_triangles` makes them of corners top, top, bottom, bottom, seen
            from the lower side; all other triangles are passed over.
        paved: triangles of all paved ground on which channels may lie.
    """
    top, foot, st = _feet(faces)
    if not len(foot):
        return Triangles.join([])
    way = (foot[:, 1] - foot[:, 0])[:, :2]
    length = np.hypot(way[:, 0], way[:, 1])
    way /= np.maximum(length, 1e-9)[:, None]
    normal = np.stack([-way[:, 1], way[:, 0]], axis=1)
    high = top - foot[:, 0, 2]
    beside = foot[..., :2].mean(axis=1) + 0.5 * CHANNEL_M[1] * normal
    good = (length > 0.02) & (high > _LOW_M) & (high < _HIGH_M)
    good &= np.isfinite(_laid(beside[:, None], foot, paved, 0.0)[:, 0, 2])  # not the back of a pavement, nor its end
    foot, st, way, normal = foot[good], st[good], way[good], normal[good]
    out = _outward(foot[..., :2], normal)
    ends = foot[..., :2]
    edge = ends + CHANNEL_M[1] * out
    corners = _laid(np.stack([ends[:, 0], ends[:, 1], edge[:, 1], edge[:, 0]], axis=1), foot, paved, _RAISE_M)
    zero, wide = np.zeros(len(st)), np.full(len(st), CHANNEL_M[1])
    across = np.stack([zero, zero, wide, wide], axis=1)
    lying = np.isfinite(corners).all(axis=(1, 2))
    channel = np.stack([st[:, [0, 1, 1, 0]], across], axis=2)
    look = np.full(int(lying.sum()), Look.CHANNEL, np.int8)
    return Triangles.join([quad_triangles(corners[lying], channel[lying], look), _gullies(foot, st, way, paved)])


def _feet(faces: Triangles) -> tuple[Array, Array, Array]:
    """Height (F,) of the top, ends (F, 2, 3) of the foot, and stations (F, 2) of both ends of all kerb faces."""
    first = np.flatnonzero(
        (faces.look[:-1] == Look.KERB)
        & (faces.corners[:-1, 0] == faces.corners[1:, 0]).all(axis=1)
        & (faces.corners[:-1, 2] == faces.corners[1:, 1]).all(axis=1)
    )
    a, b = faces.corners[first], faces.corners[first + 1]
    upright = (np.hypot(*(a[:, 1, :2] - a[:, 2, :2]).T) < _SAME_M) & (
        np.hypot(*(b[:, 0, :2] - b[:, 2, :2]).T) < _SAME_M
    )
    first, a, b = first[upright], a[upright], b[upright]
    foot = np.stack([b[:, 2], a[:, 2]], axis=1)
    return a[:, 0, 2], foot, np.stack([faces.st[first, 0, 0], faces.st[first, 1, 0]], axis=1)


def _outward(ends: Array, normal: Array) -> Array:
    """Offset (F, 2, 2) of the channel's outer edge at both ends of each foot, for a width of 1: mitred at bends."""
    points = ends.reshape(-1, 2)
    out = np.repeat(normal, 2, axis=0)
    pairs = cKDTree(points).query_pairs(_SAME_M, output_type="ndarray")
    pairs = pairs[pairs[:, 0] // 2 != pairs[:, 1] // 2]
    both = out.copy()
    for one, other in (pairs.T, pairs.T[::-1]):
        np.add.at(both, one, out[other])
    both /= np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)
    cosine = (both * out).sum(axis=1)
    mitred = cosine > _MITRE
    out[mitred] = both[mitred] / cosine[mitred, None]
    return out.reshape(-1, 2, 2)


def _laid(plan: Array, foot: Array, paved: TriangleIndex, raise_m: float) -> Array:
    """Points (F, K, 3) on the paved ground near feet, from their places in the plane (F, K, 2); infinite beside it."""
    near = np.repeat(foot[..., 2].mean(axis=1), plan.shape[1])
    z, _ = paved.height(plan.reshape(-1, 2), near_z=near, tolerance_m=0.03)
    z[np.abs(z - near) > _HIGH_M] = -np.inf
    return np.concatenate([plan, z.reshape(*plan.shape[:2], 1) + raise_m], axis=2)


def _gullies(foot: Array, st: Array, way: Array, paved: TriangleIndex) -> Triangles:
    """A grating in the channel every _GULLY_EVERY_M of a road."""
    low, high = st.min(axis=1), st.max(axis=1)
    at = np.ceil((low - _GULLY_FIRST_M) / _GULLY_EVERY_M) * _GULLY_EVERY_M + _GULLY_FIRST_M
    here = np.flatnonzero((at < high) & (at >= _GULLY_FIRST_M) & (high - low > 0.1))
    part = ((at - st[:, 0]) / np.where(st[:, 0] == st[:, 1], 1.0, st[:, 1] - st[:, 0]))[here, None]
    foot, way = foot[here], way[here]
    middle = foot[:, 0, :2] + part * (foot[:, 1, :2] - foot[:, 0, :2])
    half, out = 0.5 * GULLY_M[0] * way, GULLY_M[1] * np.stack([-way[:, 1], way[:, 0]], axis=1)
    plan = np.stack([middle - half, middle + half, middle + half + out, middle - half + out], axis=1)
    corners = _laid(plan, foot, paved, _GULLY_RAISE_M)
    corners = corners[np.isfinite(corners).all(axis=(1, 2))]
    st = np.broadcast_to([[0.0, 0.0], [GULLY_M[0], 0.0], GULLY_M, [0.0, GULLY_M[1]]], (len(corners), 4, 2))
    return quad_triangles(corners, st, np.full(len(corners), Look.GULLY, np.int8))
