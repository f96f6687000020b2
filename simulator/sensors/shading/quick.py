"""Preview by daylight in one pass over the pixels: what each shows, its light eight at a time, and the sun's shadow.

The same surfaces, materials and sky as the waves of `transport`, in their preview quality; but nothing is kept of a
pixel beside the eight that are at hand. What is seen through glass, and what lamps light, is left to these.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

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
    store_ints,
    store_long,
    store_triples,
)
from simulator.numerics.parallel import parallel_for
from simulator.numerics.simd import (
    LANES,
    absolute,
    bits,
    bytes_of_bits,
    flip_where_negative,
    lowest,
    maximum,
    negative,
    select,
    splat,
    splat_int,
    square_root,
    subtract,
    without_lowest,
)
from simulator.sensors.shading.eights import (
    ALBEDO,
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
    PANES,
    PLACE,
    ROUGHNESS,
    ROWS,
    SLOT,
    STEADY,
    SUNLIT,
    TEXELS,
    TEXTURE,
    UV,
    WAY,
    WHITE,
    brightness,
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
from simulator.sensors.shading.shadow import LEFT, WANTED, shine
from simulator.sensors.shading.skylight import Grid
from simulator.sensors.shading.surface import COAT_F0 as LACQUER_F0
from simulator.sensors.shading.surface import (
    COAT_ROUGH,
    GLASS_LEAST,
    OTHER,
    PANE_ROUGH,
    POINT_DTYPE,
    WATER,
    dress_surface,
    raw_tables,
)
from simulator.sensors.shading.texels import fetch_eight, fetch_texels, mix_texels
from simulator.sensors.shading.vector import (
    HALF,
    ONE,
    TINY,
    ZERO,
    airlight,
    clamp01,
    sky_radiance,
)

if TYPE_CHECKING:
    from simulator.raycast import Hits
    from simulator.sensors.shading.transport import Transport

F32 = NDArray[np.float32]

LEAST_SUN = np.float32(1e-3)  # a pixel to which the sun may add less than this gets no shadow ray
ALL = np.int32((1 << LANES) - 1)  # bits of eight pixels


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


class Met(NamedTuple):
    """`Hits` as pointers."""

    t: Any
    part: Any
    primitive: Any
    u: Any
    v: Any


class Canvas(NamedTuple):
    """What is found out about H x W pixels; rows of all but the first are as long as whole eights, E.

    Attributes:
        radiance: (H, W, 3) float32 by all but the sun; that of pixels that are LEFT is not written.
        sunlit: (H, E, 3) float32 radiance that the sun adds where nothing hides it; only where that is WANTED.
        origin: (H, E, 3) float32 where rays to the sun start, likewise.
        fate: (H, E) uint8 what is known of the sun, see `shadow`.
    """

    radiance: F32
    sunlit: F32
    origin: F32
    fate: NDArray[np.uint8]


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
def meet(rows, k, part, face, matter, u, v, tables, normals, turn):  # type: ignore[no-untyped-def]
    """Write to lane k what a ray met: normals, not yet of length 1 nor on its side, texture coordinates, material.

    `turn` is the row of `normals`, a pointer; u and v are the weights of the face's second and third vertex.
    """
    gx, gy, gz = turned(normals, turn, face.nx, face.ny, face.nz)
    store_three(rows, FLAT + k, gx, gy, gz)
    tu, tv = ZERO, ZERO
    if part.smooth != 0 or matter.texture >= 0 or matter.surface != OTHER:
        w = ONE - u - v
        a, b, c = record(tables.vertices, face.a), record(tables.vertices, face.b), record(tables.vertices, face.c)
        tu, tv = between(w, u, v, a.u, b.u, c.u), between(w, u, v, a.v, b.v, c.v)
        store_float(rows, FOOTPRINT + k, face.density / max(part.scale, TINY))
        if part.smooth != 0:
            x, y, z = (
                between(w, u, v, a.nx, b.nx, c.nx),
                between(w, u, v, a.ny, b.ny, c.ny),
                between(w, u, v, a.nz, b.nz, c.nz),
            )
            gx, gy, gz = turned(normals, turn, x, y, z)
    store_three(rows, NORMAL + k, gx, gy, gz)
    store_float(rows, UV + k, tu)
    store_float(rows, UV + 8 + k, tv)
    store_int(rows, SLOT + k, part.first_slot + face.slot)
    store_three(rows, ALBEDO + k, matter.red, matter.green, matter.blue)
    store_float(rows, ROUGHNESS + k, matter.roughness)
    store_float(rows, METALLIC + k, matter.metallic)
    store_float(rows, COAT + k, matter.clearcoat)
    store_float(rows, LEAF + k, matter.translucency)
    store_float(rows, PANES + k, panes_of(tables, matter))


@kernel(inline=True)
def meet_one(rows, part, face, matter, u, v, tables, normals, turn):  # type: ignore[no-untyped-def]
    """`meet` for eight rays that met the same face; u and v are f32x8."""
    x, y, z = turned(normals, turn, face.nx, face.ny, face.nz)
    gx, gy, gz = splat(x), splat(y), splat(z)
    store_vector(rows, FLAT, gx, gy, gz)
    tu = tv = splat(ZERO)
    if part.smooth != 0 or matter.texture >= 0 or matter.surface != OTHER:
        w = ONE - u - v
        a, b, c = record(tables.vertices, face.a), record(tables.vertices, face.b), record(tables.vertices, face.c)
        tu, tv = between(w, u, v, a.u, b.u, c.u), between(w, u, v, a.v, b.v, c.v)
        store(rows, FOOTPRINT, splat(face.density / max(part.scale, TINY)))
        if part.smooth != 0:
            nx, ny, nz = (
                between(w, u, v, a.nx, b.nx, c.nx),
                between(w, u, v, a.ny, b.ny, c.ny),
                between(w, u, v, a.nz, b.nz, c.nz),
            )
            gx, gy, gz = turned(normals, turn, nx, ny, nz)
    store_vector(rows, NORMAL, gx, gy, gz)
    store(rows, UV, tu)
    store(rows, UV + 8, tv)
    store_ints(rows, SLOT, splat_int(part.first_slot + face.slot))
    store_vector(rows, ALBEDO, splat(matter.red), splat(matter.green), splat(matter.blue))
    store(rows, ROUGHNESS, splat(matter.roughness))
    store(rows, METALLIC, splat(matter.metallic))
    store(rows, COAT, splat(matter.clearcoat))
    store(rows, LEAF, splat(matter.translucency))
    store(rows, PANES, splat(panes_of(tables, matter)))


@kernel(inline=True)
def between(w, u, v, a, b, c):  # type: ignore[no-untyped-def]
    """What the vertices have, weighed."""
    return w * a + (u * b + v * c)


@kernel(inline=True)
def turned(normals, turn, x, y, z):  # type: ignore[no-untyped-def]
    """A vector times row `turn` of the matrices to which `normals` points."""
    m = np.int64(turn) * 9
    return (
        normals[m] * x + (normals[m + 1] * y + normals[m + 2] * z),
        normals[m + 3] * x + (normals[m + 4] * y + normals[m + 5] * z),
        normals[m + 6] * x + (normals[m + 7] * y + normals[m + 8] * z),
    )


@kernel(inline=True)
def panes_of(tables, matter):  # type: ignore[no-untyped-def]
    """1 where the alpha of a material's texture marks panes, else 0."""
    return ONE if matter.texture >= 0 and record(tables.textures, matter.texture).panes != 0 else ZERO


