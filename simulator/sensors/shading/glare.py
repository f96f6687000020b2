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


@kernel(inline=True)
def bounded(radiance, y, x, limit):
    """A pixel's red, green and blue, dimmed so that none is above the limit."""
    red, green, blue = radiance[y, x, 0], radiance[y, x, 1], radiance[y, x, 2]
    peak = max(red, max(green, blue))
    scale = limit / peak if peak > limit else ONE
    return scale * red, scale * green, scale * blue


@kernel
def shrink(start, stop, radiance, limit, side, base):
    """Rows `start:stop` of `base` (ceil(H / side), ceil(W / side), 3): means of squares of radiance (H, W, 3)."""
    last_row, last_column = radiance.shape[0] - 1, radiance.shape[1] - 1
    share = ONE / np.float32(side * side)
    for v in range(start, stop):
        for u in range(base.shape[1]):
            red, green, blue = ZERO, ZERO, ZERO
            for y in range(side * v, side * (v + 1)):
                for x in range(side * u, side * (u + 1)):
                    r, g, b = bounded(radiance, min(y, last_row), min(x, last_column), limit)
                    red, green, blue = red + r, green + g, blue + b
            base[v, u, 0], base[v, u, 1], base[v, u, 2] = share * red, share * green, share * blue


@kernel
def spread_over(start, stop, radiance, limit, side, kept, base, out):
    """Rows `start:stop` of `out`: the `kept` share of radiance (H, W, 3) and `base` of `shrink`, enlarged."""
    rows, columns = base.shape[0], base.shape[1]
    line, by = np.empty((columns, 3), np.float32), ONE / np.float32(side)
    for y in range(start, stop):
        down = max((np.float32(y) + HALF) * by - HALF, ZERO)
        v0 = min(np.int32(down), rows - 1)
        v1, t = min(v0 + 1, rows - 1), down - np.float32(v0)
        for u in range(columns):
            for k in range(3):
                line[u, k] = base[v0, u, k] + t * (base[v1, u, k] - base[v0, u, k])
        for x in range(radiance.shape[1]):
            across = max((np.float32(x) + HALF) * by - HALF, ZERO)
            u0 = np.int32(across)
            u1, s = min(u0 + 1, columns - 1), across - np.float32(u0)
            light = bounded(radiance, y, x, limit)
            for k in range(3):
                out[y, x, k] = kept * light[k] + line[u0, k] + s * (line[u1, k] - line[u0, k])


def add_glare(radiance: F32, white_cd_m2: float, focal_px: float, threads: int | None = None, side: int = 2) -> F32:
    """(H, W, 3) radiance with the light that the lens scatters.

    Args:
        radiance: (H, W, 3). white_cd_m2: saturates the picture. focal_px: of the lens. threads: to use.
        side: of the squares of pixels whose means are spread; half a side is the finest spread.
    """
    import cv2

    height, width = radiance.shape[:2]
    limit = np.float32(white_cd_m2 * BRIGHTEST)
    base = np.empty((-(-height // side), -(-width // side), 3), np.float32)
    whole = base.shape[1], base.shape[0]
    rows = partial(parallel_for, chunk=16, threads=threads)
    rows(lambda start, stop: shrink(start, stop, radiance, limit, side, base), len(base))
    spread = np.zeros_like(base)
    for pixels, share in GLARE:
        sigma = pixels * focal_px / (1000 * side)
        smaller = max(int(sigma), 1)
        size = max(whole[0] // smaller, 1), max(whole[1] // smaller, 1)
        small = base if smaller == 1 else cv2.resize(base, size, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), max(sigma / smaller, 0.5), borderType=cv2.BORDER_REPLICATE)
        large = small if smaller == 1 else cv2.resize(small, whole, interpolation=cv2.INTER_LINEAR)
        spread = cv2.scaleAdd(large, share, spread)
    kept = np.float32(1 - sum(share for _, share in GLARE))
    out = np.empty_like(radiance)
    rows(lambda start, stop: spread_over(start, stop, radiance, limit, side, kept, spread, out), height)
    return out
