"""Spray behind vehicles against conserved quantities, measured drops and the published extinction of spray."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from simulator.numerics import se3
from simulator.scene import Atmosphere, SceneBuilder, Timeline
from simulator.scene.material import Surface
from simulator.sensors import plumes
from simulator.sensors.optics import CameraModel
from simulator.sensors.shading import plume_light
from simulator.sensors.shading.canvas import Picture
from simulator.sensors.shading.transport import QUALITIES, Transport
from simulator.sensors.stage import Stage

CAMERA = CameraModel.of(160, 120, [[400.0, 0, 79.5], [0, 400.0, 59.5], [0, 0, 1]])
EAST = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
ONE = np.ones((1, 3), np.float32)
SIZES = {"car": (4.5, 1.8, 1.5), "lorry": (12.0, 2.5, 3.8)}
WHEELS = {
    "car": [(0, 0.8, 0.3), (0, -0.8, 0.3), (2.7, 0.8, 0.3), (2.7, -0.8, 0.3)],
    "lorry": [(0, 1, 0.5), (0, -1, 0.5), (1.3, 1, 0.5), (1.3, -1, 0.5), (7, 1, 0.5), (7, -1, 0.5)],
}


def came_east(x: float, gone: np.ndarray) -> np.ndarray:
    """Poses of who drove east to `x` when it had gone so much less."""
    return se3.pose(np.outer(x - gone, [1.0, 0.0, 0.0]), *np.zeros((3, len(gone))))


def trail(kind: str, kmh: float, film_mm: float, x: float = 0.0) -> plumes.Puffs:
    size, speed = np.array(SIZES[kind]), kmh / 3.6
    water = plumes.lifted_water(speed, film_mm / 1000, float(size[2]))
    return plumes._behind(
        water,
        np.array(WHEELS[kind], float),
        lambda gone: came_east(x, gone),
        size,
        speed,
        1000.0 + x,
        5,
        (0.0, 0.0),
    )


def extinction(puffs: plumes.Puffs, behind_m: float) -> float:
    """1/m, the most on a raster across the plume."""
    places = [(-behind_m, y, z) for y in np.linspace(-1.2, 1.2, 9) for z in (0.3, 0.6, 1.0, 1.5)]
    scale = puffs.spread[:, [0, 0, 1]]
    return max(float((puffs.peak * np.exp(-0.5 * (((p - puffs.center) / scale) ** 2).sum(1))).sum()) for p in places)


def one_puff(
    center: tuple[float, float, float], spread: np.ndarray, peak: float, contrast: float = 0.0
) -> plumes.Puffs:
    """A puff, even or with eddies of a deviation's eighth."""
    grain, middle = np.array([[contrast, 8.0 / spread[0, 0]]], np.float32), np.array([center], np.float32)
    peaks, phase, ratio = np.array([peak], np.float32), np.zeros((1, 3), np.float32), np.full(1, 19.0, np.float32)
    return plumes.Puffs(middle, spread, peaks, ONE, grain, phase, ratio)


def empty_picture() -> Picture:
    shape = (CAMERA.height, CAMERA.width)
    return Picture(np.ones((*shape, 3), np.float32), np.full(shape, np.inf, np.float32), np.full(shape, -1, np.int32))


def dark_transport() -> Transport:
    builder = SceneBuilder((0, 0, 0))
    scene = builder.build()
    position, rpy = builder.initial_poses()
    zeros = np.zeros((1, len(position)))
    timeline = Timeline(np.array([0], np.int64), position[None], rpy[None], np.zeros((1, *position.shape)), zeros,
                        zeros, zeros, np.zeros((1, len(position)), np.uint32))  # fmt: skip
    night = Atmosphere(np.array([0.0, 0.0, -1.0]), -1.5, visibility_m=1e9)
    return Transport(Stage(scene, timeline, night, ego=0), np.zeros(3), QUALITIES["preview"])


