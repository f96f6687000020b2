"""Vehicles that follow their paths as long as their tyres hold, and slide where these do not.

While the road gives what the path asks for, a driver keeps to it and the vehicle is where the path says. As soon as
the bend or the change of lane asks for more than `HOLDING` of the friction under the wheels, the vehicle moves as the
single-track model with Pacejka's tyres does (`Model.DRIFT`), at the wheel a driver who looks `PREVIEW_S` ahead: it runs
wide, may spin, and comes back when the road lets it. Along the path nobody brakes or speeds up harder than what the
bend leaves of the friction circle; brakes are antilock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.motion import Agent
from simulator.dynamics.prescribed import SPACING
from simulator.dynamics.single_track import Control, State
from simulator.dynamics.stepping import CONTROLS, STATES, Method, advance
from simulator.dynamics.surface import Surface, friction_sides
from simulator.dynamics.vehicles import VEHICLE_DTYPE
from simulator.numerics.jit import kernel
from simulator.numerics.units import GRAVITY_MPS2

Array = NDArray[np.float64]

# Share of the friction that holds a vehicle sideways: the tyres' greatest side force is 0.89 of their greatest braking
# force (table 7 of Althoff and Wuersching 2020: 1.0489 to 1.1739), and a driver does not find all of it.
HOLDING = 0.85
REGAINED = 0.7  # share below which a vehicle that has slid is held again
SLOWEST_MPS = 2.0  # below, nobody slides off a path: wheels roll where they point
VERGE_FRICTION = 0.35  # beside the road at most: dirt, R. W. Noon (1994), as in `friction`
BEND_M, BEND_S = 8.0, 0.4  # length of the stretch, and time on it, over which a driver smooths kinks of a path
PREVIEW_S, PREVIEW_M = 0.7, 5.0  # how far ahead drivers steer: 0.5 s to 1 s (M. F. Land, J. Horwood, Nature 377, 1995)
BACK_M, BACK_RAD = 0.3, 0.01  # from the path, at which a slide is over: bends are cut a little by who looks ahead
EASING_S = 3.0  # in which what is left of it fades
STRAIGHT_S = 0.5  # the same, of the angle to the path
FRONT_SHARE = 0.9  # of the front tyres' force at most: the rear ones hold, and cars are made to run wide, not to spin
CALMING_S = 0.4  # rad of steering against each rad/s by which it turns too fast: of driver and stability control
LIFTING = 0.3  # share of the grip by which who slides slows down: foot off the pedal, in gear
TRACK_SHARE = 0.8  # of the width
SPLIT_RADPS2 = 0.3  # of turning by uneven brakes, beyond which steering does not hold a vehicle on its path unseen
LOST_RAD = 1.2  # slip angle from where a driver can but brake
SUBSTEPS = 2


class Tyres(NamedTuple):
    """What holds A vehicles on the road.

    Attributes:
        surface: under them, in the frame of the paths.
        heeds: (A,) bool; False: the vehicle is moved as it is told, whatever the road.
        table: (A,) VEHICLE_DTYPE. own: (A,) 0, 1, 2, ...: their rows.
        slides: (A,) bool; True: it moves by its tyres' forces.
        state: (STATES, A) of those that slide. control: (CONTROLS, A). friction: (A,) under the wheels.
        sideways, pulled: (A,) m/s and m/s2 to the left of the path, while held.
        askew: (A,) rad to the left of the path that is left of a slide.
        uneven: (A,) by how much more friction is under the left wheels than under the right ones.
    """

    surface: Surface
    heeds: NDArray[np.bool_]
    table: NDArray[np.void]
    own: NDArray[np.int64]
    slides: NDArray[np.bool_]
    state: Array
    control: Array
    friction: Array
    sideways: Array
    pulled: Array
    askew: Array
    uneven: Array


def tyres_of(agents: Sequence[Agent], surface: Surface) -> Tyres:
    """Tyres of vehicles that do not slide yet; agents without a chassis heed no friction."""
    count = len(agents)
    table = np.zeros(count, VEHICLE_DTYPE)
    for i, agent in enumerate(agents):
        if agent.chassis is not None:
            table[i] = agent.chassis
    return Tyres(
        surface,
        np.array([agent.chassis is not None for agent in agents], np.bool_),
        table,
        np.arange(count),
        np.zeros(count, np.bool_),
        np.zeros((STATES, count)),
        np.zeros((CONTROLS, count)),
        *(np.zeros(count) for _ in range(5)),
    )


@kernel
def _segment(agent, s):
    return min(max(int(np.floor(s / SPACING)), 0), agent.samples - 2)


@kernel
def _heading(paths, agent, i):
    a, b = agent.path + i, agent.path + i + 1
    return np.arctan2(paths[b, 1] - paths[a, 1], paths[b, 0] - paths[a, 0])


@kernel
def _point(paths, agent, s, lateral):
    """x, y beside a path, which goes on straight beyond its ends."""
    i = _segment(agent, s)
    a, w = agent.path + i, s / SPACING - i
    dx, dy = paths[a + 1, 0] - paths[a, 0], paths[a + 1, 1] - paths[a, 1]
    long = max(np.hypot(dx, dy), 1e-9)
    return paths[a, 0] + w * dx - lateral * dy / long, paths[a, 1] + w * dy + lateral * dx / long


@kernel
def _wrapped(angle):
    return angle - 2.0 * np.pi * np.rint(angle / (2.0 * np.pi))


@kernel
def _bend(paths, agent):
    """1/m of a path about where an agent is, kinks smoothed as a driver does."""
    reach = 0.5 * max(BEND_M, BEND_S * agent.speed)
    first, last = _segment(agent, agent.s - reach), _segment(agent, agent.s + reach)
    if last == first:
        return 0.0
    return _wrapped(_heading(paths, agent, last) - _heading(paths, agent, first)) / ((last - first) * SPACING)


@kernel
def grip_under(tyres, agent, i, x, y, yaw, speed, paved):
    """m/s2 that the road gives the tyres of agent `i` at a place."""
    wheelbase = tyres.table[i].front + tyres.table[i].rear
    track = TRACK_SHARE * 2.0 * agent.half_width
    left, right = friction_sides(tyres.surface, x, y, yaw, wheelbase, track, speed)
    if not paved:
        left, right = min(left, VERGE_FRICTION), min(right, VERGE_FRICTION)
    tyres.friction[i], tyres.uneven[i] = 0.5 * (left + right), left - right
    return tyres.friction[i] * GRAVITY_MPS2


@kernel
def split_turning(tyres, agent, i, braking):
    """rad/s2 to the left by which brakes turn agent `i` that has more grip on one side, as `grip_under` has found.

    Antilock brakes let each side give what is asked, m/s2, or what its friction allows, half the weight being on it.
    """
    p, half = tyres.table[i], 0.5 * tyres.uneven[i]
    if half == 0.0 or p.yaw_inertia <= 0.0:
        return 0.0
    left = min(braking, (tyres.friction[i] + half) * GRAVITY_MPS2)
    right = min(braking, (tyres.friction[i] - half) * GRAVITY_MPS2)
    return 0.5 * p.mass * (left - right) * TRACK_SHARE * agent.half_width / p.yaw_inertia


@kernel
def hold(tyres, paths, agent, pose, i, asked, pulled):
    """m/s2 along its path that a held vehicle gets of those that its driver asks for; it may begin to slide.

    Args:
        tyres: Tyres.
        paths: (P, 3) samples of all paths.
        agent, pose: AGENT_DTYPE and POSE_DTYPE records of agent `i`.
        i: which.
        asked: m/s2 that the driver wants.
        pulled: m/s2 to the left by which it leaves its path on purpose.
    """
    limit = grip_under(tyres, agent, i, pose.x, pose.y, pose.heading, agent.speed, True)
    bend = _bend(paths, agent)
    across = agent.speed * agent.speed * bend + pulled
    torn = abs(split_turning(tyres, agent, i, max(-asked, 0.0))) > SPLIT_RADPS2
    if agent.speed > SLOWEST_MPS and (torn or abs(across) > HOLDING * limit):
        _let_go(tyres, agent, pose, i, bend)
        return asked
    left = np.sqrt(max(limit * limit - across * across, 0.0))
    return min(max(asked, -left), left)


@kernel
def _let_go(tyres, agent, pose, i, bend):
    """Take place and speed of a held vehicle over into the state that its tyres move from now on."""
    p, state = tyres.table[i], tyres.state
    yaw = pose.heading + tyres.askew[i] + np.arctan2(tyres.sideways[i], agent.speed)
    for n in range(state.shape[0]):
        state[n, i] = 0.0
    tyres.slides[i] = True
    state[State.X, i], state[State.Y, i] = pose.x + p.rear * np.cos(yaw), pose.y + p.rear * np.sin(yaw)
    state[State.YAW, i], state[State.YAW_RATE, i] = yaw, agent.speed * bend
    state[State.SLIP, i] = np.arctan(p.rear * bend)
    state[State.SPEED, i] = agent.speed / np.cos(state[State.SLIP, i])
    state[State.STEER, i] = np.arctan((p.front + p.rear) * bend)
    state[State.WHEEL_FRONT, i] = state[State.WHEEL_REAR, i] = agent.speed / p.wheel_radius


@kernel
def place_sliding(tyres, i, pose):
    """Put the pose of a vehicle that slides where it is."""
    yaw, behind = tyres.state[State.YAW, i], tyres.table[i].rear
    pose.x = tyres.state[State.X, i] - behind * np.cos(yaw)
    pose.y = tyres.state[State.Y, i] - behind * np.sin(yaw)
    pose.heading = yaw


@kernel
def slide(tyres, paths, agent, pose, i, asked, paved, time_s, dt):
    """Move a vehicle that slides on by `dt`, and let its path hold it again if it is back; m/s2 forwards.

    Args:
        tyres, paths, agent, pose, i, asked: as above.
        paved: whether there is a road under it.
        time_s: s, now.
        dt: s.
    """
    p, state = tyres.table[i], tyres.state
    limit = grip_under(tyres, agent, i, pose.x, pose.y, pose.heading, state[State.SPEED, i], paved)
    turning = _steer(tyres, paths, agent, i, limit, dt)
    lost = abs(state[State.SLIP, i]) > LOST_RAD or not paved
    calm = abs(turning) < HOLDING * limit and not lost
    tyres.control[Control.DRIVE, i] = min(max(asked, 0.0), 0.5 * limit) if calm else 0.0
    tyres.control[Control.BRAKE, i] = max(-asked, limit if lost else 0.0 if calm else LIFTING * limit)
    advance(
        tyres.state, tyres.control, tyres.friction, tyres.own, tyres.table, i, i + 1, dt, SUBSTEPS, Method.ROSENBROCK
    )
    split = split_turning(tyres, agent, i, tyres.control[Control.BRAKE, i])
    if state[State.SPEED, i] > SLOWEST_MPS:
        state[State.YAW_RATE, i] += split * dt
    place_sliding(tyres, i, pose)
    project_pose(paths, agent, pose)
    heading = _heading(paths, agent, _segment(agent, agent.s))
    speed, slip = state[State.SPEED, i], state[State.SLIP, i]
    forwards, left = speed * np.cos(slip), speed * np.sin(slip) - p.rear * state[State.YAW_RATE, i]
    agent.speed = max(forwards, 0.0)
    askew = _wrapped(pose.heading - heading)
    course = askew + np.arctan2(left, max(forwards, SLOWEST_MPS))
    bend = _bend(paths, agent)
    held = agent.speed * agent.speed * abs(bend) < REGAINED * limit and calm and abs(split) < SPLIT_RADPS2
    if held and abs(agent.lateral - agent.lateral_to) < BACK_M and abs(course) < BACK_RAD:
        tyres.slides[i], tyres.sideways[i], tyres.pulled[i], tyres.askew[i] = False, 0.0, 0.0, askew
        agent.lateral_from, agent.lateral_begin, agent.lateral_seconds = agent.lateral, time_s + dt, EASING_S
    return state[State.ACCELERATION_X, i]


@kernel
def _steer(tyres, paths, agent, i, limit, dt):
    """Let the driver steer for a point ahead on the path; m/s2 to the left that this asks for.

    The front wheels point where the front axle goes, and further by the slip angle of the force that is wanted, never
    beyond that of the greatest: so a driver who is in command countersteers as soon as the rear breaks loose.
    """
    p, state = tyres.table[i], tyres.state
    speed, slip, yaw, rate = state[State.SPEED, i], state[State.SLIP, i], state[State.YAW, i], state[State.YAW_RATE, i]
    ahead = max(PREVIEW_S * speed, PREVIEW_M)
    x, y = _point(paths, agent, agent.s + p.rear + ahead, agent.lateral_to)
    x, y = x - state[State.X, i], y - state[State.Y, i]
    off = _wrapped(np.arctan2(y, x) - yaw - slip)
    curvature = 2.0 * np.sin(min(max(off, -0.5 * np.pi), 0.5 * np.pi)) / max(np.hypot(x, y), 1.0)
    turning = speed * speed * curvature
    if speed < SLOWEST_MPS:
        wanted = np.arctan((p.front + p.rear) * curvature)
    else:
        tyre, grip = p.tyre, limit / GRAVITY_MPS2 / p.tyre.p_dx1
        most = grip * tyre.p_dy1
        # Where the sine of the Magic Formula is 1, its curvature factor, which is small sideways, left out.
        peak = np.tan(0.5 * np.pi / tyre.p_cy1) * tyre.p_cy1 * most / -tyre.p_ky1
        share = min(abs(turning) / (most * GRAVITY_MPS2), FRONT_SHARE)
        wanted = np.arctan2(speed * np.sin(slip) + p.front * rate, max(speed * np.cos(slip), 1.0))
        wanted += np.copysign(peak * (1.0 - np.sqrt(1.0 - share)), turning)
        held = np.copysign(share * most * GRAVITY_MPS2, turning) / speed  # rad/s at which it turns with that force
        wanted -= CALMING_S * (rate - held)
    wanted = min(max(wanted, -p.steer_max), p.steer_max)
    tyres.control[Control.STEER_RATE, i] = (wanted - state[State.STEER, i]) / dt
    return turning


@kernel
def project_pose(paths, agent, pose):
    """Fill in how far along its path an agent is and how far to its left, near where it was before."""
    for _ in range(8):
        i = _segment(agent, agent.s)
        a = agent.path + i
        dx, dy = paths[a + 1, 0] - paths[a, 0], paths[a + 1, 1] - paths[a, 1]
        square = max(dx * dx + dy * dy, 1e-9)
        x, y = pose.x - paths[a, 0], pose.y - paths[a, 1]
        agent.s = (i + (x * dx + y * dy) / square) * SPACING
        agent.lateral = (y * dx - x * dy) / np.sqrt(square)
        if _segment(agent, agent.s) == i:
            break
    agent.s = min(max(agent.s, 0.0), (agent.samples - 1) * SPACING)
