"""Changes of lane in staged worlds: MOBIL for those who may, round what lies on the road too, and back to their paths.

Everybody there keeps to a path of their own; whoever changes lanes follows it so many lanes to its side. So lanes count
only as long as they run beside the path, and nobody misses a turn.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from simulator.numerics.jit import kernel
from simulator.traffic.bodies import pressure_of_bodies
from simulator.traffic.following import (
    APART_M,
    LEAVING_S,
    TOUCHING_M,
    pressure_ahead,
    wanted_gap,
)
from simulator.traffic.lane_change import (
    BIAS_MPS2,
    FAST_MPS,
    FINISHING_S,
    LOOK_S,
    REST_S,
    SETTLED_M,
    SLOWEST_MPS,
    URGENT_M,
    URGENT_S,
    before_junction,
    gain,
    lane_beside,
    move_sideways,
)
from simulator.traffic.lane_map import NONE, half_width_at
from simulator.traffic.state import WAYS

PATIENT_S = 5.0  # after which who stands is taken for somebody who will not go on
NEAR_M = 40.0  # from a junction nobody changes lanes without need
BESIDE_M, BESIDE_S = 2.0, 3.0  # kept before and behind what is no vehicle on the new lane, more to what catches up


class Changes(IntEnum):
    """Who changes lanes, see `motion.Driver`."""

    NEVER = 0
    BLOCKED = 1
    FREE = 2


BLOCKED, FREE = int(Changes.BLOCKED), int(Changes.FREE)


@kernel
def lanes_beside(lanes, way, stretches, across, ways):
    """Fill in the lanes (WAYS,) that follow, so many lanes to the left of a path; NONE from where there is none on.

    Returns:
        Whether the path goes on where they do not.
    """
    over = False
    for k in range(WAYS):
        n = way.now + 1 + k
        ways[k] = NONE
        if n < way.stretches and not over:
            ways[k] = lane_across(lanes, stretches[way.first + n].lane, across)
            over = ways[k] == NONE
    return over


@kernel
def lane_across(lanes, lane, across):
    """The lane so many to the left (negative: to the right) of a lane, or NONE."""
    for _ in range(abs(across)):
        if lane != NONE:
            lane = lanes.lanes[lane].left if across > 0 else lanes.lanes[lane].right
    return lane


@kernel
def room_ahead(lanes, lane, s, ways, over):
    """m from a place on a lane to where lanes no longer run beside the path; infinite if they do as long as that."""
    if not over:
        return np.inf
    left = lanes.lanes[lane].length - s
    for k in range(WAYS):
        if ways[k] == NONE:
            break
        left += lanes.lanes[ways[k]].length
    return left


@kernel
def _clear_of_bodies(notes, lane, s, vehicle, driver, noticed, time_s):
    """Whether nothing but vehicles is beside a place on a lane, nor catches up with it."""
    n = notes.first[lane]
    while n != NONE:
        note = notes.notes[n]
        n = note.next
        ahead, behind = note.s0 - s - driver.front, s - driver.rear - note.s1
        catching = BESIDE_S * max(note.along - vehicle.speed, 0.0)
        if time_s >= noticed[note.body] and ahead < BESIDE_M and behind < BESIDE_M + catching:
            return False
    return True


@kernel
def _is_blocked(lanes, stage, i, lies):
    """Whether what stands, lies or creeps in its lane slows driver `i`; `lies` is the pressure of what is no vehicle.

    Vehicles that wait for a light or for their right of way block nobody: they will go on.
    """
    vehicle, driver = stage.vehicles[i], stage.drivers[i]
    pressure, cause, _ = pressure_ahead(
        lanes, stage.lines, stage.entries, stage.vehicles, stage.drivers, i, vehicle.lane, vehicle.s, i, vehicle.ways
    )
    if cause != NONE and stage.vehicles[cause].waited > PATIENT_S and stage.stand[cause] == np.inf:
        lies = max(lies, pressure)
    return driver.accel * lies * lies > driver.threshold


@kernel
def choose_lane(lanes, stage, i, noticed, time_s):
    """Side to which driver `i` changes lanes now: 1 left, -1 right, 0 neither.

    Args:
        lanes: Lanes.
        stage: Stage, with everybody in their places.
        i: whose turn it is.
        noticed: (A, B), see `acting.act`.
        time_s: s, now.
    """
    vehicle, driver, way, there = stage.vehicles[i], stage.drivers[i], stage.ways[i], stage.ghost[0]
    if vehicle.lane == NONE or way.sidles or lanes.lanes[vehicle.lane].junction != NONE:
        return 0
    lies_here = pressure_of_bodies(lanes, stage.notes, vehicle, driver, noticed[i], time_s)
    blocked = _is_blocked(lanes, stage, i, lies_here)
    home = 0 if way.across == 0 else -1 if way.across > 0 else 1
    over = lanes_beside(lanes, way, stage.stretches, way.across, there.ways)
    left_over, start = room_ahead(lanes, vehicle.lane, vehicle.s, there.ways, over), URGENT_M + URGENT_S * vehicle.speed
    urgent = home != 0 and left_over < start
    if not urgent and not blocked and (vehicle.change_age < REST_S or vehicle.speed < SLOWEST_MPS):
        return 0
    chosen, best = 0, driver.threshold
    for side in (-1, 1):
        lane, s = lane_beside(lanes, vehicle, side)
        if lane == NONE or (urgent and side != home):
            continue
        if not _clear_of_bodies(stage.notes, lane, s, vehicle, driver, noticed[i], time_s):
            continue
        over = lanes_beside(lanes, way, stage.stretches, way.across + side, there.ways)
        if not urgent and room_ahead(lanes, lane, s, there.ways, over) < 2.0 * start:
            continue
        if not urgent and before_junction(lanes, lane, s, there.ways) < max(FINISHING_S * vehicle.speed, NEAR_M):
            continue
        there.lane, there.s, there.d, there.speed = lane, s, 0.0, vehicle.speed
        lies_there = pressure_of_bodies(lanes, stage.notes, there, driver, noticed[i], time_s)
        safe = driver.safe
        if urgent:  # as in `lane_change.change_lanes`
            safe = driver.decel + (1.0 - left_over / start) * max(driver.hardest - 2.0 - driver.decel, 0.0)
        better = gain(
            lanes,
            stage.lines,
            stage.entries,
            stage.vehicles,
            stage.drivers,
            i,
            side,
            safe,
            there.ways,
            lies_here,
            lies_there,
        )
        if urgent and better > -np.inf:
            return side
        if way.changes == BLOCKED:
            if side == home:
                better += 2.0 * driver.threshold
            elif not blocked:
                continue
        elif lanes.samples[lanes.lanes[lane].first].limit > FAST_MPS:
            better += BIAS_MPS2 if side == lanes.lanes[lane].keeps else -BIAS_MPS2
        if better > best:
            chosen, best = side, better
    return chosen


@kernel
def change_lanes(lanes, stage, noticed, step, dt, time_s):
    """Let drivers whose turn it is decide on a change of lane, one after the other, and begin it.

    Args:
        lanes, stage, noticed, time_s: as above.
        step: number of the step.
        dt: s of a step.
    """
    period = max(int(round(LOOK_S / dt)), 1)
    for i in range(len(stage.agents)):
        agent, vehicle, way = stage.agents[i], stage.vehicles[i], stage.ways[i]
        vehicle.change_age += dt
        if way.changes == 0 or not agent.started or stage.tyres.slides[i] or (step + i) % period != 0:
            continue
        side = choose_lane(lanes, stage, i, noticed, time_s)
        if side == 0:
            continue
        lane, s = lane_beside(lanes, vehicle, side)
        apart = half_width_at(lanes, vehicle.lane, vehicle.s) + half_width_at(lanes, lane, s)
        agent.lateral_to, agent.lateral_seconds = agent.lateral - vehicle.d + side * apart, 0.0
        way.across += side
        if way.across == 0:
            agent.lateral_to = way.home
        way.sidles, vehicle.change, vehicle.change_age = True, side, 0.0


@kernel
def sidle(stage, i, way_m, dt):
    """Move a vehicle that changes lanes sideways while it drives on by `way_m` m in `dt` s.

    Its lateral acceleration is bounded (`lane_change.move_sideways`), so that it steers whatever its speed.
    """
    agent, vehicle, driver, way = stage.agents[i], stage.vehicles[i], stage.drivers[i], stage.ways[i]
    vehicle.d, vehicle.wish_d, vehicle.speed = agent.lateral, agent.lateral_to, agent.speed
    move_sideways(vehicle, driver, way_m, dt)
    agent.lateral = vehicle.d
    left = abs(vehicle.wish_d - vehicle.d)
    if left < SETTLED_M:
        vehicle.change = 0
    if left == 0.0 and vehicle.slope == 0.0:
        way.sidles = False


@kernel
def pressure_of_what_it_leaves(lanes, stage, i, noticed, time_s):
    """What bodies on the lane that vehicle `i` still reaches into ask of it, as wanted gap over gap.

    Nothing where it will have left that lane before it is there.
    """
    vehicle, driver, notes = stage.vehicles[i], stage.drivers[i], stage.notes
    if vehicle.beside == NONE:
        return 0.0
    side = 1.0 if vehicle.d > 0.0 else -1.0  # where that lane lies
    shift = half_width_at(lanes, vehicle.lane, vehicle.s) + half_width_at(lanes, vehicle.beside, vehicle.beside_s)
    d, worst = vehicle.d - side * shift, 0.0
    n = notes.first[vehicle.beside]
    while n != NONE:
        note = notes.notes[n]
        n = note.next
        gap = note.s0 - vehicle.beside_s - driver.front
        if time_s < noticed[note.body] or note.s1 < vehicle.beside_s - driver.rear:
            continue
        overlap = (d - note.d0 if side > 0.0 else note.d1 - d) + driver.half_width + APART_M
        leaving = -side * vehicle.slope * vehicle.speed
        if overlap <= 0.0 or gap > (vehicle.speed - note.along) * (overlap / max(leaving, 0.5) + LEAVING_S):
            continue
        worst = max(worst, wanted_gap(driver, vehicle.speed, note.along, 0.0) / max(gap, TOUCHING_M))
    return worst
