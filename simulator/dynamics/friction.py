"""Friction between tyre and road: surfaces, water, speed; when a tyre floats; how far a car needs to stop."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import OddRoadError
from simulator.numerics.jit import kernel
from simulator.numerics.units import GRAVITY_MPS2, MPH

PSI_PA = 6894.757  # pascal in a pound-force per square inch

# Static values where water and speed matter less. Loose and frozen ground, wet grass: R. W. Noon, "Engineering Analysis
# of Vehicular Accidents" (1994), where it gives a range its middle; glaze and packed snow lie in it too.
SURFACE_FRICTION = {"gravel": 0.35, "dirt": 0.35, "wet_grass": 0.20, "snow": 0.225, "ice": 0.125}

# Bosch Automotive Handbook, static friction of a tyre on concrete or tarmac: speed (50, 90, 130 km/h) x water film
# (dry, 0.2 mm, 1 mm, 2 mm), of a new tyre and of one with 1.6 mm of tread left.
_SPEEDS = np.array([50.0, 90.0, 130.0]) / 3.6
_FILMS = np.array([0.0, 0.2, 1.0, 2.0])
_NEW = np.array([[0.85, 0.65, 0.55, 0.50], [0.80, 0.60, 0.30, 0.05], [0.75, 0.55, 0.20, 0.0]])
_WORN = np.array([[1.00, 0.50, 0.40, 0.25], [0.95, 0.20, 0.10, 0.05], [0.90, 0.20, 0.10, 0.0]])
NEW_TREAD_MM, WORN_TREAD_MM = 8.0, 1.6

# The Highway Code (UK), rule 126: what its stopping distances imply, to a tenth of a metre.
HIGHWAY_CODE_REACTION_S = 0.671
HIGHWAY_CODE_FRICTION = 0.667


@kernel(inline=True)
def _bracket(grid, value):
    """Index and weight of `value` in an ascending grid, held at its ends."""
    k = 0
    while k < grid.shape[0] - 2 and value > grid[k + 1]:
        k += 1
    return k, min(max((value - grid[k]) / (grid[k + 1] - grid[k]), 0.0), 1.0)


@kernel
def pavement_friction(speed, film_mm, tread_mm):
    """Peak friction on tarmac or concrete, between the entries of Bosch's table and held at its ends.

    Args:
        speed: m/s.
        film_mm: depth of water over the texture, mm.
        tread_mm: depth of the tread: 8 is new, 1.6 the legal end.
    """
    i, u = _bracket(_SPEEDS, abs(speed))
    j, w = _bracket(_FILMS, film_mm)
    new = (1 - u) * ((1 - w) * _NEW[i, j] + w * _NEW[i, j + 1])
    new += u * ((1 - w) * _NEW[i + 1, j] + w * _NEW[i + 1, j + 1])
    worn = (1 - u) * ((1 - w) * _WORN[i, j] + w * _WORN[i, j + 1])
    worn += u * ((1 - w) * _WORN[i + 1, j] + w * _WORN[i + 1, j + 1])
    t = min(max((tread_mm - WORN_TREAD_MM) / (NEW_TREAD_MM - WORN_TREAD_MM), 0.0), 1.0)
    return t * new + (1 - t) * worn


@kernel
def _fill(speed, film_mm, tread_mm, out):
    for i in range(out.shape[0]):
        out[i] = pavement_friction(speed[i], film_mm[i], tread_mm[i])


def road_friction(surface: str, speed_mps: Any = 0.0, film_mm: Any = 0.0, tread_mm: Any = NEW_TREAD_MM) -> Any:
    """Peak friction coefficients of tyres on a surface, shaped like the three quantities broadcast together.

    Args:
        surface: `asphalt`, `concrete` (Bosch's table), or a name of `SURFACE_FRICTION`.
        speed_mps: scalar or array.
        film_mm: water above the texture, likewise; it matters on pavement only.
        tread_mm: depth of tread, likewise.

    Raises:
        OddRoadError: for a surface there is not.
    """
    speed, film, tread = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (speed_mps, film_mm, tread_mm)))
    if surface in SURFACE_FRICTION:
        return np.full(speed.shape, SURFACE_FRICTION[surface])
    if surface not in ("asphalt", "concrete"):
        known = ", ".join(["asphalt", "concrete", *SURFACE_FRICTION])
        raise OddRoadError(f"no friction is known of the surface {surface!r}; there are: {known}")
    out = np.empty(speed.size)
    _fill(*(v.flatten() for v in (speed, film, tread)), out)  # copies: views of a broadcast are not to be written
    return out.reshape(speed.shape)


def hydroplaning_speed(pressure_pa: Any) -> Any:
    """Speed in m/s at which a smooth tyre of this inflation pressure floats on standing water.

    10.35 sqrt(psi) mph: W. B. Horne, R. C. Dreher, NASA TN D-2056 (1963).
    """
    return 10.35 * np.sqrt(np.asarray(pressure_pa, np.float64) / PSI_PA) * MPH


def stopping_distance(
    speed_mps: Any, friction: Any = HIGHWAY_CODE_FRICTION, reaction_s: float = HIGHWAY_CODE_REACTION_S
) -> NDArray[np.float64]:
    """Metres from seeing a danger to the stand, v t + v^2 / (2 mu g), on the level. Defaults: The Highway Code's."""
    v = np.asarray(speed_mps, np.float64)
    return np.asarray(v * reaction_s + v * v / (2.0 * np.asarray(friction) * GRAVITY_MPS2))
