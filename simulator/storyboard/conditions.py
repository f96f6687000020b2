"""Triggers and conditions of a running scenario (ASAM OpenSCENARIO XML 1.3, 7.6 "Conditions and triggers").

A condition is one class with one method, `holds`; `CONDITIONS` names the class for each record of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import hypot
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from simulator.storyboard import model
from simulator.storyboard.entities import Entity, angle_between
from simulator.storyboard.paths import road_difference
from simulator.storyboard.positions import resolve_position
from simulator.storyboard.road_position import TINY
from simulator.storyboard.rotation import sign, wrap_signed

if TYPE_CHECKING:
    from simulator.storyboard.elements import State, Transition
    from simulator.storyboard.world import World

_TOUCH = TINY
_RULES: dict[str, Callable[[float, float], bool]] = {
    "greaterThan": lambda a, b: a > b + _TOUCH,
    "greaterOrEqual": lambda a, b: a >= b - _TOUCH,
    "lessThan": lambda a, b: a < b - _TOUCH,
    "lessOrEqual": lambda a, b: a <= b + _TOUCH,
    "equalTo": lambda a, b: a == b or abs(a - b) < _TOUCH,
    "notEqualTo": lambda a, b: not (a == b or abs(a - b) < _TOUCH),
}
_TEXT_RULES: dict[str, Callable[[str, str], bool]] = {
    "greaterThan": lambda a, b: a > b,
    "greaterOrEqual": lambda a, b: a >= b,
    "lessThan": lambda a, b: a < b,
    "lessOrEqual": lambda a, b: a <= b,
    "equalTo": lambda a, b: a == b,
    "notEqualTo": lambda a, b: a != b,
}
_SAME_DIRECTION_RAD = 0.05
_FAR = 1e10  # where no road leads to the other


def compare(rule: model.Rule, a: float, b: float) -> bool:
    """Whether a stands to b as the rule says; numbers closer than a micro are equal."""
    return _RULES[rule](a, b)


class Trigger:
    """Groups of conditions: one group is enough, in a group all are needed.

    Args:
        default: value without any group.
    """

    def __init__(self, world: World, trigger: model.Trigger | None, *, default: bool) -> None:
        groups = trigger.condition_groups if trigger is not None else ()
        self.groups = [[Condition(world, condition) for condition in group.conditions] for group in groups]
        self.default = default

    def evaluate(self, time: float) -> bool:
        """Whether it fires now."""
        if not self.groups:
            return self.default
        result = False
        for group in self.groups:
            result |= self._evaluate_group(group, time)
        if result:
            for group in self.groups:
                for condition in group:
                    condition.is_evaluated = False
        return result

    @staticmethod
    def _evaluate_group(group: list[Condition], time: float) -> bool:
        result = bool(group)
        for condition in group:
            if result or condition.delay > 0.0:  # those with a delay keep their history
                result &= condition.evaluate(time)
        return result

    def reset(self) -> None:
        """Forget what was."""
        for group in self.groups:
            for condition in group:
                condition.reset()


class Condition:
    """One condition with its edge and delay (8.3 "Condition edges", "Delay")."""

    def __init__(self, world: World, condition: model.Condition) -> None:
        self.world, self.name, self.delay, self.edge = world, condition.name, condition.delay, condition.condition_edge
        self.check = make_condition(world, condition.condition)
        self.is_evaluated = False
        self._last = self._value = False
        self._history: list[tuple[float, bool]] = []
        self._index = 0

    def evaluate(self, time: float) -> bool:
        """Whether it is met now."""
        holds = self.check.holds()
        self._register(time, self._at_edge(holds))
        self._last, self.is_evaluated = holds, True
        value = self._value_at(time - self.delay)
        if value and not self._value:
            self.world.condition_met(self.name)
        self._value = value
        return value

    def _at_edge(self, holds: bool) -> bool:
        if self.edge == "none":
            return holds
        if not self.is_evaluated:
            return False
        rising, falling = holds and not self._last, self._last and not holds
        return (rising and self.edge != "falling") or (falling and self.edge != "rising")

    def _register(self, time: float, value: bool) -> None:
        history = self._history
        if history and time < history[-1][0] + TINY:
            history[-1] = (history[-1][0], value)
        elif not history or history[-1][1] != value:
            history.append((time, value))

    def _value_at(self, time: float) -> bool:
        """Whether it was true at that time, or since the last look."""
        history = self._history
        if self._index >= len(history):
            return history[-1][1]
        if time > history[self._index][0] - TINY:
            value = False
            while self._index < len(history) and time > history[self._index][0] - TINY:
                value |= history[self._index][1]
                self._index += 1
            return value
        return history[self._index - 1][1] if self._index > 0 else False

    def reset(self) -> None:
        """Forget what was."""
        self._history.clear()
        self._index, self._value = 0, False
        self.check.reset()


R = TypeVar("R")


class Check(Generic[R]):
    """What a condition looks at."""

    def __init__(self, world: World, record: R) -> None:
        self.world, self.record = world, record

    def holds(self) -> bool:
        """Whether it is so now."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget what was."""


