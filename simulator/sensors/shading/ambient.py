"""Kernels that find what light comes to points from around: by rays over the hemisphere, and along a fan to the sky."""

from __future__ import annotations

import math

import numpy as np

from simulator.numerics.jit import kernel
from simulator.sensors.shading.paths import OF_POINTS, OPEN_SHARE, SKY_STREAM, lift, side_of
from simulator.sensors.shading.surface import MISS
from simulator.sensors.shading.vector import HALF, ONE, PI, ZERO, clamp01, random2, sky_irradiance, toward_hemisphere

FAN_LEAST = np.float32(0.05)  # cosine from which points look at a direction of the fan
FAN_PHASES = 4  # neighbours that look along other directions each
NEAREST_M = np.float32(0.03)  # what rays of sky light meet counts as no nearer


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
def looks_along(p, fan, d):
    """Cosine of point p's normal and direction d of the `fan` (D, 3), or 0 if that is not looked at from there."""
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
def list_fan(rows, points, phase, fan, chosen):
    """Write to `chosen` (D * R,) int32 which points look along which directions: numbers in (D, R); returns how many.

    Neighbours, whose light is smoothed over them, look along every fourth direction of the `fan` (D, 3): those numbers
    of it that are like the `phase` (R,) of `rows` (R,).
    """
    found = 0
    for d in range(len(fan)):
        for j in range(len(rows)):
            if (d ^ phase[j]) & (FAN_PHASES - 1) == 0 and looks_along(points[rows[j]], fan, d) > ZERO:
                chosen[found] = d * len(rows) + j
                found += 1
    return found


@kernel
def fan_rays(start, stop, chosen, rows, points, fan, origins, ways):
    """Rays from points along directions of the sky, those that are `chosen` (Q,) int32 by `list_fan`.

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
def fan_light(start, stop, rows, points, seeing, phase, blocked, fan, weights, sky, among, around, seen):
    """Irradiance (N, 3) of the points `rows[start:stop]`: the sky's, times what of it is free along the fan, and that
    by what hides the rest.

    Args:
        start, stop: range of rows.
        rows: (R,) int32. points: (N,) POINT_DTYPE.
        seeing: the points; or, where they face down, of the ground below, whose light is theirs.
        phase: (R,) of `list_fan`. blocked: (D * R,) bool of its pairs.
        fan, weights: of `transport.fan_of`.
        sky: Sky. among: (3, 3) float32 radiance of walls, of ground among them, and of ground in the open.
        around: (N, 3) float32 result. seen: (R,) float32 result: part of the sky that is free.
    """
    _, _, harmonics, ground, _, _, _ = sky
    for j in range(start, stop):
        p, eye = points[rows[j]], seeing[rows[j]]
        free, total = HALF * np.float32(1e-20), np.float32(1e-20)  # what is over no ground
        for d in range(phase[j], len(fan), FAN_PHASES):
            facing = looks_along(eye, fan, d)
            if facing > ZERO:
                total += facing * weights[d]
                free += ZERO if blocked[d * len(rows) + j] else facing * weights[d]
        part, i = free / total, rows[j]
        # Where the sky is hidden, and below the horizon, the surroundings are dim where they are closed themselves.
        below = HALF * (ONE - p.nz)
        open_part = PI * (part if eye.nz > p.nz else clamp01(part / OPEN_SHARE))
        walls, near = open_part * (ONE - part) * (ONE - below), open_part * below * (ONE - part)
        far, seen[j] = open_part * below * part, part
        r, g, b = sky_irradiance(harmonics, p.nx, p.ny, p.nz)
        for k, sky_lx in enumerate((r, g, b)):
            lx = part * (sky_lx - PI * below * ground[k])
            around[i, k] = max(lx + walls * among[0, k] + near * among[1, k] + far * among[2, k], ZERO)


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
