"""Reference-line elements against closed forms, Fresnel integrals of scipy, and brute-force integration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import fresnel

from simulator.roads.layout import Plan, Pose, tangent_per_radius
from simulator.roads.reference import Geometry, ReferenceLine, arc_length

curvatures = st.floats(-0.1, 0.1)
lengths = st.floats(1.0, 300.0)
QUICK = settings(max_examples=40, deadline=None)


@given(curvatures, lengths, st.floats(-4, 4))
@QUICK
def test_arc_is_a_circle(curvature: float, length: float, heading: float) -> None:
    line = ReferenceLine((Geometry("arc", 0.0, 3.0, -2.0, heading, length, curvature, curvature),))
    s = np.linspace(0, length, 17)
    x, y, h, k = line.evaluate(s)
    np.testing.assert_allclose(h, heading + curvature * s, atol=1e-12)
    np.testing.assert_allclose(k, curvature)
    if abs(curvature) > 1e-4:
        radius = 1 / curvature
        cx, cy = 3.0 - radius * np.sin(heading), -2.0 + radius * np.cos(heading)
        np.testing.assert_allclose(np.hypot(x - cx, y - cy), abs(radius), rtol=1e-11)


@given(st.floats(1e-5, 5e-3), lengths, st.sampled_from([-1.0, 1.0]))
@QUICK
def test_spiral_from_a_straight_is_a_fresnel_integral(rate: float, length: float, sign: float) -> None:
    spiral = Geometry("spiral", 0.0, 0.0, 0.0, 0.0, length, 0.0, sign * rate * length)
    s = np.linspace(0, length, 23)
    x, y, heading, _ = ReferenceLine((spiral,)).evaluate(s)
    scale = np.sqrt(np.pi / rate)
    sine, cosine = fresnel(s / scale)
    np.testing.assert_allclose(x, scale * cosine, atol=1e-9)
    np.testing.assert_allclose(y, sign * scale * sine, atol=1e-9)
    np.testing.assert_allclose(heading, 0.5 * sign * rate * s**2, atol=1e-12)


@given(curvatures, curvatures, lengths)
@QUICK
def test_spiral_runs_backwards_to_its_start(first: float, last: float, length: float) -> None:
    there = Plan().spiral(first, last, length)
    back = Plan(there.end.back()).spiral(-last, -first, length)
    assert np.hypot(back.end.x, back.end.y) < 1e-9


def test_many_turns_of_a_spiral_stay_accurate() -> None:
    spiral = Geometry("spiral", 0.0, 0.0, 0.0, 0.0, 400.0, 0.0, 1.0)  # 200 rad
    s = np.linspace(0, 400, 9)
    x, y, _, _ = ReferenceLine((spiral,)).evaluate(s)
    scale = np.sqrt(np.pi * 400.0)
    sine, cosine = fresnel(s / scale)
    assert np.abs(x - scale * cosine).max() < 1e-9
    assert np.abs(y - scale * sine).max() < 1e-9


coefficient = st.floats(-0.8, 0.8)


def brute_force(u: np.ndarray, v: np.ndarray, end: float, arcs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points at given arc lengths by summing a million chords."""
    p = np.linspace(0, end, 1_000_001)
    x, y = (c[0] + p * (c[1] + p * (c[2] + p * c[3])) for c in (u, v))
    along = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    return np.interp(arcs, along, x), np.interp(arcs, along, y)


@given(coefficient, coefficient, coefficient, coefficient)
@settings(max_examples=8, deadline=None)
def test_param_poly_goes_by_arc_length(cu: float, du: float, cv: float, dv: float) -> None:
    u, v = (0.0, 30.0, 20 * cu, 10 * du), (0.0, 0.0, 20 * cv, 10 * dv)
    length = arc_length(u, v, 1.0)
    line = ReferenceLine((Geometry("paramPoly3", 0.0, 0, 0, 0, length, u=u, v=v, normalized=True),))
    s = np.linspace(0, length, 11)
    x, y, heading, _ = line.evaluate(s)
    expected = brute_force(np.array(u), np.array(v), 1.0, s)
    assert np.hypot(x - expected[0], y - expected[1]).max() < 1e-6
    step = 1e-4
    ahead, behind = line.evaluate(np.clip(s + step, 0, length)), line.evaluate(np.clip(s - step, 0, length))
    direction = np.arctan2(ahead[1] - behind[1], ahead[0] - behind[0])
    assert np.abs((direction - heading + np.pi) % (2 * np.pi) - np.pi)[1:-1].max() < 1e-6


def test_param_poly_of_another_length_still_ends_at_its_end() -> None:
    u, v = (0.0, 50.0, 0.0, 0.0), (0.0, 0.0, 10.0, 0.0)
    line = ReferenceLine((Geometry("paramPoly3", 0.0, 0, 0, 0, 53.0, u=u, v=v, normalized=True),))
    x, y, _, _ = line.evaluate([53.0])
    assert (x[0], y[0]) == (pytest.approx(50.0, abs=1e-9), pytest.approx(10.0, abs=1e-9))


@given(coefficient, coefficient)
@settings(max_examples=8, deadline=None)
def test_poly3_goes_by_arc_length(c: float, d: float) -> None:
    v = (0.0, 0.0, 0.02 * c, 2e-4 * d)
    line = ReferenceLine((Geometry("poly3", 0.0, 0, 0, 0, 40.0, v=v),))
    s = np.linspace(0, 40, 11)
    x, y, _, curvature = line.evaluate(s)
    expected = brute_force(np.array([0.0, 1, 0, 0]), np.array(v), 40.0, s)
    assert np.hypot(x - expected[0], y - expected[1]).max() < 1e-6
    slope, bend = x * (2 * v[2] + 3 * v[3] * x), 2 * v[2] + 6 * v[3] * x
    np.testing.assert_allclose(curvature, bend / (1 + slope**2) ** 1.5, atol=1e-9)


@given(st.floats(-2.8, 2.8), st.floats(20, 200), st.floats(20, 200), st.floats(5, 60), st.floats(0.0, 0.9))
@QUICK
def test_plans_reach_their_goal(turn: float, before: float, after: float, radius: float, share: float) -> None:
    corner = Pose(10.0, 5.0, 0.3).moved(before)
    goal = corner.turned(turn).moved(after)
    plan = Plan(Pose(10.0, 5.0, 0.3)).to(goal, radius, share)
    assert np.hypot(plan.end.x - goal.x, plan.end.y - goal.y) < 1e-9
    assert abs((plan.end.heading - goal.heading + np.pi) % (2 * np.pi) - np.pi) < 1e-9
    s = np.linspace(0, plan.length, 400)
    x, y, _, curvature = ReferenceLine(plan.geometry).evaluate(s)
    assert np.abs(np.hypot(np.diff(x), np.diff(y)) - s[1]).max() < 0.03 * s[1]
    reach = min(before, after) / tangent_per_radius(abs(turn), share) if abs(turn) > 0.02 else np.inf
    if abs(turn) > 0.02:
        assert np.abs(curvature).max() <= 1 / min(radius, reach) * 1.001


@given(st.floats(20, 150), st.floats(-1.0, 1.0), st.floats(1, 40))
@QUICK
def test_bends_turn_by_their_angle(radius: float, angle: float, clothoid: float) -> None:
    plan = Plan().bend(radius, angle, clothoid)
    assert plan.end.heading == pytest.approx(angle, abs=1e-9)
