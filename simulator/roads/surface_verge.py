"""Verges from the outer edges of roads to the land, and what holds up roads that run above it."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.roads.surface_corners import Stretch
from simulator.roads.surface_index import TriangleIndex
from simulator.roads.surface_polygons import (
    Triangles,
    outlines,
    parts_of,
    patch,
    polygons_of,
    quad_triangles,
)
from simulator.roads.surface_quads import Look, Quads
from simulator.roads.surface_rows import Array
from simulator.roads.surface_terrain import Terrain

_BRIDGE_M = 2.6  # a road this high above the land is a bridge
DECK_M = 0.9  # thickness of a bridge deck
_SLIT_M = 0.02
_MOWN_M = 2.4  # beside roads through woods
_ON_M = 1e-4
_BELOW_M = 0.5  # of a road and its kerb the verge meets the road
_BURIED_M = 0.06  # the outer edge of a verge lies this far below the land


def bridge_quads(quads: Quads, terrain: Terrain) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which quads (Q,) run so high above the land that nothing can lie beneath, and which need a bridge deck.

    Decks reach into the embankments at both ends.
    """
    if not len(quads):
        return np.zeros(0, np.bool_), np.zeros(0, np.bool_)
    corners = quads.corners.reshape(-1, 3)
    clear = (corners[:, 2] - terrain.height(corners[:, :2])).reshape(-1, 4)
    high = clear.min(axis=1) > _BRIDGE_M
    return high, np.isin(quads.road, np.unique(quads.road[high])) & (clear.max(axis=1) > DECK_M)


def ground_plan(
    stretches: list[Stretch],
    quads: Quads,
    polygons: NDArray[np.object_],
    bridge: NDArray[np.bool_],
    more: NDArray[np.object_],
) -> shapely.Geometry:
    """Union of everything that lies on the land: all strips except bridges, and `more` polygons."""
    lifted = set(quads.road[bridge].tolist())
    rings = [
        ring
        for rows, profile in stretches
        if rows.number not in lifted
        for ring in outlines(profile, np.ones(len(profile.look), np.bool_))
    ]
    rest = np.isin(quads.road, list(lifted)) & ~bridge
    return shapely.union_all(np.concatenate([polygons_of(rings), polygons[rest], more]))


def strip_ends(stretches: list[Stretch]) -> Array:
    """(K, 2) edges and middles of all strips at both ends of all roads."""
    parts = [np.zeros((0, 2))]
    for rows, profile in stretches:
        for end, outer in zip((0, -1), rows.outer):
            left, right = profile.left[:, end, :2], profile.right[:, end, :2]
            parts += [left, right, 0.5 * (left + right)] if outer else []
    return np.concatenate(parts)


def verge(
    plan: shapely.Geometry,
    ends: Array,
    index: TriangleIndex,
    terrain: Terrain,
    above: TriangleIndex,
    land: str = "meadow",
) -> Triangles:
    """Grass from the edges of the ground plan down or up to the land, a narrow strip where that is forest.

    Args:
        plan: from `ground_plan`; ends: from `strip_ends`, where the height of its edges bends.
        index: triangles of all ground of roads.
        terrain: the land.
        above: triangles of bridges, which the verge stays below.
        land: as in `SurfaceStyle`.
    """
    if plan.is_empty:
        return Triangles.join([])
    width = max(6.0, 2.6 * terrain.cell_m)
    # Joints of roads may leave slits in the plan; no grass grows in those.
    plan = plan.buffer(_SLIT_M, join_style="mitre").buffer(-_SLIT_M, join_style="mitre")
    ring = plan.buffer(width, quad_segs=3).difference(plan)
    segments = _segments(plan)
    tree = shapely.STRtree(shapely.linestrings(segments))
    met, _ = tree.query(shapely.points(ends), predicate="dwithin", distance=_ON_M)
    ring = shapely.snap(ring, shapely.multipoints(ends[np.unique(met)]), _ON_M)

    def height(xy: Array) -> Array:
        """Height (N,) of the verge at points (N, 2): the road's edge eases over to the land."""
        foot, distance = _nearest(xy, segments, tree)
        z, _ = index.height(foot, near_z=terrain.height(foot) - _BELOW_M, tolerance_m=0.01)
        land = terrain.height(xy) - _BURIED_M
        part = np.clip(distance / width, 0.0, 1.0)
        edge = np.where(np.isfinite(z), z, land)
        deck, _ = above.height(xy, near_z=land, tolerance_m=1.0)
        return np.minimum(edge + (land - edge) * part, np.where(np.isfinite(deck), deck - DECK_M, np.inf))

    if land != "forest":
        return patch(parts_of(ring), Look.GRASS, height, cell_m=6.0)
    mown = plan.buffer(_MOWN_M, quad_segs=3)
    return Triangles.join(
        [
            patch(parts_of(ring.intersection(mown)), Look.GRASS, height, cell_m=6.0),
            patch(parts_of(ring.difference(mown)), Look.LITTER, height, cell_m=6.0),
        ]
    )


def _segments(plan: shapely.Geometry) -> Array:
    """(M, 2, 2) segments of the boundary of a plan."""
    points, ring = shapely.get_coordinates(shapely.get_parts(shapely.boundary(plan)), return_index=True)
    same = ring[:-1] == ring[1:]
    return np.stack([points[:-1][same], points[1:][same]], axis=1)


def _nearest(xy: Array, segments: Array, tree: shapely.STRtree) -> tuple[Array, Array]:
    """Nearest points (N, 2) on segments to points (N, 2), and their distances (N,)."""
    (row, hit) = tree.query_nearest(shapely.points(xy), all_matches=False)
    a, b = segments[hit, 0], segments[hit, 1]
    way = b - a
    part = ((xy[row] - a) * way).sum(axis=1) / np.maximum((way * way).sum(axis=1), 1e-12)
    foot = np.empty_like(xy)
    foot[row] = a + np.clip(part, 0.0, 1.0)[:, None] * way
    return foot, np.linalg.norm(xy - foot, axis=1)


def bridge_decks(stretches: list[Stretch], deck: Quads) -> Triangles:
    """Undersides and edge beams of the quads of bridge decks."""
    if not len(deck):
        return Triangles.join([])
    low = deck.corners[:, ::-1] - np.array([0.0, 0.0, DECK_M])
    parts = [quad_triangles(low, low[..., :2], np.full(len(low), Look.CONCRETE, np.int8))]
    roads = set(deck.road.tolist())
    for rows, profile in stretches:
        if rows.number not in roads or not len(profile.look):
            continue
        s = deck.st[deck.road == rows.number][:, 0, 0]
        held = np.isin(rows.s[:-1], s)
        for edge, flip in ((profile.left[0], False), (profile.right[-1], True)):
            top, low = edge, edge - np.array([0.0, 0.0, DECK_M])
            faces = np.stack([top[:-1], top[1:], low[1:], low[:-1]], axis=1)[held]
            faces = faces[:, [1, 0, 3, 2]] if not flip else faces
            st = np.stack([np.linalg.norm(faces[..., :2], axis=2), faces[..., 2]], axis=2)
            parts.append(quad_triangles(faces, st, np.full(len(faces), Look.CONCRETE, np.int8)))
    return Triangles.join(parts)
