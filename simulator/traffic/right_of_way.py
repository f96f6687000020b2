"""Who may drive into a junction, and where the others stand.

Every driver that nears a gate (see `precedence`) asks to be let in. Once let in it has a claim on its way through,
with a running number, until its tail has left the last conflict. Nobody is let in unless all who were before have
cleared what they share by the time it gets there; should they be slower, it waits before that stretch. Claims are
totally ordered and each driver waits for smaller numbers only, and none is let in without room behind the junction
for the whole vehicle. Only for room may drivers wait in a circle, round a full roundabout or block: each knows whom it
waits for, and those who in the end wait for themselves move up together, or give a claim back that they cannot use.
Who has waited very long is let in with others still inside, and waits for their smaller numbers where ways meet.
Gap acceptance comes on top: who has to give way lets those pass who would arrive within the critical gap (HCM 2000,
chapter 17; R. J. Troutbeck and W. Brilon, "Unsignalized intersection theory", in Revised Traffic Flow Theory, 1997).

Safety never rests on gaps: drivers ask while they can still stop comfortably, and stand if they are not let in.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.traffic.admission import WEARY, follows_closely, judge, let_in, short_of_long, waits_for_itself
from simulator.traffic.desk import (
    AGAINST,
    CLAIM,
    DRIVER,
    GREEN,
    GUIDED,
    HEADWAY_S,
    LAST_CLAIM,
    LAWLESS,
    LONG_ONES,
    MERGE,
    NEAR_M,
    NOTES,
    NOTHING,
    PRIORITY,
    PULL_MPS2,
    QUEUE,
    RED,
    RED_LIGHT,
    RIGHT_OF_WAY,
    ROOM,
    SHY_M,
    SIGNAL,
    STAMP,
    STANDING_MPS,
    STOP,
    STOP_SIGN,
    TURN,
    is_long,
    note_down,
    reserve,
    time_to,
    touch,
    usual_stop,
)
from simulator.traffic.getting_by import STOOD_S, gets_by
from simulator.traffic.lane_map import NONE
from simulator.traffic.state import CLAIMS, WAYS

LOOK_S, LOOK_M = 8.0, 30.0  # how far ahead of a gate its traffic counts: seconds, and metres
ARRIVING_S = 0.75  # of its usual braking distance, when a driver asks
TIGHT_MPS = 6.5  # drivers of long vehicles avoid turns that are to be taken slower (17 m radius), if they can
ELSEWHERE_S = 60.0  # of waiting, after which a driver goes another way
MOVING_UP_S = 4.0  # of waiting for room, after which drivers who wait for each other in a circle all move up
STUCK_S = 2.0  # standing with a claim before the gate: the claim is given up, the place among those who wait is not
SWEPT_M = 10.0  # before a stop point, long vehicles that turn sweep at most
WILD_S = 2.5  # who breaks rules is feared where it will be so soon
CREEPING_MPS = 1.5  # slower, a driver that is a little past the line still stands


@kernel(inner=True)
def gate_ahead(lanes, gates, vehicle, driver):
    """m from the front bumper to the first stop point ahead on the way; infinite: none is near."""
    lane, start = vehicle.lane, -vehicle.s
    for k in range(-1, WAYS):
        gate = gates.gates[lane]
        if gate.gated and (k >= 0 or start + gate.stop > driver.front):
            return start + gate.stop - driver.front
        start += lanes.lanes[lane].length
        lane = vehicle.ways[k + 1] if k + 1 < WAYS else NONE
        if lane == NONE:
            break
    return np.inf


@kernel
def forget(vehicle):
    """Take all claims from a vehicle that comes up."""
    vehicle.entered, vehicle.hold, vehicle.asking, vehicle.waits_for = 0, NOTHING, 0.0, NONE
    for c in range(CLAIMS):
        vehicle.claim_number[c] = 0


@kernel
def right_of_way(lanes, gates, vehicles, drivers, colours, busy, dt, desk, stand, events):
    """Let drivers of one world in, and tell the others where to stand.

    Writes `claims`, `claim_travel`, `claim_number`, `entered`, `hold` and `asking` of `vehicles`.

    Args:
        lanes: Lanes.
        gates: Gates.
        vehicles, drivers: (A,).
        colours: (S,) Colour of the traffic lights.
        busy: (C,) 1 where people are on a crossing or about to step on it.
        dt: s since the last call.
        desk: scratch.
        stand: (A,) result: m from each front bumper to where it must stand, infinite for nowhere.
        events: (A,) result: Event bits of what was done since the last call.
    """
    desk.counts[STAMP] += 1
    desk.counts[NOTES] = desk.counts[LAST_CLAIM] = desk.counts[LONG_ONES] = 0
    for i in range(vehicles.shape[0]):
        stand[i], events[i] = np.inf, 0
        desk.asks[i].lane = NONE
        if vehicles[i].lane != NONE:
            _take_place(vehicles[i], drivers[i], i, desk)
    for i in range(vehicles.shape[0]):
        if vehicles[i].lane == NONE:
            continue
        if vehicles[i].control in (DRIVER, GUIDED):
            _look_ahead(lanes, gates, vehicles, drivers[i], i, colours, busy, dt, desk, stand)
        else:
            _outsider(lanes, gates, vehicles[i], drivers[i], i, colours, dt, desk, events)
    for k in range(desk.counts[NOTES]):
        note = desk.notes[k]
        ask = desk.asks[note.vehicle]
        note.first = int(note.number != 0 or ask.lane == NONE or desk.lanes[ask.key].first == note.vehicle)
    for i in range(vehicles.shape[0]):
        if desk.asks[i].lane != NONE and vehicles[i].control <= GUIDED:
            _ask(lanes, gates, vehicles, drivers, i, colours, busy, dt, desk, stand, events)
    for i in range(vehicles.shape[0]):
        control = vehicles[i].control
        if vehicles[i].lane != NONE and control in (DRIVER, GUIDED):
            _wait_inside(lanes, gates, vehicles, drivers, i, desk, stand)


@kernel(inner=True)
def _take_place(vehicle, driver, i, desk):
    """Note on the rows of its lanes where vehicle `i` is, and count its claims."""
    for c in range(CLAIMS):
        desk.counts[LAST_CLAIM] = max(desk.counts[LAST_CLAIM], vehicle.claim_number[c])
    desk.counts[LONG_ONES] += is_long(driver)
    rear = vehicle.s - driver.rear
    row = touch(desk, vehicle.lane)
    row.filled += driver.front + driver.rear + driver.gap
    if rear < row.tail:
        row.tail, row.tail_speed, row.last = rear, 0.0 if vehicle.against else vehicle.speed, i
    if vehicle.beside != NONE:
        row = touch(desk, vehicle.beside)
        if vehicle.beside_s - driver.rear < row.tail:
            row.tail, row.tail_speed, row.last = vehicle.beside_s - driver.rear, vehicle.speed, i


@kernel(inner=True)
def _ask(lanes, gates, vehicles, drivers, i, colours, busy, dt, desk, stand, events):
    """Let driver `i`, who nears a gate, in, or tell it where to stand; arguments as of `right_of_way`."""
    ask, vehicle, driver = desk.asks[i], vehicles[i], drivers[i]
    near = ARRIVING_S * usual_stop(driver, vehicle.speed) + NEAR_M
    short = ask.stand
    if desk.counts[LONG_ONES] and short < near + SWEPT_M:
        short = short_of_long(gates, vehicles, i, desk, driver)
    if short > near:
        vehicle.hold = NOTHING
        return
    wide = is_long(driver) and gates.gates[ask.lane].speed < TIGHT_MPS
    if wide and vehicle.control == DRIVER and ask.way >= 0:
        lane = ask.lane
        _go_elsewhere(lanes, gates, vehicle, ask, True)
        if vehicle.ways[ask.way] != lane:  # it asks for that from the next step on
            stand[i] = min(stand[i], max(ask.stand, 0.0))
            return
    reason = QUEUE
    if desk.lanes[ask.key].first == i:
        if vehicle.speed < 5.0 * STANDING_MPS:
            vehicle.asking += dt
        reason = judge(lanes, gates, vehicles, drivers, i, colours, busy, desk)
        if reason == ROOM and vehicle.asking > MOVING_UP_S and waits_for_itself(vehicles, i, desk.counts[AGAINST]):
            reason = NOTHING
    vehicle.hold = reason
    late = ask.stand < 0.5 * vehicle.speed * vehicle.speed / driver.hardest
    if reason == TURN:
        asked = vehicle.asking
        let_in(lanes, gates, vehicle, driver, i, desk)
        vehicle.hold, vehicle.asking = TURN, asked
    elif reason == NOTHING or (late and _passes(gates.gates[ask.lane], ask, vehicle)):
        if reason == SIGNAL:
            events[i] |= RED_LIGHT
        elif reason == STOP:
            events[i] |= STOP_SIGN
        elif reason in (PRIORITY, CLAIM):
            events[i] |= RIGHT_OF_WAY
        let_in(lanes, gates, vehicle, driver, i, desk)
    else:
        tired = int(vehicle.asking / ELSEWHERE_S) > int((vehicle.asking - dt) / ELSEWHERE_S)
        if vehicle.control == DRIVER and ask.way >= 0 and tired:
            _go_elsewhere(lanes, gates, vehicle, ask, False)
        stand[i] = min(stand[i], max(short, 0.0))
        vehicle.waits_for = desk.lanes[ask.key].first if reason == QUEUE else desk.counts[AGAINST]


@kernel(inner=True)
def _go_elsewhere(lanes, gates, vehicle, ask, wider):
    """Choose the next of the lanes that follow where one has waited long, or the least bent if it is `wider`; what
    comes behind it is to be decided."""
    row = lanes.lanes[ask.key]
    chosen = ask.lane
    for n in range(row.nexts):
        other = lanes.links[row.next + n]
        if wider:
            if gates.gates[other].speed > gates.gates[chosen].speed + 0.1:
                chosen = other
        elif other == ask.lane:
            chosen = lanes.links[row.next + (n + 1) % row.nexts]
    if chosen != ask.lane:
        vehicle.ways[ask.way] = chosen
        for k in range(ask.way + 1, WAYS):
            vehicle.ways[k] = NONE


@kernel(inline=True)
def _passes(gate, ask, vehicle):
    """Whether a driver who is not let in drives in all the same: it is already past, or cannot stop."""
    beyond = -ask.stand  # m past the stop point
    return vehicle.speed > CREEPING_MPS or beyond > NEAR_M or (vehicle.lane == ask.lane and gate.stop < 0.0)


@kernel(inline=True)
def _begins(gates, lane, driver):
    """m along a lane behind a gate where a front bumper is in the way of others."""
    gate, which = gates.gates[lane], 2 * is_long(driver)
    if gate.conflicts[which] == 0:
        return gate.stop
    first = gates.conflicts[gate.first[which]].s0 - SHY_M
    return min(max(gate.stop, first), gate.stop + NEAR_M)


@kernel(inner=True)
def _look_ahead(lanes, gates, vehicles, driver, i, colours, busy, dt, desk, stand):
    """Renew the claims of a driver, note them, and what it asks for next; stand before crossings that people use."""
    vehicle = vehicles[i]
    far = driver.front + max(vehicle.speed * LOOK_S, LOOK_M, usual_stop(driver, vehicle.speed) + 2.0 * NEAR_M)
    lane, start, key = vehicle.lane, -vehicle.s, vehicle.lane
    found, open_claims = 0, 0  # bits of claims that lie on the way; claims still to be found
    last = NONE  # exit of the last of them
    held = False  # one that it has not yet reached
    inside = 0  # number of the claim on the junction that it is in, perhaps with the tail
    for c in range(CLAIMS):
        begun = vehicle.travel - vehicle.claim_travel[c]
        reached = begun >= 0.0 or begun + driver.front > _begins(gates, vehicle.claims[c], driver)
        if reached and vehicle.claim_number[c] > inside:
            inside = vehicle.claim_number[c]
        open_claims += vehicle.claim_number[c] > 0 and begun < 0.0
    braking = vehicle.speed * vehicle.speed / (2.0 * driver.decel)
    for k in range(-1, WAYS):
        gate = gates.gates[lane]
        for c in range(gate.first_crossing, gate.first_crossing + gate.crossings):
            crossing = gates.crossings[c]
            ahead = start + crossing.s0 - driver.front - 1.0
            if busy[crossing.crossing] != 0 and -0.5 < ahead < stand[i] and ahead * 1.5 >= braking:
                stand[i] = max(ahead, 0.0)
                vehicle.waits_for = NONE
        if gate.gated:
            slot = NONE
            for c in range(CLAIMS):
                if vehicle.claim_number[c] > 0 and vehicle.claims[c] == lane:
                    slot = c
            ahead = start + gate.stop - driver.front
            if slot != NONE and start > 0.0 and start + _begins(gates, lane, driver) > driver.front:
                # Not yet there: lights that turn and queues that do not move take the claim back; if it has it because
                # there is no room to stand behind the junction that it is in, only where nobody would move otherwise.
                one_go = vehicle.claim_number[slot] == inside
                colour = colours[gate.signal] if gate.signal != NONE else GREEN
                red = colour != GREEN and ahead > braking and not one_go and not driver.failing & LAWLESS
                if vehicle.speed < STANDING_MPS and not held:
                    vehicle.asking += dt
                held = True
                next_to_go = vehicle.hold == TURN
                stuck = vehicle.asking > STUCK_S and (not next_to_go or vehicle.speed < STANDING_MPS)
                if stuck and (one_go or next_to_go):
                    stuck = waits_for_itself(vehicles, i, vehicle.waits_for)
                if red or stuck:
                    vehicle.claim_number[slot] = 0
                    slot, vehicle.asking = NONE, max(vehicle.asking, vehicle.waited)
                    if stuck and not red:  # who waits for it is asked first
                        break
            elif slot != NONE and vehicle.hold == TURN:
                vehicle.hold, vehicle.asking = NOTHING, 0.0
            if slot == NONE:
                ask = desk.asks[i]
                ask.lane, ask.key, ask.way, ask.start, ask.stand = lane, key, k, start, ahead
                row = touch(desk, key)
                if ahead < row.nearest or (ahead == row.nearest and i < row.first):
                    row.nearest, row.first = ahead, i
                note_down(desk, lane, i, driver, driver.front - start, -driver.rear - start, 0, True)
                if vehicle.asking > WEARY * driver.patience:
                    _note_beyond(lanes, gates, vehicle, driver, i, k, start, desk)
                break
            open_claims -= vehicle.travel < vehicle.claim_travel[slot]
            found |= 1 << slot
            vehicle.claim_travel[slot] = vehicle.travel + start
            last = NONE if k + 1 >= WAYS else vehicle.ways[k + 1]
        start += lanes.lanes[lane].length
        if k + 1 >= WAYS or (start > far and open_claims == 0):
            break
        key = lane
        lane = vehicle.ways[k + 1]
        if lane == NONE:
            break
    for c in range(CLAIMS):
        if vehicle.claim_number[c] == 0:
            continue
        begun = vehicle.travel - vehicle.claim_travel[c]  # m of the origin along the lane
        if not found >> c & 1 and (begun < -0.5 or begun - driver.rear > gates.gates[vehicle.claims[c]].clear):
            vehicle.claim_number[c] = 0
            continue
        number = 0 if driver.failing & LAWLESS else vehicle.claim_number[c]
        note_down(desk, vehicle.claims[c], i, driver, begun + driver.front, begun - driver.rear, number, False)
    if last != NONE and last != vehicle.lane:
        reserve(desk, last, i, driver.front + driver.rear + driver.gap)


@kernel(inner=True)
def _note_beyond(lanes, gates, vehicle, driver, i, k, start, desk):
    """Note that driver `i`, weary of waiting for way `k`, which begins in `start` m, asks for those behind it, too.

    That is where it cannot stand in between; else who lets it in here would never know of those who do not there.
    """
    long, need = is_long(driver), driver.front + driver.rear + driver.gap
    lane = vehicle.lane if k < 0 else vehicle.ways[k]
    gate = gates.gates[lane]
    clear = start + (gate.keep_clear if long else gate.car_keep_clear)
    while clear > -np.inf and k + 1 < WAYS and vehicle.ways[k + 1] != NONE:
        start += lanes.lanes[lane].length
        k += 1
        lane = vehicle.ways[k]
        gate = gates.gates[lane]
        if start > clear + need or (gate.gated and start + gate.stop >= clear + need):
            return
        if gate.gated:
            if follows_closely(gate, long):
                return
            clear = start + (gate.keep_clear if long else gate.car_keep_clear)
            note_down(desk, lane, i, driver, driver.front - start, -driver.rear - start, 0, True)


@kernel(inner=True)
def _outsider(lanes, gates, vehicle, driver, i, colours, dt, desk, events):
    """Note where a vehicle is that follows no rules, and where it may go."""
    lane = vehicle.lane
    vehicle.waits_for = NONE
    row = lanes.lanes[lane]
    front, rear = vehicle.s + driver.front, vehicle.s - driver.rear
    moved = max(vehicle.speed, 0.0) * dt
    if vehicle.claim_number[0] > 0 and vehicle.claims[0] != lane:
        before, gate = lanes.lanes[vehicle.claims[0]], gates.gates[vehicle.claims[0]]
        follows = False
        for k in range(before.next, before.next + before.nexts):
            follows = follows or lanes.links[k] == lane
        if follows and before.length + rear <= gate.clear:
            note_down(desk, vehicle.claims[0], i, driver, before.length + front, before.length + rear, 0, False)
        else:
            vehicle.claim_number[0] = 0
    if gates.gates[lane].gated:
        vehicle.claims[0], vehicle.claim_number[0] = lane, 1
        note_down(desk, lane, i, driver, front, rear, 0, False)
    reds, ways = 0, 0
    for k in range(row.next, row.next + row.nexts):
        other = lanes.links[k]
        gate = gates.gates[other]
        if not gate.gated:
            continue
        ahead = row.length + gate.stop - front
        ways += 1
        if gate.signal != NONE and colours[gate.signal] == RED and ahead <= 0.0 < ahead + moved:
            reds += 1
        if ahead <= 0.0:
            note_down(desk, other, i, driver, front - row.length, rear - row.length, 0, False)
        elif ahead < max(vehicle.speed * LOOK_S, LOOK_M):
            note_down(desk, other, i, driver, front - row.length, rear - row.length, 0, True)
    if reds > 0 and reds == ways:
        events[i] |= RED_LIGHT


@kernel(inner=True)
def _wait_inside(lanes, gates, vehicles, drivers, i, desk, stand):
    """Stand before what is shared with those who were let in earlier and have not passed, or who break rules."""
    vehicle, driver = vehicles[i], drivers[i]
    for c in range(CLAIMS):
        if vehicle.claim_number[c] == 0:
            continue
        lane = vehicle.claims[c]
        gate = gates.gates[lane]
        begun = vehicle.travel - vehicle.claim_travel[c]
        front = begun + driver.front
        long = int(is_long(driver))
        for others in range(2):  # cars, and those who are long
            if others == 1 and desk.counts[LONG_ONES] == long:
                break
            first = gate.first[long + others]
            for k in range(first, first + gate.conflicts[long + others]):
                conflict = gates.conflicts[k]
                row = desk.lanes[conflict.other]
                ahead = conflict.s0 - front - SHY_M
                if row.stamp != desk.counts[STAMP] or ahead < -SHY_M or ahead > stand[i]:
                    continue
                if ahead > 2.0 * usual_stop(driver, vehicle.speed) + NEAR_M:
                    continue
                n = row.claims
                while n != NONE:
                    note = desk.notes[n]
                    n = note.next
                    if note.vehicle == i or note.rear > conflict.other_s1 or note.long != others:
                        continue
                    other = vehicles[note.vehicle]
                    comes = time_to(
                        conflict.other_s0 - note.front, other.speed, PULL_MPS2, gates.gates[conflict.other].speed
                    )
                    if note.number == 0:
                        waits = comes < WILD_S and (other.speed > STANDING_MPS or comes == 0.0)
                    elif conflict.kind == MERGE and not long and not note.long:
                        arrive = time_to(conflict.s0 - front, vehicle.speed, driver.accel, gate.speed)
                        # Once its front is there and its origin on that lane,
                        # drivers follow whoever's front is nearer.
                        there = max(conflict.other_s0, drivers[note.vehicle].front)
                        waits = note.number < vehicle.claim_number[c] and note.front < there
                        waits = waits and comes < arrive + HEADWAY_S
                    else:
                        waits = note.number < vehicle.claim_number[c]
                        tail = waits and note.front > conflict.other_s1 and other.waited > STOOD_S
                        far = conflict.s1 - begun + driver.rear
                        if tail and gets_by(lanes, vehicle, driver, other, drivers[note.vehicle], far):
                            waits = False
                    if waits and ahead < stand[i]:
                        stand[i] = max(ahead, 0.0)
                        vehicle.waits_for = note.vehicle
