"""What the events and acts of scripted scenarios wait for, and the conditions of the storyboard that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import radians
from typing import Annotated, Any

from simulator.errors import listed
from simulator.scenario.block import Block
from simulator.scenario.distributions import Flag, Word
from simulator.scenario.script_standard import CONDITIONS, NEED_NOBODY, KeyPath, OneElement, StandardReader, as_text
from simulator.scenario.script_terms import (
    DATE_TIME,
    Acceleration,
    Kmh,
    Lanes,
    Metres,
    Name,
    Number,
    Seconds,
    Spot,
    Value,
    no_such_time,
    one_of,
    unlike,
)
from simulator.storyboard import model
from simulator.storyboard.model.terms import StoryboardElementState, StoryboardElementType

_MEASURES = ("distance_m", "headway_s", "ttc_s", "faster_by_kmh")  # up to an actor or a place
_TO_ACTORS = {"headway_s": "is the time gap to an actor; give to:, or ttc_s with at:", "faster_by_kmh": "needs to:"}
_STATES = (
    *("slower_kmh", "faster_kmh", "brakes_mps2", "stands_s", "travelled_m", "touches"),
    *("off_road_s", "road_ends_s", "heading_deg", "clear_ahead_m", "clear_behind_m"),
)  # of an actor
_RULES: dict[str, model.Rule] = {"equals": "equalTo", "at_least": "greaterOrEqual", "at_most": "lessOrEqual"}
_VALUES = ("variable", "parameter")  # that those are of
_WHO = ("of", "any_of", "all_of")
_PAIRS = (("signal", "shows"), ("controller", "phase"))
_EDGES: dict[str, model.ConditionEdge] = {
    "rising": "rising",
    "falling": "falling",
    "rising_or_falling": "risingOrFalling",
}


class When(Block):
    """What an event waits for: all of the keys that are given."""

    time_s: Seconds | None = None
    """Simulated time."""
    after: Name | None = None
    """An event or act that has to be over."""
    with_start_of: Name | None = None
    """An event or act that has to have begun."""
    of: Name | None = None
    """Whose distance, speed and so on; null: of the event's actor, of several any."""
    any_of: tuple[Name, ...] | None = None
    """Any of these actors in its place."""
    all_of: tuple[Name, ...] | None = None
    """All of these actors in its place."""
    to: Name | None = None
    """The actor up to which distance_m, headway_s and ttc_s are measured, than which it is faster, or whose heading
    counts as 0 in heading_deg."""
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
    faster_by_kmh: Kmh | None = None
    """So much faster than the actor `to`, at least."""
    slower_kmh: Kmh | None = None
    """Speed, at most."""
    faster_kmh: Kmh | None = None
    """Speed, at least."""
    brakes_mps2: Acceleration | None = None
    """Deceleration, at least."""
    stands_s: Seconds | None = None
    """Standing for so long."""
    off_road_s: Seconds | None = None
    """Beside the road for so long."""
    road_ends_s: Seconds | None = None
    """At the end of its road for so long."""
    travelled_m: Metres | None = None
    """Distance covered since the start, at least."""
    touches: Name | None = None
    """The actor that it touches."""
    heading_deg: Annotated[float, Number("deg", ge=-360.0, le=360.0)] | None = None
    """Heading within `within_deg` of this, counter-clockwise from the x axis or from the heading of `to`."""
    within_deg: Annotated[float, Number("deg", ge=0.0, le=180.0)] = 5.0
    """By how much it may differ."""
    clear_ahead_m: Metres | None = None
    """Nobody ahead of it in a lane for so long."""
    clear_behind_m: Metres | None = None
    """Nobody behind it in a lane for so long."""
    clear_lane: Lanes = 0
    """Which lane: so many to the left of its own (negative: to the right)."""
    variable: Name | None = None
    """One of `variables:`, with one of the next three."""
    parameter: Name | None = None
    """One of `parameters:`, which `set_parameter` changes, with one of the next three."""
    equals: Annotated[bool | int | float | str, Value()] | None = None
    """Its value."""
    at_least: Annotated[float, Number("", ge=-1e9, le=1e9)] | None = None
    """Its value, at least."""
    at_most: Annotated[float, Number("", ge=-1e9, le=1e9)] | None = None
    """Its value, at most."""
    signal: Annotated[str, Word()] | None = None
    """Id of a traffic signal, with `shows`."""
    shows: Annotated[str, Word()] | None = None
    """Its state, as the deed `signal` has it."""
    controller: Name | None = None
    """One of `signals:`, with `phase`."""
    phase: Annotated[str, Word()] | None = None
    """Name of the phase that it is in."""
    time_of_day: Annotated[str, DATE_TIME] | None = None
    """Date and time of the environment, or later."""
    openscenario: Annotated[dict[str, Any], OneElement(CONDITIONS)] | None = None
    """Any condition in the words of OpenSCENARIO XML, such as {AccelerationCondition: {rule: lessThan, value: -2}}."""
    edge: Annotated[str, Word(tuple(_EDGES))] | None = None
    """Only when that becomes true, or false; null: as long as it is true."""
    delay_s: Seconds = 0.0
    """So much later."""

    @property
    def needs_actor(self) -> bool:
        """Whether it asks for the state of an actor that it does not name."""
        named = (*_MEASURES, *_STATES)
        of_entity = self.openscenario is not None and next(iter(self.openscenario)) not in NEED_NOBODY
        if self.of or self.any_of or self.all_of:
            return False
        return of_entity or any(getattr(self, name) is not None for name in named)

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """No condition, or a distance to nothing."""
        measures = [name for name in _MEASURES if values.get(name) is not None]
        ends = [name for name in ("to", "at") if values.get(name) is not None]
        if not set(cls.model_fields) <= set(values):
            return
        if measures and len(ends) != 1:
            yield (measures[0],), "needs exactly one of to: (an actor) and at: (a place)"
        for name, text in _TO_ACTORS.items():
            if values[name] is not None and values["at"] is not None:
                yield (name,), text
        if ends and not measures and (ends != ["to"] or values["heading_deg"] is None):
            yield (ends[0],), f"goes with {', '.join(_MEASURES[:-1])} or {_MEASURES[-1]}"
        yield from no_such_time(values, "time_of_day")
        yield from one_of({name: values[name] for name in _WHO}, _WHO, needed=False)
        for name in ("any_of", "all_of"):
            yield from unlike(values, name)
        for name, other in _PAIRS:
            if (values[name] is None) != (values[other] is None):
                yield (name,), f"goes with {other}"
        of_value = [name for name in _VALUES if values[name] is not None]
        rules = [name for name in _RULES if values[name] is not None]
        if (rules or of_value) and (len(of_value), len(rules)) != (1, 1):
            yield ((of_value or rules)[0],), f"goes with exactly one of {', '.join(_RULES if of_value else _VALUES)}"
        alone = ("time_s", "after", "with_start_of", "signal", "controller", "time_of_day", "openscenario")
        others = (*alone, *_VALUES, *_STATES)
        if not measures and all(values[name] is None for name in others):
            yield (), f"needs a condition: {listed((*others, *_MEASURES))}"


