"""From a frame's hits and the state of the world to its ground truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.labels.annotations import Annotations, Boxes2D, Boxes3D, PointLabels
from simulator.labels.coverage import coverage
from simulator.numerics import se3
from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.scene import Scene, Shine, Snapshot
from simulator.scene.builder import SceneObject
from simulator.scene.classes import class_id
from simulator.sensors.camera import CameraFrame
from simulator.sensors.frame import Frame
from simulator.sensors.lidar import LidarFrame
from simulator.world.lamps import lamp_names, signal_name
from simulator.world.shine import shine_facts

BANDS = 8  # of a mask, looked at side by side
LEAST_SIZE_M = 0.01  # of a 3D box: a film of oil has a height too, for tools that divide by volumes


def annotate(scene: Scene, snapshot: Snapshot, frame: Frame, bent: NDArray[np.float32] | None = None) -> Annotations:
    """Ground truth of `frame`, whose world is `scene` in the state `snapshot`; `bent`: `scene.bent` of it, if known."""
    cameras = {name: data for name, data in frame.sensors.items() if isinstance(data, CameraFrame)}
    lidars = {name: data for name, data in frame.sensors.items() if isinstance(data, LidarFrame)}
    labelled = labelled_objects(scene, snapshot, frame.ego_pose)
    boxes_2d = {}
    if cameras:
        poses = scene.local_SE3_instance(snapshot)
        bent = scene.bent(snapshot) if bent is None else bent
        boxes_2d = {name: boxes_in_picture(scene, poses, data, labelled, bent) for name, data in cameras.items()}
    return Annotations(
        boxes_3d=boxes_of_world(scene, snapshot, labelled, [data.object for data in lidars.values()]),
        boxes_2d=boxes_2d,
        semantic={name: data.semantic for name, data in cameras.items()},
        instance={name: data.object for name, data in cameras.items()},
        depth={name: data.depth for name, data in cameras.items()},
        points={name: PointLabels(data.object, data.semantic) for name, data in lidars.items()},
    )


class Census(NamedTuple):
    """What never changes of a scene's O objects.

    Attributes:
        ids: (N,) int32 of those that have geometry. class_id: (O,) uint8. parent: (O,) int64.
        bounds: (O, 2, 3) of the model, zero for none.
        defects: whether some are road defects.
    """

    ids: NDArray[np.int32]
    class_id: NDArray[np.uint8]
    parent: NDArray[np.int64]
    bounds: NDArray[np.float64]
    defects: bool


@lru_cache(maxsize=1)
def census_of(scene: Scene) -> Census:
    """The objects as columns; kept for the scene that was asked for last."""
    rows, nothing = scene.objects, np.zeros((2, 3))
    return Census(
        np.array([row.id for row in rows if row.model is not None], np.int32),
        np.array([0 if row.model is None else class_id(row.class_name) for row in rows], np.uint8),
        np.array([row.parent for row in rows], np.int64),
        np.array([nothing if row.model is None else row.model.bounds for row in rows]),
        any(row.class_name == "road_defect" for row in rows),
    )


def labelled_objects(scene: Scene, snapshot: Snapshot, ego_pose: NDArray[np.float64]) -> NDArray[np.int32]:
    """Ids of all objects but the ego, which its own sensors do not see: the one posed as `ego_pose` (4, 4)."""
    ids = census_of(scene).ids
    is_ego = np.abs(snapshot.world_SE3_object[ids] - ego_pose).max((1, 2)) < 1e-9
    return np.asarray(ids[~is_ego], np.int32)


def boxes_of_world(
    scene: Scene, snapshot: Snapshot, labelled: NDArray[np.int32], hit_objects: list[NDArray[np.int32]]
) -> Boxes3D:
    """3D boxes of objects.

    Args:
        scene, snapshot: the world.
        labelled: (N,) ids of the objects, ascending.
        hit_objects: object ids of the points of each lidar.
    """
    poses, ids, census = snapshot.world_SE3_object[labelled], labelled, census_of(scene)
    rows = [scene.objects[k] for k in labelled.tolist()]
    bounds, lamps = census.bounds[ids], snapshot.lamps[ids].tolist()
    dressed: dict[int, list[Shine]] = {}
    for each in snapshot.shines:
        dressed.setdefault(each.object, []).append(each)
    rotation = poses[:, :3, :3]
    arm = np.einsum("nij,nj->ni", rotation, bounds.mean(1))  # from the object's origin to the middle of its box
    spin = se3.angular_velocity(snapshot.rpy[ids], snapshot.rpy_rate[ids])
    points = np.zeros(len(scene.objects), np.int64)
    for hits in hit_objects:
        points += np.bincount(hits, minlength=len(points))
    return Boxes3D(
        object_id=ids,
        class_id=census.class_id[ids],
        name=tuple(row.name for row in rows),
        center=poses[:, :3, 3] + arm,
        size_lwh=np.maximum(bounds[:, 1] - bounds[:, 0], LEAST_SIZE_M),
        rotation=se3.quaternion_from_rpy(*snapshot.rpy[ids].T),
        velocity=snapshot.velocity[ids] + np.cross(spin, arm),
        num_lidar_points=points[ids].astype(np.int32),
        anomaly=tuple(row.anomaly for row in rows),
        parent=census.parent[ids].astype(np.int32),
        attributes=tuple(_facts(row, lit, dressed.get(row.id, ())) for row, lit in zip(rows, lamps, strict=True)),
    )


def _facts(row: SceneObject, lamps: int, shines: Sequence[Shine]) -> Mapping[str, str]:
    """What is known about an object at this moment, of which these `lamps` (bits) burn."""
    lit = _lit(row.class_name, lamps)
    if not (lit or shines):
        return row.attributes
    return {**row.attributes, **lit, **shine_facts(shines, lamps)}


def _lit(class_name: str, lamps: int) -> dict[str, str]:
    """What of an object shines at this moment: `state` of a traffic light, `lamps` of a vehicle, if any."""
    if class_name == "traffic_light":
        return {"state": signal_name(lamps)}
    names = lamp_names(lamps)
    return {"lamps": names} if names else {}


@kernel
def _band_extents(start, stop, mask, pixels, extent):
    """Count the pixels of each object in bands `start:stop` of a mask, and find its first and last column and row.

    Args:
        start, stop: range of bands: B equal shares of the rows.
        mask: (H, W) int32 object ids. pixels: (B, O) int64, at first 0.
        extent: (B, O, 4) int64 least column, least row, minus the greatest column and row; at first large.
    """
    height, width = mask.shape
    for band in range(start, stop):
        for v in range(band * height // len(pixels), (band + 1) * height // len(pixels)):
            first = 0
            for u in range(width):
                k = mask[v, u]
                if u + 1 == width or mask[v, u + 1] != k:  # here ends what began at `first`
                    pixels[band, k] += u + 1 - first
                    extent[band, k, 0], extent[band, k, 1] = min(extent[band, k, 0], first), min(extent[band, k, 1], v)
                    extent[band, k, 2], extent[band, k, 3] = min(extent[band, k, 2], -u), min(extent[band, k, 3], -v)
                    first = u + 1


def mask_extents(mask: NDArray[np.int32], objects: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pixels of each object in a mask, and where they are.

    Args:
        mask: (H, W) object ids from 0 to below `objects`.

    Returns:
        (objects,) number of its pixels, and (objects, 4) least column and row, greatest column and row; for those
        without pixels the least are large, and minus the greatest.
    """
    pixels, extent = np.zeros((BANDS, objects), np.int64), np.full((BANDS, objects, 4), np.iinfo(np.int64).max)
    parallel_for(lambda start, stop: _band_extents(start, stop, mask, pixels, extent), BANDS, chunk=1)
    return pixels.sum(0), extent.min(0) * np.array([1, 1, -1, -1])


