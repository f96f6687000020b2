"""Trajectories as lines to drive along: polyline, clothoid, NURBS, clothoid spline.

Each shape is laid out as a polyline once its positions are known, and evaluated on it by distance or by time
(ASAM OpenSCENARIO XML 1.3, 7.4.1.5 "Trajectories"). NURBS and clothoids are then evaluated exactly at the parameter
that the polyline gives.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import atan2, cos, hypot, inf, sin
from typing import Literal

from simulator.roads.reference import Geometry, ReferenceLine
from simulator.storyboard import model
from simulator.storyboard.road_links import Roads
from simulator.storyboard.road_position import TINY, RoadPosition
from simulator.storyboard.rotation import difference, sign, wrap

_STEP_M = 1.0  # of the polylines that stand for curves
_MOST_STEPS = 10_000  # of one of them: those of longer curves are longer
_CORNER_M = 2.0  # before and after a corner over which the heading turns
_MERGE_M, _MERGE_RAD, _STAND_S = 0.1, 0.1, 1.0  # corners that are nearer than this in place, heading, time are merged
_TANGENT_STEP = 1e-3


@dataclass(frozen=True, slots=True)
class Given:
    """Which of height, heading, pitch and roll a position gives; the others follow from road and trajectory."""

    z: bool = False
    h: bool = False
    p: bool = False
    r: bool = False


@dataclass(slots=True)
class TrajectoryPoint:
    """A place on a trajectory, or a corner of its polyline.

    Attributes:
        s: distance from its start along the line; parameter: of the curve.
        z: height, where `given.z`; h: heading of the entity; tangent: of the line.
        p, r: in the world where `given.z` or given themselves, else relative to the road.
        speed, acceleration: at the corner and on the line that follows it, from the times of the corners.
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    h: float = 0.0
    p: float = 0.0
    r: float = 0.0
    s: float = 0.0
    time: float = 0.0
    speed: float = 0.0
    acceleration: float = 0.0
    parameter: float = 0.0
    tangent: float = 0.0
    given: Given = Given()


_RELATIVE = (
    model.RelativeWorldPosition,
    model.RelativeObjectPosition,
    model.RelativeLanePosition,
    model.RelativeRoadPosition,
)
Resolve = Callable[[model.Position], tuple[RoadPosition, Given]]
Interpolation = Literal["none", "segment", "corner"]


