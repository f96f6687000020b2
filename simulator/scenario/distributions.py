"""Numbers and words that may be distributions. `{uniform: [1, 2]}` in YAML, `uniform(1, 2)` as a default in Python.

A field is declared `depth_m: Metres = uniform(0.03, 0.10)`: type checkers see a float, which it is once the
scenario is concrete (`Scenario.sample` has replaced every distribution); before, the model holds a Distribution.
Values of a `choice` may be distributions themselves: `{choice: [0, {log_uniform: [0.5, 40]}], weights: [2, 1]}`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simulator.errors import did_you_mean, listed
from simulator.numerics.units import KMH, MPH

CHOICE_KEYS = ("choice", "weights")
# Units that people write by habit: (factor to the unit of our keys, suffix of our keys).
UNITS = {
    "kmh": (KMH, "mps"),
    "kph": (KMH, "mps"),
    "mph": (MPH, "mps"),
    "km": (1000.0, "m"),
    "cm": (0.01, "m"),
    "mm": (0.001, "m"),
    "ms": (0.001, "s"),
    "min": (60.0, "s"),
    "rad": (57.29577951308232, "deg"),
}
_MAX_DIGITS = 6
_PROBLEM = "{text}"


def problem(kind: str, text: str) -> PydanticCustomError:
    """A validation error with a literal message."""
    return PydanticCustomError(kind, _PROBLEM, {"text": text})


def is_number(value: Any) -> bool:
    """Whether it is a number, not a truth."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return is_number(value) and abs(value) < 1e300  # not math.isfinite: it overflows on huge integers


@dataclass(frozen=True, slots=True)
class Distribution:
    """A random number or choice.

    Attributes:
        kind: `uniform` [low, high], `log_uniform` [low, high], `normal` [mean, standard deviation]
            (cut at three deviations), `integer` [low, high] inclusive, or `choice` [values].
        values: the parameters above; those of a `choice` may be distributions or, in lists, whole entries.
        weights: for `choice`, relative probabilities.
    """

    kind: str
    values: tuple[Any, ...]
    weights: tuple[float, ...] | None = None

    KINDS = ("uniform", "log_uniform", "normal", "integer", "choice")

    def support(self) -> tuple[float, float]:
        """Lowest and highest number that can come out."""
        if self.kind == "normal":
            return self.values[0] - 3 * self.values[1], self.values[0] + 3 * self.values[1]
        spans = [value.support() if isinstance(value, Distribution) else (value, value) for value in self.values]
        return min(low for low, _ in spans), max(high for _, high in spans)

    def pick(self, rng: np.random.Generator) -> int:
        """Index of one of the values of a `choice`."""
        p = None if self.weights is None else np.asarray(self.weights) / sum(self.weights)
        return int(rng.choice(len(self.values), p=p))

    def sample(self, rng: np.random.Generator) -> Any:
        """One draw, as a plain Python value; continuous numbers keep six digits, so that they can be read."""
        if self.kind == "choice":
            value = self.values[self.pick(rng)]
            return value.sample(rng) if isinstance(value, Distribution) else value
        a, b = self.values
        if self.kind == "integer":
            return int(rng.integers(int(a), int(b), endpoint=True))
        if self.kind == "uniform":
            drawn = rng.uniform(a, b)
        elif self.kind == "log_uniform":
            drawn = math.exp(rng.uniform(math.log(a), math.log(b)))
        else:
            drawn = a + b * np.clip(rng.standard_normal(), -3.0, 3.0)
        low, high = self.support()
        return min(max(float(f"{drawn:.{_MAX_DIGITS}g}"), float(low)), float(high))

    def map(self, function: Callable[[Any], Any]) -> Distribution:
        """The same distribution with `function` applied to the values of a choice, at every depth."""
        return Distribution(
            self.kind,
            tuple(v.map(function) if isinstance(v, Distribution) else function(v) for v in self.values),
            self.weights,
        )

    def to_yaml(self) -> dict[str, Any]:
        """The mapping that reads back as this distribution."""
        values = [value.to_yaml() if isinstance(value, Distribution) else value for value in self.values]
        return {self.kind: values, **({} if self.weights is None else {"weights": list(self.weights)})}


