"""One staged world: everybody keeps to a path of their own, and drivers on lanes drive there as all traffic does.

`step_world` moves vehicles along lanes that they choose; here the ways are given, people and things take part, and
drivers heed only what they have noticed. Following, curves, and the right of way are the same kernels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.prescribed import RELAXATION_S, advance, fire_events, pose_on_path, towards_target
from simulator.numerics.jit import kernel
from simulator.traffic.bodies import Notes, forget_notes, note_body, pressure_of_bodies
from simulator.traffic.desk import Desk
from simulator.traffic.following import desired_speed, drive, free_acceleration
from simulator.traffic.lane_map import NONE, Lanes, along_left, along_right, half_width_at
from simulator.traffic.locating import LaneIndex
from simulator.traffic.occupancy import KINDS, enter, occupy, take
from simulator.traffic.poses import STANDING_MPS, turn_ahead
from simulator.traffic.precedence import Gates
from simulator.traffic.right_of_way import forget, gate_ahead, right_of_way
from simulator.traffic.state import WAYS

ACROSS = 4  # lanes to the side of its path that an agent may be on
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


class Record(NamedTuple):
    """(T, A) what agents do: m along their path and to the left of it, m/s, m/s2, the side to which they turn soon."""

    s: NDArray[np.float64]
    lateral: NDArray[np.float64]
    speed: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    turn: NDArray[np.int8]


@kernel
def act(map_, stage, colours, noticed, ego, begin, dt, record):  # type: ignore[no-untyped-def]
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
            pose_on_path(stage.paths, agents[i], stage.poses[i])
        fire_events(agents, stage.events, stage.poses, ego, time_s)
        for i in range(count):
            record.s[t, i], record.lateral[t, i], record.speed[t, i] = agents[i].s, agents[i].lateral, agents[i].speed
            record.acceleration[t, i] = towards_target(agents[i]) if agents[i].started else 0.0
        if len(lanes.lanes) > 0:
            _look_round(map_, stage, colours[t], standing, dt)
            for i in range(count):
                if agents[i].started and stage.vehicles[i].lane != NONE:
                    record.acceleration[t, i] = _drive(lanes, stage, i, noticed, time_s)
                    record.turn[t, i] = turn_ahead(lanes, stage.vehicles[i])
        for i in range(count):
            stage.vehicles[i].acceleration = record.acceleration[t, i]
            advance(agents[i], record.acceleration[t, i], time_s, dt)


@kernel
def settle(map_, stage, colours, noticed):  # type: ignore[no-untyped-def]
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
def _claim_inside(map_, stage, colours):  # type: ignore[no-untyped-def]
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
def _note_standing(map_, stage):  # type: ignore[no-untyped-def]
    """Note the bodies that stay where they are; the number of notes."""
    forget_notes(stage.notes, 0)
    if len(map_.lanes.lanes) > 0:
        for b in range(len(stage.agents), len(stage.bodies)):
            note_body(map_.lanes, map_.cells, stage.bodies, b, stage.notes)
    return stage.notes.used[0]


@kernel
def _look_round(map_, stage, colours, standing, dt):  # type: ignore[no-untyped-def]
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
def _take_places(lanes, stage, dt):  # type: ignore[no-untyped-def]
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
def _find_place(lanes, way, stretches, agent, vehicle):  # type: ignore[no-untyped-def]
    """Fill in lane, s, d and ways of a vehicle; on no lane where its path has none, or it is beside."""
    while way.now + 1 < way.stretches and agent.s >= stretches[way.first + way.now + 1].begin:
        way.now += 1
    if way.now < 0 or stretches[way.first + way.now].lane == NONE:
        return
    stretch = stretches[way.first + way.now]
    lane, s, d, across = stretch.lane, stretch.s + agent.s - stretch.begin, agent.lateral, 0
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
    if abs(d) > half:
        return
    vehicle.lane, vehicle.s, vehicle.d = lane, s, d
    for k in range(WAYS):
        n = way.now + 1 + k
        vehicle.ways[k] = NONE
        if n < way.stretches and (k == 0 or vehicle.ways[k - 1] != NONE):
            vehicle.ways[k] = _beside(lanes, stretches[way.first + n].lane, across)


@kernel
def _beside(lanes, lane, across):  # type: ignore[no-untyped-def]
    """The lane so many to the left (negative: to the right) of a lane, or NONE."""
    for _ in range(abs(across)):
        if lane != NONE:
            lane = lanes.lanes[lane].left if across > 0 else lanes.lanes[lane].right
    return lane


@kernel
def _drive(lanes, stage, i, noticed, time_s):  # type: ignore[no-untyped-def]
    """m/s2 that the driver of agent `i` chooses, by what it has noticed."""
    agent, vehicle, driver, way = stage.agents[i], stage.vehicles[i], stage.drivers[i], stage.ways[i]
    count = len(stage.vehicles)
    for j in range(count):  # whom it has not noticed is not there for it
        if j != i and stage.vehicles[j].lane != NONE and time_s < noticed[i, j]:
            for kind in range(KINDS):
                take(stage.lines, stage.entries, kind * count + j)
    stand = min(stage.stand[i], max(way.end - END_GAP_M - agent.s - driver.front, 0.0))
    chosen = drive(lanes, stage.lines, stage.entries, stage.vehicles, stage.drivers, i, stand)
    for j in range(count):
        if j != i and stage.vehicles[j].lane != NONE and time_s < noticed[i, j]:
            enter(lanes, stage.lines, stage.entries, stage.vehicles, stage.drivers, j)
    pressure = pressure_of_bodies(lanes, stage.notes, vehicle, driver, noticed[i], time_s)
    if pressure > 0.0:
        free = free_acceleration(driver, vehicle.speed, desired_speed(lanes, driver, vehicle.lane, vehicle.s))
        chosen = min(chosen, free - driver.accel * pressure * pressure)
    if agent.speed > agent.desired - agent.accel * RELAXATION_S:  # to a standstill too, where a script says so
        chosen = min(chosen, towards_target(agent))
    return max(chosen, -driver.hardest)
