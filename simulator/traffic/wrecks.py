"""Collisions of traffic: who touches somebody is a wreck, slides to a stand, and is in the way of the others.

People who are struck fall, are thrown and slide. What lies on the road and weighs next to nothing beside who strikes it
(lost cargo, a cone, a bicycle) is pushed along and slides, and the striker drives on, a little slower.

Called after a world has moved. Bodies are taken back to where the step began, at the velocities that they have now, and
`dynamics.crashes.advance` moves them through the step: those who strike something stay where they did so and leave with
the velocities after the impact. Whoever touches nobody is left exactly as it is.

Wrecks are on all lanes that their boxes cover, of either direction and in junctions: drivers follow and avoid them as
they do vehicles that stand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.bodies import BODY_DTYPE, PLATE_SHARE, rear_axle, set_box, set_disc
from simulator.dynamics.collisions import CONTACT_DTYPE, LEVEL_M, RESTING_MPS, sweeps
from simulator.dynamics.crashes import METAL_FRICTION, advance
from simulator.numerics.bare import bare
from simulator.numerics.jit import kernel
from simulator.traffic.desk import COLLISION
from simulator.traffic.lane_map import NONE, half_width_at, lane_pose, sample_at
from simulator.traffic.locating import CELL_M, LaneIndex, project
from simulator.traffic.occupancy import COVER, COVERS, MARGIN_M
from simulator.traffic.person import Being, Mode
from simulator.traffic.right_of_way import forget
from simulator.traffic.state import WAYS, Control, Struck

# kg: people weigh 75, cars 1.5 t, buses 12 t, semitrailers 20 t: all boxes on wheels about as much for each m3.
DENSITY_KG_M3 = 120.0
RIDDEN_M, RIDDEN_KG_M3 = 0.45, 75.0  # half the width below which somebody rides on it, and that: 200 kg of a motorcycle
PERSON_KG = 75.0
FRICTION = 0.7  # of locked tyres on dry tarmac
# Of clothed bodies that slide on dry tarmac (J. A. Searle, A. Searle, "The trajectories of pedestrians, motorcycles,
# motorcyclists, etc., following a road accident", SAE 831622, 1983), in shares of that of tyres: wet, it is less too.
SLIDING = 0.66 / FRICTION
LIGHT = 0.1  # share of the mass of a vehicle below which what lies on the road does not stop it
WRECK, ARRIVED, NOBODY = int(Control.WRECK), int(Control.ARRIVED), int(Control.NOBODY)
FALLEN = int(Mode.FALLEN)
BY_VEHICLE, BY_PERSON, BY_WRECK = (int(struck) for struck in Struck)


class Crashes(NamedTuple):
    """What collisions on a map need, and scratch of one thread.

    Attributes:
        places: index of the lanes, by place.
        friction: of wrecks on the road.
        clearing_s: after which a wreck is cleared away; infinite: never.
        bodies: (A + P,) BODY_DTYPE.
        sweep: (A + P,) SWEEP_DTYPE.
        contacts: (C,) CONTACT_DTYPE.
    """

    places: LaneIndex
    friction: float
    clearing_s: float
    bodies: NDArray[np.void]
    sweep: NDArray[np.void]
    contacts: NDArray[np.void]


def crashes(places: LaneIndex, vehicles: int, people: int, friction: float, clearing_s: float) -> Crashes:
    """For worlds of so many vehicles and people; the other arguments as in `Crashes`."""
    count = vehicles + people
    return Crashes(
        places,
        float(friction),
        float(clearing_s),
        np.zeros(count, BODY_DTYPE),
        sweeps(count),
        np.zeros(4 * count, CONTACT_DTYPE),
    )


@kernel
def take_box(body, vehicle, driver, friction, dt):
    """Fill a body with a vehicle: a wreck as it lies, any other as it was `dt` seconds before, and not sliding."""
    body.slides = vehicle.control == WRECK
    length, width = driver.front + driver.rear, 2.0 * driver.half_width
    dense = RIDDEN_KG_M3 if driver.half_width < RIDDEN_M else DENSITY_KG_M3
    body.mass = dense * length * width * max(driver.height, 0.1)
    body.yaw_inertia = PLATE_SHARE * body.mass * (length * length + width * width) / 12.0
    body.friction, body.group, body.z = friction, 0, vehicle.z
    set_box(
        body,
        vehicle.x,
        vehicle.y,
        vehicle.yaw,
        vehicle.speed,
        vehicle.lateral_speed,
        vehicle.yaw_rate,
        driver.front,
        driver.rear,
        driver.half_width,
        0.5 * (driver.front - driver.rear),
    )
    if not body.slides:
        body.x -= body.vx * dt
        body.y -= body.vy * dt
        body.yaw -= body.yaw_rate * dt


@kernel
def _lies_on(lanes, vehicle, driver, lane, s):
    """Whether a wreck's box covers part of a lane, near `s`; m along it from where on, d of its middle, if it faces
    against the traffic there."""
    half, middle = 0.5 * (driver.front + driver.rear), 0.5 * (driver.front - driver.rear)
    x, y = vehicle.x + middle * np.cos(vehicle.yaw), vehicle.y + middle * np.sin(vehicle.yaw)
    s, d = project(lanes, lane, s, x, y)
    length = lanes.lanes[lane].length
    within = min(max(s, 0.0), length)
    turned = vehicle.yaw - lane_pose(lanes, lane, within, 0.0)[3]
    ahead, across = abs(np.cos(turned)), abs(np.sin(turned))
    along, wide = ahead * half + across * driver.half_width, across * half + ahead * driver.half_width
    clear = abs(d) - wide > half_width_at(lanes, lane, within) - MARGIN_M
    return not clear and s + along > 0.0 and s - along < length, s - along, d, np.cos(turned) < 0.0


@kernel
def cover(lanes, index, entries, vehicles, drivers, i):
    """Find out where wreck `i` lies: its lane, `s` and `d` (no lane if off the road), and other lanes that it covers.

    `s` is such that its rear bumper would be where its box begins, if it stood along the lane.

    Args:
        lanes: Lanes.
        index: LaneIndex.
        entries: of this world; those of what it covers besides its lane are written.
        vehicles, drivers: (A,).
        i: index of the wreck.
    """
    count, me, driver = len(vehicles), vehicles[i], drivers[i]
    for kind in range(COVER, COVER + COVERS):
        entries[kind * count + i].lane = NONE
    reach = 0.5 * (driver.front + driver.rear) + driver.half_width + CELL_M
    found, me.lane, me.beside = 0, NONE, NONE
    low, high = int((me.x - reach - index.low[0]) / CELL_M), int((me.x + reach - index.low[0]) / CELL_M)
    rows = (index.first.shape[0] - 1) // index.columns
    for r in range(
        max(int((me.y - reach - index.low[1]) / CELL_M), 0),
        min(int((me.y + reach - index.low[1]) / CELL_M) + 1, rows),
    ):
        for c in range(max(low, 0), min(high + 1, index.columns)):
            for n in range(index.first[r * index.columns + c], index.first[r * index.columns + c + 1]):
                lane = index.lanes[n]
                known = lane == me.lane
                for kind in range(COVER, COVER + found):
                    known |= entries[kind * count + i].lane == lane
                if known or abs(lanes.samples[sample_at(lanes, lane, index.s[n])[0]].z - me.z) > LEVEL_M:
                    continue
                lies, begin, d, against = _lies_on(lanes, me, driver, lane, index.s[n])
                if not lies:
                    continue
                s = min(begin + driver.rear, lanes.lanes[lane].length)
                if me.lane == NONE:
                    me.lane, me.s, me.d, me.wish_d, me.against = lane, max(s, 0.0), d, d, int(against)
                elif found < COVERS:
                    entry = entries[(COVER + found) * count + i]
                    entry.lane, entry.s = lane, s
                    found += 1


@kernel
def _take_bodies(crashes, vehicles, drivers, people, dt):
    """Fill the bodies of a world; whether any wreck still moves."""
    moving = False
    for i in range(vehicles.shape[0]):
        me, body = vehicles[i], crashes.bodies[i]
        body.active = me.control != NOBODY and me.control != ARRIVED
        if body.active:
            take_box(body, me, drivers[i], crashes.friction, dt)
            moving |= me.control == WRECK and (me.speed != 0.0 or me.lateral_speed != 0.0 or me.yaw_rate != 0.0)
    for i in range(people.shape[0]):
        me, body = people[i], crashes.bodies[vehicles.shape[0] + i]
        body.active, body.slides, body.z = me.being != Being.NOBODY, me.mode == FALLEN, me.z
        body.mass, body.yaw_inertia, body.friction = PERSON_KG, np.inf, SLIDING * crashes.friction
        before = 0.0 if body.slides else dt
        set_disc(body, me.x - me.vx * before, me.y - me.vy * before, me.vx, me.vy, me.radius)
        moving |= body.active and body.slides and (me.vx != 0.0 or me.vy != 0.0)
    return moving


@kernel
def _drives_on(vehicles, bodies, i, j):
    """Whether vehicle `i` is none the worse for striking `j`, which lies there and is light."""
    return vehicles[i].control != WRECK and vehicles[j].control == WRECK and bodies[j].mass < LIGHT * bodies[i].mass


@kernel
def _graze(vehicle, body, delta_v):
    """Note that a vehicle has struck something light, which has slowed it a little."""
    vehicle.struck |= BY_WRECK
    vehicle.delta_v = max(vehicle.delta_v, delta_v)
    forwards = np.cos(vehicle.yaw) * body.vx + np.sin(vehicle.yaw) * body.vy
    if abs(forwards) < abs(vehicle.speed):
        vehicle.speed = forwards


@kernel
def _carry(body, dt):
    """Let a light body that has been struck go on for the rest of the step, ahead of who drives on."""
    body.x += body.vx * dt
    body.y += body.vy * dt


@kernel
def _fall(person):
    """Let a person who is struck fall."""
    person.mode, person.crossing, person.over = FALLEN, NONE, NONE
    person.wish_x = person.wish_y = 0.0


@kernel
def _wreck(vehicle, other, delta_v):
    """Note a collision with what `other` says, and leave the vehicle to itself."""
    vehicle.struck |= other
    vehicle.delta_v = max(vehicle.delta_v, delta_v)
    if vehicle.control == WRECK:
        return
    vehicle.control, vehicle.wrecked = WRECK, 0.0
    vehicle.change, vehicle.asks, vehicle.aside, vehicle.slope = 0, 0, 0.0, 0.0
    for k in range(WAYS):
        vehicle.ways[k] = NONE
    forget(vehicle)


@kernel
def crash_world(ground, worlds, crashes, dt_ns, w):
    """Let who touches somebody in world `w`, that has just moved by `dt_ns`, crash; move and clear away wrecks.

    Args:
        ground: Ground.
        worlds: Worlds; `events` say who collided.
        crashes: Crashes.
        dt_ns: ns.
        w: world.

    Returns:
        How many of `crashes.contacts` there were.
    """
    people = worlds.people.rows[w]
    vehicles, drivers, events, dt = worlds.vehicles[w], worlds.drivers[w], worlds.events[w], dt_ns * 1e-9
    bodies, contacts, count = crashes.bodies, crashes.contacts, worlds.vehicles.shape[1]
    for i in range(count):
        me = vehicles[i]
        if me.control == WRECK and me.struck:
            me.wrecked += dt
            if me.wrecked > crashes.clearing_s:
                me.control, me.lane = ARRIVED, NONE
    moving = _take_bodies(crashes, vehicles, drivers, people, dt)
    found = advance(bodies, crashes.sweep, dt, METAL_FRICTION, -1.0, contacts)
    if not moving and found == 0:
        return 0
    for m in range(found):
        contact = contacts[m]
        if contact.closing <= RESTING_MPS:
            continue
        i, j = contact.i, contact.j  # i < j: people come last, and do not touch each other
        events[i] |= COLLISION
        if j >= count:
            _fall(people[j - count])
            _wreck(vehicles[i], BY_PERSON, contact.delta_v_i)
            continue
        events[j] |= COLLISION
        by_i = BY_WRECK if vehicles[i].control == WRECK else BY_VEHICLE
        by_j = BY_WRECK if vehicles[j].control == WRECK else BY_VEHICLE
        i_goes, j_goes = _drives_on(vehicles, bodies, i, j), _drives_on(vehicles, bodies, j, i)
        if i_goes:
            _graze(vehicles[i], bodies[i], contact.delta_v_i)
            _carry(bodies[j], dt - contact.time)
        else:
            _wreck(vehicles[i], by_j, contact.delta_v_i)
        if j_goes:
            _graze(vehicles[j], bodies[j], contact.delta_v_j)
            _carry(bodies[i], dt - contact.time)
        else:
            _wreck(vehicles[j], by_i, contact.delta_v_j)
    for i in range(count):
        me, body = vehicles[i], bodies[i]
        still = me.speed == 0.0 and me.lateral_speed == 0.0 and me.yaw_rate == 0.0
        if me.control != WRECK or (still and not events[i] & COLLISION):
            continue
        me.x, me.y, me.speed, me.lateral_speed = rear_axle(body, 0.5 * (drivers[i].front - drivers[i].rear))
        me.yaw, me.yaw_rate = body.yaw, body.yaw_rate
        me.acceleration = me.wish_acceleration = 0.0
        cover(ground.lanes, crashes.places, worlds.entries[w], vehicles, drivers, i)
        if me.lane != NONE:
            me.z = lane_pose(ground.lanes, me.lane, me.s, 0.0)[2]
    for i in range(people.shape[0]):
        me, body = people[i], bodies[count + i]
        if me.mode == FALLEN:
            me.x, me.y, me.vx, me.vy = body.x, body.y, body.vx, body.vy
    return found


@kernel
def crash_worlds(ground, worlds, crashes, dt_ns, begin, end):
    """As `crash_world`, of the worlds from `begin` to `end`."""
    ground, worlds = bare(ground), bare(worlds)
    for w in range(begin, end):
        crash_world(ground, worlds, crashes, dt_ns, w)
