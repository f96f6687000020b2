"""Passing who is slower or blocks the lane: in a wide lane beside it, else over the oncoming lane of two-lane roads.

Drivers begin only if they will be back in their lane, by their own acceleration, before anybody comes near them. For
somebody who may come into sight right then they want the passing sight distance of AASHTO (A Policy on Geometric Design
of Highways and Streets, 2018, table 3-4): with it, until who is ahead is nearly reached, they can still give up. They
look again in each step, and fall back behind who is ahead if it does not fit any more. The parts of the way are those
of the edition of 2004, exhibit 3-4: moving out, being on the other lane, a distance left at the end, and what oncoming
traffic drives meanwhile. Cyclists are passed as the law has it, or followed.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.traffic.following import (
    COURTESY_MPS2,
    CUTTING_S,
    PASSING_PACE,
    desired_speed,
    free_acceleration,
    is_cyclist,
    span_across,
)
from simulator.traffic.lane_change import SETTLED_M, before_junction, upstream
from simulator.traffic.lane_map import NONE, half_width_at, sample_at
from simulator.traffic.locating import project
from simulator.traffic.occupancy import ASKS
from simulator.traffic.poses import BEACON, HAZARD
from simulator.traffic.state import WAYS, Control, Over

# Beside cyclists, in and outside of towns: StVO, section 5 (4); the same 1.5 m in the UK Highway Code, rule 163.
CYCLIST_IN_TOWN_M, CYCLIST_OUTSIDE_M = 1.5, 2.0
TOWN_MPS = 14.0  # limit up to which a road is one in town: 50 km/h
BESIDE_M = 1.0  # beside others: what German courts ask for
EDGE_M = 0.3  # kept to the far edge of the oncoming lane
KERB_M = 0.5  # that cyclists keep to the edge of their lane: UK Highway Code, rule 72
CORRIDOR_M = 0.9  # half the width for which ways through junctions are reckoned: a car's (`conflicts`)
# Slower than the driver wants to go, at least, are those whom it passes: 19 km/h (AASHTO 2011, section 3.2.4).
SLOWER_MPS = 5.3
STEADY_MPS2 = 0.3  # who speeds up or slows down more will soon go at another speed
PULL_IN_S = 1.0  # headway to who has been passed (J. C. Glennon, Transp. Res. Record 1195 (1988) 132; NCHRP 605)
PULL_IN_M = 2.0
CLOSING_S = 1.0  # of closing in on who is ahead, left when one pulls in behind
# Left between the two at the end: 30 m at 56 km/h to 90 m at 100 km/h (AASHTO 2004, exhibit 3-4): 1.6 s of closing.
LEFT_S, LEFT_M = 1.6, 5.0
HURRY_S = 3.0  # of closing in, left after pulling in; with less, one cuts in
FASTER_MPS = 1.0  # than who has been passed, else the gap to that one does not grow
LAST_S = 0.8  # of that, below which a driver gives up who is not yet beside
OUT_S, BACK_S = 2.0, 2.5  # that moving out and pulling in take
# Passing sight distances, m, at speeds of who passes, km/h: AASHTO 2018, table 3-4, for oncoming traffic as fast.
SIGHT_MPS = np.array([30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0]) / 3.6
SIGHT_M = np.array([120.0, 140.0, 160.0, 180.0, 210.0, 245.0, 280.0, 320.0, 355.0, 395.0, 440.0])
FOLLOWING = 0.9  # share of its wanted speed up to which the gap that a driver keeps is reckoned (IDM, in equilibrium)
SOON_S = 4.0  # of closing in, before which nobody moves out
LONGEST_S, STEP_S = 25.0, 0.25  # of passing, and of its foreseeing
PULLING_MPS2 = 1.5  # of oncoming traffic that speeds up
BLOCKED_MPS = 0.3  # who stands so is passed if it shows hazard lights, or is a wreck
WAITING_M = 15.0  # behind something that blocks the lane, to be able to drive round it
PAST_STANDING_MPS = 8.3  # 30 km/h
ROOM_M = 5.0  # kept before the end of the stretch
TOGETHER = 3  # at most so many are passed at once
AHEAD_M = 120.0  # who is further ahead is not yet to be passed
FACING_S = 3.0  # before they would meet oncoming drivers brake
LANES = 24  # from which oncoming traffic may come, at most
FALLING_MPS2, BEHIND_MPS = 4.0, 3.0  # braking of who gives up, until it is so much slower
DRIVER, WRECK = int(Control.DRIVER), int(Control.WRECK)
NOT, OUT, BACK, FALLING = int(Over.NOT), int(Over.OUT), int(Over.BACK), int(Over.FALLING)


@kernel(inner=True)
def overtake(lanes, gates, lines, entries, vehicles, drivers, stand, period):
    """Let drivers pass others: move out, go on, give up, pull in; how many of them are not in the middle of their lane.

    Args:
        lanes, gates, lines, entries, vehicles, drivers: of this world; writes `over`, `passing`, `out_d` and `wish_d`.
        stand: (A,) m from each front bumper to where it must stand, infinite for nowhere; those who cannot pass what
            blocks their lane are told to stand well behind it.
        period: steps between two looks of a driver.
    """
    out, count = 0, len(vehicles)
    for i in range(count):
        me = vehicles[i]
        if me.control != DRIVER:
            me.over = NOT
            continue
        if me.over != NOT:
            _go_on(lanes, lines, entries, vehicles, drivers, i)
            out += me.over != NOT
            continue
        looks = (me.steps + i) % period == 0
        if is_cyclist(drivers[i]) and looks:
            _keep_to_the_edge(lanes, me, drivers[i])
        row = lanes.lanes[me.lane]
        if me.aside > 0.0 or me.lamps & BEACON or row.junction != NONE or row.left != NONE or row.right != NONE:
            continue
        e, lane, base, way = _next(lanes, lines, entries, vehicles, i, i, me.lane, -me.s, 0)
        if e == NONE or base + entries[e].s > AHEAD_M:
            continue
        it, wish = vehicles[e % count], desired_speed(lanes, drivers[i], me.lane, me.s)
        blocks = it.speed < BLOCKED_MPS and (it.control == WRECK or it.lamps & HAZARD == HAZARD)
        if it.against or not (blocks or (looks and _dawdles(it, wish))):
            continue
        if looks and _fits(lanes, gates, lines, entries, vehicles, drivers, i, e, lane, base, way, blocks, stand[i]):
            me.over, me.wish_d, out = OUT, me.out_d, out + 1
            continue
        me.passing = 0
        if blocks and lanes.passing[sample_at(lanes, me.lane, me.s)[0]].oncoming != NONE:
            short = base + entries[e].s - drivers[e % count].rear - drivers[i].front - WAITING_M
            stand[i] = min(stand[i], max(short, 0.0))
    return out


@kernel(inner=True)
def _keep_to_the_edge(lanes, me, driver):
    """Let a cyclist ride near the edge of the road, but within the usual corridor in and before junctions."""
    row = lanes.lanes[me.lane]
    room = half_width_at(lanes, me.lane, me.s) - driver.half_width - KERB_M
    if row.junction != NONE or before_junction(lanes, me.lane, me.s, me.ways) < 2.0 * WAITING_M:
        room = min(room, CORRIDOR_M - driver.half_width)
    me.wish_d = row.keeps * max(room, 0.0)


@kernel(inline=True)
def _dawdles(vehicle, wish):
    """Whether a vehicle goes on slowly, for somebody who wants to go at `wish` m/s."""
    return BLOCKED_MPS < vehicle.speed < wish - SLOWER_MPS and abs(vehicle.acceleration) < STEADY_MPS2


@kernel(inner=True)
def _next(lanes, lines, entries, vehicles, i, e, lane, base, way):
    """The next entry ahead of entry `e` on the lanes of driver `i`, outside of junctions, or NONE.

    Args:
        lanes, lines, entries, vehicles: of this world.
        i: index of the driver, which does not count.
        e: entry of somebody, who does not count either.
        lane: that `e` is on.
        base: m from the origin of the driver to the start of that.
        way: index in its ways of the lane that follows.

    Returns:
        The entry, its lane, `base` and `way` for it.
    """
    count, me = len(vehicles), vehicles[i]
    who = e % count
    e = entries[e].ahead
    while True:
        while e != NONE and (e >= ASKS * count or e % count == i or e % count == who):
            e = entries[e].ahead
        if e != NONE or way >= WAYS or base > AHEAD_M:
            return e, lane, base, way
        base += lanes.lanes[lane].length
        lane = me.ways[way]
        way += 1
        if lane == NONE or lanes.lanes[lane].junction != NONE:
            return NONE, lane, base, way
        e = lines[lane].first


@kernel(inner=True)
def _along(lanes, lane, vehicle, driver):
    """m along a lane where the rear of a vehicle is that is on it."""
    if vehicle.lane == lane:
        return vehicle.s - driver.rear
    middle = 0.5 * (driver.front - driver.rear)
    x, y = vehicle.x + middle * np.cos(vehicle.yaw), vehicle.y + middle * np.sin(vehicle.yaw)
    s, _d = project(lanes, lane, 0.5 * lanes.lanes[lane].length, x, y)
    return s - 0.5 * (driver.front + driver.rear)


@kernel(inline=True)
def clearance(driver, limit):
    """m that others keep beside a vehicle when they pass it on a road with a limit, m/s."""
    if is_cyclist(driver):
        return CYCLIST_IN_TOWN_M if limit <= TOWN_MPS else CYCLIST_OUTSIDE_M
    return BESIDE_M


@kernel
def passing_run(driver, speed, wish, ahead, gap, length):
    """How long passing takes until the lane can be had back, how far one drives meanwhile, and how fast one then is.

    Args:
        driver: who passes.
        speed, wish: m/s that it drives, and wants to.
        ahead: m/s of who is passed.
        gap: m between the front of the one and the rear of the other.
        length: m from there to where the one's front has to be, as if the other stood still.

    Returns:
        s (infinite: too long), m, m/s, of the way until it is back in its lane.
    """
    t, way, v = 0.0, 0.0, speed
    while way - ahead * t < gap + length:
        if t > LONGEST_S:
            return np.inf, np.inf, v
        v = max(v + free_acceleration(driver, v, wish) * STEP_S, 0.0)
        if t < OUT_S and way - ahead * t > gap - PULL_IN_M - 1.0:  # it is not yet out
            v = min(v, ahead)
        way += v * STEP_S
        t += STEP_S
    return t + BACK_S, way + v * BACK_S, v


@kernel
def passing_sight(speed, coming):
    """m that who passes others at `speed` m/s wants to see, where somebody may come at `coming` m/s."""
    return np.interp(speed, SIGHT_MPS, SIGHT_M) * (speed + coming) / (2.0 * max(speed, SIGHT_MPS[0]))


@kernel(inline=True)
def _sees(here, driver, way, time, speed, left_s, may_give_up):
    """Whether a driver sees enough: nobody who comes into sight now, at `here`, can come near it.

    It is back in its lane after `way` m in `time` s, at `speed` m/s; with `left_s` of closing in left, or it gives up.
    """
    sight = here.sight - driver.front
    need = way + here.coming * time + LEFT_M + left_s * (speed + here.coming)
    return sight >= need or (may_give_up and sight >= passing_sight(speed, here.coming))


@kernel(inner=True)
def _fits(lanes, gates, lines, entries, vehicles, drivers, i, e, lane, base, way, blocks, stand):
    """Whether driver `i` can pass who is ahead, entry `e` (see `_next`), now; writes its `passing` and `out_d`."""
    count, me, driver = len(vehicles), vehicles[i], drivers[i]
    k = sample_at(lanes, me.lane, me.s)[0]
    here, limit, side = lanes.passing[k], lanes.samples[k].limit, -lanes.lanes[me.lane].keeps
    usual = desired_speed(lanes, driver, me.lane, me.s)
    gap = base + entries[e].s - drivers[e % count].rear - driver.front
    slow = vehicles[e % count].speed
    follows = (driver.gap + driver.headway * slow) / np.sqrt(1.0 - min(slow / usual, FOLLOWING) ** 4)
    if gap > driver.gap + follows + SOON_S * max(me.speed - slow, 0.0) + blocks * WAITING_M:
        return False
    need = driver.front + driver.rear + 2.0 * PULL_IN_M
    alone = True
    ahead, room, end, aside = NONE, np.inf, gap, 0.0
    for together in range(TOGETHER + 1):
        it, its, alone = vehicles[e % count], drivers[e % count], together == 0
        if it.over != NOT or together == TOGETHER:
            return False
        low, high = span_across(lanes, lane, it, its)
        aside = max(aside, (high if side > 0 else -low) + clearance(its, limit) + driver.half_width)
        end = base + entries[e].s + its.front - driver.front
        me.passing, slow = e % count + 1, max(slow, it.speed)
        e, lane, base, way = _next(lanes, lines, entries, vehicles, i, e, lane, base, way)
        if e == NONE:
            ahead = NONE
            break
        ahead = e % count
        room = base + entries[e].s - drivers[ahead].rear - driver.front - end
        if room > need + (PULL_IN_S + driver.headway) * slow:
            break
        if vehicles[ahead].speed > usual - SLOWER_MPS:
            return False
    wish = min(PASSING_PACE * usual, PAST_STANDING_MPS) if blocks else PASSING_PACE * usual
    length = end - gap + PULL_IN_M + PULL_IN_S * slow + driver.front + driver.rear
    time, far, speed = passing_run(driver, me.speed, wish, slow, gap, length)
    if time == np.inf or stand < far or _crossings(lanes, gates, me, far + driver.front):
        return False
    if ahead != NONE:
        least = vehicles[ahead].speed  # a queue grows to who is at its end
        for _ in range(TOGETHER):
            e, lane, base, way = _next(lanes, lines, entries, vehicles, i, e, lane, base, way)
            if e == NONE:
                break
            least = min(least, vehicles[e % count].speed)
        if room + (least - slow) * time < need + PULL_IN_S * slow:
            return False
    b = entries[i].behind
    while b != NONE:  # nobody who is behind passes already
        if vehicles[b % count].over != NOT:
            return False
        b = entries[b].behind
    me.out_d = side * max(aside, 0.0)
    wide = half_width_at(lanes, me.lane, me.s)
    if aside + driver.half_width < min(wide, half_width_at(lanes, me.lane, me.s + far)):
        return before_junction(lanes, me.lane, me.s, me.ways) > far + driver.front
    if here.oncoming == NONE or (here.room if blocks else here.allowed) < far + driver.front + ROOM_M:
        return False
    if aside + driver.half_width > wide + 2.0 * half_width_at(lanes, here.oncoming, here.oncoming_s) - EDGE_M:
        return False
    if not _sees(here, driver, far, time, speed, LEFT_S, alone and not blocks):
        return False
    return _left_over(lanes, lines, entries, vehicles, drivers, i, far, time, speed, LEFT_S) > 0.0


@kernel(inner=True)
def _crossings(lanes, gates, me, far):
    """Whether there is a crossing for people within `far` m: there nobody is passed (StVO, section 26 (3))."""
    lane, start = me.lane, -me.s
    for k in range(WAYS):
        gate = gates.gates[lane]
        for c in range(gate.first_crossing, gate.first_crossing + gate.crossings):
            if start + gates.crossings[c].s1 > 0.0 and start + gates.crossings[c].s0 < far:
                return True
        start += lanes.lanes[lane].length
        lane = me.ways[k]
        if lane == NONE or start > far:
            break
    return False


@kernel(inner=True)
def _left_over(lanes, lines, entries, vehicles, drivers, i, way, time, speed, left_s):
    """m left to the nearest oncoming traffic after `way` m in `time` s, at `speed` m/s, beyond `LEFT_M` and `left_s`
    of closing in; minus infinity where one of them passes others itself."""
    count, me, driver = len(vehicles), vehicles[i], drivers[i]
    here = lanes.passing[sample_at(lanes, me.lane, me.s)[0]]
    if here.oncoming == NONE:
        return -np.inf
    far = way + driver.front + (driver.fastest + 10.0) * time
    todo, base = np.empty(LANES, np.int64), np.empty(LANES)  # m from the origin to the start of the lane
    todo[0], base[0] = here.oncoming, here.oncoming_s
    n, least = 1, np.inf
    while n > 0:
        n -= 1
        lane, start = todo[n], base[n]
        e = lines[lane].last
        while e != NONE:
            j = e % count
            away = start - entries[e].s
            if e < ASKS * count and j != i and away > -drivers[j].rear - driver.rear:
                it = vehicles[j]
                if it.over != NOT:
                    return -np.inf
                comes = 0.0
                if it.control != WRECK and not it.against:
                    top = max(it.speed, desired_speed(lanes, drivers[j], lane, entries[e].s))
                    comes = min(it.speed * time + 0.5 * PULLING_MPS2 * time * time, top * time)
                left = away - drivers[j].front - driver.front - way - comes
                least = min(least, left - LEFT_M - left_s * (speed + comes / max(time, STEP_S)))
            e = entries[e].behind
        row = lanes.lanes[lane]
        if start < far:
            for p in range(row.previous, row.previous + row.previouses):
                if n < LANES:
                    other = lanes.links[p]
                    todo[n], base[n] = other, start + lanes.lanes[other].length
                    n += 1
    return least


@kernel(inner=True)
def _go_on(lanes, lines, entries, vehicles, drivers, i):
    """What a driver who passes does next."""
    me, driver = vehicles[i], drivers[i]
    if me.over == BACK:
        me.wish_d = 0.0
        if abs(me.d) < SETTLED_M:
            me.over = NOT
        return
    me.wish_d = me.out_d
    j, gap = me.passing - 1, np.inf
    if me.passing > 0:
        lane, base = _where(lanes, me, vehicles[j])
        gap = base + _along(lanes, lane, vehicles[j], drivers[j]) - driver.front if lane != NONE else -np.inf
        if gap + drivers[j].rear + driver.front < 0.0:  # its origin is ahead
            me.passing = 0
    if me.passing == 0:
        me.over = OUT
    if me.over == FALLING or me.passing == 0:
        if _may_pull_in(lanes, lines, entries, vehicles, drivers, i):
            me.over, me.wish_d, me.passing = BACK, 0.0, 0
        return
    it, its = vehicles[j], drivers[j]
    if gap < 0.0 or it.speed < BLOCKED_MPS or abs(me.out_d) + driver.half_width < half_width_at(lanes, me.lane, me.s):
        return
    wish = PASSING_PACE * desired_speed(lanes, driver, me.lane, me.s)
    behind = its.front + its.rear + PULL_IN_M + PULL_IN_S * it.speed + driver.front + driver.rear
    time, way, speed = passing_run(driver, me.speed, wish, it.speed, gap, behind)
    here = lanes.passing[sample_at(lanes, me.lane, me.s)[0]]
    fits = time < np.inf and _sees(here, driver, way, time, speed, LAST_S, True)
    if not fits or _left_over(lanes, lines, entries, vehicles, drivers, i, way, time, speed, LAST_S) < 0.0:
        me.over = FALLING


@kernel(inner=True)
def _where(lanes, me, other):
    """Lane on the way of a driver that another is on, m to its start; its own, where a wreck lies; NONE: it is gone."""
    if other.lane == NONE:
        return NONE, 0.0
    if other.lane == me.lane:
        return me.lane, -me.s
    base = lanes.lanes[me.lane].length - me.s
    for k in range(WAYS):
        lane = me.ways[k]
        if lane == NONE or base > AHEAD_M:
            break
        if lane == other.lane:
            return lane, base
        base += lanes.lanes[lane].length
    if other.control == WRECK:
        return me.lane, -me.s
    return NONE, 0.0


@kernel(inner=True)
def _may_pull_in(lanes, lines, entries, vehicles, drivers, i):
    """Whether there is room in the lane of who is out: ahead of it, beside, and behind."""
    count, me, driver = len(vehicles), vehicles[i], drivers[i]
    e = entries[i].ahead
    while e != NONE and e >= ASKS * count:
        e = entries[e].ahead
    if e != NONE:
        it = vehicles[e % count]
        gap = entries[e].s - drivers[e % count].rear - me.s - driver.front
        if gap < PULL_IN_M + CLOSING_S * max(me.speed - it.speed, 0.0):
            return False
    e = entries[i].behind
    while e != NONE and e >= ASKS * count:
        e = entries[e].behind
    gap = np.inf
    if e != NONE:
        gap = me.s - entries[e].s
    else:
        e, distance = upstream(lanes, lines, entries, count, me.lane, i, AHEAD_M)
        gap = me.s + distance
    if e == NONE:
        return True
    it, its = vehicles[e % count], drivers[e % count]
    gap -= driver.rear + its.front
    headway = CUTTING_S
    if me.over == OUT and me.speed > it.speed + FASTER_MPS:
        way = me.speed * BACK_S
        alone = lanes.passing[sample_at(lanes, me.lane, me.s)[0]].oncoming == NONE
        if alone or _left_over(lanes, lines, entries, vehicles, drivers, i, way, BACK_S, me.speed, HURRY_S) > 0.0:
            headway = PULL_IN_S
    return gap > PULL_IN_M + headway * it.speed + SOON_S * max(it.speed - me.speed, 0.0)


@kernel(inner=True)
def mind_who_passes(lanes, lines, entries, vehicles, drivers):
    """Let who is passed not speed up (StVO, section 5 (6)), who gives up brake, and who comes towards one brake too.

    Args:
        lanes, lines, entries, vehicles, drivers: of this world; `wish_acceleration` is changed.
    """
    count = len(vehicles)
    for i in range(count):
        me, driver = vehicles[i], drivers[i]
        if me.over == NOT:
            continue
        if me.passing > 0:
            it = vehicles[me.passing - 1]
            if it.control == DRIVER and it.speed > BLOCKED_MPS:
                it.wish_acceleration = min(it.wish_acceleration, 0.0)
            if me.over == FALLING:
                wanted = max(it.speed - BEHIND_MPS, 0.0) - me.speed
                me.wish_acceleration = min(me.wish_acceleration, max(wanted, -min(FALLING_MPS2, driver.hardest)))
        elif me.over == OUT:
            _let_pull_in(entries, vehicles, drivers, i)
        here = lanes.passing[sample_at(lanes, me.lane, me.s)[0]]
        if here.oncoming == NONE or abs(me.d) + driver.half_width < half_width_at(lanes, me.lane, me.s):
            continue
        lane, start = here.oncoming, here.oncoming_s
        e = lines[lane].last
        while e != NONE and (e >= ASKS * count or entries[e].s > start):
            e = entries[e].behind
        if e == NONE:
            e, distance = upstream(lanes, lines, entries, count, lane, i, AHEAD_M)
            start += distance
            if e == NONE:
                continue
        else:
            start -= entries[e].s
        it, its = vehicles[e % count], drivers[e % count]
        gap = start - its.front - driver.front
        if gap < 2.0 * LEFT_M + FACING_S * (it.speed + me.speed):
            room = max(gap - 2.0 * LEFT_M, 0.5)
            if it.control == DRIVER:
                braking = it.speed * it.speed / room
                it.wish_acceleration = min(it.wish_acceleration, -min(braking, its.hardest))
            if me.over != BACK and me.passing == 0:
                me.wish_acceleration = min(me.wish_acceleration, -min(me.speed * me.speed / room, driver.hardest))


@kernel(inner=True)
def _let_pull_in(entries, vehicles, drivers, i):
    """Let who is next behind in the lane of somebody who is out, and finds no gap to pull in, open one."""
    count, me = len(vehicles), vehicles[i]
    e = entries[i].behind
    while e != NONE and (e >= ASKS * count or vehicles[e % count].over != NOT):
        e = entries[e].behind
    if e == NONE:
        return
    it = vehicles[e % count]
    gap = me.s - drivers[i].rear - entries[e].s - drivers[e % count].front
    slower = it.speed > me.speed - FASTER_MPS
    if it.control == DRIVER and slower and gap < PULL_IN_M + PULL_IN_S * it.speed and it.speed > BLOCKED_MPS:
        it.wish_acceleration = min(it.wish_acceleration, -COURTESY_MPS2)
