"""From a binary hierarchy to nodes of eight children and blocks of eight triangles.

Which binary nodes become wide ones is planned for the least expected cost by dynamic programming (Ylitie, Karras and
Laine, "Efficient Incoherent Ray Traversal on GPUs Through Compressed Wide BVHs", 2017, section 4). Nodes are numbered
depth first: what is near in space is near in memory, and a child's number is greater than its parent's, so that
refitting is one sweep from last to first.
"""

from __future__ import annotations

import numpy as np
from numba.core import types

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    load,
    load_float,
    load_int,
    load_points,
    local_memory,
    pointer,
    store,
    store_float,
    store_int,
    store_ints,
)
from simulator.numerics.parallel import parallel_for
from simulator.numerics.simd import (
    LANES,
    absolute,
    greatest,
    least,
    minimum,
    select,
    shift,
    splat,
    splat_int,
    truncate,
    with_lane,
)
from simulator.raycast.build import (
    BinaryTree,
    build_binary,
    half_area,
    list_nodes,
    raw_tree,
    triangle_records,
)
from simulator.raycast.layout import (
    BLOCK,
    CHILD,
    F32,
    I32,
    IDS,
    LOW_HIGH,
    NODE,
    SLACK,
    VERTEX,
    Bvh,
    aligned,
    children,
)
from simulator.raycast.reinsert import optimise
from simulator.raycast.schedule import worker_count
from simulator.raycast.sweep import INFINITE, RECORD, ZERO

# A ray from anywhere enters a box as likely as the box's surface is to the whole scene's. But rays start and end where
# there is much to see: so many times as likely as its triangles are to all triangles is added. (Fitted as in `build`.)
CROWD = np.float32(0.3)
CHUNK = 1 << 15  # faces a piece of work

eight_memory = local_memory(types.int32, LANES)
floats_memory = local_memory(types.float32, LANES)
numbers_memory = local_memory(types.int32, 3 * LANES)


@kernel
def plan(tree, count, costs, shares, order):
    """Plan the wide hierarchy of least expected cost, bottom up.

    Args:
        tree: the binary hierarchy, over `count` records; the sizes of its inner nodes are set.
        costs: 8 float32 a binary node, cost of what is below it when it becomes at most k + 1 children of a wide node.
        shares: 8 int32 a node, how many of these come from its left and right child: 16 * left + right; 0 for the node
            itself as the one child.
        order: int32, room for a number a node.
    """
    used, tree, costs, shares, order = tree.used[0], raw_tree(tree), pointer(costs), pointer(shares), pointer(order)
    list_nodes(tree, np.int64(0), order, np.int64(0), used)
    crowd = CROWD * half_area(tree.bounds, 0) / np.float32(count)
    numbers = floats_memory()
    for k in range(LANES):
        store_float(numbers, k, np.float32(k))
    for k in range(used - 1, -1, -1):
        node = np.int64(load_int(order, k))
        row, left, area = node * LANES, np.int64(load_int(tree.left, node)), half_area(tree.bounds, node * RECORD)
        cost, given = splat(ZERO), splat(ZERO)
        store_ints(shares, row, splat_int(0))
        if left >= 0:
            # At most k + 1 children: g + 1 from the left child, k - g from the right one.
            cost, rest = splat(INFINITE), load(costs, (left + 1) * LANES)
            for g in range(LANES - 1):
                rest = with_lane(shift(rest), 0, INFINITE)
                both = rest + load_float(costs, left * LANES + g)
                given, cost = select(both < cost, splat(np.float32(g)), given), minimum(both, cost)
            size = load_int(tree.size, left) + load_int(tree.size, left + 1)
            store_int(tree.size, node, size)
            area += crowd * np.float32(size)
            # As one child it is a wide node of its own, with up to eight children.
            own = splat(least(cost) + area)
            share = given * np.float32(15) + (load(numbers, 0) + np.float32(16))
            store_ints(shares, row, truncate(select(own < cost, splat(ZERO), share)))
            cost = minimum(own, cost)
        store(costs, row, cost)


