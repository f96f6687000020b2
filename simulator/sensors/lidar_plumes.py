"""What clouds of spray, dust, smoke and steam do to laser pulses: they dim what is behind and send back soft echoes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.counter_rng import hash4, uniform
from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.numerics.se3 import apply, inverse
from simulator.sensors.lidar_kernels import HALF, ONE, PI, PLUME_CLASS, TWO, ZERO, air_depth, gain
from simulator.sensors.lidar_weather import LIGHT_MPS
from simulator.sensors.plumes import EDGE, eddies, puffs_of, unevenness

if TYPE_CHECKING:
    from simulator.sensors.lidar_kernels import Echoes, Receiver
    from simulator.sensors.lidar_models import LidarModel, Rays, Sweep
    from simulator.sensors.lidar_weather import Air
    from simulator.sensors.plumes import Puffs
    from simulator.sensors.stage import Stage

MOST = 32  # puffs that a pulse meets; more of them hide each other
DRAWS, HALVINGS = 3, 9  # places in the cloud of which the strongest echo counts; steps that find each
SHAKING_RAD = 0.03  # how far the sensor turns within a sweep
LEAST = np.float32(1e-4)  # optical depth that counts
SEEN = np.float32(0.5)  # of the receiver's threshold: no weaker echo is looked for


@kernel(inline=True)
def _depth(row, count, r):
    """Optical depth up to range r of the first `count` rows of `met`, see `plume_echoes`."""
    tau = ZERO
    for k in range(count):
        tau += row[k, 2] * math.erf((r - row[k, 0]) * row[k, 1]) + row[k, 3]
    return tau


@kernel
def plume_echoes(start, stop, image, boxes, rays, puffs, field, sensor, air, pulse, seed_a, seed_b, echoes):
    """Let the pulses of rows `start:stop` of a sweep pass puffs, which dim surfaces behind or outshine them.

    The echo comes from one of a few places drawn by how much light returns from there, with the power of what lies
    within a pulse's length (the strongest of several peaks of a patchy cloud).

    Args:
        start, stop: range of rows.
        image: (B, C) int32 rays. boxes: (P, 4) int32 first and last row and column of each puff; columns wrap.
        rays: (R, 3) float32 origins and unit directions. puffs: Puffs. field: of `eddies`.
        sensor: Receiver. air: `Air.fog`, `Air.even`. pulse: its length, m.
        seed_a, seed_b: uint32 halves of the sweep's seed.
        echoes: Echoes, updated.
    """
    origins, directions = rays
    center, spread, peak, _, grain, phase, echo_sr = puffs
    powers, ranges, strengths, objects, semantics = echoes
    fog, even = air
    columns = image.shape[1]
    # of each puff on a ray: range where it is nearest, 1 over root 2 and its width there, half its optical depth h,
    # h times the error function at the sensor, optical depth over lidar ratio
    met = np.empty((columns, MOST, 5), np.float32)
    count = np.zeros(columns, np.int32)
    root = np.float32(math.sqrt(TWO * PI))
    for y in range(start, stop):
        count[:] = 0
        for i in range(len(peak)):
            if y < boxes[i, 0] or y > boxes[i, 1]:
                continue
            flat, tall = ONE / spread[i, 0], ONE / spread[i, 1]
            for column in range(boxes[i, 2], boxes[i, 3] + 1):
                x = column % columns
                ray = image[y, x]
                ox, oy = (origins[ray, 0] - center[i, 0]) * flat, (origins[ray, 1] - center[i, 1]) * flat
                oz = (origins[ray, 2] - center[i, 2]) * tall
                qx, qy, qz = directions[ray, 0] * flat, directions[ray, 1] * flat, directions[ray, 2] * tall
                aa, bb = qx * qx + qy * qy + qz * qz, ox * qx + oy * qy + oz * qz
                off = ox * ox + oy * oy + oz * oz - bb * bb / aa
                if off > EDGE * EDGE or count[x] == MOST:
                    continue
                near = -bb / aa
                tau = peak[i] * math.exp(-HALF * off) * root / math.sqrt(aa)
                tau *= unevenness(spread, grain, phase, field, i, ox + qx * near, oy + qy * near, oz + qz * near)
                if tau > LEAST:
                    k = count[x]
                    width = math.sqrt(HALF * aa)
                    met[x, k, 0], met[x, k, 1], met[x, k, 2] = near, width, HALF * tau
                    met[x, k, 3], met[x, k, 4] = HALF * tau * math.erf(near * width), tau / echo_sr[i]
                    count[x] = k + 1
        for x in range(columns):
            n = count[x]
            if n == 0:
                continue
            ray, row = image[y, x], met[x]
            end = min(ranges[ray], sensor.range_max)
            tau = _depth(row, n, end)
            if tau < LEAST:
                continue
            total, weighted, first = ZERO, ZERO, end
            for k in range(n):
                total += TWO * row[k, 2]
                weighted += row[k, 4]
                first = min(first, row[k, 0] - TWO / row[k, 1])
            through = math.exp(-TWO * tau)
            powers[ray] *= through
            strengths[ray] *= through
            most = HALF * PI * weighted / total
            if most * (ONE - through) * gain(max(first, ONE), ZERO, sensor) < max(powers[ray], SEEN * sensor.threshold):
                continue
            drawn = hash4(np.uint32(ray), np.uint32(3), seed_a, seed_b)
            for draw in range(DRAWS):
                wanted = -HALF * math.log(ONE - uniform(drawn[draw]) * (ONE - through))
                low, high = ZERO, end
                for _ in range(HALVINGS):
                    middle = HALF * (low + high)
                    if _depth(row, n, middle) < wanted:
                        low = middle
                    else:
                        high = middle
                before = _depth(row, n, max(low - HALF * pulse, ZERO))
                within = _depth(row, n, min(low + HALF * pulse, end)) - before
                strength = most * (ONE - math.exp(-TWO * within)) * math.exp(-TWO * before)
                power = strength * gain(low, air_depth(low, directions[ray, 2], fog, even), sensor)
                if power > powers[ray]:
                    powers[ray], ranges[ray], strengths[ray] = power, low, strength
                    objects[ray], semantics[ray] = 0, PLUME_CLASS


def _seen_under(size: NDArray[np.float64], distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half angle of spheres of radius `size`; all round from within them."""
    return np.where(distance > size, np.arcsin(np.minimum(size / np.maximum(distance, 1e-6), 1.0)), np.pi)


