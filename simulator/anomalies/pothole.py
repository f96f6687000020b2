"""Potholes: real holes in the road mesh with ragged rims, dry or filled with water."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from simulator.anomalies._props import broken_asphalt
from simulator.anomalies.base import Anomaly, Site, disc_faces, single
from simulator.scenario.distributions import Count, Fraction, Metres, uniform
from simulator.scene import Material, Mesh
from simulator.scene.material import Surface

RINGS, SEGMENTS = 12, 32


class Pothole(Anomaly, kind="pothole"):
    """Potholes sized as in ASTM D6433: depth 13 to over 50 mm, 100 to 750 mm across."""

    taxonomy: ClassVar[str] = "SUR-01"
    count: Count = 1
    """Number of potholes, scattered around the place."""
    diameter_m: Metres = uniform(0.4, 0.9)
    depth_m: Metres = uniform(0.04, 0.10)
    spread_m: Metres = 4.0
    """How far from the first one the others lie."""
    water: Fraction = 0.0
    """Part of the depth that is filled with water (SUR-02 in the labels when above 0)."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Cut the road and put the broken bottom in."""
        material = broken_asphalt(rng)
        taken: list[np.ndarray] = []
        for k in range(self.count):
            scale = 1.0 if k == 0 else rng.uniform(0.5, 1.0)
            along = self.ahead_m + (0.0 if k == 0 else rng.uniform(0, self.spread_m * 2))
            side = self.lateral_m + (0.0 if k == 0 else rng.uniform(-1, 1) * min(self.spread_m, 2.5))
            position, _ = site.at(along, side)
            radius = self.diameter_m / 2 * scale
            if any(np.hypot(*(position - other)[:2]) < self.diameter_m * 1.5 for other in taken):
                continue
            taken.append(position)
            self._dig(site, position, radius, self.depth_m * scale, material, rng)

    def _dig(
        self,
        site: Site,
        position: np.ndarray,
        radius: float,
        depth: float,
        material: Material,
        rng: np.random.Generator,
    ) -> None:
        angle = np.arange(SEGMENTS) * 2 * np.pi / SEGMENTS
        rim = radius * (1 + 0.05 * np.cos(2 * angle + rng.uniform(0, 6)))  # convex: the hole that is cut
        ragged = np.clip(
            0.82 + sum(rng.normal(0, 0.09 / k**0.5) * np.cos(k * angle + rng.uniform(0, 6)) for k in range(2, 7)),
            0.6,
            0.95,
        )
        t = np.concatenate([np.linspace(0, 1, RINGS - 1), [1.12]])[1:]
        xy = (t[:, None] * rim)[..., None] * np.stack([np.cos(angle), np.sin(angle)], -1)
        inside = np.clip((ragged[None] - t[:, None]) / 0.12, 0.0, 1.0)  # steep broken wall just inside the ragged rim
        rough = rng.normal(0, 0.12, inside.shape) * inside
        sink = depth * (inside * (1 - 0.25 * t[:, None] ** 2) + 0.5 * rough * inside)
        sink[-1] = 0.012  # the outermost ring slips under the road, so that no crack shows
        flat = np.concatenate([np.zeros((1, 2)), xy.reshape(-1, 2)])
        vertices = site.drape(position, flat, -0.001)
        vertices[:, 2] -= np.concatenate([[depth], sink.ravel()])
        mesh = Mesh.of(vertices, disc_faces(len(t), SEGMENTS), flat / 0.5, smooth=False)
        outline = position[:2] + rim[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        site.builder.cut_ground(outline)
        anomaly = "SUR-02" if self.water > 0 else self.taxonomy
        size = {"depth_m": f"{depth:.3f}", "diameter_m": f"{2 * radius:.2f}"}
        model = single("road_defect", mesh, material, **size)
        pothole = site.builder.add_object(model, position, anomaly=anomaly)
        if self.water > 0:
            level = flat[: 1 + SEGMENTS * (RINGS - 2)]
            surface = np.column_stack([level, np.full(len(level), -depth * (1 - self.water))])
            water = Mesh.of(surface, disc_faces(RINGS - 2, SEGMENTS), level)
            film = Material(
                "puddle",
                (0.02, 0.02, 0.018),
                roughness=0.03,
                clearcoat=1.0,
                reflectance_905=0.03,
                surface=Surface.WATER,
            )
            site.builder.add_object(single("road_defect", water, film), position, anomaly=anomaly, parent=pothole)
