"""People on two wheels: a seated pose with hands on the bars and feet on pegs or turning pedals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.actors.figure import figure
from simulator.actors.gait import PHASES
from simulator.actors.physique import Dress, Part, Physique
from simulator.actors.shape import F64
from simulator.actors.skeleton import Pose, Segment, cycle_box, following, place, reach, skinned, turn
from simulator.actors.wardrobe import Person
from simulator.scene import Material, Model
from simulator.scene.material import Rgb


@dataclass(frozen=True, slots=True)
class Seat:
    """Contact points of a rider in the vehicle frame, for the left side (the right mirrors them).

    Attributes:
        hip: (x, z) of the hip joints.
        grip: (x, y, z) of the hand.
        lean: forward lean of the trunk in radians.
        foot: (x, y, z) of the ball of the foot on a peg, or of the crank's axis where there are pedals.
        crank: length of the crank in metres; 0: pegs.
        splay: how far the knees point outward, over how far they point forward.
    """

    hip: tuple[float, float]
    grip: tuple[float, float, float]
    lean: float
    foot: tuple[float, float, float]
    crank: float = 0.0
    splay: float = 0.12


def seated(person: Person, seat: Seat, dress: Dress, rng: np.random.Generator) -> Model:
    """Model of a rider in the frame of its vehicle; legs turn the pedals with the gait channel (one turn a cycle)."""
    p = person.physique
    segments = figure(p, dress, rng, grip=True)
    root = np.eye(4)
    root[0, 3], root[2, 3] = seat.hip[0], seat.hip[1] - p.hip_z
    # The back is round: the pelvis leans less than the line from the hips to the shoulders, the chest more.
    rotation = {
        "trunk": turn(pitch=0.75 * seat.lean),
        "chest": turn(pitch=1.12 * seat.lean),
        "head": turn(pitch=0.18 * seat.lean, yaw=float(rng.uniform(-0.15, 0.15))),
    }
    crank = np.arange(PHASES if seat.crank else 1) * (2 * np.pi / PHASES)
    for sign in (1.0, -1.0):
        turned = crank + (0.0 if sign > 0 else np.pi)
        ball = np.stack([seat.crank * np.cos(turned), 0 * crank, -seat.crank * np.sin(turned)], 1)
        ball += np.array([seat.foot[0], sign * seat.foot[1], seat.foot[2]])
        # Heels sink as the pedal comes forward and rise behind.
        pitch = np.asarray(0.12 - 0.16 * np.cos(turned) if seat.crank else 0.0 * crank)
        rotation |= leg_to(p, root, ball, pitch, sign, seat.splay)
        rotation |= arm_to(
            p, segments, root, rotation, np.array([seat.grip[0], sign * seat.grip[1], seat.grip[2]]), sign
        )
    return _rider(person, segments, root, rotation)


def standing_rider(
    person: Person, stand: tuple[float, float], grip: tuple[float, float, float], dress: Dress, rng: np.random.Generator
) -> Model:
    """Model of somebody who stands on a board at `stand` (x, z), one foot before the other, with hands on the bars.

    `grip` is the left hand's (x, y, z), all in the frame of the vehicle.
    """
    p = person.physique
    segments = figure(p, dress, rng, grip=True)
    bend, apart = 0.16, 0.17  # of the knees; of the feet, fore and aft
    root = np.eye(4)
    root[0, 3] = stand[0]
    root[2, 3] = stand[1] + p.ankle_z + (p.thigh + p.shin) * float(np.cos(bend)) - 0.01 - p.hip_z
    rotation = {"trunk": turn(), "chest": turn(pitch=0.08), "head": turn(yaw=float(rng.uniform(-0.2, 0.2)))}
    for sign in (1.0, -1.0):
        ball = np.array([[stand[0] + sign * apart + p.ball_x - 0.02, sign * 0.045, stand[1]]])
        rotation |= leg_to(p, root, ball, np.zeros(1), sign)
        rotation |= arm_to(p, segments, root, rotation, np.array([grip[0], sign * grip[1], grip[2]]), sign)
    return _rider(person, segments, root, rotation)


def helmeted(person: Person, color: Rgb) -> Person:
    """The same person with a lacquered shell of that colour for a hat."""
    worn = list(person.materials)
    worn[Part.HAT] = Material("helmet shell", color, roughness=0.35, clearcoat=0.9, reflectance_905=0.3)
    return replace(person, materials=tuple(worn))


def _rider(person: Person, segments: list[Segment], root: F64, rotation: dict[str, F64]) -> Model:
    parents = {segment.name: segment.parent for segment in segments}
    body = skinned(segments, person.materials, Pose(root, following(rotation, parents)))
    model = Model("rider", (body,), attributes=person.facts)
    return replace(model, box=cycle_box(model))


def arm_to(
    p: Physique, segments: list[Segment], root: F64, rotation: dict[str, F64], grip: F64, sign: float
) -> dict[str, F64]:
    """Rotations that bring the palm to the grip, elbow out and down, the back of the hand up."""
    side = "l" if sign > 0 else "r"
    trunk = {name: rotation[name] for name in ("trunk", "chest")}
    placed = place(segments, Pose(root, following(trunk, {"chest": "trunk"})))
    joint = next(s.pivot for s in segments if s.name == f"arm_{side}")
    shoulder = (placed["chest"] @ np.array([*joint, 1.0]))[:3]
    lengths = float(p.z(0.796) - p.z(0.635)), float(p.z(0.635) - p.z(0.435))
    upper, fore = reach(shoulder, grip, lengths, [-0.15, sign * 0.55, -0.85], -1.0, most=0.985)
    return {f"arm_{side}": upper, f"fore_{side}": fore @ turn(yaw=-sign * 0.8)}


def leg_to(p: Physique, root: F64, ball: F64, pitch: F64, sign: float, splay: float = 0.12) -> dict[str, F64]:
    """Rotations of a leg that bring the ball of the foot to (P, 3) places, the sole pitched by (P,) radians.

    `splay`: how far the knee points outward, over how far it points forward.
    """
    side = "l" if sign > 0 else "r"
    foot = turn(pitch=pitch, yaw=sign * 0.06)
    ankle = ball + foot @ np.array([-p.ball_x, 0.0, p.ankle_z])
    hip = np.broadcast_to(root[:3, 3] + np.array([0.0, sign * p.hip_y, p.hip_z]), ankle.shape)
    upper, lower = reach(hip, ankle, (p.thigh, p.shin), [1.0, sign * splay, 0.25])
    return {f"thigh_{side}": upper, f"shin_{side}": lower, f"foot_{side}": foot}


def riding_dress(dress: Dress, hat: str) -> Dress:
    """Clothes that suit riding: trousers or shorts, no coat, no bag but a backpack."""
    return replace(
        dress,
        legs="trousers" if dress.legs == "skirt" else dress.legs,
        hem=max(dress.hem, 0.50),
        hat=hat,
        hair="short" if hat and dress.hair == "bun" else dress.hair,
        bag=dress.bag if dress.bag == "backpack" else "",
    )
