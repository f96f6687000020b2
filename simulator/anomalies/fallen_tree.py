"""A tree across the road."""

from __future__ import annotations

from functools import cache
from typing import Annotated, ClassVar

import numpy as np

from simulator.anomalies.base import Anomaly, Array, Site
from simulator.numerics.rng import generator
from simulator.scenario.distributions import Metres, Quantity, uniform
from simulator.scene import Body, Material, Mesh, Model, Texture
from simulator.scene.foliage import bark_texture, spray_texture
from simulator.scene.leaves import cards, directions
from simulator.scene.material import srgb
from simulator.scene.mesh import ellipsoid, loft, merge, tube
from simulator.scene.noise import spectral_noise, to_srgb8

ROOT = Material("roots", srgb("#6d5740"), roughness=0.95, reflectance_905=0.4)
PALETTES = {"spring": ("spring",), "summer": ("summer", "dark", "olive"), "autumn": ("gold", "rust"), "winter": ()}
TWIG_M = 0.5


class FallenTree(Anomaly, kind="fallen_tree"):
    """A tree that fell across the road from the right, its crown on the carriageway; leafless in winter."""

    taxonomy: ClassVar[str] = "OBJ-15"
    length_m: Metres = uniform(7.0, 11.0)
    trunk_radius_m: Metres = uniform(0.14, 0.24)
    angle_deg: Annotated[float, Quantity("deg", ge=20.0, le=160.0)] = uniform(60.0, 110.0)
    """Angle between the road's direction and the trunk (90: square across)."""

    def model(self, rng: np.random.Generator, season: str = "summer") -> Model:
        """The lying tree: trunk along +x from its root at the origin."""
        length, radius = self.length_m, self.trunk_radius_m
        u = np.linspace(0, 1, 14)
        lift = 0.35 + 0.5 * u * (1 - 0.5 * u)  # the crown keeps the trunk off the ground
        trunk = np.stack([u * length, 0.15 * np.sin(3 * u + rng.uniform(0, 6)), radius + lift * u], 1)
        parts = [tube(trunk, radius * (1 - 0.85 * u), segments=12)]
        spots, aims = [], []
        for _ in range(34):
            at = rng.uniform(0.35, 0.98)
            root = np.array([np.interp(at, u, trunk[:, k]) for k in range(3)])
            aim = rng.normal(0, 1, 3) + [1.1, 0, 0.25]
            aim /= np.linalg.norm(aim)
            reach = length * 0.24 * (1.15 - at) + 0.5
            k = np.linspace(0, 1, 5)
            branch = root + np.outer(k, aim) * reach + np.outer(k**2, [0.0, 0.0, -0.12 * reach])
            branch[:, 2] = np.maximum(branch[:, 2], 0.04)
            parts.append(tube(branch, radius * 0.3 * (1 - 0.8 * k) + 0.006, segments=6))
            spots.append(np.repeat(branch[1:], 4, axis=0) + rng.normal(0, 0.16, (16, 3)))
            aims.append(np.repeat([aim], 16, axis=0))
        place, away = np.concatenate(spots), np.concatenate(aims)
        place[:, 2] = np.abs(place[:, 2] - 0.1) + 0.1
        wood = merge([*parts, _twigs(place, away, rng)])
        bodies = [Body(Mesh(wood.vertices, wood.faces, wood.uv, wood.slots, True), (_bark(),)), *_roots(radius, rng)]
        if PALETTES[season]:
            palette = PALETTES[season][int(rng.integers(len(PALETTES[season])))]
            leaves = Material(
                f"leaves {palette}",
                (1, 1, 1),
                spray_texture(palette),
                roughness=0.75,
                reflectance_905=0.5,
                translucency=0.6,  # as the leaves of standing trees
            )
            normals = directions(len(place), rng)
            crown = cards(place, normals, rng.uniform(0.4, 0.75, len(place)), rng, slot=0)
            np.maximum(crown.vertices[:, 2], 0.01, out=crown.vertices[:, 2])  # what hangs down lies on the road
            bodies.append(Body(crown, (leaves,)))
        return Model("vegetation", tuple(bodies))

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Root beyond the edge of the road, crown across the ego's lane."""
        model, kerb = self.model(rng, site.season), site.kerb_side
        side = self.lateral_m + kerb * (site.lane_half_width_m(self.ahead_m) + 2.0)
        thing = Model("debris", model.bodies, attributes=(("what", "fallen tree"),))
        site.put(thing, self.ahead_m, side, -kerb * np.radians(self.angle_deg), anomaly=self.taxonomy)


def _bark() -> Material:
    return Material("bark", (0.9, 0.9, 0.9), bark_texture("brown"), roughness=0.95, reflectance_905=0.45)


