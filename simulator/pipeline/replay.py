"""From files to runs, and from runs to recordings and datasets on disk."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from simulator.drives import Divergence, Drive, Tolerance, diverge, is_table, write_drive
from simulator.errors import InputError
from simulator.pipeline.runs import DriveRun, Run, SceneRun
from simulator.roads import RoadNetwork, read_opendrive, write_opendrive
from simulator.storyboard.distributions import Distribution, is_distribution, read_distribution
from simulator.storyboard.openscenario import ScenarioFile
from simulator.storyboard.parameters import ViolatedConstraint
from simulator.storyboard.recording import Recording

_File = str | os.PathLike[str]
SCRIPTS = (".yaml", ".yml", "")


def read_runs(
    path: _File,
    *,
    parameters: Mapping[str, object] | None = None,
    map_path: Iterable[_File] = (),
    strict: bool = False,
    distribution: _File | Distribution | None = None,
    seed: int | None = None,
    map_file: _File | None = None,
    ego: str = "",
) -> Iterator[Run]:
    """The runs of a scenario: one, or those of a distribution of its parameters, each read when it is its turn.

    Args:
        path: an OpenSCENARIO file, a scripted scenario or one with traffic of ours (YAML, or the bare name of a
            shipped one), or a recorded drive (.csv, .parquet; see `read_drive`). An OpenSCENARIO file that holds
            distributions and no scenario stands for the first of their runs.
        parameters: values for parameters of the scenario, by name; they win over those of the distribution.
        map_path: folders in which to look for maps and catalogs that are not beside the file.
        strict: make the first warning an error.
        distribution: of parameter values, or its file; the scenario that it names does not matter. Runs whose
            values the scenario's own constraints exclude are left out, with a warning.
        seed: of stochastic distributions; None: the file's, or 0.
        map_file: the map (.xodr, or .json of Argoverse 2) of a recorded drive; None: beside it, or none.
        ego: the entity that carries the sensors; "": as the scenario says.

    Raises:
        InputError: a file cannot be used.
    """
    if is_table(path):
        for given_for_scripts, option in ((parameters, "--param"), (distribution, "--distribution")):
            if given_for_scripts:
                raise InputError("is a recorded drive, which has no parameters", source=str(path), key=option)
        run = DriveRun.read(Path(path), None if map_file is None else Path(map_file), ego)
        if strict and run.warnings:
            raise InputError(f"strict: {run.warnings[0]}")
        yield run
        return
    if map_file is not None:
        raise InputError("names its own map; --map is for recorded drives", source=str(path), key="--map")
    folders, given = tuple(map_path), dict(parameters or {})
    for folder in folders:
        if not Path(folder).is_dir():
            raise InputError(f"there is no folder {folder}", key="--map-path")
    if distribution is None and Path(path).suffix.lower() not in SCRIPTS and is_distribution(path):
        yield from _first_run(path, given, folders, strict=strict, seed=seed, ego=ego)
        return
    runs: Iterable[tuple[str, Mapping[str, object]]] = [("", {})]
    ignored: tuple[str, ...] = ()
    if distribution is not None:
        read = (
            distribution
            if isinstance(distribution, Distribution)
            else read_distribution(distribution, map_path=(Path(path).parent, *folders), seed=seed)
        )
        runs, ignored = read, read.warnings
        if strict and ignored:
            raise InputError(f"strict: {ignored[0]}")
    networks: dict[Path, RoadNetwork] = {}  # the runs of a distribution nearly always share their map
    if Path(path).suffix.lower() in SCRIPTS:
        from simulator.scenario.scripted import is_script, read_script  # slow to import

        if not is_script(Path(path)):
            if given or distribution is not None:
                raise InputError("is no scripted scenario, so it has no parameters", source=str(path))
            yield SceneRun.read(Path(path), ego)
            return
        for name, values in runs:
            yield Run(name, *read_script(Path(path), {**values, **given}, seed=seed or 0), ignored, ego)
        return
    left_out: list[ViolatedConstraint] = []
    notes = list(ignored)
    source = ScenarioFile(path, map_path=folders)
    for name, values in runs:
        try:
            scenario = source.read({**values, **given}, strict=strict)
        except ViolatedConstraint as error:
            if distribution is None or strict:
                raise
            left_out.append(error)
            notes.append(f"{name} is left out: {error}")
            continue
        file = scenario.road_network.logic_file
        if file is not None and file not in networks:
            networks[file] = read_opendrive(file)
        network = None if file is None else networks[file]
        repaired = () if network is None else tuple(str(warning) for warning in network.warnings)
        if strict and repaired:
            raise InputError(f"strict: {repaired[0]}")
        yield Run(name, scenario, network, (*notes, *scenario.warnings, *repaired), ego)
    if len(left_out) == (1 if distribution is None else len(read)):
        raise left_out[0]


def _first_run(
    path: _File, given: Mapping[str, object], folders: Sequence[_File], *, strict: bool, seed: int | None, ego: str
) -> Iterator[Run]:
    """The first of the runs of a distribution, of the scenario that it names."""
    read = read_distribution(path, map_path=folders, seed=seed)
    note = f"{path}: the first of {len(read)} runs is played; give the file as --distribution to play all"
    for run in read_runs(
        read.scenario, parameters=given, map_path=folders, strict=strict, distribution=read, seed=seed, ego=ego
    ):
        yield replace(run, name="", warnings=(*((note,) if len(read) > 1 else ()), *run.warnings))
        return


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
    # What shows a world is slow to import, and most runs are only played.
    from simulator.pipeline.dataset import generate
    from simulator.pipeline.staging import staged
    from simulator.world.recorded import write_recorded

    with tempfile.TemporaryDirectory(prefix="oddroad-") as folder:
        scenarios = []
        for run, recording in played:
            name = run.name or Path(run.scenario.source or "run").stem
            safe = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
            drive, road = Path(folder) / f"{safe}.json", run.scenario.road_network.logic_file
            network = run.ground()
            if road is None or road.suffix.lower() == ".json":  # procedural, or converted
                road = Path(folder) / f"{safe}.xodr"
                write_opendrive(network, road)
            write_recorded(recording, drive)
            shown = staged(run.scenario, recording, road, drive, rig=rig, rate_hz=rate_hz, seed=seed)
            scenarios.append((f"{name}.xosc", shown))
        names = dict.fromkeys(Path(run.scenario.source or "").name for run, _ in played)
        command = shlex.join(["oddroad", "replay", *names, "--seed", str(seed)])
        return generate(scenarios, out, seed=seed, command=command, **options)


def write_recording(
    recording: Recording,
    *,
    trajectories: Path | None = None,
    events: Path | None = None,
    run: str = "",
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write the trajectories and the timeline of events (JSON); `run` is added to the names of the files.

    Trajectories are CSV, or (.parquet) a table with categories and sizes as well, in full precision, and with `facts`.

    Raises:
        OutputError: a file cannot be written; what it held before is still there then.
    """
    if trajectories is not None:
        path = of_run(trajectories, run)
        if path.suffix.lower() == ".parquet":
            write_drive(Drive.of(recording, facts=dict(facts or {})), path)
        else:
            recording.write_trajectories(path)
    if events is not None:
        recording.write_events(of_run(events, run))


