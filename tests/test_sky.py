"""Clear sky, clouds, moon and stars against published values."""

from __future__ import annotations

import datetime as dt
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.scene import NATURAL_ZENITH_MAG, Atmosphere, NightSky
from simulator.sensors import sky_models
from simulator.sensors.cumulus import heaps
from simulator.sensors.hosek_wilkie import clear_sky_xyz
from simulator.sensors.optics import CameraModel
from simulator.sensors.shading.canvas import Picture
from simulator.sensors.shading.night_sky import _stars, add_night_sky, moon_face
from simulator.sensors.sky import make_sky
from simulator.sensors.sky_models import LUMINANCE, dome
from simulator.weather.daylight import clear_diffuse_lx, clear_direct_normal_lx, daylight, moonlight
from simulator.weather.moon import ecliptic_moon, local_R_equator, moon_lx, night_sky
from simulator.weather.sun import equatorial_sun, solar_position

F64 = NDArray[np.float64]

# Made with the C++ program SunSky by A. Willmott, which follows the authors' own (version 1.4a): turbidity, the sun's
# elevation, elevation of the view and its azimuth from the sun (degrees), X, Y, Z; ground albedo 0.
HOSEK_WILKIE = [
    (2, 60, 90, 0, (2656.3, 2658.9, 5933.27)),
    (2, 60, 30, 20, (5366.12, 5621.08, 10925.4)),
    (2, 60, 10, 180, (7135.12, 7646.46, 13700.6)),
    (2, 60, 3, 90, (9131.38, 9868.55, 14666.9)),
    (3, 30, 90, 0, (1886.28, 1932.2, 4024.65)),
    (3, 30, 30, 20, (9933.18, 10612.4, 13826.9)),
    (3, 30, 10, 180, (8066.35, 8848.52, 13568.4)),
    (4.5, 8, 90, 0, (1059.71, 1124.15, 1942.09)),
    (4.5, 8, 30, 20, (5686.96, 5990.4, 5831.13)),
    (4.5, 8, 3, 90, (4095.57, 4363.57, 3638.64)),
    (8, 2, 90, 0, (517.5, 562.86, 783.036)),
    (8, 2, 10, 180, (2005.27, 2135.17, 1645.69)),
    (8, 2, 3, 90, (891.76, 923.718, 676.096)),
]


@pytest.mark.parametrize(("turbidity", "sun", "up", "aside", "xyz"), HOSEK_WILKIE)
def test_hosek_wilkie_as_its_authors_have_it(
    turbidity: float, sun: float, up: float, aside: float, xyz: tuple[float, float, float]
) -> None:
    s, e, a = math.radians(sun), math.radians(up), math.radians(aside)
    toward = math.cos(s) * math.cos(e) * math.cos(a) + math.sin(s) * math.sin(e)
    found = clear_sky_xyz(np.array(math.sin(e)), np.array(toward), s, turbidity, 0.0)
    np.testing.assert_allclose(found, xyz, rtol=2e-5)


@pytest.mark.parametrize("elevation", [10.0, 20.0, 40.0, 60.0])
def test_hosek_wilkie_gives_the_illuminance_of_the_tables(elevation: float) -> None:
    e = math.radians(elevation)
    cos_sun = dome().directions @ np.array([math.cos(e), 0.0, math.sin(e)])
    xyz = clear_sky_xyz(np.sin(dome().elevation), cos_sun, e, 3.0, sky_models.GROUND_ALBEDO)
    assert float(np.sum(xyz[..., 1] * dome().cosine_weight)) == pytest.approx(clear_diffuse_lx(e, 3.0), rel=0.2)


def sky(elevation_deg: float, **fields: Any) -> Atmosphere:
    e = math.radians(elevation_deg)
    return Atmosphere(np.array([math.cos(e), 0.0, math.sin(e)]), e, **fields)


