"""One ray against the hierarchy: slab test of eight boxes, the stack, and whether anything stops the ray."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    load,
    load_float,
    load_int,
    load_long,
    local_memory,
    prefetch,
    store,
    store_long,
)
from simulator.numerics.simd import LANES, bits, bits_float, float_bits, lowest, maximum, minimum, splat, without_lowest
from simulator.raycast.faces import stops
from simulator.raycast.instances import ID, LEAVE, ROOT, to_instance
from simulator.raycast.instances import ROW as INSTANCE
from simulator.raycast.layout import BLOCK, CHILD, IDS, LOW_HIGH, NODE, SLACK, STACK
from simulator.raycast.triangle import Line, meet_triangles

entries = local_memory(types.int64, STACK)
floats = local_memory(types.float32, 3 * LANES)


class Slabs(NamedTuple):
    """A ray as the slab test wants it: t of a plane at b is b * inverse + offset.

    `near_...` and `far_...` are the rows of a node where the planes lie at which the ray enters and leaves.
    """

    near_x: Any
    near_y: Any
    near_z: Any
    far_x: Any
    far_y: Any
    far_z: Any
    inverse_x: Any
    inverse_y: Any
    inverse_z: Any
    enter_x: Any
    enter_y: Any
    enter_z: Any
    leave_x: Any
    leave_y: Any
    leave_z: Any


@kernel(inline=True)
def finite_inverse(d):
    """1 / d; a great number of either sign where d is zero or next to it, so that no product is NaN."""
    limit = np.float32(1e-18)
    if abs(d) > limit:
        return np.float32(1) / d
    return np.float32(1e18) if d >= np.float32(0) else np.float32(-1e18)


@kernel(inline=True)
def has_direction(dx, dy, dz):
    """Whether a direction is neither zero nor NaN. (By such a one a ray would enter all boxes towards (1, 1, 1).)"""
    return abs(dx) + (abs(dy) + abs(dz)) > np.float32(0)


@kernel(inline=True)
def make_slabs(ox, oy, oz, dx, dy, dz):
    """Prepare the slab test; planes are moved outwards by the origin's share of the rounding errors (see layout)."""
    ix, iy, iz = finite_inverse(dx), finite_inverse(dy), finite_inverse(dz)
    slack = SLACK * max(abs(ox), max(abs(oy), abs(oz)))
    near_x = 0 if ix >= np.float32(0) else LANES
    near_y = LOW_HIGH + (0 if iy >= np.float32(0) else LANES)
    near_z = 2 * LOW_HIGH + (0 if iz >= np.float32(0) else LANES)
    return Slabs(
        near_x,
        near_y,
        near_z,
        LANES - near_x,
        2 * LOW_HIGH + LANES - near_y,
        4 * LOW_HIGH + LANES - near_z,
        ix,
        iy,
        iz,
        -ox * ix - slack * abs(ix),
        -oy * iy - slack * abs(iy),
        -oz * iz - slack * abs(iz),
        -ox * ix + slack * abs(ix),
        -oy * iy + slack * abs(iy),
        -oz * iz + slack * abs(iz),
    )


@kernel(inline=True)
def enter_children(nodes, row, slabs, limit):
    """(t of entry, which children are entered before `limit`) for the eight boxes of the node at `row`."""
    x0 = load(nodes, row + slabs.near_x) * slabs.inverse_x + slabs.enter_x
    y0 = load(nodes, row + slabs.near_y) * slabs.inverse_y + slabs.enter_y
    z0 = load(nodes, row + slabs.near_z) * slabs.inverse_z + slabs.enter_z
    x1 = load(nodes, row + slabs.far_x) * slabs.inverse_x + slabs.leave_x
    y1 = load(nodes, row + slabs.far_y) * slabs.inverse_y + slabs.leave_y
    z1 = load(nodes, row + slabs.far_z) * slabs.inverse_z + slabs.leave_z
    near = maximum(maximum(x0, y0), maximum(z0, splat(np.float32(0))))
    far = minimum(minimum(x1, y1), minimum(z1, limit))
    return near, near <= far


@kernel(inline=True)
def stack_entry(near, child):
    """Child code and t of entry (>= 0) in one int64 that is ordered by t."""
    return (np.int64(float_bits(near)) << 32) | (np.int64(child) & 0xFFFFFFFF)


