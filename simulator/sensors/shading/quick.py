"""Preview by daylight in one pass over the pixels: what each shows, its light eight at a time, and the sun's shadow.

The same surfaces, materials and sky as the waves of `transport`, in their preview quality; but nothing is kept of a
pixel beside the eight that are at hand. What is seen through glass, and nights with their lamps, are left to these.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    load,
    load_float,
    load_int,
    load_ints,
    load_triples,
    pointer,
    prefetch,
    record,
    store,
    store_float,
    store_int,
)
from simulator.numerics.parallel import parallel_for
from simulator.numerics.simd import (
    LANES,
    absolute,
    bits,
    byte_of,
    flip_where_negative,
    float_bits,
    floor,
    lowest,
    maximum,
    minimum,
    select,
    splat,
    square_root,
    times_power,
    without_lowest,
)
from simulator.sensors.shading.paths import (
    BASE_ROUGHEST,
    BLURRED_FROM,
    COAT_LEAST,
    FAR_GROUND_M,
    MIRROR_LEAST,
    MIRROR_ROUGHEST,
    OFFSET_M,
    OFFSET_SHARE,
    SUN_COSINE,
    SUN_RADIANCE,
)
from simulator.sensors.shading.reflectance import DIELECTRIC_F0, SUN_BLUR
from simulator.sensors.shading.skylight import FALLBACK, PLANE_M, PLANE_SHARE
from simulator.sensors.shading.surface import COAT_F0 as LACQUER_F0
from simulator.sensors.shading.surface import (
    COAT_ROUGH,
    GLASS_LEAST,
    OTHER,
    POINT_DTYPE,
    SOLID,
    WATER,
    dress_surface,
    raw_tables,
)
from simulator.sensors.shading.vector import (
    BLUE,
    GREEN,
    HALF,
    INV_PI,
    ONE,
    PI,
    RED,
    THREE,
    TINY,
    ZERO,
    airlight,
    clamp01,
    luminance,
    sky_radiance,
    step,
)
from simulator.sensors.stage import OPAQUE, SEEN

if TYPE_CHECKING:
    from simulator.sensors.shading.transport import Transport

F32 = NDArray[np.float32]

LEAST_SUN = np.float32(1e-3)  # a pixel to which the sun may add less than this gets no shadow ray
UNASKED, SHADED, SUNNY = np.uint8(0), np.uint8(1), np.uint8(2)  # what is known of a pixel's shadow
LOG2_E = np.float32(1 / math.log(2))
WHITE = np.int32(-1)
BYTE = np.float32(1 / 255)
ROUND = np.float32(math.sqrt(2.0))  # the nearest mip level, not the next finer one
EIGHTHS = np.arange(8, dtype=np.float32) / np.float32(8)
FOOTPRINT_LEAST = np.float32(0.02)  # cosine at which a texture's footprint is longest

# What is known of eight pixels side by side: rows of eight numbers, of which vectors and colours have three. Unit way
# from the eye, distance, place, normals of triangle and of shading, texture coordinates, footprint in repeats, row of
# `Tables.slots`, the material, four texels and the place among them, the texture's colour and alpha; then results:
# mirrored way and its light, light by all but the sun, and by the sun.
WAY, DISTANCE, PLACE, FLAT, NORMAL, UV, FOOTPRINT, SLOT = (8 * k for k in (0, 3, 4, 7, 10, 13, 15, 16))
ALBEDO, GLOW, ROUGHNESS, METALLIC, COAT, COAT_ROUGHNESS, COAT_F0, LEAF = (
    8 * k for k in (17, 20, 23, 24, 25, 26, 27, 28)
)
TEXELS, BETWEEN, TEXTURE, MIRROR, MIRRORED, STEADY, SUNLIT, ROWS = (8 * k for k in (29, 33, 35, 39, 42, 45, 48, 51))


class View(NamedTuple):
    """A camera for kernels.

    Attributes:
        table: (H, W, 3) float32 directions through pixel centres, camera frame, z = 1.
        pose: (3, 4) float32 local_SE3_camera.
        spread: width of a pixel's footprint per metre, float32.
    """

    table: F32
    pose: F32
    spread: np.float32


class Grid(NamedTuple):
    """Sky light of some pixels, for kernels: see `skylight.light_at`. Kernels here want a stride of LANES."""

    stride: int
    width: int
    points: NDArray[np.void]
    light: F32


class Film(NamedTuple):
    """What is known of H x W pixels.

    Attributes:
        radiance: (H, W, 3) float32. depth: (H, W) float32. instance: (H, W) int32; see `Picture`.
        glass: (H, W) bool, pixels that show glass, which are left out.
    """

    radiance: F32
    depth: F32
    instance: NDArray[np.int32]
    glass: NDArray[np.bool_]


class Sunlight(NamedTuple):
    """Pixels of a band of P whose light by the sun depends on a shadow ray.

    One of each square of four is asked first; the others only where those around them that were do not agree.

    Attributes:
        pixel: (P,) int32 numbers in the band, those asked first from the front on, the others from the end back.
        origin: (P, 3) where the ray starts. light: (P, 3) radiance that is added if it is free.
        known: (P,) uint8 what is known of each pixel of the band: UNASKED, SHADED or SUNNY.
    """

    pixel: NDArray[np.int32]
    origin: F32
    light: F32
    known: NDArray[np.uint8]


@kernel(inline=True)
def power_of_two(x):  # type: ignore[no-untyped-def]
    """Two to the power of each lane of x, -126 < x < 127, to 1e-7 of it (a polynomial within whole powers)."""
    whole = floor(x)
    part = x - whole
    curve = part * (part * np.float32(0.00186718) + np.float32(0.00901669)) + np.float32(0.05580045)
    curve = part * (part * curve + np.float32(0.24016415)) + np.float32(0.69315136)
    return times_power(part * curve + ONE, whole)


@kernel(inline=True)
def left_after(depth):  # type: ignore[no-untyped-def]
    """exp(-depth), lane by lane, of an optical depth."""
    return power_of_two(maximum(depth * -LOG2_E, splat(np.float32(-100))))


@kernel(inline=True)
def load_vector(rows, index):  # type: ignore[no-untyped-def]
    """Three rows."""
    return load(rows, index), load(rows, index + 8), load(rows, index + 16)


@kernel(inline=True)
def store_vector(rows, index, x, y, z):  # type: ignore[no-untyped-def]
    """Write three rows."""
    store(rows, index, x)
    store(rows, index + 8, y)
    store(rows, index + 16, z)


@kernel(inline=True)
def load_three(rows, index):  # type: ignore[no-untyped-def]
    """One lane of three rows."""
    return load_float(rows, index), load_float(rows, index + 8), load_float(rows, index + 16)


@kernel(inline=True)
def store_three(rows, index, x, y, z):  # type: ignore[no-untyped-def]
    """Write one lane of three rows."""
    store_float(rows, index, x)
    store_float(rows, index + 8, y)
    store_float(rows, index + 16, z)


@kernel(inline=True)
def dot(ax, ay, az, bx, by, bz):  # type: ignore[no-untyped-def]
    """Scalar product."""
    return ax * bx + (ay * by + az * bz)


@kernel(inline=True)
def brightness(red, green, blue):  # type: ignore[no-untyped-def]
    """Luminance, lane by lane."""
    return red * RED + (green * GREEN + blue * BLUE)


@kernel(inline=True)
def sky_on(h, x, y, z):  # type: ignore[no-untyped-def]
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
def harmonic(h, k, b1, b2, b3, b4, b5, b6, b7, b8):  # type: ignore[no-untyped-def]
    """Sum of harmonics of one channel; h points to Sky.harmonics."""
    low = b1 * h[k + 3] + (b2 * h[k + 6] + (b3 * h[k + 9] + np.float32(0.282095) * h[k]))
    high = b6 * h[k + 18] + (b7 * h[k + 21] + b8 * h[k + 24])
    return low + (b4 * h[k + 12] + (b5 * h[k + 15] + high))


@kernel(inline=True)
def fifth(x):  # type: ignore[no-untyped-def]
    """(1 - x)^5 for x in 0 ... 1, lane by lane: Schlick's Fresnel (1994)."""
    m = maximum(ONE - x, splat(ZERO))
    m2 = m * m
    return m2 * m2 * m


