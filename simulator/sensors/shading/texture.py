"""Texture look-up in kernels: trilinear in mip-mapped, tiled images."""

from __future__ import annotations

import math

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_int, record
from simulator.numerics.simd import floor
from simulator.sensors.shading.mips import SRGB_TO_LINEAR
from simulator.sensors.shading.vector import HALF, ONE, ZERO

BYTE = np.float32(1 / 255)


@kernel(inline=True)
def bilinear(level, texels, u, v):
    """Linear r, g, b and alpha 0..1 of a mip `level` (LEVEL_DTYPE record) at texture coordinates u, v."""
    width, height = level.width, level.height
    x = (u - floor(u)) * np.float32(width) - HALF
    y = (-v - floor(-v)) * np.float32(height) - HALF
    column, row = np.int32(floor(x)), np.int32(floor(y))
    s, t = x - np.float32(column), y - np.float32(row)
    # sizes are powers of two: the mask wraps
    c0, c1 = column & (width - 1), (column + 1) & (width - 1)
    r0, r1 = level.offset + (row & (height - 1)) * width, level.offset + ((row + 1) & (height - 1)) * width
    r, g, b, a = weighed(texels, r0 + c0, (ONE - s) * (ONE - t))
    red, green, blue, alpha = r, g, b, a
    r, g, b, a = weighed(texels, r0 + c1, s * (ONE - t))
    red, green, blue, alpha = red + r, green + g, blue + b, alpha + a
    r, g, b, a = weighed(texels, r1 + c0, (ONE - s) * t)
    red, green, blue, alpha = red + r, green + g, blue + b, alpha + a
    r, g, b, a = weighed(texels, r1 + c1, s * t)
    return red + r, green + g, blue + b, (alpha + a) * BYTE


@kernel(inline=True)
def weighed(texels, place, weight):
    """A texel's linear r, g, b, and its alpha 0..255, times a weight; `texels` is a pointer to bytes."""
    texel = load_int(texels, np.int64(place) << 2)
    red, green = SRGB_TO_LINEAR[texel & 255], SRGB_TO_LINEAR[(texel >> 8) & 255]
    blue, alpha = SRGB_TO_LINEAR[(texel >> 16) & 255], np.float32((texel >> 24) & 255)
    return weight * red, weight * green, weight * blue, weight * alpha


@kernel(inline=True)
def level_at(info, width):
    """Mip level, 0 the finest, of a texture (TEXTURE_DTYPE record) for a footprint of so many repeats; float32."""
    level = math.log2(max(width * info.size, np.float32(1e-6)))
    return min(max(level, ZERO), np.float32(info.levels - 1))


@kernel
def trilinear(info, levels, texels, u, v, width):
    """Linear r, g, b and alpha 0..1 of a texture (TEXTURE_DTYPE record); `width` is the footprint in repeats.

    `levels` and `texels` are pointers to those of `Tables`.
    """
    lod = level_at(info, width)
    fine = np.int32(lod)
    blend = lod - np.float32(fine)
    r, g, b, a = bilinear(record(levels, info.first_level + fine), texels, u, v)
    if blend > np.float32(0.02):
        r1, g1, b1, a1 = bilinear(record(levels, info.first_level + fine + 1), texels, u, v)
        r, g = r + blend * (r1 - r), g + blend * (g1 - g)
        b, a = b + blend * (b1 - b), a + blend * (a1 - a)
    return r, g, b, a
