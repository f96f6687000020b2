"""Bodies in the way that are no traffic on lanes: what stands, lies, walks or drives across, as drivers meet it.

Each is a box, seen on every lane that it is over or may soon be over: from where to where along the lane, and from
where to where across it. Drivers brake for those that their own body would touch, and for those whose way crosses
theirs at about the same time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.traffic.conflicts import STOREY_M
from simulator.traffic.following import TOUCHING_M, wanted_gap
from simulator.traffic.lane_map import NONE, lane_pose, sample_at
from simulator.traffic.locating import CELL_M, project
from simulator.traffic.state import WAYS

BESIDE_M = 0.25  # kept free beside a body, else it is in the way
CROSSING_MPS = 0.2  # sideways, that is more than swaying
SOON_S = 4.0  # further ahead in time nobody knows where who walks there will be
APART_S = 1.0  # kept between who crosses and who drives on
SHORT_OF_M = 2.0  # stands a driver of the way of who crosses
CROSSING_HEADWAY_S = 0.5

BODY_DTYPE = np.dtype(
    [
        ("x", np.float64),  # m from the origin of the map, of the middle
        ("y", np.float64),
        ("z", np.float64),  # of the ground under it
        ("heading", np.float64),
        ("half_length", np.float64),
        ("half_width", np.float64),
        ("vx", np.float64),  # m/s
        ("vy", np.float64),
        ("there", np.bool_),  # False: it is none at present
        ("solid", np.bool_),  # it stops what runs into it
    ]
)
NOTE_DTYPE = np.dtype(
    [
        ("body", np.int64),
        ("lane", np.int64),
        ("next", np.int64),  # note of the same lane, or NONE
        ("s0", np.float64),  # m along the lane
        ("s1", np.float64),
        ("d0", np.float64),  # m to the left of its middle
        ("d1", np.float64),
        ("along", np.float64),  # m/s
        ("across", np.float64),
    ]
)


class Notes(NamedTuple):
    """Which bodies are on which lanes.

    Attributes:
        first: (L,) note of a lane, or NONE.
        notes: (N,) NOTE_DTYPE; bodies for which there is no room are not noted.
        used: (1,) int64 how many are in use.
        nearest: (L,) scratch: m**2 from the body at hand to a lane, negative where not looked at.
        candidates: (L,) int64 scratch: lanes near the body at hand.
        guess: (L,) scratch: m along a lane where it is nearest.
    """

    first: NDArray[np.int64]
    notes: NDArray[np.void]
    used: NDArray[np.int64]
    nearest: NDArray[np.float64]
    candidates: NDArray[np.int64]
    guess: NDArray[np.float64]


def empty_notes(lanes: int, bodies: int) -> Notes:
    """No notes, with room for those of so many bodies on a map of so many lanes."""
    return Notes(
        np.full(lanes, NONE),
        np.zeros(16 * bodies, NOTE_DTYPE),
        np.zeros(1, np.int64),
        np.full(lanes, -1.0),
        np.zeros(lanes, np.int64),
        np.zeros(lanes),
    )


@kernel
def forget_notes(notes, kept):
    """Take back all notes but the first `kept`, in the opposite order of their writing."""
    for n in range(notes.used[0] - 1, kept - 1, -1):
        notes.first[notes.notes[n].lane] = notes.notes[n].next
    notes.used[0] = kept


@kernel
def note_body(lanes, index, bodies, b, notes):
    """Note a body on all lanes that it is over, or will be within `SOON_S`.

    Args:
        lanes, index: Lanes and LaneIndex.
        bodies: (B,) BODY_DTYPE.
        b: which.
        notes: Notes, appended to.
    """
    body = bodies[b]
    if not body.there:
        return
    reach = np.hypot(body.half_length, body.half_width) + SOON_S * np.hypot(body.vx, body.vy)
    cells = int(min(reach, 2.0 * CELL_M) / CELL_M) + 1
    column, row = int((body.x - index.low[0]) / CELL_M), int((body.y - index.low[1]) / CELL_M)
    rows = (index.first.shape[0] - 1) // index.columns
    found = 0
    for r in range(max(row - cells, 0), min(row + cells + 1, rows)):
        for c in range(max(column - cells, 0), min(column + cells + 1, index.columns)):
            for n in range(index.first[r * index.columns + c], index.first[r * index.columns + c + 1]):
                lane = index.lanes[n]
                sample = lanes.samples[sample_at(lanes, lane, index.s[n])[0]]
                away = (sample.x - body.x) ** 2 + (sample.y - body.y) ** 2
                if notes.nearest[lane] < 0.0:
                    notes.candidates[found] = lane
                    found += 1
                if notes.nearest[lane] < 0.0 or away < notes.nearest[lane]:
                    notes.nearest[lane], notes.guess[lane] = away, index.s[n]
    for k in range(found):
        lane = notes.candidates[k]
        notes.nearest[lane] = -1.0
        _note_on_lane(lanes, lane, notes.guess[lane], body, b, notes)


@kernel
def _note_on_lane(lanes, lane, guess, body, b, notes):
    s, d = project(lanes, lane, guess, body.x, body.y)
    _x, _y, z, heading = lane_pose(lanes, lane, s, 0.0)
    cos, sin = np.cos(body.heading - heading), np.sin(body.heading - heading)
    half = abs(cos) * body.half_length + abs(sin) * body.half_width
    aside = abs(cos) * body.half_width + abs(sin) * body.half_length
    across = -body.vx * np.sin(heading) + body.vy * np.cos(heading)
    room = lanes.samples[sample_at(lanes, lane, s)[0]].half_width + SOON_S * max(-np.sign(d) * across, 0.0)
    n = notes.used[0]
    if s + half < 0.0 or s - half > lanes.lanes[lane].length or abs(d) - aside > room or abs(z - body.z) > STOREY_M:
        return
    if n >= notes.notes.shape[0]:
        return
    note = notes.notes[n]
    note.body, note.lane, note.next = b, lane, notes.first[lane]
    note.s0, note.s1, note.d0, note.d1 = s - half, s + half, d - aside, d + aside
    note.along, note.across = body.vx * np.cos(heading) + body.vy * np.sin(heading), across
    notes.first[lane], notes.used[0] = n, n + 1


@kernel
def pressure_of_bodies(lanes, notes, vehicle, driver, noticed, time_s):
    """What bodies on its way ask of a driver, as wanted gap over gap (see `following`), 0 for nothing.

    Args:
        lanes, notes: Lanes, Notes.
        vehicle, driver: the driver's, on a lane.
        noticed: (B,) s from which it heeds a body.
        time_s: s, now.
    """
    worst, base, lane = 0.0, -vehicle.s, vehicle.lane
    low, high = vehicle.d - driver.half_width - BESIDE_M, vehicle.d + driver.half_width + BESIDE_M
    speed = max(vehicle.speed, 1.0)
    for k in range(-1, WAYS):
        n = notes.first[lane]
        while n != NONE:
            note = notes.notes[n]
            n = note.next
            gap = base + note.s0 - driver.front
            if time_s < noticed[note.body] or base + 0.5 * (note.s0 + note.s1) <= 0.0:
                continue
            apart = max(note.d0 - high, low - note.d1)
            if apart <= 0.0:
                pressure = wanted_gap(driver, vehicle.speed, note.along, driver.headway) / max(gap, TOUCHING_M)
                worst = max(worst, pressure)
                continue
            towards = -note.across if note.d0 > high else note.across
            if towards < CROSSING_MPS or gap < 1.0:
                continue
            comes, goes = apart / towards, (apart + high - low + note.d1 - note.d0) / towards
            arrives = gap / speed
            leaves = arrives + (note.s1 - note.s0 + driver.front + driver.rear) / speed
            if comes < min(SOON_S, leaves + APART_S) and goes > arrives - APART_S:
                wanted = wanted_gap(driver, vehicle.speed, 0.0, CROSSING_HEADWAY_S)
                worst = max(worst, wanted / max(gap - SHORT_OF_M + driver.gap, TOUCHING_M))
        base += lanes.lanes[lane].length
        if k + 1 >= WAYS or vehicle.ways[k + 1] == NONE:
            break
        lane = vehicle.ways[k + 1]
    return worst
