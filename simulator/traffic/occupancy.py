"""Who is where: the vehicles on each lane of a world in the order of their places, as linked lists.

A vehicle has entries on its lane, on the lane beside that its body reaches into, and on the lane that it asks to be let
into; a wreck also on whatever else it covers. Entry `e` of A vehicles belongs to vehicle `e % A`, kind `e // A` (OWN,
BESIDE, from COVER on COVERS of them, ASKS).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.traffic.lane_map import NONE, along_left, along_right, half_width_at
from simulator.traffic.state import Control

COVERS = 5  # lanes besides its own that a wreck may cover: junctions have many
OWN, BESIDE, COVER, ASKS = 0, 1, 2, 2 + COVERS
KINDS = ASKS + 1
MARGIN_M = 0.15  # that a body reaches over the line before it counts in the next lane

WRECK, WRONG_WAY = int(Control.WRECK), int(Control.WRONG_WAY)

LINE_DTYPE = np.dtype([("first", np.int32), ("last", np.int32)])  # entries of a lane with the least and most s, or NONE
ENTRY_DTYPE = np.dtype(
    [
        ("lane", np.int64),  # NONE: not in use
        ("s", np.float64),
        ("ahead", np.int32),  # entry in front on the same lane, or NONE
        ("behind", np.int32),
    ]
)


class Occupancy(NamedTuple):
    """Of W worlds with L lanes and A vehicles each.

    Attributes:
        lines: (W, L) LINE_DTYPE.
        entries: (W, KINDS * A) ENTRY_DTYPE.
    """

    lines: NDArray[np.void]
    entries: NDArray[np.void]


def empty_occupancy(worlds: int, lanes: int, vehicles: int) -> Occupancy:
    """Of worlds without vehicles."""
    lines = np.full((worlds, lanes), NONE, np.int32).repeat(2, axis=1).view(LINE_DTYPE)
    entries = np.zeros((worlds, KINDS * vehicles), ENTRY_DTYPE)
    entries["lane"] = NONE
    return Occupancy(lines, entries)


@kernel
def put(lines, entries, e, lane, s):
    """Put entry `e` on a lane of a world, in front of those that are as far."""
    own = entries[e]
    own.lane, own.s = lane, s
    ahead, behind = NONE, lines[lane].last
    while behind != NONE and entries[behind].s > s:
        ahead, behind = behind, entries[behind].behind
    own.ahead, own.behind = ahead, behind
    if behind == NONE:
        lines[lane].first = e
    else:
        entries[behind].ahead = e
    if ahead == NONE:
        lines[lane].last = e
    else:
        entries[ahead].behind = e


@kernel
def take(lines, entries, e):
    """Take entry `e` off its lane, if it is on one."""
    own = entries[e]
    if own.lane == NONE:
        return
    if own.behind == NONE:
        lines[own.lane].first = own.ahead
    else:
        entries[own.behind].ahead = own.ahead
    if own.ahead == NONE:
        lines[own.lane].last = own.behind
    else:
        entries[own.ahead].behind = own.behind
    own.lane = NONE


@kernel(inner=True)
def find_beside(lanes, vehicle, driver):
    """Fill in the lane beside that a body reaches into."""
    vehicle.beside = NONE
    row = lanes.lanes[vehicle.lane]
    over = abs(vehicle.d) + driver.half_width - MARGIN_M - half_width_at(lanes, vehicle.lane, vehicle.s)
    if over > 0.0 and abs(vehicle.d) > MARGIN_M:
        if vehicle.d > 0.0 and row.left != NONE:
            vehicle.beside, vehicle.beside_s = row.left, along_left(lanes, vehicle.lane, vehicle.s)
        if vehicle.d < 0.0 and row.right != NONE:
            vehicle.beside, vehicle.beside_s = row.right, along_right(lanes, vehicle.lane, vehicle.s)


@kernel(inner=True)
def enter(lanes, lines, entries, vehicles, drivers, i):
    """Put vehicle `i` on its lane, the one that it reaches into, and the one that it asks for."""
    count, vehicle = len(vehicles), vehicles[i]
    s = vehicle.s
    if vehicle.control == WRONG_WAY:  # its front is where others have their rear
        s += drivers[i].rear - drivers[i].front
    put(lines, entries, OWN * count + i, vehicle.lane, s)
    find_beside(lanes, vehicle, drivers[i])
    if vehicle.beside != NONE:
        put(lines, entries, BESIDE * count + i, vehicle.beside, vehicle.beside_s)
    row = lanes.lanes[vehicle.lane]
    if vehicle.asks > 0 and row.left != NONE:
        put(lines, entries, ASKS * count + i, row.left, along_left(lanes, vehicle.lane, vehicle.s))
    if vehicle.asks < 0 and row.right != NONE:
        put(lines, entries, ASKS * count + i, row.right, along_right(lanes, vehicle.lane, vehicle.s))


@kernel
def occupy(lanes, lines, entries, vehicles, drivers):
    """Put all vehicles of a world on the lanes anew; what wrecks cover stays (`wrecks.cover`).

    Args:
        lanes: Lanes.
        lines, entries: of this world, see Occupancy.
        vehicles, drivers: (A,) VEHICLE_DTYPE, DRIVER_DTYPE.
    """
    count = len(vehicles)
    for e in range(len(entries)):
        if entries[e].lane != NONE:
            lines[entries[e].lane].first = NONE
            lines[entries[e].lane].last = NONE
            if not COVER * count <= e < ASKS * count or vehicles[e % count].control != WRECK:
                entries[e].lane = NONE
    for i in range(len(vehicles)):
        if vehicles[i].lane != NONE:
            enter(lanes, lines, entries, vehicles, drivers, i)
    for e in range(COVER * count, ASKS * count):
        if entries[e].lane != NONE:
            put(lines, entries, e, entries[e].lane, entries[e].s)
