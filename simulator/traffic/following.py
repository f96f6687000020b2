"""How fast drivers go: the Intelligent Driver Model behind what is ahead, comfortable in curves and before limits.

M. Treiber, A. Hennecke, D. Helbing, "Congested traffic states in empirical observations and microscopic simulations",
Phys. Rev. E 62 (2000) 1805. Above the desired speed, the braking of the Improved IDM (M. Treiber, A. Kesting, Traffic
Flow Dynamics, 2013, section 11.3.4), which the original leaves unbounded. Behind who cuts in, the cooler judgement of
the ACC model, which leaves equilibria as they are (A. Kesting, M. Treiber, D. Helbing, "Enhanced intelligent driver
model", Phil. Trans. R. Soc. A 368 (2010) 4585).
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.traffic.lane_map import NONE, half_width_at, sample_at
from simulator.traffic.locating import project
from simulator.traffic.occupancy import ASKS, BESIDE
from simulator.traffic.poses import BEACON
from simulator.traffic.prospects import BRAKING_MPS2
from simulator.traffic.state import WAYS, Control, Over

COOLNESS = 0.99  # Kesting, Treiber, Helbing 2010
TOUCHING_M = 0.1  # gaps below count as this one
FARTHEST_M = 250.0  # that drivers look ahead
REACTING_S = 1.0  # in which the speed nears that of curves and of limits ahead
SURPRISE_MPS2 = 4.0  # of braking for curves and limits at most
COURTESY_MPS2, TOO_LATE_MPS2 = 1.5, 4.0  # of braking for who asks to be let in; to need more means to go first
CUTTING_S = 0.4  # headway kept to who is still partly in the way beside
APART_M, LEAVING_S = 0.3, 0.5  # kept free sideways; more time than that to get out of the way
PASSING_PACE = 1.1  # of the speed that a driver wants, while it passes another
CYCLIST_MPS, CYCLIST_M = 9.0, 0.5  # who is no faster, and half as wide, rides a bicycle
OUTSIDE, WRECK = int(Control.OUTSIDE), int(Control.WRECK)
OUT = int(Over.OUT)


@kernel(inline=True)
def wanted_gap(driver, speed, ahead, headway):
    """Gap that a driver wants behind a vehicle at `ahead` m/s, m (s* of the IDM)."""
    closing = speed * (speed - ahead) / (2.0 * np.sqrt(driver.accel * driver.decel))
    return driver.gap + max(speed * headway + closing, 0.0)


@kernel(inline=True)
def speed_along(vehicle):
    """m/s of a vehicle along its lane: negative of one that comes against the traffic."""
    return -vehicle.speed if vehicle.against else vehicle.speed


@kernel(inline=True)
def free_acceleration(driver, speed, desired):
    """m/s2 on an empty road on which a driver wants to go at `desired` m/s."""
    desired = max(desired, 0.1)
    if speed <= desired:
        u = speed / desired
        return driver.accel * (1.0 - u * u * u * u)
    return -driver.decel * (1.0 - (desired / speed) ** (4.0 * driver.accel / driver.decel))


@kernel(inline=True)
def desired_speed(lanes, driver, lane, s):
    """m/s that a driver wants on a lane."""
    return min(driver.pace * lanes.samples[sample_at(lanes, lane, s)[0]].limit, driver.fastest)


@kernel(inline=True)
def horizon(driver, speed):
    """How far ahead of its origin a driver cares, m: beyond, even a wall asks for less than a quarter of `accel`."""
    return min(driver.front + 2.0 * wanted_gap(driver, speed, 0.0, driver.headway), FARTHEST_M)


@kernel(inline=True)
def passes(own, driver, other, its):
    """Whether an emergency vehicle gets past another on its lane, that makes way for it."""
    return (
        other.lane == own.lane
        and other.aside > 0.0
        and abs(other.d - own.d) > driver.half_width + its.half_width + APART_M
    )


@kernel(inline=True)
def is_cyclist(driver):
    """Whether a driver rides a bicycle."""
    return driver.fastest < CYCLIST_MPS and driver.half_width < CYCLIST_M


@kernel(inner=True)
def span_across(lanes, lane, vehicle, driver):
    """m to the left of the middle of a lane from where to where a body reaches that is near it."""
    if vehicle.control != WRECK and vehicle.control != OUTSIDE:
        front, rear = vehicle.slope * driver.front, -vehicle.slope * driver.rear
        return vehicle.d + min(front, rear) - driver.half_width, vehicle.d + max(front, rear) + driver.half_width
    middle = 0.5 * (driver.front - driver.rear)
    x, y = vehicle.x + middle * np.cos(vehicle.yaw), vehicle.y + middle * np.sin(vehicle.yaw)
    s, d = project(lanes, lane, vehicle.s if vehicle.lane == lane else 0.5 * lanes.lanes[lane].length, x, y)
    turned = vehicle.yaw - lanes.samples[sample_at(lanes, lane, s)[0]].heading
    wide = 0.5 * (driver.front + driver.rear) * abs(np.sin(turned)) + driver.half_width * abs(np.cos(turned))
    return d - wide, d + wide


@kernel(inner=True)
def are_apart(lanes, lane, own, driver, other, its):
    """Whether two bodies on a lane do not meet, as the one passes the other."""
    low, high = span_across(lanes, lane, own, driver)
    its_low, its_high = span_across(lanes, lane, other, its)
    return low > its_high + APART_M or its_low > high + APART_M


@kernel(inline=True)
def kept_headway(vehicle, driver):
    """s that a driver keeps: less to whom it moves out to pass."""
    return min(driver.headway, CUTTING_S) if vehicle.over == OUT and vehicle.passing > 0 else driver.headway


@kernel(inner=True)
def pressure_of_lane(lanes, lines, entries, vehicles, drivers, me, lane, s, base, headway, after):
    """What vehicles on a lane ask of driver `me`, as wanted gap over gap (the least to stay is 1), 0 for nothing.

    Args:
        lanes, lines, entries, vehicles, drivers: of this world.
        me: index of the vehicle.
        lane: where to look.
        s: only vehicles from here on count, m along that lane.
        base: m from the front bumper of `me` to the start of the lane.
        headway: s, to keep.
        after: entry behind all that count, or NONE to start from `s`.

    Returns:
        Pressure, index of the vehicle that causes it or NONE, and the pressure of one that asks to be let in.
    """
    count, own, driver = len(vehicles), vehicles[me], drivers[me]
    e = lines[lane].first
    if after != NONE:
        e = entries[after].ahead
    else:
        while e != NONE and (entries[e].s <= s and (entries[e].s < s or e % count >= me)):
            e = entries[e].ahead
    asked = 0.0
    passing = own.passing > 0  # those up to whom it passes
    while e != NONE:
        other = e % count
        if other != me:
            if passing or (vehicles[other].over != 0 and vehicles[other].passing == 0):
                last = other + 1 == own.passing
                if are_apart(lanes, lane, own, driver, vehicles[other], drivers[other]):
                    passing = passing and not last
                    e = entries[e].ahead
                    continue
            if own.lamps & BEACON and passes(own, driver, vehicles[other], drivers[other]):
                e = entries[e].ahead
                continue
            gap = base + entries[e].s - drivers[other].rear
            wanted = wanted_gap(driver, own.speed, speed_along(vehicles[other]), headway)
            if e < ASKS * count:
                return wanted / max(gap, TOUCHING_M), other, asked
            if gap > 0.0 and asked == 0.0:
                asked = wanted / max(gap, TOUCHING_M)
        e = entries[e].ahead
    return 0.0, NONE, asked


@kernel(inner=True)
def pressure_of_forks(lanes, lines, entries, vehicles, drivers, me, lane, s, base):
    """As above, of vehicles on lanes that part from or meet `lane`, where their bodies are in the way."""
    count, own, driver = len(vehicles), vehicles[me], drivers[me]
    row = lanes.lanes[lane]
    worst, cause = 0.0, NONE
    for f in range(row.fork, row.fork + row.forks):
        fork = lanes.forks[f]
        e = lines[fork.other].first
        if e == NONE:
            continue
        there = lanes.lanes[fork.other].length
        shift = row.length - there if fork.at_end else 0.0  # to places on the other lane as if they were on this one
        while e != NONE:
            other, at, place = e % count, entries[e].s, entries[e].s + shift
            lead = place - s
            if fork.at_end:  # whoever's front is nearer to where they meet goes first
                lead += drivers[other].front - driver.front
            counts = other != me and e < ASKS * count and (lead > 0.0 or (lead == 0.0 and other < me))
            if fork.at_end:
                counts = counts and there - at - drivers[other].front < fork.other_zone
            elif at - drivers[other].rear > fork.other_zone:
                break
            if counts:
                gap = base + place - drivers[other].rear
                its = speed_along(vehicles[other])
                pressure = wanted_gap(driver, own.speed, its, driver.headway) / max(gap, TOUCHING_M)
                if pressure > worst:
                    worst, cause = pressure, other
                break
            e = entries[e].ahead
    return worst, cause


@kernel(inner=True)
def pressure_ahead(lanes, lines, entries, vehicles, drivers, me, lane, s, after, ways):
    """What vehicles ahead on a way ask of driver `me`: pressure, who causes it, and that of one that asks to be let in.

    Args:
        lanes, lines, entries, vehicles, drivers: of this world.
        me: index of the vehicle.
        lane, s: where its origin is, or would be.
        after: its entry on that lane, or NONE.
        ways: (WAYS,) lanes that follow.
    """
    driver = drivers[me]
    far, headway = horizon(driver, vehicles[me].speed), kept_headway(vehicles[me], driver)
    base = -s - driver.front
    worst, cause, asked = pressure_of_lane(lanes, lines, entries, vehicles, drivers, me, lane, s, base, headway, after)
    pressure, other = pressure_of_forks(lanes, lines, entries, vehicles, drivers, me, lane, s, base)
    if pressure > worst:
        worst, cause = pressure, other
    for k in range(WAYS):
        base += lanes.lanes[lane].length
        lane = ways[k]
        if worst > 0.0 or lane == NONE or base + driver.front > far:
            break
        pressure, other, more = pressure_of_lane(
            lanes, lines, entries, vehicles, drivers, me, lane, -1e9, base, headway, NONE
        )
        if pressure > worst:
            worst, cause = pressure, other
        asked = max(asked, more)
        pressure, other = pressure_of_forks(lanes, lines, entries, vehicles, drivers, me, lane, -1e9, base)
        if pressure > worst:
            worst, cause = pressure, other
    return worst, cause, asked


@kernel(inner=True)
def pressure_beside(lanes, entries, vehicles, drivers, me):
    """What the next vehicle on the lane that the body of `me` reaches into asks of it: pressure, and who it is.

    Nothing where the bodies are apart sideways, or will be before `me` has caught up.
    """
    count, own, driver = len(vehicles), vehicles[me], drivers[me]
    e = entries[BESIDE * count + me].ahead
    while e >= ASKS * count:
        e = entries[e].ahead
    if e == NONE:
        return 0.0, NONE
    other = vehicles[e % count]
    gap = entries[e].s - drivers[e % count].rear - own.beside_s - driver.front
    side = 1.0 if own.d > 0.0 else -1.0
    apart = half_width_at(lanes, own.lane, own.s) + half_width_at(lanes, own.beside, own.beside_s) - abs(own.d)
    apart += side * other.d if e < count else -apart
    overlap = driver.half_width + drivers[e % count].half_width + APART_M - apart
    leaving = -side * own.slope * own.speed
    if overlap <= 0.0 or gap > TOUCHING_M + (own.speed - speed_along(other)) * (
        overlap / max(leaving, 0.5) + LEAVING_S
    ):
        return 0.0, NONE
    return wanted_gap(driver, own.speed, speed_along(other), CUTTING_S) / max(gap, TOUCHING_M), e % count


@kernel(inline=True)
def comfortable_at(lanes, lane, s):
    """m/s that are comfortable at a place on a lane, for a driver of pace 1."""
    i, u = sample_at(lanes, lane, s)
    u = min(max(u, 0.0), 1.0)
    return lanes.samples[i].speed + u * (lanes.samples[i + 1].speed - lanes.samples[i].speed)


@kernel(inner=True)
def speed_ahead(lanes, vehicle):
    """m/s that curves and limits from here on comfortably allow in `REACTING_S`, for a driver of pace 1."""
    lane, ahead = vehicle.lane, -vehicle.s - vehicle.speed * REACTING_S
    far = vehicle.speed * vehicle.speed / (2.0 * BRAKING_MPS2)
    speed = comfortable_at(lanes, lane, vehicle.s)
    for k in range(WAYS):
        length = lanes.lanes[lane].length
        if 0.0 <= -ahead <= length:
            speed = min(speed, comfortable_at(lanes, lane, -ahead))
        ahead += length
        lane = vehicle.ways[k]
        if lane == NONE or ahead > far:
            break
        there = lanes.samples[lanes.lanes[lane].first].speed
        speed = min(speed, np.sqrt(there * there + 2.0 * BRAKING_MPS2 * max(ahead, 0.0)))
    return speed


@kernel(inner=True)
def end_ahead(lanes, vehicle, driver):
    """m from the front bumper to where the way ends without leaving the map; infinite: nowhere near."""
    lane, ahead = vehicle.lane, -vehicle.s - driver.front
    for k in range(WAYS):
        row = lanes.lanes[lane]
        if row.nexts == 0:
            return np.inf if row.leaves else ahead + row.usable
        ahead += row.length
        lane = vehicle.ways[k]
        if lane == NONE or ahead > FARTHEST_M:
            break
    return np.inf


@kernel(inner=True)
def behind(driver, me, other, free, pressure, headway):
    """m/s2 of a driver behind another, who asks `pressure` of him; `free` is what he would do without.

    Braking harder than if the other kept its acceleration (the constant-acceleration heuristic) is mostly tempered.
    """
    idm = max(free - driver.accel * pressure * pressure, -driver.hardest)
    if other.against:  # it will not give way
        return idm
    gap = wanted_gap(driver, me.speed, other.speed, headway) / pressure
    pull, closing = min(other.acceleration, driver.accel), me.speed - other.speed
    if other.speed * closing < -2.0 * gap * pull:  # it stands before they are nearest
        cool = me.speed * me.speed * pull / (other.speed * other.speed - 2.0 * gap * pull)
    else:
        cool = pull - max(closing, 0.0) * max(closing, 0.0) / (2.0 * gap)
    if idm >= cool:
        return idm
    cool += driver.decel * np.tanh((idm - cool) / driver.decel)
    return (1.0 - COOLNESS) * idm + COOLNESS * cool


@kernel
def drive(lanes, lines, entries, vehicles, drivers, i, stand):
    """Acceleration that driver `i` chooses, m/s2.

    Args:
        lanes, lines, entries, vehicles, drivers: of this world.
        i: index of the vehicle.
        stand: m from its front bumper to where it must stand; infinite: nowhere.
    """
    vehicle, driver = vehicles[i], drivers[i]
    desired = desired_speed(lanes, driver, vehicle.lane, vehicle.s)
    pace, headway = driver.pace, driver.headway
    if vehicle.over == OUT:
        desired, pace, headway = PASSING_PACE * desired, PASSING_PACE * pace, kept_headway(vehicle, driver)
    free = free_acceleration(driver, vehicle.speed, desired)
    pressure, cause, asked = pressure_ahead(
        lanes, lines, entries, vehicles, drivers, i, vehicle.lane, vehicle.s, i, vehicle.ways
    )
    chosen = free
    if cause != NONE:
        chosen = behind(driver, vehicle, vehicles[cause], free, pressure, headway)
    waits_for = cause
    if vehicle.beside != NONE:
        beside, other = pressure_beside(lanes, entries, vehicles, drivers, i)
        if other != NONE:
            closest = behind(driver, vehicle, vehicles[other], free, beside, CUTTING_S)
            if closest < chosen:
                chosen, waits_for = closest, other
    held = stand
    stand = min(stand, end_ahead(lanes, vehicle, driver))
    if stand < FARTHEST_M:
        wanted = wanted_gap(driver, vehicle.speed, 0.0, driver.headway)
        wanted /= max(stand + driver.gap - TOUCHING_M, TOUCHING_M)
        asked_to = free - driver.accel * wanted * wanted
        if stand <= 0.0:  # it is there, or a little beyond
            asked_to = min(asked_to, -driver.decel)
        if asked_to < chosen:
            chosen = asked_to
            waits_for = vehicle.waits_for if held == stand else NONE
    vehicle.waits_for = waits_for
    courtesy = free - driver.accel * asked * asked
    if courtesy > -TOO_LATE_MPS2:
        chosen = min(chosen, max(courtesy, -COURTESY_MPS2))
    curve = pace * speed_ahead(lanes, vehicle)
    chosen = min(chosen, max((curve - vehicle.speed) / REACTING_S, -SURPRISE_MPS2))
    return max(chosen, -driver.hardest)