def test_clouds_cover_what_is_said_and_shine_toward_the_sun() -> None:
    covers = []
    for oktas in (1.0, 3.0, 5.0, 7.0):
        opacity, sunlit, skylit, above = heaps(oktas, (0.6, 0.0, 0.8), dome().directions.astype(np.float32), 4)
        assert opacity.min() >= 0 and opacity.max() <= 1 + 1e-6 and above.min() >= 0
        seen = opacity > 0.9
        assert sunlit[seen].min() > 0.05 and sunlit[seen].max() < 0.8 and skylit[seen].min() > 0.3
        high = dome().elevation[:, 0] > math.radians(35)
        covers.append(
            float((opacity * dome().solid_angle)[high].sum() / (dome().solid_angle[high].sum() * sky_models.COLUMNS))
        )
    assert covers == sorted(covers)
    assert covers[0] < 0.45 and covers[-1] > 0.75
    for part in (make_sky(sky(40, cloud_oktas=3.0), 4), make_sky(sky(-30, cloud_oktas=3.0), 4)):
        assert np.isfinite(part.table).all() and part.table.min() >= 0
    # the level stays that of the table, however the clouds lie
    made = make_sky(sky(40, cloud_oktas=3.0), 9)
    light = daylight(sky(40, cloud_oktas=3.0))
    horizontal = float(np.sum(made.table.astype(np.float64) @ LUMINANCE * dome().cosine_weight))
    assert horizontal == pytest.approx(light.diffuse_lx, rel=1e-4)


def test_clouds_are_bright_where_the_sun_shines_on_them_and_grey_below() -> None:
    """With the sun behind the camera sides are bright; toward it, and overhead, the shaded sides and bases are seen."""
    e = math.radians(25)
    found = heaps(3.0, (math.cos(e), 0.0, math.sin(e)), dome().directions.astype(np.float32), 7)
    low = (dome().elevation > math.radians(6)) & (dome().elevation < math.radians(20)) & (found.opacity > 0.9)
    overhead = (dome().elevation > math.radians(50)) & (found.opacity > 0.9)
    facing, against = (low & (sign * dome().directions[..., 0] > 0.7) for sign in (-1.0, 1.0))
    assert found.sunlit[facing].mean() > 1.4 * found.sunlit[against].mean()
    assert found.sunlit[facing].mean() > 1.3 * found.sunlit[overhead].mean()


def test_clouds_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for threads in ("1", "2"):
        monkeypatch.setenv("ODDROAD_THREADS", threads)
        made.append(heaps(4.0, (0.6, 0.0, 0.8), dome().directions.astype(np.float32), 2))
    for one, two in zip(*made):
        np.testing.assert_array_equal(one, two)


def night(zenith_mag: float, **fields: Any) -> F64:
    """(ROWS, COLUMNS) luminance of a moonless night sky above towns of a given brightness."""
    return make_sky(sky(-30, street_lamps_on=True, **fields), 5, zenith_mag).table @ LUMINANCE.astype(np.float32)


@pytest.mark.parametrize("zenith_mag", [18.0, 19.5, 21.2])
def test_zenith_of_a_clear_night_is_as_bright_as_sky_quality_meters_say(zenith_mag: float) -> None:
    """0 mag/arcsec2 are 10.8e4 cd/m2 (handbook of Unihedron's meter), of which a sky without lamps has 1.74e-4."""
    natural, luminance = night(NATURAL_ZENITH_MAG), night(zenith_mag)
    towns = 10.8e4 * 10 ** (-0.4 * zenith_mag) - 1.74e-4
    assert (luminance - natural)[-1].mean() == pytest.approx(towns, rel=0.04)
    assert (luminance - natural)[2].mean() > 4 * towns  # and more so toward the horizon


@pytest.mark.parametrize(("clear_mag", "times"), [(19.0, 10.1), (21.0, 2.8)])
def test_clouds_brighten_the_sky_above_towns(clear_mag: float, times: float) -> None:
    """C. Kyba et al., PLoS ONE 6, e17307 (2011): in Berlin, and 32 km from its centre."""
    high = dome().elevation[:, 0] > math.radians(60)
    natural = night(NATURAL_ZENITH_MAG)[high].mean(), night(NATURAL_ZENITH_MAG, cloud_oktas=8.0)[high].mean()
    towns = night(clear_mag)[high].mean() - natural[0], night(clear_mag, cloud_oktas=8.0)[high].mean() - natural[1]
    assert towns[1] / towns[0] == pytest.approx(times, rel=0.15)
    broken = night(clear_mag, cloud_oktas=4.0)[high]
    assert broken.max() > 1.2 * broken.min()  # each cloud is lit from below


