"""The lidar against geometry, data sheets, published tables and statistics of real sweeps."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from material import MATERIAL, needs_material
from small_world import GREY, ORIGIN, air, car, drive, thing

from simulator.errors import InputError
from simulator.numerics import se3
from simulator.numerics.jit import kernel
from simulator.scene import Body, Material, Model, SceneBuilder, Timeline
from simulator.scene.classes import class_id
from simulator.scene.material import Surface
from simulator.scene.mesh import box
from simulator.sensors.lidar import Lidar, LidarFrame
from simulator.sensors.lidar_kernels import FOG_CLASS, PLUME_CLASS, RAIN_CLASS, SNOW_CLASS, Ground, backscatter
from simulator.sensors.lidar_models import lidar_names, load_lidar
from simulator.sensors.shading.tables import pack_materials
from simulator.sensors.stage import Stage

NOW = 2_000_000_000


def ground(reflectance: float = 0.3, surface: Surface = Surface.OTHER, class_name: str = "road") -> SceneBuilder:
    builder = SceneBuilder(ORIGIN)
    material = Material("ground", (0.2, 0.2, 0.2), reflectance_905=reflectance, surface=surface)
    builder.add_mesh(box((600, 600, 0.1), (0, 0, -0.05)), (material,), class_name)
    return builder


def with_ego(builder: SceneBuilder) -> int:
    return builder.add_object(car(), ORIGIN, name="ego", moving=True)


def sweep(
    builder: SceneBuilder, ego: int, model: str = "velodyne_hdl64e_s2", velocity=None, turn=None, **weather
) -> LidarFrame:
    stage = Stage(builder.build(), drive(builder, velocity, turn), air(**weather), ego)
    return Lidar(model=model, z_m=1.73).sense(stage, NOW, 1, "standard")


# ---- beam tables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", lidar_names())
def test_beam_table_is_complete(name: str) -> None:
    lidar = load_lidar(name)
    turn = lidar.sweep(lidar.rotation_hz)
    columns = len(turn.beam) / lidar.beams
    assert columns == int(columns)
    assert sorted(lidar.ring.tolist()) == list(range(lidar.beams))
    assert np.all(np.diff(lidar.elevation_rad[np.argsort(lidar.ring)]) > 0)
    assert np.all(np.abs(lidar.azimuth_rad) < np.radians(15))
    np.testing.assert_allclose(np.linalg.norm(turn.direction, axis=1), 1, atol=1e-12)
    assert np.all(np.diff(turn.offset_ns) >= 0)
    assert lidar.firing_offset_s.max() < 1 / (lidar.rotation_hz * columns)
    span_s = (turn.offset_ns[-1] - turn.offset_ns[0]) * 1e-9
    assert 0.99 / lidar.rotation_hz < span_s <= 1.001 / lidar.rotation_hz


def test_regular_beam_tables() -> None:
    np.testing.assert_allclose(np.degrees(sorted(load_lidar("velodyne_vlp16").elevation_rad)), np.arange(-15, 16, 2))
    hdl32 = np.degrees(sorted(load_lidar("velodyne_hdl32e").elevation_rad))
    np.testing.assert_allclose(hdl32, -30.67 + np.arange(32) * 4 / 3, atol=0.02)


@pytest.mark.parametrize(
    ("name", "points_per_s"),
    [
        ("velodyne_vlp16", 289_536),
        ("velodyne_hdl32e", 694_272),
        ("velodyne_hdl64e_s2", 1_333_312),
        ("velodyne_hdl64e_s3", 2_222_220),
        ("velodyne_vls128", 2_401_498),
        ("ouster_os1_64", 655_360),
        ("ouster_os1_128", 1_310_720),
        ("hesai_pandar64", 1_152_000),
    ],
)
def test_point_rate_is_that_of_the_drivers(name: str, points_per_s: int) -> None:
    lidar = load_lidar(name)
    assert len(lidar.sweep(lidar.rotation_hz).beam) * lidar.rotation_hz == pytest.approx(points_per_s, rel=2e-3)


def test_sweep_is_centred_ahead_and_clockwise() -> None:
    turn = load_lidar("velodyne_vlp16").sweep(10.0)
    now = np.flatnonzero(turn.offset_ns == 0)
    assert len(now) == 1
    assert np.degrees(np.arctan2(turn.direction[now, 1], turn.direction[now, 0])) == pytest.approx(0, abs=1e-9)
    early = np.argmin(np.abs(turn.offset_ns + 25_000_000))
    assert turn.direction[early, 1] > 0.95  # a quarter turn before: left
    assert load_lidar("velodyne_vlp16") is load_lidar("velodyne_vlp16")


def test_unknown_lidar_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r'unknown lidar "velodyne_vlp61".*Did you mean "velodyne_vlp16"'):
        load_lidar("velodyne_vlp61")


def test_speed_of_the_turn() -> None:
    assert Lidar(rate_hz=12.0).turns_hz == 12.0
    assert Lidar(rate_hz=2.0).turns_hz == 10.0  # senses every fifth turn
    assert Lidar(rate_hz=2.0, model="velodyne_hdl32e").turns_hz == 20.0
    with pytest.raises(ValueError, match="velodyne_vlp61"):
        Lidar(model="velodyne_vlp61")


@kernel
def seen_along_the_beam(rows, diffuse, cosine, ground):
    return backscatter(rows[0], diffuse, cosine, np.float32(0), ground)


@pytest.mark.parametrize("wet", [0.0, 0.6])
def test_backscatter_against_plain_formulas(wet: float) -> None:
    """Oren and Nayar's diffuse part, GGX gloss, Fresnel's and Lekner and Dorf's wet surface, in double precision."""
    rng = np.random.default_rng(3)

    def lobe(f0: float, alpha: float, c: float) -> float:
        density = alpha**2 / (np.pi * (c**2 * (alpha**2 - 1) + 1) ** 2)
        lam = (np.sqrt(1 + alpha**2 * (1 / c**2 - 1)) - 1) / 2
        return np.pi * f0 * density / (1 + 2 * lam) / (4 * c**2) * c

    for _ in range(200):
        rho, c, rough, coat = rng.uniform(0.02, 0.9), rng.uniform(0.02, 1), rng.uniform(0.05, 1), rng.uniform()
        material = Material("x", roughness=rough, clearcoat=coat, reflectance_905=rho, surface=Surface.ASPHALT)
        rows = pack_materials((material,), ())
        ground = Ground(np.float32(wet), np.float32(0))
        ours = seen_along_the_beam(rows, np.float32(rho), np.float32(c), ground)
        incidence = np.arccos(c)
        refracted = np.arcsin(np.sin(incidence) / 1.333)
        s = (np.cos(incidence) - 1.333 * np.cos(refracted)) / (np.cos(incidence) + 1.333 * np.cos(refracted))
        p = (1.333 * np.cos(incidence) - np.cos(refracted)) / (1.333 * np.cos(incidence) + np.cos(refracted))
        through = 1 - (s**2 + p**2) / 2
        soaked = min(rho, through**2 / 0.98 * (1 - 0.472) * rho / (1 - 0.472 * rho))
        under = rho + wet * (soaked - rho)
        slope2 = (0.35 * rough**2) ** 2
        a, b = 1 - 0.5 * slope2 / (slope2 + 0.33), 0.45 * slope2 / (slope2 + 0.09)
        expected = under * (c + b / a * np.sin(incidence) ** 2)
        for f0, alpha in ((0.04, max(rough**2, 0.02)), (0.04 * coat, 0.02)):
            expected += max(lobe(f0, alpha, c) - lobe(f0, 1.0, c), 0)
        assert ours == pytest.approx(expected, rel=2e-3, abs=1e-5)


