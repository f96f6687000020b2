"""Trams and railcars: articulated bodies with bands of windows on hidden bogies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor, lengthened
from simulator.actors.coachwork import Slot
from simulator.actors.fittings import round_lamp, seated
from simulator.actors.heavy import fleet_materials, head_lamps
from simulator.actors.hull import Hull, hull
from simulator.actors.lamps import cabin_lights, vehicle_lamps
from simulator.actors.lettering import DESTINATIONS, SIGN, destination_sign
from simulator.actors.shape import block, both, finish, lathe, pipe, rounded_box, turned
from simulator.scenario.distributions import Metres, OneOf
from simulator.scene import Body, Mesh, Model
from simulator.scene.mesh import merge

WIRE_M = 5.3  # height of the contact wire over streets, about: 4.7 m is the least there (BOStrab)
SECTION_M = 8.0  # about the length of one body between two joints
PAINTS = ("any", *finishes.paint_names())


@dataclass(frozen=True, slots=True)
class Face:
    """The design of both ends.

    Attributes:
        sill, top: of the windscreen, as shares of the height; the sign is above or behind it.
        pillar: share of the half width where its glass ends. rake: lean of the front, 1 for a streamlined one.
        power: superellipse exponent of the corners in plan: 2 tapers much, 4 is square.
        round_lamps: round head lamps in place of a cluster. third: one more in the middle, above the screen.
    """

    sill: float
    top: float
    pillar: float
    rake: float
    power: float
    round_lamps: bool
    third: bool

    @staticmethod
    def draw(rng: np.random.Generator) -> Face:
        """A streamlined face of glass, a framed one, or the upright one of an older tram."""
        third, kind = bool(rng.random() < 0.5), rng.random()
        if kind < 0.35:
            return Face(0.39, 0.9, 1.5, 1.0, float(rng.uniform(2.1, 2.6)), False, third)
        if kind < 0.65:
            return Face(0.39, 0.68, 0.90, 0.75, float(rng.uniform(2.1, 2.8)), False, third)
        return Face(0.39, 0.68, 0.90, 0.30, float(rng.uniform(2.2, 3.0)), True, third)


class Tram(Actor, kind="tram"):
    """A tram or a railcar.

    Attributes:
        paint: colour group, or "any".
        length_m, width_m, height_m: outer dimensions without the pantograph; 0: drawn from what is usual for a tram.
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

    def _build(self, rng: np.random.Generator) -> list[Model]:
        names = ("red", "yellow", "white", "blue", "green")
        color = str(rng.choice(names, p=(0.3, 0.2, 0.25, 0.15, 0.1))) if self.paint == "any" else self.paint
        usual = rng.uniform([20.0, 2.3, 3.3], [42.0, 2.65, 3.6])
        given = (self.length_m, self.width_m, self.height_m)
        wanted = [lengthened(float(u), g) for u, g in zip(usual, given)]
        length, width, height = np.maximum(wanted, (8.0, 1.8, 2.6)).tolist()
        return [_tram(length, width, height, color, rng)]