@kernel(inline=True)
def changes(tables, switches, part, matter, weather):  # type: ignore[no-untyped-def]
    """Whether weather or a switch that is on change a surface (see `dress`)."""
    glows = matter.glow_r + matter.glow_g + matter.glow_b > ZERO
    burns = (switches[part.object] >> np.uint32(matter.switch)) & np.uint32(1) != 0
    return weather or matter.surface == WATER or (glows and burns)


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


@kernel(inline=True)
def coat_panes(rows):  # type: ignore[no-untyped-def]
    """Give panes their coat; what else is coated is lacquered."""
    panes = load(rows, PANES) * load(rows, TEXTURE + 24) > splat(HALF)
    store(rows, COAT, select(panes, splat(ONE), load(rows, COAT)))
    store(rows, COAT_ROUGHNESS, select(panes, splat(PANE_ROUGH), splat(COAT_ROUGH)))
    store(rows, COAT_F0, splat(LACQUER_F0))


@kernel
def dress(rows, k, p, tables, switches, earth):  # type: ignore[no-untyped-def]
    """Let switches and weather change lane k (see `dress_surface`); POINT_DTYPE record p knows its instance."""
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
    panes = load_float(rows, PANES + k) > HALF
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
def fetch_faces(tables, met, column, count, top, height, width):  # type: ignore[no-untyped-def]
    """Ask for the memory of what a tile of pixels meets, so that it has come when it is read."""
    for y in range(top, min(top + LANES, height)):
        for pixel in range(y * width + column, y * width + column + count):
            part = load_int(met.part, pixel)
            if part >= 0:
                prefetch(tables.faces, record(tables.instances, part).first_face + load_int(met.primitive, pixel))
    for y in range(top, min(top + LANES, height)):
        for pixel in range(y * width + column, y * width + column + count):
            part = load_int(met.part, pixel)
            if part >= 0:
                face = record(tables.faces, record(tables.instances, part).first_face + load_int(met.primitive, pixel))
                prefetch(tables.vertices, face.a)
                prefetch(tables.vertices, face.b)
                prefetch(tables.vertices, face.c)


