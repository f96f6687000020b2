"""Coats of quadrupeds: colours, hair, stripes, patches and points, and where the light underside begins."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from simulator.actors.animal_heads import Hide, Row
from simulator.actors.finishes import as_rgb
from simulator.actors.shape import F64
from simulator.numerics.rng import generator
from simulator.scene import Material, Mesh, Texture
from simulator.scene.material import Rgb, srgb
from simulator.scene.noise import spectral_noise, to_srgb8

FUR_WITHERS = 1.5  # height of the coat's texture in withers heights


def lightened(body: Mesh, species: str, withers: float) -> Mesh:
    """A trunk whose underside has the light slot: bellies, the bib of foxes, the rump patch of deer."""
    if species not in ("deer", "fox", "dog", "cat"):
        return body
    corners = body.vertices[body.faces].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    middle = corners.mean(1)
    light = normal[:, 2] < (-0.35 if species in ("fox", "deer") else -0.55)
    if species == "fox":
        light |= (normal[:, 0] > 0.45) & (middle[:, 2] < 0.95 * withers)
    if species == "deer":
        behind = (normal[:, 0] < -0.62) & (middle[:, 0] < 0.0)
        light |= behind & (np.abs(middle[:, 1]) < 0.10 * withers) & (middle[:, 2] > 0.62 * withers)
    return replace(body, slots=np.where(light, int(Hide.UNDER), body.slots).astype(np.int32))


def _hairs(size: int, rng: np.random.Generator) -> F64:
    """(size, size) strands that lie along the body, in tufts; about 0, deviation 1."""
    fine = spectral_noise((size, 4 * size), rng, slope=0.5, low_cut=24)[:, ::4]
    tufts = spectral_noise((size, 2 * size), rng, slope=1.1, low_cut=8)[:, ::2]
    mixed = 0.75 * fine + 0.65 * tufts
    return np.asarray(mixed / mixed.std())


def _heights(size: int) -> F64:
    """(size,) height over the withers of the rows of a coat's texture."""
    return np.asarray(FUR_WITHERS * (1.0 - (np.arange(size) + 0.5) / size))


@cache
def coat_texture(legs: float, kind: str = "fur") -> Texture:
    """Coat, dark along the back and light below (countershading).

    `legs`: tone of the feet over the flanks'; `kind`: "fur", "sleek", "short", "wool", "bristle", or "tabby" with
    dark stripes down the flanks.
    """
    wool = kind == "wool"
    rng = generator(0, "coat", str(legs), kind)
    size = 512
    hair = _hairs(size, rng)
    locks = spectral_noise(size, rng, slope=1.2 if wool else 2.4, low_cut=14 if wool else 3)
    height = _heights(size)
    shade = np.interp(
        height,
        [0.0, 0.12, 0.38, 0.55, 0.72, 0.85, 0.97, 1.06, 1.5],
        [legs, legs, 0.5 + 0.5 * legs, 1.15, 1.0, 0.95, 0.78, 0.9, 1.0],
    )
    if kind == "sleek":  # of one colour all over, bleached along the back, darker at the belly
        shade = np.interp(height, [0.0, 0.12, 0.38, 0.55, 0.75, 0.95, 1.05], [legs, legs, 0.4 + 0.5 * legs, 0.86, 1.0,
                          1.10, 1.0])  # fmt: skip
        blotch = spectral_noise(size, rng, slope=1.9, low_cut=5)
        locks = locks + 1.1 * blotch - 0.8 * np.clip(spectral_noise(size, rng, slope=1.4, low_cut=9) - 0.8, 0.0, 2.0)
    strands = {"wool": 0.10, "sleek": 0.055, "short": 0.05, "bristle": 0.42}.get(kind, 0.20)
    tone = (
        0.8
        * shade[:, None]
        * (1.0 + strands * hair + {"wool": 0.20, "short": 0.03, "sleek": 0.085}.get(kind, 0.09) * locks)
    )
    if kind == "tabby":
        along = np.arange(size) / size * 2 * np.pi * 17
        warp = 1.6 * spectral_noise(size, rng, slope=2.4, low_cut=3)
        stripe = (
            np.clip(1.6 * np.sin(along + warp) - 0.5, 0, 1)
            * np.interp(height, [0.0, 0.35, 0.95, 1.1], [0.4, 0.8, 1, 0.7])[:, None]
        )
        tone *= 1.0 - 0.6 * stripe * (1.0 + 0.5 * spectral_noise(size, rng, slope=1.6, low_cut=6)).clip(0, 1.4)
    return Texture(f"coat {kind} {legs:g}", to_srgb8(np.repeat(np.clip(tone, 0.02, 1.0)[..., None], 3, 2)))


