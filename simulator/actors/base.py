"""What an actor is: a frozen set of physical parameters and one method that makes its geometry."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar, Self

import numpy as np

from simulator.scenario.distributions import Distribution, Quantity
from simulator.scenario.family import Family
from simulator.scene import Model

Pace = Annotated[float, Quantity("m/s", ge=0.0, le=20.0)]


class Actor(Family, family="actors"):
    """Base of all road users and animals.

    Class data, for traffic (SUMO's vehicle-type defaults where it has the type, else typical published figures):
        class_name: semantic class of the first model.
        speed_mps: typical speed when moving.
        max_speed_mps, acceleration_mps2, deceleration_mps2: what it can do (comfortable braking).
    """

    class_name: ClassVar[str] = ""
    speed_mps: ClassVar[float] = 0.0
    max_speed_mps: ClassVar[float] = 0.0
    acceleration_mps2: ClassVar[float] = 2.0
    deceleration_mps2: ClassVar[float] = 3.0

    @property
    def usual_mps(self) -> float:
        """Usual speed of this individual when it moves, whose parameters have been drawn."""
        return self.speed_mps

    def models(self, rng: np.random.Generator) -> list[Model]:
        """Geometry of one individual: the actor, then its rider (if it has one) in the same frame.

        Parameters that are still distributions are drawn first, from the same stream.
        """
        return self.drawn(rng)._build(rng)

    def model(self, rng: np.random.Generator) -> Model:
        """The first of `models`."""
        return self.models(rng)[0]

    def drawn(self, rng: np.random.Generator) -> Self:
        """This actor with every distribution replaced by a number or name."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        drawn = {name: value.sample(rng) for name, value in given.items() if isinstance(value, Distribution)}
        return self.model_copy(update=drawn) if drawn else self

    def dressed(self, air_c: float, season: str = "", *, rains: bool = False) -> Self:
        """This actor with its person dressed for an air temperature, Celsius, and for rain, its animal for a season.

        What it is told otherwise it keeps; a season "" leaves the animal any.
        """
        told: dict[str, float | str] = {}
        if getattr(self, "dressed_for_c", air_c) is None:
            told["dressed_for_c"] = air_c
        if getattr(self, "in_rain", rains) is None:
            told["in_rain"] = rains
        if season and not getattr(self, "season", season):
            told["season"] = season
        return self.model_copy(update=told) if told else self

    @abstractmethod
    def _build(self, rng: np.random.Generator) -> list[Model]:
        """Geometry from concrete parameters."""


def lengthened(catalogue: float, given: float) -> float:
    """The dimension asked for, or the catalogue's where none (0) was."""
    return given if given > 0.0 else catalogue
