"""What all actions share, and the table of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard, TypeVar, get_args

from simulator.storyboard import model
from simulator.storyboard.elements import Element
from simulator.storyboard.entities import Entity
from simulator.storyboard.world import World

LATERAL, LONGITUDINAL, LIGHTING, ANIMATION = "lateral", "longitudinal", "lighting", "animation"


class ActionElement(Element):
    """An action of an event, or of the initialisation."""

    kind = "action"

    def __init__(self, world: World, record: Any, name: str, parent: Element | None) -> None:
        super().__init__(world, name, parent)
        self.record = record

    def start(self) -> None:
        """Start, and do what comes first."""
        super().start()
        if self.state == "running":
            self.begin()

    def begin(self) -> None:
        """What happens when it starts."""

    def step(self, dt: float, may: Callable[[Element], bool] | None = None) -> None:
        """Go on while it runs and may."""
        if self.state == "running" and (may is None or may(self)):
            self.go_on(dt)

    def go_on(self, dt: float) -> None:
        """What happens in each step while it runs; the first is the one in which it starts."""


class InstantAction(ActionElement):
    """An action of the whole scenario that is done once started; it is stopped in the step."""

    def go_on(self, dt: float) -> None:
        """Stop in the step of the start."""
        self.stop()


class PrivateActionElement(ActionElement):
    """An action of one entity.

    Attributes:
        domains: what of the entity it controls; actions that share one end each other.
    """

    domains: frozenset[str] = frozenset()

    def __init__(self, world: World, record: Any, name: str, parent: Element | None, entity: Entity) -> None:
        super().__init__(world, record, name, parent)
        self.entity = entity

    def end_conflicting(self) -> None:
        """End running actions on the same entity that share a domain with it."""
        running = [self.entity.running[number] for number in sorted(self.entity.running)]
        for action in [*self.entity.init_actions, *(child for event in running for child in event.children)]:
            if (
                isinstance(action, PrivateActionElement)
                and action is not self
                and action.entity is self.entity
                and action.state == "running"
                and self.conflicts_with(action)
            ):
                action.end()

    def conflicts_with(self, other: PrivateActionElement) -> bool:
        """Whether the other cannot go on beside this one."""
        return bool(self.domains & other.domains)


class InstantPrivateAction(PrivateActionElement):
    """An action of an entity that is done once started."""

    def go_on(self, dt: float) -> None:
        """End in the step of the start."""
        self.end()


_GLOBAL: dict[type, type[ActionElement]] = {}
_PRIVATE: dict[type, type[PrivateActionElement]] = {}
G = TypeVar("G", bound="type[ActionElement]")
P = TypeVar("P", bound="type[PrivateActionElement]")


def for_global(*records: type) -> Callable[[G], G]:
    """Register the class of a global action."""

    def register(action: G) -> G:
        """Enter the class under its records."""
        _GLOBAL.update(dict.fromkeys(records, action))
        return action

    return register


def for_private(*records: type) -> Callable[[P], P]:
    """Register the class of a private action."""

    def register(action: P) -> P:
        """Enter the class under its records."""
        _PRIVATE.update(dict.fromkeys(records, action))
        return action

    return register


def supported_actions() -> list[str]:
    """Names of the actions that the player carries out."""
    return sorted(record.__name__ for record in (*_GLOBAL, *_PRIVATE))


def _parts(record: model.PrivateAction) -> list[Any]:
    """Several actions that one record stands for."""
    if isinstance(record, model.ControllerAction):
        return [part for part in (record.assign, record.override, record.activate) if part is not None]
    if isinstance(record, model.AppearanceAction):
        return [part for part in (record.light_state, record.animation) if part is not None]
    return [record]


def is_private(
    record: model.PrivateAction | model.GlobalAction | model.UserDefinedAction,
) -> TypeGuard[model.PrivateAction]:
    """Whether an action is one of an entity."""
    return isinstance(record, get_args(model.PrivateAction))


def is_global(
    record: model.PrivateAction | model.GlobalAction | model.UserDefinedAction,
) -> TypeGuard[model.GlobalAction | model.UserDefinedAction]:
    """Whether an action is one of the whole scenario."""
    return not is_private(record)


def make_private_actions(
    world: World, record: model.PrivateAction, name: str, parent: Element | None, entity: Entity
) -> list[PrivateActionElement]:
    """Elements for a private action of an entity."""
    found = []
    for part in _parts(record):
        kind = _PRIVATE.get(type(part))
        if kind is None:
            world.warn(f"{type(part).__name__} is not supported: it does nothing", part.line)
            kind = InstantPrivateAction
        found.append(kind(world, part, name, parent, entity))
    return found


def make_action(
    world: World, record: model.GlobalAction | model.UserDefinedAction, name: str, parent: Element | None
) -> ActionElement:
    """The element for a global action."""
    kind = _GLOBAL.get(type(record))
    if kind is None:
        world.warn(f"{type(record).__name__} is not supported: it does nothing", record.line)
        kind = InstantAction
    return kind(world, record, name, parent)
