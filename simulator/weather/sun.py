"""Where the sun is: J. Meeus, Astronomical Algorithms (2nd ed., 1998), chapters 12, 22, 25 and 40.

With the five largest perturbations by moon and planets (Meeus, Astronomical Formulae for Calculators, 1982, chapter
18) it stays within about 0.001 deg of the NREL SPA (I. Reda and A. Andreas, NREL/TP-560-34302, 2008), from which
parallax and refraction are taken.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import NamedTuple

from simulator.scene.atmosphere import SUN_RADIUS_RAD

EARTH_FLATTENING = 0.99664719  # polar over equatorial radius
EARTH_RADIUS_M = 6_378_140.0
SUN_RADIUS_DEG = math.degrees(SUN_RADIUS_RAD)


class SunPosition(NamedTuple):
    """Topocentric position of the sun's centre.

    Attributes:
        elevation_rad: above the horizon, without refraction.
        apparent_elevation_rad: with refraction (equal to the former when the sun is well below the horizon).
        azimuth_rad: clockwise from north (east = pi / 2), 0 to 2 pi.
    """

    elevation_rad: float
    apparent_elevation_rad: float
    azimuth_rad: float

    @property
    def direction(self) -> tuple[float, float, float]:
        """Unit vector toward the sun as it appears; x east, y north, z up."""
        c = math.cos(self.apparent_elevation_rad)
        return (c * math.sin(self.azimuth_rad), c * math.cos(self.azimuth_rad), math.sin(self.apparent_elevation_rad))


class EquatorialSun(NamedTuple):
    """Apparent geocentric place of the sun, and what turns it to a place on earth.

    Attributes:
        right_ascension_rad, declination_rad: of the date. distance_au.
        sidereal_rad: Greenwich apparent sidereal time. obliquity_rad: of the ecliptic.
        centuries: Julian centuries since J2000.0, terrestrial time.
    """

    right_ascension_rad: float
    declination_rad: float
    distance_au: float
    sidereal_rad: float
    obliquity_rad: float
    centuries: float


def solar_position(
    utc: dt.datetime,
    latitude_deg: float,
    longitude_deg: float,
    elevation_m: float = 0.0,
    pressure_hpa: float = 1013.25,
    temperature_c: float = 15.0,
) -> SunPosition:
    """Position of the sun.

    Args:
        utc: aware datetime, or naive UTC.
        latitude_deg, longitude_deg: geodetic, north and east positive.
        elevation_m: of the observer.
        pressure_hpa, temperature_c: of the air, for refraction.
    """
    sun = equatorial_sun(utc)
    declination, distance_au = sun.declination_rad, sun.distance_au
    hour_angle = sun.sidereal_rad + math.radians(longitude_deg) - sun.right_ascension_rad

    # parallax: the observer stands on the surface, not at the centre of the earth
    latitude = math.radians(latitude_deg)
    u = math.atan(EARTH_FLATTENING * math.tan(latitude))
    x = math.cos(u) + elevation_m / EARTH_RADIUS_M * math.cos(latitude)
    y = EARTH_FLATTENING * math.sin(u) + elevation_m / EARTH_RADIUS_M * math.sin(latitude)
    parallax = math.radians(8.794 / 3600) / distance_au
    across = math.cos(declination) - x * math.sin(parallax) * math.cos(hour_angle)
    shift = math.atan2(-x * math.sin(parallax) * math.sin(hour_angle), across)
    declination = math.atan2((math.sin(declination) - y * math.sin(parallax)) * math.cos(shift), across)
    hour_angle -= shift

    elevation = math.asin(
        math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(hour_angle)
    )
    azimuth = math.pi + math.atan2(
        math.sin(hour_angle),
        math.cos(hour_angle) * math.sin(latitude) - math.tan(declination) * math.cos(latitude),
    )
    apparent = elevation + refraction_rad(elevation, pressure_hpa, temperature_c)
    return SunPosition(elevation, apparent, azimuth % (2 * math.pi))


def refraction_rad(elevation_rad: float, pressure_hpa: float = 1013.25, temperature_c: float = 15.0) -> float:
    """How much the air lifts the sun (NREL SPA eq. 42); 0 once the whole disc is below the horizon."""
    degrees = math.degrees(elevation_rad)
    if degrees < -(SUN_RADIUS_DEG + 0.5667):
        return 0.0
    air = pressure_hpa / 1010 * 283 / (273 + temperature_c)
    return math.radians(air * 1.02 / (60 * math.tan(math.radians(degrees + 10.3 / (degrees + 5.11)))))


def _perturbations_deg(t: float) -> float:
    """What Venus (two terms), Jupiter, the moon and a long-period term add to the sun's longitude."""
    t1900 = t + 1.0  # centuries since 1900 January 0.5
    return (
        0.00134 * math.cos(math.radians(153.23 + 22518.7541 * t1900))
        + 0.00154 * math.cos(math.radians(216.57 + 45037.5082 * t1900))
        + 0.00200 * math.cos(math.radians(312.69 + 32964.3577 * t1900))
        + 0.00179 * math.sin(math.radians(350.74 + t1900 * (445267.1142 - 0.00144 * t1900)))
        + 0.00178 * math.sin(math.radians(231.19 + 20.20 * t1900))
    )


def _delta_t_s(days: float) -> float:
    """Terrestrial minus universal time (Espenak and Meeus' polynomial for 2005 to 2050), seconds."""
    years = days / 365.25
    return 62.92 + 0.32217 * years + 0.005589 * years * years


def equatorial_sun(utc: dt.datetime) -> EquatorialSun:
    """The sun at a time, aware or naive UTC."""
    moment = utc if utc.tzinfo is not None else utc.replace(tzinfo=dt.UTC)
    days = (moment - dt.datetime(2000, 1, 1, 12, tzinfo=dt.UTC)).total_seconds() / 86400  # since J2000.0, UT
    t = (days + _delta_t_s(days) / 86400) / 36525
    mean_longitude = 280.46646 + t * (36000.76983 + t * 0.0003032)
    anomaly = math.radians(357.52911 + t * (35999.05029 - t * 0.0001537))
    eccentricity = 0.016708634 - t * (0.000042037 + t * 0.0000001267)
    center = (
        (1.914602 - t * (0.004817 + t * 0.000014)) * math.sin(anomaly)
        + (0.019993 - t * 0.000101) * math.sin(2 * anomaly)
        + 0.000289 * math.sin(3 * anomaly)
    )
    center += _perturbations_deg(t)
    distance = 1.000001018 * (1 - eccentricity**2) / (1 + eccentricity * math.cos(anomaly + math.radians(center)))
    node = math.radians(125.04 - 1934.136 * t)  # of the moon's orbit: the main term of nutation
    nutation_deg = -0.00478 * math.sin(node)
    longitude = math.radians(mean_longitude + center - 0.00569 + nutation_deg)  # 0.00569: aberration
    obliquity = math.radians(23.4392911 - 0.0130042 * t + 0.00256 * math.cos(node))
    right_ascension = math.atan2(math.cos(obliquity) * math.sin(longitude), math.cos(longitude))
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    centuries = days / 36525
    sidereal_deg = 280.46061837 + 360.98564736629 * days + 0.000387933 * centuries**2
    sidereal = math.radians((sidereal_deg + nutation_deg * math.cos(obliquity)) % 360)
    return EquatorialSun(right_ascension, declination, distance, sidereal, obliquity, t)
