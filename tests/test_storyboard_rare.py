"""Rare but legal features of OpenSCENARIO, each against its closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import pi, sqrt

import numpy as np
import pytest
from small_storyboard import CAR, WIDTH, after, at, event, scenario, speed, straight, when

from simulator.roads import Geometry, Lane, LaneSection, Road, RoadNetwork
from simulator.roads.records import Connection, Junction, Link, RoadType
from simulator.storyboard import model
from simulator.storyboard.player import play
from simulator.storyboard.recording import Recording, Row
from simulator.storyboard.world import StateChange

DT = 0.05
STEP = DT + 1e-6


def began(recording: Recording, name: str) -> list[float]:
    """When an element of that name began to run."""
    return [
        event.time
        for event in recording.events
        if isinstance(event, StateChange) and event.path.rsplit("::", 1)[-1] == name and event.state == "running"
    ]


def ended(recording: Recording, name: str) -> list[float]:
    return [
        event.time
        for event in recording.events
        if isinstance(event, StateChange) and event.path.rsplit("::", 1)[-1] == name and event.state == "complete"
    ]


def near(recording: Recording, time: float, name: str = "ego") -> Row:
    return min(recording.of(name), key=lambda row: abs(row.t - time))


def group(*conditions: model.Condition) -> model.ConditionGroup:
    return model.ConditionGroup(conditions)


def condition(
    what: model.ByValueCondition | model.ByEntityCondition, edge: model.ConditionEdge = "none", delay: float = 0.0
) -> model.Condition:
    return model.Condition("c", what, edge, delay)


def time_is(value: float, rule: model.Rule = "greaterOrEqual") -> model.SimulationTimeCondition:
    return model.SimulationTimeCondition(rule, value)


def of_ego(
    what: model.EntityCondition, *names: str, rule: model.TriggeringEntitiesRule = "any"
) -> model.ByEntityCondition:
    return model.ByEntityCondition(names or ("ego",), rule, what)


def change(shape: model.DynamicsShape, dimension: model.DynamicsDimension, value: float) -> model.TransitionDynamics:
    return model.TransitionDynamics(shape, dimension, value)


MARK = model.VisibilityAction(True, True, True)  # an action that is over at once


def one(
    *events: model.Event, lead: tuple[float, float] = (300.0, 10.0), until: float = 30.0, **given: object
) -> Recording:
    init = {"ego": [at(100.0), speed(10.0)], "lead": [at(lead[0]), speed(lead[1])]}
    return play(scenario(init, *events, **given), straight(), until=until, dt=DT)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------- triggers


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        # Conditions of a group are all needed, groups are alternatives (1.3, 7.6.1).
        ([group(condition(time_is(2.0)), condition(time_is(5.0))), group(condition(time_is(3.0)))], 3.0),
        ([group(condition(time_is(2.0)), condition(time_is(2.5))), group(condition(time_is(3.0)))], 2.5),
        # A delay looks back at what the condition was then.
        ([group(condition(time_is(2.0), delay=1.5))], 3.5),
        ([group(condition(time_is(2.0), delay=1.0), condition(time_is(2.5), delay=2.0))], 4.5),
        ([group(condition(time_is(2.0), "rising", 1.0))], 3.0),
        ([group(condition(time_is(2.0, "lessThan"), "falling"))], 2.0),
        ([group(condition(time_is(2.0, "lessThan"), "falling", 0.5))], 2.5),
        ([group(condition(time_is(2.0), "risingOrFalling", 0.25))], 2.25),
        # What was true for a moment only is true a delay later for a moment.
        ([group(condition(time_is(2.0)), condition(time_is(3.0, "lessThan"), delay=2.0))], 2.0),
        ([group(condition(of_ego(model.TraveledDistanceCondition(25.0)), delay=1.0))], 3.5),
        ([group(condition(of_ego(model.SpeedCondition("lessThan", 9.0)), "none", 1.0))], None),
        ([group(condition(of_ego(model.SpeedCondition("equalTo", 10.0)), "rising", 1.0))], None),  # true from the start
    ],
)  # fmt: skip
def test_groups_edges_and_delays(groups: Sequence[model.ConditionGroup], expected: float | None) -> None:
    recording = one(event("e", MARK, start=model.Trigger(tuple(groups))), until=8.0)
    assert began(recording, "e") == ([] if expected is None else [pytest.approx(expected, abs=STEP)])


@pytest.mark.parametrize(("rule", "expected"), [("any", 4.0), ("all", 8.0)])
def test_any_or_all_entities(rule: model.TriggeringEntitiesRule, expected: float) -> None:
    far = of_ego(model.TraveledDistanceCondition(40.0), "ego", "lead", rule=rule)
    assert began(one(event("e", MARK, start=when(far)), lead=(300.0, 5.0)), "e") == [pytest.approx(expected, abs=STEP)]


def test_a_rising_edge_comes_again_each_time() -> None:
    """Stop and go: the speed rises above 5 m/s twice after the start."""
    up = when(of_ego(model.SpeedCondition("greaterThan", 5.0)), 0.0, "rising")
    events = [
        event("stop", speed(0.0), start=after(2.0)),
        event("go", speed(10.0), start=after(4.0)),
        event("stop again", speed(0.0), start=after(6.0)),
        event("go again", speed(10.0), start=after(8.0)),
        event("seen", MARK, start=up, count=5),
    ]
    assert began(one(*events), "seen") == [pytest.approx(t, abs=2 * STEP) for t in (4.0, 8.0)]


def test_states_of_other_elements_are_conditions() -> None:
    def state(name: str, kind: model.StoryboardElementType, state: model.StoryboardElementState) -> model.Trigger:
        return when(model.StoryboardElementStateCondition(kind, name, state))

    recording = one(
        event("long", speed(20.0, change("linear", "time", 3.0)), start=after(1.0)),
        event("skipped", speed(5.0), start=after(2.0), priority="skip"),
        event("start", MARK, start=state("long", "event", "startTransition")),
        event("running", MARK, start=state("long", "event", "runningState")),
        event("skip", MARK, start=state("skipped", "event", "skipTransition")),
        event("end", MARK, start=state("long 0", "action", "endTransition")),
        event("complete", MARK, start=state("long", "event", "completeState")),
    )
    found = {name: began(recording, name) for name in ("start", "running", "skip", "end", "complete")}
    expected = {"start": 1.0, "running": 1.0, "skip": 2.0, "end": 4.0, "complete": 4.0}
    assert found == {name: [pytest.approx(t, abs=2 * STEP)] for name, t in expected.items()}


def test_an_act_that_is_stopped_leaves_the_speed_as_it_is() -> None:
    made = scenario({"ego": [at(100.0), speed(10.0)]}, event("e", speed(30.0, change("linear", "time", 10.0))))
    [story] = made.storyboard.stories
    act = replace(story.acts[0], stop_trigger=when(time_is(4.0)))
    stopped = replace(made, storyboard=replace(made.storyboard, stories=(replace(story, acts=(act,)),)))
    recording = play(stopped, straight(), until=10.0, dt=DT)
    assert near(recording, 10.0).speed == pytest.approx(10.0 + 2.0 * 4.0, abs=2.0 * 2 * STEP)
    assert ended(recording, "e") == [pytest.approx(4.0, abs=STEP)]


def test_a_group_of_maneuvers_runs_as_often_as_it_may() -> None:
    made = scenario(
        {"ego": [at(100.0), speed(10.0)]},
        event("faster", model.SpeedAction(change("linear", "time", 1.0), _by("ego", 2.0)), start=after(1.0)),
    )
    [story] = made.storyboard.stories
    groups = tuple(replace(each, maximum_execution_count=3) for each in story.acts[0].maneuver_groups)
    act = replace(story.acts[0], maneuver_groups=groups)
    again = replace(made, storyboard=replace(made.storyboard, stories=(replace(story, acts=(act,)),)))
    recording = play(again, straight(), until=10.0, dt=DT)
    assert len(began(recording, "faster")) == 3
    assert near(recording, 10.0).speed == pytest.approx(16.0, abs=1e-6)


def test_the_storyboard_stops_when_it_says() -> None:
    recording = one(event("e", MARK, start=after(1.0)), stop=when(time_is(3.0), 0.5), until=30.0)
    assert list(recording.of("ego"))[-1].t == pytest.approx(3.5, abs=STEP)


# ---------------------------------------------------------------------------------------------------- values


def test_variables_are_set_added_to_multiplied_and_compared() -> None:
    variables = (model.VariableDeclaration("v", "double", 2.0), model.VariableDeclaration("word", "string", "a"))
    recording = one(
        event("add", model.VariableModifyAction("v", model.AddValue(3.0)), start=after(1.0)),
        event("times", model.VariableModifyAction("v", model.MultiplyByValue(4.0)), start=after(2.0)),
        event("set", model.VariableSetAction("word", "b"), start=after(3.0)),
        event("no number", model.VariableModifyAction("word", model.AddValue(1.0)), start=after(3.5)),
        event("five", MARK, start=when(model.VariableCondition("v", "equalTo", "5"))),
        event("twenty", MARK, start=when(model.VariableCondition("v", "greaterOrEqual", "20.0"))),
        event("more", MARK, start=when(model.VariableCondition("v", "greaterThan", "20"))),
        event("b", MARK, start=when(model.VariableCondition("word", "equalTo", "b"))),
        event("not a", MARK, start=when(model.VariableCondition("word", "notEqualTo", "a"), 1.0)),
        variables=variables,
    )
    found = {name: began(recording, name) for name in ("five", "twenty", "more", "b", "not a")}
    expected = {"five": [1.0], "twenty": [2.0], "more": [], "b": [3.0], "not a": [4.0]}
    assert found == {name: [pytest.approx(t, abs=2 * STEP) for t in times] for name, times in expected.items()}
    assert recording.warnings == ['"word" is no number: nothing can be added to it, nor can it be multiplied']


# ---------------------------------------------------------------------------------------------------- longitudinal


def _by(
    name: str, value: float, kind: model.SpeedTargetValueType = "delta", on: bool = False
) -> model.RelativeTargetSpeed:
    return model.RelativeTargetSpeed(name, value, kind, on)


@pytest.mark.parametrize(
    ("shape", "seconds"),
    [
        ("linear", 10.0 / 2.0),  # a change of 10 m/s; the rate is the greatest slope
        ("cubic", 1.5 * 10.0 / 2.0),  # of 3 u^2 - 2 u^3 it is 3/2
        ("sinusoidal", pi / 2 * 10.0 / 2.0),  # of (1 - cos pi u) / 2 it is pi / 2
    ],
)
def test_speed_at_a_rate_takes_as_long_as_the_steepest_slope_allows(shape: model.DynamicsShape, seconds: float) -> None:
    recording = one(event("e", speed(20.0, change(shape, "rate", 2.0)), start=after(1.0)))
    assert ended(recording, "e") == [pytest.approx(1.0 + seconds, abs=2 * STEP)]
    path = [row.speed for row in recording.of("ego")]
    slope = max(b - a for a, b in pairwise(path)) / DT
    assert slope == pytest.approx(2.0, rel=0.03)
    assert near(recording, 1.0 + seconds / 2).speed == pytest.approx(15.0, abs=0.15)


@pytest.mark.parametrize(("kind", "value", "expected"), [("factor", 1.5, 15.0), ("delta", -4.0, 6.0)])
def test_speed_relative_to_another(kind: model.SpeedTargetValueType, value: float, expected: float) -> None:
    action = model.SpeedAction(change("linear", "time", 2.0), _by("lead", value, kind))
    recording = one(event("e", action, start=after(1.0)))
    assert near(recording, 10.0).speed == pytest.approx(expected)


def test_a_continuous_relative_speed_goes_with_the_other() -> None:
    made = scenario(
        {"ego": [at(100.0), speed(10.0)], "lead": [at(300.0), speed(10.0)]},
        event("follow", model.SpeedAction(change("step", "time", 0.0), _by("lead", 2.0, on=True))),
    )
    slows = event("slow", speed(4.0, change("linear", "time", 3.0)), start=after(5.0))
    group_of_lead = model.ManeuverGroup("lead", 1, ("lead",), (model.Maneuver("m", (slows,)),))
    [story] = made.storyboard.stories
    act = replace(story.acts[0], maneuver_groups=(*story.acts[0].maneuver_groups, group_of_lead))
    made = replace(made, storyboard=replace(made.storyboard, stories=(replace(story, acts=(act,)),)))
    recording = play(made, straight(), until=12.0, dt=DT)
    for time in (3.0, 6.5, 10.0):
        assert near(recording, time).speed == pytest.approx(near(recording, time, "lead").speed + 2.0, abs=0.11)


@pytest.mark.parametrize("freespace", [False, True])
def test_a_distance_kept_within_limits(freespace: bool) -> None:
    """From 200 m behind at 10 m/s to 40 m: at most 20 m/s, 2 and 3 m/s^2."""
    limits = model.DynamicConstraints(20.0, 2.0, 3.0)
    action = model.LongitudinalDistanceAction(
        "lead", False, freespace, 40.0, displacement="trailingReferencedEntity", dynamic_constraints=limits
    )
    recording = one(event("e", action, start=after(1.0)), until=60.0)
    [done] = ended(recording, "e")
    gap = near(recording, done, "lead").x - near(recording, done).x - (CAR.bounding_box.length if freespace else 0.0)
    assert gap == pytest.approx(40.0, abs=1.0)
    path = [row.speed for row in recording.of("ego")]
    slopes = [(b - a) / DT for a, b in pairwise(path)]
    assert max(path) <= 20.0 + 1e-6 and max(slopes) <= 2.0 + 1e-6 and min(slopes) >= -3.0 - 1e-6


def test_a_time_gap_is_kept() -> None:
    action = model.LongitudinalDistanceAction(
        "lead", True, False, time_gap=2.0, displacement="trailingReferencedEntity"
    )
    recording = one(event("e", action, start=after(1.0)), lead=(150.0, 12.0), until=60.0)
    last, lead = near(recording, 60.0), near(recording, 60.0, "lead")
    assert (lead.x - last.x) / last.speed == pytest.approx(2.0, abs=0.05)
    assert last.speed == pytest.approx(12.0, abs=0.05)


# ---------------------------------------------------------------------------------------------------- synchronise


@pytest.mark.parametrize(
    "final",
    [
        None,
        model.AbsoluteSpeed(14.0),
        model.RelativeSpeedToMaster(3.0, "delta"),
        model.RelativeSpeedToMaster(0.5, "factor"),
        model.AbsoluteSpeed(14.0, model.TargetDistanceSteadyState(30.0)),
        model.AbsoluteSpeed(14.0, model.TargetTimeSteadyState(2.0)),
    ],
)
def test_both_arrive_at_once_and_as_fast_as_it_says(
    final: model.AbsoluteSpeed | model.RelativeSpeedToMaster | None,
) -> None:
    """The master is at 500 m after 20 s; ego, 150 m before its own place, arrives there then."""
    action = model.SynchronizeAction(
        "lead", model.LanePosition("1", "-1", 500.0), model.LanePosition("1", "-1", 280.0), final
    )
    recording = one(event("e", action, start=after(1.0)), until=25.0)
    there = near(recording, 20.0)
    assert there.x == pytest.approx(280.0, abs=0.6)
    if isinstance(final, model.AbsoluteSpeed):
        wanted = final.value
    elif final is not None:
        wanted = 10.0 + final.value if final.speed_target_value_type == "delta" else 10.0 * final.value
    else:
        return
    assert there.speed == pytest.approx(wanted, abs=0.25)
    steady = getattr(final, "steady_state", None)
    if steady is not None:
        seconds = steady.time if isinstance(steady, model.TargetTimeSteadyState) else steady.distance / wanted
        assert near(recording, 20.0 - 0.9 * seconds).speed == pytest.approx(wanted, abs=0.3)


# ---------------------------------------------------------------------------------------------------- lateral


@pytest.mark.parametrize("shape", ["linear", "cubic", "sinusoidal"])
@pytest.mark.parametrize(("dimension", "value"), [("time", 4.0), ("distance", 40.0), ("rate", 1.0)])
def test_a_lane_change_takes_its_time_way_or_rate(
    shape: model.DynamicsShape, dimension: model.DynamicsDimension, value: float
) -> None:
    action = model.LaneChangeAction(change(shape, dimension, value), model.AbsoluteTargetLane("-2"), 0.3)
    recording = one(event("e", action, start=after(1.0)))
    way = WIDTH - 0.3
    steepest = {"linear": 1.0, "cubic": 1.5, "sinusoidal": pi / 2}[shape]
    seconds = {"time": value, "distance": value / 10.0, "rate": steepest * way / value}[dimension]
    assert ended(recording, "e") == [pytest.approx(1.0 + seconds, abs=3 * STEP)]
    assert near(recording, 1.0 + seconds / 2).y == pytest.approx(-WIDTH / 2 - way / 2, abs=0.12)
    assert near(recording, 20.0).y == pytest.approx(-1.5 * WIDTH + 0.3, abs=1e-3)


@pytest.mark.parametrize("shape", ["cubic", "sinusoidal"])
def test_a_lane_offset_is_as_wild_as_it_may(shape: model.DynamicsShape) -> None:
    """The greatest lateral acceleration of 3 u^2 - 2 u^3 is 6 d / T^2, of (1 - cos pi u) / 2 it is pi^2 d / (2 T^2)."""
    action = model.LaneOffsetAction(shape, model.AbsoluteTargetLaneOffset(1.2), False, 0.6)
    recording = one(event("e", action, start=after(1.0)))
    seconds = sqrt({"cubic": 6.0, "sinusoidal": pi**2 / 2}[shape] * 1.2 / 0.6)
    assert ended(recording, "e") == [pytest.approx(1.0 + seconds, abs=3 * STEP)]
    assert near(recording, 20.0).y == pytest.approx(-WIDTH / 2 + 1.2, abs=1e-3)


@pytest.mark.parametrize(
    ("side", "freespace", "expected"),
    [
        ("leftToReferencedEntity", False, 2.5),
        ("rightToReferencedEntity", False, -2.5),
        ("leftToReferencedEntity", True, 2.5 + CAR.bounding_box.width),
    ],
)
def test_a_lateral_distance_on_the_side_that_it_says(
    side: model.LateralDisplacement, freespace: bool, expected: float
) -> None:
    action = model.LateralDistanceAction("lead", False, freespace, 2.5, side)
    recording = one(event("e", action, start=after(1.0)), until=60.0)
    last, lead = near(recording, 60.0), near(recording, 60.0, "lead")
    assert last.y - lead.y == pytest.approx(expected, abs=0.05)


# ---------------------------------------------------------------------------------------------------- ways and places


def polyline(*points: tuple[float, float], times: Sequence[float] | None = None) -> model.Trajectory:
    given = times if times is not None else [None] * len(points)
    vertices = tuple(model.Vertex(model.WorldPosition(x, y), t) for (x, y), t in zip(points, given, strict=True))
    return model.Trajectory("t", model.Polyline(vertices))


@pytest.mark.parametrize(
    ("domain", "scale", "offset", "begin", "end"),
    [
        ("absolute", 1.0, 0.0, 5.0, 15.0),
        ("absolute", 0.5, 3.0, 5.5, 10.5),  # time = time of the vertex * scale + offset
        ("absolute", 2.0, 0.0, 10.0, 30.0),
        ("relative", 1.0, 0.0, 2.0, 12.0),  # the first vertex is the start
        ("relative", 2.0, 1.0, 3.0, 23.0),
    ],
)
def test_times_of_a_trajectory(
    domain: model.ReferenceContext, scale: float, offset: float, begin: float, end: float
) -> None:
    """Vertices at 5 and 15 s; the event starts at 2 s."""
    way = polyline((150.0, -1.75), (250.0, -1.75), times=(5.0, 15.0))
    action = model.FollowTrajectoryAction(way, "position", model.Timing(domain, scale, offset))
    recording = one(event("e", action, start=after(2.0)), until=40.0)
    half = (begin + end) / 2
    assert near(recording, half).x == pytest.approx(200.0, abs=0.6 / scale + 0.1)
    assert near(recording, half).speed == pytest.approx(100.0 / (end - begin), rel=0.01)


def test_a_trajectory_may_begin_farther_on() -> None:
    way = polyline((150.0, -1.75), (250.0, -1.75), (250.0, 98.25))
    action = model.FollowTrajectoryAction(way, "position", None, 60.0)
    recording = one(event("e", action, start=after(2.0)))
    here = near(recording, 4.0)
    assert (here.x, here.y) == pytest.approx((230.0, -1.75), abs=0.6)
    assert ended(recording, "e") == [pytest.approx(2.0 + 140.0 / 10.0, abs=2 * STEP)]


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (model.RelativeWorldPosition("lead", 10.0, 4.0), (310.0, 2.25, 0.0)),
        (model.RelativeObjectPosition("lead", -10.0, 4.0), (290.0, 2.25, 0.0)),
        (model.RelativeRoadPosition("lead", 20.0, 3.0), (320.0, 1.25, None)),
        (model.RelativeLanePosition("lead", -1, ds=15.0, offset=0.5), (315.0, -4.75, 0.0)),
        (model.RelativeLanePosition("lead", -1, ds_lane=15.0), (315.0, -5.25, 0.0)),
        (model.TrajectoryPosition(polyline((0.0, 0.0), (30.0, 40.0)), 25.0, 2.0), (15.0 - 1.6, 20.0 + 1.2, None)),
        (model.RoadPosition("1", 50.0, -3.0, model.Orientation(h=0.25, type="relative")), (50.0, -3.0, 0.25)),
        (model.LanePosition("1", "1", 50.0, 0.0, model.Orientation(h=0.25, type="relative")), (50.0, 1.75, pi + 0.25)),
        (model.RelativeObjectPosition("lead", 5.0, 0.0, 0.0, model.Orientation(h=pi / 2, type="relative")),
         (305.0, -1.75, pi / 2)),
    ],
)  # fmt: skip
def test_places_relative_to_something(position: model.Position, expected: tuple[float, float, float | None]) -> None:
    recording = one(event("e", model.TeleportAction(position), speed(0.0), start=after(1.0)), lead=(300.0, 0.0))
    here = near(recording, 3.0)
    assert (here.x, here.y) == pytest.approx(expected[:2], abs=1e-3)
    if expected[2] is not None:
        assert abs(here.h - expected[2]) % (2 * pi) == pytest.approx(0.0, abs=1e-6)


def test_a_place_on_a_route() -> None:
    route = model.Route("r", tuple(model.Waypoint(model.LanePosition("1", "-1", s), "shortest") for s in (50.0, 400.0)))
    for within, expected in (
        (model.FromLaneCoordinates(100.0, "-2", 0.2), (150.0, -1.5 * WIDTH + 0.2)),
        (model.FromRoadCoordinates(120.0, -2.0), (170.0, -2.0)),
        (model.FromCurrentEntity("lead"), (300.0, -WIDTH / 2)),
    ):
        action = model.TeleportAction(model.RoutePosition(route, within))
        here = near(one(event("e", action, speed(0.0), start=after(1.0)), lead=(300.0, 0.0), until=3.0), 2.0)
        assert (here.x, here.y) == pytest.approx(expected, abs=1e-3)


def two_ways() -> RoadNetwork:
    """From road "in" to road "out": "short" (100 m at 10 m/s), "fast" (200 m at 40 m/s) or "free" (300 m at 20 m/s).

    What joins them is 1 m long; the way over "short" and that over "fast" pass a second junction, "free" does not.
    """
    width = np.array([[0.0, WIDTH, 0.0, 0.0, 0.0]])
    lane = Lane(-1, "driving", widths=width, predecessors=(-1,), successors=(-1,))

    def road(
        name: str, length: float, before: Link | None, after: Link | None, speed: float = 20.0, inside: str = ""
    ) -> Road:
        section = LaneSection(0.0, length, (Lane(0, "none"), lane))
        line = (Geometry("line", 0.0, 0.0, 0.0, 0.0, length, 0.0, 0.0),)
        kind = (RoadType(0.0, "rural", speed),)
        return Road(name, length, line, (section,), junction=inside, predecessor=before, successor=after, types=kind)

    def to(name: str, contact: str = "start") -> Link:
        return Link("road", name, contact)

    first, second = Link("junction", "1"), Link("junction", "2")
    roads = [road("in", 50.0, None, first), road("out", 50.0, first, None)]
    connections = []
    for name, length, limit in (("short", 100.0, 10.0), ("fast", 200.0, 40.0)):
        roads += [
            road(f"to {name}", 1.0, to("in", "end"), to(name), inside="1"),
            road(name, length, first, second, limit),
            road(f"from {name}", 1.0, to(name, "end"), to("out"), inside="2"),
        ]
        connections.append(Connection(name, "in", f"to {name}", "start", ((-1, -1),)))
    roads.append(road("free", 300.0, to("in", "end"), to("out"), 20.0, inside="1"))
    connections.append(Connection("free", "in", "free", "start", ((-1, -1),)))
    last = tuple(Connection(n, n, f"from {n}", "start", ((-1, -1),)) for n in ("short", "fast"))
    junctions = {"1": Junction("1", connections=tuple(connections)), "2": Junction("2", connections=last)}
    return RoadNetwork({each.id: each for each in roads}, junctions)


@pytest.mark.parametrize(
    ("strategy", "over"),
    [("shortest", "short"), ("fastest", "fast"), ("leastIntersections", "free"), ("random", "short")],
)
def test_a_route_goes_by_its_strategy(strategy: model.RouteStrategy, over: str) -> None:
    places = (model.LanePosition("in", "-1", 5.0), model.LanePosition("out", "-1", 40.0))
    route = model.Route("r", tuple(model.Waypoint(place, strategy) for place in places))
    init = {"ego": [model.TeleportAction(places[0]), model.AssignRouteAction(route), speed(20.0)]}
    recording = play(scenario(init), two_ways(), until=10.0, dt=DT)
    assert {row.road for row in recording.of("ego")} & {"short", "fast", "free"} == {over}


# ---------------------------------------------------------------------------------------------------- signals


def signals(reference: str | None = "first", delay: float = 3.0) -> tuple[model.TrafficSignalController, ...]:
    def phase(name: str, seconds: float, signal: str, state: str) -> model.Phase:
        return model.Phase(name, seconds, (model.TrafficSignalState(signal, state),))

    return (
        model.TrafficSignalController("first", (phase("go", 4.0, "a", "green"), phase("stop", 6.0, "a", "red"))),
        model.TrafficSignalController(
            "second", (phase("go", 4.0, "b", "green"), phase("stop", 6.0, "b", "red")), delay, reference
        ),
    )


def test_phases_of_controllers_go_round_the_second_later() -> None:
    def seen(name: str, ref: str, phase: str) -> model.Event:
        return event(name, MARK, start=when(model.TrafficSignalControllerCondition(ref, phase), 0.0, "rising"), count=9)

    made = scenario(
        {"ego": [at(100.0), speed(10.0)]},
        seen("first stop", "first", "stop"),
        seen("second go", "second", "go"),
        seen("second stop", "second", "stop"),
        event("a is red", MARK, start=when(model.TrafficSignalCondition("a", "red"), 1.0, "rising"), count=9),
    )
    made = replace(made, road_network=replace(made.road_network, traffic_signals=signals()))
    recording = play(made, straight(), until=22.0, dt=DT)
    found = {name: began(recording, name) for name in ("first stop", "second stop", "a is red")}
    expected = {"first stop": [4.0, 14.0], "second stop": [7.0, 17.0], "a is red": [5.0, 15.0]}
    assert found == {name: [pytest.approx(t, abs=2 * STEP) for t in times] for name, times in expected.items()}
    assert began(recording, "second go")[-2:] == [pytest.approx(t, abs=2 * STEP) for t in (3.0, 13.0)][-2:]


def test_a_phase_and_a_state_can_be_set() -> None:
    made = scenario(
        {"ego": [at(100.0), speed(10.0)]},
        event("set phase", model.TrafficSignalControllerAction("first", "stop"), start=after(1.0)),
        event("set state", model.TrafficSignalStateAction("b", "amber"), start=after(2.0)),
        event("red", MARK, start=when(model.TrafficSignalCondition("a", "red"))),
        event("green", MARK, start=when(model.TrafficSignalCondition("a", "green"), 0.0, "rising")),
        event("amber", MARK, start=when(model.TrafficSignalCondition("b", "amber"))),
    )
    made = replace(made, road_network=replace(made.road_network, traffic_signals=signals()))
    recording = play(made, straight(), until=20.0, dt=DT)
    assert began(recording, "red") == [pytest.approx(1.0, abs=2 * STEP)]
    assert began(recording, "green") == [pytest.approx(7.0, abs=2 * STEP)]  # the phase that was set lasts its 6 s
    assert began(recording, "amber") == [pytest.approx(2.0, abs=2 * STEP)]


# ---------------------------------------------------------------------------------------------------- odd company


def test_who_drives_backwards_changes_lanes_too() -> None:
    action = model.LaneChangeAction(change("sinusoidal", "time", 4.0), model.AbsoluteTargetLane("-2"))
    recording = one(event("back", speed(-5.0), start=after(1.0)), event("e", action, start=after(2.0)))
    assert ended(recording, "e") == [pytest.approx(6.0, abs=3 * STEP)]
    last = near(recording, 10.0)
    assert (last.x, last.y) == pytest.approx((110.0 - 9.0 * 5.0, -1.5 * WIDTH), abs=0.6)


@pytest.mark.parametrize(("lanes", "expected"), [(1, -0.5), (2, -1.5), (0, 0.5), (-1, 1.5)])
def test_lanes_relative_to_who_comes_towards(lanes: int, expected: float) -> None:
    """The other is in lane 1 and drives against s: to its left is lane -1."""
    action = model.LaneChangeAction(change("linear", "time", 2.0), model.RelativeTargetLane("lead", lanes))
    made = scenario(
        {"ego": [at(100.0, -2), speed(5.0)], "lead": [at(600.0, 1), speed(5.0)]}, event("e", action, start=after(1.0))
    )
    recording = play(made, straight(), until=8.0, dt=DT)
    assert near(recording, 8.0).y == pytest.approx(expected * WIDTH, abs=1e-3)


def test_the_clock_passes_midnight() -> None:
    clock = model.EnvironmentAction(model.Environment("e", model.TimeOfDay("2026-12-31T23:59:50", True)))
    late = model.TimeOfDayCondition("2027-01-01T00:00:02", "greaterOrEqual")
    recording = one(event("set", clock, start=after(1.0)), event("new year", MARK, start=when(late)), until=20.0)
    assert began(recording, "new year") == [pytest.approx(13.0, abs=2 * STEP)]


@pytest.mark.parametrize(
    ("clock", "wanted", "expected"),
    [
        ("2026-07-01T12:00:00+02:00", "2026-07-01T10:00:03Z", 4.0),  # the same moment by other clocks
        ("2026-07-01T12:00:00+02:00", "2026-07-01T12:00:03Z", None),
        ("2026-07-01T12:00:00", "2026-07-01T12:00:03Z", 4.0),  # without a zone it is the other's
    ],
)
def test_times_of_day_are_those_of_their_zones(clock: str, wanted: str, expected: float | None) -> None:
    set_clock = model.EnvironmentAction(model.Environment("e", model.TimeOfDay(clock, True)))
    late = model.TimeOfDayCondition(wanted, "greaterOrEqual")
    recording = one(event("set", set_clock, start=after(1.0)), event("late", MARK, start=when(late)), until=8.0)
    assert began(recording, "late") == ([] if expected is None else [pytest.approx(expected, abs=2 * STEP)])


def test_who_is_gone_meets_no_condition_and_may_come_back() -> None:
    recording = one(
        event("go", model.DeleteEntityAction("lead"), start=after(2.0)),
        event("seen", MARK, start=when(of_ego(model.TraveledDistanceCondition(50.0), "lead"))),
        event("come", model.AddEntityAction("lead", model.LanePosition("1", "-2", 700.0)), start=after(8.0)),
        until=12.0,
    )
    times = [row.t for row in recording.of("lead")]
    assert not [t for t in times if 2.0 + 2 * STEP < t < 8.0 - STEP] and max(times) == pytest.approx(12.0)
    assert near(recording, 9.0, "lead").y == pytest.approx(-1.5 * WIDTH)
    assert not [t for t in began(recording, "seen") if t < 8.0]


def test_speeds_of_a_profile_follow_each_other() -> None:
    entries = (model.SpeedProfileEntry(16.0, 3.0), model.SpeedProfileEntry(4.0, 6.0))
    recording = one(event("e", model.SpeedProfileAction("position", entries), start=after(1.0)), until=15.0)
    assert [near(recording, t).speed for t in (2.5, 4.0, 7.0, 12.0)] == pytest.approx([13.0, 16.0, 10.0, 4.0], abs=0.15)


def test_an_action_of_the_initialisation_goes_on_until_another_takes_over() -> None:
    slowly = speed(30.0, change("linear", "time", 10.0))
    made = scenario({"ego": [at(100.0), speed(10.0), slowly]}, event("e", speed(5.0), start=after(4.0)))
    recording = play(made, straight(), until=10.0, dt=DT)
    assert near(recording, 3.0).speed == pytest.approx(16.0, abs=0.2)
    assert near(recording, 10.0).speed == pytest.approx(5.0)


def test_an_event_that_overrides_ends_another_and_one_beside_does_not() -> None:
    lane = model.LaneChangeAction(change("linear", "time", 6.0), model.AbsoluteTargetLane("-2"))
    recording = one(
        event("lane", lane, start=after(1.0)),
        event("beside", speed(20.0, change("linear", "time", 4.0)), start=after(2.0)),
        event("over", MARK, start=after(4.0), priority="override"),
    )
    assert ended(recording, "lane") == ended(recording, "beside") == [pytest.approx(4.0, abs=STEP)]
    last = near(recording, 20.0)
    assert last.speed == pytest.approx(15.0, abs=0.3) and last.y == pytest.approx(-WIDTH, abs=0.1)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        # Ego at 100 m and 20 m/s, the other at 300 m and 10 m/s; both are 5 m long and reach 3.9 m ahead, 1.1 m behind.
        (model.TimeHeadwayCondition("lead", False, "lessThan", 2.0), (200.0 - 40.0) / 10.0),
        (model.TimeHeadwayCondition("lead", True, "lessThan", 2.0), (195.0 - 40.0) / 10.0),
        (model.TimeToCollisionCondition("lead", True, "lessThan", 3.0), 19.5 - 3.0),
        (model.TimeToCollisionCondition(model.WorldPosition(500.0, -1.75), False, "lessThan", 4.0), 20.0 - 4.0),
        (model.RelativeDistanceCondition("lead", True, "longitudinal", "lessOrEqual", 45.0), 15.0),
        (model.DistanceCondition(model.LanePosition("1", "-1", 400.0), False, "lessThan", 100.0), 10.0),
        (model.CollisionCondition((), "vehicle"), 19.5),
        (model.ReachPositionCondition(model.LanePosition("1", "-1", 300.0), 5.0), 195.0 / 20.0),
        (model.RelativeSpeedCondition("lead", "greaterOrEqual", 10.0), 0.0),
    ],
)
def test_conditions_of_two_come_true_when_they_must(what: model.EntityCondition, expected: float) -> None:
    made = scenario(
        {"ego": [at(100.0), speed(20.0)], "lead": [at(300.0), speed(10.0)]},
        event("wait", MARK, start=after(0.05)),
        event("e", MARK, start=when(of_ego(what), 0.1)),
    )
    recording = play(made, straight(), until=25.0, dt=DT)
    assert began(recording, "e") == [pytest.approx(expected + 0.1, abs=2 * STEP)]
