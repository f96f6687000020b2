"""Heading, pitch and roll in plain floats (ISO 8855: about z, then y, then x)."""

from __future__ import annotations

from math import asin, atan2, cos, pi, sin, tau

Angles = tuple[float, float, float]
Matrix = tuple[float, float, float, float, float, float, float, float, float]


def wrap(angle: float) -> float:
    """The angle within [0, 2 pi)."""
    angle %= tau
    return angle if angle < tau else 0.0


def wrap_signed(angle: float) -> float:
    """The angle within (-pi, pi]."""
    angle = wrap(angle)
    return angle - tau if angle > pi else angle


def difference(a: float, b: float) -> float:
    """a - b within (-pi, pi]."""
    turn = a - b
    return turn if -pi < turn <= pi else wrap_signed(turn)


def is_forward(angle: float) -> bool:
    """Whether a heading relative to the road looks along s rather than against it."""
    angle = wrap(angle)
    return not 0.5 * pi < angle < 1.5 * pi


def sign(value: float) -> int:
    """-1 for negative numbers, else 1."""
    return -1 if value < 0.0 else 1


def matrix(h: float, p: float, r: float) -> Matrix:
    """Rotation matrix, row by row."""
    ch, sh, cp, sp, cr, sr = cos(h), sin(h), cos(p), sin(p), cos(r), sin(r)
    return (
        *(ch * cp, ch * sp * sr - sh * cr, ch * sp * cr + sh * sr),
        *(sh * cp, sh * sp * sr + ch * cr, sh * sp * cr - ch * sr),
        *(-sp, cp * sr, cp * cr),
    )


def rotate(h: float, p: float, r: float, v: Angles) -> Angles:
    """A vector of a body with these angles, in the world."""
    m = matrix(h, p, r)
    x, y, z = v
    return (
        m[0] * x + m[1] * y + m[2] * z,
        m[3] * x + m[4] * y + m[5] * z,
        m[6] * x + m[7] * y + m[8] * z,
    )


def compose(outer: Angles, inner: Angles) -> Angles:
    """Angles of a body that lies with angles `inner` in a frame with angles `outer`; the heading within [0, 2 pi)."""
    if not (outer[1] or outer[2] or inner[1] or inner[2]):
        return wrap(outer[0] + inner[0]), 0.0, 0.0
    a = matrix(*outer)
    if not (inner[1] or inner[2]):  # what drives on a slope only turns there
        c, n = cos(inner[0]), sin(inner[0])
        return _angles(a[0] * c + a[1] * n, a[3] * c + a[4] * n, a[6] * c + a[7] * n, a[7] * c - a[6] * n, a[8])
    b = matrix(*inner)
    return _angles(
        a[0] * b[0] + a[1] * b[3] + a[2] * b[6],
        a[3] * b[0] + a[4] * b[3] + a[5] * b[6],
        a[6] * b[0] + a[7] * b[3] + a[8] * b[6],
        a[6] * b[1] + a[7] * b[4] + a[8] * b[7],
        a[6] * b[2] + a[7] * b[5] + a[8] * b[8],
    )


def relative(outer: Angles, total: Angles) -> Angles:
    """The `inner` of `compose` that gives `total`."""
    if not (outer[1] or outer[2] or total[1] or total[2]):
        return wrap(total[0] - outer[0]), 0.0, 0.0
    a, b = matrix(*outer), matrix(*total)
    return _angles(
        a[0] * b[0] + a[3] * b[3] + a[6] * b[6],
        a[1] * b[0] + a[4] * b[3] + a[7] * b[6],
        a[2] * b[0] + a[5] * b[3] + a[8] * b[6],
        a[2] * b[1] + a[5] * b[4] + a[8] * b[7],
        a[2] * b[2] + a[5] * b[5] + a[8] * b[8],
    )


def _angles(m00: float, m10: float, m20: float, m21: float, m22: float) -> Angles:
    return wrap(atan2(m10, m00)), asin(min(max(-m20, -1.0), 1.0)), atan2(m21, m22)
