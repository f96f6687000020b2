"""The player of storyboards against closed forms, other libraries and the words of the standard."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import cos, hypot, pi

import numpy as np
import pytest
from scipy.interpolate import BSpline
from shapely.geometry import Polygon
from small_storyboard import CAR, WIDTH, after, at, event, scenario, speed, straight, when

from simulator.errors import InputError
from simulator.storyboard import boxes, model
from simulator.storyboard.actions.base import supported_actions
from simulator.storyboard.conditions import CONDITIONS, ENTITY_CONDITIONS, Trigger
from simulator.storyboard.coverage import ROWS
from simulator.storyboard.player import play
from simulator.storyboard.recording import Recording, Row
from simulator.storyboard.road_links import Roads
from simulator.storyboard.road_position import RoadPosition
from simulator.storyboard.rotation import compose, matrix, relative
from simulator.storyboard.world import StateChange

DT = 0.05


def rows(recording: Recording, name: str = "ego") -> list[Row]:
    return list(recording.of(name))


def state_times(recording: Recording, path: str) -> list[tuple[float, str]]:
    return [
        (round(e.time, 3), e.state) for e in recording.events if isinstance(e, StateChange) and e.path.endswith(path)
    ]


# ------------------------------------------------------------------------------------------------- longitudinal


def test_without_actions_an_entity_keeps_its_speed_along_its_lane() -> None:
    for lane, sign in ((-1, 1.0), (2, -1.0)):
        recording = play(scenario({"ego": [at(500.0, lane), speed(20.0)]}), straight(), until=10.0)
        last = rows(recording)[-1]
        middle = (abs(lane) - 0.5) * WIDTH * (1 if lane > 0 else -1)
        assert (last.x, last.y) == pytest.approx((500.0 + sign * 200.0, middle), abs=1e-6)
        assert last.t == pytest.approx(10.0)


@pytest.mark.parametrize("radius", [60.0, -60.0])
def test_in_a_curve_the_speed_is_that_of_the_lane_not_of_the_reference_line(radius: float) -> None:
    recording = play(scenario({"ego": [at(10.0, -2), speed(10.0)]}), straight(300.0, 1.0 / radius), until=5.0)
    path = rows(recording)
    driven = sum(hypot(b.x - a.x, b.y - a.y) for a, b in pairwise(path))
    assert driven == pytest.approx(50.0, abs=0.02)
    center = (0.0, radius)
    assert {round(hypot(row.x - center[0], row.y - center[1]), 6) for row in path} == {
        round(abs(radius) + (1.5 if radius > 0 else -1.5) * WIDTH, 6)
    }


@pytest.mark.parametrize(
    ("shape", "mean"),
    [
        ("linear", lambda u: u),
        ("sinusoidal", lambda u: (1 - cos(pi * u)) / 2),
        ("cubic", lambda u: u * u * (3 - 2 * u)),
    ],
)
def test_speed_follows_its_shape_over_time(shape: model.DynamicsShape, mean: object) -> None:
    change = speed(25.0, model.TransitionDynamics(shape, "time", 4.0))
    recording = play(
        scenario({"ego": [at(10.0), speed(5.0)]}, event("e", change, start=after(1.0))), straight(), until=8.0
    )
    for row in rows(recording):
        u = min(max((row.t - 1.0) / 4.0, 0.0), 1.0)
        assert row.speed == pytest.approx(5.0 + 20.0 * mean(u), abs=1e-9)  # type: ignore[operator]


def test_speed_over_a_distance_and_at_a_rate() -> None:
    by_distance = speed(20.0, model.TransitionDynamics("linear", "distance", 100.0))
    recording = play(scenario({"ego": [at(0.0), speed(10.0)]}, event("e", by_distance)), straight(), until=20.0)
    reached = next(row for row in rows(recording) if row.speed == pytest.approx(20.0))
    assert reached.x == pytest.approx(100.0, abs=20.0 * DT)
    by_rate = speed(20.0, model.TransitionDynamics("linear", "rate", 2.5))
    recording = play(scenario({"ego": [at(0.0), speed(10.0)]}, event("e", by_rate)), straight(), until=20.0)
    reached = next(row for row in rows(recording) if row.speed == pytest.approx(20.0))
    assert reached.t == pytest.approx(4.0, abs=2 * DT)


def test_a_vehicle_accelerates_no_more_than_it_can() -> None:
    slow = model.Vehicle(CAR.name, CAR.vehicle_category, CAR.bounding_box, model.Performance(30.0, 2.0, 3.0), CAR.axles)
    for target, limit in ((50.0, 2.0), (0.0, 3.0)):
        change = speed(target, model.TransitionDynamics("sinusoidal", "time", 1.0))
        recording = play(
            scenario({"ego": [at(0.0), speed(20.0)]}, event("e", change, start=after(1.0)), objects={"ego": slow}),
            straight(),
            until=20.0,
        )
        steps = [abs(b.speed - a.speed) / DT for a, b in pairwise(rows(recording))]
        assert max(steps) <= limit + 1e-6
        assert rows(recording)[-1].speed == pytest.approx(min(target, 30.0))


def test_a_distance_is_reached_and_kept() -> None:
    keep = model.LongitudinalDistanceAction(
        "lead", True, True, distance=15.0, dynamic_constraints=model.DynamicConstraints(40.0, 3.0, 3.0)
    )
    recording = play(
        scenario({"ego": [at(0.0), speed(15.0)], "lead": [at(60.0), speed(15.0)]}, event("e", keep)),
        straight(),
        until=40.0,
    )
    ego, lead = rows(recording)[-1], rows(recording, "lead")[-1]
    assert lead.x - ego.x - CAR.bounding_box.length == pytest.approx(15.0, abs=0.2)
    assert ego.speed == pytest.approx(15.0, abs=0.05)


def test_two_arrive_together() -> None:
    arrive = model.SynchronizeAction(
        "master",
        model.LanePosition("1", "-2", 400.0),
        model.LanePosition("1", "-1", 300.0),
        model.AbsoluteSpeed(12.0),
    )
    recording = play(
        scenario({"ego": [at(100.0), speed(5.0)], "master": [at(100.0, -2), speed(20.0)]}, event("e", arrive)),
        straight(),
        until=15.0,
    )
    moment = min(rows(recording, "master"), key=lambda row: abs(row.x - 400.0)).t
    there = next(row for row in rows(recording) if row.t == moment)
    assert there.x == pytest.approx(300.0, abs=1.0)
    assert there.speed == pytest.approx(12.0, abs=0.3)


# ------------------------------------------------------------------------------------------------------ lateral


@pytest.mark.parametrize(("lane", "target"), [(-1, "-2"), (-2, "-1"), (1, "2"), (2, "1")])
def test_a_lane_change_over_time_ends_in_the_middle_of_the_lane(lane: int, target: str) -> None:
    change = model.LaneChangeAction(
        model.TransitionDynamics("sinusoidal", "time", 4.0), model.AbsoluteTargetLane(target)
    )
    recording = play(
        scenario({"ego": [at(1000.0, lane), speed(20.0)]}, event("e", change, start=after(1.0))), straight(), until=8.0
    )
    path = rows(recording)
    side = 1 if lane > 0 else -1
    start, end = side * (abs(lane) - 0.5) * WIDTH, side * (abs(int(target)) - 0.5) * WIDTH
    for row in path:
        u = min(max((row.t - 1.0) / 4.0, 0.0), 1.0)
        assert row.y == pytest.approx(start + (end - start) * (1 - cos(pi * u)) / 2, abs=1e-6)
    assert path[-1].lane == int(target)
    steps = [hypot(b.x - a.x, b.y - a.y) for a, b in pairwise(path)]
    assert steps == pytest.approx([20.0 * DT] * len(steps), abs=1e-3)  # the speed is that along the way
    assert path[-1].h == pytest.approx(0.0 if side < 0 else pi, abs=1e-9)


def test_relative_lanes_pass_over_the_centre_line() -> None:
    change = model.LaneChangeAction(
        model.TransitionDynamics("cubic", "distance", 60.0), model.RelativeTargetLane("ego", 1)
    )
    recording = play(scenario({"ego": [at(0.0, -1), speed(20.0)]}, event("e", change)), straight(), until=8.0)
    assert rows(recording)[-1].y == pytest.approx(0.5 * WIDTH)


def test_a_lane_offset_keeps_the_lateral_acceleration() -> None:
    most = 0.8
    offset = model.LaneOffsetAction("sinusoidal", model.AbsoluteTargetLaneOffset(1.2), False, most)
    recording = play(scenario({"ego": [at(0.0), speed(20.0)]}, event("e", offset, start=after(0.5))), straight())
    y = np.array([row.y for row in rows(recording)])
    acceleration = np.diff(y, 2) / DT**2
    assert y[-1] == pytest.approx(-0.5 * WIDTH + 1.2)
    assert np.abs(acceleration[12:-12]).max() == pytest.approx(most, rel=0.05)


# ------------------------------------------------------------------------------------------------- trajectories


def _follow(shape: model.Polyline | model.Clothoid | model.Nurbs, timing: model.Timing | None = None) -> model.Event:
    return event("e", model.FollowTrajectoryAction(model.Trajectory("t", shape), "position", timing), start=after(0.5))


def test_a_polyline_with_times_is_where_it_should_be_in_time() -> None:
    places = [(0.0, 0.0, 0.0), (30.0, 10.0, 2.0), (60.0, -5.0, 5.0), (90.0, 0.0, 6.0)]
    shape = model.Polyline(tuple(model.Vertex(model.WorldPosition(x, y), t) for x, y, t in places))
    recording = play(
        scenario({"ego": [at(0.0)]}, _follow(shape, model.Timing("absolute", 1.0, 0.0))), straight(), until=6.0
    )
    x, y, t = np.array(places).T
    for row in rows(recording):
        if row.t > 0.5 + DT:
            assert (row.x, row.y) == pytest.approx((np.interp(row.t, t, x), np.interp(row.t, t, y)), abs=1e-6)


def test_a_clothoid_has_the_curvature_that_is_given() -> None:
    shape = model.Clothoid(model.WorldPosition(5.0, 2.0, h=0.3), 0.01, 0.002, 40.0)
    recording = play(scenario({"ego": [at(0.0), speed(8.0)]}, _follow(shape)), straight(), until=5.0)
    s = np.linspace(0.0, 40.0, 40_001)
    heading = 0.3 + 0.01 * s + 0.001 * s * s
    step = np.diff(s)
    x = 5.0 + np.concatenate([[0.0], np.cumsum(step * np.cos(0.5 * (heading[1:] + heading[:-1])))])
    y = 2.0 + np.concatenate([[0.0], np.cumsum(step * np.sin(0.5 * (heading[1:] + heading[:-1])))])
    for row in rows(recording):
        along = 8.0 * (row.t - 0.5)
        if 0.0 < along < 39.0:
            assert (row.x, row.y) == pytest.approx((np.interp(along, s, x), np.interp(along, s, y)), abs=1e-6)
            assert row.h == pytest.approx(np.interp(along, s, heading), abs=1e-6)


def test_a_nurbs_runs_along_the_curve_that_scipy_has() -> None:
    points = np.array([[0.0, 0.0], [20.0, 15.0], [40.0, -10.0], [70.0, 5.0], [90.0, 0.0]])
    knots = (0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0)
    shape = model.Nurbs(4, tuple(model.ControlPoint(model.WorldPosition(*p)) for p in points.tolist()), knots)
    recording = play(scenario({"ego": [at(0.0), speed(10.0)]}, _follow(shape)), straight(), until=8.0)
    curve = BSpline(np.array(knots), points, 3)(np.linspace(0.0, 1.0 - 1e-9, 20_001))
    for row in rows(recording):
        if 0.6 < row.t < 8.0:
            assert np.hypot(curve[:, 0] - row.x, curve[:, 1] - row.y).min() < 0.01


# --------------------------------------------------------------------------------------------------- storyboard


def test_an_event_starts_in_the_step_after_its_condition_comes_true_and_a_delay_later() -> None:
    for delay in (0.0, 0.7):
        recording = play(
            scenario({"ego": [at(0.0), speed(5.0)]}, event("e", speed(9.0), start=after(1.0, delay))),
            straight(),
            until=3.0,
        )
        assert state_times(recording, "::e") == [(pytest.approx(1.0 + delay), "running"), (1.0 + delay, "complete")]
        first = next(row for row in rows(recording) if row.speed == 9.0)
        assert first.t == pytest.approx(1.0 + delay + DT)


def test_edges() -> None:
    def moving(rule: model.Rule) -> model.ByEntityCondition:
        return model.ByEntityCondition(("ego",), "any", model.SpeedCondition(rule, 10.0))

    ramp = speed(20.0, model.TransitionDynamics("linear", "time", 4.0))
    for edge, fires in (("rising", False), ("falling", True), ("risingOrFalling", True)):
        light = model.VisibilityAction(True, True, True)
        recording = play(
            scenario(
                {"ego": [at(0.0), speed(0.0)]},
                event("ramp", ramp),
                event("e", light, start=when(moving("lessThan"), edge=edge)),  # type: ignore[arg-type]
            ),
            straight(),
            until=5.0,
        )
        times = state_times(recording, "::e")
        assert bool(times) == fires
        if edge == "falling":
            assert times[0][0] == pytest.approx(2.0, abs=2 * DT)


def test_priorities() -> None:
    long = speed(50.0, model.TransitionDynamics("linear", "time", 30.0))
    change = model.LaneChangeAction(model.TransitionDynamics("linear", "time", 3.0), model.AbsoluteTargetLane("-2"))
    for priority, first, second in (("override", "complete", True), ("skip", "", False), ("parallel", "", True)):
        recording = play(
            scenario(
                {"ego": [at(0.0), speed(10.0)]},
                event("first", long),
                event("second", change, start=after(1.0), priority=priority),  # type: ignore[arg-type]
            ),
            straight(),
            until=4.0,
        )
        ended = [t for t, state in state_times(recording, "::first") if state == "complete"]
        assert bool(ended) == (first == "complete")
        assert bool([t for t, state in state_times(recording, "::second") if state == "running"]) == second


def test_actions_on_the_same_domain_end_each_other() -> None:
    long = speed(50.0, model.TransitionDynamics("linear", "time", 30.0))
    recording = play(
        scenario({"ego": [at(0.0), speed(10.0)]}, event("first", long), event("second", speed(5.0), start=after(1.0))),
        straight(),
        until=2.0,
    )
    assert (1.0, "complete") in state_times(recording, "::first 0")
    assert rows(recording)[-1].speed == 5.0


def test_an_event_runs_as_often_as_it_may() -> None:
    for count in (1, 3):
        add = model.VariableModifyAction("n", model.AddValue(1.0))
        recording = play(
            scenario(
                {"ego": [at(0.0), speed(10.0)]},
                event("e", add, start=after(1.0), count=count),
                stop=when(model.VariableCondition("n", "equalTo", str(count)), delay=1.0),
                variables=(model.VariableDeclaration("n", "int", 0),),
            ),
            straight(),
            until=9.0,
        )
        assert len([1 for _, state in state_times(recording, "::e") if state == "running"]) == count
        assert rows(recording)[-1].t < 3.0


def test_the_end_of_an_element_starts_another() -> None:
    first = speed(20.0, model.TransitionDynamics("linear", "time", 2.0))
    ended = model.StoryboardElementStateCondition("event", "first", "completeState")
    recording = play(
        scenario(
            {"ego": [at(0.0), speed(10.0)]}, event("first", first), event("second", speed(3.0), start=when(ended))
        ),
        straight(),
        until=5.0,
    )
    done = next(t for t, state in state_times(recording, "::first") if state == "complete")
    assert state_times(recording, "::second")[-1][0] == pytest.approx(done + DT)


def test_a_collision_is_the_moment_at_which_the_boxes_touch() -> None:
    hit = model.ByEntityCondition(("ego",), "any", model.CollisionCondition(("wall",)))
    recording = play(
        scenario({"ego": [at(0.0), speed(10.0)], "wall": [at(100.0)]}, stop=when(hit)), straight(), until=30.0
    )
    assert rows(recording)[-1].x == pytest.approx(100.0 - CAR.bounding_box.length, abs=10.0 * DT)


# ------------------------------------------------------------------------------------------------------- places


def test_positions_agree_with_each_other() -> None:
    other = at(300.0, -2)
    for position, expected in (
        (model.RelativeLanePosition("other", 1, ds=20.0), (320.0, -0.5 * WIDTH)),
        (model.RelativeLanePosition("other", 1, ds_lane=20.0, offset=0.5), (320.0, -0.5 * WIDTH + 0.5)),
        (model.RelativeRoadPosition("other", -20.0, 2.0), (280.0, -1.5 * WIDTH + 2.0)),
        (model.RelativeObjectPosition("other", 5.0, 1.0), (305.0, -1.5 * WIDTH + 1.0)),
        (model.RelativeWorldPosition("other", 5.0, 1.0), (305.0, -1.5 * WIDTH + 1.0)),
        (model.RoadPosition("1", 40.0, 3.0), (40.0, 3.0)),
        (model.WorldPosition(50.0, -3.0, h=0.2), (50.0, -3.0)),
    ):
        recording = play(scenario({"ego": [model.TeleportAction(position)], "other": [other]}), straight(), until=DT)
        assert (rows(recording)[0].x, rows(recording)[0].y) == pytest.approx(expected, abs=1e-6)


def test_what_does_not_exist_is_one_line() -> None:
    for actions, word in (
        ([at(0.0, -7)], "lane -7"),
        ([model.TeleportAction(model.LanePosition("9", "-1", 0.0))], 'road "9"'),
        ([model.TeleportAction(model.RelativeObjectPosition("nobody", 0.0, 0.0))], "nobody"),
    ):
        with pytest.raises(InputError, match=word):
            play(scenario({"ego": actions}), straight())


def test_a_lane_that_is_not_there_is_named_and_left_out() -> None:
    change = model.LaneChangeAction(model.TransitionDynamics("linear", "time", 2.0), model.AbsoluteTargetLane("-9"))
    recording = play(scenario({"ego": [at(0.0), speed(10.0)]}, event("e", change)), straight(), until=3.0)
    assert recording.warnings == ["there is no lane -9 where ego is: it stays in its own"]
    assert rows(recording)[-1].x == pytest.approx(30.0)


def test_at_the_end_of_the_road_it_stops() -> None:
    recording = play(scenario({"ego": [at(480.0), speed(20.0)]}), straight(500.0), until=5.0)
    last = rows(recording)[-1]
    assert (last.x, last.speed) == pytest.approx((500.0, 0.0))


# ----------------------------------------------------------------------------------------------------- geometry


def test_who_is_put_down_beyond_the_end_of_the_road_stays_there() -> None:
    beyond = model.RelativeObjectPosition("lead", 12.0, 1.0)
    setting = {"lead": [at(99.9)], "ego": [model.TeleportAction(beyond), speed(5.0)]}
    recording = play(scenario(setting), straight(100.0), until=2.0)
    [place] = {(round(row.x, 6), round(row.y, 6)) for row in recording.of("ego")}
    assert place == pytest.approx((111.9, -WIDTH / 2 + 1.0))


def test_gaps_of_boxes_agree_with_shapely() -> None:
    rng = np.random.default_rng(5)
    for _ in range(300):
        a, b = RoadPosition(Roads(None)), RoadPosition(Roads(None))
        sizes = []
        for place in (a, b):
            place.x, place.y, place.h = rng.uniform(-8.0, 8.0), rng.uniform(-8.0, 8.0), rng.uniform(0.0, 2 * pi)
            sizes.append(model.BoundingBox(rng.uniform(-1, 2), 0.0, 0.0, rng.uniform(1, 6), rng.uniform(0.5, 3), 1.0))
        shapes = [Polygon(boxes.corners(place, size)) for place, size in zip((a, b), sizes)]
        assert boxes.overlap(a, sizes[0], b, sizes[1]) == shapes[0].intersects(shapes[1])
        assert boxes.gap(a, sizes[0], b, sizes[1])[0] == pytest.approx(shapes[0].distance(shapes[1]), abs=1e-9)


def test_angles_compose_like_matrices() -> None:
    rng = np.random.default_rng(6)
    for _ in range(100):
        outer, inner = (tuple(rng.uniform(-1.2, 1.2, 3)) for _ in range(2))
        total = compose(outer, inner)
        product = np.array(matrix(*outer)).reshape(3, 3) @ np.array(matrix(*inner)).reshape(3, 3)
        np.testing.assert_allclose(np.array(matrix(*total)).reshape(3, 3), product, atol=1e-12)
        back = relative(outer, total)
        np.testing.assert_allclose(matrix(*back), matrix(*inner), atol=1e-12)


def test_two_runs_are_the_same() -> None:
    change = model.LaneChangeAction(model.TransitionDynamics("cubic", "time", 3.0), model.AbsoluteTargetLane("-2"))
    made = scenario({"ego": [at(0.0), speed(10.0)]}, event("e", change, start=after(1.0)))
    network = straight(500.0, 0.004)
    assert play(made, network).table == play(made, network).table


def test_the_table_of_coverage_says_what_the_player_has() -> None:
    known = {name.removesuffix("Element") for name in (*supported_actions(), *(c.__name__ for c in CONDITIONS))}
    known |= {condition.__name__ for condition in ENTITY_CONDITIONS}
    for row in ROWS:
        if row.group in ("global action", "condition of an entity", "condition of a value"):
            assert row.played is not None, row.element
            assert (row.played != "not") == (row.element in known - {"UserDefinedValueCondition"}), row.element


# ------------------------------------------------------------------------------------------------ who acts


def test_the_entities_that_trigger_an_act_are_its_actors() -> None:
    """OpenSCENARIO XML 1.3, 7.3.1: their states make conditions of the act's start trigger true."""
    condition = model.ByEntityCondition(("slow", "fast"), "any", model.SpeedCondition("greaterThan", 15.0))
    brake = event("brake", speed(1.0))
    group = model.ManeuverGroup("group", 1, ("named",), (model.Maneuver("maneuver", (brake,)),), True)
    story = model.Story("story", (model.Act("act", (group,), when(condition)),))
    speeds = {"slow": 10.0, "fast": 20.0, "named": 5.0}
    plain = scenario({name: [at(100.0 * k, -1), speed(v)] for k, (name, v) in enumerate(speeds.items(), 1)})
    recording = play(replace(plain, storyboard=replace(plain.storyboard, stories=(story,))), straight(), until=1.0)
    assert {name: rows(recording, name)[-1].speed for name in speeds} == {"slow": 10.0, "fast": 1.0, "named": 1.0}


