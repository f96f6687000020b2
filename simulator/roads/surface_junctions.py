"""What a map leaves out inside junctions: the asphalt between connecting roads, the pavement round the corners.

Connecting roads are lanes only. Their union has holes and pockets, which become asphalt, and kerbed islands where
they are large. Where the pavements of two neighbouring arms end, a kerbed pavement goes round the corner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulator.roads.surface_corners import Footway, Stretch, corner_pairs, corner_shapes, footways
from simulator.roads.surface_index import TriangleIndex
from simulator.roads.surface_polygons import (
    Triangles,
    outlines,
    parts_of,
    patch,
    polygons_of,
    union,
    walls,
)
from simulator.roads.surface_quads import KERB_STONE_M, Look, Tier
from simulator.roads.surface_rows import Array

Polygons = NDArray[np.object_]

_POCKET_M = 2.0  # concave pockets narrower than twice this are filled
_HOLE_M2 = 150.0  # smaller holes are filled whatever their shape
_ISLAND_M2 = 8.0
_OVERLAP_M = 0.02  # filled ground reaches this far below its neighbours
_FACE_M = 0.16


@dataclass(frozen=True, slots=True, eq=False)
class JunctionGround:
    """Ground added inside junctions.

    Attributes:
        paved: (M,) filled polygons, part of the carriageway; paved_z: (M,) their heights.
        raised: (R,) polygons of corner pavements and islands; raised_z: (R,) their heights.
        triangles: all of it as triangles.
    """

    paved: Polygons
    paved_z: Array
    raised: Polygons
    raised_z: Array
    triangles: Triangles


def junction_ground(stretches: list[Stretch], index: TriangleIndex, kerb_m: float) -> JunctionGround:
    """Fill all junctions among the stretches. `index` holds the triangles of all paved strips."""
    plan = _Plan(stretches)
    paved, raised, triangles = list[Polygons](), list[Polygons](), list[Triangles]()
    paved_z, raised_z = list[Array](), list[Array]()
    for junction in sorted({stretch.rows.road.junction for stretch in stretches} - {""}):
        work = _Junction(plan, junction, index, kerb_m)
        if work.asphalt.is_empty:
            continue
        fill, corners = work.fill()
        paved.append(fill)
        raised.append(corners)
        paved_z.append(np.full(len(fill), work.level))
        raised_z.append(np.full(len(corners), work.level))
        triangles += work.made
    empty = np.zeros(0, object)
    return JunctionGround(
        np.concatenate([empty, *paved]),
        np.concatenate([np.zeros(0), *paved_z]),
        np.concatenate([empty, *raised]),
        np.concatenate([np.zeros(0), *raised_z]),
        Triangles.join(triangles),
    )


class _Plan:
    """Outlines of all stretches, with a tree over those outside of junctions."""

    def __init__(self, stretches: list[Stretch]) -> None:
        self.stretches = stretches
        self.level = np.array([stretch.rows.ground[..., 2].mean() for stretch in stretches])
        rings = [outlines(profile, profile.tier <= Tier.RAISED) for _, profile in stretches]
        paved = [outlines(profile, profile.tier <= Tier.PAVED) for _, profile in stretches]
        self.whole = polygons_of([ring for group in rings for ring in group])
        self.whole_owner = np.repeat(np.arange(len(rings)), [len(group) for group in rings])
        self.paved = polygons_of([ring for group in paved for ring in group])
        self.paved_owner = np.repeat(np.arange(len(paved)), [len(group) for group in paved])
        self.vertices = np.concatenate([stretch.rows.ground.reshape(-1, 3) for stretch in stretches])
        self.nearest = cKDTree(self.vertices[:, :2])


class _Junction:
    """One junction while it is being filled."""

    def __init__(self, plan: _Plan, junction: str, index: TriangleIndex, kerb_m: float) -> None:
        self.index, self.plan, self.kerb = index, plan, kerb_m
        self.made: list[Triangles] = []
        inside = np.array([stretch.rows.road.junction == junction for stretch in plan.stretches])
        self.mine = [stretch for stretch, own in zip(plan.stretches, inside) if own]
        self.level = float(plan.level[inside].mean())
        self.asphalt = union(plan.paved[inside[plan.paved_owner]])
        own = plan.whole[inside[plan.whole_owner]]
        self.kerbed = union(own).difference(self.asphalt) if len(own) else shapely.Polygon()
        around = self.asphalt.buffer(12.0).envelope
        near = ~inside & (np.abs(plan.level - self.level) < 6.0)
        arms = near[plan.whole_owner] & shapely.intersects(plan.whole, around)
        self.arms = union(plan.whole[arms])
        arms = near[plan.paved_owner] & shapely.intersects(plan.paved, around)
        self.arms_paved = union(plan.paved[arms])
        self.arm_footways = footways(plan.stretches, junction)
        self.footways = [footway for arm in self.arm_footways for footway in arm]

    def fill(self) -> tuple[Polygons, Polygons]:
        """Filled asphalt and raised polygons; their triangles go to `made`."""
        closed = self.asphalt.buffer(_POCKET_M, quad_segs=4).buffer(-_POCKET_M, quad_segs=4)
        closed = _without_holes(closed.union(self.asphalt), self._is_island)
        taken = self.kerbed.union(self.arms)
        fill = closed.difference(self.asphalt).difference(taken)
        edge = closed.difference(taken).union(self.asphalt)  # everything vehicles may drive on
        pavements = []
        for pair in self.pairs():
            pavement, gutter = corner_shapes(*pair)
            fill = fill.union(gutter.difference(taken).difference(self.asphalt))
            edge = edge.union(gutter.difference(taken))
            pavements.append((pavement, min(footway.width_m for footway in pair)))
        fills = parts_of(fill)
        self._pave(fills)
        raised = np.concatenate([self._corners(pavements, edge, taken), self._islands(edge)])
        return fills, raised

    def pairs(self) -> list[tuple[Footway, Footway]]:
        """Ends of pavements to join round the corners."""
        arms = [arm for arm in self.arm_footways if arm]
        return corner_pairs(arms, np.array([arm[0].arm for arm in arms]).reshape(-1, 2))

    def _is_island(self, hole: shapely.Polygon) -> bool:
        """A hole as round as the middle of a roundabout stays; the middle of a crossing, hollow-sided, does not."""
        return bool(hole.area > _HOLE_M2 and (hole.area > 0.85 * hole.convex_hull.area or hole.area > 900.0))

    def _pave(self, fills: Polygons) -> None:
        if not len(fills):
            return
        wide = shapely.buffer(fills, _OVERLAP_M, join_style="mitre")
        lines = shapely.segmentize(shapely.boundary(fills), 1.0)
        height = self._blended(shapely.get_coordinates(lines))
        self.made.append(patch(parts_of(wide), Look.ASPHALT, lambda xy: height(xy) - 0.001))

    def _blended(self, edge: Array) -> Callable[[Array], Array]:
        """Ground height: that of the roads where there are any, elsewhere blended from theirs at points `edge`."""
        z = self._road_height(edge, 0.03)
        known = np.isfinite(z)
        if not known.any():
            return lambda xy: np.full(len(xy), self.level)
        tree, z = cKDTree(edge[known]), z[known]

        def height(xy: Array) -> Array:
            own = self._road_height(xy, 0.005)
            distance, near = tree.query(xy, k=min(12, len(z)))
            distance, near = distance.reshape(len(xy), -1), near.reshape(len(xy), -1)
            weight = np.maximum(distance, 1e-3) ** -2.0
            blend = (weight * z[near]).sum(axis=1) / weight.sum(axis=1)
            return np.where(np.isfinite(own), own, blend)

        return height

    def _road_height(self, xy: Array, tolerance: float) -> Array:
        _, vertex = self.plan.nearest.query(xy)
        near = self.plan.vertices[vertex, 2]
        z, _ = self.index.height(xy, near_z=near, tolerance_m=tolerance)
        return np.where(np.abs(z - near) < 2.0, z, -np.inf)

    def _corners(
        self, pavements: list[tuple[shapely.Geometry, float]], edge: shapely.Geometry, taken: shapely.Geometry
    ) -> Polygons:
        """Pavements round the corners, as wide as the narrower of the two that they join."""
        if not pavements:
            return np.zeros(0, object)
        shapes = []
        for pavement, width in pavements:
            # Where connecting roads cut the corner, the pavement steps back.
            ring = edge.buffer(width, quad_segs=6).intersection(pavement.buffer(width, quad_segs=2))
            shapes.append(pavement.union(ring).difference(edge).difference(taken))
        parts = parts_of(union(np.array(shapes, object)), 0.1)
        kerb = float(np.mean([footway.step_m for footway in self.footways]))
        self._raise(parts, edge, kerb, Look.PAVING)
        return parts

    def _islands(self, edge: shapely.Geometry) -> Polygons:
        """Kerbed islands in the holes that are left, in towns."""
        if not self.footways and not any((stretch.profile.tier == Tier.RAISED).any() for stretch in self.mine):
            return np.zeros(0, object)
        holes = [shapely.Polygon(ring) for part in parts_of(edge) for ring in part.interiors]
        parts = parts_of(np.array(holes, object)) if holes else np.zeros(0, object)
        parts = parts_of(shapely.difference(parts, self.arms)) if len(parts) else parts
        parts = parts[shapely.area(parts) > _ISLAND_M2]
        small = shapely.area(parts) < 60.0
        self._raise(parts[small], edge, self.kerb, Look.PAVING)
        self._raise(parts[~small], edge, self.kerb, Look.LAWN)
        return parts

    def _raise(self, parts: Polygons, edge: shapely.Geometry, kerb: float, look: Look) -> None:
        """Lay `parts` on a kerb where they meet the asphalt `edge`."""
        if not len(parts):
            return
        rim = shapely.get_coordinates(shapely.segmentize(shapely.boundary(edge), 1.0))
        height = self._blended(rim)
        boundary = shapely.boundary(edge)
        shapely.prepare(boundary)

        def top(xy: Array) -> Array:
            nearest = shapely.get_coordinates(shapely.shortest_line(shapely.points(xy), boundary)).reshape(-1, 2, 2)
            return height(nearest[:, 1]) + kerb

        stone = edge.buffer(KERB_STONE_M, quad_segs=4).union(self.arms_paved.buffer(0.01))
        self.made.append(patch(parts_of(shapely.intersection(parts, stone), 1e-4), Look.KERB, top))
        self.made.append(patch(parts_of(shapely.difference(parts, stone), 1e-4), look, top))
        self.made.append(self._faces(parts, edge, kerb, top))

    def _faces(self, parts: Polygons, edge: shapely.Geometry, kerb: float, top: Callable[[Array], Array]) -> Triangles:
        """Kerb faces where the boundary of raised parts meets asphalt."""
        rings = shapely.segmentize(shapely.boundary(shapely.orient_polygons(parts)), 2.0)
        rings = shapely.get_parts(rings)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        same = ring[:-1] == ring[1:]
        start, end = points[:-1][same], points[1:][same]
        middle = shapely.points(0.5 * (start + end))
        paved = edge.union(self.arms_paved)
        shapely.prepare(paved)
        meets = shapely.dwithin(middle, paved, 0.01)
        start, end = start[meets], end[meets]
        return walls(np.column_stack([start, top(start)]), np.column_stack([end, top(end)]), kerb + 0.02, Look.KERB)


def _without_holes(shape: shapely.Geometry, stays: Callable[[shapely.Polygon], bool]) -> shapely.Geometry:
    """The shape with its holes filled, except those that stay."""
    filled = [
        shapely.Polygon(part.exterior, [ring for ring in part.interiors if stays(shapely.Polygon(ring))])
        for part in parts_of(shape)
    ]
    return union(np.array(filled, object)) if filled else shape
