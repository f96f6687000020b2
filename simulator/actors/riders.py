"""People on two wheels: a seated pose with hands on the bars and feet on pegs or turning pedals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.actors.figure import figure
from simulator.actors.gait import BACKWARD, FORWARD
from simulator.actors.physique import Dress, Physique
from simulator.actors.shape import F64
from simulator.actors.skeleton import Drive, Pose, assemble, cycle_box, turn
from simulator.actors.wardrobe import Person
from simulator.scene import Driver, Model


@dataclass(frozen=True, slots=True)
class Seat:
    """Contact points of a rider in the vehicle frame, for the left side (the right mirrors them).

    Attributes:
        hip: (x, z) of the hip joints.
        grip: (x, y, z) of the hand.
        lean: forward lean of the trunk in radians.
        foot: (x, y, z) of the ball of the foot on a peg, or of the crank's axis where there are pedals.
        crank: length of the crank in metres; 0: pegs.
    """

    hip: tuple[float, float]
    grip: tuple[float, float, float]
    lean: float
    foot: tuple[float, float, float]
    crank: float = 0.0


def seated(person: Person, seat: Seat, dress: Dress, rng: np.random.Generator) -> Model:
    """Model of a rider in the frame of its vehicle; legs turn the pedals with the gait channel (one turn a cycle)."""
    p = person.physique
    segments = figure(p, dress, rng, grip=True)
    root = np.eye(4)
    root[0, 3], root[2, 3] = seat.hip[0], seat.hip[1] - p.hip_z
    trunk = turn(pitch=seat.lean)
    turns: dict[str, F64] = {"trunk": trunk, "head": turn(pitch=-0.82 * seat.lean, yaw=float(rng.uniform(-0.15, 0.15)))}
    drives: dict[str, Drive] = {}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        turns |= _arm(p, seat, trunk, root, side, sign)
        pose, moving = _leg(p, seat, side, sign)
        turns |= pose
        drives |= moving
    # Leg angles are in the vehicle frame; the thighs hang on the leaning trunk.
    for side in ("l", "r"):
        turns[f"thigh_{side}"] = trunk.T @ turns[f"thigh_{side}"]
    bodies, joints = assemble(segments, person.materials, Pose(root, turns), drives)
    return Model("rider", bodies, joints, attributes=person.facts, box=cycle_box(bodies, joints))


def standing_rider(
    person: Person, stand: tuple[float, float], grip: tuple[float, float, float], dress: Dress, rng: np.random.Generator
) -> Model:
    """Model of somebody who stands on a board at `stand` (x, z), one foot before the other, with hands on the bars.

    `grip` is the left hand's (x, y, z), all in the frame of the vehicle.
    """
    p = person.physique
    segments = figure(p, dress, rng, grip=True)
    bend, apart = 0.16, 0.17  # of the knees; of the feet, fore and aft
    lean = 0.06
    trunk = turn(pitch=lean)
    turns: dict[str, F64] = {"trunk": trunk, "head": turn(pitch=-0.5 * lean, yaw=float(rng.uniform(-0.2, 0.2)))}
    hip_z = stand[1] + float(p.z(0.045)) + (p.thigh + p.shin) * float(np.cos(bend)) - 0.01
    for side, sign, x in (("l", 1.0, stand[0] + apart), ("r", -1.0, stand[0] - apart)):
        swing, knee = _leg_angles(p, (stand[0], hip_z), np.array(x - 0.02), np.array(stand[1] + float(p.z(0.045))))
        turns[f"thigh_{side}"] = trunk.T @ turn(roll=-sign * 0.04) @ turn(pitch=-float(swing))
        turns[f"shin_{side}"] = turn(pitch=float(knee))
        turns[f"foot_{side}"] = turn(pitch=float(swing - knee), yaw=-0.25)
    root = np.eye(4)
    root[0, 3], root[2, 3] = stand[0], hip_z - p.hip_z
    seat = Seat((stand[0], hip_z), grip, lean, (stand[0], 0.0, stand[1]))
    for side, sign in (("l", 1.0), ("r", -1.0)):
        turns |= _arm(p, seat, trunk, root, side, sign)
    bodies, joints = assemble(segments, person.materials, Pose(root, turns))
    return Model("rider", bodies, joints, attributes=person.facts, box=cycle_box(bodies, joints))


def _aim(direction: F64, side: F64) -> F64:
    """(3, 3) rotation that takes a hanging limb (0, 0, -1) to `direction` and keeps its y axis near `side`."""
    z = -direction / np.linalg.norm(direction)
    y = side - z * (side @ z)
    y /= np.linalg.norm(y)
    return np.stack([np.cross(y, z), y, z], 1)


def _arm(p: Physique, seat: Seat, trunk: F64, root: F64, side: str, sign: float) -> dict[str, F64]:
    """Shoulder and elbow that bring the palm to the grip, elbow out and down."""
    pivot = np.array([-0.008 * p.wide, sign * p.shoulder_y, float(p.z(0.796))])
    hip = np.array([0.0, 0.0, p.hip_z])
    shoulder = trunk @ (pivot - hip) + hip + root[:3, 3]
    grip = np.array([seat.grip[0], sign * seat.grip[1], seat.grip[2]])
    upper = float(p.z(0.796) - p.z(0.635))
    fore = float(p.z(0.635) - p.z(0.435))
    reach = grip - shoulder
    distance = float(np.linalg.norm(reach))
    span = min(distance, 0.985 * (upper + fore))
    along = reach / distance
    bend = np.arccos(np.clip((upper**2 + span**2 - fore**2) / (2 * upper * span), -1, 1))
    outward = np.array([-0.15, sign * 0.55, -0.85])
    outward -= along * (outward @ along)
    outward /= np.linalg.norm(outward)
    elbow = shoulder + upper * (np.cos(bend) * along + np.sin(bend) * outward)
    hand = shoulder + span * along
    lateral = np.array([0.0, 1.0, 0.0])
    upper_world = _aim(elbow - shoulder, lateral)
    fore_world = _aim(hand - elbow, lateral)
    return {f"arm_{side}": trunk.T @ upper_world, f"fore_{side}": upper_world.T @ fore_world}


def _leg_angles(p: Physique, hip: tuple[float, float], ankle_x: F64, ankle_z: F64) -> tuple[F64, F64]:
    """Forward swing of the thigh from the vertical and bend of the knee that bring the ankle to (x, z)."""
    dx, dz = ankle_x - hip[0], ankle_z - hip[1]
    distance = np.minimum(np.hypot(dx, dz), 0.995 * (p.thigh + p.shin))
    inner = np.arccos(np.clip((p.thigh**2 + distance**2 - p.shin**2) / (2 * p.thigh * distance), -1, 1))
    knee = np.pi - np.arccos(np.clip((p.thigh**2 + p.shin**2 - distance**2) / (2 * p.thigh * p.shin), -1, 1))
    return np.arctan2(dx, -dz) + inner, knee


def _leg(p: Physique, seat: Seat, side: str, sign: float) -> tuple[dict[str, F64], dict[str, Drive]]:
    """Static pose of a leg and, with pedals, its drives: first harmonics of the exact angles over a turn."""
    start = 0.0 if sign > 0 else np.pi
    count = 16 if seat.crank else 1
    angle = np.arange(count) * (2 * np.pi / count)
    ball_x = seat.foot[0] + seat.crank * np.cos(angle + start)
    ball_z = seat.foot[2] - seat.crank * np.sin(angle + start)
    lift = float(p.z(0.045))
    swing, knee = _leg_angles(p, seat.hip, ball_x - 0.062 * p.wide, ball_z + lift)
    out = float(np.arctan2(seat.foot[1] - p.hip_y, p.thigh + p.shin)) if not seat.crank else 0.03
    level = -swing + knee  # pitch of the shin in the vehicle frame; the ankle takes it back to level
    turns = {
        f"thigh_{side}": turn(roll=sign * out) @ turn(pitch=-float(swing.mean())),
        f"shin_{side}": turn(pitch=float(knee.mean())),
        f"foot_{side}": turn(pitch=-float(level.mean())),
    }
    if not seat.crank:
        return turns, {}
    drives = {}
    for name, series, axis in (("thigh", swing, FORWARD), ("shin", knee, BACKWARD), ("foot", -level, BACKWARD)):
        a, b = 2 * float((series * np.sin(angle)).mean()), 2 * float((series * np.cos(angle)).mean())
        drives[f"{name}_{side}"] = Drive(axis, Driver.SWING, float(np.hypot(a, b)), float(np.arctan2(b, a)))
    return turns, drives


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
