"""The air between things: what comes through it where it thins with height, and where its drops scatter light to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.sensors.shading.vector import ONE, PI, TWO
from simulator.sensors.stage import SEEN

if TYPE_CHECKING:
    from simulator.sensors.sky import Sky
    from simulator.sensors.stage import Stage

# Scattering by fog drops, per steradian, whose integral over the sphere is 1: diffraction and what passes nearly
# straight (Henyey and Greenstein), refraction (von Mises and Fisher), and what is reflected within (Henyey and
# Greenstein again). Fitted to Mie's theory at 550 nm, the mean of two fogs of E. Shettle and R. Fenn (AFGL-TR-79-0214,
# 1979), heavy radiation fog and moderate advection fog; the mean cosine is 0.866.
DIFFRACTED, DIFFRACTED_G = np.float32(0.521), np.float32(0.9912)
REFRACTED, REFRACTED_K = np.float32(0.442), np.float32(6.23)
REFLECTED, REFLECTED_G = np.float32(0.037), np.float32(-0.564)
# Light that the air scatters along a ray is gathered in slices, each longer than the one before by a constant factor.
SLICES = 48
NEAR_M, FAR_M = np.float32(0.8), np.float32(120.0)
GROWTH = np.float32((120.0 / 0.8) ** (1 / SLICES))
LOG_GROWTH = np.float32(math.log(120.0 / 0.8) / SLICES)
EYE_ABOVE_M = 30.0  # how far below the eye ground is looked for
LEAST_RISE = np.float32(0.02)  # of a way in scale heights, below which the air along it is as good as even
DEEPEST = np.float32(-1.5)  # scale heights below the eye, from which on down fog grows no denser


def air_at(stage: Stage, sky: Sky, eye: NDArray[np.float64]) -> NDArray[np.float32]:
    """(2,) extinction in 1/m at an `eye` (3,), local frame (`Sky.extinction`), and 1 / scale height in 1/m."""
    thinning = stage.atmosphere.thinning_1_m
    return np.array([sky.extinction[0] * fog_left_at(stage, eye), thinning], np.float32)


def fog_left_at(stage: Stage, eye: NDArray[np.float64]) -> float:
    """Extinction at an `eye` (3,), local frame, in parts of that on the ground below it."""
    thinning = stage.atmosphere.thinning_1_m
    if thinning <= 0:
        return 1.0
    down = np.array([[0.0, 0.0, -1.0]], np.float32)
    hit = stage.rays.closest_hit(eye[None].astype(np.float32), down, t_max=EYE_ABOVE_M, mask=SEEN, threads=1)
    return math.exp(-thinning * float(hit.t[0])) if hit.part[0] >= 0 else 1.0


@kernel
def depth_to(air, length, rise):
    """Optical depth of a way of so many metres that ends `rise` metres above its start, the eye's height.

    Extinction falls exponentially with height, so that its mean along a straight way is closed.

    Args:
        air: (2,) of `air_at`, of the height where the way starts.
    """
    climbed = max(rise * air[1], DEEPEST)
    if abs(climbed) < LEAST_RISE:
        return air[0] * length * (ONE - np.float32(0.5) * climbed)
    return air[0] * length * (ONE - math.exp(-climbed)) / climbed


@kernel(inline=True)
def passes(air, length, rise):
    """Share of light that a way leaves: see `depth_to`."""
    return math.exp(-depth_to(air, length, rise))


@kernel(inline=True)
def lobe(g, cosine):
    """Scattered light per steradian of a mean cosine g (L. Henyey and J. Greenstein, Astrophys. J. 93, 1941)."""
    d = ONE + g * g - TWO * g * cosine
    return (ONE - g * g) / (np.float32(4.0) * PI * d * math.sqrt(d))


@kernel
def fog_phase(cosine):
    """Light that fog drops scatter, per steradian, by the cosine of the angle to the old direction."""
    return DIFFRACTED * lobe(DIFFRACTED_G, cosine) + wide_phase(cosine)


@kernel
def wide_phase(cosine):
    """`fog_phase` without what is diffracted."""
    norm = REFRACTED_K / (TWO * PI * (ONE - math.exp(-TWO * REFRACTED_K)))
    return REFRACTED * norm * math.exp(REFRACTED_K * (cosine - ONE)) + REFLECTED * lobe(REFLECTED_G, cosine)


@kernel(inline=True)
def way_of(table, rotation, y, x):
    """Unit way through a pixel in the local frame, and metres along it per metre of depth."""
    a, b, c = table[y, x, 0], table[y, x, 1], table[y, x, 2]
    length = math.sqrt(a * a + b * b + c * c)
    scale = ONE / length
    dx = (rotation[0, 0] * a + rotation[0, 1] * b + rotation[0, 2] * c) * scale
    dy = (rotation[1, 0] * a + rotation[1, 1] * b + rotation[1, 2] * c) * scale
    dz = (rotation[2, 0] * a + rotation[2, 1] * b + rotation[2, 2] * c) * scale
    return dx, dy, dz, length / c
