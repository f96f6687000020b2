"""The `shape` of a road's cross-section: height over t by cubics, blended linearly between the stations given."""

from __future__ import annotations

import numpy as np

from simulator.roads.polynomial import Array, ProfileRows


class LateralShape:
    """Height above the plane of the road (ASAM OpenDRIVE 1.7, 8.4.3).

    Args:
        entries: (K, 6) s, t, a, b, c, d; entries with equal s form one cross-section, ascending in t.
    """

    def __init__(self, entries: Array) -> None:
        entries = entries[np.lexsort((entries[:, 1], entries[:, 0]))]
        self._stations = np.unique(entries[:, 0])
        self._rows = ProfileRows.build([entries[entries[:, 0] == s, 1:] for s in self._stations])

    def height(self, s: Array, t: Array) -> Array:
        """Height (N,) at road coordinates s, t (N,)."""
        last = len(self._stations) - 1
        low = np.clip(np.searchsorted(self._stations, s, side="right") - 1, 0, last)
        high = np.minimum(low + 1, last)
        gap = self._stations[high] - self._stations[low]
        part = np.clip((s - self._stations[low]) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
        start, end = self._rows.evaluate(low, t)[0], self._rows.evaluate(high, t)[0]
        return start + part * (end - start)