@kernel(inline=True)
def push_children(nodes, row, mask, near, stack, height):
    """Push the children of `mask`, nearest on top; returns the stack's height. `near`: their t of entry, stored."""
    k = lowest(mask)
    mask = without_lowest(mask)
    a = stack_entry(load_float(near, k), load_int(nodes, row + CHILD + k))
    k = lowest(mask)
    mask = without_lowest(mask)
    b = stack_entry(load_float(near, k), load_int(nodes, row + CHILD + k))
    store_long(stack, height, max(a, b))
    if mask == 0:
        return min(a, b), height + 1
    base = height
    store_long(stack, height + 1, min(a, b))
    height += 2
    while mask != 0:
        k = lowest(mask)
        mask = without_lowest(mask)
        entry = stack_entry(load_float(near, k), load_int(nodes, row + CHILD + k))
        place = height
        while place > base and load_long(stack, place - 1) < entry:
            store_long(stack, place, load_long(stack, place - 1))
            place -= 1
        store_long(stack, place, entry)
        height += 1
    return load_long(stack, height - 1), height - 1


@kernel(inline=True)
def expect_child(bvh, code):
    """Fetch a node or block that will soon be visited into the cache."""
    # Both alike, since a branch would be mispredicted half the time: of what follows a node a line comes along.
    memory, start = (bvh.nodes, code * NODE) if code >= 0 else (bvh.blocks, ~code * BLOCK)
    for line in range(0, BLOCK, 16):
        prefetch(memory, start + line)


@kernel(inline=True)
def pop_before(stack, height, limit):
    """Pop down to an entry at t <= limit; returns it and the height, which is -1 when there is none."""
    while height > 0:
        height -= 1
        entry = load_long(stack, height)
        if bits_float(np.int32(entry >> 32)) <= limit:
            return entry, height
    return np.int64(0), -1


@kernel(inline=True)
def stopped_by(bvh, faces, block, first_id, line, dx, dy, dz, until, scratch):
    """Whether a block, whose ids count from `first_id`, stops a ray."""
    row = block * BLOCK
    _, u, v, mask = meet_triangles(bvh.blocks, row, line, until)
    if mask == 0 or block < faces.first_tested:
        return mask != 0
    store(scratch, 0, u)
    store(scratch, LANES, v)
    while mask != 0:
        k = lowest(mask)
        mask = without_lowest(mask)
        met = load_int(bvh.blocks, row + IDS + k) + first_id
        met_u, met_v = load_float(scratch, k), load_float(scratch, LANES + k)
        if stops(faces, bvh.blocks, row + k, met, met_u, met_v, dx, dy, dz):
            return True
    return False


@kernel(inline=True)
def blocked_ray(bvh, faces, root, ox, oy, oz, dx, dy, dz, limit, time, first_block, stack, scratch):
    """Whether anything stops one ray before `limit`, and the block that does, or -1 where that is an instance's.

    `first_block` >= 0 is tested first.
    """
    slabs, line, until = make_slabs(ox, oy, oz, dx, dy, dz), Line(ox, oy, oz, dx, dy, dz), splat(limit)
    ix, iy, iz, first_id, inside = dx, dy, dz, np.int32(0), False
    store_long(stack, 0, root)
    store_long(stack, 1, ~first_block)
    height = 2 if first_block >= 0 else 1
    if not has_direction(dx, dy, dz):
        return False, np.int64(-1)
    while height > 0:
        height -= 1
        child = load_long(stack, height)
        if child >= 0:
            _, entered = enter_children(bvh.nodes, child * NODE, slabs, until)
            mask = bits(entered)
            while mask != 0:
                store_long(stack, height, load_int(bvh.nodes, child * NODE + CHILD + lowest(mask)))
                mask = without_lowest(mask)
                height += 1
        elif ~child >= faces.first_instance:
            inside = ~child != LEAVE
            if inside:
                number = ~child - faces.first_instance
                px, py, pz, ix, iy, iz, side = to_instance(faces, number, time, ox, oy, oz, dx, dy, dz)
                slabs, line = make_slabs(px, py, pz, ix, iy, iz), Line(px, py, pz, ix, iy, iz)
                ix, iy, iz = side * ix, side * iy, side * iz
                first_id = load_int(faces.instances, number * INSTANCE + ID)
                store_long(stack, height, ~LEAVE)
                store_long(stack, height + 1, load_int(faces.instances, number * INSTANCE + ROOT))
                height += 2
            else:
                slabs, line = make_slabs(ox, oy, oz, dx, dy, dz), Line(ox, oy, oz, dx, dy, dz)
                ix, iy, iz, first_id = dx, dy, dz, np.int32(0)
        elif stopped_by(bvh, faces, ~child, first_id, line, ix, iy, iz, until, scratch):
            return True, np.int64(-1) if inside else ~child
    return False, np.int64(-1)
