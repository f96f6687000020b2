"""A tile of rays from one point against the hierarchy at once: what cameras and lidars cast.

The hull of a tile is four planes through the origin, which cull eight boxes at a time (Reshetov, Soupikov and Hurley,
"Multi-Level Ray Tracing Algorithm", 2005), and the triangles of a block are affine functions of where a ray goes (see
`affine`). Rays keep the greatest 1 / depth, their *nearness*; nothing is divided.
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
    load_ints_wide,
    load_wide,
    local_memory,
    store,
    store_float,
    store_int,
    store_ints,
    store_long,
)
from simulator.numerics.simd import (
    LANES,
    WIDE,
    bits,
    greatest,
    least,
    lowest,
    maximum,
    minimum,
    population,
    select,
    splat,
    splat_int_wide,
    splat_wide,
    with_lane,
    without_lowest,
)
from simulator.raycast.affine import affine_of_one, evaluate, make_affine, store_affine
from simulator.raycast.faces import raw_faces, stops
from simulator.raycast.layout import BLOCK, CHILD, IDS, NODE, VERTEX
from simulator.raycast.ray import entries, expect_child, pop_before, push_children, stack_entry
from simulator.raycast.rays import raw_bvh, raw_hits, raw_rays
from simulator.raycast.tile import (
    GROUPS,
    HIGH_U,
    HIGH_V,
    LOW_U,
    LOW_V,
    NEAR,
    TILE,
    Tile,
    aim_tile,
    corner_of,
    depth_memory,
    directions_memory,
    eight_rays,
    expect_report,
    groups_memory,
    nearness_memory,
    report_tile,
    same_origin,
    scratch_memory,
    second_memory,
    third_memory,
    triangle_memory,
    u_memory,
    v_memory,
)
from simulator.raycast.triangle import settle

# Keeps a child or ray whose nearness times depth exceeds one by rounding only.
ABOUT_ONE = np.float32(1.000001)
# From so many triangles on a group's rays are looked at: where few come near, each is tested against all eight.
MANY = 3

present_memory = local_memory(types.int32, GROUPS)
table_memory = local_memory(types.float32, 10 * LANES)


@kernel(inline=True)
def rays_in(tile, group, low_u, high_u, low_v, high_v, depth):
    """Bits of the rays of a group that pass through a rectangle and still look for hits at `depth`."""
    at = group * WIDE
    u, v = load_wide(tile.u, at), load_wide(tile.v, at)
    inside = ((u >= low_u) & (u <= high_u)) & ((v >= low_v) & (v <= high_v))
    return bits(inside & (load_wide(tile.nearness, at) * depth <= ABOUT_ONE))


@kernel(inline=True)
def groups_in(tile, low_u, high_u, low_v, high_v, depth):
    """Bits of the groups that overlap a rectangle and have rays that look for hits at `depth`."""
    across = (load_wide(tile.groups, LOW_U) <= high_u) & (load_wide(tile.groups, HIGH_U) >= low_u)
    along = (load_wide(tile.groups, LOW_V) <= high_v) & (load_wide(tile.groups, HIGH_V) >= low_v)
    return bits((across & along) & (load_wide(tile.groups, NEAR) * depth <= ABOUT_ONE))


@kernel(inline=True)
def triangles_in(tile, group, low_u, high_u, low_v, high_v, nearest):
    """Bits of the triangles, given their bounds, that a group overlaps and that may be nearer than some of its hits."""
    across = (low_u <= load_float(tile.groups, HIGH_U + group)) & (high_u >= load_float(tile.groups, LOW_U + group))
    along = (low_v <= load_float(tile.groups, HIGH_V + group)) & (high_v >= load_float(tile.groups, LOW_V + group))
    return bits((across & along) & (nearest * load_float(tile.groups, NEAR + group) <= ABOUT_ONE))


@kernel(inline=True)
def enter_tile_children(bvh, row, aim, tile, farthest, scratch):
    """(depth of entry, bits of the children some ray of the tile may enter) for the node at `row`."""
    nodes, zero, infinite = bvh.nodes, splat(np.float32(0)), splat(np.float32(np.inf))
    # Rows of a node are twice as far apart as rows of a vertex: low and high.
    low, high = row + 2 * aim.row_depth, row + 2 * aim.row_depth + LANES
    if aim.sign > np.float32(0):
        near = load(nodes, low) - (aim.origin_depth + aim.slack)
        far = load(nodes, high) - (aim.origin_depth - aim.slack)
    else:
        near = (aim.origin_depth - aim.slack) - load(nodes, high)
        far = (aim.origin_depth + aim.slack) - load(nodes, low)
    near = maximum(near, zero)
    u_low = load(nodes, row + 2 * aim.row_u) - (aim.origin_u + aim.slack)
    u_high = load(nodes, row + 2 * aim.row_u + LANES) - (aim.origin_u - aim.slack)
    v_low = load(nodes, row + 2 * aim.row_v) - (aim.origin_v + aim.slack)
    v_high = load(nodes, row + 2 * aim.row_v + LANES) - (aim.origin_v - aim.slack)
    hull_u = (u_low <= maximum(far * aim.high_u, near * aim.high_u)) & (
        u_high >= minimum(far * aim.low_u, near * aim.low_u)
    )
    hull_v = (v_low <= maximum(far * aim.high_v, near * aim.high_v)) & (
        v_high >= minimum(far * aim.low_v, near * aim.low_v)
    )
    mask = bits((hull_u & hull_v) & ((far >= zero) & (near <= farthest)))
    if without_lowest(mask) == 0:
        if mask != 0:
            expect_child(bvh, np.int64(load_int(nodes, row + CHILD + lowest(mask))))
        return near, mask
    # The hull covers the gaps between the rays too: ask the groups, and the rays when few groups are left.
    ahead = near > np.float32(1e-20)
    by_near, by_far = splat(np.float32(1)) / near, splat(np.float32(1)) / far
    store(scratch, 0, select(ahead, minimum(u_low * by_near, u_low * by_far), zero - infinite) - aim.margin_u)
    store(scratch, 8, select(ahead, maximum(u_high * by_near, u_high * by_far), infinite) + aim.margin_u)
    store(scratch, 16, select(ahead, minimum(v_low * by_near, v_low * by_far), zero - infinite) - aim.margin_v)
    store(scratch, 24, select(ahead, maximum(v_high * by_near, v_high * by_far), infinite) + aim.margin_v)
    store(scratch, 32, near)
    waiting = mask
    while waiting != 0:
        k = lowest(waiting)
        waiting = without_lowest(waiting)
        u0, u1 = load_float(scratch, k), load_float(scratch, 8 + k)
        v0, v1 = load_float(scratch, 16 + k), load_float(scratch, 24 + k)
        depth = load_float(scratch, 32 + k)
        groups = groups_in(tile, u0, u1, v0, v1, depth)
        if population(groups) <= 6:
            found = np.int32(0)
            while groups != 0 and found == 0:
                found = rays_in(tile, lowest(groups), u0, u1, v0, v1, depth)
                groups = without_lowest(groups)
            if found == 0:
                mask = np.int32(mask & ~(1 << k))
                continue
        expect_child(bvh, np.int64(load_int(nodes, row + CHILD + k)))
    return near, mask


@kernel(inline=True)
def stops_ray(tile, ray, faces, blocks, at, triangle, u, v):
    """Whether the triangle with conditions at block row and lane `at` stops a ray of the tile at weights u and v."""
    dx, dy = load_float(tile.directions, ray), load_float(tile.directions, TILE + ray)
    dz = load_float(tile.directions, 2 * TILE + ray)
    return stops(faces, blocks, at, triangle, u, v, dx, dy, dz)


@kernel(inline=True)
def settle_ray(tile, ray, blocks, row, out):
    """Decide the triangles of a block for a ray that leaves some in doubt (see `triangle.settle`)."""
    d = tile.directions
    settle(
        blocks, row, load_float(d, 3 * TILE), load_float(d, 3 * TILE + 1), load_float(d, 3 * TILE + 2),
        load_float(d, ray), load_float(d, TILE + ray), load_float(d, 2 * TILE + ray), load_float(tile.depth, ray), out,
    )  # fmt: skip


@kernel(inline=True)
def settle_group(tile, group, rays, blocks, row, k, near, second, third, scratch):
    """`near`, `second` and `third` of triangle k for a group, decided anew for some rays."""
    while rays != 0:
        lane = lowest(rays)
        rays = without_lowest(rays)
        settle_ray(tile, group * WIDE + lane, blocks, row, scratch)
        near = with_lane(near, lane, load_float(scratch, k))
        second = with_lane(second, lane, load_float(scratch, LANES + k))
        third = with_lane(third, lane, load_float(scratch, 2 * LANES + k))
    return near, second, third


@kernel(inline=True)
def first_that_stops(tile, ray, near, block, faces, blocks, scratch):
    """Where a ray stops that meets eight triangles with conditions at nearness `near` (0: it does not meet them).

    `scratch` holds the weights times nearness. Returns (nearness, lane), or nearness 0.
    """
    while True:
        nearest = greatest(near)
        lane = lowest(bits(near >= nearest))
        if nearest <= np.float32(0):
            return nearest, lane
        u, v = load_float(scratch, lane) / nearest, load_float(scratch, LANES + lane) / nearest
        at = block * BLOCK + lane
        if stops_ray(tile, ray, faces, blocks, at, load_int(blocks, at + IDS), u, v):
            return nearest, lane
        near = with_lane(near, lane, np.float32(0))


@kernel(inline=True)
def rays_against_eight(tile, group, rays, affine, block, faces, blocks, scratch):
    """Test each of some rays of a group against eight triangles; (whether any was hit, nearness of the group)."""
    group_nearness, changed = load_wide(tile.nearness, group * WIDE), False
    while rays != 0:
        ray_lane = lowest(rays)
        ray = group * WIDE + ray_lane
        rays = without_lowest(rays)
        u, v, nearness = load_float(tile.u, ray), load_float(tile.v, ray), load_float(tile.nearness, ray)
        hit, doubtful, near, second, third = evaluate(affine, splat(u), splat(v), splat(nearness))
        near = select(hit, near, splat(np.float32(0)))
        if bits(hit) != 0:
            if bits(doubtful) != 0:
                settle_ray(tile, ray, blocks, block * BLOCK, scratch)
                near = select(doubtful, load(scratch, 0), near)
                near = select(near > splat(nearness), near, splat(np.float32(0)))
                second = select(doubtful, load(scratch, LANES), second)
                third = select(doubtful, load(scratch, 2 * LANES), third)
                if bits(near > splat(np.float32(0))) == 0:
                    continue
            store(scratch, 0, second)
            store(scratch, LANES, third)
            if block < faces.first_tested:
                nearest = greatest(near)
                lane = lowest(bits(near >= nearest))
            else:
                nearest, lane = first_that_stops(tile, ray, near, block, faces, blocks, scratch)
                if nearest <= np.float32(0):
                    continue
            group_nearness = with_lane(group_nearness, ray_lane, nearest)
            store_int(tile.triangle, ray, load_int(blocks, block * BLOCK + IDS + lane))
            store_float(tile.second, ray, load_float(scratch, lane))
            store_float(tile.third, ray, load_float(scratch, LANES + lane))
            changed = True
    if changed:
        store(tile.nearness, group * WIDE, group_nearness)
    return changed, group_nearness


@kernel(inline=True)
def without_passes(tile, group, hit, near, second, third, at, faces, blocks, scratch):
    """The nearness of the rays of a group that a triangle with conditions (block row and lane `at`) stops, else 0."""
    store(scratch, 0, near)
    store(scratch, WIDE, second)
    store(scratch, 2 * WIDE, third)
    stopped, waiting = splat_wide(np.float32(0)), bits(hit)
    triangle = load_int(blocks, at + IDS)
    while waiting != 0:
        k = lowest(waiting)
        waiting = without_lowest(waiting)
        here, ray = load_float(scratch, k), group * WIDE + k
        u, v = load_float(scratch, WIDE + k) / here, load_float(scratch, 2 * WIDE + k) / here
        if stops_ray(tile, ray, faces, blocks, at, triangle, u, v):
            stopped = with_lane(stopped, k, here)
    return stopped


@kernel(inline=True)
def group_against_each(tile, group, triangles, table, block, faces, blocks, scratch):
    """Test the rays of a group against each of some triangles, whose functions are in `table`.

    Returns the nearness of the group. What was found is written without asking whether anything was: the branch would
    be mispredicted half the time. All is decided anew with more care if anything was in doubt, which is seldom.
    """
    at, row = group * WIDE, block * BLOCK
    u, v, nearness = load_wide(tile.u, at), load_wide(tile.v, at), load_wide(tile.nearness, at)
    triangle = load_ints_wide(tile.triangle, at)
    best_second, best_third = load_wide(tile.second, at), load_wide(tile.third, at)
    waiting, doubt = triangles, nearness < nearness
    while waiting != 0:
        k = lowest(waiting)
        waiting = without_lowest(waiting)
        hit, doubtful, near, second, third = evaluate(affine_of_one(table, k), u, v, nearness)
        doubt = doubt | doubtful
        nearness = select(hit, near, nearness)
        triangle = select(hit, splat_int_wide(load_int(blocks, row + IDS + k)), triangle)
        best_second, best_third = select(hit, second, best_second), select(hit, third, best_third)
    if bits(doubt) == 0 and block < faces.first_tested:
        store(tile.nearness, at, nearness)
        store_ints(tile.triangle, at, triangle)
        store(tile.second, at, best_second)
        store(tile.third, at, best_third)
        return nearness
    return group_with_care(tile, group, triangles, table, block, faces, blocks, scratch)


@kernel(inline=True)
def group_with_care(tile, group, triangles, table, block, faces, blocks, scratch):
    """As `group_against_each`, where hits may be in doubt or their triangles have conditions."""
    at, row = group * WIDE, block * BLOCK
    u, v, nearness = load_wide(tile.u, at), load_wide(tile.v, at), load_wide(tile.nearness, at)
    while triangles != 0:
        k = lowest(triangles)
        triangles = without_lowest(triangles)
        hit, doubtful, near, second, third = evaluate(affine_of_one(table, k), u, v, nearness)
        rays = bits(doubtful)
        if rays != 0:
            near, second, third = settle_group(tile, group, rays, blocks, row, k, near, second, third, scratch)
            hit = hit & (near > nearness)
        if block >= faces.first_tested:
            near = without_passes(tile, group, hit, near, second, third, row + k, faces, blocks, scratch)
            hit = near > nearness
        nearness = select(hit, near, nearness)
        triangle = select(hit, splat_int_wide(load_int(blocks, row + IDS + k)), load_ints_wide(tile.triangle, at))
        store_ints(tile.triangle, at, triangle)
        store(tile.second, at, select(hit, second, load_wide(tile.second, at)))
        store(tile.third, at, select(hit, third, load_wide(tile.third, at)))
    store(tile.nearness, at, nearness)
    return nearness


@kernel(inline=True)
def tile_vertex(blocks, at, aim):
    """Depth, u and v of one vertex of eight triangles relative to the origin."""
    depth = (load(blocks, at + aim.row_depth) - aim.origin_depth) * aim.sign
    return depth, load(blocks, at + aim.row_u) - aim.origin_u, load(blocks, at + aim.row_v) - aim.origin_v


@kernel(inline=True)
def meet_block(blocks, faces, block, aim, tile, farthest, present, table, scratch):
    """Test a tile against the triangles of a block; returns whether any ray was hit."""
    row = block * BLOCK
    zero, one, infinite = splat(np.float32(0)), splat(np.float32(1)), splat(np.float32(np.inf))
    ad, au, av = tile_vertex(blocks, row, aim)
    bd, bu, bv = tile_vertex(blocks, row + VERTEX, aim)
    cd, cu, cv = tile_vertex(blocks, row + 2 * VERTEX, aim)
    # Bounds of the projected triangles; one that reaches behind the origin has none.
    nearest, far = minimum(ad, minimum(bd, cd)), maximum(ad, maximum(bd, cd))
    ahead = far > zero
    bounded = nearest > np.float32(1e-20)
    by_a, by_b, by_c = one / ad, one / bd, one / cd
    ua, ub, uc, va, vb, vc = au * by_a, bu * by_b, cu * by_c, av * by_a, bv * by_b, cv * by_c
    u_low = select(bounded, minimum(ua, minimum(ub, uc)), zero - infinite)
    u_high = select(bounded, maximum(ua, maximum(ub, uc)), infinite)
    v_low = select(bounded, minimum(va, minimum(vb, vc)), zero - infinite)
    v_high = select(bounded, maximum(va, maximum(vb, vc)), infinite)
    seen = ((u_low <= aim.high_u) & (u_high >= aim.low_u)) & ((v_low <= aim.high_v) & (v_high >= aim.low_v))
    seen = seen & (ahead & (nearest <= farthest))
    triangles = bits(seen)
    # Bounds of those seen (before the branch: a mask that is used beyond one is costly to keep).
    u_low, u_high = select(seen, u_low, infinite), select(seen, u_high, zero - infinite)
    v_low, v_high = select(seen, v_low, infinite), select(seen, v_high, zero - infinite)
    nearest = select(seen, nearest, infinite)
    if triangles == 0:
        return False
    u_low, u_high, v_low, v_high = (
        u_low - aim.margin_u,
        u_high + aim.margin_u,
        v_low - aim.margin_v,
        v_high + aim.margin_v,
    )
    u0, u1, v0, v1 = least(u_low), greatest(u_high), least(v_low), greatest(v_high)
    depth = max(least(nearest), np.float32(0))
    waiting, groups = groups_in(tile, u0, u1, v0, v1, depth), np.int32(0)
    while waiting != 0:
        group = lowest(waiting)
        waiting = without_lowest(waiting)
        triangles = triangles_in(tile, group, u_low, u_high, v_low, v_high, nearest)
        store_int(present, group, triangles)
        if triangles != 0:
            groups |= np.int32(1) << np.int32(group)
    if groups == 0:
        return False
    reach = np.float32(1) + max(abs(aim.low_u), abs(aim.high_u)) + max(abs(aim.low_v), abs(aim.high_v))
    affine = make_affine(ad, au, av, bd, bu, bv, cd, cu, cv, far, reach)
    store_affine(affine, table)
    changed = False
    while groups != 0:
        group = lowest(groups)
        groups = without_lowest(groups)
        triangles = load_int(present, group)
        number, rays = population(triangles), np.int32((1 << WIDE) - 1)
        if number >= MANY:
            rays = rays_in(tile, group, u0, u1, v0, v1, depth)
            if rays == 0:
                continue
        if 2 * population(rays) <= number + 2:
            hit, nearness = rays_against_eight(tile, group, rays, affine, block, faces, blocks, scratch)
        else:
            nearness = group_against_each(tile, group, triangles, table, block, faces, blocks, scratch)
            hit = True
        if hit:
            store(tile.groups, NEAR, with_lane(load_wide(tile.groups, NEAR), group, least(nearness)))
            changed = True
    return changed


@kernel(inline=True)
def cast_tile(bvh, faces, root, aim, tile, stack, scratch, present, table, entering):
    """Find the first hits of an aimed tile outside of instances; returns the groups that may hit in one before.

    `entering` has the bits of these rays of each group.
    """
    nodes, blocks = bvh
    least_nearness = least(load_wide(tile.groups, NEAR))
    farthest = np.float32(1) / least_nearness if least_nearness > np.float32(0) else np.float32(np.inf)
    # A block is met when the next one comes up: what of it is not in the cache arrives meanwhile. The one at the
    # bottom of the stack never is.
    store_long(stack, 0, stack_entry(np.float32(0), ~0))
    entry, height, entered, later = np.int64(root), np.int64(1), np.int32(0), np.int64(-1)
    while height >= 0:
        child = np.int64(np.int32(entry))
        if child >= 0:
            row = child * NODE
            near, mask = enter_tile_children(bvh, row, aim, tile, splat(farthest), scratch)
            if mask != 0:
                if without_lowest(mask) == 0:
                    entry = np.int64(load_int(nodes, row + CHILD + lowest(mask)))
                    continue
                store(scratch, 0, near)
                entry, height = push_children(nodes, row, mask, scratch, stack, height)
                continue
        elif ~child >= faces.first_instance:
            entered = enter_instance(faces.boxes, ~child - faces.first_instance, aim, tile, entered, entering)
        else:
            block, later = later, ~child
            if block >= 0 and meet_block(blocks, faces, block, aim, tile, splat(farthest), present, table, scratch):
                least_nearness = least(load_wide(tile.groups, NEAR))
                if least_nearness > np.float32(0):
                    farthest = np.float32(1) / least_nearness
        entry, height = pop_before(stack, height, farthest)
    return entered


@kernel(inline=True)
def enter_instance(boxes, number, aim, tile, entered, entering):
    """Note in `entering` which rays may enter the box of an instance; returns the groups of `entered` and of these."""
    low = number * 6
    d, u, v = low + aim.row_depth // LANES, low + aim.row_u // LANES, low + aim.row_v // LANES
    one = (load_float(boxes, d) - aim.origin_depth) * aim.sign
    other = (load_float(boxes, d + 3) - aim.origin_depth) * aim.sign
    near, far = max(min(one, other) - aim.slack, np.float32(0)), max(one, other) + aim.slack
    low_u, high_u = load_float(boxes, u) - aim.origin_u - aim.slack, load_float(boxes, u + 3) - aim.origin_u + aim.slack
    low_v, high_v = load_float(boxes, v) - aim.origin_v - aim.slack, load_float(boxes, v + 3) - aim.origin_v + aim.slack
    if near > np.float32(1e-20):
        low_u, high_u = min(low_u / near, low_u / far), max(high_u / near, high_u / far)
        low_v, high_v = min(low_v / near, low_v / far), max(high_v / near, high_v / far)
    else:
        low_u = low_v = np.float32(-np.inf)
        high_u = high_v = np.float32(np.inf)
    u0, u1, v0, v1 = low_u - aim.margin_u, high_u + aim.margin_u, low_v - aim.margin_v, high_v + aim.margin_v
    groups = groups_in(tile, u0, u1, v0, v1, near)
    while groups != 0:
        group = lowest(groups)
        groups = without_lowest(groups)
        rays = rays_in(tile, group, u0, u1, v0, v1, near)
        if rays != 0:
            bit = np.int32(1) << np.int32(group)
            store_int(entering, group, rays | load_int(entering, group) if entered & bit != 0 else rays)
            entered = np.int32(entered | bit)
    return entered


@kernel
def closest_tiles(bvh, root, faces, rays, hits, grid, apart, entering, cursor, chunk):
    """Worker: cast tiles in pieces of `chunk`; those whose rays do not go together are only marked in `apart`.

    Instances are left out, but rays that may hit something in them first are marked in `entering`.
    """
    tile = Tile(
        directions_memory(),
        depth_memory(),
        u_memory(),
        v_memory(),
        nearness_memory(),
        triangle_memory(),
        second_memory(),
        third_memory(),
        groups_memory(),
    )
    # Nothing is ever near enough for groups that a tile does not have.
    for at in range(0, TILE, WIDE):
        store(tile.nearness, at, splat_wide(np.float32(np.inf)))
    stack, scratch, present, table = entries(), scratch_memory(), present_memory(), table_memory()
    inside = present_memory()
    bvh, faces, rays, hits = raw_bvh(bvh), raw_faces(faces), raw_rays(rays), raw_hits(hits)
    while True:
        start = fetch_add(cursor, 0, 1) * chunk
        if start >= apart.shape[0]:
            break
        for number in range(start, min(start + chunk, apart.shape[0])):
            corner = corner_of(grid, number)
            together = same_origin(rays, grid, corner)
            if together:
                aim, together = aim_tile(rays, grid, corner, tile, scratch)
                if together:
                    expect_report(grid, corner, hits)
                    entered = cast_tile(bvh, faces, root, aim, tile, stack, scratch, present, table, inside)
                    report_tile(grid, corner, tile, faces, hits)
                    while entered != 0:
                        group = lowest(entered)
                        entered = without_lowest(entered)
                        for half in range(2):
                            first, exist = eight_rays(grid, corner, 2 * group + half)
                            for k in range(exist):
                                bit = load_int(inside, group) >> np.int32(half * LANES + k)
                                entering[first + k] = bit & 1 != 0
            apart[number] = not together
