"""Staged worlds: drivers on given paths heed each other, lights, and bodies that are no traffic on lanes."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from simulator.dynamics.courses import Tracks
from simulator.dynamics.motion import Agent, Driver, Event, Motion, agent_of_motion
from simulator.roads import LaneKey, RoadNetwork
from simulator.roads.cross_section import CrossSection, strip
from simulator.roads.layout import Plan
from simulator.roads.procedural import x_junction
from simulator.roads.records import RoadType
from simulator.roads.road import Road
from simulator.traffic.bodies import BODY_DTYPE
from simulator.traffic.signals import Colour, plan_signals
from simulator.traffic.staged import Roads, entry_speed, roads_of, run, standing_bodies

LIMIT = 120 / 3.6
FRONT, REAR, HALF_WIDTH = 3.6, 1.0, 0.9
NOTHING = np.zeros(0, BODY_DTYPE)
FIRST = LaneKey("0", 0, -1)


@cache
def road(length: float = 2000.0, lanes: int = 1, radius: float = 0.0) -> tuple[RoadNetwork, Roads]:
    """A road one way, east, its first lane from y = 0 to -3.5; with a radius, a quarter to the left after 100 m."""
    section = CrossSection((), tuple(strip("driving", 3.5) for _ in range(lanes)))
    plan = Plan().line(length)
    if radius:
        plan = Plan().line(100.0).arc(1.0 / radius, radius * math.pi / 2).line(200.0)
    types = (RoadType(0.0, "motorway", LIMIT),)
    network = RoadNetwork({"0": Road("0", plan.length, plan.geometry, section.section(plan.length), types=types)})
    return network, roads_of(network, plan_signals(network, 0))


MIDDLE = -1.75  # y of the first lane


def car(
    start: float,
    speed: float,
    wanted: float | None = None,
    *,
    place: tuple[RoadNetwork, Roads] | None = None,
    key: LaneKey = FIRST,
    ahead: float = 900.0,
    choose: int = 0,
    **facts: Any,
) -> Agent:
    network, roads = place or road()
    path = network.path(key, start, ahead, lambda options: options[min(choose, len(options) - 1)])
    driver = Driver(speed if wanted is None else wanted, pace=facts.pop("pace", 1.0))
    dead_end = path.dead_end
    way = roads.stretches(path)
    return Agent(
        1, path.xyz, 0.0, speed, driver, FRONT, REAR, HALF_WIDTH, wheelbase_m=2.7, way=way, dead_end=dead_end, **facts
    )


def walker(start: tuple[float, float], end: tuple[float, float], speed: float, after: float = 0.0) -> Agent:
    line = np.array([[*start, 0.0], [*end, 0.0]])
    motion = Motion(2, line, speed, 1e3, start_s=after, initial_speed_mps=0.0 if after else speed)
    return agent_of_motion(motion, 0.25, 0.25, 0.3, True)


def box(x: float, y: float, half: float = 0.5, z: float = 0.0) -> np.ndarray:
    corners = np.array([[-half, -half, 0.0]]), np.array([[half, half, 1.0]])
    return standing_bodies(np.array([[x, y, z]]), np.zeros(1), *corners)


def drive(agents: list[Agent], seconds: float, obstacles: np.ndarray = NOTHING, roads: Roads | None = None) -> Tracks:
    return run(agents, 0, obstacles, seconds, roads or road()[1])


def test_a_follower_settles_at_the_published_equilibrium_gap() -> None:
    v = 60 / 3.6
    leader = agent_of_motion(
        Motion(1, np.array([[60.0, MIDDLE, 0], [1990.0, MIDDLE, 0]]), v, initial_speed_mps=v), FRONT, REAR, HALF_WIDTH
    )
    for ahead in (leader, car(60.0, v, v, ahead=1900.0)):  # a body that heeds nobody, and a driver
        tracks = drive([ahead, car(0.0, v, 99.0, ahead=1900.0)], 90)
        gap = tracks.position[-1, 0, 0] - REAR - (tracks.position[-1, 1, 0] + FRONT)
        speed = tracks.speed[-1, 1]
        wanted = (2.0 + 1.6 * speed) / math.sqrt(1.0 - (speed / LIMIT) ** 4)  # Treiber et al. 2000, eq. 4
        assert gap == pytest.approx(wanted, abs=0.1)


def test_it_stops_before_a_standing_body_and_never_touches_it() -> None:
    tracks = drive([car(0.0, 15.0)], 25, box(80.0, MIDDLE + 0.4))
    front = tracks.position[:, 0, 0] + FRONT
    assert front.max() < 79.5
    assert tracks.speed[-1, 0] < 0.3
    assert 79.5 - front[-1] == pytest.approx(2.0, abs=1.0)


@pytest.mark.parametrize(("aside", "above"), [(1.9, 0.0), (-1.9, 0.0), (0.0, 5.0)])
def test_a_body_beside_or_above_is_passed(aside: float, above: float) -> None:
    tracks = drive([car(0.0, 15.0)], 8, box(80.0, MIDDLE + aside, z=above))
    assert tracks.position[-1, 0, 0] == pytest.approx(120.0, abs=1.0)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_who_is_about_to_cross_is_let_pass_and_who_has_crossed_is_not_waited_for(side: float) -> None:
    crossing = walker((60.0, MIDDLE + 6.0 * side), (60.0, MIDDLE - 12.0 * side), 1.4)
    tracks = drive([car(0.0, 12.0), crossing], 14)
    inside = np.abs(tracks.position[:, 1, 1] - MIDDLE) < HALF_WIDTH + 0.3
    front = tracks.position[:, 0, 0] + FRONT
    assert front[inside].max() < 59.0
    assert tracks.acceleration[:, 0].min() > -6.0
    assert front[-1] > 80.0
    gone = drive([car(0.0, 12.0), walker((60.0, MIDDLE - 2.0 * side), (60.0, MIDDLE - 12.0 * side), 1.4)], 5)
    assert gone.acceleration[:, 0].min() > -0.2
    along = drive([car(0.0, 12.0), walker((40.0, MIDDLE + 2.6 * side), (90.0, MIDDLE + 2.6 * side), 1.4)], 5)
    assert along.acceleration[:, 0].min() > -0.2


def test_who_cuts_in_is_heeded_as_soon_as_it_reaches_over() -> None:
    place = road(2000.0, 2)
    cutting = car(30.0, 14.0, place=place, key=LaneKey("0", 0, -2), events=(Event("lateral", 3.5, 3.0, after_s=1.0),))
    tracks = drive([car(0.0, 20.0, place=place), cutting], 10, roads=place[1])
    over = np.argmax(tracks.position[:, 1, 1] + HALF_WIDTH > -3.5 + 0.15)
    assert np.abs(tracks.acceleration[: over - 1, 0]).max() < 0.1
    assert tracks.acceleration[over + 1 :, 0].min() < -1.0
    gap = tracks.position[:, 1, 0] - REAR - tracks.position[:, 0, 0] - FRONT
    assert gap.min() > 1.0
    assert tracks.speed[-1, 0] == pytest.approx(14.0, abs=2.5)


def test_who_starts_by_chance_starts_as_slow_as_it_must() -> None:
    told, by_chance = (drive([car(60.0, 0.0), car(30.0, 25.0, by_chance=chance)], 3) for chance in (False, True))
    assert told.speed[0, 1] == 25.0 and told.acceleration[:, 1].min() == -8.0
    assert 3.0 < by_chance.speed[0, 1] < 12.0 and by_chance.acceleration[:, 1].min() > -3.0


def test_it_slows_down_in_time_for_a_curve() -> None:
    place = road(0.0, 1, 12.0)
    start = car(0.0, 14.0, place=place)
    tracks = drive([start], 20, roads=place[1])
    on_bend = (tracks.travel[:, 0] > 102) & (tracks.travel[:, 0] < 118)
    assert on_bend.any() and tracks.speed[on_bend, 0].max() ** 2 / 13.75 < 3.2
    assert tracks.acceleration[:, 0].min() > -3.0


def test_where_a_path_ends_but_the_road_goes_on_nobody_brakes() -> None:
    tracks = drive([car(0.0, 30.0, ahead=95.0)], 1)
    assert np.abs(tracks.acceleration).max() < 0.1


@pytest.mark.parametrize("speed", [8.0, 18.0])
def test_at_a_dead_end_it_stops_gently_before_the_end(speed: float) -> None:
    network, roads = road(95.0)
    path = network.path(FIRST, 0.0, 500.0, lambda ways: ways[0])
    start = entry_speed(path, speed, front_m=FRONT)
    assert (start < speed) == (speed == 18.0)  # v**2 > 2 * 1.5 * 90
    tracks = drive([car(0.0, start, speed, place=(network, roads))], 30, roads=roads)
    front = tracks.position[:, 0, 0] + FRONT
    assert 92.5 < front[-1] < 95.0
    assert tracks.speed[-1, 0] < 0.1
    assert tracks.acceleration.min() > -2.6


@cache
def junction(lights: bool) -> tuple[RoadNetwork, Roads]:
    network = x_junction(traffic_lights=lights)
    return network, roads_of(network, plan_signals(network, 0))


def arrivals(place: tuple[RoadNetwork, Roads], back: float, speed: float) -> list[Agent]:
    """A driver on each arm who goes straight on, where that is possible."""
    network, _ = place
    found = []
    for arm in ("0", "1", "2", "3"):
        key = next(k for k in network.lanes(frozenset({"driving"})) if k.road == arm and k.lane < 0 and k.section == 0)
        length = network.roads[arm].length
        paths = [car(length - back, speed, place=place, key=key, choose=n) for n in range(3)]
        turn = [abs(np.diff(np.unwrap(np.arctan2(*np.diff(a.points[:, :2], axis=0).T[::-1])))).sum() for a in paths]
        found.append(paths[int(np.argmin(turn))])
    return found


def test_nobody_passes_a_red_light_and_on_green_all_go() -> None:
    place = junction(True)
    agents = arrivals(place, 50.0, 11.0)
    tracks = drive(agents, 25, roads=place[1])
    colours = place[1].plan.colours(tracks.times_ns)
    assert (colours == Colour.GREEN).any() and (colours == Colour.RED).any()
    inside = np.hypot(tracks.position[..., 0], tracks.position[..., 1]) < 9.0
    along_x = np.abs(tracks.position[0, :, 0]) > np.abs(tracks.position[0, :, 1])
    assert inside.any(axis=0).sum() >= 2
    for first in np.flatnonzero(along_x):
        for second in np.flatnonzero(~along_x):
            assert not (inside[:, first] & inside[:, second]).any()


@pytest.mark.parametrize("back", [30.0, 45.0, 60.0])
def test_drivers_that_cross_do_not_collide_and_all_get_through(back: float) -> None:
    place = junction(False)
    tracks = drive(arrivals(place, back, 10.0), 30, roads=place[1])
    middle = tracks.position[..., :2] + 1.3 * np.stack([np.cos(tracks.rpy[..., 2]), np.sin(tracks.rpy[..., 2])], -1)
    for i in range(4):
        for j in range(i):
            assert np.linalg.norm(middle[:, i] - middle[:, j], axis=1).min() > 2.0
    assert (tracks.travel[-1] > back + 15.0).all()


def test_a_bus_keeps_to_its_given_way_round_a_corner_and_flashes() -> None:
    place = junction(False)
    network, roads = place
    key = next(k for k in network.lanes(frozenset({"driving"})) if k.road == "0" and k.lane < 0 and k.section == 0)
    length = network.roads["0"].length
    ways = [car(length - 60.0, 8.0, place=place, key=key, choose=n) for n in range(3)]
    for way in ways:
        bus = replace(way, front_m=8.6, rear_m=3.4, half_width_m=1.27, wheelbase_m=5.9)
        tracks = drive([bus], 30, roads=roads)
        assert tracks.travel[-1, 0] > 75.0
        turned = float(np.degrees(tracks.rpy[-1, 0, 2] - tracks.rpy[0, 0, 2]))
        side = 0 if abs(turned) < 30.0 else int(np.sign(turned))
        assert set(np.unique(tracks.turn)) <= {0, side} and (tracks.turn == side).any()
    assert len({way.points[-1].tobytes() for way in ways}) == 3


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_front_wheels_steer_as_the_kinematic_bicycle_does_that_goes_that_way(side: float) -> None:
    moved = car(10.0, 15.0, events=(Event("lateral", side * 1.5, 3.0, 1.0),))
    tracks = drive([moved], 8)
    x, y, yaw, dt = *tracks.position[0, 0, :2], tracks.rpy[0, 0, 2], 0.01
    for speed, wheel in zip(tracks.speed[:, 0], tracks.steer[:, 0]):
        x, y, yaw = x + dt * speed * np.cos(yaw), y + dt * speed * np.sin(yaw), yaw + dt * speed / 2.7 * np.tan(wheel)
    assert abs(tracks.steer[:, 0]).max() == pytest.approx(2.7 * 1.5 * math.pi**2 / (2 * 3.0**2 * 15.0**2), rel=0.05)
    assert abs(y - tracks.position[-1, 0, 1]) < 0.05
    assert abs(x - tracks.position[-1, 0, 0]) < 0.3
    first = tracks.steer[120:200, 0]
    assert (side * first > 0.0).all(), "first to the side, then back"


def test_the_same_input_gives_the_same_bytes() -> None:
    def once() -> bytes:
        place = junction(True)
        return drive(arrivals(place, 40.0, 10.0), 5, box(3.0, 3.0), place[1]).position.tobytes()

    assert once() == once()
