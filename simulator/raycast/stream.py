"""Tiles of rays that run side by side, each from an origin of its own: shadow rays, and sensors that move as they look.

Along the tile's depth axis w, a ray is the line (u + slope_u w, v + slope_v w) from its `start` to its `end`, with w
counted from the plane where the first ray of the tile starts. All rays of a group, or of the tile, lie within
(low u + low slope_u w, high u + high slope_u w): a beam whose sides are planes, against which eight boxes are tested
at a time (the interval test of Boulos et al., "Packet-based Whitted and Distribution Ray Tracing", 2007, in the
sheared frame of Woop, Benthin and Wald, see `ray`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from simulator.numerics.jit import kernel
from simulator.numerics.simd import (
    LANES,
    absolute,
    bits,
    cross_term,
    fetch_add,
    greatest,
    least,
    load,
    load_float,
    load_int,
    load_long,
    load_triples,
    local_memory,
    lowest,
    maximum,
    minimum,
    prefetch,
    splat,
    store,
    store_float,
    store_int,
    store_long,
    without_lowest,
)
from simulator.raycast.faces import raw_faces, stops
from simulator.raycast.layout import BLOCK, CHILD, F32, IDS, NODE, SLACK, VERTEX
from simulator.raycast.ray import blocked_ray, entries, expect_child, floats
from simulator.raycast.rays import load_ray, raw_bvh, raw_rays
from simulator.raycast.tile import LONGEST, SHORTEST, STEEPEST, depth_axis
from simulator.raycast.triangle import ROUNDING, settle

GROUPS = 8
STREAM = GROUPS * LANES  # rays of a tile
# Groups that are wider, in metres, are cast ray by ray (on a street 0.1, 0.3, 1, 3 give 17, 20, 21, 19 Mrays/s).
WIDE = np.float32(1.0)
# Rows of `Beam.groups`: bounds of the rays of each group.
LOW_U, HIGH_U, LOW_V, HIGH_V, LOW_SU, HIGH_SU, LOW_SV, HIGH_SV, START, END, SPREAD = (row * GROUPS for row in range(11))

raw_memory = local_memory(types.float32, 6 * STREAM)
u_memory = v_memory = slope_u_memory = slope_v_memory = start_memory = end_memory = local_memory(types.float32, STREAM)
groups_memory = local_memory(types.float32, 11 * GROUPS)
NORMAL, MARGIN = 9 * LANES, 13 * LANES  # rows of `load_block` after the vertices
table_memory = local_memory(types.float32, 16 * LANES)
scratch_memory = local_memory(types.float32, 6 * LANES)
alive_memory = local_memory(types.int32, GROUPS)


class Beam(NamedTuple):
    """The rays of a tile, arrays of `STREAM` floats, and rows of `GROUPS` bounds.

    Attributes:
        raw: origin x of all rays, then y and z, then direction x, y, z.
        u, v, slope_u, slope_v, start, end: see the module.
        groups: rows as named above.
        alive: (GROUPS,) int32, bits of the rays of each group that still look for something.
    """

    raw: F32
    u: F32
    v: F32
    slope_u: F32
    slope_v: F32
    start: F32
    end: F32
    groups: F32
    alive: Any


class Frame(NamedTuple):
    """How a tile looks at the world: rows of its axes in a vertex, sign of the depth axis, origin of w, u and v."""

    row_w: Any
    row_u: Any
    row_v: Any
    sign: Any
    origin_w: Any
    origin_u: Any
    origin_v: Any
    slack: Any


@kernel(inline=True)
def load_eight(triples, first, group, exist, scratch):  # type: ignore[no-untyped-def]
    """x, y and z of the rays of a group of a tile that has `exist` rays, from ray `first` on; missing ones repeat."""
    at = group * LANES
    if at + LANES <= exist:
        here = (first + at) * 3
        prefetch(triples, here + STREAM * 3)
        prefetch(triples, here + STREAM * 3 + 16)
        return load_triples(triples, here)
    for lane in range(LANES):
        ray = first + min(at + lane, exist - 1)
        for axis in range(3):
            store_float(scratch, axis * LANES + lane, load_float(triples, ray * 3 + axis))
    return load(scratch, 0), load(scratch, LANES), load(scratch, 2 * LANES)


@kernel(inline=True)
def load_stream(rays, first, exist, beam, scratch):  # type: ignore[no-untyped-def]
    """Copy the origins and the turned directions of `exist` rays from `first` on."""
    m = rays.rotation
    for group in range(GROUPS):
        at = group * LANES
        x, y, z = load_eight(rays.directions, first, group, exist, scratch)
        for axis in range(3):
            turned = x * load_float(m, 3 * axis) + (y * load_float(m, 3 * axis + 1) + z * load_float(m, 3 * axis + 2))
            store(beam.raw, (3 + axis) * STREAM + at, turned)
        if rays.origin_step == 0:
            for axis in range(3):
                store(beam.raw, axis * STREAM + at, splat(load_float(rays.origins, axis)))
            continue
        x, y, z = load_eight(rays.origins, first, group, exist, scratch)
        store(beam.raw, at, x)
        store(beam.raw, STREAM + at, y)
        store(beam.raw, 2 * STREAM + at, z)


@kernel(inline=True)
def stream_limits(rays, first, exist, group, scratch):  # type: ignore[no-untyped-def]
    """The greatest t of the eight rays of a group."""
    if rays.limit_step == 0:
        return splat(max(load_float(rays.limits, 0), np.float32(0)))
    for lane in range(LANES):
        store_float(scratch, lane, load_float(rays.limits, first + min(group * LANES + lane, exist - 1)))
    return maximum(load(scratch, 0), splat(np.float32(0)))


@kernel(inline=True)
def aim_stream(rays, first, exist, beam, scratch):  # type: ignore[no-untyped-def]
    """Load and aim a tile; returns (frame, bits of the groups whose rays run side by side)."""
    load_stream(rays, first, exist, beam, scratch)
    axis, sign = depth_axis(beam.raw, STREAM, 3 * STREAM + STREAM // 2)  # directions follow the origins
    axis_u, axis_v = (axis + 1) % 3, (axis + 2) % 3
    origin_u, origin_v = load_float(beam.raw, axis_u * STREAM), load_float(beam.raw, axis_v * STREAM)
    # Where the first of them starts.
    foremost, reach = splat(np.float32(np.inf)), splat(np.float32(0))
    for at in range(0, STREAM, LANES):
        foremost = minimum(foremost, load(beam.raw, axis * STREAM + at) * sign)
        for k in range(3):
            o = load(beam.raw, k * STREAM + at)
            reach = maximum(reach, maximum(o, splat(np.float32(0)) - o))
    origin_w, sound, wide = least(foremost), np.int32(255), np.int32(0)
    for group in range(GROUPS):
        at = group * LANES
        depth = load(beam.raw, (3 + axis) * STREAM + at) * sign
        slope_u = load(beam.raw, (3 + axis_u) * STREAM + at) / depth
        slope_v = load(beam.raw, (3 + axis_v) * STREAM + at) / depth
        start = load(beam.raw, axis * STREAM + at) * sign - origin_w
        end = start + stream_limits(rays, first, exist, group, scratch) * depth
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
        store_float(beam.groups, LOW_U + group, least(u))
        store_float(beam.groups, HIGH_U + group, greatest(u))
        store_float(beam.groups, LOW_V + group, least(v))
        store_float(beam.groups, HIGH_V + group, greatest(v))
        store_float(beam.groups, LOW_SU + group, least(slope_u))
        store_float(beam.groups, HIGH_SU + group, greatest(slope_u))
        store_float(beam.groups, LOW_SV + group, least(slope_v))
        store_float(beam.groups, HIGH_SV + group, greatest(slope_v))
        store_float(beam.groups, SPREAD + group, greatest(maximum(absolute(u), absolute(v))))
        store_float(beam.groups, START + group, least(start))
        store_float(beam.groups, END + group, greatest(end))
        if greatest(u) - least(u) > WIDE or greatest(v) - least(v) > WIDE:
            wide |= np.int32(1) << np.int32(group)
        store_int(beam.alive, group, (np.int32(1) << np.int32(max(0, min(LANES, exist - at)))) - np.int32(1))
    frame = Frame(
        axis * LANES, axis_u * LANES, axis_v * LANES, sign, origin_w, origin_u, origin_v, SLACK * greatest(reach)
    )
    return frame, ~wide & np.int32((1 << GROUPS) - 1) if sound == 255 else np.int32(0)


@kernel(inline=True)
def within(low, high, near, far, start_low, start_high, slope_low, slope_high):  # type: ignore[no-untyped-def]
    """Which intervals, each over depths near to far, a beam with these sides reaches (all f32x8 or scalars)."""
    above = maximum(start_high + slope_high * near, start_high + slope_high * far)
    below = minimum(start_low + slope_low * near, start_low + slope_low * far)
    return (low <= above) & (high >= below)


@kernel(inline=True)
def groups_reaching(beam, low_u, high_u, low_v, high_v, near, far):  # type: ignore[no-untyped-def]
    """Bits of the groups whose beams reach a box (f32x8, each the same in all lanes)."""
    g = beam.groups
    along_u = within(low_u, high_u, near, far, load(g, LOW_U), load(g, HIGH_U), load(g, LOW_SU), load(g, HIGH_SU))
    along_v = within(low_v, high_v, near, far, load(g, LOW_V), load(g, HIGH_V), load(g, LOW_SV), load(g, HIGH_SV))
    return bits((along_u & along_v) & ((far >= load(g, START)) & (near <= load(g, END))))


@kernel(inline=True)
def enter_stream_children(bvh, row, frame, beam, groups, stack, height, scratch):  # type: ignore[no-untyped-def]
    """Push the children of a node that some of `groups` may enter, with these groups; returns the stack's height."""
    nodes, zero = bvh.nodes, splat(np.float32(0))
    low, high = row + 2 * frame.row_w, row + 2 * frame.row_w + LANES
    if frame.sign > np.float32(0):
        near = load(nodes, low) - (frame.origin_w + frame.slack)
        far = load(nodes, high) - (frame.origin_w - frame.slack)
    else:
        near = (zero - load(nodes, high)) - (frame.origin_w + frame.slack)
        far = (zero - load(nodes, low)) - (frame.origin_w - frame.slack)
    near = maximum(near, zero)
    low_u = load(nodes, row + 2 * frame.row_u) - (frame.origin_u + frame.slack)
    high_u = load(nodes, row + 2 * frame.row_u + LANES) - (frame.origin_u - frame.slack)
    low_v = load(nodes, row + 2 * frame.row_v) - (frame.origin_v + frame.slack)
    high_v = load(nodes, row + 2 * frame.row_v + LANES) - (frame.origin_v - frame.slack)
    g = beam.groups
    u = within(
        low_u, high_u, near, far, least(load(g, LOW_U)), greatest(load(g, HIGH_U)), least(load(g, LOW_SU)),
        greatest(load(g, HIGH_SU)),
    )  # fmt: skip
    v = within(
        low_v, high_v, near, far, least(load(g, LOW_V)), greatest(load(g, HIGH_V)), least(load(g, LOW_SV)),
        greatest(load(g, HIGH_SV)),
    )  # fmt: skip
    mask = bits((u & v) & ((far >= zero) & (near <= greatest(load(g, END)))))
    if mask == 0:
        return height
    store(scratch, 0, low_u)
    store(scratch, 8, high_u)
    store(scratch, 16, low_v)
    store(scratch, 24, high_v)
    store(scratch, 32, near)
    store(scratch, 40, far)
    while mask != 0:
        k = lowest(mask)
        mask = without_lowest(mask)
        reaching = groups & groups_reaching(
            beam,
            splat(load_float(scratch, k)),
            splat(load_float(scratch, 8 + k)),
            splat(load_float(scratch, 16 + k)),
            splat(load_float(scratch, 24 + k)),
            splat(load_float(scratch, 32 + k)),
            splat(load_float(scratch, 40 + k)),
        )
        if reaching != 0:
            code = np.int64(load_int(nodes, row + CHILD + k))
            store_long(stack, height, (np.int64(reaching) << 32) | (code & 0xFFFFFFFF))
            height += 1
            expect_child(bvh, code)
    return height


