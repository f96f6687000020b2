"""The commands for what is played and recorded: `oddroad replay`, `oddroad diverge` and `oddroad coverage`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.options import Formats, Quality, Resume, Workers, formats_of
from simulator.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from simulator.drives import Divergence
    from simulator.pipeline.runs import Run
    from simulator.storyboard.recording import Recording

Metres = Annotated[float, typer.Option("--tolerance-m", metavar="M", help="Positions may differ by so much.", min=0)]
Degrees = Annotated[float, typer.Option("--tolerance-deg", metavar="DEG", help="Angles may differ by so much.", min=0)]
Mps = Annotated[float, typer.Option("--tolerance-mps", metavar="M/S", help="Speeds may differ by so much.", min=0)]
Played = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="OpenSCENARIO (.xosc, 1.0 to 1.3), scenario (.yaml), or recorded drive: trajectories (.csv, .parquet) "
        "or a scenario of Argoverse 2 (.parquet).",
    ),
]
Trajectories = Annotated[
    Path | None,
    typer.Option(
        "--trajectories",
        metavar="FILE.csv|.parquet",
        help="Write where everything was; Parquet also has sizes, and what it takes to run it again.",
    ),
]
Events = Annotated[
    Path | None, typer.Option("--events", metavar="FILE.json", help="Write what happened in the storyboard.")
]
Step = Annotated[
    float | None, typer.Option("--dt", metavar="S", help="Step in seconds; default: 0.05, or the recorded drive's.")
]
Until = Annotated[
    float | None,
    typer.Option("--until", metavar="S", help="Latest end in seconds; default: 60, or the recorded drive's."),
]
Map = Annotated[
    Path | None,
    typer.Option("--map", metavar="FILE.xodr|.json", help="Map of a recorded drive (OpenDRIVE, Argoverse 2)."),
]
Carrier = Annotated[
    str, typer.Option("--ego", metavar="NAME", help="Who carries the sensors; default: Ego, AV, or the first.")
]
Check = Annotated[
    Path | None,
    typer.Option(
        "--check",
        metavar="RECORD.csv|.parquet",
        help="Run again what was recorded and say when and where it departs (exit code 1); step, end, seed and "
        "parameters are the record's.",
    ),
]
MapPath = Annotated[
    list[Path] | None,
    typer.Option("--map-path", metavar="DIR", help="Where to look for maps and catalogs; may be repeated."),
]
Param = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="Value of a parameter of the scenario; may be repeated."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Make the first warning an error.")]
Runs = Annotated[
    Path | None,
    typer.Option("--distribution", metavar="FILE.xosc", help="Play all runs of a distribution of parameters."),
]
Chance = Annotated[
    int | None,
    typer.Option("--seed", metavar="S", help="Seed of all that is random; default: the file's or 0.", min=0),
]
Rendered = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Render, into this folder; must be empty without --resume."),
]
RigName = Annotated[str, typer.Option("--rig", metavar="NAME", help="Sensors of the ego: kitti or nuscenes.")]
Rate = Annotated[
    float | None, typer.Option("--rate-hz", metavar="HZ", help="Frames a second; default: the sensors' own rates.")
]


def replay(
    file: Played,
    trajectories: Trajectories = None,
    events: Events = None,
    dt: Step = None,
    until: Until = None,
    map_file: Map = None,
    ego: Carrier = "",
    check: Check = None,
    tolerance_m: Metres = 0.01,
    tolerance_deg: Degrees = 0.1,
    tolerance_mps: Mps = 0.05,
    map_path: MapPath = None,
    param: Param = None,
    strict: Strict = False,
    distribution: Runs = None,
    seed: Chance = None,
    out: Rendered = None,
    format: Formats = None,
    rig: RigName = "kitti",
    quality: Quality = "standard",
    rate_hz: Rate = None,
    workers: Workers = 1,
    resume: Resume = False,
) -> None:
    """Play a scenario or a recorded drive and say how it went; with --out, show it to sensors and label it."""
    from simulator.drives import Tolerance, read_drive
    from simulator.pipeline.replay import check_run, of_run, read_runs, write_recording
    from simulator.pipeline.runs import DriveRun

    parameters: dict[str, object] = dict(_assignment(text) for text in param or ())
    record = None
    if check is not None and distribution is None:
        record = read_drive(check)
        parameters = parameters or dict(record.facts.get("parameters") or {})
        seed = record.facts.get("seed") if seed is None else seed
        until = record.facts.get("until") if until is None else until
    runs = read_runs(
        file,
        parameters=parameters,
        map_path=map_path or (),
        strict=strict,
        distribution=distribution,
        seed=seed,
        map_file=map_file,
        ego=ego,
    )
    warned: set[str] = set()
    played, departed = [], False
    for run in runs:
        if out is not None:
            run.ground()  # before anything is played: there is one
        start = time.perf_counter()
        if check is not None:
            against = record or read_drive(of_run(check, run.name))
            tolerance = Tolerance(tolerance_m, tolerance_deg, tolerance_mps)
            found, recording, changes = check_run(
                run, against, dt=dt, until=until, seed=seed, parameters=parameters, tolerance=tolerance
            )
        else:
            recording = run.play(dt=dt, until=until, seed=seed or 0, strict=strict)
        seconds = time.perf_counter() - start
        _warn(_warnings(run, recording, file, shown=out is not None, strict=strict), warned)
        facts = run.facts(recording, until=until, seed=seed or 0, parameters=parameters) if trajectories else {}
        write_recording(recording, trajectories=trajectories, events=events, run=run.name, facts=facts)
        typer.echo(_summary(run, recording, seconds))
        if check is not None:
            departed |= _report(found, f"{of_run(check, run.name).name} and the re-run", changes)
        if out is not None:
            if run.network is None and isinstance(run, DriveRun):
                _warn([f"{file}: has no map: plain asphalt stands for the ground; give one with --map"], warned)
            played.append((run, recording))
    if out is not None:
        shown = {"rig": rig, "rate_hz": rate_hz, "seed": seed or 0, "formats": formats_of(format), "quality": quality}
        _render(played, out, **shown, workers=workers, resume=resume)
    if departed:
        raise typer.Exit(1)


def _warnings(run: Run, recording: Recording, file: Path, *, shown: bool, strict: bool) -> list[str]:
    """What of a run is not played or, if it is `shown`, not seen as written; the latter is an error when strict."""
    unshown = run.not_shown(recording) if shown else []
    if strict and unshown:
        raise InputError(f"strict: {unshown[0]}", source=str(file))
    return [*run.warnings, *(f"{file}: {text}" for text in (*recording.warnings, *unshown))]


def _warn(warnings: list[str], warned: set[str]) -> None:
    """Print those warnings that have not been printed yet."""
    for warning in dict.fromkeys(warnings):
        if warning not in warned:
            warned.add(warning)
            typer.echo(f"{warning} (warning)", err=True)


def _render(played: list[tuple[Run, Recording]], out: Path, **options: Any) -> None:
    """Show runs to sensors, with progress; print the path of the manifest."""
    from simulator.cli.progress import Progress
    from simulator.pipeline.replay import render_runs

    with Progress() as progress:
        manifest = render_runs(played, out, report=progress, **options)
    typer.echo(str(manifest))


def diverge(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help="Recorded drive (.csv, .parquet).")],
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="The drive to compare with it.")],
    tolerance_m: Metres = 0.01,
    tolerance_deg: Degrees = 0.1,
    tolerance_mps: Mps = 0.05,
) -> None:
    """Compare two recorded drives: at which time and which actor do they depart, and by how much (exit code 1)."""
    from simulator.drives import Tolerance, read_drive
    from simulator.drives import diverge as compare

    tolerance = Tolerance(tolerance_m, tolerance_deg, tolerance_mps)
    found = compare(read_drive(reference), read_drive(other), tolerance)
    if _report(found, f"{reference.name} and {other.name}", []):
        raise typer.Exit(1)


def _report(found: Divergence, what: str, changes: list[str]) -> bool:
    """Print how two drives differ; whether they do."""
    typer.echo(f"{what} {found}")
    if found:
        for change in changes:
            typer.echo(f"changed since the recording: {change}", err=True)
        typer.echo(found.table())
    return bool(found)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InputError(f'needs NAME=VALUE, not "{text}"', key="--param")
    return name, value


def _summary(run: Run, recording: Recording, seconds: float) -> str:
    duration = recording.table[-1].t - recording.table[0].t if recording.table else 0.0
    names = ", ".join(recording.entities) if len(recording.entities) <= 12 else str(len(recording.entities))
    missed = len(run.warnings) + len(recording.warnings)
    return "; ".join(
        (
            f"{run.name or Path(run.scenario.source or '').name}: {duration:.2f} s",
            f"entities: {names or 'none'}",
            f"{len(recording.events)} events",
            f"{missed} warning{'' if missed == 1 else 's'}",
            f"{duration / max(seconds, 1e-9):.0f} times real time",
        )
    )


def coverage(
    what: Annotated[str, typer.Argument(metavar="openscenario|opendrive", help="Which standard.")] = "openscenario",
) -> None:
    """Print which elements of a standard are supported, partly or not, each with its test."""
    from simulator.coverage import TableRow, table_text
    from simulator.roads import coverage as opendrive
    from simulator.storyboard import coverage as openscenario

    tables: dict[str, Sequence[TableRow]] = {"openscenario": openscenario.ROWS, "opendrive": opendrive.ROWS}
    if what not in tables:
        known = ", ".join(tables)
        raise InputError(f'there is no table of "{what}".{did_you_mean(what, tables)} Known: {known}')
    typer.echo(table_text(tables[what]))
