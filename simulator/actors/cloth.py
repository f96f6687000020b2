"""Cloth: grey textures of garments that the colour of a material multiplies, and how they lie on a body.

A texture covers the body once: u runs from the front (0) round the side to the back (1), the same on both sides;
v is the height as a share of an adult's stature. Row 0 is v = 1. Where nothing is drawn the tone is `BASE`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from simulator.actors.physique import Physique
from simulator.actors.shape import F64
from simulator.numerics.rng import generator
from simulator.scene import Mesh, Texture
from simulator.scene.noise import spectral_noise, to_srgb8

BASE = 0.72  # tone of plain cloth: light threads may be brighter
ROWS, COLUMNS = 512, 128
TOPS = ("plain", "striped", "checked", "printed", "knit", "panels")
COATS = ("zipped", "quilted", "buttoned")
BOTTOMS = ("denim", "pressed", "plain_legs")


def draped(mesh: Mesh, p: Physique, axis: tuple[float, float] = (0.0, 0.0)) -> Mesh:
    """The mesh with a garment's texture laid round the vertical line through `axis` (x, y) in the body frame."""
    x, y, z = mesh.vertices.T.astype(np.float64)
    around = np.abs(np.arctan2(y - axis[1], x - axis[0])) / np.pi
    shares = np.linspace(0.0, 1.0, 129)
    up = np.interp(z, p.z(shares), shares)
    uv = np.stack([0.01 + 0.98 * around, np.clip(up, 0.01, 0.99)], 1)
    return replace(mesh, uv=uv.astype(np.float32))


def _lines(v: F64, *at: float, width: float = 0.004) -> F64:
    """1 on thin lines at the given places, falling off to 0 beside them."""
    return np.asarray(np.max([np.exp(-(((v - a) / width) ** 2)) for a in at], axis=0))


def _folds(rng: np.random.Generator, stretch: int, strength: float) -> F64:
    """(ROWS, COLUMNS) light and shade of soft folds, lit from above; `stretch` draws them out round the body."""
    height = spectral_noise((ROWS, COLUMNS), rng, slope=3.2, low_cut=2 * stretch)
    for _ in range(2):
        height = np.mean([np.roll(height, k, 1) for k in range(-stretch, stretch + 1)], axis=0)
    lit = height - np.roll(height, 5, 0)
    return np.asarray(1.0 + strength * np.clip(lit / lit.std(), -2.5, 2.5))


@cache
def garment(kind: str, number: int = 0) -> Texture:
    """Texture of a garment of one of TOPS, COATS or BOTTOMS; equal arguments give the same object."""
    rng = generator(0, "cloth", kind, number)
    v = (1.0 - (np.arange(ROWS) + 0.5) / ROWS)[:, None]
    u = ((np.arange(COLUMNS) + 0.5) / COLUMNS)[None]
    weave = 1.0 + 0.035 * spectral_noise((ROWS, COLUMNS), rng, slope=0.4, low_cut=8)
    tone = BASE * weave * (_legs(kind, u, v, rng) if kind in BOTTOMS else _top(kind, u, v, rng))
    return Texture(f"cloth {kind} {number}", to_srgb8(np.repeat(np.clip(tone, 0.02, 1.0)[..., None], 3, 2)))


