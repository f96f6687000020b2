"""Vehicles against CommonRoad's published derivatives, closed forms, and properties that hold for any driving."""

from __future__ import annotations

import json
import math
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from test_devkits import run

import simulator.dynamics
from simulator.dynamics import (
    Control,
    Method,
    Model,
    State,
    body_poses,
    roll_at,
    standing,
    step,
    trailer_poses,
    vehicle,
    vehicles,
)
from simulator.dynamics.body import sway
from simulator.dynamics.single_track import derivative
from simulator.errors import OddRoadError

Array = NDArray[np.float64]

CARS = ("ford_escort", "bmw_320i", "vw_vanagon")
G = 9.81
DRY = 1.1739  # the road on which the tyre was measured


def derivatives(row: NDArray[np.void], x: list[float], steer_rate: float, acceleration: float) -> Array:
    state, f = np.zeros(len(State)), np.zeros(len(State))
    state[: len(x)] = x
    derivative(state, steer_rate, acceleration, DRY, row[()], f)
    return f


def drive(
    table: NDArray[np.void],
    speed: float | Array,
    seconds: float,
    *,
    friction: float = DRY,
    dt: float = 0.05,
    steer: float | Array = 0.0,
    **control: float | Array,
) -> Array:
    """States (STATES, K) after `seconds` of each vehicle of the table with constant controls."""
    kinds = np.arange(len(table))
    state, inputs = standing(len(table)), np.zeros((len(Control), len(table)))
    roll_at(state, speed, table, kinds)
    state[State.STEER] = steer
    for name, value in control.items():
        inputs[Control[name.upper()]] = value
    for _ in range(round(seconds / dt)):
        step(state, inputs, np.full(len(table), friction), kinds, table, dt)
    return state


def cars(model: Model, **changes: float) -> NDArray[np.void]:
    return vehicles([vehicle(name, model, **changes) for name in CARS])


# ---- CommonRoad's tests (commonroad-vehicle-models 3.0.2, test_derivatives.py): inputs 0.15 rad/s and 0.63 g ---


def test_kinematic_vector() -> None:
    x = [3.9579422297936526, 0.0391650102771405, 0.0378491427211811, 16.3546957860883566, 0.0294717351052816]
    f = derivatives(vehicle("bmw_320i"), x, 0.15, 0.63 * G)
    expected = [16.3475935934250209, 0.4819314886013121, 0.15, 5.1464424102339752, 0.2401426578627629]
    assert f[:5] == pytest.approx(expected, abs=1e-10, rel=0)


def test_trailer_vector() -> None:
    x = [3.9579422297936526, 0.0391650102771405, 0.0378491427211811, 16.3546957860883566, 0.0294717351052816]
    f = derivatives(vehicle("semi_trailer_truck"), [*x, 0.0, 0.0, 0.0, 0.0, 0.0294717351052816], 0.15, 0.63 * G)
    expected = [16.3475935934250209, 0.4819314886013121, 0.15, 5.501539201758522, 0.1720297150523055]
    assert f[:5] == pytest.approx(expected, abs=1e-10, rel=0)
    assert f[State.HITCH] == pytest.approx(-0.23152742969444276, abs=1e-10, rel=0)


SINGLE_TRACK = [
    *(2.0233348142065677, 0.0041907137716636, 0.0197545248559617, 15.7216236334290116),
    *(0.0025857914776859, 0.0529001056654038, 0.0033012170610298),
]


def test_single_track_vector() -> None:
    f = derivatives(vehicle("bmw_320i", Model.SINGLE_TRACK), SINGLE_TRACK, 0.15, 0.63 * G)
    expected = [15.7213512030862397, 0.0925527979719355, 0.15, 5.3536773276413925, 0.0529001056654038]
    assert f[:5] == pytest.approx(expected, abs=1e-10, rel=0)
    assert f[5:7] == pytest.approx([0.6435589397748606, 0.0313297971641291], abs=1e-10, rel=0)