class Trajectory:
    """A trajectory laid out in the world.

    Attributes:
        point: where the entity is on it; changed by the `go_to_...` methods.
        start_time, duration: from its times; None of them given: 0.
    """

    def __init__(self, name: str, closed: bool, points: list[TrajectoryPoint], interpolation: Interpolation) -> None:
        self.name, self.closed, self.points, self.interpolation = name, closed, points, interpolation
        self.length = points[-1].s
        self.start_time, self.duration = points[0].time, points[-1].time - points[0].time
        self.point = replace(points[0])
        self._stations = [point.s for point in points]
        self._times = list(itertools.accumulate((point.time for point in points[1:]), max))  # latest so far

    def go_to_distance(self, s: float) -> None:
        """Be `s` metres from the start."""
        self.point = self.at(s)

    def go_to_time(self, time: float) -> None:
        """Be where the times of the corners say."""
        self.point = self.at(self.distance_at(time))

    def distance_at(self, time: float) -> float:
        """Distance from the start at a time: constant acceleration between corners."""
        points = self.points
        if time > points[-1].time:
            return self.length
        here = points[bisect_left(self._times, time)]
        elapsed = max(0.0, time - here.time)
        if here.acceleration < 0.0:  # it may stop early, where the time is longer than the way
            elapsed = min(elapsed, -here.speed / here.acceleration)
        return here.s + elapsed * (here.speed + 0.5 * here.acceleration * elapsed)

    def at(self, s: float) -> TrajectoryPoint:
        """The place `s` metres from the start, at most its end."""
        return self._on_polyline(s)

    def _on_polyline(self, s: float) -> TrajectoryPoint:
        points = self.points
        if s > self.length - TINY or len(points) < 2:
            return replace(points[-1], s=self.length)
        k = max(bisect_left(self._stations, s - TINY) - 1, 0)
        a, b = points[k], points[k + 1]
        length = max(b.s - a.s, TINY)
        local = min(max(s - a.s, 0.0), length)
        u = local / length
        x, y, z, time, speed, acceleration, parameter = (
            v + u * (w - v)
            for v, w in (
                (a.x, b.x),
                (a.y, b.y),
                (a.z, b.z),
                (a.time, b.time),
                (a.speed, b.speed),
                (a.acceleration, b.acceleration),
                (a.parameter, b.parameter),
            )
        )
        found = TrajectoryPoint(x, y, z, 0.0, 0.0, 0.0, s, time, speed, acceleration, parameter, a.tangent, a.given)
        before = points[k - 1] if k > 0 else None
        last = k >= len(points) - 2
        angles = [self._angle(before.h if before else None, a.h, b.h, local, length, last)]
        for name in ("p", "r"):
            if a.given != b.given:
                angles.append(getattr(a, name))
            else:
                old = getattr(before, name) if before else None
                angles.append(self._angle(old, getattr(a, name), getattr(b, name), local, length, last))
        found.h, found.p, found.r = angles
        return found

    def _angle(self, before: float | None, here: float, after: float, local: float, length: float, last: bool) -> float:
        if self.interpolation == "segment":
            return wrap(here + local / length * difference(after, here))
        if self.interpolation == "corner":
            radius = min(_CORNER_M, 0.5 * length)
            if local < radius:
                if before is not None:
                    return wrap(before + (radius + local) / (2.0 * radius) * difference(here, before))
            elif local > length - radius:
                ahead = length - local
                part = 1.0 - (ahead / radius if last else (radius + ahead) / (2.0 * radius))
                return wrap(here + part * difference(after, here))
        return wrap(here)

    def nearest(self, x: float, y: float) -> float:
        """Distance from the start to the place on the line that is nearest to a point."""
        best, found = inf, 0.0
        for a, b in zip(self.points, self.points[1:]):
            dx, dy = b.x - a.x, b.y - a.y
            square = dx * dx + dy * dy
            u = min(max(((x - a.x) * dx + (y - a.y) * dy) / square, 0.0), 1.0) if square > 0.0 else 0.0
            distance = hypot(x - a.x - u * dx, y - a.y - u * dy)
            if distance < best + TINY:
                best, found = distance, a.s + u * (b.s - a.s)
        return found

    def place(self, position: RoadPosition, t: float = 0.0) -> None:
        """Put a position at the present point, `t` metres to the left."""
        v = self.point
        x, y = v.x - t * sin(v.h), v.y + t * cos(v.h)
        if v.given.z:
            position.set_world(x, y, z=v.z, h=v.h, p=v.p, r=v.r)
            return
        position.set_world(
            x,
            y,
            h=v.h,
            p=v.p if v.given.p else None,
            r=v.r if v.given.r else None,
            p_rel=0.0 if v.given.p else v.p,
            r_rel=0.0 if v.given.r else v.r,
        )


class _ClothoidTrajectory(Trajectory):
    """A single clothoid: exact place and heading."""

    line: ReferenceLine
    stop_time: float = 0.0

    def at(self, s: float) -> TrajectoryPoint:
        """The point at a distance (m) along it."""
        s = min(s, self.length)
        found = self._on_polyline(s)
        found.x, found.y, found.h, _ = self.line.at(s)
        found.h = found.tangent = wrap(found.h)
        found.s = s
        return found

    def distance_at(self, time: float) -> float:
        """Distance (m) along it at a time (s)."""
        if self.start_time <= time <= self.stop_time and self.stop_time > self.start_time:
            return self.length * (time - self.start_time) / (self.stop_time - self.start_time)
        return self.length


class _SplineTrajectory(Trajectory):
    """Clothoids one after the other, each with a constant speed."""

    segments: Sequence[tuple[float, float]]  # start time, length
    end_time: float = 0.0

    def distance_at(self, time: float) -> float:
        """Distance (m) along it at a time (s)."""
        if not self.start_time <= time <= self.end_time:
            return self.length
        s = 0.0
        for k, (start, length) in enumerate(self.segments):
            end = self.segments[k + 1][0] if k + 1 < len(self.segments) else self.end_time
            if k + 1 == len(self.segments) or time <= end - TINY:
                return s + (time - start) / (end - start) * length if end > start else s
            s += length
        return s


