"""Better binary hierarchies by reinsertion: take a node out and put it back where it adds least surface.

The best place is found as by Meister and Bittner, "Parallel Reinsertion for Bounding Volume Hierarchy Optimization"
(2018): up from the node, and at each ancestor down its other child, as long as something better may be found there.
They move many nodes at once and settle conflicts; here subtrees are independent pieces of work, inside which nodes
move one after the other.

Places in memory belong to the tree, and contents move between them: siblings stay side by side. The last float of a
node's box, otherwise unused, holds how many levels are below it, negated.
"""

from __future__ import annotations

import numpy as np
from numba.core import types

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
)
from simulator.numerics.simd import minimum, splat, with_lane
from simulator.raycast.build import ONE, BinaryTree, half_area, list_nodes, raw_tree
from simulator.raycast.layout import MAX_DEPTH
from simulator.raycast.schedule import share
from simulator.raycast.sweep import INFINITE, RECORD, ZERO

SUBTREE = 1 << 15  # greatest number of records in a piece of work
WORTH = np.float32(1e-3)  # part of its parent's surface that a move must save, well above rounding errors
LEVELS = RECORD - 1

places_memory = local_memory(types.int32, MAX_DEPTH + 2)
gains_memory = local_memory(types.float32, MAX_DEPTH + 2)
box_memory = local_memory(types.float32, RECORD)


@kernel(inline=True)
def _parent(parents, node):
    return np.int64(load_int(parents, (node - 1) >> 1))


@kernel(inline=True)
def _best_place(tree, parents, root, node, places, gains, box):
    """The place beside which `node` adds least surface, or -1 where it stays.

    A place's gain is the surface saved by taking the node out less the surface added there. Ancestors that have the
    node below them before and after do not change.
    """
    bounds, at = tree.bounds, node * RECORD
    row, own, parent = load(bounds, at), half_area(bounds, at), _parent(parents, node)
    saved = half_area(bounds, parent * RECORD)
    best, found, pivot = WORTH * saved, np.int64(-1), node
    rest = splat(INFINITE)
    while pivot != root:
        beside = ((pivot - 1) ^ 1) + 1
        store_int(places, 0, beside)
        store_float(gains, 0, saved)
        waiting = 1
        while waiting > 0:
            waiting -= 1
            place, gain = np.int64(load_int(places, waiting)), load_float(gains, waiting)
            if gain - own <= best:
                continue
            store(box, 0, minimum(load(bounds, place * RECORD), row))
            added = half_area(box, 0)
            if gain - added > best:
                best, found = gain - added, place
            # Below it, the place itself grows as well.
            gain -= added - half_area(bounds, place * RECORD)
            left = load_int(tree.left, place)
            if left >= 0 and gain - own > best:
                store_int(places, waiting, left + 1)
                store_float(gains, waiting, gain)
                store_int(places, waiting + 1, left)
                store_float(gains, waiting + 1, gain)
                waiting += 2
        # What is left of the pivot without the node.
        rest = minimum(rest, load(bounds, beside * RECORD))
        store(box, 0, rest)
        pivot = _parent(parents, pivot)
        if pivot != parent:
            area = half_area(bounds, pivot * RECORD)
            saved += area - half_area(box, 0)
            if saved - area > best:
                best, found = saved - area, pivot
    return found


@kernel(inline=True)
def _content(tree, node):
    """What moves: box, left child, range of records."""
    row = load(tree.bounds, node * RECORD)
    return row, load_int(tree.left, node), load_int(tree.first, node), load_int(tree.size, node)


@kernel(inline=True)
def _put(tree, parents, place, content):
    bounds, left, first, size = content
    store(tree.bounds, place * RECORD, bounds)
    store_int(tree.left, place, left)
    store_int(tree.first, place, first)
    store_int(tree.size, place, size)
    if left >= 0:
        store_int(parents, (left - 1) >> 1, place)


@kernel(inline=True)
def _far(bounds, at):
    """How far along x + y + z a box lies."""
    low = load_float(bounds, at) + (load_float(bounds, at + 1) + load_float(bounds, at + 2))
    return low - (load_float(bounds, at + 4) + (load_float(bounds, at + 5) + load_float(bounds, at + 6)))


