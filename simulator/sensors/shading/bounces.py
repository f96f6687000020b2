"""Kernels of the reference: what paths do where they meet surfaces, eight at a time, and the light they find there.

Next-event estimation of sun, sky and lamps, and importance sampling of the material, weighed against each other by the
balance heuristic (E. Veach and L. Guibas, SIGGRAPH 1995). Surfaces reflect as in `reflectance`; what is drawn at random
is that of `draws`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import borrowed, kernel
from simulator.numerics.memory import (
    load,
    load_float,
    load_int,
    load_spaced,
    pointer,
    prefetch,
    record,
    store,
    store_float,
    store_int,
)
from simulator.numerics.simd import (
    LANES,
    absolute,
    bits,
    lowest,
    maximum,
    minimum,
    select,
    splat,
    square_root,
    without_lowest,
)
from simulator.raycast import Hits
from simulator.sensors.shading.air import passes
from simulator.sensors.shading.draws import (
    COSINE,
    LAMP_PICK,
    LIGHT_PICK,
    LUCK,
    PANE,
    PICK,
    SINE,
    SKY_DENSITY,
    SKY_LIGHT,
    TILT,
    TO_SKY,
    TO_SUN,
    Dome,
    sky_density,
)
from simulator.sensors.shading.eights import dot, load_three, load_vector, store_three, store_vector
from simulator.sensors.shading.lamps import LAMP_CLEARANCE_M, LAMP_RADIUS_M, Lamps, cell_of, lamp_lux
from simulator.sensors.shading.lobes import (
    COSINE_LEAST,
    DISTANCE,
    FLAT,
    GLOW,
    NORMAL,
    PLACE,
    RETRO,
    RETRO_WIDTH,
    STRIDE,
    TRANSMISSION,
    draw_way,
    look_at,
    respond,
    three,
)
from simulator.sensors.shading.paths import FAR_GROUND_M, OFFSET_M, OFFSET_SHARE, SUN_COSINE, SUN_RADIANCE
from simulator.sensors.shading.runs import Rays, raw_rays
from simulator.sensors.shading.surface import GLASS, MISS, POINT_DTYPE, SOLID, fill_surface, raw_tables
from simulator.sensors.shading.tables import Tables
from simulator.sensors.shading.vector import HALF, ONE, TWO, ZERO, airlight, clamp01, luminance, sky_radiance
from simulator.sensors.sky import Sky
from simulator.sensors.stage import Posed

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

SUN_DENSITY = np.float32(1 / (np.pi * 0.00465**2))  # per steradian, of directions within the sun's disc
SURVIVORS = 3  # bounces after which paths end by chance, the more likely the less they carry
FOG_CLEAR = np.float32(1e-9)
GLASS_INDEX = np.float32(1.52)
# What is at hand of eight paths, rows of eight numbers: way, share of what is met in the pixel, state, number of the
# pixel, density of the way; spare; unit way to a lamp, its light, distance and angular radius; a ray to be kept: start,
# way, what it carries, limit.
WAY, WEIGHT, STATE, PIXEL, DENSITY, SPARE, LAMP, LAMP_LIGHT, LAMP_AWAY, LAMP_BLUR = (
    8 * k for k in (0, 3, 6, 7, 8, 9, 13, 16, 19, 20)
)  # fmt: skip
START, ALONG, CARRIED, LIMIT, ROWS = (8 * k for k in (21, 24, 27, 30, 31))


class Matter(NamedTuple):
    """What surfaces are made of: Tables, Posed, and (1,) GROUND_DTYPE."""

    tables: Tables
    posed: Posed
    ground: NDArray[np.void]


class Lights(NamedTuple):
    """What shines: Sky, the Dome of it, Lamps."""

    sky: Sky
    dome: Dome
    lamps: Lamps


class Course(NamedTuple):
    """How far paths are.

    Attributes:
        depth: surfaces met so far. last: no path goes on after this, so that lights have to be aimed at.
        spread: width of a ray's footprint per metre, float32.
        glow_limit: cd/m2, float32; emission that counts once a path has bounced: what is brighter is a lamp, too.
    """

    depth: Any
    last: Any
    spread: Any
    glow_limit: Any


class Found(NamedTuple):
    """What paths find: `light` (pixels, 3), which is added to; rays to the lights, and those of the paths that go on.

    `first` (R,) is where there is room for the rays of each run.
    """

    light: F32
    first: NDArray[np.int64]
    to_sun: Rays
    to_sky: Rays
    to_lamp: Rays
    onward: Rays


@kernel(inline=True)
def keep(rays, at, rows, lanes):  # type: ignore[no-untyped-def]
    """Append to `rays` (pointers) from row `at` on what the rows hold of `lanes` (bits); returns the next row."""
    while lanes != 0:
        k = lowest(lanes)
        lanes = without_lowest(lanes)
        for axis in range(3):
            store_float(rays.origin, 3 * at + axis, load_float(rows, START + 8 * axis + k))
            store_float(rays.way, 3 * at + axis, load_float(rows, ALONG + 8 * axis + k))
            store_float(rays.carried, 3 * at + axis, load_float(rows, CARRIED + 8 * axis + k))
        store_float(rays.limit, at, load_float(rows, LIMIT + k))
        store_int(rays.pixel, at, load_int(rows, PIXEL + k))
        at += 1
    return at


@kernel(inline=True)
def expect(ray, hits, tables):  # type: ignore[no-untyped-def]
    """Fetch what a ray meets into the cache; -1 is none."""
    if ray >= 0 and hits.part[ray] >= 0:
        prefetch(tables.faces, record(tables.instances, hits.part[ray]).first_face + hits.primitive[ray])


@kernel(inline=True)
def take(rows, points, k, ray, paths, hits, tables, normals, switches, earth, spread):  # type: ignore[no-untyped-def]
    """Write to lane k of the rows and to its record what a path's ray is and meets; a `ray` of -1 is none.

    `paths` are Rays as pointers, with steps (0 or 1) of origin, carried and limit; the others are those of
    `surface.fill_surface`.
    """
    rays, origin_step, carried_step, limit_step = paths
    p = record(points, k)
    instance = hits.part[ray] if ray >= 0 else np.int32(-1)
    store_float(rows, STATE + k, np.float32(-1) if ray < 0 else np.float32(MISS))
    if ray < 0:
        return
    dx, dy, dz = load_float(rays.way, 3 * ray), load_float(rays.way, 3 * ray + 1), load_float(rays.way, 3 * ray + 2)
    store_three(rows, WAY + k, dx, dy, dz)
    c = 3 * ray * carried_step
    store_three(
        rows, WEIGHT + k, load_float(rays.carried, c), load_float(rays.carried, c + 1), load_float(rays.carried, c + 2)
    )
    store_float(rows, DENSITY + k, load_float(rays.limit, ray * limit_step))
    store_int(rows, PIXEL + k, load_int(rays.pixel, ray))
    if instance < 0:
        return
    p.instance = instance
    t, o = hits.t[ray], 3 * ray * origin_step
    p.distance = t
    p.x = load_float(rays.origin, o) + t * dx
    p.y = load_float(rays.origin, o + 1) + t * dy
    p.z = load_float(rays.origin, o + 2) + t * dz
    face = record(tables.faces, record(tables.instances, instance).first_face + hits.primitive[ray])
    fill_surface(p, face, hits.u[ray], hits.v[ray], dx, dy, dz, tables, normals, instance, switches, earth, spread)
    store_float(rows, STATE + k, np.float32(p.state))


@kernel(inline=True)
def add_light(rows, k, light, red, green, blue):  # type: ignore[no-untyped-def]
    """Add radiance to the pixel of lane k, times its weight; `light` points to the pixels."""
    at = 3 * np.int64(load_int(rows, PIXEL + k))
    wr, wg, wb = load_three(rows, WEIGHT + k)
    store_float(light, at, load_float(light, at) + wr * red)
    store_float(light, at + 1, load_float(light, at + 1) + wg * green)
    store_float(light, at + 2, load_float(light, at + 2) + wb * blue)


@kernel
def pass_air(rows, k, length, air, density, light):  # type: ignore[no-untyped-def]
    """Let lane k go through so much air, which shines, and dims what lies behind."""
    dx, dy, dz = load_three(rows, WAY + k)
    r, g, b = airlight(air, dx, dy)
    through = passes(density, length, length * dz)
    if load_float(rows, STATE + k) == np.float32(MISS) and dz <= ZERO:
        through *= clamp01(-dz * np.float32(10.0))
    add_light(rows, k, light, (ONE - through) * r, (ONE - through) * g, (ONE - through) * b)
    wr, wg, wb = load_three(rows, WEIGHT + k)
    store_three(rows, WEIGHT + k, through * wr, through * wg, through * wb)


@kernel
def see_sky(rows, k, sky, density, part, light):  # type: ignore[no-untyped-def]
    """Add the sky, and the sun's disc, that lane k meets; `part`: chance with which its last surface aimed at each."""
    table, _, _, ground, sun, sun_lx, _ = sky
    dx, dy, dz = load_three(rows, WAY + k)
    drawn = load_float(rows, DENSITY + k)
    r, g, b = sky_radiance(table, ground, dx, dy, dz)
    share = ONE
    if drawn < np.inf and dz > ZERO:
        share = drawn / (drawn + part * sky_density(density, dx, dy, dz))
    r, g, b = share * r, share * g, share * b
    if dx * sun[0] + dy * sun[1] + dz * sun[2] > SUN_COSINE:
        share = drawn / (drawn + part * SUN_DENSITY) if drawn < np.inf else ONE
        share *= SUN_RADIANCE
        r, g, b = r + share * sun_lx[0], g + share * sun_lx[1], b + share * sun_lx[2]
    add_light(rows, k, light, r, g, b)


