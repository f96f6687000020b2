"""What is fitted to a car body: floor, wheel housings, seats, mirrors, handles, lamps, plates, wipers."""

from __future__ import annotations

import numpy as np

from simulator.actors.coachwork import Greenhouse, Lines, Slot, Tub, opposite
from simulator.actors.plates import plate
from simulator.actors.shape import (
    F64,
    ball,
    block,
    both,
    disc,
    lathe,
    patch,
    pipe,
    round_rings,
    rounded_box,
    skin,
    turned,
)
from simulator.numerics import se3
from simulator.scene import Driver, Joint
from simulator.scene.mesh import Mesh, merge


def floor_and_arches(d: Lines) -> list[Mesh]:
    """Underbody slabs and the dark half cylinders above the wheels."""
    parts = []
    z, thick = d.bottom_z + 0.03, 0.05
    inner = d.width / 2 - 0.40  # clear of the widest tyres
    for x0, x1, half in (
        (d.tail_x + 0.22, d.nose_x - 0.24, inner),
        (d.arch_radius, d.wheelbase - d.arch_radius, d.width / 2 * 0.93),
    ):
        parts.append(block((x1 - x0, 2 * half, thick), ((x0 + x1) / 2, 0, z + 0.02), Slot.UNDER))
    angle = np.radians(np.linspace(-8, 188, 9))
    for wheel in (d.wheelbase, 0.0):
        outer = d.width / 2 * 0.965
        x, up = wheel + d.arch_radius * np.cos(angle), d.tyre_radius + d.arch_radius * np.sin(angle)
        rows = [np.stack([x, np.full_like(x, y), up], 1) for y in (inner, outer)]
        parts += both(patch(np.stack(rows), Slot.UNDER, flip=True))
        wall = np.stack([rows[0], np.broadcast_to([wheel, inner, d.tyre_radius], rows[0].shape)])
        parts += both(patch(wall, Slot.UNDER))
    return parts


STEERING_RATIO = 14.0  # of the steering wheel's angle to that of the wheels: 12 to 18 in passenger cars


def steering_wheel(d: Lines, joints: list[Joint], driver_side: float = 1.0) -> Mesh:
    """The steering wheel, on a joint of its own that is appended to `joints`."""
    tilt = 0.42
    at = (d.cowl_x - d.screen_sweep - 0.52, driver_side * 0.37, d.cowl_z - 0.10)
    # Seen by the driver it turns to the left for positive angles: the negative way about its forward axis.
    axis = (float(np.cos(tilt)), 0.0, float(np.sin(tilt)))
    joints.append(Joint(at, axis, Driver.STEER, gain=-STEERING_RATIO))
    return turned(_steering_wheel(), pitch=-tilt, at=at)


def interior(d: Lines, bay: bool = False) -> list[Mesh]:
    """Dashboard and seats: dark shapes behind the glass; with a `bay` there is no bench and no lining behind."""
    front = d.b_pillar_x + 0.10
    hip = d.bottom_z + 0.22 + 0.06 * (d.height - 1.45) / 0.2
    top = d.height - 0.30
    half = d.belt_half * 0.96
    ahead, behind = d.wheelbase - d.arch_radius - 0.02, d.arch_radius + 0.02  # of the floor, between the wheels
    dash_x, belt = d.cowl_x - d.screen_sweep - 0.16, d.cowl_z
    parts = [
        rounded_box((0.42, 2 * half - 0.04, 0.30), (dash_x, 0, belt - 0.185), radius=0.09, slot=Slot.SEAT),
        block((ahead - behind, 2 * half, 0.04), ((ahead + behind) / 2, 0, d.bottom_z + 0.12), Slot.SEAT),
    ]
    for y in (0.37, -0.37):
        parts += _seat(front, y, hip, top, 0.48)
    if bay:
        return parts
    rear = max(d.rear_base_x + 0.46, front - 0.92)
    lining = max(d.rear_base_x + 0.10, rear - 0.36)  # before the boot: nobody sees lamps from inside
    low = min(2 * d.tyre_radius + 0.03, d.deck_z - 0.2)  # above the wheels
    rows = ((0.455 * d.width, low), (0.455 * d.width, d.deck_z - 0.07), (half, d.deck_z + 0.03))
    wall = [[[lining, y, z] for y in (wide, -wide)] for wide, z in rows]
    parts.append(patch(np.array(wall), Slot.SEAT))
    if d.rear_base_x < front - 0.75:
        parts += _seat(rear, 0.0, hip + 0.04, top - 0.06, 2 * half - 0.22)[:2]
        for y in (0.36, -0.36):
            parts.append(rounded_box((0.10, 0.24, 0.18), (rear - 0.23, y, top + 0.03), radius=0.05, slot=Slot.SEAT))
        shelf = d.rear_base_x + 0.12
        if shelf < rear - 0.3:
            parts.append(
                block(
                    (rear - 0.25 - shelf, 2 * half - 0.06, 0.03),
                    ((rear - 0.25 + shelf) / 2, 0, d.deck_z - 0.04),
                    Slot.SEAT,
                )
            )
    return parts


