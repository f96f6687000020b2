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

Speeds are in km/h, as test protocols give them. Conditions of one `when` hold together; of a list, any; they are of the
event's actor unless `of`, `any_of` or `all_of` says of whom. Distances, time gaps and times to collision are between
bounding boxes. Several `actors` of an event all do it. An actor without events keeps its lane and speed, the ego too:
it stands for whatever is under test. `environment` is light and weather at the start, `signals` are controllers of
traffic signals; events without an actor change them. `variables` are values that events set and wait for; `acts` are
parts of the story with a beginning and an end of their own; `routes` and `paths` are lines by name:

    variables: {warned: false}
    acts: {approach: {until: {time_s: 5}}, encounter: {when: {variable: warned, equals: true}}}
    routes: {detour: [{road: "1", lane: -1, s_m: 0}, {road: "7", lane: -1, s_m: 60}]}
    paths: {swerve: [{of: ego}, {of: ego, ahead_m: 20, left_m: 2}, {of: ego, ahead_m: 60}]}

Catalogs of OpenSCENARIO XML are named by `catalogs:` and used by `entry:` (`script_catalogs`). Deeds, conditions and
places for which there is no word here are said in those of OpenSCENARIO XML (`script_standard`):

    when: {openscenario: {TraveledDistanceCondition: {value: 90}}, edge: rising}
    do: {kind: openscenario, action: {TeleportAction: {Position: {WorldPosition: {x: 9, y: -2, p: 0.02}}}}}
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from simulator.errors import did_you_mean, listed
from simulator.scenario.block import Block, each
from simulator.scenario.distributions import Codec, Distribution, Flag, Word, problem
from simulator.scenario.entries import inlined
from simulator.scenario.models import RoadSpec
from simulator.scenario.script_catalogs import FromCatalog, Taken
from simulator.scenario.script_controls import Driver
from simulator.scenario.script_deeds import DEEDS, Environment, SignalPhase, is_of_one, is_worldly
from simulator.scenario.script_kinds import KINDS, TOWING
from simulator.scenario.script_lines import TimedSpot, wrong_corners
from simulator.scenario.script_terms import Kmh, Name, Number, Seconds, Spot, Texts, Value, one_of, unlike
from simulator.scenario.script_when import When

_WORDS_OF_THE_STANDARD = ("openscenario", "action")  # whose names are checked when they are records
_DECLARED = ("variable", "parameter", "monitor")
_NAMES_OF_ACTORS = ("actors", "any_of", "all_of", "of", "to", "actor", "touches", "draws", "around", "trailer")


