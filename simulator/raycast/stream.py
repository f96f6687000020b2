"""Tiles of rays that run side by side, each from an origin of its own: shadow rays, and sensors that move as they look.

Along the tile's depth axis w, a ray is the line (u + slope_u w, v + slope_v w) from its `start` to its `end`, with w
counted from the plane where the first ray of the tile starts. All rays of a group, or of the tile, lie within
(low u + low slope_u w, high u + high slope_u w): a beam whose sides are planes, against which eight boxes are tested
at a time (the interval test of Boulos et al., "Packet-based Whitted and Distribution Ray Tracing", 2007, in the
sheared frame of Woop, Benthin and Wald, "Watertight Ray/Triangle Intersection", 2013).
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
    load_ints,
    load_long,
    local_memory,
    pointer,
    store,
    store_float,
    store_int,
    store_ints,
    store_long,
)
from simulator.numerics.simd import (
    LANES,
    absolute,
    bits,
    bits_float,
    bytes_of_bits,
    cross_term,
    equal,
    flip_where_negative,
    float_bits,
    greatest,
    lowest,
    lowest_of_64,
    mask_of_bits,
    maximum,
    minimum,
    negative,
    select,
    splat,
    splat_int,
    without_lowest,
)
from simulator.raycast.beam import (
    END,
    HIGH_SU,
    HIGH_SV,
    HIGH_U,
    HIGH_V,
    LOW_SU,
    LOW_SV,
    LOW_U,
    LOW_V,
    START,
    Beam,
    aim_stream,
    alive_memory,
    end_memory,
    groups_memory,
    raw_memory,
    second_memory,
    slope_u_memory,
    slope_v_memory,
    slot_memory,
    start_memory,
    third_memory,
    u_memory,
    v_memory,
)
from simulator.raycast.faces import part_of, raw_faces, stops
from simulator.raycast.layout import BLOCK, CHILD, IDS, NODE, VERTEX
from simulator.raycast.order import cells_memory, counts_memory, items_memory, number_items, order_piece
from simulator.raycast.ray import blocked_ray, entries, expect_child, floats
from simulator.raycast.rays import load_ray, raw_bvh, raw_hits, raw_rays
from simulator.raycast.tiling import GROUPS, STREAM, number_tile, tile_count
from simulator.raycast.triangle import ROUNDING, Line, distances_to_plane, settle

# Eights of rays that start no farther from the middle one, in metres, are not divided (measured on streets).
APART = np.float32(0.25)
NORMAL, MARGIN = 9 * LANES, 13 * LANES  # rows of `load_block` after the vertices
table_memory = local_memory(types.float32, 16 * LANES)
scratch_memory = local_memory(types.float32, 6 * LANES)
SETTLED = 3 * LANES  # see `settle_rays`
numbers_memory = local_memory(types.int32, STREAM)
# The bits of a depth that an entry of the stack has room for, beside eight for the groups.
DEPTH = np.int32(-(1 << GROUPS))
# Closest hits are not tried in tiles where rays of other groups point farther from the middle one's way.
LEAST_COSINE = 0.9
NO, YES = np.uint8(0), np.uint8(1)  # of marks


@kernel(inline=True)
def within(low, high, near, far, start_low, start_high, slope_low, slope_high):
    """Which intervals, each over depths near to far, a beam with these sides reaches (all f32x8 or scalars)."""
    above = maximum(start_high + slope_high * near, start_high + slope_high * far)
    below = minimum(start_low + slope_low * near, start_low + slope_low * far)
    return (low <= above) & (high >= below)


@kernel(inline=True)
def groups_reaching(beam, low_u, high_u, low_v, high_v, near, far):
    """Bits of the groups whose beams reach a box (f32x8, each the same in all lanes)."""
    g = beam.groups
    along_u = within(low_u, high_u, near, far, load(g, LOW_U), load(g, HIGH_U), load(g, LOW_SU), load(g, HIGH_SU))
    along_v = within(low_v, high_v, near, far, load(g, LOW_V), load(g, HIGH_V), load(g, LOW_SV), load(g, HIGH_SV))
    return bits((along_u & along_v) & ((far >= load(g, START)) & (near <= load(g, END))))


@kernel(inline=True)
def stream_entry(near, groups, code):
    """Child code, groups that enter it and depth of entry (rounded down) in one int64 that is ordered by depth."""
    return (np.int64((float_bits(near) & DEPTH) | groups) << 32) | (np.int64(code) & 0xFFFFFFFF)


@kernel(inline=True)
def enter_stream_children(bvh, row, frame, beam, groups, nearest_first, farthest, stack, height, scratch):
    """Push the children of a node that some of `groups` may enter, with these groups; returns the stack's height."""
    base = height
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
    u = within(low_u, high_u, near, far, frame.low_u, frame.high_u, frame.low_su, frame.high_su)
    v = within(low_v, high_v, near, far, frame.low_v, frame.high_v, frame.low_sv, frame.high_sv)
    mask = bits((u & v) & ((far >= zero) & (near <= farthest)))
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
        code, place = np.int64(load_int(nodes, row + CHILD + k)), height
        entry = stream_entry(load_float(scratch, 32 + k), reaching, code)
        while nearest_first and reaching != 0 and place > base and load_long(stack, place - 1) < entry:
            store_long(stack, place, load_long(stack, place - 1))
            place -= 1
        # Written also where no group enters: the branch would be mispredicted.
        store_long(stack, place, entry)
        height += 1 if reaching != 0 else 0
        expect_child(bvh, code)
    return height