@kernel(inline=True)
def highlight(alpha, nh, nl, nv):  # type: ignore[no-untyped-def]
    """GGX distribution times visibility, lane by lane: `reflectance.ggx`."""
    a2 = alpha * alpha
    d = nh * nh * (a2 - ONE) + ONE
    rest = ONE - a2
    shadow = nl * square_root(nv * nv * rest + a2) + nv * square_root(nl * nl * rest + a2)
    return a2 * np.float32(0.5) / (PI * d * d * maximum(shadow, splat(np.float32(1e-5))))


@kernel(inline=True)
def base_fresnel(rough, metallic, nv):  # type: ignore[no-untyped-def]
    """Scale, offset and what leaves after one reflection, of `reflectance.mean_fresnel`, lane by lane."""
    smooth = ONE - rough
    a004 = minimum(smooth * smooth, power_of_two(nv * np.float32(-9.28))) * smooth
    a004 = a004 + (np.float32(0.0425) - np.float32(0.0275) * rough)
    scale = np.float32(1.04) - np.float32(0.572) * rough - np.float32(1.04) * a004
    offset = np.float32(1.04) * a004 + (np.float32(0.022) * rough - np.float32(0.04))
    return scale, offset, maximum(scale + offset, splat(np.float32(0.1)))


@kernel(inline=True)
def reflected(albedo, metallic, scale, offset, once):  # type: ignore[no-untyped-def]
    """`reflectance.mean_fresnel` of one channel, lane by lane."""
    f0 = DIELECTRIC_F0 + metallic * (albedo - DIELECTRIC_F0)
    part = (f0 * scale + offset) * (ONE + f0 * (ONE - once) / once)
    return minimum(maximum(part, splat(ZERO)), splat(ONE))


