"""Bodies that may collide, boxes and discs that move at constant rates: their gap, and the time at which two touch.

A vehicle is a box, a person a disc; static things are boxes of infinite mass at rest.

Time of impact is found by conservative advancement (B. Mirtich, "Impulse-based Dynamic Simulation of Rigid Body
Systems", 1996, section 2.3): along a separating axis fixed in the world the gap shrinks no faster than the relative
velocity along it plus yaw rate times reach of either body, hence time may go on by gap / that speed without any
contact, and by the best such step of all axes. Nothing tunnels, however fast and thin. Bodies that do not turn need one
step, and it is exact. Contact is a gap below `TOLERANCE_M` (1 mm), so the poses at impact do not overlap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import OddRoadError
from simulator.numerics.jit import kernel
from simulator.numerics.trig import sine_cosine

Array = NDArray[np.float64]

TOLERANCE_M = 1e-3  # a gap below it is a contact; time stops at half of it or more
_HALF = 0.5 * TOLERANCE_M
# Yaw inertia of a car in shares of a uniform plate's, m (length^2 + width^2) / 12: those of CommonRoad's three cars
# (`assets/dynamics.yaml`) are 0.71, 0.86 and 0.83 of it.
PLATE_SHARE = 0.8

BODY_DTYPE = np.dtype(
    [
        ("active", np.bool_),  # the row is in use
        ("slides", np.bool_),  # out of control: friction is all that acts on it (`crashes.advance`)
        ("group", np.int64),  # bodies of one group, other than 0, pass through each other: a tractor and its trailer
        # Centre of mass: local frame of the world, m, rad, m/s, rad/s.
        ("x", np.float64),
        ("y", np.float64),
        ("yaw", np.float64),
        ("z", np.float64),  # m of the ground under it: bodies on different levels do not meet
        ("vx", np.float64),
        ("vy", np.float64),
        ("yaw_rate", np.float64),
        # Shape: a box along `yaw`, its middle `middle` m ahead of the centre of mass, grown by `radius` all round.
        ("middle", np.float64),
        ("half_length", np.float64),
        ("half_width", np.float64),
        ("radius", np.float64),  # 0: sharp corners; a disc is a box without size
        ("mass", np.float64),  # kg; infinite: does not give way
        ("yaw_inertia", np.float64),  # kg m2; infinite: is not turned
        ("friction", np.float64),  # between it and the ground, when it slides
        # Written by `collide`.
        ("until", np.float64),  # s of the step after which it stays where it is, because it has struck something
        ("cos", np.float64),  # of the yaw at the beginning
        ("sin", np.float64),
        ("reach", np.float64),  # m from the centre of mass to the farthest corner, without `radius`
    ]
)


@kernel(inline=True)
def set_box(body, x, y, yaw, speed, sideways, yaw_rate, front, rear, half_width, centre):
    """Fill shape, pose and velocity of a BODY_DTYPE record with a vehicle's; mass, friction and flags stay as they are.

    Args:
        body: record, modified.
        x, y, yaw: pose of the vehicle's frame, on the ground under the middle of the rear axle; m, rad.
        speed, sideways: velocity of that point forwards and to the left, m/s.
        yaw_rate: rad/s.
        front, rear: m from that point to the bumper ahead and to the one behind, both positive.
        half_width: m.
        centre: m from that point forwards to the centre of mass.
    """
    s, c = sine_cosine(yaw)
    body.x, body.y, body.yaw = x + centre * c, y + centre * s, yaw
    left = sideways + yaw_rate * centre
    body.vx, body.vy, body.yaw_rate = speed * c - left * s, speed * s + left * c, yaw_rate
    body.middle, body.half_length = 0.5 * (front - rear) - centre, 0.5 * (front + rear)
    body.half_width, body.radius = half_width, 0.0


@kernel(inline=True)
def set_disc(body, x, y, vx, vy, radius):
    """Fill shape, position (m) and velocity (m/s) of a BODY_DTYPE record with those of a person; likewise."""
    body.x, body.y, body.yaw = x, y, 0.0
    body.vx, body.vy, body.yaw_rate = vx, vy, 0.0
    body.middle = body.half_length = body.half_width = 0.0
    body.radius = radius


@kernel(inline=True)
def rear_axle(body, centre):
    """x, y (m), speed forwards and to the left (m/s) of the point `centre` m behind the centre of mass: the inverse of
    `set_box`."""
    c, s = np.cos(body.yaw), np.sin(body.yaw)
    left = body.vy * c - body.vx * s - body.yaw_rate * centre
    return body.x - centre * c, body.y - centre * s, body.vx * c + body.vy * s, left


@kernel(inline=True)
def measure(body):
    """What the tests below need of a body at the beginning of a step."""
    body.cos, body.sin, body.reach = 1.0, 0.0, 0.0
    if body.half_length > 0.0:
        body.sin, body.cos = sine_cosine(body.yaw)
        long = body.half_length + abs(body.middle)
        body.reach = np.sqrt(long * long + body.half_width * body.half_width)


@kernel(inline=True)
def place(body, t, spin):
    """Middle of the box, cosine and sine of its yaw after `t` seconds of a step; `spin` 0: as if it did not turn."""
    t = min(t, body.until)
    c, s = body.cos, body.sin
    turned = spin * body.yaw_rate * t
    if turned != 0.0:
        c, s = np.cos(body.yaw + turned), np.sin(body.yaw + turned)
    return body.x + body.vx * t + body.middle * c, body.y + body.vy * t + body.middle * s, c, s


@kernel(inline=True)
def _corner_axis(dx, dy, c, s, half_length, half_width):
    """Distance and direction (unit, or 0) from a box at the origin to a point beyond one of its corners."""
    along, across = dx * c + dy * s, dy * c - dx * s
    ex, ey = abs(along) - half_length, abs(across) - half_width
    if ex <= 0.0 or ey <= 0.0:
        return 0.0, 0.0, 0.0
    distance = np.sqrt(ex * ex + ey * ey)
    ex, ey = np.copysign(ex / distance, along), np.copysign(ey / distance, across)
    return distance, ex * c - ey * s, ex * s + ey * c


@kernel(inline=True)
def _better(best, level, separation, nx, ny, axis, wx, wy, spin):
    """The best of what is known, (gap, time above the level, normal, axis), and of one more separating axis.

    The normal points from a to b, (wx, wy) is the velocity of a less that of b.
    """
    gap, safe, bx, by, known = best
    if separation > level:
        closing = wx * nx + wy * ny + spin
        safe = max(safe, (separation - level) / closing if closing > 0.0 else np.inf)
    if separation > gap:
        gap, bx, by, known = separation, nx, ny, axis
    return gap, safe, bx, by, known


@kernel(inline=True)
def separation(a, b, t, spin, level):
    """Gap of two bodies at time `t` of a step, time for which it surely stays above a level, normal, axis.

    The gap is the greatest over the normals of the boxes' faces (0, 1 of a, 2, 3 of b) and, for discs, the direction
    to the nearest corner (4). It is negative where they overlap, and else between the distance and 0.7 of it.
    """
    ax, ay, ac, as_ = place(a, t, spin)
    bx, by, bc, bs = place(b, t, spin)
    dx, dy = bx - ax, by - ay
    wx = wy = turning = 0.0
    if t < a.until:
        wx, wy, turning = a.vx, a.vy, spin * abs(a.yaw_rate) * a.reach
    if t < b.until:
        wx, wy, turning = wx - b.vx, wy - b.vy, turning + spin * abs(b.yaw_rate) * b.reach
    radius = a.radius + b.radius
    aligned, crossed = abs(ac * bc + as_ * bs), abs(ac * bs - as_ * bc)
    best = (-np.inf, 0.0, 1.0, 0.0, 0)
    p = dx * ac + dy * as_
    away = np.copysign(1.0, p)
    extent = b.half_length * aligned + b.half_width * crossed
    best = _better(best, level, abs(p) - a.half_length - extent - radius, away * ac, away * as_, 0, wx, wy, turning)
    p = dy * ac - dx * as_
    away = np.copysign(1.0, p)
    extent = b.half_length * crossed + b.half_width * aligned
    best = _better(best, level, abs(p) - a.half_width - extent - radius, -away * as_, away * ac, 1, wx, wy, turning)
    p = dx * bc + dy * bs
    away = np.copysign(1.0, p)
    extent = a.half_length * aligned + a.half_width * crossed
    best = _better(best, level, abs(p) - b.half_length - extent - radius, away * bc, away * bs, 2, wx, wy, turning)
    p = dy * bc - dx * bs
    away = np.copysign(1.0, p)
    extent = a.half_length * crossed + a.half_width * aligned
    best = _better(best, level, abs(p) - b.half_width - extent - radius, -away * bs, away * bc, 3, wx, wy, turning)
    if radius > 0.0:
        if b.half_length == 0.0:
            distance, nx, ny = _corner_axis(dx, dy, ac, as_, a.half_length, a.half_width)
        else:
            distance, nx, ny = _corner_axis(-dx, -dy, bc, bs, b.half_length, b.half_width)
            nx, ny = -nx, -ny
        if distance > 0.0:
            best = _better(best, level, distance - radius, nx, ny, 4, wx, wy, turning)
    return best


@kernel
def time_of_impact(bodies, i, j, start, end, spin, level):
    """First time from `start` to `end`, in s of a step, at which the gap of two bodies is at most `level`, or infinite.

    Args:
        bodies: (N,) BODY_DTYPE, measured (`collide` has seen them, or `measure`).
        i, j: rows of two of them.
        start, end: s.
        spin: 1.0, or 0.0 to leave yaw rates out.
        level: m, `TOLERANCE_M` for contact.
    """
    a, b = bodies[i], bodies[j]
    t = start
    while True:
        gap, safe, _, _, _ = separation(a, b, t, spin, level - _HALF)
        if gap <= level:
            return t
        limit = end  # the rates are constant up to there
        if t < a.until:
            limit = min(limit, a.until)
        if t < b.until:
            limit = min(limit, b.until)
        if t + safe < limit:
            t += safe
        elif limit < end:
            t = limit
        else:
            return np.inf


# ---- for Python ------------------------------------------------------------------------------------------------------


@kernel
def _fill_boxes(bodies, values):
    for k in range(bodies.shape[0]):
        v = values[k]
        set_box(bodies[k], v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9])


def boxes(
    x: Any,
    y: Any,
    yaw: Any,
    front: Any,
    rear: Any,
    half_width: Any,
    *,
    speed: Any = 0.0,
    sideways: Any = 0.0,
    yaw_rate: Any = 0.0,
    centre: Any = None,
    mass: Any = 1500.0,
    yaw_inertia: Any = None,
    friction: Any = 0.7,
) -> NDArray[np.void]:
    """(...) BODY_DTYPE of vehicles; arguments are scalars or arrays that broadcast to that shape.

    Args:
        x, y, yaw: pose of the vehicle's frame, on the ground under the middle of the rear axle; m, rad.
        front, rear: m from that point to the bumper ahead and to the one behind, both positive.
        half_width: m.
        speed, sideways: velocity of that point forwards and to the left, m/s.
        yaw_rate: rad/s.
        centre: m from that point forwards to the centre of mass; by default the middle of the box.
        mass: kg; infinite: does not give way.
        yaw_inertia: kg m2; by default `PLATE_SHARE` of a uniform plate's.
        friction: between it and the ground, when it slides.
    """
    front, rear, half_width = (np.asarray(v, np.float64) for v in (front, rear, half_width))
    middle = 0.5 * (front - rear) if centre is None else centre
    columns = np.broadcast_arrays(
        *(np.asarray(v, np.float64) for v in (x, y, yaw, speed, sideways, yaw_rate, front, rear, half_width, middle)),
        np.asarray(mass, np.float64),
    )
    out = np.zeros(columns[0].shape, BODY_DTYPE)
    _fill_boxes(out.reshape(-1), np.stack([column.ravel() for column in columns[:10]], axis=-1))
    out["active"], out["mass"], out["friction"] = True, mass, friction
    plate = PLATE_SHARE * out["mass"] * (out["half_length"] ** 2 + out["half_width"] ** 2) / 3.0
    out["yaw_inertia"] = plate if yaw_inertia is None else yaw_inertia
    return out


def discs(
    x: Any, y: Any, radius: Any, *, vx: Any = 0.0, vy: Any = 0.0, mass: Any = 75.0, friction: Any = 0.66
) -> NDArray[np.void]:
    """(...) BODY_DTYPE of people: position and radius (m), velocity (m/s), mass (kg); likewise.

    A body slides over tarmac with a friction of about 0.66 (J. A. Searle, A. Searle, SAE 831622, 1983).
    """
    columns = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (x, y, radius, vx, vy, mass, friction)))
    out = np.zeros(columns[0].shape, BODY_DTYPE)
    for name, column in zip(("x", "y", "radius", "vx", "vy", "mass", "friction"), columns):
        out[name] = column
    out["active"], out["yaw_inertia"] = True, np.inf
    return out


def _pairs(a: NDArray[np.void], b: NDArray[np.void]) -> tuple[tuple[int, ...], NDArray[np.void]]:
    for name, array in (("a", a), ("b", b)):
        if array.dtype != BODY_DTYPE:
            raise OddRoadError(f"{name} must be an array of BODY_DTYPE (see `boxes`, `discs`), not of {array.dtype}")
    a, b = np.broadcast_arrays(a, b)
    return a.shape, np.stack([a.ravel(), b.ravel()], axis=-1)


@kernel
def _each_gap(pairs, out):
    for k in range(pairs.shape[0]):
        pair = pairs[k]
        for side in range(2):
            measure(pair[side])
        out[k] = separation(pair[0], pair[1], 0.0, 1.0, 0.0)[0]


@kernel
def _each_impact(pairs, dt, out):
    for k in range(pairs.shape[0]):
        pair = pairs[k]
        for side in range(2):
            measure(pair[side])
            pair[side].until = dt
        out[k] = time_of_impact(pair, 0, 1, 0.0, dt, 1.0, TOLERANCE_M)


def gaps(a: NDArray[np.void], b: NDArray[np.void]) -> Array:
    """(...) m between bodies a and b, BODY_DTYPE arrays that broadcast together: negative where they overlap.

    Where they do not, it is the separation along the best axis: the distance, or up to 30 % less between two corners.

    Raises:
        OddRoadError: for arrays of another type.
    """
    shape, pairs = _pairs(a, b)
    out = np.empty(len(pairs))
    _each_gap(pairs, out)
    return out.reshape(shape)


def impact_times(a: NDArray[np.void], b: NDArray[np.void], dt: float) -> Array:
    """(...) s until bodies a and b touch when they move on at their rates for `dt` s; infinite if they do not.

    Raises:
        OddRoadError: for arrays of another type.
    """
    shape, pairs = _pairs(a, b)
    out = np.empty(len(pairs))
    _each_impact(pairs, dt, out)
    return out.reshape(shape)
