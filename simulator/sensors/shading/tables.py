"""The scene as tables that shading kernels read: instances, faces, materials and mip-mapped textures."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.scene import Scene, Texture
from simulator.scene.material import Material

INSTANCE_DTYPE = np.dtype(
    [
        ("object", np.int32),
        ("semantic", np.int32),
        ("first_face", np.int32),  # its mesh's first row in the face tables
        ("first_slot", np.int32),  # material of slot s is slots[first_slot + s]
        ("smooth", np.int32),
        ("scale", np.float32),  # mean stretch of its pose, for the texture footprint
    ]
)
MATERIAL_DTYPE = np.dtype(
    [
        ("red", np.float32),  # albedo
        ("green", np.float32),
        ("blue", np.float32),
        ("glow_r", np.float32),  # emission, cd/m2 by channel
        ("glow_g", np.float32),
        ("glow_b", np.float32),
        ("roughness", np.float32),
        ("metallic", np.float32),
        ("clearcoat", np.float32),
        ("transmission", np.float32),
        ("retro", np.float32),  # cd / (lx m2)
        ("translucency", np.float32),
        ("porosity", np.float32),
        ("reflectance_905", np.float32),  # negative: not given
        ("texture", np.int32),  # row of textures, or -1
        ("switch", np.int32),
        ("surface", np.int32),
    ]
)
VERTEX_DTYPE = np.dtype([(name, np.float32) for name in ("x", "y", "z", "nx", "ny", "nz", "u", "v")])
FACE_DTYPE = np.dtype(
    [
        ("a", np.int32),  # rows of the vertex table
        ("b", np.int32),
        ("c", np.int32),
        ("slot", np.int32),  # material slot
        ("density", np.float32),  # texture repeats per metre of the mesh frame
        ("nx", np.float32),  # unit normal, mesh frame
        ("ny", np.float32),
        ("nz", np.float32),
    ]
)
TEXTURE_DTYPE = np.dtype(
    [
        ("first_level", np.int32),
        ("levels", np.int32),
        ("cutout", np.int32),
        ("panes", np.int32),
        ("size", np.float32),
    ]
)
LEVEL_DTYPE = np.dtype([("offset", np.int32), ("width", np.int32), ("height", np.int32)])


class Tables(NamedTuple):
    """Static tables of a scene; row k of `instances` is part k of the ray caster.

    Kernels unpack this (and every other) tuple of arrays once at their top: taking an array out of a tuple inside a
    loop costs an atomic reference count each time.

    Attributes:
        instances: (I,) INSTANCE_DTYPE.
        slots: flat int32 rows of `materials`.
        faces: (F,) FACE_DTYPE, all meshes after another.
        vertices: (V,) VERTEX_DTYPE: position, unit area-weighted normal (mesh frame) and texture repeats.
        materials: MATERIAL_DTYPE.
        textures: TEXTURE_DTYPE.
        levels: LEVEL_DTYPE mip levels of all textures; a level's texel (row, column) is
            `texels[offset + row * width + column]`, row 0 at the top (v = 1).
        texels: (T, 4) uint8 sRGB colour and straight alpha.
    """

    instances: NDArray[np.void]
    slots: NDArray[np.int32]
    faces: NDArray[np.void]
    vertices: NDArray[np.void]
    materials: NDArray[np.void]
    textures: NDArray[np.void]
    levels: NDArray[np.void]
    texels: NDArray[np.uint8]


def pack_scene(scene: Scene, pose: NDArray[np.float64]) -> Tables:
    """Tables of `scene`; `pose` (I, 4, 4) are the instances' poses at any time (for their scale)."""
    meshes = scene.meshes
    first_vertex = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    first_face = np.cumsum([0, *(len(mesh.faces) for mesh in meshes)])
    vertices = _stack([mesh.vertices for mesh in meshes], (0, 3), np.float32)
    corners = _stack([mesh.faces + np.int32(first_vertex[i]) for i, mesh in enumerate(meshes)], (0, 3), np.int32)
    uv = _stack([mesh.uv for mesh in meshes], (0, 2), np.float32)
    textures, levels, texels = pack_textures(scene.textures)

    instances = np.zeros(len(scene.instance_mesh), INSTANCE_DTYPE)
    instances["object"] = scene.instance_object
    instances["semantic"] = scene.instance_class
    instances["first_face"] = first_face[scene.instance_mesh]
    instances["first_slot"] = scene.material_offset[:-1]
    instances["smooth"] = np.array([mesh.smooth for mesh in meshes], np.int32)[scene.instance_mesh]
    instances["scale"] = np.cbrt(np.abs(np.linalg.det(pose[:, :3, :3])))
    normals, flat, density = _normals_and_density(vertices, corners, uv)
    faces = np.empty(len(corners), FACE_DTYPE)
    faces["a"], faces["b"], faces["c"] = corners.T
    faces["slot"] = _stack([mesh.slots for mesh in meshes], (0,), np.int32)
    faces["density"] = density
    faces["nx"], faces["ny"], faces["nz"] = flat.T
    joined = np.concatenate([vertices, normals, uv], 1)
    return Tables(
        instances,
        scene.instance_materials,
        faces,
        np.ascontiguousarray(joined).view(VERTEX_DTYPE)[:, 0],
        pack_materials(scene.materials, scene.textures),
        textures,
        levels,
        texels,
    )


