"""Relative distributions of luminance and colour over the sky: clear, overcast, dusk, broken clouds, fog, town glow."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics.rng import generator
from simulator.scene import NATURAL_ZENITH_MAG, Atmosphere
from simulator.scene.noise import spectral_noise
from simulator.sensors.cumulus import HORIZON_RISE, Heaps, heaps
from simulator.sensors.hosek_wilkie import clear_sky_xyz
from simulator.weather.daylight import air_mass, sun_through_clouds

F64 = NDArray[np.float64]

ROWS, COLUMNS = 384, 2048
GROUND_ALBEDO = 0.18
# Moonlight over sunlight, by channel: B - V is 0.91 of the moon, 0.63 of the sun (C. Allen, Astrophysical Quantities)
MOON_COLOR = np.array([1.10, 0.99, 0.80])
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
RGB_FROM_XYZ = np.array(  # IEC 61966-2-1
    [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
)


class Dome(NamedTuple):
    """The cells of the sky table.

    Row r is at elevation (pi / 2) (r / (ROWS - 1))^2, column c at azimuth 2 pi (c + 0.5) / COLUMNS from east toward
    north: fine near the horizon, where cameras look.

    Attributes:
        directions: (ROWS, COLUMNS, 3) unit vectors.
        elevation: (ROWS, 1) radians.
        solid_angle: (ROWS, 1) of each cell; they sum to 2 pi.
        cosine_weight: (ROWS, 1) that sum luminance to the illuminance of a horizontal plane.
    """

    directions: F64
    elevation: F64
    solid_angle: F64
    cosine_weight: F64

    def illuminance(self, radiance: F64) -> float:
        """Horizontal illuminance of (ROWS, COLUMNS, 3) radiance."""
        return float(np.sum(radiance @ LUMINANCE * self.cosine_weight))


@cache
def dome() -> Dome:
    """The one grid of directions; shared, not to be modified."""
    elevation = (np.pi / 2) * (np.arange(ROWS) / (ROWS - 1)) ** 2
    edges = (np.pi / 2) * (np.clip(np.arange(ROWS + 1) - 0.5, 0, ROWS - 1) / (ROWS - 1)) ** 2
    azimuth = 2 * np.pi * (np.arange(COLUMNS) + 0.5) / COLUMNS
    e = elevation[:, None]
    directions = np.stack(
        [np.cos(e) * np.cos(azimuth), np.cos(e) * np.sin(azimuth), np.broadcast_to(np.sin(e), (ROWS, COLUMNS))], -1
    )
    cell = 2 * np.pi / COLUMNS
    solid_angle = np.diff(np.sin(edges))[:, None] * cell
    cosine_weight = np.diff(np.sin(edges) ** 2)[:, None] / 2 * cell
    return Dome(directions, e, solid_angle, cosine_weight)


def rgb_from_xy(x: ArrayLike, y: ArrayLike) -> F64:
    """(..., 3) linear sRGB of luminance 1 with CIE chromaticity x, y; parts out of gamut are cut."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    rgb = np.maximum(np.stack([x / y, np.ones_like(y), (1 - x - y) / y], -1) @ RGB_FROM_XYZ.T, 0.0)
    return np.asarray(rgb / (rgb @ LUMINANCE)[..., None])


def smoothstep(low: float, high: float, x: ArrayLike) -> F64:
    """Cubic step from 0 at `low` to 1 at `high`."""
    t = np.clip((np.asarray(x, np.float64) - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))


def beam_color(elevation_rad: float, turbidity: float) -> F64:
    """(3,) colour of sunlight, luminance 1: Rayleigh and aerosol extinction of a 5800 K sun.

    Optical depths per air mass 0.008735 L^-4.08 and b L^-1.3 with b = 0.04608 T - 0.04586, wavelength L in um (A.
    Preetham et al., A Practical Analytic Model for Daylight, SIGGRAPH 1999).
    """
    wavelength = np.array([0.610, 0.550, 0.465])
    depth = 0.008735 * wavelength**-4.08 + max(0.04608 * turbidity - 0.04586, 0.0) * wavelength**-1.3
    rgb = np.array([1.06, 0.99, 0.93]) * np.exp(-depth * min(air_mass(elevation_rad), 25.0))
    return np.asarray(rgb / (rgb @ LUMINANCE))


