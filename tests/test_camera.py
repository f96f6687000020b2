"""The camera as a sensor: labels from hits, determinism, exposure, textures, precipitation, film."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.numerics import se3
from simulator.scene import Atmosphere, Lamp, Material, Model, SceneBuilder, Switch, Texture, Timeline
from simulator.scene.classes import class_id
from simulator.scene.material import Beam
from simulator.scene.mesh import box, cylinder, grid
from simulator.scene.model import Body
from simulator.scene.noise import spectral_noise
from simulator.sensors.camera import Camera, CameraFrame
from simulator.sensors.optics import CameraModel
from simulator.sensors.shading import film, transport
from simulator.sensors.shading import precipitation as rain
from simulator.sensors.shading.glare import add_glare, add_streaks, veil_beside
from simulator.sensors.shading.mips import SRGB_TO_LINEAR, mip_chain
from simulator.sensors.shading.surface import POINT_DTYPE, ground_of, surfaces
from simulator.sensors.stage import EGO, SEEN, Stage

WINDOW = Material("window", (0.02, 0.02, 0.02), roughness=0.05, transmission=0.7)
PAINT = Material("paint", (0.4, 0.05, 0.05), roughness=0.4, clearcoat=1.0)
TYRE = Material("tyre", (0.03, 0.03, 0.03))
SMALL = {"width": 160, "height": 48, "fx": 93.0, "fy": 93.0, "cx": 79.5, "cy": 22.0, "x_m": 1.1, "z_m": 1.65}


def car() -> Model:
    body = Body(box((4.2, 1.7, 0.6), (1.3, 0, 0.6)), (PAINT,))
    cabin = Body(box((2.0, 1.5, 0.5), (1.0, 0, 1.15)), (WINDOW,))
    seat = Body(box((0.5, 1.2, 0.4), (1.0, 0, 1.1)), (TYRE,))
    return Model("car", (body, cabin, seat), wheelbase_m=2.7)


def street(atmosphere: Atmosphere, threads: int | None = None, lamps: bool = False) -> Stage:
    builder = SceneBuilder((500.0, -200.0, 30.0))
    ground = Material("ground", (0.15, 0.15, 0.15))
    builder.add_mesh(box((400, 8, 0.2), (150, 0, -0.1)), (ground,), "road")
    builder.add_mesh(box((400, 400, 0.2), (150, 0, -0.15)), (Material("grass", (0.05, 0.1, 0.03)),), "terrain")
    builder.add_mesh(box((30, 10, 9), (40, 14, 4.5)), (Material("wall", (0.5, 0.45, 0.4)),), "building")
    builder.add_mesh(cylinder(0.1, 6.0), (Material("pole", (0.4, 0.4, 0.4)),), "pole", se3.pose((15, -5, 0)))
    at = np.array([500.0, -200.0, 30.0])
    ego = builder.add_object(car(), at + [0, -2, 0], name="ego", moving=True)
    builder.add_object(car(), at + [14, -2, 0], moving=True)
    builder.add_object(car(), at + [22, 2, 0], (0, 0, math.pi))
    if lamps:
        bulb = Body(box((0.4, 0.2, 0.1), (0, 0, 7.05)), (PAINT,))
        lamp = Lamp((0, 0, 6.9), (0, 0, -1), 4000.0, beam=Beam.STREET, switch=Switch.STREET)
        for x in (8.0, 30.0):
            builder.add_model(Model("pole", (bulb,), lamps=(lamp,)), at + [x, 5, 0])
        builder.zenith_mag = 18.0
    scene = builder.build()
    positions, rpy = builder.initial_poses()
    moving = np.array([thing.moving for thing in builder.objects])
    velocity = np.zeros((2, *positions.shape))
    velocity[:, moving, 0] = 10.0
    zeros = np.zeros((2, len(positions)))
    timeline = Timeline(
        np.array([0, 1_000_000_000]),
        np.stack([positions, positions + velocity[0]]),
        np.stack([rpy, rpy]),
        velocity,
        zeros,
        zeros,
        zeros,
        np.zeros((2, len(positions)), np.uint32),
    )
    return Stage(scene, timeline, atmosphere, ego, threads)


def still(builder: SceneBuilder, atmosphere: Atmosphere, ego: int) -> Stage:
    """Stage of a world where nothing moves."""
    positions, rpy = builder.initial_poses()
    none = np.zeros((1, len(positions)))
    switches = np.zeros((1, len(positions)), np.uint32)
    velocity = np.zeros((1, *positions.shape))
    timeline = Timeline(np.array([0]), positions[None], rpy[None], velocity, none, none, none, switches)
    return Stage(builder.build(), timeline, atmosphere, ego)


def weather(elevation_deg: float, **fields: object) -> Atmosphere:
    e = math.radians(elevation_deg)
    return Atmosphere(np.array([math.cos(e), 0.0, math.sin(e)]), e, **fields)  # type: ignore[arg-type]


def shot(stage: Stage, quality: str = "preview", time_ns: int = 0, **fields: object) -> CameraFrame:
    return Camera(**{**SMALL, **fields}).sense(stage, time_ns, 11, quality)


@pytest.mark.parametrize("quality", ["preview", "standard"])
def test_labels_are_those_of_the_rays_through_pixel_centres(quality: str) -> None:
    stage = street(weather(40))
    frame = shot(stage, quality, time_ns=100_000_000)
    local = frame.world_SE3_camera.copy()
    local[:3, 3] -= stage.scene.origin
    rays = frame.camera.rays().reshape(-1, 3).astype(np.float64)
    hits = stage.rays.closest_hit(
        local[:3, 3].astype(np.float32), (rays @ local[:3, :3].T).astype(np.float32), mask=SEEN
    )
    part = hits.part.reshape(frame.object.shape)
    seen = part >= 0
    scene = stage.scene
    objects = np.where(seen, scene.instance_object[part], 0)
    semantic = np.where(seen, scene.instance_class[part], class_id("sky"))
    depth = hits.t.reshape(seen.shape)  # the rays have z = 1
    same = np.isfinite(depth) & np.isfinite(frame.depth)
    assert np.mean(frame.object == objects) > 0.999 and np.mean(frame.semantic == semantic) > 0.999
    np.testing.assert_allclose(frame.depth[same], depth[same], rtol=2e-3)
    assert np.mean(np.isfinite(depth) == np.isfinite(frame.depth)) > 0.999
    assert {0, 2, 3} <= set(np.unique(frame.object)) and stage.ego not in frame.object


def test_a_window_belongs_to_its_object_and_shows_what_is_behind() -> None:
    stage = street(weather(40))
    frame = shot(stage, "standard", width=640, height=192, fx=372.0, fy=372.0, cx=319.5, cy=88.0)
    uv = frame.camera.project(
        se3.apply(se3.inverse(frame.world_SE3_camera), [[514.0 + 0.01, -202.0, 31.3], [514.01, -202.65, 31.3]])
    )
    (seat_column, row), (side_column, _) = np.rint(uv).astype(int)
    assert frame.object[row, seat_column] == 2 and frame.object[row, side_column] == 2
    assert frame.depth[row, seat_column] == pytest.approx(14.0 - 1.1, abs=0.05)  # the pane, not the seat


@pytest.mark.parametrize("fields", [{}, {"visibility_m": 90.0}, {"water_film_m": 1e-3, "cloud_oktas": 8.0}])
def test_one_pass_and_waves_show_the_same(monkeypatch: pytest.MonkeyPatch, fields: dict[str, float]) -> None:
    """Preview by day goes through the pixels once, eight at a time; the same quality in waves of records agrees."""
    stage = street(weather(30, **fields))
    once = shot(stage)
    monkeypatch.setitem(transport.QUALITIES, "preview", replace(transport.QUALITIES["preview"], quick=False))
    waves = shot(stage)
    assert np.mean(once.object == waves.object) > 0.999 and np.mean(once.semantic == waves.semantic) > 0.999
    np.testing.assert_allclose(np.minimum(once.depth, 500)[:20], np.minimum(waves.depth, 500)[:20], rtol=1e-4)
    error = np.abs(once.radiance - waves.radiance).max(2) / (waves.radiance.max(2) + 1e-3)
    # far away on a wet road the mirrored edges of what stands beside it fall on other pixels
    assert np.median(error) < 2e-3 and np.mean(error > 0.02) < (0.015 if "water_film_m" in fields else 0.01)


def test_wet_roads_mirror_broken_clouds_in_one_pass_as_in_waves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their edges may fall on other pixels: what counts is the light of squares of eight."""
    stage, means = street(weather(30, water_film_m=1e-3, cloud_oktas=4.0)), []
    for quick in (True, False):
        monkeypatch.setitem(transport.QUALITIES, "preview", replace(transport.QUALITIES["preview"], quick=quick))
        light = shot(stage).radiance.astype(np.float64)
        rows, columns = light.shape[0] // 8, light.shape[1] // 8
        means.append(light[: 8 * rows, : 8 * columns].reshape(rows, 8, columns, 8, 3).mean((1, 3)))
    error = np.abs(means[0] / means[1] - 1)
    assert np.mean(error > 0.02) < 0.08 and error.max() < 0.15 and abs(means[0].mean() / means[1].mean() - 1) < 2e-3