def driver(d: Lines, side: float = 1.0) -> list[Mesh]:
    """Head, shoulders and arms of somebody at the wheel."""
    x, y = d.b_pillar_x - 0.04, side * 0.37
    hip = d.bottom_z + 0.30 + 0.06 * (d.height - 1.45) / 0.2
    top = min(hip + 0.86, d.height - 0.10)
    wheel = np.array([d.cowl_x - d.screen_sweep - 0.50, y, d.cowl_z - 0.06])
    return seated(x, y, hip, top, wheel)


def seated(x: float, y: float, hip: float, top: float, wheel: F64) -> list[Mesh]:
    """Somebody whose back leans at `x`, from the hips up to the crown of the head, with hands on a wheel at (3,)."""
    z = np.array([hip, hip + 0.22, hip + 0.40, top - 0.36, top - 0.29, top - 0.24])
    lean = x - 0.02 - 0.30 * (z - hip) + 0.12
    rings = round_rings(
        np.stack([lean, np.full(6, y), z], 1),
        [0.17, 0.15, 0.18, 0.21, 0.17, 0.06],
        [0.12, 0.11, 0.13, 0.11, 0.08, 0.06],
        10,
    )
    head = np.array([float(lean[-1]) + 0.03, y, top - 0.115])
    parts = [skin(rings, Slot.TRIM), ball((0.10, 0.078, 0.118), head, Slot.SKIN)]
    parts.append(ball((0.095, 0.084, 0.09), head + [-0.022, 0, 0.045], Slot.UNDER))
    for sign in (1.0, -1.0):
        shoulder = np.array([float(lean[3]), y + sign * 0.19, float(z[3])])
        hand = wheel + [0.0, sign * 0.15, 0.0]
        elbow = (shoulder + hand) / 2 + [-0.04, sign * 0.06, -0.14]
        parts.append(pipe(np.stack([shoulder, elbow, hand]), [0.055, 0.045, 0.035], segments=6, slot=Slot.TRIM))
    return parts


def _seat(x: float, y: float, hip: float, top: float, width: float) -> list[Mesh]:
    back = rounded_box((0.15, width, top - hip - 0.14), radius=0.06, slot=Slot.SEAT)
    return [
        rounded_box((0.50, width, 0.16), (x + 0.18, y, hip), radius=0.06, slot=Slot.SEAT),
        turned(back, pitch=-0.30, at=(x - 0.17, y, (hip + top) / 2 - 0.02)),
        rounded_box((0.10, 0.26, 0.19), (x - 0.30, y, top + 0.04), radius=0.05, slot=Slot.SEAT),
    ]


def _steering_wheel() -> Mesh:
    angle = np.linspace(0, 2 * np.pi, 11)
    ring = np.stack([np.zeros(11), 0.18 * np.cos(angle), 0.18 * np.sin(angle)], 1)
    parts = [
        pipe(ring, 0.016, segments=4, slot=Slot.SEAT),
        rounded_box((0.05, 0.13, 0.11), radius=0.03, slot=Slot.SEAT),
    ]
    parts.append(block((0.02, 0.34, 0.035), (0.0, 0.0, 0.01), Slot.TRIM))
    parts.append(block((0.02, 0.035, 0.17), (0.0, 0.0, -0.09), Slot.TRIM))
    return merge(parts)


def door_mirrors(d: Lines, body_slot: int) -> tuple[list[Mesh], list[Mesh]]:
    """Mirrors on both front doors, left and right: a tapered shell with the glass looking back."""
    x, z = d.cowl_x - d.screen_sweep - 0.24, d.cowl_z + 0.10
    y = d.belt_half * 1.0 + 0.02
    length = min(0.30, d.width / 2 + 0.135 - y)
    rings = []
    for s, scale in ((0.0, 0.45), (0.10, 0.80), (0.45, 1.0), (0.85, 0.96), (1.0, 0.72)):
        angle = np.arange(10) * (2 * np.pi / 10)
        px = 0.085 * scale * np.cos(angle)
        px = np.where(px < 0, px * 0.45, px)
        pz = 0.085 * scale * np.sin(angle)
        rings.append(np.stack([x + px - 0.03 * s, np.full(10, y + s * length), z + pz * (1 - 0.1 * s)], 1))
    shell = patch(np.stack(rings), body_slot, close=True)
    tip = patch(np.stack([rings[-1], np.broadcast_to(rings[-1].mean(0), (10, 3))]), body_slot, close=True)
    glass = patch(
        np.array([[[-0.002, 0.30, -0.06], [-0.002, 0.96, -0.058]], [[-0.002, 0.30, 0.062], [-0.002, 0.96, 0.058]]])
        * [1, length, 1]
        + [x - 0.058, y, z],
        Slot.MIRROR,
    )
    arm = block((0.07, 0.12, 0.035), (x, y + 0.0, z - 0.065), Slot.TRIM)
    front = [[x + 0.084 - 0.03 * s, y + s * length, z + 0.012] for s in (0.42, 0.68, 0.93)]  # repeater (UN R48)
    repeater = pipe(np.array(front) - [[0, 0, 0], [0.002, 0, 0], [0.018, 0, 0]], 0.010, segments=4, slot=Slot.LEFT)
    left = [shell, tip, glass, arm, repeater]
    return left, [opposite(mesh) for mesh in left]


