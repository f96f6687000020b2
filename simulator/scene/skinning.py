"""Skins: meshes that follow bones through a cycle of motion, by linear blend skinning.

A vertex goes where the weighted mean of its bones' transforms takes it (Magnenat-Thalmann, Laperriere and Thalmann,
"Joint-dependent local deformations for hand animation and object grasping", 1988). A bone halfway between the two of
a joint keeps the limb's volume where it bends (Mohr and Gleicher, "Building efficient, accurate character skins from
examples", 2003). Bones are known at equally spaced phases of a cycle, and linear between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.scene.mesh import Mesh

INFLUENCES = 4  # bones that a vertex follows at most


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """How the V vertices of a mesh follow B bones.

    Attributes:
        bones: (V, INFLUENCES) int32 bones of each vertex, that with the greatest weight first.
        weights: (V, INFLUENCES) float32, their sum is 1.
        cycle: (P, B, 3, 4) float32 object_SE3_rest of each bone at P equally spaced phases of the gait channel.
        stand: (B, 3, 4) float32 of the bones of who does not move; None: the cycle goes on then, too.
        pace_mps: speed from which the bones follow the cycle; below it they are between it and `stand`.
    """

    bones: NDArray[np.int32]
    weights: NDArray[np.float32]
    cycle: NDArray[np.float32]
    stand: NDArray[np.float32] | None = None
    pace_mps: float = 0.0

    def bent(self, vertices: NDArray[np.float32], gait_rad: float, speed_mps: float = np.inf) -> NDArray[np.float32]:
        """(V, 3) vertices in the object frame at a phase of the cycle and a speed; `vertices` (V, 3) at rest."""
        out = np.empty_like(vertices)
        skins = pack_skins([(0, 0, Mesh.of(vertices, np.zeros((0, 3))), self)])
        bend(0, 1, np.zeros(1, np.int64), skins, np.array([gait_rad]), np.array([speed_mps]), out)
        return out

    def of_vertices(self, rows: NDArray[np.int64]) -> Skin:
        """The skin of a mesh that keeps only these vertices."""
        return replace(self, bones=self.bones[rows], weights=self.weights[rows])


class Skins(NamedTuple):
    """All S skins of a scene, for kernels.

    Attributes:
        instance, object: (S,) int64 whose they are.
        first_vertex: (S + 1,) int64 rows of the vertex tables.
        vertices: (V, 3) float32 at rest.
        bones: (V, INFLUENCES) int32. weights: (V, INFLUENCES) float32.
        cycle: (C, 12) float32 transforms, bone after bone and phase after phase.
        first_row, bone_count, phases: (S,) int64 first row of `cycle`, and how many bones and phases there are; where
            `pace_mps` (S,) is above zero, who stands follows the rows after them.
    """

    instance: NDArray[np.int64]
    object: NDArray[np.int64]
    first_vertex: NDArray[np.int64]
    vertices: NDArray[np.float32]
    bones: NDArray[np.int32]
    weights: NDArray[np.float32]
    cycle: NDArray[np.float32]
    first_row: NDArray[np.int64]
    bone_count: NDArray[np.int64]
    phases: NDArray[np.int64]
    pace_mps: NDArray[np.float64]

    @property
    def total(self) -> int:
        """Number of skins."""
        return len(self.instance)

    def bent(self, gait_rad: NDArray[np.float64], speed_mps: NDArray[np.float64]) -> NDArray[np.float32]:
        """(V, 3) vertices of all skins in the frames of their objects; arguments (O,) of all objects."""
        out = np.empty_like(self.vertices)
        rows = np.arange(self.total)
        parallel_for(lambda start, stop: bend(start, stop, rows, self, gait_rad, speed_mps, out), self.total, chunk=1)
        return out


def pack_skins(rows: list[tuple[int, int, Mesh, Skin]]) -> Skins:
    """Tables of skins: instance, object, mesh at rest and skin of each."""
    skins = [skin for _, _, _, skin in rows]
    sizes = np.array([skin.cycle.shape[:2] for skin in skins], np.int64).reshape(-1, 2)
    poses = [skin.cycle if skin.stand is None else np.concatenate([skin.cycle, skin.stand[None]]) for skin in skins]
    blocks = np.array([pose.shape[0] * pose.shape[1] for pose in poses], np.int64)

    def joined(arrays: Iterable[Any], width: int, dtype: type) -> Any:
        """Arrays as rows of one, which may be none."""
        return np.concatenate([np.zeros((0, width), dtype), *(array.reshape(-1, width) for array in arrays)])

    return Skins(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.cumsum([0, *(len(mesh.vertices) for _, _, mesh, _ in rows)]).astype(np.int64),
        joined([mesh.vertices for _, _, mesh, _ in rows], 3, np.float32),
        joined([skin.bones for skin in skins], INFLUENCES, np.int32),
        joined([skin.weights for skin in skins], INFLUENCES, np.float32),
        joined(poses, 12, np.float32),
        np.cumsum(blocks) - blocks,
        sizes[:, 1].copy(),
        sizes[:, 0].copy(),
        np.array([0.0 if skin.stand is None else skin.pace_mps for skin in skins], np.float64),
    )


def skin_of(names: Sequence[str], blends: Sequence[tuple[int, Mapping[str, ArrayLike]]], cycle: ArrayLike) -> Skin:
    """A skin from weights by name.

    Args:
        names: of the B bones.
        blends: for each run of vertices their number N and the weights (N,), or one for all, of the bones they
            follow; they are scaled to the sum 1, and all but the INFLUENCES greatest are left out.
        cycle: (P, B, 3, 4) as in Skin.
    """
    total = sum(count for count, _ in blends)
    weight = np.zeros((total, len(names)), np.float32)
    row = {name: k for k, name in enumerate(names)}
    first = 0
    for count, blend in blends:
        for name, share in blend.items():
            weight[first : first + count, row[name]] += np.asarray(share, np.float32)
        first += count
    bones = np.argsort(-weight, axis=1, kind="stable")[:, :INFLUENCES]
    if bones.shape[1] < INFLUENCES:
        bones = np.pad(bones, ((0, 0), (0, INFLUENCES - bones.shape[1])))
        weight = np.pad(weight, ((0, 0), (0, 1)))
        bones[:, len(names) :] = len(names)
    kept = np.take_along_axis(weight, bones, 1)
    kept /= kept.sum(1, keepdims=True)
    bones[bones >= len(names)] = 0
    return Skin(bones.astype(np.int32), kept, np.ascontiguousarray(cycle, np.float32))


@kernel
def bend(start, stop, rows, skins, gait, speed, out):
    """Write the vertices of skins `rows[start:stop]` in the frames of their objects.

    Args:
        start, stop, rows: rows of `skins`.
        skins: Skins. gait: (O,) gait channel of all objects. speed: (O,) m/s.
        out: (V, 3) float32 result.
    """
    _, owner, first_vertex, vertices, bones, weights, cycle, first_row, bone_count, phases, pace = skins
    zero = np.float32(0)
    m = np.empty(12, np.float32)
    for k in range(start, stop):
        s = rows[k]
        count, size = bone_count[s], phases[s]
        turns = gait[owner[s]] / (2 * np.pi)
        place = (turns - np.floor(turns)) * size
        before = min(np.int64(place), size - 1)
        share = np.float32(place - before)
        low, high = first_row[s] + before * count, first_row[s] + (before + 1) % size * count
        posed = np.empty((count, 12), np.float32)
        for b in range(count):
            for j in range(12):
                posed[b, j] = cycle[low + b, j] + share * (cycle[high + b, j] - cycle[low + b, j])
        going = min(speed[owner[s]] / pace[s], 1.0) if pace[s] > 0.0 else 1.0
        if going < 1.0:
            stand, part = first_row[s] + size * count, np.float32(going * going * (3.0 - 2.0 * going))
            for b in range(count):
                for j in range(12):
                    posed[b, j] = cycle[stand + b, j] + part * (posed[b, j] - cycle[stand + b, j])
        for v in range(first_vertex[s], first_vertex[s + 1]):
            b, w = bones[v, 0], weights[v, 0]
            for j in range(12):
                m[j] = w * posed[b, j]
            for i in range(1, 4):
                b, w = bones[v, i], weights[v, i]
                if w == zero:
                    break
                for j in range(12):
                    m[j] += w * posed[b, j]
            x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
            out[v, 0] = m[0] * x + m[1] * y + m[2] * z + m[3]
            out[v, 1] = m[4] * x + m[5] * y + m[6] * z + m[7]
            out[v, 2] = m[8] * x + m[9] * y + m[10] * z + m[11]
