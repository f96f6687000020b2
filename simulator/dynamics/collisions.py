"""Who touches whom in a world, when, where and how: all bodies through one step of time, each at constant rates.

A world is one array of N bodies (`simulator.dynamics.bodies`).

    bodies = np.concatenate([boxes(x, y, yaw, front, rear, half_width, speed=20.0), discs(px, py, 0.3)])
    contacts = find_contacts(bodies, dt=0.05)  # in the order of their times
    ttc = times_to_collision(bodies, horizon=5.0)

Kernels call `set_box`, `set_disc`, then `collide` with arrays that are kept from step to step: `bodies`, `sweeps(N)`.
Its cost is a sort and a sweep along the axis on which bodies lie further apart; only boxes whose swept bounds overlap
are looked at closely.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.bodies import TOLERANCE_M, measure, place, separation, time_of_impact
from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for

Array = NDArray[np.float64]

RESTING_MPS = 0.3  # what touches from the beginning and closes more slowly rests on each other, and may slide on
SLOP_M = 0.02  # by which what so rests may come nearer in a step
LEVEL_M = 3.0  # of height between two bodies that pass over and under each other
CRUSH_M = 0.2  # depth to which sheet metal gives way: what lies as near to the struck face shares in the impact

SWEEP_DTYPE = np.dtype(
    [
        ("low", np.float64),  # bounds over the step along the axis of the sweep
        ("high", np.float64),
        ("left", np.float64),  # and across it
        ("right", np.float64),
        ("body", np.int64),
    ]
)
CONTACT_DTYPE = np.dtype(
    [
        ("i", np.int64),  # the two bodies, i < j
        ("j", np.int64),
        ("time", np.float64),  # s after the beginning of the step
        ("gap", np.float64),  # m between them then; negative where they overlapped from the beginning
        ("x", np.float64),  # where they touch
        ("y", np.float64),
        ("nx", np.float64),  # unit normal of the touching faces, from i to j
        ("ny", np.float64),
        # m/s along the normal at that point, with the velocities of the step; `crashes.strike` sets the true ones.
        ("closing", np.float64),
        # Written by `crashes.strike`.
        ("impulse", np.float64),  # N s
        ("delta_v_i", np.float64),  # m/s by which the velocity of the centre of mass changed: the severity of the crash
        ("delta_v_j", np.float64),
    ]
)
_GAPS = np.array([701, 301, 132, 57, 23, 10, 4, 1])  # M. Ciura, "Best Increments for the Average Case of Shellsort"


@kernel(inline=True)
def _crushed_centre(a, b, t, nx, ny):
    """Centre of the dent that box b makes in the face of box a whose outward normal is n, b's touching edge first.

    The edge of b that faces a, as far as it lies before a's face, dents it by up to `CRUSH_M`; the centre of the dent
    goes smoothly from the middle of faces that meet squarely to the corner that meets a face askew.
    """
    ax, ay, ac, as_ = place(a, t, 1.0)
    bx, by, bc, bs = place(b, t, 1.0)
    along, across = nx * bc + ny * bs, ny * bc - nx * bs
    if abs(along) >= abs(across):
        face, half = -np.copysign(b.half_length, along), b.half_width
        mx, my, ex, ey = bx + face * bc, by + face * bs, -bs, bc
    else:
        face, half = -np.copysign(b.half_width, across), b.half_length
        mx, my, ex, ey = bx - face * bs, by + face * bc, bc, bs
    # Stretch u of the edge, from -half to half, that lies before the face.
    middle, rate = (my - ay) * nx - (mx - ax) * ny, ey * nx - ex * ny
    extent = a.half_length if abs(nx * ac + ny * as_) < 0.5 else a.half_width
    low, high = -half, half
    if abs(rate) > 1e-9:
        first, last = (-extent - middle) / rate, (extent - middle) / rate
        low, high = max(low, min(first, last)), min(high, max(first, last))
        if low > high:
            low = high = min(max(low, -half), half)
    slope = ex * nx + ey * ny  # of the gap along the edge
    if slope < 0.0:
        low, high, slope = high, low, -slope
    length, deepest = abs(high - low), CRUSH_M
    other = deepest - slope * length
    if other < 0.0:
        length, other = deepest / slope, 0.0
    shift = length * (deepest + 2.0 * other) / (3.0 * (deepest + other))
    u = low + np.copysign(shift, high - low)
    return mx + u * ex, my + u * ey


@kernel(inline=True)
def _describe(bodies, contact):
    """Fill in where and how the two bodies of a contact touch at its time."""
    a, b, t = bodies[contact.i], bodies[contact.j], contact.time
    gap, _, nx, ny, axis = separation(a, b, t, 1.0, 0.0)
    if b.radius > 0.0:
        px, py, _, _ = place(b, t, 1.0)
        px, py = px - b.radius * nx, py - b.radius * ny
    elif a.radius > 0.0:
        px, py, _, _ = place(a, t, 1.0)
        px, py = px + a.radius * nx, py + a.radius * ny
    elif axis < 2:
        px, py = _crushed_centre(a, b, t, nx, ny)
    else:
        px, py = _crushed_centre(b, a, t, -nx, -ny)
    ta, tb = min(t, a.until), min(t, b.until)
    rx, ry, qx, qy = px - a.x - a.vx * ta, py - a.y - a.vy * ta, px - b.x - b.vx * tb, py - b.y - b.vy * tb
    wx = wy = 0.0
    if t < a.until:
        wx, wy = a.vx - a.yaw_rate * ry, a.vy + a.yaw_rate * rx
    if t < b.until:
        wx, wy = wx - b.vx + b.yaw_rate * qy, wy - b.vy - b.yaw_rate * qx
    contact.gap, contact.x, contact.y, contact.nx, contact.ny = gap, px, py, nx, ny
    contact.closing = wx * nx + wy * ny
    contact.impulse = contact.delta_v_i = contact.delta_v_j = 0.0


@kernel(inline=True)
def _bounds(bodies, sweep, dt):
    """Measure all bodies and bound what they cover within the step; the axis along which they lie further apart."""
    x_mean = y_mean = x_spread = y_spread = 0.0
    count = 0
    for k in range(bodies.shape[0]):
        body = bodies[k]
        if body.active:
            measure(body)
            body.until = dt
            count += 1
            x_mean, y_mean = x_mean + body.x, y_mean + body.y
            x_spread, y_spread = x_spread + body.x * body.x, y_spread + body.y * body.y
    along_x = x_spread * count - x_mean * x_mean >= y_spread * count - y_mean * y_mean
    for k in range(sweep.shape[0]):
        entry = sweep[k]
        body = bodies[entry.body]
        if not body.active:
            entry.low = np.inf
            continue
        margin = body.radius + TOLERANCE_M + abs(body.yaw_rate) * dt * body.reach
        x, y = body.x + body.middle * body.cos, body.y + body.middle * body.sin
        wide = body.half_length * abs(body.cos) + body.half_width * abs(body.sin) + margin
        high = body.half_length * abs(body.sin) + body.half_width * abs(body.cos) + margin
        dx, dy = body.vx * dt, body.vy * dt
        x_low, x_high = x - wide + min(dx, 0.0), x + wide + max(dx, 0.0)
        y_low, y_high = y - high + min(dy, 0.0), y + high + max(dy, 0.0)
        if along_x:
            entry.low, entry.high, entry.left, entry.right = x_low, x_high, y_low, y_high
        else:
            entry.low, entry.high, entry.left, entry.right = y_low, y_high, x_low, x_high


@kernel(inline=True)
def _sort(sweep):
    """Order by lower bound, then by row, so that the order does not depend on that of the step before; it only saves
    time. Shell's method."""
    for gap in _GAPS:
        for k in range(gap, sweep.shape[0]):
            low, body = sweep[k].low, sweep[k].body
            before = sweep[k - gap]
            if before.low < low or (before.low == low and before.body < body):
                continue
            high, left, right = sweep[k].high, sweep[k].left, sweep[k].right
            m = k
            while m >= gap:
                before = sweep[m - gap]
                if before.low < low or (before.low == low and before.body < body):
                    break
                here = sweep[m]
                here.low, here.high, here.left, here.right = before.low, before.high, before.left, before.right
                here.body = before.body
                m -= gap
            here = sweep[m]
            here.low, here.high, here.left, here.right, here.body = low, high, left, right, body


