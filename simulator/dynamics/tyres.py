"""Tyre forces by Pacejka's Magic Formula, with pure and combined slip.

Sources: H. B. Pacejka, "Tire and Vehicle Dynamics" (3rd ed., 2012), section 4.3.2, without camber and turn slip, at the
nominal load; M. Althoff, G. Würsching, "CommonRoad: Vehicle Models" (2020), whose names coefficients bear.

Frame of a wheel (ISO 8855): x along its plane, y to the left, z up. Longitudinal slip `kappa` = (omega R - u) / u is
positive when driving and -1 on a locked wheel; slip angle `alpha` = atan(v / u) is positive when the wheel drifts to
the left, which it answers with a force to the right.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel

_COEFFICIENTS = (
    *("p_cx1", "p_dx1", "p_ex1", "p_kx1"),  # longitudinal: shape, peak friction, curvature, stiffness / load
    *("p_hx1", "p_vx1", "phase_x1"),  # its shifts: of slip, of force / load, inside the sine (rad/N)
    *("r_bx1", "r_bx2", "r_cx1", "r_ex1", "r_hx1"),  # what a slip angle leaves of it
    *("p_cy1", "p_dy1", "p_ey1", "p_ky1"),  # lateral, likewise
    *("r_by1", "r_by2", "r_by3", "r_cy1", "r_ey1", "r_hy1"),  # what longitudinal slip leaves of it
    *("r_vy1", "r_vy4", "r_vy5", "r_vy6"),  # side force that longitudinal slip induces
    "peak",  # slip of the greatest longitudinal force, at full grip
)
TYRE_DTYPE = np.dtype([(name, np.float64) for name in _COEFFICIENTS])

# B, C, D, E of single-formula tyres, `magic_formula(slip, load * D, B, C, E)`: defaults of MathWorks' vehicle blocks.
SIMPLE_TYRES = {
    "dry": (10.0, 1.9, 1.0, 0.97),
    "wet": (12.0, 2.3, 0.82, 1.0),
    "snow": (5.0, 2.0, 0.3, 1.0),
    "ice": (4.0, 2.0, 0.1, 1.0),
}


@kernel(inline=True)
def magic_formula(slip, peak, b, c, e):
    """Force at `slip`: `peak` (N), stiffness factor `b`, shape `c`, curvature `e`: Pacejka's sine."""
    x = b * slip
    return peak * np.sin(c * np.arctan(x - e * (x - np.arctan(x))))


@kernel(inline=True)
def _cosine(x, c, e):
    return np.cos(c * np.arctan(x - e * (x - np.arctan(x))))


@kernel(inline=True)
def _weight(b, slip, shift, c, e):
    """Share of a force that slip across it leaves, 1 at none and never negative."""
    if shift == 0.0:
        return max(_cosine(b * slip, c, e), 0.0)
    return max(_cosine(b * (slip + shift), c, e) / _cosine(b * shift, c, e), 0.0)


@kernel(inline=True)
def longitudinal_force(kappa, load, grip, tyre):
    """N forwards at pure longitudinal slip (Pacejka 2012, eq. 4.E9 to 4.E18).

    Args:
        kappa: longitudinal slip.
        load: N on the tyre, greater than 0.
        grip: friction of the road over that of the road on which the tyre was measured: Pacejka's lambda_mu, greater
            than 0. It scales the peak and leaves the stiffness.
        tyre: TYRE_DTYPE record.
    """
    friction = tyre.p_dx1 * grip
    x = tyre.p_kx1 / (tyre.p_cx1 * friction) * (kappa + tyre.p_hx1)
    angle = tyre.p_cx1 * np.arctan(x - tyre.p_ex1 * (x - np.arctan(x)))
    return load * (friction * np.sin(angle + load * tyre.phase_x1) + grip * tyre.p_vx1)


@kernel(inline=True)
def lateral_force(alpha, load, grip, tyre):
    """N to the left at pure side slip `alpha` rad (Pacejka 2012, eq. 4.E19 to 4.E30); the rest as above."""
    friction = tyre.p_dy1 * grip
    return magic_formula(alpha, load * friction, tyre.p_ky1 / (tyre.p_cy1 * friction), tyre.p_cy1, tyre.p_ey1)


@kernel(inline=True)
def tyre_forces(kappa, alpha, load, grip, tyre):
    """N forwards and to the left at combined slip (Pacejka 2012, eq. 4.E50 to 4.E67); arguments as above.

    What one slip leaves of the other's force follows slip over grip (similarity, section 4.3.1): with less friction the
    peaks come at less slip, and both forces at once must not exceed it.
    """
    # cos(atan(x)) = 1 / sqrt(1 + x^2)
    along, across = kappa / grip, alpha / grip
    b = tyre.r_bx1 / np.sqrt(1.0 + (tyre.r_bx2 * along) ** 2)
    fx = longitudinal_force(kappa, load, grip, tyre) * _weight(b, across, tyre.r_hx1, tyre.r_cx1, tyre.r_ex1)
    b = tyre.r_by1 / np.sqrt(1.0 + (tyre.r_by2 * (across - tyre.r_by3)) ** 2)
    fy = lateral_force(alpha, load, grip, tyre) * _weight(b, along, tyre.r_hy1, tyre.r_cy1, tyre.r_ey1)
    if tyre.r_vy1 != 0.0:
        induced = tyre.p_dy1 * grip * load * tyre.r_vy1 / np.sqrt(1.0 + (tyre.r_vy4 * alpha) ** 2)
        fy += induced * np.sin(tyre.r_vy5 * np.arctan(tyre.r_vy6 * kappa))
    return fx, fy


def peak_slip(b: float, c: float, e: float) -> float:
    """Slip of the greatest force of `magic_formula`, where its sine is 1, for `e` up to 1; infinite if nowhere."""
    if c <= 1.0:
        return float("inf")
    goal = np.tan(0.5 * np.pi / c)
    if e == 1.0:
        return float(np.tan(goal) / b) if goal < 0.5 * np.pi else float("inf")
    x = before = 0.0
    for _ in range(50):  # Newton's method: the function rises and bends one way only, so from 0 it comes there
        x -= ((1.0 - e) * x + e * np.arctan(x) - goal) / (1.0 - e + e / (1.0 + x * x))
        if abs(x - before) <= 1e-14 * abs(x):
            break
        before = x
    return float(x / b)
