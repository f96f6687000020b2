"""What a collision does: velocities after the impact, and how wrecks and people slide to a stand.

Impact: planar impact mechanics (R. M. Brach, "Mechanical Impact Dynamics", 1991, chapter 6; R. M. Brach, R. M. Brach,
"Vehicle Accident Analysis and Reconstruction Methods", 2005, chapter 6). One impulse acts at the point of contact. It
is so great that the bodies part along the normal with the coefficient of restitution times the speed at which they
closed, and its tangential part stops the sliding along the faces, if friction between them suffices.

Afterwards friction with the ground is all that acts. One step of the world, `advance`, is a half of that friction, the
motion with its collisions, and the other half, which makes stopping distances v^2 / (2 mu g) exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.bodies import BODY_DTYPE, TOLERANCE_M
from simulator.dynamics.collisions import CONTACT_DTYPE, RESTING_MPS, SWEEP_DTYPE, collide
from simulator.errors import OddRoadError
from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.numerics.units import GRAVITY_MPS2

# Restitution of cars falls as they close faster. R. P. Howard, J. Bomar, C. Bare, SAE 931842 (1993): 0.2 to 0.4 where
# velocities change by 2 to 5 mph, which two equal cars do when they close at 1.3 and 3.7 m/s, and about 0.1 at medium
# and high speed, here from 10 m/s on. What closes more slowly than `RESTING_MPS` does not bounce.
_CLOSING = np.array([1.3, 3.7, 10.0])
_RESTITUTION = np.array([0.4, 0.2, 0.1])
METAL_FRICTION = 0.5  # between vehicles that slide along each other
PARTING = 0.4  # share of an overlap that sliding bodies are moved apart by in a step
# Tyres of a wreck, in shares of half its length and half its width from its middle: a wheelbase of 0.6 lengths.
_AXLE, _TRACK = 0.6, 0.85
_REST_MPS, _REST_RADPS = 0.01, 0.005  # slower than both is a stand


@kernel(inline=True)
def restitution(closing):
    """Coefficient of restitution of two vehicles that close at a speed, m/s."""
    if closing <= RESTING_MPS:
        return 0.0
    k = 0 if closing < _CLOSING[1] else 1  # np.interp would take a second to compile
    share = min(max((closing - _CLOSING[k]) / (_CLOSING[k + 1] - _CLOSING[k]), 0.0), 1.0)
    return _RESTITUTION[k] + share * (_RESTITUTION[k + 1] - _RESTITUTION[k])


@kernel(inline=True)
def _mobility(inverse_mass, inverse_inertia, rx, ry, nx, ny):
    """Velocity of a body's point r by a unit impulse there: normal by normal, tangential by tangential, mixed."""
    along, across = rx * nx + ry * ny, ry * nx - rx * ny  # arms of the tangential and of the normal part
    return (
        inverse_mass + across * across * inverse_inertia,
        inverse_mass + along * along * inverse_inertia,
        across * -along * inverse_inertia,
    )


@kernel(inline=True)
def _push(body, rx, ry, jx, jy):
    """Change velocities by an impulse at r; how much that of the centre of mass changed."""
    body.vx += jx / body.mass
    body.vy += jy / body.mass
    body.yaw_rate += (rx * jy - ry * jx) / body.yaw_inertia
    return np.sqrt(jx * jx + jy * jy) / body.mass


