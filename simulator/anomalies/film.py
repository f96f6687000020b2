"""Thin films on the road: what lies below shows through, darker and glossier the thicker the film.

A film is a copy of the ground under it, lifted by a millimetre, with the same textures at the same places. Where it
is thin it hardly changes them; its materials follow the thickness in bands, whose contours are as irregular as the
puddles that water leaves on real asphalt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.anomalies.base import Array, Site
from simulator.dynamics.surface import CELL_M
from simulator.scene import Body, Material, Mesh
from simulator.scene.noise import spectral_noise

LIFT_M = 0.0012  # less than the paint of markings is thick, so that films on road and paint keep their order
STEP_M = 0.24  # longest edge of a film's triangles
TILE = 128


@dataclass(frozen=True, slots=True)
class Shape:
    """Thickness of a film over the plane, 1 in the middle, 0 at its irregular border.

    Attributes:
        center: (2,) world.
        axis: (2,) unit direction in which it is longest.
        radius_m: mean radius.
        stretch: its length over its width.
        noise: (TILE, TILE) of unit deviation, one repeat every `tile_m`.
        ragged: weight of the noise.
    """

    center: Array
    axis: Array
    radius_m: float
    stretch: float
    noise: NDArray[np.floating]
    ragged: float = 0.34

    @staticmethod
    def draw(center: Array, yaw: float, radius_m: float, stretch: float, rng: np.random.Generator) -> Shape:
        """A shape with its own outline."""
        axis = np.array([np.cos(yaw), np.sin(yaw)])
        return Shape(center[:2], axis, radius_m, stretch, spectral_noise(TILE, rng, slope=2.7, low_cut=2))

    @property
    def reach_m(self) -> float:
        """Radius of a circle that holds all of it."""
        return 1.6 * self.radius_m * float(np.sqrt(self.stretch))

    def sample(self, xy: Array, tile_m: float) -> Array:
        """The noise (N,) at world points (N, 2), bilinear, one repeat every `tile_m`."""
        at = (xy - self.center) / tile_m * TILE
        low = np.floor(at).astype(np.int64)
        s, t = (at - low).T
        x, y = low.T
        out = np.zeros(len(xy))
        for dx, dy, weight in ((0, 0, (1 - s) * (1 - t)), (1, 0, s * (1 - t)), (0, 1, (1 - s) * t), (1, 1, s * t)):
            out += weight * self.noise[(y + dy) % TILE, (x + dx) % TILE]
        return out

    def thickness(self, xy: Array) -> Array:
        """(N,) at world points (N, 2): above 0 inside."""
        rel = xy - self.center
        along, across = rel @ self.axis, rel @ np.array([-self.axis[1], self.axis[0]])
        r = np.hypot(along / self.stretch**0.5, across * self.stretch**0.5) / self.radius_m
        fine = 0.3 * self.sample(xy, 0.9 * self.radius_m)
        return np.asarray(1.0 - r**1.5 + self.ragged * (self.sample(xy, 4.0 * self.radius_m) + fine))


def footprint(shape: Shape) -> tuple[Array, NDArray[np.bool_]]:
    """Where tyres come onto a film, as `Patch` has it: the corner (2,) of the first cell, and which cells it covers."""
    low = np.floor((shape.center - shape.reach_m) / CELL_M) * CELL_M
    count = int(np.ceil(2.0 * shape.reach_m / CELL_M)) + 1
    middle = (np.arange(count) + 0.5) * CELL_M
    x, y = np.meshgrid(low[0] + middle, low[1] + middle)
    covered = shape.thickness(np.column_stack([x.ravel(), y.ravel()])) > 0.0
    return low, covered.reshape(count, count)


def film(
    site: Site,
    position: Array,
    shape: Shape,
    levels: Sequence[float],
    coat: Callable[[Material, int], Material],
    ripple_m: float = 0.0,
) -> list[Body]:
    """Bodies of a film on the road about `position` (vertices relative to it); none where no road is.

    Args:
        site: where.
        position: (3,) world, on the ground.
        shape: thickness.
        levels: rising thicknesses at which the bands begin; the last has no upper end.
        coat: the material of a ground material under a band.
        ripple_m: standard deviation of the surface's height, which breaks mirror images.
    """
    origin = site.builder.origin
    bodies = []
    for mesh, materials in site.builder.ground_around(position, shape.reach_m, ("road", "road_marking")):
        corners = np.concatenate([mesh.vertices, mesh.uv], 1)[mesh.faces].astype(np.float64)
        corners[..., :2] += origin[:2]
        lying = np.ptp(corners[..., 2], axis=1) < 0.3 * np.ptp(corners[..., :2], axis=1).max(-1)
        corners, slots = _split(corners[lying], mesh.slots[lying], shape)
        value = shape.thickness(corners[..., :2].reshape(-1, 2)).reshape(-1, 3)
        parts, kinds = [], []
        for band, low in enumerate(levels):
            inside, at, owner = _above(corners, value, low)
            if band + 1 < len(levels):
                inside, _, rest = _above(inside, levels[band + 1] - at, 0.0)
                owner = owner[rest]
            parts.append(inside)
            kinds.append(slots[owner] * len(levels) + band)
        points, kind = np.concatenate(parts), np.concatenate(kinds)
        if not len(points):
            continue
        used, slot = np.unique(kind, return_inverse=True)
        coats = tuple(coat(materials[k // len(levels)], k % len(levels)) for k in used.tolist())
        corner, index = np.unique(np.round(points.reshape(-1, 5), 5), axis=0, return_inverse=True)
        faces = index.reshape(-1, 3)
        vertices = corner[:, :3].copy()
        wave = np.clip(ripple_m * shape.sample(vertices[:, :2], 1.7), -0.5 * LIFT_M, None)
        vertices[:, 2] += LIFT_M + wave + origin[2] - position[2]
        vertices[:, :2] -= position[:2]
        bodies.append(Body(Mesh.of(vertices, faces, corner[:, 3:], slot, smooth=True), coats))
    return bodies


def _split(corners: Array, slots: NDArray[np.int32], shape: Shape) -> tuple[Array, NDArray[np.int32]]:
    """Triangles (N, 3, 5) of x, y, z, u, v halved until no edge inside of the shape is longer than STEP_M."""
    for _ in range(40):
        low, high = corners[..., :2].min(1), corners[..., :2].max(1)
        gap = np.maximum(np.maximum(low - shape.center, shape.center - high), 0.0)
        near = np.hypot(*gap.T) < shape.reach_m
        corners, slots = corners[near], slots[near]
        edge = np.linalg.norm(np.roll(corners, -1, axis=1)[..., :2] - corners[..., :2], axis=-1)
        long = edge.max(1, initial=0.0) > STEP_M
        if not long.any():
            break
        first = edge[long].argmax(1)
        order = (first[:, None] + np.arange(3)) % 3
        a, b, c = np.moveaxis(np.take_along_axis(corners[long], order[..., None], 1), 1, 0)
        middle = 0.5 * (a + b)
        halves = [np.stack([a, middle, c], 1), np.stack([middle, b, c], 1)]
        corners = np.concatenate([corners[~long], *halves])
        slots = np.concatenate([slots[~long], slots[long], slots[long]])
    return corners, slots


def _above(corners: Array, value: Array, level: float) -> tuple[Array, Array, NDArray[np.int64]]:
    """What of triangles (N, 3, 5) lies where their linear `value` (N, 3) is above `level`.

    Returns:
        The triangles, their values, and the rows that they come from.
    """
    data = np.concatenate([corners, value[..., None]], -1)
    inside = value > level
    count = inside.sum(1)
    parts, rows = [data[count == 3]], [np.flatnonzero(count == 3)]
    for many in (1, 2):
        row = np.flatnonzero(count == many)
        odd = (inside[row] if many == 1 else ~inside[row]).argmax(1)  # the corner on a side of its own comes first
        a, b, c = np.moveaxis(np.take_along_axis(data[row], ((odd[:, None] + np.arange(3)) % 3)[..., None], 1), 1, 0)
        ab = a + (b - a) * ((level - a[:, 5]) / (b[:, 5] - a[:, 5]))[:, None]
        ac = a + (c - a) * ((level - a[:, 5]) / (c[:, 5] - a[:, 5]))[:, None]
        pieces = [(a, ab, ac)] if many == 1 else [(ab, b, c), (ab, c, ac)]
        parts += [np.stack(piece, 1) for piece in pieces]
        rows += [row] * len(pieces)
    out = np.concatenate(parts)
    return out[..., :5], out[..., 5], np.concatenate(rows)
