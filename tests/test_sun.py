"""The sun against NREL's SPA example and published sunrise times."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from simulator.weather.sun import refraction_rad, solar_position

MST = dt.timezone(dt.timedelta(hours=-7))
GOLDEN = (39.742476, -105.1786, 1830.14)  # Golden, Colorado


def test_spa_example() -> None:
    sun = solar_position(dt.datetime(2003, 10, 17, 12, 30, 30, tzinfo=MST), *GOLDEN, 820.0, 11.0)
    assert math.degrees(sun.elevation_rad) == pytest.approx(39.872046, abs=1e-3)
    assert math.degrees(sun.apparent_elevation_rad) == pytest.approx(39.888378, abs=1e-3)
    assert math.degrees(sun.azimuth_rad) == pytest.approx(194.340241, abs=1e-3)


def _crossing(day: dt.datetime, low_h: float, high_h: float, rising: bool) -> dt.datetime:
    """When the centre passes -0.8333 deg, the definition of sunrise and sunset."""
    for _ in range(40):
        middle = (low_h + high_h) / 2
        up = math.degrees(solar_position(day + dt.timedelta(hours=middle), *GOLDEN).elevation_rad) > -0.8333
        low_h, high_h = (low_h, middle) if up == rising else (middle, high_h)
    return day + dt.timedelta(hours=low_h)


@pytest.mark.parametrize(
    ("day", "rise", "transit", "sunset"),
    [("2015-01-02", "07:21:55", "12:04:45", "16:47:43"), ("2015-08-02", "05:00:27", "12:06:58", "19:13:58")],
)
def test_sunrise_transit_sunset(day: str, rise: str, transit: str, sunset: str) -> None:
    """The published events are those of the day in UT: the August sunset, 02:14 UT, is that of the evening before."""
    midnight = dt.datetime.fromisoformat(day).replace(tzinfo=MST)

    def published(text: str) -> dt.datetime:
        return dt.datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=MST)

    assert abs((_crossing(midnight, 3, 12, True) - published(rise)).total_seconds()) < 10
    early = dt.timedelta(days=1 if sunset > "17" else 0)
    assert abs((_crossing(midnight - early, 12, 22, False) - published(sunset) + early).total_seconds()) < 10
    assert math.degrees(solar_position(published(transit), *GOLDEN).azimuth_rad) == pytest.approx(180, abs=0.02)


def test_direction_is_a_unit_vector_in_the_world_frame() -> None:
    morning = solar_position(dt.datetime(2025, 3, 20, 6, 30), 0.0, 0.0)
    assert sum(x * x for x in morning.direction) == pytest.approx(1)
    assert morning.direction[0] > 0.99  # rises in the east


def test_refraction_lifts_the_horizon_and_ends_below_it() -> None:
    assert math.degrees(refraction_rad(0.0)) == pytest.approx(0.48, abs=0.03)
    assert refraction_rad(math.radians(-1.0)) == 0.0
    assert 0 <= refraction_rad(math.radians(89.0)) < 1e-4
