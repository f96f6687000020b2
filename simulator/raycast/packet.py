"""64 rays from one point against the hierarchy at once: what cameras and lidars cast.

The hull of a tile is four planes through the origin, which cull eight boxes at a time (Reshetov, Soupikov and Hurley,
"Multi-Level Ray Tracing Algorithm", 2005). In a block, edge functions and 1 / depth are affine in (u, v): they are set
up once for eight triangles and cost two multiply-adds each a ray. Rays keep the greatest 1 / depth, their *nearness*;
nothing is divided.

An edge function is the triple product of the ray with the edge's end points p, q as (p + q) x (q - p), which is
exactly negated for the neighbour across the edge: shared edges are watertight here too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from simulator.numerics.jit import kernel
from simulator.numerics.simd import (
    LANES,
    bits,
    cross_term,
    fetch_add,
    greatest,
    least,
    load,
    load_float,
    load_int,
    load_ints,
    local_memory,
    lowest,
    maximum,
    minimum,
    population,
    select,
    splat,
    splat_int,
    store,
    store_float,
    store_int,
    store_ints,
    without_lowest,
)
from simulator.raycast.layout import BLOCK, CHILD, IDS, NODE, VERTEX
from simulator.raycast.ray import entries, pop_before, push_children
from simulator.raycast.rays import raw_bvh, raw_hits, raw_owners, raw_rays
from simulator.raycast.tile import (
    GROUPS,
    HIGH_U,
    HIGH_V,
    LOW_U,
    LOW_V,
    NEAR,
    Tile,
    aim_tile,
    corner_of,
    depth_memory,
    directions_memory,
    groups_memory,
    nearness_memory,
    report_tile,
    same_origin,
    scratch_memory,
    triangle_memory,
    u_memory,
    v_memory,
    weight_1_memory,
    weight_2_memory,
)

# Keeps a child or ray whose nearness times depth exceeds one by rounding only.
ABOUT_ONE = np.float32(1.000001)

present_memory = local_memory(types.int32, GROUPS)
table_memory = local_memory(types.float32, 13 * LANES)


class Edges(NamedTuple):
    """Affine functions of (u, v) for eight triangles: value = const + u * (over u) + v * (over v).

    `first`, `second`, `third` are the edge functions opposite vertex 0, 1, 2, all >= 0 inside; `near` is the nearness
    of the triangle's plane; `share` times an edge function is the vertex' weight times the nearness.
    """

    first: Any
    first_u: Any
    first_v: Any
    second: Any
    second_u: Any
    second_v: Any
    third: Any
    third_u: Any
    third_v: Any
    near: Any
    near_u: Any
    near_v: Any
    share: Any


@kernel(inline=True)
def rays_in(tile, group, low_u, high_u, low_v, high_v, depth):  # type: ignore[no-untyped-def]
    """Bits of the rays of a group that pass through a rectangle and still look for hits at `depth`."""
    at = group * LANES
    u, v = load(tile.u, at), load(tile.v, at)
    inside = ((u >= low_u) & (u <= high_u)) & ((v >= low_v) & (v <= high_v))
    return bits(inside & (load(tile.nearness, at) * depth <= ABOUT_ONE))


@kernel(inline=True)
def groups_in(tile, low_u, high_u, low_v, high_v, depth):  # type: ignore[no-untyped-def]
    """Bits of the groups that overlap a rectangle and have rays that look for hits at `depth`."""
    across = (load(tile.groups, LOW_U) <= high_u) & (load(tile.groups, HIGH_U) >= low_u)
    along = (load(tile.groups, LOW_V) <= high_v) & (load(tile.groups, HIGH_V) >= low_v)
    return bits((across & along) & (load(tile.groups, NEAR) * depth <= ABOUT_ONE))


@kernel(inline=True)
def enter_tile_children(nodes, row, aim, tile, farthest, scratch):  # type: ignore[no-untyped-def]
    """(depth of entry, bits of the children some ray of the tile may enter) for the node at `row`."""
    zero, infinite = splat(np.float32(0)), splat(np.float32(np.inf))
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
    if mask == 0:
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
        u0, u1 = splat(load_float(scratch, k)), splat(load_float(scratch, 8 + k))
        v0, v1 = splat(load_float(scratch, 16 + k)), splat(load_float(scratch, 24 + k))
        depth = splat(load_float(scratch, 32 + k))
        groups = groups_in(tile, u0, u1, v0, v1, depth)
        if population(groups) <= 4:
            found = np.int32(0)
            while groups != 0 and found == 0:
                found = rays_in(tile, lowest(groups), u0, u1, v0, v1, depth)
                groups = without_lowest(groups)
            if found == 0:
                mask &= ~(np.int32(1) << np.int32(k))
    return near, mask


@kernel(inline=True)
def edge_function(pd, pu, pv, qd, qu, qv):  # type: ignore[no-untyped-def]
    """(p + q) x (q - p): twice the cross product p x q, exactly negated when p and q are exchanged."""
    sd, su, sv = pd + qd, pu + qu, pv + qv
    dd, du, dv = qd - pd, qu - pu, qv - pv
    return cross_term(su, sv, du, dv), cross_term(sv, sd, dv, dd), cross_term(sd, su, dd, du)


@kernel(inline=True)
def make_edges(ad, au, av, bd, bu, bv, cd, cu, cv):  # type: ignore[no-untyped-def]
    """Set up eight triangles a, b, c given by depth, u and v relative to the origin."""
    zero, one = splat(np.float32(0)), splat(np.float32(1))
    p, p_u, p_v = edge_function(bd, bu, bv, cd, cu, cv)
    q, q_u, q_v = edge_function(cd, cu, cv, ad, au, av)
    r, r_u, r_v = edge_function(ad, au, av, bd, bu, bv)
    # The normal from differences: cross products of the vertices would cancel for small triangles far away.
    nd = cross_term(bu - au, bv - av, cu - au, cv - av)
    nu = cross_term(bv - av, bd - ad, cv - av, cd - ad)
    nv = cross_term(bd - ad, bu - au, cd - ad, cu - au)
    distance = nd * ad + (nu * au + nv * av)
    sign = select(distance < zero, zero - one, one)
    # A plane through the origin is seen edge-on: nearness 0 lies beyond every limit.
    inverse = select((distance > zero) | (distance < zero), one / distance, zero)
    return Edges(
        p * sign,
        p_u * sign,
        p_v * sign,
        q * sign,
        q_u * sign,
        q_v * sign,
        r * sign,
        r_u * sign,
        r_v * sign,
        nd * inverse,
        nu * inverse,
        nv * inverse,
        inverse * sign * np.float32(0.5),
    )


@kernel(inline=True)
def evaluate(edges, u, v):  # type: ignore[no-untyped-def]
    """(edge functions opposite vertex 0, 1, 2, nearness) at rays (u, v)."""
    return (
        u * edges.first_u + (v * edges.first_v + edges.first),
        u * edges.second_u + (v * edges.second_v + edges.second),
        u * edges.third_u + (v * edges.third_v + edges.third),
        u * edges.near_u + (v * edges.near_v + edges.near),
    )


@kernel(inline=True)
def rays_against_eight(tile, group, rays, edges, ids, blocks, scratch):  # type: ignore[no-untyped-def]
    """Test each of some rays of a group against eight triangles; returns whether any was hit."""
    zero, changed = splat(np.float32(0)), False
    while rays != 0:
        ray = group * LANES + lowest(rays)
        rays = without_lowest(rays)
        a, b, c, near = evaluate(edges, splat(load_float(tile.u, ray)), splat(load_float(tile.v, ray)))
        hit = ((a >= zero) & (b >= zero)) & ((c >= zero) & (near > load_float(tile.nearness, ray)))
        if bits(hit) != 0:
            nearest = greatest(select(hit, near, zero))
            lane = lowest(bits(hit & (near >= nearest)))
            store(scratch, 0, b * edges.share)
            store(scratch, LANES, c * edges.share)
            store_float(tile.nearness, ray, nearest)
            store_int(tile.triangle, ray, load_int(blocks, ids + lane))
            store_float(tile.weight_1, ray, load_float(scratch, lane))
            store_float(tile.weight_2, ray, load_float(scratch, LANES + lane))
            changed = True
    return changed


@kernel(inline=True)
def store_edges(edges, table):  # type: ignore[no-untyped-def]
    """Write the functions to 13 rows of 8, to be read one triangle at a time."""
    store(table, 0, edges.first)
    store(table, 8, edges.first_u)
    store(table, 16, edges.first_v)
    store(table, 24, edges.second)
    store(table, 32, edges.second_u)
    store(table, 40, edges.second_v)
    store(table, 48, edges.third)
    store(table, 56, edges.third_u)
    store(table, 64, edges.third_v)
    store(table, 72, edges.near)
    store(table, 80, edges.near_u)
    store(table, 88, edges.near_v)
    store(table, 96, edges.share)


@kernel(inline=True)
def edges_of_one(table, k):  # type: ignore[no-untyped-def]
    """The functions of triangle k in all lanes."""
    return Edges(
        splat(load_float(table, k)),
        splat(load_float(table, 8 + k)),
        splat(load_float(table, 16 + k)),
        splat(load_float(table, 24 + k)),
        splat(load_float(table, 32 + k)),
        splat(load_float(table, 40 + k)),
        splat(load_float(table, 48 + k)),
        splat(load_float(table, 56 + k)),
        splat(load_float(table, 64 + k)),
        splat(load_float(table, 72 + k)),
        splat(load_float(table, 80 + k)),
        splat(load_float(table, 88 + k)),
        splat(load_float(table, 96 + k)),
    )


@kernel(inline=True)
def group_against_each(tile, group, triangles, table, ids, blocks):  # type: ignore[no-untyped-def]
    """Test the eight rays of a group against each of some triangles, whose edges are in `table`."""
    at, zero = group * LANES, splat(np.float32(0))
    u, v, nearness = load(tile.u, at), load(tile.v, at), load(tile.nearness, at)
    triangle, weight_1, weight_2 = load_ints(tile.triangle, at), load(tile.weight_1, at), load(tile.weight_2, at)
    while triangles != 0:
        k = lowest(triangles)
        triangles = without_lowest(triangles)
        edges = edges_of_one(table, k)
        a, b, c, near = evaluate(edges, u, v)
        hit = ((a >= zero) & (b >= zero)) & ((c >= zero) & (near > nearness))
        nearness = select(hit, near, nearness)
        triangle = select(hit, splat_int(load_int(blocks, ids + k)), triangle)
        weight_1, weight_2 = select(hit, b * edges.share, weight_1), select(hit, c * edges.share, weight_2)
    store(tile.nearness, at, nearness)
    store_ints(tile.triangle, at, triangle)
    store(tile.weight_1, at, weight_1)
    store(tile.weight_2, at, weight_2)


@kernel(inline=True)
def tile_vertex(blocks, at, aim):  # type: ignore[no-untyped-def]
    """Depth, u and v of one vertex of eight triangles relative to the origin."""
    depth = (load(blocks, at + aim.row_depth) - aim.origin_depth) * aim.sign
    return depth, load(blocks, at + aim.row_u) - aim.origin_u, load(blocks, at + aim.row_v) - aim.origin_v


@kernel(inline=True)
def meet_block(blocks, block, aim, tile, farthest, present, table, scratch):  # type: ignore[no-untyped-def]
    """Test a tile against the triangles of a block; returns whether any ray was hit."""
    row = block * BLOCK
    zero, one, infinite = splat(np.float32(0)), splat(np.float32(1)), splat(np.float32(np.inf))
    ad, au, av = tile_vertex(blocks, row, aim)
    bd, bu, bv = tile_vertex(blocks, row + VERTEX, aim)
    cd, cu, cv = tile_vertex(blocks, row + 2 * VERTEX, aim)
    # Bounds of the projected triangles; one that reaches behind the origin has none.
    nearest, ahead = minimum(ad, minimum(bd, cd)), maximum(ad, maximum(bd, cd)) > zero
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
    u0, u1 = splat(least(u_low) - aim.margin_u), splat(greatest(u_high) + aim.margin_u)
    v0, v1 = splat(least(v_low) - aim.margin_v), splat(greatest(v_high) + aim.margin_v)
    depth = splat(max(least(nearest), np.float32(0)))
    groups, candidates = groups_in(tile, u0, u1, v0, v1, depth), np.int32(0)
    waiting = groups
    while waiting != 0:
        group = lowest(waiting)
        waiting = without_lowest(waiting)
        rays = rays_in(tile, group, u0, u1, v0, v1, depth)
        store_int(present, group, rays)
        candidates |= rays
    if candidates == 0:
        return False
    edges = make_edges(ad, au, av, bd, bu, bv, cd, cu, cv)
    number, stored, changed = population(triangles), False, False
    while groups != 0:
        group = lowest(groups)
        groups = without_lowest(groups)
        rays = load_int(present, group)
        if rays == 0:
            continue
        if population(rays) <= number:
            hit = rays_against_eight(tile, group, rays, edges, row + IDS, blocks, scratch)
        else:
            if not stored:
                store_edges(edges, table)
                stored = True
            group_against_each(tile, group, triangles, table, row + IDS, blocks)
            hit = True
        if hit:
            store_float(tile.groups, NEAR + group, least(load(tile.nearness, group * LANES)))
            changed = True
    return changed


@kernel(inline=True)
def cast_tile(bvh, root, aim, tile, stack, scratch, present, table):  # type: ignore[no-untyped-def]
    """Find the first hits of an aimed tile."""
    nodes, blocks = bvh
    least_nearness = least(load(tile.groups, NEAR))
    farthest = np.float32(1) / least_nearness if least_nearness > np.float32(0) else np.float32(np.inf)
    entry, height = np.int64(root), 0
    while height >= 0:
        child = np.int64(np.int32(entry))
        if child >= 0:
            row = child * NODE
            near, mask = enter_tile_children(nodes, row, aim, tile, splat(farthest), scratch)
            if mask != 0:
                if without_lowest(mask) == 0:
                    entry = np.int64(load_int(nodes, row + CHILD + lowest(mask)))
                    continue
                store(scratch, 0, near)
                entry, height = push_children(nodes, row, mask, scratch, stack, height)
                continue
        elif meet_block(blocks, ~child, aim, tile, splat(farthest), present, table, scratch):
            least_nearness = least(load(tile.groups, NEAR))
            if least_nearness > np.float32(0):
                farthest = np.float32(1) / least_nearness
        entry, height = pop_before(stack, height, farthest)


@kernel
def closest_tiles(bvh, root, owners, rays, hits, grid, apart, cursor, chunk):  # type: ignore[no-untyped-def]
    """Worker: cast tiles in pieces of `chunk`; those whose rays do not go together are only marked in `apart`."""
    tile = Tile(
        directions_memory(),
        depth_memory(),
        u_memory(),
        v_memory(),
        nearness_memory(),
        triangle_memory(),
        weight_1_memory(),
        weight_2_memory(),
        groups_memory(),
    )
    stack, scratch, present, table = entries(), scratch_memory(), present_memory(), table_memory()
    bvh, owners, rays, hits = raw_bvh(bvh), raw_owners(owners), raw_rays(rays), raw_hits(hits)
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
                    cast_tile(bvh, root, aim, tile, stack, scratch, present, table)
                    report_tile(grid, corner, tile, owners, hits)
            apart[number] = not together
