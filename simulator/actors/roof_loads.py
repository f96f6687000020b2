"""What is carried on roofs and in open beds: roof boxes, racks with ladders, covers and loads of pick-ups."""

from __future__ import annotations

import numpy as np

from simulator.actors.coachwork import Lines, Slot, roof_half, roof_z
from simulator.actors.shape import block, both, pipe, round_rings, rounded_box, skin, turned
from simulator.scene import Mesh

BOXED = {"estate": 0.08, "suv": 0.06, "hatchback": 0.03}  # shares of cars with a roof box; estimates
RACKED, COVERED, LOADED = 0.16, 0.35, 0.30  # of vans with a rack, of pick-ups with a cover, with a load; estimates
CLEAR_M = 0.035  # between a roof and what lies on the bars across it


def roof_load(d: Lines, style: str, rng: np.random.Generator) -> list[Mesh]:
    """A roof box, a rack with a ladder, or most often nothing."""
    if style == "van":
        return _rack(d, rng) if rng.random() < RACKED else []
    if rng.random() >= BOXED.get(style, 0.0):
        return []
    length = min(float(rng.uniform(1.5, 2.1)), d.header_x - d.rear_top_x - 0.1)
    x = 0.5 * (d.header_x + d.rear_top_x) - 0.05
    base = d.height + CLEAR_M - 0.01
    share = np.array([0.0, 0.04, 0.25, 0.6, 0.94, 1.0])
    high = 0.5 * np.array([0.03, 0.10, 0.20, 0.26, 0.24, 0.12])  # the nose is low
    middle = np.stack([np.zeros(6), -0.20 + 0 * share, length * (share - 0.5)], 1)
    rings = round_rings(middle, 0.34 * np.array([0.6, 0.85, 1.0, 1.0, 0.98, 0.9]), high, 16, 3.5)
    # rings lie across: their axis goes to the rear, their depth up
    rings = np.stack([x - rings[..., 2], rings[..., 1], base + high[:, None] + rings[..., 0]], -1)
    slot = Slot.GLOSS if rng.random() < 0.6 else Slot.TRIM
    return [skin(rings, slot), *_bars(d, (x + 0.32 * length, x - 0.32 * length))]


def _bars(d: Lines, xs: tuple[float, ...]) -> list[Mesh]:
    """Bars across the roof, on feet at its edges."""
    parts: list[Mesh] = []
    for x in xs:
        half = float(roof_half(d, np.array([x]))[0]) * 0.94
        foot = float(roof_z(d, np.array([x]), np.array([0.94]))[0])
        z = d.height + CLEAR_M - 0.02
        parts.append(block((0.06, 2 * half, 0.025), (x, 0, z), Slot.TRIM))
        parts += both(block((0.07, 0.05, z - foot + 0.02), (x, half, 0.5 * (z + foot)), Slot.TRIM))
    return parts


def _rack(d: Lines, rng: np.random.Generator) -> list[Mesh]:
    """Bars, a ladder strapped on one side, and now and then a tube for pipes on the other."""
    front, rear = d.header_x - 0.35, d.rear_top_x + 0.25
    parts = _bars(d, (front, 0.5 * (front + rear), rear))
    side, z = float(rng.choice([-1.0, 1.0])), d.height + CLEAR_M + 0.03
    inner, outer = 0.12 * d.width, 0.31 * d.width
    for y in (inner, outer):
        parts.append(block((front - rear + 0.3, 0.03, 0.08), (0.5 * (front + rear), side * y, z), Slot.ALUMINIUM))
    for x in np.arange(rear - 0.05, front + 0.1, 0.28):
        rung = np.array([[float(x), side * inner, z], [float(x), side * outer, z]])
        parts.append(pipe(rung, 0.014, segments=5, slot=Slot.ALUMINIUM))
    for x in (front - 0.1, rear + 0.1):  # straps
        strap = (float(x), side * 0.5 * (inner + outer), z + 0.045)
        parts.append(block((0.04, outer - inner + 0.06, 0.008), strap, Slot.TRIM))
    if rng.random() < 0.4:
        tube = np.array([[rear, -side * outer, z + 0.02], [front - 0.2, -side * outer, z + 0.02]])
        parts.append(pipe(tube, 0.07, segments=10, slot=Slot.CHROME))
    return parts


def bed_load(x0: float, x1: float, half: float, low: float, high: float, rng: np.random.Generator) -> list[Mesh]:
    """A cover over the bed of a pick-up from x0 to x1, things in it, or nothing."""
    kind, middle, length = rng.random(), 0.5 * (x0 + x1), x1 - x0
    if kind < COVERED:
        return [rounded_box((length + 0.02, 2 * half + 0.06, 0.05), (middle, 0, high + 0.005), slot=Slot.TRIM)]
    if kind > COVERED + LOADED:
        return []
    parts: list[Mesh] = []
    for x, wide in ((x0 + 0.28 * length, 0.55), (x0 + 0.72 * length, 0.40)):
        size = rng.uniform([0.35, 0.5 * wide, 0.30], [0.44 * length, wide, high - low + 0.20])
        crate = rounded_box(size * [1, 2 * half, 1], radius=0.03, slot=int(rng.choice([Slot.TRIM, Slot.ALUMINIUM])))
        parts.append(turned(crate, yaw=float(rng.uniform(-0.1, 0.1)), at=(x, 0.0, low + 0.015 + size[2] / 2)))
    return parts