@cache
def pointed_texture(coat: Rgb, points: Rgb, height: float, ragged: float, sleek: bool) -> Texture:
    """A coat of a colour with legs, and bellies if so high, of another.

    Args:
        coat, points: reflectance of the upper and of the lower parts.
        height: of the border between them, in withers heights; `ragged`: how far it strays.
        sleek: short hair in which no strands are seen.
    """
    rng = generator(0, "points", str(coat), str(points), str(height))
    size = 512
    up = _heights(size)[:, None] + ragged * spectral_noise(size, rng, slope=2.6, low_cut=1)
    share = np.clip((up - height) / (0.5 * ragged) + 0.5, 0.0, 1.0)[..., None]
    tone = np.array(points) * (1.0 - share) + np.array(coat) * share
    strands, locks = (0.055, 0.08) if sleek else (0.20, 0.09)
    shade = np.interp(_heights(size), [0.38, 0.55, 0.72, 0.97, 1.06],
                      [0.90, 0.88, 1.0, 1.08, 1.0] if sleek else [0.95, 1.15, 1.05, 0.85, 0.95])[:, None]  # fmt: skip
    worn = 1.0 + strands * _hairs(size, rng) + locks * spectral_noise(size, rng, slope=2.4, low_cut=3)
    return Texture(f"points {coat} {points} {height}", to_srgb8(np.clip(tone * (shade * worn)[..., None], 0.012, 1.0)))


# Colours of which the lower parts of a coat are, the height of the border and how far it strays, in withers heights;
# how often: of dogs with dark coats (black and tan), of horses (bays, and such with white feet).
_POINTS: dict[str, tuple[tuple[float, Rgb, float, float], ...]] = {
    "dog": ((0.55, (0.21, 0.125, 0.062), 0.60, 0.09),),
    "horse": ((0.5, (0.028, 0.022, 0.018), 0.40, 0.06), (0.25, (0.50, 0.47, 0.42), 0.15, 0.04)),
}


def _pointed(species: str, coat: F64, rng: np.random.Generator) -> Texture | None:
    """The coat of an animal whose lower parts have a colour of their own; None: it has none."""
    drawn = float(rng.random())
    for share, color, height, ragged in _POINTS.get(species, ()):
        if drawn < share:
            tidy = as_rgb(np.round(np.clip(coat, 0.03, 0.55), 2))
            return pointed_texture(tidy, color, height, ragged, species == "horse") if max(tidy) < 0.35 else None
        drawn -= share
    return None


