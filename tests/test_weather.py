"""Weather members against published tables of illuminance, visibility and water depth."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from simulator.scenario.family import members
from simulator.scene import Atmosphere, Switch
from simulator.weather.base import Weather
from simulator.weather.clouds import Clouds
from simulator.weather.conditions import atmosphere_for
from simulator.weather.daylight import (
    air_mass,
    clear_diffuse_lx,
    clear_direct_normal_lx,
    daylight,
    overcast_diffuse_lx,
)
from simulator.weather.fog import Fog
from simulator.weather.rain import Rain, gallaway_depth_mm, rain_extinction_1_m
from simulator.weather.snow import Snow, snow_extinction_1_m
from simulator.weather.wind import Wind


def sky(elevation_deg: float, **fields: float) -> Atmosphere:
    e = math.radians(elevation_deg)
    return Atmosphere(np.array([math.cos(e), 0.0, math.sin(e)]), e, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("rain", "depth"), [(25, 0.38), (50, 0.97), (100, 1.87)])
def test_gallaway(rain: float, depth: float) -> None:
    assert gallaway_depth_mm(rain, 0.8, 7.3, 0.02) == pytest.approx(depth, abs=0.01)


@pytest.mark.parametrize(
    ("rain", "per_km"), [(1, 0.312), (5, 0.917), (10, 1.459), (25, 2.696), (50, 4.290), (100, 6.826)]
)
def test_rain_extinction(rain: float, per_km: float) -> None:
    assert rain_extinction_1_m(rain) * 1000 == pytest.approx(per_km, rel=2e-3)


def test_rain_visibility_wetness_and_clouds() -> None:
    wet = Rain(rain_mm_h=10.0).apply(Fog(visibility_m=200_000.0).apply(sky(40)))
    assert wet.visibility_m == pytest.approx(2040, rel=0.03)  # 2.06 km of rain alone
    assert wet.cloud_oktas > 7
    assert 0.3e-3 < wet.water_film_m < 1.2e-3
    assert Rain(rain_mm_h=0.0).apply(sky(40)).water_film_m == pytest.approx(0.0)
    assert Rain(rain_mm_h=10.0, water_film_mm=2.0).apply(sky(40)).water_film_m == pytest.approx(2e-3)


def test_snow_visibility_follows_its_size_distribution() -> None:
    diameter = np.linspace(0, 60, 600_001)  # melted, mm
    for rate in (0.3, 1.0, 4.0):
        number = 3800 * rate**-0.87 * np.exp(-2.55 * rate**-0.48 * diameter)
        flake = (diameter**3 / 0.178) ** (1 / 2.078)  # density 0.178 D^-0.922 (Brandes et al., 2007)
        alpha = np.trapezoid(2 * np.pi / 4 * flake**2 * number, diameter) * 1e-6
        assert snow_extinction_1_m(rate) == pytest.approx(alpha, rel=1e-3)
    assert Snow(snow_mm_h=1.0).apply(sky(30)).visibility_m == pytest.approx(680, rel=0.05)


def test_wind_comes_from_where_it_is_said() -> None:
    east, north = Wind(wind_mps=10.0, wind_from_deg=270.0).apply(sky(10)).wind_mps
    assert east == pytest.approx(10) and north == pytest.approx(0, abs=1e-9)


def test_air_mass() -> None:
    assert air_mass(math.radians(90)) == pytest.approx(1.0, abs=1e-3)
    assert air_mass(math.radians(30)) == pytest.approx(1.994, abs=2e-3)
    assert air_mass(0.0) == pytest.approx(37.92, abs=0.05)


def test_illuminances_of_the_table() -> None:
    """Sun 100 to 120 klx, shade 20 klx, overcast noon 10 to 25 klx, sunset 400 and 40 lx, civil twilight 3.4 lx."""
    assert 100_000 <= clear_direct_normal_lx(math.radians(62), 2.5) <= 120_000
    assert 12_000 <= clear_diffuse_lx(math.radians(60)) <= 22_000
    assert 10_000 <= daylight(sky(55, cloud_oktas=8.0)).horizontal_lx <= 25_000
    assert 250 <= daylight(sky(0.0)).diffuse_lx <= 600
    assert 25 <= daylight(sky(0.0, cloud_oktas=8.0)).horizontal_lx <= 60
    assert daylight(sky(-6.0)).horizontal_lx == pytest.approx(3.4, rel=0.05)
    assert daylight(sky(-30.0)).horizontal_lx == pytest.approx(0.002, rel=0.05)
    assert overcast_diffuse_lx(math.radians(-40)) < 1e-3


def test_daylight_never_rises_when_the_sun_sinks_or_clouds_come() -> None:
    for oktas in (0.0, 4.0, 8.0):
        lux = [daylight(sky(e, cloud_oktas=oktas)).horizontal_lx for e in np.arange(-25, 90, 0.5)]
        assert np.all(np.diff(lux) >= 0)
    assert np.all(np.diff([daylight(sky(40, cloud_oktas=o)).direct_normal_lx for o in range(9)]) <= 0)


def test_fog_hides_the_sun_but_not_the_light() -> None:
    clear, foggy = daylight(sky(30)), daylight(sky(30, visibility_m=50.0))
    assert foggy.direct_normal_lx < 0.001 * clear.direct_normal_lx
    assert 0.3 * clear.horizontal_lx < foggy.horizontal_lx < 0.8 * clear.horizontal_lx


def test_street_lamps_follow_the_light() -> None:
    place = (49.01, 8.43)
    noon = atmosphere_for(dt.datetime(2025, 6, 21, 11, 30), *place, [Clouds(cloud_oktas=2.0)])
    night = atmosphere_for(dt.datetime(2025, 6, 21, 23, 0), *place, [Clouds(cloud_oktas=2.0)])
    assert not noon.street_lamps_on and math.degrees(noon.sun_elevation_rad) == pytest.approx(64.4, abs=0.3)
    assert night.street_lamps_on and night.sun_elevation_rad < 0


def test_members_apply_in_an_order_of_their_own() -> None:
    parts: list[Weather] = [Rain(rain_mm_h=8.0), Fog(visibility_m=500.0), Clouds(cloud_oktas=1.0)]
    one = atmosphere_for(dt.datetime(2025, 6, 21, 12), 49.0, 8.4, parts)
    two = atmosphere_for(dt.datetime(2025, 6, 21, 12), 49.0, 8.4, parts[::-1])
    assert one.visibility_m == two.visibility_m < 500
    assert one.cloud_oktas == two.cloud_oktas > 7


def test_field_names_are_unique_and_documented() -> None:
    names = [name for cls in members("weather").values() for name in cls.model_fields]
    assert len(names) == len(set(names))
    assert {"rain_mm_h", "snow_mm_h", "snow_depth_mm", "visibility_m", "cloud_oktas", "turbidity"} <= set(names)
    assert {"wind_mps", "wind_from_deg", "water_film_mm", "temperature_c"} <= set(names)


@pytest.mark.parametrize(
    ("visibility_m", "on"),
    [
        (20_000.0, set()),
        (400.0, {Switch.POSITION, Switch.LOW_BEAM, Switch.PLATE}),
        (100.0, {Switch.POSITION, Switch.LOW_BEAM, Switch.PLATE, Switch.FOG_FRONT}),
        (49.0, {Switch.POSITION, Switch.LOW_BEAM, Switch.PLATE, Switch.FOG_FRONT, Switch.FOG_REAR}),
    ],
)
def test_lamps_in_fog_by_day_as_traffic_law_has_it(visibility_m: float, on: set[Switch]) -> None:
    """Section 17 (3) of the German StVO: dipped beams by day; fog lamps behind below 50 m only."""
    noon = Atmosphere(np.array([0.0, 0.0, 1.0]), math.pi / 2, visibility_m=visibility_m)
    assert noon.headlamps == sum(1 << switch for switch in on)
