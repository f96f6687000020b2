"""Luminous intensity patterns of lamps, relative to their peak."""

from __future__ import annotations

import math

import numpy as np

from simulator.numerics.jit import kernel
from simulator.scene.material import Beam
from simulator.sensors.shading.vector import INV_TWO_PI, ONE, ZERO, clamp01, step

ISOTROPIC, LAMBERT, SIGNAL, STREET = int(Beam.ISOTROPIC), int(Beam.LAMBERT), int(Beam.SIGNAL), int(Beam.STREET)
LOW_BEAM, HIGH_BEAM = int(Beam.LOW_BEAM), int(Beam.HIGH_BEAM)
DEGREES = np.float32(180 / np.pi)

# Low beam: with the peak of `actors.lamps` it meets the points of ECE R112 class B, right-hand traffic.
CUTOFF_DEG = np.float32(-0.57)  # 1 % down, left of the vertical
RISE = np.float32(0.268)  # tan 15 deg, to the right
HIGHEST_DEG = np.float32(0.6)
STRAY = np.float32(0.012)  # above the cut-off: lets signs be read, dazzles no one
# Integrals of narrow patterns over all directions, sr, and how far light strays from its old way where drops scatter it
# (von Mises and Fisher's concentration: that of refraction in `air`).
LOW_SR, HIGH_SR, SIGNAL_SR = np.float32(0.0361), np.float32(0.0221), np.float32(0.1774)
STRAYS = np.float32(6.23)


@kernel(inline=True)
def squared_exponential(x):
    """exp(-x^2)."""
    return math.exp(-x * x)


@kernel(inline=True)
def low_beam_across(right_deg):
    """The greatest of `low_beam` at angles to the right of its axis, but for stray light."""
    off = right_deg - ONE
    width = np.float32(7.0) if off > ZERO else np.float32(4.5)
    return np.float32(0.75) * squared_exponential(off / width) + np.float32(0.25) * squared_exponential(
        right_deg / np.float32(22.0)
    )


@kernel
def low_beam(right_deg, up_deg):
    """Relative intensity of a low beam at angles to the right of and above its axis (degrees, float32).

    A hot spot right of the middle, wide side light, and the asymmetric cut-off: level at -0.57 deg on the left, rising
    at 15 deg on the right.
    """
    cutoff = CUTOFF_DEG
    if right_deg > ZERO:
        cutoff = min(CUTOFF_DEG + RISE * right_deg, HIGHEST_DEG)
    below = cutoff - up_deg
    edge = step(np.float32(-0.25), np.float32(0.35), below)
    fade = math.exp(-max(below - np.float32(0.5), ZERO) / (np.float32(1.6) + np.float32(0.12) * max(below, ZERO)))
    return max(edge * fade * low_beam_across(right_deg), STRAY * squared_exponential(right_deg / np.float32(40.0)))


@kernel
def high_beam(right_deg, up_deg):
    """Relative intensity of a high beam: a narrow spot in wide light."""
    spot = squared_exponential(right_deg / np.float32(5.0)) * squared_exponential(up_deg / np.float32(2.2))
    wide = squared_exponential(right_deg / np.float32(20.0)) * squared_exponential(up_deg / np.float32(5.0))
    return np.float32(0.85) * spot + np.float32(0.15) * wide


@kernel
def street_lantern(cosine):
    """Relative intensity of a street lantern by the cosine to its axis: strongest at 63 deg, cut off before 84."""
    rise = clamp01((ONE - cosine) / np.float32(0.546))
    return (np.float32(0.35) + np.float32(0.65) * rise * rise) * step(np.float32(0.105), np.float32(0.454), cosine)


@kernel
def signal_lamp(right_deg, up_deg):
    """Relative intensity of a signal lamp at small angles beside and above its axis (degrees, float32).

    It lies a little above each value of the standard light distribution of UN R6 and R7, Annex 4 (which are minima),
    and falls to a few hundredths at the sides, where they ask for 0.05 cd (position) and 0.3 cd (stop, indicator).
    """
    across, along = right_deg / np.float32(8.8), up_deg / np.float32(6.9)
    side, tilt = right_deg / np.float32(40.0), up_deg / np.float32(60.0)
    across, height = across * across, abs(along)
    level = np.float32(0.85) / (ONE + across * across) + np.float32(0.15) / (ONE + side * side)
    return level * (np.float32(0.98) / (ONE + height * along * along) + np.float32(0.02) / (ONE + tilt * tilt))


@kernel
def greatest_aside(beam, right_deg):
    """No less than the relative intensity of a lamp of pattern `beam` so far aside of its level axis, at any height.

    `right_deg` is 0 ... 90 to either side, float32.
    """
    if beam == LAMBERT:
        return max(math.cos(right_deg / DEGREES), ZERO)
    if beam not in (LOW_BEAM, HIGH_BEAM, SIGNAL):
        return ONE
    if beam == SIGNAL:
        return signal_lamp(DEGREES * math.sin(right_deg / DEGREES), ZERO)
    tangent = DEGREES * math.tan(min(right_deg, np.float32(89.0)) / DEGREES)
    if beam == LOW_BEAM:
        right = low_beam_across(max(tangent, ONE))
        return max(right, low_beam_across(-tangent), STRAY * squared_exponential(tangent / np.float32(40.0)))
    return high_beam(tangent, ZERO)


@kernel
def beam_intensity(beam, ax, ay, az, dx, dy, dz):
    """Relative intensity of a lamp of pattern `beam` with unit axis a toward unit direction d (from the lamp)."""
    cosine = ax * dx + ay * dy + az * dz
    if beam == LAMBERT:
        return max(cosine, ZERO)
    if beam == STREET:
        return street_lantern(cosine)
    if beam in (LOW_BEAM, HIGH_BEAM, SIGNAL):
        if cosine < np.float32(0.05):
            return ZERO
        flat = max(math.sqrt(ax * ax + ay * ay), np.float32(1e-6))
        rx, ry = ay / flat, -ax / flat  # to the right of the axis, level
        ux, uy, uz = ry * az, -rx * az, rx * ay - ry * ax  # right x axis: up
        right, up = (dx * rx + dy * ry) * DEGREES, (dx * ux + dy * uy + dz * uz) * DEGREES
        if beam == SIGNAL:  # sines instead of angles: they stay bounded
            return signal_lamp(right, up) * clamp01((cosine - np.float32(0.05)) * np.float32(4.0))
        # tangents instead of angles: equal where the pattern has its detail
        right, up = right / cosine, up / cosine
        if beam == LOW_BEAM:
            return low_beam(right, up)
        return high_beam(right, up)
    return ONE


@kernel
def strayed_intensity(beam, level, cosine):
    """Relative intensity, by light that has been scattered before, in a direction in which `beam_intensity` is `level`.

    Of a narrow beam it knows the axis, to which the direction has this `cosine`, and the flux, but no cut-off any more.
    """
    if beam not in (LOW_BEAM, HIGH_BEAM, SIGNAL):
        return level
    flux = SIGNAL_SR if beam == SIGNAL else LOW_SR if beam == LOW_BEAM else HIGH_SR
    return flux * STRAYS * INV_TWO_PI * math.exp(STRAYS * (cosine - ONE))