@pytest.mark.parametrize("quality", ["preview", "standard"])
@pytest.mark.parametrize("elevation", [-20.0, 40.0])
def test_equal_bytes_for_any_number_of_threads(quality: str, elevation: float) -> None:
    fields = {"rain_mm_h": 8.0, "water_film_m": 5e-4, "visibility_m": 800.0} if elevation < 0 else {}
    conditions = weather(elevation, street_lamps_on=elevation < 0, **fields)
    one, two = (shot(street(conditions, threads), quality) for threads in (1, 2))
    for name in ("rgb", "radiance", "depth", "object", "semantic"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name


def test_another_seed_is_other_noise_but_the_same_scene() -> None:
    stage = street(weather(40))
    one, two = (Camera(**SMALL).sense(stage, 0, seed, "preview") for seed in (1, 2))
    assert not np.array_equal(one.rgb, two.rgb) and np.array_equal(one.object, two.object)
    assert abs(one.rgb.mean() - two.rgb.mean()) < 1


def test_moving_objects_move_between_times_and_the_camera_with_the_ego() -> None:
    stage = street(weather(40))
    late = shot(stage, time_ns=500_000_000)
    assert late.world_SE3_camera[0, 3] == pytest.approx(500 + 5 + 1.1)
    again = shot(street(weather(40)), time_ns=500_000_000)
    assert np.array_equal(late.object, again.object)


def test_exposure_is_that_of_a_real_camera() -> None:
    noon, overcast = (shot(street(weather(55, cloud_oktas=o))).exposure for o in (1.0, 8.0))
    night = shot(street(weather(-30)))
    assert 12.5 < noon.ev100 < 15.5 and noon.iso == pytest.approx(100)
    assert 10 < overcast.ev100 < noon.ev100
    assert night.exposure.iso == pytest.approx(6400) and night.exposure.time_s == pytest.approx(0.02)
    assert night.rgb.mean() < 25  # an unlit night stays dark
    assert 60 < shot(street(weather(55))).rgb.mean() < 150


def test_masks_of_parts() -> None:
    stage = street(weather(40))
    masks = stage._masks()
    own = stage.scene.instance_object == stage.ego
    assert np.all(masks[own] & EGO) and not np.any(masks[own] & SEEN) and np.all(masks[~own] & SEEN)


def test_mip_levels_keep_linear_light_and_covered_area() -> None:
    rng = np.random.default_rng(1)
    rgba = rng.integers(0, 256, (64, 64, 4), np.uint8)
    rgba[..., 3] = np.where(spectral_noise(64, rng, slope=3.0) > 0.3, 255, 0)
    chain = mip_chain(Texture("plain", rgba))
    linear = SRGB_TO_LINEAR[rgba[..., :3]].mean((0, 1))
    np.testing.assert_allclose(SRGB_TO_LINEAR[chain[-1][0, 0, :3]], linear, atol=0.01)
    leaves = mip_chain(Texture("leaves", rgba, cutout=True))
    for level in leaves[:4]:
        assert np.mean(level[..., 3] >= 128) == pytest.approx(np.mean(rgba[..., 3] >= 128), abs=0.05)


def test_rain_has_the_number_and_speed_of_real_drops() -> None:
    """Marshall-Palmer at 10 mm/h: 8000 / 2.53 exp(-2.53 D) drops wider than D mm per m3."""
    kind = rain.kinds_of(weather(30, rain_mm_h=10.0))[0]
    places, sizes = rain.make_particles(kind, 700.0, 0.9, 0.3, np.random.default_rng(3))
    near = (places[:, 2] > 1.0) & (places[:, 2] < 3.0)
    volume = 4 * 0.9 * 0.3 * (27 - 1) / 3
    for diameter in (1.0e-3, 2.0e-3):
        expected = volume * 8000 / 2.53 * math.exp(-2.53 * diameter * 1e3)
        count = int(np.sum(near & (sizes > diameter)))
        assert count == pytest.approx(expected, abs=4 * math.sqrt(expected))
    speed = rain.fall_speed_mps(kind, np.array([1e-3, 2e-3, 4e-3], np.float32))
    np.testing.assert_allclose(speed, [4.0, 6.55, 8.72], atol=0.05)  # Atlas, Srivastava and Sekhon
    assert not rain.kinds_of(weather(30))


@pytest.mark.parametrize("spot_px", [1.0, 3.0])
def test_a_flake_covers_its_share_of_the_background(spot_px: float) -> None:
    """A particle at rest of area A px hides A pixels' worth of background, in focus or not."""
    radiance, gain = np.ones((21, 21, 3), np.float32), np.zeros((21, 21, 3), np.float32)
    depth = np.full((21, 21), np.inf, np.float32)
    depth[:, :3] = 1.0
    place = np.array([[10, 10, 2.0], [1, 10, 2.0]], np.float32)
    width = np.array([0.8, 0.8], np.float32)
    spot = np.full(2, spot_px, np.float32)
    rain.draw(
        0, 21, place, place, width, spot, np.zeros((2, 3), np.float32), np.zeros(2, np.float32), depth, radiance, gain
    )
    assert -gain[..., 0].sum() == pytest.approx(math.pi / 4 * 0.64, rel=0.2)
    assert not gain[:, :3].any()  # behind something nearer


def test_sensor_noise_is_that_of_photons_and_electronics() -> None:
    """EMVA 1288: variance of the electrons = mean + dark noise squared, and no pixel knows of its neighbour's."""
    mean_e, dark_e, full = 2000.0, 12.0, 10_000.0
    grey, edge = np.full((200, 300, 3), mean_e / full, np.float32), np.ones((200, 300), np.float32)
    exposure = film.Exposure(1.0, 0.01, 100.0, (1.0, 1.0, 1.0))
    raw = np.empty((200, 300), np.uint16)
    film.expose(0, 200, grey, edge, film.film_settings(exposure, full, dark_e), np.uint32(5), raw)
    step = float(film.RAW_MOST - film.BLACK) / exposure.headroom
    electrons = (raw.astype(np.float64) - film.BLACK) / step * full
    assert electrons.mean() == pytest.approx(mean_e, rel=0.002)
    assert electrons.std() == pytest.approx(math.sqrt(mean_e + dark_e**2), rel=0.02)
    assert abs(np.corrcoef(electrons[:, :-1].ravel(), electrons[:, 1:].ravel())[0, 1]) < 0.02


def rough_picture(scene: NDArray[np.float32], exposure: film.Exposure, seed: int) -> NDArray[np.float64]:
    """Codes without denoising."""
    settings, height = film.film_settings(exposure, 30_000.0, 3.0), len(scene)
    raw, signal = np.empty(scene.shape[:2], np.uint16), np.empty_like(scene)
    film.expose(0, height, scene, np.ones(scene.shape[:2], np.float32), settings, np.uint32(seed), raw)
    film.separate(0, height, film.demosaic(raw), settings, signal)
    return film.tone_curve(signal.astype(np.float64), exposure.top).astype(np.float64)


def test_denoising_takes_grain_and_colour_noise_but_keeps_edges_and_levels() -> None:
    """At ISO 6400 a grey scene with a step: flat parts get calm, the step stays where and as high as it is."""
    scene = np.full((120, 160, 3), 0.02, np.float32)
    scene[:, 80:] = 0.4
    exposure = film.Exposure(1.0, 0.02, 6400.0, (1.0, 1.0, 1.0))
    rough = rough_picture(scene, exposure, 3)
    edge = np.ones(scene.shape[:2], np.float32)
    calm = film.picture_of(scene, edge, exposure, 30_000.0, 3.0, 3, 1).astype(float)
    for part in (slice(10, 70), slice(90, 150)):
        assert calm[:, part].std() < 0.6 * rough[:, part].std()
        tint = calm[:, part, 0] - calm[:, part, 1]
        assert tint.std() < 0.5 * (rough[:, part, 0] - rough[:, part, 1]).std()
    expected = film.tone_curve(np.array([0.02, 0.4]), exposure.top)
    assert calm[:, :77].mean() == pytest.approx(expected[0], abs=2)
    assert calm[:, 83:].mean() == pytest.approx(expected[1], abs=2)
    assert calm[:, 78].mean() < expected[0] + 8 and calm[:, 81].mean() > expected[1] - 8


def test_thin_grey_lines_stay_grey_behind_the_colour_filters() -> None:
    """A slanted line 0.7 px wide behind a lens: a tenth of the false colour of OpenCV's edge-aware interpolation."""
    import cv2

    fine = 8
    y, x = np.mgrid[: 64 * fine, : 240 * fine] / fine
    line = np.where(np.abs(y - 20.0 - 0.07 * x) < 0.35, 30_000.0, 6_000.0)
    line = line.reshape(64, fine, 240, fine).mean((1, 3))
    raw = np.rint(cv2.GaussianBlur(line, (0, 0), 0.54)).astype(np.uint16)  # grey: alike behind all filters
    ours, theirs = film.demosaic(raw), cv2.cvtColor(raw, cv2.COLOR_BayerRGGB2RGB_EA).astype(np.float64)

    def false(rgb: np.ndarray) -> float:
        return float(np.sqrt(np.mean((rgb[4:-4, 4:-4, [0, 2]] - rgb[4:-4, 4:-4, 1:2]) ** 2)))

    assert false(ours) < 0.1 * false(theirs)
    assert np.abs(ours[4:-4, 4:-4] - raw[4:-4, 4:-4, None]).mean() < 0.1 * np.abs(theirs - raw[..., None]).mean()
    for row, column, colour in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):  # what a pixel has seen stays
        np.testing.assert_allclose(ours[row::2, column::2, colour], raw[row::2, column::2], atol=0.01)


