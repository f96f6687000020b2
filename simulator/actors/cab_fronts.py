"""Fronts of lorry cabs: grille, bumper, lamps, wipers, sun visor, badge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.actors.coachwork import SEAM_M, Slot
from simulator.actors.heavy import head_lamps
from simulator.actors.hull import Hull
from simulator.actors.shape import F64, both, patch, pipe, rounded_box
from simulator.scene import Mesh

STYLES = ("slats", "mask", "flap")
SHARES = (0.42, 0.33, 0.25)  # of the styles; an estimate
SLAT_M = 0.17  # height of a repeat of the grille's texture: four slats


def front_of(
    body: Hull, half: float, height: float, sill: float, glass_top: float, rng: np.random.Generator
) -> list[Mesh]:
    """What is on the front of a cab `half` wide to each side, whose windscreen is between two heights.

    Styles of the grille: "slats" between painted bars, a black "mask" up to the windscreen with bright lines, or a
    painted "flap" with slots for the air.
    """
    style = str(rng.choice(STYLES, p=SHARES))
    low, high = 0.92, sill - 0.24
    bars = np.linspace(low, high, 2 + int((high - low) / 0.24))
    trim = Slot.CHROME if rng.random() < 0.35 else Slot.PAINT
    parts: list[Mesh] = []
    if style == "slats":
        parts.append(front_panel(body, half, (low, high), (0.72, 0.66), Slot.GRILLE))
        parts += [front_bar(body, half, float(z), 0.74, 0.055, trim) for z in bars]
        for share, z in ((0.73, low), (0.67, high)):
            end = on_front(body, half, share, z, 0.012)
            parts += both(pipe(np.array([end, on_front(body, half, 0.70, (low + high) / 2, 0.012)]), 0.022, segments=5,
                               slot=trim))  # fmt: skip
    elif style == "mask":
        parts.append(front_panel(body, half, (low - 0.02, sill - 0.11), (0.80, 0.60), Slot.GLOSS))
        parts.append(front_panel(body, half, (low + 0.05, high - 0.06), (0.66, 0.56), Slot.GRILLE, lift=0.010))
        parts += [front_bar(body, half, float(z), 0.66, 0.028, Slot.CHROME) for z in bars[1:-1]]
    else:
        for z, tall in ((low + 0.05, 0.13), (low + 0.24, 0.07), (high + 0.06, 0.05)):
            parts.append(front_panel(body, half, (z - tall / 2, z + tall / 2), (0.70, 0.70), Slot.GRILLE))
        parts.append(front_bar(body, half, low + 0.145, 0.72, 0.03, trim))
    z = sill - 0.17
    badge = (body.nose_at(z, 0.0) + 0.016, 0.0, z)
    parts.append(rounded_box((0.02, 0.46 if style == "mask" else 0.34, 0.06), badge, radius=0.008, slot=Slot.CHROME))
    return parts + _bumper(body, half) + _above(body, half, height, glass_top) + wipers(body, half, sill)


def on_front(body: Hull, half: float, share: float, z: float, lift: float) -> list[float]:
    """A point of the front at a share of the half width."""
    return [body.nose_at(z, abs(share)) + lift, share * half, z]


def laid_on(mesh: Mesh, body: Hull, half: float, lift: float) -> Mesh:
    """A flat mesh that faces +x, bent to lie `lift` before the front."""
    points = mesh.vertices.copy()
    for z in np.unique(points[:, 2]):
        row = points[:, 2] == z
        points[row, 0] = body.front_at(float(z), np.abs(points[row, 1]) / half) + lift
    return replace(mesh, vertices=points)


def front_panel(
    body: Hull, half: float, heights: tuple[float, float], shares: tuple[float, float], slot: int, lift: float = 0.006
) -> Mesh:
    """A panel on the front between two heights that reaches to a share of the half width at each of them."""
    across = np.linspace(1.0, -1.0, 9)
    levels = np.linspace(*heights, 3)
    reach = np.interp(levels, heights, shares)
    points = [[on_front(body, half, float(s * r), float(z), lift) for s in across] for z, r in zip(levels, reach)]
    uv = [[[float(s * r * half / SLAT_M), float(z / SLAT_M)] for s in across] for z, r in zip(levels, reach)]
    return patch(points, slot, uv=uv)


def front_strip(body: Hull, heights: tuple[float, float], share: float, slot: int) -> Mesh:
    """A strip across the front between two heights, on the very surface, to a share of the half width there."""
    count, rows, (low, high) = int((body.front_y < 8).sum()) + 1, list[F64](), heights
    levels = body.points[:, 0, 2]
    for level in [low, *levels[(levels > low) & (levels < high)].tolist(), high]:
        ring = np.array([[np.interp(level, column[:, 2], column[:, k]) for k in (0, 1)]
                         for column in body.points.transpose(1, 0, 2)[:count]])  # fmt: skip
        end = share * float(ring[-1, 1])
        y = np.append(ring[ring[:, 1] < end, 1], end)
        left = np.stack([np.interp(y, ring[:, 1], ring[:, 0]) + 0.003, y, np.full(len(y), level)], 1)
        rows.append(np.concatenate([left[::-1], left[1:] * [1.0, -1.0, 1.0]]))
    return patch(np.stack(rows), slot)


def front_seam(body: Hull, z: float, share: float) -> Mesh:
    """A seam across the front at a height that reaches to a share of the half width there."""
    return front_strip(body, (z - SEAM_M / 2, z + SEAM_M / 2), share, Slot.SEAM)


def front_bar(body: Hull, half: float, z: float, share: float, tall: float, slot: int) -> Mesh:
    """A bar across the front that bulges with it: top, face and underside."""
    across = np.linspace(share, -share, 9)
    rows = [(-0.5 * tall, 0.0), (-0.4 * tall, 0.030), (0.4 * tall, 0.030), (0.5 * tall, 0.0)]
    return patch([[on_front(body, half, float(s), z + dz, lift) for s in across] for dz, lift in rows], slot)


def _bumper(body: Hull, half: float) -> list[Mesh]:
    """Joint above the bumper, head lamps, intake, fog lamps, towing eyes' covers."""
    parts = head_lamps(body, half, 0.72, share=0.73, size=(0.42, 0.23))
    parts.append(front_seam(body, 0.879, 0.97))
    parts.append(front_panel(body, half, (0.62, 0.82), (0.42, 0.46), Slot.GRILLE, lift=0.004))
    parts.append(front_seam(body, 0.607, 0.97))
    z = 0.49
    for share in (0.62, 0.78):
        lamp = (body.nose_at(z, share) - 0.006, share * half, z)
        parts += both(rounded_box((0.04, 0.15, 0.085), lamp, radius=0.02, slot=Slot.FOG_FRONT))
    eye = (body.nose_at(z, 0.42) - 0.004, 0.40 * half, z)
    return parts + both(rounded_box((0.02, 0.13, 0.10), eye, radius=0.01, slot=Slot.GAP))


def _above(body: Hull, half: float, height: float, glass_top: float) -> list[Mesh]:
    """Sun visor and marker lamps."""
    z = glass_top + 0.02
    across = np.linspace(0.93, -0.93, 9)
    rows = [(0.05, 0.005), (0.035, 0.07), (-0.075, 0.165), (-0.085, 0.155), (0.01, 0.02)]
    points = [[on_front(body, half, float(s), z, lift * (1.0 - 0.45 * s**4)) for s in across] for _, lift in rows]
    visor = np.array(points) + np.array([[[0.0, 0.0, dz]] for dz, _ in rows])
    parts = [patch(visor, Slot.GLOSS, flip=True)]
    z = height - 0.14
    for share in (0.0, 0.60, 0.74):
        lamp = rounded_box((0.05, 0.09, 0.035), (body.nose_at(z, share) + 0.004, share * half, z), radius=0.012,
                           slot=Slot.MARKER)  # fmt: skip
        parts += both(lamp) if share else [lamp]
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
