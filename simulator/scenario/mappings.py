"""Two mappings whose keys come from open families: the weather's fields and the rig's sensors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import create_model

from simulator.data import load_asset
from simulator.errors import did_you_mean
from simulator.scenario.block import Block, each
from simulator.scenario.distributions import Codec, problem
from simulator.scenario.entries import FamilyEntry, inlined
from simulator.scenario.family import Family, members

MAX_SENSORS = 64
_NAME = "a sensor's name is made of letters, digits and _ (it becomes part of file names)"


@cache
def _weather_model(parts: tuple[type[Family], ...]) -> type[Block]:
    fields: dict[str, Any] = {}
    for part in parts:
        for name, field in part.model_fields.items():
            if name in fields:
                raise TypeError(f"weather field {name} of {part.__name__} exists already in another member")
            fields[name] = (field.rebuild_annotation(), field)
    return create_model("Weather", __base__=Block, __doc__="Weather and light, in physical units.", **fields)


def weather_model() -> type[Block]:
    """The block `weather:`, made of the fields of all members of the family `weather`."""
    return _weather_model(tuple(members("weather").values()))


@dataclass(frozen=True, slots=True)
class WeatherField(Codec):
    """Annotation of the flat mapping `weather:`."""

    def check(self, given: Any) -> Block:
        """A block of `weather_model()`."""
        return weather_model().model_validate(given)

    def write(self, value: Any) -> dict[str, Any]:
        """All fields."""
        plain: dict[str, Any] = value.model_dump(exclude_none=True)
        return plain

    def schema(self) -> dict[str, Any]:
        """JSON schema of the composed block."""
        return inlined(weather_model().model_json_schema())


def weather_members(weather: Any) -> list[Family]:
    """The members of the family `weather`, in order of their kinds, with their fields from the scenario's mapping."""
    return [
        cls.model_validate({name: getattr(weather, name) for name in cls.model_fields})
        for cls in members("weather").values()
    ]


def _sensor(item: tuple[Any, Any]) -> Family:
    name, given = item
    if not isinstance(name, str) or not name.isascii() or not name.isidentifier():
        raise problem("rig", _NAME)
    return FamilyEntry("sensors").check(given)


@dataclass(frozen=True, slots=True)
class RigField(Codec):
    """Annotation of `rig:`: the name of a rig of `assets/rigs.yaml`, or a mapping from sensor names to sensors."""

    def check(self, given: Any) -> str | dict[str, Family]:
        """The name, or a dict of sensors."""
        if isinstance(given, str):
            known = list(load_asset("rigs"))
            if given not in known:
                raise problem(
                    "rig",
                    f'unknown rig "{given}".{did_you_mean(given, known)} Known: {", ".join(known)}; '
                    "or a mapping of sensor names to {kind: camera, ...}",
                )
            return given
        if not isinstance(given, dict) or not given:
            raise problem("rig", "must be the name of a rig or a mapping of sensor names to {kind: camera, ...}")
        if len(given) > MAX_SENSORS:
            raise problem("rig", f"has {len(given)} sensors; at most {MAX_SENSORS} are allowed")
        return dict(zip(given, each([(name, (name, sensor)) for name, sensor in given.items()], _sensor, "rig")))

    def write(self, value: Any) -> Any:
        """The name, or plain mappings."""
        if isinstance(value, str):
            return value
        return {name: FamilyEntry("sensors").write(sensor) for name, sensor in value.items()}

    def schema(self) -> dict[str, Any]:
        """JSON schema: a name or sensors."""
        sensors = {"type": "object", "additionalProperties": FamilyEntry("sensors").schema(), "minProperties": 1}
        return {"anyOf": [{"enum": list(load_asset("rigs"))}, sensors]}
