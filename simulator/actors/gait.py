"""How people hold themselves: walking as joint drives, and still poses (standing, sitting, lying).

Walking: hips swing as a sine, knees bend in the swing phase, ankles keep the foot near level, arms swing against the
legs (amplitudes after Winter, Biomechanics and Motor Control of Human Movement, 2009: hip 20-25 deg, elbow 15-20 deg;
knees bend less than the real 60 deg because ankles here do not push off).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from simulator.actors.physique import Part, Physique
from simulator.actors.shape import F64
from simulator.actors.skeleton import NOTHING, Drive, Pose, Segment, assemble, heave, moved_vertices, place, turn
from simulator.numerics import se3
from simulator.scene import Body, Driver, Joint, Material

FORWARD = (0.0, -1.0, 0.0)  # a positive turn swings a hanging limb forward
BACKWARD = (0.0, 1.0, 0.0)
_SIDES = (("l", 1.0, 0.0), ("r", -1.0, np.pi))


def walking(
    p: Physique,
    segments: list[Segment],
    materials: tuple[Material, ...],
    stride_m: float,
    rng: np.random.Generator,
    *,
    stoop: float = 0.0,
    held: Mapping[str, F64] | None = None,
) -> tuple[tuple[Body, ...], tuple[Joint, ...]]:
    """Bodies and joints of a walker whose feet keep up with a stride of `stride_m` (two steps).

    `stoop`: forward bend of the trunk in radians; `held`: pose of arms that carry something and do not swing.
    """
    held = held or {}
    start = float(rng.uniform(0, 2 * np.pi))
    # While a foot is on the ground the hip passes over it by half a stride, so sin(swing) = stride / (4 leg). A sine
    # moves faster than the mean in mid-stance: nine tenths of it spread the slip of the foot over both ends.
    swing = 0.9 * float(np.arcsin(min(stride_m / (4 * p.hip_z), 0.55)))
    arms, knee = float(rng.uniform(0.25, 0.45)), 0.80
    drives: dict[str, Drive] = {}
    lean = float(rng.uniform(0.0, 0.05)) * (not held) + stoop
    turns: dict[str, F64] = {"trunk": turn(pitch=lean), "head": turn(pitch=-0.8 * stoop)}
    for side, sign, half in _SIDES:
        phase = start + half
        drives[f"thigh_{side}"] = Drive(FORWARD, Driver.SWING, swing, phase, 0.02 - stoop)
        drives[f"shin_{side}"] = Drive(BACKWARD, Driver.BEND, knee, phase + np.pi / 2 + 0.25, 0.05)
        # The ankle lifts the toes while the knee bends, and keeps the foot near level while it carries.
        drives[f"ankle_{side}"] = Drive(FORWARD, Driver.BEND, 0.62 * knee, phase + np.pi / 2 + 0.25)
        drives[f"foot_{side}"] = Drive(BACKWARD, Driver.SWING, 0.62 * swing, phase, -0.03)
        drives[f"arm_{side}"] = Drive(FORWARD, Driver.SWING, arms, phase + np.pi, -0.03)
        drives[f"fore_{side}"] = Drive(FORWARD, Driver.BEND, 0.35, phase + np.pi, 0.22)
        turns[f"arm_{side}"] = turn(roll=sign * float(rng.uniform(0.07, 0.13)))
        turns[f"fore_{side}"] = turn(roll=-sign * 0.04)
    pose = Pose(turns={**turns, **held})
    drives = {name: drive for name, drive in drives.items() if name not in held}
    drop = _sinking(segments, materials, pose, drives, start)
    return assemble(segments, materials, pose, drives, heave(drop, start))


def running(
    p: Physique, segments: list[Segment], materials: tuple[Material, ...], stride_m: float, rng: np.random.Generator
) -> tuple[tuple[Body, ...], tuple[Joint, ...]]:
    """Bodies and joints of a runner: knees lift, elbows are bent, and both feet are off the ground between steps.

    Angles at 3 m/s: Novacheck, The biomechanics of running, Gait and Posture 7, 1998 (hip 45 deg, knee 90 deg).
    """
    start = float(rng.uniform(0, 2 * np.pi))
    # In mid-stance the foot under the hips has to go back at the speed of travel: leg * swing = stride / (2 pi).
    swing = float(np.clip(stride_m / (2 * np.pi * 0.93 * p.hip_z), 0.2, 0.6))
    knee = 1.35
    lean = float(rng.uniform(0.08, 0.16))
    turns: dict[str, F64] = {"trunk": turn(pitch=lean), "head": turn(pitch=-0.7 * lean)}
    drives: dict[str, Drive] = {}
    for side, sign, half in _SIDES:
        phase = start + half
        drives[f"thigh_{side}"] = Drive(FORWARD, Driver.SWING, swing, phase, 0.14 - lean)
        drives[f"shin_{side}"] = Drive(BACKWARD, Driver.BEND, knee, phase + np.pi / 2 + 0.35, 0.22)
        drives[f"ankle_{side}"] = Drive(FORWARD, Driver.BEND, 0.25 * knee, phase + np.pi / 2 + 0.2)
        drives[f"foot_{side}"] = Drive(BACKWARD, Driver.SWING, 0.55 * swing, phase, -0.10)
        drives[f"arm_{side}"] = Drive(FORWARD, Driver.SWING, 0.55, phase + np.pi, -0.12)
        drives[f"fore_{side}"] = Drive(FORWARD, Driver.SWING, 0.15, phase + np.pi, 1.45)
        turns[f"arm_{side}"] = turn(roll=sign * 0.14)
        turns[f"fore_{side}"] = turn(yaw=-sign * 0.35)
    pose = Pose(turns=turns)
    legs = [s for s in segments if s.name.split("_")[0] in ("trunk", "thigh", "shin", "ankle", "foot")]
    bodies, joints = assemble(legs, materials, pose, drives)
    soles = tuple(body for body in bodies if np.isin(body.mesh.slots, (Part.SHOES, Part.SOLES)).all())
    phases = np.linspace(0, 2 * np.pi, 25)
    lowest = [min(float(v[:, 2].min()) for v in moved_vertices(soles, joints, gait_rad=g)) for g in phases]
    pose.root[2, 3] -= min(lowest) - 0.0  # the foot that carries touches the ground in mid-stance
    return assemble(segments, materials, pose, drives, heave(-0.06 * p.height / 1.75, start))


def _sinking(
    segments: list[Segment], materials: tuple[Material, ...], pose: Pose, drives: dict[str, Drive], start: float
) -> float:
    """How far the hips sink at double support: as far as the feet allow over the whole cycle (1 cm into the ground)."""
    names = ("trunk", "thigh", "shin", "ankle", "foot")
    legs = [s for s in segments if s.name.split("_")[0] in names]
    bodies, joints = assemble(legs, materials, pose, drives)
    soles = [k for k, body in enumerate(bodies) if np.isin(body.mesh.slots, (Part.SHOES, Part.SOLES)).all()]
    phases = np.linspace(0, np.pi, 9) - start
    lowest = np.empty(len(phases))
    for i, gait in enumerate(phases):
        moved = moved_vertices(tuple(bodies[k] for k in soles), joints, gait_rad=float(gait))
        lowest[i] = min(float(v[:, 2].min()) for v in moved)
    share = np.abs(np.sin(phases + start))
    down = share > 0.5
    return float(max(0.0, ((lowest[down] + 0.01) / share[down]).min()))


def standing(rng: np.random.Generator) -> Pose:
    """Weight on one leg, arms down, in pockets, folded, or a phone in one hand."""
    lean = float(rng.uniform(-0.04, 0.04))
    apart = float(rng.uniform(0.02, 0.09))
    turns = {
        "thigh_l": turn(roll=apart),
        "thigh_r": turn(roll=-apart, pitch=-float(rng.uniform(0.0, 0.12))),
        "shin_r": turn(pitch=float(rng.uniform(0.0, 0.14))),
        "head": turn(pitch=float(rng.uniform(-0.1, 0.25)), yaw=float(rng.uniform(-0.6, 0.6))),
        "trunk": turn(pitch=lean),
    }
    manner = int(rng.integers(0, 4))
    for side, sign, _ in _SIDES:
        if manner == 0:  # hanging
            turns[f"arm_{side}"] = turn(roll=sign * 0.10, pitch=float(rng.uniform(-0.15, 0.1)))
            turns[f"fore_{side}"] = turn(pitch=-float(rng.uniform(0.1, 0.35)))
        elif manner == 1:  # hands in pockets
            turns[f"arm_{side}"] = turn(roll=sign * 0.22, pitch=0.22)
            turns[f"fore_{side}"] = turn(roll=-sign * 0.30, pitch=-0.55)
        elif manner == 2:  # folded
            turns[f"arm_{side}"] = turn(roll=sign * 0.12, pitch=-0.42 - 0.06 * sign)
            turns[f"fore_{side}"] = turn(yaw=-sign * 1.15) @ turn(pitch=-1.50)
        else:  # phone in the right hand
            right = sign < 0
            turns[f"arm_{side}"] = turn(roll=sign * 0.12, pitch=-0.45 if right else 0.0)
            turns[f"fore_{side}"] = turn(yaw=-sign * 0.5) @ turn(pitch=-1.7) if right else turn(pitch=-0.25)
            if right:
                turns["head"] = turn(pitch=0.4)
    return Pose(turns=turns)


def swaying(segments: list[Segment], rng: np.random.Generator) -> tuple[list[Segment], dict[str, Drive]]:
    """Segments on a root at the feet, and the small motions of somebody who stands: the body sways, the head turns.

    Quiet stance sways by some 5 mm at the centre of mass (Winter, Human balance and posture control, 1995).
    """
    root = Segment("stand", "", (0.0, 0.0, 0.0), NOTHING)
    out = [root, *(replace(s, parent="stand") if not s.parent else s for s in segments)]
    start = float(rng.uniform(0, 2 * np.pi))
    drives = {
        "stand": Drive((1.0, 0.0, 0.0), Driver.SWING, 0.006, start),
        "head": Drive((0.0, 0.0, 1.0), Driver.SWING, float(rng.uniform(0.05, 0.25)), start + 1.0),
    }
    return out, drives


def sitting(rng: np.random.Generator) -> Pose:
    """Upright on a seat at knee height, feet on the ground below the knees."""
    turns = {"trunk": turn(), "head": turn(pitch=0.1, yaw=float(rng.uniform(-0.4, 0.4)))}
    for side, sign, _ in _SIDES:
        turns[f"thigh_{side}"] = turn(roll=sign * 0.06) @ turn(pitch=-1.50)
        turns[f"shin_{side}"] = turn(pitch=1.48)
        turns[f"arm_{side}"] = turn(roll=sign * 0.12, pitch=-0.35)
        turns[f"fore_{side}"] = turn(roll=-sign * 0.2) @ turn(pitch=-0.85)
    return Pose(turns=turns)


def lying(rng: np.random.Generator) -> Pose:
    """Fallen on the back, the front or a side: limbs limp and uneven. The figure's middle comes to the origin."""
    kind = int(rng.integers(0, 3))
    root = (turn(pitch=-np.pi / 2), turn(pitch=np.pi / 2), turn(roll=np.pi / 2) @ turn(pitch=-np.pi / 2))[kind]
    u = rng.uniform
    turns: dict[str, F64] = {"head": turn(pitch=float(u(-0.2, 0.1)), yaw=float(u(-1.0, 1.0)) if kind < 2 else 0.0)}
    front = 1.0 if kind != 1 else -1.0  # which way limbs may rise above the ground plane
    for side, sign, _ in _SIDES:
        bend = float(u(0.0, 0.25) if kind < 2 else u(0.3, 0.9))
        out = float(u(0.05, 0.45) if kind < 2 else u(0.0, 0.1))
        turns[f"thigh_{side}"] = turn(roll=sign * out) @ turn(pitch=-bend if front > 0 else 0.0)
        turns[f"shin_{side}"] = turn(
            pitch=float(u(0.0, 0.35) if front > 0 else u(0.0, 0.12)) + (bend * 1.2 if kind == 2 else 0.0)
        )
        turns[f"foot_{side}"] = turn(yaw=sign * float(u(0.3, 0.8)), pitch=0.5)
        if kind < 2:
            turns[f"arm_{side}"] = turn(roll=sign * float(u(0.2, 2.4)))
            turns[f"fore_{side}"] = turn(roll=sign * float(u(-1.2, 0.6)))
        else:
            turns[f"arm_{side}"] = turn(pitch=-float(u(0.5, 1.6)))
            turns[f"fore_{side}"] = turn(pitch=-float(u(0.2, 1.4)))
    return Pose(se3.from_rotation(root), turns)


def grounded(segments: list[Segment], pose: Pose, *, centre: bool = True) -> Pose:
    """The pose moved so that its lowest point is on z = 0 and, if asked, its middle above the origin."""
    placed = place(segments, pose)
    points = np.concatenate([s.mesh.vertices @ placed[s.name][:3, :3].T + placed[s.name][:3, 3] for s in segments])
    low, high = points.min(0), points.max(0)
    shift = (
        np.array([-(low[0] + high[0]) / 2, -(low[1] + high[1]) / 2, -low[2]])
        if centre
        else np.array([0.0, 0.0, -low[2]])
    )
    root = np.array(pose.root)
    root[:3, 3] += shift
    return Pose(root, pose.turns)
