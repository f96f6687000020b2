"""Move a part: transform its blocks into world space and refit its boxes, the shape of its hierarchy unchanged.

A part that moves keeps a world-space copy of its hierarchy in the scene's arrays, so rays are never transformed and
one traversal serves everything (Wald, Boulos and Shirley, "Ray Tracing Deformable Scenes Using Dynamic Bounding
Volume Hierarchies", 2007).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.simd import (
    LANES,
    greatest,
    least,
    load,
    load_int,
    maximum,
    minimum,
    store,
    store_float,
    store_int,
)
from simulator.raycast.layout import BLOCK, CHILD, IDS, LOW_HIGH, NODE, SLACK, VERTEX


class Span(NamedTuple):
    """Where a hierarchy lies in the scene's arrays."""

    first_node: int
    last_node: int  # one past the last
    first_block: int
    last_block: int


@kernel
def relocate(nodes, blocks, first_node, last_node, first_block, last_block, first_id):  # type: ignore[no-untyped-def]
    """Make a hierarchy that was copied to nodes and blocks `first_...` refer to itself there; ids grow by first_id."""
    for node in range(first_node, last_node):
        for k in range(node * NODE + CHILD, node * NODE + CHILD + LANES):
            code = load_int(nodes, k)
            store_int(nodes, k, code + first_node if code >= 0 else code - first_block)
    for block in range(first_block, last_block):
        for k in range(block * BLOCK + IDS, block * BLOCK + IDS + LANES):
            triangle = load_int(blocks, k)
            store_int(blocks, k, triangle + first_id if triangle >= 0 else -1)


@kernel(inline=True)
def _transform_block(local, at, blocks, row, m):  # type: ignore[no-untyped-def]
    """Write a block mapped by the 3 x 4 matrix `m`, flat; returns its low and high corner."""
    low_x = low_y = low_z = load(local, at) * np.float32(0) + np.float32(np.inf)
    high_x = high_y = high_z = load(local, at) * np.float32(0) - np.float32(np.inf)
    for vertex in range(3):
        a = vertex * VERTEX
        x, y, z = load(local, at + a), load(local, at + a + LANES), load(local, at + a + 2 * LANES)
        world_x = x * m[0] + (y * m[1] + (z * m[2] + m[3]))
        world_y = x * m[4] + (y * m[5] + (z * m[6] + m[7]))
        world_z = x * m[8] + (y * m[9] + (z * m[10] + m[11]))
        store(blocks, row + a, world_x)
        store(blocks, row + a + LANES, world_y)
        store(blocks, row + a + 2 * LANES, world_z)
        low_x, low_y, low_z = minimum(low_x, world_x), minimum(low_y, world_y), minimum(low_z, world_z)
        high_x, high_y, high_z = maximum(high_x, world_x), maximum(high_y, world_y), maximum(high_z, world_z)
    return least(low_x), least(low_y), least(low_z), greatest(high_x), greatest(high_y), greatest(high_z)


@kernel(inline=True)
def _store_box(nodes, at, x0, y0, z0, x1, y1, z1, slack):  # type: ignore[no-untyped-def]
    """Write the box of the child whose low x lies at `at`, padded by `slack` times its greatest coordinate."""
    pad = slack * max(max(max(abs(x0), abs(x1)), max(abs(y0), abs(y1))), max(abs(z0), abs(z1)))
    store_float(nodes, at, x0 - pad)
    store_float(nodes, at + LANES, x1 + pad)
    store_float(nodes, at + LOW_HIGH, y0 - pad)
    store_float(nodes, at + LOW_HIGH + LANES, y1 + pad)
    store_float(nodes, at + 2 * LOW_HIGH, z0 - pad)
    store_float(nodes, at + 2 * LOW_HIGH + LANES, z1 + pad)


@kernel(inline=True)
def _node_box(nodes, node):  # type: ignore[no-untyped-def]
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


@kernel
def refit(nodes, blocks, local, span, matrix):  # type: ignore[no-untyped-def]
    """Place the part at `span` by the (12,) float32 rows of a 3 x 4 `matrix`; `local` are its own-frame blocks."""
    for node in range(span.last_node - 1, span.first_node - 1, -1):
        for k in range(LANES):
            at = node * NODE + k
            if nodes[at] > nodes[at + LANES]:
                continue
            code = np.int64(load_int(nodes, at + CHILD))
            if code >= 0:
                x0, y0, z0, x1, y1, z1 = _node_box(nodes, code)
                _store_box(nodes, at, x0, y0, z0, x1, y1, z1, np.float32(0))
            else:
                x0, y0, z0, x1, y1, z1 = _transform_block(
                    local, (~code - span.first_block) * BLOCK, blocks, ~code * BLOCK, matrix
                )
                _store_box(nodes, at, x0, y0, z0, x1, y1, z1, SLACK)