@kernel(inline=True)
def meet_triangle(beam, at, table, k):
    """(bits of the rays of eight that meet triangle k of `table`, of those in doubt, weights of vertex 1 and 2, w)."""
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
    margin, flat = splat(load_float(table, MARGIN + k)), splat(load_float(table, MARGIN + 8 + k))
    inside, on_edge = (low >= -margin) | (high <= margin), (low < margin) & (high > -margin)
    # Where each ray meets the plane.
    nw, nu, nv = load_float(table, NORMAL + k), load_float(table, NORMAL + 8 + k), load_float(table, NORMAL + 16 + k)
    offset, slope = load_float(table, NORMAL + 24 + k) - (u * nu + v * nv), su * nu + (sv * nv + nw)
    # Slope times how far the plane lies after the start, and after the end: only the signs matter, nothing is divided.
    after, beyond = offset - load(beam.start, at) * slope, offset - load(beam.end, at) * slope
    zero = splat(np.float32(0))
    met = bits(inside & ((flip_where_negative(after, slope) > zero) & (flip_where_negative(beyond, slope) < zero)))
    doubtful = bits(inside & (on_edge | (absolute(after) < flat)))
    inverse = splat(np.float32(1)) / (a + b + c)
    return met, doubtful, b * inverse, c * inverse, offset / slope


@kernel
def settle_rays(blocks, row, k, raw, start, end, axis, sign, group, rays, scratch):
    """Bits of those of some rays of a group that meet triangle k of a block (see `triangle.settle`).

    Writes where they meet it to rows of `scratch` from `SETTLED` on: the weights of vertex 1 and 2, and w.
    """
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
            depth = np.float32(1) / near
            store_float(scratch, SETTLED + lane, load_float(scratch, LANES + k) * depth)
            store_float(scratch, SETTLED + LANES + lane, load_float(scratch, 2 * LANES + k) * depth)
            store_float(scratch, SETTLED + 2 * LANES + lane, load_float(start, ray) + depth)
    return met


@kernel(inline=True)
def load_block(blocks, row, frame, table):
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
    # Where rays meet it, nothing is farther off than twice its depth and what it is beside the axis (see `affine`).
    rounding = np.float32(0.5) * ROUNDING * size * (high_w + high_w + size + frame.spread)
    store(table, MARGIN, rounding)
    store(table, MARGIN + 8, rounding * size)
    pu, pv, pw, qu, qv, qw = bu - au, bv - av, bw - aw, cu - au, cv - av, cw - aw
    nw, nu, nv = cross_term(pu, pv, qu, qv), cross_term(pv, pw, qv, qw), cross_term(pw, pu, qw, qu)
    store(table, NORMAL, nw)
    store(table, NORMAL + 8, nu)
    store(table, NORMAL + 16, nv)
    store(table, NORMAL + 24, nu * au + (nv * av + nw * aw))
    return low_w, high_w, low_u, high_u, low_v, high_v


@kernel(inline=True)
def load_vertex(blocks, at, frame, table, to):
    """Write w, u and v of one vertex of eight triangles from `to` on, and return them."""
    w = load(blocks, at + frame.row_w) * frame.sign - frame.origin_w
    u, v = load(blocks, at + frame.row_u) - frame.origin_u, load(blocks, at + frame.row_v) - frame.origin_v
    store(table, to, w)
    store(table, to + 8, u)
    store(table, to + 16, v)
    return w, u, v


