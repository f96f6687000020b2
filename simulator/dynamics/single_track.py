"""Single-track models: time derivatives of one vehicle's state.

Source: M. Althoff, G. Würsching, "CommonRoad: Vehicle Models" (version 2020a), sections 5 (KS), 6 (KST), 7 (ST) and 8
(STD), to which the equations are equal above `FULLY_DYNAMIC` m/s. Their own ways of passing zero speed (a switch at
0.1 m/s, a tanh about 0.2 m/s) give way to one smooth blend from rolling wheels to sliding ones.

Frames: ISO 8855 (x forward, y left, z up; angles counter-clockwise). The kinematic model's position is that of the rear
axle's centre, the others' that of the centre of mass. Units: m, s, rad, kg, N.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from simulator.dynamics.friction import GRAVITY
from simulator.dynamics.tyres import tyre_forces
from simulator.dynamics.vehicles import Model
from simulator.numerics.jit import kernel


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
_SPIN_S = 0.02  # in which wheels take up the speed of the road when rolling; 0.02 s in section 8
_RELEASE = 0.5  # share of the best slip beyond it at which the antilock brake lets go altogether
_SLOWEST = 0.1  # m/s, the least that slip is divided by; section 8


@kernel(inline=True)
def limited_steer_rate(steer, rate, p):  # type: ignore[no-untyped-def]
    """Steering rate within its limit, 0 at the end of the range (section 5, eq. 3)."""
    if (steer <= -p.steer_max and rate <= 0.0) or (steer >= p.steer_max and rate >= 0.0):
        return 0.0
    return min(max(rate, -p.steer_rate_max), p.steer_rate_max)


@kernel(inline=True)
def limited_acceleration(speed, acceleration, p):  # type: ignore[no-untyped-def]
    """Acceleration that brakes, engine and its power can give at this speed, 0 beyond the range (section 5, eq. 4)."""
    if (speed <= p.speed_min and acceleration <= 0.0) or (speed >= p.speed_max and acceleration >= 0.0):
        return 0.0
    most = p.drive_max * p.switch_speed / speed if speed > p.switch_speed else p.drive_max
    return min(max(acceleration, -p.brake_max), most)


@kernel(inline=True)
def _trailer_rate(speed, sideways, yaw_rate, hitch, p):  # type: ignore[no-untyped-def]
    """Rate of the hitch angle: the trailer's axle follows the hitch without slip (section 6); 0 past a right angle."""
    turning = -speed * np.sin(hitch) + (sideways - p.hitch * yaw_rate) * np.cos(hitch)
    rate = turning / p.trailer - yaw_rate
    jackknifed = abs(hitch) >= 0.5 * np.pi and rate * hitch > 0.0
    return 0.0 if jackknifed else rate


@kernel(inline=True)
def _kinematic(x, steer_rate, acceleration, p, f):  # type: ignore[no-untyped-def]
    """KS, with a trailer KST: the rear axle moves along its heading."""
    speed = x[State.SPEED]
    yaw_rate = speed / (p.front + p.rear) * np.tan(x[State.STEER])
    f[State.X] = speed * np.cos(x[State.YAW])
    f[State.Y] = speed * np.sin(x[State.YAW])
    f[State.STEER] = steer_rate
    f[State.SPEED] = acceleration
    f[State.YAW] = yaw_rate
    f[State.YAW_RATE] = f[State.SLIP] = f[State.WHEEL_FRONT] = f[State.WHEEL_REAR] = 0.0
    f[State.HITCH] = _trailer_rate(speed, 0.0, yaw_rate, x[State.HITCH], p) if p.trailer > 0.0 else 0.0


@kernel(inline=True)
def _rolling(x, steer_rate, acceleration, p, f):  # type: ignore[no-untyped-def]
    """The kinematic model about the centre of mass, to which slip and yaw rate settle."""
    steer, speed = x[State.STEER], x[State.SPEED]
    wheelbase = p.front + p.rear
    tangent = np.tan(steer)
    secant2 = 1.0 + tangent * tangent
    slip = np.arctan(tangent * p.rear / wheelbase)
    curvature = np.cos(slip) * tangent / wheelbase
    slip_rate = steer_rate * secant2 * p.rear / wheelbase / (1.0 + (tangent * p.rear / wheelbase) ** 2)
    curvature_rate = (np.cos(slip) * secant2 * steer_rate - np.sin(slip) * slip_rate * tangent) / wheelbase
    f[State.SPEED] = acceleration
    f[State.YAW] = speed * curvature
    f[State.YAW_RATE] = (
        acceleration * curvature + speed * curvature_rate + (speed * curvature - x[State.YAW_RATE]) / _SETTLING_S
    )
    f[State.SLIP] = slip_rate + (slip - x[State.SLIP]) / _SETTLING_S
    along = speed * np.cos(slip)
    f[State.WHEEL_FRONT] = (along / np.cos(steer) / p.wheel_radius - x[State.WHEEL_FRONT]) / _SPIN_S
    f[State.WHEEL_REAR] = (along / p.wheel_radius - x[State.WHEEL_REAR]) / _SPIN_S


