"""A tree across the road."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from simulator.anomalies.base import Anomaly, Site
from simulator.scenario.distributions import Metres, Quantity, uniform
from simulator.scene import Body, Material, Mesh, Model
from simulator.scene.material import srgb
from simulator.scene.mesh import merge, tube

BARK = Material("bark", srgb("#5c4a3a"), roughness=0.95, reflectance_905=0.45)
LEAVES = Material("leaves", srgb("#4d6b2a"), roughness=0.8, reflectance_905=0.5, translucency=0.8)


def leaf_cards(centers: np.ndarray, size_m: float, rng: np.random.Generator) -> Mesh:
    """A small jagged two-sided leaf cluster of two crossed quads at each of (N, 3) centres."""
    n = len(centers)
    frame = np.linalg.qr(rng.standard_normal((n, 3, 3)))[0]
    outline = np.array([[-1, -0.2], [-0.3, -0.6], [0.2, -1], [0.5, -0.3], [1, 0.1], [0.3, 0.5], [-0.1, 1], [-0.5, 0.3]])
    scale = size_m * rng.uniform(0.6, 1.3, (n, 1, 1))
    corners = centers[:, None] + scale * outline @ frame[:, :2]
    fan = np.array([[0, k, k + 1] for k in range(1, 7)])
    faces = (np.arange(n) * 8)[:, None, None] + fan[None]
    return Mesh.of(corners.reshape(-1, 3), faces.reshape(-1, 3))


class FallenTree(Anomaly, kind="fallen_tree"):
    """A tree that fell across the road from the right, its crown on the carriageway."""

    taxonomy: ClassVar[str] = "OBJ-15"
    length_m: Metres = uniform(7.0, 11.0)
    trunk_radius_m: Metres = uniform(0.14, 0.24)
    angle_deg: Annotated[float, Quantity("deg", ge=20.0, le=160.0)] = uniform(60.0, 110.0)
    """Angle between the road's direction and the trunk (90: square across)."""

    def model(self, rng: np.random.Generator) -> Model:
        """The lying tree: trunk along +x from its root at the origin."""
        length, radius = self.length_m, self.trunk_radius_m
        u = np.linspace(0, 1, 14)
        lift = 0.35 + 0.5 * u * (1 - 0.5 * u)  # the crown keeps the trunk off the ground
        trunk = np.stack([u * length, 0.15 * np.sin(3 * u + rng.uniform(0, 6)), radius + lift * u], 1)
        parts = [tube(trunk, radius * (1 - 0.85 * u), segments=10)]
        tips = []
        for _ in range(26):
            at = rng.uniform(0.35, 0.98)
            root = np.array([np.interp(at, u, trunk[:, k]) for k in range(3)])
            aim = rng.normal(0, 1, 3) + [1.1, 0, 0.25]
            aim /= np.linalg.norm(aim)
            reach = length * 0.24 * (1.15 - at) + 0.5
            k = np.linspace(0, 1, 5)
            branch = root + np.outer(k, aim) * reach + np.outer(k**2, [0.0, 0.0, -0.12 * reach])
            branch[:, 2] = np.maximum(branch[:, 2], 0.04)
            parts.append(tube(branch, radius * 0.32 * (1 - 0.8 * k) + 0.006, segments=6))
            tips.append(np.repeat(branch[2:], 14, axis=0) + rng.normal(0, 0.26, (42, 3)))
        centers = np.concatenate(tips)
        centers[:, 2] = np.abs(centers[:, 2] - 0.08) + 0.08
        plate = np.stack([np.zeros(12), np.cos(np.arange(12) * np.pi / 6), np.sin(np.arange(12) * np.pi / 6)], 1)
        rootball = tube(np.array([[-0.35, 0, radius], [0.05, 0, radius]]), [0.25, radius * 2.2], segments=10)
        roots = [
            tube(np.array([[0, 0, radius], 0.7 * p + [-0.15, 0, radius]]), [0.05, 0.015], segments=5) for p in plate
        ]
        bark = merge([*parts, rootball, *roots])
        vertices = bark.vertices.copy()
        vertices[:, 2] = np.maximum(vertices[:, 2], -0.05)
        bark = Mesh(vertices, bark.faces, bark.uv, bark.slots, True)
        return Model("vegetation", (Body(bark, (BARK,)), Body(leaf_cards(centers, 0.14, rng), (LEAVES,))))

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Root at the right edge of the road, crown across the ego's lane."""
        model = self.model(rng)
        side = self.lateral_m - site.lane_half_width_m(self.ahead_m) - 2.0
        thing = Model("debris", model.bodies, attributes=(("what", "fallen tree"),))
        site.put(thing, self.ahead_m, side, np.radians(self.angle_deg), anomaly=self.taxonomy)
