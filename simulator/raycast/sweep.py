"""Splits of few records by trying all of them: sorted once along each axis, and kept so from split to split.

As Wald, Boulos and Shirley do for whole scenes ("Ray Tracing Deformable Scenes Using Dynamic Bounding Volume
Hierarchies", 2007, section 4). Here, near the leaves, it is what fills blocks: bins seldom have a border where eight
triangles end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from simulator.numerics.jit import kernel
from simulator.numerics.memory import fetch_add, load, load_float, load_int, local_memory, store, store_float, store_int
from simulator.numerics.simd import greatest, minimum, splat, swap_halves, with_lane
from simulator.raycast.layout import MAX_SAH_DEPTH

SMALL = 128  # greatest number of records
RECORD = 8  # floats a record
LEAF = -1
ZERO, INFINITE = np.float32(0), np.float32(np.inf)
# Boxes are taken to be wider by this part of the greatest extent of what is split, as they are for tiles of rays that
# have a width themselves. Fuller blocks win by it. (Fitted to the steps of tiles and of single rays on streets.)
WIDER = np.float32(0.1)

records_memory = local_memory(types.float32, SMALL * RECORD)
orders_memory = local_memory(types.int32, 3 * SMALL)
spare_memory = sides_memory = counts_memory = stack_memory = local_memory(types.int32, SMALL + 1)
keys_memory = costs_memory = fees_memory = local_memory(types.float32, SMALL + 1)
row_memory = local_memory(types.float32, RECORD)


class Few(NamedTuple):
    """Room for a range of at most `SMALL` records, which are known by their places in it.

    Attributes:
        records: a copy of them.
        orders: their places, sorted along x, then along y, then along z.
        spare, sides, counts, stack: int32 each.
        keys, costs: float32 each.
        fees: `fee` of each number of records.
        row: of eight floats.
    """

    records: Any
    orders: Any
    spare: Any
    sides: Any
    counts: Any
    stack: Any
    keys: Any
    costs: Any
    fees: Any
    row: Any


@kernel(inline=True)
def fee(count):
    """What it costs to enter a box with so many records.

    One that fills n blocks of eight triangles costs n^0.75: the more there are, the smaller a part of them is visited.
    (The exponent is fitted to what rays visited in several scenes; the usual one is 1.)
    """
    blocks = np.float32((count + 7) // 8)
    return np.sqrt(blocks * np.sqrt(blocks))


@kernel(inline=True)
def fill_fees(fees):
    """Write the fees of all numbers of records."""
    for count in range(SMALL + 1):
        store_float(fees, count, fee(count))


@kernel(inline=True, fastmath=False)
def _sort(few, count, axis, low, scale):
    """Sort the records along an axis: by `SMALL` bins, then exactly, by insertion; equal ones in their order."""
    records, order, keys, counts = few.records, axis * SMALL, few.keys, few.counts
    for k in range(SMALL):
        store_int(counts, k, 0)
    for k in range(count):
        key = load_float(records, k * RECORD + axis) - load_float(records, k * RECORD + 4 + axis)
        store_float(keys, k, key)
        into = np.int64((key - low) * scale)
        store_int(few.spare, k, into)
        store_int(counts, into, load_int(counts, into) + 1)
    start = np.int32(0)
    for k in range(SMALL):
        number = load_int(counts, k)
        store_int(counts, k, start)
        start += number
    for k in range(count):
        into = np.int64(load_int(few.spare, k))
        place = load_int(counts, into)
        store_int(counts, into, place + 1)
        store_int(few.orders, order + place, k)
    for k in range(1, count):
        number = load_int(few.orders, order + k)
        key, place = load_float(keys, number), k
        while place > 0 and load_float(keys, load_int(few.orders, order + place - 1)) > key:
            store_int(few.orders, order + place, load_int(few.orders, order + place - 1))
            place -= 1
        store_int(few.orders, order + place, number)


@kernel(inline=True, fastmath=False)
def _wider_half_area(box, wider, row):
    """Half the surface of a box (upper corner negated) that is `wider` in all directions."""
    store(row, 0, wider - (box + swap_halves(box)))
    x, y, z = load_float(row, 0), load_float(row, 1), load_float(row, 2)
    return x * y + (y * z + z * x)


@kernel(inline=True, fastmath=False)
def _best_split(few, first, count, wider):
    """(axis, how many go to the left) for the least cost; 0 to the left where no cost is finite."""
    records, best, best_axis, best_left = few.records, INFINITE, 0, 0
    for axis in range(3):
        order, box = axis * SMALL + first, splat(INFINITE)
        for k in range(count - 1, 0, -1):
            box = minimum(box, load(records, load_int(few.orders, order + k) * RECORD))
            store_float(few.costs, k, _wider_half_area(box, wider, few.row) * load_float(few.fees, count - k))
        box = splat(INFINITE)
        for k in range(1, count):
            box = minimum(box, load(records, load_int(few.orders, order + k - 1) * RECORD))
            cost = _wider_half_area(box, wider, few.row) * load_float(few.fees, k) + load_float(few.costs, k)
            if cost < best:
                best, best_axis, best_left = cost, axis, k
    return best_axis, best_left


@kernel(inline=True)
def _divide(few, first, count, axis, to_left):
    """Let the first `to_left` of a range along an axis be the first along the others too, else in their order."""
    for k in range(count):
        store_int(few.sides, load_int(few.orders, axis * SMALL + first + k), 1 if k >= to_left else 0)
    for other in range(3):
        if other == axis:
            continue
        order = other * SMALL + first
        left, right = np.int64(0), np.int64(0)
        for k in range(count):
            number = load_int(few.orders, order + k)
            side = np.int64(load_int(few.sides, number))
            store_int(few.orders, order + left, number)
            store_int(few.spare, right, number)
            left, right = left + 1 - side, right + side
        for k in range(right):
            store_int(few.orders, order + left + k, load_int(few.spare, k))


@kernel(inline=True)
def _box_of(few, start, stop):
    """Bounds of records `start` to `stop` along x."""
    box = splat(INFINITE)
    for k in range(start, stop):
        box = minimum(box, load(few.records, load_int(few.orders, k) * RECORD))
    return box


@kernel(inline=True)
def split_few(records, tree, root, few, leaf_size, low_row, scale_row):
    """Split a node of at most `SMALL` records, and what comes of it, until all have at most `leaf_size`.

    The rows tell the least centre, doubled, along each axis, and `SMALL` bins per unit.
    """
    start, total = np.int64(load_int(tree.first, root)), np.int64(load_int(tree.size, root))
    for k in range(total):
        store(few.records, k * RECORD, load(records, (start + k) * RECORD))
    for axis in range(3):
        _sort(few, total, axis, load_float(low_row, axis), load_float(scale_row, axis))
    store_int(few.stack, 0, root)
    waiting = 1
    while waiting > 0:
        waiting -= 1
        node = np.int64(load_int(few.stack, waiting))
        first, count = np.int64(load_int(tree.first, node)) - start, np.int64(load_int(tree.size, node))
        bounds, depth = load(tree.bounds, node * RECORD), load_int(tree.depth, node)
        width = with_lane(with_lane(ZERO - (bounds + swap_halves(bounds)), 3, ZERO), 7, ZERO)
        axis, to_left = 0, np.int64(0)
        if depth < MAX_SAH_DEPTH:
            axis, to_left = _best_split(few, first, count, splat(WIDER * greatest(width)))
        if to_left == 0:
            axis, to_left = 0, count // 2
        _divide(few, first, count, axis, to_left)
        left = fetch_add(tree.used, 0, 2)
        store_int(tree.left, node, left)
        for side in range(2):
            child, begin = left + side, first + side * to_left
            size = count - to_left if side else to_left
            store(tree.bounds, child * RECORD, _box_of(few, begin, begin + size))
            store_int(tree.left, child, LEAF)
            store_int(tree.first, child, start + begin)
            store_int(tree.size, child, size)
            store_int(tree.depth, child, depth + 1)
            if size > leaf_size:
                store_int(few.stack, waiting, child)
                waiting += 1
    for k in range(total):
        store(records, (start + k) * RECORD, load(few.records, load_int(few.orders, k) * RECORD))
