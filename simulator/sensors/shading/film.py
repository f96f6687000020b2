"""From linear light to an 8-bit picture: exposure, glare and vignetting of the lens, sensor noise, ISP."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.counter_rng import hash4
from simulator.numerics.jit import kernel
from simulator.numerics.memory import hold, load, load_triples, pointer, store_ints, store_triples
from simulator.numerics.parallel import parallel_for
from simulator.numerics.rng import generator
from simulator.numerics.simd import LANES, maximum, minimum, splat, square_root, truncate
from simulator.sensors.shading.vector import HALF, ONE, ZERO

F32 = NDArray[np.float32]

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
SATURATION = 1.2  # luminance that saturates, at EV100 0: 78 / (100 q), q = 0.65 (ISO 12232)
METER_STRIDE = 6
SKY_ROWS, SKY_WEIGHT = 0.35, 0.3  # the upper rows count less: cars meter the road
MIDDLE_WIDTH, SIDE_WEIGHT = 0.35, 0.3  # the middle columns count most: a bell over a floor, in shares of the width
# Highlights: the mean level of what lies between these shares of the brightest light (about its upper 2 %) has to lie
# between two parts of saturation. Fresh snow (albedo 0.85) so comes out at about 225 of 255, and sunlit white walls
# keep their texture. A band, for at a single share the passing dashes of a lane marking would count one moment and not
# the next.
HIGHLIGHTS, HIGHLIGHT_LEAST, HIGHLIGHT_MOST = (0.01, 0.04), 0.5, 1.1
SETTLING_S = 0.7  # time constant with which the exposure follows the light: nine tenths of a change in 1.6 s
NIGHT_STOPS, NIGHT_EV = 1.0, (2.0, 7.0)  # cameras keep night dark: so much below the target, all of it below the first
LIFT_STOPS, PROTECT_STOPS = 2.0, 0.4  # how far the highlights may pull the exposure up or down from the mean
CROSSTALK = np.float32(0.12)  # colour filters overlap: very bright coloured lights turn white
# Highlights that the sensor and the shoulder of the tone curve hold, in parts of saturation, and where the shoulder
# begins. What amplification does not use of the full well is room for highlights (sensors with two gains read both).
HEADROOM, HEADROOM_MOST = 1.25, 24.0
KNEE, KNEE_LEAST = 0.75, 0.45
MIDDLE_GREY, CONTRAST, CONTRAST_FADES = 0.18, 1.4, 3.0
# Raw values without light, for noise goes below, and at the headroom.
BLACK, RAW_MOST = np.float32(1024.0), np.float32(65_535.0)
SATURATED = np.float32(0.98)  # of the largest raw value: noise leaves nothing to tell beyond
TONE_GAIN = 1.02
# Haze and the lens's glare lift the shadows, and cameras pull them down again: what a hundredth of the picture lies
# below comes to this part of saturation, while the median stays (libcamera's `rpi.contrast`: lo_histogram, lo_level).
SHADOWS, SHADOW_LEVEL = 0.01, 0.015
CODES = 1 << 14  # steps of the tone curve's table
# Denoising, as cameras do: all over from the second ISO, not below the first. Neighbours whose brightness differs by
# more than so many deviations of the noise do not mix; a share of the grain stays.
DENOISE_ISO = (400.0, 3200.0)
DENOISE_DEVIATIONS, GRAIN = np.float32(4.0), np.float32(0.25)
REACH = 3  # pixels to each side
TURNS = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])
BYTE, TWO_BYTES, THREE_BYTES, BYTE_MASK = np.uint32(8), np.uint32(16), np.uint32(24), np.uint32(255)
# How far white balance goes, to the daylight or to what lamps light: under street lamps of 3000 K, which have 2.1 times
# as much red as green and a third as much blue, photographs from vehicles show greys with 1.1 to 1.3 and 0.55 to 0.85.
BALANCE = 0.8
# How far cameras misjudge the colour of daylight: deviations of blue over green, by their logarithms, along the locus
# of daylight (CIE 15: red then changes by -0.62 of it, 5000 K to 10,000 K), and of red and blue together across it,
# toward magenta or green, from which automatic white balances keep away (libcamera's `rpi.awb` permits 0.01,
# `transverse_pos`). In all 2 degrees between the two colours. From a picture alone good estimates err by 1.8 degrees in
# the mean, simple ones by 4 to 6 (J. T. Barron and Y.-T. Tsai, "Fast Fourier Color Constancy", 2017). Cloud and fog in
# real pictures from vehicles have a saturation of 5 to 10 of 255 in the median, of 18 to 30 at the 90th percentile.
MISJUDGED, LOCUS_RED, MISJUDGED_ACROSS, MISJUDGED_MOST = 0.06, -0.62, 0.005, 2.0
# Daylight sets the balance the more, the more of it there is, between two illuminances (street lamps burn in the lower
# half), unless the picture is brighter than it can make it (1/sr): streets are 0.03 of it, snow a tenth, tunnels more
# than all that comes in.
DAYLIGHT_LX, LAMPLIT = (5.0, 300.0), (0.7, 3.0)
# Linear red and blue over green of what may be grey under white lamps, from 2500 K to 8000 K (black bodies in sRGB);
# redder and bluer light is taken for coloured lamps.
WHITE_RED, WHITE_BLUE = (0.85, 2.7), (0.17, 1.35)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the camera's automatic exposure chose.

    Attributes:
        white_cd_m2: luminance that saturates.
        time_s: exposure time.
        iso: sensitivity.
        balance: (3,) white-balance gains.
        shadow: part of saturation that becomes `SHADOW_LEVEL`.
        middle: that which stays: the median.
    """

    white_cd_m2: float
    time_s: float
    iso: float
    balance: tuple[float, float, float]
    shadow: float = SHADOW_LEVEL
    middle: float = 1.0

    @property
    def ev100(self) -> float:
        """Exposure value at ISO 100."""
        return math.log2(self.white_cd_m2 / SATURATION)

    @property
    def headroom(self) -> float:
        """Highlights that are kept, in parts of saturation."""
        return min(HEADROOM * self.iso / 100.0, HEADROOM_MOST)

    @property
    def top(self) -> float:
        """Highlights that are left when the weakest channel after white balance is full."""
        return self.headroom * min(self.balance)


