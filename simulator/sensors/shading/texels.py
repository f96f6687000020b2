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
    lowest,
    maximum,
    minimum,
    select,
    splat,
    splat_int,
    subtract,
    truncate,
    without_lowest,
)
from simulator.sensors.shading.eights import BETWEEN, BYTE, FOOTPRINT, LEVEL, ROUND, SLOT, TEXELS, TEXTURE, UV
from simulator.sensors.shading.vector import HALF, ONE, ZERO


@kernel(inline=True)
def level_number(image, footprint):
    """Row of `levels` whose texels are about as wide as a footprint in repeats of an `image` (TEXTURE_DTYPE record)."""
    fine = (float_bits(footprint * image.size * ROUND) >> 23) - 127
    return image.first_level + min(max(fine, 0), image.levels - 1)


@kernel(inline=True)
def choose_levels(rows, textured, tables):
    """Write to `LEVEL` the mip levels of lanes `textured` (bits), for `fetch_texels`; of the others a single texel."""
    store(rows, LEVEL, splat(ONE))
    store(rows, LEVEL + 8, splat(ONE))
    store_ints(rows, LEVEL + 16, splat_int(np.int32(0)))
    while textured != 0:
        k = lowest(textured)
        textured = without_lowest(textured)
        matter = record(tables.materials, tables.slots[load_int(rows, SLOT + k)])
        image = record(tables.textures, matter.texture)
        level = record(tables.levels, level_number(image, load_float(rows, FOOTPRINT + k)))
        store_float(rows, LEVEL + k, np.float32(level.width))
        store_float(rows, LEVEL + 8 + k, np.float32(level.height))
        store_int(rows, LEVEL + 16 + k, -level.offset)


@kernel(inline=True)
def fetch_texels(rows, texels):
    """Write the four texels of its `LEVEL` about each lane's texture coordinates, and how these lie among them."""
    wide, high, before = load(rows, LEVEL), load(rows, LEVEL + 8), load_ints(rows, LEVEL + 16)
    column, s = texel_before(load(rows, UV), wide)
    row, t = texel_before(-load(rows, UV + 8), high)
    store(rows, BETWEEN, s)
    store(rows, BETWEEN + 8, t)
    # Numbers of texels within a level are exact in float32 up to 2^24.
    none = splat(ZERO)
    left, right = select(column < none, column + wide, column), column + ONE
    above, below = select(row < none, row + high, row) * wide, row + ONE
    right, below = select(right < wide, right, none), select(below < high, below, none) * wide
    store_ints(rows, TEXELS, load_each(texels, 0, subtract(truncate(above + left), before)))
    store_ints(rows, TEXELS + 8, load_each(texels, 0, subtract(truncate(above + right), before)))
    store_ints(rows, TEXELS + 16, load_each(texels, 0, subtract(truncate(below + left), before)))
    store_ints(rows, TEXELS + 24, load_each(texels, 0, subtract(truncate(below + right), before)))


@kernel(inline=True)
def texel_before(place, size):
    """(number of the last texel whose centre is not beyond a repeating coordinate, from -1 on, how far beyond it)."""
    x = (place - floor(place)) * size - HALF
    number = minimum(maximum(floor(x), splat(-ONE)), size - ONE)  # of what is not finite, too
    return number, x - number


@kernel(inline=True)
def linear(code):
    """Linear light of sRGB codes 0 ... 1, lane by lane, to 0.2 % (IEC 61966-2-1; its power as a polynomial)."""
    high = code * (code * np.float32(0.09824313) - np.float32(0.32784766)) + np.float32(0.67937353)
    high = code * (code * high + np.float32(0.51682389)) + np.float32(0.03288424)
    return select(code > splat(np.float32(0.04045)), code * high + np.float32(0.00091759), code * np.float32(1 / 12.92))


@kernel(inline=True)
def mix_texels(rows):
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
