"""People on foot in staged worlds: they walk, wait, cross and stray as the people of all traffic do (`people`).

They take a step between two looks of the drivers. To these each of them is an agent that goes straight on meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.motion import Agent
from simulator.numerics import se3
from simulator.numerics.jit import kernel
from simulator.numerics.rng import child_seed
from simulator.traffic.acting import Stage
from simulator.traffic.along_ways import choose_next
from simulator.traffic.crowd import crowd_of, empty_people, walk
from simulator.traffic.gaps import SEEN_DTYPE
from simulator.traffic.person import CAUTION_S, Mode
from simulator.traffic.populace import put
from simulator.traffic.signals import SignalPlan
from simulator.traffic.state import DRIVER_DTYPE, VEHICLE_DTYPE, Control
from simulator.traffic.walkers import BEINGS, chances
from simulator.traffic.walkways import NONE, WalkwayMap

Array = NDArray[np.float64]

TURNING_S, TURNING_RADPS = 0.15, 4.0  # in which people turn to where they go, and how fast at most
TURNS_MPS = 0.2  # slower ones shift about, and keep looking where they looked
OUTSIDE, NOBODY = int(Control.OUTSIDE), int(Control.NOBODY)

START_DTYPE = np.dtype([("point", np.int64), ("crosses", np.int64)])


class Walked(NamedTuple):
    """What P people did; arrays are (T, P, ...).

    Attributes:
        agents: (P,) their indices.
        position: m from the origin of the map. yaw: rad. speed: m/s. travel: m since the start.
        crosses: int8, `Mode` of who is on a carriageway, else 0.
    """

    agents: NDArray[np.int64]
    position: Array
    yaw: Array
    speed: Array
    travel: Array
    crosses: NDArray[np.int8]


@kernel
def set_out(walkways, people, starts, seed):
    """Put people (P,) on their ways, where `starts` (P,) START_DTYPE has them, and decide which ones follow."""
    for i in range(people.shape[0]):
        person, point = people[i], walkways.points[starts[i].point]
        put(walkways, person, point.way, point.s)
        choose_next(walkways, person, seed, 0)
        over = starts[i].crosses
        if over != NONE:
            here, next_ = walkways.ways[person.way], walkways.ways[over]
            node = here.end if person.forward > 0 else here.start
            person.next_way, person.next_forward = over, 1 if next_.start == node else -1


class Passersby:
    """Those of some agents who walk about by themselves.

    Attributes:
        agents: (P,) their indices.
        busy: (C,) uint8, 1 where people are on a crossing or about to step on it.
    """

    def __init__(
        self, agents: Sequence[Agent], walkways: WalkwayMap, plan: SignalPlan, obstacles: NDArray[np.void], seed: int
    ) -> None:
        """Put everybody where they start.

        Args:
            agents: all agents.
            walkways: of the map.
            plan: of its traffic lights.
            obstacles: (K,) BODY_DTYPE of `bodies`, things that people walk round, m from the origin of the map.
            seed: of what people decide.
        """
        told = [(i, agent.on_foot) for i, agent in enumerate(agents) if agent.on_foot is not None]
        self.agents = np.array([i for i, _ in told], np.int64)
        self._seed = np.uint64(child_seed(seed, "people"))
        self._crowd = crowd_of(walkways, plan, chances())
        self._program = plan.program
        self._people = empty_people(1, len(told), walkways)
        self.busy = self._people.busy[0]
        rows, starts = self._people.rows[0], np.zeros(len(told), START_DTYPE)
        for row, start, (i, who) in zip(rows, starts, told):
            kind = BEINGS[who.being]
            row["being"], row["forward"], row["side"] = who.being, 1 if who.forward else -1, who.side
            row["pace"], row["radius"], row["strays"] = who.pace_mps, who.radius_m, who.strays_hz
            row["stride"] = agents[i].stride_m or kind["stride"]
            row["caution"], row["haste"], row["progress"] = CAUTION_S * kind["care"], 1.0, who.pace_mps
            start["point"], start["crosses"] = who.point, who.crosses
        rows["crossing"] = rows["over"] = NONE
        rows["group"] = np.arange(len(told))
        if len(told):
            set_out(self._crowd.walkways, rows, starts, int(self._seed & np.uint64(0xFFFFFFFF)))
        # Whom they walk round: the other agents, then what stands there.
        count = len(agents)
        self._around = np.zeros(count + len(obstacles), VEHICLE_DTYPE)
        self._drivers = np.zeros(len(self._around), DRIVER_DTYPE)
        self._seen = np.zeros(len(self._around), SEEN_DTYPE)
        self._around["control"][count:] = OUTSIDE
        for name, own in (("x", "x"), ("y", "y"), ("z", "z"), ("yaw", "heading")):
            self._around[name][count:] = obstacles[own]
        for name, own in (("front", "half_length"), ("rear", "half_length"), ("half_width", "half_width")):
            self._drivers[name][count:] = obstacles[own]
        self._history: list[NDArray[np.void]] = []

    def show(self, stage: Stage) -> None:
        """Note where everybody is, and let the agents of a stage be there, going straight on."""
        rows = self._people.rows[0]
        self._note()
        first = stage.agents["path"][self.agents]
        stage.paths[first] = np.stack([rows["x"], rows["y"], rows["z"]], axis=1)
        ahead = np.stack([np.cos(rows["heading"]), np.sin(rows["heading"]), np.zeros(len(rows))], axis=1)
        stage.paths[first + 1] = stage.paths[first] + ahead
        stage.agents["s"][self.agents] = 0.0
        speed = np.hypot(rows["vx"], rows["vy"])
        stage.agents["speed"][self.agents] = stage.agents["desired"][self.agents] = speed

    def step(self, stage: Stage, number: int, begin_ns: int, step_ns: int) -> None:
        """Let everybody walk on.

        Args:
            stage: where the others are.
            number: of this step, from 0.
            begin_ns: when it begins.
            step_ns: how long it lasts.
        """
        count = len(stage.vehicles)
        self._around[:count], self._drivers[:count] = stage.vehicles, stage.drivers
        self._around["control"][self.agents] = NOBODY
        walk(
            self._crowd,
            self._people,
            self._around,
            self._drivers,
            self._seen,
            self._program,
            begin_ns,
            number,
            step_ns * 1e-9,
            0,
            self._seed,
        )

    def _note(self) -> None:
        self._history.append(self._people.rows[0][["x", "y", "z", "heading", "mode"]].copy())

    def walked(self, times_ns: NDArray[np.int64], step_ns: int) -> Walked:
        """What they did, at times (T,) within the steps that they took."""
        self._note()
        told = np.stack(self._history)
        xyz = np.stack([told["x"], told["y"], told["z"]], axis=-1)
        if len(xyz) > 2:  # who is pushed about does so without jerks
            xyz[1:-1] = 0.25 * xyz[:-2] + 0.5 * xyz[1:-1] + 0.25 * xyz[2:]
        step_s = step_ns * 1e-9
        velocity = np.gradient(xyz, step_s, axis=0) if len(xyz) > 1 else np.zeros_like(xyz)
        yaw = np.array(told["heading"], np.float64)
        speed = np.hypot(velocity[..., 0], velocity[..., 1])
        wanted = np.arctan2(velocity[..., 1], velocity[..., 0])
        for k in range(1, len(yaw)):
            turn = se3.wrap_angle(wanted[k] - yaw[k - 1]) * (1.0 - np.exp(-step_s / TURNING_S))
            most = np.where(speed[k] > TURNS_MPS, TURNING_RADPS * step_s, 0.0)
            yaw[k] = yaw[k - 1] + np.clip(turn, -most, most)
        gone = np.cumsum(np.hypot(*np.moveaxis(np.diff(xyz[..., :2], axis=0), -1, 0)), axis=0)
        travel = np.concatenate([np.zeros((1, len(self.agents))), gone])
        at = times_ns / step_ns
        now = np.minimum(at.astype(np.int64), len(xyz) - 1)
        after, w = np.minimum(now + 1, len(xyz) - 1), at - now

        def between(values: Array) -> Array:
            """A column (T, P, ...) at the asked times."""
            share = w.reshape(-1, *[1] * (values.ndim - 1))
            return np.asarray(values[now] + share * (values[after] - values[now]))

        mode = told["mode"][now]
        crosses = np.where((mode == Mode.CROSSING) | (mode == Mode.STRAYING), mode, 0).astype(np.int8)
        return Walked(self.agents, between(xyz), between(yaw), between(speed), between(travel), crosses)
