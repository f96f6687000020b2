"""One height where carriageways overlap: maps often give connecting roads heights that differ by centimetres.

The common surface passes through the middle of every lane at the height of its own road; beside it the roads have a
say by how near their lanes' middles are, and by how far they still are from the edge of their own carriageway, so
that the surface is continuous. Only where the middles of two such lanes cross does it lie between the two, within a
centimetre or two: wheels pass to the left and to the right, where it is gentle. Where the roads agree nothing moves.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simulator.roads.surface_index import QuadIndex, TriangleIndex
from simulator.roads.surface_polygons import Triangles, parts_of, polygons_of, triangulate
from simulator.roads.surface_quads import Look, Quads, Tier, is_driving
from simulator.roads.surface_refine import refined
from simulator.roads.surface_rows import Array, Rows, join_ends

SAME_LEVEL_M = 1.5  # carriageways that differ by more cross over each other
_AGREE_M = 0.0005
_TOUCH_M = 0.03
_MIDDLE_M = 0.0002  # this near to the middle of a lane it is as good as there
_STEP_M = 0.35  # along the middles of lanes
_RAMP_M = 0.005  # where two cross the surface goes from one to the other as near as this to both
_CELL_M = 2.0  # of the common surface between them
_GRID_M = 0.00005  # to which its edges are rounded, so that they meet
_BEND_M = 0.008  # it lies as near to the chords of its triangles
_FINEST_M = 0.2  # longer ones are cut
_SHORT_M = 0.0002  # shorter pieces of middles are left out
_RIM_M = 0.02  # it reaches this far below its neighbours

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Lanes:
    """Quads (Q) of all lanes of the carriageways between two stations each, as the map has them.

    Attributes:
        corners: (Q, 4, 3) in the order of `Quads`.
        edges: (Q, 4, 2) distance of the corners from the left and right edge of the carriageway.
        aside: (Q, 4) how far they lie to the left of the middle of the lane.
        road: (Q,) number of the road; key: (Q,) which lane at which station, see `_key`.
        drives: (Q,) whether it is for traffic; else it lies between lanes that are.
    """

    corners: Array
    edges: Array
    aside: Array
    road: Index
    key: NDArray[np.complex128]
    drives: NDArray[np.bool_]

    @staticmethod
    def of(bands: list[_Band]) -> _Lanes:
        """All lanes of all carriageways."""
        return _Lanes(*(np.concatenate(parts) for parts in zip(*(band.lanes() for band in bands))))


@dataclass(frozen=True, slots=True, eq=False)
class _Band:
    """The carriageway of a stretch: boundaries `first` to `last`."""

    rows: Rows
    first: int
    last: int

    @property
    def ground(self) -> Array:
        """(B, N, 3) its corners, a view."""
        return self.rows.ground[self.first : self.last + 1]

    def lanes(self) -> tuple[Array, Array, Array, Index, NDArray[np.complex128], NDArray[np.bool_]]:
        """The columns of `_Lanes`."""
        rows, t = self.rows, self.rows.t[self.first : self.last + 1]
        edges = np.stack([t[0] - t, t - t[-1]], axis=2)
        half = 0.5 * (t[:-1] - t[1:])
        aside = np.stack([half[:, :-1], -half[:, :-1], -half[:, 1:], half[:, 1:]], axis=2)
        lanes = rows.lanes[self.first : self.last]
        key = _key(rows.number, np.array([[lane.id] for lane in lanes]), rows.s[None, :-1])
        drives = np.broadcast_to([[is_driving(lane)] for lane in lanes], key.shape)
        count = key.size
        return (
            _around(self.ground).reshape(count, 4, 3),
            _around(edges).reshape(count, 4, 2),
            aside.reshape(count, 4),
            np.full(count, rows.number),
            key.ravel(),
            drives.ravel(),
        )


def _around(values: Array) -> Array:
    """Corner values (L, N - 1, 4, ...) of all quads between boundaries (L + 1, N, ...)."""
    return np.stack([values[:-1, :-1], values[1:, :-1], values[1:, 1:], values[:-1, 1:]], axis=2)


def _key(road: int | NDArray[np.int32], lane: NDArray[np.int64], s: Array) -> NDArray[np.complex128]:
    """One number for a lane of a road at a station: lane and road in its real part, the station in the other."""
    return np.asarray(np.asarray(road, np.float64) * 256.0 + lane + 1j * s)


@dataclass(frozen=True, slots=True, eq=False)
class CommonGround:
    """Where roads overlap and disagree about the height: one surface instead of theirs.

    Attributes:
        surface: the surface; vertex: (T, 3) a number for each of its vertices, at the corners of its triangles.
        replaced: keys of the quads that it stands for.
    """

    surface: Triangles
    vertex: Index
    replaced: NDArray[np.complex128]

    @staticmethod
    def none() -> CommonGround:
        """Of roads that agree."""
        return CommonGround(Triangles.join([]), np.zeros((0, 3), np.int64), np.zeros(0, np.complex128))

    def replaces(self, quads: Quads) -> NDArray[np.bool_]:
        """(Q,) which of some quads it stands for."""
        key = _key(quads.road, quads.lane.astype(np.int64), quads.st[:, 0, 0])
        return np.asarray((quads.tier == Tier.CARRIAGEWAY) & np.isin(key, self.replaced))

    def covers(self, flaps: Quads) -> NDArray[np.bool_]:
        """(Q,) which of some quads begin or end on it, across the road."""
        ends = flaps.corners.reshape(-1, 2, 3).mean(axis=1)
        z, _ = TriangleIndex(self.surface.corners).height(ends[:, :2], near_z=ends[:, 2])
        return np.asarray((np.abs(z - ends[:, 2]) < SAME_LEVEL_M).reshape(-1, 2).any(axis=1))


def uneven_roads(rows: list[Rows]) -> frozenset[int]:
    """Numbers of the roads whose carriageways overlap at heights that differ."""
    bands = [band for part in rows if (band := _band(part))]
    return frozenset(_Overlaps.of(bands).unequal().ravel().tolist()) if bands else frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class _Overlaps:
    """What the roads say about the height of each corner (P, 3) of all carriageways.

    Attributes:
        road: (P,) number of the road of a corner.
        point, quad: (K,) which corner lies on which quad of `lanes`, at about its height.
        z, weight: (K,) height of the quad there, and its say.
    """

    lanes: _Lanes
    index: QuadIndex
    points: Array
    road: Index
    point: Index
    quad: Index
    z: Array
    weight: Array

    @staticmethod
    def of(bands: list[_Band]) -> _Overlaps:
        """Of all carriageways."""
        lanes = _Lanes.of(bands)
        points = np.concatenate([band.ground.reshape(-1, 3) for band in bands])
        road = np.concatenate([np.full(band.ground[..., 0].size, band.rows.number) for band in bands])
        index = QuadIndex(lanes.corners, _TOUCH_M)
        point, quad = index.near(points[:, :2])
        z, weight = _say(lanes, quad, points[point, :2])
        own = lanes.road[quad] == road[point]
        z[own] = points[point[own], 2]
        level = np.abs(z - points[point, 2]) < SAME_LEVEL_M
        level &= np.bincount(point[level & ~own], minlength=len(points))[point] > 0
        return _Overlaps(lanes, index, points, road, point[level], quad[level], z[level], weight[level])

    def step(self) -> Array:
        """(P,) how far each corner lies below the common height; 0 where that is next to nothing."""
        mean = _mean(self.point, self.lanes.road[self.quad], self.z, self.weight, len(self.points))
        delta = mean - self.points[:, 2]
        return np.where(np.abs(delta) > _AGREE_M, delta, 0.0)

    def unequal(self) -> Index:
        """(2, N) pairs of roads that differ at a corner of the first."""
        differ = np.abs(self.z - self.points[self.point, 2]) > _AGREE_M
        return np.unique([self.road[self.point[differ]], self.lanes.road[self.quad[differ]]], axis=1)


def level_overlaps(rows: list[Rows], uneven: Collection[int]) -> CommonGround:
    """Move the ground of uneven roads (numbers) to a common height, in place, and make the surface there."""
    bands = [band for part in rows if part.number in uneven and (band := _band(part))]
    if not bands:
        return CommonGround.none()
    found = _Overlaps.of(bands)
    delta = found.step()
    if not delta.any():
        return CommonGround.none()
    at, moved = 0, list[NDArray[np.bool_]]()
    for band in bands:
        move = delta[at : at + band.ground[..., 0].size].reshape(band.ground.shape[:2])
        at += move.size
        moved.append(_around(move != 0.0).any(axis=2).ravel())
        band.ground[..., 2] += move
        band.rows.ground[: band.first, :, 2] += move[0]  # what lies beside the carriageway moves with its edge
        band.rows.ground[band.last + 1 :, :, 2] += move[-1]
    join_ends(rows)
    return _common_ground(found, np.concatenate(moved) & found.lanes.drives)


def _common_ground(found: _Overlaps, moved: NDArray[np.bool_]) -> CommonGround:
    """The surface of each group of roads that disagree, where quads have `moved` (Q,)."""
    lanes, pairs = found.lanes, found.unequal()
    tree = shapely.STRtree(shapely.polygons(lanes.corners[..., :2]))
    count = int(lanes.road.max()) + 1
    _, group = connected_components(coo_array((np.ones(pairs.shape[1]), tuple(pairs)), shape=(count, count)))
    group = group[lanes.road]
    parts, vertices, total = list[Triangles](), list[Index](), 0
    moved = _with_overlapped(lanes, tree, moved, np.where(np.isin(group, group[moved]), group, -1 - lanes.road))
    for name in np.unique(group[moved]):
        area = shapely.union_all(polygons_of(_rings(lanes.corners, moved & (group == name))), grid_size=_GRID_M)
        # Lines that end inside of the area would be lost.
        near = tree.query(area, predicate="intersects")
        near = near[lanes.drives[near]]

        def height(points: Array, name: np.int32 = name) -> Array:
            point, quad = found.index.near(points)
            own = group[quad] == name
            point, quad = point[own], quad[own]
            return _mean(point, lanes.road[quad], *_say(lanes, quad, points[point]), len(points))

        points, z, faces = refined(_plan(area, lanes.corners[near], lanes.road[near]), height, _BEND_M, _FINEST_M)
        shapely.prepare(area)
        beyond = ~shapely.dwithin(area, shapely.points(points), 2.0 * _GRID_M)
        known = np.isfinite(z[faces]).all(axis=1)
        parts.append(Triangles.of(np.column_stack([points, z - _GRID_M * beyond])[faces[known]], Look.ASPHALT))
        vertices.append(faces[known] + total)
        total += len(points)
    return CommonGround(Triangles.join(parts), np.concatenate(vertices), lanes.key[moved])


def _rings(corners: Array, chosen: NDArray[np.bool_]) -> list[Array]:
    """Rings (M, 2) round runs of chosen quads (Q, 4, 3), each of which ends where the next one begins."""
    follows = (corners[:-1, [3, 2]] == corners[1:, [0, 1]]).all(axis=(1, 2))
    mine = np.flatnonzero(chosen)
    cut = np.flatnonzero((np.diff(mine) > 1) | ~follows[mine[:-1]]) + 1
    made = list[Array]()
    for run in np.split(corners[mine, :, :2], cut):
        made.append(np.concatenate([run[:, 0], run[-1:, 3], run[-1:, 2], run[::-1, 1], run[:1, 0]]))
    return made


def _with_overlapped(
    lanes: _Lanes, tree: shapely.STRtree, moved: NDArray[np.bool_], group: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """(Q,) the quads that have moved, and those of other roads of their group that no corner of them has met."""
    rest = np.flatnonzero(lanes.drives & ~moved & (group >= 0))
    hit, other = tree.query(shapely.buffer(tree.geometries[rest], -_GRID_M), predicate="intersects")
    hit = rest[hit]
    fits = moved[other] & (group[hit] == group[other]) & (lanes.road[hit] != lanes.road[other])
    every = moved.copy()
    every[hit[fits]] = True
    return every


def _plan(area: shapely.Geometry, corners: Array, road: Index) -> Array:
    """Triangles (T, 3, 2) of an area and its rim, with edges along the middles of all lanes (quads (Q, 4, 3))."""
    ends = np.stack([corners[:, :2].mean(axis=1), corners[:, 2:].mean(axis=1)], axis=1)
    long = np.linalg.norm((ends[:, 1] - ends[:, 0])[:, :2], axis=1) > _SHORT_M
    middles = shapely.linestrings(ends[long, :, :2])
    wide = area.buffer(_RIM_M, join_style="mitre")
    rings = _crossings(middles, ends[long], road[long])
    loose = shapely.linearrings(corners[long][_loose(ends[long]), :, :2])
    lines = [*shapely.segmentize(middles, _STEP_M), *loose, *rings, wide.boundary, area.boundary]
    edges = shapely.union_all(lines, grid_size=_GRID_M)
    faces = parts_of(shapely.polygonize(shapely.get_parts(edges)), 0.0)  # a sliver left out were a gap
    faces = faces[shapely.intersects(wide, shapely.point_on_surface(faces))]
    xy, _ = triangulate(faces, _CELL_M)
    return np.asarray(np.round(xy, 5))


def _loose(ends: Array) -> NDArray[np.bool_]:
    """Which pieces of middles (Q, 2, 3) nothing follows at one end.

    Lines that end inside of a polygon are lost, hence they are led on to the edges of their quad.
    """
    _, name, count = np.unique(ends[..., :2].reshape(-1, 2), axis=0, return_inverse=True, return_counts=True)
    return np.asarray((count[name.reshape(-1, 2)] == 1).any(axis=1))


def _crossings(middles: NDArray[np.object_], ends: Array, road: Index) -> NDArray[np.object_]:
    """Rings round all places where the middles (K, 2, 3) of lanes of two roads (K,) cross at unequal heights.

    In a ring the surface goes from one to the other. The smaller the angle, the wider it is.
    """
    one, two = shapely.STRtree(middles).query(middles, predicate="crosses")
    once = (one < two) & (road[one] != road[two])
    one, two = ends[one[once]], ends[two[once]]
    u, v, w = (end[:, :2] for end in (one[:, 1] - one[:, 0], two[:, 1] - two[:, 0], two[:, 0] - one[:, 0]))
    area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    area = np.where(area == 0.0, np.inf, area)
    p = (w[:, 0] * v[:, 1] - w[:, 1] * v[:, 0]) / area
    q = (w[:, 0] * u[:, 1] - w[:, 1] * u[:, 0]) / area
    step = np.abs(one[:, 0, 2] + p * (one[:, 1] - one[:, 0])[:, 2] - two[:, 0, 2] - q * (two[:, 1] - two[:, 0])[:, 2])
    differ = (step > _AGREE_M) & (step < SAME_LEVEL_M)
    center = (one[:, 0, :2] + p[:, None] * u)[differ]
    sine = np.abs(area) / (np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1))
    radius = np.minimum(_RAMP_M / sine[differ], _STEP_M)
    return np.asarray(shapely.boundary(shapely.buffer(shapely.points(center), radius, quad_segs=2)))


def _band(part: Rows) -> _Band | None:
    """The carriageway of a stretch."""
    driving = [i for i, lane in enumerate(part.lanes) if is_driving(lane)]
    return _Band(part, driving[0], driving[-1] + 1) if driving else None


def _say(lanes: _Lanes, quad: Index, xy: Array) -> tuple[Array, Array]:
    """Heights (K,) of quads at points (K, 2), and the weight of each."""
    part = corner_weights(lanes.corners[quad], xy)
    z, aside = (np.einsum("ij,ij->i", part, values[quad]) for values in (lanes.corners[..., 2], lanes.aside))
    inset = np.einsum("ij,ijk->ik", part, lanes.edges[quad]).min(axis=1)
    # A little more than zero at the edge, where two may coincide.
    return z, (np.maximum(inset, 0.0) + _TOUCH_M) / (aside * aside + _MIDDLE_M**2)


def _mean(point: Index, road: Index, z: Array, weight: Array, count: int) -> Array:
    """Weighted mean height of each of `count` points: a point on a corner of four quads of a road counts once."""
    key, group = np.unique(point * (road.max(initial=0) + 1) + road, return_inverse=True)
    once = np.bincount(group, minlength=len(key))
    first = np.zeros(len(key), np.int64)
    first[group] = point
    z, weight = np.bincount(group, z) / once, np.bincount(group, weight) / once
    with np.errstate(invalid="ignore"):
        return np.asarray(np.bincount(first, weight * z, count) / np.bincount(first, weight, count))


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
