"""Coats of quadrupeds: colours, hair, stripes and patches, laid over the body from the side.

The upper half of a coat's texture is for trunk, neck, head and tail, the lower half for the legs; in both u runs along
the body and v up. Layers of other colours (bellies, bibs, rump patches, stockings, saddles) are drawn in that plane.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from simulator.actors.animal_heads import Row
from simulator.actors.finishes import as_rgb
from simulator.actors.shape import F64
from simulator.data import load_asset
from simulator.numerics.rng import generator
from simulator.scene import Material, Texture
from simulator.scene.material import srgb
from simulator.scene.noise import spectral_noise, to_srgb8

FUR_WITHERS = 1.5  # height of each half of a coat's texture in withers heights
SPAN_WITHERS = 3.2  # and its length, about the middle of the body
SIZE = 512  # of its side, pixels
# Light comes back out of the eye through the lens that gathered it (tapetum), as from beads of sheeting: 7 % of it (by
# choice) in their beam, whose integral over all directions is 2 pi w^2 / (2^(2/3) - 1), half at w = 0.42 degrees.
EYESHINE_CD_LX_M2 = 120.0
_HAIR = {"cow": "sleek", "horse": "sleek", "cat": "short", "sheep": "wool", "boar": "bristle"}
_STRANDS = {"wool": 0.10, "sleek": 0.055, "short": 0.07, "bristle": 0.42, "fur": 0.16}
_LOCKS = {"wool": 0.20, "sleek": 0.06, "short": 0.03, "bristle": 0.09, "fur": 0.08}
# How light coats of one colour are from the feet to above the back (countershading), by height over the withers.
_SHADES = {
    "sleek": ([0.38, 0.55, 0.75, 0.95, 1.05], [0.92, 0.86, 1.0, 1.10, 1.0]),
    "wool": ([0.38, 0.55, 0.97, 1.06], [0.88, 0.95, 1.0, 1.0]),
}
_SHADE = ([0.30, 0.55, 0.72, 0.85, 0.97, 1.06, 1.5], [1.0, 1.12, 1.0, 0.95, 0.80, 0.9, 1.0])


def row_of(species: str, style: str = "") -> Row:
    """The row of a species in the catalogue, with what differs in one of its styles (breed, kin, age)."""
    row = load_asset("animals")[species]
    return {**row, **row["styles"][style]} if style else row


@dataclass(frozen=True, slots=True)
class Coat:
    """A coat of the catalogue.

    Attributes:
        species, style: whose; see `row_of`. name: of the coat there.
    """

    species: str
    style: str
    name: str

    @property
    def row(self) -> Row:
        """What the catalogue tells of it: colours, patterns, layers."""
        return dict(row_of(self.species, self.style)["coats"][self.name])

    @property
    def hair(self) -> str:
        """Kind of hair."""
        return _HAIR.get(self.species, "fur")


def drawn_coat(species: str, style: str, season: str, rng: np.random.Generator) -> Coat:
    """A coat that an animal wears in a season ("": any), by their shares."""
    row = row_of(species, style)
    worn = {name: coat for name, coat in row["coats"].items() if season in coat.get("seasons", season) or not season}
    shares = np.array([coat["share"] for coat in worn.values()])
    return Coat(species, style, str(rng.choice(list(worn), p=shares / shares.sum())))


def coat_uv(points: F64, withers: float, across: float, leg: bool) -> F64:
    """(N, 2) texture coordinates of a coat at (N, 3) points of the body at rest; legs have the lower half."""
    x, y, z = points.T / withers
    u = np.clip((x + across * y) / SPAN_WITHERS + 0.5, 0.005, 0.995)
    v = 0.5 * np.clip(z / FUR_WITHERS, 0.005, 0.995)
    return np.stack([u, v if leg else v + 0.5], 1)


def _hairs(rng: np.random.Generator) -> F64:
    """(SIZE, SIZE) strands that lie along the body, in tufts; about 0, deviation 1."""
    fine = spectral_noise((SIZE, 4 * SIZE), rng, slope=0.5, low_cut=24)[:, ::4]
    tufts = spectral_noise((SIZE, 2 * SIZE), rng, slope=1.1, low_cut=8)[:, ::2]
    mixed = 0.75 * fine + 0.65 * tufts
    return np.asarray(mixed / mixed.std())


def _line(points: Any, x: F64) -> F64:
    """Heights of a line through (x, z) points, or of a level one."""
    if isinstance(points, (int, float)):
        return np.full(len(x), float(points))
    at, height = np.array(points, np.float64).T
    return np.asarray(np.interp(x, at, height))


def _layer(layer: Row, x: F64, z: F64, stray: F64) -> F64:
    """(SIZE, SIZE) how far a layer covers: above one line and below another, with a border that strays."""
    ragged = float(layer.get("ragged", 0.03))
    up = z[:, None] + ragged * stray
    soft = float(layer.get("soft", 0.4 * ragged))
    cover = np.ones((SIZE, SIZE))
    for name, sign in (("below", -1.0), ("above", 1.0)):
        if name in layer:
            cover *= np.clip(sign * (up - _line(layer[name], x)) / soft + 0.5, 0.0, 1.0)
    return np.asarray(cover * layer.get("strength", 1.0))


def _patched(patches: Row, tone: F64, hair: F64, number: int, rng: np.random.Generator) -> F64:
    """The tone with patches of another colour over a share of it, of which there are several variants."""
    low, high = patches["share"]
    slope, size = patches.get("slope", 3.0), patches.get("cycles", 2)
    field = spectral_noise(SIZE, rng, slope=slope, low_cut=size) + 0.035 * hair  # hair of both colours meets
    edge = field - np.quantile(field, 1.0 - low - (high - low) * (number % 4) / 3.0)
    cover = np.clip(edge / patches.get("soft", 0.05) + 0.5, 0.0, 1.0)[..., None]
    return np.asarray(tone * (1.0 - cover) + np.array(srgb(patches["color"])) * cover)


def _striped(x: F64, z: F64, rng: np.random.Generator) -> F64:
    """(SIZE, SIZE) how dark a mackerel tabby is: narrow stripes down the flanks, a line along the back."""
    warp = 1.5 * spectral_noise(SIZE, rng, slope=2.6, low_cut=3)
    stripe = np.clip(1.7 * np.sin(2 * np.pi * 8.5 * x + warp) - 0.35, 0.0, 1.0)
    worn = (1.0 + 0.6 * spectral_noise(SIZE, rng, slope=1.6, low_cut=6)).clip(0.0, 1.3)
    down = np.interp(z, [0.0, 0.35, 0.55, 0.70, 0.95], [0.6, 0.8, 0.35, 0.9, 1.0])[:, None]
    back = np.interp(z, [0.93, 0.97, 1.02], [0.0, 0.9, 0.9])[:, None] * (x < 0.5)
    return np.asarray(np.maximum(stripe * worn * down, back))


def _piglet_stripes(x: F64, z: F64, rng: np.random.Generator) -> F64:
    """(SIZE, SIZE) how light the long stripes of young boars are, which run from the shoulder to the rump."""
    stray = 0.02 * spectral_noise(SIZE, rng, slope=2.6, low_cut=2)
    wave = np.sin(2 * np.pi * (z[:, None] + stray) / 0.11)
    ends = np.interp(x, [-0.75, -0.55, 0.55, 0.75], [0.0, 1.0, 1.0, 0.0])
    flanks = np.interp(z, [0.5, 0.6, 0.93, 0.97], [0.2, 1.0, 1.0, 0.0])[:, None]
    return np.asarray(np.clip(1.5 * wave, 0.0, 1.0) * flanks * ends)


def _spots(x: F64, z: F64, rng: np.random.Generator) -> F64:
    """(SIZE, SIZE) small round spots in rows that stray (fawns, fallow deer), or the dapples of greys."""
    field = np.fft.rfft2(spectral_noise(SIZE, rng, slope=0.2, low_cut=26))
    cycles = np.hypot(np.fft.rfftfreq(SIZE)[None], np.fft.fftfreq(SIZE)[:, None])
    smooth = np.fft.irfft2(field * np.exp(-((cycles / 0.075) ** 2)))
    flanks = np.interp(z, [0.60, 0.68], [0.0, 1.0])[:, None]
    return np.asarray(flanks * np.clip((smooth / smooth.std() - 1.45) * 2.5, 0.0, 1.0))


_PATTERNS = {"stripes": _striped, "piglet": _piglet_stripes, "spots": _spots}


@cache
def coat_texture(coat: Coat, number: int) -> Texture:
    """A coat of the catalogue; `number`: which of its variants (patches lie elsewhere)."""
    about, kind = coat.row, coat.hair
    names = (coat.species, coat.style, coat.name)
    rng = generator(0, "coat", *names, number)
    hair, stray = _hairs(rng), spectral_noise(SIZE, rng, slope=2.6, low_cut=2)
    locks = spectral_noise(SIZE, rng, slope=1.2 if kind == "wool" else 2.4, low_cut=14 if kind == "wool" else 3)
    x = ((np.arange(SIZE) + 0.5) / SIZE - 0.5) * SPAN_WITHERS
    z = FUR_WITHERS * (1.0 - (np.arange(SIZE) + 0.5) / SIZE)
    tone = np.broadcast_to(np.array(srgb(about["color"])), (SIZE, SIZE, 3))
    for drawn, color in about.get("pattern", {}).items():
        cover = _PATTERNS[drawn](x, z, rng)[..., None]
        tone = tone * (1.0 - cover) + np.array(srgb(color)) * cover
    shade = np.interp(z, *_SHADES.get(kind, _SHADE))
    if "patches" not in about:
        tone = tone * shade[:, None, None]
    for patches in about.get("patches", ()):
        tone = _patched(patches, tone, hair, number, rng)
    halves = {"trunk": tone, "legs": tone}
    for layer in about.get("layers", ()):
        cover = _layer(layer, x, z, stray + 0.3 * hair)[..., None]
        for part in halves:
            if layer.get("part", part) == part:
                halves[part] = halves[part] * (1.0 - cover) + np.array(srgb(layer["color"])) * cover
    worn = (1.0 + _STRANDS[kind] * hair + _LOCKS[kind] * locks)[..., None]
    soil = np.interp(z, [0.0, 0.25, 0.55, 0.8], [0.75, 0.5, 0.2, 0.0])[:, None] * row_of(*names[:2]).get("soil", 0.0)
    soil = np.clip(soil * (1.0 + 0.7 * spectral_noise(SIZE, rng, slope=1.8, low_cut=3)), 0.0, 0.8)[..., None]
    painted = [each * worn * (1.0 - soil) + np.array([0.13, 0.10, 0.07]) * soil for each in halves.values()]
    image = to_srgb8(0.8 * np.clip(np.concatenate(painted), 0.006, 1.2))
    return Texture(" ".join(filter(None, ("coat", *names, str(number)))), image)


@cache
def _mane_texture() -> Texture:
    """Strands that hang down, in locks."""
    rng = generator(0, "mane")
    tone = 0.8 * (1.0 + 0.22 * _hairs(rng).T)
    return Texture("hair of the mane", to_srgb8(np.repeat(np.clip(tone, 0.05, 1.0)[..., None], 3, 2)))


def coat_materials(coat: Coat, rng: np.random.Generator) -> tuple[Material, ...]:
    """Materials of the slots of `Hide`, for one animal in that coat."""
    row, about = row_of(coat.species, coat.style), coat.row
    worn = coat_texture(coat, int(rng.integers(6)) if "patches" in about else 0)
    gloss = 0.52 if coat.hair == "sleek" else 0.85
    light = float(rng.uniform(0.86, 1.10)) / 0.8
    under = np.array(srgb({**row, **about}["under"]))
    mane = np.array(srgb(about.get("mane", "#16130f")))
    pale = (0.52, 0.33, 0.27) if about.get("pale_nose") else (0.02, 0.018, 0.016)
    eye = Material(
        "eye",
        (0.009, 0.010, 0.007),
        roughness=0.1,
        clearcoat=1.0,
        retro_cd_lx_m2=EYESHINE_CD_LX_M2 if row["tapetum"] else 0.0,
        reflectance_905=0.3,
    )
    return (
        Material("coat", (light, light, light), worn, roughness=gloss, reflectance_905=0.45),
        Material("underside", as_rgb(under), roughness=0.85, reflectance_905=0.45),
        Material("hoof", (0.035, 0.030, 0.026), roughness=0.6, reflectance_905=0.2),
        eye,
        Material("horn", as_rgb(np.array(srgb(about.get("horn", "#94887a")))), roughness=0.6, reflectance_905=0.4),
        Material("bare skin", (0.52, 0.33, 0.27), roughness=0.6, reflectance_905=0.5),
        replace(eye, name="iris", albedo=(0.40, 0.42, 0.10)),
        Material("mane", as_rgb(mane / 0.8), _mane_texture(), roughness=0.55, reflectance_905=0.4),
        Material("white hair", (0.56, 0.53, 0.47), roughness=0.8, reflectance_905=0.5),
        Material("nose", pale, roughness=0.45, reflectance_905=0.3),
    )
