"""Which directions of the sky's fan points of a grid ask about, and which they take from the points around them."""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.sensors.shading.paths import looks_along
from simulator.sensors.shading.skylight import alike
from simulator.sensors.shading.vector import HALF, ZERO

# What is known of the sky in a direction: nothing, for it is not looked at; it is to be asked; free; hidden.
NOT_SEEN, ASKED, FREE, HIDDEN = 0, 1, 2, 3


@kernel
def ask_even_rows(start, stop, rows, points, columns, fan, state):
    """Write which directions points of even rows ask about: `state[start:stop]` (D * R,) uint8, of others NOT_SEEN.

    Args:
        start, stop: range of pairs of directions and points, direction after direction.
        rows: (R,) int32 of `points` (N,) POINT_DTYPE, which lie on a grid of so many `columns`.
        fan: (D, 3) float32 directions. state: result.
    """
    for q in range(start, stop):
        d, i = q // len(rows), rows[q % len(rows)]
        state[q] = NOT_SEEN
        if (i // columns) & 1 == 0 and looks_along(points[i], i, columns, fan, d) > ZERO:
            state[q] = ASKED


@kernel
def ask_odd_rows(start, stop, rows, places, points, columns, fan, known, state):
    """Write what points of odd rows know of the sky: what the four about them agree on, or that it is to be ASKED.

    The four are the next in both rows beside that look along the same directions; they must lie on the same surface.

    Args:
        start, stop, rows, points, columns, fan: as in `ask_even_rows`.
        places: (N,) int32 where points of the grid are in `rows`, -1: nowhere.
        known: (D * R,) uint8 what even rows know. state: (D * R,) uint8 result, for odd rows only.
    """
    count = len(rows)
    for q in range(start, stop):
        d, i = q // count, rows[q % count]
        y, x = i // columns, i % columns
        if y & 1 == 0 or looks_along(points[i], i, columns, fan, d) <= ZERO:
            continue
        found = np.uint8(ASKED)
        if 0 < x < columns - 1 and (y + 1) * columns < len(places):
            agree, first = True, np.uint8(NOT_SEEN)
            for corner in range(4):
                j = (y - 1 + (corner & 2)) * columns + x - 1 + 2 * (corner & 1)
                if places[j] < 0 or alike(points[i], points[j]) < HALF:
                    agree = False
                    break
                its = known[d * count + places[j]]
                first = its if corner == 0 else first
                agree = agree and its == first and its >= FREE
            if agree:
                found = first
        state[q] = found
