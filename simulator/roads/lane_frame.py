"""Poses along the middle of a lane."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from simulator.roads.polynomial import Array, Index
from simulator.roads.road import LineState, Road


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
    state = road.state(s)
    p = road.place(state, s, t, road.lane_plane_height(section, lane_id, s))
    along, across = _surface_tangents(road, state, s, t, bend=exact)
    normal = _unit(_cross(along, across))
    if exact:
        forward = tuple(a + slope * b for a, b in zip(along, across))
    else:
        forward = _turned(along, normal, np.arctan(slope))
    if lane_id != 0 and not road.drives_forward(lane_id):
        forward = tuple(-a for a in forward)
    heading, pitch, roll = _angles(state.heading, forward, normal)
    width = np.abs(outer - inner) if lane_id == 0 else np.sign(lane_id) * (outer - inner)
    return LaneFrame(p[:, 0], p[:, 1], p[:, 2], heading, pitch, roll, width)


def surface_angles(road: Road, s: ArrayLike, t: ArrayLike, yaw: ArrayLike = 0.0) -> tuple[Array, Array, Array]:
    """Heading, pitch, roll (N,) of a body that lies on the road at (s, t), turned by `yaw` from the direction of s."""
    s, t = np.broadcast_arrays(np.atleast_1d(np.asarray(s, np.float64)), np.asarray(t, np.float64))
    state = road.state(s)
    along, across = _surface_tangents(road, state, s, t, bend=True)
    normal = _unit(_cross(along, across))
    return _angles(state.heading, _turned(along, normal, np.asarray(yaw, np.float64)), normal)


# Three-vectors are tuples of three arrays (N,): much less to do for numpy than with (N, 3).
_Vector = tuple[Array, ...]


def _surface_tangents(road: Road, state: LineState, s: Array, t: Array, *, bend: bool) -> tuple[_Vector, _Vector]:
    """Derivatives of the surface point by s and by t, in the frame of the reference line.

    `bend` takes account of the curvature: the outside of a curve is longer than the reference line.
    """
    sin, cos = np.sin(state.roll), np.cos(state.roll)
    stretch = np.maximum(1.0 - state.curvature * t * cos, 1e-6) if bend else np.ones_like(t)
    rise, climb = state.grade + t * cos * state.roll_slope, sin
    relief = road.relief(s, t)
    if relief is not None:
        rise, climb = rise + relief.along, climb + relief.across
    return (stretch, -t * sin * state.roll_slope, rise), (np.zeros_like(t), cos, climb)


def _cross(a: _Vector, b: _Vector) -> _Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _unit(a: _Vector) -> _Vector:
    length = np.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])
    return a[0] / length, a[1] / length, a[2] / length


def _turned(along: _Vector, normal: _Vector, yaw: Array) -> _Vector:
    """Direction `along`, turned about the normal."""
    ahead = _unit(along)
    return tuple(np.cos(yaw) * a + np.sin(yaw) * b for a, b in zip(ahead, _cross(normal, ahead)))


def _angles(heading: Array, forward: _Vector, normal: _Vector) -> tuple[Array, Array, Array]:
    """Heading, pitch, roll in the world of bodies with these axes in the frame of the reference line."""
    ahead = _unit(forward)
    left = _cross(normal, ahead)
    pitch = -np.arcsin(np.clip(ahead[2], -1.0, 1.0))
    return heading + np.arctan2(ahead[1], ahead[0]), pitch, np.arctan2(left[2], normal[2])