def clear_sky(cos_sun: F64, sun_elevation_rad: float, turbidity: float) -> F64:
    """(ROWS, COLUMNS, 3) relative radiance of the clear daylit sky; `cos_sun` is the cosine of the angle to the sun."""
    xyz = clear_sky_xyz(np.sin(dome().elevation), cos_sun, sun_elevation_rad, turbidity, GROUND_ALBEDO)
    return np.asarray(np.maximum(xyz @ RGB_FROM_XYZ.T, 0.0))


def twilight_sky(sun_azimuth_rad: float, sun_elevation_rad: float) -> F64:
    """(ROWS, COLUMNS, 3) relative radiance of the clear sky from sunset to night.

    A blue dome, brighter toward the horizon, with a warm arch over the sunken sun that reddens and shrinks (shape and
    chromaticities after measured twilights: R. Lee and J. Hernandez-Andres, Applied Optics 42, 2003).
    """
    depth = max(-math.degrees(sun_elevation_rad), 0.0)
    elevation = np.degrees(dome().elevation)
    d = dome().directions
    along = d[..., 0] * math.cos(sun_azimuth_rad) + d[..., 1] * math.sin(sun_azimuth_rad)
    toward = np.clip(0.5 + 0.5 * along, 0.0, 1.0) ** 2
    night = float(smoothstep(9.0, 15.0, depth))
    arch = toward * np.exp(-elevation / (14.0 - 0.6 * min(depth, 12.0))) * (1 - night)
    brightness = 1.0 + 0.6 * np.exp(-elevation / 25.0) + (3.0 + 0.9 * min(depth, 8.0)) * arch
    warm = np.clip(1.3 * arch, 0.0, 1.0)
    orange = rgb_from_xy(0.40 + 0.006 * min(depth, 8.0), 0.385)
    blue = rgb_from_xy(0.258 + 0.05 * night, 0.270 + 0.05 * night)
    pale = np.exp(-elevation / 12.0)[..., None] * (1 - night)
    base = blue * (1 - 0.6 * pale) + rgb_from_xy(0.300, 0.305) * (0.6 * pale)
    color = base * (1 - warm[..., None]) + orange * warm[..., None]
    return np.asarray(color * brightness[..., None])


CLOUD_HAZE_RISE = 0.08
CLOUD_DIM_M = 350.0  # of cloud above, of which an e-th of the sun's light comes through


def overcast_sky(sun_elevation_rad: float) -> F64:
    """(ROWS, 1, 3) CIE overcast sky, L = Lz (1 + 2 sin e) / 3, of horizontal illuminance 1.

    Grey by day and blue at dusk, as R. Lee and J. Hernandez-Andres measured it (Applied Optics 44, 2005); by how much
    and from when is a choice of ours.
    """
    blue = float(smoothstep(8.0, -4.0, math.degrees(sun_elevation_rad)))
    color = rgb_from_xy(0.313 - 0.033 * blue, 0.331 - 0.038 * blue)
    gradation = (1 + 2 * np.sin(dome().elevation)) / 3
    return np.asarray(gradation[..., None] * color / (np.pi * 7 / 9))


def cloud_density(cloud_oktas: float, seed: int) -> F64:
    """(ROWS, COLUMNS) thickness of a flat cloud layer seen from below: 0 or less in the gaps, about 1 in the middle."""
    from scipy.special import ndtri

    covered = float(np.clip(cloud_oktas / 8, 0.002, 0.998))
    return np.asarray(_cloud_noise(seed) + ndtri(covered))


@lru_cache(maxsize=4)  # clouds that come and go keep their shapes
def _cloud_noise(seed: int) -> F64:
    """(ROWS, COLUMNS) nearly normal noise on a flat layer seen from below."""
    import cv2

    rng = generator(seed, "clouds")
    large, small = spectral_noise(512, rng, slope=3.4, low_cut=2.0), spectral_noise(512, rng, slope=2.8, low_cut=3.0)
    d = dome().directions.astype(np.float32)
    plane = d[..., :2] / (d[..., 2:] + np.float32(0.09))  # the earth's curvature keeps the layer from infinity
    offset = rng.uniform(0, 512, 2)

    def layer(noise: NDArray[np.float32], scale: float, shift: F64) -> NDArray[np.float32]:
        """Noise on the plane, so many cells for a unit of it."""
        at = np.mod(plane * np.float32(scale) + shift.astype(np.float32), np.float32(512))
        x, y = at[..., 1], at[..., 0]
        return np.asarray(cv2.remap(noise, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))

    noise = layer(large, 60, offset) + 0.3 * np.minimum(1, 4 * d[..., 2] + 0.3) * layer(small, 230, -offset)
    return np.asarray(noise / 1.04)


