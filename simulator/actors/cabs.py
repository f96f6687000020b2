"""What is screwed to lorry cabs: steps, handles, wipers, fog and marker lamps, air deflectors."""

from __future__ import annotations

import numpy as np

from simulator.actors.coachwork import Slot
from simulator.actors.hull import Hull
from simulator.actors.shape import F64, block, both, mirrored, patch, pipe, rounded_box, turned
from simulator.scene import Mesh


def cab_fittings(
    body: Hull,
    nose: float,
    wheel: float,
    door: tuple[float, float],
    half: float,
    height: float,
    waist: float,
) -> list[Mesh]:
    """Fittings of a cab.

    Args:
        body: its shell. nose, wheel: x of its front and of the front axle.
        door: x of the rear and front edge of the door.
        half, height: half width and height of the cab.
        waist: height of the lower edge of the windows.
    """
    back, front = door
    parts: list[Mesh] = []
    for z, y in ((0.80, half), ((0.80 + waist) / 2, half), (waist - 0.10, half)):  # edges of doors, on the wall
        parts += both(block((0.011, 0.004, 0.36), (front + 0.03, y * 0.9925, z), Slot.GAP))
    sill = max(back, wheel + 0.64)
    parts += both(block((front - sill, 0.004, 0.010), ((front + sill) / 2, half, 0.70), Slot.GAP))
    handle = rounded_box(
        (0.17, 0.035, 0.035), (back + 0.18, half * 0.992 + 0.012, waist - 0.11), radius=0.012, slot=Slot.TRIM
    )
    parts += both(handle)
    rail = np.array([[0, -0.02, -0.38], [0, 0.035, -0.33], [0, 0.03, 0.33], [0, -0.03, 0.38]])
    parts += both(pipe(rail + [back - 0.07, half * 0.985, waist + 0.12], 0.014, segments=6, slot=Slot.TRIM))
    low, high = wheel + 0.62, nose - 0.16  # between the wheel and the bumper's corner
    if high - low > 0.15:
        for z in (0.44, 0.66):
            middle, run = (low + high) / 2, high - low
            parts += both(block((run, 0.012, 0.13), (middle, half + 0.001, z + 0.05), Slot.GAP))
            parts += both(rounded_box((run, 0.07, 0.03), (middle, half - 0.015, z), radius=0.01, slot=Slot.ALUMINIUM))
    parts += wipers(body, half, waist) + _front(body, half, waist, height)
    return parts


def wipers(body: Hull, half: float, waist: float) -> list[Mesh]:
    """Two wipers, parked along the lower edge of the windscreen."""
    parts = []
    for y0, y1 in ((0.52, -0.12), (-0.16, -0.78)):
        line = []
        for share, up in ((y0, 0.01), (0.6 * y0 + 0.4 * y1, 0.075), (y1, 0.10)):
            z = waist + up
            line.append([body.nose_at(z, abs(share)) + 0.022, share * half, z])
        parts.append(pipe(np.array(line), 0.011, segments=5, slot=Slot.TRIM))
    return parts


def _front(body: Hull, half: float, waist: float, height: float) -> list[Mesh]:
    """Badge, joint and fog lamps of the bumper, marker lamps above the windscreen."""
    x = body.nose_at(waist - 0.05, 0.0)
    parts = [rounded_box((0.02, 0.36, 0.055), (x + 0.006, 0.0, waist - 0.06), radius=0.008, slot=Slot.CHROME)]
    parts.append(block((0.012, 1.30 * half, 0.012), (body.nose_at(0.86, 0.3) + 0.001, 0.0, 0.87), Slot.GAP))
    parts.append(
        rounded_box((0.03, 0.86 * half, 0.10), (body.nose_at(0.48, 0.2) + 0.004, 0, 0.50), radius=0.02, slot=Slot.GLOSS)
    )
    for share in (0.60, 0.78):
        z = 0.50
        parts += both(
            rounded_box(
                (0.04, 0.15, 0.085), (body.nose_at(z, share) - 0.006, share * half, z), radius=0.02, slot=Slot.FOG_FRONT
            )
        )
    z = height - 0.16
    for share in (0.0, 0.62, 0.74):
        lamp = rounded_box(
            (0.05, 0.09, 0.035), (body.nose_at(z, share) + 0.004, share * half, z), radius=0.012, slot=Slot.DAY
        )
        parts += both(lamp) if share else [lamp]
    return parts


def air_deflector(front: float, back: float, half: float, low: float, high: float) -> list[Mesh]:
    """A fairing on the roof that leads the air over a higher body behind: closed at the sides."""
    s = np.linspace(0.0, 1.0, 6)
    x = front + (back - front) * s
    z = low + (high - low) * np.sin(0.5 * np.pi * s) ** 0.9
    wide = half * (0.72 + 0.22 * s)
    shares = np.array([1.0, 0.85, 0.0, -0.85, -1.0])
    sink = np.array([0.10, 0.0, 0.0, 0.0, 0.10])
    rows = np.stack(
        [np.stack([np.full(5, x[i]), wide[i] * shares, z[i] - sink * min(z[i] - low, 0.9)], 1) for i in range(6)]
    )
    top = patch(rows, Slot.PAINT)
    side: F64 = np.stack([np.stack([x, wide, np.full(6, low - 0.06)], 1), rows[:, 0]])
    wall = patch(side, Slot.PAINT, flip=True)
    return [
        top,
        wall,
        mirrored(wall),
        turned(block((0.02, 1.7 * half, high - low - 0.1), slot=Slot.TRIM), at=(back - 0.01, 0.0, (low + high) / 2)),
    ]
