"""Kernels that carry light along paths: through glass, to the sun and mirror images, and back to the eye."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.sensors.shading.air import passes
from simulator.sensors.shading.reflectance import SUN_BLUR, mean_fresnel, scattered, schlick, window_reflectance
from simulator.sensors.shading.surface import GLASS, MISS, SOLID
from simulator.sensors.shading.vector import (
    INV_PI,
    ONE,
    ZERO,
    airlight,
    clamp01,
    in_cone,
    luminance,
    mirrored,
    random2,
    sky_irradiance,
    sky_radiance,
    unit,
)

INFINITE = np.float32(np.inf)
SUN_RADIUS = np.float32(0.00465)
SUN_COSINE = np.float32(1 - 0.00465**2 / 2)
SUN_RADIANCE = np.float32(1 / (np.pi * 0.00465**2))  # per illuminance: one over the disc's solid angle
OFFSET_M = np.float32(2e-3)  # secondary rays start this far above the surface, plus a share of the distance
OFFSET_SHARE = np.float32(2e-5)
MIRROR_LEAST = np.float32(0.02)  # weaker reflections take the mean light of their surroundings
MIRROR_ROUGHEST = np.float32(0.36)  # of coats
BASE_ROUGHEST = np.float32(0.22)  # of bare surfaces, such as metal
COAT_LEAST = np.float32(0.1)
SECOND_BOUNCE = np.float32(0.52)  # part of the sky that surfaces at the second bounce see
# Part of the sky above the skyline (`sky.SKYLINE_RAD`), and of the ground, that those see which light a point: of the
# whole sky a low sun's bright horizon, which streets hide, would light them by half again.
HIGH_BOUNCE = np.float32(0.62)
# ... where at least this part of the rays of the first bounce meets the sky; in a tunnel nothing around sees it either.
OPEN_SHARE = np.float32(0.25)
# Coats that no ray is cast for mirror what is low: in the open the sky down to the horizon, as bright as the mean
# light about the mirrored way; among walls, which close part of the sky, those, and the sky above them. Fitted to what
# rays find on wet streets, country roads and motorways.
WALLS_LIGHT, WALLS, SHUT_LEAST = np.float32(0.3), np.float32(3.0), np.float32(0.03)
LIT_FROM = np.float32(1.3)  # irradiance over that by the whole sky, which only what lamps light exceeds
FAR_GROUND_M = np.float32(300.0)
NEVER = -2
# Dimensions of the random numbers of a point
SUN_STREAM, MIRROR_STREAM, SKY_STREAM, LAMP_STREAM = (np.uint32(stream) for stream in range(4))
OF_POINTS = np.uint32(3)  # sets them apart from other numbers of the same seed
# Kinds of mirror rays: of the point's own coat or metal, and of a pane before it. What rough water reflects is smoothed
# over the picture before it is added.
SHARP, BLURRED, PANE = np.int32(1), np.int32(2), np.int32(3)
BLURRED_FROM = np.float32(0.08)  # coat roughness

# State of a path beside its point, one record a path.
PATH_DTYPE = np.dtype(
    [
        ("first", np.int32),  # instance that the ray meets first, glass included; -1 none, NEVER not yet known
        ("reach", np.float32),  # distance to it, metres
        ("sun_seen", np.float32),  # 0..1
        ("mirrors", np.int32),  # kind of the mirror ray, 0 without
        ("dx", np.float32),  # unit direction from the eye
        ("dy", np.float32),
        ("dz", np.float32),
        ("tr", np.float32),  # throughput: what glass has left of the light
        ("tg", np.float32),
        ("tb", np.float32),
        ("red", np.float32),  # result: radiance toward the eye
        ("green", np.float32),
        ("blue", np.float32),
        ("ox", np.float32),  # where the mirror ray starts
        ("oy", np.float32),
        ("oz", np.float32),
        ("mx", np.float32),  # its unit direction
        ("my", np.float32),
        ("mz", np.float32),
        ("wr", np.float32),  # its share in the light
        ("wg", np.float32),
        ("wb", np.float32),
        ("ir", np.float32),  # what it brings, if BLURRED
        ("ig", np.float32),
        ("ib", np.float32),
        ("sx", np.float32),  # unit direction to a place of the sun's disc
        ("sy", np.float32),
        ("sz", np.float32),
        ("lamp_r", np.float32),  # radiance of the point by lamps
        ("lamp_g", np.float32),
        ("lamp_b", np.float32),
        ("er", np.float32),  # irradiance of the point by sky and surroundings; at the second bounce how open it is
        ("eg", np.float32),
        ("eb", np.float32),
    ]
)


@kernel(inline=True)
def lift(p):
    """How far from a surface secondary rays start, so that they do not meet it again."""
    return OFFSET_M + OFFSET_SHARE * p.distance


@kernel(inline=True)
def side_of(p, x, y, z):
    """How far above a surface, below it if negative, a ray in direction (x, y, z) starts."""
    return lift(p) if p.fx * x + p.fy * y + p.fz * z >= ZERO else -lift(p)


@kernel(inline=True)
def aim_mirror(p, path, kind, mx, my, mz, wr, wg, wb):
    """Give a path its mirror ray of a kind from point p along m, with weights w."""
    away = lift(p)
    path.mirrors = kind
    path.ox, path.oy, path.oz = p.x + away * p.fx, p.y + away * p.fy, p.z + away * p.fz
    path.mx, path.my, path.mz = mx, my, mz
    path.wr, path.wg, path.wb = wr, wg, wb


@kernel
def peel(start, stop, rows, directions, points, paths, sky, begin, final, going):
    """Let paths through glass; note what each path met first.

    What the air adds over a whole path is counted last, dimmed by all glass on the way (`compose`); of it, the air in
    front of a pane is given back here what that pane takes.

    Args:
        start, stop: range of `rows`.
        rows: (R,) int32 paths that have just got a new point.
        directions: (R, 3) float32 unit directions of their rays.
        points: (N,) POINT_DTYPE. paths: (N,) PATH_DTYPE.
        begin: these are the first points: the paths start here.
        sky: Sky.
        final: no more layers are followed: what is met now counts as solid.
        going: (R,) bool result: the path goes on behind the surface.
    """
    _, air, _, _, _, _, extinction = sky
    for j in range(start, stop):
        p, path = points[rows[j]], paths[rows[j]]
        going[j] = False
        if begin:
            path.first, path.reach, path.sun_seen, path.mirrors = NEVER, np.float32(np.inf), ZERO, 0
            path.dx, path.dy, path.dz = directions[j, 0], directions[j, 1], directions[j, 2]
            path.tr, path.tg, path.tb = ONE, ONE, ONE
            path.red, path.green, path.blue = ZERO, ZERO, ZERO
            path.lamp_r, path.lamp_g, path.lamp_b = ZERO, ZERO, ZERO
        if path.first == NEVER:
            path.first, path.reach = p.instance, p.distance
        if p.state in (MISS, SOLID):
            continue
        if final:
            p.state = SOLID
            continue
        going[j] = True
        if p.state == GLASS:
            part = window_reflectance(-(path.dx * p.nx + path.dy * p.ny + path.dz * p.nz))
            through = passes(extinction, p.distance, p.distance * path.dz)
            if path.mirrors == 0:
                mx, my, mz = mirrored(path.dx, path.dy, path.dz, p.nx, p.ny, p.nz)
                w = part * through
                aim_mirror(p, path, PANE, mx, my, mz, w * path.tr, w * path.tg, w * path.tb)
            kept = (ONE - part) * p.transmission
            red, green, blue = airlight(air, path.dx, path.dy)
            back = (ONE - through) * (ONE - kept)
            path.red += back * path.tr * red
            path.green += back * path.tg * green
            path.blue += back * path.tb * blue
            path.tr, path.tg, path.tb = kept * path.tr, kept * path.tg, kept * path.tb


@kernel
def onward(start, stop, rows, points, paths, origins, ways):
    """Rays that go on straight behind the points of the paths `rows`, into `origins` and `ways` (R, 3)."""
    for j in range(start, stop):
        p, path = points[rows[j]], paths[rows[j]]
        away = lift(p)
        ways[j, 0], ways[j, 1], ways[j, 2] = path.dx, path.dy, path.dz
        origins[j, 0] = p.x + away * path.dx
        origins[j, 1] = p.y + away * path.dy
        origins[j, 2] = p.z + away * path.dz


@kernel
def lamp_rays(start, stop, rows, points, aims, slot, origins, ways, reach):
    """Rays from the points `rows` to the lamps in `slot` of `aims` (N, S, 4), into `origins`, `ways` and `reach`."""
    for j in range(start, stop):
        i = rows[j]
        p = points[i]
        away = lift(p)
        if p.translucency > ZERO:
            away = side_of(p, aims[i, slot, 0], aims[i, slot, 1], aims[i, slot, 2])
        origins[j, 0], origins[j, 1], origins[j, 2] = p.x + away * p.fx, p.y + away * p.fy, p.z + away * p.fz
        ways[j, 0], ways[j, 1], ways[j, 2] = aims[i, slot, 0], aims[i, slot, 1], aims[i, slot, 2]
        reach[j] = aims[i, slot, 3]


@kernel
def sun_rays(start, stop, rows, points, paths, origins, ways):
    """Rays to the sun of the paths `rows`, into `origins` and `ways` (R, 3)."""
    for j in range(start, stop):
        p, path = points[rows[j]], paths[rows[j]]
        away = side_of(p, path.sx, path.sy, path.sz)
        origins[j, 0], origins[j, 1], origins[j, 2] = p.x + away * p.fx, p.y + away * p.fy, p.z + away * p.fz
        ways[j, 0], ways[j, 1], ways[j, 2] = path.sx, path.sy, path.sz


@kernel
def mirror_rays(start, stop, rows, paths, origins, ways):
    """Mirror rays of the paths `rows`, into `origins` and `ways` (R, 3)."""
    for j in range(start, stop):
        path = paths[rows[j]]
        origins[j, 0], origins[j, 1], origins[j, 2] = path.ox, path.oy, path.oz
        ways[j, 0], ways[j, 1], ways[j, 2] = path.mx, path.my, path.mz


@kernel(inline=True)
def has_mirror_coat(p):
    """Whether a point has a coat that reflects like a mirror."""
    return p.coat > COAT_LEAST and p.coat_roughness < MIRROR_ROUGHEST


@kernel(inline=True)
def view_cosine(p, path):
    """Cosine of shading normal and direction to the eye, at least 0.02."""
    return max(-(p.nx * path.dx + p.ny * path.dy + p.nz * path.dz), np.float32(0.02))


@kernel(inline=True)
def stratum(a, b, sample, samples):
    """Two uniform numbers of a pixel made those of one of its samples: even steps (a golden section in the second)."""
    a = (np.float32(sample) + a) / np.float32(samples)
    b += np.float32(sample) * np.float32(0.61803399)
    return a, b - np.float32(math.floor(b))


@kernel
def prepare(start, stop, points, paths, sky, seed, samples, soft, mirrors, blurs, sun_wanted):
    """Choose for each solid point the ray to the sun and the mirror ray, if it needs one.

    Args:
        start, stop: range of points.
        points: (N,) POINT_DTYPE. paths: (N,) PATH_DTYPE. sky: Sky.
        seed: uint32 of this batch.
        samples: the points are so many samples of each pixel, sample after sample; their random numbers are strata.
        soft: aim at a random place of the sun's disc instead of its middle.
        mirrors: look for mirror reflections. blurs: rough ones, too; those in water are smoothed later.
        sun_wanted: (N,) bool result.
    """
    _, _, _, _, sun, sun_lx, extinction = sky
    shining = sun_lx[1] > ZERO
    pixels = len(points) // samples
    for i in range(start, stop):
        p, path = points[i], paths[i]
        sun_wanted[i] = False
        if p.state != SOLID:
            continue
        if shining:
            lx, ly, lz = sun[0], sun[1], sun[2]
            if soft:
                a, b = random2(seed, np.uint32(i % pixels), SUN_STREAM, OF_POINTS)
                a, b = stratum(a, b, i // pixels, samples)
                lx, ly, lz = in_cone(lx, ly, lz, SUN_RADIUS, a, b)
            path.sx, path.sy, path.sz = lx, ly, lz
            smooth = p.nx * lx + p.ny * ly + p.nz * lz
            flat = p.fx * lx + p.fy * ly + p.fz * lz
            sun_wanted[i] = (smooth > ZERO and flat > ZERO) or (p.translucency > ZERO and smooth < ZERO and flat < ZERO)
        if not mirrors or path.mirrors != 0:
            continue
        nv = view_cosine(p, path)
        coated = has_mirror_coat(p)
        if coated:
            wr = p.coat * schlick(p.coat_f0, nv)
            wg, wb, rough = wr, wr, p.coat_roughness
        elif p.roughness < BASE_ROUGHEST:
            wr, wg, wb = mean_fresnel(p, p.red, nv), mean_fresnel(p, p.green, nv), mean_fresnel(p, p.blue, nv)
            rough = p.roughness
        else:
            continue
        if luminance(wr, wg, wb) < MIRROR_LEAST or (rough > BLURRED_FROM and coated and not blurs):
            continue
        a, b = random2(seed, np.uint32(i % pixels), MIRROR_STREAM, OF_POINTS)
        a, b = stratum(a, b, i // pixels, samples)
        tilt = rough * rough * math.sqrt(a / max(ONE - a, np.float32(0.05))) if blurs else ZERO  # slopes of GGX
        hx, hy, hz = in_cone(p.nx, p.ny, p.nz, min(tilt, np.float32(0.7)), ONE, b)
        mx, my, mz = mirrored(path.dx, path.dy, path.dz, hx, hy, hz)
        up = mx * p.fx + my * p.fy + mz * p.fz
        if up < np.float32(0.01):
            away = np.float32(0.02) - up
            mx, my, mz = unit(mx + away * p.fx, my + away * p.fy, mz + away * p.fz)
        w = passes(extinction, p.distance, p.distance * path.dz)
        kind = BLURRED if blurs and coated and rough > BLURRED_FROM else SHARP
        aim_mirror(p, path, kind, mx, my, mz, w * wr * path.tr, w * wg * path.tg, w * wb * path.tb)


@kernel
def mirrored_openness(start, stop, rows, points, paths, harmonics, found):
    """How much of the sky's light what is mirrored gets: (R,) `found`, 0 to 1, and more where lamps light all about.

    It is as open as the point that mirrors it (of the paths `rows`), but for panes, of whose place nothing is known.
    """
    for j in range(start, stop):
        p, path, found[j] = points[rows[j]], paths[rows[j]], ONE
        if path.mirrors != PANE:
            sr, sg, sb = sky_irradiance(harmonics, p.nx, p.ny, p.nz)
            share = luminance(path.er, path.eg, path.eb) / max(luminance(sr, sg, sb), np.float32(1e-9))
            found[j] = min(share / OPEN_SHARE, ONE) + max(share - LIT_FROM, ZERO) / SECOND_BOUNCE


@kernel
def mirror_sky(start, stop, points, paths, sky):
    """Preview's mirror images: of the sky above the walls about, and of those, or of the ground where they go down."""
    table, _, harmonics, ground, _, _, _ = sky
    for i in range(start, stop):
        p, path = points[i], paths[i]
        if path.mirrors == 0:
            continue
        r, g, b = sky_radiance(table, ground, path.mx, path.my, path.mz)
        if p.state == SOLID:  # (else a pane is before the sky)
            sr, sg, sb = sky_irradiance(harmonics, p.nx, p.ny, p.nz)
            around = luminance(path.er, path.eg, path.eb) / max(luminance(sr, sg, sb), np.float32(1e-9))
            free = above_walls(around, path.mz)
            rr, rg, rb = sky_irradiance(harmonics, path.mx, path.my, path.mz)
            walls = (ONE - free) * WALLS_LIGHT * around * INV_PI
            r, g, b = free * r + walls * rr, free * g + walls * rg, free * b + walls * rb
        path.red += path.wr * r
        path.green += path.wg * g
        path.blue += path.wb * b


