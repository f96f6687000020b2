"""Whether a driver is let into a junction: lights, signs, who goes first, who is inside, and room behind it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.numerics.jit import kernel
from simulator.scene.material import Switch
from simulator.traffic.desk import (
    AGAINST,
    AMBER,
    BODY,
    CLAIM,
    GREEN,
    HEADWAY_S,
    LAST_CLAIM,
    LAWLESS,
    LONG_ONES,
    MERGE,
    NEAR_M,
    NOTHING,
    PEOPLE,
    PRIORITY,
    PULL_MPS2,
    QUEUE,
    RED,
    RED_RUNNER,
    ROOM,
    SHY_M,
    SIGN_STOP,
    SIGNAL,
    STAMP,
    STANDING_MPS,
    STOP,
    TURN,
    is_long,
    note_down,
    reserve,
    time_to,
)
from simulator.traffic.getting_by import STOOD_S, gets_by
from simulator.traffic.lane_map import NONE
from simulator.traffic.state import CLAIMS, WAYS

AFTER_S = 0.5  # kept behind who has just cleared a conflict
BEFORE_S = 1.0  # kept to who comes next
STANDOFF_S = 2.0  # of looking at each other, then who has waited longest goes
STANDS_S = 1.0  # and others do not drive in behind who stands in a junction
STOPPED_S = 0.6  # at a stop sign
COURTEOUS_S = 10.0  # that a long vehicle waits, and others stand where it can get by
WEARY = 2.0  # times its patience, and the others let a driver in
NEXT = 4.0  # times its patience, and it goes next, whoever is still inside
BLOCKED_S = 20.0  # after which two long vehicles that stand in each other's way try to get by
SIREN_S = 10.0  # ahead of an emergency vehicle nobody starts
BEACON = np.uint32(1 << Switch.BEACON)


@kernel(inner=True)
def waits_for_itself(vehicles, i, other):
    """Whether somebody for whom `i` waits stands, because of others, until `i` goes on: in the end nobody would."""
    for _ in range(len(vehicles)):
        if other == i:
            return True
        if other == NONE or vehicles[other].speed > STANDING_MPS:
            return False
        other = vehicles[other].waits_for
    return False


@kernel
def judge(lanes, gates, vehicles, drivers, i, colours, busy, desk):
    """Whether driver `i` may go: Hold.NOTHING, or what speaks against it; who does is at AGAINST on the desk.

    Hold.TURN: it goes next. Where traffic is so dense that there never is a gap, who has waited long gets a claim with
    others still inside; those who come later let it go first, and it waits for those who came before where their ways
    meet. (Drivers do so: R. J. Troutbeck and S. Kako, "Limited priority merge at unsignalized intersections",
    Transportation Research A 33 (1999) 291.)
    """
    vehicle = vehicles[i]
    reason = _judge(lanes, gates, vehicles, drivers, i, colours, busy, desk, False)
    if (reason != CLAIM and reason != BODY) or vehicle.asking < NEXT * drivers[i].patience:
        return reason
    if vehicle.speed > STANDING_MPS:
        return reason
    for c in range(CLAIMS):
        if vehicle.claim_number[c] > 0:
            return reason  # who is in a junction itself
    against = desk.counts[AGAINST]
    alone = waits_for_itself(vehicles, i, against)
    if not alone and _judge(lanes, gates, vehicles, drivers, i, colours, busy, desk, True) == NOTHING:
        return TURN
    desk.counts[AGAINST] = against
    return reason


@kernel
def _judge(lanes, gates, vehicles, drivers, i, colours, busy, desk, turn):
    """As above, or, if it is the `turn` of driver `i`, without those for whom it can wait inside."""
    vehicle, driver, ask = vehicles[i], drivers[i], desk.asks[i]
    siren = (vehicle.lamps & BEACON) != 0
    lawless = driver.failing & LAWLESS
    lane, start, k = ask.lane, ask.start, ask.way
    free = 0
    for c in range(CLAIMS):
        free += vehicle.claim_number[c] == 0
    need = driver.front + driver.rear + driver.gap
    long = is_long(driver)
    desk.counts[AGAINST] = NONE
    while True:
        gate = gates.gates[lane]
        if gate.signal != NONE and not siren and not driver.failing & RED_RUNNER:
            colour = colours[gate.signal]
            stops = start + gate.stop - driver.front >= vehicle.speed * vehicle.speed / (2.0 * driver.decel)
            if colour == RED or (colour == AMBER and stops):
                return SIGNAL
        if gate.control == SIGN_STOP and not siren and not lawless and vehicle.asking < STOPPED_S:
            return STOP
        if free == 0:
            return ROOM
        if not lawless:
            reason = _conflicts(lanes, gates, vehicles, drivers, i, lane, start, colours, desk, siren, turn)
            if reason != NOTHING:
                return reason
        free -= 1
        # Room behind it, from where its conflicts end, to the last vehicle there or the next gate.
        clear = start + (gate.keep_clear if long else gate.car_keep_clear)
        if clear == -np.inf:
            return NOTHING
        desk.counts[AGAINST] = _stands_behind(lanes, vehicles, i, lane, clear + need - start, desk)
        if desk.counts[AGAINST] != NONE:
            return ROOM
        end = start + lanes.lanes[lane].length
        queue = start + gate.end  # where it begins that those behind form, should they stand
        reserved, reserver = 0.0, NONE
        while True:
            for c in range(
                gates.gates[lane].first_crossing, gates.gates[lane].first_crossing + gates.gates[lane].crossings
            ):
                crossing = gates.crossings[c]
                ahead = start + crossing.s0
                if busy[crossing.crossing] != 0 and ahead - 1.0 < clear + need and start + crossing.s1 > 0.0:
                    return PEOPLE
            start = end
            k += 1
            if k >= WAYS or vehicle.ways[k] == NONE:
                return NOTHING if lanes.lanes[lane].nexts == 0 else QUEUE  # it does not yet know where it goes
            before = lane
            lane = vehicle.ways[k]
            end = start + lanes.lanes[lane].length
            if gates.gates[lane].gated:
                if follows_closely(gates.gates[lane], long):
                    return NOTHING
                if start + gates.gates[lane].stop - reserved >= clear + need:
                    return NOTHING
                # Too short a piece to stand on: it asks for both, if nobody waits there or is on the way to do so,
                # and not long before it can go.
                row = desk.lanes[before]
                waits = row.stamp == desk.counts[STAMP] and row.first != NONE and row.first != i
                if turn or reserved > 0.0 or waits:
                    desk.counts[AGAINST] = row.first if waits else reserver
                    return ROOM
                break
            row = desk.lanes[lane]
            if row.stamp == desk.counts[STAMP]:
                reserved += row.reserved
                if row.reserver != NONE:
                    reserver = row.reserver
                if row.tail < np.inf:
                    tail = start + row.tail + 0.25 * row.tail_speed * row.tail_speed
                    if tail - reserved < clear + need:
                        desk.counts[AGAINST] = row.last if tail < clear + need else reserver
                        return ROOM
                    queue -= row.filled
                    if queue - reserved < clear + need:
                        desk.counts[AGAINST] = row.last
                        return ROOM
                    if tail < end:
                        return NOTHING
            if end - reserved >= clear + need:
                return NOTHING


@kernel(inline=True)
def follows_closely(gate, long):
    """Whether there is nothing behind a gate that has to be kept clear, as mostly round a roundabout."""
    return (gate.keep_clear if long else gate.car_keep_clear) == -np.inf


@kernel(inner=True)
def _stands_behind(lanes, vehicles, i, lane, need, desk):
    """Who stands less than `need` m behind the gate of a lane, there or on one that parts from it; NONE: nobody."""
    row = desk.lanes[lane]
    there = row.stamp == desk.counts[STAMP] and row.last != NONE and row.last != i
    if there and row.tail < need and vehicles[row.last].waited > STANDS_S:
        return row.last
    first = lanes.lanes[lane].fork
    for f in range(first, first + lanes.lanes[lane].forks):
        fork = lanes.forks[f]
        row = desk.lanes[fork.other]
        if fork.at_end or row.stamp != desk.counts[STAMP] or row.last == NONE or row.last == i:
            continue
        if row.tail < min(fork.other_zone, need) and vehicles[row.last].waited > STANDS_S:
            return row.last
    return NONE


@kernel(inner=True)
def _goes_on(vehicle, lane):
    """Whether a vehicle with a claim on a lane has one on what comes behind it, too."""
    start = 0.0
    for c in range(CLAIMS):
        if vehicle.claim_number[c] > 0 and vehicle.claims[c] == lane:
            start = vehicle.claim_travel[c]
    for c in range(CLAIMS):
        if vehicle.claim_number[c] > 0 and vehicle.claims[c] != lane and vehicle.claim_travel[c] > start:
            return True
    return False


@kernel
def short_of_long(gates, vehicles, i, desk, driver):
    """m from the front bumper of who asks to where it stands, so that long vehicles get round: those that were let in,
    and those that have waited for it. Who is in a junction itself leaves that first: others wait for its tail."""
    ask, inside = desk.asks[i], np.int64(0)
    for c in range(CLAIMS):
        number = vehicles[i].claim_number[c]
        if number > 0 and (inside == 0 or number < inside):
            inside = number
    gate, stand = gates.gates[ask.lane], ask.stand
    which = 1 + int(is_long(driver))
    for c in range(gate.first[which], gate.first[which] + gate.conflicts[which]):
        conflict = gates.conflicts[c]
        row = desk.lanes[conflict.other]
        ahead = ask.start + conflict.s0 - 2.0 * SHY_M - driver.front
        if row.stamp != desk.counts[STAMP] or ahead >= stand or ahead < 0.0:
            continue
        n = row.claims
        while n != NONE:
            note = desk.notes[n]
            n = note.next
            if note.long and note.rear < conflict.other_s1 and (inside == 0 or note.number < inside):
                stand = ahead
        n = row.asks if inside == 0 else NONE
        while n != NONE:
            note = desk.notes[n]
            n = note.next
            other = vehicles[note.vehicle]
            waits = other.hold == BODY or other.hold == CLAIM or other.hold == PRIORITY
            if note.long and note.first and waits and other.asking > max(COURTEOUS_S, vehicles[i].asking):
                stand = ahead
    return stand


class Asker(NamedTuple):
    """A driver who asks for a lane, before one of its conflicts.

    Attributes:
        i: which. lane: for which it asks; start: m from its origin to the start of that.
        siren: whether all others give way to it.
        long: whether it sweeps more than a car; others: 1: this is about those who do, 0: about cars.
        lets_in: whether it lets those go first who have waited for long.
        patience: share, from 1 down to 0, of the gap that it still insists on, the less the longer it waits (M. M.
            Hamed, S. M. Easa, R. R. Batayneh, J. Transp. Eng. 123 (1997) 36); critical: s, the least that it accepts.
        already: number of its claim on the way before, by which it is in the conflict already: those who came later
            wait for it; 0: it is not.
        turn: whether it is the next to go, and waits inside for those who were let in before.
    """

    i: int
    lane: int
    start: float
    siren: bool
    long: bool
    others: int
    lets_in: bool
    patience: float
    critical: float
    already: int
    turn: bool


@kernel(inner=True)
def _conflicts(lanes, gates, vehicles, drivers, i, lane, start, colours, desk, siren, turn):
    """Whether those who are inside, and those who go first, leave driver `i` time for one lane; see `judge`."""
    vehicle, driver, gate = vehicles[i], drivers[i], gates.gates[lane]
    patience = min(max(2.0 - vehicle.asking / driver.patience, 0.0), 1.0)
    critical = gate.gap if vehicle.speed < 4.0 else 0.0
    long = is_long(driver)
    newest = np.int64(0)
    for k in range(CLAIMS):
        newest = max(newest, vehicle.claim_number[k])
    outside = newest == 0  # of all junctions
    lets_in = outside or (gate.ring and lane == desk.asks[i].lane)
    for others in range(2):  # cars, and those who are long
        if others == 1 and desk.counts[LONG_ONES] == int(long):
            break
        first = gate.first[int(long) + others]
        for c in range(first, first + gate.conflicts[int(long) + others]):
            conflict = gates.conflicts[c]
            row = desk.lanes[conflict.other]
            if row.stamp != desk.counts[STAMP] or (start + conflict.s1 <= driver.front and conflict.kind != MERGE):
                continue  # nobody is there, or its front is already past
            there = not outside and conflict.s0 < 0.0 and start + conflict.s0 + SHY_M < driver.front
            already = newest if there else np.int64(0)
            asker = Asker(i, lane, start, siren, long, others, lets_in, patience, critical, already, turn)
            before = start + max(conflict.s0, gate.stop) - driver.front
            arrive = time_to(before, vehicle.speed, driver.accel, gate.speed)
            leave = time_to(start + conflict.s1 + driver.rear, vehicle.speed, driver.accel, gate.speed)
            reason = _inside(lanes, gates, vehicles, drivers, asker, conflict, arrive, leave, desk)
            if reason == NOTHING and not there:
                reason = _coming(lanes, gates, vehicles, drivers, asker, conflict, arrive, leave, colours, desk)
            if reason != NOTHING:
                return reason
    desk.counts[AGAINST] = NONE
    return NOTHING


@kernel(inner=True)
def _inside(lanes, gates, vehicles, drivers, asker, conflict, arrive, leave, desk):
    """Whether those with a claim on the other lane of a conflict are out of the way of who asks; see `_conflicts`.

    Args:
        lanes, gates, vehicles, drivers, desk: as there.
        asker: Asker.
        conflict: row of `gates.conflicts`.
        arrive, leave: s until its front is there, and until its rear has left.
    """
    vehicle, driver, gate = vehicles[asker.i], drivers[asker.i], gates.gates[asker.lane]
    merge, there = conflict.kind == MERGE, gates.gates[conflict.other]
    n = desk.lanes[conflict.other].claims
    while n != NONE:
        note = desk.notes[n]
        n = note.next
        other, its = vehicles[note.vehicle], drivers[note.vehicle]
        if note.vehicle == asker.i or note.rear > conflict.other_s1 or note.long != asker.others:
            continue
        if asker.already > 0 and not 0 < note.number < asker.already:
            continue
        if asker.turn and note.number > 0 and asker.start + conflict.s0 - SHY_M > driver.front:
            continue
        tail = not merge and note.front > conflict.other_s1 and other.waited > STOOD_S
        if tail and gets_by(lanes, vehicle, driver, other, its, asker.start + conflict.s1 + driver.rear):
            continue
        desk.counts[AGAINST] = note.vehicle
        comes = time_to(conflict.other_s0 - note.front, other.speed, PULL_MPS2, there.speed)
        if note.number == 0:
            moves = other.speed > STANDING_MPS or note.front > conflict.other_s0 - SHY_M
            if moves and comes < leave + BEFORE_S:
                return CLAIM
        elif merge:
            gone = time_to(conflict.other_s0 - note.rear, other.speed, PULL_MPS2, there.speed)
            behind = arrive > gone + HEADWAY_S - 0.5
            ahead = comes > arrive + gate.gap and vehicle.speed > 0.5 * other.speed
            if not behind and not ahead:
                return CLAIM
        elif arrive < AFTER_S + time_to(conflict.other_s1 - note.rear, other.speed, PULL_MPS2, there.speed):
            return CLAIM
        elif there.end - note.front < conflict.other_s1 - note.rear and not _goes_on(other, conflict.other):
            return CLAIM  # it will stand with its tail in the way
    return NOTHING


@kernel(inner=True)
def _coming(lanes, gates, vehicles, drivers, asker, conflict, arrive, leave, colours, desk):
    """Whether those who ask for the other lane of a conflict leave time for who asks; arguments as of `_inside`."""
    i, siren, long = asker.i, asker.siren, asker.long
    vehicle, driver, gate = vehicles[i], drivers[i], gates.gates[asker.lane]
    merge, there = conflict.kind == MERGE, gates.gates[conflict.other]
    near = SHY_M if long else 0.0
    n = desk.lanes[conflict.other].asks
    while n != NONE:
        note = desk.notes[n]
        n = note.next
        other, j = vehicles[note.vehicle], note.vehicle
        if j == i or note.long != asker.others:
            continue
        desk.counts[AGAINST] = j
        stands = conflict.other_s0 - near < note.front and note.rear < conflict.other_s1
        stands = stands and (long or (asker.others == 0 and asker.start + conflict.s0 > driver.front))
        if stands and (other.hold != BODY or vehicle.asking < BLOCKED_S):
            far = asker.start + conflict.s1 + driver.rear
            moves = other.speed > STANDING_MPS or other.waited < (0.0 if asker.turn else STOOD_S)
            if moves or not gets_by(lanes, vehicle, driver, other, drivers[j], far):
                return BODY
            continue
        comes = time_to(conflict.other_s0 - note.front, other.speed, PULL_MPS2, there.speed)
        alarm = (other.lamps & BEACON) != 0 and not siren
        if alarm and comes < SIREN_S:
            return PRIORITY
        weary = note.first and other.asking > WEARY * drivers[j].patience and other.asking > vehicle.asking
        waits = other.hold == CLAIM or other.hold == PRIORITY or other.hold == BODY or (merge and other.hold == ROOM)
        weary = weary and waits and not siren
        if weary and asker.lets_in and not waits_for_itself(vehicles, i, j):
            return PRIORITY
        if siren or (conflict.yields < 0 or (conflict.yields == 0 and gate.all_stop == 0)):
            continue
        if other.hold == ROOM or other.hold == PEOPLE or other.hold == SIGNAL or other.hold == BODY:
            continue
        if there.signal != NONE and colours[there.signal] != GREEN:
            continue
        still = other.speed < STANDING_MPS
        if still and (not note.first or note.front < there.stop - 2.0 * NEAR_M):
            continue
        if gate.all_stop != 0:
            if other.asking > vehicle.asking or (other.asking == vehicle.asking and other.asking > 0.0 and j < i):
                return PRIORITY
            continue
        longer = vehicle.asking > other.asking or (vehicle.asking == other.asking and i < j)
        if still and longer and vehicle.asking > STANDOFF_S and other.hold != NOTHING:
            continue
        wanted = leave + BEFORE_S
        if merge:
            faster = other.speed - min(gate.speed, vehicle.speed + driver.accel * arrive)
            wanted = arrive + HEADWAY_S + max(faster, 0.0) / 2.0
        if comes < asker.patience * max(asker.critical, wanted):
            return PRIORITY
    return NOTHING


@kernel
def let_in(lanes, gates, vehicle, driver, i, desk):
    """Give driver `i` claims on the lane it asks for, and on those behind it that are too near to stop before."""
    ask = desk.asks[i]
    lane, start, k, long = ask.lane, ask.start, ask.way, is_long(driver)
    gate = gates.gates[lane]
    need = driver.front + driver.rear + driver.gap
    desk.counts[LAST_CLAIM] += 1
    vehicle.entered = desk.counts[LAST_CLAIM]
    vehicle.asking = 0.0
    vehicle.hold = NOTHING
    clear = start
    while True:
        if gates.gates[lane].gated:
            if lane != ask.lane and follows_closely(gates.gates[lane], long):
                break
            if start + gates.gates[lane].stop >= clear + need and lane != ask.lane:
                break
            slot = NONE
            for c in range(CLAIMS):
                if vehicle.claim_number[c] == 0 and slot == NONE:
                    slot = c
            if slot == NONE:
                break
            vehicle.claims[slot], vehicle.claim_number[slot] = lane, vehicle.entered
            vehicle.claim_travel[slot] = vehicle.travel + start
            number = 0 if driver.failing & LAWLESS else vehicle.entered
            note_down(desk, lane, i, driver, driver.front - start, -driver.rear - start, number, False)
            gate = gates.gates[lane]
            clear = start + max(gate.clear if long else gate.car_clear, 0.0)
        elif start > clear + need:
            break
        start += lanes.lanes[lane].length
        k += 1
        if k >= WAYS or vehicle.ways[k] == NONE:
            break
        lane = vehicle.ways[k]
        if not gates.gates[lane].gated and start >= clear and start < clear + lanes.lanes[lane].length:
            reserve(desk, lane, i, need)
    ask.lane = NONE
