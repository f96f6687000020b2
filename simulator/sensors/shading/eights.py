"""What eight pixels side by side send to the eye, by vectors: the light of `paths` and `reflectance`, lane by lane."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    load,
    load_each_float,
    load_float,
    pointer,
    store,
    store_float,
)
from simulator.numerics.simd import (
    LANES,
    absolute,
    bits,
    flip_where_negative,
    floor,
    lowest,
    maximum,
    minimum,
    select,
    splat,
    square_root,
    times_power,
    truncate,
    without_lowest,
)
from simulator.sensors.shading.air import DEEPEST, LEAST_RISE
from simulator.sensors.shading.paths import (
    BASE_ROUGHEST,
    BLURRED_FROM,
    COAT_LEAST,
    MIRROR_LEAST,
    MIRROR_ROUGHEST,
    SHUT_LEAST,
    WALLS,
    WALLS_LIGHT,
)
from simulator.sensors.shading.reflectance import ALBEDO as EVEN
from simulator.sensors.shading.reflectance import ROUGHEST, ROUGHS, STEPS, SUN_BLUR
from simulator.sensors.shading.skylight import BRIGHTER, PLANE_M, PLANE_SHARE, UNLIKE
from simulator.sensors.shading.surface import (
    SOLID,
)
from simulator.sensors.shading.vector import (
    BLUE,
    GREEN,
    HALF,
    INV_PI,
    INV_TWO_PI,
    ONE,
    PI,
    RED,
    THREE,
    TINY,
    TWO,
    ZERO,
    sky_between,
)

F32 = NDArray[np.float32]

LOG2_E = np.float32(1 / math.log(2))
WHITE = np.int32(-1)
BYTE = np.float32(1 / 255)
ROUND = np.float32(math.sqrt(2.0))  # the nearest mip level, not the next finer one
EIGHTHS = np.arange(8, dtype=np.float32) / np.float32(8)
MATT_FROM, FLAT_FROM = np.float32(0.45), np.float32(0.9999)  # roughness; cosine between normals
FOOTPRINT_LEAST = np.float32(0.02)  # cosine at which a texture's footprint is longest

# What is known of eight pixels side by side: rows of eight numbers, of which vectors and colours have three. Unit way
# from the eye, distance, place, normals of triangle and of shading, texture coordinates, footprint in repeats, row of
# `Tables.slots`, the material, 1 where its texture's alpha marks panes, four texels and the place among them, the
# texture's colour and alpha; then results: mirrored way and its light, light by all but the sun, and by the sun; and
# what the rays hit: part, face, and weights of its second and third vertex; and the mip level of the texture: width,
# height, and minus the number of its first texel; transmission, what is thrown back to lamps and within which angle
# (see `surface.POINT_DTYPE`); and, of all but the sun and of the sun, the light that is sent times the albedo, and what
# comes to that, as found at a distance; and normal reflectance of the base.
WAY, DISTANCE, PLACE, FLAT, NORMAL, UV, FOOTPRINT, SLOT = (8 * k for k in (0, 3, 4, 7, 10, 13, 15, 16))
ALBEDO, GLOW, ROUGHNESS, METALLIC, COAT, COAT_ROUGHNESS, COAT_F0, LEAF = (
    8 * k for k in (17, 20, 23, 24, 25, 26, 27, 28)
)
PANES, TEXELS, BETWEEN, TEXTURE, MIRROR, MIRRORED, STEADY, SUNLIT = (8 * k for k in (29, 30, 34, 36, 40, 43, 46, 49))
PART, PRIMITIVE, WEIGHTS, LEVEL, TRANSMISSION, RETRO, RETRO_WIDTH = (8 * k for k in (52, 53, 54, 56, 59, 60, 61))
MATT, GLOSS, SUN_MATT, SUN_GLOSS, LIT_AT, F0, ROWS = (8 * k for k in (62, 65, 68, 71, 74, 75, 76))


@kernel(inline=True)
def power_of_two(x):
    """Two to the power of each lane of x, -126 < x < 127, to 1e-7 of it (a polynomial within whole powers)."""
    whole = floor(x)
    part = x - whole
    curve = part * (part * np.float32(0.00186718) + np.float32(0.00901669)) + np.float32(0.05580045)
    curve = part * (part * curve + np.float32(0.24016415)) + np.float32(0.69315136)
    return times_power(part * curve + ONE, whole)


@kernel(inline=True)
def left_after(depth):
    """exp(-depth), lane by lane, of an optical depth."""
    return power_of_two(maximum(depth * -LOG2_E, splat(np.float32(-100))))


@kernel(inline=True)
def load_vector(rows, index):
    """Three rows."""
    return load(rows, index), load(rows, index + 8), load(rows, index + 16)


@kernel(inline=True)
def store_vector(rows, index, x, y, z):
    """Write three rows."""
    store(rows, index, x)
    store(rows, index + 8, y)
    store(rows, index + 16, z)


@kernel(inline=True)
def load_three(rows, index):
    """One lane of three rows."""
    return load_float(rows, index), load_float(rows, index + 8), load_float(rows, index + 16)


@kernel(inline=True)
def store_three(rows, index, x, y, z):
    """Write one lane of three rows."""
    store_float(rows, index, x)
    store_float(rows, index + 8, y)
    store_float(rows, index + 16, z)


@kernel(inline=True)
def dot(ax, ay, az, bx, by, bz):
    """Scalar product."""
    return ax * bx + (ay * by + az * bz)


@kernel(inline=True)
def brightness(red, green, blue):
    """Luminance, lane by lane."""
    return red * RED + (green * GREEN + blue * BLUE)


@kernel(inline=True)
def sky_on(h, x, y, z):
    """Irradiance of unoccluded surfaces with unit normals, lane by lane: `vector.sky_irradiance`."""
    none = splat(ZERO)
    b1, b2, b3 = np.float32(0.488603) * y, np.float32(0.488603) * z, np.float32(0.488603) * x
    b4, b5 = np.float32(1.092548) * x * y, np.float32(1.092548) * y * z
    b6 = np.float32(0.315392) * (THREE * z * z - ONE)
    b7, b8 = np.float32(1.092548) * x * z, np.float32(0.546274) * (x * x - y * y)
    return (
        maximum(harmonic(h, 0, b1, b2, b3, b4, b5, b6, b7, b8), none),
        maximum(harmonic(h, 1, b1, b2, b3, b4, b5, b6, b7, b8), none),
        maximum(harmonic(h, 2, b1, b2, b3, b4, b5, b6, b7, b8), none),
    )


@kernel(inline=True)
def harmonic(h, k, b1, b2, b3, b4, b5, b6, b7, b8):
    """Sum of harmonics of one channel; h points to Sky.harmonics."""
    low = b1 * h[k + 3] + (b2 * h[k + 6] + (b3 * h[k + 9] + np.float32(0.282095) * h[k]))
    high = b6 * h[k + 18] + (b7 * h[k + 21] + b8 * h[k + 24])
    return low + (b4 * h[k + 12] + (b5 * h[k + 15] + high))


@kernel(inline=True)
def fifth(x):
    """(1 - x)^5 for x in 0 ... 1, lane by lane: Schlick's Fresnel (1994)."""
    m = maximum(ONE - x, splat(ZERO))
    m2 = m * m
    return m2 * m2 * m


