"""Lines that actors of scripted scenarios go along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from simulator.scenario.block import Block
from simulator.scenario.script_catalogs import Taken
from simulator.scenario.script_terms import Metres, Name, Number, Seconds, Spot, one_of


class TimedSpot(Spot):
    """A corner of a path."""

    time_s: Seconds | None = None
    """Seconds after the start of the event at which to be there; all corners have it, or none."""


def wrong_corners(path: tuple[TimedSpot, ...]) -> Iterator[str]:
    """Too few corners, or times of some only."""
    if len(path) < 2:
        yield "needs at least two corners"
    timed = [corner.time_s is not None for corner in path]
    if any(timed) and not all(timed):
        yield "needs time_s at every corner, or at none"


class Follow(Block):
    """Go along straight lines from corner to corner."""

    path: tuple[TimedSpot, ...] | None = None
    """At least two corners."""
    along: Name | None = None
    """One of `paths:` in their place."""
    entry: Taken | None = None
    """A trajectory of a catalog in their place."""
    speed_kmh: Annotated[float, Number("km/h", ge=0.0, le=400.0)] | None = None
    """Null: the speed that it has, or the corners' times, of a catalog's where these rise."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """No path, or two; times and a speed."""
        yield from one_of(values, ("path", "along", "entry"), needed=True)
        path = values.get("path")
        yield from ((("path",), text) for text in wrong_corners(path or ()) if path is not None)
        timed = [corner.time_s is not None for corner in path or ()]
        if any(timed) and values.get("speed_kmh") is not None:
            yield ("speed_kmh",), "contradicts the times of the path"


class Clothoid(Block):
    """Go along a line whose curvature changes evenly."""

    at: Spot
    """Where it starts, and with which heading."""
    curvature_1_m: Annotated[float, Number("1/m", ge=-1.0, le=1.0)]
    """At the start, positive to the left."""
    change_1_m2: Annotated[float, Number("1/m^2", ge=-1.0, le=1.0)]
    """By which the curvature grows a metre."""
    length_m: Metres
    start_s: Seconds | None = None
    """Seconds after the start of the event at which to be at its start; with `stop_s`."""
    stop_s: Seconds | None = None
    """And at its end."""
    speed_kmh: Annotated[float, Number("km/h", ge=0.0, le=400.0)] | None = None
    """Null: the speed that it has, or the times."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """One time alone, or times and a speed."""
        yield from _timed(values, ("start_s", "stop_s"))


class ClothoidPart(Block):
    """A piece of a line of clothoids."""

    from_1_m: Annotated[float, Number("1/m", ge=-1.0, le=1.0)]
    """Curvature at its start, positive to the left."""
    to_1_m: Annotated[float, Number("1/m", ge=-1.0, le=1.0)]
    """Curvature at its end."""
    length_m: Metres
    turn_deg: Annotated[float, Number("deg", ge=-360.0, le=360.0)] = 0.0
    """Kink to the left where it starts."""
    time_s: Seconds | None = None
    """Seconds after the start of the event at which to be at its start."""
    at: Spot | None = None
    """Where it starts; null: where the piece before ends, of the first where the actor is."""


class Clothoids(Block):
    """Go along clothoids one after the other."""

    parts: tuple[ClothoidPart, ...]
    end_s: Seconds | None = None
    """Seconds after the start of the event at which to be at the end."""
    speed_kmh: Annotated[float, Number("km/h", ge=0.0, le=400.0)] | None = None
    """Null: the speed that it has, or the times."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """No pieces, or times of some only."""
        parts = values.get("parts")
        if parts == ():
            yield ("parts",), "needs at least one piece"
        times = [part.time_s is not None for part in parts or ()]
        if parts and "end_s" in values:
            times.append(values["end_s"] is not None)
        if any(times) and not all(times):
            yield ("parts",), "needs time_s at every piece and end_s, or none of them"
        if any(times) and values.get("speed_kmh") is not None:
            yield ("speed_kmh",), "contradicts the times of the pieces"


class ControlPoint(TimedSpot):
    """A control point of a NURBS; all have a time, or none."""

    weight: Annotated[float, Number("", ge=1e-3, le=1e3)] = 1.0


class Nurbs(Block):
    """Go along a non-uniform rational B-spline."""

    points: tuple[ControlPoint, ...]
    """Control points, at least as many as the order."""
    order: Annotated[int, Number("", ge=2, le=10, whole=True)] = 4
    """Degree plus one."""
    knots: tuple[Annotated[float, Number("", ge=-1e6, le=1e6)], ...] | None = None
    """As many as points and order together, never falling; null: evenly spaced, from the first point to the last."""
    speed_kmh: Annotated[float, Number("km/h", ge=0.0, le=400.0)] | None = None
    """Null: the speed that it has, or the points' times."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Numbers of points and knots that do not fit, or times of some only."""
        points, order, knots = (values.get(name) for name in ("points", "order", "knots"))
        if points is None or order is None:
            return
        if len(points) < order:
            yield ("points",), f"needs at least {order} points, as many as the order"
        if knots is not None and (len(knots) != len(points) + order or list(knots) != sorted(knots)):
            yield ("knots",), f"must be {len(points) + order} numbers, each at least the one before"
        timed = [point.time_s is not None for point in points]
        if any(timed) and not all(timed):
            yield ("points",), "needs time_s at every point, or at none"
        if any(timed) and values.get("speed_kmh") is not None:
            yield ("speed_kmh",), "contradicts the times of the points"


def _timed(values: dict[str, Any], names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    given = [name for name in names if values.get(name) is not None]
    if given and len(given) < len(names):
        yield (given[0],), f"goes with {' and '.join(name for name in names if name not in given)}"
    if given and values.get("speed_kmh") is not None:
        yield ("speed_kmh",), f"contradicts {given[0]}"