@pytest.mark.parametrize(
    ("cg_height", "expected"),
    [
        # The published vector, which is of an earlier version without load transfer (the package fails its own test),
        (0.0, [11.359186518121511, 0.0529001056654038, 0.5870894694428362, -0.007910389538735838, -1403.4833546513996,
               72.25313872307531]),
        # and what the package itself gives, with it.
        (0.61373004, [11.340113304616798, 0.0529001056654038, 0.466681022626497, -0.02037000180254231,
                      -1072.4665253469798, -253.94486828306555]),
    ],
)  # fmt: skip
def test_drift_vector(cg_height: float, expected: list[float]) -> None:
    row = vehicle("bmw_320i", Model.DRIFT, tyres="commonroad", traction_control=False, cg_height=cg_height)
    f = derivatives(row, [*SINGLE_TRACK, 53.6551710641082451, 56.7917911784219598], 0.15, 0.63 * G)
    assert f[:3] == pytest.approx([15.72135120308624, 0.09255279797193551, 0.15], abs=1e-10, rel=0)
    assert f[3:9] == pytest.approx(expected, abs=1e-10, rel=0)


def test_derivatives_are_commonroads_in_a_thousand_states(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    cases, ours = [], []
    for n in range(1000):
        model = ("ks", "kst", "st", "std")[n % 4]
        number = 4 if model == "kst" else int(rng.integers(1, 4))
        x = [*rng.uniform(-9, 9, 2), rng.uniform(-0.5, 0.5), rng.uniform(2.0, 40.0), rng.uniform(-3, 3)]
        if model == "kst":
            x += [rng.uniform(-1.5, 1.5)]
        elif model != "ks":
            x += [x[State.SPEED] * rng.uniform(-0.1, 0.1), rng.uniform(-0.14, 0.14)]
        if model == "std":
            x += list(x[State.SPEED] / 0.344 * rng.uniform(0.3, 1.5, 2))
        inputs = [rng.uniform(-1, 1), rng.uniform(-11, 11)]
        cases.append((model, number, x, inputs))
        kind = {"st": Model.SINGLE_TRACK, "std": Model.DRIFT}.get(model, Model.KINEMATIC)
        controls = {"antilock": False, "traction_control": False}
        row = vehicle((*CARS, "semi_trailer_truck")[number - 1], kind, tyres="commonroad", **controls)
        at = [*range(5), State.HITCH] if model == "kst" else list(range(len(x)))
        state, f = np.zeros(len(State)), np.zeros(len(State))
        state[at] = x
        derivative(state, *inputs, DRY if model == "std" else 1e6, row[()], f)  # the others know no friction
        ours.append(f[at])
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    theirs = run("commonroad", "commonroad_models.py", tmp_path / "cases.json")
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-10, atol=1e-10)


# ---- closed forms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", Model)
@pytest.mark.parametrize("friction", [DRY, 0.7, 0.3, 0.1])
def test_braking_distance_is_v2_over_2_mu_g(model: Model, friction: float) -> None:
    speed = 20.0
    state = drive(cars(model), speed, 1.1 * speed / (friction * G) + 0.1, friction=friction, brake=11.6)
    assert (state[State.SPEED] == 0.0).all() and np.ptp(state[State.Y]) == 0.0
    # Brakes give 11.5 m/s2 on the driest road; antilock brakes use 98 % of what there is.
    ideal = speed**2 / 2 / min(friction * G, 11.5)
    assert state[State.X] == pytest.approx(ideal, rel=0.002 if model != Model.DRIFT else 0.035)


def test_the_example_of_the_package_stops_later_in_the_wet() -> None:
    lines = (simulator.dynamics.__doc__ or "").split("\n\n")[2]
    distance = {}
    for film in ("0.0", "1.0"):
        names = {"np": np, **vars(simulator.dynamics)}
        exec(textwrap.dedent(lines).replace("film_mm=1.0", f"film_mm={film}"), names)
        distance[film] = float(names["state"][State.X, 0])
    assert 25.0**2 / 2 / 8.1 < distance["0.0"] < 25.0**2 / 2 / 7.0
    assert distance["1.0"] > 1.5 * distance["0.0"]


def test_the_highway_codes_braking_distances() -> None:
    """As driven, with the deceleration that the code implies; turning wheels are heavier by 2.6 %."""
    table = vehicles([vehicle("bmw_320i", model) for model in Model])
    for mph, braking in ((20, 6), (30, 14), (40, 24), (50, 38), (60, 55), (70, 75)):
        state = drive(table, mph * 0.44704, 6.0, brake=0.667 * G)
        assert state[State.X] == pytest.approx(braking, abs=0.75 + 0.026 * braking)


