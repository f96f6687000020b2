"""Building blocks of actor geometry: grids of quads, lathes, rounded boxes, and smooth shading with sharp creases."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics import se3
from simulator.scene.mesh import Mesh, box

F64 = NDArray[np.float64]


def patch(
    points: ArrayLike,
    slots: ArrayLike | int = 0,
    *,
    uv: ArrayLike | None = None,
    close: bool = False,
    flip: bool = False,
) -> Mesh:
    """Grid of quads through (R, C, 3) points.

    Args:
        points: rows by columns; with rows going up and columns going left (seen from outside), faces look outside.
        slots: material slot of each (R - 1, C - 1) cell, or one for all; cells with a negative slot are left out.
        uv: (R, C, 2) texture coordinates.
        close: join the last column to the first (slots then have C columns).
        flip: turn the faces round.
    """
    p = np.asarray(points, np.float64)
    rows, columns = p.shape[:2]
    corners, ways = _cells(rows, columns, close, flip)
    cell = np.broadcast_to(np.asarray(slots), (rows - 1, len(corners) // (rows - 1))).reshape(-1)
    # Split each quad along its shorter diagonal: fewer dents in curved surfaces.
    flat = p.reshape(-1, 3)
    a, b, c, d = flat[corners.T]
    ac, bd = ((c - a) ** 2).sum(-1), ((d - b) ** 2).sum(-1)
    faces, kept = np.where((ac <= bd)[:, None], *ways), cell >= 0
    if not kept.all():
        faces, cell = faces[kept], cell[kept]
    return Mesh.of(flat, faces, None if uv is None else np.asarray(uv).reshape(-1, 2), np.repeat(cell, 2))


@lru_cache(maxsize=512)
def _cells(rows: int, columns: int, close: bool, flip: bool) -> tuple[NDArray[np.int32], tuple[NDArray[np.int32], ...]]:
    """(N, 4) corners of the cells of a `patch`, and (N, 6) those of their two faces, split from a to c or b to d."""
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    if close:
        index = np.concatenate([index, index[:, :1]], 1)
    a, b, c, d = (some.ravel() for some in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]))
    ways = np.stack([a, c, b, a, d, c], 1), np.stack([a, d, b, b, d, c], 1)
    if flip:
        ways = ways[0][:, [2, 1, 0, 5, 4, 3]], ways[1][:, [2, 1, 0, 5, 4, 3]]
    return np.stack([a, b, c, d], 1), ways


def mirrored(mesh: Mesh) -> Mesh:
    """The mesh reflected in the plane y = 0, facing outside again."""
    return Mesh(
        mesh.vertices * np.array([1, -1, 1], np.float32), mesh.faces[:, ::-1].copy(), mesh.uv, mesh.slots, mesh.smooth
    )


def both(mesh: Mesh) -> list[Mesh]:
    """The mesh and its mirror image."""
    return [mesh, mirrored(mesh)]


def lathe(radius: ArrayLike, height: ArrayLike, *, segments: int = 24, slots: ArrayLike | int = 0) -> Mesh:
    """Surface of revolution about +y: (N,) radii at (N,) y, listed so that the outside lies on the right-hand side.

    That is: a profile that runs toward +y at constant radius faces outward. `slots` (N - 1,) per band.
    """
    r, y = np.asarray(radius, np.float64)[:, None], np.asarray(height, np.float64)[:, None]
    angle = np.arange(segments) * (2 * np.pi / segments)
    rings = np.stack(np.broadcast_arrays(r * np.cos(angle), y, r * np.sin(angle)), -1)
    return patch(rings, np.broadcast_to(np.asarray(slots), (len(r) - 1,))[:, None], close=True)


def disc(radius: float, *, segments: int = 16, slot: int = 0) -> Mesh:
    """Flat disc in the plane y = 0 facing +y."""
    angle = np.arange(segments) * (2 * np.pi / segments)
    rim = np.stack([radius * np.cos(angle), np.zeros(segments), radius * np.sin(angle)], 1)
    k = np.arange(segments)
    faces = np.stack([np.full(segments, segments), np.roll(k, -1), k], 1)
    return Mesh.of(np.vstack([rim, np.zeros((1, 3))]), faces, None, slot)


@cache
def _bevelled() -> tuple[F64, F64, NDArray[np.int32]]:
    """Corner signs, bevel directions and faces of a box with bevelled edges."""
    corner = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], float)
    signs, bevels = [], []
    for level, (z, grow) in enumerate(((-1, 0), (-1, 1), (1, 1), (1, 0))):
        for k, (sx, sy) in enumerate(corner):
            pair = [(sx, 0.0), (0.0, sy)] if k % 2 == 0 else [(0.0, sy), (sx, 0.0)]
            signs += [(sx, sy, z)] * 2
            bevels += [(gx * grow, gy * grow, z * (level in (0, 3))) for gx, gy in pair]
    rings = np.array(signs, float).reshape(4, 8, 3) + 0.2 * np.array(bevels, float).reshape(4, 8, 3)
    solid = patch(rings, 0, close=True, flip=True)
    fan = np.array([[0, k, k + 1] for k in range(1, 7)])
    faces = np.concatenate([solid.faces, fan[:, ::-1] + 32, fan + 40]).astype(np.int32)
    repeat = np.concatenate([np.arange(32), np.arange(8), np.arange(24, 32)])
    return np.array(signs, float)[repeat], np.array(bevels, float)[repeat], faces


def rounded_box(size: ArrayLike, center: ArrayLike = (0.0, 0.0, 0.0), *, radius: float = 0.02, slot: int = 0) -> Mesh:
    """Box with bevelled edges (one 45 degree band each): catches the light as real edges do. 44 triangles."""
    signs, bevels, faces = _bevelled()
    half = np.asarray(size, np.float64) / 2
    r = min(radius, float(half.min()) * 0.98)
    return Mesh.of(signs * (half - r) + bevels * r + np.asarray(center), faces, None, slot)


@cache
def _cube() -> tuple[F64, NDArray[np.int32]]:
    solid = box((2.0, 2.0, 2.0))
    return solid.vertices.astype(np.float64), solid.faces


def block(size: ArrayLike, center: ArrayLike = (0.0, 0.0, 0.0), slot: int = 0) -> Mesh:
    """Plain box without texture coordinates; cheap. 12 triangles."""
    corners, faces = _cube()
    return Mesh.of(corners * (np.asarray(size, np.float64) / 2) + np.asarray(center), faces, None, slot)


def turned(
    mesh: Mesh, roll: float = 0.0, pitch: float = 0.0, yaw: float = 0.0, at: ArrayLike = (0.0, 0.0, 0.0)
) -> Mesh:
    """The mesh rotated by ISO 8855 angles and then moved to `at`."""
    return mesh.transformed(se3.pose(np.asarray(at, np.float64), roll, pitch, yaw))


def ribbon(points: ArrayLike, outward: ArrayLike, width: float, slot: int, lift: float = 0.002) -> Mesh:
    """Flat band of `width` along an open (N, 3) line on a surface, facing the (3,) or (N, 3) `outward` direction."""
    p = np.asarray(points, np.float64)
    n = np.broadcast_to(np.asarray(outward, np.float64), p.shape)
    along = np.gradient(p, axis=0)
    side = se3.cross(n, along)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    n = n / np.linalg.norm(n, axis=1, keepdims=True)
    middle = p + n * lift
    return patch(np.stack([middle - side * width / 2, middle + side * width / 2]), slot, flip=True)


def finish(meshes: Iterable[Mesh], *, crease_deg: float = 40.0) -> Mesh:
    """One mesh with shared vertices where the surface is smooth and split ones where it is sharp.

    Coincident vertices (0.1 mm) are welded; then corners share a vertex (and so a normal) only across edges whose
    faces meet at less than `crease_deg` and have the same material slot. Degenerate faces are dropped.
    """
    parts = [mesh for mesh in meshes if len(mesh.faces)]
    offsets = np.cumsum([0, *(len(m.vertices) for m in parts[:-1])])
    vertices = np.concatenate([m.vertices for m in parts]).astype(np.float64)
    faces = np.concatenate([m.faces + o for m, o in zip(parts, offsets)]).astype(np.int64)
    uv = np.concatenate([m.uv for m in parts])
    slots = np.concatenate([m.slots for m in parts])
    a, b, c = vertices[faces.T]
    normal = se3.cross(b - a, c - a)
    area = np.linalg.norm(normal, axis=1)
    keep = area > 1e-8
    faces, slots, normal = faces[keep], slots[keep], normal[keep] / area[keep, None]

    point = _same(np.rint(vertices * 1e4).astype(np.int64))
    corners = faces.reshape(-1)  # corner k of face f is row 3 f + k
    group = _smooth_groups(point[faces], normal, slots, np.cos(np.radians(crease_deg)))
    texel = _same(np.rint(uv * 4096).astype(np.int64))
    key = np.stack([group, point[corners], texel[corners]], 1)
    index = _same(key)
    first = np.zeros(int(index.max()) + 1, np.int64)
    first[index[::-1]] = corners[::-1]  # the first corner of each kind gives its vertex
    return Mesh.of(vertices[first], index.reshape(-1, 3), uv[first], slots, smooth=True)


def _same(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) number of the distinct row of (N, K) integers, counted in lexicographic order."""
    low = keys.min(0)
    spans = keys.max(0) - low + 1
    if float(np.prod(spans.astype(np.float64))) > 2.0**62:
        return np.asarray(np.unique(keys, axis=0, return_inverse=True)[1], np.int64).reshape(-1)
    packed = np.zeros(len(keys), np.int64)  # mixed radix: sorting one integer is much faster than rows
    for column, least, span in zip(keys.T, low, spans):
        packed = packed * span + (column - least)
    return np.asarray(np.unique(packed, return_inverse=True)[1], np.int64)


