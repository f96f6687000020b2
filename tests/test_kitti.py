"""KITTI datasets, read back by a reader written from the format's description alone, and re-derived."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_world import (
    BARREL,
    EGO_SE3_CAMERA,
    GREY,
    KITTI,
    ORIGIN,
    SMALL,
    air,
    boxes,
    drive,
    labelled,
    street,
    thing,
)

from simulator.errors import InputError
from simulator.export.base import SceneInfo
from simulator.export.kitti import Kitti, kitti_objects
from simulator.labels.frame import LabelledFrame
from simulator.numerics import se3
from simulator.scene import SceneBuilder
from simulator.scene.classes import class_id
from simulator.scene.mesh import box
from simulator.sensors.stage import Stage

NOW = 1_000_000_000
INFO = SceneInfo("000000", ("front",), ("top",))


# ---- a reader of KITTI's object development kit conventions ----------------------------------------------------


@dataclass
class Label:
    type: str
    truncated: float
    occluded: int
    alpha: float
    box: np.ndarray
    height: float
    width: float
    length: float
    location: np.ndarray
    rotation_y: float

    def corners(self) -> np.ndarray:
        """(8, 3) in the rectified camera frame, as the development kit's computeBox3D."""
        length, width, height = self.length / 2, self.width / 2, self.height
        x = [length, length, -length, -length] * 2
        y = [0] * 4 + [-height] * 4
        z = [width, -width, -width, width] * 2
        c, s = np.cos(self.rotation_y), np.sin(self.rotation_y)
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ np.array([x, y, z]) + self.location[:, None]


class KittiFrame:
    def __init__(self, root: Path, number: str) -> None:
        folder = root / "training"
        self.picture = cv2.imread(str(folder / "image_2" / f"{number}.png"))
        self.points = np.fromfile(folder / "velodyne" / f"{number}.bin", np.float32).reshape(-1, 4)
        lines = (folder / "calib" / f"{number}.txt").read_text().splitlines()
        self.names = [line.split(":")[0] for line in lines]
        # as readers that go by line number do
        numbers = [np.array([float(x) for x in line.split(" ")[1:]]) for line in lines]
        self.projection = [numbers[i].reshape(3, 4) for i in range(4)]
        self.rectification = numbers[4].reshape(3, 3)
        self.velo_to_cam, self.imu_to_velo = numbers[5].reshape(3, 4), numbers[6].reshape(3, 4)
        self.labels = []
        for line in (folder / "label_2" / f"{number}.txt").read_text().splitlines():
            fields = line.split(" ")
            assert len(fields) == 15
            f = [float(x) for x in fields[1:]]
            row = Label(fields[0], f[0], int(f[1]), f[2], np.array(f[3:7]), *f[7:10], np.array(f[10:13]), f[13])
            assert f[1] == int(f[1])
            self.labels.append(row)

    def rectified(self) -> np.ndarray:
        """(N, 3) lidar points in the rectified camera frame."""
        homogeneous = np.column_stack([self.points[:, :3], np.ones(len(self.points))])
        return (self.rectification @ (self.velo_to_cam @ homogeneous.T)).T

    def project(self, points: np.ndarray) -> np.ndarray:
        """(3, N) points to (2, N) pixels."""
        uvw = self.projection[2] @ np.vstack([points, np.ones(points.shape[1])])
        return uvw[:2] / uvw[2]


@pytest.fixture(scope="module")
def frame() -> LabelledFrame:
    return labelled(boxes(np.random.default_rng(11)), 0, 0, {"front": (KITTI, 0.0)}, "velodyne_hdl64e_s2")


