"""Working on the ground mesh: heights below points, and holes for what sinks into it (potholes, pits)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.scene.mesh import Mesh

if TYPE_CHECKING:
    from simulator.raycast import Scene as RayScene

Array = NDArray[np.float64]
_UP = np.array([0.0, 0.0, 1.0])
_STEP = 0.01 * _UP  # rays start this far on the other side, so that a point on the surface finds it


class Ground:
    """Ground meshes: which height they have, and holes in them.

    Attributes:
        meshes: in the order added; `cut` replaces them.
    """

    def __init__(self) -> None:
        self.meshes: list[Mesh] = []
        self._low: list[NDArray[np.float32]] = []
        self._high: list[NDArray[np.float32]] = []
        self._rays: RayScene | None = None

    def add(self, mesh: Mesh) -> None:
        """Add a mesh."""
        corners = mesh.vertices[mesh.faces][:, :, :2]
        self.meshes.append(mesh)
        self._low.append(np.ascontiguousarray(corners.min(1).T))
        self._high.append(np.ascontiguousarray(corners.max(1).T))
        self._rays = None

    def _near(self, index: int, low: Array, high: Array) -> NDArray[np.int64]:
        """Faces of a mesh whose box touches the box `low` .. `high`."""
        first, last = self._low[index], self._high[index]
        near = (last[0] >= low[0]) & (first[0] <= high[0]) & (last[1] >= low[1]) & (first[1] <= high[1])
        return np.flatnonzero(near)

    def heights(self, points: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Height of the surface that is nearest above or below each of (N, 3) points: below a bridge the lower road.

        Returns:
            (N,) heights (that of the point where there is no surface) and (N,) whether there is one.
        """
        if self._rays is None:
            from simulator.raycast import Scene as RayScene  # its kernels take as long to import as numba's core

            self._rays = RayScene()
            for mesh in self.meshes:
                self._rays.add(mesh.vertices, mesh.faces)
            self._rays.commit()
        down = self._rays.closest_hit(points + _STEP, np.broadcast_to(-_UP, points.shape)).t - _STEP[2]
        up = self._rays.closest_hit(points - _STEP, np.broadcast_to(_UP, points.shape)).t - _STEP[2]
        rise = np.where(np.abs(up) < np.abs(down), up, -down.astype(np.float64))
        found = np.isfinite(rise)
        return points[:, 2] + np.where(found, rise, 0.0), found

    def around(self, index: int, center: Array, radius_m: float) -> Mesh:
        """The faces of a mesh whose box touches the square of `radius_m` about `center` (2,)."""
        mesh, near = self.meshes[index], self._near(index, center - radius_m, center + radius_m)
        return Mesh(mesh.vertices, mesh.faces[near], mesh.uv, mesh.slots[near], mesh.smooth)

    def cut(self, outline: Array) -> list[int]:
        """Remove what lies above or below a convex, counter-clockwise (K, 2) polygon; returns the meshes changed."""
        changed = []
        for index, mesh in enumerate(self.meshes):
            near = self._near(index, outline.min(0), outline.max(0))
            if not len(near):
                continue
            self.meshes[index] = _cut(mesh, near, outline)
            corners = self.meshes[index].vertices[self.meshes[index].faces][:, :, :2]
            self._low[index] = np.ascontiguousarray(corners.min(1).T)
            self._high[index] = np.ascontiguousarray(corners.max(1).T)
            changed.append(index)
            self._rays = None
        return changed


def _cut(mesh: Mesh, near: NDArray[np.int64], outline: Array) -> Mesh:
    vertices, uvs, faces, slots = [], [], [], []
    count = len(mesh.vertices)
    for face, slot in zip(mesh.faces[near], mesh.slots[near]):
        corners = np.concatenate([mesh.vertices[face], mesh.uv[face]], axis=1).astype(np.float64)
        for piece in _outside(corners, outline):
            vertices.append(piece[:, :3])
            uvs.append(piece[:, 3:])
            faces += [[count, count + k, count + k + 1] for k in range(1, len(piece) - 1)]
            slots += [slot] * (len(piece) - 2)
            count += len(piece)
    keep = np.ones(len(mesh.faces), np.bool_)
    keep[near] = False
    return Mesh(
        np.concatenate([mesh.vertices, *vertices]).astype(np.float32),
        np.concatenate([mesh.faces[keep], np.array(faces, np.int32).reshape(-1, 3)]),
        np.concatenate([mesh.uv, *uvs]).astype(np.float32),
        np.concatenate([mesh.slots[keep], np.array(slots, np.int32)]),
        mesh.smooth,
    )


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
