"""Lane change, lane offset, lateral distance (ASAM OpenSCENARIO XML 1.3, 7.4.1.2 "Lateral actions")."""

from __future__ import annotations

from math import acos, asin, atan, atan2, cos, hypot, inf, pi, sin, sqrt

from simulator.storyboard import model
from simulator.storyboard.actions.base import LATERAL, LONGITUDINAL, PrivateActionElement, for_private
from simulator.storyboard.actions.longitudinal import Limits
from simulator.storyboard.actions.transitions import TransitionProgress
from simulator.storyboard.paths import road_difference
from simulator.storyboard.positions import beside_lane, lane_number
from simulator.storyboard.road_position import TINY, RoadPosition
from simulator.storyboard.rotation import difference, is_forward, sign

_DEFAULT_LATERAL_ACC = 0.5
_REACHED_M = 0.01
_SHORTEST_RADIUS_M = 0.5


def _is_done(progress: TransitionProgress, value: float) -> bool:
    """Whether a transition is over: run through, close to its target, or past it."""
    if progress.is_over or abs(value - progress.target) < TINY:
        return True
    return progress.parameter > 0.0 and sign(value - progress.target) != sign(progress.start - progress.target)


@for_private(model.LaneChangeAction)
class LaneChangeAction(PrivateActionElement):
    """Change to a lane: the offset from its centre line follows the shape while the entity keeps its speed.

    Offsets are counted outwards from the reference line, so that they keep their meaning from road to road.

    Attributes:
        turn: which way it goes, as its driver sees it: 1 to the left, -1 to the right, 0 nowhere.
    """

    domains = frozenset({LATERAL})
    record: model.LaneChangeAction
    turn = 0

    def begin(self) -> None:
        """Align with the lane, and count the offset from the target lane."""
        if self.entity.is_driven(LATERAL):
            return
        position = self.entity.position
        lane = self._target_lane()
        if position.road is None or lane not in position.road.sections[position.section].lanes:
            self.world.warn(
                f"there is no lane {lane} where {self.entity.name} is: it stays in its own", self.record.line
            )
            self.end()
            return
        position.align()
        position.set_angles(p=0.0, r=0.0)
        self.progress = TransitionProgress(self.record.dynamics)
        self.track = position.copy()
        self.track.route = self.track.trajectory = None
        self.track.force_lane(lane)
        side = sign(lane)
        self.progress.aim(side * self.track.offset, side * self.record.target_lane_offset)
        if self.progress.change:
            self.turn = sign(self.progress.change) * side * (1 if is_forward(position.h_rel) else -1)
        self.heading = 0.0

    def _target_lane(self) -> int:
        target = self.record.target
        if isinstance(target, model.AbsoluteTargetLane):
            return lane_number(self.world, target.value, target.line)
        reference = self.world.entity(target.entity_ref, target.line).position
        return beside_lane(reference.lane, target.value * (1 if reference.faces_along else -1))

    def go_on(self, dt: float) -> None:
        """Go ahead and sideways by one step."""
        if self.entity.is_driven(LATERAL):
            return
        entity, progress, track = self.entity, self.progress, self.track
        position, done = entity.position, entity.done
        done.lateral = done.longitudinal = True
        if abs(entity.speed) < TINY:
            return
        outwards, ahead = self._advance(dt)
        side = sign(track.lane)
        position.set_lane(track.road, track.lane, track.s, outwards * side)
        if progress.is_instant:
            ahead = abs(entity.speed) * dt
        position.move(position.road_distance(sign(entity.speed) * ahead), actual=False, choose=entity.choose)
        track.set_lane(position.road, position.lane, position.s, position.offset)
        if _is_done(progress, outwards):
            self.end()
            position.align()
        else:
            turn = (1 if is_forward(position.h_rel) else -1) * sign(position.lane) * self.heading
            position.align(turn)
        if position.route is None or not position.route.is_valid:
            position.attach(position.x, position.y, position.z)
        if position.at_end:
            self.end()
        done.speed = True

    def _advance(self, dt: float) -> tuple[float, float]:
        """The new offset, and the distance ahead that is left of the step's length."""
        progress, speed = self.progress, self.entity.speed
        length, rate = abs(speed) * dt, progress.slope
        if progress.dimension == "distance":
            ahead = length / sqrt(1.0 + rate * rate)
            progress.advance(ahead)
            self.heading = atan(rate)
            return progress.value, ahead
        sideways = dt * abs(rate)
        ahead = sqrt(max(length**2 - min(sideways, length) ** 2, 0.0))
        if sideways < length + TINY:
            progress.advance(dt)
            self.heading = atan2(sign(speed) * sign(rate) * sideways, ahead)
            return progress.value, ahead
        # More than the speed allows: straight to the side.
        progress.advance(length * progress.span / max(abs(progress.change), TINY))
        self.heading = sign(speed) * sign(rate) * (0.5 * pi - TINY)
        return progress.value_as("linear"), ahead


