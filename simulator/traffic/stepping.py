"""One step of traffic: everything a world does in `dt`, in its order, for any number of worlds."""

from __future__ import annotations

import numpy as np

from simulator.numerics.bare import bare
from simulator.numerics.jit import kernel
from simulator.traffic.bends import wait_at_bends
from simulator.traffic.crowd import walk
from simulator.traffic.demand import RELIEF_NS, recycle, relieve
from simulator.traffic.emergency import calm, make_way
from simulator.traffic.failing import fail
from simulator.traffic.following import drive
from simulator.traffic.hazards import heed
from simulator.traffic.lane_change import LOOK_S, SETTLED_M, change_lanes, decide_ways, move_sideways
from simulator.traffic.lane_map import NONE, sample_at
from simulator.traffic.occupancy import occupy
from simulator.traffic.overtaking import mind_who_passes, overtake
from simulator.traffic.poses import STANDING_MPS, light, place
from simulator.traffic.right_of_way import right_of_way
from simulator.traffic.signals import show
from simulator.traffic.state import WAYS, Control
from simulator.traffic.wrong_way import drive_against, move_against

OBEYING_S, OBEYING_MPS2 = 0.6, 5.0  # of guided drivers: as highway-env's
STRANDED_S, STRANDED_M = 20.0, 5.0  # standing so long, so near to where a lane ends that has no link, one gives up
DRIVER, GUIDED, ARRIVED = int(Control.DRIVER), int(Control.GUIDED), int(Control.ARRIVED)
WRONG_WAY = int(Control.WRONG_WAY)


@kernel
def step_worlds(ground, worlds, desk, dt_ns, begin, end):
    """Move the worlds from `begin` to `end` on by `dt_ns`.

    Args:
        ground: Ground.
        worlds: Worlds.
        desk: right_of_way.Desk, scratch of whoever calls.
        dt_ns: ns.
        begin, end: of the worlds.
    """
    ground, worlds, desk = bare(ground), bare(worlds), bare(desk)
    for w in range(begin, end):
        step_world(ground, worlds, desk, dt_ns, w)


@kernel(apart=True)
def step_world(ground, worlds, desk, dt_ns, w):
    """Move world `w` on: all look at what is, then all move; arguments as above."""
    lanes, seed, dt = ground.lanes, worlds.seeds[w], dt_ns * 1e-9
    vehicles, drivers, lines, entries = worlds.vehicles[w], worlds.drivers[w], worlds.lines[w], worlds.entries[w]
    stand = worlds.stand[w]
    occupy(lanes, lines, entries, vehicles, drivers)
    if worlds.relief_s[w] < np.inf and worlds.clock_ns[w] % RELIEF_NS < dt_ns:
        worlds.relieved[w] += relieve(lines, entries, vehicles, worlds.relief_s[w])
    recycle(ground, worlds.conditions[w], lines, entries, worlds.people.rows[w], vehicles, drivers, seed)
    period = max(int(round(LOOK_S / dt)), 1)
    change_lanes(lanes, lines, entries, vehicles, drivers, seed, period)
    make_way(lanes, lines, entries, vehicles, drivers, dt)
    people, clock_ns = worlds.people, worlds.clock_ns[w] + worlds.phase_ns[w]
    show(ground.program, clock_ns, worlds.signals[w])
    if people.rows.shape[1]:
        step = worlds.clock_ns[w] // dt_ns
        walk(ground.crowd, people, vehicles, drivers, desk.seen, ground.program, clock_ns, step, dt, w, seed)
    right_of_way(
        lanes, ground.gates, vehicles, drivers, worlds.signals[w], people.busy[w], dt, desk, stand, worlds.events[w]
    )
    heed(lanes, people.rows[w], vehicles, drivers, stand)
    wait_at_bends(lanes, vehicles, drivers, stand)
    out = overtake(lanes, ground.gates, lines, entries, vehicles, drivers, stand, period)
    for i in range(len(vehicles)):
        if vehicles[i].control == GUIDED:
            vehicles[i].wish_acceleration = obey(vehicles[i], drivers[i])
        elif vehicles[i].control == DRIVER:
            vehicles[i].wish_acceleration = drive(lanes, lines, entries, vehicles, drivers, i, stand[i])
            if vehicles[i].aside > 0.0:
                vehicles[i].wish_acceleration = min(vehicles[i].wish_acceleration, calm(lanes, vehicles[i]))
            if drivers[i].failing:
                fail(lanes, vehicles[i], drivers[i], seed, i, dt)
        elif vehicles[i].control == WRONG_WAY:
            vehicles[i].wish_acceleration = drive_against(lanes, lines, entries, vehicles, drivers, i)
    if out > 0:
        mind_who_passes(lanes, lines, entries, vehicles, drivers)
    for i in range(len(vehicles)):
        if vehicles[i].control == DRIVER or vehicles[i].control == GUIDED:
            move(lanes, vehicles[i], drivers[i], seed, i, dt)
        elif vehicles[i].control == WRONG_WAY:
            move_against(lanes, vehicles[i], drivers[i], seed, i, dt)
    worlds.clock_ns[w] += dt_ns


