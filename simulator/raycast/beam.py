"""The rays of a tile that run side by side, loaded and aimed: lines in the tile's frame, with bounds (see `stream`)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    greatest_of_eights,
    least_of_eights,
    load,
    load_each_float,
    load_float,
    load_int,
    load_ints,
    load_points,
    load_triples,
    local_memory,
    store,
    store_int,
    store_ints,
)
from simulator.numerics.simd import (
    LANES,
    absolute,
    bits,
    greatest,
    least,
    maximum,
    minimum,
    splat,
    splat_int,
)
from simulator.raycast.layout import F32, I32, SLACK
from simulator.raycast.tile import LONGEST, SHORTEST, STEEPEST, depth_axis
from simulator.raycast.tiling import GROUPS, STREAM

# Groups that are wider, in metres, or whose slopes differ by more, are cast ray by ray; so are all rays of tiles that
# are more scattered.
WIDE, FANNED, SCATTERED = np.float32(1.5), np.float32(0.7), np.float32(15)
# Rows of `Beam.groups`: bounds of the rays of each group.
LOW_U, HIGH_U, LOW_V, HIGH_V, LOW_SU, HIGH_SU, LOW_SV, HIGH_SV, START, END = (row * GROUPS for row in range(10))

raw_memory = local_memory(types.float32, 6 * STREAM)
u_memory = v_memory = slope_u_memory = slope_v_memory = start_memory = end_memory = local_memory(types.float32, STREAM)
groups_memory = local_memory(types.float32, 10 * GROUPS)
slot_memory = local_memory(types.int32, STREAM)
alive_memory = local_memory(types.int32, GROUPS)
second_memory = third_memory = end_memory


class Beam(NamedTuple):
    """The rays of a tile, arrays of `STREAM` floats, and rows of `GROUPS` bounds.

    Attributes:
        raw: origin x of all rays, then y and z, then direction x, y, z.
        u, v, slope_u, slope_v, start, end: the lines, see `stream`.
        groups: rows as named above.
        alive: (GROUPS,) int32, bits of the rays of each group that still look for something.
        slot, second, third: of closest hits, where the triangle lies (see `layout`) or -1, and the weights of its
            vertices 1 and 2.
    """

    raw: F32
    u: F32
    v: F32
    slope_u: F32
    slope_v: F32
    start: F32
    end: F32
    groups: F32
    alive: I32
    slot: I32
    second: F32
    third: F32


class Frame(NamedTuple):
    """How a tile looks at the world: rows of its axes in a vertex, sign of the depth axis, origin of w, u and v; and
    the bounds of all its rays, with the greatest magnitude of u and v (`spread`)."""

    row_w: Any
    row_u: Any
    row_v: Any
    sign: Any
    origin_w: Any
    origin_u: Any
    origin_v: Any
    slack: Any
    low_u: Any
    high_u: Any
    low_v: Any
    high_v: Any
    low_su: Any
    high_su: Any
    low_sv: Any
    high_sv: Any
    spread: Any


@kernel(inline=True)
def load_stream(rays, numbers, in_a_row, beam):
    """Copy the origins and the turned directions of a tile."""
    m, triples = rays.rotation, rays.directions
    for row in (3 * STREAM, 0):
        for at in range(0, STREAM, LANES):
            if in_a_row:
                x, y, z = load_triples(triples, np.int64(load_int(numbers, at)) * 3)
            else:
                x, y, z = load_points(triples, numbers, at)
            store(beam.raw, row + at, x)
            store(beam.raw, row + STREAM + at, y)
            store(beam.raw, row + 2 * STREAM + at, z)
        if rays.origin_step == 0:
            break
        triples = rays.origins
    for at in range(0, STREAM, LANES):
        if rays.origin_step == 0:
            for axis in range(3):
                store(beam.raw, axis * STREAM + at, splat(load_float(rays.origins, axis)))
        x, y, z = (
            load(beam.raw, 3 * STREAM + at),
            load(beam.raw, 4 * STREAM + at),
            load(beam.raw, 5 * STREAM + at),
        )
        for axis in range(3):
            turned = x * load_float(m, 3 * axis) + (y * load_float(m, 3 * axis + 1) + z * load_float(m, 3 * axis + 2))
            store(beam.raw, (3 + axis) * STREAM + at, turned)


@kernel(inline=True)
def stream_limits(rays, numbers, group):
    """The greatest t of the eight rays of a group."""
    if rays.limit_step == 0:
        return splat(max(load_float(rays.limits, 0), np.float32(0)))
    own = load_each_float(rays.limits, 0, load_ints(numbers, group * LANES))
    return maximum(own, splat(np.float32(0)))


@kernel(inline=True)
def aim_stream(rays, numbers, exist, in_a_row, beam):
    """Load and aim a tile of `exist` rays; returns (frame, bits of the groups whose rays run side by side).

    `numbers`: those of its `STREAM` rays, missing ones repeat another. `in_a_row`: each eight follow one another.
    """
    load_stream(rays, numbers, in_a_row, beam)
    axis, sign = depth_axis(beam.raw, STREAM, 3 * STREAM + STREAM // 2)  # directions follow the origins
    axis_u, axis_v = (axis + 1) % 3, (axis + 2) % 3
    origin_u, origin_v = load_float(beam.raw, axis_u * STREAM), load_float(beam.raw, axis_v * STREAM)
    # Where the first of them starts.
    foremost, reach, sound = splat(np.float32(np.inf)), splat(np.float32(0)), np.int32(255)
    for at in range(0, STREAM, LANES):
        foremost = minimum(foremost, load(beam.raw, axis * STREAM + at) * sign)
        x, y = absolute(load(beam.raw, at)), absolute(load(beam.raw, STREAM + at))
        z = absolute(load(beam.raw, 2 * STREAM + at))
        sound &= bits(x + (y + z) < LONGEST)  # false for NaN
        reach = maximum(reach, maximum(x, maximum(y, z)))
    origin_w = least(foremost)
    for group in range(GROUPS):
        at = group * LANES
        depth = load(beam.raw, (3 + axis) * STREAM + at) * sign
        slope_u = load(beam.raw, (3 + axis_u) * STREAM + at) / depth
        slope_v = load(beam.raw, (3 + axis_v) * STREAM + at) / depth
        start = load(beam.raw, axis * STREAM + at) * sign - origin_w
        end = start + stream_limits(rays, numbers, group) * depth
        u = (load(beam.raw, axis_u * STREAM + at) - origin_u) - slope_u * start
        v = (load(beam.raw, axis_v * STREAM + at) - origin_v) - slope_v * start
        forward = (depth > SHORTEST) & (depth < LONGEST)
        near_axis = ((slope_u > -STEEPEST) & (slope_u < STEEPEST)) & ((slope_v > -STEEPEST) & (slope_v < STEEPEST))
        sound &= bits(forward & near_axis)
        store(beam.u, at, u)
        store(beam.v, at, v)
        store(beam.slope_u, at, slope_u)
        store(beam.slope_v, at, slope_v)
        store(beam.start, at, start)
        store(beam.end, at, end)
        store_ints(beam.slot, at, splat_int(-1))
        store_int(beam.alive, group, (np.int32(1) << np.int32(max(0, min(LANES, exist - at)))) - np.int32(1))
    low_u, high_u = least_of_eights(beam.u, 0), greatest_of_eights(beam.u, 0)
    low_v, high_v = least_of_eights(beam.v, 0), greatest_of_eights(beam.v, 0)
    store(beam.groups, LOW_U, low_u)
    store(beam.groups, HIGH_U, high_u)
    store(beam.groups, LOW_V, low_v)
    store(beam.groups, HIGH_V, high_v)
    low_su, high_su = least_of_eights(beam.slope_u, 0), greatest_of_eights(beam.slope_u, 0)
    low_sv, high_sv = least_of_eights(beam.slope_v, 0), greatest_of_eights(beam.slope_v, 0)
    store(beam.groups, LOW_SU, low_su)
    store(beam.groups, HIGH_SU, high_su)
    store(beam.groups, LOW_SV, low_sv)
    store(beam.groups, HIGH_SV, high_sv)
    store(beam.groups, START, least_of_eights(beam.start, 0))
    store(beam.groups, END, greatest_of_eights(beam.end, 0))
    spread = maximum(maximum(absolute(low_u), absolute(high_u)), maximum(absolute(low_v), absolute(high_v)))
    fanned = maximum(high_su - low_su, high_sv - low_sv) > FANNED
    wide = bits((maximum(high_u - low_u, high_v - low_v) > WIDE) | fanned)
    frame = Frame(
        axis * LANES, axis_u * LANES, axis_v * LANES, sign, origin_w, origin_u, origin_v, SLACK * greatest(reach),
        least(low_u), greatest(high_u), least(low_v), greatest(high_v),
        least(low_su), greatest(high_su), least(low_sv), greatest(high_sv), greatest(spread),
    )  # fmt: skip
    scattered = max(frame.high_u - frame.low_u, frame.high_v - frame.low_v) > SCATTERED
    return frame, np.int32(0) if sound != 255 or scattered else ~wide & np.int32((1 << GROUPS) - 1)
