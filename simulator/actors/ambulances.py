"""What makes a van an ambulance: squares of retro-reflective foil, windows of the ward, blue lamps behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from simulator.actors import finishes
from simulator.actors.coachwork import SCREEN_Y, Greenhouse, Lines, Tub
from simulator.actors.lettering import lettered
from simulator.actors.shape import F64, both, finish, patch, rounded_box
from simulator.scene import Body, Mesh

SQUARE_M = (0.46, 0.29)  # of foil: length and height
LOW_M = 0.80  # height of the lower row's edge
YELLOW, GREEN, GLASS, BLUE = range(4)  # slots
RETRO_GREEN = replace(finishes.RETRO_BLUE, name="green retro square", albedo=(0.01, 0.16, 0.045))
MATERIALS = (finishes.RETRO_YELLOW, RETRO_GREEN, finishes.GLOSS_BLACK, finishes.BLUE_BEACON)


def ambulance(
    d: Lines, shell: Tub, house: Greenhouse, squares: bool, cuts: Sequence[float], rng: np.random.Generator
) -> list[Body]:
    """Markings, windows and lamps on the body of a van; `squares`: in two rows of yellow and green, with its name.

    The foil is cut at x = `cuts`, where doors end.
    """
    n = len(SCREEN_Y) - 1
    side = [*shell.points[:, shell.front : shell.front + shell.side], *house.points[1:, n : house.columns - n]]
    wall = _surface([row[::-1] for row in side], 0)
    low, high = (float(house.points[row, house.columns - n - 1, 2]) for row in (1, -2))
    ward = d.b_pillar_x - 0.35
    bodies = list[Body]()
    parts = list[Mesh]()
    window = (max(low, LOW_M + 2 * SQUARE_M[1] + 0.06), high - 0.04)
    parts += both(_sheet(wall, (ward - 0.85, ward), window, GLASS, 0))
    if squares:
        long, tall = SQUARE_M
        edges = np.arange(d.wheelbase + 0.12, d.tail_x + 0.30, -long)
        for j, (x1, x0) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist())):
            for k in range(2 if x1 < d.b_pillar_x - 0.10 else 1):  # one row beside the cab
                heights = (LOW_M + k * tall, LOW_M + (k + 1) * tall)
                parts += both(_sheet(wall, (x0, x1), heights, YELLOW if (j + k) % 2 else GREEN, 0, cuts))
        z = 0.5 * (window[0] + window[1]) + 0.04
        middle = 0.5 * (ward - 0.95 + d.tail_x + 0.3)
        room = (ward - 0.95 - d.tail_x - 0.4, 1.2)
        bodies.append(lettered(middle, lambda x, y: wall(x, y) + 0.004, z, room, rng, name="AMBULANCE",
                               color="#1d5a34", cuts=cuts))  # fmt: skip
    x = float(house.points[-2, -1, 0]) + 0.12
    parts += both(rounded_box((0.16, 0.26, 0.09), (x + 0.10, 0.33 * d.width, d.height - 0.03), radius=0.03, slot=BLUE))
    return [Body(finish(parts, crease_deg=34), MATERIALS), *bodies]


def rear_panes(d: Lines, house: Greenhouse) -> Body:
    """Tinted windows in both wings of a van's rear doors."""
    n = len(SCREEN_Y) - 1
    back = _surface([row[::-1] for row in house.points[:, -n:]], 1)
    low, high = (float(house.points[row, house.columns - n - 1, 2]) for row in (1, -2))
    panes = both(_sheet(back, (0.10, 0.37 * d.width), (low + 0.04, high - 0.08), GLASS, 1))
    return Body(finish(panes, crease_deg=34), MATERIALS)


def _surface(rows: list[F64], axis: int) -> Callable[[float, float], float]:
    """The other horizontal coordinate of a wall at one (of `axis`) and a height; rows run upward, `axis` grows."""

    def at(along: float, z: float) -> float:
        """Of the wall."""
        level = [float(np.interp(along, row[:, axis], row[:, 2])) for row in rows]
        return float(np.interp(z, level, [np.interp(along, row[:, axis], row[:, 1 - axis]) for row in rows]))

    return at


def _sheet(
    wall: Callable[[float, float], float],
    span: tuple[float, float],
    heights: tuple[float, float],
    slot: int,
    axis: int,
    cuts: Sequence[float] = (),
    lift: float = 0.008,
) -> Mesh:
    """A sheet on the left wall or the left half of the rear wall between two places and heights, cut at some places."""
    count = 6 if slot == GLASS else 3  # walls bulge
    rows = []
    for z in np.linspace(*heights, count).tolist():
        run = np.union1d(np.linspace(*span, count), [cut for cut in cuts if span[0] < cut < span[1]]).tolist()
        rows.append([[u, wall(u, z) + lift, z] if axis == 0 else [wall(u, z) - lift, u, z] for u in run])
    return patch(rows, slot)