def test_locked_wheels_slide_at_the_tyres_locked_friction() -> None:
    table = cars(Model.DRIFT, antilock=False)
    state = drive(table, 30.0, 3.0, friction=0.5, brake=11.5)
    slow = drive(table, 30.0, 1.0, friction=0.5, brake=11.5)
    assert (state[[State.WHEEL_FRONT, State.WHEEL_REAR]] < 1e-3).all()
    deceleration = (slow[State.SPEED] - state[State.SPEED]) / 2.0
    assert deceleration == pytest.approx(0.5 * G * 0.62, rel=0.01)
    assert (drive(cars(Model.DRIFT), 30.0, 3.0, friction=0.5, brake=11.5)[State.SPEED] < state[State.SPEED] - 3).all()


def test_power_limits_acceleration() -> None:
    row = vehicle("bmw_320i", Model.KINEMATIC)
    state = drive(vehicles([row]), 20.0, 4.0, drive=11.5)
    power = float(row["drive_max"] * row["switch_speed"])  # per kg; v dv/dt = P
    assert state[State.SPEED, 0] == pytest.approx(math.sqrt(20.0**2 + 2.0 * power * 4.0), rel=1e-4)
    assert drive(vehicles([row]), 20.0, 60.0, drive=11.5)[State.SPEED, 0] == pytest.approx(50.8, abs=0.1)


@pytest.mark.parametrize("speed", [5.0, 10.0, 20.0, 30.0])
def test_steady_cornering_of_linear_tyres(speed: float) -> None:
    """The same tyres on both axles steer neutrally: r = v delta / L; slip beta = delta / L (b - v^2 / (c g))."""
    table = cars(Model.SINGLE_TRACK)
    wheelbase = table["front"] + table["rear"]
    steer = 1.0 * wheelbase / speed**2
    state = drive(table, speed, 10.0, steer=steer)
    assert state[State.YAW_RATE] == pytest.approx(speed * steer / wheelbase, rel=1e-6)
    slip = steer / wheelbase * (table["rear"] - speed**2 / (21.92 * G))
    assert state[State.SLIP] == pytest.approx(slip, rel=1e-6)
    assert state[State.ACCELERATION_Y] == pytest.approx(speed * state[State.YAW_RATE], rel=2e-3)


@pytest.mark.parametrize("speed", [10.0, 20.0, 30.0])
def test_pacejka_tyres_corner_like_linear_ones_at_small_slip(speed: float) -> None:
    linear, drift = (cars(model) for model in (Model.SINGLE_TRACK, Model.DRIFT))
    steer = 1.0 * (linear["front"] + linear["rear"]) / speed**2
    a, b = drive(linear, speed, 4.0, steer=steer), drive(drift, speed, 4.0, steer=steer)
    assert b[State.YAW_RATE] == pytest.approx(a[State.YAW_RATE], rel=0.01)
    assert b[State.SLIP] == pytest.approx(a[State.SLIP], rel=0.03, abs=1e-5)


def test_load_transfer_makes_a_braked_car_turn_in() -> None:
    table = cars(Model.SINGLE_TRACK)
    calm, braked = (drive(table, 25.0, 0.5, steer=0.01, brake=brake) for brake in (0.0, 4.0))
    assert (braked[State.YAW_RATE] / braked[State.SPEED] > 1.1 * calm[State.YAW_RATE] / calm[State.SPEED]).all()


def test_a_kinematic_car_drives_a_circle() -> None:
    table = cars(Model.KINEMATIC)
    radius = (table["front"] + table["rear"]) / math.tan(0.3)
    state = drive(table, 2.0 * math.pi * radius / 10.0, 10.0, steer=0.3)
    assert state[[State.X, State.Y]] == pytest.approx(0.0, abs=1e-3)
    assert state[State.YAW] == pytest.approx(2.0 * math.pi, abs=1e-9)


