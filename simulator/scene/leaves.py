"""Cards of leaves and clumps of them: what crowns, bushes and hedges are made of.

A card is a square of two triangles that carries a quarter of a `spray_texture`, cut out leaf by leaf. Opaque dark
pieces inside the clumps close them, so that few rays look through many cards.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics import se3
from simulator.scene.mesh import Mesh

F64 = NDArray[np.float64]
BARK, LEAF, SHADE = 0, 1, 2  # material slots of every plant; SHADE is foliage inside the crown


def directions(count: int, rng: np.random.Generator) -> F64:
    """(count, 3) well-spread unit vectors: a Fibonacci sphere, turned and jittered."""
    i = np.arange(count) + 0.5
    z = 1 - 2 * i / count
    phi = i * (np.pi * (3 - 5**0.5)) + rng.uniform(0, 2 * np.pi)
    r = np.sqrt(1 - z * z)
    out = np.stack([r * np.cos(phi), r * np.sin(phi), z], 1) + rng.normal(0, 0.28, (count, 3))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    return out


def _frames(normals: F64, rng: np.random.Generator) -> tuple[F64, F64]:
    """Two unit vectors across each of (N, 3) normals, turned at random about it."""
    helper = np.where(np.abs(normals[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    a = se3.cross(normals, helper)
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b = se3.cross(normals, a)
    turn = rng.uniform(0, 2 * np.pi, len(normals))[:, None]
    return np.cos(turn) * a + np.sin(turn) * b, np.cos(turn) * b - np.sin(turn) * a


def cards(centers: F64, normals: F64, sizes: F64, rng: np.random.Generator, *, slot: int = LEAF) -> Mesh:
    """Twigs `sizes` long about `centers` (N, 3) that face `normals`, folded across, their tips hanging a little."""
    n = len(centers)
    a, b = _frames(normals, rng)
    length = sizes[:, None]
    wide = 0.5 * length * rng.uniform(0.8, 1.1, (n, 1))
    fold = normals * length * rng.uniform(0.03, 0.22, (n, 1))
    hang = np.array([0.0, 0.0, 0.10]) * length
    foot, tip = centers - 0.5 * length * a, centers + 0.5 * length * a - hang
    corners = np.stack([foot - wide * b, foot + wide * b - fold, tip + wide * b, tip - wide * b - fold], 1)
    quarter = rng.integers(0, 4, n)
    corner = 0.5 * np.stack([quarter % 2, quarter // 2], 1)
    mirrored = rng.integers(0, 2, n)
    across = np.stack([mirrored, 1 - mirrored, 1 - mirrored, mirrored], 1)
    up = np.broadcast_to([0, 0, 1, 1], (n, 4))
    uv = corner[:, None] + 0.004 + 0.492 * np.stack([across, up], -1)
    faces = (np.arange(n) * 4)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    return Mesh.of(corners.reshape(-1, 3), faces.reshape(-1, 3), uv.reshape(-1, 2), slot, smooth=True)


def pieces(centers: F64, normals: F64, sizes: F64, rng: np.random.Generator, *, slot: int = SHADE) -> Mesh:
    """Opaque folded kites `sizes` long that face `normals`, textured by the metre."""
    n = len(centers)
    a, b = _frames(normals, rng)
    length = sizes[:, None]
    width = length * rng.uniform(0.26, 0.46, (n, 1))
    shift = rng.uniform(-0.2, 0.22, (n, 2, 1)) * length[:, None]
    fold = normals * width * rng.uniform(0.1, 0.7, (n, 1))
    foot, tip = centers - 0.5 * length * a, centers + 0.5 * length * a - [0.0, 0.0, 0.12] * length
    right = centers + shift[:, 0] * a - width * b - fold
    left = centers + shift[:, 1] * a + width * b - fold
    corners = np.stack([foot, right, tip, left], 1)
    uv = np.stack([np.einsum("nij,nj->ni", corners, a), np.einsum("nij,nj->ni", corners, b)], -1)
    faces = (np.arange(n) * 4)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    return Mesh.of(corners.reshape(-1, 3), faces.reshape(-1, 3), uv.reshape(-1, 2), slot, smooth=True)


def foliage(
    centers: F64, radii: F64, rng: np.random.Generator, *, outer: int, inner: int, flat: float, size_m: float
) -> list[Mesh]:
    """Clumps of leaves: `inner` opaque shaded pieces close them, `outer` cards of about `size_m` lie on them.

    Half of the cards lie on the clump like tiles, the others stand out of it and fray the silhouette.
    """
    squash = np.array([1.0, 1.0, flat])
    weight = radii**2 / np.sum(radii**2)
    clumps = np.arange(len(centers))

    def scatter(count: int) -> tuple[NDArray[np.int64], F64]:
        """Clump and direction from its middle of about `count` pieces."""
        owner = np.repeat(clumps, np.maximum(np.rint(weight * count).astype(int), 1))
        normal = directions(len(owner), rng)[rng.permutation(len(owner))]
        return owner, normal

    def facing(normal: F64, jitter: F64 | float) -> F64:
        """Unit normals about `normal`, leaning upwards."""
        tilt = normal + rng.normal(0, 1, normal.shape) * jitter + [0, 0, 0.2]
        return np.asarray(tilt / np.linalg.norm(tilt, axis=1, keepdims=True))

    owner, normal = scatter(inner)
    place = centers[owner] + normal * squash * (radii[owner] * rng.uniform(0.05, 0.38, len(owner)))[:, None]
    size = radii[owner] * rng.uniform(0.45, 0.75, len(owner))
    inside = pieces(place, facing(normal, 0.5), size, rng)

    owner, normal = scatter(outer)
    n = len(owner)
    normal[:, 2] = np.where(rng.random(n) < 0.4, np.abs(normal[:, 2]), normal[:, 2])
    standing = np.arange(n) % 2 == 0
    reach = radii[owner] * np.where(standing, rng.uniform(0.6, 0.95, n), rng.uniform(0.45, 0.85, n))
    size = size_m * np.where(standing, rng.uniform(0.5, 1.1, n), rng.uniform(0.9, 1.3, n))
    reach = np.maximum(reach - 0.4 * np.maximum(size - 0.5 * radii[owner], 0.0), 0.0)  # large ones stay in the crown
    place = centers[owner] + normal * squash * reach[:, None]
    face = facing(normal, np.where(standing, 1.4, 0.4)[:, None])
    return [inside, cards(place, face, size, rng)]
