"""One ray against eight triangles: the test that decides whatever a faster one leaves in doubt.

The edge functions of Pluecker coordinates from the ray's origin: twice the volume that the ray spans with an edge
(Davidovic, Engelhardt, Georgiev, Slusallek and Dachsbacher, "3D Rasterization: a Bridge between Rasterization and Ray
Casting", 2012), in the very operations and order of Embree's robust mode, so that both decide alike for a ray on an
edge. Each function is exactly negated in the triangle across the edge: a ray that meets a shared edge hits at least
one of both. Where many triangles meet in a vertex this does not yet follow, as the rounded functions of all edges
may say that the ray passes on their left; within that rounding of a vertex double precision has a say too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load, load_float, store, store_float
from simulator.numerics.simd import (
    LANES,
    absolute,
    bits,
    fused,
    lowest,
    maximum,
    minimum,
    select,
    splat,
    without_lowest,
)
from simulator.raycast.layout import VERTEX

# Least share of an edge function in the sum of the three, a rounding below zero (as in Embree's robust mode).
EDGE = np.float32(2.0**-23)
# Share of (edge * distance) by which an edge function may be wrong: sixteen roundings.
ROUNDING = np.float32(2.0**-20)
# That is less than either this share of the triangle's area or ROUNDING of the square of its distance.
LOOSE = np.float32(2.0**-6)
# A ray that passes a vertex at this share of its distance may be on the wrong side of every edge there.
VERTEX_ROUNDING = 2.0**-19


class Line(NamedTuple):
    """Origin and direction of a ray."""

    x: Any
    y: Any
    z: Any
    dx: Any
    dy: Any
    dz: Any


@kernel(inline=True)
def vertex_from(blocks, at, line):
    """One vertex of eight triangles as seen from the ray's origin."""
    return load(blocks, at) - line.x, load(blocks, at + LANES) - line.y, load(blocks, at + 2 * LANES) - line.z


@kernel(inline=True)
def vertex_of(blocks, at, line):
    """One vertex of one triangle, rounded as by `vertex_from`."""
    x, y, z = load_float(blocks, at), load_float(blocks, at + LANES), load_float(blocks, at + 2 * LANES)
    return x - line.x, y - line.y, z - line.z


@kernel(inline=True)
def in_double(x, y, z):
    """Three float32 in double precision."""
    return np.float64(x), np.float64(y), np.float64(z)


@kernel(inline=True)
def greatest_of(x, y, z):
    """The greatest magnitude among three coordinates."""
    return maximum(absolute(x), maximum(absolute(y), absolute(z)))


@kernel(inline=True)
def cross(px, py, pz, qx, qy, qz):
    """p x q, exactly negated for -p."""
    return fused(py, qz, -(pz * qy)), fused(pz, qx, -(px * qz)), fused(px, qy, -(py * qx))


@kernel(inline=True)
def along(line, x, y, z):
    """The scalar product of a vector with a ray's direction."""
    return fused(x, splat(line.dx), fused(y, splat(line.dy), z * line.dz))


@kernel(inline=True)
def normal_of(px, py, pz, qx, qy, qz, rx, ry, rz):
    """p x q of three edges p, q, r that go round a triangle, each component from the pair with less to cancel."""
    return (
        component(py, pz, qy, qz, ry, rz),
        component(pz, px, qz, qx, rz, rx),
        component(px, py, qx, qy, rx, ry),
    )


@kernel(inline=True)
def component(py, pz, qy, qz, ry, rz):
    """One component of p x q = q x r."""
    pq, qr = pz * qy, qz * ry
    return select(absolute(pq) < absolute(qr), fused(py, qz, -pq), fused(qy, rz, -qr))


@kernel(inline=True)
def margin_of(size, far):
    """What edge functions are wrong by, over `ROUNDING` and the direction's length; size: that of the greatest edge."""
    return size * (far + size)


@kernel(fastmath=False, inline=True)
def square(x, y, z):
    """The square of a vector's length."""
    return x * x + (y * y + z * z)


@kernel(fastmath=False, inline=True)
def beside_of(x, y, z, dx, dy, dz):
    """The square of how far a point is beside a ray along d, times that of d."""
    return square(y * dz - z * dy, z * dx - x * dz, x * dy - y * dx)


@kernel(fastmath=False, inline=True)
def edge_function(px, py, pz, qx, qy, qz, dx, dy, dz):
    """d . ((q - p) x (q + p)), exactly negated for the edge from q to p."""
    ex, ey, ez, sx, sy, sz = qx - px, qy - py, qz - pz, qx + px, qy + py, qz + pz
    return dx * (ey * sz - ez * sy) + (dy * (ez * sx - ex * sz) + dz * (ex * sy - ey * sx))


