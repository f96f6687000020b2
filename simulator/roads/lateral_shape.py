"""What a road's surface rises above its plane, across the road: its `shape`, `crossSectionSurface` and `crossfall`."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from simulator.roads.polynomial import NO_PROFILE, Array, ProfileRows, evaluate
from simulator.roads.records import CrossSectionSurface, SurfaceStrip


class Relief(NamedTuple):
    """Height (N,) above the plane of the road, and its slopes along s and t."""

    height: Array
    along: Array
    across: Array


class LateralProfile(Protocol):
    """One way to say what a road's surface is like across."""

    def relief(self, s: Array, t: Array) -> Relief:
        """Height and slopes (N,) at road coordinates s, t (N,)."""
        ...

    def stations(self) -> Array:
        """Where the surface bends sharply along s."""
        ...

    def creases(self, s: Array) -> Array:
        """t (K, N) where the surface may bend sharply across, at stations s (N,)."""
        ...


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

    def stations(self) -> Array:
        """Where cross-sections are given."""
        return self._stations

    def creases(self, s: Array) -> Array:
        """t (K, N) where a cubic of any cross-section starts."""
        t = np.unique(self._rows.table[:, 0])
        return np.repeat(t[:, None], len(s), axis=1)


class StripSurface:
    """Strips to both sides of an offset (ASAM OpenDRIVE 1.8, <crossSectionSurface>); where there is none, 0.

    Beyond an inner strip that ends, without an outer one, its height goes on as it is at the edge.
    """

    def __init__(self, surface: CrossSectionSurface) -> None:
        self._offset = surface.offset
        by_id = {strip.id: strip for strip in surface.strips}
        self._sides = [(side, by_id.get(side), by_id.get(2 * side)) for side in (1, -1)]
        self._profiles = [surface.offset, *(table for x in surface.strips for table in (x.width, *x.powers))]

    def relief(self, s: Array, t: Array) -> Relief:
        """Height and slopes (N,) at road coordinates s, t (N,)."""
        offset, offset_rate = evaluate(self._offset, s)
        u = t - offset
        found = Relief(np.zeros_like(u), np.zeros_like(u), np.zeros_like(u))
        for side, inner, outer in self._sides:
            if inner is None:
                continue
            edge, edge_rate, outside = np.zeros_like(u), np.zeros_like(u), np.zeros(len(u), np.bool_)
            if len(inner.width):
                edge, edge_rate = (side * part for part in evaluate(inner.width, s))
                outside = side * u > side * edge
            part = _strip_relief(inner, s, np.where(outside, edge, u), np.where(outside, edge_rate, -offset_rate))
            part = part._replace(across=np.where(outside, 0.0, part.across))
            if outer is not None:
                beyond = _strip_relief(outer, s, u - edge, -offset_rate - edge_rate)
                if outer.mode == "relative":
                    beyond = Relief(*(a + b for a, b in zip(beyond, part)))
                part = Relief(*(np.where(outside, a, b) for a, b in zip(beyond, part)))
            here = (u >= 0.0) == (side > 0)
            found = Relief(*(np.where(here, a, b) for a, b in zip(part, found)))
        return found

    def stations(self) -> Array:
        """Where cubics along s start."""
        return np.unique(np.concatenate([table[:, 0] for table in self._profiles]))

    def creases(self, s: Array) -> Array:
        """t (K, N) of the edges of the inner strips."""
        offset = evaluate(self._offset, s)[0]
        ends = [offset + side * evaluate(x.width, s)[0] for side, x, _ in self._sides if x and len(x.width)]
        return np.stack([offset, *ends])


def _strip_relief(strip: SurfaceStrip, s: Array, t: Array, t_rate: Array | float) -> Relief:
    """Height of a strip at t from its inner edge, where t changes along s by `t_rate`."""
    factors, rates = zip(*(evaluate(table, s) if len(table) else (np.zeros_like(s),) * 2 for table in strip.powers))
    height, along = (c[0] + t * (c[1] + t * (c[2] + t * c[3])) for c in (factors, rates))
    across = factors[1] + t * (2.0 * factors[2] + 3.0 * t * factors[3])
    return Relief(height, along + across * t_rate, across)


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

    def stations(self) -> Array:
        """Where cubics along s start."""
        return np.unique(np.concatenate([self._left[:, 0], self._right[:, 0]]))

    def creases(self, s: Array) -> Array:
        """t (1, N) of the ridge: the reference line."""
        return np.zeros((1, len(s)))
