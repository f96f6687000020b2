"""Base of everything that a scenario file is made of: frozen, strict, and helpful about wrong keys.

Pydantic alone says "Extra inputs are not permitted". `Block` says which key was meant, also when only the unit
differs (`speed_kmh` for `speed_mps`), and `relocated` lets nested validators report all their problems at once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, ValidationInfo, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from simulator.errors import listed
from simulator.scenario.distributions import UNITS, problem


class Block(BaseModel):
    """A mapping of a scenario file: immutable, no unknown keys, its fields documented by their docstrings."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True)

    @classmethod
    def settle(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The values of a sampled block, made to fit each other where they were drawn independently."""
        return values

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """(key, message) of whatever is wrong with several fields together; a field that is wrong itself is absent."""
        yield from ()

    @model_validator(mode="wrap")
    @classmethod
    def _say_all(cls, given: Any, handler: ModelWrapValidatorHandler[Any], info: ValidationInfo) -> Any:
        details: list[InitErrorDetails] = []
        made: Any = None
        try:
            made = handler(given)
        except ValidationError as error:
            known = [*cls.model_fields, *(info.context or {}).get("also", ())]
            for detail in relocated(error):
                unknown = detail["type"] == _EXTRA and len(detail["loc"]) == 1
                if unknown:
                    text = unknown_key(str(detail["loc"][0]), known, detail["input"])
                    detail = InitErrorDetails(type=problem("key", text), loc=detail["loc"], input=detail["input"])
                details.append(detail)
            if isinstance(given, dict):  # the rest may contradict itself all the same
                wrong = {detail["loc"][0] for detail in details if detail["loc"]}
                with suppress(ValidationError):
                    made = handler({key: value for key, value in given.items() if key not in wrong})
                    details += _contradictions(cls, made, wrong)
        else:
            details = _contradictions(cls, made, set())
        if details:
            raise ValidationError.from_exception_data(cls.__name__, details)
        return made


def _contradictions(cls: type[Block], made: Block, wrong: set[str | int]) -> list[InitErrorDetails]:
    values = {name: getattr(made, name) for name in cls.model_fields if name not in wrong}
    return [
        InitErrorDetails(type=problem("contradiction", text), loc=loc, input=None)
        for loc, text in cls.contradictions(values)
    ]


_EXTRA = "extra_forbidden"
_MAPPING = "must be a mapping of keys"
_WORDING = {
    "missing": "is required",
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "tuple_type": "must be a list, such as [a, b]",
}


def relocated(error: ValidationError, prefix: tuple[str | int, ...] = (), drop: int = 0) -> list[InitErrorDetails]:
    """The problems of a nested validation, to be raised again below `prefix`, without their first `drop` steps."""
    details = []
    for item in error.errors(include_url=False, include_context=False):
        kind = item["type"]
        reason = kind if kind == _EXTRA else problem(kind, _WORDING.get(kind, item["msg"]))
        details.append(InitErrorDetails(type=reason, loc=(*prefix, *item["loc"][drop:]), input=item["input"]))
    return details


def each(given: Iterable[tuple[str | int, Any]], check: Callable[[Any], Any], title: str) -> list[Any]:
    """`check` applied to every (key, value); the problems of all of them raised as one ValidationError."""
    checked, details = [], []
    for key, value in given:
        try:
            checked.append(check(value))
        except ValidationError as error:
            details += relocated(error, (key,))
        except PydanticCustomError as error:
            details.append(InitErrorDetails(type=error, loc=(key,), input=value))
    if details:
        raise ValidationError.from_exception_data(title, details)
    return checked


def unknown_key(given: str, known: Iterable[str], value: Any = None) -> str:
    """What to say about a key that does not exist: the nearest one, and the value in its unit where that is known."""
    names = list(known)
    stem, unit = _split_unit(given)
    same_stem = [name for name in names if _split_unit(name)[0] == stem]
    near = same_stem or difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    if not near:
        by_stem = {_split_unit(name)[0]: name for name in names}
        near = [by_stem[found] for found in difflib.get_close_matches(stem, by_stem, n=1, cutoff=0.6)]
    if not near:
        near = [name for name in names if stem and stem in name.split("_")][:1]
    if not near:
        return f"unknown key. Known here: {listed(names)}"
    factor, target = UNITS.get(unit, (None, ""))
    if factor is not None and near[0].endswith(f"_{target}") and isinstance(value, (int, float)) and value < 1e9:
        return f'unknown key. Did you mean "{near[0]}: {value * factor:.4g}"?'
    return f'unknown key. Did you mean "{near[0]}"?'


def _split_unit(key: str) -> tuple[str, str]:
    """("rain", "mm_h") for "rain_mm_h"."""
    found = re.fullmatch(r"(.+?)_(mm_h|mps2|mps|kmh|kph|mph|km|cm|mm|m|ms|min|s|h|deg|rad|c|hz|px|pct|percent)", key)
    return (found[1], found[2]) if found else (key, "")
