"""Tails of four-legged animals: how they taper, hang and bend, and how they are carried."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.actors.animal_heads import Hide, Row
from simulator.actors.paces import Pace
from simulator.actors.shape import F64, pipe
from simulator.actors.skeleton import Segment, hinge
from simulator.numerics.rng import generator
from simulator.scene import Mesh

# Rings of a tail from its root, which is inside the rump, to its tip: half widths over the catalogue's.
_WIDTHS = {
    "horse": (0.55, 0.62, 0.9, 1.15, 1.3, 1.35, 1.25, 0.95, 0.3),  # hair that falls in a long bundle
    "fox": (0.56, 0.54, 0.50, 0.54, 0.66, 0.82, 0.95, 1.02, 1.0, 0.90, 0.72, 0.46, 0.10),
    "cow": (1.3, 1.1, 0.9, 0.8, 0.7, 0.7, 0.7, 0.9, 1.6, 2.0, 1.7, 0.5),  # a tuft at the end
    "boar": (1.3, 1.1, 1.0, 0.9, 0.8, 0.8, 1.3, 1.8, 0.6),
    "cat": (2.3, 1.6, 1.25, 1.12, 1.06, 1.0, 0.95, 0.88, 0.5),  # the rump runs out into it
    "sheep": (1.0, 1.15, 1.2, 1.15, 1.05, 0.95, 0.8, 0.6, 0.25),
    "deer": (0.9, 1.0, 1.0, 1.0, 0.95, 0.85, 0.7, 0.5, 0.15),
}
_HAIRY = (0.75, 0.72, 0.82, 0.96, 1.08, 1.1, 1.0, 0.74, 0.15)
_THIN = (1.15, 1.05, 1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.4)
# How far they bend up from the root to the tip, degrees, where the catalogue does not tell (by choice).
_BOWS = {"cat": -75.0, "dog": -60.0, "fox": -45.0, "deer": 20.0}
# How far they are raised in a walk, a trot and a gallop against how they hang at rest, rad (by choice): a fox's is
# trailed behind, those of horses and cattle that gallop stream, boars that run hold theirs up.
_LIFTS = {
    "fox": (0.20, 0.45, 0.60),
    "horse": (0.06, 0.30, 0.70),
    "cow": (0.04, 0.20, 0.70),
    "boar": (0.05, 0.50, 1.30),
    "cat": (0.15, 0.30, 0.45),
    "sheep": (0.05, 0.15, 0.30),
}


def tail_lift(species: str, pace: Pace) -> float:
    """Angle (rad) by which an animal that goes at a pace raises its tail."""
    walk, trot, gallop = _LIFTS.get(species, (0.0, 0.0, 0.0))
    return gallop if pace.rocks else walk if pace.duty > 0.5 else trot


def tail_segments(row: Row, species: str, root: F64, k: float, bow: float) -> list[Segment]:
    """The tail, which hangs or rises from `root` (3,) in a bow, `bow` times the usual one, and its end, which trails.

    `row`: of the catalogue; `k` scales its metres.
    """
    length, half, deg = row["tail"]
    hairy = species == "fox" or bool(row.get("hair_m"))
    shape = np.array(_WIDTHS.get(species, _HAIRY if hairy else _THIN))
    rings = len(shape)
    bends = row.get("tail_bow", _BOWS.get(species, 8.0)) * bow
    fall = np.radians(deg + bends * (np.linspace(0, 1, rings) - 0.3))
    steps = length * k / (rings - 1) * np.stack([-np.cos(fall), 0 * fall, -np.sin(fall)], 1)
    points = root + np.concatenate([np.zeros((1, 3)), np.cumsum(steps[:-1], 0)])
    slot = Hide.MANE if species == "horse" else Hide.COAT
    tail = pipe(points, half * k * shape, segments=9 if hairy else 7, slot=slot)
    if hairy:
        tail = _tufted(tail, points, white_tip=species == "fox")
    joint = points[rings // 2 - 1]
    way = points[-1] - root
    share = (tail.vertices - joint).astype(np.float64) @ way / (0.25 * way @ way)
    return [
        Segment("tail", "trunk", _vector(root), tail, hinge(share, "tail", "tail_end")),
        Segment("tail_end", "tail", _vector(joint)),
    ]


def _tufted(tail: Mesh, points: F64, *, white_tip: bool) -> Mesh:
    """The tail with hair in tufts, and maybe a white tip with a ragged border."""
    rng = generator(0, "hair of tails")
    near = np.argmin(((tail.vertices[:, None] - points) ** 2).sum(-1), axis=1)
    ragged = 1.0 + np.where(near > 2, 0.12, 0.0)[:, None] * rng.uniform(-1.5, 1.0, (len(near), 1))
    vertices = points[near] + (tail.vertices - points[near]) * ragged
    slots = tail.slots
    if white_tip:
        middle, way = vertices[tail.faces].mean(1) - points[-4], points[-1] - points[-4]
        white = middle @ way / (way @ way) > rng.uniform(-0.1, 0.3, len(middle))
        slots = np.where(white, int(Hide.WHITE), slots).astype(np.int32)
    return replace(tail, vertices=vertices.astype(np.float32), slots=slots)


def _vector(v: F64) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))
