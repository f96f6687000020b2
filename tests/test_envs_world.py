"""What the world does to everybody in an environment: weather, crashes, failing drivers, jaywalkers; and the valet."""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import pytest
from test_envs import name, single, vector
from test_traffic_driving import DT
from test_traffic_wrecks import cars, crash

from simulator.dynamics.friction import stopping_distance
from simulator.envs.conditions import conditions_of, weather_row
from simulator.envs.observations.range_image import dim
from simulator.envs.options import make_task
from simulator.envs.single import RoadEnv
from simulator.envs.tasks.base import Weather
from simulator.envs.valet import RADII_M, Body, Stretch, ways_in
from simulator.errors import OddRoadError
from simulator.numerics.units import MPH
from simulator.scene import Atmosphere
from simulator.traffic.conditions import REACTION_S, STOPPING
from simulator.traffic.person import Being, Mode
from simulator.traffic.state import FAIR, Control, Failing, Struck
from simulator.traffic.walkers import chances
from simulator.traffic.wrecks import FRICTION, PERSON_KG, SLIDING
from simulator.weather.rain import Rain
from simulator.world.grip import film_mm

CAR = Body(3.45, 1.06, 0.805, 2.58)


# ---- weather


@pytest.mark.parametrize(
    ("weather", "mph", "speed", "capacity"),
    [
        ({"rain_mm_h": 4.0}, 70.0, 0.93, 0.91),
        ({"rain_mm_h": 4.0}, 57.5, 0.955, 0.935),
        ({"rain_mm_h": 4.0}, 30.0, 0.96, 0.94),
        ({"visibility_m": 1200.0}, 65.0, 0.94, 0.90),
        ({"visibility_m": 500.0}, 75.0, 0.91, 0.88),
        ({"rain_mm_h": 1.0}, 60.0, 1.0, 1.0),
    ],
)
def test_drivers_slow_down_as_the_highway_capacity_manual_says(
    weather: dict[str, float], mph: float, speed: float, capacity: float
) -> None:
    found = conditions_of(Weather(**weather, film_mm=0.0), mph * MPH)  # type: ignore[arg-type]
    assert found["pace"] == pytest.approx(speed) and found["headway"] == pytest.approx(1.0 / capacity)


@pytest.mark.parametrize("rain_mm_h", [0.0, 0.1, 1.0, 4.0, 10.0, 25.0, 50.0, 100.0])
def test_rain_makes_roads_as_wet_for_agents_as_for_rendered_drives(rain_mm_h: float) -> None:
    air = Rain(rain_mm_h=rain_mm_h).apply(Atmosphere(np.array([0.0, 0.0, 1.0]), 0.5)) if rain_mm_h else None
    film = float(weather_row(Weather(rain_mm_h=rain_mm_h))["film"])
    assert film == pytest.approx(film_mm(air) if air else 0.0)
    # Films above the texture, mm: Gallaway; below, as wet as Bosch's wet road, 0.65 at 50 km/h.
    published = {0.0: 0.0, 4.0: 0.2, 10.0: 0.2, 25.0: 0.38, 50.0: 0.97, 100.0: 1.87}
    if rain_mm_h in published:
        assert film == pytest.approx(published[rain_mm_h], abs=0.01)
    if rain_mm_h == 4.0:
        assert conditions_of(Weather(rain_mm_h=4.0), 50 / 3.6)["grip"] == pytest.approx(0.65 * 9.81)


def test_fair_weather_changes_nothing() -> None:
    assert conditions_of(Weather(), 30.0) == FAIR


def test_nobody_drives_faster_than_to_stop_within_sight_nor_corners_beyond_the_grip() -> None:
    found = conditions_of(Weather(visibility_m=60.0, friction=0.4), 20.0)
    assert stopping_distance(float(found["fastest"]), STOPPING * 0.4, REACTION_S) == pytest.approx(60.0)
    ice = conditions_of(Weather(surface="ice"), 20.0)
    assert 2.5 * ice["pace"] ** 2 == pytest.approx(0.7 * 0.125 * 9.81)
    assert ice["grip"] == pytest.approx(0.125 * 9.81)


