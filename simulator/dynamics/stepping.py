"""Many vehicles through time: one kernel advances a batch, each actor with its own model, parameters and road.

Two integrators of the models' derivatives:

- Rosenbrock's, the default: ROS2 of J. G. Verwer et al. (SIAM J. Sci. Comput. 20, 1999) with gamma = 1 - 1/sqrt(2),
  of second order and L-stable. At a speed v side slip settles in v / 200 m/s2, wheels in v / 8000 m/s2: faster than any
  fixed step as v goes to 0. So what is stiff is implicit. The method keeps its order with an incomplete Jacobian: two
  blocks, yaw rate with slip and speed with wheels, solved in closed form.
- RK4: fourth order, for what is not stiff.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.body import body_step
from simulator.dynamics.single_track import INTEGRATED, ROLLING, Control, State, derivative
from simulator.dynamics.vehicles import VEHICLE_DTYPE, Model
from simulator.errors import OddRoadError
from simulator.numerics import se3
from simulator.numerics.bare import bare
from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.numerics.trig import sine_cosine

Array = NDArray[np.float64]

STATES, CONTROLS = len(State), len(Control)
LONGEST_SUBSTEP_S = 0.005
LEAST_FRICTION = 0.01  # what floats is still wet rubber; keeps the tyre's formula regular
_CHUNK = 256  # actors that a thread takes at a time


class Method(IntEnum):
    """How derivatives become states."""

    ROSENBROCK = 0
    RK4 = 1


_GAMMA = 1.0 - 1.0 / math.sqrt(2.0)
_DELTA = 1e-7  # relative step of the difference quotients of the Jacobian


@kernel(inline=True)
def _runge_kutta(x, rate, acceleration, friction, p, h, f, k, total):
    """One RK4 step of `x` in place; `f`, `k`, `total` are scratch rows."""
    for n in range(INTEGRATED):
        k[n], total[n] = x[n], 0.0
    for stage in range(4):
        derivative(k, rate, acceleration, friction, p, f)
        weight = 1.0 / 3.0 if stage in (1, 2) else 1.0 / 6.0
        ahead = 1.0 if stage == 2 else 0.5
        for n in range(INTEGRATED):
            total[n] += weight * f[n]
            k[n] = x[n] + ahead * h * f[n]
    for n in range(INTEGRATED):
        x[n] += h * total[n]


@kernel(inline=True)
def _solve(k, m, p, h):
    """(1 - gamma h J)^-1 k in place, J being the stiff blocks in `m`, as `_jacobian` fills it."""
    g = _GAMMA * h
    a, b, c, d = 1.0 - g * m[0], -g * m[1], -g * m[2], 1.0 - g * m[3]
    if b * c > 0.5 * a * d:  # a spin that grows: what is unstable needs no implicit help, and must not be near singular
        b = c = 0.0
    r, s = k[State.YAW_RATE], k[State.SLIP]
    over = 1.0 / (a * d - b * c)
    k[State.YAW_RATE], k[State.SLIP] = over * (d * r - b * s), over * (a * s - c * r)
    if p.model != Model.DRIFT:
        return
    # What a tyre takes from its wheel it gives to the car: d(speed')/d(wheel) = -inertia / (mass R) d(wheel')/d(wheel).
    front, rear, gained = 1.0 - g * m[4], 1.0 - g * m[5], p.wheel_inertia / (p.mass * p.wheel_radius)
    from_f, from_r, to_f, to_r = -g * gained * m[4], -g * gained * m[5], g * m[7], g * m[8]
    whole = 1.0 - g * m[6] - from_f * to_f / front - from_r * to_r / rear
    if whole < 0.5:
        from_f = from_r = to_f = to_r = 0.0
        whole = 1.0 - g * m[6]
    speed = (k[State.SPEED] + from_f * k[State.WHEEL_FRONT] / front + from_r * k[State.WHEEL_REAR] / rear) / whole
    k[State.SPEED] = speed
    k[State.WHEEL_FRONT] = (k[State.WHEEL_FRONT] + to_f * speed) / front
    k[State.WHEEL_REAR] = (k[State.WHEEL_REAR] + to_r * speed) / rear


@kernel(inline=True)
def _jacobian(x, rate, acceleration, friction, p, k, f, m):
    """Difference quotients of the stiff rows about `x`, whose derivative is `k`; `f` is scratch.

    m[0:4]: yaw rate and slip by yaw rate and slip. m[4], m[5]: a wheel by itself. m[6:9]: speed and wheels by speed.
    """
    for n in range(9):
        m[n] = 0.0
    # Columns: yaw rate, slip, both wheels at once (neither feels the other's speed), speed of the car.
    for column in range(2 if p.model == Model.SINGLE_TRACK else 4):
        at = State.SPEED if column == 3 else State.YAW_RATE + column
        kept, kept_rear = x[at], x[State.WHEEL_REAR]
        delta = _DELTA * (1.0 + abs(kept))
        if column < 2:  # outwards, so that left is the mirror of right, to the last bit
            side = kept if kept != 0.0 else x[State.STEER]
            delta = np.copysign(delta, side if side != 0.0 else rate)
        x[at] = kept + delta
        if column == 2:
            x[State.WHEEL_REAR] = kept_rear + delta
        derivative(x, rate, acceleration, friction, p, f)
        x[at], x[State.WHEEL_REAR] = kept, kept_rear
        front, rear = f[State.WHEEL_FRONT] - k[State.WHEEL_FRONT], f[State.WHEEL_REAR] - k[State.WHEEL_REAR]
        if column < 2:
            m[column] = (f[State.YAW_RATE] - k[State.YAW_RATE]) / delta
            m[2 + column] = (f[State.SLIP] - k[State.SLIP]) / delta
            m[3 * column] = min(m[3 * column], 0.0)
        elif column == 2:
            m[4], m[5] = min(front / delta, 0.0), min(rear / delta, 0.0)
        else:
            m[6], m[7], m[8] = min((f[State.SPEED] - k[State.SPEED]) / delta, 0.0), front / delta, rear / delta


@kernel(inline=True)
def _rosenbrock(x, rate, acceleration, friction, p, h, f, k, m):
    """One ROS2 step of `x` in place; `f`, `k`, `m` are scratch rows. Where nothing is stiff it is Heun's."""
    stiff = p.model != Model.KINEMATIC
    derivative(x, rate, acceleration, friction, p, k)
    if stiff:
        _jacobian(x, rate, acceleration, friction, p, k, f, m)
        _solve(k, m, p, h)
    for n in range(INTEGRATED):
        x[n] += h * k[n]
    derivative(x, rate, acceleration, friction, p, f)
    for n in range(INTEGRATED):
        f[n] -= 2.0 * k[n]
    if stiff:
        _solve(f, m, p, h)
    for n in range(INTEGRATED):
        x[n] += 0.5 * h * (k[n] + f[n])


