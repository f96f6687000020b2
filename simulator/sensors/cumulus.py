"""Heaps of fair-weather cloud seen from the ground: rays march through a relief with an eroded skin, lit by the sun."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.counter_rng import hash4, uniform
from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.numerics.rng import generator
from simulator.scene.noise import spectral_noise

F32 = NDArray[np.float32]

ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)

# Cumulus of fair weather: bases at 1 to 1.5 km, as tall as wide, extinction 20 to 50 per km (R. Rogers and M. Yau, "A
# Short Course in Cloud Physics", 3rd edition, chapters 5 and 7).
BASE_M, TALL_M, EXTINCTION_1_M = 1200.0, 850.0, 0.03
HORIZON_RISE = 0.02  # the least rise of a ray keeps the layer from reaching infinity, as the earth's curve does
# Sizes and shapes of the relief and of its skin, and the shares of the sky's light, are our own, chosen by eye.
_RELIEF_PX, _RELIEF_M = 512, 36_000.0  # of the tile that repeats
_BLOCK_PX = 8  # of the relief, whose tallest cloud is known
_SKIN_PX, _SKIN_M = 512, 5_000.0
_SKIN_DEEP_M = 150.0  # by which billows of the skin stand out or lie in
_SKIN_FADES_M = 14_000.0  # from the eye, where cells of the table are as wide as the finest billows
_SOFT_M = 45.0  # below the skin, within which clouds grow dense
_STEP_M, _LEAST_STEPS, _MOST_STEPS = 80.0, 20, 64  # along rays through the layer
# Middles and lengths of the steps from a place in a cloud toward the sun; beyond two the skin does not matter.
_TO_SUN_M = ((30.0, 60.0), (110.0, 100.0), (280.0, 240.0), (600.0, 400.0))
# Light that is scattered many times: octaves of less and less extinction (M. Wrenninge, C. Kulla and V. Lundqvist,
# "Oz: The Great and Volumetric", SIGGRAPH Talks 2013); thick clouds give back 0.7 to 0.8 of the light.
_OCTAVES = ((0.42, 0.7), (0.33, 0.16), (0.25, 0.035))
_WHITE = 0.78
_SKY_BELOW, _SKY_ABOVE = 0.32, 0.30  # of the light of the sky: at the base (it comes from the ground, too), more on top


class Heaps(NamedTuple):
    """Clouds in the cells of a sky table, (ROWS, COLUMNS) each.

    Attributes:
        opacity: of all clouds in the way, 0 to 1.
        sunlit: radiance of what is met by sunlight, per lux that comes from the sun above the clouds, times pi.
        skylit: the same per lux of the clear sky.
        above_m: metres of cloud above its base where the ray enters the layer.
    """

    opacity: F32
    sunlit: F32
    skylit: F32
    above_m: F32


def _relief(oktas: float, seed: int) -> tuple[F32, float]:
    """(P, P) heights of the clouds above their bases in metres, a tile; and that of the tallest clouds."""
    covered = float(np.clip(oktas / 8, 0.002, 0.998))
    field = _relief_field(seed)
    excess = np.clip((field - np.quantile(field[::4, ::4], 1 - covered)) / 1.6, 0.0, 1.0)
    tall = TALL_M * (1.0 - 0.55 * covered)
    return (tall * excess**0.7).astype(np.float32), tall


@lru_cache(maxsize=4)
def _relief_field(seed: int) -> NDArray[np.float64]:
    """(P, P) tileable field of round heads on broad cells."""
    rng = generator(seed, "heaps")
    cells = spectral_noise(_RELIEF_PX, rng, slope=4.2, low_cut=8.0)
    heads = 0.8 - np.abs(spectral_noise(_RELIEF_PX, rng, slope=3.6, low_cut=26.0))  # folds: round tops, sharp dips
    return np.asarray(cells + 0.34 * heads)


@lru_cache(maxsize=4)
def _skin(seed: int) -> F32:
    """(S, S) tileable billows, about -1 to 1: round outside, sharp between them."""
    rng = generator(seed, "billows")
    octaves = ((0.6, 3.4, 8.0), (0.35, 3.0, 22.0), (0.2, 2.6, 60.0))
    billows = [part * (0.8 - np.abs(spectral_noise(_SKIN_PX, rng, slope=s, low_cut=cut))) for part, s, cut in octaves]
    return np.asarray(sum(billows), np.float32)


def heaps(oktas: float, sun_direction: Any, directions: F32, seed: int) -> Heaps:
    """Clouds as they are seen from the ground.

    Args:
        oktas: cloud cover. sun_direction: (3,) unit vector toward the sun. directions: (ROWS, COLUMNS, 3)
            of the cells. seed: of the shapes.
    """
    (relief, tall), skin = _relief(oktas, seed), _skin(seed)
    # Around a block, too: rays look no farther than there.
    blocks = relief.reshape(_RELIEF_PX // _BLOCK_PX, _BLOCK_PX, -1, _BLOCK_PX).max((1, 3))
    tallest = np.max([np.roll(blocks, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=0)
    sun = np.asarray(sun_direction, np.float32)
    out = Heaps(*(np.zeros(directions.shape[:2], np.float32) for _ in Heaps._fields))

    def rows(start: int, stop: int) -> None:
        march(relief, tallest, skin, np.float32(tall), sun, directions, out, start, stop)

    parallel_for(rows, len(directions), chunk=8)
    opacity, sunlit, skylit, above_m = (_smooth(layer) for layer in out)
    met: F32 = np.maximum(opacity, np.float32(1e-6))
    return Heaps(opacity, np.divide(sunlit, met), np.divide(skylit, met), above_m)


def _smooth(layer: F32) -> F32:
    """A layer (ROWS, COLUMNS) without the grain that the places of the steps have."""
    import cv2

    wide = cv2.copyMakeBorder(layer, 0, 0, 4, 4, cv2.BORDER_WRAP)
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), 0.7)[:, 4:-4])


@kernel(inline=True)
def between(tile, x, y):
    """Tile (N, N) at cell (x, y), bilinear, repeated."""
    cells = tile.shape[0]
    fx, fy = math.floor(x), math.floor(y)
    u, v = x - fx, y - fy
    x0, y0 = np.int32(fx) & (cells - 1), np.int32(fy) & (cells - 1)
    x1, y1 = (x0 + 1) & (cells - 1), (y0 + 1) & (cells - 1)
    low = tile[y0, x0] + u * (tile[y0, x1] - tile[y0, x0])
    high = tile[y1, x0] + u * (tile[y1, x1] - tile[y1, x0])
    return low + v * (high - low)


@kernel(inline=True)
def height(relief, x, y):
    """Metres of cloud above the base at a place."""
    cell = np.float32(_RELIEF_PX / _RELIEF_M)
    return between(relief, x * cell, y * cell)


@kernel(inline=True)
def dense(deep):
    """Density of a cloud so many metres below its skin, 0 to 1."""
    return min(max(deep * np.float32(1 / _SOFT_M), ZERO), ONE)


@kernel(inline=True)
def density(relief, skin, x, y, z, bumps):
    """Density at a place: the relief's, out of whose skin billows stand by up to `bumps` metres.

    Two skins that lean different ways make billows that change with the height, too.
    """
    top = height(relief, x, y)
    if top <= ZERO or z > top + bumps or z < ZERO:
        return ZERO
    cell = np.float32(_SKIN_PX / _SKIN_M)
    one = between(skin, (x + np.float32(0.8) * z) * cell, (y - np.float32(0.6) * z) * cell)
    other = between(skin, (y - np.float32(0.7) * z) * cell, (x - np.float32(0.9) * z) * cell)
    rough = bumps * (np.float32(0.6) * (one + other) - HALF)
    flat = min(z * np.float32(1 / 150.0) + np.float32(0.25), ONE)  # bases are
    return dense(min(top - z + rough * flat, top))


@kernel(inline=True)
def lit(relief, skin, x, y, z, bumps, sun):
    """Share of sunlight that comes to a place in a cloud, straight or scattered many times."""
    depth = ZERO
    for k in range(len(_TO_SUN_M)):
        far, step = np.float32(_TO_SUN_M[k][0]), np.float32(_TO_SUN_M[k][1] * EXTINCTION_1_M)
        px, py, pz = x + far * sun[0], y + far * sun[1], z + far * sun[2]
        if k < 2:
            depth += step * density(relief, skin, px, py, pz, bumps)
        elif pz >= ZERO:
            soft = np.float32(0.5 / _TO_SUN_M[k][1])  # part of the step is in the cloud
            depth += step * min(max(HALF + (height(relief, px, py) - pz) * soft, ZERO), ONE)
    light = ZERO
    for k in range(len(_OCTAVES)):
        light += np.float32(_OCTAVES[k][0]) * math.exp(-depth * np.float32(_OCTAVES[k][1]))
    return light


@kernel
def march(relief, tallest, skin, tall, sun, directions, out, start, stop):
    """Fill rows `start` to `stop` of Heaps, light multiplied by the opacity.

    `tallest` (P / 8, P / 8) is the height of the tallest cloud in a block of the relief and its neighbours; the
    others are as in `heaps`.
    """
    last, block = tallest.shape[0] - 1, np.float32(_RELIEF_PX / _RELIEF_M / _BLOCK_PX)
    for row in range(start, stop):
        rise = directions[row, 0, 2] + np.float32(HORIZON_RISE)
        way, enter = tall / rise, np.float32(BASE_M) / rise
        steps = min(max(np.int32(way / np.float32(_STEP_M)), _LEAST_STEPS), _MOST_STEPS)
        step = way / np.float32(steps)
        bumps = np.float32(_SKIN_DEEP_M) * math.exp(-enter / np.float32(_SKIN_FADES_M))
        for column in range(directions.shape[1]):
            dx, dy = directions[row, column, 0], directions[row, column, 1]
            jitter = uniform(hash4(row, column, 0, 0)[0])
            left, sunlit, skylit = ONE, ZERO, ZERO
            for k in range(steps):
                far = (np.float32(k) + jitter) * step
                x, y, z = (enter + far) * dx, (enter + far) * dy, far * rise
                most = tallest[np.int32(math.floor(y * block)) & last, np.int32(math.floor(x * block)) & last]
                if most <= ZERO or z > most + bumps:
                    continue
                here = density(relief, skin, x, y, z, bumps)
                if here <= ZERO:
                    continue
                met = left * (ONE - math.exp(-np.float32(EXTINCTION_1_M) * step * here))
                left -= met
                sunlit += met * lit(relief, skin, x, y, z, bumps, sun)
                skylit += met * (np.float32(_SKY_BELOW) + np.float32(_SKY_ABOVE) * min(z / (HALF * tall), ONE))
                if left < np.float32(0.03):
                    break
            out.opacity[row, column], out.above_m[row, column] = ONE - left, height(relief, enter * dx, enter * dy)
            out.sunlit[row, column], out.skylit[row, column] = np.float32(_WHITE) * sunlit, skylit
