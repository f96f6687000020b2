"""What closes the view beyond the detailed place: lines of trees, single far houses, so that no horizon is bare."""

from __future__ import annotations

import numpy as np

from simulator.surroundings.buildings import building
from simulator.surroundings.place import Place
from simulator.surroundings.shapes import F64, poses
from simulator.surroundings.woods import CONIFERS, STEP_M, wood

# Distance from the path's middle, and how many tree lines are spread over it.
_RINGS = ((230.0, 420.0, 46), (420.0, 900.0, 56), (900.0, 2400.0, 60))
_HAMLET = {"detached": 0.67, "barn": 0.33}
_BEHIND_HALLS = {"detached": 0.7, "flats": 0.25}  # works and car parks lie at the edge of towns
_SHARE = {"town": 0.7, "industrial": 0.7, "forest": 1.5, "suburb": 1.0}


def place_backdrop(place: Place) -> None:
    """Tree lines out to 2.4 km, and houses of the same place out to 450 m for towns, a hamlet elsewhere."""
    center = place.path.xyz[:, :2].mean(0)
    if place.vegetation > 0:
        _tree_lines(place, center)
    if place.buildings > 0:
        _far_houses(place, center)


def _tree_lines(place: Place, center: F64) -> None:
    """Edges of woods that wander across the country, their faces towards the middle."""
    rng = place.rng("tree lines")
    share = _SHARE.get(place.style.name, 1.0) * min(0.5 + place.vegetation, 1.4)
    for low, high, count in _RINGS:
        n = int(count * share)
        angle = (np.arange(n) + rng.uniform(0, 1, n)) * 2 * np.pi / n
        reach = rng.uniform(low, high, n)
        xy = center + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        yaw = angle + np.pi / 2 + rng.normal(0, 0.35, n)
        length = rng.uniform(45, 130, n) * (low / _RINGS[0][0]) ** 0.6
        tall = rng.uniform(8.0, 16.0, n)
        for i in range(n):
            along = np.linspace(-0.5, 0.5, max(int(length[i] / (1.5 * STEP_M)), 4))
            bend = rng.normal(0, 0.3) * along + rng.normal(0, 0.5) * along**2 + rng.normal(0, 0.006, len(along))
            ahead = np.array([np.cos(yaw[i]), np.sin(yaw[i])])
            line = xy[i] + length[i] * (along[:, None] * ahead + bend[:, None] * [-ahead[1], ahead[0]])
            if place.distance(line).min() > 140.0 and place.ground.clearance(line).min() > 12.0:
                wood(place, line, rng, float(tall[i]), int(rng.integers(len(CONIFERS))))


def _far_houses(place: Place, center: F64) -> None:
    """Coarse houses between the streets and beyond: a skyline in towns, a hamlet or two in the country."""
    rng = place.rng("far houses")
    urban = place.style.urban
    shares = {kind: share for kind, share in place.style.houses if kind != "garage"} if urban else _HAMLET
    if "hall" in shares:
        shares |= _BEHIND_HALLS
    kinds, weight = list(shares), np.array(list(shares.values())) / sum(shares.values())
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
        for kind in sorted(kinds)
    }
    taken: list[F64] = []
    for xy in spots[ok]:
        if any(np.hypot(*(xy - other)) < 26.0 for other in taken):
            continue
        taken.append(xy)
        house = prototypes[kinds[int(rng.choice(len(kinds), p=weight))]][int(rng.integers(2))]
        pose = poses(place.local(place.on_ground(xy)), rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 1.2))[0]
        place.put_mesh(house.mesh, house.materials, "building", pose)
