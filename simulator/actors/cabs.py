"""Cabs of lorries, over the front axle: shell, doors and their joints, arches, seats, fairings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.actors.cab_fronts import front_of
from simulator.actors.coachwork import SEAM_M, Slot
from simulator.actors.door_leaves import Leaf
from simulator.actors.doors import OPEN_RAD
from simulator.actors.heavy import arm_mirrors
from simulator.actors.hull import Hull, arch_liners, hull
from simulator.actors.shape import F64, block, both, mirrored, patch, pipe, ribbon, rounded_box, turned
from simulator.scene import Mesh

BASE_M = 0.34  # height of a cab's lower edge
DOOR_M = 1.06  # length of a door, the first 0.42 m behind the nose
DIP_M = 0.13  # by which the windows reach lower in front than at the rear edge of the doors
SHARP_M = 0.62  # over which they do
LINED_M = 0.06  # thickness of doors


def cab(
    nose: float,
    wheelbase: float,
    length: float,
    half: float,
    height: float,
    tyre: float,
    rng: np.random.Generator,
    leaves: list[Leaf] | None = None,
) -> list[Mesh]:
    """Cab over the front axle: steps, doors with windows, big windscreen, grille, bumper, sun visor, mirrors.

    One longer than 2.6 m is a crew cab with a second row of doors. Given a list for `leaves`, the driver's door is put
    there.
    """
    waist = BASE_M + 0.50 * (height - BASE_M) + 0.10
    glass_top = min(height - 0.34, waist + 0.98)
    doors = (nose - 0.42 - DOOR_M, nose - 0.42)
    radius = tyre + 0.09
    body = _shell(nose, wheelbase, length, half, height, (waist, glass_top), tyre, rng)
    grid = body.grid(Slot.PAINT)
    back, crew = nose - length, length > 2.6
    door_back, door_front = doors
    front = body.front_y < 1.5
    grid[body.rows(waist, glass_top) & (body.front_y < 0.97)] = Slot.GLASS
    grid[body.rows(waist, glass_top) & body.side(door_back + 0.08, door_front + 0.02)] = Slot.GLASS
    grid[body.rows(waist, glass_top) & body.side(door_front, nose) & (body.front_y > 1.5)] = Slot.GLOSS
    grid[body.rows(0.0, 0.60) & (front | body.side(back, nose))] = Slot.TRIM if rng.random() < 0.5 else Slot.PAINT
    guard = 2 * tyre + 0.08  # what is behind the wheel, up to here, is a mudguard of plastic
    grid[body.rows(0.0, guard) & (body.side(back - 0.3, wheelbase) | (body.rear_y < 1.5))] = Slot.TRIM
    if crew:
        grid[body.rows(waist, glass_top) & body.side(door_back - 1.01, door_back - 0.19)] = Slot.PRIVACY
    left = grid.copy()
    if leaves is not None:
        cells = body.rows(guard, glass_top) & body.side(door_back + 0.10, door_front)
        leaves.append(_leaf(body, np.where(cells, grid, -1), door_front))
        left[cells] = -1
    right = np.where(grid == Slot.LEFT, int(Slot.RIGHT), grid)
    parts = [*body.meshes(left, right), body.roof(0.05, Slot.PAINT)]
    parts += arch_liners((wheelbase,), radius, tyre, half - 0.42, half * 0.98) + _flares(wheelbase, radius, tyre, half)
    parts += arm_mirrors(nose - 0.24, half - 0.02, waist + 0.52, 0.74)  # with the wide-angle glass above
    parts += _joints(body, wheelbase, radius, tyre, doors, glass_top, crew)
    parts += _steps(nose, wheelbase, half) + _handles(body, door_back, waist)
    parts += front_of(body, half, height, waist, glass_top, rng)
    return parts + _inside(nose, length, half, waist)


def _leaf(body: Hull, slots: NDArray[np.int64], front: float) -> Leaf:
    """The driver's door of these cells (others are negative), with its lining, hinged at x = `front`."""
    outside = patch(body.points, slots, flip=True)
    lined = np.where(slots == Slot.PAINT, int(Slot.SEAT), np.where(slots == Slot.TRIM, int(Slot.TRIM), -1))
    inside = patch(body.points - np.array([0.0, LINED_M, 0.0]), lined)
    corner = outside.vertices[np.unique(outside.faces)]
    rail = corner[np.abs(corner[:, 2] - corner[:, 2].min()) < 0.02]
    y, low = float(rail[:, 1].max()), float(corner[:, 2].min())
    rear = float(corner[:, 0].min())
    arm = rounded_box((0.6 * (front - rear), 0.06, 0.07), (0.5 * (front + rear), y - LINED_M - 0.02, low + 0.42),
                      radius=0.02, slot=Slot.TRIM)  # fmt: skip
    sill = block((front - rear, LINED_M, 0.02), (0.5 * (front + rear), y - LINED_M / 2, low + 0.01), Slot.TRIM)
    return Leaf((front, y, low), -OPEN_RAD, [outside, inside, arm, sill])


