"""What a map leaves out inside junctions: the asphalt between connecting roads, the pavement round the corners.

Connecting roads are lanes only. Their union has holes and pockets, which become asphalt. Where the pavements or
shoulders of two neighbouring arms end, kerbed pavements and shoulders go round the corner. Small pieces of land
that roads enclose in towns become kerbed islands.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulator.roads.surface_corners import Stretch, arm_edges, corner_pairs, corner_shapes
from simulator.roads.surface_index import TriangleIndex
from simulator.roads.surface_polygons import Triangles, areas_of, outlines, parts_of, polygons_of, triangulate, walls
from simulator.roads.surface_quads import KERB_STONE_M, Look, Tier
from simulator.roads.surface_rows import Array

Polygons = NDArray[np.object_]

_POCKET_M = 2.0  # concave pockets narrower than twice this are filled
_HOLE_M2 = 150.0  # smaller holes are filled whatever their shape
_NOSE_M2 = 12.0  # smaller islands are left-overs of the map
_ISLAND_M2 = 400.0  # larger pieces of enclosed land are no islands
_ROUND_M2 = 1500.0  # unless they are round
_LAWN_M2 = 30.0  # islands from this size on are planted
_OVERLAP_M = 0.02  # filled ground reaches this far below its neighbours
_SUNK_M = 0.02
_SLIVER_M = 0.1
_SPECK_M2 = 0.05
_THIN_M = 0.04
_REACH_M = 4.0
_TOWN_M = 25.0  # islands lie no farther than this from a pavement or median


class Ground(NamedTuple):
    """Polygons of one kind of added ground: shapes (M,), look, rough height and kerb height of each."""

    shapes: Polygons
    look: NDArray[np.int8]
    level: Array
    step: Array

    @staticmethod
    def join(one: Ground, other: Ground) -> Ground:
        """The shapes of both."""
        return Ground(*(np.concatenate([getattr(one, name), getattr(other, name)]) for name in Ground._fields))


def junction_plans(stretches: list[Stretch]) -> tuple[Ground, Ground]:
    """Filled asphalt and corner pavements of all junctions among the stretches."""
    plan = _Plan(stretches)
    names = sorted({stretch.rows.road.junction for stretch in stretches} - {""})
    plans = [_junction_plan(plan, name) for name in names]
    paved = _ground([(part.fill, Look.ASPHALT, part.level, 0.0) for part in plans])
    walks = _ground([(part.walks, Look.PAVING, part.level, part.step) for part in plans])
    return paved, walks


def _ground(parts: list[tuple[Polygons, Look, float, float]]) -> Ground:
    count = [len(part[0]) for part in parts]
    return Ground(
        np.concatenate([np.zeros(0, object), *(part[0] for part in parts)]),
        np.repeat([int(part[1]) for part in parts], count).astype(np.int8),
        np.repeat([part[2] for part in parts], count).astype(np.float64),
        np.repeat([part[3] for part in parts], count).astype(np.float64),
    )


class _Plan:
    """Outlines of all stretches: whole, and paved parts only."""

    def __init__(self, stretches: list[Stretch]) -> None:
        self.stretches = stretches
        self.level = np.array([stretch.rows.ground[..., 2].mean() for stretch in stretches])
        self.junction = np.array([stretch.rows.road.junction for stretch in stretches])
        rings = [outlines(profile, profile.tier <= Tier.RAISED) for _, profile in stretches]
        paved = [outlines(profile, profile.tier <= Tier.PAVED) for _, profile in stretches]
        self.whole = polygons_of([ring for group in rings for ring in group])
        self.whole_owner = np.repeat(np.arange(len(rings)), [len(group) for group in rings])
        self.paved = polygons_of([ring for group in paved for ring in group])
        self.paved_owner = np.repeat(np.arange(len(paved)), [len(group) for group in paved])
        self.whole_tree = shapely.STRtree(self.whole)
        self.arms = arm_edges(stretches)

    def beside(self, junction: str, box: shapely.Geometry, level: float) -> shapely.Geometry:
        """Union of the outlines of other roads at one level, cut to a box."""
        hit = self.whole_tree.query(box)
        owner = self.whole_owner[hit]
        other = (self.junction[owner] != junction) & (np.abs(self.level[owner] - level) < 6.0)
        return shapely.union_all(shapely.clip_by_rect(self.whole[hit[other]], *box.bounds))


class _Shapes(NamedTuple):
    """Plan of one junction: filled asphalt, corner pavements, rough height, height of kerbs."""

    fill: Polygons
    walks: Polygons
    level: float
    step: float


def _junction_plan(plan: _Plan, junction: str) -> _Shapes:
    inside = plan.junction == junction
    level = float(plan.level[inside].mean())
    asphalt = shapely.union_all(parts_of(plan.paved[inside[plan.paved_owner]], _SPECK_M2))
    if asphalt.is_empty:
        return _Shapes(np.zeros(0, object), np.zeros(0, object), level, 0.0)
    edges, middles = plan.arms.get(junction, ([], np.zeros((0, 2))))
    widest = max((float(np.hypot(*(side.outer - side.lane))) for side in edges), default=0.0)
    box = shapely.box(*asphalt.bounds).buffer(_REACH_M + widest)
    arms = plan.beside(junction, box, level)
    kerbed = shapely.union_all(plan.whole[inside[plan.whole_owner]]).difference(asphalt)
    taken = areas_of(kerbed.union(arms))  # roads of a damaged map may touch in lines
    closed = _without_holes(asphalt.buffer(_POCKET_M, quad_segs=3).buffer(-_POCKET_M, quad_segs=3))
    edge = asphalt.union(_thick(closed.difference(taken)))  # everything vehicles may drive on
    islands = _holes(edge.union(taken))
    pavements, gutters = list[tuple[shapely.Geometry, float]](), list[shapely.Geometry]()
    for pair in corner_pairs(edges, middles):
        pavement, gutter = corner_shapes(*pair, middles)
        gutters.append(gutter)
        if not pavement.is_empty:
            pavements.append((pavement, min(side.pavement_m for side in pair)))
    edge = edge.union(_thick(shapely.union_all(gutters).difference(taken)))
    edge = _fill_holes(edge, shapely.union_all([taken, *(shape for shape, _ in pavements)]), islands)
    walks = shapely.clip_by_rect(_walks(pavements, edge, taken), *box.bounds)
    edge = _fill_holes(edge, shapely.union_all([taken, *walks]), islands)
    steps = [side.step_m for side in edges if side.pavement_m > 0.0]
    fill = parts_of(edge.difference(asphalt))
    return _Shapes(fill, walks, level, float(np.mean(steps)) if steps else 0.0)


def _fill_holes(edge: shapely.Geometry, taken: shapely.Geometry, islands: Polygons) -> shapely.Geometry:
    """Asphalt `edge` and what it closes in together with `taken`, except islands that were there before."""
    holes = []
    for hole in _holes(edge.union(taken)):
        island = any(hole.intersection(other).area > 0.9 * hole.area for other in islands)
        if hole.area < (_NOSE_M2 if island else _HOLE_M2) and hole.dwithin(edge, 0.01):
            holes.append(_thick(hole))
    return shapely.union_all([edge, *holes]) if holes else edge


def _walks(
    pavements: list[tuple[shapely.Geometry, float]], edge: shapely.Geometry, taken: shapely.Geometry
) -> Polygons:
    """Pavements round the corners; where connecting roads cut a corner, the pavement steps back."""
    shapes = []
    for pavement, width in pavements:
        near = shapely.clip_by_rect(edge, *pavement.buffer(3.0 * width).bounds)
        ring = near.buffer(width, quad_segs=4).intersection(pavement.buffer(width, quad_segs=2))
        shapes += [pavement, areas_of(ring)]
    if not shapes:
        return np.zeros(0, object)
    return _without_slivers(areas_of(shapely.union_all(shapes).difference(edge).difference(taken)))


def _without_slivers(shape: shapely.Geometry) -> Polygons:
    """Polygons of a shape without spikes and slivers narrower than 0.2 m."""
    return parts_of(_opened(shape, _SLIVER_M), 0.1)


def _thick(shape: shapely.Geometry) -> shapely.Geometry:
    """The parts of a shape that are no slivers: on average wider than twice _THIN_M."""
    parts = parts_of(shape)
    return shapely.union_all(parts[shapely.area(parts) > _THIN_M * shapely.length(parts)])


def _opened(shape: shapely.Geometry, half_m: float) -> shapely.Geometry:
    """The shape without parts narrower than twice `half_m`."""
    core = shape.buffer(-half_m, join_style="mitre").buffer(half_m, join_style="mitre")
    return core.intersection(shape)


def enclosed_islands(ground: shapely.Geometry, stretches: list[Stretch], index: TriangleIndex, kerb_m: float) -> Ground:
    """Kerbed islands: small pieces of land between roads, in towns.

    Args:
        ground: plan of everything that roads cover.
        index: triangles of all paved ground.
    """
    kerbed = [
        profile.left[strip, len(rows.s) // 2, :2]
        for rows, profile in stretches
        for strip in np.flatnonzero(profile.tier == Tier.RAISED)[:1]
    ]
    shapes, levels = list[shapely.Geometry](), list[float]()
    town = shapely.STRtree(shapely.points(np.array(kerbed).reshape(-1, 2)))
    for hole in _holes(ground) if kerbed else ():
        if hole.area < _NOSE_M2 or (hole.area > _ISLAND_M2 and hole.area < 0.85 * hole.convex_hull.area):
            continue
        z, _ = index.height(shapely.get_coordinates(hole), tolerance_m=0.03)
        known = np.isfinite(z)
        near = len(town.query(hole, predicate="dwithin", distance=_TOWN_M)) > 0
        if near and known.mean() > 0.5 and np.ptp(z[known]) < 2.0:
            shapes.append(hole)
            levels.append(float(z[known].mean()))
    made = np.array(shapes, object)
    look = np.where(shapely.area(made) < _LAWN_M2, int(Look.PAVING), int(Look.LAWN)).astype(np.int8)
    return Ground(made, look, np.array(levels), np.full(len(made), kerb_m))


class _GroundHeight:
    """Ground height inside junctions: that of the roads where there are any, else blended from theirs around."""

    def __init__(self, index: TriangleIndex, ground: Ground) -> None:
        self._index = index
        rims = shapely.segmentize(shapely.boundary(ground.shapes), 1.0)
        xy, owner = shapely.get_coordinates(rims, return_index=True)
        level = ground.level[owner]
        z = self._on_road(xy, level, 0.03)
        known = np.isfinite(z)
        self._z = z[known]
        # Levels are far apart in the tree, so that junctions above each other do not mix.
        self._tree = cKDTree(np.column_stack([xy[known], 10.0 * level[known]]))

    def _on_road(self, xy: Array, level: Array, tolerance_m: float) -> Array:
        z, _ = self._index.height(xy, near_z=level, tolerance_m=tolerance_m)
        return np.where(np.abs(z - level) < 6.0, z, -np.inf)

    def __call__(self, xy: Array, level: Array) -> Array:
        """Height (N,) at points (N, 2) of junctions at rough heights `level` (N,)."""
        own = self._on_road(xy, level, 0.005)
        lost = np.flatnonzero(~np.isfinite(own))
        if len(lost) and len(self._z):
            distance, near = self._tree.query(np.column_stack([xy[lost], 10.0 * level[lost]]), k=min(12, len(self._z)))
            distance, near = distance.reshape(len(lost), -1), near.reshape(len(lost), -1)
            weight = np.maximum(distance, 1e-3) ** -2.0
            own[lost] = (weight * self._z[near]).sum(axis=1) / weight.sum(axis=1)
        return np.where(np.isfinite(own), own, level)


def lay_flat(ground: Ground, index: TriangleIndex) -> Triangles:
    """Filled asphalt, a little wider than its place and a little lower than its neighbours in `index`."""
    if not len(ground.shapes):
        return Triangles.join([])
    wide = shapely.buffer(ground.shapes, _OVERLAP_M, join_style="mitre")
    xy, owner = triangulate(wide, 4.0)
    flat = xy.reshape(-1, 2)
    z = _GroundHeight(index, ground)(flat, np.repeat(ground.level[owner], 3)) - 0.001
    return Triangles.of(np.column_stack([flat, z]).reshape(-1, 3, 3), Look.ASPHALT)


def lay_raised(ground: Ground, paved: Polygons, index: TriangleIndex) -> Triangles:
    """Raised ground, with kerb stones and faces where it meets any of the `paved` polygons; `index` holds those."""
    if not len(ground.shapes):
        return Triangles.join([])
    segments = _segments(ground.shapes, paved)
    tops = _Tops(ground, segments, _GroundHeight(index, ground))
    stone = shapely.buffer(_rims(ground, segments), KERB_STONE_M, quad_segs=2)
    made = [tops.faces()]
    for shapes, look in (
        (shapely.intersection(ground.shapes, stone), np.full(len(stone), Look.KERB, np.int8)),
        (shapely.difference(ground.shapes, stone), ground.look),
    ):
        parts, owner = shapely.get_parts(shapes, return_index=True)
        good = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 1e-4)
        xy, of = triangulate(parts[good], 4.0)
        mine = owner[good][of]
        flat = xy.reshape(-1, 2)
        corners = np.column_stack([flat, tops(flat, np.repeat(mine, 3))]).reshape(-1, 3, 3)
        # Kerb stones of odd shapes have no joints that could fit: a slowly varying part of the texture will do.
        st = corners[..., :2] * np.where(look[mine] == Look.KERB, 0.25, 1.0)[:, None, None]
        made.append(Triangles(corners, st, look[mine], np.zeros(len(mine), np.int64)))
    return Triangles.join(made)


class _Segments(NamedTuple):
    """Pieces of the boundaries of raised ground that meet asphalt: (K, 2, 2) and the shape of each."""

    lines: Array
    owner: NDArray[np.int64]


def _segments(shapes: Polygons, paved: Polygons) -> _Segments:
    rings, owner = shapely.get_parts(shapely.boundary(shapely.orient_polygons(shapes)), return_index=True)
    points, ring = shapely.get_coordinates(shapely.segmentize(rings, 2.0), return_index=True)
    same = ring[:-1] == ring[1:]
    lines = np.stack([points[:-1][same], points[1:][same]], axis=1)
    of = owner[ring[:-1][same]]
    tree = shapely.STRtree(paved)
    meets = np.unique(tree.query(shapely.points(lines.mean(axis=1)), predicate="dwithin", distance=0.01)[0])
    return _Segments(lines[meets], of[meets])


def _rims(ground: Ground, segments: _Segments) -> Polygons:
    """(M,) lines along which each shape meets asphalt."""
    rims = np.full(len(ground.shapes), shapely.MultiLineString(), object)
    if len(segments.owner):
        order = np.argsort(segments.owner, kind="stable")
        which, row = np.unique(segments.owner[order], return_inverse=True)
        rims[which] = shapely.multilinestrings(shapely.linestrings(segments.lines[order]), indices=row)
    return rims


class _Tops:
    """Height of raised ground: its kerb above the nearest asphalt edge."""

    def __init__(self, ground: Ground, segments: _Segments, height: _GroundHeight) -> None:
        self._ground, self._segments = ground, segments
        level = ground.level[segments.owner]
        ends = [height(segments.lines[:, k], level) for k in range(2)]
        self._z = np.stack(ends, axis=1) + ground.step[segments.owner, None]
        self._height = height
        lines = segments.lines
        # One tree for all shapes: the shape's number is a far-away coordinate.
        middle = np.column_stack([lines.mean(axis=1), 1e4 * segments.owner])
        self._tree = cKDTree(middle) if len(middle) else None

    def __call__(self, xy: Array, shape: NDArray[np.int64]) -> Array:
        """Height (N,) at points (N, 2) of raised shapes (N,)."""
        if self._tree is None:
            return self._height(xy, self._ground.level[shape]) + self._ground.step[shape]
        _, near = self._tree.query(np.column_stack([xy, 1e4 * shape]), k=min(4, len(self._z)))
        near = near.reshape(len(xy), -1)
        a, b = self._segments.lines[near, 0], self._segments.lines[near, 1]
        way = b - a
        part = ((xy[:, None] - a) * way).sum(axis=2) / np.maximum((way * way).sum(axis=2), 1e-12)
        part = np.clip(part, 0.0, 1.0)
        distance = np.linalg.norm(xy[:, None] - a - part[..., None] * way, axis=2)
        distance[self._segments.owner[near] != shape[:, None]] = np.inf
        best = distance.argmin(axis=1)
        row = np.arange(len(xy))
        z, p = self._z[near[row, best]], part[row, best]
        own = z[:, 0] + p * (z[:, 1] - z[:, 0])
        lost = ~np.isfinite(distance[row, best])
        return np.where(lost, self._height(xy, self._ground.level[shape]) + self._ground.step[shape], own)

    def faces(self) -> Triangles:
        """Kerb faces below all segments; rings run counter-clockwise, so that the road lies to the right."""
        lines, z = self._segments.lines, self._z
        drop = self._ground.step[self._segments.owner] + _SUNK_M
        start, end = (np.column_stack([lines[:, k], z[:, k]]) for k in range(2))
        return walls(start, end, drop, Look.KERB)


def _holes(shape: shapely.Geometry, most_m2: float = _ROUND_M2) -> Polygons:
    """What a shape encloses, up to a size; parts of the shape that lie inside of its own holes are no holes."""
    rings = [ring for part in parts_of(shape) for ring in part.interiors]
    holes = shapely.polygons(np.array(rings, object)) if rings else np.zeros(0, object)
    holes = holes[(shapely.area(holes) > _SPECK_M2) & (shapely.area(holes) < most_m2)]
    return parts_of(shapely.difference(holes, shape), _SPECK_M2) if len(holes) else holes


def _without_holes(shape: shapely.Geometry) -> shapely.Geometry:
    """The shape with its holes filled, except those as large and round as the middle of a roundabout.

    The middle of a crossing is hollow-sided.
    """
    filled = []
    for part in parts_of(shape):
        stay = []
        for ring in part.interiors:
            hole = shapely.Polygon(ring)
            full = hole.area > 0.85 * hole.convex_hull.area
            if hole.area > _HOLE_M2 and (full or hole.area > 900.0):
                stay.append(ring)
        filled.append(shapely.Polygon(part.exterior, stay))
    return shapely.union_all(filled) if filled else shape