@kernel
def strike(bodies, contact, friction, bounce):
    """Change the velocities of the two bodies of a contact, whose poses are those of the impact.

    Nothing happens where they part already. People do not bounce. Momentum and angular momentum stay, energy never
    grows: of the impulses with the same normal velocity afterwards, energy is a convex function of the tangential part,
    it does not grow without such a part, and restitution is held to where it does not grow with sliding stopped either.

    Args:
        bodies: (N,) BODY_DTYPE; velocities are modified.
        contact: CONTACT_DTYPE record; closing speed, impulse and changes of velocity are written.
        friction: between the two.
        bounce: coefficient of restitution; negative: `restitution` at their speed.
    """
    a, b = bodies[contact.i], bodies[contact.j]
    nx, ny = contact.nx, contact.ny
    # A person takes the impulse in the middle, not being turned by it.
    x, y = contact.x + (b.radius - a.radius) * nx, contact.y + (b.radius - a.radius) * ny
    rx, ry, qx, qy = x - a.x, y - a.y, x - b.x, y - b.y
    # Velocity of b against a at the contact: along the normal, from a to b, and along the tangent, left of it.
    wx = b.vx - b.yaw_rate * qy - a.vx + a.yaw_rate * ry
    wy = b.vy + b.yaw_rate * qx - a.vy - a.yaw_rate * rx
    normal, tangential = wx * nx + wy * ny, wy * nx - wx * ny
    an, at, ax = _mobility(1.0 / a.mass, 1.0 / a.yaw_inertia, rx, ry, nx, ny)
    bn, bt, bx = _mobility(1.0 / b.mass, 1.0 / b.yaw_inertia, qx, qy, nx, ny)
    kn, kt, kx = an + bn, at + bt, ax + bx
    contact.closing = -normal
    if normal >= 0.0 or kn <= 0.0:
        return
    e = bounce
    if e < 0.0:
        e = 0.0 if a.radius + b.radius > 0.0 else restitution(-normal)
    coupling = kx / kn
    whole = kt - kx * coupling  # mobility along the tangent while the normal velocity is kept
    e = min(e, np.sqrt(max(whole / kt, 0.0)))
    straight = -(1.0 + e) * normal / kn
    # Tangential impulse that stops the sliding, held to the cone of friction.
    stop = -(tangential + kx * straight) / whole if whole > 1e-12 * kt else 0.0
    leaning = 1.0 + friction * np.copysign(coupling, coupling * stop)
    most = friction * straight / leaning if leaning > 0.0 else np.inf
    sliding = min(max(stop, -most), most)
    squeeze = straight - coupling * sliding
    jx, jy = squeeze * nx - sliding * ny, squeeze * ny + sliding * nx
    contact.impulse = np.sqrt(jx * jx + jy * jy)
    contact.delta_v_i = _push(a, rx, ry, -jx, -jy)
    contact.delta_v_j = _push(b, qx, qy, jx, jy)


@kernel
def skid(body, dt):
    """Slow a body that slides by friction with the ground for `dt` seconds; velocities only.

    A vehicle stands on four locked tyres with a quarter of its weight each, so spin and speed share the friction; a
    person lies on one spot. Without spin the deceleration is mu g.
    """
    if body.mass == np.inf:
        return
    brake = body.friction * GRAVITY_MPS2 * dt  # m/s
    if body.half_length == 0.0:
        speed = np.sqrt(body.vx * body.vx + body.vy * body.vy)
        left = max(0.0, 1.0 - brake / speed) if speed > 0.0 else 0.0
        body.vx, body.vy = body.vx * left, body.vy * left
        return
    c, s = np.cos(body.yaw), np.sin(body.yaw)
    dvx = dvy = turn = 0.0
    for k in range(4):
        ahead = body.middle + (_AXLE if k < 2 else -_AXLE) * body.half_length
        left = (_TRACK if k % 2 else -_TRACK) * body.half_width
        rx, ry = ahead * c - left * s, ahead * s + left * c
        ux, uy = body.vx - body.yaw_rate * ry, body.vy + body.yaw_rate * rx
        # Tyres slower than what a step takes off are slowed in proportion: all of them stop at once.
        share = 0.25 * brake / max(np.sqrt(ux * ux + uy * uy), brake)
        dvx, dvy, turn = dvx - share * ux, dvy - share * uy, turn - share * (rx * uy - ry * ux)
    body.vx, body.vy = body.vx + dvx, body.vy + dvy
    turn *= body.mass / body.yaw_inertia
    body.yaw_rate = 0.0 if turn * body.yaw_rate < -body.yaw_rate * body.yaw_rate else body.yaw_rate + turn
    if body.vx * body.vx + body.vy * body.vy < _REST_MPS * _REST_MPS and abs(body.yaw_rate) < _REST_RADPS:
        body.vx = body.vy = body.yaw_rate = 0.0


