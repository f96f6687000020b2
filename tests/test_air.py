"""Air between things: Mie's theory, quadratures and random walks against what kernels do with fog and lamps in it."""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import spherical_jn, spherical_yn

from simulator.numerics import se3
from simulator.numerics.rng import generator
from simulator.scene import Atmosphere, Lamp, Material, Model, SceneBuilder
from simulator.scene.material import Beam
from simulator.scene.mesh import box
from simulator.scene.model import Body
from simulator.sensors.optics import CameraModel
from simulator.sensors.shading import air, glow
from simulator.sensors.shading.lamps import gather_lamps
from simulator.sensors.shading.picture import take_picture
from simulator.sensors.sky import make_sky
from simulator.sensors.sky_models import LUMINANCE, dome
from simulator.sensors.stage import LAMP_LIGHT_DTYPE
from simulator.weather.daylight import daylight
from tests.test_camera_light import EAST, matte, plane, stage_of, sun_at

F64 = NDArray[np.float64]
EYE = np.zeros(3, np.float32)


def mie(x: float, m: float, cosine: F64) -> tuple[F64, float]:
    """Intensity by angle and extinction efficiency of a sphere of size x (C. Bohren and D. Huffman, 1983, ch. 4)."""
    n = np.arange(1, int(x + 4 * x ** (1 / 3) + 2) + 3)
    j, y, inner = spherical_jn(n, x), spherical_yn(n, x), spherical_jn(n, m * x)
    dj, dh = (
        j + x * spherical_jn(n, x, True),
        j + 1j * y + x * (spherical_jn(n, x, True) + 1j * spherical_yn(n, x, True)),
    )
    h, inward = j + 1j * y, inner + m * x * spherical_jn(n, m * x, True)
    a = (m * m * inner * dj - j * inward) / (m * m * inner * dh - h * inward)
    b = (inner * dj - j * inward) / (inner * dh - h * inward)
    before, pi = np.zeros_like(cosine), np.ones_like(cosine)
    s1, s2 = np.zeros(len(cosine), complex), np.zeros(len(cosine), complex)
    for k, (ak, bk) in enumerate(zip(a, b, strict=True), 1):
        if k > 1:
            before, pi = pi, ((2 * k - 1) * cosine * pi - k * before) / (k - 1)
        tau, weight = k * cosine * pi - (k + 1) * before, (2 * k + 1) / (k * (k + 1))
        s1, s2 = s1 + weight * (ak * pi + bk * tau), s2 + weight * (ak * tau + bk * pi)
    return (abs(s1) ** 2 + abs(s2) ** 2) / 2, 2 / x**2 * float(np.sum((2 * n + 1) * (a + b).real))


@cache
def fog_by_mie() -> tuple[F64, F64]:
    """Angles and light scattered per steradian by two fogs of Shettle and Fenn: r^6 exp(-1.5 r), r^3 exp(-0.375 r)."""
    angle, wave_um = np.radians([1.0, 2, 3, 5, 10, 20, 30, 45, 60, 75, 90, 105, 120, 140, 150, 160, 170]), 0.55
    mean = np.zeros(len(angle))
    for power, slope, most in ((6, 1.5, 14.0), (3, 0.375, 26.0)):
        radius = np.linspace(0.5, most, 90)
        share = radius**power * np.exp(-slope * radius)
        light, taken = np.zeros(len(angle)), 0.0
        for r, w in zip(radius, share, strict=True):
            intensity, efficiency = mie(2 * math.pi * r / wave_um, 1.335, np.cos(angle))
            light, taken = light + w * intensity, taken + w * efficiency * math.pi * r**2
        mean += light / (2 * math.pi / wave_um) ** 2 / taken / 2
    return angle, mean


