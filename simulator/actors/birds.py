"""Birds: pigeons, crows, gulls and geese that walk, stand or fly."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.actors.base import Actor
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

STYLES = ("pigeon", "crow", "gull", "goose")
POSES = ("walking", "standing", "flying")
SWING_RAD = 0.42  # of the legs
BEAT_M = 2.4  # of the way between two beats of the wings: 5 Hz at 12 m/s
BACK, BREAST, HEAD, BEAK, EYE, LEG, TIP = range(7)


class Bird(Actor, kind="bird"):
    """A bird on the ground or in the air.

    Attributes:
        style: species.
        pose: what it does; legs or wings follow the gait channel.
        size: place within the species' lengths: 0 the smallest, 1 the largest.
        height_m: of the body above the ground in flight.
    """

    class_name: ClassVar[str] = "animal"
    speed_mps: ClassVar[float] = 0.5
    max_speed_mps: ClassVar[float] = 14.0
    deceleration_mps2: ClassVar[float] = 4.0

    style: Annotated[str, OneOf(*STYLES)] = choice(*STYLES, weights=(0.45, 0.30, 0.15, 0.10))
    pose: Annotated[str, OneOf(*POSES)] = "walking"
    size: Fraction = uniform(0.0, 1.0)
    height_m: Metres = 4.0

    def _build(self, rng: np.random.Generator) -> list[Model]:
        row = load_asset("animals")["birds"][self.style]
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
        )
        flies = self.pose == "flying"
        segments = _segments(row, length, flies)
        wave = np.arange(PHASES) * (2 * np.pi / PHASES) + float(rng.uniform(0, 2 * np.pi))
        turns: dict[str, F64] = {}
        root = np.eye(4)
        if flies:  # wings beat; the height is part of the model
            root[2, 3] = self.height_m
            beat = 0.15 + 0.65 * np.sin(wave)
            turns = {"wing_l": turn(roll=beat), "wing_r": turn(roll=-beat)}
        else:
            look = turn(yaw=float(rng.uniform(-0.5, 0.5)), pitch=float(rng.uniform(-0.1, 0.3)))
            turns["head"] = look
            if self.pose == "walking":
                turns |= {
                    f"leg_{side}": turn(pitch=-SWING_RAD * np.sin(wave + half))
                    for side, half in (("l", 0), ("r", np.pi))
                }
                turns["head"] = turn(pitch=0.10 * np.sin(2 * wave)) @ look
        body = skinned(segments, materials, Pose(root, turns))
        hip = next(segment.pivot[2] for segment in segments if segment.name == "leg_l")
        # In mid-stance the foot goes back at the speed of travel.
        stride = {"walking": 2 * np.pi * SWING_RAD * hip, "standing": 0.0, "flying": BEAT_M}[self.pose]
        facts = (("species", self.style), ("pose", self.pose))
        model = Model("animal", (body,), attributes=facts, stride_m=stride)
        box = cycle_box(model)
        if not flies:
            box[0, 2] = 0.0
        return [replace(model, box=box)]


def _segments(row: dict[str, Any], length: float, flies: bool) -> list[Segment]:
    """Body with tail, head on its neck, two legs, and wings: folded at the sides or spread."""
    hip = row["back"] * length * 0.62
    tilt = 0.05 if flies else 0.30  # standing birds carry their breast high
    axis, up = np.array([np.cos(tilt), 0.0, np.sin(tilt)]), np.array([-np.sin(tilt), 0.0, np.cos(tilt)])
    middle = np.array([0.0, 0.0, hip + 0.09 * length])

    def _at(along: float, out: float = 0.0, y: float = 0.0) -> tuple[float, float, float]:
        x, _, z = middle + length * (along * axis + out * up)
        return (float(x), y * length, float(z))

    body = [
        Lump(_at(0.16), _at(-0.04), (0.115 * length, 0.125 * length), 0.85),
        Lump(_at(-0.04), _at(-0.26, 0.02), (0.125 * length, 0.05 * length), 0.85),
    ]
    neck = np.array(_at(0.20, 0.05)), np.array(_at(0.27 + 0.10 * row["neck"], 0.12 + 0.9 * row["neck"]))
    if flies:
        neck = neck[0], np.array(_at(0.33 + 0.6 * row["neck"], 0.05))
    thick = (0.085, 0.055) if row["neck"] < 0.3 else (0.080, 0.036)
    body.append(Lump(_vector(neck[0]), _vector(neck[1]), (thick[0] * length, thick[1] * length)))
    torso = sculpted(body, length / 26, 0.03 * length, BACK)
    center = torso.vertices[torso.faces].mean(1)
    under = (center - middle) @ up.astype(np.float32) < -0.02 * length
    slots = np.where(under, BREAST, np.where(center[:, 2] > neck[0][2] + 0.06 * length, HEAD, BACK))
    torso = Mesh(torso.vertices, torso.faces, torso.uv, slots.astype(np.int32), smooth=True)
    tail = np.array(
        [[_at(-0.22, 0.03, y) for y in (-0.05, 0.0, 0.05)], [_at(-0.46, -0.01, y) for y in (-0.085, 0.0, 0.085)]]
    )
    sheets = [patch(tail, BACK, flip=True), patch(tail - 0.012 * length * up, BACK)]
    segments = [Segment("trunk", "", (0.0, 0.0, hip), merge([torso, *sheets]))]
    segments.append(Segment("head", "trunk", _vector(neck[1]), _head(neck[1], length, row["beak"])))
    for side, sign in (("l", 1.0), ("r", -1.0)):
        wing = _spread(row, length, middle, axis, up) if flies else _folded(length, _at)
        segments.append(
            Segment(f"wing_{side}", "trunk", _at(0.08, 0.06, 0.07 * sign), wing if sign > 0 else mirrored(wing))
        )
        leg = _leg(length, hip, flies)
        segments.append(
            Segment(f"leg_{side}", "trunk", (0.0, sign * 0.055 * length, hip), leg.moved(y=sign * 0.055 * length))
        )
    return segments


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


def _folded(length: float, at: Any) -> Mesh:
    lumps = [
        Lump(at(0.10, 0.04, 0.085), at(-0.12, 0.035, 0.085), (0.075 * length, 0.06 * length), 0.35),
        Lump(at(-0.12, 0.035, 0.085), at(-0.40, 0.01, 0.035), (0.06 * length, 0.012 * length), 0.35),
    ]
    wing = sculpted(lumps, length / 40, 0.02 * length, BACK)
    behind = wing.vertices[wing.faces, 0].mean(1) < at(-0.25)[0]
    return replace(wing, slots=np.where(behind, TIP, BACK).astype(np.int32))


def _spread(row: dict[str, Any], length: float, middle: F64, axis: F64, up: F64) -> Mesh:
    """The left wing, an arched sheet with fingered tips."""
    y = np.array([0.06, 0.16, 0.28, 0.40, 0.50]) * row["span"]
    front = np.array([0.14, 0.20, 0.20, 0.10, -0.06]) * length
    chord = np.array([0.30, 0.30, 0.27, 0.20, 0.07]) * length
    rise = np.array([0.05, 0.09, 0.11, 0.10, 0.07]) * length
    rows = []
    for share, camber in ((0.0, 0.0), (0.3, 0.03), (1.0, -0.02)):
        along = front - share * chord
        rows.append(
            middle
            + along[:, None] * axis
            + (rise + camber * length)[:, None] * up
            + y[:, None] * np.array([0.0, 1.0, 0.0])
        )
    sheet = np.stack(rows)
    upper, lower = np.full((2, 4), BACK), np.full((2, 4), BREAST)
    upper[:, 3], lower[:, 3], upper[1, 1:] = TIP, TIP, TIP  # and the flight feathers along the rear edge
    return merge([patch(sheet, upper, flip=True), patch(sheet - 0.01 * length * up, lower)])


def _leg(length: float, hip: float, flies: bool) -> Mesh:
    """Thigh, shank and three toes; drawn up under the tail in flight."""
    r = 0.012 * length
    if flies:
        line = np.array([[0.0, 0, hip + 0.02 * length], [-0.16 * length, 0, hip], [-0.30 * length, 0, hip]])
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
