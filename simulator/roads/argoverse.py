"""Vector maps of Argoverse 2 as road networks: lane segments become roads, drivable ground beside them shoulders.

A map (`log_map_archive_*.json`) has lane segments with a left and a right boundary, pedestrian crossings and drivable
areas, all as 3D polylines (av2-api, `map/`). Here neighbouring segments of one direction are one road, whose reference
line is a smooth curve through the leftmost boundary and whose lane widths are measured along its normals. Segments in
intersections are connecting roads of junctions. What the drivable areas have beyond the outermost lanes, up to
`SHOULDER_M`, is a shoulder there. Heights come from all boundaries, triangulated: the maps have one height for each
place. There are no kerbs, speed limits, signs or traffic lights in these maps. A lane that splits outside of an
intersection is linked with one of its followers only: OpenDRIVE would need a junction there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from simulator.errors import InputError
from simulator.roads.network import RoadNetwork
from simulator.roads.polynomial import Array
from simulator.roads.records import (
    NO_CUBICS,
    NO_HEIGHTS,
    Connection,
    Junction,
    Lane,
    LaneSection,
    Link,
    Outline,
    RoadMark,
    RoadObject,
    RoadType,
)
from simulator.roads.reference import Geometry, arc_length
from simulator.roads.road import Road

MAX_BYTES = 100_000_000
SHOULDER_M = 8.0  # drivable ground farther from a lane belongs to no lane: parking and turning there is left out
STATION_M = 2.0  # widths and heights are taken this often
SIMPLIFIED_M = 0.03  # boundaries are known to a centimetre
SAME_M = 0.3  # lines that are nearer to each other are the same
SHOULDER_LEAST_M = 0.3  # narrower ones are left out
LEAST_M = 0.5  # shorter segments are left out
MOST_M, MOST_POINTS = 2000.0, 10_000  # of one line; maps are of a few hundred metres
REACH_M = 12.0  # no lane is wider
SIDES = ("left", "right")
TYPES = {"VEHICLE": "driving", "BUS": "bus", "BIKE": "biking"}
MARKS = {"SOLID": "solid", "DASHED": "broken", "DASH": "broken"}
COLOURS = ("white", "yellow", "blue")


def read_argoverse_map(path: str | Path) -> RoadNetwork:
    """Read a vector map.

    Args:
        path: a `log_map_archive_*.json`.

    Raises:
        InputError: the file cannot be read, or is no such map.
    """
    file = Path(path)
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"is larger than {MAX_BYTES / 1e6:.0f} MB", source=str(file))
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=str(file)) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"is no JSON: {error}", source=str(file)) from None
    warnings: list[str] = []
    segments = list(_segments(data, file, warnings))
    if not segments:
        raise InputError("has no lane segment that could be used", source=str(file), key="lane_segments")
    areas = [_line(area, "area_boundary", file, "drivable_areas") for area in _items(data, "drivable_areas", file)]
    drivable = shapely.union_all([shapely.Polygon(each[:, :2]).buffer(0) for each in areas if len(each) > 3])
    crossings = [
        np.concatenate(
            [
                _line(each, "edge1", file, "pedestrian_crossings"),
                _line(each, "edge2", file, "pedestrian_crossings")[::-1],
            ]
        )
        for each in _items(data, "pedestrian_crossings", file)
    ]
    network = _Converter(segments, drivable, areas).network(file, crossings)
    network.warnings.extend(warnings)
    return network


@dataclass(frozen=True, eq=False)
class _Segment:
    """A lane segment; left and right are (N, 3) boundaries in the direction of travel."""

    id: int
    kind: str
    inside: bool
    left: Array
    right: Array
    left_mark: str
    right_mark: str
    left_neighbor: int | None
    right_neighbor: int | None
    before: tuple[int, ...]
    after: tuple[int, ...]


def _items(data: Any, name: str, file: Path) -> list[dict[str, Any]]:
    items = data.get(name) if isinstance(data, dict) else None
    if items is None and name != "lane_segments" and isinstance(data, dict):
        return []
    if not isinstance(items, dict) or not all(isinstance(item, dict) for item in items.values()):
        raise InputError("needs a mapping of ids, as vector maps of Argoverse 2 have", source=str(file), key=name)
    return list(items.values())


def _line(item: dict[str, Any], name: str, file: Path, group: str) -> Array:
    """A polyline (N, 3) without repeated points."""
    try:
        points = np.array([[p["x"], p["y"], p.get("z", 0.0)] for p in item[name]], np.float64).reshape(-1, 3)
    except (KeyError, TypeError, ValueError, AttributeError):
        key = f"{group}.{item.get('id', '?')}.{name}"
        raise InputError("needs a list of points with x, y and z", source=str(file), key=key) from None
    key = f"{group}.{item.get('id', '?')}.{name}"
    if len(points) < 2 or not np.isfinite(points).all():
        raise InputError("needs two or more finite points", source=str(file), key=key)
    if np.ptp(points, axis=0).max() > MOST_M or np.abs(points).max() > 1e7 or len(points) > MOST_POINTS:
        raise InputError(
            f"is larger than {MOST_M:g} m, or has more than {MOST_POINTS} points", source=str(file), key=key
        )
    apart = np.hypot(*np.diff(points[:, :2], axis=0).T) > 1e-6
    return np.asarray(points[np.r_[True, apart]])


def _segments(data: Any, file: Path, warnings: list[str]) -> Iterator[_Segment]:
    for item in _items(data, "lane_segments", file):
        left, right = (_line(item, f"{side}_lane_boundary", file, "lane_segments") for side in SIDES)
        if min(_length(left), _length(right)) < LEAST_M:
            warnings.append(f"{file}: lane segment {item.get('id')} is shorter than {LEAST_M} m and left out")
            continue
        try:
            before, after = (tuple(int(i) for i in item.get(name) or ()) for name in ("predecessors", "successors"))
            to_left, to_right = (None if (n := item.get(f"{side}_neighbor_id")) is None else int(n) for side in SIDES)
            number = int(item["id"])
        except (KeyError, TypeError, ValueError):
            key = f"lane_segments.{item.get('id', '?')}"
            raise InputError(
                "needs whole numbers for id, neighbours, predecessors and successors", source=str(file), key=key
            ) from None
        left_mark, right_mark = (str(item.get(f"{side}_lane_mark_type", "NONE")) for side in SIDES)
        kind = TYPES.get(str(item.get("lane_type")), "driving")
        inside = bool(item.get("is_intersection"))
        yield _Segment(number, kind, inside, left, right, left_mark, right_mark, to_left, to_right, before, after)


def _length(line: Array) -> float:
    return float(np.hypot(*np.diff(line[:, :2], axis=0).T).sum())


class _Ground:
    """Height at points: linear between the points of all boundaries, beyond them that of the nearest.

    Only points count, not the lines between them: long straight lines of these maps pass over humps and hollows.
    """

    def __init__(self, lines: list[Array]) -> None:
        from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

        points = np.concatenate(lines)
        cell, index = np.unique(np.round(points[:, :2] / 0.25).astype(np.int64), axis=0, return_inverse=True)
        count = np.bincount(index.ravel(), minlength=len(cell))
        mean = np.stack([np.bincount(index.ravel(), points[:, k], len(cell)) / count for k in range(3)], 1)
        self._origin = mean[0, :2]
        xy, z = mean[:, :2] - self._origin, mean[:, 2]
        self._nearest = NearestNDInterpolator(xy, z)
        flat = len(xy) < 4 or np.linalg.matrix_rank(xy - xy[0], tol=0.5) < 2
        self._linear = self._nearest if flat else LinearNDInterpolator(xy, z)

    def __call__(self, xy: Array) -> Array:
        local = xy - self._origin
        z = np.asarray(self._linear(local), np.float64)
        return np.where(np.isfinite(z), z, self._nearest(local))


@dataclass(frozen=True, eq=False)
class _Bundle:
    """Neighbouring segments of one direction, from left to right: a road to be.

    `stations` are (K,) along `geometry`; `origin` (K, 2), `normal` (K, 2) to the right; `edges` (n + 1, K) distances
    of the boundaries along it.
    """

    id: str
    segments: tuple[_Segment, ...]
    geometry: tuple[Geometry, ...]
    length: float
    stations: Array
    origin: Array
    normal: Array
    edges: Array

    @property
    def inside(self) -> bool:
        """Whether it is in an intersection."""
        return self.segments[0].inside

    @cached_property
    def shape(self) -> shapely.Geometry:
        """Its lanes from above."""
        sides = [self.origin + self.edges[k][:, None] * self.normal for k in (0, -1)]
        return shapely.Polygon(np.concatenate([sides[0], sides[1][::-1]])).buffer(0)


class _Converter:
    """Segments on their way to roads."""

    def __init__(self, segments: list[_Segment], drivable: shapely.Geometry, areas: list[Array]) -> None:
        self.segments = {segment.id: segment for segment in segments}
        self.bundles = [_bundle(str(k), members) for k, members in enumerate(self._groups(), 1)]
        self.place = {seg.id: (b, k + 1) for b in self.bundles for k, seg in enumerate(b.segments)}
        self.painted = shapely.MultiLineString()
        lanes = shapely.union_all([bundle.shape for bundle in self.bundles])
        free = drivable.difference(lanes.buffer(0.02))
        shapely.prepare(free)
        self.offsets = {bundle.id: _offsets(bundle, free) for bundle in self.bundles}
        points = [b.origin - self.offsets[b.id][..., None] * b.normal for b in self.bundles]
        ground = _Ground([line for each in segments for line in (each.left, each.right)] + areas)
        heights = ground(np.concatenate([each.reshape(-1, 2) for each in points]))  # slow to call, so once
        parts = np.split(heights, np.cumsum([each.size // 2 for each in points])[:-1])
        self.heights = {b.id: z.reshape(at.shape[:2]) for b, z, at in zip(self.bundles, parts, points)}

    def _groups(self) -> Iterator[tuple[_Segment, ...]]:
        """Segments that lie side by side in one direction, from left to right, each once."""
        grouped: set[int] = set()
        leftmost = [each for each in self.segments.values() if self._beside(each, left=True) is None]
        for segment in (*leftmost, *self.segments.values()):  # the latter: neighbours in a circle
            if segment.id in grouped:
                continue
            group = [segment]
            while (right := self._beside(group[-1], left=False)) is not None and right not in group:
                group.append(right)
            grouped |= {each.id for each in group}
            yield tuple(group)

    def _beside(self, segment: _Segment, *, left: bool) -> _Segment | None:
        """The neighbour on a side, if both say so, it has the same direction and shares the boundary."""
        other = self.segments.get((segment.left_neighbor if left else segment.right_neighbor) or -1)
        if other is None or other is segment or other.inside != segment.inside:
            return None
        if (other.right_neighbor if left else other.left_neighbor) != segment.id:
            return None
        mine, its = (segment.left, other.right) if left else (segment.right, other.left)
        ends = np.hypot(*(mine[[0, -1], :2] - its[[0, -1], :2]).T)
        return other if ends.max() < 1.0 else None

    def network(self, file: Path, crossings: list[Array]) -> RoadNetwork:
        """Roads, junctions and crossings."""
        painted_first = sorted(self.bundles, key=lambda each: each.inside)  # outside of intersections
        made = {bundle.id: self._road(bundle) for bundle in painted_first}
        roads = {bundle.id: made[bundle.id] for bundle in self.bundles}
        for number, corners in enumerate(crossings):
            _add_crossing(roads, self.bundles, f"crossing-{number}", corners)
        junctions = {
            key: Junction(key, connections=tuple(self._connections(key)))
            for key in dict.fromkeys(self.junction.values())
        }
        return RoadNetwork(roads, junctions, name=file.stem, source=str(file))

    @cached_property
    def junction(self) -> dict[str, str]:
        """The junction of each road in an intersection: roads whose lanes overlap are in the same."""
        inner = [bundle for bundle in self.bundles if bundle.inside]
        shapes = np.array([bundle.shape.buffer(0.1) for bundle in inner], object)
        label = list(range(len(inner)))
        for a, b in shapely.STRtree(shapes).query(shapes, predicate="intersects").T.tolist() if inner else ():
            old, new = label[a], label[b]
            label = [new if each == old else each for each in label]
        names = {each: f"j{k}" for k, each in enumerate(dict.fromkeys(label), 1)}
        return {bundle.id: names[each] for bundle, each in zip(inner, label)}

    def _linked(self, bundle: _Bundle, *, after: bool) -> dict[str, list[tuple[int, int]]]:
        """Roads that follow or precede a road, with pairs of lane ids (its own first)."""
        found: dict[str, list[tuple[int, int]]] = {}
        for k, segment in enumerate(bundle.segments):
            for other in segment.after if after else segment.before:
                if other in self.place:
                    road, lane = self.place[other]
                    found.setdefault(road.id, []).append((-(k + 1), -lane))
        return found

    def _connections(self, junction: str) -> Iterator[Connection]:
        inner = [bundle for bundle in self.bundles if self.junction.get(bundle.id) == junction]
        ways = [(bundle, *way) for bundle in inner for way in self._linked(bundle, after=False).items()]
        for number, (bundle, road, pairs) in enumerate(ways):
            yield Connection(str(number), road, bundle.id, "start", tuple((other, own) for own, other in pairs))

    def _link(self, bundle: _Bundle, *, after: bool) -> tuple[Link | None, dict[int, tuple[int, ...]]]:
        """What follows or precedes a road, and the linked lanes of each of its lanes."""
        found = self._linked(bundle, after=after)
        inner = {self.junction[road] for road in found if road in self.junction}
        if inner and not bundle.inside:
            return Link("junction", min(inner)), {}
        if not found:
            return None, {}
        road = max(found, key=lambda each: len(found[each]))
        lanes: dict[int, tuple[int, ...]] = {}
        for own, other in found[road]:
            lanes[own] = (*lanes.get(own, ()), other)
        return Link("road", road, "start" if after else "end"), lanes

    def _road(self, bundle: _Bundle) -> Road:
        """A bundle as a road of one lane section."""
        before, from_lanes = self._link(bundle, after=False)
        after, to_lanes = self._link(bundle, after=True)
        s, t, z = bundle.stations, self.offsets[bundle.id], self.heights[bundle.id]
        widths = t[:-1] - t[1:]
        first, count = bundle.segments[0], len(bundle.segments)
        lanes = [Lane(0, "none", marks=self._mark(first.left_mark, first.left))]
        for k, segment in enumerate(bundle.segments):
            mark, own = segment.right_mark, -(k + 1)
            if mark == "NONE" and k + 1 < count:
                mark = bundle.segments[k + 1].left_mark
            marks, linked = self._mark(mark, segment.right), (from_lanes.get(own, ()), to_lanes.get(own, ()))
            lanes.append(
                Lane(own, segment.kind, _linear(s, widths[k + 1]), NO_CUBICS, NO_HEIGHTS, False, marks, *linked)
            )
        for width, own in ((widths[0], 1), (widths[-1], -count - 1)):
            if width.max() > SHOULDER_LEAST_M:
                lanes.insert(0 if own > 0 else len(lanes), Lane(own, "shoulder", _linear(s, width)))
        return Road(
            id=bundle.id,
            length=bundle.length,
            geometry=bundle.geometry,
            sections=(LaneSection(0.0, bundle.length, tuple(lanes)),),
            name="+".join(str(segment.id) for segment in bundle.segments),
            junction=self.junction.get(bundle.id, ""),
            predecessor=before,
            successor=after,
            elevation_profile=_linear(s, z[1]),
            shape=_shape(s, t, z - z[1]),
            types=(RoadType(0.0, "town"),),
        )

    def _mark(self, kind: str, boundary: Array) -> tuple[RoadMark, ...]:
        """The mark on a boundary, unless that is painted already: lanes share and overlap each other's boundaries."""
        *words, colour = kind.lower().split("_")
        line = shapely.LineString(boundary[:, :2])
        if colour not in COLOURS or not words:
            return (RoadMark(0.0, "none"),)
        if line.intersection(self.painted.buffer(SAME_M)).length > 0.8 * line.length:
            return (RoadMark(0.0, "none"),)
        self.painted = self.painted.union(line)
        twice = words[0] == "double"
        names = [MARKS.get(word.upper(), "solid") for word in (words[1:] if twice else words)]
        return (RoadMark(0.0, " ".join(names * 2 if twice else names), color=colour),)