def test_fog_scatters_as_mies_theory_says() -> None:
    angle, expected = fog_by_mie()
    ours = np.array([air.fog_phase(np.float32(c)) for c in np.cos(angle)])
    # the fogbow and the least at 110 degrees are smoothed away
    smooth = np.abs(np.degrees(angle) - 140) > 25
    np.testing.assert_allclose(ours[smooth & (angle < 2)], expected[smooth & (angle < 2)], rtol=0.35)
    assert np.abs(np.log2(ours / expected)).max() < 2.2

    edges = np.concatenate([[0.0], np.geomspace(1e-4, math.pi, 4000)])
    middle = (edges[1:] + edges[:-1]) / 2
    given = np.array([air.fog_phase(np.float32(c)) for c in np.cos(middle)])
    whole = float((2 * math.pi * np.sin(middle) * given * np.diff(edges)).sum())
    assert whole == pytest.approx(1.0, abs=0.01)  # fog takes no light away


@pytest.mark.parametrize("rise", [-8.0, 0.0, 0.3, 6.0, 60.0])
def test_fog_that_thins_takes_what_it_holds_along_the_way(rise: float) -> None:
    depth, scale_m, length = 0.03, 12.0, 80.0
    held, _ = quad(lambda s: depth * math.exp(-rise * s / length / scale_m), 0, length)
    found = air.depth_to(np.float32([depth, 1 / scale_m]), np.float32(length), np.float32(rise))
    assert found == pytest.approx(held, rel=1e-3)


def henyey_greenstein(g: float, cosine: F64) -> F64:
    return np.asarray((1 - g * g) / (4 * math.pi * (1 + g * g - 2 * g * cosine) ** 1.5))


def phase(cosine: F64) -> F64:
    """The fit to Mie's theory, once more."""
    refracted = 6.23 / (2 * math.pi) * np.exp(6.23 * (cosine - 1))
    return 0.521 * henyey_greenstein(0.9912, cosine) + 0.442 * refracted + 0.037 * henyey_greenstein(-0.564, cosine)


def one_lamp(place: tuple[float, float, float], beam: Beam = Beam.ISOTROPIC) -> object:
    row = np.zeros(1, LAMP_LIGHT_DTYPE)
    row["position"], row["axis"], row["intensity"], row["beam"] = place, [-1, 0, 0], 1000.0, int(beam)
    return gather_lamps(row, np.zeros(3), lambda rows: np.zeros(len(rows)))


def gained(
    lamps: object, way: F64, begin: float, end: float, depth: float, window: float = 0.0, within: bool = False
) -> float:
    """Radiance per cd, in slices as long as the grid's or in one piece as within windows."""
    edges = np.array([begin, end]) if within else np.geomspace(begin, end, 49)
    haze, (dx, dy, dz) = np.float32([depth, 0.0]), np.float32(way)
    return float(
        sum(
            glow.lamp_glow(lamps, 0, EYE, dx, dy, dz, np.float32(a), np.float32(b), haze, np.float32(window), within)
            for a, b in itertools.pairwise(edges)
        )
    )


@pytest.mark.parametrize("aside_deg", [1.0, 3.0, 10.0, 45.0, 110.0])
@pytest.mark.parametrize("away_m", [8.0, 60.0])
def test_light_of_a_lamp_in_fog_is_the_integral_along_the_ray(aside_deg: float, away_m: float) -> None:
    """An even lamp in even fog: the airlight integral by quadrature over the way, not over the angle."""
    depth, a = 0.03, math.radians(aside_deg)
    way = np.array([math.cos(a), math.sin(a), 0.0])
    nearest, aside = away_m * math.cos(a), math.hypot(away_m * math.sin(a), 0.06)
    edges = nearest + aside * np.sinh(np.linspace(*np.arcsinh((np.array([0.8, 120.0]) - nearest) / aside), 40_001))
    t = (edges[1:] + edges[:-1]) / 2
    d = np.hypot(t - nearest, aside)
    cosine, s = (nearest - t) / np.hypot(t - nearest, away_m * math.sin(a)), depth * (t + d)
    broad = 0.113 * henyey_greenstein(0.25, cosine) * (1 - np.exp(-s)) * np.exp(-0.011 * s)
    given = depth * (phase(cosine) * np.exp(-0.68 * s) + broad) / d**2
    expected = float((given * np.diff(edges)).sum())
    lamps = one_lamp((away_m, 0, 0))
    assert gained(lamps, way, 0.8, 120.0, depth) == pytest.approx(expected, rel=0.05)
    # what comes from within a window and from without is all
    chord = 9.0 - (away_m * math.sin(a)) ** 2
    if chord > 0 and nearest > 3.0:
        begin, end = nearest - math.sqrt(chord), nearest + math.sqrt(chord)
        ray, haze = np.float32(way), np.float32([depth, 0.0])
        parts = [gained(lamps, way, 0.8, 120.0, depth, 3.0), gained(lamps, way, begin, end, depth, 3.0, True)]
        parts.append(float(glow.diffracted(lamps, 0, EYE, *ray, np.float32(120.0), haze, np.float32(3.0))))
        assert sum(parts) == pytest.approx(expected, rel=0.1), parts


