"""Who may drive into a junction, and where the others stand.

Every driver that nears a gate (see `precedence`) asks to be let in. Once let in it has a claim on its way through,
with a running number, until its tail has left the last conflict. Nobody is let in unless all who were before have
cleared what they share by the time it gets there; should they be slower, it waits before that stretch. Claims are
totally ordered and each driver waits for smaller numbers only, and none is let in without room behind the junction
for the whole vehicle: hence nobody waits in a circle. Gap acceptance comes on top: who has to give way lets those
pass who would arrive within the critical gap (HCM 2000, chapter 17; R. J. Troutbeck and W. Brilon, "Unsignalized
intersection theory", in Revised Traffic Flow Theory, 1997).

Safety never rests on gaps: drivers ask while they can still stop comfortably, and stand if they are not let in.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.scene.material import Switch
from simulator.traffic.conflicts import CAR, Kind
from simulator.traffic.lane_map import NONE
from simulator.traffic.precedence import Control as Sign
from simulator.traffic.signals import Colour
from simulator.traffic.state import CLAIMS, WAYS, Control, Failing

LOOK_S, LOOK_M = 8.0, 30.0  # how far ahead of a gate its traffic counts: seconds, and metres
ARRIVING_S = 0.75  # of its usual braking distance, when a driver asks
STANDING_MPS = 0.3
NEAR_M = 4.0  # from the stop point: there a driver stands "at" it
AFTER_S = 0.5  # kept behind who has just cleared a conflict
BEFORE_S = 1.0  # kept to who comes next
HEADWAY_S = 1.2  # behind who merged before
STANDOFF_S = 2.0  # of looking at each other, then who has waited longest goes
STOPPED_S = 0.6  # at a stop sign
TIGHT_MPS = 6.5  # drivers of long vehicles avoid turns that are to be taken slower (17 m radius), if they can
COURTEOUS_S = 10.0  # that a long vehicle waits, and others stand where it can get by
WEARY = 2.0  # times its patience, and the others let a driver in
ELSEWHERE_S = 60.0  # of waiting, after which a driver goes another way
BLOCKED_S = 20.0  # after which two long vehicles that stand in each other's way try to get by
STUCK_S = 2.0  # standing with a claim before the gate: the claim is given up
WILD_S = 2.5  # who breaks rules is feared where it will be so soon
SIREN_S = 10.0  # ahead of an emergency vehicle nobody starts
SHY_M = 0.5  # kept before conflicts inside a junction
PULL_MPS2 = 1.5  # of those whose acceleration is not known
BEACON = np.uint32(1 << Switch.BEACON)


class Hold(IntEnum):
    """Why a driver is not let in."""

    NOTHING = 0
    SIGNAL = 1
    STOP = 2  # it has not yet stopped at the sign
    PRIORITY = 3  # others come first
    CLAIM = 4  # others are still inside
    ROOM = 5  # none behind the junction
    PEOPLE = 6  # on a crossing
    QUEUE = 7  # it is not the first
    BODY = 8  # somebody stands in the way, not yet let in


class Event(IntEnum):
    """Offences, bits."""

    RED_LIGHT = 1
    STOP_SIGN = 2
    RIGHT_OF_WAY = 4


# Plain integers for the kernels.
NOTHING, SIGNAL, STOP, PRIORITY, CLAIM, ROOM, PEOPLE, QUEUE, BODY = (int(hold) for hold in Hold)
RED_LIGHT, STOP_SIGN, RIGHT_OF_WAY = (int(event) for event in Event)
RED, AMBER, GREEN = (int(colour) for colour in Colour)
DRIVER, GUIDED = int(Control.DRIVER), int(Control.GUIDED)
MERGE, SIGN_STOP = int(Kind.MERGE), int(Sign.STOP)
RED_RUNNER, LAWLESS = int(Failing.RED_RUNNER), int(Failing.RED_RUNNER | Failing.NO_YIELD)

# Of each lane while a step lasts; valid where `stamp` is that of the step.
LANE_DTYPE = np.dtype(
    [
        ("stamp", np.int64),
        ("claims", np.int64),  # first note of those who have a claim on it
        ("asks", np.int64),  # first note of those who come
        ("tail", np.float64),  # m along the lane, of the last vehicle's rear
        ("tail_speed", np.float64),
        ("reserved", np.float64),  # m for those who are still on their way to it
        ("nearest", np.float64),  # m to the gate of the nearest that asks from here
        ("first", np.int64),  # which vehicle that is
    ]
)
# Who is on a way through, or comes to it.
NOTE_DTYPE = np.dtype(
    [
        ("vehicle", np.int64),
        ("next", np.int64),  # note of the same lane
        ("front", np.float64),  # m along the lane
        ("rear", np.float64),
        ("number", np.int64),  # of the claim; 0: of whoever breaks rules
        ("first", np.int64),  # 1: nobody before it asks
        ("long", np.int64),  # 1: it sweeps more than a car
    ]
)
# What a driver asks for.
ASK_DTYPE = np.dtype(
    [
        ("lane", np.int64),  # behind the gate, or NONE
        ("key", np.int64),  # lane that it comes from
        ("way", np.int64),  # index of the lane in `ways`, -1 for the lane it is on
        ("start", np.float64),  # m from its origin to the start of the lane
        ("stand", np.float64),  # m from its front bumper to the stop point
    ]
)


class Desk(NamedTuple):
    """Scratch of one thread.

    Attributes:
        lanes: (L,) LANE_DTYPE.
        notes: (N,) NOTE_DTYPE.
        asks: (A,) ASK_DTYPE.
        counts: (4,) int64: stamp, notes in use, highest number of a claim, number of long vehicles.
    """

    lanes: NDArray[np.void]
    notes: NDArray[np.void]
    asks: NDArray[np.void]
    counts: NDArray[np.int64]


def desk(lanes: int, vehicles: int) -> Desk:
    """Scratch for worlds of so many vehicles on a map of so many lanes."""
    return Desk(
        np.zeros(lanes, LANE_DTYPE),
        np.zeros((CLAIMS + 4) * vehicles + 8, NOTE_DTYPE),
        np.zeros(vehicles, ASK_DTYPE),
        np.zeros(4, np.int64),
    )


@kernel
def _touch(desk, lane):  # type: ignore[no-untyped-def]
    """The row of a lane, made ready for this step."""
    row = desk.lanes[lane]
    if row.stamp != desk.counts[0]:
        row.stamp = desk.counts[0]
        row.claims = row.asks = row.first = NONE
        row.tail, row.tail_speed, row.reserved, row.nearest = np.inf, 0.0, 0.0, np.inf
    return row


@kernel
def _note(desk, lane, vehicle, driver, front, rear, number, asks):  # type: ignore[no-untyped-def]
    """Note that a vehicle is on a lane or comes to it; without room for notes it is forgotten."""
    k = desk.counts[1]
    if k >= desk.notes.shape[0]:
        return
    desk.counts[1] = k + 1
    row, note = _touch(desk, lane), desk.notes[k]
    note.vehicle, note.front, note.rear, note.number = vehicle, front, rear, number
    note.long = is_long(driver)
    if asks:
        note.next = row.asks
        row.asks = k
    else:
        note.next = row.claims
        row.claims = k


@kernel
def time_to(distance, speed, accel, fastest):  # type: ignore[no-untyped-def]
    """s for `distance` m at `speed`, speeding up by `accel` to `fastest`, or keeping a speed that is higher."""
    if distance <= 0.0:
        return 0.0
    fastest = max(fastest, speed, 0.1)
    gaining = (fastest * fastest - speed * speed) / (2.0 * accel)
    if distance <= gaining:
        return (np.sqrt(speed * speed + 2.0 * accel * distance) - speed) / accel
    return (fastest - speed) / accel + (distance - gaining) / fastest


@kernel(inline=True)
def is_long(driver):  # type: ignore[no-untyped-def]
    """Whether a vehicle sweeps more in bends than a car."""
    return driver.front > CAR.front + 0.1 or driver.rear > CAR.rear + 0.1


@kernel(inline=True)
def _usual_stop(driver, speed):  # type: ignore[no-untyped-def]
    """m in which a driver usually stops: what the Intelligent Driver Model wants to something that stands."""
    return speed * driver.headway + speed * speed / (2.0 * np.sqrt(driver.accel * driver.decel))


@kernel
def gate_ahead(lanes, gates, vehicle, driver):  # type: ignore[no-untyped-def]
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
def forget(vehicle):  # type: ignore[no-untyped-def]
    """Take all claims from a vehicle that comes up."""
    vehicle.entered, vehicle.hold, vehicle.asking = 0, NOTHING, 0.0
    for c in range(CLAIMS):
        vehicle.claim_number[c] = 0


@kernel
def right_of_way(lanes, gates, vehicles, drivers, colours, busy, dt, desk, stand, events):  # type: ignore[no-untyped-def]
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
    desk.counts[0] += 1
    desk.counts[1] = 0
    desk.counts[2] = desk.counts[3] = 0
    for i in range(vehicles.shape[0]):
        stand[i], events[i] = np.inf, 0
        desk.asks[i].lane = NONE
        vehicle = vehicles[i]
        if vehicle.lane == NONE:
            continue
        for c in range(CLAIMS):
            desk.counts[2] = max(desk.counts[2], vehicle.claim_number[c])
        desk.counts[3] += is_long(drivers[i])
        rear = vehicle.s - drivers[i].rear
        row = _touch(desk, vehicle.lane)
        if rear < row.tail:
            row.tail, row.tail_speed = rear, vehicle.speed
        if vehicle.beside != NONE:
            row = _touch(desk, vehicle.beside)
            if vehicle.beside_s - drivers[i].rear < row.tail:
                row.tail, row.tail_speed = vehicle.beside_s - drivers[i].rear, vehicle.speed
    for i in range(vehicles.shape[0]):
        control = vehicles[i].control
        if vehicles[i].lane == NONE:
            continue
        if control == DRIVER or control == GUIDED:
            _look_ahead(lanes, gates, vehicles[i], drivers[i], i, colours, busy, desk, stand)
        else:
            _outsider(lanes, gates, vehicles[i], drivers[i], i, colours, dt, desk, events)
    for k in range(desk.counts[1]):
        note = desk.notes[k]
        ask = desk.asks[note.vehicle]
        note.first = int(note.number != 0 or ask.lane == NONE or desk.lanes[ask.key].first == note.vehicle)
    for i in range(vehicles.shape[0]):
        ask = desk.asks[i]
        if ask.lane == NONE or vehicles[i].control > GUIDED:
            continue
        vehicle, driver = vehicles[i], drivers[i]
        if ask.stand > ARRIVING_S * _usual_stop(driver, vehicle.speed) + NEAR_M:
            vehicle.hold = NOTHING
            continue
        wide = is_long(driver) and gates.gates[ask.lane].speed < TIGHT_MPS
        if wide and vehicle.control == DRIVER and ask.way >= 0:
            lane = ask.lane
            _go_elsewhere(lanes, gates, vehicle, ask, True)
            if vehicle.ways[ask.way] != lane:  # it asks for that from the next step on
                stand[i] = min(stand[i], max(ask.stand, 0.0))
                continue
        reason = QUEUE
        if desk.lanes[ask.key].first == i:
            if vehicle.speed < 5.0 * STANDING_MPS:
                vehicle.asking += dt
            reason = _judge(lanes, gates, vehicles, drivers, i, colours, busy, desk)
        vehicle.hold = reason
        late = ask.stand < 0.5 * vehicle.speed * vehicle.speed / driver.hardest
        if reason == NOTHING or (late and _passes(gates.gates[ask.lane], ask, vehicle, driver)):
            if reason == SIGNAL:
                events[i] |= RED_LIGHT
            elif reason == STOP:
                events[i] |= STOP_SIGN
            elif reason == PRIORITY or reason == CLAIM:
                events[i] |= RIGHT_OF_WAY
            _let_in(lanes, gates, vehicle, driver, i, desk, events)
        else:
            tired = int(vehicle.asking / ELSEWHERE_S) > int((vehicle.asking - dt) / ELSEWHERE_S)
            if vehicle.control == DRIVER and ask.way >= 0 and tired:
                _go_elsewhere(lanes, gates, vehicle, ask, False)
            short = _short_of_long(gates, vehicles, i, desk, driver) if desk.counts[3] else ask.stand
            stand[i] = min(stand[i], max(short, 0.0))
    for i in range(vehicles.shape[0]):
        control = vehicles[i].control
        if vehicles[i].lane != NONE and (control == DRIVER or control == GUIDED):
            _wait_inside(lanes, gates, vehicles, drivers, i, desk, stand)


@kernel
def _go_elsewhere(lanes, gates, vehicle, ask, wider):  # type: ignore[no-untyped-def]
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
def _passes(gate, ask, vehicle, driver):  # type: ignore[no-untyped-def]
    """Whether a driver who is not let in drives in all the same: it is already past, or cannot stop."""
    beyond = -ask.stand  # m past the stop point
    return vehicle.speed > STANDING_MPS or beyond > NEAR_M or vehicle.lane == ask.lane and gate.stop < 0.0


@kernel
def _look_ahead(lanes, gates, vehicle, driver, i, colours, busy, desk, stand):  # type: ignore[no-untyped-def]
    """Renew the claims of a driver, note them, and what it asks for next; stand before crossings that people use."""
    far = driver.front + max(vehicle.speed * LOOK_S, LOOK_M, _usual_stop(driver, vehicle.speed) + 2.0 * NEAR_M)
    lane, start, key = vehicle.lane, -vehicle.s, vehicle.lane
    found = 0  # bits of claims that lie on the way
    last = NONE  # exit of the last of them
    inside = False  # a junction, perhaps with the tail
    for c in range(CLAIMS):
        begun = vehicle.travel - vehicle.claim_travel[c] + driver.front
        inside = inside or (vehicle.claim_number[c] > 0 and begun > gates.gates[vehicle.claims[c]].stop)
    braking = vehicle.speed * vehicle.speed / (2.0 * driver.decel)
    for k in range(-1, WAYS):
        gate = gates.gates[lane]
        for c in range(gate.first_crossing, gate.first_crossing + gate.crossings):
            crossing = gates.crossings[c]
            ahead = start + crossing.s0 - driver.front - 1.0
            if busy[crossing.crossing] != 0 and ahead > -0.5 and ahead * 1.5 >= braking:
                stand[i] = min(stand[i], max(ahead, 0.0))
        if gate.gated:
            slot = NONE
            for c in range(CLAIMS):
                if vehicle.claim_number[c] > 0 and vehicle.claims[c] == lane:
                    slot = c
            ahead = start + gate.stop - driver.front
            if slot != NONE and ahead > 0.0:
                # Not yet there: lights that turn and queues that do not move take the claim back.
                colour = colours[gate.signal] if gate.signal != NONE else GREEN
                red = colour != GREEN and ahead > braking and not driver.failing & LAWLESS
                if not inside and (red or (vehicle.speed < STANDING_MPS and vehicle.waited > STUCK_S)):
                    slot = NONE
            if slot == NONE:
                ask = desk.asks[i]
                ask.lane, ask.key, ask.way, ask.start, ask.stand = lane, key, k, start, ahead
                row = _touch(desk, key)
                if ahead < row.nearest or (ahead == row.nearest and i < row.first):
                    row.nearest, row.first = ahead, i
                _note(desk, lane, i, driver, driver.front - start, -driver.rear - start, 0, True)
                break
            found |= 1 << slot
            vehicle.claim_travel[slot] = vehicle.travel + start
            last = NONE if k + 1 >= WAYS else vehicle.ways[k + 1]
        start += lanes.lanes[lane].length
        if k + 1 >= WAYS or start > far:
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
        _note(desk, vehicle.claims[c], i, driver, begun + driver.front, begun - driver.rear, number, False)
    if last != NONE and last != vehicle.lane:
        _touch(desk, last).reserved += driver.front + driver.rear + driver.gap


@kernel
def _outsider(lanes, gates, vehicle, driver, i, colours, dt, desk, events):  # type: ignore[no-untyped-def]
    """Note where a vehicle is that follows no rules, and where it may go."""
    lane = vehicle.lane
    row = lanes.lanes[lane]
    front, rear = vehicle.s + driver.front, vehicle.s - driver.rear
    moved = max(vehicle.speed, 0.0) * dt
    if vehicle.claim_number[0] > 0 and vehicle.claims[0] != lane:
        before, gate = lanes.lanes[vehicle.claims[0]], gates.gates[vehicle.claims[0]]
        follows = False
        for k in range(before.next, before.next + before.nexts):
            follows = follows or lanes.links[k] == lane
        if follows and before.length + rear <= gate.clear:
            _note(desk, vehicle.claims[0], i, driver, before.length + front, before.length + rear, 0, False)
        else:
            vehicle.claim_number[0] = 0
    if gates.gates[lane].gated:
        vehicle.claims[0], vehicle.claim_number[0] = lane, 1
        _note(desk, lane, i, driver, front, rear, 0, False)
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
            _note(desk, other, i, driver, front - row.length, rear - row.length, 0, False)
        elif ahead < max(vehicle.speed * LOOK_S, LOOK_M):
            _note(desk, other, i, driver, front - row.length, rear - row.length, 0, True)
    if reds > 0 and reds == ways:
        events[i] |= RED_LIGHT


@kernel
def _judge(lanes, gates, vehicles, drivers, i, colours, busy, desk):  # type: ignore[no-untyped-def]
    """Whether driver `i` may go: Hold.NOTHING, or what speaks against it."""
    vehicle, driver, ask = vehicles[i], drivers[i], desk.asks[i]
    siren = (vehicle.lamps & BEACON) != 0
    lawless = driver.failing & LAWLESS
    lane, start, k = ask.lane, ask.start, ask.way
    free = 0
    for c in range(CLAIMS):
        free += vehicle.claim_number[c] == 0
    need = driver.front + driver.rear + driver.gap
    long = is_long(driver)
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
            reason = _conflicts(lanes, gates, vehicles, drivers, i, lane, start, colours, desk, siren)
            if reason != NOTHING:
                return reason
        free -= 1
        if gate.ring and gates.gates[ask.key].ring:
            return NOTHING  # round a roundabout one follows closely: those outside wait anyway
        # Room behind it, from where its conflicts end, to the last vehicle there or the next gate.
        clear = start + max(gate.clear if long else gate.car_clear, 0.0)
        end = start + lanes.lanes[lane].length
        here = desk.lanes[lane]
        reserved = 0.0
        while True:
            for c in range(gates.gates[lane].first_crossing, gates.gates[lane].first_crossing + gates.gates[lane].crossings):
                crossing = gates.crossings[c]
                ahead = start + crossing.s0
                if busy[crossing.crossing] != 0 and ahead - 1.0 < clear + need and start + crossing.s1 > 0.0:
                    return PEOPLE
            start = end
            k += 1
            if k >= WAYS or vehicle.ways[k] == NONE:
                return NOTHING if lanes.lanes[lane].nexts == 0 else QUEUE  # it does not yet know where it goes
            lane = vehicle.ways[k]
            end = start + lanes.lanes[lane].length
            if gates.gates[lane].gated:
                if start + gates.gates[lane].stop - reserved >= clear + need:
                    return NOTHING
                break  # too short a piece to stand on: it asks for both
            row = desk.lanes[lane]
            if row.stamp == desk.counts[0]:
                reserved += row.reserved
                if row.tail < np.inf:
                    tail = start + row.tail + 0.25 * row.tail_speed * row.tail_speed
                    return NOTHING if tail - reserved >= clear + need else ROOM
            if end - reserved >= clear + need:
                return NOTHING


@kernel
def _goes_on(vehicle, lane):  # type: ignore[no-untyped-def]
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
def _keeps_out(gates, vehicle, lane):  # type: ignore[no-untyped-def]
    """Whether a claim of a vehicle is what others may wait for who want to a lane."""
    for c in range(CLAIMS):
        if vehicle.claim_number[c] > 0:
            gate = gates.gates[vehicle.claims[c]]
            for k in range(gate.first, gate.first + gate.conflicts):
                if gates.conflicts[k].other == lane:
                    return True
            for k in range(gate.first_long, gate.first_long + gate.long_conflicts):
                if gates.conflicts[k].other == lane:
                    return True
    return False


@kernel
def _short_of_long(gates, vehicles, i, desk, driver):  # type: ignore[no-untyped-def]
    """m from the front bumper of who asks to where it stands, so that long vehicles get round: those that were let in,
    and those that have waited for it."""
    ask = desk.asks[i]
    gate, stand = gates.gates[ask.lane], ask.stand
    for c in range(gate.first_long, gate.first_long + gate.long_conflicts):
        conflict = gates.conflicts[c]
        row = desk.lanes[conflict.other]
        ahead = ask.start + conflict.s0 - 2.0 * SHY_M - driver.front
        if row.stamp != desk.counts[0] or ahead >= stand or ahead < 0.0:
            continue
        n = row.claims
        while n != NONE:
            if desk.notes[n].long and desk.notes[n].rear < conflict.other_s1:
                stand = ahead
            n = desk.notes[n].next
        n = row.asks
        while n != NONE:
            note = desk.notes[n]
            n = note.next
            other = vehicles[note.vehicle]
            waits = other.hold == BODY or other.hold == CLAIM or other.hold == PRIORITY
            if note.long and note.first and waits and other.asking > max(COURTEOUS_S, vehicles[i].asking):
                stand = ahead
    return stand


@kernel
def _conflicts(lanes, gates, vehicles, drivers, i, lane, start, colours, desk, siren):  # type: ignore[no-untyped-def]
    """Whether those who are inside, and those who go first, leave driver `i` time for one lane."""
    vehicle, driver, gate = vehicles[i], drivers[i], gates.gates[lane]
    speed = gates.gates[lane].speed
    patience = min(max(2.0 - vehicle.asking / driver.patience, 0.0), 1.0)
    critical = gate.gap if vehicle.speed < 4.0 else 0.0
    long = is_long(driver)
    begin = gate.first_long if long else gate.first
    end = begin + (gate.long_conflicts if long else gate.conflicts)
    c = begin
    cars = not long
    near = 2.0 * SHY_M if long else 0.0
    while True:
        if c >= end:
            if not cars or desk.counts[3] == 0:
                break
            cars = False  # and once more, for those who are long
            c, end = gate.first_long, gate.first_long + gate.long_conflicts
            continue
        conflict = gates.conflicts[c]
        c += 1
        row = desk.lanes[conflict.other]
        if row.stamp != desk.counts[0]:
            continue
        merge = conflict.kind == MERGE
        there = gates.gates[conflict.other]
        arrive = time_to(start + max(conflict.s0, gate.stop) - driver.front, vehicle.speed, driver.accel, speed)
        leave = time_to(start + conflict.s1 + driver.rear, vehicle.speed, driver.accel, speed)
        n = row.claims
        while n != NONE:
            note = desk.notes[n]
            n = note.next
            other = vehicles[note.vehicle]
            if note.vehicle == i or note.rear > conflict.other_s1 or (not long and note.long == cars):
                continue
            comes = time_to(conflict.other_s0 - note.front, other.speed, PULL_MPS2, there.speed)
            if note.number == 0:
                if other.speed > STANDING_MPS or note.front > conflict.other_s0 - SHY_M:
                    if comes < leave + BEFORE_S:
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
        n = row.asks
        while n != NONE:
            note = desk.notes[n]
            n = note.next
            other, j = vehicles[note.vehicle], note.vehicle
            if j == i or (not long and note.long == cars):
                continue
            stands = conflict.other_s0 - near < note.front and note.rear < conflict.other_s1
            if stands and long != cars and (long or start + conflict.s0 > driver.front):
                if other.hold != BODY or vehicle.asking < BLOCKED_S:
                    return BODY
            comes = time_to(conflict.other_s0 - note.front, other.speed, PULL_MPS2, there.speed)
            alarm = (other.lamps & BEACON) != 0 and not siren
            if alarm and comes < SIREN_S:
                return PRIORITY
            weary = note.first and other.asking > WEARY * drivers[j].patience and other.asking > vehicle.asking
            if weary and not siren and (other.hold == CLAIM or other.hold == PRIORITY):
                if not _keeps_out(gates, vehicle, conflict.other):
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
            if still and vehicle.asking > STANDOFF_S and other.hold != NOTHING:
                if vehicle.asking > other.asking or (vehicle.asking == other.asking and i < j):
                    continue
            wanted = leave + BEFORE_S
            if merge:
                wanted = arrive + HEADWAY_S + max(other.speed - min(speed, vehicle.speed + driver.accel * arrive), 0.0) / 2.0
            if comes < patience * max(critical, wanted):
                return PRIORITY
    return NOTHING


@kernel
def _let_in(lanes, gates, vehicle, driver, i, desk, events):  # type: ignore[no-untyped-def]
    """Give driver `i` claims on the lane it asks for, and on those behind it that are too near to stop before."""
    ask = desk.asks[i]
    lane, start, k = ask.lane, ask.start, ask.way
    need = driver.front + driver.rear + driver.gap
    desk.counts[2] += 1
    vehicle.entered = desk.counts[2]
    vehicle.asking = 0.0
    vehicle.hold = NOTHING
    clear = start
    while True:
        if gates.gates[lane].gated:
            if gates.gates[lane].ring and gates.gates[ask.key].ring and lane != ask.lane:
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
            _note(desk, lane, i, driver, driver.front - start, -driver.rear - start, number, False)
            gate = gates.gates[lane]
            clear = start + max(gate.clear if is_long(driver) else gate.car_clear, 0.0)
        elif start > clear + need:
            break
        start += lanes.lanes[lane].length
        k += 1
        if k >= WAYS or vehicle.ways[k] == NONE:
            break
        lane = vehicle.ways[k]
        if not gates.gates[lane].gated:
            _touch(desk, lane).reserved += need if start >= clear and start < clear + lanes.lanes[lane].length else 0.0
    ask.lane = NONE


@kernel
def _wait_inside(lanes, gates, vehicles, drivers, i, desk, stand):  # type: ignore[no-untyped-def]
    """Stand before what is shared with those who were let in earlier and have not passed, or who break rules."""
    vehicle, driver = vehicles[i], drivers[i]
    for c in range(CLAIMS):
        if vehicle.claim_number[c] == 0:
            continue
        lane = vehicle.claims[c]
        gate = gates.gates[lane]
        begun = vehicle.travel - vehicle.claim_travel[c]
        front = begun + driver.front
        long = is_long(driver)
        k = gate.first_long if long else gate.first
        end = k + (gate.long_conflicts if long else gate.conflicts)
        cars = not long
        while True:
            if k >= end:
                if not cars or desk.counts[3] == 0:
                    break
                cars = False  # and once more, for those who are long
                k, end = gate.first_long, gate.first_long + gate.long_conflicts
                continue
            conflict = gates.conflicts[k]
            k += 1
            row = desk.lanes[conflict.other]
            ahead = conflict.s0 - front - SHY_M
            if row.stamp != desk.counts[0] or ahead < -SHY_M or ahead > stand[i]:
                continue
            if ahead > 2.0 * _usual_stop(driver, vehicle.speed) + NEAR_M:
                continue
            n = row.claims
            while n != NONE:
                note = desk.notes[n]
                n = note.next
                if note.vehicle == i or note.rear > conflict.other_s1 or (not long and note.long == cars):
                    continue
                other = vehicles[note.vehicle]
                comes = time_to(conflict.other_s0 - note.front, other.speed, PULL_MPS2, gates.gates[conflict.other].speed)
                if note.number == 0:
                    waits = comes < WILD_S and (other.speed > STANDING_MPS or comes == 0.0)
                elif conflict.kind == MERGE:
                    arrive = time_to(conflict.s0 - front, vehicle.speed, driver.accel, gate.speed)
                    # Once its front is there, drivers follow whoever's front is nearer.
                    waits = note.number < vehicle.claim_number[c] and note.front < conflict.other_s0
                    waits = waits and comes < arrive + HEADWAY_S
                else:
                    waits = note.number < vehicle.claim_number[c]
                if waits:
                    stand[i] = min(stand[i], max(ahead, 0.0))
