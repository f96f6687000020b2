"""Preview by daylight in one pass over the pixels: what each shows, its light eight at a time, and the sun's shadow.

The same surfaces, materials and sky as the waves of `transport`, in their preview quality; but nothing is kept of a
pixel beside the eight that are at hand. What is seen through glass, and what lamps light, is left to these.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import borrowed, kernel
from simulator.numerics.memory import (
    load,
    load_float,
    load_int,
    load_triples,
    pointer,
    prefetch,
    record,
    store_float,
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
    floor,
    lowest,
    maximum,
    minimum,
    splat,
    square_root,
    without_lowest,
)
from simulator.sensors.shading.contact import shade_rows
from simulator.sensors.shading.eights import (
    DISTANCE,
    FLAT,
    LEAF,
    LIT_AT,
    NORMAL,
    PLACE,
    ROWS,
    SLOT,
    STEADY,
    SUNLIT,
    WAY,
    brightness,
    dot,
    light_eight,
    lit_alike,
    load_three,
    load_vector,
    look_at_sky,
    send_eight,
    store_three,
    store_vector,
)
from simulator.sensors.shading.lamps import CELL_M, cell_of, lamp_lux
from simulator.sensors.shading.met import (
    ALL,
    Met,
    alike,
    coat_panes,
    colour_eight,
    colour_from_levels,
    dress,
    face_eye,
    meet_eight,
    one_face,
    place_again,
    same_faces,
    take_hits,
)
from simulator.sensors.shading.paths import (
    FAR_GROUND_M,
    OFFSET_M,
    OFFSET_SHARE,
    SUN_COSINE,
    SUN_RADIANCE,
)
from simulator.sensors.shading.shadow import LEAFY, LEFT, WANTED, list_pixels, shine
from simulator.sensors.shading.skylight import Grid
from simulator.sensors.shading.surface import (
    POINT_DTYPE,
    SOLID,
    raw_tables,
)
from simulator.sensors.shading.vector import (
    HALF,
    ONE,
    ZERO,
    airlight,
    clamp01,
    luminance,
)

if TYPE_CHECKING:
    from simulator.raycast import Hits
    from simulator.sensors.shading.transport import Transport

F32 = NDArray[np.float32]

# Rows that are lit as the first of them, where they show the same faces: flat, matt, hardly nearer or farther by this
# share of the distance, and where the sky's light on the grid about them differs by less than this factor; else two.
ALIKE_ROWS, NEAR_SHARE, EVEN = 4, np.float32(0.03), np.float32(1.05)
LEAST_SUN = np.float32(1e-3)  # a pixel to which the sun may add less than this gets no shadow ray


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
def look(rows, camera, first, count, pose):
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
def middle_air(air, camera, pixel, pose):
    """Radiance that far air has behind a pixel: `airlight`, which hardly changes within a few pixels.

    `camera` points to View.table, `pose` to View.pose.
    """
    a, b, c = camera[3 * pixel], camera[3 * pixel + 1], camera[3 * pixel + 2]
    x = a * pose[0] + (b * pose[1] + c * pose[2])
    return airlight(air, x, a * pose[4] + (b * pose[5] + c * pose[6]))


@kernel(inline=True)
def other_part(met, pixel, first):
    """Part of the face that a pixel from number `first` on shows, or -1 if that is none, or that of the one before."""
    part, before = load_int(met.part, pixel), max(pixel - 1, first)
    same = load_int(met.part, before) == part and load_int(met.primitive, before) == load_int(met.primitive, pixel)
    return np.int32(-1) if same and before < pixel else part


@kernel(inline=True)
def foresee(tables, met, camera, column, top, height, width):
    """Ask for memory in time: vertices of a tile of eight by eight pixels, faces of the next, what the one after met.

    The tile starts at `column` in row `top`; `camera` points to View.table.
    """
    for y in range(top, min(top + LANES, height)):
        first = y * width + column
        if column + 3 * LANES <= width:
            last = first + 3 * LANES - 1
            prefetch(met.t, last)
            prefetch(met.part, last)
            prefetch(met.primitive, last)
            prefetch(met.u, last)
            prefetch(met.v, last)
            prefetch(camera, 3 * last - 10)
            prefetch(camera, 3 * last + 2)
        if column + 2 * LANES <= width:
            following = first + LANES
            for pixel in range(following, following + (1 if one_face(met, following) else LANES)):
                part = other_part(met, pixel, following)
                if part >= 0:
                    prefetch(tables.faces, record(tables.instances, part).first_face + load_int(met.primitive, pixel))
        if column + LANES <= width:
            for pixel in range(first, first + (1 if one_face(met, first) else LANES)):
                part = other_part(met, pixel, first)
                if part >= 0:
                    number = record(tables.instances, part).first_face + load_int(met.primitive, pixel)
                    face = record(tables.faces, number)
                    prefetch(tables.vertices, face.a)
                    prefetch(tables.vertices, face.b)
                    prefetch(tables.vertices, face.c)


@kernel(inline=True)
def wants_sun(rows):
    """Bits of those to which the sun may add something that is seen."""
    r, g, b = load_vector(rows, STEADY)
    red, green, blue = load_vector(rows, SUNLIT)
    return bits(brightness(red, green, blue) > LEAST_SUN * brightness(r, g, b))


@kernel(inline=True)
def rays_start(rows, sun):
    """Where rays to the sun start: above the surface, on the sun's side."""
    x, y, z = load_vector(rows, PLACE)
    fx, fy, fz = load_vector(rows, FLAT)
    away = load(rows, DISTANCE) * OFFSET_SHARE + OFFSET_M
    away = flip_where_negative(away, fx * sun[0] + (fy * sun[1] + fz * sun[2]))
    return x + away * fx, y + away * fy, z + away * fz


