"""Our written maps in other people's readers: CARLA's map and SUMO's netconvert."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_devkits import run

from simulator.roads import DRIVABLE, RoadNetwork, check_opendrive, procedural, write_opendrive

MAPS = {
    "town": lambda: procedural.town(2, 2, seed=3),
    "wide town": lambda: procedural.town(3, 2, seed=8),
    "village lane": lambda: procedural.village_lane(seed=2),
    "crossroads": lambda: procedural.x_junction(angle_deg=70.0),
    "T junction": lambda: procedural.t_junction(),
    "motorway": lambda: procedural.motorway(curve_radius_m=500.0),
    "hill": lambda: procedural.hill(),
    "merge": lambda: procedural.merge(),
    "roundabout": lambda: procedural.roundabout(3),
    "wide roundabout": lambda: procedural.roundabout(4, lanes=2, sidewalks=False),
    "parking lot": lambda: procedural.parking_lot(3, bays=6, angle_deg=60.0),
}


@pytest.fixture(params=MAPS)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[RoadNetwork, Path]:
    network, path = MAPS[request.param](), tmp_path / "map.xodr"
    write_opendrive(network, path)
    assert check_opendrive(path) == ([], [])
    return network, path


def test_carla_has_the_lanes_where_we_have_them(written: tuple[RoadNetwork, Path]) -> None:
    network, path = written
    rows = []
    for key in network.lanes():
        section = network.roads[key.road].sections[key.section]
        for part in (0.1, 0.5, 0.9):
            s = section.s0 + part * section.length
            x, y, z, _ = network.lane_center(key.road, key.lane, [s])
            rows.append([key.road, key.lane, s, x[0], y[0], z[0]])
    (path.parent / "points.json").write_text(json.dumps(rows))
    found = run("carla", "carla_map.py", path, path.parent / "points.json")
    assert found["missing"] == 0
    assert found["worst_m"] < 0.01  # it computes in float32
    assert found["connections"] > 0


def test_sumo_converts_them_without_an_error(written: tuple[RoadNetwork, Path]) -> None:
    network, path = written
    found = run("sumo", "sumo_net.py", path)
    assert (found["code"], found["errors"]) == (0, [])
    assert found["lanes"] >= len([key for key in network.lanes() if not network.roads[key.road].junction]) // 2
    # From road to road, through junctions: the same lanes lead to the same ones.
    theirs = {(a, b) for a, b in found["ways"] if a.rpartition("_")[0] != b.rpartition("_")[0]}
    lanes = network.lanes(DRIVABLE)
    outside = {key for key in lanes if not network.roads[key.road].junction}
    ours = set()
    for key in outside:
        todo, seen = list(network.next_lanes(key)), set()
        while todo:
            way = todo.pop()
            if way in seen:
                continue
            seen.add(way)
            if way in outside:
                ours.add((f"{key.road}_{key.lane}", f"{way.road}_{way.lane}"))
            elif network.roads[way.road].junction:
                todo += network.next_lanes(way)
    ours = {(a, b) for a, b in ours if a.rpartition("_")[0] != b.rpartition("_")[0]}
    driven = {f"{key.road}_{key.lane}" for key in outside}
    assert ours == {(a, b) for a, b in theirs if a in driven and b in driven}
