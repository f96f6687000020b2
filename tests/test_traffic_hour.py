"""Traffic for an hour (half on most real maps): no collision, nobody stands for ever, all move as vehicles do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from material import MATERIAL, needs_material
from watching import Watch

from simulator.numerics.rng import child_seed
from simulator.roads import RoadNetwork, read_opendrive
from simulator.roads.motorway import motorway
from simulator.roads.procedural import t_junction
from simulator.roads.roundabout import roundabout
from simulator.roads.town import town
from simulator.traffic.lane_map import lane_map
from simulator.traffic.simulation import Traffic

FREEST_MPS2 = 2.2  # of the kinds that there are, a motorcycle speeds up most
SLACK_M = 0.15  # lanes of real maps do not meet exactly
LOCKED_S = 150.0  # of standing


def check(watch: Watch, least: float, longest: float = LOCKED_S) -> None:
    """Nobody touched anybody, braked harder than the vehicle can or jumped; `least`: mean speed, m/s; `longest`: s."""
    touches = watch.touches
    assert not len(touches), f"{len(touches)}, the first after {touches['step'][0] * watch.dt_ns * 1e-9:.1f} s"
    beyond, gained, off, waited, _ = watch.worst.max(axis=0)
    assert beyond <= 1e-9
    assert gained <= FREEST_MPS2 + 1e-9
    assert off < SLACK_M
    worlds, size = watch.traffic.vehicles.shape
    assert waited < longest
    assert watch.worst[:, 4].sum() / (watch.steps * worlds * size) > least


@pytest.mark.parametrize(
    ("build", "vehicles", "least"),
    [(motorway, 60, 20.0), (roundabout, 20, 3.5), (t_junction, 15, 3.0), (lambda: town(3, 3, seed=0), 60, 4.0)],
    ids=["motorway", "roundabout", "t_junction", "town"],
)
def test_an_hour_of_traffic_without_a_collision(build: Callable[[], RoadNetwork], vehicles: int, least: float) -> None:
    traffic = Traffic(lane_map(build()), vehicles=vehicles, seeds=1)
    check(Watch(traffic).run(3600.0), least)


@needs_material
@pytest.mark.parametrize(
    ("number", "vehicles", "worlds", "minutes", "least"),
    [
        ("01", 60, 1, 30, 6.0),
        ("02", 40, 1, 60, 4.5),
        ("02", 200, 2, 10, 0.5),  # 11 m of lane for each: they stood for ever behind tails that reached into junctions
        ("03", 100, 1, 30, 6.0),
        ("03", 100, 2, 10, 5.0),
        ("03", 200, 2, 10, 3.5),
        ("04", 100, 1, 30, 12.0),
        ("05", 100, 1, 30, 10.0),
    ],
)
def test_real_maps_without_a_collision_or_gridlock(
    number: str, vehicles: int, worlds: int, minutes: int, least: float
) -> None:
    lanes = lane_map(read_opendrive(MATERIAL / f"openx/carla_towns/OpenDrive/Town{number}.xodr"))
    traffic = Traffic(lanes, worlds=worlds, vehicles=vehicles, seeds=1)
    watch = Watch(traffic, 50_000_000 if worlds == 2 and vehicles == 100 else 100_000_000)
    check(watch.run(60.0 * minutes), least)
    assert not traffic.relieved.any()


@needs_material
def test_nobody_changes_to_a_lane_that_opens_sideways() -> None:
    # Beside a motorway of this map exits open within metres: who followed their middle skidded off over all lanes.
    database = "openx/rac_api_test/cpp/applications/openScenarioTester/res/exampleFilesVersion1_3/Databases"
    traffic = Traffic(lane_map(read_opendrive(MATERIAL / database / "SampleDatabase.xodr")), vehicles=60, seeds=1)
    watch = Watch(traffic)
    for _ in range(10):
        watch.run(10.0)
        on = traffic.vehicles["lane"] >= 0
        assert np.abs(traffic.vehicles["d"][on]).max() < 6.0
    assert not len(watch.touches)


@needs_material
def test_a_lorry_and_who_is_still_in_its_way_do_not_wait_for_each_other() -> None:
    # A motorcycle stood short of the stretch that the lorry swept, with its tail where that had to pass: 105 vehicles
    # stood for ever from 103 s on.
    lanes = lane_map(read_opendrive(MATERIAL / "openx/carla_towns/OpenDrive/Town03.xodr"))
    seeds = np.array([child_seed(2, "traffic", 0)], np.uint64)
    check(Watch(Traffic(lanes, vehicles=500, seeds=seeds)).run(300.0), 1.0, 190.0)


@needs_material
def test_in_a_jam_who_stands_for_ever_is_taken_off_and_counted() -> None:
    lanes = lane_map(read_opendrive(MATERIAL / "openx/carla_towns/OpenDrive/Town03.xodr"))
    traffic = Traffic(lanes, vehicles=500, seeds=1, relief_s=20.0)
    watch = Watch(traffic)
    stood = 0
    for _ in range(30):
        before = traffic.vehicles["serial"].copy()
        watch.run(5.0)
        stood += int((traffic.vehicles["serial"] > before).sum())  # nobody leaves this map by itself
    assert not len(watch.touches)
    assert 0 < traffic.relieved[0] <= 30  # one every 5 s at most
    assert stood <= traffic.relieved[0] <= stood + (traffic.vehicles["lane"] < 0).sum()
    traffic.reset()
    assert traffic.relieved[0] == 0
