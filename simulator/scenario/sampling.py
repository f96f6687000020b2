"""Fixing a scenario: every distribution replaced by a value from a random stream named after its key path."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeVar

from pydantic import ValidationError

from simulator.errors import InputError, InvalidScenario
from simulator.scenario.block import Block
from simulator.scenario.distributions import Distribution
from simulator.scenario.entries import Pick
from simulator.scenario.family import Family

S = TypeVar("S", bound=Block)


def sample(scenario: S, seed: int) -> S:
    """See `Scenario.sample`."""
    cls = type(scenario)
    own: Any = dict(scenario)["seed"]
    fixed_seed = seed if own is None else (_draw(own, seed, "seed") if isinstance(own, Distribution) else own)
    if is_fixed(scenario):
        return scenario.model_copy(update={"seed": fixed_seed})
    try:
        values = {name: _fixed(getattr(scenario, name), fixed_seed, name) for name in cls.model_fields}
        return cls.model_validate({**values, "seed": fixed_seed})
    except ValidationError as error:
        raise InvalidScenario(
            [
                InputError(f"drawn with seed {fixed_seed}: {item['msg']}", key=".".join(map(str, item["loc"])))
                for item in error.errors(include_url=False)
            ]
        ) from None


def is_fixed(value: Any) -> bool:
    """Whether nothing in `value` is left to chance."""
    if isinstance(value, (Distribution, Pick)):
        return False
    if isinstance(value, Block):
        return all(is_fixed(getattr(value, name)) for name in type(value).model_fields)
    if isinstance(value, dict):
        return all(is_fixed(item) for item in value.values())
    return all(is_fixed(item) for item in value) if isinstance(value, tuple) else True


def _draw(distribution: Distribution, seed: int, path: str) -> Any:
    from simulator.numerics.rng import generator  # imports numba: only when there is something to draw

    return distribution.sample(generator(seed, "scenario", path))


def _fixed(value: Any, seed: int, path: str) -> Any:
    if isinstance(value, (tuple, Pick)) or (isinstance(value, Distribution) and _holds_entries(value)):
        return tuple(_fixed(block, seed, where) for where, block in _entries(value, seed, path))
    if isinstance(value, Distribution):
        return _draw(value, seed, path)
    if isinstance(value, Block):
        values = {name: _fixed(getattr(value, name), seed, f"{path}.{name}") for name in type(value).model_fields}
        return type(value).model_validate(value.settle(values))
    if isinstance(value, dict):
        return {name: _fixed(item, seed, f"{path}.{name}") for name, item in value.items()}
    return value


def _holds_entries(value: Distribution) -> bool:
    return any(isinstance(option, (tuple, Pick, Block)) for option in value.values)


def _entries(value: Any, seed: int, path: str) -> list[tuple[str, Block]]:
    """The blocks of a list that are there this time, each with its path: kind and number among its kind."""
    if isinstance(value, Distribution):
        return _entries(_draw(value, seed, f"{path}/choice"), seed, path)
    if isinstance(value, Pick):
        from simulator.numerics.rng import generator

        count = value.count
        count = _draw(count, seed, f"{path}/count") if isinstance(count, Distribution) else count
        order = generator(seed, "scenario", f"{path}/pick").permutation(len(value.entries))[:count]
        return _entries(tuple(value.entries[i] for i in sorted(order.tolist())), seed, path)
    seen: Counter[str] = Counter()
    found: list[tuple[str, Block]] = []
    for entry in value:
        label = _label(entry)
        where = f"{path}.{label}#{seen[label]}"
        seen[label] += 1
        while isinstance(entry, Distribution):
            entry = _draw(entry, seed, f"{where}/choice")
        if entry is not None:
            found.append((where, entry))
    return found


def _label(entry: Any) -> str:
    if isinstance(entry, Distribution):
        return "|".join(sorted({_label(option) for option in entry.values if option is not None}))
    actor = getattr(entry, "actor", None)
    if isinstance(actor, Family):  # an actor with a part in the scene
        return actor.kind
    return entry.kind if isinstance(entry, Family) else type(entry).__name__
