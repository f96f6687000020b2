"""Solid shapes of map objects that no model of ours stands for: outlines, boxes, cylinders, rows along the road."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from simulator.roads import ObjectCopy, Outline, Road, RoadObject, object_copies
from simulator.scene.mesh import Mesh, merge
from simulator.surroundings.shapes import F64

_SIDES = 16  # of a cylinder
_STEP_M = 2.0  # of rows along the road
_LOWEST_M = 0.02  # flatter things are no solids
_SUNK_M = 0.1  # how far shapes reach below the road, which may bend under them
_POST_M = 0.3  # thickness of the posts and the beam of a gantry


class Solid(NamedTuple):
    """A prism: rings (C, 3) of world points at its bottom and top, counter-clockwise seen from above.

    Not `closed`: a wall without thickness along the points.
    """

    bottom: F64
    top: F64
    closed: bool = True


def solids(road: Road, thing: RoadObject) -> list[Solid]:
    """The shapes of an object and its copies; none for what is flat or has no size."""
    copies = object_copies(thing)
    spots = [_spot(road, thing, copy) for copy in copies]
    found = [
        _prism(road, outline, copy.corners(thing, outline), spot)
        for outline in thing.outlines
        if len(outline.corners) > 1 and outline.corners[:, 3].max() > _LOWEST_M
        for copy, spot in zip(copies, spots)
    ]
    if found:
        return found
    for spot in spots:
        found += _gantry(spot) if thing.type.lower() == "gantry" else _body(spot)
    return found + [shape for row in range(len(thing.repeats)) for shape in _row(road, thing, row)]


class _Spot(NamedTuple):
    """One copy of an object: world origin, turn of its u, v, z axes, and its size in metres."""

    origin: F64
    turn: Rotation
    length: float
    width: float
    height: float
    radius: float

    def put(self, local: F64) -> F64:
        """Points (N, 3) of the object in the frame of the map."""
        return np.asarray(self.origin + self.turn.apply(local))


def _spot(road: Road, thing: RoadObject, copy: ObjectCopy) -> _Spot:
    at = float(np.clip(copy.s, 0.0, road.length))
    heading = float(road.reference([at])[2][0]) + thing.heading
    turn = Rotation.from_euler("ZYX", [heading, thing.pitch, thing.roll])
    return _Spot(road.point(at, copy.t)[0] + [0.0, 0.0, copy.z], turn, *copy[3:])


def _prism(road: Road, outline: Outline, corners: F64, spot: _Spot) -> Solid:
    if outline.frame == "road":
        bottom = road.point(corners[:, 0], corners[:, 1], 0.0)
        bottom[:, 2] += corners[:, 2]
    else:
        bottom = spot.put(corners[:, :3])
    top = bottom + np.outer(corners[:, 3], [0.0, 0.0, 1.0])
    closed = outline.closed and len(corners) > 2
    if closed and not shapely.is_ccw(shapely.linearrings(bottom[:, :2])):
        bottom, top = bottom[::-1], top[::-1]
    return Solid(bottom, top, closed)


def _body(spot: _Spot) -> list[Solid]:
    """A box or a cylinder upright on the spot."""
    if spot.height <= _LOWEST_M:
        return []
    if spot.radius > 0.0:
        angle = np.arange(_SIDES) * 2.0 * np.pi / _SIDES
        ring = spot.radius * np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=1)
    elif spot.length > 0.0 and spot.width > 0.0:
        ring = _rectangle(0.0, spot.length, spot.width)
    else:
        return []
    return [_upright(spot, ring, 0.0, spot.height)]


def _gantry(spot: _Spot) -> list[Solid]:
    """Two posts and a beam over the road, not a wall across it."""
    if not (spot.width > 1.0 and spot.height > 2.0):
        return []
    posts = [
        _upright(spot, _rectangle(side * 0.5 * (spot.width - _POST_M), _POST_M, _POST_M), 0.0, spot.height)
        for side in (-1.0, 1.0)
    ]
    beam = _rectangle(0.0, max(min(spot.length, 1.0), _POST_M), spot.width)
    return [*posts, _upright(spot, beam, spot.height - 2.0 * _POST_M, spot.height)]


def _rectangle(v: float, length: float, width: float) -> F64:
    u, w = 0.5 * length, 0.5 * width
    return np.array([[-u, v - w, 0.0], [u, v - w, 0.0], [u, v + w, 0.0], [-u, v + w, 0.0]])


def _upright(spot: _Spot, ring: F64, low: float, high: float) -> Solid:
    return Solid(spot.put(ring + [0.0, 0.0, low]), spot.put(ring + [0.0, 0.0, high]))


def _row(road: Road, thing: RoadObject, number: int) -> list[Solid]:
    """One long shape along the road where copies follow without a gap."""
    row = thing.repeats[number]
    width, height = row.width or (thing.width, thing.width), row.height or (thing.height, thing.height)
    if row.distance >= 0.1 or row.length <= 0.0 or max(height) <= _LOWEST_M:
        return []
    s = np.linspace(row.s, row.s + row.length, max(int(np.ceil(row.length / _STEP_M)), 1) + 1)
    s = s[(s >= 0.0) & (s <= road.length)]
    if len(s) < 2:
        return []
    part = (s - row.s) / row.length
    t, z, w, h = (pair[0] + part * (pair[1] - pair[0]) for pair in (row.t, row.z, width, height))
    half = 0.5 * np.maximum(w, 0.05)
    left, right = (road.point(s, t + side * half) + np.outer(z, [0.0, 0.0, 1.0]) for side in (1.0, -1.0))
    lift = np.outer(h, [0.0, 0.0, 1.0])
    pieces = []
    for k in range(len(s) - 1):  # short pieces: each is convex, and together they follow the bends of the road
        bottom = np.array([right[k], right[k + 1], left[k + 1], left[k]])
        pieces.append(Solid(bottom, bottom + lift[[k, k + 1, k + 1, k]]))
    return pieces


def mesh_of(shapes: list[Solid], origin: F64) -> Mesh:
    """One mesh of all shapes, relative to a world point: sides in slot 0, tops in slot 1; textures of a metre."""
    return merge([mesh for shape in shapes for mesh in _faces(shape, origin)])


def _faces(shape: Solid, origin: F64) -> list[Mesh]:
    bottom, top = shape.bottom - origin, shape.top - origin
    if shape.closed:
        bottom, top = (np.concatenate([ring, ring[:1]]) for ring in (bottom, top))
    low = bottom - [0.0, 0.0, _SUNK_M]
    count = len(bottom)
    run = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(bottom, axis=0), axis=1))])
    uv = np.concatenate([np.stack([run, low[:, 2]], axis=1), np.stack([run, top[:, 2]], axis=1)])
    i = np.arange(count - 1)
    side = np.concatenate(
        [np.stack([i, i + 1, count + i + 1], axis=1), np.stack([i, count + i + 1, count + i], axis=1)]
    )
    points = np.concatenate([low, top])
    made = [Mesh.of(points, side, uv)]
    if not shape.closed:
        return [*made, Mesh.of(points, side[:, ::-1], uv)]
    lid = _lid(top[:-1])
    return [*made, Mesh.of(top[:-1], lid, top[:-1, :2], 1)] if len(lid) else made


def _lid(ring: F64) -> NDArray[np.int64]:
    """(T, 3) corners of the triangles that cover a ring (C, 3) of points, counter-clockwise seen from above."""
    plan = shapely.Polygon(ring[:, :2])
    if not plan.is_valid:
        return np.zeros((0, 3), np.int64)
    corners = shapely.get_coordinates(shapely.get_parts(shapely.constrained_delaunay_triangles(plan))).reshape(-1, 4, 2)
    nearest = cKDTree(ring[:, :2]).query(corners[:, :3].reshape(-1, 2))[1]
    index = np.asarray(nearest, np.int64).reshape(-1, 3)
    a, b, c = (ring[index[:, k], :2] for k in range(3))
    u, v = b - a, c - a
    clockwise = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0] < 0.0
    index[clockwise] = index[clockwise][:, ::-1]
    return index
