"""Whom agents touch, and how soon they would: their boxes against those of vehicles, things and people."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.bodies import BODY_DTYPE, TOLERANCE_M, measure, set_box, set_disc, time_of_impact
from simulator.numerics.jit import kernel
from simulator.numerics.memory import load
from simulator.numerics.simd import LANES, bits, lowest, without_lowest
from simulator.traffic.person import Being
from simulator.traffic.state import Control

NOWHERE_M = 1e9  # from the origin of the map, farther than anything
ROUGHLY_M = 0.05  # by which circles are larger than what is in them: float32 does for them on maps of 100 km


class Crowd(NamedTuple):
    """Everybody in one world, N = A + P.

    Attributes:
        bodies: (N,) BODY_DTYPE.
        discs: (5, N) float32 circles about them: x, y, vx, vy, radius. Whom there is not is `NOWHERE_M` away.
        meets: (N and up to 7 more,) float32 s until their circles and that of the body at hand touch, see `meet`.
        near: (N,) int64 whose circles touch that soon.
    """

    bodies: NDArray[np.void]
    discs: NDArray[np.float32]
    meets: NDArray[np.float32]
    near: NDArray[np.int64]


def crowd_of(count: int) -> Crowd:
    """Room for so many."""
    discs, meets = np.zeros((5, count), np.float32), np.full(-(-count // LANES) * LANES, np.inf, np.float32)
    return Crowd(np.zeros(count, BODY_DTYPE), discs, meets, np.zeros(count, np.int64))


def crowd_among(actors: Any) -> Crowd:
    """Room for everybody in a world of `agents.Actors`."""
    return crowd_of(actors.vehicles.shape[1] + actors.people.shape[1])


@kernel(inner=True)
def take_bodies(actors, w, crowd):
    """Fill a `Crowd` with everybody in world `w`."""
    bodies = crowd.bodies
    count = actors.vehicles.shape[1]
    for i in range(count):
        v, p, body = actors.vehicles[w, i], actors.drivers[w, i], bodies[i]
        body.active = v.control != Control.NOBODY and v.control != Control.ARRIVED
        if body.active:
            middle = 0.5 * (p.front - p.rear)
            set_box(body, v.x, v.y, v.yaw, v.speed, v.lateral_speed, 0.0, p.front, p.rear, p.half_width, middle)
            measure(body)
            body.until = np.inf
    for i in range(actors.people.shape[1]):
        p, body = actors.people[w, i], bodies[count + i]
        body.active = p.being != Being.NOBODY
        if body.active:
            set_disc(body, p.x, p.y, p.vx, p.vy, p.radius)
            measure(body)
            body.until = np.inf
    enclose(crowd)


@kernel
def enclose(crowd):
    """Draw the circles about the bodies of a `Crowd`."""
    discs = crowd.discs
    for i in range(crowd.bodies.shape[0]):
        b = crowd.bodies[i]
        discs[0, i], discs[1, i] = (b.x, b.y) if b.active else (NOWHERE_M, NOWHERE_M)
        discs[2, i], discs[3, i] = (b.vx, b.vy) if b.active else (0.0, 0.0)
        discs[4, i] = b.reach + b.radius + ROUGHLY_M if b.active else 0.0


@kernel(inner=True)
def meet(crowd, k, since, horizon):
    """How many are near body `k`: their circles touch from `since` s ago to in `horizon` s, if all go on as they do.

    Fills `near`, and `meets`: seconds from now, negative where it was, with all going back as they came; 0 for those
    that overlap, infinite for those that it never touches, and for itself.
    """
    discs, meets, near = crowd.discs, crowd.meets, crowd.near
    x, y, vx, vy, reach = discs[0, k], discs[1, k], discs[2, k], discs[3, k], discs[4, k]
    never, now = np.float32(np.inf), np.float32(0.0)
    for j in range(discs.shape[1]):
        dx, dy, wx, wy = discs[0, j] - x, discs[1, j] - y, discs[2, j] - vx, discs[3, j] - vy
        both = reach + discs[4, j]
        apart, nearing = dx * dx + dy * dy - both * both, -(dx * wx + dy * wy)
        root = nearing * nearing - apart * (wx * wx + wy * wy)
        passes = (root < now) | (nearing == now)
        time = apart / (abs(nearing) + np.sqrt(max(root, now)))
        time = time if nearing > now else -time
        meets[j] = now if apart <= now else never if passes else time
    meets[k] = never
    count, past, far = 0, np.float32(-since), np.float32(horizon)
    for begin in range(0, meets.shape[0], LANES):
        times = load(meets, begin)
        soon = bits((times >= past) & (times <= far))
        while soon != 0:
            near[count] = begin + lowest(soon)
            count += 1
            soon = without_lowest(soon)
    return count


@kernel(inline=True)
def _turn_round(body):
    """Let a body go back as it came."""
    body.vx, body.vy = -body.vx, -body.vy


@kernel(inner=True)
def touched(crowd, k, count, since):
    """Whether body `k`, for which `meet` has found `count`, has touched another one in the last `since` s."""
    bodies = crowd.bodies
    for n in range(count):
        j = crowd.near[n]
        if crowd.meets[j] <= 0.0:
            _turn_round(bodies[j])
            _turn_round(bodies[k])
            time = time_of_impact(bodies, min(j, k), max(j, k), 0.0, since, 0.0, TOLERANCE_M)
            _turn_round(bodies[j])
            _turn_round(bodies[k])
            if time <= since:
                return True
    return False


@kernel(inner=True)
def next_contact(crowd, k, count, horizon):
    """s until body `k`, for which `meet` has found `count`, touches another one; infinite beyond `horizon`."""
    bodies, meets, near = crowd.bodies, crowd.meets, crowd.near
    first, earliest = 0, np.float32(np.inf)
    for n in range(count):
        if np.float32(0.0) <= meets[near[n]] < earliest:
            first, earliest = n, meets[near[n]]
    # Whose circle is met first is mostly who is touched first, and need then be compared with few others.
    found = np.inf
    for n in range(count):
        j = near[first if n == 0 else 0 if n == first else n]
        if 0.0 <= meets[j] < found:
            time = time_of_impact(bodies, min(j, k), max(j, k), 0.0, horizon, 0.0, TOLERANCE_M)
            if time < found:
                found = horizon = time
    return found
