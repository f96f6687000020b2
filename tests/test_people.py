"""People on foot, checked against formulas, measured crowds, straight-line forecasts of their own, and geometry."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from walking import World, body, corridor, ring, street, vehicle, walkers

from simulator.roads import procedural
from simulator.traffic.crossings import walkway_map
from simulator.traffic.gaps import SEEN_DTYPE, must_wait, see
from simulator.traffic.person import RELAXATION_S, Being, Mode
from simulator.traffic.walkers import chances, populate_people
from simulator.traffic.walkways import Kind, WalkwayMap, roadsides


@pytest.mark.parametrize("dt", [0.02, 0.05, 0.1])
def test_who_walks_alone_gets_up_to_speed_within_the_relaxation_time(dt: float) -> None:
    way = corridor()
    one = np.ones(1)
    world = World(way, walkers(way, 0, 20.0 * one, 0.0 * one, one, 1.34 * one), dt=dt)
    for k in range(1, 60):
        world.advance()
        # dv/dt = (v0 - v) / tau from rest
        assert world.people["vx"][0, 0] == pytest.approx(1.34 * (1.0 - np.exp(-k * dt / RELAXATION_S)), rel=1e-9)
    assert world.people["y"][0, 0] == pytest.approx(0.0, abs=1e-9)
    way_walked = world.people["x"][0, 0] - 20.0
    assert world.people["phase"][0, 0] == pytest.approx(2.0 * np.pi * way_walked / 1.4 % (2.0 * np.pi), abs=0.3)


@pytest.mark.parametrize("apart", [0.0, 0.05, 0.4])
@pytest.mark.parametrize("half_width", [0.7, 2.0])
def test_two_people_head_on_pass_each_other_without_touching(apart: float, half_width: float) -> None:
    way = corridor(30.0, half_width)
    side = np.array([apart, -apart])
    people = walkers(way, 0, np.array([10.0, 20.0]), side, np.array([1, -1]), np.array([1.3, 1.4]))
    world = World(way, people, dt=0.05)
    nearest = np.inf
    for _ in range(200):
        world.advance()
        x, y = people["x"][0], people["y"][0]
        nearest = min(nearest, float(np.hypot(x[0] - x[1], y[0] - y[1])))
    assert nearest >= 0.44
    assert people["x"][0, 0] > 17.0
    assert people["x"][0, 1] < 13.0


def _crowd(density: float, seed: int) -> float:
    """Mean speed along a ring of people who all go the same way."""
    radius, half = 9.0, 2.0
    way = ring(radius, half)
    length = float(way.arrays.ways["length"][0])
    count = round(density * length * 2.0 * half)
    rows = min(9, round(np.sqrt(count / length * 2.0 * half)))
    rng = np.random.default_rng(seed)
    k = np.arange(count)
    lane = k % rows
    s = np.mod((k // rows + 0.5 * (lane % 2)) * length / np.ceil(count / rows), length)
    side = (lane - 0.5 * (rows - 1)) / (0.5 * (rows - 1)) * (half - 0.3) / (half - 0.37)
    pace = np.clip(1.34 + 0.26 * rng.normal(size=count), 0.6, 2.1)  # Weidmann 1993, as Helbing and Molnar 1995
    people = walkers(way, 0, s, side, np.ones(count, np.int64), pace)
    world = World(way, people)
    speeds = []
    for step in range(250):
        world.advance()
        if step >= 150:
            angle = np.arctan2(people["y"][0], people["x"][0])
            speeds.append(np.mean(people["vy"][0] * np.cos(angle) - people["vx"][0] * np.sin(angle)))
    return float(np.mean(speeds))


@pytest.mark.parametrize("density", [0.3, 0.6, 1.0, 1.5, 2.0])
def test_speed_falls_with_density_as_measured(density: float) -> None:
    # Weidmann 1993 (Kladek's formula): v = 1.34 m/s (1 - exp(-1.913 m2 (1 / D - 1 / 5.4 m2)))
    measured = 1.34 * (1.0 - np.exp(-1.913 * (1.0 / density - 1.0 / 5.4)))
    assert _crowd(density, 0) == pytest.approx(measured, rel=0.25)


def _surface(walkways: WalkwayMap) -> shapely.Geometry:
    """Area of the ways."""
    points, areas = walkways.arrays.points, []
    for way in walkways.arrays.ways:
        own = points[way["first"] : way["first"] + way["points"]]
        wide = float(own["half_width"].max())
        areas.append(shapely.LineString(np.stack([own["x"], own["y"]], axis=1)).buffer(wide))
    return shapely.union_all(areas)


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_nobody_overlaps_leaves_the_ways_or_steps_on_the_carriageway_unasked(seed: int) -> None:
    network = procedural.t_junction()
    way = walkway_map(network)
    people = populate_people(way, 1, 250, seed, chances(jaywalkers=0.3, heedless=0.05, dogs=0.1))
    world = World(way, people, seed=seed)
    everywhere = _surface(way)
    lanes = shapely.union_all(roadsides(network, way.origin).carriageway.polygons)
    shapely.prepare(everywhere)
    shapely.prepare(lanes)
    crossed = strayed = 0
    for step in range(300):
        world.advance()
        own = people[0][people[0]["being"] > 0]
        xy = np.stack([own["x"], own["y"]], axis=1)
        pairs = cKDTree(xy).query_pairs(0.7, output_type="ndarray")
        gap = np.linalg.norm(xy[pairs[:, 0]] - xy[pairs[:, 1]], axis=1)
        assert (gap >= own["radius"][pairs[:, 0]] + own["radius"][pairs[:, 1]] - 1e-9).all()
        if step % 5 == 0:
            on_ways = own["mode"] != Mode.STRAYING
            spots = shapely.points(xy)
            assert shapely.intersects(everywhere, spots[on_ways]).all()
            off_road = (own["mode"] != Mode.STRAYING) & (own["mode"] != Mode.CROSSING)
            assert not shapely.intersects(lanes, spots[off_road]).any()
            crossed, strayed = crossed + (own["mode"] == Mode.CROSSING).sum(), strayed + (~on_ways).sum()
    assert crossed > 0
    assert strayed > 0
    assert np.isfinite(xy).all()


def test_oncoming_crowds_form_lanes_and_get_through() -> None:
    way = corridor(60.0, 1.5)
    rng = np.random.default_rng(0)
    count = 40
    s = np.linspace(5.0, 55.0, count)
    forward = np.where(s < 30.0, 1, -1)
    people = walkers(way, 0, s, rng.uniform(-1.0, 1.0, count), forward, np.full(count, 1.34))
    world = World(way, people)
    start = people["x"][0].copy()
    for _ in range(350):
        world.advance()
        if world.step == 150:  # they have met: neighbours to the side go the same way more often than not
            x, y, v = people["x"][0], people["y"][0], people["vx"][0]
            middle = np.abs(x - 30.0) < 8.0
            left, right = v[middle & (y > 0.2)], v[middle & (y < -0.2)]
            assert abs(np.sign(left).mean() - np.sign(right).mean()) > 0.3
    gone = (people["x"][0] - start) * forward
    turned = people["forward"][0] != forward  # at the end of the corridor, and back again
    assert np.all((gone > 20.0) | turned)


# ---- crossings

cars = st.tuples(
    st.floats(-90.0, 90.0), st.sampled_from([-1.75, 1.75]), st.sampled_from([0.0, np.pi]), st.floats(0.5, 20.0)
)


def seen(rows: NDArray[np.void]) -> NDArray[np.void]:
    return np.asarray(see(rows, np.concatenate([body()] * len(rows)), np.zeros(len(rows), SEEN_DTYPE)))


@settings(max_examples=300, deadline=None)
@given(traffic=st.lists(cars, min_size=1, max_size=4), pace=st.floats(0.8, 2.0), margin=st.floats(0.5, 4.0))
def test_who_need_not_wait_is_not_hit_by_traffic_that_goes_on(
    traffic: list[tuple[float, float, float, float]], pace: float, margin: float
) -> None:
    rows = np.concatenate([vehicle(*car) for car in traffic])
    bodies = np.concatenate([body() for _ in traffic])
    if must_wait(seen(rows), 0.0, -3.5, 0.0, 1.0, 7.0, 1.5, 0.0, pace, margin, 0):
        return
    t = np.arange(0.0, 7.0 / pace + margin, 0.01)
    y = np.minimum(-3.5 + pace * t, 3.5)  # of the person, at x = 0
    for car, shape in zip(rows, bodies):
        # Boxes along x: how far their fronts and tails are from the person, and their sides.
        x = (car["x"] + car["speed"] * np.cos(car["yaw"]) * t) * np.cos(car["yaw"])
        under = (x - shape["rear"] < 0.2) & (x + shape["front"] > -0.2)
        beside = np.abs(y - car["y"]) < shape["half_width"] + 0.2
        assert not (under & beside & (y < 3.5)).any()


def test_a_gap_is_judged_by_the_own_time_over_the_street_and_a_margin() -> None:
    # HCM: critical headway = length / speed + margin. Who has passed a car in the far lane need not have reached the
    # kerb: the car of half-width 0.9 m at y = 1.75 lets go of (3.5 + 1.75 + 0.9) m at the least.
    pace, margin = 1.2, 3.0
    for speed in (5.0, 10.0, 20.0):
        waits = [
            x
            for x in np.arange(1.0, 300.0, 0.5)
            if must_wait(seen(vehicle(-x, 1.75, 0.0, speed)), 0.0, -3.5, 0.0, 1.0, 7.0, 1.5, 0.0, pace, margin, 0)
        ]
        headway = (max(waits) - 3.7 - 1.5) / speed
        assert (3.5 + 1.75 + 0.9) / pace + margin < headway <= 7.0 / pace + margin + 0.5 / speed
    # A driver who brakes enough to stop is no hindrance; one who brakes too little is.
    gentle, hard = vehicle(-30.0, 1.75, 0.0, 10.0, -0.5), vehicle(-30.0, 1.75, 0.0, 10.0, -2.5)
    assert must_wait(seen(gentle), 0.0, -3.5, 0.0, 1.0, 7.0, 1.5, 0.0, pace, margin, 1)
    assert not must_wait(seen(hard), 0.0, -3.5, 0.0, 1.0, 7.0, 1.5, 0.0, pace, margin, 1)


@pytest.mark.parametrize("headway", [3.0, 25.0])
def test_people_cross_between_cars_only_where_there_is_a_gap(headway: float) -> None:
    way = street()
    over = int(np.flatnonzero(way.arrays.ways["kind"] == Kind.CROSSING)[0])
    one, speed, places = np.ones(1), 10.0, np.arange(-10, 10)
    cars = np.concatenate(
        [vehicle(0.0, lane, yaw, speed) for lane, yaw in ((-1.75, 0.0), (1.75, np.pi)) for _ in places]
    )
    bodies = np.repeat(body(), len(cars))
    crossed = 0
    for phase in range(4):
        people = walkers(way, over, 0.5 * one, 0.0 * one, one, 1.3 * one)
        world = World(way, people)
        for _ in range(300):
            # Cars in both lanes, `headway` apart, without end and without regard for people.
            time, span = world.step * world.dt + 0.37 * phase * headway, len(places) * headway * speed
            x = np.mod(places * headway * speed + speed * time + 0.5 * span, span) - 0.5 * span
            cars["x"] = np.concatenate([x, -x])
            world.advance(cars, bodies)
            person = people[0, 0]
            along = (person["x"] - cars["x"]) * np.cos(cars["yaw"])
            assert not ((along > -0.9) & (along < 3.7) & (np.abs(person["y"] - cars["y"]) < 0.9)).any()
        crossed += person["y"] > 3.5
    assert crossed == (0 if headway == 3.0 else 4)


def test_who_is_on_a_crossing_walks_round_a_car_that_stopped_late() -> None:
    way = street(marked=True)
    over = int(np.flatnonzero(way.arrays.ways["kind"] == Kind.CROSSING)[0])
    one = np.ones(1)
    people = walkers(way, over, 2.0 * one, 0.0 * one, one, 1.3 * one)
    people["mode"], people["crossing"] = Mode.CROSSING, 0
    world = World(way, people)
    for _ in range(150):
        world.advance(vehicle(-4.2, 1.75, 0.0, 0.0), body())  # its front is a metre into the crossing
        x, y = people["x"][0, 0] + 4.2, people["y"][0, 0] - 1.75
        assert not ((x > -0.9) & (x < 3.7) & (abs(y) < 0.9))
    assert people["y"][0, 0] > 3.5


def test_lights_are_obeyed() -> None:
    way = street(signals=("1",))
    over = int(np.flatnonzero(way.arrays.ways["kind"] == Kind.CROSSING)[0])
    people = walkers(way, over, np.full(3, 0.3), np.array([-0.9, 0.0, 0.9]), np.ones(3, np.int64), np.full(3, 1.3))
    world = World(way, people)
    world.go[:] = 0.0
    for _ in range(600):
        world.advance()
    assert (people["y"][0] < -3.5).all()
    assert (people["mode"][0] == Mode.WAITING).all()
    assert world.use["about"][0, 0] == 0  # they do not stop traffic while they have to wait
    world.go[:] = 4.0  # too short for 7 m at 1.3 m/s
    for _ in range(30):
        world.advance()
    assert (people["y"][0] < -3.5).all()
    world.go[:] = 12.0
    seen = 0
    for _ in range(100):
        world.advance()
        world.go -= world.dt
        seen = max(seen, int(world.use["on"][0, 0]))
    assert (people["y"][0] > 3.0).all()
    assert seen == 3
    assert world.use["on"][0, 0] == 0
    assert world.use["left"][0, 0] == pytest.approx(63.0 + 7.0 / 1.3, abs=2.5)


def test_drivers_are_told_who_is_about_to_cross_and_since_when() -> None:
    way = street(marked=True)
    over = int(np.flatnonzero(way.arrays.ways["kind"] == Kind.CROSSING)[0])
    one = np.ones(1)
    people = walkers(way, over, 0.5 * one, 0.0 * one, one, 1.3 * one)
    world = World(way, people)
    car = vehicle(-25.0, -1.75, 0.0, 12.0)  # too near and too fast to be trusted
    for _ in range(20):
        world.advance(car, body())
    assert people["mode"][0, 0] == Mode.WAITING
    assert (world.use["about"][0, 0], world.use["on"][0, 0]) == (1, 0)
    assert 0.0 <= world.use["since"][0, 0] < 2.0
    yields = vehicle(-12.0, -1.75, 0.0, 6.0, -2.5)
    for _ in range(8):
        world.advance(yields, body())
    assert people["mode"][0, 0] == Mode.CROSSING
    for _ in range(80):
        world.advance()
    assert (world.use["about"][0, 0], world.use["on"][0, 0]) == (0, 0)
    assert world.use["left"][0, 0] == pytest.approx(world.use["seen"][0, 0])
    assert 3.0 < world.use["left"][0, 0] - 2.0 < 9.0


@pytest.mark.parametrize("heedless", [0, 1])
def test_jaywalkers_look_and_running_children_do_not(heedless: int) -> None:
    network = procedural.straight(200.0, sidewalks=True)
    way = walkway_map(network)
    people = populate_people(way, 1, 1, 3, chances(jaywalkers=1.0))
    people["heedless"], people["strays"], people["being"] = heedless, 1e9, Being.CHILD
    world = World(way, people)
    # A wall of cars that stand close behind each other and roll: there is never a gap.
    x = np.arange(-100.0, 100.0, 6.0)
    cars = np.concatenate([vehicle(a, b, 0.0, 8.0) for a in x for b in (-1.6, 1.6)])
    bodies = np.concatenate([body() for _ in cars])
    reached = 0.0
    for _ in range(100):
        world.advance(cars, bodies)
        reached = max(reached, float(people["mode"][0, 0] == Mode.STRAYING))
    assert reached == heedless
    if not heedless:
        assert people["mode"][0, 0] in (Mode.LOOKING, Mode.WALKING)
        before = people["y"][0, 0]
        people["strays"] = 1e9
        for _ in range(300):
            world.advance()
            if np.sign(people["y"][0, 0]) != np.sign(before):
                break
        assert np.sign(people["y"][0, 0]) != np.sign(before)


def test_nobody_walks_into_a_vehicle_that_stands_on_the_pavement() -> None:
    way = corridor(40.0, 2.0)
    count = 6
    people = walkers(
        way,
        0,
        np.linspace(5.0, 10.0, count),
        np.linspace(-1.0, 1.0, count),
        np.ones(count, np.int64),
        np.full(count, 1.3),
    )
    world = World(way, people)
    car = vehicle(18.0, 0.8, 0.0, 0.0)
    for _ in range(250):
        world.advance(car, body())
        x, y = people["x"][0] - 18.0, people["y"][0] - 0.8
        assert not ((x > -0.9 - 0.15) & (x < 3.7 + 0.15) & (np.abs(y) < 0.9 + 0.15)).any()
    assert (people["x"][0] > 22.0).sum() >= count - 1


# ---- many worlds


def test_results_depend_neither_on_threads_nor_on_other_worlds() -> None:
    way = walkway_map(procedural.x_junction())
    ends = []
    for worlds, threads in ((40, 1), (40, 2), (7, 1)):
        people = populate_people(way, worlds, 16, 5, chances(jaywalkers=0.5, dogs=0.2))
        world = World(way, people, seed=9, threads=threads)
        for _ in range(100):
            world.advance(vehicle(-20.0, -1.7, 0.0, 5.0), body())
        ends.append((people, world.use))
    assert ends[0][0].tobytes() == ends[1][0].tobytes()
    assert ends[0][1].tobytes() == ends[1][1].tobytes()
    assert ends[0][0][:7].tobytes() == ends[2][0].tobytes()
    assert len({row["x"].tobytes() for row in ends[0][0]}) == 40


def test_people_are_spread_evenly_over_the_ways_and_differ() -> None:
    way = walkway_map(procedural.town())
    people = populate_people(way, 20, 200, 1, chances(groups=0.0)).ravel()
    rows = way.arrays.ways
    people = people[people["being"] != Being.NOBODY]
    assert len(people) > 3900
    share = np.bincount(people["way"], minlength=len(rows)) / len(people)
    expected = np.where(rows["kind"] == Kind.PAVEMENT, rows["length"], 0.0)
    expected /= expected.sum()
    assert np.abs(share - expected).max() < 5.0 * np.sqrt(expected.max() / len(people))
    adults = people["pace"][people["being"] == Being.ADULT]
    assert adults.mean() == pytest.approx(1.34, abs=0.02)
    assert adults.std() == pytest.approx(0.26, abs=0.02)
    assert people["pace"][people["being"] == Being.ELDERLY].mean() == pytest.approx(1.15, abs=0.04)


def test_where_nobody_can_walk_nobody_does() -> None:
    way = walkway_map(procedural.motorway())
    assert [len(part) for part in way.arrays] == [0, 0, 0, 0, 0]
    people = populate_people(way, 2, 5, 0)
    assert (people["being"] == Being.NOBODY).all()
    world = World(way, people)
    world.advance(vehicle(0.0, 0.0, 0.0, 10.0), body())
    assert (people["being"] == Being.NOBODY).all()
