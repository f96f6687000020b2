"""The light of plumes, which are Gaussian puffs: what sun, sky and lamps make of them, drawn into a picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import hold, load, load_float, load_triples, pointer, store, store_float
from simulator.numerics.simd import LANES, bits, greatest, select, splat, square_root
from simulator.sensors.clouds import ENDS, depth_of, error_function, pass_puff, unevenness
from simulator.sensors.plumes import EDGE, Puffs, wrapped_eddies
from simulator.sensors.shading.air import lobe
from simulator.sensors.shading.eights import dot
from simulator.sensors.shading.glow import boxes_around
from simulator.sensors.shading.lamps import cell_of, lamp_lux
from simulator.sensors.shading.vector import HALF, ONE, PI, TWO, ZERO, airlight, luminance
from simulator.sensors.stage import OPAQUE

if TYPE_CHECKING:
    from simulator.sensors.optics import CameraModel
    from simulator.sensors.shading.canvas import Picture
    from simulator.sensors.shading.transport import Transport

F64 = NDArray[np.float64]

FORWARD, ASYMMETRY = np.float32(0.45), np.float32(0.8)  # of light that puffs scatter: see `cloud_phase`
LEAST_TAU = np.float32(1 / 255)  # optical depth of a puff below which its eddies are not looked at: a step of 8 bits
THINNEST = np.float32(1e-5)  # optical depth of all puffs that is none
# Planes of `add_puffs` after the three of a ray's way: its length, the depth behind it, optical depth, and light by
# channel.
LENGTH, BEHIND, THICK, PLANES = 3, 4, 5, 9


@kernel(inline=True)
def cloud_phase(cosine):
    """Light that a cloud of many drops or grains sends on, per steradian: scattered once forward, or often and even."""
    return FORWARD * lobe(ASYMMETRY, cosine) + (ONE - FORWARD) / (np.float32(4.0) * PI)


@kernel
def sunlit_puffs(start, stop, puffs, sun, lit):
    """Dim the sun in the middles of puffs `start:stop` by all puffs between.

    Light that is scattered forward goes on with the rest (similarity: the optical depth counts 1 - albedo g times).

    Args:
        start, stop: range of puffs. puffs: Puffs. sun: (3,) float32 towards it.
        lit: (P,) float32 part of the sun's light that arrives, changed.
    """
    center, spread, peak, albedo, _, _, _ = puffs
    root = np.float32(math.sqrt(math.pi / 2))
    for i in range(start, stop):
        if lit[i] <= ZERO:
            continue
        tau = ZERO
        for j in range(len(peak)):
            flat, tall = ONE / spread[j, 0], ONE / spread[j, 1]
            ox, oy = (center[i, 0] - center[j, 0]) * flat, (center[i, 1] - center[j, 1]) * flat
            oz = (center[i, 2] - center[j, 2]) * tall
            qx, qy, qz = sun[0] * flat, sun[1] * flat, sun[2] * tall
            aa, bb = qx * qx + qy * qy + qz * qz, ox * qx + oy * qy + oz * qz
            off = ox * ox + oy * oy + oz * oz - bb * bb / aa
            if off < EDGE * EDGE:
                ahead = ONE - math.erf(bb / math.sqrt(TWO * aa))
                tau += peak[j] * math.exp(-HALF * off) * root * ahead / math.sqrt(aa)
        lit[i] *= math.exp(-tau * (ONE - albedo[i, 1] * FORWARD * ASYMMETRY))


@kernel
def light_puffs(start, stop, puffs, eye, sky, lit, lamps, light):
    """Radiance that the middles of puffs `start:stop` scatter toward the eye, per optical depth, dimmed by the air.

    Args:
        start, stop: range of puffs. puffs: Puffs. eye: (3,) float32. sky: Sky. lamps: Lamps.
        lit: (P,) float32 part of the sun's light that arrives.
        light: (P, 3) float32 result.
    """
    center, spread, _, albedo, _, _, _ = puffs
    position, axis, intensity, beam, low, cells, least = lamps
    _, air, _, ground, sun, sun_lx, extinction = sky
    last, per_cell = cells.shape[0] - 1, cells.shape[2]
    down = max(sun[2], ZERO)
    for i in range(start, stop):
        x, y, z = center[i, 0], center[i, 1], center[i, 2]
        dx, dy, dz = x - eye[0], y - eye[1], z - eye[2]
        distance = max(math.sqrt(dx * dx + dy * dy + dz * dz), np.float32(0.1))
        dx, dy, dz = dx / distance, dy / distance, dz / distance
        through = math.exp(-extinction[0] * distance)
        r0, g0, b0 = airlight(air, dx, dy)
        part = lit[i] * cloud_phase(sun[0] * dx + sun[1] * dy + sun[2] * dz)
        red, green, blue = ZERO, ZERO, ZERO
        row, column = cell_of(low, last, x, y)
        soft = spread[i, 0] * spread[i, 0] + HALF
        for k in range(per_cell):
            lamp = cells[row, column, k]
            if lamp < 0:
                break
            peak = luminance(intensity[lamp, 0], intensity[lamp, 1], intensity[lamp, 2])
            lx, ly, lz, way, lux = lamp_lux(position, axis, beam, lamp, x, y, z, peak / least[lamp])
            if lux <= ZERO:
                continue
            lux *= math.exp(-extinction[0] * way) * way * way / (way * way + soft)
            lux *= cloud_phase(lx * dx + ly * dy + lz * dz)
            red += lux * intensity[lamp, 0]
            green += lux * intensity[lamp, 1]
            blue += lux * intensity[lamp, 2]
        # the mean of the sky above and the ground below (Sky.ground is pi E / albedo), the sun, the lamps
        for k in range(3):
            whole = ground[k] * PI / np.float32(0.18)
            around = HALF * (whole - down * sun_lx[k]) / PI + HALF * ground[k]
            lamp_light = red if k == 0 else (green if k == 1 else blue)
            haze = r0 if k == 0 else (g0 if k == 1 else b0)
            given = albedo[i, k] * (around + part * sun_lx[k] + lamp_light)
            light[i, k] = through * given + (ONE - through) * haze


@kernel
def add_puffs(start, stop, table, rotation, eye, puffs, field, light, boxes, depth, radiance):
    """Let rows `start:stop` of a picture show through puffs: their optical depth dims, their light adds.

    The optical depth of a Gaussian along a ray up to the scene behind it is a difference of error functions; eddies
    are looked up where the ray comes nearest to its middle.

    Args:
        start, stop: range of rows.
        table: (H, W, 3) float32 camera rays. rotation: (3, 3) float32 local_R_camera. eye: (3,) float32.
        puffs: Puffs. field: of `wrapped_eddies`. light: (P, 3) of `light_puffs`.
        boxes: (P, 4) int32 first and last row and column of each puff.
        depth: (H, W) float32. radiance: (H, W, 3) float32, changed.
    """
    width = depth.shape[1]
    padded = -(-width // LANES) * LANES
    # Ways per metre of depth, how long they are, depth, optical depth, light. What is beyond the last pixel is at 0 m.
    planes = np.ones((PLANES, padded), np.float32)
    planes[BEHIND] = ZERO
    rows, found, ways, behind = pointer(planes), pointer(radiance), pointer(table), pointer(depth)
    for y in range(start, stop):
        planes[THICK:] = ZERO
        empty = True
        for i in range(len(boxes)):
            if y < boxes[i, 0] or y > boxes[i, 1]:
                continue
            if empty:
                look_along_row(rows, padded, y * width, width, ways, rotation, behind)
                empty = False
            add_puff(rows, padded, boxes[i, 2] // LANES * LANES, boxes[i, 3], eye, puffs, pointer(field), i, light)
        if not empty:
            show_through(rows, padded, y * width, width, found)
    hold(planes)


@kernel(inline=True)
def look_along_row(rows, padded, first, width, ways, rotation, behind):
    """Write the ways and depths of the `width` pixels from number `first` on to planes (pointer) of `add_puffs`."""
    for column in range(0, width, LANES):
        x = min(column, width - LANES)  # the last eight overlap those before
        a, b, c = load_triples(ways, 3 * (first + x))
        dx = a * rotation[0, 0] + (b * rotation[0, 1] + c * rotation[0, 2])
        dy = a * rotation[1, 0] + (b * rotation[1, 1] + c * rotation[1, 2])
        dz = a * rotation[2, 0] + (b * rotation[2, 1] + c * rotation[2, 2])
        store(rows, x, dx)
        store(rows, padded + x, dy)
        store(rows, 2 * padded + x, dz)
        store(rows, LENGTH * padded + x, square_root(dot(dx, dy, dz, dx, dy, dz)))
        store(rows, BEHIND * padded + x, load(behind, first + x))


@kernel(inner=True)
def add_puff(rows, padded, first, last, eye, puffs, field, i, light):
    """Add puff i to the columns `first` (of whole eights) to `last` of the planes of `add_puffs`."""
    center, spread, peak, _, grain, phase, _ = puffs
    ox, oy, oz = eye[0] - center[i, 0], eye[1] - center[i, 1], eye[2] - center[i, 2]
    none, red, green, blue = splat(ZERO), light[i, 0], light[i, 1], light[i, 2]
    for x in range(first, last + 1, LANES):
        passing = pass_puff(spread, i, ox, oy, oz, load(rows, x), load(rows, padded + x), load(rows, 2 * padded + x))
        begin = -passing.nearest * passing.width
        end = load(rows, BEHIND * padded + x) * passing.width + begin
        touched = (passing.off < splat(EDGE * EDGE)) & (end > splat(-ENDS))
        if bits(touched) == 0:
            continue
        share = splat(TWO)
        if bits(touched & (end < splat(ENDS))) | bits(touched & (begin > splat(-ENDS))) != 0:
            share = error_function(end) - error_function(begin)
        tau = depth_of(peak[i], passing) * load(rows, LENGTH * padded + x) * share * HALF
        tau = select(touched, tau, none)
        if greatest(tau) > LEAST_TAU:
            tau = tau * unevenness(spread, grain, phase, field, i, passing)
        at = THICK * padded + x
        store(rows, at, load(rows, at) + tau)
        store(rows, at + padded, load(rows, at + padded) + tau * red)
        store(rows, at + 2 * padded, load(rows, at + 2 * padded) + tau * green)
        store(rows, at + 3 * padded, load(rows, at + 3 * padded) + tau * blue)


@kernel(inline=True)
def show_through(rows, padded, first, width, radiance):
    """Dim and lighten `width` pixels of `radiance` (pointer) from number `first` on by what `add_puff` has summed."""
    for x in range(width):
        tau = load_float(rows, THICK * padded + x)
        if tau > THINNEST:
            through = math.exp(-tau)
            share = (ONE - through) / tau
            for k in range(3):
                at = 3 * (first + x) + k
                more = share * load_float(rows, (THICK + 1 + k) * padded + x)
                store_float(radiance, at, load_float(radiance, at) * through + more)


def draw_puffs(
    puffs: Puffs, picture: Picture, transport: Transport, camera: CameraModel, local_SE3_camera: F64
) -> None:
    """Light puffs and draw them into a picture."""
    boxes = boxes_around(camera, local_SE3_camera, puffs.center, float(EDGE) * puffs.spread.max(1))
    seen = (boxes[:, 0] <= boxes[:, 1]) & (boxes[:, 2] <= boxes[:, 3])
    if not seen.any():
        return
    puffs, boxes = Puffs(*(array[seen] for array in puffs)), boxes[seen]
    eye = np.ascontiguousarray(local_SE3_camera[:3, 3], np.float32)
    rotation = np.ascontiguousarray(local_SE3_camera[:3, :3], np.float32)
    lit = np.zeros(len(boxes), np.float32)
    if transport.sky.sun_lx[1] > 0:
        ways = np.repeat(transport.sky.sun_direction[None], len(boxes), 0)
        stage = transport.stage
        lit[~stage.rays.any_hit(puffs.center, ways, mask=OPAQUE, threads=stage.threads)] = 1.0
        transport.each(len(boxes), sunlit_puffs, puffs, transport.sky.sun_direction, lit, chunk=64)
    light = np.zeros((len(boxes), 3), np.float32)
    transport.each(len(boxes), light_puffs, puffs, eye, transport.sky, lit, transport.lamps, light, chunk=64)
    transport.each(camera.height, add_puffs, camera.rays(), rotation, eye, puffs, wrapped_eddies(), light, boxes,
                   picture.depth, picture.radiance, chunk=16)  # fmt: skip
