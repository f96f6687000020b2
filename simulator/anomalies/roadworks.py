"""Roadworks: the ego's lane closed by cones and barrier boards with beacons."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from simulator.anomalies import _props
from simulator.anomalies.base import Anomaly, Site, actor_models, single
from simulator.scenario.distributions import Metres, uniform
from simulator.scene import Material, Switch
from simulator.scene.material import srgb

SAND = Material("sand", srgb("#a98f67"), roughness=1.0, reflectance_905=0.45)
BEACON = 1 << Switch.BEACON
HEAP_M = 5.2  # from the boards to the middle of the heap, which is 2.6 m long


class Roadworks(Anomaly, kind="roadworks"):
    """A taper of cones across the lane, barrier boards, a heap of sand, a worker and an excavator or truck behind."""

    taxonomy: ClassVar[str] = "INF-04"
    taper_m: Metres = uniform(10.0, 18.0)
    """Length over which the cones cross the lane."""
    length_m: Metres = uniform(12.0, 25.0)
    """Length of the closed part behind the taper."""
    spacing_m: Metres = uniform(1.8, 3.0)
    """Distance between cones."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Build the works across the ego's lane, from the edge of the road on."""
        half, kerb = site.lane_half_width_m(self.ahead_m), site.kerb_side
        cone = _props.cone()
        for u in np.arange(0.0, self.taper_m + 1e-6, self.spacing_m):
            side = kerb * (half - 0.2) * (1 - 2 * u / self.taper_m)
            site.put(cone, self.ahead_m + u, side, rng.uniform(0, 2 * np.pi), anomaly=self.taxonomy)
        start = self.ahead_m + self.taper_m
        for u in np.arange(self.spacing_m * 2, self.length_m, self.spacing_m * 2):
            site.put(cone, start + u, -kerb * (half - 0.2), rng.uniform(0, 2 * np.pi), anomaly=self.taxonomy)
        for side in (-half * 0.5, half * 0.5):
            row = site.put(
                _props.barrier(round(0.9 * half, 2)),
                start + 1.5,
                side,
                rng.normal(0, 0.05),
                anomaly=self.taxonomy,
            )
            site.lamps[row] = BEACON
        dressed = {"clothes": "high_visibility", "dressed_for_c": site.atmosphere.temperature_c}
        worker = actor_models("pedestrian", rng, **dressed, pose="standing", carries="")[0]
        site.put(worker, start + 3.0, kerb * 0.6 * half, rng.uniform(0, 6), anomaly="AGT-29")
        heap = single("debris", _props.sand_heap(rng, 2.6, 1.8, 0.7), SAND, what="heap of sand")
        site.put(heap, start + HEAP_M, kerb * 0.1 * half, rng.normal(0, 0.15), anomaly="OBJ-48")
        machine = actor_models("excavator", rng)[0]
        behind = HEAP_M + 2.1 + float(machine.bounds[1, 0])  # it faces the ego
        place = start + max(self.length_m * 0.7, behind)
        row = site.put(machine, place, 0.0, np.pi + rng.normal(0, 0.1), anomaly="AGT-10")
        site.lamps[row] = BEACON