def test_lamps_at_night_have_no_black_outlines() -> None:
    """Beside spots that saturate in one, two or all colours nothing is darker than the dark about them."""
    y, x = np.mgrid[:60, :90]
    dark, raw = 3000, np.full((60, 90), 3000, np.uint16)
    for top, left, size in ((10, 10, 1), (10, 30, 2), (11, 51, 3), (30, 20, 5), (31, 61, 8)):
        spot = (y >= top) & (y < top + size) & (x >= left) & (x < left + 2 * size)
        raw[spot & ((top != 31) | ((y % 2 == 0) & (x % 2 == 0)))] = film.RAW_MOST  # the last one is red
    found = film.demosaic(raw)
    assert found.min() >= dark - 1 and found.max() <= film.RAW_MOST
    np.testing.assert_allclose(found[:5], dark)


def test_every_colour_comes_back_from_behind_the_colour_filters() -> None:
    """Even colours survive mosaic, interpolation and colour matrix; what saturates is white, whatever the balance."""
    exposure = film.Exposure(1.0, 0.01, 100.0, (0.8, 1.0, 1.6))
    for color in ((0.5, 0.2, 0.1), (0.05, 0.3, 0.1), (0.1, 0.1, 0.5)):
        scene = np.full((64, 64, 3), np.float32(color) / exposure.balance, np.float32)
        seen = film.picture_of(scene, np.ones((64, 64), np.float32), exposure, 1e6, 0.0, 1, 1)[8:-8, 8:-8].mean((0, 1))
        np.testing.assert_allclose(seen, film.tone_curve(np.array(color), exposure.top), atol=1.5)
    lamp = np.full((64, 64, 3), 50.0, np.float32)
    assert film.picture_of(lamp, np.ones((64, 64), np.float32), exposure, 3e4, 3.0, 1, 1)[8:-8, 8:-8].min() == 255


