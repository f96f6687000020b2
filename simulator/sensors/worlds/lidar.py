"""Range images for the agents of many worlds: the beams of a lidar without its noise, all views in one call."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import fetch_add, load_int, pointer, record
from simulator.raycast.ensemble import FACE_BITS, PLACED, Seen
from simulator.sensors.lidar_models import LidarModel
from simulator.sensors.shading.vector import ONE, ZERO
from simulator.sensors.worlds.facets import NORMAL
from simulator.sensors.worlds.light import EXTINCTION
from simulator.sensors.worlds.scenery import Scenery, States
from simulator.sensors.worlds.shade import FACE, SKY, SLOT, let_through
from simulator.sensors.worlds.views import Eyes, Views, optics_of, see

F32 = NDArray[np.float32]


class Scans(NamedTuple):
    """N range images: rows from the highest beam down, columns clockwise from behind over ahead to behind.

    Attributes:
        range: (N, H, W) float32 metres, the reach where nothing is met.
        intensity: (N, H, W) float32 0..1: reflectance at 905 nm, times the cosine of incidence, times what the air lets
            through on both ways; 0 where nothing is met.
        semantic: (N, H, W) uint8 class ids, "sky" where nothing is met.
    """

    range: F32
    intensity: F32
    semantic: NDArray[np.uint8]


def rows_of(model: LidarModel, rows: int) -> NDArray[np.float64]:
    """(rows,) elevations in radians, from the top down, of evenly picked beams of a lidar.

    Raises:
        ValueError: if the lidar has fewer beams.
    """
    if not 0 < rows <= model.beams:
        raise ValueError(f"{model.name} has {model.beams} beams; {rows} rows cannot be picked from them")
    ordered = np.sort(model.elevation_rad)[::-1]
    return np.asarray(ordered[np.rint(np.linspace(0, model.beams - 1, rows)).astype(int)])


class BatchLidar:
    """One kind of lidar, carried by many agents; views' poses are those of its frame (x forward, y left, z up)."""

    def __init__(self, scenery: Scenery, elevation_rad: ArrayLike, columns: int, reach_m: float = 100.0) -> None:
        """A lidar of (H,) elevations for the worlds of a scenery."""
        up = np.asarray(elevation_rad, np.float64)[:, None]
        azimuth = np.pi - 2 * np.pi * (np.arange(columns) + 0.5) / columns
        beams = np.broadcast_arrays(np.cos(up) * np.cos(azimuth), np.cos(up) * np.sin(azimuth), np.sin(up))
        directions = np.stack(beams, -1).astype(np.float32)
        self.shape = directions.shape[:2]
        self._eyes = Eyes(scenery, optics_of(directions, 2 * np.pi / columns, reach_m))

    def scans(self, count: int) -> Scans:
        """Room for so many range images."""
        shape = (count, *self.shape)
        return Scans(np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, np.uint8))

    def scan(self, states: States, views: Views, out: Scans) -> Scans:
        """Measure all views into `out`, and return it; a thread takes whole images."""
        flat = Scans(*(array.reshape(len(array), -1) for array in out))
        self._eyes.share(len(views.world), measure, (states, views, flat))
        return out


@kernel
def measure(slot, bvh, faces, pool, room, looks, lights, optics, seen, states, views, out, cursor):  # type: ignore[no-untyped-def]
    """Worker in room `slot`: measure views one by one until none is left (see `Eyes.share`)."""
    here = Seen(seen.t[slot], seen.triangle[slot], seen.u[slot], seen.v[slot])
    while True:
        i = fetch_add(cursor, 0, 1)
        if i >= views.world.shape[0]:
            break
        world = views.world[i]
        weather = states.weather[world]
        see(slot, bvh, faces, pool, room, optics, views.pose[i], states.actors[world], views.hidden[i],
            lights.far[weather], here)  # fmt: skip
        echo(here, optics.directions, views.pose[i], looks, room.levels[slot], room.matrices[slot],
             lights.numbers[weather, EXTINCTION], optics.reach,
             out.range[i], out.intensity[i], out.semantic[i])  # fmt: skip


@kernel
def echo(seen, directions, pose, looks, levels, matrices, extinction, reach, ranges, intensity, semantic):  # type: ignore[no-untyped-def]
    """Write the range image of one view: see `Scans`; directions are of unit length."""
    t, triangles, _, _ = seen
    facets, matter, first_facet = pointer(looks.facets), pointer(looks.matter), pointer(looks.first_facet)
    for i in range(triangles.shape[0]):
        triangle = triangles[i]
        if triangle < 0:
            ranges[i], intensity[i], semantic[i] = reach, ZERO, SKY
            continue
        a, b, c = directions[3 * i], directions[3 * i + 1], directions[3 * i + 2]
        dx = pose[0, 0] * a + pose[0, 1] * b + pose[0, 2] * c
        dy = pose[1, 0] * a + pose[1, 1] * b + pose[1, 2] * c
        dz = pose[2, 0] * a + pose[2, 1] * b + pose[2, 2] * c
        row = np.int64(triangle)
        if triangle >= PLACED:
            k = (triangle >> FACE_BITS) & SLOT
            row = np.int64(load_int(first_facet, levels[k]) + (triangle & FACE))
            # Into the frame of the model.
            m = matrices[k]
            dx, dy, dz = (
                m[0] * dx + m[4] * dy + m[8] * dz,
                m[1] * dx + m[5] * dy + m[9] * dz,
                m[2] * dx + m[6] * dy + m[10] * dz,
            )
        facet = record(facets, row)
        cosine = np.float32(facet.ax) * dx + np.float32(facet.ay) * dy + np.float32(facet.az) * dz
        reflectance = record(matter, facet.material).reflectance_905
        ranges[i], semantic[i] = t[i], facet.semantic
        echo_share = reflectance * abs(cosine) * np.float32(1 / NORMAL) * let_through(np.float32(2) * extinction * t[i])
        intensity[i] = min(echo_share, ONE)