class Actor(Spot):
    """Someone or something, and where it is at the start."""

    kind: Annotated[str, Word(tuple(KINDS))] | None = None
    """What it is."""
    entry: Taken | None = None
    """A vehicle, pedestrian or object of a catalog in place of a kind, of the size that it has there."""
    controller: Driver | None = None
    """What is to drive it, once an event `control` says so."""
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
    draws: Name | None = None
    """The trailer, another actor, that hangs on it from the start; where that one is placed does not matter then."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """No kind, or two; another size than that of the catalog."""
        yield from super().contradictions(values)
        if {"kind", "entry"} <= set(values) and values["kind"] is None and values["entry"] is None:
            yield ("kind",), f"is required (or entry, of a catalog): one of {listed(KINDS)}"
        for name in ("kind", "length_m", "width_m", "height_m", "draws"):
            if values.get("entry") is not None and values.get(name) is not None:
                yield (name,), "contradicts entry: what it is, is said by the catalog"


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
            raise problem("action", f"must be a mapping with a kind: one of {listed(DEEDS)}")
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


@dataclass(frozen=True, slots=True)
class Named(Codec):
    """Annotation of a mapping of names to blocks `cls`; `example`: at least one is needed, and how one looks."""

    cls: type[Block]
    title: str
    example: str = ""

    def check(self, given: Any) -> dict[str, Any]:
        """Blocks by name."""
        if not isinstance(given, dict) or (self.example and not given):
            such = f", such as {self.example}" if self.example else ""
            raise problem(self.title, f"must be a mapping of names to {self.title}{such}")
        _check_names(given, self.title)
        return dict(zip(given, each(given.items(), self.cls.model_validate, self.title)))

    def write(self, value: Any) -> dict[str, Any]:
        """Mappings by name."""
        return {name: block.model_dump(exclude_none=True) for name, block in value.items()}

    def schema(self) -> dict[str, Any]:
        """JSON schema of a mapping of blocks."""
        schema = {"type": "object", "additionalProperties": inlined(self.cls.model_json_schema())}
        return {**schema, "minProperties": 1} if self.example else schema


class Event(Block):
    """Something that an actor does."""

    name: Name
    """Unique, for `after` and the timeline."""
    actor: Name | None = None
    """Who; null for what happens to the world: environment, signal and signal_phase."""
    actors: tuple[Name, ...] | None = None
    """Several in its place, who all do it."""
    triggering: Annotated[bool, Flag()] = False
    """Whether those do it too whose conditions let its act begin."""
    when: Annotated[tuple[When, ...], OneOrMore(When)] = ()
    """The trigger: one set of conditions, or a list of which any suffices; without: at the start."""
    do: Annotated[tuple[Any, ...], OneOrMore()] = ()
    """What: one action, or several together."""
    entry: Taken | None = None
    """A maneuver of a catalog in its place, whose events have triggers and priorities of their own."""
    times: Annotated[int, Number("", ge=1, le=1000, whole=True)] = 1
    """How often at most."""
    act: Name | None = None
    """One of `acts:`; null: the act that begins at the start and has no end."""
    priority: Annotated[str, Word(("parallel", "override", "skip"))] = "parallel"
    """Towards the other events of the actor; an action always ends one that moves the actor in the same direction."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Nothing to do, or nobody who does it."""
        if not {"actor", "actors", "triggering"} <= set(values):
            return
        yield from one_of(values, ("actor", "actors"), needed=False)
        yield from unlike(values, "actors")
        if values["triggering"] and values.get("act", "") is None:
            yield ("triggering",), "goes with act"
        yield from cls._what(values)
        if values["actor"] is None and values["actors"] is None and not values["triggering"]:
            if values.get("entry") is not None:
                yield ("actor",), "is required"
            if any(not is_worldly(deed) for deed in values.get("do", ())):
                yield ("actor",), "is required"
            for number, when in enumerate(values.get("when", ())):
                if when.needs_actor:
                    yield ("when", number, "of"), "is required here"

    @staticmethod
    def _what(values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        entry = values.get("entry")
        if "do" in values and not values["do"] and "entry" in values and entry is None:
            yield ("do",), "is required (or entry, a maneuver of a catalog)"
        if entry is not None and values.get("do"):
            yield ("do",), "contradicts entry: what is done is said by the catalog"
        if entry is not None and values.get("when"):
            yield ("when",), "contradicts entry, whose events have triggers; give it an act: that has when:"
        if entry is not None and values.get("priority", "parallel") != "parallel":
            yield ("priority",), "contradicts entry, whose events have priorities of their own"
        if values["triggering"] and any(is_of_one(deed) for deed in values.get("do", ())):
            yield ("triggering",), "needs deeds that do not refer to who does them; give of:, or actors:"

    @property
    def cast(self) -> tuple[str, ...]:
        """Those who are named to do it."""
        return self.actors or (() if self.actor is None else (self.actor,))


class Act(Block):
    """A part of the story; its events are those that name it."""

    when: Annotated[tuple[When, ...], OneOrMore(When)] = ()
    """When it begins; without: at the start. Until then its events wait for nothing."""
    until: Annotated[tuple[When, ...], OneOrMore(When)] = ()
    """What ends it, with all of its events."""


class Phase(Block):
    """A phase of a controller of traffic signals."""

    name: Annotated[str, Word()]
    duration_s: Annotated[float, Number("s", ge=0.1, le=3600.0)]
    signals: Annotated[dict[str, str], Texts()] = Field(default_factory=dict)
    """State by id of the signal, as the deed `signal` has it."""
    all: Annotated[str, Word()] | None = None
    """State of all signals that the road network's controller of this name has."""


class SignalController(Block):
    """Phases one after the other, over and over."""

    phases: tuple[Phase, ...]
    delay_s: Seconds = 0.0
    """After the start, or after the cycle of the controller `after` begins."""
    after: Name | None = None


@dataclass(frozen=True, slots=True)
class Parameters(Codec):
    """Annotation of the mapping `parameters:`, whose expressions are evaluated already."""

    def check(self, given: Any) -> dict[str, bool | int | float | str]:
        """Values by name."""
        if not isinstance(given, dict):
            raise problem("parameters", "must be a mapping of names to values")
        _check_names(given, "parameters")
        return dict(zip(given, each(given.items(), Value().check, "parameters")))

    def schema(self) -> dict[str, Any]:
        """JSON schema of a mapping of plain values."""
        return {"type": "object", "additionalProperties": {"type": ["number", "string", "boolean"]}}


def _check_names(given: dict[Any, Any], kind: str) -> None:
    for name in given:
        if not str(name).isidentifier() or not str(name).isascii():
            raise problem(kind, f'"{str(name)[:60]}" is no name of letters, digits and _')


@dataclass(frozen=True, slots=True)
class Truths(Codec):
    """Annotation of a mapping of names to true or false."""

    def check(self, given: Any) -> dict[str, bool]:
        """Truths by name."""
        if not isinstance(given, dict):
            raise problem("monitors", "must be a mapping of names to true or false")
        _check_names(given, "monitors")
        return dict(zip(given, each(given.items(), Flag().check, "monitors")))

    def schema(self) -> dict[str, Any]:
        """JSON schema of a mapping of truths."""
        return {"type": "object", "additionalProperties": {"type": "boolean"}}


@dataclass(frozen=True, slots=True)
class Lines(Codec):
    """Annotation of a mapping of names to lists of at least two places, or to entries of catalogs."""

    place: type[Spot]

    def check(self, given: Any) -> dict[str, tuple[Spot, ...] | FromCatalog]:
        """Places, or the entry, by name."""
        if not isinstance(given, dict):
            raise problem("lines", "must be a mapping of names to lists of places")
        _check_names(given, "lines")
        return dict(zip(given, each(given.items(), self._line, "lines")))

    def _line(self, given: Any) -> tuple[Spot, ...] | FromCatalog:
        if isinstance(given, (tuple, FromCatalog)):
            return given
        if isinstance(given, dict):
            return FromCatalog.model_validate(given)
        if not isinstance(given, list) or len(given) < 2:
            raise problem("lines", "must be a list of at least two places, or {entry: CATALOG/ENTRY}")
        return tuple(each(enumerate(given), self.place.model_validate, "list"))

    def write(self, value: Any) -> dict[str, Any]:
        """Lists of mappings by name."""
        plain = {name: line for name, line in value.items() if isinstance(line, tuple)}
        taken = {name: line.model_dump() for name, line in value.items() if name not in plain}
        return {name: [spot.model_dump(exclude_none=True) for spot in line] for name, line in plain.items()} | taken

    def schema(self) -> dict[str, Any]:
        """JSON schema of a mapping of lists."""
        items = inlined(self.place.model_json_schema())
        taken = inlined(FromCatalog.model_json_schema())
        return {
            "type": "object",
            "additionalProperties": {"anyOf": [{"type": "array", "items": items, "minItems": 2}, taken]},
        }


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
    catalogs: tuple[Annotated[str, Word()], ...] = ()
    """Folders and files with catalogs of OpenSCENARIO XML, for all that has an `entry`."""
    actors: Annotated[dict[str, Actor], Named(Actor, "actors", "ego: {kind: car, lane: -1, s_m: 20}")]
    """Who takes part, by name; the one under test is `ego`."""
    environment: Environment | None = None
    """Light and weather at the start."""
    signals: Annotated[dict[str, SignalController], Named(SignalController, "signals")] = Field(default_factory=dict)
    """Controllers of traffic signals, by name."""
    variables: Annotated[dict[str, Any], Parameters()] = Field(default_factory=dict)
    """Values at the start that the deed `set_variable` changes and conditions look at."""
    monitors: Annotated[dict[str, bool], Truths()] = Field(default_factory=dict)
    """Whether something has happened, at the start; the deed `set_monitor` changes it."""
    routes: Annotated[dict[str, tuple[Spot, ...] | FromCatalog], Lines(Spot)] = Field(default_factory=dict)
    """Ways over the road network, by name, each by the shortest way from place to place."""
    paths: Annotated[dict[str, tuple[TimedSpot, ...] | FromCatalog], Lines(TimedSpot)] = Field(default_factory=dict)
    """Straight lines from corner to corner, by name."""
    acts: Annotated[dict[str, Act], Named(Act, "acts")] = Field(default_factory=dict)
    """Parts of the story, by name."""
    story: tuple[Event, ...] = ()
    """What happens."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Names of actors and events that there are not, or twice; distributions."""
        actors, story = values.get("actors"), values.get("story", ())
        events = [event.name for event in story]
        acts = values.get("acts", {})
        for number, name in enumerate(events):
            if name in events[:number] or name in acts:
                other = "an act" if name in acts else "another event"
                yield ("story", number, "name"), f'"{name}" is the name of {other} already'
        for path, key, value in _leaves({name: values[name] for name in values if name != "parameters"}, ()):
            if isinstance(value, Distribution):
                yield (*path, key), "must be one value, no distribution; declare it under parameters to change it"
            elif path[:1] == ("signals",) or path[-1:] == ("settings",):
                continue
            elif key in _NAMES_OF_ACTORS and actors is not None and value not in actors:
                yield (*path, key), _unknown("actor", value, actors)
            elif key in ("after", "with_start_of") and value not in events and value not in acts:
                yield (*path, key), _unknown("event", value, [*events, *acts])
            elif key in ("after", "with_start_of") and path[0] == "story" and value == events[int(path[1])]:
                yield (*path, key), "waits for itself, so it never begins"
        for path, conditions in _triggers(values.get("until", ()), acts):
            for number, condition in enumerate(conditions):
                if condition.needs_actor:
                    yield (*path, number, "of"), "is required here"
        yield from _names(values, acts, story)
        yield from _trailers(actors or {})
        yield from _phases(values.get("signals", {}), values.get("until", ()), acts, story)


def _triggers(
    until: tuple[When, ...], acts: dict[str, Act], story: tuple[Event, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], tuple[When, ...]]]:
    """Conditions of the end, of acts and of events, and where they stand."""
    yield ("until",), until
    for name, act in acts.items():
        yield ("acts", name, "when"), act.when
        yield ("acts", name, "until"), act.until
    for number, event in enumerate(story):
        yield ("story", number, "when"), event.when


