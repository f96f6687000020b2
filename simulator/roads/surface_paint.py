"""Painted areas: zebra crossings, stop lines, arrows, parking spaces, from a map's objects and painted signals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import shapely
from shapely.ops import substring

from simulator.roads.object_copies import ObjectCopy, object_copies
from simulator.roads.records import ObjectMarking, Outline, RoadObject, Signal
from simulator.roads.road import Road
from simulator.roads.signal_meaning import is_stop_line
from simulator.roads.surface_corners import Stretch
from simulator.roads.surface_index import TriangleIndex
from simulator.roads.surface_marks import COLORS, RAISE_M
from simulator.roads.surface_polygons import Triangles, triangulate
from simulator.roads.surface_rows import Array

_STRIPE_M = 0.5  # bars and gaps of a zebra crossing (StVO sign 293)
_STOP_M = 0.5  # depth of a stop line (StVO sign 294)
_DASH_M = (0.5, 0.25)  # dashes and gaps of a yield line (RMS)
_BORDER_M = 0.12  # lines round a parking space
_ARROW_M = 5.0  # length of an arrow in towns (RMS-1)
_PAINTED = frozenset({"crosswalk", "roadMark", "parkingSpace"})
_MOST_DASHES = 500  # of one line


class _Paint(NamedTuple):
    """A painted shape in the plane of the local frame, the height of the road near it, and its colour."""

    shape: shapely.Geometry
    level: float
    color: str = "white"


class _Place(NamedTuple):
    """Frame of an object in the plane: origin (2,), unit vector of its u axis, height of the road there."""

    origin: Array
    along: Array
    level: float

    def put(self, uv: Array) -> Array:
        """Points (N, 2) of the plane for points u, v (N, 2)."""
        across = np.array([-self.along[1], self.along[0]])
        return np.asarray(self.origin + uv[:, :1] * self.along + uv[:, 1:2] * across)


def painted_areas(stretches: list[Stretch], origin: Array, index: TriangleIndex) -> Triangles:
    """All painted areas on the roads of the stretches, just above the ground in `index`; `look` is the colour."""
    roads = {stretch.rows.number: stretch.rows.road for stretch in stretches}
    paints = [paint for road in roads.values() for paint in _paints_of(road, origin)]
    paints = [paint for paint in paints if not paint.shape.is_empty and paint.shape.area > 1e-3]
    if not paints:
        return Triangles.join([])
    shapes, owner = shapely.get_parts(np.array([paint.shape for paint in paints], object), return_index=True)
    polygon = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    xy, of = triangulate(shapes[polygon], 1.0)
    level = np.array([paint.level for paint in paints])[owner[polygon][of]]
    look = np.array([COLORS.index(paint.color) if paint.color in COLORS else 0 for paint in paints])[owner[polygon][of]]
    flat = xy.reshape(-1, 2)
    z, _ = index.height(flat, near_z=np.repeat(level, 3), tolerance_m=0.01)
    corners = np.column_stack([flat, z + RAISE_M]).reshape(-1, 3, 3)
    # Paint ends where the asphalt does, and does not climb onto what crosses above or below.
    good = np.isfinite(corners).all(axis=(1, 2)) & (np.abs(corners[..., 2].mean(axis=1) - level) < 1.0)
    return replace(Triangles.of(corners[good], 0), look=look[good].astype(np.int8))


def _paints_of(road: Road, origin: Array) -> Iterator[_Paint]:
    for thing in road.objects:
        if thing.type not in _PAINTED and not thing.markings and not any(x.type == "paint" for x in thing.borders):
            continue
        for copy in object_copies(thing):
            yield from _object_paint(road, thing, copy, origin)
    for signal in road.signals:
        yield from _signal_paint(road, signal, origin)


def _frame(road: Road, s: float, t: float, heading: float, origin: Array) -> _Place:
    s = float(np.clip(s, 0.0, road.length))
    point = road.point([s], [t], 0.0)[0] - origin
    angle = float(road.reference([s])[2][0]) + heading
    return _Place(point[:2], np.array([np.cos(angle), np.sin(angle)]), float(point[2]))


def _object_paint(road: Road, thing: RoadObject, copy: ObjectCopy, origin: Array) -> Iterator[_Paint]:
    place = _frame(road, copy.s, copy.t, thing.heading, origin)
    points = [_outline_points(road, outline, place, copy.corners(thing, outline), origin) for outline in thing.outlines]
    shapes: list[shapely.Geometry] = [shapely.Polygon(ring) for ring in points if len(ring) >= 3]
    length, width = copy.length, copy.width
    if not shapes and length > 0.05 and width > 0.05:
        name = f"{thing.name} {thing.subtype}".lower()
        if "stop" in name and length > width:  # often given along the line instead of along the road
            length, width = width, length
        if "arrow" in name:
            yield _Paint(_arrow(place, name, length), place.level)
            return
        shapes = [_rectangle(place, -0.5 * length, 0.5 * length, width)]
    color = next((material.color for material in thing.materials if material.color), "white")
    lined = [_Paint(shape, place.level, name) for shape, name in _lines_of(thing, copy, place, points)]
    for shape in shapes if thing.type in _PAINTED else ():
        if not shape.is_valid or shape.is_empty:
            continue
        if thing.type == "crosswalk":
            if not lined or "zebra" in f"{thing.name} {thing.subtype}".lower():
                yield _Paint(_zebra(shape, place), place.level, color)
        elif thing.type == "roadMark":
            yield _Paint(_yield_line(shape) if "yield" in thing.subtype.lower() else shape, place.level, color)
        elif not lined:
            yield _Paint(shape.difference(shape.buffer(-_BORDER_M, join_style="mitre")), place.level, color)
    yield from lined


def _lines_of(
    thing: RoadObject, copy: ObjectCopy, place: _Place, outlines: list[Array]
) -> Iterator[tuple[shapely.Geometry, str]]:
    """Shapes and colours of the <marking> lines of an object and of its painted borders; outlines in the plane."""
    corners: dict[str, Array] = {}
    rings: dict[str, Array] = {}
    for outline, points in zip(thing.outlines, outlines):
        corners |= dict(zip(outline.corner_ids, points))
        rings[outline.id] = np.concatenate([points, points[:1]]) if outline.closed else points
    half_l, half_w = 0.5 * (copy.length or 2.0 * copy.radius), 0.5 * (copy.width or 2.0 * copy.radius)
    box = {
        "left": [[half_l, half_w], [-half_l, half_w]],
        "right": [[-half_l, -half_w], [half_l, -half_w]],
        "front": [[half_l, -half_w], [half_l, half_w]],
        "rear": [[-half_l, half_w], [-half_l, -half_w]],
    }
    for marking in thing.markings:
        if marking.side in box:
            way = place.put(np.array(box[marking.side]))
        else:
            way = np.array([corners[name] for name in marking.corners if name in corners])
        yield _dashed(way, marking), marking.color
    for border in thing.borders:
        if border.type == "paint":
            named = np.array([corners[name] for name in border.corners if name in corners])
            way = named if border.corners else rings.get(border.outline, named)
            yield _dashed(way, ObjectMarking(width=border.width)), "white"


def _dashed(way: Array, marking: ObjectMarking) -> shapely.Geometry:
    """Dashes of a marking along a polyline (P, 2)."""
    if len(way) < 2:
        return shapely.Polygon()
    line = shapely.LineString(way)
    start, stop = marking.start, line.length - marking.stop
    if stop - start < 1e-3:
        return shapely.Polygon()
    period = marking.length + marking.space
    begins = np.arange(start, stop, period)[:_MOST_DASHES] if marking.space > 0.0 else np.array([start])
    ends = np.minimum(begins + marking.length, stop) if marking.space > 0.0 else np.array([stop])
    parts = [substring(line, a, b) for a, b in zip(begins, ends) if b > a]
    return shapely.union_all(shapely.buffer(parts, 0.5 * marking.width, cap_style="flat", join_style="mitre"))


def _outline_points(road: Road, outline: Outline, place: _Place, corners: Array, origin: Array) -> Array:
    if outline.frame == "road":
        return (road.point(corners[:, 0], corners[:, 1], 0.0) - origin)[:, :2]
    return place.put(corners[:, :2])


def _rectangle(place: _Place, start: float, end: float, width: float) -> shapely.Polygon:
    half = 0.5 * width
    return shapely.Polygon(place.put(np.array([[start, -half], [end, -half], [end, half], [start, half]])))


def _yield_line(shape: shapely.Polygon) -> shapely.Geometry:
    """Dashes across the lanes (StVO sign 341), within the outline."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
    sides = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    short = int(sides[0] > sides[1])
    way = 0.5 * (corners[[short, short + 2]] + corners[[short + 1, (short + 3) % 4]])
    return _dashed(way, ObjectMarking(width=float(sides.min()), length=_DASH_M[0], space=_DASH_M[1]))


