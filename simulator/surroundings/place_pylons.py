"""Lines of lattice towers across the fields, as high-voltage lines cross the country."""

from __future__ import annotations

import numpy as np

from simulator.surroundings.furniture import STEEL
from simulator.surroundings.place import Place
from simulator.surroundings.pylons import tower
from simulator.surroundings.shapes import poses

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
