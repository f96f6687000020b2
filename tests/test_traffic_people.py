"""Vehicles and people in the same worlds: nobody is run over, people get across, drivers brake for jaywalkers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.roads import procedural
from simulator.traffic.lane_map import NONE, LaneMap, lane_map
from simulator.traffic.person import Mode
from simulator.traffic.signals import Colour
from simulator.traffic.simulation import Traffic
from simulator.traffic.state import Control
from simulator.traffic.walkers import chances

DT_NS = 100_000_000
DT = DT_NS * 1e-9


@cache
def place(name: str) -> LaneMap:
    return lane_map(getattr(procedural, name)())


def clearance(traffic: Traffic) -> NDArray[np.float64]:
    """(W, A, P) m between boxes of vehicles and discs of people; infinite where either is nobody."""
    v, d, p = traffic.vehicles[:, :, None], traffic.drivers[:, :, None], traffic.people[:, None, :]
    c, s, x, y = np.cos(v["yaw"]), np.sin(v["yaw"]), p["x"] - v["x"], p["y"] - v["y"]
    along = c * x + s * y
    beyond = np.maximum(np.maximum(along - d["front"], -d["rear"] - along), 0.0)
    aside = np.maximum(np.abs(c * y - s * x) - d["half_width"], 0.0)
    there = (v["control"] != Control.NOBODY) & (v["control"] != Control.ARRIVED) & (p["being"] > 0)
    return np.where(there, np.hypot(beyond, aside) - p["radius"], np.inf)


@pytest.mark.parametrize(
    ("name", "vehicles", "worlds", "seconds"), [("town", 40, 1, 600.0), ("x_junction", 16, 2, 300.0)]
)
def test_nobody_is_run_over_nobody_waits_for_ever_and_people_get_across(
    name: str, vehicles: int, worlds: int, seconds: float
) -> None:
    traffic = Traffic(
        place(name), worlds=worlds, vehicles=vehicles, people=60, seeds=11, manners=chances(jaywalkers=0.3)
    )
    crossed = strayed = 0
    for _ in range(round(seconds / DT)):
        before = traffic.people["mode"].copy()
        traffic.step(DT_NS)
        assert clearance(traffic).min() >= 0.0
        assert traffic.vehicles["waited"].max() < 150.0
        there = traffic.people["mode"] == Mode.WALKING
        crossed += int((there & (before == Mode.CROSSING)).sum())
        strayed += int((there & (before == Mode.STRAYING)).sum())
    assert crossed > 60 * worlds
    assert strayed > 10 * worlds
    assert traffic.vehicles["acceleration"].min() > -9.5


@cache
def street() -> LaneMap:
    return lane_map(procedural.straight(400.0, speed_kmh=50.0, sidewalks=True))


def stand_in_the_way(traffic: Traffic, ahead: float, aside: float, speed: float) -> None:
    """Put a car on the street, and somebody who stays `ahead` m before its bumper, `aside` m left of its middle."""
    lanes = traffic.lane_map.arrays
    v, driver, person = traffic.vehicles[0, 0], traffic.drivers[0, 0], traffic.people[0, 0]
    v["lane"], v["s"], v["speed"], v["d"], v["wish_d"], v["slope"] = 0, 100.0, speed, 0.0, 0.0, 0.0
    driver["front"], driver["rear"], driver["half_width"], driver["hardest"] = 3.6, 0.9, 0.9, 8.0
    traffic.step(1)  # it takes its place
    row = lanes.lanes[0]
    here = lanes.samples[row["first"] + round((100.0 + 3.6 + ahead + 0.25) / row["step"])]
    person["x"] = here["x"] - aside * np.sin(here["heading"])
    person["y"] = here["y"] + aside * np.cos(here["heading"])
    person["mode"], person["heedless"], person["pace"], person["radius"] = Mode.STRAYING, 1, 0.0, 0.25
    person["vx"] = person["vy"] = 0.0
    over = traffic.walkways.arrays.points["over"]
    person["over"] = over[over >= 0][0]


@settings(max_examples=20, deadline=None)
@given(speed=st.floats(4.0, 14.0), margin=st.floats(2.0, 60.0), aside=st.floats(-1.0, 1.0))
def test_drivers_stop_for_whoever_stands_in_the_lane_wherever_brakes_allow_it(
    speed: float, margin: float, aside: float
) -> None:
    traffic = Traffic(street(), vehicles=1, people=1)
    stand_in_the_way(traffic, speed * speed / (2.0 * 8.0) + speed * DT + margin, aside, speed)
    for _ in range(150):
        traffic.step(DT_NS)
        assert clearance(traffic).min() > 0.1
    assert traffic.vehicles["speed"][0, 0] < 0.5
    assert clearance(traffic).min() < 3.0


@pytest.mark.parametrize("aside", [-1.6, 1.6])
def test_drivers_pass_whoever_stands_beside_their_way(aside: float) -> None:
    traffic = Traffic(street(), vehicles=1, people=1)
    stand_in_the_way(traffic, 40.0, aside, 13.0)
    slowest = np.inf
    for _ in range(60):
        traffic.step(DT_NS)
        slowest = min(slowest, float(traffic.vehicles["speed"][0, 0]))
    assert slowest > 11.0


def test_a_wreck_across_the_lane_stops_drivers_wherever_it_counts_itself() -> None:
    traffic = Traffic(street(), vehicles=2)
    v, lanes = traffic.vehicles[0], traffic.lane_map.arrays
    row = lanes.lanes[0]
    here = lanes.samples[row["first"] + round(160.0 / row["step"])]
    v["control"] = Control.DRIVER, Control.WRECK
    v["lane"], v["s"], v["speed"], v["d"] = (0, NONE), 100.0, (13.0, 0.0), 0.0
    v["x"][1], v["y"][1], v["z"][1], v["yaw"][1] = here["x"], here["y"], here["z"], here["heading"] + 1.5
    for _ in range(200):
        traffic.step(DT_NS)
    gap = np.hypot(v["x"][1] - v["x"][0], v["y"][1] - v["y"][0]) - traffic.drivers["front"][0, 0]
    assert v["speed"][0] < 0.1
    assert 0.5 < gap < 6.0


def test_people_set_out_while_the_lights_hold_traffic_up_for_long_enough() -> None:
    traffic = Traffic(place("x_junction"), vehicles=1, people=40, seeds=3, manners=chances(jaywalkers=0.0))
    lights = {name: k for k, name in enumerate(traffic.plan.ids)}
    crossings = traffic.walkways.crossings
    own = [[lights[name] for name in crossing.signals] for crossing in crossings]
    assert all(own)
    out = 0
    for _ in range(1200):
        before = traffic.people["mode"][0].copy()
        traffic.step(DT_NS)
        for person in traffic.people[0][(before != Mode.CROSSING) & (traffic.people["mode"][0] == Mode.CROSSING)]:
            crossing = person["crossing"]
            (a, b), clock = crossings[crossing].ends, int(traffic.clock_ns[0] + traffic.worlds.phase_ns[0])
            needs = np.hypot(*(b - a)[:2]) / person["pace"]
            times = clock - DT_NS + np.arange(0, int(needs * 1e9), 200_000_000)
            assert (traffic.plan.colours(times)[:, own[crossing]] == Colour.RED).all()
            out += 1
    assert out > 20


def test_what_becomes_of_a_world_does_not_depend_on_threads_nor_on_other_worlds() -> None:
    seeds = np.arange(7, 19, dtype=np.uint64)
    together = Traffic(place("x_junction"), worlds=12, vehicles=100, people=12, seeds=seeds)
    again = Traffic(place("x_junction"), worlds=12, vehicles=100, people=12, seeds=seeds)
    alone = Traffic(place("x_junction"), vehicles=100, people=12, seeds=seeds[9:10])
    for _ in range(100):
        together.step(DT_NS, threads=3)
        again.step(DT_NS, threads=1)
        alone.step(DT_NS)
    assert together.people.tobytes() == again.people.tobytes()
    assert together.vehicles.tobytes() == again.vehicles.tobytes()
    assert together.people[9].tobytes() == alone.people[0].tobytes()
    assert together.vehicles[9].tobytes() == alone.vehicles[0].tobytes()
    alone.reset()
    for _ in range(100):
        alone.step(DT_NS)
    assert together.people[9].tobytes() == alone.people[0].tobytes()


def test_maps_without_walkways_have_nobody_and_negative_numbers_are_refused() -> None:
    traffic = Traffic(lane_map(procedural.motorway()), vehicles=2, people=5)
    traffic.step(DT_NS)
    assert not traffic.people["being"].any()
    with pytest.raises(InputError, match="people=-1"):
        Traffic(place("town"), people=-1)
