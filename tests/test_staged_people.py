"""People of staged worlds: they cross with their phase and in gaps, let pass and are let pass, and touch nobody."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from test_staged import NOTHING, arrivals, car

from simulator.dynamics.courses import Tracks
from simulator.dynamics.motion import Agent, Motion, OnFoot, agent_of_motion
from simulator.numerics.rng import generator
from simulator.roads import LaneKey
from simulator.roads.procedural import village_lane, x_junction
from simulator.traffic.person import Being, Mode
from simulator.traffic.signals import Colour, plan_signals
from simulator.traffic.staged import Roads, roads_of, run
from simulator.world.walks import Walks

RADIUS_M = 0.25


@cache
def streets(lights: bool) -> Roads:
    network = x_junction(traffic_lights=lights)
    return roads_of(network, plan_signals(network, 0), on_foot=True)


def on_foot(roads: Roads, start: int, *, forward: bool = True, crosses: int = -1, strays_hz: float = 0.0) -> Agent:
    walks = Walks(roads.walkways)
    who = OnFoot(Being.ADULT, int(walks.starts[start]), forward, -0.4, 1.3, RADIUS_M, crosses, strays_hz)
    motion = Motion(9, walks.line(who), 1.3, initial_speed_mps=1.3, stride_m=1.3)
    agent = agent_of_motion(motion, RADIUS_M, RADIUS_M, RADIUS_M, True)
    return Agent(**{name: getattr(agent, name) for name in agent.__slots__ if name != "on_foot"}, on_foot=who)


def crowd(roads: Roads, count: int, seed: int) -> list[Agent]:
    """People who come to crossings, of whom none starts near another one."""
    walks, rng, found = Walks(roads.walkways), generator(seed, "crowd"), list[Agent]()
    for k in rng.permutation(len(walks.approaches)).tolist():
        start, forward, crosses = walks.approaches[k].tolist()
        who = on_foot(roads, start, forward=bool(forward), crosses=crosses)
        if all(np.hypot(*(who.points[0] - other.points[0])[:2]) > 1.0 for other in found):
            found.append(who)
        if len(found) == count:
            break
    return found


def gap_to_box(tracks: Tracks, person: int, vehicle: int) -> np.ndarray:
    """(T,) m from the middle of a person to the box of a vehicle; 0 inside."""
    agent, yaw = tracks.agents[vehicle], tracks.rpy[:, vehicle, 2]
    d = (tracks.position[:, person] - tracks.position[:, vehicle])[:, :2]
    ahead = d[:, 0] * np.cos(yaw) + d[:, 1] * np.sin(yaw)
    left = np.abs(d[:, 1] * np.cos(yaw) - d[:, 0] * np.sin(yaw)) - agent.half_width_m
    along = np.maximum(ahead - agent.front_m, -agent.rear_m - ahead)
    return np.hypot(np.maximum(along, 0.0), np.maximum(left, 0.0))


@pytest.mark.parametrize(("lights", "seed"), [(True, 0), (True, 1), (False, 2), (False, 3)])
def test_people_cross_and_nobody_is_touched(lights: bool, seed: int) -> None:
    roads = streets(lights)
    cars = arrivals((roads.lane_map.network, roads), 60.0, 11.0)
    people = crowd(roads, 10, seed)
    tracks = run([*cars, *people], 0, NOTHING, 40.0, roads, seed=seed)
    crosses = tracks.crosses[:, len(cars) :] == Mode.CROSSING
    assert crosses.any(axis=0).sum() >= 4
    assert not tracks.crosses[:, : len(cars)].any()
    rows = range(len(cars), len(tracks.agents))
    for i in rows:
        for j in range(len(cars)):
            assert gap_to_box(tracks, i, j).min() > RADIUS_M - 0.02
        for j in range(len(cars), i):
            apart = np.hypot(*(tracks.position[:, i] - tracks.position[:, j])[:, :2].T)
            assert apart.min() > 2 * RADIUS_M - 0.03
    step = np.hypot(*np.moveaxis(np.diff(tracks.position[:, rows], axis=0)[..., :2], -1, 0)) / 0.01
    assert step.max() < 1.3 * 1.3 + 0.1, "nobody jumps"
    assert (tracks.travel[-1, : len(cars)] > 20.0).all(), "drivers get on"
    if lights:
        _assert_they_wait_for_red(roads, tracks, list(rows))


def _assert_they_wait_for_red(roads: Roads, tracks: Tracks, rows: list[int]) -> None:
    """Who sets out over a crossing with lights does so while all of them are red."""
    colours, ids = roads.plan.colours(tracks.times_ns), list(roads.plan.ids)
    middles = np.array([crossing.ends[:, :2].mean(axis=0) for crossing in roads.walkways.crossings])
    checked = 0
    for i in rows:
        starts = np.flatnonzero(np.diff((tracks.crosses[:, i] == Mode.CROSSING).astype(int)) > 0)
        for k in starts.tolist():
            at = (tracks.position[k, i] - roads.lane_map.origin)[:2]
            crossing = roads.walkways.crossings[int(np.hypot(*(middles - at).T).argmin())]
            lit = [ids.index(name) for name in crossing.signals]
            assert (colours[k, lit] == Colour.RED).all()
            checked += bool(lit)
    assert checked >= 4


@cache
def lane() -> Roads:
    network = village_lane()
    return roads_of(network, plan_signals(network, 0), on_foot=True)


@pytest.mark.parametrize("back", [20.0, 60.0])
def test_who_crosses_anywhere_waits_for_a_gap(back: float) -> None:
    roads = lane()
    network = roads.lane_map.network
    walks = Walks(roads.walkways)
    over = roads.walkways.arrays.points["over"][walks.starts]
    key = next(k for k in network.lanes(frozenset({"driving"})) if k.lane < 0)
    car_ = car(30.0, 8.0, place=(network, roads), key=LaneKey(key.road, 0, key.lane), ahead=150.0)
    ahead = np.hypot(*(walks.positions - car_.points[0])[:, :2].T)
    ahead[over < 0] = np.inf
    start = int(np.abs(ahead - back).argmin())
    tracks = run([car_, on_foot(roads, start, strays_hz=5.0)], 0, NOTHING, 25.0, roads, seed=1)
    strays = np.flatnonzero(tracks.crosses[:, 1] == Mode.STRAYING)
    assert len(strays), "a street without traffic is crossed in the end"
    assert gap_to_box(tracks, 1, 0).min() > 0.5
    braking = tracks.acceleration[:, 0].min()
    assert braking > -2.5, "nobody makes a driver brake hard"


def test_the_same_input_gives_the_same_bytes() -> None:
    roads = streets(True)
    agents = [*arrivals((roads.lane_map.network, roads), 60.0, 11.0), *crowd(roads, 6, 5)]

    def once() -> bytes:
        tracks = run(agents, 0, NOTHING, 10.0, roads, seed=7)
        return b"".join(getattr(tracks, name).tobytes() for name in ("position", "rpy", "crosses", "speed"))

    assert once() == once()
