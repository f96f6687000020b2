"""Bicycles with their riders: tube frames, spoked wheels, pedals that turn."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor
from simulator.actors.finishes import as_rgb
from simulator.actors.lamps import RED, WHITE
from simulator.actors.people import SEXES, Tone
from simulator.actors.riders import Seat, riding_dress, seated
from simulator.actors.shape import F64, block, finish, lathe, patch, pipe, rounded_box, skin
from simulator.actors.wardrobe import DressedFor, adult, child
from simulator.scenario.distributions import OneOf, Quantity, choice, integer, uniform
from simulator.scene import Body, Driver, Joint, Lamp, Material, Mesh, Model, Switch
from simulator.scene.material import Beam, srgb

FRAME, RUBBER, METAL, DARK, LAMP, TAIL, REFLECTOR, BOX = range(8)
BOXES = ("#b08a5c", "#b08a5c", "#1c1d1f", "#e2e1dc", "#27405e")  # plywood twice, and painted
STYLES = ("city", "road", "mountain", "cargo")
DEVELOPMENT_M = 5.0
COLORS = ("#151517", "#8f1a1e", "#1e3c6e", "#d8d8d4", "#3b4a3f", "#6f7377", "#2f7f86", "#c9a227")


class Bicycle(Actor, kind="bicycle"):
    """A bicycle and its rider, who pedals: one turn of the cranks in 5 m (a middle gear).

    Attributes:
        style: upright city bicycle with mudguards, road racer, mountain bicycle, or
            cargo bicycle with a box before the rider.
        sex, skin_tone, age_years: of the rider; below 13 a child on a small bicycle.
        dressed_for_c: air temperature for which the rider's clothes are; null: that of the scene.
    """

    class_name: ClassVar[str] = "bicycle"
    speed_mps: ClassVar[float] = 5.0
    max_speed_mps: ClassVar[float] = 9.0
    acceleration_mps2: ClassVar[float] = 1.0
    deceleration_mps2: ClassVar[float] = 2.5

    style: Annotated[str, OneOf(*STYLES)] = choice(*STYLES, weights=(0.56, 0.18, 0.18, 0.08))
    sex: Annotated[str, OneOf(*SEXES)] = choice(*SEXES)
    skin_tone: Tone = integer(1, 10)
    age_years: Annotated[float, Quantity("years", ge=8.0, le=90.0)] = uniform(14.0, 70.0)
    dressed_for_c: DressedFor = None

    def _build(self, rng: np.random.Generator) -> list[Model]:
        young = self.age_years < 13
        person = (
            child(self.age_years, self.sex, self.skin_tone, rng, air_c=self.dressed_for_c)
            if young
            else adult(self.sex, self.skin_tone, "casual", 0.0, rng, air_c=self.dressed_for_c)
        )
        scale = float(np.clip(person.physique.height / 1.72, 0.72, 1.08))
        lean = {"city": 0.22, "road": 0.78, "mountain": 0.50, "cargo": 0.16}[self.style] + float(
            rng.uniform(-0.06, 0.06)
        )
        frame = _Geometry(self.style, scale)
        hat = "cycle_helmet" if rng.random() < (0.45 if self.style in ("city", "cargo") else 0.85) else person.dress.hat
        seat = Seat(
            hip=(frame.saddle[0] + 0.01, frame.saddle[2] + 0.075 * scale),
            grip=(frame.grip[0], frame.grip[1], frame.grip[2] + 0.02),
            lean=lean,
            foot=(frame.crank[0], 0.12, frame.crank[2] + 0.012),
            crank=frame.crank_length,
        )
        rider = seated(person, seat, riding_dress(person.dress, hat), rng)
        return [_bicycle(frame, rng), rider]


class _Geometry:
    """Points of a frame in metres (vehicle frame, y = 0 unless given)."""

    def __init__(self, style: str, scale: float) -> None:
        self.cargo = style == "cargo"
        self.style = style = "city" if self.cargo else style
        self.radius = {"city": 0.345, "road": 0.338, "mountain": 0.352}[style] * (1.0 if scale > 0.85 else 0.80)
        r = self.radius
        self.tyre = {"city": 0.020, "road": 0.013, "mountain": 0.027}[style]
        self.wheelbase = {"city": 1.08, "road": 0.99, "mountain": 1.12}[style] * (0.5 + 0.5 * scale)
        self.crank_length = 0.17 * scale
        self.rear, self.front = np.array([0.0, 0.0, r]), np.array([self.wheelbase, 0.0, r])
        self.front_radius = r
        self.crank = np.array([0.43 * (0.6 + 0.4 * scale), 0.0, 0.28 * (0.4 + 0.6 * scale)])
        self.saddle = np.array(
            [self.crank[0] - 0.22 * scale, 0.0, self.crank[2] + (0.66 if style != "city" else 0.64) * scale]
        )
        seat_way = (self.saddle - self.crank) / np.linalg.norm(self.saddle - self.crank)
        self.seat_top = self.crank + seat_way * (0.50 if style != "mountain" else 0.42) * scale
        angle = np.radians({"city": 68, "road": 73, "mountain": 68}[style])
        self.steer_axis = np.array([-np.cos(angle), 0.0, np.sin(angle)])
        rake = 0.05
        if self.cargo:  # the small front wheel is turned by a rod under the box; the bars stay where they are
            self.front_radius = 0.25
        crown = self.front + self.steer_axis * (r + 0.06) - np.array([rake, 0, 0])
        self.crown = crown
        self.head_low, self.head_high = crown, crown + self.steer_axis * (0.17 if style == "city" else 0.13) * scale
        rise = {"city": 0.17, "road": 0.03, "mountain": 0.08}[style] * scale
        reach = {"city": -0.02, "road": 0.09, "mountain": 0.05}[style]
        self.bar = self.head_high + self.steer_axis * rise + np.array([reach, 0, 0])
        sweep = {"city": -0.16, "road": 0.07, "mountain": -0.04}[style]
        self.grip = np.array(
            [
                self.bar[0] + sweep,
                {"city": 0.28, "road": 0.20, "mountain": 0.33}[style],
                self.bar[2] + (0.01 if style != "road" else -0.02),
            ]
        )

    def stretched(self) -> None:
        """Put the front wheel ahead of a box, after the rider's place is settled."""
        self.wheelbase = 1.92
        self.front = np.array([self.wheelbase, 0.0, self.front_radius])


