"""Eight triangles as seen from the origin of a tile: affine functions of where a ray goes.

With every ray divided by its depth component it is (1, u, v), and 1 / depth of a triangle's plane and the barycentric
weights divided by depth are affine in (u, v): set up once for eight triangles, two multiply-adds each a ray.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.simd import absolute, cross_term, load_float, maximum, minimum, select, splat, splat_wide, store

# Least share of a weight in their sum, a rounding below zero, so that no ray slips through where many triangles meet
# (as in Embree's robust mode).
EDGE = np.float32(-(2.0**-23))
# Triangles with a smaller sine at vertex 0 have no certain plane.
NEEDLE = np.float32(4e-6)


class Affine(NamedTuple):
    """Eight triangles as affine functions of (u, v): value = const + u * (..._u) + v * (..._v).

    `first`, `second` and `third` are the weights of the three vertices, times the nearness of the triangle's plane
    and over `scale`. Each belongs to the edge opposite the vertex and is exactly negated in the triangle across it
    (Davidovic, Engelhardt, Georgiev, Slusallek and Dachsbacher, "3D Rasterization: a Bridge between Rasterization and
    Ray Casting", 2012), so a ray that meets a shared edge hits at least one of both.
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
    scale: Any


@kernel(inline=True)
def greatest_of(d, u, v):  # type: ignore[no-untyped-def]
    """The greatest magnitude among the three coordinates."""
    return maximum(absolute(d), maximum(absolute(u), absolute(v)))


@kernel(inline=True)
def edge(pd, pu, pv, qd, qu, qv):  # type: ignore[no-untyped-def]
    """Twice the normal p x q of the plane through the origin and an edge, exactly negated for the edge q, p.

    (p + q) x (q - p): written so, far small triangles do not cancel.
    """
    sd, su, sv, ed, eu, ev = pd + qd, pu + qu, pv + qv, qd - pd, qu - pu, qv - pv
    return cross_term(su, sv, eu, ev), cross_term(sv, sd, ev, ed), cross_term(sd, su, ed, eu)


@kernel(inline=True)
def make_affine(ad, au, av, bd, bu, bv, cd, cu, cv):  # type: ignore[no-untyped-def]
    """Set up eight triangles a, b, c given by depth, u and v relative to the origin."""
    zero, one = splat(np.float32(0)), splat(np.float32(1))
    e1d, e1u, e1v, e2d, e2u, e2v = bd - ad, bu - au, bv - av, cd - ad, cu - au, cv - av
    nd, nu, nv = cross_term(e1u, e1v, e2u, e2v), cross_term(e1v, e1d, e2v, e2d), cross_term(e1d, e1u, e2d, e2u)
    determinant = nd * ad + (nu * au + nv * av)
    # Neither a needle, whose normal would be noise, nor a plane through the origin, which is seen edge-on.
    least_normal = NEEDLE * (greatest_of(e1d, e1u, e1v) * greatest_of(e2d, e2u, e2v))
    sound = (greatest_of(nd, nu, nv) > least_normal) & (absolute(determinant) > zero)
    # Turned so that all three are positive inside: a change of sign is exact.
    sign = select(determinant > zero, one, zero - one)
    first, first_u, first_v = edge(bd, bu, bv, cd, cu, cv)
    second, second_u, second_v = edge(cd, cu, cv, ad, au, av)
    third, third_u, third_v = edge(ad, au, av, bd, bu, bv)
    return Affine(
        first * sign,
        first_u * sign,
        first_v * sign,
        second * sign,
        second_u * sign,
        second_v * sign,
        third * sign,
        third_u * sign,
        third_v * sign,
        select(sound, splat(np.float32(0.5)) / absolute(determinant), zero),
    )


@kernel(inline=True)
def evaluate(affine, u, v, nearness):  # type: ignore[no-untyped-def]
    """(which are hit nearer than `nearness`, near, second, third) at rays (u, v)."""
    first = u * affine.first_u + (v * affine.first_v + affine.first)
    second = u * affine.second_u + (v * affine.second_v + affine.second)
    third = u * affine.third_u + (v * affine.third_v + affine.third)
    total = first + (second + third)
    near, inside = total * affine.scale, minimum(first, minimum(second, third)) >= total * EDGE
    return inside & (near > nearness), near, second * affine.scale, third * affine.scale


@kernel(inline=True)
def store_affine(affine, table):  # type: ignore[no-untyped-def]
    """Write the functions to ten rows of eight, to be read one triangle at a time."""
    store(table, 0, affine.first)
    store(table, 8, affine.first_u)
    store(table, 16, affine.first_v)
    store(table, 24, affine.second)
    store(table, 32, affine.second_u)
    store(table, 40, affine.second_v)
    store(table, 48, affine.third)
    store(table, 56, affine.third_u)
    store(table, 64, affine.third_v)
    store(table, 72, affine.scale)


@kernel(inline=True)
def affine_of_one(table, k):  # type: ignore[no-untyped-def]
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