class _NurbsTrajectory(Trajectory):
    """A NURBS: exact at the parameter that the polyline gives."""

    curve: _Nurbs

    def at(self, s: float) -> TrajectoryPoint:
        """The point at a distance (m) along it."""
        found = self._on_polyline(s)
        exact = self.curve.at(found.parameter)
        found.x, found.y, found.given = exact.x, exact.y, exact.given
        if exact.given.z:
            found.z = exact.z
        for angle in ("h", "p", "r"):
            if getattr(exact.given, angle):
                setattr(found, angle, getattr(exact, angle))
        found.tangent = found.h
        return found

    def distance_at(self, time: float) -> float:
        """Distance (m) along it at a time (s)."""
        points = self.points
        if time <= points[0].time:
            return 0.0
        if time >= points[-1].time:
            return self.length
        k = min(bisect_right(self._times, time + TINY), len(points) - 2)
        gap = points[k + 1].time - points[k].time
        return points[k].s + ((time - points[k].time) / gap if gap > 0.0 else 0.0) * (points[k + 1].s - points[k].s)


def lay_out(
    trajectory: model.Trajectory,
    resolve: Resolve,
    roads: Roads,
    *,
    following_mode: model.FollowingMode = "position",
    speed: float = 0.0,
    origin: RoadPosition | None = None,
    interpolation: Interpolation | None = None,
) -> Trajectory:
    """The trajectory in the world.

    Args:
        resolve: places of its positions.
        following_mode: with "follow", speeds change with constant acceleration from `speed` so that the corners are
            passed in time; with "position" each line has a constant speed.
        origin: where a clothoid spline without a start begins.
        interpolation: of the angles of a polyline; None: along the lines with "follow", else at the corners.
    """
    shape = trajectory.shape
    if isinstance(shape, model.Polyline):
        points = _polyline(shape, resolve, following_mode, speed)
        usual: Interpolation = "segment" if following_mode == "follow" else "corner"
        return Trajectory(trajectory.name, trajectory.closed, points, interpolation or usual)
    if isinstance(shape, model.Clothoid):
        return _clothoid(trajectory, shape, resolve)
    if isinstance(shape, model.ClothoidSpline):
        return _clothoid_spline(trajectory, shape, resolve, origin or RoadPosition(roads))
    return _nurbs(trajectory, shape, resolve)


def _corner(position: RoadPosition, given: Given, time: float) -> TrajectoryPoint:
    return TrajectoryPoint(position.x, position.y, position.z, position.h, time=time, given=given)


def _polyline(
    shape: model.Polyline, resolve: Resolve, following_mode: model.FollowingMode, speed: float
) -> list[TrajectoryPoint]:
    vertices = [(*resolve(vertex.position), vertex.time or 0.0) for vertex in shape.vertices]
    if not any(isinstance(vertex.position, _RELATIVE) for vertex in shape.vertices):
        vertices = _merge(vertices)
    points: list[TrajectoryPoint] = []
    for k, (position, given, time) in enumerate(vertices):
        if k + 1 < len(vertices) and vertices[k + 1][1].z and not given.z:
            given = vertices[k + 1][1]  # the height changes along the line
        point = _corner(position, given, time)
        point.p = position.p if given.z or given.p else position.p_rel
        point.r = position.r if given.z or given.r else position.r_rel
        if points:
            point.s = points[-1].s + hypot(point.x - points[-1].x, point.y - points[-1].y)
        points.append(point)
    _set_tangents(points)
    if following_mode == "follow":
        _set_speeds_to_follow(points, speed)
    else:
        _set_mean_speeds(points)
    return points


_Vertex = tuple[RoadPosition, Given, float]


def _merge(vertices: list[_Vertex]) -> list[_Vertex]:
    """Leave out corners that add nothing, but keep times at which the entity stands."""
    if len(vertices) <= 2:
        return vertices
    kept, rest = [vertices[0]], deque(vertices[1:])
    while rest:
        b = rest.popleft()
        if _apart(kept[-1], b) or not rest:
            kept.append(b)
            continue
        while rest and not _apart(kept[-1], rest[0]):
            b = rest.popleft()
        if not rest:
            kept.append(b)
        elif rest[0][2] - kept[-1][2] >= _STAND_S + TINY:
            kept.append((*kept[-1][:2], b[2]))
            kept.append(rest.popleft())
        else:
            kept.append(rest.popleft())
    return kept


def _apart(a: _Vertex, b: _Vertex) -> bool:
    return hypot(a[0].x - b[0].x, a[0].y - b[0].y) > _MERGE_M or abs(difference(a[0].h, b[0].h)) > _MERGE_RAD


