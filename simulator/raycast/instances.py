"""Instances: parts that share one hierarchy in the frame of their mesh, to which rays are transformed.

A copy costs a row of a table instead of its triangles; a ray that reaches it pays for two transforms and goes without
the company of its tile there (Wald, Slusallek and Benthin, "Interactive Distributed Ray Tracing of Highly Complex
Models", 2001).
In a top tree an instance stands as a block whose number is beyond those of all real blocks.

A part that moves during a sweep is an instance with key poses at equally spaced times from 0 to 1, whose matrices are
interpolated linearly, as in Embree (rtcSetGeometryTransform with time steps). A point on its way then never leaves the
convex hull of where the keys place it: a box around all of them holds the part at any time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_float, load_int
from simulator.raycast.layout import F32, SLACK

F64 = NDArray[np.float64]

# Triangles of instances have ids from here on, so that no table need have a row for each of them.
FIRST_ID = 1 << 30
# A row of the table: where the mesh's origin is, nine numbers that turn world directions into its frame, then int32:
# the node at which its hierarchy starts, the id of its first triangle, its part; last 1, or -1 for a mirror image,
# or 0 for one that has more than one pose, whose row begins with int32: its first key, and how many it has.
ROW, TURN, ROOT, ID, PART, FACING = 16, 3, 12, 13, 14, 15
KEY, KEYS = 0, 1
# The "block" that tells a traversal to come back from an instance.
LEAVE = (1 << 31) - 2


class Placed(NamedTuple):
    """Where N instances are: what kernels read of them.

    Attributes:
        rows: (N, ROW) of the table.
        boxes: (N, 2, 3) in the scene's frame, empty for those that are flat.
        keys: (12 K,) matrices of all poses of those that have more than one.
    """

    rows: F32
    boxes: F32
    keys: F64


def place_instances(poses: list[F64], meshes: F32, roots: list[int], ids: list[int], parts: list[int]) -> Placed:
    """Place N instances.

    Args:
        poses: of each (K, 4, 4) key poses, or (1, 4, 4).
        meshes: (N, 2, 3) boxes of their meshes, in their own frames.
        roots, ids, parts: of each the node at which its hierarchy starts, the id of its first triangle, its part.
    """
    size = np.array([len(keys) for keys in poses])
    first, every = np.cumsum(size) - size, np.concatenate(poses)
    boxes = _boxes_of(every, np.repeat(meshes, size, axis=0))
    low, high = np.minimum.reduceat(boxes[:, 0], first), np.maximum.reduceat(boxes[:, 1], first)
    volume = np.linalg.det(every[first, :3, :3])
    sweeps, flat = size > 1, (size == 1) & (volume == 0)
    low[flat], high[flat] = np.inf, -np.inf

    rows = np.zeros((len(poses), ROW), np.float32)
    still = ~sweeps & ~flat
    rows[still, :TURN] = every[first[still], :3, 3]
    rows[still, TURN:ROOT] = np.linalg.inv(every[first[still], :3, :3]).reshape(-1, 9)
    rows[still, FACING] = np.sign(volume[still])
    numbers = rows.view(np.int32)
    numbers[:, ROOT], numbers[:, ID], numbers[:, PART] = roots, ids, parts
    numbers[sweeps, KEY], numbers[sweeps, KEYS] = np.cumsum(size[sweeps]) - size[sweeps], size[sweeps]
    keys = every[np.repeat(sweeps, size), :3].reshape(-1)
    return Placed(rows, np.stack([low, high], 1), keys)


def _boxes_of(transforms: F64, meshes: F32) -> F32:
    """(N, 2, 3) boxes in the scene's frame of what lies in the (N, 2, 3) boxes `meshes` of other frames."""
    low, high = meshes[:, 0].astype(np.float64), meshes[:, 1].astype(np.float64)
    middle, half = (low + high) / 2, (high - low) / 2
    linear = transforms[:, :3, :3]
    center = np.einsum("nij,nj->ni", linear, middle) + transforms[:, :3, 3]
    reach = np.einsum("nij,nj->ni", np.abs(linear), half)
    reach += 4 * SLACK * (np.abs(center) + reach).max(1, keepdims=True)
    return np.stack([center - reach, center + reach], 1).astype(np.float32)


@kernel(inline=True)
def to_instance(faces, number, time, x, y, z, dx, dy, dz):
    """Origin and direction of a ray in the frame of an instance's mesh, and 1, or -1 where that is a mirror image.

    t stays the same. In mirror images the sides of faces change.
    """
    table, row = faces.instances, number * ROW
    m, side = row + TURN, load_float(table, row + FACING)
    if side == np.float32(0):
        return _to_moving(
            faces.keys, load_int(table, row + KEY), load_int(table, row + KEYS), time, x, y, z, dx, dy, dz
        )
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
        side,
    )


@kernel(inline=True)
def _to_moving(keys, first, count, time, x, y, z, dx, dy, dz):
    """`to_instance` for one with `count` keys from `first` on."""
    at = np.float64(time) * (count - 1)
    before = min(np.int64(at), count - 2)
    w = at - before
    k, n = (first + before) * 12, (first + before) * 12 + 12
    v = 1.0 - w
    a, b, c = v * keys[k] + w * keys[n], v * keys[k + 1] + w * keys[n + 1], v * keys[k + 2] + w * keys[n + 2]
    d, e, f = v * keys[k + 4] + w * keys[n + 4], v * keys[k + 5] + w * keys[n + 5], v * keys[k + 6] + w * keys[n + 6]
    g, h, i = v * keys[k + 8] + w * keys[n + 8], v * keys[k + 9] + w * keys[n + 9], v * keys[k + 10] + w * keys[n + 10]
    px = x - (v * keys[k + 3] + w * keys[n + 3])
    py = y - (v * keys[k + 7] + w * keys[n + 7])
    pz = z - (v * keys[k + 11] + w * keys[n + 11])
    # The inverse by cofactors.
    aa, bb, cc = e * i - f * h, c * h - b * i, b * f - c * e
    dd, ee, ff = f * g - d * i, a * i - c * g, c * d - a * f
    gg, hh, ii = d * h - e * g, b * g - a * h, a * e - b * d
    volume = a * aa + (b * dd + c * gg)
    # While it is flat it cannot be hit, and nor can anything by a ray without direction.
    inverse = 1.0 / volume if volume != 0.0 else 0.0
    return (
        np.float32(inverse * (aa * px + (bb * py + cc * pz))),
        np.float32(inverse * (dd * px + (ee * py + ff * pz))),
        np.float32(inverse * (gg * px + (hh * py + ii * pz))),
        np.float32(inverse * (aa * dx + (bb * dy + cc * dz))),
        np.float32(inverse * (dd * dx + (ee * dy + ff * dz))),
        np.float32(inverse * (gg * dx + (hh * dy + ii * dz))),
        np.float32(1) if volume > 0.0 else np.float32(-1),
    )


@kernel(inline=True)
def instance_of(table, count, triangle):
    """The row, of `count`, of the instance that a triangle with an id from FIRST_ID on belongs to."""
    low, high = 0, count - 1
    while low < high:
        middle = (low + high + 1) // 2
        if load_int(table, middle * ROW + ID) <= triangle:
            low = middle
        else:
            high = middle - 1
    return low
