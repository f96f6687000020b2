"""Whether the names that a scenario uses exist: entities, variables, parameters, monitors, signals, elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from simulator.errors import InputError, did_you_mean
from simulator.storyboard import model

_STORYBOARD_ELEMENTS = (
    model.Story,
    model.Act,
    model.ManeuverGroup,
    model.Maneuver,
    model.Event,
    model.Action,
)
_ENTITY_FIELDS = (
    "entity_ref",
    "entity_refs",
    "master_entity_ref",
    "central_object",
    "trailer_ref",
    "trailer",
    "actors",
    "triggering_entities",
)


def check_references(scenario: model.OpenScenario, warn: Callable[[InputError], None]) -> None:
    """Warn of what can never come true because of a name; raise where an entity is missing.

    Raises:
        InputError: an entity that is acted on or watched does not exist.
    """
    source = str(scenario.source or "")
    entities = {item.name for item in scenario.entities} | {item.name for item in scenario.entity_selections}
    elements = {
        record.name for record in _records(scenario.storyboard.stories) if isinstance(record, _STORYBOARD_ELEMENTS)
    }
    names: dict[str, tuple[str, set[str]]] = {
        "variable_ref": ("variable", {item.name for item in scenario.variables}),
        "parameter_ref": ("parameter", {item.name for item in scenario.parameters}),
        "monitor_ref": ("monitor", {item.name for item in scenario.monitors}),
        "traffic_signal_controller_ref": (
            "traffic signal controller",
            {item.name for item in scenario.road_network.traffic_signals},
        ),
        "storyboard_element_ref": ("storyboard element", elements),
    }
    for record in _records(scenario):
        for name in _entity_names(record):
            if name not in entities:
                message = f'<{type(record).__name__}>: there is no entity "{name}".{did_you_mean(name, entities)}'
                raise InputError(message, source=source, line=record.line or None)
        for field, (kind, known) in names.items():
            given = getattr(record, field, None)
            if given is not None and given.rsplit("::", 1)[-1] not in known:
                message = f'<{type(record).__name__}>: there is no {kind} "{given}".{did_you_mean(given, known)}'
                warn(InputError(message, source=source, line=record.line or None))


def _entity_names(record: model.Record) -> Iterator[str]:
    """Names of the entities that a record refers to."""
    for field in _ENTITY_FIELDS:
        given = getattr(record, field, None) or ()
        yield from (given,) if isinstance(given, str) else given
    if isinstance(record, model.TimeToCollisionCondition) and isinstance(record.target, str):
        yield record.target


def _records(value: Any) -> Iterator[model.Record]:
    """Every record inside a record, depth first, itself included."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack.extend(reversed(item))
        elif isinstance(item, model.Record):
            yield item
            stack.extend(getattr(item, field.name) for field in reversed(fields(item)))
