"""What makes the side of a bus more than a row of windows: liveries, panels, opening lights, adverts, passengers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.actors.coachwork import SEAM_M, Slot
from simulator.actors.hull import Hull
from simulator.actors.shape import ball, block, both, round_rings, skin
from simulator.scene import Mesh

LIVERIES, SHARES = ("plain", "roof", "tail", "skirt"), (0.34, 0.26, 0.22, 0.18)  # estimates
_CLOTHES = (Slot.TRIM, Slot.SECOND, Slot.SEAT, Slot.LAMP, Slot.PAINT)
_CROWN_M = 0.80  # of who sits, above the cushion: sitting height 0.88 m, less what cushion and back give


def repaint(grid: NDArray[np.int64], body: Hull, livery: str, waist: float, band: float, tail: float) -> None:
    """Give the painted cells of one half that a livery has in the second colour that colour."""
    where = {
        "plain": body.rows(0.0, 0.5) & body.side(-99, 99),
        "roof": body.rows(band + 0.05, 9.0) & np.ones_like(body.front_y, bool),
        "tail": body.rows(0.0, 9.0) & (body.side(-99, 0.7) | (body.rear_y < 1.5)),
        "skirt": body.rows(0.0, 0.5 * (0.62 + waist)) & np.ones_like(body.front_y, bool),
    }[livery]
    grid[where & (grid == Slot.PAINT)] = Slot.SECOND


def seams_in(livery: str, waist: float, parts: list[Mesh]) -> list[Mesh]:
    """The parts of a bus with the seams in their second colour that lie where the livery has it."""
    second = {"plain": (99.0, 0.5), "roof": (99.0, 0.0), "tail": (0.7, 9.0), "skirt": (99.0, 0.5 * (0.62 + waist))}
    x_below, z_below = second[livery]
    made = list[Mesh]()
    for part in parts:
        if part.slots[0] == Slot.SEAM:
            x, _, z = part.vertices.mean(axis=0).tolist()
            part = part.with_slot(Slot.SEAM_SECOND) if x < x_below and z < z_below else part
        made.append(part)
    return made


def panels(half: float, waist: float, posts: NDArray[np.float64], free: list[tuple[float, float]]) -> list[Mesh]:
    """Seams of the panels below the windows, under every second post, where no wheel or door is (`free`: x spans)."""
    parts: list[Mesh] = []
    low, high, sill = 0.45, waist - 0.08, 0.63
    for a, b in free:
        parts += both(block((b - a, 0.006, SEAM_M), ((a + b) / 2, half * 0.997, sill), Slot.SEAM))
        for x in posts[(posts > a + 0.1) & (posts < b - 0.1)]:
            parts += both(block((SEAM_M, 0.012, high - low), (x, half * 0.995, (low + high) / 2), Slot.SEAM))
    return parts


def hoppers(half: float, band: float, posts: NDArray[np.float64], rng: np.random.Generator) -> list[Mesh]:
    """The bars of windows whose upper part tilts: of most windows between the posts, from the front."""
    parts: list[Mesh] = []
    for b, a in pairwise(posts[1:-1]):
        if rng.random() < 0.7:
            parts += both(block((b - a - 0.12, 0.012, 0.03), ((a + b) / 2, half * 0.984, band - 0.32), Slot.GLOSS))
    return parts


def passengers(seats: list[tuple[float, float, float]], share: float, rng: np.random.Generator) -> list[Mesh]:
    """Simple figures on a `share` of the seats, given as (x, y, z) of the middle of the cushion's rear edge."""
    parts: list[Mesh] = []
    for x, y, z in seats:
        if rng.random() > share:
            continue
        crown, slot = z + _CROWN_M + float(rng.normal(0.0, 0.04)), int(rng.choice(_CLOTHES))
        lean = float(rng.uniform(-0.03, 0.05))
        up = np.array([z, z + 0.20, crown - 0.30, crown - 0.24])
        middle = np.stack([x + 0.14 + lean * np.array([0.0, 0.3, 0.9, 1.0]), np.full(4, y), up], 1)
        parts.append(skin(round_rings(middle, [0.17, 0.18, 0.21, 0.07], [0.12, 0.12, 0.11, 0.06], 7), slot))
        head = np.array([x + 0.16 + lean, y, crown - 0.115])
        parts.append(ball((0.095, 0.075, 0.115), head, Slot.SKIN, rings=4, segments=6))
        hair = (0.092, 0.084, 0.09 if rng.random() < 0.6 else 0.14)
        parts.append(ball(hair, head + [-0.022, 0.0, 0.04 if hair[2] < 0.1 else 0.0], Slot.UNDER, rings=4, segments=6))
    return parts