@kernel(inline=True)
def alike(numbers, first):  # type: ignore[no-untyped-def]
    """Whether eight int32 from a place on are equal."""
    these, one = load_ints(numbers, first), splat_int(load_int(numbers, first))
    return bits(negative(subtract(these, one)) | negative(subtract(one, these))) == 0


@kernel(inline=True)
def meet_eight(rows, first, count, hits, tables, switches, normals, weather):  # type: ignore[no-untyped-def]
    """Write what `count` pixels from number `first` on show.

    Args:
        rows: receives it. hits: Hits as pointers. tables: Tables as pointers.
        switches, normals: pointers to those of Posed. weather: whether all surfaces are changed by it.

    Returns:
        Bits of those that show a surface, that have a texture, that are to be dressed, and that show glass; and whether
        all show the same face.
    """
    solid, textured, changing, glass = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    if count == LANES:
        store(rows, DISTANCE, load(hits.t, first))
    else:
        for k in range(count):
            store_float(rows, DISTANCE + k, load_float(hits.t, first + k))
    store_vector(rows, GLOW, splat(ZERO), splat(ZERO), splat(ZERO))
    if count == LANES and alike(hits.part, first) and alike(hits.primitive, first):
        instance = load_int(hits.part, first)
        if instance >= 0:
            part = record(tables.instances, instance)
            face = record(tables.faces, part.first_face + load_int(hits.primitive, first))
            matter = record(tables.materials, tables.slots[part.first_slot + face.slot])
            if matter.transmission > GLASS_LEAST:
                return solid, textured, changing, ALL, False
            solid = ALL
            u, v = load(hits.u, first), load(hits.v, first)
            meet_one(rows, part, face, matter, u, v, tables, normals, instance)
            textured = ALL if matter.texture >= 0 else np.int32(0)
            changing = ALL if changes(tables, switches, part, matter, weather) else np.int32(0)
        return solid, textured, changing, glass, True
    for k in range(count):
        pixel, bit = first + k, np.int32(1) << np.int32(k)
        instance = load_int(hits.part, pixel)
        if instance < 0:
            continue
        part = record(tables.instances, instance)
        face = record(tables.faces, part.first_face + load_int(hits.primitive, pixel))
        matter = record(tables.materials, tables.slots[part.first_slot + face.slot])
        if matter.transmission > GLASS_LEAST:
            glass |= bit
            continue
        solid |= bit
        u, v = load_float(hits.u, pixel), load_float(hits.v, pixel)
        meet(rows, k, part, face, matter, u, v, tables, normals, instance)
        textured |= bit if matter.texture >= 0 else np.int32(0)
        changing |= bit if changes(tables, switches, part, matter, weather) else np.int32(0)
    return solid, textured, changing, glass, False