def test_high_sensitivity_leaves_room_for_highlights() -> None:
    """Four and eight times saturation differ at night, where amplification leaves full well unused; not by day."""
    bright = np.array([1.0, 4.0, 8.0])
    day = film.tone_curve(bright, film.Exposure(1.0, 0.01, 100.0, (1, 1, 1)).headroom)
    night = film.tone_curve(bright, film.Exposure(1.0, 0.02, 6400.0, (1, 1, 1)).headroom)
    assert day[1] == day[2] == 255
    assert night[0] + 10 < night[1] and night[1] + 5 < night[2] < 250
    for headroom in (0.7, 1.25, 2.0, 24.0):
        codes = film.tone_curve(np.linspace(0.0, headroom, 500), headroom).astype(int)
        assert np.diff(codes).min() >= 0 and codes[-1] == 255
        if headroom > 1:  # middle grey stays where it is
            assert film.tone_curve(np.array([0.18]), headroom)[0] == film.tone_curve(np.array([0.18]))[0]


@pytest.mark.parametrize("daylight_lx", [0.0, 40.0, 500.0])
def test_in_tunnels_the_camera_balances_what_their_lamps_light(daylight_lx: float) -> None:
    """Grey walls under lamps of 4000 K come out less orange, whatever dusk comes in; in the open that counts."""
    lamps = np.float32([1.47, 0.906, 0.56])  # linear sRGB of the black body, of luminance 1
    walls = np.full((60, 90, 3), 30_000 / math.pi * 0.3, np.float32) * lamps
    dusk = daylight_lx * np.float32([0.75, 1.0, 1.6])
    red, green, blue = film.meter(walls, dusk, 0.4, 1.8, 0.02, 3200).balance
    assert red < 0.9 * green and blue > 1.2 * green
    if daylight_lx > 300:
        street = np.full((60, 90, 3), 0.1 * daylight_lx / math.pi, np.float32) * lamps
        red, green, blue = film.meter(street, dusk, 0.4, 1.8, 0.02, 3200).balance
        assert red > 1.1 * green and blue < 0.9 * green