def meter(
    radiance: F32,
    daylight_rgb: F32,
    target: float,
    f_number: float,
    time_max_s: float,
    iso_max: float,
    shift_most: float = 0.0,
) -> Exposure:
    """Exposure within what lens and sensor can do: centre-weighted mean, corrected by the highlights.

    The logarithmic mean of the luminance, the road counting more than the sky and the middle more than the sides, is
    brought to `target`. If then the highlights (the brightest few percent) burn out, or stay grey as those of snow and
    fog, the exposure moves toward them.

    Args:
        radiance: (H, W, 3) cd/m2.
        daylight_rgb: (3,) horizontal illuminance by sun and sky where the camera is, by channel.
        target: sRGB code 0..1 of the mean.
        f_number, time_max_s, iso_max: limits; darker scenes stay dark.
        shift_most: by how much shadows may be pulled down, in parts of saturation.
    """
    small = radiance[METER_STRIDE // 2 :: METER_STRIDE, METER_STRIDE // 2 :: METER_STRIDE].astype(np.float64)
    weight = _weights(*small.shape[:2])
    luminance = np.maximum(small @ LUMINANCE, 1e-9)
    stops = np.log2(luminance)
    mean = float(np.sum(weight * stops)) - math.log2(linear_of(target))
    night = (NIGHT_EV[1] - (mean - math.log2(SATURATION))) / (NIGHT_EV[1] - NIGHT_EV[0])
    mean += NIGHT_STOPS * min(max(night, 0.0), 1.0)
    highlight = _highlight(stops, weight)
    darkest = math.log2(SATURATION * f_number**2 / time_max_s * 100 / iso_max)
    white = max(mean, darkest)
    white = max(white, min(highlight - math.log2(HIGHLIGHT_MOST), white + PROTECT_STOPS))
    white = min(white, max(highlight - math.log2(HIGHLIGHT_LEAST), mean - LIFT_STOPS))
    saturating = 2.0 ** max(white, darkest)
    daylight_lx = max(float(daylight_rgb[1]), 1e-9)
    level = 2.0 ** float(np.sum(weight * stops)) / daylight_lx
    daylit = _risen(daylight_lx, *DAYLIGHT_LX) * (1 - _risen(level, *LAMPLIT))
    gains = np.ones(3)
    if daylit > 0:
        light = np.maximum(daylight_rgb.astype(np.float64), 1e-9)
        gains *= np.clip((light[1] / light) ** BALANCE, 0.5, 2.0) ** daylit
    if daylit < 1:
        gains *= lamp_balance(small, weight * (luminance < saturating)) ** (1 - daylit)
    shadow, middle = np.quantile(luminance, (SHADOWS, 0.5)).tolist()
    shadow = max(min(shadow / saturating, SHADOW_LEVEL + shift_most), SHADOW_LEVEL)
    return _exposure(saturating, gains.tolist(), shadow, middle / saturating, f_number, time_max_s)


def misjudged(drive_seed: int) -> F32:
    """(3,) what cameras take the daylight of a drive for, in parts of what it is, by channel."""
    warmth, tint = generator(drive_seed, "white balance").normal(size=2).clip(-MISJUDGED_MOST, MISJUDGED_MOST)
    along, across = MISJUDGED * warmth, MISJUDGED_ACROSS * tint
    return np.exp([LOCUS_RED * along + across, 0.0, along + across]).astype(np.float32)


def _risen(value: float, low: float, high: float) -> float:
    """Where a positive value lies between two others by its logarithm, from 0 to 1."""
    return min(max(math.log(max(value, low) / low) / math.log(high / low), 0.0), 1.0)


@lru_cache
def _weights(rows: int, columns: int) -> NDArray[np.float64]:
    """(rows, columns) what parts of the picture count for the exposure, 1 in all; not to be modified."""
    down = np.where(np.arange(rows) < SKY_ROWS * rows, SKY_WEIGHT, 1.0)
    aside = ((np.arange(columns) + 0.5) / columns - 0.5) / MIDDLE_WIDTH
    across = SIDE_WEIGHT + (1 - SIDE_WEIGHT) * np.exp(-(aside**2))
    weight = down[:, None] * across
    return np.asarray(weight / weight.sum())


def _highlight(stops: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Mean of the (H, W) stops that lie within `HIGHLIGHTS`, shares of the weight (H, W; 1 in all) from the top."""
    stops, weight = stops.ravel(), weight.ravel()
    low, high = HIGHLIGHTS
    bright = np.argpartition(-stops, len(stops) // 8)[: len(stops) // 8]  # to sort all would take the longest
    if weight[bright].sum() <= high:
        bright = np.arange(len(stops))
    bright = bright[np.argsort(-stops[bright], kind="stable")]
    stops, weight = stops[bright], weight[bright]
    above = np.cumsum(weight)
    part = np.maximum(np.minimum(above, high) - np.maximum(above - weight, low), 0.0)
    return float(np.sum(part * stops) / part.sum())


def settled(before: Exposure, metered: Exposure, passed_s: float, f_number: float, time_max_s: float) -> Exposure:
    """The exposure some time after `before`, on its way to the metered one.

    Automatic exposures follow the light with a delay, so that they do not flicker with what passes by.

    Args:
        before: the exposure then. metered: what the light of now calls for.
        passed_s: since then. f_number, time_max_s: of `meter`.
    """
    share = 1.0 - math.exp(-passed_s / SETTLING_S)
    each = ((e.white_cd_m2, e.shadow, e.middle, *e.balance) for e in (before, metered))
    white, shadow, middle, *balance = [old * (new / old) ** share for old, new in zip(*each, strict=True)]
    return _exposure(white, balance, shadow, middle, f_number, time_max_s)


def _exposure(
    white_cd_m2: float, balance: Sequence[float], shadow: float, middle: float, f_number: float, time_max_s: float
) -> Exposure:
    """Time and sensitivity at which a luminance saturates: as long as the time allows, then more ISO."""
    light = white_cd_m2 / SATURATION
    time = min(f_number**2 / light, time_max_s)
    red, green, blue = (float(gain) for gain in balance)
    iso = max(100.0 * f_number**2 / time / light, 100.0)
    return Exposure(white_cd_m2, time, iso, (red, green, blue), shadow, middle)


def lamp_balance(rgb: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3,) white-balance gains for a night scene: part of the way from its light's colour temperature to white.

    Only what could be grey under a white lamp counts, so that tail lamps do not turn the road green.

    Args:
        rgb: (H, W, 3) linear light.
        weight: (H, W) of the pixels; zero where the sensor saturates.
    """
    green = np.maximum(rgb[..., 1], 1e-12)
    red, blue = rgb[..., 0] / green, rgb[..., 2] / green
    whitish = (red > WHITE_RED[0]) & (red < WHITE_RED[1]) & (blue > WHITE_BLUE[0]) & (blue < WHITE_BLUE[1])
    mean = (rgb * (weight * whitish)[..., None]).sum((0, 1))
    if mean.min() <= 0.0:
        return np.ones(3)
    return np.asarray(np.clip((mean[1] / mean) ** BALANCE, 0.6, 1.8))


def linear_of(code: float) -> float:
    """Linear light 0..1 of an sRGB code 0..1 (IEC 61966-2-1)."""
    return code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4


def tone_curve(
    x: NDArray[np.float64], headroom: float = HEADROOM, shadow: float = SHADOW_LEVEL, middle: float = 1.0
) -> NDArray[np.uint8]:
    """sRGB codes of linear values, 1 at saturation.

    First shadows are pulled down: the value `shadow` to `SHADOW_LEVEL`, those above it up to `middle` the less.

    Cameras show outdoor scenes with more contrast than they have, since screens are dim (R. W. G. Hunt, "The
    Reproduction of Colour": system gammas of 1.2 to 1.5): a power about middle grey up to a knee, then a logarithm that
    ends at `headroom`. By night, when the headroom is large, they leave the contrast as it is and compress highlights.
    """
    if SHADOW_LEVEL < shadow < middle:
        x = np.where(x < middle, np.interp(x, (0.0, shadow, middle), (0.0, SHADOW_LEVEL, middle)), x)
    night = math.log(max(headroom / HEADROOM, 1.0)) / math.log(HEADROOM_MOST / HEADROOM)
    knee = KNEE + (KNEE_LEAST - KNEE) * night
    contrast = CONTRAST + (1.0 - CONTRAST) * min(CONTRAST_FADES * night, 1.0)
    y = MIDDLE_GREY * (np.maximum(x, 0.0) / MIDDLE_GREY) ** contrast
    top = MIDDLE_GREY * (headroom / MIDDLE_GREY) ** contrast
    if top > 1.0:
        bend = _bend((top - knee) / (1 - knee))
        place = np.clip((y - knee) / (top - knee), 0.0, 1.0)
        y = np.where(y > knee, knee + (1 - knee) * np.log1p(bend * place) / math.log1p(bend), y)
    y = np.clip(y * TONE_GAIN, 0.0, 1.0)
    coded = np.where(y <= 0.0031308, 12.92 * y, 1.055 * np.maximum(y, 1e-9) ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * coded), np.uint8)


@lru_cache(maxsize=16)
def _codes(headroom: float, shadow: float, middle: float) -> NDArray[np.uint8]:
    """(CODES,) `tone_curve` from 0 to the headroom: by clear daylight the same for picture after picture."""
    return tone_curve(np.linspace(0.0, headroom, CODES), headroom, shadow, middle)


def _bend(steepness: float) -> float:
    """The b of log(1 + b u) / log(1 + b) whose slope at u = 0 is `steepness` (> 1)."""
    bend = steepness
    for _ in range(50):
        bend = steepness * math.log1p(bend)
    return bend


@kernel(inline=True)
def gaussian(bits):
    """Nearly normal number from 32 random bits: the sum of four bytes, cut at 3.45 deviations."""
    total = np.int32(bits & BYTE_MASK) + np.int32((bits >> BYTE) & BYTE_MASK)
    total += np.int32((bits >> TWO_BYTES) & BYTE_MASK) + np.int32(bits >> THREE_BYTES)
    return np.float32(total - 510) * np.float32(1 / 147.8)


@kernel
def expose(start, stop, light, edge, settings, seed, raw):
    """Expose rows `start:stop` of the sensor under its colour filters (Bayer's RGGB); noise as in EMVA 1288.

    Args:
        start, stop: range of rows.
        light: (H, W, 3) float32. edge: (H, W) float32 share of it that the lens lets through to here.
        settings: (9,) float32 of `film_settings`.
        seed: uint32.
        raw: (H, W) uint16 result, `BLACK` without light and `RAW_MOST` at the headroom.
    """
    scale, electrons, dark, headroom = settings[0], settings[1], settings[2], settings[6]
    step = (RAW_MOST - BLACK) / headroom
    for y in range(start, stop):
        for x in range(light.shape[1]):
            red, green, blue = light[y, x, 0], light[y, x, 1], light[y, x, 2]
            own = light[y, x, (y & 1) + (x & 1)]
            grey = (red + green + blue) / np.float32(3.0)
            bits, _, _, _ = hash4(seed, np.uint32(y), np.uint32(x), np.uint32(9))
            e = max((own + CROSSTALK * (grey - own)) * scale * edge[y, x] * electrons, ZERO)
            e += gaussian(bits) * math.sqrt(e + dark * dark)
            raw[y, x] = np.uint16(max(min(e / electrons, headroom) * step + BLACK, ZERO) + HALF)


@kernel
def expose_colours(start, stop, light, edge, settings, seed, signal):
    """Expose rows `start:stop` of a sensor that sees all three colours in each pixel: `expose` and `separate` in one.

    Args:
        start, stop: range of rows.
        light, edge, settings, seed: those of `expose`; eight pixels wide at least.
        signal: (H, W, 3) float32 result, that of `separate`.
    """
    scale, electrons, dark, headroom = settings[0], settings[1], settings[2], settings[6]
    most = splat(headroom * min(settings[3], min(settings[4], settings[5])))
    third, rest, width = CROSSTALK / np.float32(3.0), ONE - CROSSTALK, light.shape[1]
    noise = np.empty((3, width), np.float32)
    lights, shares, noises, signals = pointer(light), pointer(edge), pointer(noise), pointer(signal)
    for y in range(start, stop):
        for x in range(width):
            red_bits, green_bits, blue_bits, _ = hash4(seed, np.uint32(y), np.uint32(x), np.uint32(9))
            noise[0, x], noise[1, x], noise[2, x] = gaussian(red_bits), gaussian(green_bits), gaussian(blue_bits)
        for column in range(0, width, LANES):
            x = min(column, width - LANES)  # the last eight may do some pixels once more
            red, green, blue = load_triples(lights, 3 * (y * width + x))
            share = load(shares, y * width + x) * scale
            red, green, blue = red * share, green * share, blue * share
            grey = (red + green + blue) * third
            red = counted(red * rest + grey, load(noises, x), electrons, dark, headroom)
            green = counted(green * rest + grey, load(noises, width + x), electrons, dark, headroom)
            blue = counted(blue * rest + grey, load(noises, 2 * width + x), electrons, dark, headroom)
            grey = (red + green + blue) * third
            red, green, blue = red - grey, green - grey, blue - grey
            red, green = red * (settings[3] / rest), green * (settings[4] / rest)
            blue = blue * (settings[5] / rest)
            store_triples(signals, 3 * (y * width + x), minimum(red, most), minimum(green, most), minimum(blue, most))
    hold(noise)


@kernel(inline=True)
def counted(light, noise, electrons, dark, headroom):
    """What pixels say of light, 1 at saturation, lane by lane, with noise in deviations."""
    e = maximum(light * electrons, splat(ZERO))
    return minimum((e + noise * square_root(e + dark * dark)) * (ONE / electrons), splat(headroom))


def demosaic(raw: NDArray[np.uint16]) -> F32:
    """(H, W, 3) raw values of all colours from those (H, W) that each pixel has under its filter (Bayer's RGGB).

    Green is interpolated along lines and edges rather than across, corrected by how the pixel's own colour bends there,
    then red and blue by their differences from green (J. Hamilton and J. Adams, US patent 5,629,734, 1997; the two
    directions are weighed here): greys stay grey at thin lines, such as far lane markings. Beside what saturates, which
    bends at no measurable rate, nothing goes beyond what neighbours have seen: lamps at night have no black outlines.
    """
    import cv2

    own, edge = raw.astype(np.float32), cv2.BORDER_REFLECT_101
    middle = np.array([[-0.25, 0.5, 0.5, 0.5, -0.25]], np.float32)
    slope, bend = np.array([[-1.0, 0.0, 1.0]], np.float32), np.array([[-1.0, 0.0, 2.0, 0.0, -1.0]], np.float32)

    def filtered(kernel: F32) -> F32:
        """The mosaic under a filter."""
        return np.asarray(cv2.filter2D(own, -1, kernel, borderType=edge), np.float32)

    across, down = (np.square(np.abs(filtered(a)) + np.abs(filtered(b))) for a, b in ((slope, bend), (slope.T, bend.T)))
    level = filtered(middle.T)
    green = level + down / np.maximum(across + down, np.float32(1.0)) * (filtered(middle) - level)
    for y, x in ((0, 1), (1, 0)):
        green[y::2, x::2] = own[y::2, x::2]
    out = np.repeat(green[..., None], 3, axis=2)
    half = np.array([0.5, 1.0, 0.5], np.float32)
    for colour, first in ((0, 0), (2, 1)):
        difference = np.zeros_like(own)
        difference[first::2, first::2] = (own - green)[first::2, first::2]
        out[..., colour] += cv2.sepFilter2D(difference, -1, half, half, borderType=edge)
    saturated = own >= SATURATED * RAW_MOST
    if saturated.any():
        near = cv2.dilate(saturated.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        for colour, places in enumerate((((0, 0),), ((0, 1), (1, 0)), ((1, 1),))):
            least, most = np.full_like(own, np.inf), np.full_like(own, -np.inf)
            for y, x in places:
                least[y::2, x::2] = most[y::2, x::2] = own[y::2, x::2]
            about = np.ones((3, 3), np.uint8)
            bounded = np.clip(out[..., colour], cv2.erode(least, about), cv2.dilate(most, about))
            out[..., colour] = np.where(near, bounded, out[..., colour])
    return out


@kernel
def separate(start, stop, mixed, settings, signal):
    """Take the colours of rows `start:stop` apart and balance them; what saturates is white.

    Args:
        start, stop: range of rows.
        mixed: (H, W, 3) float32 raw values of `demosaic`.
        settings: (9,) float32 of `film_settings`.
        signal: (H, W, 3) float32 result, 1 at saturation, below 0 where noise is.
    """
    step = settings[6] / (RAW_MOST - BLACK)
    most = settings[6] * min(settings[3], min(settings[4], settings[5]))
    for y in range(start, stop):
        for x in range(mixed.shape[1]):
            r, g, b = (mixed[y, x, 0] - BLACK) * step, (mixed[y, x, 1] - BLACK) * step, (mixed[y, x, 2] - BLACK) * step
            grey = CROSSTALK * (r + g + b) / np.float32(3.0)
            signal[y, x, 0] = min((r - grey) / (ONE - CROSSTALK) * settings[3], most)
            signal[y, x, 1] = min((g - grey) / (ONE - CROSSTALK) * settings[4], most)
            signal[y, x, 2] = min((b - grey) / (ONE - CROSSTALK) * settings[5], most)


@kernel
def denoise(start, stop, signal, settings, clean):
    """Denoise rows `start:stop` of a signal, in brightness within edges and in colour.

    Args:
        start, stop: range of rows.
        signal: (H, W, 3) float32 of `separate`. settings: (9,) float32 of `film_settings`.
        clean: (H, W, 3) float32 result.
    """
    electrons, dark, strength = settings[1], settings[2], settings[7]
    height, width = signal.shape[0], signal.shape[1]
    for y in range(start, stop):
        for x in range(width):
            red, green, blue = signal[y, x, 0], signal[y, x, 1], signal[y, x, 2]
            bright = (red + green + blue) / np.float32(3.0)
            level = bright  # with its four neighbours, or else single pixels that noise has taken far off would stay
            for turn in range(4):
                v = min(max(y + TURNS[turn, 0], 0), height - 1)
                u = min(max(x + TURNS[turn, 1], 0), width - 1)
                level += (signal[v, u, 0] + signal[v, u, 1] + signal[v, u, 2]) / np.float32(3.0)
            level /= np.float32(5.0)
            variance = (max(level, ZERO) * electrons + dark * dark) / (np.float32(3.0) * electrons * electrons)
            most = ONE / (DENOISE_DEVIATIONS * DENOISE_DEVIATIONS * variance)
            r, g, b, total = red, green, blue, ONE
            for v in range(max(y - REACH, 0), min(y + REACH + 1, height)):
                for u in range(max(x - REACH, 0), min(x + REACH + 1, width)):
                    other = (signal[v, u, 0] + signal[v, u, 1] + signal[v, u, 2]) / np.float32(3.0)
                    w = max(ONE - (other - level) * (other - level) * most, ZERO)
                    w *= w
                    r, g, b = r + w * signal[v, u, 0], g + w * signal[v, u, 1], b + w * signal[v, u, 2]
                    total += w
            r, g, b = r / total, g / total, b / total
            # where there is hardly more light than noise there is no telling its colour
            square, grey = max(level, ZERO) * max(level, ZERO), (r + g + b) / np.float32(3.0)
            keep = ONE - strength * variance / (square + variance)
            r, g, b = grey + keep * (r - grey), grey + keep * (g - grey), grey + keep * (b - grey)
            grain = GRAIN * (bright - (r + g + b) / np.float32(3.0))
            clean[y, x, 0] = red + strength * (r + grain - red)
            clean[y, x, 1] = green + strength * (g + grain - green)
            clean[y, x, 2] = blue + strength * (b + grain - blue)


@kernel
def encode(start, stop, signal, step, codes, rgb):
    """Code rows `start:stop` of a signal to 8 bits.

    Args:
        start, stop: range of rows, of eight numbers at least.
        signal: (H, W, 3) float32. step: of the codes, one over which it is in units of the signal.
        codes: (CODES,) uint8 tone curve from 0 to the headroom. rgb: (H, W, 3) uint8 result.
    """
    last, none, numbers = splat(np.float32(len(codes) - 1)), splat(ZERO), np.empty(LANES, np.int32)
    values, out, few = pointer(signal), pointer(rgb), pointer(numbers)
    row = signal.shape[1] * 3
    for first in range(start * row, stop * row, LANES):
        place = min(first, stop * row - LANES)  # the last eight may be coded once more
        code = minimum(maximum(load(values, place), none) * step + HALF, last)
        store_ints(few, 0, truncate(code))
        for lane in range(LANES):
            out[place + lane] = codes[numbers[lane]]
    hold(numbers)


def film_settings(exposure: Exposure, full_well_e: float, dark_noise_e: float) -> F32:
    """(9,) what `expose`, `separate` and `develop` go by.

    1 / saturating luminance; electrons at saturation, a part of the full well only, so that noise grows with ISO; dark
    noise in electrons; white-balance gains; headroom; strength of denoising; headroom after white balance.
    """
    electrons = full_well_e * 100.0 / exposure.iso
    low, high = (math.log(iso) for iso in DENOISE_ISO)
    strength = min(max((math.log(exposure.iso) - low) / (high - low), 0.0), 1.0)
    values = [1 / exposure.white_cd_m2, electrons, dark_noise_e, *exposure.balance]
    return np.array([*values, exposure.headroom, strength, exposure.top], np.float32)


def picture_of(
    light: F32,
    edge: F32,
    exposure: Exposure,
    full_well_e: float,
    dark_noise_e: float,
    seed: int,
    threads: int | None,
    mosaic: bool = True,
) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 sRGB picture that the sensor takes of linear light.

    Args:
        light: (H, W, 3) behind the lens. edge: (H, W) share of it that reaches the sensor.
        exposure: what the camera chose. full_well_e, dark_noise_e: of a pixel, electrons.
        seed: of the noise. threads: to use.
        mosaic: each pixel sees one colour only, the others are those of its neighbours; else it sees all.
    """
    height, width = light.shape[:2]
    settings = film_settings(exposure, full_well_e, dark_noise_e)
    lifted = exposure.shadow > SHADOW_LEVEL
    codes = _codes(exposure.top, exposure.shadow, exposure.middle if lifted else 1.0)
    number = np.uint32(seed & 0xFFFFFFFF)
    step = np.float32(CODES - 1) / settings[8]
    signal, rgb = np.empty((height, width, 3), np.float32), np.empty((height, width, 3), np.uint8)
    rows = partial(parallel_for, count=height, chunk=16, threads=threads)

    def shoot(start: int, stop: int) -> None:
        """Without a mosaic a row needs no other."""
        expose_colours(start, stop, light, edge, settings, number, signal)
        if settings[7] <= 0:  # and what it says is still at hand
            encode(start, stop, signal, step, codes, rgb)

    if mosaic:
        raw = np.empty((height, width), np.uint16)
        rows(lambda start, stop: expose(start, stop, light, edge, settings, number, raw))
        mixed = demosaic(raw)
        rows(lambda start, stop: separate(start, stop, mixed, settings, signal))
    else:
        rows(shoot)
    if settings[7] > 0:
        clean = np.empty_like(signal)
        rows(lambda start, stop: denoise(start, stop, signal, settings, clean))
        signal = clean
    if mosaic or settings[7] > 0:
        rows(lambda start, stop: encode(start, stop, signal, step, codes, rgb))
    return rgb


def jpeg_coded(rgb: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """A picture (H, W, 3) as it comes back from a JPEG file of a quality (1 to 100, libjpeg's scale)."""
    import cv2

    done, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    back = cv2.imdecode(data, cv2.IMREAD_COLOR) if done else None
    assert back is not None
    return np.ascontiguousarray(back[..., ::-1], np.uint8)
