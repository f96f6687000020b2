"""Worlds as a whole: what they promise whatever the map is like."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

import simulator
from simulator import raycast
from simulator.data import data_dir
from simulator.roads import parking_bays, procedural, read_opendrive
from simulator.roads.surface import surface
from simulator.scenario.models import Scenario
from simulator.scenario.road_network import build_network
from simulator.scene.classes import class_id
from simulator.scene.material import Switch
from simulator.world import lamps
from simulator.world.build import build_world
from simulator.world.route import MIN_PATH_M, choose_route

BARE = "surroundings={vegetation: 0, buildings: 0}"
LANES = """<lanes><laneSection s="0"><center><lane id="0" type="none"/></center><right>
<lane id="-1" type="driving"><link>{link}</link><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane>
</right></laneSection></lanes>"""
STEP_MAP = f"""<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="6"/>
<road name="" length="60" id="1" junction="-1">
<link><successor elementType="road" elementId="2" contactPoint="start"/></link>
<planView><geometry s="0" x="0" y="0" hdg="0" length="60"><line/></geometry></planView>
{LANES.format(link='<successor id="-1"/>')}</road>
<road name="" length="200" id="2" junction="-1">
<link><predecessor elementType="road" elementId="1" contactPoint="end"/></link>
<planView><geometry s="0" x="60" y="0" hdg="0" length="200"><line/></geometry></planView>
<elevationProfile><elevation s="0" a="0.2" b="0.01" c="0" d="0"/></elevationProfile>
{LANES.format(link='<predecessor id="-1"/>')}</road></OpenDRIVE>"""


def test_wheels_stand_on_the_ground_where_the_roads_of_a_map_disagree(tmp_path: Path) -> None:
    path = tmp_path / "step.xodr"
    path.write_text(STEP_MAP)
    overrides = [
        f"road.opendrive={path}",
        "ego.road=1",
        "ego.lane=-1",
        "ego.s_m=30",
        "ego.speed_mps=9",  # steady: neither pedal nor curve presses the springs
        "duration_s=4",
        "traffic={vehicles: 0, parked: 0, pedestrians: 0, cyclists: 0, animals: 0}",  # nobody to brake for
        "anomalies=[]",
        BARE,
    ]
    world = build_world(simulator.load("any_map", overrides).sample(seed=3))
    rear = world.timeline.position[:, list(world.timeline.rows).index(world.ego)]
    assert rear[-1, 0] > 62.0, "the ego never reached the step"
    origin = np.round(world.route.path.xyz[0])
    ground = surface(read_opendrive(path), origin, origin[:2] + [60.0, 0.0], 260.0, seed=3)
    np.testing.assert_allclose(rear[:, 2], ground.height(rear[:, :2]), atol=2e-3)


@pytest.mark.parametrize("preset", sorted(path.stem for path in data_dir("scenarios").glob("*.yaml")))
def test_every_preset_makes_a_world(preset: str) -> None:
    bare = ["surroundings.buildings=0", "surroundings.vegetation=0", "duration_s=0.1"]
    few = "traffic={vehicles: 2, parked: 1, pedestrians: 1}"
    scenario = simulator.load(preset, [*bare, few]).sample(seed=5)
    scene = build_world(scenario).scene
    assert any(thing.anomaly for thing in scene.objects) == bool(scenario.anomalies)


@pytest.mark.parametrize("length_m", [3.0, 11.0])
def test_a_map_shorter_than_a_bus_still_makes_a_world(tmp_path: Path, length_m: float) -> None:
    path = tmp_path / "short.xodr"
    path.write_text(
        f"""<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="6"/>
