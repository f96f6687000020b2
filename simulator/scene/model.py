"""A Model: one object's geometry, joints and lamps in its own frame; what every parametric family returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.scene.articulation import Driver, Joint, joint_rows, joint_transforms
from simulator.scene.material import Lamp, Material
from simulator.scene.mesh import Mesh, coarsened
from simulator.scene.skinning import Skin


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A piece of a model: rigid, or with a skin.

    Attributes:
        mesh: in the object frame at rest.
        materials: by slot.
        joint: that it hangs on, or -1.
        skin: how it bends with the gait; then it hangs on no joint.
    """

    mesh: Mesh
    materials: tuple[Material, ...]
    joint: int = -1
    skin: Skin | None = None

    def coarse(self, cell_m: float) -> Body:
        """The same piece with fewer triangles; see `coarsened`."""
        mesh, kept = coarsened(self.mesh, cell_m)
        return replace(self, mesh=mesh, skin=None if self.skin is None else self.skin.of_vertices(kept))


@dataclass(frozen=True, eq=False)
class Model:
    """An object in its own frame: x forward, y left, z up, origin on the ground.

    Vehicles have the origin under the rear axle's centre (ISO 8855), all else under its middle.

    Attributes:
        class_name: a name of `assets/classes.yaml`.
        bodies: its pieces.
        joints: joints of the bodies, parents first.
        lamps: light sources.
        wheelbase_m: distance of the axles (0: not a vehicle).
        attributes: facts for the labels, such as {"age": "child", "pose": "lying", "color": "red"}.
        box: (2, 3) lowest and highest corner of the labelled 3D box in the object frame; None: the bounds at rest.
        deck_m: height of the open deck on which it carries things (0: none).
        following_m: from the joint where it bends to the axle behind that follows (0: it does not bend).
        openings: parts that open: name, joint, and its angle (rad) when wide open.
        stride_m: length of a gait cycle on the ground: of two steps, or one turn of the pedals (0: no gait).
        watch_rad: how far half a turn of the gait channel turns its head to the left, of who stands and watches what
            comes (0: it does not).
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
    stride_m: float = 0.0
    watch_rad: float = 0.0
    openings: tuple[tuple[str, int, float], ...] = ()

    def coarse(self, cell_m: float) -> Model:
        """The same model with fewer triangles, for where a pixel is wider than `cell_m`; its box stays."""
        return replace(self, bodies=tuple(body.coarse(cell_m) for body in self.bodies), box=self.bounds)

    def posed(
        self, *, travel_m: float = 0.0, steer_rad: float = 0.0, gait_rad: float = 0.0, speed_mps: float = np.inf
    ) -> list[NDArray[np.float32]]:
        """(V, 3) vertices of each body in the object frame at one state of the channels."""
        turned = np.empty((len(self.joints), 3, 4))
        if self.joints:
            channels = (np.array([travel_m]), np.array([steer_rad]), np.array([gait_rad]))
            joint_transforms(joint_rows(self.joints, 0, 0), *channels, turned)
        out = []
        for body in self.bodies:
            v = body.mesh.vertices
            if body.skin is not None:
                v = body.skin.bent(v, gait_rad, speed_mps)
            elif body.joint >= 0:
                v = (v @ turned[body.joint, :, :3].T + turned[body.joint, :, 3]).astype(np.float32)
            out.append(v)
        return out

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
