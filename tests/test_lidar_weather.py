"""Fog, rain and snow against published tables."""

from __future__ import annotations

import numpy as np
import pytest
from small_world import air
from test_spray import one_puff

from simulator.sensors.lidar import receiver_of
from simulator.sensors.lidar_kernels import PLUME_CLASS, Echoes
from simulator.sensors.lidar_models import load_lidar
from simulator.sensors.lidar_plumes import boxes_of, plume_echoes
from simulator.sensors.lidar_weather import (
    air_of,
    fog_echo,
    fog_extinction_1_m,
    rain_extinction_1_m,
    soft_response,
)
from simulator.sensors.plumes import wrapped_eddies
from simulator.weather.snow import snow_extinction_1_m

FOG_TABLE = [  # alpha 1/m, response x 1e9, range of its peak: sin^2 pulse of 20 ns (half width), focus 0
    (0.005, 4.568, 4.70),
    (0.01, 4.493, 4.70),
    (0.02, 4.347, 4.70),
    (0.03, 4.206, 4.70),
    (0.06, 3.816, 4.60),
    (0.1, 3.362, 4.60),
    (0.2, 2.476, 4.50),
]


@pytest.mark.parametrize(("alpha", "response", "peak_m"), FOG_TABLE)
def test_published_fog_table(alpha: float, response: float, peak_m: float) -> None:
    r = np.arange(0.1, 20, 0.01)
    ours = soft_response(alpha, r, 20e-9)
    assert ours.max() * 1e9 == pytest.approx(response, rel=1e-3)
    assert r[ours.argmax()] == pytest.approx(peak_m, abs=0.06)


@pytest.mark.parametrize(("limit", "at", "response"), [(2.0, 1.901, 3.299e-10), (3.0, 2.901, 1.749e-9)])
def test_published_fog_table_before_a_near_target(limit: float, at: float, response: float) -> None:
    assert soft_response(0.06, np.array([at]), 20e-9, 0.0, limit)[0] == pytest.approx(response, rel=3e-3)


def test_fog_replaces_the_target_as_published() -> None:
    """i_fog = i R0^2 (beta / beta_0) I with beta 0.046 / MOR and beta_0 1e-6 / pi, against exp(-2 alpha R0)."""
    alpha, visibility = 0.06, np.log(20) / 0.06
    for target, replaced in ((20.0, False), (40.0, True)):
        fog = fog_echo(100.0, target, alpha, 0.046 / visibility)
        by_hand = 100.0 * target**2 * (0.046 / visibility) / (1e-6 / np.pi) * 3.816e-9
        assert fog == pytest.approx(by_hand, rel=2e-3)
        assert (fog > 100.0 * np.exp(-2 * alpha * target)) == replaced


def test_koschmieder_and_haze() -> None:
    for visibility, alpha in ((300, 0.01), (150, 0.02), (100, 0.03), (50, 0.06), (15, 0.2)):
        assert fog_extinction_1_m(visibility) == pytest.approx(alpha, rel=2e-2)
    assert fog_extinction_1_m(20_000) == pytest.approx(np.log(20) / 20_000 * (905 / 550) ** -1.3)
    assert fog_extinction_1_m(2000) < np.log(20) / 2000


@pytest.mark.parametrize(
    ("rain_mm_h", "per_km"), [(1, 0.365), (5, 1.005), (10, 1.556), (25, 2.771), (50, 4.288), (100, 6.636)]
)
def test_rain_table(rain_mm_h: float, per_km: float) -> None:
    assert rain_extinction_1_m(rain_mm_h) * 1e3 == pytest.approx(per_km, abs=6e-4)


def test_rain_is_near_mie_theory_and_measured_fits() -> None:
    mie = {1: 0.367, 5: 1.010, 10: 1.563, 25: 2.782, 50: 4.304}
    for rate, per_km in mie.items():
        assert rain_extinction_1_m(rate) * 1e3 == pytest.approx(per_km, rel=0.01)
        assert rain_extinction_1_m(rate) * 1e3 == pytest.approx(1.45 * rate**0.64 / 4.343, rel=0.1)  # Ulbrich, Atlas


def test_snow_shortens_sight_as_observed() -> None:
    """About one kilometre at 1 mm/h of melted water, a few hundred metres in heavy snow."""
    assert 600 < np.log(20) / snow_extinction_1_m(1.0) < 1500
    assert 150 < np.log(20) / snow_extinction_1_m(4.0) < 500
    assert snow_extinction_1_m(0.0) == rain_extinction_1_m(0.0) == 0.0


