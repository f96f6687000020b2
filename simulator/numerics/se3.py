"""Rigid transforms. Quaternions are w, x, y, z; `dst_SE3_src` maps points from src to dst; angles in radians."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def from_rotation(rotation: ArrayLike, translation: ArrayLike = (0.0, 0.0, 0.0)) -> Array:
    """(..., 4, 4) transform from (..., 3, 3) rotation and (..., 3) translation in metres."""
    rotation = np.asarray(rotation, np.float64)
    translation = np.asarray(translation, np.float64)
    shape = np.broadcast_shapes(rotation.shape[:-2], translation.shape[:-1])
    out = np.zeros((*shape, 4, 4))
    out[..., :3, :3], out[..., :3, 3], out[..., 3, 3] = rotation, translation, 1.0
    return out


def cross(a: ArrayLike, b: ArrayLike) -> Array:
    """(..., 3) cross products; of few vectors numpy's own takes ten times as long."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    (ax, ay, az), (bx, by, bz) = ((v[..., 0], v[..., 1], v[..., 2]) for v in (a, b))
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    out[..., 0], out[..., 1], out[..., 2] = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    return out


def _matrices(rows: list[list[Array]]) -> Array:
    """(..., 3, 3) matrices from the (...) elements of their rows."""
    out = np.empty((*rows[0][0].shape, 3, 3))
    for i, row in enumerate(rows):
        for j, element in enumerate(row):
            out[..., i, j] = element
    return out


def from_rpy(roll: ArrayLike, pitch: ArrayLike, yaw: ArrayLike) -> Array:
    """(..., 3, 3) rotation Rz(yaw) Ry(pitch) Rx(roll), the ISO 8855 order."""
    roll, pitch, yaw = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (roll, pitch, yaw)))
    cr, sr, cp, sp, cy, sy = (
        np.cos(roll),
        np.sin(roll),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(yaw),
        np.sin(yaw),
    )
    rows = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    return _matrices(rows)


def angular_velocity(rpy: ArrayLike, rate: ArrayLike) -> Array:
    """(..., 3) rad/s about the axes of the outer frame, of `from_rpy(*rpy)` whose angles change by `rate` (..., 3)."""
    _, pitch, yaw = np.moveaxis(np.asarray(rpy, np.float64), -1, 0)
    of_roll, of_pitch, of_yaw = np.moveaxis(np.asarray(rate, np.float64), -1, 0)
    cp, sp, cy, sy = np.cos(pitch), np.sin(pitch), np.cos(yaw), np.sin(yaw)
    return np.stack([cy * cp * of_roll - sy * of_pitch, sy * cp * of_roll + cy * of_pitch, of_yaw - sp * of_roll], -1)


def pose(xyz: ArrayLike, roll: ArrayLike = 0.0, pitch: ArrayLike = 0.0, yaw: ArrayLike = 0.0) -> Array:
    """(..., 4, 4) transform of a frame at `xyz` (metres) with ISO 8855 roll, pitch, yaw."""
    return from_rotation(from_rpy(roll, pitch, yaw), xyz)


def inverse(transform: ArrayLike) -> Array:
    """Inverse of (..., 4, 4) rigid transforms."""
    transform = np.asarray(transform, np.float64)
    rotation = np.swapaxes(transform[..., :3, :3], -1, -2)
    return from_rotation(rotation, -(rotation @ transform[..., :3, 3:4])[..., 0])


def apply(transform: ArrayLike, points: ArrayLike) -> Array:
    """Map (N, 3) points by one (4, 4) transform."""
    transform, points = np.asarray(transform, np.float64), np.asarray(points, np.float64)
    return np.asarray(points @ transform[:3, :3].T + transform[:3, 3])


def rotation_from_quaternion(wxyz: ArrayLike) -> Array:
    """(..., 3, 3) rotation of (..., 4) quaternions, normalised first."""
    q = np.asarray(wxyz, np.float64)
    w, x, y, z = np.moveaxis(q / np.linalg.norm(q, axis=-1, keepdims=True), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return _matrices(rows)


def quaternion_from_rotation(rotation: ArrayLike) -> Array:
    """(..., 4) unit quaternions w, x, y, z with w >= 0 of (..., 3, 3) rotations."""
    from scipy.spatial.transform import Rotation

    rotation = np.asarray(rotation, np.float64)
    xyzw = Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_quat()
    wxyz = xyzw[:, [3, 0, 1, 2]]
    wxyz[wxyz[:, 0] < 0] *= -1
    return np.asarray(wxyz.reshape(*rotation.shape[:-2], 4))


def quaternion_from_rpy(roll: ArrayLike, pitch: ArrayLike, yaw: ArrayLike) -> Array:
    """(..., 4) unit quaternions w, x, y, z with w >= 0 of the rotations `from_rpy`."""
    halves = (0.5 * np.asarray(angle, np.float64) for angle in (roll, pitch, yaw))
    (cr, sr), (cp, sp), (cy, sy) = ((np.cos(half), np.sin(half)) for half in halves)
    wxyz = [cr * cp * cy + sr * sp * sy, sr * cp * cy - cr * sp * sy, cr * sp * cy + sr * cp * sy]
    quaternion = np.stack([*wxyz, cr * cp * sy - sr * sp * cy], -1)
    return np.asarray(np.where(quaternion[..., :1] < 0, -quaternion, quaternion))


def yaw_pitch_roll(rotation: ArrayLike) -> tuple[Array, Array, Array]:
    """ISO 8855 yaw, pitch, roll of (..., 3, 3) rotations."""
    r = np.asarray(rotation, np.float64)
    pitch = -np.arcsin(np.clip(r[..., 2, 0], -1.0, 1.0))
    return np.arctan2(r[..., 1, 0], r[..., 0, 0]), pitch, np.arctan2(r[..., 2, 1], r[..., 2, 2])


def wrap_angle(angle: ArrayLike) -> Array:
    """Angle wrapped to [-pi, pi)."""
    return (np.asarray(angle, np.float64) + np.pi) % (2 * np.pi) - np.pi
