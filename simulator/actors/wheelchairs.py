"""People in wheelchairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor
from simulator.actors.people import SEXES, Tone
from simulator.actors.riders import Seat, riding_dress, seated
from simulator.actors.shape import block, both, finish, pipe, rounded_box
from simulator.actors.skeleton import cycle_box
from simulator.actors.wardrobe import DressedFor, adult
from simulator.scenario.distributions import OneOf, choice, integer
from simulator.scene import Body, Driver, Joint, Material, Mesh, Model
from simulator.scene.mesh import merge, tube

# A usual active chair: ISO 7176-5 measures, 24 inch wheels.
WHEEL_M, CASTER_M = 0.30, 0.07
SEAT_Z, SEAT_HALF, TRACK_HALF = 0.50, 0.21, 0.27
TYRE, FRAME = 0, 1


class Wheelchair(Actor, kind="wheelchair"):
    """An adult in a wheelchair, one object.

    Attributes:
        sex, skin_tone: of the sitter.
        dressed_for_c: air temperature for which the sitter's clothes are; null: that of the scene.
    """

    class_name: ClassVar[str] = "pedestrian"
    speed_mps: ClassVar[float] = 1.1
    max_speed_mps: ClassVar[float] = 3.0
    acceleration_mps2: ClassVar[float] = 0.8

    sex: Annotated[str, OneOf(*SEXES)] = choice(*SEXES)
    skin_tone: Tone = integer(1, 10)
    dressed_for_c: DressedFor = None

    def _build(self, rng: np.random.Generator) -> list[Model]:
        person = adult(self.sex, self.skin_tone, "casual", 0.0, rng, air_c=self.dressed_for_c)
        seat = Seat((-0.12, SEAT_Z + 0.10), (0.01, TRACK_HALF + 0.03, WHEEL_M + 0.275), -0.08, (0.52, 0.10, 0.14))
        sitter = seated(person, seat, riding_dress(person.dress, person.dress.hat), rng)
        joints = list(sitter.joints)
        axle = len(joints)
        joints.append(Joint((-0.06, 0.0, WHEEL_M), (0.0, 1.0, 0.0), Driver.TRAVEL, 1 / WHEEL_M))
        paint = Material("wheelchair frame", (0.05, 0.06, 0.08), roughness=0.4, clearcoat=0.6, reflectance_905=0.3)
        materials = (finishes.RUBBER, paint, finishes.SEAT)
        bodies = (*sitter.bodies, Body(_chair(), materials), Body(_wheels(), materials, axle))
        facts = {**dict(sitter.attributes), "pose": "wheelchair"}
        model = Model("pedestrian", bodies, tuple(joints), attributes=tuple(facts.items()))
        box = cycle_box(model)
        box[0, 2] = 0.0
        return [replace(model, box=box)]


def _chair() -> Mesh:
    """Seat, back, side frames, casters, footrest and anti-tip bars."""
    parts = [rounded_box((0.44, 2 * SEAT_HALF, 0.06), (0.02, 0, SEAT_Z), radius=0.02, slot=2)]
    parts.append(rounded_box((0.05, 2 * SEAT_HALF, 0.42), (-0.24, 0, SEAT_Z + 0.24), radius=0.02, slot=2))
    side = np.array([[-0.26, 0, SEAT_Z + 0.46], [-0.22, 0, SEAT_Z], [0.24, 0, SEAT_Z], [0.42, 0, 0.14]])
    low = np.array([[-0.22, 0, SEAT_Z], [-0.06, 0, WHEEL_M], [0.26, 0, 0.16]])
    handle = np.array([[-0.26, 0, SEAT_Z + 0.46], [-0.40, 0, SEAT_Z + 0.45]])
    anti_tip = np.array([[-0.22, 0, 0.22], [-0.40, 0, 0.10], [-0.52, 0, 0.05]])
    for line in (side, low, handle, anti_tip):
        parts += both(pipe(line + [0.0, SEAT_HALF + 0.01, 0.0], 0.013, segments=5, slot=FRAME))
    parts.append(block((0.16, 2 * SEAT_HALF - 0.06, 0.015), (0.48, 0, 0.12), FRAME))
    for sign in (1.0, -1.0):
        parts.append(_ring(CASTER_M, 0.018, 12).moved(0.26, sign * SEAT_HALF, CASTER_M))
    return finish(parts, crease_deg=40)


def _wheels() -> Mesh:
    """Both large wheels with spokes and push rims."""
    parts: list[Mesh] = []
    for sign in (1.0, -1.0):
        wheel = [_ring(WHEEL_M - 0.016, 0.016, 32)]
        wheel.append(_ring(WHEEL_M - 0.055, 0.009, 24).moved(y=sign * 0.045).with_slot(FRAME))
        for angle in np.arange(10) * (2 * np.pi / 10):
            out = (WHEEL_M - 0.02) * np.array([np.cos(angle), 0.0, np.sin(angle)])
            wheel.append(tube(np.stack([np.zeros(3), out]), 0.0025, segments=3, slot=FRAME))
        parts += [mesh.moved(-0.06, sign * TRACK_HALF, WHEEL_M) for mesh in wheel]
    return merge(parts)


def _ring(radius: float, thick: float, segments: int) -> Mesh:
    """A torus about y."""
    angle = np.linspace(0.0, 2 * np.pi, segments + 1)
    line = radius * np.stack([np.cos(angle), np.zeros(len(angle)), np.sin(angle)], 1)
    return tube(line, thick, segments=6, slot=TYRE)