@pytest.mark.parametrize("tall", [0.4, 1.1])
def test_a_puff_takes_as_much_light_as_its_drops_cover(tall: float) -> None:
    """The optical depth, summed over the solid angle, is the cross-section of all drops over the distance squared."""
    distance, mass = 60.0, 0.02
    spread = np.array([[0.7, tall]], np.float32)
    section = plumes.extinction_m2(mass, 0.4e-3)
    assert section == pytest.approx(2 * math.pi / 4 * 0.4e-3**2 * mass / (1000 * math.pi / 6 * 0.4e-3**3))
    peak = section / ((2 * math.pi) ** 1.5 * 0.7**2 * tall)
    puffs = one_puff((distance, 0.3, -0.2), spread, peak)
    picture = empty_picture()
    plume_light.draw_puffs(puffs, picture, dark_transport(), CAMERA, EAST)
    depth = -np.log(np.maximum(picture.radiance[..., 1].astype(float), 1e-12))
    angle = (CAMERA.rays() ** 2).sum(-1) ** -1.5 / 400.0**2
    assert (depth * angle).sum() * distance**2 == pytest.approx(section, rel=0.03)
    assert (picture.radiance <= 1 + 1e-6).all()


def test_eddies_break_up_a_puff_and_keep_its_mass() -> None:
    field = plumes.eddies().astype(float)
    assert field.mean() == pytest.approx(1.0, rel=1e-4) and field.min() >= 0.0
    spectrum = np.abs(np.fft.fftn(np.log(np.maximum(field, 1e-9))))[1:32, 0, 0]
    assert spectrum[2:5].mean() > 5 * spectrum[16:24].mean() > 0  # big eddies are stronger
    depths = []
    for contrast in (0.0, 1.0):
        picture = empty_picture()
        plume_light.draw_puffs(one_puff((30.0, 0, 0), np.ones((1, 2), np.float32), 0.1, contrast), picture,
                          dark_transport(), CAMERA, EAST)  # fmt: skip
        depths.append(-np.log(np.maximum(picture.radiance[..., 1].astype(float), 1e-12)))
    even, broken = depths
    assert broken.sum() == pytest.approx(even.sum(), rel=0.35)
    middle = even > 0.5 * even.max()
    assert np.std(broken[middle] / even[middle]) > 0.4


def test_puffs_shade_each_other() -> None:
    """The sun in the middle of one puff behind another: exp(-tau (1 - albedo g)), tau by hand."""
    parts = [one_puff((x, 0, 0), np.ones((1, 2), np.float32), 0.4) for x in (0.0, 20.0)]
    puffs = plumes.Puffs(*(np.concatenate(pair) for pair in zip(*parts)))
    lit = np.ones(2, np.float32)
    plume_light.sunlit_puffs(0, 2, puffs, np.array([1.0, 0, 0], np.float32), lit)
    tau = 0.4 * math.sqrt(2 * math.pi)  # through all of a puff of unit deviation
    part = 1.0 - float(plume_light.FORWARD * plume_light.ASYMMETRY)
    assert lit == pytest.approx([math.exp(-1.5 * tau * part), math.exp(-0.5 * tau * part)], rel=1e-3)


def test_what_stands_in_the_middle_of_a_puff_is_behind_half_of_it() -> None:
    puffs = one_puff((30.0, 0, 0), np.ones((1, 2), np.float32), 0.1)
    whole, half = empty_picture(), empty_picture()
    half.depth[:] = 30.0
    before = empty_picture()
    before.depth[:] = 20.0
    transport = dark_transport()
    for picture in (whole, half, before):
        plume_light.draw_puffs(puffs, picture, transport, CAMERA, EAST)
    through = [float(np.log(p.radiance[60, 80, 1])) for p in (whole, half, before)]
    assert through[0] == pytest.approx(-0.1 * math.sqrt(2 * math.pi), rel=0.01)
    assert through[1] == pytest.approx(through[0] / 2, rel=0.02)
    assert through[2] == 0.0


