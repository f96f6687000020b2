"""Binary hierarchy by the binned surface-area heuristic (Wald, "On fast Construction of SAH-based Bounding Volume
Hierarchies", 2007).

Every triangle, and every box, is one 32-byte record: low x, y, z, an int32 id, then the *negated* high x, y, z and
zero. With the upper corner negated one vector minimum grows both corners, and record minus its swapped halves is
(c, -c) with c = low + high, twice the centre, whose minimum in turn bounds the centres. Records are partitioned in
place, so a node is a range of them.

The shape of the tree does not depend on the number of threads, only the numbers of its nodes do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.simd import (
    fetch_add,
    load,
    load_float,
    load_int,
    minimum,
    splat,
    store,
    store_int,
    store_ints,
    swap_halves,
    truncate,
)
from simulator.raycast.layout import F32, I32, MAX_SAH_DEPTH, aligned
from simulator.raycast.schedule import share

RECORD = 8  # floats a record
BINS = 16


class BinaryTree(NamedTuple):
    """A binary hierarchy over records; node 0 is the root.

    Attributes:
        bounds: 8 floats a node, as in a record.
        left: left child (the right one follows it), -1 at a leaf.
        first, size: the node's range of records.
        depth: levels above the node.
        used: (1,) int64, number of nodes.
    """

    bounds: F32
    left: I32
    first: I32
    size: I32
    depth: I32
    used: NDArray[np.int64]


@kernel
def triangle_records(vertices, faces, records, start, stop):  # type: ignore[no-untyped-def]
    """Write the records of faces `start` to `stop`; their ids are the face numbers."""
    for face in range(start, stop):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        for axis in range(3):
            x, y, z = vertices[a, axis], vertices[b, axis], vertices[c, axis]
            records[face * RECORD + axis] = min(x, min(y, z))
            records[face * RECORD + 4 + axis] = -max(x, max(y, z))
        store_int(records, face * RECORD + 3, face)
        records[face * RECORD + 7] = np.float32(0)


@kernel(inline=True)
def half_area(bounds, at):  # type: ignore[no-untyped-def]
    """Half the surface of the box whose record starts at `at`."""
    x = -load_float(bounds, at + 4) - load_float(bounds, at)
    y = -load_float(bounds, at + 5) - load_float(bounds, at + 1)
    z = -load_float(bounds, at + 6) - load_float(bounds, at + 2)
    return x * y + y * z + z * x


@kernel(inline=True)
def _leaf_cost(count):  # type: ignore[no-untyped-def]
    """What a leaf of `count` triangles costs: they are tested eight at a time, yet smaller leaves are culled better."""
    return np.float32((count + 3) // 4)


@kernel(inline=True)
def _bin_records(records, first, stop, low, scale, bins, counts, lanes):  # type: ignore[no-untyped-def]
    """Sort the records of a range into `BINS` bins on each axis by their centres."""
    for k in range(3 * BINS):
        store(bins, k * RECORD, splat(np.float32(np.inf)))
        store_int(counts, k, 0)
    for record in range(first, stop):
        bounds = load(records, record * RECORD)
        store_ints(lanes, 0, truncate((bounds - swap_halves(bounds) - low) * scale))
        for axis in range(3):
            into = np.int64(axis * BINS + load_int(lanes, axis))
            store(bins, into * RECORD, minimum(load(bins, into * RECORD), bounds))
            store_int(counts, into, load_int(counts, into) + 1)


@kernel(inline=True)
def _best_split(bins, counts, right_cost, scratch):  # type: ignore[no-untyped-def]
    """(axis, bin) after which to split at the least cost; axis -1 when no split separates anything."""
    best, best_axis, best_bin = np.float32(np.inf), -1, 0
    for axis in range(3):
        box, count = splat(np.float32(np.inf)), 0
        for k in range(BINS - 1, 0, -1):
            box = minimum(box, load(bins, (axis * BINS + k) * RECORD))
            count += counts[axis * BINS + k]
            store(scratch, 0, box)
            right_cost[k] = half_area(scratch, 0) * _leaf_cost(count) if count > 0 else np.float32(np.inf)
        box, count = splat(np.float32(np.inf)), 0
        for k in range(BINS - 1):
            box = minimum(box, load(bins, (axis * BINS + k) * RECORD))
            count += counts[axis * BINS + k]
            if count == 0:
                continue
            store(scratch, 0, box)
            cost = half_area(scratch, 0) * _leaf_cost(count) + right_cost[k + 1]
            if cost < best:
                best, best_axis, best_bin = cost, axis, k
    return best_axis, best_bin


@kernel(inline=True)
def _bin_of(records, record, axis, low, scale, lanes):  # type: ignore[no-untyped-def]
    """The bin of one record: the same arithmetic as `_bin_records`."""
    bounds = load(records, record * RECORD)
    store_ints(lanes, 0, truncate((bounds - swap_halves(bounds) - low) * scale))
    return load_int(lanes, axis)


@kernel(inline=True)
def _partition(records, first, stop, axis, last_left, low, scale, lanes):  # type: ignore[no-untyped-def]
    """Move the records of bins <= `last_left` to the front of the range; returns where the others start."""
    left, right = first, stop - 1
    while True:
        while left <= right and _bin_of(records, left, axis, low, scale, lanes) <= last_left:
            left += 1
        while left <= right and _bin_of(records, right, axis, low, scale, lanes) > last_left:
            right -= 1
        if left >= right:
            return left
        kept = load(records, left * RECORD)
        store(records, left * RECORD, load(records, right * RECORD))
        store(records, right * RECORD, kept)
        left += 1
        right -= 1


@kernel(fastmath=False)
def split(records, tree, jobs, cursor, leaf_size, stop_size):  # type: ignore[no-untyped-def]
    """Worker: take nodes from `jobs` and split them until every range has at most `leaf_size` records.

    Ranges of at most `stop_size` records are left unsplit, to be jobs of a later round.
    """
    bins = np.empty(3 * BINS * RECORD, np.float32)
    counts = np.empty(3 * BINS, np.int32)
    right_cost = np.empty(BINS, np.float32)
    scratch, low_row, scale_row = np.empty(8, np.float32), np.empty(8, np.float32), np.zeros(8, np.float32)
    lanes = np.empty(8, np.int32)
    stack = np.empty(2 * (MAX_SAH_DEPTH + 32), np.int32)
    while True:
        job = fetch_add(cursor, 0, 1)
        if job >= jobs.shape[0]:
            break
        stack[0], waiting = jobs[job], 1
        while waiting > 0:
            waiting -= 1
            node = np.int64(stack[waiting])
            first, count = np.int64(tree.first[node]), np.int64(tree.size[node])
            box, centres = splat(np.float32(np.inf)), splat(np.float32(np.inf))
            for record in range(first, first + count):
                bounds = load(records, record * RECORD)
                box = minimum(box, bounds)
                centres = minimum(centres, bounds - swap_halves(bounds))
            store(tree.bounds, node * RECORD, box)
            tree.left[node] = -1
            if count <= leaf_size or count <= stop_size:
                continue
            store(low_row, 0, centres)
            extent = np.float32(0)
            for axis in range(3):
                width = -low_row[4 + axis] - low_row[axis]
                # A little below BINS, so that the greatest centre falls into the last bin.
                scale_row[axis] = np.float32(0.9999 * BINS) / width if width > np.float32(1e-30) else np.float32(0)
                extent = max(extent, width)
            middle = first
            if extent > np.float32(1e-30) and tree.depth[node] < MAX_SAH_DEPTH:
                # Lanes 3 to 7 are not positions: their scale is zero, and they are not read.
                low, scale = load(low_row, 0), load(scale_row, 0)
                _bin_records(records, first, first + count, low, scale, bins, counts, lanes)
                axis, last_left = _best_split(bins, counts, right_cost, scratch)
                if axis >= 0:
                    middle = _partition(records, first, first + count, axis, last_left, low, scale, lanes)
            if middle == first or middle == first + count:
                middle = first + count // 2
            left = fetch_add(tree.used, 0, 2)
            tree.left[node] = left
            tree.first[left], tree.size[left] = first, middle - first
            tree.first[left + 1], tree.size[left + 1] = middle, first + count - middle
            tree.depth[left] = tree.depth[left + 1] = tree.depth[node] + 1
            stack[waiting], stack[waiting + 1] = left, left + 1
            waiting += 2


def build_binary(records: F32, leaf_size: int, threads: int) -> BinaryTree:
    """Binary tree over one or more records, which are reordered; leaves hold at most `leaf_size` of them."""
    count = records.size // RECORD
    most = 2 * count
    left, first, counts, depth = (np.empty(most, np.int32) for _ in range(4))
    tree = BinaryTree(aligned(most * RECORD), left, first, counts, depth, np.ones(1, np.int64))
    tree.first[0], tree.size[0], tree.depth[0] = 0, count, 0
    jobs = np.zeros(1, np.int32)
    # Rounds of ever smaller ranges: one split, then some tens of ranges, then all the rest.
    rounds = (count - 1, count // 32, 0) if threads > 1 and count > 20_000 else (0,)
    for stop_size in rounds:
        share(split, threads if len(jobs) > 1 else 1, (records, tree, jobs), (leaf_size, stop_size))
        used = int(tree.used[0])
        jobs = np.flatnonzero((tree.left[:used] < 0) & (tree.size[:used] > leaf_size)).astype(np.int32)
        if not len(jobs):
            break
    return tree