@kernel(inline=True)
def colour_eight(rows, textured, one, tables):  # type: ignore[no-untyped-def]
    """Write the textures' colours and alpha; `textured`: bits of those that have one; `one`: all are the same face."""
    if textured == 0:
        for channel in range(4):
            store(rows, TEXTURE + 8 * channel, splat(ONE))
        return
    if one:
        matter = record(tables.materials, tables.slots[load_int(rows, SLOT)])
        fetch_eight(rows, record(tables.textures, matter.texture), tables.levels, tables.texels)
    else:
        if textured != ALL:
            for corner in range(4):
                store_ints(rows, TEXELS + 8 * corner, splat_int(WHITE))
        while textured != 0:
            k = lowest(textured)
            textured = without_lowest(textured)
            matter = record(tables.materials, tables.slots[load_int(rows, SLOT + k)])
            fetch_texels(rows, k, record(tables.textures, matter.texture), tables.levels, tables.texels)
    mix_texels(rows)


@kernel(inline=True)
def wants_sun(rows):  # type: ignore[no-untyped-def]
    """Bits of those to which the sun may add something that is seen."""
    r, g, b = load_vector(rows, STEADY)
    red, green, blue = load_vector(rows, SUNLIT)
    return bits(brightness(red, green, blue) > LEAST_SUN * brightness(r, g, b))


@kernel(inline=True)
def rays_start(rows, sun):  # type: ignore[no-untyped-def]
    """Where rays to the sun start: above the surface, on the sun's side."""
    x, y, z = load_vector(rows, PLACE)
    fx, fy, fz = load_vector(rows, FLAT)
    away = load(rows, DISTANCE) * OFFSET_SHARE + OFFSET_M
    away = flip_where_negative(away, fx * sun[0] + (fy * sun[1] + fz * sun[2]))
    return x + away * fx, y + away * fy, z + away * fz