def uniform(low: float, high: float) -> Any:
    """Uniform on [low, high]."""
    return Distribution("uniform", (low, high))


def log_uniform(low: float, high: float) -> Any:
    """Uniform in the logarithm on [low, high], both positive."""
    return Distribution("log_uniform", (low, high))


def normal(mean: float, deviation: float) -> Any:
    """Normal, cut at three standard deviations."""
    return Distribution("normal", (mean, deviation))


def integer(low: int, high: int) -> Any:
    """Uniform integer, both ends included."""
    return Distribution("integer", (low, high))


def choice(*values: Any, weights: tuple[float, ...] | None = None) -> Any:
    """One of `values`, which may be distributions."""
    return Distribution("choice", values, weights)


def read_weights(given: dict[Any, Any], count: int) -> tuple[float, ...] | None:
    """The `weights` of a choice among `count` values. Raises PydanticCustomError."""
    weights = given.get("weights")
    if weights is None:
        return None
    if (
        not isinstance(weights, (list, tuple))
        or len(weights) != count
        or not all(_is_finite(weight) and weight >= 0 for weight in weights)
        or sum(weights) <= 0
    ):
        raise problem("distribution", f"weights must be {count} numbers >= 0, one for each choice, not all zero")
    return tuple(float(weight) for weight in weights)


def read_distribution(given: dict[Any, Any]) -> Distribution:
    """Distribution from its YAML mapping. Raises PydanticCustomError with what is accepted."""
    kinds = [key for key in given if key in Distribution.KINDS]
    unknown = [str(key) for key in given if key not in (*Distribution.KINDS, "weights")]
    if len(kinds) != 1 or unknown or ("weights" in given and kinds[0] != "choice"):
        hint = did_you_mean(unknown[0], Distribution.KINDS) if unknown else ""
        raise problem(
            "distribution",
            "a distribution is one of uniform: [low, high], log_uniform: [low, high], normal: [mean, deviation], "
            f"integer: [low, high], choice: [a, b, ...] (with optional weights).{hint}",
        )
    kind, values = kinds[0], given[kinds[0]]
    if not isinstance(values, (list, tuple)) or not values:
        raise problem("distribution", f"{kind} takes a list of values")
    if kind == "choice":
        read = tuple(read_distribution(value) if isinstance(value, dict) else value for value in values)
        return Distribution(kind, read, read_weights(given, len(values)))
    if len(values) != 2 or not all(_is_finite(value) for value in values):
        raise problem("distribution", f"{kind} takes two finite numbers")
    if kind == "normal" and values[1] < 0:
        raise problem("distribution", "the deviation of normal must be >= 0")
    if kind != "normal" and values[0] > values[1]:
        raise problem("distribution", f"{kind}: low must not exceed high")
    if kind == "log_uniform" and values[0] <= 0:
        raise problem("distribution", "log_uniform takes positive numbers")
    if kind == "integer" and not all(float(value).is_integer() for value in values):
        raise problem("distribution", "integer takes whole numbers")
    return Distribution(kind, tuple(values))


