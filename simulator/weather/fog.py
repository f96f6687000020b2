"""Fog and haze."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from simulator.scenario.distributions import Quantity
from simulator.scene import Atmosphere
from simulator.weather.base import Weather


class Fog(Weather, kind="fog"):
    """How far one sees through the air itself; rain and snow take away from it."""

    visibility_m: Annotated[float, Quantity("m", ge=10.0, le=200_000.0)] = 20_000.0
    """Meteorological optical range without rain and snow: below 1000 m it is called fog."""

    def apply(self, atmosphere: Atmosphere) -> Atmosphere:
        """Set the visibility."""
        return replace(atmosphere, visibility_m=self.visibility_m)
