"""Ground truth in one neutral form: columns, not objects. Every format is written from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Least visible fraction of "fully visible", "partly occluded" and "largely occluded" (levels 0, 1, 2); below:
# 3.
OCCLUSION_BINS = (0.9, 0.5, 0.1)


@dataclass(frozen=True, slots=True, eq=False)
class Boxes3D:
    """3D boxes of the N objects of the world, the ego vehicle left out; row order is that of ascending ids.

    Attributes:
        object_id: (N,) int32, the same for the whole drive and in every sensor.
        class_id: (N,) uint8 row of the class taxonomy.
        name: unique names.
        center: (N, 3) world coordinates of the box centre, metres.
        size_lwh: (N, 3) length, width, height, metres; at least a centimetre each.
        rotation: (N, 4) quaternion w, x, y, z of world from object axes (x forward, y left, z up).
        velocity: (N, 3) of the box centre, world, m/s.
        num_lidar_points: (N,) int32 points of this frame's lidars that hit the object.
        anomaly: taxonomy id, such as "OBJ-31", or "".
        parent: (N,) int32 object it belongs to (a rider's bicycle), or 0.
        attributes: facts about each object.
    """

    object_id: NDArray[np.int32]
    class_id: NDArray[np.uint8]
    name: tuple[str, ...]
    center: NDArray[np.float64]
    size_lwh: NDArray[np.float64]
    rotation: NDArray[np.float64]
    velocity: NDArray[np.float64]
    num_lidar_points: NDArray[np.int32]
    anomaly: tuple[str, ...]
    parent: NDArray[np.int32]
    attributes: tuple[Mapping[str, str], ...]

    def __len__(self) -> int:
        return len(self.object_id)

    def rows(self, object_id: NDArray[np.int32]) -> NDArray[np.int64]:
        """Rows of the objects with these ids. Raises KeyError for an id that has none."""
        found = np.searchsorted(self.object_id, object_id)
        inside = np.minimum(found, max(len(self) - 1, 0))
        if len(object_id) and (not len(self) or np.any(self.object_id[inside] != object_id)):
            raise KeyError("no box of object " + ", ".join(map(str, sorted(set(object_id) - set(self.object_id)))))
        return inside.astype(np.int64)

    def corners(self) -> NDArray[np.float64]:
        """(N, 8, 3) world coordinates of the corners, x slowest and z fastest, lowest first."""
        from simulator.numerics import se3

        unit = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
        rotation = se3.rotation_from_quaternion(self.rotation)
        scaled = unit[None] * self.size_lwh[:, None]
        return np.asarray(np.einsum("nij,nkj->nki", rotation, scaled) + self.center[:, None])


def occlusion_level(visible_fraction: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(N,) level: 0 for at least 90 % visible, 1 for 50 %, 2 for 10 %, 3 for less (`OCCLUSION_BINS`)."""
    return np.asarray(np.sum(visible_fraction[:, None] < np.array(OCCLUSION_BINS), axis=1), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Boxes2D:
    """Objects in one picture: all that have pixels, and all that would have some if nothing stood before them.

    Boxes are x0, y0, x1, y1 in pixels, where pixel (0, 0) has its centre at (0, 0) and its edges at -0.5 and
    0.5.

    Attributes:
        object_id: (N,) int32, ascending. class_id: (N,) uint8.
        visible: (N, 4) outer pixel edges of what is seen; zeros where `pixels` is 0.
        amodal: (N, 4) extent of the whole object as if alone, also outside the picture (at most three
            pictures).
        visible_fraction: (N,) pixels seen / pixels of the object as if alone, inside the picture; 0..1.
        family_fraction: (N,) the same of the object together with those that belong to it (a bicycle with its rider).
        truncation: (N,) part of the area of `amodal` that lies outside the picture, 0..1.
        pixels: (N,) int32 pixels seen.
    """

    object_id: NDArray[np.int32]
    class_id: NDArray[np.uint8]
    visible: NDArray[np.float64]
    amodal: NDArray[np.float64]
    visible_fraction: NDArray[np.float64]
    family_fraction: NDArray[np.float64]
    truncation: NDArray[np.float64]
    pixels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.object_id)

    @property
    def occlusion(self) -> NDArray[np.uint8]:
        """(N,) `occlusion_level` of the visible fractions."""
        return occlusion_level(self.visible_fraction)


@dataclass(frozen=True, slots=True, eq=False)
class PointLabels:
    """What each of the N points of a sweep hit: (N,) int32 object id (0: none) and (N,) uint8 class id."""

    object: NDArray[np.int32]
    semantic: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """Ground truth of one frame. Every object id in a mask or in the points has a row in `boxes_3d`.

    Attributes:
        boxes_3d: all objects.
        boxes_2d: by camera.
        semantic: by camera, (H, W) uint8 class ids.
        instance: by camera, (H, W) int32 object ids, 0 for none. With `semantic` this is the panoptic mask.
        depth: by camera, (H, W) float32 metres along the optical axis, inf for the sky.
        points: by lidar.
    """

    boxes_3d: Boxes3D
    boxes_2d: dict[str, Boxes2D]
    semantic: dict[str, NDArray[np.uint8]]
    instance: dict[str, NDArray[np.int32]]
    depth: dict[str, NDArray[np.float32]]
    points: dict[str, PointLabels]