def test_meter_brings_the_mean_to_its_target_within_limits() -> None:
    scene = np.random.default_rng(2).lognormal(3, 1.5, (60, 90, 3)).astype(np.float32)
    sun = np.full(3, 1e4, np.float32)
    free = film.meter(scene, sun, 0.4, 1.8, 0.02, 3200)
    assert film.meter(4 * scene, sun, 0.4, 1.8, 0.02, 3200).ev100 == pytest.approx(free.ev100 + 2, abs=0.01)
    dark = film.meter(scene * np.float32(1e-5), sun, 0.4, 1.8, 0.02, 3200)
    assert dark.ev100 == pytest.approx(math.log2(1.8**2 / 0.02) - 5, abs=0.01)


def test_the_exposure_follows_the_light_as_a_first_order_filter() -> None:
    dim, bright = (film.meter(np.full((60, 90, 3), v, np.float32), np.full(3, 1e4, np.float32), 0.4, 1.8, 0.02, 3200)
                   for v in (100.0, 1600.0))  # fmt: skip
    at_once = film.settled(dim, bright, film.SETTLING_S, 1.8, 0.02)
    assert at_once.ev100 - dim.ev100 == pytest.approx(4 * (1 - math.exp(-1)), abs=1e-3)
    halves = film.settled(film.settled(dim, bright, 0.3, 1.8, 0.02), bright, film.SETTLING_S - 0.3, 1.8, 0.02)
    assert halves.white_cd_m2 == pytest.approx(at_once.white_cd_m2)  # whatever the frame rate
    assert film.settled(dim, dim, 5.0, 1.8, 0.02) == dim and film.settled(dim, bright, 0.0, 1.8, 0.02) == dim
    assert film.settled(dim, bright, 30.0, 1.8, 0.02).ev100 == pytest.approx(bright.ev100)
    assert at_once.white_cd_m2 == pytest.approx(film.SATURATION * 1.8**2 / at_once.time_s * 100 / at_once.iso)


