"""Words of scripted scenarios: numbers with their units, names, places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, get_args

from simulator.scenario.block import Block
from simulator.scenario.distributions import Codec, Quantity, Word, is_number, problem, written_number
from simulator.scenario.script_standard import POSITIONS, OneElement, as_text
from simulator.storyboard.model import DynamicsShape


class Number(Quantity):
    """A `Quantity` that is one number: a script is varied by its parameters."""

    def check(self, given: Any) -> float | int:
        """A float, or an int when `whole`."""
        if isinstance(given, dict):
            raise problem("number", "must be one number, no distribution; declare it under parameters to change it")
        if not is_number(given):
            unit = f" in {self.unit}" if self.unit else ""
            raise problem("number", f"must be a number{unit}{written_number(given, self.unit)}")
        number: float | int = super().check(given)
        return number

    def schema(self) -> dict[str, Any]:
        """JSON schema: a number in range, or an expression."""
        number: dict[str, Any] = super().schema()["anyOf"][0]
        return {"anyOf": [number, {"type": "string", "pattern": r"^\$"}]}


Name = Annotated[str, Word(pattern=r"[A-Za-z_][A-Za-z0-9_]{0,60}", meaning="a name of letters, digits and _")]
Metres = Annotated[float, Number("m", ge=0.0, le=1e5)]
SignedMetres = Annotated[float, Number("m", ge=-1e5, le=1e5)]
Seconds = Annotated[float, Number("s", ge=0.0, le=3600.0)]
Kmh = Annotated[float, Number("km/h", ge=-400.0, le=400.0)]
Acceleration = Annotated[float, Number("m/s^2", ge=0.01, le=100.0)]
Lanes = Annotated[int, Number("", ge=-99, le=99, whole=True)]
DATE_TIME = Word(
    pattern=r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?",
    meaning="a date and time YYYY-MM-DDThh:mm",
)
Shape = Annotated[str, Word(get_args(DynamicsShape))]


@dataclass(frozen=True, slots=True)
class Value(Codec):
    """Annotation of a number, a text, or true or false."""

    def check(self, given: Any) -> bool | int | float | str:
        """The value as it is."""
        if isinstance(given, (bool, int, float, str)):
            return given
        raise problem("value", "must be a number, a text, or true or false")

    def schema(self) -> dict[str, Any]:
        """JSON schema of a plain value."""
        return {"type": ["number", "string", "boolean"]}


@dataclass(frozen=True, slots=True)
class Texts(Codec):
    """Annotation of a mapping of texts to texts; numbers count as texts."""

    def check(self, given: Any) -> dict[str, str]:
        """Texts by text."""
        pairs = given.items() if isinstance(given, dict) else [(None, None)]
        if not all(isinstance(value, (str, int, float)) for pair in pairs for value in pair):
            raise problem("texts", 'must be a mapping of texts to texts, such as {"17": red}')
        return {str(key): as_text(value) for key, value in given.items()}

    def schema(self) -> dict[str, Any]:
        """JSON schema of a mapping of texts."""
        return {"type": "object", "additionalProperties": {"type": "string"}}


class Spot(Block):
    """A place: on a lane, beside a road's or another line, relative to an actor, or in coordinates of the world."""

    road: Annotated[str, Word()] | None = None
    """Id of the road; null: the first of the network."""
    along: Name | None = None
    """One of `routes:` or `paths:` along which s_m counts from its start, in place of a road; paths have no lanes."""
    lane: Lanes | None = None
    """OpenDRIVE id of the lane."""
    s_m: Metres | None = None
    """Road coordinate s."""
    lateral_m: SignedMetres = 0.0
    """To the left of the centre of the lane, seen along s, in whichever direction its traffic goes."""
    t_m: SignedMetres | None = None
    """Road coordinate t, in place of a lane; with `of` what is added to that of the actor, as `ahead_m` to its s."""
    of: Name | None = None
    """The actor from which the next three, t_m, or x_m and y_m are counted; with `along` its own place there."""
    ahead_m: SignedMetres = 0.0
    """Along its lane, or with `left_m` along its heading."""
    lanes: Lanes = 0
    """Lanes to its left (negative: to the right)."""
    left_m: SignedMetres | None = None
    """To its left, in its own frame in place of its lane."""
    x_m: SignedMetres | None = None
    """World coordinate, or with `of` the distance from the actor along that axis."""
    y_m: SignedMetres | None = None
    """World coordinate."""
    z_m: SignedMetres | None = None
    """World coordinate; null: on the road."""
    latitude_deg: Annotated[float, Number("deg", ge=-90.0, le=90.0)] | None = None
    """North, on a map with a geoReference."""
    longitude_deg: Annotated[float, Number("deg", ge=-180.0, le=180.0)] | None = None
    """East."""
    heading_deg: Annotated[float, Number("deg", ge=-360.0, le=360.0)] | None = None
    """Counter-clockwise from the direction of the lane, the line (with `t_m`), the actor (`of`), or the x axis; null:
    0, and at a corner of a path along it."""
    openscenario: Annotated[dict[str, Any], OneElement(POSITIONS)] | None = None
    """Any place in the words of OpenSCENARIO XML, in place of all of these: {WorldPosition: {x: 4, y: 2, p: 0.1}}."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """No place, or two of them."""

        def given(*names: str) -> list[bool]:
            return [values.get(name) is not None for name in names]

        world, globe, of, along = given("x_m", "y_m"), given("latitude_deg", "longitude_deg"), *given("of", "along")
        s, lane, t, left = given("s_m", "lane", "t_m", "left_m")
        ways = {
            "s_m with lane or t_m": (s or lane or (t and not of), s and (lane + t == 1 or (along and not (lane or t)))),
            "of": (of, lane + t + left + any(world) + along <= 1 and all(world) == any(world) and not s),
            "x_m with y_m": (any(world) and not of, all(world)),
            "latitude_deg with longitude_deg": (any(globe), all(globe)),
            "openscenario": (values.get("openscenario") is not None, True),
        }
        if along and (values.get("road") is not None or (not s and not of)):
            yield ("along",), "goes with s_m or of, and without road"
        if values.get("z_m") is not None and not all(world):
            yield ("z_m",), "goes with x_m and y_m"
        there = [way for way, (begun, _) in ways.items() if begun]
        if set(cls.model_fields) <= set(values) and (len(there) != 1 or not ways[there[0]][1]):
            yield (), f"needs exactly one of: {'; '.join(ways)}"


def one_of(values: dict[str, Any], names: tuple[str, ...], *, needed: bool) -> Iterator[tuple[tuple[str, ...], str]]:
    """The contradiction of a block in which more than one of some fields is given, or where one is `needed` none."""
    given = [name for name in names if values.get(name) is not None]
    if len(given) > 1 or (needed and not given and set(names) <= set(values)):
        yield (), f"needs {'exactly' if needed else 'at most'} one of {', '.join(names)}"


def unlike(values: dict[str, Any], name: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The contradiction of a block whose list of actors is empty, or names one twice."""
    given = values.get(name)
    if given == ():
        yield (name,), "needs at least one actor"
    twice = next((item for item, count in Counter(given or ()).items() if count > 1), None)
    if twice is not None:
        yield (name,), f'names "{twice}" twice'


def no_such_time(values: dict[str, Any], name: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The contradiction of a block whose field is a date and time that there is not."""
    given = values.get(name)
    if given is not None:
        try:
            datetime.fromisoformat(given)
        except ValueError:
            yield (name,), f'"{given}" does not exist'