@kernel(inline=True)
def stop_rays(bvh, faces, block, frame, beam, groups, closest, table, scratch):
    """Take the rays of some groups that a block stops out of `beam.alive`; returns bits of the groups left without.

    If the `closest` hits are wanted, rays are ended by it instead, and the bits are those of the groups with hits.
    """
    row, done, pairs = block * BLOCK, np.int32(0), np.int64(0)
    low_w, high_w, low_u, high_u, low_v, high_v = load_block(bvh.blocks, row, frame, table)
    slack = splat(frame.slack)
    low_u, high_u, low_v, high_v = low_u - slack, high_u + slack, low_v - slack, high_v + slack
    low_w, high_w, g = maximum(low_w - slack, splat(np.float32(0))), high_w + slack, beam.groups
    while groups != 0:
        group = lowest(groups)
        groups = without_lowest(groups)
        u = within(
            low_u, high_u, low_w, high_w, load_float(g, LOW_U + group), load_float(g, HIGH_U + group),
            load_float(g, LOW_SU + group), load_float(g, HIGH_SU + group),
        )  # fmt: skip
        v = within(
            low_v, high_v, low_w, high_w, load_float(g, LOW_V + group), load_float(g, HIGH_V + group),
            load_float(g, LOW_SV + group), load_float(g, HIGH_SV + group),
        )  # fmt: skip
        ahead = (high_w >= load_float(g, START + group)) & (low_w <= load_float(g, END + group))
        pairs |= np.int64(bits((u & v) & ahead)) << (group * LANES)
    careful = np.int64(0)
    if block >= faces.first_tested:
        careful, pairs = pairs, careful
    # One loop over all pairs of a group and a triangle: the end of each loop is mispredicted.
    while pairs != 0:
        pair = lowest_of_64(pairs)
        pairs &= pairs - 1
        group, k = pair >> 3, pair & (LANES - 1)
        met, doubtful, second, third, w = meet_triangle(beam, group * LANES, table, k)
        alive = load_int(beam.alive, group)
        careful |= np.int64(doubtful & alive != 0) << pair
        met &= alive & ~doubtful
        if closest:
            if met != 0:
                end_rays(beam, group, met, w, block * LANES + k, second, third)
                done |= np.int32(1) << np.int32(group)
            continue
        alive &= ~met
        store_int(beam.alive, group, alive)
        if alive == 0:
            done |= np.int32(1) << np.int32(group)
            pairs &= ~(np.int64((1 << LANES) - 1) << (group * LANES))
    while careful != 0:
        pair = lowest_of_64(careful)
        careful &= careful - 1
        group, k = pair >> 3, pair & (LANES - 1)
        met = meet_with_care(bvh, faces, block, frame, beam, group, k, closest, table, scratch)
        if (met != 0 and closest) or load_int(beam.alive, group) == 0:
            done |= np.int32(1) << np.int32(group)
    return done


@kernel(inline=True)
def meet_with_care(bvh, faces, block, frame, beam, group, k, closest, table, scratch):
    """Test a group against triangle k of a block where hits may be in doubt or its triangles have conditions.

    Stops or ends rays as `stop_rays` does; returns their bits.
    """
    row = block * BLOCK
    met, rays, second, third, w = meet_triangle(beam, group * LANES, table, k)
    alive = load_int(beam.alive, group)
    met, rays = met & alive, rays & alive
    store(scratch, SETTLED, second)
    store(scratch, SETTLED + LANES, third)
    store(scratch, SETTLED + 2 * LANES, w)
    if rays != 0:
        settled = settle_rays(
            bvh.blocks, row, k, beam.raw, beam.start, beam.end, frame.row_w // LANES, frame.sign, group, rays, scratch
        )
        met = (met & ~rays) | settled
    second, third, w = load(scratch, SETTLED), load(scratch, SETTLED + LANES), load(scratch, SETTLED + 2 * LANES)
    if block >= faces.first_tested and met != 0:
        met = stopping(bvh, faces, row + k, beam, group, met, second, third, scratch)
    if not closest:
        store_int(beam.alive, group, alive & ~met)
    elif met != 0:
        end_rays(beam, group, met, w, block * LANES + k, second, third)
    return met


@kernel(inline=True)
def end_rays(beam, group, met, w, slot, second, third):
    """Let the rays `met` of a group end at w, where they meet the triangle of a slot."""
    at, ended = group * LANES, mask_of_bits(met)
    end = select(ended, w, load(beam.end, at))
    store(beam.end, at, end)
    store(beam.second, at, select(ended, second, load(beam.second, at)))
    store(beam.third, at, select(ended, third, load(beam.third, at)))
    store_ints(beam.slot, at, select(ended, splat_int(slot), load_ints(beam.slot, at)))
    store_float(beam.groups, END + group, greatest(end))


