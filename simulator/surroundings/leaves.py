"""Leaf sprays and clumps of them: what crowns, bushes and hedges are made of.

All are real polygons with an opaque foliage texture, so that rays never meet an alpha test.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.scene.mesh import Mesh
from simulator.surroundings.shapes import F64

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
    a = np.cross(normals, helper)
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b = np.cross(normals, a)
    turn = rng.uniform(0, 2 * np.pi, len(normals))[:, None]
    return np.cos(turn) * a + np.sin(turn) * b, np.cos(turn) * b - np.sin(turn) * a


def sprays(centers: F64, normals: F64, sizes: F64, rng: np.random.Generator, *, kite: bool, slot: int = LEAF) -> Mesh:
    """Leaf sprays `sizes` long that face `normals`: folded lopsided kites (2 triangles) or single triangles."""
    n = len(centers)
    a, b = _frames(normals, rng)
    length = sizes[:, None]
    width = length * rng.uniform(0.26, 0.46, (n, 1))
    shift = rng.uniform(-0.2, 0.22, (n, 2, 1)) * length[:, None]
    fold = normals * width * rng.uniform(0.1, 0.7, (n, 1))
    foot, tip = centers - 0.5 * length * a, centers + 0.5 * length * a - [0.0, 0.0, 0.12] * length
    right = centers + shift[:, 0] * a - width * b - fold
    left = centers + shift[:, 1] * a + width * b - fold
    if kite:
        corners, fan = np.stack([foot, right, tip, left], 1), np.array([[0, 1, 2], [0, 2, 3]])
    else:
        corners, fan = (
            np.stack([foot, right - 0.3 * (right - left), tip + 0.35 * (left - right)], 1),
            np.array([[0, 1, 2]]),
        )
    k = corners.shape[1]
    uv = np.stack([np.einsum("nij,nj->ni", corners, a), np.einsum("nij,nj->ni", corners, b)], -1)
    faces = (np.arange(n) * k)[:, None, None] + fan
    return Mesh.of(corners.reshape(-1, 3), faces.reshape(-1, 3), uv.reshape(-1, 2), slot, smooth=True)


def foliage(
    centers: F64, radii: F64, rng: np.random.Generator, *, outer: int, inner: int, flat: float, size_m: float
) -> list[Mesh]:
    """Clumps of leaves.

    `inner` large shaded kites close the clumps, `outer` pieces of about `size_m` lie on them: a quarter are kites
    nearly flat on the clump, the others small triangles at all angles that fray the silhouette.
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
    place = centers[owner] + normal * squash * (radii[owner] * rng.uniform(0.05, 0.55, len(owner)))[:, None]
    size = radii[owner] * rng.uniform(0.65, 1.1, len(owner))
    inside = sprays(place, facing(normal, 0.5), size, rng, kite=True, slot=SHADE)

    owner, normal = scatter(outer)
    n = len(owner)
    normal[:, 2] = np.where(rng.random(n) < 0.4, np.abs(normal[:, 2]), normal[:, 2])
    large = np.arange(n) % 4 == 0
    reach = radii[owner] * np.where(large, rng.uniform(0.45, 0.80, n), rng.uniform(0.62, 1.02, n))
    place = centers[owner] + normal * squash * reach[:, None]
    size = size_m * np.where(large, rng.uniform(1.0, 1.5, n), rng.uniform(0.55, 1.1, n))
    face = facing(normal, np.where(large, 0.3, 0.65)[:, None])
    broad = sprays(place[large], face[large], size[large], rng, kite=True)
    return [inside, broad, sprays(place[~large], face[~large], size[~large], rng, kite=False)]