def _offsets(bundle: _Bundle, free: shapely.Geometry) -> Array:
    """(E, K) road coordinates t of the edges of a road from left to right, those of its shoulders first and last."""
    edges = np.stack([_room(bundle, 0, free), *-bundle.edges, -bundle.edges[-1]])
    edges[-1] -= _room(bundle, -1, free)
    return edges


def _room(bundle: _Bundle, side: int, free: shapely.Geometry) -> Array:
    """(K,) metres of drivable ground without lanes to the left (0) or right (-1) of a road."""
    outwards = bundle.normal if side else -bundle.normal
    edge = bundle.origin + bundle.edges[side][:, None] * bundle.normal
    rays = shapely.linestrings(np.stack([edge - 0.1 * outwards, edge + SHOULDER_M * outwards], axis=1))
    found = np.zeros(len(edge))
    for k, ray in enumerate(shapely.intersection(rays, free)):
        for part in shapely.get_parts(ray):
            if part.geom_type == "LineString" and not part.is_empty:
                along = (shapely.get_coordinates(part) - edge[k]) @ outwards[k]
                if along.min() < 0.2:
                    found[k] = max(found[k], float(along.max()))
    return found


def _shape(s: Array, t: Array, heights: Array) -> Array:
    """(N, 6) lateral profile s, t, a, b, 0, 0: straight between the edges (E, K) of each station, level beyond."""
    rows = []
    for k, station in enumerate(s.tolist()):
        at, h = t[::-1, k], heights[::-1, k]
        kept = np.r_[True, np.diff(at) > SHOULDER_LEAST_M]
        at, h = at[kept], h[kept]
        slope = np.r_[0.0, np.diff(h) / np.diff(at), 0.0]
        at, h = np.r_[at[0] - REACH_M, at], np.r_[h[0], h]
        rows += [[station, *each, 0.0, 0.0] for each in zip(at.tolist(), h.tolist(), slope.tolist())]
    return np.array(rows)


