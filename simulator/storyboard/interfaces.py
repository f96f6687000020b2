"""What parts of a running scenario ask of those above them, so that imports run one way only.

Positions, entities and the world lie at the bottom and know routes, controllers, actions and the storyboard by these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from simulator.roads.scalar import ScalarRoad
from simulator.storyboard.road_links import Way

State = Literal["init", "standby", "running", "complete"]
Transition = Literal["start", "end", "stop", "skip", "ready", ""]
Kind = Literal["storyboard", "story", "act", "maneuverGroup", "maneuver", "event", "action"]
KINDS: tuple[Kind, ...] = ("storyboard", "story", "act", "maneuverGroup", "maneuver", "event", "action")


class RouteGuide(Protocol):
    """A route that a position keeps to."""

    @property
    def is_valid(self) -> bool:
        """Whether it leads anywhere."""

    def choose(self, road: ScalarRoad | None, ways: list[Way]) -> Way:
        """The way to take at the end of a road."""


class TrailPlace(Protocol):
    """A place on a trajectory."""

    @property
    def s(self) -> float:
        """Metres from the start."""

    @property
    def tangent(self) -> float:
        """Heading of the line."""


class TrajectoryGuide(Protocol):
    """A trajectory that a position is on."""

    @property
    def name(self) -> str:
        """Its name in the scenario."""

    @property
    def point(self) -> TrailPlace:
        """Where the position is on it."""

    def nearest(self, x: float, y: float) -> float:
        """Metres from the start to the point next to a place in the world."""


class StoryboardPart(Protocol):
    """An element of the storyboard, or an action of the initialisation."""

    @property
    def kind(self) -> Kind:
        """What it is."""

    @property
    def path(self) -> str:
        """Names from the story down."""

    @property
    def state(self) -> State:
        """Its state now."""

    @property
    def children(self) -> Sequence[StoryboardPart]:
        """What it consists of."""

    def find(self, kind: str, name: str) -> StoryboardPart | None:
        """The first element of a kind, from here downwards, whose path ends with a name."""


class Injected(Protocol):
    """An action that a controller has made, beside those of the storyboard."""

    @property
    def state(self) -> State:
        """Its state now."""

    def start(self) -> None:
        """Start."""

    def step(self, dt: float) -> None:
        """Go on while it runs."""


class Watcher(Protocol):
    """Something that is told how an element changes."""

    def changed(self, state: State, transition: Transition) -> None:
        """The element has come into a state by a transition."""


class Firing(Protocol):
    """A trigger."""

    @property
    def asleep_until(self) -> float:
        """A time (s) before which it does not fire, once it has been evaluated."""

    @property
    def lasts(self) -> bool:
        """Whether it fires at all times, now that it has fired."""

    def evaluate(self, time: float) -> bool:
        """Whether it fires now."""

    def reset(self) -> None:
        """Forget what was."""


class Control(Protocol):
    """A controller of an entity: its names, the domains that it drives, whether actions have no say in them.

    `moves`: it does not only set the speed.
    """

    names: set[str]
    active: set[str]
    overrides: bool

    @property
    def moves(self) -> bool:
        """Whether it may move the entity itself."""

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Switch domains on or off; None: leave."""

    def step(self, dt: float) -> None:
        """Drive by one step."""


class SignalProgram(Protocol):
    """What the controllers of traffic signals do."""

    def step(self) -> None:
        """Show what is due."""

    def start_phase(self, name: str, phase: str) -> None:
        """Let a controller go on with a phase."""
