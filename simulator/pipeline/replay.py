"""Scripted scenarios from their files to recordings on disk: read, play, write whole files."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.errors import InputError
from simulator.pipeline.staging import staged
from simulator.roads import RoadNetwork, read_opendrive, write_opendrive
from simulator.scenario.scripted import is_script, read_script
from simulator.storyboard import model
from simulator.storyboard.distributions import read_distribution
from simulator.storyboard.openscenario import read_openscenario
from simulator.storyboard.player import play
from simulator.storyboard.recording import Recording
from simulator.world.recorded import write_recorded

_File = str | os.PathLike[str]
DT_S, UNTIL_S = (0.001, 1.0), (0.0, 86_400.0)
SCRIPTS = (".yaml", ".yml", "")
MAX_STEPS = 1_000_000


@dataclass(frozen=True, eq=False)
class Run:
    """A scripted scenario that is ready to be played.

    Attributes:
        name: of the run among those of a distribution; "" where there is only one.
        scenario: what happens. network: where; None: the scenario has no road.
        warnings: what of the files was ignored or assumed.
    """

    name: str
    scenario: model.OpenScenario
    network: RoadNetwork | None
    warnings: tuple[str, ...]

    def play(self, *, dt: float = 0.05, until: float = 60.0, seed: int = 0, strict: bool = False) -> Recording:
        """What happens, at most until `until` s, in steps of `dt` s.

        Raises:
            InputError: the scenario cannot be played; `strict`: it is not played in full.
        """
        for name, value, (low, high) in (("dt", dt, DT_S), ("until", until, UNTIL_S)):
            if not low <= value <= high:
                raise InputError(f"must be between {low:g} and {high:g} s, not {value:g}", key=name)
        if until / dt > MAX_STEPS:
            raise InputError(f"{until:g} s in steps of {dt:g} s are more than {MAX_STEPS} steps", key="dt")
        recording = play(self.scenario, self.network, dt=dt, until=until, seed=seed)
        if strict and recording.warnings:
            raise InputError(f"strict: {recording.warnings[0]}", source=str(self.scenario.source or ""))
        return recording


def read_runs(
    path: _File,
    *,
    parameters: Mapping[str, object] | None = None,
    map_path: Iterable[_File] = (),
    strict: bool = False,
    distribution: _File | None = None,
    seed: int | None = None,
) -> Iterator[Run]:
    """The runs of a scenario: one, or those of a distribution of its parameters, each read when it is its turn.

    Args:
        path: an OpenSCENARIO file, or a scripted one of ours (YAML, or the bare name of a shipped one).
        parameters: values for parameters of the scenario, by name; they win over those of the distribution.
        map_path: folders in which to look for maps and catalogs that are not beside the file.
        strict: make the first warning an error.
        distribution: file of parameter value distributions; the scenario that it names does not matter.
        seed: of stochastic distributions; None: the file's, or 0.

    Raises:
        InputError: a file cannot be used.
    """
    folders, given = tuple(map_path), dict(parameters or {})
    runs: list[tuple[str, dict[str, object]]] = [("", {})]
    ignored: tuple[str, ...] = ()
    if distribution is not None:
        read = read_distribution(distribution, map_path=(Path(path).parent, *folders), seed=seed)
        runs, ignored = [(name, dict(values)) for name, values in read], read.warnings
        if strict and ignored:
            raise InputError(f"strict: {ignored[0]}")
    networks: dict[Path, RoadNetwork] = {}  # the runs of a distribution nearly always share their map
    if Path(path).suffix.lower() in SCRIPTS:
        if not is_script(Path(path)):
            raise InputError(
                "is a drive, not a scripted scenario: oddroad generate makes scenes of it", source=str(path)
            )
        for name, values in runs:
            yield Run(name, *read_script(Path(path), {**values, **given}, seed=seed or 0), ignored)
        return
    for name, values in runs:
        scenario = read_openscenario(path, parameters={**values, **given}, map_path=folders, strict=strict)
        file = scenario.road_network.logic_file
        if file is not None and file not in networks:
            networks[file] = read_opendrive(file)
        network = None if file is None else networks[file]
        repaired = () if network is None else tuple(str(warning) for warning in network.warnings)
        if strict and repaired:
            raise InputError(f"strict: {repaired[0]}")
        yield Run(name, scenario, network, (*ignored, *scenario.warnings, *repaired))


def render_runs(
    played: Sequence[tuple[Run, Recording]],
    out: Path,
    *,
    rig: str = "kitti",
    rate_hz: float | None = None,
    seed: int = 0,
    **options: Any,
) -> Path:
    """Show runs to the sensors of their egos and write a dataset, a scene each; returns the path of its manifest.

    Args:
        rig, rate_hz, seed: see `staged`.
        options: see `generate`.

    Raises:
        InputError: a run cannot be shown.
        OutputError: the folder cannot be used or written.
    """
    from simulator.pipeline.dataset import generate

    with tempfile.TemporaryDirectory(prefix="oddroad-") as folder:
        scenarios = []
        for run, recording in played:
            name = run.name or Path(run.scenario.source or "run").stem
            safe = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
            drive, road = Path(folder) / f"{safe}.json", run.scenario.road_network.logic_file
            if run.network is None:
                raise InputError("names no map, so there is nothing to render", source=str(run.scenario.source or ""))
            if road is None:  # a procedural one
                road = Path(folder) / f"{safe}.xodr"
                write_opendrive(run.network, road)
            write_recorded(recording, drive)
            shown = staged(run.scenario, recording, road, drive, rig=rig, rate_hz=rate_hz, seed=seed)
            scenarios.append((f"{name}.xosc", shown))
        names = dict.fromkeys(Path(run.scenario.source or "").name for run, _ in played)
        command = shlex.join(["oddroad", "replay", *names, "--seed", str(seed)])
        return generate(scenarios, out, seed=seed, command=command, **options)


def write_recording(
    recording: Recording, *, trajectories: Path | None = None, events: Path | None = None, run: str = ""
) -> None:
    """Write the trajectories (CSV) and the timeline of events (JSON); `run` is added to the names of the files.

    Raises:
        OutputError: a file cannot be written; what it held before is still there then.
    """
    for path, write in ((trajectories, recording.write_trajectories), (events, recording.write_events)):
        if path is not None:
            write(path.with_name(f"{path.stem}-{run}{path.suffix}") if run else path)