@kernel(inline=True)
def _open_children(tree, shares, node, chosen, slots):
    """Fill `chosen` with the children a binary node has as a wide node, from right to left; returns their number."""
    if load_int(tree.left, node) < 0:
        store_int(chosen, 0, node)
        return 1
    number, waiting = 0, 1
    store_int(chosen, LANES - 1, node)
    store_int(slots, 0, LANES)
    # `chosen` grows from the front, what is still to be opened from the back: together never more than eight.
    while waiting > 0:
        waiting -= 1
        at = np.int64(load_int(chosen, LANES - 1 - waiting))
        share = load_int(shares, at * LANES + load_int(slots, waiting) - 1)
        if share == 0:
            store_int(chosen, number, at)
            number += 1
            continue
        left = load_int(tree.left, at)
        store_int(chosen, LANES - 1 - waiting, left)
        store_int(slots, waiting, share // 16)
        store_int(chosen, LANES - 2 - waiting, left + 1)
        store_int(slots, waiting + 1, share % 16)
        waiting += 2
    return number


@kernel
def collapse(tree, shares, nodes, block_of_leaf, stack):
    """Write the wide nodes of `tree` as planned; returns their number.

    Nodes are numbered depth first, leaves in the order met: `block_of_leaf[i]` is set to the binary node of leaf i,
    child code `~i`. `stack` has room for two numbers a wide node.
    """
    tree, shares, nodes, block_of_leaf = raw_tree(tree), pointer(shares), pointer(nodes), pointer(block_of_leaf)
    stack, chosen, slots, grown = pointer(stack), eight_memory(), eight_memory(), floats_memory()
    # On the stack: a binary node that becomes a wide one, and as which child of which wide node.
    store_int(stack, 0, 0)
    store_int(stack, 1, 0)
    waiting, used, leaves = 1, 0, 0
    while waiting > 0:
        waiting -= 1
        node, slot = np.int64(load_int(stack, 2 * waiting)), np.int64(load_int(stack, 2 * waiting + 1))
        store_int(nodes, slot // LANES * NODE + CHILD + slot % LANES, used)
        number = _open_children(tree, shares, node, chosen, slots)
        row = used * NODE
        for axis in range(3):
            store(nodes, row + axis * LOW_HIGH, splat(INFINITE))
            store(nodes, row + axis * LOW_HIGH + LANES, splat(-INFINITE))
        store_ints(nodes, row + CHILD, splat_int(-1))
        for k in range(number - 1, -1, -1):  # from left to right
            child = np.int64(load_int(chosen, k))
            # Lanes 3 and 7 are no coordinates.
            bounds = with_lane(with_lane(load(tree.bounds, child * RECORD), 3, ZERO), 7, ZERO)
            store(grown, 0, bounds - SLACK * greatest(absolute(bounds)))
            for axis in range(3):
                store_float(nodes, row + axis * LOW_HIGH + k, load_float(grown, axis))
                store_float(nodes, row + axis * LOW_HIGH + LANES + k, -load_float(grown, 4 + axis))
            if load_int(tree.left, child) < 0:
                store_int(block_of_leaf, leaves, child)
                store_int(nodes, row + CHILD + k, ~leaves)
                leaves += 1
        for k in range(number):  # the last is taken first
            child = np.int64(load_int(chosen, k))
            if load_int(tree.left, child) >= 0:
                store_int(stack, 2 * waiting, child)
                store_int(stack, 2 * waiting + 1, used * LANES + k)
                waiting += 1
        used += 1
    return used


@kernel
def write_blocks(start, stop, leaves, tree, records, vertices, faces, face_ids, blocks):
    """Write blocks `start` to `stop`, one a leaf: its triangles, with the `face_ids` of the faces in the records."""
    leaves, tree, records, face_ids = pointer(leaves), raw_tree(tree), pointer(records), pointer(face_ids)
    vertices, faces, blocks = pointer(vertices), pointer(faces), pointer(blocks)
    numbers = numbers_memory()
    for block in range(start, stop):
        leaf, row = np.int64(load_int(leaves, block)), block * BLOCK
        first, count = np.int64(load_int(tree.first, leaf)), np.int64(load_int(tree.size, leaf))
        for lane in range(LANES):
            face = np.int64(load_int(records, (first + min(lane, count - 1)) * RECORD + 3))
            store_int(blocks, row + IDS + lane, load_int(face_ids, face) if lane < count else -1)
            for corner in range(3):
                vertex = load_int(faces, 3 * face + (corner if lane < count else 0))
                store_int(numbers, corner * LANES + lane, vertex)
        for corner in range(3):
            x, y, z = load_points(vertices, numbers, corner * LANES)
            store(blocks, row + corner * VERTEX, x)
            store(blocks, row + corner * VERTEX + LANES, y)
            store(blocks, row + corner * VERTEX + 2 * LANES, z)


def build(vertices: F32, faces: I32, face_ids: I32, threads: int | None = None) -> Bvh:
    """Hierarchy over one or more triangles; hits report the `face_ids` of the faces."""
    count = len(faces)
    records = aligned(count * RECORD)
    parallel_for(
        lambda start, stop: triangle_records(start, stop, vertices, faces, records), count, chunk=CHUNK, threads=threads
    )
    workers = worker_count(threads, count)
    tree = build_binary(records, LANES, workers)
    optimise(tree, workers)
    leaves = np.empty((int(tree.used[0]) + 1) // 2, np.int32)
    nodes = _widen(tree, count, leaves)
    blocks = aligned(len(leaves) * BLOCK)
    parallel_for(
        lambda start, stop: write_blocks(start, stop, leaves, tree, records, vertices, faces, face_ids, blocks),
        len(leaves),
        chunk=CHUNK // LANES,
        threads=threads,
    )
    return Bvh(nodes, blocks)


def _widen(tree: BinaryTree, count: int, leaves: I32) -> F32:
    """The wide nodes of a binary hierarchy over `count` records; fills `leaves` as `collapse` does."""
    binary = int(tree.used[0])
    costs, shares = aligned(binary * LANES), np.empty(binary * LANES, np.int32)
    plan(tree, count, costs, shares, np.empty(binary, np.int32))
    # Each wide node stands for at least one inner binary node.
    most = max(1, binary - len(leaves))
    nodes, stack = aligned(most * NODE), np.empty(2 * most, np.int32)
    return nodes[: collapse(tree, shares, nodes, leaves, stack) * NODE].copy()


def build_top(boxes: F32, roots: I32, nodes: F32, start: int) -> None:
    """Write to `nodes` (one node a root is enough) a hierarchy over other hierarchies, its root first.

    Args:
        boxes: (roots, 2, 3) low and high corners.
        roots: the node each of them starts at.
        nodes: where to write.
        start: number of the first of `nodes` in the array they are part of.
    """
    records = np.zeros((len(roots), RECORD), np.float32)
    records[:, 0:3], records[:, 4:7] = boxes[:, 0], -boxes[:, 1]
    records.view(np.int32)[:, 3] = np.arange(len(roots))
    flat = records.reshape(-1)
    tree = build_binary(flat, 1, 1)
    leaves = np.empty(len(roots), np.int32)
    made = _widen(tree, len(roots), leaves)
    nodes[: len(made)] = made
    which = flat.view(np.int32).reshape(-1, RECORD)[tree.first[leaves], 3]
    rows = nodes[: len(made)].reshape(-1, NODE)
    codes, occupied = children(rows), rows[:, :LANES] <= rows[:, LANES : 2 * LANES]
    is_root = (codes < 0) & occupied
    codes[is_root] = roots[which[~codes[is_root]]]
    codes[~is_root & occupied] += start
