"""Argoverse 2 motion forecasting: tracks as they are in the file, vector maps as roads that lie where the map says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from argoverse_files import FOCAL, ID, TYPES, ground, table, vector_map, write_map, write_scenario
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.drives import read_drive
from simulator.errors import InputError
from simulator.pipeline.replay import read_runs
from simulator.pipeline.runs import DriveRun
from simulator.roads import LaneKey, check_opendrive, write_opendrive
from simulator.roads.argoverse import read_argoverse_map
from simulator.roads.surface import surface
from simulator.storyboard import model


def test_tracks_are_those_of_the_file(tmp_path: Path) -> None:
    drive = read_drive(write_scenario(tmp_path))
    assert drive.ego == "AV" and list(drive.tracks) == list(TYPES) and not drive.has_heights
    assert (drive.start, drive.end, drive.dt) == (0.0, 10.9, 0.1)
    assert {name: track.category for name, track in drive.tracks.items()} == {
        "AV": "car",
        FOCAL: "car",
        "7": "bus",
        "8": "pedestrian",
        "9": "bicycle",
        "10": "motorbike",
        "11": "riderless_bicycle",
        "12": "obstacle",
        "13": "obstacle",
    }
    ego, focal = drive.tracks["AV"], drive.tracks[FOCAL]
    assert ego.t == pytest.approx(0.1 * np.arange(110)) and ego.poses[-1, :2] == pytest.approx([109.0, -1.75])
    assert (ego.speed == 10.0).all() and (focal.speed == -2.0).all()
    assert ego.size == (4.88, 2.0, 1.47) and ego.center == (0.0, 0.0, 0.735)
    assert drive.facts["argoverse"]["focal_track_id"] == FOCAL and drive.facts["argoverse"]["city"] == "austin"
    assert drive.about == f"Argoverse 2 scenario {ID}, austin; focal track {FOCAL} (car)"


def test_actors_are_away_where_they_have_no_rows(tmp_path: Path) -> None:
    recording = read_drive(write_scenario(tmp_path)).recording(0.05)
    assert [row.t for row in recording.of("8")] == pytest.approx(np.arange(2.0, 3.9001, 0.05))
    there = np.array([row.t for row in recording.of("9")])
    assert not ((there > 2.91) & (there < 5.99)).any() and len(there) == 59 + 99
    entity = recording.entities["11"]
    assert isinstance(entity, model.Vehicle) and entity.vehicle_category == "bicycle"
    assert entity.properties.properties == {"rider": "false"}


def _with(name: str, row: int, value: Any) -> dict[str, list[Any]]:
    columns = table()
    columns[name][row] = value
    return columns


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {k: v for k, v in table().items() if k != "heading"},
            "column heading: is missing in a scenario of Argoverse 2",
        ),
        (_with("position_x", 4, float("nan")), "row 5, position_x: nan is no finite number of a usual size"),
        (_with("timestep", 6, 5), "row 7, timestep: track AV is there twice at step 5"),
        (_with("timestep", 6, -1), "row 7, timestep: -1 is no number of a step"),
        (_with("object_type", 0, "spaceship"), 'row 1, object_type: "spaceship" is no category'),
        ({name: [] for name in table()}, "has no rows"),
    ],
)
def test_a_bad_scenario_is_one_line(columns: dict[str, list[Any]], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read_drive(write_scenario(tmp_path, columns))
    assert message in str(raised.value) and f"scenario_{ID}.parquet" in str(raised.value)


def test_lanes_lie_where_the_map_has_them(tmp_path: Path) -> None:
    network = read_argoverse_map(write_map(tmp_path))
    roads = {road.name: road for road in network.roads.values()}
    assert set(roads) == {"1+2", "3", "4", "5", "6"}
    street = roads["1+2"]
    s = np.linspace(0.0, 60.0, 61)
    for lane, y, width in ((-1, -1.75, 3.5), (-2, -5.0, 3.0), (-3, -7.75, 2.5)):
        x, at, z, heading, pitch, roll, wide = network.lane_frame(street.id, lane, s)
        assert x == pytest.approx(s - y * 0.01 * 0.02, abs=1e-5) and at == pytest.approx(np.full(61, y), abs=2e-3)
        assert wide == pytest.approx(np.full(61, width), abs=2e-3) and heading == pytest.approx(0.0 * s, abs=1e-6)
        assert z == pytest.approx(ground(x, at), abs=2e-3)
        assert pitch == pytest.approx(np.full(61, -np.arctan(0.02)), abs=1e-3)
        assert roll == pytest.approx(np.full(61, np.arctan(0.01)), abs=1e-3)
    assert [(lane.id, lane.type) for lane in street.sections[0].lanes] == [
        (0, "none"),
        (-1, "driving"),
        (-2, "bus"),
        (-3, "shoulder"),
    ]
    turn = roads["5"]
    x, y, *_, width = network.lane_frame(turn.id, -1, np.linspace(0.0, turn.length, 20))
    assert np.hypot(x - 60.0, y + 16.5) == pytest.approx(np.full(20, 11.5), abs=0.05)  # an arc of twelve chords
    assert width == pytest.approx(np.full(20, 3.0), abs=0.1) and turn.length == pytest.approx(6.5 * np.pi, abs=0.1)


def test_marks_are_painted_once_and_lanes_are_linked(tmp_path: Path) -> None:
    network = read_argoverse_map(write_map(tmp_path))
    roads = {road.name: road for road in network.roads.values()}
    marks = {
        (name, lane.id): (lane.marks[0].type, lane.marks[0].color)
        for name, road in roads.items()
        for lane in road.sections[0].lanes
        if lane.marks and lane.marks[0].type != "none"
    }
    assert marks == {
        ("1+2", 0): ("solid solid", "yellow"),
        ("1+2", -1): ("broken", "white"),
        ("1+2", -2): ("solid", "white"),
    }
    street, ahead, turn, beyond = (roads[name].id for name in ("1+2", "4", "5", "6"))
    assert network.next_lanes(LaneKey(street, 0, -1)) == [LaneKey(ahead, 0, -1)]
    assert network.next_lanes(LaneKey(street, 0, -2)) == [LaneKey(turn, 0, -1)]
    assert network.next_lanes(LaneKey(ahead, 0, -1)) == [LaneKey(beyond, 0, -1)]
    assert {roads[name].junction for name in ("4", "5")} == {"j1"} and list(network.junctions) == ["j1"]
    [crossing] = [thing for road in network.roads.values() for thing in road.objects]
    assert (
        crossing.type == "crosswalk" and crossing.length == pytest.approx(3.0) and crossing.width == pytest.approx(10)
    )


def test_the_map_is_valid_opendrive_and_its_ground_is_watertight(tmp_path: Path) -> None:
    network = read_argoverse_map(write_map(tmp_path))
    write_opendrive(network, tmp_path / "map.xodr")
    errors, warnings = check_opendrive(tmp_path / "map.xodr")
    assert errors == [] and warnings == []
    made = surface(network, (50.0, 0.0, 5.0), (50.0, 0.0), 120.0)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(0.5, 109.5, 0.5), np.arange(-3.25, 0.0, 0.25)))
    height, _ = made._index.height(np.stack([x - 50.0, y], 1))
    assert height + 5.0 == pytest.approx(ground(x, y), abs=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("lane_segments"), "lane_segments: needs a mapping of ids"),
        (lambda m: m["lane_segments"].clear(), "lane_segments: has no lane segment"),
        (
            lambda m: m["lane_segments"]["1"].pop("left_lane_boundary"),
            "lane_segments.1.left_lane_boundary: needs a list",
        ),
        (
            lambda m: m["lane_segments"]["1"]["left_lane_boundary"][0].update(x=float("nan")),
            "two or more finite points",
        ),
        (lambda m: m["lane_segments"]["1"].update(successors=["a"]), "lane_segments.1: needs whole numbers"),
        (lambda m: m["drivable_areas"]["70"].update(area_boundary=3), "drivable_areas.70.area_boundary: needs a list"),
    ],
)
def test_a_bad_map_is_one_line(change: Any, message: str, tmp_path: Path) -> None:
    content = vector_map()
    change(content)
    with pytest.raises(InputError) as raised:
        read_argoverse_map(write_map(tmp_path, content))
    assert message in str(raised.value)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of everything in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, each in inner for found in _places(each, (*path, key)))]


@settings(max_examples=60, deadline=None)
@given(
    where=st.lists(st.sampled_from(_places(vector_map())[1:]), min_size=1, max_size=3),
    value=st.sampled_from([None, 0, 1, 2, -1, 1e6, 60.0, "x", "", [], {}, True, "SOLID_WHITE", [1, 2], [3, 3, 4]]),
)
def test_whatever_a_map_holds_it_is_read_or_refused(
    where: list[tuple[Any, ...]], value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = vector_map()
    for path in where:
        node = content
        try:
            for key in path[:-1]:
                node = node[key]
            node[path[-1]] = value
        except (TypeError, KeyError, IndexError):  # what was there has been replaced before
            continue
    folder = tmp_path_factory.mktemp("map")
    try:
        network = read_argoverse_map(write_map(folder, content))
    except InputError:
        return
    write_opendrive(network, folder / "map.xodr")
    errors, _ = check_opendrive(folder / "map.xodr")
    assert errors == []


def test_a_scenario_plays_on_the_map_beside_it_and_without_one(tmp_path: Path) -> None:
    file = write_scenario(tmp_path)
    [bare] = read_runs(file)
    assert bare.network is None and bare.play().table[0].z == 0.0
    (west, south), (east, north) = bare.ground().bounds
    assert west < -30 and east > 140 and south < -40 and north > 30
    write_map(tmp_path)
    [run] = read_runs(file, ego=FOCAL)
    recording = run.play()
    assert isinstance(run, DriveRun) and run.ground() is run.network and recording.ego == FOCAL
    rows = [row for row in recording.of("AV") if row.x < 59]
    assert [row.z for row in rows] == pytest.approx([float(ground(row.x, row.y)) for row in rows], abs=2e-3)
