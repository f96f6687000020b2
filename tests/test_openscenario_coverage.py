"""What the published table of OpenSCENARIO says is supported, against closed forms: two cars on a straight road.

The ego drives at 10 m/s from s = 100 m, the lead at 5 m/s from s = 300 m, both in the right lane; their reference
points are 1.1 m before the rear and 3.9 m behind the front.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from material import MATERIAL
from small_storyboard import after, at, event, scenario, speed, straight, when

from simulator.pipeline.staging import not_shown
from simulator.roads import procedural
from simulator.storyboard import model
from simulator.storyboard.coverage import ROWS
from simulator.storyboard.openscenario import read_openscenario
from simulator.storyboard.player import Player, play
from simulator.storyboard.recording import Recording
from simulator.storyboard.world import ConditionMet, StateChange

TESTS = Path(__file__).parent
VISIBLE = model.VisibilityAction(True, True, True)  # something that moves nothing
BRAKE = speed(0.0, model.TransitionDynamics("linear", "time", 10.0))
RADIUS = 100.0 + 1.75  # of the right lane on a left bend of 100 m
NOON = model.TimeOfDay("2026-06-01T12:00:00", True)
PARAMETERS = (model.ParameterDeclaration("p", "double", 1.0), model.ParameterDeclaration("text", "string", "a"))
SIGNALS = (
    model.TrafficSignalController("lights", (model.Phase("go", 4.0), model.Phase("stop", 6.0))),
    model.TrafficSignalController("others", (model.Phase("walk", 2.0), model.Phase("wait", 8.0)), 3.0, "lights"),
)


def road(s: float) -> model.LanePosition:
    return model.LanePosition("1", "-1", s)


def run(
    *events: model.Event, length: float = 2000.0, curvature: float = 0.0, lead: tuple[float, float] = (300.0, 5.0)
) -> Recording:
    made = scenario(
        {"ego": [at(100.0), speed(10.0)], "lead": [at(lead[0]), speed(lead[1])]},
        *events,
        variables=(model.VariableDeclaration("v", "double", 1.0),),
    )
    init = replace(made.storyboard.init, global_actions=(model.EnvironmentAction(model.Environment("e", NOON)),))
    made = replace(
        made,
        storyboard=replace(made.storyboard, init=init),
        parameters=PARAMETERS,
        road_network=replace(made.road_network, traffic_signals=SIGNALS),
    )
    return play(made, straight(length, curvature), until=60.0)


def met(recording: Recording, name: str = "condition") -> float:
    """When a condition came true."""
    return next(each.time for each in recording.events if isinstance(each, ConditionMet) and each.name == name)


def ego(condition: model.EntityCondition) -> model.ByEntityCondition:
    return model.ByEntityCondition(("ego",), "any", condition)


DISTANT = {"coordinate_system": "entity", "relative_distance_type": "longitudinal"}
BY_ENTITY = [
    (model.TimeHeadwayCondition("lead", False, "lessThan", 3.0), 34.0),
    (model.TimeHeadwayCondition("lead", True, "lessThan", 3.0), 33.0),  # 5 m of cars between the reference points
    (model.TimeToCollisionCondition("lead", True, "lessThan", 2.0), 37.0),
    (model.TimeToCollisionCondition(road(500.0), False, "lessThan", 2.0), 38.0),
    (model.TraveledDistanceCondition(50.0), 5.0),
    (model.ReachPositionCondition(road(200.0), 5.0), 9.5),
    (model.DistanceCondition(road(200.0), False, "lessThan", 20.0), 8.0),
    (model.DistanceCondition(road(200.0), True, "lessThan", 20.0, **DISTANT), 7.61),
    (model.RelativeDistanceCondition("lead", False, "longitudinal", "lessThan", 100.0), 20.0),
    (model.RelativeDistanceCondition("lead", True, "longitudinal", "lessThan", 100.0), 19.0),
    (model.CollisionCondition(("lead",)), 39.0),
    (model.CollisionCondition(by_type="vehicle"), 39.0),
]


@pytest.mark.parametrize(("condition", "time"), BY_ENTITY, ids=lambda each: type(each).__name__)
def test_distances_and_times_to_others_come_when_they_should(condition: model.EntityCondition, time: float) -> None:
    found = met(run(event("e", VISIBLE, start=when(ego(condition)))))
    assert time - 1e-6 <= found <= time + 0.1001


BRAKING = [
    (model.SpeedCondition("lessThan", 5.0), 5.0),
    (model.RelativeSpeedCondition("lead", "lessThan", 2.5), 2.5),
    (model.AccelerationCondition("lessThan", -0.5, "longitudinal"), 0.0),
    (model.StandStillCondition(2.0), 12.0),
]


@pytest.mark.parametrize(("condition", "time"), BRAKING, ids=lambda each: type(each).__name__)
def test_speeds_and_standstill_come_when_they_should(condition: model.EntityCondition, time: float) -> None:
    """The ego brakes with 1 m/s2 from the start; what it has done counts from the next step on."""
    waiting = model.Trigger((model.ConditionGroup((model.Condition("it", ego(condition), "none", 0.0),)),))
    found = met(run(event("brake", BRAKE, start=after(0.0)), event("e", VISIBLE, start=waiting)), "it")
    assert time - 1e-6 <= found <= time + 0.1501


def test_clearance_comes_when_the_lane_is_free() -> None:
    condition = model.RelativeClearanceCondition(False, True, 50.0, 10.0, (model.RelativeLaneRange(0, 0),))
    found = met(run(event("e", VISIBLE, start=when(ego(condition))), lead=(120.0, 20.0)))
    assert 3.5 - 1e-6 <= found <= 3.6001  # 15 m free at the start, 10 m/s faster


@pytest.mark.parametrize(
    "condition",
    [
        model.AngleCondition("heading", 0.5, 0.05),
        model.RelativeAngleCondition("lead", "heading", 0.5, 0.05),
    ],
    ids=lambda each: type(each).__name__,
)
def test_angles_come_with_the_bend(condition: model.EntityCondition) -> None:
    """From where the lead stands in a bend the ego turns away from its heading."""
    start = 1.0 if isinstance(condition, model.AngleCondition) else 0.0  # radians, at s = 100 m
    turn = (0.45 if start == 0.0 else 2.0 * math.pi + 0.45 - start) * RADIUS / 10.0
    found = met(run(event("e", VISIBLE, start=when(ego(condition))), curvature=0.01, lead=(100.0, 0.0)))
    assert turn - 1e-6 <= found <= turn + 0.1001


def test_the_end_of_the_road_counts_from_when_it_is_reached() -> None:
    found = met(
        run(event("e", VISIBLE, start=when(ego(model.EndOfRoadCondition(1.0)))), length=200.0, lead=(120.0, 0.0))
    )
    assert 11.0 - 1e-6 <= found <= 11.1001


def test_beside_the_road_counts_from_when_it_is_left() -> None:
    """Off an edge 7 m to the right of the reference line, at 2 m/s across from 1.75 m."""
    line = [model.Vertex(model.WorldPosition(100.0 + 10.0 * t, -1.75 - 2.0 * t)) for t in (0.0, 20.0)]
    path = model.Trajectory("path", model.Polyline(tuple(line)))
    leave = event("leave", model.FollowTrajectoryAction(path, "position"))
    found = met(run(leave, event("e", VISIBLE, start=when(ego(model.OffroadCondition(1.0))))))
    along = math.hypot(10.0, 2.0) / 10.0  # it drives 10 m/s along the path
    assert 5.25 / 2.0 * along + 1.0 - 1e-6 <= found <= 5.25 / 2.0 * along + 1.2


BY_VALUE: list[tuple[list[model.GlobalAction], model.ByValueCondition, float]] = [
    ([model.ParameterSetAction("p", "7")], model.ParameterCondition("p", "equalTo", "7"), 2.0),
    ([model.ParameterSetAction("text", "b")], model.ParameterCondition("text", "equalTo", "b"), 2.0),
    ([model.ParameterModifyAction("p", model.AddValue(2.0))], model.ParameterCondition("p", "greaterThan", "2.9"), 2.0),
    (
        [model.ParameterModifyAction("p", model.MultiplyByValue(3.0))],
        model.ParameterCondition("p", "equalTo", "3"),
        2.0,
    ),
    ([model.VariableSetAction("v", "-4")], model.VariableCondition("v", "lessThan", "0"), 2.0),
    (
        [model.VariableModifyAction("v", model.MultiplyByValue(-2.0))],
        model.VariableCondition("v", "equalTo", "-2"),
        2.0,
    ),
    ([], model.TimeOfDayCondition("2026-06-01T12:00:05", "greaterOrEqual"), 5.0),
    ([], model.SimulationTimeCondition("greaterThan", 5.0), 5.05),
    ([model.TrafficSignalStateAction("17", "off;on")], model.TrafficSignalCondition("17", "off;on"), 2.0),
    ([], model.TrafficSignalControllerCondition("lights", "stop"), 4.0),
    ([], model.TrafficSignalControllerCondition("others", "wait"), 5.0),
    (
        [model.TrafficSignalControllerAction("lights", "stop")],
        model.TrafficSignalControllerCondition("lights", "stop"),
        2.0,
    ),
]


@pytest.mark.parametrize(("actions", "condition", "time"), BY_VALUE)
def test_values_come_when_they_are_set(
    actions: list[model.GlobalAction], condition: model.ByValueCondition, time: float
) -> None:
    events = [event("set", *actions, start=after(2.0))] if actions else []
    waiting = model.Condition("it", condition, "none", 0.0)
    trigger = model.Trigger((model.ConditionGroup((waiting,)),))
    found = met(run(*events, event("e", VISIBLE, start=trigger)), "it")
    assert time - 1e-6 <= found <= time + 0.1001


def test_a_monitor_is_set() -> None:
    made = scenario({"ego": [at(100.0)]}, event("e", model.SetMonitorAction("m", True), start=after(1.0)))
    player = Player(replace(made, monitors=(model.MonitorDeclaration("m", False),)), straight())
    assert player.world.monitors == {"m": False}
    for _ in range(30):
        player.step(0.05)
    assert player.world.monitors == {"m": True}


def test_entities_come_and_go() -> None:
    recording = run(
        event("go", model.DeleteEntityAction("lead"), start=after(1.0)),
        event("come", model.AddEntityAction("lead", road(50.0)), start=after(3.0)),
    )
    rows = list(recording.of("lead"))
    gone = [row.t for row in rows if 1.06 < row.t < 2.99]
    back = next(row for row in rows if row.t > 2.0)
    assert not gone
    assert (back.t, back.s) == (pytest.approx(3.0, abs=0.051), pytest.approx(50.0, abs=0.3))


def test_a_lateral_distance_is_reached() -> None:
    """Beside a car 40 m ahead in the left lane of the same direction, 1.75 m from it, and no more."""
    beside = model.LateralDistanceAction("lead", True, False, 1.75, "leftToReferencedEntity")
    recording = run(event("e", beside), lead=(140.0, 10.0))
    assert list(recording.of("ego"))[-1].y - list(recording.of("lead"))[-1].y == pytest.approx(1.75, abs=1e-3)


def test_a_random_route_is_the_seeds_own() -> None:
    """At a junction of four arms: over some seeds more than one way is taken, by one seed always the same."""
    network = procedural.x_junction()
    key = next(key for key in network.lanes() if key.lane < 0 and not network.roads[key.road].junction)
    start = model.TeleportAction(model.LanePosition(key.road, str(key.lane), 5.0))
    made = scenario({"ego": [start, speed(15.0), model.RandomRouteAction()]})
    ends = [{row.road for row in play(made, network, until=12.0, seed=seed).table} for seed in (*range(10), 0)]
    assert len({frozenset(each) for each in ends}) > 1
    assert ends[0] == ends[-1]


def test_a_value_from_outside_is_never_met_and_said_to_be() -> None:
    condition = model.UserDefinedValueCondition("outside", "equalTo", "1")
    recording = run(event("e", VISIBLE, start=when(condition)))
    assert not [each for each in recording.events if isinstance(each, ConditionMet)]
    assert ["outside" in text for text in recording.warnings] == [True]


def test_the_sky_of_an_image_is_not_shown_and_said_not_to_be() -> None:
    weather = model.Weather(dome_image=model.DomeImage("sky.hdr"))
    action = model.EnvironmentAction(model.Environment("e", weather=weather))
    assert not_shown(run(event("e", action)), straight()) == ["pictures of the sky are not shown"]


def test_lights_that_nobody_knows_are_said_not_to_be_shown() -> None:
    plate = model.VehicleLight("licensePlateIllumination")

    def said(state: model.LightState, light: model.VehicleLight | model.UserDefinedLight = plate) -> list[str]:
        action = model.LightStateAction(light, state)
        return not_shown(run(event("e", model.AppearanceAction(light_state=action))), straight())

    assert said(model.LightState("on")) == said(model.LightState("off", luminous_intensity=0.0)) == []
    assert said(model.LightState("on", luminous_intensity=400.0, color=model.Color("red"))) == []
    assert said(model.LightState("on", color=model.Color("other", (0.0, 0.0, 0.8)))) == []
    kept = ["ego: light licensePlateIllumination keeps its own colour: other has no components"]
    assert said(model.LightState("on", color=model.Color("other"))) == kept
    assert said(model.LightState("on"), model.UserDefinedLight("glow")) == ["ego: light glow is not shown"]


def test_an_animation_is_kept_and_said_where_it_is_not_shown() -> None:
    def said(kind: model.ComponentAnimation | model.PedestrianAnimation | model.AnimationFile) -> list[str]:
        action = model.AnimationAction(kind, 1.0)
        recording = run(event("e", model.AppearanceAction(animation=action)))
        assert [each.value for each in recording.changes if each.what.startswith("animation")] == [action]
        return not_shown(recording, straight())

    assert said(model.ComponentAnimation(model.VehicleComponent("doorFrontLeft"))) == []
    assert said(model.ComponentAnimation(model.VehicleComponent("hood"))) == ["ego: animation of hood is not shown"]
    assert said(model.ComponentAnimation(model.UserDefinedComponent("bonnet"))) == [
        "ego: animation of bonnet is not shown"
    ]
    waving = model.PedestrianAnimation("walking", ("wavingLeftArm",))  # of a car
    assert said(waving) == ["ego: animation of walking is not shown", "ego: animation of wavingLeftArm is not shown"]
    assert said(model.AnimationFile("wave.bvh")) == ["ego: animation of the file wave.bvh is not shown"]


def ended(recording: Recording) -> list[StateChange]:
    """Actions of events that came to their end."""
    changes = [each for each in recording.events if isinstance(each, StateChange)]
    return [each for each in changes if each.state == "complete" and each.kind == "action" and "::" in each.path]


@pytest.mark.parametrize(("duration", "loop", "end"), [(0.7, False, 1.7), (None, False, 1.0), (0.7, True, None)])
def test_an_animation_ends_with_its_duration(duration: float | None, loop: bool, end: float | None) -> None:
    kind = model.ComponentAnimation(model.VehicleComponent("trunk"))
    action = model.AppearanceAction(animation=model.AnimationAction(kind, 1.0, loop, duration))
    recording = run(event("e", action, start=after(1.0)))
    ends = [each.time for each in ended(recording)]
    assert ends == ([] if end is None else [pytest.approx(end, abs=recording.dt + 1e-9)])


@pytest.mark.parametrize(("duration", "ends"), [(None, 0), (0.7, 1)])
def test_what_a_person_does_goes_on_unless_it_has_a_duration(duration: float | None, ends: int) -> None:
    kind = model.PedestrianAnimation("sitting", ("phoneTextRightHand",))
    action = model.AppearanceAction(animation=model.AnimationAction(kind, 1.0, False, duration))
    assert len(ended(run(event("e", action, start=after(1.0))))) == ends


def test_animations_of_the_same_part_end_each_other() -> None:
    def opens(part: str) -> model.AppearanceAction:
        kind = model.ComponentAnimation(model.VehicleComponent(part))  # type: ignore[arg-type]
        return model.AppearanceAction(animation=model.AnimationAction(kind, 1.0, True))

    recording = run(event("a", opens("hood")), event("b", opens("trunk")), event("c", opens("hood"), start=after(1.0)))
    assert [each.path.rsplit("::", 1)[-1] for each in ended(recording)] == ["a 0"]


def test_what_is_kept_of_the_road_network(tmp_path: Path) -> None:
    (tmp_path / "a.xosc").write_text(
        """<OpenSCENARIO><FileHeader revMajor="1" revMinor="3" date="2026-01-01T00:00:00" description="" author=""/>
        <CatalogLocations/><RoadNetwork><SceneGraphFile filepath="town.osgb"/><UsedArea>
        <Position><WorldPosition x="0" y="0"/></Position><Position><WorldPosition x="9" y="9"/></Position></UsedArea>
        </RoadNetwork><Entities/><Storyboard><Init><Actions/></Init><StopTrigger/></Storyboard></OpenSCENARIO>"""
    )
    kept = read_openscenario(tmp_path / "a.xosc").road_network
    assert (kept.scene_graph_file, len(kept.used_area)) == ("town.osgb", 2)


ALL_OF_THE_SCHEMA = "test_openscenario_schema.py"  # takes the names from there
# What elements are called in the scripts and files that prove them.
WORDS = {
    "VisibilityAction": "kind: visibility",
    "LightStateAction": "kind: lights",
    "Story": "<Story",
    "SelectedEntities": "<Members",
    "ByObjectType": "<ByType",
    "InitActions": "<Actions",
    "ValueConstraintGroup": "<ConstraintGroup",
    "DistributionSetElement": "<Element",
    "ProbabilityDistributionSetElement": "<Element",
    "HistogramBin": "<Bin",
    "expression": "${",
    **dict.fromkeys(
        ("Throttle", "Brake", "Clutch", "ParkingBrake", "SteeringWheel", "Gear"), "OverrideControllerValue"
    ),
}


def test_rows_say_what_proves_them() -> None:
    """Each names a test that exists, and what that test reads names the element."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in TESTS.glob("test_*.py")}
    for name, text in sources.items():
        helpers = [path for path in TESTS.glob("small_*.py") if f"from {path.stem} import" in text]
        sources[name] = "".join([text, *(path.read_text(encoding="utf-8") for path in helpers)])
    sources["test_storyboard_esmini.py"] += "".join(path.read_text() for path in (TESTS / "storyboards").glob("*.xosc"))
    goldens = [json.loads(path.read_text())["xosc"] for path in (MATERIAL / "golden/scenarios").glob("*.json")]
    sources["test_storyboard_goldens.py"] += "".join(
        (MATERIAL / "openx" / name).read_text(errors="replace") for name in goldens
    )
    for row in ROWS:
        file, _, function = row.test.removeprefix("tests/").partition("::")
        assert f"\ndef {function}(" in sources[file], row
        known = WORDS.get(row.element, row.element.removesuffix("Location").removesuffix("Catalog"))
        without_material = file == "test_storyboard_goldens.py" and not goldens
        assert known in sources[file] or without_material or file == ALL_OF_THE_SCHEMA, row
        assert row.support == "supported" or row.note, row
