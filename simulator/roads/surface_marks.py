"""Painted lines along lane boundaries, with dashes of their true length.

Lines that the file spells out (`<line length= space= ...>`) are taken as they are. Others get the usual look:
Germany (RMS-1 1993: 6 m dashes and 12 m gaps on motorways, 4:8 on rural roads, 3:6 in towns; 0.12 m wide, on
motorways 0.15 m, edges 0.30 m), or the United States (MUTCD 2009 3A.06: 10 ft and 30 ft, 4 to 6 in wide) where
centre lines are yellow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.roads.network import RoadNetwork
from simulator.roads.polynomial import evaluate
from simulator.roads.records import Lane, MarkLine, RoadMark
from simulator.roads.surface_corners import Stretch
from simulator.roads.surface_index import QuadIndex, TriangleIndex
from simulator.roads.surface_levels import SAME_LEVEL_M
from simulator.roads.surface_polygons import Triangles, quad_triangles
from simulator.roads.surface_quads import Quads, Tier, cut_along
from simulator.roads.surface_rows import Array

RAISE_M = 0.0015  # thickness of sprayed thermoplastic paint
COLORS = ("white", "yellow", "red", "blue", "green", "orange", "violet", "black")
_BESIDE_M = 0.3  # half the width of the widest lines
_SWAY_STEP_M = 0.5
_EDGE_GAP_M = 0.05  # lines beside a kerb or verge keep this away from it
_FRAGMENT_M = 8.0  # shorter remains of lines inside junctions are left out
_LANE_EDGE_M = 0.25  # a line this near to another road's lane boundary may stay there
_LAID_M = 0.4  # pieces of lines on uneven ground
_CROSSING_COS = float(np.cos(np.radians(20.0)))

_DASHES = {"motorway": (6.0, 12.0), "rural": (4.0, 8.0), "town": (3.0, 6.0), "US": (3.048, 9.144)}
_TWO = {"solid solid", "solid broken", "broken solid", "broken broken"}


class Dash(NamedTuple):
    """Painted lines of one look: quads (Q, 4, 3) with texture metres (Q, 4, 2), colour, and which line each is of."""

    corners: Array
    st: Array
    color: str
    road: int
    junction: bool


def mark_country(network: RoadNetwork) -> str:
    """ "US" where any centre line is yellow, else "DE"."""
    centers = (section.lane(0).marks for road in network.roads.values() for section in road.sections)
    return "US" if any(mark.color == "yellow" for marks in centers for mark in marks) else "DE"


def american_marks(network: RoadNetwork) -> RoadNetwork:
    """The network with the lines left of traffic in yellow, as the MUTCD (section 3A.05) wants them."""

    def painted(lane: Lane) -> Lane:
        """The lane, its lines in yellow if it is the centre lane."""
        return replace(lane, marks=tuple(replace(mark, color="yellow") for mark in lane.marks)) if not lane.id else lane

    roads = {}
    for name, road in network.roads.items():
        sections = tuple(replace(each, lanes=tuple(painted(lane) for lane in each.lanes)) for each in road.sections)
        roads[name] = replace(road, sections=sections)
    return replace(network, roads=roads)


def lane_marks(
    stretches: list[Stretch],
    country: str,
    lanes: Quads,
    lane_polygons: NDArray[np.object_],
    filled: shapely.Geometry,
) -> list[Dash]:
    """All lines along lane boundaries, just above the lanes, as a painter would leave them.

    Inside junctions that other roads cross there are none, and nowhere do lines run through other roads' lanes.

    Args:
        country: from `mark_country`.
        lanes: the carriageway quads of all roads; lane_polygons: their shapes.
        filled: asphalt added between connecting roads.
    """
    if not len(lanes):
        return []
    tree = shapely.STRtree(lane_polygons)
    crossing = set(_crossing_roads(lanes).tolist())
    dashes = [
        dash for stretch in stretches if stretch.rows.number not in crossing for dash in _marks_of(stretch, country)
    ]
    return _without_crossed(dashes, lanes, tree, filled)


def _marks_of(stretch: Stretch, country: str) -> Iterator[Dash]:
    rows = stretch.rows
    section = rows.road.sections[rows.section]
    kinds = [kind.type for kind in rows.road.types if kind.s <= section.s0 + 1e-9]
    road_type = kinds[-1] if kinds else "rural"
    for lane in section.lanes:
        if not any(mark.type not in ("none", "curb", "edge", "grass") or mark.lines for mark in lane.marks):
            continue
        ids = [other.id for other in rows.lanes]
        boundary = rows.center if lane.id == 0 else ids.index(lane.id) + (lane.id < 0)
        side = _Side.of(stretch, boundary)
        if side is None:
            continue
        ends = [section.s0 + mark.ds for mark in lane.marks[1:]] + [section.s1]
        for mark, end in zip(lane.marks, ends):
            begin = max(section.s0 + mark.ds, rows.s[0])
            for line in _lines(mark, lane.id, country, road_type):
                anchor = section.s0 + mark.ds + line.s if mark.lines else 0.0
                sway = np.array(mark.sway) + [section.s0 + mark.ds, 0.0, 0.0, 0.0, 0.0] if mark.sway else None
                corners, st = side.paint(line, float(begin), float(min(end, rows.s[-1])), anchor, sway)
                if len(corners):
                    color = line.color if line.color not in ("", "standard") else mark.color
                    color = color if color in COLORS else "white"
                    yield Dash(corners, st, color, rows.number, bool(rows.road.junction))


def _lines(mark: RoadMark, lane: int, country: str, road_type: str) -> list[MarkLine]:
    """The painted lines of a mark; `width` is set in each."""
    bold = mark.weight == "bold"
    width = mark.width or (0.25 if bold else 0.12)
    if not mark.width and road_type == "motorway":
        width = 0.30 if bold else 0.15
    if mark.lines:
        return [_with_width(line, width) for line in mark.lines]
    length, space = _DASHES["US" if country == "US" else road_type if road_type in _DASHES else "town"]
    solid, broken = (0.0, 0.0), (length, space)
    if mark.type == "botts dots":
        return [MarkLine(0.1, 1.1, width=0.1)]
    if mark.type in _TWO:
        first, second = (solid if word == "solid" else broken for word in mark.type.split())
        # From inside to outside; on the centre line from left to right (OpenDRIVE 1.7, 11.9).
        sign = -1.0 if lane > 0 else 1.0
        return [
            MarkLine(*first, t=sign * width, width=width),
            MarkLine(*second, t=-sign * width, width=width),
        ]
    if mark.type == "solid":
        return [MarkLine(*solid, width=width)]
    return [MarkLine(*broken, width=width)] if mark.type == "broken" else []


def _with_width(line: MarkLine, width: float) -> MarkLine:
    return replace(line, width=line.width or width)


class _Side(NamedTuple):
    """A lane boundary as a place to paint on.

    `left` and `right` are unit vectors (N, 3) on the surface away from it; `room` says on which sides is asphalt.
    """

    s: Array
    point: Array
    left: Array
    right: Array
    room: tuple[bool, bool]

    @staticmethod
    def of(stretch: Stretch, boundary: int) -> _Side | None:
        """None where neither side is paved."""
        rows, profile = stretch
        paved = [False, False]
        height = np.zeros(len(rows.s))
        ways = []
        for k, lane in enumerate((boundary - 1, boundary)):
            other = lane if k == 0 else lane + 1
            if not 0 <= lane < len(rows.lanes):
                ways.append(np.zeros_like(rows.ground[0]))
                continue
            strips = profile.lane == rows.lanes[lane].id
            tiers = profile.tier[strips]
            # Of a lane in several parts the one at this boundary counts: the last of the lane to its left.
            paved[k] = bool(len(tiers) and tiers[-1 if k == 0 else 0] <= Tier.PAVED)
            if paved[k]:
                height = profile.heights[lane, :, 1 - k]
            way = rows.ground[other] - rows.ground[boundary]
            if rows.road.reliefs:  # the surface near the boundary, not the straight line to the other one
                near = np.minimum(_BESIDE_M / np.maximum(rows.t[lane] - rows.t[lane + 1], 1e-9), 1.0)
                way = near[:, None] * way + rows.bulge(lane, (1.0 - near if k == 0 else near)[None])[0]
            ways.append(way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 0.05))
        if not any(paved):
            return None
        thin = [np.linalg.norm(way, axis=1, keepdims=True) < 0.5 for way in ways]  # lanes without width
        left, right = np.where(thin[0], -ways[1], ways[0]), np.where(thin[1], -ways[0], ways[1])
        point = rows.ground[boundary] + height[:, None] * np.array([0.0, 0.0, 1.0])
        return _Side(rows.s, point, left, right, (paved[0], paved[1]))

    def paint(
        self, line: MarkLine, begin: float, end: float, anchor: float, sway: Array | None = None
    ) -> tuple[Array, Array]:
        """Corners (Q, 4, 3) and texture metres of a line between two stations; dashes count from `anchor`.

        `sway` (K, 5): cubics over s of how far the line strays to the left.
        """
        single = not line.repeats
        if single:
            begin, end = max(begin, anchor), min(end, anchor + line.length)
        if end - begin < 0.05:
            return np.zeros((0, 4, 3)), np.zeros((0, 4, 2))
        cuts = [self.s[(self.s > begin) & (self.s < end)], np.array([begin, end])]
        period = line.length + line.space
        dashed = not single and line.space > 0.0 and line.length > 0.0
        if dashed:
            count = np.arange(np.floor((begin - anchor) / period), np.ceil((end - anchor) / period) + 1.0)
            dashes = anchor + count * period
            cuts += [dashes, dashes + line.length]
        if sway is not None:
            cuts.append(np.arange(begin, end, _SWAY_STEP_M))
        s = np.unique(np.concatenate(cuts))
        s = s[(s >= begin) & (s <= end)]
        s = s[np.concatenate([[True], np.diff(s) > 1e-4])]
        middle = 0.5 * (s[1:] + s[:-1])
        painted = np.ones(len(middle), np.bool_)
        if dashed:
            painted = np.mod(middle - anchor, period) < line.length
        t = np.full(len(s), line.t) if sway is None else line.t + evaluate(sway, s)[0]
        if not self.room[0]:
            t = np.minimum(t, -0.5 * line.width - _EDGE_GAP_M)
        if not self.room[1]:
            t = np.maximum(t, 0.5 * line.width + _EDGE_GAP_M)
        edges = [self._offset(s, t + sign * 0.5 * line.width) for sign in (1.0, -1.0)]
        corners = np.stack([edges[0][:-1], edges[1][:-1], edges[1][1:], edges[0][1:]], axis=1)[painted]
        corners[..., 2] += RAISE_M
        half = 0.5 * line.width
        along = np.stack([s[:-1], s[:-1], s[1:], s[1:]], axis=1)[painted]
        across = np.broadcast_to(np.array([half, -half, -half, half]), along.shape)
        return corners, np.stack([along, across], axis=2)

    def _offset(self, s: Array, t: Array) -> Array:
        """Points (M, 3) at stations s, beside the boundary by t (M,) metres to the left, on the meshed surface."""
        k = np.clip(np.searchsorted(self.s, s, side="right") - 1, 0, len(self.s) - 2)
        part = ((s - self.s[k]) / (self.s[k + 1] - self.s[k]))[:, None]
        point, left, right = (x[k] + part * (x[k + 1] - x[k]) for x in (self.point, self.left, self.right))
        return np.asarray(point + np.abs(t)[:, None] * np.where(t[:, None] > 0.0, left, right))


def _without_crossed(dashes: list[Dash], lanes: Quads, tree: shapely.STRtree, filled: shapely.Geometry) -> list[Dash]:
    """Leave out what runs through other roads' lanes (quads in `tree`) and across the middle of junctions."""
    if not dashes:
        return []
    count = [len(dash.corners) for dash in dashes]
    corners = np.concatenate([dash.corners for dash in dashes])
    owner = np.repeat(np.arange(len(dashes)), count)
    road = np.array([dash.road for dash in dashes])[owner]
    center = corners.mean(axis=1)
    points = shapely.points(center[:, :2])
    mark, quad = tree.query(points, predicate="within")
    fits = (lanes.road[quad] != road[mark]) & (
        np.abs(lanes.corners[quad, :, 2].mean(axis=1) - center[mark, 2]) < SAME_LEVEL_M
    )
    mark, quad = mark[fits], quad[fits]
    inner = np.minimum(
        _edge_distance(lanes.corners[quad], center[mark], 0, 3),
        _edge_distance(lanes.corners[quad], center[mark], 1, 2),
    )
    keep = np.ones(len(corners), np.bool_)
    keep[mark[inner > _LANE_EDGE_M]] = False
    in_junction = np.array([dash.junction for dash in dashes])[owner]
    if not filled.is_empty:
        shapely.prepare(filled)
        keep &= ~(in_junction & shapely.contains_properly(filled, points))
    result = []
    stop = np.cumsum(count)
    for dash, first, last in zip(dashes, stop - count, stop):
        mine = keep[first:last]
        if dash.junction and not mine.all():
            mine = mine & _long_enough(dash.st[:, :, 0], mine)
        if mine.any():
            result.append(dash._replace(corners=dash.corners[mine], st=dash.st[mine]))
    return result