def of_run(path: Path, run: str) -> Path:
    """The file of one run of a distribution: with the run's name, if it has one, after its own."""
    return path.with_name(f"{path.stem}-{run}{path.suffix}") if run else path


def check_run(
    run: Run,
    record: Drive,
    *,
    dt: float | None = None,
    until: float | None = None,
    seed: int | None = None,
    parameters: Mapping[str, object] | None = None,
    tolerance: Tolerance | None = None,
) -> tuple[Divergence, Recording, list[str]]:
    """Run again what was recorded, and see where it departs.

    Args:
        record: what `read_drive` made of a recording.
        dt, until, seed: None: those of the record; where it does not say: its step, its last time, 0.
        parameters: with which the run was read.

    Returns:
        How the run departs from the record, the run, and what has changed since: files, versions, options.
    """
    facts = record.facts
    dt = float(facts.get("dt") or record.dt) if dt is None else dt
    if until is None:
        until = facts.get("until") if facts else record.end
    seed = int(facts.get("seed") or 0) if seed is None else seed
    recording = run.play(dt=dt, until=until, seed=seed)
    return (
        diverge(record, Drive.of(recording), tolerance),
        recording,
        list(_changes(facts, run.facts(recording, until=until, seed=seed, parameters=dict(parameters or {})))),
    )


def _changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What of a record's facts is no longer so, a line each."""
    for name in ("scenario", "map"):
        old, new = then.get(name), now.get(name)
        if name in then and old != new:
            names = [each.get("name") if isinstance(each, dict) else "none" for each in (old, new)]
            what = f"was {names[0]}, is {names[1]}" if names[0] != names[1] else f"{names[0]} has other content"
            yield f"{name}: {what}"
    for name in ("dt", "until", "seed", "run", "parameters"):
        if name in then and then[name] != now[name]:
            yield f"{name}: was {then[name]}, is {now[name]}"
    versions = then.get("versions")
    for name, old in versions.items() if isinstance(versions, dict) else ():
        new = now["versions"].get(name, "none")
        if old != new:
            yield f"{name}: was {old}, is {new}"
