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
from simulator.numerics.memory import load_int, pointer, prefetch, record
from simulator.numerics.simd import bits_float, float_bits
from simulator.raycast.ensemble import FACE_BITS, MATRIX, PLACED
from simulator.scene.classes import class_id
from simulator.sensors.shading.air import depth_to
from simulator.sensors.shading.mips import SRGB_TO_LINEAR
from simulator.sensors.shading.surface import (
    BODY,
    FULL_FILM_M,
    OTHER,
    PUDDLE_FILM_M,
    SNOW_HIDES_M,
    SOIL,
    VEGETATION,
    WATER,
    lit,
    rained_on,
    soaking,
    wetted,
)
from simulator.sensors.shading.vector import HALF, INV_PI, ONE, ZERO, clamp01, mirrored, step
from simulator.sensors.worlds.facets import NORMAL
from simulator.sensors.worlds.light import (
    AIR,
    CODE,
    CODES,
    DARK,
    DOME,
    DRIVEN,
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
    THINNING,
    turn_of,
)
from simulator.sensors.worlds.shadow import (
    OFFSET_M,
    Bodies,
    Street,
    headlight,
    in_sun,
    raw_street,
    shaded,
    streetlight,
    sun_cell,
)

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]

SKY = np.uint8(class_id("sky"))
BY_NORMAL = np.float32(1 / NORMAL)
BYTE = np.float32(1 / 255)
F0 = np.float32(0.04)
FACE, SLOT = np.int32((1 << FACE_BITS) - 1), np.int32((PLACED >> FACE_BITS) - 1)
TOGETHER, AHEAD = 64, 12  # pixels of a pass, and those whose facets are fetched into the cache
GROUND_M = np.float32(500.0)  # distance of ground beyond the scene
LEAST_HAZE = np.float32(4e-3)  # less is no step of the picture
BRIGHTEST = np.float32(1.5)  # of what shines, in parts of saturation
SNOW_RED, SNOW_GREEN, SNOW_BLUE = np.float32(0.83), np.float32(0.85), np.float32(0.88)
NARROWEST = np.float32(0.02)  # cosine at which a footprint is longest
ROUND = np.float32(math.sqrt(2.0))  # log2 is rounded, not cut


# What is known of a pixel between the two passes over it.
POINT_DTYPE = np.dtype(
    [
        *[(name, np.float32) for name in ("dx", "dy", "dz", "nx", "ny", "nz", "facing", "distance", "tu", "tv")],
        *[(name, np.float32) for name in ("x", "y", "z")],
        ("sun_cell", np.int32),
        ("texel", np.int32),
        ("facet", np.int32),
        ("placed", np.int32),
    ]
)


class Looks(NamedTuple):
    """How everything looks, for kernels.

    Attributes:
        facets: FACET_DTYPE of what stands, then of all levels. first_facet: (L,) first one of each level.
        matter: MATTER_DTYPE. mips: LEVEL_DTYPE. texels: (T,) int32 of four bytes, red lowest.
        bodies: boxes and headlamps of the models. street: light of street lamps.
    """

    facets: NDArray[np.void]
    first_facet: I32
    matter: NDArray[np.void]
    mips: NDArray[np.void]
    texels: I32
    bodies: Bodies
    street: Street


class Pictures(NamedTuple):
    """N pictures.

    Attributes:
        rgb: (N, H, W, 3) uint8 sRGB.
        semantic: (N, H, W) uint8 class ids.
        depth: (N, H, W) float32 metres along the optical axis, inf for the sky; or (0, H, W): it is not wanted.
    """

    rgb: U8
    semantic: U8
    depth: F32


class Near(NamedTuple):
    """What near the eye matters to others, for kernels: see `gather_near`; how many there are of each."""

    casters: F32
    lamps: F32
    caster_count: int
    lamp_count: int


@kernel(inline=True)
def raw_looks(looks):
    """The tables as pointers."""
    return Looks(
        pointer(looks.facets),
        pointer(looks.first_facet),
        pointer(looks.matter),
        pointer(looks.mips),
        pointer(looks.texels),
        looks.bodies,
        raw_street(looks.street),
    )


@kernel(inline=True)
def dome_cell(x, y, z):
    """First element of the cell of `Lights.dome`, flat, in a unit direction with z >= 0."""
    half = np.float32(DOME / 2)
    scale = half / (ONE + z)
    row, column = min(np.int32(x * scale + half), DOME - 1), min(np.int32(y * scale + half), DOME - 1)
    return (row * DOME + column) * 3