@lru_cache(maxsize=2)
def _heaps(oktas: float, sun_direction: tuple[float, ...], seed: int) -> Heaps:
    """Clouds in the cells of the table."""
    return heaps(oktas, sun_direction, dome().directions.astype(np.float32), seed)


def _heaps_of(atmosphere: Atmosphere, seed: int) -> Heaps:
    """Clouds of a weather, in steps, so that clouds that come and go and the sun's way over the sky need few shapes."""
    oktas, sun = round(atmosphere.cloud_oktas * 8) / 8, tuple(np.round(atmosphere.sun_direction, 2).tolist())
    return _heaps(oktas, sun, seed)


def broken_clouds(sky: F64, atmosphere: Atmosphere, cos_sun: F64, sun_lx: F64, sky_lx: F64, seed: int) -> F64:
    """Sky with heaps of cloud in front: bright where they face the sun, grey bases, silver rims, a gap for the sun.

    `sun_lx` (3,) is the sun above the clouds, `sky_lx` (3,) the illuminance of the clear sky.
    """
    found = _heaps_of(atmosphere, seed)
    # single precision: these are the largest arrays of a sky
    cos_sun, rise = cos_sun.astype(np.float32), np.sin(dome().elevation).astype(np.float32)
    sun, blue = sun_lx.astype(np.float32), sky_lx.astype(np.float32)
    gap = smoothstep(0.965, 0.998, cos_sun - 0.03 * np.minimum(found.above_m / CLOUD_DIM_M, 1.0))
    opacity = found.opacity * (1 - np.float32(sun_through_clouds(atmosphere.cloud_oktas)) * gap.astype(np.float32))
    # Thin parts send the light of the sun behind them straight on.
    silver = 1 + np.float32(1.5) * np.exp((cos_sun - 1) * 9) * (1 - opacity)
    cloud = ((found.sunlit * silver)[..., None] * sun + found.skylit[..., None] * blue) / np.float32(np.pi)
    far = np.exp(-np.float32(CLOUD_HAZE_RISE) / (rise + np.float32(HORIZON_RISE)))  # haze before far clouds
    a = (opacity * far)[..., None]
    return np.asarray(sky + (cloud - sky) * a)


# Fog scatters light with this mean cosine (see `air.fog_phase`, which follows single drops by Mie's theory), and thins
# what it has scattered once by so much of its extinction (see `glow`): most of it goes on nearly straight.
FOG_FORWARD, FOG_THINS = 0.85, 0.68
AUREOLE = (
    0.95,
    2 * FOG_FORWARD - 0.95,
)  # mean cosines of two equal lobes, the narrow one widened by repetition


# Single-scattering albedo of dust in red, green and blue, of which iron oxides take most in blue, and its mean cosine:
# between the pale dust of Saudi Arabia as O. Dubovik et al. found it (J. Atmospheric Sciences 59, 2002: 0.92 at 440 nm,
# 0.96 at 670 nm) and dust of red soils; a choice of ours.
DUST_ALBEDO, DUST_FORWARD = np.array([0.962, 0.935, 0.885]), 0.68


def dust_tint(share: float) -> F64:
    """(3,) colour that light gets in deep air of which dust makes a share of the extinction, of luminance 1.

    That of a layer without end: (1 - s) (1 - 0.139 s) / (1 + 1.17 s), s^2 = (1 - w) / (1 - g w), of scattering albedo
    w and mean cosine g (H. van de Hulst, Multiple Light Scattering, 1980).
    """
    albedo = 1.0 + share * (DUST_ALBEDO - 1.0)
    s = np.sqrt((1.0 - albedo) / (1.0 - DUST_FORWARD * albedo))
    back = (1 - s) * (1 - 0.139 * s) / (1 + 1.17 * s)
    return np.asarray(back / (back @ LUMINANCE))


def through_fog(sky: F64, atmosphere: Atmosphere, sun_lx: F64) -> F64:
    """Sky seen from within a layer of fog or dust: the even light that it scatters hides what is above.

    Drops of water scatter all colours alike: fog has that of sun and sky together, which light it. Dust colours it
    twice: on its way down to the eye's height, and from there.

    Args:
        sky: (ROWS, COLUMNS, 3) above the fog. sun_lx: (3,) illuminance by the sun above the fog, on a plane that faces
            it.
    """
    depth = atmosphere.optical_depth
    if depth < FOG_LEAST_DEPTH:
        return sky
    rise, height = np.maximum(np.sin(dome().elevation), 0.02), max(math.sin(atmosphere.sun_elevation_rad), 0.0)
    through = np.exp(-depth / rise)[..., None]
    mean = (np.sum(sky * dome().cosine_weight[..., None], (0, 1)) + height * sun_lx) / np.pi
    even = mean * dust_tint(atmosphere.dust_share) ** 2
    upward = 0.8 + 0.4 * np.sin(dome().elevation)
    return np.asarray(sky * through + even * upward[..., None] * (1 - through))