@kernel(inline=True)
def _may_meet(a, b):
    """Whether contacts of two bodies are asked for: people do not collide, nor do things that stand, nor those on
    different levels."""
    if a.radius > 0.0 and b.radius > 0.0:
        return False
    if (a.group != 0 and a.group == b.group) or abs(a.z - b.z) > LEVEL_M:
        return False
    still = a.vx == 0.0 and a.vy == 0.0 and a.yaw_rate == 0.0
    return not (still and b.vx == 0.0 and b.vy == 0.0 and b.yaw_rate == 0.0)


@kernel(inline=True)
def _add(bodies, i, j, start, dt, contacts, count):
    """Append the contact of two bodies from `start` on, if there is one and room for it; the number of contacts."""
    if count >= contacts.shape[0] or not _may_meet(bodies[i], bodies[j]):
        return count
    time = time_of_impact(bodies, min(i, j), max(i, j), start, dt, 1.0, TOLERANCE_M)
    if time > dt:
        return count
    contact = contacts[count]
    contact.i, contact.j, contact.time = min(i, j), max(i, j), time
    return count + 1


@kernel(inline=True)
def _swap(contacts, a, b):
    p, q = contacts[a], contacts[b]
    i, j, time = p.i, p.j, p.time
    p.i, p.j, p.time = q.i, q.j, q.time
    q.i, q.j, q.time = i, j, time