def _twigs(feet: Array, along: Array, rng: np.random.Generator) -> Mesh:
    """Three thin twigs at each of (N, 3) feet, each one long triangle, spreading from the branch's direction."""
    foot = np.repeat(feet, 3, axis=0)
    run = np.repeat(along, 3, axis=0) + rng.normal(0, 0.6, foot.shape)
    run *= TWIG_M * rng.uniform(0.5, 1.3, (len(foot), 1)) / np.linalg.norm(run, axis=1, keepdims=True)
    across = np.cross(run, rng.normal(0, 1, run.shape))
    across *= 0.007 / np.linalg.norm(across, axis=1, keepdims=True)
    corners = np.stack([foot - across, foot + across, foot + run], 1)
    corners[..., 2] = np.maximum(corners[..., 2], 0.01)
    return Mesh.of(corners.reshape(-1, 3), np.arange(3 * len(foot)), np.zeros((3 * len(foot), 2)))


# The root plate from the trunk's side to the torn side: x in metres, size over that of the rim.
PLATE = ((0.18, 0.1), (0.12, 0.4), (0.02, 0.8), (-0.06, 1.0), (-0.2, 0.94), (-0.36, 0.72), (-0.46, 0.4), (-0.5, 0.08))


def _roots(radius: float, rng: np.random.Generator) -> list[Body]:
    """The root plate that was torn out, about eight trunk radii across, standing upright at the trunk's foot: a ragged
    lump of earth, bare roots that stick out of it, and clods on the ground."""
    count = 26
    phi = np.arange(count) * (2 * np.pi / count)
    lobes = sum(rng.normal(0, 0.16 / k) * np.cos(k * phi + rng.uniform(0, 6)) for k in range(2, 7))
    rim = 4.0 * radius * np.clip(0.88 + lobes + rng.normal(0, 0.06, count), 0.55, 1.15)
    rings = []
    for x, size in PLATE:
        out = rim * size * (1 + rng.normal(0, 0.06, count))
        depth = 5.0 * radius * x * (1 + rng.normal(0, 0.15, count)) + rng.normal(0, 0.025, count)
        rings.append(np.stack([depth, out * np.cos(phi), radius + out * np.sin(phi)], 1))
    earth = [loft(np.stack(rings)[::-1], smooth=False)]
    for _ in range(14):
        clod = rng.uniform(0.03, 0.12) * rng.uniform(0.7, 1.2, 3)
        place = (rng.normal(-2.5, 1.5) * radius, rng.normal(0, 4.0) * radius, 0.3 * clod[2])
        earth.append(ellipsoid(clod, place, rings=4, segments=6))
    bare, ends, aims = [], [], []
    for turn in rng.uniform(0, 2 * np.pi, 24):
        k = np.linspace(0, 1, 6)
        reach = radius * (1.0 + k * rng.uniform(3.2, 5.6))
        bend = turn + k * rng.normal(0, 0.35)
        path = np.stack([-radius * (0.5 + k * rng.uniform(0.5, 3.0)), reach * np.cos(bend), reach * np.sin(bend)], 1)
        path[1:] += rng.normal(0, 0.2 * radius, (5, 3))
        path[:, 2] = np.maximum(path[:, 2] + radius, 0.02)
        bare.append(tube(path, radius * rng.uniform(0.12, 0.3) * (1 - 0.85 * k), segments=6))
        ends.append(path[3:])
        aims.append(np.repeat([path[-1] - path[-3]], 3, axis=0))
    hairs = _twigs(np.concatenate(ends), np.concatenate(aims) / (4 * radius), rng)
    ground, wood = merge(earth), merge([*bare, hairs])
    low = np.float32(-0.05)
    ground.vertices[:, 2] = np.maximum(ground.vertices[:, 2], low)
    return [
        Body(Mesh.of(ground.vertices, ground.faces, ground.vertices[:, 1:] / 0.6), (_earth(),)),
        Body(Mesh.of(wood.vertices, wood.faces), (ROOT,)),
    ]


@cache
def _earth() -> Material:
    """Crumbly soil with stones and a little humus."""
    rng = generator(0, "torn earth")
    crumbs, wide = spectral_noise(128, rng, slope=1.0, low_cut=4), spectral_noise(128, rng, slope=2.2)
    shade = np.clip(1 + 0.35 * crumbs + 0.25 * wide, 0.15, 2.5)[..., None]
    image = shade * np.array(srgb("#54412f")) + np.where(crumbs > 2.1, 0.16, 0.0)[..., None]
    texture = Texture("torn earth", to_srgb8(image))
    return Material("soil among roots", (1.0, 1.0, 1.0), texture, roughness=1.0, reflectance_905=0.3)