@kernel(inline=True)
def matt_light(h, x, y, z, channel):
    """Radiance that sky and ground give a white matt surface of normal (x, y, z); h is `Lights.numbers`."""
    k = HARMONICS + channel
    linear = np.float32(0.282095) * h[k] + np.float32(0.488603) * (y * h[k + 3] + z * h[k + 6] + x * h[k + 9])
    square = np.float32(1.092548) * (y * (x * h[k + 12] + z * h[k + 15]) + x * z * h[k + 21])
    square += np.float32(0.315392) * (np.float32(3) * z * z - ONE) * h[k + 18]
    return max(linear + square + np.float32(0.546274) * (x * x - y * y) * h[k + 24], ZERO)


@kernel(inline=True)
def let_through(haze):
    """exp(-haze) to 1e-4, by a cubic within powers of two."""
    x = -min(haze, np.float32(80.0)) * np.float32(1.442695)
    whole = np.int32(math.floor(x))
    part = x - np.float32(whole)
    curve = ONE + part * (np.float32(0.695976) + part * (np.float32(0.224940) + part * np.float32(0.079020)))
    return curve * bits_float(np.int32((whole + 127) << 23))


@kernel(inline=True)
def wrapped(place, size):
    """The texel of so many, a power of two, at a texture coordinate."""
    return np.int32(math.floor(place * np.float32(size))) & (size - 1)


@kernel(inline=True)
def find_surface(p, facet, what, u, v, distance, spread, looks, turns):
    """Fill a POINT_DTYPE record, whose direction is known, with what a ray meets: normal, texel, coordinates.

    `turns` holds the matrices of what was placed.
    """
    w = ONE - u - v
    nx, ny, nz = np.float32(facet.ax), np.float32(facet.ay), np.float32(facet.az)
    by = BY_NORMAL
    if facet.smooth != 0:
        nx = w * nx + u * np.float32(facet.bx) + v * np.float32(facet.cx)
        ny = w * ny + u * np.float32(facet.by) + v * np.float32(facet.cy)
        nz = w * nz + u * np.float32(facet.bz) + v * np.float32(facet.cz)
        by = ONE / math.sqrt(max(nx * nx + ny * ny + nz * nz, ONE))
    if p.placed >= 0:
        m = p.placed * MATRIX
        nx, ny, nz = (
            turns[m] * nx + turns[m + 1] * ny + turns[m + 2] * nz,
            turns[m + 4] * nx + turns[m + 5] * ny + turns[m + 6] * nz,
            turns[m + 8] * nx + turns[m + 9] * ny + turns[m + 10] * nz,
        )
    facing = (nx * p.dx + ny * p.dy + nz * p.dz) * by
    if facing > ZERO:
        by, facing = -by, -facing
    p.nx, p.ny, p.nz, p.facing, p.distance = nx * by, ny * by, nz * by, facing, distance
    p.texel = -1
    if what.first_level >= 0:
        p.tu = w * facet.au + u * facet.bu + v * facet.cu
        p.tv = w * facet.av + u * facet.bv + v * facet.cv
        width = spread * distance * facet.density * what.size * ROUND
        width /= math.sqrt(max(-facing, NARROWEST))
        mip = record(looks.mips, what.first_level + min(max((float_bits(width) >> 23) - 127, 0), what.levels - 1))
        texel = mip.offset + wrapped(-p.tv, mip.height) * mip.width + wrapped(p.tu, mip.width)
        prefetch(looks.texels, texel)
        p.texel = texel


@kernel(inline=True)
def off_surface(p):
    """A place a little off the surface of a POINT_DTYPE record: what is drawn coarsely must not shade itself."""
    return p.x + OFFSET_M * p.nx, p.y + OFFSET_M * p.ny, p.z + OFFSET_M * p.nz


