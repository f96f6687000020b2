"""Pictures for the agents of many worlds: colour, classes and depth of all views in one call."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import fetch_add
from simulator.raycast.ensemble import Seen
from simulator.sensors.optics import CameraModel
from simulator.sensors.worlds.light import SUN, light_in
from simulator.sensors.worlds.scenery import Scenery, States
from simulator.sensors.worlds.shade import POINT_DTYPE, TOGETHER, Near, shade
from simulator.sensors.worlds.shadow import CASTER, CASTERS, LAMP, LAMPS, gather_near
from simulator.sensors.worlds.views import Eyes, Views, optics_of, see

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


class Pictures(NamedTuple):
    """N pictures.

    Attributes:
        rgb: (N, H, W, 3) uint8 sRGB.
        semantic: (N, H, W) uint8 class ids.
        depth: (N, H, W) float32 metres along the optical axis, inf for the sky; or (0, H, W): it is not wanted.
    """

    rgb: U8
    semantic: U8
    depth: F32


class BatchCamera:
    """One kind of camera, carried by many agents; views' poses are those of the optical frame (z forward, y down)."""

    def __init__(self, scenery: Scenery, model: CameraModel) -> None:
        """A camera for the worlds of a scenery."""
        self.model = model
        self._eyes = Eyes(scenery, optics_of(model.rays(), 1.0 / math.sqrt(model.K[0, 0] * model.K[1, 1])))

    def pictures(self, count: int, depth: bool = False) -> Pictures:
        """Room for so many pictures."""
        shape = self.model.height, self.model.width
        return Pictures(
            np.empty((count, *shape, 3), np.uint8),
            np.empty((count, *shape), np.uint8),
            np.empty((count if depth else 0, *shape), np.float32),
        )

    def render(self, states: States, views: Views, out: Pictures) -> Pictures:
        """Take the pictures of all views into `out`, and return it; a thread takes whole pictures."""
        pixels = self.model.width * self.model.height
        flat = Pictures(
            out.rgb.reshape(-1, pixels, 3), out.semantic.reshape(-1, pixels), out.depth.reshape(-1, pixels)
        )
        self._eyes.share(len(views.world), take, (states, views, flat))
        return out


@kernel
def take(slot, bvh, faces, pool, room, looks, lights, optics, seen, states, views, out, cursor):  # type: ignore[no-untyped-def]
    """Worker in room `slot`: take pictures one by one until none is left (see `Eyes.share`)."""
    here = Seen(seen.t[slot], seen.triangle[slot], seen.u[slot], seen.v[slot])
    placed = room.actors[slot], room.levels[slot], room.matrices[slot]
    casters, lamps = np.empty((CASTERS, CASTER), np.float32), np.empty((LAMPS, LAMP), np.float32)
    points, no_depth = np.empty(TOGETHER, POINT_DTYPE), np.empty(0, np.float32)
    while True:
        i = fetch_add(cursor, 0, 1)
        if i >= views.world.shape[0]:
            break
        pose, world = views.pose[i], views.world[i]
        light = light_in(lights, states.weather[world])
        rows = states.actors[world]
        see(slot, bvh, faces, pool, room, optics, pose, rows, views.hidden[i], light[5], here)
        eye, sun = pose[:, 3], light[0][SUN : SUN + 3]
        caster_count, lamp_count = gather_near(rows, looks.bodies, eye, sun, casters, lamps)
        near = Near(casters, lamps, caster_count, lamp_count)
        depth = out.depth[i] if out.depth.shape[0] > 0 else no_depth
        shade(
            here, optics.directions, optics.lengths, pose, looks, placed, rows, states.signals[world], light, near,
            optics.spread, points, (out.rgb[i], out.semantic[i], depth),
        )  # fmt: skip