def _crossing_roads(lanes: Quads) -> Array:
    """Numbers of the roads in junctions whose lanes other roads cross at an angle."""
    inside = np.flatnonzero(lanes.junction)
    a, b = QuadIndex(lanes.corners, 0.0).near(lanes.corners[inside].mean(axis=1)[:, :2])
    a = inside[a]
    other = lanes.road[a] != lanes.road[b]
    a, b = a[other], b[other]
    way = (lanes.corners[:, 2] - lanes.corners[:, 1])[:, :2]
    way = way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    level = np.abs(lanes.corners[a, :, 2].mean(axis=1) - lanes.corners[b, :, 2].mean(axis=1)) < SAME_LEVEL_M
    return np.unique(lanes.road[a[level & (np.abs((way[a] * way[b]).sum(axis=1)) < _CROSSING_COS)]])


def _edge_distance(corners: Array, points: Array, first: int, second: int) -> Array:
    """Distance (M,) in the plane of points (M, 3) from the line through two corners of quads."""
    way = corners[:, second, :2] - corners[:, first, :2]
    out = points[:, :2] - corners[:, first, :2]
    length = np.maximum(np.linalg.norm(way, axis=1), 1e-9)
    return np.asarray(np.abs(way[:, 0] * out[:, 1] - way[:, 1] * out[:, 0]) / length)


