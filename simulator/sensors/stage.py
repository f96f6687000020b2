"""The stage: a scene posed at one time, ready for rays and for shading."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics import se3
from simulator.numerics.parallel import parallel_for
from simulator.scene import Atmosphere, Scene, Snapshot, Switch, Timeline
from simulator.scene.skinning import bend
from simulator.sensors.lamp_light import LampLight
from simulator.sensors.shading.tables import Tables, drape, pack_scene, skin_rows

if TYPE_CHECKING:
    from simulator import raycast
    from simulator.sensors.sky import Sky

# Bits of a part's mask in the ray caster. A ray sees a part when (part mask & ray mask) != 0.
SEEN = 1  # everything but the ego: primary rays of sensors
EGO = 2
OPAQUE = 4  # stops light, but for the holes of its textures: shadow rays
SHARP = 8  # likewise, but for what is thin: shadow rays towards the middle of the sun

AWAY_M = 10_000.0  # how far below the scene what is hidden from a sensor is kept

# Greatest step from one pose of a sweep to the next, and how far what turns may be off its arc halfway, about.
KEY_STEP_NS = 10_000_000
ARC_M = 2e-3

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


class Motion(NamedTuple):
    """Poses of what moves during a sweep.

    Attributes:
        first_ns, span_ns: when it begins, and how long it takes.
        start, size: (I,) of each instance the first of its keys, and how many it has, equally spaced.
        keys: (K, 4, 4) local_SE3_mesh.
    """

    first_ns: int
    span_ns: int
    start: NDArray[np.int64]
    size: NDArray[np.int64]
    keys: NDArray[np.float64]


_AT_REST = Motion(0, 1, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 4, 4)))


class Stage:
    """Poses a scene in time and owns its ray caster; part k of `rays` is instance k of the scene.

    Attributes:
        scene, timeline: what is shown. weather: light and weather at a time in ns; `atmosphere`: at the current one.
        ego: object id of the ego vehicle, which its own sensors do not see (but which casts shadows).
        rays: the ray caster; geometry in the local frame (world - scene.origin).
        packed: static shading tables.
        posed: shading tables of the current time.
        threads: number of threads for all work on this stage; None for all processors.
        memory: what a sensor keeps from one reading of this stage to the next, by sensor.
        drive_seed: of what keeps its shape over the drive, such as clouds; from the place and the light at its start.
    """

    def __init__(
        self,
        scene: Scene,
        timeline: Timeline,
        weather: Atmosphere | Callable[[int], Atmosphere],
        ego: int,
        threads: int | None = None,
    ) -> None:
        """Pose a scene at the start of its timeline; `weather` stays as it is, or says how it is at a time in ns."""
        from simulator import raycast

        self.scene, self.timeline = scene, timeline
        self.weather: Callable[[int], Atmosphere] = weather if callable(weather) else lambda time_ns: weather
        self.atmosphere = self.weather(int(timeline.times_ns[0]))
        self.ego, self.threads = ego, threads
        self.memory: dict[object, Any] = {}
        self._eye = 0
        self._sky: tuple[tuple[float, ...], Sky] | None = None
        key = np.concatenate([scene.origin, self.atmosphere.sun_direction]).tobytes()
        self.drive_seed = int.from_bytes(hashlib.blake2b(key, digest_size=4).digest(), "little")
        self._snapshot = timeline.at(int(timeline.times_ns[0]))
        pose = scene.local_SE3_instance(self._snapshot)
        self._moving = np.flatnonzero(scene.instance_moving)
        self._is_swept, self._motion = np.zeros(len(scene.instance_mesh), np.bool_), _AT_REST
        self.packed: Tables = pack_scene(scene, pose)
        self._lamp_light = LampLight(scene, self.packed.materials)
        self._lamp_light.show(self._snapshot.shines)
        self.rays: raycast.Scene = raycast.Scene()
        masks, alphas, soft = self._masks(), alphas_of(scene), set(scene.skins.instance.tolist())
        for row, mesh in enumerate(scene.instance_mesh):
            part = scene.meshes[mesh]
            moving = bool(scene.instance_moving[row])
            self.rays.add(
                part.vertices,
                part.faces,
                pose[row],
                moving=moving,
                mask=int(masks[row]),
                alpha=alphas[row],
                soft=row in soft,
            )
        self._skin_rows = skin_rows(scene)
        self._bent_at = np.full((2, scene.skins.total), np.nan)
        self._bent = np.empty_like(scene.skins.vertices)
        self._bend(self._snapshot.gait_rad, self._snapshot.speed_mps)
        self.rays.commit(threads=threads)
        self.posed = Posed(
            np.ascontiguousarray(pose[:, :3], np.float32), cofactors(pose), self._switched(self._snapshot)
        )

    def at(self, time_ns: int, eye: int = 0) -> Snapshot:
        """Move everything to where it is at `time_ns` and return that state; what is hidden from `eye` is away.

        `eye` is `CAMERAS` or `OTHER_SENSORS`, 0: nothing is hidden.
        """
        self.atmosphere = self.weather(time_ns)
        snapshot = self._snapshot
        if time_ns == snapshot.time_ns and not self._is_swept.any() and (snapshot.hidden is None or eye == self._eye):
            return snapshot
        snapshot = self.timeline.at(time_ns)
        self._snapshot, self._eye = snapshot, eye
        if len(self._moving):
            self._bend(snapshot.gait_rad, snapshot.speed_mps)
            pose = self.scene.local_SE3_instance(snapshot, self._moving)
            self._place(self._moving, self._away(pose, self._moving, snapshot))
            self.rays.commit(threads=self.threads)
        self._switch(snapshot)
        return snapshot

    def _away(self, pose: NDArray[np.float64], rows: NDArray[np.int64], snapshot: Snapshot) -> NDArray[np.float64]:
        """Poses (R, ..., 4, 4) of instances `rows`, those that the present eye cannot see far below the ground."""
        if snapshot.hidden is not None and self._eye:
            gone = (snapshot.hidden[self.scene.instance_object[rows]] & self._eye) > 0
            pose[gone, ..., 2, 3] -= AWAY_M
        return pose

    def sweep(
        self,
        start_ns: int,
        end_ns: int,
        eye: int = 0,
        met: Callable[[NDArray[np.float64]], NDArray[np.int64]] | None = None,
    ) -> None:
        """Let everything but the ego move as it does from `start_ns` to `end_ns`, until `at` or `sweep` is called.

        Rays meet it where it is at the time they are cast with (see `sweep_time`), as exactly as `Timeline.at` tells:
        key poses lie at the recorded times, and closer for what turns fast. What has a skin keeps one shape for the
        sweep, that of the time at which its middle is met: `met` tells it (N,) for (N, 3) places in the local frame
        (default: the middle of the sweep). A beam that turns passes a person within a few milliseconds.
        """
        self._eye = eye
        self._bend(*self._gait_when_met(start_ns, end_ns, met))
        rows = self._moving[self.scene.instance_object[self._moving] != self.ego]
        recorded = self.timeline.times_ns
        step = int(recorded[1] - recorded[0]) if len(recorded) > 1 else KEY_STEP_NS
        first = int(recorded[0]) + (start_ns - int(recorded[0])) // step * step
        steps = max(1, -(-(end_ns - first) // step))
        span, count = step * steps, steps * -(-step // KEY_STEP_NS)
        keys = self._poses(rows, first, span, count)
        moves = (keys[:, 1:, :3].astype(np.float32) != keys[:, :1, :3].astype(np.float32)).any((1, 2, 3))
        self._place(rows[~moves], keys[~moves, 0])
        rows, keys = rows[moves], keys[moves]
        finer = self._finer(rows, keys)
        most = int(finer.max(initial=1))
        turning = finer > 1
        fine = self._poses(rows[turning], first, span, count * most) if most > 1 else keys[:0]
        every, sizes = list[NDArray[np.float64]](), np.zeros(len(self._is_swept), np.int64)
        for n in np.unique(finer).tolist():
            some = keys[finer == 1] if n == 1 else fine[finer[turning] == n][:, :: most // n]
            self.rays.sweep(rows[finer == n], some)
            every.append(some.reshape(-1, 4, 4))
            sizes[rows[finer == n]] = some.shape[1]
        order = np.concatenate([rows[finer == n] for n in np.unique(finer)]) if len(rows) else rows
        starts = np.zeros_like(sizes)
        starts[order] = np.cumsum(sizes[order]) - sizes[order]
        self._motion = Motion(first, span, starts, sizes, np.concatenate(every) if every else keys.reshape(-1, 4, 4))
        self._is_swept[rows] = True
        self.rays.commit(threads=self.threads)
        self.atmosphere = self.weather((start_ns + end_ns) // 2)
        self._switch(self.timeline.at((start_ns + end_ns) // 2))

    def sweep_time(self, times_ns: NDArray[np.int64]) -> NDArray[np.float32]:
        """The ray caster's time, 0 to 1, of times within the sweep."""
        return ((times_ns - self._motion.first_ns) / self._motion.span_ns).astype(np.float32)

    def posed_then(self, rows: NDArray[np.int32], times: NDArray[np.float32]) -> tuple[NDArray[np.int32], Posed]:
        """Normals of instances `rows` (-1: none) at times of the sweep: rows of the tables returned with them."""
        if not self._is_swept.any():
            return rows, self.posed
        swept = np.flatnonzero((rows >= 0) & self._is_swept[rows])
        instance = rows[swept]
        place = times[swept].astype(np.float64) * (self._motion.size[instance] - 1)
        before = np.minimum(place.astype(np.int64), self._motion.size[instance] - 2)
        w, k = (place - before)[:, None, None], self._motion.start[instance] + before
        pose = (1 - w) * self._motion.keys[k] + w * self._motion.keys[k + 1]
        turned = rows.copy()
        turned[swept] = len(self.posed.normal) + np.arange(len(swept), dtype=np.int32)
        return turned, self.posed._replace(normal=np.concatenate([self.posed.normal, cofactors(pose)]))

    def _gait_when_met(
        self, start_ns: int, end_ns: int, met: Callable[[NDArray[np.float64]], NDArray[np.int64]] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(O,) gait channel and speed of each object with a skin when it is met in a sweep."""
        middle = self.timeline.at((start_ns + end_ns) // 2)
        gait, owners = middle.gait_rad.copy(), np.unique(self.scene.skins.object)
        if met is not None and len(owners):
            boxes = [
                model.bounds.mean(0) for k in owners.tolist() if (model := self.scene.objects[k].model) is not None
            ]
            pose = self.scene.local_SE3_object(middle)[owners]
            when = met(np.einsum("nij,nj->ni", pose[:, :3, :3], np.array(boxes)) + pose[:, :3, 3])
            states = [self.timeline.at(t).gait_rad for t in (start_ns, end_ns)]
            share = (when - start_ns) / max(end_ns - start_ns, 1)
            gait[owners] = states[0][owners] + share * (states[1][owners] - states[0][owners])
        return gait, middle.speed_mps

    def _bend(self, gait_rad: NDArray[np.float64], speed_mps: NDArray[np.float64]) -> None:
        """Give everything that has a skin the shape of its phase and speed, each (O,)."""
        skins = self.scene.skins
        state = np.stack([gait_rad[skins.object], np.minimum(speed_mps[skins.object], skins.pace_mps)])
        rows = np.flatnonzero((state != self._bent_at).any(0))
        if not len(rows):
            return
        arguments = (rows, skins, gait_rad, speed_mps, self._bent)
        tables = (rows, self._skin_rows, skins.first_vertex, self._bent, self.packed.faces, self.packed.vertices)

        def shape(start: int, stop: int) -> None:
            """Some of them."""
            bend(start, stop, *arguments)
            drape(start, stop, *tables)

        parallel_for(shape, len(rows), chunk=1, threads=self.threads)
        self._bent_at[:, rows] = state[:, rows]
        self.rays.bend(skins.instance[rows], self._bent, skins.first_vertex[rows])

    def _place(self, rows: NDArray[np.int64], pose: NDArray[np.float64]) -> None:
        """Move instances to (R, 4, 4) poses, those that are not there already."""
        moved = (pose[:, :3].astype(np.float32) != self.posed.pose[rows]).any((1, 2)) | self._is_swept[rows]
        rows, pose = rows[moved], pose[moved]
        self.posed.pose[rows] = pose[:, :3]
        self.posed.normal[rows] = cofactors(pose)
        self._is_swept[rows] = False
        self.rays.move(rows, pose)

    def _poses(self, rows: NDArray[np.int64], first_ns: int, span_ns: int, count: int) -> NDArray[np.float64]:
        """(R, count + 1, 4, 4) poses of instances at equally spaced times."""
        times = first_ns + np.rint(span_ns * np.arange(count + 1) / count).astype(np.int64)
        poses = np.stack([self.scene.local_SE3_instance(self.timeline.at(int(t)), rows) for t in times], 1)
        return self._away(poses, rows, self.timeline.at(first_ns + span_ns // 2))

    def _finer(self, rows: NDArray[np.int64], keys: NDArray[np.float64]) -> NDArray[np.int64]:
        """(R,) how many times as many keys instances need, a power of two, to stay on their arcs."""
        if keys.shape[1] < 3 or not len(rows):
            return np.ones(len(rows), np.int64)
        # Halfway a chord is off by an eighth of the second difference, and n times as many keys by 1 / n^2 of that.
        bend = np.abs(keys[:, 2:, :3] - 2 * keys[:, 1:-1, :3] + keys[:, :-2, :3]).max(1)
        reach = np.array([np.abs(self.scene.meshes[mesh].vertices).max(0) for mesh in self.scene.instance_mesh[rows]])
        off = (np.einsum("nij,nj->ni", bend[:, :, :3], reach) + bend[:, :, 3]).max(1) / 8
        return np.asarray(2 ** np.clip(np.ceil(np.log2(np.maximum(off / ARC_M, 1)) / 2), 0, 5).astype(np.int64))

    @property
    def snapshot(self) -> Snapshot:
        """State at the current time."""
        return self._snapshot

    @property
    def bent(self) -> NDArray[np.float32]:
        """`Scene.bent` of that state, until the time changes."""
        return self._bent

    def world_SE3_ego(self) -> NDArray[np.float64]:
        """(4, 4) pose of the ego vehicle at the current time."""
        return np.asarray(self._snapshot.world_SE3_object[self.ego])

    def lamps(self) -> NDArray[np.void]:
        """LAMP_LIGHT_DTYPE rows of the lamps that burn at the current time, in the local frame."""
        lamps = self.scene.lamps
        burning = (self.posed.on[lamps["object"]] >> lamps["switch"].astype(np.uint32)) & 1 == 1
        lamps = lamps[burning]
        pose = self.scene.local_SE3_object(self._snapshot)[lamps["object"]]
        out = np.zeros(len(lamps), LAMP_LIGHT_DTYPE)
        out["position"] = np.einsum("nij,nj->ni", pose[:, :3, :3], lamps["position"]) + pose[:, :3, 3]
        axis = np.einsum("nij,nj->ni", pose[:, :3, :3], lamps["direction"])
        out["axis"] = axis / np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-12)
        out["intensity"] = self._lamp_light.intensity[burning]
        out["beam"], out["object"] = lamps["beam"], lamps["object"]
        return out

    def world_SE3_local(self) -> NDArray[np.float64]:
        """(4, 4) transform from the local frame to the world."""
        return se3.pose(self.scene.origin)

    @property
    def sky(self) -> Sky:
        """The sky at the current time; all sensors see the same."""
        from simulator.sensors.sky import make_sky

        air = self.atmosphere
        key = (*air.sun_direction.tolist(), air.sun_elevation_rad, air.turbidity, air.cloud_oktas, air.visibility_m,
               air.fog_depth_m, air.dust_share, air.rain_mm_h, air.snow_mm_h, round(air.snow_depth_m, 3), air.sunlight,
               air.street_lamps_on,
               *(() if (night := air.moonlit) is None else night.moon_direction.tolist()))  # fmt: skip
        if self._sky is None or self._sky[0] != key:
            self._sky = key, make_sky(air, self.drive_seed, self.scene.zenith_mag)
        return self._sky[1]

    @cached_property
    def object_bounds(self) -> NDArray[np.float64]:
        """(O, 2, 3) corners of each object's box in its frame; 0 for those without a model."""
        nothing = np.zeros((2, 3))
        return np.stack([nothing if one.model is None else one.model.bounds for one in self.scene.objects])

    @cached_property
    def has_glass(self) -> bool:
        """Whether any material lets light through."""
        return any(material.transmission > 0 for material in self.scene.materials)

    def _masks(self) -> NDArray[np.int64]:
        """Ray-caster mask of each instance."""
        scene = self.scene
        glass, thin = (
            np.array(which, bool)
            for which in ([m.transmission > 0.3 for m in scene.materials], [m.thin for m in scene.materials])
        )
        first, slot = scene.material_offset[:-1], scene.instance_materials
        if not len(first):
            return np.zeros(0, np.int64)
        all_glass, all_thin = (np.logical_and.reduceat(which[slot], first) for which in (glass, thin))
        stops = np.where(all_glass, 0, np.where(all_thin, OPAQUE, OPAQUE | SHARP))
        seen = np.where((scene.instance_object == self.ego) & (self.ego > 0), EGO, SEEN)
        return np.asarray(seen | stops, np.int64)

    def _switch(self, snapshot: Snapshot) -> None:
        """Let shine what shines in a state."""
        self.posed.on[:] = self._switched(snapshot)
        self._lamp_light.show(snapshot.shines)

    def _switched(self, snapshot: Snapshot) -> NDArray[np.uint32]:
        """(O,) switches that are on, with those that follow from the daylight."""
        always = 1 << Switch.ALWAYS
        always |= switched_by_daylight(self.atmosphere)
        on = snapshot.lamps.astype(np.uint32)
        if snapshot.hidden is not None and self._eye:
            on[(snapshot.hidden & self._eye) > 0] = 0
        return on | np.uint32(always)


def switched_by_daylight(atmosphere: Atmosphere) -> int:
    """Bits of the switches that are on with so much daylight."""
    if atmosphere.street_lamps_on:
        return (1 << Switch.STREET) | (1 << Switch.WINDOWS)
    return 1 << Switch.ADAPTATION


def alphas_of(scene: Scene) -> list[raycast.Alpha | None]:
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


def cofactors(pose: NDArray[np.float64]) -> NDArray[np.float32]:
    """(I, 3, 3) matrices that map normals: det(A) A^-T, whose columns are cross products of A's columns."""
    a, b, c = (pose[:, :3, k] for k in range(3))
    return np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], 2).astype(np.float32)
