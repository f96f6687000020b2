"""Below and behind the cabs of lorries: frame, tanks, side guards, fairings, mudguards, fifth wheel, air lines."""

from __future__ import annotations

import numpy as np

from simulator.actors.coachwork import Slot
from simulator.actors.shape import block, both, lathe, patch, pipe, rounded_box, turned
from simulator.scene import Mesh

TRACTOR = "tractor"  # without a trailer
FIFTH_WHEEL_M = 0.45  # ahead of the rear axle


def chassis(
    front: float, tail: float, z: float, half: float, tyre: float, kind: str, rng: np.random.Generator, wheelbase: float
) -> list[Mesh]:
    """Frame rails, tanks, battery box, side guards or fairings, mudguards, rear underrun bar.

    Args:
        front: x of the back of the cab. tail: x of the rear end. z: height of the frame's upper edge.
        half: half width of the body. tyre: radius. kind: of the body, or TRACTOR. wheelbase: distance of the axles.
    """
    drawn = kind in ("semi", TRACTOR)
    end = -0.9 if kind == "semi" else tail + 0.15
    parts = both(block((front - end, 0.08, 0.24), ((front + end) / 2, 0.40, z - 0.16), Slot.UNDER))
    for x in (end + 0.3, 0.0, 0.5 * (front + tyre)):  # cross members and axles' casings
        parts.append(block((0.12 if x else 0.2, 0.85, 0.20), (x, 0, z - 0.15), Slot.UNDER))
    parts += [m for x in (0.0, wheelbase) for m in _axle(x, tyre, half)]
    low, high = tyre + 0.30, wheelbase - tyre - 0.30  # clear of the wheels
    if drawn and rng.random() < 0.5:
        parts += _skirts(low, high, half, z)
    elif high - low > 0.6:
        parts += _tanks(low, high, half, z, drawn, rng)
    if not drawn:
        parts.append(block((0.10, 2 * half - 0.2, 0.12), (tail + 0.06, 0, 0.50), Slot.TRIM))
    return parts + mudguards(0.0, tyre, half)


def _axle(x: float, tyre: float, half: float) -> list[Mesh]:
    beam = rounded_box((0.13, 2 * half - 0.5, 0.13), (x, 0.0, tyre), radius=0.04, slot=Slot.UNDER)
    return [beam, *both(block((0.9, 0.08, 0.06), (x, 0.42, tyre + 0.10), Slot.UNDER))]  # leaf springs


def _tanks(low: float, high: float, half: float, z: float, drawn: bool, rng: np.random.Generator) -> list[Mesh]:
    """A fuel tank on the left, boxes for batteries and air on the right; behind them the side guards."""
    slot = Slot.ALUMINIUM if rng.random() < 0.6 else Slot.TRIM
    room = high - low
    run = min(1.35 if drawn else 1.05, 0.8 * room)
    at = high - 0.5 * run - 0.05
    size = (run, 0.58, 0.56)
    tank = rounded_box(size, (at, half - 0.34, z - 0.36), radius=0.13, slot=slot)
    parts = [tank, rounded_box((0.14, 0.14, 0.05), (at + 0.3 * run, half - 0.2, z - 0.07), radius=0.04, slot=Slot.TRIM)]
    for share in (-0.3, 0.3):
        strap = rounded_box(
            (0.05, 0.595, 0.575), (at + share * run, half - 0.34, z - 0.36), radius=0.13, slot=Slot.TRIM
        )
        parts.append(strap)
    box = rounded_box((0.8, 0.5, 0.5), (high - 0.45, -(half - 0.30), z - 0.35), radius=0.03, slot=Slot.TRIM)
    parts += [box, block((0.012, 0.004, 0.36), (high - 0.45, -half + 0.048, z - 0.35), Slot.GAP)]
    parts.append(block((0.74, 0.004, 0.012), (high - 0.45, -half + 0.048, z - 0.22), Slot.GAP))
    for k in range(2):  # air vessels
        vessel = lathe([0.0, 0.10, 0.125, 0.125, 0.10, 0.0], [-0.36, -0.36, -0.31, 0.31, 0.36, 0.36], segments=10,
                       slots=Slot.UNDER)  # fmt: skip
        parts.append(
            turned(vessel, yaw=np.pi / 2, at=(max(high - 1.25, low + 0.3), -(half - 0.30), z - 0.22 - 0.27 * k))
        )
    guard = at - 0.5 * run - 0.08
    if not drawn and guard - low > 0.4:
        middle, length = (guard + low) / 2, guard - low
        for level in (0.50, 0.80):
            parts += both(block((length, 0.03, 0.11), (middle, half - 0.04, level), Slot.ALUMINIUM))
        for x in (low + 0.15, guard - 0.15):
            parts += both(block((0.06, 0.03, z - 0.50), (x, half - 0.07, 0.5 * (z + 0.46)), Slot.UNDER))
    return parts


