"""How vehicles that bend follow: the axle of the rear part is drawn after the hitch (tractrix)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics import se3
from simulator.scene import Model

F64 = NDArray[np.float64]
_MOST_RAD = 1.2  # what articulated buses and semi-trailers allow at walking pace


def hitch_angles(model: Model, position: F64, yaw: F64) -> F64:
    """Yaw (T,) of the rear part of a vehicle from its front, for `Driver.HITCH`; zeros for one that does not bend.

    The wheels of the rear part do not slip sideways, so their axle moves towards where the hitch goes. The drive begins
    as if it had turned on the first arc for long: sin(angle of the axle) = following length / radius of the hitch.

    Args:
        model: the vehicle.
        position: (T, >= 2) of its origin, metres.
        yaw: (T,) of its front part, rad.
    """
    if model.following_m <= 0 or not len(yaw):
        return np.zeros(len(yaw))
    ahead = np.stack([np.cos(yaw), np.sin(yaw)], axis=1)
    hitch = position[:, :2] + model.hitch_m * ahead
    axle = hitch[0] - model.following_m * _direction(yaw[0] + _first(model, position, yaw))
    out = np.empty(len(yaw))
    for t in range(len(yaw)):
        drawn = hitch[t] - axle
        angle = float(se3.wrap_angle(np.arctan2(drawn[1], drawn[0]) - yaw[t]))
        out[t] = np.clip(angle, -_MOST_RAD, _MOST_RAD)
        axle = hitch[t] - model.following_m * _direction(yaw[t] + out[t])
    return out


def _direction(angle: float) -> F64:
    return np.array([np.cos(angle), np.sin(angle)])


def _first(model: Model, position: F64, yaw: F64) -> float:
    """Angle at the start, from the curvature of the first metre of the drive."""
    way = np.linalg.norm(position[:, :2] - position[0, :2], axis=1)
    far = int(np.argmax(way > 1.0))
    if far == 0:
        return 0.0
    curvature = float(se3.wrap_angle(yaw[far] - yaw[0])) / float(way[far])
    inner = np.hypot(1.0, model.hitch_m * curvature)
    reach = np.clip(model.following_m * curvature / inner, -0.9, 0.9)
    return float(np.arctan(model.hitch_m * curvature) - np.arcsin(reach))
