"""What many worlds share: one scene that stands, a pool of models, some weathers; and what differs: a row an actor."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator import raycast
from simulator.numerics.jit import kernel
from simulator.numerics.parallel import available_threads
from simulator.raycast.ensemble import Ensemble, Level
from simulator.raycast.layout import aligned
from simulator.scene import Atmosphere, Material, Scene, Snapshot
from simulator.scene.classes import class_id
from simulator.sensors.stage import alphas_of
from simulator.sensors.worlds.detail import Figure
from simulator.sensors.worlds.facets import FACET_DTYPE, NORMAL, facets_of, pack_matter
from simulator.sensors.worlds.light import chosen, lights_of
from simulator.sensors.worlds.shade import Looks
from simulator.sensors.worlds.shadow import bodies_of, street_of, sun_maps

SKY_RAYS, SKY_REACH_M, CLEARANCE_M = 8, 40.0, 0.03
BLOCKED_LIGHT = 0.3  # of the light of the open sky that comes from what hides it
MOVING_OPEN = 0.8  # share of the sky that what moves sees
ROADS = ("road", "road_marking", "kerb", "sidewalk")
BESIDE_M, ABOVE_M = 30.0, 60.0  # around and above roads, where shadows are drawn

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

# One vehicle, person or thing of a world, in the scene's local frame (metres, radians, ISO 8855; see `Model`).
ACTOR_DTYPE = np.dtype(
    [
        ("x", np.float32),
        ("y", np.float32),
        ("z", np.float32),
        ("yaw", np.float32),
        ("pitch", np.float32),
        ("roll", np.float32),
        ("model", np.int32),  # row of the pool; -1: there is none
        ("lamps", np.uint32),  # bit `1 << Switch` set where that switch is on
    ]
)


class States(NamedTuple):
    """Where everything is in W worlds.

    Attributes:
        actors: (W, A) ACTOR_DTYPE.
        signals: (W, S) uint32, bit `1 << Switch` set where that switch of a signal is on.
        weather: (W,) int32 row of the weathers.
    """

    actors: NDArray[np.void]
    signals: NDArray[np.uint32]
    weather: NDArray[np.int32]

    @staticmethod
    def empty(worlds: int, actors: int, signals: int = 0) -> States:
        """Worlds without actors, all signals dark, in the first weather."""
        rows = np.zeros((worlds, actors), ACTOR_DTYPE)
        rows["model"] = -1
        return States(rows, np.zeros((worlds, signals), np.uint32), np.zeros(worlds, np.int32))


@kernel
def follow(begin, end, rows, models, shift, actors):
    """Put the actors of worlds `begin:end` where the rows of what moves them say.

    Args:
        begin, end: range of worlds.
        rows: (W, B) records with x, y, z, yaw, pitch, roll and lamps, in metres from their own origin.
        models: (W, B) int32 row of the pool of each; -1: there is none.
        shift: (3,) from the scene's origin to that of the rows.
        actors: (W, A) ACTOR_DTYPE, A >= B, of which the first B are written.
    """
    for w in range(begin, end):
        for a in range(rows.shape[1]):
            row, actor = rows[w, a], actors[w, a]
            actor.x, actor.y, actor.z = row.x + shift[0], row.y + shift[1], row.z + shift[2]
            actor.yaw, actor.pitch, actor.roll = row.yaw, row.pitch, row.roll
            actor.lamps, actor.model = row.lamps, models[w, a]


class Standing(NamedTuple):
    """What stands, ready for rays; any number of `Scenery` may share it.

    Attributes:
        scene: its moving instances are left out. rays: the others.
        facets: (F,) FACET_DTYPE of all parts. corners: (F, 3, 3) float32, m, in the scene's local frame.
        rows: a row for each material.
        signals: number of the objects that worlds switch.
    """

    scene: Scene
    rays: raycast.Scene
    facets: NDArray[np.void]
    corners: F32
    rows: dict[Material, int]
    signals: int


class Scenery:
    """A scene that stands, a pool of models and some weathers, ready for the sensors of many worlds.

    Attributes:
        scene: what stands; its moving instances are left out.
        ensemble: geometry. looks: how it looks. lights: tables of the weathers.
        signals: number of the objects that worlds switch.
        threads: that work at most. rooms: those of the ensemble that are free.
    """

    def __init__(
        self,
        standing: Standing,
        figures: Sequence[Figure],
        weathers: Sequence[Atmosphere],
        actors: int,
        shadows: bool = True,
        threads: int | None = None,
    ) -> None:
        """Build what is shared.

        Args:
            standing: what stands.
            figures: the pool; an actor's `model` is a row of it.
            weathers: a world's `weather` is a row of it.
            actors: of a world at most.
            shadows: whether what stands casts shadows; they are drawn once a weather.
            threads: that work at most; by default one a processor.

        Raises:
            ValueError: a model has too many triangles (see `Ensemble.of`).
        """
        scene, stage, rows = standing.scene, standing.rays, dict(standing.rows)
        self.scene, self.signals, self.threads = scene, standing.signals, threads or available_threads()
        self.rooms: SimpleQueue[int] = SimpleQueue()
        for room in range(self.threads):
            self.rooms.put(room)
        first_facet, every = [], [standing.facets]
        count = len(standing.facets)
        for figure in figures:
            for detail in figure.details:
                slots = [rows.setdefault(material, len(rows)) for material in detail.materials]
                first_facet.append(count)
                every.append(facets_of(detail.mesh, np.eye(4), slots, class_id(figure.class_name)))
                every[-1]["open"] = np.rint(255 * MOVING_OPEN)
                count += len(every[-1])
        levels = [[Level(d.mesh.vertices, d.mesh.faces, d.error_m) for d in f.details] for f in figures]
        self.ensemble = Ensemble.of(stage, levels, actors, self.threads)
        matter, mips, texels = pack_matter(tuple(rows))
        bodies = bodies_of([figure.details[0].mesh.bounds for figure in figures], [figure.lamps for figure in figures])
        lamps = street_of(stage, scene.lamps[scene.lamps["object"] == 0], self.threads)
        self.looks = Looks(
            _on_lines(np.concatenate(every)),
            np.array(first_facet, np.int32),
            matter,
            mips,
            texels.view(np.int32).reshape(-1),
            bodies,
            lamps,
        )
        low, high = _surroundings(standing.facets, standing.corners)
        self._lights_of = partial(
            lights_of,
            zenith_mag=scene.zenith_mag,
            draw=lambda suns: sun_maps(stage, low, high, [(sun, share * shadows) for sun, share in suns], self.threads),
        )
        self._weathers, self.lights = list(weathers), self._lights_of(weathers)

    def relight(self, weathers: Sequence[Atmosphere]) -> None:
        """Take other weathers than those before; what was made of any of them that stay, the same objects, is kept."""
        kept = {id(weather): (0, row) for row, weather in enumerate(self._weathers)}
        fresh = [weather for weather in weathers if id(weather) not in kept]
        parts = [self.lights, *([self._lights_of(fresh)] if fresh else [])]
        kept |= {id(weather): (1, row) for row, weather in enumerate(fresh)}
        self.lights = chosen(parts, [kept[id(weather)] for weather in weathers])
        self._weathers = list(weathers)

    @property
    def memory_bytes(self) -> int:
        """Bytes of all tables."""
        tables = [*self.looks, *self.looks.bodies, *self.looks.street, *self.lights, *self.lights.shadows]
        return self.ensemble.memory_bytes + sum(a.nbytes for a in tables if isinstance(a, np.ndarray))


def standing_in(scene: Scene, snapshot: Snapshot, signals: Sequence[int] = (), threads: int | None = None) -> Standing:
    """What stands in a scene.

    Args:
        scene: its static instances. snapshot: where they are.
        signals: ids of the scene's objects whose lamps are switched by the columns of `States.signals`.
        threads: that work at most; by default one a processor.

    Raises:
        ValueError: if nothing stands.
    """
    rays, alphas = raycast.Scene(), alphas_of(scene)
    rows = {material: row for row, material in enumerate(scene.materials)}
    poses = scene.local_SE3_instance(snapshot)
    signal_of = {number: row for row, number in enumerate(signals)}
    facets, corners = [np.zeros(0, FACET_DTYPE)], [np.zeros((0, 3, 3), np.float32)]
    for k in np.flatnonzero(~scene.instance_moving).tolist():
        mesh, pose = scene.meshes[scene.instance_mesh[k]], poses[k]
        rays.add(mesh.vertices, mesh.faces, pose, alpha=alphas[k])
        slots = scene.instance_materials[scene.material_offset[k] : scene.material_offset[k + 1]]
        part = facets_of(mesh, pose, slots.tolist(), int(scene.instance_class[k]))
        owner = int(scene.instance_object[k])
        part["instance"], part["signal"] = k, signal_of.get(owner, -1)
        facets.append(part)
        corners.append((mesh.vertices @ pose[:3, :3].T + pose[:3, 3]).astype(np.float32)[mesh.faces])
    standing = Standing(scene, rays, np.concatenate(facets), np.concatenate(corners), rows, len(signals))
    if not len(standing.facets):
        raise ValueError("the scene has nothing that stands")
    rays.commit(threads)
    _look_up(rays, standing.facets, standing.corners, threads or available_threads())
    return standing


def _look_up(stage: raycast.Scene, facets: NDArray[np.void], corners: F32, threads: int) -> None:
    """Find what share of its sky each facet sees, by rays from its middle."""
    normals = np.stack([facets["ax"], facets["ay"], facets["az"]], 1).astype(np.float32) / NORMAL
    middles = corners.mean(1) + np.float32(CLEARANCE_M) * normals
    side = np.cross(normals, np.where(np.abs(normals[:, :1]) < 0.9, *np.eye(3, dtype=np.float32)[:2, None]))
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    over = np.cross(normals, side)
    blocked = np.zeros(len(facets))
    for a, b, c in _cosine_hemisphere(SKY_RAYS):
        blocked += stage.any_hit(middles, a * side + b * over + c * normals, t_max=SKY_REACH_M, threads=threads)
    facets["open"] = np.rint(255 * (1 - (1 - BLOCKED_LIGHT) * blocked / SKY_RAYS))


def _surroundings(facets: NDArray[np.void], corners: F32) -> tuple[F64, F64]:
    """Low and high corner of where sensors are: the roads and what is beside them, or all there is without roads."""
    near = corners[np.isin(facets["semantic"], [class_id(name) for name in ROADS])]
    points = (near if len(near) else corners).reshape(-1, 3).astype(np.float64)
    return points.min(0) - BESIDE_M, points.max(0) + [BESIDE_M, BESIDE_M, ABOVE_M]


def _cosine_hemisphere(count: int) -> NDArray[np.float64]:
    """(count, 3) directions about z, spread as the cosine (a spiral of golden angles)."""
    k = np.arange(count) + 0.5
    radius, turn = np.sqrt(k / count), np.pi * (1 + np.sqrt(5)) * k
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), np.sqrt(1 - radius**2)], 1)


def _on_lines(records: NDArray[np.void]) -> NDArray[np.void]:
    """The records on memory that starts on a cache line."""
    out = aligned(records.nbytes // 4).view(np.uint8).view(records.dtype)
    out[:] = records
    return out