def test_drops_are_as_measured_behind_tyre_grooves() -> None:
    """Mean 0.8 mm at Weber 2700, and about as its inverse root up to 24400 (0.27 mm)."""
    for weber, mean_mm in ((2700, 0.8), (10900, 0.4), (24400, 0.27)):
        speed = math.sqrt(weber * plumes.SURFACE_TENSION_N_M / (plumes.WATER_KG_M3 * plumes.GROOVE_M))
        assert 1000 * plumes.drop_m(speed) / plumes.SAUTER == pytest.approx(mean_mm, rel=0.02)


def test_spray_hides_as_much_as_published() -> None:
    """R. Rasshofer et al. (Adv. Radio Sci. 9, 2011): strong spray 0.017 1/m, moderate 0.0045 (905 nm, large drops)."""
    assert 0.0045 < extinction(trail("car", 80, 1.0), 15) < 0.05
    assert 0.017 < extinction(trail("lorry", 80, 1.0), 15) < 0.5
    assert extinction(trail("car", 50, 0.3), 15) < 0.0045


@pytest.mark.parametrize("kind", ["car", "lorry"])
def test_more_water_speed_and_nearness_mean_more_spray(kind: str) -> None:
    assert extinction(trail(kind, 100, 1.0), 6) > 2 * extinction(trail(kind, 100, 0.3), 6)
    assert extinction(trail(kind, 120, 1.0), 12) > 1.5 * extinction(trail(kind, 80, 1.0), 12)
    far = [extinction(trail(kind, 110, 1.0), behind) for behind in (4, 12, 30)]
    assert far[0] > far[1] > far[2]


def test_puffs_stay_where_they_are_while_the_vehicle_drives_on() -> None:
    before, after = trail("car", 100, 1.0, 0.0), trail("car", 100, 1.0, 0.5)
    gap = np.abs(before.center[:, None, 0] - after.center[None, :, 0]).min(1)
    near = before.center[:, 0] > -6
    assert (gap[near] < 0.06).mean() > 0.9


def one_car(film_m: float, speed: float, temperature_c: float, ground: Surface = Surface.ASPHALT) -> plumes.Puffs:
    """Puffs of a car that drives east over ground of one kind."""
    model = SimpleNamespace(size_lwh_m=np.array(SIZES["car"]))
    joints = np.zeros(4, [("object", int), ("driver", int), ("pivot", float, 3)])
    joints["object"], joints["driver"], joints["pivot"] = 1, 1, WHEELS["car"]
    things = [SimpleNamespace(attributes={}), SimpleNamespace(model=model, class_name="car", attributes={})]
    poses = np.stack([np.eye(4)] * 2)
    scene = SimpleNamespace(joints=joints, objects=things, local_SE3_object=lambda _: poses, origin=np.zeros(3))
    state = SimpleNamespace(
        velocity=np.array([[0, 0, 0], [speed, 0, 0]]), travel_m=np.array([0, 70.0]), hidden=None, time_ns=3_000_000_000
    )
    air = replace(Atmosphere(np.array([0, 0, 1.0]), 1.5), water_film_m=film_m, temperature_c=temperature_c)
    tables = SimpleNamespace(
        instances=np.zeros(1, [("first_face", int), ("first_slot", int)]),
        faces=np.zeros(1, [("slot", int)]),
        slots=np.zeros(1, int),
        materials=np.array([(int(ground),)], [("surface", np.int32)]),
    )
    met = np.zeros(4, np.int32)
    rays = SimpleNamespace(closest_hit=lambda starts, *rest, **options: SimpleNamespace(part=met, primitive=met))
    came = SimpleNamespace(trail=lambda _state, _row, back: came_east(0.0, back))
    stage = SimpleNamespace(
        scene=scene, snapshot=state, atmosphere=air, rays=rays, packed=tables, threads=1, timeline=came
    )
    return plumes.puffs_of(stage, np.zeros(3))  # type: ignore[arg-type]


