"""Textures of paving: slabs, bricks, setts, kerb stones, gutters; what all textures share is said in `textures`."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.rng import generator
from simulator.scene.material import Texture
from simulator.scene.noise import grade, to_srgb8, with_mean
from simulator.scene.noise import spectral_noise as noise

Array = NDArray[np.floating]

PAVING_M = 4.0
COBBLES_M = 2.4
KERB_M = (1.0, 0.25)  # along and across the kerb
CHANNEL_M = (2.4, 0.30)  # along and across a gutter; v = 0 at the kerb
# Colour of weathered concrete. Pavements on twelve pictures of KITTI and nuScenes have 0.923 of the green in their blue
# and 1.017 of it in their red, coded, where slabs are grey: iron in cement and sand, and dust, take the blue.
CONCRETE_HUE = (1.0, 0.965, 0.83)
GULLY_M = (0.5, 0.30)  # grating of a gully (DIN 19583)


def _blocks(rng: np.random.Generator, rows: int, columns: int, size: int, shift: float) -> tuple[Array, Array, Array]:
    """Running bond: each texel's block as a random value, and texels to its long and short joint."""
    y = (np.arange(size) + 0.5) / size * rows
    row = y.astype(int)
    x = (np.arange(size) + 0.5) / size * columns
    moved = x[None] + (row * shift % 1.0)[:, None]
    column = moved.astype(int) % columns
    tone = rng.random((rows, columns), np.float32)[row[:, None], column]
    dx = (np.abs(moved - np.rint(moved)) * size / columns).astype(np.float32)
    dy = np.broadcast_to((np.abs(y - np.rint(y)) * size / rows).astype(np.float32)[:, None], dx.shape)
    return tone, dy, dx


@cache
def paving(kind: str = "slabs", *, age: float = 0.5, seed: int = 0) -> Texture:
    """Pavement, PAVING_M square: `slabs` of 0.5 m, red `bricks` of 0.2 x 0.1 m, `blocks` of 0.25 m."""
    rng = generator(seed, "texture", f"paving-{kind}")
    rows, columns, shift, light, mean = {
        "slabs": (8, 8, 0.5, CONCRETE_HUE, 0.30),
        "bricks": (40, 20, 0.5, (1.0, 0.70, 0.60), 0.20),
        "blocks": (16, 16, 0.0, CONCRETE_HUE, 0.26),
    }[kind]
    size = 1024 if kind == "bricks" else 512
    tone, dy, dx = _blocks(rng, rows, columns, size, shift)
    joint = np.minimum(dx, dy)
    # Slabs on KITTI's frame 000000 vary by 0.15 of their mean from pixel to pixel: by slab, grain, dirt in the joints.
    value = 1.0 + (0.45 if kind == "bricks" else 0.22) * (tone - 0.5)  # bricks are burnt light and dark
    value = value + 0.05 * noise(size, rng, slope=0.5, low_cut=16) + 0.05 * noise(size, rng, slope=1.8, low_cut=6)
    dirt = np.clip(noise(size, rng, slope=2.6, low_cut=2) - 0.7, 0.0, 2.0)
    value *= (1.0 - 0.12 * age * dirt) * (1.0 - 0.30 * age * np.exp(-joint / 3.0))
    gum = np.clip(noise(size, rng, slope=1.0, low_cut=20) - 3.2, 0.0, 1.0)
    value *= 1.0 - 0.5 * np.minimum(gum * 4, 1.0) * age
    value *= 1.0 - 0.6 * np.clip(1.3 - joint, 0.0, 1.0)
    color = with_mean(grade(value, (0.0, 0.0, 0.0), light), mean * (1.1 - 0.2 * age))
    return Texture(f"paving-{kind}-{age:g}-{seed}", to_srgb8(color))


