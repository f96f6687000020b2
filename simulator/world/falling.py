"""Two-wheelers that have crashed lie down on a side, and their riders beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.scene import Model

Array = NDArray[np.float64]

FALLING_S, LYING_RAD = 0.7, 1.4  # of two-wheelers: a rod of 1.1 m falls in about that time from a lean of 20 degrees
# Where a rider comes to lie, seen from its vehicle: m ahead, m further to the side to which it fell, rad that it turns.
AHEAD_M, ASIDE_M, TURNED_RAD = 0.5, 0.45, 0.6


def fall(rpy: Array, since_s: Array, models: Sequence[Model]) -> Array:
    """Let a two-wheeler fall to the side to which it leans; (T,) m by which it is above the ground.

    Args:
        rpy: (T, 3), changed. since_s: (T,) since it began to fall. models: what falls.
    """
    side, share = _side(rpy, since_s), _share(since_s)
    rpy[:, 0] += share * (side * LYING_RAD - rpy[:, 0])
    rpy[:, 1] *= 1.0 - share
    return _lift(rpy[:, 0], since_s, models)


def off_the_saddle(
    position: Array, rpy: Array, since_s: Array, ridden: Sequence[Model], rider: Model
) -> tuple[Array, Array]:
    """(T, 3) places and roll, pitch, yaw of a rider whose two-wheeler falls as `fall` has it: it comes off, and to lie
    beside it.

    Args:
        position, rpy: (T, 3) of the vehicle.
        since_s: (T,) since it began to fall.
        ridden, rider: models of the vehicle and of who rode it.
    """
    side, share = _side(rpy, since_s), _share(since_s)
    ahead, left = share * AHEAD_M, -side * share * ASIDE_M
    cos, sin = np.cos(rpy[:, 2]), np.sin(rpy[:, 2])
    up = _lift(rpy[:, 0], since_s, [rider]) - _lift(rpy[:, 0], since_s, ridden)
    moved = np.stack([ahead * cos - left * sin, ahead * sin + left * cos, up], axis=1)
    turned = np.stack([np.zeros_like(share), np.zeros_like(share), -side * share * TURNED_RAD], axis=1)
    return position + moved, rpy + turned


def _side(rpy: Array, since_s: Array) -> float:
    """1 where one falls to the right, -1 to the left."""
    return 1.0 if rpy[int(np.argmax(since_s >= 0.0)), 0] >= 0.0 else -1.0


def _share(since_s: Array) -> Array:
    """(T,) how far one has fallen: slowly at first, as a pendulum on its head does."""
    return np.clip(since_s / FALLING_S, 0.0, 1.0) ** 2


def _lift(roll: Array, since_s: Array, models: Sequence[Model]) -> Array:
    """(T,) m by which the origin of models that lie on a side is above the ground on which their lowest points rest."""
    points = np.concatenate([vertices for model in models for vertices in model.posed()])
    side = 1.0 if roll[-1] >= 0.0 else -1.0
    angles = np.linspace(0.0, LYING_RAD, 12)
    low = [float((side * np.sin(a) * points[:, 1] + np.cos(a) * points[:, 2]).min()) for a in angles]
    return np.where(since_s >= 0.0, np.interp(np.abs(roll), angles, -np.array(low)), 0.0)
