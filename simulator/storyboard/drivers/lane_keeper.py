"""Automated lane keeping after UN Regulation No. 157: the regulation's own rule, and its careful human driver.

The human driver is the one of Annex 4, Appendix 3 ("Guidance on traffic disturbance critical scenarios for ALKS"): it
takes 0.4 s, or the 0.72 m that a vehicle cutting in moves in that time, to perceive a risk that begins when the other
wanders 0.375 m, 0.75 s to react, and 0.6 s to reach its full deceleration of 0.774 g; emergency braking adds 0.85 g.
Vehicles and people ahead that cut in, cut out or brake hard are told apart. What the regulation leaves open (following,
cruising, and the property names) is as in esmini's scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, inf, sin
from typing import Literal

from simulator.numerics.units import GRAVITY_MPS2
from simulator.storyboard import boxes, model
from simulator.storyboard.drivers.base import LONGITUDINAL, Driver
from simulator.storyboard.entities import Entity
from simulator.storyboard.paths import road_difference
from simulator.storyboard.road_position import TINY
from simulator.storyboard.rotation import sign
from simulator.storyboard.world import World

_JERK_S = 0.6  # to full deceleration
_INTRUSION_M = 0.3  # of the front wheel into the own lane (UN R157, 5.2.5.2)
_HARD_BRAKING = -5.0  # of another vehicle, m/s2
Maneuver = Literal["", "cut-in", "cut-out", "deceleration"]


def _on_road(entity: Entity, vector: tuple[float, float, float]) -> tuple[float, float]:
    """Components along s and t of a world vector where an entity is."""
    c, n = cos(entity.position.h_road), sin(entity.position.h_road)
    return vector[0] * c + vector[1] * n, vector[1] * c - vector[0] * n


@dataclass(frozen=True)
class Target:
    """What the driver knows of another entity.

    Attributes:
        gap, lanes: free metres along the road, and lanes to the left, from the driver's vehicle.
        closing, sideways: speeds towards it along and across the road, m/s.
        headway, to_collision: times in s, infinite where there is none.
        maneuver: what it is doing.
    """

    entity: Entity
    gap: float
    lanes: int
    closing: float
    sideways: float
    headway: float
    to_collision: float
    maneuver: Maneuver = ""

    @property
    def is_vehicle(self) -> bool:
        """Whether it is a vehicle."""
        return isinstance(self.entity.object, model.Vehicle)

    @property
    def is_person(self) -> bool:
        """Whether it is a pedestrian."""
        return isinstance(self.entity.object, model.Pedestrian)


class LaneKeeper(Driver):
    """Looks for the most threatening entity ahead; brakes where it is critical, else cruises or follows it."""

    default_mode = "override"
    reach, reaction, deceleration = 100.0, 0.75, 0.774 * GRAVITY_MPS2
    comfort, follow_most, follow_least = 2.0, 3.0, -4.0  # m/s2

    def __init__(self, world: World, entity: Entity, given: model.ObjectController) -> None:
        super().__init__(world, entity, given)
        self.cruises = self.settings.get("cruise", "true").lower() != "false"
        self.stops_fully = self.settings.get("fullStop") == "true"
        self.set_speed = self.acceleration = 0.0
        self.target: Target | None = None
        self.maneuver: Maneuver = ""
        self.is_critical = False

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Take over at the present speed, which it tries to keep."""
        self.set_speed = self.entity.speed
        super().activate(lateral, longitudinal)

    def step(self, dt: float) -> None:
        """Look, and set the speed."""
        self.look(dt)
        speed = self.brake(dt) if self.judge(dt) else self.cruise(dt)
        if self.overrides:
            self.entity.position.move(speed * dt, choose=self.entity.choose)
        self.entity.set_speed(speed)
        self.entity.done.longitudinal |= LONGITUDINAL in self.active

    # ---- looking

    def look(self, dt: float) -> None:
        """Find the target."""
        found: Target | None = None
        for other in self.others():
            seen = self.measure(other)
            seen = None if seen is None else self.threat(seen)
            if seen is not None:
                found = self._nearer(found, seen)
        changed = found is not None and (
            self.target is None or found.entity is not self.target.entity or found.maneuver != self.target.maneuver
        )
        if found is not None and found.maneuver and changed:
            self.maneuver = found.maneuver
        self.target = found

    @staticmethod
    def _nearer(found: Target | None, seen: Target) -> Target:
        """The one of two threats that counts; behind a vehicle that cuts out it is the one to be hit first."""
        if found is None:
            return seen
        behind = seen.lanes == 0 and found.is_vehicle and found.maneuver == "cut-out"
        if seen.gap >= found.gap and not behind:
            return found
        if seen.is_vehicle and seen.maneuver == "cut-out" and found.lanes == 0:
            return seen if seen.to_collision < found.to_collision else found
        if behind:
            return replace(seen, maneuver="cut-out") if seen.to_collision < found.to_collision else found
        return seen

    def measure(self, other: Entity) -> Target | None:
        """What is to be known of an entity; None: it is not ahead, or in none of the lanes that matter."""
        entity = self.entity
        way = road_difference(entity.position, other.position, both_ways=False, limit=self.reach)
        if way is None or way.ds <= TINY:
            return None
        if abs(way.lanes) > 1 and not isinstance(other.object, model.Pedestrian):
            return None
        gap = entity.distance_to(other, "road", "longitudinal", freespace=True)
        if gap is None:
            return None
        (own_s, own_t), (other_s, other_t) = _on_road(entity, entity.velocity), _on_road(other, other.velocity)
        closing = (own_s - other_s) * (1.0 if entity.position.faces_along else -1.0)
        sideways = (own_t - other_t) * sign(other.position.t - entity.position.t)
        return Target(
            *(other, gap, way.lanes, closing, sideways),
            gap / own_s if own_s > 0.0 else inf,
            gap / closing if closing > 0.0 else inf,
        )

    def threat(self, seen: Target) -> Target | None:
        """The target with what it does; None: it is no threat."""
        raise NotImplementedError

    # ---- driving

    def judge(self, dt: float) -> bool:
        """Whether to brake now."""
        raise NotImplementedError

    def brake(self, dt: float) -> float:
        """The speed while braking."""
        raise NotImplementedError

    def least_gap(self) -> float:
        """Distance to be kept, m."""
        raise NotImplementedError

    def cruise(self, dt: float) -> float:
        """The speed while nothing is critical: the set one, or that of the target at a distance."""
        speed, target = self.entity.speed, self.target
        if self.cruises and target is None:
            if abs(speed - self.set_speed) < TINY:
                self.acceleration = 0.0
            else:
                self.acceleration = -self.comfort if speed > self.set_speed else self.comfort
            return min(max(speed + self.acceleration * dt, 0.0), self.set_speed)
        if (
            self.cruises
            and target is not None
            and target.gap > 0.0
            and target.to_collision > target.closing / 12.0 + 0.35
        ):
            wish = -2.0 * target.closing + target.gap - self.least_gap() if speed > TINY else 0.0
            self.acceleration = min(max(wish, self.follow_least), self.follow_most) if speed > TINY else 0.0
            return min(max(speed + self.acceleration * dt, 0.0), self.set_speed)
        self.acceleration = 0.0
        return speed


