"""KITTI object detection: image_2, velodyne, calib, label_2 and ImageSets, and what KITTI has no place for.

    training/image_2/000000.png      left colour picture (the rig's first camera)
    training/velodyne/000000.bin     float32 x, y, z, intensity (the rig's first lidar), ring by ring from the
                                     highest, each counter-clockwise from straight ahead
    training/calib/000000.txt        P0 to P3, R0_rect, Tr_velo_to_cam, Tr_imu_to_velo
    training/label_2/000000.txt      type truncated occluded alpha left top right bottom h w l x y z rotation_y
    ImageSets/{train,val,trainval}.txt, and an empty test.txt, which common readers insist on
    training/instance_2/000000.png   16-bit object id (beyond KITTI, as are all below)
    training/semantic_2/000000.png   8-bit class id, see classes.json
    training/depth_2/000000.png      16-bit depth in 1/256 m along the optical axis, 0 for none (KITTI depth)
    training/points_2/000000.label   uint32 of each point: class id, object id << 16 (as SemanticKITTI)
    training/objects_2/000000.json   one entry a row of label_2 with id, class, anomaly, visible fraction ...
    training/frames/000000.json      scene, index and time of the frame, pose of ego and camera in the world

Conventions: the rectified reference camera is the picture's own, so P0 to P3 are alike, R0_rect is the identity and
Tr_velo_to_cam carries the whole pose; the ego frame takes the place of the IMU. Boxes are amodal and cut at the
picture, in pixels counted from 0. A pedal cyclist is one box around rider and bicycle. Occlusion: 0 from 90 % visible
on, 1 from 50 %, 2 from 10 %; what is seen less is DontCare (the box of its pixels), what is hidden has no row. 3D boxes
stand upright in the camera frame, as the format knows but one angle: what leans by more than 15 degrees (a toppled
thing) is enclosed, the slight lean of slopes and kerbs is left out. Classes are mapped by `formats.kitti` of the class
taxonomy; all other objects are Misc. Velocities are in the world frame. Object ids hold for all frames of a scene.
Frames need a picture; where the rig has a lidar, also a sweep of the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.export.base import Format, SceneInfo, SceneWriter, is_validation, place, write_json, write_png
from simulator.labels.annotations import Boxes2D, Boxes3D, occlusion_level
from simulator.numerics import se3
from simulator.scenario.distributions import Flag, Fraction
from simulator.scene.classes import class_id, classes

if TYPE_CHECKING:
    from simulator.labels.frame import LabelledFrame
    from simulator.sensors.camera import CameraFrame
    from simulator.sensors.lidar import LidarFrame

F64 = NDArray[np.float64]
FOLDERS = {
    "image_2": "png",
    "velodyne": "bin",
    "calib": "txt",
    "label_2": "txt",
    "instance_2": "png",
    "semantic_2": "png",
    "depth_2": "png",
    "points_2": "label",
    "objects_2": "json",
    "frames": "json",
}
DEPTH_STEPS_PER_M = 256.0
UPRIGHT = float(np.cos(np.radians(15.0)))  # cosine of the lean up to which a box keeps its own height
LEAST_BOX_PX = 0.01  # what is thinner, and would vanish in the file, gets the edges of its pixels


class Kitti(Format, kind="kitti"):
    """KITTI object detection."""

    val_fraction: Fraction = 0.2
    """Part of the scenes that goes to ImageSets/val.txt."""
    extras: Annotated[bool, Flag()] = True
    """Write the folders beyond KITTI too."""

    def open(self, folder: Path, scene: SceneInfo) -> SceneWriter:
        """Writer of one scene; its files are numbered from 0."""
        if not scene.cameras:
            raise InputError("the KITTI format needs a camera in the rig", key="rig")
        return _Writer(folder, scene, self.extras)

    def merge(self, shards: Sequence[Path], out: Path) -> None:
        """Number all frames through and write the split."""
        sets: dict[str, list[str]] = {"train": [], "val": [], "trainval": [], "test": []}
        total = 0
        for shard, validation in zip(shards, is_validation(len(shards), self.val_fraction)):
            names = sorted(path.stem for path in (shard / "calib").glob("*.txt"))
            for folder in sorted(path.name for path in shard.iterdir() if path.is_dir()):
                for i, name in enumerate(names):
                    ext = FOLDERS[folder]
                    place(shard / folder / f"{name}.{ext}", out / "training" / folder / f"{total + i:06d}.{ext}")
            numbers = [f"{total + i:06d}" for i in range(len(names))]
            sets["val" if validation else "train"] += numbers
            sets["trainval"] += numbers
            total += len(names)
        (out / "ImageSets").mkdir()
        for name, numbers in sets.items():
            text = "".join(f"{number}\n" for number in numbers)
            (out / "ImageSets" / f"{name}.txt").write_text(text, encoding="ascii")
        if self.extras:
            table = [{"id": c.id, "name": c.name, "thing": c.thing, "color": c.color} for c in classes()]
            write_json(out / "classes.json", table)


@dataclass(frozen=True, slots=True, eq=False)
class KittiObject:
    """One row of label_2.

    Attributes:
        type: KITTI class, or DontCare.
        truncated: 0..1. occluded: 0..3.
        box: (4,) left, top, right, bottom in pixels counted from 0.
        size_lwh: (3,) metres.
        center: (3,) box centre in the rectified camera frame.
        rotation_y: heading about the camera's y axis, 0 along its x axis.
        rows: rows of Boxes3D that it was made from, the one that gives its place first.
    """

    type: str
    truncated: float
    occluded: int
    box: F64
    size_lwh: F64
    center: F64
    rotation_y: float
    rows: tuple[int, ...]

    @property
    def location(self) -> F64:
        """(3,) centre of the bottom face in the rectified camera frame (y down)."""
        down: F64 = np.array([0.0, self.size_lwh[2] / 2, 0.0])
        return self.center + down

    def line(self) -> str:
        """The row of the label file, without line end."""
        box = " ".join(f"{value:.2f}" for value in self.box)
        if self.type == "DontCare":
            return f"DontCare -1 -1 -10 {box} -1 -1 -1 -1000 -1000 -1000 -10"
        length, width, height = self.size_lwh
        x, y, z = self.location
        alpha = float(se3.wrap_angle(self.rotation_y - np.arctan2(x, z)))
        return (
            f"{self.type} {self.truncated:.2f} {self.occluded} {alpha:.3f} {box} "
            f"{height:.3f} {width:.3f} {length:.3f} {x:.3f} {y:.3f} {z:.3f} {self.rotation_y:.3f}"
        )


class _Writer(SceneWriter):
    def __init__(self, folder: Path, scene: SceneInfo, extras: bool) -> None:
        self._folder, self._extras, self._scene = folder, extras, scene.id
        self._camera = scene.cameras[0]
        self._lidar = scene.lidars[0] if scene.lidars else None
        self._count = 0

    def write(self, frame: LabelledFrame) -> None:
        """Write the main picture with its sweep, if both are due."""
        sensors: dict[str, Any] = dict(frame.sensors)
        if self._camera not in sensors or (self._lidar is not None and self._lidar not in sensors):
            return
        picture: CameraFrame = sensors[self._camera]
        sweep: LidarFrame | None = sensors[self._lidar] if self._lidar is not None else None
        if np.any(picture.camera.distortion):
            raise InputError(
                f'camera "{self._camera}" has lens distortion, which KITTI cannot express: '
                "use a rig with ideal lenses, or another format"
            )
        objects = kitti_objects(frame.annotations.boxes_2d[self._camera], frame.annotations.boxes_3d, picture)
        write_png(self._path("image_2"), picture.rgb)
        self._text("calib", calibration(picture, sweep, frame.ego_pose))
        self._text("label_2", "".join(row.line() + "\n" for row in objects))
        order = file_order(sweep) if sweep is not None else np.zeros(0, np.int64)
        if sweep is not None:
            points = np.column_stack([sweep.points, sweep.intensity]).astype("<f4")[order]
            self._bytes("velodyne", points.tobytes())
        if self._extras:
            self._write_extras(frame, picture, sweep, order, objects)
        self._count += 1

    def _write_extras(
        self,
        frame: LabelledFrame,
        picture: CameraFrame,
        sweep: LidarFrame | None,
        order: NDArray[np.int64],
        objects: list[KittiObject],
    ) -> None:
        if len(frame.annotations.boxes_3d) and int(frame.annotations.boxes_3d.object_id[-1]) > 0xFFFF:
            raise InputError("the scene has more than 65535 objects, which 16-bit ids cannot hold; use extras: false")
        steps = np.nan_to_num(picture.depth, posinf=0.0) * np.float32(DEPTH_STEPS_PER_M)
        write_png(self._path("depth_2"), np.where(steps < 65535.5, np.rint(steps), 0).astype(np.uint16))
        write_png(self._path("instance_2"), picture.object.astype(np.uint16))
        write_png(self._path("semantic_2"), picture.semantic)
        if sweep is not None:
            labels = sweep.object.astype("<u4") << 16 | sweep.semantic
            self._bytes("points_2", labels[order].tobytes())
        facts = object_facts(objects, frame.annotations.boxes_2d[self._camera], frame.annotations.boxes_3d)
        write_json(self._path("objects_2"), facts)
        place = {
            "scene": self._scene,
            "frame": frame.index,
            "time_ns": int(frame.time_ns),
            "world_SE3_ego": frame.ego_pose.tolist(),
            "world_SE3_camera": picture.world_SE3_camera.tolist(),
        }
        write_json(self._path("frames"), place)

    def _path(self, kind: str) -> Path:
        path = self._folder / kind / f"{self._count:06d}.{FOLDERS[kind]}"
        path.parent.mkdir(exist_ok=True)
        return path

    def _text(self, kind: str, text: str) -> None:
        self._path(kind).write_text(text, encoding="ascii")

    def _bytes(self, kind: str, data: bytes) -> None:
        self._path(kind).write_bytes(data)

    def close(self) -> None:
        """Make sure that a scene without frames is complete too."""
        for kind in ("calib", "label_2"):
            (self._folder / kind).mkdir(exist_ok=True)


def file_order(sweep: LidarFrame) -> NDArray[np.int64]:
    """Order of the points in a velodyne file: rings from the highest, each counter-clockwise from straight ahead."""
    azimuth = np.arctan2(sweep.points[:, 1], sweep.points[:, 0]) % np.float32(2 * np.pi)
    return np.lexsort((azimuth, -sweep.ring.astype(np.int64)))


def calibration(picture: CameraFrame, sweep: LidarFrame | None, ego_pose: F64) -> str:
    """Text of a calib file, all seven lines."""
    projection = np.hstack([picture.camera.K, np.zeros((3, 1))])
    camera_SE3_world = se3.inverse(picture.world_SE3_camera)
    world_SE3_velo = ego_pose if sweep is None else sweep.world_SE3_lidar
    rows = {f"P{i}": projection for i in range(4)}
    rows["R0_rect"] = np.eye(3)
    rows["Tr_velo_to_cam"] = (camera_SE3_world @ world_SE3_velo)[:3]
    rows["Tr_imu_to_velo"] = (se3.inverse(world_SE3_velo) @ ego_pose)[:3]
    lines = (f"{name}: " + " ".join(f"{value:.12e}" for value in rows[name].ravel()) for name in rows)
    return "\n".join(lines) + "\n"


def kitti_objects(boxes: Boxes2D, world: Boxes3D, picture: CameraFrame) -> list[KittiObject]:
    """Rows of the label file, the DontCare ones last, each kind from near to far."""
    rows = world.rows(boxes.object_id)
    row_of = {int(k): i for i, k in enumerate(boxes.object_id)}
    camera_SE3_world = se3.inverse(picture.world_SE3_camera)
    size = np.array([picture.camera.width, picture.camera.height] * 2, np.float64)
    rider, bicycle = class_id("rider"), class_id("bicycle")
    merged: set[int] = set()
    found: list[KittiObject] = []
    for i in sorted(range(len(boxes)), key=lambda i: (boxes.class_id[i] != rider, i)):
        if i in merged:
            continue
        members = [i]
        vehicle = row_of.get(int(world.parent[rows[i]]), -1)
        if boxes.class_id[i] == rider and vehicle >= 0:
            members.insert(0, vehicle)
            merged.add(vehicle)
        if not boxes.pixels[members].any():
            continue
        kind = classes()[int(boxes.class_id[members[0]])]
        name = str(kind.formats.get("kitti", "Misc"))
        if len(members) == 2 and boxes.class_id[vehicle] == bicycle:
            name = "Cyclist"
        found.append(_object(name, members, boxes, world, rows, camera_SE3_world, size))
    return sorted(found, key=lambda row: (row.type == "DontCare", float(row.center[2])))


def _object(
    name: str, members: list[int], boxes: Boxes2D, world: Boxes3D, rows: NDArray[np.int64], pose: F64, size: F64
) -> KittiObject:
    """One label of the objects `members` (rows of `boxes`), of which the first gives place and heading."""
    main = rows[members[0]]
    axes = upright(pose[:3, :3] @ se3.rotation_from_quaternion(world.rotation[main]))
    corners = se3.apply(pose, world.corners()[rows[members]].reshape(-1, 3)) @ axes
    low, high = corners.min(0), corners.max(0)
    fraction = boxes.visible_fraction if len(members) == 1 else boxes.family_fraction
    level = int(occlusion_level(fraction[members[:1]])[0])
    extent = _union(boxes.amodal[members])
    seen = _union(boxes.visible[[i for i in members if boxes.pixels[i]]])
    if level == 3:
        name, extent = "DontCare", seen
    inside = np.clip(extent, 0.0, size - 1)
    area = np.prod(np.maximum(extent[2:] - extent[:2], 1e-9))
    truncated = 1.0 - float(np.prod(inside[2:] - inside[:2]) / area)
    thin = np.tile(inside[2:] - inside[:2] < LEAST_BOX_PX, 2)
    inside = np.where(thin, np.clip(seen, 0.0, size - 1), inside)
    return KittiObject(
        type=name,
        truncated=min(max(truncated, 0.0), 1.0),
        occluded=level,
        box=inside,
        size_lwh=high - low,
        center=axes @ ((low + high) / 2),
        rotation_y=float(np.arctan2(-axes[2, 0], axes[0, 0])),
        rows=tuple(int(rows[i]) for i in members),
    )


def upright(axes: F64) -> F64:
    """(3, 3) axes of a box in the camera frame (columns forward, left, up); those of one that leans, stood upright."""
    if -axes[1, 2] >= UPRIGHT:
        return axes
    x, z = axes[0, 0], axes[2, 0]
    reach = np.hypot(x, z)
    x, z = (x / reach, z / reach) if reach > 1e-6 else (1.0, 0.0)  # nose up: any heading will do
    return np.array([[x, -z, 0.0], [0.0, 0.0, -1.0], [z, x, 0.0]])


def _union(boxes: F64) -> F64:
    """(4,) box around boxes (N, 4)."""
    return np.concatenate([boxes[:, :2].min(0), boxes[:, 2:].max(0)])


def object_facts(objects: list[KittiObject], boxes: Boxes2D, world: Boxes3D) -> list[dict[str, Any]]:
    """What KITTI's rows cannot say, in their order; one entry of `parts` for each object in the row."""
    row_of = {int(k): i for i, k in enumerate(boxes.object_id)}
    out = []
    for entry in objects:
        parts = []
        for row in entry.rows:
            i = row_of[int(world.object_id[row])]
            parts.append(
                {
                    "id": int(world.object_id[row]),
                    "name": world.name[row],
                    "class": classes()[int(world.class_id[row])].name,
                    "anomaly": world.anomaly[row],
                    "parent": int(world.parent[row]),
                    "visible_fraction": round(float(boxes.visible_fraction[i]), 4),
                    "visible_box": [float(value) for value in boxes.visible[i]],
                    "pixels": int(boxes.pixels[i]),
                    "lidar_points": int(world.num_lidar_points[row]),
                    "velocity_mps": [round(float(value), 3) for value in world.velocity[row]],
                    "attributes": dict(world.attributes[row]),
                }
            )
        out.append({"type": entry.type, "parts": parts})
    return out