def _linear(s: Array, values: Array) -> Array:
    """(K, 5) cubics that are straight between values at stations; stations on a straight line are left out."""
    kept = shapely.get_coordinates(shapely.LineString(np.column_stack([s, values])).simplify(0.005))
    s, values = kept.T
    rows = np.zeros((len(s), 5))
    rows[:, 0], rows[:, 1] = s, values
    rows[:-1, 2] = np.diff(values) / np.diff(s)
    return rows[:-1]


def _bundle(name: str, segments: tuple[_Segment, ...]) -> _Bundle:
    """Reference line and lane edges of neighbouring segments."""
    geometry = _smooth(segments[0].left[:, :2])
    length = geometry[-1].s + geometry[-1].length
    road = Road(name, length, geometry, ())
    stations = np.linspace(0.0, length, max(int(np.ceil(length / STATION_M)), 1) + 1)
    x, y, heading, _ = road.line.evaluate(stations)
    origin = np.stack([x, y], 1)
    normal = np.stack([np.sin(heading), -np.cos(heading)], 1)
    lines = [segments[0].left, *(segment.right for segment in segments)]
    edges = np.stack([np.zeros(len(stations)), *(_distances(line[:, :2], origin, normal) for line in lines[1:])])
    return _Bundle(name, segments, geometry, length, stations, origin, normal, np.maximum.accumulate(edges, axis=0))