@kernel(inline=True)
def light_of(p, facet, what, switches, looks, numbers, dome, heights, frame, near):
    """Red, green and blue that the surface of a POINT_DTYPE record sends to the eye."""
    r, g, b, coat, alpha = what.red, what.green, what.blue, what.coat, ONE
    if p.texel >= 0:
        texel = load_int(looks.texels, p.texel)
        r *= SRGB_TO_LINEAR[texel & 255]
        g *= SRGB_TO_LINEAR[(texel >> 8) & 255]
        b *= SRGB_TO_LINEAR[(texel >> 16) & 255]
        if what.panes != 0:
            alpha = np.float32((texel >> 24) & 255) * BYTE
            coat = ONE if alpha > HALF else coat
    film, snow = numbers[FILM], numbers[SNOW]
    if film > ZERO and OTHER < what.surface < WATER and p.nz > np.float32(0.6):
        wetness = clamp01(film / FULL_FILM_M)
        if what.surface == SOIL:
            wetness *= soaking(r, g)
        r, g, b = wetted(r, wetness), wetted(g, wetness), wetted(b, wetness)
        if what.surface != SOIL:
            coat = wetness * (np.float32(0.35) + HALF * clamp01(film / PUDDLE_FILM_M))
    elif film > ZERO and what.porosity > ZERO and not (what.panes != 0 and alpha > HALF):
        wetness = clamp01(film / FULL_FILM_M * rained_on(p.nx, p.ny, p.nz, numbers[DRIVEN], numbers[DRIVEN + 1]))
        wetness *= what.porosity * (soaking(r, g) if facet.semantic == VEGETATION else ONE)
        r, g, b = wetted(r, wetness), wetted(g, wetness), wetted(b, wetness)
    if snow > ZERO and p.nz > np.float32(0.3) and what.surface != BODY:
        cover = (ONE - let_through(snow / SNOW_HIDES_M)) * step(np.float32(0.35), np.float32(0.75), p.nz)
        cover *= HALF if p.placed >= 0 else ONE  # what moves sheds it
        r, g, b = r + cover * (SNOW_RED - r), g + cover * (SNOW_GREEN - g), b + cover * (SNOW_BLUE - b)
        coat *= ONE - cover
    toward = p.nx * numbers[SUN] + p.ny * numbers[SUN + 1] + p.nz * numbers[SUN + 2]
    sun = toward if toward > ZERO else -toward * what.translucency
    opening = np.float32(facet.open) * BYTE
    if p.placed < 0 and near.caster_count > 0:
        dark, left = shaded(near.casters, near.caster_count, p.x, p.y, p.z)
        sun, opening = ZERO if dark else sun, opening * left
    if sun > ZERO and not in_sun(frame, heights, p.sun_cell, *off_surface(p)):
        sun = ZERO
    light_r = opening * matt_light(numbers, p.nx, p.ny, p.nz, 0) + sun * numbers[SUN_LIGHT]
    light_g = opening * matt_light(numbers, p.nx, p.ny, p.nz, 1) + sun * numbers[SUN_LIGHT + 1]
    light_b = opening * matt_light(numbers, p.nx, p.ny, p.nz, 2) + sun * numbers[SUN_LIGHT + 2]
    if numbers[DARK] > ZERO:
        # Lux of matt white is a radiance of 1 / pi.
        lamp_r, lamp_g, lamp_b = headlight(near.lamps, near.lamp_count, p.x, p.y, p.z, p.nx, p.ny, p.nz)
        if looks.street.rows > 0:
            street_r, street_g, street_b = streetlight(looks.street, p.x, p.y, p.z, p.nz)
            lamp_r, lamp_g, lamp_b = lamp_r + street_r, lamp_g + street_g, lamp_b + street_b
        light_r += INV_PI * lamp_r * numbers[SCALE]
        light_g += INV_PI * lamp_g * numbers[SCALE + 1]
        light_b += INV_PI * lamp_b * numbers[SCALE + 2]
    r, g, b = r * light_r, g * light_g, b * light_b
    if coat > ZERO:
        edge = ONE + p.facing
        fresnel = edge * edge
        share = coat * (F0 + (ONE - F0) * fresnel * fresnel * edge)  # Schlick, 1994
        mx, my, mz = mirrored(p.dx, p.dy, p.dz, p.nx, p.ny, p.nz)
        r, g, b = r * (ONE - share), g * (ONE - share), b * (ONE - share)
        mirror_r, mirror_g, mirror_b = numbers[GROUND], numbers[GROUND + 1], numbers[GROUND + 2]
        if mz >= ZERO:
            cell = dome_cell(mx, my, mz)
            mirror_r, mirror_g, mirror_b = dome[cell], dome[cell + 1], dome[cell + 2]
        share *= opening
        r, g, b = r + share * mirror_r, g + share * mirror_g, b + share * mirror_b
    if what.glow_r + what.glow_g > ZERO:
        glow_r, glow_g, glow_b = lit(switches, what.switch, what.panes != 0, facet.instance, p.tu, p.tv, alpha)
        glow_r *= what.glow_r * numbers[SCALE]
        glow_g *= what.glow_g * numbers[SCALE + 1]
        glow_b *= what.glow_b * numbers[SCALE + 2]
        # Lamps at night would all be white, for want of the coloured glare around them.
        share = min(BRIGHTEST / max(max(glow_r, glow_g), max(glow_b, BRIGHTEST)), ONE)
        r, g, b = r + share * glow_r, g + share * glow_g, b + share * glow_b
    return r, g, b


@kernel(inline=True)
def sky_of(p, numbers, dome):
    """Red, green and blue of the sky, with the sun's disc, or of the far ground."""
    if p.dz <= ZERO:
        return numbers[GROUND], numbers[GROUND + 1], numbers[GROUND + 2]
    cell = dome_cell(p.dx, p.dy, p.dz)
    toward = p.dx * numbers[SUN] + p.dy * numbers[SUN + 1] + p.dz * numbers[SUN + 2]
    sun = numbers[SUN_DISC] if toward > numbers[SUN_COSINE] else ZERO
    return dome[cell] + sun, dome[cell + 1] + sun, dome[cell + 2] + sun


