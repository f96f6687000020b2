"""The reference (path tracing) against Mitsuba 3's picture and in a white furnace; standard and preview against it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_camera import SMALL, still, street, weather

from simulator.actors.wardrobe import BAND_CD_LX_M2
from simulator.numerics import se3
from simulator.scenario.models import Scenario
from simulator.scene import Atmosphere, Lamp, Material, Mesh, Model, SceneBuilder, Switch, Timeline
from simulator.scene.classes import class_id
from simulator.scene.material import Beam
from simulator.scene.mesh import box, ellipsoid
from simulator.scene.model import Body
from simulator.sensors.camera import Camera
from simulator.sensors.optics import CameraModel
from simulator.sensors.shading import transport
from simulator.sensors.shading.mips import SRGB_TO_LINEAR
from simulator.sensors.shading.picture import take_picture
from simulator.sensors.shading.reflectance import RETRO_HALVES, thrown_back
from simulator.sensors.shading.surface import SIGN_RETRO_WIDTH
from simulator.sensors.shading.transport import fan_of, sky_fan
from simulator.sensors.sky import HOUSES, WALL_ALBEDO, Sky, irradiance_harmonics, light_among_walls, make_sky
from simulator.sensors.sky_models import COLUMNS, GROUND_ALBEDO, ROWS
from simulator.sensors.stage import Stage
from simulator.world import build_world
from tests import reference_scene as golden

F32 = NDArray[np.float32]
EAST = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])


def stage_of(builder: SceneBuilder, sky: Sky) -> Stage:
    """Still stage under a given sky."""
    positions, rpy = builder.initial_poses()
    still, zeros = np.zeros(positions.shape)[None], np.zeros((1, len(positions)))
    switches = np.zeros((1, len(positions)), np.uint32)
    timeline = Timeline(np.array([0]), positions[None], rpy[None], still, zeros, zeros, zeros, switches)
    air = Atmosphere(np.array([0.0, 0.0, 1.0]), math.pi / 2, visibility_m=1e12)
    stage = Stage(builder.build(), timeline, air, ego=0)
    _ = stage.sky
    assert stage._sky is not None
    stage._sky = stage._sky[0], sky
    return stage


def even_sky(above: Any, ground: Any, toward_sun: Any = (0.0, 0.0, 1.0), sun_lx: Any = (0.0, 0.0, 0.0)) -> Sky:
    """A sky of one colour over ground of another."""
    table = np.broadcast_to(np.asarray(above, np.float32), (ROWS, COLUMNS, 3)).copy()
    ground = np.asarray(ground, np.float32)
    return Sky(
        table,
        np.broadcast_to(np.asarray(above, np.float32), (64, 3)).copy(),
        np.tile(irradiance_harmonics(table.astype(np.float64), ground.astype(np.float64)), (2, 1)).astype(np.float32),
        ground,
        np.asarray(toward_sun, np.float32),
        np.asarray(sun_lx, np.float32),
        np.array([1e-12], np.float32),
    )


def golden_stage() -> Stage:
    """The scene of `reference_scene`."""
    builder = SceneBuilder((0, 0, 0))
    for k, ((vertices, faces), material) in enumerate(golden.parts()):
        builder.add_mesh(Mesh.of(vertices, faces), (Material(f"part{k}", **material),), "building")
    return stage_of(builder, even_sky(golden.SKY_CD_M2, golden.GROUND_CD_M2, golden.TOWARD_SUN, golden.SUN_LX))


def picture_of(stage: Stage, quality: str) -> F32:
    focal, size = golden.FOCAL_PX, (golden.WIDTH, golden.HEIGHT)
    matrix = [[focal, 0, (size[0] - 1) / 2], [0, focal, (size[1] - 1) / 2], [0, 0, 1]]
    return take_picture(stage, CameraModel.of(*size, matrix), golden.pose(), 3, quality)[0].radiance


def few(monkeypatch: pytest.MonkeyPatch, samples: int) -> None:
    monkeypatch.setitem(transport.QUALITIES, "reference", replace(transport.QUALITIES["reference"], samples=samples))


def blocks(picture: F32, size: int = 8) -> F32:
    """Means of squares of pixels."""
    height, width = picture.shape[:2]
    return picture.reshape(height // size, size, width // size, size, -1).mean((1, 3))


def test_reference_converges_to_mitsuba(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sun, sky, rough dielectrics, a rough conductor and a pane, 14 bounces: mean relative error below 2 %."""
    few(monkeypatch, 96)
    ours, theirs = picture_of(golden_stage(), "reference"), np.load(golden.GOLDEN)["radiance"]
    assert ours.mean() == pytest.approx(theirs.mean(), rel=0.01)
    error = np.abs(blocks(ours) - blocks(theirs)) / blocks(theirs)
    assert error.mean() < 0.02


