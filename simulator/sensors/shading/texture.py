"""Texture look-up in kernels: trilinear in mip-mapped, tiled images."""

from __future__ import annotations

import math

import numpy as np

from simulator.numerics.jit import kernel
from simulator.sensors.shading.mips import SRGB_TO_LINEAR
from simulator.sensors.shading.vector import HALF, ONE, ZERO

BYTE = np.float32(1 / 255)


@kernel
def bilinear(levels, texels, level, u, v):  # type: ignore[no-untyped-def]
    """Linear r, g, b and alpha 0..1 of mip `level` (row of `levels`) at texture coordinates u, v."""
    width, height, offset = levels[level].width, levels[level].height, levels[level].offset
    x = (u - np.float32(math.floor(u))) * np.float32(width) - HALF
    y = (np.float32(math.ceil(v)) - v) * np.float32(height) - HALF
    column, row = np.int32(math.floor(x)), np.int32(math.floor(y))
    s, t = x - np.float32(column), y - np.float32(row)
    # sizes are powers of two: the mask wraps
    c0, c1 = column & (width - 1), (column + 1) & (width - 1)
    r0, r1 = row & (height - 1), (row + 1) & (height - 1)
    red, green, blue, alpha = ZERO, ZERO, ZERO, ZERO
    for corner in range(4):
        right, down = corner & 1, corner >> 1
        place = offset + (r1 if down else r0) * width + (c1 if right else c0)
        w = (s if right else ONE - s) * (t if down else ONE - t)
        red += w * SRGB_TO_LINEAR[texels[place, 0]]
        green += w * SRGB_TO_LINEAR[texels[place, 1]]
        blue += w * SRGB_TO_LINEAR[texels[place, 2]]
        alpha += w * np.float32(texels[place, 3])
    return red, green, blue, alpha * BYTE


@kernel
def trilinear(textures, levels, texels, texture, u, v, width):  # type: ignore[no-untyped-def]
    """Linear r, g, b and alpha 0..1 of a texture (row of `textures`); `width` is the footprint in repeats."""
    info = textures[texture]
    lod = math.log2(max(width * info.size, np.float32(1e-6)))
    lod = min(max(lod, ZERO), np.float32(info.levels - 1))
    fine = np.int32(lod)
    blend = lod - np.float32(fine)
    level = info.first_level + fine
    r, g, b, a = bilinear(levels, texels, level, u, v)
    if blend > np.float32(0.02):
        r1, g1, b1, a1 = bilinear(levels, texels, level + 1, u, v)
        r, g = r + blend * (r1 - r), g + blend * (g1 - g)
        b, a = b + blend * (b1 - b), a + blend * (a1 - a)
    return r, g, b, a
