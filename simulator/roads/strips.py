"""Lanes of many roads in one table, so that poses of vehicles on any of them are one numpy call.

A strip is a lane of one lane section, cut into stretches on which its reference line, elevation, bank and middle are
one formula each. What these cannot say has no stretch: lateral shapes, level lanes beside banked ones, raised lanes,
lanes without width, banks that change. There `ScalarRoad` answers.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

import numpy as np

from simulator.roads.polynomial import Array, Index, going_on
from simulator.roads.records import Lane
from simulator.roads.reference import Cubics, CubicTable, line_points
from simulator.roads.road import Road

# Columns of the table: start and end of the stretch, number of the strip; the piece of the reference line; roll; and
# over the distance from the start of the stretch the cubics of z and of t of the lane's middle.
_START, _END, _STRIP, _LINE, _CUBIC, _ROLL = 0, 1, 2, slice(3, 10), 9, 10
_HEIGHT, _MIDDLE = slice(11, 15), slice(15, 19)
_NARROW_M = 1e-3  # there is no stretch where a lane may be narrower
_STEPS = 3  # so many stretches are passed at most in a step of a vehicle


class StripPoints(NamedTuple):
    """The road at stations (N,) of strips: reference line (m, rad, 1/m), dz/ds, roll, and t and dt/ds of the middle."""

    x: Array
    y: Array
    heading: Array
    curvature: Array
    z: Array
    grade: Array
    roll: Array
    middle: Array
    slope: Array


class LaneStrips:
    """A table of stretches that grows by the lanes that are asked for."""

    def __init__(self) -> None:
        self._strips: dict[tuple[Road, int, int], tuple[int, list[float], list[float]]] = {}
        self._parts: list[Array] = []
        self._cubics: list[Cubics] = []
        self._count = 0
        self._table = np.zeros((0, _MIDDLE.stop))
        self._cubic_table = CubicTable(())

    def row(self, road: Road, section: int, lane: int, s: float) -> int:
        """The stretch of a lane at s, -1: none."""
        key = road, section, lane
        first, starts, ends = self._strips.get(key) or self._add(key)
        k = bisect_right(starts, s) - 1
        return first + k if k >= 0 and s < ends[k] else -1

    def spans(self, road: Road, section: int, lane: int) -> list[tuple[int, float, float]]:
        """All stretches of a lane, as number, start and end."""
        key = road, section, lane
        first, starts, ends = self._strips.get(key) or self._add(key)
        return list(zip(range(first, first + len(starts)), starts, ends))

    def _add(self, key: tuple[Road, int, int]) -> tuple[int, list[float], list[float]]:
        road = key[0]
        part = _stretches(*key)
        part[:, _STRIP] = len(self._strips)
        part[part[:, _CUBIC] >= 0.0, _CUBIC] += len(self._cubics)
        self._cubics += road.line.cubics
        found = self._strips[key] = self._count, part[:, _START].tolist(), part[:, _END].tolist()
        self._parts.append(part)
        self._count += len(part)
        self._table, self._cubic_table = np.concatenate(self._parts), CubicTable(self._cubics)
        return found

    def moved(self, rows: Index, s: Array) -> Index:
        """The stretches (N,) at stations s (N,), near by on the strips of stretches `rows` (N,); -1 where none is."""
        table = self._table
        found = rows
        for _ in range(_STEPS):
            step = (s >= table[found, _END]).astype(np.int64) - (s < table[found, _START])
            if not step.any():
                break
            found = np.clip(found + step, 0, len(table) - 1)
        here = table[found]
        inside = (s >= here[:, _START]) & (s < here[:, _END]) & (here[:, _STRIP] == table[rows, _STRIP])
        return np.where(inside, found, -1)

    def points(self, rows: Index, s: Array) -> StripPoints:
        """The road at stations s (N,) of stretches (N,)."""
        table = self._table[rows]
        ds = s - table[:, _START]
        (z, grade), (middle, slope) = (_cubic(table[:, part], ds) for part in (_HEIGHT, _MIDDLE))
        line = line_points(table[:, _LINE], s, self._cubic_table)
        return StripPoints(*line, z, grade, table[:, _ROLL], middle, slope)


def _cubic(c: Array, ds: Array) -> tuple[Array, Array]:
    """Values and slopes (N,) of cubics (N, 4)."""
    return c[:, 0] + ds * (c[:, 1] + ds * (c[:, 2] + ds * c[:, 3])), c[:, 1] + ds * (2.0 * c[:, 2] + 3.0 * c[:, 3] * ds)


def _stretches(road: Road, section: int, lane: int) -> Array:
    """Rows of the table for one strip."""
    here = road.sections[section]
    side = 1 if lane > 0 else -1
    inner = sorted((each for each in here.lanes if 0 < each.id * side <= lane * side), key=lambda each: abs(each.id))
    known = lane == 0 or (inner and inner[-1].id == lane and not len(inner[-1].heights))
    if not known or road.reliefs or road.table.has_level:
        return np.zeros((0, _MIDDLE.stop))
    profiles = (road.elevation_profile, road.superelevation_profile, road.lane_offset_profile)
    breaks = [road.line.table[:, 0], *(profile[:, 0] for profile in profiles)]
    breaks += [here.s0 + rows[:, 0] for each in inner for rows in (each.widths, each.borders) if len(rows)]
    cuts = np.concatenate(breaks)
    cuts = np.unique([here.s0, *cuts[(cuts > here.s0) & (cuts < here.s1)], here.s1])
    rows = [_stretch(road, inner, here.s0, a, b) for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist())]
    return np.array([row for row in rows if row is not None]).reshape(-1, _MIDDLE.stop)


def _stretch(road: Road, lanes: list[Lane], s0: float, start: float, end: float) -> list[float] | None:
    """One row; `lanes` from the innermost to the one that is meant."""
    height, roll, edge = (
        _at(profile, start)
        for profile in (road.elevation_profile, road.superelevation_profile, road.lane_offset_profile)
    )
    if np.any(roll[1:]):
        return None
    within = edge
    for each in lanes:
        within = edge
        if len(each.borders):
            edge = _at(each.borders, start - s0)
        elif len(each.widths):
            edge = within + np.sign(each.id) * _at(each.widths, start - s0)
        else:
            return None
        if each is lanes[-1] and _least(np.sign(each.id) * (edge - within), end - start) < _NARROW_M:
            return None
    line = road.line.table[max(int(np.searchsorted(road.line.table[:, 0], start, side="right")) - 1, 0)]
    return [start, end, 0.0, *line, roll[0], *height, *(0.5 * (within + edge))]


def _at(profile: Array, s: float) -> Array:
    """(4,) the cubic of a (K, 5) profile that is in force at s, over the distance from there."""
    row = going_on(profile, s)[:1]
    return row[0, 1:] if len(row) and row[0, 0] <= 0.0 else np.zeros(4)


def _least(c: Array, length: float) -> float:
    """A lower bound of a cubic over 0 to `length`: the least of its Bernstein coefficients."""
    a, b, e, f = map(float, c * (1.0, length, length**2, length**3))
    return min(a, a + b / 3.0, a + (2.0 * b + e) / 3.0, a + b + e + f)
