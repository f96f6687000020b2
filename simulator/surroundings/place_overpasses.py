"""Bridges that carry a road over a motorway: deck, piers, abutments, parapets, and the banks that lead up to it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from simulator.scene import textures
from simulator.scene.material import Material, Surface
from simulator.scene.mesh import cylinder
from simulator.surroundings.barriers import guard_rail, parapet
from simulator.surroundings.furniture import CONCRETE
from simulator.surroundings.place import Place
from simulator.surroundings.roadsides import Side
from simulator.surroundings.shapes import F64, Patchwork

CLEAR_M = 4.9  # below the deck: RAA 2008 asks for 4.7 m
_DECK_M, _CREST_M, _ROAD_M = 0.95, 9.6, 6.5  # thickness of the deck, width of the banks at their top, and of the road
_SLOPE = 1.5  # of the banks' sides, metres out for one down, as is usual for earth
_RAMP_M, _STEP_M = 72.0, 6.0  # length of a bank: at most an eighth steep
_BESIDE_M = 3.2  # from the motorway's outer edge to the abutment
_SHARE = 0.5  # of motorways that have one in sight
_AHEAD_M = (110.0, 230.0)  # from the start of the path
_WIDEST_M = 60.0  # carriageways, median and ramps together
_PIER_M, _MEDIAN_M = 0.4, 1.5  # radius of the piers, and the narrowest median with a row of them
_DRY = {"spring": 0.1, "summer": 0.2, "autumn": 0.3, "winter": 0.3}  # `textures.grass`


def place_overpasses(place: Place) -> None:
    """One bridge over a motorway, some way ahead of the ego, where the land beside the motorway is free."""
    rng = place.rng("overpass")
    if place.style.name != "motorway" or rng.random() >= _SHARE:
        return
    start, ahead = place.path.xyz[0, :2], float(rng.uniform(*_AHEAD_M))
    forward = place.path.xyz[1, :2] - start
    for side in sorted(place.sides, key=lambda side: float(side.near_m.min())):
        away = np.hypot(*(side.xyz[:, :2] - start).T)
        before = (side.xyz[:, :2] - start) @ forward > 0.0
        k = int(np.argmin(np.where(before, np.abs(away - ahead), np.inf)))
        if before.any() and abs(away[k] - ahead) < 4.0 and _build(place, side, float(side.along[k])):
            place.counts["overpass"] += 1
            return


def _build(place: Place, side: Side, at: float) -> bool:
    """Build a bridge square to a side of a motorway, unless something is in its way; returns whether it was built."""
    edge, out, way = side.at([at], 0.0)
    across, along = out[0], way[0]
    u = np.arange(-_WIDEST_M, _BESIDE_M, 0.5)  # from the side's edge inwards to the other edge of the motorway
    line = edge[0, :2] + u[:, None] * across
    on_road = place.ground.clearance(line) < 0.05
    if not on_road.any():
        return False
    low, high = float(u[on_road][0]) - _BESIDE_M, float(u[on_road][-1]) + _BESIDE_M
    if low < -_WIDEST_M + 2.0:
        return False
    top = float(place.ground.height(line[on_road]).max()) + CLEAR_M + _DECK_M
    ends = [(high, 1.0), (low, -1.0)]
    banks = [_bank(place, edge[0, :2] + u0 * across, sign * across, along, top) for u0, sign in ends]
    for bank in banks:
        spots = np.concatenate([bank[:, 0], bank[:, -1]])[:, :2]
        if (place.ground.clearance(spots) < 1.0).any() or not place.occupancy.free(spots).all():
            return False
    for bank in banks:
        _lay_bank(place, bank)
        place.occupancy.take_polygon(np.array([bank[0, 0], bank[0, -1], bank[-1, -1], bank[-1, 0]])[:, :2])
    feet = [edge[0, :2] + u0 * across for u0, _ in ends]
    _deck(place, feet[1], feet[0], along, top)
    gap = (u > low + _BESIDE_M) & (u < high - _BESIDE_M) & ~on_road
    if np.count_nonzero(gap) * 0.5 >= _MEDIAN_M:
        _piers(place, line[gap].mean(0), along, top)
    return True


def _bank(place: Place, foot: F64, outwards: F64, along: F64, top: float) -> F64:
    """(N, 4, 3) world sections of a bank from the abutment at `foot` outwards: toe, both edges of the crest, toe."""
    t = np.linspace(0.0, 1.0, int(_RAMP_M / _STEP_M) + 1)
    middle = foot + (t * _RAMP_M)[:, None] * outwards
    land = place.ground.height(middle)
    crest = top + (land + 0.05 - top) * t**2 * (3.0 - 2.0 * t)
    reach = 0.5 * _CREST_M + _SLOPE * np.maximum(crest - land, 0.0) + 0.5
    rows = np.empty((len(t), 4, 3))
    for j, offset in enumerate((-reach, np.full(len(t), -0.5 * _CREST_M), np.full(len(t), 0.5 * _CREST_M), reach)):
        rows[:, j, :2] = middle + offset[:, None] * along
        rows[:, j, 2] = crest
    for j in (0, 3):
        rows[:, j, 2] = place.ground.height(rows[:, j, :2]) - 0.3
    return rows


def _lay_bank(place: Place, bank: F64) -> None:
    """Grass on the sides and the crest of a bank, a wall at its end, the road on top between guard rails."""
    rows = place.local(bank)
    turf, wall, lane = Patchwork(), Patchwork(), Patchwork()
    for a, b in pairwise(rows):
        for j in range(3):
            turf.metric_quads(np.stack([a[j], b[j], b[j + 1], a[j + 1]]), 0, textures.GRASS_M)
    wall.metric_quads(rows[0][[0, 3, 2, 1]], 0, 2.0)
    share = 0.5 * (1.0 + np.array([-1.0, 1.0]) * _ROAD_M / _CREST_M)
    sides = rows[:, 1, None] + share[:, None] * (rows[:, 2] - rows[:, 1])[:, None] + [0.0, 0.0, 0.04]
    for a, b in pairwise(sides):
        lane.metric_quads(np.stack([a[0], b[0], b[1], a[1]]), 0, textures.ASPHALT_M)
    look = textures.grass(_DRY[place.season], seed=place.seed % 4)
    grass = Material("bank", texture=look, roughness=0.95, reflectance_905=0.5, surface=Surface.SOIL)
    place.put_mesh(turf.mesh(), (grass,), "terrain")
    place.put_mesh(wall.mesh(), (CONCRETE,), "wall")
    place.put_mesh(lane.mesh(), (_asphalt(),), "road")
    for j, side in ((1, -1), (2, 1)):
        inwards = rows[:, 3 - j] - rows[:, j]
        place.put_mesh(*guard_rail(rows[:-3, j] + 0.06 * inwards[:-3], side))


def _asphalt() -> Material:
    return Material("overpass", texture=textures.asphalt(0.7), roughness=0.95, reflectance_905=0.18,
                    surface=Surface.ASPHALT)  # fmt: skip


def _deck(place: Place, a: F64, b: F64, along: F64, top: float) -> None:
    """The slab from abutment to abutment, the road on it, a parapet at each edge."""
    half = 0.5 * _CREST_M * along
    corner = np.column_stack([np.stack([a - half, b - half, b + half, a + half]), np.full(4, top)])
    upper = place.local(corner)
    lower = upper - [0.0, 0.0, _DECK_M]
    work = Patchwork()
    faces = [lower[::-1]] + [np.stack([lower[i - 1], lower[i], upper[i], upper[i - 1]]) for i in range(4)]
    work.metric_quads(np.stack(faces), 0, 2.0)
    place.put_mesh(work.mesh(), (CONCRETE,), "wall")
    road = Patchwork()
    road.metric_quads(upper, 0, textures.ASPHALT_M)
    place.put_mesh(road.mesh(), (_asphalt(),), "road")
    for edge, side in ((upper[:2], -1), (upper[[3, 2]], 1)):
        place.put_mesh(*parapet(edge, side))


def _piers(place: Place, middle: F64, along: F64, top: float) -> None:
    """A row of round piers in the median."""
    for offset in (-3.2, 0.0, 3.2):
        spot = middle + offset * along
        foot = float(place.ground.height(spot[None])[0]) - 0.4
        pier = cylinder(_PIER_M, top - _DECK_M - foot, segments=12)
        place.put_mesh(pier.moved(*place.local(np.array([[*spot, foot]]))[0].tolist()), (CONCRETE,), "wall")
