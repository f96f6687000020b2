"""Tubes of tunnels: walls and a ceiling around a stretch of a road, and the portals at its ends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from simulator.roads.records import Structure
from simulator.roads.surface_polygons import Triangles, quad_triangles
from simulator.roads.surface_quads import Look
from simulator.roads.surface_rows import Array, Rows

CLEAR_M = 5.0  # height of the ceiling above the edges of the road (RABT: 4.5 m for traffic, and room for signs)
_SHELL_M = 0.6  # thickness of walls and ceiling
_BURIED_M = 0.5  # how far walls reach below the road


def tunnels(rows: list[Rows]) -> Triangles:
    """Concrete around all stretches of roads that are tunnels."""
    quads = [
        quad
        for part in rows
        for tunnel in part.road.structures
        if tunnel.kind == "tunnel"
        for quad in _tube(part, tunnel)
    ]
    if not quads:
        return Triangles.join([])
    corners = np.concatenate(quads)
    # Texture coordinates: the way along the tube, and the height or the way across.
    side, along = corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0]
    width, length = np.linalg.norm(side, axis=1), np.linalg.norm(along, axis=1)
    zero = np.zeros(len(corners))
    st = np.stack([zero, zero, width, zero, width, length, zero, length], axis=1).reshape(-1, 4, 2)
    return quad_triangles(corners, st, np.full(len(corners), int(Look.CONCRETE), np.int8))


def _tube(part: Rows, tunnel: Structure) -> Iterator[Array]:
    """Quads (Q, 4, 3) of one tunnel along one stretch: inside, outside, and portals where it ends here."""
    begin, end = max(tunnel.s, part.s[0]), min(tunnel.s + tunnel.length, part.s[-1])
    if end - begin < 1e-3:
        return
    s = np.concatenate([[begin], part.s[(part.s > begin + 1e-6) & (part.s < end - 1e-6)], [end]])
    left, right = (_between(part, row, s) for row in (0, -1))
    out = left - right
    out[:, 2] = 0.0
    out *= _SHELL_M / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    up, down = np.array([0.0, 0.0, CLEAR_M]), np.array([0.0, 0.0, -_BURIED_M])
    shell = np.array([0.0, 0.0, CLEAR_M + _SHELL_M])
    inner = np.stack([right + down, right + up, left + up, left + down])  # (4, N, 3), seen ahead from right to left
    outer = np.stack([right - out + down, right - out + shell, left + out + shell, left + out + down])
    for ring, inward in ((inner, True), (outer, False)):
        for a, b in pairwise(ring):
            quads = np.stack([a[:-1], b[:-1], b[1:], a[1:]], axis=1)
            yield quads if not inward else quads[:, ::-1]
    for k, there in ((0, tunnel.s), (-1, tunnel.s + tunnel.length)):
        at_road_end = s[k] < 1e-6 or s[k] > part.road.length - 1e-6
        if abs(s[k] - there) < 1e-6 or at_road_end:
            portal = np.stack([inner[:-1, k], inner[1:, k], outer[1:, k], outer[:-1, k]], axis=1)
            yield portal if k == 0 else portal[:, ::-1]


def _between(part: Rows, boundary: int, s: Array) -> Array:
    """Points (N, 3) of an outer boundary of the mesh at stations s (N,)."""
    return np.stack([np.interp(s, part.s, part.ground[boundary, :, k]) for k in range(3)], axis=1)
