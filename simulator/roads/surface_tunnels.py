"""Tubes of tunnels: walls and a ceiling around a stretch of a road, the portals at its ends, and the hill above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from simulator.roads.records import Lane, Structure
from simulator.roads.surface_polygons import Triangles, quad_triangles
from simulator.roads.surface_quads import Look
from simulator.roads.surface_rows import Array, Rows
from simulator.roads.surface_terrain import Terrain, waves

CLEAR_M = 5.0  # height of the ceiling above the edges of the road (RABT: 4.5 m for traffic, and room for signs)
_SHELL_M = 0.6  # thickness of walls and ceiling
_BURIED_M = 0.5  # how far walls reach below the road
_COVER_M = 1.4  # of earth above the ceiling at the portals
_CREST_M = 24.0  # how much higher the hill becomes, by this for each metre from the portals
_CLIMB = 0.55
_FOOT_M = 17.0  # from the tube to the foot of the hill at the portals; farther where it is higher
_HUMMOCK_M = 1.1
_STATION_M = 5.0


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
    left, right = (_between(part, row, s) for row in walled(part.lanes))
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


def hills(rows: list[Rows], terrain: Terrain) -> Triangles:
    """The land above tunnels, and the walls that hold it back at the portals."""
    made = [
        triangles
        for part in rows
        for tunnel in part.road.structures
        if tunnel.kind == "tunnel"
        for triangles in _hill(part, tunnel, terrain)
    ]
    return Triangles.join(made)


def _hill(part: Rows, tunnel: Structure, terrain: Terrain) -> Iterator[Triangles]:
    begin, end = max(tunnel.s, part.s[0]), min(tunnel.s + tunnel.length, part.s[-1])
    if end - begin < 1e-3:
        return
    s = np.linspace(begin, end, max(int((end - begin) / _STATION_M), 2) + 1)
    left, right = (_between(part, row, s) for row in walled(part.lanes))
    out = left - right
    out[:, 2] = 0.0
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    to_portal = np.minimum(s - tunnel.s, tunnel.s + tunnel.length - s)
    higher = _CREST_M * (1.0 - np.exp(-_CLIMB * np.maximum(to_portal, 0.0) / _CREST_M))
    crest = np.maximum(left[:, 2], right[:, 2]) + CLEAR_M + _SHELL_M + _COVER_M + higher
    swell = waves(s, 0.0 * s, 0, "tunnel", (45.0, 110.0)).clip(-1.0, 1.0)
    reach = (_FOOT_M + 2.2 * higher) * (1.0 + 0.22 * swell * np.clip(to_portal / 20.0, 0.0, 1.0))
    share = np.array([0.0, 0.06, 0.15, 0.28, 0.42, 0.58, 0.74, 0.88, 1.0])
    rows = [left + (reach * t)[:, None] * out for t in share[::-1]] + [
        right - (reach * t)[:, None] * out for t in share
    ]
    points = np.stack(rows, axis=1)  # (S, 18, 3) from left to right
    fall = np.concatenate([share[::-1], share])
    part_up = 1.0 - fall * fall * (3.0 - 2.0 * fall)
    land = terrain.height(points[..., :2].reshape(-1, 2)).reshape(points.shape[:2]) - 0.3
    points[..., 2] = land + (crest[:, None] - land) * part_up
    # Hummocks on the slopes, none above the tube, at the foot or at the portals.
    free = 4.0 * part_up * (1.0 - part_up) * np.clip(to_portal / 15.0, 0.0, 1.0)[:, None]
    points[..., 2] += free * _HUMMOCK_M * waves(points[..., 0], points[..., 1], 0, "hummocks", (14.0, 32.0))
    corners = np.stack([points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]], axis=2).reshape(-1, 4, 3)
    yield quad_triangles(corners, corners[..., :2], np.full(len(corners), int(Look.GRASS), np.int8))
    for k, there in ((0, tunnel.s), (-1, tunnel.s + tunnel.length)):
        if abs(s[k] - there) > 1e-6:
            continue
        top, foot = points[k], points[k].copy()
        foot[:, 2] = np.minimum(land[k], top[:, 2]) - _BURIED_M
        middle = len(share) - 1  # between the walls of the tube, whose ceiling is closed up to the crest
        foot[middle : middle + 2, 2] = np.array([left[k, 2], right[k, 2]]) + CLEAR_M
        wall = np.stack([foot[:-1], top[:-1], top[1:], foot[1:]], axis=1)
        wall = np.concatenate([wall[:middle], wall[middle + 1 :], wall[middle : middle + 1]])
        wall = wall if k == 0 else wall[:, ::-1]
        across = np.linalg.norm(wall[..., :2] - wall[:1, :1, :2], axis=2)
        st = np.stack([across, wall[..., 2]], axis=2)
        yield quad_triangles(wall, st, np.full(len(wall), int(Look.CONCRETE), np.int8))


def walled(lanes: Sequence[Lane]) -> tuple[int, int]:
    """Which boundaries of a road's lanes, left to right without lane 0, its walls stand on.

    Lanes of type "none" at the sides are land.
    """
    used = [i for i, lane in enumerate(lanes) if lane.type != "none"] or [0, len(lanes) - 1]
    return used[0], used[-1] + 1


def _between(part: Rows, boundary: int, s: Array) -> Array:
    """Points (N, 3) of a boundary at stations s (N,)."""
    return np.stack([np.interp(s, part.s, part.ground[boundary, :, k]) for k in range(3)], axis=1)
