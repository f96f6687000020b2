"""Whether the names that a scenario uses exist: entities, variables, parameters, monitors, signals, elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from typing import Any, get_args, get_type_hints

from simulator.errors import InputError, did_you_mean
from simulator.storyboard import model

_MAX_COMPARISONS = 20_000  # of names: each takes some microseconds
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
_OTHER_FIELDS = (
    "variable_ref",
    "parameter_ref",
    "monitor_ref",
    "traffic_signal_controller_ref",
    "storyboard_element_ref",
)


def check_references(scenario: model.OpenScenario, warn: Callable[[InputError], None]) -> None:
    """Warn of what can never come true because of a name; raise where an entity is missing.

    Raises:
        InputError: an entity that is acted on or watched does not exist.
    """
    source = str(scenario.source or "")
    entities = {item.name for item in scenario.entities} | {item.name for item in scenario.entity_selections}
    elements = {
        record.name for record in records(scenario.storyboard.stories) if isinstance(record, _STORYBOARD_ELEMENTS)
    }
    names: dict[str, tuple[str, set[str]]] = {  # as in _OTHER_FIELDS
        "variable_ref": ("variable", {item.name for item in scenario.variables}),
        "parameter_ref": ("parameter", {item.name for item in scenario.parameters}),
        "monitor_ref": ("monitor", {item.name for item in scenario.monitors}),
        "traffic_signal_controller_ref": (
            "traffic signal controller",
            {item.name for item in scenario.road_network.traffic_signals},
        ),
        "storyboard_element_ref": ("storyboard element", elements),
    }
    told: set[tuple[str, str]] = set()
    for record in records(scenario):
        cls: Any = type(record)
        for field in _fields(cls)[0]:
            given = getattr(record, field) or ()
            for name in given if isinstance(given, tuple) else (given,):
                if isinstance(name, str) and name not in entities:
                    message = (
                        f'<{type(record).__name__}>: there is no entity "{name[:100]}".{did_you_mean(name, entities)}'
                    )
                    raise InputError(message, source=source, line=record.line or None)
        for field in _fields(cls)[1]:
            kind, known = names[field]
            given = getattr(record, field)
            if given is not None and given.rsplit("::", 1)[-1] not in known and (kind, given) not in told:
                told.add((kind, given))
                hint = did_you_mean(given, known) if len(told) * len(known) < _MAX_COMPARISONS else ""
                message = f'<{type(record).__name__}>: there is no {kind} "{given[:100]}".{hint}'
                warn(InputError(message, source=source, line=record.line or None))


@cache
def _fields(cls: Any) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Fields of a class that name entities, that name other things, and that may hold records."""
    names = [item.name for item in fields(cls)]
    hints = get_type_hints(cls)
    target = cls is model.TimeToCollisionCondition
    return (
        tuple(name for name in names if name in _ENTITY_FIELDS or (target and name == "target")),
        tuple(name for name in names if name in _OTHER_FIELDS),
        tuple(name for name in reversed(names) if _may_hold_records(hints[name])),
    )


def _may_hold_records(hint: Any) -> bool:
    return (isinstance(hint, type) and issubclass(hint, model.Record)) or any(map(_may_hold_records, get_args(hint)))


def records(value: Any) -> Iterator[model.Record]:
    """Every record inside a record, depth first, itself included."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, model.Record):
            yield item
            cls: Any = type(item)
            stack.extend(getattr(item, name) for name in _fields(cls)[2])
        elif isinstance(item, tuple):
            stack.extend(reversed(item))