def conditions(
    event: str,
    actors: tuple[str, ...],
    when: When,
    elements: Callable[[str], Iterable[tuple[StoryboardElementType, str]]],
    place: Callable[[Spot, KeyPath], model.Position],
    standard: StandardReader,
    path: KeyPath,
) -> model.ConditionGroup:
    """The conditions of one `when`.

    Args:
        event: whose name theirs begin with. actors: who is meant where nobody is named, any of them.
        elements: types and references of what the storyboard has for an event or act of a name.
        place: makes a place of the storyboard of one of the script, at a key path.
        standard: reads what is in the words of OpenSCENARIO XML.
        path: where `when` stands.
    """
    line = standard.line(path)
    found: list[tuple[str, Any]] = []
    if when.time_s is not None:
        found.append(("time", model.SimulationTimeCondition("greaterOrEqual", when.time_s)))
    states: tuple[tuple[str | None, StoryboardElementState], ...] = (
        (when.after, "completeState"),
        (when.with_start_of, "startTransition"),
    )
    for name, state in states:
        for kind, reference in elements(name) if name is not None else ():
            found.append((reference, model.StoryboardElementStateCondition(kind, reference, state, line=line)))
    if when.signal is not None and when.shows is not None:
        found.append(("signal", model.TrafficSignalCondition(when.signal, when.shows, line=line)))
    for rule in (rule for rule in _RULES if getattr(when, rule) is not None):
        value = as_text(getattr(when, rule))
        if when.variable is not None:
            found.append((when.variable, model.VariableCondition(when.variable, _RULES[rule], value, line=line)))
        if when.parameter is not None:
            found.append((when.parameter, model.ParameterCondition(when.parameter, _RULES[rule], value, line=line)))
    if when.controller is not None and when.phase is not None:
        found.append(("phase", model.TrafficSignalControllerCondition(when.controller, when.phase, line=line)))
    if when.time_of_day is not None:
        found.append(("time of day", model.TimeOfDayCondition(when.time_of_day, "greaterOrEqual", line=line)))
    who = when.all_of or when.any_of or ((when.of,) if when.of is not None else actors)
    rule_of: model.TriggeringEntitiesRule = "all" if when.all_of else "any"
    if when.openscenario is not None:
        read = standard.condition(when.openscenario, who, rule_of, (*path, "openscenario"))
        found.append((next(iter(when.openscenario)), read))
    found += [
        (kind, model.ByEntityCondition(who, rule_of, condition, line=line))
        for kind, condition in _watched(when, place, path, line)
    ]
    edge = "none" if when.edge is None else _EDGES[when.edge]
    return model.ConditionGroup(
        tuple(model.Condition(f"{event}: {kind}", condition, edge, when.delay_s) for kind, condition in found)
    )