def _legs(kind: str, u: F64, v: F64, rng: np.random.Generator) -> F64:
    """Trousers: folds at knee, ankle and hip, side and inner seams, pockets, hems; worn denim is pale on the thighs."""
    creased = np.exp(-(((v - 0.285) / 0.05) ** 2)) + 0.9 * np.exp(-(((v - 0.08) / 0.05) ** 2))
    creased = creased + 0.8 * np.exp(-(((v - 0.47) / 0.05) ** 2)) + 0.3
    tone = 1.0 + (_folds(rng, 4, 0.085) - 1.0) * creased
    tone *= 1.0 - 0.22 * _lines(u, 0.5, width=0.02)
    tone *= 1.0 - 0.25 * _lines(v, 0.052, 0.06, width=0.002)
    tone *= 1.0 - 0.30 * np.exp(-(((v - 0.468) / 0.02) ** 2))  # shade between the legs
    pocket = (u > 0.18) & (u < 0.45) & (np.abs(v - 0.535 + 0.10 * (u - 0.18)) < 0.003)
    back = (
        (u > 0.70) & (u < 0.88) & (v > 0.48) & (v < 0.535) & ((np.abs(v - 0.535) < 0.004) | (np.abs(v - 0.48) < 0.003))
    )
    tone = np.where(pocket | back, 0.62 * tone, tone)
    tone = np.where((v > 0.553) & (v < 0.572), 0.35, tone)  # belt
    if kind == "denim":
        worn = np.exp(-(((v - 0.40) / 0.09) ** 2)) * np.exp(-((u / 0.28) ** 2))
        worn = worn + 0.6 * np.exp(-(((v - 0.29) / 0.03) ** 2)) * np.exp(-((u / 0.3) ** 2))
        worn = worn + 0.7 * np.exp(-(((v - 0.47) / 0.04) ** 2)) * np.exp(-(((u - 0.85) / 0.2) ** 2))
        tone = tone * (0.86 + 0.5 * worn * (1.0 + 0.15 * spectral_noise((ROWS, COLUMNS), rng, slope=1.5, low_cut=6)))
    elif kind == "pressed":
        tone = tone * (1.0 + 0.10 * _lines(u, 0.02, 0.98, width=0.02))
    return np.asarray(tone)


def _top(kind: str, u: F64, v: F64, rng: np.random.Generator) -> F64:
    """Shirts, knitwear and jackets: folds at waist and elbow, seams, hem and collar; fastenings at the front."""
    loose = 0.5 + np.exp(-(((v - 0.56) / 0.05) ** 2)) + 0.6 * np.exp(-(((v - 0.64) / 0.04) ** 2))
    tone = 1.0 + (_folds(rng, 3, 0.075) - 1.0) * loose
    tone *= 1.0 - 0.15 * _lines(v, 0.842, 0.50, width=0.003) - 0.10 * _lines(u, 0.5, width=0.015)
    tone *= 1.0 - 0.28 * np.exp(-(((v - 0.735) / 0.05) ** 2)) * np.exp(-(((u - 0.5) / 0.10) ** 2))  # under the arm
    if kind == "striped":
        count = float(rng.choice([28, 46, 64]))
        tone = tone * np.where(np.sin(2 * np.pi * count * v) > rng.uniform(-0.2, 0.5), 0.45, 1.15)
    elif kind == "checked":
        step = float(rng.uniform(0.02, 0.035))
        across, up = np.sin(2 * np.pi * u * 0.30 / step), np.sin(2 * np.pi * v / step)
        tone = tone * (1.25 - 0.32 * (across > 0.2) - 0.32 * (up > 0.2))
    elif kind == "printed":  # an emblem on the chest
        blot = spectral_noise((ROWS, COLUMNS), rng, slope=1.6, low_cut=10) > -0.2
        inside = (((u / 0.19) ** 4 + ((v - 0.715) / 0.035) ** 4) < 1) & blot
        tone = np.where(inside, 1.35 if rng.random() < 0.6 else 0.4, tone)
    elif kind == "knit":
        tone = tone * (1.0 + 0.06 * np.sin(2 * np.pi * 90 * v)) * np.where(v < 0.515, 0.85, 1.0)
    elif kind == "panels":  # yoke and sleeves of another tone
        tone = np.where((v > 0.745) & (v < 0.842), 0.55 * tone, tone)
    elif kind == "quilted":
        tube = np.mod(v / 0.042, 1.0)
        tone = tone * (0.62 + 0.55 * np.sin(np.pi * tube) ** 0.7 + 0.14 * (tube - 0.5))
        tone *= 1.0 + (_folds(rng, 1, 0.06) - 1.0)
    if kind in ("zipped", "quilted"):
        tone = np.where(u < 0.022, 0.42, tone)
        tone = np.where((u > 0.16) & (u < 0.30) & (np.abs(v - 0.575 - 0.12 * (u - 0.23)) < 0.004), 0.45, tone)
    elif kind == "buttoned":
        buttons = (u < 0.03) & (np.mod(v, 0.045) < 0.008)
        tone = np.where(buttons, 0.35, tone * (1.0 - 0.25 * _lines(u, 0.06, width=0.008)))
        lapel = (v > 0.70) & (v < 0.842) & (np.abs(u - 0.05 - 1.1 * (v - 0.70)) < 0.012)
        tone = np.where(lapel, 0.6 * tone, tone)
    return np.asarray(tone)
