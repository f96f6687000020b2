"""What collisions do where they have a response: wrecks, people who fall, things that slide; what agents learn of it.

A vehicle that has crashed is a wreck (`traffic.wrecks`), an agent's too: it slides to a stand, its actions do nothing,
and others avoid it. Who strikes something light drives on.
"""

from __future__ import annotations

import numpy as np

from simulator.dynamics import State
from simulator.dynamics.collisions import RESTING_MPS
from simulator.envs.agents import Impact
from simulator.envs.motion import grip
from simulator.numerics.jit import kernel
from simulator.traffic.desk import COLLISION
from simulator.traffic.state import Control
from simulator.traffic.wrecks import BY_PERSON, BY_VEHICLE, BY_WRECK, Crashes, crash_world

LOCKED = 0.82  # friction of locked tyres in shares of its peak: `wrecks.FRICTION` where Bosch's dry tarmac has 0.85
SKIDDING_MPS = 10.0  # at which the friction of wrecks is taken
OUTSIDE, WRECK = int(Control.OUTSIDE), int(Control.WRECK)


@kernel(inner=True)
def respond(engine, crashes, actors, motion, outcome, dt_ns, w):
    """Let who touches somebody in world `w`, that has just moved by `dt_ns`, crash; note what agents met with."""
    agents, count = actors.agents.shape[1], actors.vehicles.shape[1]
    was_wreck = np.empty(count, np.bool_)
    for i in range(count):
        was_wreck[i] = actors.vehicles[w, i].control == WRECK
    here = Crashes(
        crashes.places,
        LOCKED * grip(actors.weather[w], SKIDDING_MPS),
        crashes.clearing_s,
        crashes.bodies,
        crashes.sweep,
        crashes.contacts,
    )
    found = crash_world(engine.ground, engine.traffic, here, dt_ns, w)
    for m in range(found):
        contact = crashes.contacts[m]
        if contact.closing <= RESTING_MPS:
            continue
        for side in range(2):
            k, other = (contact.i, contact.j) if side == 0 else (contact.j, contact.i)
            if k < agents:
                what = BY_PERSON if other >= count else BY_WRECK if was_wreck[other] else BY_VEHICLE
                delta_v = contact.delta_v_i if side == 0 else contact.delta_v_j
                _note(outcome.impacts, crashes.bodies[k], contact, what, delta_v, w * agents + k)
    for k in range(agents):
        vehicle, i = actors.vehicles[w, k], w * agents + k
        if vehicle.control == OUTSIDE and engine.traffic.events[w, k] & COLLISION:
            motion.state[State.SPEED, i] = vehicle.speed


@kernel(inline=True)
def _note(impacts, body, contact, what, delta_v, i):
    """Note a contact of agent `i`, whose body is where it was at the impact."""
    if what == BY_VEHICLE:
        impacts[i, Impact.STRUCK_VEHICLE] = 1.0
    elif what == BY_PERSON:
        impacts[i, Impact.STRUCK_PERSON] = 1.0
    else:
        impacts[i, Impact.STRUCK_THING] = 1.0
    impacts[i, Impact.DELTA_V_MPS] = max(impacts[i, Impact.DELTA_V_MPS], delta_v)
    if contact.closing > impacts[i, Impact.IMPACT_MPS]:
        impacts[i, Impact.IMPACT_MPS] = contact.closing
        dx, dy, c, s = contact.x - body.x, contact.y - body.y, np.cos(body.yaw), np.sin(body.yaw)
        impacts[i, Impact.IMPACT_BEARING_RAD] = np.arctan2(dy * c - dx * s, dx * c + dy * s)