@cache
def cobbles(seed: int = 0) -> Texture:
    """Granite setts of about 0.1 m in rows, COBBLES_M square."""
    rng = generator(seed, "texture", "cobbles")
    size = 512
    wobble = noise(size, rng, slope=2.0, low_cut=10)
    bend = noise(size, rng, slope=2.0, low_cut=10)
    tone, dy, dx = _blocks(rng, 24, 22, size, 0.37)
    # bend the joints: sample the regular bond at displaced texels (a torus, so it still tiles)
    yy, xx = np.mgrid[:size, :size]
    at = (np.rint(yy + 1.3 * wobble).astype(int) % size, np.rint(xx + 1.3 * bend).astype(int) % size)
    tone, joint = tone[at], np.minimum(dx, dy)[at]
    crown = 1.0 - np.exp(-joint / 2.5)
    value = (0.35 + 0.65 * crown) * (1.0 + 0.35 * (tone - 0.5)) + 0.05 * noise(size, rng, slope=0.6, low_cut=20)
    hue = np.where(tone[..., None] > 0.7, [1.0, 0.94, 0.88], [0.97, 0.99, 1.0])
    return Texture(f"cobbles-{seed}", to_srgb8(with_mean(np.maximum(value, 0.05)[..., None] * hue, 0.17)))


@cache
def kerb_stone(seed: int = 0) -> Texture:
    """Kerb of granite stones 1 m long, soiled by traffic: u along, v across; KERB_M."""
    rng = generator(seed, "texture", "kerb")
    shape = (128, 512)
    value = 1.0 + 0.06 * noise(shape, rng, slope=0.4, low_cut=8) + 0.04 * noise(shape, rng, slope=2.0)
    along = np.minimum(np.arange(512), np.arange(512)[::-1])
    value *= 1.0 - 0.65 * np.exp(-((along / 2.0) ** 2))[None]
    return Texture(f"kerb-{seed}", to_srgb8(with_mean(grade(value, (0.0, 0.0, 0.0), (1.0, 0.97, 0.89)), 0.23)))


@cache
def channel(kind: str = "setts", *, seed: int = 0) -> Texture:
    """Gutter, CHANNEL_M: two rows of basalt `setts` of 0.16 x 0.15 m or `concrete` slabs, with dirt along the kerb."""
    rng = generator(seed, "texture", f"channel-{kind}")
    across, along = shape = (64, 512)
    rows, columns, mean = {"setts": (2, 15, 0.085), "concrete": (1, 8, 0.17)}[kind]
    y, x = np.mgrid[:across, :along] + 0.5
    y, x = y / across * rows, x / along * columns + 0.5 * (y // (across / rows))
    tone = rng.random((rows, columns))[y.astype(int), x.astype(int) % columns]
    joint = np.minimum(
        np.abs(x - np.rint(x)) * CHANNEL_M[0] / columns, np.abs(y - np.rint(y)) * CHANNEL_M[1] / rows
    )  # metres
    wide = {"setts": 0.010, "concrete": 0.004}[kind]
    value = 1.0 + (0.5 if kind == "setts" else 0.12) * (tone - 0.5) + 0.08 * noise(shape, rng, slope=0.6, low_cut=8)
    value *= 1.0 - 0.75 * np.exp(-((joint / wide) ** 2))
    # What the road loses is washed to the kerb and stays there: sand, soot, rotten leaves.
    reach = 0.06 * np.exp(0.5 * noise(shape, rng, slope=2.0, low_cut=3))
    dirt = np.exp(-(((np.arange(across) + 0.5)[:, None] / across * CHANNEL_M[1] / reach) ** 2))[..., None]
    color = with_mean(grade(np.maximum(value, 0.1), (0.0, 0.0, 0.0), (1.0, 0.97, 0.89)), mean)
    color += (np.array([0.040, 0.034, 0.026]) - color) * 0.8 * dirt
    return Texture(f"channel-{kind}-{seed}", to_srgb8(color))


@cache
def gully() -> Texture:
    """Grating of cast iron, GULLY_M: a frame and slots of 32 mm across the channel."""
    size = (64, 128)
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    y, x = y / size[0] * GULLY_M[1], x / size[1] * GULLY_M[0]
    rim = np.minimum(np.minimum(x, GULLY_M[0] - x), np.minimum(y, GULLY_M[1] - y)) < 0.03
    bar = (x / 0.0625) % 1.0 < 0.49
    middle = np.abs(y - 0.5 * GULLY_M[1]) < 0.012
    iron = (rim | bar | middle)[..., None]
    return Texture("gully", to_srgb8(np.where(iron, np.array([0.058, 0.052, 0.047]), 0.004)))
