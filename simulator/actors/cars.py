"""Passenger cars: sedan, hatchback, estate, SUV and pick-up, drawn from real dimensions; no two seeds alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor, lengthened
from simulator.actors.coachwork import LEVELS, Lines, Slot, Tub, greenhouse, roof_half, roof_z, shell_meshes, tub
from simulator.actors.dirt import soiled
from simulator.actors.doors import DOORS, TRUNK, cut_doors, edges, laid_on
from simulator.actors.faces import Face, body_materials, lid_slots
from simulator.actors.fittings import (
    door_mirrors,
    driver,
    exhaust,
    floor_and_arches,
    handles,
    interior,
    number_plates,
    steering_wheel,
    wipers,
)
from simulator.actors.lamps import plate_lamps, vehicle_lamps
from simulator.actors.lettering import lettered, sign_lettering
from simulator.actors.roof_loads import bed_load, roof_load
from simulator.actors.shape import block, both, finish, patch, pipe, rounded_box
from simulator.actors.wear import Wear, patched, replaced
from simulator.actors.wheels import car_wheel, place_wheels, rim_materials
from simulator.data import load_asset
from simulator.scenario.distributions import Flag, Fraction, Metres, OneOf, choice, uniform
from simulator.scene import Body, Joint, Material, Mesh, Model

STYLES = ("sedan", "hatchback", "estate", "suv", "pickup")
STRIPED = ("police", "ambulance")  # liveries with a stripe and the name of the service along the sides
LIT = (*STRIPED, "squares")  # those with blue lights
PAINTS = ("any", *finishes.paint_names())


class Car(Actor, kind="car"):
    """A passenger car.

    Attributes:
        style: body style; shares as on European roads.
        paint: colour group, or "any" for one by its share of new cars.
        role: private, taxi, or police (livery and blue lights).
        size: place within the real dimensions of the style: 0 the smallest, 1 the largest.
        length_m, width_m, height_m: outer dimensions without mirrors; 0: by style and size.
        door: how far the driver's door stands open; the labelled box is that of the car with closed doors.
        hinged: whether all doors can open.
    """

    class_name: ClassVar[str] = "car"
    speed_mps: ClassVar[float] = 13.9
    max_speed_mps: ClassVar[float] = 50.0
    acceleration_mps2: ClassVar[float] = 2.6
    deceleration_mps2: ClassVar[float] = 4.5

    style: Annotated[str, OneOf(*STYLES)] = choice(*STYLES, weights=(0.24, 0.32, 0.12, 0.28, 0.04))
    paint: Annotated[str, OneOf(*PAINTS)] = "any"
    role: Annotated[str, OneOf("private", "taxi", "police")] = choice(
        "private", "taxi", "police", weights=(0.96, 0.03, 0.01)
    )
    size: Fraction = uniform(0.0, 1.0)
    length_m: Metres = 0.0
    width_m: Metres = 0.0
    height_m: Metres = 0.0
    door: Fraction = 0.0
    hinged: Annotated[bool, Flag()] = False

    def _build(self, rng: np.random.Generator) -> list[Model]:
        lines = car_lines(self.style, self.size, rng, self.length_m, self.width_m, self.height_m)
        color = finishes.draw_paint(rng) if self.paint == "any" else self.paint
        if self.role != "private":
            color = {
                "taxi": str(rng.choice(["yellow", "beige", "black"])),
                "police": str(rng.choice(["white", "silver"])),
            }[self.role]
        glass = Slot.PRIVACY if rng.random() < 0.4 else Slot.GLASS
        doors = dict.fromkeys(DOORS if self.hinged else (), 0.0) | ({"front_left": self.door} if self.door else {})
        return [assembled(lines, self.style, color, rng, glass=glass, livery=self.role, doors=doors)]


def catalogue_draw(
    table: str, style: str, size: float, rng: np.random.Generator
) -> tuple[Callable[[str], float], Callable[[float, float], float]]:
    """Two ways to draw: a catalogue dimension at `size` (0..1) or near it, and a value give or take a spread."""
    row = load_asset("vehicles")[table][style]

    def _draw(name: str) -> float:
        low, high = row[name]
        return float(low + (high - low) * np.clip(size + rng.uniform(-0.25, 0.25), 0.0, 1.0))

    def _near(value: float, spread: float) -> float:
        return float(value + rng.uniform(-spread, spread))

    return _draw, _near


def car_lines(
    style: str, size: float, rng: np.random.Generator, length: float = 0.0, width: float = 0.0, height: float = 0.0
) -> Lines:
    """Lines of a car of a style, drawn around the catalogue's dimensions at `size` (0..1)."""
    draw, near = catalogue_draw("cars", style, size, rng)
    tall = style in ("suv", "pickup")
    long_roof = style in ("estate", "suv", "hatchback")
    length, width, height = (
        lengthened(draw("length"), length),
        lengthened(draw("width"), width),
        lengthened(draw("height"), height),
    )
    wheelbase, front = draw("wheelbase"), draw("front_overhang")
    wheelbase = float(
        np.clip(wheelbase, length - front - 1.15 - (0.25 if style == "pickup" else 0.0), length - front - 0.62)
    )
    rear = length - wheelbase - front
    tyre = round(draw("tyre_radius"), 2)
    bottom = near({"suv": 0.25, "pickup": 0.30}.get(style, 0.19), 0.02)
    cowl_z = near({"suv": 0.672, "pickup": 0.655, "hatchback": 0.665}.get(style, 0.667), 0.010) * height
    deck_z = cowl_z + near(0.065 if long_roof else 0.055, 0.025)
    nose_z = cowl_z - near({"suv": 0.14, "pickup": 0.10, "hatchback": 0.17}.get(style, 0.175), 0.025)
    cowl_x = wheelbase - near(
        {"sedan": 0.38, "estate": 0.36, "hatchback": 0.24, "suv": 0.36, "pickup": 0.48}[style], 0.05
    )
    rake = np.radians(draw("screen_deg"))
    drop = near(0.075, 0.012)
    header_x = cowl_x - (height - drop - cowl_z) / np.tan(rake) * near(0.93, 0.03)
    if style == "sedan":
        rear_base = -rear + near(0.52, 0.05)
        rear_top = rear_base + near(0.62, 0.07)
        tail_rake, c_pillar = near(0.13, 0.03), near(0.22, 0.04)
    elif style == "pickup":
        rear_base = near(0.50, 0.05)
        rear_top = rear_base + 0.13
        tail_rake, c_pillar = 0.04, rear_base + 0.24
    else:
        rear_base = -rear + near({"hatchback": 0.155, "estate": 0.15, "suv": 0.15}[style], 0.015)
        rear_top = rear_base + near({"hatchback": 0.38, "estate": 0.36, "suv": 0.33}[style], 0.07)
        tail_rake, c_pillar = near(0.115, 0.015), near({"hatchback": 0.06, "estate": 0.12, "suv": 0.12}[style], 0.04)
    b_pillar = wheelbase * (0.47 if style != "pickup" else 0.53) + near(0.0, 0.03)
    if style == "pickup":
        b_pillar = (cowl_x + rear_base) / 2 - 0.02
    return Lines(
        length=length,
        width=width,
        height=height,
        wheelbase=wheelbase,
        front_overhang=front,
        bottom_z=bottom,
        tyre_radius=tyre,
        arch_radius=tyre + (0.055 if tall else 0.042),
        nose_z=nose_z,
        cowl_z=cowl_z,
        deck_z=deck_z,
        tail_z=deck_z + (0.02 if style == "sedan" else -0.03 if long_roof else 0.0),
        cowl_x=cowl_x,
        screen_sweep=near(0.24, 0.03),
        header_x=header_x,
        rear_top_x=rear_top,
        rear_base_x=rear_base,
        belt_half=width / 2 * near(0.892, 0.008),
        roof_half=width / 2 * near({"suv": 0.70, "pickup": 0.72}.get(style, 0.655), 0.015),
        roof_drop_front=drop,
        roof_drop_rear=near(
            {"sedan": 0.12, "hatchback": 0.10, "estate": 0.075, "suv": 0.085, "pickup": 0.05}[style], 0.015
        ),
        b_pillar_x=b_pillar,
        c_pillar_x=c_pillar,
        d_window=style in ("estate", "suv"),
        slide_m=0.0,
        nose_power=near(2.5 if not tall else 2.9, 0.2),
        tail_power=near(3.2 if not tall else 3.6, 0.3),
        nose_rake=near(0.12 if not tall else 0.10, 0.03),
        nose_dip=near(0.05, 0.05),
        tail_dip=near(0.02, 0.04),
        nose_lean=near(0.25, 0.30),
        tail_lean=near(0.15, 0.30),
        tail_rake=tail_rake,
        shoulder=near(0.938, 0.008),
        crease=near(0.012, 0.008),
        cladding=bool(style in ("suv", "pickup") and rng.random() < 0.6),
    )


