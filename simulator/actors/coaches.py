"""What sets a coach apart from a city bus: its shape, its face, its mirrors and the flaps over the luggage."""

from __future__ import annotations

import numpy as np

from simulator.actors.bus_measures import Measures
from simulator.actors.cab_fronts import front_bar, front_panel, front_seam, front_strip, on_front, wipers
from simulator.actors.coachwork import SEAM_M, Slot
from simulator.actors.heavy import head_lamps, side_markers
from simulator.actors.hull import Hull
from simulator.actors.lettering import COACHES, COLORS, LIGHT, foil_name, lettered
from simulator.actors.shape import F64, block, both, pipe, round_rings, rounded_box, skin
from simulator.scene import Body, Mesh

FLAPS_Z = (0.44, 1.26)  # m, of the flaps over the luggage
LAMP_Z = 0.70
NAMED = 0.75  # share of coaches with their owner's name (an estimate)


def rings(d: Measures) -> tuple[F64, F64, F64, F64]:
    """(L,) heights, x of the nose and of the tail, and half widths of the levels of a coach's hull."""
    waist, band, height = d.waist, d.band, d.height
    top = [waist - 0.04, waist + 0.03, (waist + band) / 2, band, band + 0.07, height - 0.20, height - 0.07]
    z = np.array([0.28, 0.42, 0.58, 0.82, d.sill, 1.45, *top, height - 0.02])
    lean = d.rake * np.clip((z - 0.95) / (band - 0.95), 0.0, None) ** 1.12
    back = lean + np.where(
        z > height - 0.15, [0.0] * 12 + [0.12, 0.30], np.interp(z, [0.28, 0.42, 0.58], [0.10, 0.03, 0])
    )
    side = d.half * np.array([0.96, 0.985, 0.995, 1.0, 1.0, 1.0, 1.0, 0.998, 0.99, 0.98, 0.975, 0.95, 0.88, 0.77])
    tail = [0.10, 0.05, 0.0, 0.0, 0.0, 0.01, 0.02, 0.03, 0.06, 0.10, 0.12, 0.18, 0.28, 0.40]
    return z, d.nose - back, d.tail + np.array(tail), side


def coach_front(body: Hull, d: Measures, rng: np.random.Generator) -> list[Mesh]:
    """Below the windscreen: lamps in the corners, one of three grilles, a bumper with its intake, fog lamps, wipers."""
    half = d.half
    parts = head_lamps(body, half, LAMP_Z, share=0.70, size=(0.42, 0.19)) + wipers(body, half, d.sill)
    parts.append(front_seam(body, 0.561, 0.97))
    parts.append(front_panel(body, half, (0.43, 0.53), (0.46, 0.50), Slot.GRILLE, lift=0.004))
    kind = int(rng.integers(3))
    if kind == 0:  # a dark mask with bright lines
        parts.append(front_panel(body, half, (0.62, 0.98), (0.46, 0.52), Slot.GLOSS))
        parts += [front_bar(body, half, z, 0.44, 0.024, Slot.CHROME) for z in (0.70, 0.79, 0.88)]
    elif kind == 1:  # slots under the badge
        parts += [front_panel(body, half, (z, z + 0.045), (0.42, 0.42), Slot.GRILLE) for z in (0.64, 0.71, 0.78)]
    else:  # closed, with the line of a flap
        parts.append(front_seam(body, 0.866, 0.96))
        parts.append(front_bar(body, half, 0.62, 0.40, 0.04, Slot.GLOSS))
    parts.append(rounded_box((0.02, 0.16, 0.10), on_front(body, half, 0.0, 1.03, 0.004), radius=0.04, slot=Slot.CHROME))
    parts.append(front_strip(body, (d.sill - 0.02, d.sill + 0.05), 0.97, Slot.GLOSS))
    fog = on_front(body, half, 0.72, 0.49, -0.004)
    return parts + both(rounded_box((0.04, 0.15, 0.07), fog, radius=0.02, slot=Slot.FOG_FRONT))