@kernel(inline=True)
def stopping(bvh, faces, at, beam, group, met, second, third, scratch):
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
def cast_stream(bvh, faces, root, first_block, frame, beam, groups, closest, stack, table, scratch):
    """Take rays of some groups that anything stops, except in instances, out of `beam.alive`.

    `first_block` >= 0 is tested first. Returns the block that ended the last group, and the groups that may enter
    instances. If the `closest` hits are wanted, rays are ended there instead.
    """
    last, entered, farthest = first_block, np.int32(0), greatest(load(beam.groups, END))
    store_long(stack, 0, stream_entry(np.float32(0), groups, root))
    height = 1
    if first_block >= 0:
        store_long(stack, 1, stream_entry(np.float32(0), groups, ~first_block))
        height = 2
    while height > 0 and groups != 0:
        height -= 1
        entry = load_long(stack, height)
        here, child = np.int32(entry >> 32) & groups, np.int64(np.int32(entry))
        if here == 0 or bits_float(np.int32(entry >> 32) & DEPTH) > farthest:
            continue
        if child >= 0:
            height = enter_stream_children(
                bvh, child * NODE, frame, beam, here, closest, farthest, stack, height, scratch
            )
        elif ~child >= faces.first_instance:
            entered |= here
        else:
            done = stop_rays(bvh, faces, ~child, frame, beam, here, closest, table, scratch)
            if done != 0 and closest:
                farthest = greatest(load(beam.groups, END))
            elif done != 0:
                groups &= ~done
                last = ~child
    return last, entered & groups