@needs_material
def test_elevations_against_real_sweeps() -> None:
    real = json.loads((MATERIAL / "real" / "stats_real.json").read_text())["lidar"]
    ours = np.degrees(np.sort(load_lidar("velodyne_hdl32e").elevation_rad))
    np.testing.assert_allclose(ours, real["nuscenes_LIDAR_TOP"]["ring_elevation_deg"], atol=0.4)
    meta = json.loads((MATERIAL / "real" / "ouster" / "OS-2-128-U1_v2.3.0_1024x10.json").read_text())
    os2 = load_lidar("ouster_os2_128")
    np.testing.assert_allclose(np.degrees(os2.elevation_rad), meta["beam_altitude_angles"], atol=1e-9)
    np.testing.assert_allclose(np.degrees(-os2.azimuth_rad), meta["beam_azimuth_angles"], atol=1e-9)
    assert os2.origin_radius_m * 1e3 == pytest.approx(meta["lidar_origin_to_beam_origin_mm"])


# ---- geometry --------------------------------------------------------------------------------------------------


def test_points_lie_on_the_plane_within_noise() -> None:
    builder = ground()
    frame = sweep(builder, with_ego(builder))
    assert np.all(frame.semantic == class_id("road"))
    assert np.all(frame.object == 0)
    direction = frame.points / np.linalg.norm(frame.points, axis=1, keepdims=True)
    exact = -1.73 / direction[:, 2]
    error = frame.range_m - exact
    assert abs(error.mean()) < 1e-3
    near, far = load_lidar("velodyne_hdl64e_s2").range_sigma_m
    strong = frame.range_m < 10.0
    assert error[strong].std() == pytest.approx(near, rel=0.1) and near < error[~strong].std() < far
    assert np.mean(np.abs(error) < 0.06) > 0.995


