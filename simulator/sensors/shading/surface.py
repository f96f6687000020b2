"""From hits to surfaces: where a ray met what, which way it faces, and how it looks under rain and snow."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import pointer, record
from simulator.scene import Atmosphere
from simulator.scene.classes import class_id
from simulator.scene.material import LANE_WIDTH_M, Surface, Switch
from simulator.sensors.shading.reflectance import DIELECTRIC_F0
from simulator.sensors.shading.tables import Tables
from simulator.sensors.shading.texture import trilinear
from simulator.sensors.shading.vector import HALF, ONE, TINY, ZERO, clamp01, lattice, noise2, step, unit

# States of a point
MISS, SOLID, GLASS = 0, 1, 2

OTHER, ASPHALT, LANE, CONCRETE = (int(s) for s in (Surface.OTHER, Surface.ASPHALT, Surface.LANE, Surface.CONCRETE))
MARKING, SOIL, WATER = int(Surface.MARKING), int(Surface.SOIL), int(Surface.WATER)
BODY = int(Surface.BODY)
WINDOWS = int(Switch.WINDOWS)
VEGETATION = np.int32(class_id("vegetation"))
LIT_WINDOWS = np.float32(0.35)  # share of panes with light behind them in the evening
DIMMEST, HUES = np.float32(0.3), np.float32(0.6)  # of lit windows: emission of the dimmest, spread of blue light
WET_INTERNAL = np.float32(0.472)  # part of diffuse light that a water film turns back (Lekner and Dorf, 1988)
WET_BLADES = np.float32(0.3)  # part of waxy blades that drops and films cover
FILM_ROUGH = np.float32(0.34)  # of a thin film over coarse things
LEAF_GREEN = np.float32(3.0)  # a third less red than green: nothing but leaves
# What light meets below water is nearly water: (1.5 - 1.33)^2 / (1.5 + 1.33)^2. So wet things lack the whitish gloss of
# dry ones, and have that of water.
UNDER_WATER_F0 = np.float32(0.0036)
WATER_F0, COAT_F0 = np.float32(0.02), np.float32(0.04)  # (n - 1)^2 / (n + 1)^2 of water and of lacquer
GLASS_LEAST = np.float32(0.02)  # transmission from which a surface is glass
COAT_ROUGH, PANE_ROUGH = np.float32(0.05), np.float32(0.03)  # of lacquer, of windows
PANE_F0 = np.float32(0.15)  # of double glazing: 4 faces of F = 0.043, reflections summed, 4 F / (1 + 3 F)
SIGN_RETRO_WIDTH = np.float32(0.0073)  # retro-reflective sheeting: half at 0.42 deg (EN 12899-1, see `thrown_back`)
ROAD_RETRO_WIDTH = np.float32(0.04)  # road surfaces and glass beads: much wider
BLADES_RETRO_WIDTH = np.float32(0.15)  # the hot spot of grass
# Blades and clods stand upright and face a grazing lamp: a thick layer of leaves of scattering albedo w throws
# w / (8 pi) back per lux (law of Lommel and Seeliger), twice that in the hot spot; w = 0.16.
BLADES_RETRO = np.float32(0.0127)
WALL_FACTOR = 0.4  # of driven rain, what two-storey walls below eaves and gables get (EN ISO 15927-3: 0.3 to 0.5)
WET_GLOSS = np.float32(0.4)  # by this part water is smoother than a tight surface below it
FULL_FILM_M = np.float32(0.25e-3)  # mean depth at which asphalt is wet all over
PUDDLE_FILM_M = np.float32(1.5e-3)
TEXTURE_M = np.float32(0.8e-3)  # depth of asphalt's texture, whose tips are under water then (`weather.rain`)
PRESSED_OUT = np.float32(0.45)  # part of the water that tyres keep out of their tracks
STONES_1_M, GRAIN = np.float32(31.0), np.float32(0.8)  # of coarse asphalt, 16 mm and the gaps; how far its gloss varies
GRAIN_M = np.float32(9.0)  # distance from which on it is finer than pixels
SNOW_HIDES_M = np.float32(0.004)  # of this depth hides two thirds of what is below
TRACK_M, TRACK_HALF_WIDTH_M = np.float32(0.78), np.float32(0.3)  # half the track of cars; tyres wander
PACKED_M = np.float32(0.1)  # depth of which wheels leave half
CLINGS_M = np.float32(0.05)  # depth from which it also lies against what stands up, in patches
# Layers of noise
WET_WIDE, WET_MEDIUM, WET_FINE, SNOW_WIDE, SNOW_FINE = (np.uint32(layer) for layer in range(1, 6))

# A surface at the end of a ray. One record a ray: kernels touch most fields of a point together.
POINT_DTYPE = np.dtype(
    [
        ("state", np.int32),  # MISS, SOLID or GLASS
        ("instance", np.int32),  # row of the scene's instances, -1 for a miss
        ("distance", np.float32),  # from the path's start, metres; inf for a miss
        ("transmission", np.float32),  # of glass
        ("x", np.float32),  # position in the local frame
        ("y", np.float32),
        ("z", np.float32),
        ("fx", np.float32),  # unit normal of the triangle, on the ray's side
        ("fy", np.float32),
        ("fz", np.float32),
        ("nx", np.float32),  # unit shading normal, on the ray's side
        ("ny", np.float32),
        ("nz", np.float32),
        ("red", np.float32),  # albedo
        ("green", np.float32),
        ("blue", np.float32),
        ("glow_r", np.float32),  # what the surface gives by itself, cd/m2
        ("glow_g", np.float32),
        ("glow_b", np.float32),
        ("roughness", np.float32),
        ("metallic", np.float32),
        ("f0", np.float32),  # normal reflectance where it is no metal
        ("coat", np.float32),  # strength of a smooth layer: lacquer, water, window panes
        ("coat_roughness", np.float32),
        ("coat_f0", np.float32),
        ("retro", np.float32),  # retro-reflected luminance per illuminance, cd / (lx m2)
        ("retro_width", np.float32),  # its half-value observation angle, rad
        ("translucency", np.float32),  # diffuse light that passes over diffuse light that is reflected
    ]
)
# What lies on the ground: one record.
GROUND_DTYPE = np.dtype(
    [
        ("film_m", np.float32),
        ("rain_mm_h", np.float32),
        ("snow_m", np.float32),
        ("driven_x", np.float32),  # see `driven_rain`
        ("driven_y", np.float32),
    ]
)


def driven_rain(atmosphere: Atmosphere) -> tuple[float, float]:
    """Rain on a wall that faces the wind over rain on the ground, along the wind in the local frame; 0 without rain.

    2/9 v R^(8/9) mm/h at a wind of v m/s and a rain rate of R mm/h, of which walls under eaves get `WALL_FACTOR`
    (EN ISO 15927-3, after R. E. Lacy's measurements).
    """
    rate = atmosphere.rain_mm_h
    share = WALL_FACTOR * 2 / 9 * rate ** (-1 / 9) if rate > 0 else 0.0
    return share * atmosphere.wind_mps[0], share * atmosphere.wind_mps[1]


def ground_of(atmosphere: Atmosphere) -> NDArray[np.void]:
    """(1,) GROUND_DTYPE: water and snow of an atmosphere."""
    air = atmosphere
    return np.array([(air.water_film_m, air.rain_mm_h, air.snow_depth_m, *driven_rain(air))], GROUND_DTYPE)


@kernel(inline=True)
def road_retro(kind):
    """Retro-reflected luminance R_L of dry ground, cd / (lx m2): glass-bead marking (EN 1436 R3), bare roads."""
    if kind == MARKING:
        return np.float32(0.15)
    if kind in (ASPHALT, LANE, CONCRETE):
        return np.float32(0.015)
    return BLADES_RETRO if kind == SOIL else ZERO


@kernel(inline=True)
def retro_of(matter):
    """What a bare material (MATERIAL_DTYPE record) throws back, cd / (lx m2), and the half-value angle, rad."""
    if matter.surface == OTHER or matter.surface == BODY:  # sheeting, bands of vests, eyes
        return matter.retro, SIGN_RETRO_WIDTH
    width = BLADES_RETRO_WIDTH if matter.surface == SOIL else ROAD_RETRO_WIDTH
    return max(matter.retro, road_retro(matter.surface)), width


@kernel
def soaking(red, green):
    """Share of grass and soil that water gets into and darkens, by its colour.

    Straw, earth and stones soak. Green leaves do not: wax keeps the water out of them, and the drops on it shine
    much as it does, so that a meadow in the rain is as green as before (0 where red is a third below green).
    """
    return ONE - clamp01(LEAF_GREEN * (green - red) / max(green, TINY))


@kernel(inline=True)
def wetted(albedo, wetness):
    """Albedo of what is wet through (J. Lekner and M. C. Dorf, "Why some things are darker when wet", 1988).

    Light that would leave is thrown back into it, by the water's surface, to be absorbed: what is dark becomes darker
    by half, what is white hardly, and so colours become deeper.
    """
    kept = np.float32(0.98) * (ONE - WET_INTERNAL)
    return albedo + wetness * (kept * albedo / (ONE - WET_INTERNAL * albedo) - albedo)


@kernel(inline=True)
def wetted_f0(f0, wetness, film):
    """Normal reflectance of a base that water covers in part, the share `film` of that as a coat of its own."""
    return f0 + wetness * (UNDER_WATER_F0 + (ONE - film) * WATER_F0 - f0)


@kernel(inline=True)
def rained_on(nx, ny, nz, driven_x, driven_y):
    """Rain on a surface of a unit normal over that on level ground: from above, and on what faces the wind."""
    return max(nz, ZERO) + max(-(nx * driven_x + ny * driven_y), ZERO)


@kernel
def dampen(p, porosity, ground, still, leafy):
    """Wet what is no ground (POINT_DTYPE record p): roofs, walls, bark, leaves and clothes, as far as rain gets there.

    Pores take it up: see `wetted`. Where there are few, what lies level holds a film; walls are wet in streaks where
    it ran down. Leaves keep the water out (see `soaking`), but it smooths them.

    Args:
        p: record. porosity: of its material. ground: GROUND_DTYPE record.
        still: whether it stands still. leafy: whether it is of a plant.
    """
    caught = rained_on(p.nx, p.ny, p.nz, ground.driven_x, ground.driven_y)
    if caught <= ZERO:
        return
    streak = HALF
    if still:
        along = p.x * p.ny - p.y * p.nx
        streak = HALF * noise2(along * np.float32(0.7), p.z * np.float32(0.2), WET_WIDE)
        streak += HALF * noise2(along * np.float32(3.1), p.z * np.float32(0.35), WET_FINE)
    wetness = clamp01(ground.film_m / FULL_FILM_M * caught * (HALF + streak))
    if leafy:
        porosity *= soaking(p.red, p.green)
    elif p.nz > ZERO and p.coat == ZERO:
        p.coat, p.coat_roughness, p.coat_f0 = wetness * (ONE - porosity) * p.nz * p.nz, FILM_ROUGH, WATER_F0
    p.roughness *= ONE - WET_GLOSS * wetness * (ONE - porosity)
    p.f0 = wetted_f0(p.f0, wetness, p.coat)
    share = porosity * wetness
    p.red, p.green, p.blue = wetted(p.red, share), wetted(p.green, share), wetted(p.blue, share)


@kernel
def soak(p, film, rain_mm_h, kind, across_m):
    """Darken and gloss ground (POINT_DTYPE record p) by the water on it; it gathers in shallow hollows.

    On lanes tyres press a part of it out of their tracks; `across_m` is the distance from the middle. Where it does not
    cover the tips of the stones they stay dull, which near by is a grain in the mirror.
    """
    if kind == LANE:
        off = abs(abs(across_m) - TRACK_M) / TRACK_HALF_WIDTH_M
        film *= ONE - PRESSED_OUT * (ONE - step(np.float32(0.4), np.float32(1.5), off))
    wide = noise2(p.x * np.float32(0.35), p.y * np.float32(0.35), WET_WIDE)
    medium = noise2(p.x * np.float32(1.3), p.y * np.float32(1.3), WET_MEDIUM)
    fine = noise2(p.x * np.float32(5.0), p.y * np.float32(5.0), WET_FINE)
    hollow = HALF * wide + np.float32(0.35) * medium + np.float32(0.15) * fine
    wetness = clamp01(film / FULL_FILM_M * (HALF + hollow))
    # Pools have few large shapes, and shores where the film thins out over the stones.
    level = np.float32(0.84) - np.float32(0.52) * clamp01(film / PUDDLE_FILM_M)
    pool = np.float32(0.64) * wide + np.float32(0.31) * medium + np.float32(0.05) * fine
    puddle = step(level, level + np.float32(0.24), pool)
    covered = wetness
    if kind == SOIL:
        wetness *= soaking(p.red, p.green)
        covered = max(wetness, WET_BLADES * covered)
    p.red, p.green, p.blue = wetted(p.red, wetness), wetted(p.green, wetness), wetted(p.blue, wetness)
    if kind != SOIL:
        p.retro *= ONE - np.float32(0.8) * wetness  # glass beads and texture drown
    smooth = clamp01(film / PUDDLE_FILM_M)
    ripple = np.float32(0.03) + np.float32(0.10) * clamp01(rain_mm_h * np.float32(0.1))
    rough = FILM_ROUGH - np.float32(0.14) * smooth
    p.coat_f0 = WATER_F0
    if kind == SOIL:  # drops and films on blades and clods face all ways, as these do: no pond's mirror
        p.f0, p.coat = wetted_f0(p.f0, covered, ZERO), ZERO
        return
    full = clamp01(film / TEXTURE_M)
    u, v = p.x * STONES_1_M, p.y * STONES_1_M
    grain = GRAIN * (ONE - full) * clamp01(GRAIN_M / max(p.distance, ONE))
    grain *= noise2(u, v, WET_FINE) + noise2(u, v, WET_WIDE) - ONE
    p.coat = max(puddle, clamp01(wetness * (np.float32(0.35) + np.float32(0.6) * full + grain)))
    p.coat_roughness = rough + puddle * (ripple - rough)
    p.f0 = wetted_f0(p.f0, max(wetness, puddle), p.coat)
    tilt = ONE - max(puddle, HALF * wetness)  # water lies level
    p.nx, p.ny, p.nz = unit(p.nx * tilt, p.ny * tilt, p.nz)


@kernel
def wheel_tracks(across_m, along_m, patch):
    """How much of the snow wheels took away, 0..1, and how dirty the rest is, at a place in a lane.

    Cars follow each other loosely: two pairs of tracks wander, widen and narrow along the lane, streaky along it.
    """
    bare, near = ZERO, np.float32(9.0)
    for turn in range(2):
        shift = np.float32(turn) * np.float32(37.7)
        wander = noise2(along_m * np.float32(0.045) + shift, shift, SNOW_WIDE) - HALF
        width = noise2(along_m * np.float32(0.11) + shift, HALF, SNOW_FINE)
        off = abs(abs(across_m + np.float32(0.45) * wander) - TRACK_M)
        off /= TRACK_HALF_WIDTH_M * (np.float32(0.65) + np.float32(0.6) * width)
        off += np.float32(0.7) * (patch - HALF)
        worn = ONE - step(np.float32(0.45), np.float32(1.5), off)
        bare, near = max(bare, worn if turn == 0 else np.float32(0.65) * worn), min(near, off)
    streak = noise2(across_m * np.float32(9.0), along_m * np.float32(0.22), SNOW_FINE)
    streak += HALF * noise2(across_m * np.float32(23.0), along_m * np.float32(0.5), SNOW_WIDE)
    return bare * clamp01(np.float32(0.45) + np.float32(0.7) * streak), ONE - step(ONE, np.float32(3.5), near)


@kernel
def cover(p, snow_m, kind, still, across_m, along_m):
    """Cover what faces up (POINT_DTYPE record p) with snow; moving things shed most of it.

    A few millimetres hide most of a surface, and blades and stones show through all over. On lanes wheels lay tracks
    bare, or pack what is deep to grey; `across_m` is the distance from the middle, `along_m` that along the lane.
    """
    patch = HALF * noise2(p.x * np.float32(0.8), p.y * np.float32(0.8), SNOW_WIDE)
    patch += HALF * noise2(p.x * np.float32(4.0) + p.z, p.y * np.float32(4.0), SNOW_FINE)
    depth, grey = snow_m / SNOW_HIDES_M, ZERO
    track = ZERO
    if kind == LANE:
        track, grey = wheel_tracks(across_m, along_m, patch)
        track *= ONE - HALF * clamp01(snow_m / PACKED_M)
        wet = track * np.float32(0.45)
        p.red, p.green, p.blue = p.red * (ONE - wet), p.green * (ONE - wet), p.blue * (ONE - wet)
    elif kind in (ASPHALT, CONCRETE):
        depth *= np.float32(0.85)
    if not still:
        depth *= np.float32(0.45)
    speckle = noise2(p.x * np.float32(27.0), p.y * np.float32(27.0), SNOW_WIDE)
    fine = clamp01(np.float32(15.0) / max(p.distance, ONE))  # farther off its grains are smaller than pixels
    ragged = np.float32(0.7) * patch + np.float32(0.3) * (HALF + fine * (speckle - HALF))
    hidden = ONE - math.exp(-depth)
    level = np.float32(0.6) * ragged + np.float32(1.1) * hidden - np.float32(0.25)
    facing = step(np.float32(0.35), np.float32(0.75), p.nz)
    if kind == CONCRETE:  # some clings to the faces of kerbs
        facing = max(facing, np.float32(0.85) * clamp01(snow_m / CLINGS_M))
    part = facing * step(np.float32(0.25), np.float32(0.75), level)
    part *= ONE - np.float32(0.9) * track
    dirt = ONE - np.float32(0.16) * grey * (HALF + patch)
    dirt *= np.float32(0.88) + np.float32(0.16) * ragged + np.float32(0.08) * fine * patch  # drifts and hollows
    p.red += part * (np.float32(0.83) * dirt - p.red)
    p.green += part * (np.float32(0.85) * dirt - p.green)
    p.blue += part * (np.float32(0.88) * dirt - p.blue)
    p.roughness += part * (np.float32(0.9) - p.roughness)
    p.metallic *= ONE - part
    p.coat *= ONE - part
    p.retro *= ONE - part
    p.translucency *= ONE - part


@kernel(inline=True)
def lit(on, switch, panes, instance, tu, tv, alpha):
    """Shares of its red, green and blue emission that a surface gives; lit windows differ in brightness and hue.

    Args:
        on: switches of its object that are on, uint32 bits. switch: its switch.
        panes: whether the texture's alpha marks panes. instance: row.
        tu, tv: texture coordinates; each repeat is a window. alpha: of the texture there.
    """
    if (on >> np.uint32(switch)) & np.uint32(1) == 0 or (panes and alpha < HALF):
        return ZERO, ZERO, ZERO
    strength = alpha + alpha - ONE if panes else ONE
    if panes and switch == WINDOWS:
        column, row = np.uint32(np.int32(math.floor(tu))), np.uint32(np.int32(math.floor(tv)))
        pane = lattice(column, row, np.uint32(instance))
        if pane > LIT_WINDOWS:
            return ZERO, ZERO, ZERO
        bright = pane / LIT_WINDOWS  # most windows are dim
        share = (DIMMEST + (ONE - DIMMEST) * bright * bright) * strength
        cool = lattice(row, column, np.uint32(instance) + np.uint32(77))
        cool = HUES * (cool * cool - np.float32(0.3))  # some lamps and screens are much cooler than the rest
        return share * (ONE - HALF * cool), share, share * (ONE + cool)
    return strength, strength, strength


@kernel(inline=True)
def raw_tables(tables):
    """The tables as pointers."""
    return Tables(
        pointer(tables.instances),
        pointer(tables.slots),
        pointer(tables.faces),
        pointer(tables.vertices),
        pointer(tables.materials),
        pointer(tables.textures),
        pointer(tables.levels),
        pointer(tables.texels),
    )


@kernel
def surfaces(start, stop, rows, origins, directions, hits, turned, tables, posed, ground, spread, points):
    """Fill `points` at `rows[start:stop]` from the hits of rays `start:stop`.

    Args:
        start, stop: range of rays.
        rows: (R,) int32 rows of `points` that the rays belong to.
        origins: (R, 3) float32, or (1, 3) for all rays. directions: (R, 3) float32 of unit length.
        hits: Hits of the R rays. turned: (R,) int32 which of the normals' matrices in `posed` each ray's part has.
        tables: Tables. posed: Posed. ground: (1,) GROUND_DTYPE.
        spread: width of a ray's footprint per metre of distance, float32.
        points: (N,) POINT_DTYPE; `distance` holds the distance travelled before these rays.
    """
    hit_t, hit_part, hit_primitive, hit_u, hit_v = hits
    _, m, on = posed
    raw, normals, switches, earth = raw_tables(tables), pointer(m), pointer(on), ground[0]
    last = origins.shape[0] - 1
    for j in range(start, stop):
        p = points[rows[j]]
        instance = hit_part[j]
        p.instance = instance
        if instance < 0:
            p.state = MISS
            p.distance = np.float32(np.inf)
            continue
        dx, dy, dz = directions[j, 0], directions[j, 1], directions[j, 2]
        t, o = hit_t[j], min(j, last)
        p.distance += t
        p.x, p.y, p.z = origins[o, 0] + t * dx, origins[o, 1] + t * dy, origins[o, 2] + t * dz
        face = record(raw.faces, record(raw.instances, instance).first_face + hit_primitive[j])
        fill_surface(p, face, hit_u[j], hit_v[j], dx, dy, dz, raw, normals, turned[j], switches, earth, spread)


@kernel(inline=True)
def turned_unit(normals, turn, x, y, z):
    """A normal of a mesh, turned by a row of `Posed.normal` (a pointer) and of length 1."""
    m = np.int64(turn) * 9
    return unit(
        normals[m] * x + normals[m + 1] * y + normals[m + 2] * z,
        normals[m + 3] * x + normals[m + 4] * y + normals[m + 5] * z,
        normals[m + 6] * x + normals[m + 7] * y + normals[m + 8] * z,
    )


@kernel
def fill_surface(p, face, u, v, dx, dy, dz, tables, normals, turn, on, ground, spread):
    """Describe in POINT_DTYPE record p, which knows instance, place and distance, what a ray met there.

    Args:
        p: record. face: FACE_DTYPE record. u, v: weights of its second and third vertex.
        dx, dy, dz: unit direction of the ray.
        tables: Tables as pointers. normals, on: pointers to those of Posed. turn: row of `normals`.
        ground: GROUND_DTYPE record. spread: width of the ray's footprint per metre, float32.
    """
    part = record(tables.instances, p.instance)
    matter = record(tables.materials, tables.slots[part.first_slot + face.slot])
    tu, tv, width = find_surface(p, face, part, matter, u, v, dx, dy, dz, tables, normals, turn, spread)
    alpha, panes = ONE, False
    if matter.texture >= 0:
        image = record(tables.textures, matter.texture)
        r, g, b, alpha = trilinear(image, tables.levels, tables.texels, tu, tv, width)
        p.red, p.green, p.blue = p.red * r, p.green * g, p.blue * b
        panes = image.panes != 0
    dress_surface(p, part, matter, panes, alpha, tu, tv, on, ground)


@kernel(inline=True)
def find_surface(p, face, part, matter, u, v, dx, dy, dz, tables, normals, turn, spread):
    """Write the normals of record p and its bare material; returns texture coordinates and footprint in repeats.

    `part` and `matter` are its INSTANCE_DTYPE and MATERIAL_DTYPE records; the others are those of `fill_surface`.
    """
    gx, gy, gz = turned_unit(normals, turn, face.nx, face.ny, face.nz)
    facing = gx * dx + gy * dy + gz * dz
    if facing > ZERO:
        gx, gy, gz = -gx, -gy, -gz
    p.fx, p.fy, p.fz = gx, gy, gz
    p.nx, p.ny, p.nz = gx, gy, gz
    w, tu, tv, width = ONE - u - v, ZERO, ZERO, ZERO
    if part.smooth != 0 or matter.texture >= 0 or matter.surface != OTHER:
        a, b, c = record(tables.vertices, face.a), record(tables.vertices, face.b), record(tables.vertices, face.c)
        tu, tv = w * a.u + u * b.u + v * c.u, w * a.v + u * b.v + v * c.v
        # between the short and the long axis of the footprint
        width = spread * p.distance * face.density / max(part.scale, TINY)
        width /= math.sqrt(max(abs(facing), np.float32(0.02)))
        if part.smooth != 0:
            qx = w * a.nx + u * b.nx + v * c.nx
            qy = w * a.ny + u * b.ny + v * c.ny
            qz = w * a.nz + u * b.nz + v * c.nz
            sx, sy, sz = turned_unit(normals, turn, qx, qy, qz)
            side = ONE if sx * gx + sy * gy + sz * gz >= ZERO else -ONE
            p.nx, p.ny, p.nz = side * sx, side * sy, side * sz
    p.state = GLASS if matter.transmission > GLASS_LEAST else SOLID
    p.red, p.green, p.blue = matter.red, matter.green, matter.blue
    p.glow_r, p.glow_g, p.glow_b = ZERO, ZERO, ZERO
    p.transmission, p.translucency = matter.transmission, matter.translucency
    p.roughness, p.metallic, p.f0 = matter.roughness, matter.metallic, DIELECTRIC_F0
    p.coat, p.coat_roughness, p.coat_f0 = matter.clearcoat, COAT_ROUGH, COAT_F0
    p.retro, p.retro_width = retro_of(matter)
    return tu, tv, width


@kernel(inline=True)
def dress_surface(p, part, matter, panes, alpha, tu, tv, on, ground):
    """Give record p, whose albedo is known, what follows from its texture's alpha, from switches and from weather.

    `panes`: whether alpha marks panes. The others are those of `find_surface` and `fill_surface`.
    """
    if matter.surface == WATER and matter.clearcoat >= ONE:  # what stands lies level, whatever the road does
        p.nx, p.ny, p.nz = ZERO, ZERO, ONE if p.nz > ZERO else -ONE
    if panes and alpha > HALF:
        p.coat, p.coat_roughness, p.coat_f0 = ONE, PANE_ROUGH, PANE_F0
    if matter.glow_r + matter.glow_g + matter.glow_b > ZERO:
        glow = lit(on[part.object], matter.switch, panes, p.instance, tu, tv, alpha)
        p.glow_r, p.glow_g, p.glow_b = matter.glow_r * glow[0], matter.glow_g * glow[1], matter.glow_b * glow[2]
        if panes:  # goods and curtains colour the light that they throw back: the texture's hue, its alpha the strength
            r, g, b = p.red / max(matter.red, TINY), p.green / max(matter.green, TINY), p.blue / max(matter.blue, TINY)
            most = max(r, g, b, TINY)
            p.glow_r, p.glow_g, p.glow_b = p.glow_r * r / most, p.glow_g * g / most, p.glow_b * b / most
    across, along = (tu - HALF) * np.float32(LANE_WIDTH_M), tv * np.float32(2 * LANE_WIDTH_M)
    if ground.film_m > ZERO:
        if OTHER < matter.surface < WATER and p.nz > np.float32(0.6):
            soak(p, ground.film_m, ground.rain_mm_h, matter.surface, across)
        elif matter.porosity > ZERO and not (panes and alpha > HALF):
            dampen(p, matter.porosity, ground, part.object == 0, part.semantic == VEGETATION)
    if ground.snow_m > ZERO and (p.nz > np.float32(0.3) or matter.surface == CONCRETE) and matter.surface != BODY:
        cover(p, ground.snow_m, matter.surface, part.object == 0, across, along)
