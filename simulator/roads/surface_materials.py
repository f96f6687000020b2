"""What the ground is made of: one material for every Look, and texture coordinates in true scale."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.rng import generator
from simulator.roads.surface_marks import COLORS
from simulator.roads.surface_polygons import Triangles
from simulator.roads.surface_quads import Look, texture_block
from simulator.scene import paving, textures
from simulator.scene.material import Material, Surface, Texture
from simulator.scene.mesh import Mesh

# Blades and clods face all ways: half of their faces stand steeper than 60 degrees (the spherical distribution of leaf
# angles, usual for grasses: N. Goel and D. Strebel, Agronomy Journal 76, 1984). A slope of tan 60 is GGX's alpha.
BLADES = 1.316
LANE_VARIANTS = 4  # besides one with a manhole cover
GRASS_TINTS = 5
_LUSH, _POOR = np.array([0.76, 0.86, 0.74]), np.array([1.20, 1.12, 1.08])  # of the usual colour, from patch to patch


@dataclass(frozen=True, slots=True)
class SurfaceStyle:
    """How the ground looks.

    Attributes:
        wear: 0 freshly built to 1 worn out: age of asphalt, cracks, lost paint.
        dryness: of the grass, 0 lush to 1 straw.
        paving: of pavements: "slabs", "bricks" or "blocks".
        gutter: channel along kerbs: "setts" or "concrete".
        kerb_m: height of kerbs where the map gives none.
        manholes: whether lanes have manhole covers.
        land: what lies between the roads: "meadow", "fields" or "forest".
        season: of fields and woods.
        relief_m: how far the land lies above or below the roads, about: cuttings and embankments; 0 for none.
    """

    wear: float = 0.5
    dryness: float = 0.25
    paving: str = "slabs"
    gutter: str = "setts"
    kerb_m: float = 0.12
    manholes: bool = True
    land: str = "meadow"
    season: str = "summer"
    relief_m: float = 0.0

    @staticmethod
    def draw(
        seed: int, *, land: str = "meadow", season: str = "summer", manholes: bool = True, relief_m: float = 0.0
    ) -> SurfaceStyle:
        """A style by the seed: worn more or less, with one of the pavings."""
        rng = generator(seed, "surface", "style")
        return SurfaceStyle(
            wear=round(float(rng.beta(2.0, 2.0)), 2),
            dryness=round(float(rng.beta(1.3, 4.5)), 2),
            paving=str(rng.choice(["slabs", "slabs", "blocks", "bricks"])),
            gutter=str(rng.choice(["setts", "setts", "concrete"])),
            manholes=manholes,
            land=land,
            season=season,
            relief_m=relief_m,
        )


# Where the meshes of each class find their materials; LANE and GRASS take several slots.
CLASSES: dict[str, tuple[Look, ...]] = {
    "road": (
        Look.LANE,
        Look.ASPHALT,
        Look.SHOULDER,
        Look.GUTTER,
        Look.PARKING,
        Look.CYCLE,
        Look.RAIL,
        Look.TRACK,
        Look.CHANNEL,
        Look.GULLY,
    ),
    "wall": (Look.CONCRETE,),
    "kerb": (Look.KERB,),
    "sidewalk": (Look.PAVING,),
    "terrain": (Look.GRASS, Look.LAWN, Look.GRAVEL, Look.BALLAST, Look.LITTER),
}
_REPEAT_M = {
    Look.ASPHALT: textures.ASPHALT_M,
    Look.SHOULDER: textures.ASPHALT_M,
    Look.CYCLE: textures.ASPHALT_M,
    Look.LAWN: textures.GRASS_M,
    Look.GRASS: textures.GRASS_M,
    Look.GRAVEL: textures.SOIL_M,
    Look.BALLAST: textures.SOIL_M,
    Look.LITTER: textures.FOREST_M,
}


def _ground(name: str, texture: Texture, reflectance: float, kind: Surface, tint: float = 1.0) -> Material:
    return Material(
        name,
        albedo=(tint, tint, tint),
        texture=texture,
        roughness=BLADES if kind == Surface.SOIL else 0.95,
        reflectance_905=reflectance,
        surface=kind,
    )


def materials(class_name: str, style: SurfaceStyle, seed: int) -> tuple[Material, ...]:
    """Materials of the meshes of a class, in the order that `slots` uses."""
    made: list[Material] = []
    for look in CLASSES[class_name]:
        made += _of_look(look, style, seed % 4)  # a few kinds of each, so that textures are shared between scenes
    return tuple(made)


def _of_look(look: Look, style: SurfaceStyle, seed: int) -> list[Material]:
    age = round(0.15 + 0.8 * style.wear, 1)
    dry, wet_asphalt = round(style.dryness, 1), 0.12 + 0.10 * style.wear
    slabs = paving.paving(style.paving, age=age, seed=seed)
    if look == Look.LANE:
        lanes = [
            textures.lane_asphalt(age, k, cracks=age, manhole=style.manholes and k == LANE_VARIANTS, seed=seed)
            for k in range(LANE_VARIANTS + 1)
        ]
        return [_ground("lane", texture, wet_asphalt, Surface.LANE) for texture in lanes]
    if look == Look.GRASS:
        grass = _ground("grass", textures.grass(dry, seed=seed), 0.5, Surface.SOIL)
        shares = np.linspace(0.0, 1.0, GRASS_TINTS)[:, None]
        tints = (_LUSH + shares * (_POOR - _LUSH)).tolist()
        return [replace(grass, albedo=(r, g, b), reflectance_905=0.5 * g) for r, g, b in tints]
    asphalt = textures.asphalt(age, cracks=0.0, seed=seed)
    one = {
        Look.ASPHALT: lambda: _ground("asphalt", asphalt, wet_asphalt, Surface.ASPHALT),
        Look.SHOULDER: lambda: _ground("shoulder", asphalt, wet_asphalt, Surface.ASPHALT, 0.94),
        Look.GUTTER: lambda: _ground("gutter", textures.concrete(age, seed=seed), 0.33, Surface.CONCRETE, 0.75),
        Look.PARKING: lambda: _ground("parking", paving.paving("blocks", seed=seed), 0.3, Surface.CONCRETE, 0.75),
        Look.CYCLE: lambda: _cycle(asphalt),
        Look.RAIL: lambda: Material("rail", (0.36, 0.34, 0.33), roughness=0.3, metallic=0.9, reflectance_905=0.45),
        Look.CONCRETE: lambda: _ground("concrete", textures.concrete(age, seed=seed), 0.35, Surface.CONCRETE),
        Look.CHANNEL: lambda: _ground("channel", paving.channel(style.gutter, seed=seed), 0.3, Surface.CONCRETE),
        Look.GULLY: lambda: Material("gully", texture=paving.gully(), roughness=0.6, reflectance_905=0.2),
        Look.KERB: lambda: _ground("kerb", paving.kerb_stone(seed), 0.33, Surface.CONCRETE),
        Look.PAVING: lambda: _ground("paving", slabs, 0.32, Surface.CONCRETE),
        Look.LAWN: lambda: _ground("lawn", textures.grass(min(dry, 0.3), seed=seed + 1), 0.5, Surface.SOIL),
        Look.GRAVEL: lambda: _ground("gravel", textures.soil("verge", seed=seed), 0.36, Surface.SOIL),
        Look.BALLAST: lambda: _ground("ballast", textures.soil("ballast", seed=seed), 0.22, Surface.SOIL),
        Look.LITTER: lambda: floor_material(style, seed),
        Look.TRACK: lambda: _ground("gravel road", textures.gravel_lane(seed=seed), 0.33, Surface.SOIL),
    }
    return [one[look]()]


def _cycle(asphalt: Texture) -> Material:
    return Material(
        "cycle lane",
        albedo=(1.5, 0.72, 0.6),
        texture=asphalt,
        roughness=0.95,
        reflectance_905=0.22,
        surface=Surface.ASPHALT,
    )


def marking_materials(style: SurfaceStyle, seed: int) -> tuple[Material, ...]:
    """One paint for each of COLORS. R_L of EN 1436: class R4, 0.2 cd/lx/m2, when new, R2 and less when worn."""
    wear = round(style.wear, 1)
    return tuple(
        Material(
            f"{color} marking",
            albedo=(1.0, 1.0, 1.0),
            texture=textures.marking(color, wear, seed=seed % 4),
            roughness=0.6,
            retro_cd_lx_m2=round((0.25 - 0.17 * wear) * (1.0 if color == "white" else 0.7), 3),
            reflectance_905=0.62 - 0.25 * wear,
            surface=Surface.MARKING,
        )
        for color in COLORS
    )


def crop_materials(seed: int) -> tuple[Material, ...]:
    """What grows on fields, in the order of `textures.CROPS`; green leaves reflect more at 905 nm than straw."""
    return tuple(
        _ground(f"field of {kind}", textures.field(kind, seed=seed % 4), 0.45 if kind in _LEAFY else 0.3, Surface.SOIL)
        for kind in textures.CROPS
    )


_LEAFY = ("green", "maize", "rape")


def floor_material(style: SurfaceStyle, seed: int) -> Material:
    """The floor of woods."""
    return _ground("forest floor", textures.forest_floor(style.season, seed=seed % 4), 0.3, Surface.SOIL)


def country_material(style: SurfaceStyle, seed: int) -> Material:
    """Fields and woods out to the horizon."""
    texture = textures.landscape(round(style.dryness, 1), season=style.season, seed=seed % 4)
    return _ground("country", texture, 0.45, Surface.SOIL)


def woodland_material(style: SurfaceStyle, seed: int) -> Material:
    """Woods on hills, seen from far away."""
    return _ground("woodland", textures.woodland(style.season, seed=seed % 4), 0.45, Surface.SOIL)


def to_mesh(triangles: Triangles, class_name: str, seed: int) -> Mesh:
    """The triangles of a class as a mesh; slots as in `materials`."""
    n = len(triangles.look)
    slot = np.zeros(n, np.int32)
    first = 0
    for look in CLASSES[class_name]:
        mine = triangles.look == look
        slot[mine] = first
        if look == Look.LANE:
            slot[mine] += _lane_variant(triangles, mine, seed)
            first += LANE_VARIANTS
        elif look == Look.GRASS:
            slot[mine] = first + tint_slots(triangles.corners[mine].mean(axis=1), seed)
            first += GRASS_TINTS - 1
        first += 1
    return Mesh.of(
        triangles.corners.reshape(-1, 3), np.arange(3 * n), _uv(triangles, CLASSES[class_name]).reshape(-1, 2), slot
    )


def _lane_variant(triangles: Triangles, mine: NDArray[np.bool_], seed: int) -> NDArray[np.int32]:
    """Texture variant of lane triangles by position, equal all over one repeat of the texture."""
    st = triangles.st[mine]
    block = texture_block(st[..., 0].min(axis=1) + 1e-3)
    key = (block * 2654435761 + (seed * 40503 & 0xFFFFFFFF)) & 0xFFFFFFFF
    key ^= (triangles.owner[mine] * 2246822519) & 0xFFFFFFFF
    mixed = (key ^ (key >> 15)) * 2246822519 & 0xFFFFFFFF
    mixed = (mixed ^ (mixed >> 13)) & 0xFFFF
    share = mixed / 65536.0
    limits = np.array([0.42, 0.62, 0.80, 0.96])  # plain, three with defects, manhole cover
    return np.searchsorted(limits, share).astype(np.int32)


def tint_slots(points: NDArray[np.float64], seed: int) -> NDArray[np.int32]:
    """Grass tint (N,) at local points (N, >= 2): patches of some ten metres with ragged borders."""
    rng = generator(seed, "surface", "tint")
    value = np.zeros(len(points))
    for length in (14.0, 31.0, 67.0):
        for _ in range(3):
            heading, phase = rng.uniform(0.0, 2.0 * np.pi, 2)
            k = 2.0 * np.pi / (length * rng.uniform(0.8, 1.25))
            value += np.sin(k * (points[:, 0] * np.cos(heading) + points[:, 1] * np.sin(heading)) + phase)
    ragged = np.sin(points[:, 0] * 12.9898 + points[:, 1] * 78.233) * 43758.5453
    value += 1.0 * (ragged - np.floor(ragged) - 0.5)
    return np.clip(np.floor((value / 7.0 + 0.5) * GRASS_TINTS), 0, GRASS_TINTS - 1).astype(np.int32)


def _uv(triangles: Triangles, looks: tuple[Look, ...]) -> NDArray[np.float64]:
    """(T, 3, 2) texture coordinates in repeats."""
    uv = np.zeros((len(triangles.look), 3, 2))
    for look in looks:
        mine = triangles.look == look
        if not mine.any():
            continue
        st, xy = triangles.st[mine], triangles.corners[mine][..., :2]
        if look in (Look.LANE, Look.TRACK):
            uv[mine] = np.stack([0.5 - st[..., 1] / textures.LANE_M[0], st[..., 0] / textures.LANE_M[1]], axis=-1)
        elif look == Look.KERB:
            uv[mine] = st / np.array(paving.KERB_M)
        elif look == Look.CHANNEL:
            uv[mine] = st / np.array(paving.CHANNEL_M)
        elif look == Look.GULLY:
            uv[mine] = st / np.array(paving.GULLY_M)
        elif look in (Look.PAVING, Look.PARKING):
            uv[mine] = st / paving.PAVING_M
        elif look in (Look.GUTTER, Look.CONCRETE):
            uv[mine] = st / textures.CONCRETE_M
        else:
            uv[mine] = xy / _REPEAT_M.get(look, 1.0)
    return uv
