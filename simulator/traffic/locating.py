"""Where on the lanes a vehicle is that something else moves: found from where it was a step before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.traffic.lane_map import NONE, Lanes, along_left, along_right, half_width_at, sample_at
from simulator.traffic.state import WAYS

CELL_M = 8.0  # side of a cell of the index
LOST_M = 3.0  # beyond the edge of its lane a vehicle is looked for anew
NEARER_M = 0.2  # by which another way out of the same lane must be nearer
ACROSS_M = 10.0  # that a lane across to a vehicle counts as farther away


class LaneIndex(NamedTuple):
    """Samples of lanes by the cell of a grid that they lie in.

    Attributes:
        first: (rows * columns + 1,) where those of a cell begin, cell by cell.
        lanes: (N,) lane of each.
        s: (N,) m along it.
        low: (2,) x and y of the corner of the first cell.
        columns: in a row of the grid.
    """

    first: NDArray[np.int64]
    lanes: NDArray[np.int64]
    s: NDArray[np.float64]
    low: NDArray[np.float64]
    columns: int


def lane_index(lanes: Lanes) -> LaneIndex:
    """The index of all lanes of a map."""
    rows, samples = lanes.lanes, lanes.samples
    number = np.repeat(np.arange(len(rows)), rows["samples"])
    s = (np.arange(len(samples)) - rows["first"][number]) * rows["step"][number]
    xy = np.stack([samples["x"], samples["y"]], axis=-1)
    low = xy.min(0) - CELL_M
    column, row = ((xy - low) / CELL_M).astype(np.int64).T
    columns = int(column.max()) + 2
    cell = row * columns + column
    order = np.argsort(cell, kind="stable")
    first = np.searchsorted(cell[order], np.arange((int(row.max()) + 2) * columns + 1))
    return LaneIndex(first.astype(np.int64), number[order], s[order], low, columns)


@kernel
def project(lanes, lane, s, x, y):
    """Place s, d on a lane, from a guess `s` near it, of the point x, y; beyond its ends straight on."""
    aside, square = 0.0, 1.0
    for _ in range(3):
        i, u = sample_at(lanes, lane, s)
        a, b = lanes.samples[i], lanes.samples[i + 1]
        step = lanes.lanes[lane].step
        tx, ty = b.x - a.x, b.y - a.y
        dx, dy = x - a.x - u * tx, y - a.y - u * ty
        square = max(tx * tx + ty * ty, 1e-12)
        along = (dx * tx + dy * ty) * step / square
        aside = dy * tx - dx * ty
        s += along
        if abs(along) < 0.01:
            break
    return s, aside / np.sqrt(square)


@kernel(inner=True)
def nearest_lane(lanes, index, x, y, yaw):
    """Lane nearest to a point in the cells about it, and s there; lanes of another heading count as farther away."""
    best, lane, s = np.inf, NONE, 0.0
    column, row = int((x - index.low[0]) / CELL_M), int((y - index.low[1]) / CELL_M)
    rows = (index.first.shape[0] - 1) // index.columns
    for r in range(max(row - 1, 0), min(row + 2, rows)):
        for c in range(max(column - 1, 0), min(column + 2, index.columns)):
            for n in range(index.first[r * index.columns + c], index.first[r * index.columns + c + 1]):
                i, _ = sample_at(lanes, index.lanes[n], index.s[n])
                a = lanes.samples[i]
                cost = np.hypot(x - a.x, y - a.y) + ACROSS_M * 0.5 * (1.0 - np.cos(yaw - a.heading))
                if cost < best:
                    best, lane, s = cost, index.lanes[n], index.s[n]
    return lane, s


@kernel(inner=True)
def _over_the_ends(lanes, vehicle, s, d):
    """Follow the lanes ahead or behind where `s` is beyond the end of the vehicle's; s and d there."""
    for _ in range(WAYS):
        row = lanes.lanes[vehicle.lane]
        ahead = s > row.length
        first, count = (row.next, row.nexts) if ahead else (row.previous, row.previouses)
        if (not ahead and s >= 0.0) or count == 0:
            break
        best = NONE
        if ahead and vehicle.ways[0] != NONE:
            best = vehicle.ways[0]
            for k in range(WAYS - 1):
                vehicle.ways[k] = vehicle.ways[k + 1]
            vehicle.ways[WAYS - 1] = NONE
        else:
            least = np.inf
            for n in range(first, first + count):
                other = lanes.links[n]
                _, aside = project(
                    lanes, other, s - row.length if ahead else s + lanes.lanes[other].length, vehicle.x, vehicle.y
                )
                if abs(aside) < least:
                    best, least = other, abs(aside)
            vehicle.ways[:] = NONE
        s = s - row.length if ahead else s + lanes.lanes[best].length
        vehicle.lane = best
        s, d = project(lanes, best, s, vehicle.x, vehicle.y)
    return s, d


@kernel(inner=True)
def _beside(lanes, vehicle, s, d):
    """Change to the lane to the left or right, or to another way out of the same lane, where that is nearer."""
    row, half = lanes.lanes[vehicle.lane], half_width_at(lanes, vehicle.lane, s)
    other, guess = NONE, s
    if d > half and row.left != NONE:
        other, guess = row.left, along_left(lanes, vehicle.lane, s)
    elif d < -half and row.right != NONE:
        other, guess = row.right, along_right(lanes, vehicle.lane, s)
    if other != NONE:
        vehicle.lane = other
        vehicle.ways[:] = NONE
        return project(lanes, other, guess, vehicle.x, vehicle.y)
    if row.previouses == 0 or abs(d) < NEARER_M:
        return s, d
    before = lanes.lanes[lanes.links[row.previous]]
    for n in range(before.next, before.next + before.nexts):
        other = lanes.links[n]
        if other == vehicle.lane:
            continue
        there, aside = project(lanes, other, s, vehicle.x, vehicle.y)
        if abs(aside) < abs(d) - NEARER_M:
            vehicle.lane, s, d = other, there, aside
            vehicle.ways[:] = NONE
    return s, d


@kernel
def locate(lanes, index, vehicle):
    """Fill in lane, s, d, z of a vehicle from its pose; its lanes ahead are forgotten where it has left its way.

    Args:
        lanes: Lanes.
        index: LaneIndex.
        vehicle: VEHICLE_DTYPE record. Its lane is NONE where none is near.
    """
    s, d = vehicle.s, vehicle.d
    if vehicle.lane != NONE:
        s, d = project(lanes, vehicle.lane, s, vehicle.x, vehicle.y)
        s, d = _over_the_ends(lanes, vehicle, s, d)
        s, d = _beside(lanes, vehicle, s, d)
    if vehicle.lane == NONE or abs(d) > half_width_at(lanes, vehicle.lane, s) + LOST_M:
        found, guess = nearest_lane(lanes, index, vehicle.x, vehicle.y, vehicle.yaw)
        if found != NONE and found != vehicle.lane:
            vehicle.lane = found
            vehicle.ways[:] = NONE
            s, d = project(lanes, found, guess, vehicle.x, vehicle.y)
    if vehicle.lane == NONE:
        return
    vehicle.s, vehicle.d = min(max(s, 0.0), lanes.lanes[vehicle.lane].length), d
    i, u = sample_at(lanes, vehicle.lane, vehicle.s)
    vehicle.z = lanes.samples[i].z + u * (lanes.samples[i + 1].z - lanes.samples[i].z)