@kernel
def shade_band(band, hits, view, tables, posed, ground, sky, grid, lamps, canvas, scratch):  # type: ignore[no-untyped-def]
    """Write what pixels of eight rows show, but for the sun, and where that has yet to be asked.

    Args:
        band: number of the band of eight rows.
        hits: Hits of all pixels, row-major, with t along the optical axis. view: View.
        tables: Tables. posed: Posed. ground: (1,) GROUND_DTYPE. sky: Sky. grid: Grid, with a stride of LANES.
        lamps: Lamps.
        canvas: Canvas, which receives the results.
        scratch: (ROWS,) float32, (1,) POINT_DTYPE.
    """
    table, air, harmonics, far, sun, sun_lx, extinction = sky
    _, grid_width, grid_points, grid_light = grid
    grid_rows, lit = len(grid_points) // grid_width, lamps.cells
    height, width, padded = canvas.radiance.shape[0], canvas.radiance.shape[1], canvas.fate.shape[1]
    raw, earth = raw_tables(tables), ground[0]
    met = Met(pointer(hits[0]), pointer(hits[1]), pointer(hits[2]), pointer(hits[3]), pointer(hits[4]))
    normals, switches = pointer(posed.normal), pointer(posed.on)
    camera, pose, spread = pointer(view.table), pointer(view.pose), view.spread
    h, toward, lux = pointer(harmonics), pointer(sun), pointer(sun_lx)
    radiance, sunlit = pointer(canvas.radiance), pointer(canvas.sunlit)
    origin, fate = pointer(canvas.origin), pointer(canvas.fate)
    rows, spare = pointer(scratch[0]), record(pointer(scratch[1]), 0)
    eye = view.pose[0, 3], view.pose[1, 3], view.pose[2, 3]
    shining, haze = sun_lx[1] > ZERO, extinction[0]
    dark = (lit[:, :, 0] < 0).all()
    weather = earth.film_m > ZERO or earth.snow_m > ZERO
    upper, lower = band * grid_width, min(band + 1, grid_rows - 1) * grid_width
    for column in range(0, width, LANES):
        count = min(LANES, width - column)
        left, right = column // LANES, min(column // LANES + 1, grid_width - 1)
        corners = upper + left, upper + right, lower + left, lower + right
        fetch_faces(raw, met, column, count, band * LANES, height, width)
        for y in range(band * LANES, min((band + 1) * LANES, height)):
            first, place = y * width + column, y * padded + column
            length = look(rows, camera, first, count, pose)
            far_air = airlight(air, load_float(rows, WAY + LANES // 2), load_float(rows, WAY + 8 + LANES // 2))
            solid, textured, changing, apart, one = meet_eight(rows, first, count, met, raw, switches, normals, weather)
            wanted = np.int32(0)
            if solid != 0:
                face_eye(rows, load(rows, DISTANCE) * length, eye, spread)
                colour_eight(rows, textured, one, raw)
                coat_panes(rows)
                while changing != 0:
                    k = lowest(changing)
                    changing = without_lowest(changing)
                    spare.instance = load_int(met.part, first + k)
                    dress(rows, k, spare, raw, switches, earth)
                down = np.float32(y - band * LANES) / np.float32(LANES)
                light_eight(rows, h, toward, lux, table, far, haze, far_air, corners, grid_points, grid_light, down)
                if not dark:
                    apart |= solid & in_lamp_light(rows, lit, lamps.low)
                if shining:
                    wanted = wants_sun(rows) & solid & ~apart
            if wanted != 0:
                red, green, blue = load_vector(rows, SUNLIT)
                store_triples(sunlit, 3 * place, red, green, blue)
                from_x, from_y, from_z = rays_start(rows, toward)
                store_triples(origin, 3 * place, from_x, from_y, from_z)
            store_long(fate, place, bytes_of_bits(wanted) * WANTED | bytes_of_bits(apart) * LEFT)
            beyond = ~(solid | apart) & ((np.int32(1) << np.int32(count)) - np.int32(1))
            while beyond != 0:
                k = lowest(beyond)
                beyond = without_lowest(beyond)
                dx, dy, dz = load_three(rows, WAY + k)
                r, g, b = sky_seen(table, far, far_air, haze, sun, sun_lx, dx, dy, dz)
                store_three(rows, STEADY + k, r, g, b)
            if count == LANES:
                red, green, blue = load_vector(rows, STEADY)
                store_triples(radiance, 3 * first, red, green, blue)
                continue
            for at in range(3 * count):
                store_float(radiance, 3 * first + at, load_float(rows, STEADY + 8 * (at % 3) + at // 3))


@kernel(inline=True)
def in_lamp_light(rows, lit, low):  # type: ignore[no-untyped-def]
    """Bits of those that lamps matter to."""
    found, last = np.int32(0), lit.shape[0] - 1
    for k in range(LANES):
        row, place = cell_of(low, last, load_float(rows, PLACE + k), load_float(rows, PLACE + 8 + k))
        found |= np.int32(1) << np.int32(k) if lit[row, place, 0] >= 0 else np.int32(0)
    return found


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


def light_quickly(transport: Transport, view: View, hits: Hits, grid: Grid) -> tuple[F32, NDArray[np.bool_]]:
    """Light all pixels but those that show glass or what lamps light.

    Args:
        transport: in a stage by daylight. view: the camera. hits: of its pixels, with t along the optical axis.
        grid: sky light of every eighth pixel of every eighth row.

    Returns:
        (H, W, 3) radiance, and (H, W) bool, of which pixels it is not written.
    """
    stage, (height, width) = transport.stage, view.table.shape[:2]
    padded = -(-width // LANES) * LANES
    sunlit, origin = np.empty((height, padded, 3), np.float32), np.empty((height, padded, 3), np.float32)
    canvas = Canvas(np.empty((height, width, 3), np.float32), sunlit, origin, np.empty((height, padded), np.uint8))

    def shade(start: int, stop: int) -> None:
        """Bands of eight rows."""
        scratch = np.zeros(ROWS, np.float32), np.zeros(1, POINT_DTYPE)
        for band in range(start, stop):
            shade_band(band, hits, view, stage.packed, stage.posed, transport.ground, transport.sky, grid,
                       transport.lamps, canvas, scratch)  # fmt: skip

    parallel_for(shade, -(-height // LANES), chunk=1, threads=stage.threads)
    instance = hits.part.reshape(height, width)
    shine(stage, transport.sky.sun_direction, canvas.origin, sunlit, instance, canvas.fate, canvas.radiance)
    return canvas.radiance, canvas.fate[:, :width] == LEFT
