"""What weather is: members that each contribute flat fields in physical units and change the Atmosphere."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from simulator.scenario.family import Family
from simulator.scene import Atmosphere

CONTRAST = 20.0  # 1 / 5 %: contrast that defines the meteorological optical range


class Weather(Family, family="weather"):
    """Base of all weather; field names are unique over all members, for they share one mapping in a scenario.

    `rank` orders the members where one builds on another (rain wets what the wind has not dried): low first.
    """

    rank: ClassVar[int] = 0

    @abstractmethod
    def apply(self, atmosphere: Atmosphere) -> Atmosphere:
        """The atmosphere with this member's share of the weather."""


def less_visibility_m(visibility_m: float, extinction_1_m: float) -> float:
    """Optical range when `extinction_1_m` is added to air of `visibility_m` (Koschmieder: MOR = ln 20 / alpha)."""
    return float(np.log(CONTRAST) / (np.log(CONTRAST) / visibility_m + extinction_1_m))
