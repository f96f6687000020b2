"""Triangle meshes and the few primitives that parametric geometry is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Triangles in a local frame (metres, right-handed, z up, counter-clockwise seen from outside).

    Attributes:
        vertices: (V, 3) float32.
        faces: (F, 3) int32 indices into `vertices`.
        uv: (V, 2) float32 texture coordinates in texture repeats (v up), or zeros.
        slots: (F,) int32 material slot of each face.
        smooth: shade with area-weighted vertex normals instead of face normals.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv: NDArray[np.float32]
    slots: NDArray[np.int32]
    smooth: bool = False

    @staticmethod
    def of(
        vertices: ArrayLike,
        faces: ArrayLike,
        uv: ArrayLike | None = None,
        slots: ArrayLike | int = 0,
        smooth: bool = False,
    ) -> Mesh:
        """Mesh from anything array-like; `slots` may be one slot for all faces."""
        v = np.ascontiguousarray(np.asarray(vertices, np.float32).reshape(-1, 3))
        f = np.ascontiguousarray(np.asarray(faces, np.int32).reshape(-1, 3))
        t = np.zeros((len(v), 2), np.float32) if uv is None else np.ascontiguousarray(np.asarray(uv, np.float32))
        s = np.ascontiguousarray(np.broadcast_to(np.asarray(slots, np.int32), (len(f),)))
        return Mesh(v, f, t, s, smooth)

    def transformed(self, transform: ArrayLike) -> Mesh:
        """The mesh with its vertices mapped by a (4, 4) affine transform; faces flip if it mirrors."""
        m = np.asarray(transform, np.float64)
        vertices = (self.vertices @ m[:3, :3].T + m[:3, 3]).astype(np.float32)
        faces = self.faces[:, ::-1].copy() if np.linalg.det(m[:3, :3]) < 0 else self.faces
        return Mesh(vertices, faces, self.uv, self.slots, self.smooth)

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """The mesh translated by metres."""
        return Mesh(self.vertices + np.array([x, y, z], np.float32), self.faces, self.uv, self.slots, self.smooth)

    def with_slot(self, slot: int) -> Mesh:
        """The mesh with all faces in one material slot."""
        return Mesh(self.vertices, self.faces, self.uv, np.full(len(self.faces), slot, np.int32), self.smooth)

    @property
    def bounds(self) -> NDArray[np.float64]:
        """(2, 3) lowest and highest corner."""
        return np.stack([self.vertices.min(0), self.vertices.max(0)]).astype(np.float64)


def coarsened(mesh: Mesh, cell_m: float) -> tuple[Mesh, NDArray[np.int64]]:
    """The mesh with the vertices in each cell of a grid drawn together: for what is seen from far away.

    Vertices merge within a material slot only, so patches of colour stay (vertex clustering: Rossignac and Borrel,
    Multi-resolution 3D approximations for rendering complex scenes, 1993). The surface moves by less than a cell. Also
    returned: for each vertex one of those that it stands for.
    """
    slot = np.zeros(len(mesh.vertices), np.int64)
    slot[mesh.faces] = mesh.slots[:, None]
    key = np.column_stack([np.floor(mesh.vertices / cell_m).astype(np.int64), slot])
    _, one, index, count = np.unique(key, axis=0, return_index=True, return_inverse=True, return_counts=True)
    index = index.reshape(-1)
    vertices, uv = np.zeros((len(count), 3)), np.zeros((len(count), 2))
    np.add.at(vertices, index, mesh.vertices)
    np.add.at(uv, index, mesh.uv)
    faces = index[mesh.faces]
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    _, first = np.unique(np.sort(faces[whole], axis=1), axis=0, return_index=True)
    kept = np.flatnonzero(whole)[np.sort(first)]
    return Mesh.of(vertices / count[:, None], faces[kept], uv / count[:, None], mesh.slots[kept], mesh.smooth), one


def parted(mesh: Mesh, keep: NDArray[np.bool_]) -> Mesh:
    """The faces of a mesh marked in `keep` (F,), with the vertices that they use."""
    used, corners = np.unique(mesh.faces[keep], return_inverse=True)
    faces = corners.reshape(-1, 3).astype(np.int32)
    return Mesh(mesh.vertices[used], faces, mesh.uv[used], mesh.slots[keep], mesh.smooth)


def merge(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh holding all faces; slots are kept, `smooth` is that of the first."""
    offsets = np.cumsum([0, *(len(m.vertices) for m in meshes[:-1])])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + np.int32(o) for m, o in zip(meshes, offsets)]),
        np.concatenate([m.uv for m in meshes]),
        np.concatenate([m.slots for m in meshes]),
        meshes[0].smooth,
    )


