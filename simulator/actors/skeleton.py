"""Jointed bodies: segments in a rest pose that turn about their joints, and the skin that follows them.

Poses hold still, or run through the P phases of a cycle; then their arrays have a leading axis of that length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from simulator.actors.shape import F64
from simulator.numerics import se3
from simulator.scene import Body, Material, Mesh, Model
from simulator.scene.material import Surface
from simulator.scene.mesh import merge
from simulator.scene.skinning import skin_of

Vector = tuple[float, float, float]

NOTHING = Mesh.of(np.zeros((0, 3)), np.zeros((0, 3)))  # of segments that only move others' skin


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a body at rest.

    Attributes:
        name: such as "thigh_l".
        parent: name of the segment it hangs on, or "".
        pivot: joint to the parent, in the body frame at rest.
        mesh: geometry in the body frame at rest.
        blend: weights (V,) of the segments that its vertices follow, by name; "~shin_l" is halfway between the shin
            and what it hangs on. None: all follow the segment itself.
    """

    name: str
    parent: str
    pivot: Vector
    mesh: Mesh = NOTHING
    blend: Mapping[str, F64] | None = None


@dataclass(frozen=True, slots=True)
class Pose:
    """How segments are turned, still or over a cycle.

    Attributes:
        root: (4, 4) or (P, 4, 4) transform of the whole body.
        turns: (3, 3) or (P, 3, 3) rotation of each named segment about its pivot, in the axes of its parent at rest.
        shifts: (3,) or (P, 3) by which the joint itself moves against the parent (shoulder blades slide).
    """

    root: F64 = field(default_factory=lambda: np.eye(4))
    turns: Mapping[str, F64] = field(default_factory=dict)
    shifts: Mapping[str, F64] = field(default_factory=dict)


def place(segments: Sequence[Segment], pose: Pose) -> dict[str, F64]:
    """([P,] 4, 4) transform of each segment from rest to the pose, and of those halfway; parents precede children."""
    rotations = [np.asarray(pose.turns.get(segment.name, np.eye(3)), np.float64) for segment in segments]
    matrices = [rotation.reshape(-1, 3, 3) for rotation in rotations]
    vectors = Rotation.from_matrix(np.concatenate(matrices)).as_rotvec()  # all at once: a call costs more than the work
    halves = np.split(Rotation.from_rotvec(0.5 * vectors).as_matrix(), np.cumsum([len(each) for each in matrices])[:-1])
    out: dict[str, F64] = {}
    for segment, rotation, half in zip(segments, rotations, halves):
        above = out[segment.parent] if segment.parent else pose.root
        for name, r in ((segment.name, rotation), ("~" + segment.name, half.reshape(rotation.shape))):
            local = about(segment.pivot, r)
            if segment.name in pose.shifts:
                local[..., :3, 3] += pose.shifts[segment.name]
            out[name] = above @ local
    return out


def about(pivot: ArrayLike, rotation: F64) -> F64:
    """([P,] 4, 4) turn by ([P,] 3, 3) rotations about a point."""
    at = np.asarray(pivot, np.float64)
    out = np.zeros((*rotation.shape[:-2], 4, 4))
    out[..., :3, :3], out[..., :3, 3], out[..., 3, 3] = rotation, at - rotation @ at, 1.0
    return out


def skinned(
    segments: Sequence[Segment],
    materials: tuple[Material, ...],
    pose: Pose,
    stand: Pose | None = None,
    pace_mps: float = 0.0,
) -> Body:
    """One body of all segments that follows a pose; a still one is rigid.

    `stand`: of who does not move; at half of `pace_mps` the body has left it.
    """
    placed, materials = place(segments, pose), tuple(replace(m, surface=Surface.BODY) for m in materials)
    shown = [segment for segment in segments if len(segment.mesh.faces)]
    blends = [(len(s.mesh.vertices), dict(s.blend or {s.name: np.ones(1)})) for s in shown]
    names = [name for name in placed if any(name in blend for _, blend in blends)]
    phases = max((len(placed[name]) for name in names if placed[name].ndim == 3), default=1)
    cycle = np.stack([np.broadcast_to(placed[name], (phases, 4, 4)) for name in names], 1)[:, :, :3]
    skin, mesh = skin_of(names, blends, cycle), merge([segment.mesh for segment in shown])
    if phases > 1:
        if stand is not None:
            still = place(segments, stand)
            bones = np.stack([still[name][:3] for name in names]).astype(np.float32)
            skin = replace(skin, stand=bones, pace_mps=0.5 * pace_mps)
        return Body(mesh, materials, skin=skin)
    return Body(Mesh(skin.bent(mesh.vertices, 0.0), mesh.faces, mesh.uv, mesh.slots, mesh.smooth), materials)


