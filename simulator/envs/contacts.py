"""Whom agents touch, and how soon they would: their boxes against those of vehicles, things and people."""

from __future__ import annotations

import numpy as np

from simulator.dynamics.bodies import TOLERANCE_M, measure, set_box, set_disc, time_of_impact
from simulator.numerics.jit import kernel
from simulator.traffic.person import Being
from simulator.traffic.state import Control


@kernel
def take_bodies(actors, w, way, bodies):  # type: ignore[no-untyped-def]
    """Fill `bodies` (A + P,) BODY_DTYPE with everybody in world `w`; `way` -1: as they move back in time, else 1."""
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


@kernel
def next_contact(bodies, k, horizon):  # type: ignore[no-untyped-def]
    """s until body `k` touches another one if all move on as they do; infinite beyond `horizon`."""
    found, a = np.inf, bodies[k]
    x, y, vx, vy, extent = a.x, a.y, a.vx, a.vy, a.reach + a.radius + TOLERANCE_M
    if not a.active:
        return found
    for j in range(bodies.shape[0]):
        b = bodies[j]
        if not b.active or j == k:
            continue
        dx, dy, wx, wy = b.x - x, b.y - y, b.vx - vx, b.vy - vy
        reach = extent + b.reach + b.radius
        apart, towards = dx * dx + dy * dy - reach * reach, -(dx * wx + dy * wy)
        # Circles about them: they part, meet too late, or pass at a distance.
        if apart > 0.0 and (apart > 2.0 * towards * horizon or towards * towards < apart * (wx * wx + wy * wy)):
            continue
        time = time_of_impact(bodies, min(j, k), max(j, k), 0.0, horizon, 0.0, TOLERANCE_M)
        if time < found:
            found = horizon = time
    return found
