"""From the hits of one view to its picture: the light of sun and sky on what was hit, what shines, and the air between.

The same materials, skies and tone curve as our cameras, without their secondary rays: what of the sky a triangle sees
is known beforehand, and mirrors show the sky alone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.simd import float_bits
from simulator.raycast.ensemble import FACE_BITS, PLACED
from simulator.scene.classes import class_id
from simulator.sensors.shading.mips import SRGB_TO_LINEAR
from simulator.sensors.shading.surface import (
    ASPHALT,
    CONCRETE,
    FULL_FILM_M,
    LANE,
    LIT_WINDOWS,
    MARKING,
    OTHER,
    PUDDLE_FILM_M,
    SNOW_HIDES_M,
    SOIL,
    WATER,
    WET_INTERNAL,
    WINDOWS,
    lit,
)
from simulator.sensors.shading.vector import HALF, ONE, TWO, ZERO, clamp01, mirrored, step
from simulator.sensors.worlds.facets import NORMAL
from simulator.sensors.worlds.light import (
    CODE,
    EXTINCTION,
    FILM,
    GROUND,
    HARMONICS,
    SCALE,
    SNOW,
    SUN,
    SUN_COSINE,
    SUN_DISC,
    SUN_LIGHT,
    turn_of,
)

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

SKY = np.uint8(class_id("sky"))
BY_NORMAL = np.float32(1 / NORMAL)
BYTE = np.float32(1 / 255)
F0 = np.float32(0.04)
FACE, SLOT = np.int32((1 << FACE_BITS) - 1), np.int32((PLACED >> FACE_BITS) - 1)
NARROWEST = np.float32(0.02)  # cosine at which a footprint is longest
ROUND = np.float32(math.sqrt(2.0))  # log2 is rounded, not cut


class Looks(NamedTuple):
    """How everything looks, for kernels.

    Attributes:
        facets: FACET_DTYPE of what stands, then of all levels. first_facet: (L,) first one of each level.
        matter: MATTER_DTYPE. mips: LEVEL_DTYPE. texels: (T, 4) uint8.
    """

    facets: NDArray[np.void]
    first_facet: I32
    matter: NDArray[np.void]
    mips: NDArray[np.void]
    texels: NDArray[np.uint8]


@kernel(inline=True)
def dome_cell(dome, x, y, z):  # type: ignore[no-untyped-def]
    """Row and column of `Lights.dome` in a unit direction with z >= 0."""
    size = dome.shape[0]
    scale = HALF * np.float32(size) / (ONE + z)
    middle = HALF * np.float32(size)
    return min(np.int32(x * scale + middle), size - 1), min(np.int32(y * scale + middle), size - 1)


@kernel(inline=True)
def matt_light(h, x, y, z, channel):  # type: ignore[no-untyped-def]
    """Radiance that sky and ground give a white matt surface of normal (x, y, z); h is `Lights.numbers`."""
    k = HARMONICS + channel
    linear = np.float32(0.282095) * h[k] + np.float32(0.488603) * (y * h[k + 3] + z * h[k + 6] + x * h[k + 9])
    square = np.float32(1.092548) * (y * (x * h[k + 12] + z * h[k + 15]) + x * z * h[k + 21])
    square += np.float32(0.315392) * (np.float32(3) * z * z - ONE) * h[k + 18]
    return max(linear + square + np.float32(0.546274) * (x * x - y * y) * h[k + 24], ZERO)


@kernel
def shade(seen, table, lengths, pose, looks, placed, rows, signals, numbers, dome, air, codes, on, spread, out):  # type: ignore[no-untyped-def]
    """Write the picture of one view.

    Args:
        seen: Seen of its P rays. table: (3 P,) directions in the camera's frame. lengths: (P,) of them.
        pose: (3, 4) from the camera's frame to the scene's.
        looks: Looks. placed: (actors, levels, matrices) of those placed for this view (see `ensemble.Room`).
        rows: (A,) records of the world's actors with `lamps`. signals: (S,) uint32 switches.
        numbers, dome, air, codes, on: rows of `Lights`.
        spread: of a pixel at 1 m.
        out: rgb (P, 3) uint8, segmentation (P,) uint8, depth (P,) float32, or (0,) if it is not wanted.
    """
    t, triangles, us, vs = seen
    facets, first_facet, matter, mips, texels = looks
    actors, levels, matrices = placed
    rgb, segmentation, depth = out
    wants_depth = depth.shape[0] > 0
    sx, sy, sz = numbers[SUN], numbers[SUN + 1], numbers[SUN + 2]
    sr, sg, sb = numbers[SUN_LIGHT], numbers[SUN_LIGHT + 1], numbers[SUN_LIGHT + 2]
    extinction, film, snow = numbers[EXTINCTION], numbers[FILM], numbers[SNOW]
    scale_r, scale_g, scale_b = numbers[SCALE], numbers[SCALE + 1], numbers[SCALE + 2]
    code, last = numbers[CODE], codes.shape[0] - 1
    for i in range(triangles.shape[0]):
        a, b, c = table[3 * i], table[3 * i + 1], table[3 * i + 2]
        by = ONE / lengths[i]
        dx = (pose[0, 0] * a + pose[0, 1] * b + pose[0, 2] * c) * by
        dy = (pose[1, 0] * a + pose[1, 1] * b + pose[1, 2] * c) * by
        dz = (pose[2, 0] * a + pose[2, 1] * b + pose[2, 2] * c) * by
        triangle = triangles[i]
        if wants_depth:
            depth[i] = t[i]
        if triangle < 0:
            segmentation[i] = SKY
            if dz > ZERO:
                row, column = dome_cell(dome, dx, dy, dz)
                r, g, b_ = dome[row, column, 0], dome[row, column, 1], dome[row, column, 2]
                if dx * sx + dy * sy + dz * sz > numbers[SUN_COSINE]:
                    r, g, b_ = r + numbers[SUN_DISC], g + numbers[SUN_DISC], b_ + numbers[SUN_DISC]
            else:
                r, g, b_ = numbers[GROUND], numbers[GROUND + 1], numbers[GROUND + 2]
                cell = np.int32(turn_of(dx, dy) * np.float32(air.shape[0])) & (air.shape[0] - 1)
                through = math.exp(-extinction * np.float32(500.0))
                r = air[cell, 0] + through * (r - air[cell, 0])
                g = air[cell, 1] + through * (g - air[cell, 1])
                b_ = air[cell, 2] + through * (b_ - air[cell, 2])
        else:
            distance = t[i] * lengths[i]
            turned = triangle >= PLACED
            switches = on
            k = np.int32(0)
            if turned:
                k = (triangle >> FACE_BITS) & SLOT
                facet = facets[first_facet[levels[k]] + (triangle & FACE)]
                switches |= rows[actors[k]].lamps
            else:
                facet = facets[triangle]
                if facet.signal >= 0:
                    switches |= signals[facet.signal]
            segmentation[i] = facet.semantic
            u, v = us[i], vs[i]
            w = ONE - u - v
            nx = (w * np.float32(facet.ax) + u * np.float32(facet.bx) + v * np.float32(facet.cx)) * BY_NORMAL
            ny = (w * np.float32(facet.ay) + u * np.float32(facet.by) + v * np.float32(facet.cy)) * BY_NORMAL
            nz = (w * np.float32(facet.az) + u * np.float32(facet.bz) + v * np.float32(facet.cz)) * BY_NORMAL
            if turned:
                m = matrices[k]
                nx, ny, nz = (
                    m[0] * nx + m[1] * ny + m[2] * nz,
                    m[4] * nx + m[5] * ny + m[6] * nz,
                    m[8] * nx + m[9] * ny + m[10] * nz,
                )
            by = ONE / math.sqrt(max(nx * nx + ny * ny + nz * nz, np.float32(1e-12)))
            facing = (nx * dx + ny * dy + nz * dz) * by
            if facing > ZERO:
                by, facing = -by, -facing
            nx, ny, nz = nx * by, ny * by, nz * by

            what = matter[facet.material]
            r, g, b_ = what.red, what.green, what.blue
            coat, alpha = what.coat, ONE
            tu, tv = ZERO, ZERO
            if what.first_level >= 0:
                tu = w * facet.au + u * facet.bu + v * facet.cu
                tv = w * facet.av + u * facet.bv + v * facet.cv
                width = spread * distance * facet.density * what.size * ROUND
                width /= math.sqrt(max(-facing, NARROWEST))
                level = what.first_level + min(max((float_bits(width) >> 23) - 127, 0), what.levels - 1)
                mip = mips[level]
                # Sides are powers of two: the mask wraps.
                column = np.int32(math.floor(tu * np.float32(mip.width))) & (mip.width - 1)
                row = np.int32(math.floor(-tv * np.float32(mip.height))) & (mip.height - 1)
                texel = np.int64(mip.offset) + row * mip.width + column
                r *= SRGB_TO_LINEAR[texels[texel, 0]]
                g *= SRGB_TO_LINEAR[texels[texel, 1]]
                b_ *= SRGB_TO_LINEAR[texels[texel, 2]]
                if what.panes != 0:
                    alpha = np.float32(texels[texel, 3]) * BYTE
                    coat = ONE if alpha > HALF else coat
            if film > ZERO and what.surface != OTHER and what.surface < WATER and nz > np.float32(0.6):
                wetness = clamp01(film / FULL_FILM_M)
                kept = np.float32(0.98) * (ONE - WET_INTERNAL)
                r += wetness * (kept * r / (ONE - WET_INTERNAL * r) - r)
                g += wetness * (kept * g / (ONE - WET_INTERNAL * g) - g)
                b_ += wetness * (kept * b_ / (ONE - WET_INTERNAL * b_) - b_)
                if what.surface != SOIL:
                    coat = wetness * (np.float32(0.35) + HALF * clamp01(film / PUDDLE_FILM_M))
            if snow > ZERO and nz > np.float32(0.3):
                cover = (ONE - math.exp(-snow / SNOW_HIDES_M)) * step(np.float32(0.35), np.float32(0.75), nz)
                if turned:
                    cover *= HALF
                r += cover * (np.float32(0.83) - r)
                g += cover * (np.float32(0.85) - g)
                b_ += cover * (np.float32(0.88) - b_)
                coat *= ONE - cover

            toward = nx * sx + ny * sy + nz * sz
            sun = toward if toward > ZERO else -toward * what.translucency
            opening = np.float32(facet.open) * BYTE
            r *= opening * matt_light(numbers, nx, ny, nz, 0) + sun * sr
            g *= opening * matt_light(numbers, nx, ny, nz, 1) + sun * sg
            b_ *= opening * matt_light(numbers, nx, ny, nz, 2) + sun * sb
            if coat > ZERO:
                edge = ONE + facing
                edge *= edge * edge * edge * edge
                share = coat * (F0 + (ONE - F0) * edge)
                mx, my, mz = mirrored(dx, dy, dz, nx, ny, nz)
                r, g, b_ = r * (ONE - share), g * (ONE - share), b_ * (ONE - share)
                share *= opening
                if mz >= ZERO:
                    row, column = dome_cell(dome, mx, my, mz)
                    r, g = r + share * dome[row, column, 0], g + share * dome[row, column, 1]
                    b_ += share * dome[row, column, 2]
                else:
                    r, g, b_ = r + share * numbers[GROUND], g + share * numbers[GROUND + 1], b_ + share * numbers[GROUND + 2]
            if what.glow_g + what.glow_r > ZERO:
                glow = lit(switches, what.switch, what.panes != 0, facet.instance, tu, tv, alpha)
                r += what.glow_r * glow[0] * scale_r
                g += what.glow_g * glow[1] * scale_g
                b_ += what.glow_b * glow[2] * scale_b
            haze = extinction * distance
            if haze > np.float32(2e-3):
                cell = np.int32(turn_of(dx, dy) * np.float32(air.shape[0])) & (air.shape[0] - 1)
                through = math.exp(-haze)
                r = air[cell, 0] + through * (r - air[cell, 0])
                g = air[cell, 1] + through * (g - air[cell, 1])
                b_ = air[cell, 2] + through * (b_ - air[cell, 2])
        rgb[i, 0] = codes[min(np.int32(math.sqrt(r) * code + HALF), last)]
        rgb[i, 1] = codes[min(np.int32(math.sqrt(g) * code + HALF), last)]
        rgb[i, 2] = codes[min(np.int32(math.sqrt(b_) * code + HALF), last)]