def test_traffic_is_slower_on_snow() -> None:
    speeds = []
    for weather in ({}, {"surface": "snow"}):
        env = single("highway", driver="idm", vehicles=20, weather=weather)
        env.reset(seed=4)
        for _ in range(20):
            env.step(1)
        rows = env.unwrapped.core.actors.vehicles[0]
        speeds.append(rows["speed"][rows["control"] == Control.DRIVER].mean())
        drivers = env.unwrapped.core.actors.drivers[0]
        assert (drivers["hardest"] <= (9.0 if not weather else 0.225 * 9.81)).all()
    assert 0.7 < speeds[1] / speeds[0] < 0.85  # the square root of 0.7 x 0.225 x 9.81 / 2.5 is 0.786


def test_weather_comes_with_a_reset() -> None:
    env = single("highway", vehicles=4)
    env.reset(seed=0, options={"weather": {"surface": "ice"}})
    core = env.unwrapped.core
    assert core.actors.weather["friction"][0] == pytest.approx(0.125)
    assert (core.actors.drivers["hardest"][0, 1:] < 1.3).all()
    with pytest.raises(OddRoadError, match=r'surfaces: unknown key. Did you mean "surface"'):
        env.reset(seed=0, options={"weather": {"surfaces": "ice"}})
    with pytest.raises(OddRoadError, match=r'unknown option. Did you mean "weather"'):
        env.reset(seed=0, options={"wether": {}})


def test_light_and_snow_of_pictures_come_with_a_reset() -> None:
    """What a new environment of that weather shows, other worlds as before, and copies as their originals."""
    options: dict[str, Any] = {"observation": {"kind": "camera", "height": 24, "width": 32}, "vehicles": 4}
    envs = vector("highway", 2, **options)
    noon, _ = envs.reset(seed=0)
    weather = {"clock_h": 22.0, "visibility_m": 400.0, "surface": "snow"}
    expected, _ = vector("highway", 2, weather=weather, **options).reset(seed=0)
    one, _ = envs.reset(seed=0, options={"weather": weather, "reset_mask": np.array([False, True])})
    np.testing.assert_array_equal(one, [noon[0], expected[1]])
    both, _ = envs.reset(seed=0, options={"weather": weather})
    np.testing.assert_array_equal(both, expected)
    again, _ = pickle.loads(pickle.dumps(envs)).reset(seed=0)
    np.testing.assert_array_equal(again, expected)


def test_fog_swallows_the_light_of_a_lidar() -> None:
    image = np.zeros((1, 1, 2, 2), np.float32)
    image[0, 0, :, 0], image[0, 0, :, 1] = (0.1, 0.9), 1.0
    dim(image, np.array([60.0], np.float32), 100.0)
    assert image[0, 0, 0, 1] == pytest.approx(20.0 ** (-2.0 * 10.0 / 60.0), rel=1e-5)  # twice 10 m
    assert tuple(image[0, 0, 1]) == (1.0, 0.0)  # 1 / 20 at 60 m, squared for the way back
    assert weather_row(Weather(visibility_m=60.0))["sight"] == pytest.approx(60.0)


# ---- who behaves badly


def test_drivers_fail_as_often_as_is_asked_for() -> None:
    shares = {"distracted": 0.3, "red_runner": 0.1}
    envs = vector("urban", 64, vehicles=40, people=0, failing=shares)
    envs.reset(seed=0)
    core = envs.core
    there = core.actors.vehicles["control"][:, 1:] != Control.NOBODY
    failing = core.actors.drivers["failing"][:, 1:][there]
    for fault in Failing:
        share = shares.get(fault.name.lower(), 0.0)
        assert ((failing & fault) > 0).mean() == pytest.approx(share, abs=4.0 * np.sqrt(share / len(failing)))
    assert make_task("highway", {"failing": 0.19}).failing["speeding"] == pytest.approx(1.0 - 0.81 ** (1.0 / 9.0))


