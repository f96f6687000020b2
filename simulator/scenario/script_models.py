"""A scripted scenario as plain validated data: who is where, and what happens when.

    about: The car ahead brakes.
    parameters: {ego_kmh: 50, gap_m: 40}
    road: {kind: straight, length_m: 600}
    duration_s: 12
    actors:
      ego: {kind: car, lane: -1, s_m: 20, speed_kmh: $ego_kmh}
      lead: {kind: car, of: ego, ahead_m: "${$gap_m + 4.4}", speed_kmh: $ego_kmh}
    story:
      - {name: brake, actor: lead, when: {time_s: 2}, do: {kind: stop, deceleration_mps2: 6}}

Speeds are in km/h, as test protocols give them. Conditions of one `when` hold together; of a list, any. Distances, time
gaps and times to collision are between bounding boxes. An actor without events keeps its lane and speed, the ego too:
it stands for whatever is under test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import Field

from simulator.errors import did_you_mean
from simulator.scenario.block import Block, each
from simulator.scenario.distributions import (
    Codec,
    Distribution,
    Flag,
    Quantity,
    Word,
    is_number,
    problem,
    written_number,
)
from simulator.scenario.entries import inlined
from simulator.scenario.models import RoadSpec
from simulator.scenario.script_kinds import KINDS
from simulator.storyboard.model import DynamicsShape

_SHAPES = get_args(DynamicsShape)
_MEASURES = ("distance_m", "headway_s", "ttc_s")  # up to an actor or a place
_STATES = ("slower_kmh", "faster_kmh", "stands_s", "travelled_m", "touches")  # of an actor
LIGHTS = {
    "indicator_left": "indicatorLeft",
    "indicator_right": "indicatorRight",
    "warning": "warningLights",
    "brake": "brakeLights",
    "low_beam": "lowBeam",
    "high_beam": "highBeam",
    "reversing": "reversingLights",
}


class Number(Quantity):
    """A `Quantity` that is one number: a script is varied by its parameters."""

    def check(self, given: Any) -> float | int:
        """A float, or an int when `whole`."""
        if isinstance(given, dict):
            raise problem("number", "must be one number, no distribution; declare it under parameters to change it")
        if not is_number(given):
            unit = f" in {self.unit}" if self.unit else ""
            raise problem("number", f"must be a number{unit}{written_number(given, self.unit)}")
        return super().check(given)  # type: ignore[no-any-return]

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
Shape = Annotated[str, Word(_SHAPES)]


class Spot(Block):
    """A place: on a lane, beside a road's reference line, relative to an actor, or in world coordinates."""

    road: Annotated[str, Word()] | None = None
    """Id of the road; null: the first of the network."""
    lane: Lanes | None = None
    """OpenDRIVE id of the lane."""
    s_m: Metres | None = None
    """Road coordinate s."""
    lateral_m: SignedMetres = 0.0
    """To the left of the centre of the lane, seen along s, in whichever direction its traffic goes."""
    t_m: SignedMetres | None = None
    """Road coordinate t, in place of a lane."""
    of: Name | None = None
    """The actor from which the next three are counted."""
    ahead_m: SignedMetres = 0.0
    """Along its lane, or with `left_m` along its heading."""
    lanes: Lanes = 0
    """Lanes to its left (negative: to the right)."""
    left_m: SignedMetres | None = None
    """To its left, in its own frame in place of its lane."""
    x_m: SignedMetres | None = None
    """World coordinate."""
    y_m: SignedMetres | None = None
    """World coordinate."""
    heading_deg: Annotated[float, Number("deg", ge=-360.0, le=360.0)] = 0.0
    """Counter-clockwise from the direction of the lane, the road (with `t_m`), the actor (`of`), or the x axis."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """No place, or two of them."""
        ways = {
            "s_m with lane or t_m": any(values.get(name) is not None for name in ("s_m", "lane", "t_m")),
            "of": values.get("of") is not None,
            "x_m with y_m": any(values.get(name) is not None for name in ("x_m", "y_m")),
        }
        pairs = (values.get("lane") is None) != (values.get("t_m") is None) and values.get("s_m") is not None
        world = values.get("x_m") is not None and values.get("y_m") is not None
        whole = {"s_m with lane or t_m": pairs, "of": True, "x_m with y_m": world}
        given = [way for way, there in ways.items() if there]
        if set(cls.model_fields) <= set(values) and (len(given) != 1 or not whole[given[0]]):
            yield (), f"needs exactly one of: {'; '.join(ways)}"


class Actor(Spot):
    """Someone or something, and where it is at the start."""

    kind: Annotated[str, Word(tuple(KINDS))]
    """What it is."""
    speed_kmh: Kmh = 0.0
    """At the start; kept while no event changes it."""
    route: tuple[Spot, ...] = ()
    """Places to pass, in this order, after the start."""
    length_m: Annotated[float, Number("m", ge=0.05, le=100.0)] | None = None
    """Null: usual for the kind."""
    width_m: Annotated[float, Number("m", ge=0.05, le=20.0)] | None = None
    """Null: usual for the kind."""
    height_m: Annotated[float, Number("m", ge=0.02, le=20.0)] | None = None
    """Null: usual for the kind."""


class When(Block):
    """What an event waits for: all of the keys that are given."""

    time_s: Seconds | None = None
    """Simulated time."""
    after: Name | None = None
    """An event that has to be over."""
    with_start_of: Name | None = None
    """An event that has to have begun."""
    of: Name | None = None
    """Whose distance, speed and so on; null: of the event's actor."""
    to: Name | None = None
    """The actor up to which distance_m, headway_s and ttc_s are measured."""
    at: Spot | None = None
    """The place up to which they are measured."""
    distance_m: Metres | None = None
    """At most so far away."""
    headway_s: Seconds | None = None
    """The distance over the own speed, at most."""
    ttc_s: Seconds | None = None
    """The distance over the closing speed, at most."""
    above: Annotated[bool, Flag()] = False
    """Turns "at most" in these three into "at least"."""
    straight: Annotated[bool, Flag()] = False
    """Whether they are measured in a straight line, not along the heading."""
    slower_kmh: Kmh | None = None
    """Speed, at most."""
    faster_kmh: Kmh | None = None
    """Speed, at least."""
    stands_s: Seconds | None = None
    """Standing for so long."""
    travelled_m: Metres | None = None
    """Distance covered since the start, at least."""
    touches: Name | None = None
    """The actor that it touches."""
    delay_s: Seconds = 0.0
    """So much later."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """No condition, or a distance to nothing."""
        measures = [name for name in _MEASURES if values.get(name) is not None]
        ends = [name for name in ("to", "at") if values.get(name) is not None]
        if not set(cls.model_fields) <= set(values):
            return
        if measures and len(ends) != 1:
            yield (measures[0],), "needs exactly one of to: (an actor) and at: (a place)"
        if values["headway_s"] is not None and values["at"] is not None:
            yield ("headway_s",), "is the time gap to an actor; give to:, or ttc_s with at:"
        if ends and not measures:
            yield (ends[0],), "goes with distance_m, headway_s or ttc_s"
        others = ("time_s", "after", "with_start_of", *_STATES)
        if not measures and all(values[name] is None for name in others):
            yield (), f"needs a condition: {', '.join((*others, *_MEASURES))}"


def _one_of(values: dict[str, Any], names: tuple[str, ...], *, needed: bool) -> Iterator[tuple[tuple[str, ...], str]]:
    given = [name for name in names if values.get(name) is not None]
    if len(given) > 1 or (needed and not given and set(names) <= set(values)):
        yield (), f"needs {'exactly' if needed else 'at most'} one of {', '.join(names)}"


class Speed(Block):
    """Change the speed."""

    speed_kmh: Kmh | None = None
    """Target; negative drives backwards."""
    of: Name | None = None
    """The actor whose speed, plus `by_kmh`, is the target."""
    by_kmh: Kmh = 0.0
    """What is added to the speed of that actor."""
    acceleration_mps2: Acceleration | None = None
    """How fast the speed changes; null, and no duration or distance: at once."""
    duration_s: Seconds | None = None
    """In which time."""
    distance_m: Metres | None = None
    """On which way."""
    shape: Shape = "linear"
    """Of the speed over time."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Two targets, or two dynamics."""
        yield from _one_of(values, ("speed_kmh", "of"), needed=True)
        yield from _one_of(values, ("acceleration_mps2", "duration_s", "distance_m"), needed=False)