<road name="" length="{length_m}" id="1" junction="-1">
<planView><geometry s="0" x="0" y="0" hdg="0" length="{length_m}"><line/></geometry></planView>
{LANES.format(link="")}</road></OpenDRIVE>"""
    )
    crowd = "traffic={vehicles: 3, parked: 2, pedestrians: 2, animals: 1}"
    thin = "surroundings={vegetation: 0.1, buildings: 0.1}"
    overrides = [f"road.opendrive={path}", crowd, thin, "anomalies=[{kind: deer}]"]
    world = build_world(simulator.load("any_map", overrides).sample(seed=1))
    assert len(world.scene.objects) > 1


@pytest.mark.parametrize("seed", range(2))
def test_no_vehicle_starts_at_the_bumper_of_the_ego(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "step.xodr"
    path.write_text(STEP_MAP)
    crowd = "traffic={vehicles: 14, oncoming_share: 0, parked: 0, pedestrians: 0, cyclists: 0}"
    overrides = [f"road.opendrive={path}", crowd, "anomalies=[]", "duration_s=0.1", BARE]
    world = build_world(simulator.load("any_map", overrides).sample(seed=seed))
    at = world.timeline.at(0)
    ego = at.position[world.ego]
    heading = at.rpy[world.ego, 2]
    gaps = []
    for thing in world.scene.objects[1:]:
        if thing.name.startswith("traffic-") and thing.model is not None and not thing.name.endswith("rider"):
            to = at.position[thing.id] - ego
            ahead = to[0] * np.cos(heading) + to[1] * np.sin(heading)
            if ahead > 0.0:
                gaps.append(ahead + thing.model.bounds[0, 0])
    assert min(gaps) > 4.0 + 3.0


@pytest.mark.parametrize("rule", ["RHT", "LHT"])
def test_cyclists_keep_to_the_outer_edge_on_either_side(tmp_path: Path, rule: str) -> None:
    path = tmp_path / "step.xodr"
    path.write_text(STEP_MAP.replace('junction="-1"', f'junction="-1" rule="{rule}"'))
    crowd = ["traffic={vehicles: 0, parked: 0, pedestrians: 0, cyclists: 3}", "anomalies=[]", "duration_s=0.1", BARE]
    world = build_world(simulator.load("any_map", [f"road.opendrive={path}", *crowd]).sample(seed=4))
    at = world.timeline.at(0)
    rows = [thing.id for thing in world.scene.objects[1:] if thing.name.startswith("cyclist-")]
    assert len(rows) >= 3
    assert (np.cos(at.rpy[rows, 2]) > 0).all() == (rule == "RHT")
    assert np.allclose(at.position[rows, 1], -3.5 + 0.6, atol=0.01)  # the lane ends at y = -3.5


def test_cars_are_parked_in_the_bays_of_a_lot_and_no_lorry_drives_there() -> None:
    road = "road={kind: parking_lot, rows: 4, bays: 10, angle_deg: 60}"
    crowd = "traffic={vehicles: 25, parked: 20, pedestrians: 0, cyclists: 0}"
    overrides = [road, crowd, "anomalies=[]", "duration_s=0.1", "ego.road=10", "ego.lane=-1", BARE]
    world = build_world(simulator.load("any_map", overrides).sample(seed=5))
    bays, at = parking_bays(procedural.parking_lot(4, bays=10, angle_deg=60.0)), world.timeline.at(0)
    parked = [x for x in world.scene.objects if x.name.startswith("parked-") and x.model is not None]
    assert len(parked) >= 15
    in_bays = 0
    for thing in parked:
        yaw = at.rpy[thing.id, 2]
        middle = 0.5 * (thing.model.bounds[0, 0] + thing.model.bounds[1, 0])
        xy = at.position[thing.id, :2] + middle * np.array([np.cos(yaw), np.sin(yaw)])
        gap = np.linalg.norm(bays.position[:, :2] - xy, axis=1)
        near = int(gap.argmin())
        if gap[near] < 0.7:
            in_bays += 1
            assert abs(np.sin(yaw - bays.heading[near])) < 0.08
    assert in_bays >= 12, "the others stand at the kerb of the street"
    left = at.steer_rad[[thing.id for thing in parked]]
    assert 0.2 < np.mean(np.abs(left) > np.radians(5.0)) < 0.7 and np.abs(left).max() < np.radians(35.0)
    moving = [x for x in world.scene.objects if x.name.startswith("traffic-") and x.model is not None]
    for thing in moving:
        length = thing.model.size_lwh_m[0]
        assert length < 7.0 or abs(at.position[thing.id, 1]) < 12.0, "long vehicles keep to the street"
    lit = world.scene.lamps[(world.scene.lamps["object"] == 0) & (world.scene.lamps["switch"] == Switch.STREET)]
    poles = lit["position"][:, :2] + world.scene.origin[:2]
    away = np.linalg.norm(bays.position[:, None, :2] - poles, axis=2).min(axis=1)
    assert away.max() < 20.0, "lamps on poles of 6 to 8 m light all rows, also those that lie back to back"


@pytest.mark.parametrize("seed", range(2))
def test_on_a_motorway_vehicles_start_with_a_headway_and_nobody_walks(seed: int) -> None:
    road = ["road={kind: motorway, length_m: 1500}", "duration_s=0.1", "anomalies=[]", "traffic={vehicles: 12}"]
    world = build_world(simulator.load("any_map", [*road, BARE]).sample(seed=seed))
    at, path = world.timeline.at(0), world.route.path
    assert world.scenario.traffic.pedestrians > 0
    idle = ("person-", "cyclist-", "parked-")
    assert not [thing.name for thing in world.scene.objects if thing.name.startswith(idle)]
    rows = [
        thing.id
        for thing in world.scene.objects
        if thing.id == world.ego or (thing.name.startswith("traffic-") and not thing.name.endswith("rider"))
    ]
    to = at.position[rows] - at.position[world.ego]
    c, s = np.cos(at.rpy[world.ego, 2]), np.sin(at.rpy[world.ego, 2])
    ahead, aside = c * to[:, 0] + s * to[:, 1], c * to[:, 1] - s * to[:, 0]
    mine = sorted(
        (x, row)
        for x, y, row in zip(ahead, aside, rows)
        if abs(y) < 1.0 and np.cos(at.rpy[row, 2] - at.rpy[world.ego, 2]) > 0 and x >= 0
    )
    for (back, behind), (front, before) in pairwise(mine):
        nose, tail = (world.scene.objects[row].model.bounds for row in (behind, before))  # type: ignore[union-attr]
        gap = front + tail[0, 0] - back - nose[1, 0]
        assert gap > 0.8 * path.speed_limit_mps[0] - (nose[1, 0] - 4.0)


def test_bodies_dive_when_they_brake_and_riders_lean_with_their_bicycles() -> None:
    """On the level, the ego's nose goes down while it slows, by what its springs say; all of a rider's things lean."""
    data = {
        "duration_s": 4.0,
        "road": {"kind": "roundabout"},
        "surroundings": {"vegetation": 0, "buildings": 0},
        "ego": {"kind": "car"},
        "traffic": {"vehicles": 2, "cyclists": 4, "parked": 0, "pedestrians": 0},
    }
    world = build_world(simulator.Scenario.model_validate(data).sample(2))
    states = [world.timeline.at(int(t)) for t in world.timeline.times_ns[::10]]
    speed = np.array([np.linalg.norm(at.velocity[world.ego, :2]) for at in states])
    slowing = np.gradient(speed, 0.1)
    pitch = np.array([at.rpy[world.ego, 1] for at in states])
    assert slowing.min() < -1.0
    assert np.corrcoef(slowing, pitch)[0, 1] < -0.8
    riders = [thing for thing in world.scene.objects if thing.name.startswith("cyclist") and thing.parent]
    lean = np.array([[at.rpy[rider.id, 0] for at in states] for rider in riders])
    under = np.array([[at.rpy[rider.parent, 0] for at in states] for rider in riders])
    np.testing.assert_array_equal(lean, under)
    assert 2.0 < np.degrees(np.abs(lean)).max() < 25.0


def test_there_is_road_ahead_at_the_end_of_a_long_drive() -> None:
    data = {
        "duration_s": 15.0,
        "road": {"kind": "motorway", "length_m": 1500},
        "surroundings": {"vegetation": 0, "buildings": 0},
        "ego": {"kind": "car", "speed_mps": 36, "road": "0", "s_m": 100.0},
        "traffic": {"vehicles": 0},
    }
    world = build_world(simulator.Scenario.model_validate(data).sample(1))
    rays, scene = raycast.Scene(), world.scene
    for row in np.flatnonzero(np.isin(scene.instance_class, [class_id("road"), class_id("road_marking")])).tolist():
        mesh = scene.meshes[scene.instance_mesh[row]]
        rays.add(mesh.vertices, mesh.faces, scene.instance_pose[row])
    rays.commit()
    driven = 36.0 * np.linspace(0.0, 15.0, 31)
    eyes = world.route.path.at(np.append(driven, driven[-1] + 200.0))[0] - scene.origin + [0.0, 0.0, 0.5]
    hits = rays.closest_hit(eyes.astype(np.float32), np.tile(np.float32([0, 0, -1]), (len(eyes), 1)))
    np.testing.assert_allclose(hits.t, 0.5, atol=0.01)


@pytest.mark.parametrize("seed", range(2))
def test_the_ego_starts_where_it_need_not_brake_hard(seed: int) -> None:
    """Slower vehicles ahead of a fast ego leave it room to come down to their speed."""
    data = {
        "duration_s": 2.0,
        "road": {"kind": "motorway"},
        "surroundings": {"vegetation": 0, "buildings": 0},
        "ego": {"kind": "car", "speed_mps": 36},
        "traffic": {"vehicles": 12, "oncoming_share": 0.2},
    }
    world = build_world(simulator.Scenario.model_validate(data).sample(seed))
    times = world.timeline.times_ns[:100]
    speed = [float(np.linalg.norm(world.timeline.at(int(t)).velocity[world.ego])) for t in times]
    assert speed[0] == pytest.approx(36.0, abs=0.2)
    assert np.diff(speed).min() / 0.01 > -4.0  # braking as a planned stop does


def test_lights_of_a_scenario_burn_besides_those_of_driving_or_not_at_all() -> None:
    data = {
        "duration_s": 0.3,
        "time": {"date": "2025-06-10", "clock_h": 23.9},
        "road": {"kind": "straight"},
        "surroundings": {"vegetation": 0, "buildings": 0},
        "ego": {"kind": "car", "lights": ["high_beam"]},
        "traffic": {"vehicles": 0, "parked": 0, "pedestrians": 0, "cyclists": 0},
        "actors": [
            {"kind": "car", "role": "police", "name": "police", "speed_mps": 9, "lights": ["special"]},
            {"kind": "van", "name": "parked", "lateral_m": 3.5, "lights": ["warning"]},
            {"kind": "car", "name": "dark", "ahead_m": 60, "speed_mps": 9, "lights": ["off"]},
        ],
        "rig": {"front": {"kind": "camera"}},
    }
    world = build_world(Scenario.model_validate(data).sample(1))
    rows = {thing.name: thing.id for thing in world.scene.objects}
    bits = {name: [int(world.timeline.at(k * 50_000_000).lamps[row]) for k in range(6)] for name, row in rows.items()}
    assert all(each & lamps.HIGH_BEAM and each & lamps.LOW_BEAM for each in bits["ego"])
    assert {bool(each & lamps.BEACON) for each in bits["police"]} == {True, False}, "they flash"
    assert all(each & lamps.LOW_BEAM for each in bits["police"])
    assert bits["parked"][0] == lamps.LEFT | lamps.RIGHT
    assert not any(each & (lamps.POSITION | lamps.LOW_BEAM) for each in bits["dark"])
    with pytest.raises(ValidationError, match="hazard"):
        Scenario.model_validate({"ego": {"kind": "car", "lights": ["hazard"]}})


def test_an_ego_that_is_told_to_stand_asks_for_no_road_to_drive() -> None:
    lengths = []
    for told in ("0", "20"):
        overrides = ["road={kind: straight, length_m: 2000}", "ego.s_m=100", "duration_s=60", f"ego.speed_mps={told}"]
        scenario = simulator.load("any_map", [*overrides, "ego.lane=-1", "traffic={vehicles: 0}"]).sample(seed=1)
        lengths.append(choose_route(build_network(scenario.road, 1), scenario).path.length)
    assert lengths == pytest.approx([MIN_PATH_M, 1.3 * 20.0 * 60.0 + 60.0], abs=0.5)
