"""Others that play a script while an agent is the ego: storyboards that react to it, or recordings that do not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.numerics.rng import child_seed
from simulator.roads import RoadNetwork
from simulator.storyboard import model
from simulator.storyboard.player import Player
from simulator.storyboard.recording import Recording

if TYPE_CHECKING:
    from simulator.pipeline.runs import Run

NO_BOX = model.BoundingBox(1.5, 0.0, 0.75, 4.5, 1.8, 1.5)  # of what the scenario gives none
_AXLE_SHARE = 0.6  # wheelbase in shares of the length, of usual cars


class Part(NamedTuple):
    """Where an entity is, world frame: m, rad, m/s; and its box."""

    x: float
    y: float
    z: float
    yaw: float
    speed: float
    box: model.BoundingBox


class Script(ABC):
    """One world's script. `ego` is the entity that the agent is."""

    ego: str

    @property
    @abstractmethod
    def mind(self) -> Any:
        """What of it changes as it is played: plain data."""

    @abstractmethod
    def recall(self, mind: Any) -> None:
        """Stand where it stood with that `mind`."""

    @abstractmethod
    def begin(self, seed: int) -> dict[str, Part]:
        """Start anew; everybody at time 0."""

    @abstractmethod
    def advance(self, dt: float, ego: Part) -> dict[str, Part] | None:
        """Everybody `dt` s later, the ego having come to where it is given; None: the script is over."""


class Storyboard(Script):
    """A storyboard, played step by step: its conditions see the agent."""

    def __init__(self, run: Run) -> None:
        """The run of a storyboard."""
        self._run = run
        self.ego = run.ego or run.play(until=0.0).ego
        if not self.ego:
            raise InputError("has no vehicle that the agent could be", source=run.source)
        self._seed: int | None = None
        self._past = array("d")  # dt, and x, y, yaw and speed of the ego after it, of every step

    @property
    def mind(self) -> tuple[int | None, list[float]]:
        """Its seed, None before it has begun, and what it was given since: players hold functions, not only data."""
        return self._seed, self._past.tolist()

    def recall(self, mind: tuple[int | None, list[float]]) -> None:
        """Play all that again."""
        seed, past = mind
        if seed is not None:
            self.begin(seed)
            for step in np.reshape(past, (-1, 5)).tolist():
                self._go(*step)

    def begin(self, seed: int) -> dict[str, Part]:
        """Start anew; everybody at time 0."""
        self._player = Player(self._run.scenario, self._run.network, seed=child_seed(seed, "script") % (1 << 31))
        self._seed, self._past = seed, array("d")
        return self._parts()

    def advance(self, dt: float, ego: Part) -> dict[str, Part] | None:
        """Everybody `dt` s later; the ego is put where the agent is, whatever the storyboard wants of it."""
        return self._parts() if self._go(dt, ego.x, ego.y, ego.yaw, ego.speed) else None

    def _go(self, dt: float, x: float, y: float, yaw: float, speed: float) -> bool:
        """Go on by `dt` s, and put the ego somewhere; whether the storyboard goes on."""
        self._past.extend((dt, x, y, yaw, speed))
        going = self._player.step(dt)
        entity = self._player.world.entities[self.ego]
        entity.position.set_world(x, y, h=yaw)
        entity.set_speed(speed)
        return going

    def _parts(self) -> dict[str, Part]:
        found = {}
        for entity in self._player.world.active:
            if not entity.is_ghost:
                p = entity.position
                found[entity.name] = Part(p.x, p.y, p.z, p.h, entity.speed, entity.box)
        return found


class Replay(Script):
    """A recording: all but the ego do what they did."""

    def __init__(self, recording: Recording) -> None:
        """A recording, played from its start."""
        self.ego, self._dt = recording.ego, recording.dt
        boxes = {name: getattr(each, "bounding_box", NO_BOX) for name, each in recording.entities.items()}
        self._steps: dict[int, dict[str, Part]] = {}
        for row in recording.table:
            part = Part(row.x, row.y, row.z, row.h, row.speed, boxes.get(row.name, NO_BOX))
            self._steps.setdefault(round(row.t / self._dt), {})[row.name] = part
        self._time = 0.0

    @property
    def mind(self) -> float:
        """Its time, s."""
        return self._time

    def recall(self, mind: float) -> None:
        """Be at that time."""
        self._time = mind

    def begin(self, seed: int) -> dict[str, Part]:
        """Start anew; everybody at time 0."""
        self._time = 0.0
        return self._steps[0]

    def advance(self, dt: float, ego: Part) -> dict[str, Part] | None:
        """Everybody `dt` s later."""
        self._time += dt
        return self._steps.get(round(self._time / self._dt))


def read_scripts(file: str, worlds: int, dt: float, duration_s: float) -> tuple[list[Script], RoadNetwork]:
    """Scripts of W worlds and their roads, from any file that `oddroad replay` plays.

    Raises:
        InputError: the file cannot be used, or names no roads.
    """
    from simulator.pipeline.replay import read_runs
    from simulator.pipeline.runs import DriveRun, SceneRun

    run = next(iter(read_runs(Path(file))))
    if isinstance(run, (DriveRun, SceneRun)):
        recording = run.play(dt=dt if isinstance(run, SceneRun) else None, until=duration_s)
        return [Replay(recording) for _ in range(worlds)], _roads(run)
    return [Storyboard(run) for _ in range(worlds)], run.ground()


def _roads(run: Run) -> RoadNetwork:
    from simulator.pipeline.flow import draw
    from simulator.pipeline.runs import SceneRun
    from simulator.scenario.road_network import build_network

    if not isinstance(run, SceneRun):
        return run.ground()
    assert run.drive_scenario is not None
    drawn = draw(run.drive_scenario, 0)
    return build_network(drawn.road, drawn.seed or 0)


def put(part: Part, origin: NDArray[np.float64], vehicle: Any, driver: Any) -> None:
    """Write where an entity is, and its box, into rows of VEHICLE_DTYPE and DRIVER_DTYPE."""
    box = part.box
    vehicle["x"], vehicle["y"], vehicle["z"] = np.array([part.x, part.y, part.z]) - origin
    vehicle["yaw"], vehicle["speed"] = part.yaw, part.speed
    driver["front"], driver["rear"] = 0.5 * box.length + box.center_x, 0.5 * box.length - box.center_x
    driver["half_width"], driver["height"] = 0.5 * box.width, box.height
    driver["wheelbase"] = _AXLE_SHARE * box.length
