"""What tyres roll on, place by place: a road that the weather has made wet or white, and patches of ice, oil, water."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.friction import NEW_TREAD_MM, pavement_friction
from simulator.numerics.jit import kernel

CELL_M = 0.1  # less than half as long as a tyre touches the road
Array = NDArray[np.float64]

PATCH_DTYPE = np.dtype(
    [
        ("x", np.float64),  # m, of the corner of its first cell
        ("y", np.float64),
        ("columns", np.int64),
        ("rows", np.int64),
        ("first", np.int64),  # of its cells, row by row
        ("friction", np.float64),  # 0: as film and speed give on pavement
        ("film", np.float64),  # mm
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A slippery place on the road.

    Attributes:
        low: (2,) world x and y of the corner of the first cell, m.
        covered: (rows, columns) along y and x, cells of `CELL_M` that it covers.
        friction: peak friction of tyres on it; 0: that of pavement under `film_mm` of water, by speed.
        film_mm: see above.
    """

    low: Array
    covered: NDArray[np.bool_]
    friction: float = 0.0
    film_mm: float = 0.0


class Surface(NamedTuple):
    """The ground of a drive, for kernels.

    Attributes:
        friction: of the road under its weather; 0: as film and speed give on pavement.
        film: mm of water above its texture.
        factor: on all friction.
        patches: PATCH_DTYPE, in the frame of whoever asks.
        cells: bool, of all patches.
    """

    friction: float
    film: float
    factor: float
    patches: NDArray[np.void]
    cells: NDArray[np.bool_]


def surface(
    patches: Sequence[Patch] = (),
    origin: Array | None = None,
    *,
    friction: float = 0.0,
    film_mm: float = 0.0,
    factor: float = 1.0,
) -> Surface:
    """The ground of a drive.

    Args:
        patches: places that are more slippery than the rest.
        origin: (>= 2,) of the frame in which `friction_at` is asked; None: the world's.
        friction, film_mm, factor: of all the rest, see Surface.
    """
    rows = np.zeros(len(patches), PATCH_DTYPE)
    east, north = (0.0, 0.0) if origin is None else (float(origin[0]), float(origin[1]))
    first = 0
    for row, patch in zip(rows, patches):
        row["x"], row["y"] = patch.low[0] - east, patch.low[1] - north
        row["rows"], row["columns"] = patch.covered.shape
        row["first"], row["friction"], row["film"] = first, patch.friction, patch.film_mm
        first += patch.covered.size
    cells = [patch.covered.ravel() for patch in patches]
    return Surface(friction, film_mm, factor, rows, np.concatenate([np.zeros(0, np.bool_), *cells]))


@kernel
def friction_at(surface, x, y, speed):
    """Peak friction of a tyre at a place: that of the road, or less on a patch.

    Args:
        surface: Surface.
        x, y: m, in its frame.
        speed: m/s.
    """
    lowest = surface.friction
    if lowest <= 0.0:
        lowest = pavement_friction(speed, surface.film, NEW_TREAD_MM)
    for k in range(surface.patches.shape[0]):
        patch = surface.patches[k]
        column, row = int(np.floor((x - patch.x) / CELL_M)), int(np.floor((y - patch.y) / CELL_M))
        if not (0 <= column < patch.columns and 0 <= row < patch.rows):
            continue
        if surface.cells[patch.first + row * patch.columns + column]:
            slippery = patch.friction
            if slippery <= 0.0:
                slippery = pavement_friction(speed, patch.film, NEW_TREAD_MM)
            lowest = min(lowest, slippery)
    return surface.factor * lowest


@kernel
def friction_sides(surface, x, y, yaw, wheelbase, track, speed):
    """Means of the peak friction under the left and under the right wheels of a vehicle.

    Args:
        surface: Surface.
        x, y, yaw: of the middle of its rear axle, in its frame.
        wheelbase, track: m; 0: two wheels, or one.
        speed: m/s.
    """
    cos, sin = np.cos(yaw), np.sin(yaw)
    if surface.patches.shape[0] == 0:
        everywhere = friction_at(surface, x, y, speed)
        return everywhere, everywhere
    left = right = 0.0
    for k in range(4):
        along, beside = (0.0 if k < 2 else wheelbase), (0.5 if k % 2 == 0 else -0.5) * track
        mu = friction_at(surface, x + along * cos - beside * sin, y + along * sin + beside * cos, speed)
        left, right = left + 0.5 * mu * (k % 2 == 0), right + 0.5 * mu * (k % 2 == 1)
    return left, right
