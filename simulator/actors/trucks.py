"""Lorries: rigid box, flatbed and tipper, and a tractor with semi-trailer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor
from simulator.actors.cabs import air_deflector, cab_fittings
from simulator.actors.cars import catalogue_draw
from simulator.actors.coachwork import Slot
from simulator.actors.dirt import soiled
from simulator.actors.heavy import (
    PAINTED,
    arm_mirrors,
    axles,
    contour_tape,
    end_plates,
    fleet_materials,
    head_lamps,
    hinge,
    marking_plates,
    rear_doors,
    rear_lamps,
)
from simulator.actors.hull import arch_liners, hull
from simulator.actors.lamps import plate_lamps, vehicle_lamps
from simulator.actors.lettering import lettered
from simulator.actors.shape import block, both, finish, lathe, round_rings, rounded_box, skin, turned
from simulator.data import load_asset
from simulator.scenario.distributions import Fraction, OneOf, choice, uniform
from simulator.scene import Body, Joint, Mesh, Model

BODIES = ("box", "flatbed", "tipper", "semi")
TRACTOR = "tractor"  # without a trailer
OPEN = "open_flatbed"  # without a tail board, and with nothing at its end
DECK_M = 0.12  # thickness of the deck of a flatbed
FIFTH_WHEEL_M = 0.45  # ahead of the rear axle
MARKED = 0.55  # share of closed bodies with their contour in tape behind; an estimate
CLEAR_M = 2.3  # of its deck that is empty at an open end
PAINTS = ("any", *finishes.paint_names())


class Truck(Actor, kind="truck"):
    """A lorry.

    Attributes:
        body: what it carries: box body, flatbed, tipper, or a semi-trailer behind a tractor (one object); or only the
            tractor, or a flatbed without a tail board.
        paint: colour of the cab, or "any" for one by its share of fleets.
        size: place within the real dimensions of the body: 0 the smallest, 1 the largest.
    """

    class_name: ClassVar[str] = "truck"
    speed_mps: ClassVar[float] = 13.0
    max_speed_mps: ClassVar[float] = 25.0
    acceleration_mps2: ClassVar[float] = 1.3
    deceleration_mps2: ClassVar[float] = 4.0

    body: Annotated[str, OneOf(*BODIES, TRACTOR, OPEN)] = choice(*BODIES, weights=(0.58, 0.16, 0.14, 0.12))
    paint: Annotated[str, OneOf(*PAINTS)] = "any"
    size: Fraction = uniform(0.0, 1.0)

    def _build(self, rng: np.random.Generator) -> list[Model]:
        color = finishes.draw_paint(rng, "fleet_paints") if self.paint == "any" else self.paint
        return [_truck(self.body, color, self.size, rng)]


def _truck(kind: str, color: str, size: float, rng: np.random.Generator) -> Model:
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
    parts = cab(nose, wheelbase, cab_length, cab_half, cab_height, tyre, rng)
    back = nose - cab_length - near(0.16, 0.04)
    frame = 2 * tyre + 0.04
    if kind in ("box", "semi") and height - cab_height > 0.45 and rng.random() < 0.6:
        parts += air_deflector(nose - 0.75, nose - cab_length + 0.12, cab_half, cab_height - 0.02, height - 0.12)
    parts += chassis(back + 0.3, tail, frame, half, tyre, kind, rng)
    joints: list[Joint] = []
    hitch = hinge(FIFTH_WHEEL_M, joints) if kind == "semi" else -1
    behind = parts if hitch < 0 else list[Mesh]()  # the trailer turns about the fifth wheel
    if kind in (TRACTOR, "semi"):
        parts += _fifth_wheel(frame)
    if kind != TRACTOR:
        bed = partial(_flatbed, open_end=body == OPEN)
        make: dict[str, Callable[..., list[Mesh]]] = {"box": _box_body, "flatbed": bed, "tipper": _tipper}
        behind += make.get(kind, semi_trailer)(back, tail, half, frame, height, rng)
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
        following = [tail + 2.0 + 1.31 * k for k in range(3)]
        behind += [flap for x in following for flap in _mudguards(x, tyre, half)]
        wheels += axles(tyre, width, [(x, False, False) for x in following], joints, rng, hitch=hitch)
    if kind in ("box", "semi") and rng.random() < 0.55:
        floor = frame if kind == "box" else 1.18
        middle, room = (back + tail) / 2 - 0.2, (0.6 * (back - tail), 0.45 * (height - floor))
        side_z, rear_z = floor + 0.58 * (height - floor), floor + 0.70 * (height - floor)
        wheels.append(lettered(middle, half + 0.003, side_z, room, rng, hitch, rear=(tail + 0.012, rear_z)))
    table = fleet_materials(color, second, rng)
    bodies = [Body(*soiled(finish(parts, crease_deg=38), table, PAINTED, rng, worse=1.6))]
    if hitch >= 0:
        bodies.append(Body(*soiled(finish(behind, crease_deg=38), table, PAINTED, rng, worse=1.6), hitch))
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
    )


def _fifth_wheel(frame: float) -> list[Mesh]:
    """The plate on which a semi-trailer rests, ahead of the rear axle."""
    plate = lathe([0.0, 0.46, 0.46, 0.0], [0.0, 0.0, 0.06, 0.06], segments=16, slots=int(Slot.UNDER))
    return [
        turned(plate, roll=np.pi / 2, at=(FIFTH_WHEEL_M, 0.0, frame + 0.06)),
        block((0.9, 0.9, 0.08), (FIFTH_WHEEL_M - 0.05, 0, frame), Slot.UNDER),
    ]


def cab(
    nose: float, wheelbase: float, length: float, half: float, height: float, tyre: float, rng: np.random.Generator
) -> list[Mesh]:
    """Cab over the front axle: steps, doors with windows, big windscreen, grille, bumper, sun visor, mirrors.

    One longer than 2.6 m is a crew cab with a second row of doors.
    """
    base = 0.34
    waist, top = base + 0.50 * (height - base) + 0.10, height - 0.34
    glass_top = min(top, waist + 0.98)
    z = np.array(
        [
            base,
            base + 0.12,
            0.62,
            0.86,
            1.12,
            waist - 0.08,
            waist,
            (waist + glass_top) / 2,
            glass_top,
            max(top, glass_top + 0.03),
            height - 0.10,
            height,
        ]
    )
    side = half * np.array([0.97, 1.0, 1.0, 1.0, 0.99, 0.985, 0.98, 0.965, 0.945, 0.935, 0.89, 0.72])
    back = nose - length
    rake = float(rng.uniform(0.10, 0.26))
    nose_at = nose - np.array(
        [0.06, 0.0, 0.0, 0.02, 0.04, 0.05, 0.06, 0.06 + 0.5 * rake, 0.06 + rake, 0.10 + rake, 0.24 + rake, 0.44 + rake]
    )
    tail_at = back + np.array([0.0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0.05, 0.16])
    door_front, door_back = nose - 0.42, nose - 1.48
    columns = [nose - 0.38, door_front, door_front - 0.10, door_back + 0.10, door_back, door_back - 0.008, back + 0.06]
    crew = length > 2.6
    if crew:
        columns += [door_back - 0.20, door_back - 1.00, door_back - 1.10, door_back - 1.108]
    radius = tyre + 0.09
    body = hull(
        z,
        nose_at,
        tail_at,
        side,
        [c for c in columns if c > back + 0.03],
        front_power=3.4,
        rear_power=12.0,
        arches=(wheelbase,),
        arch_radius=radius,
        wheel_z=tyre,
    )
    grid = body.grid(Slot.PAINT)
    front, doors = body.front_y < 1.5, body.side(door_back + 0.02, door_front - 0.02)
    grid[body.rows(waist, glass_top) & (body.front_y < 0.97)] = Slot.GLASS
    grid[body.rows(waist, glass_top) & body.side(door_back + 0.08, door_front + 0.02)] = Slot.GLASS
    grid[body.rows(waist, glass_top) & body.side(door_front, nose) & (body.front_y > 1.5)] = Slot.GLOSS
    grid[body.rows(0.60, waist - 0.05) & (body.front_y < 0.86)] = Slot.GRILLE if rng.random() < 0.7 else Slot.PAINT
    grid[body.rows(base, 0.86) & (body.front_y < 0.5)] = Slot.TRIM
    grid[body.rows(0.0, 0.60) & (front | (body.side(back, nose)))] = Slot.TRIM if rng.random() < 0.5 else Slot.PAINT
    grid[body.rows(0.60, top) & body.side(door_back - 0.006, door_back - 0.002)] = Slot.GAP
    grid[body.rows(0.70, 0.8) & doors] = Slot.PAINT
    if crew:
        grid[body.rows(waist, glass_top) & body.side(door_back - 1.01, door_back - 0.19)] = Slot.PRIVACY
        grid[body.rows(0.60, top) & body.side(door_back - 1.107, door_back - 1.101)] = Slot.GAP
    grille = grid == Slot.GRILLE
    parts = body.meshes(np.where(grille, int(Slot.TRIM), grid))
    parts.append(body.roof(0.05, Slot.PAINT))
    if grille.any():  # slats across the front
        for level in np.arange(0.92, waist - 0.10, 0.105):
            x = body.nose_at(float(level), 0.0)
            parts.append(rounded_box((0.05, 1.45 * half, 0.05), (x - 0.012, 0, level), radius=0.015, slot=Slot.PAINT))
    else:  # a painted flap with slots for the air, the lowest and widest before the radiator
        for level, tall in ((0.94, 0.13), (1.14, 0.07), (waist - 0.17, 0.05)):
            x = body.nose_at(float(level), 0.0)
            parts.append(
                rounded_box(
                    (0.05, 1.40 * half, tall), (x - 0.016, 0, level), radius=min(0.02, 0.4 * tall), slot=Slot.GAP
                )
            )
    parts += arch_liners((wheelbase,), radius, tyre, half - 0.42, half * 0.98)
    visor_x = body.nose_at(glass_top + 0.02, 0.0)
    parts.append(
        turned(
            rounded_box((0.20, 1.7 * half, 0.035), radius=0.015, slot=Slot.TRIM),
            pitch=0.25,
            at=(visor_x + 0.04, 0, glass_top + 0.03),
        )
    )
    parts += arm_mirrors(nose - 0.24, half - 0.02, waist + 0.52, 0.74)  # with the wide-angle glass above
    parts += cab_fittings(body, nose, wheelbase, (door_back, door_front), half, height, waist)
    parts += head_lamps(body, half, 0.72)
    parts.append(block((0.30, 1.8 * half, 0.25), (nose - 0.55, 0, waist - 0.16), Slot.SEAT))
    parts.append(block((length - 0.2, 1.85 * half, 0.06), (nose - length / 2, 0, 1.0), Slot.SEAT))
    for y in (0.55, -0.55):
        parts.append(rounded_box((0.16, 0.50, 0.75), (back + 0.45, y, waist + 0.05), radius=0.05, slot=Slot.SEAT))
        parts.append(rounded_box((0.10, 0.28, 0.2), (back + 0.42, y, waist + 0.55), radius=0.04, slot=Slot.SEAT))
    parts.append(block((length * 0.7, 1.2 * half, 0.4), (nose - length / 2, 0, 0.62), Slot.UNDER))
    return parts


def chassis(
    front: float, tail: float, z: float, half: float, tyre: float, kind: str, rng: np.random.Generator
) -> list[Mesh]:
    """Frame rails, tank, battery box, side guards, mudguards and rear underrun bar."""
    end = tail + 0.15 if kind != "semi" else -0.9
    rigid = kind not in ("semi", TRACTOR)
    parts = both(block((front - end, 0.08, 0.24), ((front + end) / 2, 0.40, z - 0.16), Slot.UNDER))
    parts.append(block((0.9, 0.85, 0.20), (end + 0.6, 0, z - 0.15), Slot.UNDER))
    tank_x = max(front - 1.35, tyre + 0.75)
    tank = turned(
        lathe(
            [0.0, 0.29, 0.29, 0.0],
            [-0.55, -0.55, 0.55, 0.55],
            segments=14,
            slots=Slot.CHROME if rng.random() < 0.5 else Slot.TRIM,
        ),
        yaw=np.pi / 2,
    )
    parts.append(tank.moved(tank_x, half - 0.36, z - 0.32))
    parts.append(rounded_box((0.8, 0.5, 0.45), (tank_x, -(half - 0.30), z - 0.33), radius=0.03, slot=Slot.TRIM))
    if rigid:
        guard_end = tyre + 0.25
        for level in (0.50, 0.78):
            parts += both(
                block(
                    (max(tank_x - 0.65 - guard_end, 0.1), 0.03, 0.10),
                    ((tank_x - 0.65 + guard_end) / 2, half - 0.05, level),
                    Slot.CHROME,
                )
            )
        parts.append(block((0.10, 2 * half - 0.2, 0.12), (tail + 0.06, 0, 0.50), Slot.TRIM))
    return parts + _mudguards(0.0, tyre, half)


def _mudguards(wheel: float, tyre: float, half: float) -> list[Mesh]:
    """Above the wheels of an axle at x = `wheel`."""
    angle = np.radians(np.linspace(20, 160, 7))
    r = tyre + 0.06
    ring = np.stack([wheel + r * np.cos(angle), np.zeros(7), tyre + r * np.sin(angle)], 1)
    parts = []
    for a, b in pairwise(ring):
        middle, run = (a + b) / 2, float(np.linalg.norm(b - a))
        flap = turned(
            block((run * 1.03, 0.58, 0.02), slot=Slot.TRIM),
            pitch=-float(np.arctan2(b[2] - a[2], b[0] - a[0])),
            at=middle,
        )
        parts += [flap.moved(y=half - 0.31), flap.moved(y=-(half - 0.31))]
    apron = block((0.015, 0.58, tyre - 0.10), (wheel - 0.96 * r, 0.0, 0.22 + 0.5 * (tyre - 0.10)), Slot.TRIM)
    return [*parts, apron.moved(y=half - 0.31), apron.moved(y=-(half - 0.31))]


def _box_body(back: float, tail: float, half: float, z: float, height: float, rng: np.random.Generator) -> list[Mesh]:
    """Closed box of panels in an aluminium frame, with doors behind."""
    front = back
    middle, length, tall = (front + tail) / 2, front - tail - 0.02, height - z
    parts = [rounded_box((length, 2 * half, tall), (middle + 0.01, 0, z + tall / 2), radius=0.04, slot=Slot.SECOND)]
    parts.append(block((length - 0.02, 2 * half + 0.012, 0.10), (middle, 0, z + 0.06), Slot.CHROME))
    level, flush = z + tall / 2, half - 0.004
    for x in (front - 0.045, tail + 0.045):
        parts += both(block((0.09, 0.02, tall - 0.02), (x, flush, level), Slot.ALUMINIUM))
    parts += both(block((length - 0.02, 0.02, 0.10), (middle, flush, height - 0.055), Slot.ALUMINIUM))
    parts += rear_doors(tail, half, z, height, marked=rng.random() < MARKED)
    for x in np.linspace(tail, front, 2 + int(length / 1.3))[1:-1]:  # joints of the panels
        parts += both(block((0.007, 0.004, tall - 0.22), (x, half, level), Slot.GAP))
    if rng.random() < 0.5:
        band = 0.35 * tall * rng.uniform(0.5, 1.0)
        parts += both(block((length * 0.7, 0.008, band), (middle, half + 0.002, z + tall * 0.55), Slot.PAINT))
    if rng.random() < 0.4:
        parts.append(rounded_box((0.55, 1.4, 0.6), (front + 0.20, 0, height - 0.45), radius=0.06, slot=Slot.SECOND))
    return parts + contour_tape(tail + 0.1, front - 0.1, half + 0.005, z + 0.14)


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


def semi_trailer(
    back: float, tail: float, half: float, z: float, height: float, rng: np.random.Generator
) -> list[Mesh]:
    """Curtain-sided or box semi-trailer with landing legs, side guards and underrun bar."""
    front, floor = back - 0.55, 1.18
    middle, length, tall = (front + tail) / 2, front - tail - 0.02, height - floor
    parts = [rounded_box((length, 2 * half, tall), (middle + 0.01, 0, floor + tall / 2), radius=0.05, slot=Slot.SECOND)]
    parts.append(block((length, 2 * half - 0.02, 0.14), (middle, 0, floor - 0.02), Slot.CHROME))
    parts += both(block((length, 0.10, 0.32), (middle, 0.45, floor - 0.22), Slot.UNDER))
    if rng.random() < 0.6:  # curtain straps
        for x in np.arange(tail + 0.6, front - 0.3, 0.62):
            parts += both(block((0.045, 0.008, tall - 0.25), (x, half + 0.003, floor + tall / 2), Slot.TRIM))
    parts += both(rounded_box((0.18, 0.18, 0.95), (front - 3.0, half - 0.55, 0.70), radius=0.02, slot=Slot.TRIM))
    guard0, guard1 = tail + 5.4, front - 3.2
    for level in (0.55, 0.85):
        parts += both(block((guard1 - guard0, 0.03, 0.12), ((guard0 + guard1) / 2, half - 0.04, level), Slot.CHROME))
    parts.append(block((0.12, 2 * half - 0.1, 0.14), (tail + 0.10, 0, 0.50), Slot.TRIM))
    parts.append(block((0.15, 0.3, 0.5), (tail + 0.25, 0, 0.80), Slot.UNDER))
    parts += rear_doors(tail, half, floor, height, marked=rng.random() < MARKED)
    return parts + contour_tape(tail + 0.1, front - 0.1, half + 0.003, floor + 0.02)
