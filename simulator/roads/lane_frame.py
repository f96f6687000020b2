"""Poses along the middle of a lane."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from simulator.numerics.se3 import yaw_pitch_roll
from simulator.roads.polynomial import Array, Index
from simulator.roads.road import Road


class LaneFrame(NamedTuple):
    """Poses (N,) along a lane: position in m, heading, pitch, roll in rad (ISO 8855), width in m."""

    x: Array
    y: Array
    z: Array
    heading: Array
    pitch: Array
    roll: Array
    width: Array


def lane_frame(
    road: Road, lane_id: int, s: ArrayLike, section: Index | None = None, *, exact: bool = False
) -> LaneFrame:
    """Poses along the middle of a lane at stations s (N,), facing the way its traffic goes.

    Where a section has no such lane, the outermost edge on its side.

    Args:
        section: (N,) lane sections to use; None: those at s. Give it to look at the very end of a section.
        exact: angles of the lane's own tangent. Otherwise they follow esmini: the road's surface frame, turned
            within the surface by atan(dt/ds), which in a curve differs a little where the lane moves sideways.
    """
    s = np.atleast_1d(np.asarray(s, np.float64))
    section = road.section_at(s) if section is None else section
    inner, outer, d_inner, d_outer = road.lane_edges(section, lane_id, s)
    t, slope = 0.5 * (inner + outer), 0.5 * (d_inner + d_outer)
    p = road.point(s, t, road.lane_plane_height(section, lane_id, s))
    backward = lane_id != 0 and not road.drives_forward(lane_id)
    along, across = _surface_tangents(road, s, t, bend=exact)
    if exact:
        forward = along + slope[:, None] * across
    else:
        yaw = np.arctan(slope)[:, None]
        unit = along / np.linalg.norm(along, axis=-1, keepdims=True)
        normal = _normal(along, across)
        forward = np.cos(yaw) * unit + np.sin(yaw) * np.cross(normal, unit)
    heading, pitch, roll = _angles(road, s, -forward if backward else forward, _normal(along, across))
    width = np.abs(outer - inner) if lane_id == 0 else np.sign(lane_id) * (outer - inner)
    return LaneFrame(p[:, 0], p[:, 1], p[:, 2], heading, pitch, roll, width)


def surface_angles(road: Road, s: ArrayLike, t: ArrayLike, yaw: ArrayLike = 0.0) -> tuple[Array, Array, Array]:
    """Heading, pitch, roll (N,) of a body that lies on the road at (s, t), turned by `yaw` from the direction of s."""
    s, t = np.broadcast_arrays(np.atleast_1d(np.asarray(s, np.float64)), np.asarray(t, np.float64))
    along, across = _surface_tangents(road, s, t, bend=True)
    normal = _normal(along, across)
    unit = along / np.linalg.norm(along, axis=-1, keepdims=True)
    turn = np.broadcast_to(np.asarray(yaw, np.float64), s.shape)[:, None]
    return _angles(road, s, np.cos(turn) * unit + np.sin(turn) * np.cross(normal, unit), normal)


def _surface_tangents(road: Road, s: Array, t: Array, *, bend: bool) -> tuple[Array, Array]:
    """Derivatives (N, 3) of the surface point by s and by t, in the frame of the reference line.

    `bend` takes account of the curvature: the outside of a curve is longer than the reference line.
    """
    _, grade = road.elevation(s)
    bank, d_bank = road.superelevation(s)
    sin, cos = np.sin(bank), np.cos(bank)
    stretch = np.ones_like(s)
    if bend:
        stretch = np.maximum(1.0 - road.reference(s)[3] * t * cos, 1e-6)
    along = np.stack([stretch, -t * sin * d_bank, grade + t * cos * d_bank], axis=-1)
    return along, np.stack([np.zeros_like(s), cos, sin], axis=-1)


def _normal(along: Array, across: Array) -> Array:
    normal = np.cross(along, across)
    return np.asarray(normal / np.linalg.norm(normal, axis=-1, keepdims=True))


def _angles(road: Road, s: Array, forward: Array, normal: Array) -> tuple[Array, Array, Array]:
    """Heading, pitch, roll in the world of bodies with these axes in the frame of the reference line."""
    forward = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
    turn, pitch, roll = yaw_pitch_roll(np.stack([forward, np.cross(normal, forward), normal], axis=-1))
    return road.reference(s)[2] + turn, pitch, roll