@kernel(inline=True)
def within(x):  # type: ignore[no-untyped-def]
    """What of x lies above the greatest whole number that is not greater (math.floor would be a call)."""
    part = x - np.float32(np.int32(x))
    return part + ONE if part < ZERO else part


@kernel(inline=True)
def fetch_texels(rows, k, image, levels, texels):  # type: ignore[no-untyped-def]
    """Write the four texels about lane k's texture coordinates, and how these lie among them.

    `image` is a TEXTURE_DTYPE record, `levels` and `texels` point to those of Tables.
    """
    u, v = load_float(rows, UV + k), load_float(rows, UV + 8 + k)
    fine = (float_bits(load_float(rows, FOOTPRINT + k) * image.size * ROUND) >> 23) - 127
    level = record(levels, image.first_level + min(max(fine, 0), image.levels - 1))
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


@kernel(inline=True)
def sky_light_at(rows, nx, ny, nz, harmonics, corners, grid, light, down):  # type: ignore[no-untyped-def]
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
        w = (near + np.float32(0.05)) * (like + np.float32(1e-5))
        j = corners[corner]
        red, green = red + w * light[j, 0], green + w * light[j, 1]
        blue, total = blue + w * light[j, 2], total + w
    sr, sg, sb = sky_on(harmonics, nx, ny, nz)
    known = total > splat(np.float32(1e-4))
    by = ONE / maximum(total, splat(np.float32(1e-9)))
    return (
        sr,
        sg,
        sb,
        select(known, red * by, FALLBACK * sr),
        select(known, green * by, FALLBACK * sg),
        select(known, blue * by, FALLBACK * sb),
    )


