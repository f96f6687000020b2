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
    load_spaced,
    pointer,
    record,
    store,
    store_float,
    store_int,
)
from simulator.numerics.parallel import parallel_for
from simulator.numerics.simd import (
    LANES,
    bits,
    byte_of,
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
from simulator.sensors.shading.surface import GLASS, POINT_DTYPE, SOLID, dress_surface, find_surface, raw_tables
from simulator.sensors.shading.vector import (
    BLUE,
    GREEN,
    HALF,
    INV_PI,
    ONE,
    PI,
    RED,
    THREE,
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

POINT = POINT_DTYPE.itemsize // 4
STATE, DISTANCE, PLACE, FLAT, NORMAL, ALBEDO, GLOW, ROUGHNESS, METALLIC, COAT, COAT_ROUGHNESS, COAT_F0, TRANSLUCENCY = (
    POINT_DTYPE.fields[name][1] // 4
    for name in (
        "state", "distance", "x", "fx", "nx", "red", "glow_r", "roughness", "metallic", "coat", "coat_roughness",
        "coat_f0", "translucency",
    )
)  # fmt: skip
LEAST_SUN = np.float32(1e-3)  # a pixel to which the sun may add less than this gets no shadow ray
LOG2_E = np.float32(1 / math.log(2))
# Rows of eight numbers beside the points: direction, mirrored direction and its light, results by all but the sun and
# by the sun, four texels with the place among them, colour and alpha of the texture.
WAY, MIRROR, MIRRORED, STEADY, SUNLIT, TEXELS, BETWEEN, TEXTURE, ROWS = 0, 24, 48, 72, 96, 120, 152, 168, 200
WHITE = np.int32(-1)
BYTE = np.float32(1 / 255)
ROUND = np.float32(math.sqrt(2.0))  # the nearest mip level, not the next finer one
EIGHTHS = np.arange(8, dtype=np.float32) / np.float32(8)


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
    """Pixels whose light by the sun depends on a shadow ray.

    Attributes:
        pixel: (N,) int32. origin: (N, 3) where the ray starts. light: (N, 3) radiance that is added if it is free.
    """

    pixel: NDArray[np.int32]
    origin: F32
    light: F32


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
def load_vector(memory, index, step):  # type: ignore[no-untyped-def]
    """Three fields from `index` on of eight records."""
    return (
        load_spaced(memory, index, step),
        load_spaced(memory, index + 1, step),
        load_spaced(memory, index + 2, step),
    )


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
def fetch_texels(rows, k, image, levels, texels, u, v, width):  # type: ignore[no-untyped-def]
    """Write the four texels about a texture coordinate, and how it lies among them, to lane k.

    `image` is a TEXTURE_DTYPE record, `levels` and `texels` point to those of Tables; `width`: footprint in repeats.
    """
    fine = (float_bits(width * image.size * ROUND) >> 23) - 127
    level = record(levels, image.first_level + min(max(fine, 0), image.levels - 1))
    wide, high = level.width, level.height
    x = (u - np.float32(math.floor(u))) * np.float32(wide) - HALF
    y = (np.float32(math.ceil(v)) - v) * np.float32(high) - HALF
    column, row = np.int32(math.floor(x)), np.int32(math.floor(y))
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
def sky_light_at(points, nx, ny, nz, harmonics, corners, grid, light, down):  # type: ignore[no-untyped-def]
    """Irradiance of eight points side by side from the four grid points about them: `skylight.light_at`.

    Args:
        points: pointer to their fields. nx, ny, nz: their normals. harmonics: pointer to Sky.harmonics.
        corners: rows of the four in `grid` and `light`. down: how far below the upper two they are, float32.
    """
    x, y, z = load_vector(points, PLACE, POINT)
    thick = ONE / (load_spaced(points, DISTANCE, POINT) * PLANE_SHARE + PLANE_M)
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
def light_eight(points, rows, harmonics, sun, sun_lx, sky, ground, haze, air, corners, grid, light, down):  # type: ignore[no-untyped-def]
    """Write the light that comes to the eye from eight points: by all but the sun, and by the sun if it is not hidden.

    Args:
        points: pointer to the fields of eight POINT_DTYPE records. rows: pointer to ROWS numbers (see there).
        harmonics: pointer to Sky.harmonics. sun, sun_lx: pointers to (3,). sky, ground: Sky.table, Sky.ground.
        haze: extinction of the air, 1/m, float32. air: three float32, the radiance that far air has.
        corners, grid, light, down: as in `sky_light_at`.
    """
    none = splat(ZERO)
    dx, dy, dz = load(rows, WAY), load(rows, WAY + 8), load(rows, WAY + 16)
    nx, ny, nz = load_vector(points, NORMAL, POINT)
    red, green, blue = load_vector(points, ALBEDO, POINT)
    red, green, blue = red * load(rows, TEXTURE), green * load(rows, TEXTURE + 8), blue * load(rows, TEXTURE + 16)
    rough, metallic = load_spaced(points, ROUGHNESS, POINT), load_spaced(points, METALLIC, POINT)
    coat_share, coat_rough = load_spaced(points, COAT, POINT), load_spaced(points, COAT_ROUGHNESS, POINT)
    coat_f0 = load_spaced(points, COAT_F0, POINT)
    through_leaf = load_spaced(points, TRANSLUCENCY, POINT)
    along = dot(dx, dy, dz, nx, ny, nz)
    nv = maximum(-along, splat(np.float32(0.02)))

    # Light of the sky, as `paths.outgoing` has it.
    sr, sg, sb, er, eg, eb = sky_light_at(points, nx, ny, nz, harmonics, corners, grid, light, down)
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
        store(rows, MIRROR, mx)
        store(rows, MIRROR + 8, my)
        store(rows, MIRROR + 16, mz)
        store(rows, MIRRORED, rr)
        store(rows, MIRRORED + 8, rg)
        store(rows, MIRRORED + 16, rb)
        while mirrors != 0:
            k = lowest(mirrors)
            mirrors = without_lowest(mirrors)
            up = load_float(rows, MIRROR + 16 + k)
            r, g, b = sky_radiance(sky, ground, load_float(rows, MIRROR + k), load_float(rows, MIRROR + 8 + k), up)
            # near the horizon streets mirror houses and trees, which are darker than the sky
            part = np.float32(0.45) + np.float32(0.55) * step(ZERO, np.float32(0.3), up)
            store_float(rows, MIRRORED + k, part * r)
            store_float(rows, MIRRORED + 8 + k, part * g)
            store_float(rows, MIRRORED + 16 + k, part * b)
        ir, ig, ib = load(rows, MIRRORED), load(rows, MIRRORED + 8), load(rows, MIRRORED + 16)
    # `rr` is mean light, `ir` the mirror image; each lobe takes its own.
    base = ONE - coat
    diffuse = INV_PI * (ONE - metallic) * base
    glow_r, glow_g, glow_b = load_vector(points, GLOW, POINT)
    base_r, base_g, base_b = select(bare, ir, rr), select(bare, ig, rg), select(bare, ib, rb)
    coat_r, coat_g, coat_b = select(smooth, ir, rr), select(smooth, ig, rg), select(smooth, ib, rb)
    through = left_after(load_spaced(points, DISTANCE, POINT) * haze)
    through = left_after(load_spaced(points, DISTANCE, POINT) * haze)
    glow_r = glow_r + diffuse * (ONE - fr) * red * er + base * fr * base_r + coat * coat_r
    glow_g = glow_g + diffuse * (ONE - fg) * green * eg + base * fg * base_g + coat * coat_g
    glow_b = glow_b + diffuse * (ONE - fb) * blue * eb + base * fb * base_b + coat * coat_b
    store(rows, STEADY, through * (glow_r - air[0]) + air[0])
    store(rows, STEADY + 8, through * (glow_g - air[1]) + air[1])
    store(rows, STEADY + 16, through * (glow_b - air[2]) + air[2])

    # Light of the sun, as `reflectance.scattered` has it.
    lx, ly, lz = sun[0], sun[1], sun[2]
    fx, fy, fz = load_vector(points, FLAT, POINT)
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


@kernel
def shade_rows(start, stop, hits, view, tables, posed, ground, sky, grid, film, sunlight, counts, scratch):  # type: ignore[no-untyped-def]
    """Write what pixels of rows `8 start` to `8 stop` show, but for the sun, and list where that has yet to be asked.

    Args:
        start, stop: range of bands of eight rows.
        hits: Hits of all pixels, row-major, with t along the optical axis. view: View.
        tables: Tables. posed: Posed. ground: (1,) GROUND_DTYPE. sky: Sky. grid: Grid.
        film: Film, which receives the results.
        sunlight: Sunlight with room for all pixels: those of a band begin at its first pixel.
        counts: (bands,) int64 receives how many of these there are.
        scratch: (LANES,) POINT_DTYPE, the same memory as float32, (ROWS,) float32.
    """
    hit_t, hit_part, hit_primitive, hit_u, hit_v = hits
    camera, pose, spread = view
    _, m, on = posed
    table, air, harmonics, far, sun, sun_lx, extinction = sky
    _, grid_width, grid_points, grid_light = grid
    grid_rows = len(grid_points) // grid_width
    radiance, depth, seen, glass = film
    sun_pixel, sun_origin, sun_light = sunlight
    raw, normals, switches, earth = raw_tables(tables), pointer(m), pointer(on), ground[0]
    h, toward, lux = pointer(harmonics), pointer(sun), pointer(sun_lx)
    eight, numbers, rows = pointer(scratch[0]), pointer(scratch[1]), pointer(scratch[2])
    shining, haze = sun_lx[1] > ZERO, extinction[0]
    weather = earth.film_m > ZERO or earth.snow_m > ZERO
    height, width = depth.shape
    ex, ey, ez = pose[0, 3], pose[1, 3], pose[2, 3]
    for band in range(start, stop):
        first = band * LANES * width
        found = first
        for column in range(0, width, LANES):
            count = min(LANES, width - column)
            upper = band * grid_width
            lower = min(band + 1, grid_rows - 1) * grid_width
            left, right = column // LANES, min(column // LANES + 1, grid_width - 1)
            corners = upper + left, upper + right, lower + left, lower + right
            for y in range(band * LANES, min((band + 1) * LANES, height)):
                solid, changing = np.int32(0), np.int32(0)
                for k in range(LANES):
                    x = min(column + k, width - 1)
                    pixel = y * width + x
                    a, b, c = camera[y, x, 0], camera[y, x, 1], camera[y, x, 2]
                    dx = pose[0, 0] * a + pose[0, 1] * b + pose[0, 2] * c
                    dy = pose[1, 0] * a + pose[1, 1] * b + pose[1, 2] * c
                    dz = pose[2, 0] * a + pose[2, 1] * b + pose[2, 2] * c
                    length = math.sqrt(dx * dx + dy * dy + dz * dz)
                    dx, dy, dz = dx / length, dy / length, dz / length
                    store_float(rows, WAY + k, dx)
                    store_float(rows, WAY + 8 + k, dy)
                    store_float(rows, WAY + 16 + k, dz)
                    instance = hit_part[pixel]
                    seen[y, x] = instance
                    depth[y, x] = hit_t[pixel]
                    if instance < 0:
                        continue
                    solid |= np.int32(1) << np.int32(k)
                    p = record(eight, k)
                    p.instance, p.distance = instance, hit_t[pixel] * length
                    p.x, p.y, p.z = ex + p.distance * dx, ey + p.distance * dy, ez + p.distance * dz
                    part = record(raw.instances, instance)
                    face = record(raw.faces, part.first_face + hit_primitive[pixel])
                    matter = record(raw.materials, raw.slots[part.first_slot + face.slot])
                    u, v = hit_u[pixel], hit_v[pixel]
                    tu, tv, footprint = find_surface(
                        p, face, part, matter, u, v, dx, dy, dz, raw, normals, instance, spread
                    )
                    glass[y, x] = p.state == GLASS
                    panes = False
                    if matter.texture >= 0:
                        image = record(raw.textures, matter.texture)
                        panes = image.panes != 0
                        fetch_texels(rows, k, image, raw.levels, raw.texels, tu, tv, footprint)
                    else:
                        for corner in range(4):
                            store_int(rows, TEXELS + 8 * corner + k, WHITE)
                    if weather or panes or matter.glow_g + matter.glow_r > ZERO:
                        changing |= np.int32(1) << np.int32(k)
                        store_float(rows, MIRROR + k, tu)
                        store_float(rows, MIRROR + 8 + k, tv)
                        store_int(rows, MIRROR + 16 + k, part.first_slot + face.slot)
                if solid != 0:
                    mix_texels(rows)
                while changing != 0:
                    k = lowest(changing)
                    changing = without_lowest(changing)
                    p, matter = record(eight, k), record(raw.materials, raw.slots[load_int(rows, MIRROR + 16 + k)])
                    r, g, b = load_three(rows, TEXTURE + k)
                    p.red, p.green, p.blue = p.red * r, p.green * g, p.blue * b
                    for channel in range(3):
                        store_float(rows, TEXTURE + 8 * channel + k, ONE)
                    panes = matter.texture >= 0 and record(raw.textures, matter.texture).panes != 0
                    tu, tv, alpha = (
                        load_float(rows, MIRROR + k),
                        load_float(rows, MIRROR + 8 + k),
                        load_float(rows, TEXTURE + 24 + k),
                    )
                    part = record(raw.instances, p.instance)
                    dress_surface(p, part, matter, panes, alpha, tu, tv, switches, earth)
                middle = LANES // 2
                dx, dy = load_float(rows, WAY + middle), load_float(rows, WAY + 8 + middle)
                far_air = airlight(air, dx, dy)
                if solid != 0:
                    down = np.float32(y - band * LANES) / np.float32(LANES)
                    light_eight(
                        numbers, rows, h, toward, lux, table, far, haze, far_air, corners, grid_points, grid_light, down
                    )
                for k in range(count):
                    x = column + k
                    if (solid >> k) & 1 == 0:
                        dx, dy = load_float(rows, WAY + k), load_float(rows, WAY + 8 + k)
                        dz = load_float(rows, WAY + 16 + k)
                        r, g, b = sky_seen(table, far, far_air, haze, sun, sun_lx, dx, dy, dz)
                        radiance[y, x, 0], radiance[y, x, 1], radiance[y, x, 2] = r, g, b
                        glass[y, x] = False
                        continue
                    r, g, b = load_three(rows, STEADY + k)
                    radiance[y, x, 0], radiance[y, x, 1], radiance[y, x, 2] = r, g, b
                    if not shining:
                        continue
                    light = luminance(r, g, b)
                    r, g, b = load_three(rows, SUNLIT + k)
                    if luminance(r, g, b) > LEAST_SUN * light and not glass[y, x]:
                        p = record(eight, k)
                        away = OFFSET_M + OFFSET_SHARE * p.distance
                        if p.fx * sun[0] + p.fy * sun[1] + p.fz * sun[2] < ZERO:
                            away = -away
                        sun_pixel[found] = y * width + x
                        sun_origin[found, 0], sun_origin[found, 1] = p.x + away * p.fx, p.y + away * p.fy
                        sun_origin[found, 2] = p.z + away * p.fz
                        sun_light[found, 0], sun_light[found, 1], sun_light[found, 2] = r, g, b
                        found += 1
        counts[band] = found - first


@kernel(inline=True)
def load_three(rows, index):  # type: ignore[no-untyped-def]
    """One lane of three rows."""
    return load_float(rows, index), load_float(rows, index + 8), load_float(rows, index + 16)


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
def add_sun(start, stop, pixel, blocked, light, radiance):  # type: ignore[no-untyped-def]
    """Add `light` (N, 3) to the pixels of radiance (P, 3) whose shadow rays `start:stop` are not `blocked` (N,)."""
    for i in range(start, stop):
        if not blocked[i]:
            k = pixel[i]
            radiance[k, 0] += light[i, 0]
            radiance[k, 1] += light[i, 1]
            radiance[k, 2] += light[i, 2]


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
    sunlight = Sunlight(
        np.empty(pixels, np.int32), np.empty((pixels, 3), np.float32), np.empty((pixels, 3), np.float32)
    )
    counts = np.zeros(-(-height // LANES), np.int64)
    flat = radiance.reshape(-1, 3)
    toward = np.ascontiguousarray(np.broadcast_to(sky.sun_direction, (LANES * width, 3)))

    def shade(start: int, stop: int) -> None:
        """A band of eight rows, with its shadows."""
        eight = np.empty(LANES, POINT_DTYPE)
        scratch = eight, eight.view(np.float32), np.empty(ROWS, np.float32)
        shade_rows(start, stop, hits, view, stage.packed, stage.posed, transport.ground, sky, grid, film, sunlight,
                   counts, scratch)  # fmt: skip
        first, count = start * LANES * width, int(counts[start])
        if count:
            own = slice(first, first + count)
            blocked = stage.rays.any_hit(sunlight.origin[own], toward[:count], mask=OPAQUE, threads=1)
            add_sun(0, count, sunlight.pixel[own], blocked, sunlight.light[own], flat)

    parallel_for(shade, len(counts), chunk=1, threads=stage.threads)
    return glass
