"""Open families: anomalies, weather, actors, sensors, formats. One new kind is one new file in the family's folder.

Every member is a frozen pydantic class: `class Pothole(Anomaly, kind="pothole")`. Members are found by scanning the
folder (`simulator/<family>/`) and, for third parties, the entry-point group `oddroad.families` (modules to import).
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from functools import cache
from typing import Any, ClassVar

from simulator.errors import InputError, did_you_mean, listed
from simulator.scenario.block import Block

_REGISTRY: dict[str, dict[str, type[Family]]] = {}


class Family(Block):
    """Base of all family members; `kind` is the name in YAML, `family` the folder."""

    family: ClassVar[str] = ""
    kind: ClassVar[str] = ""

    def __init_subclass__(cls, *, kind: str = "", family: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if family:
            cls.family = family
        if kind:
            cls.kind = kind

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        if cls.kind and "kind" in cls.__dict__:
            _REGISTRY.setdefault(cls.family, {})[cls.kind] = cls


@cache
def _scan(family: str, folders: tuple[str, ...]) -> None:
    for module in sorted(pkgutil.iter_modules(folders), key=lambda found: found.name):
        if not module.name.startswith("_"):
            importlib.import_module(f"simulator.{family}.{module.name}")
    for entry in importlib.metadata.entry_points(group="oddroad.families"):
        entry.load()


def members(family: str) -> dict[str, type[Family]]:
    """All members of a family by kind, sorted. A folder added to the package's `__path__` is scanned too."""
    package = importlib.import_module(f"simulator.{family}")
    _scan(family, tuple(package.__path__))
    return dict(sorted(_REGISTRY.get(family, {}).items()))


def member(family: str, kind: str) -> type[Family]:
    """The member named `kind`. Raises InputError with the nearest name if there is none."""
    known = members(family)
    if kind not in known:
        raise InputError(f'unknown kind "{kind}" of {family}.{did_you_mean(kind, known)} Known: {listed(known)}')
    return known[kind]
