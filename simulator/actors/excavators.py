"""Tracked excavators, as they stand in roadworks."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor
from simulator.actors.coachwork import Slot
from simulator.actors.faces import body_materials
from simulator.actors.hull import hull
from simulator.actors.shape import F64, block, both, finish, lathe, patch, pipe, rounded_box, turned
from simulator.scenario.distributions import Fraction, uniform
from simulator.scene import Body, Material, Mesh, Model


class Excavator(Actor, kind="excavator"):
    """A tracked excavator with its arm in a random working position.

    Attributes:
        size: 0 a midi machine of 8 t, 1 a machine of 22 t.
        swing: where the upper carriage looks: 0 forward, 1 a quarter turn to the left.
    """

    class_name: ClassVar[str] = "construction_vehicle"
    speed_mps: ClassVar[float] = 1.0
    max_speed_mps: ClassVar[float] = 1.5
    acceleration_mps2: ClassVar[float] = 0.5

    size: Fraction = uniform(0.0, 1.0)
    swing: Fraction = uniform(0.0, 0.5)

    def _build(self, rng: np.random.Generator) -> list[Model]:
        k = 0.72 + 0.28 * self.size
        lower = [mesh.moved(z=0.018 * k) for mesh in _tracks(k)]
        yaw = self.swing * np.pi / 2
        upper = [turned(mesh, yaw=float(yaw)) for mesh in _house(k) + _arm(k, rng)]
        body = finish([*lower, *upper], crease_deg=38)
        table = body_materials()
        shade = np.array([0.70, 0.36, 0.015]) if rng.random() < 0.75 else np.array([0.62, 0.12, 0.02])
        table[Slot.PAINT] = Material(
            "machine paint",
            finishes.as_rgb(shade * rng.uniform(0.8, 1.0)),
            roughness=0.5,
            clearcoat=0.3,
            reflectance_905=0.65,
        )
        table[Slot.BEACON] = finishes.AMBER_BEACON
        table[Slot.SECOND] = Material(
            "track steel", (0.06, 0.055, 0.05), roughness=0.8, metallic=0.3, reflectance_905=0.12
        )
        return [Model("construction_vehicle", (Body(body, tuple(table)),), attributes=(("machine", "excavator"),))]


def _tracks(k: float) -> list[Mesh]:
    """Two tracks with pads, rollers and drive wheels on a frame."""
    half, radius, gauge, wide = 1.75 * k, 0.42 * k, 1.05 * k, 0.55 * k
    parts: list[Mesh] = [block((2.4 * k, 1.6 * k, 0.35 * k), (0, 0, 0.62 * k), Slot.SECOND)]
    arc = np.linspace(-np.pi / 2, np.pi / 2, 7)
    outline = np.concatenate(
        [
            np.stack([half + radius * np.cos(arc), radius + radius * np.sin(arc)], 1),
            np.stack([-half - radius * np.cos(arc[::-1]), radius + radius * np.sin(arc[::-1])], 1),
        ]
    )
    count = 44
    lengths = np.concatenate(
        [[0], np.cumsum(np.linalg.norm(np.diff(np.vstack([outline, outline[:1]]), axis=0), axis=1))]
    )
    at = np.arange(count) * lengths[-1] / count
    ring = np.stack([np.interp(at, lengths, np.append(outline[:, j], outline[0, j])) for j in (0, 1)], 1)
    inner = (ring - [0, radius]) * [0.96, 0.80] + [0, radius]
    for y in (gauge, -gauge):
        rows = [
            (ring, y - wide / 2),
            (ring, y + wide / 2),
            (inner, y + wide / 2),
            (inner, y - wide / 2),
            (ring, y - wide / 2),
        ]
        grid = np.stack([np.stack([line[:, 0], np.full(count, at_y), line[:, 1]], 1) for line, at_y in rows])
        parts.append(patch(grid, Slot.SECOND, close=True))
        for j in range(0, count, 2):
            a, b = ring[j], ring[(j + 1) % count]
            pitch = -float(np.arctan2(b[1] - a[1], b[0] - a[0]))
            middle = (a + b) / 2
            parts.append(
                turned(block((0.10 * k, wide, 0.035 * k), slot=Slot.SECOND), pitch=pitch, at=(middle[0], y, middle[1]))
            )
        for x in np.linspace(-half, half, 7):
            size = 0.33 * k if abs(abs(x) - half) < 0.01 else 0.16 * k
            z = radius if size > 0.2 * k else 0.25 * k
            wheel = lathe(
                [0.0, size, size, 0.0],
                [-wide * 0.42, -wide * 0.42, wide * 0.42, wide * 0.42],
                segments=12,
                slots=Slot.UNDER,
            )
            parts.append(wheel.moved(float(x), y, z))
        parts.append(block((2 * half, wide * 0.5, 0.22 * k), (0, y, radius), Slot.PAINT))
    return parts


def _house(k: float) -> list[Mesh]:
    """Upper carriage: counterweight, engine cover and cab with glass."""
    base = 1.02 * k
    z = np.array([0.0, 0.10, 0.55, 1.05, 1.12]) * k + base
    weight = hull(
        z,
        np.array([0.2, 0.25, 0.25, 0.20, 0.1]) * k,
        -np.array([1.75, 1.85, 1.88, 1.80, 1.65]) * k,
        np.array([1.2, 1.25, 1.25, 1.22, 1.1]) * k,
        np.array([0.1, -0.5, -1.0]) * k,
        front_power=9.0,
        rear_power=2.8,
        front_y=(0.0, 0.5, 1.0),
        rear_y=(0.0, 0.25, 0.5, 0.72, 0.88, 0.97, 1.0),
    )
    grid = weight.grid(Slot.PAINT)
    grid[weight.rows(base + 0.15 * k, base + 0.6 * k) & (weight.rear_y < 9)] = Slot.SECOND
    parts = [
        *weight.meshes(grid),
        weight.roof(0.04, Slot.PAINT),
        block((1.9 * k, 2.2 * k, 0.15 * k), (-0.1 * k, 0, base - 0.02), Slot.PAINT),
    ]
    parts.append(
        lathe([0.0, 0.75 * k, 0.75 * k, 0.0], [0, 0, 0.25 * k, 0.25 * k], segments=16, slots=Slot.SECOND).transformed(
            np.array([[1.0, 0, 0, 0], [0, 0, -1.0, 0], [0, 1.0, 0, base - 0.22 * k], [0, 0, 0, 1]])
        )
    )
    parts += _fittings(k, base)
    cab_z = np.array([0.0, 0.45, 0.55, 1.05, 1.52, 1.66, 1.72]) * k + base
    cab = hull(
        cab_z,
        np.array([1.28, 1.32, 1.32, 1.28, 1.10, 1.05, 0.95]) * k,
        np.array([-0.30, -0.32, -0.32, -0.30, -0.26, -0.24, -0.15]) * k,
        np.array([0.48, 0.50, 0.50, 0.49, 0.47, 0.46, 0.38]) * k,
        np.array([0.95, 0.90, 0.35, 0.30, -0.15, -0.2]) * k,
        front_y=(0.0, 0.5, 0.82, 0.9, 1.0),
        rear_y=(0.0, 0.6, 0.88, 1.0),
    )
    grid = cab.grid(Slot.PAINT)
    high = cab.rows(base + 0.55 * k, base + 1.55 * k)
    grid[
        high
        & ((cab.front_y < 0.85) | cab.side(0.36 * k, 0.90 * k) | cab.side(-0.15 * k, 0.30 * k) | (cab.rear_y < 0.85))
    ] = Slot.GLASS
    grid[cab.rows(base + 0.05 * k, base + 0.55 * k) & (cab.front_y < 0.85)] = Slot.GLASS
    grid[high & (grid == Slot.PAINT)] = Slot.GLOSS  # posts
    y = 0.70 * k
    parts += [mesh.moved(y=y) for mesh in (*cab.meshes(grid), cab.roof(0.03, Slot.SECOND))]
    parts.append(
        rounded_box((0.14 * k, 0.5 * k, 0.75 * k), (0.10 * k, y, base + 0.75 * k), radius=0.05, slot=Slot.SEAT)
    )
    parts.append(rounded_box((0.5 * k, 0.5 * k, 0.14 * k), (0.32 * k, y, base + 0.45 * k), radius=0.05, slot=Slot.SEAT))
    parts.append(
        lathe([0.0, 0.07, 0.07, 0.0], [0, 0, 0.12, 0.12], segments=10, slots=Slot.BEACON).transformed(
            np.array([[1.0, 0, 0, 0.1 * k], [0, 0, -1.0, y], [0, 1.0, 0, base + 1.75 * k], [0, 0, 0, 1]])
        )
    )
    return parts


def _fittings(k: float, base: float) -> list[Mesh]:
    """Seams and vents of the engine's doors, hand rails, exhaust, steps, stripe of the counterweight."""
    parts: list[Mesh] = []
    side, top = 1.252 * k, base + 1.12 * k
    for x in (-0.15, -0.75, -1.30):
        parts += both(block((0.014, 0.008, 0.80 * k), (x * k, side, base + 0.60 * k), Slot.GAP))
    parts += both(block((1.15 * k, 0.008, 0.014), (-0.72 * k, side, base + 1.0 * k), Slot.GAP))
    for x in (-0.45, -1.02):
        for j in range(5):
            at = (x * k, side, base + (0.70 + 0.055 * j) * k)
            parts += both(block((0.36 * k, 0.010, 0.022 * k), at, Slot.GAP))
    for y in (-1.1, -0.15):
        rail = np.array([[0.15, y, 0.0], [0.15, y, 0.55], [-0.95, y, 0.55], [-0.95, y, 0.0]]) * k + [0, 0, top - 0.05]
        parts.append(pipe(rail, 0.022 * k, segments=5, slot=Slot.TRIM))
    stack = np.array([[-0.95, -0.55, -0.05], [-0.95, -0.55, 0.40], [-1.05, -0.55, 0.50]]) * k + [0, 0, top]
    parts.append(pipe(stack, 0.06 * k, segments=8, slot=Slot.SECOND))
    parts.append(rounded_box((0.75 * k, 0.85 * k, 0.16 * k), (-0.75 * k, 0.1 * k, top + 0.05 * k), radius=0.05,
                             slot=Slot.PAINT))  # fmt: skip
    for z in (-0.12, -0.40):
        parts.append(block((0.35 * k, 0.22 * k, 0.04 * k), (0.70 * k, 1.12 * k, base + z * k), Slot.TRIM))
    return parts


