"""Motorcycles and scooters with their riders."""

from __future__ import annotations

from functools import cache
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor
from simulator.actors.coachwork import Slot
from simulator.actors.heavy import fleet_materials
from simulator.actors.lamps import vehicle_lamps
from simulator.actors.people import SEXES, Tone
from simulator.actors.plates import plate
from simulator.actors.riders import Seat, helmeted, riding_dress, seated
from simulator.actors.shape import F64, ball, block, both, finish, lathe, patch, pipe, rounded_box, skin, turned
from simulator.actors.wardrobe import DressedFor, adult
from simulator.scenario.distributions import OneOf, choice, integer
from simulator.scene import Body, Driver, Joint, Lamp, Mesh, Model

STYLES = ("naked", "sport", "scooter", "moped")
# Linear colours of helmets and their shares in traffic (estimate): black, white, grey, silver, red, blue, yellow.
HELMETS = (
    (0.012, 0.012, 0.013),
    (0.70, 0.70, 0.68),
    (0.09, 0.09, 0.095),
    (0.40, 0.40, 0.41),
    (0.42, 0.02, 0.02),
    (0.02, 0.07, 0.30),
    (0.62, 0.60, 0.03),
)
HELMET_SHARES = (0.42, 0.18, 0.12, 0.08, 0.09, 0.07, 0.04)


class Motorcycle(Actor, kind="motorcycle"):
    """A motorcycle and its rider.

    Attributes:
        style: naked roadster, faired sports machine, scooter with a step-through, or moped with thin
            wheels and leg shields.
        sex, skin_tone: of the rider.
        dressed_for_c: air temperature for which the rider's clothes are; null: that of the scene.
    """

    class_name: ClassVar[str] = "motorcycle"
    speed_mps: ClassVar[float] = 14.0
    max_speed_mps: ClassVar[float] = 50.0
    acceleration_mps2: ClassVar[float] = 4.0
    deceleration_mps2: ClassVar[float] = 6.0

    style: Annotated[str, OneOf(*STYLES)] = choice(*STYLES, weights=(0.36, 0.24, 0.30, 0.10))
    sex: Annotated[str, OneOf(*SEXES)] = choice(*SEXES, weights=(0.25, 0.75))
    skin_tone: Tone = integer(1, 10)
    dressed_for_c: DressedFor = None

    def _build(self, rng: np.random.Generator) -> list[Model]:
        color = str(rng.choice(["black", "red", "blue", "white", "grey", "green", "orange", "yellow", "silver"]))
        clad = self.style in ("naked", "sport") or rng.random() < 0.4  # against falls
        person = adult(self.sex, self.skin_tone, "riding" if clad else "casual", 0.0, rng, air_c=self.dressed_for_c)
        seat = {  # knees at the tank, or beside the shield
            "naked": Seat((0.40, 0.86), (0.98, 0.36, 1.06), 0.28, (0.40, 0.25, 0.34), splay=0.34),
            "sport": Seat((0.36, 0.90), (1.04, 0.28, 0.92), 0.72, (0.26, 0.24, 0.40), splay=0.34),
            "scooter": Seat((0.36, 0.80), (0.90, 0.30, 1.00), 0.06, (0.80, 0.16, 0.31), splay=0.24),
            "moped": Seat((0.34, 0.82), (0.86, 0.28, 1.00), 0.10, (0.56, 0.19, 0.27), splay=0.28),
        }[self.style]
        dress = riding_dress(person.dress, "helmet")
        shell = HELMETS[int(rng.choice(len(HELMETS), p=HELMET_SHARES))]
        rider = seated(helmeted(person, shell), seat, dress, rng)
        return [_motorcycle(self.style, color, rng), rider]


