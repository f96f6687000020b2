"""Lens and shutter against what optics and kinematics say: MTF, falloff, colour, ghosts, blur, skew, JPEG."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_camera import SMALL, car, weather

from simulator.scene import Atmosphere, Material, SceneBuilder, Timeline
from simulator.scene.mesh import box
from simulator.scene.model import Body, Model
from simulator.sensors.camera import Camera
from simulator.sensors.optics import CameraModel
from simulator.sensors.shading import film, precipitation
from simulator.sensors.shading.canvas import Picture
from simulator.sensors.shading.lens import GHOSTS, falloff, through_lens
from simulator.sensors.shading.mips import SRGB_TO_LINEAR
from simulator.sensors.shading.motion import image_velocity, in_motion
from simulator.sensors.shading.picture import take_picture
from simulator.sensors.sky import make_sky, white_lx
from simulator.sensors.sky_models import RGB_FROM_XYZ
from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]
LENS = CameraModel.of(400, 240, [[300, 0, 199.5], [0, 300, 119.5], [0, 0, 1]])


def test_corners_get_the_fourth_power_of_the_cosine() -> None:
    share = falloff(LENS, 4.0)
    for x, y in ((0, 0), (399, 0), (200, 120), (37, 201)):
        angle = math.atan(math.hypot(x - 199.5, y - 119.5) / 300)
        assert share[y, x] == pytest.approx(math.cos(angle) ** 4, rel=1e-5)
    np.testing.assert_allclose(falloff(LENS, 0.0), 1.0)


@pytest.mark.parametrize("blur_px", [0.5, 0.8, 1.5])
def test_contrast_of_fine_lines_is_that_of_the_modulation_transfer_function(blur_px: float) -> None:
    for frequency in (0.05, 0.15, 0.25):
        wave = np.cos(2 * np.pi * frequency * np.arange(400))
        light = np.broadcast_to((100 + 50 * wave)[None, :, None], (240, 400, 3)).astype(np.float32)
        seen = through_lens(light, LENS, blur_px, 0.0, 1e9)[120, 50:350, 1]
        contrast = 2 * abs(np.mean((seen - 100) * np.exp(2j * np.pi * frequency * np.arange(50, 350)))) / 50
        assert contrast == pytest.approx(
            math.exp(-2 * (np.pi * blur_px * frequency) ** 2), abs=0.06 if blur_px < 0.6 else 0.02
        )


def test_red_and_blue_part_toward_the_corners_only() -> None:
    rows, columns = np.mgrid[:240, :400]
    spots = sum(np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 8) for y, x in ((20, 380), (120, 200)))
    light = np.asarray(spots[..., None] * np.ones(3), np.float32)
    seen = through_lens(light, LENS, 0.0, 4.0, 1e9).astype(np.float64)

    def place(window: tuple[slice, slice], k: int) -> NDArray[np.float64]:
        part = seen[(*window, k)]
        rows, columns = np.mgrid[window]
        return np.array([(columns * part).sum(), (rows * part).sum()]) / part.sum()

    corner, middle = (slice(10, 31), slice(370, 391)), (slice(110, 131), slice(190, 211))
    apart = place(corner, 0) - place(corner, 2)
    reach = math.hypot(400 - 199.5, 240 - 119.5)
    outward = np.array([380 - 199.5, 20 - 119.5])
    np.testing.assert_allclose(apart, 4 * outward / reach, atol=0.12)  # four pixels at the far corner, in proportion
    assert np.abs(place(middle, 0) - place(middle, 2)).max() < 0.1


def test_ghosts_lie_on_the_line_through_the_middle_and_hold_little_light() -> None:
    light = np.zeros((240, 400, 3), np.float32)
    light[68:72, 268:272] = 1e6
    ghost = through_lens(light, LENS, 0.0, 0.0, 1.0) - light
    assert ghost.sum() == pytest.approx(light.sum() * 0.005**2 * np.sum([tint for *_, tint in GHOSTS]) / 3, rel=0.15)
    scale = GHOSTS[0][0]
    x, y = 199.5 + scale * 70, 119.5 + scale * -50
    assert ghost[round(y), round(x)].min() > 0
    assert ghost[70, 130].max() == 0  # beside that line there is nothing
    dim = np.full((240, 400, 3), 100.0, np.float32)
    np.testing.assert_array_equal(through_lens(dim, LENS, 0.0, 0.0, 1.0), dim)


def passing(speed_mps: float, ego_mps: float = 0.0) -> tuple[Stage, Camera]:
    """A white board, 10 m ahead of a still black wall's front, moves to the left across the view."""
    builder = SceneBuilder((0.0, 0.0, 0.0))
    wall = Material("wall", (0.02, 0.02, 0.02))
    builder.add_mesh(box((1, 200, 60), (30, 0, 0)), (wall,), "building")
    ego = builder.add_object(car(), (0, 0, 0), name="ego", moving=True)
    board = Model("car", (Body(box((0.1, 2.0, 8.0)), (Material("board", (0.9, 0.9, 0.9)),)),))
    builder.add_object(board, (11.1 + 10.05, 0.0, 1.65), moving=True)
    scene = builder.build()
    positions, rpy = builder.initial_poses()
    velocity = np.zeros_like(positions)
    velocity[2, 1], velocity[1, 0] = speed_mps, ego_mps
    times = np.array([0, 1_000_000_000])
    zeros, both = np.zeros((2, len(positions))), np.stack([positions - velocity / 2, positions + velocity / 2])
    timeline = Timeline(
        times, both, np.stack([rpy, rpy]), np.stack([velocity] * 2), zeros, zeros, zeros, zeros.astype(np.uint32)
    )
    camera = Camera(**{**SMALL, "fx": 200.0, "fy": 200.0, "cy": 23.5, "x_m": 11.1})
    return Stage(scene, timeline, weather(50), ego), camera


