"""A street of about 470,000 triangles for ray casting: ground, houses, trees, poles, signs, and forty cars.

Plain geometry with the statistics of a driving scene: large flat triangles beside very small ones, closed shells
beside leaf cards, many objects a metre apart. Everything is drawn from one fixed seed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vertices = NDArray[np.float64]


class Shape(NamedTuple):
    """Vertices (V, 3) in metres and faces (F, 3)."""

    vertices: Vertices
    faces: NDArray[np.int64]


class Street(NamedTuple):
    """Shapes that stay, and cars: shapes with a (4, 4) pose each."""

    static: list[tuple[Shape, NDArray[np.float64]]]
    cars: list[tuple[Shape, NDArray[np.float64]]]

    def merged(self) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """All triangles in world space as one mesh."""
        placed = [
            Shape(shape.vertices @ pose[:3, :3].T + pose[:3, 3], shape.faces)
            for shape, pose in [*self.static, *self.cars]
        ]
        whole = join(*placed)
        return whole.vertices.astype(np.float32), whole.faces.astype(np.int32)


def pose(x: float, y: float, z: float = 0.0, yaw: float = 0.0) -> NDArray[np.float64]:
    """(4, 4) placement turned by `yaw` radians about z."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0, x], [s, c, 0, y], [0, 0, 1, z], [0, 0, 0, 1.0]])


def join(*shapes: Shape) -> Shape:
    """Several shapes as one."""
    starts = np.cumsum([0, *(len(shape.vertices) for shape in shapes)])
    return Shape(
        np.concatenate([shape.vertices for shape in shapes]),
        np.concatenate([shape.faces + start for shape, start in zip(shapes, starts)]),
    )


def sheet(points: Vertices, wrap: bool = False) -> Shape:
    """Two triangles between neighbours of a (rows, columns, 3) net; `wrap` closes it along the columns."""
    rows, columns = points.shape[:2]
    number = np.arange(rows * columns).reshape(rows, columns)
    if wrap:
        number = np.concatenate([number, number[:, :1]], 1)
    a, b, c, d = (n.ravel() for n in (number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]))
    return Shape(points.reshape(-1, 3), np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]))


def ball(
    size: tuple[float, float, float], center: tuple[float, float, float], steps: int, square: float = 1.0
) -> Shape:
    """Superellipsoid: an ellipsoid for `square` 1, towards a box for smaller values."""
    up, round_ = np.linspace(-np.pi / 2, np.pi / 2, steps), np.linspace(-np.pi, np.pi, 2 * steps, endpoint=False)

    def power(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.sign(x) * np.abs(x) ** square

    cu, su, cr, sr = power(np.cos(up)), power(np.sin(up)), power(np.cos(round_)), power(np.sin(round_))
    unit = np.stack(
        [cu[:, None] * cr, cu[:, None] * sr, np.broadcast_to(su[:, None], (steps, 2 * steps))],
        -1,
    )
    return sheet(unit * np.array(size) / 2 + np.array(center), wrap=True)


def tube(
    radius: float, start: tuple[float, float, float], end: tuple[float, float, float], sides: int, rings: int
) -> Shape:
    """A closed cylinder from `start` to `end`."""
    a, b = np.array(start, float), np.array(end, float)
    axis = (b - a) / np.linalg.norm(b - a)
    side = np.cross(axis, (1.0, 0, 0) if abs(axis[0]) < 0.9 else (0, 1.0, 0))
    side /= np.linalg.norm(side)
    angle = np.linspace(-np.pi, np.pi, sides, endpoint=False)
    circle = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * np.cross(axis, side)
    along = np.linspace(0, 1, rings)
    body = a + (b - a) * along[:, None, None] + radius * circle
    return sheet(np.concatenate([np.tile(a, (1, sides, 1)), body, np.tile(b, (1, sides, 1))]), wrap=True)


def ground() -> Shape:
    """200 m square of 80,000 triangles, level on the road and gently rolling beside it."""
    line = np.linspace(-100, 100, 201)
    x, y = np.meshgrid(line, line, indexing="ij")
    off = np.clip(np.abs(y) - 9, 0, None)
    z = 0.6 * np.sin(x * 0.07) * np.cos(y * 0.09) * np.minimum(off / 15, 1) + 0.02 * off * np.sin(x * 0.03 + 1)
    return sheet(np.stack([x, y, z], -1))


def car(length: float, width: float, height: float, cabin: float) -> Shape:
    """About 4,700 triangles."""
    parts = [
        ball((length, width, 0.5 * height), (0, 0, 0.25 + 0.25 * height), 21, 0.35),
        ball((cabin * length, 0.88 * width, 0.6 * height), (-0.2, 0, 0.2 + 0.7 * height), 16, 0.45),
    ]
    for x in (-0.31 * length, 0.31 * length):
        for y in (-0.46 * width, 0.46 * width):
            parts.append(tube(0.33, (x, y - 0.11, 0.33), (x, y + 0.11, 0.33), 40, 4))
    for y in (-0.55 * width, 0.55 * width):
        parts.append(ball((0.15, 0.2, 0.15), (0.17 * length, y, 0.7 * height), 8))
    return join(*parts)


def house(rng: np.random.Generator) -> Shape:
    """Four walls with recessed windows under a flat roof."""
    width, depth, height = rng.uniform(10, 18), rng.uniform(10, 14), rng.uniform(9, 24)
    frame = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]], [[0.2, 0.25], [0.8, 0.25], [0.8, 0.85], [0.2, 0.85]]])
    parts = []
    for side in range(4):
        turn = pose(0, 0, 0, side * np.pi / 2)
        across, out = (width, depth) if side % 2 == 0 else (depth, width)
        columns, rows = max(3, int(across / 2.6)), max(3, int(height / 3))
        cell = np.array([across / columns, height / rows])
        for column in range(columns):
            for line in range(rows):
                net = np.zeros((4, 4, 3))
                corner = np.array([column, line]) * cell + np.array([-across / 2, 0])
                net[0, :, ::2], net[1, :, ::2] = corner + frame[0] * cell, corner + frame[1] * cell
                net[2, :, ::2] = net[1, :, ::2]
                net[3, :, ::2] = net[2, :, ::2].mean(0)
                net[:2, :, 1], net[2:, :, 1] = -out / 2, -out / 2 + 0.2
                part = sheet(net, wrap=True)
                parts.append(Shape(part.vertices @ turn[:3, :3].T, part.faces))
    roof = np.array([[[-width, -depth], [width, -depth]], [[-width, depth], [width, depth]]]) / 2
    parts.append(sheet(np.concatenate([roof, np.full((2, 2, 1), height)], -1)))
    return join(*parts)


