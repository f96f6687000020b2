"""Lorries: rigid box, flatbed and tipper, and a tractor with semi-trailer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor
from simulator.actors.box_bodies import FLOOR_M, box_body, cargo, striped
from simulator.actors.cabs import air_deflector, cab, side_fairings
from simulator.actors.cars import catalogue_draw
from simulator.actors.chassis import FIFTH_WHEEL_M, TRACTOR, chassis, fifth_wheel
from simulator.actors.coachwork import Slot
from simulator.actors.dirt import soiled
from simulator.actors.door_leaves import Leaf
from simulator.actors.doors import TRUNK
from simulator.actors.heavy import (
    PAINTED,
    axles,
    contour_tape,
    end_plates,
    fleet_materials,
    hinge,
    marking_plates,
    rear_lamps,
    tarpaulin,
)
from simulator.actors.lamps import plate_lamps, vehicle_lamps
from simulator.actors.lettering import lettered
from simulator.actors.semi_trailers import AXLES_M, semi_trailer
from simulator.actors.shape import block, both, finish, round_rings, rounded_box, skin, turned
from simulator.actors.wear import Wear
from simulator.data import load_asset
from simulator.scenario.distributions import Flag, Fraction, OneOf, choice, uniform
from simulator.scene import Body, Joint, Mesh, Model

OPENED = {"driver": "front_left", "rear": TRUNK}
BODIES = ("box", "flatbed", "tipper", "semi")
OPEN = "open_flatbed"  # without a tail board, and with nothing at its end
DECK_M = 0.12  # thickness of the deck of a flatbed
CLEAR_M = 2.3  # of its deck that is empty at an open end
PAINTS = ("any", *finishes.paint_names())


class Truck(Actor, kind="truck"):
    """A lorry.

    Attributes:
        body: what it carries: box body, flatbed, tipper, or a semi-trailer behind a tractor (one object); or only the
            tractor, or a flatbed without a tail board.
        paint: colour of the cab, or "any" for one by its share of fleets.
        size: place within the real dimensions of the body: 0 the smallest, 1 the largest.
        door: how far a door stands open; the labelled box is that of the lorry with closed doors.
        opened: which one: the driver's, or both behind a box body.
        hinged: whether all of them can open.
    """

    class_name: ClassVar[str] = "truck"
    speed_mps: ClassVar[float] = 13.0
    max_speed_mps: ClassVar[float] = 25.0
    acceleration_mps2: ClassVar[float] = 1.3
    deceleration_mps2: ClassVar[float] = 4.0

    body: Annotated[str, OneOf(*BODIES, TRACTOR, OPEN)] = choice(*BODIES, weights=(0.58, 0.16, 0.14, 0.12))
    paint: Annotated[str, OneOf(*PAINTS)] = "any"
    size: Fraction = uniform(0.0, 1.0)
    door: Fraction = 0.0
    opened: Annotated[str, OneOf(*OPENED)] = "rear"
    hinged: Annotated[bool, Flag()] = False

    def _build(self, rng: np.random.Generator) -> list[Model]:
        color = finishes.draw_paint(rng, "fleet_paints") if self.paint == "any" else self.paint
        given = {OPENED[self.opened]: self.door} if self.door else {}
        names = ("front_left", *([TRUNK] if self.body == "box" else []))
        doors = {name: given.get(name, 0.0) for name in names if self.hinged or name in given}
        return [_truck(self.body, color, self.size, rng, doors)]


def _truck(kind: str, color: str, size: float, rng: np.random.Generator, doors: Mapping[str, float]) -> Model:
    """A lorry, and how far those of its doors stand open that can open."""
    body, kind = kind, "flatbed" if kind == OPEN else kind
    draw, near = catalogue_draw("trucks", kind, size, rng)
    length, width, height, tyre = draw("length"), draw("width"), draw("height"), round(draw("tyre_radius"), 2)
    low, high = load_asset("vehicles")["trucks"][kind]["wheelbase_share"]
    wheelbase = length * (low + (high - low) * size)
    nose = wheelbase + near(1.38, 0.04)
    tail = nose - length
    half = width / 2
    cab_length, cab_height = draw("cab_length"), min(draw("cab_height"), height)
    cab_length = max(cab_length, nose - wheelbase + tyre + 0.13)  # the back of the cab is behind the wheel
    cab_half = min(half, 1.25) * (0.92 if kind in ("box", "flatbed") and length < 7.4 else 1.0)
    leaves: dict[str, list[Leaf]] = {name: [] for name in doors}
    parts = cab(nose, wheelbase, cab_length, cab_half, cab_height, tyre, rng, leaves.get("front_left"))
    back = nose - cab_length - near(0.16, 0.04)
    frame = 2 * tyre + 0.04
    if kind in ("box", "semi") and height - cab_height > 0.45 and rng.random() < 0.6:
        parts += air_deflector(nose - 0.75, nose - cab_length + 0.12, cab_half, cab_height - 0.02, height - 0.12)
    parts += chassis(back + 0.3, tail, frame, half, tyre, kind, rng, wheelbase)
    curtain = kind == "semi" and rng.random() < 0.6
    joints = list[Joint]()
    hitch = hinge(FIFTH_WHEEL_M, joints) if kind == "semi" else -1
    behind = parts if hitch < 0 else list[Mesh]()  # the trailer turns about the fifth wheel
    if kind in (TRACTOR, "semi"):
        parts += fifth_wheel(frame, back + 0.16)
        parts += side_fairings(nose - cab_length, cab_half, 2 * tyre + 0.10, cab_height - 0.12)
    if kind != TRACTOR:
        bed = partial(_flatbed, open_end=body == OPEN)
        trailer = partial(semi_trailer, curtain=curtain)
        closed = partial(box_body, leaves=leaves.get(TRUNK))
        make: dict[str, Callable[..., list[Mesh]]] = {"box": closed, "flatbed": bed, "tipper": _tipper}
        load = make.get(kind, trailer)(back, tail, half, tyre if kind == "semi" else frame, height, rng=rng)
        behind += load
    front_plate, rear_plate = end_plates(nose, tail, 0.40, 0.62, rng)
    parts.append(front_plate)
    behind += [rear_plate, *rear_lamps(tail + 0.02, half, 0.80 if kind != "semi" else 0.95)]
    names = ("white", "grey", "silver", "blue", "red", "green", "yellow", "orange")
    second = finishes.paint(str(rng.choice(names, p=(0.5, 0.1, 0.08, 0.1, 0.08, 0.06, 0.05, 0.03))), rng)
    positions: list[tuple[float, bool, bool]] = [(wheelbase, True, False), (0.0, False, True)]
    if kind != "semi" and (length > 8.3 or kind == "tipper"):
        positions.append((-1.32, False, True))
    wheels = axles(tyre, width, positions, joints, rng)
    if kind == "semi":
        following = [tail + x for x in AXLES_M]
        wheels += axles(tyre, width, [(x, False, False) for x in following], joints, rng, hitch=hitch)
    if kind in ("box", "semi") and rng.random() < 0.75:
        floor = frame if kind == "box" else 1.18
        middle, room = (back + tail) / 2 - 0.2, (0.6 * (back - tail), 0.45 * (height - floor))
        side_z, rear_z = floor + 0.58 * (height - floor), floor + 0.70 * (height - floor)
        on_stripe = kind == "box" and striped(load, half)  # then the doors have another ground
        ground = color if on_stripe else second.name.split()[0]
        behind_it = None if TRUNK in leaves or on_stripe else (tail + 0.012, rear_z)
        wheels.append(lettered(middle, half + 0.003, side_z, room, rng, hitch, rear=behind_it, ground=ground))
    table = fleet_materials(color, tarpaulin(second) if curtain else second, rng)
    treads, before = (wheelbase, 0.0), deepcopy(rng)
    wear = Wear.draw(rng, 1.6)
    shell = wear.dented(finish(parts, crease_deg=38), (0.5, 1.3))
    mine = soiled(shell, table, PAINTED, rng, worse=1.6, wheels_x=treads, scratched=wear.scratched)
    bodies = [Body(*mine)]
    if hitch >= 0:
        bodies.append(Body(*soiled(finish(behind, crease_deg=38), table, PAINTED, rng, worse=1.6), hitch))
    openings = list[tuple[str, int, float]]()
    for name, leaf in ((name, leaf) for name, group in leaves.items() for leaf in group):
        hung = leaf.hang(doors[name], joints)
        openings += [(name, joint, angle) for joint, angle in hung]
        bodies.append(Body(*soiled(finish(leaf.meshes), table, PAINTED, deepcopy(before), worse=1.6), hung[-1][0]))
    if TRUNK in leaves:
        bodies.append(cargo(back - 0.06, tail + CLEAR_M / 2, half - 0.08, frame + FLOOR_M, height - 0.2, before))
    return Model(
        "truck",
        (*bodies, *wheels),
        tuple(joints),
        vehicle_lamps(nose, tail, width, head_z=0.72, tail_z=0.85) + plate_lamps([rear_plate]),
        wheelbase_m=wheelbase,
        attributes=(("body", body), ("color", color)),
        deck_m=frame + DECK_M if kind == "flatbed" else 0.0,
        box=np.array([[tail, -half, 0.0], [nose, half, height]]),
        following_m=FIFTH_WHEEL_M - (tail + 3.31) if hitch >= 0 else 0.0,
        openings=tuple(openings),
    )


def _flatbed(
    back: float,
    tail: float,
    half: float,
    z: float,
    height: float,
    rng: np.random.Generator,
    open_end: bool = False,
) -> list[Mesh]:
    """Open bed with drop sides, sometimes loaded; with an open end, no board and no load there."""
    middle, length = (back + tail) / 2, back - tail
    plank, planks, gap = 0.13, 3, 0.014  # of the drop sides, with a groove above each
    parts = [block((length, 2 * half, DECK_M), (middle, 0, z + DECK_M / 2), Slot.TRIM)]
    posts = np.linspace(tail + 0.03, back - 0.03, 2 + int(length // 2.4))
    parts += [
        p for x in posts for p in both(block((0.07, 0.05, 0.46), (x, half - 0.015, z + DECK_M + 0.23), Slot.TRIM))
    ]
    for k in range(planks):
        level = z + DECK_M + gap + k * (plank + gap) + plank / 2
        parts += both(block((length, 0.03, plank), (middle, half - 0.02, level), Slot.ALUMINIUM))
        if not open_end:
            parts.append(block((0.03, 2 * half - 0.1, plank), (tail + 0.03, 0, level), Slot.ALUMINIUM))
    if not open_end:
        board = z + DECK_M + 0.5 * planks * (plank + gap)
        parts += marking_plates(tail + 0.012, half, board)
        for y in (0.25 * half, 0.90 * half):  # hinges of the board, and its corner posts
            parts += both(block((0.03, 0.05, 0.40), (tail + 0.010, y, board), Slot.TRIM))
    for k in range(6):
        parts.append(block((0.05, 2 * half, 0.19), (back - 0.03, 0, z + DECK_M + 0.1 + 0.2 * k), Slot.ALUMINIUM))
    if rng.random() < 0.6:
        count = int(rng.integers(2, 5))
        for k in range(count):
            x = tail + (k + 0.6) * length / (count + 0.2)
            size = rng.uniform([0.8, 0.9, 0.5], [min(1.3, length / count * 0.85), 1.8, 1.2])
            at = (x, float(rng.uniform(-0.2, 0.2)), z + DECK_M + size[2] / 2)
            if not open_end or x - size[0] / 2 > tail + CLEAR_M:
                parts.append(rounded_box(size, at, radius=0.05, slot=Slot.SECOND))
    return parts + contour_tape(tail + 0.1, back - 0.1, half, z + 0.06)


def _tipper(back: float, tail: float, half: float, z: float, height: float, rng: np.random.Generator) -> list[Mesh]:
    """Steel tub with ribs, a headboard over the cab and sometimes a heap."""
    middle, length, tall = (back + tail) / 2, back - tail, min(1.15, height - z - 0.25)
    parts = [block((length, 2 * half - 0.1, 0.10), (middle, 0, z + 0.05), Slot.TRIM)]
    parts += both(block((length, 0.06, tall), (middle, half - 0.08, z + tall / 2), Slot.SECOND))
    parts.append(
        turned(
            block((0.06, 2 * half - 0.1, tall * 1.02), slot=Slot.SECOND), pitch=0.06, at=(tail + 0.09, 0, z + tall / 2)
        )
    )
    for y in (0.0, 0.30 * half, 0.84 * half):  # ribs of the tailgate, and its beams
        for sign in (1.0, -1.0) if y else (1.0,):
            rib = block((0.06, 0.09, tall), slot=Slot.SECOND)
            parts.append(turned(rib, pitch=0.06, at=(tail + 0.04, sign * y, z + tall / 2)))
    for share in (0.06, 0.94):
        beam_x = tail + 0.05 + 0.06 * tall * (share - 0.5)
        parts.append(block((0.07, 2 * half - 0.1, 0.12), (beam_x, 0.0, z + share * tall), Slot.SECOND))
    parts += marking_plates(tail + 0.018, half, z + 0.30 * tall)
    parts += both(rounded_box((0.05, 0.07, 0.18), (tail + 0.01, half - 0.10, z + tall), radius=0.02, slot=Slot.TRIM))
    parts.append(block((0.06, 2 * half - 0.1, tall + 0.2), (back - 0.03, 0, z + tall / 2 + 0.1), Slot.SECOND))
    parts.append(
        block((0.75, 2 * half - 0.2, 0.05), (back + 0.30, 0, min(z + tall + 0.20, height - 0.03)), Slot.SECOND)
    )
    for x in np.linspace(tail + 0.35, back - 0.35, 6):
        parts += both(block((0.09, 0.06, tall), (x, half - 0.035, z + tall / 2), Slot.SECOND))
    if rng.random() < 0.6:
        s = np.linspace(0.05, 1.0, 5)

        heap = round_rings(
            np.stack([np.full(5, middle), np.zeros(5), z + tall + 0.22 - 0.40 * s**1.5], 1)[::-1],
            ((half - 0.14) * s)[::-1],
            ((length / 2 - 0.1) * s)[::-1],
            14,
            3.5,
        )
        parts.append(skin(heap, Slot.UNDER))
    return parts + contour_tape(tail + 0.2, back - 0.2, half - 0.005, z + 0.12)