def test_a_continuous_lane_offset_stays_with_the_entity_that_it_is_relative_to() -> None:
    moves = [model.LaneOffsetAction("sinusoidal", model.AbsoluteTargetLaneOffset(y), False, 0.5) for y in (1.0, -0.5)]
    wander = [event(f"move {t}", move, start=after(t)) for move, t in zip(moves, (6.0, 14.0))]
    follow = model.LaneOffsetAction("sinusoidal", model.RelativeTargetLaneOffset("lead", 0.3), True, 2.0)
    base = scenario({"lead": [at(130.0), speed(20.0)], "ego": [at(100.0), speed(20.0)]}, *wander, actor="lead")
    group = model.ManeuverGroup("follow", 1, ("ego",), (model.Maneuver("m", (event("follow", follow),)),))
    stories = (*base.storyboard.stories, model.Story("other", (model.Act("act", (group,)),)))
    recording = play(replace(base, storyboard=replace(base.storyboard, stories=stories)), straight(), until=24.0)
    gaps = [ego.tt - lead.tt for ego, lead in zip(rows(recording, "ego"), rows(recording, "lead"))]
    assert max(abs(gap - 0.3) for gap in gaps[100:]) < 0.04  # the way of about a step
    assert state_times(recording, "follow::follow 0") == []  # it has begun before the first step, and goes on
    turns = [b.tt - 2 * a.tt + c.tt for a, b, c in zip(rows(recording)[1:], rows(recording), rows(recording)[2:])]
    assert max(abs(turn) for turn in turns) < 2.2 * DT**2


