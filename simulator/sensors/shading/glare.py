"""Light that the lens scatters: a share of it spreads over the picture, which very bright parts show."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.sensors.shading.vector import HALF, ONE, ZERO

F32 = NDArray[np.float32]

# Spread in pixels at 1000 px focal length, and share of the light, of three Gaussians. Their sum falls with about the
# square of the angle, like the veiling glare of CIE's 10 E / theta^2.
GLARE = ((2.0, 0.020), (8.0, 0.010), (30.0, 0.008))
BRIGHTEST = 400.0  # parts of saturation; the sun's disc, brighter by far, would drown everything
QUARTER = np.float32(0.25)


@kernel(inline=True)
def bounded(radiance, y, x, limit):
    """A pixel's red, green and blue, dimmed so that none is above the limit."""
    red, green, blue = radiance[y, x, 0], radiance[y, x, 1], radiance[y, x, 2]
    peak = max(red, max(green, blue))
    scale = limit / peak if peak > limit else ONE
    return scale * red, scale * green, scale * blue


@kernel
def shrink(start, stop, radiance, limit, half):
    """Rows `start:stop` of `half` (ceil(H / 2), ceil(W / 2), 3): means of 2 x 2 pixels of radiance (H, W, 3)."""
    last_row, last_column = radiance.shape[0] - 1, radiance.shape[1] - 1
    for v in range(start, stop):
        above, below = 2 * v, min(2 * v + 1, last_row)
        for u in range(half.shape[1]):
            left, right = 2 * u, min(2 * u + 1, last_column)
            a, b = bounded(radiance, above, left, limit), bounded(radiance, above, right, limit)
            c, d = bounded(radiance, below, left, limit), bounded(radiance, below, right, limit)
            for k in range(3):
                half[v, u, k] = QUARTER * ((a[k] + b[k]) + (c[k] + d[k]))


@kernel
def spread_over(start, stop, radiance, limit, kept, half, out):
    """Rows `start:stop` of `out`: the `kept` share of radiance (H, W, 3) and `half`, of half its size, enlarged."""
    rows, columns = half.shape[0], half.shape[1]
    line = np.empty((columns, 3), np.float32)
    for y in range(start, stop):
        down = max(np.float32(y) * HALF - QUARTER, ZERO)
        v0 = np.int32(down)
        v1, t = min(v0 + 1, rows - 1), down - np.float32(v0)
        for u in range(columns):
            for k in range(3):
                line[u, k] = half[v0, u, k] + t * (half[v1, u, k] - half[v0, u, k])
        for x in range(radiance.shape[1]):
            u0 = (x - 1) >> 1 if x > 0 else 0
            s = (np.float32(0.75) if x & 1 == 0 else QUARTER) if x > 0 else ZERO
            u1 = min(u0 + 1, columns - 1)
            light = bounded(radiance, y, x, limit)
            for k in range(3):
                out[y, x, k] = kept * light[k] + line[u0, k] + s * (line[u1, k] - line[u0, k])


def add_glare(radiance: F32, white_cd_m2: float, focal_px: float, threads: int | None = None) -> F32:
    """(H, W, 3) radiance with the light that the lens scatters; `white_cd_m2` saturates the picture."""
    import cv2

    height, width = radiance.shape[:2]
    limit = np.float32(white_cd_m2 * BRIGHTEST)
    base = np.empty((-(-height // 2), -(-width // 2), 3), np.float32)
    half = base.shape[1], base.shape[0]
    rows = partial(parallel_for, chunk=16, threads=threads)
    rows(lambda start, stop: shrink(start, stop, radiance, limit, base), len(base))
    spread = np.zeros_like(base)
    for pixels, share in GLARE:
        sigma = pixels * focal_px / 2000
        smaller = max(int(sigma), 1)
        size = max(half[0] // smaller, 1), max(half[1] // smaller, 1)
        small = base if smaller == 1 else cv2.resize(base, size, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), max(sigma / smaller, 0.5), borderType=cv2.BORDER_REPLICATE)
        large = small if smaller == 1 else cv2.resize(small, half, interpolation=cv2.INTER_LINEAR)
        spread = cv2.scaleAdd(large, share, spread)
    kept = np.float32(1 - sum(share for _, share in GLARE))
    out = np.empty_like(radiance)
    rows(lambda start, stop: spread_over(start, stop, radiance, limit, kept, spread, out), height)
    return out