@kernel
def find_lamp(rows, k, p, lamps, pick, extinction):  # type: ignore[no-untyped-def]
    """Write to lane k the way to one of the lamps about point p, and its light times their number."""
    position, axis, intensity, beam, low, cells, least = lamps
    row, column = cell_of(low, cells.shape[0] - 1, p.x, p.y)
    count = 0
    while count < cells.shape[2] and cells[row, column, count] >= 0:
        count += 1
    if count == 0:
        return
    lamp = cells[row, column, min(np.int32(pick * np.float32(count)), count - 1)]
    peak = luminance(intensity[lamp, 0], intensity[lamp, 1], intensity[lamp, 2])
    lx, ly, lz, away, lux = lamp_lux(position, axis, beam, lamp, p.x, p.y, p.z, peak / least[0])
    if lux * peak < least[0]:
        return
    lux *= np.float32(count) * math.exp(-extinction * away)
    store_three(rows, LAMP + k, lx, ly, lz)
    store_three(rows, LAMP_LIGHT + k, lux * intensity[lamp, 0], lux * intensity[lamp, 1], lux * intensity[lamp, 2])
    store_float(rows, LAMP_AWAY + k, away)
    store_float(rows, LAMP_BLUR + k, LAMP_RADIUS_M / max(away, ONE))


