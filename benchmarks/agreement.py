"""Whether the ray caster and Embree's robust mode see the same, over millions of rays at random poses.

Each row counts the rays of a million whose distances differ by more than 1e-3 relative, or that only one of both
stops: for a camera's packets, for single rays from anywhere to anywhere, and for shadow rays from a lattice of places
near each other to a soft sun. Both use the same arithmetic where rounding decides, so that none should differ.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.embree import ROBUST, Embree
from benchmarks.raycast import Cast, camera
from benchmarks.street import Shape, ground, join, street, tree
from benchmarks.table import Row, row
from simulator.numerics.se3 import pose
from simulator.raycast import Scene

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
RTOL = 1e-3
POSES, RAYS = 8, 1 << 18
VIEW = camera(828, 250, 481.0)


def soup(triangles: F32) -> tuple[F32, I32]:
    """Vertices and faces of (N, 3, 3) triangles."""
    return triangles.reshape(-1, 3).astype(np.float32), np.arange(3 * len(triangles), dtype=np.int32).reshape(-1, 3)


def move(shape: Shape, x: float, y: float) -> Shape:
    """A shape placed on the ground."""
    return Shape(shape.vertices + [x, y, 0], shape.faces)


def scenes() -> Iterator[tuple[str, F32, I32, F32]]:
    """Name, vertices, faces, and a corner of the box of a hundred metres in which to look around."""
    vertices, faces = street().merged()
    low = np.array([-60, -4, 0.5], np.float32)
    yield "street", vertices, faces, low
    far = np.array([1e5, -2e5, 300], np.float32)
    yield "street at 10^5 m", vertices + far, faces, low + far
    rng = np.random.default_rng(1)
    trees = [tree(rng, cards=k % 3 > 0) for k in range(240)]
    wood = join(ground(), *(move(shape, rng.uniform(-70, 70), rng.uniform(-70, 70)) for shape in trees))
    yield "forest of trees", wood.vertices.astype(np.float32), wood.faces.astype(np.int32), low
    leaf = rng.normal(size=(300_000, 1, 3)) * [40, 40, 4] + 0.15 * rng.normal(size=(300_000, 3, 3))
    yield "forest of leaves", *soup(leaf), np.array([-50, -50, -2], np.float32)
    yield "single huge triangle", *soup(1e6 * np.array([[[-1, -1, 0], [2, -1, 0], [0, 2, 0]]])), low
    start = rng.normal(size=(100_000, 1, 3)) * [40, 40, 10]
    along = rng.normal(size=(100_000, 1, 3)) * 8
    needle = start + along * np.array([0, 0.5, 1])[:, None] + 3e-3 * rng.normal(size=(100_000, 3, 3))
    yield "needles", *soup(needle), np.array([-50, -50, -5], np.float32)


def casts(low: F32, poses: int = POSES, rays: int = RAYS) -> Iterator[tuple[str, Cast]]:
    """Kinds of rays, and some of these, at random poses in the box with a corner `low`."""
    rng = np.random.default_rng(2)
    for _ in range(poses):
        turn = pose([0, 0, 0], *rng.uniform(-0.4, 0.4, 2), rng.uniform(-3, 3))[:3, :3].astype(np.float32)
        origin = (low + rng.uniform(0, 1, 3) * [100, 8, 3]).astype(np.float32)
        yield "packets", Cast(origin, np.ascontiguousarray(VIEW.directions @ turn.T), VIEW.grid)
        places = (low + rng.uniform(0, 1, (rays, 3)) * [100, 8, 3]).astype(np.float32)
        yield "single rays", Cast(places, rng.normal(size=(rays, 3)).astype(np.float32))
        lattice = np.indices((512, rays // 512, 1)).reshape(3, -1).T
        ways = rng.normal(size=3) + 0.01 * rng.normal(size=(rays, 3))
        yield "shadow rays", Cast((origin + 0.02 * lattice).astype(np.float32), ways.astype(np.float32))


def differing(scene: Scene, peer: Embree, kind: str, cast: Cast, threads: int) -> int:
    """On how many of some rays the two differ."""
    shadows = kind == "shadow rays"
    theirs, _ = peer.cast(cast.origins, cast.directions, 1, False, any_hit=shadows, threads=threads)
    if shadows:
        stopped = scene.any_hit(cast.origins, cast.directions, threads=threads)
        return int((stopped != np.isneginf(theirs)).sum())
    ours = scene.closest_hit(cast.origins, cast.directions, threads=threads, grid=cast.grid).t
    both = np.isfinite(ours) & np.isfinite(theirs)
    apart = np.abs(ours[both] - theirs[both]) > RTOL * theirs[both]
    return int((np.isfinite(ours) != np.isfinite(theirs)).sum() + apart.sum())


def rows(threads: int) -> list[Row]:
    """Differing rays a million, for each scene and kind of ray."""
    out, total = list[Row](), 0
    for name, vertices, faces, low in scenes():
        scene = Scene()
        scene.add(vertices, faces)
        scene.commit(threads)
        peer = Embree(vertices, faces, threads, ROBUST)
        counts = dict[str, tuple[int, int]]()
        for kind, cast in casts(low):
            differ, rays = counts.get(kind, (0, 0))
            counts[kind] = differ + differing(scene, peer, kind, cast, threads), rays + len(cast.directions)
        peer.close()
        for kind, (differ, rays) in counts.items():
            total += rays
            out.append(row(f"{name}, {kind} ({rays / 1e6:.2f} M)", "ppm", threads, 1e6 * differ / rays))
    out.append(row("rays compared", "M", threads, total / 1e6))
    return out
