"""Sine and cosine together, in a few multiplications: quicker than the C library's, and the same on every machine.

Cody and Waite's reduction by multiples of pi / 2, then the minimax polynomials of fdlibm's `__kernel_sin` and
`__kernel_cos` (Sun Microsystems, 1993), which are for -pi / 4 to pi / 4. The error is at most 4e-16, or 4e-17 times
the angle in rad, up to 1e6 rad.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel

_TURNS = 2.0 / np.pi
_QUARTER, _REST = 1.5707963267341256, 6.077100506506192e-11  # pi / 2 = the first 33 bits of it, and what is left
_S1, _S2, _S3 = -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04
_S4, _S5, _S6 = 2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10
_C1, _C2, _C3 = 4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05
_C4, _C5, _C6 = -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11


@kernel(inline=True)
def sine_cosine(angle):
    """Sine and cosine of an angle in rad, float64."""
    quarters = np.rint(angle * _TURNS)
    r = angle - quarters * _QUARTER - quarters * _REST
    z = r * r
    s = r + r * z * (_S1 + z * (_S2 + z * (_S3 + z * (_S4 + z * (_S5 + z * _S6)))))
    c = 1.0 - 0.5 * z + z * z * (_C1 + z * (_C2 + z * (_C3 + z * (_C4 + z * (_C5 + z * _C6)))))
    quarter = np.int64(quarters)
    sine, cosine = (c, s) if quarter & 1 else (s, c)
    return -sine if quarter & 2 else sine, -cosine if (quarter + 1) & 2 else cosine
