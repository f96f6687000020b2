"""Piecewise cubic profiles, evaluated for many stations at once.

OpenDRIVE writes elevation, superelevation, lane offset and lane width as lists of cubics
`a + b ds + c ds^2 + d ds^3`, each valid from its own start until the next one (ASAM OpenDRIVE 1.7, 8.4, 11.4).
Here such a list is a (K, 5) float64 array with the columns start, a, b, c, d, ascending in start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

NO_PROFILE: Array = np.zeros((1, 5))
NO_PROFILE.flags.writeable = False


def cubic(start: float, a: float, b: float = 0.0, c: float = 0.0, d: float = 0.0) -> Array:
    """(1, 5) profile of a single cubic."""
    return np.array([[start, a, b, c, d]], np.float64)


def evaluate(profile: Array, s: ArrayLike, pick: Array | None = None) -> tuple[Array, Array]:
    """Value and slope of a (K, 5) profile at stations s (N,); before its first start a profile is zero.

    `pick` (N,): stations that choose the cubics instead of s; a hair before s it gives the limit from the left.
    """
    s = np.asarray(s, np.float64)
    if profile is NO_PROFILE:
        return np.zeros_like(s), np.zeros_like(s)
    pick = s if pick is None else pick
    if len(profile) == 1:  # the usual case, for which there is nothing to look up
        value, slope = _cubics(profile[0], s)
        before = pick < profile[0, 0]
    else:
        index = np.searchsorted(profile[:, 0], pick, side="right") - 1
        value, slope = _cubics(profile[np.maximum(index, 0)], s)
        before = index < 0
    if before.any():
        value, slope = np.where(before, 0.0, value), np.where(before, 0.0, slope)
    return value, slope


def hermite(s: Array, value: Array, slope: Array) -> Array:
    """(N - 1, 5) profile through values (N,) with slopes (N,) at ascending stations s (N,)."""
    length, rise = np.diff(s), np.diff(value)
    c = (3.0 * rise / length - 2.0 * slope[:-1] - slope[1:]) / length
    d = (slope[:-1] + slope[1:] - 2.0 * rise / length) / length**2
    return np.stack([s[:-1], value[:-1], slope[:-1], c, d], axis=1)


def slope_rate(profile: Array, s: Array) -> Array:
    """Second derivative of a (K, 5) profile at stations s (N,); before its first start zero."""
    index = np.searchsorted(profile[:, 0], s, side="right") - 1
    rows = profile[np.maximum(index, 0)]
    return np.where(index < 0, 0.0, 2.0 * rows[:, 3] + 6.0 * rows[:, 4] * (s - rows[:, 0]))


def going_on(profile: Array, s: float) -> Array:
    """The rest of a (K, 5) profile from s on, as a profile that starts there."""
    later = profile[profile[:, 0] > s] - [s, 0.0, 0.0, 0.0, 0.0]
    now = profile[profile[:, 0] <= s][-1:]
    if not len(now):
        return np.asarray(later)
    (start, a, b, c, d) = now[0].tolist()
    h = s - start
    row = [0.0, a + h * (b + h * (c + h * d)), b + h * (2.0 * c + 3.0 * h * d), c + 3.0 * h * d, d]
    return np.concatenate([[row], later])


def _cubics(rows: Array, s: Array) -> tuple[Array, Array]:
    ds = s - rows[..., 0]
    a, b, c, d = rows[..., 1], rows[..., 2], rows[..., 3], rows[..., 4]
    return a + ds * (b + ds * (c + ds * d)), b + ds * (2.0 * c + ds * 3.0 * d)


@dataclass(frozen=True, slots=True, eq=False)
class ProfileRows:
    """Many profiles in one table, so that each query may name another profile.

    Attributes:
        first: (R + 1,) index of each row's first table line; row r owns lines first[r]:first[r + 1] (at least one,
            except for absent rows, which evaluate to zero).
        table: (P, columns) lines; column 0 is the start, ascending within a row.
        longest: most lines of any row.
    """

    first: Index
    table: Array
    longest: int

    @staticmethod
    def build(profiles: Sequence[Array | None], columns: int = 5) -> ProfileRows:
        """Table of a sequence of (K, columns) profiles; None or empty: absent."""
        counts = np.fromiter((0 if p is None else len(p) for p in profiles), np.int64, len(profiles))
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        present = [p for p in profiles if p is not None and len(p)]
        table = np.concatenate(present) if present else np.zeros((0, columns))
        return ProfileRows(first, table, int(counts.max(initial=0)))

    @staticmethod
    def joined(parts: Sequence[ProfileRows]) -> ProfileRows:
        """The rows of all parts, one part after the other."""
        before = np.cumsum([0, *(len(part.table) for part in parts)])
        first = np.concatenate([*(part.first[:-1] + size for part, size in zip(parts, before)), before[-1:]])
        longest = max((part.longest for part in parts), default=0)
        return ProfileRows(first.astype(np.int64), np.concatenate([part.table for part in parts]), longest)

    def present(self, rows: Index) -> NDArray[np.bool_]:
        """Whether each row (N,) has any line; negative rows have none."""
        safe = np.maximum(rows, 0)
        return np.asarray((rows >= 0) & (self.first[safe + 1] > self.first[safe]))

    def lines(self, rows: Index, s: Array) -> tuple[Index, NDArray[np.bool_]]:
        """Table line (N,) in force at s for each row (N,), and whether there is one (else the line is 0)."""
        if not len(self.table):
            return np.zeros(len(rows), np.int64), np.zeros(len(rows), np.bool_)
        safe = np.maximum(rows, 0)
        low, high = self.first[safe], self.first[safe + 1] - 1
        valid = (rows >= 0) & (high >= low)
        low, high = np.where(valid, low, 0), np.where(valid, high, 0)
        for _ in range(max(self.longest - 1, 0).bit_length()):  # binary search of all rows together
            middle = (low + high + 1) // 2
            right = self.table[middle, 0] <= s
            low, high = np.where(right, middle, low), np.where(right, high, np.maximum(middle - 1, low))
        return low, valid

    def evaluate(self, rows: Index, s: Array) -> tuple[Array, Array]:
        """Value and slope (N,) of cubic rows (N,) at stations s (N,); absent rows give zero."""
        line, valid = self.lines(rows, s)
        if not len(self.table):
            return np.zeros(len(rows)), np.zeros(len(rows))
        value, slope = _cubics(self.table[line], s)
        return np.where(valid, value, 0.0), np.where(valid, slope, 0.0)
