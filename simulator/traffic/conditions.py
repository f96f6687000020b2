"""What the weather does to drivers: how they adapt their speed and headway to it, and what tyres and eyes still can.

Speeds and headways follow the Highway Capacity Manual (Transportation Research Board, 7th edition, 2022), exhibits
11-20 and 11-21: default factors on the capacity and on the free-flow speed of motorways by weather, which the FHWA's
"Empirical Studies on Traffic Flow in Inclement Weather" (FHWA-HOP-07-073, 2006) measured alike. The capacity falls as
the time headway grows. Of several kinds of bad weather at once the worst counts.

What slippery roads ask for beyond that is physics: nobody corners faster than tyres hold, brakes harder than they can,
nor drives faster than to stop within sight.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.friction import NEW_TREAD_MM, pavement_friction
from simulator.numerics.jit import kernel
from simulator.numerics.units import GRAVITY_MPS2, MPH
from simulator.traffic.prospects import LATERAL_MPS2
from simulator.traffic.state import CONDITIONS_DTYPE, FAIR

INCH_MM, MILE_M = 25.4, 1609.344
_FREE_FLOW_MPH = np.array([55.0, 60.0, 65.0, 70.0, 75.0])  # columns
# Rows of exhibits 11-20 (capacity) and 11-21 (speed). Rain from 0.10 and 0.25 in/h; snow that covers the road: the row
# of heavy snowfall; visibility below 1, 0.5 and 0.25 miles.
_CAPACITY = {
    "medium rain": (0.94, 0.93, 0.92, 0.91, 0.90),
    "heavy rain": (0.89, 0.88, 0.86, 0.84, 0.82),
    "heavy snow": (0.80, 0.78, 0.76, 0.74, 0.72),
    "low visibility": (0.90, 0.90, 0.90, 0.90, 0.90),
    "very low visibility": (0.88, 0.88, 0.88, 0.88, 0.88),
    "minimal visibility": (0.90, 0.90, 0.90, 0.90, 0.90),
}
_SPEED = {
    "medium rain": (0.96, 0.95, 0.94, 0.93, 0.93),
    "heavy rain": (0.94, 0.93, 0.93, 0.92, 0.91),
    "heavy snow": (0.88, 0.86, 0.85, 0.83, 0.81),
    "low visibility": (0.96, 0.95, 0.94, 0.94, 0.93),
    "very low visibility": (0.95, 0.94, 0.93, 0.92, 0.91),
    "minimal visibility": (0.95, 0.94, 0.93, 0.92, 0.91),
}
CORNERING = 0.7  # share of the grip that drivers use in bends at most
STOPPING = 0.75  # the same, where they must stop
GENTLE = 0.5  # the same, when they speed up or slow down without need
REACTION_S = 1.5  # from seeing something to braking for it


class RoadWeather(NamedTuple):
    """Weather as it matters to who drives.

    Attributes:
        rain_mm_h: rain rate.
        sight_m: how far one sees.
        film_mm: water above the texture of the pavement.
        friction: of tyres on the road; 0: as film and speed give on pavement.
        white: whether snow or ice covers the road.
    """

    rain_mm_h: float
    sight_m: float
    film_mm: float
    friction: float
    white: bool


def conditions_in(weather: RoadWeather, limit_mps: float) -> NDArray[np.void]:
    """() CONDITIONS_DTYPE: what drivers make of the weather, on roads where they may go at `limit_mps`."""
    found = _kinds(weather)
    out = np.zeros((), CONDITIONS_DTYPE)
    out[()] = FAIR
    for kind in found:
        out["pace"] = min(out["pace"], np.interp(limit_mps / MPH, _FREE_FLOW_MPH, _SPEED[kind]))
        out["headway"] = max(out["headway"], 1.0 / np.interp(limit_mps / MPH, _FREE_FLOW_MPH, _CAPACITY[kind]))
    if weather.friction > 0.0 or weather.film_mm > 0.0:
        friction = weather.friction or pavement_friction(limit_mps, weather.film_mm, NEW_TREAD_MM)
        out["grip"] = max(friction, 0.05) * GRAVITY_MPS2
    out["pace"] = min(float(out["pace"]), min(CORNERING * float(out["grip"]) / LATERAL_MPS2, 1.0) ** 0.5)
    if found and weather.sight_m < MILE_M:
        braking = STOPPING * min(float(out["grip"]), _dry_grip(limit_mps))
        out["fastest"] = braking * (np.sqrt(REACTION_S**2 + 2.0 * weather.sight_m / braking) - REACTION_S)
    return out


def _dry_grip(speed_mps: float) -> float:
    return float(pavement_friction(speed_mps, 0.0, NEW_TREAD_MM)) * GRAVITY_MPS2


def _kinds(weather: RoadWeather) -> list[str]:
    """Kinds of bad weather, as the manual names them."""
    found = []
    if weather.rain_mm_h > 0.25 * INCH_MM:
        found.append("heavy rain")
    elif weather.rain_mm_h > 0.10 * INCH_MM:
        found.append("medium rain")
    if weather.white:
        found.append("heavy snow")
    for below, name in ((0.25, "minimal"), (0.5, "very low"), (1.0, "low")):
        if weather.sight_m < below * MILE_M:
            found.append(f"{name} visibility")
            break
    return found


@kernel(inline=True)
def adapt(driver, conditions):
    """Let a driver (DRIVER_DTYPE) drive as the weather (CONDITIONS_DTYPE) asks."""
    driver.pace *= conditions.pace
    driver.fastest = min(driver.fastest, conditions.fastest)
    driver.headway *= conditions.headway
    driver.hardest = min(driver.hardest, conditions.grip)
    gentle = GENTLE * conditions.grip
    driver.accel, driver.decel = min(driver.accel, gentle), min(driver.decel, gentle)