@kernel(inline=True)
def meet_triangle(beam, at, table, k):  # type: ignore[no-untyped-def]
    """(bits of the rays of eight that meet triangle k of `table`, of those in doubt, weights of vertex 1 and 2)."""
    u, v, su, sv = load(beam.u, at), load(beam.v, at), load(beam.slope_u, at), load(beam.slope_v, at)
    aw, bw, cw = load_float(table, k), load_float(table, 24 + k), load_float(table, 48 + k)
    au = load_float(table, 8 + k) - (u + su * aw)
    av = load_float(table, 16 + k) - (v + sv * aw)
    bu = load_float(table, 32 + k) - (u + su * bw)
    bv = load_float(table, 40 + k) - (v + sv * bw)
    cu = load_float(table, 56 + k) - (u + su * cw)
    cv = load_float(table, 64 + k) - (v + sv * cw)
    a, b, c = cross_term(cu, cv, bu, bv), cross_term(au, av, cu, cv), cross_term(bu, bv, au, av)
    low, high = minimum(a, minimum(b, c)), maximum(a, maximum(b, c))
    far = load_float(table, MARGIN + 8 + k) + load_float(beam.groups, SPREAD + at // LANES)
    rounding = load_float(table, MARGIN + k) * far
    margin, flat = splat(rounding), splat(rounding * load_float(table, MARGIN + 16 + k))
    inside, on_edge = (low >= -margin) | (high <= margin), (low < margin) & (high > -margin)
    # Where each ray meets the plane.
    nw, nu, nv = load_float(table, NORMAL + k), load_float(table, NORMAL + 8 + k), load_float(table, NORMAL + 16 + k)
    offset, slope = load_float(table, NORMAL + 24 + k) - (u * nu + v * nv), su * nu + (sv * nv + nw)
    start = load(beam.start, at)
    w, ahead = offset / slope, absolute(offset - start * slope)
    met = bits(inside & ((w > start) & (w < load(beam.end, at))))
    doubtful = bits(inside & (on_edge | (ahead < flat)))
    inverse = splat(np.float32(1)) / (a + b + c)
    return met, doubtful, b * inverse, c * inverse


@kernel
def settle_rays(blocks, row, k, raw, start, end, axis, sign, group, rays, scratch):  # type: ignore[no-untyped-def]
    """Bits of those of some rays of a group that meet triangle k of a block (see `triangle.settle`)."""
    met = np.int32(0)
    while rays != 0:
        lane = lowest(rays)
        rays = without_lowest(rays)
        ray = group * LANES + lane
        settle(
            blocks, row, load_float(raw, ray), load_float(raw, STREAM + ray), load_float(raw, 2 * STREAM + ray),
            load_float(raw, 3 * STREAM + ray), load_float(raw, 4 * STREAM + ray), load_float(raw, 5 * STREAM + ray),
            load_float(raw, (3 + axis) * STREAM + ray) * sign, scratch,
        )  # fmt: skip
        near = load_float(scratch, k)
        if near > np.float32(0) and near * (load_float(end, ray) - load_float(start, ray)) > np.float32(1):
            met |= np.int32(1) << np.int32(lane)
    return met


@kernel(inline=True)
def load_block(blocks, row, frame, table):  # type: ignore[no-untyped-def]
    """Fill `table` with eight triangles in the tile's frame; returns their bounds.

    Rows: w, u, v of vertex a, then b, then c; from `NORMAL` on those of their normals n, and n . a; from `MARGIN` on
    how far from zero edge functions, and n . (a - start of the ray), must be for a certain answer.
    """
    aw, au, av = load_vertex(blocks, row, frame, table, 0)
    bw, bu, bv = load_vertex(blocks, row + VERTEX, frame, table, 24)
    cw, cu, cv = load_vertex(blocks, row + 2 * VERTEX, frame, table, 48)
    low_w, high_w = minimum(aw, minimum(bw, cw)), maximum(aw, maximum(bw, cw))
    low_u, high_u = minimum(au, minimum(bu, cu)), maximum(au, maximum(bu, cu))
    low_v, high_v = minimum(av, minimum(bv, cv)), maximum(av, maximum(bv, cv))
    size = maximum(high_w - low_w, maximum(high_u - low_u, high_v - low_v))
    # Where rays meet it (see `affine.make_affine`).
    store(table, MARGIN, np.float32(0.5) * ROUNDING * size)
    store(table, MARGIN + 8, high_w + high_w + size)
    store(table, MARGIN + 16, size)
    pu, pv, pw, qu, qv, qw = bu - au, bv - av, bw - aw, cu - au, cv - av, cw - aw
    nw, nu, nv = cross_term(pu, pv, qu, qv), cross_term(pv, pw, qv, qw), cross_term(pw, pu, qw, qu)
    store(table, NORMAL, nw)
    store(table, NORMAL + 8, nu)
    store(table, NORMAL + 16, nv)
    store(table, NORMAL + 24, nu * au + (nv * av + nw * aw))
    return low_w, high_w, low_u, high_u, low_v, high_v


@kernel(inline=True)
def load_vertex(blocks, at, frame, table, to):  # type: ignore[no-untyped-def]
    """Write w, u and v of one vertex of eight triangles from `to` on, and return them."""
    w = load(blocks, at + frame.row_w) * frame.sign - frame.origin_w
    u, v = load(blocks, at + frame.row_u) - frame.origin_u, load(blocks, at + frame.row_v) - frame.origin_v
    store(table, to, w)
    store(table, to + 8, u)
    store(table, to + 16, v)
    return w, u, v


@kernel(inline=True)
def stop_rays(bvh, faces, block, frame, beam, groups, table, scratch):  # type: ignore[no-untyped-def]
    """Take the rays of some groups that a block stops out of `beam.alive`; returns bits of the groups left without."""
    row, done = block * BLOCK, np.int32(0)
    low_w, high_w, low_u, high_u, low_v, high_v = load_block(bvh.blocks, row, frame, table)
    slack = splat(frame.slack)
    low_u, high_u, low_v, high_v = low_u - slack, high_u + slack, low_v - slack, high_v + slack
    low_w, high_w, g = maximum(low_w - slack, splat(np.float32(0))), high_w + slack, beam.groups
    while groups != 0:
        group = lowest(groups)
        groups = without_lowest(groups)
        alive = load_int(beam.alive, group)
        u = within(
            low_u, high_u, low_w, high_w, load_float(g, LOW_U + group), load_float(g, HIGH_U + group),
            load_float(g, LOW_SU + group), load_float(g, HIGH_SU + group),
        )  # fmt: skip
        v = within(
            low_v, high_v, low_w, high_w, load_float(g, LOW_V + group), load_float(g, HIGH_V + group),
            load_float(g, LOW_SV + group), load_float(g, HIGH_SV + group),
        )  # fmt: skip
        ahead = (high_w >= load_float(g, START + group)) & (low_w <= load_float(g, END + group))
        triangles = bits((u & v) & ahead)
        while triangles != 0 and alive != 0:
            k = lowest(triangles)
            triangles = without_lowest(triangles)
            met, rays, second, third = meet_triangle(beam, group * LANES, table, k)
            met, rays = met & alive, rays & alive
            if rays != 0:
                settled = settle_rays(
                    bvh.blocks, row, k, beam.raw, beam.start, beam.end, frame.row_w // LANES, frame.sign, group, rays,
                    scratch,
                )  # fmt: skip
                met = (met & ~rays) | settled
            if met != 0 and block >= faces.first_tested:
                met = stopping(bvh, faces, row + k, beam, group, met, second, third, scratch)
            alive &= ~met
        store_int(beam.alive, group, alive)
        if alive == 0:
            done |= np.int32(1) << np.int32(group)
    return done


@kernel(inline=True)
def stopping(bvh, faces, at, beam, group, met, second, third, scratch):  # type: ignore[no-untyped-def]
    """Bits of the rays among `met` that a triangle with conditions (block row and lane `at`) stops."""
    store(scratch, 0, second)
    store(scratch, LANES, third)
    found, triangle = np.int32(0), load_int(bvh.blocks, at + IDS)
    while met != 0:
        k = lowest(met)
        met = without_lowest(met)
        ray = 3 * STREAM + group * LANES + k
        dx, dy, dz = (
            load_float(beam.raw, ray),
            load_float(beam.raw, ray + STREAM),
            load_float(beam.raw, ray + 2 * STREAM),
        )
        if stops(faces, bvh.blocks, at, triangle, load_float(scratch, k), load_float(scratch, LANES + k), dx, dy, dz):
            found |= np.int32(1) << np.int32(k)
    return found


@kernel(inline=True)
def cast_shadows(bvh, faces, root, first_block, frame, beam, groups, stack, table, scratch):  # type: ignore[no-untyped-def]
    """Take rays of some groups that anything stops out of `beam.alive`; returns the block that ended the last group.

    `first_block` >= 0 is tested first.
    """
    last = first_block
    store_long(stack, 0, (np.int64(groups) << 32) | np.int64(root))
    height = 1
    if first_block >= 0:
        store_long(stack, 1, (np.int64(groups) << 32) | (~first_block & 0xFFFFFFFF))
        height = 2
    while height > 0 and groups != 0:
        height -= 1
        entry = load_long(stack, height)
        here, child = np.int32(entry >> 32) & groups, np.int64(np.int32(entry))
        if here == 0:
            continue
        if child >= 0:
            height = enter_stream_children(bvh, child * NODE, frame, beam, here, stack, height, scratch)
        else:
            done = stop_rays(bvh, faces, ~child, frame, beam, here, table, scratch)
            if done != 0:
                groups &= ~done
                last = ~child
    return last


@kernel
def any_hits(bvh, root, faces, rays, blocked, cursor, chunk):  # type: ignore[no-untyped-def]
    """Worker: whether each of the rays, in pieces of `chunk`, hits anything, as bool.

    Neighbours are cast in tiles where they run side by side, else one by one. The block that stopped the last ray is
    tried first on the next: they are mostly in the same shadow. It changes the time only, never the answer.
    """
    beam = Beam(
        raw_memory(),
        u_memory(),
        v_memory(),
        slope_u_memory(),
        slope_v_memory(),
        start_memory(),
        end_memory(),
        groups_memory(),
        alive_memory(),
    )
    stack, table, scratch, singles = entries(), table_memory(), scratch_memory(), floats()
    bvh, faces, rays = raw_bvh(bvh), raw_faces(faces), raw_rays(rays)
    last = np.int64(-1)
    while True:
        start = fetch_add(cursor, 0, 1) * chunk
        if start >= rays.total:
            break
        for first in range(start, min(start + chunk, rays.total), STREAM):
            exist = min(STREAM, min(start + chunk, rays.total) - first)
            frame, together = aim_stream(rays, first, exist, beam, scratch)
            if faces.instance_count > 0:
                together = np.int32(0)  # tiles do not enter instances
            if together != 0:
                last = cast_shadows(bvh, faces, root, last, frame, beam, together, stack, table, scratch)
            for k in range(exist):
                if (together >> np.int32(k // LANES)) & 1 != 0:
                    blocked[first + k] = (load_int(beam.alive, k // LANES) >> np.int32(k % LANES)) & 1 == 0
                    continue
                ox, oy, oz, dx, dy, dz, limit = load_ray(rays, first + k)
                stopped, found = blocked_ray(bvh, faces, root, ox, oy, oz, dx, dy, dz, limit, last, stack, singles)
                blocked[first + k] = stopped
                if found >= 0:
                    last = found
