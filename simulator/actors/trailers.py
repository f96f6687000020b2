"""Trailers: small ones behind cars, and semi-trailers."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor, lengthened
from simulator.actors.coachwork import Slot
from simulator.actors.heavy import axles, contour_tape, fleet_materials, rear_lamps, tarpaulin
from simulator.actors.lamps import plate_lamps, vehicle_lamps
from simulator.actors.plates import plate
from simulator.actors.semi_trailers import AXLES_M, semi_trailer
from simulator.actors.shape import block, both, finish, patch, pipe, rounded_box, turned
from simulator.scenario.distributions import Metres
from simulator.scene import Body, Joint, Mesh, Model

SMALL_M, DRAWBAR_M = 7.0, 1.1  # longer ones are semi-trailers; part of a small one's length that is its drawbar
LOW_M, FLOOR_M = 1.2, 0.52  # lower ones are open; height of the bed
TYRE_M, WIDE_TYRE_M = 0.31, 0.17  # radius and width of small wheels


class Trailer(Actor, kind="trailer"):
    """A trailer with its drawbar, without what draws it; up to 7 m long the small kind for cars.

    Attributes:
        length_m, width_m, height_m: outer dimensions; 0: drawn from what is usual for a car's trailer.
    """

    class_name: ClassVar[str] = "trailer"

    length_m: Metres = 0.0
    width_m: Metres = 0.0
    height_m: Metres = 0.0

    def _build(self, rng: np.random.Generator) -> list[Model]:
        usual = rng.uniform([2.5, 1.3, 0.8], [5.2, 2.1, 2.3])
        given = (self.length_m, self.width_m, self.height_m)
        wanted = [lengthened(float(u), g) for u, g in zip(usual, given)]
        length, width, height = np.maximum(wanted, (1.5, 0.8, 0.8)).tolist()
        return [(_small if length <= SMALL_M else _semi)(length, width, height, rng)]


def _small(length: float, width: float, height: float, rng: np.random.Generator) -> Model:
    """A bed on one axle or two, open or with a tarpaulin over hoops, behind an A-shaped drawbar."""
    bar = min(DRAWBAR_M, 0.3 * length)
    bed = length - bar
    tandem = bed > 3.2
    tail, front = -0.5 * bed - 0.05 * bed, 0.45 * bed
    nose, half, inner = front + bar, width / 2, max(width / 2 - WIDE_TYRE_M - 0.06, 0.3)
    board = 0.34 if height > FLOOR_M + 0.4 else max(height - FLOOR_M, 0.12)
    middle = (front + tail) / 2
    parts = [block((bed, 2 * inner, 0.05), (middle, 0, FLOOR_M), Slot.TRIM)]
    parts += both(block((bed, 0.03, board), (middle, inner - 0.015, FLOOR_M + board / 2), Slot.PAINT))
    parts += [block((0.03, 2 * inner, board), (x, 0, FLOOR_M + board / 2), Slot.PAINT) for x in (front, tail + 0.015)]
    for x in np.linspace(tail + 0.05, front - 0.05, 4):
        parts += both(block((0.04, 0.012, board), (float(x), inner + 0.004, FLOOR_M + board / 2), Slot.GAP))
    if height > LOW_M:
        top = height - FLOOR_M - board
        cover = (bed - 0.02, 2 * inner + 0.02, top + 0.04)
        parts.append(rounded_box(cover, (middle, 0, FLOOR_M + board + top / 2 - 0.02), radius=0.07, slot=Slot.SECOND))
        for x in np.arange(tail + 0.3, front - 0.1, 0.45):
            z = FLOOR_M + board + 0.04
            parts += both(block((0.03, 0.01, 0.14), (float(x), inner + 0.012, z), Slot.GAP))
    for sign in (1.0, -1.0):  # drawbar
        way = np.array([[front - 0.3, sign * 0.55 * inner, FLOOR_M - 0.07], [nose - 0.12, 0.0, FLOOR_M - 0.09]])
        parts.append(pipe(way, 0.03, segments=6, slot=Slot.PAINT))
    parts.append(rounded_box((0.14, 0.09, 0.09), (nose - 0.07, 0, FLOOR_M - 0.08), radius=0.03, slot=Slot.TRIM))
    jockey = np.array([[nose - 0.4, 0.12, FLOOR_M + 0.18], [nose - 0.4, 0.12, 0.2]])
    parts.append(pipe(jockey, 0.022, segments=6, slot=Slot.PAINT))
    at = (-0.36, 0.36) if tandem else (0.0,)
    for x in at:
        parts.append(block((0.06, 2 * inner, 0.06), (x, 0, TYRE_M), Slot.UNDER))
        parts += both(_mudguard(x, half))
    parts += [block((0.05, 2 * half - 0.02, 0.13), (tail + 0.0, 0, FLOOR_M - 0.1), Slot.TRIM)]
    rail = FLOOR_M + board - 0.01  # the frame round the boards, and the catches of the tailboard
    parts += both(block((bed, 0.045, 0.035), (middle, inner - 0.012, rail), Slot.ALUMINIUM))
    parts += [block((0.045, 2 * inner, 0.035), (x, 0, rail), Slot.ALUMINIUM) for x in (front, tail + 0.015)]
    for z in (FLOOR_M + 0.06, rail - 0.05):
        parts += both(rounded_box((0.03, 0.05, 0.07), (tail - 0.012, inner - 0.10, z), radius=0.01, slot=Slot.CHROME))
    parts += _small_lamps(tail, half)
    parts.append(turned(plate(0.52, 0.115, int(rng.integers(0, 128)), Slot.PLATE), yaw=np.pi,
                        at=(tail - 0.035, 0.0, FLOOR_M - 0.1)))  # fmt: skip
    joints: list[Joint] = []
    wheels = axles(TYRE_M, width, [(x, False, False) for x in at], joints, rng, tyre_m=WIDE_TYRE_M)
    return _model(parts, wheels, joints, (tail, nose, half, height), FLOOR_M - 0.1, front, rng)


def _mudguard(x: float, half: float) -> Mesh:
    """A sheet bent over a wheel, seen from both sides, with a rim along its outer edge."""
    angle = np.radians(np.linspace(15.0, 165.0, 9))
    outer, inner = half + 0.005, half - WIDE_TYRE_M - 0.06
    edge = ((TYRE_M + 0.025, outer), (TYRE_M + 0.06, outer), (TYRE_M + 0.06, inner), (TYRE_M + 0.045, inner),
            (TYRE_M + 0.045, outer - 0.02), (TYRE_M + 0.025, outer))  # fmt: skip
    rows = [np.stack([x + r * np.cos(angle), np.full(9, y), TYRE_M + r * np.sin(angle)], 1) for r, y in edge]
    return patch(np.stack(rows), Slot.TRIM, flip=True)


def _small_lamps(tail: float, half: float) -> list[Mesh]:
    """Lamps in the rear bar, and the triangular reflectors of trailers (UN R3, class III)."""
    out: list[Mesh] = []
    for sign, turn in ((1.0, Slot.LEFT), (-1.0, Slot.RIGHT)):
        for k, slot in enumerate((turn, Slot.BRAKE, Slot.TAIL)):
            y = sign * (half - 0.08 - 0.075 * k)
            out.append(block((0.03, 0.07, 0.09), (tail - 0.025, y, FLOOR_M - 0.1), int(slot)))
        corner = np.array([[tail - 0.027, sign * (half - 0.34) + 0.075 * a, FLOOR_M - 0.14 + 0.13 * b]
                           for a, b in ((-1, 0), (1, 0), (0, 1))])  # fmt: skip
        out.append(Mesh.of(corner, [[0, 2, 1]], None, int(Slot.REFLECTOR)))
    fog = block((0.03, 0.07, 0.09), (tail - 0.025, half - 0.08 - 0.075 * 3, FLOOR_M - 0.1), int(Slot.FOG_REAR))
    return [*out, fog]


def _semi(length: float, width: float, height: float, rng: np.random.Generator) -> Model:
    """A box or curtain-sided semi-trailer on three axles."""
    half, tyre = width / 2, 0.49
    tail = -3.31
    nose = tail + length
    parts = semi_trailer(nose + 0.55, tail, half, tyre, max(height, 2.2), rng.random() < 0.6, rng)
    parts += rear_lamps(tail + 0.02, half, 0.95)
    parts += contour_tape(tail + 0.1, nose - 0.1, half + 0.004, 1.24)
    joints: list[Joint] = []
    wheels = axles(tyre, width, [(tail + x, False, False) for x in AXLES_M], joints, rng)
    return _model(parts, wheels, joints, (tail, nose, half, max(height, 2.2)), 0.95, nose - 1.2, rng)


def _model(
    parts: list[Mesh],
    wheels: list[Body],
    joints: list[Joint],
    reach: tuple[float, float, float, float],
    tail_z: float,
    drawn_at: float,
    rng: np.random.Generator,
) -> Model:
    """The model of a trailer whose front rests where it is drawn; `reach` is tail, nose, half width and height."""
    tail, nose, half, height = reach
    name = str(rng.choice(("white", "grey", "silver", "blue", "red", "green"), p=(0.45, 0.2, 0.1, 0.1, 0.08, 0.07)))
    second = tarpaulin(finishes.paint(name, rng))
    lamps = vehicle_lamps(nose, tail - 0.04, 2 * half, head_z=0.7, tail_z=tail_z)
    return Model(
        "trailer",
        (Body(finish(parts, crease_deg=38), fleet_materials("silver", second, rng)), *wheels),
        tuple(joints),
        tuple(lamp for lamp in lamps if lamp.direction[0] < 0) + plate_lamps(parts),  # only those behind
        wheelbase_m=drawn_at,
        box=np.array([[tail, -half, 0.0], [nose, half, height]]),
    )
