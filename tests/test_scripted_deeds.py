"""Two front ends, one player: scripts in YAML against the same thing written in OpenSCENARIO XML, and closed forms."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_scenario import condition_of, scenario, write

from simulator.errors import InvalidScenario
from simulator.roads import RoadNetwork
from simulator.roads.records import Controller
from simulator.scenario.scripted import read_script
from simulator.storyboard import model
from simulator.storyboard.openscenario import read_openscenario
from simulator.storyboard.player import play
from simulator.storyboard.world import StateChange

HEAD = """\
about: Small.
road: {kind: straight, length_m: 800, lanes: 2}
duration_s: 12
actors:
  Ego: {kind: car, lane: -1, s_m: 20, speed_kmh: 36}
  lead: {kind: car, lane: -2, s_m: 60, speed_kmh: 72}
"""
LEAD = '<ScenarioObject name="lead"><CatalogReference catalogName="none" entryName="none"/></ScenarioObject>'
PLACES = (
    '<Private entityRef="{name}"><PrivateAction><TeleportAction><Position><LanePosition roadId="{road}" laneId="{lane}"'
    ' s="{s}"/></Position></TeleportAction></PrivateAction><PrivateAction><LongitudinalAction><SpeedAction>'
    '<SpeedActionDynamics dynamicsShape="step" dynamicsDimension="time" value="0"/><SpeedActionTarget>'
    '<AbsoluteTargetSpeed value="{speed}"/></SpeedActionTarget></SpeedAction></LongitudinalAction></PrivateAction>'
    "</Private>"
)
FOLLOW = (
    '<PrivateAction><RoutingAction><FollowTrajectoryAction><TrajectoryRef><Trajectory name="Ego" closed="false"><Shape>'
    "{shape}</Shape></Trajectory></TrajectoryRef><TimeReference>{timing}</TimeReference>"
    '<TrajectoryFollowingMode followingMode="position"/></FollowTrajectoryAction></RoutingAction></PrivateAction>'
)
TIMED = '<Timing domainAbsoluteRelative="relative" scale="1" offset="0"/>'
CORNER = '<Position><WorldPosition x="{x}" y="{y}"/></Position>'
WORLD = '<Position><WorldPosition x="{x}" y="{y}" h="{h}"/></Position>'


def _global(inside: str) -> str:
    return f"<GlobalAction>{inside}</GlobalAction>"


def _light(lamp: str, state: str, time: float = 0.0) -> str:
    return (
        f'<PrivateAction><AppearanceAction><LightStateAction transitionTime="{time}"><LightType><VehicleLight '
        f'vehicleLightType="{lamp}"/></LightType><LightState {state}/></LightStateAction>'
        "</AppearanceAction></PrivateAction>"
    )


RAIN = f"""<EnvironmentAction><Environment name="environment">
  <TimeOfDay animation="true" dateTime="2025-11-20T17:30:00+01:00"/>
  <Weather fractionalCloudCover="sevenOktas" temperature="278.15">
  <Sun azimuth="{math.radians(90)}" elevation="{math.radians(10)}" illuminance="800"/>
  <Fog visualRange="120"/><Precipitation precipitationType="rain" precipitationIntensity="4"/>
  <Wind direction="{math.radians(225)}" speed="5"/></Weather><RoadCondition frictionScaleFactor="0.7" wetness="moist"/>
  </Environment></EnvironmentAction>"""
ANIMATION = (
    "<PrivateAction><AppearanceAction><AnimationAction {}><AnimationType>{}</AnimationType>"
    '<AnimationState state="{}"/></AnimationAction></AppearanceAction></PrivateAction>'
)
ENTRY = '<SpeedProfileEntry speed="{speed}" {time}/>'
PAIRS: dict[str, tuple[str, str]] = {
    "environment": (
        '{kind: environment, time: "2025-11-20T17:30:00+01:00", clock_runs: true, cloud_oktas: 7, temperature_c: 5,'
        " sun_azimuth_deg: 90, sun_elevation_deg: 10, sun_lx: 800, visibility_m: 120, rain_mm_h: 4, wind_mps: 5,"
        " wind_from_deg: 45, friction: 0.7, wetness: moist}",
        _global(RAIN),
    ),
    "signal": (
        '{kind: signal, signal: 17, state: "on;off;off"}',
        _global(
            '<InfrastructureAction><TrafficSignalAction><TrafficSignalStateAction name="17" state="on;off;off"/>'
            "</TrafficSignalAction></InfrastructureAction>"
        ),
    ),
    "indicator": ("{kind: lights, light: indicator_left}", _light("indicatorLeft", 'mode="flashing"')),
    "brake": ("{kind: lights, light: brake, mode: off}", _light("brakeLights", 'mode="off"')),
    "blue": (
        "{kind: lights, light: special, on_s: 0.1, off_s: 0.3, within_s: 0.5}",
        _light("specialPurposeLights", 'mode="flashing" flashingOnDuration="0.1" flashingOffDuration="0.3"', 0.5),
    ),
    "coloured": (
        '{kind: lights, light: low_beam, intensity_cd: 12000, color: "#ff0033"}',
        _light("lowBeam", 'mode="on" luminousIntensity="12000"').replace(
            "/></LightStateAction>",
            '><Color colorType="other"><ColorRgb red="1" green="0" blue="0.2"/></Color></LightState>'
            "</LightStateAction>",
        ),
    ),
    "door": (
        "{kind: animate, part: door_front_left, share: 0.5, within_s: 2}",
        ANIMATION.format(
            'animationDuration="2"',
            '<ComponentAnimation><VehicleComponent vehicleComponentType="doorFrontLeft"/></ComponentAnimation>',
            0.5,
        ),
    ),
    "gesture": (
        "{kind: animate, motion: standing, gesture: waving_right_arm, loop: true}",
        ANIMATION.format(
            'loop="true"',
            '<PedestrianAnimation motion="standing"><PedestrianGesture gesture="wavingRightArm"/>'
            "</PedestrianAnimation>",
            1,
        ),
    ),
    "visibility": (
        "{kind: visibility, sensors: false}",
        '<PrivateAction><VisibilityAction graphics="true" sensors="false" traffic="true"/></PrivateAction>',
    ),
    "speed profile": (
        "{kind: speed_profile, points: [{speed_kmh: 72, after_s: 2}, {speed_kmh: 18, after_s: 3}]}",
        '<PrivateAction><LongitudinalAction><SpeedProfileAction followingMode="position">'
        + ENTRY.format(speed=20, time='time="2"')
        + ENTRY.format(speed=5, time='time="3"')
        + "</SpeedProfileAction></LongitudinalAction></PrivateAction>",
    ),
    "smooth speed profile": (
        "{kind: speed_profile, of: lead, smooth: true, acceleration_mps2: 3, deceleration_mps2: 4, jerk_mps3: 2,"
        " points: [{speed_kmh: 18}]}",
        '<PrivateAction><LongitudinalAction><SpeedProfileAction followingMode="follow" '
        'entityRef="lead"><DynamicConstraints maxAcceleration="3" maxDeceleration="4" maxAccelerationRate="2" '
        'maxDecelerationRate="2"/>'
        + ENTRY.format(speed=5, time="")
        + "</SpeedProfileAction></LongitudinalAction></PrivateAction>",
    ),
    "beside": (
        "{kind: keep_beside, to: lead, distance_m: 2.5, side: right, lateral_mps: 1.5}",
        '<PrivateAction><LateralAction><LateralDistanceAction entityRef="lead" continuous="true" freespace="true" '
        'distance="2.5" displacement="rightToReferencedEntity" coordinateSystem="road"><DynamicConstraints '
        'maxSpeed="1.5"/></LateralDistanceAction></LateralAction></PrivateAction>',
    ),
    "random route": (
        "{kind: random_route}",
        "<PrivateAction><RoutingAction><RandomRouteAction/></RoutingAction></PrivateAction>",
    ),
    "control": (
        "{kind: control, controller: ACCController, settings: {timeGap: 1.5, setSpeed: 25}, steers: false}",
        "<PrivateAction><ControllerAction>"
        '<AssignControllerAction activateLateral="false" activateLongitudinal="true"><Controller name="ACCController">'
        '<Properties><Property name="timeGap" value="1.5"/><Property name="setSpeed" value="25"/></Properties>'
        "</Controller></AssignControllerAction></ControllerAction></PrivateAction>",
    ),
    "swarm": (
        "{kind: swarm, around: Ego, count: 5, ahead_m: 200, aside_m: 50, inner_m: 20, shift_m: 10, name: others}",
        _global(
            '<TrafficAction trafficName="others"><TrafficSwarmAction innerRadius="20" numberOfVehicles="5" offset="10" '
            'semiMajorAxis="200" semiMinorAxis="50"><CentralObject entityRef="Ego"/></TrafficSwarmAction>'
            "</TrafficAction>"
        ),
    ),
    "source": (
        "{kind: traffic_source, at: {lane: -1, s_m: 300}, radius_m: 5, per_s: 0.2, speed_kmh: 36, name: tap}",
        _global(
            '<TrafficAction trafficName="tap"><TrafficSourceAction radius="5" rate="0.2" speed="10"><Position>'
            '<LanePosition roadId="0" laneId="-1" s="300"/></Position></TrafficSourceAction></TrafficAction>'
        ),
    ),
    "sink": (
        "{kind: traffic_sink, at: {lane: -1, s_m: 700}, radius_m: 8, per_s: 1, name: drain}",
        _global(
            '<TrafficAction trafficName="drain"><TrafficSinkAction radius="8" rate="1"><Position>'
            '<LanePosition roadId="0" laneId="-1" s="700"/></Position></TrafficSinkAction></TrafficAction>'
        ),
    ),
    "stop of traffic": (
        "{kind: traffic_stop, name: tap}",
        _global('<TrafficAction trafficName="tap"><TrafficStopAction/></TrafficAction>'),
    ),
    "clothoid": (
        "{kind: clothoid, at: {x_m: 30, y_m: -1.75}, curvature_1_m: 0, change_1_m2: 0.0004, length_m: 60,"
        " start_s: 0, stop_s: 5}",
        FOLLOW.format(
            shape='<Clothoid curvature="0" curvaturePrime="0.0004" length="60" startTime="0" stopTime="5">'
            + WORLD.format(x=30, y=-1.75, h=0)
            + "</Clothoid>",
            timing=TIMED,
        ),
    ),
    "clothoids": (
        "{kind: clothoids, parts: [{from_1_m: 0, to_1_m: 0.02, length_m: 30, at: {x_m: 30, y_m: -1.75}},"
        " {from_1_m: 0.02, to_1_m: 0, length_m: 30, turn_deg: 1}]}",
        FOLLOW.format(
            shape='<ClothoidSpline><ClothoidSplineSegment curvatureStart="0" curvatureEnd="0.02" length="30">'
            f"<PositionStart>{WORLD.format(x=30, y=-1.75, h=0)[10:-11]}</PositionStart></ClothoidSplineSegment>"
            '<ClothoidSplineSegment curvatureStart="0.02" curvatureEnd="0" length="30" '
            f'hOffset="{math.radians(1)}"/></ClothoidSpline>',
            timing="<None/>",
        ),
    ),
    "nurbs": (
        "{kind: nurbs, order: 3, points: [{x_m: 30, y_m: -1.75}, {x_m: 60, y_m: -1.75, weight: 2}, {x_m: 60, y_m: -20},"
        " {x_m: 90, y_m: -30}]}",
        FOLLOW.format(
            shape='<Nurbs order="3">'
            + "".join(
                f"<ControlPoint{weight}>{CORNER.format(x=x, y=y)}</ControlPoint>"
                for x, y, weight in ((30, -1.75, ""), (60, -1.75, ' weight="2"'), (60, -20, ""), (90, -30, ""))
            )
            + "".join(f'<Knot value="{value}"/>' for value in (0, 0, 0, 1, 2, 2, 2))
            + "</Nurbs>",
            timing="<None/>",
        ),
    ),
}


def both(folder: Path, deed: str, action: str) -> tuple[model.OpenScenario, model.OpenScenario, RoadNetwork]:
    """The same event from YAML and from XML, at 1 s, and its road."""
    actor = "" if action.startswith("<GlobalAction") else "actor: Ego, "
    event = f"  - {{name: event, {actor}when: {{time_s: 1}}, do: {deed}}}\n"
    file = write(folder, f"{HEAD}story:\n{event}", "script.yaml")
    ours, network = read_script(file)
    [road] = network.roads
    init = PLACES.format(name="Ego", road=road, lane=-1, s=20, speed=10)
    init += PLACES.format(name="lead", road=road, lane=-2, s=60, speed=20)
    condition = '<ByValueCondition><SimulationTimeCondition value="1" rule="greaterOrEqual"/></ByValueCondition>'
    lead = LEAD.replace('<CatalogReference catalogName="none" entryName="none"/>', VEHICLE)
    text = scenario(entities=lead, init=init, action=action, condition=condition)
    theirs = read_openscenario(write(folder, text))
    assert not theirs.warnings
    return ours, replace(theirs, entities=ours.entities), network


VEHICLE = """<Vehicle name="car" vehicleCategory="car"><BoundingBox><Center x="1.4" y="0" z="0.9"/><Dimensions width="2"
  length="5" height="1.8"/></BoundingBox><Performance maxSpeed="69" maxAcceleration="10" maxDeceleration="10"/><Axles>
  <RearAxle maxSteering="0.5" wheelDiameter="0.8" trackWidth="1.68" positionX="0" positionZ="0.4"/></Axles></Vehicle>"""


def actions(made: model.OpenScenario) -> list[object]:
    [story] = made.storyboard.stories
    [group] = story.acts[0].maneuver_groups
    return [action.action for action in group.maneuvers[0].events[0].actions]


@pytest.mark.parametrize("name", list(PAIRS))
def test_yaml_and_xml_are_the_same_records_and_the_same_run(name: str, tmp_path: Path) -> None:
    ours, theirs, network = both(tmp_path, *PAIRS[name])
    [one], [two] = actions(ours), actions(theirs)
    if name == "environment":  # radians and kelvins from degrees and Celsius
        sun, wind = two.environment.weather.sun, two.environment.weather.wind  # type: ignore[attr-defined]
        assert one.environment.weather.sun.azimuth == pytest.approx(sun.azimuth)  # type: ignore[attr-defined]
        assert one.environment.weather.wind.direction == pytest.approx(wind.direction)  # type: ignore[attr-defined]
    assert one == two
    runs = [play(made, network, until=12.0) for made in (ours, theirs)]
    rows = [np.array([(row.t, row.x, row.y, row.h, row.speed) for row in run.of("Ego")]) for run in runs]
    steps = min(len(each) for each in rows)  # ours ends after its 12 s
    assert steps > 200
    np.testing.assert_array_equal(rows[0][:steps], rows[1][:steps])
    assert [each[:3] for each in runs[0].changes] == [each[:3] for each in runs[1].changes]
    happened = [
        [
            (each.time, each.kind, each.state)
            for each in run.events
            if isinstance(each, StateChange) and each.time < 11.9
        ]
        for run in runs
    ]
    both_have = {"event", "action"}
    assert [each for each in happened[0] if each[1] in both_have] == [
        each for each in happened[1] if each[1] in both_have
    ]
    assert not runs[0].warnings


# Keys of `when`, and the condition of OpenSCENARIO that they stand for.
_OF_EGO = (
    '<ByEntityCondition><TriggeringEntities triggeringEntitiesRule="any"><EntityRef entityRef="Ego"/>'
    "</TriggeringEntities><EntityCondition>{}</EntityCondition></ByEntityCondition>"
)
CONDITIONS = {
    "faster_by_kmh: 18, to: lead": _OF_EGO.format(
        '<RelativeSpeedCondition entityRef="lead" rule="greaterOrEqual" value="5" direction="longitudinal"/>'
    ),
    "brakes_mps2: 3": _OF_EGO.format('<AccelerationCondition rule="lessOrEqual" value="-3" direction="longitudinal"/>'),
    "off_road_s: 0.5": _OF_EGO.format('<OffroadCondition duration="0.5"/>'),
    "road_ends_s: 2": _OF_EGO.format('<EndOfRoadCondition duration="2"/>'),
    "signal: 17, shows: green": (
        '<ByValueCondition><TrafficSignalCondition name="17" state="green"/></ByValueCondition>'
    ),
}


@pytest.mark.parametrize("keys", CONDITIONS)
def test_yaml_and_xml_are_the_same_conditions(keys: str, tmp_path: Path) -> None:
    event = f"  - {{name: event, actor: Ego, when: {{{keys}}}, do: {{kind: stop}}}}\n"
    ours, _ = read_script(write(tmp_path, f"{HEAD}story:\n{event}", "script.yaml"))
    lead = LEAD.replace('<CatalogReference catalogName="none" entryName="none"/>', VEHICLE)
    theirs = read_openscenario(write(tmp_path, scenario(entities=lead, condition=CONDITIONS[keys])))
    assert condition_of(ours) == condition_of(theirs)


def test_a_trailer_is_left_and_taken_again(tmp_path: Path) -> None:
    text = (
        HEAD.replace("speed_kmh: 36}", "speed_kmh: 36, draws: box}")
        + "  box: {kind: trailer, lane: -1, s_m: 10}\nstory:\n"
        "  - {name: leave, actor: Ego, when: {time_s: 1}, do: [{kind: unhitch}, {kind: stop, deceleration_mps2: 8}]}\n"
    )
    made, network = read_script(write(tmp_path, text, "script.yaml"))
    recording = play(made, network, until=4.0)
    left, ego = list(recording.of("box")), list(recording.of("Ego"))
    assert ego[-1].speed == 0.0
    assert left[-1].x - left[0].x == pytest.approx(40.0, abs=0.1)  # it rolls on
    text = text.replace(", draws: box}", "}")
    text = text.replace("[{kind: unhitch}, {kind: stop, deceleration_mps2: 8}]", "{kind: hitch, trailer: box}")
    made, network = read_script(write(tmp_path, text, "again.yaml"))
    recording = play(made, network, until=4.0)
    taken, ego = list(recording.of("box")), list(recording.of("Ego"))
    assert taken[19].x == taken[0].x
    assert ego[-1].x - taken[-1].x < 8.0


def test_a_clothoid_bends_as_its_curvature_says(tmp_path: Path) -> None:
    ours, _, network = both(tmp_path, *PAIRS["clothoid"])
    run = play(ours, network, until=12.0)
    end = min(run.of("Ego"), key=lambda row: abs(row.t - 6.0))  # at its end, 5 s after 1 s
    s = np.linspace(0.0, 60.0, 20_001)
    heading = 0.5 * 0.0004 * s**2
    x = 30 + np.trapezoid(np.cos(heading), s)
    y = -1.75 + np.trapezoid(np.sin(heading), s)
    assert (end.x, end.y) == pytest.approx((x, y), abs=0.6)  # a step is 0.6 m
    assert end.h == pytest.approx(heading[-1], abs=0.03)


def test_a_speed_profile_takes_its_times(tmp_path: Path) -> None:
    ours, _, network = both(tmp_path, *PAIRS["speed profile"])
    speed = {round(row.t, 2): row.speed for row in play(ours, network, until=12.0).of("Ego")}
    assert [speed[t] for t in (1.0, 3.05, 6.05)] == pytest.approx([10, 20, 5], abs=0.3)
    assert speed[2.0] == pytest.approx(15, abs=0.4) and speed[4.5] == pytest.approx(12.5, abs=0.4)


def test_trailers_follow_who_draws_them(tmp_path: Path) -> None:
    text = HEAD + "  cart: {kind: trailer, lane: -1, s_m: 10}\n"
    text = text.replace("speed_kmh: 36}", "speed_kmh: 36, draws: cart}")
    text += "story:\n  - {name: a, actor: Ego, when: {time_s: 1}, do: {kind: lane_change, lanes: -1}}\n"
    scenario, network = read_script(write(tmp_path, text, "script.yaml"))
    run = play(scenario, network, until=10.0)
    for car, cart in zip(run.of("Ego"), run.of("cart"), strict=True):
        gap = math.hypot(car.x - 0.9 * math.cos(car.h) - cart.x, car.y - 0.9 * math.sin(car.h) - cart.y)
        assert gap == pytest.approx(2.5, abs=0.02)  # hitch 0.9 m behind the axle, coupler 2.5 m before the cart's
    turns = [(each.time, each.value) for each in run.changes if each.what == "lane change" and each.owner == "cart"]
    assert [way for _, way in turns] == [-1, 0]  # its indicators go with the car's


def test_controllers_of_signals_go_through_their_phases(tmp_path: Path) -> None:
    phases = "phases: [{{name: go, duration_s: 4, signals: {{{0}: green}}}}, {{name: halt, duration_s: 2,"
    phases += " signals: {{{0}: red}}}}]"
    text = f"{HEAD}signals:\n  a: {{{phases.format(1)}}}\n  b: {{after: a, delay_s: 1, {phases.format(2)}}}\nstory:\n"
    text += "  - {name: jump, when: {time_s: 9}, do: {kind: signal_phase, controller: a, phase: halt}}\n"
    run = play(*read_script(write(tmp_path, text, "script.yaml")), until=12.0)
    seen = [(round(each.time, 1), each.what, each.value) for each in run.changes if each.what.startswith("signal")]
    expected = [(0.0, 1, "green"), (1.0, 2, "green"), (4.0, 1, "red"), (5.0, 2, "red"), (6.0, 1, "green")]
    expected += [(7.0, 2, "green"), (9.0, 1, "red"), (11.0, 1, "green"), (11.0, 2, "red")]
    found = sorted((time, what, value) for time, what, value in seen)
    assert [(what, value) for _, what, value in found] == [(f"signal {n}", v) for _, n, v in sorted(expected)]
    assert [time for time, _, _ in found] == pytest.approx([time for time, _, _ in sorted(expected)], abs=0.11)


def test_a_phase_may_set_all_signals_of_the_maps_controller(tmp_path: Path) -> None:
    text = (
        HEAD
        + "signals: {c: {phases: [{name: go, duration_s: 2, all: green}, {name: halt, duration_s: 2, all: red}]}}\n"
    )
    scenario, network = read_script(write(tmp_path, text, "script.yaml"))
    controllers = {"7": Controller("7", "c", controls=(("21", ""), ("22", "")))}
    run = play(scenario, replace(network, controllers=controllers), until=3.0)
    seen = [(each.what, each.value) for each in run.changes if each.what.startswith("signal")]
    expected = [(f"signal {number}", state) for state in ("green", "red") for number in (21, 22)]
    assert seen == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("- {name: a, when: {time_s: 1}, do: {kind: stop}}", "story.0.actor: is required"),
        (
            "- {name: a, when: {slower_kmh: 1}, do: {kind: signal, signal: 1, state: red}}",
            "when.0.of: is required here",
        ),
        ("- {name: a, do: {kind: environment}}", "needs at least one of its keys"),
        ("- {name: a, do: {kind: environment, rain_mm_h: 1, snow_mm_h: 1}}", "contradicts rain_mm_h"),
        ("- {name: a, do: {kind: environment, sun_azimuth_deg: 1}}", "goes with sun_elevation_deg"),
        ('- {name: a, do: {kind: environment, time: "2025-02-30T12:00"}}', '"2025-02-30T12:00" does not exist'),
        ("- {name: a, do: {kind: environment, rain_mm_h: 1, fog_m: 100}}", "unknown key"),
        ("- {name: a, do: {kind: signal_phase, controller: x, phase: go}}", 'there is no controller "x"'),
        ("- {name: a, actor: Ego, do: {kind: speed_profile, points: []}}", "points: needs at least one point"),
        ("- {name: a, actor: Ego, do: {kind: lights, light: blue}}", '"blue" is not one of'),
        ("- {name: a, actor: Ego, do: {kind: lights, light: brake, mode: on, on_s: 1, off_s: 1}}", "is of flashing"),
        ("- {name: a, actor: Ego, do: {kind: lights, light: brake, color: red}}", "is not a colour such as"),
        ("- {name: a, actor: Ego, do: {kind: animate}}", "needs a part, a motion or a gesture"),
        ("- {name: a, actor: Ego, do: {kind: animate, part: hood, motion: lying}}", "contradicts motion"),
        ("- {name: a, actor: Ego, do: {kind: animate, part: bonnet}}", '"bonnet" is not one of'),
        ("- {name: a, actor: Ego, do: {kind: nurbs, points: [{x_m: 1, y_m: 2}]}}", "needs at least 4 points"),
        (
            "- {name: a, actor: Ego, do: {kind: nurbs, order: 2, knots: [0, 1], points: [{x_m: 1, y_m: 2},"
            " {x_m: 3, y_m: 2}]}}",
            "knots: must be 4 numbers",
        ),
        ("- {name: a, actor: Ego, do: {kind: clothoids, parts: []}}", "needs at least one piece"),
        ("- {name: a, do: {kind: swarm, around: Egon, count: 3}}", 'there is no actor "Egon"'),
        ("- {name: a, do: {kind: swarm, around: Ego, count: 0}}", "count: "),
        ("- {name: a, do: {kind: keep_beside, to: lead, distance_m: 1}}", "actor: is required"),
        ("- {name: a, actor: Ego, do: {kind: hitch, trailer: van}}", 'there is no actor "van"'),
        ("- {name: a, actor: Ego, do: {kind: control, settings: [1]}}", "must be a mapping of texts to texts"),
        ("- {name: a, actor: Ego, when: {signal: 1}, do: {kind: stop}}", "goes with shows"),
        ("- {name: a, actor: Ego, when: {faster_by_kmh: 1}, do: {kind: stop}}", "needs exactly one of to:"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(line: str, message: str, tmp_path: Path) -> None:
    file = write(tmp_path, f"{HEAD}story:\n  {line}\n", "script.yaml")
    with pytest.raises(InvalidScenario) as error:
        read_script(file)
    [text] = str(error.value).splitlines()
    assert text.startswith(f"{file}:8: story.0") and message in text
