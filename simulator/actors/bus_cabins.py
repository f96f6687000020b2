"""The inside of buses: floor, rows of seats with their passengers, the place of the driver, steps of a coach."""

from __future__ import annotations

import numpy as np

from simulator.actors.bus_measures import Measures
from simulator.actors.bus_sides import passengers
from simulator.actors.coachwork import Slot
from simulator.actors.fittings import seated
from simulator.actors.shape import block
from simulator.scene import Mesh

PLATFORM_M = 0.96  # height of the floor under a coach's driver
AISLE_M = 0.40


def cabin(
    d: Measures, nose: float, tail: float, busy: float, rng: np.random.Generator, *, driver: bool = True
) -> list[Mesh]:
    """Floor and rows of seats between two x, a share `busy` of them taken, and in front the place of the `driver`."""
    half, floor = d.half, d.floor
    front = nose - 2.0 if d.coach and driver else nose - 0.25
    parts = [block((front - tail - 0.25, 2 * half - 0.12, 0.05), ((front + tail + 0.25) / 2, 0, floor), Slot.SEAT)]
    parts.append(block((nose - tail - 0.8, 1.15, 0.12), ((nose + tail) / 2, 0, 0.30), Slot.UNDER))
    seats = list[tuple[float, float, float]]()
    back = 0.98 if d.coach else 0.72
    for x in np.arange(tail + 1.0, nose - (2.2 if driver else 0.6), 0.85):
        over = max(1.08 - (floor + 0.39), 0.0) if np.abs(x - np.array(d.wheels_x)).min() < 0.65 else 0.0
        for y in (half - 0.55, -(half - 0.55)):
            parts.append(block((0.12, 0.84, back), (x, y, floor + 0.39 + back / 2 + over), Slot.SEAT))
            if not d.coach:
                pole = (x - 0.06, np.sign(y) * 0.38, (d.band + floor) / 2)
                parts.append(block((0.032, 0.032, d.band - floor), pole, Slot.CHROME))
            seats += [(float(x) + 0.06, y + side, floor + 0.45 + over) for side in (0.21, -0.21)]
    parts += passengers(seats, busy, rng)
    parts = [part for part in parts if not d.at_door(part)]
    if driver:
        parts += _cockpit(d, nose) + (_steps(d, nose) if d.coach else [])
    return parts


def _cockpit(d: Measures, nose: float) -> list[Mesh]:
    """Dashboard, seat and driver."""
    half = d.half
    reach = 0.30 if d.coach else 0.0  # the windscreen of a coach leans back over its dashboard
    floor, desk = (PLATFORM_M, d.sill) if d.coach else (d.floor, d.waist)
    parts = [block((0.45, 2 * half - 0.3, 0.28), (nose - 0.55 - reach / 2, 0, desk - 0.12), Slot.SEAT)]
    parts.append(block((0.14, 0.5, 0.85), (nose - 1.35 - reach, half - 0.65, floor + 0.75), Slot.SEAT))
    hip = max(floor + 0.55, desk - 0.25)
    hands = np.array([nose - 0.72 - reach, half - 0.65, hip + 0.26])
    return parts + seated(nose - 1.12 - reach, half - 0.65, hip, hip + 0.88, hands)


def _steps(d: Measures, nose: float) -> list[Mesh]:
    """The driver's platform, steps up to it from the door, and one more to the aisle."""
    rear, front, inner = nose - 2.0, nose - 0.30, -0.30
    y = (inner + d.half - 0.06) / 2
    parts = [block((front - rear, d.half - 0.06 - inner, 0.06), ((front + rear) / 2, y, PLATFORM_M - 0.03), Slot.SEAT)]
    low, wide = 0.36, 0.27
    for k in range(3):
        outer = -d.half + 0.06 + wide * k
        top = low + (PLATFORM_M - low) * (k + 1) / 4
        size = (d.nose - d.corner - d.doors[0], -d.half + 0.06 + wide * 3 + 0.12 - outer, 0.16)
        parts.append(block(size, (d.doors[0] + size[0] / 2, outer + size[1] / 2, top - 0.08), Slot.SEAT))
    rise = d.floor - PLATFORM_M
    parts.append(block((0.06, 2 * d.half - 0.12, rise + 0.04), (rear, 0.0, PLATFORM_M + rise / 2), Slot.SEAT))
    parts.append(block((0.30, 2 * AISLE_M, 0.5 * rise), (rear + 0.15, 0.0, PLATFORM_M + 0.25 * rise), Slot.SEAT))
    return parts
