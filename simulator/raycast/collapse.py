"""From a binary hierarchy to nodes of eight children and blocks of eight triangles.

Each wide node starts with the two children of a binary node and opens the largest of them until there are eight
(Wald, Benthin and Boulos, "Getting Rid of Packets", 2008). Nodes are numbered breadth first, so that a child's
number is greater than its parent's: refitting is one sweep from the last node to the first.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.simd import LANES, load_int, store_float, store_int
from simulator.raycast.build import RECORD, build_binary, half_area, triangle_records
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
)
from simulator.raycast.schedule import worker_count


@kernel(inline=True)
def _open_children(tree, node, chosen):  # type: ignore[no-untyped-def]
    """Fill `chosen` with up to eight descendants of a binary node that together cover it; returns their number."""
    chosen[0], number = node, 1
    if tree.left[node] >= 0:
        chosen[0], chosen[1], number = tree.left[node], tree.left[node] + 1, 2
    while number < LANES:
        largest, which = np.float32(-1), -1
        for k in range(number):
            if tree.left[chosen[k]] >= 0:
                area = half_area(tree.bounds, np.int64(chosen[k]) * RECORD)
                if area > largest:
                    largest, which = area, k
        if which < 0:
            break
        left = tree.left[chosen[which]]
        chosen[which], chosen[number] = left, left + 1
        number += 1
    return number


@kernel
def collapse(tree, nodes, block_of_leaf):  # type: ignore[no-untyped-def]
    """Write the wide nodes of `tree`; returns (nodes, leaves).

    Leaves are numbered in the order met: `block_of_leaf[i]` is set to the binary node of leaf i, child code `~i`.
    """
    source = np.empty(nodes.shape[0] // NODE, np.int32)
    chosen = np.empty(LANES, np.int32)
    source[0], used, leaves, node = 0, 1, 0, 0
    while node < used:
        number = _open_children(tree, source[node], chosen)
        row = node * NODE
        for k in range(LANES):
            if k >= number:
                for axis in range(3):
                    nodes[row + axis * LOW_HIGH + k] = np.float32(np.inf)
                    nodes[row + axis * LOW_HIGH + LANES + k] = np.float32(-np.inf)
                store_int(nodes, row + CHILD + k, -1)
                continue
            child = np.int64(chosen[k])
            greatest = np.float32(0)
            for axis in range(3):
                low, high = tree.bounds[child * RECORD + axis], -tree.bounds[child * RECORD + 4 + axis]
                greatest = max(greatest, max(abs(low), abs(high)))
            for axis in range(3):
                low, high = tree.bounds[child * RECORD + axis], -tree.bounds[child * RECORD + 4 + axis]
                nodes[row + axis * LOW_HIGH + k] = low - SLACK * greatest
                nodes[row + axis * LOW_HIGH + LANES + k] = high + SLACK * greatest
            if tree.left[child] >= 0:
                source[used] = child
                store_int(nodes, row + CHILD + k, used)
                used += 1
            else:
                block_of_leaf[leaves] = child
                store_int(nodes, row + CHILD + k, ~leaves)
                leaves += 1
        node += 1
    return used, leaves


@kernel
def write_blocks(leaves, tree, records, vertices, faces, face_ids, blocks):  # type: ignore[no-untyped-def]
    """Write one block a leaf: its triangles' vertices and ids (`face_ids` of the face numbers in the records)."""
    for block in range(leaves.shape[0]):
        first, count = np.int64(tree.first[leaves[block]]), tree.size[leaves[block]]
        row = block * BLOCK
        for lane in range(LANES):
            face = load_int(records, (first + min(lane, count - 1)) * RECORD + 3)
            for corner in range(3):
                vertex = faces[face, corner if lane < count else 0]
                for axis in range(3):
                    at = row + corner * VERTEX + axis * LANES + lane
                    store_float(blocks, at, vertices[vertex, axis])
            store_int(blocks, row + IDS + lane, face_ids[face] if lane < count else -1)


def build(vertices: F32, faces: I32, face_ids: I32, threads: int | None = None) -> Bvh:
    """Hierarchy over one or more triangles; hits report the `face_ids` of the faces."""
    count = len(faces)
    records = aligned(count * RECORD)
    triangle_records(vertices, faces, records, 0, count)
    tree = build_binary(records, LANES, worker_count(threads, count))
    used = int(tree.used[0])
    leaf_count = (used + 1) // 2
    # A wide node stands for at least one inner binary node.
    nodes = aligned(max(1, used - leaf_count) * NODE)
    leaves = np.empty(leaf_count, np.int32)
    node_count, _ = collapse(tree, nodes, leaves)
    blocks = aligned(leaf_count * BLOCK)
    write_blocks(leaves, tree, records, vertices, faces, face_ids, blocks)
    return Bvh(nodes[: node_count * NODE], blocks)


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
    used, _ = collapse(tree, nodes, leaves)
    which = flat.view(np.int32).reshape(-1, RECORD)[tree.first[leaves], 3]
    codes = nodes.view(np.int32).reshape(-1, NODE)[:used, CHILD : CHILD + LANES]
    occupied = nodes.reshape(-1, NODE)[:used, :LANES] <= nodes.reshape(-1, NODE)[:used, LANES : 2 * LANES]
    is_root = (codes < 0) & occupied
    codes[is_root] = roots[which[~codes[is_root]]]
    codes[~is_root & occupied] += start
