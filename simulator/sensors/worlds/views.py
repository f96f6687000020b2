"""Views: who looks from where along which rays, and the step that all sensors of many worlds have in common."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import fetch_add, pointer
from simulator.numerics.parallel import parallel_for
from simulator.raycast.ensemble import MATRIX, Seen, View, cast_view, matrix_of, place_actors
from simulator.raycast.rays import Rays
from simulator.raycast.tile import Grid, grid_of
from simulator.sensors.worlds.echo import Scans, echo
from simulator.sensors.worlds.light import EXTINCTION, SUN, THINNING, light_in
from simulator.sensors.worlds.scenery import Scenery, States
from simulator.sensors.worlds.shade import POINT_DTYPE, TOGETHER, Near, Pictures, shade
from simulator.sensors.worlds.shadow import CASTER, CASTERS, LAMP, LAMPS, gather_near

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

SINGLES = 4  # groups of a tile whose rays are too far apart to be cast together
MARGIN = 1e-4  # of the cone about all rays


NO_PICTURES = Pictures(np.empty((0, 0, 3), np.uint8), np.empty((0, 0), np.uint8), np.empty((0, 0), np.float32))
NO_SCANS = Scans(np.empty((0, 0), np.float32), np.empty((0, 0), np.float32), np.empty((0, 0), np.uint8))


class Views(NamedTuple):
    """From where N views are taken.

    Attributes:
        pose: (N, 3, 4) float32 local_SE3_sensor.
        world: (N,) int32.
        hidden: (N,) int32 row of the actor that is not seen (the one that carries the sensor), or -1.
    """

    pose: F32
    world: I32
    hidden: I32

    @staticmethod
    def empty(count: int) -> Views:
        """Room for so many views; nothing is hidden from them."""
        pose = np.zeros((count, 3, 4), np.float32)
        pose[:] = np.eye(4, dtype=np.float32)[:3]
        return Views(pose, np.zeros(count, np.int32), np.full(count, -1, np.int32))


class Optics(NamedTuple):
    """Rays of a sensor in its own frame, for kernels.

    Attributes:
        directions: (3 P,) float32. lengths: (P,) of them. units: (3 P,) of length 1.
        grid: tiles. forward: (3,) axis of a cone about all rays. cosine, sine: of its half-angle.
        spread: width of a ray's footprint at 1 m. reach: of the rays, metres.
    """

    directions: F32
    lengths: F32
    units: F32
    grid: Grid
    forward: F32
    cosine: np.float32
    sine: np.float32
    spread: np.float32
    reach: np.float32


def optics_of(directions: F32, spread: float, reach_m: float = np.inf) -> Optics:
    """Rays with (H, W, 3) directions."""
    rows, columns = directions.shape[:2]
    grid = grid_of(directions) or Grid(rows, columns, 0, SINGLES, 1)
    flat = np.array(directions.reshape(-1, 3), np.float32)  # writable: one compiled version
    lengths = np.linalg.norm(flat, axis=1).astype(np.float32)
    units = flat / lengths[:, None]
    middle = units.mean(0)
    size = float(np.linalg.norm(middle))
    forward = middle / size if size > 1e-3 else np.array([1.0, 0.0, 0.0], np.float32)
    cosine = max(float((units @ forward).min()) - MARGIN, -1.0)
    sine = math.sqrt(1.0 - cosine * cosine)
    numbers = (np.float32(x) for x in (cosine, sine, spread, reach_m))
    return Optics(flat.reshape(-1), lengths, units.reshape(-1), grid, forward.astype(np.float32), *numbers)


class Eyes:
    """Rays of one kind of sensor, and where each room of a scenery keeps what they hit."""

    def __init__(self, scenery: Scenery, optics: Optics) -> None:
        """A kind of sensor for the worlds of a scenery."""
        self.scenery, self.optics = scenery, optics
        shape = scenery.threads, len(optics.lengths)
        t, u, v = np.empty((3, *shape), np.float32)
        self._seen = Seen(t, np.empty(shape, np.int32), u, v)

    def look(self, states: States, views: Views, pictures: Pictures = NO_PICTURES, scans: Scans = NO_SCANS) -> None:
        """Make the pictures or the scans, (N, P) pixels, of all views; a thread makes whole ones, in a room of its own.

        Calls from several threads share the rooms: some wait until one gets free.

        Raises:
            ValueError: if arrays do not fit each other or the scenery.
        """
        self._check(states, views, len(scans.range) or len(pictures.rgb))
        s, cursor = self.scenery, np.zeros(1, np.int64)
        e = s.ensemble
        tables = e.bvh, e.faces, e.pool, e.room, s.looks, s.lights, self.optics, self._seen

        def work(start: int, stop: int) -> None:
            """Views, as long as the cursor has any; the range does not matter."""
            room = s.rooms.get()
            try:
                look(room, *tables, states, views, pictures, scans, cursor)
            finally:
                s.rooms.put(room)

        workers = max(1, min(s.threads, len(views.world)))
        parallel_for(work, workers, chunk=1, threads=workers)

    def _check(self, states: States, views: Views, room: int) -> None:
        """Raise ValueError where kernels would read or write beyond an array."""
        (worlds, actors), most = states.actors.shape, self.scenery.ensemble.room.actors.shape[1]
        if actors > most:
            raise ValueError(f"worlds have {actors} actors each, but the scenery was built for {most}")
        if room != len(views.world):
            raise ValueError(f"there is room for the results of {room} views, but there are {len(views.world)}")
        signals = self.scenery.signals
        if states.signals.shape != (worlds, signals):
            raise ValueError(f"signals must have the shape {(worlds, signals)}, not {states.signals.shape}")
        weathers = len(self.scenery.lights.on)
        for what, rows, count in (("world", views.world, worlds), ("weather", states.weather, weathers)):
            if len(rows) and not 0 <= rows.min() <= rows.max() < count:
                raise ValueError(f"a {what} must lie from 0 to {count - 1}, not {rows.min()} to {rows.max()}")


@kernel
def mount(actors, world, carrier, mounts, views):
    """Put sensors on actors: writes `views`, each hiding its carrier.

    Args:
        actors: (W, A) rows of `States`. world, carrier: (N,) int32 the carrier of each of N sensors.
        mounts: (N, 3, 4) or (1, 3, 4) float32 actor_SE3_sensor.
        views: Views of N, the result.
    """
    pose, worlds, hidden = views
    m = np.empty(MATRIX, np.float32)
    for i in range(world.shape[0]):
        matrix_of(actors[world[i], carrier[i]], m)
        own = mounts[min(i, mounts.shape[0] - 1)]
        for row in range(3):
            a, b, c, d = m[4 * row], m[4 * row + 1], m[4 * row + 2], m[4 * row + 3]
            for column in range(4):
                pose[i, row, column] = a * own[0, column] + b * own[1, column] + c * own[2, column]
            pose[i, row, 3] += d
        worlds[i], hidden[i] = world[i], carrier[i]


@kernel
def see(slot, bvh, faces, pool, room, optics, pose, rows, hidden, far, seen):
    """Place what a view may see of its world, in room `slot`, and cast its rays.

    Args:
        slot: the room. bvh, faces, pool, room: of the ensemble. optics: Optics.
        pose: (3, 4) local_SE3_sensor. rows: (A,) actors of the world. hidden: one that is not seen, or -1.
        far: distance in metres at which nothing is seen any more.
        seen: Seen of the rays, the result.
    """
    directions, lengths, _, grid, forward, cosine, sine, spread, reach = optics
    origin, rotation = np.empty(3, np.float32), np.empty(9, np.float32)
    limit, when, order = np.full(1, reach), np.zeros(1, np.float32), np.empty(0, np.int32)
    for row in range(3):
        origin[row] = pose[row, 3]
        for column in range(3):
            rotation[3 * row + column] = pose[row, column]
    view = View(
        origin[0], origin[1], origin[2],
        rotation[0] * forward[0] + rotation[1] * forward[1] + rotation[2] * forward[2],
        rotation[3] * forward[0] + rotation[4] * forward[1] + rotation[5] * forward[2],
        rotation[6] * forward[0] + rotation[7] * forward[1] + rotation[8] * forward[2],
        cosine, sine, min(far, reach), spread,
    )  # fmt: skip
    root, _ = place_actors(pointer(bvh.nodes), pointer(bvh.blocks), pool, room, slot, rows, hidden, view)
    rays = Rays(origin, 0, directions, rotation, limit, 0, when, 0, lengths.shape[0], order, False)
    cast_view(bvh, faces, root, rays, grid, seen)


@kernel
def look(slot, bvh, faces, pool, room, looks, lights, optics, seen, states, views, pictures, scans, cursor):
    """Worker in room `slot`: make pictures or scans one by one until none is left (see `Eyes.look`).

    One kernel for both: what casts the rays is much, and would be compiled twice.
    """
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
        rows, numbers = states.actors[world], light[0]
        see(slot, bvh, faces, pool, room, optics, pose, rows, views.hidden[i], light[5], here)
        if pictures.semantic.shape[0] > 0:
            caster_count, lamp_count = gather_near(
                rows, looks.bodies, pose[:, 3], numbers[SUN : SUN + 3], casters, lamps
            )
            near = Near(casters, lamps, caster_count, lamp_count)
            depth = pictures.depth[i] if pictures.depth.shape[0] > 0 else no_depth
            shade(
                here, optics.units, optics.lengths, pose, looks, placed, rows, states.signals[world], light, near,
                optics.spread, points, (pictures.rgb[i], pictures.semantic[i], depth),
            )  # fmt: skip
        if scans.semantic.shape[0] > 0:
            echo(
                here, optics.units, pose, looks, room.levels[slot], room.matrices[slot],
                (numbers[EXTINCTION], numbers[THINNING]),
                optics.reach, scans.range[i], scans.intensity[i], scans.semantic[i],
            )  # fmt: skip
