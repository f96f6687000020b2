"""Whom agents touch, and how soon they would: their boxes against those of vehicles, things and people."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.bodies import BODY_DTYPE, TOLERANCE_M, measure, set_box, set_disc, time_of_impact
from simulator.numerics.jit import kernel
from simulator.traffic.person import Being
from simulator.traffic.state import Control

NOWHERE_M = 1e9  # from the origin of the map, farther than anything


class Crowd(NamedTuple):
    """Everybody in one world, N = A + P.

    Attributes:
        bodies: (N,) BODY_DTYPE.
        discs: (5, N) circles about them: x, y, vx, vy, radius. Whom there is not is `NOWHERE_M` away.
        near: (N,) uint8, scratch.
    """

    bodies: NDArray[np.void]
    discs: NDArray[np.float64]
    near: NDArray[np.uint8]


def crowd_of(count: int) -> Crowd:
    """Room for so many."""
    return Crowd(np.zeros(count, BODY_DTYPE), np.zeros((5, count)), np.zeros(count, np.uint8))


@kernel(inner=True)
def take_bodies(actors, w, way, crowd):  # type: ignore[no-untyped-def]
    """Fill a `Crowd` with everybody in world `w`; `way` -1: as they move back in time, else 1."""
    bodies, discs = crowd.bodies, crowd.discs
    count = actors.vehicles.shape[1]
    for i in range(count):
        v, p, body = actors.vehicles[w, i], actors.drivers[w, i], bodies[i]
        body.active = v.control != Control.NOBODY and v.control != Control.ARRIVED
        if body.active:
            middle = 0.5 * (p.front - p.rear)
            speed, sideways = way * v.speed, way * v.lateral_speed
            set_box(body, v.x, v.y, v.yaw, speed, sideways, 0.0, p.front, p.rear, p.half_width, middle)
            measure(body)
            body.until = np.inf
    for i in range(actors.people.shape[1]):
        p, body = actors.people[w, i], bodies[count + i]
        body.active = p.being != Being.NOBODY
        if body.active:
            set_disc(body, p.x, p.y, way * p.vx, way * p.vy, p.radius)
            measure(body)
            body.until = np.inf
    for i in range(bodies.shape[0]):
        b = bodies[i]
        discs[0, i], discs[1, i] = (b.x, b.y) if b.active else (NOWHERE_M, NOWHERE_M)
        discs[2, i], discs[3, i] = (b.vx, b.vy) if b.active else (0.0, 0.0)
        discs[4, i] = b.reach + b.radius if b.active else 0.0


@kernel(inner=True)
def next_contact(crowd, k, horizon):  # type: ignore[no-untyped-def]
    """s until body `k` touches another one if all move on as they do; infinite beyond `horizon`."""
    found, bodies, discs, near = np.inf, crowd.bodies, crowd.discs, crowd.near
    if not bodies[k].active:
        return found
    x, y, vx, vy, extent = discs[0, k], discs[1, k], discs[2, k], discs[3, k], discs[4, k] + TOLERANCE_M
    for j in range(near.shape[0]):
        dx, dy, wx, wy = discs[0, j] - x, discs[1, j] - y, discs[2, j] - vx, discs[3, j] - vy
        reach = extent + discs[4, j]
        apart, towards = dx * dx + dy * dy - reach * reach, -(dx * wx + dy * wy)
        # Circles about them overlap; or they neither part, nor meet too late, nor pass at a distance.
        passes = (apart > 2.0 * towards * horizon) | (towards * towards < apart * (wx * wx + wy * wy))
        near[j] = (apart <= 0.0) | (not passes)
    for j in range(near.shape[0]):
        if near[j] == 0 or j == k:
            continue
        time = time_of_impact(bodies, min(j, k), max(j, k), 0.0, horizon, 0.0, TOLERANCE_M)
        if time < found:
            found = horizon = time
    return found
