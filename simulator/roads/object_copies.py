"""Where the copies of a repeated object stand, and how large each is."""

from __future__ import annotations

from typing import NamedTuple

from simulator.roads.polynomial import Array
from simulator.roads.records import Outline, RoadObject

_NEAREST_M = 0.1  # copies that follow more closely are one long shape
_MOST = 500  # copies of one row


class ObjectCopy(NamedTuple):
    """One copy of an object: station, t and height above the road, and its size, all in metres."""

    s: float
    t: float
    z: float
    length: float
    width: float
    height: float
    radius: float

    def corners(self, thing: RoadObject, outline: Outline) -> Array:
        """Corners (C, 4) of an outline of the object; those on the road move with the copy, as esmini moves them."""
        if outline.frame != "road":
            return outline.corners
        return outline.corners + [self.s - thing.s, self.t - thing.t, self.z - thing.z, 0.0]


def object_copies(thing: RoadObject) -> list[ObjectCopy]:
    """The object itself, or, where it is repeated, its separate copies, which take its place (OpenDRIVE 1.8, 13.4).

    From the start of a row to its end all values change linearly. A row without distances is one long shape, of which
    there are no copies; an object with outlines and no height of its own stands once, at the start of the row.
    """
    own = (thing.length, thing.width, thing.height, thing.radius)
    if not thing.repeats:
        return [ObjectCopy(thing.s, thing.t, thing.z, *own)]
    found = []
    for row in thing.repeats:
        sizes = zip(own, (row.object_length, row.width, row.height, row.radius))
        pairs = (row.t, row.z, *((size, size) if pair is None else pair for size, pair in sizes))
        alone = bool(thing.outlines) and not (row.height or thing.height)
        count = int(row.length / row.distance + 1e-6) + 1 if row.distance > _NEAREST_M else int(alone)
        for k in range(min(count, _MOST)):
            part = min(k * row.distance / max(row.length, 1e-9), 1.0)
            found.append(ObjectCopy(row.s + k * row.distance, *(a + part * (b - a) for a, b in pairs)))
    return found
