"""Single-track models: time derivatives of one vehicle's state.

Source: M. Althoff, G. Würsching, "CommonRoad: Vehicle Models" (version 2020a): its models KS, KST (with a trailer), ST
and STD (drift). Above `FULLY_DYNAMIC` m/s and within the friction of the road the equations are theirs. Their ways of
passing zero speed (a switch at 0.1 m/s, a tanh about 0.2 m/s) give way to one smooth blend from rolling wheels to
sliding ones. KS and ST, which know no friction, are held to the circle of what the road can give, cornering first; STD
also slides backwards.

Frames: ISO 8855 (x forward, y left, z up; angles counter-clockwise). The kinematic model's position is that of the rear
axle's centre, the others' that of the centre of mass. Units: m, s, rad, kg, N.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from simulator.dynamics.tyres import tyre_forces
from simulator.dynamics.vehicles import Model
from simulator.numerics.jit import kernel
from simulator.numerics.trig import sine_cosine
from simulator.numerics.units import GRAVITY_MPS2


class State(IntEnum):
    """Rows of a state array. The first nine are CommonRoad's, in its order; all angles in rad."""

    X = 0  # m, world
    Y = 1
    STEER = 2  # of the front wheel
    SPEED = 3  # m/s along the path, negative when reversing
    YAW = 4
    YAW_RATE = 5  # rad/s
    SLIP = 6  # angle from the vehicle's x axis to its velocity, at the centre of mass
    WHEEL_FRONT = 7  # rad/s
    WHEEL_REAR = 8
    HITCH = 9  # yaw of the trailer minus that of the tractor
    ROLL = 10  # right side down is positive
    ROLL_RATE = 11
    PITCH = 12  # nose down is positive
    PITCH_RATE = 13
    ACCELERATION_X = 14  # m/s2 in the vehicle's frame at its position, after the step
    ACCELERATION_Y = 15


class Control(IntEnum):
    """Rows of a control array."""

    STEER_RATE = 0  # rad/s of the front wheel
    DRIVE = 1  # m/s2 that the engine is to give, negative: backwards
    BRAKE = 2  # m/s2 that the brakes are to take, 0 or more; they hold a standing vehicle


INTEGRATED = 10  # rows that the models have derivatives of

# Below the first speed wheels roll without slip, above the second they slip as the model says.
ROLLING, FULLY_DYNAMIC = 0.5, 2.0
_SETTLING_S = 0.1  # in which slip and yaw rate become those of rolling
_SPIN_S = 0.02  # in which wheels take up the speed of the road when rolling; as in STD
_SMALL_SLIP = 0.15  # sine of a slip angle that ST may call small
_KEPT = 0.98  # share of a tyre's greatest force that the controls of brake and drive use
_RELEASE = 0.5  # share of the best slip, beyond it, in which they let a wheel go
_SLOWEST = 0.1  # m/s, the least that slip is divided by; as in STD


@kernel(inline=True)
def limited_steer_rate(steer, rate, p):
    """Steering rate within its limit, 0 at the end of the range, as in all models of CommonRoad."""
    if (steer <= -p.steer_max and rate <= 0.0) or (steer >= p.steer_max and rate >= 0.0):
        return 0.0
    return min(max(rate, -p.steer_rate_max), p.steer_rate_max)


@kernel(inline=True)
def limited_acceleration(speed, acceleration, p):
    """Acceleration that brakes, engine and its power can give at this speed, 0 beyond its range, likewise."""
    if (speed <= p.speed_min and acceleration <= 0.0) or (speed >= p.speed_max and acceleration >= 0.0):
        return 0.0
    most = p.drive_max * p.switch_speed / speed if speed > p.switch_speed else p.drive_max
    return min(max(acceleration, -p.brake_max), most)


@kernel(inline=True)
def _trailer_rate(speed, sideways, yaw_rate, hitch, p):
    """Rate of the hitch angle: the trailer's axle follows the hitch without slip, as in KST; 0 past a right angle."""
    turning = -speed * np.sin(hitch) + (sideways - p.hitch * yaw_rate) * np.cos(hitch)
    rate = turning / p.trailer - yaw_rate
    jackknifed = abs(hitch) >= 0.5 * np.pi and rate * hitch > 0.0
    return 0.0 if jackknifed else rate


@kernel(inline=True)
def _left_of_circle(wanted, used, limit):
    """As much of an acceleration as a friction circle of radius `limit` leaves beside `used` across it."""
    most = np.sqrt(max(limit * limit - used * used, 0.0))
    return min(max(wanted, -most), most)


@kernel(inline=True)
def _held(yaw_rate, speed, limit):
    """As much of a yaw rate as a lateral acceleration of `limit` allows."""
    return yaw_rate * min(1.0, limit / max(abs(speed * yaw_rate), limit))


