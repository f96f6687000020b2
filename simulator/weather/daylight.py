"""How much light comes from sun, moon and sky: illuminances in lux, from noon to a moonless night."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulator.scene import Atmosphere
from simulator.scene.atmosphere import SUN_RADIUS_RAD

SOLAR_ILLUMINANCE_LX = 133_800.0  # outside the atmosphere
MOONLESS_NIGHT_LX = 0.002  # starlight and airglow
RAIN_CLOUD_OKTAS = 8.0  # lasting rain falls from a closed layer (nimbostratus)
FOG_BACKSCATTER = 0.13  # part of the optical depth that turns light back: (1 - g) sqrt(3) / 2 with g = 0.85

# Clear twilight, horizontal illuminance by elevation of the sun. Facts: 400 lx at sunrise and sunset, 3.4 lx at the
# end of civil twilight; the rest after the tables of the US Naval Observatory's Circular 171 (Janiczek, DeYoung 1987).
TWILIGHT_DEG = np.array([-18.0, -15.0, -12.0, -9.0, -6.0, -4.0, -2.0, 0.0, 2.0, 5.0])
TWILIGHT_LX = np.array([6.5e-4, 1.7e-3, 8.3e-3, 0.13, 3.4, 25.0, 130.0, 400.0, 1500.0, 5000.0])


class Daylight(NamedTuple):
    """Illuminances from above, without any lamp.

    Attributes:
        direct_normal_lx: of the sun's disc, or of the moon's when the sun has set, on a plane that faces it.
        diffuse_lx: of the rest of the sky, on a horizontal plane.
        horizontal_lx: both, on a horizontal plane.
    """

    direct_normal_lx: float
    diffuse_lx: float
    horizontal_lx: float


def air_mass(elevation_rad: float) -> float:
    """Relative optical air mass (F. Kasten and A. Young, Applied Optics 28, 1989); at most that of the horizon."""
    degrees = max(math.degrees(elevation_rad), 0.0)
    return float(1.0 / (math.sin(math.radians(degrees)) + 0.50572 * (degrees + 6.07995) ** -1.6364))


def clear_direct_normal_lx(elevation_rad: float, turbidity: float) -> float:
    """Illuminance of the sun through clear air, on a plane that faces it; the setting disc fades.

    Clear-air luminous extinction by M. Navvab et al. (1984), 1 / (9.9 + 0.043 m) per air mass, times a luminous
    turbidity of 0.3 + 0.75 T, which is what Linke's turbidity leaves to visible light.
    """
    m = air_mass(elevation_rad)
    above = min(max((elevation_rad + SUN_RADIUS_RAD) / (2 * SUN_RADIUS_RAD), 0.0), 1.0)
    return SOLAR_ILLUMINANCE_LX * math.exp(-m * (0.3 + 0.75 * turbidity) / (9.9 + 0.043 * m)) * above


def clear_diffuse_lx(elevation_rad: float, turbidity: float = 3.0) -> float:
    """Horizontal illuminance of the clear sky without the sun's disc.

    By day 800 + 15500 sqrt(sin h) (IES Lighting Handbook, after Gillette and Treado 1985), lifted a little by haze;
    below 5 deg the twilight table, interpolated in its logarithm; never below a moonless night.
    """
    degrees = math.degrees(elevation_rad)
    haze = 0.85 + 0.1 * turbidity
    day = (800.0 + 15_500.0 * math.sqrt(max(math.sin(elevation_rad), 0.0))) * haze
    twilight = 10 ** float(np.interp(degrees, TWILIGHT_DEG, np.log10(TWILIGHT_LX)))
    if degrees < TWILIGHT_DEG[0]:
        twilight *= 10 ** ((degrees - TWILIGHT_DEG[0]) / 3)
    return float(min(day, twilight) if degrees <= TWILIGHT_DEG[-1] else day) + MOONLESS_NIGHT_LX


def overcast_diffuse_lx(elevation_rad: float) -> float:
    """Horizontal illuminance under an overcast sky: 300 + 21000 sin h (IES), a tenth of the clear one at sunset."""
    day = 300.0 + 21_000.0 * max(math.sin(elevation_rad), 0.0)
    tenth_at_sunset = clear_diffuse_lx(elevation_rad) * (0.1 + 1.5 * max(math.sin(elevation_rad), 0.0))
    return min(day, tenth_at_sunset)


def overcast_part(cloud_oktas: float) -> float:
    """Weight of the overcast sky in the mix with the clear one; broken clouds leave most light."""
    return float(np.clip(cloud_oktas / 8.0, 0.0, 1.0) ** 4)


def sun_through_clouds(cloud_oktas: float) -> float:
    """Part of the direct sun that reaches the ground: the sun stands in a gap up to 5 oktas and is gone at 8."""
    x = float(np.clip((cloud_oktas - 5.0) / 3.0, 0.0, 1.0))
    return 1.0 - x * x * (3.0 - 2.0 * x)


def precipitation_dimming(rain_mm_h: float, snow_mm_h: float, cloud_oktas: float = 8.0) -> float:
    """How much darker the thick clouds are that rain and snow fall from; less so while they are still coming."""
    here = min(overcast_part(cloud_oktas) / overcast_part(RAIN_CLOUD_OKTAS), 1.0)
    return float((1.0 + 0.06 * rain_mm_h + 0.2 * snow_mm_h) ** -here)


def moonlight(atmosphere: Atmosphere) -> tuple[float, float]:
    """Illuminances by a risen moon below the clouds: on a plane that faces it, and by its sky on a horizontal one.

    The air and the clouds do to moonlight what they do to sunlight, half a million times brighter.
    """
    night = atmosphere.night_sky
    if night is None or night.moon_direction[2] <= 0:
        return 0.0, 0.0
    elevation, oktas = math.asin(float(night.moon_direction[2])), atmosphere.cloud_oktas
    share, part = night.moon_lx / SOLAR_ILLUMINANCE_LX, overcast_part(oktas)
    direct = share * clear_direct_normal_lx(elevation, atmosphere.turbidity) * sun_through_clouds(oktas)
    sky = (1 - part) * clear_diffuse_lx(elevation, atmosphere.turbidity) + part * overcast_diffuse_lx(elevation)
    return direct, share * sky * precipitation_dimming(atmosphere.rain_mm_h, atmosphere.snow_mm_h, oktas)


def daylight(atmosphere: Atmosphere) -> Daylight:
    """Light of sun and sky at the ground, under the clouds and in the fog of `atmosphere`."""
    elevation = atmosphere.sun_elevation_rad
    part = overcast_part(atmosphere.cloud_oktas)
    direct = clear_direct_normal_lx(elevation, atmosphere.turbidity) * sun_through_clouds(atmosphere.cloud_oktas)
    diffuse = (1 - part) * clear_diffuse_lx(elevation, atmosphere.turbidity)
    diffuse += part * overcast_diffuse_lx(elevation)
    diffuse *= precipitation_dimming(atmosphere.rain_mm_h, atmosphere.snow_mm_h, atmosphere.cloud_oktas)
    direct, diffuse = direct * atmosphere.sunlight, max(diffuse * atmosphere.sunlight, MOONLESS_NIGHT_LX)
    if (night := atmosphere.moonlit) is not None:
        elevation = math.asin(float(night.moon_direction[2]))
        direct, moonlit_sky = moonlight(atmosphere)
        diffuse += moonlit_sky

    # fog takes light out of the beam and gives most of it back as diffuse light
    depth = atmosphere.optical_depth
    height = max(math.sin(elevation), 0.02)
    through = direct * math.exp(-depth / height)
    kept = 1.0 / (1.0 + FOG_BACKSCATTER * depth)
    horizontal = max(math.sin(elevation), 0.0)
    total = (direct * horizontal + diffuse) * kept
    return Daylight(through, max(total - through * horizontal, 0.0), max(total, through * horizontal))