def test_quantisation_and_gate() -> None:
    builder = ground()
    frame = sweep(builder, with_ego(builder))
    steps = frame.range_m / 0.002
    assert np.abs(steps - np.rint(steps)).max() < 0.02
    assert frame.range_m.min() >= 0.9


def test_ring_and_time_of_every_point_agree_with_its_direction() -> None:
    builder = ground()
    frame = sweep(builder, with_ego(builder))
    lidar = load_lidar("velodyne_hdl64e_s2")
    beam = np.argsort(lidar.ring)[frame.ring]
    elevation = np.arcsin(frame.points[:, 2] / np.linalg.norm(frame.points, axis=1))
    np.testing.assert_allclose(elevation, lidar.elevation_rad[beam], atol=1e-5)
    azimuth = np.arctan2(frame.points[:, 1], frame.points[:, 0])
    expected = -2 * np.pi * 10 * frame.time_offset_ns * 1e-9 + lidar.azimuth_rad[beam]
    assert np.abs(se3.wrap_angle(azimuth - expected)).max() < 1e-5
    assert np.all(np.diff(frame.time_offset_ns) >= 0)


def test_beam_origins_on_a_radius() -> None:
    builder = ground()
    frame = sweep(builder, with_ego(builder), model="ouster_os1_128")
    # fired 15.8 mm off the spin axis: in front of the axis by that much along the column
    column = -2 * np.pi * 10 * frame.time_offset_ns * 1e-9
    start = 0.015806 * np.stack([np.cos(column), np.sin(column), 0 * column], 1)
    np.testing.assert_allclose(np.linalg.norm(frame.points - start, axis=1), frame.range_m, atol=2e-5)


def test_compensation_is_exact_while_driving_and_turning() -> None:
    """A static world gives the same surfaces whether the ego stands or drives and turns fast."""
    builder = ground()
    builder.add_mesh(box((1, 30, 6), (20, 0, 3)), (GREY,), "building")
    builder.add_mesh(box((30, 1, 6), (0, 15, 3)), (GREY,), "building")
    ego = with_ego(builder)
    frame = sweep(builder, ego, velocity={ego: (25.0, 0, 0)}, turn={ego: 0.6})
    world = se3.apply(frame.world_SE3_lidar, frame.points) - ORIGIN
    distance = np.min(
        [np.abs(world[:, 2])]
        + [np.abs(world[:, 0] - x) for x in (19.5, 20.5)]
        + [np.abs(world[:, 1] - y) for y in (14.5, 15.5)]
        + [np.abs(world[:, 1] - y) for y in (-15, 15)]
        + [np.abs(world[:, 0] - x) for x in (-15, 15)],
        axis=0,
    )
    assert np.quantile(distance, 0.999) < 0.08  # noise of 2 cm along the beam
    pose = frame.world_SE3_lidar
    yaw, _, _ = se3.yaw_pitch_roll(pose[:3, :3])
    assert float(yaw) == pytest.approx(0.6 * 2.0)
    np.testing.assert_allclose(pose[:3, 3] - ORIGIN, (50, 0, 1.73), atol=1e-9)


