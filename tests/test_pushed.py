"""Prams and suitcases are objects of their own that go along with who pushes or pulls them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from test_actors import models

from simulator.export.kitti import kitti_objects
from simulator.labels.annotate import annotate
from simulator.numerics import se3
from simulator.roads import procedural
from simulator.roads.writing import write_opendrive
from simulator.scenario.models import Scenario
from simulator.scene.classes import class_id, classes
from simulator.sensors.camera import Camera, CameraFrame
from simulator.sensors.frame import Frame
from simulator.sensors.lidar import Lidar, LidarFrame
from simulator.sensors.stage import Stage
from simulator.world import World, build_world

BARE = {"surroundings": {"vegetation": 0, "buildings": 0, "street_lamps": False}}


@pytest.mark.parametrize(("thing", "category"), [("pram", "human.pedestrian.stroller"),
                                                 ("suitcase", "movable_object.pushable_pullable")])  # fmt: skip
@pytest.mark.parametrize("pose", ["walking", "standing"])
def test_what_rolls_is_a_thing_beside_the_person_that_the_hands_hold(thing: str, category: str, pose: str) -> None:
    for seed in range(3):
        person, rolls = models("pedestrian", seed, pose=pose, carries=thing)
        assert classes()[class_id(rolls.class_name)].formats["nuscenes"] == category
        assert rolls.bounds[0, 2] == pytest.approx(0.0, abs=0.03)
        assert person.size_lwh_m[0] < 1.2  # a long step at most
        middle = rolls.bounds.mean(0)
        assert (middle < person.bounds[0]).any() or (middle > person.bounds[1]).any()
        speed = 0.0 if pose == "standing" else np.inf
        body = np.concatenate([person.posed(gait_rad=g, speed_mps=speed)[0] for g in np.linspace(0.0, 2 * np.pi, 9)])
        held = rolls.posed()[0]
        high = held[held[:, 2] > 0.6]
        grip = high[np.abs(high[:, 0]) < np.abs(high[:, 0]).min() + 0.02]  # a bar across
        between = (body[:, 1] > grip[:, 1].min()) & (body[:, 1] < grip[:, 1].max())
        away = np.hypot(*(body[between][:, [0, 2]] - grip[:, [0, 2]].mean(0)).T)
        assert away.min() < 0.025


@pytest.mark.parametrize("thing", ["umbrella", "stick", "shopping", "phone", ""])
def test_what_hands_carry_is_part_of_the_person(thing: str) -> None:
    assert len(models("pedestrian", 4, pose="standing", carries=thing)) == 1


def _walk(thing: str) -> World:
    walker = {
        "kind": "pedestrian",
        "carries": thing,
        "pose": "walking",
        "ahead_m": 9.0,
        "lateral_m": 1.5,
        "manoeuvres": [{"do": {"kind": "walk", "ahead_m": 6.0, "lateral_m": -2.0, "speed_mps": 1.2}}],
    }
    nobody = dict.fromkeys(("vehicles", "parked", "pedestrians", "cyclists", "animals"), 0)
    data = {
        "duration_s": 2.0,
        "road": {"kind": "straight", "length_m": 100},
        "traffic": nobody,
        "actors": [walker],
        "ego": {"speed_mps": 0.0},
        **BARE,
    }
    return build_world(Scenario.model_validate(data).sample(1))


@pytest.mark.parametrize("thing", ["pram", "suitcase"])
def test_it_goes_along_and_is_labelled_by_itself(thing: str) -> None:
    world = _walk(thing)
    [person] = [o for o in world.scene.objects if o.class_name == "pedestrian"]
    [rolls] = [o for o in world.scene.objects if o.class_name == thing]
    assert rolls.parent == person.id and rolls.id != person.id and rolls.name == f"{person.name}-{thing}"
    stage = Stage(world.scene, world.timeline, world.conditions.at, world.ego, threads=1)
    camera = Camera(x_m=1.6, z_m=1.65, width=320, height=160, fx=186, fy=186, cx=157, cy=70)
    lidar = Lidar(model="velodyne_vlp16", z_m=1.73, x_m=0.8)
    middles = []
    for time_ns in (500_000_000, 1_500_000_000):
        snapshot = stage.at(time_ns)
        seen = camera.sense(stage, time_ns, 0, "preview")
        swept = lidar.sense(stage, time_ns, 0, "preview")
        assert isinstance(seen, CameraFrame) and isinstance(swept, LidarFrame)
        found = annotate(world.scene, snapshot, Frame(0, time_ns, stage.world_SE3_ego(), {"front": seen, "top": swept}))
        boxes, [row, who] = found.boxes_3d, found.boxes_3d.rows(np.array([rolls.id, person.id]))
        assert np.hypot(*boxes.velocity[row, :2]) == pytest.approx(np.hypot(*boxes.velocity[who, :2]), rel=0.02)
        assert boxes.velocity[row, :2] == pytest.approx(snapshot.velocity[person.id, :2], abs=0.03)
        assert boxes.num_lidar_points[row] > 5 and boxes.num_lidar_points[who] > 5
        assert (seen.object == rolls.id).sum() > 50 and (
            seen.semantic[seen.object == rolls.id] == class_id(thing)
        ).all()
        rows = kitti_objects(found.boxes_2d["front"], boxes, seen)
        [walker] = [each for each in rows if each.type == "Pedestrian"]
        assert [each.type for each in rows if 0.0 < np.linalg.norm(each.center - walker.center) < 1.5] == ["Misc"]
        axes = snapshot.world_SE3_object[person.id]
        middles.append(se3.apply(se3.inverse(axes), boxes.center[row]))
    assert middles[1] == pytest.approx(middles[0], abs=1e-6)  # stays where it is before or behind the person
    turned = world.timeline.at(1_500_000_000).travel_m[[rolls.id, person.id]]
    assert turned[0] == turned[1] > 0.5  # wheels roll


def test_people_of_a_recorded_drive_push_and_pull_things_along(tmp_path: Path) -> None:
    write_opendrive(procedural.straight(length_m=100.0), tmp_path / "road.xodr")

    def entity(name: str, kind: str, size: list[float], x: float, y: float, speed: float) -> dict[str, object]:
        poses = [[x + speed * 0.1 * k, y, 0.0, 0.0, 0.0, 0.0] for k in range(6)]
        middle = [0.0, 0.0, size[2] / 2]
        return {"name": name, "kind": kind, "size": size, "center": middle, "first": 0, "poses": poses}

    people = [entity(f"walker {k}", "pedestrian", [0.7, 0.7, 1.75], 10.0 + 2 * k, 5.0, 1.3) for k in range(25)]
    drive = {"dt": 0.1, "ego": "ego", "entities": [entity("ego", "car", [4.4, 1.8, 1.5], 5.0, -1.75, 5.0), *people]}
    (tmp_path / "run.json").write_text(json.dumps(drive))
    data = {"recording": str(tmp_path / "run.json"), "road": {"opendrive": str(tmp_path / "road.xodr")},
            "duration_s": 0.5, **BARE}  # fmt: skip
    world = build_world(Scenario.model_validate(data).sample(1))
    rolling = [o for o in world.scene.objects if o.class_name in ("pram", "suitcase")]
    assert rolling
    snapshot = world.timeline.at(400_000_000)
    for each in rolling:
        assert snapshot.position[each.id] == pytest.approx(snapshot.position[each.parent])
        assert snapshot.velocity[each.id, 0] == pytest.approx(1.3, rel=1e-6)
