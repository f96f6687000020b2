"""Trees, bushes and hedges by seeded parametric growth.

A tree is a trunk, two orders of branches as tubes, and a crown of leaf clumps at the branch ends: each clump is a
lumpy dark core wrapped in cards that carry a twig with its leaves cut out. Conifers carry whorls of drooping boughs,
cut out twig by twig. Four levels of detail share one silhouette.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.scene.foliage import (
    bark_texture,
    bough_texture,
    canopy_texture,
    grass_texture,
    leaf_texture,
    spray_texture,
)
from simulator.scene.leaves import BARK, LEAF, SHADE, cards, foliage
from simulator.scene.material import Material
from simulator.scene.mesh import Mesh, parted
from simulator.surroundings.broadleaf import broadleaf, twigs
from simulator.surroundings.conifer import conifer
from simulator.surroundings.shapes import joined, stalks
from simulator.surroundings.species import Species, species_table


@dataclass(frozen=True, slots=True, eq=False)
class Plant:
    """A prototype plant, shared by many instances: origin on the ground at the trunk, z up.

    Attributes:
        mesh: slot 0 is wood, slot 1 foliage.
        materials: materials of the slots: wood, foliage, foliage inside the crown.
        height_m: height of the prototype.
        radius_m: radius of the crown.
        trunk_m: radius of what touches the ground, for placing it beside roads.
        thin: so many of the last faces of the mesh are twigs and stems of no more than some centimetres.
    """

    mesh: Mesh
    materials: tuple[Material, ...]
    height_m: float
    radius_m: float
    trunk_m: float
    thin: int = 0

    def pieces(self) -> list[tuple[Mesh, tuple[Material, ...]]]:
        """Mesh and materials of what is stout, and of twigs, which cast no sharp shadow."""
        if not self.thin:
            return [(self.mesh, self.materials)]
        bare = np.arange(len(self.mesh.faces)) >= len(self.mesh.faces) - self.thin
        twigs = parted(self.mesh, bare), (replace(self.materials[BARK], thin=True),)
        return [twigs] if bare.all() else [(parted(self.mesh, ~bare), self.materials), twigs]


def plant(species: Species, rng: np.random.Generator, *, season: str = "summer", detail: int = 0) -> Plant:
    """Grow one plant.

    Args:
        species: proportions; a row of `species_table()` or your own.
        rng: named random stream; the same stream gives the same plant at every detail's silhouette size.
        season: one of SEASONS.
        detail: 0 beside the road, 1 near, 2 middle, 3 far.
    """
    height = float(rng.uniform(*species.height_m))
    radius = 0.5 * species.spread * height * float(rng.uniform(0.88, 1.12))
    palette = species.palette(season)
    stout = 2  # trunk and limbs
    if species.form == "spruce":
        parts = conifer(species, height, radius, rng, detail)
    elif species.form == "bush":
        parts, stout = _bush(species, height, radius, rng, detail, leafless=not palette), 0
    else:
        parts = broadleaf(species, height, radius, rng, detail, leafless=not palette)
    mesh = joined(parts, smooth=True)
    thin = 0 if palette else sum(len(part.faces) for part in parts[stout:])
    trunk = max(0.5 * species.trunk * height, 0.05) if species.form != "bush" else 0.6 * radius
    return Plant(mesh, _materials(species, palette, rng, detail), height, radius, trunk, thin)


def _materials(species: Species, palette: str, rng: np.random.Generator, detail: int) -> tuple[Material, ...]:
    tint = tuple((np.clip(rng.normal(1.0, 0.06, 3), 0.85, 1.15) * rng.uniform(0.92, 1.08)).tolist())
    needles = species.form in ("spruce", "pine")
    wood = Material(f"bark {species.bark}", (1.0, 1.0, 1.0), bark_texture(species.bark), reflectance_905=0.55)
    palette = palette or "bare"
    if species.form == "spruce":
        spray = bough_texture(palette)
    elif detail > 1:
        spray = canopy_texture(palette)
    else:
        spray = spray_texture(palette, needles=needles, branch=detail > 0)
    # 0.5: dense leaves at 905 nm (canopies reflect 0.45 to 0.55 in the near infrared).
    # Single leaves let as much light through as they reflect (PROSPECT-5: 0.126 to 0.115 at 550 nm, 0.465 to 0.449 at
    # 905 nm); in a spray half of it meets a second leaf. Needles are thick.
    through = 0.2 if needles else 0.6
    leaves = Material(f"leaves {palette}", tint, spray, roughness=0.75, reflectance_905=0.5, translucency=through)
    dim = (tint[0] * 0.5, tint[1] * 0.5, tint[2] * 0.5)
    dense = leaf_texture(palette, needles=needles)
    inside = replace(leaves, name=f"leaves {palette} inside", albedo=dim, texture=dense, translucency=0.0)
    return wood, leaves, inside


def _bush(
    species: Species, height: float, radius: float, rng: np.random.Generator, detail: int, *, leafless: bool
) -> list[Mesh]:
    count = (species.clumps, max(species.clumps * 2 // 3, 4), max(species.clumps // 2, 3), 3)[detail]
    phi = np.arange(count) * 2.4 + rng.uniform(0, 6)
    reach = radius * 0.62 * np.sqrt(np.linspace(0.02, 1.0, count))
    size = radius * species.clump * rng.uniform(0.8, 1.2, count) * (1.0, 1.1, 1.2, 1.4)[detail]
    top = height - 0.8 * size
    z = top * (1.0 - 0.75 * (reach / radius) ** 2) * rng.uniform(0.6, 1.0, count)
    z[::2] = 0.35 * size[::2]  # every other one hides the ground
    z[1] = top[1]
    center = np.stack([reach * np.cos(phi), reach * np.sin(phi), z], 1)
    if leafless:
        foot = center * [0.25, 0.25, 0.0]
        stems = stalks(np.stack([foot, 0.5 * (foot + center), center], 1), np.full((count, 3), 0.012), 3)
        return [stems, *twigs(foot, center, size, rng, (30, 16, 8, 4)[detail])]
    low, high = ((220, 600), (95, 240), (34, 70), (12, 20))[detail]
    outer = int(np.clip(radius * height * (150, 60, 20, 6)[detail], low, high))
    size_m = 1.5 * np.sqrt(2 * np.pi * radius * height / outer)
    leaves = foliage(center, size, rng, outer=outer, inner=count * (12, 8, 5, 4)[detail], flat=0.9, size_m=size_m)
    for mesh in leaves:  # what would hang below the ground lies on it
        np.maximum(mesh.vertices[:, 2], 0.0, out=mesh.vertices[:, 2])
    return leaves


def hedge(
    length_m: float, height_m: float, rng: np.random.Generator, *, season: str = "summer", detail: int = 0
) -> Plant:
    """Clipped hedge along x, centred at the origin, 0.7 m wide; meant to be repeated along a line."""
    width = 0.7
    step = (0.5, 0.5, 1.0, 4.0)[detail]
    nx, ny, nz = max(int(length_m / step), 1), 2, max(int(height_m / step), 1)
    shell = []
    for axis, sign in ((1, 1), (1, -1), (2, 1), (0, 1), (0, -1)):
        u, v = {0: (ny, nz), 1: (nx, nz), 2: (nx, ny)}[axis]
        gu, gv = np.meshgrid(np.linspace(-1, 1, u + 1), np.linspace(-1, 1, v + 1), indexing="ij")
        p = np.zeros((u + 1, v + 1, 3))
        rest = [a for a in range(3) if a != axis]
        p[..., rest[0]], p[..., rest[1]], p[..., axis] = gu, gv, sign
        p = p * [length_m / 2, width / 2, height_m / 2] + [0, 0, height_m / 2]
        inner = np.zeros((u + 1, v + 1, 1))
        inner[1:-1, 1:-1] = 1.0
        p += rng.normal(0, 0.06, p.shape) * inner
        index = np.arange((u + 1) * (v + 1)).reshape(u + 1, v + 1)
        a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
        faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
        if (axis == 1) == (sign > 0):  # keep every side facing outwards
            faces = faces[:, ::-1]
        flat = p[..., rest].reshape(-1, 2)
        shell.append(Mesh.of(p.reshape(-1, 3), faces, flat, SHADE, smooth=True))
    area = 2 * length_m * height_m + length_m * width
    n = int(area * (40.0, 16.0, 4.0, 0.0)[detail])
    side = rng.integers(0, 5, n)
    u, v = rng.uniform(-0.5, 0.5, (2, n))
    normal = np.where(
        (side < 2)[:, None], [0.0, 1.0, 0.0], np.where((side < 4)[:, None], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0])
    )
    place = np.where(
        (side < 4)[:, None],
        np.stack([u * length_m, normal[:, 1] * width / 2, (v + 0.5) * height_m], 1),
        np.stack([u * length_m, v * width, np.full(n, height_m)], 1),
    )
    tilt = normal + rng.normal(0, 0.4, (n, 3))
    tilt /= np.linalg.norm(tilt, axis=1, keepdims=True)
    size = rng.uniform(0.16, 0.34, n) * (1.0, 1.4, 2.0, 1.0)[detail]
    parts = [*shell, cards(place, tilt, size, rng)] if n else shell
    species = replace(species_table()["evergreen"], name="hedge")
    palette = {"spring": "lime", "summer": "dark", "autumn": "olive", "winter": "olive"}[season]
    materials = _materials(species, palette, rng, detail)
    return Plant(joined(parts, smooth=True), materials, height_m, 0.5 * length_m, 0.5 * width)


def grass(rng: np.random.Generator, *, season: str = "summer", count: int = 10) -> Plant:
    """A patch of tall grass 1.6 m across: upright cards 0.6 m wide and 0.1 to 0.4 m high, blades cut out."""
    foot = np.column_stack([np.clip(rng.normal(0, 0.42, (count, 2)), -0.6, 0.6), np.full(count, -0.01)])
    phi = rng.uniform(0, np.pi, count)
    half = 0.3 * np.stack([np.cos(phi), np.sin(phi), np.zeros(count)], 1)
    height = rng.uniform(0.14, 0.36, count)
    lean = np.column_stack([np.clip(rng.normal(0, 0.6, (count, 2)), -0.8, 0.8) * height[:, None], height])
    corners = np.stack([foot - half, foot + half, foot + half + lean, foot - half + lean], 1)
    uv = np.tile([[0.0, 0.0], [1.0, 0.0], [1.0, 0.995], [0.0, 0.995]], (count, 1))
    faces = (np.arange(count) * 4)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    look = grass_texture(season)
    blades = Material("tall grass", (1.05, 1.05, 1.05), look, roughness=0.8, reflectance_905=0.5, translucency=0.8)
    mesh = Mesh.of(corners.reshape(-1, 3), faces.reshape(-1, 3), uv, LEAF)
    return Plant(mesh, (blades, blades, blades), float(height.max()), 1.1, 0.6)
