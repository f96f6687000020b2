"""Rays of paths in runs, those of a class of pixels in a part of the picture, that are cast together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import pointer
from simulator.sensors.shading.vector import ONE, ZERO

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

CELLS = 16  # directions are sorted by so many steps of height and twice as many of azimuth
BUCKETS = 2 * CELLS * CELLS


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
def raw_rays(rays):  # type: ignore[no-untyped-def]
    """The rays as pointers."""
    return Rays(
        pointer(rays.origin),
        pointer(rays.way),
        pointer(rays.carried),
        pointer(rays.limit),
        pointer(rays.pixel),
        pointer(rays.held),
    )


@kernel
def arrive(start, stop, first, rays, blocked, light):  # type: ignore[no-untyped-def]
    """Add to `light` (pixels, 3) what those `rays` carry that are not `blocked` (N,), of runs that start at `first`."""
    for run in range(start, stop):
        for k in range(first[run], first[run] + rays.held[run]):
            if not blocked[k]:
                pixel = rays.pixel[k]
                for channel in range(3):
                    light[pixel, channel] += rays.carried[k, channel]


@kernel(inline=True)
def bucket(x, y, z):  # type: ignore[no-untyped-def]
    """Cell of a unit direction, about as large as any other: steps of height, and of azimuth by its diamond angle."""
    turn = x / max(abs(x) + abs(y), np.float32(1e-20))
    turn = ONE - turn if y >= ZERO else np.float32(3.0) + turn
    column = min(np.int32(turn * np.float32(CELLS / 2)), 2 * CELLS - 1)
    return min(np.int32((z + ONE) * np.float32(CELLS / 2)), CELLS - 1) * (2 * CELLS) + column


@kernel
def bundle(start, stop, first, rays, packed, places):  # type: ignore[no-untyped-def]
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