CONDITIONS: dict[type, type[Check[Any]]] = {}
C = TypeVar("C", bound="type[Check[Any]]")


def _for(record: type) -> Callable[[C], C]:
    def register(check: C) -> C:
        CONDITIONS[record] = check
        return check

    return register


class _Never(Check[object]):
    """A condition that the player does not know."""

    def holds(self) -> bool:
        return False


def make_condition(world: World, record: model.ByEntityCondition | model.ByValueCondition) -> Check[Any]:
    """The check for a record; one that is not known never holds, and a warning says so."""
    known: model.EntityCondition | model.ByValueCondition
    if isinstance(record, model.ByEntityCondition):
        known = record.condition
        if type(known) in ENTITY_CONDITIONS:
            return ByEntity(world, record)
    else:
        known = record
        if type(known) in CONDITIONS:
            return CONDITIONS[type(known)](world, record)
    world.warn(f"{type(known).__name__} is not supported: it is never met", record.line)
    return _Never(world, record)


# ---------------------------------------------------------------------------------------- conditions by entity


class EntityCheck(Generic[R]):
    """What a condition looks at in one entity; None: it does not apply to it now."""

    def __init__(self, world: World, record: R) -> None:
        self.world, self.record = world, record

    def holds(self, entity: Entity) -> bool | None:
        """Whether it is so for the entity now."""
        raise NotImplementedError


ENTITY_CONDITIONS: dict[type, type[EntityCheck[Any]]] = {}
E = TypeVar("E", bound="type[EntityCheck[Any]]")


def _for_entity(record: type) -> Callable[[E], E]:
    def register(check: E) -> E:
        ENTITY_CONDITIONS[record] = check
        return check

    return register


class ByEntity(Check[model.ByEntityCondition]):
    """Any or all of the triggering entities."""

    def __init__(self, world: World, record: model.ByEntityCondition) -> None:
        super().__init__(world, record)
        self.entities = [world.entity(name, record.line) for name in record.triggering_entities]
        self.check = ENTITY_CONDITIONS[type(record.condition)](world, record.condition)
        self.decides = record.triggering_entities_rule == "any"

    def holds(self) -> bool:
        result = False
        for entity in self.entities:
            if not entity.active:
                continue
            found = self.check.holds(entity)
            result = bool(found)
            if found is not None and result == self.decides:
                break
        return result


def _long_enough(world: World, since: float | None, duration: float) -> float:
    return world.time - since - duration if since is not None else -duration


@_for_entity(model.EndOfRoadCondition)
class EndOfRoad(EntityCheck[model.EndOfRoadCondition]):
    """At the end of the road for a time."""

    def holds(self, entity: Entity) -> bool:
        return (
            entity.ends_since is not None and _long_enough(self.world, entity.ends_since, self.record.duration) > -TINY
        )


@_for_entity(model.OffroadCondition)
class Offroad(EntityCheck[model.OffroadCondition]):
    """Beside the road for a time."""

    def holds(self, entity: Entity) -> bool:
        return _long_enough(self.world, entity.off_since, self.record.duration) > 0.0


@_for_entity(model.StandStillCondition)
class StandStill(EntityCheck[model.StandStillCondition]):
    """Without motion for a time."""

    def holds(self, entity: Entity) -> bool:
        return _long_enough(self.world, entity.stands_since, self.record.duration) > 0.0


@_for_entity(model.CollisionCondition)
class Collision(EntityCheck[model.CollisionCondition]):
    """Touching another entity."""

    def holds(self, entity: Entity) -> bool:
        if self.record.by_type is not None:
            others = [e for e in self.world.active if e is not entity and e.object_type == self.record.by_type]
        else:
            others = [e for name in self.record.entity_refs if (e := self.world.entity(name)).active]
        return any(entity.touches(other) for other in others if other is not entity)


