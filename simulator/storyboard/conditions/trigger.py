"""Triggers: groups of conditions with edges and delays (ASAM OpenSCENARIO XML 1.3, 7.6 "Conditions and triggers")."""

from __future__ import annotations

from math import inf

from simulator.storyboard import model
from simulator.storyboard.conditions.base import make_condition
from simulator.storyboard.entities import Entity
from simulator.storyboard.road_position import TINY
from simulator.storyboard.world import World


class Trigger:
    """Groups of conditions: one group is enough, in a group all are needed.

    Args:
        default: value without any group.

    Attributes:
        asleep_until: a time (s) before which it does not fire, once it has been evaluated.
    """

    def __init__(self, world: World, trigger: model.Trigger | None, *, default: bool) -> None:
        groups = trigger.condition_groups if trigger is not None else ()
        self.groups = [[Condition(world, condition) for condition in group.conditions] for group in groups]
        self.default = default
        self.asleep_until = min((_earliest(group) for group in self.groups), default=-inf)
        self._met: list[list[Condition]] = []

    def evaluate(self, time: float) -> bool:
        """Whether it fires now."""
        if not self.groups:
            return self.default
        self._met = [group for group in self.groups if self._evaluate_group(group, time)]
        result = bool(self._met)
        if result:
            for group in self.groups:
                for condition in group:
                    condition.is_evaluated = False
        return result

    @property
    def lasts(self) -> bool:
        """Whether it fires at all times, now that it has fired."""
        return any(all(each.edge == "none" and each.check.lasts for each in group) for group in self._met)

    def triggering_entities(self) -> list[Entity]:
        """Entities whose states made it fire (7.3.1 "ManeuverGroups and Actors")."""
        found = [e for group in self._met for condition in group for e in condition.check.entities_that_meet_it()]
        return list({entity.name: entity for entity in found}.values())

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


def _earliest(group: list[Condition]) -> float:
    """A time before which a group is not met, and need not be evaluated again: its first condition waits for it."""
    if not group or any(condition.delay > 0.0 for condition in group):
        return -inf
    first = group[0]
    return first.check.earliest if first.edge in ("none", "rising") else -inf


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