class Stop(Block):
    """Brake to a standstill."""

    deceleration_mps2: Acceleration = 6.0
    """How hard."""


class LaneChange(Block):
    """Move to another lane."""

    lanes: Lanes | None = None
    """So many to the left of the own lane (negative: to the right), or of that of `of`."""
    of: Name | None = None
    """The actor whose lane counts; null: the own one."""
    lane: Lanes | None = None
    """OpenDRIVE id of the target lane."""
    lateral_m: SignedMetres = 0.0
    """Where to end, to the left of that lane's centre, seen along s."""
    duration_s: Seconds | None = None
    """In which time; null, and no distance or speed: 4 s."""
    distance_m: Metres | None = None
    """On which way."""
    lateral_mps: Annotated[float, Number("m/s", ge=0.01, le=20.0)] | None = None
    """At which speed sideways; of a sinusoidal or cubic shape the highest."""
    shape: Shape = "sinusoidal"
    """Of the way sideways over time."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Two targets, or two dynamics."""
        yield from _one_of(values, ("lanes", "lane"), needed=True)
        yield from _one_of(values, ("duration_s", "distance_m", "lateral_mps"), needed=False)


class LaneOffset(Block):
    """Move sideways within the lane."""

    lateral_m: SignedMetres
    """Where to end, to the left of the lane's centre, seen along s, or of where `of` is."""
    of: Name | None = None
    """The actor from whose offset it is counted."""
    acceleration_mps2: Acceleration | None = 0.5
    """Highest lateral acceleration; null: at once."""
    shape: Shape = "sinusoidal"
    """Of the way sideways over time."""


