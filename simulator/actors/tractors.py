"""Farm tractors: large rear wheels with lugs under mudguards, a bonnet, a cab of glass."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor
from simulator.actors.cars import catalogue_draw
from simulator.actors.coachwork import Slot
from simulator.actors.faces import body_materials
from simulator.actors.heavy import arm_mirrors, rear_lamps
from simulator.actors.hull import hull
from simulator.actors.lamps import vehicle_lamps
from simulator.actors.shape import F64, block, both, finish, lathe, patch, pipe, rounded_box, turned
from simulator.actors.wheels import DARK, RIM, TYRE, place_wheels
from simulator.scenario.distributions import Fraction, uniform
from simulator.scene import Body, Joint, Material, Mesh, Model

PAINTS = ((0.03, 0.17, 0.03), (0.42, 0.02, 0.015), (0.02, 0.06, 0.28), (0.10, 0.30, 0.05), (0.50, 0.16, 0.01))


class Tractor(Actor, kind="tractor"):
    """A farm tractor.

    Attributes:
        size: place within the real dimensions: 0 the smallest, 1 the largest.
    """

    class_name: ClassVar[str] = "construction_vehicle"
    speed_mps: ClassVar[float] = 9.0
    max_speed_mps: ClassVar[float] = 13.9
    acceleration_mps2: ClassVar[float] = 0.8
    deceleration_mps2: ClassVar[float] = 3.0

    size: Fraction = uniform(0.0, 1.0)

    def _build(self, rng: np.random.Generator) -> list[Model]:
        draw, near = catalogue_draw("tractors", "farm", self.size, rng)
        length, width, height = draw("length"), draw("width"), draw("height")
        wheelbase, rear, front = draw("wheelbase"), round(draw("rear_radius"), 2), round(draw("front_radius"), 2)
        tail = -rear - near(0.05, 0.01)
        nose = tail + length
        half = width / 2
        wide_rear = near(0.52, 0.04)
        parts = _bonnet(nose, rear) + _cab(rear, height, half - wide_rear) + _guards(rear, half, wide_rear)
        parts += [block((nose - tail - 0.5, 0.42, 0.42), ((nose + tail) / 2 - 0.1, 0, 0.78), Slot.UNDER)]
        parts += [block((0.22, 2 * half - 0.5, 0.18), (wheelbase, 0, front), Slot.UNDER)]
        parts += [block((0.25, 2 * half - 0.8, 0.22), (0.0, 0, rear), Slot.UNDER)]
        parts += rear_lamps(-rear + 0.12, half - 0.10, rear + 0.72)
        table = body_materials()
        shade = np.array(PAINTS[int(rng.integers(len(PAINTS)))]) * rng.uniform(0.85, 1.15)
        table[Slot.PAINT] = Material(
            "tractor paint", finishes.as_rgb(shade), roughness=0.45, clearcoat=0.7, reflectance_905=0.5
        )
        table[Slot.BEACON] = finishes.AMBER_BEACON
        hub = (0.55, 0.42, 0.02) if shade[1] > shade[0] else (0.55, 0.55, 0.53)
        rims = (finishes.RUBBER, Material("rim paint", hub, roughness=0.5, reflectance_905=0.6), finishes.UNDERBODY)
        joints: list[Joint] = []
        wheels = []
        for x, radius, wide, steered in ((wheelbase, front, 0.38, True), (0.0, rear, wide_rear, False)):
            mesh = lugged_wheel(int(round(radius * 1000)), int(round(wide * 1000)))
            wheels += place_wheels(mesh, rims, radius, [(x, half - wide / 2 - 0.02, steered)], joints)
        return [
            Model(
                "construction_vehicle",
                (Body(finish(parts, crease_deg=38), tuple(table)), *wheels),
                tuple(joints),
                vehicle_lamps(nose, tail, 0.9, head_z=1.25, tail_z=rear + 0.72),
                wheelbase_m=wheelbase,
                attributes=(("machine", "tractor"),),
                box=np.array([[tail, -half, 0.0], [nose, half, height]]),
            )
        ]


@cache
def lugged_wheel(radius_mm: int, width_mm: int) -> Mesh:
    """Tractor wheel about the y axis, outer face toward +y: a tyre with slanting lugs, a dished rim."""
    r, h = radius_mm / 1000, width_mm / 2000
    core, rim = 0.94 * r, 0.58 * r
    profile = [rim, rim + 0.5 * (core - rim), core - 0.02, core, core, core - 0.02, rim + 0.5 * (core - rim), rim]
    across = [-0.8 * h, -h, -0.9 * h, -0.6 * h, 0.6 * h, 0.9 * h, h, 0.8 * h]
    parts = [lathe(profile, across, segments=28, slots=TYRE)]
    count = 22
    for k in range(count):
        for sign in (1.0, -1.0):
            middle = (k + 0.25 * sign) * 2 * np.pi / count
            angle = middle + np.array([0.0, 0.11])  # the outer end trails
            y = np.array([0.02, 0.98 * h]) * sign
            parts.append(_lug(angle, y, core - 0.015, r, 0.030 * r / 0.8))
    dish = [0.85, 0.80, 0.72, 0.15, 0.10, 0.16]
    radius = [rim, 0.95 * rim, 0.90 * rim, 0.62 * rim, 0.30 * rim, 0.0]
    parts.append(lathe(radius, [d * h for d in dish], segments=24, slots=[RIM, RIM, RIM, RIM, DARK]))
    parts.append(lathe([0.0, rim], [-0.7 * h, -0.7 * h], segments=16, slots=DARK))
    return finish(parts, crease_deg=38)


def _lug(angle: F64, y: F64, low: float, high: float, half: float) -> Mesh:
    """A bar on the tread between two (angle, y) points, from radius `low` to `high`."""
    rows = []
    angle, y = angle[[0, 0, 1, 1]], y[[0, 0, 1, 1]]  # its ends go down to the tyre
    for side, radius in ((-1.6, low), (-1.0, high), (1.0, high), (1.6, low)):
        a, r = angle + side * half / high, np.array([low, radius, radius, low])
        rows.append(np.stack([r * np.cos(a), y, r * np.sin(a)], 1))
    return patch(np.stack(rows), TYRE, flip=bool(y[-1] > y[0]))


def _bonnet(nose: float, rear: float) -> list[Mesh]:
    """Engine cover with grille and lamps, exhaust and front weights."""
    back, low, high = 0.78, 0.86, rear + 0.62
    z = np.array([low, low + 0.12, (low + high) / 2, high - 0.12, high - 0.03, high])
    front = nose - np.array([0.20, 0.16, 0.14, 0.20, 0.28, 0.42])
    body = hull(
        z,
        front,
        np.full(6, back - 0.05),
        np.array([0.33, 0.36, 0.37, 0.36, 0.31, 0.22]),
        np.linspace(nose - 0.5, back + 0.1, 5),
        front_power=3.0,
        rear_power=9.0,
    )
    grid = body.grid(Slot.PAINT)
    grid[body.rows(low, high - 0.10) & (body.front_y < 0.7)] = Slot.TRIM
    grid[body.rows(low + 0.05, high - 0.14) & body.side(back + 0.35, nose - 0.6)] = Slot.TRIM
    parts = [*body.meshes(grid), body.roof(0.04, Slot.PAINT)]
    x = body.nose_at((low + high) / 2 + 0.08, 0.45)
    parts += both(rounded_box((0.06, 0.20, 0.11), (x - 0.01, 0.19, high - 0.26), radius=0.03, slot=Slot.LOW_BEAM))
    parts.append(rounded_box((0.34, 0.62, 0.30), (nose - 0.17, 0, 0.66), radius=0.04, slot=Slot.UNDER))
    stack = np.array(
        [[back + 0.15, -0.42, high - 0.25], [back + 0.15, -0.42, high + 0.95], [back + 0.08, -0.42, high + 1.05]]
    )
    parts.append(pipe(stack, [0.07, 0.045, 0.04], segments=10, slot=Slot.TRIM))
    return parts


def _cab(rear: float, height: float, half: float) -> list[Mesh]:
    """Cab between the rear wheels: glass on all sides, roof, seat, driver's place, mirrors and a beacon."""
    low, waist = rear + 0.05, rear + 0.55
    low_half, half = half - 0.09, min(half + 0.16, 0.85)  # wider above the wheels
    z = np.array(
        [
            low,
            waist - 0.06,
            waist,
            (waist + height) / 2 - 0.1,
            height - 0.30,
            height - 0.24,
            height - 0.14,
            height - 0.10,
        ]
    )
    front = np.array([0.78, 0.82, 0.83, 0.82, 0.76, 0.86, 0.88, 0.76])
    back = -np.array([0.45, 0.55, 0.56, 0.55, 0.48, 0.60, 0.62, 0.50])
    side = np.concatenate([np.full(3, low_half), half * np.array([1.0, 0.95, 1.0, 1.0, 0.88])])
    cab = hull(
        z,
        front,
        back,
        side,
        [0.72, 0.66, 0.10, 0.04, -0.40, -0.46],
        front_y=(0, 0.5, 0.86, 0.93, 1.0),
        rear_y=(0, 0.5, 0.86, 0.93, 1.0),
    )
    grid = cab.grid(Slot.TRIM)
    high = cab.rows(waist, height - 0.30)
    clear = (cab.front_y < 0.9) | (cab.rear_y < 0.9) | cab.side(0.10, 0.66) | cab.side(-0.40, 0.04)
    grid[high & clear] = Slot.GLASS
    grid[cab.rows(low, waist) & cab.side(0.10, 0.66)] = Slot.GLASS
    grid[cab.rows(height - 0.26, height)[:, 0]] = Slot.PAINT
    parts = [*cab.meshes(grid), cab.roof(0.06, Slot.PAINT)]
    parts.append(rounded_box((0.5, 0.5, 0.14), (0.05, 0, low + 0.42), radius=0.05, slot=Slot.SEAT))
    parts.append(rounded_box((0.14, 0.5, 0.65), (-0.22, 0, low + 0.72), radius=0.05, slot=Slot.SEAT))
    parts.append(rounded_box((0.30, 0.5, 0.30), (0.62, 0, waist), radius=0.05, slot=Slot.SEAT))
    parts.append(rounded_box((0.25, 0.36, 0.62), (-0.05, 0, low + 0.85), radius=0.12, slot=Slot.TRIM))
    parts.append(rounded_box((0.20, 0.17, 0.24), (-0.02, 0, low + 1.30), radius=0.09, slot=Slot.SKIN))
    dome = turned(
        lathe([0.0, 0.06, 0.055, 0.0], [0.0, 0.0, 0.09, 0.11], segments=12, slots=Slot.BEACON), roll=np.pi / 2
    )
    parts.append(dome.moved(-0.3, half - 0.15, height - 0.10))
    parts += arm_mirrors(0.70, half, waist + 0.55, 0.30)
    for level in (0.35, 0.62):  # steps
        parts += both(block((0.30, 0.26, 0.03), (rear + 0.22, low_half, level + 0.15), Slot.UNDER))
    for x in (rear + 0.075, rear + 0.365):  # what they hang on
        parts += both(block((0.03, 0.05, low - 0.42), (x, low_half - 0.06, 0.5 * (low + 0.46)), Slot.UNDER))
    parts += both(block((0.34, low_half - 0.15, 0.05), (rear + 0.22, 0.5 * low_half + 0.06, low + 0.02), Slot.UNDER))
    return parts


def _guards(rear: float, half: float, wide: float) -> list[Mesh]:
    """Mudguards over the rear wheels."""
    angle = np.radians(np.linspace(20, 165, 12))
    radius = rear + 0.09
    x, z = radius * np.cos(angle), rear + radius * np.sin(angle)
    outer, inner = half - 0.02, half - wide - 0.12
    top = np.stack([np.stack([x, np.full(12, y), z], 1) for y in (inner, outer)])
    wall = np.stack([top[0], np.stack([0.35 * x, np.full(12, inner), rear + 0.35 * (z - rear)], 1)])
    parts = []
    for grid, inward in ((top, np.array([0.0, 0.0, -0.012])), (wall, np.array([0.0, -0.012, 0.0]))):
        parts += [patch(grid, Slot.PAINT), patch(grid + inward, Slot.PAINT, flip=True)]
    return [m for part in parts for m in both(part)]
