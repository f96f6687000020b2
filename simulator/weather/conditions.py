"""From time, place and weather to the Atmosphere of a scene."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from simulator.scene import Atmosphere
from simulator.weather.base import Weather
from simulator.weather.daylight import daylight
from simulator.weather.sun import solar_position

STREET_LAMPS_BELOW_LX = 50.0  # usual set point of street lighting's light sensors


def atmosphere_for(
    utc: dt.datetime,
    latitude_deg: float,
    longitude_deg: float,
    weather: Iterable[Weather] = (),
    elevation_m: float = 0.0,
) -> Atmosphere:
    """Atmosphere at a time and place; street lamps burn when sun and sky give less than 50 lx.

    Args:
        utc: aware datetime, or naive UTC.
        latitude_deg, longitude_deg, elevation_m: of the place.
        weather: concrete members of the family `weather`; missing kinds leave their defaults.
    """
    pressure = 1013.25 * math.exp(-elevation_m / 8434.0)
    sun = solar_position(utc, latitude_deg, longitude_deg, elevation_m, pressure)
    atmosphere = Atmosphere(np.array(sun.direction), sun.apparent_elevation_rad)
    for member in sorted(weather, key=lambda part: (part.rank, part.kind)):
        atmosphere = member.apply(atmosphere)
    return replace(atmosphere, street_lamps_on=daylight(atmosphere).horizontal_lx < STREET_LAMPS_BELOW_LX)
