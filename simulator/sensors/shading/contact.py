"""Contact shadows of preview: skylight that things hide from the ground beside and below them, in closed form.

Preview's coarse grid of sky light knows nothing finer than eight pixels. Here a thing is a box above the ground: beside
it ground sees a wall, and below it the slit between them (form factors of an infinite wall and slit).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.scene.snapshot import CAMERAS
from simulator.sensors.shading.surface import SOLID
from simulator.sensors.shading.vector import HALF, ONE, ZERO

if TYPE_CHECKING:
    from simulator.sensors.optics import CameraModel
    from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]

REACH_M = 45.0  # farther things' contact shadows are thinner than a pixel
CLEAR = 0.3  # optical depth behind which shadows are pale
ASIDE_M = 0.8  # beside a thing, where its contact shadow ends
LEAST_M, MOST = 0.4, 32  # height of things that have one; how many have, the nearest
WALL_M, SLIT_M = np.float32(0.5), np.float32(0.2)  # of a wall, what the grid cannot resolve; below the floor of a car
AIRY_M = np.float32(0.2)  # what is half as wide fills half of its box: legs, spokes
LEVEL_M = np.float32(0.12)  # ground is so near the plane on which a thing stands
STRENGTH = np.float32(0.8)  # the grid has some of it already


class Contacts(NamedTuple):
    """Things that have contact shadows.

    Attributes:
        boxes: (B, 7) float32 x, y, cosine and sine of the heading, height of the ground, half the length and width.
        areas: (B, 4) int32 first and last row, first and last column of the pixels that their shadows may touch.
    """

    boxes: F32
    areas: NDArray[np.int32]


NO_CONTACTS = Contacts(np.zeros((0, 7), np.float32), np.zeros((0, 4), np.int32))


@kernel
def hidden_by(box, x, y, z):
    """Part of the sky's light on level ground at a place that a box hides: a row of Contacts.boxes."""
    if abs(z - box[4]) > LEVEL_M:
        return ZERO
    ox, oy = x - box[0], y - box[1]
    u = abs(ox * box[2] + oy * box[3]) - box[5]
    v = abs(oy * box[2] - ox * box[3]) - box[6]
    if max(u, v) > np.float32(ASIDE_M):
        return ZERO
    size = min(box[5], box[6])
    size /= size + AIRY_M
    if u < ZERO and v < ZERO:
        deep = min(-u, -v)
        return HALF * size * (ONE + deep / math.sqrt(deep * deep + SLIT_M * SLIT_M))
    u, v = max(u, ZERO), max(v, ZERO)
    away = math.sqrt(u * u + v * v)
    if away > np.float32(ASIDE_M):
        return ZERO
    fades = ONE - away / np.float32(ASIDE_M)
    return HALF * fades * (ONE - away / math.sqrt(away * away + WALL_M * WALL_M)) * size


@kernel
def shade_rows(start, stop, boxes, areas, table, pose, depth, light):
    """Take from rows `start:stop` of `light` (H, W, 3), radiance by the sky, what things hide from the ground.

    Args:
        start, stop: range of rows.
        boxes, areas: of Contacts.
        table: (H, W, 3) float32 camera rays. pose: (3, 4) float32 local_SE3_camera.
        depth: (H, W) float32 along the optical axis.
    """
    xx, xy, xz, east = pose[0, 0], pose[0, 1], pose[0, 2], pose[0, 3]  # what is written might be these: kept aside
    yx, yy, yz, north = pose[1, 0], pose[1, 1], pose[1, 2], pose[1, 3]
    zx, zy, zz, up = pose[2, 0], pose[2, 1], pose[2, 2], pose[2, 3]
    for y in range(start, stop):
        for k in range(len(boxes)):
            if y < areas[k, 0] or y > areas[k, 1]:
                continue
            box = boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3], boxes[k, 4], boxes[k, 5], boxes[k, 6]
            for x in range(areas[k, 2], areas[k, 3] + 1):
                t = depth[y, x]
                if t == np.inf:
                    continue
                a, b, c = t * table[y, x, 0], t * table[y, x, 1], t * table[y, x, 2]
                hidden = hidden_by(
                    box,
                    xx * a + xy * b + xz * c + east,
                    yx * a + yy * b + yz * c + north,
                    zx * a + zy * b + zz * c + up,
                )
                if hidden > ZERO:
                    part = ONE - STRENGTH * hidden
                    for channel in range(3):
                        light[y, x, channel] *= part


