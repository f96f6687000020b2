"""In which order rays that run side by side are cast: those that start near each other, seen along them, together.

The rays of an image come row by row, and where one surface ends and the next begins, neighbours start far apart. So
rays are taken by eights that follow each other where these start close together, and singly elsewhere; either kind is
sorted along a Hilbert curve in the plane across the mean direction.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_float, load_int, load_triples, local_memory, prefetch, store_int, store_ints
from simulator.numerics.simd import LANES, absolute, bits, greatest, least, maximum, minimum, splat, truncate
from simulator.raycast.rays import load_ray
from simulator.raycast.tiling import GROUPS, STREAM

PIECE = 1 << 14  # rays that are ordered together, at most: an item is known by 14 bits
SIDE = 256  # cells of the plane along either side
SAMPLES = 64  # directions that are looked at
# Rays run side by side when the mean of one component, over the greatest of each direction, is as great.
TOGETHER = np.float32(0.75)

items_memory = local_memory(types.int32, PIECE)
counts_memory = local_memory(types.int32, 2 * SIDE)
cells_memory = local_memory(types.int32, 2 * LANES)


class Plane(NamedTuple):
    """A plane across the mean direction of some rays: what x, y and z add to the coordinates u and v in it."""

    u_x: Any
    u_y: Any
    u_z: Any
    v_x: Any
    v_y: Any
    v_z: Any


@kernel(inline=True)
def plane_across(rays, start, size):
    """(the plane that a piece of the rays goes through, whether they run side by side)."""
    x = y = z = np.float32(0)
    for k in range(SAMPLES):
        _, _, _, dx, dy, dz, _, _ = load_ray(rays, start + size * k // SAMPLES)
        share = np.float32(1) / max(abs(dx), max(abs(dy), max(abs(dz), np.float32(1e-30))))
        x, y, z = x + dx * share, y + dy * share, z + dz * share
    one, zero, least_sum = np.float32(1), np.float32(0), TOGETHER * np.float32(SAMPLES)
    if abs(x) >= least_sum:
        return Plane(-y / x, one, zero, -z / x, zero, one), True
    if abs(y) >= least_sum:
        return Plane(one, -x / y, zero, zero, -z / y, one), True
    if abs(z) >= least_sum:
        return Plane(one, zero, -x / z, zero, one, -y / z), True
    return Plane(zero, zero, zero, zero, zero, zero), False


@kernel(inline=True)
def spread(x):
    """The eight bits of x with a zero between any two."""
    x = (x | (x << 4)) & 0x0F0F
    x = (x | (x << 2)) & 0x3333
    return (x | (x << 1)) & 0x5555


@kernel(inline=True)
def hilbert(x, y):
    """How far along the Hilbert curve the cell (x, y), each of eight bits, lies; without branches.

    A prefix scan over the bits (rawrunprotected, "2D Hilbert curves in O(1)", threadlocalmutex.com, 2016).
    """
    a, b, c, d = x ^ y, 255 ^ x ^ y, 255 ^ (x | y), x & (255 ^ y)
    a, b, c, d = a | (b >> 1), (a >> 1) ^ a, ((c >> 1) ^ (b & (d >> 1))) ^ c, ((a & (c >> 1)) ^ (d >> 1)) ^ d
    c, d = c ^ (a & (c >> 2)) ^ (b & (d >> 2)), d ^ (b & (c >> 2)) ^ ((a ^ b) & (d >> 2))
    a, b = (a & (a >> 2)) ^ (b & (b >> 2)), (a & (b >> 2)) ^ (b & ((a ^ b) >> 2))
    c, d = c ^ (a & (c >> 4)) ^ (b & (d >> 4)), d ^ (b & (c >> 4)) ^ ((a ^ b) & (d >> 4))
    a, b, low = c ^ (c >> 1), d ^ (d >> 1), x ^ y
    return (spread(b | (255 ^ (low | a))) << 1) | spread(low)


@kernel(inline=True)
def sort_items(items, first, stop, spare, counts):
    """Sort items by their keys, bits 14 to 29, and take these off: two passes of eight bits."""
    for k in range(2 * SIDE):
        store_int(counts, k, 0)
    for i in range(first, stop):
        item = load_int(items, i)
        low, high = (item >> 14) & 255, SIDE + ((item >> 22) & 255)
        store_int(counts, low, load_int(counts, low) + 1)
        store_int(counts, high, load_int(counts, high) + 1)
    low = high = first
    for k in range(SIDE):
        in_low, in_high = load_int(counts, k), load_int(counts, SIDE + k)
        store_int(counts, k, low)
        store_int(counts, SIDE + k, high)
        low, high = low + in_low, high + in_high
    for i in range(first, stop):
        item = load_int(items, i)
        key = (item >> 14) & 255
        place = load_int(counts, key)
        store_int(counts, key, place + 1)
        store_int(spare, place, item)
    for i in range(first, stop):
        item = load_int(spare, i)
        key = SIDE + ((item >> 22) & 255)
        place = load_int(counts, key)
        store_int(counts, key, place + 1)
        store_int(items, place, item & (PIECE - 1))


@kernel(inline=True)
def order_piece(rays, start, size, widest, items, spare, counts, cells):
    """Order `size` rays from `start` on; returns (number of eights, where the single rays start in `items`).

    Fills `items` with numbers of eights from its front, and up to item `size` with numbers of single rays, both
    counted from `start`. An eight whose rays start no more than `widest` from a middle one, seen along the mean
    direction, is not divided. Where rays start at one point or do not run side by side, all are eights, the last of
    which need not be full, in their order.
    """
    plane, together = plane_across(rays, start, size)
    full, number, single = size // LANES, 0, size
    if rays.origin_step == 0 or not together or full == 0:
        number = (size + LANES - 1) // LANES
        for k in range(number):
            store_int(items, k, k)
        return number, size
    low_u = low_v = splat(np.float32(np.inf))
    high_u = high_v = splat(np.float32(-np.inf))
    first_u = first_v = scale = np.float32(0)
    last, zero = splat(np.float32(SIDE - 1)), splat(np.float32(0))
    # First where they lie, about: those outside the bounds of the eights looked at fall into the outermost cells.
    for step in (4, 1):
        for k in range(0, full, step):
            x, y, z = load_triples(rays.origins, (start + k * LANES) * 3)
            u = x * plane.u_x + (y * plane.u_y + z * plane.u_z)
            v = x * plane.v_x + (y * plane.v_y + z * plane.v_z)
            if step > 1:
                low_u, high_u, low_v, high_v = (
                    minimum(u, low_u),
                    maximum(u, high_u),
                    minimum(v, low_v),
                    maximum(v, high_v),
                )
                continue
            store_ints(cells, 0, truncate(maximum(minimum((u - first_u) * scale, last), zero)))
            store_ints(cells, LANES, truncate(maximum(minimum((v - first_v) * scale, last), zero)))
            # From the one in the middle: the greatest distance between any two would take two reductions.
            middle = (start + k * LANES + LANES // 2) * 3
            x, y = load_float(rays.origins, middle), load_float(rays.origins, middle + 1)
            z = load_float(rays.origins, middle + 2)
            off_u = absolute(u - (x * plane.u_x + (y * plane.u_y + z * plane.u_z)))
            off_v = absolute(v - (x * plane.v_x + (y * plane.v_y + z * plane.v_z)))
            if bits(maximum(off_u, off_v) <= widest) == (1 << LANES) - 1:
                cell = load_int(cells, LANES // 2) | (load_int(cells, LANES + LANES // 2) << 8)
                store_int(items, number, (k << 16) | cell)
                number += 1
                continue
            single -= LANES
            for lane in range(LANES):
                cell = load_int(cells, lane) | (load_int(cells, LANES + lane) << 8)
                store_int(items, single + lane, ((k * LANES + lane) << 16) | cell)
        first_u, first_v = least(low_u), least(low_v)
        extent = max(greatest(high_u) - first_u, greatest(high_v) - first_v)
        scale = np.float32(SIDE) / max(extent, np.float32(1e-30))
    for ray in range(full * LANES, size):
        single -= 1
        store_int(items, single, ray << 16)
    first, stop = np.int64(0), np.int64(number)
    for _ in range(2):
        for i in range(first, stop):
            item = load_int(items, i)
            store_int(items, i, (hilbert(item & 255, (item >> 8) & 255) << 14) | (item >> 16))
        sort_items(items, first, stop, spare, counts)
        first, stop = single, size
    return number, single


@kernel(inline=True)
def number_items(rays, items, first, stop, eights, start, size, numbers):
    """Write the numbers of the rays of the tile that starts at item `first`; returns how many rays it has.

    The items up to `stop` are `eights` of a piece of `size` rays from `start` on, or single rays of it.
    """
    if not eights:
        for k in range(STREAM):
            store_int(numbers, k, start + load_int(items, min(first + k, stop - 1)))
            expect_ray(rays, start + load_int(items, min(first + STREAM + k, stop - 1)))
        return min(STREAM, stop - first)
    exist = 0
    for group in range(GROUPS):
        ray = load_int(items, min(first + group, stop - 1)) * LANES
        for lane in range(LANES):
            store_int(numbers, group * LANES + lane, start + min(ray + lane, size - 1))
        if first + group < stop:
            exist += min(LANES, size - ray)
        following = start + load_int(items, min(first + GROUPS + group, stop - 1)) * LANES
        expect_ray(rays, following)
        expect_ray(rays, following + LANES - 2)
    return exist


@kernel(inline=True)
def expect_ray(rays, ray):
    """Fetch a ray that will soon be cast into the cache."""
    prefetch(rays.directions, ray * 3)
    prefetch(rays.origins, ray * rays.origin_step)
