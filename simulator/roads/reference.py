"""The reference line of a road: lines, arcs, Euler spirals and cubics, evaluated by arc length.

Straight lines and arcs are closed forms. A spiral (curvature linear in s) is cut into pieces that turn by at
most half a radian; within a piece the Fresnel-type integrals of cos and sin of the heading are taken by a
12-point Gauss-Legendre rule, whose error there is below 1e-16 of the length. poly3 and paramPoly3 are
re-parametrised by arc length: a table of exact arc lengths at knots, Hermite interpolation between them, then
Newton steps on the arc-length integral. (ASAM OpenDRIVE 1.7, chapter 7.)
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import atan2, cos, hypot, sin

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Cubic = tuple[float, float, float, float]

_NODES, _WEIGHTS = (a.astype(np.float64) for a in np.polynomial.legendre.leggauss(12))
_NODES, _WEIGHTS = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS  # on [0, 1]
_RULE = list(zip(_NODES.tolist(), _WEIGHTS.tolist()))
_TURN_PER_PIECE_RAD = 0.5
_MAX_PIECES = 4096  # of one spiral: 2048 rad; checked by the reader
_KNOTS = 24  # arc-length knots of one cubic


@dataclass(frozen=True, slots=True)
class Geometry:
    """One element of a plan view.

    Attributes:
        kind: "line", "arc", "spiral", "poly3" or "paramPoly3".
        s: start on the road in metres; x, y, heading: start pose in the world (m, rad); length: arc length in m.
        curvature_start, curvature_end: 1/m, of lines (0), arcs and spirals.
        u, v: (a, b, c, d) of paramPoly3 in its local frame; poly3 has u = (0, 1, 0, 0).
        normalized: whether the parameter of paramPoly3 runs over [0, 1] instead of [0, length].
    """

    kind: str
    s: float
    x: float
    y: float
    heading: float
    length: float
    curvature_start: float = 0.0
    curvature_end: float = 0.0
    u: Cubic = (0.0, 1.0, 0.0, 0.0)
    v: Cubic = (0.0, 0.0, 0.0, 0.0)
    normalized: bool = False

    @property
    def is_cubic(self) -> bool:
        """Whether the element is a poly3 or paramPoly3."""
        return self.kind in ("poly3", "paramPoly3")

    @property
    def turn(self) -> float:
        """Upper bound of the total heading change of a line, arc or spiral in rad."""
        return max(abs(self.curvature_start), abs(self.curvature_end)) * self.length

    @property
    def too_curly(self) -> bool:
        """Whether the element turns more than the evaluation is made for (about 300 full circles)."""
        return self.kind == "spiral" and not self.turn <= _TURN_PER_PIECE_RAD * _MAX_PIECES


class ReferenceLine:
    """A chain of geometry elements as a function of s.

    Args:
        elements: at least one, ascending in s. Stations beyond the end of an element continue it (cubics: straight).

    Attributes:
        table: (P, 7) pieces that are one formula each: s, x, y, heading, curvature, slope of the curvature, number of
            the cubic in `cubics` or -1.
    """

    def __init__(self, elements: tuple[Geometry, ...]) -> None:
        self.elements = elements
        self.cubics = [Cubics(element) for element in elements if element.is_cubic]
        tables, cubics = [], 0
        for element in elements:
            tables.append(_pieces(element, cubics if element.is_cubic else -1))
            cubics += element.is_cubic
        self.table = np.concatenate(tables)

    @cached_property
    def breaks(self) -> Array:
        """(G,) starts of the elements in metres."""
        return np.array([element.s for element in self.elements])

    @cached_property
    def _rows(self) -> tuple[list[float], list[tuple[float, ...]]]:
        rows = [tuple(map(float, row)) for row in self.table]
        return [row[0] for row in rows], rows

    @cached_property
    def cubic_table(self) -> CubicTable:
        """Its cubics, evaluated together."""
        return CubicTable(self.cubics)

    def at(self, s: float) -> tuple[float, float, float, float]:
        """x, y, heading, curvature at one station: `evaluate` without the cost of a numpy call."""
        starts, rows = self._rows
        row = rows[max(bisect_right(starts, s) - 1, 0)]
        return _point(row, s - row[0], self.cubics)

    def evaluate(self, s: ArrayLike) -> tuple[Array, Array, Array, Array]:
        """x, y, heading, curvature (N,) at stations s (N,), in m, rad and 1/m; the heading is not wrapped."""
        s = np.atleast_1d(np.asarray(s, np.float64))
        index = np.maximum(np.searchsorted(self.table[:, 0], s, side="right") - 1, 0)
        return line_points(self.table[index], s, self.cubic_table)


def line_points(rows: Array, s: Array, cubics: CubicTable) -> tuple[Array, Array, Array, Array]:
    """`ReferenceLine.evaluate` at stations s (N,), each with the piece (N, 7) that it lies on."""
    du, k, slope = s - rows[:, 0], rows[:, 4], rows[:, 5]
    heading = rows[:, 3] + du * (k + 0.5 * slope * du)
    curvature = k + slope * du
    # A circular arc: its chord has the mean heading and the length du sinc(half the turn).
    half = 0.5 * k * du
    chord = du * np.sinc(half / np.pi)
    x = rows[:, 1] + chord * np.cos(rows[:, 3] + half)
    y = rows[:, 2] + chord * np.sin(rows[:, 3] + half)
    bent = (slope != 0.0).nonzero()[0]
    if bent.size:
        dx, dy = _spiral_displacement(rows[bent, 3], k[bent], slope[bent], du[bent])
        x[bent], y[bent] = rows[bent, 1] + dx, rows[bent, 2] + dy
    mine = (rows[:, 6] >= 0.0).nonzero()[0]
    if mine.size:
        x[mine], y[mine], heading[mine], curvature[mine] = cubics.evaluate(rows[mine, 6].astype(np.int64), du[mine])
    return x, y, heading, curvature


def _point(row: tuple[float, ...], du: float, cubics: list[Cubics]) -> tuple[float, float, float, float]:
    """`ReferenceLine.evaluate` for one row of the table, in plain floats."""
    _, x, y, start, k, slope, cubic = row
    if cubic >= 0.0:
        return cubics[int(cubic)].at(du)
    heading = start + du * (k + 0.5 * slope * du)
    if slope == 0.0:
        half = 0.5 * k * du
        chord = du * sin(half) / half if half else du
        return x + chord * cos(start + half), y + chord * sin(start + half), heading, k
    dx = dy = 0.0
    for node, weight in _RULE:
        u = du * node
        angle = start + u * (k + 0.5 * slope * u)
        dx += weight * cos(angle)
        dy += weight * sin(angle)
    return x + du * dx, y + du * dy, heading, k + slope * du


def _spiral_displacement(heading: Array, k: Array, slope: Array, du: Array) -> tuple[Array, Array]:
    u = du[:, None] * _NODES
    angle = heading[:, None] + u * (k[:, None] + 0.5 * slope[:, None] * u)
    return du * (np.cos(angle) @ _WEIGHTS), du * (np.sin(angle) @ _WEIGHTS)


def _pieces(element: Geometry, cubic: int) -> Array:
    """Rows of the evaluation table for one element: one, or as many as a spiral needs."""
    e = element
    slope = (e.curvature_end - e.curvature_start) / e.length if e.length > 0 else 0.0
    if slope == 0.0 or e.is_cubic:
        return np.array([[e.s, e.x, e.y, e.heading, 0.0 if e.is_cubic else e.curvature_start, 0.0, cubic]])
    count = min(max(int(np.ceil(e.turn / _TURN_PER_PIECE_RAD)), 1), _MAX_PIECES)
    start = np.linspace(0.0, e.length, count + 1)[:-1]
    k = e.curvature_start + slope * start
    heading = e.heading + start * (e.curvature_start + 0.5 * slope * start)
    dx, dy = _spiral_displacement(heading, k, np.full(count, slope), np.full(count, e.length / count))
    x = e.x + np.concatenate([[0.0], np.cumsum(dx)[:-1]])
    y = e.y + np.concatenate([[0.0], np.cumsum(dy)[:-1]])
    return np.stack([e.s + start, x, y, heading, k, np.full(count, slope), np.full(count, -1.0)], axis=1)


def arc_length(u: Cubic, v: Cubic, end: float) -> float:
    """Length of the curve (u(p), v(p)) of two cubics (a, b, c, d) from p = 0 to `end`."""
    curve = Cubics(Geometry("paramPoly3", 0.0, 0.0, 0.0, 0.0, 0.0, u=u, v=v, normalized=True), end)
    return float(curve.lengths[-1])


class Cubics:
    """A poly3 or paramPoly3 in its local frame, as a function of arc length.

    A curve whose own length differs from the `length` in the file is stretched in s, so that the element still
    ends where its coefficients end (poly3 has no such end: there the arc length is taken as it is).
    """

    def __init__(self, element: Geometry, end: float | None = None) -> None:
        self.element = element
        self.u, self.v = np.array(element.u), np.array(element.v)
        if end is None:
            end = 1.0 if element.normalized else element.length
        self.knots = np.linspace(0.0, end, _KNOTS + 1)
        step = np.diff(self.knots)
        p = self.knots[:-1, None] + step[:, None] * _NODES
        speed = np.hypot(_slope(self.u, p), _slope(self.v, p))
        self.lengths = np.concatenate([[0.0], np.cumsum(step * (speed @ _WEIGHTS))])
        stretch = element.kind == "paramPoly3" and element.length > 0.0 and self.lengths[-1] > 0.0
        self.scale = float(self.lengths[-1] / element.length) if stretch else 1.0

    @cached_property
    def _plain(self) -> tuple[list[float], list[float], Cubic, Cubic, float, float]:
        """Knots, arc lengths there, coefficients, cos and sin of the heading, as Python numbers."""
        u, v = (tuple(map(float, c)) for c in (self.u, self.v))
        heading = self.element.heading
        return self.knots.tolist(), self.lengths.tolist(), u, v, cos(heading), sin(heading)  # type: ignore[return-value]  # four each

    def at(self, ds: float) -> tuple[float, float, float, float]:
        """`evaluate` for one distance, in plain floats."""
        knots, lengths, (u0, u1, u2, u3), (v0, v1, v2, v3), c, n = self._plain
        arc = ds * self.scale
        inside = min(max(arc, 0.0), lengths[-1])
        k = min(max(bisect_right(lengths, inside) - 1, 0), _KNOTS - 1)
        p0, p1, l0, l1 = knots[k], knots[k + 1], lengths[k], lengths[k + 1]
        p = p0 + (p1 - p0) * (inside - l0) / max(l1 - l0, 1e-300)
        for _ in range(6):
            step, length = p - p0, 0.0
            for node, weight in _RULE:
                q = p0 + step * node
                length += weight * hypot(u1 + q * (2.0 * u2 + 3.0 * q * u3), v1 + q * (2.0 * v2 + 3.0 * q * v3))
            error = l0 + step * length - inside
            if abs(error) < 1e-11 * max(1.0, lengths[-1]):
                break
            speed = hypot(u1 + p * (2.0 * u2 + 3.0 * p * u3), v1 + p * (2.0 * v2 + 3.0 * p * v3))
            p = min(max(p - error / max(speed, 1e-12), p0), p1)
        x, y = u0 + p * (u1 + p * (u2 + p * u3)), v0 + p * (v1 + p * (v2 + p * v3))
        dx, dy = u1 + p * (2.0 * u2 + 3.0 * p * u3), v1 + p * (2.0 * v2 + 3.0 * p * v3)
        speed = max(hypot(dx, dy), 1e-12)
        curvature = (dx * (2.0 * v2 + 6.0 * v3 * p) - dy * (2.0 * u2 + 6.0 * u3 * p)) / speed**3
        over = arc - inside
        x, y = x + over * dx / speed, y + over * dy / speed
        e = self.element
        return e.x + x * c - y * n, e.y + x * n + y * c, e.heading + atan2(dy, dx), curvature


class CubicTable:
    """Any number of cubics, evaluated together."""

    def __init__(self, cubics: Sequence[Cubics]) -> None:
        self._u, self._v = (np.array([c.u if k == 0 else c.v for c in cubics]).reshape(-1, 4) for k in (0, 1))
        self._knots = np.array([c.knots for c in cubics]).reshape(-1, _KNOTS + 1)
        self._lengths = np.array([c.lengths for c in cubics]).reshape(-1, _KNOTS + 1)
        self._scale = np.array([c.scale for c in cubics])
        self._start = np.array([(c.element.x, c.element.y, c.element.heading) for c in cubics]).reshape(-1, 3)
        # Metres per parameter at the knots.
        self._pace = np.hypot(_slope(self._u[:, None], self._knots), _slope(self._v[:, None], self._knots))
        # Knots of all cubics in one ascending row, each cubic beyond the end of the one before.
        self._span = 1.0 + float(self._lengths.max(initial=0.0))
        self._row = (self._lengths[:, :-1] + self._span * np.arange(len(cubics))[:, None]).ravel()

    def _parameter(self, number: Index, arc: Array) -> Array:
        """Parameter at arc length `arc` (N,), within the curves."""
        index = np.searchsorted(self._row, arc + self._span * number, side="right") - 1
        index = np.clip(index - _KNOTS * number, 0, _KNOTS - 1)
        p0, p1 = self._knots[number, index], self._knots[number, index + 1]
        l0, l1 = self._lengths[number, index], self._lengths[number, index + 1]
        u, v = self._u[number], self._v[number]
        nodes_u, nodes_v = u[:, None, :], v[:, None, :]
        near = 1e-7 * np.maximum(1.0, self._lengths[number, -1])  # squared by the Newton step
        # The first guess is the cubic through the knots with the right slopes there.
        span = np.maximum(l1 - l0, 1e-300)
        share, chord = (arc - l0) / span, p1 - p0
        d0, d1 = (span / np.maximum(self._pace[number, k], 1e-12) for k in (index, index + 1))
        p: Array = p0 + share * (
            chord * share * (3.0 - 2.0 * share) + (1.0 - share) * (d0 * (1.0 - share) - d1 * share)
        )
        p = np.minimum(np.maximum(p, p0), p1)
        for _ in range(6):
            step = p - p0
            q = p0[:, None] + step[:, None] * _NODES
            length = step * (np.hypot(_slope(nodes_u, q), _slope(nodes_v, q)) @ _WEIGHTS)
            error = l0 + length - arc
            p = p - error / np.maximum(np.hypot(_slope(u, p), _slope(v, p)), 1e-12)
            p = np.minimum(np.maximum(p, p0), p1)
            if (np.abs(error) < near).all():
                break
        return np.asarray(p)

    def evaluate(self, number: Index, ds: Array) -> tuple[Array, Array, Array, Array]:
        """x, y, heading, curvature (N,) in the world at distances ds (N,) from the start of cubics `number` (N,)."""
        arc = ds * self._scale[number]
        inside = np.minimum(np.maximum(arc, 0.0), self._lengths[number, -1])
        p = self._parameter(number, inside)
        u, v = self._u[number], self._v[number]
        du, dv = _slope(u, p), _slope(v, p)
        ddu, ddv = 2 * u[:, 2] + 6 * u[:, 3] * p, 2 * v[:, 2] + 6 * v[:, 3] * p
        speed = np.maximum(np.hypot(du, dv), 1e-12)
        curvature = (du * ddv - dv * ddu) / speed**3
        over = arc - inside  # beyond the ends: straight on
        ahead, left = _value(u, p) + over * du / speed, _value(v, p) + over * dv / speed
        x, y, heading = self._start[number].T
        cos, sin = np.cos(heading), np.sin(heading)
        return x + ahead * cos - left * sin, y + ahead * sin + left * cos, heading + np.arctan2(dv, du), curvature


def _value(c: Array, p: Array) -> Array:
    """Cubics (..., 4) at parameters p (...)."""
    return np.asarray(c[..., 0] + p * (c[..., 1] + p * (c[..., 2] + p * c[..., 3])))


def _slope(c: Array, p: Array) -> Array:
    """Their derivatives."""
    return np.asarray(c[..., 1] + p * (2.0 * c[..., 2] + p * (3.0 * c[..., 3])))