def test_snow_on_the_ground_brightens_the_night_and_lamps_out_darken_it() -> None:
    assert night(18.0, snow_depth_m=0.1).mean() > 2 * night(18.0).mean()
    unlit = make_sky(sky(-30), 5, 18.0).table
    np.testing.assert_array_equal(unlit, make_sky(sky(-30), 5).table)


def test_an_overcast_sky_is_grey_by_day_and_blue_at_dusk() -> None:
    blue = [float(s[0, 0, 2] / s[0, 0, 0]) for s in map(sky_models.overcast_sky, np.radians([40.0, 10.0, 0.0, -5.0]))]
    assert blue[0] == blue[1] == pytest.approx(1.05, abs=0.08) and blue[1] < blue[2] < blue[3]


def test_dust_is_brown_and_fog_is_grey() -> None:
    """A deep layer's colour by van de Hulst is that of its albedos once, the sky's twice; shares lie between."""
    np.testing.assert_allclose(sky_models.dust_tint(0.0), 1.0)
    tints = [sky_models.dust_tint(share) for share in (0.2, 0.6, 1.0)]
    assert all(np.diff(tint).max() < 0 for tint in tints)  # red, green, blue
    assert np.diff([tint[0] / tint[2] for tint in tints]).min() > 0
    thick = {"visibility_m": 300.0, "fog_depth_m": 1000.0}
    dusty, foggy = (make_sky(sky(40, dust_share=share, **thick)).table[1].mean(0) for share in (1.0, 0.0))
    brown, grey = dusty / (dusty @ LUMINANCE), foggy / (foggy @ LUMINANCE)
    np.testing.assert_allclose(brown / grey, tints[-1] ** 2 / (tints[-1] ** 2 * grey @ LUMINANCE), rtol=0.03)
    assert daylight(sky(40, dust_share=1.0, **thick)) == daylight(sky(40, **thick))


def test_moon_as_in_meeus() -> None:
    """Astronomical Algorithms, example 47.a: 1992 April 12, 0 h TD."""
    moon = ecliptic_moon(-0.077221081451)
    assert moon.longitude_deg == pytest.approx(133.162655, abs=0.3)
    assert moon.latitude_deg == pytest.approx(-3.229126, abs=0.2)
    assert moon.parallax_deg == pytest.approx(0.991990, abs=0.003)


@pytest.mark.parametrize(
    ("utc", "phase_deg"),
    [
        (dt.datetime(2025, 5, 12, 16, 56), 0.0),
        (dt.datetime(2025, 5, 27, 3, 2), 180.0),
        (dt.datetime(2025, 6, 3, 3, 41), 90.0),
        (dt.datetime(2024, 8, 19, 18, 26), 0.0),
        (dt.datetime(2024, 12, 8, 15, 27), 90.0),
    ],
)
def test_phases_of_the_almanac(utc: dt.datetime, phase_deg: float) -> None:
    phase = math.degrees(night_sky(utc, 49.0, 8.4).moon_phase_rad)
    assert phase == pytest.approx(phase_deg, abs=5.3 if phase_deg != 90 else 0.7)  # at syzygy it is its latitude


def test_moonlight_of_the_tables() -> None:
    """Full moon 0.26 lx at the mean distance, a tenth of that at the quarters; never more than 0.3 lx on the ground."""
    assert moon_lx(0.0) == pytest.approx(0.31, abs=0.02)  # outside the air
    assert 0.06 < moon_lx(math.pi / 2) / moon_lx(0.0) < 0.12
    up = np.array([0.0, math.sin(math.radians(30)), math.cos(math.radians(30))])
    night = NightSky(up, 0.0, moon_lx(0.0), math.radians(0.259), np.eye(3))
    lit, dark = daylight(sky(-30, night_sky=night)), daylight(sky(-30))
    assert 0.12 < lit.horizontal_lx < 0.30
    assert lit.direct_normal_lx == pytest.approx(
        0.31 * clear_direct_normal_lx(math.radians(60), 3.0) / 133_800, rel=0.05
    )
    assert dark.horizontal_lx < 0.003
    assert daylight(sky(-30, night_sky=night, cloud_oktas=8.0)).direct_normal_lx == 0
    # by day it adds nothing, and the sun stays what casts the shadows
    assert daylight(sky(30, night_sky=night)) == daylight(sky(30))
    assert moonlight(sky(30))[0] == 0
    made = make_sky(sky(-30, night_sky=night))
    np.testing.assert_allclose(made.sun_direction, up, atol=1e-6)
    assert float(made.sun_lx @ LUMINANCE) == pytest.approx(lit.direct_normal_lx, rel=0.03)


