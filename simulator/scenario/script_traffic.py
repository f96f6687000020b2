"""Traffic that scripted scenarios bring in besides their actors: events of the world, and the records they become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from simulator.scenario.block import Block, each
from simulator.scenario.distributions import Codec, Flag, Word, problem
from simulator.scenario.script_kinds import KINDS, entity
from simulator.scenario.script_standard import KeyPath
from simulator.scenario.script_terms import Kmh, Lanes, Metres, Name, Number, SignedMetres, Spot
from simulator.storyboard import model


@dataclass(frozen=True, slots=True)
class Weights(Codec):
    """Annotation of a mapping of some of `names` to weights."""

    names: tuple[str, ...]

    def check(self, given: Any) -> dict[str, float]:
        """Weights by name."""
        if not isinstance(given, dict):
            raise problem("weights", "must be a mapping of kinds to weights, such as {car: 4, truck: 1}")
        word, weight = Word(self.names), Number("", ge=1e-6, le=1e6)
        return {word.check(name): value for name, value in zip(given, each(given.items(), weight.check, "weights"))}

    def schema(self) -> dict[str, Any]:
        """JSON schema of a mapping of numbers."""
        number = {"type": "number", "exclusiveMinimum": 0}
        return {"type": "object", "properties": dict.fromkeys(self.names, number), "additionalProperties": False}


_VEHICLES = tuple(
    name
    for name, kind in KINDS.items()
    if kind.make is model.Vehicle and name not in ("trailer", "semitrailer", "train")
)
Mix = Annotated[dict[str, float], Weights(_VEHICLES)]
_Rate = Annotated[float, Number("1/s", ge=0.001, le=100.0)]


class Swarm(Block):
    """Keep so many vehicles around an actor, in an ellipse along its heading."""

    around: Name
    count: Annotated[int, Number("", ge=1, le=1000, whole=True)]
    ahead_m: Metres = 300.0
    """How far it reaches ahead and behind."""
    aside_m: Metres = 100.0
    """And to the sides."""
    inner_m: Metres = 0.0
    """Nobody comes up nearer."""
    shift_m: SignedMetres = 0.0
    """So far ahead of the actor is its middle."""
    slowest_kmh: Kmh | None = None
    """The least speed at which they come up, with `fastest_kmh`; null: what is allowed there."""
    fastest_kmh: Kmh | None = None
    """And the greatest."""
    oncoming: Annotated[float, Number("", ge=0.0, le=1.0)] | None = None
    """Which share of them drives against the actor; null: by the lanes that there are."""
    vehicles: Mix = Field(default_factory=dict)
    """What they are, by weight; empty: cars."""
    name: Name = "swarm"
    """Of its vehicles, with a number behind it, and for traffic_stop."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """One speed alone, or in the wrong order."""
        slowest, fastest = values.get("slowest_kmh"), values.get("fastest_kmh")
        if (slowest is None) != (fastest is None):
            yield ("slowest_kmh",), "goes with fastest_kmh"
        elif slowest is not None and fastest is not None and slowest > fastest:
            yield ("slowest_kmh",), "is above fastest_kmh"


class TrafficSource(Block):
    """Vehicles come up at a place, one after the other."""

    at: Spot
    radius_m: Metres = 10.0
    per_s: _Rate
    speed_kmh: Kmh | None = None
    """Null: what is allowed there."""
    vehicles: Mix = Field(default_factory=dict)
    """What they are, by weight; empty: cars."""
    name: Name = "source"
    """Of its vehicles, with a number behind it, and for traffic_stop."""


class TrafficSink(Block):
    """Vehicles that a swarm or a source has made vanish at a place."""

    at: Spot
    radius_m: Metres = 10.0
    per_s: _Rate | None = None
    """At most so many; null: all."""
    name: Name = "sink"
    """For traffic_stop."""


class Stretch(Block):
    """A part of a road."""

    road: Annotated[str, Word()]
    """Its id."""
    from_m: Metres = 0.0
    """Road coordinate s."""
    to_m: Metres | None = None
    """Null: its end."""
    lanes: tuple[Lanes, ...] = ()
    """OpenDRIVE ids; empty: all."""


class TrafficArea(Block):
    """So many vehicles in an area."""

    count: Annotated[int, Number("", ge=1, le=1000, whole=True)]
    corners: tuple[Spot, ...] = ()
    """Of a polygon, at least three."""
    stretches: tuple[Stretch, ...] = ()
    """Parts of roads, in place of the corners."""
    keep: Annotated[bool, Flag()] = True
    """Whether others come for those that leave it."""
    vehicles: Mix = Field(default_factory=dict)
    """What they are, by weight; empty: cars."""
    name: Name = "area"
    """Of its vehicles, with a number behind it, and for traffic_stop."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """No area, or two."""
        corners, stretches = values.get("corners"), values.get("stretches")
        if corners is not None and stretches is not None and bool(corners) == bool(stretches):
            yield (), "needs exactly one of corners, stretches"
        if corners and len(corners) < 3:
            yield ("corners",), "needs at least three"


class TrafficStop(Block):
    """Swarms, sources and sinks end; their vehicles stay."""

    name: Name | None = None
    """Null: all."""


Traffic = Swarm | TrafficSource | TrafficSink | TrafficArea | TrafficStop
TRAFFIC: dict[str, type[Block]] = {
    "swarm": Swarm,
    "traffic_source": TrafficSource,
    "traffic_sink": TrafficSink,
    "traffic_area": TrafficArea,
    "traffic_stop": TrafficStop,
}


def traffic_action(
    deed: Traffic, place: Callable[[Spot, KeyPath], model.Position], path: KeyPath, line: int
) -> model.GlobalAction:
    """The record of a deed; `place` makes a place of the storyboard of one of the script, at a key path."""
    if isinstance(deed, TrafficStop):
        return model.TrafficStopAction(deed.name or "", line=line)
    name: dict[str, Any] = {"traffic_name": deed.name, "line": line}
    if isinstance(deed, TrafficSink):
        return model.TrafficSinkAction(place(deed.at, (*path, "at")), deed.radius_m, deed.per_s, **name)
    mix = _distribution(deed.vehicles, line)
    if isinstance(deed, Swarm):
        size = deed.ahead_m, deed.aside_m, deed.inner_m, deed.shift_m
        speeds = None
        if deed.slowest_kmh is not None and deed.fastest_kmh is not None:
            speeds = deed.slowest_kmh / 3.6, deed.fastest_kmh / 3.6
        ways = (
            None if deed.oncoming is None else model.DirectionOfTravelDistribution(1.0 - deed.oncoming, deed.oncoming)
        )
        return model.TrafficSwarmAction(deed.around, *size, deed.count, speeds, ways, traffic_distribution=mix, **name)
    if isinstance(deed, TrafficArea):
        corners = tuple(place(spot, (*path, "corners", i)) for i, spot in enumerate(deed.corners))
        ranges = tuple(_range(each, line) for each in deed.stretches)
        return model.TrafficAreaAction(deed.count, deed.keep, mix, corners, ranges, **name)
    speed, at = None if deed.speed_kmh is None else deed.speed_kmh / 3.6, place(deed.at, (*path, "at"))
    return model.TrafficSourceAction(at, deed.radius_m, deed.per_s, speed, traffic_distribution=mix, **name)


def _range(stretch: Stretch, line: int) -> model.RoadRange:
    start = model.RoadCursor(stretch.road, stretch.from_m, stretch.lanes, line=line)
    if stretch.to_m is None:
        return model.RoadRange((start,))
    return model.RoadRange((start, model.RoadCursor(stretch.road, stretch.to_m, stretch.lanes, line=line)))


def _distribution(vehicles: dict[str, float], line: int) -> tuple[model.TrafficDistributionEntry, ...]:
    """Kinds of actors by weight; none: the usual cars."""
    entries = tuple(
        model.EntityDistributionEntry(
            weight, model.ScenarioObjectTemplate(entity(kind, kind, (None,) * 3, line).object)
        )
        for kind, weight in vehicles.items()
    )
    return (model.TrafficDistributionEntry(1.0, entries),) if entries else ()
