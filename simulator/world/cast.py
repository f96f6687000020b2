"""The cast: which objects drive, walk or stand, and what each is told to do; filled first, simulated later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.motion import Agent, Driver, Event, Motion, OnFoot, agent_of_motion
from simulator.scene import Model, SceneBuilder, keeps_upright
from simulator.traffic.staged import Stretches

Array = NDArray[np.float64]


@dataclass(slots=True)
class Cast:
    """Everything alive in a world under construction.

    Attributes:
        builder: where objects go.
        agents: what moves, the ego first.
        lamps: switched-on lamps of objects, as bits `1 << Switch`.
        indicators: times at which an agent's indicator is on: (agent index, begin s, end s, switch).
        riders: object id of each vehicle with a rider to the rider's id.
        footprints: (x, y, radius) of everything placed so far, to keep apart.
        idle: objects that stand on their feet and sway.
        steered: steering angle of parked vehicles, rad.
    """

    builder: SceneBuilder
    agents: list[Agent] = field(default_factory=list)
    lamps: dict[int, int] = field(default_factory=dict)
    indicators: list[tuple[int, float, float, int]] = field(default_factory=list)
    riders: dict[int, int] = field(default_factory=dict)
    footprints: list[tuple[float, float, float]] = field(default_factory=list)
    idle: list[int] = field(default_factory=list)
    steered: dict[int, float] = field(default_factory=dict)

    def free(self, x: float, y: float, radius_m: float) -> bool:
        """Whether a disc touches nothing placed so far."""
        if not self.footprints:
            return True
        taken = np.array(self.footprints)
        return bool((np.hypot(taken[:, 0] - x, taken[:, 1] - y) > taken[:, 2] + radius_m).all())

    def occupy(self, x: float, y: float, radius_m: float) -> None:
        """Keep a disc free of what is placed later."""
        self.footprints.append((x, y, radius_m))

    def add(
        self,
        models: Iterable[Model],
        position: Array,
        rpy: Iterable[float],
        *,
        name: str = "",
        moving: bool = True,
        **kwargs: Any,
    ) -> int:
        """Add an actor's models (a rider's vehicle first, or a sitter) as objects; returns the id of the first."""
        first, *others = list(models)
        row = self.builder.add_object(first, position, tuple(rpy), name=name, moving=moving, **kwargs)
        for other in others:
            role = "rider" if other.class_name == "rider" else "seat"
            with_it = self.builder.add_object(
                other, position, tuple(rpy), name=f"{name}-{role}" if name else "", moving=moving, parent=row
            )
            if role == "rider":
                self.riders[row] = with_it
        low, high = first.bounds
        self.occupy(float(position[0]), float(position[1]), float(max(high[0], -low[0])))
        return row

    def drive(
        self,
        row: int,
        points: Array,
        speed_mps: float,
        driver: Driver,
        *,
        lateral_m: float = 0.0,
        events: tuple[Event, ...] = (),
        way: Stretches = (),
        dead_end: bool = False,
        by_chance: bool = False,
        chassis: NDArray[np.void] | None = None,
    ) -> int:
        """Let object `row` drive along `points`, on the lanes of `way`; returns the index of the agent."""
        model = self.builder.objects[row].model
        assert model is not None
        low, high = model.bounds
        self.agents.append(
            Agent(
                object=row,
                points=points,
                start_m=0.0,
                speed_mps=speed_mps,
                driver=driver,
                front_m=float(high[0]),
                rear_m=float(-low[0]),
                half_width_m=float(max(high[1], -low[1])),
                wheelbase_m=model.wheelbase_m,
                lateral_m=lateral_m,
                events=events,
                stride_m=model.stride_m,
                way=way,
                upright=keeps_upright(model),
                dead_end=dead_end,
                by_chance=by_chance,
                chassis=chassis,
            )
        )
        return len(self.agents) - 1

    def follow(self, motion: Motion) -> None:
        """Let an object carry out a prescribed motion."""
        model = self.builder.objects[motion.object].model
        assert model is not None
        low, high = model.bounds
        half_width = float(max(high[1], -low[1]))
        upright = keeps_upright(model)
        motion = replace(motion, stride_m=model.stride_m)
        self.agents.append(agent_of_motion(motion, float(high[0]), float(-low[0]), half_width, upright))

    def stroll(self, row: int, line: Array, who: OnFoot) -> None:
        """Let object `row` walk about by itself, from the start of a `line` (2, 3) on, along which it looks."""
        self.follow(Motion(row, line, who.pace_mps, initial_speed_mps=who.pace_mps))
        self.agents[-1] = replace(self.agents[-1], on_foot=who)