@pytest.fixture
def without_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every lidar measures ranges to a hundredth of a millimetre."""
    exact = {name: replace(load_lidar(name), range_sigma_m=(0.0, 0.0), range_step_m=1e-5) for name in lidar_names()}
    monkeypatch.setattr("simulator.sensors.lidar.load_lidar", exact.__getitem__)


@pytest.mark.usefixtures("without_noise")
def test_moving_target_is_where_it_is_at_the_time_of_each_point() -> None:
    builder = ground()
    ego = with_ego(builder)
    wall = Material("wall", reflectance_905=0.8)
    target = builder.add_object(thing("truck", (0.2, 60.0, 3.0), wall), ORIGIN + [-40.0, 0, 0], moving=True)
    frame = sweep(builder, ego, velocity={target: (30.0, 0, 0)})
    on = frame.object == target
    assert on.sum() > 2000
    time = (NOW + frame.time_offset_ns[on]) * 1e-9
    x = se3.apply(frame.world_SE3_lidar, frame.points[on])[:, 0] - ORIGIN[0]
    behind = -40.0 + 30.0 * time
    assert np.minimum(np.abs(x - (behind - 0.1)), np.abs(x - (behind + 0.1))).max() < 1e-3
    # at one time for all the front would be smeared by up to 30 m/s x 50 ms
    assert np.ptp(time[np.abs(frame.points[on][:, 1]) > 15]) > 0.02


@pytest.mark.usefixtures("without_noise")
@pytest.mark.parametrize("turn", [0.0, 1.5])
def test_a_passing_car_is_met_on_its_sides_to_the_millimetre(turn: float) -> None:
    """A box of 4 m passes at 30 m/s, turning, while the ego drives the other way at 20 m/s."""
    builder = ground()
    ego = with_ego(builder)
    size = np.array([4.0, 1.8, 1.5])
    target = builder.add_object(
        thing("car", tuple(size), Material("paint", reflectance_905=0.8)), ORIGIN + [-98.0, 4.0, 0], moving=True
    )
    stage = Stage(
        builder.build(), drive(builder, {target: (30.0, 0, 0), ego: (-20.0, 0, 0)}, {target: turn}), air(), ego
    )
    stage.at(NOW)
    frame = Lidar(model="ouster_os1_128", z_m=1.73).sense(stage, NOW, 1, "standard")
    on = np.flatnonzero(frame.object == target)
    assert len(on) > 200
    sensor = np.linalg.inv(frame.world_SE3_lidar)
    points = se3.apply(np.linalg.inv(sensor), frame.points[on].astype(np.float64)) - ORIGIN
    time = (NOW + frame.time_offset_ns[on]) * 1e-9
    place = points - np.stack([-98.0 + 30.0 * time, 4.0 + 0 * time, 0 * time], 1)
    c, s = np.cos(turn * time), np.sin(turn * time)
    local = np.stack([c * place[:, 0] + s * place[:, 1], c * place[:, 1] - s * place[:, 0], place[:, 2]], 1)
    low, high = local.min(0), local.max(0)
    outside = np.maximum(np.abs(local - (low + high) / 2) - (high - low) / 2, 0).max()
    assert outside < 1e-9
    faces = np.stack([np.abs(np.abs(local[:, 0]) - 2.0), np.abs(np.abs(local[:, 1]) - 0.9)], 1)
    top = np.abs(local[:, 2] - local[:, 2].max())
    assert np.minimum(faces.min(1), top).max() < 1e-3
    # The stage is where it was.
    fresh = Stage(builder.build(), stage.timeline, air(), ego)
    fresh.at(NOW)
    np.testing.assert_array_equal(stage.posed.pose, fresh.posed.pose)
    np.testing.assert_array_equal(stage.posed.normal, fresh.posed.normal)
    rays = np.random.default_rng(0).normal(size=(2000, 3))
    for ours, theirs in zip(stage.rays.closest_hit([0, 0, 2], rays), fresh.rays.closest_hit([0, 0, 2], rays)):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.usefixtures("without_noise")
def test_normals_are_those_at_the_time_of_each_point() -> None:
    """A plate that spins shows its reflectance times the cosine that it has when it is met."""
    builder = ground()
    ego = with_ego(builder)
    plate = builder.add_object(
        thing("barrier", (0.02, 6.0, 3.0), Material("plate", reflectance_905=0.5, roughness=0.0)),
        ORIGIN + [8.0, 0, 0],
        moving=True,
    )
    rate = 8.0
    frame = sweep(builder, ego, turn={plate: rate})
    on = (frame.object == plate) & (frame.intensity > 0.02)
    assert on.sum() > 500
    angle = rate * (NOW + frame.time_offset_ns[on]) * 1e-9
    toward = frame.points[on] / np.linalg.norm(frame.points[on], axis=1, keepdims=True)
    cosine = np.abs(toward[:, 0] * np.cos(angle) + toward[:, 1] * np.sin(angle))
    share = frame.intensity[on] / cosine
    assert np.quantile(np.abs(share / np.median(share) - 1), 0.9) < 0.15
    assert np.ptp(cosine) > 0.1


def test_timelines_that_record_moving_objects_only() -> None:
    """The same sweep whether a timeline holds all objects, or the moving ones and the others' rest."""
    builder = ground()
    builder.add_object(thing("barrier", (0.3, 3, 1)), ORIGIN + [8.0, 3, 0])
    ego = with_ego(builder)
    other = builder.add_object(car(), ORIGIN + [15.0, -3, 0], moving=True)
    scene = builder.build()
    for velocity in ({ego: (20.0, 1, 0), other: (-9.0, 0, 0)}, {other: (-9.0, 0, 0)}, {ego: (5.0, 0, 0)}, {}):
        full = drive(builder, velocity)
        rows = np.array(sorted(velocity), np.int64)
        channels = ("position", "rpy", "velocity", "travel_m", "steer_rad", "gait_rad", "lamps")
        few = Timeline(full.times_ns, *(getattr(full, name)[:, rows] for name in channels), rows, full.at(0))
        ours, theirs = (
            Lidar(z_m=1.73).sense(Stage(scene, timeline, air(), ego), NOW, 1, "standard") for timeline in (full, few)
        )
        np.testing.assert_allclose(theirs.points, ours.points, atol=1e-6)
        np.testing.assert_allclose(theirs.world_SE3_lidar, ours.world_SE3_lidar)