@_for_entity(model.TimeHeadwayCondition)
class TimeHeadway(EntityCheck[model.TimeHeadwayCondition]):
    """Distance over own speed; only while the other is ahead and the entity drives forward."""

    def holds(self, entity: Entity) -> bool | None:
        c = self.record
        other = self.world.entity(c.entity_ref)
        if not other.active:
            return None
        distance = entity.distance_to(other, c.coordinate_system, c.relative_distance_type, freespace=c.freespace)
        distance = _FAR if distance is None else distance
        if distance < 0.0 or entity.speed < TINY:
            return None
        return compare(c.rule, distance / entity.speed, c.value)


@_for_entity(model.TimeToCollisionCondition)
class TimeToCollision(EntityCheck[model.TimeToCollisionCondition]):
    """Distance over closing speed; only while they approach."""

    def holds(self, entity: Entity) -> bool | None:
        c = self.record
        if isinstance(c.target, str):
            other = self.world.entity(c.target)
            if not other.active:
                return None
            distance = entity.distance_to(other, c.coordinate_system, c.relative_distance_type, freespace=c.freespace)
            speed = entity.closing_speed(other)
        else:
            place, _ = resolve_position(self.world, c.target)
            distance = entity.distance_to_place(
                place, c.coordinate_system, c.relative_distance_type, freespace=c.freespace
            )
            speed = entity.speed
        distance = _FAR if distance is None else distance
        if abs(distance) < TINY or abs(speed) < TINY or distance / speed < 0.0:
            return None
        return compare(c.rule, distance / speed, c.value)


def _component(entity: Entity, vector: tuple[float, float, float], direction: model.DirectionalDimension) -> float:
    if direction == "vertical":
        return vector[2]
    ahead, left = entity.along_axes(vector)
    return ahead if direction == "longitudinal" else left


@_for_entity(model.AccelerationCondition)
class Acceleration(EntityCheck[model.AccelerationCondition]):
    """Acceleration in a direction; in total with the sign of that ahead."""

    def holds(self, entity: Entity) -> bool:
        c, a = self.record, entity.acceleration
        if c.direction is not None:
            value = _component(entity, a, c.direction)
        else:
            value = sign(entity.along_axes(a)[0]) * hypot(*a)
        return compare(c.rule, value, c.value)


@_for_entity(model.SpeedCondition)
class Speed(EntityCheck[model.SpeedCondition]):
    """Speed in a direction or in total."""

    def holds(self, entity: Entity) -> bool:
        c = self.record
        value = entity.speed if c.direction is None else _component(entity, entity.velocity, c.direction)
        return compare(c.rule, value, c.value)


@_for_entity(model.RelativeSpeedCondition)
class RelativeSpeed(EntityCheck[model.RelativeSpeedCondition]):
    """Own speed less the other's, in the other's frame."""

    def holds(self, entity: Entity) -> bool | None:
        c = self.record
        other = self.world.entity(c.entity_ref)
        if not other.active:
            return None
        if c.direction is None:
            value = entity.speed - other.speed
        else:
            value = _component(other, entity.velocity, c.direction) - _component(other, other.velocity, c.direction)
        return compare(c.rule, value, c.value)


@_for_entity(model.TraveledDistanceCondition)
class TraveledDistance(EntityCheck[model.TraveledDistanceCondition]):
    """Metres driven."""

    def holds(self, entity: Entity) -> bool:
        return entity.odometer >= self.record.value


@_for_entity(model.ReachPositionCondition)
class ReachPosition(EntityCheck[model.ReachPositionCondition]):
    """Within a tolerance of a place, and turned as it is where the place has an orientation."""

    def holds(self, entity: Entity) -> bool:
        place, _ = resolve_position(self.world, self.record.position)
        own = entity.position
        if hypot(*own.distance_to(place.x, place.y)) >= self.record.tolerance:
            return False
        if getattr(self.record.position, "orientation", None) is None:
            return True
        turns = (own.h - place.h, own.p - place.p, own.r - place.r)
        return all(abs(wrap_signed(turn)) < _SAME_DIRECTION_RAD for turn in turns)


