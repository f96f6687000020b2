"""What is behind open doors of a panel van: the bay for its load."""

from __future__ import annotations

import numpy as np

from simulator.actors.box_bodies import CARGO
from simulator.actors.coachwork import Lines, Slot
from simulator.actors.shape import block, both, finish, patch, rounded_box
from simulator.scene import Body, Mesh

FLOOR_M = 0.30  # height of the floor over the sills


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


def _ends(d: Lines) -> tuple[float, float, float]:
    """x of the bulkhead and of the rear end of the floor, and its height."""
    return d.b_pillar_x - 0.42, d.tail_x + 0.12, d.bottom_z + FLOOR_M
