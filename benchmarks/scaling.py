"""How the ray caster's speed and memory grow with the number of triangles and of pixels, beside Intel Embree.

The scene is a hilly ground of ever finer triangles, so that rays meet as many of them and only the search gets longer:
in theory the cost of a ray grows as the logarithm of their number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.embree import Embree
from benchmarks.raycast import PEER, Cast, camera
from benchmarks.street import street
from benchmarks.table import Row, best_seconds, row
from simulator.numerics.se3 import pose
from simulator.raycast import Scene

F32 = NDArray[np.float32]
PICTURES = ((84, 84), (320, 180), (1242, 375), (1920, 1080), (3840, 2160))


def hills(triangles: int) -> tuple[F32, NDArray[np.int32]]:
    """Vertices and faces of a ground of about so many triangles, 400 m wide."""
    side = max(int(np.sqrt(triangles / 2)), 2)
    x, y = np.meshgrid(np.linspace(-200, 200, side + 1), np.linspace(-200, 200, side + 1), indexing="ij")
    z = 3 * np.sin(x / 17) * np.cos(y / 23) + np.sin(x / 5 + y / 7) - 4
    number = np.arange((side + 1) ** 2, dtype=np.int32).reshape(side + 1, side + 1)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
    faces = np.concatenate([np.stack(k, -1).reshape(-1, 3) for k in ((a, b, c), (a, c, d))])
    return np.stack([x, y, z], -1).reshape(-1, 3).astype(np.float32), faces


def rows(threads: int) -> list[Row]:
    """Mrays/s by size of the scene and of the picture, bytes a triangle, and moving a thousand parts."""
    out = []

    def cast_row(work: str, scene: Scene, peer: Embree, view: Cast) -> None:
        works = [
            lambda: scene.closest_hit(view.origins, view.directions, threads=threads, grid=view.grid),
            *(lambda w=w: peer.cast(view.origins, view.directions, w, True, threads=threads) for w in (8, 16)),
        ]
        ours, *theirs = best_seconds(works, 3)
        rate = len(view.directions) / 1e6
        out.append(row(work, "Mrays/s", threads, rate / ours, rate / min(theirs), PEER))

    view = camera(1242, 375, 721.5)
    for power in range(3, 8):
        vertices, faces = hills(10**power)
        scene, peer = Scene(), Embree(vertices, faces)
        scene.add(vertices, faces)
        scene.commit(threads)
        cast_row(f"10^{power} triangles, 1242x375", scene, peer, view)
        out.append(row(f"10^{power} triangles, memory", "bytes/triangle", threads, scene.memory_bytes / len(faces)))
        peer.close()
    vertices, faces = street().merged()
    scene, peer = Scene(), Embree(vertices, faces)
    scene.add(vertices, faces)
    scene.commit(threads)
    for width, height in PICTURES:
        cast_row(f"street, {width}x{height}", scene, peer, camera(width, height, 0.58 * width))

    crowd = Scene()
    shape, faces = hills(128)
    shape, faces = (shape * np.float32(0.005)), faces.astype(np.int32)
    parts = [crowd.add(shape, faces, moving=True) for _ in range(1000)]
    places = np.stack([pose([k % 32 * 4.0, k // 32 * 4.0, 0], yaw=k) for k in range(1000)])
    crowd.commit(threads)

    def move() -> None:
        crowd.move(parts, places)
        crowd.commit(threads)
        crowd.any_hit([0.0, 0, 9], [[0.0, 0, -1]], threads=1)  # the top tree is made on the first cast

    out.append(row("move 1000 parts of 128 triangles", "ms", threads, best_seconds([move], 9)[0] * 1e3))
    return out