@kernel(inline=True)
def _part(bodies, contact):
    """Move sliding bodies that overlap apart, the lighter further."""
    depth = -contact.gap - 0.5 * TOLERANCE_M
    a, b = bodies[contact.i], bodies[contact.j]
    wa, wb = 1.0 / a.mass if a.slides else 0.0, 1.0 / b.mass if b.slides else 0.0
    if depth <= 0.0 or wa + wb <= 0.0:
        return
    shift = PARTING * depth / (wa + wb)
    a.x, a.y = a.x - shift * wa * contact.nx, a.y - shift * wa * contact.ny
    b.x, b.y = b.x + shift * wb * contact.nx, b.y + shift * wb * contact.ny


@kernel
def advance(bodies, sweep, dt, friction, bounce, contacts):
    """Move all bodies of a world by `dt` seconds through collisions; the number of contacts.

    Bodies keep their velocities, but for friction with the ground, of those that slide, and for impacts. What strikes
    something stays where it did so until the end of the step, the time that a crash takes, and leaves at its velocity
    after the impact. Who slides from then on (`slides`) is left to the caller: the contacts say how hard it was.

    Args:
        bodies: (N,) BODY_DTYPE, modified.
        sweep: (N,) of `sweeps`, kept from step to step.
        dt: s.
        friction: between bodies that touch.
        bounce: coefficient of restitution; negative: `restitution` at their speed.
        contacts: (C,) CONTACT_DTYPE, filled from the start, see `collide`.
    """
    for k in range(bodies.shape[0]):
        if bodies[k].active and bodies[k].slides:
            skid(bodies[k], 0.5 * dt)
    count = collide(bodies, sweep, dt, contacts)
    for k in range(bodies.shape[0]):
        body = bodies[k]
        if body.active:
            body.x += body.vx * body.until
            body.y += body.vy * body.until
            body.yaw += body.yaw_rate * body.until
    for m in range(count):
        strike(bodies, contacts[m], friction, bounce)
    for m in range(count):
        _part(bodies, contacts[m])
    for k in range(bodies.shape[0]):
        if bodies[k].active and bodies[k].slides:
            skid(bodies[k], 0.5 * dt)
    return count


@kernel
def _advance_range(bodies, sweep, dt, friction, bounce, contacts, begin, end, counts):
    for w in range(begin, end):
        counts[w] = advance(bodies[w], sweep[w], dt, friction, bounce, contacts[w])


# ---- for Python ------------------------------------------------------------------------------------------------------


def advance_worlds(
    bodies: NDArray[np.void],
    sweep: NDArray[np.void],
    dt: float,
    contacts: NDArray[np.void],
    *,
    friction: float = METAL_FRICTION,
    bounce: float | None = None,
    threads: int | None = None,
) -> NDArray[np.int64]:
    """Move W worlds by `dt` seconds through collisions; (W,) numbers of contacts. See `advance`.

    Args:
        bodies: (W, N) C-contiguous BODY_DTYPE, modified.
        sweep: (W, N) of `sweeps`, kept from step to step.
        dt: s.
        contacts: (W, C) CONTACT_DTYPE, each row filled from its start in the order of time.
        friction: between bodies that touch.
        bounce: coefficient of restitution; by default `restitution` at their speed.
        threads: default: one a processor. Results do not depend on it.

    Raises:
        OddRoadError: for arrays of other shapes or types.
    """
    for name, array, dtype in (("bodies", bodies, BODY_DTYPE), ("sweep", sweep, SWEEP_DTYPE)):
        if array.ndim != 2 or array.dtype != dtype or array.shape != bodies.shape or not array.flags.c_contiguous:
            raise OddRoadError(f"{name} must be a C-contiguous (W, N) array of its type, not {array.shape}")
    if contacts.ndim != 2 or contacts.dtype != CONTACT_DTYPE or len(contacts) != len(bodies):
        raise OddRoadError(f"contacts must be a (W, C) array of CONTACT_DTYPE, W being {len(bodies)}")
    counts = np.zeros(len(bodies), np.int64)
    between, rebound = float(friction), -1.0 if bounce is None else float(bounce)

    def work(begin: int, end: int) -> None:
        """Worlds `begin` to `end`."""
        _advance_range(bodies, sweep, float(dt), between, rebound, contacts, begin, end, counts)

    parallel_for(work, len(bodies), chunk=16, threads=threads)
    return counts
