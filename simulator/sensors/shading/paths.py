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
    HALF,
    INV_PI,
    ONE,
    PI,
    ZERO,
    airlight,
    clamp01,
    in_cone,
    luminance,
    mirrored,
    random2,
    sky_irradiance,
    sky_radiance,
    toward_hemisphere,
    unit,
)

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
FAN_LEAST = np.float32(0.05)  # cosine from which points look at a direction of the fan
NEAREST_M = np.float32(0.03)  # what rays of sky light meet counts as no nearer
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
def hemisphere(start, stop, rows, points, seed, per_point, origins, ways):
    """`per_point` stratified, cosine-distributed rays from each of the points in `rows`."""
    for j in range(start, stop):
        p = points[rows[j]]
        away = lift(p)
        a, b = random2(seed, np.uint32(rows[j]), SKY_STREAM, OF_POINTS)
        for s in range(per_point):
            u = (np.float32(s) + a) / np.float32(per_point)
            v = b + np.float32(s) * np.float32(0.61803399)
            x, y, z = toward_hemisphere(p.nx, p.ny, p.nz, u, v - np.float32(math.floor(v)))
            up = x * p.fx + y * p.fy + z * p.fz
            if up < ZERO:  # a shading normal may point rays into the triangle
                x, y, z = x - (up + up) * p.fx, y - (up + up) * p.fy, z - (up + up) * p.fz
            q = j * per_point + s
            ways[q, 0], ways[q, 1], ways[q, 2] = x, y, z
            origins[q, 0], origins[q, 1], origins[q, 2] = p.x + away * p.fx, p.y + away * p.fy, p.z + away * p.fz


@kernel(inline=True)
def openness(free, rays):
    """How open the surroundings of a point are, 0 to 1, of whose rays `free` meet the sky."""
    return clamp01(np.float32(free) / (OPEN_SHARE * np.float32(rays)))


@kernel
def how_open(start, stop, points, paths, per_point):
    """Tell the paths along `per_point` hemisphere rays of each point how open its surroundings are."""
    for j in range(start, stop):
        first, free = j * per_point, 0
        for q in range(first, first + per_point):
            free += 1 if points[q].state == MISS else 0
        for q in range(first, first + per_point):
            paths[q].er = openness(free, per_point)