@pytest.mark.parametrize("model", [Model.KINEMATIC, Model.SINGLE_TRACK])
def test_ice_lets_a_car_turn_only_so_far(model: Model) -> None:
    state = drive(cars(model), 20.0, 2.0, friction=0.1, steer=0.2)
    assert np.abs(state[State.ACCELERATION_Y]).max() <= 0.1 * G + 0.01


@pytest.mark.parametrize("model", [Model.SINGLE_TRACK, Model.DRIFT])
def test_a_car_that_spins_comes_to_rest(model: Model) -> None:
    state = drive(cars(model), 20.0, 12.0, friction=0.5, steer=0.3, brake=5.0)
    assert (np.abs(state[State.YAW]) > 0.5).all()
    assert np.abs(state[State.SPEED]).max() < 0.5


def test_a_body_rolls_and_dives_on_its_springs() -> None:
    table = cars(Model.KINEMATIC)
    lever = table["sprung_mass"] * table["cg_height"]
    speed, wheelbase = 20.0, table["front"] + table["rear"]
    state = drive(table, speed, 5.0, steer=np.arctan(3.0 * wheelbase / speed**2))
    assert state[State.ROLL] == pytest.approx(lever * 3.0 / table["roll_stiffness"], rel=1e-3)  # left turn, right down
    assert np.degrees(state[State.ROLL]).min() > 1.0 and np.degrees(state[State.ROLL]).max() < 3.0
    state = drive(table, 30.0, 3.0, brake=5.0)
    assert state[State.PITCH] == pytest.approx(lever * 5.0 / table["pitch_stiffness"], rel=1e-2)  # nose down
    assert (drive(table, 0.0, 1.0, drive=2.0)[State.PITCH] < 0.0).all()


def test_roll_rings_at_the_springs_frequency() -> None:
    table = vehicles([vehicle("bmw_320i", roll_damping=0.0)])
    state, kinds = standing(1), np.zeros(1, np.int64)
    state[State.ROLL] = 0.05
    rolls = []
    for _ in range(400):
        step(state, np.zeros((3, 1)), np.ones(1), kinds, table, 0.005, substeps=1)
        rolls.append(state[State.ROLL, 0])
    omega = math.sqrt(table["roll_stiffness"][0] / table["roll_inertia"][0])
    assert rolls == pytest.approx(list(0.05 * np.cos(omega * 0.005 * np.arange(1, 401))), abs=5e-4)


def test_a_two_wheeler_leans_into_the_curve() -> None:
    table = vehicles([vehicle("bicycle"), vehicle("motorcycle")])
    speed, wheelbase = np.array([6.0, 20.0]), table["front"] + table["rear"]
    state = drive(table, speed, 5.0, steer=np.arctan(2.0 * wheelbase / speed**2))
    assert state[State.ROLL] == pytest.approx(-math.atan(2.0 / G), abs=1e-4)
    early = drive(table, speed, 0.25, steer=np.arctan(2.0 * wheelbase / speed**2))
    assert (early[State.ROLL] < 0.0).all() and (early[State.ROLL] > 0.8 * state[State.ROLL]).all()


def test_bodies_of_a_drive_settle_where_springs_and_gravity_hold_them() -> None:
    """A car that brakes and turns steadily for as long as one can remember, and a bicycle in a circle of 8 m."""
    table = vehicles([vehicle("bmw_320i"), vehicle("bicycle")])
    ax, ay = np.tile([-3.0, 0.0], (200, 1)), np.tile([2.0, 4.0**2 / 8.0], (200, 1))
    roll, pitch = sway(ax, ay, np.array([0, 1]), table, 0.01)
    moment = float(table["sprung_mass"][0] * table["cg_height"][0])
    assert roll[:, 0] == pytest.approx(moment * 2.0 / float(table["roll_stiffness"][0]), rel=1e-3)
    assert pitch[:, 0] == pytest.approx(moment * 3.0 / float(table["pitch_stiffness"][0]), rel=1e-3)
    assert np.degrees(roll[:, 1]) == pytest.approx(-math.degrees(math.atan(2.0 / 9.81)), abs=0.05)  # to the left
    assert 0.5 < math.degrees(roll[0, 0]) / (2.0 / 9.81) / 5.0 < 2.0  # usual cars: some five degrees a g


