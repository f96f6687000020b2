"""What people hold or push: umbrella, walking stick, suitcase on wheels, shopping bag, pram, telephone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from simulator.actors.physique import Part, Physique
from simulator.actors.shape import F64, block, lathe, patch, pipe, round_rings, rounded_box, skin, turned
from simulator.actors.skeleton import Pose, Segment, place, turn
from simulator.scene.mesh import Mesh, merge

THINGS = ("umbrella", "stick", "suitcase", "shopping", "pram", "phone")


@dataclass(frozen=True, slots=True)
class Carried:
    """A thing in the hands.

    Attributes:
        turns: pose of the arms that hold it, which do not swing, and of the head that looks at it.
        segments: what hangs on a part of the body.
        standing: what stands on the ground and goes along without bobbing, if any.
        wheels: wheels by their axle (x, y, z) in the body frame, and their radius; they roll.
        rolls: class of what is pushed or pulled on wheels, an object of its own; "": it is part of the person.
    """

    turns: Mapping[str, F64]
    segments: tuple[Segment, ...] = ()
    standing: Mesh | None = None
    wheels: tuple[tuple[tuple[float, float, float], float], ...] = ()
    rolls: str = ""


def carried(thing: str, p: Physique, segments: list[Segment], sunk_m: float = 0.0) -> Carried:
    """One of THINGS, held by a figure of these segments whose hips go so much lower than when it stands upright."""
    return _MAKERS[thing](p, segments, sunk_m)


def _hand(p: Physique, segments: list[Segment], turns: Mapping[str, F64], side: str, sunk_m: float = 0.0) -> F64:
    """Middle of the palm (x, y, z) in the body frame, with the trunk upright."""
    sign = 1.0 if side == "l" else -1.0
    rest = np.array([0.010 * p.wide, sign * p.shoulder_y, float(p.z(0.435)), 1.0])
    return np.asarray((place(segments, Pose(turns=turns))[f"fore_{side}"] @ rest)[:3]) - [0.0, 0.0, sunk_m]


def _umbrella(p: Physique, segments: list[Segment], _: float) -> Carried:
    turns = {"arm_r": turn(roll=-0.10, pitch=-0.45), "fore_r": turn(yaw=0.35) @ turn(pitch=-1.55)}
    hand = _hand(p, segments, turns, "r")
    apex = np.array([0.06, 0.4 * hand[1], p.height + 0.22])
    way = (apex - hand) / np.linalg.norm(apex - hand)
    shaft = pipe(np.stack([hand - 0.12 * way, apex + 0.05 * way]), 0.008, segments=6, slot=Part.METAL)
    ribs, rows = 8, 5
    angle = np.arange(4 * ribs) * (2 * np.pi / (4 * ribs))
    sag = 0.93 + 0.07 * np.abs(np.cos(angle * ribs / 2))  # cloth hangs between the ribs
    s = np.linspace(0.02, 1.0, rows)[:, None]
    radius = 0.53 * s * (1 + (sag - 1) * s)
    drop = 0.24 * s**2 + 0.015 * (1 - sag) / 0.07 * s
    side = np.cross(way, [0.0, 1.0, 0.0])
    side /= np.linalg.norm(side)
    across = np.cross(way, side)
    rings = apex + radius[..., None] * (np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * across)
    rings = rings - drop[..., None] * way
    out = patch(rings, Part.SPREAD, close=True)
    inside = patch(rings - 0.004 * way, Part.SPREAD, close=True, flip=True)
    return Carried(turns, (Segment("umbrella", "chest", (0.0, 0.0, p.hip_z), merge([shaft, out, inside])),))


def _stick(p: Physique, segments: list[Segment], sunk_m: float) -> Carried:
    turns = {"arm_r": turn(roll=-0.14, pitch=-0.12), "fore_r": turn(pitch=-0.42)}
    x, y, z = _hand(p, segments, turns, "r", sunk_m)
    line = np.array([[x + 0.10, y - 0.02, 0.015], [x, y, z - 0.02], [x - 0.01, y, z], [x - 0.06, y, z + 0.02]])
    mesh = pipe(line, [0.012, 0.011, 0.012, 0.013], segments=6, slot=Part.METAL)
    return Carried(turns, standing=mesh)


def _suitcase(p: Physique, segments: list[Segment], sunk_m: float) -> Carried:
    turns = {"arm_r": turn(roll=-0.10, pitch=0.42), "fore_r": turn(pitch=-0.10)}
    x, y, z = _hand(p, segments, turns, "r", sunk_m)
    wheel = np.array([x - 0.62, y, 0.04])
    lean = float(np.arctan2(x - wheel[0], z - wheel[2]))
    case = rounded_box((0.24, 0.40, 0.56), (0.0, 0.0, 0.32), radius=0.05, slot=Part.SPREAD)
    ribs = [block((0.25, 0.012, 0.50), (0.0, k * 0.075, 0.32), Part.SPREAD) for k in (-2, -1, 0, 1, 2)]
    reach = float(np.hypot(x - wheel[0], z - wheel[2]))
    handle = np.array([[0, 0.09, 0.58], [0, 0.09, reach], [0, -0.09, reach], [0, -0.09, 0.58]])
    parts = [case, *ribs, pipe(handle, 0.008, segments=5, slot=Part.METAL)]
    wheels = [rounded_box((0.05, 0.03, 0.05), (0.05, s * 0.16, 0.01), radius=0.02, slot=Part.WHEELS) for s in (1, -1)]
    mesh = turned(merge([*parts, *wheels]), pitch=lean, at=wheel)
    return Carried(turns, standing=mesh, rolls="suitcase")


def _shopping(p: Physique, segments: list[Segment], _: float) -> Carried:
    turns = {"arm_l": turn(roll=0.10, pitch=0.02), "fore_l": turn(pitch=-0.08)}
    x, y, z = 0.010 * p.wide, p.shoulder_y, float(p.z(0.415))
    top, low = z - 0.16, max(z - 0.50, 0.14)
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    rings = [
        np.column_stack([x + corners[:, 0] * a, y + corners[:, 1] * b, np.full(4, h)])
        for a, b, h in ((0.13, 0.06, low), (0.155, 0.075, low + 0.10), (0.15, 0.05, top - 0.03), (0.15, 0.03, top))
    ]
    strap = np.array([[x - 0.07, y, top], [x - 0.02, y, z], [x + 0.02, y, z], [x + 0.07, y, top]])
    mesh = merge([skin(np.array(rings), Part.BAG), pipe(strap, 0.007, segments=5, slot=Part.BAG)])
    return Carried(turns, (Segment("shopping", "fore_l", (0.0, 0.0, p.hip_z), mesh),))


def _phone(p: Physique, segments: list[Segment], _: float) -> Carried:
    """A telephone before the chest in the right hand, palm up, and looked at; the left arm hangs."""
    turns = {
        "arm_r": turn(roll=-0.06, pitch=-0.42),
        "fore_r": turn(yaw=0.45) @ turn(pitch=-1.75) @ turn(yaw=-1.15),
        "arm_l": turn(roll=0.10, pitch=0.03),
        "fore_l": turn(pitch=-0.22),
        "head": turn(pitch=0.48, yaw=-0.10),
    }
    w = p.wide
    at = np.array([0.012 * w, -p.shoulder_y + 0.024 * w, float(p.z(0.420))])  # on fingers and palm, which face +y
    case = rounded_box((0.074, 0.009, 0.150), at, radius=0.004, slot=Part.METAL)
    screen = block((0.068, 0.0012, 0.142), at + [0.0, 0.0046, 0.0], Part.VISOR)
    return Carried(turns, (Segment("phone", "fore_r", (0.0, 0.0, p.hip_z), merge([case, screen])),))


def _pram(p: Physique, segments: list[Segment], sunk_m: float) -> Carried:
    turns: dict[str, F64] = {}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        turns[f"arm_{side}"] = turn(roll=-sign * 0.05, pitch=-0.42)
        turns[f"fore_{side}"] = turn(yaw=-sign * 0.05) @ turn(pitch=-0.75)
    x, _, z = _hand(p, segments, turns, "l", sunk_m)
    rear, front, half, big, small = x + 0.22, x + 0.86, 0.27, 0.15, 0.11
    floor = 0.52
    middle, edge = (rear + front) / 2, floor + 0.27
    up = np.array([0.02, 0.06, 0.14, 0.22, 0.27]) + floor
    tub = skin(
        round_rings(
            np.stack([np.full(5, middle), 0 * up, up], 1),
            [0.13, 0.165, 0.19, 0.20, 0.205],
            [0.27, 0.33, 0.37, 0.39, 0.40],
            18,
            3.2,
        ),
        Part.BAG,
    )
    bow, fold = np.linspace(0.0, np.pi, 9), np.linspace(0.10, 1.50, 6)
    arch = np.sin(bow) ** 0.7
    ribs = 1.0 - 0.03 * (np.arange(6) % 2)  # cloth hangs between the bows
    pivot = front - 0.36
    hood = np.stack(
        [
            np.column_stack(
                [
                    pivot + 0.34 * k * np.sin(a) * arch,
                    0.207 * np.sign(np.cos(bow)) * np.abs(np.cos(bow)) ** 0.7,
                    edge + 0.26 * k * np.cos(a) * arch,
                ]
            )
            for a, k in zip(fold, ribs, strict=True)
        ]
    )
    lid = rounded_box((0.48, 0.39, 0.05), (rear + 0.20, 0.0, edge + 0.005), radius=0.024, slot=Part.SPREAD)
    parts: list[Mesh] = [tub, lid, patch(hood, Part.SPREAD), patch(hood, Part.SPREAD, flip=True)]
    for sign in (1.0, -1.0):
        push = np.array([[front, 0, small], [rear + 0.24, 0, 0.46], [rear - 0.06, 0, floor + 0.24], [x, 0, z]])
        leg = np.array([[rear, 0, big], [rear + 0.34, 0, 0.52]])
        parts += [
            pipe(line + [0.0, sign * half * 0.86, 0.0], 0.012, segments=5, slot=Part.METAL) for line in (push, leg)
        ]
    bar = np.array([[x, half * 0.86, z], [x + 0.005, 0.0, z + 0.01], [x, -half * 0.86, z]])
    parts.append(pipe(bar, 0.015, segments=6, slot=Part.WHEELS))
    parts.append(rounded_box((0.44, 0.34, 0.10), ((rear + front) / 2, 0, 0.30), radius=0.04, slot=Part.BAG))
    axles = [((rear, s * half, big), big) for s in (1.0, -1.0)] + [
        ((front, s * half, small), small) for s in (1.0, -1.0)
    ]
    return Carried(turns, standing=merge(parts), wheels=tuple(axles), rolls="pram")


def small_wheel(radius: float) -> Mesh:
    """A narrow wheel about y with a pale hub."""
    h = 0.020
    tyre = lathe(
        [0.78 * radius, radius, radius, 0.78 * radius], [-h, -0.7 * h, 0.7 * h, h], segments=16, slots=Part.WHEELS
    )
    faces = [lathe([0.8 * radius, 0.0], [0.5 * h, 0.7 * h], segments=10, slots=Part.METAL)]
    faces.append(lathe([0.0, 0.8 * radius], [-0.7 * h, -0.5 * h], segments=10, slots=Part.METAL))
    return merge([tyre, *faces])


_MAKERS: dict[str, Callable[[Physique, list[Segment], float], Carried]] = {
    "umbrella": _umbrella,
    "stick": _stick,
    "suitcase": _suitcase,
    "shopping": _shopping,
    "pram": _pram,
    "phone": _phone,
}
