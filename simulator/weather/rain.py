"""Rain and the water it leaves on the road."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

from simulator.scenario.distributions import Quantity
from simulator.scene import Atmosphere
from simulator.weather.base import Weather, less_visibility_m
from simulator.weather.daylight import RAIN_CLOUD_OKTAS

TEXTURE_DEPTH_MM = 0.8  # mean texture depth of common asphalt
LANE_DRAIN_M = 7.3  # two lanes drain to one side
CROSS_SLOPE = 0.02
WET_MM = 0.2  # film of a wet road in the Bosch Automotive Handbook's table of friction (`dynamics.friction`)


def rain_extinction_1_m(rain_mm_h: float) -> float:
    """Extinction of visible light by rain: 0.312 R^0.67 per km (Weber et al., 2015)."""
    return float(0.312e-3 * rain_mm_h**0.67)


def gallaway_depth_mm(rain_mm_h: float, texture_mm: float, drain_m: float, slope: float) -> float:
    """Depth of the water film above the tips of the road's texture; negative: the water stays in the texture.

    B. M. Gallaway et al., FHWA-RD-79-30 (1979), in SI units: 0.01485 TXD^0.11 L^0.43 I^0.59 / S^0.42 - TXD.
    """
    return float(0.01485 * texture_mm**0.11 * drain_m**0.43 * rain_mm_h**0.59 / slope**0.42 - texture_mm)


def tyre_film_mm(water_mm: float) -> float:
    """Film by which a road is as slippery as under this depth of water, which is from the bottom of its texture.

    Water that stays in the texture makes a wet road, too, by so much as the table above calls one; more counts from the
    tips on.
    """
    return max(water_mm - TEXTURE_DEPTH_MM, min(water_mm, WET_MM), 0.0)


class Rain(Weather, kind="rain"):
    """Falling rain, and the film of water on the road."""

    rank: ClassVar[int] = 2

    rain_mm_h: Annotated[float, Quantity("mm/h", ge=0.0, le=200.0)] = 0.0
    """Rain rate: 0.5 drizzle, 4 moderate, 10 heavy, 50 violent shower."""
    water_film_mm: Annotated[float, Quantity("mm", ge=0.0, le=20.0)] | None = None
    """Mean depth of water on the road, from the bottom of its texture; null: what the rain leaves (Gallaway)."""

    def apply(self, atmosphere: Atmosphere) -> Atmosphere:
        """Bring rain, the clouds it falls from, less visibility and a wet road."""
        film = self.water_film_mm
        if film is None:
            above_tips = gallaway_depth_mm(self.rain_mm_h, TEXTURE_DEPTH_MM, LANE_DRAIN_M, CROSS_SLOPE)
            film = above_tips + TEXTURE_DEPTH_MM
        oktas = atmosphere.cloud_oktas
        return replace(
            atmosphere,
            rain_mm_h=self.rain_mm_h,
            visibility_m=less_visibility_m(atmosphere.visibility_m, rain_extinction_1_m(self.rain_mm_h)),
            cloud_oktas=max(oktas, RAIN_CLOUD_OKTAS) if self.rain_mm_h > 0 else oktas,
            water_film_m=film / 1000,
        )
