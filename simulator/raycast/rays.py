"""Rays in, hits out: what the casting kernels read and write.

Kernels get these tuples with arrays and turn them into tuples of pointers (`raw_...`) once a call, since helpers that
are handed arrays would count references.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_float, load_int, pointer
from simulator.raycast.layout import F32, I32, Bvh


class Rays(NamedTuple):
    """Rays to cast, all arrays flat.

    Attributes:
        origins: x, y, z each; `origin_step` 3, or 0 when all start at the first.
        directions: x, y, z each, before they are turned by `rotation`, the nine numbers of a 3 x 3 matrix.
        limits: greatest t each; `limit_step` 1, or 0 when all have the first.
        times: when each is cast, 0 to 1, which matters to parts that are swept; `time_step` 1, or 0 likewise.
        total: how many to cast.
        order: if `ordered`, the numbers of the rays to cast; otherwise they are the first `total`.
    """

    origins: F32
    origin_step: int
    directions: F32
    rotation: F32
    limits: F32
    limit_step: int
    times: F32
    time_step: int
    total: int
    order: I32
    ordered: bool


class Hits(NamedTuple):
    """What N rays hit.

    Attributes:
        t: (N,) float32, distance in units of the direction's length; inf where nothing is hit.
        part: (N,) int32, number of the part, or -1.
        primitive: (N,) int32, face of that part, or -1.
        u, v: (N,) float32, weights of the face's second and third vertex: p = (1 - u - v) a + u b + v c.
    """

    t: F32
    part: I32
    primitive: I32
    u: F32
    v: F32


def empty_hits(number: int) -> Hits:
    """Uninitialised room for what so many rays hit.

    One piece of memory: numpy asks the system for huge pages where a piece has 4 MB or more.
    """
    t, part, primitive, u, v = np.empty((5, number), np.float32)
    return Hits(t, part.view(np.int32), primitive.view(np.int32), u, v)


@kernel(inline=True)
def raw_bvh(bvh):
    """The hierarchy as pointers."""
    return Bvh(pointer(bvh.nodes), pointer(bvh.blocks))


@kernel(inline=True)
def raw_rays(rays):
    """The rays as pointers."""
    return Rays(
        pointer(rays.origins),
        rays.origin_step,
        pointer(rays.directions),
        pointer(rays.rotation),
        pointer(rays.limits),
        rays.limit_step,
        pointer(rays.times),
        rays.time_step,
        rays.total,
        pointer(rays.order),
        rays.ordered,
    )


@kernel(inline=True)
def raw_hits(hits):
    """The hits as pointers."""
    return Hits(pointer(hits.t), pointer(hits.part), pointer(hits.primitive), pointer(hits.u), pointer(hits.v))


@kernel(inline=True)
def ray_number(rays, i):
    """Number of the i-th ray to cast."""
    return np.int64(load_int(rays.order, i)) if rays.ordered else np.int64(i)


@kernel(inline=True)
def load_ray(rays, ray):
    """(origin x, y, z, direction x, y, z, greatest t, time) of one ray."""
    o, d, m = ray * rays.origin_step, ray * 3, rays.rotation
    x, y, z = load_float(rays.directions, d), load_float(rays.directions, d + 1), load_float(rays.directions, d + 2)
    return (
        load_float(rays.origins, o),
        load_float(rays.origins, o + 1),
        load_float(rays.origins, o + 2),
        x * load_float(m, 0) + (y * load_float(m, 1) + z * load_float(m, 2)),
        x * load_float(m, 3) + (y * load_float(m, 4) + z * load_float(m, 5)),
        x * load_float(m, 6) + (y * load_float(m, 7) + z * load_float(m, 8)),
        load_float(rays.limits, ray * rays.limit_step),
        load_float(rays.times, ray * rays.time_step),
    )