@pytest.fixture(scope="module")
def dataset(frame: LabelledFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kitti")
    shard, out = root / "shard", root / "out"
    shard.mkdir()
    out.mkdir()
    Kitti().write_scene([frame], shard, INFO)
    Kitti().merge([shard], out)
    return out


@pytest.fixture(scope="module")
def read(dataset: Path) -> KittiFrame:
    return KittiFrame(dataset, "000000")


@pytest.fixture(scope="module")
def facts(dataset: Path) -> list[dict]:
    return json.loads((dataset / "training" / "objects_2" / "000000.json").read_text())


def test_calibration_has_all_seven_lines_in_order(read: KittiFrame, frame: LabelledFrame) -> None:
    assert read.names == ["P0", "P1", "P2", "P3", "R0_rect", "Tr_velo_to_cam", "Tr_imu_to_velo"]
    np.testing.assert_allclose(read.projection[2][:, :3], KITTI.K)
    camera_SE3_velo = np.linalg.inv(frame.sensors["front"].world_SE3_camera) @ frame.sensors["top"].world_SE3_lidar
    np.testing.assert_allclose(read.velo_to_cam, camera_SE3_velo[:3], atol=1e-9)
    chain = np.vstack([read.velo_to_cam, [0, 0, 0, 1]]) @ np.vstack([read.imu_to_velo, [0, 0, 0, 1]])
    np.testing.assert_allclose(chain, np.linalg.inv(EGO_SE3_CAMERA), atol=1e-9)


def test_picture_and_points(read: KittiFrame, frame: LabelledFrame) -> None:
    np.testing.assert_array_equal(read.picture[..., ::-1], frame.sensors["front"].rgb)
    sweep = frame.sensors["top"]
    ours = np.column_stack([sweep.points, sweep.intensity])
    np.testing.assert_array_equal(np.sort(ours, axis=0), np.sort(read.points, axis=0))
    # rings from the top, each from straight ahead counter-clockwise: the order of real files, by which readers
    # recover the ring of a point where the azimuth falls back through zero
    azimuth = np.degrees(np.arctan2(read.points[:, 1], read.points[:, 0]))
    ring = np.cumsum((azimuth >= 0) & (np.roll(azimuth, 1) < 0) & (np.roll(azimuth, 1) > -90))
    elevation = np.degrees(np.arcsin(read.points[:, 2] / np.linalg.norm(read.points[:, :3], axis=1)))
    means = [elevation[ring == k].mean() for k in np.unique(ring)]
    assert np.all(np.diff(means) < 0)
    assert len(means) == len(np.unique(sweep.ring))


def test_projected_3d_boxes_are_the_amodal_boxes(read: KittiFrame, frame: LabelledFrame, facts: list[dict]) -> None:
    compared = 0
    boxes = frame.annotations.boxes_2d["front"]
    for label, fact in zip(read.labels, facts):
        corners = label.corners() if label.type != "DontCare" else np.zeros((3, 1))
        if label.type in ("DontCare", "Cyclist") or corners[2].min() < 0.5:
            continue
        uv = read.project(corners)
        expected = np.concatenate([uv.min(1), uv.max(1)])
        cut = np.clip(expected, 0, [1241, 374, 1241, 374])
        np.testing.assert_allclose(label.box, cut, atol=0.35)  # three decimals of metres and radians
        row = boxes.object_id.tolist().index(fact["parts"][0]["id"])
        np.testing.assert_allclose(boxes.amodal[row], np.clip(expected, -3 * 1242, 4 * 1242), atol=0.5)
        area = np.prod(expected[2:] - expected[:2])
        assert label.truncated == pytest.approx(1 - np.prod(cut[2:] - cut[:2]) / area, abs=0.02)
        compared += 1
    assert compared >= 12


def test_lidar_points_lie_in_the_3d_boxes(
    read: KittiFrame, frame: LabelledFrame, dataset: Path, facts: list[dict]
) -> None:
    labels = np.fromfile(dataset / "training" / "points_2" / "000000.label", np.uint32)
    assert len(labels) == len(read.points)
    points, hits = read.rectified(), 0
    for label, fact in zip(read.labels, facts):
        on = points[np.isin(labels >> 16, [part["id"] for part in fact["parts"]])]
        assert len(on) == sum(part["lidar_points"] for part in fact["parts"])
        if label.type == "DontCare":
            continue
        c, s = np.cos(label.rotation_y), np.sin(label.rotation_y)
        local = (on - label.location) @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        low = np.array([-label.length / 2, -label.height, -label.width / 2]) - 0.1
        high = np.array([label.length / 2, 0, label.width / 2]) + 0.1
        assert np.all((local > low) & (local < high))
        hits += len(on)
    assert hits > 1000


def test_alpha_and_heading(read: KittiFrame, frame: LabelledFrame, facts: list[dict]) -> None:
    world = frame.annotations.boxes_3d
    camera_SE3_world = np.linalg.inv(frame.sensors["front"].world_SE3_camera)
    for label, fact in zip(read.labels, facts):
        if label.type == "DontCare":
            continue
        x, _, z = label.location
        assert abs(se3.wrap_angle(label.alpha - (label.rotation_y - np.arctan2(x, z)))) < 2e-3
        row = world.object_id.tolist().index(fact["parts"][0]["id"])
        forward = camera_SE3_world[:3, :3] @ se3.rotation_from_quaternion(world.rotation[row])[:, 0]
        c, s = np.cos(label.rotation_y), np.sin(label.rotation_y)
        np.testing.assert_allclose([c, -s], [forward[0], forward[2]], atol=2e-3)
        assert -np.pi <= label.alpha <= np.pi and -np.pi <= label.rotation_y <= np.pi


def test_ground_objects_stand_on_the_ground(read: KittiFrame) -> None:
    bottom = [label.location[1] for label in read.labels if label.type != "DontCare"]
    np.testing.assert_allclose(bottom, 1.65, atol=2e-3)


def test_cyclist_is_one_box(read: KittiFrame, frame: LabelledFrame, facts: list[dict]) -> None:
    index = [label.type for label in read.labels].index("Cyclist")
    label, parts = read.labels[index], facts[index]["parts"]
    assert [part["class"] for part in parts] == ["bicycle", "rider"]
    assert (label.length, label.width, label.height) == (1.7, 0.5, 1.8)
    assert label.occluded == 0
    mask = np.isin(frame.annotations.instance["front"], [part["id"] for part in parts])
    v, u = np.nonzero(mask)
    np.testing.assert_allclose(label.box, [u.min(), v.min(), u.max(), v.max()], atol=1.0)


def test_every_object_with_a_pixel_is_in_a_row(frame: LabelledFrame, read: KittiFrame, facts: list[dict]) -> None:
    ids = sorted(part["id"] for fact in facts for part in fact["parts"])
    assert ids == sorted(set(np.unique(frame.annotations.instance["front"]).tolist()) - {0})
    types = [label.type for label in read.labels]
    assert types == [fact["type"] for fact in facts]
    assert types == sorted(types, key=lambda name: name == "DontCare")
    assert set(types) <= {"Car", "Van", "Truck", "Pedestrian", "Cyclist", "Tram", "Misc", "DontCare"}
    for label, fact in zip(read.labels, facts):
        if label.type == "DontCare":
            assert fact["parts"][0]["visible_fraction"] < 0.1
            assert label.location.tolist() == [-1000.0] * 3 and label.alpha == -10
            continue
        if len(fact["parts"]) == 1:
            fraction = fact["parts"][0]["visible_fraction"]
            assert label.occluded == (0 if fraction >= 0.9 else 1 if fraction >= 0.5 else 2)


def test_folders_beyond_kitti(dataset: Path, frame: LabelledFrame) -> None:
    def image(folder: str) -> np.ndarray:
        return cv2.imread(str(dataset / "training" / folder / "000000.png"), cv2.IMREAD_UNCHANGED)

    notes = frame.annotations
    np.testing.assert_array_equal(image("instance_2"), notes.instance["front"])
    np.testing.assert_array_equal(image("semantic_2"), notes.semantic["front"])
    depth = image("depth_2").astype(float) / 256
    near = notes.depth["front"] < 255
    np.testing.assert_allclose(depth[near], notes.depth["front"][near], atol=1 / 512 + 1e-4)
    assert np.all(depth[~np.isfinite(notes.depth["front"])] == 0)
    table = json.loads((dataset / "classes.json").read_text())
    assert table[class_id("car")]["name"] == "car"


def test_the_place_of_each_frame(dataset: Path, frame: LabelledFrame, read: KittiFrame) -> None:
    place = json.loads((dataset / "training" / "frames" / "000000.json").read_text())
    assert (place["scene"], place["frame"], place["time_ns"]) == ("000000", 0, 0)
    np.testing.assert_array_equal(place["world_SE3_ego"], frame.ego_pose)
    # what the calibration says of ego and camera, said once more: imu is the ego here
    cam_SE3_ego = np.vstack([read.velo_to_cam, [0, 0, 0, 1]]) @ np.vstack([read.imu_to_velo, [0, 0, 0, 1]])
    np.testing.assert_allclose(np.array(place["world_SE3_camera"]) @ cam_SE3_ego, frame.ego_pose, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_rows_of_random_scenes_are_sound(seed: int) -> None:
    """Things of any size and attitude, down to specks: boxes have area and hold what they are the box of."""
    rng = np.random.default_rng(seed)
    builder = SceneBuilder(ORIGIN)
    builder.add_mesh(box((400, 400, 0.1), (0, 0, -0.05)), (GREY,), "road")
    ego = builder.add_object(thing("car", (4, 1.8, 1.4)), ORIGIN, (0, 0, 0), name="ego", moving=True)
    for _ in range(12):
        distance, bearing = 3.0 * 20 ** rng.uniform(0, 1), rng.uniform(-0.75, 0.75)
        at = [distance * np.cos(bearing), distance * np.sin(bearing), rng.uniform(-1, 1)]
        size = tuple(10 ** rng.uniform(-2, 0.8, 3)) if rng.random() < 0.8 else (1.0, 2.0, 0.0)
        lean = rng.uniform(-3.1, 3.1, 2) if rng.random() < 0.3 else rng.normal(0, 0.1, 2)
        builder.add_object(thing("debris", size), ORIGIN + at, (*lean, rng.uniform(-3.1, 3.1)))
    stage = Stage(builder.build(), drive(builder), air(), ego)
    frame = labelled(stage, 0)
    picture, notes = frame.sensors["front"], frame.annotations
    world, mask = notes.boxes_3d, notes.instance["front"]
    camera_SE3_world = np.linalg.inv(picture.world_SE3_camera)
    rows = kitti_objects(notes.boxes_2d["front"], world, picture)
    assert sorted(int(world.object_id[row.rows[0]]) for row in rows) == sorted(set(np.unique(mask).tolist()) - {0})
    for row in rows:
        fields = row.line().split(" ")
        left, top, right, bottom = (float(x) for x in fields[4:8])
        assert 0 <= left < right <= SMALL.width - 1 and 0 <= top < bottom <= SMALL.height - 1
        v, u = np.nonzero(mask == world.object_id[row.rows[0]])
        slack = 0.51 if row.type == "DontCare" else 1.01
        assert left - slack <= u.min() and u.max() <= right + slack
        assert top - slack <= v.min() and v.max() <= bottom + slack
        if row.type == "DontCare":
            continue
        height, width, length, x, y, z, turn = (float(value) for value in fields[8:])
        assert min(height, width, length) >= 0.01
        k = row.rows[0]
        corners = se3.apply(camera_SE3_world, world.corners()[k])
        c, s = np.cos(turn), np.sin(turn)
        local = (corners - [x, y - height / 2, z]) @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        up = -(camera_SE3_world[:3, :3] @ se3.rotation_from_quaternion(world.rotation[k]))[1, 2]
        slack = 0.01 + (np.sin(np.radians(15.5)) * np.linalg.norm(world.size_lwh[k]) if up > np.cos(0.262) else 0.0)
        assert np.all(np.abs(local) <= np.array([length, height, width]) / 2 + slack)


def test_a_sliver_at_the_border_keeps_an_area(frame: LabelledFrame) -> None:
    boxes, world = frame.annotations.boxes_2d["front"], frame.annotations.boxes_3d
    i = int(np.argmax(boxes.visible_fraction * (boxes.class_id == class_id("car"))))
    sliver, pixels = boxes.amodal.copy(), boxes.visible.copy()
    sliver[i], pixels[i] = [-60, 100, 0.003, 140], [-0.5, 99.5, 0.5, 140.5]
    changed = replace(boxes, amodal=sliver, visible=pixels)
    rows = kitti_objects(changed, world, frame.sensors["front"])
    mine = next(row for row in rows if world.object_id[row.rows[0]] == boxes.object_id[i])
    assert mine.line().split(" ")[4:8] == ["0.00", "100.00", "0.50", "140.00"]
    assert mine.truncated == pytest.approx(1.0, abs=1e-3)


def test_image_sets_number_through_scenes(tmp_path: Path) -> None:
    shards = []
    for k in range(3):
        scene, timeline, ego = street(np.random.default_rng(k), 2)
        stage = Stage(scene, timeline, air(), ego)
        shard = tmp_path / f"shard{k}"
        shard.mkdir()
        times = [NOW + i * 100_000_000 for i in range(k + 1)]
        frames = [labelled(stage, t, i, lidar="velodyne_vlp16") for i, t in enumerate(times)]
        Kitti(extras=False).write_scene(frames, shard, INFO)
        shards.append(shard)
    (tmp_path / "out").mkdir()
    Kitti(extras=False).merge(shards, tmp_path / "out")
    sets = {n: (tmp_path / "out" / "ImageSets" / f"{n}.txt").read_text().split() for n in ("train", "val", "trainval")}
    assert sets["trainval"] == [f"{i:06d}" for i in range(6)]
    assert sets["val"] == ["000003", "000004", "000005"]  # the third scene as a whole
    assert sorted(sets["train"] + sets["val"]) == sets["trainval"]
    folders = {path.name: len(list(path.iterdir())) for path in (tmp_path / "out" / "training").iterdir()}
    assert folders == {"image_2": 6, "velodyne": 6, "calib": 6, "label_2": 6}
    for number in sets["trainval"]:
        KittiFrame(tmp_path / "out", number)


def test_frames_without_picture_or_sweep_are_left_out(tmp_path: Path) -> None:
    scene, timeline, ego = street(np.random.default_rng(1), 2)
    stage = Stage(scene, timeline, air(), ego)
    frames = [labelled(stage, NOW, 0), labelled(stage, NOW + 100_000_000, 1, lidar="velodyne_vlp16")]
    Kitti().write_scene(frames, tmp_path, INFO)
    assert [path.name for path in (tmp_path / "calib").iterdir()] == ["000000.txt"]


def test_rig_without_lidar(tmp_path: Path) -> None:
    scene, timeline, ego = street(np.random.default_rng(1), 2)
    frame = labelled(Stage(scene, timeline, air(), ego), NOW)
    Kitti().write_scene([frame], tmp_path, SceneInfo("a", ("front",)))
    assert not (tmp_path / "velodyne").exists()
    assert len((tmp_path / "calib" / "000000.txt").read_text().splitlines()) == 7


def test_lens_distortion_is_refused(tmp_path: Path) -> None:
    scene, timeline, ego = street(np.random.default_rng(1), 2)
    frame = labelled(Stage(scene, timeline, air(), ego), NOW, cameras={"front": (BARREL, 0.0)})
    with pytest.raises(InputError, match='"front" has lens distortion'):
        Kitti().write_scene([frame], tmp_path, SceneInfo("a", ("front",)))
    assert SMALL.width == 320
