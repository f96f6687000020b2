"""Trams and railcars: articulated bodies with bands of windows on hidden bogies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor, lengthened
from simulator.actors.coachwork import SEAM_M, Slot
from simulator.actors.fittings import seated
from simulator.actors.heavy import fleet_materials
from simulator.actors.hull import Hull, hull
from simulator.actors.lamps import cabin_lights, vehicle_lamps
from simulator.actors.lettering import DESTINATIONS, SIGN
from simulator.actors.shape import F64, block, both, finish, lathe, mirrored, pipe, rounded_box, turned
from simulator.actors.tram_doors import NAMES, WIDE_M, cut_doorways, doorway, doorways, leaves_of, shut_door
from simulator.actors.tram_ends import EndDesign, destination_on, head_of, paint_end, tail_of, tram_end
from simulator.scenario.distributions import Flag, Fraction, Metres, OneOf
from simulator.scene import Body, Joint, Mesh, Model
from simulator.scene.mesh import merge

WIRE_M = 5.3  # height of the contact wire over streets, about: 4.7 m is the least there (BOStrab)
SECTION_M = 8.0  # about the length of one body between two joints
POST_M = 0.09  # width of the posts between windows
PAINTS = ("any", *finishes.paint_names())


@dataclass(frozen=True, slots=True)
class Build:
    """What all sections of a tram have in common.

    Attributes:
        half: half its width, m. height: m. design: of both ends. pane: slot of the windows.
        sides: whose doors can open.
    """

    half: float
    height: float
    design: EndDesign
    pane: Slot
    sides: frozenset[str]

    @property
    def waist(self) -> float:
        """Lower edge of the windows, m."""
        return 0.29 * self.height

    @property
    def band(self) -> float:
        """Upper edge of the windows, m."""
        return 0.66 * self.height


@dataclass(frozen=True, slots=True)
class Section:
    """One body: x of its ends, and whether the front and the rear one are those of the train."""

    nose: float
    tail: float
    ends: tuple[bool, bool]


class Tram(Actor, kind="tram"):
    """A tram or a railcar.

    Attributes:
        paint: colour group, or "any".
        length_m, width_m, height_m: outer dimensions without the pantograph; 0: drawn from what is usual for a tram.
        door: how far the doors of a side stand open; the labelled box is that of the tram with closed doors.
        opened: which side. hinged: whether the doors of both sides can open.
    """

    class_name: ClassVar[str] = "tram"
    speed_mps: ClassVar[float] = 12.0
    max_speed_mps: ClassVar[float] = 22.0
    acceleration_mps2: ClassVar[float] = 1.1
    deceleration_mps2: ClassVar[float] = 1.2

    paint: Annotated[str, OneOf(*PAINTS)] = "any"
    length_m: Metres = 0.0
    width_m: Metres = 0.0
    height_m: Metres = 0.0
    door: Fraction = 0.0
    opened: Annotated[str, OneOf("left", "right")] = "right"
    hinged: Annotated[bool, Flag()] = False

    def _build(self, rng: np.random.Generator) -> list[Model]:
        names = ("red", "yellow", "white", "blue", "green")
        color = str(rng.choice(names, p=(0.3, 0.2, 0.25, 0.15, 0.1))) if self.paint == "any" else self.paint
        usual = rng.uniform([20.0, 2.3, 3.3], [42.0, 2.65, 3.6])
        given = (self.length_m, self.width_m, self.height_m)
        wanted = [lengthened(float(u), g) for u, g in zip(usual, given)]
        length, width, height = np.maximum(wanted, (8.0, 1.8, 2.6)).tolist()
        wide = {name: self.door for name in NAMES if self.door and name.endswith(self.opened)}
        doors = {name: wide.get(name, 0.0) for name in NAMES if self.hinged or name in wide}
        return [_tram(length, width, height, color, rng, doors)]


def _tram(
    length: float, width: float, height: float, color: str, rng: np.random.Generator, doors: Mapping[str, float]
) -> Model:
    """A tram, and how far those of its doors stand open that can open."""
    half, count = width / 2, max(round(length / SECTION_M), 1)
    edges = np.linspace(length / 2, -length / 2, count + 1).tolist()
    design, pane = EndDesign.draw(rng), Slot.GLASS if rng.random() < 0.65 else Slot.PRIVACY
    build = Build(half, height, design, pane, frozenset(name.split("_")[1] for name in doors))
    parts: list[Mesh] = []
    at_doors: list[float] = []
    for k, (nose, tail) in enumerate(pairwise(edges)):
        section = Section(nose - 0.18 * (k > 0), tail + 0.18 * (k < count - 1), (k == 0, k == count - 1))
        parts += _section(section, build)
        at_doors += doorways(section.nose, section.tail, section.ends)
        if k:
            joint = (0.44, 2 * half - 0.2, height - 0.55)
            parts.append(rounded_box(joint, (nose, 0, 0.30 + (height - 0.55) / 2), radius=0.05, slot=Slot.TRIM))
        parts.append(block((min(3.0, (nose - tail) * 0.5), 2 * half - 0.5, 0.34), ((nose + tail) / 2, 0, 0.20),
                           Slot.UNDER))  # fmt: skip
    front = _hull(Section(edges[0], edges[1] + 0.18 * (count > 1), (True, count == 1)), build)
    end = tram_end(front, half, height, build.design)
    behind = [*end, *tail_of(front, half, height, build.design)]
    parts += [*end, *head_of(front, half, height, build.design), *(turned(part, yaw=np.pi) for part in behind)]
    hands = np.array([front.nose_at(build.waist, 0.0) - 0.62, 0.0, build.waist + 0.22])
    parts += seated(float(hands[0]) - 0.42, 0.0, build.waist, build.waist + 0.88, hands)
    parts += _pantograph(float(edges[1] + 0.28 * (edges[0] - edges[1])), height)
    second = finishes.paint(str(rng.choice(["white", "grey", "silver"])), rng)
    lights = cabin_lights(length / 2 - 1.6, 1.6 - length / 2, half, build.band)[1]
    ahead = destination_on(front, half, height, DESTINATIONS[int(rng.integers(len(DESTINATIONS)))], build.design)
    signs = merge([ahead, turned(ahead, yaw=np.pi)])
    materials = fleet_materials(color, second, rng)
    joints, hung, openings = list[Joint](), list[Body](), list[tuple[str, int, float]]()
    for name, share in doors.items():
        xs = [x for x in at_doors if (x > 0) == name.startswith("front")]
        for leaf in leaves_of(name, xs, half, build.band, pane) if xs else []:
            turns = leaf.hang(share, joints)
            openings += [(name, joint, angle) for joint, angle in turns]
            hung.append(Body(finish(leaf.meshes), materials, turns[-1][0]))
    return Model(
        "tram",
        (Body(finish(parts, crease_deg=38), materials), *hung, Body(signs, (SIGN,))),
        tuple(joints),
        (*vehicle_lamps(length / 2, -length / 2, width, head_z=0.26 * height, tail_z=0.26 * height), *lights),
        attributes=(("color", color),),
        box=np.array([[-length / 2, -half, 0.0], [length / 2, half, height]]),
        openings=tuple(openings),
    )


def _hull(section: Section, build: Build) -> Hull:
    """The hull of one section; its ends are rounded where they are those of the train."""
    nose, tail, ends, height, design = section.nose, section.tail, section.ends, build.height, build.design
    z = np.array([0.16, 0.28, 0.5, 0.285 * height, 0.30 * height, 0.375 * height, 0.39 * height, 0.5 * height,
                  0.655 * height, 0.68 * height, 0.9 * height, 0.965 * height, 0.99 * height])  # fmt: skip
    side = build.half * np.array([0.94, 0.97, 0.99, 1.0, 1.0, 1.0, 1.0, 1.0, 0.99, 0.985, 0.95, 0.86, 0.72])
    rake = np.array([0.18, 0.08, 0.0, 0.0, 0.02, 0.08, 0.10, 0.22, 0.42, 0.455, 0.75, 0.85, 1.0])
    rake = np.where(np.arange(len(z)) < 3, rake, design.rake * rake)
    flat = np.zeros(len(rake))
    posts = _posts(section)
    edges = [x + side * WIDE_M / 2 for x in doorways(nose, tail, ends) for side in (1, -1)] if build.sides else []
    columns = np.unique(np.concatenate([posts, posts[1:-1] - POST_M, edges]))[::-1]
    return hull(
        z,
        nose - (rake if ends[0] else flat),
        tail + (rake if ends[1] else flat),
        side,
        columns,
        front_power=design.power if ends[0] else 40.0,
        rear_power=design.power if ends[1] else 40.0,
    )


def _posts(section: Section) -> F64:
    """x of the front edges of the posts between windows, and of the ends of the row of windows, from the front."""
    nose, tail, ends = section.nose, section.tail, section.ends
    front, rear = nose - 1.3 * ends[0] - 0.06, tail + 1.3 * ends[1] + 0.06
    return np.linspace(front, rear, max(int((nose - tail) / 1.4), 3) + 1)


def _section(section: Section, build: Build) -> list[Mesh]:
    """One body: windows, doors on both sides, a dark band round the glass; closed at the joints."""
    nose, tail, ends = section.nose, section.tail, section.ends
    half, height, waist, band = build.half, build.height, build.waist, build.band
    body = _hull(section, build)
    grid = body.grid(Slot.PAINT)
    glass, cabin = body.rows(waist, band), body.side(-999.0, 999.0)
    grid[glass & cabin] = build.pane
    for x in _posts(section)[1:-1].tolist():
        grid[glass & body.side(x - POST_M, x)] = Slot.GLOSS
    grid[body.rows(0.0, 0.27) & (cabin | (body.front_y < 1.5) | (body.rear_y < 1.5))] = Slot.TRIM
    grid[body.rows(band, 0.9 * height) & cabin] = Slot.SECOND
    for rounded, share in ((ends[0], body.front_y), (ends[1], body.rear_y)):
        if rounded:
            paint_end(grid, body, share, height, build.design)
    middle = (nose + tail) / 2
    at_doors = doorways(nose, tail, ends)
    parts = [*body.meshes(*cut_doorways(body, grid, at_doors, band, build.sides)), body.roof(0.05, Slot.SECOND)]
    for x in at_doors:
        ways = {side: (doorway if side in build.sides else shut_door)(x, half, band) for side in ("left", "right")}
        parts += [*ways["left"], *(mirrored(mesh) for mesh in ways["right"])]
    parts += _bogie(middle, half)
    cool = (min(2.2, 0.5 * (nose - tail)), 1.3 * half, 0.24)
    parts.append(rounded_box(cool, (middle + 0.18 * (nose - tail), 0, height + 0.07), radius=0.07, slot=Slot.SECOND))
    parts += cabin_lights(nose - 0.4 - 1.2 * ends[0], tail + 0.4 + 1.2 * ends[1], half, band)[0]
    for x, rounded in ((nose - 1.75, ends[0]), (tail + 1.75, ends[1])):  # walls behind the cabs
        if rounded:
            parts.append(block((0.04, 1.7 * half, band - 0.3), (x, 0, 0.5 * (band + 0.42)), Slot.SEAT))
            desk = x + (1.2 if x > middle else -1.2)
            parts.append(block((0.35, 1.2 * half, 0.16), (desk, 0, waist + 0.06), Slot.SEAT))
    inside = (nose - tail - 0.7, 2 * half - 0.2, 0.06)
    parts.append(block(inside, (middle, 0, 0.42), Slot.SEAT))
    for x in np.arange(tail + 1.2, nose - 1.2, 1.5).tolist():
        if min(abs(x - door) for door in at_doors) > WIDE_M / 2 + 0.06:
            parts += both(block((0.12, 0.8, 0.75), (x, half - 0.6, 0.85), Slot.SEAT))
    return parts


def _bogie(x: float, half: float) -> list[Mesh]:
    """Wheels behind a skirt that opens as a flap, below which their treads show."""
    tread = lathe([0.0, 0.24, 0.30, 0.30], [0.02, 0.02, 0.0, -0.12], segments=20, slots=int(Slot.UNDER))
    parts = [tread.moved(at, half - 0.16, 0.30) for at in (x - 0.80, x + 0.80)]
    parts += [block((SEAM_M, 0.006, 0.42), (x + at, half, 0.46), Slot.SEAM) for at in (-1.30, 0.0, 1.30)]
    parts.append(block((2.60, 0.006, SEAM_M), (x, half, 0.67), Slot.SEAM))
    parts += [block((0.05, 0.008, 0.03), (x + at, half, 0.60), Slot.TRIM) for at in (-1.15, -0.15, 0.15, 1.15)]
    return [m for part in parts for m in both(part)]


def _pantograph(x: float, height: float) -> list[Mesh]:
    """A half pantograph up at the wire: base, lower arm to the knee, fork to the head with two strips and horns."""
    up = max(WIRE_M - height, 0.6)
    pieces = [block((1.3, 1.0, 0.06), (x, 0, height + 0.10), Slot.TRIM)]
    knee = [x + 0.85, 0.0, height + 0.10 + 0.5 * up]
    pieces.append(pipe(np.array([[x - 0.45, 0.0, height + 0.13], knee]), 0.045, segments=5, slot=Slot.TRIM))
    for side in (-0.32, 0.32):
        pieces.append(pipe(np.array([knee, [x - 0.30, side, height + up - 0.06]]), 0.022, segments=4, slot=Slot.TRIM))
    bow = [(-0.92, -0.26), (-0.78, -0.05), (-0.55, 0.0), (0.55, 0.0), (0.78, -0.05), (0.92, -0.26)]
    for dx in (-0.45, -0.15):
        line = np.array([[x + dx, y, height + up + z] for y, z in bow])
        pieces.append(pipe(line, 0.022, segments=4, slot=Slot.TRIM))
    return pieces
