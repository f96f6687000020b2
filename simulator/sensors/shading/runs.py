"""Rays of paths in runs, those of a class of pixels in a part of the picture, that are cast together."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    load,
    load_each,
    load_each_float,
    load_float,
    load_int,
    load_ints,
    load_points,
    load_triples,
    packed,
    pointer,
    store,
    store_float,
    store_int,
    store_ints,
    store_triples,
)
from simulator.numerics.simd import LANES, bits, negative, population, splat, splat_int
from simulator.sensors.shading.eights import DISTANCE, PART, PRIMITIVE, WAY, WEIGHTS, load_vector, store_vector
from simulator.sensors.shading.eights import ROWS as SEEN_ROWS
from simulator.sensors.shading.met import ALL, take_hits
from simulator.sensors.shading.vector import ONE, ZERO

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

CELLS = 16  # directions are sorted by so many steps of height and twice as many of azimuth
BUCKETS = 2 * CELLS * CELLS
# What is at hand of eight paths besides what `eights` knows of them: where their rays start, the share of what is met
# in the pixel, number of the pixel, density of the way; unit way to a lamp, its light, distance and angular radius; a
# ray to be kept: start, way, what it carries, limit.
ORIGIN, WEIGHT, PIXEL, DENSITY, LAMP, LAMP_LIGHT, LAMP_AWAY, LAMP_BLUR, START, ALONG, CARRIED, LIMIT, ROWS = (
    SEEN_ROWS + 8 * k for k in (0, 3, 6, 7, 8, 11, 14, 15, 16, 19, 22, 25, 26)
)


class Rays(NamedTuple):
    """Rays of paths, in R runs with gaps between.

    Attributes:
        origin, way: (N, 3) where each starts, and its unit direction; one origin if all start there.
        carried: (N, 3) share of what it meets in the pixel, or radiance that is added if it is free. (1, 3) for all.
        limit: (N,) density per steradian with which the way was drawn, infinite for what is mirrored or seen at once,
            or how far the ray goes. (1,) for all.
        pixel: (N,) int32 its pixel. held: (R,) int32 rays of each run.
    """

    origin: F32
    way: F32
    carried: F32
    limit: F32
    pixel: I32
    held: I32


class Runs(NamedTuple):
    """Runs of rays: first ray of each and one past the last; its class (see `draws`); all (R,)."""

    first: NDArray[np.int64]
    stop: NDArray[np.int64]
    kind: I32


@kernel(inline=True)
def raw_rays(rays):
    """The rays as pointers."""
    return Rays(
        pointer(rays.origin),
        pointer(rays.way),
        pointer(rays.carried),
        pointer(rays.limit),
        pointer(rays.pixel),
        pointer(rays.held),
    )


class Paths(NamedTuple):
    """Paths on their way to surfaces.

    Attributes:
        rays: Rays as pointers. hits: Hits as pointers.
        one: whether all start at one point, as the first rays do, which carry the same and have the same limit.
        order: pointer to the numbers of the rays in the order of the runs, -1 for none, if they are `ordered`.
    """

    rays: Any
    hits: Any
    one: Any
    order: Any
    ordered: Any


@kernel(inline=True)
def ray_at(paths, place, end):
    """Number of the ray at a place of its run, or -1."""
    if place >= end:
        return np.int64(-1)
    return np.int64(load_int(paths.order, place)) if paths.ordered else place


@kernel(inline=True)
def take_one(rows, k, ray, paths):
    """Write to lane k what a ray is, and what it hits."""
    rays, hits = paths.rays, paths.hits
    store_float(rows, DISTANCE + k, load_float(hits.t, ray))
    store_int(rows, PART + k, load_int(hits.part, ray))
    store_int(rows, PRIMITIVE + k, load_int(hits.primitive, ray))
    store_float(rows, WEIGHTS + k, load_float(hits.u, ray))
    store_float(rows, WEIGHTS + 8 + k, load_float(hits.v, ray))
    store_int(rows, PIXEL + k, load_int(rays.pixel, ray))
    for axis in range(3):
        store_float(rows, WAY + 8 * axis + k, load_float(rays.way, 3 * ray + axis))
        if not paths.one:
            store_float(rows, ORIGIN + 8 * axis + k, load_float(rays.origin, 3 * ray + axis))
            store_float(rows, WEIGHT + 8 * axis + k, load_float(rays.carried, 3 * ray + axis))
    if not paths.one:
        store_float(rows, DENSITY + k, load_float(rays.limit, ray))


@kernel(inline=True)
def take_picked(rows, place, paths):
    """Write what eight of the first rays are and hit; their numbers (and pixels') are in the order from a place on."""
    rays, hits, numbers = paths.rays, paths.hits, load_ints(paths.order, place)
    store(rows, DISTANCE, load_each_float(hits.t, 0, numbers))
    store_ints(rows, PART, load_each(hits.part, 0, numbers))
    store_ints(rows, PRIMITIVE, load_each(hits.primitive, 0, numbers))
    store(rows, WEIGHTS, load_each_float(hits.u, 0, numbers))
    store(rows, WEIGHTS + 8, load_each_float(hits.v, 0, numbers))
    store_ints(rows, PIXEL, numbers)
    x, y, z = load_points(rays.way, paths.order, place)
    store_vector(rows, WAY, x, y, z)


@kernel(inline=True)
def take_eight(rows, place, end, paths):
    """Write what the eight rays from a place of a run on are and hit; returns the bits of those that there are."""
    rays = paths.rays
    if paths.one:
        for axis in range(3):
            store(rows, ORIGIN + 8 * axis, splat(load_float(rays.origin, axis)))
            store(rows, WEIGHT + 8 * axis, splat(load_float(rays.carried, axis)))
        store(rows, DENSITY, splat(load_float(rays.limit, 0)))
    elif not paths.ordered and place + LANES <= end:
        take_hits(rows, place, LANES, paths.hits)
        store_ints(rows, PIXEL, load_ints(rays.pixel, place))
        x, y, z = load_triples(rays.way, 3 * place)
        store_vector(rows, WAY, x, y, z)
        x, y, z = load_triples(rays.origin, 3 * place)
        store_vector(rows, ORIGIN, x, y, z)
        x, y, z = load_triples(rays.carried, 3 * place)
        store_vector(rows, WEIGHT, x, y, z)
        store(rows, DENSITY, load(rays.limit, place))
        return ALL
    if paths.one and place + LANES <= end and bits(negative(load_ints(paths.order, place))) == 0:
        take_picked(rows, place, paths)
        return ALL
    exist = np.int32(0)
    store_ints(rows, PART, splat_int(np.int32(-1)))
    for k in range(LANES):
        ray = ray_at(paths, place + k, end)
        if ray >= 0:
            take_one(rows, k, ray, paths)
            exist |= np.int32(1) << np.int32(k)
    return exist


@kernel(inline=True)
def keep(rays, at, rows, lanes):
    """Append to `rays` (pointers) from row `at` on what the rows hold of `lanes` (bits); returns the next row.

    The eight rows from `at` on may be overwritten.
    """
    if lanes != 0:
        keep_vector(rays.origin, at, rows, START, lanes)
        keep_vector(rays.way, at, rows, ALONG, lanes)
        keep_vector(rays.carried, at, rows, CARRIED, lanes)
        store(rays.limit, at, packed(load(rows, LIMIT), lanes))
        store_ints(rays.pixel, at, packed(load_ints(rows, PIXEL), lanes))
    return at + population(lanes)


@kernel(inline=True)
def keep_vector(points, at, rows, index, lanes):
    """Write to `points` (pointer) from row `at` on the vectors of some lanes in three rows."""
    x, y, z = load_vector(rows, index)
    store_triples(points, 3 * at, packed(x, lanes), packed(y, lanes), packed(z, lanes))


@kernel
def arrive(start, stop, first, rays, blocked, light):
    """Add to `light` (pixels, 3) what those `rays` carry that are not `blocked` (N,), of runs that start at `first`."""
    for run in range(start, stop):
        for k in range(first[run], first[run] + rays.held[run]):
            if not blocked[k]:
                pixel = rays.pixel[k]
                for channel in range(3):
                    light[pixel, channel] += rays.carried[k, channel]


@kernel(inline=True)
def bucket(x, y, z):
    """Cell of a unit direction, about as large as any other: steps of height, and of azimuth by its diamond angle."""
    turn = x / max(abs(x) + abs(y), np.float32(1e-20))
    turn = ONE - turn if y >= ZERO else np.float32(3.0) + turn
    column = min(np.int32(turn * np.float32(CELLS / 2)), 2 * CELLS - 1)
    return min(np.int32((z + ONE) * np.float32(CELLS / 2)), CELLS - 1) * (2 * CELLS) + column


@kernel
def bundle(start, stop, first, rays, packed, places):
    """Copy runs of rays that start at `first` one after the other, each sorted by direction, so that neighbours run
    side by side.

    Args:
        start, stop: range of runs.
        first: (R,) where the runs start in `rays`. places: (R,) where they start in `packed`.
        rays: Rays. packed: Rays, the result.
    """
    counts = np.empty(BUCKETS, np.int64)
    for run in range(start, stop):
        counts[:] = 0
        base, end = first[run], first[run] + rays.held[run]
        for k in range(base, end):
            counts[bucket(rays.way[k, 0], rays.way[k, 1], rays.way[k, 2])] += 1
        place = places[run]
        for cell in range(BUCKETS):
            place += counts[cell]
            counts[cell] = place - counts[cell]
        for k in range(base, end):
            cell = bucket(rays.way[k, 0], rays.way[k, 1], rays.way[k, 2])
            to = counts[cell]
            counts[cell] = to + 1
            for axis in range(3):
                packed.origin[to, axis] = rays.origin[k, axis]
                packed.way[to, axis] = rays.way[k, axis]
                packed.carried[to, axis] = rays.carried[k, axis]
            packed.limit[to], packed.pixel[to] = rays.limit[k], rays.pixel[k]