@pytest.mark.parametrize("mean_free_paths", [1.0, 3.0])
def test_halos_are_as_bright_as_random_walks_make_them(mean_free_paths: float) -> None:
    """Walks from the eye through fog over black ground, each of whose turns sees the lamp; one turn is not enough."""
    aside, count, rng = math.radians(15), 60_000, generator(5, "walks")
    place, way = (
        np.zeros((count, 3)),
        np.tile([math.cos(aside), 0.8 * math.sin(aside), 0.6 * math.sin(aside)], (count, 1)),
    )
    lobes = np.array([0.521, 0.442, 0.037])
    orders = np.zeros(30)
    lamp = np.array([1.0, 0, 0])
    for order in range(len(orders)):
        place = place + way * (rng.exponential(size=len(place)) / mean_free_paths)[:, None]
        alive = place[:, 2] > -0.05
        place, way = place[alive], way[alive]
        away = np.linalg.norm(lamp - place, axis=1)
        cosine = ((lamp - place) * way).sum(1) / away
        orders[order] = float((phase(cosine) * np.exp(-mean_free_paths * away) / np.maximum(away, 0.02) ** 2).sum())
        u, kind = rng.random(len(place)), rng.choice(3, len(place), p=lobes)
        g = np.array([0.9912, 0.5, -0.564])[kind]
        turn = (1 + g * g - ((1 - g * g) / (1 - g + 2 * g * u)) ** 2) / (2 * g)
        turn = np.where(kind == 1, 1 + np.log(np.maximum(1 - u, 5e-6)) / 6.23, turn).clip(-1, 1)
        side = np.cross(way, rng.normal(size=way.shape))
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        way = way * turn[:, None] + side * np.sqrt(1 - turn**2)[:, None]
    walked = orders.sum() / count
    # our kernels count in metres: the lamp 40 m away
    way = np.array([math.cos(aside), 0.8 * math.sin(aside), 0.6 * math.sin(aside)])
    ours = gained(one_lamp((40.0, 0, 0)), way, 0.8, 120.0, mean_free_paths / 40.0) * 40.0**2
    assert 0.6 < ours / walked < 1.6
    assert orders[0] / count < 0.65 * walked


CAMERA = CameraModel.of(96, 64, [[90.0, 0, 47.5], [0, 90.0, 31.5], [0, 0, 1]])


def night_street(visibility_m: float, lamp: tuple[float, float, float], wall: bool = False) -> np.ndarray:
    """(H, W) luminance of a street with one lamp, seen from 1.5 m above it."""
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(plane(), (matte(0.1),), "road")
    if wall:
        builder.add_mesh(box((0.3, 40, 20), (lamp[0] - 3, 0, 10)), (matte(0.0, metallic=1.0),), "building")
    bulb = Lamp(lamp, (-1, 0, 0), 2000.0, beam=Beam.ISOTROPIC)
    body = Body(box((0.02, 0.02, 0.02), lamp), (Material("bulb", (0, 0, 0)),))
    builder.add_model(Model("pole", (body,), lamps=(bulb,)), (0, 0, 0))
    stage = stage_of(builder, sun_at(-40, visibility_m=visibility_m))
    picture, _ = take_picture(stage, CAMERA, se3.pose((0, 0, 1.5)) @ EAST, 3, "preview")
    return np.asarray(picture.radiance @ LUMINANCE.astype(np.float32))


