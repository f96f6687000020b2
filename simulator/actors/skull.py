"""The skull: outline of the head that face, hair, headgear and beards share."""

from __future__ import annotations

import numpy as np

from simulator.actors.physique import Physique
from simulator.actors.shape import F64

# Head by share of its height from chin to crown: half width, half depth, middle's x, in head heights.
HEAD_T = [0.0, 0.05, 0.13, 0.25, 0.38, 0.50, 0.62, 0.74, 0.85, 0.94, 1.0]
HEAD_W = [0.10, 0.17, 0.240, 0.285, 0.312, 0.333, 0.342, 0.335, 0.295, 0.205, 0.06]
HEAD_D = [0.09, 0.18, 0.28, 0.34, 0.385, 0.415, 0.428, 0.425, 0.385, 0.275, 0.08]
HEAD_X = [0.18, 0.145, 0.10, 0.055, 0.025, 0.005, -0.01, -0.02, -0.03, -0.035, -0.035]
_BELOW_T = [-0.6, -0.15]  # toward the nape, for hair and hoods
_BELOW_W, _BELOW_D, _BELOW_X = [0.40, 0.24], [0.30, 0.24], [-0.12, -0.03]
_POWER = 2.15


def head_rings(p: Physique, t: F64, angle: F64, grow: F64 | float = 0.0) -> F64:
    """(R, N, 3) points of the head at shares `t` (R, 1) of its height and angles from the face, grown by metres."""
    h, low, e = p.head, _BELOW_T, 2.0 / _POWER
    width = np.interp(t, [*low, *HEAD_T], [*_BELOW_W, *HEAD_W]) * (1 - 0.02 * p.female) * p.head_broad
    width = width + 0.022 * p.youth * bump(t, 0.22, 0.13)  # round cheeks, a full chin below them
    deep = np.interp(t, [*low, *HEAD_T], [*_BELOW_D, *HEAD_D]) * p.head_broad
    middle = np.interp(t, [*low, *HEAD_T], [*_BELOW_X, *HEAD_X])
    cos, sin = np.cos(angle), np.sin(angle)
    x = middle * h - 0.004 * p.wide + np.sign(cos) * np.abs(cos) ** e * (deep * h + grow)
    y = np.sign(sin) * np.abs(sin) ** e * (width * h + grow)
    return np.stack(np.broadcast_arrays(x, y, p.height - h + t * h), -1)


LOW_FACE = 0.15  # how much lower the eyes of a small child lie: at 0.42 of the head, below its middle


def adult_share(t: F64, p: Physique) -> F64:
    """Share of an adult's head where there is what lies at the share `t` of this one's: a child's face is low."""
    eyes = 0.50 * (1 - LOW_FACE * p.youth)
    return np.asarray(np.interp(t, [0.0, eyes, 1.0], [0.0, 0.50, 1.0]))


def bump(value: F64, at: float, width: float) -> F64:
    """A bell of height 1 at a place, e-fold at `width` from it."""
    return np.asarray(np.exp(-(((value - at) / width) ** 2)))