def _skirts(low: float, high: float, half: float, z: float) -> list[Mesh]:
    """Painted panels between the axles of a tractor, with steps cut into them, and a plate to walk on."""
    levels = np.array([0.30, 0.34, z - 0.10, z + 0.02])
    y = half - np.array([0.06, 0.025, 0.025, 0.09])
    x = np.array([high + 0.02, low - 0.02])
    panel = np.stack([np.stack([x, np.full(2, b), np.full(2, c)], 1) for b, c in zip(y, levels)])
    slots = np.array([[Slot.TRIM], [Slot.PAINT], [Slot.PAINT]])
    parts = both(patch(panel, slots.astype(int), flip=True))
    parts += both(block((high - low, 0.42, 0.03), ((low + high) / 2, half - 0.30, z), Slot.UNDER))
    ends = block((0.02, 0.40, z - 0.36), slot=Slot.UNDER)
    parts += [m for at in (low, high) for m in both(ends.moved(at, half - 0.25, 0.5 * (z + 0.34)))]
    for at in (low + 0.36 * (high - low), low + 0.68 * (high - low)):
        parts += both(block((0.010, 0.006, z - 0.48), (at, half - 0.025, 0.5 * (z + 0.26)), Slot.GAP))
    step = low + 0.84 * (high - low)
    for level in (0.46, 0.46 + 0.5 * (z - 0.46)):
        parts += both(block((0.34, 0.008, 0.12), (step, half - 0.025, level), Slot.GAP))
        parts += both(block((0.34, 0.06, 0.02), (step, half - 0.045, level - 0.06), Slot.ALUMINIUM))
    return parts


def mudguards(wheel: float, tyre: float, half: float) -> list[Mesh]:
    """Above the wheels of an axle at x = `wheel`, with a flap behind them."""
    angle = np.radians(np.linspace(12, 168, 7))
    r, y0, y1 = tyre + 0.06, half - 0.60, half - 0.015
    x, z = wheel + r * np.cos(angle), tyre + r * np.sin(angle)
    rows = [(y0, 0.0), (y1 - 0.03, 0.0), (y1, -0.02), (y1, -0.07)]
    sheet = patch(np.stack([np.stack([x, np.full(7, y), z + dz], 1) for y, dz in rows]), Slot.TRIM)
    apron = block((0.015, 0.58, tyre - 0.10), (wheel - 0.98 * r, half - 0.31, 0.22 + 0.5 * (tyre - 0.10)), Slot.TRIM)
    return both(sheet) + both(apron)


def fifth_wheel(frame: float, back: float) -> list[Mesh]:
    """The plate on which a semi-trailer rests, ahead of the rear axle; between it and the cab a catwalk and hoses."""
    plate = lathe([0.0, 0.46, 0.46, 0.0], [0.0, 0.0, 0.06, 0.06], segments=16, slots=int(Slot.UNDER))
    parts = [
        turned(plate, roll=np.pi / 2, at=(FIFTH_WHEEL_M, 0.0, frame + 0.06)),
        block((0.9, 0.9, 0.08), (FIFTH_WHEEL_M - 0.05, 0, frame), Slot.UNDER),
    ]
    run = back - 0.10 - FIFTH_WHEEL_M - 0.55
    if run > 0.2:
        walk = (FIFTH_WHEEL_M + 0.55 + run / 2, 0.0, frame + 0.01)
        parts.append(block((run, 1.0, 0.025), walk, Slot.ALUMINIUM))
    turn = np.linspace(0.0, 8 * np.pi, 29)
    for k, slot in enumerate((Slot.REFLECTOR, Slot.TAPE)):  # red and yellow air lines
        coil = np.stack([back - 0.16 + 0.045 * np.cos(turn), -0.30 + 0.16 * k + 0.045 * np.sin(turn),
                         frame + 0.85 - turn * 0.022], 1)  # fmt: skip
        parts.append(pipe(coil, 0.011, segments=3, slot=slot))
    parts.append(block((0.05, 0.7, 0.05), (back - 0.10, -0.14, frame + 0.92), Slot.UNDER))
    return parts