def test_halos_fall_smoothly_and_walls_hide_them() -> None:
    seen = night_street(150.0, (30.0, 0, 1.5))
    across = seen[31, 48:]
    steps = across[[3, 6, 12, 24]]
    assert (np.diff(np.log2(steps)) < -1.0).all() and (np.diff(np.log2(steps)) > -5.0).all()
    smooth = np.abs(np.diff(np.log(across[6:40]), 2)).max()
    assert smooth < 0.12  # no seam between window and grid
    behind = night_street(150.0, (30.0, 0, 1.5), wall=True)
    assert behind[31, 48:].max() < 0.02 * across[3]


def shallow_fog(depth_m: float, oktas: float = 0.0) -> Atmosphere:
    return sun_at(7.0, 90.0, visibility_m=120.0, fog_depth_m=depth_m, cloud_oktas=oktas)


def test_the_low_sun_glows_through_shallow_fog() -> None:
    """Drops send light forward: toward the sun, so far beside its disc, fog is several times brighter than away."""
    sky = make_sky(shallow_fog(5.0))
    near = np.array([[math.cos(0.14), math.sin(0.14), 0.12], [-1.0, 0, 0.12]], np.float32)
    toward, away = sky.luminance(near / np.linalg.norm(near, axis=1, keepdims=True))
    assert 3 < toward / away < 60
    thick = make_sky(shallow_fog(150.0)).luminance(near / np.linalg.norm(near, axis=1, keepdims=True))
    assert 0.8 < thick[0] / thick[1] < 2.0
    for depth_m in (5.0, 30.0, 150.0):  # and its light is that of the day
        weather = shallow_fog(depth_m)
        lit = dome().illuminance(make_sky(weather).table.astype(np.float64))
        assert lit == pytest.approx(daylight(weather).diffuse_lx, rel=1e-3)


@pytest.mark.parametrize("quality", ["preview", "standard"])
def test_what_rises_out_of_the_fog_is_seen_clearer(quality: str) -> None:
    """A black wall 60 m away: its contrast at 1.5 m and 25 m above the ground is the fog's on the way there."""
    weather = sun_at(40, cloud_oktas=8.0, visibility_m=100.0, fog_depth_m=8.0)
    builder = SceneBuilder((0, 0, 0))
    builder.add_mesh(plane(), (matte(0.1),), "road")
    builder.add_mesh(box((1, 400, 80), (60.5, 0, 30)), (matte(0.0, metallic=1.0),), "building")
    stage = stage_of(builder, weather)
    picture, transport = take_picture(stage, CAMERA, se3.pose((0, 0, 1.5)) @ EAST, 3, quality)
    seen = picture.radiance @ LUMINANCE.astype(np.float32)
    haze = float(transport.sky.airlight[0] @ LUMINANCE)
    assert transport.air[0] == pytest.approx(weather.extinction_1_m * math.exp(-1.5 / 8.0), rel=1e-3)
    for row in (31, 2):
        up = (31.5 - row) / 90.0
        held, _ = quad(lambda s, up=up: math.hypot(1, up) * math.exp(-s * up / 8.0), 0, 60.0)
        assert seen[row, 47] / haze == pytest.approx(1 - math.exp(-float(transport.air[0]) * held), rel=0.03)


@pytest.mark.parametrize("up_deg", [12.0, 30.0, 55.0])
def test_fog_has_the_colour_of_what_lights_it(up_deg: float) -> None:
    """Its drops scatter all colours alike, and take none: far away it looks as a white sheet above it would."""
    clear, foggy = (sun_at(up_deg, cloud_oktas=0.0, visibility_m=each) for each in (20_000.0, 100.0))
    light, fog = make_sky(clear).horizontal_lx, make_sky(foggy).airlight.mean(0)
    np.testing.assert_allclose(fog / fog[1], light / light[1], rtol=0.04)
