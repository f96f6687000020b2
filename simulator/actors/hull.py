"""Box-like bodies with rounded corners (buses, lorry cabs): a grid of levels by columns whose cells get materials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.actors.coachwork import Slot
from simulator.actors.shape import F64, mirrored, patch
from simulator.scene.mesh import Mesh


@dataclass(frozen=True, slots=True, eq=False)
class Hull:
    """Left half of a body as a grid, and where its cells are.

    Attributes:
        points: (L, C, 3) from the middle of the front round the left side to the middle of the rear.
        z: (L - 1,) middle heights of the rows of cells.
        front_y: (C - 1,) share of the half width of front cells, 9 elsewhere.
        side_x: (C - 1,) x of side cells, NaN elsewhere.
        rear_y: (C - 1,) share of the half width of rear cells, 9 elsewhere.
    """

    points: F64
    z: F64
    front_y: F64
    side_x: F64
    rear_y: F64

    def grid(self, slot: int) -> NDArray[np.int64]:
        """(L - 1, C - 1) slots, all `slot`."""
        return np.full((len(self.z), len(self.front_y)), int(slot), np.int64)

    def rows(self, low: float, high: float) -> NDArray[np.bool_]:
        """(L - 1, 1) rows of cells whose middle lies between two heights."""
        return np.asarray((self.z > low) & (self.z < high))[:, None]

    def side(self, low: float, high: float) -> NDArray[np.bool_]:
        """(C - 1,) side cells between two x."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.side_x > low) & (self.side_x < high))

    def nose_at(self, z: float, share: float) -> float:
        """x of the front surface at a height and a share of the half width."""
        return float(self.front_at(z, np.array([share]))[0])

    def front_at(self, z: float, shares: F64) -> F64:
        """(N,) x of the front surface at a height and (N,) shares of the half width."""
        at = shares * self.points[0, :, 1].max()
        count = int((self.front_y < 8).sum()) + 1
        levels = self.points[:, 0, 2]
        k = int(np.clip(np.searchsorted(levels, z), 1, len(levels) - 1))
        low, high = (np.interp(at, row[:count, 1], row[:count, 0]) for row in self.points[k - 1 : k + 1])
        share = np.clip((z - levels[k - 1]) / max(levels[k] - levels[k - 1], 1e-9), 0.0, 1.0)
        return np.asarray(low + share * (high - low), np.float64)

    def half_at(self, z: float) -> float:
        """Half width at a height."""
        return float(np.interp(z, self.points[:, 0, 2], self.points[:, :, 1].max(1)))

    def meshes(self, left: NDArray[np.int64], right: NDArray[np.int64] | None = None) -> list[Mesh]:
        """Both halves; `right` gives the slots of the right half (default: as the left, lamps swapped)."""
        if right is None:
            right = np.where(left == Slot.LEFT, int(Slot.RIGHT), left)
        return [patch(self.points, left, flip=True), mirrored(patch(self.points, right, flip=True))]

    def roof(self, crown: float, slots: int, shares: ArrayLike = (0.0, 0.4, 0.75, 1.0)) -> Mesh:
        """Lines across from the top ring to its mirror image, arched by `crown` metres."""
        q = np.asarray(shares, np.float64)
        q = np.concatenate([q[::-1], -q[1:]])
        ring = self.points[-1]
        x = np.repeat(ring[:, :1], len(q), 1)
        half = max(float(ring[:, 1].max()), 1e-6)
        y = ring[:, 1:2] * q
        inset = 1 - np.maximum(np.abs(y) / half, 0.0) ** 2
        ends = np.minimum(np.minimum(ring[:, :1].max() - x, x - ring[:, :1].min()) / 0.25, 1.0)
        return patch(np.stack([x, y, ring[:, 2:3] + crown * inset * ends], -1), slots)