# ------------------------------------------------------------------------------------------------ controllers


def controlled(name: str, **settings: str) -> tuple[model.ObjectController, ...]:
    return (model.ObjectController(name, model.Controller(name, properties=model.Properties(settings))),)


def test_a_ghost_does_ahead_what_its_follower_would_do() -> None:
    change = speed(30.0, model.TransitionDynamics("sinusoidal", "time", 4.0))
    start = [at(50.0), speed(10.0), model.ControllerAction(activate=model.ActivateControllerAction(None, True, True))]
    plain = scenario({"ego": start}, event("faster", change, start=after(6.0)))
    alone = rows(play(plain, straight(), until=14.0))
    ghostly = replace(plain.entities[0], controllers=controlled("FollowGhostController", headstartTime="2.5"))
    recording = play(replace(plain, entities=(ghostly,)), straight(), until=11.0)
    for ghost in rows(recording, "ego_ghost"):
        own = alone[round((ghost.t + 2.5) / DT)]
        assert (ghost.x, ghost.speed) == pytest.approx((own.x, own.speed), abs=1e-6)
    followed = [abs(ego.x - own.x) for ego, own in zip(rows(recording, "ego"), alone)]
    assert max(followed) < 1.1  # it looks 0.1 s ahead, on a trail of samples
    assert "ego_ghost" not in recording.entities  # nobody renders it


