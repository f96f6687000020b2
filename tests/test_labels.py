"""Labels against brute force over masks, against ray casting of single objects, and as invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_world import (
    BARREL,
    EGO_SE3_CAMERA,
    GREY,
    KITTI,
    ORIGIN,
    SMALL,
    air,
    car,
    drive,
    labelled,
    paint,
    street,
    thing,
)

from simulator import raycast
from simulator.labels.annotate import boxes_in_picture, boxes_of_world, truncation
from simulator.labels.annotations import occlusion_level
from simulator.labels.coverage import coverage, lens_of
from simulator.labels.frame import LabelledFrame
from simulator.numerics import se3
from simulator.scene import Body, Material, Mesh, Model, SceneBuilder, Texture, Timeline
from simulator.scene.classes import class_id
from simulator.scene.mesh import box
from simulator.sensors.optics import CameraModel
from simulator.sensors.stage import Stage

NOW = 1_000_000_000


@pytest.fixture(scope="module")
def stage() -> Stage:
    scene, timeline, ego = street(np.random.default_rng(5))
    return Stage(scene, timeline, air(), ego)


@pytest.fixture(scope="module")
def frame(stage: Stage) -> LabelledFrame:
    cameras = {"front": (SMALL, 0.0), "bent": (BARREL, 0.0), "back": (SMALL, np.pi)}
    return labelled(stage, NOW, cameras=cameras, lidar="velodyne_vlp16")


def alone(stage: Stage, camera: CameraModel, world_SE3_camera: np.ndarray, object_id: int) -> np.ndarray:
    """(H, W) mask of one object when the rest of the world is taken away, by the ray caster."""
    rays, poses = raycast.Scene(), stage.scene.local_SE3_instance(stage.at(NOW))
    for row in np.flatnonzero(stage.scene.instance_object == object_id):
        mesh = stage.scene.meshes[stage.scene.instance_mesh[row]]
        rays.add(mesh.vertices, mesh.faces, poses[row])
    rays.commit()
    start = (world_SE3_camera[:3, 3] - stage.scene.origin).astype(np.float32)
    directions = camera.rays().reshape(-1, 3) @ world_SE3_camera[:3, :3].T.astype(np.float32)
    hits = rays.closest_hit(start, np.ascontiguousarray(directions, np.float32))
    return (hits.part >= 0).reshape(camera.height, camera.width)


@pytest.mark.parametrize("name", ["front", "bent", "back"])
def test_every_visible_box_by_brute_force(frame: LabelledFrame, name: str) -> None:
    boxes, mask = frame.annotations.boxes_2d[name], frame.annotations.instance[name]
    assert set(np.unique(mask)) - {0} == set(boxes.object_id[boxes.pixels > 0])
    for i, k in enumerate(boxes.object_id):
        v, u = np.nonzero(mask == k)
        assert boxes.pixels[i] == len(u)
        expected = [u.min() - 0.5, v.min() - 0.5, u.max() + 0.5, v.max() + 0.5] if len(u) else [0, 0, 0, 0]
        assert boxes.visible[i].tolist() == expected


@pytest.mark.parametrize("name", ["front", "bent", "back"])
def test_visible_fraction_against_casting_the_object_alone(stage: Stage, frame: LabelledFrame, name: str) -> None:
    boxes, picture = frame.annotations.boxes_2d[name], frame.sensors[name]
    for i, k in enumerate(boxes.object_id.tolist()):
        whole = int(alone(stage, picture.camera, picture.world_SE3_camera, k).sum())
        assert boxes.visible_fraction[i] == pytest.approx(
            min(1.0, boxes.pixels[i] / max(whole, 1)), abs=2 / max(whole, 1)
        )
    assert 0 < np.sum(boxes.visible_fraction < 1) < len(boxes)


def test_every_object_that_would_be_in_the_picture_has_a_row(stage: Stage, frame: LabelledFrame) -> None:
    picture = frame.sensors["bent"]
    boxes = frame.annotations.boxes_2d["bent"]
    for row in stage.scene.objects[2:]:
        pixels = int(alone(stage, picture.camera, picture.world_SE3_camera, row.id).sum())
        assert (row.id in boxes.object_id) == (pixels > 0) or pixels == 1


def test_nothing_in_front_means_fully_visible() -> None:
    """With a single object its own mask and the coverage agree, whatever the lens."""
    for camera in (SMALL, BARREL):
        for yaw in np.linspace(0, 6, 7):
            builder = SceneBuilder(ORIGIN)
            ego = builder.add_object(car(), ORIGIN, name="ego", moving=True)
            builder.add_object(car(), ORIGIN + [6.0, 1.5 * np.sin(yaw), 0.3], (0.2, 0.1, yaw))
            stage = Stage(builder.build(), drive(builder), air(), ego)
            boxes = labelled(stage, NOW, cameras={"front": (camera, 0.0)}).annotations.boxes_2d["front"]
            assert boxes.visible_fraction[0] > 0.999
            picture = paint(stage, NOW, camera)
            local = picture.world_SE3_camera.copy()
            local[:3, 3] -= ORIGIN
            whole = coverage(stage.scene, stage.scene.local_SE3_instance(stage.snapshot), camera, local)
            ours, seen = int(whole.pixels[whole.objects == 2][0]), int((picture.object == 2).sum())
            assert abs(ours - seen) <= 2  # single precision at the silhouette


@pytest.mark.parametrize("kind", ["car", "pedestrian", "deer"])
def test_real_camera_and_real_actors_agree_with_the_coverage(kind: str) -> None:
    """Glass, joints and smooth skins included: an actor alone before the camera is visible to 100 %."""
    from simulator.scenario.family import member
    from simulator.sensors.camera import Camera

    rng = np.random.default_rng(4)
    builder = SceneBuilder(ORIGIN)
    ego = builder.add_object(car(), ORIGIN, name="ego", moving=True)
    builder.add_object(member("actors", kind)().model(rng), ORIGIN + [9.0, 0.5, 0], (0, 0, 2.5), moving=True)  # type: ignore[attr-defined]
    stage = Stage(builder.build(), drive(builder), air(), ego)
    camera = Camera(x_m=1.6, z_m=1.65, width=320, height=120, fx=186, fy=186, cx=157, cy=55)
    picture = camera.sense(stage, NOW, 1, "preview")
    poses = stage.scene.local_SE3_instance(stage.at(NOW))
    bent = stage.scene.bent(stage.snapshot)
    boxes = boxes_in_picture(stage.scene, poses, picture, np.array([2], np.int32), bent)
    assert boxes.visible_fraction[0] > 0.999
    local = picture.world_SE3_camera.copy()
    local[:3, 3] -= ORIGIN
    whole = coverage(stage.scene, poses, picture.camera, local, bent=bent)
    assert abs(int(whole.pixels[1]) - int(boxes.pixels[0])) <= 2


def test_holes_do_not_count_as_covered() -> None:
    """A bush of leaves with holes that nothing hides is fully visible."""
    rng = np.random.default_rng(2)
    rgba = np.full((64, 64, 4), 255, np.uint8)
    rgba[..., 3] = np.where(np.kron(rng.random((8, 8)), np.ones((8, 8))) > 0.5, 255, 0)
    leaves = Material("leaves", texture=Texture("leaves", rgba, cutout=True))
    corners = [[0, 1.5, 0], [0, -1.5, 0], [0, -1.5, 2], [0, 1.5, 2]]
    sheet = Mesh.of(corners, [[0, 1, 2], [0, 2, 3]], [[0.2, 0], [1.7, 0], [1.7, 1], [0.2, 1]])
    builder = SceneBuilder(ORIGIN)
    ego = builder.add_object(car(), ORIGIN, name="ego", moving=True)
    builder.add_object(Model("vegetation", (Body(sheet, (leaves,)),)), ORIGIN + [9, 0, 0])
    stage = Stage(builder.build(), drive(builder), air(), ego)
    picture = paint(stage, NOW, KITTI)
    local = picture.world_SE3_camera.copy()
    local[:3, 3] -= ORIGIN
    shown = coverage(stage.scene, stage.scene.local_SE3_instance(stage.snapshot), KITTI, local)
    # by hand: the sheet faces the camera, so texels are where its rays meet x = 9
    rays = KITTI.rays() * (9.0 - 1.6)
    y, z = 0.1 - rays[..., 0], 1.65 - rays[..., 1]
    whole = (np.abs(y) < 1.5) & (z > 0) & (z < 2)
    s, t = 0.2 + (1.5 - y[whole]) / 2, z[whole] / 2
    texel = rgba[((1 - t) * 64).astype(int), (s % 1 * 64).astype(int), 3]
    expected = int((texel >= 128).sum())
    assert expected < 0.75 * whole.sum()
    assert abs(int((picture.object == 2).sum()) - expected) <= 0.01 * expected  # rounding at the texels' edges
    assert abs(int(shown.pixels[shown.objects == 2][0]) - int((picture.object == 2).sum())) <= 5


def test_ground_does_not_hide_what_is_part_of_it() -> None:
    """A pothole is as visible as what stands before it lets it be, however little of its bowl the camera sees."""
    bowl = box((1.5, 1.5, 0.4), (0, 0, -0.25))
    for obstacle, expected in ((False, 1.0), (True, 0.5)):
        builder = SceneBuilder(ORIGIN)
        builder.add_mesh(box((400, 400, 0.1), (0, 0, -0.15)), (GREY,), "road")
        ego = builder.add_object(car(), ORIGIN, name="ego", moving=True)
        builder.add_object(Model("road_defect", (Body(bowl, (GREY,)),)), ORIGIN + [10, 0.1, 0])
        builder.add_object(Model("debris", (Body(bowl, (GREY,)),)), ORIGIN + [10, 4, 0])
        if obstacle:
            builder.add_object(thing("traffic_cone", (0.1, 2.0, 0.8)), ORIGIN + [8.5, 1.1, 0])
        stage = Stage(builder.build(), drive(builder), air(), ego)
        boxes = labelled(stage, NOW).annotations.boxes_2d["front"]
        assert boxes.visible_fraction[0] == pytest.approx(expected, abs=0.1)
        assert 0.2 < boxes.visible_fraction[1] < 0.9  # the same sunk debris is half buried


def test_coverage_through_the_camera_plane() -> None:
    """An object that reaches behind the camera is cut, not mirrored."""
    builder = SceneBuilder(ORIGIN)
    ego = builder.add_object(car(), ORIGIN, name="ego", moving=True)
    builder.add_object(thing("truck", (30.0, 1.0, 2.0)), ORIGIN + [0.0, 2.5, 0])
    builder.add_object(thing("truck", (2.0, 1.0, 2.0)), ORIGIN + [-20.0, 0.0, 0])
    stage = Stage(builder.build(), drive(builder), air(), ego)
    boxes = labelled(stage, NOW).annotations.boxes_2d["front"]
    assert boxes.object_id.tolist() == [2]
    assert boxes.visible_fraction[0] > 0.999
    assert boxes.amodal[0, 0] == -3 * SMALL.width
    assert 0.7 < boxes.truncation[0] < 1


def test_amodal_box_is_the_extent_of_the_projected_vertices(stage: Stage, frame: LabelledFrame) -> None:
    for name in ("front", "bent"):
        boxes, picture = frame.annotations.boxes_2d[name], frame.sensors[name]
        poses = stage.scene.local_SE3_instance(stage.at(NOW))
        camera_SE3_local = se3.inverse(picture.world_SE3_camera) @ se3.pose(stage.scene.origin)
        for i, k in enumerate(boxes.object_id):
            rows = np.flatnonzero(stage.scene.instance_object == k)
            points = np.concatenate(
                [
                    se3.apply(camera_SE3_local @ poses[r], stage.scene.meshes[stage.scene.instance_mesh[r]].vertices)
                    for r in rows
                ]
            )
            uv = picture.camera.project(points)
            radius = np.hypot(points[:, 0], points[:, 1]) / points[:, 2]
            if points[:, 2].min() < 0.1 or radius.max() > lens_of(picture.camera).numbers[9]:
                continue
            expected = np.concatenate([uv.min(0), uv.max(0)])
            np.testing.assert_allclose(boxes.amodal[i], np.clip(expected, [-960, -360] * 2, [1280, 480] * 2), atol=1e-3)
            visible = boxes.visible[i]
            if boxes.pixels[i] and name == "front":
                assert np.all(visible[:2] >= boxes.amodal[i, :2] - 0.5)
                assert np.all(visible[2:] <= boxes.amodal[i, 2:] + 0.5)


def test_truncation_is_the_area_outside() -> None:
    boxes = np.array([[10, 10, 20, 20], [-10.5, 10, 9.5, 20], [-100, -100, -50, -50], [94.5, 44.5, 104.5, 54.5]], float)
    np.testing.assert_allclose(truncation(boxes, 100, 50), [0, 0.5, 1, 1 - 0.25])


def test_occlusion_levels() -> None:
    assert occlusion_level(np.array([1.0, 0.9, 0.89, 0.5, 0.49, 0.1, 0.09, 0.0])).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_rider_and_bicycle_do_not_occlude_each_other_as_a_family(stage: Stage, frame: LabelledFrame) -> None:
    boxes, world = frame.annotations.boxes_2d["front"], frame.annotations.boxes_3d
    rider = world.class_id.tolist().index(class_id("rider"))
    bicycle = int(world.parent[rider])
    assert world.class_id[world.rows(np.array([bicycle]))[0]] == class_id("bicycle")
    i = boxes.object_id.tolist().index(bicycle)
    j = boxes.object_id.tolist().index(int(world.object_id[rider]))
    picture = frame.sensors["front"]
    both = [alone(stage, SMALL, picture.world_SE3_camera, int(k)) for k in (bicycle, world.object_id[rider])]
    together = (both[0] | both[1]).sum()
    assert boxes.family_fraction[i] == pytest.approx((boxes.pixels[i] + boxes.pixels[j]) / together, rel=1e-2)
    assert boxes.family_fraction[i] > boxes.visible_fraction[i]


def test_boxes_3d_hold_their_points_and_geometry(stage: Stage, frame: LabelledFrame) -> None:
    world, sweep = frame.annotations.boxes_3d, frame.sensors["top"]
    assert "ego" not in world.name
    assert world.object_id.tolist() == list(range(2, len(stage.scene.objects)))
    rotation = se3.rotation_from_quaternion(world.rotation)
    points = se3.apply(sweep.world_SE3_lidar, sweep.points)
    for i, k in enumerate(world.object_id):
        on = points[sweep.object == k]
        assert world.num_lidar_points[i] == len(on)
        if frame.annotations.boxes_3d.velocity[i].any():
            continue  # moves during the sweep
        inside = np.abs((on - world.center[i]) @ rotation[i]) <= world.size_lwh[i] / 2 + 0.12
        assert inside.all()
    assert world.num_lidar_points.sum() == (sweep.object > 0).sum()
    low, high = world.corners().min(1), world.corners().max(1)
    for i, k in enumerate(world.object_id):
        assert np.all(low[i] <= world.center[i]) and np.all(world.center[i] <= high[i])
        bounds = stage.scene.objects[k].model.bounds
        np.testing.assert_allclose(world.size_lwh[i], bounds[1] - bounds[0])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_velocity_is_that_of_the_box_centre(seed: int) -> None:
    """A rigid body that drives and turns about all axes: the centre of its box is far from its origin."""
    rng = np.random.default_rng(seed)
    builder = SceneBuilder(ORIGIN)
    model = Model("car", (Body(box((4, 2, 1.5), (1.4, 0.2, 0.8)), (GREY,)),))
    row = builder.add_object(model, ORIGIN, (*rng.uniform(-0.5, 0.5, 2), rng.uniform(-4, 4)), moving=True)
    start, rpy = builder.initial_poses()
    speed, rate = np.zeros((2, *start.shape))
    speed[row], rate[row] = rng.uniform(-20, 20, 3), rng.uniform(-1, 1, 3)
    times = np.arange(3, dtype=np.int64) * 10_000_000
    t = times[:, None, None] * 1e-9
    still = np.zeros(t.shape[:1] + start.shape[:1])
    lamps = np.zeros(still.shape, np.uint32)
    timeline = Timeline(times, start + speed * t, rpy + rate * t, 0 * t + speed, still, still, still, lamps)
    scene, ids = builder.build(), np.array([row], np.int32)
    moments = (9_000_000, 10_000_000, 11_000_000)
    before, now, after = (boxes_of_world(scene, timeline.at(time), ids, []) for time in moments)
    np.testing.assert_allclose(now.velocity, (after.center - before.center) / 2e-3, atol=1e-4)


def test_rows_carry_name_class_anomaly_and_attributes(frame: LabelledFrame) -> None:
    world = frame.annotations.boxes_3d
    i = world.anomaly.index("OBJ-01")
    assert world.class_id[i] == class_id("debris")
    assert world.attributes[i] == {"material": "plastic"}
    assert len(set(world.name)) == len(world)
    with pytest.raises(KeyError, match="9999"):
        world.rows(np.array([9999]))


def test_masks_and_points_are_those_of_the_sensors(frame: LabelledFrame) -> None:
    notes = frame.annotations
    for name in ("front", "bent", "back"):
        picture = frame.sensors[name]
        assert notes.semantic[name] is picture.semantic
        assert notes.instance[name] is picture.object
        assert notes.depth[name] is picture.depth
    assert notes.points["top"].object is frame.sensors["top"].object


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**31), cars=st.integers(0, 15), time=st.integers(0, 180), yaw=st.floats(-3, 3))
def test_no_pixel_or_point_without_row_and_no_box_without_object(seed: int, cars: int, time: int, yaw: float) -> None:
    scene, timeline, ego = street(np.random.default_rng(seed), cars)
    stage = Stage(scene, timeline, air(), ego)
    cameras = {"front": (SMALL, yaw), "bent": (BARREL, -yaw)}
    notes = labelled(stage, time * 20_000_000, cameras=cameras, lidar="velodyne_vlp16").annotations
    known = set(notes.boxes_3d.object_id.tolist())
    assert known == {row.id for row in scene.objects if row.model is not None} - {ego}
    for name in cameras:
        boxes, mask = notes.boxes_2d[name], notes.instance[name]
        ids = set(np.unique(mask).tolist()) - {0}
        assert ids == set(boxes.object_id[boxes.pixels > 0].tolist()) <= known
        assert set(boxes.object_id.tolist()) <= known
        assert boxes.pixels.sum() == (mask > 0).sum()
        assert np.all((boxes.visible_fraction >= 0) & (boxes.visible_fraction <= 1))
        assert np.all(boxes.family_fraction >= boxes.visible_fraction - 1e-12 - 1 * (boxes.family_fraction < 1))
        assert np.all(np.isfinite(boxes.amodal)) and np.all((boxes.truncation >= 0) & (boxes.truncation <= 1))
        assert np.all(boxes.amodal[:, 2:] >= boxes.amodal[:, :2])
        shape = np.array([mask.shape[1], mask.shape[0]] * 2) - 0.5
        seen = boxes.pixels > 0
        assert np.all((boxes.visible[seen] >= -0.5) & (boxes.visible[seen] <= shape))
        classes = scene.instance_class[[np.flatnonzero(scene.instance_object == k)[0] for k in boxes.object_id]]
        assert boxes.class_id.tolist() == classes.tolist()
    assert set(np.unique(notes.points["top"].object).tolist()) - {0} <= known


def test_world_without_objects() -> None:
    builder = SceneBuilder(ORIGIN)
    builder.add_mesh(box((40, 40, 0.1)), (GREY,), "road")
    ego = builder.add_object(car(), ORIGIN, name="ego")
    frame = labelled(Stage(builder.build(), drive(builder), air(), ego), NOW, lidar="velodyne_vlp16")
    assert len(frame.annotations.boxes_3d) == 0
    assert len(frame.annotations.boxes_2d["front"]) == 0
    assert frame.annotations.boxes_3d.corners().shape == (0, 8, 3)


def test_labels_are_fast_enough() -> None:
    """A hundred objects of thousands of triangles in a KITTI picture cost a fraction of its rendering."""
    import time

    from simulator.scene.mesh import ellipsoid

    rng = np.random.default_rng(1)
    builder = SceneBuilder(ORIGIN)
    ego = builder.add_object(car(), ORIGIN, name="ego")
    detailed = Model("car", (Body(ellipsoid((2, 0.9, 0.7), (0, 0, 0.7), rings=30, segments=60), (GREY,)),))
    for _ in range(100):
        builder.add_object(detailed, ORIGIN + rng.uniform([4, -20, 0], [70, 20, 0]))
    stage = Stage(builder.build(), drive(builder), air(), ego)
    picture = paint(stage, NOW, KITTI)
    poses = stage.scene.local_SE3_instance(stage.at(NOW))
    ids = np.arange(2, len(stage.scene.objects), dtype=np.int32)
    boxes_in_picture(stage.scene, poses, picture, ids)
    start = time.perf_counter()
    boxes = boxes_in_picture(stage.scene, poses, picture, ids)
    assert time.perf_counter() - start < 1.0
    assert len(boxes) > 60
    assert EGO_SE3_CAMERA.shape == (4, 4)