@cache
def _ground_classes() -> NDArray[np.bool_]:
    """(256,) bool: which classes are the ground."""
    table = np.zeros(256, np.bool_)
    table[[class_id(name) for name in ("road", "road_marking", "kerb", "sidewalk", "terrain")]] = True
    return table


def boxes_in_picture(
    scene: Scene,
    local_SE3_instance: NDArray[np.float64],
    picture: CameraFrame,
    labelled: NDArray[np.int32],
    bent: NDArray[np.float32] | None = None,
) -> Boxes2D:
    """2D boxes of one picture.

    Args:
        scene: the scene; local_SE3_instance: (I, 4, 4) poses of its instances.
        picture: with the mask of objects.
        labelled: ids of the objects that may get a box.
        bent: (V, 3) vertices of the scene's skins as they are now (default: at rest).
    """
    census = census_of(scene)
    pixels, extent = mask_extents(picture.object, len(scene.objects))
    local_SE3_camera = picture.world_SE3_camera.copy()
    local_SE3_camera[:3, 3] -= scene.origin
    bare = None
    if census.defects:
        bare = _ground_classes()[picture.semantic] & (picture.object == 0)
    alone = coverage(scene, local_SE3_instance, picture.camera, local_SE3_camera, bare, bent, labelled)
    single = alone.objects > 0
    own, family = np.zeros((2, len(scene.objects)), np.int64)
    own[alone.objects[single]] = alone.pixels[single]
    family[:] = own
    family[-alone.objects[~single]] = alone.pixels[~single]
    ids = labelled[(pixels[labelled] > 0) | (own[labelled] > 0)]

    seen = pixels[ids] > 0
    visible = np.where(seen[:, None], extent[ids] + np.array([-0.5, -0.5, 0.5, 0.5]), 0.0)
    amodal = np.full((len(scene.objects), 4), np.nan)
    amodal[alone.objects[single]] = alone.extent[single]
    amodal = np.where(np.isfinite(amodal[ids]), amodal[ids], visible)
    parent = census.parent
    together = pixels + np.bincount(parent, np.where(parent > 0, pixels, 0), len(parent)).astype(np.int64)
    return Boxes2D(
        object_id=ids,
        class_id=census.class_id[ids],
        visible=visible,
        amodal=amodal,
        visible_fraction=np.minimum(1.0, pixels[ids] / np.maximum(own[ids], 1)),
        family_fraction=np.minimum(1.0, together[ids] / np.maximum(family[ids], 1)),
        truncation=truncation(amodal, picture.camera.width, picture.camera.height),
        pixels=pixels[ids].astype(np.int32),
    )


def truncation(amodal: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """(N,) part of the area of boxes (N, 4) that lies outside a picture of this size; pixel centres are integers."""
    edges = np.array([width, height]) - 0.5
    low, high = np.clip(amodal[:, :2], -0.5, edges), np.clip(amodal[:, 2:], -0.5, edges)
    area = np.prod(np.maximum(amodal[:, 2:] - amodal[:, :2], 1e-9), axis=1)
    return np.asarray(np.clip(1.0 - np.prod(np.maximum(high - low, 0.0), axis=1) / area, 0.0, 1.0))