@kernel
def light_eight(rows, harmonics, sun, sun_lx, sky, ground, haze, air, corners, grid, light, down):  # type: ignore[no-untyped-def]
    """Write the light that comes to the eye from eight points: by all but the sun, and by the sun if it is not hidden.

    Args:
        rows: pointer to what is known of them, which receives the results.
        harmonics: pointer to Sky.harmonics. sun, sun_lx: pointers to (3,). sky, ground: Sky.table, Sky.ground.
        haze: extinction of the air, 1/m, float32. air: three float32, the radiance that far air has.
        corners, grid, light, down: as in `sky_light_at`.
    """
    none = splat(ZERO)
    dx, dy, dz = load_vector(rows, WAY)
    nx, ny, nz = load_vector(rows, NORMAL)
    red, green, blue = load_vector(rows, ALBEDO)
    red, green, blue = red * load(rows, TEXTURE), green * load(rows, TEXTURE + 8), blue * load(rows, TEXTURE + 16)
    rough, metallic = load(rows, ROUGHNESS), load(rows, METALLIC)
    coat_share, coat_rough = load(rows, COAT), load(rows, COAT_ROUGHNESS)
    coat_f0 = load(rows, COAT_F0)
    through_leaf = load(rows, LEAF)
    along = dot(dx, dy, dz, nx, ny, nz)
    nv = maximum(-along, splat(np.float32(0.02)))

    # Light of the sky, as `paths.outgoing` has it.
    sr, sg, sb, er, eg, eb = sky_light_at(rows, nx, ny, nz, harmonics, corners, grid, light, down)
    seen = brightness(er, eg, eb) / maximum(brightness(sr, sg, sb), splat(np.float32(1e-9)))
    seen = minimum(seen, splat(ONE))
    is_leaf = bits(through_leaf > none) != 0
    if is_leaf:
        br, bg, bb = sky_on(harmonics, -nx, -ny, -nz)
        part = through_leaf * seen
        er, eg, eb = er + part * br, eg + part * bg, eb + part * bb
    coat = coat_share * (coat_f0 + (ONE - coat_f0) * fifth(nv))
    scale, offset, once = base_fresnel(rough, metallic, nv)
    fr = reflected(red, metallic, scale, offset, once)
    fg = reflected(green, metallic, scale, offset, once)
    fb = reflected(blue, metallic, scale, offset, once)
    twice = along + along
    mx, my, mz = dx - twice * nx, dy - twice * ny, dz - twice * nz
    rr, rg, rb = sky_on(harmonics, mx, my, mz)
    seen = seen * INV_PI
    rr, rg, rb = rr * seen, rg * seen, rb * seen
    # Smooth ones mirror the sky itself: the coat, or what has none.
    coated = (coat_share > splat(COAT_LEAST)) & (coat_rough < splat(MIRROR_ROUGHEST))
    smooth = coated & (coat_rough <= splat(BLURRED_FROM)) & (coat >= splat(MIRROR_LEAST))
    bare = (rough < splat(BASE_ROUGHEST)) & (brightness(fr, fg, fb) >= splat(MIRROR_LEAST))
    bare = bare & (select(coated, splat(ONE), none) <= none)
    ir, ig, ib = rr, rg, rb
    mirrors = bits(smooth | bare)
    if mirrors != 0:
        store_vector(rows, MIRROR, mx, my, mz)
        store_vector(rows, MIRRORED, rr, rg, rb)
        while mirrors != 0:
            k = lowest(mirrors)
            mirrors = without_lowest(mirrors)
            x, y, up = load_three(rows, MIRROR + k)
            r, g, b = sky_radiance(sky, ground, x, y, up)
            # near the horizon streets mirror houses and trees, which are darker than the sky
            part = np.float32(0.45) + np.float32(0.55) * step(ZERO, np.float32(0.3), up)
            store_three(rows, MIRRORED + k, part * r, part * g, part * b)
        ir, ig, ib = load_vector(rows, MIRRORED)
    # `rr` is mean light, `ir` the mirror image; each lobe takes its own.
    base = ONE - coat
    diffuse = INV_PI * (ONE - metallic) * base
    glow_r, glow_g, glow_b = load_vector(rows, GLOW)
    base_r, base_g, base_b = select(bare, ir, rr), select(bare, ig, rg), select(bare, ib, rb)
    coat_r, coat_g, coat_b = select(smooth, ir, rr), select(smooth, ig, rg), select(smooth, ib, rb)
    through = left_after(load(rows, DISTANCE) * haze)
    through = left_after(load(rows, DISTANCE) * haze)
    glow_r = glow_r + diffuse * (ONE - fr) * red * er + base * fr * base_r + coat * coat_r
    glow_g = glow_g + diffuse * (ONE - fg) * green * eg + base * fg * base_g + coat * coat_g
    glow_b = glow_b + diffuse * (ONE - fb) * blue * eb + base * fb * base_b + coat * coat_b
    store(rows, STEADY, through * (glow_r - air[0]) + air[0])
    store(rows, STEADY + 8, through * (glow_g - air[1]) + air[1])
    store(rows, STEADY + 16, through * (glow_b - air[2]) + air[2])

    # Light of the sun, as `reflectance.scattered` has it.
    lx, ly, lz = sun[0], sun[1], sun[2]
    fx, fy, fz = load_vector(rows, FLAT)
    nl = nx * lx + (ny * ly + nz * lz)
    fl = fx * lx + (fy * ly + fz * lz)
    front = (nl > none) & (fl > none)
    hx, hy, hz = lx - dx, ly - dy, lz - dz
    by = ONE / square_root(maximum(dot(hx, hy, hz, hx, hy, hz), splat(np.float32(1e-12))))
    nh = maximum(dot(nx, ny, nz, hx, hy, hz) * by, none)
    vh = maximum(-dot(dx, dy, dz, hx, hy, hz) * by, none)
    nv = maximum(-along, splat(np.float32(1e-3)))
    nl_up = maximum(nl, none)
    lobe = highlight(minimum(rough * rough + HALF * SUN_BLUR, splat(ONE)), nh, nl_up, nv) * nl_up
    edge = fifth(vh)
    passed, shine = splat(ONE), none
    if bits(coat_share > none) != 0:
        f = (coat_f0 + (ONE - coat_f0) * edge) * coat_share
        shine = f * highlight(coat_rough * coat_rough + HALF * SUN_BLUR, nh, nl_up, nv) * nl_up
        passed = ONE - f
    matt = INV_PI * nl_up * (ONE - metallic)
    for channel in range(3):
        albedo = red if channel == 0 else (green if channel == 1 else blue)
        f0 = DIELECTRIC_F0 + metallic * (albedo - DIELECTRIC_F0)
        f = f0 + (ONE - f0) * edge
        sunlight = select(front, passed * (matt * (ONE - f) * albedo + f * lobe) + shine, none)
        if is_leaf:
            behind = (nl < none) & (fl < none)
            sunlight = sunlight + select(behind, -INV_PI * nl * through_leaf * albedo, none)
        store(rows, SUNLIT + 8 * channel, through * sunlight * sun_lx[channel])


