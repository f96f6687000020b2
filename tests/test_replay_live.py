"""What changes during a replay: weather, light, lamps, signals, visibility, and who plays whom."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_scenario import write

from simulator.actors import doors
from simulator.labels.annotate import boxes_of_world, labelled_objects
from simulator.pipeline.flow import render
from simulator.pipeline.replay import read_runs
from simulator.pipeline.staging import not_shown, staged
from simulator.roads import read_opendrive, write_opendrive
from simulator.scenario.models import Scenario
from simulator.scene import Switch
from simulator.scene.classes import class_id
from simulator.scene.material import Beam
from simulator.scene.snapshot import CAMERAS
from simulator.sensors import lamp_light
from simulator.sensors.camera import Camera
from simulator.sensors.lidar import Lidar
from simulator.sensors.stage import Stage
from simulator.storyboard import model
from simulator.storyboard.recording import Change, Recording
from simulator.weather.conditions import CLOUDING_OKTAS_S, Conditions, Setting
from simulator.weather.daylight import daylight
from simulator.weather.rain import Rain, rain_extinction_1_m
from simulator.weather.sun import solar_position
from simulator.world import lamps
from simulator.world.build import World, build_world
from simulator.world.casting import models_for
from simulator.world.lamps import Command
from simulator.world.recorded import Placed, later_shapes, read_recorded, write_recorded
from simulator.world.setting import conditions_of, settings_of
from simulator.world.shine import color_of

HEAD = """\
about: Small.
road: {kind: straight, length_m: 400, lanes: 2}
duration_s: 12
actors:
  ego: {kind: car, lane: -2, s_m: 20, speed_kmh: 36}
  lead: {kind: car, lane: -2, s_m: 45, speed_kmh: 36}
