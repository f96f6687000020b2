"""Light and air around the scene: one physical state that camera, lidar, radar and tyres share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Atmosphere:
    """Everything about light and weather, in SI and photometric units.

    Attributes:
        sun_direction: (3,) unit vector toward the sun, world frame (x east, y north, z up).
        sun_elevation_rad: true elevation of the sun's centre with refraction; negative below the horizon.
        turbidity: Linke-like turbidity of the clear sky (2 very clear, 3 clear, 6 hazy).
        cloud_oktas: 0 clear .. 8 overcast.
        visibility_m: meteorological optical range MOR (contrast 5 %); extinction of fog = ln(20) / MOR.
        rain_mm_h: rain rate.
        snow_mm_h: snow rate as melted water.
        wind_mps: (2,) wind velocity east, north.
        water_film_m: depth of water on the road.
        snow_depth_m: depth of snow lying on the ground.
        temperature_c: air temperature.
        street_lamps_on: whether street lamps (and lit windows) burn.
    """

    sun_direction: NDArray[np.float64]
    sun_elevation_rad: float
    turbidity: float = 3.0
    cloud_oktas: float = 0.0
    visibility_m: float = 20_000.0
    rain_mm_h: float = 0.0
    snow_mm_h: float = 0.0
    wind_mps: tuple[float, float] = (0.0, 0.0)
    water_film_m: float = 0.0
    snow_depth_m: float = 0.0
    temperature_c: float = 15.0
    street_lamps_on: bool = False

    @property
    def extinction_1_m(self) -> float:
        """Extinction coefficient of the air for visible light (Koschmieder: MOR = ln 20 / alpha)."""
        return float(np.log(20.0) / self.visibility_m)
