"""What all parts of a running scenario share: entities, time, parameters, signals, and what happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from simulator.errors import InputError, LineOf, did_you_mean
from simulator.storyboard import model
from simulator.storyboard.crowd import Crowd
from simulator.storyboard.entities import Entity
from simulator.storyboard.ghosts import Ghost
from simulator.storyboard.interfaces import Injected, SignalProgram, State, StoryboardPart, Transition, Watcher
from simulator.storyboard.road_links import Roads
from simulator.storyboard.road_position import RoadPosition
from simulator.storyboard.trajectories import Given


@dataclass(frozen=True, slots=True)
class StateChange:
    """An element came into a state at a time."""

    time: float
    kind: str
    path: str
    state: str


@dataclass(frozen=True, slots=True)
class ConditionMet:
    """A condition became true at a time."""

    time: float
    name: str


Happening = StateChange | ConditionMet


class TrafficMaker(Protocol):
    """An action that makes entities: those that it has made, the name of its traffic, its state."""

    made: list[Entity]
    traffic_name: str
    state: State

    def remove(self, entity: Entity) -> None:
        """Let one of its entities vanish."""

    def stop(self) -> None:
        """Make no more."""


@dataclass(eq=False)
class World:
    """The state of a running scenario.

    Attributes:
        entities: all of them by name; `active` those that take part, in the order in which they came.
        seed: of everything random. traffic: actions that make entities. injected: actions of controllers.
        time: simulated time in s. recording: whether what happens is kept in `happenings`.
        notes_skips: whether somebody waits for events that may not start.
        notes_off_road: whether it is noted since when entities are off the road.
        signals: what traffic signals show, by id. phases: of signal controllers, by name.
        environment: the conditions as last set. ghost: of one of the entities, None: there is none.
        warnings: what the player does not do, one line each. crowd: finds out for drivers who is ahead of whom.
        turnover: how often an entity has come or gone.
    """

    scenario: model.OpenScenario
    roads: Roads
    entities: dict[str, Entity]
    seed: int
    active: list[Entity] = field(default_factory=list)
    traffic: list[TrafficMaker] = field(default_factory=list)
    injected: list[Injected] = field(default_factory=list)
    time: float = 0.0
    recording: bool = False
    notes_off_road: bool = False
    notes_skips: bool = False
    happenings: list[Happening] = field(default_factory=list)
    parameters: dict[str, model.Value] = field(default_factory=dict)
    variables: dict[str, model.Value] = field(default_factory=dict)
    monitors: dict[str, bool] = field(default_factory=dict)
    signals: dict[str, str] = field(default_factory=dict)
    phases: dict[str, str] = field(default_factory=dict)
    environment: dict[str, object] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    storyboard: StoryboardPart | None = None
    ghost: Ghost | None = None
    places: dict[int, tuple[RoadPosition, Given]] = field(default_factory=dict)  # of records that never move
    crowd: Crowd = field(default_factory=Crowd)
    turnover: int = 0
    signal_cycles: SignalProgram = field(init=False)
    _watchers: dict[int, list[Watcher]] = field(default_factory=dict)

    def entity(self, name: str, line: int = 0) -> Entity:
        """An entity by name.

        Raises:
            InputError: there is none.
        """
        found = self.entities.get(name)
        if found is None:
            raise InputError(
                f'there is no entity "{name}".{did_you_mean(name, self.entities)}',
                source=str(self.scenario.source or ""),
                line=line,
            )
        return found

    def activate(self, entity: Entity) -> None:
        """Let an entity take part, with its trailers."""
        for each in (entity, *entity.train()):
            if not each.active:
                each.active = True
                self.active.append(each)
                self.turnover += 1

    def deactivate(self, entity: Entity) -> None:
        """Take an entity out, with its trailers."""
        for each in (entity, *entity.train()):
            if each.active:
                each.active = False
                self.active.remove(each)
                self.turnover += 1

    def warn(self, text: str, line: int = 0) -> None:
        """Note once that something is not done as the scenario says."""
        where = f"{line.source}:{line}" if isinstance(line, LineOf) else f"line {line}"
        text = f"{where}: {text}" if line else text
        if text not in self.warnings:
            self.warnings.append(text)

    def watch(self, element: StoryboardPart, condition: Watcher) -> None:
        """Tell a condition about the states of an element."""
        self._watchers.setdefault(id(element), []).append(condition)

    def state_changed(self, element: StoryboardPart, state: State, transition: Transition) -> None:
        """An element changes its state."""
        if self.recording:
            self.happenings.append(StateChange(self.time, element.kind, element.path, state))
        for condition in self._watchers.get(id(element), ()):
            condition.changed(state, transition)

    def skipped(self, element: StoryboardPart) -> None:
        """An element would have started, but its priority does not let it: it stays in standby."""
        for condition in self._watchers.get(id(element), ()):
            condition.changed("standby", "skip")

    def condition_met(self, name: str) -> None:
        """A condition becomes true."""
        if self.recording:
            self.happenings.append(ConditionMet(self.time, name))
