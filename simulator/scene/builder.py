"""SceneBuilder collects meshes, models and lamps; Scene is what it lowers them to: flat arrays for the kernels."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics import se3
from simulator.scene.articulation import JOINT_DTYPE, joint_rows, joint_transforms
from simulator.scene.atmosphere import NATURAL_ZENITH_MAG
from simulator.scene.classes import class_id, classes
from simulator.scene.ground import Ground
from simulator.scene.material import Lamp, Material, Texture
from simulator.scene.mesh import Mesh
from simulator.scene.model import Model
from simulator.scene.skinning import Skin, Skins, pack_skins
from simulator.scene.snapshot import Snapshot

GROUND_CLASSES = ("road", "road_marking", "kerb", "sidewalk", "terrain")

LAMP_DTYPE = np.dtype(
    [
        ("object", np.int32),
        ("switch", np.int32),
        ("beam", np.int32),
        ("position", np.float64, 3),
        ("direction", np.float64, 3),
        ("intensity_cd", np.float64),
        ("color", np.float32, 3),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class SceneObject:
    """One labelled object. Its id is its row in Scene.objects and in every Snapshot; row 0 is the ground (no object).

    Attributes:
        id: row number.
        name: unique name, such as "ego", "lead" or "car-12".
        class_name: a name of `assets/classes.yaml`.
        model: geometry, or None for row 0.
        moving: False: its pose never changes.
        anomaly: id of the taxonomy entry that it belongs to, such as "OBJ-31", or "".
        parent: id of the object that it belongs to (the bicycle of a rider), or 0.
        attributes: facts for the labels.
    """

    id: int
    name: str
    class_name: str
    model: Model | None
    moving: bool
    anomaly: str = ""
    parent: int = 0
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything that a sensor may know, as arrays: I instances, M meshes, O objects.

    Local frame: world axes, shifted so that `origin` (float64 world coordinates) is zero; geometry is float32 there.

    Attributes:
        origin: (3,) float64.
        meshes: the M distinct meshes (instances share them).
        materials: all distinct materials.
        instance_mesh: (I,) int32 mesh of each instance.
        instance_object: (I,) int32 object id (0: none).
        instance_class: (I,) uint8 semantic class id.
        instance_joint: (I,) int32 row of `joints`, or -1.
        instance_moving: (I,) bool; others keep `instance_pose`.
        instance_pose: (I, 4, 4) float64: object_SE3_mesh for objects, local_SE3_mesh (may scale) for the rest.
        material_offset: (I + 1,) int64 into `instance_materials`: slot s of instance i is material
            `instance_materials[material_offset[i] + s]`.
        instance_materials: flat int32.
        objects: the O objects.
        joints: JOINT_DTYPE rows.
        lamps: LAMP_DTYPE rows; position and direction in the frame of their object (object 0: local frame).
        skins: how the meshes of instances bend that have a skin; their meshes are no other instance's.
        zenith_mag: brightness of the clear moonless night sky overhead, mag/arcsec2 in V, by the light of towns.
    """

    origin: NDArray[np.float64]
    meshes: tuple[Mesh, ...]
    materials: tuple[Material, ...]
    instance_mesh: NDArray[np.int32]
    instance_object: NDArray[np.int32]
    instance_class: NDArray[np.uint8]
    instance_joint: NDArray[np.int32]
    instance_moving: NDArray[np.bool_]
    instance_pose: NDArray[np.float64]
    material_offset: NDArray[np.int64]
    instance_materials: NDArray[np.int32]
    objects: tuple[SceneObject, ...]
    joints: NDArray[np.void]
    lamps: NDArray[np.void]
    skins: Skins
    zenith_mag: float = NATURAL_ZENITH_MAG

    @property
    def textures(self) -> tuple[Texture, ...]:
        """Distinct textures in order of first use by `materials`."""
        found: dict[int, Texture] = {}
        for material in self.materials:
            if material.texture is not None:
                found.setdefault(id(material.texture), material.texture)
        return tuple(found.values())

    def bent(self, snapshot: Snapshot) -> NDArray[np.float32]:
        """(V, 3) vertices of all skins in the frames of their objects at `snapshot`."""
        return self.skins.bent(snapshot.gait_rad, snapshot.speed_mps)

    def local_SE3_object(self, snapshot: Snapshot) -> NDArray[np.float64]:
        """(O, 4, 4) object poses in the local frame; row 0 is the identity."""
        poses = snapshot.world_SE3_object.copy()
        poses[:, :3, 3] -= self.origin
        poses[0] = np.eye(4)
        return poses

    def local_SE3_instance(self, snapshot: Snapshot, rows: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """(R, 4, 4) poses of instances `rows` (default: all) in the local frame at `snapshot`."""
        rows = np.arange(len(self.instance_mesh)) if rows is None else rows
        joints = np.empty((len(self.joints), 3, 4))
        driven = self.joints
        if snapshot.swings:
            driven = self.joints.copy()
            for thing, k, angle in snapshot.swings:
                driven["bias"][np.flatnonzero(driven["object"] == thing)[k]] = angle
        joint_transforms(driven, snapshot.travel_m, snapshot.steer_rad, snapshot.gait_rad, joints)
        pose = self.instance_pose[rows]
        joint = self.instance_joint[rows]
        jointed = joint >= 0
        if jointed.any():
            turned = np.zeros((int(jointed.sum()), 4, 4))
            turned[:, :3], turned[:, 3, 3] = joints[joint[jointed]], 1.0
            pose[jointed] = turned @ pose[jointed]
        return self.local_SE3_object(snapshot)[self.instance_object[rows]] @ pose


class SceneBuilder:
    """Collects what the world is made of; `build` lowers it to a Scene.

    Example:
        >>> from simulator.scene import Material, SceneBuilder
        >>> from simulator.scene.mesh import box
        >>> builder = SceneBuilder(origin=(0.0, 0.0, 0.0))
        >>> builder.add_mesh(box((10, 10, 0.1)), (Material("asphalt"),), "road")
        >>> scene = builder.build()
    """

    def __init__(self, origin: ArrayLike) -> None:
        self.origin = np.asarray(origin, np.float64)
        self._meshes: dict[int, tuple[int, Mesh]] = {}
        self._materials: dict[Material, int] = {}
        self._rows: list[tuple[int, int, int, int, bool, NDArray[np.float64], list[int]]] = []
        self._objects: list[SceneObject] = [SceneObject(0, "", "void", None, False)]
        self._poses: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = [(np.zeros(3), np.zeros(3))]
        self._names: set[str] = {""}
        self._joints: list[NDArray[np.void]] = []
        self._joint_count = 0
        self._skins: list[tuple[int, int, Mesh, Skin]] = []
        self._lamps: list[tuple[int, Lamp]] = []
        self._ground = Ground()
        self._ground_rows: list[int] = []
        self.zenith_mag = NATURAL_ZENITH_MAG  # of the Scene

    def _mesh(self, mesh: Mesh) -> int:
        return self._meshes.setdefault(id(mesh), (len(self._meshes), mesh))[0]

    def _material(self, material: Material) -> int:
        return self._materials.setdefault(material, len(self._materials))

    def _add(
        self,
        mesh: Mesh,
        materials: tuple[Material, ...],
        cls: str,
        obj: int,
        joint: int,
        moving: bool,
        pose: ArrayLike,
    ) -> None:
        slots = [self._material(material) for material in materials]
        if len(mesh.faces) and int(mesh.slots.max()) >= len(slots):
            raise ValueError(f"mesh of class {cls} uses slot {int(mesh.slots.max())} but has {len(slots)} materials")
        self._rows.append((self._mesh(mesh), obj, class_id(cls), joint, moving, np.asarray(pose, np.float64), slots))

    def add_mesh(
        self,
        mesh: Mesh,
        materials: tuple[Material, ...],
        class_name: str,
        local_SE3_mesh: ArrayLike | None = None,
    ) -> None:
        """Add static geometry that is no object (road, buildings, trees): `local_SE3_mesh` (4, 4) may scale."""
        if len(mesh.faces):
            pose = np.eye(4) if local_SE3_mesh is None else local_SE3_mesh
            if class_name in GROUND_CLASSES and local_SE3_mesh is None:
                self._ground.add(mesh)
                self._ground_rows.append(len(self._rows))
            self._add(mesh, materials, class_name, 0, -1, False, pose)

    def ground_height(self, points: ArrayLike) -> NDArray[np.float64]:
        """World z (N,) of the ground added so far that is nearest above or below (N, 3) world points.

        Where there is none (a hole, the edge of the world) it is that of the point.
        """
        z, _ = self._ground.heights(np.asarray(points, np.float64) - self.origin)
        return np.asarray(z + self.origin[2])

    def ground_around(
        self, center: ArrayLike, radius_m: float, class_names: tuple[str, ...]
    ) -> list[tuple[Mesh, tuple[Material, ...]]]:
        """Pieces of the ground of some classes about a world point (3,), in the local frame, with their materials."""
        middle = (np.asarray(center, np.float64) - self.origin)[:2]
        wanted, materials = {class_id(name) for name in class_names}, tuple(self._materials)
        found = []
        for index, number in enumerate(self._ground_rows):
            row = self._rows[number]
            piece = self._ground.around(index, middle, radius_m)
            if row[2] in wanted and len(piece.faces):
                found.append((piece, tuple(materials[k] for k in row[6])))
        return found

    def cut_ground(self, outline: ArrayLike) -> None:
        """Cut a hole into the ground added so far: `outline` (K, 2) world, convex, counter-clockwise."""
        for index in self._ground.cut(np.asarray(outline, np.float64) - self.origin[:2]):
            row = self._ground_rows[index]
            self._rows[row] = (self._mesh(self._ground.meshes[index]), *self._rows[row][1:])

    def add_model(self, model: Model, position: ArrayLike, yaw: float = 0.0) -> None:
        """Add a model as static scenery (no object): `position` (3,) in world coordinates, `yaw` in radians."""
        pose = se3.pose(np.asarray(position, np.float64) - self.origin, yaw=yaw)
        assert all(body.skin is None for body in model.bodies)
        for body in model.bodies:
            self._add(body.mesh, body.materials, model.class_name, 0, -1, False, pose)
        for lamp in model.lamps:
            place = tuple((pose[:3, :3] @ lamp.position + pose[:3, 3]).tolist())
            aim = tuple((pose[:3, :3] @ lamp.direction).tolist())
            self._lamps.append((0, replace(lamp, position=place, direction=aim)))

    def add_object(
        self,
        model: Model,
        position: ArrayLike,
        rpy: ArrayLike = (0.0, 0.0, 0.0),
        *,
        name: str = "",
        moving: bool = False,
        anomaly: str = "",
        parent: int = 0,
        attributes: dict[str, str] | None = None,
    ) -> int:
        """Add a labelled object and return its id.

        Args:
            model: geometry.
            position: (3,) world coordinates of the model's origin at the start.
            rpy: ISO 8855 roll, pitch, yaw at the start.
            name: unique name; default is class and id.
            moving: whether its pose or joints change during the drive.
            anomaly: taxonomy id, such as "ANI-03".
            parent: object it belongs to (a rider's bicycle).
            attributes: facts for the labels, added to the model's own.
        """
        row = len(self._objects)
        name = name or f"{model.class_name}-{row}"
        if name in self._names:
            raise ValueError(f"two objects are named {name!r}")
        self._names.add(name)
        facts = {**dict(model.attributes), **(attributes or {})}
        self._objects.append(SceneObject(row, name, model.class_name, model, moving, anomaly, parent, facts))
        self._poses.append((np.asarray(position, np.float64), np.asarray(rpy, np.float64)))
        base = self._joint_count
        if model.joints:
            self._joints.append(joint_rows(model.joints, row, base))
            self._joint_count += len(model.joints)
        for body in model.bodies:
            joint = base + body.joint if body.joint >= 0 else -1
            mesh = body.mesh
            if body.skin is not None and moving:
                mesh = replace(mesh)  # its own: others may be at another phase
                self._skins.append((len(self._rows), row, mesh, body.skin))
            elif body.skin is not None:
                mesh = replace(mesh, vertices=body.skin.bent(mesh.vertices, 0.0, 0.0))
            self._add(mesh, body.materials, model.class_name, row, joint, moving, np.eye(4))
        self._lamps += [(row, lamp) for lamp in model.lamps]
        return row

    @property
    def objects(self) -> tuple[SceneObject, ...]:
        """Objects so far; row 0 is the ground."""
        return tuple(self._objects)

    def initial_poses(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(O, 3) positions and (O, 3) roll, pitch, yaw at the start."""
        return np.stack([p for p, _ in self._poses]), np.stack([r for _, r in self._poses])

    def build(self) -> Scene:
        """Lower everything to a Scene."""
        assert len(classes()) <= 256
        rows = self._rows
        lamps = np.zeros(len(self._lamps), LAMP_DTYPE)
        for i, (row, lamp) in enumerate(self._lamps):
            lamps[i] = (
                row,
                int(lamp.switch),
                int(lamp.beam),
                lamp.position,
                lamp.direction,
                lamp.intensity_cd,
                lamp.color,
            )
        all_meshes = [mesh for _, mesh in self._meshes.values()]
        used, instance_mesh = np.unique(np.array([r[0] for r in rows], np.int64), return_inverse=True)
        return Scene(
            origin=self.origin,
            meshes=tuple(all_meshes[k] for k in used),  # meshes replaced by their cut version are left out
            materials=tuple(self._materials),
            instance_mesh=instance_mesh.astype(np.int32),
            instance_object=np.array([r[1] for r in rows], np.int32),
            instance_class=np.array([r[2] for r in rows], np.uint8),
            instance_joint=np.array([r[3] for r in rows], np.int32),
            instance_moving=np.array([r[4] for r in rows], np.bool_),
            instance_pose=np.stack([r[5] for r in rows]) if rows else np.zeros((0, 4, 4)),
            material_offset=np.cumsum([0, *(len(r[6]) for r in rows)]).astype(np.int64),
            instance_materials=np.array([m for r in rows for m in r[6]], np.int32),
            objects=tuple(self._objects),
            joints=np.concatenate(self._joints) if self._joints else np.zeros(0, JOINT_DTYPE),
            lamps=lamps,
            skins=pack_skins(self._skins),
            zenith_mag=self.zenith_mag,
        )
