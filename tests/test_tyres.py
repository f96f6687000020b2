"""Tyres and friction against published peaks, tables and rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from simulator.dynamics import hydroplaning_speed, pavement_friction, road_friction, stopping_distance, tyre
from simulator.dynamics.tyres import (
    SIMPLE_TYRES,
    lateral_force,
    longitudinal_force,
    magic_formula,
    peak_slip,
    tyre_forces,
)
from simulator.errors import OddRoadError
from simulator.numerics.jit import kernel


# Kernels that are inlined have no wrappers of their own.
@kernel
def longitudinal(kappa, load, grip, tyre):
    return longitudinal_force(kappa, load, grip, tyre)


@kernel
def lateral(alpha, load, grip, tyre):
    return lateral_force(alpha, load, grip, tyre)


@kernel
def combined(kappa, alpha, load, grip, tyre):
    return tyre_forces(kappa, alpha, load, grip, tyre)


@kernel
def simple(slip, b, c, d, e):
    return magic_formula(slip, d, b, c, e)


CAR = tyre()[()]
LOAD = 4000.0


def test_adams_peaks() -> None:
    along = minimize_scalar(lambda k: -longitudinal(k, LOAD, 1.0, CAR), bounds=(0.0, 1.0), method="bounded")
    assert -along.fun / LOAD == pytest.approx(1.174, abs=5e-4)
    assert along.x == pytest.approx(0.150, abs=2e-3)
    assert CAR["peak"] == pytest.approx(along.x, abs=1e-5)
    assert -longitudinal(-1.0, LOAD, 1.0, CAR) / LOAD == pytest.approx(0.842, abs=2e-3)
    across = minimize_scalar(lambda a: lateral(a, LOAD, 1.0, CAR), bounds=(0.0, 0.5), method="bounded")
    assert -across.fun / LOAD == pytest.approx(1.049, abs=5e-4)
    assert math.degrees(across.x) == pytest.approx(8.54, abs=0.05)


@pytest.mark.parametrize(("name", "peak"), [("dry", 0.180), ("wet", 0.088), ("snow", 0.31), ("ice", 0.39)])
def test_single_formula_tyres_peak_where_published(name: str, peak: float) -> None:
    b, c, d, e = SIMPLE_TYRES[name]
    assert peak_slip(b, c, e) == pytest.approx(peak, rel=0.02)
    assert simple(peak_slip(b, c, e), b, c, d, e) == pytest.approx(d, rel=1e-9)


def test_a_curve_that_only_rises_has_no_peak() -> None:
    assert peak_slip(10.0, 1.0, 0.5) == math.inf
    assert peak_slip(10.0, 1.1, 1.0) == math.inf


@settings(deadline=None)  # the first example compiles
@given(st.floats(-1.0, 1.0), st.floats(-1.2, 1.2), st.floats(0.05, 1.2))
def test_combined_slip_is_symmetric_passive_and_within_the_peaks(kappa: float, alpha: float, grip: float) -> None:
    fx, fy = combined(kappa, alpha, LOAD, grip, CAR)
    for sx, sy in ((1, -1), (-1, 1), (-1, -1)):
        assert combined(sx * kappa, sy * alpha, LOAD, grip, CAR) == pytest.approx((sx * fx, sy * fy), abs=1e-9)
    assert fx * kappa >= 0.0 and fy * alpha <= 0.0  # the road brakes what slides
    assert abs(fx) <= 1.1739 * grip * LOAD + 1e-6
    assert abs(fy) <= 1.0489 * grip * LOAD + 1e-6


@pytest.mark.parametrize("grip", [0.1, 0.5, 1.0])
def test_grip_scales_the_peak_and_leaves_the_stiffness(grip: float) -> None:
    slips = np.linspace(0.0, 1.0, 20001)
    assert max(longitudinal(k, LOAD, grip, CAR) for k in slips[::20]) == pytest.approx(1.1739 * grip * LOAD, rel=1e-3)
    assert longitudinal(1e-7, LOAD, grip, CAR) == pytest.approx(22.303 * LOAD * 1e-7, rel=1e-5)
    assert lateral(1e-7, LOAD, grip, CAR) == pytest.approx(-21.92 * LOAD * 1e-7, rel=1e-5)


BOSCH = {  # km/h: new and worn tyre; dry, 0.2, 1, 2 mm
    50: ((0.85, 0.65, 0.55, 0.50), (1.00, 0.50, 0.40, 0.25)),
    90: ((0.80, 0.60, 0.30, 0.05), (0.95, 0.20, 0.10, 0.05)),
    130: ((0.75, 0.55, 0.20, 0.00), (0.90, 0.20, 0.10, 0.00)),
}


@pytest.mark.parametrize("km_h", BOSCH)
def test_pavement_friction_is_the_handbooks(km_h: int) -> None:
    films = np.array([0.0, 0.2, 1.0, 2.0])
    for tread, row in zip((8.0, 1.6), BOSCH[km_h]):
        assert road_friction("asphalt", km_h / 3.6, films, tread) == pytest.approx(row)


@settings(deadline=None)  # the first example compiles
@given(st.floats(0.0, 60.0), st.floats(0.0, 5.0), st.floats(0.0, 9.0))
def test_friction_falls_with_speed_and_water(speed: float, film: float, tread: float) -> None:
    here = pavement_friction(speed, film, tread)
    assert 0.0 <= here <= 1.0
    assert pavement_friction(speed + 1.0, film, tread) <= here + 1e-12
    assert pavement_friction(speed, film + 0.1, tread) <= here + 1e-12


def test_loose_and_frozen_ground() -> None:
    friction = [float(road_friction(name)) for name in ("gravel", "snow", "wet_grass", "ice")]
    assert friction == sorted(friction, reverse=True)
    assert road_friction("ice", np.zeros((2, 3))).shape == (2, 3)
    with pytest.raises(OddRoadError, match="'lava'; there are: asphalt, concrete, gravel"):
        road_friction("lava")


@pytest.mark.parametrize(("psi", "km_h"), [(24, 81.6), (28, 88.1), (32, 94.2), (36, 99.9), (40, 105.3)])
def test_hydroplaning_speeds(psi: float, km_h: float) -> None:
    assert hydroplaning_speed(psi * 6894.757) * 3.6 == pytest.approx(km_h, abs=0.05)


@pytest.mark.parametrize(
    ("mph", "thinking", "braking"), [(20, 6, 6), (30, 9, 14), (40, 12, 24), (50, 15, 38), (60, 18, 55), (70, 21, 75)]
)
def test_the_highway_codes_stopping_distances(mph: float, thinking: float, braking: float) -> None:
    speed = mph * 0.44704
    assert stopping_distance(speed, np.inf) == pytest.approx(thinking, abs=0.5)
    assert stopping_distance(speed) == pytest.approx(thinking + braking, abs=0.75)
