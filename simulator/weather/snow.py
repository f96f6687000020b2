"""Falling and lying snow."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from simulator.scenario.distributions import Quantity
from simulator.scene import Atmosphere
from simulator.weather.base import Weather, less_visibility_m

# Density of flakes, relative to water, by their width in mm: large ones, clumps of many crystals, are the lightest (E.
# Brandes et al., "A statistical and physical description of hydrometeor distributions in Colorado snowstorms", J.
# Applied Meteorology and Climatology 46, 2007).
FLAKE_DENSITY, FLAKE_THINS = 0.178, -0.922
SNOW_CLOUD_OKTAS = 8.0
WARMEST_SNOW_C = 1.0


def flake_mm(melted_mm: NDArray[np.floating]) -> NDArray[np.floating]:
    """Widths of flakes, mm, by the diameters of the drops that they melt to: 2.3 of 1 mm, 6.2 of 2 mm."""
    return np.asarray(np.maximum((melted_mm**3 / FLAKE_DENSITY) ** (1 / (3 + FLAKE_THINS)), melted_mm))


def melted_mm(flake_mm: NDArray[np.floating]) -> NDArray[np.floating]:
    """Inverse of `flake_mm`."""
    return np.asarray(np.minimum((FLAKE_DENSITY * flake_mm ** (3 + FLAKE_THINS)) ** (1 / 3), flake_mm))


def snow_extinction_1_m(snow_mm_h: float) -> float:
    """Extinction of visible light by falling snow.

    Twice the cross-section of all flakes (large-particle limit) of the size distribution of K. Gunn and
    J. Marshall (J. Meteorology 15, 1958), N(D) = 3800 R^-0.87 exp(-2.55 R^-0.48 D) per m3 and mm of melted diameter D,
    of width `flake_mm`. 1 mm/h gives a visibility of 0.7 km.
    """
    if snow_mm_h <= 0:
        return 0.0
    number = 3800.0 * snow_mm_h**-0.87
    slope = 2.55 * snow_mm_h**-0.48
    power = 2 / (3 + FLAKE_THINS)  # the square of the width is (D^3 / density)^power
    mm2_per_m3 = 2 * np.pi / 4 * number * FLAKE_DENSITY**-power * math.gamma(3 * power + 1) / slope ** (3 * power + 1)
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