@pytest.mark.parametrize(("lifted", "most"), [(0.0, 0.025), (0.02, 0.025), (0.1, 0.025), (0.02, 0.0)])
def test_shadows_that_haze_lifts_are_pulled_down_and_the_median_stays(lifted: float, most: float) -> None:
    rng = np.random.default_rng(2)
    scene = np.repeat(rng.lognormal(math.log(400.0), 1.2, (375, 1242, 1)), 3, 2).clip(8.0, 4000.0)
    scene = (scene + lifted * 4000.0).astype(np.float32)
    exposure = film.meter(scene, np.full(3, 1e4, np.float32), 0.36, 1.8, 0.02, 6400.0, most)
    levels = np.quantile(scene[..., 1], (0.01, 0.5)) / exposure.white_cd_m2
    plain, pulled = film.tone_curve(levels), film.tone_curve(levels, film.HEADROOM, exposure.shadow, exposure.middle)
    assert abs(int(pulled[1]) - int(plain[1])) <= 1
    shift = min(max(levels[0] - film.SHADOW_LEVEL, 0.0), most)
    if shift == most > 0:  # by no more than it may
        assert film.tone_curve(levels[:1] - shift) < pulled[0] < plain[0]
    else:
        np.testing.assert_allclose(pulled[0], film.tone_curve(levels[:1] - shift)[0], atol=1)


def test_passing_dashes_of_paint_hardly_move_the_exposure() -> None:
    road = np.full((375, 1242, 3), 4000.0, np.float32)  # sunlit asphalt
    levels = []
    for share in np.linspace(0.008, 0.022, 15):  # dashes come near and go by
        seen = road.copy()
        seen[200:300, 500 : 500 + round(share * 375 * 1242 / 100)] = 25_000.0
        levels.append(film.meter(seen, np.full(3, 1e5, np.float32), 0.4, 1.8, 0.02, 3200).ev100)
    assert np.ptp(levels) > 1.0 and np.abs(np.diff(levels)).max() < 0.25  # in the end they count, but bit by bit


def metered(albedos: NDArray[np.float64], lux: float) -> tuple[film.Exposure, NDArray[np.uint8]]:
    """Exposure for matte things under even light, and their codes."""
    scene = (albedos * lux / math.pi)[..., None].astype(np.float32).repeat(3, -1)
    exposure = film.meter(scene, np.full(3, lux, np.float32), 0.4, 1.8, 0.02, 3200)
    return exposure, film.tone_curve(scene[..., 1].astype(np.float64) / exposure.white_cd_m2)


@pytest.mark.parametrize(
    ("lux", "ev100"), [(100_000.0, 15.0), (40_000.0, 13.5), (15_000.0, 12.0), (2500.0, 9.5)]
)  # full sun; cloudy bright; heavy overcast; after sunset (E = 2.5 2^EV lx, ISO 2720 with C = 250)
def test_streets_get_the_exposure_of_the_table(lux: float, ev100: float) -> None:
    street = np.random.default_rng(1).lognormal(math.log(0.16), 0.6, (120, 180)).clip(0.02, 0.85)
    exposure, codes = metered(street, lux)
    assert exposure.ev100 == pytest.approx(ev100, abs=0.7)
    assert np.mean(codes > 250) < 0.01 and 95 < np.median(codes) < 125


def test_snow_is_white_and_does_not_clip() -> None:
    snow = np.full((120, 180), 0.85)
    snow[:42] = 0.85 * 0.6  # the sky near the horizon is darker than the ground
    snow[60:80, 80:100] = 0.05
    _, codes = metered(snow, 10_000.0)
    assert 215 < np.median(codes[60:]) < 242
    assert codes.max() < 250


