"""What years leave on vehicles: dents, scratches with stone chips, a panel that was replaced."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.actors import finishes
from simulator.actors.coachwork import Slot, Tub
from simulator.numerics.rng import generator
from simulator.scene import Material, Mesh

DENTED, SCRATCHED, PATCHED = 0.16, 0.18, 0.03  # shares of cars (estimates); lorries and vans are `worse`
PANELS = ("left_wing", "right_wing", "left_front", "right_front", "left_rear", "right_rear",
          "front_bumper", "rear_bumper")  # fmt: skip
_REACH_M = 0.10  # how deep below the outermost point of a dent vertices move with it


@dataclass(frozen=True, slots=True)
class Wear:
    """Wear of one vehicle.

    Attributes:
        dents: (K, 4) where along the length and the height that is dented, 0 to 1; depth and radius in m.
        faces: where each is: 1 on the left, -1 on the right, 2 in front, -2 behind.
        scratched: whether its paint is scratched, and chipped in front. panel: one of PANELS that was replaced, or "".
    """

    dents: NDArray[np.float64]
    faces: tuple[int, ...]
    scratched: bool
    panel: str

    @staticmethod
    def draw(rng: np.random.Generator, worse: float = 1.0) -> Wear:
        """Wear of a vehicle by the shares above, times `worse`; leaves `rng` as it was."""
        own = generator(int(deepcopy(rng).integers(2**32)), "wear")
        count = int(own.integers(1, 4)) if own.random() < DENTED * worse else 0
        dents = own.uniform([0.0, 0.0, 0.010, 0.10], [1.0, 1.0, 0.040, 0.24], (count, 4))
        faces = tuple(int(face) for face in own.choice([1, -1, 2, -2], count, p=[0.33, 0.33, 0.17, 0.17]))
        panel = str(own.choice(PANELS)) if own.random() < PATCHED * worse else ""
        return Wear(dents, faces, bool(own.random() < SCRATCHED * worse), panel)

    def dented(self, mesh: Mesh, heights: tuple[float, float]) -> Mesh:
        """The mesh of a body with its dents, which lie between two heights; none adds a triangle."""
        if not self.faces:
            return mesh
        points = mesh.vertices.astype(np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        for (along, up, depth, radius), face in zip(self.dents, self.faces):
            axis, sign = (1, np.sign(face)) if abs(face) == 1 else (0, np.sign(face))
            across = 1 - axis
            spot = np.array([low[across] + (0.1 + 0.8 * along) * (high[across] - low[across]),
                             heights[0] + up * (heights[1] - heights[0])])  # fmt: skip
            plane, outward = points[:, [across, 2]], sign * points[:, axis]
            # Its middle is the vertex nearest to the spot: meshes are coarse.
            outer = np.flatnonzero(outward > outward.max() - 0.35)
            middle = plane[outer[np.argmin(((plane[outer] - spot) ** 2).sum(axis=1))]]
            away = np.hypot(*(plane - middle).T)
            near = away < 2.2 * radius
            shell = near & (outward > outward[near].max() - _REACH_M)
            points[shell, axis] -= sign * depth * np.exp(-((away[shell] / radius) ** 2))
        return replace(mesh, vertices=points.astype(np.float32))


def patched(
    slots: tuple[NDArray[np.int64], NDArray[np.int64]], tub: Tub, panel: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Slots of both halves (left, right) of a car's lower shell with one of PANELS in the second colour."""
    side, part = panel.split("_")
    where = np.zeros(slots[0].shape, np.bool_)
    front, middle, rear = (tub.front + int(gap) for gap in np.flatnonzero(tub.gaps))
    if part == "bumper":
        where[:5, slice(0, tub.front) if side == "front" else slice(tub.front + tub.side - 1, None)] = True
    else:
        columns = {"wing": (tub.front, front), "front": (front + 1, middle), "rear": (middle + 1, rear)}[part]
        where[:, slice(*columns)] = True
    left, right = (np.where(where & (half == Slot.PAINT), int(Slot.SECOND), half) for half in slots)
    return left if side != "right" else slots[0], right if side != "left" else slots[1]


def replaced(paint: Material, rng: np.random.Generator) -> Material:
    """Paint of a panel from elsewhere: the same but for a shade, or that of another car; leaves `rng` as it was."""
    own = generator(int(deepcopy(rng).integers(2**32)), "panel")
    if own.random() < 0.6:
        shade = np.array(paint.albedo) * own.uniform(0.72, 1.25) * own.uniform(0.94, 1.06, 3)
        return replace(paint, albedo=finishes.as_rgb(np.clip(shade, 0.004, 0.86)), roughness=0.55, clearcoat=0.5)
    return finishes.paint(str(own.choice(["black", "white", "silver", "grey", "blue", "red"])), own)
