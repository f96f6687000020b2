"""Wind and temperature of the air."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated

from simulator.scenario.distributions import Quantity
from simulator.scene import Atmosphere
from simulator.weather.base import Weather


class Wind(Weather, kind="wind"):
    """Moving air."""

    wind_mps: Annotated[float, Quantity("m/s", ge=0.0, le=60.0)] = 2.0
    """Speed."""
    wind_from_deg: Annotated[float, Quantity("deg", ge=0.0, le=360.0)] = 240.0
    """Where it comes from, clockwise from north: 270 is a west wind."""
    temperature_c: Annotated[float, Quantity("C", ge=-40.0, le=50.0)] = 15.0
    """Temperature of the air."""

    def apply(self, atmosphere: Atmosphere) -> Atmosphere:
        """Set wind and temperature."""
        toward = math.radians(self.wind_from_deg + 180)
        wind = (self.wind_mps * math.sin(toward), self.wind_mps * math.cos(toward))
        return replace(atmosphere, wind_mps=wind, temperature_c=self.temperature_c)
