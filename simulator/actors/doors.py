"""Doors of cars that open: cut out of the body's shells, each a leaf that turns about its hinge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.actors.coachwork import SCREEN_Y, Greenhouse, Slot, Tub
from simulator.actors.shape import F64, mirrored, patch, pipe, rounded_box
from simulator.scene import Driver, Joint
from simulator.scene.mesh import Mesh

Cells = NDArray[np.int64]
DOORS = ("front_left", "front_right", "rear_left", "rear_right")
OPEN_RAD = float(np.radians(68.0))  # where door checks stop, about
THICK_M = 0.07
_LOWEST = 3  # row of the tub above the gap at the sill


@dataclass(slots=True)
class Leaf:
    """A closed door: its meshes, the place of its hinge, and the angle about +z at which it is wide open."""

    hinge: tuple[float, float, float]
    open_rad: float
    meshes: list[Mesh] = field(default_factory=list)

    def joint(self, share: float) -> Joint:
        """What it hangs on, open by a share of the way."""
        return Joint(self.hinge, (0.0, 0.0, 1.0), Driver.FIXED, bias=share * self.open_rad)


@dataclass(frozen=True, slots=True)
class Cut:
    """Slots of both halves of tub and greenhouse (left, right) without some doors, and these doors by name."""

    tub: tuple[Cells, Cells]
    house: tuple[Cells, Cells]
    leaves: dict[str, Leaf]


def cut_doors(tub: Tub, house: Greenhouse, tub_slots: Cells, doors: Iterable[str]) -> Cut:
    """Take doors (of DOORS) out of the shells."""
    bodies, uppers = (tub_slots.copy(), tub_slots.copy()), (house.slots.copy(), house.slots.copy())
    leaves: dict[str, Leaf] = {}
    for name in doors:
        row, side = name.split("_")
        columns, window = _columns(tub, row)
        half = int(side == "right")
        bodies[half][_LOWEST:, columns] = -1
        uppers[half][:-1, window] = -1
        leaves[name] = _leaf(tub, house, tub_slots, columns, window)
        if side == "right":
            (x, y, z), parts = leaves[name].hinge, leaves[name].meshes
            leaves[name] = Leaf((x, -y, z), OPEN_RAD, [mirrored(mesh) for mesh in parts])
    return Cut(bodies, uppers, leaves)


def _columns(tub: Tub, row: str) -> tuple[slice, slice]:
    """Cells of the front or rear door in tub and greenhouse."""
    front, middle, rear = (tub.front + int(gap) for gap in np.flatnonzero(tub.gaps))
    side = len(SCREEN_Y) - 1
    if row == "front":
        return slice(front + 1, middle), slice(side + 1, side + 3)
    return slice(middle + 1, rear), slice(side + 4, side + 6)


def _leaf(tub: Tub, house: Greenhouse, tub_slots: Cells, cells: slice, window: slice) -> Leaf:
    """The left door of these cells, `THICK_M` thick, with its window."""
    outer = tub.points[_LOWEST:, cells.start : cells.stop + 1]
    inward = np.array([0.0, -THICK_M, 0.0])
    inner = outer + inward
    wall = np.concatenate([outer, inner[:, ::-1]], axis=1)
    slots = np.full((len(outer) - 1, wall.shape[1]), int(Slot.SEAT))
    slots[:, : cells.stop - cells.start] = tub_slots[_LOWEST:, cells]
    top = np.stack([outer[-1], inner[-1]])
    pane, glass = house.points[:-1, window.start : window.stop + 1], house.slots[:-1, window]
    lining = patch(pane + 0.1 * inward, np.where(glass == Slot.PAINT, Slot.TRIM, glass))
    x, y, z = outer[len(outer) // 2, 0].tolist()
    parts = [patch(wall, slots, close=True, flip=True), patch(top, Slot.TRIM, flip=True)]
    frame = np.concatenate([pane[:, 0], pane[-1, 1:-1], pane[::-1, -1]]) + 0.2 * inward
    parts.append(pipe(frame, 0.016, segments=5, slot=Slot.GLOSS))
    return Leaf((x, y, z), -OPEN_RAD, [*parts, *_inside(inner), patch(pane, glass, flip=True), lining])


def _inside(inner: F64) -> list[Mesh]:
    """Arm rest, handle and map pocket on a door's lining, a grid of points from below and from the front."""
    (front, _, _), (rear, _, _) = inner[0, 0], inner[0, -1]
    middle, run = 0.5 * (front + rear), front - rear
    column = inner[:, inner.shape[1] // 2]
    parts = []
    for share, size, slot in (
        (0.68, (0.56 * run, 0.07, 0.06), Slot.TRIM),
        (0.86, (0.14, 0.02, 0.035), Slot.CHROME),
        (0.18, (0.62 * run, 0.05, 0.14), Slot.TRIM),
    ):
        z = float(column[0, 2] + share * (column[-1, 2] - column[0, 2]))
        y = float(np.interp(z, column[:, 2], column[:, 1])) - 0.5 * size[1] + 0.006
        parts.append(rounded_box(size, (middle + (0.2 * run if slot == Slot.CHROME else 0.0), y, z), radius=0.02,
                                 slot=int(slot)))  # fmt: skip
    return parts