def _tram(length: float, width: float, height: float, color: str, rng: np.random.Generator) -> Model:
    half, count = width / 2, max(round(length / SECTION_M), 1)
    edges = np.linspace(length / 2, -length / 2, count + 1)
    waist, band = 0.29 * height, 0.66 * height
    design, glass = Face.draw(rng), Slot.GLASS if rng.random() < 0.65 else Slot.PRIVACY
    parts: list[Mesh] = []
    for k, (nose, tail) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist())):
        ends = (k == 0, k == count - 1)
        span = (nose - 0.18 * (k > 0), tail + 0.18 * (k < count - 1))
        parts += _section(*span, half, height, (waist, band), ends, design, glass)
        if k:
            joint = (0.44, 2 * half - 0.2, height - 0.55)
            parts.append(rounded_box(joint, (nose, 0, 0.30 + (height - 0.55) / 2), radius=0.05, slot=Slot.TRIM))
        parts.append(block((min(3.0, (nose - tail) * 0.5), 2 * half - 0.5, 0.34), ((nose + tail) / 2, 0, 0.20),
                           Slot.UNDER))  # fmt: skip
    front = hull_of(edges[0], edges[1] + 0.18 * (count > 1), half, height, (True, count == 1), design)
    parts += _head_lamps(front, half, height, design)
    hands = np.array([front.nose_at(waist, 0.0) - 0.62, 0.0, waist + 0.22])
    parts += seated(float(hands[0]) - 0.42, 0.0, waist, waist + 0.88, hands)
    parts += _rear_lamps(front, half, 0.26 * height)
    for number, end in ((0, 1.0), (count - 1, -1.0)):
        face = hull_of(edges[number], edges[number + 1], half, height, (number == 0, number == count - 1), design)
        parts += _face(face, half, height, end, design)
    parts += _pantograph(float(edges[1] + 0.28 * (edges[0] - edges[1])), height)
    second = finishes.paint(str(rng.choice(["white", "grey", "silver"])), rng)
    up = 0.845 * height
    lights = cabin_lights(length / 2 - 1.6, 1.6 - length / 2, half, band)[1]
    sign = destination_sign(DESTINATIONS[int(rng.integers(len(DESTINATIONS)))], int(200 * half * 0.5))
    ahead = sign.moved(front.nose_at(up - 0.1, 0.0) + 0.035, 0.0, up)
    signs = merge([ahead, turned(ahead, yaw=np.pi)])
    return Model(
        "tram",
        (Body(finish(parts, crease_deg=38), fleet_materials(color, second, rng)), Body(signs, (SIGN,))),
        (),
        (*vehicle_lamps(length / 2, -length / 2, width, head_z=0.26 * height, tail_z=0.26 * height), *lights),
        attributes=(("color", color),),
        box=np.array([[-length / 2, -half, 0.0], [length / 2, half, height]]),
    )


def hull_of(nose: float, tail: float, half: float, height: float, ends: tuple[bool, bool], design: Face) -> Hull:
    """The hull of one section; its ends are rounded where they are those of the train."""
    z = np.array([0.16, 0.28, 0.5, 0.285 * height, 0.30 * height, 0.375 * height, 0.39 * height, 0.5 * height,
                  0.655 * height, 0.68 * height, 0.9 * height, 0.965 * height, 0.99 * height])  # fmt: skip
    side = half * np.array([0.94, 0.97, 0.99, 1.0, 1.0, 1.0, 1.0, 1.0, 0.99, 0.985, 0.95, 0.86, 0.72])
    rake = np.array([0.18, 0.08, 0.0, 0.0, 0.02, 0.08, 0.10, 0.22, 0.42, 0.455, 0.75, 0.85, 1.0])
    rake = np.where(np.arange(len(z)) < 3, rake, design.rake * rake)
    flat = np.zeros(len(rake))
    posts = np.linspace(nose - 1.3 * ends[0] - 0.06, tail + 1.3 * ends[1] + 0.06, max(int((nose - tail) / 1.4), 3) + 1)
    columns = np.unique(np.concatenate([posts, posts[1:-1] - 0.09]))[::-1]
    return hull(
        z,
        nose - (rake if ends[0] else flat),
        tail + (rake if ends[1] else flat),
        side,
        columns,
        front_power=design.power if ends[0] else 40.0,
        rear_power=design.power if ends[1] else 40.0,
    )


