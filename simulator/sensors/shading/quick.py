"""Preview by daylight in one pass over the pixels: what each shows, its light eight at a time, and the sun's shadow.

The same surfaces, materials and sky as the waves of `transport`, in their preview quality; but nothing is kept of a
pixel beside the eight that are at hand. What is seen through glass, and what lamps light, is left to these.
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
    byte_of,
    flip_where_negative,
    float_bits,
    lowest,
    maximum,
    select,
    splat,
    square_root,
    without_lowest,
)
from simulator.sensors.shading.eights import (
    ALBEDO,
    BETWEEN,
    BYTE,
    COAT,
    COAT_F0,
    COAT_ROUGHNESS,
    DISTANCE,
    FLAT,
    FOOTPRINT,
    FOOTPRINT_LEAST,
    GLOW,
    LEAF,
    METALLIC,
    NORMAL,
    PLACE,
    ROUGHNESS,
    ROUND,
    ROWS,
    SLOT,
    STEADY,
    SUNLIT,
    TEXELS,
    TEXTURE,
    UV,
    WAY,
    WHITE,
    dot,
    light_eight,
    load_three,
    load_vector,
    store_three,
    store_vector,
)
from simulator.sensors.shading.lamps import cell_of
from simulator.sensors.shading.paths import (
    FAR_GROUND_M,
    OFFSET_M,
    OFFSET_SHARE,
    SUN_COSINE,
    SUN_RADIANCE,
)
from simulator.sensors.shading.skylight import Grid
from simulator.sensors.shading.surface import COAT_F0 as LACQUER_F0
from simulator.sensors.shading.surface import (
    COAT_ROUGH,
    GLASS_LEAST,
    OTHER,
    POINT_DTYPE,
    WATER,
    dress_surface,
    raw_tables,
)
from simulator.sensors.shading.vector import (
    HALF,
    ONE,
    TINY,
    ZERO,
    airlight,
    clamp01,
    luminance,
    sky_radiance,
)
from simulator.sensors.stage import OPAQUE

if TYPE_CHECKING:
    from simulator.raycast import Hits
    from simulator.sensors.shading.transport import Transport

F32 = NDArray[np.float32]

LEAST_SUN = np.float32(1e-3)  # a pixel to which the sun may add less than this gets no shadow ray
UNASKED, SHADED, SUNNY = np.uint8(0), np.uint8(1), np.uint8(2)  # what is known of a pixel's shadow


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


class Film(NamedTuple):
    """What is known of H x W pixels.

    Attributes:
        radiance: (H, W, 3) float32. depth: (H, W) float32. instance: (H, W) int32; see `Picture`.
        left: (H, W) bool, pixels that show glass or what lamps light, which are left to others.
    """

    radiance: F32
    depth: F32
    instance: NDArray[np.int32]
    left: NDArray[np.bool_]


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
def shade_band(band, hits, view, tables, posed, ground, sky, grid, lamps, film, sunlight, scratch):  # type: ignore[no-untyped-def]
    """Write what pixels of eight rows show, but for the sun, and list where that has yet to be asked.

    Args:
        band: number of the band of eight rows.
        hits: Hits of all pixels, row-major, with t along the optical axis. view: View.
        tables: Tables. posed: Posed. ground: (1,) GROUND_DTYPE. sky: Sky. grid: Grid, with a stride of LANES.
        lamps: Lamps.
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
    radiance, depth, seen, left_out = film
    sun_pixel, sun_origin, sun_light, known = sunlight
    raw, switches, earth = raw_tables(tables), pointer(on), ground[0]
    camera, pose, spread = pointer(view.table), pointer(view.pose), view.spread
    h, toward, lux = pointer(harmonics), pointer(sun), pointer(sun_lx)
    rows, spare = pointer(scratch[0]), record(pointer(scratch[1]), 0)
    eye = view.pose[0, 3], view.pose[1, 3], view.pose[2, 3]
    shining, haze = sun_lx[1] > ZERO, extinction[0]
    lit_cells, lit_low, lit_last = lamps.cells, lamps.low, lamps.cells.shape[0] - 1
    dark = (lit_cells[:, :, 0] < 0).all()
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
                seen[y, x], depth[y, x], left_out[y, x], known[pixel - first] = instance, reach, False, UNASKED
                store_float(rows, DISTANCE + k, reach)
                if instance < 0:
                    continue
                part = record(raw.instances, instance)
                face = record(raw.faces, part.first_face + hit_primitive[pixel])
                matter = record(raw.materials, raw.slots[part.first_slot + face.slot])
                if matter.transmission > GLASS_LEAST:
                    left_out[y, x] = True
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
                if not dark:
                    px, py, pz = load_three(rows, PLACE + k)
                    row, place = cell_of(lit_low, lit_last, px, py)
                    if lit_cells[row, place, 0] >= 0:
                        left_out[y, x] = True
                        continue
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
        # Asked were even columns of even rows, of bands that begin at one.
        down, right = (k // width) & 1, (k % width) & 1
        for side in range(4):
            other = k + (down if side & 1 else -down) * width + (right if side & 2 else -right)
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
    transport: Transport, view: View, hits: Hits, grid: Grid, radiance: F32, depth: F32, instance: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Light all pixels but those that show glass or what lamps light, which are returned: (H, W) bool.

    Args:
        transport: in a stage by daylight. view: the camera. hits: of its pixels, with t along the optical axis.
        grid: sky light of every eighth pixel of every eighth row.
        radiance, depth, instance: results, as in `Picture`.
    """
    stage, sky = transport.stage, transport.sky
    height, width = depth.shape
    pixels, most = height * width, LANES * width
    film = Film(radiance, depth, instance, np.empty((height, width), np.bool_))
    toward = np.ascontiguousarray(np.broadcast_to(sky.sun_direction, (most, 3)))
    doubts: dict[int, tuple[NDArray[np.int32], F32, F32]] = {}

    def shade(band: int, _: int) -> None:
        """Eight rows, with most of their shadows."""
        own = slice(band * most, min((band + 1) * most, pixels))
        light, instances = radiance.reshape(-1, 3)[own], instance.reshape(-1)[own]
        count = len(instances)
        starts, lights = np.empty((2, count, 3), np.float32)
        sunlight = Sunlight(np.empty(count, np.int32), starts, lights, np.empty(count, np.uint8))
        scratch = np.zeros(ROWS, np.float32), np.zeros(1, POINT_DTYPE)
        asked, others = shade_band(band, hits, view, stage.packed, stage.posed, transport.ground, sky, grid,
                                   transport.lamps, film, sunlight, scratch)  # fmt: skip
        if asked:
            blocked = stage.rays.any_hit(starts[:asked], toward[:asked], mask=OPAQUE, threads=1)
            add_sun(blocked, sunlight.pixel, lights, light, sunlight.known)
        if others:
            places = np.empty(others, np.int32)
            left = places[: ask_neighbours(count - others, width, instances, sunlight, light, places)]
            doubts[band] = band * most + sunlight.pixel[left], starts[left], lights[left]

    parallel_for(shade, -(-height // LANES), chunk=1, threads=stage.threads)
    if doubts:
        pixel, starts, light = (np.concatenate(column) for column in zip(*(doubts[band] for band in sorted(doubts))))
        ways = np.ascontiguousarray(np.broadcast_to(sky.sun_direction, starts.shape))
        blocked = stage.rays.any_hit(starts, ways, mask=OPAQUE, threads=stage.threads)
        add_sun(blocked, pixel, light, radiance.reshape(-1, 3), np.empty(pixels, np.uint8))
    return film.left