class Regulation(LaneKeeper):
    """The rule of UN R157, 5.2.5.2: a vehicle that cuts in is to be avoided if there is time enough."""

    reach, reaction, deceleration = 46.0, 0.35, 6.0
    _margin = 0.1

    def threat(self, seen: Target) -> Target | None:
        """Everything in the own lane, and wheels that come into it."""
        if seen.lanes == 0:
            return replace(seen, maneuver="deceleration")
        other, side = seen.entity, -sign(seen.lanes)
        position = other.position
        road = position.road
        if road is None:
            return None
        thing = other.object
        ahead = (
            thing.axles.front_axle.position_x if isinstance(thing, model.Vehicle) and thing.axles.front_axle else 0.0
        )
        ahead = ahead if isinstance(thing, model.Vehicle) else 0.5 * other.box.length
        beside = ahead * sin(position.h_rel) + side * 0.5 * other.box.width * cos(position.h_rel)
        width = road.width(position.section, position.lane, position.s)
        inside = side * (position.offset + beside) > 0.5 * width + _INTRUSION_M
        return replace(seen, maneuver="cut-in") if inside else None

    def judge(self, dt: float) -> bool:
        """Whether the time to the collision is less than braking and reacting take."""
        target = self.target
        if target is None:
            self.is_critical = False
        elif not (self.is_critical and self.stops_fully):
            needed = target.closing / (2.0 * self.deceleration) + self.reaction + self._margin
            self.is_critical = target.closing > 0.0 and target.gap > 0.0 and target.to_collision < needed
        return self.is_critical

    def brake(self, dt: float) -> float:
        """Brake as hard as the rule assumes."""
        self.acceleration = -self.deceleration
        return max(0.0, self.entity.speed + self.acceleration * dt)

    def least_gap(self) -> float:
        """Following distance of UN R157, 5.2.3.3."""
        speed = self.entity.speed
        slow = 3.6 * speed < 10.0
        time = 1.0 + ((max(2.0, speed) - 2.0) / 7.8 if slow else 3.6 * speed / 100.0)
        return max(speed * time, 2.0)


