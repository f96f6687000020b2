"""Routes and trajectories to follow (ASAM OpenSCENARIO XML 1.3, 7.4.1.5 "Routing actions")."""

from __future__ import annotations

from math import cos, pi, sin

from simulator.storyboard import model
from simulator.storyboard.actions.base import (
    LATERAL,
    LONGITUDINAL,
    InstantPrivateAction,
    PrivateActionElement,
    for_private,
)
from simulator.storyboard.positions import make_route, make_trajectory, resolve_position
from simulator.storyboard.road_position import TINY
from simulator.storyboard.rotation import difference, sign, wrap
from simulator.storyboard.routes import Route
from simulator.storyboard.trajectories import Interpolation


@for_private(model.AssignRouteAction)
class AssignRouteAction(InstantPrivateAction):
    """Take a route at the junctions ahead."""

    record: model.AssignRouteAction

    def begin(self) -> None:
        """Take over the route."""
        self.entity.position.route = make_route(self.world, self.record.route)


@for_private(model.AcquirePositionAction)
class AcquirePositionAction(InstantPrivateAction):
    """Take the shortest route to a place."""

    record: model.AcquirePositionAction

    def begin(self) -> None:
        """Find the route from here."""
        position = self.entity.position
        start = position.copy()
        start.route = start.trajectory = None
        start.align()
        target, _ = resolve_position(self.world, self.record.position)
        route = Route(self.world.roads, [start, target.copy()])
        if not route.is_valid:
            self.world.warn(f"no way leads {self.entity.name} to the position to acquire", self.record.line)
        position.route = route


@for_private(model.RandomRouteAction)
class RandomRouteAction(InstantPrivateAction):
    """Take any way at each junction."""

    record: model.RandomRouteAction

    def begin(self) -> None:
        """Choose at random from now on."""
        self.entity.wander(self.world.seed)


_INTERPOLATIONS: dict[str, Interpolation] = {"segment": "segment", "corner": "corner", "off": "none", "none": "none"}


def _has_times(shape: model.Polyline | model.Clothoid | model.ClothoidSpline | model.Nurbs) -> bool:
    if isinstance(shape, model.Polyline):
        start, end = shape.vertices[0].time, shape.vertices[-1].time
    elif isinstance(shape, model.Nurbs):
        start, end = shape.control_points[0].time, shape.control_points[-1].time
    elif isinstance(shape, model.Clothoid):
        start, end = shape.start_time, shape.stop_time
    else:
        start, end = shape.segments[0].time_start, shape.time_end
    return (end or 0.0) - (start or 0.0) > TINY


@for_private(model.FollowTrajectoryAction)
class FollowTrajectoryAction(PrivateActionElement):
    """Drive along a trajectory, at the speed that the entity has or by the trajectory's times."""

    record: model.FollowTrajectoryAction

    @property
    def domains(self) -> frozenset[str]:  # type: ignore[override]  # by its timing, where others have a constant
        """With a timing the speed follows from it."""
        return frozenset({LATERAL} if self.timing is None else {LATERAL, LONGITUDINAL})

    @property
    def timing(self) -> model.Timing | None:
        """The time reference; without times on the trajectory there is none."""
        return self.record.time_reference if _has_times(self.record.trajectory.shape) else None

    def begin(self) -> None:
        """Lay out the trajectory and go to its start."""
        if self.entity.is_driven(LATERAL):
            return
        record, entity = self.record, self.entity
        position = entity.position
        self.trajectory = trajectory = make_trajectory(
            self.world,
            record.trajectory,
            following_mode=record.following_mode,
            speed=entity.speed,
            origin=position.copy(),
            interpolation=_INTERPOLATIONS.get(self._property("plineInterpolation")),
        )
        position.trajectory = trajectory
        trajectory.go_to_distance(record.initial_distance_offset)
        trajectory.place(position)
        point = trajectory.point
        self.time = point.time
        forward = 1
        if self.timing is None:
            forward = sign(entity.speed)
        elif point.given.h:
            forward = -1 if self._is_against(point.h) else 1
        self._had_heading = point.given.h
        position.set_heading(point.h if point.given.h else point.tangent + (pi if forward < 0 else 0.0))
        self.heading_sign = -1 if self._is_against(position.h) else 1
        if point.given.h and self._property("ignoreHeadingForTrajMotion") == "true":
            self.heading_sign = 1
        if self.timing is not None:
            entity.set_speed(forward * point.speed / self.timing.scale)

    def _property(self, name: str) -> str:
        """A property of the entity; these are of esmini."""
        properties = getattr(self.entity.object, "properties", None)
        return "" if properties is None else properties.properties.get(name, "")

    def _is_against(self, heading: float) -> bool:
        return abs(difference(heading, self.trajectory.point.tangent)) > 0.5 * pi + TINY

    def go_on(self, dt: float) -> None:
        """Go on along it; at its end the rest of the step straight ahead."""
        if self.entity.is_driven(LATERAL):
            return
        entity, trajectory, timing = self.entity, self.trajectory, self.timing
        done = entity.done
        done.lateral = done.longitudinal = done.speed = True
        before = trajectory.point.s
        direction = self._move(dt, before)
        end_time = trajectory.start_time + trajectory.duration
        if timing is None:
            s = trajectory.point.s
            at_end = s > trajectory.length - TINY if direction * abs(entity.speed) > 0.0 else s < TINY
            over = not trajectory.closed and dt > 0.0 and direction * abs(entity.speed) != 0.0 and at_end
            rest = abs(entity.speed) * dt - abs(s - before) if direction > 0 else 0.0
        else:
            late = (self.time - end_time) * timing.scale - timing.offset
            over, rest = late > -TINY, late * entity.speed
        if over:
            h = trajectory.point.h
            position = entity.position
            position.shift_world(position.x + rest * cos(h), position.y + rest * sin(h))
            self.end()

    def _move(self, dt: float, before: float) -> int:
        """Go on along the trajectory; returns in which direction."""
        entity, trajectory, timing = self.entity, self.trajectory, self.timing
        against = -1 if self._is_against(entity.position.h) else 1
        direction = 1
        if timing is None:
            direction = sign(entity.speed) * self.heading_sign
            trajectory.go_to_distance(max(before + direction * abs(entity.speed) * dt, 0.0))
        else:
            # Times of the trajectory are scaled and then offset (model reference, "Timing"): 2 is half as fast.
            if timing.domain_absolute_relative == "relative":
                self.time += dt / timing.scale
            else:
                self.time = (self.world.time + dt) / timing.scale
            trajectory.go_to_time(self.time - timing.offset / timing.scale)
        trajectory.place(entity.position)
        point = trajectory.point
        if timing is not None and dt > TINY:
            in_time = self.time < trajectory.start_time + trajectory.duration + TINY + timing.offset / timing.scale
            if in_time:
                direction = sign(point.s - before)
                entity.set_speed(direction * against * abs(point.s - before) / dt)
        if point.given.h:
            self._had_heading = True
        else:
            if self._had_heading:  # from here on the heading is the line's
                self.heading_sign = -1 if self._is_against(entity.position.h) else 1
                self._had_heading = False
            if self.heading_sign < 0:
                entity.position.set_heading(wrap(entity.position.h + pi))
        return direction

    def end(self) -> None:
        """Leave the trajectory."""
        super().end()
        if self.state == "complete" and self.entity.position.trajectory is getattr(self, "trajectory", None):
            self.entity.position.trajectory = None
