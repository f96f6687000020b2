"""Vehicles that do what they should not: broken down, or driving the wrong way."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from simulator.anomalies import _props
from simulator.anomalies.base import HAZARD_LIGHTS, Anomaly, Site, actor_models
from simulator.dynamics.motion import Motion
from simulator.scenario.distributions import Metres, MetresPerSecond, SignedMetres, Word, choice, uniform
from simulator.scene import Switch

KINDS = ("car", "van", "truck")


class BrokenDownVehicle(Anomaly, kind="broken_down_vehicle"):
    """A vehicle standing in the lane with hazard lights, its warning triangle put up before it."""

    taxonomy: ClassVar[str] = "BEH-23"
    vehicle: Annotated[str, Word(KINDS)] = choice(*KINDS, weights=(0.7, 0.2, 0.1))
    triangle_m: Metres = uniform(8.0, 20.0)
    """Distance of the warning triangle before the vehicle."""
    smoke: Annotated[str, Word(("none", "steam", "smoke"))] = choice(
        "none", "steam", "smoke", weights=(0.6, 0.25, 0.15)
    )
    """What rises from the engine: steam of a boiling radiator, smoke of a smouldering one."""
    ahead_m: Metres = uniform(25.0, 45.0)
    lateral_m: SignedMetres = uniform(-0.9, -0.2)

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Park it slightly askew, lamps flashing; the triangle further back."""
        model = actor_models(self.vehicle, rng)[0]
        row = site.put(
            model,
            self.ahead_m,
            self.lateral_m,
            rng.normal(0, 0.06),
            anomaly=self.taxonomy,
            attributes={"state": "broken down"} | ({} if self.smoke == "none" else {"smoke": self.smoke}),
        )
        site.lamps[row] = HAZARD_LIGHTS | ((1 << Switch.POSITION) | (1 << Switch.PLATE) if site.dark else 0)
        back = max(self.ahead_m - self.triangle_m, 3.0)
        site.put(_props.warning_triangle(), back, self.lateral_m - 0.4, anomaly=self.taxonomy)


class WrongWayDriver(Anomaly, kind="wrong_way_driver"):
    """A vehicle that comes toward the ego on the ego's own lane."""

    taxonomy: ClassVar[str] = "BEH-01"
    vehicle: Annotated[str, Word(KINDS)] = choice(*KINDS, weights=(0.8, 0.1, 0.1))
    speed_mps: MetresPerSecond = uniform(12.0, 25.0)
    ahead_m: Metres = uniform(50.0, 90.0)

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Start it on the ego's lane, facing the ego."""
        model = actor_models(self.vehicle, rng)[0]
        reach = min(self.ahead_m, site.path.length)
        line = site.path.at(np.arange(reach, -0.5, -1.0), self.lateral_m)[0]
        row = site.put(model, reach, self.lateral_m, np.pi, moving=True, anomaly=self.taxonomy)
        site.motions.append(Motion(row, np.asarray(line), self.speed_mps, initial_speed_mps=self.speed_mps))
        site.lamps[row] = site.atmosphere.headlamps