def box(size: ArrayLike, center: ArrayLike = (0.0, 0.0, 0.0), slot: int = 0, uv_m: float = 1.0) -> Mesh:
    """Axis-aligned box of (x, y, z) size; uv in repeats of `uv_m` metres on each face."""
    half = np.asarray(size, np.float64) / 2
    vertices: list[NDArray[np.float64]] = []
    faces: list[list[int]] = []
    uv: list[NDArray[np.float64]] = []
    for axis in range(3):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        for sign in (-1.0, 1.0):
            corners = np.zeros((4, 3))
            corners[:, axis] = sign * half[axis]
            corners[:, a] = np.array([-1, 1, 1, -1]) * half[a]
            corners[:, b] = np.array([-1, -1, 1, 1]) * half[b]
            base = len(vertices) * 4
            quad = [[base, base + 1, base + 2], [base, base + 2, base + 3]]
            faces += quad if sign > 0 else [[i, k, j] for i, j, k in quad]
            vertices.append(corners)
            # z is the v direction on side walls
            u_axis, v_axis = (a, b) if axis != 1 else (b, a)
            uv.append(np.stack([corners[:, u_axis], corners[:, v_axis]], 1) / uv_m)
    return Mesh.of(np.concatenate(vertices) + np.asarray(center), faces, np.concatenate(uv), slot)


def loft(sections: ArrayLike, *, close: bool = True, caps: bool = True, slot: int = 0, smooth: bool = True) -> Mesh:
    """Skin through cross-sections.

    Args:
        sections: (S, N, 3) points; each section runs counter-clockwise seen from its successor's side looking back
            (that is: counter-clockwise about the axis from first to last section).
        close: join the last point of a section to its first.
        caps: close both ends with fans.
    """
    rings = np.asarray(sections, np.float64)
    s, n, _ = rings.shape
    vertices = rings.reshape(-1, 3)
    faces = []
    for i in range(s - 1):
        for j in range(n if close else n - 1):
            k = (j + 1) % n
            a, b, c, d = i * n + j, i * n + k, (i + 1) * n + k, (i + 1) * n + j
            faces += [[a, b, c], [a, c, d]]
    around, along = np.meshgrid(np.arange(n) / n, np.arange(s) / max(s - 1, 1))
    uv = np.stack([around, along], -1).reshape(-1, 2)
    if caps:
        for ring, flip in ((0, True), (s - 1, False)):
            base = len(vertices)
            vertices = np.concatenate([vertices, rings[ring], rings[ring].mean(0, keepdims=True)])
            uv = np.concatenate([uv, np.zeros((n + 1, 2))])
            for j in range(n):
                k = (j + 1) % n
                faces.append([base + n, base + k, base + j] if flip else [base + n, base + j, base + k])
    return Mesh.of(vertices, faces, uv, slot, smooth)


def cylinder(
    radius: float, height: float, *, segments: int = 16, top_radius: float | None = None, slot: int = 0
) -> Mesh:
    """Cylinder or cone frustum about z from z = 0 to `height`, with caps."""
    angle = np.arange(segments) * (2 * np.pi / segments)
    ring = np.stack([np.cos(angle), np.sin(angle), np.zeros(segments)], 1)
    top = radius if top_radius is None else top_radius
    return loft(np.stack([ring * radius, ring * max(top, 1e-4) + [0, 0, height]]), slot=slot)


def tube(points: ArrayLike, radii: ArrayLike, *, segments: int = 8, slot: int = 0) -> Mesh:
    """Round tube along (S, 3) points with (S,) or scalar radii, with caps."""
    p = np.asarray(points, np.float64)
    r = np.broadcast_to(np.asarray(radii, np.float64), (len(p),))
    tangent = np.gradient(p, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.cross(tangent[0], [0.0, 0.0, 1.0])
    if np.linalg.norm(side) < 0.1:
        side = np.cross(tangent[0], [0.0, 1.0, 0.0])
    angle = np.arange(segments) * (2 * np.pi / segments)
    rings = []
    for i in range(len(p)):  # parallel transport of the frame
        side = side - tangent[i] * (side @ tangent[i])
        side /= np.linalg.norm(side)
        up = np.cross(tangent[i], side)
        rings.append(p[i] + r[i] * (np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * up))
    return loft(np.stack(rings), slot=slot)


def ellipsoid(
    radii: ArrayLike,
    center: ArrayLike = (0.0, 0.0, 0.0),
    *,
    rings: int = 8,
    segments: int = 12,
    slot: int = 0,
) -> Mesh:
    """Ellipsoid with (x, y, z) radii."""
    polar = np.linspace(0.02, np.pi - 0.02, rings + 1)[::-1]
    angle = np.arange(segments) * (2 * np.pi / segments)
    unit = np.stack(
        [
            np.sin(polar)[:, None] * np.cos(angle),
            np.sin(polar)[:, None] * np.sin(angle),
            np.repeat(np.cos(polar)[:, None], segments, 1),
        ],
        -1,
    )
    return loft(unit * np.asarray(radii) + np.asarray(center), slot=slot)


def grid(x: ArrayLike, y: ArrayLike, z: ArrayLike, *, slot: int = 0, uv_m: float = 1.0, smooth: bool = True) -> Mesh:
    """Height field: (X,), (Y,) coordinates and (X, Y) heights; uv in repeats of `uv_m` metres."""
    x, y, z = np.asarray(x, np.float64), np.asarray(y, np.float64), np.asarray(z, np.float64)
    gx, gy = np.meshgrid(x, y, indexing="ij")
    index = np.arange(len(x) * len(y)).reshape(len(x), len(y))
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return Mesh.of(
        np.stack([gx, gy, z], -1).reshape(-1, 3),
        faces,
        np.stack([gx, gy], -1).reshape(-1, 2) / uv_m,
        slot,
        smooth,
    )