def test_people_stray_as_often_as_is_asked_for() -> None:
    envs = vector("urban", 32, vehicles=0, people=40, jaywalking=0.4, heedless=0.2)
    envs.reset(seed=0)
    people = envs.core.actors.people
    people = people[people["being"] != Being.NOBODY]
    assert people["heedless"].mean() == pytest.approx(0.2, abs=0.05)
    assert (people["strays"] > 0.0).mean() == pytest.approx(1.0 - 0.6 * 0.8, abs=0.06)
    assert chances(jaywalkers=0.4)["jaywalkers"][0] == 0.4


def test_wrong_modes_are_told() -> None:
    with pytest.raises(OddRoadError, match='Did you mean "rgb_array"'):
        RoadEnv("highway", render_mode="rgb_aray")
    with pytest.raises(OddRoadError, match='Did you mean "SameStep"'):
        vector("highway", 1, autoreset_mode="samestep")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"failing": {"distractd": 0.1}}, 'failing.distractd: unknown way of failing. Did you mean "distracted"'),
        ({"failing": 1.5}, "must be a share of the drivers, 0 to 1"),
        ({"jaywalking": -1}, "greater than or equal to 0"),
        ({"crash_respons": True}, 'Did you mean "crash_response"'),
        ({"render_view": "chas"}, 'Did you mean "chase"'),
    ],
)
def test_wrong_options_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OddRoadError) as told:
        gymnasium.make(name("highway"), **options)
    assert message in str(told.value)


# ---- crashes


def test_people_who_are_hit_fall_and_slide_as_searle_measured() -> None:
    traffic = cars(1, 1, 10.0, 20.0, people=1)
    car, person = traffic.vehicles[0], traffic.people[0]
    car["control"], car["struck"], car["speed"], car["yaw_rate"] = Control.OUTSIDE, 0, 20.0, 0.0
    person["being"], person["radius"], person["crossing"] = Being.ADULT, 0.22, -1
    front = car["x"] + traffic.drivers[0]["front"]
    person["x"], person["y"] = front + 0.1, car["y"]
    car["x"] += 20.0 * DT
    crash(traffic)
    assert person["mode"][0] == Mode.FALLEN
    assert car["control"][0] == Control.WRECK and car["struck"][0] == Struck.PERSON
    mass = traffic.crashes[0].bodies["mass"][0]
    speed = 20.0 * mass / (mass + PERSON_KG)  # both, for nothing bounces
    friction = SLIDING * FRICTION
    assert np.hypot(person["vx"], person["vy"])[0] == pytest.approx(speed, rel=0.01)
    car["y"] += 50.0  # out of its way
    begin = float(person["x"][0])
    for _ in range(200):
        crash(traffic)
    assert person["x"][0] - begin == pytest.approx(speed**2 / (2.0 * friction * 9.81), rel=0.01)
    assert person["vx"][0] == 0.0


def test_light_things_are_pushed_away_and_slow_who_strikes_them_a_little() -> None:
    traffic = cars(1, 2, 0.5, 20.0)
    thing, car = traffic.vehicles[0][0], traffic.vehicles[0][1]
    size = traffic.drivers[0][0]
    size["front"] = size["rear"] = size["wheelbase"] = 0.4
    size["half_width"], size["height"] = 0.3, 0.6
    car["control"], car["speed"] = Control.OUTSIDE, 20.0
    thing["x"], thing["y"] = car["x"] + traffic.drivers[0][1]["front"] + 1.0, car["y"]
    begin = float(thing["x"])
    car["x"] += 20.0 * DT
    crash(traffic)
    assert car["control"] == Control.OUTSIDE and car["struck"] == Struck.WRECK
    light, heavy = traffic.crashes[0].bodies["mass"][:2]
    assert light < 0.1 * heavy and thing["speed"] > 20.0  # restitution: it leaves faster than the car comes
    assert heavy * (20.0 - car["speed"]) == pytest.approx(
        light * (thing["speed"] + FRICTION * 9.81 * 0.5 * DT), rel=0.02
    )
    car["y"] += 50.0
    for _ in range(200):
        crash(traffic)
    assert thing["speed"] == 0.0 and 20.0 < thing["x"] - begin < 40.0