def _distances(line: Array, origin: Array, normal: Array) -> Array:
    """(K,) distances at which normals from a reference line meet a polyline to the right of it, its ends prolonged."""
    ends = (
        line[[0, -1]]
        + (line[[0, -1]] - line[[1, -2]]) / np.hypot(*(line[[0, -1]] - line[[1, -2]]).T)[:, None] * REACH_M
    )
    points = np.concatenate([ends[:1], line, ends[1:]])
    along = np.stack([-normal[:, 1], normal[:, 0]], 1)
    offset = points[None] - origin[:, None]
    u, v = (offset * along[:, None]).sum(-1), (offset * normal[:, None]).sum(-1)
    a, b = u[:, :-1], u[:, 1:]
    meets = (a <= 0) != (b <= 0)
    w = np.where(meets, a / np.where(meets, a - b, 1.0), 0.0)
    at = v[:, :-1] + w * (v[:, 1:] - v[:, :-1])
    # Prolonged ends may meet the normals too: what is on the line itself goes first.
    own = np.zeros(meets.shape[1])
    own[[0, -1]] = 2 * REACH_M
    cost = np.where(meets & (at > -1.0) & (at < 2 * REACH_M), np.abs(at) + own, np.inf)
    best = cost.argmin(axis=1)
    rows = np.arange(len(origin))
    known = np.isfinite(cost[rows, best])
    found = np.where(known, np.maximum(at[rows, best], 0.0), 0.0)
    if known.any() and not known.all():
        found = np.interp(rows, rows[known], found[known])
    return np.asarray(found)


