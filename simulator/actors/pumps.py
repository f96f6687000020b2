"""The pump in the rear of a fire engine: a recess behind the shutter, its panel with gauges, valves and outlets."""

from __future__ import annotations

import numpy as np

from simulator.actors.coachwork import Slot
from simulator.actors.shape import block, both, lathe, pipe, rounded_box, turned
from simulator.scene import Mesh

DEEP_M = 0.42
WIDE_M, LOW_M, HIGH_M = 1.5, 0.95, 2.25  # of the opening


def recess(tail: float, half: float, low: float, top: float) -> list[Mesh]:
    """The rear `DEEP_M` of a body between two heights, round the opening: posts, lintel, sill, lining of the recess."""
    x, wide = tail + DEEP_M / 2, half - 0.01 - WIDE_M / 2
    parts = both(block((DEEP_M, wide, top - low), (x, WIDE_M / 2 + wide / 2, (top + low) / 2), Slot.PAINT))
    parts.append(block((DEEP_M, WIDE_M, top - HIGH_M), (x, 0.0, (top + HIGH_M) / 2), Slot.PAINT))
    parts.append(block((DEEP_M, WIDE_M, max(LOW_M - low, 0.02)), (x, 0.0, (LOW_M + low) / 2), Slot.PAINT))
    parts += both(
        block((DEEP_M - 0.02, 0.012, HIGH_M - LOW_M), (x, WIDE_M / 2 - 0.006, (HIGH_M + LOW_M) / 2), Slot.ALUMINIUM)
    )
    parts.append(block((DEEP_M - 0.02, WIDE_M, 0.012), (x, 0.0, LOW_M + 0.006), Slot.ALUMINIUM))
    return parts


def pump(tail: float) -> list[Mesh]:
    """The panel at the end of the recess, with gauges, levers, a control box, four outlets with caps, the inlet."""
    x = tail + DEEP_M - 0.03
    parts = [block((0.04, WIDE_M - 0.03, HIGH_M - LOW_M), (x, 0.0, (HIGH_M + LOW_M) / 2), Slot.ALUMINIUM)]
    face = x - 0.02
    dial = turned(lathe([0.085, 0.085, 0.07, 0.0], [0.0, 0.03, 0.03, 0.028], segments=14,
                        slots=[Slot.CHROME, Slot.CHROME, Slot.DAY]), yaw=np.pi / 2)  # fmt: skip
    parts += [dial.moved(face, y, 1.98) for y in (-0.30, -0.06)]
    parts.append(rounded_box((0.06, 0.34, 0.26), (face - 0.03, 0.34, 1.98), radius=0.02, slot=Slot.TRIM))
    parts += [block((0.01, 0.05, 0.05), (face - 0.062, 0.25 + 0.09 * k, 2.03), slot) for k, slot in
              enumerate((Slot.REFLECTOR, Slot.TAPE, Slot.BEACON))]  # fmt: skip
    for k, y in enumerate((-0.57, -0.30, 0.30, 0.57)):
        parts.append(_outlet(face, y, 1.40, 0.062, Slot.REFLECTOR if k % 2 else Slot.BEACON))
        lever = np.array([[face, y, 1.62], [face - 0.10, y, 1.66], [face - 0.12, y, 1.74]])
        parts.append(pipe(lever, 0.014, segments=5, slot=Slot.TRIM))
    parts.append(_outlet(face, 0.0, 1.24, 0.10, Slot.CHROME))
    hose = np.array([[face - 0.04, -0.60, 1.02], [face - 0.06, 0.0, 1.01], [face - 0.04, 0.60, 1.02]])
    return [*parts, pipe(hose, 0.05, segments=7, slot=Slot.TRIM)]


def _outlet(x: float, y: float, z: float, radius: float, cap: int) -> Mesh:
    """A coupling that faces backward, with its cap on."""
    profile = [radius * 0.8, radius * 0.8, radius * 1.15, radius * 1.15, 0.0]
    slots = [Slot.CHROME, Slot.CHROME, cap, cap]
    return turned(lathe(profile, [0.0, 0.07, 0.07, 0.13, 0.13], segments=12, slots=slots), yaw=np.pi / 2, at=(x, y, z))
