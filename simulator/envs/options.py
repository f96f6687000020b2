"""Fields of options that pydantic has no type for, and how wrong options are told."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, ValidationError

from simulator.errors import InputError, OddRoadError, did_you_mean
from simulator.scenario.block import Block, each
from simulator.scenario.distributions import is_number, problem
from simulator.scenario.family import Family, members


def _rewards(given: Any) -> dict[str, float]:
    from simulator.envs.rewards import Term

    known = [term.name.lower() for term in Term]

    def weight(value: Any) -> float:
        """A finite number, or InputError."""
        if not is_number(value) or not math.isfinite(value):
            raise problem("weight", "must be a finite number")
        return float(value)

    if not isinstance(given, Mapping):
        raise problem("rewards", f"must be a mapping of terms to weights. Terms: {', '.join(known)}")
    return _by_name(given, known, "term", weight)


def _by_name(given: Mapping[Any, Any], known: list[str], what: str, check: Callable[[Any], float]) -> dict[str, float]:
    """Numbers by names that must be known."""

    def know(name: Any) -> str:
        """A known name, or InputError with the nearest one."""
        if name not in known:
            raise problem("key", f"unknown {what}.{did_you_mean(str(name), known)} Known: {', '.join(known)}")
        return str(name)

    names = each(((str(name), name) for name in given), know, what)
    return dict(zip(names, each(zip(names, given.values()), check, what)))


def _observation(given: Any) -> Any:
    """An observation, or a mapping of names to observations.

    `"lidar"`, `{"kind": "lidar", "beams": 64}`, `["vector", "lidar"]` or `{"eyes": {"kind": "camera"}, "map": "bev"}`.
    """
    known = members("envs.observations")
    if isinstance(given, Family):
        return given
    if isinstance(given, str):
        given = {"kind": given}
    if isinstance(given, (list, tuple)):
        if len(set(map(str, given))) < len(given):
            raise problem("observation", "a kind may be there only once; give others of it names in a mapping")
        given = {str(kind): kind for kind in given}
    if not isinstance(given, Mapping) or not given:
        raise problem("observation", f"must be a kind or a mapping. Kinds: {', '.join(known)}")
    if "kind" not in given:
        parts = each(given.items(), _single, "observation")
        return dict(zip(map(str, given), parts))
    kind = given["kind"]
    if kind not in known:
        raise problem("key", f'unknown kind "{kind}".{did_you_mean(str(kind), known)} Known: {", ".join(known)}')
    return known[kind].model_validate({key: value for key, value in given.items() if key != "kind"})


def _single(given: Any) -> Any:
    found = _observation(given)
    if isinstance(found, dict):
        raise problem("observation", "must be one observation: dicts are one level deep")
    return found


def _failing(given: Any) -> dict[str, float]:
    """Shares of drivers by what they do wrong; one number: that fail in any way, each as likely as the others."""
    from simulator.traffic.state import Failing

    known = [failing.name.lower() for failing in Failing]

    def share(value: Any) -> float:
        """A number from 0 to 1, or InputError."""
        if not is_number(value) or not 0.0 <= value <= 1.0:
            raise problem("share", "must be a share of the drivers, 0 to 1")
        return float(value)

    if not isinstance(given, Mapping):
        each_one = 1.0 - (1.0 - share(given)) ** (1.0 / len(known))
        return dict.fromkeys(known, each_one) if each_one else {}
    return _by_name(given, known, "way of failing", share)


FileField = Annotated[str, BeforeValidator(lambda given: os.fspath(given) if isinstance(given, os.PathLike) else given)]
ObservationField = Annotated[Any, BeforeValidator(_observation)]
FailingField = Annotated[dict[str, float], BeforeValidator(_failing)]
RewardField = Annotated[dict[str, float], BeforeValidator(_rewards)]


def check_count(name: str, given: Any) -> int:
    """A number of things.

    Raises:
        OddRoadError: it is no whole number, or less than 1.
    """
    if not isinstance(given, (int, np.integer)) or isinstance(given, bool) or given < 1:
        raise OddRoadError(f"{name}={given!r}: whole numbers from 1 on are accepted")
    return int(given)


def check_seed(given: Any) -> int:
    """A seed.

    Raises:
        ValueError: it is no whole number, or below 0.
    """
    if not isinstance(given, (int, np.integer)) or given < 0:
        raise ValueError(f"seed={given!r}: whole numbers from 0 on are accepted")
    return int(given)


def check_reset(options: Mapping[str, Any] | None, known: Sequence[str] = ()) -> None:
    """See that options of a reset are a mapping, and that there is none but those known, if any are.

    Raises:
        InputError: there is, and it names the nearest; or they are no mapping.
    """
    if options is not None and not isinstance(options, Mapping):
        what = f"must be a mapping. Known: {', '.join(known or ('weather',))}"
        raise InputError(f"options={options!r}: {what}", source="reset")
    for key in options or {}:
        if known and key not in known:
            hint = did_you_mean(str(key), known)
            raise InputError(f"unknown option.{hint} Known: {', '.join(known)}", source="reset", key=str(key))


def make_task(name: str, options: Mapping[str, Any]) -> Any:
    """The task of that name with options.

    Raises:
        OddRoadError: a task or option that there is not, or a value that is not accepted; all problems, one a line.
    """
    known = members("envs.tasks")
    if name not in known:
        raise InputError(f'unknown task "{name}".{did_you_mean(name, known)} Known: {", ".join(known)}')
    if "task" in options:
        raise InputError("the id names the task: each has its own", source=name, key="task")
    return checked(known[name], dict(options), name)


def checked(block: type[Block], values: Any, source: str) -> Any:
    """A block of these values; errors as above, that name `source`."""
    try:
        return block.model_validate(values)
    except ValidationError as error:
        problems = [
            InputError(
                _told(item),
                source=source,
                key=".".join(map(str, item["loc"])),
            )
            for item in error.errors(include_url=False, include_context=False)
        ]
        raise problems[0] if len(problems) == 1 else OddRoadError("\n".join(map(str, problems))) from None


def _told(item: Any) -> str:
    """What is wrong, what was given, and a hint where one of a few words is allowed."""
    if item["type"] in ("key", "contradiction"):
        return str(item["msg"])
    message = "must be a list" if item["type"] == "tuple_type" else item["msg"]
    allowed = re.findall(r"'([^']*)'", message) if item["type"] == "literal_error" else []
    hint = did_you_mean(str(item["input"]), allowed) if allowed else ""
    return f"{message}, not {item['input']!r}{'.' + hint if hint else ''}"
