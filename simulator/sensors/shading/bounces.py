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
    hold,
    load,
    load_float,
    load_int,
    pointer,
    prefetch,
    record,
    store,
    store_float,
    store_int,
)
from simulator.numerics.simd import (
    LANES,
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
from simulator.sensors.shading.eights import (
    DISTANCE,
    FLAT,
    FOOTPRINT,
    GLOW,
    MIRRORED,
    NORMAL,
    PART,
    PLACE,
    RETRO,
    RETRO_WIDTH,
    SLOT,
    TEXTURE,
    TRANSMISSION,
    UV,
    WAY,
    dot,
    load_three,
    load_vector,
    look_at_sky,
    store_three,
    store_vector,
)
from simulator.sensors.shading.lamps import LAMP_CLEARANCE_M, LAMP_RADIUS_M, Lamps, cell_of, lamp_lux
from simulator.sensors.shading.lobes import COSINE_LEAST, draw_way, look_at, respond
from simulator.sensors.shading.met import coat_panes, dress, face_eye, meet_eight, throw_back
from simulator.sensors.shading.paths import FAR_GROUND_M, OFFSET_M, OFFSET_SHARE, SUN_COSINE, SUN_RADIANCE
from simulator.sensors.shading.reflectance import BEADED_WIDTH, RETRO_HALVES
from simulator.sensors.shading.runs import (
    ALONG,
    CARRIED,
    DENSITY,
    LAMP,
    LAMP_AWAY,
    LAMP_BLUR,
    LAMP_LIGHT,
    LIMIT,
    ORIGIN,
    PIXEL,
    ROWS,
    START,
    WEIGHT,
    Paths,
    Rays,
    keep,
    raw_rays,
    ray_at,
    take_eight,
)
from simulator.sensors.shading.surface import POINT_DTYPE, raw_tables
from simulator.sensors.shading.tables import Tables
from simulator.sensors.shading.texture import trilinear
from simulator.sensors.shading.vector import HALF, ONE, TWO, ZERO, airlight, clamp01, luminance
from simulator.sensors.sky import Sky
from simulator.sensors.stage import Posed

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

SUN_DENSITY = np.float32(1 / (np.pi * 0.00465**2))  # per steradian, of directions within the sun's disc
# Paths that would carry less than this end by chance, and the others carry so much: what dark surfaces throw on matters
# little (J. Arvo and D. Kirk, "Particle transport and image synthesis", SIGGRAPH 1990).
WORTHWHILE = np.float32(0.25)
# ... and of rays to the sky, later of those to the sun, too, those that would bring less than this part of what ground
# in full daylight shines are cast by chance only: where the sun shines, they tell little.
NOTEWORTHY = np.float32(0.6)
FOG_CLEAR = np.float32(1e-9)
GLASS_INDEX = np.float32(1.52)


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
        lit: whether there are lamps.
        spread: width of a ray's footprint per metre, float32.
        glow_limit: cd/m2, float32; emission that counts once a path has bounced, but off panes: what is brighter is a
            lamp, too.
    """

    depth: Any
    last: Any
    lit: Any
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
def expect(ray, hits, tables):
    """Fetch what a ray meets into the cache; -1 is none."""
    if ray >= 0 and hits.part[ray] >= 0:
        prefetch(tables.faces, record(tables.instances, hits.part[ray]).first_face + hits.primitive[ray])


@kernel(inline=True)
def find_surfaces(rows, p, tables, normals, switches, earth, course):
    """Write the surfaces that eight rays meet, of which `take_eight` has written the hits.

    Args:
        rows: what is known of them. p: a POINT_DTYPE record to work with.
        tables: Tables as pointers. normals, switches: pointers to those of Posed. earth: GROUND_DTYPE record.
        course: Course.

    Returns:
        Bits of those that meet matter, and of those that meet panes of glass; whether any throws light back to lamps,
        if they are the first and there are lamps.
    """
    weather = earth.film_m > ZERO or earth.snow_m > ZERO
    solid, textured, changing, glass = meet_eight(rows, tables, switches, normals, weather)
    if solid | glass == 0:
        return solid, glass, False
    face_eye(rows, load(rows, DISTANCE), load_vector(rows, ORIGIN), course.spread)
    for channel in range(4):
        store(rows, TEXTURE + 8 * channel, splat(ONE))
    while textured != 0:
        k = lowest(textured)
        textured = without_lowest(textured)
        image = record(tables.textures, record(tables.materials, tables.slots[load_int(rows, SLOT + k)]).texture)
        r, g, b, alpha = trilinear(
            image, tables.levels, tables.texels, load_float(rows, UV + k), load_float(rows, UV + 8 + k),
            load_float(rows, FOOTPRINT + k),
        )  # fmt: skip
        store_three(rows, TEXTURE + k, r, g, b)
        store_float(rows, TEXTURE + 24 + k, alpha)
    coat_panes(rows)
    retro = course.lit and course.depth == 0 and throw_back(rows, solid, tables)
    while changing != 0:
        k = lowest(changing)
        changing = without_lowest(changing)
        p.instance = load_int(rows, PART + k)
        dress(rows, k, p, tables, switches, earth)
    return solid, glass, retro


@kernel(inline=True)
def add_light(rows, k, light, red, green, blue):
    """Add radiance to the pixel of lane k, times its weight; `light` points to the pixels."""
    at = 3 * np.int64(load_int(rows, PIXEL + k))
    wr, wg, wb = load_three(rows, WEIGHT + k)
    store_float(light, at, load_float(light, at) + wr * red)
    store_float(light, at + 1, load_float(light, at + 1) + wg * green)
    store_float(light, at + 2, load_float(light, at + 2) + wb * blue)


@kernel(inline=True)
def pass_air(rows, solid, exist, air, density, light):
    """Let those that `exist` (bits) go through the air, which shines, and dims what lies behind.

    Those that are not `solid` meet nothing: they go on to the sky, or to far ground.
    """
    while exist != 0:
        k = lowest(exist)
        exist = without_lowest(exist)
        dx, dy, dz = load_three(rows, WAY + k)
        r, g, b = airlight(air, dx, dy)
        if solid >> np.int32(k) & 1 != 0:
            length = load_float(rows, DISTANCE + k)
            through = passes(density, length, length * dz)
        else:
            below = dz <= ZERO
            length = FAR_GROUND_M if below else ZERO
            through = passes(density, length, length * dz)
            through *= clamp01(-dz * np.float32(10.0)) if below else ONE
        add_light(rows, k, light, (ONE - through) * r, (ONE - through) * g, (ONE - through) * b)
        wr, wg, wb = load_three(rows, WEIGHT + k)
        store_three(rows, WEIGHT + k, through * wr, through * wg, through * wb)


@kernel(inline=True)
def see_sky(rows, lanes, sky, density, part, light):
    """Add the sky, and the sun's disc, that some lanes meet; `part`: chance with which their last surfaces aimed at
    each."""
    table, _, _, ground, sun, sun_lx, _ = sky
    look_at_sky(rows, lanes, WAY, MIRRORED, table, ground)
    while lanes != 0:
        k = lowest(lanes)
        lanes = without_lowest(lanes)
        dx, dy, dz = load_three(rows, WAY + k)
        drawn = load_float(rows, DENSITY + k)
        r, g, b = load_three(rows, MIRRORED + k)
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
def find_lamp(rows, k, lamps, pick, extinction):
    """Write to lane k the way to one of the lamps about its place, and its light times their number."""
    position, axis, intensity, beam, low, cells, least = lamps
    x, y, z = load_three(rows, PLACE + k)
    row, column = cell_of(low, cells.shape[0] - 1, x, y)
    count = 0
    while count < cells.shape[2] and cells[row, column, count] >= 0:
        count += 1
    if count == 0:
        return
    lamp = cells[row, column, min(np.int32(pick * np.float32(count)), count - 1)]
    peak = luminance(intensity[lamp, 0], intensity[lamp, 1], intensity[lamp, 2])
    lx, ly, lz, away, lux = lamp_lux(position, axis, beam, lamp, x, y, z, peak / least[lamp])
    if lux * peak < least[lamp]:
        return
    lux *= np.float32(count) * math.exp(-extinction * away)
    store_three(rows, LAMP + k, lx, ly, lz)
    store_three(rows, LAMP_LIGHT + k, lux * intensity[lamp, 0], lux * intensity[lamp, 1], lux * intensity[lamp, 2])
    store_float(rows, LAMP_AWAY + k, away)
    store_float(rows, LAMP_BLUR + k, LAMP_RADIUS_M / max(away, ONE))


@kernel(inline=True)
def leaves(rows, nl, lx, ly, lz, leafy):
    """Whether light goes in direction l: on the same side of triangle and shading normal; and cosine to the triangle's.

    `nl` is the cosine to the shading normal; `leafy`: light may come through.
    """
    none = splat(ZERO)
    fx, fy, fz = load_vector(rows, FLAT)
    fl = fx * lx + (fy * ly + fz * lz)
    through = (nl < none) & (fl < none) & leafy
    return ((nl > none) & (fl > none)) | through, fl


@kernel(inline=True)
def start_at(rows, fl):
    """Write where rays start: so far above each surface, or below it where `fl` is negative, not to meet it again."""
    x, y, z = load_vector(rows, PLACE)
    fx, fy, fz = load_vector(rows, FLAT)
    away = load(rows, DISTANCE) * OFFSET_SHARE + OFFSET_M
    away = select(fl < splat(ZERO), -away, away)
    store_vector(rows, START, x + away * fx, y + away * fy, z + away * fz)


@kernel(inline=True)
def survival(red, green, blue, worth):
    """Chance with which rays that carry so much are cast, one from `worth` on, and one over it."""
    chance = minimum(maximum(maximum(red, green), blue) * (ONE / worth), splat(ONE))
    return chance, ONE / maximum(chance, splat(np.float32(1e-20)))


@kernel(inline=True)
def aim(rows, look, lx, ly, lz, red, green, blue, density, rival, wanted, leafy, worth, luck):
    """Write rays in direction l, the same for all, to what shines there with so much irradiance; returns their lanes.

    `density` is that of l by the light; where the `rival` is true the material may draw it too. `wanted`: lanes. Those
    that would bring less than `worth` are cast by chance, if the uniform number `luck` is small.
    """
    r, g, b, by_lobes = respond(look, lx, ly, lz, ZERO)
    nl = look.nx * lx + (look.ny * ly + look.nz * lz)
    open_, fl = leaves(rows, nl, lx, ly, lz, leafy)
    lanes = bits(open_) & wanted
    if lanes != 0:
        share = density / (by_lobes + density) if rival else splat(ONE)
        wr, wg, wb = load_vector(rows, WEIGHT)
        r, g, b = share * wr * r * red, share * wg * g * green, share * wb * b * blue
        chance, by = survival(r, g, b, worth)
        lanes &= bits(splat(luck) < chance)
        start_at(rows, fl)
        store_vector(rows, ALONG, splat(lx), splat(ly), splat(lz))
        store_vector(rows, CARRIED, r * by, g * by, b * by)
    return lanes


@kernel(inline=True)
def aim_at_lamps(rows, look, wanted, leafy, retro):
    """Write rays to the lamps that `find_lamp` found; returns their lanes. `retro`: some surfaces throw light back."""
    none = splat(ZERO)
    lx, ly, lz = load_vector(rows, LAMP)
    r, g, b, _ = respond(look, lx, ly, lz, load(rows, LAMP_BLUR))
    nl = dot(look.nx, look.ny, look.nz, lx, ly, lz)
    if retro:
        off = maximum(TWO - TWO * dot(lx, ly, lz, look.vx, look.vy, look.vz), none)
        width = load(rows, RETRO_WIDTH)
        steep = ONE + RETRO_HALVES * off / (width * width)  # as in `reflectance.thrown_back`
        back = load(rows, RETRO) * select(width < splat(BEADED_WIDTH), nl * nl, splat(ONE))
        back = back / (steep * square_root(steep))
        back = back / maximum(maximum(look.red, look.green), maximum(look.blue, splat(np.float32(1e-3))))
        back = select(nl > none, back, none)
        r, g, b = r + back * look.red, g + back * look.green, b + back * look.blue
    open_, fl = leaves(rows, nl, lx, ly, lz, leafy)
    lanes = bits(open_ & (load(rows, LAMP_LIGHT + 8) > none)) & wanted
    if lanes != 0:
        wr, wg, wb = load_vector(rows, WEIGHT)
        red, green, blue = load_vector(rows, LAMP_LIGHT)
        start_at(rows, fl)
        store_vector(rows, ALONG, lx, ly, lz)
        store_vector(rows, CARRIED, wr * r * red, wg * g * green, wb * b * blue)
        store(rows, LIMIT, maximum(load(rows, LAMP_AWAY) - LAMP_CLEARANCE_M, splat(np.float32(0.01))))
    return lanes


@kernel(inline=True)
def go_on(rows, look, draws, wanted, leafy):
    """Write the rays by which paths leave their surfaces; returns the lanes of those that do."""
    lx, ly, lz = draw_way(look, draws[PICK], draws[TILT], draws[COSINE], draws[SINE])
    r, g, b, drawn = respond(look, lx, ly, lz, ZERO)
    open_, fl = leaves(rows, dot(look.nx, look.ny, look.nz, lx, ly, lz), lx, ly, lz, leafy)
    least = splat(np.float32(1e-20))
    open_ = open_ & (drawn > least)
    by = ONE / maximum(drawn, least)
    wr, wg, wb = load_vector(rows, WEIGHT)
    wr, wg, wb = wr * r * by, wg * g * by, wb * b * by
    chance, by = survival(wr, wg, wb, WORTHWHILE)
    open_ = open_ & (splat(draws[LUCK]) < chance)
    wr, wg, wb = wr * by, wg * by, wb * by
    lanes = bits(open_) & wanted
    if lanes != 0:
        start_at(rows, fl)
        store_vector(rows, ALONG, lx, ly, lz)
        store_vector(rows, CARRIED, wr, wg, wb)
        store(rows, LIMIT, drawn)
    return lanes


@kernel(inline=True)
def pass_panes(rows, pane, wanted):
    """Write the rays by which paths leave panes, reflected by chance or straight on; returns their lanes."""
    none, one = splat(ZERO), splat(ONE)
    dx, dy, dz = load_vector(rows, WAY)
    nx, ny, nz = load_vector(rows, NORMAL)
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
    fx, fy, fz = load_vector(rows, FLAT)
    x, y, z = load_vector(rows, PLACE)
    away = load(rows, DISTANCE) * OFFSET_SHARE + OFFSET_M
    store_vector(
        rows,
        START,
        x + away * select(mirrors, fx, dx),
        y + away * select(mirrors, fy, dy),
        z + away * select(mirrors, fz, dz),
    )
    store_vector(rows, ALONG, lx, ly, lz)
    clear = load(rows, TRANSMISSION)
    wr, wg, wb = load_vector(rows, WEIGHT)
    kept = select(mirrors, one, clear)
    store_vector(rows, CARRIED, kept * wr, kept * wg, kept * wb)
    store(rows, LIMIT, load(rows, DENSITY))
    return bits(clear > none) & wanted


@kernel(inline=True)
def glow_of(rows, lanes, limit, light):
    """Add what surfaces of some lanes shine by themselves: all of it to those that have passed panes only, to others up
    to a luminance, for they have aimed at lamps."""
    while lanes != 0:
        k = lowest(lanes)
        lanes = without_lowest(lanes)
        r, g, b = load_three(rows, GLOW + k)
        share = ONE
        if load_float(rows, DENSITY + k) < np.inf:
            share = min(limit / max(luminance(r, g, b), np.float32(1e-20)), ONE)
        add_light(rows, k, light, share * r, share * g, share * b)


@kernel(inline=True)
def view_of(rows):
    """The Look of the eight from where their rays start."""
    dx, dy, dz = load_vector(rows, WAY)
    nx, ny, nz = load_vector(rows, NORMAL)
    fx, fy, fz = load_vector(rows, FLAT)
    # a shading normal may turn away from the eye
    away = -dot(nx, ny, nz, dx, dy, dz) < splat(COSINE_LEAST)
    nx, ny, nz = select(away, fx, nx), select(away, fy, ny), select(away, fz, nz)
    return look_at(rows, nx, ny, nz, -dx, -dy, -dz)


class Ends(NamedTuple):
    """Where the rays of a run end so far: those to sun, sky and lamps, and those of the paths that go on."""

    sun: Any
    sky: Any
    lamp: Any
    onward: Any


@kernel(inline=True)
def leave(rows, solid, lights, draws, part, sun_now, sky_now, retro, course, kept, ends):
    """Let paths that meet matter aim at the lights and go on; returns the new Ends.

    Args:
        rows: what is known of the eight. solid: bits of those that meet matter.
        lights: Lights. draws: pointer to what their class draws.
        part: chance with which sun and sky are aimed at; sun_now, sky_now: whether they are.
        retro: whether any throws light back to lamps. course: Course.
        kept: Rays as pointers: to sun, sky and lamps, and onward. ends: Ends.
    """
    to_sun, to_sky, to_lamp, onward = kept
    sun_end, sky_end, lamp_end, on_end = ends
    sun_lx, haze, lamps = lights.sky.sun_lx, lights.sky.extinction[0], lights.lamps
    look, none = view_of(rows), splat(ZERO)
    leafy, rival, ground = look.leaf > none, not course.last, lights.sky.ground
    tiny = np.float32(1e-20)
    worth = max(NOTEWORTHY * luminance(ground[0], ground[1], ground[2]), tiny)
    if sun_now:
        lanes = aim(
            rows, look, draws[TO_SUN], draws[TO_SUN + 1], draws[TO_SUN + 2],
            sun_lx[0] / part, sun_lx[1] / part, sun_lx[2] / part, part * SUN_DENSITY, rival, solid, leafy,
            worth if course.depth > 0 else tiny, draws[LUCK],
        )  # fmt: skip
        sun_end = keep(to_sun, sun_end, rows, lanes)
    if sky_now:
        density = part * draws[SKY_DENSITY]
        by = ONE / density
        lanes = aim(
            rows, look, draws[TO_SKY], draws[TO_SKY + 1], draws[TO_SKY + 2],
            by * draws[SKY_LIGHT], by * draws[SKY_LIGHT + 1], by * draws[SKY_LIGHT + 2],
            density, rival, solid, leafy, worth, draws[LUCK],
        )  # fmt: skip
        sky_end = keep(to_sky, sky_end, rows, lanes)
    if course.lit:
        store_vector(rows, LAMP_LIGHT, none, none, none)
        for k in range(LANES):
            if solid >> np.int32(k) & 1 != 0:
                find_lamp(rows, k, lamps, draws[LAMP_PICK], haze)
        lanes = aim_at_lamps(rows, look, solid, leafy, retro)
        lamp_end = keep(to_lamp, lamp_end, rows, lanes)
    if not course.last:
        on_end = keep(onward, on_end, rows, go_on(rows, look, draws, solid, leafy))
    return Ends(sun_end, sky_end, lamp_end, on_end)


@kernel
def meet(start, stop, runs, which, paths, hits, matter, lights, numbers, course, found):
    """Let paths meet their surfaces: add emission or sky, aim at the lights, draw where they go on.

    Args:
        start, stop: range of runs.
        runs: Runs. which: (N,) int32 numbers of the rays in the order of the runs, -1 for none; empty: as they come.
        paths: Rays, which may lack runs. hits: Hits of these.
        matter: Matter. lights: Lights. numbers: (CLASSES, COLUMNS) of `draws`. course: Course.
        found: Found, which receives the results.
    """
    lights = Lights(borrowed(lights.sky), borrowed(lights.dome), borrowed(lights.lamps))
    _, air, _, _, _, sun_lx, extinction = lights.sky
    haze, depth, shining = extinction[0], course.depth, sun_lx[1] > ZERO
    tables, normals, switches = raw_tables(matter.tables), pointer(matter.posed.normal), pointer(matter.posed.on)
    earth, sky_chance = matter.ground[0], lights.dome.density
    met = Hits(pointer(hits.t), pointer(hits.part), pointer(hits.primitive), pointer(hits.u), pointer(hits.v))
    going = Paths(raw_rays(paths), met, len(paths.origin) == 1, pointer(which), len(which) > 0)
    light = pointer(found.light)
    kept = raw_rays(found.to_sun), raw_rays(found.to_sky), raw_rays(found.to_lamp), raw_rays(found.onward)
    memory, eight = np.zeros(ROWS, np.float32), np.zeros(1, POINT_DTYPE)
    rows, spare = pointer(memory), record(pointer(eight), 0)
    seen_by = ONE if depth <= 1 or not shining else HALF
    for run in range(start, stop):
        first, end, draws = runs.first[run], runs.stop[run], pointer(numbers[runs.kind[run]])
        begin = found.first[run]
        ends = Ends(begin, begin, begin, begin)
        # Both at the first surface, but one or the other at those after it, which matter less.
        part, sun_now, sky_now = ONE, shining, draws[SKY_DENSITY] > ZERO
        if depth > 0 and shining:
            part, sun_now = HALF, draws[LIGHT_PICK] < HALF
            sky_now = sky_now and not sun_now
        for place in range(first, end, LANES):
            for k in range(LANES, 2 * LANES):
                expect(ray_at(going, place + k, end), met, tables)
            exist = take_eight(rows, place, end, going)
            solid, glass, retro = find_surfaces(rows, spare, tables, normals, switches, earth, course)
            if haze > FOG_CLEAR:
                pass_air(rows, solid | glass, exist, air, extinction, light)
            missed = exist & ~(solid | glass)
            if missed != 0:
                see_sky(rows, missed, lights.sky, sky_chance, seen_by, light)
            if glass != 0 and not course.last:
                panes = pass_panes(rows, draws[PANE], glass)
                ends = Ends(ends.sun, ends.sky, ends.lamp, keep(kept[3], ends.onward, rows, panes))
            if solid != 0:
                red, green, blue = load_vector(rows, GLOW)
                glow_of(rows, bits(red + (green + blue) > splat(ZERO)) & solid, course.glow_limit, light)
                ends = leave(rows, solid, lights, draws, part, sun_now, sky_now, retro, course, kept, ends)
        store_int(kept[0].held, run, np.int32(ends.sun - begin))
        store_int(kept[1].held, run, np.int32(ends.sky - begin))
        store_int(kept[2].held, run, np.int32(ends.lamp - begin))
        store_int(kept[3].held, run, np.int32(ends.onward - begin))
    hold(memory)
    hold(eight)
