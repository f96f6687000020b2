"""What people sit on, benches, chairs, low walls and the ground, and how: hips and thighs on the seat."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.actors.physique import Physique
from simulator.actors.riders import arm_to, leg_to
from simulator.actors.shape import F64, both, finish, pipe, rounded_box, turned
from simulator.actors.skeleton import Pose, Segment, following, skinned, turn
from simulator.actors.wardrobe import Person
from simulator.scene import Body, Material, Mesh, Model

SEATS = ("bench", "chair", "wall", "ground")
SINK_M = 0.012  # by which flesh and cloth give way to a hard seat
DEPTH_M, BENCH_M = 0.42, 0.445  # of seats; height of benches, all the same, so that several can sit on one
BACK_DEG = 12.0  # by which backs lean
WOOD, FRAME, STONE = range(3)
MATERIALS = (
    Material("bench slats", (0.20, 0.105, 0.05), roughness=0.7, reflectance_905=0.5),
    Material("seat frame", (0.035, 0.037, 0.04), roughness=0.5, metallic=0.3, reflectance_905=0.2),
    Material("cast stone", (0.36, 0.345, 0.32), roughness=0.9, reflectance_905=0.45),
)


@dataclass(frozen=True, slots=True)
class Sitting:
    """Somebody on a seat.

    Attributes:
        pose: of the body.
        seat: what stands there, in the same frame; None on the ground.
    """

    pose: Pose
    seat: Model | None


def sitting(
    kind: str, person: Person, segments: list[Segment], held: dict[str, F64], rng: np.random.Generator
) -> Sitting:
    """A figure of these segments on one of SEATS, hips over the origin; `held`: turns of arms that hold something."""
    p = person.physique
    drawn = float(rng.uniform(0.38, 0.47))
    top = {"ground": 0.0, "wall": drawn, "chair": 0.32 * drawn + 0.31}.get(kind, BENCH_M)
    lean = float(rng.uniform(-0.02, 0.18)) if kind in ("wall", "ground") else -np.radians(BACK_DEG)
    look = turn(pitch=0.08 - 0.6 * lean, yaw=float(rng.uniform(-0.5, 0.5)))
    rotation = {"trunk": turn(pitch=lean - 0.06), "chest": turn(pitch=lean + 0.10), "head": look}
    if kind == "ground":
        # Thighs of who draws up the knees lie on nothing; those of who stretches the legs lie on the ground.
        lean = float(rng.choice([0.22, -0.38]))
        rotation |= {"trunk": turn(pitch=0.6 * lean), "chest": turn(pitch=1.3 * lean)}
    wide, ahead = float(rng.uniform(1.0, 1.7 - 0.5 * p.female)), float(rng.uniform(-0.05, 0.12))
    together = rng.random() < 0.35  # hands in the lap
    root = np.eye(4)
    root[2, 3] = top + 0.085 * p.wide - p.hip_z
    parents = {segment.name: segment.parent for segment in segments}
    for _ in range(3):  # the figure sinks until it rests
        turns = dict(rotation)
        for sign in (1.0, -1.0):
            ball, pitch = _foot_at(p, root, kind, lean, sign * p.hip_y * wide, ahead)
            turns |= leg_to(p, root, ball, pitch, sign)
        for sign in (1.0, -1.0):
            turns |= arm_to(p, segments, root, turns, _palm_at(p, root, turns, kind, lean, together, sign), sign)
        right = {name: turned for name, turned in held.items() if not name.endswith("_l")}  # the left hand rests
        pose = Pose(root.copy(), following(turns, parents) | right)
        points = skinned(segments, person.materials, pose).mesh.vertices.astype(np.float64)
        root[2, 3] += top - SINK_M * (kind != "ground") - points[_on_seat(p, points), 2].min()
    pose = replace(pose, root=root)  # where feet had pushed it up and down, it rests
    if kind == "ground":
        return Sitting(pose, None)
    front = p.thigh - 0.075 * p.wide / 1.7
    back = _back_of(points, top) if kind != "wall" else -0.12
    back = min(back, front - DEPTH_M)  # children do not reach the back: they sit at the edge
    front = max(back + DEPTH_M, front - 0.10)
    mesh = {"bench": _bench, "chair": _chair, "wall": _wall}[kind](back, front, top, rng)
    return Sitting(pose, Model("street_furniture", (Body(mesh, MATERIALS),), attributes=(("kind", kind),)))


def _foot_at(p: Physique, root: F64, kind: str, lean: float, y: float, ahead: float) -> tuple[F64, F64]:
    """Place of the ball of a foot (1, 3) and its pitch (1,): on the ground, or hanging where that is out of reach."""
    hip = float(root[2, 3]) + p.hip_z
    pitch, z = 0.0, 0.0
    x = p.thigh + ahead * p.wide
    if kind == "ground":
        reach = p.thigh + p.shin
        x, pitch = (0.62 * reach, 0.0) if lean > 0 else (0.955 * reach, -1.15)
        z = 0.0 if lean > 0 else 0.03 * p.wide
    elif hip - p.ankle_z > p.shin + 0.30 * p.thigh:  # too short
        x, z, pitch = 0.98 * p.thigh, hip - 0.22 * p.thigh - p.shin - p.ankle_z, 0.30
    sole = turn(pitch=pitch) @ np.array([p.ball_x, 0.0, -p.ankle_z])
    ankle = np.array([x, y, z + p.ankle_z])
    return (ankle + sole)[None], np.array([pitch])


def _palm_at(p: Physique, root: F64, turns: dict[str, F64], kind: str, lean: float, together: bool, sign: float) -> F64:
    """Where a palm lies (3,): on the thigh, in the lap, on a shin, or on the ground behind."""
    side = "l" if sign > 0 else "r"
    hip = root[:3, 3] + np.array([0.0, sign * p.hip_y, p.hip_z])
    knee = hip + turns[f"thigh_{side}"].reshape(3, 3) @ np.array([0.0, 0.0, -p.thigh])
    if kind == "ground" and lean < 0:
        return np.array([-0.20 * p.wide, sign * 0.15 * p.wide, 0.035 * p.wide])
    if kind == "ground":
        shin = knee + turns[f"shin_{side}"].reshape(3, 3) @ np.array([0.055 * p.wide, 0.0, -0.35 * p.shin])
        return np.asarray(shin - [0.0, sign * 0.02 * p.wide, 0.0])
    share = 0.55 if together else 0.74
    out = hip + share * (knee - hip) + np.array([0.0, 0.0, 0.066 * p.wide])
    if together:
        out[1] = sign * 0.022 * p.wide
    return np.asarray(out)


def _on_seat(p: Physique, points: F64) -> F64:
    """(V,) what is above a seat: buttocks and the rear half of the thighs, not the hands."""
    return np.asarray((np.abs(points[:, 0] + 0.02) < 0.34 * p.thigh) & (np.abs(points[:, 1]) < 0.105 * p.wide))


def _back_of(points: F64, top: float) -> float:
    """x at the height of the seat of a leaning plane that the back touches."""
    up = points[:, 2] - top
    level = (up > 0.14) & (up < 0.42) & (points[:, 0] < 0.05)
    slope = np.tan(np.radians(BACK_DEG))
    return float((points[level, 0] + slope * up[level]).min()) + 0.006


def _slat(size: tuple[float, float, float], x: float, z: float, lean: float = 0.0) -> Mesh:
    return turned(rounded_box(size, radius=0.012, slot=WOOD), pitch=-lean, at=(x, 0.0, z))


def _back_x(back: float, up: float) -> float:
    return back - float(np.tan(np.radians(BACK_DEG))) * up


def _bench(back: float, front: float, top: float, rng: np.random.Generator) -> Mesh:
    """Park bench: slats on two frames with arms, the sitter in the middle."""
    width, lean = float(rng.uniform(1.5, 1.9)), float(np.radians(BACK_DEG))
    count = 4
    run = (front - back) / count
    parts = [_slat((run - 0.015, width, 0.035), back + (k + 0.5) * run, top - 0.0175) for k in range(count)]
    for up in (0.19, 0.31, 0.43):
        parts.append(_slat((0.03, width, 0.095), _back_x(back, up) - 0.016, top + up, lean))
    for y in (0.5 * width - 0.16, -0.5 * width + 0.16):
        rear = np.array([[_back_x(back, 0.48) - 0.035, y, top + 0.48], [back - 0.045, y, top - 0.05]])
        lines = [
            np.concatenate([rear, [[back - 0.10, y, 0.0]]]),
            np.array([[front - 0.05, y, top - 0.05], [front + 0.02, y, 0.0]]),
            np.array([[back - 0.05, y, top - 0.055], [front - 0.03, y, top - 0.055]]),
        ]
        parts += [pipe(line, 0.022, segments=6, slot=FRAME) for line in lines]
    return finish(parts, crease_deg=40)


def _chair(back: float, front: float, top: float, rng: np.random.Generator) -> Mesh:
    """Cafe chair of tubes with seat and back of wood."""
    half = 0.21
    lean = float(np.radians(BACK_DEG))
    parts = [rounded_box((front - back, 2 * half, 0.03), ((front + back) / 2, 0, top - 0.015), radius=0.015, slot=WOOD)]
    for up in (0.24, 0.38):
        parts.append(_slat((0.022, 2 * half - 0.03, 0.10), _back_x(back, up) - 0.012, top + up, lean))
    rear = np.array([[_back_x(back, 0.45) - 0.02, 0, top + 0.45], [back - 0.02, 0, top - 0.03], [back - 0.09, 0, 0.0]])
    leg = np.array([[front - 0.04, 0, top - 0.03], [front - 0.01, 0, 0.0]])
    rail = np.array([[back - 0.02, 0, top - 0.04], [front - 0.03, 0, top - 0.04]])
    for line in (rear, leg, rail):
        parts += both(pipe(line + [0.0, half - 0.015, 0.0], 0.013, segments=6, slot=FRAME))
    return finish(parts, crease_deg=40)


def _wall(back: float, front: float, top: float, rng: np.random.Generator) -> Mesh:
    """A low wall with a coping."""
    width, middle = float(rng.uniform(1.6, 2.6)), (front + back) / 2
    deep = front - back
    base = rounded_box((deep - 0.06, width - 0.04, top - 0.06), (middle, 0, (top - 0.06) / 2), radius=0.01, slot=STONE)
    coping = rounded_box((deep, width, 0.07), (middle, 0, top - 0.035), radius=0.015, slot=STONE)
    return finish([base, coping], crease_deg=30)