@kernel(inline=True)
def looks_along(p, place, columns, fan, d):
    """Cosine of point p's normal and direction d of the `fan` (D, 3), or 0 if it is not looked at from there.

    Neighbours, whose light is smoothed over them, look along every other direction; `place`: number of the point in a
    grid of so many `columns`.
    """
    if (place // columns + place % columns + d) & 1 != 0:
        return ZERO
    facing = p.nx * fan[d, 0] + p.ny * fan[d, 1] + p.nz * fan[d, 2]
    return facing if facing > FAN_LEAST else ZERO


@kernel
def bounce_among(start, stop, points, paths, per_point):
    """Let the light of what `per_point` hemisphere rays of each point meet go on among it.

    As in an integrating sphere each bounce keeps the mean albedo times the part that is closed, and all bounces
    together make 1 / (1 - that) times the light (D. Goebel, Applied Optics 6(1), 1967). Where a point sees the sky,
    what its rays meet sees more of it, as snow before a wall does: by the reference, the closed part counts thrice.
    """
    for j in range(start, stop):
        red, green, blue, met = ZERO, ZERO, ZERO, ZERO
        for q in range(j * per_point, (j + 1) * per_point):
            p = points[q]
            if p.state != MISS:
                matt = (ONE - p.metallic) * (ONE + p.translucency)
                red, green, blue, met = red + matt * p.red, green + matt * p.green, blue + matt * p.blue, met + ONE
        scale, most = ONE / np.float32(per_point), np.float32(0.9)
        scale *= (met * scale) * (met * scale)
        red = ONE / (ONE - min(red * scale, most))
        green = ONE / (ONE - min(green * scale, most))
        blue = ONE / (ONE - min(blue * scale, most))
        for q in range(j * per_point, (j + 1) * per_point):
            if points[q].state != MISS:
                path = paths[q]
                path.red, path.green, path.blue = red * path.red, green * path.green, blue * path.blue


@kernel
def face_fan(start, stop, rows, points, columns, fan, facing):
    """Whether points look along directions of the sky: `facing[start:stop]` (D * R,) for `rows` (R,) and `fan` (D, 3).

    The points lie on a grid of so many `columns`.
    """
    for q in range(start, stop):
        d, i = q // len(rows), rows[q % len(rows)]
        facing[q] = looks_along(points[i], i, columns, fan, d) > ZERO


@kernel
def fan_rays(start, stop, chosen, rows, points, fan, origins, ways):
    """Rays from points along directions of the sky, those of `face_fan` that are `chosen` (Q,) int32.

    Rays of a direction come after another and run side by side: they are several times as fast as those that do not.
    """
    for k in range(start, stop):
        q = chosen[k]
        d, p = q // len(rows), points[rows[q % len(rows)]]
        x, y, z = fan[d, 0], fan[d, 1], fan[d, 2]
        away = side_of(p, x, y, z)
        ways[k, 0], ways[k, 1], ways[k, 2] = x, y, z
        origins[k, 0], origins[k, 1], origins[k, 2] = p.x + away * p.fx, p.y + away * p.fy, p.z + away * p.fz


@kernel
def fan_light(start, stop, rows, points, seeing, columns, blocked, fan, weights, sky, around, seen):
    """Irradiance (N, 3) of the points `rows[start:stop]`: the sky's, times what of it is free along the fan.

    Args:
        start, stop: range of rows.
        rows: (R,) int32. points: (N,) POINT_DTYPE on a grid of so many `columns`.
        seeing: the points; or, where they face down, of the ground below, whose light is theirs.
        blocked: (D * R,) bool of `face_fan`'s pairs.
        fan: (D, 3) float32 directions. weights: (D,) float32 luminance of the sky there.
        sky: Sky. around: (N, 3) float32 result. seen: (R,) float32 result: part of the sky that is free.
    """
    _, _, harmonics, ground, _, _, _ = sky
    for j in range(start, stop):
        p, eye = points[rows[j]], seeing[rows[j]]
        free, total = HALF * np.float32(1e-20), np.float32(1e-20)  # what is over no ground
        for d in range(len(fan)):
            facing = looks_along(eye, rows[j], columns, fan, d)
            if facing > ZERO:
                total += facing * weights[d]
                free += ZERO if blocked[d * len(rows) + j] else facing * weights[d]
        part, i = free / total, rows[j]
        # Where the sky is hidden, and below the horizon, the surroundings are dim where they are closed themselves.
        below = HALF * (ONE - p.nz)
        open_part = part if eye.nz > p.nz else clamp01(part / OPEN_SHARE)
        dim = PI * (np.float32(0.6) * open_part * (below + (ONE - part) * (ONE - below)) - part * below)
        seen[j] = part
        r, g, b = sky_irradiance(harmonics, p.nx, p.ny, p.nz)
        around[i, 0] = max(part * r + dim * ground[0], ZERO)
        around[i, 1] = max(part * g + dim * ground[1], ZERO)
        around[i, 2] = max(part * b + dim * ground[2], ZERO)


@kernel
def mean_irradiance(start, stop, rows, others, per_point, around, closeness):
    """Irradiance (N, 3) of the points `rows` from finished paths (R * per_point,) along their hemisphere rays.

    `closeness` (N,) receives the mean of one over the distance that they went, 1/m.
    """
    for j in range(start, stop):
        red, green, blue, near = ZERO, ZERO, ZERO, ZERO
        for s in range(per_point):
            other = others[j * per_point + s]
            red, green, blue = red + other.red, green + other.green, blue + other.blue
            near += ONE / max(other.reach, NEAREST_M)
        scale, i = PI / np.float32(per_point), rows[j]
        closeness[i] = near / np.float32(per_point)
        around[i, 0], around[i, 1], around[i, 2] = red * scale, green * scale, blue * scale


@kernel
def compose(start, stop, points, paths, sky, first_bounce, glow_limit, lamp_from, least_blur):
    """Sum the light of each path: emission, sun, surroundings, lamps, then the air in between; or the sky.

    Args:
        start, stop: range of paths.
        points: (N,) POINT_DTYPE. paths: (N,) PATH_DTYPE. sky: Sky.
        first_bounce: True: the paths hold their irradiance, and the sun's disc is seen; False: a share of the
            unoccluded sky stands for it.
        glow_limit: greatest luminance that surfaces show by their own emission, cd/m2, float32.
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
            elif first_bounce and dx * sun[0] + dy * sun[1] + dz * sun[2] > SUN_COSINE:
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
