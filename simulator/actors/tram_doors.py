"""Double doors of trams: shut ones, which are drawn on the walls, and leaves that go out and along the walls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.actors.coachwork import Slot
from simulator.actors.door_leaves import Leaf, pushed
from simulator.actors.hull import Hull
from simulator.actors.shape import block, patch, rounded_box
from simulator.scene import Mesh

NAMES = ("front_left", "front_right", "rear_left", "rear_right")
WIDE_M = 1.30  # of a doorway, as in most trams; UN R107 asks for 1.2 m of double doors of buses
SILL_M = 0.28  # a level of the hull
OUT_M, ALONG_M = 0.075, 0.64  # by which a leaf leaves the wall, and goes beside the doorway
ARC_RAD = float(np.radians(40.0))
_STILE_M, _SHUT_LOW = 0.10, 0.32
_LAP_M = 0.012  # by which leaves cover what is round the doorway


def doorways(nose: float, tail: float, ends: tuple[bool, bool]) -> list[float]:
    """x of the double doors of a section, clear of its bogie in the middle and of the cabs."""
    free = [nose - 1.5 - 1.2 * ends[0], tail + 1.5 + 1.2 * ends[1]]
    middle = (nose + tail) / 2
    return [x for x in free if abs(x - middle) > 1.4] or [free[0]]


def shut_door(x: float, half: float, band: float) -> list[Mesh]:
    """A left door that cannot open: two glazed leaves in a dark frame, rubber between them, a button beside it."""
    wall = half + 0.002
    tall, middle = band - _SHUT_LOW + 0.06, (band + _SHUT_LOW + 0.06) / 2
    parts = [block((1.46, 0.012, tall), (x, wall - 0.002, middle), Slot.GLOSS)]
    for leaf in (x - 0.345, x + 0.345):
        parts.append(rounded_box((0.62, 0.02, tall - 0.10), (leaf, wall, middle), radius=0.01, slot=Slot.SECOND))
        parts.append(block((0.44, 0.012, 0.72 * tall), (leaf, wall + 0.008, middle + 0.06 * tall), Slot.GLOSS))
    parts.append(block((0.025, 0.03, tall - 0.08), (x, wall, middle), Slot.GAP))
    return [*parts, _button(x, wall)]


def _button(x: float, wall: float) -> Mesh:
    return rounded_box((0.09, 0.02, 0.09), (x + 0.86, wall, 1.25), radius=0.01, slot=Slot.CHROME)


def cut_doorways(
    body: Hull, grid: NDArray[np.int64], xs: Sequence[float], band: float, sides: Iterable[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Slots of the left and the right half without the doorways on some `sides` ("left", "right").

    The hull has columns where the doorways at `xs` end.
    """
    cells = np.zeros_like(grid, np.bool_)
    for x in xs:
        cells |= body.rows(SILL_M, band) & body.side(x - WIDE_M / 2, x + WIDE_M / 2)
    bare = np.where(cells, -1, grid)
    return (bare if "left" in sides else grid), (bare if "right" in sides else grid)


def doorway(x: float, half: float, band: float) -> list[Mesh]:
    """What is round a doorway on the left: dark frame, jambs, threshold, rails to hold, and the button."""
    wall, tall = half + 0.002, band - SILL_M
    level, edge = SILL_M + tall / 2, WIDE_M / 2
    parts = [block((WIDE_M + 0.16, 0.012, 0.08), (x, wall, band + 0.03), Slot.GLOSS), _button(x, wall)]
    parts.append(block((WIDE_M, 0.16, 0.04), (x, half - 0.09, 0.43), Slot.ALUMINIUM))
    parts.append(block((WIDE_M, 0.02, 0.15), (x, half - 0.02, 0.355), Slot.TRIM))
    for sign in (1.0, -1.0):
        at = x + sign * edge
        parts.append(block((0.08, 0.012, tall), (at + sign * 0.04, wall, level), Slot.GLOSS))
        parts.append(block((0.03, 0.10, tall), (at + sign * 0.015, half - 0.05, level), Slot.TRIM))
        parts.append(block((0.032, 0.032, band - 0.45), (at + sign * 0.03, half - 0.22, (band + 0.45) / 2),
                           Slot.CHROME))  # fmt: skip
    return parts


def leaves_of(name: str, xs: Sequence[float], half: float, band: float, pane: int) -> list[Leaf]:
    """The leaves called one of NAMES of the doors at `xs`: those that go forward, and those that go back.

    All that go one way hang on one joint, for none of them turns.
    """
    found = []
    for sign in (1.0, -1.0):
        meshes = [mesh for x in xs for mesh in _leaf(x, sign, half, band, pane)]
        at, way = (xs[0], half, SILL_M), (sign * ALONG_M, OUT_M)
        leaf = pushed(at, way, -sign * ARC_RAD, meshes)  # it leaves the wall before it goes along
        found.append(leaf if name.endswith("left") else leaf.mirrored())
    return found


def _leaf(x: float, sign: float, half: float, band: float, pane: int) -> list[Mesh]:
    """The half of a left door on one side of its middle: a frame round its pane, with rubber where both meet."""
    low, high, y = SILL_M - _LAP_M, band + 0.04, half + 0.022
    wide, tall = WIDE_M / 2 + _LAP_M, high - low
    foot, head = 0.20 * tall, 0.10
    inner, outer = x + sign * 0.014, x + sign * wide
    parts = [block((0.028, 0.036, tall), (inner, y, low + tall / 2), Slot.TRIM)]
    for at in (inner + sign * (0.014 + _STILE_M / 2), outer - sign * _STILE_M / 2):
        parts.append(block((_STILE_M, 0.026, tall), (at, y, low + tall / 2), Slot.SECOND))
    x0, x1 = inner + sign * (0.014 + _STILE_M), outer - sign * _STILE_M
    for z0, z1 in ((low, low + foot), (high - head, high)):
        parts.append(block((abs(x1 - x0), 0.026, z1 - z0), ((x0 + x1) / 2, y, (z0 + z1) / 2), Slot.SECOND))
    glass = [[[at, y, z] for at in sorted((x0, x1), reverse=True)] for z in (low + foot, high - head)]
    parts.append(patch(np.array(glass), pane, flip=True))
    parts.append(block((0.03, 0.03, 0.5), ((x0 + inner) / 2, y - 0.03, low + 0.95), Slot.ALUMINIUM))
    return parts
