"""The front of city buses, and the rear of all buses."""

from __future__ import annotations

import numpy as np

from simulator.actors.bus_measures import Measures
from simulator.actors.cab_fronts import wipers
from simulator.actors.coachwork import SEAM_M, Slot
from simulator.actors.heavy import head_lamps
from simulator.actors.hull import Hull
from simulator.actors.shape import block, both, pipe, rounded_box, turned
from simulator.scene import Mesh

LAMP_Z = 0.68


def city_mirrors(d: Measures) -> list[Mesh]:
    """Mirrors at both front corners in black shells that grow out of their arms like horns: boxes hung from thin arms
    look like signals from afar."""
    z, y = d.band - 0.30, d.half + 0.13
    horn = [
        [d.nose - 0.34, d.half - 0.10, d.band + 0.10],
        [d.nose - 0.20, d.half + 0.02, d.band + 0.13],
        [d.nose - 0.13, d.half + 0.10, d.band + 0.08],
        [d.nose - 0.11, y, d.band - 0.05],
        [d.nose - 0.11, y, z],
        [d.nose - 0.11, y, z - 0.14],
        [d.nose - 0.11, y, z - 0.20],
    ]
    thick = np.array([0.055, 0.060, 0.070, 0.088, 0.105, 0.095, 0.05])
    shell = pipe(np.array(horn), thick, segments=8, slot=Slot.TRIM)
    glass = block((0.004, 0.15, 0.30), (d.nose - 0.206, y, z - 0.02), Slot.MIRROR)
    return [m for part in (shell, glass) for m in both(part)]


def city_front(body: Hull, d: Measures, rng: np.random.Generator) -> list[Mesh]:
    """Head lamps, and below the windscreen wipers, a badge, the seams of the flap, fog lamps, a grille."""
    half = d.half
    parts = head_lamps(body, half, LAMP_Z, size=(0.46, 0.24)) + _flap(body, half, d.sill)
    return parts + (_seam(body, d.sill + 0.02, d.band) if rng.random() < 0.4 else [])  # a windscreen of two panes


def _seam(body: Hull, low: float, high: float) -> list[Mesh]:
    """The rubber between two panes of a windscreen."""
    z = np.linspace(low, high, 4)
    line = np.array([[body.nose_at(float(level), 0.0) + 0.004, 0.0, level] for level in z])
    return [pipe(line, 0.012, segments=4, slot=Slot.GAP)]


def _flap(body: Hull, half: float, sill: float) -> list[Mesh]:
    """Below the windscreen, which ends at `sill`: wipers, a badge, the seams of the flap, fog lamps, a grille."""
    parts = wipers(body, half, sill)
    badge = sill - 0.13
    x = body.nose_at(badge, 0.0)
    parts.append(rounded_box((0.02, 0.17, 0.09), (x + 0.004, 0.0, badge), radius=0.03, slot=Slot.CHROME))
    top = sill - 0.04
    for z, share in ((0.535, 0.70), (top, 0.56)):  # of bumper and flap
        x = body.nose_at(z, 0.5 * share)
        parts.append(block((0.012, 2 * share * half, SEAM_M), (x + 0.001, 0.0, z), Slot.SEAM))
    middle = 0.5 * (0.535 + top)
    x = body.nose_at(middle, 0.56)
    parts += both(block((0.012, SEAM_M, top - 0.535), (x + 0.002, 0.56 * half, middle), Slot.SEAM))
    for z in (0.58, 0.63, 0.68):  # air for the heating
        x = body.nose_at(z, 0.15)
        parts.append(rounded_box((0.03, 0.72 * half, 0.026), (x - 0.008, 0, z), radius=0.01, slot=Slot.GAP))
    fog = rounded_box(
        (0.04, 0.14, 0.08), (body.nose_at(0.48, 0.7) - 0.004, 0.7 * half, 0.48), radius=0.02, slot=Slot.FOG_FRONT
    )
    return parts + both(fog)


def rear(d: Measures) -> list[Mesh]:
    """Engine flap with its louvres and seams, joint of the bumper, high lamps (R48: indicators, stop), reflectors."""
    half, tail, top = d.half, d.tail, 1.28 if d.coach else d.waist + 0.05
    parts: list[Mesh] = []
    for z, share in ((0.56, 0.86), (top, 0.74)):
        parts.append(block((0.012, 2 * share * half, SEAM_M), (tail + 0.004, 0.0, z), Slot.SEAM))
    parts += both(block((0.012, SEAM_M, top - 0.56), (tail + 0.004, 0.74 * half, 0.5 * (top + 0.56)), Slot.SEAM))
    low, wide = (top - 0.36, 0.62 * half) if d.style == "city" else (top - 0.50, 1.2 * half)
    middle = 0.74 * half - 0.10 - wide / 2 if d.style == "city" else 0.0
    parts.append(block((0.010, wide, top - 0.07 - low), (tail + 0.002, middle, 0.5 * (low + top - 0.07)), Slot.GAP))
    for z in np.arange(low + 0.03, top - 0.09, 0.05):
        slat = block((0.030, wide - 0.04, 0.012), slot=Slot.TRIM)
        parts.append(turned(slat, pitch=0.6, at=(tail - 0.006, middle, float(z))))
    parts.append(rounded_box((0.03, 0.14, 0.035), (tail - 0.01, -0.30, top - 0.10), radius=0.012, slot=Slot.TRIM))
    high = d.height - 0.30
    parts.append(rounded_box((0.04, 0.34, 0.035), (tail + 0.062, 0.0, d.height - 0.235), radius=0.01, slot=Slot.BRAKE))
    for sign, turn in ((1.0, Slot.LEFT), (-1.0, Slot.RIGHT)):
        for z, slot in ((high, turn), (high - 0.12, Slot.TAIL)):
            at = (tail + 0.065, sign * 0.89 * half, z)
            parts.append(rounded_box((0.04, 0.10, 0.10), at, radius=0.035, slot=int(slot)))
    return parts + both(
        rounded_box((0.03, 0.10, 0.05), (tail + 0.012, 0.62 * half, 0.47), radius=0.01, slot=Slot.REFLECTOR)
    )


def tail_lamps(half: float, tail: float) -> list[Mesh]:
    """Vertical clusters at the rear corners."""
    out: list[Mesh] = []
    for sign in (1.0, -1.0):
        for z, slot in (
            (1.18, Slot.LEFT if sign > 0 else Slot.RIGHT),
            (1.02, Slot.BRAKE),
            (0.86, Slot.TAIL),
            (0.72, Slot.REVERSE),
            *([(0.57, Slot.FOG_REAR)] if sign > 0 else []),
        ):
            out.append(
                rounded_box((0.06, 0.15, 0.14), (tail + 0.010, sign * (half - 0.20), z), radius=0.02, slot=int(slot))
            )
    return out