def _section(
    nose: float,
    tail: float,
    half: float,
    height: float,
    bands: tuple[float, float],
    ends: tuple[bool, bool],
    design: Face,
    pane: Slot,
) -> list[Mesh]:
    """One body: windows, doors on both sides, a dark band round the glass; closed at the joints."""
    body = hull_of(nose, tail, half, height, ends, design)
    waist, band = bands
    grid = body.grid(Slot.PAINT)
    glass, cabin = body.rows(waist, band), body.side(-999.0, 999.0)
    grid[glass & cabin] = pane
    xs = np.unique(np.round(body.side_x[np.isfinite(body.side_x)], 4))
    narrow = np.array([x for x, gap in zip(xs, np.gradient(xs)) if gap < 0.7]) if len(xs) > 1 else xs
    for x in narrow.tolist():
        grid[glass & body.side(x - 0.02, x + 0.02)] = Slot.GLOSS
    grid[body.rows(0.0, 0.27) & (cabin | (body.front_y < 1.5) | (body.rear_y < 1.5))] = Slot.TRIM
    grid[body.rows(band, 0.9 * height) & cabin] = Slot.SECOND
    for rounded, share in ((ends[0], body.front_y), (ends[1], body.rear_y)):
        if rounded:
            if design.top < 0.8:  # its frame
                grid[body.rows(0.39 * height, 0.9 * height) & (share < 1.5)] = Slot.SECOND
            grid[body.rows(0.0, 0.5) & (share < 1.5)] = Slot.TRIM
            grid[body.rows(design.sill * height, design.top * height) & (share < design.pillar)] = Slot.GLASS
            grid[body.rows(0.375 * height, 0.39 * height) & (share < design.pillar)] = Slot.GLOSS
    middle = (nose + tail) / 2
    parts = [*body.meshes(grid), body.roof(0.05, Slot.SECOND)]
    for x in _doors(nose, tail, ends):
        parts += _door(x, half, band)
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
    for x in np.arange(tail + 1.2, nose - 1.2, 1.5):
        parts += both(block((0.12, 0.8, 0.75), (float(x), half - 0.6, 0.85), Slot.SEAT))
    return parts


def _doors(nose: float, tail: float, ends: tuple[bool, bool]) -> list[float]:
    """x of the double doors of a section, clear of its bogie in the middle and of the cabs."""
    free = [nose - 1.5 - 1.2 * ends[0], tail + 1.5 + 1.2 * ends[1]]
    middle = (nose + tail) / 2
    return [x for x in free if abs(x - middle) > 1.4] or [free[0]]


def _door(x: float, half: float, band: float) -> list[Mesh]:
    """A double door on each side: two glazed leaves in a dark frame, rubber between them, a button beside it."""
    low, wall = 0.32, half + 0.002
    tall, middle = band - low + 0.06, (band + low + 0.06) / 2
    parts = [block((1.46, 0.012, tall), (x, wall - 0.002, middle), Slot.GLOSS)]
    for leaf in (x - 0.345, x + 0.345):
        parts.append(rounded_box((0.62, 0.02, tall - 0.10), (leaf, wall, middle), radius=0.01, slot=Slot.SECOND))
        parts.append(block((0.44, 0.012, 0.72 * tall), (leaf, wall + 0.008, middle + 0.06 * tall), Slot.GLOSS))
    parts.append(block((0.025, 0.03, tall - 0.08), (x, wall, middle), Slot.GAP))
    parts.append(rounded_box((0.09, 0.02, 0.09), (x + 0.86, wall, 1.25), radius=0.01, slot=Slot.CHROME))
    return [m for part in parts for m in both(part)]


def _bogie(x: float, half: float) -> list[Mesh]:
    """Wheels behind a skirt that opens as a flap, below which their treads show."""
    tread = lathe([0.0, 0.24, 0.30, 0.30], [0.02, 0.02, 0.0, -0.12], segments=20, slots=int(Slot.UNDER))
    parts = [tread.moved(at, half - 0.16, 0.30) for at in (x - 0.80, x + 0.80)]
    parts += [block((0.012, 0.006, 0.42), (x + at, half, 0.46), Slot.GAP) for at in (-1.30, 0.0, 1.30)]
    parts.append(block((2.60, 0.006, 0.012), (x, half, 0.67), Slot.GAP))
    parts += [block((0.05, 0.008, 0.03), (x + at, half, 0.60), Slot.TRIM) for at in (-1.15, -0.15, 0.15, 1.15)]
    return [m for part in parts for m in both(part)]