@kernel(inline=True)
def _within_bounds(x, before, steered, holds, p):
    """What a step may overshoot: wheels do not spin backwards, brakes do not reverse, limits are kept from within.

    A vehicle that has spun round and slides slowly on its back is from then on one that rolls in reverse.
    """
    x[State.WHEEL_FRONT], x[State.WHEEL_REAR] = max(x[State.WHEEL_FRONT], 0.0), max(x[State.WHEEL_REAR], 0.0)
    x[State.STEER] = min(max(x[State.STEER], min(-p.steer_max, steered)), max(p.steer_max, steered))
    x[State.SPEED] = min(max(x[State.SPEED], min(p.speed_min, before)), max(p.speed_max, before))
    x[State.HITCH] = min(max(x[State.HITCH], -0.5 * np.pi), 0.5 * np.pi)
    x[State.SLIP] -= 2.0 * np.pi * np.rint(x[State.SLIP] / (2.0 * np.pi))
    if 0.0 < x[State.SPEED] < ROLLING and abs(x[State.SLIP]) > 0.5 * np.pi:
        x[State.SPEED] = -x[State.SPEED]
        x[State.SLIP] -= np.copysign(np.pi, x[State.SLIP])
    elif holds and x[State.SPEED] * before <= 0.0:
        x[State.SPEED] = x[State.YAW_RATE] = x[State.WHEEL_FRONT] = x[State.WHEEL_REAR] = 0.0


