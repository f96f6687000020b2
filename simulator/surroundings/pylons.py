"""Lines of lattice towers with conductors across the fields, as high-voltage lines cross the country."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from simulator.scene.material import Material
from simulator.scene.mesh import Mesh
from simulator.surroundings.furniture import STEEL
from simulator.surroundings.place import Place
from simulator.surroundings.shapes import F64, joined, poses, profile_sweep, stalks

# A tower of the Danube type for two circuits of 380 kV: three conductors of each, two on the lower arm; metres.
_HEIGHT_M = 52.0
_LEVELS_M = (0.0, 9.0, 17.0, 24.0, 30.0, 36.0, 42.0, _HEIGHT_M)
_HALF_M = (4.2, 3.3, 2.5, 1.8, 1.3, 1.1, 0.9, 0.1)
_ARMS_M = ((30.0, 14.5, (7.5, 14.0)), (42.0, 9.5, (9.0,)))  # height, reach, and where conductors hang from insulators
_INSULATOR_M, _SAG = 4.0, 0.035  # the sag in parts of the span
_SPAN_M, _REACH_M = 340.0, 1500.0  # from tower to tower, and how far the line goes both ways
_BUNDLE_M = 0.05  # as thick as a bundle of four conductors 0.4 m apart looks from afar
_SHARE = {"motorway": 0.7, "country": 0.35}  # of places
_OFFSET_M, _NEAREST_M = (170.0, 480.0), 110.0  # from the path
_CLEAR_M = 12.0  # of a tower from roads


def place_pylons(place: Place) -> None:
    """One line beside the roads of some places, at an angle to the path that never crosses it."""
    rng = place.rng("pylons")
    share = _SHARE.get(place.style.name, 0.0)
    if rng.random() >= share:
        return
    points = place.path.xyz[:, :2]
    middle, way = points.mean(0), points[-1] - points[0]
    heading = float(np.arctan2(way[1], way[0]) + rng.normal(0.0, 0.12))
    along = np.array([np.cos(heading), np.sin(heading)])
    across = np.array([-along[1], along[0]]) * float(rng.choice([-1.0, 1.0]))
    at = np.arange(-_REACH_M, _REACH_M, _SPAN_M) + float(rng.uniform(0.0, _SPAN_M))
    xy = middle + float(rng.uniform(*_OFFSET_M)) * across + at[:, None] * along
    free = (place.distance(xy) > _NEAREST_M) & (place.ground.clearance(xy) > _CLEAR_M)
    if not free.all():
        return
    feet = place.local(place.on_ground(xy))
    for pose in poses(feet, np.full(len(feet), heading)):
        place.put_mesh(tower(), (STEEL,), "pole", pose)
    place.put_mesh(_conductors(feet, np.array([-along[1], along[0]])), (_WIRE,), "pole")
    place.counts["pylon"] += len(feet)


_WIRE = Material("conductor", (0.22, 0.22, 0.23), roughness=0.6, metallic=0.3)


@cache
def tower() -> Mesh:
    """A tower at the origin whose line runs along x."""
    corner = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    rings = np.array([np.column_stack([half * corner, np.full(4, z)]) for z, half in zip(_LEVELS_M, _HALF_M)])
    bars: list[tuple[F64, F64]] = []
    for low, high in pairwise(rings):
        for k in range(4):
            bars += [(low[k], high[(k + 1) % 4]), (low[(k + 1) % 4], high[k]), (high[k], high[(k + 1) % 4])]
    for z, reach, hung in _ARMS_M:
        half = float(np.interp(z, _LEVELS_M, _HALF_M))
        for side in (-1.0, 1.0):
            tip = np.array([0.0, side * reach, z])
            for x in (-half, half):
                foot = np.array([x, side * half, z])
                bars += [(foot, tip), (foot + [0.0, 0.0, 3.0], tip)]
            bars += [(np.array([0.0, side * y, z]), np.array([0.0, side * y, z - _INSULATOR_M])) for y in hung]
    thin = stalks(np.array(bars), np.full((len(bars), 2), 0.055), 3)
    legs = stalks(np.moveaxis(rings, 0, 1), np.full((4, len(rings)), 0.13), 4)
    return joined([thin, legs])


def _conductors(feet: F64, across: F64) -> Mesh:
    """Bundles from tower to tower below all insulators, and the earth wire; `across` (2,) the line, to its left."""
    spots = [(0.0, _HEIGHT_M)]
    spots += [(side * y, z - _INSULATOR_M) for z, _, hung in _ARMS_M for y in hung for side in (-1.0, 1.0)]
    t = np.linspace(0.0, 1.0, 13)[:, None]
    parts = []
    for y, z in spots:
        tips = feet + np.array([*(y * across), z])
        for a, b in pairwise(tips):
            sag = _SAG * np.linalg.norm(b - a) * 4.0 * t * (1.0 - t)
            curve = a + t * (b - a) - np.array([0.0, 0.0, 1.0]) * sag
            parts.append(profile_sweep(curve, np.zeros((len(curve), 2)), [[0.0, 0.0], [0.0, _BUNDLE_M]]))
    return joined(parts)