def hull(
    z: ArrayLike,
    nose_x: ArrayLike,
    tail_x: ArrayLike,
    half_width: ArrayLike,
    side_x: ArrayLike,
    *,
    front_y: ArrayLike = (0.0, 0.3, 0.6, 0.85, 0.96, 1.0),
    rear_y: ArrayLike = (0.0, 0.4, 0.7, 0.88, 0.97, 1.0),
    front_power: float = 4.5,
    rear_power: float = 9.0,
    arches: ArrayLike = (),
    arch_radius: float = 0.5,
    wheel_z: float = 0.45,
) -> Hull:
    """Body whose levels have given front, rear and half width.

    Args:
        z, nose_x, tail_x, half_width: (L,) per level, from the bottom up.
        side_x: x of the columns along the side, from front to rear; the ends are where the corners begin.
        front_y, rear_y: columns across front and rear as shares of the half width, from 0 to 1.
        front_power, rear_power: superellipse exponents of the corners in plan.
        arches: x of wheels: lower cells are cut away round them.
        arch_radius, wheel_z: of those openings.
    """
    levels, nose, tail, half = (
        np.asarray(v, np.float64)[:, None] for v in np.broadcast_arrays(z, nose_x, tail_x, half_width)
    )
    side = np.asarray(side_x, np.float64)
    cuts = [
        x + arch_radius * np.cos(np.radians([0, 20, 45, 70, 90, 110, 135, 160, 180])) for x in np.asarray(arches, float)
    ]
    edges = [np.array([x + arch_radius + 0.003, x - arch_radius - 0.003]) for x in np.asarray(arches, float)]
    keep = np.ones(len(side), bool)
    for x in np.asarray(arches, float):
        keep &= np.abs(side - x) > arch_radius + 0.02
    side = np.sort(np.concatenate([side[keep], *cuts, *edges]))[::-1]
    front, rear = np.asarray(front_y, np.float64)[:-1], np.asarray(rear_y, np.float64)[:-1][::-1]
    share = np.concatenate([front, np.ones(len(side)), rear])
    x = np.empty((len(levels), len(share)))
    f, s = len(front), len(side)
    # Where the top draws in further than the corners begin, the first columns of the side draw in with it.
    order = np.arange(s)
    along = np.clip(side, tail + 0.03 + 0.002 * (s - order), nose - 0.03 - 0.002 * order)
    first, last = along[:, :1], along[:, -1:]
    x[:, :f] = first + (nose - first) * (1 - front**front_power) ** (1 / front_power)
    x[:, f : f + s] = along
    x[:, f + s :] = last + (tail - last) * (1 - rear**rear_power) ** (1 / rear_power)
    y = share * half
    height = np.repeat(levels, len(share), 1)
    for wheel in np.asarray(arches, float):
        inside = np.abs(side - wheel) <= arch_radius + 1e-6
        rise = wheel_z + np.sqrt(np.maximum(arch_radius**2 - (side - wheel) ** 2, 0.0))
        height[:, f : f + s] = np.where(inside, np.maximum(height[:, f : f + s], rise), height[:, f : f + s])
    cell = len(share) - 1
    out_front, out_rear, out_side = np.full(cell, 9.0), np.full(cell, 9.0), np.full(cell, np.nan)
    full_front, full_rear = np.asarray(front_y, np.float64), np.asarray(rear_y, np.float64)
    out_front[:f] = (full_front[:-1] + full_front[1:]) / 2
    out_rear[f + s - 1 :] = ((full_rear[:-1] + full_rear[1:]) / 2)[::-1]
    out_side[f : f + s - 1] = (side[:-1] + side[1:]) / 2
    flat = np.asarray(z, np.float64)
    return Hull(np.stack([x, y, height], -1), (flat[:-1] + flat[1:]) / 2, out_front, out_side, out_rear)


def arch_liners(xs: ArrayLike, radius: float, wheel_z: float, inner: float, outer: float) -> list[Mesh]:
    """Dark half cylinders above wheels at x `xs`, from `inner` to `outer` half width."""
    angle = np.radians(np.linspace(-8, 188, 9))
    parts: list[Mesh] = []
    for wheel in np.asarray(xs, float):
        x, up = wheel + radius * np.cos(angle), wheel_z + radius * np.sin(angle)
        rows = np.stack([np.stack([x, np.full_like(x, y), up], 1) for y in (inner, outer)])
        wall = np.stack([rows[0], np.broadcast_to([wheel, inner, wheel_z], rows[0].shape)])
        for mesh in (patch(rows, Slot.UNDER, flip=True), patch(wall, Slot.UNDER)):
            parts += [mesh, mirrored(mesh)]
    return parts