@kernel
def add_mirrored(start, stop, rows, paths, others):
    """Add what mirror rays brought: finished paths `others` (R,) belong to the paths `rows`."""
    for j in range(start, stop):
        path, other = paths[rows[j]], others[j]
        if path.mirrors == BLURRED:
            path.ir, path.ig, path.ib = other.red, other.green, other.blue
            continue
        path.red += path.wr * other.red
        path.green += path.wg * other.green
        path.blue += path.wb * other.blue


@kernel
def compose(start, stop, points, paths, sky, first_bounce, glow_limit, lamp_from, least_blur):
    """Sum the light of each path: emission, sun, surroundings, lamps, then the air in between; or the sky.

    Args:
        start, stop: range of paths.
        points: (N,) POINT_DTYPE. paths: (N,) PATH_DTYPE. sky: Sky.
        first_bounce: True: the paths hold their irradiance; False: a share of the unoccluded sky stands for it.
        glow_limit: greatest luminance that surfaces show by their own emission, cd/m2, float32. Where it is infinite,
            by eye and in panes, the sun's disc is seen, too; what else mirrors it has a highlight instead.
        lamp_from: those that shine brighter than this are left to the lamps, cd/m2, float32.
        least_blur: angular radius of the sun at least, in highlights, float32.
    """
    table, air, harmonics, ground, sun, sun_lx, extinction = sky
    for i in range(start, stop):
        p, path = points[i], paths[i]
        dx, dy, dz = path.dx, path.dy, path.dz
        through = ONE
        if p.state == MISS:
            red, green, blue = sky_radiance(table, ground, dx, dy, dz)
            if dz <= ZERO:  # far ground, through far air
                through = clamp01(-dz * np.float32(10.0)) * math.exp(-extinction[0] * FAR_GROUND_M)
            elif glow_limit == INFINITE and dx * sun[0] + dy * sun[1] + dz * sun[2] > SUN_COSINE:
                red, green = red + SUN_RADIANCE * sun_lx[0], green + SUN_RADIANCE * sun_lx[1]
                blue += SUN_RADIANCE * sun_lx[2]
        else:
            red, green, blue = outgoing(p, path, harmonics, first_bounce)
            glow = luminance(p.glow_r, p.glow_g, p.glow_b)
            if ZERO < glow < lamp_from:
                part = min(glow_limit / glow, ONE)
                red, green, blue = red + part * p.glow_r, green + part * p.glow_g, blue + part * p.glow_b
            if path.sun_seen > ZERO:
                r, g, b = scattered(p, -dx, -dy, -dz, sun[0], sun[1], sun[2], max(SUN_BLUR, least_blur))
                red, green = red + r * path.sun_seen * sun_lx[0], green + g * path.sun_seen * sun_lx[1]
                blue += b * path.sun_seen * sun_lx[2]
            through = passes(extinction, p.distance, p.distance * path.dz)
        if through < ONE:
            r, g, b = airlight(air, dx, dy)
            red, green, blue = r + through * (red - r), g + through * (green - g), b + through * (blue - b)
        path.red += path.tr * red
        path.green += path.tg * green
        path.blue += path.tb * blue