@pytest.mark.parametrize(
    ("clear_m", "visibility_m", "reach_m"),
    [(200, 20, 16.6), (200, 50, 31.1), (200, 100, 47.8), (200, 300, 85.3), (100, 20, 13.4), (100, 100, 35.0)],
)
def test_reach_in_fog_solves_the_range_equation(clear_m: float, visibility_m: float, reach_m: float) -> None:
    alpha = fog_extinction_1_m(visibility_m)
    low, high = 1.0, clear_m
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.exp(-2 * alpha * middle) / middle**2 > 1 / clear_m**2 else (low, middle)
    assert low == pytest.approx(reach_m, abs=0.06)
    # and the sensor model, whose near field differs, is close to it
    lidar = load_lidar("velodyne_vlp32c")
    if clear_m == 200:
        assert lidar.reach_m(0.9, alpha) == pytest.approx(reach_m, rel=0.12)


def test_air_collects_all_weather() -> None:
    lidar = load_lidar("velodyne_hdl64e_s2")
    weather = air(visibility_m=300.0, rain_mm_h=5.0, snow_mm_h=0.0)
    ready = air_of(weather, lidar)
    assert ready.fog[0] == pytest.approx(fog_extinction_1_m(300.0))
    assert ready.even == pytest.approx(rain_extinction_1_m(5.0))
    assert ready.density[0] > 0 == ready.density[1]
    assert np.all(np.diff(ready.fog_range) >= 0)
    assert ready.fog_range[0] >= 0.9
    assert air_of(air(visibility_m=50.0), lidar).fog_power > 3 * air_of(air(visibility_m=300.0), lidar).fog_power


def through_a_cloud(peak: float, before: float) -> tuple[Echoes, float]:
    """Echoes of an OS1's pulses at a wall 60 m ahead, a tenth as bright as white, behind and beside a cloud at 20 m.

    The cloud's deviation is 2 m; the optical depth of what of it lies `before` (m) is returned, too.
    """
    lidar = load_lidar("ouster_os1_64")
    sweep = lidar.sweep(10.0)
    count = len(sweep.beam)
    receiver = receiver_of(lidar)
    power = np.float32(0.1 * 60.0**-2)
    echoes = Echoes(
        np.full(count, power), np.full(count, 60.0, np.float32), np.full(count, 0.1, np.float32),
        np.full(count, 7, np.int32), np.full(count, 8, np.uint8),
    )  # fmt: skip
    rays = np.zeros((count, 3), np.float32), sweep.direction.astype(np.float32)
    puffs = one_puff((20.0, 0.0, 0.0), np.full((1, 2), 2.0, np.float32), peak)
    boxes = boxes_of(puffs, lidar, sweep, np.eye(4))
    clear = np.array([0.0, 0.01], np.float32), np.float32(0.0)
    seed = np.uint32(1), np.uint32(2)
    plume_echoes(
        0, 64, sweep.image, boxes, rays, puffs, wrapped_eddies(), receiver, clear, np.float32(0.75), *seed, echoes
    )
    return echoes, peak * 2.0 * np.sqrt(2 * np.pi) * before


def test_a_thin_cloud_dims_what_is_behind_it() -> None:
    echoes, depth = through_a_cloud(0.01, 1.0)
    sweep = load_lidar("ouster_os1_64").sweep(10.0)
    off = np.degrees(np.arccos(np.clip(sweep.direction[:, 0], -1, 1)))
    ratio = echoes.strength / 0.1
    wall = echoes.semantic == 8
    assert ratio[(off < 0.5) & wall].mean() == pytest.approx(np.exp(-2 * depth), rel=0.01)
    assert (ratio[off > 20.0] == 1.0).all() and wall[off > 20.0].all()


def test_a_thick_cloud_sends_back_what_platt_says() -> None:
    """Opaque clouds return 1 / (2 S) sr-1 in all, from their near side (C. Platt, J. Atmos. Sci. 30, 1973)."""
    echoes, depth = through_a_cloud(3.0, 1.0)
    off = np.degrees(np.arccos(np.clip(load_lidar("ouster_os1_64").sweep(10.0).direction[:, 0], -1, 1)))
    cloud = off < 2.0
    assert depth > 10 and (echoes.semantic[cloud] == PLUME_CLASS).all() and (echoes.object[cloud] == 0).all()
    assert ((echoes.range[cloud] > 14.0) & (echoes.range[cloud] < 19.0)).all()
    strength = echoes.strength[cloud].mean()  # within one pulse: less than all of it
    assert 0.2 * np.pi / (2 * 19.0) < strength < np.pi / (2 * 19.0)
    assert echoes.range[cloud].std() > 0.02