def assembled(
    d: Lines,
    style: str,
    color: str,
    rng: np.random.Generator,
    *,
    glass: int,
    livery: str = "",
    doors: Mapping[str, float] = MappingProxyType({}),
    bay: Sequence[Mesh] = (),
) -> Model:
    """Body, wheels, joints and lamps of a car or van of the given lines.

    Args:
        glass: slot of the rear windows. doors: those that can open, and how far they stand open, 0 to 1.
        bay: what is behind the front seats in place of a bench.
    """
    roof = Slot.GLOSS if style not in ("van", "pickup") and rng.random() < 0.14 else Slot.PAINT
    shell = tub(d)
    house = greenhouse(d, shell.points[-1], glass, roof)
    face = Face.draw(style, rng, d.cladding)
    slots = face.tub_slots(d, shell)
    if livery in STRIPED:
        band = (slots == Slot.PAINT) & np.isin(np.arange(len(slots)), (5, 6, 7))[:, None]
        band[:, : shell.front] = False
        slots = np.where(band, int(Slot.SECOND), slots)
    wear = Wear.draw(rng, 1.6 if style == "van" else 1.0)
    cut = cut_doors(shell, house, slots, lid_slots(d, shell, style), doors, style == "van")
    mended = wear.panel and livery in ("", "private")
    parts = shell_meshes(shell.points, *(patched(cut.tub, shell, wear.panel) if mended else cut.tub))
    parts.append(patch(shell.lid, cut.lid))
    parts += shell_meshes(house.points, *cut.house)
    parts.append(patch(house.lid, roof))
    parts += floor_and_arches(d)
    parts += interior(d, bool(bay)) + list(bay)
    if not doors.get("front_left") and rng.random() < 0.8:
        parts += driver(d)
    mirrors = door_mirrors(d, Slot.PAINT if rng.random() < 0.75 else Slot.GLOSS)
    grips = handles(d, shell, Slot.CHROME if rng.random() < 0.2 else Slot.PAINT)
    for name, grip, mirror in zip(DOORS, grips, (*mirrors, [], []), strict=True):
        (cut.leaves[name][0].meshes if name in cut.leaves else parts).extend([grip, *mirror])
    parts += wipers(house)
    parts += number_plates(shell, rng, face.front_plate, 0.25 if TRUNK in doors else face.rear_plate)
    parts += face.details(shell, TRUNK not in doors)
    parts += roof_fittings(d, style, rng)
    parts += roof_sign(d, livery) if livery in (*LIT, "taxi") else roof_load(d, style, rng)
    if style == "pickup":
        parts += load_bed(d, rng)
    if rng.random() < 0.5:
        parts += exhaust(d, bool(rng.random() < 0.4))
    painted = (int(Slot.PAINT), int(Slot.SECOND))
    materials = car_materials(color, livery, rng)
    if mended:
        own = replaced(materials[Slot.PAINT], rng)
        materials = (*materials[: Slot.SECOND], own, *materials[Slot.SECOND + 1 :])
    before, wheels_x = deepcopy(rng), (d.wheelbase, 0.0)
    joints, hung, openings = list[Joint](), list[Body](), list[tuple[str, int, float]]()
    for name, leaf in ((name, leaf) for name, leaves in cut.leaves.items() for leaf in leaves):
        turns = leaf.hang(doors[name], joints)
        openings += [(name, joint, angle) for joint, angle in turns]
        mesh = finish(leaf.meshes, crease_deg=34)
        mesh, made = soiled(mesh, materials, painted, deepcopy(before), wheels_x=wheels_x)  # as dirty as the body
        hung.append(Body(mesh, made, turns[-1][0]))
    body = wear.dented(finish(parts, crease_deg=34), (d.bottom_z + 0.15, d.deck_z - 0.12))
    body, materials = soiled(body, materials, painted, rng, wheels_x=wheels_x, scratched=wear.scratched)
    wheel, radius, half_width = _wheel(d, rng)
    track = d.width / 2 - half_width - 0.022
    axles = [(d.wheelbase, track, True), (0.0, track, False)]
    wheels = place_wheels(wheel, rim_materials(rng), radius, axles, joints)
    helm = Body(steering_wheel(d, joints), materials, len(joints) - 1)
    signs = [sign_lettering("TAXI", d.header_x - 0.38, 0.075, d.height + 0.045, 0.10)] if livery == "taxi" else []
    model = Model(
        "car",
        (Body(body, materials), *hung, *wheels, helm, *signs),
        tuple(joints),
        vehicle_lamps(
            d.nose_x,
            d.tail_x,
            d.width,
            head_z=face.lamp_z(shell),
            tail_z=face.tail_z(shell),
            beacon=(d.header_x - 0.38, d.height + 0.15) if livery in LIT else None,
        )
        + plate_lamps(parts),
        wheelbase_m=d.wheelbase,
        attributes=(("style", style), ("color", color)),
        box=np.array([[d.tail_x, -d.width / 2, 0.0], [d.nose_x, d.width / 2, d.height]]),
        openings=tuple(openings),
    )
    return laid_on(model, shell, [_service(d, shell, livery, edges(model, shell), rng)]) if livery in STRIPED else model


