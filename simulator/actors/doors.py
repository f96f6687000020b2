"""A driver's door that stands open: cut out of the body's shells and turned about its hinge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.actors.coachwork import SCREEN_Y, Greenhouse, Slot, Tub
from simulator.actors.shape import patch, turned
from simulator.scene.mesh import Mesh

Cells = NDArray[np.int64]
OPEN_RAD = np.radians(68.0)  # where door checks stop, about
THICK_M = 0.07
_LOWEST = 3  # row of the tub above the gap at the sill


@dataclass(frozen=True, slots=True)
class Door:
    """Slots of the left half of tub and greenhouse without the front door, and the door."""

    tub: Cells
    house: Cells
    meshes: list[Mesh]


def open_door(tub: Tub, house: Greenhouse, tub_slots: Cells, share: float) -> Door:
    """The left front door, `share` (0..1) of the way open."""
    gaps = np.flatnonzero(tub.gaps)
    first, last = tub.front + int(gaps[0]) + 1, tub.front + int(gaps[1])
    body, upper = tub_slots.copy(), house.slots.copy()
    body[_LOWEST:, first:last] = -1
    side = len(SCREEN_Y) - 1
    window = slice(side + 1, side + 3)
    upper[:-1, window] = -1
    outer = tub.points[_LOWEST:, first : last + 1]
    inward = np.array([0.0, -THICK_M, 0.0])
    inner = outer + inward
    wall = np.concatenate([outer, inner[:, ::-1]], axis=1)
    columns = last - first
    slots = np.full((len(outer) - 1, wall.shape[1]), int(Slot.SEAT))
    slots[:, :columns] = tub_slots[_LOWEST:, first:last]
    top = np.stack([outer[-1], inner[-1]])
    pane = house.points[:-1, side + 1 : side + 4]
    glass = house.slots[:-1, window]
    sheet = [patch(pane, glass, flip=True), patch(pane + 0.1 * inward, np.where(glass == Slot.PAINT, Slot.TRIM, glass))]
    hinge = outer[len(outer) // 2, 0]
    parts = [patch(wall, slots, close=True, flip=True), patch(top, Slot.TRIM, flip=True), *sheet]
    return Door(body, upper, [turned(m.moved(*-hinge), yaw=-OPEN_RAD * share, at=hinge) for m in parts])
