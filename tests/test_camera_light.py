"""Light in our cameras against closed forms: Lambert, inverse squares, Koschmieder, Fresnel, furnace, R112."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.actors.lamps import LOW_BEAM_CD
from simulator.numerics import se3
from simulator.scene import Atmosphere, Lamp, Material, Mesh, Model, SceneBuilder, Switch, Timeline
from simulator.scene.material import Beam, Rgb, Surface
from simulator.scene.mesh import box, ellipsoid
from simulator.scene.model import Body
from simulator.sensors.optics import CameraModel
from simulator.sensors.shading import beams, glow, transport
from simulator.sensors.shading.air import SLICES, fog_phase
from simulator.sensors.shading.lamps import CELL_M, gather_lamps
from simulator.sensors.shading.paths import PATH_DTYPE
from simulator.sensors.shading.picture import take_picture
from simulator.sensors.shading.reflectance import fresnel
from simulator.sensors.shading.surface import POINT_DTYPE
from simulator.sensors.shading.transport import QUALITIES, Transport
from simulator.sensors.sky import Sky, make_sky
from simulator.sensors.sky_models import LUMINANCE, dome
from simulator.sensors.stage import LAMP_LIGHT_DTYPE, Stage
from simulator.surroundings.walls import Palette
from simulator.weather.daylight import daylight

CAMERA = CameraModel.of(48, 32, [[60.0, 0, 23.5], [0, 60.0, 15.5], [0, 0, 1]])
DOWN = np.diag([1.0, -1.0, -1.0, 1.0])  # optical frame that looks straight down
EAST = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
CLEAR_M = 1e9


def sun_at(elevation_deg: float, azimuth_deg: float = 180.0, **fields: object) -> Atmosphere:
    e, a = math.radians(elevation_deg), math.radians(azimuth_deg)
    toward = np.array([math.cos(e) * math.sin(a), math.cos(e) * math.cos(a), math.sin(e)])
    return Atmosphere(toward, e, **{"visibility_m": CLEAR_M, **fields})  # type: ignore[arg-type]


def plane(z: float = 0.0) -> Mesh:
    return Mesh.of([[-500, -500, z], [500, -500, z], [500, 500, z], [-500, 500, z]], [[0, 1, 2], [0, 2, 3]])


def stage_of(builder: SceneBuilder, atmosphere: Atmosphere, lamps: int = 0) -> Stage:
    scene = builder.build()
    positions, rpy = builder.initial_poses()
    still = np.zeros(positions.shape)[None]
    zeros = np.zeros((1, len(positions)))
    switches = np.full((1, len(positions)), lamps, np.uint32)
    times = np.array([0], np.int64)
    timeline = Timeline(times, positions[None], rpy[None], still, zeros, zeros, zeros, switches)
    return Stage(scene, timeline, atmosphere, ego=0)


def look(stage: Stage, pose: NDArray[np.float64], quality: str = "preview", camera: CameraModel = CAMERA) -> np.ndarray:
    """(H, W) luminance."""
    picture, _ = take_picture(stage, camera, pose, 5, quality)
    return picture.radiance @ LUMINANCE.astype(np.float32)


def matte(albedo: float, **fields: object) -> Material:
    return Material("matte", (albedo,) * 3, roughness=1.0, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("quality", ["preview", "standard"])
@pytest.mark.parametrize("elevation", [20.0, 60.0])
def test_lambert_plane_under_the_sun_and_sky(quality: str, elevation: float) -> None:
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(plane(), (matte(0.5),), "road")
    atmosphere = sun_at(elevation)
    seen = look(stage_of(builder, atmosphere), se3.pose((0, 0, 6)) @ DOWN, quality)
    expected = 0.5 / math.pi * daylight(atmosphere).horizontal_lx
    # A dielectric's surface, 4 % at normal incidence, mirrors more of a low sun than it keeps from what is below.
    assert seen.mean() == pytest.approx(expected, rel=0.03)
    assert seen.std() < 0.03 * seen.mean()


@pytest.mark.parametrize("quality", ["preview", "standard"])
def test_leaf_lets_light_through(quality: str) -> None:
    """Seen from below, a thin leaf over the ground shows the light of the sun above it: L = T E / pi."""

    def below(translucency: float) -> float:
        builder = SceneBuilder((0, 0, 0))
        builder.add_mesh(plane(3.0), (matte(0.2, translucency=translucency),), "vegetation")
        stage = stage_of(builder, atmosphere)
        return float(look(stage, se3.pose((0, 0, 1)) @ np.diag([1.0, 1.0, 1.0, 1.0]), quality).mean())

    atmosphere = sun_at(60)
    light = daylight(atmosphere)
    sun_lx = light.horizontal_lx - light.diffuse_lx
    through = below(1.0) - below(0.0)
    sky_lx = through * math.pi / 0.2 - sun_lx
    assert 0.2 * light.diffuse_lx < sky_lx < 1.05 * light.diffuse_lx


def test_shadow_leaves_the_sky_only() -> None:
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(plane(), (matte(0.5),), "road")
    builder.add_mesh(box((30, 30, 0.1), (0, 0, 40)), (matte(0.0),), "building")
    atmosphere = sun_at(89.9)
    seen = look(stage_of(builder, atmosphere), se3.pose((0, 0, 6)) @ DOWN, "standard")
    light = daylight(atmosphere)
    assert seen.mean() < 0.5 / math.pi * light.diffuse_lx
    assert seen.mean() > 0.6 * 0.5 / math.pi * light.diffuse_lx


@pytest.mark.parametrize("height", [2.0, 4.0])
def test_lamp_follows_the_inverse_square(height: float) -> None:
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(plane(), (matte(0.4),), "road")
    lamp = Lamp((0, 0, height), (0, 0, -1), 1000.0, beam=Beam.ISOTROPIC)
    bulb = Body(box((0.02, 0.02, 0.02), (0, 0, height)), (matte(0.5),))
    builder.add_model(Model("pole", (bulb,), lamps=(lamp,)), (0, 0, 0))
    pose = se3.pose((0.8, 0, 6)) @ DOWN
    seen = look(stage_of(builder, sun_at(-40)), pose, "standard")
    x = CAMERA.rays()[15, :, 0] * 6  # optical x is the world's x when looking down this way
    place = x + 0.8
    d2 = place**2 + height**2
    expected = 0.4 / math.pi * 1000 / d2 * height / np.sqrt(d2)
    open_floor = np.abs(place) > 0.5  # not under the bulb
    np.testing.assert_allclose(seen[15, open_floor], expected[open_floor], rtol=0.04)


def test_a_lamp_with_a_shining_lens_lights_the_ground_once() -> None:
    """The few rays of a point that find the lens must not bring its light again: they would leave bright dots."""
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(plane(), (matte(0.4),), "road")
    radius, height, luminance = 0.3, 2.0, 2000.0
    peak = luminance * math.pi * radius**2
    lamp = Lamp((0, 0, height), (0, 0, -1), peak, beam=Beam.ISOTROPIC)
    lens = matte(0.5, emission_cd_m2=(luminance,) * 3, switch=Switch.ALWAYS)
    globe = Body(ellipsoid((radius,) * 3, (0, 0, height), rings=12, segments=20), (lens,))
    builder.add_model(Model("pole", (globe,), lamps=(lamp,)), (0, 0, 0))
    stage = stage_of(builder, sun_at(-40))
    for seed in range(4):
        picture, _ = take_picture(stage, CAMERA, se3.pose((3.5, 0, 4)) @ DOWN, seed, "standard")
        seen = picture.radiance[15] @ LUMINANCE
        place = CAMERA.rays()[15, :, 0] * 4 + 3.5
        d2 = place**2 + height**2
        np.testing.assert_allclose(seen, 0.4 / math.pi * peak / d2 * height / np.sqrt(d2), rtol=0.05)


def test_koschmieder_contrast_is_five_percent_at_the_visibility() -> None:
    visibility = 200.0
    builder = SceneBuilder((0, 0, 0))
    far, near = box((1, 6000, 4000), (4000, 0, 0)), box((1, 24, 400), (visibility, 12, 0))
    builder.add_mesh(far, (matte(0.0, metallic=1.0),), "building")
    builder.add_mesh(near, (matte(0.0, metallic=1.0),), "building")
    stage = stage_of(builder, sun_at(30, cloud_oktas=8.0, visibility_m=visibility))
    seen = look(stage, se3.pose((0.5, 0, 1.5)) @ EAST)
    air, target = seen[15, 40], seen[15, 20]
    assert (air - target) / air == pytest.approx(0.05, abs=0.003)


@pytest.mark.parametrize("panes", [1, 2])
def test_fog_in_front_of_dark_windows_hides_them(panes: int) -> None:
    """Koschmieder again: glass takes nothing of the light of the air before it."""
    visibility = 100.0
    builder = SceneBuilder((0, 0, 0))
    black, glass = matte(0.0, metallic=1.0), Material("glass", (0.0, 0.0, 0.0), transmission=0.2)
    builder.add_mesh(box((1, 6000, 4000), (2000, 0, 0)), (black,), "building")
    for k in range(panes):
        sheet = Mesh.of([[75, -9, -9], [75, 9, -9], [75, 9, 9], [75, -9, 9]], [[0, 2, 1], [0, 3, 2]])
        builder.add_mesh(sheet.transformed(se3.pose((0.5 * k, 0, 0))), (glass,), "building")
    builder.add_mesh(box((1, 12, 12), (77, 0, 0)), (black,), "building")
    stage = stage_of(builder, sun_at(30, cloud_oktas=8.0, visibility_m=visibility))
    seen = look(stage, se3.pose((0, 0, 1.5)) @ EAST)
    air, window = seen[15, 46], seen[15, 24]
    left = 0.05 ** (75 / visibility)
    assert 0.0 < (air - window) / air <= 1.02 * left  # less where the pane mirrors the fog on our side
    assert (air - window) / air > 0.9 * left


@pytest.mark.parametrize("quality", ["preview", "standard"])
def test_panes_before_the_sky_need_no_light_that_nobody_wrote(monkeypatch: pytest.MonkeyPatch, quality: str) -> None:
    """What the room for points and paths held before shows nowhere: zeros, large numbers, what is no number."""
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(plane(), (matte(0.2),), "road")
    sheet = Mesh.of([[20, -9, 0], [20, 9, 0], [20, 9, 9], [20, -9, 9]], [[0, 2, 1], [0, 3, 2]])
    builder.add_mesh(sheet, (Material("glass", (0.0, 0.0, 0.0), transmission=0.6, two_sided=True),), "building")
    stage = stage_of(builder, sun_at(30))
    seen = []
    for held in (0x00, 0x66, 0xFF):  # as floats 0, 3e23 and NaN

        def room(count: int, held: int = held) -> tuple[NDArray[np.void], NDArray[np.void]]:
            points, paths = np.empty(count, POINT_DTYPE), np.empty(count, PATH_DTYPE)
            points.view(np.uint8)[:] = paths.view(np.uint8)[:] = held
            return points, paths

        monkeypatch.setattr(transport, "new_points_and_paths", room)
        seen.append(look(stage, se3.pose((0, 0, 1.5)) @ EAST, quality))
    assert all(np.isfinite(light).all() and np.array_equal(light, seen[0]) for light in seen)


@pytest.mark.parametrize("quality", ["preview", "standard"])
def test_panes_mirror_the_sun(quality: str) -> None:
    """The image's luminance over its solid angle is the sun's illuminance times Fresnel's reflectance of two faces."""
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(plane(), (Material("glass", (0.0, 0.0, 0.0), transmission=0.5),), "building")
    builder.add_mesh(plane(-1.0), (matte(0.0),), "road")
    fine = CameraModel.of(48, 32, [[2000.0, 0, 23.5], [0, 2000.0, 15.5], [0, 0, 1]])
    down = se3.pose((0, 0, 5), pitch=math.radians(50)) @ EAST
    picture, made = take_picture(stage_of(builder, sun_at(50, 90)), fine, down, 5, quality)
    light = picture.radiance @ LUMINANCE.astype(np.float32)
    image = (light - np.median(light)).sum(dtype=np.float64) / 2000.0**2
    inside = math.asin(math.sin(math.radians(40)) / 1.52)
    across = math.sin(math.radians(40) - inside) / math.sin(math.radians(40) + inside)
    along = math.tan(math.radians(40) - inside) / math.tan(math.radians(40) + inside)
    face = 0.5 * (across**2 + along**2)
    sun_lx = float(made.sky.sun_lx @ LUMINANCE)
    assert image == pytest.approx(sun_lx * 2 * face / (1 + face), rel=0.05)


