"""Where the moon is and how bright: the low-precision formulae of The Astronomical Almanac (section D), to 0.3 deg.

Its light falls with the phase as C. Allen has it (Astrophysical Quantities, 3rd ed., 1976; K. Krisciunas and
B. Schaefer, PASP 103, 1991).
"""

from __future__ import annotations

import datetime as dt
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene import NightSky
from simulator.weather.sun import equatorial_sun, refraction_rad

MAGNITUDE_ZERO_LX = 2.54e-6  # illuminance by a star of magnitude 0, outside the air (Allen)
FULL_MOON_MAGNITUDE = -12.73  # at the mean distance
MEAN_PARALLAX_DEG = 0.9507
RADIUS_SHARE = 0.2725  # of the moon's radius over the earth's

# Terms of longitude, latitude and parallax: amplitude (deg), phase (deg) and rate (deg a Julian century).
_LONGITUDE = ((6.29, 135.0, 477198.87), (-1.27, 259.3, -413335.36), (0.66, 235.7, 890534.22), (0.21, 269.9, 954397.74),
              (-0.19, 357.5, 35999.05), (-0.11, 186.5, 966404.03))  # fmt: skip
_LATITUDE = ((5.13, 93.3, 483202.02), (0.28, 228.2, 960400.89), (-0.28, 318.3, 6003.15), (-0.17, 217.6, -407332.21))
_PARALLAX = ((0.0518, 135.0, 477198.87), (0.0095, 259.3, -413335.36), (0.0078, 235.7, 890534.22),
             (0.0028, 269.9, 954397.74))  # fmt: skip


class EclipticMoon(NamedTuple):
    """Geocentric ecliptic longitude and latitude of the date and horizontal parallax, degrees."""

    longitude_deg: float
    latitude_deg: float
    parallax_deg: float


def ecliptic_moon(centuries: float) -> EclipticMoon:
    """The moon so many Julian centuries after J2000.0 (terrestrial time)."""

    def at(phase: float, rate: float) -> float:
        """rad of a phase at J2000.0 and its rate, both in degrees."""
        return math.radians(math.fmod(phase + rate * centuries, 360.0))

    longitude = 218.32 + 481267.881 * centuries + sum(a * math.sin(at(p, r)) for a, p, r in _LONGITUDE)
    latitude = sum(a * math.sin(at(p, r)) for a, p, r in _LATITUDE)
    parallax = 0.9508 + sum(a * math.cos(at(p, r)) for a, p, r in _PARALLAX)
    return EclipticMoon(longitude % 360.0, latitude, parallax)


def moon_lx(phase_rad: float, parallax_deg: float = MEAN_PARALLAX_DEG) -> float:
    """Illuminance by the moon outside the air, on a plane that faces it; phase 0 when full, pi when new."""
    degrees = min(abs(math.degrees(phase_rad)), 180.0)
    magnitude = FULL_MOON_MAGNITUDE + 0.026 * degrees + 4e-9 * degrees**4
    return MAGNITUDE_ZERO_LX * 10 ** (-0.4 * magnitude) * (parallax_deg / MEAN_PARALLAX_DEG) ** 2


def night_sky(utc: dt.datetime, latitude_deg: float, longitude_deg: float, pressure_hpa: float = 1013.25) -> NightSky:
    """Moon and stars over a place; `utc` is aware or naive UTC, `latitude_deg` and `longitude_deg` north and east."""
    sun = equatorial_sun(utc)
    found = ecliptic_moon(sun.centuries)
    a, b = math.radians(found.longitude_deg), math.radians(found.latitude_deg)
    tilt = sun.obliquity_rad
    ecliptic = np.array([math.cos(a) * math.cos(b), math.sin(a) * math.cos(b), math.sin(b)])
    equator_R_ecliptic = np.array(
        [[1, 0, 0], [0, math.cos(tilt), -math.sin(tilt)], [0, math.sin(tilt), math.cos(tilt)]]
    )
    toward = equator_R_ecliptic @ ecliptic
    c = math.cos(sun.declination_rad)
    to_sun = np.array(
        [c * math.cos(sun.right_ascension_rad), c * math.sin(sun.right_ascension_rad), math.sin(sun.declination_rad)]
    )
    phase = math.pi - math.acos(float(np.clip(toward @ to_sun, -1.0, 1.0)))  # the sun is 400 times as far off
    turn = local_R_equator(sun.sidereal_rad + math.radians(longitude_deg), math.radians(latitude_deg))
    x, y, z = turn @ toward
    # seen from the surface it stands lower by the parallax, and higher by refraction
    height = math.asin(float(np.clip(z, -1.0, 1.0)))
    height -= math.radians(found.parallax_deg) * math.cos(height)
    height += refraction_rad(height, pressure_hpa)
    flat, level = math.hypot(x, y), math.cos(height)
    return NightSky(
        np.array([level * x / flat, level * y / flat, math.sin(height)]),
        phase,
        moon_lx(phase, found.parallax_deg),
        RADIUS_SHARE * math.radians(found.parallax_deg),
        turn,
    )


def local_R_equator(sidereal_rad: float, latitude_rad: float) -> NDArray[np.float64]:
    """(3, 3) east, north, up from equatorial axes (equinox, 90 deg east of it, pole) at a local sidereal time."""
    s, c = math.sin(sidereal_rad), math.cos(sidereal_rad)
    n, m = math.sin(latitude_rad), math.cos(latitude_rad)
    return np.array([[-s, c, 0.0], [-n * c, -n * s, m], [m * c, m * s, n]])