def test_stars_turn_with_the_sun() -> None:
    """What turns the catalogue to a place turns the sun to where it is, and Polaris to the place's latitude."""
    utc = dt.datetime(2025, 3, 1, 9, 30)
    sun, seen = equatorial_sun(utc), solar_position(utc, 49.0, 8.4)
    c = math.cos(sun.declination_rad)
    a = sun.right_ascension_rad
    turn = local_R_equator(sun.sidereal_rad + math.radians(8.4), math.radians(49.0))
    east, north, up = turn @ np.array([c * math.cos(a), c * math.sin(a), math.sin(sun.declination_rad)])
    assert math.asin(up) == pytest.approx(seen.elevation_rad, abs=5e-5)
    assert math.atan2(east, north) % math.tau == pytest.approx(seen.azimuth_rad, abs=5e-5)
    toward, lux, _ = _stars()
    polaris = toward[int(np.argmax(toward[:, 2] * (lux > 2.54e-6 * 10 ** (-0.4 * 2.2))))]
    assert math.degrees(math.asin((turn @ polaris)[2])) == pytest.approx(49.0, abs=1.0)
    magnitude = -2.5 * np.log10(lux / 2.54e-6)
    assert [int((magnitude < m).sum()) for m in (1.5, 3.0, 4.0)] == pytest.approx([22, 171, 513], rel=0.06)
    assert np.linalg.norm(toward, axis=1) == pytest.approx(1.0)


def starlit(night: NightSky, pose: F64, wall: bool = False) -> tuple[Picture, CameraModel]:
    camera = CameraModel.of(400, 300, [[600.0, 0, 199.5], [0, 600.0, 149.5], [0, 0, 1]])
    picture = Picture(
        np.zeros((300, 400, 3), np.float32),
        np.full((300, 400), np.inf, np.float32),
        np.full((300, 400), 0 if wall else -1, np.int32),
    )
    air = sky(-40, night_sky=night, turbidity=2.0)
    stage = SimpleNamespace(atmosphere=air)
    dark = SimpleNamespace(stage=stage, sky=SimpleNamespace(radiance=lambda ways: np.zeros((len(ways), 3), np.float32)))
    add_night_sky(picture, dark, camera, pose)  # type: ignore[arg-type]
    return picture, camera


def looking(direction: F64) -> F64:
    """(4, 4) pose of a camera that looks along a unit vector."""
    right = np.cross(direction, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(direction, right), direction], 1)
    return pose


@pytest.mark.parametrize(("phase_deg", "share"), [(0.0, 0.0), (90.0, 0.59), (130.0, 0.82)])
def test_moon_gives_its_light_from_its_place(phase_deg: float, share: float) -> None:
    toward = np.array([0.5, -0.6, math.sqrt(1 - 0.25 - 0.36)])
    phase = math.radians(phase_deg)
    night = NightSky(toward, phase, moon_lx(phase), math.radians(0.26), local_R_equator(1.0, 0.85))
    picture, camera = starlit(night, looking(toward))
    bright = picture.radiance @ LUMINANCE.astype(np.float32)
    moon = bright > 1e3 * night.moon_lx  # far above any star
    assert moon.any()
    rows, columns = np.nonzero(moon)
    assert abs(columns - 199.5).max() <= 3.6 and abs(rows - 149.5).max() <= 3.6
    passed = clear_direct_normal_lx(math.asin(toward[2]), 2.0) / 133_800
    assert float(bright[145:155, 195:205].sum()) / 600**2 == pytest.approx(night.moon_lx * passed, rel=0.06)
    off = math.hypot(float((bright * moon).sum(0) @ (np.arange(400) - 199.5)),
                     float((bright * moon).sum(1) @ (np.arange(300) - 149.5))) / float(bright[moon].sum())  # fmt: skip
    assert off / (600 * night.moon_radius_rad) == pytest.approx(share, abs=0.12)  # the lit side is that of the sun
    assert camera.width == 400


