"""Where roads overlap, one thing only lies on top: kerbs, pavements and verges give way to other roads' lanes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.roads.surface_index import QuadIndex, TriangleIndex
from simulator.roads.surface_levels import SAME_LEVEL_M, corner_weights
from simulator.roads.surface_polygons import Triangles, quad_triangles, triangulate, walls
from simulator.roads.surface_quads import FLUSH_M, RAIL_M, Look, Quads, Tier, cut_along
from simulator.roads.surface_rows import LONGEST_M, Array

Index = NDArray[np.int64]

_SLIVER_M2 = 2e-3
_TRIFLE_M = 5e-3
_STOREY_M = 2.5  # a junction on a slope spans this much height
_RAIL_STEP_M = 0.25  # of rails where other roads cross them
_RAMP_M = 1.5  # so far beside those they come down
_FACE_M = 0.16  # height of the face along a cut: a kerb and a little more, below the road


def give_way(
    quads: Quads,
    polygons: NDArray[np.object_],
    more: NDArray[np.object_],
    more_z: Array,
    more_tier: NDArray[np.int8],
    settled: NDArray[np.bool_],
) -> tuple[Quads, Triangles]:
    """Cut away what lies on other roads' ground of a lower tier.

    Args:
        quads: all lying quads; polygons: their shapes in the plane.
        settled: (Q,) those in whose place another surface lies already.
        more: (M,) polygons of further ground (filled junctions), with heights and tiers (M,).

    Returns:
        The quads that stay whole, and what remains of the others, with faces along the cuts.
    """
    z = quads.corners[..., 2].mean(axis=1)
    loser, winner = _conflicts(quads, polygons, z)
    pieces = polygons.copy()
    _subtract(pieces, loser, polygons[winner])
    if len(more):
        soft = np.flatnonzero(quads.tier >= Tier.PAVED)
        tree = shapely.STRtree(polygons[soft])
        patch, hit = tree.query(more)
        near = np.abs(more_z[patch] - z[soft[hit]]) < _STOREY_M
        fits = near & (more_tier[patch] < quads.tier[soft[hit]])
        _subtract(pieces, soft[hit[fits]], more[patch[fits]])
    lost = shapely.area(polygons) - shapely.area(pieces)
    cut = lost > _SLIVER_M2
    return quads.take(~cut & ~settled), _pieces(quads.take(cut), polygons[cut], pieces[cut])


def _conflicts(quads: Quads, polygons: NDArray[np.object_], z: Array) -> tuple[Index, Index]:
    """Pairs of quads (loser, winner) of different roads that overlap at one level and may not both show."""
    solid = np.flatnonzero(quads.tier <= Tier.RAISED)
    soft = np.flatnonzero(quads.tier >= Tier.PAVED)
    tree = shapely.STRtree(polygons[solid])
    a, b = tree.query(polygons[soft])
    loser, winner = soft[a], solid[b]
    lower = quads.tier[winner] < quads.tier[loser]
    same = (quads.tier[winner] == quads.tier[loser]) & (quads.road[winner] < quads.road[loser])
    keep = (quads.road[loser] != quads.road[winner]) & (lower | same)
    keep &= np.abs(z[loser] - z[winner]) < SAME_LEVEL_M
    loser, winner = loser[keep], winner[keep]
    overlap = _overlap(quads.corners[loser, :, :2], quads.corners[winner, :, :2])
    return loser[overlap], winner[overlap]


def _overlap(one: Array, other: Array) -> NDArray[np.bool_]:
    """Whether quads (M, 4, 2) overlap by more than a trifle: no side of either separates them."""
    apart = np.zeros(len(one), np.bool_)
    for a, b in ((one, other), (other, one)):
        for k in range(4):
            way = a[:, (k + 1) % 4] - a[:, k]
            length = np.hypot(way[:, 0], way[:, 1])
            out = b - a[:, k, None]
            depth = way[:, None, 0] * out[..., 1] - way[:, None, 1] * out[..., 0]  # positive: on the inner side
            apart |= (depth.max(axis=1) < _TRIFLE_M * length) & (length > 0.0)
    return ~apart


def _subtract(pieces: NDArray[np.object_], rows: Index, cutters: NDArray[np.object_]) -> None:
    """pieces[row] minus all its cutters, in place; rows may repeat."""
    order = np.argsort(rows, kind="stable")
    rows, cutters = rows[order], cutters[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    for k in range(int(rank.max(initial=-1)) + 1):
        now = rank == k
        pieces[rows[now]] = shapely.difference(pieces[rows[now]], cutters[now])


def _pieces(quads: Quads, whole: NDArray[np.object_], left: NDArray[np.object_]) -> Triangles:
    """Triangles of what is left of cut quads, at the quads' heights, with faces below the cuts of raised ones."""
    parts, owner = shapely.get_parts(left, return_index=True)
    good = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > _SLIVER_M2)
    # Slivers thinner than a few centimetres are no pavement.
    good[good] = ~shapely.is_empty(shapely.buffer(parts[good], -0.02))
    parts, owner = parts[good], owner[good]
    xy, of = triangulate(parts, 50.0)
    mine = np.repeat(owner[of], 3)
    weights = corner_weights(quads.corners[mine], xy.reshape(-1, 2))
    corners = np.einsum("ij,ijk->ik", weights, quads.corners[mine])
    corners[:, :2] = xy.reshape(-1, 2)
    st = np.einsum("ij,ijk->ik", weights, quads.st[mine])
    lying = Triangles(corners.reshape(-1, 3, 3), st.reshape(-1, 3, 2), quads.look[owner[of]], quads.owner[owner[of]])
    raised = quads.tier[owner] == Tier.RAISED
    return Triangles.join([lying, _cut_faces(quads, whole, parts[raised], owner[raised])])


