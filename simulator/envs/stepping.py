"""One step of the environment in worlds full of traffic: actions, as many steps of physics, what came of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.envs.actions import Kind, Limits, take_meta, take_waypoints
from simulator.envs.agents import Metric
from simulator.envs.beginning import begin
from simulator.envs.measures import measure_motion, measure_place, overlaps
from simulator.envs.motion import move_agents
from simulator.envs.rewards import rate
from simulator.numerics.jit import kernel
from simulator.traffic.lane_change import decide_ways
from simulator.traffic.locating import locate
from simulator.traffic.state import Control
from simulator.traffic.stepping import step_worlds

Array = NDArray[np.float64]


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


@kernel
def _conclude(engine, worlds, rules, outcome, w, k, before):  # type: ignore[no-untyped-def]
    """Measures, reward and end of the step of agent `k` of world `w`; `before`: its progress before the step."""
    i = w * worlds.agents.shape[1] + k
    vehicle, driver, agent, metrics = worlds.vehicles[w, k], worlds.drivers[w, k], worlds.agents[w, k], outcome.metrics
    measure_place(engine, vehicle, driver, agent, rules.goals, metrics, i)
    outcome.rewards[i] = rate(vehicle, driver, agent, engine.lanes, rules, metrics, outcome.terms[i], before, i)
    agent.steps += 1
    ended = metrics[Metric.ARRIVED, i] != 0.0
    for n in range(rules.ends.shape[0]):
        ended |= rules.ends[n] and metrics[n, i] != 0.0
    outcome.terminated[i] = ended
    outcome.truncated[i] = not ended and (agent.gone or agent.steps >= rules.episode_steps)


@kernel
def _take_actions(worlds, motion, rules, actions, w):  # type: ignore[no-untyped-def]
    """What agents of world `w` want from now on."""
    for k in range(worlds.agents.shape[1]):
        i, vehicle = w * worlds.agents.shape[1] + k, worlds.vehicles[w, k]
        if vehicle.control == Control.GUIDED:
            take_meta(actions[i, 0], vehicle, worlds.agents[w, k], rules.speeds)
        elif vehicle.control == Control.OUTSIDE and rules.limits.kind == Kind.WAYPOINTS:
            take_waypoints(actions[i], vehicle, motion.paths[i])


@kernel
def _step_world(engine, worlds, motion, rules, actions, outcome, w):  # type: ignore[no-untyped-def]
    """One step of the policy in world `w`."""
    agents, dt = worlds.agents.shape[1], rules.dt_ns * 1e-9
    first, metrics = w * agents, outcome.metrics
    before = np.empty(agents)
    for k in range(agents):
        i = first + k
        before[k] = metrics[Metric.PROGRESS_M, i]
        metrics[Metric.RED_LIGHT, i] = metrics[Metric.JERK_MPS3, i] = 0.0
        metrics[Metric.ACCELERATION_MPS2, i] = metrics[Metric.LATERAL_ACCELERATION_MPS2, i] = 0.0
    _take_actions(worlds, motion, rules, actions, w)
    for n in range(rules.substeps):
        if rules.limits.kind != Kind.DISCRETE:
            move_agents(worlds, motion, actions, rules.limits, w, n * dt, dt, rules.parts)
            for k in range(agents):
                if worlds.vehicles[w, k].control == Control.OUTSIDE:
                    locate(engine.lanes, engine.places, worlds.vehicles[w, k])
                    decide_ways(
                        engine.lanes,
                        worlds.vehicles[w, k].ways,
                        worlds.vehicles[w, k].lane,
                        worlds.vehicles[w, k],
                        engine.seeds[w],
                        k,
                    )
        step_worlds(
            engine.lanes,
            engine.sources,
            engine.lines,
            engine.entries,
            worlds.vehicles,
            worlds.drivers,
            engine.seeds,
            engine.stand,
            dt,
            w,
            w + 1,
        )
        engine.clock[w] += rules.dt_ns
        for k in range(agents):
            if worlds.vehicles[w, k].control == Control.ARRIVED:  # at the edge of the map: nobody comes up for it
                worlds.vehicles[w, k].control, worlds.agents[w, k].gone = Control.NOBODY, True
            worlds.vehicles[w, k].wish_lane = 0  # wished once
            worlds.agents[w, k].struck |= overlaps(worlds.vehicles[w], worlds.drivers[w], k)
            measure_motion(engine.lanes, worlds.vehicles[w, k], worlds.agents[w, k], metrics, first + k, dt)
    for k in range(agents):
        _conclude(engine, worlds, rules, outcome, w, k, before[k])


@kernel
def step_range(engine, worlds, motion, beginning, rules, actions, again, seeds, outcome, begin_at, end):  # type: ignore[no-untyped-def]
    """One step of the policy in worlds `begin_at` .. `end`; agents in `again` (N,) begin a new episode with `seeds`.

    A world all of whose agents begin anew does not step before.
    """
    agents = worlds.agents.shape[1]
    for w in range(begin_at, end):
        mine = again[w * agents : (w + 1) * agents]
        if not mine.all():
            _step_world(engine, worlds, motion, rules, actions, outcome, w)
        if mine.any():
            begin(engine, worlds, motion, beginning, rules, outcome, again, seeds, w)