def _smooth(line: Array) -> tuple[Geometry, ...]:
    """Cubics with one tangent at each point of a polyline; straight ones are lines."""
    points = shapely.get_coordinates(shapely.LineString(line).simplify(SIMPLIFIED_M))
    apart = np.hypot(*np.diff(points, axis=0).T)
    kept = np.r_[True, apart[:-1] > 0.3, True] if len(points) > 2 else np.ones(len(points), bool)
    points = points[kept]
    chord = np.diff(points, axis=0)
    length = np.hypot(*chord.T)
    unit = chord / length[:, None]
    tangent = np.concatenate([unit[:1], unit[:-1] * length[1:, None] + unit[1:] * length[:-1, None], unit[-1:]])
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
    made: list[Geometry] = []
    s = 0.0
    for k, ((x, y), size) in enumerate(zip(points[:-1].tolist(), length.tolist())):
        c, n = tangent[k].tolist()
        heading = float(np.arctan2(n, c))
        (ahead, left), (du, dv) = (np.array([[c, n], [-n, c]]) @ each for each in (chord[k], tangent[k + 1] * size))
        u = (0.0, size, float(3 * ahead - 2 * size - du), float(size + du - 2 * ahead))
        v = (0.0, 0.0, float(3 * left - dv), float(dv - 2 * left))
        if abs(left) < 1e-6 and abs(dv) < 1e-6 * size:
            made.append(Geometry("line", s, x, y, heading, size))
        else:
            true = arc_length(u, v, 1.0)
            made.append(Geometry("paramPoly3", s, x, y, heading, true, u=u, v=v, normalized=True))
        s += made[-1].length
    return tuple(made)


