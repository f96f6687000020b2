"""Rain on the glass before the lens: drops between two strokes of the wiper, out of focus, each a small lens itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.numerics.rng import generator
from simulator.sensors.shading.vector import HALF, INV_PI, ONE, TWO, ZERO, clamp01

if TYPE_CHECKING:
    from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

# Cycles a minute by rain rate. Wipers must have one rate of 10 to 55 and another of 45 or more, at least 15 above it
# (Regulation (EU) No 1008/2010, annex III); in drizzle a driver lets them wipe now and then.
STROKE_S = 60.0 / 45.0  # there and back at the slower rate; between strokes that are rarer the blade rests
CYCLES_PER_MIN = ((0.0, 8.0), (1.0, 20.0), (4.0, 45.0), (12.0, 62.0))
RAKE_RAD = math.radians(32.0)  # of the windscreen over the horizontal
CAUGHT = 0.6  # of the drops in the way; the air carries the others over the roof
SPREADING = 1.9  # diameter of a drop on glass over that in the air: it lies flat, at a contact angle of 35 deg
LEAST_MM, MOST_MM = 0.4, 4.0  # smaller drops blur to nothing, larger ones run off
MOST_DROPS = 600
LEFT_BY_BLADE = 0.06  # of the drops
BEND_RAD = (1.33 - 1.0) * math.radians(35.0)  # at a drop's rim: that of a thin prism
THROUGH = np.float32(0.9)  # of the light that falls on a drop
SHRINK = 8  # of the picture that drops show: what comes through them is blurred
BLADE_M, ARM_M = 0.011, 0.45  # width of the blade; from its pivot to what the camera looks through
SWEEP_RAD, PLACE = math.radians(95.0), 0.55  # of the blade; where in it the camera looks through
BLADE_DARKNESS = np.float32(0.97)


class Drops(NamedTuple):
    """Drops in a picture, blurred by the aperture.

    Attributes:
        place: (D, 2) float32 column and row.
        radius: (D,) float32 pixels of the sharp drop.
        blur: radius of the disc to which the aperture spreads a point of the glass, pixels.
        bend: how far off the light comes from that a drop's rim shows, pixels.
    """

    place: F32
    radius: F32
    blur: float
    bend: float


def cycles_per_min(rain_mm_h: float) -> float:
    """How often a driver lets the wiper go to and fro at a rain rate."""
    rates, cycles = np.array(CYCLES_PER_MIN).T
    return float(np.interp(rain_mm_h, rates, cycles))


def drops_per_m2_s(rain_mm_h: float, speed_mps: float) -> float:
    """Drops of `LEAST_MM` and more that stay on the glass, by Marshall and Palmer's (1948) sizes.

    The glass of a standing car catches what falls on its slope, that of a fast one mostly what stands in its way.
    """
    slope = size_slope_1_mm(rain_mm_h)
    per_m3 = 8000.0 / slope * math.exp(-slope * LEAST_MM)
    fall_mps = 9.65 - 10.3 * math.exp(-0.6 * (LEAST_MM + 1.0 / slope))  # Atlas et al., 1973
    return CAUGHT * per_m3 * (fall_mps * math.cos(RAKE_RAD) + speed_mps * math.sin(RAKE_RAD))


def size_slope_1_mm(rain_mm_h: float) -> float:
    """Slope of the exponential distribution of drop sizes."""
    return float(4.1 * rain_mm_h**-0.21)


def angle_of_blade(phase: float) -> float:
    """Angle from its resting place at a phase of the stroke (0..1), radians: a crank turns it; after that it rests."""
    return 0.0 if phase >= 1.0 else SWEEP_RAD * 0.5 * (1.0 - math.cos(2.0 * math.pi * phase))


# The phases of a stroke at which the blade passes the camera, there and back.
PASSES = (math.acos(1.0 - 2.0 * PLACE) / (2.0 * math.pi), 1.0 - math.acos(1.0 - 2.0 * PLACE) / (2.0 * math.pi))


def last_pass(cycles: float, stroke: float) -> tuple[int, float]:
    """Number of the last pass of the blade before the camera, and how many cycles ago it was.

    `stroke`: part of a cycle that a stroke takes.
    """
    whole, phase = math.floor(cycles), cycles % 1.0
    number = sum(phase >= p * stroke for p in PASSES)
    at = whole + PASSES[number - 1] * stroke if number else whole - 1 + PASSES[1] * stroke
    return 2 * whole + number, cycles - at


def drops_at(
    rain_mm_h: float,
    speed_mps: float,
    time_s: float,
    seed: int,
    size_px: tuple[int, int],
    focal_px: float,
    glass_m: float,
    aperture_m: float,
) -> tuple[Drops, float]:
    """Drops that a camera sees at a time, and the blade's angle off the middle of the view.

    Args:
        rain_mm_h, speed_mps: of rain and car.
        time_s: since the start of the drive. seed: of the drive; makes the drops and where the wiper is.
        size_px: columns and rows. focal_px: focal length.
        glass_m: distance of the glass from the lens. aperture_m: diameter of the entrance pupil.
    """
    period_s = 60.0 / cycles_per_min(rain_mm_h)
    cycles = time_s / period_s + generator(seed, "wiper").uniform()
    stroke = min(STROKE_S / period_s, 1.0)
    number, ago = last_pass(cycles, stroke)
    width, height = size_px
    blur, rate = 0.5 * aperture_m / glass_m * focal_px, drops_per_m2_s(rain_mm_h, speed_mps)
    margin = 2.0 * blur
    area_m2 = (width + 2 * margin) * (height + 2 * margin) * (glass_m / focal_px) ** 2
    there = (PASSES[1] - PASSES[0]) * stroke
    gap = max(there, 1.0 - there)  # cycles between two passes, at most
    places, radii = [], []
    for older in (0, 1):  # those since the last pass, and those that the blade left
        rng = generator(seed, "drops", number - older)
        expected = min(rate * area_m2 * gap * period_s, MOST_DROPS)
        count = int(rng.poisson(expected))
        born, spot = rng.uniform(0, gap, count), rng.uniform(size=(count, 2))
        mm = np.minimum(LEAST_MM + rng.exponential(1.0 / size_slope_1_mm(rain_mm_h), count), MOST_MM)
        kept = born < ago if older == 0 else rng.uniform(size=count) < LEFT_BY_BLADE
        places.append((spot * [width + 2 * margin, height + 2 * margin] - margin)[kept])
        radii.append(0.5 * SPREADING * mm[kept] / 1000 / glass_m * focal_px)
    off = angle_of_blade(cycles % 1.0 / stroke) - SWEEP_RAD * PLACE
    drops = Drops(np.concatenate(places).astype(np.float32), np.concatenate(radii).astype(np.float32), blur,
                  BEND_RAD * focal_px)  # fmt: skip
    return drops, off


@kernel(inline=True)
def shared_part(off, r, blur):
    """Part of a disc of radius `blur` that one of radius `r`, its middle `off` away, covers."""
    if off >= r + blur:
        return ZERO
    small = min(r, blur)
    if off <= max(r, blur) - small:
        return small * small / (blur * blur)
    a = math.acos(min(max((off * off + r * r - blur * blur) / (TWO * off * r), -ONE), ONE))
    b = math.acos(min(max((off * off + blur * blur - r * r) / (TWO * off * blur), -ONE), ONE))
    both = r * r * (a - math.sin(a) * math.cos(a)) + blur * blur * (b - math.sin(b) * math.cos(b))
    return both * INV_PI / (blur * blur)


@kernel
def draw_drops(start, stop, place, radius, blur, bend, small, radiance):
    """Let drops show, over rows `start:stop` of a picture, what they bend toward the eye.

    A pixel sees through the part of the aperture's disc on the glass that a drop covers; what comes from there is bent
    toward the drop's middle, so that the picture in it stands on its head.

    Args:
        start, stop: range of rows.
        place, radius, blur, bend: of Drops, float32.
        small: (h, w, 3) float32 the picture, blurred and shrunk. radiance: (H, W, 3) float32, changed.
    """
    height, width = radiance.shape[0], radiance.shape[1]
    rows, columns = small.shape[0], small.shape[1]
    for i in range(len(radius)):
        x0, y0, r = place[i, 0], place[i, 1], radius[i]
        reach = r + blur
        first, last = max(np.int32(math.ceil(y0 - reach)), start), min(np.int32(math.floor(y0 + reach)), stop - 1)
        left, right = max(np.int32(math.ceil(x0 - reach)), 0), min(np.int32(math.floor(x0 + reach)), width - 1)
        for y in range(first, last + 1):
            for x in range(left, right + 1):
                dx, dy = np.float32(x) - x0, np.float32(y) - y0
                off = math.sqrt(dx * dx + dy * dy)
                cover = shared_part(off, r, blur)
                if cover <= ZERO:
                    continue
                u = (np.float32(x) - bend * dx / reach + HALF) * np.float32(columns) / np.float32(width) - HALF
                v = (np.float32(y) - bend * dy / reach + HALF) * np.float32(rows) / np.float32(height) - HALF
                u, v = min(max(u, ZERO), np.float32(columns - 1)), min(max(v, ZERO), np.float32(rows - 1))
                c0, r0 = np.int32(u), np.int32(v)
                c1, r1 = min(c0 + 1, columns - 1), min(r0 + 1, rows - 1)
                fu, fv = u - np.float32(c0), v - np.float32(r0)
                for k in range(3):
                    high = small[r0, c0, k] * (ONE - fu) + small[r0, c1, k] * fu
                    low = small[r1, c0, k] * (ONE - fu) + small[r1, c1, k] * fu
                    shown = THROUGH * (high * (ONE - fv) + low * fv)
                    radiance[y, x, k] += cover * (shown - radiance[y, x, k])


@kernel
def draw_blade(start, stop, begin, end, half_width, blur, pivot, radiance):
    """Darken rows `start:stop` of a picture where the wiper's blade passes during the exposure.

    Args:
        start, stop: range of rows.
        begin, end: column of the blade's middle at the middle row, as the shutter opens and closes.
        half_width, blur: of the blade and of the aperture's disc, pixels. pivot: its row, far below.
        radiance: (H, W, 3) float32, changed.
    """
    height, width = radiance.shape[0], radiance.shape[1]
    middle = HALF * np.float32(height)
    soft = blur + HALF * abs(end - begin) + ONE
    most = min(half_width / soft, ONE)
    for y in range(start, stop):
        lean = (pivot - np.float32(y)) / (pivot - middle)
        at = HALF * np.float32(width) + (HALF * (begin + end) - HALF * np.float32(width)) * lean
        for x in range(width):
            off = abs(np.float32(x) - at)
            dark = most * clamp01((half_width + soft - off) / (soft + soft)) * BLADE_DARKNESS
            for k in range(3):
                radiance[y, x, k] *= ONE - dark


def rain_on_glass(
    radiance: F32, stage: Stage, focal_px: float, f_number: float, focal_m: float, glass_m: float, exposure_s: float
) -> F32:
    """Radiance (H, W, 3) as it is seen through a wet windscreen; unchanged where no rain falls.

    Args:
        radiance: (H, W, 3) float32. stage: at the time of the picture.
        focal_px, focal_m, f_number: of the lens. glass_m: distance of the windscreen from it, 0 for none.
        exposure_s: how long the shutter is open.
    """
    import cv2

    rain = stage.atmosphere.rain_mm_h
    if rain <= 0.0 or glass_m <= 0.0:
        return radiance
    height, width = radiance.shape[:2]
    state = stage.snapshot
    speed = float(np.linalg.norm(state.velocity[stage.ego]))
    time_s = state.time_ns * 1e-9
    seen = (rain, speed, time_s, stage.drive_seed, (width, height), focal_px, glass_m, focal_m / f_number)
    drops, angle = drops_at(*seen)
    small = cv2.resize(radiance, (max(width // SHRINK, 2), max(height // SHRINK, 2)), interpolation=cv2.INTER_AREA)
    small = np.asarray(cv2.GaussianBlur(small, (0, 0), max(0.25 * drops.bend / SHRINK, 0.5)), np.float32)
    out = radiance.copy()
    parallel_for(lambda a, b: draw_drops(a, b, drops.place, drops.radius, np.float32(drops.blur),
                                         np.float32(drops.bend), small, out),
                 height, chunk=32, threads=stage.threads)  # fmt: skip
    per_rad = ARM_M / glass_m * focal_px
    strokes = exposure_s / min(60.0 / cycles_per_min(rain), STROKE_S)
    turned = SWEEP_RAD * math.pi * math.sqrt(max(1.0 - (1.0 - 2.0 * PLACE) ** 2, 0.0)) * strokes
    middle, half = 0.5 * width + angle * per_rad, 0.5 * BLADE_M / glass_m * focal_px
    if abs(middle - 0.5 * width) < width + half + turned * per_rad:
        parallel_for(lambda a, b: draw_blade(a, b, np.float32(middle), np.float32(middle + turned * per_rad),
                                             np.float32(half), np.float32(drops.blur),
                                             np.float32(0.5 * height + per_rad), out),
                     height, chunk=32, threads=stage.threads)  # fmt: skip
    return out
