"""Ray casting on a street of 470,000 triangles, beside Intel Embree.

The peer is the best of its ways through the C library: single rays, packets of 8 and of 16, coherent or not.

Each row casts the rays of one kind of sensor: all start at one point (camera, lidar), or where the sensor is on its
way (driving lidar), or at the camera's hits towards the sun (shadow) or in random directions (bounce).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.embree import WIDTHS, Embree
from benchmarks.street import Street, street
from benchmarks.table import Row, best_seconds, row
from simulator.raycast import Scene

F32 = NDArray[np.float32]
PEER = "Embree 4"
CASTING_S = 3.0  # of ours and the peer in turns, at least, for each row


class Cast(NamedTuple):
    """Origins (3,) or (N, 3), directions (N, 3), and their grid if they are an image."""

    origins: F32
    directions: F32
    grid: tuple[int, int] | None = None


def camera(width: int, height: int, focal: float) -> Cast:
    """A camera 1.65 m above the road, looking along x; `focal` in pixels."""
    u, v = np.meshgrid(np.arange(width) - width / 2 + 0.5, np.arange(height) - height / 2 + 0.5)
    directions = np.stack([np.ones_like(u), -u / focal, -v / focal], -1).reshape(-1, 3)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return Cast(np.array([0, -1.75, 1.65], np.float32), directions.astype(np.float32), (height, width))


def lidar(rings: int, columns: int) -> Cast:
    """A spinning lidar with rings from +2 to -24.8 degrees."""
    up = np.deg2rad(np.linspace(2.0, -24.8, rings))[:, None]
    round_ = np.linspace(np.pi, -np.pi, columns, endpoint=False)[None, :]
    directions = np.stack(np.broadcast_arrays(np.cos(up) * np.cos(round_), np.cos(up) * np.sin(round_), np.sin(up)), -1)
    return Cast(np.array([0, -1.75, 1.9], np.float32), directions.reshape(-1, 3).astype(np.float32), (rings, columns))


def driving(turn: Cast) -> Cast:
    """The same lidar at 30 m/s: each column starts where the sensor is at its time in a turn of 0.1 s."""
    assert turn.grid is not None
    rings, columns = turn.grid
    ahead = np.tile(3.0 * np.arange(columns) / columns, rings)
    return turn._replace(origins=(turn.origins + ahead[:, None] * [1.0, 0.0, 0.0]).astype(np.float32))


def secondary(scene: Scene, vertices: F32, faces: NDArray[np.int32], view: Cast) -> tuple[Cast, Cast]:
    """Shadow rays to a sun with a soft edge, and cosine-distributed bounce rays, from what a camera sees.

    `scene` must hold one part with these vertices and faces.
    """
    rng = np.random.default_rng(3)
    hits = scene.closest_hit(view.origins, view.directions, grid=view.grid)
    seen = hits.primitive >= 0
    a, b, c = (vertices[faces[hits.primitive[seen], k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    normal[(normal * view.directions[seen]).sum(1) > 0] *= -1
    points = view.origins + view.directions[seen] * hits.t[seen, None]
    lift = 2e-3 + 4 * np.spacing(np.abs(np.concatenate([points, [view.origins]])).max())  # off the surface for sure
    origins = points + lift * normal
    sun = np.array([0.4, 0.5, 0.76]) + 0.02 * rng.normal(size=origins.shape)
    ball = rng.normal(size=origins.shape)
    bounce = normal + 0.999 * ball / np.linalg.norm(ball, axis=1, keepdims=True)
    return tuple(
        Cast(origins.astype(np.float32), (d / np.linalg.norm(d, axis=1, keepdims=True)).astype(np.float32))
        for d in (sun, bounce)
    )  # type: ignore[return-value]


def _moving(town: Street) -> tuple[Scene, list[int]]:
    scene = Scene()
    for shape, pose in town.static:
        scene.add(shape.vertices, shape.faces, pose)
    arrays = {id(shape): (shape.vertices.astype(np.float32), shape.faces.astype(np.int32)) for shape, _ in town.cars}
    cars = [scene.add(*arrays[id(shape)], pose, moving=True) for shape, pose in town.cars]
    scene.commit()
    return scene, cars


def rows(threads: int) -> list[Row]:
    """All measurements with so many threads, the peer with as many."""
    town = street()
    vertices, faces = town.merged()
    flat = Scene()
    flat.add(vertices, faces)
    flat.commit(threads)
    peer = Embree(vertices, faces)
    view = camera(1242, 375, 721.5)
    shadow, bounce = secondary(flat, vertices, faces, view)
    out = []

    def cast_row(work: str, cast: Cast, any_hit: bool = False) -> None:
        def ours() -> object:
            if any_hit:
                return flat.any_hit(cast.origins, cast.directions, threads=threads)
            return flat.closest_hit(cast.origins, cast.directions, threads=threads, grid=cast.grid)

        def way(width: int, coherent: bool) -> Callable[[], object]:
            return lambda: peer.cast(cast.origins, cast.directions, width, coherent, any_hit, threads)

        ways = [way(width, coherent) for width in WIDTHS for coherent in ((False, True) if width > 1 else (False,))]
        # First the peer's best way, then as many rounds for it as for ours: the best of more rounds would be luckier.
        trial = best_seconds(ways, 3, at_least_s=0.5)
        times = best_seconds([ours, ways[trial.index(min(trial))]], at_least_s=CASTING_S)
        rates = [len(cast.directions) / seconds / 1e6 for seconds in times]
        out.append(row(work, "Mrays/s", threads, rates[0], rates[1], PEER))

    cast_row("camera 1242x375", view)
    cast_row("lidar 64x2048", lidar(64, 2048))
    cast_row("lidar 64x2048 driving", driving(lidar(64, 2048)))
    cast_row("camera 84x84", camera(84, 84, 42.0))
    cast_row("shadow any-hit", shadow, any_hit=True)
    cast_row("bounce", bounce)

    def build() -> None:
        scene = Scene()
        scene.add(vertices, faces)
        scene.commit(threads)

    def build_peer() -> None:
        Embree(vertices, faces, threads).close()

    times = best_seconds([build, build_peer], at_least_s=CASTING_S)
    out.append(row("build", "ms", threads, times[0] * 1e3, times[1] * 1e3, PEER))

    scene, cars = _moving(town)

    def move() -> None:
        for car, (_, pose) in zip(cars, town.cars):
            scene.move(car, pose)
        scene.commit(threads)
        scene.any_hit(view.origins, view.directions[:1], threads=1)  # the top tree is made on the first cast

    (seconds,) = best_seconds([move], 15)
    out.append(row("move 40 parts", "ms", threads, seconds * 1e3))
    return out
