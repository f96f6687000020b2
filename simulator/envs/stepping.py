"""One step of the environment in worlds full of traffic: actions, as many steps of physics, what came of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.envs.actions import Kind, Limits, take_meta, take_waypoints
from simulator.envs.agents import Metric
from simulator.envs.beginning import begin, measure_begun
from simulator.envs.contacts import meet, next_contact, take_bodies, touched
from simulator.envs.crash_response import respond
from simulator.envs.measures import HORIZON_S, measure_motion, measure_place
from simulator.envs.motion import move_agents
from simulator.envs.observations.kinematics import room_to_pack
from simulator.envs.observations.vector import write_numbers
from simulator.envs.paved import fetch_paved
from simulator.envs.rewards import rate
from simulator.numerics.bare import bare
from simulator.numerics.jit import borrowed, kernel
from simulator.numerics.memory import fetch_add, prefetch
from simulator.traffic.desk import Event
from simulator.traffic.lane_change import decide_ways
from simulator.traffic.lane_map import NONE, SAMPLE_DTYPE
from simulator.traffic.locating import locate
from simulator.traffic.state import Control
from simulator.traffic.stepping import step_world

Array = NDArray[np.float64]


CACHE_LINE = 64  # bytes that processors fetch at once
SAMPLE = SAMPLE_DTYPE.itemsize
FETCHED = 6 * CACHE_LINE  # bytes of the samples of its lane: those about a vehicle, to its front axle


class Rules(NamedTuple):
    """What does not change from step to step.

    Attributes:
        limits: of actions.
        dt_ns: of a step of physics. substeps: of these in one step. parts: of the integration in one of physics.
        episode_steps: after which an episode is truncated.
        speeds: (V,) that discrete actions step through, m/s.
        weights: (terms,) of rewards.
        ends: (4,) whether collision, off-road, red light, wrong way end an episode.
        goals: (L,) m along each lane beyond which an agent has arrived.
        right: (L,) `rewards.rightness` of the lanes.
    """

    limits: Limits
    dt_ns: int
    substeps: int
    parts: int
    episode_steps: int
    speeds: Array
    weights: Array
    ends: NDArray[np.bool_]
    goals: Array
    right: Array


@kernel(inline=True)
def _conclude(engine, actors, rules, outcome, w, k, before):
    """Measures, reward and end of the step of agent `k` of world `w`; `before`: its progress before the step."""
    i = w * actors.agents.shape[1] + k
    vehicle, driver, agent, metrics = actors.vehicles[w, k], actors.drivers[w, k], actors.agents[w, k], outcome.metrics
    measure_place(engine, w, vehicle, driver, agent, rules.goals, metrics, i)
    outcome.rewards[i] = rate(vehicle, driver, agent, engine.ground.lanes, rules, metrics, outcome.terms[i], before, i)
    agent.steps += 1
    ended = metrics[i, Metric.ARRIVED] != 0.0
    for n in range(rules.ends.shape[0]):
        ended |= rules.ends[n] and metrics[i, n] != 0.0
    outcome.terminated[i] = ended
    outcome.truncated[i] = not ended and (agent.gone or agent.steps >= rules.episode_steps)


@kernel(inline=True)
def _take_actions(actors, motion, rules, actions, w):
    """What agents of world `w` want from now on."""
    for k in range(actors.agents.shape[1]):
        i, vehicle = w * actors.agents.shape[1] + k, actors.vehicles[w, k]
        if vehicle.control == Control.GUIDED:
            take_meta(actions[i, 0], vehicle, actors.agents[w, k], rules.speeds)
        elif vehicle.control == Control.OUTSIDE and rules.limits.kind == Kind.WAYPOINTS:
            take_waypoints(actions[i], vehicle, motion.paths[i])


@kernel(inline=True)
def _fetch_world(engine, actors, w):
    """Let the caches fetch what a step of world `w` reads: its rows, then the map where its vehicles and people are.

    All worlds together are larger than the second cache; one after the other these would be waited for.
    """
    for memory in engine.memory:
        for b in range(0, memory.shape[1], CACHE_LINE):
            prefetch(memory, w * memory.shape[1] + b)
    lanes, points = engine.ground.lanes.lanes, engine.ground.crowd.walkways.points
    for i in range(actors.vehicles.shape[1]):
        vehicle = actors.vehicles[w, i]
        if vehicle.lane != NONE:
            row = lanes[vehicle.lane]
            here = (row.first + max(int(vehicle.s * row.rate), 0)) * SAMPLE
            for b in range(0, FETCHED, CACHE_LINE):
                prefetch(engine.samples, here + b)
        if i < actors.agents.shape[1]:
            fetch_paved(engine.paved, vehicle.x, vehicle.y)
    for i in range(actors.people.shape[1]):
        prefetch(points, actors.people[w, i].point)


@kernel(inner=True)
def _step_world(engine, scratch, crashes, actors, motion, rules, actions, outcome, w):
    """One step of the policy in world `w`; `crashes` None: collisions only end episodes.

    numba leaves out the branches for what is None, and compiles the others only where they are wanted.
    """
    agents, dt, lanes, crowd = actors.agents.shape[1], rules.dt_ns * 1e-9, engine.ground.lanes, scratch.crowd
    first, metrics = w * agents, outcome.metrics
    before = np.empty(agents)
    for k in range(agents):
        i = first + k
        before[k] = metrics[i, Metric.PROGRESS_M]
        metrics[i, Metric.COLLISION] = metrics[i, Metric.RED_LIGHT] = metrics[i, Metric.JERK_MPS3] = 0.0
        metrics[i, Metric.ACCELERATION_MPS2] = metrics[i, Metric.LATERAL_ACCELERATION_MPS2] = 0.0
    if crashes is not None:
        for k in range(agents):
            for n in range(outcome.impacts.shape[1]):
                outcome.impacts[first + k, n] = 0.0
    _take_actions(actors, motion, rules, actions, w)
    for n in range(rules.substeps):
        if rules.limits.kind != Kind.DISCRETE:
            move_agents(actors, motion, actions, rules.limits, w, n * dt, dt, rules.parts)
            for k in range(agents):
                vehicle = actors.vehicles[w, k]
                if vehicle.control == Control.OUTSIDE:
                    vehicle.s += vehicle.speed * dt  # about there
                    locate(lanes, engine.places, vehicle)
                if vehicle.control == Control.OUTSIDE and vehicle.lane != NONE:
                    decide_ways(lanes, vehicle.ways, vehicle.lane, vehicle, engine.traffic.seeds[w], k)
        step_world(engine.ground, engine.traffic, scratch.desk, rules.dt_ns, w)
        if crashes is not None:
            respond(engine, crashes, actors, motion, outcome, rules.dt_ns, w)
        take_bodies(actors, w, crowd)
        for k in range(agents):
            vehicle, agent, i = actors.vehicles[w, k], actors.agents[w, k], first + k
            if vehicle.control == Control.ARRIVED:  # at the edge of the map: nobody comes up for it
                vehicle.control, agent.gone = Control.NOBODY, True
            vehicle.wish_lane = 0  # wished once
            last, touches = n + 1 == rules.substeps, engine.traffic.events[w, k] & Event.COLLISION != 0
            metrics[i, Metric.TIME_TO_COLLISION_S] = np.inf
            if crowd.bodies[k].active:
                near = meet(crowd, k, dt, HORIZON_S if last else 0.0)
                if last:
                    metrics[i, Metric.TIME_TO_COLLISION_S] = next_contact(crowd, k, near, HORIZON_S)
                if crashes is None:
                    touches = touched(crowd, k, near, dt)  # within the time that has passed
            if touches:
                metrics[i, Metric.COLLISION], agent.struck = 1.0, True
            measure_motion(lanes, vehicle, agent, engine.traffic.events[w, k], metrics, i, dt)
    for k in range(agents):
        _conclude(engine, actors, rules, outcome, w, k, before[k])


@kernel
def step_worlds(
    engine, scratch, crashes, actors, motion, beginning, rules, actions, again, seeds, outcome, numbers, cursor
):
    """One step of the policy in one world after the other; `cursor` (1,) int64 deals them out to those who share it.

    Agents in `again` (N,) begin a new episode with `seeds`; a world all of whose agents begin anew does not step
    before. What its agents see is written while the world is at hand, if that is `numbers`.
    `crashes`: `traffic.wrecks.Crashes`, or None for collisions that only end episodes.
    """
    engine, scratch, actors, motion = bare(engine), bare(scratch), bare(actors), bare(motion)
    beginning, rules, outcome, numbers = bare(beginning), bare(rules), bare(outcome), bare(numbers)
    actions, again, seeds = bare(actions), borrowed(again), bare(seeds)
    worlds, agents = actors.agents.shape
    packed = room_to_pack(actors, numbers.near)
    while True:
        w = fetch_add(cursor, 0, 1)
        if w >= worlds:
            break
        _fetch_world(engine, actors, w)
        mine = again[w * agents : (w + 1) * agents]
        if not mine.all():
            _step_world(engine, scratch, crashes, actors, motion, rules, actions, outcome, w)
        if mine.any():
            begin(engine, actors, motion, beginning, rules, outcome, again, seeds, w)
            measure_begun(engine, scratch.crowd, actors, rules, outcome, again, w)
        if numbers.rows.shape[0] > 0:
            write_numbers(actors, engine.ground.lanes, numbers, scratch.crowd.bodies, packed, w)
