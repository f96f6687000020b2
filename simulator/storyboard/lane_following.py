"""Moves together who does nothing but keep its lane: most of dense traffic, in a few numpy calls for all."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, tau
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.roads.strips import LaneStrips
from simulator.storyboard.entities import Entity
from simulator.storyboard.road_position import TINY, RoadPosition

_FEW = 8  # entities: one after the other is quicker
# What a move along a lane sets of a position.
PLACE = ("s", "t", "x", "y", "z", "h", "p", "r", "h_road", "p_road", "r_road", "z_road", "k_road", "h_lane")
Array = NDArray[Any]


class LaneFollowing:
    """The default controller (ASAM OpenSCENARIO XML 1.3, 7.2.5) of many entities at once."""

    def __init__(self) -> None:
        self._strips = LaneStrips()

    def move(self, entities: Sequence[Entity], dt: float) -> list[Entity]:
        """Move entities by their speeds along their lanes; those are returned that it cannot move.

        These come to an end of a lane section, or are where the road is no plain one.
        """
        if len(entities) < _FEW:
            return list(entities)
        strips, others, movers, rows = self._strips, [], [], []
        states: list[float] = []
        for entity in entities:
            p = entity.position
            road = p.road
            row = -1 if road is None or p.p_rel or p.r_rel else strips.row(road.road, p.section, p.lane, p.s)
            if road is None or row < 0:
                others.append(entity)
            else:
                movers.append(entity)
                rows.append(row)
                states += (p.s, p.t, p.offset, p.h_rel, p.z_rel, p.k_road, road.length, entity.speed * dt)
        if not movers:
            return others
        found, places = advanced(strips, np.array(rows), *np.array(states).reshape(-1, 8).T)
        for entity, row, place in zip(movers, found.tolist(), places.T.tolist()):
            if row < 0:
                others.append(entity)
                continue
            put(entity.position, place)
            entity.done.longitudinal = entity.done.speed = True
        return others


def put(p: RoadPosition, place: list[float]) -> None:
    """Set what `advanced` says of a position."""
    p.s, p.t, p.x, p.y, p.z, p.h, p.p, p.r, p.h_road, p.p_road, p.r_road, p.z_road, p.k_road, p.h_lane = place
    p.p_twist, p.at_end = 0.0, False


def advanced(
    strips: LaneStrips,
    rows: Array,
    s: Array,
    t: Array,
    offset: Array,
    h_rel: Array,
    z_rel: Array,
    bend: Array,
    length: Array,
    way: Array,
) -> tuple[Array, Array]:
    """Where entities are on their strips after a step.

    Args:
        rows: (N,) stretches that they are on. s, t, offset, h_rel, z_rel: (N,) of their positions.
        bend: (N,) curvature there. length: (N,) of the road. way: (N,) metres to go.

    Returns:
        (N,) the stretches that they come to, -1 where they leave their strip; and (14, N) the new values of the
        position in the order of `PLACE`.
    """
    on, is_road = driven(s, t, h_rel, bend, length, way)
    found = strips.moved(rows, on)
    found = np.where((found >= 0) & is_road, found, -1)
    return found, placed(strips, np.where(found >= 0, found, rows), on, offset, h_rel, z_rel)


def driven(s: Array, t: Array, h_rel: Array, bend: Array, length: Array, way: Array) -> tuple[Array, Array]:
    """(N,) stations after `way` m, as `advanced` has its arguments, and whether the road can be followed to there."""
    turned = np.mod(h_rel, tau)
    ahead = np.where((0.5 * pi < turned) & (turned < 1.5 * pi), -1.0, 1.0)
    beside = bend * t
    scale = np.where(np.abs(bend) > TINY, np.maximum(1.0 - beside, TINY), 1.0)
    s = s + ahead * way / scale
    return s, (beside <= 1.0 - TINY) & (s > TINY) & (s < length - TINY)


def placed(strips: LaneStrips, rows: Array, s: Array, offset: Array, h_rel: Array, z_rel: Array) -> Array:
    """(14, N) values in the order of `PLACE` at stations s (N,) of stretches (N,)."""
    line = strips.points(rows, s)
    t, h_lane = offset + line.middle, np.arctan(line.slope)
    # As `ScalarRoad.place`: the plane of the road rolls about the sloping line.
    cos_r, sin_r = np.cos(line.roll), np.sin(line.roll)
    rise = t * sin_r / np.sqrt(1.0 + line.grade * line.grade)
    u, v = -line.grade * rise, t * cos_r
    c, n = np.cos(line.heading), np.sin(line.heading)
    x, y, z_road = line.x + u * c - v * n, line.y + u * n + v * c, line.z + rise
    h_road, p_road = np.mod(line.heading, tau), -np.arctan(line.grade)
    h, p, r = _turned(h_road, p_road, line.roll, h_rel + h_lane)
    return np.stack([s, t, x, y, z_road + z_rel, h, p, r, h_road, p_road, line.roll, z_road, line.curvature, h_lane])


def _turned(h: Array, p: Array, r: Array, yaw: Array) -> tuple[Array, Array, Array]:
    """`rotation.compose` of roads with these angles and bodies that only turn on them, by `yaw` (N,)."""
    level = (p == 0.0) & (r == 0.0)
    if level.all():
        heading = np.mod(h + yaw, tau)
        return np.where(heading < tau, heading, 0.0), np.zeros_like(h), np.zeros_like(h)
    ch, sh, cp, sp, cr, sr = np.cos(h), np.sin(h), np.cos(p), np.sin(p), np.cos(r), np.sin(r)
    c, n = np.cos(yaw), np.sin(yaw)
    forward = ch * cp * c + (ch * sp * sr - sh * cr) * n, sh * cp * c + (sh * sp * sr + ch * cr) * n
    pitch = -np.arcsin(np.clip(-sp * c + cp * sr * n, -1.0, 1.0))
    roll = np.arctan2(cp * sr * c + sp * n, cp * cr)
    heading = np.mod(np.where(level, h + yaw, np.arctan2(forward[1], forward[0])), tau)
    return np.where(heading < tau, heading, 0.0), np.where(level, 0.0, pitch), np.where(level, 0.0, roll)
