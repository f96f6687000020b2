"""Staged vehicles that lose control and run into others: impacts, and wrecks that slide to a stand.

Who is in command of a vehicle keeps clear of others. So only those count that slide, or that the road does not let
brake as their drivers want, and whom they touch. The impact is that of `simulator.dynamics.crashes`; whoever has had
one is a wreck from then on, with locked wheels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.bodies import BODY_DTYPE, set_box
from simulator.dynamics.collisions import CONTACT_DTYPE, RESTING_MPS, sweeps
from simulator.dynamics.crashes import METAL_FRICTION, advance
from simulator.dynamics.prescribed import pose_on_path
from simulator.dynamics.single_track import State
from simulator.dynamics.sliding import project_pose
from simulator.numerics.jit import kernel
from simulator.traffic.lane_map import NONE

LOCKED = 0.82  # friction of locked tyres in shares of its peak: 0.7 (`wrecks.FRICTION`) of Bosch's 0.85 on dry tarmac
HELPLESS_MPS2 = 0.5  # of braking that a driver wants and does not get: it is out of control
NEAR_M = 12.0  # beyond the ends of a vehicle, whom it may touch in a step


class Pileups(NamedTuple):
    """What collisions of A agents and K standing things need.

    Attributes:
        bodies: (A + K,) BODY_DTYPE of `simulator.dynamics`. sweep: (A + K,). contacts: (C,) CONTACT_DTYPE. All scratch.
        helpless: (A,) bool, whether a vehicle is out of control now.
        since_s: (A,) s from when a vehicle is a wreck; infinite: it is none.
        into: (A,) what it was in its first collision with, a row of `bodies`, or NONE.
    """

    bodies: NDArray[np.void]
    sweep: NDArray[np.void]
    contacts: NDArray[np.void]
    helpless: NDArray[np.bool_]
    since_s: NDArray[np.float64]
    into: NDArray[np.int64]


def pileups(agents: int, things: int) -> Pileups:
    """Of so many agents and standing things, none of which has collided."""
    count = agents + things
    return Pileups(
        np.zeros(count, BODY_DTYPE),
        sweeps(count),
        np.zeros(4 * count + 4, CONTACT_DTYPE),
        np.zeros(agents, np.bool_),
        np.full(agents, np.inf),
        np.full(agents, NONE),
    )


@kernel
def note_control(stage, i, asked, got):
    """Note whether agent `i`, whose driver asks for an acceleration and gets another, m/s2, is out of control."""
    held = asked >= got - HELPLESS_MPS2 or stage.agents[i].speed <= 0.0
    stage.pileups.helpless[i] = stage.tyres.slides[i] or (stage.tyres.heeds[i] and not held)


@kernel
def _take_agent(stage, i, dt):
    """Fill the body of an agent as it was `dt` before, or of a wreck as it lies; its pose is that of now."""
    agent, pose, tyres, body = stage.agents[i], stage.poses[i], stage.tyres, stage.pileups.bodies[i]
    wreck = stage.pileups.since_s[i] < np.inf
    centre, state = 0.5 * (agent.front - agent.rear), tyres.state
    forwards, left, rate = agent.speed, 0.0, 0.0
    body.mass = body.yaw_inertia = np.inf
    if tyres.heeds[i]:
        p = tyres.table[i]
        centre, body.mass, body.yaw_inertia = p.rear, p.mass, p.yaw_inertia
        if tyres.slides[i]:
            rate = state[State.YAW_RATE, i]
            forwards = state[State.SPEED, i] * np.cos(state[State.SLIP, i])
            left = state[State.SPEED, i] * np.sin(state[State.SLIP, i]) - p.rear * rate
    body.active, body.slides, body.group, body.z = True, wreck, 0, pose.z
    body.friction = LOCKED * tyres.friction[i]
    set_box(
        body,
        pose.x,
        pose.y,
        pose.heading,
        forwards,
        left,
        rate,
        agent.front,
        agent.rear,
        agent.half_width,
        centre,
    )
    if not wreck:
        body.x, body.y, body.yaw = body.x - body.vx * dt, body.y - body.vy * dt, body.yaw - rate * dt


@kernel
def _take_thing(stage, b):
    """Fill the body of a standing thing."""
    thing, body = stage.bodies[b], stage.pileups.bodies[b]
    body.active, body.slides, body.group, body.z = True, False, 0, thing.z
    body.mass = body.yaw_inertia = np.inf
    set_box(
        body,
        thing.x,
        thing.y,
        thing.heading,
        0.0,
        0.0,
        0.0,
        thing.half_length,
        thing.half_length,
        thing.half_width,
        0.0,
    )


@kernel
def _near(stage, x, y, reach):
    """Whether a place is near a vehicle that is out of control."""
    for i in range(len(stage.agents)):
        agent = stage.agents[i]
        if stage.pileups.helpless[i]:
            most = reach + max(agent.front, agent.rear) + NEAR_M
            if abs(stage.poses[i].x - x) < most and abs(stage.poses[i].y - y) < most:
                return True
    return False


@kernel
def run_into(stage, time_s, dt):
    """Let vehicles out of control, which have just moved by `dt`, crash into what they touch, and move wrecks on.

    Args:
        stage: Stage.
        time_s: s, at the beginning of the step.
        dt: s.
    """
    pileups, agents, tyres = stage.pileups, stage.agents, stage.tyres
    count, some = len(agents), False
    for i in range(count):
        some = some or pileups.helpless[i]
    if not some:
        return
    for i in range(count):
        pose, agent = stage.poses[i], agents[i]
        if not tyres.slides[i]:
            pose_on_path(stage.paths, agent, pose)
        pileups.bodies[i].active = False
        if stage.wheeled[i] and (pileups.helpless[i] or _near(stage, pose.x, pose.y, max(agent.front, agent.rear))):
            _take_agent(stage, i, dt)
    for b in range(count, len(stage.bodies)):
        thing = stage.bodies[b]
        pileups.bodies[b].active = False
        if thing.solid and _near(stage, thing.x, thing.y, thing.half_length):
            _take_thing(stage, b)
    found = advance(pileups.bodies, pileups.sweep, dt, METAL_FRICTION, -1.0, pileups.contacts)
    for m in range(found):
        contact = pileups.contacts[m]
        if contact.closing <= RESTING_MPS:
            continue
        i, j = contact.i, contact.j
        if not ((i < count and pileups.helpless[i]) or (j < count and pileups.helpless[j])):
            continue
        for k in (i, j):
            if k < count and tyres.heeds[k]:
                pileups.since_s[k] = min(pileups.since_s[k], time_s)
                if pileups.into[k] == NONE:
                    pileups.into[k] = i + j - k
    for i in range(count):
        if pileups.since_s[i] < np.inf and pileups.bodies[i].active:
            _put_wreck(stage, i)


@kernel
def _put_wreck(stage, i):
    """Put a wreck where its body is."""
    tyres, body, agent, pose = stage.tyres, stage.pileups.bodies[i], stage.agents[i], stage.poses[i]
    state, behind = tyres.state, tyres.table[i].rear
    stage.ways[i].sidles, stage.vehicles[i].change, stage.vehicles[i].slope = False, 0, 0.0
    tyres.slides[i] = stage.pileups.helpless[i] = True
    state[State.X, i], state[State.Y, i], state[State.YAW, i] = body.x, body.y, body.yaw
    state[State.YAW_RATE, i], state[State.SPEED, i] = body.yaw_rate, np.hypot(body.vx, body.vy)
    state[State.SLIP, i] = np.arctan2(body.vy, body.vx) - body.yaw if state[State.SPEED, i] > 0.0 else 0.0
    agent.speed = max(body.vx * np.cos(body.yaw) + body.vy * np.sin(body.yaw), 0.0)
    pose.x, pose.y = body.x - behind * np.cos(body.yaw), body.y - behind * np.sin(body.yaw)
    pose.heading = body.yaw
    project_pose(stage.paths, agent, pose)
