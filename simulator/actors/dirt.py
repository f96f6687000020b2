"""Dirt on painted bodies: dust and splashes that thin out upward, and streaks that rain draws down.

Most of it lies where it is thrown: behind the wheels, and on the rear, where the air that a vehicle drags along drops
its dust. A film of it takes the gloss of the paint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.rng import generator
from simulator.scene import Material, Mesh, Texture
from simulator.scene.material import Rgb
from simulator.scene.noise import spectral_noise, to_srgb8

LENGTH_M, HEIGHT_M = 5.12, 2.56  # one repeat of the texture along the body; its upper rows go on above
# Dry road dust twice, salt and soot of winter roads, mud; linear sRGB (general knowledge).
DUSTS = np.array([[0.22, 0.185, 0.14], [0.22, 0.185, 0.14], [0.25, 0.25, 0.245], [0.13, 0.10, 0.07]])
RUST, RUSTY = np.array([0.115, 0.040, 0.014]), 0.12  # linear sRGB; share of the dirty ones that rust (an estimate)
BARE = np.array([0.30, 0.30, 0.29])  # linear sRGB of primer
SCRATCH_M = 0.008  # width of the widest scratches (an estimate)
CHIPPED_M = 0.25  # from the middle of the nose back on which stones have struck
LEVELS = (0.0, 0.22, 0.45, 0.85)  # clean, dusty, dirty, filthy: share of the paint hidden near the sills
SHARES = (0.42, 0.34, 0.18, 0.06)
_ROWS, _COLUMNS, _VARIANTS = 128, 128, len(DUSTS)
REAR_SHARE = 0.5  # of its height at which a point of the rear is as dirty as one of the side
THROWN_M = 0.35  # how much higher mud reaches behind the wheels


def soiled(
    mesh: Mesh,
    materials: tuple[Material, ...],
    painted: tuple[int, ...],
    rng: np.random.Generator,
    *,
    worse: float = 1.0,
    wheels_x: Sequence[float] = (),
    scratched: bool = False,
) -> tuple[Mesh, tuple[Material, ...]]:
    """The body with dirt on the slots `painted`, more of it behind the wheels at `wheels_x`.

    `worse` makes dirt likelier (lorries are washed less often). Paint that is `scratched` is also chipped in front.
    """
    share = np.array(SHARES) ** (1.0 / worse)
    level = float(rng.choice(LEVELS, p=share / share.sum()))
    variant = int(rng.integers(_VARIANTS))
    rusty = bool(rng.random() < RUSTY)
    if level == 0.0 and not scratched:
        return mesh, materials
    slot = np.full(len(mesh.vertices), -1)
    slot[mesh.faces] = mesh.slots[:, None]  # vertices belong to one slot (see `shape.finish`)
    x, y, _ = mesh.vertices.T
    along = x - x.max() - CHIPPED_M if scratched else x  # the nose lies at the end of the texture
    uv = np.stack([(along + 0.4 * y) / LENGTH_M, np.clip(_exposed_z(mesh, wheels_x) / HEIGHT_M, 0.01, 0.99)], 1)
    laid = np.where(np.isin(slot, painted)[:, None], uv, mesh.uv).astype(np.float32)
    table = [
        replace(
            m,
            albedo=(1.0, 1.0, 1.0),
            texture=dirty_paint(m.albedo, level, variant, rusty, scratched),
            clearcoat=round(m.clearcoat * (1.0 - 0.7 * level), 3),
        )
        if k in painted and m.texture is None
        else m
        for k, m in enumerate(materials)
    ]
    return replace(mesh, uv=laid), tuple(table)


def _exposed_z(mesh: Mesh, wheels_x: Sequence[float]) -> NDArray[np.float64]:
    """(V,) the height on the side of a body at which it is as dirty as each vertex."""
    x, _, z = mesh.vertices.T.astype(np.float64)
    corner = mesh.vertices[mesh.faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    toward = np.stack([np.bincount(mesh.faces.reshape(-1), np.repeat(normal[:, k], 3), len(z)) for k in range(3)], 1)
    back = -toward[:, 0] / np.maximum(np.linalg.norm(toward, axis=1), 1e-9)
    behind = [np.exp(-(((x - wheel + 0.55) / 0.30) ** 2)) for wheel in wheels_x]
    thrown = THROWN_M * np.sum(behind, axis=0) if behind else 0.0
    return np.asarray((z - thrown) * (1.0 - (1.0 - REAR_SHARE) * np.clip(2.0 * back - 0.6, 0.0, 1.0)))


@lru_cache(maxsize=256)
def dirty_paint(color: Rgb, level: float, variant: int, rusty: bool, scratched: bool = False) -> Texture:
    """Paint of a colour under dust, and under the dust scratches, and rust that eats upward from the sills.

    Equal arguments give the same object as long as it is in use.
    """
    rng = generator(0, "dirt", variant)
    z = HEIGHT_M * (1.0 - (np.arange(_ROWS) + 0.5) / _ROWS)[:, None]
    cloud = spectral_noise((_ROWS, _COLUMNS), rng, slope=1.8, low_cut=2)
    speck = spectral_noise((_ROWS, _COLUMNS), rng, slope=0.5, low_cut=10)
    streak = np.repeat(spectral_noise((1, _COLUMNS), rng, slope=0.8, low_cut=4), _ROWS, 0)
    reach = 0.18 + 0.40 * level  # the dirtier, the higher up
    cover = 0.95 * np.exp(-np.maximum(z - 0.25, 0.0) / reach) + 0.16 + 0.10 * np.clip(streak, -1, 2) * (z > 0.6)
    cover = level * np.clip(cover * (1.0 + 0.10 * cloud + 0.14 * speck), 0.0, 1.0)
    paint = np.broadcast_to(np.array(color), (_ROWS, _COLUMNS, 3))
    if scratched:
        bare = _scratches(variant)[..., None]
        paint = paint * (1 - bare) + (BARE if max(color) < 0.25 else 0.35 * np.array(color)) * bare
    if rusty:
        blister = spectral_noise((_ROWS, _COLUMNS), rng, slope=1.0, low_cut=8)
        eaten = np.clip(1.6 * (blister - 0.9 - 2.2 * np.maximum(z - 0.30, 0.0) / 0.45), 0.0, 1.0)[..., None]
        paint = paint * (1 - eaten) + RUST * (1.0 + 0.3 * speck[..., None]) * eaten
    tone = paint * (1 - cover[..., None]) + DUSTS[variant] * cover[..., None]
    return Texture(f"dirty paint {level:g}", to_srgb8(tone))


@lru_cache(maxsize=_VARIANTS)
def _scratches(variant: int) -> NDArray[np.float64]:
    """(_ROWS, _COLUMNS) how much of the paint is scratched off: strokes along the sides, and chips in front."""
    rng = generator(0, "scratches", variant)
    bare = np.zeros((_ROWS, _COLUMNS))
    cell_x, cell_z = LENGTH_M / _COLUMNS, HEIGHT_M / _ROWS
    for _ in range(int(rng.integers(5, 10))):
        x, z, length, slope = rng.uniform([0.0, 0.35, 0.15, -0.12], [LENGTH_M, 0.95, 0.9, 0.12])
        steps = np.arange(0.0, length, 0.5 * cell_x)
        rows = ((HEIGHT_M - z - slope * steps) / cell_z).astype(int)
        hidden = SCRATCH_M / cell_z * rng.uniform(0.25, 1.0) * rng.uniform(0.5, 1.0)  # of a row, which is wider
        bare[rows, ((x + steps) / cell_x).astype(int) % _COLUMNS] = hidden
    in_front = (np.arange(_COLUMNS) + 0.5) * cell_x > LENGTH_M - 2.2 * CHIPPED_M
    height = HEIGHT_M - (np.arange(_ROWS) + 0.5) * cell_z
    chipped = (rng.random(bare.shape) < 0.05) & in_front & ((height > 0.3) & (height < 1.05))[:, None]
    return np.maximum(bare, np.where(chipped, 0.22, 0.0))  # a chip is smaller than a cell
