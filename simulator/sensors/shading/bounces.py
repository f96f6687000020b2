"""Kernels of the reference: what a path does where it meets a surface, and the light that it finds there.

Next-event estimation of sun, sky and lamps, and importance sampling of the material, weighed against each other by the
balance heuristic (E. Veach and L. Guibas, SIGGRAPH 1995). Surfaces reflect as in `reflectance`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import borrowed, kernel
from simulator.numerics.rng import hash4, uniform
from simulator.sensors.shading.lamps import LAMP_CLEARANCE_M, LAMP_RADIUS_M, cell_of, lamp_lux
from simulator.sensors.shading.paths import FAR_GROUND_M, SUN_COSINE, SUN_RADIANCE, SUN_RADIUS, lift, side_of
from simulator.sensors.shading.reflectance import coat_albedo, mean_fresnel, scattered, window_reflectance
from simulator.sensors.shading.surface import GLASS, MISS
from simulator.sensors.shading.vector import (
    INV_PI,
    ONE,
    PI,
    TWO,
    TWO_PI,
    ZERO,
    airlight,
    clamp01,
    in_cone,
    luminance,
    mirrored,
    sky_radiance,
    tangents,
    toward_hemisphere,
    unit,
)

F32 = NDArray[np.float32]

SUN_DENSITY = np.float32(1 / (np.pi * 0.00465**2))  # per steradian, of directions within the sun's disc
ALPHA_LEAST = np.float32(2e-3)
SURVIVORS = 3  # bounces after which paths end by chance, the more likely the less they carry
FOG_CLEAR = np.float32(1e-9)
SUN, SKY, LAMP, LIGHTS = 0, 1, 2, 3


class Dome(NamedTuple):
    """The sky as a distribution of directions, for kernels.

    Attributes:
        rows: (R + 1,) running share of the light by row of Sky.table. columns: (R, C + 1) the same within each row.
        density: (R, C) per steradian.
        edges: (R + 1,) sines of the elevations between rows.
    """

    rows: F32
    columns: F32
    density: F32
    edges: F32


class Walk(NamedTuple):
    """State of N paths between two surfaces.

    Attributes:
        origin, way: (N, 3) where the next ray starts, and its unit direction.
        weight: (N, 3) share of what it meets in the pixel. light: (N, 3) radiance gathered so far.
        density: (N,) per steradian, with which the way was drawn; infinite for what is mirrored or seen at once.
        alive: (N,) bool.
        aim: (N, LIGHTS, 3) unit ways to lights. reach: (N, LIGHTS) how far; 0: no ray is wanted.
        gain: (N, LIGHTS, 3) radiance that is added if nothing is between.
    """

    origin: F32
    way: F32
    weight: F32
    light: F32
    density: F32
    alive: NDArray[np.bool_]
    aim: F32
    reach: F32
    gain: F32


@kernel(inline=True)
def below(running, u):  # type: ignore[no-untyped-def]
    """Cell of a running share (K + 1,) that holds u."""
    low, high = 0, len(running) - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if running[middle] <= u:
            low = middle
        else:
            high = middle
    return low


@kernel
def sky_cell(dome, dx, dy, dz):  # type: ignore[no-untyped-def]
    """Row and column of the dome in a direction above the horizon."""
    rows, columns = dome.density.shape
    row = min(below(dome.edges, dz), rows - 1)
    column = np.int32((math.atan2(dy, dx) / TWO_PI + ONE) * np.float32(columns)) % columns
    return row, column


@kernel
def draw_sky(dome, a, b):  # type: ignore[no-untyped-def]
    """Direction and density of a place of the sky, brighter ones more often, from two uniform numbers."""
    columns = dome.density.shape[1]
    row = below(dome.rows, a)
    column = below(dome.columns[row], b)
    part = (a - dome.rows[row]) / max(dome.rows[row + 1] - dome.rows[row], np.float32(1e-12))
    beside = (b - dome.columns[row, column]) / max(
        dome.columns[row, column + 1] - dome.columns[row, column], np.float32(1e-12)
    )
    up = dome.edges[row] + clamp01(part) * (dome.edges[row + 1] - dome.edges[row])
    turn = TWO_PI * (np.float32(column) + clamp01(beside)) / np.float32(columns)
    flat = math.sqrt(max(ONE - up * up, ZERO))
    return flat * math.cos(turn), flat * math.sin(turn), up, dome.density[row, column]


@kernel(inline=True)
def facet_density(alpha, nh, vh):  # type: ignore[no-untyped-def]
    """Per steradian, of a direction mirrored at facets drawn from a GGX distribution."""
    a2 = alpha * alpha
    d = nh * nh * (a2 - ONE) + ONE
    return a2 * nh / (PI * d * d * np.float32(4.0) * max(vh, np.float32(1e-6)))


@kernel
def lobes(p, nv):  # type: ignore[no-untyped-def]
    """Shares of coat, base and of what passes leaves among the directions drawn; the rest is diffuse."""
    coat = coat_albedo(p, nv) if p.coat > ZERO else ZERO
    base = (ONE - coat) * luminance(
        mean_fresnel(p, p.red, nv), mean_fresnel(p, p.green, nv), mean_fresnel(p, p.blue, nv)
    )
    matt = max(ONE - coat - base, ZERO) if p.metallic < ONE else ZERO
    base = max(base, np.float32(0.02))
    leaf = matt * p.translucency / (ONE + p.translucency)
    total = coat + base + matt
    return coat / total, base / total, leaf / total


@kernel
def density_of(p, vx, vy, vz, lx, ly, lz):  # type: ignore[no-untyped-def]
    """Per steradian, with which `draw_way` draws direction l at point p seen from v."""
    nl = p.nx * lx + p.ny * ly + p.nz * lz
    nv = max(p.nx * vx + p.ny * vy + p.nz * vz, np.float32(1e-3))
    coat, base, leaf = lobes(p, nv)
    if nl <= ZERO:
        return -nl * INV_PI * leaf
    hx, hy, hz = unit(lx + vx, ly + vy, lz + vz)
    nh = max(p.nx * hx + p.ny * hy + p.nz * hz, ZERO)
    vh = max(vx * hx + vy * hy + vz * hz, ZERO)
    density = (ONE - coat - base - leaf) * nl * INV_PI
    density += base * facet_density(max(p.roughness * p.roughness, ALPHA_LEAST), nh, vh)
    if coat > ZERO:
        density += coat * facet_density(max(p.coat_roughness * p.coat_roughness, ALPHA_LEAST), nh, vh)
    return density


@kernel
def draw_way(p, vx, vy, vz, pick, a, b):  # type: ignore[no-untyped-def]
    """A direction from point p, seen from v, by one of its lobes; from three uniform numbers."""
    nv = max(p.nx * vx + p.ny * vy + p.nz * vz, np.float32(1e-3))
    coat, base, leaf = lobes(p, nv)
    if pick < coat + base:
        rough = p.coat_roughness if pick < coat else p.roughness
        alpha = max(rough * rough, ALPHA_LEAST)
        cosine = math.sqrt((ONE - a) / (ONE + (alpha * alpha - ONE) * a))
        sine = math.sqrt(max(ONE - cosine * cosine, ZERO))
        tx, ty, tz, bx, by, bz = tangents(p.nx, p.ny, p.nz)
        c, s = sine * math.cos(TWO_PI * b), sine * math.sin(TWO_PI * b)
        hx, hy, hz = c * tx + s * bx + cosine * p.nx, c * ty + s * by + cosine * p.ny, c * tz + s * bz + cosine * p.nz
        return mirrored(-vx, -vy, -vz, hx, hy, hz)
    if pick < coat + base + leaf:
        return toward_hemisphere(-p.nx, -p.ny, -p.nz, a, b)
    return toward_hemisphere(p.nx, p.ny, p.nz, a, b)


@kernel
def bounce(start, stop, rows, points, walk, sky, dome, lamps, seed, depth, last, glow_limit):  # type: ignore[no-untyped-def]
    """Let paths meet their points: add emission or sky, aim at the lights, draw where they go on.

    Args:
        start, stop: range of `rows`.
        rows: (R,) int32 paths. points: (R,) POINT_DTYPE, what each meets.
        walk: Walk. sky: Sky. dome: Dome. lamps: Lamps.
        seed: uint32. depth: surfaces met so far. last: no path goes on after this,
            so that lights have to be aimed at.
        glow_limit: cd/m2, float32; emission that counts once a path has bounced: what is brighter is a lamp, too.
    """
    dome, sky, walk, lamps = borrowed(dome), borrowed(sky), borrowed(walk), borrowed(lamps)
    table, air, _, ground, sun, sun_lx, extinction = sky
    origin, way, weight, light, density, alive, aim, reach, gain = walk
    position, axis, intensity, beam, low, cells, least = lamps
    corner = cells.shape[0] - 1
    for j in range(start, stop):
        i, p = rows[j], points[j]
        dx, dy, dz = way[i, 0], way[i, 1], way[i, 2]
        wr, wg, wb = weight[i, 0], weight[i, 1], weight[i, 2]
        for k in range(LIGHTS):
            reach[i, k] = ZERO
        drawn = density[i]
        if extinction[0] > FOG_CLEAR:
            r, g, b = airlight(air, dx, dy)
            length = p.distance
            if p.state == MISS:
                length = FAR_GROUND_M if dz <= ZERO else ZERO
            through = math.exp(-extinction[0] * length)
            if p.state == MISS and dz <= ZERO:
                through *= clamp01(-dz * np.float32(10.0))
            light[i, 0] += (ONE - through) * wr * r
            light[i, 1] += (ONE - through) * wg * g
            light[i, 2] += (ONE - through) * wb * b
            wr, wg, wb = through * wr, through * wg, through * wb
        if p.state == MISS:
            alive[i] = False
            r, g, b = sky_radiance(table, ground, dx, dy, dz)
            share = ONE
            if drawn < np.inf and dz > ZERO:
                row, column = sky_cell(dome, dx, dy, dz)
                share = drawn / (drawn + dome.density[row, column])
            r, g, b = share * r, share * g, share * b
            if dx * sun[0] + dy * sun[1] + dz * sun[2] > SUN_COSINE:
                share = drawn / (drawn + SUN_DENSITY) if drawn < np.inf else ONE
                share *= SUN_RADIANCE
                r, g, b = r + share * sun_lx[0], g + share * sun_lx[1], b + share * sun_lx[2]
            light[i, 0] += wr * r
            light[i, 1] += wg * g
            light[i, 2] += wb * b
            continue
        one, two, three, four = hash4(seed, np.uint32(i), np.uint32(depth), np.uint32(11))
        if p.state == GLASS:
            part = window_reflectance(-(dx * p.nx + dy * p.ny + dz * p.nz))
            if uniform(one) < part:
                dx, dy, dz = mirrored(dx, dy, dz, p.nx, p.ny, p.nz)
                away = lift(p)
                origin[i, 0], origin[i, 1], origin[i, 2] = p.x + away * p.fx, p.y + away * p.fy, p.z + away * p.fz
            else:
                wr, wg, wb = wr * p.transmission, wg * p.transmission, wb * p.transmission
                away = lift(p)
                origin[i, 0], origin[i, 1], origin[i, 2] = p.x + away * dx, p.y + away * dy, p.z + away * dz
            way[i, 0], way[i, 1], way[i, 2] = dx, dy, dz
            weight[i, 0], weight[i, 1], weight[i, 2] = wr, wg, wb
            alive[i] = not last and p.transmission > ZERO
            continue
        glow = luminance(p.glow_r, p.glow_g, p.glow_b)
        if glow > ZERO:
            share = min(glow_limit / glow, ONE) if depth > 0 else ONE
            light[i, 0] += share * wr * p.glow_r
            light[i, 1] += share * wg * p.glow_g
            light[i, 2] += share * wb * p.glow_b
        vx, vy, vz = -dx, -dy, -dz
        if p.nx * vx + p.ny * vy + p.nz * vz < np.float32(1e-3):  # a shading normal may turn away from the eye
            p.nx, p.ny, p.nz = p.fx, p.fy, p.fz
        a, b, c, d = hash4(seed, np.uint32(i), np.uint32(depth), np.uint32(13))
        if sun_lx[1] > ZERO:
            lx, ly, lz = in_cone(sun[0], sun[1], sun[2], SUN_RADIUS, uniform(a), uniform(b))
            if leaves(p, lx, ly, lz):
                r, g, b_ = scattered(p, vx, vy, vz, lx, ly, lz, ZERO)
                share = ONE if last else SUN_DENSITY / (SUN_DENSITY + density_of(p, vx, vy, vz, lx, ly, lz))
                aim[i, SUN, 0], aim[i, SUN, 1], aim[i, SUN, 2], reach[i, SUN] = lx, ly, lz, np.float32(np.inf)
                gain[i, SUN, 0] = share * wr * r * sun_lx[0]
                gain[i, SUN, 1] = share * wg * g * sun_lx[1]
                gain[i, SUN, 2] = share * wb * b_ * sun_lx[2]
        lx, ly, lz, chance = draw_sky(dome, uniform(c), uniform(d))
        if leaves(p, lx, ly, lz) and chance > ZERO:
            r, g, b_ = scattered(p, vx, vy, vz, lx, ly, lz, ZERO)
            share = ONE / (chance if last else chance + density_of(p, vx, vy, vz, lx, ly, lz))
            sr, sg, sb = sky_radiance(table, ground, lx, ly, lz)
            aim[i, SKY, 0], aim[i, SKY, 1], aim[i, SKY, 2], reach[i, SKY] = lx, ly, lz, np.float32(np.inf)
            gain[i, SKY, 0], gain[i, SKY, 1] = share * wr * r * sr, share * wg * g * sg
            gain[i, SKY, 2] = share * wb * b_ * sb
        row, column = cell_of(low, corner, p.x, p.y)
        count = 0
        while count < cells.shape[2] and cells[row, column, count] >= 0:
            count += 1
        if count > 0:
            lamp = cells[row, column, min(np.int32(uniform(one) * np.float32(count)), count - 1)]
            peak = luminance(intensity[lamp, 0], intensity[lamp, 1], intensity[lamp, 2])
            lx, ly, lz, away, lux = lamp_lux(position, axis, beam, lamp, p.x, p.y, p.z, peak / least[0])
            if lux * peak >= least[0] and leaves(p, lx, ly, lz):
                lux *= np.float32(count) * math.exp(-extinction[0] * away)
                r, g, b_ = scattered(p, vx, vy, vz, lx, ly, lz, LAMP_RADIUS_M / max(away, ONE))
                if p.retro > ZERO and depth == 0 and lx * p.nx + ly * p.ny + lz * p.nz > ZERO:
                    back = TWO * (ONE - (lx * vx + ly * vy + lz * vz))
                    back = p.retro / (ONE + max(back, ZERO) / (p.retro_width * p.retro_width))
                    back /= max(p.red, p.green, p.blue, np.float32(1e-3))
                    r, g, b_ = r + back * p.red, g + back * p.green, b_ + back * p.blue
                aim[i, LAMP, 0], aim[i, LAMP, 1], aim[i, LAMP, 2] = lx, ly, lz
                reach[i, LAMP] = max(away - LAMP_CLEARANCE_M, np.float32(0.01))
                gain[i, LAMP, 0] = wr * r * lux * intensity[lamp, 0]
                gain[i, LAMP, 1] = wg * g * lux * intensity[lamp, 1]
                gain[i, LAMP, 2] = wb * b_ * lux * intensity[lamp, 2]
        away = lift(p)
        origin[i, 0], origin[i, 1], origin[i, 2] = p.x + away * p.fx, p.y + away * p.fy, p.z + away * p.fz
        alive[i] = False
        if last:
            continue
        lx, ly, lz = draw_way(p, vx, vy, vz, uniform(two), uniform(three), uniform(four))
        if not leaves(p, lx, ly, lz):
            continue
        r, g, b_ = scattered(p, vx, vy, vz, lx, ly, lz, ZERO)
        drawn = density_of(p, vx, vy, vz, lx, ly, lz)
        if not drawn > ZERO:
            continue
        wr, wg, wb = wr * r / drawn, wg * g / drawn, wb * b_ / drawn
        if depth >= SURVIVORS:
            luck, _, _, _ = hash4(seed, np.uint32(i), np.uint32(depth), np.uint32(17))
            chance = min(max(wr, wg, wb), ONE)
            if uniform(luck) >= chance:
                continue
            wr, wg, wb = wr / chance, wg / chance, wb / chance
        if p.fx * lx + p.fy * ly + p.fz * lz < ZERO:
            origin[i, 0], origin[i, 1], origin[i, 2] = p.x - away * p.fx, p.y - away * p.fy, p.z - away * p.fz
        way[i, 0], way[i, 1], way[i, 2], density[i] = lx, ly, lz, drawn
        weight[i, 0], weight[i, 1], weight[i, 2] = wr, wg, wb
        alive[i] = True


@kernel(inline=True)
def leaves(p, lx, ly, lz):  # type: ignore[no-untyped-def]
    """Whether light goes from point p in direction l: on the same side of triangle and shading normal."""
    smooth = p.nx * lx + p.ny * ly + p.nz * lz
    flat = p.fx * lx + p.fy * ly + p.fz * lz
    return (smooth > ZERO and flat > ZERO) or (p.translucency > ZERO and smooth < ZERO and flat < ZERO)


@kernel
def aimed(start, stop, rows, slots, points, walk, kind, origins, ways, limits):  # type: ignore[no-untyped-def]
    """Rays toward lights of a `kind` of the paths `rows[slots[start:stop]]`; `points` lie beside `rows`."""
    _, _, _, _, _, _, aim, reach, _ = walk
    for k in range(start, stop):
        j = slots[k]
        i, p = rows[j], points[j]
        x, y, z = aim[i, kind, 0], aim[i, kind, 1], aim[i, kind, 2]
        away = side_of(p, x, y, z)
        origins[k, 0], origins[k, 1], origins[k, 2] = p.x + away * p.fx, p.y + away * p.fy, p.z + away * p.fz
        ways[k, 0], ways[k, 1], ways[k, 2] = x, y, z
        limits[k] = reach[i, kind]


@kernel
def arrive(start, stop, rows, slots, blocked, walk, kind):  # type: ignore[no-untyped-def]
    """Add the light of rays of `aimed` that are not `blocked`."""
    _, _, _, light, _, _, _, _, gain = walk
    for k in range(start, stop):
        if not blocked[k]:
            i = rows[slots[k]]
            for channel in range(3):
                light[i, channel] += gain[i, kind, channel]
