"""Growth of spruces and firs: a straight trunk, drooping boughs, a dark core that closes the crown."""

from __future__ import annotations

import numpy as np

from simulator.scene.leaves import LEAF, SHADE
from simulator.scene.mesh import Mesh
from simulator.surroundings.shapes import F64, stalks
from simulator.surroundings.species import Species


def conifer(species: Species, height: float, radius: float, rng: np.random.Generator, detail: int) -> list[Mesh]:
    """Meshes of one spruce or fir."""
    foot, count = species.clear * height, (460, 270, 110, 40)[detail]
    t = ((np.arange(count) + rng.uniform(0, 1, count)) / count) ** 1.35  # more and longer boughs below
    z = foot + t * (0.985 * height - foot)
    ragged = 1 + 0.10 * np.sin(t * rng.uniform(9, 14) + rng.uniform(0, 6)) + rng.normal(0, 0.09, count)
    length = (radius * (1 - t) ** 0.85 + 0.012 * height) * ragged
    phi = np.arange(count) * (np.pi * (3 - 5**0.5)) + rng.normal(0, 0.25, count)
    thick = 0.5 * species.trunk * height
    spine = np.array([[0, 0, 0], [0, 0, 0.08 * height], [0, 0, 0.98 * height]])
    wood = stalks(spine[None], np.array([[1.5, 1.0, 0.1]]) * thick, (8, 6, 5, 4)[detail])
    drop = np.tan(0.60 - species.rise_rad)
    width = (0.46, 0.72, 1.3, 2.1)[detail]
    tip = stalks(np.array([[[0, 0, 0.9 * height], [0, 0, height]]]), np.array([[0.006 * height, 0.0]]), 5, slot=LEAF)
    rings = (14, 10, 7, 5)[detail]
    level = np.linspace(0, 0.94, rings)
    inside = _skirts(
        foot + level * (height - foot),
        0.5 * (radius * (1 - level) ** 0.9 + 0.01 * height),
        0.8,
        height / rings,
        rng,
        6,
    )
    return [wood, tip, inside, _boughs(z, phi, length, drop, width, rng, fine=detail == 0)]


def _boughs(z: F64, phi: F64, length: F64, drop: float, wide: float, rng: np.random.Generator, *, fine: bool) -> Mesh:
    """Drooping boughs that leave the trunk at height `z`, towards `phi`, folded along their spine."""
    n = len(z)
    along = np.array([0.0, 0.5, 1.0] if fine else [0.0, 1.0])  # of the spine, in lengths
    k = len(along)
    out = np.stack([np.cos(phi), np.sin(phi)], 1)
    left = np.stack([-np.sin(phi), np.cos(phi)], 1)
    sag = drop * rng.uniform(0.3, 1.7, n)
    half = 0.42 * wide * np.minimum(length, 1.2 + 0.3 * length)[:, None] * rng.uniform(0.65, 1.3, (n, k))
    side = np.array([1.0, 0.0, -1.0])
    flat = length[:, None] * along
    vertices = np.empty((n, 3, k, 3))
    width = side[:, None] * half[:, None]
    bent = rng.normal(0.0, 0.10, n)[:, None] * length[:, None] * along * (1.0 - 0.5 * along)
    across = width + bent[:, None]
    vertices[..., :2] = flat[:, None, :, None] * out[:, None, None] + across[..., None] * left[:, None, None]
    rise = sag[:, None] * (-1.45 * along + 0.6 * along**2)  # they sink under their weight, their tips turn up again
    hang = 0.8 + side[:, None] * rng.normal(0.0, 0.3, n)[:, None, None]  # of the twigs, more on one side than the other
    vertices[..., 2] = (z[:, None] + length[:, None] * rise)[:, None] - hang * np.abs(width)
    vertices[..., 2] = np.maximum(vertices[..., 2], 0.03)  # the lowest lie on the ground
    which = 0.5 * rng.integers(0, 2, n)[:, None, None]
    u = np.broadcast_to(which + 0.25 + 0.245 * side[:, None], (n, 3, k))
    uv = np.stack([u, np.broadcast_to(0.01 + 0.98 * along, (n, 3, k))], -1)
    i = np.arange(k - 1)
    quads = [np.stack([row + i, row + i + 1, other + i + 1, other + i], 1) for row, other in ((0, k), (k, 2 * k))]
    corner = np.concatenate(quads)
    faces = (np.arange(n) * 3 * k)[:, None, None] + np.concatenate([corner[:, [0, 3, 2]], corner[:, [0, 2, 1]]])
    return Mesh.of(vertices.reshape(-1, 3), faces.reshape(-1, 3), uv.reshape(-1, 2), LEAF, smooth=True)


def _skirts(z: F64, reach: F64, drop: float, step: float, rng: np.random.Generator, teeth: int) -> Mesh:
    """Dark jagged cones inside the boughs that close the crown."""
    n, k = len(z), 2 * teeth
    phi = np.arange(k) * (2 * np.pi / k) + rng.uniform(0, 2 * np.pi, (n, 1))
    radius = reach[:, None] * np.where(np.arange(k) % 2 == 0, 1.0, 0.62) * rng.uniform(0.85, 1.15, (n, k))
    low = np.maximum(z[:, None] - drop * radius, 0.0)
    rim = np.stack([radius * np.cos(phi), radius * np.sin(phi), low], -1)
    apex = np.stack([np.zeros(n), np.zeros(n), z + 1.1 * step], 1)[:, None]
    vertices = np.concatenate([apex, rim], 1)
    around = np.broadcast_to(phi, (n, k)) * reach[:, None] * 0.6
    uv = np.concatenate([np.zeros((n, 1, 2)), np.stack([around, radius], -1)], 1)
    i = np.arange(k)
    fan = np.stack([np.zeros(k, np.int64), i + 1, (i + 1) % k + 1], 1)
    faces = (np.arange(n) * (k + 1))[:, None, None] + fan
    return Mesh.of(vertices.reshape(-1, 3), faces.reshape(-1, 3), uv.reshape(-1, 2), SHADE, smooth=True)
