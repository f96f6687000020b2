"""Heads: skull, a hint of a face, hair and headgear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.actors.physique import Dress, Part, Physique
from simulator.actors.shape import F64, ball, curve, patch, round_rings, skin
from simulator.scene.mesh import Mesh, merge

STRANDS = 4  # repeats of the hair's texture round the head

# Head by share of its height from chin to crown: half width, half depth, middle's x, in head heights.
_HEAD_T = [0.0, 0.05, 0.13, 0.25, 0.38, 0.50, 0.62, 0.74, 0.85, 0.94, 1.0]
_HEAD_W = [0.09, 0.17, 0.245, 0.29, 0.315, 0.333, 0.342, 0.335, 0.295, 0.205, 0.06]
_HEAD_D = [0.08, 0.17, 0.27, 0.34, 0.385, 0.415, 0.428, 0.425, 0.385, 0.275, 0.08]
_HEAD_X = [0.20, 0.155, 0.10, 0.055, 0.025, 0.005, -0.01, -0.02, -0.03, -0.035, -0.035]


def _head_rings(p: Physique, t: F64, grow: float = 0.0, segments: int = 16) -> F64:
    """Rings of the head at shares `t` of its height, grown by metres; below the chin they narrow to the nape."""
    h, chin = p.head, p.height - p.head
    width = np.interp(t, [-0.6, -0.15, *_HEAD_T], [0.40, 0.24, *_HEAD_W]) * (1 - 0.02 * p.female)
    deep = np.interp(t, [-0.6, -0.15, *_HEAD_T], [0.30, 0.24, *_HEAD_D])
    x = np.interp(t, [-0.6, -0.15, *_HEAD_T], [-0.12, -0.03, *_HEAD_X])
    center = np.stack([x * h - 0.004 * p.wide, 0 * t, chin + t * h], 1)
    return round_rings(center, width * h + grow, deep * h + grow, segments, 2.15)


def head_mesh(p: Physique, dress: Dress, rng: np.random.Generator) -> Mesh:
    """Head with face, ears, hair or hat, and the neck."""
    h, chin, w = p.head, p.height - p.head, p.wide
    parts = [skin(_head_rings(p, np.array(_HEAD_T)), Part.SKIN)]
    neck_z = np.array([float(p.z(0.835)), chin + 0.02 * h, chin + 0.22 * h])
    thick = (0.033 - 0.005 * p.female + 0.003 * p.build) * w
    parts.append(
        skin(
            round_rings(
                np.stack([np.array([-0.007, -0.004, -0.006]) * w, 0 * neck_z, neck_z], 1), thick, thick * 1.08, 10
            ),
            Part.SKIN,
        )
    )

    def _face(t: float, y: float, out: float = 0.0) -> tuple[float, float, float]:
        half = np.interp(t, _HEAD_T, _HEAD_W) * h
        x = (
            np.interp(t, _HEAD_T, _HEAD_X) * h
            - 0.004 * w
            + np.interp(t, _HEAD_T, _HEAD_D) * h * (1 - (abs(y) * h / half) ** 2.15) ** (1 / 2.15)
        )
        return (float(x) + out * h, y * h, chin + t * h)

    nose = ball((0.075 * h, 0.05 * h, 0.055 * h), _face(0.335, 0.0, 0.0), Part.SKIN, rings=3, segments=6)
    bridge = ball((0.045 * h, 0.032 * h, 0.12 * h), _face(0.42, 0.0, -0.005), Part.SKIN, rings=3, segments=6)
    mouth = ball((0.02 * h, 0.095 * h, 0.022 * h), _face(0.19, 0.0, -0.002), Part.LIPS, rings=3, segments=6)
    parts += [nose, bridge, mouth]
    for sign in (1.0, -1.0):
        parts.append(
            ball((0.022 * h, 0.050 * h, 0.022 * h), _face(0.495, sign * 0.145, -0.010), Part.EYES, rings=3, segments=6)
        )
        parts.append(
            ball((0.024 * h, 0.072 * h, 0.014 * h), _face(0.575, sign * 0.15, 0.0), Part.HAIR, rings=3, segments=6)
        )
        ear = (float(np.interp(0.45, _HEAD_T, _HEAD_X)) * h - 0.05 * h, sign * 0.325 * h, chin + 0.45 * h)
        parts.append(ball((0.065 * h, 0.030 * h, 0.125 * h), ear, Part.SKIN, rings=3, segments=6))
    return merge([*parts, *_hair(p, dress, rng), *_headgear(p, dress)])


def _cap(p: Physique, low: F64, grow: float, slot: int, rows: int = 6, segments: int = 16) -> Mesh:
    """Shell over the head from the (segments,) lower edge `low` (shares of the head) to the crown."""
    s = np.linspace(0, 1, rows)[:, None]
    t = low + (1.0 - low) * s**0.8
    levels = np.linspace(-0.6, 1.0, 49)
    fine = _head_rings(p, levels, grow, segments)
    rings = np.empty((rows, segments, 3))
    for k in range(3):
        for j in range(segments):
            rings[:, j, k] = np.interp(t[:, j], levels, fine[:, j, k])
    rings[..., 2] += grow * s**2 * 0.8
    mesh = skin(rings, slot, caps=True)
    x, y, z = mesh.vertices.T  # strands fall from the crown; the seam is at the face
    uv = np.stack([np.arctan2(y, -x - 0.01) * (0.5 * STRANDS / np.pi), z / p.head], 1)
    return replace(mesh, uv=uv.astype(np.float32))


def _hairline(front: float, side: float, back: float, segments: int = 16) -> F64:
    """Lower edge of the hair by angle from the face, (segments,) shares of the head."""
    angle = np.abs((np.arange(segments) * (2 * np.pi / segments) + np.pi) % (2 * np.pi) - np.pi)
    return np.asarray(
        curve(
            [0, 0.55, 1.0, 1.35, 1.75, 2.3, np.pi],
            [front, front - 0.02, front - 0.10, max(side, 0.50), side, back, back],
        )(angle)
    )


def _hair(p: Physique, dress: Dress, rng: np.random.Generator) -> list[Mesh]:
    h = p.head
    if dress.hair == "bald" or dress.hat in ("beanie", "hood", "scarf"):
        return (
            []
            if dress.hair != "long" or dress.hat != "beanie"
            else [_cap(p, _hairline(0.95, 0.0, -0.3), 0.03 * h, Part.HAIR)]
        )
    grow = float(rng.uniform(0.03, 0.075)) * h
    front = float(rng.uniform(0.80, 0.87))
    uneven = rng.normal(0, 0.022, 16)
    if dress.hair == "long":
        length = float(rng.uniform(-0.55, -0.15))
        return [_cap(p, _hairline(front, float(rng.uniform(-0.25, 0.1)), length) + uneven, grow, Part.HAIR, rows=8)]
    parts = [_cap(p, _hairline(front, 0.58, 0.22) + uneven, grow, Part.HAIR)]
    back = -0.43 * h
    if dress.hair == "bun":
        parts.append(ball((0.16 * h, 0.17 * h, 0.16 * h), (back, 0, p.height - p.head + 0.72 * h), Part.HAIR))
    elif dress.hair == "ponytail":
        parts.append(
            ball((0.10 * h, 0.10 * h, 0.36 * h), (back - 0.08 * h, 0, p.height - p.head + 0.36 * h), Part.HAIR)
        )
    return parts


def _headgear(p: Physique, dress: Dress) -> list[Mesh]:
    h, chin = p.head, p.height - p.head
    if dress.hat == "":
        return []
    if dress.hat == "beanie":
        return [_cap(p, _hairline(0.66, 0.52, 0.40), 0.06 * h, Part.HAT)]
    if dress.hat in ("hood", "scarf"):
        grow, edge = (0.10 * h, 0.90) if dress.hat == "hood" else (0.045 * h, 0.80)
        return [_cap(p, _hairline(edge, 0.05, -0.35), grow, Part.TOP if dress.hat == "hood" else Part.HAT, rows=8)]
    if dress.hat in ("helmet", "cycle_helmet", "hard_hat"):
        low, grow = {
            "helmet": (_hairline(0.76, 0.02, -0.06), 0.14 * h),
            "cycle_helmet": (_hairline(0.70, 0.64, 0.42), 0.13 * h),
            "hard_hat": (_hairline(0.68, 0.66, 0.62), 0.10 * h),
        }[dress.hat]
        parts = [_cap(p, low, grow, Part.HAT, rows=7)]
        if dress.hat == "helmet":  # visor
            angle = np.linspace(-1.0, 1.0, 7)
            rows = [
                [[0.53 * h * np.cos(a) - 0.01 * h, 0.47 * h * np.sin(a), chin + t * h] for a in angle]
                for t in (0.36, 0.58, 0.80)
            ]
            parts.append(patch(np.array(rows), Part.EYES, flip=True))
        return parts
    peak = np.array(
        [
            [[0.36 * h, y * h, chin + 0.69 * h] for y in (-0.28, -0.1, 0.1, 0.28)],
            [[0.62 * h, y * 0.8 * h, chin + 0.64 * h] for y in (-0.28, -0.1, 0.1, 0.28)],
        ]
    )
    return [
        _cap(p, _hairline(0.68, 0.62, 0.55), 0.05 * h, Part.HAT),
        patch(peak, Part.HAT),
        patch(peak - [0, 0, 0.006], Part.HAT, flip=True),
    ]