def _zebra(shape: shapely.Polygon, place: _Place) -> shapely.Geometry:
    """Bars along the road, side by side over the way of the walkers, within the outline."""
    corners = shapely.get_coordinates(shape)
    sides = np.diff(corners, axis=0)
    lengths = np.linalg.norm(sides, axis=1)
    units = sides[lengths > 0.2] / lengths[lengths > 0.2, None]
    if not len(units):
        return shapely.Polygon()
    # Walkers cross the road: of the outline's sides the one most square to the road is their way.
    square = np.abs(units @ place.along)
    walk = units[int(square.argmin())] if not np.isclose(square.min(), square.max()) else units[0]
    bar = np.array([-walk[1], walk[0]])
    along, across = corners @ walk, corners @ bar
    count = max(round((np.ptp(along) + _STRIPE_M) / (2.0 * _STRIPE_M)), 1)
    start = 0.5 * (along.min() + along.max()) - (count - 0.5) * _STRIPE_M
    low, high = across.min() - 1.0, across.max() + 1.0
    bars = []
    for k in range(min(count, 200)):
        a, b = start + 2 * k * _STRIPE_M, start + (2 * k + 1) * _STRIPE_M
        ends = np.array([[a, low], [b, low], [b, high], [a, high]])
        bars.append(shapely.Polygon(ends[:, :1] * walk + ends[:, 1:] * bar))
    return shapely.intersection(shapely.multipolygons(bars), shape)