def _bicycle(g: _Geometry, rng: np.random.Generator) -> Model:
    frame = as_rgb(np.array(srgb(COLORS[int(rng.integers(len(COLORS)))])) * rng.uniform(0.85, 1.15))
    materials: tuple[Material, ...] = (
        Material("bicycle frame", frame, roughness=0.35, clearcoat=0.8, reflectance_905=0.4),
        finishes.RUBBER,
        finishes.STEEL,
        finishes.PLASTIC,
        finishes.DAY_LAMP,
        finishes.TAIL_LAMP,
        finishes.REFLECTOR,
        finishes.PLASTIC,
    )
    if g.cargo:
        g.stretched()
        sheet = as_rgb(np.array(srgb(str(rng.choice(BOXES)))))
        materials = (*materials[:BOX], Material("cargo box", sheet, roughness=0.6, reflectance_905=0.5))
    steer = Joint(_triple(g.crown), _triple(g.steer_axis), Driver.STEER)
    joints = [
        steer,
        Joint(_triple(g.rear), (0.0, 1.0, 0.0), Driver.TRAVEL, 1 / g.radius),
        Joint(_triple(g.front), (0.0, 1.0, 0.0), Driver.TRAVEL, 1 / g.front_radius, parent=4 if g.cargo else 0),
        Joint(_triple(g.crank), (0.0, 1.0, 0.0), Driver.TRAVEL, 2 * np.pi / DEVELOPMENT_M),
    ]
    if g.cargo:  # the wheel's own column comes before its axle
        joints = [
            *joints[:2],
            *joints[3:],
            Joint(_triple(g.front + [-0.05, 0.0, 0.4]), STEERING, Driver.STEER),
            joints[2],
        ]
        joints[4] = replace(joints[4], parent=3)
    rear_axle, front_axle, cranks = (1, 4, 2) if g.cargo else (1, 2, 3)
    tyre_mm = int(round(g.tyre * 1000))
    city = g.style == "city"
    bodies = [
        Body(_frame_mesh(g, city, rng), materials),
        Body(_steered_mesh(g, city), materials, 0),
        Body(bicycle_wheel(int(round(g.radius * 1000)), tyre_mm).moved(*g.rear), materials, rear_axle),
        Body(bicycle_wheel(int(round(g.front_radius * 1000)), tyre_mm).moved(*g.front), materials, front_axle),
        Body(_crank_mesh(g), materials, cranks),
    ]
    if g.cargo:
        bodies.append(Body(_cargo_fork(g), materials, 3))
    lamps = (
        Lamp(_triple(g.bar + [0.08, 0.0, -0.09]), (0.9987, 0.0, -0.05), 120.0, WHITE, Beam.SIGNAL, Switch.POSITION),
        Lamp(_triple(g.saddle + [-0.15, 0.0, -0.14]), (-1.0, 0.0, 0.0), 6.0, RED, Beam.SIGNAL, Switch.POSITION),
    )
    half = max(float(g.grip[1]) + 0.04, BOX_HALF_M if g.cargo else 0.0)
    low = np.array([-g.radius, -half, 0.0])
    high = np.array([g.wheelbase + g.front_radius, half, max(float(g.bar[2]), float(g.saddle[2])) + 0.09])
    return Model(
        "bicycle",
        tuple(bodies),
        tuple(joints),
        lamps,
        wheelbase_m=g.wheelbase,
        attributes=(("style", "cargo" if g.cargo else g.style),),
        box=np.stack([low, high]),
        stride_m=DEVELOPMENT_M,
    )


