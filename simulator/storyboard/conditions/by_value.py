"""Conditions by value (ASAM OpenSCENARIO XML 1.3, 7.6.5.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from math import inf
from typing import cast

from simulator.errors import did_you_mean
from simulator.storyboard import model
from simulator.storyboard.conditions.base import Check, compare, for_value
from simulator.storyboard.interfaces import State, Transition
from simulator.storyboard.world import World

_EARLY_S = 1e-3
_TEXT_RULES: dict[str, Callable[[str, str], bool]] = {
    "greaterThan": lambda a, b: a > b,
    "greaterOrEqual": lambda a, b: a >= b,
    "lessThan": lambda a, b: a < b,
    "lessOrEqual": lambda a, b: a <= b,
    "equalTo": lambda a, b: a == b,
    "notEqualTo": lambda a, b: a != b,
}


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


@for_value(model.ParameterCondition)
class Parameter(Check[model.ParameterCondition]):
    """A parameter's value."""

    def holds(self) -> bool:
        """Compare the value."""
        return _holds_value(self.record.rule, self.world.parameters.get(self.record.parameter_ref), self.record.value)


@for_value(model.VariableCondition)
class Variable(Check[model.VariableCondition]):
    """A variable's value."""

    def holds(self) -> bool:
        """Compare the value."""
        return _holds_value(self.record.rule, self.world.variables.get(self.record.variable_ref), self.record.value)


@for_value(model.SimulationTimeCondition)
class SimulationTime(Check[model.SimulationTimeCondition]):
    """Simulated time."""

    @property
    def earliest(self) -> float:
        """A little before the time that it waits for."""
        return self.record.value - _EARLY_S if self._waits else -inf

    @property
    def lasts(self) -> bool:
        """Where nobody turns time back."""
        return self._waits and self.world.ghost is None

    @property
    def _waits(self) -> bool:
        return self.record.rule in ("greaterThan", "greaterOrEqual")

    def holds(self) -> bool:
        """Compare the time."""
        return compare(self.record.rule, self.world.time, self.record.value)


@for_value(model.TimeOfDayCondition)
class TimeOfDay(Check[model.TimeOfDayCondition]):
    """Date and time of the environment, running on with the simulation where it is animated."""

    def holds(self) -> bool:
        """Compare date and time."""
        now = self.world.environment.get("time_of_day")
        if not isinstance(now, model.TimeOfDay):
            return False
        try:
            start, wanted = (datetime.fromisoformat(text) for text in (now.date_time, self.record.date_time))
        except ValueError as error:
            self.world.warn(f"{error}: the condition is never met", self.record.line)
            return False
        if start.tzinfo is None or wanted.tzinfo is None:  # then both are of the place
            start, wanted = start.replace(tzinfo=None), wanted.replace(tzinfo=None)
        since = self.world.environment.get("time_of_day_since", 0.0)
        elapsed = self.world.time - cast("float", since) if now.animation else 0.0
        difference = start + timedelta(seconds=elapsed) - wanted
        return compare(self.record.rule, difference.total_seconds(), 0.0)


@for_value(model.TrafficSignalCondition)
class TrafficSignal(Check[model.TrafficSignalCondition]):
    """What a signal shows."""

    def __init__(self, world: World, record: model.TrafficSignalCondition) -> None:
        super().__init__(world, record)
        network = world.roads.network
        ids = {each.id for road in network.roads.values() for each in road.signals} if network is not None else set()
        for controller in world.scenario.road_network.traffic_signals:
            ids |= {state.traffic_signal_id for phase in controller.phases for state in phase.traffic_signal_states}
        if record.name not in ids:
            hint = did_you_mean(record.name, ids)
            world.warn(f'TrafficSignalCondition: the map has no signal "{record.name[:100]}".{hint}', record.line)

    def holds(self) -> bool:
        """Compare the state."""
        return self.world.signals.get(self.record.name) == self.record.state


@for_value(model.TrafficSignalControllerCondition)
class TrafficSignalController(Check[model.TrafficSignalControllerCondition]):
    """The phase of a controller of signals."""

    def holds(self) -> bool:
        """Compare the phase."""
        return self.world.phases.get(self.record.traffic_signal_controller_ref) == self.record.phase


@for_value(model.UserDefinedValueCondition)
class UserDefinedValue(Check[model.UserDefinedValueCondition]):
    """A value from outside: there is none, so it is never met."""

    def holds(self) -> bool:
        """Say that there is no such value."""
        self.world.warn(f'there is no value "{self.record.name}" from outside', self.record.line)
        return False


@for_value(model.StoryboardElementStateCondition)
class ElementStateCondition(Check[model.StoryboardElementStateCondition]):
    """The state of an element, or a transition since the last look."""

    def __init__(self, world: World, record: model.StoryboardElementStateCondition) -> None:
        super().__init__(world, record)
        self._changes: list[tuple[State, Transition]] = []
        self._latest: tuple[str, str] = ("", "")
        self._is_bound = False
        world.notes_skips |= record.state == "skipTransition"

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
        """Look at what happened since the last look, else at the state."""
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
        """Forget what happened."""
        self._changes.clear()
