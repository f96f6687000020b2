"""Spinning lidars: real beam tables, a time for every point, and the range equation in clear air, fog, rain and snow.

A sweep is one turn centred on the frame's time, when the beam looks forward, as KITTI's cameras are triggered. Each
pulse starts where the moving sensor is at its own time, and meets moving objects where they are at that time.
Points are then expressed in the sensor frame of the frame's time: the ego's motion is compensated, that of others
is not, as in recorded data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from simulator.numerics import se3
from simulator.numerics.parallel import parallel_for
from simulator.numerics.rng import child_seed
from simulator.scenario.distributions import OneOf
from simulator.scene.snapshot import OTHER_SENSORS
from simulator.sensors.base import Sensor
from simulator.sensors.lidar_models import FOCUS_M, OVERLAP_M, LidarModel, Rays, Sweep, lidar_names, load_lidar
from simulator.sensors.lidar_weather import PULSE_APERTURE_M, Air, air_of

if TYPE_CHECKING:
    from simulator.scene import Atmosphere, Timeline
    from simulator.sensors.lidar_kernels import Echoes, Ground, Receiver
    from simulator.sensors.stage import Stage

LAYERS = 4  # panes that a pulse may pass
LEAST_THROUGH = 0.05  # a weaker pulse is not followed
STEP_BEHIND_M = np.float32(1e-3)  # how far behind a surface it goes on
TEXTURE_DEPTH_M = 1.2e-3  # of the film that fills a coarse road texture
SNOW_COVER_M = 0.02  # depth of snow that hides the ground
LOOKED_AT = 4096  # rays of a sweep that tell when it meets a place


@dataclass(frozen=True, slots=True, eq=False)
class LidarFrame:
    """One sweep of N detected points, in the order in which they were fired.

    Attributes:
        name: of the sensor, filled in by whoever knows it.
        time_ns: middle of the sweep, on the drive's clock.
        world_SE3_lidar: (4, 4) pose of the sensor frame (x forward, y left, z up) at `time_ns`.
        points: (N, 3) float32 metres in the sensor frame at `time_ns`, ego motion compensated.
        intensity: (N,) float32 0..1; value * 255 is the diffuse reflectance in percent up to 100, retro above; or what
            the sensor itself reports, see `Lidar.intensity`.
        ring: (N,) uint16 beam by elevation, 0 the lowest.
        time_offset_ns: (N,) int32 firing time minus `time_ns`.
        object: (N,) int32 id of the object hit, or 0.
        semantic: (N,) uint8 class id of what was hit; rain, snow and fog have classes of their own.
        range_m: (N,) float32 measured range from where the pulse was fired.
    """

    name: str
    time_ns: int
    world_SE3_lidar: NDArray[np.float64]
    points: NDArray[np.float32]
    intensity: NDArray[np.float32]
    ring: NDArray[np.uint16]
    time_offset_ns: NDArray[np.int32]
    object: NDArray[np.int32]
    semantic: NDArray[np.uint8]
    range_m: NDArray[np.float32]


class Lidar(Sensor, kind="lidar"):
    """A spinning lidar of `assets/lidars.yaml`.

    It turns `rate_hz` times a second where its maker allows that, else at its usual speed (of which every n-th turn
    may then be sensed).
    """

    model: Annotated[str, OneOf(*lidar_names())] = "velodyne_hdl64e_s2"
    intensity: Annotated[str, OneOf("calibrated", "raw")] = "calibrated"
    """As reflectance, or as the sensor itself gives it, where that is known (`raw_intensity` in the asset)."""

    @property
    def turns_hz(self) -> float:
        """Turns a second."""
        lidar = load_lidar(self.model)
        low, high = lidar.rotation_range_hz
        return self.rate_hz if low <= self.rate_hz <= high else lidar.rotation_hz

    def sense(self, stage: Stage, time_ns: int, seed: int, quality: str) -> LidarFrame:
        """One sweep around `time_ns`; `quality` makes no difference. The stage is left at `time_ns`."""
        from simulator.sensors.lidar_kernels import receive
        from simulator.sensors.lidar_plumes import add_plumes
        from simulator.sensors.shading.air import fog_left_at

        lidar = load_lidar(self.model)
        sweep = lidar.sweep(self.turns_hz)
        rays = fired(sweep, sensor_poses(stage, self.ego_SE3_sensor, time_ns + sweep.offset_ns))
        weather = stage.weather(time_ns)
        receiver, ground = receiver_of(lidar), ground_of(weather)
        now = sensor_pose(stage, self.ego_SE3_sensor, time_ns)
        air = air_of(weather, lidar, fog_left_at(stage, now[:3, 3]))
        echoes = _surfaces(stage, time_ns + sweep.offset_ns, sweep.image, rays, receiver, ground, air)
        ranges, intensity = np.empty((2, len(sweep.beam)), np.float32)
        word = child_seed(seed, "lidar")
        keys = np.uint32(word >> 32), np.uint32(word & 0xFFFFFFFF)
        stage.at(time_ns)
        add_plumes(stage, lidar, sweep, rays, now, receiver, air, keys, echoes)
        _each(stage, len(ranges), receive, echoes, rays.direction[:, 2].astype(np.float32), air, receiver, *keys,
              ranges, intensity)  # fmt: skip
        seen = np.flatnonzero(ranges)
        ring, reported = lidar.ring[sweep.beam[seen]], intensity[seen]
        if self.intensity == "raw":
            reported = lidar.raw_intensity(reported, ranges[seen], ring, seed)
        points = rays.origin[seen] + rays.direction[seen] * ranges[seen, None].astype(np.float64)
        return LidarFrame(
            name="",
            time_ns=int(time_ns),
            world_SE3_lidar=stage.world_SE3_local() @ now,
            points=se3.apply(se3.inverse(now), points).astype(np.float32),
            intensity=reported,
            ring=ring,
            time_offset_ns=sweep.offset_ns[seen].astype(np.int32),
            object=echoes.object[seen],
            semantic=echoes.semantic[seen],
            range_m=ranges[seen],
        )


def receiver_of(lidar: LidarModel) -> Receiver:
    """The sensor's numbers for the kernels."""
    from simulator.sensors.lidar_kernels import Receiver

    near, far = lidar.range_sigma_m
    values = (
        lidar.threshold,
        lidar.excess_loss_1_m,
        FOCUS_M**2,
        OVERLAP_M[0],
        1.0 / (OVERLAP_M[1] - OVERLAP_M[0]),
        lidar.range_min_m,
        lidar.range_max_m,
        near,
        far,
        lidar.range_step_m,
        lidar.divergence_rad,
        PULSE_APERTURE_M,
    )
    return Receiver(*(np.float32(value) for value in values))