@pytest.mark.parametrize(
    "look_of",
    [
        {"roughness": 1.316},
        {"roughness": 1.0},
        {"roughness": 0.5},
        {"roughness": 0.25},
        {"roughness": 1.0, "metallic": 1.0},
        {"roughness": 0.5, "metallic": 1.0},
        {"roughness": 0.25, "metallic": 1.0},
        {"roughness": 0.8, "clearcoat": 1.0},
        {"roughness": 0.4, "metallic": 1.0, "clearcoat": 1.0},
        {"roughness": 0.45, "retro_cd_lx_m2": 300.0},
        {"roughness": 0.75, "albedo": (0.5, 0.5, 0.5), "translucency": 1.0},
        {"roughness": 0.05, "albedo": (0.0, 0.0, 0.0), "transmission": 1.0},
    ],
)
def test_white_furnace(monkeypatch: pytest.MonkeyPatch, look_of: dict[str, Any]) -> None:
    """A body that keeps nothing cannot be told from even light, to half a percent: matt, metal, coat, leaf, glass."""
    few(monkeypatch, 128)
    builder = SceneBuilder((0, 0, 0))
    globe = replace(ellipsoid((1, 1, 1), rings=24, segments=48), smooth=True)
    builder.add_mesh(globe, (Material("white", **{"albedo": (1.0, 1.0, 1.0), **look_of}),), "building")
    camera = CameraModel.of(48, 32, [[60.0, 0, 23.5], [0, 60.0, 15.5], [0, 0, 1]])
    stage = stage_of(builder, even_sky((1.0, 1.0, 1.0), (1.0, 1.0, 1.0)))
    seen = take_picture(stage, camera, se3.pose((-4, 0, 0)) @ EAST, 5, "reference")[0]
    assert seen.radiance[seen.instance == 0].mean() == pytest.approx(1.0, abs=0.005)


def test_no_material_gives_more_light_than_it_gets() -> None:
    """Of all that stands in a town: what it reflects, lets through and throws back to lamps is at most 1."""
    data = {"duration_s": 0.0, "road": {"kind": "town"}, "surroundings": {"kind": "town"}}
    scene = build_world(Scenario.model_validate(data).sample(3)).scene
    assert len(scene.materials) > 100
    given, means = {}, {}
    for matter in scene.materials:
        albedo, texture = np.array(matter.albedo), matter.texture
        if texture is not None:
            if id(texture) not in means:
                texels = texture.rgba[(texture.rgba[..., 3] >= 128) | texture.panes][:, :3]
                means[id(texture)] = [SRGB_TO_LINEAR[texels[:, k]].mean() for k in range(3)]
            albedo = albedo * means[id(texture)]
        # the lobe's integral over the solid angle: 2 pi w^2 R_A for (1 + x^2 / w^2)^(-3/2)
        back = 2 * math.pi * SIGN_RETRO_WIDTH**2 / RETRO_HALVES * matter.retro_cd_lx_m2
        given[matter.name] = float(albedo.max() * (1 + matter.translucency) + back)
    assert {name: part for name, part in given.items() if part > 1.0} == {}


def coefficient(beside_deg: float, entrance_deg: float) -> float:
    """R_A of sheeting over that at 0, 0: intensity per area, so that it seems smaller when it is turned."""
    cosine = math.cos(math.radians(entrance_deg))
    return float(thrown_back.py_func(1.0, math.radians(beside_deg) ** 2, SIGN_RETRO_WIDTH, cosine)) * cosine


