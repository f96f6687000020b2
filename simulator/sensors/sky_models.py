"""Relative distributions of luminance and colour over the sky: clear, overcast, dusk, broken clouds, fog, town glow."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics.rng import generator
from simulator.scene import Atmosphere
from simulator.scene.noise import spectral_noise
from simulator.weather.daylight import FOG_LAYER_M, air_mass, sun_through_clouds

F64 = NDArray[np.float64]

ROWS, COLUMNS = 256, 1024
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


# CIE standard general sky (ISO 15469 / CIE S 011), coefficients a to e of types 12, 13 and 14, for turbidities: a clear
# sky, one with a bright corona, a turbid one with a wide corona.
_CIE_TURBIDITY = (3.0, 6.0, 9.0)
_CIE_TYPES = ((-1.0, -0.32, 10.0, -3.0, 0.45), (-1.0, -0.32, 16.0, -3.0, 0.30), (-1.0, -0.15, 16.0, -3.0, 0.30))
# Preetham et al.: Perez coefficients A to E = slope * turbidity + base, for the chromaticity x.
_PEREZ_X = ((-0.0193, -0.2592), (-0.0665, 0.0008), (-0.0004, 0.2125), (-0.0641, -0.8989), (-0.0033, 0.0452))
# Its value at the zenith: rows turbidity^2, ^1, ^0; columns sun's zenith angle^3 ... ^0.
_ZENITH_X = (
    (0.00166, -0.00375, 0.00209, 0.0),
    (-0.02903, 0.06377, -0.03202, 0.00394),
    (0.11693, -0.21196, 0.06052, 0.25886),
)


def clear_sky(cos_sun: F64, sun_elevation_rad: float, turbidity: float) -> F64:
    """(ROWS, COLUMNS, 3) relative radiance of the clear daylit sky; `cos_sun` is the cosine of the angle to the sun.

    Luminance by the CIE general sky, chromaticity x by Preetham et al. and y on the CIE daylight locus (Preetham's own
    y strays from it to pink near the horizon, where the fit ends).
    """
    t = min(max(turbidity, 2.0), 8.0)
    zenith = np.pi / 2 - max(sun_elevation_rad, 0.0)
    gamma = np.arccos(np.clip(cos_sun, -1.0, 1.0))
    up = np.sin(dome().elevation)
    a, b, c, d, e = (float(np.interp(turbidity, _CIE_TURBIDITY, values)) for values in np.array(_CIE_TYPES).T)
    gradation = 1 + a * np.exp(b / np.maximum(up, 0.02))
    luminance = gradation * (1 + c * (np.exp(d * gamma) - np.exp(d * np.pi / 2)) + e * np.cos(gamma) ** 2)
    weight = dome().cosine_weight
    luminance = 0.7 * luminance + 0.3 * np.sum(luminance * weight) / np.pi  # bright ground lights the air, too

    a, b, c, d, e = (slope * t + base for slope, base in _PEREZ_X)

    def perez(cos_zenith: F64 | float, angle: F64 | float) -> F64:
        glow = 1 + c * np.exp(d * angle) + e * np.cos(angle) ** 2
        return np.asarray((1 + a * np.exp(b / np.maximum(cos_zenith, 0.03))) * glow)

    powers = np.array([zenith**3, zenith**2, zenith, 1.0])
    x_zenith = float(np.array([t * t, t, 1.0]) @ np.array(_ZENITH_X) @ powers)
    x = np.clip(x_zenith * perez(up, gamma) / perez(1.0, zenith), 0.235, 0.45)
    pale = 0.5 * np.exp(-np.degrees(dome().elevation) / 8.0) * smoothstep(0.0, 0.35, np.cos(zenith))
    x = x + pale * (0.305 - x)  # multiple scattering whitens the horizon of a high sun
    return np.asarray(rgb_from_xy(x, daylight_locus(x)) * np.maximum(luminance, 0.0)[..., None])


def daylight_locus(x: F64) -> F64:
    """CIE chromaticity y of phases of daylight by x (CIE 15)."""
    return np.asarray(-3.0 * x * x + 2.87 * x - 0.275)


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


def overcast_sky(sun_color: F64) -> F64:
    """(ROWS, 1, 3) CIE overcast sky, L = Lz (1 + 2 sin e) / 3, of horizontal illuminance 1."""
    color = rgb_from_xy(0.313, 0.331) * (0.8 + 0.2 * np.minimum(sun_color, 1.5))
    color /= color @ LUMINANCE
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
    from scipy.ndimage import map_coordinates

    rng = generator(seed, "clouds")
    large, small = spectral_noise(512, rng, slope=3.4, low_cut=2.0), spectral_noise(512, rng, slope=2.8, low_cut=3.0)
    d = dome().directions
    plane = d[..., :2] / (d[..., 2:] + 0.09)  # the earth's curvature keeps the layer from reaching infinity
    offset = rng.uniform(0, 512, 2)
    noise = map_coordinates(large, [plane[..., k] * 60 + offset[k] for k in (0, 1)], order=1, mode="grid-wrap")
    noise += (
        0.3
        * np.minimum(1, 4 * d[..., 2] + 0.3)
        * map_coordinates(small, [plane[..., k] * 230 - offset[k] for k in (0, 1)], order=1, mode="grid-wrap")
    )
    return np.asarray(noise / 1.04)


def broken_clouds(sky: F64, atmosphere: Atmosphere, density: F64, cos_sun: F64, sun_lx: F64, sky_lx: F64) -> F64:
    """Sky with white clouds in front: sunlit edges, grey middles, and a gap where the sun shines through.

    `sun_lx` (3,) is the sun above the clouds, `sky_lx` (3,) the illuminance of the clear sky.
    """
    gap = sun_through_clouds(atmosphere.cloud_oktas) * smoothstep(0.985, 0.999, cos_sun)
    opacity = smoothstep(-0.05, 0.8, density) * (1 - gap) * 0.94
    thick = smoothstep(0.1, 1.6, density)
    silver = 1.0 + 1.2 * np.exp(-(1 - cos_sun) * 9)
    lit = (0.42 - 0.30 * thick) * silver * (0.35 + 0.65 * smoothstep(0.0, 0.35, math.sin(atmosphere.sun_elevation_rad)))
    cloud = (lit[..., None] * sun_lx + 0.55 * sky_lx) / np.pi
    far = np.exp(-0.35 / np.maximum(np.sin(dome().elevation), 0.02))[..., None]  # haze before far clouds
    a = opacity[..., None] * (0.25 + 0.75 * far)
    return np.asarray(sky * (1 - a) + cloud * a)


def through_fog(sky: F64, atmosphere: Atmosphere, cos_sun: F64, sun_lx: F64) -> F64:
    """Sky seen from within a layer of fog: what the layer scatters hides what is above, brighter toward the sun.

    `sun_lx` (3,) is the horizontal illuminance of the sun above the fog.
    """
    depth = atmosphere.extinction_1_m * FOG_LAYER_M
    if depth < 0.05:
        return sky
    through = np.exp(-depth / np.maximum(np.sin(dome().elevation), 0.02))[..., None]
    mean = (np.sum(sky * dome().cosine_weight[..., None], (0, 1)) + sun_lx) / np.pi
    grey = 0.5 * mean + 0.5 * (mean @ LUMINANCE)
    glow = float(math.exp(-0.35 * depth)) * max(math.sin(atmosphere.sun_elevation_rad), 0.0) ** 0.5
    glow *= sun_through_clouds(atmosphere.cloud_oktas)
    toward_sun = 1 + glow * 2.5 * np.exp(-(1 - cos_sun) * 6)
    upward = 0.8 + 0.4 * np.sin(dome().elevation)
    return np.asarray(sky * through + grey * (upward * toward_sun)[..., None] * (1 - through))


def town_glow(cloud_oktas: float, glow_lx: float) -> F64:
    """(ROWS, 1, 3) radiance of street light scattered back by the air (`glow_lx`, clear) and six times by clouds."""
    shape = (1 + 4 * np.exp(-np.degrees(dome().elevation) / 12))[..., None] * rgb_from_xy(0.40, 0.39)
    level = glow_lx * (1 + 5 * min(cloud_oktas / 8, 1.0))
    return np.asarray(shape * level / dome().illuminance(np.broadcast_to(shape, (ROWS, COLUMNS, 3))))
