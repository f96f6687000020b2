"""Loose things against closed forms of mechanics, and in drives: struck, thrown, lost, and left alone."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.dynamics.bodies import boxes, gaps
from simulator.dynamics.loose import MOST_CORNERS, Flights, Stuff, Thing, Vehicle, corners_of, fly
from simulator.errors import MissingExtra
from simulator.numerics import se3
from simulator.scenario.models import Scenario
from simulator.world import World, build_world

pytest.importorskip("pybullet")

Array = NDArray[np.float64]
G = 9.81
DT = 0.01
STILL = np.zeros(3)


def plane(slope: float = 0.0) -> tuple[Array, NDArray[np.int64]]:
    """Ground of 1 m cells, rising to +x."""
    x, y = np.meshgrid(np.arange(-20.0, 81.0), np.arange(-10.0, 11.0), indexing="ij")
    vertices = np.stack([x, y, slope * x], -1).reshape(-1, 3)
    corner = (np.arange(100)[:, None] * 21 + np.arange(20)).ravel()
    lower = np.stack([corner, corner + 21, corner + 1], 1)
    return vertices, np.concatenate([lower, np.stack([corner + 1, corner + 21, corner + 22], 1)])


def block(length: float, width: float, height: float) -> Array:
    return np.array([[x * length / 2, y * width / 2, z * height] for x in (-1, 1) for y in (-1, 1) for z in (0, 1)])


def thing(stuff: Stuff, corners: Array, at: Any = STILL, velocity: Any = STILL, rpy: Any = STILL) -> Thing:
    return Thing(stuff, corners, np.array(at, float), np.array(rpy, float), np.array(velocity, float), STILL)


def flown(one: Thing, seconds: float, *vehicles: Vehicle, slope: float = 0.0) -> Flights:
    return fly([one], vehicles, *plane(slope), DT, round(seconds / DT) + 1)


def driving(speed: float, seconds: float, start: float = -8.0, low: float = 0.0, high: float = 0.8) -> Vehicle:
    """A car without clearance, so that it strikes what is as high as it is in the middle."""
    steps = round(seconds / DT) + 1
    position = np.zeros((steps, 3))
    position[:, 0] = start + speed * DT * np.arange(steps)
    return Vehicle(np.array([[-1.0, -0.9, low], [3.6, 0.9, high]]), position, np.zeros((steps, 3)))


def test_free_fall() -> None:
    flight = flown(thing(Stuff(12.0), block(0.6, 0.4, 0.4), [0, 0, 5.0], [3.0, 0, 0]), 0.95)
    t = np.arange(len(flight.position)) * DT
    expected = np.stack([3.0 * t, 0 * t, 5.0 - 0.5 * G * t * t], -1)
    np.testing.assert_allclose(flight.position[:, 0], expected, atol=0.011)  # g t h / 2 of a step h of 2 ms
    np.testing.assert_allclose(flight.velocity[:, 0, 2], -G * t, atol=1e-9)


@pytest.mark.parametrize(("speed", "friction"), [(6.0, 0.5), (12.0, 0.7), (10.0, 0.4)])
def test_a_flat_block_slides_v2_over_2_mu_g(speed: float, friction: float) -> None:
    one = thing(Stuff(20.0, friction, 0.0), block(1.2, 0.8, 0.15), velocity=[speed, 0, 0])
    flight = flown(one, speed / (friction * G) + 0.4)
    assert flight.position[-1, 0, 0] == pytest.approx(speed**2 / (2 * friction * G), rel=0.01)
    assert np.abs(flight.velocity[-1]).max() < 1e-3
    assert np.abs(flight.position[:, 0, 1]).max() < 0.02


def test_rest_stays_at_rest_also_on_a_slope() -> None:
    for slope in (0.0, 0.08):
        pitch = -np.arctan(slope)
        flight = flown(thing(Stuff(8.0, 0.6), block(0.6, 0.4, 0.3), rpy=[0, pitch, 0]), 3.0, slope=slope)
        assert np.abs(flight.position[:, 0]).max() < 0.005
        assert np.abs(flight.velocity[150:]).max() < 1e-3


@pytest.mark.parametrize("bounce", [0.0, 0.2, 0.5])
def test_what_a_heavy_vehicle_strikes_leaves_at_one_plus_e_times_its_speed(bounce: float) -> None:
    one = thing(Stuff(20.0, 0.4, bounce), block(0.6, 0.6, 0.8))
    flight = flown(one, 0.6, driving(15.0, 0.6))
    k = int(flight.struck_step[0])
    assert k * DT == pytest.approx((8.0 - 3.6 - 0.3) / 15.0, abs=2 * DT)
    assert flight.struck_by[0] == 0
    assert flight.velocity[k + 2, 0, 0] == pytest.approx(15.0 * (1 + bounce), rel=0.08)
    assert (flight.position[: k - 1, 0] == flight.position[0, 0]).all() or np.abs(
        flight.position[: k - 1]
    ).max() < 0.005


def test_what_is_low_passes_under_and_carriers_do_not_count() -> None:
    flat = thing(Stuff(5.0), block(1.0, 0.3, 0.05))
    passed = flown(flat, 1.2, driving(15.0, 1.2, low=0.15))
    assert passed.struck_step[0] == -1 and np.abs(passed.position).max() < 0.01
    lorry = driving(10.0, 1.0, start=0.0, high=1.0)
    cargo = Thing(
        Stuff(30.0), block(0.6, 0.6, 0.6), np.array([0.0, 0, 1.0]), STILL, np.array([10.0, 0, 0]), STILL, 0, 0
    )
    ride = fly([cargo], [lorry], *plane(), DT, 101)
    assert ride.struck_step[0] == -1
    assert ride.position[-1, 0, 2] == pytest.approx(1.0, abs=0.01)
    assert ride.position[-1, 0, 0] == pytest.approx(10.0, abs=0.1)


def test_tumbling_has_no_jumps_and_velocity_is_that_of_the_positions() -> None:
    one = thing(Stuff(4.0, 0.7, 0.3), block(0.3, 0.4, 0.9))  # struck above its middle
    flight = flown(one, 1.5, driving(12.0, 1.5, start=-6.0, low=0.5, high=1.5))
    turned = se3.from_rpy(*flight.rpy[:, 0].T)
    step = turned[1:] @ turned[:-1].swapaxes(1, 2)
    angle = np.arccos(np.clip((np.trace(step, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert 0.05 < angle.max() < 0.5
    assert np.abs(np.diff(flight.rpy[:, 0, 2])).max() < np.pi  # yaw goes on, however it turns
    moving = np.diff(flight.position[:, 0], axis=0) / DT
    assert np.abs(moving - flight.velocity[1:, 0]).mean() < 0.3


def test_hulls_have_few_corners_and_keep_their_extent() -> None:
    points = np.random.default_rng(1).normal(size=(5000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    corners = corners_of(points + [0, 0, 0.9])
    assert 30 < len(corners) <= MOST_CORNERS + 8
    assert corners[:, 2].min() == 0.0
    assert np.ptp(corners, axis=0) == pytest.approx([2.0, 2.0, 1.9], abs=0.1)
    assert len(corners_of(block(1, 2, 3))) == 8


def test_the_same_bytes_again() -> None:
    one = thing(Stuff(9.0, 0.6, 0.3), block(0.6, 0.4, 0.5), [0, 0.5, 0])
    first, again = (flown(one, 1.0, driving(14.0, 1.0)) for _ in range(2))
    assert first.position.tobytes() == again.position.tobytes() and first.rpy.tobytes() == again.rpy.tobytes()


def test_loading_the_library_is_silent_and_its_absence_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from simulator.dynamics.loose import *; fly([], [], np.eye(3), np.array([[0, 1, 2]]), 1.0, 3)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""
    monkeypatch.setitem(sys.modules, "pybullet", None)
    with pytest.raises(MissingExtra, match=r"needs pybullet, which is not installed: run `pip install pybullet`"):
        flown(thing(Stuff(1.0), block(1, 1, 1)), 0.1)


# ---- in drives -------------------------------------------------------------------------------------------------------


def drive(*anomalies: dict[str, Any], seconds: float = 2.0, speed: float = 20.0) -> World:
    empty = {"vehicles": 0, "parked": 0, "pedestrians": 0, "cyclists": 0}
    data = {
        "duration_s": seconds,
        "road": {"kind": "straight", "length_m": 300},
        "ego": {"kind": "car", "style": "sedan", "speed_mps": speed},
        "traffic": empty,
        "surroundings": {"kind": "country", "vegetation": 0.0, "buildings": 0.0},
        "anomalies": list(anomalies),
    }
    return build_world(Scenario.model_validate(data).sample(5))


def track(world: World, row: int) -> tuple[Array, Array, Array]:
    """Position (local), rpy, velocity of an object over the drive."""
    assert world.timeline.rows is not None
    column = list(world.timeline.rows).index(row)
    line = world.timeline
    return line.position[:, column] - world.scene.origin, line.rpy[:, column], line.velocity[:, column]


def test_what_the_ego_strikes_is_thrown_ahead_and_labelled_so() -> None:
    sofa = {"kind": "lost_cargo", "cargo": "sofa", "ahead_m": 14, "lateral_m": 0.2}
    world = drive(sofa)
    (thing,) = (each for each in world.scene.objects if each.anomaly)
    assert thing.moving and thing.attributes["struck_by"] == "ego"
    assert (world.scene.instance_moving == np.isin(world.scene.instance_object, world.timeline.rows)).all()
    position, rpy, velocity = track(world, thing.id)
    ego, ego_rpy, ego_velocity = track(world, world.ego)
    k = round(float(thing.attributes["struck_s"]) / DT)
    assert np.abs(velocity[: k - 3]).max() == 0.0
    assert velocity[k + 3, 0] == pytest.approx(ego_velocity[k, 0], rel=0.3) and velocity[k + 3, 0] > 8.0
    assert position[-1, 0] > 20.0
    car, seat = (world.scene.objects[row].model.bounds for row in (world.ego, thing.id))  # type: ignore[union-attr]
    first, second = (
        boxes(at[:, 0], at[:, 1], turn[:, 2], high[0], -low[0], (high - low)[1] / 2)
        for at, turn, (low, high) in ((ego, ego_rpy, car), (position, rpy, seat))
    )
    assert gaps(first, second).min() > -0.05  # not driven through
    assert world.timeline.at(round(k * DT * 1e9) + 50_000_000).velocity[thing.id, 0] > 8.0
    again = drive(sofa)
    assert again.timeline.position.tobytes() == world.timeline.position.tobytes()


def test_what_nobody_strikes_leaves_the_drive_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr("simulator.world.loosened.fly", lambda *_: calls.append(1))
    world = drive({"kind": "lost_cargo", "cargo": "sofa", "ahead_m": 60, "lateral_m": 0.0}, seconds=1.0)
    beside = drive({"kind": "debris", "item": "crate", "count": 1, "ahead_m": 15, "lateral_m": 6.0}, seconds=1.0)
    low = drive({"kind": "debris", "item": "planks", "count": 1, "ahead_m": 15, "lateral_m": 0.0}, seconds=1.0)
    assert not calls
    for each in (world, beside, low):
        assert not any(thing.moving for thing in each.scene.objects if thing.anomaly)


@pytest.mark.parametrize("cargo", ["refrigerator", "mattress"])
def test_cargo_rides_falls_and_comes_to_rest_on_the_road(cargo: str) -> None:
    lost = {"kind": "falling_cargo", "cargo": cargo, "ahead_m": 30, "released_s": 0.5, "speed_mps": 15}
    world = drive({**lost, "lateral_m": 0.0, "slip_mps": 2.0, "mass_kg": 80}, seconds=6.0, speed=8.0)
    lorry, thing = (each for each in world.scene.objects if each.anomaly)
    assert (lorry.anomaly, thing.anomaly) == ("BEH-21", "OBJ-54") and "struck_by" not in thing.attributes
    position, _, velocity = track(world, thing.id)
    carrier, _, _ = track(world, lorry.id)
    np.testing.assert_allclose((position - carrier)[:49], np.tile((position - carrier)[0], (49, 1)), atol=1e-6)
    assert velocity[51, 0] == pytest.approx(13.0, abs=0.2)
    assert position[0, 2] > 0.9
    fallen = int(np.flatnonzero(position[:, 2] < 0.5)[0])
    assert 0.5 < fallen * DT < 2.5
    assert position[fallen, 0] < carrier[fallen, 0]  # behind it
    assert np.abs(velocity[-1]).max() < 0.05 and position[-1, 2] < 0.6
    assert carrier[-1, 0] - position[-1, 0] > 10.0


def test_without_the_library_cargo_cannot_fall_and_what_is_struck_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pybullet", None)
    with pytest.raises(MissingExtra, match="pybullet"):
        drive({"kind": "falling_cargo", "ahead_m": 30})
    with pytest.warns(UserWarning, match="drives through a loose thing"):
        world = drive({"kind": "lost_cargo", "cargo": "sofa", "ahead_m": 14, "lateral_m": 0.2})
    assert not any(thing.moving for thing in world.scene.objects if thing.anomaly)