@kernel(inline=True)
def look(rows, camera, first, count, pose):  # type: ignore[no-untyped-def]
    """Write the unit ways of `count` pixels from number `first` on; returns how long those of the camera's table are.

    `camera` points to View.table, `pose` to View.pose.
    """
    if count == LANES:
        a, b, c = load_triples(camera, 3 * first)
    else:
        for k in range(LANES):
            at = 3 * (first + min(k, count - 1))
            store_three(rows, WAY + k, camera[at], camera[at + 1], camera[at + 2])
        a, b, c = load_vector(rows, WAY)
    x = a * pose[0] + (b * pose[1] + c * pose[2])
    y = a * pose[4] + (b * pose[5] + c * pose[6])
    z = a * pose[8] + (b * pose[9] + c * pose[10])
    length = square_root(dot(x, y, z, x, y, z))
    by = ONE / length
    store_vector(rows, WAY, x * by, y * by, z * by)
    return length


@kernel(inline=True)
def meet(rows, k, part, face, matter, u, v, tables, normals):  # type: ignore[no-untyped-def]
    """Write to lane k what a ray met: normals, not yet of length 1 nor on its side, texture coordinates, material.

    `normals` points to the matrix of the part; u and v are the weights of the face's second and third vertex.
    """
    gx, gy, gz = turned(normals, face.nx, face.ny, face.nz)
    store_three(rows, FLAT + k, gx, gy, gz)
    tu, tv = ZERO, ZERO
    if part.smooth != 0 or matter.texture >= 0 or matter.surface != OTHER:
        w = ONE - u - v
        a, b, c = record(tables.vertices, face.a), record(tables.vertices, face.b), record(tables.vertices, face.c)
        tu, tv = w * a.u + u * b.u + v * c.u, w * a.v + u * b.v + v * c.v
        store_float(rows, FOOTPRINT + k, face.density / max(part.scale, TINY))
        if part.smooth != 0:
            gx, gy, gz = turned(
                normals,
                w * a.nx + u * b.nx + v * c.nx,
                w * a.ny + u * b.ny + v * c.ny,
                w * a.nz + u * b.nz + v * c.nz,
            )
    store_three(rows, NORMAL + k, gx, gy, gz)
    store_float(rows, UV + k, tu)
    store_float(rows, UV + 8 + k, tv)
    store_int(rows, SLOT + k, part.first_slot + face.slot)
    store_three(rows, ALBEDO + k, matter.red, matter.green, matter.blue)
    store_three(rows, GLOW + k, ZERO, ZERO, ZERO)
    store_float(rows, ROUGHNESS + k, matter.roughness)
    store_float(rows, METALLIC + k, matter.metallic)
    store_float(rows, COAT + k, matter.clearcoat)
    store_float(rows, LEAF + k, matter.translucency)


@kernel(inline=True)
def turned(m, x, y, z):  # type: ignore[no-untyped-def]
    """A vector times the matrix to which m points."""
    return (
        m[0] * x + (m[1] * y + m[2] * z),
        m[3] * x + (m[4] * y + m[5] * z),
        m[6] * x + (m[7] * y + m[8] * z),
    )


@kernel(inline=True)
def face_eye(rows, reach, eye, spread):  # type: ignore[no-untyped-def]
    """Finish what `meet` began: unit normals on the rays' side, place, footprint; `reach`: how far the rays go."""
    dx, dy, dz = load_vector(rows, WAY)
    fx, fy, fz = load_vector(rows, FLAT)
    nx, ny, nz = load_vector(rows, NORMAL)
    least = splat(TINY)
    by = ONE / square_root(maximum(dot(fx, fy, fz, fx, fy, fz), least))
    along = dot(fx, fy, fz, dx, dy, dz) * by
    by = flip_where_negative(by, -along)
    store_vector(rows, FLAT, fx * by, fy * by, fz * by)
    side = dot(fx, fy, fz, nx, ny, nz) * by
    by = flip_where_negative(ONE / square_root(maximum(dot(nx, ny, nz, nx, ny, nz), least)), side)
    store_vector(rows, NORMAL, nx * by, ny * by, nz * by)
    store(rows, DISTANCE, reach)
    store_vector(rows, PLACE, dx * reach + eye[0], dy * reach + eye[1], dz * reach + eye[2])
    # between the short and the long axis of the footprint
    width = load(rows, FOOTPRINT) * reach * spread
    store(rows, FOOTPRINT, width / square_root(maximum(absolute(along), splat(FOOTPRINT_LEAST))))
    store(rows, COAT_ROUGHNESS, splat(COAT_ROUGH))
    store(rows, COAT_F0, splat(LACQUER_F0))