@cache
def _wheel(radius_mm: int, width_mm: int) -> Mesh:
    """Motorcycle wheel about the y axis: round tyre, cast spokes, brake discs."""
    r, h = radius_mm / 1000, width_mm / 2000
    rim = 0.70 * r
    angle = np.linspace(-np.pi / 2, np.pi / 2, 7)
    tyre = lathe(
        [rim, *(r - h + h * np.cos(angle)), rim], [-0.8 * h, *(h * np.sin(angle)), 0.8 * h], segments=24, slots=0
    )
    parts = [
        tyre,
        lathe([rim, 0.9 * rim, 0.9 * rim, rim], [0.8 * h, 0.7 * h, -0.7 * h, -0.8 * h], segments=24, slots=1),
    ]
    for k in range(5):
        for sign in (1.0, -1.0):
            a = k * 2 * np.pi / 5
            b = a + sign * 0.25
            points = np.array(
                [[0.03 * np.cos(a), 0, 0.03 * np.sin(a)], [0.9 * rim * np.cos(b), 0, 0.9 * rim * np.sin(b)]]
            )
            parts.append(pipe(points, [0.013, 0.009], segments=5, slot=1))
    parts.append(lathe([0.0, 0.05, 0.05, 0.0], [-h, -h, h, h], segments=10, slots=1))
    for y in (-0.9 * h, 0.9 * h):  # discs are rings: spokes are seen through them
        band, low, high = 0.62 * rim, y - 0.003, y + 0.003
        parts.append(lathe([0.45 * rim, band, band, 0.45 * rim], [low, low, high, high], segments=16, slots=2))
    return finish(parts, crease_deg=45)


def _motorcycle(style: str, color: str, rng: np.random.Generator) -> Model:
    scooter = style in ("scooter", "moped")
    radius = {"scooter": 0.25, "moped": 0.28}.get(style, 0.31)
    wheelbase = {"naked": 1.42, "sport": 1.40, "scooter": 1.30, "moped": 1.20}[style] + float(rng.uniform(-0.03, 0.03))
    angle = np.radians(64)
    axis = np.array([-np.cos(angle), 0.0, np.sin(angle)])
    front = np.array([wheelbase, 0.0, radius])
    crown = front + axis * (0.52 if not scooter else 0.58)
    fixed = {"naked": _roadster, "sport": _sport, "scooter": _scooter, "moped": _moped}[style](radius, rng)
    bars_z = {"naked": 1.06, "sport": 0.93, "scooter": 1.02, "moped": 1.02}[style]
    steered = _front_end(style, front, crown, axis, radius, bars_z)
    fixed.append(
        turned(plate(0.20, 0.16, int(rng.integers(0, 128)), Slot.PLATE), yaw=np.pi, pitch=0.25, at=(-0.44, 0, 0.52))
    )
    second = finishes.paint(str(rng.choice(["black", "grey", "white"])), rng)
    materials = fleet_materials(color, second, rng)
    wheel_materials = (finishes.RUBBER, finishes.ALLOY_DARK if rng.random() < 0.7 else finishes.ALLOY, finishes.STEEL)
    joints = (
        Joint(_triple(crown), _triple(axis), Driver.STEER),
        Joint((0.0, 0.0, radius), (0.0, 1.0, 0.0), Driver.TRAVEL, 1 / radius),
        Joint(_triple(front), (0.0, 1.0, 0.0), Driver.TRAVEL, 1 / radius, parent=0),
    )
    mm = int(round(radius * 1000))
    bodies = (
        Body(finish(fixed, crease_deg=42), materials),
        Body(finish(steered, crease_deg=42), materials, 0),
        Body(_wheel(mm, {"scooter": 120, "moped": 70}.get(style, 170)).moved(0.0, 0.0, radius), wheel_materials, 1),
        Body(_wheel(mm, 120 if style != "moped" else 65).moved(*front), wheel_materials, 2),
    )
    nose, tail = wheelbase + radius, -0.52
    lamps = tuple(
        lamp
        for lamp in vehicle_lamps(
            nose - 0.12, tail + 0.05, 0.5, head_z=bars_z - 0.16, tail_z=0.78, head_share=0.0, tail_share=0.3
        )
    )
    box = np.array([[tail, -0.40, 0.0], [nose, 0.40, bars_z + 0.22]])
    return Model(
        "motorcycle",
        bodies,
        joints,
        _single(lamps),
        wheelbase_m=wheelbase,
        attributes=(("style", style), ("color", color)),
        box=box,
    )


def _single(lamps: tuple[Lamp, ...]) -> tuple[Lamp, ...]:
    """One head lamp in the middle in place of two."""
    seen: set[tuple[object, ...]] = set()
    out = []
    for lamp in lamps:
        key = (lamp.switch, lamp.position)
        if key not in seen:
            seen.add(key)
            out.append(lamp)
    return tuple(out)


def _triple(v: F64) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))