@kernel(inline=True)
def highlight(alpha, nh, nl, nv):
    """GGX distribution times visibility, lane by lane: `reflectance.ggx`."""
    a2 = alpha * alpha
    d = nh * nh * (a2 - ONE) + ONE
    rest = ONE - a2
    shadow = nl * square_root(nv * nv * rest + a2) + nv * square_root(nl * nl * rest + a2)
    return a2 * np.float32(0.5) / (PI * d * d * maximum(shadow, splat(np.float32(1e-5))))


@kernel(inline=True)
def reflected_evenly(rough, nv):
    """Scale and offset of `reflectance.reflected_at_once`, lane by lane."""
    last, none, one = np.float32(STEPS - 1), splat(ZERO), splat(ONE)
    row = minimum(maximum(rough, none), splat(ROUGHEST)) * last
    column = minimum(maximum(nv, none), one) * last
    above, left = minimum(floor(row), splat(np.float32(ROUGHS - 2))), minimum(floor(column), splat(last - ONE))
    s, t = row - above, column - left
    table, at = pointer(EVEN), truncate((above * np.float32(STEPS) + left) * np.float32(2))
    return between_four(table, 0, at, s, t), between_four(table, 1, at, s, t)


@kernel(inline=True)
def between_four(table, first, at, s, t):
    """One of the two numbers of a (ROUGHS, STEPS, 2) table between the four entries from `at` on."""
    a, b = load_each_float(table, first, at), load_each_float(table, first + 2, at)
    c, d = load_each_float(table, first + 2 * STEPS, at), load_each_float(table, first + 2 * STEPS + 2, at)
    upper, lower = a + t * (b - a), c + t * (d - c)
    return upper + s * (lower - upper)


