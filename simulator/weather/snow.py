"""Falling and lying snow."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np

from simulator.scenario.distributions import Quantity
from simulator.scene import Atmosphere
from simulator.weather.base import Weather, less_visibility_m

FLAKE_DENSITY = 0.1  # of a flake, relative to water
SNOW_CLOUD_OKTAS = 8.0
WARMEST_SNOW_C = 1.0


def snow_extinction_1_m(snow_mm_h: float) -> float:
    """Extinction of visible light by falling snow.

    Twice the cross-section of all flakes (large-particle limit) of the size distribution of K. Gunn and
    J. Marshall (J. Meteorology 15, 1958), N(D) = 3800 R^-0.87 exp(-2.55 R^-0.48 D) per m3 and mm of melted diameter;
    a flake of density 0.1 is 10^(1/3) times as wide as its drop. 1 mm/h gives a visibility of 0.9 km.
    """
    if snow_mm_h <= 0:
        return 0.0
    number = 3800.0 * snow_mm_h**-0.87
    slope = 2.55 * snow_mm_h**-0.48
    mm2_per_m3 = 2 * np.pi / 4 * FLAKE_DENSITY ** (-2 / 3) * number * 2 / slope**3
    return float(mm2_per_m3 * 1e-6)


class Snow(Weather, kind="snow"):
    """Snow in the air and on the ground."""

    rank: ClassVar[int] = 3

    snow_mm_h: Annotated[float, Quantity("mm/h", ge=0.0, le=20.0)] = 0.0
    """Snow rate as melted water: 0.5 light, 1 moderate, 2.5 heavy."""
    snow_depth_mm: Annotated[float, Quantity("mm", ge=0.0, le=3000.0)] = 0.0
    """Depth of snow lying on the ground."""

    def apply(self, atmosphere: Atmosphere) -> Atmosphere:
        """Bring snow, the clouds it falls from, cold and less visibility."""
        oktas, temperature = atmosphere.cloud_oktas, atmosphere.temperature_c
        if self.snow_mm_h > 0:
            oktas = max(oktas, SNOW_CLOUD_OKTAS)
        if self.snow_mm_h > 0 or self.snow_depth_mm > 0:
            temperature = min(temperature, WARMEST_SNOW_C)
        return replace(
            atmosphere,
            snow_mm_h=self.snow_mm_h,
            snow_depth_m=self.snow_depth_mm / 1000,
            cloud_oktas=oktas,
            temperature_c=temperature,
            visibility_m=less_visibility_m(atmosphere.visibility_m, snow_extinction_1_m(self.snow_mm_h)),
        )
