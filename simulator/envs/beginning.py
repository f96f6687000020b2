"""How episodes begin: worlds are filled with traffic, lost things lie about, and agents are put on the road."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.envs.actions import Kind
from simulator.envs.agents import Metric
from simulator.envs.contacts import meet, next_contact, take_bodies
from simulator.envs.measures import HORIZON_S, goal_distance, measure_place
from simulator.envs.motion import load_motion
from simulator.numerics.bare import bare
from simulator.numerics.counter_rng import hash4, uniform
from simulator.numerics.jit import borrowed, kernel
from simulator.traffic.crowd import fill_people
from simulator.traffic.demand import clear, draw_driver, fill_world, find, limit_speed, settle
from simulator.traffic.lane_map import NONE, lane_pose
from simulator.traffic.occupancy import KINDS, enter, take
from simulator.traffic.poses import place
from simulator.traffic.prospects import BRAKING_MPS2
from simulator.traffic.signals import show
from simulator.traffic.simulation import PHASES_NS
from simulator.traffic.state import Control

TRIES = 32  # places that are drawn for an agent; then those in its way at the last one are taken off the road
CLEAR_M, PARKED_CLEAR_M = 15.0, 2.5  # about an agent, that is free, or emptied then; among those who are parked
PLACE_DRAW, THING_DRAW, BAY_DRAW, GOAL_DRAW = 11, 12, 13, 14  # purposes of random draws
# What lies about, length, width and height in m: crate, tyre, ladder, mattress, exhaust, sack, cone.
THINGS = np.array(
    [
        [0.8, 0.6, 0.6],
        [0.65, 0.65, 0.22],
        [2.5, 0.4, 0.1],
        [2.0, 1.4, 0.2],
        [1.4, 0.2, 0.15],
        [0.9, 0.5, 0.3],
        [0.36, 0.36, 0.75],
    ]
)

START_DTYPE = np.dtype([("lane", np.int64), ("begin", np.float64), ("end", np.float64)])


class Beginning(NamedTuple):
    """What is needed to begin an episode.

    Attributes:
        bays: (B, 3) poses x, y, yaw, one of which each agent is to take; none: empty.
        starts: (S,) START_DTYPE stretches of lanes on which agents begin.
        shares: (S,) running sum of their shares of all starts, to 1.
        clear: m about an agent that begins, in which nobody is.
        things: lost things in each world, its last vehicles.
        parked: vehicles in bays, those before.
        front, rear: m from the rear axle of the agents' vehicle to its bumpers.
        half_width, height, wheelbase: of it, m.
        kind: `actions.Kind`.
        driven: whether actions drive the agents, and not the models of traffic.
    """

    bays: NDArray[np.float64]
    starts: NDArray[np.void]
    shares: NDArray[np.float64]
    clear: float
    things: int
    parked: int
    front: float
    rear: float
    half_width: float
    height: float
    wheelbase: float
    kind: int
    driven: bool


@kernel(inline=True)
def _chances(seed, row, draw, purpose):
    """Three floats in [0, 1) of a row, for a purpose."""
    high = np.uint32(seed >> np.uint64(32))
    a, b, c, _ = hash4(np.uint32(seed), high, np.uint32(row * 64 + draw), np.uint32(purpose))
    return np.float64(uniform(a)), np.float64(uniform(b)), np.float64(uniform(c))


@kernel(inner=True)
def _leave(engine, vehicles, w, i):
    """Take vehicle `i` off the road."""
    vehicles[i].control = Control.NOBODY
    for kind in range(KINDS):
        take(engine.traffic.lines[w], engine.traffic.entries[w], kind * vehicles.shape[0] + i)


@kernel(inline=True)
def _taken(vehicles, bay):
    """Whether there is a vehicle in a bay."""
    for i in range(vehicles.shape[0]):
        near = np.hypot(vehicles[i].x - bay[0], vehicles[i].y - bay[1]) < 2.5  # less than half a bay
        if near and vehicles[i].control != Control.NOBODY:
            return True
    return False


@kernel(inner=True)
def _draw_goal(vehicles, agent, bays, seed, k):
    """Give an agent a bay to go to, a free one where there is one."""
    where, _, _ = _chances(seed, k, 0, GOAL_DRAW)
    first = int(where * bays.shape[0])
    for n in range(bays.shape[0]):
        bay = bays[(first + n) % bays.shape[0]]
        if n == 0 or not _taken(vehicles, bay):
            agent.goal_x, agent.goal_y, agent.goal_yaw = bay[0], bay[1], bay[2]
        if not _taken(vehicles, bay):
            return


@kernel(inner=True)
def _park(engine, actors, beginning, w, i, seed):
    """Park vehicle `i` in a bay; it is gone where that is taken."""
    vehicles, bays = actors.vehicles[w], beginning.bays
    vehicle, driver = vehicles[i], actors.drivers[w, i]
    _leave(engine, vehicles, w, i)
    where, _, _ = _chances(seed, i, 0, BAY_DRAW)
    bay = bays[int(where * bays.shape[0])]
    if _taken(vehicles, bay):
        return
    clear(vehicle)
    driver.front, driver.rear, driver.half_width = beginning.front, beginning.rear, beginning.half_width
    driver.height, driver.wheelbase = beginning.height, beginning.wheelbase
    ahead = 0.5 * (driver.front - driver.rear)
    vehicle.x, vehicle.y = bay[0] - ahead * np.cos(bay[2]), bay[1] - ahead * np.sin(bay[2])
    vehicle.yaw, vehicle.lane = bay[2], NONE
    vehicle.control = Control.OUTSIDE


@kernel(inner=True)
def _clear_of(vehicles, x, y, distance):
    """Whether there is no vehicle within a distance of a place."""
    for i in range(vehicles.shape[0]):
        dx, dy = vehicles[i].x - x, vehicles[i].y - y
        if vehicles[i].control != Control.NOBODY and dx * dx + dy * dy < distance * distance:
            return False
    return True


@kernel(inline=True)
def _nearest(speeds, speed):
    """Which of the speeds is nearest to one."""
    best = 0
    for n in range(speeds.shape[0]):
        if abs(speeds[n] - speed) < abs(speeds[best] - speed):
            best = n
    return best


@kernel(inner=True)
def _begin_agent(engine, actors, motion, beginning, rules, outcome, seed, w, k):
    """A new episode of agent `k` of world `w`: its vehicle on one of the starts, as fast as the traffic there."""
    vehicles, drivers = actors.vehicles[w], actors.drivers[w]
    vehicle, driver, agent = vehicles[k], drivers[k], actors.agents[w, k]
    _leave(engine, vehicles, w, k)
    vehicle.steps, vehicle.serial = 0, vehicle.serial + 1
    draw_driver(engine.ground.sources, engine.traffic.conditions[w], vehicle, driver, seed, k)
    driver.front, driver.rear, driver.half_width = beginning.front, beginning.rear, beginning.half_width
    driver.height, driver.wheelbase, driver.failing = beginning.height, beginning.wheelbase, 0
    driver.model = driver.body = 0  # a car
    lane, at = 0, 0.0
    for attempt in range(TRIES):
        where, along, _ = _chances(seed, k, attempt, PLACE_DRAW)
        start = beginning.starts[find(beginning.shares, where)]
        lane, at = start.lane, start.begin + along * (start.end - start.begin)
        x, y, _, _ = lane_pose(engine.ground.lanes, lane, at, 0.0)
        if _clear_of(vehicles, x, y, beginning.clear):
            break
        if attempt == TRIES - 1:
            for i in range(actors.agents.shape[1], vehicles.shape[0]):
                if np.hypot(vehicles[i].x - x, vehicles[i].y - y) < beginning.clear:
                    _leave(engine, vehicles, w, i)
    settle(engine.ground, vehicle, driver, seed, k, lane, at)
    vehicle.control = Control.DRIVER
    enter(engine.ground.lanes, engine.traffic.lines[w], engine.traffic.entries[w], vehicles, drivers, k)
    limit_speed(
        engine.ground.lanes, engine.traffic.lines[w], engine.traffic.entries[w], vehicles, drivers, k, BRAKING_MPS2
    )
    i = w * actors.agents.shape[1] + k
    load_motion(vehicle, motion, i)
    agent.driven = beginning.driven
    if beginning.driven:
        vehicle.control = Control.GUIDED if beginning.kind == Kind.DISCRETE else Control.OUTSIDE
    agent.target = _nearest(rules.speeds, vehicle.speed)
    vehicle.wish_speed, vehicle.wish_lane = rules.speeds[agent.target], 0
    agent.stand_m, agent.red, agent.struck, agent.gone = np.inf, 0.0, False, False
    agent.steps = agent.change = agent.wrong = 0
    agent.acceleration = agent.sideways = 0.0
    agent.has_goal = beginning.bays.shape[0] > 0
    if agent.has_goal:
        _draw_goal(vehicles, agent, beginning.bays, seed, k)
    agent.distance = goal_distance(vehicle, driver, agent)
    outcome.rewards[i] = 0.0
    outcome.terminated[i] = outcome.truncated[i] = False
    for n in range(outcome.metrics.shape[1]):
        outcome.metrics[i, n] = 0.0
    for n in range(outcome.impacts.shape[1]):
        outcome.impacts[i, n] = 0.0
    for n in range(outcome.terms.shape[1]):
        outcome.terms[i, n] = 0.0


@kernel(inner=True)
def _begin_world(engine, actors, w, seed):
    """Fill world `w` with traffic and people."""
    traffic = engine.traffic
    traffic.seeds[w], traffic.clock_ns[w], traffic.phase_ns[w] = seed, 0, np.int64(seed % np.uint64(PHASES_NS))
    for memory in engine.memory:
        for b in range(memory.shape[1]):
            memory[w, b] = np.uint8(0)
    fill_world(
        engine.ground,
        traffic.conditions[w],
        traffic.lines[w],
        traffic.entries[w],
        actors.vehicles[w],
        actors.drivers[w],
        seed,
    )
    fill_people(engine.ground.crowd, traffic.people, w, seed)
    show(engine.ground.program, traffic.clock_ns[w] + traffic.phase_ns[w], traffic.signals[w])


@kernel(apart=True)
def measure_begun(engine, crowd, actors, rules, outcome, mask, w):
    """What is measured of the agents of world `w` that are in `mask` (N,), where they begin; `crowd`: scratch."""
    first, metrics = w * actors.agents.shape[1], outcome.metrics
    take_bodies(actors, w, crowd)
    for k in range(actors.agents.shape[1]):
        if mask[first + k]:
            i = first + k
            measure_place(
                engine, w, actors.vehicles[w, k], actors.drivers[w, k], actors.agents[w, k], rules.goals, metrics, i
            )
            near = meet(crowd, k, 0.0, HORIZON_S)
            metrics[i, Metric.TIME_TO_COLLISION_S] = next_contact(crowd, k, near, HORIZON_S)


@kernel
def measure_range(engine, crowd, actors, rules, outcome, mask, begin_at, end):
    """The same in worlds `begin_at` .. `end`."""
    engine, crowd, actors, rules = bare(engine), bare(crowd), bare(actors), bare(rules)
    outcome, mask = bare(outcome), borrowed(mask)
    agents = actors.agents.shape[1]
    for w in range(begin_at, end):
        if mask[w * agents : (w + 1) * agents].any():
            measure_begun(engine, crowd, actors, rules, outcome, mask, w)


@kernel
def begin_range(engine, actors, motion, beginning, rules, outcome, mask, seeds, begin_at, end):
    """Begin new episodes in worlds `begin_at` .. `end`; arguments as below."""
    engine, actors, motion, beginning = bare(engine), bare(actors), bare(motion), bare(beginning)
    rules, outcome, mask, seeds = bare(rules), bare(outcome), borrowed(mask), bare(seeds)
    agents = actors.agents.shape[1]
    for w in range(begin_at, end):
        if mask[w * agents : (w + 1) * agents].any():
            begin(engine, actors, motion, beginning, rules, outcome, mask, seeds, w)


@kernel(apart=True)
def begin(engine, actors, motion, beginning, rules, outcome, mask, seeds, w):
    """Begin new episodes of those agents of world `w` that are in `mask` (N,), with `seeds` (N,).

    Where all of them begin the world is filled anew, with the seed of the first.
    """
    agents = actors.agents.shape[1]
    first = w * agents
    if mask[first : first + agents].all():
        seed = seeds[first]
        _begin_world(engine, actors, w, seed)
        count = actors.vehicles.shape[1]
        for i in range(count - beginning.things, count):
            _lay(engine, actors, w, i, seed)
        for i in range(count - beginning.things - beginning.parked, count - beginning.things):
            _park(engine, actors, beginning, w, i, seed)
    for k in range(agents):
        if mask[first + k]:
            _begin_agent(engine, actors, motion, beginning, rules, outcome, seeds[first + k], w, k)


@kernel(inner=True)
def _lay(engine, actors, w, i, seed):
    """Lay a lost thing on the road as vehicle `i`: it lies there as a wreck does."""
    vehicle, driver = actors.vehicles[w, i], actors.drivers[w, i]
    which, where, along = _chances(seed, i, 0, THING_DRAW)
    aside, turned, _ = _chances(seed, i, 1, THING_DRAW)
    size = THINGS[int(which * THINGS.shape[0])]
    driver.front = driver.rear = 0.5 * size[0]
    driver.half_width, driver.height, driver.wheelbase = 0.5 * size[1], size[2], 0.5 * size[0]
    lane = engine.ground.sources.lanes[find(engine.ground.sources.weights, where)]
    _leave(engine, actors.vehicles[w], w, i)
    settle(engine.ground, vehicle, driver, seed, i, lane, along * engine.ground.lanes.lanes[lane].length)
    vehicle.speed = 0.0
    vehicle.d = vehicle.wish_d = 2.0 * aside - 1.0
    place(engine.ground.lanes, vehicle, driver, 0.0)
    vehicle.yaw += 2.0 * np.pi * turned
    vehicle.control = Control.WRECK
    enter(
        engine.ground.lanes,
        engine.traffic.lines[w],
        engine.traffic.entries[w],
        actors.vehicles[w],
        actors.drivers[w],
        i,
    )
