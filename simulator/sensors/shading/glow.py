"""Light of lamps scattered toward the eye by fog, rain or snow: halos and cones, on a coarse grid of the picture."""

from __future__ import annotations

import math

import numpy as np

from simulator.numerics.jit import kernel
from simulator.sensors.shading.beams import HIGH_BEAM, LOW_BEAM
from simulator.sensors.shading.lamps import cell_of, lamp_lux
from simulator.sensors.shading.vector import HALF, ONE, PI, TWO, ZERO

CELL_PX = 12  # pixels between columns of the grid
SLICES = 48
NEAR_M, FAR_M = np.float32(0.8), np.float32(120.0)
GROWTH = np.float32((120.0 / 0.8) ** (1 / SLICES))
LOG_GROWTH = np.float32(math.log(120.0 / 0.8) / SLICES)
# Phase function: a forward lobe, and enough of the rest for the lidar ratio of fog (about 20 sr)
FORWARD, ASYMMETRY = np.float32(0.45), np.float32(0.8)
SOFT_M2 = np.float32(6.0)  # lamps are no points from near by
# A slice is cut so fine that a step turns by this much about the lamp, in radians: the cut-off of a low beam is 0.6 deg
# wide. Only near the axes of beams, and so many steps at most.
STEP_RAD, MOST_STEPS, IN_BEAM = np.float32(0.01), 12, np.float32(0.7)


@kernel(inline=True)
def phase(cosine):  # type: ignore[no-untyped-def]
    """Part of the scattered light per steradian at an angle to the old direction."""
    d = ONE + ASYMMETRY * ASYMMETRY - TWO * ASYMMETRY * cosine
    lobe = (ONE - ASYMMETRY * ASYMMETRY) / (d * math.sqrt(d))
    return (FORWARD * lobe + ONE - FORWARD) / (np.float32(4.0) * PI)


@kernel(inline=True)
def lamp_glow(position, axis, beam, lamp, eye, dx, dy, dz, begin, end, extinction):  # type: ignore[no-untyped-def]
    """Radiance per unit of a lamp's peak that the air between `begin` and `end` on a ray gives toward the eye.

    `position`, `axis` and `beam` are those of Lamps; `eye` (3,) float32 and the unit direction d are the ray.
    """
    middle = math.sqrt(begin * end)
    tx = position[lamp, 0] - eye[0] - middle * dx
    ty = position[lamp, 1] - eye[1] - middle * dy
    tz = position[lamp, 2] - eye[2] - middle * dz
    steps = 1
    if beam[lamp] in (LOW_BEAM, HIGH_BEAM):
        gap2 = max(tx * tx + ty * ty + tz * tz, SOFT_M2 * np.float32(0.01))
        ahead = -(tx * axis[lamp, 0] + ty * axis[lamp, 1] + tz * axis[lamp, 2])
        if ahead > ZERO and ahead * ahead > IN_BEAM * IN_BEAM * gap2:
            along = tx * dx + ty * dy + tz * dz
            turn = (end - begin) * math.sqrt(max(gap2 - along * along, ZERO)) / gap2
            steps = min(1 + np.int32(turn / STEP_RAD), MOST_STEPS)
    length = (end - begin) / np.float32(steps)
    total = ZERO
    for step in range(steps):
        t = middle if steps == 1 else begin + (np.float32(step) + HALF) * length
        px, py, pz = eye[0] + t * dx, eye[1] + t * dy, eye[2] + t * dz
        lx, ly, lz, distance, lux = lamp_lux(position, axis, beam, lamp, px, py, pz, np.float32(1e6))
        lux *= distance * distance / (distance * distance + SOFT_M2)
        total += lux * math.exp(-extinction * (t + distance)) * phase(lx * dx + ly * dy + lz * dz)
    return extinction * length * total


@kernel
def farthest(depth, y, x):  # type: ignore[no-untyped-def]
    """Depth beyond which nothing is seen in the part of the picture that grid cell at pixel (y, x) touches."""
    far = ZERO
    for row in range(max(y - CELL_PX, 0), min(y + CELL_PX, depth.shape[0])):
        for column in range(max(x - CELL_PX, 0), min(x + CELL_PX, depth.shape[1])):
            far = max(far, depth[row, column])
    return far