def _shell(x: list[float], z: list[float], half: list[float], high: list[float], slot: int, segments: int = 12) -> Mesh:
    """Smooth body along x through ellipses at (x, z) with half width and half height."""
    angle = np.arange(segments) * (2 * np.pi / segments)
    rings = np.stack(
        [
            np.stack([np.full(segments, a), w * np.cos(angle), b + h * np.sin(angle)], 1)
            for a, b, w, h in zip(x, z, half, high, strict=True)
        ]
    )
    return skin(rings, slot)


def _tail_end(x: float, z: float) -> list[Mesh]:
    """Tail lamp, indicators on stalks, mudguard with the plate."""
    parts = [
        rounded_box((0.05, 0.14, 0.06), (x, 0, z), radius=0.02, slot=Slot.TAIL),
        block((0.03, 0.07, 0.03), (x - 0.02, 0, z), Slot.BRAKE),
    ]
    parts.append(turned(block((0.03, 0.16, 0.36), slot=Slot.TRIM), pitch=0.5, at=(x + 0.03, 0, z - 0.18)))
    parts.append(turned(block((0.012, 0.21, 0.17), slot=Slot.TRIM), pitch=-0.25, at=(-0.432, 0, 0.52)))
    for sign, slot in ((1.0, Slot.LEFT), (-1.0, Slot.RIGHT)):
        parts.append(
            pipe(np.array([[x + 0.02, 0, z - 0.06], [x, sign * 0.14, z - 0.06]]), 0.008, segments=5, slot=Slot.TRIM)
        )
        parts.append(ball((0.03, 0.028, 0.026), (x, sign * 0.16, z - 0.06), int(slot), rings=3, segments=6))
    return parts


def _engine(radius: float) -> list[Mesh]:
    """Engine, frame, swing arm, exhaust: the dark mass between the wheels."""
    parts = [
        rounded_box((0.48, 0.36, 0.34), (0.66, 0, 0.42), radius=0.07, slot=Slot.TRIM),
        *both(rounded_box((0.20, 0.05, 0.20), (0.60, 0.19, 0.42), radius=0.03, slot=Slot.ALUMINIUM)),  # clutch, dynamo
        turned(rounded_box((0.26, 0.32, 0.34), radius=0.04, slot=Slot.ALUMINIUM), pitch=0.30, at=(0.84, 0, 0.60)),
        rounded_box((0.10, 0.40, 0.34), (1.02, 0, 0.58), radius=0.03, slot=Slot.TRIM),
        rounded_box((0.44, 0.20, 0.28), (0.66, 0, 0.72), radius=0.05, slot=Slot.TRIM),  # air box under the tank
        *both(rounded_box((0.36, 0.06, 0.24), (0.26, 0.11, 0.66), radius=0.03, slot=Slot.TRIM)),  # side covers
        rounded_box((0.30, 0.16, 0.30), (0.32, 0, 0.62), radius=0.04, slot=Slot.UNDER),
        rounded_box((0.40, 0.17, 0.06), (-0.10, 0, 0.72), radius=0.03, slot=Slot.TRIM),  # inner mudguard
        *both(
            pipe(
                np.array([[0.52, 0.13, 0.48], [0.25, 0.15, 0.36], [0.0, 0.14, radius]]),
                [0.045, 0.04, 0.032],
                segments=6,
                slot=Slot.TRIM,
            )
        ),
        *both(
            pipe(
                np.array([[0.50, 0.12, 0.40], [0.55, 0.15, 0.66], [0.85, 0.10, 0.84], [1.0, 0.05, 0.86]]),
                0.030,
                segments=6,
                slot=Slot.SECOND,
            )
        ),
    ]
    for y in (0.06, -0.06):
        parts.append(
            pipe(
                np.array([[1.0, y, 0.60], [1.04, y, 0.40], [0.85, y * 0.6, 0.24], [0.55, -0.06, 0.22]]),
                0.022,
                segments=6,
                slot=Slot.CHROME,
            )
        )
    parts.append(
        pipe(
            np.array([[0.55, -0.08, 0.22], [0.30, -0.16, 0.28], [0.10, -0.19, 0.36], [-0.28, -0.20, 0.46]]),
            [0.024, 0.034, 0.062, 0.062],
            segments=8,
            slot=Slot.CHROME,
        )
    )
    for y in (0.20, -0.20):
        parts.append(pipe(np.array([[0.42, 0.6 * y, 0.32], [0.42, 1.4 * y, 0.32]]), 0.014, segments=5, slot=Slot.TRIM))
    return parts


