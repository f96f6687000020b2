"""The commands for scripted scenarios: `oddroad replay` and `oddroad coverage`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from simulator.pipeline.replay import Run
    from simulator.storyboard.recording import Recording


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="OpenSCENARIO (.xosc, 1.0 to 1.3) or scripted (.yaml).")],
    trajectories: Annotated[
        Path | None, typer.Option("--trajectories", metavar="FILE.csv", help="Write where everything was.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option("--events", metavar="FILE.json", help="Write what happened in the storyboard.")
    ] = None,
    dt: Annotated[float, typer.Option("--dt", metavar="S", help="Step in seconds.")] = 0.05,
    until: Annotated[float, typer.Option("--until", metavar="S", help="Latest end in seconds.")] = 60.0,
    map_path: Annotated[
        list[Path] | None,
        typer.Option("--map-path", metavar="DIR", help="Where to look for maps and catalogs; may be repeated."),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="Value of a parameter of the scenario; may be repeated."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Make the first warning an error.")] = False,
    distribution: Annotated[
        Path | None,
        typer.Option("--distribution", metavar="FILE.xosc", help="Play all runs of a distribution of parameters."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="S", help="Seed of all that is random; default: the file's or 0.", min=0),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Render, into this folder; must be empty without --resume."),
    ] = None,
    format: Annotated[
        str, typer.Option("--format", metavar="KIND,...", help="Dataset formats, separated by commas.")
    ] = "kitti,coco",
    rig: Annotated[str, typer.Option("--rig", metavar="NAME", help="Sensors of the ego.")] = "kitti",
    quality: Annotated[
        str, typer.Option("--quality", metavar="Q", help="standard, or preview for a look.")
    ] = "standard",
    rate_hz: Annotated[
        float | None, typer.Option("--rate-hz", metavar="HZ", help="Frames a second; default: the sensors' own rates.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="W", help="Processes.", min=1, max=512)] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")] = False,
) -> None:
    """Play a scripted scenario and say how it went; with --out, show it to sensors and write a labelled dataset."""
    from simulator.pipeline.replay import read_runs, write_recording
    from simulator.pipeline.staging import not_shown

    runs = read_runs(
        file,
        parameters=dict(_assignment(text) for text in param or ()),
        map_path=map_path or (),
        strict=strict,
        distribution=distribution,
        seed=seed,
    )
    warned: set[str] = set()
    played = []
    for run in runs:
        start = time.perf_counter()
        recording = run.play(dt=dt, until=until, seed=seed or 0, strict=strict)
        seconds = time.perf_counter() - start
        unshown = not_shown(recording, run.network) if out is not None else []
        if strict and unshown:
            raise InputError(f"strict: {unshown[0]}", source=str(file))
        for warning in (*run.warnings, *(f"{file}: {text}" for text in (*recording.warnings, *unshown))):
            if warning not in warned:
                warned.add(warning)
                typer.echo(f"{warning} (warning)", err=True)
        write_recording(recording, trajectories=trajectories, events=events, run=run.name)
        typer.echo(_summary(run, recording, seconds))
        if out is not None:
            played.append((run, recording))
    if out is not None:
        from simulator.cli.progress import Progress
        from simulator.pipeline.replay import render_runs

        with Progress() as progress:
            manifest = render_runs(
                played,
                out,
                rig=rig,
                rate_hz=rate_hz,
                seed=seed or 0,
                formats=[kind.strip() for kind in format.split(",") if kind.strip()],
                quality=quality,
                workers=workers,
                resume=resume,
                report=progress,
            )
        typer.echo(str(manifest))


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InputError(f'needs NAME=VALUE, not "{text}"', key="--param")
    return name, value


def _summary(run: Run, recording: Recording, seconds: float) -> str:
    duration = recording.table[-1].t if recording.table else 0.0
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
    what: Annotated[str, typer.Argument(metavar="openscenario", help="Which standard.")] = "openscenario",
) -> None:
    """Print which elements of a standard are supported, partly or not, each with its test."""
    from simulator.storyboard.coverage import ROWS

    if what != "openscenario":
        hint = did_you_mean(what, ["openscenario"])
        raise InputError(f'there is no table of "{what}".{hint} Known: openscenario')
    table = [(row.element, row.group, row.support, row.test, row.note) for row in ROWS]
    widths = [max(len(line[column]) for line in table) for column in range(4)]
    for line in table:
        padded = (f"{text:<{width}}" for text, width in zip(line[:4], widths, strict=True))
        typer.echo("  ".join([*padded, line[4]]).rstrip())