def test_no_spray_on_dry_roads_by_slow_wheels_or_in_frost() -> None:
    assert len(one_car(1e-3, 25.0, 10.0).peak) > 20
    assert len(one_car(0.0, 25.0, 10.0).peak) == 0
    assert len(one_car(1e-3, 3.0, 10.0).peak) == len(one_car(1e-3, 25.0, -5.0).peak) == 0


def sections(puffs: plumes.Puffs) -> np.ndarray:
    """(P,) extinction cross-sections, m2."""
    return np.asarray(puffs.peak * (2 * math.pi) ** 1.5 * puffs.spread[:, 0] ** 2 * puffs.spread[:, 1])


def test_dust_weighs_what_is_measured_on_unpaved_roads() -> None:
    """AP-42 13.2.2, by hand: 6 x 18 / 12 = 9 lb a mile at 30 mph, 2.54 g/m."""
    speed = 30 * 0.44704
    dust = plumes.lifted_dust(speed).sizes[0]
    assert 4 * dust.section_m2_s / speed / 254 == pytest.approx(2.54e-3, rel=0.01)
    assert plumes.lifted_dust(2 * speed).sizes[0].section_m2_s == pytest.approx(2**1.3 * dust.section_m2_s)
    seen = one_car(0.0, speed, 10.0, Surface.SOIL)
    # four wheels, of which the rear ones count sqrt(2) - 1 of their own; the trail is cut off where it is out of sight
    way = min(plumes.FARTHEST_M, plumes.REACH_LIVES * dust.life_s * 0.7 * speed)
    left = 1 - math.exp(-way / (0.7 * speed) / dust.life_s)
    total = 2 * math.sqrt(2) * dust.section_m2_s * dust.life_s * left
    assert sections(seen).sum() == pytest.approx(total, rel=0.15)
    assert (seen.albedo[:, 0] > seen.albedo[:, 2]).all()  # brown
    assert seen.center[:, 0].max() < 0 and extinction(seen, 6.0) > 0.02
    assert (one_car(1e-3, speed, 10.0, Surface.SOIL).albedo == 1).all()  # wet ground gives spray


def test_a_wheel_in_a_puddle_throws_water_to_both_sides() -> None:
    dry, wet = one_car(0.0, 12.0, 10.0), one_car(0.0, 12.0, 10.0, Surface.WATER)
    assert len(dry.peak) == 0 and len(wet.peak) > 40
    near = wet.center[np.abs(wet.center[:, 0] + 0.55 * 12.0 * 0.2) < 1.0]
    assert near[:, 1].min() < -1.2 and near[:, 1].max() > 1.2 and near[:, 2].max() > 0.4
    # no more than half of the water before the treads, in drops three times as large as those of spray
    rate = plumes.extinction_m2(4 * 0.5 * 1000 * 0.012 * 0.2 * 12.0, plumes.SPLASH_SIZE * plumes.drop_m(12.0))
    assert sections(wet).sum() < 1.2 * rate * plumes.SPLASH_S
    assert sections(wet).sum() > 0.3 * rate * plumes.SPLASH_S