def _roadster(radius: float, rng: np.random.Generator) -> list[Mesh]:
    tank = _shell(
        [0.50, 0.58, 0.72, 0.88, 1.00, 1.07],
        [0.86, 0.90, 0.94, 0.96, 0.94, 0.90],
        [0.07, 0.13, 0.17, 0.165, 0.11, 0.05],
        [0.05, 0.10, 0.135, 0.13, 0.09, 0.04],
        Slot.PAINT,
    )
    seat = _shell(
        [-0.34, -0.24, 0.0, 0.25, 0.45, 0.56],
        [0.88, 0.87, 0.84, 0.80, 0.81, 0.86],
        [0.05, 0.11, 0.13, 0.15, 0.12, 0.07],
        [0.025, 0.045, 0.055, 0.055, 0.05, 0.04],
        Slot.SEAT,
    )
    tail = _shell(
        [-0.42, -0.30, 0.0, 0.35],
        [0.86, 0.83, 0.78, 0.74],
        [0.04, 0.09, 0.11, 0.10],
        [0.03, 0.05, 0.05, 0.04],
        Slot.PAINT,
    )
    return [tank, seat, tail, *_engine(radius), *_tail_end(-0.40, 0.83)]


def _sport(radius: float, rng: np.random.Generator) -> list[Mesh]:
    tank = _shell(
        [0.44, 0.52, 0.66, 0.82, 0.94, 1.02],
        [0.84, 0.88, 0.92, 0.94, 0.92, 0.88],
        [0.07, 0.14, 0.17, 0.16, 0.11, 0.05],
        [0.06, 0.11, 0.14, 0.13, 0.09, 0.04],
        Slot.PAINT,
    )
    seat = _shell(
        [-0.30, -0.20, 0.05, 0.28, 0.46],
        [0.97, 0.95, 0.88, 0.82, 0.84],
        [0.05, 0.10, 0.13, 0.14, 0.09],
        [0.03, 0.04, 0.05, 0.05, 0.04],
        Slot.SEAT,
    )
    tail = _shell(
        [-0.46, -0.34, 0.0, 0.35],
        [0.94, 0.92, 0.84, 0.74],
        [0.04, 0.09, 0.12, 0.10],
        [0.03, 0.05, 0.07, 0.06],
        Slot.PAINT,
    )
    fairing = _shell(
        [0.55, 0.72, 0.95, 1.15, 1.32, 1.42, 1.46],
        [0.36, 0.42, 0.52, 0.66, 0.80, 0.86, 0.86],
        [0.14, 0.20, 0.22, 0.22, 0.18, 0.10, 0.03],
        [0.12, 0.20, 0.28, 0.26, 0.16, 0.08, 0.02],
        Slot.PAINT,
        14,
    )
    screen = _shell(
        [1.02, 1.14, 1.28, 1.38],
        [1.02, 1.05, 0.98, 0.90],
        [0.12, 0.14, 0.12, 0.06],
        [0.03, 0.05, 0.05, 0.03],
        Slot.PRIVACY,
    )
    lamps = both(rounded_box((0.07, 0.080, 0.048), (1.422, 0.062, 0.886), radius=0.02, slot=Slot.LOW_BEAM))
    mask = rounded_box((0.07, 0.25, 0.075), (1.400, 0.0, 0.884), radius=0.03, slot=Slot.GLOSS)
    intake = rounded_box((0.08, 0.13, 0.045), (1.400, 0.0, 0.800), radius=0.02, slot=Slot.GAP)
    way = [(1.19, 0.41, 0.12), (1.27, 0.52, 0.145), (1.355, 0.66, 0.12)]  # before the radiator, behind the wheel
    mouth = patch(np.array([[[x, y, z] for x, z, y in way], [[x, -y, z] for x, z, y in way]]), Slot.GAP)
    vents = both(rounded_box((0.20, 0.03, 0.09), (1.02, 0.212, 0.56), radius=0.014, slot=Slot.GAP))
    parts = [tank, seat, tail, fairing, screen, *lamps, mask, intake, mouth, *vents]
    return [*parts, *_engine(radius)[3:], *_tail_end(-0.45, 0.90)]