FOG_LEAST_DEPTH = 0.05  # thinner layers leave the sky as it is


def fog_aureole(atmosphere: Atmosphere, cos_sun: F64) -> F64:
    """(ROWS, COLUMNS) radiance of sunlight that a layer of fog scatters once, per lux on a plane that faces the sun.

    In an even layer of optical depth T, thinned to T' = `FOG_THINS` T, with the sines m of the view and m0 of the sun:
    p (exp(-T' / m0) - exp(-T' / m)) / (m (1 / m - 1 / m0)) T / T' (S. Chandrasekhar, Radiative Transfer, 1950).

    Args:
        cos_sun: (ROWS, COLUMNS) cosine of the angle to the sun.
    """
    depth, height = atmosphere.optical_depth, math.sin(atmosphere.sun_elevation_rad)
    if depth < FOG_LEAST_DEPTH or height <= 0.0 or atmosphere.thinning_1_m <= 0.0:
        return np.zeros((ROWS, COLUMNS))
    rise, low, thin = np.maximum(np.sin(dome().elevation), 0.02), max(height, 0.02), depth * FOG_THINS
    steeper = 1 / rise - 1 / low
    steeper = np.where(np.abs(steeper) < 1e-3, 1e-3, steeper)
    once = (np.exp(-thin / low) - np.exp(-thin / rise)) / (rise * steeper) / FOG_THINS
    lobes = [(1 - g * g) / (4 * np.pi * (1 + g * g - 2 * g * cos_sun) ** 1.5) for g in AUREOLE]
    return np.asarray(0.5 * (lobes[0] + lobes[1]) * once)


NATURAL_ZENITH_CD_M2 = 1.74e-4  # of a clear night without lamps (F. Falchi et al., Science Advances 2, 2016)
# A clear sky of m mag/arcsec2 gains 0.7 (22.6 - m) F^2 where clouds cover the share F of it: a fit by C. Kyba (SQM
# mailing list, February 2012) to what he measured in and near Berlin (10.1 and 2.8 times; PLoS ONE 6, e17307, 2011).
CLOUD_GLOW, DARK_UNDER_CLOUDS_MAG = 0.7, 22.6


def town_glow(zenith_mag: float, atmosphere: Atmosphere, seed: int) -> F64:
    """(ROWS, COLUMNS, 3) radiance of the light of towns that air and clouds scatter back.

    Brighter toward the horizon, in the country above all where the next town lies. The rise toward the horizon and the
    dome of the next town are numbers of our own, chosen so that the dark country's lowest sky is ten or twenty times
    as bright as overhead, as all-sky photographs show it near towns.

    Args:
        zenith_mag: of the clear moonless sky overhead, mag/arcsec2.
        atmosphere: whose clouds. seed: of their shapes, and of where the next town is.
    """
    level = NATURAL_ZENITH_CD_M2 * (10 ** (0.4 * (NATURAL_ZENITH_MAG - zenith_mag)) - 1)
    degrees = np.degrees(dome().elevation)
    away = generator(seed, "next town").uniform(0, 2 * np.pi) - 2 * np.pi * (np.arange(COLUMNS) + 0.5) / COLUMNS
    outside = 6.0 * max(zenith_mag - 18.0, 0.0)
    shape = 1 + 4 * np.exp(-degrees / 12) + outside * np.exp(-degrees / 9 - 4 * (1 - np.cos(away)))
    oktas = atmosphere.cloud_oktas
    if oktas < 0.05:
        clouds = np.zeros((ROWS, COLUMNS))
    elif oktas < 7.95:
        clouds = np.asarray(_heaps_of(atmosphere, seed).opacity)
    else:
        clouds = 1.0 - 0.04 * (cloud_density(oktas, seed) - 2.9).clip(-3, 3)
    brighter = CLOUD_GLOW * (DARK_UNDER_CLOUDS_MAG - zenith_mag) * min(oktas / 8, 1.0) * clouds
    return np.asarray((level * shape * 10 ** (0.4 * brighter))[..., None] * rgb_from_xy(0.40, 0.39))
