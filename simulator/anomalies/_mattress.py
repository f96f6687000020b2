"""A mattress that lies on the road: quilted ticking, a border with piping, a curled end."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.rng import generator
from simulator.scene import Body, Material, Mesh, Model, Texture
from simulator.scene.material import srgb
from simulator.scene.mesh import loft, merge, tube
from simulator.scene.noise import spectral_noise, to_srgb8

F64 = NDArray[np.float64]

QUILT_M = 0.8  # side of the tile of ticking; four diamonds across
EDGE_M = 0.035  # radius of the edges
TOPS = ("#cdc8bb", "#b9bec4", "#c4b89f", "#c9bdb6")
STRIPES = ("#5d7391", "#8a6a5c", "#6d7a62")


@cache
def _ticking(top: str, stripe: str) -> Material:
    """Quilted cloth with printed stripes (none if `stripe` is empty), used and stained."""
    size = 256
    rng = generator(0, "ticking", top, stripe)
    v, u = np.mgrid[:size, :size] / size
    image = np.ones((size, size, 1)) * np.array(srgb(top))
    if stripe:
        broad, narrow = (u * 8) % 1.0 < 0.34, np.abs((u * 8) % 1.0 - 0.55) < 0.05
        image = np.where((broad | narrow)[..., None], np.array(srgb(stripe)), image)
    seam = np.minimum(np.abs(((u + v) * 4 + 0.5) % 1.0 - 0.5), np.abs(((u - v) * 4 + 0.5) % 1.0 - 0.5))
    image *= (1 - 0.45 * np.exp(-((seam / 0.06) ** 2)) + 0.10 * seam)[..., None]
    stain = np.clip(spectral_noise(size, rng, slope=2.6, low_cut=2) - 0.6, 0.0, 1.2)
    image *= (1 + 0.04 * spectral_noise(size, rng, slope=0.6))[..., None] * (1 - 0.35 * stain)[..., None]
    return Material(
        f"ticking {top} {stripe}",
        (1.0, 1.0, 1.0),
        Texture(f"ticking {top} {stripe}", to_srgb8(image)),
        roughness=0.95,
        reflectance_905=0.6,
    )


def mattress(rng: np.random.Generator) -> Model:
    """Mattress 1.9..2.0 x 0.9..1.6 x 0.16..0.24 m, one end curled up, twisted a little."""
    length, width, height = rng.uniform((1.9, 0.9, 0.16), (2.0, 1.6, 0.24))
    top, stripe = str(rng.choice(TOPS)), str(rng.choice(["", *STRIPES]))
    red, green, blue = srgb(top)
    border = Material("mattress border", (0.55 * red, 0.55 * green, 0.55 * blue), roughness=0.95, reflectance_905=0.5)
    piping = Material("mattress piping", srgb(stripe or "#77736a"), roughness=0.9, reflectance_905=0.5)
    spine, twist = _spine(length, rng)
    outline, border_sides = _outline(width, height)
    ends = np.clip(np.minimum(spine[:, 0], length - spine[:, 0]) / EDGE_M, 0.0, 1.0)
    inset = EDGE_M * (1 - np.sqrt(1 - (1 - ends) ** 2))
    rings = np.stack([_ring(spine[k], twist[k], outline, inset[k]) for k in range(len(spine))])
    rings[..., 2] -= rings[..., 2].min()
    skin = loft(rings)
    count = len(outline)
    slots = np.ones(len(skin.faces), np.int32)  # border: sides, ends
    quads = np.arange(2 * (len(spine) - 1) * count) // 2
    inner = (quads // count > 2) & (quads // count < len(spine) - 4)
    slots[: len(quads)] = np.where(border_sides[quads % count] | ~inner, 1, 0)
    uv = np.zeros((len(skin.vertices), 2))
    along, across = np.repeat(spine[:, 0], count), np.tile(outline[:, 0], len(spine))
    uv[: len(along)] = np.stack([across, along], 1) / QUILT_M
    body = Mesh.of(skin.vertices, skin.faces, uv, slots, smooth=True)
    corners = [int(np.argmax(outline @ np.array(way))) for way in ((1, 1), (-1, 1), (1, -1), (-1, -1))]
    cords = [np.concatenate([rings[2:-2, a], rings[-3:1:-1, b], rings[2:3, a]]) for a, b in (corners[:2], corners[2:])]
    cord = merge([tube(line, 0.009, segments=6) for line in cords])
    return Model("debris", (Body(body, (_ticking(top, stripe), border)), Body(cord, (piping,))))


def _spine(length: float, rng: np.random.Generator) -> tuple[F64, F64]:
    """(S, 4) distance along, x, z and slope angle of the middle line, and (S,) roll: flat, then curling up."""
    s = np.concatenate([np.linspace(0, EDGE_M, 4)[:-1], np.linspace(EDGE_M, length - EDGE_M, 26)])
    s = np.concatenate([s, np.linspace(length - EDGE_M, length, 4)[1:]])
    start, bend = rng.uniform(0.35, 0.6) * length, rng.uniform(0.25, 0.75)
    curl = np.clip((s - start) / (length - start), 0.0, 1.0)
    slope = bend * curl**1.5 + 0.05 * np.sin(5 * s + rng.uniform(0, 6))
    step = np.diff(s, prepend=0.0)
    x, z = np.cumsum(step * np.cos(slope)), np.cumsum(step * np.sin(slope))
    return np.stack([s, x - x.mean(), z, slope], 1), rng.normal(0, 0.10) * curl


def _outline(width: float, height: float) -> tuple[F64, NDArray[np.bool_]]:
    """(N, 2) rounded rectangle, counter-clockwise from +x axis to -x axis, and which of its sides are border."""
    w, h = width / 2 - EDGE_M, height / 2 - EDGE_M
    arc = np.linspace(0, np.pi / 2, 4)
    flat = np.linspace(1, -1, 14)[1:-1]
    points, border = [], []
    for turn, (cy, cz) in enumerate(((w, h), (-w, h), (-w, -h), (w, -h))):
        angle = arc + turn * np.pi / 2
        points += [(cy + EDGE_M * np.cos(a), cz + EDGE_M * np.sin(a)) for a in angle]
        border += [True] * 3 + [turn in (1, 3)]
        if turn in (0, 2):
            side = 1.0 if turn == 0 else -1.0
            puff = 0.012 * np.abs(np.sin(2 * np.pi * flat * w / (QUILT_M / 4) / 2))
            points += [(side * f * w, side * (h + EDGE_M + p)) for f, p in zip(flat, puff)]
            border += [False] * len(flat)
    return np.array(points), np.array(border)


def _ring(spine: F64, roll: float, outline: F64, inset: float) -> F64:
    """(N, 3) cross-section at a place of the spine, drawn in by `inset` metres."""
    _, x, z, slope = spine
    shrunk = outline - inset * np.sign(outline) * np.minimum(np.abs(outline) / EDGE_M, 1.0)
    y = shrunk[:, 0] * np.cos(roll) - shrunk[:, 1] * np.sin(roll)
    up = shrunk[:, 0] * np.sin(roll) + shrunk[:, 1] * np.cos(roll)
    return np.stack([x - np.sin(slope) * up, y, z + np.cos(slope) * up], 1)
