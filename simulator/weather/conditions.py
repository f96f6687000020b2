"""From time, place and weather to the Atmosphere of a scene, at one time or in the course of a drive."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from simulator.scene import Atmosphere
from simulator.weather.base import Weather
from simulator.weather.daylight import clear_direct_normal_lx, daylight
from simulator.weather.moon import night_sky
from simulator.weather.sun import solar_position

STREET_LAMPS_BELOW_LX = 50.0  # usual set point of street lighting's light sensors


def atmosphere_for(
    utc: dt.datetime,
    latitude_deg: float,
    longitude_deg: float,
    weather: Iterable[Weather] = (),
    elevation_m: float = 0.0,
    pressure_hpa: float | None = None,
) -> Atmosphere:
    """Atmosphere at a time and place; street lamps burn when sun and sky give less than 50 lx.

    Args:
        utc: aware datetime, or naive UTC.
        latitude_deg, longitude_deg, elevation_m: of the place.
        weather: concrete members of the family `weather`; missing kinds leave their defaults.
        pressure_hpa: of the air, by which it bends the light of a low sun; None: as usual at that elevation.
    """
    pressure = 1013.25 * math.exp(-elevation_m / 8434.0) if pressure_hpa is None else pressure_hpa
    sun = solar_position(utc, latitude_deg, longitude_deg, elevation_m, pressure)
    night = night_sky(utc, latitude_deg, longitude_deg, pressure)
    atmosphere = Atmosphere(np.array(sun.direction), sun.apparent_elevation_rad, night_sky=night)
    for member in sorted(weather, key=lambda part: (part.rank, part.kind)):
        atmosphere = member.apply(atmosphere)
    return _lit(atmosphere)


# What weather brings with it comes by and by. Water on the road: as much as has fallen. The sky: our choice, for clouds
# close or open within minutes.
CLOUDING_OKTAS_S = 0.1
SUN_LEAST_LX = 1e-9  # of a clear sky's sun, below which it is no measure


@dataclass(frozen=True, slots=True)
class Setting:
    """Light and weather as they are set at a time of a drive.

    Attributes:
        time_s: since its start.
        utc: date and time then; naive: UTC. runs: whether the clock goes on with the drive, or stands.
        weather: concrete members of the family `weather`.
        sun_rad: azimuth clockwise from north and elevation of the sun; None: as place and time give.
        sun_lx: of the sun on a plane that faces it, in clear air; None: as its elevation gives.
        friction: factor on the friction of the road.
        film_set, clouds_set: whether water on the road and cloud cover are set too, or follow from the rest.
        pressure_hpa: of the air; None: as usual at the elevation.
    """

    time_s: float
    utc: dt.datetime
    runs: bool
    weather: tuple[Weather, ...]
    sun_rad: tuple[float, float] | None = None
    sun_lx: float | None = None
    friction: float = 1.0
    film_set: bool = True
    clouds_set: bool = True
    pressure_hpa: float | None = None


@dataclass(frozen=True, eq=False)
class Conditions:
    """The course of light and weather over a drive.

    What a setting says is so at once. Of what it does not say, rain wets the road by as much as has fallen, until it
    runs off as fast as it falls; clouds come and go by `CLOUDING_OKTAS_S`.

    Attributes:
        latitude_deg, longitude_deg, elevation_m: of the place.
        settings: at least one, in order of time; the first is so from the start.
    """

    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    settings: tuple[Setting, ...]

    def at(self, time_ns: int) -> Atmosphere:
        """The atmosphere at a time of the drive; the same object while nothing changes."""
        time_s = time_ns * 1e-9
        number = max((k for k, each in enumerate(self.settings) if each.time_s <= time_s + 1e-9), default=0)
        return self._between(number, time_s, self._starts[number])

    def _between(self, number: int, time_s: float, start: tuple[float, float]) -> Atmosphere:
        """The atmosphere while a setting holds that began with so much water on the road (m) and cloud cover."""
        setting, (film_m, oktas) = self.settings[number], start
        since = max(time_s - setting.time_s, 0.0)
        steady = self._steady(setting, since) if setting.runs else self._still[number]
        if number == 0:
            return steady
        film_m = max(film_m, min(film_m + steady.rain_mm_h / 3.6e6 * since, steady.water_film_m))
        if setting.film_set:
            film_m = steady.water_film_m
        change = 0.0 if setting.clouds_set else steady.cloud_oktas - oktas
        left = math.copysign(max(abs(change) - CLOUDING_OKTAS_S * since, 0.0), change)
        if film_m == steady.water_film_m and left == 0.0:
            return steady
        return _lit(replace(steady, water_film_m=film_m, cloud_oktas=steady.cloud_oktas - left))

    @cached_property
    def _still(self) -> list[Atmosphere]:
        """What each setting leads to while the clock stands."""
        return [self._steady(setting, 0.0) for setting in self.settings]

    @cached_property
    def _starts(self) -> list[tuple[float, float]]:
        """Water on the road (m) and cloud cover at the moment when each setting begins."""
        found = [(0.0, 0.0)]
        for number, setting in enumerate(self.settings[1:]):
            before = self._between(number, setting.time_s, found[number])
            found.append((before.water_film_m, before.cloud_oktas))
        return found

    def _steady(self, setting: Setting, passed_s: float) -> Atmosphere:
        """What a setting leads to, `passed_s` later by its clock."""
        utc = setting.utc + dt.timedelta(seconds=passed_s)
        place = self.latitude_deg, self.longitude_deg
        air = atmosphere_for(utc, *place, setting.weather, self.elevation_m, setting.pressure_hpa)
        air = replace(air, friction=setting.friction)
        if setting.sun_rad is not None:
            azimuth, height = setting.sun_rad
            level = math.cos(height)
            toward = np.array([level * math.sin(azimuth), level * math.cos(azimuth), math.sin(height)])
            # moon and stars would contradict a sun that is set by hand
            air = replace(air, sun_direction=toward, sun_elevation_rad=height, night_sky=None)
        if setting.sun_lx is not None:
            clear = clear_direct_normal_lx(air.sun_elevation_rad, air.turbidity)
            if clear > SUN_LEAST_LX:
                air = replace(air, sunlight=setting.sun_lx / clear)
        return _lit(air)


def _lit(atmosphere: Atmosphere) -> Atmosphere:
    """With street lamps as the daylight calls for."""
    return replace(atmosphere, street_lamps_on=daylight(atmosphere).horizontal_lx < STREET_LAMPS_BELOW_LX)