class KeepDistance(Block):
    """Get to a distance from an actor, and keep it where `keep`."""

    to: Name
    distance_m: Metres | None = None
    gap_s: Seconds | None = None
    keep: Annotated[bool, Flag()] = True
    """Whether it goes on for ever."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Two distances, or none."""
        yield from _one_of(values, ("distance_m", "gap_s"), needed=True)


class TimedSpot(Spot):
    """A corner of a path."""

    time_s: Seconds | None = None
    """Seconds after the start of the event at which to be there; all corners have it, or none."""


class Follow(Block):
    """Go along straight lines from corner to corner."""

    path: tuple[TimedSpot, ...]
    """At least two corners."""
    speed_kmh: Annotated[float, Number("km/h", ge=0.0, le=400.0)] | None = None
    """Null: the speed that it has, or the corners' times."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Too few corners, or times of some only."""
        path = values.get("path")
        if path is not None and len(path) < 2:
            yield ("path",), "needs at least two corners"
        timed = [corner.time_s is not None for corner in path or ()]
        if any(timed) and not all(timed):
            yield ("path",), "needs time_s at every corner, or at none"
        if any(timed) and values.get("speed_kmh") is not None:
            yield ("speed_kmh",), "contradicts the times of the path"


class Walk(Block):
    """Go straight ahead and stand still there, for people, riders and animals."""

    ahead_m: SignedMetres
    """How far, in the direction that it faces."""
    left_m: SignedMetres = 0.0
    """And to its left."""
    speed_kmh: Annotated[float, Number("km/h", ge=0.1, le=100.0)] = 5.0
    """From the first step on."""


class TakeRoute(Block):
    """Go by these places; to a single one on the shortest way."""

    via: tuple[Spot, ...]


