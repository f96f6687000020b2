"""The road at a single point is the one that the kernels find, and no kernel is started for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator.roads import RoadNetwork, procedural, read_opendrive
from simulator.roads.scalar import scalar_roads
from simulator.roads.scalar_locate import ScalarLocator

MAPS = Path(__file__).parent / "maps"


def points_of(network: RoadNetwork, count: int) -> np.ndarray:
    """(count, 3) points on lanes and beside them, at their height and above it, and some far away."""
    rng, keys = np.random.default_rng(7), [key for key in network.lanes() if key.lane]
    found = []
    for key in (keys[k] for k in rng.integers(len(keys), size=count)):
        road = network.roads[key.road]
        section = road.sections[key.section]
        s = rng.uniform(section.s0, section.s1, 1)
        inner, outer, *_ = road.lane_edges(np.array([key.section]), key.lane, s)
        t = 0.5 * (inner + outer) + rng.normal(0.0, 3.0, 1)
        found.append(road.point(s, t, rng.choice([0.0, 0.0, 0.3], 1))[0])
    low, high = network.bounds
    far = rng.uniform(low - 40.0, high + 40.0, (count // 10, 2))
    return np.concatenate([found, np.column_stack([far, np.zeros(len(far))])])


@pytest.mark.parametrize("name", ["town", "roundabout", "everything"])
def test_the_road_is_that_of_the_kernels(name: str) -> None:
    """Where roads lie on the same ground, as in junctions, either may be named: the place is as good."""
    network = read_opendrive(MAPS / "everything.xodr") if name == "everything" else getattr(procedural, name)()
    find, ids = scalar_roads(list(network.roads.values())), list(network.roads)
    locate = ScalarLocator([road for road in map(find, ids) if road is not None])
    points = points_of(network, 150)
    expected = network.locate(points)
    same = 0
    for k, point in enumerate(points.tolist()):
        found = locate(*point)
        assert found is not None
        road, s = found
        same += road.id == ids[expected.road[k]]
        if expected.distance[k] == 0.0:
            _, t, beyond = road.project(point[0], point[1], s)
            section = road.section_at(s)
            edges = [edge for lane in road.sections[section].lanes for edge in road.edges(section, lane, s)[:2]]
            assert min(edges) - 0.03 <= t <= max(edges) + 0.03 and abs(beyond) < 0.5, (point, road.id)
    assert same >= 0.9 * len(points)


def test_without_roads_there_is_none() -> None:
    assert ScalarLocator([])(1.0, 2.0, 0.0) is None


def test_a_replay_with_places_in_the_world_starts_no_compiler() -> None:
    code = (
        "import sys; from pathlib import Path; from simulator.pipeline.replay import read_runs\n"
        "run = next(iter(read_runs(Path('scenarios/scripted/ncap_cpnco_50.yaml')))); run.play(until=2.0)\n"
        "print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "False"