def test_retro_reflective_sheeting_as_in_the_standard() -> None:
    """EN 12899-1, class RA2, white: by the angle beside the lamp at 5 deg, and by the entrance angle at 0.2 deg."""
    beside = np.array([coefficient(off, 5.0) for off in (0.2, 0.33, 2.0)])
    np.testing.assert_allclose(250 * beside / beside[0], [250, 180, 5], rtol=0.15)
    turned = np.array([coefficient(0.2, entrance) for entrance in (5.0, 30.0, 40.0)])
    np.testing.assert_allclose(250 * turned / turned[0], [250, 150, 110], rtol=0.1)


def test_bands_of_vests_return_what_the_standard_asks() -> None:
    """EN ISO 20471, table 5: least R_A by observation angle (rows) and entrance angle, which good tape has thrice."""
    beside, turned = (0.2, 1 / 3, 1.0, 1.5), (5.0, 20.0, 30.0, 40.0)
    least = np.array([[330, 290, 180, 65], [250, 200, 170, 60], [25, 15, 12, 10], [10, 7, 5, 4]])
    ours = BAND_CD_LX_M2 * np.array([[coefficient(off, entrance) for entrance in turned] for off in beside])
    assert np.all(ours >= 0.99 * least)
    assert np.all(ours[:, :3] < 3 * least[:, :3])


@pytest.mark.parametrize("rise_deg", [2, 8, 30, 60, 90])
def test_streets_get_the_light_that_enters_them(rise_deg: float) -> None:
    """Ground and walls of a long street together receive what falls in from above, of the sun as of an even sky."""
    up = math.radians(rise_deg)
    found = []
    for above, sun in ((0.0, 1e5), (1000.0, 0.0)):
        horizontal = math.pi * above + sun * math.sin(up)
        ground = np.full(3, GROUND_ALBEDO * horizontal / math.pi)
        sky = even_sky([above] * 3, ground, (math.cos(up), 0.0, math.sin(up)), [sun] * 3)
        walls, street, _ = light_among_walls(sky, 0.0)[:, 1]
        found.append((street / GROUND_ALBEDO + 2 * HOUSES * walls / WALL_ALBEDO) * math.pi / horizontal)
    kept = 1 - (WALL_ALBEDO + GROUND_ALBEDO) / 2 * (1 - math.hypot(HOUSES, 1) + HOUSES)  # after all further bounces
    np.testing.assert_allclose(np.array(found) * kept, 1.0, rtol=1e-5)


def test_directions_of_a_fan_stand_for_the_sky() -> None:
    """The light on level and upright planes is that of the whole sky, though most directions go where it is bright."""
    sky = make_sky(weather(8.0, cloud_oktas=1.0))
    fan, weights = fan_of(sky, 4096)
    even = sky_fan(1 << 16)
    for normal in np.eye(3, dtype=np.float32):
        ours = (weights * np.maximum(fan @ normal, 0)).mean()
        theirs = (sky.radiance(even)[:, 1] * np.maximum(even @ normal, 0)).mean()
        assert ours == pytest.approx(theirs, rel=0.03)
    assert (weights.max() / weights.min()) < 0.3 * sky.table[1:, :, 1].max() / sky.table[1:, :, 1].min()


def test_a_lamp_of_less_than_a_pixel_has_its_light_in_every_picture() -> None:
    """Luminance times solid angle, in pixels, to a tenth."""
    builder = SceneBuilder((0, 0, 0))
    shine = Material("lamp", (0.0, 0.0, 0.0), emission_cd_m2=(1e5, 1e5, 1e5))
    bulb = Body(box((0.01, 0.2, 0.2)), (shine,))
    places = np.random.default_rng(3).uniform([30, -14, -8], [40, 14, 8], (12, 3))
    for place in places:
        lamp = Lamp((0, 0, 0), (-1, 0, 0), 1e5)  # matters in the sunshine of this stage
        builder.add_model(Model("pole", (bulb,), lamps=(lamp,)), place)
    stage = stage_of(builder, even_sky((1e-6, 1e-6, 1e-6), (1e-6, 1e-6, 1e-6)))
    camera = CameraModel.of(64, 48, [[60.0, 0, 31.5], [0, 60.0, 23.5], [0, 0, 1]])
    picture = take_picture(stage, camera, EAST, 5, "standard")[0].radiance
    assert picture[..., 1].sum() == pytest.approx(1e5 * ((0.2 * 60.0 / (places[:, 0] - 0.005)) ** 2).sum(), rel=0.1)


