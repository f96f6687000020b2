"""Animals on the road."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from simulator.anomalies.base import Anomaly, Site, actor_models
from simulator.dynamics.motion import Motion
from simulator.scenario.distributions import (
    Count,
    Fraction,
    Metres,
    MetresPerSecond,
    SignedMetres,
    Word,
    choice,
    integer,
    uniform,
)

SPECIES = {
    "deer": "ANI-03",
    "boar": "ANI-08",
    "dog": "ANI-01",
    "cat": "ANI-02",
    "cow": "ANI-06",
    "horse": "ANI-04",
    "sheep": "ANI-07",
    "fox": "ANI-16",
}


FARROWED = ("spring", "summer")  # when sows lead striped piglets


class Animals(Anomaly, kind="animals"):
    """One animal or several that cross the road or stand on it."""

    taxonomy: ClassVar[str] = "ANI-16"
    species: Annotated[str, Word(tuple(SPECIES))] = choice(*SPECIES)
    count: Count = integer(1, 2)
    crossing: Fraction = 0.7
    """Probability that an animal crosses; otherwise it stands."""
    speed_mps: MetresPerSecond = uniform(1.5, 5.0)
    trigger_m: Metres = uniform(20.0, 60.0)
    """They start when the ego's front is this near."""
    lateral_m: SignedMetres = uniform(-2.0, 1.0)

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Place the animals; those that cross walk to the left."""
        for k in range(self.count):
            crosses = rng.random() < self.crossing
            pace = float(self.speed_mps * rng.uniform(0.85, 1.15))
            young = {"style": "piglet"} if self.species == "boar" and k and site.season in FARROWED else {}
            pose = "walking" if crosses else "standing"
            model = actor_models(self.species, rng, pose=pose, pace_mps=pace, season=site.season, **young)[0]
            along = self.ahead_m + 2.2 * k + (rng.uniform(-0.5, 0.5) if k else 0.0)
            side = self.lateral_m - (0.9 * k + rng.uniform(0, 0.5) if k else 0.0)
            turn = np.pi / 2 + rng.normal(0, 0.2) if crosses else rng.uniform(0, 2 * np.pi)
            row = site.put(
                model,
                along,
                side,
                turn,
                moving=crosses,
                anomaly=SPECIES[self.species],
                attributes={"species": self.species},
            )
            if crosses:
                start, rpy = site.at(along, side)
                heading = rpy[2] + turn
                reach = np.linspace(0, 25, 26)
                line = start + np.outer(reach, [np.cos(heading), np.sin(heading), 0.0])
                line[:, 2] = site.builder.ground_height(line)
                site.motions.append(
                    Motion(
                        row,
                        line,
                        pace,
                        3.0,
                        start_ego_distance_m=self.trigger_m,
                        initial_speed_mps=0.0,
                    )
                )


class Deer(Animals, kind="deer"):
    """Deer crossing from the roadside."""

    taxonomy: ClassVar[str] = "ANI-03"
    species: Annotated[str, Word(tuple(SPECIES))] = "deer"
    count: Count = integer(1, 3)
