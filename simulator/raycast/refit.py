"""Move a part: transform its blocks into world space and refit its boxes, the shape of its hierarchy unchanged.

A part that moves keeps a world-space copy of its hierarchy in the scene's arrays, so rays are never transformed and
one traversal serves everything (Wald, Boulos and Shirley, "Ray Tracing Deformable Scenes Using Dynamic Bounding
Volume Hierarchies", 2007).
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
from simulator.numerics.simd import LANES, greatest, least, maximum, minimum, splat
from simulator.raycast.layout import BLOCK, CHILD, IDS, LOW_HIGH, NODE, SLACK, VERTEX

matrix_memory = local_memory(types.float32, 12)


@kernel
def relocate(nodes, blocks, add_node, add_block, add_id):
    """Add to all node numbers, block numbers and triangle ids in some nodes and blocks."""
    for row in range(CHILD, nodes.shape[0], NODE):
        for k in range(row, row + LANES):
            code = load_int(nodes, k)
            store_int(nodes, k, code + add_node if code >= 0 else code - add_block)
    for row in range(IDS, blocks.shape[0], BLOCK):
        for k in range(row, row + LANES):
            triangle = load_int(blocks, k)
            store_int(blocks, k, triangle + add_id if triangle >= 0 else -1)


@kernel
def reshape(local, spans, corners, first_corner, points, first_point, cursor):
    """Worker: write new vertices into the own-frame blocks of parts.

    Args:
        local: own-frame blocks of all meshes.
        spans: (parts, 2) int32, first block of each and one past its last.
        corners: int32, for each block three rows of LANES vertex numbers, -1 for unused lanes; a part's start at block
            `first_corner` (parts,).
        points: (V, 3) float32; a part's vertices start at row `first_point` (parts,).
        cursor: shared counter of parts taken.
    """
    local, corners, points = pointer(local), pointer(corners), pointer(points)
    while True:
        part = fetch_add(cursor, 0, 1)
        if part >= spans.shape[0]:
            break
        row, base = np.int64(first_corner[part]) * VERTEX, 3 * np.int64(first_point[part])
        for block in range(spans[part, 0], spans[part, 1]):
            for vertex in range(3):
                at = block * BLOCK + vertex * VERTEX
                for k in range(LANES):
                    p = base + 3 * np.int64(load_int(corners, row + vertex * LANES + k))
                    store_float(local, at + k, load_float(points, p))
                    store_float(local, at + LANES + k, load_float(points, p + 1))
                    store_float(local, at + 2 * LANES + k, load_float(points, p + 2))
            row += VERTEX


@kernel(inline=True)
def transform_block(local, at, blocks, row, m):
    """Write a block mapped by the 3 x 4 matrix `m`, flat; returns its low and high corner."""
    low_x = low_y = low_z = splat(np.float32(np.inf))
    high_x = high_y = high_z = splat(np.float32(-np.inf))
    for vertex in range(3):
        a = vertex * VERTEX
        x, y, z = load(local, at + a), load(local, at + a + LANES), load(local, at + a + 2 * LANES)
        world_x = x * load_float(m, 0) + (y * load_float(m, 1) + (z * load_float(m, 2) + load_float(m, 3)))
        world_y = x * load_float(m, 4) + (y * load_float(m, 5) + (z * load_float(m, 6) + load_float(m, 7)))
        world_z = x * load_float(m, 8) + (y * load_float(m, 9) + (z * load_float(m, 10) + load_float(m, 11)))
        store(blocks, row + a, world_x)
        store(blocks, row + a + LANES, world_y)
        store(blocks, row + a + 2 * LANES, world_z)
        low_x, low_y, low_z = minimum(low_x, world_x), minimum(low_y, world_y), minimum(low_z, world_z)
        high_x, high_y, high_z = maximum(high_x, world_x), maximum(high_y, world_y), maximum(high_z, world_z)
    return least(low_x), least(low_y), least(low_z), greatest(high_x), greatest(high_y), greatest(high_z)


@kernel(inline=True)
def store_box(nodes, at, x0, y0, z0, x1, y1, z1, slack):
    """Write the box of the child whose low x lies at `at`, padded by `slack` times its greatest coordinate."""
    pad = slack * max(max(max(abs(x0), abs(x1)), max(abs(y0), abs(y1))), max(abs(z0), abs(z1)))
    store_float(nodes, at, x0 - pad)
    store_float(nodes, at + LANES, x1 + pad)
    store_float(nodes, at + LOW_HIGH, y0 - pad)
    store_float(nodes, at + LOW_HIGH + LANES, y1 + pad)
    store_float(nodes, at + 2 * LOW_HIGH, z0 - pad)
    store_float(nodes, at + 2 * LOW_HIGH + LANES, z1 + pad)


@kernel(inline=True)
def node_box(nodes, node):
    """Low and high corner of a node: of all its children."""
    row = node * NODE
    return (
        least(load(nodes, row)),
        least(load(nodes, row + LOW_HIGH)),
        least(load(nodes, row + 2 * LOW_HIGH)),
        greatest(load(nodes, row + LANES)),
        greatest(load(nodes, row + LOW_HIGH + LANES)),
        greatest(load(nodes, row + 2 * LOW_HIGH + LANES)),
    )


@kernel(inline=True)
def _refit_one(nodes, blocks, local, first_local, first_node, last_node, first_block, matrix):
    """Place one part: children come after their parents, so the last node is done first."""
    for node in range(last_node - 1, first_node - 1, -1):
        for k in range(LANES):
            at = node * NODE + k
            if load_float(nodes, at) > load_float(nodes, at + LANES):
                continue
            code = np.int64(load_int(nodes, at + CHILD))
            if code >= 0:
                x0, y0, z0, x1, y1, z1 = node_box(nodes, code)
                store_box(nodes, at, x0, y0, z0, x1, y1, z1, np.float32(0))
            else:
                from_row = (~code - first_block + first_local) * BLOCK
                x0, y0, z0, x1, y1, z1 = transform_block(local, from_row, blocks, ~code * BLOCK, matrix)
                store_box(nodes, at, x0, y0, z0, x1, y1, z1, SLACK)


@kernel
def refit(nodes, blocks, local, spans, first_local, matrices, cursor):
    """Worker: place parts.

    Args:
        nodes, blocks: of the whole scene.
        local: own-frame blocks of all meshes; a part's start at block `first_local`.
        spans: (parts, 4) int32, its first node and one past its last, its first block and one past its last.
        matrices: (parts, 3, 4) float32, from own frame to world.
        cursor: shared counter of parts taken.
    """
    matrix = matrix_memory()
    nodes, blocks, local = pointer(nodes), pointer(blocks), pointer(local)
    while True:
        part = fetch_add(cursor, 0, 1)
        if part >= spans.shape[0]:
            break
        for k in range(12):
            store_float(matrix, k, matrices[part, k // 4, k % 4])
        first_node, last_node = np.int64(spans[part, 0]), np.int64(spans[part, 1])
        first_block, start = np.int64(spans[part, 2]), np.int64(first_local[part])
        _refit_one(nodes, blocks, local, start, first_node, last_node, first_block, matrix)
