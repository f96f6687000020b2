"""What covers the land between the roads and the horizon: meadows, fields in their parcels, the floor of woods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from simulator.numerics.rng import generator
from simulator.roads.surface_materials import (
    SurfaceStyle,
    country_material,
    crop_materials,
    floor_material,
    materials,
    tint_slots,
    woodland_material,
)
from simulator.roads.surface_rows import Array
from simulator.roads.surface_terrain import Terrain, waves
from simulator.scene.material import Material
from simulator.scene.mesh import Mesh, parted
from simulator.scene.textures import CROPS, FIELD_M, FOREST_M, GRASS_M, LANDSCAPE_M

GroundMesh = tuple[Mesh, tuple[Material, ...], str]


@dataclass(frozen=True, slots=True)
class CropField:
    """Where one crop grows.

    Attributes:
        kind: one of `textures.CROPS`.
        soil: the land below it in the local frame, texture coordinates by the metre along its rows.
    """

    kind: str
    soil: Mesh


_HILL_M = 60.0  # so much above the roads there is more wood than field
_FAR_WOODS_M = 900.0  # nearer ones stand as trees
_FROM_ROAD_M = {"fields": 15.0, "forest": 4.0}  # how far off roads meadow ends
# What grows on fields in each season, repeated by weight; "" is meadow.
_GROWN: dict[str, tuple[str, ...]] = {
    "spring": ("green", "green", "rape", "soil", "", ""),
    "summer": ("green", "ripe", "ripe", "maize", "", ""),
    "autumn": ("stubble", "soil", "maize", "green", "", ""),
    "winter": ("soil", "green", "green", "stubble", "", ""),
}


def land(terrain: Terrain, style: SurfaceStyle, seed: int) -> tuple[list[GroundMesh], list[CropField]]:
    """The grid around the roads as `style.land` says, and the rings beyond as country seen from afar; its fields."""
    nx, ny = terrain.z.shape
    x, y = (terrain.low[k] + terrain.cell_m * np.arange(n) for k, n in ((0, nx), (1, ny)))
    gx, gy = np.meshgrid(x, y, indexing="ij")
    vertices = np.stack([gx, gy, terrain.z], axis=-1).reshape(-1, 3)
    index = np.arange(nx * ny).reshape(nx, ny)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]))
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    middle = vertices[faces].mean(axis=1)
    cover = np.full(len(faces), -1)
    if style.land in _FROM_ROAD_M:
        away = ndimage.distance_transform_edt(~np.isfinite(terrain.lowest)) * terrain.cell_m
        open_land = away.ravel()[faces].min(axis=1) > _FROM_ROAD_M[style.land]
        farmed = style.land == "fields"
        cover[open_land] = _parcels(middle[open_land], style, seed) if farmed else len(CROPS)
    heading = _heading(seed)
    turned = vertices[:, :2] @ np.array([[np.cos(heading), -np.sin(heading)], [np.sin(heading), np.cos(heading)]])
    found: list[GroundMesh] = []
    fields: list[CropField] = []
    for kind in np.unique(cover).tolist():
        mine = faces[cover == kind]
        used, corners = np.unique(mine, return_inverse=True)
        corners = corners.reshape(-1, 3)
        if kind < 0:
            slots = tint_slots(middle[cover == kind], seed)
            mesh = Mesh.of(vertices[used], corners, vertices[used, :2] / GRASS_M, slots, smooth=True)
            found.append((mesh, materials("terrain", style, seed), "terrain"))
        elif kind < len(CROPS):
            mesh = Mesh.of(vertices[used], corners, turned[used] / FIELD_M, 0, smooth=True)
            found.append((mesh, (crop_materials(seed)[kind],), "terrain"))
            fields.append(CropField(CROPS[kind], mesh))
        else:
            mesh = Mesh.of(vertices[used], corners, vertices[used, :2] / FOREST_M, 0, smooth=True)
            found.append((mesh, (floor_material(style, seed),), "terrain"))
    country = _country(terrain)
    wooded = _wooded(country, terrain, seed)
    found.append((parted(country, ~wooded), (country_material(style, seed),), "terrain"))
    if wooded.any():
        found.append((parted(country, wooded), (woodland_material(style, seed),), "vegetation"))
    return found, fields


def _heading(seed: int) -> float:
    """Along which all fields of a place are tilled."""
    return float(generator(seed, "surface", "fields").uniform(0.0, np.pi))


def _parcels(points: Array, style: SurfaceStyle, seed: int) -> NDArray[np.int64]:
    """Number in CROPS of what grows at local points (N, >= 2), -1 for meadow: long parcels side by side."""
    rng = generator(seed, "surface", "parcels")
    wide, long = rng.uniform(55.0, 120.0), rng.uniform(150.0, 280.0)
    heading = _heading(seed)
    across = points[:, :2] @ np.array([np.cos(heading), np.sin(heading)]) / wide + 1000.0
    along = points[:, :2] @ np.array([-np.sin(heading), np.cos(heading)]) / long + 1000.0
    column = np.floor(across).astype(np.int64)
    along = along + 0.37 * (column % 3)
    grown = [CROPS.index(name) if name else -1 for name in _GROWN[style.season]]
    table = np.array(grown)[rng.integers(len(grown), size=(64, 64))]
    kind = table[column % 64, np.floor(along).astype(np.int64) % 64]
    balk = np.minimum(across % 1.0, 1.0 - across % 1.0) * wide < 1.6  # grass between parcels
    return np.where(balk, -1, kind)


def _wooded(country: Mesh, terrain: Terrain, seed: int) -> NDArray[np.bool_]:
    """Which faces (F,) of the rings are woods: steep and high land of Europe is left to trees, valleys are farmed."""
    halves = country.vertices[country.faces].mean(axis=1).reshape(2, -1, 3)  # of each cell
    middle = halves.mean(axis=0)
    border = terrain.rings[0]
    beyond = np.hypot(*(middle[:, :2] - border[:, :2].mean(axis=0)).T)
    rise = (middle[:, 2] - border[:, 2].mean()) / _HILL_M
    patchy = waves(middle[:, 0], middle[:, 1], seed, "woods", (350.0, 800.0, 1700.0))
    return np.tile((beyond > _FAR_WOODS_M) & (0.9 * patchy + np.minimum(rise, 1.5) > 0.75), 2)


def _country(terrain: Terrain) -> Mesh:
    """The rings beyond the grid."""
    rings, points = terrain.rings.shape[:2]
    outer = terrain.rings.reshape(-1, 3)
    ring, point = (part.ravel() for part in np.meshgrid(np.arange(rings - 1), np.arange(points), indexing="ij"))
    after = (point + 1) % points
    a, b, c, d = (
        ring * points + point,
        (ring + 1) * points + point,
        (ring + 1) * points + after,
        ring * points + after,
    )
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    return Mesh.of(outer, faces, outer[:, :2] / LANDSCAPE_M, 0, smooth=True)
