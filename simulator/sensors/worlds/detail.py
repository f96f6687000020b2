"""Levels of detail: a model's outside with ever fewer triangles, for pictures of few pixels.

Edges are collapsed by quadric errors (M. Garland and P. Heckbert, "Surface Simplification Using Quadric Error
Metrics", SIGGRAPH 1997), many that do not touch each other at a time; where materials meet and where sheets end the
planes across the border count too, so that windows, lamps and outlines keep their shape. What cannot be seen from
outside goes first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulator.raycast import Scene as Rays
from simulator.scene import Lamp, Material, Mesh, Model
from simulator.sensors.shading.mips import SRGB_TO_LINEAR

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

WELD_M = 1e-4
LOOKS, LOOK_PX = 40, 96  # directions from which a model is looked at, and rays of a side
BORDER, LAMP_BORDER = 4.0, 60.0  # weights of the planes across borders, against those of faces
SHARE = 0.25  # of the edges that are looked at in one round, the cheapest
TURN = 0.2  # cosine by which a face may turn at most when an edge is collapsed
WORST_M = 0.2  # levels that are farther off are left out
KEY = 1 << 31  # more than there are vertices
MOST_IDLE = 30  # rounds in which none could be collapsed
SAMPLES, DENSE = 1000, 30_000  # points by which the error is measured


@dataclass(frozen=True, slots=True, eq=False)
class Detail:
    """One level of detail of a model: a mesh in the model's frame, its materials by slot, and how far it is off."""

    mesh: Mesh
    materials: tuple[Material, ...]
    error_m: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A model of the pool: its class, its levels of detail, finest first, and its lamps."""

    class_name: str
    details: tuple[Detail, ...]
    lamps: tuple[Lamp, ...] = ()


def figure_of(model: Model, triangles: tuple[int, ...] = (700, 350, 180, 90), gait_rad: float = 0.0) -> Figure:
    """A model with about so many triangles at each level; walkers are caught in the middle of a step at `gait_rad`."""
    vertices, faces, slots, materials = _outside(*_posed(model, gait_rad))
    rng = np.random.default_rng(0)
    points = _sampled(vertices, faces, SAMPLES, rng)
    details = list[Detail]()
    for count in triangles:
        if details and len(faces) <= count:
            break
        vertices, faces, slots = _collapsed(vertices, faces, slots, materials, count)
        error = float(np.quantile(cKDTree(_sampled(vertices, faces, DENSE, rng)).query(points)[0], 0.9))
        if details and error > WORST_M:
            break
        mesh = Mesh.of(vertices, faces, slots=slots)
        details.append(Detail(mesh, materials, error))
    return Figure(model.class_name, tuple(details), model.lamps)


def _posed(model: Model, gait_rad: float) -> tuple[F64, I64, I64, tuple[Material, ...]]:
    """All bodies as one mesh, the materials without textures."""
    vertices, faces, slots = [np.zeros((0, 3))], [np.zeros((0, 3), np.int64)], [np.zeros(0, np.int64)]
    materials: dict[Material, int] = {}
    count = 0
    for body, points in zip(model.bodies, model.posed(gait_rad=gait_rad)):
        rows = np.array([materials.setdefault(_plain(material), len(materials)) for material in body.materials])
        vertices.append(points.astype(np.float64))
        faces.append(body.mesh.faces.astype(np.int64) + count)
        slots.append(rows[body.mesh.slots])
        count += len(body.mesh.vertices)
    return np.concatenate(vertices), np.concatenate(faces), np.concatenate(slots), tuple(materials)


def _plain(material: Material) -> Material:
    """The material with the mean colour of its texture."""
    if material.texture is None:
        return material
    texels = material.texture.rgba.reshape(-1, 4)
    weight = texels[:, 3] + 1.0 if material.texture.cutout else np.ones(len(texels))
    mean = np.average(SRGB_TO_LINEAR[texels[:, :3]], axis=0, weights=weight)
    red, green, blue = (np.array(material.albedo) * mean).tolist()
    return replace(material, albedo=(red, green, blue), texture=None)


def _outside(
    vertices: F64, faces: I64, slots: I64, materials: tuple[Material, ...]
) -> tuple[F64, I64, I64, tuple[Material, ...]]:
    """Only those faces that can be seen from outside, glass being opaque; vertices at one place are one."""
    rays = Rays()
    rays.add(vertices.astype(np.float32), faces.astype(np.int32))
    rays.commit(1)
    middle, radius = (vertices.min(0) + vertices.max(0)) / 2, np.linalg.norm(np.ptp(vertices, axis=0)) / 2
    seen = np.zeros(len(faces), bool)
    k = np.arange(LOOKS) + 0.5
    z, turn = 1 - 1.9 * k / LOOKS, np.pi * (1 + np.sqrt(5)) * k  # all around, but for right from below
    ways = np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z], 1)
    line = np.linspace(-radius, radius, LOOK_PX)
    for way in ways:
        side = np.cross(way, [0.0, 0, 1.0])
        side /= np.linalg.norm(side)
        over = np.cross(side, way)
        starts = middle + radius * 1.1 * way + line[:, None, None] * side + line[None, :, None] * over
        hits = rays.closest_hit(starts.reshape(-1, 3), np.broadcast_to(-way, (LOOK_PX**2, 3)), threads=1)
        seen[np.unique(hits.primitive[hits.primitive >= 0])] = True
    _, first, place = np.unique(
        np.rint(vertices / WELD_M).astype(np.int64), axis=0, return_index=True, return_inverse=True
    )
    kept, slots = place.reshape(-1)[faces[seen]], slots[seen]
    return *_compact(vertices[first], kept, slots), materials


def _compact(vertices: F64, faces: I64, slots: I64) -> tuple[F64, I64, I64]:
    """Without faces that have lost their area, and without vertices of no face."""
    proper = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    faces, slots = faces[proper], slots[proper]
    used, numbers = np.unique(faces, return_inverse=True)
    return vertices[used], numbers.reshape(-1, 3), slots


def _sampled(vertices: F64, faces: I64, count: int, rng: np.random.Generator) -> F64:
    """(count, 3) points on a surface, even by area."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    face = rng.choice(len(faces), count, p=area / area.sum())
    u, v = rng.random((2, count, 1))
    over = u + v > 1
    u, v = np.where(over, 1 - u, u), np.where(over, 1 - v, v)
    return np.asarray(a[face] + u * (b - a)[face] + v * (c - a)[face])


