"""What an anomaly is: a frozen set of physical parameters and one method that places it at a Site."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from simulator.dynamics.motion import Motion
from simulator.scenario.distributions import Metres, SignedMetres, uniform
from simulator.scenario.family import Family
from simulator.scene import Atmosphere, SceneBuilder

if TYPE_CHECKING:
    from simulator.roads import Path, RoadNetwork


@dataclass(slots=True)
class Site:
    """Where things are placed: the scene under construction and the road ahead of the ego.

    Attributes:
        builder: collects geometry and objects.
        network: the road network.
        path: the ego's lane centre line; s = 0 at the ego's start.
        atmosphere: light and weather (a broken-down car switches its lamps on at night).
        motions: prescribed motions; append to make an object move.
    """

    builder: SceneBuilder
    network: RoadNetwork
    path: Path
    atmosphere: Atmosphere
    motions: list[Motion] = field(default_factory=list)


class Anomaly(Family, family="anomalies"):
    """Base of all anomalies.

    `ahead_m` is the distance along the ego's path from the ego's start, `lateral_m` the offset to the left of the
    lane centre.
    """

    taxonomy: ClassVar[str] = ""
    ahead_m: Metres = uniform(20.0, 40.0)
    lateral_m: SignedMetres = uniform(-0.5, 0.5)

    @abstractmethod
    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Add the anomaly's objects (with `anomaly=self.taxonomy`), patches and motions to the site."""
