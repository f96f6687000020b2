"""Speed, speed profile, longitudinal distance (ASAM OpenSCENARIO XML 1.3, 7.4.1.1 "Longitudinal actions")."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

from simulator.storyboard import model
from simulator.storyboard.actions.base import LONGITUDINAL, PrivateActionElement, for_private
from simulator.storyboard.actions.transitions import TransitionProgress
from simulator.storyboard.entities import Entity, position_distance
from simulator.storyboard.road_position import TINY
from simulator.storyboard.rotation import sign

_REACHED_M = 0.1
_SPRING = 0.4  # stiffness per unit of allowed acceleration, 1/m
_MOST_JERK_MPS3 = 1e6  # stands for none: the acceleration changes within microseconds
_PROFILE_OVERRUN_S = 10.0


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@for_private(model.SpeedAction)
class SpeedAction(PrivateActionElement):
    """Change to a speed, within what the entity can do."""

    domains = frozenset({LONGITUDINAL})
    record: model.SpeedAction

    def begin(self) -> None:
        """Set out from the present speed."""
        if self.entity.is_driven(LONGITUDINAL):
            self.end()
            return
        self.progress = TransitionProgress(self.record.dynamics)
        limits, start = self.entity.performance, self.entity.speed
        self._start_speed = start
        target = self._target()
        if self.progress.dimension == "distance":
            self.progress.span = _duration(start, target, self.record.dynamics.value)
            self.progress.dimension = "time"
        target = _clamp(target, -limits.max_speed, limits.max_speed)
        self.progress.aim(start, target)
        self.progress.limit_rate(limits.max_acceleration if target > start else limits.max_deceleration)
        self._is_reached = False
        self.entity.set_speed(self.progress.value)

    def _target(self) -> float:
        target = self.record.target
        if isinstance(target, model.AbsoluteTargetSpeed):
            return target.value
        other = self.world.entity(target.entity_ref, target.line).speed
        if target.entity_ref == self.entity.name:  # to itself as it was, else it would never be there
            other = self._start_speed
        return other + target.value if target.speed_target_value_type == "delta" else other * target.value

    def go_on(self, dt: float) -> None:
        """Change the speed by one step."""
        if self.entity.is_driven(LONGITUDINAL):
            self.end()
            return
        progress, entity = self.progress, self.entity
        limits = entity.performance
        wanted = self.record.target
        relative = isinstance(wanted, model.RelativeTargetSpeed)
        follows = isinstance(wanted, model.RelativeTargetSpeed) and wanted.continuous
        target = _clamp(self._target(), -limits.max_speed, limits.max_speed)
        if relative:
            progress.aim(progress.start, target)
        if progress.span > 0.0 and progress.is_over:
            needed = (target - entity.speed) / dt if dt > TINY else 0.0
            speed = self._limited(needed, dt)
        else:
            progress.advance(dt)
            speed = progress.value
            needed = (speed - entity.speed) / dt if dt > TINY else 0.0
            if not -limits.max_deceleration - TINY <= needed <= limits.max_acceleration + TINY:
                speed = self._limited(needed, dt)
                progress.advance((speed - entity.speed) / needed - dt)
        if progress.is_over and abs(speed - progress.target) < TINY:
            self._is_reached, speed = True, target
        entity.set_speed(speed)
        if self._is_reached and not follows:
            self.end()

    def _limited(self, acceleration: float, dt: float) -> float:
        limits = self.entity.performance
        acceleration = _clamp(acceleration, -limits.max_deceleration, limits.max_acceleration)
        return _clamp(self.entity.speed + acceleration * dt, -limits.max_speed, limits.max_speed)


def _duration(start: float, target: float, distance: float) -> float:
    """Time for a change of speed over a distance at constant acceleration."""
    if abs(target - start) < TINY:
        return 0.0
    if abs(start) > TINY and abs(target) > TINY and sign(start) != sign(target):
        first = distance * start**2 / (start**2 + target**2)  # to a halt, then the other way
        return 2.0 * first / abs(start) + 2.0 * (distance - first) / abs(target)
    return 2.0 * distance / abs(start + target)


@dataclass(slots=True)
class _Corner:
    """A speed at a time, and the slope after it."""

    time: float
    speed: float
    slope: float = 0.0

    @property
    def intercept(self) -> float:
        """m/s that the line has at time 0."""
        return self.speed - self.slope * self.time


@dataclass(frozen=True, slots=True)
class _Piece:
    """From a time on: speed, acceleration, jerk there."""

    time: float
    speed: float
    acceleration: float = 0.0
    jerk: float = 0.0

    def at(self, time: float) -> float:
        """m/s at a time (s)."""
        u = time - self.time
        return self.speed + u * (self.acceleration + 0.5 * self.jerk * u)


@dataclass(frozen=True, slots=True)
class Limits:
    """Dynamic constraints, all given; without limit: infinite."""

    speed: float = inf
    acceleration: float = inf
    deceleration: float = inf
    acceleration_rate: float = inf
    deceleration_rate: float = inf

    @classmethod
    def of(cls, constraints: model.DynamicConstraints | None, entity: Entity | None) -> Limits:
        """From a record; what is missing or more than the entity can do is what it can do."""
        if constraints is None:
            return cls()
        own = entity.performance if entity is not None else model.Performance(inf, inf, inf)

        def least(value: float | None, most: float | None) -> float:
            """The smaller of a limit, if one is given, and what the vehicle can do."""
            most = inf if most is None else most
            return most if value is None or value < TINY else min(value, most)

        return cls(
            least(constraints.max_speed, own.max_speed),
            least(constraints.max_acceleration, own.max_acceleration),
            least(constraints.max_deceleration, own.max_deceleration),
            least(constraints.max_acceleration_rate, own.max_acceleration_rate),
            least(constraints.max_deceleration_rate, own.max_deceleration_rate),
        )

    def allow(self, acceleration: float) -> bool:
        """Whether an acceleration is within the limits."""
        return -self.deceleration <= acceleration <= self.acceleration


@for_private(model.SpeedProfileAction)
class SpeedProfileAction(PrivateActionElement):
    """Speeds one after the other: on straight lines over time ("position"), or rounded by limited jerk ("follow")."""

    domains = frozenset({LONGITUDINAL})
    record: model.SpeedProfileAction

    def begin(self) -> None:
        """Lay out the speed over time."""
        record, entity = self.record, self.entity
        self.limits = Limits.of(record.dynamic_constraints, entity)
        base = self.world.entity(record.entity_ref, record.line).speed if record.entity_ref else 0.0
        start, self._index = entity.along_axes(entity.acceleration)[0], 0
        corners = self._corners(base, start)
        pieces = None
        if len(corners) == 1:
            pieces = [_Piece(corners[0].time, corners[0].speed)]
        elif record.following_mode == "follow":
            pieces = self._single(corners, start) if len(corners) == 2 else self._rounded(corners, start)
        self._pieces = pieces or [_Piece(c.time, c.speed, c.slope) for c in corners]
        self._speed = entity.speed

    def _corners(self, base: float, start: float) -> list[_Corner]:
        """Speeds over time, within the limits of acceleration; those on a straight line are left out."""
        entries, limits = list(self.record.entries), self.limits
        now, first = self.world.time, entries[0]
        corners = [_Corner(now, self.entity.speed)]
        index = 0
        if first.time is not None and abs(first.time) <= TINY:
            if self.record.following_mode == "follow":
                index = 1
            else:
                corners = [_Corner(now, first.speed)]
        time = now
        for k in range(index, len(entries)):
            target, span, last = entries[k].speed + base, entries[k].time, corners[-1]
            change = target - last.speed
            slope = change / span if span else (inf if change > 0.0 else -inf if change < 0.0 else 0.0)
            if span is None or not limits.allow(slope):
                if abs(change) < TINY:
                    continue
                slope = -limits.deceleration if change < 0.0 else limits.acceleration
                if slope in (inf, -inf):
                    slope = sign(change) / TINY
                last.time = time
                time += change / slope
            else:
                time += span
            if k < len(entries) - 1 and (span is not None and span < TINY):
                corners[-1] = _Corner(time, target)
                continue
            last.slope = slope
            before = corners[-2].slope if k > 1 and len(corners) > 1 else start
            if abs(slope - before) < TINY and k > 1 and len(corners) > 1:
                earlier = corners[-2]
                corners[-1] = _Corner(time, target, (target - earlier.speed) / (time - earlier.time))
                continue
            corners.append(_Corner(time, target))
        return corners

    def _jerk(self, change: float) -> float:
        return -self.limits.deceleration_rate if change < 0.0 else self.limits.acceleration_rate

    def _finite_jerk(self, change: float) -> float:
        return _clamp(self._jerk(change), -_MOST_JERK_MPS3, _MOST_JERK_MPS3)

    def _single(self, corners: list[_Corner], k0: float) -> list[_Piece] | None:
        """One target speed: jerk, perhaps constant acceleration, jerk back to none."""
        (a, b), limits = corners, self.limits
        j0 = self._jerk(a.slope - k0)
        j1 = limits.acceleration_rate if a.slope < 0.0 else -limits.deceleration_rate
        if inf in (abs(j0), abs(j1)) or j0 == j1:
            return None
        t0, v0, t3, v3 = a.time, a.speed, b.time, b.speed
        d = t3 - t0
        term = j0 * j1 * (2 * v0 * (j1 - j0) + k0**2 + 2 * k0 * j1 * d + j0 * j1 * d**2 + 2 * v3 * (j0 - j1))
        first = _Piece(t0, v0, k0, j0)
        if term < 0.0:  # no time for constant acceleration
            inner = -j1 * (j0 - j1) * (j0 * (2 * v3 - 2 * v0) + k0**2)
            if inner < 0.0:
                return None
            t2 = (sqrt(inner) + (j0 - j1) * (t0 * j0 - k0)) / (j0 * (j0 - j1))
            k1 = k0 + j0 * (t2 - t0)
            middle: list[_Piece] = []
            v2, t3 = first.at(t2), t2 - k1 / j1
        else:
            t1 = (-sqrt(term) - j0 * (k0 + t3 * j1) + t0 * j0**2) / (j0 * (j0 - j1))
            k1 = k0 + j0 * (t1 - t0)
            v1, t2 = first.at(t1), k1 / j1 + t3
            v2, middle = v1 + k1 * (t2 - t1), [_Piece(t1, v1, k1)]
        if not limits.allow(k1):
            k1 = _clamp(k1, -limits.deceleration, limits.acceleration)
            t1 = t0 + (k1 - k0) / j0
            v1 = first.at(t1)
            t2 = (v3 - v1) / k1 + t1 + k1 / (2 * j1)
            v2 = v3 + k1**2 / (2 * j1)
            t3 = (v3 - v1) / k1 + t1 - k1 / (2 * j1)
            middle = [_Piece(t1, v1, k1)]
        return [first, *middle, _Piece(t2, v2, k1, j1), _Piece(t3, v3)]

    def _rounded(self, corners: list[_Corner], k0: float) -> list[_Piece] | None:
        """Several target speeds: lines of constant acceleration, joined by pieces of limited jerk."""
        a = corners[0]
        pieces: list[_Piece] = []
        t3, v3 = a.time, a.speed
        if abs(a.slope) > TINY:
            j = self._finite_jerk(a.slope - k0)
            pieces.append(_Piece(t3, v3, k0, j))
            u = (a.slope - k0) / j
            t3, v3 = t3 + u, pieces[-1].at(t3 + u)
        k1, m1 = a.slope, v3 - a.slope * t3
        pieces.append(_Piece(t3, v3, k1))
        for corner in corners[1:]:
            k0, t0, v0, m0 = k1, t3, v3, m1
            k1, m1 = corner.slope, corner.intercept
            if abs(k0 - k1) >= TINY:
                j = self._finite_jerk(k1 - k0)
                t1 = ((k0 - k1) ** 2 - 2 * j * (m0 - m1)) / (2 * j * (k0 - k1))
                if t1 < t0:
                    return None
                v1 = v0 + k0 * (t1 - t0)
                pieces.append(_Piece(t1, v1, k0, j))
                t3 = t1 + (k1 - k0) / j
                v3 = pieces[-1].at(t3)
            pieces.append(_Piece(t3, v3, k1))
        return pieces

    def go_on(self, dt: float) -> None:
        """Have the speed of the end of the step."""
        time, pieces = self.world.time + dt, self._pieces
        last = pieces[-1]
        is_done = time > last.time and abs(self._speed - last.speed) < TINY
        if time < last.time + _PROFILE_OVERRUN_S and not is_done:
            while self._index < len(pieces) - 1 and time > pieces[self._index + 1].time - TINY:
                self._index += 1
            self._speed = pieces[self._index].at(time)
        if self._index >= len(self.record.entries) - 1 and abs(self._speed - last.speed) < TINY:
            self._speed = last.speed
            self.end()
        self.entity.set_speed(self._speed)


@for_private(model.LongitudinalDistanceAction)
class LongitudinalDistanceAction(PrivateActionElement):
    """Reach, and perhaps keep, a distance: at once, or like a critically damped spring within the limits."""

    domains = frozenset({LONGITUDINAL})
    record: model.LongitudinalDistanceAction

    def begin(self) -> None:
        """Decide on which side to be."""
        self.limits = Limits.of(self.record.dynamic_constraints, self.entity)
        self.other = self.world.entity(self.record.entity_ref, self.record.line)
        displacement = self.record.displacement
        if displacement == "any":
            ahead = (
                self._distance()
                if self.record.freespace
                else self.entity.position.distance_to(self.other.position.x, self.other.position.y)[0]
            )
            displacement = "leadingReferencedEntity" if ahead < 0.0 else "trailingReferencedEntity"
        self.side = -1.0 if displacement == "leadingReferencedEntity" else 1.0
        self.acceleration = 0.0

    def _distance(self) -> float:
        r = self.record
        if r.freespace:
            found = self.entity.distance_to(self.other, "entity", "longitudinal", freespace=True)
        else:
            found = position_distance(self.entity.position, self.other.position, r.coordinate_system, "longitudinal")
        return 0.0 if found is None else found

    def go_on(self, dt: float) -> None:
        """Accelerate towards the distance."""
        if self.entity.is_driven(LONGITUDINAL):
            return
        entity, other, limits, record = self.entity, self.other, self.limits, self.record
        wanted = record.distance if record.distance is not None else abs(other.speed) * (record.time_gap or 0.0)
        error = self._distance() - self.side * abs(wanted)
        closing = entity.speed - other.speed
        if not record.continuous and abs(error) < _REACHED_M:
            self.end()
        if limits.acceleration == inf and limits.deceleration == inf:
            entity.position.move(error, choose=entity.choose)
            entity.set_speed(other.speed)
            return
        tension = limits.acceleration if error < 0.0 else limits.deceleration
        stiffness = _SPRING * min(tension, 1e10)
        wish = error * stiffness - closing * 2.0 * sqrt(stiffness)
        if wish < 0.0:
            wish = max(wish, -limits.deceleration)
            if wish < self.acceleration:
                wish = max(self.acceleration - limits.deceleration_rate * dt, wish) if dt else wish
        else:
            wish = min(wish, limits.acceleration)
            if wish > self.acceleration:
                wish = min(self.acceleration + limits.acceleration_rate * dt, wish) if dt else wish
        self.acceleration = wish
        entity.set_speed(_clamp(entity.speed + wish * dt, -limits.speed, limits.speed))