@kernel(inline=True)
def leaves(points, nl, lx, ly, lz, leafy):  # type: ignore[no-untyped-def]
    """Whether light goes in direction l: on the same side of triangle and shading normal; and cosine to the triangle's.

    `nl` is the cosine to the shading normal; `leafy`: light may come through.
    """
    none = splat(ZERO)
    fx, fy, fz = three(points, FLAT)
    fl = fx * lx + (fy * ly + fz * lz)
    through = (nl < none) & (fl < none) & leafy
    return ((nl > none) & (fl > none)) | through, fl


@kernel(inline=True)
def start_at(rows, points, fl):  # type: ignore[no-untyped-def]
    """Write where rays start: so far above each surface, or below it where `fl` is negative, not to meet it again."""
    x, y, z = three(points, PLACE)
    fx, fy, fz = three(points, FLAT)
    away = load_spaced(points, DISTANCE, STRIDE) * OFFSET_SHARE + OFFSET_M
    away = select(fl < splat(ZERO), -away, away)
    store_vector(rows, START, x + away * fx, y + away * fy, z + away * fz)


@kernel(inline=True)
def aim(rows, points, look, lx, ly, lz, red, green, blue, density, rival, wanted, leafy):  # type: ignore[no-untyped-def]
    """Write rays in direction l, the same for all, to what shines there with so much irradiance; returns their lanes.

    `density` is that of l by the light; where the `rival` is true the material may draw it too. `wanted`: lanes.
    """
    r, g, b, by_lobes = respond(look, lx, ly, lz, ZERO)
    nl = look.nx * lx + (look.ny * ly + look.nz * lz)
    open_, fl = leaves(points, nl, lx, ly, lz, leafy)
    lanes = bits(open_) & wanted
    if lanes != 0:
        share = density / (by_lobes + density) if rival else splat(ONE)
        wr, wg, wb = load_vector(rows, WEIGHT)
        start_at(rows, points, fl)
        store_vector(rows, ALONG, splat(lx), splat(ly), splat(lz))
        store_vector(rows, CARRIED, share * wr * r * red, share * wg * g * green, share * wb * b * blue)
    return lanes


