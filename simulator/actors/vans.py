"""Vans: compact and large panel vans, minibuses, ambulances."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.ambulances import ambulance, rear_panes
from simulator.actors.base import Actor
from simulator.actors.cars import PAINTS, assembled, catalogue_draw
from simulator.actors.coachwork import GAP_M, LEVELS, SCREEN_Y, Greenhouse, Lines, Slot, Tub, greenhouse, tub
from simulator.actors.doors import TRUNK, edges, laid_on
from simulator.actors.fittings import on_surface
from simulator.actors.lettering import lettered
from simulator.actors.shape import both, finish, ribbon, rounded_box
from simulator.actors.van_bays import bay, parcels, ward
from simulator.scenario.distributions import Flag, Fraction, OneOf, choice, uniform
from simulator.scene import Body, Mesh, Model

OPENED = {"driver": "front_left", "side": "rear_right", "rear": TRUNK}
STYLES = ("compact", "panel", "minibus", "ambulance")
SLIDE_M = {"compact": 0.98, "panel": 1.42}  # length of sliding doors, as in makers' data sheets (general knowledge)


class Van(Actor, kind="van"):
    """A van.

    Attributes:
        style: compact panel van, large panel van, minibus with windows, or ambulance.
        paint: colour group, or "any" for one by its share of fleets.
        size: place within the real dimensions of the style: 0 the smallest, 1 the largest.
        door: how far a door stands open; the labelled box is that of the van with closed doors.
        opened: which one: the driver's, the one that slides on the right, or the wings behind (of panel vans).
        hinged: whether all of them can open.
    """

    class_name: ClassVar[str] = "van"
    speed_mps: ClassVar[float] = 13.9
    max_speed_mps: ClassVar[float] = 40.0
    acceleration_mps2: ClassVar[float] = 2.0
    deceleration_mps2: ClassVar[float] = 4.0

    style: Annotated[str, OneOf(*STYLES)] = choice(*STYLES, weights=(0.30, 0.47, 0.20, 0.03))
    paint: Annotated[str, OneOf(*PAINTS)] = "any"
    size: Fraction = uniform(0.0, 1.0)
    door: Fraction = 0.0
    opened: Annotated[str, OneOf(*OPENED)] = "side"
    hinged: Annotated[bool, Flag()] = False

    def _build(self, rng: np.random.Generator) -> list[Model]:
        color = finishes.draw_paint(rng, "fleet_paints") if self.paint == "any" else self.paint
        rescue = self.style == "ambulance"
        squares = rescue and bool(rng.random() < 0.6)
        lines = van_lines("panel" if rescue else self.style, max(self.size, 0.5) if rescue else self.size, rng)
        doors = self._doors()
        shell, closed = tub(lines), self.style == "minibus"
        house = greenhouse(lines, shell.points[-1])
        open_to = bay(lines) if doors and not closed else []
        model = assembled(
            lines,
            "van",
            "white" if rescue else color,
            rng,
            glass=Slot.PRIVACY if closed else Slot.PAINT,
            livery=("squares" if squares else "ambulance") if rescue else "",
            doors=doors,
            bay=open_to,
        )
        if open_to:
            within = ward(lines) if rescue else parcels(lines, deepcopy(rng))
            model = replace(model, bodies=(*model.bodies, within))
        if not closed:
            cuts = edges(model, shell)
            seams = [] if doors else _door_seams(house)
            laid = [Body(finish([*seams, *_rear_doors(lines, shell, house)]), model.bodies[0].materials)]
            if rescue or rng.random() < 0.5:
                laid.append(rear_panes(lines, house))
            if rescue:
                laid += ambulance(lines, shell, house, squares, cuts, rng)
            elif rng.random() < 0.45:
                laid.append(_firm(lines, house, color, cuts, rng))
            model = laid_on(model, shell, laid)
        return [replace(model, class_name="van", attributes=(("style", self.style), ("color", color)))]

    def _doors(self) -> dict[str, float]:
        """Doors that can open, and how far they stand open."""
        names = ("front_left", "front_right", "rear_right", *([] if self.style == "minibus" else [TRUNK]))
        given = {OPENED[self.opened]: self.door} if self.door else {}
        return {name: given.get(name, 0.0) for name in names if self.hinged or name in given}


def _door_seams(house: Greenhouse) -> list[Mesh]:
    """Seams round the upper half of doors that slide but stay shut."""
    first = len(SCREEN_Y) + 3
    walls = house.points[:-1]
    lines = (walls[:, first], walls[:, first + 2], walls[-1, first : first + 3])
    return [mesh for line in lines for mesh in both(ribbon(line, [0.0, 1.0, 0.1], GAP_M, Slot.GAP))]


def _rear_doors(d: Lines, shell: Tub, house: Greenhouse) -> list[Mesh]:
    """Seam between the wings of the rear doors, their handle and hinges; rails of the sliding doors."""
    back = [-1.0, 0.0, 0.0]
    low = int(np.searchsorted(LEVELS, 0.38))
    parts = [ribbon(line, back, 0.014, Slot.GAP) for line in (shell.points[low:, -1], house.points[:-1, -1])]
    middle, _ = shell.at(*shell.rear_cell(0.95, 0.0))
    parts.append(rounded_box((0.035, 0.05, 0.20), (middle[0] - 0.012, -0.07, middle[2]), radius=0.012, slot=Slot.TRIM))
    for level in (0.5, 0.9):
        at, normal = shell.at(*shell.rear_cell(level, 0.93))
        parts += both(on_surface(rounded_box((0.12, 0.05, 0.05), radius=0.014, slot=Slot.TRIM), at, normal))
    row, side = int(np.searchsorted(LEVELS, 0.91)), shell.points[:, shell.front : shell.front + shell.side]
    behind = (side[row, :, 0] < d.rear_door_x - 0.02) & (side[row, :, 0] > d.tail_x + 0.25)
    rail = side[row, behind]
    return parts + (both(ribbon(rail, [0.0, 1.0, 0.1], 0.022, Slot.GAP)) if len(rail) > 1 else [])


def _firm(d: Lines, house: Greenhouse, color: str, cuts: Sequence[float], rng: np.random.Generator) -> Body:
    """A firm's name on the walls behind the driver, cut where a door ends that slides."""
    n = len(SCREEN_Y) - 1
    wall = house.points[:, n : house.columns - n][:, ::-1]  # from the rear

    def half_width(x: float, z: float) -> float:
        """Of the walls at a point."""
        level = [float(np.interp(x, row[:, 0], row[:, 2])) for row in wall]
        return float(np.interp(z, level, [np.interp(x, row[:, 0], row[:, 1]) for row in wall])) + 0.004

    front, rear = d.b_pillar_x - 0.25, d.rear_base_x + 0.35
    x = 0.5 * (front + rear)
    low, high = (float(np.interp(x, row[:, 0], row[:, 2])) for row in (wall[1], wall[-2]))
    room = (0.85 * (front - rear), 0.8 * (high - low))
    return lettered(x, half_width, low + 0.5 * (high - low), room, rng, ground=color, cuts=cuts)