def test_a_trailer_settles_at_the_angle_of_its_circle() -> None:
    """On a circle the axles' extensions meet in its centre: sin(hitch) = -length / R of the hitch."""
    table = vehicles([vehicle("semi_trailer_truck"), vehicle("semi_trailer_truck", hitch=1.0, trailer=5.0)])
    state = drive(table, 5.0, 60.0, steer=0.2)
    radius = 3.6 / math.tan(0.2)
    assert state[State.HITCH, 0] == pytest.approx(-math.asin(8.1 / radius), abs=1e-6)
    # Hitch behind the axle: the tractor's heading at the hitch, then the trailer's own.
    assert state[State.HITCH, 1] == pytest.approx(
        -math.atan(1.0 / radius) - math.asin(5.0 / math.hypot(radius, 1.0)), abs=1e-6
    )
    kinds = np.arange(2)
    (tractor, _), (axle, yaw) = body_poses(state, table, kinds), trailer_poses(state, table, kinds)
    assert np.hypot(*(tractor - axle).T)[0] == pytest.approx(8.1)
    # Velocity of the trailer's axle is along the trailer.
    before = axle.copy()
    step(state, np.zeros((3, 2)), np.ones(2), kinds, table, 0.001)
    moved = trailer_poses(state, table, kinds)[0] - before
    assert np.arctan2(moved[:, 1], moved[:, 0]) == pytest.approx(yaw, abs=1e-3)


def test_body_poses_stand_under_the_rear_axle() -> None:
    table, kinds = vehicles([vehicle("bmw_320i", model) for model in Model]), np.arange(3)
    state = standing(3)
    state[State.YAW] = math.pi / 2
    xy, rpy = body_poses(state, table, kinds)
    assert xy == pytest.approx(np.array([[0.0, 0.0], [0.0, -1.4227170936], [0.0, -1.4227170936]]), abs=1e-12)
    assert rpy[:, 2] == pytest.approx(math.pi / 2)


# ---- integration ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "order"), [(Method.ROSENBROCK, 2), (Method.RK4, 4)])
@pytest.mark.parametrize("model", Model)
def test_integrators_have_their_order(method: Method, order: int, model: Model) -> None:
    """Against a solution by Radau's method, of a car that steers and accelerates at speed."""
    table, kinds = vehicles([vehicle("bmw_320i", model)]), np.zeros(1, np.int64)
    start = standing(1)
    roll_at(start, 20.0, table, kinds)

    def slope(_: float, x: Array) -> Array:
        f = np.zeros(10)
        derivative(x, 0.05, 1.0, DRY, table[0], f)
        return f

    true = solve_ivp(slope, (0.0, 0.4), start[:10, 0].copy(), method="Radau", rtol=1e-10, atol=1e-12).y[:, -1]
    control = np.array([[0.05], [1.0], [0.0]])
    errors = []
    for parts in (400, 800):
        state = start.copy()
        step(state, control, np.full(1, DRY), kinds, table, 0.4, substeps=parts, method=method)
        rows = [State.X, State.Y, State.SPEED, State.YAW, *([State.YAW_RATE, State.SLIP] if model else [])]
        errors.append(float(np.abs(state[rows, 0] - true[rows]).max()))
    assert errors[1] < 1e-6
    assert errors[1] < 1e-9 or errors[0] / errors[1] > 0.75 * 2**order


@pytest.mark.parametrize("model", Model)
def test_starting_turning_and_stopping_at_20_hz_is_smooth(model: Model) -> None:
    """Through the speeds at which rolling becomes sliding, and back, with full lock: no jumps, no chattering."""
    table, kinds = cars(model), np.arange(3)
    state, control = standing(3), np.zeros((3, 3))
    state[State.STEER] = 0.4
    rates, slips = [], []
    for tick in range(200):
        control[Control.DRIVE], control[Control.BRAKE] = (1.0, 0.0) if tick < 80 else (0.0, 1.0)
        step(state, control, np.full(3, DRY), kinds, table, 0.05)
        rates.append(state[State.YAW_RATE].copy())
        slips.append(state[State.SLIP].copy())
    assert (state[State.SPEED] == 0.0).all() and (state[State.YAW_RATE] == 0.0).all()
    for values in (np.array(rates)[:-45], np.array(slips)[5:-45]):
        bends = np.diff(np.sign(np.diff(values, axis=0)) * (np.abs(np.diff(values, axis=0)) > 1e-4), axis=0) != 0
        assert bends.sum(axis=0).max() <= 14
    assert np.abs(np.diff(rates, axis=0)).max() < 0.06


