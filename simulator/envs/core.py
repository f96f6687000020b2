"""Any number of worlds with one or more agents each, stepped together: what all environments are faces of."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics import Control as Pedal
from simulator.dynamics import State, vehicle, vehicles
from simulator.dynamics.stepping import LONGEST_SUBSTEP_S
from simulator.envs.actions import WAYPOINTS, WIDTHS, Kind, Limits, Meta, action_space
from simulator.envs.agents import (
    AGENT_DTYPE,
    IMPACT_TYPES,
    TYPES,
    Actors,
    Engine,
    Impact,
    Metric,
    Outcome,
    Scratch,
)
from simulator.envs.beginning import CLEAR_M, PARKED_CLEAR_M, START_DTYPE, Beginning, begin_range, measure_range
from simulator.envs.conditions import conditions_of, weather_row
from simulator.envs.contacts import crowd_among
from simulator.envs.motion import APART, Motion, load_motion
from simulator.envs.observations.base import Observation, View
from simulator.envs.observations.vector import Numbers, no_numbers
from simulator.envs.options import check_count, checked
from simulator.envs.paved import borders_of, outlines, paved
from simulator.envs.rewards import Term, rightness, weight_row
from simulator.envs.stepping import Rules, step_worlds
from simulator.envs.tasks.base import ENDS, MODELS, Start, Task, Weather
from simulator.envs.valet import Body, Lot, Valet, boxes_of
from simulator.errors import InputError, OddRoadError
from simulator.numerics.ahead import compile_ahead
from simulator.numerics.direct import entry
from simulator.numerics.jit import is_cached
from simulator.numerics.parallel import available_threads, parallel_for
from simulator.numerics.rng import child_seed
from simulator.traffic.desk import desk
from simulator.traffic.lane_map import NONE, lane_map
from simulator.traffic.locating import lane_index, locate
from simulator.traffic.simulation import Traffic
from simulator.traffic.state import Control, Failing
from simulator.traffic.walkers import chances

if TYPE_CHECKING:
    from gymnasium.spaces import Space

    from simulator.envs.scripts import Part
    from simulator.envs.stage import Stage

Bools = NDArray[np.bool_]
Seeds = NDArray[np.uint64]

_ROUNDS = 4  # in which each thread takes its share of the worlds, so that none waits long for another
FRONT_OVERHANG, HEIGHT_M = 0.45, 1.45  # share of both overhangs, height: of usual cars
PLANNING_STEPS = 5  # of the policy, after which a valet looks again for a way into its bay
_KINEMATIC_PART_S = 0.1  # longest part of the integration of the kinematic model: at 15 m/s it is 1 mm off a turn


def episode_key(seed: int) -> int:
    """What the seeds of all episodes after a reset with `seed` are counted from (`numerics.rng.counted`)."""
    return child_seed(seed, "episode")


def exercise() -> None:
    """Compile what steps worlds (see `numerics.ahead`), while who asked for it begins an episode."""
    from simulator.envs.options import make_task

    Core(make_task("highway", {"vehicles": 0})).compile()


@cache
def _prepare() -> None:
    """Say so where there is yet to be compiled, once, and begin with it."""
    if not is_cached(step_worlds):
        print("oddroad: compiling kernels (first run only; about a minute)", file=sys.stderr, flush=True)
        compile_ahead(__name__, step_worlds)


class Core:
    """W worlds with K agents each, N = W K in all; agent i is row i % K of world i // K.

    Args:
        task: what to do, and all options.
        worlds: W.
        threads: default: one a processor; results do not depend on it.
        episode_steps: after which episodes are truncated, if before the task's own.

    Attributes:
        actors: everybody in all worlds.
        weathers: of each world.
        lanes: arrays of the map's lanes, for kernels. map: the map. network: its roads.
        count: N.
        outcome: of the last step.
        observation_space, action_space: of one agent.

    Raises:
        OddRoadError: the roads cannot be read or walked along, or the vehicle cannot move as asked.
    """

    _single: View | None

    def __init__(
        self, task: Task, worlds: int = 1, *, threads: int | None = None, episode_steps: int | None = None
    ) -> None:
        _prepare()
        self.task, self.count = task, worlds * task.agents_per_world
        self.network = task.network()
        aisles = task.aisles(self.network) if task.driver == "idm" else []
        past = sorted({key for lanes in aisles for key in lanes})
        self.map = lane_map(self.network, goals=past)
        self.lanes = self.map.arrays
        self.threads = available_threads() if threads is None else check_count("threads", threads)
        agents = task.agents_per_world
        self.traffic = Traffic(
            self.map,
            worlds=worlds,
            vehicles=agents + task.vehicles + task.anomalies,
            people=task.people,
            seeds=None,
            failing={Failing[name.upper()]: share for name, share in task.failing.items()},
            manners=chances(
                jaywalkers=task.jaywalking,
                heedless=task.heedless,
                keeps_right=all(road.rule != "LHT" for road in self.network.roads.values()),
            ),
        )
        if "people" in task.model_fields_set and task.people and not len(self.traffic.walkways.arrays.ways):
            raise InputError("nobody can walk there: the roads have no pavements; 0 is accepted", key="people")
        self.outlines = outlines(self.network, self.map.origin)
        self.actors = Actors(
            self.traffic.vehicles,
            self.traffic.drivers,
            self.traffic.people,
            np.zeros((worlds, agents), AGENT_DTYPE),
            np.full(worlds, weather_row(task.weather)),
        )
        self.weathers = [task.weather] * worlds
        self._limit = float(np.median(self.lanes.samples["limit"]))
        self.traffic.worlds.conditions[:] = conditions_of(task.weather, self._limit)
        self._engine = Engine(
            self.traffic.ground,
            self.traffic.worlds,
            lane_index(self.lanes),
            paved(self.outlines),
            tuple(rows.view(np.uint8).reshape(worlds, -1) for rows in (*self.actors[:2], self.actors.agents)),
            self.lanes.samples.view(np.uint8),
        )
        self._everybody = self.actors.vehicles.shape[1] + task.people
        self._scratch = [
            Scratch(desk(len(self.map.keys), self.actors.vehicles.shape[1]), crowd_among(self.actors))
            for _ in range(min(self.threads, worlds))
        ]
        self._crashes: list[Any] = [None for _ in self._scratch]
        if task.crash_response:
            from simulator.traffic.wrecks import FRICTION, crashes

            many = self.actors.vehicles.shape[1], task.people
            self._crashes = [crashes(self._engine.places, *many, FRICTION, task.clearing_s) for _ in self._scratch]
        self._given = Kind[task.action_type.upper()]
        self.action_space: Space[Any] = action_space(self._given)
        self._actions = np.zeros((self.count, WIDTHS[self._given]))
        self._kind, self._pulled, self._valets = self._given, self._actions, list[Valet]()
        if aisles:  # the valet drives in place of the agent, whatever actions that takes
            self._kind, self._pulled = Kind.CONTINUOUS, np.zeros((self.count, WIDTHS[Kind.CONTINUOUS]))
        self._motion = self._make_motion()
        self._beginning = self._make_beginning()
        if aisles:
            index = self.map.index
            numbers = [{past.index(key) + 1: index[key] for key in lanes if key in index} for lanes in aisles]
            lot = Lot(self._beginning.bays, numbers, self._engine.paved)
            b = self._beginning
            body = Body(b.front, b.rear, b.half_width, b.wheelbase)
            self._valets = [Valet(body, lot) for _ in range(self.count)]
        self._rules = self._make_rules(episode_steps)
        self.outcome = Outcome(
            np.zeros(self.count),
            np.zeros((self.count, len(Term))),
            np.zeros(self.count, np.bool_),
            np.zeros(self.count, np.bool_),
            np.zeros((self.count, len(Metric))),
            np.zeros((self.count, len(Impact) if task.crash_response else 0)),
        )
        impacts = IMPACT_TYPES if task.crash_response else {}
        self._measures = [(measure.name.lower(), kind) for measure, kind in (*TYPES.items(), *impacts.items())]
        self._columns = [(name, f"_{name}", kind) for name, kind in self._measures]
        self._nobody, self._no_seeds = np.zeros(self.count, np.bool_), np.zeros(self.count, np.uint64)
        self._scripts = task.scripts(worlds)
        self._views = self._make_views()
        self._nothing, self._handed_out = no_numbers(), False
        self._stepper: Callable[..., Any] | None = None  # `step_worlds`, for arguments of these types
        self.observation_space = self._make_space()

    # ---- running

    def begin(self, seeds: Seeds, mask: Bools | None = None, *, options: dict[str, Any] | None = None) -> None:
        """Begin new episodes.

        Args:
            seeds: (N,) of the episodes (`episode_key`).
            mask: (N,) whose; None: all. A world of which all agents begin is filled anew.
            options: `weather`: a mapping as the option of the task, for the worlds whose agents all begin.
        """
        mask = np.ones(self.count, np.bool_) if mask is None else mask
        if options and "weather" in options:
            weather = checked(Weather, options["weather"], "options.weather")
            anew: Bools = np.all(mask.reshape(self.actors.agents.shape), axis=1)
            self.actors.weather[anew] = weather_row(weather)
            self.traffic.worlds.conditions[anew] = conditions_of(weather, self._limit)
            self.let_be([weather if new else was for new, was in zip(anew.tolist(), self.weathers)])
        if self._handed_out:
            self._write_to(self._numbers.rows.copy(), handed_out=False)
        begins: Bools = np.any(mask.reshape(self.actors.agents.shape), axis=1)

        def work(first: int, end: int) -> None:
            """Worlds `first` to `end`."""
            begin_range(
                self._engine,
                self.actors,
                self._motion,
                self._beginning,
                self._rules,
                self.outcome,
                mask,
                seeds,
                first,
                end,
            )
            if self._scripts:
                for world in (first + np.flatnonzero(begins[first:end])).tolist():
                    self._begin_script(world, int(seeds[world]))
            self._measure(mask, first, end)
            for run in _runs(begins[first:end]):
                self._look(first + run.start, first + run.stop)

        worlds = len(begins)
        parallel_for(work, worlds, chunk=self._chunk(worlds), threads=self.threads)

    def step(
        self, actions: Any, again: Bools | None = None, seeds: Seeds | None = None, *, copied: bool = False
    ) -> Any:
        """One step of the policy in all worlds; what all agents see, `copied` or as it is kept.

        Args:
            actions: (N, ...) of `action_space`, or one for N = 1.
            again: (N,) agents that begin a new episode instead; their actions do not matter. seeds: (N,) of these.

        Raises:
            OddRoadError: actions of another shape, or that are not numbers.
        """
        self._take(actions)
        again = self._nobody if again is None else again
        for agent, valet in enumerate(self._valets):
            if not again[agent]:
                self._let_park(agent, valet)
        seeds = self._no_seeds if seeds is None else seeds
        if self._scripts:
            for world in np.flatnonzero(~again).tolist():
                self._play(world)

        numbers = len(self._numbers.rows) > 0
        if numbers and (copied or self._handed_out):  # all rows are written anew: those of before need no copy
            self._write_to(np.empty_like(self._numbers.rows), handed_out=copied)
        worlds, cursor = len(self.actors.agents), np.zeros(1, np.int64)
        workers = min(self.threads, worlds)
        parallel_for(
            lambda worker, _: self._step_worlds(worker, again, seeds, cursor), workers, chunk=1, threads=workers
        )
        if self._scripts:
            for world in np.flatnonzero(again).tolist():
                self._begin_script(world, int(seeds[world]))
                self._measure(again, world, world + 1)
        if self._scripts or not numbers:
            parallel_for(self._look, worlds, chunk=self._chunk(worlds), threads=self.threads)
        return self.observations(copy=copied and not numbers)

    def _measure(self, mask: Bools, begin: int, end: int) -> None:
        """Measure the agents in `mask` of worlds `begin` .. `end` where they begin."""
        crowd = crowd_among(self.actors)
        measure_range(self._engine, crowd, self.actors, self._rules, self.outcome, mask, begin, end)

    def compile(self) -> None:
        """Compile what steps worlds, if that has yet to be done."""
        self._step_worlds(0, self._nobody, self._no_seeds, np.full(1, len(self.actors.agents)))

    def _step_worlds(self, worker: int, again: Bools, seeds: Seeds, cursor: NDArray[np.int64]) -> None:
        arguments = (
            self._engine,
            self._scratch[worker],
            self._crashes[worker],
            self.actors,
            self._motion,
            self._beginning,
            self._rules,
            self._pulled,
            again,
            seeds,
            self.outcome,
            self._numbers,
            cursor,
        )
        if self._stepper is None:
            self._stepper = entry(step_worlds, *arguments)
        self._stepper(*arguments)

    def _write_to(self, rows: NDArray[np.float32], *, handed_out: bool) -> None:
        """Write numbers to other rows from now on, that are or are not to be handed out as they are."""
        assert self._single is not None and self._single.onto is not None
        self._single = self._views[""] = self._single.onto(rows)
        self._handed_out = handed_out

    @property
    def _numbers(self) -> Numbers:
        """What a kernel needs to write what agents see; without rows where that is no numbers."""
        return self._nothing if self._single is None or self._single.numbers is None else self._single.numbers

    def _let_park(self, agent: int, valet: Valet) -> None:
        """Let a valet drive an agent's car for a step; the models of traffic bring it to its aisle."""
        world, k = divmod(agent, self.task.agents_per_world)
        row, state = self.actors.vehicles[world, k], self.actors.agents[world, k]
        if state["steps"] == 0:
            valet.way, row["goal"] = None, 0
        if row["control"] == Control.DRIVER and state["steps"] % PLANNING_STEPS == 0:
            others = boxes_of(self.actors.vehicles[world], self.actors.drivers[world], k)
            if valet.plan(row, state, others):
                row["control"] = Control.OUTSIDE
                load_motion(row, self._motion, agent)
        if row["control"] == Control.OUTSIDE:
            steer, pull = valet.drive(row)
            limits = self._rules.limits
            self._pulled[agent] = np.clip((steer / limits.steering, pull / limits.throttle), -1.0, 1.0)

    def _begin_script(self, world: int, seed: int) -> None:
        """Begin the script of a world, with the agent where its ego is."""
        script = self._scripts[world]
        parts = script.begin(seed)
        ego, row = parts[script.ego], self.actors.vehicles[world, 0]
        row["lane"] = NONE
        row["x"], row["y"], row["z"] = np.array([ego.x, ego.y, ego.z]) - self.map.origin
        row["yaw"], row["speed"] = ego.yaw, ego.speed
        locate(self.lanes, self._engine.places, row)
        load_motion(row, self._motion, world)
        self._cast(world, parts)

    def _play(self, world: int) -> None:
        """Let the others of a world go on by a step; the episode is over where the script is."""
        from simulator.envs.scripts import NO_BOX, Part

        script, v = self._scripts[world], self.actors.vehicles[world, 0]
        x, y, z = np.array([v["x"], v["y"], v["z"]]) + self.map.origin
        ego = Part(x, y, z, float(v["yaw"]), float(v["speed"]), NO_BOX)
        parts = script.advance(self.task.dt_ns * 1e-9, ego)
        if parts is None:
            self.actors.agents[world, 0]["gone"] = True
        else:
            self._cast(world, parts)

    def _cast(self, world: int, parts: dict[str, Part]) -> None:
        """Give the others of a script their rows; who finds none has no part."""
        from simulator.envs.scripts import put

        rows = self.actors.vehicles[world, 1:], self.actors.drivers[world, 1:]
        others = [part for name, part in parts.items() if name != self._scripts[world].ego]
        wrecks = rows[0]["control"] == Control.WRECK
        rows[0]["control"][~wrecks] = Control.NOBODY
        for part, row, driver in zip(others, *rows):
            if row["control"] == Control.WRECK:  # it has crashed, whatever the script says
                continue
            put(part, self.map.origin, row, driver)
            row["control"], row["lane"] = Control.OUTSIDE, NONE

    def retire(self, agents: Sequence[int]) -> None:
        """Let agents whose episodes have ended be part of the traffic: as wrecks, or driven by its models."""
        for agent in agents:
            world, k = divmod(agent, self.task.agents_per_world)
            row = self.actors.vehicles[world, k]
            if row["control"] != Control.NOBODY:
                wreck = self.actors.agents[world, k]["struck"] or row["lane"] == NONE
                row["control"] = Control.WRECK if wreck else Control.DRIVER
                if wreck and not self.task.crash_response:  # which lets it slide on
                    row["speed"] = row["lateral_speed"] = row["acceleration"] = row["yaw_rate"] = 0.0

    @cached_property
    def borders(self) -> list[NDArray[np.float64]]:
        """(K, 2) lines about all that is paved, m from the origin of the map."""
        return borders_of(self._engine.paved)

    @cached_property
    def stage(self) -> Stage:
        """The scene for cameras and lidars."""
        from simulator.envs.stage import Stage

        return Stage(self.actors, self.traffic, self.weathers, self.threads)

    def let_be(self, weathers: list[Weather]) -> None:
        """Let pictures show the worlds in these weathers (`actors.weather` is what the others have of them)."""
        self.weathers = weathers
        if "stage" in vars(self):
            self.stage.relight(weathers)

    @property
    def idle(self) -> Any:
        """An action that does nothing."""
        return int(Meta.IDLE) if self._given == Kind.DISCRETE else np.zeros(WIDTHS[self._given], np.float32)

    def _chunk(self, count: int) -> int:
        """Worlds that a thread takes at a time; with cameras and other slow views all the same."""
        return max(-(-count // (self.threads * _ROUNDS)), 1) if self.threads > 1 else max(count, 1)

    def _look(self, begin: int, end: int) -> None:
        for view in self._views.values():
            view.fill(begin, end)

    def _take(self, actions: Any) -> None:
        count, width = self._actions.shape
        discrete = self._given == Kind.DISCRETE
        shapes: list[tuple[int, ...]] = [
            (count, width)
        ]  # that are accepted: one agent's action may come without the axis of agents
        shapes += [(count,)] if discrete else []
        shapes += [(), (width,)][not discrete :] if count == 1 else []
        try:
            given = np.asarray(actions, np.float64)
        except (TypeError, ValueError):
            given = np.full(1, np.nan)
        right = given.shape in shapes
        if discrete:
            if not right or not np.all((given >= 0) & (given < len(Meta)) & (given == np.floor(given))):
                what = f"whole numbers 0 to {len(Meta) - 1} are accepted, {count} of them"
                raise OddRoadError(f"action {actions!r}: {what}")
            self._actions[:, 0] = given.ravel()
        else:
            if not right or not np.isfinite(given).all():
                what = f"{width} finite numbers for each agent are accepted, shape {shapes[-1]}"
                raise OddRoadError(f"action {actions!r}: {what}")
            np.clip(given.reshape(count, width), -1.0, 1.0, out=self._actions)

    # ---- copying

    @property
    def state(self) -> Any:
        """Arrays, in tuples, that say how all worlds stand and what was last seen of them."""
        seen = tuple(view.values for view in self._views.values())
        return self.traffic.worlds, self.actors.agents, self.actors.weather, self._motion, self.outcome, seen

    @property
    def minds(self) -> list[Any]:
        """What those keep who are no arrays: valets and scripts."""
        return [valet.mind for valet in self._valets] + [script.mind for script in self._scripts]

    @minds.setter
    def minds(self, given: list[Any]) -> None:
        """Let them keep that from now on."""
        valets = len(self._valets)
        for valet, mind in zip(self._valets, given[:valets], strict=True):
            valet.recall(mind)
        for script, mind in zip(self._scripts, given[valets:], strict=True):
            script.recall(mind)

    # ---- results

    def observation(self, agent: int) -> Any:
        """A copy of what one agent sees."""
        if self._single is not None:
            return self._single.values[agent].copy()
        return {name: view.values[agent].copy() for name, view in self._views.items()}

    def observations(self, *, copy: bool = True) -> Any:
        """What all agents see."""
        if self._single is not None:
            return self._single.values.copy() if copy else self._single.values
        return {name: view.values.copy() if copy else view.values for name, view in self._views.items()}

    def info(self, agent: int) -> dict[str, Any]:
        """Measures of one agent."""
        values = self.outcome.metrics[agent].tolist() + self.outcome.impacts[agent].tolist()
        return {name: kind(value) for (name, kind), value in zip(self._measures, values)}

    def infos(self, mask: Bools | None = None) -> dict[str, Any]:
        """Measures of all agents, or of those in `mask`, as Gymnasium has it: arrays (N,), and masks."""
        values = np.ascontiguousarray(np.concatenate([self.outcome.metrics, self.outcome.impacts], axis=1).T)
        valid = np.ones(values.shape, np.bool_)
        if mask is not None:
            values[:, ~mask], valid[:] = 0.0, mask
        flags = values != 0.0
        out: dict[str, Any] = {}
        for k, (name, known, kind) in enumerate(self._columns):
            out[name] = flags[k] if kind is bool else values[k] if kind is float else values[k].astype(kind)
            out[known] = valid[k]
        return out

    # ---- making

    def _make_motion(self) -> Motion:
        row = vehicle(self.task.vehicle, MODELS[self.task.dynamics])
        return Motion(
            np.zeros((len(State), self.count + APART)),
            np.zeros((len(Pedal), self.count + APART)),
            np.ones(self.count),
            np.zeros(self.count, np.int64),
            vehicles([row]),
            np.zeros((self.count, WAYPOINTS + 1, 2)),
        )

    def _make_beginning(self) -> Beginning:
        table, task = self._motion.table[0], self.task
        starts = task.starts(self.map) or self._anywhere()
        rows = np.array([tuple(start) for start in starts], START_DTYPE)
        length = np.maximum(rows["end"] - rows["begin"], 1e-3)
        wheelbase = float(table["front"] + table["rear"])
        over = float(table["length"]) - wheelbase
        return Beginning(
            task.bays(self.network, self.map),
            rows,
            np.cumsum(length) / length.sum(),
            PARKED_CLEAR_M if task.parked else CLEAR_M,
            task.anomalies,
            task.vehicles if task.parked else 0,
            wheelbase + FRONT_OVERHANG * over,
            (1.0 - FRONT_OVERHANG) * over,
            0.5 * float(table["width"]),
            HEIGHT_M,
            wheelbase,
            int(self._kind),
            task.driver == "agent",
        )

    def _anywhere(self) -> list[Start]:
        """All of every lane outside junctions."""
        rows = self.lanes.lanes
        return [
            Start(n, min(5.0, 0.3 * row["length"]), max(row["length"] - 5.0, 0.7 * row["length"]))
            for n, row in enumerate(rows)
            if row["junction"] == NONE
        ]

    def _make_rules(self, episode_steps: int | None) -> Rules:
        task = self.task
        limits = Limits(
            int(self._kind),
            np.radians(task.steering_deg),
            task.throttle_mps2,
            task.brake_mps2,
            task.reverse or bool(self._valets),
        )
        longest = _KINEMATIC_PART_S if task.dynamics == "kinematic" else LONGEST_SUBSTEP_S
        return Rules(
            limits,
            task.dt_ns,
            task.substeps,
            int(np.ceil(task.dt_ns * 1e-9 / longest - 1e-9)),
            min(task.episode_steps, episode_steps or task.episode_steps),
            np.array(task.target_speeds_mps),
            weight_row(task.weights()),
            np.array([name in task.ends_on for name in ENDS]),
            task.goals(self.map),
            rightness(self.lanes),
        )

    def _make_views(self) -> dict[str, View]:
        given = self.task.observation
        self._single = None
        if isinstance(given, Observation):
            self._single = given.view(self)
            return {"": self._single}
        return {name: each.view(self) for name, each in given.items()}

    def _make_space(self) -> Space[Any]:
        if self._single is not None:
            return self._single.space
        from gymnasium.spaces import Dict

        return Dict({name: view.space for name, view in self._views.items()})


def _runs(chosen: Bools) -> list[slice]:
    """Stretches of a row that are True."""
    edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False))
    return [slice(begin, end) for begin, end in edges.reshape(-1, 2).tolist()]