def _add_crossing(roads: dict[str, Road], bundles: list[_Bundle], name: str, corners: Array) -> None:
    """Add a pedestrian crossing to the road that it covers most, as an outline in its own frame."""
    shape = shapely.Polygon(corners[:, :2]).convex_hull
    covered = [bundle.shape.intersection(shape).area for bundle in bundles]
    best = bundles[int(np.argmax(covered))]
    if max(covered) <= 0.0:
        return
    middle = corners[:, :2].mean(0)
    nearest = int(np.hypot(*(best.origin - middle).T).argmin())
    s, origin, normal = float(best.stations[nearest]), best.origin[nearest], best.normal[nearest]
    along = np.array([-normal[1], normal[0]])
    offset = corners[:, :2] - origin
    uv = np.stack([offset @ along, -(offset @ normal)], 1)
    t = float(uv[:, 1].mean())
    local = np.column_stack([uv[:, 0], uv[:, 1] - t, np.zeros((len(uv), 2))])
    outline = Outline("local", local)
    road = roads[best.id]
    thing = RoadObject(
        name, s, t, type="crosswalk", outlines=(outline,), length=float(np.ptp(uv[:, 0])), width=float(np.ptp(uv[:, 1]))
    )
    roads[best.id] = replace(road, objects=(*road.objects, thing))