def ears(body: Hull, d: Measures, slot: int) -> list[Mesh]:
    """Mirrors that hang before the windscreen from arms over its upper corners."""
    root = on_front(body, d.half, 0.80, d.height - 0.26, -0.03)
    x, y, top = d.nose - 0.16, d.half + 0.10, d.height - 0.62
    line = [
        root,
        [0.6 * root[0] + 0.4 * x, 0.90 * d.half, d.height - 0.20],
        [x - 0.10, d.half + 0.02, d.height - 0.30],
        [x, y, top + 0.12],
        [x, y, top],
    ]
    arm = pipe(np.array(line), [0.05, 0.05, 0.05, 0.055, 0.06], segments=6, slot=Slot.TRIM)
    z = top + np.array([-0.78, -0.74, -0.42, -0.05, 0.03])
    middle = np.stack([np.full(5, x), np.full(5, y), z], 1)
    shell = skin(round_rings(middle, [0.05, 0.115, 0.135, 0.11, 0.05], [0.03, 0.06, 0.085, 0.07, 0.04], 8, 3.0), slot)
    glass = block((0.004, 0.19, 0.52), (x - 0.082, y, top - 0.42), Slot.MIRROR)
    return [m for part in (arm, shell, glass) for m in both(part)]


def flanks(d: Measures, free: list[tuple[float, float]]) -> list[Mesh]:
    """Seams, locks and markers of flaps over the luggage, where no wheel or door is (`free`: x spans); the engine's
    has slots for the air."""
    low, high = FLAPS_Z
    y, parts = d.half * 0.998, list[Mesh]()
    for a, b in free:
        if b > d.nose:
            continue
        parts += both(block((b - a, 0.008, SEAM_M), ((a + b) / 2, y, high), Slot.SEAM))
        parts += side_markers(a, b, d.half + 0.002, 0.66)
        edges = np.linspace(a, b, max(round((b - a) / 1.35), 1) + 1)
        for x in edges[1:-1]:
            parts += both(block((SEAM_M, 0.010, high - low), (float(x), y, (low + high) / 2), Slot.SEAM))
        for x in 0.5 * (edges[1:] + edges[:-1]):
            parts += both(block((0.16, 0.012, 0.045), (float(x), y, low + 0.10), Slot.TRIM))
    rear = min(free)
    x = 0.5 * (rear[0] + rear[1])
    for z in np.linspace(0.62, 1.10, 7):
        parts += both(block((0.55 * (rear[1] - rear[0]), 0.012, 0.035), (x, y, float(z)), Slot.GAP))
    return parts


def named(
    body: Hull, d: Measures, free: list[tuple[float, float]], ground: str, rng: np.random.Generator
) -> list[Body]:
    """The owner's name on both flanks behind the front wheels and small over the windscreen; some have none."""
    name, dark = COACHES[int(rng.integers(len(COACHES)))][0], str(rng.choice(COLORS[:-1]))
    if rng.random() > NAMED:
        return []
    a, b = max((span for span in free if span[1] < d.nose), key=lambda span: span[1] - span[0])
    room = min(0.55 * (b - a), 3.2), 0.80 * (d.waist - FLAPS_Z[0])
    color = dark if ground in LIGHT else COLORS[-1]
    sides = lettered(0.5 * (a + b), d.half, 0.5 * (FLAPS_Z[0] + d.waist) + 0.1, room, rng, name=name, color=color)
    z, tall, wide = d.band + 0.16, 0.17, 0.68
    points = [[on_front(body, d.half, s * wide / 2 / d.half, z + v * tall, 0.006) for s in (1.0, 0.5, 0.0, -0.5, -1.0)]
              for v in (-0.5, 0.5)]  # fmt: skip
    return [sides, foil_name(points, name, COLORS[-1])]