@kernel
def dress(rows, k, p, tables, switches, earth):  # type: ignore[no-untyped-def]
    """Let panes, switches and weather change lane k (see `dress_surface`); POINT_DTYPE record p knows its instance."""
    p.distance = load_float(rows, DISTANCE + k)
    p.x, p.y, p.z = load_three(rows, PLACE + k)
    p.nx, p.ny, p.nz = load_three(rows, NORMAL + k)
    r, g, b = load_three(rows, ALBEDO + k)
    tr, tg, tb = load_three(rows, TEXTURE + k)
    p.red, p.green, p.blue = r * tr, g * tg, b * tb
    p.glow_r, p.glow_g, p.glow_b = ZERO, ZERO, ZERO
    p.roughness, p.metallic = load_float(rows, ROUGHNESS + k), load_float(rows, METALLIC + k)
    p.coat, p.coat_roughness = load_float(rows, COAT + k), load_float(rows, COAT_ROUGHNESS + k)
    p.coat_f0, p.translucency = load_float(rows, COAT_F0 + k), load_float(rows, LEAF + k)
    p.retro = ZERO
    matter = record(tables.materials, tables.slots[load_int(rows, SLOT + k)])
    panes = matter.texture >= 0 and record(tables.textures, matter.texture).panes != 0
    u, v, alpha = load_float(rows, UV + k), load_float(rows, UV + 8 + k), load_float(rows, TEXTURE + 24 + k)
    dress_surface(p, record(tables.instances, p.instance), matter, panes, alpha, u, v, switches, earth)
    store_three(rows, NORMAL + k, p.nx, p.ny, p.nz)
    store_three(rows, ALBEDO + k, p.red, p.green, p.blue)
    store_three(rows, TEXTURE + k, ONE, ONE, ONE)
    store_three(rows, GLOW + k, p.glow_r, p.glow_g, p.glow_b)
    store_float(rows, ROUGHNESS + k, p.roughness)
    store_float(rows, METALLIC + k, p.metallic)
    store_float(rows, COAT + k, p.coat)
    store_float(rows, COAT_ROUGHNESS + k, p.coat_roughness)
    store_float(rows, COAT_F0 + k, p.coat_f0)
    store_float(rows, LEAF + k, p.translucency)


@kernel(inline=True)
def fetch_faces(tables, part, primitive, column, count, top, height, width):  # type: ignore[no-untyped-def]
    """Ask for the memory of what a tile of pixels meets, so that it has come when it is read."""
    for y in range(top, min(top + LANES, height)):
        for pixel in range(y * width + column, y * width + column + count):
            if part[pixel] >= 0:
                prefetch(tables.faces, record(tables.instances, part[pixel]).first_face + primitive[pixel])
    for y in range(top, min(top + LANES, height)):
        for pixel in range(y * width + column, y * width + column + count):
            if part[pixel] >= 0:
                face = record(tables.faces, record(tables.instances, part[pixel]).first_face + primitive[pixel])
                prefetch(tables.vertices, face.a)
                prefetch(tables.vertices, face.b)
                prefetch(tables.vertices, face.c)