def _triple(v: F64) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))


def _bar(a: F64, b: F64, radius: float, slot: int = FRAME, segments: int = 7) -> Mesh:
    return pipe(np.stack([a, b]), radius, segments=segments, slot=slot)


@cache
def bicycle_wheel(radius_mm: int, tyre_mm: int) -> Mesh:
    """Spoked wheel about the y axis: tyre, rim, hub and 20 laced spokes."""
    r, t = radius_mm / 1000, tyre_mm / 1000
    angle = np.linspace(-np.pi / 2, np.pi * 1.5, 7)
    tyre = lathe(r - t + t * np.cos(angle + np.pi / 2), t * np.sin(angle + np.pi / 2), segments=28, slots=RUBBER)
    inner = r - 2 * t
    rim = lathe(
        [inner, inner - 0.004, inner - 0.022, inner - 0.022, inner - 0.004, inner],
        [0.011, 0.012, 0.007, -0.007, -0.012, -0.011],
        segments=28,
        slots=METAL,
    )
    hub = lathe(
        [0.0, 0.024, 0.024, 0.014, 0.014, 0.024, 0.024, 0.0],
        [-0.045, -0.045, -0.035, -0.03, 0.03, 0.035, 0.045, 0.045],
        segments=8,
        slots=METAL,
    )
    parts = [tyre, rim, hub]
    for k in range(20):
        around, side = k * 2 * np.pi / 20, 0.032 if k % 2 else -0.032
        cross = 0.45 if (k // 2) % 2 else -0.45
        start = np.array([0.022 * np.cos(around + cross * 3), side, 0.022 * np.sin(around + cross * 3)])
        end = np.array([(inner - 0.01) * np.cos(around), 0.0, (inner - 0.01) * np.sin(around)])
        parts.append(pipe(np.stack([start, end]), 0.0016, segments=3, slot=METAL))
    return finish(parts, crease_deg=50)


def _frame_mesh(g: _Geometry, city: bool, rng: np.random.Generator) -> Mesh:
    """Frame, saddle, mudguard, rack and rear lamp."""
    step_through = city and rng.random() < 0.5
    top_start = g.crank + (g.seat_top - g.crank) * (0.55 if step_through else 0.96)
    down = g.head_low + 0.15 * (g.head_high - g.head_low)
    parts = [
        _bar(g.crank, g.seat_top, 0.016),
        _bar(top_start, g.head_low + 0.85 * (g.head_high - g.head_low), 0.016),
        _bar(g.crank, down, 0.019),
        _bar(g.head_low, g.head_high, 0.022),
        _bar(g.seat_top, g.saddle - [0, 0, 0.03], 0.013, METAL),
    ]
    for y in (0.055, -0.055):
        end = g.rear + [0, y, 0]
        parts += [_bar(g.crank + [0, 0.4 * y, 0], end, 0.010), _bar(g.seat_top + [0, 0.3 * y, -0.02], end, 0.008)]
    s = np.array([-0.14, -0.10, -0.04, 0.04, 0.13])
    wide = np.array([0.050, 0.075, 0.065, 0.030, 0.014]) * (1.15 if city else 0.9)
    angle = np.arange(8) * (2 * np.pi / 8)
    rings = np.stack(
        [
            np.stack([np.full(8, g.saddle[0] + s[i]), wide[i] * np.cos(angle), g.saddle[2] + 0.028 * np.sin(angle)], 1)
            for i in range(5)
        ]
    )
    parts.append(skin(rings, DARK))
    if city:
        parts.append(_mudguard(g.rear, g.radius + 0.022, 60, 215))
        for y in (0.06, -0.06):
            parts.append(
                _bar(g.rear + [-0.24, y, g.radius + 0.05], g.rear + [0.16, y, g.radius + 0.05], 0.006, DARK, 5)
            )
            parts.append(_bar(g.rear + [-0.20, y, g.radius + 0.05], g.rear + [0, y, 0.0], 0.005, DARK, 5))
        parts.append(block((0.34, 0.13, 0.008), g.rear + [-0.04, 0, g.radius + 0.056], DARK))
        if rng.random() < 0.3:
            parts.append(
                rounded_box(
                    (0.30, 0.14, 0.28),
                    g.rear + [-0.06, 0.16, g.radius - 0.10],
                    radius=0.02,
                    slot=FRAME if rng.random() < 0.5 else DARK,
                )
            )
        parts.append(rounded_box((0.03, 0.07, 0.04), g.rear + [-0.26, 0, g.radius + 0.03], radius=0.01, slot=TAIL))
    else:
        parts.append(rounded_box((0.025, 0.035, 0.055), g.seat_top + [-0.035, 0, 0.05], radius=0.008, slot=TAIL))
    if g.cargo:
        parts += _cargo_box(g, rng)
    return finish(parts, crease_deg=50)


BOX_HALF_M = 0.33
STEERING = (-0.34, 0.0, 0.94)


def _cargo_box(g: _Geometry, rng: np.random.Generator) -> list[Mesh]:
    """Low beams from the cranks to the front wheel with a box on them, its edge framed, and often something in it."""
    head = g.front + [-0.10, 0.0, 0.42]
    low = np.array([g.head_low[0] - 0.02, 0.0, 0.36])
    parts = [_bar(g.head_low, low, 0.022), _bar(g.crank, low + [0.05, 0, 0], 0.024)]
    for y in (0.16, -0.16):
        beam = np.stack([low + [0, 0.3 * y, 0], low + [0.12, y, 0], [head[0] - 0.18, y, 0.36], head - [0.02, 0, 0.04]])
        parts.append(pipe(beam, 0.018, segments=7, slot=FRAME))
    x0, x1 = g.head_low[0] + 0.08, head[0] - 0.08
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * [0.5, 1.0]
    rings = [
        np.column_stack(
            [(x0 + x1) / 2 + shift + corners[:, 0] * (x1 - x0) * k, corners[:, 1] * BOX_HALF_M * k, np.full(4, z)]
        )
        for z, k, shift in ((0.38, 0.80, -0.03), (0.60, 0.92, -0.01), (0.86, 1.0, 0.0))
    ]
    outside = skin(np.array(rings), BOX, caps=False)
    inside = skin(np.array(rings)[::-1] * [1, 0.97, 1], BOX, caps=False)
    floor = block((0.8 * (x1 - x0), 1.6 * BOX_HALF_M, 0.02), ((x0 + x1) / 2 - 0.03, 0, 0.39), DARK)
    edge = np.concatenate([rings[-1], rings[-1][:1]])
    parts += [_bar(a, b, 0.014, METAL) for a, b in itertools.pairwise(edge)]
    if rng.random() < 0.5:
        size = rng.uniform([0.5, 1.1, 0.35], [0.75, 1.6, 0.6]) * [x1 - x0, BOX_HALF_M, 1.0]
        load = rounded_box(size, ((x0 + x1) / 2 - 0.02, 0, 0.41 + size[2] / 2), radius=0.05, slot=FRAME)
        parts.append(load)
    return [*parts, outside, inside, floor]


def _cargo_fork(g: _Geometry) -> Mesh:
    """Fork, head and mudguard of a cargo bicycle's front wheel."""
    axis = np.array(STEERING)
    top = g.front + axis * 0.42
    parts = [_bar(g.front + axis * 0.29, top, 0.020)]
    for y in (0.055, -0.055):
        parts.append(_bar(g.front + [0, y, 0], g.front + axis * 0.30 + [0, 0.8 * y, 0], 0.011))
    parts.append(block((0.05, 0.12, 0.03), g.front + axis * 0.30, FRAME))
    parts.append(_mudguard(g.front, g.front_radius + 0.022, 25, 150))
    parts.append(rounded_box((0.05, 0.06, 0.06), top + [0.06, 0, -0.03], radius=0.015, slot=LAMP))
    return finish(parts, crease_deg=50)


def _mudguard(center: F64, radius: float, first_deg: float, last_deg: float) -> Mesh:
    angle = np.radians(np.linspace(first_deg, last_deg, 11))
    points = np.stack([center[0] + radius * np.cos(angle), np.zeros(11), center[2] + radius * np.sin(angle)], 1)
    rows = [points + [0, y, 0] - 0.012 * abs(y) / 0.03 * (points - center) / radius for y in (-0.03, 0.0, 0.03)]
    return patch(np.stack(rows), DARK)


def _steered_mesh(g: _Geometry, city: bool) -> Mesh:
    """Fork, stem, handlebar, front lamp: all that turns with the steering."""
    parts = []
    for y in (0.052, -0.052) if not g.cargo else ():
        knee = g.crown + (g.front - g.crown) * 0.55 + [-0.01, y, 0]
        parts.append(
            pipe(
                np.stack([g.crown + [0, 0.8 * y, 0], knee, g.front + [0, y, 0]]),
                [0.014, 0.012, 0.009],
                segments=6,
                slot=FRAME,
            )
        )
    parts.append(block((0.05, 0.11, 0.03), g.crown, FRAME))
    parts.append(_bar(g.head_high, g.bar, 0.013, METAL))
    grip = g.grip
    if g.style == "road":
        for sign in (1.0, -1.0):
            drop = np.array(
                [
                    [0, 0, 0],
                    [0, 0.17, 0],
                    [0.06, 0.20, -0.005],
                    [0.10, 0.205, -0.06],
                    [0.06, 0.21, -0.125],
                    [-0.02, 0.21, -0.13],
                ]
            ) * [1, sign, 1]
            parts.append(pipe(g.bar + drop, 0.014, segments=6, slot=DARK))
            parts.append(rounded_box((0.05, 0.03, 0.06), g.bar + [0.085, sign * 0.205, 0.01], radius=0.01, slot=DARK))
    else:
        for sign in (1.0, -1.0):
            mid = np.array([g.bar[0] + 0.02, sign * 0.45 * grip[1], g.bar[2] + 0.01])
            tip = np.array([grip[0] - 0.03, sign * (grip[1] + 0.03), grip[2]])
            hold = np.array([grip[0] + 0.06, sign * (grip[1] - 0.05), grip[2]])
            parts.append(pipe(np.stack([g.bar, mid, hold, tip]), [0.012, 0.012, 0.012, 0.012], segments=6, slot=METAL))
            parts.append(_bar(hold, tip, 0.017, DARK))
    parts.append(rounded_box((0.05, 0.06, 0.06), g.bar + [0.06, 0, -0.09], radius=0.015, slot=LAMP))
    if city and not g.cargo:
        parts.append(_mudguard(g.front, g.radius + 0.022, 25, 150))
    return finish(parts, crease_deg=50)


def _crank_mesh(g: _Geometry) -> Mesh:
    """Chainring, cranks and pedals; the left crank points forward at rest."""
    length = g.crank_length
    ring = lathe([0.0, 0.085, 0.085, 0.0], [-0.050, -0.050, -0.044, -0.044], segments=14, slots=METAL)
    parts = [ring.moved(*g.crank)]
    for sign in (1.0, -1.0):
        end = g.crank + [sign * length, sign * 0.075, 0]
        parts.append(_bar(g.crank + [0, sign * 0.06, 0], end, 0.011, METAL, 5))
        parts.append(block((0.09, 0.09, 0.022), end + [0, sign * 0.05, 0], DARK))
        parts.append(block((0.012, 0.07, 0.014), end + [0.048, sign * 0.05, 0], REFLECTOR))
    return finish(parts, crease_deg=50)