@pytest.mark.parametrize(
    ("angle", "mean"),
    [(0, 0.020), (30, 0.02105), (45, 0.02745), (60, 0.0592), (70, 0.1325), (80, 0.347), (85, 0.5825), (88, 0.8035)],
)
def test_fresnel_of_water(angle: float, mean: float) -> None:
    cosine = np.float32(math.cos(math.radians(angle)))
    assert fresnel(cosine, np.float32(1.33)) == pytest.approx(mean, rel=0.02, abs=5e-4)


@pytest.mark.parametrize(
    "look_of",
    [
        {"roughness": 1.316},
        {"roughness": 1.0},
        {"roughness": 0.5},
        {"roughness": 0.4, "metallic": 1.0},
        {"clearcoat": 1.0},
    ],
)
def test_white_furnace(look_of: dict[str, float]) -> None:
    """A white body in even light cannot be told from it."""
    builder = SceneBuilder((0, 0, 0))
    ball = replace(ellipsoid((1, 1, 1), rings=24, segments=48), smooth=True)
    builder.add_mesh(ball, (Material("white", (1.0, 1.0, 1.0), **look_of),), "building")  # type: ignore[arg-type]
    stage = stage_of(builder, sun_at(-40))
    sky = stage.sky
    harmonics = np.zeros((18, 3), np.float32)
    harmonics[[0, 9]] = math.pi / 0.282095
    even = Sky(
        np.ones_like(sky.table),
        np.ones_like(sky.airlight),
        harmonics,
        np.ones(3, np.float32),
        sky.sun_direction,
        np.zeros(3, np.float32),
        sky.extinction,
    )
    assert stage._sky is not None
    stage._sky = stage._sky[0], even
    seen = look(stage, se3.pose((-4, 0, 0)) @ EAST, "standard")
    np.testing.assert_allclose(seen, 1.0, atol=0.02)


