"""What the paths of a sample draw at random: numbers and ways to lights that every second pixel each way shares.

Interleaved sampling (A. Keller and W. Heidrich, EGRW 2001): pixels fall into classes by column and row modulo SIDE, and
in one sample all pixels of a class draw alike. Each draw by itself is distributed as it should be, so that every pixel
is right on average, but rays of a class run side by side and are cast together, and what depends on draws alone is done
once a class. Over the samples of all classes the draws are Sobol' points, scrambled: neighbours share their work.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import borrowed, kernel
from simulator.numerics.rng import generator
from simulator.sensors.shading.paths import SUN_RADIUS
from simulator.sensors.shading.vector import (
    HALF,
    INV_TWO_PI,
    ONE,
    PI,
    TWO,
    TWO_PI,
    ZERO,
    arc,
    clamp01,
    in_cone,
    sky_radiance,
)
from simulator.sensors.sky import Sky
from simulator.sensors.sky_models import LUMINANCE, dome

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

SIDE = 2
CLASSES = SIDE * SIDE
BAND = 32  # rows of pixels of a run
BLOCK = 8  # rows and columns, of a class, that follow each other
EVEN = 0.05  # share of directions drawn evenly over the sky, however dark parts of it are


# Columns of what a class draws where its paths meet surfaces: ways to the sun and to the sky, the sky's radiance there
# and the density of that way per steradian; for the way on, which lobe, and two numbers, the second as the cosine and
# the sine of an angle; which lamp; whether a pane reflects; whether the path ends; whether sun or sky is aimed at.
TO_SUN, TO_SKY, SKY_LIGHT, SKY_DENSITY, PICK, TILT, COSINE, SINE, LAMP_PICK, PANE, LUCK, LIGHT_PICK, COLUMNS = (
    0, 3, 6, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
)  # fmt: skip
NUMBERS = 11  # uniform numbers that these take


class Dome(NamedTuple):
    """The sky as a distribution of directions, for kernels.

    Attributes:
        rows: (R + 1,) running share of the light by row of Sky.table. columns: (R, C + 1) the same within each row.
        density: (R, C) per steradian.
        edges: (R + 1,) sines of the elevations between rows.
    """

    rows: F32
    columns: F32
    density: F32
    edges: F32


class Draws(NamedTuple):
    """What S samples draw, for paths that meet D surfaces at most.

    Attributes:
        offsets: (S, CLASSES, 2) place in the pixel, columns and rows off its centre.
        numbers: (S, D, CLASSES, COLUMNS).
    """

    offsets: F32
    numbers: F32


def dome_of(sky: Sky) -> Dome:
    """The sky as a distribution to draw directions from."""
    rows, columns = sky.table.shape[:2]
    solid = np.broadcast_to(dome().solid_angle, (rows, columns))
    light = np.maximum(sky.table.astype(np.float64) @ LUMINANCE, 0.0) * solid
    share = (1 - EVEN) * light / max(float(light.sum()), 1e-30) + EVEN * solid / solid.sum()
    if light.sum() <= 0.0:
        share = solid / solid.sum()
    share /= share.sum()
    by_row = share.sum(1)
    within = np.cumsum(share, 1) / by_row[:, None]
    places = np.clip(np.arange(rows + 1) - 0.5, 0, rows - 1) / (rows - 1)
    return Dome(
        np.concatenate([[0.0], np.cumsum(by_row)]).astype(np.float32),
        np.concatenate([np.zeros((rows, 1)), within], 1).astype(np.float32),
        (share / solid).astype(np.float32),
        np.sin(np.pi / 2 * places**2).astype(np.float32),
    )


def draw(sky: Sky, sky_dome: Dome, samples: int, surfaces: int, seed: int) -> Draws:
    """Draw for so many samples of paths that meet so many surfaces."""
    from scipy.stats import qmc

    count = 1 << (samples - 1).bit_length()
    dimensions = 2 + NUMBERS * surfaces
    sobol = qmc.Sobol(dimensions, scramble=True, rng=generator(seed, "paths"))
    points = sobol.random(CLASSES * count).reshape(CLASSES, count, dimensions)[:, :samples].transpose(1, 0, 2)
    points = np.minimum(points.astype(np.float32), np.nextafter(np.float32(1), np.float32(0)))
    offsets = np.ascontiguousarray(points[..., :2] - np.float32(0.5))
    offsets[0] = 0.0  # the first sample goes through the centres: its hits are the labels
    uniform = np.ascontiguousarray(
        points[..., 2:].reshape(samples, CLASSES, surfaces, NUMBERS).transpose(0, 2, 1, 3)
    ).reshape(-1, NUMBERS)
    numbers = np.zeros((len(uniform), COLUMNS), np.float32)
    fill_numbers(uniform, sky, sky_dome, numbers)
    return Draws(offsets, numbers.reshape(samples, surfaces, CLASSES, COLUMNS))


@kernel(inline=True)
def below(running, u):
    """Cell of a running share (K + 1,) that holds u."""
    low, high = 0, len(running) - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if running[middle] <= u:
            low = middle
        else:
            high = middle
    return low


@kernel
def draw_sky(sky_dome, a, b):
    """Direction and density of a place of the sky, brighter ones more often, from two uniform numbers."""
    columns = sky_dome.density.shape[1]
    row = below(sky_dome.rows, a)
    column = below(sky_dome.columns[row], b)
    part = (a - sky_dome.rows[row]) / max(sky_dome.rows[row + 1] - sky_dome.rows[row], np.float32(1e-12))
    beside = (b - sky_dome.columns[row, column]) / max(
        sky_dome.columns[row, column + 1] - sky_dome.columns[row, column], np.float32(1e-12)
    )
    up = sky_dome.edges[row] + clamp01(part) * (sky_dome.edges[row + 1] - sky_dome.edges[row])
    turn = TWO_PI * (np.float32(column) + clamp01(beside)) / np.float32(columns)
    flat = math.sqrt(max(ONE - up * up, ZERO))
    return flat * math.cos(turn), flat * math.sin(turn), up, sky_dome.density[row, column]


@kernel(inline=True)
def sky_density(density, dx, dy, dz):
    """Dome.density of a direction above the horizon."""
    rows, columns = density.shape
    row = math.sqrt(arc(dz, math.sqrt(dx * dx + dy * dy)) * (TWO / PI)) * np.float32(rows - 1)
    column = np.int32((arc(dy, dx) * INV_TWO_PI + ONE) * np.float32(columns)) % columns
    return density[min(np.int32(row + HALF), rows - 1), column]


@kernel
def fill_numbers(uniform, sky, sky_dome, numbers):
    """Turn (K, NUMBERS) uniform numbers into (K, COLUMNS) draws; `sky` is a Sky."""
    table, _, _, ground, sun, _, _ = sky
    sky_dome = borrowed(sky_dome)
    for k in range(len(uniform)):
        u, out = uniform[k], numbers[k]
        out[TO_SUN], out[TO_SUN + 1], out[TO_SUN + 2] = in_cone(sun[0], sun[1], sun[2], SUN_RADIUS, u[0], u[1])
        x, y, z, density = draw_sky(sky_dome, u[2], u[3])
        out[TO_SKY], out[TO_SKY + 1], out[TO_SKY + 2], out[SKY_DENSITY] = x, y, z, density
        out[SKY_LIGHT], out[SKY_LIGHT + 1], out[SKY_LIGHT + 2] = sky_radiance(table, ground, x, y, z)
        out[TILT], out[COSINE], out[SINE] = u[4], math.cos(TWO_PI * u[5]), math.sin(TWO_PI * u[5])
        out[PICK], out[LAMP_PICK], out[PANE], out[LUCK], out[LIGHT_PICK] = u[6], u[7], u[8], u[9], u[10]


@lru_cache(maxsize=4)
def pixel_runs(height: int, width: int) -> tuple[I32, I32]:
    """(R, P) numbers of the pixels of each run, -1 for none, and (R,) its class.

    A run are the pixels of a class in a band of rows, in squares of BLOCK each way. Not to be modified.
    """
    across, bands = -(-width // (BLOCK * SIDE)), -(-height // BAND)
    down = BAND // (BLOCK * SIDE)
    number = np.full((bands * BAND, across * BLOCK * SIDE), -1, np.int32)
    number[:height, :width] = np.arange(height * width, dtype=np.int32).reshape(height, width)
    squares = number.reshape(bands, down, BLOCK, SIDE, across, BLOCK, SIDE).transpose(0, 3, 6, 1, 4, 2, 5)
    runs = np.ascontiguousarray(squares.reshape(bands * CLASSES, -1))
    return runs, np.tile(np.arange(CLASSES, dtype=np.int32), bands)
