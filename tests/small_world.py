"""Small scenes for tests of sensors, labels and formats, and a naive painter in place of the camera."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.labels.annotate import annotate
from simulator.labels.frame import LabelledFrame
from simulator.numerics import se3
from simulator.scene import Atmosphere, Body, Material, Model, Scene, SceneBuilder, Timeline
from simulator.scene.mesh import box, cylinder, ellipsoid
from simulator.sensors.camera import CameraFrame
from simulator.sensors.frame import Frame
from simulator.sensors.lidar import Lidar, LidarFrame
from simulator.sensors.optics import CameraModel
from simulator.sensors.stage import SEEN, Stage

ORIGIN = np.array([4000.0, -2500.0, 30.0])
STEP_NS = 20_000_000
KITTI = CameraModel.of(1242, 375, [[721.5377, 0, 609.5593], [0, 721.5377, 172.854], [0, 0, 1]])
SMALL = CameraModel.of(320, 120, [[186, 0, 157], [0, 186, 55], [0, 0, 1]])
BARREL = CameraModel.of(320, 120, [[186, 0, 157], [0, 186, 55], [0, 0, 1]], (-0.3, 0.1, 0.002, -0.001, 0.0))
OPTICAL = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
EGO_SE3_CAMERA = se3.pose((1.6, 0.1, 1.65)) @ OPTICAL
NO_EXPOSURE: Any = None
GREY = Material("grey", (0.3, 0.3, 0.3), reflectance_905=0.3)


def air(**weather: Any) -> Atmosphere:
    return Atmosphere(np.array([0.0, 0, 1]), 0.6, **weather)


def thing(class_name: str, size: tuple[float, float, float], material: Material = GREY) -> Model:
    """A box on the ground, centred."""
    return Model(class_name, (Body(box(size, (0, 0, size[2] / 2)), (material,)),))


def car(material: Material = GREY) -> Model:
    """A round body with a mast, origin under the rear axle."""
    body = ellipsoid((2.1, 0.9, 0.7), (1.3, 0, 0.75), rings=12, segments=20)
    return Model("car", (Body(body, (material,)), Body(cylinder(0.06, 1.9), (material,))), wheelbase_m=2.6)


def drive(
    builder: SceneBuilder, velocity: dict[int, Any] | None = None, turn: dict[int, float] | None = None
) -> Timeline:
    """Four seconds in which objects move at a velocity (m/s) and turn (rad/s), both constant."""
    position, rpy = builder.initial_poses()
    speed, rate = np.zeros_like(position), np.zeros_like(position)
    for row, value in (velocity or {}).items():
        speed[row] = value
    for row, value in (turn or {}).items():
        rate[row, 2] = value
    times = np.arange(201, dtype=np.int64) * STEP_NS
    t = times[:, None, None] * 1e-9
    still = np.zeros((len(times), len(position)))
    speeds = np.broadcast_to(speed, (len(times), *speed.shape))
    lamps = np.zeros(still.shape, np.uint32)
    return Timeline(times, position + speed * t, rpy + rate * t, speeds, still, still, still, lamps)


def paint(stage: Stage, time_ns: int, camera: CameraModel, name: str = "front", yaw: float = 0.0) -> CameraFrame:
    """What an ideal camera sees, one ray a pixel; colours encode the object."""
    stage.at(time_ns)
    world_SE3_camera = stage.world_SE3_ego() @ se3.pose(np.zeros(3), yaw=yaw) @ EGO_SE3_CAMERA
    local = world_SE3_camera[:3, 3] - stage.scene.origin
    rays = camera.rays().reshape(-1, 3) @ world_SE3_camera[:3, :3].T.astype(np.float32)
    hits = stage.rays.closest_hit(local.astype(np.float32), np.ascontiguousarray(rays, np.float32), mask=SEEN)
    shape = camera.height, camera.width
    instances, hit = stage.packed.instances, hits.part >= 0
    objects = np.where(hit, instances["object"][hits.part], 0).astype(np.int32).reshape(shape)
    semantic = np.where(hit, instances["semantic"][hits.part], 1).astype(np.uint8).reshape(shape)
    rgb = (objects[..., None] * np.array([67, 101, 29]) + semantic[..., None] * 17).astype(np.uint8)
    depth = hits.t.reshape(shape).astype(np.float32)
    return CameraFrame(
        name, time_ns, camera, world_SE3_camera, rgb, rgb.astype(np.float32), depth, objects, semantic, NO_EXPOSURE
    )


def street(rng: np.random.Generator, cars: int = 12) -> tuple[Scene, Timeline, int]:
    """A plane with cars, people, a cyclist, props and an anomaly around an ego that drives east."""
    builder = SceneBuilder(ORIGIN)
    builder.add_mesh(box((400, 400, 0.1), (0, 0, -0.05)), (GREY,), "road")
    builder.add_mesh(box((0.6, 0.6, 4), (25, 7, 2)), (GREY,), "building")

    def put(model: Model, x: float, y: float, yaw: float = 0.0, z: float = 0.0, **facts: Any) -> int:
        return builder.add_object(model, ORIGIN + [x, y, z], (0, 0, yaw), **facts)

    ego = put(car(), 0, 0, name="ego", moving=True)
    moving: dict[int, Any] = {ego: (8.0, 0, 0)}
    for k in range(cars):
        x = rng.uniform(6, 60) if k % 3 else rng.uniform(-40, -8)
        row = put(car(), x, rng.uniform(-12, 12), rng.uniform(0, 6.28), moving=bool(k % 2))
        if k % 2:
            moving[row] = rng.uniform(-8, 8, 3) * [1, 1, 0]
    bicycle = put(thing("bicycle", (1.7, 0.5, 1.0)), 12, 2.5, 0.3, moving=True)
    put(thing("rider", (0.5, 0.5, 1.0)), 12, 2.5, 0.3, 0.7, moving=True, parent=bicycle)
    put(thing("pedestrian", (0.4, 0.5, 1.8)), 9, -2)
    put(thing("debris", (0.4, 0.4, 0.3)), 10, 0.5, anomaly="OBJ-01", attributes={"material": "plastic"})
    put(thing("traffic_sign", (0.05, 0.6, 2.2)), 15, -4)
    return builder.build(), drive(builder, moving), ego


def boxes(rng: np.random.Generator) -> Stage:
    """Only boxes, so that 3D box corners are the geometry; seen by an ego that turns."""
    builder = SceneBuilder(ORIGIN)
    builder.add_mesh(box((400, 400, 0.1), (0, 0, -0.05)), (GREY,), "road")
    ego = builder.add_object(thing("car", (4, 1.8, 1.4)), ORIGIN, (0, 0, 0.4), name="ego", moving=True)
    kinds = ["car", "van", "truck", "pedestrian", "bus", "animal", "debris", "traffic_cone", "tram"]
    for k in range(26):
        distance, bearing = rng.uniform(12, 45), 0.4 + rng.uniform(-0.6, 0.6)
        place = ORIGIN + distance * np.array([np.cos(bearing), np.sin(bearing), 0])
        size = tuple(rng.uniform([0.5, 0.4, 0.5], [5, 2.2, 2.5]))
        builder.add_object(thing(kinds[k % len(kinds)], size), place, (0, 0, rng.uniform(-3.1, 3.1)))
    wheel = builder.add_object(thing("bicycle", (1.7, 0.5, 1.0)), ORIGIN + [7.4, 3.1, 0], (0, 0, 1.0), moving=True)
    builder.add_object(thing("rider", (0.5, 0.5, 1.8)), ORIGIN + [7.4, 3.1, 0], (0, 0, 1.0), moving=True, parent=wheel)
    return Stage(builder.build(), drive(builder, {ego: (10, 4, 0)}, {ego: 0.1}), air(), ego)


def labelled(
    stage: Stage,
    time_ns: int,
    index: int = 0,
    cameras: dict[str, tuple[CameraModel, float]] | None = None,
    lidar: str = "",
) -> LabelledFrame:
    """A frame of painted cameras and, if named, a real lidar sweep, with annotations."""
    readings: dict[str, CameraFrame | LidarFrame] = {}
    for name, (model, yaw) in (cameras or {"front": (SMALL, 0.0)}).items():
        readings[name] = paint(stage, time_ns, model, name, yaw)
    if lidar:
        readings["top"] = Lidar(model=lidar, z_m=1.73, x_m=0.8).sense(stage, time_ns, index, "standard")
    snapshot = stage.at(time_ns)
    pose = stage.world_SE3_ego()
    frame = Frame(index, time_ns, pose, readings)
    return LabelledFrame(index, time_ns, pose, readings, annotate(stage.scene, snapshot, frame))