def test_the_careful_driver_brakes_in_the_times_of_the_regulation() -> None:
    """UN R157, Annex 4, Appendix 3: 0.4 s to perceive, 0.75 s to react, 0.6 s to the full 0.774 g."""
    hard = speed(0.0, model.TransitionDynamics("linear", "rate", 6.0))
    drive = model.ControllerAction(activate=model.ActivateControllerAction(None, True, True))
    plain = scenario(
        {"lead": [at(130.0), speed(20.0)], "ego": [at(100.0), speed(20.0), drive]},
        event("brake", hard, start=after(2.0)),
        actor="lead",
    )
    keeper = controlled("ALKS_R157SM_Controller", cruise="false", aebAvailable="false")
    entities = (plain.entities[0], replace(plain.entities[1], controllers=keeper))
    path = rows(play(replace(plain, entities=entities), straight(), until=6.0))
    slows = next(row.t for row in path if row.speed < 20.0)
    rates = [(b.speed - a.speed) / DT for a, b in pairwise(path)]
    hardest = next(b.t for b, rate in zip(path[1:], rates) if rate < -0.774 * 9.81 + 1e-6)
    assert slows - 2.0 == pytest.approx(0.4 + 0.75, abs=3 * DT)
    assert hardest - slows == pytest.approx(0.6, abs=2 * DT)
    assert min(rates) == pytest.approx(-0.774 * 9.81)