def _names(
    values: dict[str, Any], acts: dict[str, Act], story: tuple[Event, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Acts, variables, routes and paths that there are not, or that nobody can use."""
    routes, paths = values.get("routes", {}), values.get("paths", {})
    for number, event in enumerate(story):
        if event.act is not None and event.act not in acts:
            yield ("story", number, "act"), _unknown("act", event.act, acts)
    for name in acts:
        if all(event.act != name for event in story):
            yield ("acts", name), "has no event; events name it by act:"
    for name, path in paths.items():
        if isinstance(path, tuple):
            yield from ((("paths", name), text) for text in wrong_corners(path))
        if name in routes:
            yield ("paths", name), "is the name of a route already"
    parts = ("actors", "until", "acts", "story", "routes", "paths")
    for path, key, value in _leaves({name: values.get(name, ()) for name in parts}, ()):
        if key == "along" and path[0] in ("routes", "paths"):
            yield (*path, key), "cannot be used here: no line is made of another"
        elif path[-1:] == ("settings",):
            continue
        elif key in _DECLARED and value not in (known := values.get(f"{key}s", {})):
            yield (*path, key), _unknown(key, value, known)
        elif key == "along" and value not in routes and value not in paths:
            yield (*path, key), _unknown("route or path", value, [*routes, *paths])


def _trailers(actors: dict[str, Actor]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Trailers that are none, or hang on two actors."""
    drawn: dict[str, str] = {}
    for name, actor in actors.items():
        if actor.draws is None or actor.draws not in actors:
            continue
        if actor.kind not in TOWING or actors[actor.draws].kind not in ("trailer", "semitrailer"):
            yield ("actors", name, "draws"), f"must be a trailer or semitrailer, drawn by one of {', '.join(TOWING)}"
        if actor.draws in drawn or actor.draws == name:
            yield ("actors", name, "draws"), f'"{actor.draws}" hangs on {drawn.get(actor.draws, "itself")} already'
        drawn[actor.draws] = name


def _phases(
    signals: dict[str, SignalController], until: tuple[When, ...], acts: dict[str, Act], story: tuple[Event, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Controllers and phases that there are not."""
    for name, controller in signals.items():
        if controller.after is not None and controller.after not in signals:
            yield ("signals", name, "after"), _unknown("controller", controller.after, signals)
    for number, event in enumerate(story):
        for k, deed in enumerate(event.do):
            if isinstance(deed, SignalPhase):
                yield from _phase(("story", number, "do", k), deed.controller, deed.phase, signals)
    for path, conditions in _triggers(until, acts, story):
        for number, when in enumerate(conditions):
            if when.controller is not None and when.phase is not None:
                yield from _phase((*path, number), when.controller, when.phase, signals)


def _phase(
    path: tuple[str | int, ...], controller: str, phase: str, signals: dict[str, SignalController]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if controller not in signals:
        yield (*path, "controller"), _unknown("controller", controller, signals)
    elif phase not in (names := [each.name for each in signals[controller].phases]):
        yield (*path, "phase"), _unknown("phase", phase, names)


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    return f'there is no {what} "{name}".{did_you_mean(name, known)} Known: {listed(known)}'


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str, Any]]:
    """(path of the mapping, key, value) of all plain values that are given."""
    if isinstance(value, Block):
        own = (name for name in type(value).model_fields if name not in _WORDS_OF_THE_STANDARD)
        value = {name: getattr(value, name) for name in own}
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (Block, dict, tuple)):
                yield from _leaves(item, (*path, key))
            elif item is not None:
                yield path, key, item
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            if isinstance(item, (Block, dict, tuple)):
                yield from _leaves(item, (*path, number))
            else:
                yield path[:-1], str(path[-1]), item
