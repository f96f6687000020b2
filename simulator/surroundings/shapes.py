"""Geometry shared by everything around the road: polygon collection, tubes in bulk, poses, colours of lamp light."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics import se3
from simulator.scene.material import Rgb
from simulator.scene.mesh import Mesh, merge

F64 = NDArray[np.float64]


class Patchwork:
    """Collects flat polygons and whole meshes in material slots and joins them into one Mesh.

    Corners run counter-clockwise seen from outside. Vertices are not shared between polygons, so edges stay sharp.
    """

    def __init__(self) -> None:
        self._meshes: list[Mesh] = []
        self._metric: list[tuple[F64, float, NDArray[np.int32] | int]] = []
        self._pending: dict[int, list[tuple[F64, F64 | None, NDArray[np.int32] | int]]] = {}

    def quads(self, corners: ArrayLike, uv: ArrayLike | None = None, slot: ArrayLike | int = 0) -> None:
        """Add (N, 4, 3) or (4, 3) corners with texture coordinates (..., 4, 2) in repeats (default: zeros)."""
        self.polygons(corners, uv, slot, sides=4)

    def polygons(
        self, corners: ArrayLike, uv: ArrayLike | None = None, slot: ArrayLike | int = 0, *, sides: int
    ) -> None:
        """Add (N, sides, 3) convex polygons as fans about their first corner; `slot` is one for all or (N,)."""
        points = np.asarray(corners, np.float64).reshape(-1, sides, 3)
        at = None if uv is None else np.asarray(uv, np.float64).reshape(-1, sides, 2)
        where = slot if isinstance(slot, int) else np.asarray(slot, np.int32)
        self._pending.setdefault(sides, []).append((points, at, where))

    def _join(self, sides: int) -> Mesh:
        parts = self._pending[sides]
        points = np.concatenate([p for p, _, _ in parts])
        uv = np.concatenate([np.zeros((len(p), sides, 2)) if at is None else at for p, at, _ in parts])
        slots = np.concatenate([np.broadcast_to(np.asarray(slot, np.int32), (len(p),)) for p, _, slot in parts])
        fan = np.array([[0, i, i + 1] for i in range(1, sides - 1)])
        faces = (np.arange(len(points)) * sides)[:, None, None] + fan
        return Mesh.of(points.reshape(-1, 3), faces.reshape(-1, 3), uv.reshape(-1, 2), np.repeat(slots, sides - 2))

    def metric_quads(self, corners: ArrayLike, slot: ArrayLike | int = 0, uv_m: float = 1.0) -> None:
        """Add quads whose texture repeats every `uv_m` metres: u along the first edge, v towards the last corner."""
        points = np.asarray(corners, np.float64).reshape(-1, 4, 3)
        self._metric.append((points, uv_m, slot if isinstance(slot, int) else np.asarray(slot, np.int32)))

    def _lay(self) -> None:
        """Texture all metric quads at once and hand them on as plain quads."""
        if not self._metric:
            return
        c = np.concatenate([points for points, _, _ in self._metric])
        repeat = np.repeat([uv_m for _, uv_m, _ in self._metric], [len(points) for points, _, _ in self._metric])
        slots = np.concatenate([np.broadcast_to(np.asarray(s, np.int32), (len(p),)) for p, _, s in self._metric])
        along, up = c[:, 1] - c[:, 0], c[:, 3] - c[:, 0]
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        up -= along * np.sum(along * up, 1, keepdims=True)
        up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
        rel = c - c[:, :1]
        uv = np.stack([np.einsum("nij,nj->ni", rel, along), np.einsum("nij,nj->ni", rel, up)], -1)
        self.quads(c, uv / repeat[:, None, None], slots)
        self._metric = []

    def blocks(self, low: ArrayLike, high: ArrayLike, slot: int = 0, uv_m: float = 1.0, *, bottom: bool = True) -> None:
        """Add N axis-aligned boxes between (N, 3) lowest and highest corners, without underside if not `bottom`."""
        a, b = np.asarray(low, np.float64).reshape(-1, 3), np.asarray(high, np.float64).reshape(-1, 3)
        corner = np.stack([np.where(_CUBE[i], b, a) for i in range(8)], 1)
        self.metric_quads(corner[:, _CUBE_SIDES if bottom else _CUBE_SIDES[:-1]].reshape(-1, 4, 3), slot, uv_m)

    def add(self, mesh: Mesh) -> None:
        """Add a mesh with its own slots."""
        if len(mesh.faces):
            self._meshes.append(mesh)

    def mesh(self, *, smooth: bool = False) -> Mesh:
        """Everything collected so far as one mesh."""
        self._lay()
        joined = merge([*(self._join(sides) for sides in self._pending), *self._meshes])
        return Mesh(joined.vertices, joined.faces, joined.uv, joined.slots, smooth)


_CUBE = np.array([[i & 1, i >> 1 & 1, i >> 2 & 1] for i in range(8)], bool)
_CUBE_SIDES = np.array(  # front (x high), back, left (y high), right, top, bottom; first edge horizontal
    [[1, 3, 7, 5], [2, 0, 4, 6], [3, 2, 6, 7], [0, 1, 5, 4], [4, 5, 7, 6], [2, 3, 1, 0]]
)


def stalks(
    paths: ArrayLike, radii: ArrayLike, sides: int, *, slot: int = 0, uv_m: float = 1.0, closed_tip: bool = False
) -> Mesh:
    """Tubes along (B, S, 3) paths with (B, S) radii, all at once, without caps (or drawn to a point at the end).

    Meant for branches and twigs: `sides` of 3 to 8 corners; u runs once around, v every `uv_m` metres along.
    """
    p, r = np.asarray(paths, np.float64), np.asarray(radii, np.float64).copy()
    b, s, _ = p.shape
    if b == 0:
        return Mesh.of(np.zeros((0, 3)), np.zeros((0, 3)))
    if closed_tip:
        r[:, -1] = 1e-3
    tangent = np.gradient(p, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=2, keepdims=True), 1e-9)
    # One reference direction per tube, far from its mean direction, keeps the rings from twisting.
    mean = tangent.mean(1)
    reference = np.eye(3)[np.argmin(np.abs(mean), axis=1)][:, None]
    side = se3.cross(reference, tangent)
    side /= np.maximum(np.linalg.norm(side, axis=2, keepdims=True), 1e-9)
    up = se3.cross(tangent, side)
    angle = np.arange(sides + 1) * (2 * np.pi / sides)
    ring = np.cos(angle)[:, None] * side[:, :, None] + np.sin(angle)[:, None] * up[:, :, None]
    vertices = p[:, :, None] + r[:, :, None, None] * ring
    length = np.concatenate([np.zeros((b, 1)), np.cumsum(np.linalg.norm(np.diff(p, axis=1), axis=2), 1)], 1)
    v = np.broadcast_to((length / uv_m)[:, :, None], (b, s, sides + 1))
    u = np.broadcast_to(np.arange(sides + 1) / sides, (b, s, sides + 1))
    index = np.arange(b * s * (sides + 1)).reshape(b, s, sides + 1)
    a0, a1, b0, b1 = index[:, :-1, :-1], index[:, :-1, 1:], index[:, 1:, :-1], index[:, 1:, 1:]
    faces = np.concatenate([np.stack([a0, a1, b1], -1).reshape(-1, 3), np.stack([a0, b1, b0], -1).reshape(-1, 3)])
    return Mesh.of(vertices.reshape(-1, 3), faces, np.stack([u, v], -1).reshape(-1, 2), slot, smooth=True)


def ribbon(left: ArrayLike, right: ArrayLike, slot: int = 0, uv_m: float = 1.0) -> Mesh:
    """Strip between two (N, 3) polylines, seen from the side on which `left` lies left of the walking direction."""
    a, b = np.asarray(left, np.float64), np.asarray(right, np.float64)
    n = len(a)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff((a + b) / 2, axis=0), axis=1))]) / uv_m
    across = np.linalg.norm(a - b, axis=1) / uv_m
    uv = np.concatenate([np.stack([along, across], 1), np.stack([along, np.zeros(n)], 1)])
    i = np.arange(n - 1)
    faces = np.concatenate([np.stack([n + i, n + i + 1, i + 1], 1), np.stack([n + i, i + 1, i], 1)])
    return Mesh.of(np.concatenate([a, b]), faces, uv, slot)


def profile_sweep(
    points: ArrayLike,
    normals: ArrayLike,
    profile: ArrayLike,
    slot: int = 0,
    uv_m: float = 1.0,
    *,
    ends: bool = False,
) -> Mesh:
    """Sweep an open (K, 2) profile of (outward, up) metres along (N, 3) points with (N, 2) horizontal normals.

    `ends`: close both ends; the profile must then be convex.
    """
    p, normal, shape = (np.asarray(a, np.float64) for a in (points, normals, profile))
    n, k = len(p), len(shape)
    vertices = np.repeat(p[:, None], k, 1)
    vertices[..., :2] += normal[:, None] * shape[None, :, :1]
    vertices[..., 2] += shape[:, 1]
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))]) / uv_m
    across = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(shape, axis=0), axis=1))]) / uv_m
    uv = np.stack(np.broadcast_arrays(along[:, None], across[None]), -1).reshape(-1, 2)
    index = np.arange(n * k).reshape(n, k)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    sweep = Mesh.of(vertices.reshape(-1, 3), faces, uv, slot)
    if not ends:
        return sweep
    corners = k - 1 if np.allclose(shape[0], shape[-1]) else k
    fan = np.array([[0, i, i + 1] for i in range(1, corners - 1)])
    caps = [Mesh.of(vertices[row], fan[:, ::way], shape / uv_m, slot) for row, way in ((0, 1), (-1, -1))]
    return merge([sweep, *caps])


def poses(xyz: ArrayLike, yaw: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> F64:
    """(N, 4, 4) transforms at (N, 3) `xyz`, turned by `yaw` about z and scaled: (N,) uniform or (N, 3) by axis."""
    xyz = np.asarray(xyz, np.float64).reshape(-1, 3)
    n = len(xyz)
    turn = np.broadcast_to(np.asarray(yaw, np.float64), (n,))
    size = np.asarray(scale, np.float64)
    size = np.broadcast_to(size[:, None] if size.ndim == 1 and len(size) == n else size, (n, 3))
    out = np.zeros((n, 4, 4))
    out[:, 0, 0], out[:, 0, 1] = np.cos(turn), -np.sin(turn)
    out[:, 1, 0], out[:, 1, 1] = np.sin(turn), np.cos(turn)
    out[:, 2, 2] = out[:, 3, 3] = 1.0
    out[:, :3, :3] *= size[:, None]
    out[:, :3, 3] = xyz
    return out


@cache
def lamp_color(kelvin: float) -> Rgb:
    """Linear sRGB of a black body with luminance 1; 1667 to 25000 K.

    Chromaticity by the cubic fit of Kim et al. (US patent 7024034), then the sRGB matrix of IEC 61966-2-1.
    """
    t = 1000.0 / float(np.clip(kelvin, 1667.0, 25_000.0))
    if t >= 0.25:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if t >= 1 / 2.222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif t >= 0.25:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    xyz = np.array([x / y, 1.0, (1 - x - y) / y])
    matrix = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    rgb = np.maximum(matrix @ xyz, 0.0)
    rgb /= rgb @ np.array([0.2126, 0.7152, 0.0722])
    return (float(rgb[0]), float(rgb[1]), float(rgb[2]))


def emission(luminance_cd_m2: float, kelvin: float) -> Rgb:
    """Material.emission_cd_m2 of a lamp or window of that luminance and colour temperature."""
    r, g, b = lamp_color(kelvin)
    return (r * luminance_cd_m2, g * luminance_cd_m2, b * luminance_cd_m2)


def joined(meshes: Sequence[Mesh], *, smooth: bool = False) -> Mesh:
    """Merge meshes and choose how all of it is shaded."""
    mesh = merge([m for m in meshes if len(m.faces)])
    return Mesh(mesh.vertices, mesh.faces, mesh.uv, mesh.slots, smooth)