@for_private(model.LaneOffsetAction)
class LaneOffsetAction(PrivateActionElement):
    """Move beside the lane's centre within a lateral acceleration; the span follows from it.

    A continuous one then stays with the entity that it is relative to, and does not end. With an absolute target
    nothing is left to be done at the end, and there are scenarios that wait for it.
    """

    domains = frozenset({LATERAL})
    record: model.LaneOffsetAction

    def begin(self) -> None:
        """Find the span from the acceleration."""
        if self.entity.is_driven(LATERAL):
            return
        record, position = self.record, self.entity.position
        shape = model.TransitionDynamics(record.dynamics_shape, "time", 0.0)
        self.progress = TransitionProgress(shape)
        side = sign(position.lane)
        self.progress.aim(side * position.offset, side * self._target())
        self.acceleration = (
            _DEFAULT_LATERAL_ACC if record.max_lateral_acc is None else max(record.max_lateral_acc, TINY)
        )
        self.progress.span = self.progress.span_for_acceleration(self.acceleration)
        target = record.target
        self._follows = (
            record.continuous
            and isinstance(target, model.RelativeTargetLaneOffset)
            and target.entity_ref != self.entity.name
        )
        self._is_there, self._speed = False, 0.0

    def _target(self) -> float:
        target, position = self.record.target, self.entity.position
        if isinstance(target, model.AbsoluteTargetLaneOffset):
            return target.value
        reference = self.world.entity(target.entity_ref, target.line).position
        t = reference.t + target.value * (1 if reference.faces_along else -1)
        return t - (position.t - position.offset)

    def go_on(self, dt: float) -> None:
        """Move sideways; the default controller moves ahead."""
        if self.entity.is_driven(LATERAL):
            return
        entity, progress = self.entity, self.progress
        position = entity.position
        value, side = progress.value, sign(position.lane)
        entity.done.lateral = True
        if self._is_there:
            self._stay_beside(dt)
            return
        over = _is_done(progress, value)
        position.set_lane(position.road, position.lane, position.s, side * (progress.target if over else value))
        if over and self._follows:
            self._is_there, self._last_target = True, progress.target * side
        elif over:
            self.end()
            position.align()
        else:
            self._turn(side * progress.slope)
        progress.advance(dt)

    def _turn(self, leftwards: float) -> None:
        """Look where the entity goes, moving to the left of s at a speed."""
        position, speed = self.entity.position, self.entity.speed
        turn = atan(leftwards / (speed if abs(speed) > TINY else TINY))
        position.align((1 if is_forward(position.h_rel) else -1) * turn)

    def _stay_beside(self, dt: float) -> None:
        """Close the gap to the present target, as fast as the acceleration lets it and in time to slow down again."""
        if dt <= 0.0:
            return
        position, target = self.entity.position, self._target()
        error, drift = target - position.offset, (target - self._last_target) / dt
        self._last_target = target
        wish = drift + sign(error) * min(sqrt(2.0 * self.acceleration * abs(error)), abs(error) / dt)
        change = self.acceleration * dt
        self._speed = min(max(wish, self._speed - change), self._speed + change)
        position.set_lane(position.road, position.lane, position.s, position.offset + self._speed * dt)
        self._turn(self._speed)


