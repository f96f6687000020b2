"""Traffic that scripted scenarios bring in besides their actors: events of the world, and the records they become."""

from __future__ import annotations

from typing import Annotated

from simulator.scenario.block import Block
from simulator.scenario.script_terms import Kmh, Metres, Name, Number, SignedMetres, Spot
from simulator.storyboard import model

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
    name: Name = "swarm"
    """Of its vehicles, with a number behind it, and for traffic_stop."""


class TrafficSource(Block):
    """Vehicles come up at a place, one after the other."""

    at: Spot
    radius_m: Metres = 10.0
    per_s: _Rate
    speed_kmh: Kmh | None = None
    """Null: what is allowed there."""
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


class TrafficStop(Block):
    """Swarms, sources and sinks end; their vehicles stay."""

    name: Name | None = None
    """Null: all."""


Traffic = Swarm | TrafficSource | TrafficSink | TrafficStop
TRAFFIC: dict[str, type[Block]] = {
    "swarm": Swarm,
    "traffic_source": TrafficSource,
    "traffic_sink": TrafficSink,
    "traffic_stop": TrafficStop,
}


def traffic_action(deed: Traffic, at: model.Position | None, line: int) -> model.GlobalAction:
    """The record of a deed; `at` is its place in the words of the storyboard."""
    if isinstance(deed, Swarm):
        size = deed.ahead_m, deed.aside_m, deed.inner_m, deed.shift_m
        return model.TrafficSwarmAction(deed.around, *size, deed.count, traffic_name=deed.name, line=line)
    if isinstance(deed, TrafficStop):
        return model.TrafficStopAction(deed.name or "", line=line)
    assert at is not None
    if isinstance(deed, TrafficSink):
        return model.TrafficSinkAction(at, deed.radius_m, deed.per_s, traffic_name=deed.name, line=line)
    speed = None if deed.speed_kmh is None else deed.speed_kmh / 3.6
    return model.TrafficSourceAction(at, deed.radius_m, deed.per_s, speed, traffic_name=deed.name, line=line)