class _Sideways:
    """Notices how far an entity has moved towards the driver's vehicle."""

    def __init__(self, threshold: float | None) -> None:
        self.given = threshold  # None: 0.375 m from the middle of its lane
        self.entity: Entity | None = None
        self.threshold = self.start = 0.0

    def update(self, seen: Target, own: Entity) -> None:
        """Look at an entity; one that moves away ends the watch."""
        if seen.sideways < TINY:
            self.entity = None
        elif seen.entity is not self.entity:
            self.entity, position = seen.entity, seen.entity.position
            self.start = position.t
            self.threshold = 0.375 if self.given is None else self.given
            if self.given is None:
                far_side = (position.t > own.position.t) == (position.offset > 0.0) and position.offset
                thing = seen.entity.object
                if far_side:
                    self.threshold += abs(position.offset)
                elif not (isinstance(thing, model.Vehicle) and thing.vehicle_category == "motorbike"):
                    self.threshold = max(0.0, self.threshold - abs(position.offset))

    def is_passed(self) -> bool:
        """Whether it has moved far enough."""
        return self.entity is not None and abs(self.entity.position.t - self.start) > self.threshold


class CarefulDriver(LaneKeeper):
    """The competent and careful human driver, with emergency braking."""

    reach = 100.0
    evaluation, perception_m, wandering_m = 0.4, 0.72, 0.375
    critical_to_collision, critical_headway = 2.0, 2.0
    lift_off = -0.4  # m/s2 once the foot leaves the pedal

    def __init__(self, world: World, entity: Entity, given: model.ObjectController) -> None:
        super().__init__(world, entity, given)
        self.always = self.settings.get("alwaysTrigOnScenario") == "true"
        self.perceives_by_time = self.settings.get("cutInPerceptionDelayMode") == "Time"
        self.person_evaluation = self.number("pedestrianRiskEvaluationTime", 0.4)
        self.deceleration = abs(self.number("driverDeceleration", self.deceleration))
        self.emergency_time = self.number("aebTTC", 1.5)
        self.emergency_deceleration = abs(self.number("aebDeceleration", 0.85 * GRAVITY_MPS2))
        self.has_emergency = self.settings.get("aebAvailable") != "false"
        self.tolerance = self.number("overlapTolerance", 0.1)
        limit = self.settings.get("lateralTrigDistance")
        self.sideways = _Sideways(None if limit is None else self.number("lateralTrigDistance", 0.0))
        self.phase: Literal["inactive", "perceive", "react", "brake"] = "inactive"
        self.timer = self.perceived_t = 0.0
        self.is_emergency = False

    def look(self, dt: float) -> None:
        """Stay with the target of a full stop that has begun, else look again."""
        if self.target is not None and self.phase != "inactive" and self.stops_fully:
            seen = self.measure(self.target.entity)
            self.target = self.target if seen is None else replace(seen, maneuver=self.target.maneuver)
        else:
            super().look(dt)

    def threat(self, seen: Target) -> Target | None:
        """People that move towards the own way, everything in the own lane, and what wanders into it."""
        other = seen.entity
        self.sideways.update(seen, self.entity)
        if seen.is_person:
            return replace(seen, maneuver="cut-in") if seen.sideways > TINY else None
        if seen.lanes == 0:
            offset = other.position.offset + other.box.center_x * sin(other.position.h_rel)
            if abs(offset) > self.wandering_m and seen.sideways < -TINY:
                return replace(seen, maneuver="cut-out")
            braking = -sign(other.position.lane) * _on_road(other, other.acceleration)[0] < _HARD_BRAKING + TINY
            return replace(seen, maneuver="deceleration") if braking else seen
        return replace(seen, maneuver="cut-in") if self.sideways.is_passed() else None

    # ---- perceiving and judging

    def judge(self, dt: float) -> bool:
        """Perceive, react, and say whether it is critical."""
        if self.phase in ("inactive", "perceive"):
            if self._has_perceived(dt):
                self.phase, self.timer = "react", self.reaction
        elif self.phase == "react":
            self.timer -= dt
        target, speed = self.target, self.entity.speed
        if self.stops_fully and self.is_critical:
            if speed < TINY:
                self._forget()
                self.is_critical = False
        elif target is None:
            self._forget()
            self.is_critical = False
        elif (speed > TINY and target.gap > 0.0) or self.stops_fully:
            self._weigh(target)
        if target is not None and self.has_emergency and target.to_collision < self.emergency_time:
            self.is_emergency |= self._is_in_front(target.entity)
        return self.is_critical or self.is_emergency

    def _forget(self) -> None:
        self.phase, self.maneuver = "inactive", ""

    def _has_perceived(self, dt: float) -> bool:
        target = self.target
        if self.maneuver == "cut-in":
            return self._has_perceived_cut_in(target, dt)
        if self.maneuver == "":
            return False
        if self.phase == "inactive":
            if self.maneuver == "cut-out":
                begins = target is not None and target.closing > TINY
            else:
                begins = target is not None and _on_road(target.entity, target.entity.acceleration)[0] < _HARD_BRAKING
            if begins:
                self.phase, self.timer = "perceive", self.evaluation
            return False
        self.timer -= dt
        return self.timer < TINY

    def _has_perceived_cut_in(self, target: Target | None, dt: float) -> bool:
        is_person = target is not None and target.is_person and target.closing > TINY
        if self.phase == "inactive":
            if is_person:
                self.phase, self.timer = "perceive", self.person_evaluation
            elif target is not None and self.sideways.is_passed():
                self.phase, self.timer, self.perceived_t = "perceive", self.evaluation, target.entity.position.t
            return False
        if target is not None and target.is_person:
            self.timer -= dt if is_person else 0.0
            return is_person and self.timer < TINY
        if self.perceives_by_time:
            self.timer -= dt
            return self.timer < TINY
        if target is None:
            return False
        moved = self.perceived_t - target.entity.position.t
        return (moved if target.entity.position.t > self.entity.position.t else -moved) > self.perception_m

    def _weigh(self, target: Target) -> None:
        if not self.maneuver:
            return
        if self.maneuver == "cut-in":
            near = target.to_collision < self.critical_to_collision
        else:
            near = target.headway < self.critical_headway
        if near or self.always:
            self.is_critical |= self.phase == "react" and self.timer < TINY
        elif self.phase == "react":
            self._forget()
        elif self.is_critical and target.gap > self.least_gap():
            self.is_critical = False
            if target.closing < TINY:
                self._forget()

    def _is_in_front(self, other: Entity) -> bool:
        """Whether another entity lies wholly within the width of the own front, or covers it."""
        half = 0.5 * self.entity.box.width
        lefts = [self.entity.position.distance_to(x, y)[1] for x, y in boxes.corners(other.position, other.box)]
        inside = all(abs(left) <= half + self.tolerance for left in lefts)
        covers = max(lefts) > half - self.tolerance and min(lefts) < -half + self.tolerance
        return inside or covers

    # ---- braking

    def brake(self, dt: float) -> float:
        """Lift the foot, then brake harder and harder up to the limit."""
        speed = self.entity.speed
        if self.phase == "react" and self.timer < TINY:
            self.phase = "brake"
        if (self.phase == "brake" or self.is_emergency) and speed < TINY:
            self.phase, self.is_emergency, self.timer = "inactive", False, 0.0
        if self.phase == "react":
            self.acceleration = min(self.lift_off, self.acceleration)
        elif self.phase == "brake":
            self.acceleration -= dt * self.deceleration / _JERK_S
        if self.is_emergency:
            self.acceleration -= dt * self.emergency_deceleration / _JERK_S
        most = self.emergency_deceleration if self.is_emergency else self.deceleration
        self.acceleration = max(self.acceleration, -most)
        return max(0.0, speed + self.acceleration * dt)

    def least_gap(self) -> float:
        """Two metres and two seconds."""
        return 2.0 + 2.0 * self.entity.speed
