"""Binary hierarchy by the binned surface-area heuristic (Wald, "On fast Construction of SAH-based Bounding Volume
Hierarchies", 2007).

Every triangle, and every box, is one 32-byte record: low x, y, z, an int32 id, then the *negated* high x, y, z and
zero. With the upper corner negated one vector minimum grows both corners, and record minus its swapped halves is
(c, -c) with c = low + high, twice the centre, whose minimum in turn bounds the centres. A node is a range of records.

The shape of the tree does not depend on the number of threads, only the numbers of its nodes do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba.core import types
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    fetch_add,
    load,
    load_float,
    load_int,
    local_memory,
    pointer,
    store,
    store_float,
    store_int,
    store_ints,
    store_minimum,
)
from simulator.numerics.simd import (
    greatest,
    lowered,
    minimum,
    select,
    splat,
    swap_halves,
    truncate,
    with_lane,
)
from simulator.raycast import sweep
from simulator.raycast.layout import F32, I32, MAX_DEPTH, MAX_SAH_DEPTH, aligned
from simulator.raycast.schedule import share
from simulator.raycast.sweep import INFINITE, LEAF, RECORD, SMALL, ZERO, Few, fee, fill_fees, split_few

# Bins an axis: `BINS` for ranges of at most `LARGE` records, then `MOST_BINS`.
LARGE = 1024
BINS, MOST_BINS = 32, 64
SAMPLE, SAMPLED = 3, 8192  # of ranges greater than `SAMPLED` every other record is binned, or every `SAMPLE`-th
UNBOUNDED = -2  # instead of a left child: a leaf so far whose bounds are not known yet
ONE, LEAST_EXTENT = np.float32(1), np.float32(1e-30)

bins_memory = local_memory(types.float32, 2 * 3 * MOST_BINS * RECORD)
counts_memory = local_memory(types.int32, 3 * MOST_BINS)
cost_memory = local_memory(types.float32, MOST_BINS)
row_memory = local_memory(types.float32, RECORD)
stack_memory = local_memory(types.int32, 2 * MAX_DEPTH)


class BinaryTree(NamedTuple):
    """A binary hierarchy over records; node 0 is the root.

    Attributes:
        bounds: 8 floats a node, as in a record.
        centres: likewise, bounds of twice the centres of the node's records.
        left: left child (the right one follows it), -1 at a leaf.
        first, size: the node's range of records.
        depth: levels above the node.
        used: (1,) int64, number of nodes.
    """

    bounds: F32
    centres: F32
    left: I32
    first: I32
    size: I32
    depth: I32
    used: NDArray[np.int64]


@kernel
def triangle_records(start, stop, vertices, faces, records):
    """Write the records of faces `start` to `stop`; their ids are the face numbers."""
    vertices, faces, records = pointer(vertices), pointer(faces), pointer(records)
    for face in range(start, stop):
        at = face * RECORD
        a = 3 * np.int64(load_int(faces, 3 * face))
        b = 3 * np.int64(load_int(faces, 3 * face + 1))
        c = 3 * np.int64(load_int(faces, 3 * face + 2))
        for axis in range(3):
            x, y, z = load_float(vertices, a + axis), load_float(vertices, b + axis), load_float(vertices, c + axis)
            store_float(records, at + axis, min(x, min(y, z)))
            store_float(records, at + 4 + axis, -max(x, max(y, z)))
        store_int(records, at + 3, face)
        store_float(records, at + 7, ZERO)


@kernel(inline=True)
def half_area(bounds, at):
    """Half the surface of the box whose record starts at `at`."""
    x = -load_float(bounds, at + 4) - load_float(bounds, at)
    y = -load_float(bounds, at + 5) - load_float(bounds, at + 1)
    z = -load_float(bounds, at + 6) - load_float(bounds, at + 2)
    return x * y + y * z + z * x


# Strict arithmetic from here on: where a record goes must not differ between binning and partition.
@kernel(inline=True, fastmath=False)
def _bin_records(records, first, stop, number, low, scale, bins, counts, lanes):
    """Sort the records of a range, or a sample of them, into `number` bins on each axis by their centres.

    Neighbours often fall into one bin, whose next update would have to wait for the last: two streams with bins of
    their own take turns. The middle record of an odd number is met twice.
    """
    other = 3 * number
    for k in range(2 * other):
        store(bins, k * RECORD, splat(INFINITE))
    for k in range(other):
        store_int(counts, k, 0)
    half, every = (stop - first + 1) // 2, 1 + (stop - first) // SAMPLED
    for record in range(first, first + half, min(SAMPLE, every)):
        for stream in range(2):
            bounds = load(records, (record + stream * (stop - half - first)) * RECORD)
            store_ints(lanes, 0, truncate((bounds - swap_halves(bounds) - low) * scale))
            for axis in range(3):
                into = np.int64(axis * number + load_int(lanes, axis))
                store_minimum(bins, (stream * other + into) * RECORD, bounds)
                store_int(counts, into, load_int(counts, into) + 1)
    for k in range(other):
        store_minimum(bins, k * RECORD, load(bins, (other + k) * RECORD))


@kernel(inline=True)
def _best_split(number, bins, counts, right_cost, scratch):
    """(axis, bin) after which to split at the least cost; axis -1 when no split separates anything."""
    best, best_axis, best_bin = INFINITE, -1, 0
    for axis in range(3):
        for back in range(2):  # from the right, then from the left
            box, count = splat(INFINITE), np.int32(0)
            for step in range(number - 1):
                k = step if back else number - 1 - step
                box = minimum(box, load(bins, (axis * number + k) * RECORD))
                count += load_int(counts, axis * number + k)
                store(scratch, 0, box)
                cost = half_area(scratch, 0) * fee(count) if count > 0 else INFINITE
                if back == 0:
                    store_float(right_cost, k, cost)
                elif cost + load_float(right_cost, k + 1) < best:
                    best, best_axis, best_bin = cost + load_float(right_cost, k + 1), axis, k
    return best_axis, best_bin


@kernel(inline=True, fastmath=False)
def _partition(records, spare, first, stop, axis, low, scale, limit, tree, left):
    """Move the records with (centre - low) * scale < limit on an axis to the front; returns where the others start.

    The bounds of both sides go to nodes `left` and `left + 1`. Without branches: none could be predicted.
    """
    to, spared = first, first
    box_left = box_right = centres_left = centres_right = splat(INFINITE)
    for record in range(first, stop):
        bounds = load(records, record * RECORD)
        centre = bounds - swap_halves(bounds)
        twice = load_float(records, record * RECORD + axis) - load_float(records, record * RECORD + 4 + axis)
        place = (twice - low) * scale
        goes_left, is_left, is_right = np.int64(place < limit), splat(place) < limit, splat(place) >= limit
        store(records, to * RECORD, bounds)
        store(spare, spared * RECORD, bounds)
        to += goes_left
        spared += 1 - goes_left
        box_left, centres_left = lowered(is_left, box_left, bounds), lowered(is_left, centres_left, centre)
        box_right, centres_right = lowered(is_right, box_right, bounds), lowered(is_right, centres_right, centre)
    for k in range(stop - to):
        store(records, (to + k) * RECORD, load(spare, (first + k) * RECORD))
    store(tree.bounds, left * RECORD, box_left)
    store(tree.centres, left * RECORD, centres_left)
    store(tree.bounds, left * RECORD + RECORD, box_right)
    store(tree.centres, left * RECORD + RECORD, centres_right)
    return to


@kernel(inline=True)
def _bin_scale(centres, number, low_row, scale_row):
    """Fill `scale_row` with bins per unit on each axis, 0 where all centres are equal; returns the greatest extent."""
    width = ZERO - (centres + swap_halves(centres))
    width = with_lane(with_lane(width, 3, ZERO), 7, ZERO)  # which are no axes
    # A little below the number, so that the greatest centre falls into the last bin.
    scale = np.float32(0.9999) * np.float32(number) / width
    store(low_row, 0, centres)
    store(scale_row, 0, select(width > LEAST_EXTENT, scale, splat(ZERO)))
    return greatest(width)


@kernel(inline=True)
def raw_tree(tree):
    """The tree as pointers."""
    return BinaryTree(
        pointer(tree.bounds),
        pointer(tree.centres),
        pointer(tree.left),
        pointer(tree.first),
        pointer(tree.size),
        pointer(tree.depth),
        pointer(tree.used),
    )


@kernel(inline=True)
def list_nodes(tree, root, order, start, stop):
    """Write the nodes of a subtree, parents before children, from `start` on; returns their number.

    There must be room for as many before `stop`: those that wait to be listed are kept at the end.
    """
    number, top = 0, stop - 1
    store_int(order, top, root)
    while top < stop:
        node = np.int64(load_int(order, top))
        top += 1
        store_int(order, start + number, node)
        number += 1
        left = load_int(tree.left, node)
        if left >= 0:
            store_int(order, top - 1, left + 1)
            store_int(order, top - 2, left)
            top -= 2
    return number


@kernel(inline=True)
def _set_node(tree, node, left, first, stop, depth):
    """Make a node of a range of records; `left` is LEAF or UNBOUNDED until it is split."""
    store_int(tree.left, node, left)
    store_int(tree.first, node, first)
    store_int(tree.size, node, stop - first)
    store_int(tree.depth, node, depth)


@kernel
def split(records, spare, tree, jobs, cursor, leaf_size, stop_size):
    """Worker: take nodes from `jobs` and split them until every range has at most `leaf_size` records.

    Ranges of at most `stop_size` records are left unsplit, to be jobs of a later round. `spare` is as large as
    `records`.
    """
    bins, counts, right_cost = bins_memory(), counts_memory(), cost_memory()
    scratch, low_row, scale_row, lanes = row_memory(), row_memory(), row_memory(), row_memory()
    few = Few(
        sweep.records_memory(), sweep.orders_memory(), sweep.spare_memory(), sweep.sides_memory(),
        sweep.counts_memory(), sweep.stack_memory(), sweep.keys_memory(), sweep.costs_memory(), sweep.fees_memory(),
        sweep.row_memory(),
    )  # fmt: skip
    fill_fees(few.fees)
    stack, job_count = stack_memory(), jobs.shape[0]
    records, spare, tree, jobs = pointer(records), pointer(spare), raw_tree(tree), pointer(jobs)
    while True:
        job = fetch_add(cursor, 0, 1)
        if job >= job_count:
            break
        store_int(stack, 0, load_int(jobs, job))
        waiting = 1
        while waiting > 0:
            waiting -= 1
            node = np.int64(load_int(stack, waiting))
            first, count = np.int64(load_int(tree.first, node)), np.int64(load_int(tree.size, node))
            depth, stop = load_int(tree.depth, node), first + count
            if load_int(tree.left, node) == UNBOUNDED:
                box = centres = splat(INFINITE)
                for record in range(first, stop):
                    bounds = load(records, record * RECORD)
                    box, centres = minimum(box, bounds), minimum(centres, bounds - swap_halves(bounds))
                store(tree.bounds, node * RECORD, box)
                store(tree.centres, node * RECORD, centres)
                store_int(tree.left, node, LEAF)
            if count <= leaf_size or count <= stop_size:
                continue
            number = SMALL if count <= SMALL else BINS if count <= LARGE else MOST_BINS
            extent = _bin_scale(load(tree.centres, node * RECORD), number, low_row, scale_row)
            if count <= SMALL:
                split_few(records, tree, node, few, leaf_size, low_row, scale_row)
                continue
            middle, children, left = first, LEAF, fetch_add(tree.used, 0, 2)
            store_int(tree.left, node, left)
            if extent > LEAST_EXTENT and depth < MAX_SAH_DEPTH:
                # Lanes 3 to 7 are not positions, and not read.
                low, scale = load(low_row, 0), load(scale_row, 0)
                _bin_records(records, first, stop, number, low, scale, bins, counts, lanes)
                axis, last_left = _best_split(number, bins, counts, right_cost, scratch)
                if axis >= 0:
                    low_one, scale_one = load_float(low_row, axis), load_float(scale_row, axis)
                    limit = np.float32(last_left + 1)
                    middle = _partition(records, spare, first, stop, axis, low_one, scale_one, limit, tree, left)
            if middle in (first, stop):
                middle, children = first + count // 2, UNBOUNDED
            _set_node(tree, left, children, first, middle, depth + 1)
            _set_node(tree, left + 1, children, middle, stop, depth + 1)
            store_int(stack, waiting, left)
            store_int(stack, waiting + 1, left + 1)
            waiting += 2


def build_binary(records: F32, leaf_size: int, threads: int) -> BinaryTree:
    """Binary tree over one or more records, which are reordered; leaves hold at most `leaf_size` of them."""
    count = records.size // RECORD
    most = 2 * count
    left, first, sizes, depth = (np.empty(most, np.int32) for _ in range(4))
    bounds, centres, spare = aligned(most * RECORD), aligned(most * RECORD), aligned(count * RECORD)
    tree = BinaryTree(bounds, centres, left, first, sizes, depth, np.ones(1, np.int64))
    left[0], first[0], sizes[0], depth[0] = UNBOUNDED, 0, count, 0
    jobs = np.zeros(1, np.int32)
    # Rounds of ever smaller ranges: one split, then some tens of ranges, then all the rest.
    rounds = (count - 1, count // 32, 0) if threads > 1 and count > 20_000 else (0,)
    for stop_size in rounds:
        share(split, threads if len(jobs) > 1 else 1, (records, spare, tree, jobs), (leaf_size, stop_size))
        used = int(tree.used[0])
        jobs = np.flatnonzero((left[:used] < 0) & (sizes[:used] > leaf_size)).astype(np.int32)
        if not len(jobs):
            break
    return tree
