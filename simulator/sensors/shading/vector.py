"""Small float32 helpers for kernels: vectors as three scalars, random numbers, noise, the sky's tables."""

from __future__ import annotations

import math

import numpy as np

from simulator.numerics.counter_rng import hash4, uniform
from simulator.numerics.jit import kernel

ZERO, HALF, ONE, TWO = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(2.0)
THREE = np.float32(3.0)
PI = np.float32(np.pi)
INV_PI = np.float32(1 / np.pi)
TWO_PI = np.float32(2 * np.pi)
INV_TWO_PI = np.float32(0.5 / np.pi)
TINY = np.float32(1e-20)
ONE_U, SALT = np.uint32(1), np.uint32(77)
RED, GREEN, BLUE = np.float32(0.2126), np.float32(0.7152), np.float32(0.0722)


@kernel(inline=True)
def arc(y, x):
    """atan2(y, x) to 2e-6 rad: a polynomial of the lesser over the greater (minimax on 0 ... 1), then reflected."""
    far, near = max(abs(x), abs(y)), min(abs(x), abs(y))
    t = near / max(far, TINY)
    s = t * t
    angle = np.float32(0.05265332) - np.float32(0.01172120) * s
    angle = np.float32(0.19354346) + s * (np.float32(-0.11643287) + s * angle)
    angle = t * (np.float32(0.99997726) + s * (np.float32(-0.33262347) + s * angle))
    if abs(y) > abs(x):
        angle = HALF * PI - angle
    if x < ZERO:
        angle = PI - angle
    return angle if y >= ZERO else -angle


@kernel(inline=True)
def clamp01(x):
    """X cut to [0, 1]."""
    return min(max(x, ZERO), ONE)


@kernel(inline=True)
def step(low, high, x):
    """Cubic step from 0 at `low` to 1 at `high`."""
    t = clamp01((x - low) / (high - low))
    return t * t * (THREE - TWO * t)


@kernel(inline=True)
def luminance(r, g, b):
    """Luminance of linear sRGB."""
    return RED * r + GREEN * g + BLUE * b


@kernel(inline=True)
def unit(x, y, z):
    """The vector scaled to length 1."""
    scale = ONE / math.sqrt(max(x * x + y * y + z * z, TINY))
    return x * scale, y * scale, z * scale


@kernel(inline=True)
def mirrored(dx, dy, dz, nx, ny, nz):
    """Direction d reflected at a surface of unit normal n."""
    s = TWO * (dx * nx + dy * ny + dz * nz)
    return dx - s * nx, dy - s * ny, dz - s * nz


@kernel(inline=True)
def tangents(nx, ny, nz):
    """Two unit vectors normal to unit n and to each other (T. Duff et al., JCGT 6(1), 2017)."""
    sign = ONE if nz >= ZERO else -ONE
    a = -ONE / (sign + nz)
    b = nx * ny * a
    return ONE + sign * nx * nx * a, sign * b, -sign * nx, b, sign + ny * ny * a, -ny


@kernel(inline=True)
def toward_hemisphere(nx, ny, nz, a, b):
    """Cosine-distributed direction about unit n from two uniform numbers."""
    tx, ty, tz, bx, by, bz = tangents(nx, ny, nz)
    r = math.sqrt(a)
    c, s, up = r * math.cos(TWO_PI * b), r * math.sin(TWO_PI * b), math.sqrt(max(ONE - a, ZERO))
    return c * tx + s * bx + up * nx, c * ty + s * by + up * ny, c * tz + s * bz + up * nz


@kernel(inline=True)
def in_cone(dx, dy, dz, radius, a, b):
    """Direction within `radius` (small, radians) of unit d from two uniform numbers."""
    tx, ty, tz, bx, by, bz = tangents(dx, dy, dz)
    r = radius * math.sqrt(a)
    c, s = r * math.cos(TWO_PI * b), r * math.sin(TWO_PI * b)
    return unit(dx + c * tx + s * bx, dy + c * ty + s * by, dz + c * tz + s * bz)


@kernel(inline=True)
def random2(seed, a, b, c):
    """Two uniform float32 of a counter, all uint32 (one type, so that this is compiled once)."""
    x, y, _, _ = hash4(seed, a, b, c)
    return uniform(x), uniform(y)


@kernel(inline=True)
def lattice(i, j, k):
    """Uniform float32 of three uint32."""
    x, _, _, _ = hash4(i, j, k, SALT)
    return uniform(x)


