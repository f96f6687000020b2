"""Birds: pigeons, crows, gulls, geese, ducks, buzzards and herons that walk, stand, fly or glide."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.actors.base import Actor
from simulator.actors.bird_wings import beating, beats_hz, gliding, wing_segments
from simulator.actors.finishes import as_rgb
from simulator.actors.gait import PHASES
from simulator.actors.sculpt import Lump, sculpted
from simulator.actors.shape import F64, ball, mirrored, patch, pipe
from simulator.actors.skeleton import Pose, Segment, cycle_box, skinned, turn
from simulator.data import load_asset
from simulator.scenario.distributions import Fraction, Metres, OneOf, choice, uniform
from simulator.scene import Material, Mesh, Model
from simulator.scene.material import srgb
from simulator.scene.mesh import merge

STYLES = ("pigeon", "crow", "gull", "goose", "duck", "buzzard", "heron")
POSES = ("walking", "standing", "flying", "gliding")
SWING_RAD = 0.42  # of the legs
BACK, BREAST, HEAD, BEAK, EYE, LEG, TIP, TAIL = range(8)


class Bird(Actor, kind="bird"):
    """A bird on the ground or in the air.

    Attributes:
        style: species.
        pose: what it does; legs or wings follow the gait channel. Gulls and buzzards that fly glide between beats.
        size: place within the species' lengths: 0 the smallest, 1 the largest.
        height_m: of the body above the ground in flight.
    """

    class_name: ClassVar[str] = "animal"
    speed_mps: ClassVar[float] = 0.5
    max_speed_mps: ClassVar[float] = 20.0
    deceleration_mps2: ClassVar[float] = 4.0

    style: Annotated[str, OneOf(*STYLES)] = choice(*STYLES, weights=(0.45, 0.30, 0.15, 0.10, 0, 0, 0))
    pose: Annotated[str, OneOf(*POSES)] = "walking"
    size: Fraction = uniform(0.0, 1.0)
    height_m: Metres = 4.0

    @property
    def usual_mps(self) -> float:
        """Speed at which it walks or cruises."""
        return self.speed_mps if self.pose in ("walking", "standing") else float(_row(self.style)["speed"])

    def _build(self, rng: np.random.Generator) -> list[Model]:
        row = _row(self.style)
        low, high = row["length"]
        length = float(low + (high - low) * self.size)
        colors = [as_rgb(np.array(srgb(code)) * rng.uniform(0.85, 1.1)) for code in row["colors"]]
        materials = (
            Material("feathers of the back", colors[0], roughness=0.7, reflectance_905=0.4),
            Material("feathers of the breast", colors[1], roughness=0.8, reflectance_905=0.5),
            Material("feathers of the head", colors[2], roughness=0.6, reflectance_905=0.4),
            Material("beak", colors[3], roughness=0.6, reflectance_905=0.4),
            Material("eye", (0.01, 0.01, 0.01), roughness=0.1, clearcoat=1.0, reflectance_905=0.2),
            Material("legs", colors[4], roughness=0.6, reflectance_905=0.4),
            Material("tips of the wings", colors[5], roughness=0.7, reflectance_905=0.3),
            Material("tail", colors[6], roughness=0.8, reflectance_905=0.4),
        )
        flies = self.pose in ("flying", "gliding")
        segments = _segments(row, length, flies)
        hip = next(segment.pivot[2] for segment in segments if segment.name == "leg_l")
        start, stride = float(rng.uniform()), 0.0
        turns: dict[str, F64] = {}
        root = np.eye(4)
        if flies:  # the height is part of the model
            root[2, 3] = self.height_m
            turns = gliding()
            if self.pose == "flying":
                turns, beats = beating(row, start)
                stride = beats * float(row["speed"]) / beats_hz(row)
        else:
            turns["head"] = look = turn(yaw=float(rng.uniform(-0.5, 0.5)), pitch=float(rng.uniform(-0.1, 0.3)))
            if self.pose == "walking":
                wave = 2 * np.pi * (np.arange(PHASES) / PHASES + start)
                turns |= {
                    f"leg_{side}": turn(pitch=-SWING_RAD * np.sin(wave + half))
                    for side, half in (("l", 0), ("r", np.pi))
                }
                turns["head"] = turn(pitch=0.10 * np.sin(2 * wave)) @ look
                stride = 2 * np.pi * SWING_RAD * hip  # in mid-stance the foot goes back at the speed of travel
        body = skinned(segments, materials, Pose(root, turns))
        facts = (("species", self.style), ("pose", self.pose))
        model = Model("animal", (body,), attributes=facts, stride_m=stride)
        box = cycle_box(model)
        if not flies:
            box[0, 2] = 0.0
        return [replace(model, box=box)]


def _row(style: str) -> dict[str, Any]:
    """A species in the catalogue."""
    row: dict[str, Any] = load_asset("animals")["birds"][style]
    return row


def _neck(row: dict[str, Any], flies: bool) -> tuple[tuple[float, float], ...]:
    """Points (along the body, up) of the neck over the length, from the breast to the head."""
    long = float(row["neck"])
    if row.get("folds"):
        if flies:  # the neck hangs in a bow before the breast
            return (0.18, 0.03), (0.33, -0.05), (0.38, 0.02), (0.36, 0.06)
        return (0.18, 0.05), (0.30, 0.24), (0.24, 0.12 + 0.6 * long), (0.34, 0.14 + 0.9 * long)
    if flies:
        return (0.20, 0.05), (0.33 + 0.6 * long, 0.05)
    return (0.20, 0.05), (0.27 + 0.10 * long, 0.12 + 0.9 * long)


def _segments(row: dict[str, Any], length: float, flies: bool) -> list[Segment]:
    """Body with tail, head on its neck, two legs, and wings: folded at the sides or spread."""
    hip = row["back"] * length * 0.62
    tilt = 0.05 if flies else row.get("tilt", 0.30)  # standing birds carry their breast high
    axis, up = np.array([np.cos(tilt), 0.0, np.sin(tilt)]), np.array([-np.sin(tilt), 0.0, np.cos(tilt)])
    middle = np.array([0.0, 0.0, hip + 0.09 * length])
    small = 0.72 if row.get("folds") else 1.0  # long necks and legs are no part of the body

    def _at(along: float, out: float = 0.0, y: float = 0.0) -> tuple[float, float, float]:
        x, _, z = middle + length * (along * axis + out * up)
        return (float(x), y * length, float(z))

    body = [
        Lump(_at(0.16), _at(-0.04), (0.115 * small * length, 0.125 * small * length), 0.85),
        Lump(_at(-0.04), _at(-0.26, 0.02), (0.125 * small * length, 0.05 * length), 0.85),
    ]
    neck = [np.array(_at(*point)) for point in _neck(row, flies)]
    wide = np.interp(np.linspace(0, 1, len(neck)), [0.0, 1.0], (0.085, 0.055) if row["neck"] < 0.2 else (0.075, 0.036))
    wide = wide * (0.5 if row.get("folds") else 1.0) * length
    for a, b, r0, r1 in zip(neck, neck[1:], wide, wide[1:], strict=False):
        body.append(Lump(_vector(a), _vector(b), (float(r0), float(r1))))
    torso = sculpted(body, length / 26, 0.03 * length, BACK)
    center = torso.vertices[torso.faces].mean(1)
    ahead = np.maximum((center - middle) @ axis - 0.10 * length, 0.0)
    under = (center - middle) @ up - 0.9 * ahead < -0.02 * length
    headed = (center[:, 2] > neck[0][2] + 0.06 * length) & ~flies | (center[:, 0] > neck[0][0] + 0.10 * length)
    slots = np.where(headed, HEAD, np.where(under, BREAST, BACK))
    torso = Mesh(torso.vertices, torso.faces, torso.uv, slots.astype(np.int32), smooth=True)
    segments = [Segment("trunk", "", (0.0, 0.0, hip), merge([torso, *_tail(_at, length, up, flies)]))]
    segments.append(Segment("head", "trunk", _vector(neck[-1]), _head(neck[-1], length * small, row["beak"])))
    if flies:
        segments += wing_segments(row, np.array(_at(0.17, 0.05)), axis, up, (BACK, BREAST, TIP))
    for side, sign in (("l", 1.0), ("r", -1.0)):
        if not flies:
            wing = _folded(length, small, _at)
            pivot = _at(0.08, 0.06, 0.07 * sign)
            segments.append(Segment(f"wing_{side}", "trunk", pivot, wing if sign > 0 else mirrored(wing)))
        leg = _leg(length, hip, row.get("legs", 0.30) if flies else 0.0)
        segments.append(
            Segment(f"leg_{side}", "trunk", (0.0, sign * 0.055 * length, hip), leg.moved(y=sign * 0.055 * length))
        )
    return segments


def _tail(at: Any, length: float, up: F64, flies: bool) -> list[Mesh]:
    """The tail seen from above and below: fanned in flight, else folded."""
    near, far = (0.05, 0.13) if flies else (0.045, 0.055)
    across, bow = np.linspace(-1.0, 1.0, 5), np.array([0.012, 0.004, 0.0, 0.004, 0.012])
    ends = ((-0.20, 0.035, near), (-0.34, 0.01, 0.5 * (near + far)), (-0.47, -0.015, far))
    rows = np.array(
        [
            [at(x + b * 2.0 * (x < -0.4), z - b, y * wide) for y, b in zip(across, bow, strict=True)]
            for x, z, wide in ends
        ]
    )
    return [patch(rows, TAIL, flip=True), patch(rows - 0.012 * length * up, TAIL)]


def _vector(v: F64) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))


def _head(at: F64, length: float, beak: float) -> Mesh:
    r = 0.068 * length
    parts = [ball((1.12 * r, 0.92 * r, r), at + [0.3 * r, 0, 0.2 * r], HEAD, rings=7, segments=12)]
    tip = at + [beak * r, 0.0, -0.25 * r]
    parts.append(
        pipe(
            np.stack([at + [1.1 * r, 0, 0.1 * r], at + [0.5 * (1.1 + beak) * r, 0, 0.05 * r], tip]),
            np.array([0.42, 0.30, 0.06]) * r,
            segments=6,
            slot=BEAK,
        )
    )
    for sign in (1.0, -1.0):
        parts.append(ball(np.full(3, 0.17 * r), at + [0.72 * r, sign * 0.80 * r, 0.42 * r], EYE, rings=3, segments=6))
    return merge(parts)


def _folded(length: float, small: float, at: Any) -> Mesh:
    """The left wing at rest along the body, its tip over the tail."""
    y = 0.085 * small
    lumps = [
        Lump(at(0.12, 0.03, y), at(-0.12, 0.035, y), (0.085 * small * length, 0.07 * length), 0.35),
        Lump(at(-0.12, 0.035, y), at(-0.42, 0.012, 0.025), (0.06 * length, 0.012 * length), 0.35),
    ]
    wing = sculpted(lumps, length / 40, 0.02 * length, BACK)
    behind = wing.vertices[wing.faces, 0].mean(1) < at(-0.25)[0]
    return replace(wing, slots=np.where(behind, TIP, BACK).astype(np.int32))


def _leg(length: float, hip: float, trails: float) -> Mesh:
    """Thigh, shank and three toes; drawn up under the tail in flight, where it `trails` so far over the length."""
    r = 0.012 * length
    if trails:
        line = np.array([[0.0, 0, hip + 0.02 * length], [-0.16 * length, 0, hip], [-trails * length, 0, hip]])
        return pipe(line, [2.2 * r, r, 0.8 * r], segments=6, slot=LEG)
    knee = np.array([-0.03 * length, 0.0, 0.52 * hip])
    parts = [pipe(np.array([[0.0, 0, hip + 0.05 * length], knee]), [0.055 * length, 1.2 * r], segments=7, slot=BREAST)]
    foot = np.array([0.01 * length, 0.0, r])
    parts.append(pipe(np.stack([knee, foot]), r, segments=6, slot=LEG))
    for angle in (-0.6, 0.0, 0.6, np.pi):
        reach = 0.10 * length if abs(angle) < 2 else 0.05 * length
        parts.append(
            pipe(
                np.stack([foot, foot + reach * np.array([np.cos(angle), np.sin(angle), 0.0])]),
                [r, 0.6 * r],
                segments=5,
                slot=LEG,
            )
        )
    return merge(parts)
