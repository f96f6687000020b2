"""When drivers change lanes: MOBIL for those who may, growing urgency for those who must, lateral motion for all.

A. Kesting, M. Treiber, D. Helbing, "General lane-changing model MOBIL for car-following models",
Transportation Research Record 1999 (2007) 86. A change begins by belonging to the new lane, where one is beside it.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.counter_rng import hash4
from simulator.numerics.jit import kernel
from simulator.traffic.desk import ROOM
from simulator.traffic.following import (
    FARTHEST_M,
    TOUCHING_M,
    desired_speed,
    free_acceleration,
    pressure_ahead,
    speed_along,
    wanted_gap,
)
from simulator.traffic.lane_map import NONE, along_left, along_right, half_width_at, lane_pose, onto_lane, sample_at
from simulator.traffic.occupancy import ASKS, KINDS, enter, take
from simulator.traffic.poses import BEACON
from simulator.traffic.prospects import CHANGE_M, FAR_M
from simulator.traffic.state import WAYS, Control

BIAS_MPS2 = 0.2  # gain that counts for the side to keep to, on fast roads (Kesting et al. 2007, table 1: 0.1 to 0.3)
FAST_MPS = 22.0  # limit from which drivers keep to that side; in towns lanes are chosen freely
LOOK_S = 0.4  # between two looks for a better lane
REST_S = 3.0  # after a change before the next one that is not needed
URGENT_M, URGENT_S = 80.0, 12.0  # way, and time of driving, before a lane's end from where on one has to leave it
FINISHING_S = 5.0  # that have to be left before a junction
SLOWEST_MPS = 3.0  # below, nobody changes without need
CROSSING_MPS2 = 1.2  # of lateral acceleration in a change: 3.5 m in about 3.5 s
SETTLING_S = 0.6  # in which small lateral errors fade
SIDLING, BENDING = 0.35, 0.15  # m sideways for each m along the lane, at most, and its change in a m
SWING_M = 0.2
PARALLEL = np.cos(np.radians(5.0))
THERE_M = 1e-3  # sideways, nearer is there
SETTLED_M = 0.3  # from the middle of the new lane a change is over
TURNING_S = 0.2  # in which the front wheels turn
CREEPING_MPS = 1.0  # below, slow drivers steer as if they went so fast
ROOM_M = 1.0  # between bumpers at least, after a change; less where who is behind nearly stands
STANDING_MPS = 0.3  # who is slower need not brake for anybody
LETTING_S = 10.0  # of waiting for room behind a junction, from when on nobody takes it by a change of lanes
TURN_M, TURN_MPS = 4.0, 5.0  # to who is ahead, that slower drivers need to turn out of a queue
DRIVER, GUIDED = int(Control.DRIVER), int(Control.GUIDED)
WAY_DRAW = 1  # purposes of random draws


@kernel(inline=True)
def draw_at(seed, row, serial, step, purpose):
    """Four uint32 of the vehicle that a row is, at a step, for a purpose."""
    mixed = np.uint64(seed) ^ (np.uint64(seed) >> np.uint64(32))
    return hash4(np.uint32(mixed), np.uint32(row + 65537 * serial), np.uint32(step), np.uint32(purpose))


@kernel(inline=True)
def draw(seed, row, vehicle, purpose):
    """uint32 of a vehicle now, for a purpose."""
    return draw_at(seed, row, vehicle.serial, vehicle.steps, purpose)[0]


@kernel(inner=True)
def decide_ways(lanes, ways, lane, vehicle, seed, row):
    """Draw the lanes that follow a lane where they are not yet decided; not those that soon end, if others do not."""
    for k in range(WAYS):
        if ways[k] == NONE:
            here = lanes.lanes[lane]
            if here.nexts == 0:
                return
            first = np.int64(draw(seed, row, vehicle, WAY_DRAW * 64 + k) % np.uint32(here.nexts))
            best, lasting = NONE, -1.0
            for n in range(here.nexts):
                other = lanes.links[here.next + (first + n) % here.nexts]
                good = lanes.lanes[other].lasting
                if vehicle.goal > 0:
                    good = -lanes.routes[vehicle.goal - 1, other]
                if best == NONE or good > lasting:
                    best, lasting = other, good
            ways[k] = best
        lane = ways[k]


@kernel(inline=True)
def lane_beside(lanes, vehicle, side):
    """Lane to the left (side 1) or right (-1) of a vehicle or NONE, and where it is along that.

    Also NONE where the two are not nearly parallel, as where lanes open: who changes there would go on sideways.
    """
    row = lanes.lanes[vehicle.lane]
    lane = row.left if side > 0 else row.right if side < 0 else NONE
    if lane == NONE:
        return NONE, 0.0
    s = along_left(lanes, vehicle.lane, vehicle.s) if side > 0 else along_right(lanes, vehicle.lane, vehicle.s)
    here = lanes.samples[sample_at(lanes, vehicle.lane, vehicle.s)[0]].heading
    there = lanes.samples[sample_at(lanes, lane, s)[0]].heading
    if np.cos(here - there) < PARALLEL:
        return NONE, 0.0
    return lane, s


@kernel(inner=True)
def neighbours(lines, entries, count, me, lane, s):
    """Entries just ahead of and behind a place on a lane, or NONE; nobody asking, and not `me`."""
    ahead, e = NONE, lines[lane].last
    while e != NONE and (entries[e].s >= s or e >= ASKS * count or e % count == me):
        if e < ASKS * count and e % count != me:
            ahead = e
        e = entries[e].behind
    return ahead, e


@kernel(inner=True)
def upstream(lanes, lines, entries, count, lane, me, far):
    """The last vehicle on the lanes that lead to a lane, and how far behind its start it is; NONE within `far` m.

    Three lanes back at most: what is further behind on short lanes is slow.
    """
    row = lanes.lanes[lane]
    best, distance = NONE, far
    for p in range(row.previous, row.previous + row.previouses):
        one = lanes.links[p]
        back = lanes.lanes[one].length
        e = last_of(lines, entries, count, one, me)
        if e != NONE:
            if back - entries[e].s < distance:
                best, distance = e, back - entries[e].s
            continue
        if back >= distance:
            continue
        for q in range(lanes.lanes[one].previous, lanes.lanes[one].previous + lanes.lanes[one].previouses):
            two = lanes.links[q]
            e = last_of(lines, entries, count, two, me)
            if e != NONE and back + lanes.lanes[two].length - entries[e].s < distance:
                best, distance = e, back + lanes.lanes[two].length - entries[e].s
    return best, distance


@kernel(inline=True)
def last_of(lines, entries, count, lane, me):
    """Entry furthest along a lane or NONE; nobody asking, and not `me`."""
    e = lines[lane].last
    while e != NONE and (e >= ASKS * count or e % count == me):
        e = entries[e].behind
    return e


@kernel
def response(lanes, vehicles, drivers, who, gap, ahead):
    """m/s2 of driver `who`, `gap` m (infinite: nobody) behind vehicle `ahead`."""
    me, driver = vehicles[who], drivers[who]
    free = free_acceleration(driver, me.speed, desired_speed(lanes, driver, me.lane, me.s))
    if gap == np.inf:
        return free
    pressure = wanted_gap(driver, me.speed, speed_along(vehicles[ahead]), driver.headway) / max(gap, TOUCHING_M)
    return free - driver.accel * pressure * pressure


@kernel(inline=True)
def room_for(speed):
    """m between bumpers that are needed for a change, at a speed of who is behind."""
    return ROOM_M * min(speed, 1.0)


@kernel
def gain(lanes, lines, entries, vehicles, drivers, i, side, safe, ways, lies_here, lies_there):
    """What a change of lane brings, m/s2 as MOBIL weighs it; minus infinity where it is not safe or not possible.

    Args:
        lanes, lines, entries, vehicles, drivers: of this world.
        i: index of the vehicle.
        side: 1 to the left, -1 to the right.
        safe: m/s2 of braking that it, and who is then behind it, may be made to do.
        ways: (WAYS,) that would follow the lane there.
        lies_here, lies_there: pressure of what is no vehicle, on its lane and on that one.
    """
    count, me, driver = len(vehicles), vehicles[i], drivers[i]
    lane, s = lane_beside(lanes, me, side)
    if lane == NONE or half_width_at(lanes, lane, s) < driver.half_width:
        return -np.inf
    ahead, behind = neighbours(lines, entries, count, i, me.lane, me.s)
    here = gap_between(entries, drivers, count, ahead, me.s + driver.front)
    if me.speed < TURN_MPS and here < TURN_M:
        return -np.inf
    ahead, behind = neighbours(lines, entries, count, i, lane, s)
    room = gap_between(entries, drivers, count, ahead, s + driver.front)
    if room < room_for(me.speed):
        return -np.inf
    pressure = pressure_ahead(lanes, lines, entries, vehicles, drivers, i, lane, s, behind, ways)[0]
    pressure = max(pressure, lies_there)
    after = free_acceleration(driver, me.speed, desired_speed(lanes, driver, lane, s))
    after -= driver.accel * pressure * pressure
    if after < -safe and me.speed > STANDING_MPS:
        return -np.inf
    distance = s
    if behind != NONE:
        distance -= entries[behind].s
    else:
        behind, far = upstream(lanes, lines, entries, count, lane, i, FARTHEST_M)
        distance += far
    others = 0.0
    if behind != NONE:
        its = vehicles[behind % count]
        if its.hold == ROOM and its.asking > LETTING_S:  # that room is its
            return -np.inf
        gap = distance - driver.rear - drivers[behind % count].front
        if gap < room_for(vehicles[behind % count].speed):
            return -np.inf
        then = response(lanes, vehicles, drivers, behind % count, gap, i)
        if then < -safe and vehicles[behind % count].speed > STANDING_MPS:
            return -np.inf
        whole = gap + driver.rear + driver.front + room
        others += then - response(lanes, vehicles, drivers, behind % count, whole, ahead % count)
    pressure = pressure_ahead(lanes, lines, entries, vehicles, drivers, i, me.lane, me.s, i, me.ways)[0]
    pressure = max(pressure, lies_here)
    now = free_acceleration(driver, me.speed, desired_speed(lanes, driver, me.lane, me.s))
    now -= driver.accel * pressure * pressure
    ahead, behind = neighbours(lines, entries, count, i, me.lane, me.s)
    if behind != NONE:
        who = behind % count
        gap = me.s - driver.rear - entries[behind].s - drivers[who].front
        whole = gap + driver.rear + driver.front + here
        others += response(lanes, vehicles, drivers, who, whole, ahead % count)
        others -= response(lanes, vehicles, drivers, who, gap, i)
    return after - now + driver.politeness * others


@kernel(inline=True)
def gap_between(entries, drivers, count, ahead, bumper):
    """m from a front bumper to the vehicle of an entry ahead; infinite for none."""
    return entries[ahead].s - drivers[ahead % count].rear - bumper if ahead != NONE else np.inf


@kernel(inner=True)
def urgency_of_goal(lanes, vehicle):
    """As below, of a driver with a goal: he has to leave his lane where from one beside it the way is shorter.

    Also where he could still do so on a lane that follows: that may be a short one.
    """
    row = lanes.lanes[vehicle.lane]
    best, side = np.inf, 0
    for n in range(row.nexts):
        best = min(best, np.float64(lanes.routes[vehicle.goal - 1, lanes.links[row.next + n]]) + row.length)
    for way in (-1, 1):
        lane, _s = lane_beside(lanes, vehicle, way)
        if lane != NONE and lanes.routes[vehicle.goal - 1, lane] + 0.5 * CHANGE_M < best:
            best, side = lanes.routes[vehicle.goal - 1, lane] + 0.5 * CHANGE_M, way
    left_over, start = row.length - vehicle.s, URGENT_M + URGENT_S * vehicle.speed
    if side == 0 or left_over > start:
        return 0, 0.0
    return side, min(max(1.0 - left_over / start, 0.0), 1.0)


@kernel(inner=True)
def urgency(lanes, vehicle):
    """Side to which a driver has to leave his lane, 0 for none, and how much that presses: 0 to 1.

    He has to where his lane ends and one beside it goes on for longer.
    """
    row = lanes.lanes[vehicle.lane]
    if vehicle.goal > 0:
        return urgency_of_goal(lanes, vehicle)
    left_over = row.lasting - vehicle.s
    if row.lasting >= FAR_M:
        return 0, 0.0
    start = URGENT_M + URGENT_S * vehicle.speed
    if left_over > start:
        return 0, 0.0
    best, side = left_over + ROOM_M, 0
    for way in (-1, 1):
        lane, s = lane_beside(lanes, vehicle, way)
        if lane != NONE and lanes.lanes[lane].lasting - s > best:
            best, side = lanes.lanes[lane].lasting - s, way
    return side, min(max(1.0 - left_over / start, 0.0), 1.0)


@kernel(inline=True)
def before_junction(lanes, lane, s, ways):
    """m from a place on a lane to the first junction on the lanes that follow; infinite: none."""
    ahead = -s
    for k in range(WAYS):
        ahead += lanes.lanes[lane].length
        lane = ways[k]
        if lane == NONE:
            break
        if lanes.lanes[lane].junction != NONE:
            return ahead
    return np.inf


@kernel(inner=True)
def change_lanes(lanes, lines, entries, vehicles, drivers, seed, period):
    """Decide on changes of lane one driver after the other, so that no two take one gap.

    Args:
        lanes, lines, entries, vehicles, drivers: of this world; whoever changes is moved to the new lane's list.
        seed: uint64 of this world.
        period: steps between two looks of a driver.
    """
    ways = np.empty(WAYS, np.int64)
    for i in range(len(vehicles)):
        me = vehicles[i]
        if me.control != DRIVER and me.control != GUIDED:
            continue
        if lanes.lanes[me.lane].junction != NONE or (me.control == DRIVER and (me.steps + i) % period != 0):
            continue
        if me.control == GUIDED:
            side, lane = me.wish_lane, lane_beside(lanes, me, me.wish_lane)[0]
            if side != 0 and lane != NONE and me.change == 0:
                begin_change(lanes, lines, entries, vehicles, drivers, seed, i, side)
            continue
        side, urgent = urgency(lanes, me)
        busy = me.change_age < REST_S or me.speed < SLOWEST_MPS or me.aside > 0.0 or me.lamps & BEACON != 0
        if me.change != 0 or (urgent == 0.0 and busy):
            continue
        chosen, best = 0, drivers[i].threshold
        # Who has to change begins with gaps that suit others, and ends with those that they can just bear.
        safe = drivers[i].safe
        if side != 0:
            safe = drivers[i].decel + urgent * max(drivers[i].hardest - 2.0 - drivers[i].decel, 0.0)
        for way in (-1, 1):
            lane, s = lane_beside(lanes, me, way)
            if lane == NONE or (side != 0 and way != side):
                continue
            if side == 0 and lanes.lanes[lane].lasting - s < 2.0 * (URGENT_M + URGENT_S * me.speed):
                continue
            for k in range(WAYS):
                ways[k] = NONE
            decide_ways(lanes, ways, lane, me, seed, i)
            if side == 0 and before_junction(lanes, lane, s, ways) < FINISHING_S * me.speed:
                continue
            better = gain(lanes, lines, entries, vehicles, drivers, i, way, safe, ways, 0.0, 0.0)
            if side != 0 and better > -np.inf:
                chosen = side
                break
            if lanes.samples[lanes.lanes[lane].first].limit > FAST_MPS:
                better += BIAS_MPS2 if way == lanes.lanes[lane].keeps else -BIAS_MPS2
            if better > best:
                chosen, best = way, better
        me.asks = side if chosen == 0 and urgent > 0.0 else 0
        if chosen != 0:
            begin_change(lanes, lines, entries, vehicles, drivers, seed, i, chosen)


@kernel(inner=True)
def begin_change(lanes, lines, entries, vehicles, drivers, seed, i, side):
    """Let vehicle `i` belong to the lane at its side from now on."""
    me = vehicles[i]
    x, y, _z, heading = lane_pose(lanes, me.lane, me.s, me.d)
    me.lane, s = lane_beside(lanes, me, side)
    lane = me.lane
    me.s, me.d, there = onto_lane(lanes, lane, s, x, y)
    turned = heading - there
    me.slope += np.tan(turned)
    me.wish_d, me.change, me.change_age, me.asks, me.entered = 0.0, side, 0.0, 0, 0
    for k in range(WAYS):
        me.ways[k] = NONE
    decide_ways(lanes, me.ways, lane, me, seed, i)
    for kind in range(KINDS):
        take(lines, entries, kind * len(vehicles) + i)
    enter(lanes, lines, entries, vehicles, drivers, i)


@kernel(inline=True)
def move_sideways(vehicle, driver, way, dt):
    """Let `d` near `wish_d` on `way` m driven in `dt`, with bounded lateral acceleration and steering."""
    error, speed = vehicle.wish_d - vehicle.d, max(vehicle.speed, CREEPING_MPS)
    rate = min(np.sqrt(2.0 * CROSSING_MPS2 * abs(error)), abs(error) / SETTLING_S)
    # The front of a long vehicle must not swing far beyond where it goes.
    slope = np.sign(error) * min(rate / speed, SIDLING, (abs(error) + SWING_M) / driver.front)
    step = min(CROSSING_MPS2 * dt / speed, BENDING * way)
    turned = min(max(slope - vehicle.slope, -step), step)
    vehicle.slope += turned
    if way > 0.0:
        vehicle.bend += dt / (TURNING_S + dt) * (turned / max(way, CREEPING_MPS * dt) - vehicle.bend)
    vehicle.d += vehicle.slope * way
    if abs(vehicle.wish_d - vehicle.d) < THERE_M and abs(vehicle.slope) < THERE_M:
        vehicle.d, vehicle.slope = vehicle.wish_d, 0.0