@pytest.mark.parametrize("seen", [True, False])
def test_distance_keepers_brake_for_what_traffic_sees(seen: bool) -> None:
    drive = model.ControllerAction(activate=model.ActivateControllerAction(None, True, True))
    show = model.VisibilityAction(True, True, seen)
    plain = scenario({"lead": [at(160.0), speed(10.0), show], "ego": [at(100.0), speed(20.0), drive]})
    keeper = controlled("ACCController", setSpeed="20")
    entities = (plain.entities[0], replace(plain.entities[1], controllers=keeper))
    slowest = min(row.speed for row in rows(play(replace(plain, entities=entities), straight(), until=8.0)))
    assert slowest < 15.0 if seen else slowest == 20.0


def test_overridden_pedals_and_steering_wheel_drive_an_interactive_vehicle() -> None:
    """Half throttle of 20 m/s2; 0.4 rad of the wheels on a wheelbase of about the length: a circle."""
    drive = model.ControllerAction(activate=model.ActivateControllerAction(None, True, True))
    throttle = model.ControllerAction(
        override=model.OverrideControllerValueAction(throttle=model.OverrideThrottleAction(True, 0.5))
    )
    turn = model.ControllerAction(
        override=model.OverrideControllerValueAction(
            throttle=model.OverrideThrottleAction(False, 0.0),
            steering_wheel=model.OverrideSteeringWheelAction(True, 16.0 * 0.4),
        )
    )
    stop = model.ControllerAction(
        override=model.OverrideControllerValueAction(brake=model.OverrideBrakeAction(True, model.BrakePercent(1.0)))
    )
    events = [event(f"e{t}", action, start=after(t)) for t, action in ((1.0, throttle), (1.5, turn), (4.0, stop))]
    plain = scenario({"ego": [at(500.0), drive]}, *events)
    entity = replace(plain.entities[0], controllers=controlled("InteractiveController"))
    path = rows(play(replace(plain, entities=(entity,)), straight(), until=6.0))
    assert path[round(1.5 / DT)].speed == pytest.approx(5.0, abs=0.55)
    slip = np.arctan(0.15 * np.tan(0.4))
    a, b = path[round(2.0 / DT)], path[round(2.5 / DT)]
    assert (b.h - a.h) / 0.5 == pytest.approx((a.speed + b.speed) / 2 * np.sin(slip) / (0.15 * 5.0), rel=0.02)
    assert path[-1].speed == 0.0


