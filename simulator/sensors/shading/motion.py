"""Blur and skew by motion: what moves while the shutter is open, and while a rolling shutter reads row after row.

Where every pixel's surface goes follows from its depth, the poses of its instance and those of the camera, so motion is
that of the scene. The picture at one instant is then spread along it: at each moment of the exposure a pixel shows what
has come to it, the nearer where two things do, and what a moving thing uncovers is continued from beside it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.numerics import se3
from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.sensors.shading.vector import HALF, ONE, ZERO

if TYPE_CHECKING:
    from simulator.scene import Snapshot
    from simulator.sensors.optics import CameraModel
    from simulator.sensors.shading.canvas import Picture
    from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

LEAST_PX = 0.3  # less motion than this shows nowhere
LEAST_STEP_NS = 1_000_000  # poses are compared over this time at least
TILE = 16  # pixels; fast things are looked for in the tiles around a pixel's
MOST_PX = np.float32(32.0)  # longest blur: what is faster is so near that it has no detail
MOST_SAMPLES = 48
BEHIND = np.float32(1.02)  # what is farther by more than this share does not pass in front
FOLLOWED = 3  # steps to find where a row's content was when the picture was taken


@kernel
def flow(start, stop, table, depth, instance, which, moved, per_s, out):
    """Image velocity of rows `start:stop`.

    Args:
        start, stop: range of rows.
        table: (H, W, 3) float32 camera rays at z = 1. depth: (H, W). instance: (H, W), -1 for the sky.
        which: (I,) int32 row of `moved` of an instance. moved: (M, 3, 4) float32 transforms of points in the camera
            frame from a moment to a later one; row 0 is that of what stands.
        per_s: 1 / seconds between them.
        out: (H, W, 3) float32 columns, rows and metres of depth a second.
    """
    height, width = depth.shape
    for y in range(start, stop):
        for x in range(width):
            a, b, z = table[y, x, 0], table[y, x, 1], depth[y, x]
            seen = instance[y, x] >= 0
            m = moved[which[instance[y, x]]] if seen else moved[0]
            near = ONE / z if seen else ZERO  # the sky is infinitely far: it only turns
            px = m[0, 0] * a + m[0, 1] * b + m[0, 2] + m[0, 3] * near
            py = m[1, 0] * a + m[1, 1] * b + m[1, 2] + m[1, 3] * near
            pz = m[2, 0] * a + m[2, 1] * b + m[2, 2] + m[2, 3] * near
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = ZERO, ZERO, ZERO
            if pz <= np.float32(0.05):
                continue
            du, dv = px / pz - a, py / pz - b
            # pixels from normalised coordinates: the inverse of the table's slopes, which hold the lens' distortion
            x0, x1, y0, y1 = max(x - 1, 0), min(x + 1, width - 1), max(y - 1, 0), min(y + 1, height - 1)
            sx, sy = ONE / np.float32(max(x1 - x0, 1)), ONE / np.float32(max(y1 - y0, 1))
            ax, bx = (table[y, x1, 0] - table[y, x0, 0]) * sx, (table[y, x1, 1] - table[y, x0, 1]) * sx
            ay, by = (table[y1, x, 0] - table[y0, x, 0]) * sy, (table[y1, x, 1] - table[y0, x, 1]) * sy
            scale = per_s / (ax * by - ay * bx)
            out[y, x, 0], out[y, x, 1] = (by * du - ay * dv) * scale, (ax * dv - bx * du) * scale
            out[y, x, 2] = (pz - ONE) * z * per_s if seen else ZERO


@kernel
def fastest(start, stop, velocity, tiles):
    """Longest image velocity of every tile of rows of tiles `start:stop`; `tiles` (T, U, 2) is the result."""
    height, width = velocity.shape[0], velocity.shape[1]
    for t in range(start, stop):
        for u in range(tiles.shape[1]):
            most = np.float32(-1.0)
            for y in range(t * TILE, min(t * TILE + TILE, height)):
                for x in range(u * TILE, min(u * TILE + TILE, width)):
                    a, b = velocity[y, x, 0], velocity[y, x, 1]
                    if a * a + b * b > most:
                        most = a * a + b * b
                        tiles[t, u, 0], tiles[t, u, 1] = a, b


@kernel(inline=True)
def at(light, x, y, k):
    """Channel `k` of a picture (H, W, 3) between pixels, continued at its borders."""
    height, width = light.shape[0], light.shape[1]
    x = min(max(x, ZERO), np.float32(width - 1))
    y = min(max(y, ZERO), np.float32(height - 1))
    c, r = min(np.int32(x), width - 2), min(np.int32(y), height - 2)
    fx, fy = x - np.float32(c), y - np.float32(r)
    above = light[r, c, k] * (ONE - fx) + light[r, c + 1, k] * fx
    below = light[r + 1, c, k] * (ONE - fx) + light[r + 1, c + 1, k] * fx
    return above * (ONE - fy) + below * fy


@kernel(inline=True)
def fastest_near(tiles, y, x):
    """Longest image velocity in the tile of a pixel and those around it."""
    t, u = y // TILE, x // TILE
    fx, fy = ZERO, ZERO
    for i in range(max(t - 1, 0), min(t + 2, tiles.shape[0])):
        for j in range(max(u - 1, 0), min(u + 2, tiles.shape[1])):
            a, b = tiles[i, j, 0], tiles[i, j, 1]
            if a * a + b * b > fx * fx + fy * fy:
                fx, fy = a, b
    return fx, fy


@kernel(inline=True)
def alike(ax, ay, bx, by):
    """Whether velocity a differs from b by less than half of b."""
    return (ax - bx) * (ax - bx) + (ay - by) * (ay - by) < np.float32(0.25) * (bx * bx + by * by)


@kernel(inline=True)
def pixel(x, y, width, height):
    """Row and column nearest to a place, within the picture."""
    c = min(max(np.int32(math.floor(x + HALF)), 0), width - 1)
    return min(max(np.int32(math.floor(y + HALF)), 0), height - 1), c


@kernel
def blur(start, stop, light, depth, velocity, tiles, exposure_s, out):
    """Light of rows `start:stop` during an exposure whose middle is the instant of the picture.

    Args:
        start, stop: range of rows.
        light: (H, W, 3), depth: (H, W), velocity: (H, W, 3) of `flow`, tiles: of `fastest`.
        exposure_s: seconds, float32.
        out: (H, W, 3) float32 result.
    """
    height, width = depth.shape
    for y in range(start, stop):
        for x in range(width):
            fx, fy = fastest_near(tiles, y, x)
            fx, fy = fx * exposure_s, fy * exposure_s
            length = math.sqrt(fx * fx + fy * fy)
            if length < HALF:
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = light[y, x, 0], light[y, x, 1], light[y, x, 2]
                continue
            vx, vy = velocity[y, x, 0] * exposure_s, velocity[y, x, 1] * exposure_s
            own = alike(vx, vy, fx, fy)  # it moves with what is fastest here
            cut = min(ONE, MOST_PX / length)
            own_cut = min(ONE, MOST_PX / max(math.sqrt(vx * vx + vy * vy), ONE))
            fx, fy, vx, vy = fx * cut, fy * cut, vx * own_cut, vy * own_cut
            samples = min(max(np.int32(length) + 2, 4), MOST_SAMPLES)
            red, green, blue = ZERO, ZERO, ZERO
            for s in range(samples):
                moment = (np.float32(s) + HALF) / np.float32(samples) - HALF
                px, py = np.float32(x) - vx * moment, np.float32(y) - vy * moment
                if not own:
                    qx, qy = np.float32(x) - fx * moment, np.float32(y) - fy * moment
                    r, c = pixel(qx, qy, width, height)
                    a, b = velocity[r, c, 0] * exposure_s * cut, velocity[r, c, 1] * exposure_s * cut
                    if alike(a, b, fx, fy) and depth[r, c] < depth[y, x] * BEHIND:
                        px, py = qx, qy
                red, green, blue = red + at(light, px, py, 0), green + at(light, px, py, 1), blue + at(light, px, py, 2)
            scale = ONE / np.float32(samples)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = red * scale, green * scale, blue * scale


@kernel
def roll(start, stop, line_s, velocity, tiles, light, depth, instance, new_light, new_depth, new_instance):
    """What rows `start:stop` show that are read `line_s` (float32) after each other, the middle one at the instant.

    Args:
        start, stop: range of rows. line_s: seconds. velocity: (H, W, 3) of `flow`. tiles: of `fastest`.
        light, depth, instance: (H, W, 3), (H, W), (H, W) at the instant; the others are the results.
    """
    height, width = depth.shape
    for y in range(start, stop):
        late = (np.float32(y) - HALF * np.float32(height - 1)) * line_s
        for x in range(width):
            vx, vy = velocity[y, x, 0], velocity[y, x, 1]
            fx, fy = fastest_near(tiles, y, x)
            if not alike(vx, vy, fx, fy):
                r, c = pixel(np.float32(x) - fx * late, np.float32(y) - fy * late, width, height)
                if alike(velocity[r, c, 0], velocity[r, c, 1], fx, fy) and depth[r, c] < depth[y, x] * BEHIND:
                    vx, vy = fx, fy
            r, c = y, x
            for _ in range(FOLLOWED):  # to where what is here now was then, as long as it is the same thing
                r, c = pixel(np.float32(x) - vx * late, np.float32(y) - vy * late, width, height)
                if alike(velocity[r, c, 0], velocity[r, c, 1], vx, vy):
                    vx, vy = velocity[r, c, 0], velocity[r, c, 1]
            px, py = np.float32(x) - vx * late, np.float32(y) - vy * late
            for k in range(3):
                new_light[y, x, k] = at(light, px, py, k)
            r, c = pixel(px, py, width, height)
            new_depth[y, x] = depth[r, c] + velocity[r, c, 2] * late
            new_instance[y, x] = instance[r, c]


def image_velocity(
    stage: Stage, picture: Picture, camera: CameraModel, ego_SE3_camera: F64, time_ns: int, span_s: float
) -> F32:
    """(H, W, 3) columns, rows and metres of depth a second at which what each pixel shows moves about `time_ns`.

    Args:
        stage: posed at `time_ns`. picture: taken then. camera: geometry. ego_SE3_camera: (4, 4) its mount.
        span_s: seconds over which the motion counts.
    """
    half = max(int(span_s * 1e9), LEAST_STEP_NS) // 2
    first, last = (int(t) for t in stage.timeline.times_ns[[0, -1]])
    begin, end = max(time_ns - half, first), min(time_ns + half, last)
    velocity = np.zeros((*picture.depth.shape, 3), np.float32)
    if begin >= end:
        return velocity
    before, after = stage.timeline.at(begin), stage.timeline.at(end)
    eye0, eye1 = (_eye(stage, snapshot, ego_SE3_camera) for snapshot in (before, after))
    rows = np.flatnonzero(stage.scene.instance_moving)
    pose0, pose1 = (stage.scene.local_SE3_instance(snapshot, rows) for snapshot in (before, after))
    change = np.concatenate(
        [np.eye(4)[None], pose1 @ np.linalg.inv(pose0)]
    )  # static instances may be scaled, these not
    moved = np.ascontiguousarray((se3.inverse(eye1) @ change @ eye0)[:, :3], np.float32)
    which = np.zeros(len(stage.scene.instance_mesh), np.int32)
    which[rows] = np.arange(1, len(rows) + 1)
    per_s = np.float32(1e9 / (end - begin))
    arguments = (camera.rays(), picture.depth, picture.instance, which, moved, per_s, velocity)
    parallel_for(lambda start, stop: flow(start, stop, *arguments), len(velocity), chunk=16, threads=stage.threads)
    return velocity


def _eye(stage: Stage, snapshot: Snapshot, ego_SE3_camera: F64) -> F64:
    """(4, 4) local_SE3_camera at a snapshot."""
    pose = snapshot.world_SE3_object[stage.ego] @ ego_SE3_camera
    pose[:3, 3] -= stage.scene.origin
    return np.asarray(pose)


def in_motion(picture: Picture, velocity: F32, exposure_s: float, line_s: float, threads: int | None) -> Picture:
    """A picture whose shutter is open for a while and reads row after row, with the labels where things then are.

    Args:
        picture: at an instant: the middle of the exposure of the middle row. velocity: of `image_velocity`.
        exposure_s: for which the shutter is open. line_s: from one row to the next. threads: to use.
    """
    height, width = picture.depth.shape
    speed = float(np.hypot(velocity[..., 0], velocity[..., 1]).max(initial=0.0))

    def rows(body: Any, *arguments: Any, count: int = height) -> None:
        """Call a kernel on all rows, by threads."""
        parallel_for(lambda start, stop: body(start, stop, *arguments), count, chunk=8, threads=threads)

    if speed * max(exposure_s, line_s * height) <= LEAST_PX:
        return picture
    tiles = np.zeros((-(-height // TILE), -(-width // TILE), 2), np.float32)
    rows(fastest, velocity, tiles, count=len(tiles))
    if speed * exposure_s > LEAST_PX:
        light = np.empty_like(picture.radiance)
        rows(blur, picture.radiance, picture.depth, velocity, tiles, np.float32(exposure_s), light)
        picture = replace(picture, radiance=light)
    if speed * line_s * height > LEAST_PX:
        light, depth = np.empty_like(picture.radiance), np.empty_like(picture.depth)
        instance = np.empty_like(picture.instance)
        seen = (picture.radiance, picture.depth, picture.instance)
        rows(roll, np.float32(line_s), velocity, tiles, *seen, light, depth, instance)
        picture = replace(picture, radiance=light, depth=depth, instance=instance)
    return picture
