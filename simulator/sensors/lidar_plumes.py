"""What clouds of spray, dust, smoke and steam do to laser pulses: they dim what is behind and send back soft echoes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.counter_rng import hash4, uniform
from simulator.numerics.jit import kernel
from simulator.numerics.memory import hold, load, load_float, pointer, store, store_float
from simulator.numerics.parallel import parallel_for
from simulator.numerics.se3 import apply, inverse
from simulator.numerics.simd import LANES, bits, lowest, splat, swap_halves, swap_pairs, without_lowest
from simulator.sensors.clouds import depth_of, error_function, pass_puff, unevenness
from simulator.sensors.lidar_kernels import HALF, ONE, PI, PLUME_CLASS, TWO, ZERO, air_depth, gain
from simulator.sensors.lidar_weather import LIGHT_MPS
from simulator.sensors.plumes import EDGE, puffs_of, wrapped_eddies

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
# What is known of the puffs on a ray, MOST numbers each: range where they are nearest, 1 over root 2 and their width
# there, half their optical depth h, h times the error function at the sensor, optical depth over lidar ratio; then
# room for eight lanes.
NEAREST, WIDTH, HALF_DEPTH, BEFORE, BACK, SPARE = (MOST * k for k in range(6))
ROW = SPARE + LANES


@kernel(inline=True)
def _depth(met, row, count, r):
    """Optical depth up to range r of `count` puffs that `_meet` wrote from number `row` on, zero to the next eight."""
    tau = splat(ZERO)
    for k in range(row, row + count, LANES):
        ends = error_function((r - load(met, k + NEAREST)) * load(met, k + WIDTH))
        tau = tau + (load(met, k + HALF_DEPTH) * ends + load(met, k + BEFORE))
    tau = tau + swap_halves(tau)
    store(met, row + SPARE, tau + swap_pairs(tau))
    return load_float(met, row + SPARE) + load_float(met, row + SPARE + 1)


@kernel(inline=True)
def _lay_out(cast, padded, image, y, rays):
    """Write origins and directions of the rays of row y of `image` to six planes of `cast`, those of a turn twice."""
    origins, directions = rays
    columns = image.shape[1]
    for x in range(columns):
        ray = image[y, x]
        for axis in range(3):
            for place in (x, x + columns):
                store_float(cast, axis * padded + place, origins[ray, axis])
                store_float(cast, (3 + axis) * padded + place, directions[ray, axis])


@kernel(inner=True)
def _meet(cast, padded, columns, first, last, puffs, i, field, met, count):
    """Note where rays of the columns `first` to `last`, which wrap, pass puff i.

    Args:
        cast: pointer to planes of `_lay_out`. padded: numbers in each. columns: of the sweep.
        puffs: Puffs. field: pointer to `wrapped_eddies`.
        met: pointer to (C, ROW) float32. count: (C,) int32 puffs that each ray has met.
    """
    center, spread, peak, _, grain, phase, echo_sr = puffs
    begin = first % columns
    end = begin + last - first + 1
    for place in range(begin, end, LANES):
        ox, oy, oz = load(cast, place), load(cast, padded + place), load(cast, 2 * padded + place)
        way = 3 * padded + place
        dx, dy, dz = load(cast, way), load(cast, way + padded), load(cast, way + 2 * padded)
        passing = pass_puff(spread, i, ox - center[i, 0], oy - center[i, 1], oz - center[i, 2], dx, dy, dz)
        near = bits(passing.off < splat(EDGE * EDGE)) & (
            (np.int32(1) << np.int32(min(end - place, LANES))) - np.int32(1)
        )
        if near == 0:
            continue
        tau = depth_of(peak[i], passing) * unevenness(spread, grain, phase, field, i, passing)
        near &= bits(tau > splat(LEAST))
        while near != 0:
            k = lowest(near)
            near = without_lowest(near)
            x = (place + k) % columns
            if count[x] == MOST:
                continue
            row, spare = x * ROW, x * ROW + SPARE
            at = row + count[x]
            count[x] += 1
            store(met, spare, tau)
            depth = load_float(met, spare + k)
            store(met, spare, passing.nearest)
            store_float(met, at + NEAREST, load_float(met, spare + k))
            store(met, spare, passing.width)
            store_float(met, at + WIDTH, load_float(met, spare + k))
            store(met, spare, error_function(passing.nearest * passing.width))
            store_float(met, at + HALF_DEPTH, HALF * depth)
            store_float(met, at + BEFORE, HALF * depth * load_float(met, spare + k))
            store_float(met, at + BACK, depth / echo_sr[i])


@kernel
def plume_echoes(start, stop, image, boxes, rays, puffs, field, sensor, air, pulse, seed_a, seed_b, echoes):
    """Let the pulses of rows `start:stop` of a sweep pass puffs, which dim surfaces behind or outshine them.

    The echo comes from one of a few places drawn by how much light returns from there, with the power of what lies
    within a pulse's length (the strongest of several peaks of a patchy cloud).

    Args:
        start, stop: range of rows.
        image: (B, C) int32 rays. boxes: (P, 4) int32 first and last row and column of each puff; columns wrap.
        rays: (R, 3) float32 origins and unit directions. puffs: Puffs. field: of `wrapped_eddies`.
        sensor: Receiver. air: `Air.fog`, `Air.even`. pulse: its length, m.
        seed_a, seed_b: uint32 halves of the sweep's seed.
        echoes: Echoes, updated.
    """
    directions = rays[1]
    powers, ranges, strengths, objects, semantics = echoes
    fog, even = air
    columns = image.shape[1]
    padded = 2 * columns + LANES
    planes, count = np.ones((6, padded), np.float32), np.zeros(columns, np.int32)
    table = np.empty(columns * ROW, np.float32)
    cast, met, cells = pointer(planes), pointer(table), pointer(field)
    for y in range(start, stop):
        count[:] = 0
        laid = False
        for i in range(len(boxes)):
            if y < boxes[i, 0] or y > boxes[i, 1]:
                continue
            if not laid:
                _lay_out(cast, padded, image, y, rays)
                laid = True
            _meet(cast, padded, columns, boxes[i, 2], boxes[i, 3], puffs, i, cells, met, count)
        for x in range(columns):
            n = count[x]
            if n == 0:
                continue
            ray, row = image[y, x], x * ROW
            for k in range(n, -(-n // LANES) * LANES):
                for known in (NEAREST, WIDTH, HALF_DEPTH, BEFORE):
                    store_float(met, row + known + k, ZERO)
            end = min(ranges[ray], sensor.range_max)
            tau = _depth(met, row, n, end)
            if tau < LEAST:
                continue
            total, weighted, first = ZERO, ZERO, end
            for k in range(n):
                total += TWO * load_float(met, row + HALF_DEPTH + k)
                weighted += load_float(met, row + BACK + k)
                first = min(first, load_float(met, row + NEAREST + k) - TWO / load_float(met, row + WIDTH + k))
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
                    if _depth(met, row, n, middle) < wanted:
                        low = middle
                    else:
                        high = middle
                before = _depth(met, row, n, max(low - HALF * pulse, ZERO))
                within = _depth(met, row, n, min(low + HALF * pulse, end)) - before
                strength = most * (ONE - math.exp(-TWO * within)) * math.exp(-TWO * before)
                power = strength * gain(low, air_depth(low, directions[ray, 2], fog, even), sensor)
                if power > powers[ray]:
                    powers[ray], ranges[ray], strengths[ray] = power, low, strength
                    objects[ray], semantics[ray] = 0, PLUME_CLASS
    hold(planes)
    hold(table)


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
    field = wrapped_eddies()

    def work(start: int, stop: int) -> None:
        """Rows `start` to `stop` of the sweep."""
        plume_echoes(start, stop, sweep.image, boxes, cast, puffs, field, receiver, around, pulse, *keys, echoes)

    parallel_for(work, len(sweep.image), chunk=4, threads=stage.threads)