@kernel(inline=True)
def _move(tree, parents, node, place):
    """Make `node` and what is at `place` siblings there, and the node's sibling take their parent's place."""
    parent = _parent(parents, node)
    pair = np.int64(load_int(tree.left, parent))
    # The lower one first, as the builder does.
    second = np.int64(_far(tree.bounds, place * RECORD) <= _far(tree.bounds, node * RECORD))
    moved = _content(tree, node)
    _put(tree, parents, parent, _content(tree, 2 * pair + 1 - node))
    _put(tree, parents, pair + 1 - second, _content(tree, place))
    _put(tree, parents, pair + second, moved)
    store_int(tree.left, place, pair)
    store_int(parents, (pair - 1) >> 1, place)


@kernel(inline=True)
def _fit(tree, node, one_level):
    """Fit the box of an inner node to its children's."""
    left = np.int64(load_int(tree.left, node))
    both = minimum(load(tree.bounds, left * RECORD), load(tree.bounds, (left + 1) * RECORD))
    store(tree.bounds, node * RECORD, both - one_level)


@kernel
def reinsert(tree, parents, order, roots, cursor):
    """Worker: go once through all places of some subtrees and reinsert what is there.

    Args:
        tree: the binary hierarchy; the record ranges of its inner nodes lose their meaning.
        parents: int32, room for the parent of each pair of siblings.
        order: int32, room for two numbers a record.
        roots: of the subtrees; no two have a node in common.
        cursor: shared counter of subtrees taken.
    """
    places, gains, box, count = places_memory(), gains_memory(), box_memory(), roots.shape[0]
    tree, parents, order, roots = raw_tree(tree), pointer(parents), pointer(order), pointer(roots)
    one_level = with_lane(splat(ZERO), LEVELS, ONE)
    while True:
        job = fetch_add(cursor, 0, 1)
        if job >= count:
            break
        root = np.int64(load_int(roots, job))
        start = 2 * np.int64(load_int(tree.first, root))
        listed = list_nodes(tree, root, order, start, start + 2 * np.int64(load_int(tree.size, root)))
        for k in range(start + listed - 1, start - 1, -1):
            node = np.int64(load_int(order, k))
            left = load_int(tree.left, node)
            if left >= 0:
                store_int(parents, (left - 1) >> 1, node)
                _fit(tree, node, one_level)
        for k in range(start + 1, start + listed):
            node = np.int64(load_int(order, k))
            # Even below the deepest place it must not make the tree too deep.
            levels = load_float(tree.bounds, root * RECORD + LEVELS) + load_float(tree.bounds, node * RECORD + LEVELS)
            if levels <= np.float32(load_int(tree.depth, root) - MAX_DEPTH):
                continue
            place = _best_place(tree, parents, root, node, places, gains, box)
            if place < 0:
                continue
            parent = _parent(parents, node)
            _move(tree, parents, node, place)
            # Up from where it is now, then from where it was.
            at, ends = place, 0
            while ends < 2:
                if load_int(tree.left, at) >= 0:
                    _fit(tree, at, one_level)
                if at == root:
                    at, ends = parent, ends + 1
                else:
                    at = _parent(parents, at)


def optimise(tree: BinaryTree, threads: int) -> None:
    """Reinsert the nodes of a hierarchy that `build_binary` made, within subtrees of at most `SUBTREE` records.

    The record ranges of inner nodes lose their meaning, and the depths of all nodes.
    """
    used = int(tree.used[0])
    left, size = tree.left[:used], tree.size[:used]
    great = np.flatnonzero(size > SUBTREE)
    roots = np.append(0, left[great, None] + np.arange(2))
    roots = roots[(size[roots] <= SUBTREE) & (left[roots] >= 0)]
    roots = roots[np.argsort(-size[roots])].astype(np.int32)  # short work last: threads end together
    if len(roots):
        order, parents = np.empty(2 * int(size[0]), np.int32), np.empty(used, np.int32)
        share(reinsert, min(threads, len(roots)), (tree, parents, order, roots))