def _cut_faces(quads: Quads, whole: NDArray[np.object_], parts: NDArray[np.object_], owner: Index) -> Triangles:
    """Upright faces below those edges of the parts that are no edges of the whole quads."""
    rings = shapely.get_exterior_ring(shapely.orient_polygons(parts))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    start, end, of = points[:-1], points[1:], owner[ring[:-1]]
    same = ring[:-1] == ring[1:]
    start, end, of = start[same], end[same], of[same]
    middle = shapely.points(0.5 * (start + end))
    new = shapely.distance(middle, shapely.boundary(whole[of])) > 2e-3
    start, end, of = start[new], end[new], of[new]
    ends = []
    for xy in (start, end):
        weights = corner_weights(quads.corners[of], xy)
        ends.append(np.column_stack([xy, np.einsum("ij,ij->i", weights, quads.corners[of, :, 2])]))
    # Rings run counter-clockwise, so that the outside lies to the right.
    return walls(ends[0], ends[1], _FACE_M, Look.KERB)


def sink_rails(rails: Quads, lanes: Quads, asphalt: TriangleIndex) -> Quads:
    """The same rails, but flush with the ground where other roads cross them: with `lanes`, on their `asphalt`."""
    if not len(rails) or not len(lanes):
        return rails
    middle = rails.corners.mean(axis=1)
    rail, lane = QuadIndex(lanes.corners, LONGEST_M).near(middle[:, :2])
    meets = np.abs(middle[rail, 2] - lanes.corners[lane, :, 2].mean(axis=1)) < SAME_LEVEL_M
    meets &= rails.road[rail] != lanes.road[lane]
    street = shapely.union_all(lanes.take(np.unique(lane[meets])).polygons())
    near = np.isin(np.arange(len(rails)), rail[meets])
    corners, st, of = cut_along(rails.corners[near], rails.st[near], _RAIL_STEP_M)
    flat = corners.reshape(-1, 3)
    away = shapely.distance(street, shapely.points(flat[:, :2]))
    beside = flat[:, 2] - (RAIL_M - FLUSH_M) * (1.0 - np.clip(away / _RAMP_M, 0.0, 1.0))
    z, _ = asphalt.height(flat[:, :2], near_z=beside)
    corners[..., 2] = np.where((away == 0.0) & np.isfinite(z), z + FLUSH_M, beside).reshape(-1, 4)
    return Quads.join([rails.take(~near), replace(rails.take(near).take(of), corners=corners, st=st)])


def clip_faces(
    faces: Quads,
    lanes: Quads,
    lane_polygons: NDArray[np.object_],
    carriageway: NDArray[np.object_],
    carriageway_z: Array,
) -> Triangles:
    """Kerb faces without the parts that stand inside other roads' lanes or the further carriageway polygons."""
    polygons = np.concatenate([lane_polygons, carriageway])
    z = np.concatenate([lanes.corners[..., 2].mean(axis=1), carriageway_z])
    road = np.concatenate([lanes.road, np.full(len(carriageway), -2)])
    lines = shapely.linestrings(faces.corners[:, :2, :2])
    tree = shapely.STRtree(polygons)
    face, hit = tree.query(lines)
    fits = (faces.road[face] != road[hit]) & (np.abs(faces.corners[face, 0, 2] - z[hit]) < SAME_LEVEL_M)
    face, hit = face[fits], hit[fits]
    inner = shapely.buffer(polygons[hit], -0.01)
    crossing = shapely.intersects(lines[face], inner)
    left = lines.copy()
    _subtract(left, face[crossing], inner[crossing])
    touched = np.zeros(len(lines), np.bool_)
    touched[face[crossing]] = True
    whole = faces.take(~touched)
    whole_triangles = _face_triangles(whole.corners, whole.st)
    parts, owner = shapely.get_parts(left[touched], return_index=True)
    long = (shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING) & (shapely.length(parts) > 0.02)
    parts, owner = parts[long], np.flatnonzero(touched)[owner[long]]
    if not len(parts):
        return whole_triangles
    ends = shapely.get_coordinates(shapely.get_point(parts, 0)), shapely.get_coordinates(shapely.get_point(parts, -1))
    first, second = faces.corners[owner, 0], faces.corners[owner, 1]
    run = np.maximum(np.linalg.norm(second[:, :2] - first[:, :2], axis=1), 1e-9)
    share = [np.linalg.norm(end - first[:, :2], axis=1) / run for end in ends]
    pick = [(0, 1, share[0]), (0, 1, share[1]), (3, 2, share[1]), (3, 2, share[0])]
    corners = np.stack([_between(faces.corners[owner], *way) for way in pick], axis=1)
    st = np.stack([_between(faces.st[owner], *way) for way in pick], axis=1)
    return Triangles.join([whole_triangles, _face_triangles(corners, st)])


def _between(values: Array, first: int, second: int, share: Array) -> Array:
    return np.asarray(values[:, first] + (values[:, second] - values[:, first]) * share[:, None])


def _face_triangles(corners: Array, st: Array) -> Triangles:
    return quad_triangles(corners, st, np.full(len(corners), Look.KERB, np.int8))
