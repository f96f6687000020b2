"""Roads evaluated one station at a time give what the vectorised code gives."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from simulator.errors import InputError
from simulator.roads import RoadNetwork, read_opendrive
from simulator.roads.scalar import ScalarRoad

MATERIAL = os.environ.get("ODDROAD_MATERIAL")
FILES = (
    "esmini/resources/xodr/fabriksgatan.xodr",
    "esmini/resources/xodr/e6mini.xodr",
    "esmini/resources/xodr/curves_elevation.xodr",
    "carla_towns/Town03.xodr",
    "alks/Databases/ALKS_Road_Different_Curvatures.xodr",
)


def networks() -> list[RoadNetwork]:
    if MATERIAL is None:
        pytest.skip("needs ODDROAD_MATERIAL")
    found = []
    for name in FILES:
        for path in Path(MATERIAL, "openx").rglob(Path(name).name):
            try:
                found.append(read_opendrive(path))
            except InputError:
                continue
            break
    assert found
    return found


def test_scalar_roads_agree_with_the_vectorised_ones() -> None:
    rng = np.random.default_rng(3)
    for network in networks():
        for road in list(network.roads.values())[:40]:
            scalar = ScalarRoad(road)
            s = rng.uniform(0.0, road.length, 6)
            section = road.section_at(s)
            state = road.state(s)
            for k, station in enumerate(map(float, s)):
                assert scalar.section_at(station) == section[k]
                np.testing.assert_allclose(scalar.at(station), [column[k] for column in state], atol=1e-9)
                for lane in road.sections[section[k]].lanes:
                    expected = [float(v[0]) for v in road.lane_edges(section[k : k + 1], lane.id, s[k : k + 1])]
                    np.testing.assert_allclose(scalar.edges(section[k], lane.id, station), expected, atol=1e-9)
                    t = 0.3 * expected[0] + 0.7 * expected[1]
                    height = scalar.lane_height(section[k], lane.id, station, t)
                    if lane.id and abs(expected[1] - expected[0]) > 0.1:
                        np.testing.assert_allclose(
                            scalar.place(station, t, height), road.point(station, t)[0], atol=1e-7
                        )


def test_projection_finds_back_to_the_road_coordinates() -> None:
    rng = np.random.default_rng(4)
    for network in networks():
        for road in list(network.roads.values())[:40]:
            scalar = ScalarRoad(road)
            for s in rng.uniform(0.02 * road.length, 0.98 * road.length, 4):
                t = rng.uniform(-3.0, 3.0)
                if abs(scalar.at(s).curvature * t) > 0.5:
                    continue
                x, y, _ = scalar.place(s, t)
                found_s, found_t, beyond = scalar.project(x, y, s + rng.uniform(-2.0, 2.0))
                assert abs(found_s - s) < 1e-6 and abs(found_t - t) < 1e-6 and abs(beyond) < 1e-6
