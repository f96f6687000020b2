"""Sunlight that fog scatters toward the eye: the glow about a low sun, and the shadows of things in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.sensors.shading.air import GROWTH, NEAR_M, SLICES, depth_to, lobe, way_of
from simulator.sensors.shading.vector import HALF, TWO, ZERO
from simulator.sensors.sky import sun_above_fog
from simulator.sensors.sky_models import AUREOLE, FOG_LEAST_DEPTH, FOG_THINS
from simulator.sensors.stage import OPAQUE

if TYPE_CHECKING:
    from simulator.sensors.shading.transport import Transport

F32 = NDArray[np.float32]

THINS = np.float32(FOG_THINS)
NARROW, WIDE = np.float32(AUREOLE[0]), np.float32(AUREOLE[1])
RUN = 3  # slices of the grid that share one ray to the sun
LEAST_SINE = np.float32(0.02)
LEAST_SHARE = 0.01  # of the radiance of the air, below which nobody sees the glow


@kernel
def aim_at_sun(start, stop, columns, cell_px, table, rotation, eye, sun, starts, ways):
    """Rays to the sun from the middles of runs of slices of grid cells `start:stop`, into (G, S, 3) each."""
    run = GROWTH**RUN
    for i in range(start, stop):
        y = min((i // columns) * cell_px, table.shape[0] - 1)
        x = min((i % columns) * cell_px, table.shape[1] - 1)
        dx, dy, dz, _ = way_of(table, rotation, y, x)
        begin = NEAR_M
        for s in range(starts.shape[1]):
            t = begin * math.sqrt(run)
            starts[i, s, 0], starts[i, s, 1], starts[i, s, 2] = eye[0] + t * dx, eye[1] + t * dy, eye[2] + t * dz
            ways[i, s, 0], ways[i, s, 1], ways[i, s, 2] = sun[0], sun[1], sun[2]
            begin *= run


@kernel
def fill_shafts(start, stop, columns, cell_px, table, rotation, sun, sun_lx, air, blocked, glow):
    """Add the sunlight that air scatters along the rays of grid cells `start:stop` up to each slice.

    Args:
        start, stop: range of cells, row-major, `columns` a row; cell (r, c) looks through pixel cell_px * (r, c).
        table: (H, W, 3) float32 camera rays. rotation: (3, 3) float32 local_R_camera.
        sun: (3,) float32 unit vector. sun_lx: (3,) float32 above the fog.
        air: (2,) of `air_at`. blocked: (G * S,) whether the sun is hidden from the runs of `aim_at_sun`.
        glow: (G, SLICES + 2, 3) float32; the last place of a cell, that of the sky which has all of this light, loses
            what is hidden.
    """
    low = max(sun[2], LEAST_SINE)
    runs = SLICES // RUN
    for i in range(start, stop):
        y = min((i // columns) * cell_px, table.shape[0] - 1)
        x = min((i % columns) * cell_px, table.shape[1] - 1)
        dx, dy, dz, _ = way_of(table, rotation, y, x)
        cosine = dx * sun[0] + dy * sun[1] + dz * sun[2]
        part = HALF * (lobe(NARROW, cosine) + lobe(WIDE, cosine))
        begin, seen, lost = NEAR_M, ZERO, ZERO
        for s in range(SLICES):
            end = begin * GROWTH
            t = math.sqrt(begin * end)
            thinner = math.exp(-max(t * dz * air[1], -TWO))
            above = air[0] * thinner / (air[1] * low)
            light = part * air[0] * thinner * (end - begin) * math.exp(-THINS * (depth_to(air, t, t * dz) + above))
            if blocked[i * runs + s // RUN]:
                lost += light
            else:
                seen += light
            for k in range(3):
                glow[i, s + 1, k] += seen * sun_lx[k]
            begin = end
        for k in range(3):
            glow[i, SLICES + 1, k] -= lost * sun_lx[k]


def sunlit(transport: Transport) -> bool:
    """Whether the sun shines into fog so that one sees it."""
    air = transport.stage.atmosphere
    if air.thinning_1_m <= 0.0 or air.optical_depth < FOG_LEAST_DEPTH or air.sun_direction[2] <= 0.0:
        return False
    through = math.exp(-FOG_THINS * air.optical_depth / max(float(air.sun_direction[2]), float(LEAST_SINE)))
    return bool(sun_above_fog(air)[1] * air.sunlight * through > LEAST_SHARE * transport.sky.airlight[:, 1].mean())


def add_sunlight(
    transport: Transport, columns: int, cell_px: int, table: F32, rotation: F32, eye: F32, glow: F32
) -> None:
    """Add the sunlight that fog scatters to a grid: see `fill_shafts`."""
    count, runs = len(glow), SLICES // RUN
    starts, ways = np.empty((count, runs, 3), np.float32), np.empty((count, runs, 3), np.float32)
    sun = transport.sky.sun_direction
    transport.each(count, aim_at_sun, columns, cell_px, table, rotation, eye, sun, starts, ways)
    stage = transport.stage
    blocked = stage.rays.any_hit(starts.reshape(-1, 3), ways.reshape(-1, 3), mask=OPAQUE, threads=stage.threads)
    sun_lx = (sun_above_fog(stage.atmosphere) * stage.atmosphere.sunlight).astype(np.float32)
    transport.each(count, fill_shafts, columns, cell_px, table, rotation, sun, sun_lx, transport.air, blocked, glow)