def _scooter(radius: float, rng: np.random.Generator) -> list[Mesh]:
    rear = _shell(
        [-0.44, -0.36, -0.15, 0.15, 0.40, 0.50],
        [0.62, 0.60, 0.56, 0.52, 0.50, 0.48],
        [0.05, 0.15, 0.20, 0.20, 0.17, 0.10],
        [0.06, 0.13, 0.19, 0.20, 0.19, 0.14],
        Slot.PAINT,
    )
    seat = _shell(
        [-0.38, -0.28, 0.0, 0.25, 0.50, 0.58],
        [0.80, 0.79, 0.77, 0.74, 0.73, 0.72],
        [0.06, 0.13, 0.15, 0.15, 0.11, 0.05],
        [0.03, 0.05, 0.055, 0.055, 0.05, 0.03],
        Slot.SEAT,
    )
    deck = rounded_box((0.50, 0.40, 0.10), (0.66, 0, 0.26), radius=0.04, slot=Slot.PAINT)
    shield = _shell(
        [0.84, 0.92, 1.02, 1.08],
        [0.56, 0.58, 0.62, 0.66],
        [0.17, 0.21, 0.17, 0.06],
        [0.30, 0.36, 0.34, 0.24],
        Slot.PAINT,
    )
    under = rounded_box((0.6, 0.24, 0.2), (0.0, 0, 0.30), radius=0.04, slot=Slot.TRIM)
    pipe_ = pipe(
        np.array([[0.35, -0.12, 0.24], [0.10, -0.17, 0.28], [-0.30, -0.18, 0.34]]),
        [0.02, 0.05, 0.05],
        segments=8,
        slot=Slot.CHROME,
    )
    parts = [rear, seat, deck, shield, under, pipe_, *_tail_end(-0.43, 0.68)]
    if rng.random() < 0.35:  # top case
        parts.append(rounded_box((0.36, 0.38, 0.30), (-0.42, 0, 1.0), radius=0.05, slot=Slot.SECOND))
    return parts


def _moped(radius: float, rng: np.random.Generator) -> list[Mesh]:
    """Pressed frame with a low step-through, an engine below it, leg shields, a short seat and a rack."""
    frame = _shell(
        [-0.40, -0.25, 0.05, 0.30, 0.45, 0.60, 0.78, 0.88],
        [0.56, 0.58, 0.60, 0.55, 0.44, 0.44, 0.60, 0.76],
        [0.03, 0.08, 0.11, 0.10, 0.06, 0.055, 0.055, 0.04],
        [0.04, 0.09, 0.13, 0.13, 0.07, 0.06, 0.09, 0.10],
        Slot.PAINT,
    )
    seat = _shell(
        [-0.18, -0.10, 0.10, 0.32, 0.48],
        [0.76, 0.76, 0.75, 0.74, 0.74],
        [0.05, 0.11, 0.13, 0.12, 0.05],
        [0.03, 0.05, 0.06, 0.06, 0.03],
        Slot.SEAT,
    )
    z, bow = np.linspace(0.34, 0.84, 5), np.linspace(-1.0, 1.0, 7)
    half = np.array([0.17, 0.20, 0.20, 0.17, 0.11])[:, None]
    shield = np.stack(
        np.broadcast_arrays(0.72 + 0.30 * (z[:, None] - 0.34) - 0.10 * bow**2, half * bow, z[:, None]), -1
    )
    parts = [frame, seat, patch(shield, Slot.SECOND), patch(shield - [0.012, 0, 0], Slot.SECOND, flip=True)]
    parts.append(rounded_box((0.34, 0.20, 0.18), (0.50, 0, 0.29), radius=0.05, slot=Slot.CHROME))
    parts.append(rounded_box((0.55, 0.08, 0.10), (0.22, 0.09, radius + 0.01), radius=0.03, slot=Slot.TRIM))
    muffler = np.array([[0.52, -0.10, 0.22], [0.25, -0.14, 0.22], [-0.28, -0.15, 0.27]])
    parts.append(pipe(muffler, [0.015, 0.035, 0.035], segments=8, slot=Slot.CHROME))
    for y in (0.10, -0.10):
        parts.append(pipe(np.array([[0.0, y, radius], [-0.08, y, 0.60]]), 0.022, segments=6, slot=Slot.CHROME))
        parts.append(
            pipe(np.array([[-0.45, 0.9 * y, 0.72], [-0.15, 0.9 * y, 0.72]]), 0.008, segments=5, slot=Slot.CHROME)
        )
    if rng.random() < 0.5:  # box of a courier
        parts.append(rounded_box((0.42, 0.42, 0.40), (-0.36, 0, 0.95), radius=0.03, slot=Slot.SECOND))
    return parts + _tail_end(-0.43, 0.60)


