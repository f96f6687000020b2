"""Two more models of what a lane keeper must avoid: the fuzzy safety model of UN R157, and RSS.

The fuzzy safety model (Mattas et al., "Driver models for the definition of safety requirements of automated vehicles in
international regulations", 2022) brakes the harder the more certainly the distance is unsafe, if the vehicle ahead
should brake (proactive) or as it drives (critical). RSS (Shalev-Shwartz, Shammah, Shashua, "On a formal model of safe
and scalable self-driving cars", 2017) brakes where the distance is less than the safe one.
"""

from __future__ import annotations

from dataclasses import replace
from math import cos, inf, sin

from simulator.storyboard import model
from simulator.storyboard.drivers.lane_keeper import CarefulDriver, LaneKeeper, Regulation, Target
from simulator.storyboard.entities import Entity
from simulator.storyboard.road_position import TINY
from simulator.storyboard.rotation import sign
from simulator.storyboard.world import World

_JERK = 12.65  # to full deceleration, m/s3 (UN R157, Annex 3)


def _across(entity: Entity) -> float:
    """Speed to the left of s."""
    h = entity.position.h_road
    return entity.velocity[1] * cos(h) - entity.velocity[0] * sin(h)


def _along(entity: Entity, vector: tuple[float, float, float]) -> float:
    h = entity.position.h_road
    return vector[0] * cos(h) + vector[1] * sin(h)


class _Reacting(LaneKeeper):
    """Takes its reaction time before it brakes."""

    reaction = 0.75

    def _react(self, dt: float) -> bool:
        """Whether it still reacts; the foot leaves the pedal."""
        if self._left > 0.0:
            self.acceleration = min(self.acceleration, 0.0)
            self._left -= dt
            return True
        return False

    def _note(self, critical: bool) -> bool:
        if critical and not self.is_critical:
            self._left = self.reaction
        self.is_critical = critical
        return critical

    _left = 0.0


class FuzzySafety(_Reacting):
    """The fuzzy safety model."""

    reach = 46.0
    comfortable, hard, lead_braking, margin = 4.0, 6.0, 7.0, 2.0  # m/s2, m/s2, m/s2, m
    _lateral_margin_s = 0.1

    def threat(self, seen: Target) -> Target | None:
        """Everything in the own lane, and what will be beside before it is passed."""
        if seen.lanes == 0:
            return replace(seen, maneuver="deceleration")
        gap = self.entity.distance_to(seen.entity, "road", "lateral", freespace=True)
        if gap is not None and gap > -TINY:
            towards = -sign(seen.lanes) * _across(seen.entity)
            if towards <= 0.0:
                return None
            until_passed = abs(seen.gap) / max(TINY, self.entity.speed - seen.entity.speed)
            if abs(gap) / towards > until_passed + self._lateral_margin_s:
                return None
        return replace(seen, maneuver="cut-in")

    def judge(self, dt: float) -> bool:
        """Whether the distance is not certainly safe."""
        target = self.target
        if target is None or dt <= TINY or target.closing <= 0.0 or target.gap <= 0.0:
            return self._note(False)
        own, lead = self.entity.speed, target.entity.speed
        self._critical = self._as_it_drives(target.gap, own, lead)
        self._proactive = self._if_it_brakes(target.gap, own, lead)
        return self._note(self._critical + self._proactive >= TINY)

    def _share(self, gap: float, safe: float, unsafe: float) -> float:
        if gap > safe:
            return 0.0
        return 1.0 if gap < unsafe else (gap - safe) / (unsafe - safe)

    def _if_it_brakes(self, gap: float, own: float, lead: float) -> float:
        way = own * self.reaction - lead**2 / (2.0 * self.lead_braking)
        safe = way + own**2 / (2.0 * self.comfortable) + self.margin
        return self._share(gap - self.margin, safe, way + own**2 / (2.0 * self.hard))

    def _as_it_drives(self, gap: float, own: float, lead: float) -> float:
        if own <= lead:
            return 0.0
        acceleration = _along(self.entity, self.entity.acceleration)
        kept = max(acceleration, -self.comfortable)
        then = own + self.reaction * kept
        if then < lead:
            return 1.0 if gap < (own - lead) ** 2 / abs(2.0 * acceleration) else 0.0
        way = (own + 0.5 * kept * self.reaction - lead) * self.reaction
        left = (then - lead) ** 2 / 2.0
        return self._share(gap, way + left / self.comfortable, way + left / self.hard)

    def brake(self, dt: float) -> float:
        """Brake as hard as it is certain."""
        if not self._react(dt):
            wish = self._proactive * self.comfortable
            if self._critical > TINY:
                wish = self.comfortable + self._critical * (self.hard - self.comfortable)
            self.acceleration = max(self.acceleration - _JERK * dt, -self.deceleration, -wish)
        return max(0.0, self.entity.speed + self.acceleration * dt)

    def least_gap(self) -> float:
        """The distance that is safe even if the vehicle ahead brakes."""
        own, lead = self.entity.speed, self.target.entity.speed if self.target is not None else inf
        braking = own**2 / (2.0 * self.comfortable) - lead**2 / (2.0 * self.lead_braking)
        return 2.0 * self.margin + own * self.reaction + braking


