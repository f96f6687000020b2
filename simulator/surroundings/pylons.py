"""Lines of lattice towers across the fields, as high-voltage lines cross the country.

Their conductors are a fifth of a pixel thick where they may stand: one ray a pixel would make loose dots of them.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from simulator.scene.mesh import Mesh
from simulator.surroundings.furniture import STEEL
from simulator.surroundings.place import Place
from simulator.surroundings.shapes import F64, joined, poses, stalks

# A tower of the Danube type for two circuits of 380 kV: three conductors of each, two on the lower arm; metres.
_HEIGHT_M = 52.0
_LEVELS_M = (0.0, 9.0, 17.0, 24.0, 30.0, 36.0, 42.0, _HEIGHT_M)
_HALF_M = (4.2, 3.3, 2.5, 1.8, 1.3, 1.1, 0.9, 0.1)
_ARMS_M = ((30.0, 14.5, (7.5, 14.0)), (42.0, 9.5, (9.0,)))  # height, reach, and where conductors hang from insulators
_INSULATOR_M = 4.0
_SPAN_M, _REACH_M = 340.0, 1500.0  # from tower to tower, and how far the line goes both ways
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
    place.counts["pylon"] += len(feet)


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
