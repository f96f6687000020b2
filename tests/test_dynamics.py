"""Dynamics against closed forms: IDM equilibrium gaps, braking distances, triggers, lane changes, conflicts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.dynamics.kernels import OBSTACLE_DTYPE, idm
from simulator.dynamics.motion import Agent, Driver, Event, Motion
from simulator.dynamics.traffic import (
    agent_of_motion,
    entry_speed,
    obstacle_rows,
    resample,
    run,
    step_times,
    stop_of,
    velocities,
)

STRAIGHT = np.array([[0.0, 0.0, 0.0], [2000.0, 0.0, 0.0]])
NOTHING = np.zeros(0, OBSTACLE_DTYPE)


def car(start: float, speed: float, desired: float, *, points: np.ndarray = STRAIGHT, **kw: object) -> Agent:
    driver = kw.pop("driver", Driver(desired))
    return Agent(1, points, start, speed, driver, 3.6, 1.0, 0.9, wheelbase_m=2.7, **kw)  # type: ignore[arg-type]


def no_signals(seconds: float) -> np.ndarray:
    return np.ones((len(step_times(seconds)), 0), np.bool_)


@pytest.mark.parametrize(("km_h", "gap"), [(0, 2.00), (30, 15.36), (60, 29.61), (90, 50.80), (110, 93.86)])
def test_idm_holds_the_published_equilibrium_gaps(km_h: float, gap: float) -> None:
    v, v0 = km_h / 3.6, 120 / 3.6
    assert idm(v, v0, gap, 0.0, 1.6, 2.0, 0.73, 1.67) == pytest.approx(0.0, abs=2e-3)


def test_a_follower_settles_at_the_equilibrium_gap() -> None:
    v = 60 / 3.6
    leader = car(60.0, v, v, driver=Driver(v, reacts=False))
    follower = car(0.0, v, 120 / 3.6)
    tracks = run([leader, follower], 0, NOTHING, no_signals(90), 90)
    gap = tracks.position[-1, 0, 0] - 1.0 - (tracks.position[-1, 1, 0] + 3.6)
    assert gap == pytest.approx(29.61, abs=0.05)


def test_it_stops_before_a_standing_obstacle_and_never_touches_it() -> None:
    box = np.array([[-0.5, -0.5, 0.0]]), np.array([[0.5, 0.5, 1.0]])
    obstacle = obstacle_rows(np.array([[80.0, 0.4, 0.0]]), np.zeros(1), *box)
    tracks = run([car(0.0, 15.0, 15.0)], 0, obstacle, no_signals(20), 20)
    front = tracks.position[:, 0, 0] + 3.6
    assert front.max() < 79.5
    assert tracks.speed[-1, 0] < 0.3
    assert 79.5 - front[-1] == pytest.approx(2.0, abs=1.0)


def test_an_obstacle_beside_the_lane_is_passed() -> None:
    box = np.array([[-0.5, -0.5, 0.0]]), np.array([[0.5, 0.5, 1.0]])
    obstacle = obstacle_rows(np.array([[80.0, 1.9, 0.0]]), np.zeros(1), *box)
    tracks = run([car(0.0, 15.0, 15.0)], 0, obstacle, no_signals(8), 8)
    assert tracks.position[-1, 0, 0] == pytest.approx(120.0, abs=1.0)


def test_a_red_signal_stops_and_a_green_one_does_not() -> None:
    agent = car(0.0, 12.0, 12.0, stops=((100.0, 0),))
    go = np.ones((len(step_times(20)), 1), np.bool_)
    assert run([agent], 0, NOTHING, go, 20).position[-1, 0, 0] > 200
    stopped = run([agent], 0, NOTHING, ~go, 20)
    assert 96.0 < stopped.position[-1, 0, 0] + 3.6 <= 100.0


def test_crossing_agents_do_not_collide() -> None:
    other = np.array([[100.0, -100.0, 0.0], [100.0, 400.0, 0.0]])
    tracks = run([car(0.0, 12.0, 12.0), car(0.0, 12.1, 12.1, points=other)], 0, NOTHING, no_signals(15), 15)
    apart = np.linalg.norm(tracks.position[:, 0] - tracks.position[:, 1], axis=1)
    assert apart.min() > 4.0
    assert tracks.position[-1, 0, 0] > 110  # and neither waits for ever


def test_uniform_acceleration_is_exact() -> None:
    motion = Motion(1, np.array([[0.0, 0, 0], [500.0, 0, 0]]), speed_mps=200.0, acceleration_mps2=2.0)
    tracks = run([agent_of_motion(motion, 1, 1, 0.5)], 0, NOTHING, no_signals(4), 4)
    t = tracks.times_ns * 1e-9
    assert np.allclose(tracks.position[:, 0, 0], t * t, atol=2e-3)  # free IDM term is 1 - (v / 200)**4


def test_a_motion_waits_for_the_ego() -> None:
    walk = Motion(2, np.array([[100.0, 5, 0], [100.0, -5, 0]]), 1.5, 5.0, start_ego_distance_m=20.0)
    agents = [car(0.0, 10.0, 10.0, driver=Driver(10.0, reacts=False)), agent_of_motion(walk, 0.2, 0.2, 0.3)]
    tracks = run(agents, 0, NOTHING, no_signals(12), 12)
    first = int(np.argmax(tracks.travel[:, 1] > 0))
    front_to_walker = math.hypot(100 - tracks.position[first, 0, 0], 5) - 3.6
    assert front_to_walker == pytest.approx(20.0, abs=0.3)
    assert tracks.rpy[-1, 1, 2] == pytest.approx(-math.pi / 2, abs=1e-6)


def test_a_lane_change_ends_where_it_should_and_the_body_follows_its_course() -> None:
    agent = car(0.0, 20.0, 20.0, events=(Event("lateral", 3.5, 4.0, after_s=1.0),))
    tracks = run([agent], 0, NOTHING, no_signals(8), 8)
    y = tracks.position[:, 0, 1]
    assert y[100] == pytest.approx(0.0, abs=1e-6)
    assert y[-1] == pytest.approx(3.5, abs=1e-6)
    course = np.arctan2(np.gradient(y), np.gradient(tracks.position[:, 0, 0]))
    assert np.abs(course - tracks.rpy[:, 0, 2])[1:-1].max() < 2e-3


def test_speed_event_brakes_at_its_rate() -> None:
    agent = car(0.0, 20.0, 20.0, events=(Event("speed", 5.0, 4.0, after_s=1.0),), driver=Driver(20.0, reacts=False))
    tracks = run([agent], 0, NOTHING, no_signals(6), 6)
    assert tracks.speed[200, 0] == pytest.approx(20.0 - 4.0, abs=0.1)
    assert tracks.speed[-1, 0] == pytest.approx(5.0, abs=0.1)


def test_it_slows_down_in_time_for_a_curve() -> None:
    turn = np.linspace(0, np.pi / 2, 40)
    bend = np.stack([100 + 12 * np.sin(turn), 12 * (1 - np.cos(turn)), 0 * turn], 1)
    line = np.concatenate([[[0.0, 0, 0]], bend, [[112.0, 200, 0]]])
    tracks = run([car(0.0, 14.0, 14.0, points=line)], 0, NOTHING, no_signals(20), 20)
    on_bend = (tracks.travel[:, 0] > 100) & (tracks.travel[:, 0] < 118)
    assert tracks.speed[on_bend, 0].max() ** 2 / 12 < 3.6
    assert tracks.acceleration[:, 0].min() > -3.0


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
        return run(agents, 0, NOTHING, no_signals(5), 5).position.tobytes()

    assert once() == once()


@pytest.mark.parametrize("radius", [6.0, 10.0, 25.0, -8.0])
@pytest.mark.parametrize("spacing", [0.37, 0.5, 1.0])
def test_an_agent_keeps_to_the_arc_between_the_samples_of_its_path(radius: float, spacing: float) -> None:
    speed = math.sqrt(12.0 * abs(radius))
    angle = np.arange(0.0, 2.0 * abs(radius) + 3.0, spacing) / radius
    arc = np.stack([radius * np.sin(angle), radius * (1.0 - np.cos(angle)), 0 * angle], 1)
    driver = Driver(speed, acceleration_mps2=1e-9, reacts=False)
    seconds = 2.0 * abs(radius) / speed
    tracks = run([car(0.0, speed, speed, points=arc, driver=driver)], 0, NOTHING, no_signals(seconds), seconds)
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
    tracks = run([agent_of_motion(motion, 0.2, 0.2, 0.3, upright)], 0, NOTHING, no_signals(4), 4)
    assert np.allclose(tracks.rpy[:, 0, 1], 0.0 if upright else -math.atan(0.2))
    assert np.allclose(tracks.position[:, 0, 2], 0.2 * tracks.position[:, 0, 0])


def test_where_a_path_ends_but_the_road_goes_on_nobody_brakes() -> None:
    line = np.array([[0.0, 0, 0], [95.0, 0, 0]])
    tracks = run([car(0.0, 30.0, 30.0, points=line)], 0, NOTHING, no_signals(1), 1)
    assert np.abs(tracks.acceleration).max() < 0.1


@pytest.mark.parametrize("speed", [8.0, 18.0])
def test_at_a_dead_end_it_stops_gently_before_the_end(speed: float) -> None:
    line = np.array([[0.0, 0, 0], [95.0, 0, 0]])
    start = min(speed, entry_speed(line, speed, stop_of(line, 3.6)))
    assert (start < speed) == (speed == 18.0)  # v**2 > 2 * 1.5 * 90
    tracks = run([car(0.0, start, speed, points=line, dead_end=True)], 0, NOTHING, no_signals(30), 30)
    front = tracks.position[:, 0, 0] + 3.6
    assert 93.0 < front[-1] < 95.0
    assert tracks.speed[-1, 0] < 0.1
    assert tracks.acceleration.min() > -2.1