def test_geographic_positions_are_projected_as_the_map_says() -> None:
    """On the central meridian of UTM the easting is 500 km, and the northing 0.9996 of the way from the equator."""
    pytest.importorskip("pyproj")
    meridian = 110574.3885577987  # first degree of latitude from the equator on WGS 84, m (Vincenty)
    north = 0.9996 * meridian
    network = replace(straight(), geo_reference="+proj=utm +zone=32 +datum=WGS84", offset=(499_000.0, north, 0.0, 0.0))
    place = model.TeleportAction(model.GeoPosition(1.0, 9.0))
    row = rows(play(scenario({"ego": [place]}), network, until=DT))[0]
    assert (row.x, row.y) == pytest.approx((1000.0, 0.0), abs=1e-3)


def test_grids_of_the_geoid_that_are_not_there_do_not_matter() -> None:
    pytest.importorskip("pyproj")
    text = "+proj=utm +zone=32 +datum=WGS84 +geoidgrids=egm96_15.gtx +vunits=m +no_defs"  # as esmini's maps have it
    network = replace(straight(), geo_reference=text, offset=(499_000.0, 0.9996 * 110574.3885577987, 0.0, 0.0))
    row = rows(play(scenario({"ego": [model.TeleportAction(model.GeoPosition(1.0, 9.0))]}), network, until=DT))[0]
    assert (row.x, row.y) == pytest.approx((1000.0, 0.0), abs=1e-3)


