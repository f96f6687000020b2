"""Polygons of the ground plan: outlines of strips, and polygons cut into triangles with heights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.roads.surface_quads import Look, Profile, Quads
from simulator.roads.surface_rows import Array

Mask = NDArray[np.bool_]

_PIECE = 16  # cross-sections


@dataclass(frozen=True, slots=True, eq=False)
class Triangles:
    """A soup of T triangles in the local frame.

    Attributes:
        corners: (T, 3, 3); st: (T, 3, 2) texture metres; look: (T,) Look; owner: (T,) a number for each lane.
    """

    corners: Array
    st: Array
    look: NDArray[np.int8]
    owner: NDArray[np.int64]

    @staticmethod
    def of(corners: Array, look: int, st: Array | None = None) -> Triangles:
        """Triangles of one look; without `st` their textures lie along x, y."""
        st = corners[..., :2] if st is None else st
        n = len(corners)
        return Triangles(corners, st, np.full(n, look, np.int8), np.zeros(n, np.int64))

    def take(self, rows: Mask) -> Triangles:
        """The triangles of a mask."""
        return Triangles(self.corners[rows], self.st[rows], self.look[rows], self.owner[rows])

    @staticmethod
    def join(parts: Sequence[Triangles]) -> Triangles:
        """All triangles of several soups."""
        if not parts:
            return Triangles.of(np.zeros((0, 3, 3)), Look.GRASS)
        return Triangles(
            np.concatenate([p.corners for p in parts]),
            np.concatenate([p.st for p in parts]),
            np.concatenate([p.look for p in parts]),
            np.concatenate([p.owner for p in parts]),
        )


def runs(chosen: Mask) -> list[tuple[int, int]]:
    """First and last index of every run of True."""
    found, first = list[tuple[int, int]](), -1
    for k, here in enumerate([*chosen.tolist(), False]):
        if here and first < 0:
            first = k
        elif not here and first >= 0:
            found.append((first, k - 1))
            first = -1
    return found


def outlines(profile: Profile, chosen: Mask) -> list[Array]:
    """Rings (M, 2) around every run of neighbouring strips among those `chosen` (K,)."""
    rings = []
    for first, last in runs(chosen):
        left, right = profile.left[first, :, :2], profile.right[last, :, :2]
        rings.append(np.concatenate([left, right[::-1], left[:1]]))
    return rings


def polygons_of(rings: Sequence[Array]) -> NDArray[np.object_]:
    """Valid polygons of rings of `outlines`; those that cross themselves (the inside of a tight bend) are repaired."""
    if not rings:
        return np.zeros(0, object)
    index = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    made = shapely.polygons(shapely.linearrings(np.concatenate(rings), indices=index))
    # In short pieces, for a road that curls up (of a broken map) crosses itself thousands of times.
    pieces, owner = list[Array](), list[int]()
    for k in np.flatnonzero(~shapely.is_valid(made)).tolist():
        half = len(rings[k]) // 2
        left, right = rings[k][:half], rings[k][half : 2 * half][::-1]
        for i in range(0, max(half - 1, 1), _PIECE):
            a, b = left[i : i + _PIECE + 1], right[i : i + _PIECE + 1]
            pieces.append(np.concatenate([a, b[::-1], a[:1]]))
            owner.append(k)
    if not pieces:
        return np.asarray(made, object)
    index = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
    whole = shapely.make_valid(shapely.polygons(shapely.linearrings(np.concatenate(pieces), indices=index)))
    whole = shapely.buffer(whole, 0.0)
    for k, same in groupby(range(len(owner)), key=owner.__getitem__):
        rows = list(same)
        made[k] = whole[rows[0]] if len(rows) == 1 else shapely.union_all(whole[rows])
    return np.asarray(made, object)


def parts_of(shape: shapely.Geometry, smallest_m2: float = 1e-3) -> NDArray[np.object_]:
    """Polygons of a shape that are not slivers."""
    pieces = shapely.get_parts(shapely.get_parts(np.atleast_1d(shape)))
    polygonal = shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON
    pieces = pieces[polygonal]
    return np.asarray(pieces[shapely.area(pieces) > smallest_m2], object)


def areas_of(shape: shapely.Geometry) -> shapely.Geometry:
    """A shape without lines and points, in a collection with which GEOS refuses to go on."""
    return shapely.union_all(parts_of(shape)) if shape.geom_type == "GeometryCollection" else shape


def triangulate(polygons: NDArray[np.object_], cell_m: float) -> tuple[Array, NDArray[np.int64]]:
    """Triangles (T, 3, 2), counter-clockwise, that cover polygons, none larger than a cell; and whose each is."""
    pieces, owner = polygons, np.arange(len(polygons))
    for cell in (12.0 * cell_m, cell_m):  # in two steps, for cutting large polygons is slow
        pieces, of = _cut(pieces, cell)
        owner = owner[of]
    made, of_made = shapely.get_parts(shapely.constrained_delaunay_triangles(pieces), return_index=True)
    xy = shapely.get_coordinates(made).reshape(-1, 4, 2)[:, :3]
    u, v = xy[:, 1] - xy[:, 0], xy[:, 2] - xy[:, 0]
    clockwise = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0] < 0.0
    xy[clockwise] = xy[clockwise][:, ::-1]
    return xy, owner[of_made]


def _cut(polygons: NDArray[np.object_], cell_m: float) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Pieces of polygons in the cells of a square grid, and the number of the polygon that each comes from."""
    if not len(polygons):
        return polygons, np.zeros(0, np.int64)
    bounds = shapely.bounds(polygons)
    low, high = np.floor(bounds[:, :2] / cell_m).astype(int), np.floor(bounds[:, 2:] / cell_m).astype(int)
    span = high - low + 1
    count = span[:, 0] * span[:, 1]
    owner = np.repeat(np.arange(len(polygons)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    corner = (low[owner] + np.stack([step % span[owner, 0], step // span[owner, 0]], axis=1)) * cell_m
    boxes = shapely.box(corner[:, 0], corner[:, 1], corner[:, 0] + cell_m, corner[:, 1] + cell_m)
    split = count[owner] > 1
    pieces = polygons[owner]
    pieces[split] = shapely.intersection(pieces[split], boxes[split])
    parts, of = shapely.get_parts(pieces, return_index=True)
    good = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 1e-10)
    return np.asarray(parts[good], object), owner[of[good]]


def patch(
    polygons: NDArray[np.object_], look: int, height: Callable[[Array], Array], *, cell_m: float = 4.0
) -> Triangles:
    """Polygons as triangles of one look, at `height(xy (N, 2)) -> z (N,)`."""
    xy, _ = triangulate(polygons, cell_m)
    flat = xy.reshape(-1, 2)
    unique, back = np.unique(np.round(flat, 6), axis=0, return_inverse=True)
    z = height(unique)[back.ravel()]
    # Kerb stones of odd shapes have no joints that could fit: a slowly varying part of the texture will do.
    st = flat * (0.25 if look == Look.KERB else 1.0)
    return Triangles.of(np.column_stack([flat, z]).reshape(-1, 3, 3), look, st.reshape(-1, 3, 2))


def walls(start: Array, end: Array, drop_m: Array | float, look: int) -> Triangles:
    """Upright faces, `drop_m` high, below segments from `start` (N, 3) to `end` (N, 3), seen from their right side."""
    down = np.broadcast_to(drop_m, (len(start),))[:, None] * np.array([0.0, 0.0, 1.0])
    corners = np.stack([end, start, start - down, end - down], axis=1)
    run = np.linalg.norm(end - start, axis=1)
    zero = np.zeros(len(run))
    along, up = np.stack([run, zero, zero, run], axis=1), np.stack([zero, zero, -down[:, 2], -down[:, 2]], axis=1)
    st = np.stack([along, up], axis=2)
    return quad_triangles(corners, st, np.full(len(run), look, np.int8))


def quad_triangles(
    corners: Array, st: Array, look: NDArray[np.int8], owner: NDArray[np.int64] | None = None
) -> Triangles:
    """Two triangles for each quad (Q, 4, 3)."""
    pick = np.array([[0, 1, 2], [0, 2, 3]])
    owner = np.zeros(len(look), np.int64) if owner is None else owner
    return Triangles(
        corners[:, pick].reshape(-1, 3, 3),
        st[:, pick].reshape(-1, 3, 2),
        np.repeat(look, 2).astype(np.int8),
        np.repeat(owner, 2),
    )


def triangles_of(quads: Quads) -> Triangles:
    """The quads as triangles."""
    return quad_triangles(quads.corners, quads.st, quads.look, quads.owner)