class Synchronise(Block):
    """Arrive at a place when another actor arrives at its own."""

    to: Name
    """The other actor."""
    at: Spot
    """Its place."""
    meet: Spot
    """The own place."""
    speed_kmh: Annotated[float, Number("km/h", ge=0.0, le=400.0)] | None = None
    """The speed on arrival; null: any."""


class Teleport(Block):
    """Be elsewhere at once."""

    at: Spot


class Lights(Block):
    """Switch a lamp."""

    light: Annotated[str, Word(tuple(LIGHTS))]
    mode: Annotated[str, Word(("on", "off", "flashing"))] = "on"


class Appear(Block):
    """Come into the scene."""

    at: Spot


class Vanish(Block):
    """Leave the scene."""


Deed = (
    Speed
    | Stop
    | LaneChange
    | LaneOffset
    | KeepDistance
    | Follow
    | Walk
    | TakeRoute
    | Synchronise
    | Teleport
    | Lights
    | Appear
    | Vanish
)
DEEDS: dict[str, type[Block]] = {
    "speed": Speed,
    "stop": Stop,
    "lane_change": LaneChange,
    "lane_offset": LaneOffset,
    "keep_distance": KeepDistance,
    "follow": Follow,
    "walk": Walk,
    "route": TakeRoute,
    "synchronise": Synchronise,
    "teleport": Teleport,
    "lights": Lights,
    "appear": Appear,
    "vanish": Vanish,
}


@dataclass(frozen=True, slots=True)
class OneOrMore(Codec):
    """One mapping or a list of them, held as a tuple; of blocks `cls`, or (None) of `DEEDS` by their kind."""

    cls: type[Block] | None = None

    def check(self, given: Any) -> tuple[Block, ...]:
        """The blocks; problems are located as written."""
        if isinstance(given, tuple):
            return given
        if not isinstance(given, list):
            return (self._one(given),)
        if not given:
            raise problem("list", "is an empty list")
        return tuple(each(enumerate(given), self._one, "list"))

    def _one(self, given: Any) -> Block:
        if self.cls is not None:
            return self.cls.model_validate(given)
        if not isinstance(given, dict) or not isinstance(given.get("kind"), str):
            raise problem("action", f"must be a mapping with a kind: one of {', '.join(DEEDS)}")
        kind: str = Word(tuple(DEEDS)).check(given["kind"])
        return DEEDS[kind].model_validate({key: value for key, value in given.items() if key != "kind"})

    def write(self, value: Any) -> Any:
        """A list of mappings."""
        plain = [item.model_dump(exclude_none=True) for item in value]
        if self.cls is None:
            kinds = {cls: kind for kind, cls in DEEDS.items()}
            plain = [{"kind": kinds[type(item)], **mapping} for item, mapping in zip(value, plain)]
        return plain

    def schema(self) -> dict[str, Any]:
        """JSON schema: one, or a list."""
        if self.cls is not None:
            one = inlined(self.cls.model_json_schema())
        else:
            options = []
            for kind, cls in DEEDS.items():
                schema = inlined(cls.model_json_schema())
                properties = {"kind": {"const": kind}, **schema.get("properties", {})}
                options.append({**schema, "properties": properties, "required": ["kind", *schema.get("required", [])]})
            one = {"anyOf": options}
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


class Event(Block):
    """Something that an actor does."""

    name: Name
    """Unique, for `after` and the timeline."""
    actor: Name
    """Who."""
    when: Annotated[tuple[When, ...], OneOrMore(When)] = ()
    """The trigger: one set of conditions, or a list of which any suffices; without: at the start."""
    do: Annotated[tuple[Any, ...], OneOrMore()]
    """What: one action, or several together."""
    times: Annotated[int, Number("", ge=1, le=1000, whole=True)] = 1
    """How often at most."""
    priority: Annotated[str, Word(("parallel", "override", "skip"))] = "parallel"
    """Towards the other events of the actor; an action always ends one that moves the actor in the same direction."""