@kernel(inline=True)
def _substep(x, rate, drive, brake, friction, p, h, method, f, k, scratch):
    """One vehicle's state `x` (STATES,) after `h` seconds, in place; `f`, `k`, `scratch` are rows to work in."""
    before, steered, yaw = x[State.SPEED], x[State.STEER], x[State.YAW]
    course = yaw + x[State.SLIP]
    wanted = drive - (np.copysign(brake, before) if before != 0.0 else min(max(drive, -brake), brake))
    holds = brake > 0.0 and abs(drive) <= brake
    if holds and p.model == Model.KINEMATIC and (before + wanted * h) * before < 0.0:
        wanted = -before / h  # it stands before the step is over, and does not reverse
    if method == Method.RK4:
        _runge_kutta(x, rate, wanted, friction, p, h, f, k, scratch)
    else:
        _rosenbrock(x, rate, wanted, friction, p, h, f, k, scratch)
    _within_bounds(x, before, steered, holds, p)
    if p.model == Model.KINEMATIC:
        x[State.YAW_RATE] = (x[State.YAW] - yaw) / h
    course -= x[State.YAW]  # where it went, seen from where it looks now
    now, slip = x[State.SPEED], x[State.SLIP]
    (s, c), (before_s, before_c) = sine_cosine(slip), sine_cosine(course)
    ax, ay = (now * c - before * before_c) / h, (now * s - before * before_s) / h
    x[State.ACCELERATION_X], x[State.ACCELERATION_Y] = ax, ay
    x[State.ROLL], x[State.ROLL_RATE], x[State.PITCH], x[State.PITCH_RATE] = body_step(
        x[State.ROLL], x[State.ROLL_RATE], x[State.PITCH], x[State.PITCH_RATE], ax, ay, p, h
    )


@kernel
def advance(state, control, friction, vehicle, table, begin, end, dt, substeps, method):
    """Advance the actors `begin` .. `end` of a batch by `dt` seconds.

    Args:
        state: (STATES, N) rows as in `State`, modified.
        control: (CONTROLS, N) rows as in `Control`, held over the step.
        friction: (N,) peak friction coefficient of the road under each actor.
        vehicle: (N,) rows of `table`.
        table: (K,) VEHICLE_DTYPE.
        begin, end: range of actors.
        dt: s.
        substeps: equal parts of it.
        method: `Method`.
    """
    rows = np.empty(STATES), np.empty(INTEGRATED), np.empty(INTEGRATED), np.empty(INTEGRATED)
    state, control, friction, vehicle, table = bare(state), bare(control), bare(friction), bare(vehicle), bare(table)
    _advance(state, control, friction, vehicle, table, rows, begin, end, dt, substeps, method)


@kernel(inner=True)
def _advance(state, control, friction, vehicle, table, rows, begin, end, dt, substeps, method):
    """As `advance`, with `rows` to work in: of the state, and three of its derivatives."""
    x, f, k, scratch = bare(rows[0]), bare(rows[1]), bare(rows[2]), bare(rows[3])
    h = dt / substeps
    for i in range(begin, end):
        p = table[vehicle[i]]
        grip = max(friction[i], LEAST_FRICTION)
        rate, drive, brake = control[Control.STEER_RATE, i], control[Control.DRIVE, i], control[Control.BRAKE, i]
        for n in range(STATES):
            x[n] = state[n, i]
        for _ in range(substeps):
            _substep(x, rate, drive, brake, grip, p, h, method, f, k, scratch)
        for n in range(STATES):
            state[n, i] = x[n]


def standing(shape: int | tuple[int, ...]) -> Array:
    """(STATES, *shape) states of vehicles at rest at the origin."""
    return np.zeros((STATES, *np.atleast_1d(shape)))


def roll_at(state: Array, speed_mps: float | Array, table: NDArray[np.void], vehicle: NDArray[np.int64]) -> None:
    """Set speeds, a scalar or (...), in a state (STATES, ...), straight ahead, and the wheels' to match."""
    state[State.SPEED] = speed_mps
    radius = table["wheel_radius"][vehicle]
    wheels = np.divide(state[State.SPEED], radius, out=np.zeros_like(state[State.SPEED]), where=radius > 0.0)
    state[State.WHEEL_FRONT] = state[State.WHEEL_REAR] = np.maximum(wheels, 0.0)