def test_a_few_lamps_do_not_darken_the_night_but_highlights_are_kept() -> None:
    road = np.full((120, 180), 0.1)
    plain, _ = metered(road + np.linspace(0, 0.5, 180), 1e4)
    road[:, ::60] += 1e3
    lamps, _ = metered(road + np.linspace(0, 0.5, 180), 1e4)
    assert lamps.ev100 < plain.ev100 + 1.5
    walls = np.full((120, 180), 0.05)
    walls[50:, 60:120] = 0.3
    _, codes = metered(walls, 1e4)
    assert codes.max() < 245


def test_tail_lamps_do_not_turn_the_night_green() -> None:
    lamp_light = np.array([1.25, 1.0, 0.6])  # about 4300 K
    night = np.full((60, 90, 3), 0.2) * lamp_light
    white = film.lamp_balance(night, np.full((60, 90), 1.0))
    assert white[0] < 1.0 < white[2] and white[1] == 1.0
    night[:, :30] = (3.0, 0.05, 0.02)
    np.testing.assert_allclose(film.lamp_balance(night, np.full((60, 90), 1.0)), white)


def test_glare_keeps_the_light_and_falls_as_that_of_the_eye() -> None:
    dot = np.zeros((400, 600, 3), np.float32)
    dot[200, 300] = 1e6
    spread = add_glare(dot, 1000.0)
    assert spread.sum() == pytest.approx(dot.sum(), rel=0.05)
    assert spread[200, 300, 0] > 9e5
    lux, off_px = 1e6 / 1000.0**2, np.array([17, 26, 35, 52, 87, 130, 175])  # 1 to 10 degrees
    eye = 10.0 * lux / np.degrees(np.arctan(off_px / 1000)) ** 2  # CIE 146:2002, for a young observer
    share = spread[200, 300 + off_px, 1] / eye
    assert share.min() > 0.08 and share.max() < 0.5 and share.mean() == pytest.approx(0.25, abs=0.08)


def test_a_sun_beside_the_picture_veils_it_by_the_angle_to_it() -> None:
    eye = CameraModel.of(640, 400, np.array([[500.0, 0, 319.5], [0, 500.0, 199.5], [0, 0, 1]]))
    lux = np.array([9e4, 8e4, 6e4], np.float32)
    for aside_deg, up_deg in ((45.0, 5.0), (10.0, 40.0), (-70.0, 20.0)):
        a, u = math.radians(aside_deg), math.radians(up_deg)
        sun = np.array([math.sin(a) * math.cos(u), -math.sin(u), math.cos(a) * math.cos(u)])
        veil = veil_beside(eye, sun, lux)
        assert veil is not None
        middle = add_glare(np.zeros((400, 640, 3), np.float32), 500.0, veil=veil)[200, 320]
        away_deg = math.degrees(math.acos(sun[2]))  # from the axis, where CIE 146 tells what the eye makes of it
        np.testing.assert_allclose(middle, 0.25 * 10.0 * lux * sun[2] / away_deg**2, rtol=0.03)
        assert (veil[:, 0, 1].mean() < veil[:, -1, 1].mean()) == (aside_deg > 0)
    assert veil_beside(eye, np.array([0.2, -0.1, 0.97]), lux) is None  # in the picture
    assert veil_beside(eye, np.array([0.0, -0.1, -0.99]), lux) is None  # behind


def test_scratches_draw_what_is_bright_out_to_a_line() -> None:
    light = np.full((320, 480, 3), 0.1, np.float32)
    assert add_streaks(light, 1.0, 700.0, 3) is light
    light[160, 240] = 1e5
    line = (add_streaks(light, 1.0, 700.0, 3) - light)[..., 1]
    assert 1e-4 < line.sum() / 1e5 < 5e-3
    rows, columns = np.array([60, 110, 210, 260]), np.arange(480)
    middle = (line[rows] * columns).sum(1) / line[rows].sum(1)
    lean = np.polyfit(rows, middle, 1)
    assert abs(lean[0]) < 0.4 and np.abs(np.polyval(lean, rows) - middle).max() < 0.5  # straight, and
    assert np.polyval(lean, 160) == pytest.approx(240, abs=1.0)  # through what is bright
    wide = np.sqrt((line[rows] * (columns - middle[:, None]) ** 2).sum(1) / line[rows].sum(1))
    assert wide.max() < 4
    assert np.any(add_streaks(light, 1.0, 700.0, 4)[..., 1] - light[..., 1] != line)  # other drives, other windscreens