@dataclass(frozen=True, slots=True)
class Actors(Codec):
    """Annotation of the mapping `actors:`."""

    def check(self, given: Any) -> dict[str, Actor]:
        """Actors by name."""
        if not isinstance(given, dict) or not given:
            raise problem("actors", "must be a mapping of names to actors, such as ego: {kind: car, lane: -1, s_m: 20}")
        _check_names(given, "actors")
        return dict(zip(given, each(given.items(), _actor, "actors")))

    def write(self, value: Any) -> dict[str, Any]:
        """Mappings by name."""
        return {name: actor.model_dump(exclude_none=True) for name, actor in value.items()}

    def schema(self) -> dict[str, Any]:
        """JSON schema of a mapping of actors."""
        return {"type": "object", "additionalProperties": inlined(Actor.model_json_schema()), "minProperties": 1}


def _actor(given: Any) -> Actor:
    return Actor.model_validate(given)


@dataclass(frozen=True, slots=True)
class Parameters(Codec):
    """Annotation of the mapping `parameters:`, whose expressions are evaluated already."""

    def check(self, given: Any) -> dict[str, bool | int | float | str]:
        """Values by name."""
        if not isinstance(given, dict):
            raise problem("parameters", "must be a mapping of names to values")
        _check_names(given, "parameters")
        return dict(zip(given, each(given.items(), _value, "parameters")))

    def schema(self) -> dict[str, Any]:
        """JSON schema of a mapping of plain values."""
        return {"type": "object", "additionalProperties": {"type": ["number", "string", "boolean"]}}


def _check_names(given: dict[Any, Any], kind: str) -> None:
    for name in given:
        if not str(name).isidentifier() or not str(name).isascii():
            raise problem(kind, f'"{str(name)[:60]}" is no name of letters, digits and _')


def _value(given: Any) -> bool | int | float | str:
    if isinstance(given, (bool, int, float, str)):
        return given
    raise problem("parameters", "must be a number, a text, or true or false")


class Script(Block):
    """A scripted scenario; the model of its file."""

    about: Annotated[str, Word()]
    """What happens, in a sentence."""
    source: Annotated[str, Word()] = ""
    """The regulation, protocol or study that it is after."""
    parameters: Annotated[dict[str, Any], Parameters()] = Field(default_factory=dict)
    """Values that expressions `$name` and `${...}` use, later ones also of earlier ones; `--param` changes them."""
    road: RoadSpec
    """The road network: procedural, or a map."""
    duration_s: Annotated[float, Number("s", ge=0.1, le=3600.0)]
    """When it ends."""
    until: Annotated[tuple[When, ...], OneOrMore(When)] = ()
    """What ends it earlier."""
    actors: Annotated[dict[str, Actor], Actors()]
    """Who takes part, by name; the one under test is `ego`."""
    story: tuple[Event, ...] = ()
    """What happens."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Names of actors and events that there are not, or twice; distributions."""
        actors, story = values.get("actors"), values.get("story", ())
        events = [event.name for event in story]
        for number, name in enumerate(events):
            if name in events[:number]:
                yield ("story", number, "name"), f'"{name}" is the name of another event already'
        for path, key, value in _leaves({name: values[name] for name in values if name != "parameters"}, ()):
            if isinstance(value, Distribution):
                yield (*path, key), "must be one value, no distribution; declare it under parameters to change it"
            elif key in ("of", "to", "actor", "touches") and actors is not None and value not in actors:
                known = ", ".join(actors)
                yield (*path, key), f'there is no actor "{value}".{did_you_mean(value, actors)} Known: {known}'
            elif key in ("after", "with_start_of") and value not in events:
                known = ", ".join(events) or "none"
                yield (*path, key), f'there is no event "{value}".{did_you_mean(value, events)} Known: {known}'
        for number, condition in enumerate(values.get("until", ())):
            if condition.of is None and any(getattr(condition, name) is not None for name in (*_MEASURES, *_STATES)):
                yield ("until", number, "of"), "is required here"


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str, Any]]:
    """(path of the mapping, key, value) of all plain values that are given."""
    if isinstance(value, Block):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (Block, dict, tuple)):
                yield from _leaves(item, (*path, key))
            elif item is not None:
                yield path, key, item
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, number))
