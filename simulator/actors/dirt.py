"""Dirt on painted bodies: dust and splashes that thin out upward, and streaks that rain draws down."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from simulator.numerics.rng import generator
from simulator.scene import Material, Mesh, Texture
from simulator.scene.material import Rgb
from simulator.scene.noise import spectral_noise, to_srgb8

LENGTH_M, HEIGHT_M = 5.12, 2.56  # one repeat of the texture along the body; its upper rows go on above
DUST = np.array([0.22, 0.185, 0.14])  # dry road dust, linear sRGB (general knowledge)
LEVELS = (0.0, 0.22, 0.45, 0.85)  # clean, dusty, dirty, filthy: share of the paint hidden near the sills
SHARES = (0.42, 0.34, 0.18, 0.06)
_ROWS, _COLUMNS, _VARIANTS = 128, 128, 4


def soiled(
    mesh: Mesh,
    materials: tuple[Material, ...],
    painted: tuple[int, ...],
    rng: np.random.Generator,
    *,
    worse: float = 1.0,
) -> tuple[Mesh, tuple[Material, ...]]:
    """The body with dirt on the slots `painted`; `worse` makes dirt likelier (lorries are washed less often)."""
    share = np.array(SHARES) ** (1.0 / worse)
    level = float(rng.choice(LEVELS, p=share / share.sum()))
    variant = int(rng.integers(_VARIANTS))
    if level == 0.0:
        return mesh, materials
    slot = np.full(len(mesh.vertices), -1)
    slot[mesh.faces] = mesh.slots[:, None]  # vertices belong to one slot (see `shape.finish`)
    x, y, z = mesh.vertices.T
    uv = np.stack([(x + 0.4 * y) / LENGTH_M, np.clip(z / HEIGHT_M, 0.01, 0.99)], 1)
    laid = np.where(np.isin(slot, painted)[:, None], uv, mesh.uv).astype(np.float32)
    table = [
        replace(m, albedo=(1.0, 1.0, 1.0), texture=dirty_paint(m.albedo, level, variant))
        if k in painted and m.texture is None
        else m
        for k, m in enumerate(materials)
    ]
    return replace(mesh, uv=laid), tuple(table)


@lru_cache(maxsize=256)
def dirty_paint(color: Rgb, level: float, variant: int) -> Texture:
    """Paint of a colour under dust; equal arguments give the same object as long as it is in use."""
    rng = generator(0, "dirt", variant)
    z = HEIGHT_M * (1.0 - (np.arange(_ROWS) + 0.5) / _ROWS)[:, None]
    cloud = spectral_noise((_ROWS, _COLUMNS), rng, slope=1.8, low_cut=2)
    speck = spectral_noise((_ROWS, _COLUMNS), rng, slope=0.5, low_cut=10)
    streak = np.repeat(spectral_noise((1, _COLUMNS), rng, slope=0.8, low_cut=4), _ROWS, 0)
    cover = 0.95 * np.exp(-np.maximum(z - 0.25, 0.0) / 0.22) + 0.16 + 0.06 * np.clip(streak, -1, 2) * (z > 0.6)
    cover = level * np.clip(cover * (1.0 + 0.28 * cloud + 0.14 * speck), 0.0, 1.0)
    tone = np.array(color) * (1 - cover[..., None]) + DUST * cover[..., None]
    return Texture(f"dirty paint {level:g}", to_srgb8(tone))