def _shell(
    nose: float,
    wheelbase: float,
    length: float,
    half: float,
    height: float,
    window: tuple[float, float],
    tyre: float,
    rng: np.random.Generator,
) -> Hull:
    """The skin of a cab whose windows are between two heights; they reach lower in front."""
    waist, glass_top = window
    door_back, door_front = nose - 0.42 - DOOR_M, nose - 0.42
    brow = max(height - 0.34, glass_top + 0.03)
    guard = 2 * tyre + 0.08
    levels = [BASE_M, BASE_M + 0.12, 0.62, 0.86, guard, guard + 0.16, waist - 0.09, waist, (waist + glass_top) / 2]
    z = np.array([*levels, glass_top, brow, (brow + height) / 2, height - 0.08, height])
    rake, tall = float(rng.uniform(0.10, 0.26)), min((height - glass_top) / 0.6, 1.0)  # tall: how high the roof is
    keys = [BASE_M, BASE_M + 0.12, waist, glass_top, brow, height - 0.08, height]
    side = half * np.interp(z, keys, [0.965, 0.992, 0.975, 0.945, 0.93, 0.865, 0.70])
    lean = [0.06, 0.0, 0.06, 0.06 + rake, 0.09 + rake + 0.06 * tall, 0.26 + rake + 0.10 * tall, 0.48 + rake]
    nose_at = nose - np.interp(z, keys, lean)
    back = nose - length
    tail_at = back + np.interp(z, keys, [0.0, 0.0, 0.0, 0.0, 0.0, 0.05, 0.16])
    columns = [nose - 0.38, door_front, door_front - 0.10, *(door_front - SHARP_M * np.array([0.5, 1.0]))]
    columns += [door_back + 0.10, back + 0.06]
    if length > 2.6:
        columns += [door_back - 0.20, door_back - 1.00]
    body = hull(
        z,
        nose_at,
        tail_at,
        side,
        sorted((c for c in columns if c > back + 0.03), reverse=True),
        front_power=3.4,
        rear_power=12.0,
        arches=(wheelbase,),
        arch_radius=tyre + 0.09,
        wheel_z=tyre,
    )
    points = body.points.copy()
    on_side = points[..., 1] > 0.99 * side[:, None]
    share = on_side * np.clip((points[..., 0] - door_front + SHARP_M) / (SHARP_M - 0.1), 0.0, 1.0)
    low = np.isin(np.arange(len(z)), [len(levels) - 3, len(levels) - 2])[:, None]
    points[..., 2] -= np.where(low, DIP_M * share**2 * (3 - 2 * share), 0.0)
    return replace(body, points=points)


def _flares(wheel: float, radius: float, tyre: float, half: float) -> list[Mesh]:
    """Lips of plastic round the arches."""
    angle = np.radians(np.linspace(-14, 194, 11))
    rows = [(0.0, -0.06), (0.0, 0.0), (0.05, -0.003), (0.06, -0.03)]
    lip = [
        np.stack([wheel + (radius + r) * np.cos(angle), np.full(11, half + y), tyre + (radius + r) * np.sin(angle)], 1)
        for r, y in rows
    ]
    return both(patch(np.stack(lip), Slot.TRIM, flip=True))


def _joints(
    body: Hull, wheel: float, radius: float, tyre: float, doors: tuple[float, float], top: float, crew: bool
) -> list[Mesh]:
    """Shut lines of the doors, which leave out the arch, and the joint below a tall roof."""
    back, front = doors
    arc = radius + 0.075
    end = np.arccos(np.clip((back - wheel) / arc, -1.0, 1.0))
    start = np.arcsin(np.clip((0.68 - tyre) / arc, -1.0, 1.0))
    round_arch = [(wheel + arc * np.cos(a), tyre + arc * np.sin(a)) for a in np.linspace(start, end, 7)]
    foot = round_arch[-1][1]
    up = [(back, z) for z in np.linspace(foot, top + 0.02, 4)]
    lines = [[(front, z) for z in np.linspace(top + 0.02, 0.68, 5)] + round_arch + up + [(front, top + 0.02)]]
    if crew:
        lines.append([(back - 1.10, z) for z in np.linspace(top + 0.02, 0.68, 5)])
    parts: list[Mesh] = []
    for line in lines:
        way = np.array([[x, body.half_at(z), z] for x, z in line])
        parts += both(ribbon(way, [0.0, 1.0, 0.0], SEAM_M, Slot.SEAM, lift=0.003))
    return parts