@kernel(inline=True)
def _hold(bodies, k, time, dt, contacts, done, count):
    """Stop body `k` at `time`: what it would have struck later is off, and others may run into it where it stands."""
    bodies[k].until = time
    m = done
    while m < count:
        if contacts[m].time > time and (contacts[m].i == k or contacts[m].j == k):
            count -= 1
            _swap(contacts, m, count)
        else:
            m += 1
    body = bodies[k]
    x, y, reach = body.x + body.vx * time, body.y + body.vy * time, body.reach + body.radius + TOLERANCE_M
    for other in range(bodies.shape[0]):
        b = bodies[other]
        if other == k or not b.active or b.until <= time:
            continue
        dx, dy = b.x - x, b.y - y
        far = reach + b.reach + b.radius + (abs(b.vx) + abs(b.vy)) * dt
        if dx * dx + dy * dy > far * far:
            continue
        known = False
        for m in range(count):
            known |= contacts[m].i == min(k, other) and contacts[m].j == max(k, other)
        if not known:
            count = _add(bodies, k, other, time, dt, contacts, count)
    return count


@kernel
def _settle(bodies, dt, contacts, count):
    """Put contacts in the order of their times, stopping the bodies that strike each other; the number of contacts."""
    done = 0
    while done < count:
        first = done
        for m in range(done + 1, count):
            p, q = contacts[m], contacts[first]
            if p.time < q.time or (p.time == q.time and (p.i < q.i or (p.i == q.i and p.j < q.j))):
                first = m
        _swap(contacts, done, first)
        contact = contacts[done]
        _describe(bodies, contact)
        i, j, time = contact.i, contact.j, contact.time
        if time == 0.0 and contact.closing <= RESTING_MPS:
            later = time_of_impact(bodies, i, j, 0.0, dt, 1.0, contact.gap - SLOP_M)
            if later > dt:
                done += 1
            else:  # it stays in the queue, until other corners meet
                contact.time = later
            continue
        done += 1
        for k in (i, j):
            if bodies[k].until > time:
                count = _hold(bodies, k, time, dt, contacts, done, count)
    return count


@kernel
def collide(bodies, sweep, dt, contacts):
    """Find who touches whom within `dt` seconds, each moving at constant rates; the number of contacts.

    Bodies that strike each other stay from then on where they are, up to the end of the step (`until`): so no poses at
    its end overlap that did not at its beginning. Others may run into them there. Each pair touches once. Contacts at
    time 0 are of bodies that touched or overlapped at the beginning. If they rest on each other or part, they go on,
    and stop only when they come nearer by `SLOP_M`, as turning bodies may.

    Args:
        bodies: (N,) BODY_DTYPE; `until` and what is measured are written.
        sweep: (N,) SWEEP_DTYPE of `sweeps`, kept from step to step: that saves time, and changes no result.
        dt: s.
        contacts: (C,) CONTACT_DTYPE, filled from the start in the order of time, i, j; those beyond C are dropped.
    """
    _bounds(bodies, sweep, dt)
    _sort(sweep)
    count = 0
    for k in range(sweep.shape[0]):
        high, left, right, i = sweep[k].high, sweep[k].left, sweep[k].right, sweep[k].body
        if sweep[k].low == np.inf:
            break
        for m in range(k + 1, sweep.shape[0]):
            other = sweep[m]
            if other.low > high:
                break
            if other.left <= right and other.right >= left:
                count = _add(bodies, i, other.body, 0.0, dt, contacts, count)
    return _settle(bodies, dt, contacts, count) if count else 0