def _arm(k: float, rng: np.random.Generator) -> list[Mesh]:
    """Boom, stick, bucket and rams in a working position, the bucket near the ground."""
    foot = np.array([0.55, 0.0, 1.35]) * k
    lift, curl = float(rng.uniform(0.55, 0.95)), float(rng.uniform(-1.95, -1.45))
    knee = foot + 2.6 * k * np.array([np.cos(lift), 0.0, np.sin(lift)])
    elbow = knee + 2.5 * k * np.array([np.cos(lift - 0.75), 0.0, np.sin(lift - 0.75)])
    wrist = elbow + 2.4 * k * np.array([np.cos(curl), 0.0, np.sin(curl)])
    if wrist[2] < 0.95 * k:  # keep the bucket out of the ground
        wrist[2] = 0.95 * k
    back = elbow + (elbow - wrist) * 0.20
    # The boom bends at the knee in a curve (Bezier), deepest there.
    t = np.linspace(0.0, 1.0, 9)[:, None]
    bend = knee + 0.35 * (knee - 0.5 * (foot + elbow))
    way = (1 - t) ** 2 * foot + 2 * t * (1 - t) * bend + t**2 * elbow
    deep = k * np.interp(t[:, 0], [0.0, 0.45, 1.0], [0.34, 0.66, 0.34])
    stick = back + np.linspace(0.0, 1.0, 4)[:, None] * (wrist - back)
    parts = [_beam(way, deep, 0.40 * k), _beam(stick, k * np.array([0.22, 0.50, 0.40, 0.22]), 0.30 * k)]
    top = way[4] + [0.0, 0.0, 0.5 * deep[4] + 0.05 * k]
    for y in (0.27 * k, -0.27 * k):
        low = np.array([0.95 * k, y, 1.16 * k])
        parts += _ram(low, way[4] + [0.0, y, 0.0], 0.075 * k)
    parts += _ram(top, back, 0.075 * k)
    along = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    ahead = np.array([-along[2], 0.0, along[0]])  # away from the machine
    ahead *= np.sign(ahead[0])
    link = wrist - 0.45 * k * along + 0.34 * k * ahead
    parts += _ram(elbow + 0.10 * k * along + 0.30 * k * ahead, link, 0.065 * k)
    hook = wrist + 0.28 * k * ahead - 0.10 * k * along
    for y in (0.17 * k, -0.17 * k):
        for a, b in ((link, wrist - 0.40 * k * along), (link, hook)):
            parts.append(pipe(np.stack([a, b]) + [0.0, y, 0.0], 0.045 * k, segments=5, slot=Slot.SECOND))
    for at, radius, wide in ((foot, 0.13, 0.5), (way[4], 0.10, 0.66), (elbow, 0.13, 0.46), (wrist, 0.09, 0.46)):
        pin = lathe([0.0, radius * k, radius * k, 0.0], np.array([-1.0, -1.0, 1.0, 1.0]) * wide * k / 2, segments=10,
                    slots=Slot.SECOND)  # fmt: skip
        parts.append(pin.moved(*at.tolist()))
    for y in (0.07 * k, -0.07 * k):  # hoses
        hose = way + np.array([0.0, y, 0.0]) + np.stack([0 * deep, 0 * deep, 0.5 * deep + 0.02 * k], 1)
        slack = elbow + 0.22 * k * (ahead - along) + [0.0, y, 0.0]
        parts.append(pipe(np.concatenate([hose[1:], slack[None]]), 0.022 * k, segments=4, slot=Slot.GAP))
    return parts + _bucket(wrist, k)


