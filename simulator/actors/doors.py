"""Doors of cars and vans that open: leaves cut out of the body's shells that turn about their hinges or slide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.actors.coachwork import REAR_Y, SCREEN_Y, Greenhouse, Slot, Tub
from simulator.actors.door_leaves import Leaf, pushed
from simulator.actors.shape import F64, patch, pipe, rounded_box
from simulator.scene import Body, Model
from simulator.scene.mesh import Mesh, parted

Cells = NDArray[np.int64]
DOORS = ("front_left", "front_right", "rear_left", "rear_right")
OPEN_RAD = float(np.radians(68.0))  # where door checks stop, about
WINGS_RAD = float(np.radians(97.0))  # and those of the wings behind
THICK_M = 0.07
SLID_M, SLIDE_RAD = 0.13, float(np.radians(30.0))  # how far out a sliding door is in the end, and the arc of its way
TRUNK = "trunk"  # the wings of a van
WING_REACH_M = 0.20  # before the tail: what is laid on wings is nearer to it
_LOWEST, _BUMPER = 3, 5  # rows of the tub above the gap at the sill, and above the bumper
_WING_Y = 0.77, 0.82  # share of the half width where wings end: in the tub, beside the lamps, and above


@dataclass(frozen=True, slots=True)
class Cut:
    """Slots of both halves of tub and greenhouse (left, right), and of the lid, without some doors, and the leaves of
    these by name."""

    tub: tuple[Cells, Cells]
    house: tuple[Cells, Cells]
    lid: Cells
    leaves: dict[str, list[Leaf]]


def cut_doors(
    tub: Tub, house: Greenhouse, tub_slots: Cells, lid_slots: Cells, doors: Iterable[str], van: bool = False
) -> Cut:
    """Take doors (of DOORS, and TRUNK) out of the shells; those of a `van` that are not in front slide."""
    bodies, uppers = (tub_slots.copy(), tub_slots.copy()), (house.slots.copy(), house.slots.copy())
    lid, leaves = lid_slots.copy(), dict[str, list[Leaf]]()
    for name in doors:
        if name == TRUNK:
            leaves[name] = _wings(tub, house, tub_slots, bodies, uppers)
            lid[tub.lid[:-1, 0, 0] < house.rear[..., 0].max() + 0.25, 3:-3] = -1
            continue
        row, side = name.split("_")
        columns, window = _columns(tub, row)
        half = int(side == "right")
        bodies[half][_LOWEST:, columns] = -1
        uppers[half][:-1, window] = -1
        lid[columns, -half] = -1
        leaf = _leaf(tub, house, tub_slots, _LOWEST, columns, window)
        if van and row == "rear":
            back, front = _span(tub, name)
            leaf = pushed(leaf.hinge, (back - front + 0.04, SLID_M), SLIDE_RAD, leaf.meshes)
        leaves[name] = [leaf.mirrored() if side == "right" else leaf]
    return Cut(bodies, uppers, lid, leaves)


def _wings(
    tub: Tub, house: Greenhouse, slots: Cells, bodies: tuple[Cells, Cells], uppers: tuple[Cells, Cells]
) -> list[Leaf]:
    """Take both wings behind out of the shells."""
    low, high = _WING_Y
    columns = slice(tub.points.shape[1] - 1 - int(np.searchsorted(REAR_Y, low)), tub.points.shape[1] - 1)
    window = slice(house.columns - 1 - int(np.searchsorted(SCREEN_Y, high)), house.columns - 1)
    for half in range(2):
        bodies[half][_BUMPER:, columns] = -1
        uppers[half][:-1, window] = -1
    left = _leaf(tub, house, slots, _BUMPER, columns, window, np.array([0.6 * THICK_M, 0.0, 0.0]))
    left.open_rad = -WINGS_RAD
    return [left, left.mirrored()]


def edges(model: Model, tub: Tub) -> list[float]:
    """x at which those doors at the sides end that can open."""
    return sorted({x for name, _, _ in model.openings if name != TRUNK for x in _span(tub, name)})


def laid_on(model: Model, tub: Tub, bodies: Iterable[Body]) -> Model:
    """The model with foil, panes or fittings on its walls, each face of them on the door on which it lies.

    Args:
        bodies: cut where doors end (see `edges`); what is on wings is on one side of the middle.
    """
    named = {joint: name for name, joint, _ in model.openings}
    tail, laid = float(tub.points[..., 0].min()) + WING_REACH_M, list[Body]()
    for body in bodies:
        x, y, _ = body.mesh.vertices[body.mesh.faces].mean(axis=1).T
        spare = np.ones(len(x), np.bool_)
        for joint in dict.fromkeys(each.joint for each in model.bodies if each.joint in named):
            name, side = named[joint], model.joints[joint].pivot[1]
            if name == TRUNK:
                mine = x < tail
            else:
                rear, front = _span(tub, name)
                mine = (x > rear) & (x < front)
            mine &= spare & (side * y > 0)
            spare &= ~mine
            laid += [Body(parted(body.mesh, mine), body.materials, joint)] if mine.any() else []
        laid += [Body(parted(body.mesh, spare), body.materials)] if spare.any() else []
    return replace(model, bodies=(*model.bodies, *laid))


def _span(tub: Tub, name: str) -> tuple[float, float]:
    """x of the rear and the front end of a door at the side."""
    columns, _ = _columns(tub, name.split("_")[0])
    front, rear = tub.points[_LOWEST, [columns.start, columns.stop], 0].tolist()
    return rear, front


def _columns(tub: Tub, row: str) -> tuple[slice, slice]:
    """Cells of the front or rear door in tub and greenhouse."""
    front, middle, rear = (tub.front + int(gap) for gap in np.flatnonzero(tub.gaps))
    side = len(SCREEN_Y) - 1
    if row == "front":
        return slice(front + 1, middle), slice(side + 1, side + 3)
    return slice(middle + 1, rear), slice(side + 4, side + 6)


def _leaf(
    tub: Tub,
    house: Greenhouse,
    tub_slots: Cells,
    lowest: int,
    cells: slice,
    window: slice,
    inward: F64 | None = None,
) -> Leaf:
    """The left door of these cells from a row on, with its window and its lining, which lies `inward` (THICK_M)."""
    outer = tub.points[lowest:, cells.start : cells.stop + 1]
    behind, inward = inward is not None, np.array([0.0, -THICK_M, 0.0]) if inward is None else inward
    inner = outer + inward
    wall = np.concatenate([outer, inner[:, ::-1]], axis=1)
    slots = np.full((len(outer) - 1, wall.shape[1]), int(Slot.SEAT))
    slots[:, : cells.stop - cells.start] = tub_slots[lowest:, cells]
    top = np.stack([outer[-1], inner[-1]])
    pane, glass = house.points[:-1, window.start : window.stop + 1], house.slots[:-1, window]
    bare = Slot.PAINT if behind else Slot.TRIM
    lining = patch(pane + 0.1 * inward, np.where(glass == Slot.PAINT, bare, glass))
    x, y, z = outer[len(outer) // 2, 0].tolist()
    parts = [patch(wall, slots, close=True, flip=True), patch(top, Slot.TRIM, flip=True)]
    frame = np.concatenate([pane[:, 0], pane[-1, 1:-1], pane[::-1, -1]]) + 0.2 * inward
    parts.append(pipe(frame, 0.016, segments=5, slot=Slot.GLOSS))
    fitted = [] if behind else _inside(inner)
    return Leaf((x, y, z), -OPEN_RAD, [*parts, *fitted, patch(pane, glass, flip=True), lining])


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
