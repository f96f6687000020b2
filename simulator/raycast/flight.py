"""Rays cast one by one for their closest hits, several in flight: while one waits for memory, others go on.

Rays that do not go together meet nodes and blocks that no cache holds, and each step needs the result of the step
before. So they take turns, and what a ray is to visit next is prefetched while the others have theirs. Those at nodes
have their turns one after the other, then those at triangles, which spares most of the mispredicted branches (both
after Barringer and Akenine-Moeller, "Dynamic Ray Stream Traversal", 2014). Their state lies in memory.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    fetch_add,
    load_float,
    load_int,
    load_ints,
    load_long,
    local_memory,
    prefetch,
    store,
    store_chosen,
    store_float,
    store_int,
    store_long,
)
from simulator.numerics.simd import LANES, bits, bits_float, least, lowest, population, select, splat, without_lowest
from simulator.raycast.faces import raw_faces, report_face, stops
from simulator.raycast.instances import ID, LEAVE, ROOT, to_instance
from simulator.raycast.instances import ROW as INSTANCE
from simulator.raycast.layout import BLOCK, CHILD, IDS, LOW_HIGH, NODE, STACK
from simulator.raycast.ray import Slabs, enter_children, has_direction, make_slabs, stack_entry
from simulator.raycast.rays import load_ray, raw_bvh, raw_hits, raw_rays, ray_number
from simulator.raycast.triangle import Line, meet_triangles

FLIGHT = 16  # rays
# The state of a ray: rows of a node where the planes lie at which it enters (of x, y and z), what `Slabs` has of them,
# its line, 1 or -1 in a mirror image and the id of the first triangle (both of the instance it is in), its greatest t,
# the id of the triangle it met so far, or -1, the weights there, the height of its stack.
NEAR, SLABS, LINE, SIDE, FIRST, LIMIT, MET, U, V, HEIGHT, STATE = 0, 3, 12, 18, 19, 20, 21, 22, 23, 24, 32
ROOM = STACK + 8  # of its stack
END = LEAVE - 1  # the "block" at the bottom of each stack
BOTTOM = np.float32(-np.inf)

stack_memory = local_memory(types.int64, FLIGHT * ROOM)
codes_memory = numbers_memory = local_memory(types.int64, FLIGHT)
state_memory = local_memory(types.float32, FLIGHT * STATE)
at_nodes_memory = elsewhere_memory = free_memory = local_memory(types.int32, FLIGHT + 1)
scratch_memory = local_memory(types.float32, 3 * LANES)


class Flight(NamedTuple):
    """Rays in flight.

    Attributes:
        state: `STATE` floats or int32 each.
        codes: (FLIGHT,) int64, the node or block that each is to visit next, as in `layout`.
        numbers: (FLIGHT,) int64, which ray each is.
        stack: `ROOM` int64 each.
        at_nodes, elsewhere, free: int32, slots of rays that are to visit nodes, or anything else, and those without.
        scratch: three vectors.
    """

    state: Any
    codes: Any
    numbers: Any
    stack: Any
    at_nodes: Any
    elsewhere: Any
    free: Any
    scratch: Any


@kernel(inline=True)
def set_course(state, own, x, y, z, dx, dy, dz, side, first_id):
    """Write the ray as it is in the frame of the scene or of an instance."""
    slabs = make_slabs(x, y, z, dx, dy, dz)
    near = slabs.near_x, slabs.near_y, slabs.near_z
    for k in range(3):
        store_int(state, own + NEAR + k, near[k])
    planes = (
        slabs.inverse_x, slabs.inverse_y, slabs.inverse_z,
        slabs.enter_x, slabs.enter_y, slabs.enter_z,
        slabs.leave_x, slabs.leave_y, slabs.leave_z,
    )  # fmt: skip
    for k in range(9):
        store_float(state, own + SLABS + k, planes[k])
    line = Line(x, y, z, dx, dy, dz)
    for k in range(6):
        store_float(state, own + LINE + k, line[k])
    store_float(state, own + SIDE, side)
    store_int(state, own + FIRST, first_id)


@kernel(inline=True)
def slabs_of(state, own):
    """The slabs that `set_course` wrote."""
    x, y, z = np.int64(load_int(state, own)), np.int64(load_int(state, own + 1)), np.int64(load_int(state, own + 2))
    s = own + SLABS
    return Slabs(
        x, y, z, LANES - x, 2 * LOW_HIGH + LANES - y, 4 * LOW_HIGH + LANES - z,
        load_float(state, s), load_float(state, s + 1), load_float(state, s + 2),
        load_float(state, s + 3), load_float(state, s + 4), load_float(state, s + 5),
        load_float(state, s + 6), load_float(state, s + 7), load_float(state, s + 8),
    )  # fmt: skip


@kernel(inline=True)
def line_of(state, own):
    """The line that `set_course` wrote."""
    at = own + LINE
    return Line(
        load_float(state, at), load_float(state, at + 1), load_float(state, at + 2),
        load_float(state, at + 3), load_float(state, at + 4), load_float(state, at + 5),
    )  # fmt: skip


@kernel(inline=True)
def go_on(bvh, flight, slot, code, height, at_nodes, elsewhere):
    """Enlist a ray for what it visits next; returns how many are at nodes, and how many elsewhere, without a branch."""
    # Both, of which one is of no use: which of them would be mispredicted, too.
    for line in range(0, NODE, 16):
        prefetch(bvh.nodes, max(code, 0) * NODE + line)
    for line in range(0, BLOCK, 16):
        prefetch(bvh.blocks, max(~code, 0) * BLOCK + line)
    store_long(flight.codes, slot, code)
    store_int(flight.state, slot * STATE + HEIGHT, height)
    store_int(flight.at_nodes, at_nodes, slot)
    store_int(flight.elsewhere, elsewhere, slot)
    at_node = 1 if code >= 0 else 0
    return at_nodes + at_node, elsewhere + 1 - at_node


@kernel(inline=True)
def launch(bvh, flight, slot, rays, ray, limit, root, at_nodes, elsewhere):
    """Let a ray start at `root`, up to t = `limit`; returns how many are at nodes, and how many elsewhere."""
    x, y, z, dx, dy, dz, _, _ = load_ray(rays, ray)
    own, base = slot * STATE, slot * ROOM
    set_course(flight.state, own, x, y, z, dx, dy, dz, np.float32(1), np.int32(0))
    store_float(flight.state, own + LIMIT, limit)
    store_int(flight.state, own + MET, -1)
    store_long(flight.numbers, slot, ray)
    store_long(flight.stack, base, stack_entry(BOTTOM, ~END))
    code = np.int64(root) if has_direction(dx, dy, dz) else np.int64(~END)
    return go_on(bvh, flight, slot, code, base + 1, at_nodes, elsewhere)


@kernel(inline=True)
def pop_within(stack, height, limit):
    """Pop down to an entry at t <= limit, or that at the bottom; returns its code and the height."""
    while True:
        height -= 1
        entry = load_long(stack, height)
        if not bits_float(np.int32(entry >> 32)) > limit:
            return np.int64(np.int32(entry)), height


@kernel(inline=True)
def nearest_of(mask, t):
    """The lane of `mask` with the least t, stored."""
    chosen = lowest(mask)
    mask = without_lowest(mask)
    while mask != 0:
        k = lowest(mask)
        mask = without_lowest(mask)
        if load_float(t, k) < load_float(t, chosen):
            chosen = k
    return chosen


@kernel(inline=True)
def meet_first(bvh, faces, block, flight, own, line):
    """Meet the triangles of a block; notes the nearest that stops the ray, which then ends there."""
    state, scratch, row = flight.state, flight.scratch, block * BLOCK
    best = load_float(state, own + LIMIT)
    t, u, v, mask = meet_triangles(bvh.blocks, row, line, splat(best))
    if mask == 0:
        return
    store(scratch, 0, t)
    store(scratch, LANES, u)
    store(scratch, 2 * LANES, v)
    while mask != 0:
        k = lowest(mask)
        if block >= faces.first_tested:
            # Nearest first: of what lies behind it nothing need be asked.
            k = nearest_of(mask, scratch)
        mask = np.int32(mask & ~(1 << k))
        if load_float(scratch, k) < best:
            met = load_int(bvh.blocks, row + IDS + k) + load_int(state, own + FIRST)
            met_u, met_v = load_float(scratch, LANES + k), load_float(scratch, 2 * LANES + k)
            side = load_float(state, own + SIDE)
            if block < faces.first_tested or stops(
                faces, bvh.blocks, row + k, met, met_u, met_v, side * line.dx, side * line.dy, side * line.dz
            ):
                best = load_float(scratch, k)
                store_float(state, own + LIMIT, best)
                store_int(state, own + MET, met)
                store_float(state, own + U, met_u)
                store_float(state, own + V, met_v)


@kernel(inline=True)
def change_frame(faces, rays, flight, slot, block, height):
    """Enter the instance that a "block" is, or come back from one; returns the code to go on with, and the height."""
    x, y, z, dx, dy, dz, _, time = load_ray(rays, load_long(flight.numbers, slot))
    own, side, first_id = slot * STATE, np.float32(1), np.int32(0)
    if block == LEAVE:
        code, height = pop_within(flight.stack, height, load_float(flight.state, own + LIMIT))
    else:
        number = block - faces.first_instance
        x, y, z, dx, dy, dz, side = to_instance(faces, number, time, x, y, z, dx, dy, dz)
        first_id = load_int(faces.instances, number * INSTANCE + ID)
        store_long(flight.stack, height, stack_entry(np.float32(0), ~LEAVE))
        code, height = np.int64(load_int(faces.instances, number * INSTANCE + ROOT)), height + 1
    set_course(flight.state, own, x, y, z, dx, dy, dz, side, first_id)
    return code, height


@kernel(inline=True)
def visit_nodes(bvh, flight, waiting, elsewhere):
    """Let the rays `waiting` at nodes enter these; returns how many are then at nodes, and how many elsewhere.

    The children that a ray enters are pushed, the nearest on top and the others in any order: as they are as often one
    as several or none, each branch about it would be mispredicted, which costs more than what it spares.
    """
    state, stack, nodes, infinite, at_nodes = flight.state, flight.stack, bvh.nodes, splat(np.float32(np.inf)), 0
    for turn in range(waiting):
        slot = np.int64(load_int(flight.at_nodes, turn))
        own, row = slot * STATE, load_long(flight.codes, slot) * NODE
        height, limit = np.int64(load_int(state, own + HEIGHT)), load_float(state, own + LIMIT)
        near, entered = enter_children(nodes, row, slabs_of(state, own), splat(limit))
        mask, first = bits(entered), least(select(entered, near, infinite))
        # Where none is entered, this is the lane after the last one, and what it holds is not used.
        k = lowest(bits(entered & (near <= first)) | np.int32(1 << LANES))
        others = np.int32(mask & ~(1 << k))
        store_chosen(stack, height, others, near, load_ints(nodes, row + CHILD))
        # (where none is entered this is above the stack)
        store_long(stack, height + population(others), stack_entry(first, load_int(nodes, row + CHILD + k)))
        code, height = pop_within(stack, height + population(mask), limit)
        at_nodes, elsewhere = go_on(bvh, flight, slot, code, height, at_nodes, elsewhere)
    return at_nodes, elsewhere


@kernel(inline=True)
def visit_others(bvh, faces, rays, flight, at_nodes, waiting, free):
    """Let the rays `waiting` elsewhere meet triangles, enter or leave instances, or land.

    Returns how many are then at nodes, elsewhere, and free.
    """
    state, stack, elsewhere = flight.state, flight.stack, 0
    for turn in range(waiting):
        slot = np.int64(load_int(flight.elsewhere, turn))
        own, block = slot * STATE, ~load_long(flight.codes, slot)
        height = np.int64(load_int(state, own + HEIGHT))
        if block == END:
            store_int(flight.free, free, slot)
            free += 1
            continue
        if block < faces.first_instance:
            meet_first(bvh, faces, block, flight, own, line_of(state, own))
            code, height = pop_within(stack, height, load_float(state, own + LIMIT))
        else:
            code, height = change_frame(faces, rays, flight, slot, block, height)
        at_nodes, elsewhere = go_on(bvh, flight, slot, code, height, at_nodes, elsewhere)
    return at_nodes, elsewhere, free


@kernel(inline=True)
def closest_on_ray(bvh, faces, root, rays, ray, flight):
    """(t, triangle id, u, v) of the first hit of one ray, which flies alone; (inf, -1, 0, 0) when there is none."""
    limit = load_float(rays.limits, ray * rays.limit_step)
    at_nodes, elsewhere = launch(bvh, flight, 0, rays, ray, limit, root, 0, 0)
    free = 0
    while free == 0:
        at_nodes, elsewhere = visit_nodes(bvh, flight, at_nodes, elsewhere)
        at_nodes, elsewhere, free = visit_others(bvh, faces, rays, flight, at_nodes, elsewhere, free)
    return result_of(flight, 0)


@kernel(inline=True)
def result_of(flight, slot):
    """(t, triangle id, u, v) of what a ray met; (inf, -1, 0, 0) for nothing."""
    state, own, zero = flight.state, slot * STATE, np.float32(0)
    triangle = load_int(state, own + MET)
    if triangle < 0:
        return np.float32(np.inf), triangle, zero, zero
    return load_float(state, own + LIMIT), triangle, load_float(state, own + U), load_float(state, own + V)


@kernel
def closest_hits(bvh, root, faces, rays, hits, found, cursor, chunk):
    """Worker: cast `rays.order` in pieces of `chunk` and write `hits`; if some were `found` before, what is nearer."""
    flight, free = Flight(
        state_memory(), codes_memory(), numbers_memory(), stack_memory(),
        at_nodes_memory(), elsewhere_memory(), free_memory(), scratch_memory(),
    ), FLIGHT  # fmt: skip
    for slot in range(FLIGHT):
        store_int(flight.free, slot, slot)
    bvh, faces, rays, hits = raw_bvh(bvh), raw_faces(faces), raw_rays(rays), raw_hits(hits)
    while True:
        start = fetch_add(cursor, 0, 1) * chunk
        if start >= rays.total:
            break
        following, stop, at_nodes, elsewhere = start, min(start + chunk, rays.total), 0, 0
        while True:
            while free > 0 and following < stop:
                ray = ray_number(rays, following)
                limit = load_float(rays.limits, ray * rays.limit_step)
                limit = min(limit, load_float(hits.t, ray)) if found else limit
                following, free = following + 1, free - 1
                slot = np.int64(load_int(flight.free, free))
                at_nodes, elsewhere = launch(bvh, flight, slot, rays, ray, limit, root, at_nodes, elsewhere)
            if free == FLIGHT:
                break
            at_nodes, elsewhere = visit_nodes(bvh, flight, at_nodes, elsewhere)
            at_nodes, elsewhere, now = visit_others(bvh, faces, rays, flight, at_nodes, elsewhere, free)
            for landed in range(free, now):
                slot = np.int64(load_int(flight.free, landed))
                ray = load_long(flight.numbers, slot)
                t, triangle, u, v = result_of(flight, slot)
                if found and triangle < 0:
                    continue
                store_float(hits.t, ray, t)
                store_float(hits.u, ray, u)
                store_float(hits.v, ray, v)
                report_face(hits, ray, triangle, faces)
            free = now
