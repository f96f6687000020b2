"""People where a driver does not expect them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from simulator.anomalies.base import Anomaly, Site, actor_drawn, actor_models
from simulator.dynamics.motion import Motion
from simulator.scenario.distributions import Metres, MetresPerSecond, SignedMetres, uniform


class PersonLying(Anomaly, kind="person_lying"):
    """A person lying on the carriageway."""

    taxonomy: ClassVar[str] = "AGT-24"

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Lay the person down at a random angle."""
        model = actor_models("pedestrian", rng, pose="lying", dressed_for_c=site.atmosphere.temperature_c)[0]
        site.put(model, self.ahead_m, self.lateral_m, rng.uniform(0, 2 * np.pi), anomaly=self.taxonomy)


class ChildBehindVan(Anomaly, kind="child_behind_van"):
    """A child runs onto the road from behind a van parked at the kerb (compare Euro NCAP CPNCO)."""

    taxonomy: ClassVar[str] = "SCN-07"
    speed_mps: MetresPerSecond | None = None
    """Speed of the child; null: as children of its age run."""
    trigger_m: Metres = uniform(10.0, 22.0)
    """The child starts when the ego's front is this near."""
    kerb_m: Metres = 1.25
    """Distance from the lane's edge to the middle of the van, outward."""
    lateral_m: SignedMetres = 0.0

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Park the van with its front at `ahead_m`; the child waits just ahead of it."""
        van = actor_models("van", rng)[0]
        kerb = site.kerb_side
        edge = kerb * site.lane_half_width_m(self.ahead_m)
        front = float(van.bounds[1, 0])
        site.put(van, self.ahead_m - front, edge + kerb * self.kerb_m, attributes={"state": "parked"}, anomaly="SCN-07")
        air_c = site.atmosphere.temperature_c
        actor = actor_drawn("child", rng, dressed_for_c=air_c)
        speed = actor.running_mps if self.speed_mps is None else self.speed_mps
        child = actor.model_copy(update={"pace_mps": speed}).model(rng)
        along = self.ahead_m + 0.7
        beside = edge + kerb * (self.kerb_m - 0.2)
        row = site.put(child, along, beside, -kerb * np.pi / 2, moving=True, anomaly="AGT-23")
        start, rpy = site.at(along, beside)
        across = -kerb * np.array([-np.sin(rpy[2]), np.cos(rpy[2]), 0.0])
        line = start + np.outer(np.linspace(0, 9, 10), across)
        line[:, 2] = site.builder.ground_height(line)
        site.motions.append(Motion(row, line, speed, 4.0, start_ego_distance_m=self.trigger_m))
