"""Animals on the road."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.anomalies.base import Anomaly, Site, actor_models
from simulator.dynamics.motion import Motion
from simulator.numerics.rng import offshoot
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
from simulator.scenario.family import member

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

STROLL_MPS2 = 3.0
# Who flees gallops off the road, away from the ego, at a share of the top speed of its kind; within 0.5 g (by choice:
# impalas that are hunted reach more, Wilson et al., Nature 554, 2018).
FLIGHT_WAY_RAD, FLIGHT_SHARE, FLIGHT_MPS2 = (1.0, 1.6), (0.45, 0.7), 4.5
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
    flees: Fraction = 0.3
    """Probability that one which stands gallops off the road when the ego is that near."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Place the animals; those that cross walk to the left. Before, they look at the ego."""
        flight = offshoot(rng, "flight")
        for k in range(self.count):
            crosses = rng.random() < self.crossing
            pace, hurry = float(self.speed_mps * rng.uniform(0.85, 1.15)), STROLL_MPS2
            flees = bool(flight.random() < self.flees) and not crosses
            way = float(flight.uniform(*FLIGHT_WAY_RAD)) * site.kerb_side
            if flees:
                most: Any = member("actors", self.species)
                pace, hurry = float(flight.uniform(*FLIGHT_SHARE)) * most.max_speed_mps, FLIGHT_MPS2
            moves = crosses or flees
            young = {"style": "piglet"} if self.species == "boar" and k and site.season in FARROWED else {}
            along = self.ahead_m + 2.2 * k
            looks = np.pi - way if flees else 0.5 * np.pi
            told = {"pose": "walking" if moves else "standing", "pace_mps": pace, "season": site.season, **young}
            model = actor_models(self.species, rng, looks_deg=_degrees(looks), **told)[0]
            along += rng.uniform(-0.5, 0.5) if k else 0.0
            side = self.lateral_m - (0.9 * k + rng.uniform(0, 0.5) if k else 0.0)
            turn = np.pi / 2 + rng.normal(0, 0.2) if crosses else rng.uniform(0, 2 * np.pi)
            turn = way if flees else turn
            row = site.put(
                model,
                along,
                side,
                turn,
                moving=moves or model.watch_rad > 0.0,
                anomaly=SPECIES[self.species],
                attributes={"species": self.species},
            )
            if moves:
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
                        hurry,
                        start_ego_distance_m=self.trigger_m,
                        initial_speed_mps=0.0,
                    )
                )


def _degrees(angle: float) -> float:
    """An angle (rad) in degrees between -180 and 180."""
    return float(np.degrees((angle + np.pi) % (2 * np.pi) - np.pi))


class Deer(Animals, kind="deer"):
    """Deer crossing from the roadside."""

    taxonomy: ClassVar[str] = "ANI-03"
    species: Annotated[str, Word(tuple(SPECIES))] = "deer"
    count: Count = integer(1, 3)