@kernel(inline=True)
def reflected(f0, albedo, metallic, scale, offset, once):
    """`reflectance.mean_fresnel` of one channel, lane by lane."""
    f0 = f0 + metallic * (albedo - f0)
    part = (f0 * scale + offset) * (ONE + f0 * (ONE - once) / once)
    return minimum(maximum(part, splat(ZERO)), splat(ONE))


@kernel(inline=True)
def sky_light_at(rows, nx, ny, nz, harmonics, corners, grid, light, down):
    """Irradiance of eight points side by side from the four grid points about them: `skylight.light_at`.

    Args:
        rows: pointer to what is known of them. nx, ny, nz: their normals. harmonics: pointer to Sky.harmonics.
        corners: rows of the four in `grid` and `light`. down: how far below the upper two they are, float32.
    """
    x, y, z = load_vector(rows, PLACE)
    thick = ONE / (load(rows, DISTANCE) * PLANE_SHARE + PLANE_M)
    across = load(EIGHTHS, 0)
    one, none = splat(ONE), splat(ZERO)
    red, green, blue, total = none, none, none, none
    sr, sg, sb = sky_on(harmonics, nx, ny, nz)
    sky = brightness(sr, sg, sb)
    for corner in range(4):
        q = grid[corners[corner]]
        if q.state != SOLID:
            continue
        facing = nx * q.nx + (ny * q.ny + nz * q.nz)
        off = ((q.x - x) * nx + ((q.y - y) * ny + (q.z - z) * nz)) * thick
        off = off * off
        facing = select(facing < splat(HALF), none, facing)
        facing = facing * facing
        facing = facing * facing
        like = facing * facing / (ONE + off * (ONE + off))
        near = (across if corner & 1 else one - across) * (down if corner >> 1 else ONE - down)
        near, j = near + np.float32(0.05), corners[corner]
        w = near * (like + UNLIKE * minimum(sky * light[j, 3], splat(BRIGHTER)))
        red, green = red + w * light[j, 0], green + w * light[j, 1]
        blue, total = blue + w * light[j, 2], total + near * (like + UNLIKE)
    known = total > none
    by = ONE / maximum(total, splat(np.float32(1e-9)))
    return sr, sg, sb, select(known, red * by, sr), select(known, green * by, sg), select(known, blue * by, sb)


class Looks(NamedTuple):
    """Surfaces of eight pixels, f32x8 each: colour of the base by channel, and what `surface.POINT_DTYPE` says.

    Attributes:
        red, green, blue, rough, metallic, f0, coat, coat_rough, coat_f0, leaf: the material.
        along: cosine between the way from the eye and the normal, negative.
        scale, offset: of the base, see `reflectance.reflected_at_once`.
        leaves: whether light comes through any of them, bool.
    """

    red: Any
    green: Any
    blue: Any
    rough: Any
    metallic: Any
    f0: Any
    coat: Any
    coat_rough: Any
    coat_f0: Any
    leaf: Any
    along: Any
    scale: Any
    offset: Any
    leaves: Any


@kernel(inline=True)
def looks_of(rows):
    """Looks of the eight that `rows` know."""
    dx, dy, dz = load_vector(rows, WAY)
    nx, ny, nz = load_vector(rows, NORMAL)
    red, green, blue = load_vector(rows, ALBEDO)
    along, leaf = dot(dx, dy, dz, nx, ny, nz), load(rows, LEAF)
    scale, offset = reflected_evenly(load(rows, ROUGHNESS), maximum(-along, splat(np.float32(0.02))))
    return Looks(
        red * load(rows, TEXTURE),
        green * load(rows, TEXTURE + 8),
        blue * load(rows, TEXTURE + 16),
        load(rows, ROUGHNESS),
        load(rows, METALLIC),
        load(rows, F0),
        load(rows, COAT),
        load(rows, COAT_ROUGHNESS),
        load(rows, COAT_F0),
        leaf,
        along,
        scale,
        offset,
        bits(leaf > splat(ZERO)) != 0,
    )


