"""Elements of a running storyboard and their states.

ASAM OpenSCENARIO XML 1.3, 8.2 "States and transitions of StoryboardElements". Within a step triggers are evaluated
from the storyboard downwards, then running elements are stepped in the same order; an element that ends tells its
parent at once.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from simulator.storyboard import model
from simulator.storyboard.entities import Entity
from simulator.storyboard.interfaces import KINDS, Firing, Kind, State, Transition
from simulator.storyboard.world import World


class Element:
    """One element: a state, perhaps triggers, and children.

    Attributes:
        path: names from the story down, joined by "::".
        most_executions: how often it may run; None: once, and it does not return to standby.
    """

    kind: Kind = "storyboard"
    children: Sequence[Element] = ()
    wakes = -inf  # time before which no trigger below it can change anything

    def __init__(
        self,
        world: World,
        name: str,
        parent: Element | None = None,
        start_trigger: Firing | None = None,
        stop_trigger: Firing | None = None,
        most_executions: int | None = None,
    ) -> None:
        self.world, self.name, self.parent = world, name, parent
        below_a_story = parent is not None and parent.parent is not None  # even if the story has no name
        self.path: str = f"{parent.path}::{name}" if parent is not None and below_a_story else name
        self.start_trigger, self.stop_trigger = start_trigger, stop_trigger
        self.most_executions, self.executions = most_executions, 0
        self.state: State = "init"
        self._complete = 0  # so many of the first children were when last looked at

    def put(self, state: State) -> None:
        """Come into a state, quietly."""
        self.state = state

    def _change(self, state: State, transition: Transition) -> None:
        if state != self.state:
            self.world.state_changed(self, state, transition)
            self.put(state)

    def start(self) -> None:
        """Become ready, or run where no trigger is to be waited for."""
        if self.state == "init" and self.start_trigger is not None:
            self._change("standby", "ready")
        elif self.state in ("init", "standby") or self.executions:
            self._change("running", "start")
            self.executions += 1
        if self.state == "running":
            self._start_children()

    def _start_children(self) -> None:
        for child in self.children:
            child.start()

    def end_conflicting(self) -> None:
        """End what cannot go on beside it; only actions know."""

    def evaluate_triggers(self) -> None:
        """Stop or start where triggers say so, from here downwards."""
        time = self.world.time
        if self.state == "running" and self.stop_trigger is not None and self.stop_trigger.evaluate(time):
            self.stop()
        if self.state == "standby" and (self.start_trigger is None or self.start_trigger.evaluate(time)):
            self.start()
        if self.state == "running":
            for child in self.children:
                if child.wakes <= time:
                    child.evaluate_triggers()

    def step(self, dt: float, may: Callable[[Element], bool]) -> None:
        """Let running actions go on that may."""
        if self.state == "running":
            for child in self.children:
                child.step(dt, may)

    def stop(self) -> None:
        """Break off, with all children."""
        for child in self.children:
            child.stop()
        if self.state in ("standby", "running"):
            self._change("complete", "stop")
            if self.parent is not None:
                self.parent.child_ended()

    def end(self) -> None:
        """Come to an end, and perhaps back to standby for another execution."""
        if self.state == "complete":
            return
        for child in self.children:
            if child.state == "running":
                child.end()
        if self.state in ("standby", "running"):  # not where a child's end was this element's end
            if self.most_executions is None or self.executions >= self.most_executions:
                self._change("complete", "end")
            else:
                self._rearm()
            if self.parent is not None:
                self.parent.child_ended()

    def _rearm(self) -> None:
        for trigger in (self.start_trigger, self.stop_trigger):
            if trigger is not None:
                trigger.reset()
        self._change("standby", "end")
        for child in self.children:
            child.reset()

    def child_ended(self) -> None:
        """End, once all children have."""
        if self.state != "complete" and self._are_children_complete():
            self.end()

    def _are_children_complete(self) -> bool:
        """Whether all are; thousands that end one after the other are not all asked each time."""
        children, k = self.children, self._complete
        while k < len(children) and children[k].state == "complete":
            k += 1
        self._complete = k if k < len(children) else 0
        return k == len(children) and all(child.state == "complete" for child in children)

    def reset(self) -> None:
        """Back to the beginning, quietly."""
        for child in self.children:
            child.reset()
        self.put("init")
        for trigger in (self.start_trigger, self.stop_trigger):
            if trigger is not None:
                trigger.reset()

    def find(self, kind: str, name: str) -> Element | None:
        """The first element of a kind whose path ends with `name`."""
        if self.kind == kind:
            return self if self.path.endswith(name) and len(name) >= len(self.name) else None
        if self.kind == "action" or KINDS.index(self.kind) > KINDS.index(kind):
            return None
        return next((found for child in self.children if (found := child.find(kind, name)) is not None), None)


class StoryboardElement(Element):
    """The storyboard: it does not end with its stories, only by its stop trigger."""

    kind = "storyboard"

    def child_ended(self) -> None:
        """Go on: only the stop trigger ends it."""


class StoryElement(Element):
    """A story."""

    kind = "story"


class ActElement(Element):
    """An act."""

    kind = "act"


class ManeuverGroupElement(Element):
    """A maneuver group."""

    kind = "maneuverGroup"
    recruit: Callable[[], None] | None = None  # adds the actors that are only known when it starts

    def start(self) -> None:
        """Start, with all of its actors."""
        if self.recruit is not None and self.state != "running":
            self.recruit()
        super().start()


class ManeuverElement(Element):
    """A maneuver.

    Attributes:
        events: how many it has. running: those that run, by their order in it.
        waiting: those that start as soon as none runs, whatever else becomes of their triggers, in their order.
    """

    kind = "maneuver"
    children: list[EventElement]

    def __init__(self, world: World, name: str, parent: Element | None = None) -> None:
        super().__init__(world, name, parent)
        self.running: dict[int, Element] = {}
        self.waiting: list[EventElement] = []
        self.events = 0

    def wake(self, number: int) -> None:
        """None runs: the first that waits may have its turn, and the first after event `number`, which is over."""
        for first in (bisect_right(self.waiting, number, key=_number), 0):
            while first < len(self.waiting):
                event = self.waiting.pop(first)
                if event.state == "standby":
                    event.wakes = -inf
                    break

    def reset(self) -> None:
        """Back to the beginning, quietly."""
        self.waiting.clear()
        super().reset()

    def step(self, dt: float, may: Callable[[Element], bool]) -> None:
        """Let running events go on."""
        if self.state == "running":
            for number in sorted(self.running):
                if number in self.running:  # another one may have ended it
                    self.running[number].step(dt, may)


def _number(event: EventElement) -> int:
    return event.number


class EventElement(Element):
    """An event: it starts by priority and breaks off what else acts on its entities.

    ASAM OpenSCENARIO XML 1.3, 8.4.2 "Priority", 7.5.1 "Conflicting actions".
    """

    kind = "event"
    children: list[Element]

    def __init__(self, world: World, event: model.Event, parent: ManeuverElement, trigger: Firing) -> None:
        count = 1 if event.maximum_execution_count is None else event.maximum_execution_count
        super().__init__(world, event.name, parent, trigger, None, count)
        self.priority = event.priority
        self._maneuver, self.number = parent, parent.events
        # Where it is known while it runs, and under which number.
        self._entered: list[tuple[dict[int, Any], int]] = [(parent.running, self.number)]
        parent.events += 1

    def act_on(self, entity: Entity) -> None:
        """Be one of the events of an entity."""
        self._entered.append((entity.running, entity.events))
        entity.events += 1

    def put(self, state: State) -> None:
        """Come into a state, quietly."""
        super().put(state)
        self.wakes = -inf if state == "standby" else inf
        for running, number in self._entered:
            if state == "running":
                running[number] = self
            elif running.pop(number, None) is self and not self._maneuver.running and self._maneuver.waiting:
                self._maneuver.wake(self.number)

    def evaluate_triggers(self) -> None:
        """Start where its trigger says so; until it may, it need not be asked again."""
        super().evaluate_triggers()
        if self.state == "standby" and self.start_trigger is not None:
            trigger, others = self.start_trigger, self._maneuver
            if self.priority == "skip" and others.running and trigger.lasts and not self.world.notes_skips:
                insort(others.waiting, self, key=_number)
                self.wakes = inf
            else:
                self.wakes = trigger.asleep_until

    def start(self) -> None:
        """Start if the priority lets it, and end what it overrides."""
        if self.state == "running":
            return
        others = self._maneuver.running
        if self.priority == "skip" and others:
            self.world.skipped(self)
            return
        if self.priority == "override":
            for event in [others[number] for number in sorted(others)]:
                event.end()
        super().start()

    def _start_children(self) -> None:
        if not self.children:
            self.end()
        for action in tuple(self.children):
            action.end_conflicting()
            action.start()