@kernel
def noise2(x, y, layer):
    """Smooth value noise in [0, 1] with features of size 1; `layer` is a uint32."""
    fx, fy = math.floor(x), math.floor(y)
    i, j = np.uint32(np.int32(fx)), np.uint32(np.int32(fy))
    right, up = np.uint32(i + ONE_U), np.uint32(j + ONE_U)
    u, v = x - np.float32(fx), y - np.float32(fy)
    u, v = u * u * (THREE - TWO * u), v * v * (THREE - TWO * v)
    low = lattice(i, j, layer) * (ONE - u) + lattice(right, j, layer) * u
    high = lattice(i, up, layer) * (ONE - u) + lattice(right, up, layer) * u
    return low * (ONE - v) + high * v


@kernel
def sky_radiance(t, ground, dx, dy, dz):
    """Radiance in direction d of the sky (Sky.table t, bilinear) or of the far ground (Sky.ground)."""
    if dz <= ZERO:
        return ground[0], ground[1], ground[2]
    row = math.sqrt(arc(dz, math.sqrt(dx * dx + dy * dy)) * (TWO * INV_PI)) * np.float32(t.shape[0] - 1)
    column = (arc(dy, dx) * INV_TWO_PI + ONE) * np.float32(t.shape[1]) - HALF
    return sky_between(t, row, column)


@kernel(inline=True)
def sky_between(t, row, column):
    """Radiance at a place in Sky.table t, bilinear; columns are half to one and a half times their number."""
    rows, columns = t.shape[0], t.shape[1]
    r0, c0 = np.int32(row), np.int32(column)
    v, u = row - np.float32(r0), column - np.float32(c0)
    r1 = min(r0 + 1, rows - 1)
    c1 = c0 + 1  # c0 lies between half and one and a half of all columns
    c0, c1 = c0 - columns if c0 >= columns else c0, c1 - columns if c1 >= columns else c1
    w00, w01, w10, w11 = (ONE - v) * (ONE - u), (ONE - v) * u, v * (ONE - u), v * u
    return (
        t[r0, c0, 0] * w00 + t[r0, c1, 0] * w01 + t[r1, c0, 0] * w10 + t[r1, c1, 0] * w11,
        t[r0, c0, 1] * w00 + t[r0, c1, 1] * w01 + t[r1, c0, 1] * w10 + t[r1, c1, 1] * w11,
        t[r0, c0, 2] * w00 + t[r0, c1, 2] * w01 + t[r1, c0, 2] * w10 + t[r1, c1, 2] * w11,
    )


@kernel
def sky_irradiance(h, x, y, z):
    """Irradiance of an unoccluded surface with unit normal (x, y, z); h is Sky.harmonics."""
    b1, b2, b3 = np.float32(0.488603) * y, np.float32(0.488603) * z, np.float32(0.488603) * x
    b4, b5 = np.float32(1.092548) * x * y, np.float32(1.092548) * y * z
    b6 = np.float32(0.315392) * (THREE * z * z - ONE)
    b7, b8 = np.float32(1.092548) * x * z, np.float32(0.546274) * (x * x - y * y)
    b0 = np.float32(0.282095)
    r = b0 * h[0, 0] + b1 * h[1, 0] + b2 * h[2, 0] + b3 * h[3, 0] + b4 * h[4, 0]
    r += b5 * h[5, 0] + b6 * h[6, 0] + b7 * h[7, 0] + b8 * h[8, 0]
    g = b0 * h[0, 1] + b1 * h[1, 1] + b2 * h[2, 1] + b3 * h[3, 1] + b4 * h[4, 1]
    g += b5 * h[5, 1] + b6 * h[6, 1] + b7 * h[7, 1] + b8 * h[8, 1]
    b = b0 * h[0, 2] + b1 * h[1, 2] + b2 * h[2, 2] + b3 * h[3, 2] + b4 * h[4, 2]
    b += b5 * h[5, 2] + b6 * h[6, 2] + b7 * h[7, 2] + b8 * h[8, 2]
    return max(r, ZERO), max(g, ZERO), max(b, ZERO)


@kernel
def airlight(t, dx, dy):
    """Radiance that distant air has in the direction of azimuth (dx, dy); t is Sky.airlight."""
    count = t.shape[0]
    place = (arc(dy, dx) * INV_TWO_PI + ONE) * np.float32(count) - HALF
    i = np.int32(place)
    u = place - np.float32(i)
    a, b = i % count, (i + 1) % count
    return (
        t[a, 0] + u * (t[b, 0] - t[a, 0]),
        t[a, 1] + u * (t[b, 1] - t[a, 1]),
        t[a, 2] + u * (t[b, 2] - t[a, 2]),
    )
