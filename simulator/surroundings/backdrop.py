"""What closes the view beyond the detailed place: lines of trees, single far houses, so that no horizon is bare."""

from __future__ import annotations

import numpy as np

from simulator.scene.material import Material
from simulator.scene.mesh import Mesh
from simulator.surroundings.buildings import building
from simulator.surroundings.foliage import leaf_texture
from simulator.surroundings.place import Place
from simulator.surroundings.shapes import F64, poses

# Distance from the path's middle, and how many tree lines are spread over it.
_RINGS = ((230.0, 420.0, 46), (420.0, 900.0, 56), (900.0, 2400.0, 60))
_SHARE = {"town": 0.7, "industrial": 0.7, "forest": 1.5, "suburb": 1.0}


def place_backdrop(place: Place) -> None:
    """Tree lines out to 2.4 km, and houses of the same place out to 450 m for towns, a hamlet elsewhere."""
    center = place.path.xyz[:, :2].mean(0)
    if place.vegetation > 0:
        _tree_lines(place, center)
    if place.buildings > 0:
        _far_houses(place, center)


def _profile(length: float, height: float, crown: float, rng: np.random.Generator) -> F64:
    """(N, 2) outline of tree tops: distance along and height; round crowns about `crown` wide side by side."""
    widths = crown * rng.uniform(0.5, 1.6, max(int(length / crown), 3))
    start = np.concatenate([[0.0], np.cumsum(widths)[:-1]])
    tops = height * rng.uniform(0.62, 1.0, len(widths))
    # Each crown: a notch, its left and its right shoulder.
    x = (start[:, None] + widths[:, None] * [0.0, 0.28, 0.72]).ravel()
    z = (tops[:, None] * [0.80, 1.0, 0.985] + rng.normal(0, 0.02 * height, (len(widths), 3))).ravel()
    taper = np.minimum(1.0, 5.0 * np.minimum(x, x[-1] - x) / x[-1] + 0.3)
    return np.stack([x, z * taper], 1)


def _strip(profile: F64, depth: float, rng: np.random.Generator) -> Mesh:
    """A wall of foliage along x with its face towards y: bulging below, ragged above; origin at its middle."""
    n = len(profile)
    x = profile[:, 0] - profile[-1, 0] / 2
    levels = [(0.0, 0.25), (0.35, 0.8), (0.75, 0.55), (1.0, -0.6)]  # height share, outward bulge in depths
    rows = []
    for share, bulge in levels:
        y = depth * (bulge + rng.normal(0, 0.18, n))
        z = profile[:, 1] * share + (rng.normal(0, 0.5, n) if 0 < share < 1 else 0.0)
        rows.append(np.stack([x, y, z - (2.0 if share == 0 else 0.0)], 1))
    vertices = np.stack(rows)
    index = np.arange(len(levels) * n).reshape(len(levels), n)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack([b, a, d], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    uv = np.stack([vertices[..., 0] * 0.35, vertices[..., 2] * 0.35 + vertices[..., 1] * 0.2], -1)
    return Mesh.of(vertices.reshape(-1, 3), faces, uv.reshape(-1, 2), 0, smooth=True)


def _tree_lines(place: Place, center: F64) -> None:
    rng = place.rng("tree lines")
    season = place.season
    palettes = {"winter": ("bare", "spruce", "bare"), "autumn": ("rust", "gold", "spruce", "olive")}.get(
        season, ("summer", "dark", "olive", "spruce")
    )
    materials = []
    for k, palette in enumerate(palettes):
        tint = tuple((np.array([1.0, 1.02, 0.98]) * rng.uniform(0.85, 1.15)).tolist())
        materials.append(
            Material(f"far trees {k}", tint, leaf_texture(palette), roughness=0.9, reflectance_905=0.5)  # type: ignore[arg-type]
        )
    share = _SHARE.get(place.style.name, 1.0) * min(0.5 + place.vegetation, 1.4)
    for low, high, count in _RINGS:
        coarse = low / _RINGS[0][0]
        shapes = [
            _strip(_profile(float(rng.uniform(45, 110)) * coarse**0.5, 11.0, 6.5 * coarse**0.7, rng), 3.0, rng)
            for _ in range(5)
        ]
        n = int(count * share)
        angle = (np.arange(n) + rng.uniform(0, 1, n)) * 2 * np.pi / n
        reach = rng.uniform(low, high, n)
        xy = center + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        yaw = angle + np.pi / 2 + np.pi + rng.normal(0, 0.35, n)  # the face, towards y, looks back to the middle
        pick, wood = rng.integers(len(shapes), size=n), rng.integers(len(materials), size=n)
        grow = rng.uniform(0.7, 1.25, n)
        half = grow * np.array([np.ptp(shape.vertices[:, 0]) / 2 for shape in shapes])[pick]
        along = np.stack([np.cos(yaw), np.sin(yaw)], 1)
        ok = place.distance(xy) > 140.0
        for part in np.linspace(-1.0, 1.0, 7):
            ok &= place.ground.clearance(xy + (part * half)[:, None] * along) > np.maximum(half / 6.0, 12.0)
        pose = poses(place.local(place.on_ground(xy)), yaw, np.stack([grow, np.ones(n), grow], 1))
        for i in np.flatnonzero(ok).tolist():
            place.put_mesh(shapes[pick[i]], (materials[wood[i]],), "vegetation", pose[i])


def _far_houses(place: Place, center: F64) -> None:
    """Coarse houses between the streets and beyond: a skyline in towns, a hamlet or two in the country."""
    rng = place.rng("far houses")
    urban = place.style.urban
    kinds = [kind for kind, _ in place.style.houses] if urban else ["detached", "barn", "detached"]
    kinds = [kind for kind in kinds if kind != "garage"]
    count = int((46 if urban else 16) * min(2.0 * place.buildings, 1.6))
    if urban:
        angle = rng.uniform(0, 2 * np.pi, count)
        spots = center + rng.uniform(190.0, 430.0, (count, 1)) * np.stack([np.cos(angle), np.sin(angle)], 1)
    else:
        angle = rng.uniform(0, 2 * np.pi, 2)
        hamlet = center + rng.uniform(350.0, 700.0, (2, 1)) * np.stack([np.cos(angle), np.sin(angle)], 1)
        spots = hamlet[rng.integers(2, size=count)] + rng.normal(0, 45.0, (count, 2))
    ok = (place.ground.clearance(spots) > 22.0) & (place.distance(spots) > 120.0)
    prototypes = {
        kind: [
            building(
                kind, place.rng("far house", kind, k), width_m=14.0 + 5 * k, depth_m=11.0, style=place.look, detail=2
            )
            for k in range(2)
        ]
        for kind in sorted(set(kinds))
    }
    taken: list[F64] = []
    for xy in spots[ok]:
        if any(np.hypot(*(xy - other)) < 26.0 for other in taken):
            continue
        taken.append(xy)
        house = prototypes[kinds[int(rng.integers(len(kinds)))]][int(rng.integers(2))]
        pose = poses(place.local(place.on_ground(xy)), rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 1.2))[0]
        place.put_mesh(house.mesh, house.materials, "building", pose)