@kernel(inline=True)
def aim_at_lamps(rows, points, look, wanted, leafy, retro):  # type: ignore[no-untyped-def]
    """Write rays to the lamps that `find_lamp` found; returns their lanes. `retro`: some surfaces throw light back."""
    none = splat(ZERO)
    lx, ly, lz = load_vector(rows, LAMP)
    r, g, b, _ = respond(look, lx, ly, lz, load(rows, LAMP_BLUR))
    nl = dot(look.nx, look.ny, look.nz, lx, ly, lz)
    if retro:
        off = maximum(TWO - TWO * dot(lx, ly, lz, look.vx, look.vy, look.vz), none)
        width = load_spaced(points, RETRO_WIDTH, STRIDE)
        back = load_spaced(points, RETRO, STRIDE) / (ONE + off / (width * width))
        back = back / maximum(maximum(look.red, look.green), maximum(look.blue, splat(np.float32(1e-3))))
        back = select(nl > none, back, none)
        r, g, b = r + back * look.red, g + back * look.green, b + back * look.blue
    open_, fl = leaves(points, nl, lx, ly, lz, leafy)
    lanes = bits(open_ & (load(rows, LAMP_LIGHT + 8) > none)) & wanted
    if lanes != 0:
        wr, wg, wb = load_vector(rows, WEIGHT)
        red, green, blue = load_vector(rows, LAMP_LIGHT)
        start_at(rows, points, fl)
        store_vector(rows, ALONG, lx, ly, lz)
        store_vector(rows, CARRIED, wr * r * red, wg * g * green, wb * b * blue)
        store(rows, LIMIT, maximum(load(rows, LAMP_AWAY) - LAMP_CLEARANCE_M, splat(np.float32(0.01))))
    return lanes


@kernel(inline=True)
def go_on(rows, points, look, draws, depth, wanted, leafy):  # type: ignore[no-untyped-def]
    """Write the rays by which paths leave their surfaces; returns the lanes of those that do."""
    lx, ly, lz = draw_way(look, draws[PICK], draws[TILT], draws[COSINE], draws[SINE])
    r, g, b, drawn = respond(look, lx, ly, lz, ZERO)
    open_, fl = leaves(points, dot(look.nx, look.ny, look.nz, lx, ly, lz), lx, ly, lz, leafy)
    least = splat(np.float32(1e-20))
    open_ = open_ & (drawn > least)
    by = ONE / maximum(drawn, least)
    wr, wg, wb = load_vector(rows, WEIGHT)
    wr, wg, wb = wr * r * by, wg * g * by, wb * b * by
    if depth >= SURVIVORS:
        chance = minimum(maximum(maximum(wr, wg), wb), splat(ONE))
        open_ = open_ & (splat(draws[LUCK]) < chance)
        by = ONE / maximum(chance, least)
        wr, wg, wb = wr * by, wg * by, wb * by
    lanes = bits(open_) & wanted
    if lanes != 0:
        start_at(rows, points, fl)
        store_vector(rows, ALONG, lx, ly, lz)
        store_vector(rows, CARRIED, wr, wg, wb)
        store(rows, LIMIT, drawn)
    return lanes


