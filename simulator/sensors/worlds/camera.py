"""Pictures for the agents of many worlds: colour, classes and depth of all views in one call."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import fetch_add, pointer
from simulator.numerics.parallel import parallel_for
from simulator.raycast.ensemble import Seen, View, cast_view, place_actors
from simulator.raycast.rays import Rays
from simulator.raycast.tile import Grid, grid_of
from simulator.sensors.optics import CameraModel
from simulator.sensors.worlds.light import light_in
from simulator.sensors.worlds.scenery import Scenery, States
from simulator.sensors.worlds.shade import POINT_DTYPE, TOGETHER, shade

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]


class Views(NamedTuple):
    """From where N pictures are taken.

    Attributes:
        pose: (N, 3, 4) float32 local_SE3_camera, optical frame (x right, y down, z forward).
        world: (N,) int32.
        hidden: (N,) int32 row of the actor that is not seen (the one that carries the camera), or -1.
    """

    pose: F32
    world: I32
    hidden: I32


class Pictures(NamedTuple):
    """N pictures; the last two may have no elements (N = 0), and are then not made.

    Attributes:
        rgb: (N, H, W, 3) uint8 sRGB.
        semantic: (N, H, W) uint8 class ids.
        depth: (N, H, W) float32 metres along the optical axis, inf for the sky.
    """

    rgb: NDArray[np.uint8]
    semantic: NDArray[np.uint8]
    depth: F32


class Optics(NamedTuple):
    """Rays of a sensor in its own frame, for kernels.

    Attributes:
        directions: (3 P,) float32. lengths: (P,) of them.
        grid: tiles. forward: (3,) axis of a cone about all rays. cosine, sine: of its half-angle.
        spread: width of a ray's footprint at 1 m.
    """

    directions: F32
    lengths: F32
    grid: Grid
    forward: F32
    cosine: np.float32
    sine: np.float32
    spread: np.float32


def optics_of(directions: F32, spread: float) -> Optics:
    """Rays of (H, W, 3) directions."""
    grid = grid_of(directions)
    if grid is None:
        grid = Grid(*directions.shape[:2], 0, 4, 1)  # tiles too wide are cast ray by ray
    flat = np.ascontiguousarray(directions.reshape(-1, 3), np.float32)
    lengths = np.linalg.norm(flat, axis=1).astype(np.float32)
    units = flat / lengths[:, None]
    forward = units.mean(0)
    size = float(np.linalg.norm(forward))
    forward = forward / size if size > 1e-3 else np.array([0, 0, 1.0])
    cosine = float((units @ forward).min())
    cosine = -1.0 if size <= 1e-3 else max(cosine - 1e-4, -1.0)
    sine = math.sqrt(max(1 - cosine * cosine, 0.0))
    return Optics(
        flat.reshape(-1), lengths, grid, forward.astype(np.float32), np.float32(cosine), np.float32(sine), np.float32(spread)
    )


class BatchCamera:
    """One kind of camera, carried by many agents.

    Attributes:
        model: geometry.
    """

    def __init__(self, scenery: Scenery, model: CameraModel) -> None:
        """A camera for the worlds of a scenery."""
        self.scenery, self.model = scenery, model
        self._optics = optics_of(model.rays(), 1.0 / math.sqrt(model.K[0, 0] * model.K[1, 1]))
        pixels = model.width * model.height
        threads = scenery.threads
        self._seen = Seen(
            np.empty((threads, pixels), np.float32),
            np.empty((threads, pixels), np.int32),
            np.empty((threads, pixels), np.float32),
            np.empty((threads, pixels), np.float32),
        )

    def pictures(self, count: int, depth: bool = False) -> Pictures:
        """Room for so many pictures."""
        height, width = self.model.height, self.model.width
        return Pictures(
            np.empty((count, height, width, 3), np.uint8),
            np.empty((count, height, width), np.uint8),
            np.empty((count if depth else 0, height, width), np.float32),
        )

    def render(self, states: States, views: Views, out: Pictures) -> Pictures:
        """Take the pictures of all views into `out`, and return it; a thread takes whole pictures."""
        pixels, count = self.model.width * self.model.height, len(views.world)
        flat = Pictures(
            out.rgb.reshape(-1, pixels, 3), out.semantic.reshape(-1, pixels), out.depth.reshape(-1, pixels)
        )
        s, cursor = self.scenery, np.zeros(1, np.int64)
        workers = min(s.threads, max(count, 1))
        with s._busy:
            parallel_for(
                lambda slot, _: take(
                    slot, s.ensemble.bvh, s.ensemble.faces, s.ensemble.pool, s.ensemble.room, s.looks, s.lights,
                    self._optics, self._seen, states, views, flat, cursor,
                ),
                workers,
                chunk=1,
                threads=workers,
            )  # fmt: skip
        return out


@kernel
def take(slot, bvh, faces, pool, room, looks, lights, optics, seen, states, views, out, cursor):  # type: ignore[no-untyped-def]
    """Worker in room `slot`: take pictures one by one until none is left."""
    directions, lengths, grid, forward, cosine, sine, spread = optics
    origin, rotation = np.empty(3, np.float32), np.empty(9, np.float32)
    limit, when, order = np.full(1, np.float32(np.inf)), np.zeros(1, np.float32), np.empty(0, np.int32)
    here = Seen(seen.t[slot], seen.triangle[slot], seen.u[slot], seen.v[slot])
    nodes, blocks = pointer(bvh.nodes), pointer(bvh.blocks)
    placed = room.actors[slot], room.levels[slot], room.matrices[slot]
    no_depth, points = np.empty(0, np.float32), np.empty(TOGETHER, POINT_DTYPE)
    while True:
        i = fetch_add(cursor, 0, 1)
        if i >= views.world.shape[0]:
            break
        pose, world = views.pose[i], views.world[i]
        for row in range(3):
            origin[row] = pose[row, 3]
            for column in range(3):
                rotation[3 * row + column] = pose[row, column]
        weather = states.weather[world]
        view = View(
            origin[0], origin[1], origin[2],
            rotation[0] * forward[0] + rotation[1] * forward[1] + rotation[2] * forward[2],
            rotation[3] * forward[0] + rotation[4] * forward[1] + rotation[5] * forward[2],
            rotation[6] * forward[0] + rotation[7] * forward[1] + rotation[8] * forward[2],
            cosine, sine, lights.far[weather], spread,
        )  # fmt: skip
        rows = states.actors[world]
        root, _ = place_actors(nodes, blocks, pool, room, slot, rows, views.hidden[i], view)
        rays = Rays(origin, 0, directions, rotation, limit, 0, when, 0, lengths.shape[0], order, False)
        cast_view(bvh, faces, root, rays, grid, here)
        depth = out.depth[i] if out.depth.shape[0] > 0 else no_depth
        shade(
            here, directions, lengths, pose, looks, placed, rows, states.signals[world], light_in(lights, weather),
            spread, points, (out.rgb[i], out.semantic[i], depth),
        )  # fmt: skip