def test_crashes_make_wrecks_and_are_told() -> None:
    env = single("urban", crash_response=True, ends_on=(), duration_s=60.0)
    env.reset(seed=1)
    core = env.unwrapped.core
    me, other = core.actors.vehicles[0, :2]
    core.actors.drivers[0, 1] = core.actors.drivers[0, 0]  # as heavy
    other["control"], other["lane"], other["speed"], other["yaw"] = Control.OUTSIDE, -1, 0.0, me["yaw"]
    other["x"], other["y"] = me["x"] + 15.0 * np.cos(me["yaw"]), me["y"] + 15.0 * np.sin(me["yaw"])
    info: dict[str, Any] = {"collision": False}
    before = 0.0
    while not info["collision"]:
        before = float(me["speed"])
        seen, _, ended, cut, info = env.step(np.array([0.0, 0.5], np.float32))
        assert env.observation_space.contains(seen) and not (ended or cut)
    assert info["struck_vehicle"] and not info["struck_person"] and not info["struck_thing"]
    assert info["impact_mps"] == pytest.approx(before, abs=0.5)
    assert info["delta_v_mps"] == pytest.approx(0.55 * info["impact_mps"], rel=0.1)  # equal masses, 0.1 restitution
    assert info["impact_bearing_rad"] == pytest.approx(0.0, abs=0.2)
    assert me["control"] == other["control"] == Control.WRECK
    for _ in range(80):
        info = env.step(np.array([1.0, 1.0], np.float32))[-1]  # wrecks do not obey
    assert me["speed"] == other["speed"] == 0.0 and not info["struck_vehicle"]


# ---- the valet


def test_places_on_a_way_are_found_again() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        curvature = float(rng.choice([0.0, 0.3, -0.3, 0.17]))
        part = Stretch(*rng.uniform(-9.0, 9.0, 3), curvature, 4.0, int(rng.choice([-1, 1])))
        s, aside, turn = rng.uniform(0.0, 4.0), rng.uniform(-0.5, 0.5), rng.uniform(-0.3, 0.3)
        x, y, yaw = (float(v) for v in part.at(np.array(s)))
        found = part.errors(x - aside * np.sin(yaw), y + aside * np.cos(yaw), yaw + turn)
        assert found == pytest.approx((s, aside, turn), abs=1e-9)
        near = part.at(np.array(s + 1e-6))
        assert np.hypot(near[0] - x, near[1] - y) == pytest.approx(1e-6, rel=1e-3)


def test_all_ways_lead_into_the_bay() -> None:
    bay = np.array([12.0, 6.0, 0.5 * np.pi])
    found = ways_in((0.0, 0.0, 0.02), 3.0, bay, CAR)
    assert len(found) > 20
    for way in found:
        x, y, yaw = way[-1].end()
        ahead = 0.5 * (CAR.front - CAR.rear)
        assert (x + ahead * np.cos(yaw), y + ahead * np.sin(yaw)) == pytest.approx((12.0, 6.0), abs=1e-9)
        assert abs(np.cos(yaw)) < 1e-9
        for one, after in pairwise(way):
            assert one.end() == pytest.approx(after[:3])
            assert abs(after.curvature) <= 1.0 / min(RADII_M) + 1e-12


def test_cars_are_parked_without_touching_anybody() -> None:
    envs = vector("parking", 16, driver="idm", action_type="discrete", autoreset_mode="SameStep")
    envs.reset(seed=0)
    assert (envs.core.actors.vehicles["control"][:, 1:] == Control.OUTSIDE).sum() > 16 * 10  # others stand there
    arrived, collided = np.zeros(16, bool), False
    for _ in range(600):
        _, _, ended, _, infos = envs.step(envs.action_space.sample())
        if ended.any():
            arrived |= ended & infos["final_info"]["arrived"]
            collided |= bool(infos["final_info"]["collision"].any())
        if arrived.all():
            break
    assert arrived.sum() >= 14 and not collided
