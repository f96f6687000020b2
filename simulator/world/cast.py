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

PARTNERS = frozenset({"rider", "pram", "suitcase"})  # classes of what goes along with another object in its frame


@dataclass(slots=True)
class Cast:
    """Everything alive in a world under construction.

    Attributes:
        builder: where objects go.
        season: of the year, whose coats and antlers animals have; "": any.
        agents: what moves, the ego first.
        lamps: switched-on lamps of objects, as bits `1 << Switch`.
        indicators: times at which an agent's indicator is on: (agent index, begin s, end s, switch).
        partners: object id of each vehicle with a rider to the rider's id, and of who pushes or pulls something to its.
        footprints: (x, y, radius) of everything placed so far, to keep apart.
        idle: objects that stand on their feet and sway.
        steered: steering angle of parked vehicles, rad.
    """

    builder: SceneBuilder
    season: str = ""
    agents: list[Agent] = field(default_factory=list)
    lamps: dict[int, int] = field(default_factory=dict)
    indicators: list[tuple[int, float, float, int]] = field(default_factory=list)
    partners: dict[int, int] = field(default_factory=dict)
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
        """Add an actor's models (a rider's vehicle, who pushes or sits first) as objects; returns the first's id."""
        first, *others = list(models)
        row = self.builder.add_object(first, position, tuple(rpy), name=name, moving=moving, **kwargs)
        for other in others:
            role = other.class_name if other.class_name in PARTNERS else "seat"
            with_it = self.builder.add_object(
                other, position, tuple(rpy), name=f"{name}-{role}" if name else "", moving=moving, parent=row
            )
            if role in PARTNERS:
                self.partners[row] = with_it
        low, high = self.bounds(row)
        self.occupy(float(position[0]), float(position[1]), float(max(high[0], -low[0])))
        return row

    def bounds(self, row: int) -> Array:
        """(2, 3) lowest and highest corner of an object with what it pushes or pulls, in its frame."""
        rows = [row, *([self.partners[row]] if row in self.partners else [])]
        models = [self.builder.objects[k].model for k in rows]
        boxes = np.array([model.bounds for model in models if model is not None and model.class_name != "rider"])
        return np.stack([boxes[:, 0].min(0), boxes[:, 1].max(0)])

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
        low, high = self.bounds(motion.object)
        half_width = float(max(high[1], -low[1]))
        upright = keeps_upright(model)
        motion = replace(motion, stride_m=model.stride_m)
        self.agents.append(agent_of_motion(motion, float(high[0]), float(-low[0]), half_width, upright))

    def stroll(self, row: int, line: Array, who: OnFoot) -> None:
        """Let object `row` walk about by itself, from the start of a `line` (2, 3) on, along which it looks."""
        self.follow(Motion(row, line, who.pace_mps, initial_speed_mps=who.pace_mps))
        self.agents[-1] = replace(self.agents[-1], on_foot=who)
