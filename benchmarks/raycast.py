"""Ray casting on a street of 470,000 triangles, beside Intel Embree as `embreex` offers it (one thread).

Each row casts the rays of one kind of sensor: all start at one point (camera, lidar), or at the camera's hits
towards the sun (shadow) or in random directions (bounce).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.street import Street, street
from benchmarks.table import Row, best_seconds, row
from simulator.raycast import Scene

F32 = NDArray[np.float32]
PEER = "embreex"


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
    origins = view.origins + view.directions[seen] * hits.t[seen, None] + 2e-3 * normal
    sun = np.array([0.4, 0.5, 0.76]) + 0.02 * rng.normal(size=origins.shape)
    ball = rng.normal(size=origins.shape)
    bounce = normal + 0.999 * ball / np.linalg.norm(ball, axis=1, keepdims=True)
    return tuple(
        Cast(origins.astype(np.float32), (d / np.linalg.norm(d, axis=1, keepdims=True)).astype(np.float32))
        for d in (sun, bounce)
    )  # type: ignore[return-value]


def _embree(vertices: F32, faces: NDArray[np.int32]) -> Any:
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    scene = EmbreeScene()
    TriangleMesh(scene, vertices, faces)
    scene.run(np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32))  # this is when it builds
    return scene


def _moving(town: Street) -> tuple[Scene, list[int]]:
    scene = Scene()
    for shape, pose in town.static:
        scene.add(shape.vertices, shape.faces, pose)
    arrays = {id(shape): (shape.vertices.astype(np.float32), shape.faces.astype(np.int32)) for shape, _ in town.cars}
    cars = [scene.add(*arrays[id(shape)], pose, moving=True) for shape, pose in town.cars]
    scene.commit()
    return scene, cars


def rows(threads: int) -> list[Row]:
    """All measurements with so many threads (the peer has one)."""
    town = street()
    vertices, faces = town.merged()
    flat = Scene()
    flat.add(vertices, faces)
    flat.commit(threads)
    peer = _embree(vertices, faces)
    view = camera(1242, 375, 721.5)
    shadow, bounce = secondary(flat, vertices, faces, view)
    out = []

    def cast_row(work: str, cast: Cast, any_hit: bool = False) -> None:
        origins = np.ascontiguousarray(np.broadcast_to(cast.origins, cast.directions.shape))
        query, extra = ("OCCLUDED", {}) if any_hit else ("INTERSECT", {"output": 1})

        def ours() -> object:
            if any_hit:
                return flat.any_hit(cast.origins, cast.directions, threads=threads)
            return flat.closest_hit(cast.origins, cast.directions, threads=threads, grid=cast.grid)

        def theirs() -> object:
            return peer.run(origins, cast.directions, query=query, **extra)

        times = best_seconds([ours, theirs])
        rates = [len(cast.directions) / seconds / 1e6 for seconds in times]
        out.append(row(work, "Mrays/s", threads, rates[0], rates[1], PEER))

    cast_row("camera 1242x375", view)
    cast_row("lidar 64x2048", lidar(64, 2048))
    cast_row("camera 84x84", camera(84, 84, 42.0))
    cast_row("shadow any-hit", shadow, any_hit=True)
    cast_row("bounce", bounce)

    def build() -> None:
        scene = Scene()
        scene.add(vertices, faces)
        scene.commit(threads)

    def build_peer() -> None:
        _embree(vertices, faces)

    times = best_seconds([build, build_peer], 3)
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
