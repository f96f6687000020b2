"""Prescribed motion against closed forms: triggers, rates, changes of offset, and how smooth courses are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.dynamics.courses import Tracks, resample, velocities
from simulator.dynamics.motion import Agent, Driver, Event, Motion, agent_of_motion
from simulator.traffic.bodies import BODY_DTYPE
from simulator.traffic.staged import run

STRAIGHT = np.array([[0.0, 0.0, 0.0], [2000.0, 0.0, 0.0]])


def drive(agents: list[Agent], seconds: float) -> Tracks:
    """Far from any road."""
    return run(agents, 0, np.zeros(0, BODY_DTYPE), seconds)


def car(start: float, speed: float, desired: float, *, points: np.ndarray = STRAIGHT, **kw: object) -> Agent:
    driver = kw.pop("driver", Driver(desired))
    return Agent(1, points, start, speed, driver, 3.6, 1.0, 0.9, wheelbase_m=2.7, **kw)  # type: ignore[arg-type]


def test_uniform_acceleration_is_exact() -> None:
    motion = Motion(1, np.array([[0.0, 0, 0], [500.0, 0, 0]]), speed_mps=200.0, acceleration_mps2=2.0)
    tracks = drive([agent_of_motion(motion, 1, 1, 0.5)], 4)
    t = tracks.times_ns * 1e-9
    assert np.allclose(tracks.position[:, 0, 0], t * t, atol=1e-9)


def test_a_motion_waits_for_the_ego() -> None:
    walk = Motion(2, np.array([[100.0, 5, 0], [100.0, -5, 0]]), 1.5, 5.0, start_ego_distance_m=20.0)
    agents = [car(0.0, 10.0, 10.0, driver=Driver(10.0, reacts=False)), agent_of_motion(walk, 0.2, 0.2, 0.3)]
    tracks = drive(agents, 12)
    first = int(np.argmax(tracks.travel[:, 1] > 0))
    front_to_walker = math.hypot(100 - tracks.position[first, 0, 0], 5) - 3.6
    assert front_to_walker == pytest.approx(20.0, abs=0.3)
    assert tracks.rpy[-1, 1, 2] == pytest.approx(-math.pi / 2, abs=1e-6)


def test_a_lane_change_ends_where_it_should_and_the_body_follows_its_course() -> None:
    agent = car(0.0, 20.0, 20.0, events=(Event("lateral", 3.5, 4.0, after_s=1.0),))
    tracks = drive([agent], 8)
    y = tracks.position[:, 0, 1]
    assert y[100] == pytest.approx(0.0, abs=1e-6)
    assert y[-1] == pytest.approx(3.5, abs=1e-6)
    course = np.arctan2(np.gradient(y), np.gradient(tracks.position[:, 0, 0]))
    assert np.abs(course - tracks.rpy[:, 0, 2])[1:-1].max() < 2e-3


def test_speed_event_brakes_at_its_rate() -> None:
    agent = car(0.0, 20.0, 20.0, events=(Event("speed", 5.0, 4.0, after_s=1.0),), driver=Driver(20.0, reacts=False))
    tracks = drive([agent], 6)
    assert tracks.speed[200, 0] == pytest.approx(20.0 - 4.0, abs=0.1)
    assert tracks.speed[-1, 0] == pytest.approx(5.0, abs=0.1)


def test_resampling_keeps_ends_and_spacing() -> None:
    angle = np.linspace(0, 2, 500)
    arc = np.stack([50 * np.cos(angle), 50 * np.sin(angle), angle], 1)
    out = resample(arc)
    step = np.hypot(*np.diff(out[:, :2], axis=0).T)
    assert np.allclose(step, 1.0, atol=1e-3)
    assert len(out) in (100, 101)
    assert len(resample(np.zeros((1, 3)))) == 2


def test_same_input_gives_the_same_bytes() -> None:
    def once() -> bytes:
        agents = [car(i * 12.0, 10.0 + i, 15.0) for i in range(10)]
        return drive(agents, 5).position.tobytes()

    assert once() == once()


@pytest.mark.parametrize("radius", [6.0, 10.0, 25.0, -8.0])
@pytest.mark.parametrize("spacing", [0.37, 0.5, 1.0])
def test_an_agent_keeps_to_the_arc_between_the_samples_of_its_path(radius: float, spacing: float) -> None:
    speed = math.sqrt(12.0 * abs(radius))
    angle = np.arange(0.0, 2.0 * abs(radius) + 3.0, spacing) / radius
    arc = np.stack([radius * np.sin(angle), radius * (1.0 - np.cos(angle)), 0 * angle], 1)
    driver = Driver(speed, acceleration_mps2=1e-9, reacts=False)
    seconds = 2.0 * abs(radius) / speed
    tracks = drive([car(0.0, speed, speed, points=arc, driver=driver)], seconds)
    turned = tracks.travel[:, 0] / radius
    place = np.stack([radius * np.sin(turned), radius * (1.0 - np.cos(turned))], 1)
    course = speed * np.stack([np.cos(turned), np.sin(turned)], 1)
    velocity = velocities(tracks.position, tracks.times_ns)[:, 0, :2]
    assert np.abs(np.hypot(*(tracks.position[:, 0, :2] - [0.0, radius]).T) - abs(radius)).max() < 1e-3
    assert np.hypot(*(tracks.position[:, 0, :2] - place).T).max() < 0.02  # a chord is shorter than its arc
    assert np.abs(tracks.rpy[:, 0, 2] - turned).max() < math.radians(0.2)
    assert np.hypot(*(velocity - course).T).max() < 0.01 * speed
    assert np.allclose(np.tan(tracks.steer[:, 0]) / 2.7, 1.0 / radius, rtol=0.03)


def test_a_corner_between_long_legs_stays_a_corner() -> None:
    out = resample(np.array([[0.0, 0, 0], [20.0, 0, 0], [20.0, 20, 0]]))
    off = np.minimum(np.abs(out[:, 1]), np.abs(out[:, 0] - 20.0))
    assert off.max() < 0.15
    assert off[np.abs(np.arange(len(out)) - 20) > 4].max() < 1e-2


def test_samples_of_a_path_that_nearly_coincide_do_not_bend_it() -> None:
    x = np.sort(np.concatenate([np.arange(0.0, 40.0, 0.5), np.arange(5.0, 40.0, 5.0) + 2e-4]))
    y = np.where(np.arange(len(x)) % 2, 2e-3, 0.0)  # millimetres to the side in a tenth of one ahead
    out = resample(np.stack([x, y, 0 * x], 1))
    assert np.abs(out[:, 1]).max() < 4e-3


@pytest.mark.parametrize("upright", [True, False])
def test_people_do_not_pitch_with_a_slope(upright: bool) -> None:
    hill = np.stack([np.arange(0.0, 20.0), np.zeros(20), 0.2 * np.arange(0.0, 20.0)], 1)
    motion = Motion(1, hill, 1.5, initial_speed_mps=1.5)
    tracks = drive([agent_of_motion(motion, 0.2, 0.2, 0.3, upright)], 4)
    assert np.allclose(tracks.rpy[:, 0, 1], 0.0 if upright else -math.atan(0.2))
    assert np.allclose(tracks.position[:, 0, 2], 0.2 * tracks.position[:, 0, 0])
