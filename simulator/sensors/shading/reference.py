"""The reference: path tracing of the same surfaces, materials, sky and lamps, which the other qualities are judged by.

Unbiased but for what is said here: shadow rays pass windows (as in the other qualities), lamps that light a place are
those of `lamps`, the air adds what `compose` adds to each stretch of a path, and after a bounce surfaces shine no
brighter than DIFFUSE_GLOW, as what is brighter lights as a lamp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.sensors.shading import bounces as kernels
from simulator.sensors.shading.bounces import LIGHTS, Dome, Walk
from simulator.sensors.shading.surface import POINT_DTYPE, surfaces
from simulator.sensors.sky_models import LUMINANCE, dome
from simulator.sensors.stage import EGO, OPAQUE, SEEN

if TYPE_CHECKING:
    from simulator.sensors.shading.transport import Transport
    from simulator.sensors.sky import Sky

F32 = NDArray[np.float32]

EVEN = 0.05  # share of directions drawn evenly over the sky, however dark parts of it are


def dome_of(sky: Sky) -> Dome:
    """The sky as a distribution to draw directions from."""
    rows, columns = sky.table.shape[:2]
    solid = np.broadcast_to(dome().solid_angle, (rows, columns))
    light = np.maximum(sky.table.astype(np.float64) @ LUMINANCE, 0.0) * solid
    share = (1 - EVEN) * light / max(float(light.sum()), 1e-30) + EVEN * solid / solid.sum()
    if light.sum() <= 0.0:
        share = solid / solid.sum()
    share /= share.sum()
    by_row = share.sum(1)
    within = np.cumsum(share, 1) / by_row[:, None]
    places = np.clip(np.arange(rows + 1) - 0.5, 0, rows - 1) / (rows - 1)
    return Dome(
        np.concatenate([[0.0], np.cumsum(by_row)]).astype(np.float32),
        np.concatenate([np.zeros((rows, 1)), within], 1).astype(np.float32),
        (share / solid).astype(np.float32),
        np.sin(np.pi / 2 * places**2).astype(np.float32),
    )


def trace(
    transport: Transport,
    sky_dome: Dome,
    origin: F32,
    directions: F32,
    spread: float,
    shape: tuple[int, int] | None,
    seed: int,
    glow_limit: float,
) -> tuple[F32, NDArray[np.int32], F32]:
    """Follow one path along each ray from one origin.

    Args:
        transport: in the posed stage; its quality says after how many bounces paths end.
        sky_dome: `dome_of` its sky. origin: (3,). directions: (N, 3), unit. shape: rows and columns of these, if any.
        spread: width of a ray's footprint per metre. seed: of all random numbers.
        glow_limit: cd/m2 of emission that counts after a bounce.

    Returns:
        (N, 3) radiance, (N,) instance that each ray meets first, -1 for none, and (N,) distance to it.
    """
    stage, count, most = transport.stage, len(directions), transport.quality.bounces or 0
    walk = Walk(
        np.ascontiguousarray(np.broadcast_to(origin, (count, 3)), np.float32),
        directions.copy(),
        np.ones((count, 3), np.float32),
        np.zeros((count, 3), np.float32),
        np.full(count, np.inf, np.float32),
        np.ones(count, np.bool_),
        np.zeros((count, LIGHTS, 3), np.float32),
        np.zeros((count, LIGHTS), np.float32),
        np.zeros((count, LIGHTS, 3), np.float32),
    )
    rows = np.arange(count, dtype=np.int32)
    first, reach = np.empty(count, np.int32), np.empty(count, np.float32)
    for depth in range(most + 1):
        starts, ways = walk.origin[rows], walk.way[rows]
        mask, shared = (SEEN, starts[0]) if depth == 0 else (SEEN | EGO, starts)
        hits = stage.rays.closest_hit(
            shared, ways, mask=mask, threads=stage.threads, grid=shape if depth == 0 else None
        )
        if depth == 0:
            first, reach = hits.part.copy(), hits.t.copy()
        points = np.zeros(len(rows), POINT_DTYPE)
        transport.each(len(rows), surfaces, np.arange(len(rows), dtype=np.int32), starts, ways, hits, hits.part,
                       stage.packed, stage.posed, transport.ground, np.float32(spread), points)  # fmt: skip
        transport.each(len(rows), kernels.bounce, rows, points, walk, transport.sky, sky_dome, transport.lamps,
                       np.uint32(seed), depth, depth == most, np.float32(glow_limit))  # fmt: skip
        for kind in range(LIGHTS):
            _gather(transport, rows, points, walk, kind)
        rows = rows[walk.alive[rows]]
        if len(rows) == 0:
            break
    return walk.light, first, reach


def _gather(transport: Transport, rows: NDArray[np.int32], points: NDArray[np.void], walk: Walk, kind: int) -> None:
    """Cast the rays toward lights of a kind and add what they bring."""
    slots = np.flatnonzero(walk.reach[rows, kind] > 0).astype(np.int32)
    if not len(slots):
        return
    origins, ways, limits = (np.empty((len(slots), *more), np.float32) for more in ((3,), (3,), ()))
    transport.each(len(slots), kernels.aimed, rows, slots, points, walk, kind, origins, ways, limits)
    blocked = transport.stage.rays.any_hit(origins, ways, t_max=limits, mask=OPAQUE, threads=transport.stage.threads)
    transport.each(len(slots), kernels.arrive, rows, slots, blocked, walk, kind)