@pytest.mark.parametrize(
    ("reference", "latitude", "message"),
    [
        ("+proj=tmerc +nadgrids=not_there.gsb +ellps=bessel", 1.0, "no projection that is known"),
        ("+proj=nonsense", 1.0, "no projection that is known"),
        ("+proj=utm +zone=32 +datum=WGS84", 123.0, "123, 9 deg lies beyond the projection of the map"),
    ],
)
def test_what_cannot_be_projected_is_one_line(reference: str, latitude: float, message: str) -> None:
    pytest.importorskip("pyproj")
    network = replace(straight(), geo_reference=reference)
    with pytest.raises(InputError, match=message):
        play(scenario({"ego": [model.TeleportAction(model.GeoPosition(latitude, 9.0))]}), network)


def test_a_map_that_is_turned_is_turned_back_about_its_offset() -> None:
    """By the formula of ASAM OpenDRIVE 1.8, 8.5: world = turned map + offset; here 1000 m along x of the map."""
    pytest.importorskip("pyproj")
    north = 0.9996 * 110574.3885577987
    turned = (500_000.0 - 1000.0 * np.cos(0.3), north - 1000.0 * np.sin(0.3), 0.0, 0.3)
    network = replace(straight(), geo_reference="+proj=utm +zone=32 +datum=WGS84", offset=turned)
    row = rows(play(scenario({"ego": [model.TeleportAction(model.GeoPosition(1.0, 9.0))]}), network, until=DT))[0]
    assert (row.x, row.y) == pytest.approx((1000.0, 0.0), abs=1e-3)


def test_geographic_positions_need_a_map_that_says_how() -> None:
    place = model.TeleportAction(model.GeoPosition(1.0, 9.0))
    with pytest.raises(InputError, match="geoReference"):
        play(scenario({"ego": [place]}), straight())


def test_a_number_cannot_become_a_text() -> None:
    counter = (model.VariableDeclaration("n", "integer", 0),)
    change = event("e", model.VariableSetAction("n", "many"))
    with pytest.raises(InputError, match='"n" is a number and cannot become "many"'):
        play(scenario({"ego": [at(10.0)]}, change, variables=counter), straight(), until=1.0)


def test_a_driver_overtakes_where_it_gains_by_it_and_follows_where_it_cannot() -> None:
    """Behind the intelligent driver model's gap at equal speeds: (s0 + v T) / sqrt(1 - (v / v0)^4)."""
    settings = {"desiredSpeed": "25", "desiredDistance": "4", "thw": "1.2", "maxAcc": "2", "maxDec": "-3"}
    drive = model.ControllerAction(activate=model.ActivateControllerAction(None, False, True))
    init = {"slow": [at(200.0, -2), speed(15.0)], "ego": [at(100.0, -2), speed(20.0), drive]}
    for beside, lane in ((False, -1), (True, -2)):
        given = dict(init)
        if beside:  # one that drives beside, so that there is no room
            given |= {f"b{k}": [at(40.0 + 12.0 * k, -1), speed(15.0)] for k in range(20)}
        plain = scenario(given)
        mine = replace(plain.entities[1], controllers=controlled("NaturalDriver", lookAheadDistance="120", **settings))
        entities = (plain.entities[0], mine, *plain.entities[2:])
        recording = play(replace(plain, entities=entities), straight(4000.0), until=60.0)
        last, slow = rows(recording)[-1], rows(recording, "slow")[-1]
        assert last.lane == lane
        if beside:
            gap = slow.x - last.x - 5.0 + 15.0 * DT  # it looks when the others have made the step
            assert gap == pytest.approx((4.0 + 15.0 * 1.2) / (1.0 - (15.0 / 25.0) ** 4) ** 0.5, rel=1e-3)
        else:
            assert last.x > slow.x and last.speed == pytest.approx(25.0, abs=0.5)