def handles(d: Lines, t: Tub, slot: int) -> list[Mesh]:
    """Door handles at the crease: front left and right, rear left and right."""
    out = []
    for x in (d.b_pillar_x + 0.10, d.b_pillar_x - 0.22 if d.slide_m else d.rear_door_x + 0.15):
        column = t.front + int(np.argmin(np.abs(t.side_x - x)))
        row = 8
        point = t.points[row, column]
        out.append(rounded_box((0.19, 0.035, 0.028), (x, point[1] + 0.008, point[2]), radius=0.012, slot=slot))
    return [m for part in out for m in both(part)]


def wipers(g: Greenhouse) -> list[Mesh]:
    """Two blades resting at the foot of the windscreen."""
    base, above = g.screen[0], g.screen[1]
    out = []
    for y0, y1 in ((0.62, 0.02), (0.02, -0.50)):
        ends = []
        for y, lift in ((y0, 0.25), (y1, 1.1)):
            s = np.interp(abs(y), base[:, 1], np.arange(len(base)))
            i, w = int(s), s - int(s)
            j = min(i + 1, len(base) - 1)
            low = base[i] + (base[j] - base[i]) * w
            high = above[i] + (above[j] - above[i]) * w
            p = low + (high - low) * (0.6 + lift)
            ends.append([p[0] + 0.02, y, p[2] + 0.012])
        out.append(pipe(np.array(ends), 0.011, segments=4, slot=Slot.TRIM))
    return out


def on_surface(mesh: Mesh, center: F64, normal: F64, lift: float = 0.004) -> Mesh:
    """A mesh made facing +y, turned to face along `normal` at `center`."""
    n = normal / np.linalg.norm(normal)
    side = se3.cross(n, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    transform = np.eye(4)
    transform[:3, 0], transform[:3, 1], transform[:3, 2] = side, n, se3.cross(side, n)
    transform[:3, 3] = center + lift * n
    return mesh.transformed(transform)


def round_lamp(radius: float, slot: int, ring: int = Slot.CHROME, depth: float = 0.012) -> Mesh:
    """A small round lamp facing +y: a lens in a bright ring."""
    body = lathe(
        [radius * 1.25, radius * 1.05, radius, radius * 0.6, 0.0],
        [0, depth, depth * 0.6, depth * 1.2, depth * 1.4],
        segments=12,
        slots=[ring, ring, slot, slot],
    )
    return body


def number_plates(t: Tub, rng: np.random.Generator, front_level: float, rear_level: float) -> list[Mesh]:
    """Plates at front and rear, 0.52 x 0.11 m."""
    index = int(rng.integers(0, 128))
    row, column = t.front_cell(front_level, 0.0)
    center, _ = t.at(row, column)
    front = turned(
        plate(0.52, 0.115, index, Slot.PLATE),
        pitch=-0.06,
        at=(t.points[row : row + 2, 0, 0].max() + 0.012, 0, center[2]),
    )
    row, column = t.rear_cell(rear_level, 0.0)
    center, _ = t.at(row, column)
    back = turned(
        plate(0.52, 0.115, index, Slot.PLATE),
        yaw=np.pi,
        pitch=0.0,
        at=(t.points[row : row + 2, -1, 0].min() - 0.012, 0, center[2]),
    )
    frame = [
        turned(block((0.012, 0.545, 0.135), (-0.008, 0, 0), Slot.TRIM), at=front.vertices.mean(0)),
        turned(block((0.012, 0.545, 0.135), (0.008, 0, 0), Slot.TRIM), at=back.vertices.mean(0)),
    ]
    return [front, back, *frame]


def exhaust(d: Lines, double: bool) -> list[Mesh]:
    """Tail pipes under the rear bumper."""
    x, z = d.tail_x + 0.06, d.bottom_z + 0.055
    pipe = turned(
        lathe([0.033, 0.037, 0.037, 0.030, 0.030], [0.0, 0.0, 0.12, 0.12, 0.02], segments=10, slots=Slot.CHROME),
        yaw=np.pi / 2,
        at=(x + 0.10, 0.52, z),
    )
    hole = turned(disc(0.031, segments=10, slot=Slot.UNDER), yaw=np.pi / 2, at=(x + 0.05, 0.52, z))
    left = [pipe, hole]
    return left + ([m.moved(0, -1.04, 0) for m in left] if double else [])
