"""Road wheels: lathed tyres, rims with spokes, brake discs. Shared by identity of parameters, placed by translation."""

from __future__ import annotations

from functools import cache

import numpy as np

from simulator.actors import finishes
from simulator.actors.shape import F64, disc, finish, lathe, mirrored, patch
from simulator.scene import Body, Driver, Joint, Material, Mesh

TYRE, RIM, DARK = 0, 1, 2


@cache
def car_wheel(radius_mm: int, width_mm: int, rim_mm: int, spokes: int, style: int) -> Mesh:
    """Wheel about the y axis through the origin, outer face toward +y.

    Args:
        radius_mm, width_mm: tyre.
        rim_mm: radius of the rim's outer edge.
        spokes: number of spokes.
        style: 0 single spokes, 1 double spokes, 2 wide blades, 3 steel disc with holes (wheel cover).
    """
    r, w, rim = radius_mm / 1000, width_mm / 1000, rim_mm / 1000
    h = w / 2
    side = r - rim
    radius = [rim, rim + 0.5 * side, r - 0.12 * side, r, r, r - 0.12 * side, rim + 0.5 * side, rim]
    y = [-0.82 * h, -h, -0.9 * h, -0.66 * h, 0.66 * h, 0.9 * h, h, 0.84 * h]
    segments = 24
    parts = [lathe(radius, y, segments=segments, slots=TYRE)]
    # Barrel of the rim, seen between the spokes, and what lies behind it.
    lip = 0.93 * rim
    parts.append(lathe([rim, lip, lip * 0.95], [0.84 * h, 0.78 * h, -0.1 * h], segments=segments, slots=[RIM, DARK]))
    parts.append(disc(lip * 0.96, segments=12, slot=DARK).moved(y=-0.1 * h))
    parts.append(mirrored(disc(rim, segments=12, slot=DARK).moved(y=0.8 * h)))
    parts.append(disc(0.6 * rim, segments=12, slot=RIM).moved(y=-0.06 * h))
    parts += _spokes(lip, h, spokes, style)
    hub = 0.2 * rim
    parts.append(lathe([hub * 1.4, hub * 1.1, 0.0], [0.40 * h, 0.70 * h, 0.74 * h], segments=10, slots=RIM))
    return finish(parts, crease_deg=38)


def _spokes(lip: float, h: float, count: int, style: int) -> list[Mesh]:
    """Spokes as tapered bars from the hub to the lip, dished toward the hub."""
    r = np.array([0.16, 0.5, 1.0]) * lip
    front = np.array([0.66, 0.70, 0.76]) * h
    pair = {0: (0.0,), 1: (-0.34, 0.34), 2: (0.0,), 3: (0.0,)}[style]
    width = {0: (0.17, 0.12, 0.15), 1: (0.07, 0.055, 0.065), 2: (0.18, 0.30, 0.52), 3: (0.20, 0.42, 0.80)}[style]
    step = 2 * np.pi / count
    out = []
    for k in range(count):
        for offset in pair:
            angle = k * step + offset * step
            # A double spoke starts at the hub closer together than it ends.
            angles = np.array([angle - 0.5 * offset * step, angle - 0.15 * offset * step, angle])
            center = np.stack([r * np.cos(angles), np.zeros(3), r * np.sin(angles)], 1)
            tangent = np.stack([-np.sin(angles), np.zeros(3), np.cos(angles)], 1)
            half = (np.array(width) * lip * (5 / count if style in (2, 3) else min(1.0, 6 / count) ** 0.7) / 2)[:, None]
            out.append(_bar(center, tangent * half, front, 0.16 * h))
    return out


def _bar(center: F64, half: F64, front: F64, depth: float) -> Mesh:
    """Open-ended bar with a bevelled front."""
    y = np.array([0.0, 1.0, 0.0])
    a = center - half + (front - depth)[:, None] * y
    b = center - 0.8 * half + front[:, None] * y
    c = center + 0.8 * half + front[:, None] * y
    d = center + half + (front - depth)[:, None] * y
    return patch(np.stack([a, b, c, d]), RIM)


@cache
def truck_wheel(radius_mm: int, width_mm: int, double: bool) -> Mesh:
    """Lorry or bus wheel about the y axis, outer face toward +y: front ones bulge, rear (double) ones are dished."""
    r, h = radius_mm / 1000, width_mm / 2000
    rim = 0.56 * r
    side = r - rim

    def _tyre(at: float, half: float, shown: bool = True) -> Mesh:
        """The outer side wall, unless another tyre hides it, the tread, and the inner wall."""
        radius = [rim, r - 0.08 * side, r, r, r - 0.08 * side, rim + 0.5 * side, rim]
        share = [-0.9, -0.92, -0.75, 0.75, 0.92, 1.0, 0.85]
        count = len(radius) if shown else 5
        return lathe(radius[:count], [at + half * y for y in share[:count]], segments=24, slots=TYRE)

    if double:
        half = h / 2 * 0.96
        parts = [_tyre(h / 2, half), _tyre(-h / 2, half, shown=False)]
        dish = [0.88, 0.80, 0.25, 0.18, 0.18, 0.26]
    else:
        parts = [_tyre(0.0, h)]
        dish = [0.86, 0.80, 0.70, 0.92, 0.95, 1.0]
    radius = [rim, 0.93 * rim, 0.88 * rim, 0.5 * rim, 0.32 * rim, 0.0]
    parts.append(lathe(radius, [d * h for d in dish], segments=18, slots=[RIM, RIM, RIM, DARK, RIM]))
    parts.append(mirrored(disc(rim, segments=12, slot=DARK).moved(y=0.8 * h)))
    for k in range(10):  # wheel nuts
        angle = k * 2 * np.pi / 10
        y = (0.78 if not double else 0.24) * h
        parts.append(
            lathe([0.036 * r, 0.0], [y, y + 0.04], segments=4, slots=RIM).moved(
                0.60 * rim * np.cos(angle), 0.0, 0.60 * rim * np.sin(angle)
            )
        )
    return finish(parts, crease_deg=38)


def place_wheels(
    mesh: Mesh,
    materials: tuple[Material, ...],
    radius: float,
    axles: list[tuple[float, float, bool]],
    joints: list[Joint],
    hitch: int = -1,
) -> list[Body]:
    """Wheels left and right of each axle (x, half track to the wheel's middle, steered), with their joints.

    `hitch`: joint on which the axles hang, -1 for the vehicle itself.

    A wheel's travel joint turns it about +y by travel / radius: the top goes forward, the contact point backward at
    the speed of travel, so it rolls without slipping. Steered wheels hang on a steering joint about +z.
    """
    bodies = []
    for x, half_track, steered in axles:
        for sign in (1.0, -1.0):
            center = (x, sign * half_track, radius)
            parent = hitch
            if steered:
                parent = len(joints)
                joints.append(Joint(center, (0.0, 0.0, 1.0), Driver.STEER, parent=hitch))
            joints.append(Joint(center, (0.0, 1.0, 0.0), Driver.TRAVEL, gain=1.0 / radius, parent=parent))
            side = mesh if sign > 0 else mirrored(mesh)
            bodies.append(Body(side.moved(*center), materials, len(joints) - 1))
    return bodies


def rim_materials(rng: np.random.Generator) -> tuple[Material, ...]:
    """Tyre, rim and inner materials of a random car wheel."""
    rim = (finishes.ALLOY, finishes.ALLOY_DARK)[int(rng.random() < 0.33)]
    return (finishes.RUBBER, rim, finishes.UNDERBODY)
