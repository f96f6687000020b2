"""What drivers' wishes to be let into junctions are kept in while a step lasts: who is on which way, and who comes."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.traffic.conflicts import CAR, Kind
from simulator.traffic.gaps import SEEN_DTYPE
from simulator.traffic.lane_map import NONE
from simulator.traffic.precedence import Control as Sign
from simulator.traffic.signals import Colour
from simulator.traffic.state import CLAIMS, Control, Failing

STANDING_MPS = 0.3
NEAR_M = 4.0  # from the stop point: there a driver stands "at" it
HEADWAY_S = 1.2  # behind who merged before
SHY_M = 0.5  # kept before conflicts inside a junction
PULL_MPS2 = 1.5  # of those whose acceleration is not known


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
    TURN = 9  # it is let in as the next to go, and waits for those who are still inside


class Event(IntEnum):
    """What somebody did or met with in a step, bits."""

    RED_LIGHT = 1
    STOP_SIGN = 2
    RIGHT_OF_WAY = 4
    COLLISION = 8


# Plain integers for the kernels.
NOTHING, SIGNAL, STOP, PRIORITY, CLAIM, ROOM, PEOPLE, QUEUE, BODY, TURN = (int(hold) for hold in Hold)
RED_LIGHT, STOP_SIGN, RIGHT_OF_WAY, COLLISION = (int(event) for event in Event)
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
        ("last", np.int64),  # which vehicle that is
        ("filled", np.float64),  # m that those take up who are on it, should they stand in a queue
        ("reserved", np.float64),  # m for those who are still on their way to it
        ("reserver", np.int64),  # one of them
        ("nearest", np.float64),  # m to the gate of the nearest that asks from here
        ("first", np.int64),  # which vehicle asks
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


STAMP, NOTES, LAST_CLAIM, LONG_ONES, AGAINST = range(5)


class Desk(NamedTuple):
    """Scratch of one thread.

    Attributes:
        lanes: (L,) LANE_DTYPE.
        notes: (N,) NOTE_DTYPE.
        asks: (A,) ASK_DTYPE.
        seen: (A,) SEEN_DTYPE, what people see.
        counts: (5,) int64, at STAMP: of this step; NOTES: in use; LAST_CLAIM: the highest number of a claim;
            LONG_ONES: number of long vehicles; AGAINST: who speaks against what was judged last, or NONE.
    """

    lanes: NDArray[np.void]
    notes: NDArray[np.void]
    asks: NDArray[np.void]
    seen: NDArray[np.void]
    counts: NDArray[np.int64]


def desk(lanes: int, vehicles: int) -> Desk:
    """Scratch for worlds of so many vehicles on a map of so many lanes."""
    return Desk(
        np.zeros(lanes, LANE_DTYPE),
        np.zeros((CLAIMS + 4) * vehicles + 8, NOTE_DTYPE),
        np.zeros(vehicles, ASK_DTYPE),
        np.zeros(vehicles, SEEN_DTYPE),
        np.zeros(5, np.int64),
    )


@kernel
def touch(desk, lane):
    """The row of a lane, made ready for this step."""
    row = desk.lanes[lane]
    if row.stamp != desk.counts[STAMP]:
        row.stamp = desk.counts[STAMP]
        row.claims = row.asks = row.first = row.last = row.reserver = NONE
        row.tail, row.tail_speed, row.filled, row.reserved, row.nearest = np.inf, 0.0, 0.0, 0.0, np.inf
    return row


@kernel
def note_down(desk, lane, vehicle, driver, front, rear, number, asks):
    """Note that a vehicle is on a lane or comes to it; without room for notes it is forgotten."""
    k = desk.counts[NOTES]
    if k >= desk.notes.shape[0]:
        return
    desk.counts[NOTES] = k + 1
    row, note = touch(desk, lane), desk.notes[k]
    note.vehicle, note.front, note.rear, note.number = vehicle, front, rear, number
    note.long = is_long(driver)
    if asks:
        note.next = row.asks
        row.asks = k
    else:
        note.next = row.claims
        row.claims = k


@kernel(inline=True)
def reserve(desk, lane, vehicle, length):
    """Keep `length` m of a lane free for a vehicle that is on its way to it."""
    row = touch(desk, lane)
    row.reserved += length
    row.reserver = vehicle


@kernel
def time_to(distance, speed, accel, fastest):
    """s for `distance` m at `speed`, speeding up by `accel` to `fastest`, or keeping a speed that is higher."""
    if distance <= 0.0:
        return 0.0
    fastest = max(fastest, speed, 0.1)
    gaining = (fastest * fastest - speed * speed) / (2.0 * accel)
    if distance <= gaining:
        return (np.sqrt(speed * speed + 2.0 * accel * distance) - speed) / accel
    return (fastest - speed) / accel + (distance - gaining) / fastest


@kernel(inline=True)
def is_long(driver):
    """Whether a vehicle sweeps more in bends than a car."""
    return driver.front > CAR.front + 0.1 or driver.rear > CAR.rear + 0.1


@kernel(inline=True)
def usual_stop(driver, speed):
    """m in which a driver usually stops: what the Intelligent Driver Model wants to something that stands."""
    return speed * driver.headway + speed * speed / (2.0 * np.sqrt(driver.accel * driver.decel))