def cycle_box(model: Model, phases: int = 16, margin: float = 0.004) -> F64:
    """(2, 3) bounds over a gait cycle, with a margin for phases between the sampled ones if there is one."""
    moves = any(body.skin is not None for body in model.bodies)
    states = np.arange(phases) * (2 * np.pi / phases) if moves else np.zeros(1)
    points = [v for gait in states for v in model.posed(gait_rad=float(gait))] + model.posed(speed_mps=0.0)
    low, high = np.min([v.min(0) for v in points], 0), np.max([v.max(0) for v in points], 0)
    return np.stack([low, high]).astype(np.float64) + margin * moves * np.array([[-1.0], [1.0]])


def turn(roll: ArrayLike = 0.0, pitch: ArrayLike = 0.0, yaw: ArrayLike = 0.0) -> F64:
    """([P,] 3, 3) rotation of ISO 8855 angles: pitch > 0 turns x toward -z (a hanging limb swings backward)."""
    return np.asarray(se3.from_rpy(*np.broadcast_arrays(roll, pitch, yaw)))


def reach(
    root: F64, target: F64, lengths: tuple[float, float], bend: ArrayLike, side: float = 1.0, most: float = 0.998
) -> tuple[F64, F64]:
    """Rotations of the two bones of a limb that hangs down at rest, so that its end comes to a point.

    Args:
        root, target: ([P,] 3) where it hangs and where its end is to be.
        lengths: of both bones.
        bend: ([P,] 3) direction in which the joint between them is pushed out.
        side: 1 if at rest that is forward (knees), -1 if backward (elbows, hocks).
        most: greatest share of the length to which it stretches; what is farther away is not reached.
    """
    upper, lower = lengths
    way = target - root
    distance = np.linalg.norm(way, axis=-1, keepdims=True)
    span = np.clip(distance, abs(upper - lower) + 1e-6, most * (upper + lower))
    along = way / np.maximum(distance, 1e-9)
    outward = np.asarray(bend, np.float64)
    outward = outward - along * (along * outward).sum(-1, keepdims=True)
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    cos = np.clip((upper**2 + span**2 - lower**2) / (2 * upper * span), -1, 1)
    joint = upper * (cos * along + np.sqrt(1 - cos**2) * outward)
    y = side * np.cross(outward, along)
    return aim(joint / upper, y), aim((span * along - joint) / lower, y)


def aim(direction: F64, y: F64) -> F64:
    """([P,] 3, 3) rotation that takes (0, 0, -1) to a unit `direction` and the y axis to `y`, at right angles to it."""
    y = y - direction * (direction * y).sum(-1, keepdims=True)
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([np.cross(y, -direction), y, -direction], -1)


def following(rotations: Mapping[str, F64], parents: Mapping[str, str]) -> dict[str, F64]:
    """Turns of segments from their rotations in the body frame, and from those of what they hang on."""
    return {
        name: np.swapaxes(rotations[above], -1, -2) @ r if (above := parents.get(name, "")) in rotations else r
        for name, r in rotations.items()
    }


def fade(value: ArrayLike, low: ArrayLike, high: ArrayLike) -> F64:
    """0 at or below `low`, 1 at or above `high`, smooth between."""
    v, a, b = (np.asarray(each, np.float64) for each in (value, low, high))
    s = np.clip((v - a) / (b - a), 0.0, 1.0)
    return np.asarray(s * s * (3 - 2 * s))


def hinge(share: ArrayLike, above: str, below: str) -> dict[str, F64]:
    """Weights about the joint of `below`: share -1 follows `above`, 1 `below`, 0 the bone halfway."""
    s = np.clip(np.asarray(share, np.float64), -1.0, 1.0)
    low, high = fade(-s, 0.0, 1.0), fade(s, 0.0, 1.0)
    return {above: low, "~" + below: 1.0 - low - high, below: high}
