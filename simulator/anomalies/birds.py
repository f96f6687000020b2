"""A flock of birds over the road."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from simulator.anomalies.base import Anomaly, Site, actor_drawn
from simulator.dynamics.motion import Motion
from simulator.scenario.distributions import Count, Metres, SignedMetres, Word, choice, integer, uniform

SPECIES = ("pigeon", "crow", "gull", "goose", "duck", "buzzard", "heron")
IN_V = ("goose", "duck")  # who flies in formation
ALONE = ("buzzard", "heron")
BEYOND_M = 250.0  # how far they are bound


class Birds(Anomaly, kind="birds"):
    """Birds that fly across the road, to the left, above all vehicles; drivers do not heed them.

    Geese and ducks fly in a V, others in a loose flock, buzzards and herons alone.
    """

    taxonomy: ClassVar[str] = "ANI-12"
    species: Annotated[str, Word(SPECIES)] = choice(*SPECIES)
    count: Count = integer(3, 9)
    height_m: Metres = uniform(5.0, 10.0)
    """Of the lowest above the road."""
    ahead_m: Metres = uniform(30.0, 60.0)
    lateral_m: SignedMetres = uniform(-30.0, -10.0)
    """Of the first, when the drive begins."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Place them on their way."""
        start, rpy = site.at(self.ahead_m, self.lateral_m)
        heading = float(rpy[2] + np.pi / 2 + rng.normal(0.0, 0.35))
        forward = np.array([np.cos(heading), np.sin(heading), 0.0])
        aside = np.array([-forward[1], forward[0], 0.0])
        count = 1 if self.species in ALONE else self.count
        for along, side, rise in _flock(count, rng, in_v=self.species in IN_V):
            bird = actor_drawn("bird", rng, style=self.species, pose="flying", height_m=0.0)
            at = start + along * forward + side * aside + [0.0, 0.0, self.height_m + rise]
            row = site.builder.add_object(
                bird.model(rng),
                at,
                (0.0, 0.0, heading),
                moving=True,
                anomaly=self.taxonomy,
                attributes={"species": self.species},
            )
            line = np.stack([at, at + BEYOND_M * forward])
            site.motions.append(Motion(row, line, bird.usual_mps, initial_speed_mps=bird.usual_mps))


def _flock(count: int, rng: np.random.Generator, *, in_v: bool) -> NDArray[np.float64]:
    """(N, 3) places ahead, to the left and above of birds, the first at the origin; two wing spans apart or so."""
    order = np.arange(count)
    if in_v:
        rank, sign = (order + 1) // 2, np.where(order % 2, 1.0, -1.0)
        places = np.stack([-1.8 * rank, 1.9 * sign * rank, 0.0 * rank], 1) + rng.normal(0.0, 0.2, (count, 3))
    else:  # on a grid that strays, so that none touches another
        columns = int(np.ceil(np.sqrt(count)))
        grid = np.stack([-3.0 * (order // columns), 2.6 * (order % columns), 0.0 * order], 1)
        places = grid + rng.uniform(-0.7, 0.7, (count, 3))
    places -= places[0]
    places[:, 2] -= places[:, 2].min()
    return np.asarray(places, np.float64)
