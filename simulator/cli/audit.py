"""`oddroad audit`: what came out, beside what is real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Look at what came out, beside what is real.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _audit() -> None:
    """Commands that judge a dataset."""


@app.command()
def images(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A dataset, or a folder of pictures.")],
    against: Annotated[
        Path | None, typer.Option("--against", metavar="JSON", help="Statistics of other pictures, such as real ones.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="JSON", help="Write the statistics, for --against.")
    ] = None,
) -> None:
    """Measure pictures: edges, spectrum, noise, colour, highlights, by weather where DIR has scenes.

    Exit code 1: those of fair weather depart from --against (all of them, where the weather is not known); 3: these do
    not, but all weathers together do.
    """
    import json

    from simulator.audit.images import find_pictures, measure, read_reference
    from simulator.audit.weathers import FAIR, WEATHERS, weathers
    from simulator.pipeline.store import write_whole

    reference = [] if against is None else read_reference(against)
    pictures = find_pictures(folder)
    weather = weathers(folder, pictures)
    rows = dict(measure(pictures))
    if out is not None:
        write_whole(out, json.dumps({"camera": rows}, indent=1) + "\n")
    typer.echo(f"{len(rows)} pictures" + (f", against {len(reference)} of {against}" if reference else ""))
    whole = _table("" if not weather else "all", list(rows.values()), reference)
    if not weather:
        raise typer.Exit(1 if whole else 0)
    typer.echo("by weather, at the start of their scenes; those that --against has are taken for fair weather by day")
    departs = {
        name: _table(name, found, reference)
        for name in WEATHERS
        if (found := [row for path, row in rows.items() if weather.get(path) == name])
    }
    if reference:
        _verdict("fair weather", departs.get(FAIR))
        _verdict("all weathers", whole)
    raise typer.Exit(1 if departs.get(FAIR, whole) else 3 if whole else 0)


def _table(name: str, rows: Sequence[Mapping[str, Any]], reference: Sequence[Mapping[str, Any]]) -> list[str]:
    """Print the spread of some pictures; returns the statistics that depart from the reference."""
    from simulator.audit.images import compare

    spreads = compare(rows, reference)
    title = f"{name} ({len(rows)})" if name else ""
    against = f"{'reference':>18}{'inside':>9}" if reference else ""
    typer.echo(f"{title:<18}{'5 %':>9}{'median':>9}{'95 %':>9}{against}")
    for spread in spreads:
        line = f"{spread.name:<18}{spread.low:9.3f}{spread.middle:9.3f}{spread.high:9.3f}"
        if reference:
            line += f"{spread.least:9.3f}{spread.most:9.3f}{100 * spread.inside:7.0f} %" + (
                "" if spread.fits else "  out"
            )
        typer.echo(line)
    return [spread.name for spread in spreads if not spread.fits]


def _verdict(what: str, departs: list[str] | None) -> None:
    """Say whether some pictures depart from the reference; None: there are none."""
    found = "no pictures" if departs is None else f"out in {', '.join(departs)}" if departs else "within the reference"
    typer.echo(f"{what}: {found}")
