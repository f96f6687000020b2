"""Debris and lost cargo: things on the carriageway that nobody drives over willingly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar

import numpy as np

from simulator.anomalies import _props
from simulator.anomalies._mattress import mattress
from simulator.anomalies.base import Anomaly, Site
from simulator.scenario.distributions import Count, Metres, Word, choice, integer
from simulator.scene import Model

Maker = Callable[[np.random.Generator], Model]

DEBRIS: dict[str, tuple[str, Maker]] = {
    "crate": ("OBJ-01", _props.crate),
    "cardboard_box": ("OBJ-03", _props.carton),
    "pallet": ("OBJ-04", _props.pallet),
    "tyre": ("OBJ-05", _props.tyre),
    "tyre_tread": ("OBJ-06", _props.tread),
    "bumper": ("OBJ-07", _props.bumper),
    "planks": ("OBJ-13", _props.plank),
    "suitcase": ("OBJ-29", _props.suitcase),
}
CARGO: dict[str, tuple[str, Maker]] = {
    "mattress": ("OBJ-31", mattress),
    "sofa": ("OBJ-32", _props.sofa),
    "refrigerator": ("OBJ-34", _props.refrigerator),
    "ladder": ("OBJ-35", _props.ladder),
    "pipes": ("OBJ-49", _props.pipes),
}


def _lay(site: Site, model: Model, along_m: float, side_m: float, rng: np.random.Generator, taxonomy: str) -> None:
    """Put a thing down at a random angle, soaked if the road is wet."""
    thing = _props.soaked(model) if site.atmosphere.water_film_m > 0 else model
    site.put(thing, along_m, side_m, rng.uniform(0, 2 * np.pi), anomaly=taxonomy)


class Debris(Anomaly, kind="debris"):
    """One or several small things scattered over the lane."""

    taxonomy: ClassVar[str] = "OBJ-03"
    item: Annotated[str, Word(tuple(DEBRIS))] = choice(*DEBRIS)
    """What the first piece is; the others are drawn at random."""
    count: Count = integer(1, 4)
    spread_m: Metres = 5.0
    """How far along the lane the pieces are scattered."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Scatter the pieces."""
        for k in range(self.count):
            taxonomy, make = DEBRIS[self.item if k == 0 else str(rng.choice(list(DEBRIS)))]
            along = self.ahead_m + (k + rng.uniform(-0.3, 0.3)) * self.spread_m / max(self.count, 1) * (k > 0)
            side = self.lateral_m + (rng.uniform(-1.4, 1.4) if k else 0.0)
            _lay(site, make(rng), along, side, rng, taxonomy)


class LostCargo(Anomaly, kind="lost_cargo"):
    """A large piece that fell off a vehicle."""

    taxonomy: ClassVar[str] = "OBJ-31"
    cargo: Annotated[str, Word(tuple(CARGO))] = choice(*CARGO)
    """What fell."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Lay it down at a random angle."""
        taxonomy, make = CARGO[self.cargo]
        _lay(site, make(rng), self.ahead_m, self.lateral_m, rng, taxonomy)


class Rockfall(Anomaly, kind="rockfall"):
    """Stones that came down on the road."""

    taxonomy: ClassVar[str] = "OBJ-17"
    count: Count = integer(6, 16)
    largest_m: Metres = 0.35
    """Radius of the largest stone."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Scatter stones, most of them small, denser to the right."""
        for k in range(self.count):
            radius = self.largest_m * (1.0 if k == 0 else rng.uniform(0.15, 1.0) ** 2 + 0.08)
            side = self.lateral_m + (0.0 if k == 0 else rng.normal(-0.8, 1.2))
            along = self.ahead_m + (0.0 if k == 0 else rng.normal(0, 2.5))
            taxonomy = self.taxonomy if self.count > 1 else "OBJ-16"
            site.put(_props.rock(rng, radius), along, side, rng.uniform(0, 2 * np.pi), anomaly=taxonomy)


class ConesInLane(Anomaly, kind="cones_in_lane"):
    """Traffic cones where none belong, standing or toppled."""

    taxonomy: ClassVar[str] = "OBJ-21"
    count: Count = integer(1, 4)

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Put cones; about half of them lie on their side."""
        for k in range(self.count):
            along, side = self.ahead_m + 1.5 * k, self.lateral_m + (rng.normal(0, 0.8) if k else 0.0)
            if rng.random() < 0.5:
                site.put(_props.toppled_cone(), along, side, rng.uniform(0, 2 * np.pi), anomaly="OBJ-22")
            else:
                site.put(_props.cone(), along, side, anomaly="OBJ-21", attributes={"pose": "standing"})
