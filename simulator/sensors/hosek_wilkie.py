"""The clear daylit sky of L. Hosek and A. Wilkie.

"An Analytic Model for Full Spectral Sky-Dome Radiance", ACM Transactions on Graphics 31(4), 2012: nine coefficients
fitted to path-traced skies, by turbidity, ground albedo and the sun's elevation. `assets/hosek_wilkie.npz` holds the
authors' coefficients for CIE XYZ (their dataset 1.4a), under the licence beside it.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.data import data_dir

F64 = NDArray[np.float64]

LUMENS_PER_WATT = 683.0  # by which the radiances, W / (m2 sr), become luminances
TURBIDITIES = 10  # 1, 2 ... 10 have coefficients


@cache
def _dataset() -> tuple[F64, F64]:
    """(3, 2, 10, 6, 9) coefficients and (3, 2, 10, 6) radiances: channel, albedo 0 and 1, turbidity, control point."""
    with np.load(data_dir("assets") / "hosek_wilkie.npz") as data:
        return data["coefficients"].astype(np.float64), data["radiance"].astype(np.float64)


def clear_sky_xyz(cos_zenith: F64, cos_sun: F64, sun_elevation_rad: float, turbidity: float, albedo: float) -> F64:
    """CIE XYZ of the sky, Y in cd/m2, in directions at (broadcast) cosines to the zenith and to the sun: (..., 3).

    Args:
        cos_zenith: 0 to 1. cos_sun: -1 to 1.
        sun_elevation_rad: 0 to pi / 2; beyond these as at them. turbidity: likewise, 1 to 10.
        albedo: of the ground, 0 to 1.
    """
    coefficients, radiances = _dataset()
    number = min(max(turbidity, 1.0), float(TURBIDITIES)) - 1.0
    low = min(int(number), TURBIDITIES - 2)
    x = (min(max(sun_elevation_rad, 0.0), math.pi / 2) / (math.pi / 2)) ** (1 / 3)
    # Linear in albedo and turbidity, a Bezier curve of degree five in the cube root of the elevation
    bezier = np.array([math.comb(5, k) * x**k * (1 - x) ** (5 - k) for k in range(6)])
    weights = np.einsum("a,t,k->atk", [1 - albedo, albedo], [low + 1 - number, number - low], bezier)
    fitted = np.einsum("atk,catki->ci", weights, coefficients[:, :, low : low + 2])
    level = np.einsum("atk,catk->c", weights, radiances[:, :, low : low + 2])
    up, toward = np.broadcast_arrays(np.maximum(cos_zenith, 0.0), np.clip(cos_sun, -1.0, 1.0))
    gamma, squared, root = np.arccos(toward), toward**2, np.sqrt(up)
    out = np.empty((*up.shape, 3))
    for channel, (a, b, c, d, e, f, g, i, h) in enumerate(fitted):
        mie = (1 + squared) / (1 + h * h - 2 * h * toward) ** 1.5
        glow = c + d * np.exp(e * gamma) + f * squared + g * mie + i * root
        out[..., channel] = (1 + a * np.exp(b / (up + 0.01))) * glow * (level[channel] * LUMENS_PER_WATT)
    return out