def _steps(nose: float, wheel: float, half: float) -> list[Mesh]:
    """Treads between the wheel and the bumper's corner."""
    low, high = wheel + 0.62, nose - 0.16
    parts: list[Mesh] = []
    if high - low > 0.15:
        for z in (0.44, 0.66):
            middle, run = (low + high) / 2, high - low
            parts += both(block((run, 0.012, 0.13), (middle, half - 0.008, z + 0.05), Slot.GAP))
            parts += both(rounded_box((run, 0.07, 0.03), (middle, half - 0.03, z), radius=0.01, slot=Slot.ALUMINIUM))
    return parts


def _handles(body: Hull, back: float, waist: float) -> list[Mesh]:
    """Door handles, and rails beside the doors."""
    at = (back + 0.16, body.half_at(waist - 0.13) + 0.010, waist - 0.13)
    parts = both(rounded_box((0.17, 0.035, 0.035), at, radius=0.012, slot=Slot.TRIM))
    rail = np.array([[0, -0.02, -0.38], [0, 0.035, -0.33], [0, 0.03, 0.33], [0, -0.03, 0.38]])
    return parts + both(
        pipe(rail + [back - 0.07, body.half_at(waist + 0.12), waist + 0.12], 0.014, segments=5, slot=Slot.TRIM)
    )


def _inside(nose: float, length: float, half: float, waist: float) -> list[Mesh]:
    """Dashboard, floor, seats and engine tunnel."""
    back = nose - length
    parts = [
        block((0.30, 1.8 * half, 0.25), (nose - 0.55, 0, waist - 0.26), Slot.SEAT),
        block((length - 0.2, 1.85 * half, 0.06), (nose - length / 2, 0, 1.0), Slot.SEAT),
        block((length * 0.7, 1.2 * half, 0.4), (nose - length / 2, 0, 0.62), Slot.UNDER),
    ]
    seat = max(back + 0.45, nose - 1.45)
    for y in (0.55, -0.55):
        parts.append(rounded_box((0.16, 0.50, 0.75), (seat, y, waist + 0.05), radius=0.05, slot=Slot.SEAT))
        parts.append(rounded_box((0.10, 0.28, 0.2), (seat - 0.03, y, waist + 0.55), radius=0.04, slot=Slot.SEAT))
    return parts


def side_fairings(back: float, half: float, low: float, high: float, reach: float = 0.30) -> list[Mesh]:
    """Panels that go on with the sides of a cab from its back at x = `back`, with rubber at their edges."""
    z = np.array([low, low + 0.25, high - 0.5, high])
    y = half * np.array([0.975, 0.975, 0.945, 0.915])
    run = reach * np.array([0.65, 1.0, 1.0, 0.6])
    outside = np.stack([np.stack([back + 0.04 + 0 * z, y, z], 1), np.stack([back - run, y, z], 1)], 1)
    edge = np.stack([outside[:, 1], outside[:, 1] + [-0.035, -0.03, 0.0]], 1)
    inside = np.stack([edge[:, 1], outside[:, 0] + [0.0, -0.03, 0.0]], 1)
    return [
        m
        for points, slot in ((outside, Slot.PAINT), (edge, Slot.GAP), (inside, Slot.TRIM))
        for m in both(patch(points, slot, flip=True))
    ]


def air_deflector(front: float, back: float, half: float, low: float, high: float) -> list[Mesh]:
    """A fairing on the roof that leads the air over a higher body behind: closed at the sides."""
    s = np.linspace(0.0, 1.0, 6)
    x = front + (back - front) * s
    z = low + (high - low) * np.sin(0.5 * np.pi * s) ** 0.9
    wide = half * (0.72 + 0.22 * s)
    shares = np.array([1.0, 0.85, 0.0, -0.85, -1.0])
    sink = np.array([0.10, 0.0, 0.0, 0.0, 0.10])
    rows = np.stack(
        [np.stack([np.full(5, x[i]), wide[i] * shares, z[i] - sink * min(z[i] - low, 0.9)], 1) for i in range(6)]
    )
    top = patch(rows, Slot.PAINT)
    side: F64 = np.stack([np.stack([x, wide, np.full(6, low - 0.06)], 1), rows[:, 0]])
    wall = patch(side, Slot.PAINT, flip=True)
    return [
        top,
        wall,
        mirrored(wall),
        turned(block((0.02, 1.7 * half, high - low - 0.1), slot=Slot.TRIM), at=(back - 0.01, 0.0, (low + high) / 2)),
    ]