@_for_entity(model.DistanceCondition)
class Distance(EntityCheck[model.DistanceCondition]):
    """Distance to a place."""

    def holds(self, entity: Entity) -> bool:
        c = self.record
        place, _ = resolve_position(self.world, c.position)
        distance = entity.distance_to_place(place, c.coordinate_system, c.relative_distance_type, freespace=c.freespace)
        return compare(c.rule, _FAR if distance is None else abs(distance), c.value)


@_for_entity(model.RelativeDistanceCondition)
class RelativeDistance(EntityCheck[model.RelativeDistanceCondition]):
    """Distance to an entity."""

    def holds(self, entity: Entity) -> bool | None:
        c = self.record
        other = self.world.entity(c.entity_ref)
        if not other.active:
            return None
        distance = entity.distance_to(other, c.coordinate_system, c.relative_distance_type, freespace=c.freespace)
        return compare(c.rule, _FAR if distance is None else abs(distance), c.value)


@_for_entity(model.RelativeClearanceCondition)
class RelativeClearance(EntityCheck[model.RelativeClearanceCondition]):
    """Lanes beside the entity exist, and no other entity is on them within a stretch."""

    def holds(self, entity: Entity) -> bool:
        c = self.record
        ranges = [
            (-_FAR if r.from_lane is None else r.from_lane, _FAR if r.to_lane is None else r.to_lane)
            for r in c.relative_lane_ranges
        ] or [(-_FAR, _FAR)]
        limit = max(c.distance_forward, c.distance_backward) + (20.0 if c.free_space else 0.0)
        for other in self.world.active:
            if other is entity or (c.entity_refs and other.name not in c.entity_refs):
                continue
            found = road_difference(entity.position, other.position, limit=max(limit, TINY))
            if found is None:
                continue
            ds = found.ds
            if c.free_space:
                gap = entity.distance_to(other, "road", "longitudinal", freespace=True)
                ds = gap if gap is not None else ds
            if (
                -c.distance_backward <= ds <= c.distance_forward
                and any(low <= found.lanes <= high for low, high in ranges)
                and (c.opposite_lanes or not found.opposite_lane)
            ):
                return False
        return self._lane_exists(entity, ranges)

    def _lane_exists(self, entity: Entity, ranges: Sequence[tuple[float, float]]) -> bool:
        place = entity.position
        if place.road is None:
            return False
        lanes = [
            lane.id
            for lane in place.road.sections[place.section].lanes.values()
            if lane.id and lane.type in place.lane_types
        ]
        return any(
            low <= lane - place.lane <= high and (self.record.opposite_lanes or sign(lane) == sign(place.lane))
            for lane in lanes
            for low, high in ranges
        )


def _angle(entity: Entity, kind: model.AngleType, system: model.CoordinateSystem) -> float | None:
    p = entity.position
    angle = {"heading": p.h, "pitch": p.p, "roll": p.r}[kind]
    road = {"heading": p.h_road, "pitch": p.p_road, "roll": p.r_road}[kind]
    if system == "road":
        return angle - road
    if system == "lane":
        if kind == "heading":
            return angle - p.driving_heading
        return angle - road * p.lane_direction
    if system == "trajectory":
        return None if p.trajectory is None else angle - p.trajectory.point.tangent
    return 0.0 if system == "entity" else angle


@_for_entity(model.AngleCondition)
class Angle(EntityCheck[model.AngleCondition]):
    """An angle within a tolerance of a value."""

    def holds(self, entity: Entity) -> bool | None:
        c = self.record
        angle = _angle(entity, c.angle_type, c.coordinate_system)
        return None if angle is None else angle_between(wrap_signed(angle), c.angle) < c.angle_tolerance + TINY


@_for_entity(model.RelativeAngleCondition)
class RelativeAngle(EntityCheck[model.RelativeAngleCondition]):
    """An angle relative to another entity's within a tolerance of a value."""

    def holds(self, entity: Entity) -> bool | None:
        c = self.record
        other = self.world.entity(c.entity_ref)
        system: model.CoordinateSystem = "world" if c.coordinate_system == "entity" else c.coordinate_system
        mine, theirs = (_angle(each, c.angle_type, system) for each in (entity, other))
        if mine is None or theirs is None or not other.active:
            return None
        return angle_between(mine - theirs, c.angle) < c.angle_tolerance + TINY


# ----------------------------------------------------------------------------------------- conditions by value