def _service(d: Lines, shell: Tub, livery: str, cuts: Sequence[float], rng: np.random.Generator) -> Body:
    """The name of a service in the stripe along the doors, cut where those end that can open."""
    side = shell.points[:, shell.front : shell.front + shell.side][:, ::-1]
    low, high = (int(np.searchsorted(LEVELS, level)) for level in (0.38, 0.82))

    def half_width(x: float, z: float) -> float:
        """Of the doors at a point."""
        rows = side[low : high + 1]
        level = [float(np.interp(x, row[:, 0], row[:, 2])) for row in rows]
        return float(np.interp(z, level, [np.interp(x, row[:, 0], row[:, 1]) for row in rows])) + 0.007

    front, rear = d.wheelbase - d.arch_radius - 0.25, d.arch_radius + 0.15
    x = 0.5 * (front + rear)
    z0, z1 = (float(np.interp(x, side[row, :, 0], side[row, :, 2])) for row in (low, high))
    room = (0.8 * (front - rear), 1.1 * (z1 - z0))
    return lettered(x, half_width, 0.5 * (z0 + z1), room, rng, name=livery.upper(), cuts=cuts)


# Wheel designs: spokes, spoke style, rim as a share of the radius. Few, so that scenes share their meshes.
_DESIGNS = (
    (5, 0, 0.69),
    (5, 1, 0.70),
    (7, 0, 0.72),
    (10, 0, 0.70),
    (6, 2, 0.67),
    (5, 2, 0.70),
    (7, 3, 0.64),
    (5, 1, 0.72),
)