def test_empty_world_gives_no_points() -> None:
    builder = SceneBuilder(ORIGIN)
    frame = sweep(builder, with_ego(builder))
    assert len(frame.points) == 0
    assert frame.points.dtype == np.float32
    assert frame.points.shape == (0, 3)


def test_threads_and_seeds() -> None:
    builder = ground()
    ego = with_ego(builder)
    target = builder.add_object(car(), ORIGIN + [12.0, 2, 0], moving=True)
    timeline, scene = drive(builder, {target: (5, 0, 0)}), builder.build()
    frames = [
        Lidar().sense(Stage(scene, timeline, air(snow_mm_h=1.0), ego, threads), NOW, seed, "standard")
        for threads, seed in ((1, 7), (2, 7), (2, 8))
    ]
    for name in LidarFrame.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(frames[0], name), getattr(frames[1], name))
    assert len(frames[0].range_m) != len(frames[2].range_m) or np.any(frames[0].range_m != frames[2].range_m)


# ---- radiometry ------------------------------------------------------------------------------------------------


def wall_fraction(model: str, distance: float, reflectance: float, **weather) -> float:
    """Part of the beams towards a wall at this distance that detect it."""
    lidar = load_lidar(model)
    builder = SceneBuilder(ORIGIN)
    material = Material("wall", reflectance_905=reflectance, roughness=1.0)
    builder.add_mesh(box((0.2, 4.0, 60.0), (distance + 0.1, 0, 1.73)), (material,), "wall")
    frame = sweep(builder, with_ego(builder), model=model, **weather)
    turn = lidar.sweep(lidar.rotation_hz)
    near = np.abs(turn.direction[:, 1] / turn.direction[:, 0]) < 2.0 / distance
    near &= (np.abs(turn.direction[:, 2]) < 0.08) & (turn.direction[:, 0] > 0)
    hit = (frame.semantic == class_id("wall")) & (np.abs(frame.points[:, 2] / frame.range_m) < 0.08)
    return float(hit.sum() / near.sum())