def _ram(start: F64, end: F64, radius: float) -> list[Mesh]:
    """A hydraulic cylinder from `start` with its rod to `end`."""
    middle = start + 0.58 * (end - start)
    return [
        pipe(np.stack([start, middle]), radius, segments=9, slot=Slot.PAINT),
        pipe(np.stack([middle, middle + 0.03 * (end - middle)]), 1.12 * radius, segments=9, slot=Slot.SECOND),
        pipe(np.stack([middle, end]), 0.55 * radius, segments=7, slot=Slot.CHROME),
    ]


def _bucket(wrist: F64, k: float) -> list[Mesh]:
    """A digging bucket of steel 2 cm thick, an outer and an inner shell, with teeth."""
    angle = np.linspace(0.45, 3.9, 9)
    arc = np.stack([0.62 * np.cos(angle), 0.58 * np.sin(angle) - 0.36], 1) * k
    parts: list[Mesh] = []
    for wide, inset, flip in ((0.52, 0.0, False), (0.50, 0.02, True)):
        curve = arc * (1 - inset / 0.45) - [0.0, 0.30 * inset / 0.45 * k]
        rows = [
            np.stack([wrist[0] - 0.05 + curve[:, 0], np.full(9, y), wrist[2] + curve[:, 1]], 1)
            for y in (-wide * k, wide * k)
        ]
        parts.append(patch(np.stack(rows), Slot.SECOND, flip=flip))
        for row, other in ((rows[0], not flip), (rows[1], flip)):
            wall = np.stack([row, np.broadcast_to(row.mean(0), row.shape)])
            parts.append(patch(wall, Slot.SECOND, flip=other))
    lip, way = arc[-1], arc[-1] - arc[-2]
    pitch = -float(np.arctan2(way[1], way[0]))
    for y in np.linspace(-0.46, 0.46, 5) * k:
        at = (wrist[0] - 0.05 + lip[0] + 0.3 * way[0], y, wrist[2] + lip[1] + 0.3 * way[1])
        parts.append(turned(block((0.24 * k, 0.09 * k, 0.05 * k), slot=Slot.CHROME), pitch=pitch, at=at))
    return parts