@kernel(inline=True)
def _kinematic(x, steer_rate, acceleration, limit, p, f):
    """KS, with a trailer KST: the rear axle moves along its heading, which turns by no more than `limit` m/s2 allow."""
    speed = x[State.SPEED]
    steer_sine, steer_cosine = sine_cosine(x[State.STEER])
    yaw_rate = _held(speed * steer_sine / ((p.front + p.rear) * steer_cosine), speed, limit)
    sine, cosine = sine_cosine(x[State.YAW])
    f[State.X], f[State.Y] = speed * cosine, speed * sine
    f[State.STEER] = steer_rate
    f[State.SPEED] = _left_of_circle(acceleration, speed * yaw_rate, limit)
    f[State.YAW] = yaw_rate
    f[State.YAW_RATE] = f[State.SLIP] = f[State.WHEEL_FRONT] = f[State.WHEEL_REAR] = 0.0
    f[State.HITCH] = _trailer_rate(speed, 0.0, yaw_rate, x[State.HITCH], p) if p.trailer > 0.0 else 0.0


@kernel(inline=True)
def _rolling(x, steer_rate, acceleration, limit, p, f):
    """The kinematic model about the centre of mass, to which slip and yaw rate settle as fast as `limit` m/s2 allow."""
    steer, speed = x[State.STEER], x[State.SPEED]
    wheelbase = p.front + p.rear
    tangent = np.tan(steer)
    secant2 = 1.0 + tangent * tangent
    slip = np.arctan(tangent * p.rear / wheelbase)
    curvature = np.cos(slip) * tangent / wheelbase
    slip_rate = steer_rate * secant2 * p.rear / wheelbase / (1.0 + (tangent * p.rear / wheelbase) ** 2)
    curvature_rate = (np.cos(slip) * secant2 * steer_rate - np.sin(slip) * slip_rate * tangent) / wheelbase
    yaw_rate = _held(speed * curvature, speed, limit)
    f[State.YAW] = yaw_rate
    f[State.YAW_RATE] = acceleration * curvature + speed * curvature_rate + (yaw_rate - x[State.YAW_RATE]) / _SETTLING_S
    fastest = limit / max(abs(speed), 0.1 * ROLLING)  # that the path may turn
    turning = min(max(yaw_rate + slip_rate + (slip - x[State.SLIP]) / _SETTLING_S, -fastest), fastest)
    f[State.SLIP] = turning - yaw_rate
    f[State.SPEED] = _left_of_circle(acceleration, speed * turning, limit)
    along = speed * np.cos(slip)
    f[State.WHEEL_FRONT] = (along / np.cos(steer) / p.wheel_radius - x[State.WHEEL_FRONT]) / _SPIN_S
    f[State.WHEEL_REAR] = (along / p.wheel_radius - x[State.WHEEL_REAR]) / _SPIN_S


@kernel(inline=True)
def _linear_tyres(x, acceleration, limit, p, f, share):
    """ST: side forces in proportion to slip angle and load, which `acceleration` moves between the axles.

    Beyond `_SMALL_SLIP`, where its small angles end, side forces turn its path less and slow it instead.
    """
    a, b, c = p.front, p.rear, -p.tyre.p_ky1
    v, yaw_rate, slip, facing = x[State.SPEED], x[State.YAW_RATE], x[State.SLIP], 1.0
    if abs(slip) > 0.5 * np.pi:  # it slides backwards
        slip, facing = np.copysign(np.pi, slip) - slip, -1.0
    load_f = (GRAVITY_MPS2 * b - acceleration * p.cg_height) / (a + b)  # over mass, as the forces are
    load_r = (GRAVITY_MPS2 * a + acceleration * p.cg_height) / (a + b)
    most = limit / GRAVITY_MPS2
    side_f = load_f * min(max(c * (facing * x[State.STEER] - slip - a * yaw_rate / v), -most), most)
    side_r = load_r * min(max(c * (b * yaw_rate / v - slip), -most), most)
    across = np.sin(x[State.SLIP])
    scrub = across - min(max(across, -_SMALL_SLIP), _SMALL_SLIP)
    turning = (side_f + side_r) * np.sqrt(1.0 - scrub * scrub)
    f[State.SPEED] += share * _left_of_circle(acceleration + (side_f + side_r) * scrub, turning, limit)
    f[State.YAW] += share * yaw_rate
    f[State.YAW_RATE] += share * p.mass / p.yaw_inertia * (a * side_f - b * side_r)
    f[State.SLIP] += share * (facing * turning / v - yaw_rate)


@kernel(inline=True)
def _kept_torque(torque, kappa, alpha, load, grip, p):
    """What antilock brake and traction control leave of a torque: what the tyre holds just short of its best slip.

    An ideal control, faster than wheels lock. A wheel that has passed its best slip otherwise is let go.
    """
    if not (p.antilock if torque < 0.0 else p.traction_control):
        return torque
    best = np.copysign(p.tyre.peak * grip, torque)
    most = abs(torque)
    if most > 0.5 * p.wheel_radius * p.tyre.p_dx1 * grip * load:  # else it holds all of it, at any useful angle
        force, _ = tyre_forces(best, alpha, load, grip, p.tyre)
        spinning = p.wheel_inertia * grip * p.tyre.p_dx1 * GRAVITY_MPS2 / p.wheel_radius  # what slows the wheel itself
        most = min(most, _KEPT * p.wheel_radius * abs(force) + spinning)
    most *= min(max(1.0 - (kappa / best - 1.0) / _RELEASE, 0.0), 1.0)
    return np.copysign(most, torque)


