"""Instances: parts that share one hierarchy in the frame of their mesh, to which rays are transformed.

A copy costs a row of a table instead of its triangles; a ray that reaches it pays for two transforms and loses the
company of its tile (Wald, Slusallek and Benthin, "Interactive Distributed Ray Tracing of Highly Complex Models", 2001).
In a top tree an instance stands as a block whose number is beyond those of all real blocks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.simd import load_float, load_int
from simulator.raycast.layout import F32, SLACK

F64 = NDArray[np.float64]

# Triangles of instances have ids from here on, so that no table need have a row for each of them.
FIRST_ID = 1 << 30
# A row of the table: where the mesh's origin is, nine numbers that turn world directions into its frame, then int32:
# the node at which its hierarchy starts, the id of its first triangle, its part; last 1, or -1 for a mirror image.
ROW, TURN, ROOT, ID, PART, FACING = 16, 3, 12, 13, 14, 15
# The "block" that tells a traversal to come back from an instance.
LEAVE = (1 << 31) - 2


def instance_rows(transforms: F64, roots: list[int], ids: list[int], parts: list[int]) -> F32:
    """(N, ROW) rows of the table for (N, 4, 4) transforms to the scene's frame; flat ones are never entered."""
    rows = np.zeros((len(transforms), ROW), np.float32)
    volume = np.linalg.det(transforms[:, :3, :3])
    flat = volume == 0
    linear = np.where(flat[:, None, None], np.eye(3), transforms[:, :3, :3])
    rows[:, :TURN] = transforms[:, :3, 3]
    rows[:, TURN:ROOT] = np.linalg.inv(linear).reshape(-1, 9)
    rows[:, FACING] = np.where(volume < 0, -1, 1)
    numbers = rows.view(np.int32)
    numbers[:, ROOT], numbers[:, ID], numbers[:, PART] = roots, ids, parts
    return rows


def instance_boxes(transforms: F64, boxes: F32) -> F32:
    """(N, 2, 3) boxes in the scene's frame of instances whose meshes lie in (N, 2, 3) `boxes`; empty if flat."""
    low, high = boxes[:, 0].astype(np.float64), boxes[:, 1].astype(np.float64)
    middle, half = (low + high) / 2, (high - low) / 2
    linear = transforms[:, :3, :3]
    center = np.einsum("nij,nj->ni", linear, middle) + transforms[:, :3, 3]
    reach = np.einsum("nij,nj->ni", np.abs(linear), half)
    reach += 4 * SLACK * (np.abs(center) + reach).max(1, keepdims=True)
    reach[np.linalg.det(linear) == 0] = -np.inf
    return np.stack([center - reach, center + reach], 1).astype(np.float32)


@kernel(inline=True)
def to_instance(table, number, x, y, z, dx, dy, dz):  # type: ignore[no-untyped-def]
    """Origin and direction of a ray in the frame of an instance's mesh; t stays the same."""
    row = number * ROW
    m = row + TURN
    x, y, z = x - load_float(table, row), y - load_float(table, row + 1), z - load_float(table, row + 2)
    a, b, c = load_float(table, m), load_float(table, m + 1), load_float(table, m + 2)
    d, e, f = load_float(table, m + 3), load_float(table, m + 4), load_float(table, m + 5)
    g, h, i = load_float(table, m + 6), load_float(table, m + 7), load_float(table, m + 8)
    return (
        a * x + (b * y + c * z),
        d * x + (e * y + f * z),
        g * x + (h * y + i * z),
        a * dx + (b * dy + c * dz),
        d * dx + (e * dy + f * dz),
        g * dx + (h * dy + i * dz),
    )


@kernel(inline=True)
def facing(table, number, dx, dy, dz):  # type: ignore[no-untyped-def]
    """The direction of a ray in an instance by which the sides of its faces are told: in mirror images they change."""
    sign = load_float(table, number * ROW + FACING)
    return sign * dx, sign * dy, sign * dz


@kernel(inline=True)
def instance_of(table, count, triangle):  # type: ignore[no-untyped-def]
    """The row, of `count`, of the instance that a triangle with an id from FIRST_ID on belongs to."""
    low, high = 0, count - 1
    while low < high:
        middle = (low + high + 1) // 2
        if load_int(table, middle * ROW + ID) <= triangle:
            low = middle
        else:
            high = middle - 1
    return low