@kernel(inline=True)
def obey(vehicle, driver):
    """m/s2 of a guided driver, who heeds nobody: towards the speed that is wished for, as hard as it can in the end."""
    wanted = (vehicle.wish_speed - vehicle.speed) / OBEYING_S
    return min(max(wanted, -driver.hardest), OBEYING_MPS2)


@kernel(inline=True)
def _stranded(lanes, vehicle, driver):
    """Whether a vehicle is at the end of a lane that ends as wide as it is, without a link: a fault of the map."""
    row = lanes.lanes[vehicle.lane]
    return row.nexts == 0 and row.usable >= row.length and vehicle.s + driver.front > row.length - STRANDED_M


@kernel
def move(lanes, vehicle, driver, seed, row, dt):
    """Move a vehicle along its way: constant acceleration over the step, and no reversing."""
    before = vehicle.speed
    after = before + vehicle.wish_acceleration * dt
    if after >= 0.0:
        way = 0.5 * (before + after) * dt
    else:  # it stands before the step is over
        way, after = 0.5 * before * before / -vehicle.wish_acceleration, 0.0
    vehicle.acceleration = (after - before) / dt
    vehicle.speed = after
    curvature = lanes.samples[sample_at(lanes, vehicle.lane, vehicle.s)[0]].curvature
    stretch = min(max(1.0 - curvature * vehicle.d, 0.5), 2.0)
    vehicle.s += way / stretch
    vehicle.travel += way
    vehicle.steps += 1
    vehicle.waited = vehicle.waited + dt if after < STANDING_MPS else 0.0
    vehicle.change_age += dt
    move_sideways(vehicle, driver, way, dt)
    if vehicle.change != 0 and abs(vehicle.d - vehicle.wish_d) < SETTLED_M:
        vehicle.change = 0
    while vehicle.s > lanes.lanes[vehicle.lane].length and vehicle.ways[0] != NONE:
        vehicle.s -= lanes.lanes[vehicle.lane].length
        vehicle.lane = vehicle.ways[0]
        if vehicle.goal > 0 and lanes.routes[vehicle.goal - 1, vehicle.lane] == 0.0:
            vehicle.goal = 0  # it has arrived
        for n in range(WAYS - 1):
            vehicle.ways[n] = vehicle.ways[n + 1]
        vehicle.ways[WAYS - 1] = NONE
    if vehicle.s > lanes.lanes[vehicle.lane].length and lanes.lanes[vehicle.lane].leaves:
        vehicle.control, vehicle.lane = ARRIVED, NONE
        return
    if vehicle.waited > STRANDED_S and vehicle.control == DRIVER and _stranded(lanes, vehicle, driver):
        vehicle.control, vehicle.lane = ARRIVED, NONE
        return
    if vehicle.ways[WAYS - 1] == NONE:
        decide_ways(lanes, vehicle.ways, vehicle.lane, vehicle, seed, row)
    place(lanes, vehicle, driver, dt)
    light(lanes, vehicle)
