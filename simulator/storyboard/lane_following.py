"""Moves together who does nothing but keep its lane, in few numpy calls for all."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, tau
from typing import NamedTuple

import numpy as np

from simulator.storyboard.entities import Entity
from simulator.storyboard.lane_poses import MIDDLE, Array, LanePoses, turned
from simulator.storyboard.road_position import TINY, RoadPosition

_FEW = 8  # entities: one after the other is quicker
# What a move along a lane sets of a position.
PLACE = ("s", "t", "x", "y", "z", "h", "p", "r", "h_road", "p_road", "r_road", "z_road", "k_road", "h_lane")
_FROM_MIDDLE = [PLACE.index(name) for name in MIDDLE]
_T, _X, _Y, _Z, _H, _ANGLES, _TILT, _HEIGHT = 1, 2, 3, 4, 5, slice(5, 8), slice(6, 8), PLACE.index("z_road")
_STRAIGHT_RAD = 1e-9


class LaneFollowing:
    """The default controller (ASAM OpenSCENARIO XML 1.3, 7.2.5) of many entities at once."""

    def __init__(self, poses: LanePoses) -> None:
        self._poses = poses

    def move(self, entities: Sequence[Entity], dt: float) -> list[Entity]:
        """Move entities by their speeds along their lanes; those are returned that it cannot move.

        These come to an end of a lane section, or are where the road is no plain one.
        """
        if len(entities) < _FEW:
            return list(entities)
        others, movers, cells = [], [], []
        motion: list[tuple[float, ...]] = []
        for entity in entities:
            p = entity.position
            road = p.road
            cell = -1 if road is None or p.p_rel or p.r_rel else self._poses.cell(road.road, p.section, p.lane, p.s)
            if road is None or cell < 0:
                others.append(entity)
                continue
            movers.append(entity)
            cells.append(cell)
            motion.append((p.offset, p.h_rel, p.z_rel, p.s, p.t, p.k_road, road.length, entity.speed * dt))
        if not movers:
            return others
        columns = np.array(motion).T
        found, places = advanced(self._poses, np.array(cells), course(*columns[:3]), *columns[3:])
        for entity, cell, place in zip(movers, found.tolist(), zip(*places.tolist())):
            if cell < 0:
                others.append(entity)
                continue
            put(entity.position, place)
            entity.done.longitudinal = entity.done.speed = True
        return others


def put(p: RoadPosition, place: Sequence[float]) -> None:
    """Set what `advanced` says of a position."""
    p.s, p.t, p.x, p.y, p.z, p.h, p.p, p.r, p.h_road, p.p_road, p.r_road, p.z_road, p.k_road, p.h_lane = place
    settle(p)


def settle(p: RoadPosition) -> None:
    """What `advanced` does not say of a position that it moves."""
    p.p_twist, p.at_end = 0.0, False


class Course(NamedTuple):
    """What of N entities stays so while they follow their lanes, (N,) each.

    Attributes:
        backwards: whether it looks against s. turn: what is added to the lane's heading where all look along their
            lanes or against them, else None. tilt: 1, or -1 where it looks backwards. h_rel: heading on the lane.
        offset: beside the lane's middle; None where nobody is. z_rel: height above the road.
    """

    backwards: Array
    turn: Array | None
    tilt: Array
    h_rel: Array
    offset: Array | None
    z_rel: Array


def course(offset: Array, h_rel: Array, z_rel: Array) -> Course:
    """That of entities with these values (N,) of their positions."""
    yaw = np.mod(h_rel, tau)
    backwards = (0.5 * pi < yaw) & (yaw < 1.5 * pi)
    straight = bool((np.abs(yaw - pi * backwards) < _STRAIGHT_RAD).all())
    aside = offset.copy() if offset.any() else None
    return Course(
        backwards, pi * backwards if straight else None, 1.0 - 2.0 * backwards, h_rel.copy(), aside, z_rel.copy()
    )


def advanced(
    poses: LanePoses, cells: Array, on: Course, s: Array, t: Array, bend: Array, length: Array, way: Array
) -> tuple[Array, Array]:
    """Where entities are on their lanes after a step.

    Args:
        cells: (N,) where they are, -1: `poses` does not know. on: how they drive. s, t: (N,) of their positions.
        bend: (N,) curvature there. length: (N,) of the road. way: (N,) metres to go.

    Returns:
        (N,) cells that they come to, -1: `poses` does not know; and (14, N) the new values of the position in the
        order of `PLACE`.
    """
    beside = bend * t
    # As `RoadPosition.move`: along the reference line it is another way than along its own.
    scale = np.where(np.abs(bend) > TINY, np.maximum(1.0 - beside, TINY), 1.0)
    s = s + on.tilt * way / scale
    found, middle = poses.moved(cells, s)
    found[(beside > 1.0 - TINY) | (s <= TINY) | (s >= length - TINY)] = -1
    places = np.empty((len(PLACE), len(s)))
    places[0], places[_FROM_MIDDLE] = s, middle
    if on.turn is not None:
        heading = places[_H] + on.turn
        places[_H] = np.where(heading < tau, heading, heading - tau)
        places[_TILT] *= on.tilt
    else:
        *_, h_road, p_road, r_road, _, h_lane = middle
        places[_ANGLES] = turned(h_road, p_road, r_road, on.h_rel + h_lane)
    if on.offset is not None:  # as `ScalarRoad.place`: the plane of the road rolls about the sloping line
        *_, h_road, p_road, r_road, _, _ = middle
        rise = on.offset * np.sin(r_road) * np.cos(p_road)
        u, v, c, n = np.tan(p_road) * rise, on.offset * np.cos(r_road), np.cos(h_road), np.sin(h_road)
        places[[_T, _X, _Y, _HEIGHT]] += on.offset, u * c - v * n, u * n + v * c, rise
    places[_Z] = places[_HEIGHT] + on.z_rel
    return found, places