@for_private(model.LateralDistanceAction)
class LateralDistanceAction(PrivateActionElement):
    """Reach, and perhaps keep, a distance beside an entity: at once, or within limits of speed and acceleration."""

    domains = frozenset({LATERAL, LONGITUDINAL})
    record: model.LateralDistanceAction

    def begin(self) -> None:
        """Find the distance of the reference points."""
        record = self.record
        self.limits = Limits.of(record.dynamic_constraints, None)
        self.other = self.world.entity(record.entity_ref, record.line)
        widths = 0.5 * (self.entity.box.width + self.other.box.width) if record.freespace else 0.0
        self.to_left = record.displacement != "rightToReferencedEntity"
        wanted = record.distance
        if wanted is None:
            wanted = abs(self.other.position.distance_to(self.entity.position.x, self.entity.position.y)[1]) - widths
        self.wanted = abs(wanted) + widths  # of reference points
        self.speed = self.acceleration = 0.0
        self._last = (self.entity.position.x, self.entity.position.y)
        self._is_ready = False

    def go_on(self, dt: float) -> None:
        """Move towards it by one step."""
        if self.entity.is_driven(LATERAL):
            return
        if self.record.coordinate_system in ("road", "lane"):
            self._along_road(dt)
        else:
            self._along_other(dt)
            done = self.entity.done
            done.lateral = done.longitudinal = done.speed = True

    # ---- beside the other entity's own line

    def _along_other(self, dt: float) -> None:
        entity, target = self.entity, self.other.position
        position, step = entity.position, entity.speed * dt
        side = self.wanted if self.to_left else -self.wanted
        along = (cos(target.h), sin(target.h))
        foot = (target.x - side * along[1], target.y + side * along[0])
        u = (position.x - foot[0]) * along[0] + (position.y - foot[1]) * along[1]
        aim = (foot[0] + u * along[0], foot[1] + u * along[1])
        dx, dy = aim[0] - position.x, aim[1] - position.y
        distance = hypot(dx, dy)
        if self.limits.acceleration == inf:
            rest = max(abs(step) - distance, 0.0)
            position.set_world(aim[0] + along[0] * rest, aim[1] + along[1] * rest, h=target.h)
        elif distance < TINY:
            position.set_world(position.x + along[0] * step, position.y + along[1] * step, h=target.h)
        else:
            heading = self._heading(distance, atan2(dy, dx), target.h, step)
            if heading is None:  # near enough to be there within the step
                heading = target.h - asin(min(max(self._left_of(target.h, dx, dy) / step, -1.0), 1.0)) * -1.0
            position.set_world(position.x + cos(heading) * step, position.y + sin(heading) * step, h=heading)

    @staticmethod
    def _left_of(heading: float, dx: float, dy: float) -> float:
        return dy * cos(heading) - dx * sin(heading)

    def _heading(self, distance: float, towards: float, along: float, step: float) -> float | None:
        """Heading on a smooth way to the line: straight towards it, then turning along it."""
        speed, position = self.entity.speed, self.entity.position
        radius = max(_SHORTEST_RADIUS_M, 1.5 * speed**2 / min(abs(self.limits.acceleration), 1000.0))
        most = min(abs(step / radius) * 1.5, pi - TINY)
        if distance < 0.5 * step - TINY and 0.5 * step > radius - TINY:
            return None
        if distance > radius - TINY:
            turn = difference(towards, position.h)
        else:
            angle = step / radius
            w = (2.0 * max(acos(1.0 - distance / radius), 0.5 * angle) - 0.5 * angle) / pi
            w = w * w * (3.0 - 2.0 * w)
            turn = w * difference(towards, position.h) + (1.0 - w) * difference(along, position.h)
        return position.h + min(max(turn, -most), most)

    # ---- beside the other entity along the road

    def _error(self) -> float | None:
        """How far t is from where it should be, to the left."""
        position = self.entity.position
        found = road_difference(self.other.position, position, both_ways=False)
        if found is None:
            found = road_difference(self.other.position, position)
        if found is None:
            return None
        wanted = -self.wanted if self.to_left else self.wanted
        same = position.faces_along == found.same_direction
        return -(found.dt + (wanted if same else -wanted))

    def _along_road(self, dt: float) -> None:
        if not self._is_ready:  # the first step is the one before which it started
            self._is_ready = True
            self._last = (self.entity.position.x, self.entity.position.y)
            return
        entity, limits = self.entity, self.limits
        position = entity.position
        error = self._error()
        if error is None:
            self.end()
            return
        if inf == limits.speed == limits.acceleration == limits.deceleration:
            self._jump(position, error)
            entity.done.lateral = True
        else:
            self._approach(position, error, dt)
            entity.done.lateral = entity.done.longitudinal = entity.done.speed = True
        self._last = (position.x, position.y)

    def _jump(self, position: RoadPosition, error: float) -> None:
        position.set_track(position.road, position.s, position.t + error)
        position.set_heading(atan2(position.y - self._last[1], position.x - self._last[0]))
        if not self.record.continuous and abs(error) < _REACHED_M:
            self.end()

    def _approach(self, position: RoadPosition, error: float, dt: float) -> None:
        entity, limits = self.entity, self.limits
        most = min(limits.speed, entity.speed) - TINY
        if limits.acceleration < inf:
            stiffness = 0.4 * limits.acceleration
            other = self.other.along_axes(self.other.velocity)[1]
            wish = stiffness * error - 2.0 * sqrt(stiffness) * (self.speed - other)
            jerk = limits.acceleration_rate * dt
            change = wish - self.acceleration
            change = min(max(change, -jerk), jerk) if jerk < inf else change
            self.acceleration = min(max(self.acceleration + change, -limits.acceleration), limits.acceleration)
            self.speed = min(max(self.speed + self.acceleration * dt, -most), most)
            if not self.record.continuous and abs(error) < _REACHED_M:
                self.end()
        else:
            self.speed = sign(error) * most
            if dt > 0.0 and sign(error - self.speed * dt) != sign(error):
                self.speed = error / dt
                if not self.record.continuous:
                    self.end()
        ahead = sqrt(max(entity.speed**2 - self.speed**2, 0.0))
        position.move(ahead * dt, choose=entity.choose)
        position.set_lane(position.road, position.lane, position.s, position.offset + self.speed * dt)
        position.set_heading(atan2(position.y - self._last[1], position.x - self._last[0]))