@kernel(inline=True)
def _linear_tyres(x, acceleration, p, f, share):  # type: ignore[no-untyped-def]
    """ST: side forces in proportion to slip angle and load, which `acceleration` moves between the axles."""
    a, b, c = p.front, p.rear, -p.tyre.p_ky1
    v, yaw_rate, slip = x[State.SPEED], x[State.YAW_RATE], x[State.SLIP]
    front = c * (GRAVITY * b - acceleration * p.cg_height) / (a + b)  # stiffness over mass
    rear = c * (GRAVITY * a + acceleration * p.cg_height) / (a + b)
    side_f = front * (x[State.STEER] - slip - a * yaw_rate / v)  # force over mass
    side_r = rear * (b * yaw_rate / v - slip)
    f[State.SPEED] += share * acceleration
    f[State.YAW] += share * yaw_rate
    f[State.YAW_RATE] += share * p.mass / p.yaw_inertia * (a * side_f - b * side_r)
    f[State.SLIP] += share * ((side_f + side_r) / v - yaw_rate)


@kernel(inline=True)
def _kept_torque(torque, kappa, grip, p):  # type: ignore[no-untyped-def]
    """What antilock brake and traction control leave of a torque: all up to the best slip, none well beyond it."""
    beyond = (abs(kappa) / (p.tyre.peak * grip) - 1.0) / _RELEASE
    braking = torque < 0.0
    held = braking == (kappa < 0.0) and (p.antilock if braking else p.traction_control)
    return torque * min(max(1.0 - beyond, 0.0), 1.0) if held else torque


@kernel(inline=True)
def _pacejka_tyres(x, acceleration, felt, grip, p, f, share):  # type: ignore[no-untyped-def]
    """STD: forces at combined slip, wheels that torque and road spin; `felt` is what moves load between the axles."""
    a, b, radius = p.front, p.rear, p.wheel_radius
    steer, v, yaw_rate, slip = x[State.STEER], x[State.SPEED], x[State.YAW_RATE], x[State.SLIP]
    along, sideways = v * np.cos(slip), v * np.sin(slip)
    load_f = p.mass * (GRAVITY * b - felt * p.cg_height) / (a + b)
    load_r = p.mass * (GRAVITY * a + felt * p.cg_height) / (a + b)
    floor = 0.02 * p.mass * GRAVITY  # an axle that lifts off keeps its equations regular
    load_f, load_r = max(load_f, floor), max(load_r, floor)

    alpha_f = np.arctan((sideways + a * yaw_rate) / along) - steer
    alpha_r = np.arctan((sideways - b * yaw_rate) / along)
    rolling_f = max(along * np.cos(steer) + (sideways + a * yaw_rate) * np.sin(steer), 0.0)
    rolling_r = max(along, 0.0)
    kappa_f = radius * x[State.WHEEL_FRONT] / max(rolling_f, _SLOWEST) - 1.0
    kappa_r = radius * x[State.WHEEL_REAR] / max(rolling_r, _SLOWEST) - 1.0
    drive_f, side_f = tyre_forces(kappa_f, alpha_f, load_f, grip, p.tyre)
    drive_r, side_r = tyre_forces(kappa_r, alpha_r, load_r, grip, p.tyre)

    torque = p.mass * radius * acceleration
    front_share = p.drive_front
    if acceleration <= 0.0:
        front_share = load_f / (load_f + load_r) if p.antilock else p.brake_front
    torque_f = _kept_torque(front_share * torque, kappa_f, grip, p)
    torque_r = _kept_torque((1.0 - front_share) * torque, kappa_r, grip, p)

    c, s = np.cos(steer - slip), np.sin(steer - slip)
    cs, ss = np.cos(slip), np.sin(slip)
    f[State.SPEED] += share * (drive_f * c - side_f * s + drive_r * cs + side_r * ss) / p.mass
    f[State.YAW] += share * yaw_rate
    moment = a * (side_f * np.cos(steer) + drive_f * np.sin(steer)) - b * side_r
    f[State.YAW_RATE] += share * moment / p.yaw_inertia
    f[State.SLIP] += share * ((side_f * c + drive_f * s + side_r * cs - drive_r * ss) / (p.mass * v) - yaw_rate)
    f[State.WHEEL_FRONT] += share * (torque_f - radius * drive_f) / p.wheel_inertia
    f[State.WHEEL_REAR] += share * (torque_r - radius * drive_r) / p.wheel_inertia


@kernel(inline=True)
def derivative(x, steer_rate, acceleration, friction, p, f):  # type: ignore[no-untyped-def]
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
    felt = min(max(demand, -friction * GRAVITY), friction * GRAVITY)  # what the road can give
    if p.model == Model.KINEMATIC:
        _kinematic(x, rate, felt, p, f)
        return
    # Reversing has share 0: it is slow, and there a steered rear end would not follow the linear tyres stably.
    w = min(max((speed - ROLLING) / (FULLY_DYNAMIC - ROLLING), 0.0), 1.0)
    share = w * w * (3.0 - 2.0 * w)
    if share < 1.0:
        _rolling(x, rate, felt, p, f)
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
            _linear_tyres(x, felt, p, f, share)
        else:
            _pacejka_tyres(x, demand, felt, friction / p.tyre.p_dx1, p, f, share)
    f[State.HITCH] = 0.0
    if p.trailer > 0.0:
        sideways = speed * np.sin(x[State.SLIP]) - p.rear * f[State.YAW]
        f[State.HITCH] = _trailer_rate(speed * np.cos(x[State.SLIP]), sideways, f[State.YAW], x[State.HITCH], p)
