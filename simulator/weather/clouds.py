"""Cloud cover and clearness of the sky."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from simulator.scenario.distributions import Quantity
from simulator.scene import Atmosphere
from simulator.weather.base import Weather


class Clouds(Weather, kind="clouds"):
    """The sky above."""

    cloud_oktas: Annotated[float, Quantity("oktas", ge=0.0, le=8.0)] = 2.0
    """Eighths of the sky that clouds cover: 0 clear, 8 overcast."""
    turbidity: Annotated[float, Quantity("", ge=1.8, le=10.0)] = 3.0
    """Haze of the clear sky: 2 very clear, 3 clear, 6 hazy."""

    def apply(self, atmosphere: Atmosphere) -> Atmosphere:
        """Set cover and turbidity."""
        return replace(atmosphere, cloud_oktas=self.cloud_oktas, turbidity=self.turbidity)
