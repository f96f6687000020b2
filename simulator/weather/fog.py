"""Fog, haze and dust."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from simulator.scenario.distributions import Quantity
from simulator.scene import Atmosphere
from simulator.weather.base import Weather


class Fog(Weather, kind="fog"):
    """How far one sees through the air near the ground; rain and snow take away from it. Fog thins with height."""

    visibility_m: Annotated[float, Quantity("m", ge=10.0, le=200_000.0)] = 20_000.0
    """Meteorological optical range without rain and snow: below 1000 m it is called fog."""

    fog_depth_m: Annotated[float, Quantity("m", ge=1.0, le=1000.0)] = 120.0
    """Height in which fog grows thinner by a factor of e: a few metres over cold meadows on a clear night, which the
    sun shines through; 100 to 200 m where it has stood all night (radiation and advection fog)."""

    dust_share: Annotated[float, Quantity("", ge=0.0, le=1.0)] = 0.0
    """Share of what takes the visibility that is mineral dust, whose light is brown, not drops of water. Dust storms
    reach some 1000 m high (`fog_depth_m`)."""

    def apply(self, atmosphere: Atmosphere) -> Atmosphere:
        """Set the visibility and what takes it."""
        return replace(
            atmosphere, visibility_m=self.visibility_m, fog_depth_m=self.fog_depth_m, dust_share=self.dust_share
        )
