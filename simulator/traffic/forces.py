"""What pushes people: others (social force and the room they leave), the edges of ways, vehicles."""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.traffic.person import (
    ANTICIPATION_S,
    BORDER,
    BORDER_RANGE_M,
    REPULSION,
    REPULSION_RANGE_M,
    SIGHT_COS,
    UNSEEN,
)

LOOK_S = 0.2  # between two looks at the traffic
REACH_M = 3.0  # people further away are not heeded
LEAST_M = 0.15  # semi-minor axis of the ellipse, where the potential ends to rise
STRONGEST_MPS2 = 6.0  # push of one person
ASIDE_M = 0.5  # to the lanes beside one's own that are looked at
SWERVE_SIN = np.sin(np.radians(35.0))
EDGE_M = 1.0  # borders further away do not push
VEHICLE_REACH_M = 2.0


@kernel(inline=True)
def push_of(person, other, ex, ey):
    """Acceleration of a person by another one (elliptical potential), and how far ahead and to the left that one is.

    Helbing and Molnar 1995, eq. 3 and 4: the potential falls with the semi-minor axis b of the ellipse through the
    person whose foci are where the other is and where its step will take it. The last value is 1 if it comes towards
    the person. Of who stands or goes the same way one only steps aside: how close one follows is a matter of speed.
    """
    rx, ry = person.x - other.x, person.y - other.y
    r2 = rx * rx + ry * ry
    if r2 > REACH_M * REACH_M or r2 < 1e-12:
        return 0.0, 0.0, -np.inf, 0.0, 0
    r = np.sqrt(r2)
    person.nearest = min(person.nearest, r - person.radius - other.radius)
    yx, yy = ANTICIPATION_S * other.vx, ANTICIPATION_S * other.vy
    qx, qy = rx - yx, ry - yy
    q = max(np.sqrt(qx * qx + qy * qy), 1e-6)
    b = max(0.5 * np.sqrt(max((r + q) * (r + q) - yx * yx - yy * yy, 0.0)), LEAST_M)
    strength = REPULSION / REPULSION_RANGE_M * np.exp(-b / REPULSION_RANGE_M) * (r + q) / (4.0 * b)
    along, left = -(rx * ex + ry * ey), rx * ey - ry * ex
    strength = (1.0 if along >= SIGHT_COS * r else UNSEEN) * min(strength, STRONGEST_MPS2)
    px, py = strength * (rx / r + qx / q), strength * (ry / r + qy / q)
    if other.vx * ex + other.vy * ey < -0.1:
        return px, py, along, left, 1
    push = px * ex + py * ey
    return px - push * ex, py - push * ey, along, left, 0


@kernel(inline=True)
def left_open(gap, speed, touch, along, left):
    """Speed that a lane leaves open when somebody is `along` ahead and `left` of its middle."""
    if along > -touch and abs(left) < touch:
        return min(speed, max(along - touch, 0.0) / gap)
    return speed


@kernel(inline=True)
def swerve(person, ex, ey, middle, allowed, to_left, to_right):
    """Direction and speed of who is held up: past whoever is in front, where there is more room beside."""
    half, d = person.room + abs(person.d), person.forward * person.d
    if half - d < person.radius + 0.5 * ASIDE_M:
        to_left = 0.0
    if half + d < person.radius + 0.5 * ASIDE_M:
        to_right = 0.0
    best = max(to_left, to_right)
    if best < middle + 0.1 * person.pace:
        return ex, ey, allowed
    s = SWERVE_SIN if to_left > to_right or (to_left == to_right and d < 0.0) else -SWERVE_SIN
    c = np.sqrt(1.0 - SWERVE_SIN * SWERVE_SIN)
    return c * ex - s * ey, s * ex + c * ey, max(allowed, min(best, 0.5 * (allowed + best)))


@kernel(inline=True)
def edges_push(walkways, person):
    """Acceleration (ax, ay) of a person by the edges of its way."""
    if person.room > EDGE_M:
        return 0.0, 0.0
    far = np.exp(-EDGE_M / BORDER_RANGE_M)
    push = far - np.exp(-max(person.room, 0.0) / BORDER_RANGE_M)
    other = person.room + 2.0 * abs(person.d)
    if other < EDGE_M:
        push += np.exp(-other / BORDER_RANGE_M) - far
    push *= BORDER / BORDER_RANGE_M * (1.0 if person.d >= 0.0 else -1.0)
    a = walkways.points[person.point]
    return -push * a.uy, push * a.ux


@kernel(inline=True)
def beside_vehicle(it, x, y):
    """Distance of (x, y) from the box of a vehicle (negative inside), and the direction away from it."""
    c, s = it.cos, it.sin
    px, py = x - it.x, y - it.y
    u, v = px * c + py * s, py * c - px * s
    ou, ov = abs(u) - it.half_length, abs(v) - it.half_width
    su, sv = np.copysign(1.0, u), np.copysign(1.0, v)
    if ou > 0.0 and ov > 0.0:
        distance = np.sqrt(ou * ou + ov * ov)
        nu, nv = su * ou / distance, sv * ov / distance
    elif ou > ov:
        distance, nu, nv = ou, su, 0.0
    else:
        distance, nu, nv = ov, 0.0, sv
    return distance, nu * c - nv * s, nu * s + nv * c


@kernel(inline=True)
def vehicle_comes(person, seen):
    """1 if a vehicle is close to a person, or may be before the next look."""
    for j in range(len(seen)):
        it = seen[j]
        dx, dy = person.x - it.x, person.y - it.y
        near = VEHICLE_REACH_M + 2.0 * LOOK_S * (abs(it.speed) + person.pace)
        far = near + it.half_length + it.half_width
        if dx * dx + dy * dy < far * far:
            distance, _, _ = beside_vehicle(it, person.x, person.y)
            if distance < near:
                return 1
    return 0


@kernel(inline=True)
def vehicles_push(person, seen):
    """Acceleration (ax, ay) of a person by vehicles: as by other people, from the nearest place of their boxes."""
    ax = ay = 0.0
    for j in range(len(seen)):
        it = seen[j]
        dx, dy = person.x - it.x, person.y - it.y
        far = VEHICLE_REACH_M + it.half_length + it.half_width
        if dx * dx + dy * dy > far * far:
            continue
        distance, nx, ny = beside_vehicle(it, person.x, person.y)
        if distance < VEHICLE_REACH_M:
            push = REPULSION / REPULSION_RANGE_M * np.exp(-max(distance - person.radius, 0.0) / REPULSION_RANGE_M)
            ax += push * nx
            ay += push * ny
    return ax, ay