def _set_tangents(points: list[TrajectoryPoint]) -> None:
    """Heading and pitch of the lines, for all angles that the corners do not give themselves."""
    tangent, pitch = points[0].h, points[0].p
    for a, b in itertools.pairwise(points):
        if b.s - a.s > TINY:
            tangent, pitch = atan2(b.y - a.y, b.x - a.x), -atan2(b.z - a.z, b.s - a.s)
            break
    for k, point in enumerate(points):
        point.tangent = wrap(tangent)
        if not point.given.h:
            point.h = wrap(tangent)
        if point.given.z and not point.given.p:
            point.p = pitch
        if k + 2 < len(points):
            a, b = points[k + 1], points[k + 2]
            if b.s - a.s > TINY:
                tangent, pitch = atan2(b.y - a.y, b.x - a.x), -atan2(b.z - a.z, b.s - a.s)


def _set_mean_speeds(points: list[TrajectoryPoint]) -> None:
    for a, b in itertools.pairwise(points):
        time = b.time - a.time
        a.speed = (b.s - a.s) / time if time > TINY else 0.0


def _set_speeds_to_follow(points: list[TrajectoryPoint], speed: float) -> None:
    """Constant acceleration from corner to corner; where that would turn back, an early stop."""
    points[0].speed = speed
    for a, b in itertools.pairwise(points):
        way, time = b.s - a.s, b.time - a.time
        if abs(way) <= TINY:
            speed = 0.0
        elif time > 0.0:
            a.acceleration = 2.0 * (way - speed * time) / time**2
            if sign(speed + a.acceleration * time) != sign(speed):
                a.acceleration, speed = -(speed**2) / (2.0 * way), 0.0
            else:
                speed += a.acceleration * time
        b.speed = speed


def _spiral(x: float, y: float, h: float, length: float, start: float, end: float) -> ReferenceLine:
    return ReferenceLine((Geometry("spiral", 0.0, x, y, h, length, start, end),))


def _clothoid(trajectory: model.Trajectory, shape: model.Clothoid, resolve: Resolve) -> Trajectory:
    position, given = resolve(shape.position)
    end = shape.curvature + shape.curvature_prime * shape.length
    line = _spiral(position.x, position.y, position.h, shape.length, shape.curvature, end)
    start_time, stop_time = shape.start_time or 0.0, shape.stop_time or 0.0
    given = Given(given.z, False, given.p, given.r)
    points = []
    for s in _stations(shape.length):
        x, y, h, _ = line.at(s)
        time = start_time + s / max(shape.length, TINY) * (stop_time - start_time)
        points.append(TrajectoryPoint(x, y, position.z, wrap(h), s=s, time=time, tangent=wrap(h), given=given))
    found = _ClothoidTrajectory(trajectory.name, trajectory.closed, points, "segment")
    found.line, found.stop_time = line, stop_time
    found.start_time, found.duration = start_time, stop_time - start_time
    return found


def _stations(length: float) -> list[float]:
    step = max(_STEP_M, length / _MOST_STEPS)
    return [*(k * step for k in range(int(length / step))), length]


def _clothoid_spline(
    trajectory: model.Trajectory, shape: model.ClothoidSpline, resolve: Resolve, origin: RoadPosition
) -> Trajectory:
    x, y, h = origin.x, origin.y, origin.h
    points: list[TrajectoryPoint] = []
    total = sum(segment.length for segment in shape.segments)
    stations = _stations(total)[:-1]
    start_time = shape.segments[0].time_start or 0.0
    end_time = shape.time_end or 0.0
    done = 0.0
    for k, segment in enumerate(shape.segments):
        if segment.position_start is not None:
            position, _ = resolve(segment.position_start)
            x, y, h = position.x, position.y, position.h
        line = _spiral(x, y, h + segment.h_offset, segment.length, segment.curvature_start, segment.curvature_end)
        inside = stations[bisect_left(stations, done) : bisect_left(stations, done + segment.length)]
        if k + 1 == len(shape.segments):
            inside.append(total)
        for s in inside:
            px, py, ph, _ = line.at(s - done)
            time = start_time + s / total * (end_time - start_time) if total > 0.0 else start_time
            points.append(TrajectoryPoint(px, py, 0.0, wrap(ph), s=s, time=time, tangent=wrap(ph)))
        x, y, h, _ = line.at(segment.length)
        done += segment.length
    found = _SplineTrajectory(trajectory.name, trajectory.closed, points, "segment")
    found.segments = [(segment.time_start or 0.0, segment.length) for segment in shape.segments]
    found.end_time, found.start_time, found.duration = end_time, start_time, end_time - start_time
    return found