def _head_lamps(body: Hull, half: float, height: float, design: Face) -> list[Mesh]:
    """Clusters or round lamps low on the front, and one above the windscreen."""
    z, parts = 0.26 * height, list[Mesh]()
    if design.round_lamps:
        for share, radius, slot in ((0.62, 0.105, Slot.LOW_BEAM), (0.40, 0.07, Slot.DAY)):
            lamp = turned(round_lamp(radius, int(slot), depth=0.03), yaw=-np.pi / 2)
            parts += both(lamp.moved(body.nose_at(z, share) - 0.02, share * half, z))
        for sign, turn in ((1.0, Slot.LEFT), (-1.0, Slot.RIGHT)):
            at = (body.nose_at(z, 0.80) - 0.01, sign * 0.80 * half, z)
            parts.append(rounded_box((0.06, 0.10, 0.10), at, radius=0.03, slot=int(turn)))
    else:
        parts += head_lamps(body, half, z, share=0.68)
    if design.third:
        z = 0.945 * height
        lamp = turned(round_lamp(0.075, int(Slot.DAY), depth=0.05), yaw=-np.pi / 2)
        parts.append(lamp.moved(body.nose_at(z, 0.0) - 0.02, 0.0, z))
    return parts


def _rear_lamps(front: Hull, half: float, z: float) -> list[Mesh]:
    """Indicator, brake and tail lamps in a row on the rear end, which is shaped as the `front` is."""
    parts = []
    for sign, turn in ((1.0, Slot.LEFT), (-1.0, Slot.RIGHT)):
        for share, slot in ((0.80, turn), (0.68, Slot.BRAKE), (0.56, Slot.TAIL)):
            inner, outer = front.nose_at(z, share - 0.05), front.nose_at(z, share + 0.05)
            yaw = -sign * float(np.arctan2(inner - outer, 0.10 * half))
            at = (-0.5 * (inner + outer) + 0.005, sign * share * half, z)
            frame = rounded_box((0.04, 0.125 * half, 0.15), radius=0.015, slot=Slot.TRIM)
            lens = rounded_box((0.03, 0.10 * half, 0.11), (-0.018, 0, 0), radius=0.015, slot=int(slot))
            parts += [turned(piece, yaw=yaw, at=at) for piece in (frame, lens)]
    return parts


def _face(body: Hull, half: float, height: float, end: float, design: Face) -> list[Mesh]:
    """Wiper, sign box, coupler cover, bumper, fender, cameras for mirrors at one end (`end` 1 ahead, -1 behind)."""
    waist = design.sill * height
    x = body.nose_at(0.5, 0.0) if end > 0 else -float(body.points[..., 0].min())
    parts = [rounded_box((0.05, 0.62, 0.22), (x + 0.004, 0, 0.50), radius=0.02, slot=Slot.TRIM)]
    parts.append(block((0.012, 1.3 * half, 0.014), (x + 0.003, 0, 0.72), Slot.GAP))
    for z in (0.36, 0.64):  # ribs of the bumper
        parts.append(rounded_box((0.07, 0.62 * half, 0.05), (x - 0.012, 0, z), radius=0.02, slot=Slot.TRIM))
    if design.top < 0.8:
        z = 0.845 * height
        front = x - design.rake * 0.70
        parts.append(rounded_box((0.16, 1.30 * half, 0.30), (front - 0.03, 0, z), radius=0.03, slot=Slot.GLOSS))
    if end > 0:
        line = [(0.55, 0.02), (0.30, 0.12), (-0.35, 0.62)]
        points = [[body.nose_at(waist + up, abs(share)) + 0.025, share * half, waist + up] for share, up in line]
        parts.append(pipe(np.array(points), 0.014, segments=5, slot=Slot.TRIM))
        arm = (body.nose_at(0.72 * height, 0.9) - 0.25, half + 0.06, 0.72 * height)
        parts += both(rounded_box((0.06, 0.18, 0.06), arm, radius=0.025, slot=Slot.TRIM))
    return parts if end > 0 else [turned(part, yaw=np.pi) for part in parts]


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