class Codec:
    """How a field is read from YAML data, written back and described: the annotation of most scenario fields."""

    def check(self, given: Any) -> Any:
        """The value to store. Raises PydanticCustomError or ValidationError."""
        raise NotImplementedError

    def write(self, value: Any) -> Any:
        """Plain data that reads back as `value`."""
        return value.to_yaml() if isinstance(value, Distribution) else value

    def schema(self) -> dict[str, Any]:
        """JSON schema of what may be given."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.check, serialization=core_schema.plain_serializer_function_ser_schema(self.write)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self.schema()


def choice_schema(value: dict[str, Any]) -> dict[str, Any]:
    """JSON schema of `{choice: [...], weights: [...]}` over values of the schema `value`."""
    return {
        "type": "object",
        "properties": {
            "choice": {"type": "array", "items": value, "minItems": 1},
            "weights": {"type": "array", "items": {"type": "number", "minimum": 0}},
        },
        "required": ["choice"],
        "additionalProperties": False,
    }


@dataclass(frozen=True, slots=True)
class Quantity(Codec):
    """Annotation of a numeric field: unit and allowed range; accepts a number or a Distribution within the range."""

    unit: str
    ge: float = -math.inf
    le: float = math.inf
    whole: bool = False

    def check(self, given: Any) -> Any:
        """A float (an int when `whole`) or a Distribution of such."""
        if isinstance(given, dict):
            given = read_distribution(given)
        if not isinstance(given, Distribution):
            return self._number(given)
        if given.kind == "choice":
            return given.map(self.check)
        if self.whole and given.kind != "integer":
            raise problem("number", "a whole number takes the distributions integer: [low, high] or choice: [...]")
        low, high = given.support()
        if low < self.ge or high > self.le:
            raise problem("range", f"must be {self.range_text()}; {given.kind} reaches from {low:g} to {high:g}")
        return given

    def _number(self, given: Any) -> float | int:
        if not is_number(given):
            unit = f" in {self.unit}" if self.unit else ""
            raise problem("number", f"must be a number{unit} or a distribution{written_number(given, self.unit)}")
        if not _is_finite(given):
            raise problem("number", "must be finite")
        if self.whole and not float(given).is_integer():
            raise problem("number", "must be a whole number")
        if not self.ge <= given <= self.le:
            raise problem("range", f"must be {self.range_text()}, not {given:g}")
        return int(given) if self.whole else float(given)

    def range_text(self) -> str:
        """Such as "between 0 and 200 mm/h"."""
        unit = f" {self.unit}" if self.unit else ""
        if math.isinf(self.le):
            return f"at least {self.ge:g}{unit}" if not math.isinf(self.ge) else f"a number{unit}"
        return f"between {self.ge:g} and {self.le:g}{unit}" if not math.isinf(self.ge) else f"at most {self.le:g}{unit}"

    def schema(self) -> dict[str, Any]:
        """JSON schema: a number in range, or a distribution."""
        number: dict[str, Any] = {"type": "integer" if self.whole else "number"}
        if not math.isinf(self.ge):
            number["minimum"] = self.ge
        if not math.isinf(self.le):
            number["maximum"] = self.le
        pair = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
        kinds = ("integer",) if self.whole else Distribution.KINDS[:-1]
        ranged = [
            {"type": "object", "properties": {kind: pair}, "required": [kind], "additionalProperties": False}
            for kind in kinds
        ]
        return {"anyOf": [number, *ranged, choice_schema({"anyOf": [number, *ranged]})]}


def written_number(given: Any, unit: str) -> str:
    """For text such as "12 mm/h" or "2 km": what to write in its place where `unit` is meant."""
    found = re.fullmatch(r"\s*([-+]?\d+(?:\.\d*)?)\s*([A-Za-z%°/·^0-9 ]*)", given) if isinstance(given, str) else None
    if found is None:
        return ""
    factor, target = UNITS.get(_plain_unit(found[2]), (1.0, ""))
    number = f"{float(found[1]) * factor:.4g}" if target == _plain_unit(unit) else found[1]
    return f": the key names the unit, so write the number alone, such as {number}"


def _plain_unit(unit: str) -> str:
    """As in a key: "mps" for "m/s"."""
    letters = re.sub(r"[^a-z]", "", unit.lower())
    return "mps" if letters == "ms" and "/" in unit else letters


@dataclass(frozen=True, slots=True)
class Clock(Codec):
    """Annotation of a time of day in hours: a number 0..24, text "HH:MM", or a distribution of either."""

    def check(self, given: Any) -> Any:
        """Hours as a float, or a Distribution of hours."""
        return Quantity("h", ge=0.0, le=24.0).check(self._hours(given))

    def _hours(self, given: Any) -> Any:
        if isinstance(given, dict):
            return {key: self._hours(value) for key, value in given.items()}
        if isinstance(given, list):
            return [self._hours(value) for value in given]
        if isinstance(given, str):
            found = re.fullmatch(r"(\d{1,2}):([0-5]\d)", given)
            if found is None or int(found[1]) > 24:
                raise problem("clock", 'must be a time of day "HH:MM" (or hours, such as 17.5)')
            return int(found[1]) + int(found[2]) / 60
        return given

    def schema(self) -> dict[str, Any]:
        """JSON schema: HH:MM, hours, or a distribution."""
        clock = {"anyOf": [{"type": "string", "pattern": r"^\d{1,2}:[0-5]\d$"}, {"type": "number"}]}
        pair = {"type": "array", "items": clock, "minItems": 2, "maxItems": 2}
        span = {"type": "object", "properties": {"uniform": pair}, "required": ["uniform"]}
        return {"anyOf": [clock, span, choice_schema(clock)]}


@dataclass(frozen=True, slots=True)
class Word(Codec):
    """Annotation of a text field: one of `allowed` (any text where it is empty), or a `choice` of such.

    Whole numbers are read as text, so that a road id needs no quotes.
    """

    allowed: tuple[str, ...] = ()
    pattern: str = ""
    meaning: str = "text"

    def check(self, given: Any) -> Any:
        """The text, or a Distribution of kind `choice`."""
        if isinstance(given, dict):
            given = read_distribution(given)
        if isinstance(given, Distribution):
            if given.kind != "choice":
                raise problem("word", "text takes only the distribution choice: [...]")
            return given.map(self.check)
        if isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        if not isinstance(given, str):
            raise problem("word", f"must be {self._meaning()}, or a choice of such")
        if self.allowed and given not in self.allowed:
            raise problem("word", f'"{given[:80]}" is not {self._meaning()}.{did_you_mean(given, self.allowed)}')
        if self.pattern and not re.fullmatch(self.pattern, given):
            raise problem("word", f'"{given[:80]}" is not {self._meaning()}')
        return given

    def _meaning(self) -> str:
        return f"one of {listed(self.allowed)}" if self.allowed else self.meaning

    def schema(self) -> dict[str, Any]:
        """JSON schema: the words, or a choice of them."""
        word: dict[str, Any] = {"enum": list(self.allowed)} if self.allowed else {"type": "string"}
        if self.pattern:
            word["pattern"] = f"^(?:{self.pattern})$"
        return {"anyOf": [word, choice_schema(word)]}


@dataclass(frozen=True, slots=True)
class Flag(Codec):
    """Annotation of a yes/no field: true, false, or a `choice` of them."""

    def check(self, given: Any) -> Any:
        """A bool, or a Distribution of kind `choice`."""
        if isinstance(given, dict):
            given = read_distribution(given)
        if isinstance(given, Distribution) and given.kind == "choice":
            return given.map(self.check)
        if not isinstance(given, bool):
            raise problem("flag", "must be true or false, or a choice of them")
        return given

    def schema(self) -> dict[str, Any]:
        """JSON schema: a boolean, or a choice."""
        return {"anyOf": [{"type": "boolean"}, choice_schema({"type": "boolean"})]}


Metres = Annotated[float, Quantity("m", ge=0.0, le=1e6)]
SignedMetres = Annotated[float, Quantity("m", ge=-1e6, le=1e6)]
MetresPerSecond = Annotated[float, Quantity("m/s", ge=-120.0, le=120.0)]
MetresPerSecond2 = Annotated[float, Quantity("m/s^2", ge=0.0, le=20.0)]
Seconds = Annotated[float, Quantity("s", ge=0.0, le=3600.0)]
Kilograms = Annotated[float, Quantity("kg", ge=0.01, le=100_000.0)]
Degrees = Annotated[float, Quantity("deg", ge=-360.0, le=360.0)]
Fraction = Annotated[float, Quantity("", ge=0.0, le=1.0)]
Count = Annotated[int, Quantity("", ge=0, le=100_000, whole=True)]
Text = Annotated[str, Word()]


def OneOf(*allowed: str) -> Word:
    """Annotation of a name field: `body: Annotated[str, OneOf("sedan", "suv")]`; short for `Word`."""
    return Word(allowed)
