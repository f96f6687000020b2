"""The geometry of a scene's objects in flat arrays, by object, for kernels that look at one after the other."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene import Mesh, Scene

F64 = NDArray[np.float64]
GROUP = 64  # faces in a row of a mesh that lie near each other


class Holes(NamedTuple):
    """Textures with holes, for leaves and fences.

    Attributes:
        slot: (F,) int32 material slot of each face. uv: (V, 2) float32 texture repeats.
        first_slot: (K,) int64 row of `texture` for slot 0 of each instance.
        texture: flat int32 rows of `images`, -1 for materials without holes.
        images, texels: as in `raycast.faces.Faces`.
    """

    slot: NDArray[np.int32]
    uv: NDArray[np.float32]
    first_slot: NDArray[np.int64]
    texture: NDArray[np.int32]
    images: NDArray[np.int32]
    texels: NDArray[np.uint8]


class Pieces(NamedTuple):
    """Meshes of the objects, grouped by object.

    Attributes:
        objects: (M,) int32 ids of objects that have geometry; then, negated, ids of those that others belong to,
            for the object together with these (a bicycle and its rider).
        first_instance: (M + 1,) int64 rows of `instance` of each object.
        instance: (K,) int64 rows of the scene's instances.
        faces: (K, 2) int64 first and last + 1 row of `triangles`.
        triangles: (F, 3) int32 rows of `vertices`. vertices: (V, 3) float32 mesh frame.
        groups: (G, 2) int32 first vertex of each GROUP of a mesh's faces, counted from the mesh's own first, and one
            past its last. first_group: (K,) int64 row of `groups` of each instance.
        corners: (K, 2) int64 first and last + 1 row of `vertices`. most_vertices: of one instance.
        skin: (K,) int64 row of the scene's bent vertices that takes the place of the first, -1 for what has no skin.
        bounds: (K, 2, 3) float64 of each instance's mesh.
        holes: what is open of it.
        flat: (M,) bool, part of the ground (potholes, puddles): ground around it hides nothing of it.
    """

    objects: NDArray[np.int32]
    first_instance: NDArray[np.int64]
    instance: NDArray[np.int64]
    faces: NDArray[np.int64]
    triangles: NDArray[np.int32]
    vertices: NDArray[np.float32]
    groups: NDArray[np.int32]
    first_group: NDArray[np.int64]
    corners: NDArray[np.int64]
    most_vertices: int
    skin: NDArray[np.int64]
    bounds: F64
    holes: Holes
    flat: NDArray[np.bool_]


@lru_cache(maxsize=1)
def pieces_of(scene: Scene) -> Pieces:
    """Objects' geometry, flattened; kept for the scene that was asked for last."""
    owner = scene.instance_object
    parent = np.array([row.parent for row in scene.objects], np.int64)
    families = np.unique(parent[parent > 0])
    in_family = (owner == families[:, None]) | (parent[owner] == families[:, None])
    family, extra = np.nonzero(in_family & (owner > 0))
    rows = np.flatnonzero(owner > 0)
    rows = rows[np.argsort(owner[rows], kind="stable")]
    group = np.concatenate([owner[rows], -families[family]])
    rows = np.concatenate([rows, extra])

    used, mesh_row = np.unique(scene.instance_mesh[rows], return_inverse=True)
    meshes = [scene.meshes[k] for k in used.tolist()]
    first_vertex = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    first_face = np.cumsum([0, *(len(mesh.faces) for mesh in meshes)])
    groups = [_groups_of(mesh) for mesh in meshes]
    first_group = np.cumsum([0, *map(len, groups)])
    first = np.flatnonzero(np.diff(group, prepend=0))
    bounds = np.array([mesh.bounds for mesh in meshes]).reshape(-1, 2, 3)
    skin = np.full(len(scene.instance_mesh), -1, np.int64)
    skin[scene.skins.instance] = scene.skins.first_vertex[:-1]
    return Pieces(
        group[first].astype(np.int32),
        np.append(first, len(rows)).astype(np.int64),
        rows.astype(np.int64),
        np.stack([first_face[mesh_row], first_face[mesh_row + 1]], 1).astype(np.int64),
        _joined([mesh.faces + np.int32(o) for mesh, o in zip(meshes, first_vertex)], (0, 3), np.int32),
        _joined([mesh.vertices for mesh in meshes], (0, 3), np.float32),
        _joined(groups, (0, 2), np.int32),
        first_group[mesh_row].astype(np.int64),
        np.stack([first_vertex[mesh_row], first_vertex[mesh_row + 1]], 1).astype(np.int64),
        max((len(mesh.vertices) for mesh in meshes), default=0),
        skin[rows],
        bounds[mesh_row],
        _holes(scene, rows, meshes),
        np.array([scene.objects[abs(k)].class_name == "road_defect" for k in group[first].tolist()], np.bool_),
    )


def _groups_of(mesh: Mesh) -> NDArray[np.int32]:
    """(G, 2) first vertex, and one past the last, of each GROUP of faces."""
    starts = np.arange(0, len(mesh.faces), GROUP)
    if not len(starts):
        return np.zeros((0, 2), np.int32)
    first = np.minimum.reduceat(mesh.faces.min(1), starts)
    return np.stack([first, np.maximum.reduceat(mesh.faces.max(1), starts) + 1], 1).astype(np.int32)


def _holes(scene: Scene, rows: NDArray[np.int64], meshes: list[Mesh]) -> Holes:
    """Textures with holes of the instances `rows`."""
    cut = [texture for texture in scene.textures if texture.cutout]
    number = {id(texture): i for i, texture in enumerate(cut)}
    of_material = np.array([number.get(id(material.texture), -1) for material in scene.materials], np.int32)
    shapes = [texture.rgba.shape[:2] for texture in cut]
    first = np.cumsum([0, *(height * width for height, width in shapes)])
    return Holes(
        _joined([mesh.slots for mesh in meshes], (0,), np.int32),
        _joined([mesh.uv for mesh in meshes], (0, 2), np.float32),
        scene.material_offset[rows],
        of_material[scene.instance_materials],
        np.array([(o, width, height) for o, (height, width) in zip(first, shapes)], np.int32).reshape(-1),
        _joined([texture.rgba[..., 3].ravel() for texture in cut], (0,), np.uint8),
    )


def _joined(arrays: list[NDArray[Any]], empty: tuple[int, ...], dtype: type) -> NDArray[Any]:
    return np.concatenate([np.zeros(empty, dtype), *arrays])