"""
TIMES = np.arange(0.0, 60.0, 0.01)


def shown(folder: Path, text: str, until: float = 6.0) -> tuple[World, Recording]:
    """The world that shows a script, and its run."""
    [run] = read_runs(write(folder, text, "script.yaml"))
    recording = run.play(until=until)
    assert run.network is not None
    write_opendrive(run.network, folder / "road.xodr")
    write_recorded(recording, folder / "drive.json")
    return build_world(staged(run.scenario, recording, folder / "road.xodr", folder / "drive.json")), recording


def row_of(world: World, name: str) -> int:
    return next(thing.id for thing in world.scene.objects if thing.name == name)


def lit(world: World, name: str, time_s: float) -> str:
    """Lamps of a vehicle at a time."""
    return lamps.lamp_names(int(world.timeline.at(round(time_s * 1e9)).lamps[row_of(world, name)]))


# ---------------------------------------------------------------------------------------------------- light and weather


def test_the_weather_changes_when_the_scenario_says(tmp_path: Path) -> None:
    text = HEAD + "environment: {cloud_oktas: 2}\nstory:\n  - {name: a, when: {time_s: 3}, do: {kind: environment,"
    text += " rain_mm_h: 20, visibility_m: 150, cloud_oktas: 8, wetness: wetWithPuddles, friction: 0.5}}\n"
    world, _ = shown(tmp_path, text)
    before, after = world.conditions.at(2_900_000_000), world.conditions.at(3_100_000_000)
    assert (before.rain_mm_h, before.water_film_m, before.friction) == (0.0, 0.0, 1.0)
    assert (after.rain_mm_h, after.water_film_m, after.friction, after.cloud_oktas) == (20.0, 1e-3, 0.5, 8.0)
    # Koschmieder: extinctions of fog and rain add up.
    assert after.extinction_1_m == pytest.approx(math.log(20) / 150 + rain_extinction_1_m(20.0))
    assert daylight(after).horizontal_lx < 0.4 * daylight(before).horizontal_lx

    stage = Stage(world.scene, world.timeline, world.conditions.at, world.ego)
    camera, lidar = Camera(width=160, height=64, fx=90, fy=90, cx=80, cy=30), Lidar(model="velodyne_vlp16")
    far, reach = [], []
    for time_ns in (2_900_000_000, 3_100_000_000):
        picture = camera.sense(stage, time_ns, 1, "preview")
        ground = (picture.depth > 40) & (picture.depth < 300) & np.isfinite(picture.depth)
        far.append(float(np.std(np.log(picture.radiance[ground].mean(1)))))
        reach.append(float(np.percentile(lidar.sense(stage, time_ns, 1, "preview").range_m, 99)))
    assert far[1] < 0.6 * far[0]  # contrast far away fades
    assert reach[1] < 0.8 * reach[0]
    assert lit(world, "lead", 2.0) == "" and "low_beam" in lit(world, "lead", 5.0)  # drivers see to their lamps


def test_what_an_action_does_not_say_stays(tmp_path: Path) -> None:
    text = (
        HEAD
        + "environment: {cloud_oktas: 4, wind_mps: 3, wind_from_deg: 90, sun_azimuth_deg: 90, sun_elevation_deg: 20,"
    )
    text += " wetness: moist}\nstory:\n  - {name: a, when: {time_s: 1}, do: {kind: environment, visibility_m: 500}}\n"
    text += "  - {name: b, when: {time_s: 2}, do: {kind: environment, friction: 0.4}}\n"
    text += '  - {name: c, when: {time_s: 3}, do: {kind: environment, time: "2025-06-21T12:00Z"}}\n'
    [run] = read_runs(write(tmp_path, text, "script.yaml"))
    course = conditions_of(Scenario.model_validate({}).sample(0), settings_of(run.play(until=4.0)))
    first, second, third, last = (course.at(round(t * 1e9)) for t in (0.5, 1.5, 2.5, 3.5))
    assert (first.visibility_m, second.visibility_m, third.visibility_m) == (20_000.0, 500.0, 500.0)
    for air in (second, third):
        assert (air.cloud_oktas, air.wind_mps, air.water_film_m) == (4.0, first.wind_mps, 1e-4)
        assert air.sun_direction == pytest.approx(first.sun_direction)
    assert (second.friction, third.friction) == (1.0, 0.4)
    assert last.sun_elevation_rad > 1.0  # a clock that is set later moves the sun again


def test_a_drive_that_says_nothing_of_the_weather_has_that_of_its_scenario() -> None:
    assert settings_of(Recording(0.1)) == []
    wet = Scenario.model_validate({"weather": {"rain_mm_h": 5.0}}).sample(0)
    assert conditions_of(wet, settings_of(Recording(0.1))).at(0).rain_mm_h == 5.0


def test_a_running_clock_moves_the_sun(tmp_path: Path) -> None:
    world, _ = shown(tmp_path, HEAD + 'environment: {time: "2025-03-20T08:00:00Z", clock_runs: true}\n', until=1.0)
    place = world.scenario.place
    for seconds in (0, 120, 600):
        utc = dt.datetime(2025, 3, 20, 8, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
        sun = solar_position(utc, place.latitude_deg, place.longitude_deg, place.elevation_m)
        air = world.conditions.at(seconds * 1_000_000_000)
        assert air.sun_direction == pytest.approx(sun.direction, abs=1e-4)
    assert world.conditions.at(0) is not world.conditions.at(1)


def test_fog_in_a_box_is_there_while_the_ego_is_in_it(tmp_path: Path) -> None:
    [run] = read_runs(write(tmp_path, HEAD, "script.yaml"))
    recording = run.play(until=10.0)  # from s = 20 m at 10 m/s
    start = next(recording.of("ego"))
    box = model.BoundingBox(start.x + 55.0, start.y, 0.0, 50.0, 20.0, 10.0)  # 30 to 80 m ahead
    weather = model.Weather(fog=model.Fog(40.0, box))
    recording.changes.insert(0, Change(0.0, "", "weather", weather))
    course = conditions_of(Scenario.model_validate({}).sample(0), settings_of(recording))
    seen = [course.at(round(t * 1e9)).visibility_m for t in (1.0, 2.9, 3.2, 7.9, 8.2, 10.0)]
    assert [round(v) for v in seen] == [20_000, 20_000, 40, 40, 20_000, 20_000]


def conditions(*settings: Setting) -> Conditions:
    return Conditions(49.0, 8.4, 100.0, settings)


NOON = dt.datetime(2025, 6, 21, 11, tzinfo=dt.UTC)


def test_rain_wets_the_road_by_as_much_as_falls() -> None:
    dry, wet = Setting(0.0, NOON, False, ()), Setting(5.0, NOON, False, (Rain(rain_mm_h=36.0),))
    course = conditions(dry, replace(wet, film_set=False, clouds_set=False))
    film_mm = [course.at(round(t * 1e9)).water_film_m * 1000 for t in (4.0, 5.0, 15.0, 25.0, 3600.0)]
    assert film_mm[:4] == pytest.approx([0.0, 0.0, 0.1, 0.2])  # 36 mm/h are 0.01 mm/s
    assert film_mm[4] == pytest.approx(course.settings[1].weather[0].apply(course.at(0)).water_film_m * 1000)
    oktas = [course.at(round(t * 1e9)).cloud_oktas for t in (5.0, 15.0, 300.0)]
    assert oktas == pytest.approx([0.0, 10 * CLOUDING_OKTAS_S, 8.0])
    light = [daylight(course.at(round(t * 1e9))).horizontal_lx for t in np.arange(4.9, 120.0, 0.1)]
    assert np.abs(np.diff(light)).max() < 0.06 * light[0]  # drops in the air take some at once, the clouds come slowly
    assert course.at(60_000_000_000).water_film_m == course.at(60_000_000_000).water_film_m


def test_a_sun_that_is_given_shines_as_much() -> None:
    low = conditions(Setting(0.0, NOON, False, (), sun_rad=(1.0, 0.3), sun_lx=5_000.0))
    assert daylight(low.at(0)).direct_normal_lx == pytest.approx(5_000.0, rel=0.07)  # less what haze takes
    assert low.at(0).sun_elevation_rad == 0.3
    night = conditions(Setting(0.0, NOON, False, (), sun_rad=(1.0, 0.3), sun_lx=0.1))
    assert daylight(night.at(0)).horizontal_lx < 1.0 and night.at(0).calls_for_headlamps


def test_the_air_bends_the_light_of_a_low_sun_by_its_pressure(tmp_path: Path) -> None:
    [run] = read_runs(write(tmp_path, HEAD, "script.yaml"))
    recording = run.play(until=1.0)
    dusk = model.TimeOfDay("2025-06-21T21:20:00+02:00", False)  # the sun stands 1 deg above the horizon of 49 N 8.4 E
    lifts = []
    for pressure_pa in (1e-3, 50_000.0, 100_000.0):
        recording.changes[:] = [
            Change(0.0, "", "time_of_day", dusk),
            Change(0.0, "", "weather", model.Weather(atmospheric_pressure=pressure_pa)),
        ]
        [entry] = settings_of(recording)
        scenario = Scenario.model_validate({"duration_s": 1.0}).sample(0)
        lifts.append(conditions_of(scenario, [entry]).at(0).sun_elevation_rad)
    true = solar_position(dt.datetime(2025, 6, 21, 19, 20, tzinfo=dt.UTC), 49.01, 8.43, 115.0).elevation_rad
    at_300, at_500, at_1000 = (lift - true for lift in lifts)
    assert (at_1000 / at_500, at_500 / at_300) == pytest.approx((2.0, 5.0 / 3.0), rel=0.05)  # in proportion


# ---------------------------------------------------------------------------------------------------- lamps


def rate(on: np.ndarray) -> tuple[float, float]:
    """Flashes a minute, and the share of the time for which it is lit."""
    return float(np.sum(np.diff(on.astype(int)) > 0) + on[0]) / TIMES[-1] * 60, float(on.mean())


@pytest.mark.parametrize("light", ["indicatorLeft", "indicatorRight", "warningLights"])
def test_indicators_flash_as_un_r48_asks(light: str) -> None:
    bits = lamps.shining(TIMES, np.zeros(len(TIMES), np.uint32), [Command(0.0, light, "flashing")])
    on = (bits & lamps.LIGHTS[light]) > 0
    per_minute, share = rate(on)
    assert 60 <= per_minute <= 120 and 0.3 < share < 0.8  # UN R6, 6.4.1; R48, 6.5.9
    assert np.flatnonzero(on)[0] * 0.01 <= 1.0  # it lights at most 1 s after it is switched on


def test_special_warning_lamps_flash_as_un_r65_asks() -> None:
    bits = lamps.shining(TIMES, np.zeros(len(TIMES), np.uint32), [Command(0.0, "specialPurposeLights", "flashing")])
    per_minute, share = rate((bits & lamps.BEACON) > 0)
    assert 120 <= per_minute <= 240 and share <= 0.4


def test_durations_of_the_scenario_win_and_commands_follow_each_other() -> None:
    def bits(*commands: Command) -> np.ndarray:
        return lamps.shining(TIMES, np.zeros(len(TIMES), np.uint32), commands)

    per_minute, share = rate((bits(Command(0.0, "brakeLights", "flashing", 0.1, 0.15)) & lamps.BRAKE) > 0)
    assert per_minute == pytest.approx(240, abs=2) and share == pytest.approx(0.4, abs=0.02)
    turned = bits(Command(5.0, "warningLights", "flashing"), Command(10.0, "indicatorLeft", "flashing"))
    right = (turned & lamps.RIGHT) > 0
    assert not right[:500].any() and right[500:1000].any() and not right[1000:].any()
    assert ((turned & lamps.LEFT) > 0)[1000:].any()
    beams = bits(Command(1.0, "lowBeam", "on"), Command(2.0, "lowBeam", "off"))
    assert (beams[150] & lamps.POSITION, beams[150] & lamps.LOW_BEAM, beams[250]) == (lamps.POSITION, lamps.LOW_BEAM, 0)


def test_stop_lamps_reversing_lamps_and_indicators_go_with_the_driving(tmp_path: Path) -> None:
    text = HEAD + "  back: {kind: car, lane: -1, s_m: 200, speed_kmh: -10}\nstory:\n"
    text += "  - {name: a, actor: lead, when: {time_s: 1}, do: {kind: lane_change, lanes: 1, duration_s: 2}}\n"
    text += "  - {name: b, actor: lead, when: {time_s: 4}, do: {kind: stop, deceleration_mps2: 4}}\n"
    text += "  - {name: c, actor: ego, when: {time_s: 1}, do: {kind: lane_change, lanes: 1, duration_s: 2}}\n"
    text += "  - {name: d, actor: ego, do: {kind: lights, light: indicator_left, mode: off}}\n"
    world, _ = shown(tmp_path, text, until=8.0)
    changing = [lit(world, "lead", t) for t in np.arange(1.1, 2.9, 0.1)]
    assert {"", "indicator_left"} == set(changing)
    assert lit(world, "lead", 0.5) == "" and lit(world, "lead", 3.5) == ""
    assert lit(world, "lead", 5.0) == "brake" and lit(world, "lead", 7.5) == "brake"  # it brakes, it stands
    assert lit(world, "back", 2.0) == "reversing"
    assert all(lit(world, "ego", t) == "" for t in np.arange(1.1, 2.9, 0.1))  # the scenario has switched them off


def test_who_has_blue_lights_has_a_light_bar(tmp_path: Path) -> None:
    text = HEAD + "story:\n  - {name: a, actor: lead, do: {kind: lights, light: special}}\n"
    world, _ = shown(tmp_path, text, until=2.0)
    model = world.scene.objects[row_of(world, "lead")].model
    assert model is not None and any(lamp.switch == Switch.BEACON for lamp in model.lamps)
    assert "special" in {lit(world, "lead", t) for t in np.arange(0.1, 1.0, 0.05)}


def test_plate_lamps_go_with_the_position_lamps_and_by_themselves(tmp_path: Path) -> None:
    """In the dark the rear plate is light; the scenario switches it off, and on again."""
    text = HEAD + 'environment: {time: "2025-01-10T23:00:00Z"}\nstory:\n'
    for time, mode in ((2, "off"), (4, "on")):
        text += f"  - {{name: {mode}, actor: lead, when: {{time_s: {time}}}, do: "
        text += f"{{kind: lights, light: license_plate, mode: {mode}}}}}\n"
    world, recording = shown(tmp_path, text)
    row = row_of(world, "lead")
    on = [bool(world.timeline.at(round(t * 1e9)).lamps[row] >> Switch.PLATE & 1) for t in (1.0, 3.0, 5.0)]
    assert on == [True, False, True]
    assert world.timeline.at(3_000_000_000).lamps[row] & lamps.POSITION
    assert not_shown(recording, read_opendrive(tmp_path / "road.xodr")) == []

    lead = world.scene.objects[row].model
    assert lead is not None
    [lamp] = [lamp for lamp in lead.lamps if lamp.switch == Switch.PLATE]
    stage = Stage(world.scene, world.timeline, world.conditions.at, world.ego)
    seen = []
    for time_ns in (1_000_000_000, 3_000_000_000, 5_000_000_000):
        stage.at(time_ns)
        seen.append(sum(np.allclose(each["intensity"], lamp.intensity_cd, rtol=0.01) for each in stage.lamps()))
    assert seen == [2, 1, 2]  # the ego has one too


def test_lamps_shine_in_the_colour_and_intensity_of_the_scenario(tmp_path: Path) -> None:
    """Lights, lenses and labels follow each command; others of the fleet keep theirs."""
    text = HEAD + "story:\n"
    for number, (time, deed) in enumerate(
        [
            (1, "light: low_beam, intensity_cd: 11000, color: '#ff0000'"),
            (1, "light: daytime_running, intensity_cd: 800"),
            (3, "light: low_beam"),
            (4, "light: fog_rear, intensity_cd: 0"),
        ]
    ):
        text += f"  - {{name: e{number}, actor: lead, when: {{time_s: {time}}}, do: {{kind: lights, {deed}}}}}\n"
    world, recording = shown(tmp_path, text)
    row = row_of(world, "lead")
    stage = Stage(world.scene, world.timeline, world.conditions.at, world.ego)

    def lens(name: str) -> list[list[float]]:
        """Glow of the lead's own lens, and of the others'."""
        found = []
        for wanted in (f"{name} of lead", name):
            k = next(k for k, m in enumerate(world.scene.materials) if m.name == wanted)
            found.append([float(stage.packed.materials[part][k]) for part in ("glow_r", "glow_g", "glow_b")])
        return found

    seen = {}
    for time in (0.5, 2.0, 3.5):
        stage.at(round(time * 1e9))
        lights = stage.lamps()
        seen[time] = lights[(lights["object"] == row) & (lights["beam"] == int(Beam.LOW_BEAM))]["intensity"]
        mine, usual = lens("head lamp lens")
        luminance = np.array(mine) @ lamp_light.LUMINANCE / (np.array(usual) @ lamp_light.LUMINANCE)
        assert luminance == pytest.approx({0.5: 1.0, 2.0: 0.5, 3.5: 1.0}[time])
        assert (mine == usual) == (time != 2.0) and (mine[1] == 0.0) == (time == 2.0)
        mine, usual = lens("daytime running lamp")
        assert mine == pytest.approx([{0.5: 1.0, 2.0: 2.0, 3.5: 2.0}[time] * part for part in usual])
    assert len(seen[0.5]) == 0 and len(seen[2.0]) == 2  # it is day
    assert seen[2.0] @ lamp_light.LUMINANCE == pytest.approx([11_000.0] * 2, rel=1e-2)
    assert np.allclose(seen[2.0][:, 1:], 0.0)
    assert seen[3.5] @ lamp_light.LUMINANCE == pytest.approx([22_000.0] * 2, rel=1e-2)

    def facts(time_s: float) -> dict[str, str]:
        snapshot = world.timeline.at(round(time_s * 1e9))
        ids = np.array([row], np.int32)
        return dict(boxes_of_world(world.scene, snapshot, ids, []).attributes[0])

    own = {"lamps": "low_beam", "lamps_cd": "low_beam=11000", "lamps_rgb": "low_beam=#ff0000"}
    assert facts(2.0).items() >= own.items()
    assert facts(5.0)["lamps"] == "low_beam" and "lamps_cd" not in facts(5.0)  # a lamp of 0 cd is off
    assert not_shown(recording, read_opendrive(tmp_path / "road.xodr")) == []


@pytest.mark.parametrize(
    ("given", "shown_as"),
    [
        (model.Color("red"), (1.0, 0.0, 0.0)),
        (model.Color("other", (0.0, 0.0, 0.8)), (0.0, 0.0, 0.8)),
        (model.Color("other", (255.0, 0.0, 51.0)), (1.0, 0.0, 0.2)),
        (model.Color("other"), None),
        (None, None),
    ],
)
def test_colours_of_lights(given: model.Color | None, shown_as: tuple[float, ...] | None) -> None:
    assert color_of(given) == (None if shown_as is None else pytest.approx(shown_as))


def test_doors_open_and_people_do_as_animations_say(tmp_path: Path) -> None:
    """The door swings linearly over its duration, closes again; a person sits with a telephone."""
    text = HEAD + "  walker: {kind: pedestrian, lane: -2, s_m: 60, speed_kmh: 0}\n"
    [run] = read_runs(write(tmp_path, text, "script.yaml"))
    recording = run.play(until=8.0)

    def act(time: float, owner: str, action: model.AnimationAction) -> None:
        recording.changes.append(Change(time, owner, f"animation {action.animation_type}", action))

    door = model.ComponentAnimation(model.VehicleComponent("doorFrontLeft"))
    act(0.0, "walker", model.AnimationAction(model.PedestrianAnimation("sitting", ("phoneTextRightHand",))))
    act(1.0, "lead", model.AnimationAction(door, 1.0, animation_duration=2.0))
    act(5.0, "lead", model.AnimationAction(door, 0.0, animation_duration=1.0))
    assert run.network is not None
    assert not_shown(recording, run.network) == []
    write_opendrive(run.network, tmp_path / "road.xodr")
    write_recorded(recording, tmp_path / "drive.json")
    world = build_world(staged(run.scenario, recording, tmp_path / "road.xodr", tmp_path / "drive.json"))
    row = row_of(world, "lead")
    states = [world.timeline.at(round(t * 1e9)) for t in (0.5, 2.0, 4.0, 5.5, 7.0)]
    shares = [next(a for o, k, a in state.swings if (o, k) == (row, 0)) / doors.OPEN_RAD for state in states]
    assert shares == pytest.approx([0.0, -0.5, -1.0, -0.5, 0.0])
    scene = world.scene
    [leaf] = np.flatnonzero(scene.instance_joint == np.flatnonzero(scene.joints["object"] == row)[0])
    door_then = [scene.local_SE3_instance(states[k], np.array([leaf]))[0, :2, 0] for k in (0, 2)]
    yaw = [float(np.arctan2(along[1], along[0])) for along in door_then]
    assert yaw[0] - yaw[1] == pytest.approx(doors.OPEN_RAD, abs=1e-3)
    sitter = dict(world.scene.objects[row_of(world, "walker")].attributes)
    assert sitter["pose"] == "sitting" and "phone" in sitter.values()


def test_people_change_what_they_do_when_animations_say(tmp_path: Path) -> None:
    """Each pose is an object of the same looks, there from the step at which the animation begins."""
    text = HEAD + "  walker: {kind: pedestrian, lane: -2, s_m: 60, speed_kmh: 0}\n"
    [run] = read_runs(write(tmp_path, text, "script.yaml"))
    recording = run.play(until=8.0)
    acts = {0.0: ("standing", ()), 2.0: (None, ("umbrellaLeftHand",)), 4.0: ("lying", ()), 6.0: (None, ())}
    for time, (motion, gestures) in acts.items():
        kind = model.PedestrianAnimation(motion, gestures)
        recording.changes.append(Change(time, "walker", f"animation {kind}", model.AnimationAction(kind)))
        recording.changes.append(Change(time, "lead", f"animation {kind}", model.AnimationAction(kind)))
    assert run.network is not None
    assert not any("walker" in line for line in not_shown(recording, run.network))
    write_recorded(recording, tmp_path / "drive.json")
    others = read_recorded(tmp_path / "drive.json").others
    pieces = [each for each in others if each.name == "walker"]
    assert [each.manner for each in pieces] == [("standing", ""), ("standing", "umbrella"), ("lying", "umbrella")]
    assert [(each.first, len(each.poses)) for each in pieces] == [(0, 40), (40, 40), (80, 81)]
    assert len([each for each in others if each.name == "lead"]) == 1
    placed = [Placed(each, 10 + k, np.zeros(3)) for k, each in enumerate(pieces)]
    assert later_shapes(placed, {}) == {11: 10, 12: 10}
    facts = []
    for each in pieces:
        rng = np.random.default_rng(3)
        [person] = models_for(each.kind, each.size, rng, moves=each.moves, manner=each.manner)
        facts.append(dict(person.attributes))
    assert [each.pop("pose") for each in facts] == ["standing", "standing", "lying"]
    looks = [{key: each[key] for key in ("sex", "age_years", "outfit") if key in each} for each in facts]
    assert looks[0] and looks[0] == looks[1] == looks[2]


# ---------------------------------------------------------------------------------------------------- signals


@pytest.mark.parametrize(
    ("state", "steady", "flashing"),
    [
        ("on;off;off", lamps.RED, 0),
        ("off;off;on", lamps.GREEN, 0),
        ("on;on;off", lamps.RED | lamps.AMBER, 0),
        ("off;flashing;off", 0, lamps.AMBER),
        ("red", lamps.RED, 0),
        ("Red-Amber", lamps.RED | lamps.AMBER, 0),
        ("flashing yellow", 0, lamps.AMBER),
        ("go", lamps.GREEN, 0),
        ("off", 0, 0),
    ],
)
def test_states_of_signals(state: str, steady: int, flashing: int) -> None:
    assert lamps.lens_state(state, (lamps.RED, lamps.AMBER, lamps.GREEN)) == (steady, flashing)


def test_states_of_heads_with_two_lenses_and_of_nobody() -> None:
    assert lamps.lens_state("off;on", (lamps.RED, lamps.GREEN)) == (lamps.GREEN, 0)
    assert lamps.lens_state("amber", (lamps.RED, lamps.GREEN)) == (0, 0)
    assert lamps.lens_state("seven", (lamps.RED, lamps.GREEN)) is None


CROSSING = """\
about: Signals.
road: {kind: x_junction, arm_m: 100, traffic_lights: true}
duration_s: 12
actors:
  ego: {kind: car, lane: -1, s_m: 30, speed_kmh: 10}