@kernel(inline=True)
def side_by_side(directions, numbers, exist):
    """Whether the first rays of all groups run about the same way: if not, a tile need not be aimed to know."""
    middle = np.int64(load_int(numbers, STREAM // 2)) * 3
    x, y, z = load_float(directions, middle), load_float(directions, middle + 1), load_float(directions, middle + 2)
    x, y, z = np.float64(x), np.float64(y), np.float64(z)
    for k in range(0, exist, LANES):
        d = np.int64(load_int(numbers, k)) * 3
        dx, dy, dz = load_float(directions, d), load_float(directions, d + 1), load_float(directions, d + 2)
        along, length = x * dx + (y * dy + z * dz), np.float64(dx) * dx + (np.float64(dy) * dy + np.float64(dz) * dz)
        if not (along > 0.0 and along * along > LEAST_COSINE**2 * length * (x * x + (y * y + z * z))):
            return False
    return True


@kernel(inline=True)
def report_group(group, exist, numbers, beam, blocks, faces, hits, scratch):
    """Write the closest hits of a group of a tile of `exist` rays; triangle by triangle, as neighbours meet the same.

    The distances are taken anew from the rays' own origins, not from the tile's: close by they would be too coarse.
    """
    at, raw, zero = group * LANES, beam.raw, splat(np.float32(0))
    line = Line(
        load(raw, at), load(raw, STREAM + at), load(raw, 2 * STREAM + at),
        load(raw, 3 * STREAM + at), load(raw, 4 * STREAM + at), load(raw, 5 * STREAM + at),
    )  # fmt: skip
    slots, t, part, face = load_ints(beam.slot, at), splat(np.float32(np.inf)), splat_int(-1), splat_int(-1)
    missed = negative(slots)
    waiting = np.int32((1 << LANES) - 1) & ~bits(missed)
    while waiting != 0:
        slot = load_int(beam.slot, at + lowest(waiting))
        same = equal(slots, splat_int(slot))
        waiting &= ~bits(same)
        place = np.int64(slot // LANES) * BLOCK + slot % LANES
        triangle = load_int(blocks, place + IDS)
        owner = part_of(faces, triangle)
        t = select(same, distances_to_plane(blocks, place, line), t)
        part = select(same, splat_int(owner), part)
        face = select(same, splat_int(triangle - load_int(faces.first, owner)), face)
    u, v = select(missed, zero, load(beam.second, at)), select(missed, zero, load(beam.third, at))
    first = np.int64(load_int(numbers, at))
    if at + LANES <= exist and load_int(numbers, at + LANES - 1) - first == LANES - 1:
        store(hits.t, first, t)
        store(hits.u, first, u)
        store(hits.v, first, v)
        store_ints(hits.part, first, part)
        store_ints(hits.primitive, first, face)
        return
    store(beam.end, at, t)
    store(beam.second, at, u)
    store(beam.third, at, v)
    store_ints(scratch, 0, part)
    store_ints(scratch, LANES, face)
    for k in range(min(LANES, exist - at)):
        ray = load_int(numbers, at + k)
        store_float(hits.t, ray, load_float(beam.end, at + k))
        store_float(hits.u, ray, load_float(beam.second, at + k))
        store_float(hits.v, ray, load_float(beam.third, at + k))
        store_int(hits.part, ray, load_int(scratch, k))
        store_int(hits.primitive, ray, load_int(scratch, LANES + k))


@kernel
def cast_streams(bvh, root, inner, faces, rays, tiling, closest, hits, marks, entering, pieces, cursor, chunk):
    """Worker: cast tiles of rays that run side by side, for `closest` hits or for any.

    For any hit, in `pieces` (P, 2), the first ray of each and one past its last, which are at most `order.PIECE`,
    `marks` (uint8) becomes whether a ray hits anything.
    Rays that do not go together are cast one by one. The block that stopped the last
    ray is tried first on the next: they are mostly in the same shadow. It changes the time only, never the answer.
    Instances are entered one by one, from the node `inner` over them alone.

    For closest hits, in pieces of `chunk` tiles, `marks` are rays to be cast, and becomes those still to be cast one by
    one, while `entering` are those that may hit something in an instance first.
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
        slot_memory(),
        second_memory(),
        third_memory(),
    )
    stack, table, scratch, singles, numbers = entries(), table_memory(), scratch_memory(), floats(), numbers_memory()
    items, spare, counts, cells = items_memory(), items_memory(), counts_memory(), cells_memory()
    bvh, faces, rays, hits = raw_bvh(bvh), raw_faces(faces), raw_rays(rays), raw_hits(hits)
    marks, entering, cuts, count = pointer(marks), pointer(entering), pointer(pieces), len(pieces)
    total, last = tile_count(tiling), np.int64(-1)
    while True:
        turn = fetch_add(cursor, 0, 1)
        start = turn * chunk
        if turn >= count if not closest else start >= total:
            break
        size = min(chunk, total - start)
        if not closest:
            start, size = cuts[2 * turn], cuts[2 * turn + 1] - cuts[2 * turn]
        first, stop, first_single, in_eights = 0, size, size, True
        if not closest:
            stop, first_single = order_piece(rays, start, size, APART, items, spare, counts, cells)
        while first < size:
            if closest:
                exist = number_tile(tiling, start + first, numbers)
                first += 1
                if marks[load_int(numbers, 0)] == NO or not side_by_side(rays.directions, numbers, exist):
                    continue
                in_a_row = exist == STREAM and tiling.rows == 1
            else:
                if first >= stop:
                    # The eights are done: now the single rays.
                    if first_single >= size or not in_eights:
                        break
                    first, stop, in_eights = first_single, size, False
                exist = number_items(rays, items, first, stop, in_eights, start, size, numbers)
                first += GROUPS if in_eights else STREAM
                in_a_row = in_eights and exist == STREAM
            frame, together = aim_stream(rays, numbers, exist, in_a_row, beam)
            entered = np.int32(0)
            if together != 0:
                last, entered = cast_stream(
                    bvh, faces, root, last, frame, beam, together, closest, stack, table, scratch
                )
            if closest:
                while together != 0:
                    group = lowest(together)
                    together = without_lowest(together)
                    report_group(group, exist, numbers, beam, bvh.blocks, faces, hits, scratch)
                    for k in range(group * LANES, min((group + 1) * LANES, exist)):
                        ray = np.int64(load_int(numbers, k))
                        marks[ray] = NO
                        if entered & (np.int32(1) << np.int32(group)) != 0:
                            entering[ray] = YES
                continue
            for group in range((exist + LANES - 1) // LANES):
                alive, bit = load_int(beam.alive, group), np.int32(1) << np.int32(group)
                singly = (entered | ~together) & bit != 0
                if in_eights and exist == STREAM and not singly:
                    store_long(marks, np.int64(load_int(numbers, group * LANES)), bytes_of_bits(~alive))
                    continue
                node = inner if together & bit != 0 else root
                for k in range(group * LANES, min((group + 1) * LANES, exist)):
                    ray = np.int64(load_int(numbers, k))
                    marks[ray] = YES - np.uint8(alive & 1)
                    if singly and alive & 1 != 0:
                        ox, oy, oz, dx, dy, dz, limit, time = load_ray(rays, ray)
                        stopped, found = blocked_ray(
                            bvh, faces, node, ox, oy, oz, dx, dy, dz, limit, time, last, stack, singles
                        )
                        marks[ray] = YES if stopped else NO
                        if found >= 0:
                            last = found
                    alive >>= np.int32(1)