@pytest.mark.parametrize(
    ("model", "reflectance", "reach"),
    [("velodyne_hdl64e_s2", 0.1, 50), ("ouster_os1_128", 0.1, 45), ("ouster_os1_128", 0.8, 100)],
)
def test_reach_of_the_data_sheet(model: str, reflectance: float, reach: float) -> None:
    assert wall_fraction(model, 0.88 * reach, reflectance) > 0.95
    assert wall_fraction(model, 1.15 * reach, reflectance) < 0.1


def test_hdl64_sees_bright_targets_to_its_gate() -> None:
    lidar = load_lidar("velodyne_hdl64e_s2")
    assert lidar.reach_m(0.1) == pytest.approx(50, abs=0.01)
    assert lidar.reach_m(0.8) == pytest.approx(120, abs=0.01)
    assert wall_fraction("velodyne_hdl64e_s2", 117, 1.0) > 0.7
    assert wall_fraction("velodyne_hdl64e_s2", 121, 1.0) < 0.35  # noise alone brings some inside the gate


def intensities(material: Material, distance: float = 8.0, **weather) -> np.ndarray:
    """Intensity x 255 of the points of a small wall straight ahead."""
    builder = SceneBuilder(ORIGIN)
    builder.add_mesh(box((0.2, 0.5, 0.5), (distance + 0.1, 0, 1.73)), (material,), "wall")
    frame = sweep(builder, with_ego(builder), **weather)
    return frame.intensity[frame.semantic == class_id("wall")] * 255


def test_intensity_is_calibrated_reflectance() -> None:
    for rho in (0.1, 0.4, 0.9):
        values = intensities(Material("diffuse", reflectance_905=rho, roughness=1.0))
        assert np.median(values) == pytest.approx(100 * rho, abs=1.5)
    retro = intensities(Material("sheeting", reflectance_905=0.3, retro_cd_lx_m2=70.0))
    assert np.all(retro > 200)
    red = intensities(Material("red paint", (0.5, 0.02, 0.02), roughness=1.0))
    blue = intensities(Material("blue paint", (0.02, 0.02, 0.1), roughness=1.0))
    assert np.median(red) > 50 > 20 > np.median(blue)


def test_raw_intensities_are_as_in_kitti() -> None:
    """Medians in three sweeps of KITTI: ground 0.25 to 0.33 up to 20 m, plants 0.30 to 0.39; far, 0.13 to 0.18."""
    lidar = load_lidar("velodyne_hdl64e_s2")
    ring = np.tile(np.arange(64, dtype=np.uint16), 400)

    def reported(reflectance: float, range_m: float) -> np.ndarray:
        value = np.full(len(ring), reflectance * 100 / 255, np.float32)
        return lidar.raw_intensity(value, np.full(len(ring), range_m, np.float32), ring, 5)

    road, plants, far, last = reported(0.11, 10.0), reported(0.35, 10.0), reported(0.10, 36.0), reported(0.10, 47.0)
    assert 0.25 < np.median(road) < 0.33 < np.median(plants) < 0.39
    assert 0.05 < np.median(far) < 0.2 and (far == 0).mean() < 0.3 < (last == 0).mean() and (road == 0).mean() < 0.01
    assert np.quantile(road, 0.1) == pytest.approx(0.2, abs=0.04)
    np.testing.assert_allclose(road * 100, np.rint(road * 100), atol=1e-4)
    with pytest.raises(InputError, match="HDL-32E"):
        load_lidar("velodyne_hdl32e").raw_intensity(road, road, ring, 5)


def test_wet_surfaces_darken() -> None:
    """Ångström / Lekner and Dorf at normal incidence: 0.10 -> 0.054, 0.30 -> 0.181."""
    for dry, wet in ((0.10, 0.054), (0.30, 0.181)):
        material = Material("asphalt", reflectance_905=dry, roughness=1.0, surface=Surface.ASPHALT)
        values = intensities(material, water_film_m=1.2e-3)
        assert np.median(values) == pytest.approx(100 * wet, abs=0.6)


