"""How a bounding volume hierarchy lies in memory.

Node, 64 floats (256 bytes): the boxes of eight children as structure of arrays, six rows of eight
(low x, high x, low y, high y, low z, high z), then a row of eight int32 child codes, then a spare row.
An empty slot has the box (+inf, -inf), which no ray enters. A child code >= 0 is a node, < 0 is `~block`.

Block, 80 floats (320 bytes): up to eight triangles as structure of arrays, nine rows (vertex 0 x, y, z,
vertex 1 x, y, z, vertex 2 x, y, z), then a row of eight int32 triangle ids. An unused lane holds a point of
the block's own last triangle (so that refitted boxes stay tight) and can never be hit. Ids count the faces of all
parts of a scene in order of their addition; a hit is first known by its slot, 8 * block + lane.

Boxes are padded by `SLACK` times their greatest coordinate, and rays by as much of their origin's: a bound on the
rounding errors of slab test and triangle test together (about six roundings of 2^-24 each), so that culling never
loses a hit that the triangle test would accept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.simd import LANES

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

NODE = 64  # floats a node
LOW_HIGH = 16  # floats from one axis' rows (low, high) to the next axis'
CHILD = 48  # first of the eight child codes
BLOCK = 80  # floats a block
VERTEX = 24  # floats from one vertex' rows to the next vertex'
IDS = 72  # first of the eight triangle ids
SLACK = np.float32(2.0**-21)

# The builder splits at the median below `MAX_SAH_DEPTH`, so a tree has at most 40 + log2(2^31) binary levels, a top
# tree over it as many again, and each leaves at most seven siblings on the stack.
MAX_SAH_DEPTH = 40
MAX_DEPTH = MAX_SAH_DEPTH + 32
STACK = 7 * 2 * MAX_DEPTH


class Bvh(NamedTuple):
    """Nodes and blocks, flat float32 arrays with int32 rows inside (see the module)."""

    nodes: F32
    blocks: F32

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return self.nodes.size // NODE

    @property
    def block_count(self) -> int:
        """Number of blocks."""
        return self.blocks.size // BLOCK


def aligned(floats: int) -> F32:
    """Uninitialised float32 array that starts on a cache line."""
    raw = np.empty(floats * 4 + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + floats * 4].view(np.float32)


def children(nodes: F32) -> I32:
    """(nodes, 8) int32 view of the child codes."""
    return nodes.view(np.int32).reshape(-1, NODE)[:, CHILD : CHILD + LANES]