@kernel
def fill_glow(start, stop, columns, table, rotation, eye, lamps, extinction, depth, glow):  # type: ignore[no-untyped-def]
    """Radiance gained along the rays of grid cells `start:stop` up to each slice that is seen.

    Args:
        start, stop: range of cells, row-major, `columns` a row; cell (r, c) looks through pixel CELL_PX * (r, c).
        table: (H, W, 3) float32 camera rays. rotation: (3, 3) float32 local_R_camera. eye: (3,) float32.
        lamps: Lamps. extinction: 1/m, float32. depth: (H, W) float32, where rays end.
        glow: (G, SLICES + 1, 3) float32 result.
    """
    position, axis, intensity, beam, low, cells, _ = lamps
    last, per_cell = cells.shape[0] - 1, cells.shape[2]
    for i in range(start, stop):
        y = min((i // columns) * CELL_PX, table.shape[0] - 1)
        x = min((i % columns) * CELL_PX, table.shape[1] - 1)
        a, b, c = table[y, x, 0], table[y, x, 1], table[y, x, 2]
        scale = ONE / math.sqrt(a * a + b * b + c * c)
        dx = (rotation[0, 0] * a + rotation[0, 1] * b + rotation[0, 2] * c) * scale
        dy = (rotation[1, 0] * a + rotation[1, 1] * b + rotation[1, 2] * c) * scale
        dz = (rotation[2, 0] * a + rotation[2, 1] * b + rotation[2, 2] * c) * scale
        red, green, blue = ZERO, ZERO, ZERO
        glow[i, 0, 0], glow[i, 0, 1], glow[i, 0, 2] = ZERO, ZERO, ZERO
        begin, far = NEAR_M, farthest(depth, y, x)
        for s in range(SLICES):
            if begin > far:
                glow[i, s + 1, 0], glow[i, s + 1, 1], glow[i, s + 1, 2] = red, green, blue
                continue
            end = begin * GROWTH
            t = math.sqrt(begin * end)
            row, column = cell_of(low, last, eye[0] + t * dx, eye[1] + t * dy)
            for k in range(per_cell):
                lamp = cells[row, column, k]
                if lamp < 0:
                    break
                lux = lamp_glow(position, axis, beam, lamp, eye, dx, dy, dz, begin, end, extinction)
                red += lux * intensity[lamp, 0]
                green += lux * intensity[lamp, 1]
                blue += lux * intensity[lamp, 2]
            glow[i, s + 1, 0], glow[i, s + 1, 1], glow[i, s + 1, 2] = red, green, blue
            begin = end


@kernel
def add_glow(start, stop, columns, glow, depth, radiance):  # type: ignore[no-untyped-def]
    """Add the glow between the eye and `depth` (H, W) to rows `start:stop` of `radiance` (H, W, 3)."""
    width = depth.shape[1]
    rows = len(glow) // columns
    for y in range(start, stop):
        v = np.float32(y) / np.float32(CELL_PX)
        r0 = min(np.int32(v), rows - 1)
        r1 = min(r0 + 1, rows - 1)
        fv = v - np.float32(r0)
        for x in range(width):
            u = np.float32(x) / np.float32(CELL_PX)
            c0 = min(np.int32(u), columns - 1)
            c1 = min(c0 + 1, columns - 1)
            fu = u - np.float32(c0)
            place = math.log(min(max(depth[y, x], NEAR_M), FAR_M) / NEAR_M) / LOG_GROWTH
            s0 = min(np.int32(place), SLICES - 1)
            fs = place - np.float32(s0)
            for corner in range(4):
                right, down = corner & 1, corner >> 1
                cell = (r1 if down else r0) * columns + (c1 if right else c0)
                w = (fu if right else ONE - fu) * (fv if down else ONE - fv)
                for k in range(3):
                    radiance[y, x, k] += w * (glow[cell, s0, k] * (ONE - fs) + glow[cell, s0 + 1, k] * fs)