def skin_rows(scene: Scene) -> NDArray[np.int64]:
    """(S, 3) of each skin the first row of its faces and one past the last, and the first of its vertices."""
    meshes = scene.instance_mesh[scene.skins.instance]
    first_vertex = np.cumsum([0, *(len(mesh.vertices) for mesh in scene.meshes)])
    first_face = np.cumsum([0, *(len(mesh.faces) for mesh in scene.meshes)])
    return np.stack([first_face[meshes], first_face[meshes + 1], first_vertex[meshes]], 1).astype(np.int64)


@kernel
def drape(start, stop, rows, skin_rows, first_vertex, points, faces, vertices):
    """Write the normals of skins `rows[start:stop]` in their present shapes into the tables of faces and vertices.

    Args:
        start, stop, rows: rows of the skins.
        skin_rows: of `skin_rows`. first_vertex: (S + 1,) rows of `points`.
        points: (P, 3) float32 vertices of all skins, as they are now.
        faces, vertices: of Tables.
    """
    tiny = np.float32(1e-30)
    for k in range(start, stop):
        s = rows[k]
        there, first, last = skin_rows[s, 2], first_vertex[s], first_vertex[s + 1]
        normal = np.zeros((last - first, 3), np.float32)
        for f in range(skin_rows[s, 0], skin_rows[s, 1]):
            a, b, c = faces[f].a - there, faces[f].b - there, faces[f].c - there
            i, j, m = first + a, first + b, first + c
            ux, uy, uz = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
            vx, vy, vz = points[m, 0] - points[i, 0], points[m, 1] - points[i, 1], points[m, 2] - points[i, 2]
            x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
            for n in (a, b, c):
                normal[n, 0] += x
                normal[n, 1] += y
                normal[n, 2] += z
            area = max(np.sqrt(x * x + y * y + z * z), tiny)
            faces[f].nx, faces[f].ny, faces[f].nz = x / area, y / area, z / area
        for n in range(last - first):
            x, y, z = normal[n, 0], normal[n, 1], normal[n, 2]
            length = max(np.sqrt(x * x + y * y + z * z), tiny)
            row = vertices[there + n]
            row.nx, row.ny, row.nz = x / length, y / length, z / length


def _stack(arrays: list[NDArray[Any]], shape: tuple[int, ...], dtype: type) -> NDArray[Any]:
    return np.ascontiguousarray(np.concatenate([np.zeros(shape, dtype), *arrays]).astype(dtype, copy=False))


def _normals_and_density(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], uv: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Unit area-weighted vertex normals (V, 3), unit face normals (F, 3), texture repeats per metre (F,)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    corner = faces.ravel()
    normals = np.stack([np.bincount(corner, np.repeat(cross[:, k], 3), len(vertices)) for k in range(3)], 1).astype(
        np.float32
    )
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    up = np.array([0, 0, 1], np.float32)
    normals = np.where(length > 0, normals / np.maximum(length, np.float32(1e-30)), up)
    p, q, r = (uv[faces[:, k]] for k in range(3))
    uv_area = np.abs((q - p)[:, 0] * (r - p)[:, 1] - (q - p)[:, 1] * (r - p)[:, 0])
    area = np.linalg.norm(cross, axis=1)
    flat = (cross / np.maximum(area, np.float32(1e-30))[:, None]).astype(np.float32)
    return normals, flat, np.sqrt(uv_area / np.maximum(area, np.float32(1e-12))).astype(np.float32)


def pack_materials(materials: tuple[Material, ...], textures: tuple[Texture, ...]) -> NDArray[np.void]:
    """MATERIAL_DTYPE rows."""
    row_of = {id(texture): row for row, texture in enumerate(textures)}
    rows = np.zeros(len(materials), MATERIAL_DTYPE)
    for row, m in zip(rows, materials, strict=True):
        row["red"], row["green"], row["blue"] = m.albedo
        row["glow_r"], row["glow_g"], row["glow_b"] = m.emission_cd_m2
        row["roughness"], row["metallic"], row["clearcoat"] = m.roughness, m.metallic, m.clearcoat
        row["transmission"], row["retro"] = m.transmission, m.retro_cd_lx_m2
        row["translucency"], row["porosity"] = m.translucency, m.absorbency
        row["reflectance_905"] = -1.0 if m.reflectance_905 is None else m.reflectance_905
        row["texture"] = -1 if m.texture is None else row_of[id(m.texture)]
        row["switch"], row["surface"] = int(m.switch), int(m.surface)
    return rows


def pack_textures(
    textures: tuple[Texture, ...],
) -> tuple[NDArray[np.void], NDArray[np.void], NDArray[np.uint8]]:
    """TEXTURE_DTYPE, LEVEL_DTYPE and texel tables; each texture has mip levels down to one texel."""
    from simulator.sensors.shading.mips import mip_chain

    rows = np.zeros(len(textures), TEXTURE_DTYPE)
    levels: list[tuple[int, int, int]] = []
    texels: list[NDArray[np.uint8]] = [np.zeros((0, 4), np.uint8)]
    offset = 0
    for row, texture in zip(rows, textures, strict=True):
        chain = mip_chain(texture)
        height, width = chain[0].shape[:2]
        row["first_level"], row["levels"] = len(levels), len(chain)
        row["cutout"], row["panes"], row["size"] = texture.cutout, texture.panes, np.sqrt(height * width)
        for image in chain:
            levels.append((offset, image.shape[1], image.shape[0]))
            texels.append(image.reshape(-1, 4))
            offset += image.shape[0] * image.shape[1]
    return rows, np.array(levels, LEVEL_DTYPE), np.ascontiguousarray(np.concatenate(texels))