@kernel(inline=True)
def base_reflects(looks):
    """Part of even light that the bases reflect, by channel."""
    once = looks.scale + looks.offset
    return (
        reflected(looks.f0, looks.red, looks.metallic, looks.scale, looks.offset, once),
        reflected(looks.f0, looks.green, looks.metallic, looks.scale, looks.offset, once),
        reflected(looks.f0, looks.blue, looks.metallic, looks.scale, looks.offset, once),
    )


@kernel(inline=True)
def arc_eight(y, x):
    """`vector.arc`, lane by lane."""
    across, along = absolute(x), absolute(y)
    t = minimum(across, along) / maximum(maximum(across, along), splat(TINY))
    s = t * t
    angle = np.float32(0.05265332) - np.float32(0.01172120) * s
    angle = np.float32(0.19354346) + s * (np.float32(-0.11643287) + s * angle)
    angle = t * (np.float32(0.99997726) + s * (np.float32(-0.33262347) + s * angle))
    angle = select(along > across, HALF * PI - angle, angle)
    return flip_where_negative(select(x < splat(ZERO), PI - angle, angle), y)


@kernel(inline=True)
def look_at_sky(rows, which, way, to, sky, ground):
    """Write the radiance of the sky along the unit ways of lanes `which` (bits) to row `to`: `vector.sky_radiance`.

    The ways are in row `way`; lanes that are not in `which` become arbitrary.
    """
    x, y, z = load_vector(rows, way)
    up = arc_eight(z, square_root(x * x + y * y)) * (TWO * INV_PI)
    store(rows, to, square_root(maximum(up, splat(ZERO))) * np.float32(sky.shape[0] - 1))
    store(rows, to + 8, (arc_eight(y, x) * INV_TWO_PI + ONE) * np.float32(sky.shape[1]) - HALF)
    while which != 0:
        k = lowest(which)
        which = without_lowest(which)
        r, g, b = ground[0], ground[1], ground[2]
        if load_float(rows, way + 16 + k) > ZERO:
            r, g, b = sky_between(sky, load_float(rows, to + k), load_float(rows, to + 8 + k))
        store_three(rows, to + k, r, g, b)


@kernel(inline=True)
def above_walls(around, mz):
    """`paths.above_walls`, lane by lane."""
    shut = maximum(ONE - around, splat(SHUT_LEAST))
    return minimum(maximum(ONE - WALLS * shut + mz * maximum(mz, splat(ZERO)) / shut, splat(ZERO)), splat(ONE))