def ground_of(atmosphere: Atmosphere) -> Ground:
    """Wetness and snow cover for the kernels."""
    from simulator.sensors.lidar_kernels import Ground

    return Ground(
        np.float32(min(1.0, atmosphere.water_film_m / TEXTURE_DEPTH_M)),
        np.float32(min(1.0, atmosphere.snow_depth_m / SNOW_COVER_M)),
    )


def sensor_pose(stage: Stage, ego_SE3_sensor: NDArray[np.float64], time_ns: int) -> NDArray[np.float64]:
    """(4, 4) local_SE3_sensor at `time_ns`."""
    pose = stage.scene.local_SE3_object(stage.timeline.at(time_ns))[stage.ego] @ ego_SE3_sensor
    return np.asarray(pose)


def sensor_poses(stage: Stage, ego_SE3_sensor: NDArray[np.float64], times_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """(N, 4, 4) local_SE3_sensor at each of the ascending times, interpolated as `Timeline.at` does."""
    new = np.concatenate([[True], np.diff(times_ns) != 0])  # beams of one group fire together
    position, rpy = _object_states(stage.timeline, stage.ego, times_ns[new])
    poses = se3.pose(position - stage.scene.origin, *rpy.T) @ ego_SE3_sensor
    return np.asarray(poses[np.cumsum(new) - 1])


def _object_states(
    timeline: Timeline, object_id: int, times_ns: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, 3) world positions and (N, 3) roll, pitch, yaw of one object at many times."""
    column = _column(timeline, object_id)
    if column is None:
        state = timeline.at(int(timeline.times_ns[0]))
        still = np.zeros((len(times_ns), 1))
        return state.position[object_id] + still, state.rpy[object_id] + still
    recorded = timeline.times_ns
    t = np.clip(times_ns, recorded[0], recorded[-1])
    i = np.clip(np.searchsorted(recorded, t, "right") - 1, 0, max(len(recorded) - 2, 0))
    j = np.minimum(i + 1, len(recorded) - 1)
    span = np.maximum(recorded[j] - recorded[i], 1)
    w = ((t - recorded[i]) / span)[:, None]
    position, rpy = timeline.position[:, column], timeline.rpy[:, column]
    return (
        position[i] + w * (position[j] - position[i]),
        rpy[i] + w * se3.wrap_angle(rpy[j] - rpy[i]),
    )


def _column(timeline: Timeline, object_id: int) -> int | None:
    """Where the timeline's arrays hold an object; None for one that never moves."""
    if timeline.rows is None:
        return object_id
    found = np.flatnonzero(timeline.rows == object_id)
    return int(found[0]) if len(found) else None


def fired(sweep: Sweep, local_SE3_sensor: NDArray[np.float64]) -> Rays:
    """Rays of a sweep whose R firings happen at the poses (R, 4, 4)."""
    rotation = local_SE3_sensor[:, :3, :3]
    origin = local_SE3_sensor[:, :3, 3]
    if sweep.origin.any():
        origin = origin + np.einsum("nij,nj->ni", rotation, sweep.origin)
    return Rays(origin, np.einsum("nij,nj->ni", rotation, sweep.direction))


def _surfaces(
    stage: Stage,
    times_ns: NDArray[np.int64],
    image: NDArray[np.int32],
    rays: Rays,
    receiver: Receiver,
    ground: Ground,
    air: Air,
) -> Echoes:
    """The strongest surface echo of each ray, with every object where it is when the ray is fired."""
    from simulator.sensors.lidar_kernels import Echoes, surface_echoes
    from simulator.sensors.shading.surface import GROUND_DTYPE, POINT_DTYPE, surfaces
    from simulator.sensors.stage import SEEN

    count = len(times_ns)
    echoes = Echoes(
        np.zeros(count, np.float32),
        np.full(count, np.inf, np.float32),
        np.zeros(count, np.float32),
        np.zeros(count, np.int32),
        np.zeros(count, np.uint8),
    )
    points = np.zeros(count, POINT_DTYPE)
    dry = np.zeros(1, GROUND_DTYPE)

    def met(places: NDArray[np.float64]) -> NDArray[np.int64]:
        """When some ray comes nearest to each place."""
        some = slice(None, None, max(1, count // LOOKED_AT))
        toward = places[:, None] - rays.origin[some]
        toward /= np.maximum(np.linalg.norm(toward, axis=2, keepdims=True), 1e-9)
        return np.asarray(times_ns[some][np.einsum("nri,ri->nr", toward, rays.direction[some]).argmax(1)])

    stage.sweep(int(times_ns.min()), int(times_ns.max()), OTHER_SENSORS, met)
    times = stage.sweep_time(times_ns)
    rows, through, grid = image.reshape(-1), np.ones(count, np.float32), (image.shape[0], image.shape[1])
    for layer in range(LAYERS):
        direction = rays.direction[rows].astype(np.float32)
        begin = points["distance"][rows, None]
        origin = (rays.origin[rows] + rays.direction[rows] * begin).astype(np.float32)
        hits = stage.rays.closest_hit(
            origin,
            direction,
            t_max=float(receiver.range_max),
            mask=SEEN,
            threads=stage.threads,
            grid=grid if layer == 0 else None,
            time=times[rows],
        )
        turned, posed = stage.posed_then(hits.part, times[rows])
        _each(stage, len(rows), surfaces, rows, origin, direction, hits, turned, stage.packed, posed, dry,
              receiver.divergence, points)  # fmt: skip
        _each(stage, len(rows), surface_echoes, rows, direction, hits.primitive, points, through, air.fog, air.even,
              stage.packed, ground, receiver, echoes)  # fmt: skip
        onward = through > LEAST_THROUGH
        if not onward.any():
            break
        rows, through = rows[onward], through[onward]
        points["distance"][rows] += STEP_BEHIND_M
    return echoes


def _each(stage: Stage, count: int, kernel: Any, *arguments: Any) -> None:
    """Run a kernel over `range(count)` on the stage's threads."""
    parallel_for(lambda start, stop: kernel(start, stop, *arguments), count, chunk=4096, threads=stage.threads)