@pytest.mark.parametrize("height", [-20.0, -5.0, 2.0, 15.0, 60.0])
@pytest.mark.parametrize("oktas", [0.0, 4.0, 8.0])
def test_sky_gives_the_illuminance_of_the_daylight(height: float, oktas: float) -> None:
    atmosphere = sun_at(height, cloud_oktas=oktas)
    sky, light = make_sky(atmosphere, seed=3), daylight(atmosphere)
    assert dome().illuminance(sky.table.astype(np.float64)) == pytest.approx(light.diffuse_lx, rel=1e-3)
    assert sky.sun_lx @ LUMINANCE == pytest.approx(light.direct_normal_lx, rel=1e-3)
    assert np.all(sky.table >= 0) and np.isfinite(sky.table).all()
    assert sky.horizontal_lx @ LUMINANCE == pytest.approx(light.horizontal_lx, rel=2e-3)


def test_sky_is_blue_above_and_red_toward_the_setting_sun() -> None:
    day = make_sky(sun_at(50)).table
    assert day[-1, 0, 2] > 1.4 * day[-1, 0, 0]
    evening = make_sky(sun_at(-3, azimuth_deg=270.0)).table  # the sun is in the west: table column at half
    low = evening[len(evening) // 12]
    west = low[low.shape[0] // 2]
    assert west[0] > west[2] and west.sum() > 2 * low[0].sum()


# ECE R112 class B, right-hand traffic: candela at degrees up and right, lowest and highest allowed.
R112 = [
    (0.57, -3.43, 0, 350),
    (1.0, 2.5, 0, 1750),
    (-0.57, 1.15, 10_100, np.inf),
    (-0.57, -3.43, 0, 10_600),
    (-0.86, -3.43, 0, 13_200),
    (-0.86, 1.72, 10_100, np.inf),
    (-0.86, 0.0, 5100, np.inf),
    (-1.72, -9.0, 1700, np.inf),
    (-1.72, 9.0, 1700, np.inf),
    (2.0, 0.0, 0, 625),  # zone III
    (2.0, 6.0, 0, 625),
    (3.0, -6.0, 0, 625),
]


@pytest.mark.parametrize(("up", "right", "least", "most"), R112)
def test_low_beam_meets_r112(up: float, right: float, least: float, most: float) -> None:
    direction = np.array([1.0, -math.tan(math.radians(right)), math.tan(math.radians(up))])
    direction /= np.linalg.norm(direction)
    share = beams.beam_intensity(np.int32(Beam.LOW_BEAM), *np.float32([1, 0, 0]), *direction.astype(np.float32))
    assert least <= share * LOW_BEAM_CD <= most


def test_low_beam_peak_is_one() -> None:
    grid = [beams.low_beam(np.float32(r), np.float32(u)) for r in np.arange(-5, 8, 0.1) for u in np.arange(-4, 1, 0.1)]
    assert max(grid) == pytest.approx(1.0, abs=0.02)


# UN R6 and R7, Annex 4: least share of the intensity on the axis, at degrees beside and above it.
R7 = [(0, 0, 1.0), (5, 0, 0.9), (10, 0, 0.35), (0, 5, 0.7), (5, 10, 0.2), (10, 5, 0.2), (20, 5, 0.1)]


@pytest.mark.parametrize(("side", "height", "least"), R7)
@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_signal_lamp_has_the_standard_light_distribution(
    side: float, height: float, least: float, signs: tuple[int, int]
) -> None:
    h, v = math.radians(signs[0] * side), math.radians(signs[1] * height)
    direction = np.float32([math.cos(v) * math.cos(h), -math.cos(v) * math.sin(h), math.sin(v)])
    share = beams.beam_intensity(np.int32(Beam.SIGNAL), *np.float32([1, 0, 0]), *direction)
    assert least <= share + 1e-6 <= least + 0.15


@pytest.mark.parametrize(("side", "height"), [(80, 0), (-80, 0), (45, 15), (-45, -15), (0, 15)])
def test_signal_lamp_is_seen_from_the_side_but_lights_nothing_there(side: float, height: float) -> None:
    h, v = math.radians(side), math.radians(height)
    direction = np.float32([math.cos(v) * math.cos(h), -math.cos(v) * math.sin(h), math.sin(v)])
    share = beams.beam_intensity(np.int32(Beam.SIGNAL), *np.float32([1, 0, 0]), *direction)
    assert share * 60 > 0.3 and (side == 0 or share < 0.05)


def test_retro_reflector_shines_for_the_lamp_beside_the_eye() -> None:
    """L = R_A E: a sheeting of 250 cd/lx/m2 in 10 lx, seen from within 0.1 deg."""
    builder = SceneBuilder((0, 0, 0))
    sheet = Material("sheet", (0.6, 0.6, 0.6), roughness=1.0, retro_cd_lx_m2=250.0)
    builder.add_mesh(box((0.1, 20, 20), (20, 0, 0)), (sheet,), "traffic_sign")
    lamp = Lamp((0.0, 0.0, 0.02), (1, 0, 0), 4000.0, beam=Beam.ISOTROPIC)
    builder.add_model(
        Model("pole", (Body(box((0.01, 0.01, 0.01), (-3, 0, 0)), (matte(0.1),)),), lamps=(lamp,)), (0, 0, 0)
    )
    seen = look(stage_of(builder, sun_at(-40)), EAST)
    distance = 19.95
    assert seen[15, 24] == pytest.approx(250 * 4000 / distance**2, rel=0.05)


def test_grass_in_the_low_beam_is_as_bright_as_a_layer_of_upright_leaves() -> None:
    """Lommel and Seeliger: w / (8 pi) E more than a flat ground, twice that in the hot spot, at any grazing angle."""

    def ground(surface: Surface) -> float:
        builder = SceneBuilder((0, 0, 0))
        builder.add_mesh(plane(), (Material("grass", (0.05, 0.09, 0.03), roughness=1.0, surface=surface),), "terrain")
        lamp = Lamp((0.0, 0.0, 0.75), (1, 0, 0), 4000.0, beam=Beam.ISOTROPIC)
        pole = Body(box((0.01, 0.01, 0.01), (-3, 0, 0)), (matte(0.1),))
        builder.add_model(Model("pole", (pole,), lamps=(lamp,)), (0, 0, 0))
        picture, _ = take_picture(stage_of(builder, sun_at(-40)), CAMERA, se3.pose((0, 0, 0.8)) @ EAST, 5, "preview")
        return float(picture.radiance[19, 24, 1])

    distance = 0.8 / (3.5 / 60.0)  # of the ground that row 19 sees
    more = ground(Surface.SOIL) - ground(Surface.OTHER)
    assert more == pytest.approx(2 * 0.16 / (8 * math.pi) * 4000 / distance**2, rel=0.05)


def test_lit_windows_burn_behind_some_panes_only_at_night() -> None:
    from simulator.scene import Texture

    rgba = np.full((32, 32, 4), 90, np.uint8)
    rgba[8:24, 8:24, 3] = 255
    rgba[..., 3][rgba[..., 3] != 255] = 0
    wall = Material(
        "wall", texture=Texture("facade", rgba, panes=True), emission_cd_m2=(80, 80, 80), switch=Switch.WINDOWS
    )
    mesh = Mesh.of(
        [[10, -8, -6], [10, 8, -6], [10, 8, 6], [10, -8, 6]],
        [[0, 2, 1], [0, 3, 2]],
        [[0, 0], [16, 0], [16, 12], [0, 12]],
    )
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(mesh, (wall,), "building")
    night = look(stage_of(builder, sun_at(-40, street_lamps_on=True)), EAST)
    late = look(stage_of(builder, sun_at(-40, street_lamps_on=False)), EAST)
    assert 0.02 < np.mean(night > 1.0) < 0.25
    assert np.all(late < 0.5)


def test_boards_lit_from_behind_shine_as_bright_as_their_colours_let_through() -> None:
    from simulator.surroundings.facades import lettering

    white, red = (0.9, 0.9, 0.9), (0.3, 0.02, 0.02)
    board = lettering("I", white, red, lit=True)
    material = Material("board", texture=board, emission_cd_m2=(60.0, 60.0, 60.0), switch=Switch.STREET)
    mesh = Mesh.of([[10, 8, -1], [10, -8, -1], [10, -8, 1], [10, 8, 1]], [[0, 1, 2], [0, 2, 3]],
                   [[0, 0], [1, 0], [1, 1], [0, 1]])  # fmt: skip
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(mesh, (material,), "building")
    camera = CameraModel.of(160, 40, [[100.0, 0, 79.5], [0, 100.0, 19.5], [0, 0, 1]])
    for alight in (True, False):
        seen = look(stage_of(builder, sun_at(-40, street_lamps_on=alight)), EAST, camera=camera)[12:28]
        if alight:  # what goes through red paint on its way out, twice: a ninth, and of it what is red
            assert seen.max() == pytest.approx(60.0, rel=0.05)
            assert np.median(seen[:, 10:60]) == pytest.approx(60.0 / 9 * (0.2126 + 0.7874 / 15), rel=0.15)
        else:
            assert seen.max() < 0.5


def test_wet_asphalt_is_darker_and_mirrors_at_grazing_angles() -> None:
    def road(film_m: float, pose: NDArray[np.float64]) -> np.ndarray:
        builder = SceneBuilder((0, 0, 0))
        builder.add_mesh(plane(), (matte(0.1, surface=Surface.ASPHALT),), "road")
        return look(stage_of(builder, sun_at(40, cloud_oktas=8.0, water_film_m=film_m)), pose)

    above, flat = se3.pose((0, 0, 6)) @ DOWN, se3.pose((0, 0, 1.2), pitch=0.15) @ EAST
    ratio = road(0.4e-3, above).mean() / road(0.0, above).mean()
    assert 0.5 < ratio < 0.9  # diffuse 0.10 -> 0.054, plus a film that reflects some of the sky
    assert road(2e-3, flat)[20:].mean() > 1.4 * road(0.0, flat)[20:].mean()


@pytest.mark.parametrize(
    ("albedo", "least", "most"),
    [((0.1, 0.1, 0.1), 0.5, 0.65), ((0.06, 0.10, 0.03), 0.97, 1.03)],  # water gets into earth, not into leaves
)
def test_wet_ground_darkens_where_it_soaks_and_does_not_mirror_the_sky(albedo: Rgb, least: float, most: float) -> None:
    def ground(film_m: float) -> float:
        builder = SceneBuilder((0, 0, 0))
        material = Material("ground", albedo, roughness=1.0, surface=Surface.SOIL)
        builder.add_mesh(plane(), (material,), "terrain")
        stage = stage_of(builder, sun_at(40, cloud_oktas=8.0, water_film_m=film_m))
        return float(look(stage, se3.pose((0, 0, 1.2), pitch=0.1) @ EAST)[24:].mean())

    assert least < ground(0.5e-3) / ground(0.0) < most


@pytest.mark.parametrize(
    ("roughness", "wind_from", "colour", "least", "most"),
    [
        (0.9, "eye", (0.3, 0.2, 0.1), 0.55, 0.75),  # plaster that faces the wind
        (0.9, "behind", (0.3, 0.2, 0.1), 0.995, 1.005),  # in the lee
        (0.4, "eye", (0.3, 0.2, 0.1), 0.995, 1.005),  # paint
    ],
)
def test_driven_rain_darkens_porous_walls(
    roughness: float, wind_from: str, colour: Rgb, least: float, most: float
) -> None:
    wall = Mesh.of([[10, -8, -6], [10, 8, -6], [10, 8, 6], [10, -8, 6]], [[0, 2, 1], [0, 3, 2]])  # east of the eye
    wind = (8.0, 0.0) if wind_from == "eye" else (-8.0, 0.0)

    def shown(**fields: object) -> NDArray[np.float64]:
        builder = SceneBuilder((0, 0, 0))
        builder.add_mesh(wall, (Material("wall", colour, roughness=roughness),), "building")
        picture, _ = take_picture(stage_of(builder, sun_at(40, cloud_oktas=8.0, **fields)), CAMERA, EAST, 5, "preview")
        return picture.radiance[8:-8, 8:-8].astype(np.float64).mean((0, 1))

    dry, wet = (shown(rain_mm_h=6.0, water_film_m=film_m, wind_mps=wind) for film_m in (0.0, 0.5e-3))
    assert least < wet[1] / dry[1] < most  # by Lekner and Dorf 0.2 becomes 0.114; its gloss of 0.04, 0.024
    if most < 1.0:
        assert (wet[0] - wet[2]) / wet[0] > (dry[0] - dry[2]) / dry[0] + 0.02  # colours become deeper


def test_snow_covers_what_faces_up() -> None:
    def ground(depth_m: float) -> float:
        builder = SceneBuilder((0, 0, 0))
        builder.add_mesh(plane(), (matte(0.1, surface=Surface.SOIL),), "terrain")
        stage = stage_of(builder, sun_at(30, cloud_oktas=8.0, snow_depth_m=depth_m))
        return float(look(stage, se3.pose((0, 0, 30)) @ DOWN).mean())

    assert ground(0.1) > 7 * ground(0.0)
    assert ground(0.0) < ground(0.002) < ground(0.005) < 1.01 * ground(0.1)
    assert ground(0.005) > 0.6 * ground(0.1)  # five millimetres hide most of what is below
    assert ground(0.0005) < 0.4 * ground(0.1)


def test_glow_of_the_own_low_beam_is_the_integral_along_the_ray() -> None:
    """Rays that dive through the flat beam ahead of the car, against a fine quadrature of the same integral."""
    eye, lamp, extinction = np.float32([0, 0, 1.65]), np.float32([2.0, 0.6, 0.7]), 0.04
    pitch, yaw = np.meshgrid(np.radians(np.arange(4.0, 15.0, 0.7)), np.radians([-9.0, -4.0, 0.0, 5.0, 10.0]))
    rays = np.stack([-np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], -1)  # camera frame
    cell = 12
    table = np.ones((1 + cell * (rays.shape[0] - 1), 1 + cell * (rays.shape[1] - 1), 3), np.float32)
    table[::cell, ::cell] = rays
    table.flags.writeable = False  # as a camera's is
    optical = np.float32([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    row = np.zeros(1, LAMP_LIGHT_DTYPE)
    row["position"], row["axis"], row["intensity"], row["beam"] = lamp, [1, 0, 0], 10_000.0, int(Beam.LOW_BEAM)
    lamps = gather_lamps(row, eye.astype(np.float64), lambda rows: np.zeros(len(rows)))
    far = np.full(table.shape[:2], np.inf, np.float32)
    found = np.empty((rays[..., 0].size, SLICES + 2, 3), np.float32)
    windows, haze = np.zeros((1, 2), np.float32), np.float32([extinction, 0.0])
    glow.fill_glow(
        0, len(found), rays.shape[1], cell, table, optical, eye, lamps, windows, haze, far, 1, np.float32(0), found
    )

    edges = np.geomspace(0.8, 120.0, 401)
    around = 2 * np.pi * np.arange(6) / 6
    disc = np.array([r * np.array([0.0, np.cos(a), np.sin(a)]) for r in (0.027, 0.053, 0.068) for a in around])
    t, width = np.sqrt(edges[1:] * edges[:-1]), np.diff(edges)
    for ray, ours in zip(rays.reshape(-1, 3) @ optical.T.astype(np.float64), found[:, -1, 1]):
        away = eye + t[:, None] * ray - lamp
        distance = np.linalg.norm(away, axis=1)
        share = np.zeros(len(t))
        for place in disc:  # of a lamp of 0.15 m
            ways = away - place
            ways = (ways / np.linalg.norm(ways, axis=1, keepdims=True)).astype(np.float32)
            share += [beams.beam_intensity(np.int32(Beam.LOW_BEAM), *np.float32([1, 0, 0]), *way) for way in ways]
        share /= len(disc)
        strayed = 0.0361 * 6.23 / (2 * np.pi) * np.exp(6.23 * (away[:, 0] / distance - 1)) * (away[:, 0] > 0)
        toward = -(away @ ray) / distance
        once = np.array([fog_phase(c) for c in toward.astype(np.float32)]) * np.exp(-0.68 * extinction * (t + distance))
        often = 0.113 * (1 - 0.25**2) / (4 * np.pi * (1 + 0.25**2 - 0.5 * toward) ** 1.5)
        often *= (1 - np.exp(-extinction * (t + distance))) * np.exp(-0.011 * extinction * (t + distance))
        lux = 10_000.0 * (share * once + strayed * often) / (distance**2 + 0.06**2)
        assert ours == pytest.approx(float((extinction * lux * width).sum()), rel=0.04)


@pytest.mark.parametrize("beam", [Beam.LOW_BEAM, Beam.HIGH_BEAM, Beam.SIGNAL])
def test_strayed_light_of_a_beam_is_all_of_its_light(beam: Beam) -> None:
    """Flux of the pattern and of what fog makes of it, over all directions."""
    up, turn = np.meshgrid(np.sin(np.linspace(-1.2, 1.2, 241)), np.linspace(-1.5, 1.5, 301), indexing="ij")
    flat = np.sqrt(1 - up**2)
    ways = np.stack([flat * np.cos(turn), flat * np.sin(turn), up], -1).reshape(-1, 3).astype(np.float32)
    solid = np.gradient(up[:, 0])[:, None] * (turn[0, 1] - turn[0, 0]) * np.ones_like(turn)
    level = np.array([beams.beam_intensity(np.int32(beam), *np.float32([1, 0, 0]), *way) for way in ways])
    strayed = np.array([beams.strayed_intensity(int(beam), np.float32(0), way[0]) for way in ways])
    assert (strayed * solid.ravel()).sum() == pytest.approx((level * solid.ravel()).sum(), rel=0.06)


@pytest.mark.parametrize(("opening", "least", "most"), [("shop", 3.0, 400.0), ("sash", 4.0, 60.0)])
def test_lit_windows_have_the_luminance_of_lit_rooms(opening: str, least: float, most: float) -> None:
    """Shops show 15 to 400 cd/m2 (150 to 1500 lx), closed ones from 3 (30 lx), rooms 5 to 60; no pane is even."""
    palette = Palette("plaster", (0.5, 0.5, 0.5), "white")
    slots = [palette.bay(opening, variant) for variant in range(4)]
    builder = SceneBuilder((0, 0, 0))
    for k, slot in enumerate(slots):  # four rows of twelve bays, each 3 m square
        corners = [[40, 18, 3 * k], [40, -18, 3 * k], [40, -18, 3 * k + 3], [40, 18, 3 * k + 3]]
        mesh = Mesh.of(corners, [[0, 1, 2], [0, 2, 3]], [[0, 0], [12, 0], [12, 1], [0, 1]])
        builder.add_mesh(mesh, (palette.materials[slot],), "building")
    camera = CameraModel.of(12 * 24, 4 * 24, [[320.0, 0, 143.5], [0, 320.0, 47.5], [0, 0, 1]])  # 24 pixels a bay
    seen = look(stage_of(builder, sun_at(-30, street_lamps_on=True)), se3.pose((0, 0, 6)) @ EAST, "standard", camera)
    bays = seen.reshape(4, 24, 12, 24).swapaxes(1, 2).reshape(48, 24 * 24)
    lit = [bay[bay > 1.0] for bay in bays if (bay > 1.0).sum() > 30]
    assert 8 < len(lit) < 30, len(lit)
    means = np.array([pane.mean() for pane in lit])

    assert least < means.min() and means.max() < most
    assert means.max() > 2 * means.min()
    assert all(pane.std() > 0.1 * pane.mean() for pane in lit)


def test_what_lies_on_a_wet_road_gets_no_more_light_by_way_of_it_than_the_lamp_gives() -> None:
    """The wet road mirrors a part of a low beam; the few rays that find the highlight must not make it a flood."""
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(plane(), (Material("road", (0.08,) * 3, surface=Surface.ASPHALT),), "road")
    builder.add_mesh(box((1.4, 4.0, 0.2), (20.7, 0, 0.1)), (matte(0.6),), "road")
    lamp = Lamp((0, 0, 0.7), (1, 0, 0), LOW_BEAM_CD, beam=Beam.LOW_BEAM)
    builder.add_model(Model("pole", (Body(plane(-9.0), (matte(0.1),)),), lamps=(lamp,)), (0, 0, 0))
    stage = stage_of(builder, sun_at(-30, water_film_m=3e-3, rain_mm_h=15.0))
    camera = CameraModel.of(400, 40, [[1900.0, 0, 199.5], [0, 1900.0, 19.5], [0, 0, 1]])
    direct = 0.6 / math.pi * LOW_BEAM_CD / 20.0**2
    for seed in range(4):
        picture, _ = take_picture(stage, camera, se3.pose((0, 0, 1.3), pitch=0.059) @ EAST, seed, "standard")
        front = (picture.instance == 1) & (picture.depth < 20.1)
        assert front.sum() > 5000
        assert (picture.radiance[front] @ LUMINANCE).max() < 2 * direct


def test_standing_water_is_level_on_a_road_that_slopes() -> None:
    """A mirror on a slope of 4 % shows what a level one shows: the sky's brightness along the mirrored ray."""

    def mirror(slope: float) -> NDArray[np.float64]:
        water = Material("water", (0.0, 0.0, 0.0), roughness=0.03, clearcoat=1.0, surface=Surface.WATER)
        builder = SceneBuilder((0, 0, 0))
        corners = np.array([[-50, -50, 0], [50, -50, 0], [50, 50, 0], [-50, 50, 0]], float)
        corners[:, 2] = slope * corners[:, 1]
        builder.add_mesh(Mesh.of(corners, [[0, 1, 2], [0, 2, 3]]), (water,), "road")
        return np.asarray(look(stage_of(builder, sun_at(8, azimuth_deg=250.0)), se3.pose((-20, 0, 2)) @ EAST)[24:])

    np.testing.assert_allclose(mirror(0.04), mirror(0.0), rtol=0.02)


def test_what_stands_on_the_ground_darkens_it_where_it_touches_it() -> None:
    """Under an overcast sky: the light that a black box leaves the ground beside it, by counting rays that pass it."""
    size, away = np.array([0.3, 0.4, 1.7]), 9.0
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(plane(), (matte(0.3),), "road")
    builder.add_mesh(box(tuple(size), (away, 0, size[2] / 2)), (matte(0.0, metallic=1.0),), "pedestrian")
    stage = stage_of(builder, sun_at(40, cloud_oktas=8.0))
    camera = CameraModel.of(240, 96, [[800.0, 0, 119.5], [0, 800.0, -90.0], [0, 0, 1]])
    pose = se3.pose((0, 0, 1.6)) @ EAST
    seen = np.mean([take_picture(stage, camera, pose, seed, "standard")[0].radiance for seed in (1, 2)], 0)
    rng = np.random.default_rng(3)
    u, turn = rng.random(40_000), 2 * np.pi * rng.random(40_000)
    way = np.stack([np.sqrt(u) * np.cos(turn), np.sqrt(u) * np.sin(turn), np.sqrt(1 - u)], 1)  # by the cosine
    weight = 1 + 2 * way[:, 2]  # CIE overcast sky
    row = round(-90.0 + 800.0 * 1.6 / away)
    far = seen[row - 1 : row + 2, :12, 1].mean()
    for aside in (0.06, 0.12, 0.25, 0.6):
        place = np.array([away, size[1] / 2 + aside, 1e-4])
        low, high = np.array([away, 0, 0]) - [*size[:2] / 2, 0], np.array([away, 0, size[2]]) + [*size[:2] / 2, 0]
        enter, leave = np.sort([(low - place) / way, (high - place) / way], axis=0)
        free = enter.max(1) > leave.min(1)
        left = float((weight * free).sum() / weight.sum())
        column = round(119.5 - 800.0 * place[1] / away)
        ours = seen[row - 1 : row + 2, column - 1 : column + 2, 1].mean() / far
        assert ours == pytest.approx(left, abs=0.16 if aside < 0.1 else 0.1), aside


def test_cells_know_the_lamps_that_light_them() -> None:
    """What any lamp gives at places drawn in its cells, far from all others, is counted there."""
    rng = np.random.default_rng(3)
    rows = np.zeros(12, LAMP_LIGHT_DTYPE)
    rows["position"] = rng.uniform([-150, -150, 0.5], [150, 150, 8], (12, 3))
    axis = rng.normal(size=(12, 3)) * [1, 1, 0.1]
    rows["axis"] = axis / np.linalg.norm(axis, axis=1, keepdims=True)
    rows["intensity"] = rng.uniform(500, 20_000, (12, 1))
    rows["beam"] = np.resize([int(Beam.LOW_BEAM), int(Beam.HIGH_BEAM), int(Beam.SIGNAL), int(Beam.LAMBERT)], 12)
    lamps = gather_lamps(rows, np.zeros(3), lambda lit: np.full(len(lit), 5.0))
    cell = rng.integers(0, len(lamps.cells), (40_000, 2))
    place = np.column_stack([lamps.low + CELL_M * (cell + rng.random(cell.shape)), rng.uniform(0, 3, len(cell))])
    counted = np.zeros((len(lamps.beam), len(cell)), bool)
    counts, cells = np.nonzero(lamps.cells[cell[:, 0], cell[:, 1]].T >= 0)
    counted[lamps.cells[cell[cells, 0], cell[cells, 1], counts], cells] = True
    lit = np.zeros_like(counted)
    for number, ours in enumerate(lit):
        way = place - lamps.position[number]
        away = np.linalg.norm(way, axis=1)
        near = np.flatnonzero(lamps.intensity[number, 1] > lamps.least[number] * away**2)
        level = [
            beams.beam_intensity(lamps.beam[number], *lamps.axis[number], *np.float32(way[k] / away[k])) for k in near
        ]
        ours[near] = np.array(level) * lamps.intensity[number, 1] > lamps.least[number] * away[near] ** 2
    assert lit.sum() > 300 and not (lit & ~counted).any()
    assert counted.sum() < 8 * lit.sum()


@pytest.mark.parametrize("wet", [False, True])
def test_wet_ground_keeps_the_lamps_that_it_mirrors(wet: bool) -> None:
    """A traffic light 30 m ahead, and far brighter lamps behind: mirrored by the law of reflection 6.7 m ahead."""
    turn, eye = np.radians(np.linspace(150, 210, 40)), np.array([0.0, 0.0, 1.5])
    rows = np.zeros(41, LAMP_LIGHT_DTYPE)
    rows["position"][1:] = np.stack([45 * np.cos(turn), 45 * np.sin(turn), np.full(40, 9.0)], 1)
    rows["position"][0], rows["intensity"][0], rows["intensity"][1:] = (30, 0, 5.25), 377.0, 12_000.0
    rows["axis"], rows["beam"] = (0, 0, -1), int(Beam.ISOTROPIC)
    lamps = gather_lamps(rows, eye, lambda lit: np.zeros(len(lit)), wet=wet)
    middle = 30 * eye[2] / (eye[2] + 5.25)
    column, row = np.floor(([middle, 0.0] - lamps.low) / CELL_M).astype(int)
    assert (0 in lamps.cells[column, row]) == wet


def test_lamps_that_shine_at_their_own_vehicle_are_in_daylight() -> None:
    """One at the rear of a body that looks into it; where nothing moves, that is a dark place, such as a tunnel."""
    body = Body(ellipsoid((2.1, 0.9, 0.7), (1.3, 0, 0.75), rings=12, segments=20), (Material("m", (0.5, 0.5, 0.5)),))
    builder = SceneBuilder((0, 0, 0))
    number = builder.add_object(Model("car", (body,), wheelbase_m=2.6), (0, 0, 0), name="car", moving=True)
    stage = stage_of(builder, sun_at(40))
    rows = np.zeros(2, LAMP_LIGHT_DTYPE)
    rows["position"], rows["axis"], rows["object"] = [-0.75, 0, 0.8], [1, 0, 0], [number, 0]
    lux = Transport(stage, np.zeros(3), QUALITIES["preview"])._daylight_at(rows)
    assert lux == pytest.approx([daylight(stage.atmosphere).horizontal_lx, 0.0], abs=1.0)
