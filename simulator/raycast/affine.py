"""Eight triangles as seen from the origin of a tile: affine functions of where a ray goes.

With every ray divided by its depth component it is (1, u, v), and 1 / depth of a triangle's plane and the barycentric
weights divided by depth are affine in (u, v): set up once for eight triangles, two multiply-adds each a ray. Where
rounding could turn the answer, it is left in doubt (see `triangle`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_float, store
from simulator.numerics.simd import absolute, maximum, minimum, select, splat, splat_wide
from simulator.raycast.triangle import ROUNDING, cross, greatest_of, margin_of, normal_of

# Planes are uncertain that pass by the origin within this share of a vertex' distance, and for rays that meet them at
# a smaller angle than this: 1 / depth has then lost half of its 24 bits.
EDGE_ON, GRAZING = np.float32(2.0**-10), np.float32(2.0**-13)
# What stands for 1 / depth where all is in doubt.
NEAREST = np.float32(1e30)


class Affine(NamedTuple):
    """Eight triangles as affine functions of (u, v): value = const + u * (..._u) + v * (..._v).

    `near` is 1 / depth of the triangle's plane, `second` and `third` the weights of vertex 1 and 2 times this. A ray
    whose least weight, times `near`, is within `margin` of zero is in doubt.
    """

    near: Any
    near_u: Any
    near_v: Any
    second: Any
    second_u: Any
    second_v: Any
    third: Any
    third_u: Any
    third_v: Any
    margin: Any


@kernel(inline=True)
def make_affine(ad, au, av, bd, bu, bv, cd, cu, cv, far, reach):
    """Set up eight triangles a, b, c given by depth, u and v relative to the origin.

    far: their greatest depth. reach: greatest 1 + |u| + |v| of the rays.
    """
    zero, half = splat(np.float32(0)), np.float32(0.5)
    pd, pu, pv, qd, qu, qv = cd - ad, cu - au, cv - av, ad - bd, au - bu, av - bv
    nd, nu, nv = normal_of(pd, pu, pv, qd, qu, qv, bd - cd, bu - cu, bv - cv)
    offset = nd * ad + (nu * au + nv * av)
    steep = greatest_of(nd, nu, nv)
    size = maximum(greatest_of(pd, pu, pv), greatest_of(qd, qu, qv))
    # Where rays meet it, nothing is farther off than twice its depth; no vertex is then by more than its size.
    far = far + far
    known = absolute(offset) > EDGE_ON * (steep * (far + size))
    by_offset = select(known, splat(np.float32(1)) / offset, zero)
    sd, su, sv = cross(pd, pu, pv, cd + ad, cu + au, cv + av)
    td, tu, tv = cross(qd, qu, qv, ad + bd, au + bu, av + bv)
    rounding = maximum(half * ROUNDING * margin_of(size, far), GRAZING * steep)
    # One without area is never met: all zero, and nothing in doubt.
    unknown = select(known, zero, select(steep > zero, splat(NEAREST), zero))
    scale = half * by_offset
    return Affine(
        nd * by_offset + unknown,
        nu * by_offset,
        nv * by_offset,
        sd * scale,
        su * scale,
        sv * scale,
        td * scale,
        tu * scale,
        tv * scale,
        reach * rounding * absolute(by_offset) + unknown,
    )


@kernel(inline=True)
def evaluate(affine, u, v, nearness):
    """(which are hit nearer than `nearness`, which of these are in doubt, near, second, third) at rays (u, v)."""
    second = u * affine.second_u + (v * affine.second_v + affine.second)
    third = u * affine.third_u + (v * affine.third_v + affine.third)
    near = u * affine.near_u + (v * affine.near_v + affine.near)
    lowest_weight = minimum(near - (second + third), minimum(second, third))
    hit = (lowest_weight >= -affine.margin) & (near > nearness)
    return hit, hit & (lowest_weight <= affine.margin), near, second, third


@kernel(inline=True)
def store_affine(affine, table):
    """Write the functions to ten rows of eight, to be read one triangle at a time."""
    store(table, 0, affine.near)
    store(table, 8, affine.near_u)
    store(table, 16, affine.near_v)
    store(table, 24, affine.second)
    store(table, 32, affine.second_u)
    store(table, 40, affine.second_v)
    store(table, 48, affine.third)
    store(table, 56, affine.third_u)
    store(table, 64, affine.third_v)
    store(table, 72, affine.margin)


@kernel(inline=True)
def affine_of_one(table, k):
    """The functions of triangle k in all lanes."""
    return Affine(
        splat_wide(load_float(table, k)),
        splat_wide(load_float(table, 8 + k)),
        splat_wide(load_float(table, 16 + k)),
        splat_wide(load_float(table, 24 + k)),
        splat_wide(load_float(table, 32 + k)),
        splat_wide(load_float(table, 40 + k)),
        splat_wide(load_float(table, 48 + k)),
        splat_wide(load_float(table, 56 + k)),
        splat_wide(load_float(table, 64 + k)),
        splat_wide(load_float(table, 72 + k)),
    )
