"""Triangles as fast sensors shade them: one record each, with all that is known of it, and lean materials beside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.scene import Material, Mesh, Texture
from simulator.sensors.shading.tables import pack_materials, pack_textures
from simulator.sensors.stage import cofactors

# One cache line. Normals are int16 parts of NORMAL; u and v count texture repeats.
FACET_DTYPE = np.dtype(
    [
        *[(name, np.float32) for name in ("au", "av", "bu", "bv", "cu", "cv")],
        ("density", np.float32),  # texture repeats per metre
        ("material", np.int32),
        ("smooth", np.int32),  # whether its corners differ in their normals
        ("instance", np.int32),
        *[(name, np.int16) for name in ("ax", "ay", "az", "bx", "by", "bz", "cx", "cy", "cz")],
        ("semantic", np.uint8),
        ("open", np.uint8),  # 255 times the share of the sky that it sees
        ("signal", np.int32),  # row of a world's signals that switches it, or -1
    ]
)
assert FACET_DTYPE.itemsize == 64
NORMAL = 32767

MATTER_DTYPE = np.dtype(
    [
        *[(name, np.float32) for name in ("red", "green", "blue", "glow_r", "glow_g", "glow_b")],
        ("coat", np.float32),  # strength of a mirror-like layer: lacquer, glass, window panes
        ("translucency", np.float32),
        ("porosity", np.float32),
        ("reflectance_905", np.float32),
        ("size", np.float32),  # texels a repeat
        ("first_level", np.int32),  # of the texture's mip levels, -1 without a texture
        ("levels", np.int32),
        ("switch", np.int32),
        ("surface", np.int32),
        ("panes", np.int32),
        ("texture", np.int32),
    ]
)
# Glass is drawn opaque: a dark room behind panes that mirror the sky.
GLASS, ROOM_ALBEDO = 0.3, 0.03


def facets_of(mesh: Mesh, pose: NDArray[np.float64], materials: Sequence[int], semantic: int) -> NDArray[np.void]:
    """(F,) FACET_DTYPE of a mesh placed by a (4, 4) affine `pose`; `materials` gives the row of each slot."""
    turn = cofactors(pose[None])[0].astype(np.float64)
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    if mesh.smooth:
        at = mesh.faces.ravel()
        sums = [np.bincount(at, np.repeat(cross[:, k], 3), len(mesh.vertices)) for k in range(3)]
        normals = np.asarray(np.stack(sums, 1)[mesh.faces], np.float64)
    else:
        normals = np.repeat(cross[:, None], 3, 1)
    normals = normals @ turn.T
    normals /= np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-30)
    flat = np.rint(normals * NORMAL).astype(np.int16).reshape(-1, 9)
    uv = mesh.uv[mesh.faces]
    side, other = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    spread = np.abs(side[:, 0] * other[:, 1] - side[:, 1] * other[:, 0])
    area = np.linalg.norm(cross @ turn.T, axis=1)
    out = np.zeros(len(mesh.faces), FACET_DTYPE)
    for name, texture in zip(("au", "av", "bu", "bv", "cu", "cv"), uv.reshape(-1, 6).T):
        out[name] = texture
    for name, normal in zip(("ax", "ay", "az", "bx", "by", "bz", "cx", "cy", "cz"), flat.T):
        out[name] = normal
    out["density"] = np.sqrt(spread / np.maximum(area, 1e-12))
    out["material"] = np.asarray(materials, np.int32)[mesh.slots]
    out["semantic"], out["open"], out["signal"], out["smooth"] = semantic, 255, -1, mesh.smooth
    return out


def pack_matter(
    materials: Sequence[Material],
) -> tuple[NDArray[np.void], NDArray[np.void], NDArray[np.uint8]]:
    """MATTER_DTYPE rows of materials, LEVEL_DTYPE rows and texels of their textures."""
    found: dict[int, Texture] = {}
    for material in materials:
        if material.texture is not None:
            found.setdefault(id(material.texture), material.texture)
    images = tuple(found.values())
    full, (textures, levels, texels) = pack_materials(tuple(materials), images), pack_textures(images)
    rows = np.zeros(len(materials), MATTER_DTYPE)
    for name in set(rows.dtype.names or ()) & set(full.dtype.names or ()):
        rows[name] = full[name]
    glass = full["transmission"] > GLASS
    for name in ("red", "green", "blue"):
        rows[name][glass] = ROOM_ALBEDO
    rows["coat"] = np.where(
        glass, 1.0, np.maximum(full["clearcoat"], 0.6 * full["metallic"] * (full["roughness"] < 0.4))
    )
    grey = (full["red"] + full["green"] + full["blue"]) / 3
    rows["reflectance_905"] = np.where(full["reflectance_905"] >= 0, full["reflectance_905"], grey)
    drawn = full["texture"] >= 0
    row = np.maximum(full["texture"], 0)
    rows["first_level"] = -1
    if len(textures):
        rows["first_level"] = np.where(drawn, textures["first_level"][row], -1)
        rows["levels"] = np.where(drawn, textures["levels"][row], 0)
        rows["size"] = np.where(drawn, textures["size"][row], 0)
        rows["panes"] = np.where(drawn, textures["panes"][row], 0)
    return rows, levels, texels