def tree(rng: np.random.Generator, cards: bool) -> Shape:
    """A trunk under 700 leaf cards, or under four bumpy crowns."""
    height = rng.uniform(4.5, 8)
    trunk = tube(0.18, (0, 0, 0), (0, 0, 0.55 * height), 16, 2)
    if not cards:
        crowns = []
        for _ in range(4):
            x, y, z = rng.normal(size=3) * (0.7, 0.7, 0.4) + (0, 0, 0.7 * height)
            crown = ball((0.4 * height, 0.4 * height, 0.4 * height), (x, y, z), 8)
            bumps = 0.05 * height * rng.normal(size=crown.vertices.shape)
            crowns.append(Shape(crown.vertices + 0.3 * bumps, crown.faces))
        return join(trunk, *crowns)

    def directions() -> Vertices:
        d = rng.normal(size=(700, 3))
        return d / np.linalg.norm(d, axis=1, keepdims=True)

    center = directions() * rng.uniform(0.3, 1, (700, 1)) ** (1 / 3) * 0.3 * height
    center = center * (1, 1, 1.2) + (0, 0, 0.72 * height)
    first = directions()
    second = np.cross(first, directions())
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    first, second = 0.16 * first, 0.16 * second
    corners = [center - first - second, center + first - second, center + first + second, center - first + second]
    a = 4 * np.arange(700)[:, None]
    return join(trunk, Shape(np.stack(corners, 1).reshape(-1, 3), np.concatenate([a + [0, 1, 2], a + [0, 2, 3]])))


def street() -> Street:
    """The whole scene; the road runs along x."""
    rng = np.random.default_rng(20240501)
    static = [(ground(), pose(0, 0))]
    houses = [house(rng) for _ in range(6)]
    trees = [tree(rng, cards=k % 2 == 0) for k in range(8)]
    lamp = join(
        tube(0.09, (0, 0, 0), (0, 0, 6), 24, 6),
        tube(0.05, (0, 0, 6), (0, 2.2, 6), 16, 6),
        ball((0.3, 0.7, 0.15), (0, 2.1, 5.95), 9, 0.5),
    )
    sign = join(tube(0.04, (0, 0, 0), (0, 0, 2.4), 16, 2), tube(0.38, (0.04, 0, 2.4), (0.06, 0, 2.4), 48, 2))
    for k in range(30):
        side = 1 if k % 2 else -1
        static.append((houses[k % 6], pose(-95 + 13 * (k // 2), side * 27, 0, rng.integers(4) * np.pi / 2)))
    for k in range(100):
        static.append((trees[k % 8], pose(rng.uniform(-97, 97), rng.choice((-1, 1)) * rng.uniform(11, 18), 0, k)))
    for k in range(24):
        static.append((lamp, pose(-92 + 8 * k, -8.6 if k % 2 else 8.6, 0, 0 if k % 2 else np.pi)))
    for k in range(20):
        static.append((sign, pose(-90 + 9.3 * k, -9.2 if k % 2 else 9.2, 0, 0 if k % 2 else np.pi)))
    kinds = [car(4.4, 1.8, 1.45, 0.5), car(4.8, 1.9, 1.5, 0.5), car(5.6, 2.0, 2.0, 0.7), car(3.9, 1.7, 1.5, 0.55)]
    lanes = (-5.25, -1.75, 1.75, 5.25)
    cars = []
    for k in range(40):
        lane = k % 4
        x = -95 + 19 * (k // 4) + rng.uniform(-4, 4)
        # The sensors stand at x = 0 in the second lane.
        x += 9.5 if lane == 1 and abs(x) < 6 else 0.0
        cars.append((kinds[rng.integers(4)], pose(x, lanes[lane], 0, 0 if lane < 2 else np.pi)))
    return Street(static, cars)
