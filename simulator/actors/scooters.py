"""Kick scooters with a motor, as they are hired in towns, and who stands on them."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor
from simulator.actors.finishes import as_rgb
from simulator.actors.people import SEXES, Tone
from simulator.actors.riders import riding_dress, standing_rider
from simulator.actors.shape import block, finish, lathe, patch, pipe, rounded_box
from simulator.actors.wardrobe import DressedFor, adult
from simulator.scenario.distributions import OneOf, choice, integer
from simulator.scene import Body, Driver, Joint, Material, Mesh, Model
from simulator.scene.material import srgb

FRAME, RUBBER, DARK, LAMP, TAIL = range(5)
RADIUS_M, WHEELBASE_M, DECK_Z, BARS_Z = 0.11, 0.90, 0.155, 1.08  # of common hired ones (10 inch wheels)
COLORS = ("#1b1c1e", "#3aa655", "#e87722", "#1fb5a8", "#d9d9d6", "#5b2d8a")


class Scooter(Actor, kind="scooter"):
    """An electric kick scooter and its rider.

    Attributes:
        sex, skin_tone: of the rider.
        dressed_for_c: air temperature for which the rider's clothes are; null: that of the scene.
    """

    class_name: ClassVar[str] = "bicycle"
    speed_mps: ClassVar[float] = 4.5
    max_speed_mps: ClassVar[float] = 6.9
    acceleration_mps2: ClassVar[float] = 1.2
    deceleration_mps2: ClassVar[float] = 3.0

    sex: Annotated[str, OneOf(*SEXES)] = choice(*SEXES)
    skin_tone: Tone = integer(1, 10)
    dressed_for_c: DressedFor = None

    def _build(self, rng: np.random.Generator) -> list[Model]:
        person = adult(self.sex, self.skin_tone, "casual", 0.0, rng, age_years=28.0, air_c=self.dressed_for_c)
        hat = "cycle_helmet" if rng.random() < 0.15 else person.dress.hat
        x = 0.36
        rider = standing_rider(
            person, (x, DECK_Z), (WHEELBASE_M - 0.20, 0.22, BARS_Z), riding_dress(person.dress, hat), rng
        )
        return [_scooter(rng), rider]


def _scooter(rng: np.random.Generator) -> Model:
    color = as_rgb(np.array(srgb(COLORS[int(rng.integers(len(COLORS)))])) * rng.uniform(0.85, 1.1))
    materials = (
        Material("scooter frame", color, roughness=0.4, clearcoat=0.6, reflectance_905=0.4),
        finishes.RUBBER,
        finishes.PLASTIC,
        finishes.DAY_LAMP,
        finishes.TAIL_LAMP,
    )
    front = np.array([WHEELBASE_M, 0.0, RADIUS_M])
    axis = np.array([-0.20, 0.0, 0.98])
    joints = (
        Joint((WHEELBASE_M, 0.0, RADIUS_M), (-0.20, 0.0, 0.98), Driver.STEER),
        Joint((0.0, 0.0, RADIUS_M), (0.0, 1.0, 0.0), Driver.TRAVEL, 1 / RADIUS_M),
        Joint((WHEELBASE_M, 0.0, RADIUS_M), (0.0, 1.0, 0.0), Driver.TRAVEL, 1 / RADIUS_M, parent=0),
    )
    bodies = (
        Body(_deck(float(rng.uniform(0.15, 0.19))), materials),
        Body(_steered(front, axis), materials, 0),
        Body(_wheel().moved(0.0, 0.0, RADIUS_M), materials, 1),
        Body(_wheel().moved(*front), materials, 2),
    )
    box = np.array([[-0.20, -0.26, 0.0], [WHEELBASE_M + RADIUS_M, 0.26, BARS_Z + 0.08]])
    return Model("bicycle", bodies, joints, wheelbase_m=WHEELBASE_M, attributes=(("style", "kick_scooter"),), box=box)


def _wheel() -> Mesh:
    r, h = RADIUS_M, 0.028
    tyre = lathe(
        [0.6 * r, 0.85 * r, r, r, 0.85 * r, 0.6 * r], [-h, -h, -0.4 * h, 0.4 * h, h, h], segments=20, slots=RUBBER
    )
    sides = [lathe([0.62 * r, 0.0], [0.8 * h, 0.9 * h], segments=14, slots=DARK)]
    sides.append(lathe([0.0, 0.62 * r], [-0.9 * h, -0.8 * h], segments=14, slots=DARK))
    return finish([tyre, *sides], crease_deg=40)


def _deck(width: float) -> Mesh:
    """Board of a width with a grip surface, rear mudguard and lamp, and the neck that rises to the steering head."""
    parts = [rounded_box((0.62, width, 0.075), (0.43, 0, DECK_Z - 0.045), radius=0.02, slot=FRAME)]
    parts.append(block((0.52, width - 0.03, 0.004), (0.42, 0, DECK_Z - 0.004), DARK))
    for y in (0.055, -0.055):
        parts.append(block((0.18, 0.02, 0.05), (0.07, y, RADIUS_M), FRAME))
    angle = np.radians(np.linspace(40, 165, 8))
    ring = np.stack([(RADIUS_M + 0.015) * np.cos(angle), 0 * angle, RADIUS_M + (RADIUS_M + 0.015) * np.sin(angle)], 1)
    guard = np.stack([ring + [0, y, 0] for y in (-0.04, 0.04)])
    parts += [patch(guard, DARK), patch(guard - [0, 0, 0.005], DARK, flip=True)]
    parts.append(rounded_box((0.02, 0.05, 0.03), (-0.135, 0, 0.16), radius=0.008, slot=TAIL))
    neck = np.array([[0.70, 0, DECK_Z - 0.05], [0.80, 0, DECK_Z + 0.02], [WHEELBASE_M - 0.06, 0, 0.30]])
    parts.append(pipe(neck, [0.035, 0.03, 0.028], segments=8, slot=FRAME))
    return finish(parts, crease_deg=40)


def _steered(front: np.ndarray, axis: np.ndarray) -> Mesh:
    """Fork, column, bars with grips, brake lever, display and head lamp."""
    foot = front + axis * 0.19
    top = front + axis * ((BARS_Z - RADIUS_M) / axis[2])
    parts = [pipe(np.stack([foot, top]), 0.024, segments=8, slot=FRAME)]
    for y in (0.05, -0.05):
        parts.append(pipe(np.stack([foot + [0, 0.6 * y, 0], front + [0, y, 0]]), 0.016, segments=6, slot=FRAME))
    bar = np.array([[top[0], 0.24, BARS_Z], [top[0], 0.0, BARS_Z], [top[0], -0.24, BARS_Z]])
    parts.append(pipe(bar, 0.013, segments=6, slot=DARK))
    for sign in (1.0, -1.0):
        parts.append(
            pipe(np.array([[top[0], sign * 0.14, BARS_Z], [top[0], sign * 0.25, BARS_Z]]), 0.019, segments=7, slot=DARK)
        )
    parts.append(rounded_box((0.05, 0.10, 0.05), (top[0] + 0.01, 0, BARS_Z + 0.02), radius=0.015, slot=DARK))
    parts.append(rounded_box((0.04, 0.05, 0.05), (top[0] + 0.05, 0, BARS_Z - 0.10), radius=0.015, slot=LAMP))
    return finish(parts, crease_deg=40)