@kernel(inline=True)
def pass_panes(rows, points, pane, wanted):  # type: ignore[no-untyped-def]
    """Write the rays by which paths leave panes, reflected by chance or straight on; returns their lanes."""
    none, one = splat(ZERO), splat(ONE)
    dx, dy, dz = load_vector(rows, WAY)
    nx, ny, nz = three(points, NORMAL)
    along = dot(dx, dy, dz, nx, ny, nz)
    # Fresnel at both faces, as `reflectance.window_reflectance`
    c = minimum(maximum(-along, none), one)
    g = square_root(c * c + (GLASS_INDEX * GLASS_INDEX - ONE))
    a = (g - c) / (g + c)
    f = (c * (g + c) - ONE) / (c * (g - c) + ONE)
    f = np.float32(0.5) * a * a * (ONE + f * f)
    mirrors = splat(pane) < (f + f) / (ONE + f)
    twice = select(mirrors, along + along, none)
    lx, ly, lz = dx - twice * nx, dy - twice * ny, dz - twice * nz
    fx, fy, fz = three(points, FLAT)
    x, y, z = three(points, PLACE)
    away = load_spaced(points, DISTANCE, STRIDE) * OFFSET_SHARE + OFFSET_M
    store_vector(
        rows,
        START,
        x + away * select(mirrors, fx, dx),
        y + away * select(mirrors, fy, dy),
        z + away * select(mirrors, fz, dz),
    )
    store_vector(rows, ALONG, lx, ly, lz)
    clear = load_spaced(points, TRANSMISSION, STRIDE)
    wr, wg, wb = load_vector(rows, WEIGHT)
    kept = select(mirrors, one, clear)
    store_vector(rows, CARRIED, kept * wr, kept * wg, kept * wb)
    store(rows, LIMIT, load(rows, DENSITY))
    return bits(clear > none) & wanted


@kernel(inline=True)
def glow_of(rows, points, lanes, limit, light):  # type: ignore[no-untyped-def]
    """Add what surfaces of some lanes shine by themselves, up to a luminance."""
    while lanes != 0:
        k = lowest(lanes)
        lanes = without_lowest(lanes)
        p = record(points, k)
        glow = luminance(p.glow_r, p.glow_g, p.glow_b)
        share = min(limit / max(glow, np.float32(1e-20)), ONE)
        add_light(rows, k, light, share * p.glow_r, share * p.glow_g, share * p.glow_b)