def _smooth_groups(
    point: NDArray[np.int64], normal: F64, slots: NDArray[np.int32], least_cos: float
) -> NDArray[np.int64]:
    """(3F,) group of each face corner; corners of a group share their normal."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(point)
    start = point.reshape(-1)
    end = np.roll(point, -1, axis=1).reshape(-1)
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.lexsort([high, low])
    pair = (low[order[1:]] == low[order[:-1]]) & (high[order[1:]] == high[order[:-1]])
    a, b = order[:-1][pair], order[1:][pair]  # half-edges (= corners at their start) of neighbouring faces
    smooth = (np.einsum("ij,ij->i", normal[a // 3], normal[b // 3]) > least_cos) & (slots[a // 3] == slots[b // 3])
    a, b = a[smooth], b[smooth]
    a_next, b_next = a - a % 3 + (a + 1) % 3, b - b % 3 + (b + 1) % 3
    same_way = start[a] == start[b]
    rows = np.concatenate([a, a_next])
    columns = np.concatenate([np.where(same_way, b, b_next), np.where(same_way, b_next, b)])
    links = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(3 * count, 3 * count))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def skin(rings: ArrayLike, slots: ArrayLike | int = 0, *, caps: bool = True) -> Mesh:
    """Closed surface through (R, N, 3) rings listed along their axis, each counter-clockwise about it; smooth.

    Args:
        rings: cross-sections.
        slots: (R - 1,) per band, (R - 1, N) per cell, or one.
        caps: close both ends.
    """
    p = np.asarray(rings, np.float64)
    count, n = p.shape[:2]
    cells = np.asarray(slots)
    cells = np.broadcast_to(cells[:, None] if cells.ndim == 1 else cells, (count - 1, n))
    wall = patch(p, cells, close=True, flip=True)
    if not caps:
        return Mesh(wall.vertices, wall.faces, wall.uv, wall.slots, smooth=True)
    vertices = np.concatenate([p.reshape(-1, 3), p[0].mean(0)[None], p[-1].mean(0)[None]])
    faces = np.concatenate([wall.faces, _ends(count, n)])
    return Mesh.of(vertices, faces, None, np.concatenate([wall.slots, cells[0], cells[-1]]), smooth=True)


@lru_cache(maxsize=512)
def _ends(count: int, n: int) -> NDArray[np.int32]:
    """(2N, 3) corners of the faces that close `count` rings of N points; their middles follow all of these."""
    k = np.arange(n, dtype=np.int32)
    following, top = (k + 1) % n, (count - 1) * n
    low = np.stack([following, k, np.full_like(k, count * n)], 1)
    return np.concatenate([low, np.stack([k + top, following + top, np.full_like(k, count * n + 1)], 1)])


def finer(rings: ArrayLike, times: int = 3) -> F64:
    """(times * (R - 1) + 1, N, 3) rings through the given (R, N, 3) ones, on a smooth surface without overshoot."""
    from scipy.interpolate import PchipInterpolator

    p = np.asarray(rings, np.float64)
    at = np.arange(len(p), dtype=np.float64)
    return np.asarray(PchipInterpolator(at, p, axis=0)(np.linspace(0.0, at[-1], times * (len(p) - 1) + 1)), np.float64)


def pipe(points: ArrayLike, radii: ArrayLike, *, segments: int = 7, slot: int = 0) -> Mesh:
    """Round pipe with caps along (S, 3) points with (S,) or one radius; smooth."""
    p = np.asarray(points, np.float64)
    r = np.broadcast_to(np.asarray(radii, np.float64), (len(p),))
    steps = np.diff(p, axis=0)
    steps /= np.maximum(np.sqrt((steps * steps).sum(1, keepdims=True)), 1e-9)
    tangent = np.concatenate([steps[:1], steps[:-1] + steps[1:], steps[-1:]])
    tangent /= np.maximum(np.sqrt((tangent * tangent).sum(1, keepdims=True)), 1e-9)
    side = se3.cross(tangent[0], [0.0, 0.0, 1.0] if abs(tangent[0, 2]) < 0.9 else [0.0, 1.0, 0.0])
    sides = np.empty_like(p)
    for i, way in enumerate(tangent):  # parallel transport
        side = side - way * side.dot(way)
        side /= math.sqrt(side.dot(side))
        sides[i] = side
    ups = se3.cross(tangent, sides)
    angle = np.arange(segments) * (2 * np.pi / segments)
    circle = np.cos(angle)[None, :, None] * sides[:, None] + np.sin(angle)[None, :, None] * ups[:, None]
    return skin(p[:, None] + r[:, None, None] * circle, slot)


@cache
def _unit_ball(rings: int, segments: int) -> Mesh:
    polar = np.linspace(0.0, np.pi, rings + 2)[1:-1][::-1, None]
    angle = np.arange(segments) * (2 * np.pi / segments)
    unit = np.stack(
        np.broadcast_arrays(np.sin(polar) * np.cos(angle), np.sin(polar) * np.sin(angle), np.cos(polar)), -1
    )
    mesh = skin(unit)
    vertices = mesh.vertices.copy()
    vertices[-2:] = [[0, 0, -1], [0, 0, 1]]
    return Mesh(vertices, mesh.faces, mesh.uv, mesh.slots, smooth=True)


def ball(
    radii: ArrayLike, center: ArrayLike = (0.0, 0.0, 0.0), slot: int = 0, *, rings: int = 5, segments: int = 8
) -> Mesh:
    """Ellipsoid with (x, y, z) radii; cheap."""
    unit = _unit_ball(rings, segments)
    vertices = unit.vertices * np.asarray(radii, np.float32) + np.asarray(center, np.float32)
    return Mesh(vertices, unit.faces, unit.uv, np.full(len(unit.faces), slot, np.int32), smooth=True)


def curve(x: ArrayLike, y: ArrayLike) -> Callable[[ArrayLike], F64]:
    """Smooth interpolant through (N,) points without overshoot (PCHIP), constant beyond the ends."""
    from scipy.interpolate import PchipInterpolator

    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    order = np.argsort(xs)
    spline = PchipInterpolator(xs[order], ys[order])
    low, high = float(xs.min()), float(xs.max())
    return lambda at: np.asarray(spline(np.clip(np.asarray(at, np.float64), low, high)), np.float64)


def signed_volume(mesh: Mesh) -> float:
    """Volume in m3 enclosed by the faces; positive when they look outside."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def round_rings(
    center: ArrayLike, half_width: ArrayLike, half_depth: ArrayLike, segments: int, power: ArrayLike = 2.0
) -> F64:
    """(S, N, 3) horizontal superellipse rings about (S, 3) centres: x from `half_depth`, y from `half_width`.

    Exponent `power` (S,) or scalar: 2 ellipse, 4 nearly a rounded rectangle.
    """
    c = np.asarray(center, np.float64)
    angle = np.arange(segments) * (2 * np.pi / segments)
    e = 2.0 / np.broadcast_to(np.asarray(power, np.float64), (len(c),))[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    x = np.sign(cos) * np.abs(cos) ** e * np.broadcast_to(np.asarray(half_depth, np.float64), (len(c),))[:, None]
    y = np.sign(sin) * np.abs(sin) ** e * np.broadcast_to(np.asarray(half_width, np.float64), (len(c),))[:, None]
    return np.asarray(c[:, None] + np.stack([x, y, np.zeros_like(x)], -1))
