"""The one class taxonomy: names and ids of everything a pixel or a point can be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from simulator.data import load_asset


@dataclass(frozen=True, slots=True)
class SemanticClass:
    """One row of `assets/classes.yaml`.

    Attributes:
        id: semantic id in masks and points (0 is `void`).
        name: unique name.
        thing: countable objects with instance ids; otherwise stuff.
        color: RGB for pictures.
        formats: class name or id in each external format; absent where the format has none.
    """

    id: int
    name: str
    thing: bool
    color: tuple[int, int, int]
    formats: dict[str, str | int]


@cache
def classes() -> tuple[SemanticClass, ...]:
    """All classes; position equals id."""
    rows = load_asset("classes")["classes"]
    table = tuple(
        SemanticClass(i, row["name"], row["thing"], tuple(row["color"]), dict(row.get("formats", {})))
        for i, row in enumerate(rows)
    )
    return table


@cache
def _ids() -> dict[str, int]:
    return {row.name: row.id for row in classes()}


def class_id(name: str) -> int:
    """Id of a class name. Raises KeyError for an unknown name."""
    return _ids()[name]