def test_an_empty_world_is_sky_over_ground() -> None:
    builder = SceneBuilder((0, 0, 0))
    ego = builder.add_object(car(), (0, 0, 0), name="ego")
    frame = shot(still(builder, weather(40), ego))
    assert np.isinf(frame.depth).all() and not frame.object.any() and np.all(frame.semantic == class_id("sky"))
    assert np.isfinite(frame.radiance).all() and frame.rgb.std() > 2


def test_surfaces_equal_a_naive_twin() -> None:
    """Position, normals and texture of hits on a turned, stretched, smooth mesh, computed one by one in numpy."""
    rng = np.random.default_rng(5)
    rgba = np.repeat(np.repeat(rng.integers(0, 256, (4, 4, 4), np.uint8), 32, 0), 32, 1)
    mesh = grid(np.linspace(-2, 2, 9), np.linspace(-2, 2, 9), rng.normal(0, 0.25, (9, 9)), uv_m=1.7)
    builder = SceneBuilder((0, 0, 0))
    pose = se3.pose((0.3, -0.2, 0.4), 0.2, -0.1, 0.7)
    pose[:3, :3] *= [1.5, 0.8, 1.2]
    builder.add_mesh(mesh, (Material("m", (0.9, 0.8, 0.7), Texture("t", rgba), roughness=0.3),), "terrain", pose)
    ego = builder.add_object(car(), (50, 0, 0), name="ego")
    stage = still(builder, weather(40), ego)
    origins = rng.uniform(-1.5, 1.5, (200, 3)).astype(np.float32) + np.float32([0, 0, 8])
    ways = np.tile(np.float32([0, 0, -1]), (200, 1))
    hits = stage.rays.closest_hit(origins, ways, mask=SEEN)
    points = np.zeros(200, POINT_DTYPE)
    rows = np.arange(200, dtype=np.int32)
    surfaces(
        0,
        200,
        rows,
        origins,
        ways,
        hits,
        hits.part,
        stage.packed,
        stage.posed,
        ground_of(weather(40)),
        np.float32(0),
        points,
    )
    for i in np.flatnonzero(hits.part == 0):
        face = mesh.faces[hits.primitive[i]]
        weights = np.array([1 - hits.u[i] - hits.v[i], hits.u[i], hits.v[i]], np.float64)
        place = pose[:3, :3] @ (weights @ mesh.vertices[face]) + pose[:3, 3]
        np.testing.assert_allclose([points[k][i] for k in "xyz"], place, atol=1e-4)
        normal = np.zeros(3)
        for corner, weight in zip(face, weights):
            around = [np.cross(*(mesh.vertices[f[1:]] - mesh.vertices[f[0]])) for f in mesh.faces if corner in f]
            total = np.sum(np.asarray(around, np.float64), 0)
            normal += weight * total / np.linalg.norm(total)
        normal = np.linalg.inv(pose[:3, :3]).T @ normal
        normal /= np.linalg.norm(normal)
        np.testing.assert_allclose([points[k][i] for k in ("nx", "ny", "nz")], normal, atol=1e-3)
        u, v = weights @ mesh.uv[face]
        texel = rgba[int((1 - v % 1) * 128) % 128, int(u % 1 * 128)]
        if abs(u % 0.25 - 0.125) < 0.1 and abs(v % 0.25 - 0.125) < 0.1:  # away from the edges of the 4 x 4 blocks
            expected = SRGB_TO_LINEAR[texel[:3]] * [0.9, 0.8, 0.7]
            np.testing.assert_allclose([points[k][i] for k in ("red", "green", "blue")], expected, rtol=1e-3, atol=1e-4)


def test_fog_at_night_glows_around_lamps() -> None:
    def halo(visibility_m: float) -> float:
        builder = SceneBuilder((0, 0, 0))
        builder.add_mesh(box((400, 400, 0.2), (0, 0, -0.1)), (TYRE,), "road")
        lamp = Lamp((30, 0, 6), (0, 0, -1), 3000.0, beam=Beam.STREET)
        builder.add_model(Model("pole", (Body(box((0.1, 0.1, 0.1), (30, 9, 6)), (TYRE,)),), lamps=(lamp,)), (0, 0, 0))
        ego = builder.add_object(car(), (0, 0, 0), name="ego")
        frame = shot(still(builder, weather(-30, visibility_m=visibility_m), ego))
        return float(frame.radiance[4:14, 70:90].mean())

    assert halo(150.0) > 5 * halo(20_000.0)


def test_cameras_misjudge_daylight_a_little_and_all_through_a_drive() -> None:
    found = np.array([film.misjudged(seed) for seed in range(300)])
    np.testing.assert_array_equal(film.misjudged(7), found[7])
    np.testing.assert_array_equal(found[:, 1], 1.0)
    angle = np.degrees(np.arccos(found.sum(1) / math.sqrt(3) / np.linalg.norm(found, axis=1)))
    assert 1.5 < np.mean(angle) < 2.6 and angle.max() < 5.0
