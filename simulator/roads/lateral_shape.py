"""What a road's surface rises above its plane, across the road: its `shape`, and its `crossfall`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.roads.polynomial import NO_PROFILE, Array, ProfileRows, evaluate


class Relief(NamedTuple):
    """Height (N,) above the plane of the road, and its slopes along s and t."""

    height: Array
    along: Array
    across: Array


class LateralShape:
    """Height over t by cubics, blended linearly between the stations given (ASAM OpenDRIVE 1.7, 8.4.3).

    Args:
        entries: (K, 6) s, t, a, b, c, d; entries with equal s form one cross-section, ascending in t.
    """

    def __init__(self, entries: Array) -> None:
        entries = entries[np.lexsort((entries[:, 1], entries[:, 0]))]
        self._stations = np.unique(entries[:, 0])
        self._rows = ProfileRows.build([entries[entries[:, 0] == s, 1:] for s in self._stations])

    def relief(self, s: Array, t: Array) -> Relief:
        """Height and slopes (N,) at road coordinates s, t (N,)."""
        last = len(self._stations) - 1
        low = np.clip(np.searchsorted(self._stations, s, side="right") - 1, 0, last)
        high = np.minimum(low + 1, last)
        gap = self._stations[high] - self._stations[low]
        rate = np.where(gap > 0, 1.0 / np.where(gap > 0, gap, 1.0), 0.0)
        part = np.clip((s - self._stations[low]) * rate, 0.0, 1.0)
        (start, slope), (end, end_slope) = self._rows.evaluate(low, t), self._rows.evaluate(high, t)
        inside = (s >= self._stations[low]) & (gap > 0)
        return Relief(
            start + part * (end - start),
            np.where(inside, rate * (end - start), 0.0),
            slope + part * (end_slope - slope),
        )


class Crossfall:
    """Slopes of the two halves of a road, of OpenDRIVE 1.4 and 1.5: positive where the surface falls outwards.

    Args:
        left, right: (K, 5) cubics of the angle in rad over s.
    """

    def __init__(self, left: Array = NO_PROFILE, right: Array = NO_PROFILE) -> None:
        self._left, self._right = left, right

    def relief(self, s: Array, t: Array) -> Relief:
        """Height and slopes (N,) at road coordinates s, t (N,)."""
        (left, d_left), (right, d_right) = evaluate(self._left, s), evaluate(self._right, s)
        angle, rate = np.where(t >= 0.0, left, right), np.where(t >= 0.0, d_left, d_right)
        slope = np.tan(angle)
        return Relief(-slope * np.abs(t), -(1.0 + slope * slope) * rate * np.abs(t), -np.sign(t) * slope)