def _expect(name: str, array: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
        kind, given = ("VEHICLE_DTYPE" if d == VEHICLE_DTYPE else d.name for d in (dtype, array.dtype))
        raise OddRoadError(f"{name} must be a C-contiguous array {shape} of {kind}, not {array.shape} of {given}")


def step(
    state: Array,
    control: Array,
    friction: Array,
    vehicle: NDArray[np.int64],
    table: NDArray[np.void],
    dt: float,
    *,
    substeps: int | None = None,
    method: Method = Method.ROSENBROCK,
    threads: int | None = None,
) -> None:
    """Advance all vehicles by `dt` seconds, in place. What becomes of one depends neither on others nor on `threads`.

    Args:
        state: (STATES, ...) C-contiguous float64, rows as in `State`; "..." is any shape, as worlds x actors.
        control: (CONTROLS, ...) float64, rows as in `Control`, held over the step.
        friction: (...) peak friction coefficients (`road_friction`).
        vehicle: (...) int64 rows of `table`.
        table: (K,) VEHICLE_DTYPE.
        dt: s.
        substeps: equal parts of `dt`; by default of at most `LONGEST_SUBSTEP_S`.
        method: of integration.
        threads: default: one a processor.

    Raises:
        OddRoadError: for arrays of other shapes or types, rows that are not in the table, no or negative time.
    """
    shape = state.shape[1:]
    number = np.dtype(np.float64)
    _expect("state", state, (STATES, *shape), number)
    _expect("control", control, (CONTROLS, *shape), number)
    _expect("friction", friction, shape, number)
    _expect("vehicle", vehicle, shape, np.dtype(np.int64))
    _expect("table", table, table.shape[:1], VEHICLE_DTYPE)
    if vehicle.size and (vehicle.min() < 0 or vehicle.max() >= len(table)):
        raise OddRoadError(f"vehicle must hold rows of the table, 0 to {len(table) - 1}")
    if not (dt > 0.0 and math.isfinite(dt)) or (substeps is not None and substeps < 1):
        raise OddRoadError(f"a step takes time and at least one part, not dt={dt!r}, substeps={substeps!r}")
    parts = substeps or math.ceil(dt / LONGEST_SUBSTEP_S - 1e-9)
    flat = state.reshape(STATES, -1), control.reshape(CONTROLS, -1), friction.ravel(), vehicle.ravel()

    def work(begin: int, end: int) -> None:
        """Vehicles `begin` to `end`."""
        advance(*flat, table, begin, end, dt, parts, int(method))

    parallel_for(work, flat[3].size, chunk=_CHUNK, threads=threads)


def body_poses(state: Array, table: NDArray[np.void], vehicle: NDArray[np.int64]) -> tuple[Array, Array]:
    """World position (..., 2) of the vehicle frame, under the rear axle's centre, and roll, pitch, yaw (..., 3)."""
    yaw = state[State.YAW]
    behind = np.where(table["model"][vehicle] == Model.KINEMATIC, 0.0, table["rear"][vehicle])
    xy = np.stack([state[State.X] - behind * np.cos(yaw), state[State.Y] - behind * np.sin(yaw)], axis=-1)
    return xy, np.stack([state[State.ROLL], state[State.PITCH], se3.wrap_angle(yaw)], axis=-1)


def trailer_poses(state: Array, table: NDArray[np.void], vehicle: NDArray[np.int64]) -> tuple[Array, Array]:
    """World position (..., 2) under the centre of the trailer's axle, and its yaw (...); the hitch's without one."""
    xy, rpy = body_poses(state, table, vehicle)
    yaw = rpy[..., 2]
    trailer_yaw = se3.wrap_angle(yaw + state[State.HITCH])
    hitch, length = table["hitch"][vehicle][..., None], table["trailer"][vehicle][..., None]
    forward, along = (np.stack([np.cos(angle), np.sin(angle)], axis=-1) for angle in (yaw, trailer_yaw))
    return xy - hitch * forward - length * along, trailer_yaw