def _collapsed(
    vertices: F64, faces: I64, slots: I64, materials: tuple[Material, ...], count: int
) -> tuple[F64, I64, I64]:
    """The surface with at most about `count` faces."""
    shines = np.array([any(material.emission_cd_m2) for material in materials], bool)
    quadrics, refused, idle = _quadrics(vertices, faces, slots, shines), np.zeros(len(vertices)), 0
    while len(faces) > count and idle < MOST_IDLE:
        edges = np.stack(np.divmod(np.unique(_edge_keys(faces)), KEY), 1)
        place, cost = _best_places(vertices, quadrics, edges)
        order = np.argsort(cost * 8.0 ** refused[edges].sum(1), kind="stable")
        rank = np.empty(len(edges), np.int64)
        rank[order] = np.arange(len(edges))
        chosen = _apart(rank, edges, faces, len(vertices), max(int(SHARE * len(edges)), 1))
        # No more than are needed: each takes about two faces.
        chosen = chosen[np.argsort(rank[chosen])][: max((len(faces) - count + 1) // 2, 1)]
        good = _keeps_facing(vertices, faces, edges[chosen], place[chosen])
        refused[edges[chosen[~good]]] += 1
        chosen, idle = chosen[good], 0 if good.any() else idle + 1
        a, b = edges[chosen].T
        vertices = vertices.copy()
        vertices[a] = place[chosen]
        quadrics[a] += quadrics[b]
        target = np.arange(len(vertices))
        target[b] = a
        faces = target[faces]
        proper = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
        faces, slots = faces[proper], slots[proper]
    return _compact(vertices, faces, slots)


def _edge_keys(faces: I64) -> I64:
    """(3 F,) a number for each edge of each face, equal for equal edges."""
    ends = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1)
    return np.asarray(ends[:, 0] * KEY + ends[:, 1])


def _quadrics(vertices: F64, faces: I64, slots: I64, shines: NDArray[np.bool_]) -> F64:
    """(V, 4, 4) error quadrics of the vertices."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    area = np.linalg.norm(cross, axis=1) / 2
    normal = cross / np.maximum(2 * area, 1e-15)[:, None]
    out = np.zeros((len(vertices), 4, 4))
    planes = np.column_stack([normal, -(normal * a).sum(1)])
    for k in range(3):
        np.add.at(out, faces[:, k], area[:, None, None] / 3 * planes[:, :, None] * planes[:, None, :])
    # Edges with one face, or whose faces differ in material.
    ends = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    face = np.repeat(np.arange(len(faces)), 3)
    keys, which, times = np.unique(_edge_keys(faces), return_inverse=True, return_counts=True)
    least, most = np.full(len(keys), 1 << 30), np.full(len(keys), -1)
    np.minimum.at(least, which, slots[face])
    np.maximum.at(most, which, slots[face])
    border = ((times == 1) | (least != most))[which]
    ends, face = ends[border], face[border]
    along = vertices[ends[:, 1]] - vertices[ends[:, 0]]
    across = np.cross(along, normal[face])
    length = np.linalg.norm(across, axis=1)
    across /= np.maximum(length, 1e-15)[:, None]
    weight = np.where(shines[slots[face]], LAMP_BORDER, BORDER) * length**2
    planes = np.column_stack([across, -(across * vertices[ends[:, 0]]).sum(1)])
    terms = weight[:, None, None] * planes[:, :, None] * planes[:, None, :]
    for k in range(2):
        np.add.at(out, ends[:, k], terms)
    return out


def _best_places(vertices: F64, quadrics: F64, edges: I64) -> tuple[F64, F64]:
    """(E, 3) where to collapse each edge to, and (E,) the error of that."""
    q = quadrics[edges[:, 0]] + quadrics[edges[:, 1]]
    a, b = vertices[edges[:, 0]], vertices[edges[:, 1]]
    middle, length2 = (a + b) / 2, ((b - a) ** 2).sum(1)
    # A weak pull to the middle keeps what the planes leave open in its place.
    pull = 1e-3 * np.trace(q[:, :3, :3], axis1=1, axis2=2) + 1e-12
    matrix = q[:, :3, :3] + pull[:, None, None] * np.eye(3)
    place = np.linalg.solve(matrix, (pull[:, None] * middle - q[:, :3, 3])[..., None])[..., 0]
    far = ((place - middle) ** 2).sum(1) > length2
    place[far] = middle[far]
    point = np.column_stack([place, np.ones(len(place))])
    return place, np.einsum("ei,eij,ej->e", point, q, point) + 1e-9 * length2


def _apart(rank: I64, edges: I64, faces: I64, vertices: int, most: int) -> I64:
    """Edges of the first `most` in rank that are before all others near them."""
    first = np.full(vertices, 1 << 40)
    for k in range(2):
        np.minimum.at(first, edges[:, k], rank)
    of_face = first[faces].min(1)
    near = np.full(vertices, 1 << 40)
    for k in range(3):
        np.minimum.at(near, faces[:, k], of_face)
    return np.flatnonzero((rank < most) & (near[edges[:, 0]] == rank) & (near[edges[:, 1]] == rank))


def _keeps_facing(vertices: F64, faces: I64, edges: I64, place: F64) -> NDArray[np.bool_]:
    """(E,) whether no face turns over if an edge is collapsed; their faces have no vertex in common."""
    number = np.full(len(vertices), -1)
    number[edges[:, 0]] = number[edges[:, 1]] = np.arange(len(edges))
    of_corner = number[faces]
    edge = of_corner.max(1)
    touched = (edge >= 0) & ((of_corner >= 0).sum(1) == 1)
    moved = vertices.copy()
    moved[edges[:, 0]] = moved[edges[:, 1]] = place
    before, after = (
        np.cross(v[f[:, 1]] - v[f[:, 0]], v[f[:, 2]] - v[f[:, 0]])
        for v, f in ((vertices, faces[touched]), (moved, faces[touched]))
    )
    size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    turned = (before * after).sum(1) < TURN * size
    good = np.ones(len(edges), bool)
    good[edge[touched][turned]] = False
    return good
