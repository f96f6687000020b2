"""The reference: path tracing of the same surfaces, materials, sky and lamps, which the other qualities are judged by.

Unbiased but for what is said here: shadow rays pass windows (as in the other qualities), lamps that light a place are
those of `lamps`, the air adds what `compose` adds to each stretch of a path, and after a bounce surfaces shine no
brighter than DIFFUSE_GLOW, as what is brighter lights as a lamp.

All paths of a sample go from surface to surface together. Their rays are cast in runs whose rays run side by side:
pixels that draw alike (`draws`), sorted by direction once they have bounced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.numerics.rng import child_seed
from simulator.numerics.simd import LANES
from simulator.sensors.shading.bounces import Course, Found, Lights, Matter, meet
from simulator.sensors.shading.draws import BAND, SIDE, Dome, dome_of, draw, pixel_runs
from simulator.sensors.shading.runs import Rays, Runs, arrive, bundle
from simulator.sensors.shading.vector import HALF, ONE, unit
from simulator.sensors.stage import EGO, OPAQUE, SEEN

if TYPE_CHECKING:
    from simulator.sensors.shading.canvas import Picture
    from simulator.sensors.shading.quick import View
    from simulator.sensors.shading.transport import Transport
    from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

# Footprint of a sample in textures, in parts of the pixel's: samples average themselves. Not all that textures say is
# linear in them, as the light of windows.
SHARPER = np.float32(0.6)
PATHS = 1 << 19  # at once, about: bounds the memory
RUNS_A_CHUNK = 2
_AS_THEY_COME = np.empty(0, np.int32)  # order


@kernel
def aim_pixels(start, stop, table, top, rotation, offsets, out):
    """Unit rays of rows of pixels, each off its centre by what its class draws.

    Args:
        start, stop: range of rows of `out`.
        table: (H, W, 3) float32 directions through pixel centres, camera frame. top: its row that is the first of
            `out`.
        rotation: (3, 3) float32 local_R_camera. offsets: (CLASSES, 2) of `Draws`.
        out: (rows, W, 3) float32 result, local frame.
    """
    height, width = table.shape[0], table.shape[1]
    for row in range(start, stop):
        y, kind = top + row, (row % SIDE) * SIDE
        y0, y1 = max(y - 1, 0), min(y + 1, height - 1)
        down = ONE if y0 == y or y1 == y else HALF
        for x in range(width):
            x0, x1 = max(x - 1, 0), min(x + 1, width - 1)
            du = offsets[kind + x % SIDE, 0] * (ONE if x0 == x or x1 == x else HALF)
            dv = offsets[kind + x % SIDE, 1] * down
            a = table[y, x, 0] + du * (table[y, x1, 0] - table[y, x0, 0]) + dv * (table[y1, x, 0] - table[y0, x, 0])
            b = table[y, x, 1] + du * (table[y, x1, 1] - table[y, x0, 1]) + dv * (table[y1, x, 1] - table[y0, x, 1])
            out[row, x, 0], out[row, x, 1], out[row, x, 2] = unit(
                rotation[0, 0] * a + rotation[0, 1] * b + rotation[0, 2],
                rotation[1, 0] * a + rotation[1, 1] * b + rotation[1, 2],
                rotation[2, 0] * a + rotation[2, 1] * b + rotation[2, 2],
            )


def trace(transport: Transport, view: View, seed: int, glow_limit: float, picture: Picture) -> None:
    """Light a picture by paths, and give it the labels of those through the centres of its pixels.

    Args:
        transport: in the posed stage; its quality says how many paths a pixel gets and after how many bounces they end.
        view: of the camera. seed: of all random numbers. glow_limit: cd/m2 of emission that counts after a bounce.
        picture: which receives the result.
    """
    quality, (height, width) = transport.quality, picture.depth.shape
    most = quality.bounces or 0
    sky_dome = _dome(transport.stage)
    draws = draw(transport.sky, sky_dome, quality.samples, most + 1, child_seed(seed, "paths"))
    rows_at_once = max(PATHS // width // BAND, 1) * BAND
    for top in range(0, height, rows_at_once):
        rows = min(rows_at_once, height - top)
        band = slice(top, top + rows)
        wave = _Wave(transport, sky_dome, view, top, rows, glow_limit)
        for offsets, numbers in zip(draws.offsets, draws.numbers):
            wave.follow(offsets, numbers)
        picture.instance[band] = wave.part.reshape(rows, width)
        picture.depth[band] = wave.depth.reshape(rows, width)
        np.multiply(wave.light.reshape(rows, width, 3), np.float32(1 / quality.samples), out=picture.radiance[band])


class _Wave:
    """Paths of some rows of a picture, one a pixel, and room for their rays.

    Attributes:
        light: (pixels, 3) what all paths brought so far.
        part, depth: (pixels,) instance that each of the first paths met first, -1 for none, and metres to it along the
            optical axis.
    """

    def __init__(
        self, transport: Transport, sky_dome: Dome, view: View, top: int, rows: int, glow_limit: float
    ) -> None:
        self.stage, self.view, self.top = transport.stage, view, top
        self.rotation = np.ascontiguousarray(view.pose[:, :3])
        self.glow_limit = np.float32(glow_limit)
        self.ways = np.empty((rows, view.table.shape[1], 3), np.float32)
        numbers, self.kinds = pixel_runs(*self.ways.shape[:2])
        self.order, pixels = numbers.reshape(-1), self.ways.size // 3
        # Rays are kept by eights, of which the last of a run need not be full.
        places = np.arange(len(numbers), dtype=np.int64)
        self.outset_runs = Runs(places * numbers.shape[1], (places + 1) * numbers.shape[1], self.kinds)
        self.room = places * (numbers.shape[1] + LANES)
        self.light = np.zeros((pixels, 3), np.float32)
        # The first rays: from one point, each all of its pixel, and seen at once.
        one, endless = np.ones((1, 3), np.float32), np.full(1, np.inf, np.float32)
        eye = np.ascontiguousarray(view.pose[:, 3]).reshape(1, 3)
        pixel = np.arange(pixels, dtype=np.int32)
        self.outset = Rays(eye, self.ways.reshape(-1, 3), one, endless, pixel, np.zeros(0, np.int32))
        self.matter = Matter(self.stage.packed, self.stage.posed, transport.ground)
        self.lights = Lights(transport.sky, sky_dome, transport.lamps)
        self.lit, going = not transport.lamps.dark, (transport.quality.bounces or 0) > 0
        most = self.order.size + LANES * len(numbers)
        to_sun, to_sky, to_lamp, onward, self.packed = (
            _room(most * wanted, len(numbers)) for wanted in (True, True, self.lit, going, going)
        )
        self.found = Found(self.light, self.room, to_sun, to_sky, to_lamp, onward)
        self.part, self.depth = np.empty(0, np.int32), np.empty(0, np.float32)

    def follow(self, offsets: F32, numbers: F32) -> None:
        """Let paths set out through their pixels, off the centres by `offsets` (CLASSES, 2), and draw `numbers`
        (surfaces, CLASSES, COLUMNS)."""
        stage, rays, (rows, columns) = self.stage, self.outset, self.ways.shape[:2]
        self._each(aim_pixels, self.view.table, self.top, self.rotation, offsets, self.ways, count=rows, chunk=BAND)
        hits = stage.rays.closest_hit(rays.origin[0], rays.way, mask=SEEN, threads=stage.threads, grid=(rows, columns))
        if not len(self.part):
            # (not by matmul, whose threads would be in the way of ours)
            self.part, self.depth = hits.part, hits.t * np.einsum("ij,j->i", rays.way, self.rotation[:, 2])
        runs, order = self.outset_runs, self.order
        most = len(numbers) - 1
        for depth in range(most + 1):
            course = Course(depth, depth == most, self.lit, SHARPER * self.view.spread, self.glow_limit)
            self._each(meet, runs, order, rays, hits, self.matter, self.lights, numbers[depth], course,
                       self.found)  # fmt: skip
            for kind in (self.found.to_sun, self.found.to_sky, self.found.to_lamp):
                self._gather(kind)
            if depth == most:
                break
            held = self.found.onward.held
            ends = np.cumsum(held, dtype=np.int64)
            total = int(ends[-1])
            if total == 0:
                break
            runs, order, rays = Runs(ends - held, ends, self.kinds), _AS_THEY_COME, self.packed
            self._each(bundle, self.room, self.found.onward, rays, runs.first)
            hits = stage.rays.closest_hit(rays.origin[:total], rays.way[:total], mask=SEEN | EGO, threads=stage.threads)

    def _gather(self, rays: Rays) -> None:
        """Cast rays toward lights and add what they bring."""
        some = rays.held > 0
        if not some.any():
            return
        spans = np.stack([self.room, self.room + rays.held], 1)[some]
        limit = rays.limit if rays is self.found.to_lamp else np.inf
        blocked = self.stage.rays.any_hit(
            rays.origin, rays.way, t_max=limit, mask=OPAQUE, threads=self.stage.threads, runs=spans
        )
        self._each(arrive, self.room, rays, blocked, self.light)

    def _each(self, body: Callable[..., None], *arguments: Any, count: int = 0, chunk: int = RUNS_A_CHUNK) -> None:
        """Call a kernel for all runs, or for so many rows, on the stage's threads."""
        parallel_for(
            lambda start, stop: body(start, stop, *arguments),
            count or len(self.kinds), chunk=chunk, threads=self.stage.threads,
        )  # fmt: skip


def _room(rays: int, runs: int) -> Rays:
    """Uninitialised room for rays in runs."""
    origin, way, carried = np.empty((3, rays, 3), np.float32)
    return Rays(origin, way, carried, np.empty(rays, np.float32), np.empty(rays, np.int32), np.zeros(runs, np.int32))


def _dome(stage: Stage) -> Dome:
    """The stage's sky to draw directions from, kept as long as it is the same."""
    known = stage.memory.get("dome")
    if known is None or known[0] is not stage.sky:
        known = stage.memory["dome"] = stage.sky, dome_of(stage.sky)
    found: Dome = known[1]
    return found