@kernel
def shade_points(start, stop, boxes, areas, pixels, width, points, paths):
    """Take from the irradiance of the samples `start:stop` what things hide from the ground.

    Args:
        start, stop: range of samples; sample i belongs to pixel `pixels[i % len(pixels)]` of a picture of this `width`.
        boxes, areas: of Contacts.
        points: (N,) POINT_DTYPE. paths: (N,) PATH_DTYPE, which hold their irradiance.
    """
    for i in range(start, stop):
        p, path, pixel = points[i], paths[i], pixels[i % len(pixels)]
        x, y = pixel % width, pixel // width
        for k in range(len(boxes)):
            if p.state != SOLID or y < areas[k, 0] or y > areas[k, 1] or x < areas[k, 2] or x > areas[k, 3]:
                continue
            part = ONE - STRENGTH * hidden_by(boxes[k], p.x, p.y, p.z)
            path.er, path.eg, path.eb = part * path.er, part * path.eg, part * path.eb


def contacts_nearby(stage: Stage, camera: CameraModel, local_SE3_camera: F32, extinction_1_m: float) -> Contacts:
    """The nearest things that have contact shadows in a picture; pose (3, 4), extinction of the air."""
    bounds, pose = stage.object_bounds, stage.scene.local_SE3_object(stage.snapshot)
    pose_of_eye = local_SE3_camera.astype(np.float64)
    eye = pose_of_eye[:, 3]
    middle = 0.5 * (bounds[:, 0] + bounds[:, 1])
    center = np.einsum("nij,nj->ni", pose[:, :3, :3], middle) + pose[:, :3, 3]
    half = 0.5 * (bounds[:, 1] - bounds[:, 0])
    away = np.linalg.norm(center - eye, axis=1)
    stands = (half[:, 2] > 0.5 * LEAST_M) & (np.abs(bounds[:, 0, 2]) < 0.3)
    stands &= away < min(REACH_M, CLEAR / extinction_1_m)
    if (hidden := stage.snapshot.hidden) is not None:
        stands &= (hidden & CAMERAS) == 0
    stands[max(stage.ego, 0)] = False
    rows = np.flatnonzero(stands)
    rows = rows[np.argsort(away[rows], kind="stable")[:MOST]]
    ahead = pose[rows, :2, 0] / np.maximum(np.linalg.norm(pose[rows, :2, 0], axis=1, keepdims=True), 1e-9)
    ground = pose[rows, 2, 3]
    boxes = np.column_stack([center[rows, :2], ahead, ground, half[rows, :2]])
    # Corners of what is touched, on the ground.
    signs = np.array([(1, 1), (1, -1), (-1, -1), (-1, 1)])
    spans = signs * (half[rows, None, :2] + ASIDE_M)
    aside = np.stack([-ahead[:, 1], ahead[:, 0]], 1)
    corners = boxes[:, None, :2] + spans[..., :1] * ahead[:, None] + spans[..., 1:] * aside[:, None]
    corners = np.concatenate([corners, np.broadcast_to(ground[:, None, None], (*corners.shape[:2], 1))], 2)
    seen = (corners - eye) @ pose_of_eye[:, :3]
    near = seen[..., 2].min(1, initial=np.inf) < 0.5
    last = np.array([camera.height - 1, camera.width - 1])
    pixel = camera.project(np.where(near[:, None, None], [0.0, 0.0, 1.0], seen).reshape(-1, 3)).reshape(-1, 4, 2)
    low = np.where(near[:, None], 0, np.clip(np.floor(pixel[..., ::-1].min(1)), 0, last + 1))
    high = np.where(near[:, None], last, np.clip(np.ceil(pixel[..., ::-1].max(1)), -1, last))
    high[seen[..., 2].max(1, initial=-np.inf) < 0.1] = -1
    areas = np.stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1]], 1)
    return Contacts(boxes.astype(np.float32), areas.astype(np.int32))
