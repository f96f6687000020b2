"""Crops that stand on fields: their tops as high as they grow in the season, their sides cut out stem by stem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.roads.surface_land import CropField
from simulator.scene.foliage import CROP_EDGE_M, crop_texture
from simulator.scene.material import Material
from simulator.scene.mesh import Mesh, merge
from simulator.scene.textures import field
from simulator.surroundings.place import Place
from simulator.surroundings.shapes import F64

# Height in metres of what grows on fields by season (BBCH stages of the middle of each); lower things lie flat.
_HEIGHT_M: dict[str, dict[str, float]] = {
    "spring": {"green": 0.35, "rape": 1.2},
    "summer": {"green": 0.45, "ripe": 0.8, "maize": 1.7},
    "autumn": {"maize": 2.2},
    "winter": {},
}
_SNOWED_M = 0.01
_FRINGE = 1.2  # the sides reach this much higher than the tops: ears stand above
# Rows of stems behind the border, whose ears stand above the tops, so far into the field, and how near the ego.
_ROWS_M = (0.4, 1.0, 1.8, 3.0)
_SEEN_M = 90.0
_FREE_M = 3.0  # from houses, yards and what else stands on the land


def place_crops(place: Place) -> None:
    """Let crops grow on the fields, except where something stands; what snow lies on is harvested."""
    heights = _HEIGHT_M["winter" if place.snow_m > _SNOWED_M else place.season]
    for crop in place.ground.fields:
        if crop.kind in heights:
            faces = _grown(place, crop)
            if len(faces):
                _put(place, crop, faces, heights[crop.kind])


def _grown(place: Place, crop: CropField) -> NDArray[np.int64]:
    """The faces (F, 3) of a field on which nothing else stands."""
    xy = crop.soil.vertices[:, :2] + place.builder.origin[:2]
    around = [[0.0, 0.0], [_FREE_M, 0.0], [-_FREE_M, 0.0], [0.0, _FREE_M], [0.0, -_FREE_M]]
    inside = place.distance(xy) < place.radius_m
    free = np.all([place.occupancy.free(xy + shift) for shift in around], axis=0) & inside
    faces = crop.soil.faces.astype(np.int64)
    return np.asarray(faces[free[faces].all(axis=1)])


def _border(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Edges (E, 2) of one face only, as that face runs along them."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    _, index, count = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
    return np.asarray(edges[index[count == 1]])


def _straightened(points: F64, edges: NDArray[np.int64]) -> F64:
    """Points with those of the border drawn towards their neighbours along it: cells leave no teeth."""
    out = points.copy()
    count = np.bincount(edges.ravel(), minlength=len(points))[:, None]
    rim = np.flatnonzero(count[:, 0] == 2)
    for _ in range(3):
        total = np.zeros_like(out)
        np.add.at(total, edges[:, 0], out[edges[:, 1]])
        np.add.at(total, edges[:, 1], out[edges[:, 0]])
        out[rim] = 0.4 * out[rim] + 0.6 * total[rim] / 2.0
    return out


def _put(place: Place, crop: CropField, faces: NDArray[np.int64], height_m: float) -> None:
    """The tops of a field, and a side along its border."""
    used, corners = np.unique(faces, return_inverse=True)
    corners = corners.reshape(-1, 3)
    edges = _border(corners)
    foot = _straightened(crop.soil.vertices[used].astype(np.float64), edges)
    rng = place.rng("crops", crop.kind)
    wave = np.clip(rng.normal(0.0, 0.035, len(foot)), -0.08, 0.08)
    top = foot + np.array([0.0, 0.0, height_m]) * (1.0 + wave)[:, None]
    soft = Material(
        f"crop of {crop.kind}", (1.0, 1.0, 1.0), field(crop.kind, seed=place.seed % 4), reflectance_905=0.45
    )
    place.put_mesh(Mesh.of(top, corners, crop.soil.uv[used], 0, smooth=True), (soft,), "vegetation")
    rims = [_rim(foot, edges, _FRINGE * height_m)]
    near = edges[place.distance(foot[edges[:, 0], :2] + place.builder.origin[:2]) < _SEEN_M]
    if len(near):
        rims += [_rim(foot + inset * _inwards(foot, edges), near, _FRINGE * height_m) for inset in _ROWS_M]
    stems = Material(
        f"side of {crop.kind}",
        (1.0, 1.0, 1.0),
        crop_texture(crop.kind),
        reflectance_905=0.45,
        translucency=0.8,
    )
    place.put_mesh(merge(rims), (stems,), "vegetation")


def _inwards(foot: F64, edges: NDArray[np.int64]) -> F64:
    """(V, 3) level unit vectors into the field at the vertices of its border, zero elsewhere."""
    way = foot[edges[:, 1]] - foot[edges[:, 0]]
    out = np.zeros_like(foot)
    for end in edges.T:
        np.add.at(out, end, np.stack([-way[:, 1], way[:, 0], np.zeros(len(way))], axis=1))
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9))


def _rim(foot: F64, edges: NDArray[np.int64], height_m: float) -> Mesh:
    """Stems along edges (E, 2) of points (V, 3)."""
    a, b = edges.T
    # Along the border by the distance from the middle of the field: neighbours need not follow each other.
    length = np.linalg.norm(foot[b, :2] - foot[a, :2], axis=1) / CROP_EDGE_M
    start = (foot[a, 0] + 0.7 * foot[a, 1]) / CROP_EDGE_M
    up = np.array([0.0, 0.0, height_m])
    rim = np.stack([foot[a], foot[b], foot[b] + up, foot[a] + up], axis=1)
    zero, one = np.full(len(a), 0.01), np.full(len(a), 0.99)
    u = np.stack([start, start + length, start + length, start], axis=1)
    v = np.stack([zero, zero, one, one], axis=1)
    quads = (np.arange(len(a)) * 4)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    return Mesh.of(rim.reshape(-1, 3), quads.reshape(-1, 3), np.stack([u, v], -1).reshape(-1, 2), 0)
