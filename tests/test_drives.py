"""Recorded drives: what is written is read and played as it was, what is wrong is named, what departs is found."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from material import MATERIAL, needs_material
from pipeline_fakes import Lines, fake_render, registered
from test_replay import _file

from simulator.drives import Drive, Tolerance, Track, diverge, read_drive, write_drive
from simulator.drives.categories import SIZES_M
from simulator.errors import InputError, OutputError
from simulator.numerics.se3 import wrap_angle
from simulator.pipeline.replay import read_runs, render_runs
from simulator.roads import procedural, write_opendrive
from simulator.scenario.reading import load
from simulator.world.build import build_world
from simulator.world.recorded import read_recorded

Call = Callable[..., tuple[int, str, str]]
STEPS_S = (0.01, 0.04, 0.05, 0.1, 1 / 30)
CATEGORIES = ("car", "bus", "pedestrian", "bicycle", "riderless_bicycle", "obstacle", "tram")


@st.composite
def drives(draw: st.DrawFn, fewest: int = 2) -> Drive:
    """One to three actors on random ways; the first is there throughout, the others for a part of the time."""
    dt, steps = draw(st.sampled_from(STEPS_S)), draw(st.integers(fewest, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    tracks = {}
    for number in range(draw(st.integers(1, 3))):
        first = 0 if number == 0 else int(rng.integers(0, steps - fewest + 1))
        count = steps if number == 0 else int(rng.integers(fewest, steps - first + 1))
        poses = np.cumsum(rng.normal(0.0, (1.0, 1.0, 0.05, 0.3, 0.01, 0.01), (count, 6)), axis=0)
        poses[:, :3] += rng.uniform(-1e5, 1e5, 3) * (1, 1, 1e-2)
        poses[:, 3:] = wrap_angle(poses[:, 3:])
        size = tuple(rng.uniform(0.5, 12.0, 3).tolist())
        center = tuple(rng.uniform(-1.0, 2.0, 3).tolist())
        t = dt * np.arange(first, first + count)
        name, category = f"actor {number}", draw(st.sampled_from(CATEGORIES))
        tracks[name] = Track(name, category, size, center, t, poses, rng.normal(0.0, 10.0, count))  # type: ignore[arg-type]
    return Drive(tracks, "actor 0", facts={"dt": dt, "seed": 3})


def _same(a: Drive, b: Drive, most: float) -> None:
    assert set(a.tracks) == set(b.tracks)
    for name, one in a.tracks.items():
        two = b.tracks[name]
        assert two.t == pytest.approx(one.t, abs=6e-4)
        change = two.poses - one.poses
        change[:, 3:] = wrap_angle(change[:, 3:])
        assert np.abs(change).max() < most and np.abs(two.speed - one.speed).max() < most


@settings(max_examples=60, deadline=None)
@given(drive=drives())
def test_what_is_written_is_read_and_played_as_it_was(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("drive")
    dt = drive.facts["dt"]
    write_drive(drive, folder / "a.parquet")
    read = read_drive(folder / "a.parquet")
    _same(drive, read, 1e-12)
    assert (read.ego, read.facts) == ("actor 0", drive.facts) and read.dt == pytest.approx(dt, abs=1e-6)
    for name, one in drive.tracks.items():
        two = read.tracks[name]
        assert (two.category, two.size, two.center) == (one.category, one.size, one.center)
    recording = read.recording()
    _same(drive, Drive.of(recording), 1e-3)
    recording.write_trajectories(folder / "a.csv")  # times to the millisecond, positions to 0.1 mm
    again = read_drive(folder / "a.csv")
    _same(drive, again, 1e-3)
    _same(drive, Drive.of(again.recording()), 1e-3)
    assert not diverge(drive, again)


@settings(max_examples=60, deadline=None)
@given(drive=drives(fewest=4), data=st.data())
def test_a_change_is_found_where_it_is(drive: Drive, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(drive.tracks)))
    track = drive.tracks[name]
    row = data.draw(st.integers(1, len(track.t) - 2))
    what = data.draw(st.sampled_from(["position", "heading", "pitch", "speed", "missing", "extra"]))
    poses, speed = track.poses.copy(), track.speed.copy()
    if what == "position":
        poses[row:, :2] += np.array([0.012, 0.016])  # 2 cm
    elif what in ("heading", "pitch"):
        poses[row:, 3 if what == "heading" else 4] += np.radians(0.2)
    elif what == "speed":
        speed[row:] += 0.1
    changed = replace(track, poses=poses, speed=speed)
    shorter = replace(track, t=track.t[:row], poses=track.poses[:row], speed=track.speed[:row])
    other = replace(drive, tracks={**drive.tracks, name: shorter if what in ("missing", "extra") else changed})
    found = diverge(other, drive) if what == "extra" else diverge(drive, other)
    first = found.first
    assert found and first is not None
    amount = {"position": 0.02, "heading": 0.2, "pitch": 0.2, "speed": 0.1}.get(what, 0.0)
    assert (first.actor, first.what) == (name, what) and first.t == track.t[row]
    assert first.amount == pytest.approx(amount, rel=1e-3)
    assert [each.actor for each in found.actors if each.first is not None] == [name]
    assert f"at {track.t[row]:.3f} s: {name}" in str(found) and f"{track.t[row]:.3f}" in found.table()
    assert not diverge(drive, other, Tolerance(0.03, 0.3, 0.2)) or what in ("missing", "extra")


def test_drives_of_different_steps_are_compared_in_between() -> None:
    t = np.arange(0.0, 2.0001, 0.05)
    poses = np.column_stack([10.0 * t, 0 * t, 0 * t, 3.1 + 0.1 * t, 0 * t, 0 * t])  # its heading passes pi
    fine = Drive({"a": Track("a", "car", (4.0, 2.0, 1.5), (0.0, 0.0, 0.75), t, poses, 10.0 + 0 * t)}, "a")
    track = fine.tracks["a"]
    every = slice(None, -1, 4)
    coarse = replace(track, t=t[every], poses=poses[every], speed=track.speed[every])
    found = diverge(fine, Drive({"a": coarse}, "a"))
    assert not found and found.actors[0].compared == 37  # the last step of the coarse one is 1.8 s
    other = Drive({"b": replace(track, name="b")}, "b")
    assert [each.first.what for each in diverge(fine, other).actors if each.first] == ["missing", "extra"]


HEAD = "t,name,x,y,z,h,p,r,speed\n"
GOOD = HEAD + "".join(f"{0.1 * k:.1f},Ego,{k},0,0,0.0,0,0,10\n" for k in range(8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; needs the columns t, name, x, y, h"),
        (HEAD, "has no rows"),
        ("t,nam,x,y,h\n0,a,0,0,0\n", 'column name: is missing. Did you mean "nam"? Needed: t, name, x, y, h'),
        ("t;name;x\n", ":1: separates its columns by semicolons"),
        ("t,t,name,x,y,h\n", ":1: column t: is there twice"),
        (HEAD + "0,a,0,0,0\n", ":2: has 5 values for 9 columns"),
        (HEAD + "0,a,0,0,0,0,0,0,0\n0.1,a,nan,0,0,0,0,0,0\n", ":3: x: nan is no finite number"),
        (HEAD + "0,a,0,inf,0,0,0,0,0\n", ":2: y: inf is no finite number"),
        (HEAD + "0,a,0,0,zero,0,0,0,0\n", ':2: z: "zero" is no number'),
        (HEAD + "0,a,0,0,,0,0,0,0\n", ":2: z: is empty"),
        (HEAD + "0,,0,0,0,0,0,0,0\n", ":2: name: is empty"),
        (
            HEAD + "0.2,a,0,0,0,0,0,0,0\n0,b,0,0,0,0,0,0,0\n0.1,a,0,0,0,0,0,0,0\n",
            ":4: t: the times of a do not increase",
        ),
        (HEAD + "0.2,a,0,0,0,0,0,0,0\n0.2,a,1,0,0,0,0,0,0\n", ":3: t: a is there twice at 0.2 s"),
        (GOOD.replace("7,0,0,0.0", "7,0,0,90.0"), ":9: h: 90 rad is more than two turns; angles are in radians"),
        (HEAD + "1700000000000,a,0,0,0,0,0,0,0\n", ":2: t: 1.7e+12 is too large; units are seconds"),
        (GOOD.replace(",10\n", ",36\n"), ":2: speed: is 3.60 times as fast as x and y change, so in km/h"),
        (GOOD.replace(",10\n", ",22.4\n"), ":2: speed: is 2.24 times as fast as x and y change, so in mph"),
        (HEAD + "".join(f"{50 * k},a,0,0,0,0,0,0,0\n" for k in range(5)), ":3: t: steps of 50 s are too long"),
        ("t,name,x,y,h,category\n0,a,0,0,0,carr\n", ':2: category: "carr" is no category. Did you mean "car"?'),
        ("t,name,x,y,h,category\n0,a,0,0,0,car\n1,a,0,0,0,bus\n", ':3: category: "bus" after "car" for the same actor'),
    ],
)
def test_a_bad_table_is_one_line_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "drive.csv"
    file.write_text(text)
    with pytest.raises(InputError) as raised:
        read_drive(file)
    assert f"{file}{message}" in str(raised.value) or f"{file}: {message}" in str(raised.value)
    assert "\n" not in str(raised.value)


def _parquet(path: Path, **columns: object) -> Path:
    usual = {"t": [0.0, 0.1], "name": ["a", "a"], "x": [0.0, 1.0], "y": [0.0, 0.0], "h": [0.0, 0.0]}
    given = {name: value for name, value in (usual | columns).items() if value is not None}
    pq.write_table(pa.table(given), path)
    return path


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"x": [0.0, None]}, "row 2, x: nan is no finite number"),
        ({"t": [0.1, 0.0]}, "row 2, t: the times of a do not increase"),
        ({"h": None}, "column h: is missing"),
        ({"x": [[0.0], [1.0]]}, "column x: is missing"),
        ({"y": ["north", "0"]}, 'row 1, y: "north" is no number'),
    ],
)
def test_a_bad_parquet_is_one_line_with_its_place(columns: dict[str, object], message: str, tmp_path: Path) -> None:
    file = _parquet(tmp_path / "a.parquet", **columns)
    with pytest.raises(InputError) as raised:
        read_drive(file)
    assert str(raised.value).startswith(f"{file}: {message}")


def test_files_that_are_no_tables_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no more PAR1")
    (tmp_path / "a.csv.gz").write_bytes(b"\x1f\x8b\x08 broken")
    (tmp_path / "b.csv").write_bytes(b"t,name,x,y,h\n0,\xff\xfe,0,0,0\n")
    (tmp_path / "c.csv").mkdir()
    for name, message in (
        ("a.parquet", "is no Parquet file that can be read"),
        ("a.csv.gz", "cannot be read"),
        ("b.csv", "is not UTF-8 text"),
        ("c.csv", "is a directory"),
        ("d.csv", "no such file"),
        ("d.txt", "is no table of trajectories; read are .csv, .csv.gz, .parquet"),
    ):
        with pytest.raises(InputError, match=message):
            read_drive(tmp_path / name)
    with pytest.raises(OutputError, match="cannot be written"):
        write_drive(Drive({}), tmp_path / "none" / "a.parquet")


@settings(max_examples=150, deadline=None)
@given(
    cells=st.lists(
        st.lists(st.sampled_from(["0", "1", "0.1", "a", "", "nan", "1e999", "-3", '"', "car", "\n", "٣"]), max_size=7),
        max_size=8,
    ),
    head=st.sampled_from(["t,name,x,y,h", "t,name,x,y,h,category,length", "t,name,x"]),
)
def test_whatever_a_table_holds_it_is_read_or_refused(
    cells: list[list[str]], head: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("fuzz") / "a.csv"
    file.write_text("\n".join([head, *(",".join(row) for row in cells)]), encoding="utf-8")
    try:
        drive = read_drive(file)
    except InputError:
        return
    assert all(np.isfinite(track.poses).all() for track in drive.tracks.values())
    with contextlib.suppress(InputError):
        drive.recording()


def test_facts_that_cannot_be_so_are_one_line(tmp_path: Path) -> None:
    for facts in (b"[]", b"{", b'{"dt": "fast"}', b'{"versions": 3}', b'{"until": NaN}'):
        table = pa.table({"t": [0.0], "name": ["a"], "x": [0.0], "y": [0.0], "h": [0.0]})
        pq.write_table(table.replace_schema_metadata({b"oddroad": facts}), tmp_path / "a.parquet")
        with pytest.raises(InputError, match=r"a\.parquet: .*(cannot be so|no Parquet)"):
            read_drive(tmp_path / "a.parquet")


def test_what_a_table_does_not_say_is_usual_and_said(tmp_path: Path) -> None:
    file = tmp_path / "drive.csv"
    rows = [("Ped_1", 0.0), ("TruckAhead", 0.0), ("Hero", 1.0), ("a-cyclist", 0.0), ("van", 0.0)]
    lines = [f"{0.1 * k:.1f},{name},{k * v},0,0,,2.5,y" for k in range(3) for name, v in rows]
    file.write_text("t,name,x,y,h,length,width,lenght\n" + "\n".join([*lines, "0.3,once,0,0,0,,,"]) + "\n")
    drive = read_drive(file)
    tracks = drive.tracks
    assert [tracks[name].category for name, _ in rows] == ["pedestrian", "truck", "car", "bicycle", "van"]
    assert drive.ego == "Hero" and tracks["Hero"].speed == pytest.approx([10.0, 10.0, 10.0])
    assert tracks["TruckAhead"].size == (SIZES_M["truck"][0], 2.5, SIZES_M["truck"][2])
    assert tracks["Hero"].center == pytest.approx((0.28 * 4.61, 0.0, 0.86)) and tracks["Ped_1"].center[0] == 0.0
    assert [text.removeprefix(f"{file}") for text in drive.warnings] == [
        ': column lenght is ignored. Did you mean "length"?',
        ":17: once has a single row, so it is there for one step",
        ": categories guessed from names (Ped_1: pedestrian, TruckAhead: truck, Hero: car, a-cyclist: bicycle, "
        "van: van, once: car)",
    ]
    assert read_drive(file, ego="van").ego == "van"
    with pytest.raises(InputError, match=r'has no actor "Her"\. Did you mean "Hero"'):
        read_drive(file, ego="Her")


def test_rows_that_repeat_the_last_one_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD + GOOD.splitlines()[-1] + "\n")
    drive = read_drive(tmp_path / "a.csv")
    assert len(drive.tracks["Ego"].t) == 8 and "1 rows that repeat" in drive.warnings[0]


def test_a_run_is_recorded_and_checked(tmp_path: Path, run: Call) -> None:
    file, record = _file(tmp_path), tmp_path / "run.parquet"
    assert run("replay", file, "--trajectories", record, "--dt", 0.1, "--until", 4, "--seed", 5)[0] == 0
    facts = read_drive(record).facts
    assert (facts["dt"], facts["until"], facts["seed"], facts["run"]) == (0.1, 4.0, 5, "")
    assert facts["scenario"]["name"] == "scenario.xosc" and len(facts["scenario"]["sha256"]) == 64
    assert facts["map"]["name"] == "road.xodr" and "numpy" in facts["versions"] and facts["parameters"] == {}
    assert str(tmp_path) not in str(facts)
    again = record.read_bytes()
    assert run("replay", file, "--trajectories", record, "--dt", 0.1, "--until", 4, "--seed", 5)[0] == 0
    assert record.read_bytes() == again
    code, out, err = run("replay", file, "--check", record)
    assert code == 0 and "run.parquet and the re-run agree: 3 actors at 123 times, at most 0 m apart" in out and not err
    # The scenario changes: from 1 s on the ego gets faster, by 15 instead of by 10 m/s in 2 s.
    file.write_text(file.read_text().replace('<AbsoluteTargetSpeed value="20"/>', '<AbsoluteTargetSpeed value="25"/>'))
    code, out, err = run("replay", file, "--check", record, "--seed", 6)
    assert code == 1 and "the re-run depart at 1.200 s: Ego is 0.025 m away" in out
    assert "changed since the recording: scenario: scenario.xosc has other content" in err
    assert "changed since the recording: seed: was 5, is 6" in err
    assert next(line for line in out.splitlines() if line.startswith("walker")).split()[1:3] == ["41", "-"]


def test_a_table_is_checked_played_and_compared(tmp_path: Path, run: Call) -> None:
    file, table = _file(tmp_path), tmp_path / "run.csv"
    assert run("replay", file, "--trajectories", table, "--until", 3)[0] == 0
    assert run("replay", file, "--check", table)[0] == 0  # a table does not say until when: as far as it goes
    code, out, _ = run("replay", file, "--check", table, "--until", 60)
    assert code == 1 and "depart at 3.050 s: Ego is there and should not be; one ends at 3.000 s, the other at" in out
    copy = tmp_path / "copy.csv"
    code, out, _ = run("replay", table, "--map", tmp_path / "road.xodr", "--trajectories", copy)
    assert code == 0 and out.startswith("run.csv: 3.00 s; entities: Ego, walker, thing")
    code, out, _ = run("diverge", table, copy)
    assert code == 0 and "run.csv and copy.csv agree: 3 actors at 183 times" in out
    lines = copy.read_text().splitlines()
    number = next(k for k, line in enumerate(lines) if line.startswith("1.500,walker,"))
    cells = lines[number].split(",")
    lines[number] = ",".join([*cells[:3], f"{float(cells[3]) + 0.03:.4f}", *cells[4:]])
    copy.write_text("\n".join(lines) + "\n")
    code, out, _ = run("diverge", table, copy)
    assert code == 1 and out.startswith("run.csv and copy.csv depart at 1.500 s: walker is 0.03 m away\n")
    assert run("diverge", table, copy, "--tolerance-m", 0.05)[0] == 0
    assert run("diverge", table, tmp_path / "none.csv")[0] == 2
    for option in (["--param", "a=1"], ["--distribution", file]):
        code, _, err = run("replay", table, *option)
        assert code == 2 and "is a recorded drive, which has no parameters" in err


def test_a_drive_of_our_traffic_is_recorded_and_checked(tmp_path: Path, run: Call) -> None:
    file, record = tmp_path / "drive.yaml", tmp_path / "run.parquet"
    file.write_text(
        "road: {kind: straight, length_m: 120}\nduration_s: 1.0\nsurroundings: {vegetation: 0, buildings: 0}\n"
        "traffic: {vehicles: 3, parked: 1, pedestrians: 1, cyclists: 1}\nego: {speed_mps: 12}\n"
    )
    assert run("replay", file, "--trajectories", record, "--seed", 4)[0] == 0
    drive = read_drive(record)
    assert drive.ego == "ego" and {"car", "pedestrian"} <= {each.category for each in drive.tracks.values()}
    ego = drive.tracks["ego"]
    assert len(ego.t) == 21 and ego.speed[0] == pytest.approx(12.0, abs=0.2)
    moved = np.hypot(*np.diff(ego.poses[:, :2], axis=0).T) / 0.05
    assert moved == pytest.approx((ego.speed[1:] + ego.speed[:-1]) / 2, abs=0.05)
    assert run("replay", file, "--check", record)[0] == 0


def test_a_table_renders_with_actors_in_its_boxes(tmp_path: Path) -> None:
    write_opendrive(procedural.straight(length_m=300.0), tmp_path / "road.xodr")
    head = "t,name,x,y,z,h,category,length,width,height,center_x\n"
    rows = [
        f"{0.1 * k:.1f},{name},{x + v * k / 10},{y},0,0,{kind},{size}\n"
        for k in range(11)
        for name, x, v, y, kind, size in (
            ("AV", 50, 10, -1.75, "car", "4.2,1.8,1.5,1.2"),
            ("bike", 70, 0, -1.0, "riderless_bicycle", "1.7,0.6,1.1,0"),
            ("bus", 90, 5, -1.75, "bus", "11,2.9,3.4,3"),
        )
    ]
    (tmp_path / "drive.csv").write_text(head + "".join(rows))
    [ready] = read_runs(tmp_path / "drive.csv", map_file=tmp_path / "road.xodr")
    with registered(Lines):
        render_runs([(ready, ready.play())], tmp_path / "out", rate_hz=5.0, formats=["test_lines"], render=fake_render)
    # A scenario file may name the table itself, too; its recording travels with a dataset as it is.
    (tmp_path / "s.yaml").write_text(
        "{recording: drive.csv, road: {opendrive: road.xodr}, duration_s: 1, seed: 1, surroundings: {vegetation: 0}}"
    )
    with registered(Lines):
        from simulator.pipeline import generate

        named = [("s.yaml", load(str(tmp_path / "s.yaml")))]
        generate(named, tmp_path / "two", formats=["test_lines"], render=fake_render)
    for again in (tmp_path / "out" / "scenes" / "drive.yaml", tmp_path / "two" / "scenes" / "s.yaml"):
        loaded = load(str(again))
        assert loaded.recording is not None
        recorded = read_recorded(Path(loaded.recording))
        assert recorded.ego.name == "AV" and [each.kind for each in recorded.others] == ["riderless_bicycle", "bus"]
    world = build_world(loaded)
    things = {each.name: each for each in world.scene.objects}
    assert things["bus"].class_name == "bus" and things["bike"].class_name == "bicycle"
    assert not any(each.parent == things["bike"].id for each in world.scene.objects if each.id)  # no rider
    for name, x in (("ego", 56.0), ("bike", 70.0)):
        model = things[name].model
        assert model is not None
        middle = model.bounds[:, 0].mean() + world.timeline.at(600_000_000).position[things[name].id, 0]
        assert middle == pytest.approx(x + (1.2 if name == "ego" else 0.0), abs=1e-3)


def test_heights_that_a_table_does_not_say_are_those_of_the_map(tmp_path: Path) -> None:
    network = procedural.hill(length_m=500.0, height_m=12.0)
    write_opendrive(network, tmp_path / "road.xodr")
    (tmp_path / "drive.csv").write_text("t,name,x,y,h\n" + "".join(f"{k},Ego,{25 * k},-1.5,0\n" for k in range(20)))
    [ready] = read_runs(tmp_path / "drive.csv", map_file=tmp_path / "road.xodr")
    rows = ready.play(dt=1.0).table
    expected, _ = network.roads["0"].elevation([row.x for row in rows])
    assert [row.z for row in rows] == pytest.approx(expected.tolist(), abs=1e-6) and max(expected) > 11.9


def test_a_drive_too_large_for_plain_ground_needs_a_map(tmp_path: Path) -> None:
    (tmp_path / "far.csv").write_text("t,name,x,y,h\n0,Ego,0,0,0\n5,Ego,4000,0,0\n")
    [ready] = read_runs(tmp_path / "far.csv")
    with pytest.raises(InputError, match="goes over more than 3000 m; give its map"):
        ready.ground()


@needs_material
def test_a_run_is_checked_against_the_trajectories_of_esmini(run: Call) -> None:
    file = MATERIAL / "openx" / "esmini/resources/xosc/cut-in.xosc"
    golden = MATERIAL / "golden" / "scenarios" / "esmini__resources__xosc__cut-in.csv.gz"
    code, out, _ = run("replay", file, "--check", golden, "--tolerance-m", 0.02)
    assert code == 0 and "agree: 2 actors at 882 times" in out


def test_an_ego_is_chosen_for_any_scenario(tmp_path: Path) -> None:
    [ready] = read_runs(_file(tmp_path), ego="walker")
    assert ready.play(until=0.1).ego == "walker"