def _wheel(d: Lines, rng: np.random.Generator) -> tuple[Mesh, float, float]:
    """Wheel mesh, its radius and half its width."""
    width_mm = int(round((195 + 120 * (d.tyre_radius - 0.30) / 0.07) / 10) * 10)
    radius_mm = int(round(d.tyre_radius * 1000))
    spokes, style, share = _DESIGNS[int(rng.integers(len(_DESIGNS)))]
    mesh = car_wheel(radius_mm, width_mm, int(round(radius_mm * share)), spokes, style)
    return mesh, radius_mm / 1000, width_mm / 2000


def car_materials(color: str, livery: str, rng: np.random.Generator) -> tuple[Material, ...]:
    """Materials of a car body by Slot."""
    table = body_materials()
    table[Slot.PAINT] = finishes.paint(color, rng)
    table[Slot.GAP] = finishes.seam(table[Slot.PAINT])
    table[Slot.SKIN] = finishes.SKINS[int(rng.integers(len(finishes.SKINS)))]
    if livery == "police":
        table[Slot.SECOND] = finishes.RETRO_BLUE
    elif livery == "ambulance":
        table[Slot.SECOND] = finishes.RETRO_RED
    elif livery == "taxi":
        table[Slot.SECOND] = finishes.TAXI_SIGN
    return tuple(table)


