"""Leaves of doors: what is cut out of a body and hangs on joints of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from simulator.actors.shape import mirrored
from simulator.scene import Driver, Joint
from simulator.scene.mesh import Mesh

Point = tuple[float, float, float]
_UP = (0.0, 0.0, 1.0)


@dataclass(slots=True)
class Leaf:
    """A closed leaf, which turns about an upright hinge, or swings on arms without turning itself.

    Attributes:
        hinge: a point of the hinge, or of that of the arms. open_rad: its angle about +z when it is wide open.
        meshes: of the closed leaf.
        carried: where the arms hold a leaf that stays parallel to itself; None: it turns.
    """

    hinge: Point
    open_rad: float
    meshes: list[Mesh] = field(default_factory=list)
    carried: Point | None = None

    def hang(self, share: float, joints: list[Joint], parent: int = -1) -> list[tuple[int, float]]:
        """Add its joints, open by a share of the way, to those of a model; (joint, angle when wide open), the last one
        that on which the leaf hangs."""
        turns = [(self.hinge, self.open_rad), *([] if self.carried is None else [(self.carried, -self.open_rad)])]
        made = []
        for at, angle in turns:
            joints.append(Joint(at, _UP, Driver.FIXED, bias=share * angle, parent=parent))
            parent = len(joints) - 1
            made.append((parent, angle))
        return made

    def mirrored(self) -> Leaf:
        """The leaf on the other side."""
        (x, y, z), held = self.hinge, self.carried
        other = None if held is None else (held[0], -held[1], held[2])
        return Leaf((x, -y, z), -self.open_rad, [mirrored(mesh) for mesh in self.meshes], other)


def pushed(at: Point, way: tuple[float, float], arc_rad: float, meshes: Sequence[Mesh]) -> Leaf:
    """A leaf that goes a `way` (x, y) from `at` on an arc of so many radians (> 0: to the left) and stays parallel."""
    x, y, z = at
    length = float(np.hypot(*way))
    reach = 0.5 * length / float(np.tan(0.5 * arc_rad))  # of the arc's centre from the chord
    centre = (x + 0.5 * way[0] - reach * way[1] / length, y + 0.5 * way[1] + reach * way[0] / length, z)
    return Leaf(centre, arc_rad, list(meshes), at)