def _front_end(style: str, front: F64, crown: F64, axis: F64, radius: float, bars_z: float) -> list[Mesh]:
    """Fork, mudguard, handlebar with grips and mirrors, head lamp, dials."""
    parts: list[Mesh] = []
    y = 0.10 if style not in ("scooter", "moped") else 0.08
    bar = crown + axis * max((bars_z - crown[2]) / axis[2], 0.05)
    top = bar - axis * 0.03 if style == "naked" else crown + axis * 0.06
    for sign in (1.0, -1.0):
        offset = np.array([0.0, sign * y, 0.0])
        parts.append(pipe(np.stack([front + offset, front + axis * 0.28 + offset]), 0.032, segments=7, slot=Slot.TRIM))
        parts.append(
            pipe(
                np.stack([front + axis * 0.26 + offset, top + offset]),
                0.025,
                segments=7,
                slot=Slot.CHROME,
            )
        )
    angle = np.radians(np.linspace(55, 155, 9))
    out = np.stack([np.cos(angle), np.zeros(9), np.sin(angle)], 1)
    section = np.array([(0.066, -0.022), (0.035, 0.006), (-0.035, 0.006), (-0.066, -0.022), (0.0, -0.010)])
    rings = (
        front
        + out[:, None] * (radius + 0.018 + section[None, :, 1:])
        + section[None, :, :1] * np.array([0.0, 1.0, 0.0])
    )
    parts.append(skin(rings[:, ::-1], Slot.PAINT))
    half = {"naked": 0.36, "sport": 0.29, "scooter": 0.31, "moped": 0.30}[style]
    back = {"naked": 0.12, "sport": 0.06, "scooter": 0.10, "moped": 0.10}[style]
    for sign in (1.0, -1.0):
        tip = np.array([bar[0] - back, sign * half, bars_z])
        mid = np.array([bar[0], sign * 0.14, bars_z])
        parts.append(pipe(np.stack([bar, mid, tip]), 0.013, segments=6, slot=Slot.CHROME))
        way = (tip - mid) / np.linalg.norm(tip - mid)
        parts.append(pipe(np.stack([tip - 0.13 * way, tip]), 0.019, segments=6, slot=Slot.TRIM))
        mirror = mid + 0.55 * (tip - mid) + [0.05, sign * 0.10, 0.16]
        parts.append(
            pipe(np.stack([mid + 0.5 * (tip - mid), mirror - [0, 0, 0.03]]), 0.007, segments=5, slot=Slot.TRIM)
        )
        parts.append(ball((0.022, 0.065, 0.042), mirror, Slot.TRIM, rings=3, segments=8))
        parts.append(ball((0.006, 0.055, 0.034), mirror - [0.018, 0, 0], Slot.MIRROR, rings=3, segments=8))
        lamp_at = np.array([crown[0] + 0.05, sign * 0.17, bars_z - 0.14])
        parts.append(
            ball((0.03, 0.028, 0.026), lamp_at, int(Slot.LEFT if sign > 0 else Slot.RIGHT), rings=3, segments=6)
        )
        parts.append(pipe(np.stack([crown + [0.02, 0, 0.02], lamp_at]), 0.008, segments=5, slot=Slot.TRIM))
    if style != "sport":
        center = np.array(
            [crown[0] + (0.06 if style == "naked" else 0.11), 0.0, bars_z - (0.13 if style == "naked" else 0.03)]
        )
        parts.append(
            ball(
                (0.10, 0.105, 0.10),
                center - [0.03, 0, 0],
                Slot.GLOSS if style == "naked" else Slot.PAINT,
                rings=6,
                segments=12,
            )
        )
        parts.append(ball((0.03, 0.082, 0.080), center + [0.052, 0, 0], Slot.LOW_BEAM, rings=4, segments=12))
        parts.append(rounded_box((0.06, 0.18, 0.06), (bar[0] + 0.03, 0, bars_z + 0.03), radius=0.02, slot=Slot.GLOSS))
    if style == "naked":  # clamps of the fork, a fly screen above the lamp
        for up in (0.03, 0.20):
            parts.append(rounded_box((0.07, 0.28, 0.035), top - axis * up, radius=0.012, slot=Slot.TRIM))
        parts.append(
            turned(
                rounded_box((0.02, 0.26, 0.17), radius=0.01, slot=Slot.GLOSS), pitch=-0.5, at=center + [0.0, 0, 0.15]
            )
        )
    return parts