@kernel(inline=True)
def grid_is_even(points, light, corners):
    """Whether four points of a grid of sky light, rows `corners` of `points` and `light`, are lit nearly alike."""
    least, most = light[corners[0], 1], light[corners[0], 1]
    solid = points[corners[0]].state == SOLID
    for corner in corners:
        least, most = min(least, light[corner, 1]), max(most, light[corner, 1])
        solid = solid and points[corner].state == SOLID
    return solid and most <= EVEN * least


@kernel(inline=True)
def lit_near(rows, reach):
    """Whether eight points at a distance are hardly farther or nearer than those whose light is known."""
    there = load(rows, LIT_AT)
    return bits(absolute(reach - there) < there * NEAR_SHARE) == ALL


@kernel
def shade_band(band, hits, view, tables, posed, ground, sky, grid, lamps, canvas, scratch):
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
    grid_rows, lamps = len(grid_points) // grid_width, borrowed(lamps)
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
    shining, haze = sun_lx[1] > ZERO, pointer(extinction)
    dark = (lamps.cells[:, :, 0] < 0).all()
    weather = earth.film_m > ZERO or earth.snow_m > ZERO
    upper, lower = band * grid_width, min(band + 1, grid_rows - 1) * grid_width
    for column in range(0, width, LANES):
        count = min(LANES, width - column)
        left, right = column // LANES, min(column // LANES + 1, grid_width - 1)
        corners = upper + left, upper + right, lower + left, lower + right
        foresee(raw, met, camera, column, band * LANES, height, width)
        lit, evenly, textured = np.int64(-LANES), grid_is_even(grid_points, grid_light, corners), np.int32(0)
        middle = min(band * LANES + LANES // 2, height - 1)
        far_air = middle_air(air, camera, middle * width + column + count // 2, pose)
        for y in range(band * LANES, min((band + 1) * LANES, height)):
            first, place = y * width + column, y * padded + column
            length = look(rows, camera, first, count, pose)
            again = y - lit < (ALIKE_ROWS if evenly else 2) and same_faces(rows, met, first)
            take_hits(rows, first, count, met)
            if again and lit_near(rows, load(rows, DISTANCE) * length):
                solid, apart = ALL, np.int32(0)
                place_again(rows, load(rows, DISTANCE) * length, eye, textured, raw)
                if textured != 0:
                    colour_from_levels(rows, textured, raw)
            else:
                solid, textured, changing, apart = meet_eight(rows, raw, switches, normals, weather)
                lit = np.int64(-LANES)
                if solid != 0:
                    face_eye(rows, load(rows, DISTANCE) * length, eye, spread)
                    colour_eight(rows, textured, solid == ALL and alike(rows, SLOT), raw)
                    coat_panes(rows)
                    if solid == ALL and changing == 0 and lit_alike(rows):
                        lit = y
                    while changing != 0:
                        k = lowest(changing)
                        changing = without_lowest(changing)
                        spare.instance = load_int(met.part, first + k)
                        dress(rows, k, spare, raw, switches, earth)
                    down = np.float32(y - band * LANES) / np.float32(LANES)
                    light_eight(rows, h, toward, table, far, corners, grid_points, grid_light, down)
            wanted = np.int32(0)
            if solid != 0:
                send_eight(rows, lux, haze, far_air)
                if not dark:
                    apart |= solid & in_lamp_light(rows, solid, lamps, haze)
                if shining:
                    wanted = wants_sun(rows) & solid & ~apart
            if wanted != 0:
                red, green, blue = load_vector(rows, SUNLIT)
                store_triples(sunlit, 3 * place, red, green, blue)
                from_x, from_y, from_z = rays_start(rows, toward)
                store_triples(origin, 3 * place, from_x, from_y, from_z)
            leaves = bits(load(rows, LEAF) > splat(ZERO)) & wanted
            store_long(
                fate,
                place,
                bytes_of_bits(wanted) * WANTED | bytes_of_bits(leaves) * LEAFY | bytes_of_bits(apart) * LEFT,
            )
            beyond = ~(solid | apart) & ((np.int32(1) << np.int32(count)) - np.int32(1))
            if beyond != 0:
                look_at_sky(rows, beyond, WAY, SUNLIT, table, far)  # the sun's light of the others has been kept
            while beyond != 0:
                k = lowest(beyond)
                beyond = without_lowest(beyond)
                r, g, b = behind_all(rows, k, far_air, haze, sun, sun_lx)
                store_three(rows, STEADY + k, r, g, b)
            if count == LANES:
                red, green, blue = load_vector(rows, STEADY)
                store_triples(radiance, 3 * first, red, green, blue)
                continue
            for at in range(3 * count):
                store_float(radiance, 3 * first + at, load_float(rows, STEADY + 8 * (at % 3) + at // 3))


@kernel(inline=True)
def in_lamp_light(rows, asked, lamps, haze):
    """Bits of those `asked` (bits) that lamps matter to, through air of a `haze` (pointer to Sky.extinction)."""
    found, last = np.int32(0), lamps.cells.shape[0] - 1
    while asked != 0:
        k = lowest(asked)
        row, place = cell_of(lamps.low, last, load_float(rows, PLACE + k), load_float(rows, PLACE + 8 + k))
        # all that are in this cell
        across = floor((load(rows, PLACE) - lamps.low[0]) * np.float32(1 / CELL_M))
        along = floor((load(rows, PLACE + 8) - lamps.low[1]) * np.float32(1 / CELL_M))
        top, none = splat(np.float32(last)), splat(ZERO)
        across, along = minimum(maximum(across, none), top), minimum(maximum(along, none), top)
        here = (absolute(across - np.float32(row)) < splat(HALF)) & (absolute(along - np.float32(place)) < splat(HALF))
        here = (bits(here) & asked) | (np.int32(1) << np.int32(k))
        asked &= ~here
        number = 0
        while here != 0 and number < lamps.cells.shape[2] and lamps.cells[row, place, number] >= 0:
            lit = lit_by(rows, here, lamps, lamps.cells[row, place, number], haze)
            found |= lit
            here &= ~lit
            number += 1
    return found


@kernel
def lit_by(rows, asked, lamps, lamp, haze):
    """Bits of those `asked` (bits) to which a lamp matters: see `lamps_on_points`."""
    peak = luminance(lamps.intensity[lamp, 0], lamps.intensity[lamp, 1], lamps.intensity[lamp, 2])
    least = lamps.least[lamp]
    x, y, z = load_vector(rows, PLACE)
    nx, ny, nz = load_vector(rows, NORMAL)
    x, y, z = lamps.position[lamp, 0] - x, lamps.position[lamp, 1] - y, lamps.position[lamp, 2] - z
    faces = (dot(x, y, z, nx, ny, nz) > splat(ZERO)) | (load(rows, LEAF) > splat(ZERO))
    asked &= bits((dot(x, y, z, x, y, z) < splat(peak / least)) & faces)
    found = np.int32(0)
    while asked != 0:
        k = lowest(asked)
        asked = without_lowest(asked)
        x, y, z = load_three(rows, PLACE + k)
        _, _, _, away, lux = lamp_lux(lamps.position, lamps.axis, lamps.beam, lamp, x, y, z, peak / least)
        if lux * peak * math.exp(-haze[0] * (away + load_float(rows, DISTANCE + k))) >= least:
            found |= np.int32(1) << np.int32(k)
    return found


@kernel(inline=True)
def behind_all(rows, k, air, haze, sun, sun_lx):
    """Radiance of the sky (`SUNLIT`) with the sun's disc, or of the ground beyond the scene, in lane k: `compose`."""
    r, g, b = load_three(rows, SUNLIT + k)
    dx, dy, dz = load_three(rows, WAY + k)
    if dz <= ZERO:
        through = clamp01(-dz * np.float32(10.0)) * math.exp(-haze[0] * FAR_GROUND_M)
        return air[0] + through * (r - air[0]), air[1] + through * (g - air[1]), air[2] + through * (b - air[2])
    if dx * sun[0] + dy * sun[1] + dz * sun[2] > SUN_COSINE:
        return r + SUN_RADIANCE * sun_lx[0], g + SUN_RADIANCE * sun_lx[1], b + SUN_RADIANCE * sun_lx[2]
    return r, g, b


def light_quickly(transport: Transport, view: View, hits: Hits, grid: Grid) -> tuple[F32, NDArray[np.int32]]:
    """Light all pixels but those that show glass or what lamps light.

    Args:
        transport: in a stage by daylight. view: the camera. hits: of its pixels, with t along the optical axis.
        grid: sky light of every eighth pixel of every eighth row.

    Returns:
        (H, W, 3) radiance, and the numbers in H x W of the pixels of which it is not written.
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
    transport.each(height, shade_rows, *transport.contacts, view.table, view.pose, hits.t.reshape(height, width),
                   canvas.radiance, chunk=16)  # fmt: skip
    instance = hits.part.reshape(height, width)
    shine(stage, transport.sky.sun_direction, canvas.origin, sunlit, instance, canvas.fate, canvas.radiance)
    left = np.empty(height * width, np.int32)
    left = left[: list_pixels(canvas.fate, LEFT, 1, left)]
    return canvas.radiance, left // padded * width + left % padded