@pytest.mark.parametrize("model", Model)
def test_a_standing_car_stands(model: Model) -> None:
    state = drive(cars(model), 0.0, 5.0, steer=0.3, brake=5.0, drive=3.0)
    assert (state[[State.X, State.Y, State.SPEED, State.YAW, State.YAW_RATE]] == 0.0).all()
    state = drive(cars(model), 0.0, 5.0)
    assert (state[[State.X, State.Y, State.SPEED, State.YAW]] == 0.0).all()


@pytest.mark.parametrize("model", Model)
def test_engines_reverse_brakes_do_not(model: Model) -> None:
    state = drive(cars(model), 3.0, 4.0, drive=-2.0)
    assert state[State.SPEED] == pytest.approx(-5.0, abs=0.1)
    assert (drive(cars(model), -3.0, 4.0, brake=2.0)[State.SPEED] == 0.0).all()


def test_a_bicycle_does_not_reverse_and_nothing_outruns_its_limits() -> None:
    two = vehicles([vehicle("bicycle"), vehicle("motorcycle")])
    assert (drive(two, 3.0, 10.0, drive=-1.0)[State.SPEED] == 0.0).all()
    assert drive(two, 5.0, 200.0, drive=6.0)[State.SPEED] == pytest.approx(two["speed_max"], abs=0.0)
    fast = drive(two, 70.0, 1.0, drive=6.0)  # as it was set, and no faster
    assert (fast[State.SPEED] == 70.0).all()


# ---- what holds for any driving -------------------------------------------------------------------------------------

controls = st.tuples(st.floats(-1.0, 1.0), st.floats(-12.0, 12.0), st.floats(0.0, 12.0) | st.just(0.0))


@settings(max_examples=40, deadline=None)
@given(st.lists(controls, min_size=1, max_size=5), st.floats(-5.0, 40.0), st.floats(0.05, 1.2), st.sampled_from(CARS))
def test_left_is_the_mirror_of_right(
    plan: list[tuple[float, float, float]], speed: float, friction: float, name: str
) -> None:
    table, kinds = vehicles([vehicle(name, model) for model in Model for _ in range(2)]), np.arange(6)
    state = standing(6)
    roll_at(state, speed, table, kinds)
    for rate, drive_, brake in plan:
        control = np.repeat([[rate], [drive_], [brake]], 6, axis=1)
        control[Control.STEER_RATE, 1::2] *= -1.0
        step(state, control, np.full(6, friction), kinds, table, 0.2)
    odd = [State.Y, State.STEER, State.YAW, State.YAW_RATE, State.SLIP, State.HITCH]
    odd += [State.ROLL, State.ROLL_RATE, State.ACCELERATION_Y]
    mirrored = state[:, 1::2].copy()
    mirrored[odd] *= -1.0
    assert np.array_equal(state[:, ::2], mirrored)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.01, 0.05, 0.1]))
def test_any_driving_stays_finite_and_within_the_friction_circle(seed: int, dt: float) -> None:
    rng = np.random.default_rng(seed)
    names = [*CARS, "semi_trailer_truck", "bicycle", "motorcycle"]
    table = vehicles([vehicle(name, model) for model in Model for name in CARS] + [vehicle(n) for n in names[3:]])
    count = 200
    kinds = rng.integers(len(table), size=count)
    friction = rng.uniform(0.0, 1.2, count)
    state = standing(count)
    roll_at(state, rng.uniform(-5.0, 40.0, count), table, kinds)
    for tick in range(60):
        if tick % 10 == 0:
            control = np.stack([rng.uniform(-1, 1, count), rng.uniform(-12, 12, count), rng.uniform(0, 12, count)])
            control[1:] *= rng.random((2, count)) < 0.5
        step(state, control, friction, kinds, table, dt)
        assert np.isfinite(state).all()
        acceleration = np.hypot(state[State.ACCELERATION_X], state[State.ACCELERATION_Y])
        assert (acceleration <= 1.4 * np.maximum(friction, 0.01) * G + 1.0).all()  # 1.15, but for 1 in 3 million
        assert (np.abs(state[State.STEER]) <= table["steer_max"][kinds]).all()
        assert (state[[State.WHEEL_FRONT, State.WHEEL_REAR]] >= 0.0).all()