@kernel
def meet(start, stop, runs, which, paths, hits, matter, lights, numbers, course, found):  # type: ignore[no-untyped-def]
    """Let paths meet their surfaces: add emission or sky, aim at the lights, draw where they go on.

    Args:
        start, stop: range of runs.
        runs: Runs. which: (N,) int32 numbers of the rays in the order of the runs, -1 for none; empty: as they come.
        paths: Rays, which may lack runs. hits: Hits of these.
        matter: Matter. lights: Lights. numbers: (CLASSES, COLUMNS) of `draws`. course: Course.
        found: Found, which receives the results.
    """
    sky, dome, lamps = borrowed(lights.sky), borrowed(lights.dome), borrowed(lights.lamps)
    _, air, _, _, _, sun_lx, extinction = sky
    haze = extinction[0]
    depth, last, spread, glow_limit = course
    tables, normals, switches = raw_tables(matter.tables), pointer(matter.posed.normal), pointer(matter.posed.on)
    earth, sky_chance = matter.ground[0], dome.density
    met = Hits(pointer(hits.t), pointer(hits.part), pointer(hits.primitive), pointer(hits.u), pointer(hits.v))
    rays = (
        raw_rays(paths),
        np.int64(len(paths.origin) > 1),
        np.int64(len(paths.carried) > 1),
        np.int64(len(paths.limit) > 1),
    )
    light, order, ordered = pointer(found.light), pointer(which), len(which) > 0
    to_sun, to_sky = raw_rays(found.to_sun), raw_rays(found.to_sky)
    to_lamp, onward = raw_rays(found.to_lamp), raw_rays(found.onward)
    spare, eight = np.zeros(ROWS, np.float32), np.zeros(LANES, POINT_DTYPE)
    rows, points, floats = pointer(spare), pointer(eight), pointer(eight.view(np.float32))
    shining, lit = sun_lx[1] > ZERO, len(found.to_lamp.pixel) > 0
    limit = glow_limit if depth > 0 else np.float32(np.inf)
    none = splat(ZERO)
    for run in range(start, stop):
        first, end, draws = runs.first[run], runs.stop[run], pointer(numbers[runs.kind[run]])
        sun_end = sky_end = lamp_end = on_end = found.first[run]
        # Both at the first surface, but one or the other at those after it, which matter less.
        part, to_sun_now, to_sky_now = ONE, shining, draws[SKY_DENSITY] > ZERO
        if depth > 0 and shining:
            part, to_sun_now = HALF, draws[LIGHT_PICK] < HALF
            to_sky_now = to_sky_now and not to_sun_now
        for at in range(first, end, LANES):
            for k in range(LANES, 2 * LANES):
                if at + k < end:
                    expect(np.int64(order[at + k]) if ordered else at + k, met, tables)
            for k in range(LANES):
                ray = np.int64(-1)
                if at + k < end:
                    ray = np.int64(order[at + k]) if ordered else at + k
                take(rows, points, k, ray, rays, met, tables, normals, switches, earth, spread)
            state = load(rows, STATE)
            missed = bits(absolute(state - np.float32(MISS)) < splat(np.float32(0.5)))
            solid = bits(absolute(state - np.float32(SOLID)) < splat(np.float32(0.5)))
            panes = bits(absolute(state - np.float32(GLASS)) < splat(np.float32(0.5)))
            if haze > FOG_CLEAR:
                for k in range(LANES):
                    if (solid | panes) >> k & 1 != 0:
                        pass_air(rows, k, record(points, k).distance, air, extinction, light)
                    elif missed >> k & 1 != 0:
                        below = load_float(rows, WAY + 16 + k) <= ZERO
                        pass_air(rows, k, FAR_GROUND_M if below else ZERO, air, extinction, light)
            while missed != 0:
                k = lowest(missed)
                missed = without_lowest(missed)
                see_sky(rows, k, sky, sky_chance, ONE if depth <= 1 or not shining else HALF, light)
            if panes != 0 and not last:
                on_end = keep(onward, on_end, rows, pass_panes(rows, floats, draws[PANE], panes))
            if solid == 0:
                continue
            red, green, blue = three(floats, GLOW)
            glow_of(rows, points, bits(red + (green + blue) > none) & solid, limit, light)
            dx, dy, dz = load_vector(rows, WAY)
            nx, ny, nz = three(floats, NORMAL)
            fx, fy, fz = three(floats, FLAT)
            # a shading normal may turn away from the eye
            away = -dot(nx, ny, nz, dx, dy, dz) < splat(COSINE_LEAST)
            nx, ny, nz = select(away, fx, nx), select(away, fy, ny), select(away, fz, nz)
            look = look_at(floats, nx, ny, nz, -dx, -dy, -dz, rows, SPARE)
            leafy = look.leaf > none
            if to_sun_now:
                density = part * SUN_DENSITY
                lanes = aim(
                    rows, floats, look, draws[TO_SUN], draws[TO_SUN + 1], draws[TO_SUN + 2],
                    sun_lx[0] / part, sun_lx[1] / part, sun_lx[2] / part, density, not last, solid, leafy,
                )  # fmt: skip
                sun_end = keep(to_sun, sun_end, rows, lanes)
            if to_sky_now:
                density = part * draws[SKY_DENSITY]
                by = ONE / density
                lanes = aim(
                    rows, floats, look, draws[TO_SKY], draws[TO_SKY + 1], draws[TO_SKY + 2],
                    by * draws[SKY_LIGHT], by * draws[SKY_LIGHT + 1], by * draws[SKY_LIGHT + 2],
                    density, not last, solid, leafy,
                )  # fmt: skip
                sky_end = keep(to_sky, sky_end, rows, lanes)
            if lit:
                store_vector(rows, LAMP_LIGHT, none, none, none)
                for k in range(LANES):
                    if solid >> k & 1 != 0:
                        find_lamp(rows, k, record(points, k), lamps, draws[LAMP_PICK], haze)
                lamp_end = keep(to_lamp, lamp_end, rows, aim_at_lamps(rows, floats, look, solid, leafy, depth == 0))
            if not last:
                on_end = keep(onward, on_end, rows, go_on(rows, floats, look, draws, depth, solid, leafy))
        store_int(to_sun.held, run, np.int32(sun_end - found.first[run]))
        store_int(to_sky.held, run, np.int32(sky_end - found.first[run]))
        store_int(to_lamp.held, run, np.int32(lamp_end - found.first[run]))
        store_int(onward.held, run, np.int32(on_end - found.first[run]))