def _long_enough(s: Array, keep: np.ndarray) -> np.ndarray:
    """Which quads of a line belong to a kept run of at least _FRAGMENT_M."""
    change = np.flatnonzero(np.diff(keep.astype(np.int8))) + 1
    result = np.zeros(len(keep), np.bool_)
    for run in np.split(np.arange(len(keep)), change):
        if len(run) and keep[run[0]] and s[run[-1]].max() - s[run[0]].min() >= _FRAGMENT_M:
            result[run] = True
    return result


def lay_on(dashes: list[Dash], index: TriangleIndex) -> list[Dash]:
    """Lines on the ground in `index` follow it in short pieces; others stay as they are."""
    return [_laid(dash, index) for dash in dashes] if len(index.triangle) else dashes


def _laid(dash: Dash, index: TriangleIndex) -> Dash:
    center = dash.corners.mean(axis=1)
    height, _ = index.height(center[:, :2], near_z=center[:, 2])
    on = np.abs(height - center[:, 2]) < SAME_LEVEL_M
    if not on.any():
        return dash
    corners, st, _ = cut_along(dash.corners[on], dash.st[on], _LAID_M)
    flat = corners.reshape(-1, 3)
    z, _ = index.height(flat[:, :2], near_z=flat[:, 2])
    laid = np.where(np.abs(z - flat[:, 2]) < SAME_LEVEL_M, z + RAISE_M, flat[:, 2])
    corners = np.column_stack([flat[:, :2], laid]).reshape(-1, 4, 3)
    return dash._replace(corners=np.concatenate([dash.corners[~on], corners]), st=np.concatenate([dash.st[~on], st]))


def mark_triangles(dashes: list[Dash]) -> Triangles:
    """Lines as triangles; `look` is the index of the colour in COLORS."""
    parts = [
        quad_triangles(dash.corners, dash.st, np.full(len(dash.corners), COLORS.index(dash.color), np.int8))
        for dash in dashes
    ]
    return Triangles.join(parts)