class ResponsibilitySensitive(_Reacting):
    """RSS with accelerations of 3 m/s2 along and 1 m/s2 across the road while it reacts, and 0.3 m of fluctuation."""

    along, across, fluctuation = 3.0, 1.0, 0.3

    def threat(self, seen: Target) -> Target | None:
        """Everything in the own lane, and what is beside by less than the safe lateral distance."""
        gap = self.entity.distance_to(seen.entity, "road", "lateral", freespace=True)
        if seen.lanes == 0 or (gap is not None and gap < TINY):
            return replace(seen, maneuver="deceleration")
        speed, time = abs(_across(seen.entity)), self.reaction
        faster = speed + self.across * time
        safe = self.fluctuation + 0.5 * (speed + faster) * time + faster**2 / (2.0 * self.across)
        return replace(seen, maneuver="cut-in") if gap is not None and abs(gap) < safe else None

    def judge(self, dt: float) -> bool:
        """Whether the distance is less than the safe one."""
        target = self.target
        if target is None or target.closing <= 0.0 or target.gap <= 0.0:
            return self._note(False)
        braking = target.entity.speed**2 / (2.0 * self.deceleration)
        return self._note(target.gap < self._stopping_way() - braking)

    def _stopping_way(self) -> float:
        speed, time = self.entity.speed, self.reaction
        faster = speed + time * self.along
        return speed * time + 0.5 * self.along * time**2 + faster**2 / (2.0 * self.deceleration)

    def brake(self, dt: float) -> float:
        """Brake harder and harder up to the limit."""
        if not self._react(dt):
            self.acceleration = max(self.acceleration - _JERK * dt, -self.deceleration)
        return max(0.0, self.entity.speed + self.acceleration * dt)

    def least_gap(self) -> float:
        """The safe distance to a vehicle that drives as fast and brakes as hard."""
        return self._stopping_way() - self.entity.speed**2 / (2.0 * self.deceleration)


_MODELS: dict[str, type[LaneKeeper]] = {
    "ReferenceDriver": CarefulDriver,
    "Regulation": Regulation,
    "FSM": FuzzySafety,
    "RSS": ResponsibilitySensitive,
}


def lane_keeper(world: World, entity: Entity, given: model.ObjectController) -> LaneKeeper:
    """The lane keeper of the model that a controller's property `model` names."""
    name = given.controller.properties.properties.get("model", "ReferenceDriver")
    if name not in _MODELS:
        world.warn(f'there is no model "{name}" of lane keeping: "ReferenceDriver" is used', given.line)
    return _MODELS.get(name, CarefulDriver)(world, entity, given)