def _beam(way: F64, deep: F64, wide: float) -> Mesh:
    """Box beam of `wide` with (N,) depths along the (N, 3) points `way` in the plane y = 0; its edges are bevelled."""
    step = np.gradient(way, axis=0)
    step /= np.linalg.norm(step, axis=1, keepdims=True)
    up = np.stack([-step[:, 2], 0 * step[:, 0], step[:, 0]], 1)
    edge = 0.05 * wide
    corners = [(1, 1, 0, 1), (1, 1, 1, 0), (-1, 1, 1, 0), (-1, 1, 0, 1), (-1, -1, 0, 1), (-1, -1, 1, 0), (1, -1, 1, 0),
               (1, -1, 0, 1)]  # fmt: skip
    rings = np.stack(
        [
            way + up * (s * (deep / 2 - edge * v))[:, None] + [0.0, t * (wide / 2 - edge * u), 0.0]
            for t, s, u, v in corners
        ],
        1,
    )
    sides = patch(rings, Slot.PAINT, close=True, flip=True)
    n, last = len(corners), (len(way) - 1) * len(corners)
    caps = np.array(
        [[0, j + 1, j] for j in range(1, n - 1)] + [[last, last + j, last + j + 1] for j in range(1, n - 1)]
    )
    return Mesh.of(sides.vertices, np.concatenate([sides.faces, caps]), None, int(Slot.PAINT))