class _Nurbs:
    """Evaluation of a NURBS by the recursion of Cox and de Boor."""

    def __init__(self, shape: model.Nurbs, resolve: Resolve) -> None:
        self.order, self.knots = shape.order, shape.knots
        self.points = [(*resolve(point.position), point.time or 0.0, point.weight) for point in shape.control_points]

    @property
    def last(self) -> float:
        """Largest parameter."""
        return self.knots[-1]

    def basis(self, t: float) -> Iterator[tuple[int, float]]:
        """Control points that have an influence at a parameter, and how much."""
        knots, span = self.knots, bisect_right(self.knots, t) - 1
        if not 0 <= span < len(knots) - 1:
            return
        first = span - self.order + 1
        values = [0.0] * (self.order - 1) + [1.0, 0.0]  # of the points from the first on
        for k in range(2, self.order + 1):
            for i in range(max(span - k + 1, 0), min(span, len(knots) - k - 1) + 1):
                left, right, at = knots[i + k - 1] - knots[i], knots[i + k] - knots[i + 1], i - first
                values[at] = ((t - knots[i]) / left * values[at] if left > 0.0 else 0.0) + (
                    (knots[i + k] - t) / right * values[at + 1] if right > 0.0 else 0.0
                )
        for i in range(max(first, 0), min(span + 1, len(self.points))):
            yield i, values[i - first]

    def at(self, t: float) -> TrajectoryPoint:
        """Place at a parameter; height and angles only where the control points give them."""
        t = min(max(t, self.knots[0]), self.last - TINY)
        basis = list(self.basis(t))
        total = sum(b * self.points[i][3] for i, b in basis) or 1.0
        found = TrajectoryPoint(given=self.points[0][1])
        for i, b in basis:
            position, _, _, weight = self.points[i]
            share = b * weight / total
            if b > TINY:
                found.x += share * position.x
                found.y += share * position.y
                found.z += share * position.z
                for angle in ("h", "p", "r"):
                    before = getattr(found, angle)
                    setattr(found, angle, before + share * difference(getattr(position, angle), before))
        found.h, found.p, found.r = wrap(found.h), wrap(found.p), wrap(found.r)
        return found


def _nurbs(trajectory: model.Trajectory, shape: model.Nurbs, resolve: Resolve) -> Trajectory:
    curve = _Nurbs(shape, resolve)
    places = [point[0] for point in curve.points]
    length = sum(hypot(b.x - a.x, b.y - a.y) for a, b in itertools.pairwise(places))
    count = min(int(1 + length / _STEP_M), _MOST_STEPS)
    step = curve.last / count
    points: list[TrajectoryPoint] = []
    peaks = [(0.0, 0.0)] * len(places)  # largest influence of each control point, and where
    for k in range(count + 1):
        t = k * step
        point = curve.at(t)
        small = min(_TANGENT_STEP, step)
        beside = min(t + small, curve.last) if k < count else max(t - small, 0.0)
        other = curve.at(beside)
        for i, b in curve.basis(min(beside, curve.last - TINY)):
            peaks[i] = (b, t) if b > peaks[i][0] else peaks[i]
        if not point.given.h:
            dx, dy = (other.x - point.x, other.y - point.y) if k < count else (point.x - other.x, point.y - other.y)
            point.h = wrap(atan2(dy, dx)) if hypot(dx, dy) > TINY or not points else points[-1].h
        if points:
            point.s = points[-1].s + hypot(point.x - points[-1].x, point.y - points[-1].y)
        point.parameter, point.tangent = t, point.h
        points.append(point)
    current = 0
    for point in points:
        if current + 1 < len(peaks) and point.parameter >= peaks[current + 1][1]:
            current = min(current + 1, max(2, len(peaks)) - 2)
        gap = peaks[current + 1][1] - peaks[current][1]
        part = (point.parameter - peaks[current][1]) / gap if gap > 0.0 else 0.0
        start, end = curve.points[current][2], curve.points[current + 1][2]
        point.time = start + part * (end - start)
    found = _NurbsTrajectory(trajectory.name, trajectory.closed, points, "segment")
    found.curve = curve
    found.start_time = curve.points[0][2]
    found.duration = curve.points[-1][2] - curve.points[0][2]
    return found
