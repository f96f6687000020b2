"""Gaussian puffs on rays, eight rays at a time: how dense they are along them, for cameras and lidars alike."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_each_float
from simulator.numerics.simd import absolute, flip_where_negative, floor, minimum, splat, square_root, truncate
from simulator.sensors.plumes import EDDY_CELLS
from simulator.sensors.shading.eights import dot, left_after
from simulator.sensors.shading.vector import HALF, ONE

ROOT_HALF, ROOT_TWO_PI = np.float32(math.sqrt(0.5)), np.float32(math.sqrt(2.0 * math.pi))
ENDS = np.float32(3.0)  # the error function of it is 1, to 2e-5
ROW, LAYER = EDDY_CELLS + 1, (EDDY_CELLS + 1) ** 2  # numbers in a row, and a layer, of `plumes.wrapped_eddies`
PERIOD = np.float32(EDDY_CELLS)


class Passing(NamedTuple):
    """How eight rays pass a puff, f32x8 each.

    Attributes:
        nearest: parameter of a ray where it is nearest to the middle of the puff.
        x, y, z: that place, in deviations from the middle.
        off: square of how many deviations it is away.
        width: one over the density's deviation along the ray and root two: of the error functions.
    """

    nearest: Any
    x: Any
    y: Any
    z: Any
    off: Any
    width: Any


@kernel(inline=True)
def pass_puff(spread, i, ox, oy, oz, dx, dy, dz):
    """Passing of rays from o (f32x8 or float32, relative to the middle of puff i) along d (f32x8); spread: of Puffs."""
    flat, tall = ONE / spread[i, 0], ONE / spread[i, 1]
    ox, oy, oz = ox * flat, oy * flat, oz * tall
    qx, qy, qz = dx * flat, dy * flat, dz * tall
    square = dot(qx, qy, qz, qx, qy, qz)
    nearest = -(qx * ox + (qy * oy + qz * oz)) / square
    x, y, z = qx * nearest + ox, qy * nearest + oy, qz * nearest + oz
    return Passing(nearest, x, y, z, dot(x, y, z, x, y, z), square_root(square) * ROOT_HALF)


@kernel(inline=True)
def depth_of(peak, passing):
    """Optical depth of all of a puff, with extinction `peak` in its middle, per unit of the rays' parameter."""
    return left_after(passing.off * HALF) * (peak * ROOT_TWO_PI * ROOT_HALF) / passing.width


@kernel(inline=True)
def error_function(x):
    """The error function, lane by lane, to 5e-7 (M. Abramowitz and I. Stegun, Handbook of Mathematical Functions,
    1964, 7.1.26).
    """
    size = minimum(absolute(x), splat(np.float32(4.0)))
    t = ONE / (size * np.float32(0.3275911) + ONE)
    tail = t * np.float32(1.061405429) - np.float32(1.453152027)
    tail = t * (t * tail + np.float32(1.421413741)) - np.float32(0.284496736)
    tail = t * (t * tail + np.float32(0.254829592))
    return flip_where_negative(ONE - tail * left_after(size * size), x)


@kernel(inline=True)
def unevenness(spread, grain, phase, field, i, passing):
    """Factor by which eddies change the density of puff i where rays pass its middle, trilinear.

    Args:
        spread, grain, phase: of Puffs. field: pointer to `plumes.wrapped_eddies`.
    """
    flat, tall = grain[i, 1] * spread[i, 0], grain[i, 1] * spread[i, 1]
    x, y, z = passing.x * flat + phase[i, 0], passing.y * flat + phase[i, 1], passing.z * tall + phase[i, 2]
    fx, fy, fz = floor(x), floor(y), floor(z)
    u, v, w = x - fx, y - fy, z - fz
    fx, fy, fz = within_period(fx), within_period(fy), within_period(fz)
    at = truncate(fx * np.float32(LAYER) + (fy * np.float32(ROW) + fz))
    a, b = between(field, 0, at, w), between(field, ROW, at, w)
    c, d = between(field, LAYER, at, w), between(field, LAYER + ROW, at, w)
    a, c = a + v * (b - a), c + v * (d - c)
    return (a + u * (c - a) - ONE) * grain[i, 0] + ONE


@kernel(inline=True)
def within_period(cell):
    """Whole numbers, lane by lane, modulo the period of the eddies."""
    return cell - floor(cell * (ONE / PERIOD)) * PERIOD


@kernel(inline=True)
def between(field, first, at, share):
    """Between two neighbours of `field`, lane by lane."""
    near = load_each_float(field, first, at)
    return near + share * (load_each_float(field, first + 1, at) - near)
