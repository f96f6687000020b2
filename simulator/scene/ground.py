"""Working on the ground mesh: heights below points, and holes for what sinks into it (potholes, pits)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.scene.mesh import Mesh

Array = NDArray[np.float64]


def heights(meshes: list[Mesh], xy: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Highest surface point of `meshes` above or below each of (N, 2) points.

    Returns:
        (N,) heights (0 where there is no surface) and (N,) whether there is one.
    """
    z, found = np.zeros(len(xy)), np.zeros(len(xy), np.bool_)
    low, high = xy.min(0) - 1e-3, xy.max(0) + 1e-3
    for mesh in meshes:
        corners = mesh.vertices[_faces_near(mesh, low, high)].astype(np.float64)
        if not len(corners):
            continue
        a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
        ab, ac = (b - a)[:, :2], (c - a)[:, :2]
        area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
        flat = np.abs(area) > 1e-12
        a, b, c, ab, ac, area = a[flat], b[flat], c[flat], ab[flat], ac[flat], area[flat]
        to = xy[:, None, :] - a[None, :, :2]
        u = (to[..., 0] * ac[:, 1] - to[..., 1] * ac[:, 0]) / area
        v = (ab[:, 0] * to[..., 1] - ab[:, 1] * to[..., 0]) / area
        inside = (u >= -1e-6) & (v >= -1e-6) & (u + v <= 1 + 1e-6)
        level = np.where(inside, a[:, 2] + u * (b - a)[:, 2] + v * (c - a)[:, 2], -np.inf)
        top = level.max(1, initial=-np.inf)
        hit = np.isfinite(top)
        z[hit] = np.where(found[hit], np.maximum(z[hit], top[hit]), top[hit])
        found |= hit
    return z, found


def cut(mesh: Mesh, outline: Array) -> Mesh:
    """The mesh without what lies above or below a convex polygon.

    Args:
        mesh: ground-like (its faces are cut along vertical walls).
        outline: (K, 2) convex, counter-clockwise.
    """
    near = _near_mask(mesh, outline.min(0), outline.max(0))
    if not near.any():
        return mesh
    vertices, uvs, faces, slots = [], [], [], []
    count = len(mesh.vertices)
    for face, slot in zip(mesh.faces[near], mesh.slots[near]):
        corners = np.concatenate([mesh.vertices[face], mesh.uv[face]], axis=1).astype(np.float64)
        for piece in _outside(corners, outline):
            base = count + sum(len(v) for v in vertices)
            vertices.append(piece[:, :3])
            uvs.append(piece[:, 3:])
            faces += [[base, base + k, base + k + 1] for k in range(1, len(piece) - 1)]
            slots += [slot] * (len(piece) - 2)
    if not faces:
        return Mesh(mesh.vertices, mesh.faces[~near], mesh.uv, mesh.slots[~near], mesh.smooth)
    return Mesh(
        np.concatenate([mesh.vertices, np.concatenate(vertices).astype(np.float32)]),
        np.concatenate([mesh.faces[~near], np.array(faces, np.int32)]),
        np.concatenate([mesh.uv, np.concatenate(uvs).astype(np.float32)]),
        np.concatenate([mesh.slots[~near], np.array(slots, np.int32)]),
        mesh.smooth,
    )


def _near_mask(mesh: Mesh, low: Array, high: Array) -> NDArray[np.bool_]:
    corners = mesh.vertices[mesh.faces][:, :, :2]
    return np.asarray(((corners.max(1) >= low) & (corners.min(1) <= high)).all(1))


def _faces_near(mesh: Mesh, low: Array, high: Array) -> NDArray[np.int32]:
    return mesh.faces[_near_mask(mesh, low, high)]


def _clip(polygon: Array, normal: Array, offset: float) -> Array:
    """Part of a polygon (rows x, y, ...) where normal . xy <= offset (Sutherland and Hodgman 1974)."""
    side = polygon[:, :2] @ normal - offset
    out = []
    for i in range(len(polygon)):
        j = (i + 1) % len(polygon)
        if side[i] <= 0:
            out.append(polygon[i])
        if (side[i] < 0 < side[j]) or (side[j] < 0 < side[i]):
            out.append(polygon[i] + side[i] / (side[i] - side[j]) * (polygon[j] - polygon[i]))
    return np.array(out) if len(out) >= 3 else np.zeros((0, polygon.shape[1]))


def _outside(triangle: Array, outline: Array) -> list[Array]:
    """Convex pieces of a triangle outside a convex counter-clockwise outline."""
    pieces, rest = [], triangle
    for k in range(len(outline)):
        a, b = outline[k], outline[(k + 1) % len(outline)]
        normal = np.array([b[1] - a[1], a[0] - b[0]])  # points outward
        piece = _clip(rest, -normal, float(-normal @ a))
        if len(piece):
            pieces.append(piece)
        rest = _clip(rest, normal, float(normal @ a))
        if not len(rest):
            break
    return pieces