def test_what_leads_to_nothing_is_said() -> None:
    """Names, places and orders that are accepted, but of which something cannot come."""
    one, other = (model.TeleportAction(model.RelativeLanePosition(name, 0, 5.0)) for name in ("b", "a"))
    red = model.TrafficSignalCondition("77", "red")
    swarm = model.TrafficSwarmAction("ego", 200.0, 50.0, 0.0, 0.0, 5, None)
    cases = [
        (scenario({"a": [one], "b": [other]}), straight(), "a is placed relative to b, which has no place yet"),
        (scenario({"ego": [at(9999.0)]}), straight(), "goes from s = 0 to"),
        (
            scenario({"ego": [at(5.0)]}, event("e", speed(1.0), start=when(red))),
            straight(),
            'the map has no signal "77"',
        ),
        (scenario({"ego": []}, event("e", swarm)), None, "there are no roads on which traffic may come up"),
        (scenario({}), None, "no entity takes part"),
        (scenario({"ego": [model.DisconnectTrailerAction()]}), None, "ego has no trailer to leave"),
        (
            scenario({"ego": [model.ConnectTrailerAction("ego")]}),
            None,
            "ego cannot draw ego, which it is or hangs on",
        ),
        (
            scenario({"a": [model.ConnectTrailerAction("b")], "b": [model.ConnectTrailerAction("a")]}),
            None,
            "b cannot draw a, which it is or hangs on",
        ),
    ]
    for made, network, message in cases:
        warnings = play(made, network, until=2.0 * DT).warnings
        assert any(message in text for text in warnings), (message, warnings)
    assert not play(scenario({"ego": [at(5.0)]}), straight(), until=DT).warnings


# ------------------------------------------------------------------------------------------------- many events


def times_asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One number, which grows from now on with every trigger that is asked whether it is true."""
    asked, evaluate = [0], Trigger.evaluate

    def counted(self: Trigger, time: float) -> bool:
        asked[0] += 1
        return evaluate(self, time)

    monkeypatch.setattr(Trigger, "evaluate", counted)
    return asked


def test_thousands_of_events_of_one_entity_are_not_all_asked_in_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is asked when it becomes ready and from the time on that it waits for."""
    count, asked = 3_000, times_asked(monkeypatch)
    events = [event(f"e{k}", speed(10.0 + k % 3), start=after(1.0 + k / count, edge="rising")) for k in range(count)]
    recording = play(scenario({"ego": [at(10.0), speed(10.0)]}, *events), straight(), until=3.0)
    started = [
        e.path for e in recording.events if isinstance(e, StateChange) and (e.kind, e.state) == ("event", "running")
    ]
    assert started == [f"story::act::group::maneuver::e{k}" for k in range(count)]
    assert asked[0] < 5 * count


def test_events_that_may_not_start_wait_for_the_one_that_runs() -> None:
    long = model.TransitionDynamics("linear", "time", 2.0)
    events = [event(f"e{k}", speed(10.0, long), start=after(1.0), priority="skip") for k in range(3)]
    recording = play(scenario({"ego": [at(10.0), speed(20.0)]}, *events), straight(), until=8.0)
    starts = [time for k in range(3) for time, state in state_times(recording, f"e{k}") if state == "running"]
    assert starts == pytest.approx([1.0, 3.0, 5.0], abs=0.11)


def test_thousands_that_may_not_start_are_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """They start one after the other as they would if each were asked in every step, which a watcher makes happen."""
    count, asked = 400, times_asked(monkeypatch)
    dynamics = [model.TransitionDynamics("linear", "time", k % 3 * 0.05) for k in range(count)]
    events = [
        event(
            f"e{k}",
            speed(10.0, dynamics[k]),
            start=after(1.0 + k % 5 / 5),
            priority="parallel" if k % 7 == 3 else "skip",
        )
        for k in range(count)
    ]
    plain = play(scenario({"ego": [at(10.0), speed(20.0)]}, *events), straight(), until=6.0)
    assert asked[0] < 6 * count
    condition = model.Condition("", model.StoryboardElementStateCondition("event", "e399", "skipTransition"))
    seen = model.VisibilityAction(True, True, True)
    watcher = event("watcher", seen, start=model.Trigger((model.ConditionGroup((condition,)),)))
    watched = play(scenario({"ego": [at(10.0), speed(20.0)]}, *events, watcher), straight(), until=6.0)

    def states(recording: Recording) -> list[object]:
        return [each for each in recording.timeline() if each[1] == "state" and "watcher" not in str(each[-1])]

    assert len(states(plain)) > count
    assert states(plain) == states(watched)