@settings(max_examples=15, deadline=None)
@given(st.floats(5.0, 40.0), st.floats(-0.3, 0.3), st.floats(0.1, 1.1))
def test_energy_only_falls_without_drive(speed: float, steer: float, friction: float) -> None:
    table, kinds = cars(Model.DRIFT), np.arange(3)
    state = standing(3)
    roll_at(state, speed, table, kinds)
    state[State.STEER] = steer

    def energy() -> Array:
        spin = state[State.WHEEL_FRONT] ** 2 + state[State.WHEEL_REAR] ** 2
        turn = table["yaw_inertia"] * state[State.YAW_RATE] ** 2
        return 0.5 * (table["mass"] * state[State.SPEED] ** 2 + turn + table["wheel_inertia"] * spin)

    last = energy()
    for _ in range(40):
        if (np.abs(state[State.SPEED]) < 2.0).any():
            return  # rolling wheels follow the road by themselves
        step(state, np.zeros((3, 3)), np.full(3, friction), kinds, table, 0.05)
        now = energy()
        assert (now <= last * (1.0 + 1e-6)).all()
        last = now


def test_a_batch_is_its_vehicles_and_threads_change_nothing() -> None:
    rng = np.random.default_rng(3)
    table = vehicles([vehicle(name, model) for name in CARS for model in Model])
    shape = (5, 400)
    kinds, friction = rng.integers(len(table), size=shape), rng.uniform(0.1, 1.1, shape)
    control = rng.uniform(-1.0, 1.0, (3, *shape)) * np.array([0.3, 5.0, 0.0])[:, None, None]
    start = standing(shape)
    roll_at(start, rng.uniform(0.0, 30.0, shape), table, kinds)
    results = []
    for threads in (1, 2, 3):
        state = start.copy()
        for _ in range(5):
            step(state, control, friction, kinds, table, 0.05, threads=threads)
        results.append(state)
    assert np.array_equal(results[0], results[1]) and np.array_equal(results[0], results[2])
    alone = np.ascontiguousarray(start[:, 2, 7:8])
    for _ in range(5):
        step(alone, np.ascontiguousarray(control[:, 2, 7:8]), friction[2, 7:8], kinds[2, 7:8], table, 0.05)
    assert np.array_equal(alone[:, 0], results[0][:, 2, 7])


# ---- bad input ------------------------------------------------------------------------------------------------------


def test_bad_input_is_named() -> None:
    with pytest.raises(OddRoadError, match=r"no vehicle 'bmw' in assets/dynamics.yaml, but ford_escort"):
        vehicle("bmw")
    with pytest.raises(OddRoadError, match="Did you mean 'bicycle'"):
        vehicle("bycicle")
    with pytest.raises(OddRoadError, match="no tyre 'slick'"):
        vehicle("bmw_320i", tyres="slick")
    with pytest.raises(OddRoadError, match="no field 'wings'; it has: model, leans"):
        vehicle("bmw_320i", wings=2)
    with pytest.raises(OddRoadError, match=r"bicycle has no mass, yaw_inertia, .*: it can only be Model.KINEMATIC"):
        vehicle("bicycle", Model.DRIFT)
    table, kinds = cars(Model.KINEMATIC), np.arange(3)
    good = (standing(3), np.zeros((3, 3)), np.ones(3), kinds, table, 0.05)
    for at, bad, message in (
        (0, np.zeros((4, 3)), r"state must be a C-contiguous array \(16, 3\) of float64, not \(4, 3\)"),
        (1, np.zeros((3, 2)), "control must be"),
        (2, np.ones(3, np.float32), r"friction must be .* of float64, not .* float32"),
        (3, kinds + 1, r"rows of the table, 0 to 2"),
        (4, np.zeros(3), r"table must be .* of VEHICLE_DTYPE"),
        (5, 0.0, "a step takes time"),
    ):
        with pytest.raises(OddRoadError, match=message):
            step(*good[:at], bad, *good[at + 1 :])
