"""Slippery patches that lie on the road: black ice, oil, standing water."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from simulator.anomalies.base import Anomaly, Site, sheet, single
from simulator.scenario.distributions import Count, Metres, uniform
from simulator.scene import Material
from simulator.scene.material import Surface

LIFT_M = 0.007  # above road markings


class _Patch(Anomaly):
    """An irregular sheet on the road."""

    radius_m: Metres = uniform(1.0, 2.2)
    """Mean radius of a patch."""
    count: Count = 1
    """Number of patches along the lane, each a radius and a half further on."""

    _material: ClassVar[Material]
    _label: ClassVar[str]

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Lay the sheets."""
        for k in range(self.count):
            along = self.ahead_m + 2.5 * k * self.radius_m
            position, _ = site.at(along, self.lateral_m + (rng.normal(0, 0.5) if k else 0.0))
            mesh = sheet(site, position, self.radius_m * (1.0 if k == 0 else rng.uniform(0.5, 1.0)), LIFT_M, rng)
            model = single("road_defect", mesh, self._material, surface=self._label)
            site.builder.add_object(model, position, anomaly=self.taxonomy)


class IcePatch(_Patch, kind="ice_patch"):
    """Black ice: a clear, smooth sheet through which the dark road shows, and that mirrors the sky."""

    taxonomy: ClassVar[str] = "SUR-14"
    _label: ClassVar[str] = "black ice"
    _material: ClassVar[Material] = Material(
        "black ice",
        (0.035, 0.037, 0.04),
        roughness=0.12,
        clearcoat=1.0,
        reflectance_905=0.04,
        surface=Surface.ICE,
    )


class OilSpill(_Patch, kind="oil_spill"):
    """Oil or fuel: darker than the road and glossy."""

    taxonomy: ClassVar[str] = "SUR-08"
    _label: ClassVar[str] = "oil"
    _material: ClassVar[Material] = Material(
        "oil",
        (0.012, 0.011, 0.010),
        roughness=0.2,
        clearcoat=0.8,
        reflectance_905=0.03,
        surface=Surface.WATER,
    )


class Puddle(_Patch, kind="puddle"):
    """Standing water."""

    taxonomy: ClassVar[str] = "SUR-12"
    _label: ClassVar[str] = "standing water"
    _material: ClassVar[Material] = Material(
        "standing water",
        (0.03, 0.03, 0.028),
        roughness=0.03,
        clearcoat=1.0,
        reflectance_905=0.02,
        surface=Surface.WATER,
    )