def at_the_middle(stage: Stage, camera: Camera, exposure_s: float, line_s: float) -> tuple[Picture, Picture]:
    """The picture at an instant, and the same in motion."""
    now = 500_000_000
    stage.at(now)
    local_SE3_camera = stage.world_SE3_ego() @ camera.ego_SE3_sensor
    picture, _ = take_picture(stage, camera.model, local_SE3_camera, 1, "preview")
    span = max(exposure_s, line_s * camera.height)
    velocity = image_velocity(stage, picture, camera.model, camera.ego_SE3_sensor, now, span)
    return picture, in_motion(picture, velocity, exposure_s, line_s, None)


def test_an_edge_is_blurred_over_the_way_of_the_exposure() -> None:
    """A board at 10 m, 24 m/s, 20 ms, 200 px focal length: its edges are ramps of 200 * 24 * 0.02 / 10 px."""
    stage, camera = passing(24.0)
    still, moving = at_the_middle(stage, camera, 0.020, 0.0)
    board = still.radiance[24, :, 1].astype(np.float64)
    seen = moving.radiance[24, :, 1].astype(np.float64)
    covered = (seen - board[5]) / (board[80] - board[5])
    width = 200 * 24.0 * 0.020 / 10
    assert covered.sum() == pytest.approx(((board - board[5]) / (board[80] - board[5])).sum(), rel=0.02)
    left = covered[40:80]
    assert ((left > 0.04) & (left < 0.96)).sum() == pytest.approx(width, abs=1.6)
    slope = np.polyfit(np.arange(40)[(left > 0.2) & (left < 0.8)], left[(left > 0.2) & (left < 0.8)], 1)[0]
    assert slope == pytest.approx(1 / width, rel=0.1)
    np.testing.assert_array_equal(still.instance, moving.instance)  # labels are those of the middle of the exposure


def test_a_rolling_shutter_skews_by_speed_and_line_time() -> None:
    stage, camera = passing(12.0)
    line_s = 400e-6
    still, rolled = at_the_middle(stage, camera, 0.0, line_s)
    px_s = -200 * 12.0 / 10  # to the left of the picture
    upright = [np.flatnonzero(row == row[80])[0] for row in still.instance]
    skewed = [np.flatnonzero(row == row[80])[0] for row in rolled.instance]
    slope = np.polyfit(np.arange(len(skewed)), np.subtract(skewed, upright), 1)[0]
    assert slope == pytest.approx(px_s * line_s, abs=0.01)
    first = rolled.radiance[..., 1].argmax(1)  # light moves with the labels
    assert np.abs(rolled.radiance[5, skewed[5] + 2, 1] - still.radiance[5, upright[5] + 2, 1]) < 1.0
    assert first.min() > 0


def test_motion_of_the_camera_follows_the_depth() -> None:
    """Driving ahead, a point moves away from the middle by f X v / Z^2; what stands far off hardly moves."""
    stage, camera = passing(0.0, ego_mps=20.0)
    stage.at(500_000_000)
    local_SE3_camera = stage.world_SE3_ego() @ camera.ego_SE3_sensor
    picture, _ = take_picture(stage, camera.model, local_SE3_camera, 1, "preview")
    velocity = image_velocity(stage, picture, camera.model, camera.ego_SE3_sensor, 500_000_000, 0.01)
    for row, column in ((24, 20), (40, 150), (10, 85)):
        z = float(picture.depth[row, column])
        expected = np.array([column - 79.5, row - 23.5]) * 20.0 / z
        np.testing.assert_allclose(velocity[row, column, :2], expected, rtol=0.02, atol=0.05)
        assert velocity[row, column, 2] == pytest.approx(-20.0, rel=0.01)


def test_standing_things_are_neither_blurred_nor_skewed() -> None:
    stage, camera = passing(0.0)
    still, same = at_the_middle(stage, camera, 0.02, 1e-4)
    assert same is still


def test_jpeg_keeps_what_the_eye_sees() -> None:
    rng = np.random.default_rng(1)
    smooth = np.clip(
        128 + 60 * np.sin(np.arange(160) / 9)[None, :, None] + rng.normal(0, 3, (96, 160, 1)) + np.zeros(3), 0, 255
    )
    picture = smooth.astype(np.uint8)
    error = [np.abs(film.jpeg_coded(picture, quality).astype(float) - picture).mean() for quality in (30, 95)]
    assert error[1] < 2.0 < error[0] < 6.0


