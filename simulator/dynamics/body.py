"""How a body leans: on its springs by the accelerations of its wheels, a two-wheeler into the curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.units import GRAVITY_MPS2


@kernel(inline=True)
def _spring_step(angle, rate, moment, inertia, stiffness, damping, h):
    """Angle and rate after `h` seconds of inertia a'' + damping a' + stiffness a = moment, held constant.

    Newmark's average acceleration (beta 1/4, gamma 1/2): second order, stable for any step (N. M. Newmark, 1959).
    """
    before = (moment - damping * rate - stiffness * angle) / inertia
    after = (moment - damping * (rate + 0.5 * h * before) - stiffness * (angle + h * rate + 0.25 * h * h * before)) / (
        inertia + 0.5 * h * damping + 0.25 * h * h * stiffness
    )
    return angle + h * rate + 0.25 * h * h * (before + after), rate + 0.5 * h * (before + after)


@kernel(inline=True)
def body_step(roll, roll_rate, pitch, pitch_rate, ax, ay, p, h):
    """Roll, its rate, pitch and its rate after `h` seconds, about axes on the ground.

    Springs carry the moments of the sprung mass. A two-wheeler nears its balance, in which gravity and the road's force
    meet in its centre of mass, with the time constant of the inverted pendulum that it is, sqrt(height / g).

    Args:
        roll, roll_rate: rad, rad/s; right side down is positive (ISO 8855).
        pitch, pitch_rate: nose down is positive.
        ax, ay: m/s2 of the vehicle, forwards and to the left.
        p: VEHICLE_DTYPE record.
        h: s.
    """
    if p.leans:
        lag = np.sqrt(p.cg_height / GRAVITY_MPS2)
        goal = -np.arctan(ay / GRAVITY_MPS2)  # left curve, left lean
        leant = goal + (roll - goal) * np.exp(-h / lag)
        return leant, (goal - leant) / lag, 0.0, 0.0
    if p.roll_stiffness <= 0.0:
        return 0.0, 0.0, 0.0, 0.0
    lever = p.sprung_mass * p.cg_height
    roll, roll_rate = _spring_step(roll, roll_rate, lever * ay, p.roll_inertia, p.roll_stiffness, p.roll_damping, h)
    pitch, pitch_rate = _spring_step(
        pitch, pitch_rate, -lever * ax, p.pitch_inertia, p.pitch_stiffness, p.pitch_damping, h
    )
    return roll, roll_rate, pitch, pitch_rate


SETTLING_S = 3.0  # of what goes on before a drive: springs have come to rest


@kernel
def _sway(ax, ay, which, table, h, roll, pitch):
    before = int(SETTLING_S / h)
    for a in range(which.shape[0]):
        lean = (0.0, 0.0, 0.0, 0.0)
        for t in range(-before, ax.shape[0]):
            lean = body_step(*lean, ax[max(t, 0), a], ay[max(t, 0), a], table[which[a]], h)
            if t >= 0:
                roll[t, a], pitch[t, a] = lean[0], lean[2]


def sway(
    ax: NDArray[np.float64], ay: NDArray[np.float64], which: NDArray[np.int64], table: NDArray[np.void], h: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Roll and pitch (T, A), rad as in `body_step`, of A bodies over T steps, which have gone on before as they begin.

    Args:
        ax, ay: (T, A) m/s2 of the vehicles, forwards and to the left.
        which: (A,) their rows in `table`.
        table: (K,) VEHICLE_DTYPE.
        h: s of a step.
    """
    roll, pitch = np.zeros(ax.shape), np.zeros(ax.shape)
    _sway(np.ascontiguousarray(ax), np.ascontiguousarray(ay), which, table, h, roll, pitch)
    return roll, pitch
