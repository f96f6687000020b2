"""Box bodies of lorries, closed or with doors that open onto their load."""

from __future__ import annotations

import numpy as np

from simulator.actors.coachwork import SEAM_M, Slot
from simulator.actors.door_leaves import Leaf
from simulator.actors.heavy import contour_tape, rear_doors, rear_leaves, side_markers
from simulator.actors.semi_trailers import MARKED
from simulator.actors.shape import block, both, finish, rounded_box
from simulator.scene import Body, Material, Mesh

WALL_M, FLOOR_M = 0.045, 0.12  # thickness of walls, and height of the floor over the frame
PALLET_M, PALLET_TALL_M = (1.2, 0.8), 0.144  # EN 13698-1
CARGO = (
    Material("pallet wood", (0.36, 0.25, 0.14), roughness=0.9, reflectance_905=0.6),
    Material("cardboard", (0.38, 0.25, 0.13), roughness=0.9, reflectance_905=0.6),
    Material("stretch film", (0.52, 0.53, 0.54), roughness=0.25, reflectance_905=0.4),
)


def box_body(
    back: float,
    tail: float,
    half: float,
    z: float,
    height: float,
    *,
    rng: np.random.Generator,
    leaves: list[Leaf] | None = None,
) -> list[Mesh]:
    """A box of panels in an aluminium frame, with doors behind; given a list for its `leaves`, it is hollow and they
    are put there instead."""
    middle, length, tall = (back + tail) / 2, back - tail - 0.02, height - z
    if leaves is None:
        size, at = (length, 2 * half, tall), (middle + 0.01, 0, z + tall / 2)
        parts = [rounded_box(size, at, radius=0.04, slot=Slot.SECOND)]
    else:
        parts = _hollow(back, tail, half, z, height)
    parts.append(block((length - 0.02, 2 * half + 0.012, 0.10), (middle, 0, z + 0.06), Slot.CHROME))
    level, flush = z + tall / 2, half - 0.004
    for x in (back - 0.045, tail + 0.045):
        parts += both(block((0.09, 0.02, tall - 0.02), (x, flush, level), Slot.ALUMINIUM))
    parts += both(block((length - 0.02, 0.02, 0.10), (middle, flush, height - 0.055), Slot.ALUMINIUM))
    frame, doors = rear_doors(tail, half, z, height, marked=rng.random() < MARKED)
    if leaves is None:
        parts += frame + doors
    else:
        parts += frame
        leaves += rear_leaves(tail, half, z, height, doors, int(Slot.SECOND))
    for x in np.linspace(tail, back, 2 + int(length / 1.3))[1:-1]:  # joints of the panels
        parts += both(block((SEAM_M, 0.004, tall - 0.22), (x, half, level), Slot.SEAM_SECOND))
    if rng.random() < 0.5:
        band = 0.35 * tall * rng.uniform(0.5, 1.0)
        parts += both(block((length * 0.7, 0.008, band), (middle, half + 0.002, z + tall * 0.55), Slot.PAINT))
    if rng.random() < 0.4:
        parts.append(rounded_box((0.55, 1.4, 0.6), (back + 0.20, 0, height - 0.45), radius=0.06, slot=Slot.SECOND))
    parts += side_markers(tail, back, half + 0.009, z + 0.06)
    return parts + contour_tape(tail + 0.1, back - 0.1, half + 0.005, z + 0.14)


def striped(parts: list[Mesh], half: float) -> bool:
    """Whether the walls of a box body, `half` of its width from the middle, bear a stripe in the colour of the cab."""
    return any(bool(np.all(part.slots == Slot.PAINT)) and float(part.vertices[:, 1].max()) > half for part in parts)


def _hollow(back: float, tail: float, half: float, z: float, height: float) -> list[Mesh]:
    """Walls, roof, floor of plywood and rails for lashing of a box without a rear wall."""
    middle, length, tall = (back + tail) / 2 + 0.01, back - tail - 0.02, height - z
    parts = both(block((length, WALL_M, tall), (middle, half - WALL_M / 2, z + tall / 2), Slot.SECOND))
    parts.append(block((length, 2 * half, WALL_M), (middle, 0, height - WALL_M / 2), Slot.SECOND))
    parts.append(block((WALL_M, 2 * half, tall), (back - WALL_M / 2, 0, z + tall / 2), Slot.SECOND))
    parts.append(block((length, 2 * half - 0.02, FLOOR_M), (middle, 0, z + FLOOR_M / 2), Slot.TRIM))
    for share in (0.30, 0.62):
        rail = block((length - 0.2, 0.02, 0.10), (middle, half - WALL_M - 0.008, z + share * tall), Slot.ALUMINIUM)
        parts += both(rail)
    return parts


def cargo(front: float, rear: float, half: float, floor: float, top: float, rng: np.random.Generator) -> Body:
    """Pallets from the front wall on, as many as there happen to be, with boxes or wrapped goods on them."""
    parts: list[Mesh] = []
    long, wide = PALLET_M
    rows = int(max((front - rear) // (wide + 0.05), 1))
    for row in range(max(rows - int(rng.integers(0, 3)), 1)):
        x = front - (row + 0.5) * (wide + 0.05)
        for y in (half - long / 2, -(half - long / 2)):
            if rng.random() < 0.15:
                continue
            parts.append(block((wide, long, PALLET_TALL_M), (x, y, floor + PALLET_TALL_M / 2), 0))
            tall = float(min(rng.uniform(0.6, 1.7), top - floor - PALLET_TALL_M - 0.1))
            size = (wide - 0.04, long - 0.06, tall)
            at = (x, y, floor + PALLET_TALL_M + tall / 2)
            parts.append(rounded_box(size, at, radius=0.03, slot=1 if rng.random() < 0.6 else 2))
    return Body(finish(parts), CARGO)
