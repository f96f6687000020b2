"""One staged world: everybody keeps to a path of their own, and drivers on lanes drive there as all traffic does.

`step_world` moves vehicles along lanes that they choose; here the ways are given, people and things take part, and
drivers heed only what they have noticed. Following, curves, changes of lane and the right of way are the same kernels.
What they do goes through their tyres: see `simulator.dynamics.sliding`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.prescribed import RELAXATION_S, advance, fire_events, pose_on_path, towards_target
from simulator.dynamics.single_track import State
from simulator.dynamics.sliding import STRAIGHT_S, Tyres, grip_under, hold, place_sliding, slide
from simulator.numerics.jit import kernel
from simulator.traffic.bodies import Notes, forget_notes, note_body, pressure_of_bodies
from simulator.traffic.desk import Desk
from simulator.traffic.following import desired_speed, drive, free_acceleration
from simulator.traffic.lane_change import LOOK_S
from simulator.traffic.lane_map import NONE, Lanes, along_left, along_right, half_width_at
from simulator.traffic.locating import LaneIndex, nearest_lane, project
from simulator.traffic.occupancy import KINDS, enter, occupy, take
from simulator.traffic.pileups import Pileups, note_control, run_into
from simulator.traffic.poses import OVER_M, STANDING_MPS, turn_ahead
from simulator.traffic.precedence import Gates
from simulator.traffic.right_of_way import forget, gate_ahead, right_of_way
from simulator.traffic.staged_changes import (
    change_lanes,
    lanes_beside,
    pressure_of_what_it_leaves,
    room_ahead,
    sidle,
)
from simulator.traffic.staged_passing import mind, pass_others

ACROSS = 4  # lanes to the side of its path that an agent may be on
PULLING_S = 0.2  # over which the pull of a change of lane counts
TURNING_OUT_M = 6.0  # more room is left before what stands in the way by who may go round it: 8 m to move 2.4 m aside
EDGE_M = 0.5  # paved beside lanes
END_GAP_M = 1.0  # kept to the end of the road
SWEEPS, BRAKING_MPS2 = 4, 2.0  # of those who settle down

STRETCH_DTYPE = np.dtype(
    [
        ("begin", np.float64),  # m along the path, where it comes onto the lane
        ("lane", np.int64),  # or NONE
        ("s", np.float64),  # m along the lane, there
    ]
)
WAY_DTYPE = np.dtype(
    [
        ("first", np.int64),  # of its stretches
        ("stretches", np.int64),
        ("now", np.int64),  # which it is on, or NONE before the first
        ("by_chance", np.bool_),  # see `settle`
        ("end", np.float64),  # m along the path, of a road that ends there; infinite: it goes on
        ("changes", np.int64),  # of lanes, `passing.Changes`
        ("across", np.int64),  # lanes to the left of its path that it has changed to
        ("home", np.float64),  # m to the left of its path, where it drives when on that
        ("sidles", np.bool_),  # it is on its way there
    ]
)


class Map(NamedTuple):
    """Where everybody drives."""

    lanes: Lanes
    gates: Gates
    cells: LaneIndex


class Stage(NamedTuple):
    """Everybody in a world, A agents and K standing things.

    Attributes:
        agents: (A,) AGENT_DTYPE. events: EVENT_DTYPE. paths: (P, 3) samples of all paths.
        poses: (A,) POSE_DTYPE scratch.
        ways: (A,) WAY_DTYPE. stretches: STRETCH_DTYPE, agent by agent.
        vehicles, drivers: (A,) VEHICLE_DTYPE and DRIVER_DTYPE, those on lanes with their places there.
        bodies: (A + K,) BODY_DTYPE: agents that are not on lanes, and standing things.
        notes: where bodies are.
        lines, entries: who is where, see Occupancy.
            desk, stand, offences, busy: of `right_of_way`.
        tyres: of the agents.
        ghost: (1,) VEHICLE_DTYPE scratch: a driver as it would be on another lane.
        wheeled: (A,) bool, whether an agent is a vehicle. pileups: of those out of control.
    """

    agents: NDArray[np.void]
    events: NDArray[np.void]
    paths: NDArray[np.float64]
    poses: NDArray[np.void]
    ways: NDArray[np.void]
    stretches: NDArray[np.void]
    vehicles: NDArray[np.void]
    drivers: NDArray[np.void]
    bodies: NDArray[np.void]
    notes: Notes
    lines: NDArray[np.void]
    entries: NDArray[np.void]
    desk: Desk
    stand: NDArray[np.float64]
    offences: NDArray[np.uint8]
    busy: NDArray[np.uint8]
    tyres: Tyres
    ghost: NDArray[np.void]
    wheeled: NDArray[np.bool_]
    pileups: Pileups


class Record(NamedTuple):
    """What agents do; arrays are (T, A).

    Attributes:
        s, lateral: m along their path and to the left of it. speed: m/s. acceleration: m/s2.
        asked: m/s2 that the driver wants: with less, brakes and engine come to the end of what the road gives.
        turn: the side to which they turn soon.
        slides: whether they slide. x, y, yaw, steer: m and rad, of those that do; of others, yaw is by what a slide
            that is over has left them turned to the left of their path.
    """

    s: NDArray[np.float64]
    lateral: NDArray[np.float64]
    speed: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    asked: NDArray[np.float64]
    turn: NDArray[np.int8]
    slides: NDArray[np.bool_]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    yaw: NDArray[np.float64]
    steer: NDArray[np.float64]


def empty_record(steps: int, agents: int) -> Record:
    """Of so many steps and agents, to be written."""
    shape = steps, agents
    s, lateral, speed, acceleration, asked, x, y, yaw, steer = (np.zeros(shape) for _ in range(9))
    turn, slides = np.zeros(shape, np.int8), np.zeros(shape, np.bool_)
    return Record(s, lateral, speed, acceleration, asked, turn, slides, x, y, yaw, steer)


@kernel
def act(map_, stage, colours, noticed, ego, begin, dt, record):
    """Let everybody act for as many steps as `record` has rows; row 0 is the state in which they are given.

    Args:
        map_: Map; without lanes nobody heeds anybody.
        stage: Stage, changed.
        colours: (T, S) of the traffic lights.
        noticed: (A, B >= A + K) s from which agent i heeds body j.
        ego: index of the agent whose distance is a trigger.
        begin: number of steps done before.
        dt: s of a step.
        record: Record, written.
    """
    agents, count = stage.agents, len(stage.agents)
    lanes = map_.lanes
    standing = _note_standing(map_, stage)
    for t in range(len(record.s)):
        time_s = (begin + t) * dt
        for i in range(count):
            if stage.tyres.slides[i]:
                place_sliding(stage.tyres, i, stage.poses[i])
            else:
                pose_on_path(stage.paths, agents[i], stage.poses[i])
        fire_events(agents, stage.events, stage.poses, ego, time_s)
        for i in range(count):
            record.s[t, i], record.lateral[t, i], record.speed[t, i] = agents[i].s, agents[i].lateral, agents[i].speed
            record.asked[t, i] = towards_target(agents[i]) if agents[i].started else 0.0
            _write_slide(stage, record, t, i)
        if len(lanes.lanes) > 0:
            _look_round(map_, stage, colours[t], standing, dt)
            change_lanes(lanes, stage, noticed, begin + t, dt, time_s)
            out = pass_others(map_, stage, max(int(round(LOOK_S / dt)), 1))
            for i in range(count):
                if agents[i].started and stage.vehicles[i].lane != NONE:
                    record.asked[t, i] = _drive(lanes, stage, i, noticed, time_s)
                    record.turn[t, i] = _indicates(lanes, stage.vehicles[i])
            if out > 0:
                mind(map_, stage, record.asked[t])
        for i in range(count):
            record.acceleration[t, i] = _move(map_, stage, i, record.asked[t, i], time_s, dt)
            stage.vehicles[i].acceleration = record.acceleration[t, i]
        run_into(stage, time_s, dt)


@kernel
def _indicates(lanes, vehicle):
    """Side to which a driver is about to turn, or to go: 1 left, -1 right, 0 neither."""
    aside = vehicle.wish_d - vehicle.d
    if vehicle.over != 0 and abs(aside) > OVER_M:
        return 1 if aside > 0.0 else -1
    return vehicle.change if vehicle.change != 0 else turn_ahead(lanes, vehicle)


@kernel
def _write_slide(stage, record, t, i):
    """Record where an agent that slides is, and of others how askew a slide has left them."""
    tyres = stage.tyres
    record.slides[t, i], record.yaw[t, i] = tyres.slides[i], tyres.askew[i]
    if tyres.slides[i]:
        pose = stage.poses[i]
        record.x[t, i], record.y[t, i], record.yaw[t, i] = pose.x, pose.y, pose.heading
        record.steer[t, i] = tyres.state[State.STEER, i]


@kernel
def _move(map_, stage, i, asked, time_s, dt):
    """Move agent `i` on by `dt`, as its driver asks and its tyres let it; m/s2 that come of it."""
    agent, tyres, way = stage.agents[i], stage.tyres, stage.ways[i]
    if not tyres.heeds[i]:
        advance(agent, asked, time_s, dt)
        return asked
    if stage.pileups.since_s[i] < np.inf:  # `run_into` moves it
        pose, speed = stage.poses[i], tyres.state[State.SPEED, i]
        return -min(grip_under(tyres, agent, i, pose.x, pose.y, pose.heading, speed, True), agent.speed / dt)
    if not tyres.slides[i]:
        before = agent.lateral, agent.s, tyres.sideways[i]
        got = hold(tyres, stage.paths, agent, stage.poses[i], i, asked, tyres.pulled[i])
        if not tyres.slides[i]:
            advance(agent, got, time_s, dt)
            if way.sidles:
                sidle(stage, i, agent.s - before[1], dt)
            tyres.sideways[i] = (agent.lateral - before[0]) / dt
            tyres.pulled[i] += ((tyres.sideways[i] - before[2]) / dt - tyres.pulled[i]) * dt / PULLING_S
            tyres.askew[i] *= np.exp(-dt / STRAIGHT_S)
            note_control(stage, i, asked, got)
            return got
        way.sidles, stage.vehicles[i].change, stage.vehicles[i].slope = False, 0, 0.0
        if tyres.table[i].leans:  # it falls
            stage.pileups.since_s[i] = time_s
    paved = True
    if stage.vehicles[i].lane == NONE and way.stretches > 0:  # it brakes, wherever it is
        asked, paved = -stage.drivers[i].hardest, _on_some_lane(map_, stage.poses[i])
    got = slide(tyres, stage.paths, agent, stage.poses[i], i, asked, paved, time_s, dt)
    note_control(stage, i, asked, got)
    return got


@kernel
def _on_some_lane(map_, pose):
    """Whether a place is on a lane, be it of those who come the other way."""
    lane, guess = nearest_lane(map_.lanes, map_.cells, pose.x, pose.y, pose.heading)
    if lane == NONE:
        return False
    s, d = project(map_.lanes, lane, guess, pose.x, pose.y)
    return abs(d) < half_width_at(map_.lanes, lane, s) + EDGE_M


@kernel
def settle(map_, stage, colours, noticed):
    """Take speed from those who came here by chance, until nobody has to brake harder than is comfortable.

    Args:
        map_, stage: Map, Stage.
        colours: (S,) of the traffic lights at the start.
        noticed: (A, B), see `act`; zeros let all know of all.
    """
    agents, vehicles = stage.agents, stage.vehicles
    if len(map_.lanes.lanes) == 0:
        return
    standing = _note_standing(map_, stage)
    for _ in range(SWEEPS):  # from those ahead to those behind
        _claim_inside(map_, stage, colours)
        _look_round(map_, stage, colours, standing, 0.0)
        for i in range(len(agents)):
            if not stage.ways[i].by_chance or vehicles[i].lane == NONE:
                continue
            while agents[i].speed > 0.0 and _drive(map_.lanes, stage, i, noticed, 0.0) < -BRAKING_MPS2:
                agents[i].speed = max(0.9 * agents[i].speed - 0.1, 0.0)
                vehicles[i].speed = agents[i].speed
        for i in range(len(agents)):
            forget(vehicles[i])
    _claim_inside(map_, stage, colours)


@kernel
def _claim_inside(map_, stage, colours):
    """Let those who start in a junction, or with their front in it, be those who came first."""
    lanes, gates, vehicles, drivers = map_.lanes, map_.gates, stage.vehicles, stage.drivers
    for i in range(len(stage.agents)):
        pose_on_path(stage.paths, stage.agents[i], stage.poses[i])
    _take_places(lanes, stage, 0.0)
    for i in range(len(vehicles)):
        if vehicles[i].lane != NONE:
            gate = gates.gates[vehicles[i].lane]
            inside = gate.gated != 0 and vehicles[i].s - drivers[i].rear < gate.clear
            if not inside and gate_ahead(lanes, gates, vehicles[i], drivers[i]) > 0.0:
                vehicles[i].lane = NONE
    right_of_way(lanes, gates, vehicles, drivers, colours, stage.busy, 0.0, stage.desk, stage.stand, stage.offences)


@kernel
def _note_standing(map_, stage):
    """Note the bodies that stay where they are; the number of notes."""
    forget_notes(stage.notes, 0)
    if len(map_.lanes.lanes) > 0:
        for b in range(len(stage.agents), len(stage.bodies)):
            note_body(map_.lanes, map_.cells, stage.bodies, b, stage.notes)
    return stage.notes.used[0]


@kernel
def _look_round(map_, stage, colours, standing, dt):
    """Find out who is where, and who may go first; the first `standing` notes of bodies stay."""
    _take_places(map_.lanes, stage, dt)
    forget_notes(stage.notes, standing)
    for b in range(len(stage.agents)):
        note_body(map_.lanes, map_.cells, stage.bodies, b, stage.notes)
    vehicles, drivers = stage.vehicles, stage.drivers
    occupy(map_.lanes, stage.lines, stage.entries, vehicles, drivers)
    desk, stand = stage.desk, stage.stand
    right_of_way(map_.lanes, map_.gates, vehicles, drivers, colours, stage.busy, dt, desk, stand, stage.offences)


@kernel
def _take_places(lanes, stage, dt):
    """Put drivers on the lanes that their ways lead over; all others are bodies."""
    for i in range(len(stage.agents)):
        agent, pose, body, vehicle = stage.agents[i], stage.poses[i], stage.bodies[i], stage.vehicles[i]
        vehicle.x, vehicle.y, vehicle.z, vehicle.yaw = pose.x, pose.y, pose.z, pose.heading
        vehicle.speed, vehicle.travel = agent.speed, agent.s
        vehicle.waited = vehicle.waited + dt if agent.speed < STANDING_MPS else 0.0
        vehicle.lane = NONE
        if agent.reacts:
            stage.drivers[i].fastest = agent.desired
            stage.drivers[i].accel, stage.drivers[i].decel = agent.accel, agent.decel
            _find_place(lanes, stage.ways[i], stage.stretches, agent, vehicle)
        body.there = vehicle.lane == NONE
        middle, cos, sin = 0.5 * (agent.front - agent.rear), np.cos(pose.heading), np.sin(pose.heading)
        body.x, body.y, body.z = pose.x + middle * cos, pose.y + middle * sin, pose.z
        body.heading, body.vx, body.vy = pose.heading, agent.speed * cos, agent.speed * sin


@kernel
def _find_place(lanes, way, stretches, agent, vehicle):
    """Fill in lane, s, d and ways of a vehicle; on no lane where its path has none, or it is beside."""
    while way.now + 1 < way.stretches and agent.s >= stretches[way.first + way.now + 1].begin:
        way.now += 1
    if way.now < 0 or stretches[way.first + way.now].lane == NONE:
        return
    stretch = stretches[way.first + way.now]
    # Who changes lanes belongs to the new one from the beginning.
    there = agent.lateral_to if way.sidles and vehicle.over == 0 else agent.lateral
    lane, s, d, across = stretch.lane, stretch.s + agent.s - stretch.begin, there, 0
    half = half_width_at(lanes, lane, s)
    for _ in range(ACROSS):
        other = lanes.lanes[lane].left if d > half else lanes.lanes[lane].right if d < -half else NONE
        if other == NONE:
            break
        side = 1 if d > half else -1
        s = along_left(lanes, lane, s) if side > 0 else along_right(lanes, lane, s)
        d -= side * (half + half_width_at(lanes, other, s))
        lane, across = other, across + side
        half = half_width_at(lanes, lane, s)
    if abs(d) > half and vehicle.over == 0:
        return
    vehicle.lane, vehicle.s, vehicle.d = lane, s, d + agent.lateral - there
    lanes_beside(lanes, way, stretches, across, vehicle.ways)


@kernel
def _drive(lanes, stage, i, noticed, time_s):
    """m/s2 that the driver of agent `i` chooses, by what it has noticed."""
    agent, vehicle, driver, way = stage.agents[i], stage.vehicles[i], stage.drivers[i], stage.ways[i]
    count = len(stage.vehicles)
    for j in range(count):  # whom it has not noticed is not there for it
        if j != i and stage.vehicles[j].lane != NONE and time_s < noticed[i, j]:
            for kind in range(KINDS):
                take(stage.lines, stage.entries, kind * count + j)
    stand = min(stage.stand[i], max(way.end - END_GAP_M - agent.s - driver.front, 0.0))
    if way.across != 0:
        over = lanes_beside(lanes, way, stage.stretches, way.across, stage.ghost[0].ways)
        room = room_ahead(lanes, vehicle.lane, vehicle.s, stage.ghost[0].ways, over)
        stand = min(stand, max(room - END_GAP_M - driver.front, 0.0))
    chosen = drive(lanes, stage.lines, stage.entries, stage.vehicles, stage.drivers, i, stand)
    for j in range(count):
        if j != i and stage.vehicles[j].lane != NONE and time_s < noticed[i, j]:
            enter(lanes, stage.lines, stage.entries, stage.vehicles, stage.drivers, j)
    row, kept = lanes.lanes[vehicle.lane], driver.gap
    if way.changes != 0 and (row.left != NONE or row.right != NONE):
        driver.gap += TURNING_OUT_M
    pressure = pressure_of_bodies(lanes, stage.notes, vehicle, driver, noticed[i], time_s)
    driver.gap = kept
    if way.sidles:
        pressure = max(pressure, pressure_of_what_it_leaves(lanes, stage, i, noticed[i], time_s))
    if pressure > 0.0:
        free = free_acceleration(driver, vehicle.speed, desired_speed(lanes, driver, vehicle.lane, vehicle.s))
        chosen = min(chosen, free - driver.accel * pressure * pressure)
    if agent.speed > agent.desired - agent.accel * RELAXATION_S:  # to a standstill too, where a script says so
        chosen = min(chosen, towards_target(agent))
    return max(chosen, -driver.hardest)