def van_lines(style: str, size: float, rng: np.random.Generator) -> Lines:
    """Lines of a van: short bonnet, upright sides, square rear."""
    draw, near = catalogue_draw("vans", style, size, rng)
    length, width, height = draw("length"), draw("width"), draw("height")
    wheelbase, front, tyre = draw("wheelbase"), draw("front_overhang"), round(draw("tyre_radius"), 2)
    wheelbase = min(wheelbase, length - front - 0.75)
    rear = length - wheelbase - front
    big = style != "compact"
    cowl_z = near(1.20 if big else 1.10, 0.03)
    cowl_x = wheelbase + near(0.16 if big else -0.02, 0.05)
    drop = near(0.10, 0.02)
    header = cowl_x - (height - drop - cowl_z) / np.tan(np.radians(draw("screen_deg")))
    header = max(header, cowl_x - 1.05)
    rear_base = -rear + near(0.070, 0.006)
    lines = Lines(
        length=length,
        width=width,
        height=height,
        wheelbase=wheelbase,
        front_overhang=front,
        bottom_z=near(0.23, 0.02),
        tyre_radius=tyre,
        arch_radius=tyre + 0.045,
        nose_z=cowl_z - near(0.22, 0.03),
        cowl_z=cowl_z,
        deck_z=cowl_z + near(0.02, 0.02),
        tail_z=cowl_z + 0.02,
        cowl_x=cowl_x,
        screen_sweep=near(0.22, 0.03),
        header_x=header,
        rear_top_x=rear_base + near(0.05, 0.02),
        rear_base_x=rear_base,
        belt_half=width / 2 * near(0.962, 0.004),
        roof_half=width / 2 * near(0.82 if big else 0.80, 0.01),
        roof_drop_front=drop,
        roof_drop_rear=near(0.05, 0.01),
        b_pillar_x=wheelbase - near(0.98, 0.05),
        c_pillar_x=0.0,
        d_window=True,
        slide_m=SLIDE_M["compact" if style == "compact" else "panel"],
        nose_power=near(2.9, 0.2),
        tail_power=near(6.0, 0.6),
        nose_rake=near(0.16, 0.03),
        tail_rake=near(0.035, 0.008),
        nose_dip=near(0.04, 0.04),
        tail_dip=0.0,
        nose_lean=near(0.2, 0.2),
        tail_lean=0.0,
        shoulder=0.980,
        crease=near(0.008, 0.005),
        cladding=bool(rng.random() < 0.5),
    )
    return replace(lines, c_pillar_x=lines.rear_door_x - 0.03)