def test_wet_roads_are_seen_less_far_and_snow_farther() -> None:
    def reach(**weather) -> float:
        builder = ground(0.25, Surface.ASPHALT)
        frame = sweep(builder, with_ego(builder), **weather)
        return float(np.quantile(frame.range_m[frame.semantic == class_id("road")], 0.999))

    dry, wet, snow = reach(), reach(water_film_m=1.2e-3), reach(snow_depth_m=0.05)
    assert wet < 0.75 * dry < dry < snow


def test_points_behind_glass() -> None:
    builder = SceneBuilder(ORIGIN)
    pane = Material("glass", (0.1, 0.1, 0.1), roughness=0.05, transmission=0.8)
    builder.add_mesh(box((0.01, 2, 2), (6, 0, 1.73)), (pane,), "building")
    builder.add_mesh(box((0.2, 2, 2), (8, 0, 1.73)), (GREY,), "wall")
    frame = sweep(builder, with_ego(builder))
    behind = frame.semantic == class_id("wall")
    assert behind.sum() > 200
    # two faces of the pane, there and back
    assert np.median(frame.intensity[behind] * 255) == pytest.approx(30 * 0.8**4, abs=1.0)


def test_points_through_holes_of_a_texture() -> None:
    from simulator.scene import Texture
    from simulator.scene.mesh import Mesh

    rgba = np.full((64, 64, 4), 255, np.uint8)
    rgba[:, :32, 3] = 0  # the left half is open
    leaves = Material("net", texture=Texture("net", rgba, cutout=True), reflectance_905=0.5)
    corners = [[6, 1, 1], [6, -1, 1], [6, -1, 2.4], [6, 1, 2.4]]
    sheet = Mesh.of(corners, [[0, 1, 2], [0, 2, 3]], [[0, 0], [1, 0], [1, 1], [0, 1]])
    builder = SceneBuilder(ORIGIN)
    builder.add_mesh(sheet, (leaves,), "fence")
    builder.add_mesh(box((0.2, 8, 8), (9, 0, 1.73)), (GREY,), "wall")
    frame = sweep(builder, with_ego(builder))
    fence, wall = frame.semantic == class_id("fence"), frame.semantic == class_id("wall")
    assert np.all(frame.points[fence, 1] < 0.02)
    left = (frame.points[wall, 1] > 0.1) & (frame.points[wall, 1] < 1.2) & (np.abs(frame.points[wall, 2]) < 0.8)
    assert left.sum() > 100


# ---- weather ---------------------------------------------------------------------------------------------------


def test_weather_classes_are_those_of_the_taxonomy() -> None:
    named = tuple(class_id(name) for name in ("rain", "snow", "fog", "plume"))
    assert named == (RAIN_CLASS, SNOW_CLASS, FOG_CLASS, PLUME_CLASS)


def test_fog_hides_far_targets_and_leaves_an_echo_nearby() -> None:
    dark = {v: wall_fraction("velodyne_hdl64e_s2", 25, 0.1, visibility_m=v) for v in (20_000, 200, 50)}
    assert dark[20_000] > 0.99 and dark[200] > 0.9 and dark[50] < 0.05
    builder = ground()
    frame = sweep(builder, with_ego(builder), visibility_m=40.0)
    fog = frame.semantic == FOG_CLASS
    assert fog.sum() > 10_000
    assert np.all(frame.object[fog] == 0)
    assert np.all(frame.range_m[fog] < 12)
    clear = ~fog
    assert frame.range_m[clear].max() < 25  # as in a fog chamber: nothing beyond about 25 m at 40 m visibility


