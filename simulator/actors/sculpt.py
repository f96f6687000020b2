"""Smooth bodies from overlapping round shapes: a blended distance field and the surface where it is zero.

Shapes are capsules whose radius changes along them, flattened sideways. Distances d_i blend by the smooth minimum
-s log(sum exp(-d_i / s)): where two shapes meet the surface is a fillet of size s instead of an edge. The surface is a
surface net (Gibson, Constrained elastic surface nets, MICCAI 1998): one vertex in each cell of a grid that the surface
crosses, at the mean of its crossings with the cell's edges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.actors.shape import F64
from simulator.scene.mesh import Mesh


@dataclass(frozen=True, slots=True)
class Lump:
    """A capsule from `start` to `end` (x, y, z).

    Attributes:
        radius: at the start and at the end, metres, in the plane of y.
        flat: its half width (along y) over its radius.
    """

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius: tuple[float, float]
    flat: float = 1.0

    def distance(self, points: F64) -> F64:
        """(N,) about the distance of (N, 3) points from the surface, negative inside."""
        squeeze = np.array([1.0, 1.0 / self.flat, 1.0])
        middle = np.array([0.0, self.start[1], 0.0])
        p = (points - middle) * squeeze + middle
        a, b = np.array(self.start), (np.array(self.end) - middle) * squeeze + middle
        along = b - a
        share = np.clip((p - a) @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
        radius = self.radius[0] + (self.radius[1] - self.radius[0]) * share
        return np.asarray(np.linalg.norm(p - a - share[:, None] * along, axis=1) - radius)


def sculpted(
    lumps: Sequence[Lump], step: float, blend: float, slot: int = 0, relief: Callable[[F64], F64] | None = None
) -> Mesh:
    """The blended surface of `lumps` on a grid of `step` metres.

    Args:
        lumps: shapes.
        step: edge of a cell.
        blend: size of the fillets in metres.
        slot: material slot.
        relief: metres (N,) by which the surface stands out at (N, 3) points (wool).
    """
    reach = np.array([max(lump.radius) for lump in lumps])[:, None] + blend + 2 * step
    ends = np.array([[lump.start, lump.end] for lump in lumps])
    low, high = (ends.min(1) - reach).min(0), (ends.max(1) + reach).max(0)
    axes = [np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    total = np.zeros(len(points))
    for lump in lumps:
        total += np.exp(-np.minimum(lump.distance(points) / blend, 40.0).clip(-40.0))
    field = -blend * np.log(np.maximum(total, 1e-30))
    if relief is not None:
        field -= relief(points)
    return surface_net(field.reshape([len(axis) for axis in axes]), low, step, slot)


def surface_net(field: ArrayLike, origin: ArrayLike, step: float, slot: int = 0) -> Mesh:
    """Closed surface about the negative part of a field (X, Y, Z) sampled every `step` metres from `origin` on."""
    f = np.asarray(field, np.float64)
    inside = f < 0
    corners = list(product((0, 1), repeat=3))
    shape = np.array(f.shape) - 1

    def _corner(values: NDArray[np.generic], c: tuple[int, ...]) -> NDArray[np.generic]:
        return values[c[0] : c[0] + shape[0], c[1] : c[1] + shape[1], c[2] : c[2] + shape[2]]

    count = np.sum([_corner(inside, c) for c in corners], axis=0)
    cells = np.argwhere((count > 0) & (count < 8))
    values = np.stack([np.asarray(f[tuple((cells + c).T)]) for c in corners], 1)
    place, hits = np.zeros((len(cells), 3)), np.zeros(len(cells))
    for i, a in enumerate(corners):
        for j, b in enumerate(corners):
            if j > i and sum(abs(p - q) for p, q in zip(a, b, strict=True)) == 1:
                crossed = (values[:, i] < 0) != (values[:, j] < 0)
                share = values[:, i] / np.where(crossed, values[:, i] - values[:, j], 1.0)
                place += crossed[:, None] * (np.array(a) + share[:, None] * (np.array(b) - np.array(a)))
                hits += crossed
    vertices = np.asarray(origin) + step * (cells + place / hits[:, None])
    index = np.full(shape, -1)
    index[tuple(cells.T)] = np.arange(len(cells))
    faces = [_quads(inside, index, axis) for axis in range(3)]
    return Mesh.of(vertices, np.concatenate(faces), None, slot, smooth=True)


def _quads(inside: NDArray[np.bool_], index: NDArray[np.int64], axis: int) -> NDArray[np.int64]:
    """Triangles across the grid edges along `axis` that leave or enter the body: one quad of four cells each."""
    leaves = np.moveaxis(inside, axis, 0)
    edge = np.argwhere(leaves[:-1] != leaves[1:])
    outward = leaves[tuple(edge.T)]
    others = [k for k in range(3) if k != axis]
    at = np.empty((len(edge), 3), np.int64)
    at[:, axis], at[:, others[0]], at[:, others[1]] = edge.T
    u, v = (axis + 1) % 3, (axis + 2) % 3
    ring = []
    for du, dv in ((1, 1), (0, 1), (0, 0), (1, 0)):
        cell = at.copy()
        cell[:, u] -= du
        cell[:, v] -= dv
        ring.append(index[tuple(cell.T)])
    quad = np.stack(ring, 1)
    quad = np.where(outward[:, None], quad, quad[:, ::-1])
    return np.concatenate([quad[:, [0, 1, 2]], quad[:, [0, 2, 3]]])
