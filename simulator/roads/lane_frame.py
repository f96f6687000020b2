"""Poses along the middle of a lane."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from simulator.roads.polynomial import Array, Index, slope_rate
from simulator.roads.road import LineState, Road, Vector


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
        exact: angles of the lane's own tangent. Otherwise they follow esmini: the s/t/h frame at the reference line,
            turned by atan(dt/ds), then pitched as far as the bank changes; in curves that differs a little.
    """
    s = np.atleast_1d(np.asarray(s, np.float64))
    section = road.section_at(s) if section is None else section
    inner, outer, d_inner, d_outer = road.lane_edges(section, lane_id, s)
    t, slope = 0.5 * (inner + outer), 0.5 * (d_inner + d_outer)
    state = road.state(s)
    height = road.lane_plane_height(section, lane_id, s)
    p = road.place(state, s, t, height)
    along, across = _surface_tangents(road, state, s, t, height, exact=exact)
    normal = _unit(_cross(along, across))
    if exact:
        forward = _sum(along, _scaled(across, slope))
    else:
        ahead, beside = _turned(along, normal, np.arctan(slope)), t - road.flat_part(s, t)
        forward, normal = _pitched(ahead, normal, np.arctan(np.tan(state.roll_slope) * beside))
    if lane_id != 0 and not road.drives_forward(lane_id):
        forward = _scaled(forward, -np.ones_like(s))
    heading, pitch, roll = _angles(state.heading, forward, normal)
    width = np.abs(outer - inner) if lane_id == 0 else np.sign(lane_id) * (outer - inner)
    return LaneFrame(p[:, 0], p[:, 1], p[:, 2], heading, pitch, roll, width)


def surface_angles(road: Road, s: ArrayLike, t: ArrayLike, yaw: ArrayLike = 0.0) -> tuple[Array, Array, Array]:
    """Heading, pitch, roll (N,) of a body that lies on the road at (s, t), turned by `yaw` from the direction of s."""
    s, t = np.broadcast_arrays(np.atleast_1d(np.asarray(s, np.float64)), np.asarray(t, np.float64))
    state = road.state(s)
    along, across = _surface_tangents(road, state, s, t, np.zeros_like(t), exact=True)
    normal = _unit(_cross(along, across))
    return _angles(state.heading, _turned(along, normal, np.asarray(yaw, np.float64)), normal)


def _surface_tangents(
    road: Road, state: LineState, s: Array, t: Array, height: Array, *, exact: bool
) -> tuple[Vector, Vector]:
    """Derivatives of the surface point by s and by t, in the frame of the reference line, `height` (N,) above the road.

    Not `exact`: without what the turns of the s/t/h frame along s do to points beside the reference line.
    """
    one, zero = np.ones_like(t), np.zeros_like(t)
    flat = road.flat_part(s, t)
    level = flat != 0.0
    across, normal = state.across, state.normal(level)
    along: Vector = (one, zero, state.grade)
    relief = road.relief(s, t)
    if exact:
        up = height if relief is None else height + relief.height
        beside = _sum(_scaled(across, t - flat), _scaled((zero, one, zero), flat), _scaled(normal, up))
        rolls = _sum(_scaled(normal, t - flat), _scaled(across, np.where(level, 0.0, -up)))
        pitches = (beside[2], zero, -beside[0])
        turns = (-beside[1], beside[0], zero)
        pitch_rate = -slope_rate(road.elevation_profile, s) / (1.0 + state.grade * state.grade)
        along = _sum(
            along, _scaled(rolls, state.roll_slope), _scaled(pitches, pitch_rate), _scaled(turns, state.curvature)
        )
        along = (np.maximum(along[0], 1e-6), along[1], along[2])
    x, y, z = (np.where(level, a, b) for a, b in zip((zero, one, zero), across))
    across = (x, y, z)
    if relief is not None:
        along = _sum(along, _scaled(normal, relief.along))
        across = _sum(across, _scaled(normal, relief.across))
    return along, across


def _scaled(a: Vector, factor: Array) -> Vector:
    return a[0] * factor, a[1] * factor, a[2] * factor


def _sum(*parts: Vector) -> Vector:
    first, *others = parts
    for other in others:
        first = (first[0] + other[0], first[1] + other[1], first[2] + other[2])
    return first


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _unit(a: Vector) -> Vector:
    length = np.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])
    return a[0] / length, a[1] / length, a[2] / length


def _turned(along: Vector, normal: Vector, yaw: Array) -> Vector:
    """Direction `along`, turned about the normal."""
    ahead = _unit(along)
    return _sum(_scaled(ahead, np.cos(yaw)), _scaled(_cross(normal, ahead), np.sin(yaw)))


def _pitched(ahead: Vector, normal: Vector, angle: Array) -> tuple[Vector, Vector]:
    """Axes ahead and up, with the nose raised by an angle."""
    cos, sin = np.cos(angle), np.sin(angle)
    return _sum(_scaled(ahead, cos), _scaled(normal, sin)), _sum(_scaled(normal, cos), _scaled(ahead, -sin))


def _angles(heading: Array, forward: Vector, normal: Vector) -> tuple[Array, Array, Array]:
    """Heading, pitch, roll in the world of bodies with these axes in the frame of the reference line."""
    ahead = _unit(forward)
    left = _cross(normal, ahead)
    pitch = -np.arcsin(np.clip(ahead[2], -1.0, 1.0))
    return heading + np.arctan2(ahead[1], ahead[0]), pitch, np.arctan2(left[2], normal[2])