@kernel(inline=True)
def low_light(around, mz):
    """What rough coats mirror, in parts of the mean light about the mirrored way.

    Args:
        around: irradiance over that by the whole sky. mz: rise of the mirrored way.
    """
    return WALLS_LIGHT + (ONE - WALLS_LIGHT) * above_walls(around, mz)


@kernel(inline=True)
def above_walls(around, mz):
    """Part of what is mirrored that is sky above the walls about, see `low_light`."""
    shut = max(ONE - around, SHUT_LEAST)
    return clamp01(ONE - WALLS * shut + mz * max(mz, ZERO) / shut)


@kernel
def outgoing(p, path, harmonics, first_bounce):
    """Radiance that a surface sends along a path, without emission and sun."""
    sr, sg, sb = sky_irradiance(harmonics, p.nx, p.ny, p.nz)
    seen = SECOND_BOUNCE * path.er
    around = seen
    er, eg, eb = seen * sr, seen * sg, seen * sb
    if first_bounce:
        er, eg, eb = path.er, path.eg, path.eb
        around = luminance(er, eg, eb) / max(luminance(sr, sg, sb), np.float32(1e-9))
        seen = clamp01(around)
    if p.translucency > ZERO:
        # The back sees as much of the sky as the front, and as much of what lamps light around it.
        br, bg, bb = sky_irradiance(harmonics, -p.nx, -p.ny, -p.nz)
        br, bg, bb = seen * br + max(er - sr, ZERO), seen * bg + max(eg - sg, ZERO), seen * bb + max(eb - sb, ZERO)
        er, eg, eb = er + p.translucency * br, eg + p.translucency * bg, eb + p.translucency * bb
    nv = view_cosine(p, path)
    coat = p.coat * schlick(p.coat_f0, nv)
    diffuse = INV_PI * (ONE - p.metallic) * (ONE - coat)
    fr, fg, fb = mean_fresnel(p, p.red, nv), mean_fresnel(p, p.green, nv), mean_fresnel(p, p.blue, nv)
    # lobes without a mirror ray reflect the mean light from around the mirrored direction, by lamps as by the sky
    mx, my, mz = mirrored(path.dx, path.dy, path.dz, p.nx, p.ny, p.nz)
    rr, rg, rb = sky_irradiance(harmonics, mx, my, mz)
    traced = path.mirrors == SHARP or path.mirrors == BLURRED
    coat_traced = traced and has_mirror_coat(p)
    base = ZERO if traced and not coat_traced else ONE - coat
    rest = ZERO if coat_traced else coat * low_light(around, mz)
    around *= INV_PI
    red = path.lamp_r + diffuse * (ONE - fr) * p.red * er + (base * fr + rest) * rr * around
    green = path.lamp_g + diffuse * (ONE - fg) * p.green * eg + (base * fg + rest) * rg * around
    blue = path.lamp_b + diffuse * (ONE - fb) * p.blue * eb + (base * fb + rest) * rb * around
    return red, green, blue


def new_points_and_paths(count: int) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Room for `count` points and paths; `set_out` begins them."""
    from simulator.sensors.shading.surface import POINT_DTYPE

    return np.empty(count, POINT_DTYPE), np.empty(count, PATH_DTYPE)
