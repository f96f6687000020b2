"""What is behind open doors of a panel van: the bay for its load, or the ward of an ambulance."""

from __future__ import annotations

import numpy as np

from simulator.actors.box_bodies import CARGO
from simulator.actors.coachwork import Lines, Slot
from simulator.actors.shape import block, both, finish, patch, rounded_box
from simulator.scene import Body, Material, Mesh

FLOOR_M = 0.30  # height of the floor over the sills
STRETCHER_M = (1.95, 0.56)  # length and width, about those of EN 1865
_WALL, _VINYL, _STEEL, _SHEET, _ORANGE = range(5)  # slots
WARD = (
    Material("ward lining", (0.62, 0.63, 0.62), roughness=0.5, reflectance_905=0.7),
    Material("ward floor", (0.16, 0.18, 0.20), roughness=0.6, reflectance_905=0.4),
    Material("stretcher frame", (0.42, 0.42, 0.43), roughness=0.4, metallic=0.8, reflectance_905=0.45),
    Material("sheet", (0.66, 0.68, 0.70), roughness=0.95, reflectance_905=0.7),
    Material("rescue bag", (0.60, 0.16, 0.02), roughness=0.8, reflectance_905=0.6),
)


def bay(d: Lines) -> list[Mesh]:
    """Floor, step at the side, housings of the wheels, and the bulkhead behind the seats."""
    front, rear, floor = _ends(d)
    half, middle, length = 0.46 * d.width, 0.5 * (front + rear), front - rear
    parts = [block((length, 2 * half, 0.05), (middle, 0.0, floor - 0.025), Slot.TRIM)]
    inner = d.width / 2 - 0.42
    top = 2 * d.tyre_radius + 0.08
    housing = (2 * d.arch_radius + 0.12, half - inner, top - floor)
    parts += both(block(housing, (0.0, 0.5 * (half + inner), 0.5 * (top + floor)), Slot.SEAT))
    parts.append(block((0.03, 2 * half, floor - d.bottom_z), (rear, 0.0, 0.5 * (floor + d.bottom_z)), Slot.TRIM))
    upper = (0.5 * (d.belt_half + d.roof_half), 0.5 * (d.deck_z + d.height)), (d.roof_half - 0.02, d.height - 0.06)
    rows = ((half, d.bottom_z + 0.1), (half, d.deck_z - 0.06), (d.belt_half, d.deck_z + 0.03), *upper)
    wall = np.array([[[front, y, z] for y in (wide, -wide)] for wide, z in rows])
    ribs = [
        block((0.02, 1.8 * half, 0.03), (front - 0.01, 0.0, z), Slot.ALUMINIUM) for z in (floor + 0.35, floor + 0.8)
    ]
    return [*parts, patch(wall, Slot.SEAT), patch(wall - [0.004, 0.0, 0.0], Slot.SECOND, flip=True), *ribs]


def parcels(d: Lines, rng: np.random.Generator) -> Body:
    """Cartons and crates in the bay, more of them in front."""
    front, rear, floor = _ends(d)
    half, top = d.width / 2 - 0.46, d.height - 0.25
    parts: list[Mesh] = []
    for x in np.arange(front - 0.35, rear + 0.3, -0.62):
        for y in (0.5 * half, -0.5 * half):
            if rng.random() > 0.25 + 0.6 * (x - rear) / (front - rear):
                continue
            z = floor
            for _ in range(int(rng.integers(1, 4))):
                size = rng.uniform([0.35, 0.4, 0.2], [0.55, 0.95 * half, 0.5])
                if z + size[2] > top:
                    break
                parts.append(
                    rounded_box(size, (x, y, z + size[2] / 2), radius=0.012, slot=int(rng.choice([0, 1, 1, 2])))
                )
                z += size[2]
    return Body(finish(parts or [block((0.4, 0.4, 0.3), (front - 0.4, 0.0, floor + 0.15), 1)]), CARGO)


def ward(d: Lines) -> Body:
    """Lining, a stretcher with its head in front, cupboards along the left, a seat and a bag behind the side door."""
    front, rear, floor = _ends(d)
    half, middle, length, top = 0.44 * d.width, 0.5 * (front + rear), front - rear, d.height - 0.14
    tall, roof = top - floor, d.roof_half - 0.08
    parts = [block((length, 2 * half, 0.01), (middle, 0.0, floor + 0.006), _VINYL)]
    parts.append(block((length - 0.3, 2 * roof, 0.03), (middle, 0.0, top), _WALL))
    parts.append(block((0.02, 2 * roof, tall - 0.1), (front - 0.03, 0.0, floor + 0.5 * tall), _WALL))
    cupboard = (length - 0.5, 0.34, 0.42 * tall)
    for z, deep in ((floor + 0.21 * tall, 0.30), (floor + 0.78 * tall, 0.38)):
        y = min(half, d.roof_half) - 0.05 - deep / 2
        parts.append(block((cupboard[0], deep, cupboard[2]), (middle + 0.05, y, z), _WALL))
        for x in np.linspace(middle - 0.4 * length, middle + 0.4 * length, 4).tolist():
            parts.append(block((0.02, 0.012, 0.10), (x, y - deep / 2 - 0.004, z), _STEEL))
    long, wide = STRETCHER_M
    x, y, bed = front - 0.45 - long / 2, 0.02, floor + 0.52
    parts.append(block((long, wide, 0.04), (x, y, bed - 0.06), _STEEL))
    parts.append(rounded_box((long - 0.04, wide - 0.04, 0.09), (x, y, bed), radius=0.03, slot=_SHEET))
    parts.append(rounded_box((0.36, 0.42, 0.10), (x + long / 2 - 0.24, y, bed + 0.08), radius=0.04, slot=_SHEET))
    for at in (x - 0.75, x + 0.75):
        legs = ((0.04, 0.40, 0.40), (0.30, 0.05, 0.05))
        parts += [block(size, (at, y, floor + z), _STEEL) for size, z in zip(legs, (0.24, 0.05))]
    parts += [block((0.9, 0.02, 0.14), (x, y + side * wide / 2, bed + 0.10), _STEEL) for side in (1.0, -1.0)]
    parts.append(rounded_box((0.40, 0.28, 0.34), (rear + 0.55, -half + 0.36, floor + 0.18), radius=0.05, slot=_ORANGE))
    parts.append(rounded_box((0.42, 0.40, 0.10), (front - 0.34, -half + 0.46, floor + 0.45), radius=0.04, slot=_VINYL))
    parts.append(rounded_box((0.10, 0.40, 0.62), (front - 0.12, -half + 0.46, floor + 0.80), radius=0.04, slot=_VINYL))
    return Body(finish(parts), WARD)


def _ends(d: Lines) -> tuple[float, float, float]:
    """x of the bulkhead and of the rear end of the floor, and its height."""
    return d.b_pillar_x - 0.28, d.tail_x + 0.12, d.bottom_z + FLOOR_M
