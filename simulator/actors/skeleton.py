"""Poses of jointed bodies: rigid segments in a rest pose, static rotations, and joints that keep moving in a gait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.actors.shape import F64
from simulator.numerics import se3
from simulator.scene import Body, Driver, Joint, Material, Mesh
from simulator.scene.articulation import joint_rows, joint_transforms
from simulator.scene.mesh import merge

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Segment:
    """A rigid piece of a body at rest.

    Attributes:
        name: such as "thigh_l".
        parent: name of the segment it hangs on, or "".
        pivot: joint to the parent, in the body frame at rest.
        mesh: geometry in the body frame at rest.
    """

    name: str
    parent: str
    pivot: Vector
    mesh: Mesh


NOTHING = Mesh.of(np.zeros((0, 3)), np.zeros((0, 3)))  # of segments that only carry a second motion of a joint


@dataclass(frozen=True, slots=True)
class Drive:
    """Motion of a segment about an axis of its own (rest) frame on top of the pose; fields as in Joint."""

    axis: Vector
    driver: Driver
    gain: float
    phase: float = 0.0
    bias: float = 0.0


@dataclass(frozen=True, slots=True)
class Pose:
    """How segments are turned.

    Attributes:
        root: (4, 4) transform of the whole body.
        turns: (3, 3) rotation of each named segment about its pivot, in the axes of its parent at rest.
    """

    root: F64 = field(default_factory=lambda: np.eye(4))
    turns: Mapping[str, F64] = field(default_factory=dict)


def place(segments: list[Segment], pose: Pose) -> dict[str, F64]:
    """(4, 4) transform of each segment from rest to the pose; parents precede children."""
    out: dict[str, F64] = {}
    for segment in segments:
        local = np.eye(4)
        if segment.name in pose.turns:
            turn = np.asarray(pose.turns[segment.name])
            pivot = np.asarray(segment.pivot)
            local[:3, :3], local[:3, 3] = turn, pivot - turn @ pivot
        out[segment.name] = (out[segment.parent] if segment.parent else pose.root) @ local
    return out


def assemble(
    segments: list[Segment],
    materials: tuple[Material, ...],
    pose: Pose,
    drives: Mapping[str, Drive] | None = None,
    lift: tuple[Drive, ...] = (),
) -> tuple[tuple[Body, ...], tuple[Joint, ...]]:
    """Bodies and joints of a posed figure.

    Segments without a drive are merged into the body of the segment they hang on, so a still figure is one body.

    Args:
        segments: parents first.
        materials: shared by all bodies.
        pose: static pose.
        drives: moving segments.
        lift: motions of the whole figure, outermost first; their pivot is far away, see `heave`.
    """
    drives = drives or {}
    placed = place(segments, pose)
    joints: list[Joint] = []
    for drive in lift:
        pivot = (-HEAVE_ARM_M, 0.0, 0.0)
        joints.append(Joint(pivot, drive.axis, drive.driver, drive.gain, drive.phase, drive.bias, len(joints) - 1))
    owner: dict[str, int] = {}
    meshes: dict[int, list[Mesh]] = {}
    for segment in segments:
        parent = owner[segment.parent] if segment.parent else len(lift) - 1
        if segment.name in drives:
            drive = drives[segment.name]
            above = placed[segment.parent] if segment.parent else pose.root
            turn = placed[segment.name][:3, :3]
            pivot = tuple((above[:3, :3] @ np.asarray(segment.pivot) + above[:3, 3]).tolist())
            axis = tuple((turn @ np.asarray(drive.axis)).tolist())
            joints.append(Joint(pivot, axis, drive.driver, drive.gain, drive.phase, drive.bias, parent))
            parent = len(joints) - 1
        owner[segment.name] = parent
        if len(segment.mesh.faces):
            meshes.setdefault(parent, []).append(segment.mesh.transformed(placed[segment.name]))
    bodies = tuple(Body(merge(parts), materials, joint) for joint, parts in meshes.items())
    return bodies, tuple(joints)


HEAVE_ARM_M = 200.0


def heave(amplitude: float, phase: float) -> tuple[Drive, Drive]:
    """Sinking of the whole figure by amplitude * |sin(gait + phase)|: twice a gait cycle, as hips do in walking.

    Joints only turn; a turn by amplitude / 200 m about a point 200 m away is a shift by `amplitude` (tilt below 0.02
    deg). Two half waves in opposite phase give the rectified sine.
    """
    gain = amplitude / HEAVE_ARM_M
    axis = (0.0, 1.0, 0.0)
    return Drive(axis, Driver.BEND, gain, phase), Drive(axis, Driver.BEND, gain, phase + np.pi)


def moved_vertices(
    bodies: tuple[Body, ...],
    joints: tuple[Joint, ...],
    *,
    travel_m: float = 0.0,
    steer_rad: float = 0.0,
    gait_rad: float = 0.0,
) -> list[NDArray[np.float64]]:
    """Vertices of each body in the object frame at one state of the channels."""
    out = np.empty((len(joints), 3, 4))
    if joints:
        joint_transforms(
            joint_rows(joints, 0, 0), np.array([travel_m]), np.array([steer_rad]), np.array([gait_rad]), out
        )
    result = []
    for body in bodies:
        v = body.mesh.vertices.astype(np.float64)
        result.append(v @ out[body.joint, :, :3].T + out[body.joint, :, 3] if body.joint >= 0 else v)
    return result


def cycle_box(bodies: tuple[Body, ...], joints: tuple[Joint, ...], phases: int = 16, margin: float = 0.01) -> F64:
    """(2, 3) bounds over a gait cycle with a margin for phases between the sampled ones; feet stay on z = 0."""
    states = np.arange(phases) * (2 * np.pi / phases) if joints else [0.0]
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for gait in states:
        for v in moved_vertices(bodies, joints, gait_rad=float(gait)):
            low, high = np.minimum(low, v.min(0)), np.maximum(high, v.max(0))
    if joints:
        low, high = low - margin, high + margin
    return np.stack([low, high])


def turn(roll: float = 0.0, pitch: float = 0.0, yaw: float = 0.0) -> F64:
    """(3, 3) rotation of ISO 8855 angles: pitch > 0 turns x toward -z (a hanging limb swings backward)."""
    return se3.from_rpy(roll, pitch, yaw)