def _holds_value(rule: model.Rule, value: model.Value | None, text: str) -> bool:
    """Compare a typed value with a text, as the value's type asks for."""
    if value is None:
        return False
    if isinstance(value, bool):
        return _TEXT_RULES[rule]("1" if value else "0", "1" if text in ("true", "1") else "0")
    if isinstance(value, (int, float)):
        try:
            return compare(rule, float(value), float(text))
        except ValueError:
            return False
    return _TEXT_RULES[rule](value, text)


@_for(model.ParameterCondition)
class Parameter(Check[model.ParameterCondition]):
    """A parameter's value."""

    def holds(self) -> bool:
        return _holds_value(self.record.rule, self.world.parameters.get(self.record.parameter_ref), self.record.value)


@_for(model.VariableCondition)
class Variable(Check[model.VariableCondition]):
    """A variable's value."""

    def holds(self) -> bool:
        return _holds_value(self.record.rule, self.world.variables.get(self.record.variable_ref), self.record.value)


@_for(model.SimulationTimeCondition)
class SimulationTime(Check[model.SimulationTimeCondition]):
    """Simulated time."""

    def holds(self) -> bool:
        return compare(self.record.rule, self.world.time, self.record.value)


@_for(model.TimeOfDayCondition)
class TimeOfDay(Check[model.TimeOfDayCondition]):
    """Date and time of the environment, running on with the simulation where it is animated."""

    def holds(self) -> bool:
        now = self.world.environment.get("time_of_day")
        if not isinstance(now, model.TimeOfDay):
            return False
        try:
            start, wanted = (datetime.fromisoformat(text) for text in (now.date_time, self.record.date_time))
        except ValueError as error:
            self.world.warn(f"{error}: the condition is never met", self.record.line)
            return False
        since = self.world.environment.get("time_of_day_since", 0.0)
        elapsed = self.world.time - float(since) if now.animation else 0.0  # type: ignore[arg-type]
        difference = (start + timedelta(seconds=elapsed)).replace(tzinfo=None) - wanted.replace(tzinfo=None)
        return compare(self.record.rule, difference.total_seconds(), 0.0)


@_for(model.TrafficSignalCondition)
class TrafficSignal(Check[model.TrafficSignalCondition]):
    """What a signal shows."""

    def holds(self) -> bool:
        return self.world.signals.get(self.record.name) == self.record.state


@_for(model.TrafficSignalControllerCondition)
class TrafficSignalController(Check[model.TrafficSignalControllerCondition]):
    """The phase of a controller of signals."""

    def holds(self) -> bool:
        return self.world.phases.get(self.record.traffic_signal_controller_ref) == self.record.phase


@_for(model.UserDefinedValueCondition)
class UserDefinedValue(Check[model.UserDefinedValueCondition]):
    """A value from outside: there is none, so it is never met."""

    def holds(self) -> bool:
        self.world.warn(f'there is no value "{self.record.name}" from outside', self.record.line)
        return False


@_for(model.StoryboardElementStateCondition)
class ElementStateCondition(Check[model.StoryboardElementStateCondition]):
    """The state of an element, or a transition since the last look."""

    def __init__(self, world: World, record: model.StoryboardElementStateCondition) -> None:
        super().__init__(world, record)
        self._changes: list[tuple[State, Transition]] = []
        self._latest: tuple[str, str] = ("", "")
        self._is_bound = False

    def changed(self, state: State, transition: Transition) -> None:
        """The element changes its state."""
        self._changes.append((state, transition))

    def bind(self) -> None:
        """Look for the element; possible only when the storyboard is complete."""
        c, board = self.record, self.world.storyboard
        element = board.find(c.storyboard_element_type, c.storyboard_element_ref) if board is not None else None
        self._is_bound = element is not None
        if element is None:
            self.world.warn(
                f'there is no {c.storyboard_element_type} "{c.storyboard_element_ref}": the condition is never met',
                c.line,
            )
        else:
            self.world.watch(element, self)

    def holds(self) -> bool:
        if not self._is_bound:
            return False
        if not self._changes:
            self._latest = (self._latest[0], "")
            return self._fits(*self._latest)
        result = any(self._fits(*change) for change in self._changes)
        self._latest = self._changes[-1]
        self._changes.clear()
        return result

    def _fits(self, state: str, transition: str) -> bool:
        wanted = self.record.state
        return wanted in (f"{state}State", f"{transition}Transition")

    def reset(self) -> None:
        self._changes.clear()