def test_smoke_rises_and_widens_as_a_buoyant_plume() -> None:
    """Morton, Taylor and Turner: radius 6/5 of 0.1 times the height, height with the 3/4th power of the time."""
    model = SimpleNamespace(bounds=np.array([[-1.0, -0.9, 0.0], [3.5, 0.9, 1.5]]))
    thing = SimpleNamespace(id=1, model=model, attributes={"smoke": "smoke"})
    scene = SimpleNamespace(local_SE3_object=lambda state: np.stack([np.eye(4)] * 2))
    air = replace(Atmosphere(np.array([0, 0, 1.0]), 1.5), wind_mps=(0.0, 0.0))
    stage = SimpleNamespace(scene=scene, snapshot=SimpleNamespace(time_ns=0), atmosphere=air)
    puffs = plumes._smoke(stage, thing)  # type: ignore[arg-type]
    height, width = puffs.center[:, 2] - plumes.BONNET * 1.5, puffs.spread[:, 0] * math.sqrt(2)
    far = height > 2.0
    slope = np.polyfit(height[far], width[far], 1)[0]
    assert slope == pytest.approx(0.12, rel=0.25)
    age = (np.arange(len(height)) + 0.5) * plumes.PUFF_S
    assert np.polyfit(np.log(age[far]), np.log(height[far]), 1)[0] == pytest.approx(0.75, abs=0.08)
    # what leaves in a second takes as much light as the soot in it
    section = puffs.peak * (2 * math.pi) ** 1.5 * puffs.spread[:, 0] ** 2 * puffs.spread[:, 1]
    assert section.sum() / (len(section) * plumes.PUFF_S) == pytest.approx(0.6 * 8.7, rel=0.2)


def test_a_trail_lies_on_the_bend_that_was_driven() -> None:
    radius, speed, steps = 60.0, 15.0, 1201
    times = np.arange(steps, dtype=np.int64) * 10_000_000
    gone = speed * times * 1e-9
    angle = (gone - gone[-1]) / radius  # it now is at the origin and looks along x
    position = radius * np.stack([np.sin(angle), 1.0 - np.cos(angle), 0 * angle], axis=1)[:, None]
    rpy = np.stack([0 * angle, 0 * angle, angle], axis=1)[:, None]
    still = np.zeros((steps, 1))
    velocity = speed * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)[:, None]
    dark = np.zeros((steps, 1), np.uint32)
    timeline = Timeline(times, position, rpy, velocity, gone[:, None], still, still, dark)
    puffs = plumes._behind(
        plumes.lifted_dust(speed),
        np.array(WHEELS["car"], float),
        lambda back: timeline.trail(timeline.at(int(times[-1])), 0, back),
        np.array(SIZES["car"]),
        speed,
        float(gone[-1]),
        5,
        (0.0, 0.0),
    )
    round_ = np.hypot(puffs.center[:, 0], puffs.center[:, 1] - radius)
    assert len(round_) > 40
    assert np.abs(round_ - radius).max() < 1.0 + 3 * 0.45 * puffs.spread[:, 0].max()
    assert abs(np.average(round_, weights=puffs.peak) - radius) < 0.5


def test_error_functions_of_eight_lanes_are_those_of_the_library() -> None:
    """Rays that begin at the eye pass a share of a puff that is a difference of error functions: at any place."""
    depths = np.linspace(20.0, 40.0, CAMERA.width, dtype=np.float32)
    picture = empty_picture()
    picture.depth[:] = depths
    plume_light.draw_puffs(one_puff((30.0, 0, 0), np.full((1, 2), 2.0, np.float32), 0.1), picture, dark_transport(),
                           CAMERA, EAST)  # fmt: skip
    tau = -np.log(picture.radiance[60, :, 1].astype(float))
    ways = CAMERA.rays()[60].astype(float)
    length = np.linalg.norm(ways, axis=1)
    nearest = 30.0 / length  # along the ray; y of the camera's rays is level there
    off = (30.0**2 - nearest**2) / 2.0**2
    ends = [np.array([math.erf(x) for x in (d * length - nearest) / (2.0 * math.sqrt(2))]) for d in (0.0, depths)]
    expected = 0.1 * 2.0 * math.sqrt(math.pi / 2) * np.exp(-0.5 * off) * (ends[1] - ends[0])
    drawn = off < 2.7**2
    assert drawn.sum() > 100
    assert tau[drawn] == pytest.approx(expected[drawn], rel=2e-3, abs=1e-5)  # nights are not quite dark
