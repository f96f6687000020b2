"""Rigid moving parts of an object: joints driven by a closed set of state channels (wheels, steering, hitches)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel


class Driver(IntEnum):
    """Which channel of the object's state turns a joint."""

    FIXED = 0
    TRAVEL = 1  # metres driven: angle = bias + gain * travel_m (a wheel: gain = 1 / radius)
    STEER = 2  # steering angle of the wheels: angle = bias + gain * steer_rad
    HITCH = 3  # angle = bias + gain * gait_rad: the rear part of a vehicle that bends, which has no gait of its own


@dataclass(frozen=True, slots=True)
class Joint:
    """A revolute joint: everything attached turns about `axis` through `pivot`.

    Attributes:
        pivot: in the object frame at rest, metres.
        axis: unit vector in the object frame at rest; positive angles are right-handed.
        driver: which state turns it.
        gain: see Driver.
        bias: radians at rest.
        parent: index of the joint it hangs on (must come earlier), or -1 for the object itself.
    """

    pivot: tuple[float, float, float]
    axis: tuple[float, float, float]
    driver: Driver
    gain: float = 1.0
    bias: float = 0.0
    parent: int = -1


JOINT_DTYPE = np.dtype(
    [
        ("object", np.int32),
        ("parent", np.int32),
        ("driver", np.int32),
        ("gain", np.float64),
        ("bias", np.float64),
        ("pivot", np.float64, 3),
        ("axis", np.float64, 3),
    ]
)


@kernel
def joint_transforms(joints, travel, steer, gait, out):
    """Write object_SE3_joint (J, 3, 4) float64 for all joints; parents precede children.

    Args:
        joints: (J,) JOINT_DTYPE.
        travel, steer, gait: (O,) state channels of the objects.
        out: (J, 3, 4) result; maps points from rest position to moved position, both in the object frame.
    """
    for j in range(joints.shape[0]):
        joint = joints[j]
        row = joint.object
        angle = joint.bias
        if joint.driver == 1:
            angle += joint.gain * travel[row]
        elif joint.driver == 2:
            angle += joint.gain * steer[row]
        elif joint.driver == 3:
            angle += joint.gain * gait[row]
        c, s = np.cos(angle), np.sin(angle)
        t = 1.0 - c
        x, y, z = joint.axis[0], joint.axis[1], joint.axis[2]
        r = (
            (t * x * x + c, t * x * y - s * z, t * x * z + s * y),
            (t * x * y + s * z, t * y * y + c, t * y * z - s * x),
            (t * x * z - s * y, t * y * z + s * x, t * z * z + c),
        )
        for i in range(3):  # Rodrigues rotation about the pivot
            for k in range(3):
                out[j, i, k] = r[i][k]
            out[j, i, 3] = joint.pivot[i] - (
                r[i][0] * joint.pivot[0] + r[i][1] * joint.pivot[1] + r[i][2] * joint.pivot[2]
            )
        p = joint.parent
        if p >= 0:
            tmp = np.empty((3, 4))
            for i in range(3):
                for k in range(4):
                    tmp[i, k] = out[p, i, 0] * out[j, 0, k] + out[p, i, 1] * out[j, 1, k] + out[p, i, 2] * out[j, 2, k]
                tmp[i, 3] += out[p, i, 3]
            for i in range(3):
                for k in range(4):
                    out[j, i, k] = tmp[i, k]


def joint_rows(joints: tuple[Joint, ...], row: int, base: int) -> NDArray[np.void]:
    """JOINT_DTYPE rows of one object's joints; `base` is the index of the first in the scene."""
    out = np.zeros(len(joints), JOINT_DTYPE)
    for i, joint in enumerate(joints):
        parent = joint.parent + base if joint.parent >= 0 else -1
        out[i] = (
            row,
            parent,
            int(joint.driver),
            joint.gain,
            joint.bias,
            joint.pivot,
            joint.axis,
        )
    return out