def _watched(
    when: When, place: Callable[[Spot, KeyPath], model.Position], path: KeyPath, line: int
) -> Iterator[tuple[str, model.EntityCondition]]:
    """Conditions of an entity."""
    rule: model.Rule = "greaterOrEqual" if when.above else "lessOrEqual"
    how: dict[str, Any] = {
        "freespace": True,
        "rule": rule,
        "relative_distance_type": "euclidianDistance" if when.straight else "longitudinal",
        "line": line,
    }
    at = None if when.at is None else place(when.at, (*path, "at"))
    if when.distance_m is not None and when.to is not None:
        yield "distance", model.RelativeDistanceCondition(when.to, value=when.distance_m, **how)
    if when.distance_m is not None and at is not None:
        yield "distance", model.DistanceCondition(at, value=when.distance_m, **how)
    if when.headway_s is not None and when.to is not None:
        yield "headway", model.TimeHeadwayCondition(when.to, value=when.headway_s, **how)
    if when.ttc_s is not None:
        target = when.to if at is None else at
        assert target is not None
        yield "ttc", model.TimeToCollisionCondition(target, value=when.ttc_s, **how)
    if when.slower_kmh is not None:
        yield "slower", model.SpeedCondition("lessOrEqual", when.slower_kmh / 3.6, line=line)
    if when.faster_kmh is not None:
        yield "faster", model.SpeedCondition("greaterOrEqual", when.faster_kmh / 3.6, line=line)
    if when.faster_by_kmh is not None and when.to is not None:
        yield (
            "faster by",
            model.RelativeSpeedCondition(
                when.to, "greaterOrEqual", when.faster_by_kmh / 3.6, "longitudinal", line=line
            ),
        )
    if when.brakes_mps2 is not None:
        yield "brakes", model.AccelerationCondition("lessOrEqual", -when.brakes_mps2, "longitudinal", line=line)
    if when.off_road_s is not None:
        yield "off road", model.OffroadCondition(when.off_road_s, line=line)
    if when.road_ends_s is not None:
        yield "road ends", model.EndOfRoadCondition(when.road_ends_s, line=line)
    if when.stands_s is not None:
        yield "stands", model.StandStillCondition(when.stands_s, line=line)
    if when.travelled_m is not None:
        yield "travelled", model.TraveledDistanceCondition(when.travelled_m, line=line)
    if when.touches is not None:
        yield "touches", model.CollisionCondition((when.touches,), line=line)
    if when.heading_deg is not None:
        angle, tolerance = radians(when.heading_deg), radians(when.within_deg)
        if when.to is None:
            yield "heading", model.AngleCondition("heading", angle, tolerance, line=line)
        else:
            yield "heading", model.RelativeAngleCondition(when.to, "heading", angle, tolerance, line=line)
    if when.clear_ahead_m is not None or when.clear_behind_m is not None:
        ways = when.clear_ahead_m or 0.0, when.clear_behind_m or 0.0
        lane = model.RelativeLaneRange(when.clear_lane, when.clear_lane)
        yield "clear", model.RelativeClearanceCondition(False, True, *ways, (lane,), line=line)
