"""The stage: a scene posed at one time, ready for rays and for shading."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics import se3
from simulator.scene import Atmosphere, Scene, Snapshot, Switch, Timeline
from simulator.sensors.shading.tables import Tables, pack_scene

if TYPE_CHECKING:
    from simulator import raycast
    from simulator.sensors.sky import Sky

# Bits of a part's mask in the ray caster. A ray sees a part when (part mask & ray mask) != 0.
SEEN = 1  # everything but the ego: primary rays of sensors
EGO = 2
OPAQUE = 4  # stops light, but for the holes of its textures: shadow rays

LAMP_LIGHT_DTYPE = np.dtype(
    [
        ("position", np.float32, 3),  # local frame, metres
        ("axis", np.float32, 3),  # unit
        ("intensity", np.float32, 3),  # cd by channel at the beam's peak
        ("beam", np.int32),
        ("object", np.int32),
    ]
)


class Posed(NamedTuple):
    """What changes with time, for kernels.

    Attributes:
        pose: (I, 3, 4) float32 local_SE3_mesh of each instance (static ones may be scaled).
        normal: (I, 3, 3) float32 maps mesh normals to local normals (cofactors; not normalised).
        on: (O,) uint32, bit `1 << Switch` set where that switch of the object is on.
    """

    pose: NDArray[np.float32]
    normal: NDArray[np.float32]
    on: NDArray[np.uint32]


class Stage:
    """Poses a scene in time and owns its ray caster; part k of `rays` is instance k of the scene.

    Attributes:
        scene, timeline, atmosphere: what is shown.
        ego: object id of the ego vehicle, which its own sensors do not see (but which casts shadows).
        rays: the ray caster; geometry in the local frame (world - scene.origin).
        packed: static shading tables.
        posed: shading tables of the current time.
        threads: number of threads for all work on this stage; None for all processors.
    """

    def __init__(
        self, scene: Scene, timeline: Timeline, atmosphere: Atmosphere, ego: int, threads: int | None = None
    ) -> None:
        from simulator import raycast

        self.scene, self.timeline, self.atmosphere = scene, timeline, atmosphere
        self.ego, self.threads = ego, threads
        self._snapshot = timeline.at(int(timeline.times_ns[0]))
        pose = scene.local_SE3_instance(self._snapshot)
        self._moving = np.flatnonzero(scene.instance_moving)
        self.packed: Tables = pack_scene(scene, pose)
        self.rays: raycast.Scene = raycast.Scene()
        masks, alphas = self._masks(), _alphas(scene)
        for row, mesh in enumerate(scene.instance_mesh):
            part = scene.meshes[mesh]
            moving = bool(scene.instance_moving[row])
            self.rays.add(part.vertices, part.faces, pose[row], moving=moving, mask=int(masks[row]), alpha=alphas[row])
        self.rays.commit(threads=threads)
        self.posed = Posed(
            np.ascontiguousarray(pose[:, :3], np.float32), _cofactors(pose), self._switched(self._snapshot)
        )

    def at(self, time_ns: int) -> Snapshot:
        """Move everything to where it is at `time_ns` and return that state."""
        if time_ns == self._snapshot.time_ns:
            return self._snapshot
        snapshot = self.timeline.at(time_ns)
        self._snapshot = snapshot
        rows = self._moving
        if len(rows):
            pose = self.scene.local_SE3_instance(snapshot, rows)
            moved = (pose[:, :3].astype(np.float32) != self.posed.pose[rows]).any((1, 2))
            rows, pose = rows[moved], pose[moved]
            self.posed.pose[rows] = pose[:, :3]
            self.posed.normal[rows] = _cofactors(pose)
            self.rays.move(rows, pose)
            self.rays.commit(threads=self.threads)
        self.posed.on[:] = self._switched(snapshot)
        return snapshot

    @property
    def snapshot(self) -> Snapshot:
        """State at the current time."""
        return self._snapshot

    def world_SE3_ego(self) -> NDArray[np.float64]:
        """(4, 4) pose of the ego vehicle at the current time."""
        return np.asarray(self._snapshot.world_SE3_object[self.ego])

    def lamps(self) -> NDArray[np.void]:
        """LAMP_LIGHT_DTYPE rows of the lamps that burn at the current time, in the local frame."""
        lamps = self.scene.lamps
        burning = (self.posed.on[lamps["object"]] >> lamps["switch"].astype(np.uint32)) & 1
        lamps = lamps[burning == 1]
        pose = self.scene.local_SE3_object(self._snapshot)[lamps["object"]]
        out = np.zeros(len(lamps), LAMP_LIGHT_DTYPE)
        out["position"] = np.einsum("nij,nj->ni", pose[:, :3, :3], lamps["position"]) + pose[:, :3, 3]
        axis = np.einsum("nij,nj->ni", pose[:, :3, :3], lamps["direction"])
        out["axis"] = axis / np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-12)
        out["intensity"] = lamps["intensity_cd"][:, None] * lamps["color"]
        out["beam"], out["object"] = lamps["beam"], lamps["object"]
        return out

    def world_SE3_local(self) -> NDArray[np.float64]:
        """(4, 4) transform from the local frame to the world."""
        return se3.pose(self.scene.origin)

    @cached_property
    def sky(self) -> Sky:
        """The sky; its clouds follow from the place and the light, so that all sensors see the same."""
        import hashlib

        from simulator.sensors.sky import make_sky

        town = bool(np.any(self.scene.lamps["switch"] == Switch.STREET))
        key = np.concatenate([self.scene.origin, self.atmosphere.sun_direction]).tobytes()
        seed = int.from_bytes(hashlib.blake2b(key, digest_size=4).digest(), "little")
        return make_sky(self.atmosphere, seed, town)

    @cached_property
    def has_glass(self) -> bool:
        """Whether any material lets light through."""
        return any(material.transmission > 0 for material in self.scene.materials)

    def _masks(self) -> NDArray[np.int64]:
        """Ray-caster mask of each instance."""
        scene = self.scene
        glass = np.array([m.transmission > 0.3 for m in scene.materials], bool)
        first, slot = scene.material_offset[:-1], scene.instance_materials
        if not len(first):
            return np.zeros(0, np.int64)
        all_glass = np.logical_and.reduceat(glass[slot], first)
        stops = np.where(all_glass, 0, OPAQUE)
        seen = np.where((scene.instance_object == self.ego) & (self.ego > 0), EGO, SEEN)
        return np.asarray(seen | stops, np.int64)

    def _switched(self, snapshot: Snapshot) -> NDArray[np.uint32]:
        """(O,) switches that are on, with those that follow from the daylight."""
        always = 1 << Switch.ALWAYS
        if self.atmosphere.street_lamps_on:
            always |= (1 << Switch.STREET) | (1 << Switch.WINDOWS)
        return snapshot.lamps.astype(np.uint32) | np.uint32(always)


def _alphas(scene: Scene) -> list[raycast.Alpha | None]:
    """For each instance the holes that its textures leave in it; instances that look alike share one."""
    from simulator import raycast

    image_of: dict[int, NDArray[np.uint8]] = {
        id(m.texture): np.ascontiguousarray(m.texture.rgba[..., 3])
        for m in scene.materials
        if m.texture is not None and m.texture.cutout
    }
    shared: dict[tuple[int, ...], raycast.Alpha | None] = {}
    alphas = []
    for row, mesh in enumerate(scene.instance_mesh.tolist()):
        slots = scene.instance_materials[scene.material_offset[row] : scene.material_offset[row + 1]]
        textures = tuple(id(scene.materials[slot].texture) for slot in slots)
        key = (mesh, *textures)
        if key not in shared:
            images = {texture: image_of[texture] for texture in textures if texture in image_of}
            numbers = np.array([list(images).index(t) if t in images else -1 for t in textures], np.int32)
            part = scene.meshes[mesh]
            shared[key] = raycast.Alpha(part.uv, tuple(images.values()), numbers[part.slots]) if images else None
        alphas.append(shared[key])
    return alphas


def _cofactors(pose: NDArray[np.float64]) -> NDArray[np.float32]:
    """(I, 3, 3) matrices that map normals: det(A) A^-T, whose columns are cross products of A's columns."""
    a, b, c = (pose[:, :3, k] for k in range(3))
    return np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], 2).astype(np.float32)
