"""What the weather of an environment does to everybody: to agents' tyres and sensors, and to the drivers about them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.friction import SURFACE_FRICTION
from simulator.envs.agents import WEATHER_DTYPE
from simulator.envs.tasks.base import Weather
from simulator.traffic.conditions import RoadWeather, conditions_in


def weather_row(weather: Weather) -> NDArray[np.void]:
    """() WEATHER_DTYPE: what agents' tyres and sensors get of it."""
    row = np.zeros((), WEATHER_DTYPE)
    row["sight"] = weather.sight_m()
    water = weather.water_mm()
    if water > 0.0:
        from simulator.weather.rain import tyre_film_mm

        row["film"] = tyre_film_mm(water)
    if weather.friction is not None:
        row["friction"] = weather.friction
    elif weather.surface in SURFACE_FRICTION:
        row["friction"] = SURFACE_FRICTION[weather.surface]
    return row


def conditions_of(weather: Weather, limit_mps: float) -> NDArray[np.void]:
    """() CONDITIONS_DTYPE: what drivers make of it, on roads where they may go at `limit_mps`."""
    row = weather_row(weather)
    sight, film, friction = (float(row[name]) for name in ("sight", "film", "friction"))
    white = weather.surface in ("snow", "ice")
    return conditions_in(RoadWeather(weather.rain_mm_h, sight, film, friction, white), limit_mps)
