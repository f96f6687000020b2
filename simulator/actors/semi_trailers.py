"""Semi-trailers: boxes, some of them cooled, and curtain-siders."""

from __future__ import annotations

import numpy as np

from simulator.actors.chassis import mudguards
from simulator.actors.coachwork import SEAM_M, Slot
from simulator.actors.heavy import contour_tape, rear_doors, side_markers
from simulator.actors.shape import block, both, patch, rounded_box
from simulator.scene import Mesh

FLOOR_M = 1.18
AXLES_M = (2.0, 3.31, 4.62)  # of the three axles ahead of the rear end
MARKED = 0.55  # share of closed bodies with their contour in tape behind; an estimate
STRAP_M = 0.62  # distance of a curtain's straps
WAVE_M = 0.014  # by which a curtain bulges between them


def semi_trailer(
    back: float, tail: float, half: float, tyre: float, height: float, curtain: bool, rng: np.random.Generator
) -> list[Mesh]:
    """A semi-trailer behind a cab whose back is at x = `back`, closed by curtains or by walls of panels.

    Landing legs, side guards or a pallet box between the axles, spare wheel, mudguards and underrun bar.
    """
    front, floor = back - 0.55, FLOOR_M
    middle, length, tall = (front + tail) / 2, front - tail - 0.02, height - floor
    inset = 0.03 if curtain else 0.0
    size = (length, 2 * (half - inset), tall)
    parts = [rounded_box(size, (middle + 0.01, 0, floor + tall / 2), radius=0.05, slot=Slot.SECOND)]
    rails = [(floor - 0.02, 0.14, half - 0.01), (height - 0.06, 0.12, half - 0.004)]
    parts += [block((length, 2 * y, high), (middle, 0, z), Slot.ALUMINIUM) for z, high, y in rails]
    for x in (front - 0.06, tail + 0.06):
        parts += both(block((0.12, 0.03, tall - 0.02), (x, half - 0.015, floor + tall / 2), Slot.ALUMINIUM))
    span = (tail + 0.12, front - 0.12, floor + 0.05, height - 0.11)
    parts += _curtains(*span, half) if curtain else _panels(*span, half)
    if not curtain and rng.random() < 0.5:
        parts += _cooler(front, height)
    parts += both(block((length, 0.10, 0.32), (middle, 0.45, floor - 0.22), Slot.UNDER))
    for x in np.arange(tail + 0.4, front - 0.4, 1.4):  # cross members, seen below the floor
        parts.append(block((0.08, 2 * half - 0.12, 0.10), (float(x), 0, floor - 0.13), Slot.UNDER))
    parts += _below(tail, front, half, floor, tyre, rng)
    frame, doors = rear_doors(tail, half, floor, height, marked=rng.random() < MARKED)
    parts += frame + doors
    parts += side_markers(tail, front, half + 0.004, floor - 0.055)
    return parts + contour_tape(tail + 0.1, front - 0.1, half + 0.003, floor + 0.02)


def _curtains(x0: float, x1: float, z0: float, z1: float, half: float) -> list[Mesh]:
    """Tarpaulins that bulge between their straps, each with its buckle below."""
    count = max(int((x1 - x0) / STRAP_M), 1)
    x = np.linspace(x1, x0, 2 * count + 1)
    bulge = half - 0.016 + WAVE_M * (np.arange(len(x)) % 2)
    levels = [(z0, 0.012), (z0 + 0.25, 0.0), (z1, 0.010)]
    parts = both(
        patch(np.stack([np.stack([x, bulge - d, np.full(len(x), z)], 1) for z, d in levels]), Slot.SECOND, flip=True)
    )
    y = half + 0.001  # over the bulges: shadows in the valley would break a strap into dashes
    for at in x[2:-2:2].tolist():
        strap = [[[at + SEAM_M, y - d, z], [at - SEAM_M, y - d, z]] for z, d in levels]
        parts += both(patch(strap, Slot.SEAM_SECOND, flip=True))
        buckle = [[[at + 0.026, half + 0.003, z], [at - 0.026, half + 0.003, z]] for z in (z0 - 0.02, z0 + 0.14)]
        parts += both(patch(buckle, Slot.TRIM, flip=True))
    return parts


def _panels(x0: float, x1: float, z0: float, z1: float, half: float) -> list[Mesh]:
    """Joints of the wall's panels."""
    parts: list[Mesh] = []
    for at in np.linspace(x0, x1, 2 + int((x1 - x0) / 1.25))[1:-1].tolist():
        line = [[[at + side * SEAM_M / 2, half + 0.002, z] for side in (1, -1)] for z in (z0, z1)]
        parts += both(patch(line, Slot.SEAM_SECOND, flip=True))
    return parts


def _cooler(front: float, height: float) -> list[Mesh]:
    """The refrigerator on the front wall."""
    x, z = front + 0.22, height - 0.95
    parts = [rounded_box((0.45, 1.95, 1.35), (x, 0, z), radius=0.10, slot=Slot.SECOND)]
    parts.append(block((0.02, 1.5, 0.55), (x + 0.225, 0, z + 0.25), Slot.GRILLE))
    parts += both(block((0.30, 0.02, 0.5), (x, 0.975, z - 0.2), Slot.GRILLE))
    return parts


def _below(tail: float, front: float, half: float, floor: float, tyre: float, rng: np.random.Generator) -> list[Mesh]:
    """What hangs below the floor."""
    parts = both(rounded_box((0.16, 0.16, 0.95), (front - 3.0, half - 0.50, 0.68), radius=0.02, slot=Slot.UNDER))
    parts += both(block((0.30, 0.26, 0.03), (front - 3.0, half - 0.50, 0.22), Slot.UNDER))
    parts.append(block((0.08, 2 * half - 1.1, 0.08), (front - 3.0, 0, 0.75), Slot.UNDER))
    guard0, guard1 = tail + 5.4, front - 3.3
    if rng.random() < 0.4:  # a box for pallets
        box = (guard1 - guard0, 0.65, 0.62)
        middle = (guard0 + guard1) / 2
        parts += both(rounded_box(box, (middle, half - 0.36, 0.68), radius=0.02, slot=Slot.TRIM))
        for share in (-0.25, 0.0, 0.25):
            seam = (middle + share * box[0], half - 0.034, 0.68)
            parts += both(block((0.012, 0.004, 0.56), seam, Slot.GAP))
    else:
        for level in (0.50, 0.80):
            guard = block((guard1 - guard0, 0.03, 0.12), ((guard0 + guard1) / 2, half - 0.04, level), Slot.ALUMINIUM)
            parts += both(guard)
        for x in np.linspace(guard0 + 0.2, guard1 - 0.2, 4).tolist():
            parts += both(block((0.06, 0.03, floor - 0.50), (x, half - 0.07, 0.5 * (floor + 0.40)), Slot.UNDER))
    for at in AXLES_M:
        parts += mudguards(tail + at, tyre, half)
        parts.append(rounded_box((0.13, 2 * half - 0.5, 0.13), (tail + at, 0, tyre), radius=0.04, slot=Slot.UNDER))
    parts.append(block((0.12, 2 * half - 0.1, 0.14), (tail + 0.10, 0, 0.50), Slot.TRIM))
    parts += both(block((0.08, 0.10, 0.55), (tail + 0.16, 0.5, 0.80), Slot.UNDER))
    return parts
