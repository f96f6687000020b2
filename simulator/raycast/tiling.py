"""Which rays form a tile of those that run side by side (see `stream`)."""

from __future__ import annotations

import math
from typing import NamedTuple

from simulator.numerics.jit import kernel
from simulator.numerics.memory import store_int
from simulator.numerics.simd import LANES
from simulator.raycast.layout import F32
from simulator.raycast.tile import spacing

GROUPS = 8
STREAM = GROUPS * LANES  # rays of a tile


class Tiling(NamedTuple):
    """How rays in row-major order form tiles `8 << shift` columns wide, of `GROUPS` groups."""

    rows: int
    columns: int
    shift: int


def tiling_of(directions: F32) -> Tiling:
    """Tiles for (rows, columns, 3) directions, about as wide as high in angle."""
    rows, columns = directions.shape[:2]
    if rows == 1 or columns == 1:
        return Tiling(rows, columns, 3 if rows == 1 else 0)
    across, along = spacing(directions)
    if not (math.isfinite(across) and math.isfinite(along)):
        return Tiling(rows, columns, 0)
    # A tile of shift k is LANES << k columns by GROUPS >> k rows: 4 ** k times as wide as high.
    return Tiling(rows, columns, min(max(round(math.log(max(along, 1e-9) / max(across, 1e-9), 4)), 0), 3))


@kernel(inline=True)
def tile_count(tiling):
    """Number of tiles."""
    wide, high = LANES << tiling.shift, GROUPS >> tiling.shift
    return ((tiling.columns + wide - 1) // wide) * ((tiling.rows + high - 1) // high)


@kernel(inline=True)
def number_tile(tiling, tile, numbers):
    """Write the numbers of the rays of a tile; returns how many there are, before which no other ray is repeated."""
    rows, columns, shift = tiling
    wide, high = LANES << shift, GROUPS >> shift
    across = (columns + wide - 1) // wide
    row, column = (tile // across) * high, (tile % across) * wide
    for down in range(high):
        first = min(row + down, rows - 1) * columns
        for beside in range(wide):
            store_int(numbers, down * wide + beside, first + min(column + beside, columns - 1))
    return min(STREAM, columns - column) if rows == 1 else STREAM