@kernel
def time_to_collision(bodies, horizon, out):
    """Time until each body touches another if all keep their velocities and do not turn, for all of a world.

    Args:
        bodies: (N,) BODY_DTYPE; `until` and what is measured are written.
        horizon: s.
        out: (N,) s, infinite if nothing is touched within the horizon.
    """
    for k in range(bodies.shape[0]):
        out[k] = np.inf
        measure(bodies[k])
        bodies[k].until = np.inf
    for i in range(bodies.shape[0]):
        a = bodies[i]
        if not a.active:
            continue
        x, y, vx, vy, extent = a.x, a.y, a.vx, a.vy, a.reach + a.radius + TOLERANCE_M
        for j in range(i + 1, bodies.shape[0]):
            b = bodies[j]
            dx, dy, wx, wy = b.x - x, b.y - y, b.vx - vx, b.vy - vy
            reach = extent + b.reach + b.radius
            apart, towards = dx * dx + dy * dy - reach * reach, -(dx * wx + dy * wy)
            # Circles about them: they part, meet too late, or pass at a distance.
            if apart > 0.0 and (apart > 2.0 * towards * horizon or towards * towards < apart * (wx * wx + wy * wy)):
                continue
            if not (b.active and _may_meet(a, b)):
                continue
            time = time_of_impact(bodies, i, j, 0.0, min(horizon, max(out[i], out[j])), 0.0, TOLERANCE_M)
            out[i], out[j] = min(out[i], time), min(out[j], time)


# ---- for Python ------------------------------------------------------------------------------------------------------


def sweeps(shape: int | tuple[int, ...]) -> NDArray[np.void]:
    """(..., N) SWEEP_DTYPE that `collide` sorts N bodies in, fresh."""
    out = np.zeros(shape, SWEEP_DTYPE)
    out["body"] = np.arange(out.shape[-1])
    return out


def find_contacts(
    bodies: NDArray[np.void], dt: float, *, sweep: NDArray[np.void] | None = None, capacity: int | None = None
) -> NDArray[np.void]:
    """(K,) CONTACT_DTYPE of one world, in the order of time: see `collide`.

    Args:
        bodies: (N,) BODY_DTYPE; `until` and what is measured are written.
        dt: s.
        sweep: (N,) of `sweeps`, kept from step to step, to save time.
        capacity: most contacts; by default 4 N.
    """
    contacts = np.zeros(4 * len(bodies) if capacity is None else capacity, CONTACT_DTYPE)
    count = collide(bodies, sweeps(len(bodies)) if sweep is None else sweep, dt, contacts)
    return contacts[:count]


@kernel
def _time_range(worlds, horizon, out, begin, end):
    for w in range(begin, end):
        time_to_collision(worlds[w], horizon, out[w])


def times_to_collision(bodies: NDArray[np.void], horizon: float, *, threads: int | None = None) -> Array:
    """(..., N) s until each body touches another of its world at constant velocity; infinite beyond `horizon` s.

    Args:
        bodies: (..., N) C-contiguous BODY_DTYPE: "..." is any shape of worlds; measures are written.
        horizon: s.
        threads: default: one a processor.
    """
    out = np.empty(bodies.shape)
    worlds, times = bodies.reshape(-1, bodies.shape[-1]), out.reshape(-1, bodies.shape[-1])

    def work(begin: int, end: int) -> None:
        """Worlds `begin` to `end`."""
        _time_range(worlds, float(horizon), times, begin, end)

    parallel_for(work, len(worlds), chunk=16, threads=threads)
    return out
