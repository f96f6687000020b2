"""Traffic that crashes: against the laws of mechanics, and what must not happen behind a wreck."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from test_traffic_driving import DT, DT_NS, column, road, run, touching

from simulator.errors import InputError
from simulator.roads.motorway import motorway
from simulator.traffic.demand import KINDS
from simulator.traffic.desk import Event
from simulator.traffic.lane_map import lane_map
from simulator.traffic.poses import place
from simulator.traffic.simulation import Traffic
from simulator.traffic.state import Control, Failing
from simulator.traffic.wrecks import crash_worlds
from simulator.traffic.wrong_way import turn_against

CARS = KINDS[:1]


def cars(lanes: int, count: int, gap: float, speed: float, *, friction: float = 0.7, **options: float) -> Traffic:
    """Equal cars, one behind the other on the lane furthest right, the first at 2 km: a wreck that stands."""
    traffic = Traffic(
        road(lanes),
        vehicles=count,
        kinds=CARS,
        collisions=True,
        friction=friction,
        **options,  # type: ignore[arg-type]
    )
    column(traffic, 2000.0 - (gap + 4.5) * np.arange(count, dtype=np.float64), np.full(count, speed), lane=lanes - 1)
    traffic.drivers["height"], traffic.drivers["lateral"] = 1.5, 2.5
    for vehicle, driver in zip(traffic.vehicles[0], traffic.drivers[0]):
        place(traffic.ground.lanes, vehicle, driver, 0.0)
    wreck(traffic, 0)
    return traffic


def wreck(traffic: Traffic, row: int, turned: float = 0.0, aside: float = 0.0) -> None:
    """Let a vehicle lie where it is, turned and to the left."""
    one = traffic.vehicles[0, row]
    one["control"], one["speed"], one["struck"] = Control.WRECK, 0.0, 1
    middle = 0.5 * (traffic.drivers["front"][0, row] - traffic.drivers["rear"][0, row])
    one["x"] += middle * (np.cos(one["yaw"]) - np.cos(one["yaw"] + turned)) - aside * np.sin(one["yaw"])
    one["y"] += middle * (np.sin(one["yaw"]) - np.sin(one["yaw"] + turned)) + aside * np.cos(one["yaw"])
    one["yaw"] += turned
    one["yaw_rate"] = 1e-3  # it still moves a little: its place is looked for


def mechanics(traffic: Traffic) -> tuple[float, NDArray[np.float64], float]:
    """Kinetic energy, momentum and angular momentum of all vehicles, of the masses that the last step had."""
    bodies, rows, drivers = traffic.crashes[0].bodies, traffic.vehicles[0], traffic.drivers[0]
    centre = 0.5 * (drivers["front"] - drivers["rear"])
    c, s, left = np.cos(rows["yaw"]), np.sin(rows["yaw"]), rows["lateral_speed"] + rows["yaw_rate"] * centre
    velocity = np.stack([rows["speed"] * c - left * s, rows["speed"] * s + left * c])
    x, y, mass = rows["x"] + centre * c, rows["y"] + centre * s, bodies["mass"]
    energy = 0.5 * (mass * (velocity**2).sum(0) + bodies["yaw_inertia"] * rows["yaw_rate"] ** 2).sum()
    spin = (mass * (x * velocity[1] - y * velocity[0]) + bodies["yaw_inertia"] * rows["yaw_rate"]).sum()
    return float(energy), velocity @ mass, float(spin)


def crash(traffic: Traffic) -> None:
    crash_worlds(traffic.ground, traffic.worlds, traffic.crashes[0], DT_NS, 0, 1)


@pytest.mark.parametrize("turned", [0.0, 0.4, 1.3])
def test_impacts_keep_momentum_and_lose_energy(turned: float) -> None:
    traffic = cars(2, 6, 6.0, 25.0, friction=1e-12)
    wreck(traffic, 0, turned, 0.6)
    crashes, hits = traffic.crashes, 0
    crash(traffic)  # fills in masses
    for _ in range(80):
        traffic.crashes = []
        traffic.step(DT_NS)
        traffic.crashes = crashes
        energy, momentum, spin = mechanics(traffic)
        crash(traffic)
        after, then, _ = mechanics(traffic)
        assert after <= energy * (1.0 + 1e-9)
        assert np.allclose(then, momentum, rtol=1e-9, atol=1e-3)
        hits += int((traffic.worlds.events[0] & Event.COLLISION > 0).sum())
        assert np.isfinite(spin)
    assert hits >= 2


def test_a_wreck_slides_as_far_as_friction_lets_it() -> None:
    traffic = cars(1, 1, 10.0, 0.0, friction=0.5)
    traffic.vehicles["speed"], traffic.vehicles["yaw_rate"] = 20.0, 0.0
    begin = float(traffic.vehicles["x"][0, 0])
    run(traffic, 6.0)
    assert traffic.vehicles["speed"][0, 0] == 0.0
    assert traffic.vehicles["x"][0, 0] - begin == pytest.approx(20.0**2 / (2 * 0.5 * 9.81), rel=2e-3)


def test_nobody_drives_through_a_wreck_across_the_road() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        lanes = int(rng.integers(1, 3))
        traffic = cars(lanes, 8, 35.0 + rng.uniform(0.0, 15.0), rng.uniform(10.0, 25.0))
        traffic.vehicles["s"][0, 1:] -= 100.0
        wreck(traffic, 0, 0.5 * np.pi + rng.uniform(-0.3, 0.3), 1.75 * (lanes - 1))
        for _ in range(40):
            run(traffic, 1.0)
            assert not (traffic.vehicles["struck"][0, 1:] > 0).any()
            assert not touching(traffic)
        assert (traffic.vehicles["speed"][0] < 0.1).all()
        assert (traffic.vehicles["s"][0, 1:] < 2000.0).all()


def test_a_pile_up_ends() -> None:
    traffic = cars(2, 16, 5.0, 33.0)
    run(traffic, 30.0)
    rows = traffic.vehicles[0]
    wrecks = rows["control"] == Control.WRECK
    assert wrecks.sum() >= 4
    assert (rows["delta_v"][wrecks] > 0.0).all() or rows["struck"][0]
    assert (rows["speed"][wrecks] == 0.0).all() and (rows["yaw_rate"][wrecks] == 0.0).all()
    assert rows["delta_v"].max() < 33.0
    assert all(np.isfinite(rows[name]).all() for name in ("x", "y", "yaw", "s", "d"))


def test_who_looks_away_wrecks_and_is_cleared_away() -> None:
    traffic = Traffic(
        lane_map(motorway()),
        vehicles=60,
        seeds=3,
        failing={Failing.DISTRACTED: 0.5, Failing.SUDDEN_BRAKING: 0.3},
        collisions=True,
        clearing_s=5.0,
    )
    crashed = cleared = 0
    before = np.zeros(60, bool)
    for _ in range(1200):
        traffic.step(100_000_000)
        now = traffic.vehicles["control"][0] == Control.WRECK
        crashed, cleared = crashed + int((now & ~before).sum()), cleared + int((before & ~now).sum())
        before = now
        assert (traffic.vehicles["wrecked"][0][now] <= 5.1).all()
    assert crashed > 0 and cleared > 0


def test_nothing_changes_where_nobody_touches_and_threads_do_not_matter() -> None:
    lanes = lane_map(motorway())
    plain = Traffic(lanes, worlds=2, vehicles=40, seeds=5)
    with_crashes = Traffic(lanes, worlds=2, vehicles=40, seeds=5, collisions=True)
    for _ in range(300):
        plain.step(DT_NS)
        with_crashes.step(DT_NS)
    assert not with_crashes.vehicles["struck"].any()
    assert plain.vehicles.tobytes() == with_crashes.vehicles.tobytes()
    failing = {Failing.DISTRACTED: 0.6, Failing.SUDDEN_BRAKING: 0.5}
    seeds = np.arange(14, dtype=np.uint64)
    many = Traffic(lanes, worlds=14, vehicles=40, seeds=seeds, failing=failing, collisions=True)
    one = Traffic(lanes, worlds=1, vehicles=40, seeds=seeds[13:], failing=failing, collisions=True)
    for k in range(250):
        many.step(100_000_000, threads=1 + k % 2)
        one.step(100_000_000, threads=1)
    assert many.vehicles["struck"].any()
    assert many.vehicles[13].tobytes() == one.vehicles[0].tobytes()


@pytest.mark.parametrize(
    "options", [{"friction": 0.0}, {"clearing_s": 0.0}, {"friction": float("nan")}, {"relief_s": 0.0}]
)
def test_what_collisions_do_not_accept(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="above 0"):
        Traffic(road(), vehicles=1, collisions=True, **options)  # type: ignore[arg-type]


def meeting(lanes: int, seed: int, failing: bool) -> Traffic:
    """Cars at 15 m/s, and one at 300 m that goes the other way, if any."""
    traffic = Traffic(road(lanes, 3000.0, 60.0), vehicles=6, seeds=seed, kinds=CARS, collisions=True)
    column(traffic, np.array([900.0, 560.0, 520.0, 480.0, 440.0, 400.0]), np.full(6, 15.0), lane=lanes - 1)
    traffic.drivers["height"], traffic.drivers["lateral"] = 1.5, 2.5
    for row in range(6):
        vehicle, driver = traffic.vehicles[0, row], traffic.drivers[0, row]
        place(traffic.ground.lanes, vehicle, driver, 0.0)
        if row == 0 and failing:
            vehicle["control"] = Control.WRONG_WAY
            turn_against(traffic.ground.lanes, vehicle, driver, traffic.worlds.seeds[0], 0)
    return traffic


def test_who_meets_a_wrong_way_driver_brakes() -> None:
    traffic, calm = meeting(1, 0, True), meeting(1, 0, False)
    rows = traffic.vehicles[0]
    assert np.cos(rows["yaw"][0]) == pytest.approx(-1.0)
    begin, slowest = float(rows["x"][0]), np.full(6, 99.0)
    for _ in range(round(22.0 / DT)):
        traffic.step(DT_NS)
        calm.step(DT_NS)
        slowest = np.minimum(slowest, rows["speed"])
        assert rows["control"][0] == Control.WRONG_WAY and not rows["struck"].any() and not touching(traffic)
    assert rows["x"][0] < begin - 100.0  # it went against the traffic
    assert (slowest[1:3] < 1.0).all() and (slowest[1:] < 10.0).all()  # a queue builds up before it
    assert (calm.vehicles["speed"][0] > 10.0).all()
    assert rows["d"][1] < -0.2 and rows["d"][0] > 0.1  # each to its right
    run(traffic, 30.0)
    assert rows["control"][0] != Control.WRONG_WAY  # it has given up


def test_wrong_way_drivers_are_passed_on_the_next_lane() -> None:
    changed = 0
    for seed in range(5):
        traffic = meeting(2, seed, True)
        begin = traffic.vehicles["lane"][0].copy()
        for _ in range(20):
            run(traffic, 1.0)
            changed += int(((traffic.vehicles["lane"][0] != begin) & (traffic.vehicles["control"][0] == 1)).sum())
    assert changed > 0


def test_wrong_way_drivers_come_up_as_often_as_is_said() -> None:
    traffic = Traffic(
        lane_map(motorway()), worlds=8, vehicles=40, seeds=2, failing={Failing.WRONG_WAY: 0.1}, collisions=True
    )
    against = traffic.vehicles["control"] == Control.WRONG_WAY
    assert 0.04 < against.mean() < 0.18
    run(traffic, 40.0)
    rows = traffic.vehicles[traffic.vehicles["control"] == Control.WRONG_WAY]
    assert len(rows) and (rows["against"] == 1).all()