def test_above_shallow_fog_a_lidar_sees_what_deep_fog_hides() -> None:
    """A tall wall 40 m ahead: Ouster's beams up to 22 deg climb out of a ground fog of 2 m, not out of one of 300 m."""
    seen = {}
    for depth in (2.0, 300.0):
        builder = ground()
        wall = Material("wall", reflectance_905=0.5, roughness=1.0)
        builder.add_mesh(box((0.2, 60.0, 60.0), (40.1, 0, 30)), (wall,), "wall")
        frame = sweep(builder, with_ego(builder), model="ouster_os1_128", visibility_m=25.0, fog_depth_m=depth)
        on_wall = frame.semantic == class_id("wall")
        seen[depth] = frame.points[on_wall, 2], frame.intensity[on_wall], (frame.semantic == FOG_CLASS).sum()
    low, high = seen[2.0][0] < 0.0, seen[2.0][0] > 8.0
    assert high.sum() > 1000 > 50 > low.sum()
    assert len(seen[300.0][0]) < 50
    assert seen[2.0][2] < 0.9 * seen[300.0][2]  # nor does it send so much light back
    # What is left of the light both ways, by quadrature along the climb to 10 m above the sensor.
    alpha = np.log(20) / 25 * np.exp(-1.73 / 2)
    up = (seen[2.0][0] > 9.5) & (seen[2.0][0] < 10.5)
    climb = np.linspace(0, 10, 1001)
    depth = alpha * np.trapezoid(np.exp(-climb / 2), climb) * np.hypot(40, 10) / 10
    cosine = 40 / np.hypot(40, 10)
    clear = 100 * 0.5 * cosine / 255
    assert seen[2.0][1][up].mean() == pytest.approx(clear * np.exp(-2 * depth), rel=0.1)


@pytest.mark.parametrize(("weather", "name"), [({"snow_mm_h": 2.0}, "snow"), ({"rain_mm_h": 80.0}, "rain")])
def test_drops_and_flakes_near_the_sensor(weather: dict[str, float], name: str) -> None:
    builder = ground()
    frame = sweep(builder, with_ego(builder), **weather)
    falling = frame.semantic == class_id(name)
    assert falling.sum() > (1000 if name == "snow" else 5)
    assert np.all(frame.object[falling] == 0)
    assert np.quantile(frame.range_m[falling], 0.95) < 20
    assert np.median(frame.intensity[falling]) < 0.3


# ---- against real data -----------------------------------------------------------------------------------------


@needs_material
def test_sweep_looks_like_kitti() -> None:
    """Points per sweep, azimuth step and how far a road is seen, against three real sweeps."""
    real = json.loads((MATERIAL / "real" / "stats_real.json").read_text())["lidar"]
    kitti = [row for name, row in real.items() if name.startswith("kitti")]
    builder = ground(0.25)
    for side in (-1, 1):  # a street: facades and a few parked boxes
        builder.add_mesh(box((160, 1, 9), (0, side * 12, 4.5)), (GREY,), "building")
    for x in range(-40, 41, 10):
        builder.add_object(thing("car", (4, 1.8, 1.5)), ORIGIN + [x + 3.0, 5, 0])
    frame = sweep(builder, with_ego(builder))
    assert 0.85 * min(r["points"] for r in kitti) < len(frame.points) < 1.15 * max(r["points"] for r in kitti)
    one = frame.ring == 30
    azimuth = np.degrees(np.unwrap(np.arctan2(frame.points[one, 1], frame.points[one, 0])))
    assert np.median(np.abs(np.diff(azimuth))) == pytest.approx(0.18, abs=0.012)
    bins = np.array(kitti[0]["range_bins"], float)
    ours = np.histogram(frame.range_m, bins)[0] / len(frame.range_m)
    theirs = np.array([row["range_frac"] for row in kitti])
    near = bins[1:] <= 15
    assert theirs[:, near].sum(1).min() - 0.1 < ours[near].sum() < theirs[:, near].sum(1).max() + 0.1


def test_model_with_body_of_many_parts() -> None:
    """Points carry the id and class of the object whatever part is hit."""
    builder = ground()
    ego = with_ego(builder)
    model = Model("van", (Body(box((2, 2, 1), (0, 0, 0.5)), (GREY,)), Body(box((1, 1, 1), (0, 0, 1.5)), (GREY,))))
    van = builder.add_object(model, ORIGIN + [8.0, 0, 0])
    frame = sweep(builder, ego)
    on = frame.object == van
    assert on.sum() > 300
    assert set(frame.semantic[on]) == {class_id("van")}
    local = se3.apply(frame.world_SE3_lidar, frame.points[on]) - ORIGIN - [8, 0, 0]
    assert np.all(np.abs(local[:, :2]) < 1.09)
    assert np.all((local[:, 2] > -0.09) & (local[:, 2] < 2.09))
