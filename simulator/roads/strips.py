"""A lane of a lane section as pieces that are one formula each, for many stations in one numpy call.

What these cannot say has no piece: lateral shapes, level lanes beside banked ones, raised lanes, lanes without width,
banks that change. There `ScalarRoad` answers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.roads.polynomial import Array, Index
from simulator.roads.reference import line_points
from simulator.roads.road import Road

# Columns of the table: start and end of the piece; the row of the reference line; roll; and over the distance from the
# start of the piece the cubics of z and of t of the lane's middle.
_START, _END, _LINE, _ROLL, _HEIGHT, _MIDDLE = 0, 1, slice(2, 9), 9, slice(10, 14), slice(14, 18)
_NARROW_M = 1e-3  # there is no piece where a lane may be narrower


class StripPoints(NamedTuple):
    """The road at stations (N,): reference line (m, rad, 1/m), dz/ds, roll, and t and dt/ds of the lane's middle."""

    x: Array
    y: Array
    heading: Array
    curvature: Array
    z: Array
    grade: Array
    roll: Array
    middle: Array
    slope: Array


class LaneStrip:
    """A lane of a lane section.

    Attributes:
        starts, ends: (K,) stations of its pieces.
    """

    def __init__(self, road: Road, section: int, lane: int) -> None:
        self._cubics = road.line.cubic_table
        self._table = _pieces(road, section, lane)
        self.starts, self.ends = self._table[:, _START], self._table[:, _END]

    def points(self, pieces: Index, s: Array) -> StripPoints:
        """The road at stations s (N,) of pieces (N,)."""
        table = self._table[pieces]
        ds = s - table[:, _START]
        (z, grade), (middle, slope) = (_cubic(table[:, part], ds) for part in (_HEIGHT, _MIDDLE))
        line = line_points(table[:, _LINE], s, self._cubics)
        return StripPoints(*line, z, grade, table[:, _ROLL], middle, slope)


def _cubic(c: Array, ds: Array) -> tuple[Array, Array]:
    """Values and slopes (N,) of cubics (N, 4)."""
    return c[:, 0] + ds * (c[:, 1] + ds * (c[:, 2] + ds * c[:, 3])), c[:, 1] + ds * (2.0 * c[:, 2] + 3.0 * c[:, 3] * ds)


def _pieces(road: Road, section: int, lane: int) -> Array:
    """(K, 18) the table of a lane."""
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
    start, end = cuts[:-1], cuts[1:]
    height, roll, edge = (_from(profile, start) for profile in profiles)
    is_plain, within = ~roll[:, 1:].any(axis=1), edge
    for each in inner:
        within, side = edge, np.sign(each.id)
        if len(each.borders):
            edge = _from(each.borders, start - here.s0)
        elif len(each.widths):
            edge = within + side * _from(each.widths, start - here.s0)
        else:
            return np.zeros((0, _MIDDLE.stop))
    if inner:
        is_plain &= _least(side * (edge - within), end - start) >= _NARROW_M
    table = road.line.table
    lines = table[np.maximum(np.searchsorted(table[:, 0], start, side="right") - 1, 0)]
    rows = [start, end, *lines.T, roll[:, 0], *height.T, *(0.5 * (within + edge)).T]
    return np.stack(rows, axis=1)[is_plain]


def _from(profile: Array, s: Array) -> Array:
    """(N, 4) the cubics of a (K, 5) profile that are in force at stations s (N,), over the distance from there."""
    index = np.searchsorted(profile[:, 0], s, side="right") - 1
    found = np.zeros((len(s), 4))
    on = index >= 0
    start, a, b, c, d = profile[index[on]].T
    h = s[on] - start
    found[on] = np.stack([a + h * (b + h * (c + h * d)), b + h * (2.0 * c + 3.0 * h * d), c + 3.0 * h * d, d], axis=1)
    return found


def _least(c: Array, length: Array) -> Array:
    """(N,) lower bounds of cubics c (N, 4) over 0 to `length` (N,): the least of their Bernstein coefficients."""
    a, b, e, f = c.T * np.stack([np.ones_like(length), length, length**2, length**3])
    return np.asarray(np.min([a, a + b / 3.0, a + (2.0 * b + e) / 3.0, a + b + e + f], axis=0))
