"""Numbers that may be distributions. `{uniform: [1, 2]}` in YAML, `uniform(1, 2)` as a default in Python.

A field is declared `depth_m: Metres = uniform(0.03, 0.10)`: type checkers see a float, which it is once the
scenario is concrete (`sample` has replaced every distribution); before, the model holds a Distribution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True, slots=True)
class Distribution:
    """A random number or choice.

    Attributes:
        kind: `uniform` [low, high], `log_uniform` [low, high], `normal` [mean, standard deviation]
            (cut at three deviations), `integer` [low, high] inclusive, or `choice` [values].
        values: the parameters above.
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
        return min(self.values), max(self.values)

    def sample(self, rng: np.random.Generator) -> Any:
        """One draw, as a plain Python value."""
        if self.kind == "choice":
            p = None if self.weights is None else np.asarray(self.weights) / sum(self.weights)
            return self.values[int(rng.choice(len(self.values), p=p))]
        a, b = self.values
        if self.kind == "uniform":
            return float(rng.uniform(a, b))
        if self.kind == "log_uniform":
            return float(math.exp(rng.uniform(math.log(a), math.log(b))))
        if self.kind == "integer":
            return int(rng.integers(a, b, endpoint=True))
        return float(a + b * np.clip(rng.standard_normal(), -3.0, 3.0))

    def to_yaml(self) -> dict[str, Any]:
        """The mapping that reads back as this distribution."""
        out: dict[str, Any] = {self.kind: list(self.values)}
        if self.weights is not None:
            out["weights"] = list(self.weights)
        return out


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
    """One of `values`."""
    return Distribution("choice", values, weights)


def read_distribution(given: dict[Any, Any]) -> Distribution:
    """Distribution from its YAML mapping. Raises PydanticCustomError with what is accepted."""
    kinds = [key for key in given if key in Distribution.KINDS]
    rest = set(given) - set(kinds) - {"weights"}
    if len(kinds) != 1 or rest:
        raise PydanticCustomError(
            "distribution",
            "a distribution is one of uniform: [low, high], log_uniform: [low, high], normal: [mean, deviation], "
            "integer: [low, high], choice: [a, b, ...] (with optional weights)",
        )
    kind, values = kinds[0], given[kinds[0]]
    if not isinstance(values, (list, tuple)) or not values:
        raise PydanticCustomError("distribution", "{kind} takes a list of values", {"kind": kind})
    weights = given.get("weights")
    if kind == "choice":
        if weights is not None and (
            not isinstance(weights, list)
            or len(weights) != len(values)
            or not all(isinstance(w, (int, float)) and w >= 0 for w in weights)
            or sum(weights) <= 0
        ):
            raise PydanticCustomError("distribution", "weights must be as many numbers >= 0 as there are choices")
    else:
        numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v)]
        if len(values) != 2 or len(numbers) != 2:
            raise PydanticCustomError("distribution", "{kind} takes two finite numbers", {"kind": kind})
        if kind == "normal" and values[1] < 0:
            raise PydanticCustomError("distribution", "the deviation of normal must be >= 0")
        if kind != "normal" and values[0] > values[1]:
            raise PydanticCustomError("distribution", "{kind}: low must not exceed high", {"kind": kind})
        if kind == "log_uniform" and values[0] <= 0:
            raise PydanticCustomError("distribution", "log_uniform takes positive numbers")
        if kind == "integer" and not all(float(v).is_integer() for v in values):
            raise PydanticCustomError("distribution", "integer takes whole numbers")
    return Distribution(kind, tuple(values), tuple(weights) if weights is not None else None)


@dataclass(frozen=True, slots=True)
class Quantity:
    """Annotation of a numeric field: unit and allowed range; accepts a number or a Distribution within the range."""

    unit: str
    ge: float = -math.inf
    le: float = math.inf
    whole: bool = False

    def _check(self, given: Any) -> Any:
        if isinstance(given, dict):
            given = read_distribution(given)
        if isinstance(given, Distribution):
            if not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in given.values):
                raise PydanticCustomError("number", "every value of the distribution must be a number")
            low, high = given.support()
        else:
            if isinstance(given, bool) or not isinstance(given, (int, float)):
                raise PydanticCustomError(
                    "number", "must be a number{unit} or a distribution", {"unit": f" in {self.unit}" if self.unit else ""}
                )
            if not math.isfinite(given):
                raise PydanticCustomError("number", "must be finite")
            if self.whole and not float(given).is_integer():
                raise PydanticCustomError("number", "must be a whole number")
            low = high = given
        if low < self.ge or high > self.le:
            raise PydanticCustomError("range", "must be {range}", {"range": self.range_text()})
        if isinstance(given, Distribution):
            return given
        return int(given) if self.whole else float(given)

    def range_text(self) -> str:
        """Such as "between 0 and 200 mm/h"."""
        unit = f" {self.unit}" if self.unit else ""
        if math.isinf(self.le):
            return f"at least {self.ge:g}{unit}" if not math.isinf(self.ge) else f"a number{unit}"
        return f"between {self.ge:g} and {self.le:g}{unit}" if not math.isinf(self.ge) else f"at most {self.le:g}{unit}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._check,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: value.to_yaml() if isinstance(value, Distribution) else value
            ),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        number: dict[str, Any] = {"type": "integer" if self.whole else "number", "description": self.unit}
        if not math.isinf(self.ge):
            number["minimum"] = self.ge
        if not math.isinf(self.le):
            number["maximum"] = self.le
        pair = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
        ranged = [{"type": "object", "properties": {k: pair}, "required": [k]} for k in Distribution.KINDS[:-1]]
        picked = {
            "type": "object",
            "properties": {"choice": {"type": "array", "items": number}, "weights": {"type": "array"}},
            "required": ["choice"],
        }
        return {"anyOf": [number, *ranged, picked]}


Metres = Annotated[float, Quantity("m", ge=0.0, le=1e6)]
SignedMetres = Annotated[float, Quantity("m", ge=-1e6, le=1e6)]
MetresPerSecond = Annotated[float, Quantity("m/s", ge=-120.0, le=120.0)]
Seconds = Annotated[float, Quantity("s", ge=0.0, le=3600.0)]
Degrees = Annotated[float, Quantity("deg", ge=-360.0, le=360.0)]
Fraction = Annotated[float, Quantity("", ge=0.0, le=1.0)]
Count = Annotated[int, Quantity("", ge=0, le=100_000, whole=True)]