@cache
def pied_texture(coat: Rgb, share: int, number: int) -> Texture:
    """A coat of a colour with white patches over about `share` tenths of it, soiled below."""
    rng = generator(0, "pied", number)
    size = 512
    field = spectral_noise(size, rng, slope=3.0, low_cut=1) + 0.06 * spectral_noise(size, rng, slope=1.0, low_cut=24)
    height = _heights(size)[:, None]
    field = field + 5.0 * np.clip(0.40 - height, 0, 1)  # legs and bellies are white more often
    edge = field - np.quantile(field, 1 - share / 10) + 0.03 * _hairs(size, rng)  # hair of both colours meets
    white = np.clip(edge / 0.10 + 0.5, 0, 1)[..., None]
    tone = np.array(coat) * (1 - white) + np.array([0.58, 0.555, 0.50]) * white
    tone = tone * (1.0 + 0.13 * _hairs(size, rng) + 0.05 * spectral_noise(size, rng, slope=2.2, low_cut=3))[..., None]
    dirt = np.interp(height, [0.0, 0.25, 0.55, 0.8], [0.75, 0.5, 0.22, 0.0])
    dirt = np.clip(dirt * (1.0 + 0.7 * spectral_noise(size, rng, slope=1.8, low_cut=3)), 0.0, 0.8)[..., None]
    tone = tone * (1 - dirt) + np.array([0.13, 0.10, 0.07]) * dirt
    return Texture(f"pied coat {number}", to_srgb8(np.clip(tone, 0.004, 1.0)))


def coat_materials(row: Row, species: str, pied: bool, rng: np.random.Generator) -> tuple[Material, ...]:
    """Materials of the slots of `Hide`, for one animal of a species; `pied`: with white patches."""
    coats = row["coats"]
    assert isinstance(coats, list)
    plain = srgb(str(coats[int(rng.integers(len(coats)))]))
    coat = np.array(plain) * rng.uniform(0.85, 1.15)
    under = np.array(srgb(str(row["under"])))
    if pied:
        plain = srgb("#171514") if max(plain) > 0.4 else plain  # white on white would not show
        spots = pied_texture(plain, int(rng.integers(3, 7)), int(rng.integers(6)))
        patched = Material("pied coat", (1.0, 1.0, 1.0), spots, roughness=0.7, reflectance_905=0.5)
    tabby = species == "cat" and 0.03 < max(plain) < 0.5 and rng.random() < 0.8  # white and black ones are plain
    sleek = species in ("cow", "horse")
    coats_of = {"cow": "sleek", "horse": "sleek", "cat": "short", "sheep": "wool", "boar": "bristle"}
    kind = "tabby" if tabby else coats_of.get(species, "fur")
    coat = np.clip(coat, 0.030, 0.55)  # the hair of black animals is brown or grey in the sun
    gloss = 0.7 if sleek else 0.85
    hair = coat_texture(float(row["socks"]), kind)
    if tabby:
        coat = np.maximum(coat, 0.10)  # stripes show on grey and ginger
    plain_coat = Material("coat", as_rgb(coat / 0.8), hair, roughness=gloss, reflectance_905=0.45)
    points = None if pied else _pointed(species, coat, rng)
    if points is not None:
        patched = Material("coat with points", (1.0, 1.0, 1.0), points, roughness=gloss, reflectance_905=0.45)
        pied = True
    mixed = {"dog": 0.2, "fox": 0.95, "deer": 0.7}.get(species, 0.5)
    if species == "sheep" and rng.random() < 0.5:  # white faces and legs
        under = np.array([0.50, 0.46, 0.40])
    below = as_rgb((1 - mixed) * coat + mixed * under if species != "sheep" else under)
    belly = Material("underside", below, hair, roughness=0.85, reflectance_905=0.45)
    return (
        patched if pied else plain_coat,
        patched if pied else belly,
        Material("hoof", (0.02, 0.018, 0.016), roughness=0.7, reflectance_905=0.2),
        # Eyes shine in head lamps: the tapetum throws light back.
        Material("eye", (0.01, 0.01, 0.01), roughness=0.1, clearcoat=1.0, retro_cd_lx_m2=4.0, reflectance_905=0.3),
        Material("horn", (0.30, 0.26, 0.20), roughness=0.6, reflectance_905=0.4),
        Material("udder", (0.52, 0.33, 0.27), roughness=0.6, reflectance_905=0.5),
        Material("iris", (0.40, 0.42, 0.10), roughness=0.1, clearcoat=1.0, retro_cd_lx_m2=4.0, reflectance_905=0.3),
    )