@kernel(fastmath=False)
def at_vertices(blocks, row, line, mask):
    """Bits of the triangles of `mask` that a ray meets next to a vertex, in double precision."""
    found = np.int32(0)
    dx, dy, dz = np.float64(line.dx), np.float64(line.dy), np.float64(line.dz)
    nearby = VERTEX_ROUNDING * VERTEX_ROUNDING * square(dx, dy, dz)
    while mask != 0:
        k = lowest(mask)
        mask = without_lowest(mask)
        ax, ay, az = in_double(*vertex_of(blocks, row + k, line))
        bx, by, bz = in_double(*vertex_of(blocks, row + k + VERTEX, line))
        cx, cy, cz = in_double(*vertex_of(blocks, row + k + 2 * VERTEX, line))
        beside = min(beside_of(ax, ay, az, dx, dy, dz), beside_of(bx, by, bz, dx, dy, dz))
        beside = min(beside, beside_of(cx, cy, cz, dx, dy, dz))
        reach = max(square(ax, ay, az), max(square(bx, by, bz), square(cx, cy, cz)))
        a = edge_function(bx, by, bz, cx, cy, cz, dx, dy, dz)
        b = edge_function(cx, cy, cz, ax, ay, az, dx, dy, dz)
        c = edge_function(ax, ay, az, bx, by, bz, dx, dy, dz)
        if beside <= nearby * reach and (min(a, min(b, c)) >= 0.0 or max(a, max(b, c)) <= 0.0):
            found |= np.int32(1) << np.int32(k)
    return found


@kernel(inline=True)
def meet_triangles(blocks, row, line, limit):
    """(t, weights of vertex 1 and 2, bits of the triangles hit at 0 < t < limit) for the block at `row`."""
    zero = splat(np.float32(0))
    ax, ay, az = vertex_from(blocks, row, line)
    bx, by, bz = vertex_from(blocks, row + VERTEX, line)
    cx, cy, cz = vertex_from(blocks, row + 2 * VERTEX, line)
    px, py, pz = cx - ax, cy - ay, cz - az
    qx, qy, qz = ax - bx, ay - by, az - bz
    rx, ry, rz = bx - cx, by - cy, bz - cz
    b = along(line, *cross(px, py, pz, cx + ax, cy + ay, cz + az))
    c = along(line, *cross(qx, qy, qz, ax + bx, ay + by, az + bz))
    a = along(line, *cross(rx, ry, rz, bx + cx, by + cy, bz + cz))
    total = b + c + a
    least, most, size = minimum(a, minimum(b, c)), maximum(a, maximum(b, c)), absolute(total)
    # More than any rounding, and cheap: a first look, which points that fill up a block do not survive.
    rounding = ROUNDING * (abs(line.dx) + (abs(line.dy) + abs(line.dz)))
    loose = fused(splat(LOOSE), size, rounding * fused(ax, ax, fused(ay, ay, az * az)))
    if bits((size > zero) & ((least >= -loose) | (most <= loose))) == 0:
        return zero, zero, zero, np.int32(0)
    hit = bits((least >= -(EDGE * size)) | (most <= EDGE * size))
    # At a vertex two functions are within their rounding of zero.
    ma, mb, mc = absolute(a), absolute(b), absolute(c)
    edge = maximum(greatest_of(px, py, pz), greatest_of(qx, qy, qz))
    at_vertex = maximum(minimum(ma, mb), minimum(maximum(ma, mb), mc)) <= rounding * margin_of(
        edge, greatest_of(ax, ay, az)
    )
    doubtful = bits(at_vertex) & ~hit
    if doubtful != 0:
        hit |= at_vertices(blocks, row, line, doubtful)
    if hit == 0:
        return zero, zero, zero, np.int32(0)
    nx, ny, nz = normal_of(px, py, pz, qx, qy, qz, rx, ry, rz)
    t = fused(ax, nx, fused(ay, ny, az * nz)) / along(line, nx, ny, nz)
    # A triangle seen edge-on has total = 0 and t infinite or NaN, and not below the limit.
    normalise = splat(np.float32(1)) / total
    return t, b * normalise, c * normalise, hit & bits((t > zero) & (t < limit))


@kernel(inline=True)
def distances_to_plane(blocks, at, line):
    """t at which eight rays meet the plane of one triangle (block row and lane `at`), as `meet_triangles` has it."""
    ax, ay, az = vertex_of(blocks, at, line)
    bx, by, bz = vertex_of(blocks, at + VERTEX, line)
    cx, cy, cz = vertex_of(blocks, at + 2 * VERTEX, line)
    nx, ny, nz = normal_of(cx - ax, cy - ay, cz - az, ax - bx, ay - by, az - bz, bx - cx, by - cy, bz - cz)
    slope = fused(nx, line.dx, fused(ny, line.dy, nz * line.dz))
    return fused(ax, nx, fused(ay, ny, az * nz)) / slope


@kernel
def settle(blocks, row, x, y, z, dx, dy, dz, depth, out):
    """Decide the triangles of a block for one ray whose direction has a component `depth` along the depth axis.

    Writes 1 / depth of where each is met, 0 where it is missed, and the weights of vertex 1 and 2 times this to `out`.
    """
    t, u, v, mask = meet_triangles(blocks, row, Line(x, y, z, dx, dy, dz), splat(np.float32(np.inf)))
    near = splat(np.float32(1)) / (t * depth)
    store(out, 0, splat(np.float32(0)))
    store(out, LANES, near)
    store(out, 2 * LANES, v * near)
    while mask != 0:
        k = lowest(mask)
        mask = without_lowest(mask)
        store_float(out, k, load_float(out, LANES + k))
    store(out, LANES, u * near)
