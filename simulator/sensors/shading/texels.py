"""Textures of eight pixels side by side: their four nearest texels of one mip level each, and what lies between."""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    load,
    load_each,
    load_float,
    load_int,
    load_ints,
    record,
    store,
    store_float,
    store_int,
    store_ints,
)
from simulator.numerics.simd import (
    byte_of,
    float_bits,
    floor,
    maximum,
    minimum,
    select,
    splat,
    truncate,
)
from simulator.sensors.shading.eights import BETWEEN, BYTE, FOOTPRINT, ROUND, TEXELS, TEXTURE, UV
from simulator.sensors.shading.vector import HALF, ONE, ZERO


@kernel(inline=True)
def within(x):  # type: ignore[no-untyped-def]
    """What of x lies above the greatest whole number that is not greater (math.floor would be a call)."""
    part = x - np.float32(np.int32(x))
    return part + ONE if part < ZERO else part


@kernel(inline=True)
def level_number(image, footprint):  # type: ignore[no-untyped-def]
    """Row of `levels` whose texels are about as wide as a footprint in repeats of an `image` (TEXTURE_DTYPE record)."""
    fine = (float_bits(footprint * image.size * ROUND) >> 23) - 127
    return image.first_level + min(max(fine, 0), image.levels - 1)


@kernel(inline=True)
def fetch_texels(rows, k, image, levels, texels):  # type: ignore[no-untyped-def]
    """Write the four texels about lane k's texture coordinates, and how these lie among them.

    `image` is a TEXTURE_DTYPE record, `levels` and `texels` point to those of Tables.
    """
    u, v = load_float(rows, UV + k), load_float(rows, UV + 8 + k)
    level = record(levels, level_number(image, load_float(rows, FOOTPRINT + k)))
    wide, high = level.width, level.height
    x, y = within(u) * np.float32(wide) - HALF, within(-v) * np.float32(high) - HALF
    column, row = np.int32(x + ONE) - np.int32(1), np.int32(y + ONE) - np.int32(1)
    store_float(rows, BETWEEN + k, x - np.float32(column))
    store_float(rows, BETWEEN + 8 + k, y - np.float32(row))
    # sizes are powers of two: the mask wraps
    left, right = column & (wide - 1), (column + 1) & (wide - 1)
    above = level.offset + (row & (high - 1)) * wide
    below = level.offset + ((row + 1) & (high - 1)) * wide
    store_int(rows, TEXELS + k, load_int(texels, np.int64(above + left) << 2))
    store_int(rows, TEXELS + 8 + k, load_int(texels, np.int64(above + right) << 2))
    store_int(rows, TEXELS + 16 + k, load_int(texels, np.int64(below + left) << 2))
    store_int(rows, TEXELS + 24 + k, load_int(texels, np.int64(below + right) << 2))


@kernel(inline=True)
def fetch_eight(rows, level, texels):  # type: ignore[no-untyped-def]
    """`fetch_texels` for eight lanes of one level (LEVEL_DTYPE record) at once."""
    wide, high = np.float32(level.width), np.float32(level.height)
    column, s = texel_before(load(rows, UV), wide)
    row, t = texel_before(-load(rows, UV + 8), high)
    store(rows, BETWEEN, s)
    store(rows, BETWEEN + 8, t)
    # Numbers of texels are exact in float32 up to 2^24.
    none = splat(ZERO)
    left, right = select(column < none, column + wide, column), column + ONE
    above, below = select(row < none, row + high, row) * wide, row + ONE
    right, below = select(right < splat(wide), right, none), select(below < splat(high), below, none) * wide
    store_ints(rows, TEXELS, load_each(texels, level.offset, truncate(above + left)))
    store_ints(rows, TEXELS + 8, load_each(texels, level.offset, truncate(above + right)))
    store_ints(rows, TEXELS + 16, load_each(texels, level.offset, truncate(below + left)))
    store_ints(rows, TEXELS + 24, load_each(texels, level.offset, truncate(below + right)))


@kernel(inline=True)
def texel_before(place, size):  # type: ignore[no-untyped-def]
    """(number of the last texel whose centre is not beyond a repeating coordinate, from -1 on, how far beyond it)."""
    x = (place - floor(place)) * size - HALF
    number = minimum(maximum(floor(x), splat(-ONE)), splat(size - ONE))  # of what is not finite, too
    return number, x - number


@kernel(inline=True)
def linear(code):  # type: ignore[no-untyped-def]
    """Linear light of sRGB codes 0 ... 1, lane by lane, to 0.2 % (IEC 61966-2-1; its power as a polynomial)."""
    high = code * (code * np.float32(0.09824313) - np.float32(0.32784766)) + np.float32(0.67937353)
    high = code * (code * high + np.float32(0.51682389)) + np.float32(0.03288424)
    return select(code > splat(np.float32(0.04045)), code * high + np.float32(0.00091759), code * np.float32(1 / 12.92))


@kernel(inline=True)
def mix_texels(rows):  # type: ignore[no-untyped-def]
    """Write colour and alpha between the four texels of each lane."""
    s, t = load(rows, BETWEEN), load(rows, BETWEEN + 8)
    a, b = load_ints(rows, TEXELS), load_ints(rows, TEXELS + 8)
    c, d = load_ints(rows, TEXELS + 16), load_ints(rows, TEXELS + 24)
    for channel in range(4):
        upper, lower = byte_of(a, channel), byte_of(c, channel)
        upper = upper + s * (byte_of(b, channel) - upper)
        lower = lower + s * (byte_of(d, channel) - lower)
        code = (upper + t * (lower - upper)) * BYTE
        store(rows, TEXTURE + 8 * channel, code if channel == 3 else linear(code))