def _signal_paint(road: Road, signal: Signal, origin: Array) -> Iterator[_Paint]:
    """Signals that are paint: stop lines (294), crosswalks and arrows under the names that road editors give them."""
    name = signal.name.lower()
    painted = name.startswith("sgrm")
    turned = np.pi if signal.orientation == "-" else 0.0
    place = _frame(road, signal.s, signal.t, turned, origin)
    if is_stop_line(signal):
        width = signal.width or 3.0
        if abs(signal.t) < 0.3:  # given at the centre line: it reaches over the lane to the right of it
            across = np.array([-place.along[1], place.along[0]])
            place = place._replace(origin=place.origin + across * (0.5 if road.rule == "LHT" else -0.5) * width)
        yield _Paint(_rectangle(place, -_STOP_M, 0.0, width), place.level)
    elif painted and "crosswalk" in name:
        depth = signal.value or 4.0
        yield _Paint(_zebra(_rectangle(place, 0.0, depth, signal.width or 7.0), place), place.level)
    elif painted and "arrow" in name:
        yield _Paint(_arrow(place, name, _ARROW_M), place.level)


def _arrow(place: _Place, name: str, length: float) -> shapely.Geometry:
    """An arrow along u with heads straight on, to the left or right as its name says."""
    straight = "straight" in name or not ("left" in name or "right" in name)
    parts = []
    tip = length if straight else 0.72 * length
    shaft = 0.62 * length if straight else 0.72 * length
    parts.append(np.array([[0.0, -0.08], [shaft, -0.08], [shaft, 0.08], [0.0, 0.08]]))
    if straight:
        parts.append(np.array([[shaft, -0.3], [tip, 0.0], [shaft, 0.3]]))
    for side, word in ((1.0, "left"), (-1.0, "right")):
        if word in name:
            u = 0.45 * length if straight else 0.66 * length
            parts.append(np.array([[u - 0.3, 0.0], [u, 0.0], [u + 0.15, 0.45 * side], [u - 0.15, 0.45 * side]]))
            parts.append(np.array([[u - 0.42, 0.45 * side], [u + 0.42, 0.45 * side], [u, 1.05 * side]]))
    return shapely.union_all([shapely.Polygon(place.put(part - [0.5 * length, 0.0])).buffer(0.0) for part in parts])
