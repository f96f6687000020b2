"""Slippery films that lie on the road: black ice, oil, standing water."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np

from simulator.anomalies.base import Anomaly, Site
from simulator.anomalies.film import Shape, film, footprint
from simulator.dynamics.friction import SURFACE_FRICTION
from simulator.dynamics.surface import Patch
from simulator.scenario.distributions import Count, Metres, Quantity, uniform
from simulator.scene import Material, Model
from simulator.scene.material import Rgb, Surface


class _Patch(Anomaly):
    """An irregular film on the road."""

    radius_m: Metres = uniform(1.0, 2.2)
    """Mean radius of a patch."""
    stretch: Annotated[float, Quantity("", ge=0.3, le=5.0)] = uniform(1.2, 2.0)
    """Its length along the road over its width."""
    count: Count = 1
    """Number of patches along the lane, each a radius and a half further on."""

    _label: ClassVar[str]
    _levels: ClassVar[tuple[float, ...]]
    """Thicknesses (0 at the border, about 1 in the middle) at which bands of material begin."""
    _ripple_m: ClassVar[float] = 0.0
    _friction: ClassVar[float] = 0.0
    """Of tyres on it; 0: as on pavement under `_film_mm` of water."""
    _film_mm: ClassVar[float] = 0.0

    @abstractmethod
    def coat(self, ground: Material, band: int) -> Material:
        """What the ground becomes under a band of the film."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Lay the films."""
        for k in range(self.count):
            along = self.ahead_m + 2.5 * k * self.radius_m
            position, rpy = site.at(along, self.lateral_m + (rng.normal(0, 0.5) if k else 0.0))
            radius = self.radius_m * (1.0 if k == 0 else rng.uniform(0.5, 1.0))
            shape = Shape.draw(position, rpy[2] + rng.normal(0, 0.25), radius, self.stretch, rng)
            bodies = film(site, position, shape, self._levels, self.coat, self._ripple_m)
            if bodies:
                model = Model("road_defect", tuple(bodies), attributes=(("surface", self._label),))
                site.builder.add_object(model, position, anomaly=self.taxonomy)
                site.patches.append(Patch(*footprint(shape), self._friction, self._film_mm))


def _tinted(color: Rgb, tint: Rgb) -> Rgb:
    r, g, b = color
    return (r * tint[0], g * tint[1], b * tint[2])


class IcePatch(_Patch, kind="ice_patch"):
    """Black ice: a clear film through which the dark road shows, with a gloss at grazing angles and a frosty rim."""

    taxonomy: ClassVar[str] = "SUR-14"
    _label: ClassVar[str] = "black ice"
    _levels: ClassVar[tuple[float, ...]] = (0.0, 0.06, 0.14, 0.22, 0.32, 0.44, 0.58, 0.75)
    _ripple_m: ClassVar[float] = 0.0005
    _friction: ClassVar[float] = SURFACE_FRICTION["ice"]

    def coat(self, ground: Material, band: int) -> Material:
        """Frost where the film is thinnest; then stones drown in ice, from rough to smooth."""
        share = band / (len(self._levels) - 1)
        frost = (1.30, 1.32, 1.36) if band == 0 else (1.12, 1.13, 1.15) if band == 1 else (0.80, 0.81, 0.83)
        return replace(
            ground,
            name=f"black ice {band} on {ground.name}",
            albedo=_tinted(ground.albedo, frost),
            roughness=0.75 - 0.4 * share,
            clearcoat=0.85 * share**1.3,
            retro_cd_lx_m2=0.3 * ground.retro_cd_lx_m2,
            reflectance_905=0.05 + 0.05 * (1 - share),
            surface=Surface.ICE,
        )


class OilSpill(_Patch, kind="oil_spill"):
    """Oil or fuel: soaks into the asphalt, dark and glossy, with the colours of a thin film at its border."""

    taxonomy: ClassVar[str] = "SUR-08"
    _label: ClassVar[str] = "oil"
    # Interference colours of a film that thickens from 0.1 to 0.7 um (Newton's scale): straw, purple, blue, green,
    # yellow, red. Above 1: on dark asphalt the light that the film reflects adds to what comes from below.
    _sheen: ClassVar[tuple[Rgb, ...]] = (
        (0.95, 0.93, 0.90),
        (1.12, 0.98, 0.62),
        (1.08, 0.58, 0.86),
        (0.50, 0.66, 1.30),
        (0.55, 1.06, 0.80),
        (1.10, 1.02, 0.52),
        (1.00, 0.55, 0.70),
    )
    _levels: ClassVar[tuple[float, ...]] = (0.0, 0.06, 0.13, 0.20, 0.27, 0.33, 0.38, 0.43, 0.5, 0.62)
    # With treads as they should be, oil and diesel are no worse than water: R. Lambourn, H. Viner, "Friction tests on
    # contaminated road surfaces", TRL PPR073 (2006). Here: than that of heavy rain in Bosch's table.
    _film_mm: ClassVar[float] = 1.0

    def coat(self, ground: Material, band: int) -> Material:
        """Bands of colour, then ever darker."""
        thick = max(band - len(self._sheen) + 1, 0)
        dark = 0.42 - 0.07 * thick
        tint = self._sheen[band] if thick == 0 else (dark, 0.97 * dark, 0.92 * dark)
        return replace(
            ground,
            name=f"oil {band} on {ground.name}",
            albedo=_tinted(ground.albedo, tint),
            roughness=0.6 - 0.05 * thick,
            clearcoat=0.03 + 0.010 * band,  # stones stand out of what the pores soak up: no mirror as water is
            retro_cd_lx_m2=0.4 * ground.retro_cd_lx_m2,
            reflectance_905=0.04,
            surface=Surface.WATER,
        )


class Puddle(_Patch, kind="puddle"):
    """Standing water: a wet rim, then a mirror through which the road shows dark at steep angles."""

    taxonomy: ClassVar[str] = "SUR-12"
    _label: ClassVar[str] = "standing water"
    _levels: ClassVar[tuple[float, ...]] = (0.0, 0.06, 0.12, 0.17, 0.20, 0.40)
    _film_mm: ClassVar[float] = 2.0  # the puddles of Bosch's table

    def coat(self, ground: Material, band: int) -> Material:
        """Wet asphalt is about half as bright as dry (Lekner and Dorf, 1988); water closes over it."""
        wet = band / (len(self._levels) - 1)
        closed = band >= 4
        dark = 0.85 - 0.30 * min(wet * 2, 1.0) - (0.12 if closed else 0.0)
        return replace(
            ground,
            name=f"water {band} on {ground.name}",
            albedo=_tinted(ground.albedo, (dark, dark, 0.97 * dark)),
            roughness=0.8 - 0.5 * wet,
            clearcoat=1.0 if closed else 0.08 + 0.12 * band,
            retro_cd_lx_m2=0.2 * ground.retro_cd_lx_m2,
            reflectance_905=0.02 if closed else 0.08,
            surface=Surface.WATER,
        )
