"""Hooks that read positions, routes and trajectories of OpenSCENARIO XML."""

from __future__ import annotations

import itertools
import math
from typing import Any

from simulator.storyboard import model
from simulator.storyboard.binding import Hook, Node, Reader

ELEMENTS: dict[tuple[type, str], str] = {
    (model.RoutePosition, "route"): "RouteRef",
    (model.TrajectoryPosition, "trajectory"): "TrajectoryRef",
}


def _geo_position(reader: Reader, node: Node) -> dict[str, Any]:
    """Until 1.1 in radians under other names."""
    found: dict[str, Any] = {"vertical_road_selection": node.integer("verticalRoadSelection", 0)}
    for name, old in (("latitudeDeg", "latitude"), ("longitudeDeg", "longitude")):
        value, radians = node.number(name, None), node.number(old, None)
        if value is None and radians is None:
            raise node.error(f'<{node.tag}> needs the attribute "{name}", in degrees')
        found[f"{old}_deg"] = math.degrees(radians) if value is None else value
    height = node.number("height", None)
    found["altitude"] = node.number("altitude", height)
    return found


def _offsets(reader: Reader, node: Node) -> dict[str, Any]:
    found = {name: node.zero_if_missing(name) for name in ("dx", "dy")}
    return {name: value or 0.0 for name, value in found.items()}


def _lanes_beside(reader: Reader, node: Node) -> dict[str, Any]:
    return {"d_lane": node.integer("dLane") if node.has("dLane") else int(node.zero_if_missing("dLane"))}


def _clothoid(reader: Reader, node: Node) -> dict[str, Any]:
    """`curvatureDot` until 1.0."""
    old = node.number("curvatureDot", None)
    value = node.number("curvaturePrime", old)
    if value is None:
        raise node.error('<Clothoid> needs the attribute "curvaturePrime"')
    return {"curvature_prime": value, "length": _length(reader, node)["length"]}


def _length(reader: Reader, node: Node) -> dict[str, Any]:
    length = node.number("length")
    if length < 0.0:
        raise node.error(f'<{node.tag}> length="{length:g}" is negative')
    return {"length": length}


def _polyline(reader: Reader, node: Node) -> dict[str, Any]:
    vertices = tuple(reader.bind(model.Vertex, item) for item in node.children("Vertex"))
    if len(vertices) < 2:
        raise node.error(f"<Polyline> has {len(vertices)} of at least 2 <Vertex>")
    timed = [(vertex.time, vertex.line) for vertex in vertices if vertex.time is not None]
    back = next(((a, b, line) for (a, _), (b, line) in itertools.pairwise(timed) if b < a), None)
    if back is not None:
        before, time, line = back
        node.warn(
            f"<Polyline>: the time {time:g} of the vertex in line {line} is before {before:g}, that of the last one"
        )
    return {"vertices": vertices}


def _nurbs(reader: Reader, node: Node) -> dict[str, Any]:
    order = node.integer("order")
    points = tuple(reader.bind(model.ControlPoint, item) for item in node.children("ControlPoint"))
    knots = []
    for item in node.children("Knot"):
        knots.append(item.number("value"))
        item.finish()
    if order < 2 or len(points) < order:
        raise node.error(f"<Nurbs> of order {order} has {len(points)} control points; the order must be 2 to that many")
    if len(knots) != len(points) + order:
        raise node.error(f"<Nurbs> has {len(knots)} knots; {len(points)} points + order {order} are needed")
    if any(b < a for a, b in itertools.pairwise(knots)):
        raise node.error("<Nurbs> has knots that descend")
    if knots[-1] == knots[0]:
        raise node.error(f"<Nurbs> has knots that are all {knots[0]:g}; they must ascend")
    if any(point.weight < 0.0 for point in points) or not any(point.weight for point in points):
        raise node.error(
            "<Nurbs> has control points of negative weight, or all of weight 0; weights above 0 are needed"
        )
    return {"order": order, "control_points": points, "knots": tuple(knots)}


def _clothoid_spline(reader: Reader, node: Node) -> dict[str, Any]:
    segments = tuple(reader.bind(model.ClothoidSplineSegment, item) for item in node.children("ClothoidSplineSegment"))
    if not segments:
        raise node.error("<ClothoidSpline> needs at least one <ClothoidSplineSegment>")
    return {"segments": segments}


def _route(reader: Reader, node: Node) -> dict[str, Any]:
    waypoints = tuple(reader.bind(model.Waypoint, item) for item in node.children("Waypoint"))
    if len(waypoints) < 2:
        raise node.error(f"<Route> has {len(waypoints)} of at least 2 <Waypoint>")
    return {"name": node.text("name", ""), "closed": node.truth("closed"), "waypoints": waypoints}


def _waypoint(reader: Reader, node: Node) -> dict[str, Any]:
    return {"route_strategy": node.choice("routeStrategy", "RouteStrategy", "shortest")}


def _trajectory(reader: Reader, node: Node) -> dict[str, Any]:
    return {"name": node.text("name", ""), "closed": node.truth("closed")}


HOOKS: dict[type, Hook] = {
    model.GeoPosition: _geo_position,
    model.RelativeObjectPosition: _offsets,
    model.RelativeWorldPosition: _offsets,
    model.RelativeLanePosition: _lanes_beside,
    model.Clothoid: _clothoid,
    model.Polyline: _polyline,
    model.Nurbs: _nurbs,
    model.ClothoidSpline: _clothoid_spline,
    model.ClothoidSplineSegment: _length,
    model.Route: _route,
    model.Waypoint: _waypoint,
    model.Trajectory: _trajectory,
}