def test_moon_hides_behind_things_and_its_dark_side_is_dark() -> None:
    toward = np.array([0.6, 0.0, 0.8])
    night = NightSky(toward, 0.2, 0.2, math.radians(0.26), np.eye(3))
    picture, _ = starlit(night, looking(toward), wall=True)
    assert picture.radiance.max() == 0
    x = np.linspace(-1.2, 1.2, 101)
    face = moon_face(x[None], x[:, None], np.array([1.0, 0.0]), np.array([0.0, -1.0]), math.radians(90))
    assert face[:, x < -0.01].max() == 0 and face[:, x > 0.5].max() > 0.3
    assert face[np.add.outer(x**2, x**2) >= 1].max() == 0


def test_a_star_keeps_its_light() -> None:
    toward, lux, _ = _stars()
    sirius = toward[int(np.argmax(lux))]
    turn = local_R_equator(math.radians(101.0), math.radians(30.0))  # it is due south
    night = NightSky(np.array([0.0, 0.6, -0.8]), 1.0, 0.0, 0.0045, turn)
    picture, _ = starlit(night, looking(turn @ sirius))
    around = picture.radiance[146:154, 196:204] @ LUMINANCE.astype(np.float32)
    up = math.asin(float((turn @ sirius)[2]))
    passed = clear_direct_normal_lx(up, 2.0) / 133_800 * math.exp(-math.log(20) / 20_000 * 120 / math.sin(up))
    assert float(around.sum()) / 600**2 == pytest.approx(float(lux.max()) * passed, rel=0.01)
    assert (picture.radiance.max(2) > 0).sum() > 40  # and others stand about it


@pytest.mark.parametrize(("magnitude", "seen"), [(-1.0, True), (0.0, True), (3.0, False), (4.5, False)])
def test_cameras_of_cars_show_the_brightest_stars_only(magnitude: float, seen: bool) -> None:
    """Meteor cameras at video rate (12 mm f/1.2, no colour filter) end at magnitude 5.4 (P. Jenniskens et al., Icarus
    216, 2011). Ours (3.2 mm f/1.8: a thirtieth of the lens, and a third of the light by filters) is 5 behind.
    """
    from simulator.sensors.camera import Camera
    from simulator.sensors.shading.film import film_settings, meter, picture_of
    from simulator.sensors.shading.lens import through_lens

    camera = Camera(width=48, height=32, cx=23.5, cy=15.5)
    dark = np.full((32, 48, 3), 2e-3, np.float32)
    exposure = meter(dark, np.zeros(3, np.float32), camera.exposure_target, 1.8, 0.020, camera.iso_max)
    assert exposure.iso == pytest.approx(camera.iso_max) and film_settings(exposure, 30_000.0, 3.0)[1] < 500
    light = dark.copy()
    lux = 2.54e-6 * 10 ** (-0.4 * magnitude) * 0.8  # through clear air
    light[15:17, 23:25] += lux * camera.fx * camera.fy / 4
    light = through_lens(light, camera.model, camera.lens_blur, camera.lateral_colour, exposure.white_cd_m2)
    edge = np.ones((32, 48), np.float32)
    found = 0
    for seed in range(20):
        grey = picture_of(light, edge, exposure, 30_000.0, 3.0, seed, 1).astype(float).mean(-1)
        spots = sum(np.roll(grey, (dy, dx), (0, 1)) for dy in (0, 1) for dx in (0, 1))[2:-2, 2:-2]
        found += spots[14, 22] == spots.max() and spots[14, 22] > spots.mean() + 5 * spots.std()
    assert (found >= 15) if seen else (found <= 2), found


def test_clouds_of_some_oktas_over_a_town_are_lit_where_they_are() -> None:
    light, dark = night(18.0, cloud_oktas=4.0), night(NATURAL_ZENITH_MAG, cloud_oktas=4.0)
    high = dome().elevation[:, 0] > math.radians(30)
    towns = (light - dark)[high]
    assert towns.max() > 4 * towns.min() > 0