CONDITIONS: dict[str, dict[str, Any]] = {
    "clear": {},
    "overcast": {"cloud_oktas": 8.0},
    "wet": {"cloud_oktas": 7.0, "water_film_m": 6e-4},
    "low sun": {},
    "night": {"street_lamps_on": True},
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_standard_has_the_light_of_the_reference(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Mean luminance of road, building and sky within a tenth (smaller things are mostly edges in this picture)."""
    few(monkeypatch, 48)
    elevation = {"night": -20, "low sun": 7}.get(name, 35)
    stage = street(weather(elevation, **CONDITIONS[name]), lamps=True)
    means = {}
    for quality in ("reference", "standard"):
        frame = Camera(**{**SMALL, "width": 120, "height": 36, "fx": 70.0, "fy": 70.0, "cx": 59.5, "cy": 17.0}).sense(
            stage, 0, 4, quality
        )
        luminance = frame.radiance @ np.array([0.2126, 0.7152, 0.0722], np.float32)
        luminance = np.minimum(luminance, 1e5)  # of the sun's disc, which few samples meet
        means[quality] = [luminance[frame.semantic == class_id(of)].mean() for of in ("road", "building", "sky")]
    assert means["standard"] == pytest.approx(means["reference"], rel=0.10)


@pytest.mark.parametrize("elevation_deg", [-20, 7])
def test_leaves_have_the_light_of_the_reference(monkeypatch: pytest.MonkeyPatch, elevation_deg: int) -> None:
    """A hedge below a lamp, or in the low sun: light passes leaves, and goes from leaf to leaf."""
    few(monkeypatch, 48)
    builder, rng = SceneBuilder((0, 0, 0)), np.random.default_rng(4)
    floor = Mesh.of([[-40, -40, 0], [60, -40, 0], [60, 40, 0], [-40, 40, 0]], [[0, 1, 2], [0, 2, 3]])
    builder.add_mesh(floor, (Material("ground", (0.2, 0.2, 0.2)),), "road")
    count = 1500
    middle = rng.uniform([7, -3, 0.2], [9, 3, 2.2], (count, 1, 3))
    leaf = middle + 0.15 * rng.normal(size=(count, 3, 3))
    hedge = Mesh.of(leaf.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3))
    builder.add_mesh(hedge, (Material("leaf", (0.25, 0.35, 0.12), translucency=0.8),), "vegetation")
    bulb = Body(box((0.4, 0.2, 0.1), (0, 0, 6.05)), (Material("housing"),))
    lamp = Lamp((0, 0, 5.9), (0, 0, -1), 4000.0, beam=Beam.STREET, switch=Switch.STREET)
    builder.add_model(Model("pole", (bulb,), lamps=(lamp,)), np.array([4.0, 2.0, 0.0]))
    ego = builder.add_object(Model("car", (bulb,)), np.array([-30.0, 0, 0]))
    stage = still(builder, weather(elevation_deg, street_lamps_on=elevation_deg < 0), ego)
    camera = CameraModel.of(96, 48, [[80.0, 0, 47.5], [0, 80.0, 23.5], [0, 0, 1]])
    means = {}
    for quality in ("reference", "standard"):
        picture = take_picture(stage, camera, se3.pose((-1, 0, 1.5)) @ EAST, 6, quality)[0]
        luminance = picture.radiance @ np.array([0.2126, 0.7152, 0.0722], np.float32)
        means[quality] = [luminance[picture.instance == of].mean() for of in (0, 1)]
    assert means["standard"] == pytest.approx(means["reference"], rel=0.10)