@kernel(inline=True)
def _pacejka_tyres(x, acceleration, felt, grip, p, f, share):
    """STD: forces at combined slip, wheels that torque and road spin; `felt` is what moves load between the axles."""
    a, b, radius = p.front, p.rear, p.wheel_radius
    steer, v, yaw_rate, slip = x[State.STEER], x[State.SPEED], x[State.YAW_RATE], x[State.SLIP]
    cs, ss = np.cos(slip), np.sin(slip)
    along, sideways = v * cs, v * ss
    load_f = p.mass * (GRAVITY_MPS2 * b - felt * p.cg_height) / (a + b)
    load_r = p.mass * (GRAVITY_MPS2 * a + felt * p.cg_height) / (a + b)
    floor = 0.02 * p.mass * GRAVITY_MPS2  # an axle that lifts off keeps its equations regular
    load_f, load_r = max(load_f, floor), max(load_r, floor)

    c, s = np.cos(steer), np.sin(steer)
    turned = sideways + a * yaw_rate
    rolling_f, across_f, across_r = along * c + turned * s, turned * c - along * s, sideways - b * yaw_rate
    slow_f, slow_r = max(abs(rolling_f), _SLOWEST), max(abs(along), _SLOWEST)
    alpha_f, alpha_r = np.arctan(across_f / slow_f), np.arctan(across_r / slow_r)
    kappa_f = (radius * x[State.WHEEL_FRONT] - rolling_f) / slow_f
    kappa_r = (radius * x[State.WHEEL_REAR] - along) / slow_r
    drive_f, side_f = tyre_forces(kappa_f, alpha_f, load_f, grip, p.tyre)
    drive_r, side_r = tyre_forces(kappa_r, alpha_r, load_r, grip, p.tyre)

    torque = p.mass * radius * acceleration
    front_share = p.drive_front
    if acceleration <= 0.0:
        front_share = load_f / (load_f + load_r) if p.antilock else p.brake_front
    torque_f = _kept_torque(front_share * torque, kappa_f, alpha_f, load_f, grip, p)
    torque_r = _kept_torque((1.0 - front_share) * torque, kappa_r, alpha_r, load_r, grip, p)

    forwards, left = drive_r + drive_f * c - side_f * s, side_r + side_f * c + drive_f * s
    f[State.SPEED] += share * (forwards * cs + left * ss) / p.mass
    f[State.YAW] += share * yaw_rate
    f[State.YAW_RATE] += share * (a * (left - side_r) - b * side_r) / p.yaw_inertia
    f[State.SLIP] += share * ((left * cs - forwards * ss) / (p.mass * v) - yaw_rate)
    f[State.WHEEL_FRONT] += share * (torque_f - radius * drive_f) / p.wheel_inertia
    f[State.WHEEL_REAR] += share * (torque_r - radius * drive_r) / p.wheel_inertia


@kernel
def derivative(x, steer_rate, acceleration, friction, p, f):
    """Time derivative of the first `INTEGRATED` rows of one vehicle's state.

    Args:
        x: (>= INTEGRATED,) rows as in `State`.
        steer_rate: rad/s, limited here.
        acceleration: m/s2 that engine and brakes are to give together, limited here.
        friction: peak friction coefficient of the road, greater than 0.
        p: VEHICLE_DTYPE record.
        f: (>= INTEGRATED,) output.
    """
    speed = x[State.SPEED]
    rate = limited_steer_rate(x[State.STEER], steer_rate, p)
    demand = limited_acceleration(speed, acceleration, p)
    limit = friction * GRAVITY_MPS2  # what the road can give
    felt = min(max(demand, -limit), limit)
    if p.model == Model.KINEMATIC:
        _kinematic(x, rate, felt, limit, p, f)
        return
    # Reversing has share 0: it is slow, and there a steered rear end would not follow the linear tyres stably.
    w = min(max((speed - ROLLING) / (FULLY_DYNAMIC - ROLLING), 0.0), 1.0)
    share = w * w * (3.0 - 2.0 * w)
    if share < 1.0:
        _rolling(x, rate, felt, limit, p, f)
        for k in range(State.SPEED, INTEGRATED):
            f[k] *= 1.0 - share
    else:
        for k in range(State.SPEED, INTEGRATED):
            f[k] = 0.0
    direction = x[State.YAW] + x[State.SLIP]
    f[State.X] = speed * np.cos(direction)
    f[State.Y] = speed * np.sin(direction)
    f[State.STEER] = rate
    if share > 0.0:
        if p.model == Model.SINGLE_TRACK:
            _linear_tyres(x, felt, limit, p, f, share)
        else:
            _pacejka_tyres(x, demand, felt, friction / p.tyre.p_dx1, p, f, share)
    f[State.HITCH] = 0.0
    if p.trailer > 0.0:
        sideways = speed * np.sin(x[State.SLIP]) - p.rear * f[State.YAW]
        f[State.HITCH] = _trailer_rate(speed * np.cos(x[State.SLIP]), sideways, f[State.YAW], x[State.HITCH], p)