@kernel(inline=True)
def steady_light(rows, looks, fresnel, harmonics, sky, ground, corners, grid, light, down):
    """Write the light that the eight send to the eye by all but the sun, as `paths.outgoing` has it.

    Args:
        rows, looks: what is known of them. fresnel: of `base_reflects`.
        harmonics, sky, ground, corners, grid, light, down: as in `light_eight`.
    """
    none = splat(ZERO)
    dx, dy, dz = load_vector(rows, WAY)
    nx, ny, nz = load_vector(rows, NORMAL)
    fr, fg, fb = fresnel
    sr, sg, sb, er, eg, eb = sky_light_at(rows, nx, ny, nz, harmonics, corners, grid, light, down)
    around = brightness(er, eg, eb) / maximum(brightness(sr, sg, sb), splat(np.float32(1e-9)))
    if looks.leaves:
        br, bg, bb = sky_on(harmonics, -nx, -ny, -nz)
        part = looks.leaf * minimum(around, splat(ONE))
        er, eg, eb = er + part * br, eg + part * bg, eb + part * bb
    nv = maximum(-looks.along, splat(np.float32(0.02)))
    coat = looks.coat * (looks.coat_f0 + (ONE - looks.coat_f0) * fifth(nv))
    twice = looks.along + looks.along
    mx, my, mz = dx - twice * nx, dy - twice * ny, dz - twice * nz
    rr, rg, rb = sky_on(harmonics, mx, my, mz)
    mean = around * INV_PI
    rr, rg, rb = rr * mean, rg * mean, rb * mean
    # Smooth ones mirror the sky itself: the coat, or what has none. `rr` is mean light, `ir` the mirror image.
    coated = (looks.coat > splat(COAT_LEAST)) & (looks.coat_rough < splat(MIRROR_ROUGHEST))
    smooth = coated & (looks.coat_rough <= splat(BLURRED_FROM)) & (coat >= splat(MIRROR_LEAST))
    bare = (looks.rough < splat(BASE_ROUGHEST)) & (brightness(fr, fg, fb) >= splat(MIRROR_LEAST))
    bare = bare & (select(coated, splat(ONE), none) <= none)
    ir, ig, ib = rr, rg, rb
    mirrors, coats = bits(smooth | bare), bits(coat > none)
    free = above_walls(around, mz) if mirrors | coats != 0 else splat(ONE)
    if mirrors != 0:
        walls, open_above = (ONE - free) * WALLS_LIGHT, free > none
        ir, ig, ib = walls * rr, walls * rg, walls * rb
        looking = mirrors & bits(open_above)
        if looking != 0:
            store_vector(rows, MIRROR, mx, my, mz)
            look_at_sky(rows, looking, MIRROR, MIRRORED, sky, ground)
            r, g, b = load_vector(rows, MIRRORED)  # arbitrary where nobody looks
            ir, ig, ib = (
                ir + select(open_above, free * r, none),
                ig + select(open_above, free * g, none),
                ib + select(open_above, free * b, none),
            )
    base = ONE - coat
    diffuse = INV_PI * (ONE - looks.metallic) * base
    base_r, base_g, base_b = select(bare, ir, rr), select(bare, ig, rg), select(bare, ib, rb)
    coat_r, coat_g, coat_b = rr, rg, rb
    if coats != 0:
        low = WALLS_LIGHT + (ONE - WALLS_LIGHT) * free
        coat_r, coat_g, coat_b = (
            select(smooth, ir, low * rr),
            select(smooth, ig, low * rg),
            select(smooth, ib, low * rb),
        )
    store_vector(rows, MATT, diffuse * (ONE - fr) * er, diffuse * (ONE - fg) * eg, diffuse * (ONE - fb) * eb)
    gloss_r, gloss_g, gloss_b = base * fr * base_r, base * fg * base_g, base * fb * base_b
    store_vector(rows, GLOSS, gloss_r + coat * coat_r, gloss_g + coat * coat_g, gloss_b + coat * coat_b)


@kernel(inline=True)
def sunlight_on(rows, looks, fresnel, sun):
    """Write the radiance per illuminance that the eight send by the sun, as `reflectance.scattered` has it.

    `sun` points to its direction; the others are those of `steady_light`.
    """
    none, lx, ly, lz = splat(ZERO), sun[0], sun[1], sun[2]
    dx, dy, dz = load_vector(rows, WAY)
    nx, ny, nz = load_vector(rows, NORMAL)
    fx, fy, fz = load_vector(rows, FLAT)
    nl = nx * lx + (ny * ly + nz * lz)
    fl = fx * lx + (fy * ly + fz * lz)
    front = (nl > none) & (fl > none)
    if not looks.leaves and bits(front) == 0:
        store_vector(rows, SUN_MATT, none, none, none)
        store_vector(rows, SUN_GLOSS, none, none, none)
        return
    hx, hy, hz = lx - dx, ly - dy, lz - dz
    by = ONE / square_root(maximum(dot(hx, hy, hz, hx, hy, hz), splat(np.float32(1e-12))))
    nh = maximum(dot(nx, ny, nz, hx, hy, hz) * by, none)
    vh = maximum(-dot(dx, dy, dz, hx, hy, hz) * by, none)
    nv, nl_up = maximum(-looks.along, splat(np.float32(1e-3))), maximum(nl, none)
    alpha = looks.rough * looks.rough + HALF * SUN_BLUR
    lobe, edge = highlight(alpha, nh, nl_up, nv) * nl_up, fifth(vh)
    passed, shine = splat(ONE), none
    if bits(looks.coat > none) != 0:
        f = (looks.coat_f0 + (ONE - looks.coat_f0) * edge) * looks.coat
        alpha = looks.coat_rough * looks.coat_rough + HALF * SUN_BLUR
        shine = f * highlight(alpha, nh, nl_up, nv) * nl_up
        coat_scale, coat_offset = reflected_evenly(looks.coat_rough, nv)
        passed = ONE - looks.coat * (looks.coat_f0 * coat_scale + coat_offset)
    matt, once = INV_PI * nl_up * (ONE - looks.metallic) * passed, looks.scale + looks.offset
    matt, lobe, shine = select(front, matt, none), select(front, passed * lobe, none), select(front, shine, none)
    behind = none
    if looks.leaves:
        behind = select((nl < none) & (fl < none), -INV_PI * nl * looks.leaf * (ONE - looks.metallic) * passed, none)
    matt = matt + behind
    store_vector(rows, SUN_MATT, matt * (ONE - fresnel[0]), matt * (ONE - fresnel[1]), matt * (ONE - fresnel[2]))
    store_vector(
        rows,
        SUN_GLOSS,
        glossy(looks.f0, looks.red, looks.metallic, edge, once, lobe) + shine,
        glossy(looks.f0, looks.green, looks.metallic, edge, once, lobe) + shine,
        glossy(looks.f0, looks.blue, looks.metallic, edge, once, lobe) + shine,
    )