@kernel(inline=True)
def coded(codes, light, scale):
    """The 8-bit code of light, by `Lights.codes`."""
    return codes[min(np.int32(math.sqrt(light) * scale + HALF), CODES - 1)]


@kernel
def shade(seen, units, lengths, pose, looks, placed, rows, signals, light, near, spread, points, out):
    """Write the picture of one view.

    Some pixels at a time: first what each meets, then its light, so that memory has time to answer.

    Args:
        seen: Seen of its P rays. units: (3 P,) unit directions in the camera's frame. lengths: (P,) that they had.
        pose: (3, 4) from the camera's frame to the scene's.
        looks: Looks. placed: (actors, levels, matrices) of those placed for this view (see `ensemble.Room`).
        rows: (A,) records of the world's actors with `lamps`. signals: (S,) uint32 switches.
        light: a row of each table of `Lights`. near: Near of this view.
        spread: of a pixel at 1 m. points: (TOGETHER,) POINT_DTYPE scratch.
        out: rgb (P, 3) uint8, segmentation (P,) uint8, depth (P,) float32, or (0,) if it is not wanted.
    """
    t, triangles, us, vs = seen
    looks = raw_looks(looks)
    actors, levels, matrices = placed
    turns = pointer(matrices)
    rgb, segmentation, depth = out
    numbers, dome, air, codes, on, _, heights, frame = light
    size = heights.shape[0]
    numbers, dome, air, codes = pointer(numbers), pointer(dome), pointer(air), pointer(codes)
    heights, frame = pointer(heights), pointer(frame)
    near = Near(pointer(near.casters), pointer(near.lamps), near.caster_count, near.lamp_count)
    count, extinction, thinning = triangles.shape[0], numbers[EXTINCTION], numbers[THINNING]
    for first in range(0, count, TOGETHER):
        last = min(first + TOGETHER, count)
        for i in range(first, last):
            ahead = triangles[min(i + AHEAD, count - 1)]
            if 0 <= ahead < PLACED:
                prefetch(looks.facets, ahead)
            p, a, b, c = record(points, i - first), units[3 * i], units[3 * i + 1], units[3 * i + 2]
            p.dx = pose[0, 0] * a + pose[0, 1] * b + pose[0, 2] * c
            p.dy = pose[1, 0] * a + pose[1, 1] * b + pose[1, 2] * c
            p.dz = pose[2, 0] * a + pose[2, 1] * b + pose[2, 2] * c
            triangle = triangles[i]
            p.facet, p.placed = triangle, -1
            if triangle < 0:
                continue
            if triangle >= PLACED:
                p.placed = (triangle >> FACE_BITS) & SLOT
                p.facet = load_int(looks.first_facet, levels[p.placed]) + (triangle & FACE)
            facet = record(looks.facets, p.facet)
            what = record(looks.matter, facet.material)
            find_surface(p, facet, what, us[i], vs[i], t[i] * lengths[i], spread, looks, turns)
            p.x = pose[0, 3] + p.distance * p.dx
            p.y = pose[1, 3] + p.distance * p.dy
            p.z = pose[2, 3] + p.distance * p.dz
            p.sun_cell = -1
            if frame[11] > ZERO:
                p.sun_cell = sun_cell(frame, size, *off_surface(p))
                prefetch(heights, max(p.sun_cell, 0))
        for i in range(first, last):
            p = record(points, i - first)
            if p.facet < 0:
                segmentation[i] = SKY
                r, g, b = sky_of(p, numbers, dome)
                haze = ZERO if p.dz > ZERO else extinction * GROUND_M
            else:
                facet, switches = record(looks.facets, p.facet), on
                if p.placed >= 0:
                    switches |= rows[actors[p.placed]].lamps
                elif facet.signal >= 0:
                    switches |= signals[facet.signal]
                segmentation[i] = facet.semantic
                r, g, b = light_of(
                    p, facet, record(looks.matter, facet.material), switches, looks, numbers, dome, heights, frame, near
                )
                haze = depth_to((extinction, thinning), p.distance, p.distance * p.dz)
            if haze > LEAST_HAZE:
                cell = 3 * (np.int32(turn_of(p.dx, p.dy) * np.float32(AIR)) & (AIR - 1))
                through = let_through(haze)
                r = air[cell] + through * (r - air[cell])
                g = air[cell + 1] + through * (g - air[cell + 1])
                b = air[cell + 2] + through * (b - air[cell + 2])
            scale = numbers[CODE]
            rgb[i, 0], rgb[i, 1], rgb[i, 2] = coded(codes, r, scale), coded(codes, g, scale), coded(codes, b, scale)
        if depth.shape[0] > 0:
            for i in range(first, last):
                depth[i] = t[i]
