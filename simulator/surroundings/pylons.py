"""Lattice towers of high-voltage lines.

Their conductors are a fifth of a pixel thick where they may stand: one ray a pixel would make loose dots of them.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from simulator.scene.mesh import Mesh
from simulator.surroundings.shapes import F64, joined, stalks

# A tower of the Danube type for two circuits of 380 kV: three conductors of each, two on the lower arm; metres.
_HEIGHT_M = 52.0
_LEVELS_M = (0.0, 9.0, 17.0, 24.0, 30.0, 36.0, 42.0, _HEIGHT_M)
_HALF_M = (4.2, 3.3, 2.5, 1.8, 1.3, 1.1, 0.9, 0.1)
_ARMS_M = ((30.0, 14.5, (7.5, 14.0)), (42.0, 9.5, (9.0,)))  # height, reach, and where conductors hang from insulators
_INSULATOR_M = 4.0


@cache
def tower() -> Mesh:
    """A tower at the origin whose line runs along x."""
    corner = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    rings = np.array([np.column_stack([half * corner, np.full(4, z)]) for z, half in zip(_LEVELS_M, _HALF_M)])
    bars: list[tuple[F64, F64]] = []
    for low, high in pairwise(rings):
        for k in range(4):
            bars += [(low[k], high[(k + 1) % 4]), (low[(k + 1) % 4], high[k]), (high[k], high[(k + 1) % 4])]
    for z, reach, hung in _ARMS_M:
        half = float(np.interp(z, _LEVELS_M, _HALF_M))
        for side in (-1.0, 1.0):
            tip = np.array([0.0, side * reach, z])
            for x in (-half, half):
                foot = np.array([x, side * half, z])
                bars += [(foot, tip), (foot + [0.0, 0.0, 3.0], tip)]
            bars += [(np.array([0.0, side * y, z]), np.array([0.0, side * y, z - _INSULATOR_M])) for y in hung]
    thin = stalks(np.array(bars), np.full((len(bars), 2), 0.055), 3)
    legs = stalks(np.moveaxis(rings, 0, 1), np.full((4, len(rings)), 0.13), 4)
    return joined([thin, legs])