def roof_sign(d: Lines, livery: str) -> list[Mesh]:
    """Blue light bar of police and ambulance, sign of a taxi."""
    x = d.header_x - 0.38
    z = d.height - 0.02
    if livery in LIT:
        half = 0.52 * d.roof_half / 0.6
        base = rounded_box((0.26, 2 * half, 0.05), (x, 0, z + 0.015), radius=0.02, slot=Slot.TRIM)
        lights = [
            rounded_box((0.24, half * 0.7, 0.085), (x, s * half * 0.62, z + 0.075), radius=0.03, slot=Slot.BEACON)
            for s in (1, -1)
        ]
        return [base, rounded_box((0.22, half * 0.5, 0.07), (x, 0, z + 0.065), radius=0.02, slot=Slot.CHROME), *lights]
    if livery == "taxi":
        return [rounded_box((0.14, 0.42, 0.13), (x, 0, z + 0.06), radius=0.03, slot=Slot.SECOND)]
    return []


def roof_fittings(d: Lines, style: str, rng: np.random.Generator) -> list[Mesh]:
    """Rails, aerial and third brake lamp."""
    parts: list[Mesh] = []
    if style in ("estate", "suv") and rng.random() < 0.7:
        slot = Slot.CHROME if rng.random() < 0.4 else Slot.TRIM
        x = np.linspace(d.header_x - 0.25, d.rear_top_x + 0.12, 7)
        y = roof_half(d, x) * 0.93
        z = roof_z(d, x, np.full(7, 0.93)) + np.array([0.0, 0.03, 0.04, 0.04, 0.04, 0.03, 0.0])
        parts += both(pipe(np.stack([x, y, np.minimum(z, d.height - 0.012)], 1), 0.014, segments=5, slot=slot))
    if rng.random() < 0.7:
        x0 = d.rear_top_x + 0.12
        z0 = float(roof_z(d, np.array([x0]), np.array([0.0]))[0])
        fin = np.array([[[0.0, 0.022, 0], [0.16, 0.018, 0]], [[-0.03, 0.004, 0.055], [0.02, 0.004, 0.045]]]) + [
            x0,
            0,
            z0,
        ]
        parts += both(patch(fin, Slot.GLOSS, flip=False))
    high = d.rear_top_x + (d.rear_base_x - d.rear_top_x) * 0.10
    z = d.height - d.roof_drop_rear - 0.075
    lamp = block((0.03, 0.26, 0.022), (high + 0.005, 0, z), Slot.BRAKE)
    behind = lamp.vertices[lamp.faces][..., 0].max(1) < high  # the rest is housing: nobody sees it shine from ahead
    parts.append(replace(lamp, slots=np.where(behind, lamp.slots, int(Slot.TRIM)).astype(np.int32)))
    return parts


def load_bed(d: Lines, rng: np.random.Generator) -> list[Mesh]:
    """Open bed of a pick-up: floor, walls, the back of the cab, and what is in it or over it."""
    x0, x1 = d.tail_x + 0.22, d.rear_base_x - 0.06
    half, low, high = d.width / 2 * 0.74, d.deck_z - 0.50, d.deck_z - 0.01
    middle, height = (low + high) / 2, high - low
    parts = [block((x1 - x0, 2 * half, 0.03), ((x0 + x1) / 2, 0, low), Slot.TRIM)]
    parts += both(block((x1 - x0, 0.03, height), ((x0 + x1) / 2, half, middle), Slot.TRIM))
    parts.append(block((0.03, 2 * half, height), (x0, 0, middle), Slot.TRIM))
    parts.append(block((0.05, 2 * half, height), (x1 + 0.02, 0, middle), Slot.PAINT))
    wheel_box = block((0.9, 0.2, 0.25), (0.0, half - 0.1, low + 0.12), Slot.TRIM)
    return parts + both(wheel_box) + bed_load(x0, x1, half, low, high, rng)