"""


def test_signals_show_the_phases_of_their_controllers(tmp_path: Path) -> None:
    free, _ = shown(tmp_path, CROSSING, until=1.0)
    heads = {dict(o.attributes)["signal_id"]: o.id for o in free.scene.objects if o.class_name == "traffic_light"}
    states = {number: lamps.signal_name(int(free.timeline.at(0).lamps[row])) for number, row in heads.items()}
    assert set(states.values()) == {"red", "green"}  # nobody controls them: green for the ego's way, red across
    mine, other = next(n for n, s in states.items() if s == "green"), next(n for n, s in states.items() if s == "red")

    phases = [("go", 2.0, "green", "red"), ("amber", 1.0, "amber", "red"), ("stop", 3.0, "red", "green")]
    text = CROSSING + "signals:\n  c:\n    phases:\n"
    for name, seconds, one, two in phases:
        text += f"      - {{name: {name}, duration_s: {seconds}, signals: {{{mine}: {one}, {other}: {two}}}}}\n"
    flash = f'{{kind: signal, signal: {mine}, state: "off;flashing;off"}}'
    text += f"story:\n  - {{name: a, when: {{time_s: 9.5}}, do: {flash}}}\n"
    world, recording = shown(tmp_path, text, until=12.0)
    seen: dict[float, dict[str, str]] = {}
    for time in (1.0, 2.5, 4.0, 7.0):
        snapshot = world.timeline.at(round(time * 1e9))
        labelled = labelled_objects(world.scene, snapshot, snapshot.world_SE3_object[world.ego])
        boxes = boxes_of_world(world.scene, snapshot, labelled, [])
        facts = [facts for facts in boxes.attributes if "signal_id" in facts]
        seen[time] = {each["signal_id"]: each["state"] for each in facts}
    clock = [0.0, *itertools.accumulate(seconds for _, seconds, _, _ in phases)]
    for time, labels in seen.items():
        k = next(k for k in range(3) if time % clock[-1] < clock[k + 1])
        assert (labels[mine], labels[other]) == phases[k][2:]
    late = [world.timeline.at(round(t * 1e9)).lamps[heads[mine]] for t in np.arange(9.7, 11.9, 0.1)]
    assert {lamps.signal_name(int(bits)) for bits in late} == {"amber", "off"}
    assert not_shown(recording, world.network) == []


def test_what_is_not_shown_is_said(tmp_path: Path) -> None:
    text = CROSSING + "story:\n  - {name: a, do: [{kind: signal, signal: 99, state: red},"
    text += " {kind: signal, signal: 1, state: seven}]}\n"
    text += "  - {name: b, actor: ego, do: {kind: lights, light: license_plate}}\n"
    [run] = read_runs(write(tmp_path, text, "script.yaml"))
    played = run.play(until=1.0)
    played.changes.append(Change(0.5, "ego", "light searchlight", model.LightState("on")))  # one of its own
    played.changes.append(Change(0.6, "ego", "visibility", model.VisibilityAction(True, False, True, ("front",))))
    played.changes.append(Change(0.7, "ego", "visibility", model.VisibilityAction(True, False, True)))
    said = not_shown(played, run.network)
    assert len(said) == 4  # the lamp over the plate is shown
    words = ('signal "99"', '"seven"', "searchlight", "hidden from all lidars")
    assert [word in line for word, line in zip(words, said)] == [True] * 4


# ---------------------------------------------------------------------------------------------------- visibility


def test_who_is_hidden_is_missing_where_it_is_hidden(tmp_path: Path) -> None:
    text = HEAD + "story:\n  - {name: a, actor: lead, when: {time_s: 1}, do: {kind: visibility, cameras: false}}\n"
    text += "  - {name: b, actor: lead, when: {time_s: 2}, do: {kind: visibility, sensors: false}}\n"
    text += "  - {name: c, actor: lead, when: {time_s: 3}, do: {kind: visibility}}\n"
    world, _ = shown(tmp_path, text, until=4.0)
    stage = Stage(world.scene, world.timeline, world.conditions.at, world.ego)
    lead = row_of(world, "lead")
    camera, lidar = Camera(width=160, height=64, fx=90, fy=90, cx=80, cy=30), Lidar(model="velodyne_vlp16")
    seen = []
    for time in (0.5, 1.5, 2.5, 3.5):
        by_camera = bool((camera.sense(stage, round(time * 1e9), 1, "preview").object == lead).any())
        by_lidar = bool((lidar.sense(stage, round(time * 1e9), 1, "preview").object == lead).any())
        seen.append((by_camera, by_lidar))
    assert seen == [(True, True), (False, True), (True, False), (True, True)]
    hidden = stage.at(1_500_000_000, CAMERAS)
    assert hidden.position[lead, 2] == pytest.approx(0.0, abs=0.5)  # labels keep its place


# ---------------------------------------------------------------------------------------------------- who plays whom

SIZES = {
    "barrier": (0.5, 2.5, 1.0),
    "building": (10.0, 14.0, 9.0),
    "crosswalk": (4.0, 8.0, 0.02),
    "gantry": (1.0, 14.0, 6.0),
    "none": (1.0, 1.0, 1.0),
    "obstacle": (2.0, 1.5, 0.8),
    "parkingSpace": (5.0, 2.5, 0.02),
    "patch": (2.0, 1.0, 0.02),
    "pole": (0.2, 0.2, 4.0),
    "railing": (8.0, 0.2, 1.0),
    "roadMark": (3.0, 0.2, 0.02),
    "soundBarrier": (20.0, 0.4, 3.0),
    "streetLamp": (2.0, 0.4, 8.0),
    "trafficIsland": (6.0, 2.0, 0.15),
    "tree": (6.0, 6.0, 9.0),
    "vegetation": (2.0, 2.0, 1.5),
}


@pytest.mark.parametrize("kind", list(SIZES))
def test_things_fill_their_boxes(kind: str) -> None:
    size = np.array(SIZES[kind])
    [model] = models_for(kind, size, np.random.default_rng(3))
    low = np.min([body.mesh.vertices.min(0) for body in model.bodies], axis=0)
    high = np.max([body.mesh.vertices.max(0) for body in model.bodies], axis=0)
    assert high[:2] == pytest.approx(size[:2] / 2, abs=0.02) and low[:2] == pytest.approx(-size[:2] / 2, abs=0.02)
    assert high[2] == pytest.approx(size[2], abs=0.02) and low[2] < 0.02
    assert model.size_lwh_m == pytest.approx(size)
    assert class_id(model.class_name) > 0


@pytest.mark.parametrize(
    ("kind", "size", "name"),
    [
        ("trailer", (4.2, 1.8, 1.5), "trailer"),
        ("trailer", (2.4, 1.4, 0.9), "trailer"),
        ("semitrailer", (13.6, 2.55, 4.0), "trailer"),
        ("tram", (30.0, 2.4, 3.4), "tram"),
        ("train", (25.0, 2.9, 3.9), "tram"),
        ("truck", (6.0, 2.5, 3.7), "truck"),
        ("wheelchair", (1.15, 0.7, 1.36), "pedestrian"),
    ],
)
def test_vehicles_have_the_size_of_their_boxes(kind: str, size: tuple[float, float, float], name: str) -> None:
    [model] = models_for(kind, np.array(size), np.random.default_rng(1))
    assert model.class_name == name
    assert model.size_lwh_m == pytest.approx(size, rel=0.08)
    faces = sum(len(body.mesh.faces) for body in model.bodies)
    assert faces > 200  # no plain box


def test_roles_and_names_choose_who_plays() -> None:
    rng = np.random.default_rng(1)
    [police] = models_for("car", np.array([4.6, 1.8, 1.5]), rng, role="police")
    assert any(lamp.switch == Switch.BEACON for lamp in police.lamps)
    [rescue] = models_for("van", np.array([5.9, 2.0, 2.6]), rng, role="ambulance")
    assert rescue.class_name == "van" and any(lamp.switch == Switch.BEACON for lamp in rescue.lamps)
    assert models_for("obstacle", np.array([0.4, 0.4, 0.7]), rng, model="cone")[0].class_name == "traffic_cone"
    for size, moves, pose in (((0.5, 0.5, 1.8), True, "walking"), ((0.5, 0.5, 1.8), False, "standing"),
                              ((1.8, 0.5, 0.3), False, "lying"), ((0.4, 0.4, 1.1), False, "standing")):  # fmt: skip
        [person] = models_for("pedestrian", np.array(size), rng, moves=moves)
        assert dict(person.attributes)["pose"] == pose
    assert models_for("railing", np.array([12.0, 0.2, 0.76]), rng, model="guard_rail")[0].class_name == "guard_rail"
    assert models_for("railing", np.array([6.0, 0.1, 1.0]), rng, model="railing")[0].class_name == "fence"
    assert models_for("animal", np.array([2.4, 0.7, 1.4]), rng, model="cow")[0].class_name == "animal"


def test_changes_are_the_same_again_and_exposures_settle(tmp_path: Path) -> None:
    text = (
        HEAD + "story:\n  - {name: a, when: {time_s: 0.1}, do: {kind: environment, visibility_m: 50, rain_mm_h: 30}}\n"
    )
    text += "  - {name: b, actor: lead, when: {time_s: 0.1}, do: {kind: lights, light: warning}}\n"
    _, recording = shown(tmp_path, text, until=1.0)
    [run] = read_runs(tmp_path / "script.yaml")
    scenario = staged(run.scenario, recording, tmp_path / "road.xodr", tmp_path / "drive.json")
    camera = Camera(width=160, height=64, fx=90, fy=90, cx=80, cy=30, rate_hz=5.0)
    scenario = scenario.model_copy(update={"rig": {"front": camera}})
    first, second = (list(render(scenario, quality="preview", threads=threads)) for threads in (1, 2))
    for one, two in zip(first, second, strict=True):
        assert np.array_equal(one.sensors["front"].rgb, two.sensors["front"].rgb)
        assert one.sensors["front"].exposure == two.sensors["front"].exposure
    levels = [frame.sensors["front"].exposure.ev100 for frame in first]
    steps = np.diff(levels)
    assert abs(steps[0]) > 0.01 and np.abs(steps[1:]).max() < 1.2 * abs(steps[0])  # it follows, ever more slowly
