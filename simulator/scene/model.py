"""A Model: one object's geometry, joints and lamps in its own frame; what every parametric family returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.scene.articulation import Driver, Joint
from simulator.scene.material import Lamp, Material
from simulator.scene.mesh import Mesh, coarsened


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A rigid piece of a model: a mesh in the object frame at rest, its materials by slot, the joint it hangs on."""

    mesh: Mesh
    materials: tuple[Material, ...]
    joint: int = -1


@dataclass(frozen=True, eq=False)
class Model:
    """An object in its own frame: x forward, y left, z up, origin on the ground.

    Vehicles have the origin under the rear axle's centre (ISO 8855), all else under its middle.

    Attributes:
        class_name: a name of `assets/classes.yaml`.
        bodies: rigid pieces.
        joints: joints of the bodies, parents first.
        lamps: light sources.
        wheelbase_m: distance of the axles (0: not a vehicle).
        attributes: facts for the labels, such as {"age": "child", "pose": "lying", "color": "red"}.
        box: (2, 3) lowest and highest corner of the labelled 3D box in the object frame; None: the bounds at rest.
        deck_m: height of the open deck on which it carries things (0: none).
        following_m: from the joint where it bends to the axle behind that follows (0: it does not bend).
    """

    class_name: str
    bodies: tuple[Body, ...]
    joints: tuple[Joint, ...] = ()
    lamps: tuple[Lamp, ...] = ()
    wheelbase_m: float = 0.0
    attributes: tuple[tuple[str, str], ...] = ()
    box: NDArray[np.float64] | None = None
    deck_m: float = 0.0
    following_m: float = 0.0

    def coarse(self, cell_m: float) -> Model:
        """The same model with fewer triangles, for where a pixel is wider than `cell_m`; its box stays."""
        bodies = tuple(replace(body, mesh=coarsened(body.mesh, cell_m)) for body in self.bodies)
        return replace(self, bodies=bodies, box=self.bounds)

    @property
    def hitch_m(self) -> float:
        """x of the joint about which its rear part turns; 0 where it does not bend."""
        return next((joint.pivot[0] for joint in self.joints if joint.driver == Driver.HITCH), 0.0)

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """(2, 3) corners of the labelled box: `box`, or the bounds of all bodies at rest."""
        if self.box is not None:
            return self.box
        low = np.min([body.mesh.vertices.min(0) for body in self.bodies], axis=0)
        high = np.max([body.mesh.vertices.max(0) for body in self.bodies], axis=0)
        return np.stack([low, high]).astype(np.float64)

    @property
    def size_lwh_m(self) -> NDArray[np.float64]:
        """(3,) length, width, height of the labelled box."""
        return np.asarray(self.bounds[1] - self.bounds[0])


def transformed(model: Model, object_SE3_model: ArrayLike) -> Model:
    """A model without joints, mapped by a (4, 4) affine transform, lamps included; its box is that of its bodies."""
    m = np.asarray(object_SE3_model, np.float64)
    bodies = tuple(Body(body.mesh.transformed(m), body.materials) for body in model.bodies)
    lamps = []
    for lamp in model.lamps:
        place, way = m[:3, :3] @ lamp.position + m[:3, 3], m[:3, :3] @ lamp.direction
        x, y, z = place.tolist()
        u, v, w = (way / np.linalg.norm(way)).tolist()
        lamps.append(replace(lamp, position=(x, y, z), direction=(u, v, w)))
    return replace(model, bodies=bodies, lamps=tuple(lamps), box=None)