def boxes_of(puffs: Puffs, lidar: LidarModel, sweep: Sweep, local_SE3_lidar: NDArray[np.float64]) -> NDArray[np.int32]:
    """(P, 4) first and last row and column of `sweep.image` that may look at each puff; columns may be out of range."""
    columns = sweep.image.shape[1]
    x, y, z = apply(inverse(local_SE3_lidar), puffs.center.astype(np.float64)).T
    distance, level = np.sqrt(x * x + y * y + z * z), np.hypot(x, y)
    size = float(EDGE) * puffs.spread.max(1)
    reach = _seen_under(size, distance) + SHAKING_RAD
    elevation = np.sort(lidar.elevation_rad)
    up = np.arctan2(z, level)
    first, last = np.searchsorted(elevation, up - reach), np.searchsorted(elevation, up + reach) - 1
    wide = _seen_under(size, level) + SHAKING_RAD + np.abs(lidar.azimuth_rad).max()
    per_rad = columns / (2.0 * np.pi)
    middle, half = columns // 2 - np.arctan2(y, x) * per_rad, np.minimum(wide * per_rad, (columns - 1) // 2)
    boxes = np.stack([first, last, np.floor(middle - half), np.ceil(middle + half)], axis=1).astype(np.int32)
    boxes[:, 3] = np.minimum(boxes[:, 3], boxes[:, 2] + columns - 1)
    return boxes


def add_plumes(
    stage: Stage,
    lidar: LidarModel,
    sweep: Sweep,
    rays: Rays,
    local_SE3_lidar: NDArray[np.float64],
    receiver: Receiver,
    air: Air,
    keys: tuple[np.uint32, np.uint32],
    echoes: Echoes,
) -> None:
    """Let spray, dust, smoke and steam as they are at the stage's time change the echoes of a sweep.

    Args:
        stage: at the middle of the sweep. lidar, sweep, rays: what is fired.
        local_SE3_lidar: (4, 4) at that time.
        receiver: of the lidar. air: what else dims the pulses.
        keys: halves of the sweep's seed. echoes: of surfaces, updated.
    """
    puffs = puffs_of(stage, local_SE3_lidar[:3, 3])
    if not len(puffs.peak):
        return
    cast = rays.origin.astype(np.float32), rays.direction.astype(np.float32)
    boxes = boxes_of(puffs, lidar, sweep, local_SE3_lidar)
    pulse, around = np.float32(0.5 * LIGHT_MPS * lidar.pulse_s), (air.fog, np.float32(air.even))

    def work(start: int, stop: int) -> None:
        """Rows `start` to `stop` of the sweep."""
        plume_echoes(start, stop, sweep.image, boxes, cast, puffs, eddies(), receiver, around, pulse, *keys, echoes)

    parallel_for(work, len(sweep.image), chunk=4, threads=stage.threads)
