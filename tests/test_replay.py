"""`oddroad replay`: what it plays, writes, refuses and renders, on a road made here."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from material import MATERIAL, needs_material
from pipeline_fakes import Lines, fake_render, registered
from small_scenario import HEAD, SPEED, scenario, write

from simulator.pipeline.replay import Run, read_runs, render_runs
from simulator.pipeline.staging import staged
from simulator.roads import procedural, write_opendrive
from simulator.scenario.reading import load
from simulator.storyboard import model
from simulator.storyboard.recording import Recording
from simulator.weather.daylight import daylight
from simulator.world.build import build_world
from simulator.world.recorded import read_recorded, write_recorded

Call = Callable[..., tuple[int, str, str]]
BODY = '<BoundingBox><Center x="{x}" y="0" z="0.9"/><Dimensions width="{w}" length="{l}" height="{h}"/></BoundingBox>'
OTHERS = (
    '<ScenarioObject name="walker"><Pedestrian name="p" pedestrianCategory="pedestrian" mass="80">'
    + BODY.format(x=0, w=0.5, l=0.6, h=1.75)
    + '</Pedestrian></ScenarioObject><ScenarioObject name="thing"><MiscObject name="m" miscObjectCategory="obstacle"'
    ' mass="10">' + BODY.format(x=0.5, w=1.5, l=2, h=0.8) + "</MiscObject></ScenarioObject>"
)


def _rows(path: Path) -> list[dict[str, str]]:
    """Of a table, as text."""
    return list(csv.DictReader(path.read_text().splitlines()))


def _start(name: str, s: float, lane: int, speed: float, offset: float = 0.0, turn: float = 0.0) -> str:
    place = (
        f'<LanePosition roadId="0" laneId="{lane}" s="{s}" offset="{offset}"><Orientation type="relative" h="{turn}"/>'
    )
    moves = SPEED.format(time=0, speed=speed).replace("linear", "step")
    return (
        f'<Private entityRef="{name}"><PrivateAction><TeleportAction><Position>{place}</LanePosition></Position>'
        f"</TeleportAction></PrivateAction>{moves}</Private>"
    )


def _file(folder: Path, *, action: str = "", weather: str = "", declarations: str = "") -> Path:
    """An ego at 10 m/s on the right lane of a straight road, a person and a thing; at 1 s the ego speeds up to 20."""
    network = procedural.straight(length_m=600.0)
    assert list(network.roads) == ["0"]
    write_opendrive(network, folder / "road.xodr")
    init = weather + _start("Ego", 50, -1, 10) + _start("walker", 90, -1, 0, -1, 1.57) + _start("thing", 100, 1, 0)
    text = scenario(
        roads='<LogicFile filepath="road.xodr"/>',
        entities=OTHERS,
        init=init,
        action=action or SPEED.format(time=2, speed=20),
        declarations=declarations,
    )
    return write(folder, text)


def test_trajectories_are_those_of_the_motion_asked_for(tmp_path: Path, run: Call) -> None:
    table, events = tmp_path / "t.csv", tmp_path / "e.json"
    code, out, err = run("replay", _file(tmp_path), "--trajectories", table, "--events", events, "--until", 5)
    assert (code, err) == (0, "")
    assert "5.00 s; entities: Ego, walker, thing;" in out and "times real time" in out
    rows = [row for row in _rows(table) if row["name"] == "Ego"]
    assert [float(row["t"]) for row in rows] == pytest.approx(np.arange(101) * 0.05)
    time = np.array([float(row["t"]) for row in rows]) - float(rows[-1]["t"])
    # At the end 20 m/s, reached in 2 s from 10: the way is that of a constant speed before, a linear change, and after.
    speed = np.array([float(row["speed"]) for row in rows])
    x, y = (np.array([float(row[name]) for row in rows]) for name in "xy")
    way = np.hypot(x - x[0], y - y[0])
    assert speed[0] == 10 and speed[-1] == 20
    assert way[-1] == pytest.approx(float(np.sum((speed[1:] + speed[:-1]) / 2) * 0.05), abs=0.3)
    assert np.gradient(speed, time).max() == pytest.approx(5.0, abs=1e-2)
    timeline = json.loads(events.read_text())
    assert timeline["t_end"] == 5.0 and set(timeline["entities"]) == {"Ego", "walker", "thing"}
    assert any(event[1:] == ["condition", "condition"] for event in timeline["events"])


def test_parameters_step_and_end_are_those_of_the_command_line(tmp_path: Path, run: Call) -> None:
    declared = """<ParameterDeclarations><ParameterDeclaration name="fast" parameterType="double" value="20"/>
      </ParameterDeclarations>"""
    file = _file(tmp_path, declarations=declared, action=SPEED.format(time=1, speed="$fast"))
    table = tmp_path / "t.csv"
    code, _, _ = run("replay", file, "--param", "fast=30", "--dt", 0.1, "--until", 4, "--trajectories", table)
    rows = [row for row in _rows(table) if row["name"] == "Ego"]
    assert code == 0 and len(rows) == 41
    assert float(rows[-1]["speed"]) == 30.0


def test_a_distribution_gives_a_file_a_run(tmp_path: Path, run: Call) -> None:
    declared = """<ParameterDeclarations><ParameterDeclaration name="fast" parameterType="double" value="20"/>
      </ParameterDeclarations>"""
    file = _file(tmp_path, declarations=declared, action=SPEED.format(time=1, speed="$fast"))
    values = "".join(f'<Element value="{value}"/>' for value in (12, 15))
    inside = f"""<ParameterValueDistribution><ScenarioFile filepath="scenario.xosc"/><Deterministic>
      <DeterministicSingleParameterDistribution parameterName="fast"><DistributionSet>{values}</DistributionSet>
      </DeterministicSingleParameterDistribution></Deterministic></ParameterValueDistribution>"""
    runs = write(tmp_path, f"<OpenSCENARIO>{HEAD.format(minor=3)}{inside}</OpenSCENARIO>", "runs.xosc")
    code, out, _ = run("replay", file, "--distribution", runs, "--until", 4, "--trajectories", tmp_path / "t.csv")
    assert code == 0 and len(out.splitlines()) == 2
    ends = [float(_rows(path)[-3]["speed"]) for path in sorted(tmp_path.glob("t-*.csv"))]
    assert ends == [12.0, 15.0]
    code, out, err = run("replay", runs, "--until", 4, "--trajectories", tmp_path / "first.csv")
    assert code == 0 and "first of 2 runs" in err
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "t-runs_1.csv").read_bytes()


def test_runs_that_the_scenario_itself_excludes_are_left_out(tmp_path: Path, run: Call) -> None:
    constraint = '<ConstraintGroup><ValueConstraint rule="greaterThan" value="12"/></ConstraintGroup>'
    declared = f"""<ParameterDeclarations><ParameterDeclaration name="fast" parameterType="double" value="20">
      {constraint}</ParameterDeclaration></ParameterDeclarations>"""
    file = _file(tmp_path, declarations=declared, action=SPEED.format(time=1, speed="$fast"))
    inside = """<ParameterValueDistribution><ScenarioFile filepath="scenario.xosc"/><Deterministic>
      <DeterministicSingleParameterDistribution parameterName="fast"><DistributionRange stepWidth="1">
      <Range lowerLimit="12" upperLimit="14"/></DistributionRange></DeterministicSingleParameterDistribution>
      </Deterministic></ParameterValueDistribution>"""
    runs = write(tmp_path, f"<OpenSCENARIO>{HEAD.format(minor=3)}{inside}</OpenSCENARIO>", "runs.xosc")
    code, out, err = run("replay", file, "--distribution", runs, "--until", 4, "--trajectories", tmp_path / "t.csv")
    assert code == 0 and len(out.splitlines()) == 2 and "runs_1 is left out" in err and "greaterThan 12" in err
    code, out, err = run("replay", runs, "--until", 4, "--trajectories", tmp_path / "first.csv")
    assert code == 0 and (tmp_path / "first.csv").read_bytes() == (tmp_path / "t-runs_2.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.xosc"], "nothing.xosc: no such file"),
        (["{file}", "--dt", "nan"], "dt: must be between 0.001 and 1 s, not nan"),
        (["{file}", "--until", "-1"], "until: must be between"),
        (["{file}", "--until", "50000", "--dt", "0.001"], "more than 1000000 steps"),
        (["{file}", "--param", "fast"], '--param: needs NAME=VALUE, not "fast"'),
        (["{file}", "--map-path", "{folder}/none"], "there is no folder"),
        (["{file}", "--param", "fast=1"], 'declares no parameter "fast"'),
        (["{file}", "--trajectories", "{folder}/none/t.csv"], "t.csv: cannot be written: No such file"),
        (["{file}", "--distribution", "{file}"], "ParameterValueDistribution"),
        (["{file}", "--out", "{folder}/out", "--rig", "kiti"], 'Did you mean "kitti"?'),
        (["{file}", "--out", "{folder}/out", "--rate-hz", "0"], "rate"),
        (["{folder}/road.xodr"], "OpenSCENARIO"),
        (["any_map", "--out", "{folder}/out"], "which oddroad generate renders"),
        (["any_map", "--param", "fast=1"], "is no scripted scenario"),
        (["{file}", "--map", "{folder}/road.xodr"], "names its own map"),
        (["{file}", "--ego", "wlker"], 'has no entity "wlker". Did you mean "walker"?'),
        (["{file}", "--check", "{folder}/none.csv"], "none.csv: no such file"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path: Path, run: Call, arguments: list[str], message: str) -> None:
    file = _file(tmp_path)
    before = set(tmp_path.iterdir())
    code, _, err = run("replay", *(text.format(file=file, folder=tmp_path) for text in arguments))
    assert code == 2 and len(err.splitlines()) == 1 and message in err
    assert "unexpected" not in err and set(tmp_path.iterdir()) == before


def test_strict_makes_a_warning_an_error_and_leaves_files_as_they_were(tmp_path: Path, run: Call) -> None:
    beep = '<UserDefinedAction><CustomCommandAction type="beep"/></UserDefinedAction>'
    file = _file(tmp_path, action=beep)
    table = write(tmp_path, "kept", "t.csv")
    code, _, err = run("replay", file, "--strict", "--trajectories", table)
    assert code == 2 and "strict: " in err and "UserDefinedAction" in err and table.read_text() == "kept"
    code, out, err = run("replay", file, "--until", 1)
    assert code == 0 and "(warning)" in err and "1 warning;" in out


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Call) -> None:
    file, table = _file(tmp_path), write(tmp_path, "kept", "t.csv")

    def half(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", half)
    code, _, err = run("replay", file, "--until", 1, "--trajectories", table)
    assert code == 2 and "No space left" in err and table.read_text() == "kept"
    assert not list(tmp_path.glob("*.part"))


def test_the_table_of_coverage_names_every_action(run: Call) -> None:
    code, out, _ = run("coverage", "openscenario")
    assert code == 0
    support = {line.split()[0]: line for line in out.splitlines()}
    actions = {kind.__name__ for kind in model.GlobalAction.__args__}  # type: ignore[attr-defined]
    assert actions <= set(support)
    assert all(any(word in line.split() for word in ("supported", "partly", "not")) for line in support.values())
    code, _, err = run("coverage", "openscenari")
    assert code == 2 and 'Did you mean "openscenario"?' in err


def _played(file: Path, until: float = 4.0) -> tuple[Run, Recording]:
    [ready] = read_runs(file)
    return ready, ready.play(until=until)


def test_actors_stand_in_the_boxes_of_the_entities(tmp_path: Path) -> None:
    ready, recording = _played(_file(tmp_path))
    drive = tmp_path / "drive.json"
    write_recorded(recording, drive)
    shown = staged(ready.scenario, recording, tmp_path / "road.xodr", drive)
    world = build_world(shown)
    names = {thing.name: thing for thing in world.scene.objects}
    assert [names[name].class_name for name in ("ego", "walker", "thing")] == ["ego", "pedestrian", "debris"]
    for time in (0.0, 2.0, 3.95):
        poses = world.timeline.at(round(time * 1e9)).world_SE3_object
        for name, ours in (("Ego", "ego"), ("walker", "walker"), ("thing", "thing")):
            row = next(row for row in recording.of(name) if abs(row.t - time) < 1e-6)
            body, bounds = recording.entities[name].bounding_box, names[ours].model.bounds  # type: ignore[union-attr]
            middle = poses[names[ours].id] @ np.r_[bounds.mean(0), 1.0]
            wanted = (row.x + body.center_x * np.cos(row.h), row.y + body.center_x * np.sin(row.h))
            assert middle[:2] == pytest.approx(wanted, abs=0.02)
            forward = poses[names[ours].id, :3, 0]
            assert forward @ (np.cos(row.h), np.sin(row.h), 0) > 0.9999
            assert names[ours].model.size_lwh_m[2] == pytest.approx(body.height, rel=0.05)  # type: ignore[union-attr]
            assert abs(poses[names[ours].id, 2, 3] - row.z) < 0.2
    ego = names["ego"].model
    assert ego is not None and ego.size_lwh_m == pytest.approx([5.0, 2.0, 1.8], rel=0.1)


def test_the_environment_sets_time_and_weather(tmp_path: Path) -> None:
    weather = f"""<GlobalAction><EnvironmentAction><Environment name="e">
      <TimeOfDay animation="false" dateTime="2024-11-20T17:30:00+01:00"/>
      <Weather fractionalCloudCover="sevenOktas" temperature="278.15"><Fog visualRange="120"/>
      <Precipitation precipitationType="rain" precipitationIntensity="4"/>
      <Wind direction="{math.radians(30.0)}" speed="6"/></Weather>
      <RoadCondition frictionScaleFactor="0.7" wetness="moist"/></Environment></EnvironmentAction></GlobalAction>"""
    ready, recording = _played(_file(tmp_path, weather=weather), until=1.0)
    write_recorded(recording, tmp_path / "drive.json")
    shown = staged(ready.scenario, recording, tmp_path / "road.xodr", tmp_path / "drive.json")
    assert (shown.time.date, shown.time.clock_h, shown.time.utc_offset_h) == ("2024-11-20", 17.5, 1.0)
    assert shown.weather.cloud_oktas == 7 and shown.weather.visibility_m == 120 and shown.weather.rain_mm_h == 4
    assert shown.weather.temperature_c == pytest.approx(5.0) and shown.weather.water_film_mm == 0.1
    # It blows to 30 degrees north of east, thus from 30 degrees south of west (240 clockwise from north).
    assert (shown.weather.wind_mps, shown.weather.wind_from_deg) == (6.0, pytest.approx(240.0))


@pytest.mark.parametrize(("azimuth", "elevation"), [(1.9, 0.5), (4.2, 0.5), (3.1, 0.95), (0.0, -0.2)])
def test_the_sun_stands_and_shines_as_the_environment_says(tmp_path: Path, azimuth: float, elevation: float) -> None:
    weather = f"""<GlobalAction><EnvironmentAction><Environment name="e">
      <TimeOfDay animation="false" dateTime="2024-06-20T12:00:00"/>
      <Weather><Sun azimuth="{azimuth}" elevation="{elevation}" illuminance="20000"/></Weather>
      </Environment></EnvironmentAction></GlobalAction>"""
    ready, recording = _played(_file(tmp_path, weather=weather), until=0.5)
    write_recorded(recording, tmp_path / "drive.json")
    shown = staged(ready.scenario, recording, tmp_path / "road.xodr", tmp_path / "drive.json")
    world = build_world(shown)
    level = np.cos(elevation)
    toward = (level * np.sin(azimuth), level * np.cos(azimuth), np.sin(elevation))
    assert world.atmosphere.sun_direction == pytest.approx(toward)
    if elevation > 0:  # 20 klx in clear air, a little less below fair weather's clouds
        assert 15_000 < daylight(world.atmosphere).direct_normal_lx <= 20_000


def test_a_dataset_of_a_replay_carries_all_that_makes_it_again(tmp_path: Path) -> None:
    played = [_played(_file(tmp_path), until=1.0)]
    out = tmp_path / "out"
    with registered(Lines):
        manifest = render_runs(played, out, rate_hz=5.0, formats=["test_lines"], render=fake_render)
    files = json.loads(manifest.read_text())["files"]
    assert any(name.startswith("recordings/scenario-") for name in files)
    again = load(str(out / "scenes" / "scenario.yaml"))
    assert again.recording is not None and Path(again.recording).is_file()
    first, second = read_recorded(Path(again.recording)), played[0][1]
    assert first.ego.poses[-1, 0] == pytest.approx(list(second.of("Ego"))[-1].x, abs=1e-4)
    assert {sensor.rate_hz for sensor in again.rig.values()} == {5.0}  # type: ignore[union-attr]


def test_entities_that_come_and_go_are_away_in_between(tmp_path: Path) -> None:
    ready, recording = _played(_file(tmp_path))
    recording.table[:] = [row for row in recording.table if row.name != "thing" or 1.0 < row.t < 2.0]
    write_recorded(recording, tmp_path / "drive.json")
    world = build_world(staged(ready.scenario, recording, tmp_path / "road.xodr", tmp_path / "drive.json"))
    [thing] = [each for each in world.scene.objects if each.name == "thing"]
    heights = [world.timeline.at(round(t * 1e9)).position[thing.id, 2] for t in (0.5, 1.5, 2.5)]
    assert heights[0] < -900 and abs(heights[1]) < 1 and heights[2] < -900


def test_scripts_of_ours_replay_and_render_on_their_procedural_road(tmp_path: Path, run: Call) -> None:
    name = "alks_4_4_1_cut_in_no_collision"
    code, out, _ = run("replay", name, "--until", 2, "--trajectories", tmp_path / "t.csv")
    assert code == 0 and out.startswith(f"{name}.yaml: 2.00 s") and (tmp_path / "t.csv").is_file()
    [ready] = read_runs(name)
    with registered(Lines):
        render_runs([(ready, ready.play(until=1))], tmp_path / "out", formats=["test_lines"], render=fake_render)
    again = load(str(tmp_path / "out" / "scenes" / f"{name}.yaml"))
    assert again.road.opendrive is not None
    world = build_world(again)
    assert world.timeline.times_ns[-1] == 1_000_000_000


@needs_material
@pytest.mark.parametrize("name", ["esmini/resources/xosc/cut-in.xosc", "esmini/resources/xosc/pedestrian.xosc"])
def test_public_scenarios_replay_faster_than_real_time(name: str, tmp_path: Path, run: Call) -> None:
    code, out, _ = run("replay", MATERIAL / "openx" / name, "--trajectories", tmp_path / "t.csv", "--until", 20)
    assert code == 0
    assert float(out.split("; ")[-1].split()[0]) > 10
    assert len({row["name"] for row in _rows(tmp_path / "t.csv")}) >= 2