@pytest.mark.parametrize(("sun_deg", "cloud_oktas", "visibility_m"), [(8, 2, 80), (30, 4, 300), (50, 6, 900)])
def test_pictures_of_fog_have_a_hue_of_daylight(sun_deg: float, cloud_oktas: float, visibility_m: float) -> None:
    """Never violet or green: within 0.002 of the locus of daylight (CIE 15) in the diagram of 1960, in every drive."""
    up = math.radians(sun_deg)
    fog = Atmosphere(np.array([math.cos(up), 0.0, math.sin(up)]), up, cloud_oktas=cloud_oktas)
    fog = replace(fog, visibility_m=visibility_m)
    sky = make_sky(fog)
    light = np.tile(sky.airlight.mean(0), (16, 16, 1))
    kelvin = np.arange(4000.0, 25_000.0, 25.0)
    warm = -4.6070e9 / kelvin**3 + 2.9678e6 / kelvin**2 + 99.11 / kelvin + 0.244063
    x = np.where(kelvin <= 7000, warm, -2.0064e9 / kelvin**3 + 1.9018e6 / kelvin**2 + 247.48 / kelvin + 0.237040)
    y = -3 * x**2 + 2.87 * x - 0.275
    locus = np.stack([4 * x, 6 * y], 1) / (-2 * x + 12 * y + 3)[:, None]
    for seed in range(60):
        believed = white_lx(sky, fog) * film.misjudged(seed)
        exposure = film.meter(light, believed, 0.36, 1.8, 0.02, 6400.0)
        rgb = film.picture_of(light, np.ones((16, 16), np.float32), exposure, 1e6, 0.0, seed, 1)
        xyz = np.linalg.solve(RGB_FROM_XYZ, SRGB_TO_LINEAR[rgb].mean((0, 1)))
        uv = np.array([4 * xyz[0], 6 * xyz[1]]) / (xyz @ [1, 15, 3])
        assert np.linalg.norm(locus - uv, axis=1).min() < 0.002, (seed, rgb.mean((0, 1)))


def test_street_lamps_by_night_look_as_warm_as_in_photographs() -> None:
    """Pavements and walls in pictures from vehicles in Zurich and New York have 1.1 to 1.3 as much red as green, 0.55
    to 0.85 as much blue; lamps of 3000 K have 2.09 and 0.32 (black body in linear sRGB).
    """
    pavement = np.full((60, 90, 3), 0.5) * [2.09, 1.0, 0.32]
    seen = film.lamp_balance(pavement, np.ones((60, 90))) * [2.09, 1.0, 0.32]
    assert 1.1 < seen[0] < 1.3 and 0.55 < seen[2] < 0.85


def test_denoising_leaves_no_single_pixels_far_off() -> None:
    exposure = film.Exposure(1.0, 0.02, 6400.0, (1.0, 1.0, 1.0))
    scene, edge = np.full((200, 200, 3), 0.03, np.float32), np.ones((200, 200), np.float32)
    grey = film.picture_of(scene, edge, exposure, 30_000.0, 3.0, 3, 1).astype(float).mean(-1)[8:-8, 8:-8]
    usual = np.median(np.abs(grey - np.median(grey))) / 0.6745
    assert np.mean(np.abs(grey - np.median(grey)) > 4 * usual) < 0.003


def test_streaks_of_rain_are_as_long_as_speed_and_exposure_make_them() -> None:
    """At 30 m/s drops come nearer by 30 cm in 10 ms and fall by their speed (Atlas et al., 1973)."""
    wet = Atmosphere(np.array([0.0, 0.0, 1.0]), math.pi / 2, rain_mm_h=20.0)
    east = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 1.5], [0, 0, 0, 1]])
    snapshot = SimpleNamespace(velocity=np.array([[30.0, 0.0, 0.0]]))
    stage = SimpleNamespace(atmosphere=wet, snapshot=snapshot, ego=0)
    transport: Any = SimpleNamespace(stage=stage, sky=make_sky(wet), lamps=SimpleNamespace(dark=True))
    kind, rng = precipitation.kinds_of(wet)[0], np.random.default_rng(5)
    heads, tails, widths, _ = precipitation._seen_particles(kind, transport, LENS, east, 0.01, rng)
    z = heads[:, 2].astype(float)
    right, down = (heads[:, 0] - 199.5) / 300 * z, (heads[:, 1] - 119.5) / 300 * z
    fall = 9.65 - 10.3 * np.exp(-0.6 * widths / 300 * z * 1000)
    after, near = z - 0.3, (z > 0.6) & (fall > 0.5)
    lower = down + 0.01 * fall
    expected = np.stack([300 * right / after + 199.5, 300 * lower / after + 119.5, after], 1)
    assert near.sum() > 200
    np.testing.assert_allclose(tails[near], expected[near], rtol=1e-3, atol=0.05)
