"""What can be played: storyboards, recorded drives, and the drives that our traffic makes; each as a run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.drives import Drive, read_drive
from simulator.drives.categories import category_of, entity_of
from simulator.errors import InputError, did_you_mean
from simulator.pipeline.store import file_digest
from simulator.roads import Lane, LaneSection, Road, RoadMark, RoadNetwork, RoadType
from simulator.roads.layout import Plan, Pose
from simulator.storyboard import model
from simulator.storyboard.player import play
from simulator.storyboard.recording import Recording, Row
from simulator.storyboard.rotation import wrap

if TYPE_CHECKING:
    from simulator.scenario.models import Scenario

DT_S, UNTIL_S = (0.001, 1.0), (0.0, 86_400.0)
USUAL_DT_S, USUAL_UNTIL_S = 0.05, 60.0
MAX_STEPS = 1_000_000
PLAIN_M = (40.0, 3000.0)  # asphalt around a drive without a map; the longest such ground


@dataclass(frozen=True, eq=False)
class Run:
    """A scripted scenario that is ready to be played.

    Attributes:
        name: of the run among those of a distribution; "" where there is only one.
        scenario: what happens. network: where; None: the scenario has no road.
        warnings: what of the files was ignored or assumed.
        ego: the entity that carries the sensors; "": as the scenario says.
    """

    name: str
    scenario: model.OpenScenario
    network: RoadNetwork | None
    warnings: tuple[str, ...]
    ego: str = ""

    def play(
        self, *, dt: float | None = None, until: float | None = None, seed: int = 0, strict: bool = False
    ) -> Recording:
        """What happens, at most until `until` s from the start, in steps of `dt` s.

        Args:
            dt: default 0.05; of a recorded drive: its own.
            until: default 60; of a recorded drive: its end.
            seed: of everything random.

        Raises:
            InputError: the scenario cannot be played; `strict`: it is not played in full.
        """
        for name, value, (low, high) in (("dt", dt, DT_S), ("until", until, UNTIL_S)):
            if value is not None and not low <= value <= high:
                raise InputError(f"must be between {low:g} and {high:g} s, not {value:g}", key=name)
        recording = self._played(dt, until, seed)
        if self.ego:
            if self.ego not in recording.entities:
                hint = did_you_mean(self.ego, recording.entities)
                raise InputError(f'has no entity "{self.ego}".{hint}', source=self.source, key="ego")
            recording.ego = self.ego
        if strict and recording.warnings:
            raise InputError(f"strict: {recording.warnings[0]}", source=self.source)
        return recording

    def not_shown(self, recording: Recording) -> list[str]:
        """What of the run sensors would not see as it was played, a line each."""
        from simulator.pipeline.staging import not_shown

        return not_shown(recording, self.network)

    def _played(self, dt: float | None, until: float | None, seed: int) -> Recording:
        dt, until = USUAL_DT_S if dt is None else dt, USUAL_UNTIL_S if until is None else until
        if until / dt > MAX_STEPS:
            raise InputError(f"{until:g} s in steps of {dt:g} s are more than {MAX_STEPS} steps", key="dt")
        return play(self.scenario, self.network, dt=dt, until=until, seed=seed)

    @property
    def source(self) -> str:
        """The file that it is from, or ""."""
        return str(self.scenario.source or "")

    def ground(self) -> RoadNetwork:
        """The roads to show it on. Raises InputError where there are none."""
        if self.network is None:
            raise InputError("names no map, so there is nothing to render", source=self.source)
        return self.network

    def facts(self, recording: Recording, *, until: float | None, seed: int, **more: Any) -> dict[str, Any]:
        """What it takes to run it again, and to know whether that can come out the same: for the file of a recording.

        Files are named without their folders and known by their SHA-256.
        """
        from simulator.pipeline.dataset import versions

        return {
            "scenario": _named(self.scenario.source),
            "map": _named(self.scenario.road_network.logic_file),
            "run": self.name,
            "dt": recording.dt,
            "until": until,
            "seed": seed,
            "versions": versions(),
            **more,
        }


def _named(file: Path | None) -> dict[str, str] | None:
    return {"name": file.name, "sha256": file_digest(file)} if file is not None and file.is_file() else None


@dataclass(frozen=True, eq=False)
class DriveRun(Run):
    """A recorded drive that is ready to be played."""

    drive: Drive = field(default_factory=lambda: Drive({}))

    @staticmethod
    def read(file: Path, map_file: Path | None = None, ego: str = "") -> DriveRun:
        """A table of trajectories or a scenario of Argoverse 2, on a map: given, beside the scenario, or none.

        Raises:
            InputError: a file cannot be used.
        """
        drive = read_drive(file, ego=ego or None)
        warnings = list(drive.warnings)
        scenario_id = str(drive.facts.get("argoverse", {}).get("scenario_id", ""))
        if map_file is None and re.fullmatch(r"[\w-]+", scenario_id):
            beside = file.with_name(f"log_map_archive_{scenario_id}.json")
            map_file = beside if beside.is_file() else None
        network = None
        if map_file is not None:
            from simulator.scenario.road_network import read_map  # slow to import

            network = read_map(map_file)
            warnings += [str(warning) for warning in network.warnings]
            drive = drive.on(network)
        scenario = model.OpenScenario(
            model.FileHeader(1, 3, description=drive.about or f"Recorded drive {file.name}"),
            model.Storyboard(model.Init()),
            road_network=model.RoadNetwork(map_file),
            source=file,
        )
        return DriveRun("", scenario, network, tuple(warnings), ego, drive)

    def _played(self, dt: float | None, until: float | None, seed: int) -> Recording:
        return self.drive.recording(dt, until)

    def ground(self) -> RoadNetwork:
        """The map's roads; without a map plain asphalt at the height of the ego, wide enough for all.

        Raises:
            InputError: the drive is too large for that.
        """
        if self.network is not None:
            return self.network
        points = np.concatenate([track.poses[:, :3] for track in self.drive.tracks.values()])
        middle = (points[:, :2].min(0) + points[:, :2].max(0)) / 2
        direction = np.linalg.svd(points[:, :2] - middle, full_matrices=False)[2][0]
        heading = float(np.arctan2(direction[1], direction[0]))
        along, across = np.array([direction, [-direction[1], direction[0]]]) @ (points[:, :2] - middle).T
        return _plain(middle, heading, along, across, float(np.median(self.drive.tracks[self.drive.ego].poses[:, 2])))


@dataclass(frozen=True, eq=False)
class SceneRun(Run):
    """A drive of our traffic that is ready to be played; `drive_scenario` is what `oddroad generate` would render."""

    drive_scenario: Scenario | None = None

    @staticmethod
    def read(file: Path, ego: str = "") -> SceneRun:
        """The scenario of a file. Raises InputError, InvalidScenario."""
        from simulator.scenario.reading import find_scenario, load

        loaded = load(file)
        road = loaded.road.opendrive
        scenario = model.OpenScenario(
            model.FileHeader(1, 3, description=loaded.about),
            model.Storyboard(model.Init()),
            road_network=model.RoadNetwork(Path(road) if isinstance(road, str) else None),
            source=find_scenario(file),
        )
        return SceneRun("", scenario, None, (), ego, loaded)

    def ground(self) -> RoadNetwork:
        """Raises InputError: `oddroad generate` renders it."""
        raise InputError(
            f"is a drive of our traffic, which oddroad generate renders: oddroad generate {self.source}",
            source=self.source,
        )

    def _played(self, dt: float | None, until: float | None, seed: int) -> Recording:
        from simulator.pipeline.flow import draw
        from simulator.world import build_world
        from simulator.world.recorded import AWAY_M

        assert self.drive_scenario is not None
        drawn = draw(self.drive_scenario, seed)
        world = build_world(drawn)
        dt = USUAL_DT_S if dt is None else dt
        seconds = drawn.duration_s if until is None else min(until, drawn.duration_s)
        things = [
            (thing, thing.model.bounds, category)
            for thing in world.scene.objects
            if thing.model is not None
            and not thing.parent
            and (category := category_of("car" if thing.id == world.ego else thing.class_name)) is not None
            and thing.class_name not in ("building", "pole")
        ]
        recording = Recording(dt, ego=world.scene.objects[world.ego].name)
        for thing, (low, high), category in things:
            length, width, height = (high - low).tolist()
            x, y, z = (0.5 * (high + low)).tolist()
            recording.entities[thing.name] = entity_of(thing.name, category, (length, width, height), (x, y, z))
        for step in range(int(seconds / dt + 1e-9) + 1):
            snapshot = world.timeline.at(round(step * dt * 1e9))
            floor = snapshot.position[world.ego, 2] - AWAY_M / 2
            for thing, _, _ in things:
                if snapshot.position[thing.id, 2] < floor:  # away: of a recorded drive
                    continue
                (x, y, z), (r, p, h) = snapshot.position[thing.id].tolist(), snapshot.rpy[thing.id].tolist()
                vx, vy, _ = snapshot.velocity[thing.id].tolist()
                speed = float(np.copysign(np.hypot(vx, vy), vx * np.cos(h) + vy * np.sin(h)))
                row = Row(step * dt, thing.name, x, y, z, wrap(h), wrap(p), wrap(r), speed, None, 0, 0.0, 0.0, 0.0)
                recording.table.append(row)
        return recording


def _plain(middle: Any, heading: float, along: Any, across: Any, z: float) -> RoadNetwork:
    """Asphalt without any paint, as a road along the longer side of a drive."""
    margin, most = PLAIN_M
    ends = float(along.min()) - margin, float(along.max()) + margin
    half = float(np.abs(across).max()) + margin
    if max(ends[1] - ends[0], 2 * half) > most:
        raise InputError(f"goes over more than {most:g} m; give its map with --map", key="map")
    start = Pose(float(middle[0]), float(middle[1]), heading).moved(ahead=ends[0])
    plan = Plan(start).line(ends[1] - ends[0])
    width = np.array([[0.0, half, 0.0, 0.0, 0.0]])
    none = (RoadMark(0.0, "none"),)
    lanes = tuple(Lane(i, "driving" if i else "none", widths=width if i else width[:0], marks=none) for i in (1, 0, -1))
    road = Road(
        id="0",
        length=plan.length,
        geometry=plan.geometry,
        sections=(LaneSection(0.0, plan.length, lanes),),
        elevation_profile=np.array([[0.0, z, 0.0, 0.0, 0.0]]),
        types=(RoadType(0.0, "rural"),),
    )
    return RoadNetwork({"0": road}, name="plain")
