"""What all conditions share, and the tables of them."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, Generic, TypeVar

from simulator.storyboard import model
from simulator.storyboard.entities import Entity
from simulator.storyboard.road_position import TINY
from simulator.storyboard.world import World

_RULES: dict[str, Callable[[float, float], bool]] = {
    "greaterThan": lambda a, b: a > b + TINY,
    "greaterOrEqual": lambda a, b: a >= b - TINY,
    "lessThan": lambda a, b: a < b - TINY,
    "lessOrEqual": lambda a, b: a <= b + TINY,
    "equalTo": lambda a, b: a == b or abs(a - b) < TINY,
    "notEqualTo": lambda a, b: not (a == b or abs(a - b) < TINY),
}


def compare(rule: model.Rule, a: float, b: float) -> bool:
    """Whether a stands to b as the rule says; numbers closer than a micro are equal."""
    return _RULES[rule](a, b)


R = TypeVar("R")


class Check(Generic[R]):
    """What a condition looks at."""

    def __init__(self, world: World, record: R) -> None:
        self.world, self.record = world, record

    def holds(self) -> bool:
        """Whether it is so now."""
        raise NotImplementedError

    @property
    def earliest(self) -> float:
        """A time (s) before which it does not hold."""
        return -inf

    @property
    def lasts(self) -> bool:
        """Whether it holds for ever once it does."""
        return False

    def entities_that_meet_it(self) -> list[Entity]:
        """Those whose state it looks at and finds so now."""
        return []

    def reset(self) -> None:
        """Forget what was."""


CONDITIONS: dict[type, type[Check[Any]]] = {}
C = TypeVar("C", bound="type[Check[Any]]")


def for_value(record: type) -> Callable[[C], C]:
    """Register the class of a condition by value."""

    def register(check: C) -> C:
        """Enter the class under its record."""
        CONDITIONS[record] = check
        return check

    return register


class _Never(Check[object]):
    """A condition that the player does not know."""

    def holds(self) -> bool:
        """Never."""
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


class EntityCheck(Generic[R]):
    """What a condition looks at in one entity; None: it does not apply to it now."""

    def __init__(self, world: World, record: R) -> None:
        self.world, self.record = world, record

    def holds(self, entity: Entity) -> bool | None:
        """Whether it is so for the entity now."""
        raise NotImplementedError


ENTITY_CONDITIONS: dict[type, type[EntityCheck[Any]]] = {}
E = TypeVar("E", bound="type[EntityCheck[Any]]")


def for_entity(record: type) -> Callable[[E], E]:
    """Register the class of a condition by entity."""

    def register(check: E) -> E:
        """Enter the class under its record."""
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
        """Whether the entities that take part meet it."""
        result = False
        for entity in self.entities:
            if not entity.active:
                continue
            found = self.check.holds(entity)
            result = bool(found)
            if found is not None and result == self.decides:
                break
        return result

    def entities_that_meet_it(self) -> list[Entity]:
        """Those of the triggering entities that meet it now."""
        return [entity for entity in self.entities if entity.active and self.check.holds(entity)]