@kernel
def shade_band(band, hits, view, tables, posed, ground, sky, grid, film, sunlight, scratch):  # type: ignore[no-untyped-def]
    """Write what pixels of eight rows show, but for the sun, and list where that has yet to be asked.

    Args:
        band: number of the band of eight rows.
        hits: Hits of all pixels, row-major, with t along the optical axis. view: View.
        tables: Tables. posed: Posed. ground: (1,) GROUND_DTYPE. sky: Sky. grid: Grid.
        film: Film, which receives the results.
        sunlight: Sunlight with room for all pixels of the band, which receives them.
        scratch: (ROWS,) float32, (1,) POINT_DTYPE.

    Returns:
        How many pixels are to be asked first, and how many others there are.
    """
    hit_t, hit_part, hit_primitive, hit_u, hit_v = hits
    _, m, on = posed
    table, air, harmonics, far, sun, sun_lx, extinction = sky
    _, grid_width, grid_points, grid_light = grid
    grid_rows = len(grid_points) // grid_width
    radiance, depth, seen, glass = film
    sun_pixel, sun_origin, sun_light, known = sunlight
    raw, switches, earth = raw_tables(tables), pointer(on), ground[0]
    camera, pose, spread = pointer(view.table), pointer(view.pose), view.spread
    h, toward, lux = pointer(harmonics), pointer(sun), pointer(sun_lx)
    rows, spare = pointer(scratch[0]), record(pointer(scratch[1]), 0)
    eye = view.pose[0, 3], view.pose[1, 3], view.pose[2, 3]
    shining, haze = sun_lx[1] > ZERO, extinction[0]
    weather = earth.film_m > ZERO or earth.snow_m > ZERO
    height, width = depth.shape
    first = band * LANES * width
    ahead, back = 0, len(known)
    for column in range(0, width, LANES):
        count = min(LANES, width - column)
        upper = band * grid_width
        lower = min(band + 1, grid_rows - 1) * grid_width
        left, right = column // LANES, min(column // LANES + 1, grid_width - 1)
        corners = upper + left, upper + right, lower + left, lower + right
        fetch_faces(raw, hit_part, hit_primitive, column, count, band * LANES, height, width)
        for y in range(band * LANES, min((band + 1) * LANES, height)):
            solid, changing, textured = np.int32(0), np.int32(0), np.int32(0)
            length = look(rows, camera, y * width + column, count, pose)
            for k in range(count):
                x, pixel, bit = column + k, y * width + column + k, np.int32(1) << np.int32(k)
                instance, reach = hit_part[pixel], hit_t[pixel]
                seen[y, x], depth[y, x], glass[y, x], known[pixel - first] = instance, reach, False, UNASKED
                store_float(rows, DISTANCE + k, reach)
                if instance < 0:
                    continue
                part = record(raw.instances, instance)
                face = record(raw.faces, part.first_face + hit_primitive[pixel])
                matter = record(raw.materials, raw.slots[part.first_slot + face.slot])
                if matter.transmission > GLASS_LEAST:
                    glass[y, x] = True
                    continue
                solid |= bit
                meet(rows, k, part, face, matter, hit_u[pixel], hit_v[pixel], raw, pointer(m[instance]))
                for corner in range(4):
                    store_int(rows, TEXELS + 8 * corner + k, WHITE)
                changes = weather or matter.glow_g + matter.glow_r > ZERO or matter.surface == WATER
                if matter.texture >= 0:
                    textured |= bit
                    changes = changes or record(raw.textures, matter.texture).panes != 0
                if changes:
                    changing |= bit
            way_x, way_y = load_float(rows, WAY + LANES // 2), load_float(rows, WAY + 8 + LANES // 2)
            far_air = airlight(air, way_x, way_y)
            if solid != 0:
                face_eye(rows, load(rows, DISTANCE) * length, eye, spread)
                while textured != 0:
                    k = lowest(textured)
                    textured = without_lowest(textured)
                    matter = record(raw.materials, raw.slots[load_int(rows, SLOT + k)])
                    image = record(raw.textures, matter.texture)
                    fetch_texels(rows, k, image, raw.levels, raw.texels)
                mix_texels(rows)
                while changing != 0:
                    k = lowest(changing)
                    changing = without_lowest(changing)
                    spare.instance = hit_part[y * width + column + k]
                    dress(rows, k, spare, raw, switches, earth)
                down = np.float32(y - band * LANES) / np.float32(LANES)
                light_eight(rows, h, toward, lux, table, far, haze, far_air, corners, grid_points, grid_light, down)
            for k in range(count):
                x = column + k
                if (solid >> k) & 1 == 0:
                    dx, dy, dz = load_three(rows, WAY + k)
                    r, g, b = sky_seen(table, far, far_air, haze, sun, sun_lx, dx, dy, dz)
                    radiance[y, x, 0], radiance[y, x, 1], radiance[y, x, 2] = r, g, b
                    continue
                r, g, b = load_three(rows, STEADY + k)
                radiance[y, x, 0], radiance[y, x, 1], radiance[y, x, 2] = r, g, b
                light = luminance(r, g, b)
                r, g, b = load_three(rows, SUNLIT + k)
                if shining and luminance(r, g, b) > LEAST_SUN * light:
                    px, py, pz = load_three(rows, PLACE + k)
                    fx, fy, fz = load_three(rows, FLAT + k)
                    away = OFFSET_M + OFFSET_SHARE * load_float(rows, DISTANCE + k)
                    if fx * sun[0] + fy * sun[1] + fz * sun[2] < ZERO:
                        away = -away
                    if (x | y) & 1 == 0:
                        at, ahead = ahead, ahead + 1
                    else:
                        back -= 1
                        at = back
                    sun_pixel[at] = y * width + x - first
                    sun_origin[at, 0], sun_origin[at, 1] = px + away * fx, py + away * fy
                    sun_origin[at, 2] = pz + away * fz
                    sun_light[at, 0], sun_light[at, 1], sun_light[at, 2] = r, g, b
    return ahead, len(known) - back


@kernel
def sky_seen(table, far, air, haze, sun, sun_lx, dx, dy, dz):  # type: ignore[no-untyped-def]
    """Radiance of the sky with the sun's disc, or of the ground beyond the scene, in direction d: see `compose`."""
    r, g, b = sky_radiance(table, far, dx, dy, dz)
    if dz <= ZERO:
        through = clamp01(-dz * np.float32(10.0)) * math.exp(-haze * FAR_GROUND_M)
        return air[0] + through * (r - air[0]), air[1] + through * (g - air[1]), air[2] + through * (b - air[2])
    if dx * sun[0] + dy * sun[1] + dz * sun[2] > SUN_COSINE:
        return r + SUN_RADIANCE * sun_lx[0], g + SUN_RADIANCE * sun_lx[1], b + SUN_RADIANCE * sun_lx[2]
    return r, g, b


@kernel
def add_sun(blocked, pixel, light, radiance, known):  # type: ignore[no-untyped-def]
    """Add the light (N, 3) of the sun to pixels of radiance (P, 3) whose shadow rays are not `blocked` (N,) bool.

    `pixel` (N,) numbers them; `known` (P,) uint8 receives what was found.
    """
    for i in range(len(blocked)):
        k = pixel[i]
        known[k] = SHADED if blocked[i] else SUNNY
        if not blocked[i]:
            for channel in range(3):
                radiance[k, channel] += light[i, channel]


@kernel
def ask_neighbours(first, width, instance, sunlight, radiance, doubtful):  # type: ignore[no-untyped-def]
    """Decide pixels like those around them, of the same instance, that are known; returns how many stay in doubt.

    Args:
        first: of the pixels in Sunlight; they go on to its end. width: of the picture. instance: (P,) of the band.
        sunlight: Sunlight. radiance: (P, 3), to which the light of those in the sun is added.
        doubtful: (P,) int32 receives the places of the others in Sunlight.
    """
    pixel, _, light, known = sunlight
    left = 0
    for at in range(first, len(pixel)):
        k = pixel[at]
        sunny, shaded = 0, 0
        for side in range(9):
            other = k + (side // 3 - 1) * width + side % 3 - 1
            if 0 <= other < len(known) and instance[other] == instance[k]:
                sunny += known[other] == SUNNY
                shaded += known[other] == SHADED
        if sunny > 0 and shaded == 0:
            for channel in range(3):
                radiance[k, channel] += light[at, channel]
        elif shaded == 0 or sunny > 0:
            doubtful[left] = at
            left += 1
    return left


def light_quickly(
    transport: Transport, view: View, grid: Grid, radiance: F32, depth: F32, instance: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Light all pixels but those that show glass, which are returned: (H, W) bool.

    Args:
        transport: in a stage by daylight. view: the camera. grid: sky light of some of its pixels.
        radiance, depth, instance: results, as in `Picture`.
    """
    stage, sky = transport.stage, transport.sky
    height, width = depth.shape
    pixels = height * width
    glass = np.empty((height, width), np.bool_)
    frame = np.eye(4)
    frame[:3] = view.pose
    hits = stage.rays.closest_hit(
        np.zeros(3), view.table.reshape(-1, 3), mask=SEEN, threads=stage.threads, grid=(height, width), frame=frame
    )
    film = Film(radiance, depth, instance, glass)
    most = LANES * width
    toward = np.ascontiguousarray(np.broadcast_to(sky.sun_direction, (pixels, 3)))
    doubts: dict[int, tuple[NDArray[np.int32], F32, F32]] = {}

    def shade(band: int, _: int) -> None:
        """Eight rows, with most of their shadows."""
        own = slice(band * most, min((band + 1) * most, pixels))
        light, instances = radiance.reshape(-1, 3)[own], instance.reshape(-1)[own]
        count = len(instances)
        sunlight = Sunlight(np.empty(count, np.int32), *np.empty((2, count, 3), np.float32), np.empty(count, np.uint8))
        scratch = np.zeros(ROWS, np.float32), np.zeros(1, POINT_DTYPE)
        asked, others = shade_band(band, hits, view, stage.packed, stage.posed, transport.ground, sky, grid, film,
                                   sunlight, scratch)  # fmt: skip
        if asked:
            starts = sunlight.origin[:asked]
            blocked = stage.rays.any_hit(starts, toward[:asked], mask=OPAQUE, threads=1)
            add_sun(blocked, sunlight.pixel, sunlight.light, light, sunlight.known)
        if others:
            places = np.empty(others, np.int32)
            left = places[: ask_neighbours(count - others, width, instances, sunlight, light, places)]
            doubts[band] = band * most + sunlight.pixel[left], sunlight.origin[left], sunlight.light[left]

    bands = -(-height // LANES)
    parallel_for(shade, bands, chunk=1, threads=stage.threads)
    if doubts:
        pixel, starts, light = (np.concatenate(column) for column in zip(*(doubts[band] for band in sorted(doubts))))
        blocked = stage.rays.any_hit(starts, toward[: len(starts)], mask=OPAQUE, threads=stage.threads)
        add_sun(blocked, pixel, light, radiance.reshape(-1, 3), np.empty(pixels, np.uint8))
    return glass
