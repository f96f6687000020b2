"""Fire engines: a lorry with a crew cab, lockers behind roller shutters, a ladder on the roof, and blue lights."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor
from simulator.actors.cabs import cab
from simulator.actors.cars import catalogue_draw
from simulator.actors.chassis import chassis
from simulator.actors.coachwork import Slot
from simulator.actors.heavy import axles, contour_tape, end_plates, fleet_materials, rear_lamps
from simulator.actors.lamps import plate_lamps, vehicle_lamps
from simulator.actors.pumps import DEEP_M, HIGH_M, LOW_M, WIDE_M, pump, recess
from simulator.actors.shape import block, both, finish, lathe, patch, pipe, rounded_box, turned
from simulator.scenario.distributions import Fraction, uniform
from simulator.scene import Body, Joint, Material, Mesh, Model, Texture
from simulator.scene.noise import to_srgb8

RED = Material("fire engine red", (0.50, 0.018, 0.012), roughness=0.45, clearcoat=1.0, reflectance_905=0.6)

SLAT_M, SLATS = 0.045, 8  # height of a slat of the shutters; slats in a repeat of the texture


@cache
def _slats() -> Texture:
    """Rounded slats with dark joints, 128 x 128, one repeat: square, for mip levels are chosen by its area."""
    phase = (np.arange(128) + 0.5) / 128 * SLATS % 1.0
    tone = np.where(phase < 0.10, 0.25, 0.80 + 0.20 * np.sin(np.pi * phase))
    return Texture("shutter slats", to_srgb8(np.broadcast_to(tone[:, None, None], (128, 128, 3))))


CHEVRON = len(Slot)  # a slot of its own after those of car bodies
# Width of stripes (NFPA 1901, 15.9.3.2: 6 in); share of engines with them (an estimate).
STRIPE_M, CHEVRONS = 0.152, 0.6
SHUTTER = int(Slot.LAMP)  # free here: the lamps of lorries are built of other parts


class FireEngine(Actor, kind="fire_engine"):
    """A pump water tender.

    Attributes:
        size: place within the real dimensions: 0 the smallest, 1 the largest.
        door: how far the shutter before the pump behind is up.
    """

    class_name: ClassVar[str] = "truck"
    speed_mps: ClassVar[float] = 16.0
    max_speed_mps: ClassVar[float] = 28.0
    acceleration_mps2: ClassVar[float] = 1.5
    deceleration_mps2: ClassVar[float] = 4.5

    size: Fraction = uniform(0.0, 1.0)
    door: Fraction = 0.0

    def _build(self, rng: np.random.Generator) -> list[Model]:
        draw, near = catalogue_draw("trucks", "fire", self.size, rng)
        length, width, height, tyre = draw("length"), draw("width"), draw("height"), round(draw("tyre_radius"), 2)
        wheelbase = length * draw("wheelbase_share")
        nose = wheelbase + near(1.38, 0.04)
        tail, half = nose - length, width / 2
        length_cab, top = draw("cab_length"), height - 0.32
        parts = cab(nose, wheelbase, length_cab, half, draw("cab_height"), tyre, rng)
        back, frame = nose - length_cab - 0.06, 2 * tyre + 0.04
        parts += chassis(back, tail, frame, half, tyre, "fire", rng, wheelbase)
        parts += _lockers(back, tail, half, top, tyre, self.door) + _roof(back, tail, half, top, height)
        parts += _blue_lights(nose - 0.75, half, draw("cab_height"))
        stripe = rounded_box(
            (length_cab - 0.15, 0.012, 0.16), (nose - length_cab / 2 - 0.25, half, 1.02), slot=Slot.SECOND
        )
        parts += both(stripe)
        parts += end_plates(nose, tail, 0.40, 0.62, rng) + rear_lamps(tail + 0.02, half, 0.80)
        parts += _rear_fittings(tail, half, top)
        joints: list[Joint] = []
        wheels = axles(tyre, width, [(wheelbase, True, False), (0.0, False, True)], joints, rng)
        second = finishes.RETRO_YELLOW if rng.random() < 0.5 else finishes.RETRO_WHITE
        table = [*fleet_materials("red", second, rng), _chevrons()]
        table[Slot.PAINT], table[SHUTTER], table[Slot.SEAM] = RED, _shutters(), finishes.seam(RED, finishes.FAINT_TONE)
        parts += _rear_marks(tail, half, top, CHEVRON if rng.random() < CHEVRONS else int(Slot.SECOND))
        return [
            Model(
                "truck",
                (Body(finish(parts, crease_deg=38), tuple(table)), *wheels),
                tuple(joints),
                vehicle_lamps(nose, tail, width, head_z=0.72, tail_z=0.85, beacon=(nose - 0.75, height))
                + plate_lamps(parts),
                wheelbase_m=wheelbase,
                attributes=(("body", "fire"), ("color", "red")),
                box=np.array([[tail, -half, 0.0], [nose, half, height]]),
            )
        ]


def _lockers(back: float, tail: float, half: float, top: float, tyre: float, door: float) -> list[Mesh]:
    """Body with three shutters a side, cut out above the wheels, and one before the pump behind, up by a share."""
    low, over = 0.52, 2 * tyre + 0.16
    arch = tyre + 0.12
    end = tail + DEEP_M * (door > 0.0)
    middle, length = (back + end) / 2, back - end
    parts = [rounded_box((length, 2 * half - 0.02, top - over), (middle, 0, (top + over) / 2), slot=Slot.PAINT)]
    spans = [(back - 0.05, arch), (arch, -arch), (-arch, tail + 0.05)]
    for (x0, x1), bottom in zip(spans, (low, over, low), strict=True):
        if bottom < over and x0 - x1 > 0.3:
            side = rounded_box(
                (x0 - x1, 0.55, over - bottom), ((x0 + x1) / 2, half - 0.285, (over + bottom) / 2), slot=Slot.PAINT
            )
            parts += both(side)
        if x0 - x1 > 0.5:
            tall, middle_x = top - 0.16 - bottom, (x0 + x1) / 2
            parts += both(_shutter((x0 - x1 - 0.16, tall), (middle_x, half, bottom + 0.06 + tall / 2)))
            parts += both(block((x0 - x1 - 0.2, 0.03, 0.03), ((x0 + x1) / 2, half + 0.01, bottom + 0.10), Slot.TRIM))
    if door > 0.0:
        parts += recess(tail, half, over, top) + pump(tail)
    if door < 1.0:
        tall = (1.0 - door) * (HIGH_M - LOW_M)
        rear = _shutter((WIDE_M, tall), (0.0, 0.0, 0.0))
        parts.append(turned(rear, yaw=np.pi / 2, at=(tail - 0.006, 0, HIGH_M - tall / 2)))
    return parts + contour_tape(tail + 0.1, back - 0.1, half + 0.008, top - 0.08)


def _rear_marks(tail: float, half: float, top: float, slot: int) -> list[Mesh]:
    """Foil at both sides of the rear shutter and below it, on which stripes fall away from the middle."""
    x, period = tail - 0.010, 2 * STRIPE_M * np.sqrt(2.0)
    outer, inner = half - 0.10, 0.78
    parts: list[Mesh] = []
    for y0, y1, z0, z1 in ((inner, outer, 0.94, top - 0.06), (0.0, inner, 0.72, 0.93)):
        points = np.array([[[x, y, z] for y in (y1, y0)] for z in (z0, z1)])
        parts += both(patch(points, slot, uv=points[..., 1:] / period, flip=True))
    return parts


def _rear_fittings(tail: float, half: float, top: float) -> list[Mesh]:
    """A ladder up to the roof beside the shutter, blue lamps at the upper corners, a step below."""
    x, y = tail - 0.10, half - 0.34
    rails = [np.array([[x + 0.09, side, 0.75], [x, side, 0.80], [x, side, top + 0.14], [x + 0.25, side, top + 0.14]])
             for side in (y - 0.16, y + 0.16)]  # fmt: skip
    parts = [pipe(rail, 0.018, segments=5, slot=Slot.CHROME) for rail in rails]
    for z in np.arange(0.98, top - 0.05, 0.28):
        parts.append(block((0.03, 0.30, 0.025), (x, y, float(z)), Slot.CHROME))
    parts += both(
        rounded_box((0.07, 0.20, 0.11), (tail - 0.02, half - 0.16, top - 0.10), radius=0.02, slot=Slot.BEACON)
    )
    parts.append(rounded_box((0.22, 2 * half - 0.10, 0.07), (tail - 0.02, 0.0, 0.50), radius=0.02, slot=Slot.CHROME))
    return parts


@cache
def _chevrons() -> Material:
    """Red and yellow retro-reflective stripes at 45 degrees; a repeat of the texture is one of each."""
    share = (np.arange(64) + 0.5) / 64
    red = ((share[None, :] + share[::-1, None]) % 1.0 < 0.5)[..., None]
    tone = np.where(red, (0.45, 0.015, 0.012), finishes.RETRO_YELLOW.albedo)
    return replace(finishes.RETRO_YELLOW, name="chevrons", albedo=(1.0, 1.0, 1.0),
                   texture=Texture("chevrons", to_srgb8(tone)))  # fmt: skip


@cache
def _shutters() -> Material:
    return Material("aluminium shutter", (0.46, 0.47, 0.48), _slats(), roughness=0.5, metallic=0.25,
                    reflectance_905=0.5)  # fmt: skip


def _shutter(size: tuple[float, float], center: tuple[float, float, float]) -> Mesh:
    """A roller shutter that faces +y in a frame; its slats are a texture."""
    long, tall = size
    x, y, z = center
    edge = np.array([[[x + long / 2, y + 0.008, z + s * tall / 2], [x - long / 2, y + 0.008, z + s * tall / 2]]
                     for s in (-1.0, 1.0)])  # fmt: skip
    wide, high = np.array(size) / (SLAT_M * SLATS)  # as long as high: so they fade when they are finer than a pixel
    return patch(edge, SHUTTER, uv=[[[0.0, 0.0], [wide, 0.0]], [[0.0, high], [wide, high]]], flip=True)


def _roof(back: float, tail: float, half: float, top: float, height: float) -> list[Mesh]:
    """Ladder on a gantry, lockers and a suction hose."""
    z = height - 0.09
    parts: list[Mesh] = []
    for y in (0.22, 0.62):
        parts.append(block((back - tail + 0.4, 0.05, 0.09), ((back + tail) / 2 - 0.1, y, z), Slot.CHROME))
    for x in np.arange(tail - 0.2, back, 0.30):
        parts.append(block((0.03, 0.40, 0.03), (float(x) + 0.05, 0.42, z), Slot.CHROME))
    for x in (tail + 0.3, back - 0.5):
        parts.append(block((0.06, 1.2, z - top), (x, 0.2, (z + top) / 2), Slot.TRIM))
    parts.append(rounded_box((1.8, 0.5, 0.28), (back - 1.3, -half + 0.45, top + 0.14), slot=Slot.CHROME))
    parts.append(pipe(np.array([[tail + 0.4, -0.2, top + 0.07], [back - 0.3, -0.2, top + 0.07]]), 0.06, slot=Slot.TRIM))
    return parts


def _blue_lights(x: float, half: float, z: float) -> list[Mesh]:
    """A light bar across the cab and two lamps at its front."""
    bar = rounded_box((0.28, 1.5 * half, 0.10), (x, 0, z + 0.05), radius=0.03, slot=Slot.TRIM)
    lights = both(rounded_box((0.26, 0.55 * half, 0.15), (x, 0.48 * half, z + 0.10), radius=0.05, slot=Slot.BEACON))
    dome = turned(lathe([0.0, 0.07, 0.06, 0.0], [0.0, 0.0, 0.14, 0.16], segments=12, slots=Slot.BEACON), roll=np.pi / 2)
    return [bar, *lights, dome.moved(x - 0.9, 0.0, z + 0.02)]