@kernel(inline=True)
def glossy(f0, albedo, metallic, edge, once, lobe):
    """What the base mirrors of one channel of the sun's light: see `sunlight_on`."""
    f0 = f0 + metallic * (albedo - f0)
    return (f0 + (ONE - f0) * edge) * (ONE + f0 * (ONE - once) / once) * lobe


@kernel(inline=True)
def air_leaves(rows, haze):
    """What the air before eight points leaves of their light: see `passes`."""
    away = load(rows, DISTANCE)
    if haze[1] == ZERO:
        return left_after(away * haze[0])
    climbed = maximum(away * load(rows, WAY + 16) * haze[1], splat(DEEPEST))
    little = absolute(climbed) < splat(LEAST_RISE)
    rise = select(little, splat(ONE), climbed)
    mean = select(little, splat(ONE) - climbed * HALF, (splat(ONE) - left_after(climbed)) / rise)
    return left_after(away * mean * haze[0])


@kernel
def light_eight(rows, harmonics, sun, sky, ground, corners, grid, light, down):
    """Write how eight points are lit: by all but the sun, and by the sun if it is not hidden; see `send_eight`.

    Args:
        rows: pointer to what is known of them, which receives the results.
        harmonics: pointer to Sky.harmonics. sun: pointer to (3,). sky, ground: Sky.table, Sky.ground.
        corners, grid, light, down: as in `sky_light_at`.
    """
    looks = looks_of(rows)
    fresnel = base_reflects(looks)
    steady_light(rows, looks, fresnel, harmonics, sky, ground, corners, grid, light, down)
    sunlight_on(rows, looks, fresnel, sun)
    store(rows, LIT_AT, load(rows, DISTANCE))


@kernel(inline=True)
def send_eight(rows, sun_lx, haze, air):
    """Write the light that comes to the eye from eight points that are lit: by all but the sun, and by the sun.

    Args:
        rows: of `light_eight`. sun_lx: pointer to (3,). haze: pointer to Sky.extinction.
        air: three float32, the radiance that far air has.
    """
    through = air_leaves(rows, haze)
    for k in range(3):
        channel = 8 * k
        albedo = load(rows, ALBEDO + channel) * load(rows, TEXTURE + channel)
        sent = load(rows, MATT + channel) * albedo + load(rows, GLOSS + channel) + load(rows, GLOW + channel)
        store(rows, STEADY + channel, through * (sent - air[k]) + air[k])
        sent = load(rows, SUN_MATT + channel) * albedo + load(rows, SUN_GLOSS + channel)
        store(rows, SUNLIT + channel, through * sent * sun_lx[k])


@kernel(inline=True)
def lit_alike(rows):
    """Whether others of the same faces, near by, are lit as these eight are: flat and matt, all of them, and no panes.

    The light of polished and round ones changes from pixel to pixel.
    """
    none = splat(ZERO)
    nx, ny, nz = load_vector(rows, NORMAL)
    fx, fy, fz = load_vector(rows, FLAT)
    shines = (load(rows, COAT) > none) | (load(rows, METALLIC) > none) | (load(rows, PANES) > none)
    rough = (load(rows, ROUGHNESS) > splat(MATT_FROM)) & (dot(nx, ny, nz, fx, fy, fz) > splat(FLAT_FROM))
    return bits(shines) == 0 and bits(rough) == (1 << LANES) - 1
