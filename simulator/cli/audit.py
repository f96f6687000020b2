"""`oddroad audit`: what came out, beside what is real."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    """Measure pictures: edges, spectrum, noise, colour, highlights; exit code 1 if they depart from --against."""
    import json

    from simulator.audit.images import compare, find_pictures, measure, read_reference
    from simulator.pipeline.store import write_whole

    reference = [] if against is None else read_reference(against)
    rows = dict(measure(find_pictures(folder)))
    if out is not None:
        write_whole(out, json.dumps({"camera": rows}, indent=1) + "\n")
    spreads = compare(list(rows.values()), reference)
    typer.echo(f"{len(rows)} pictures" + (f", against {len(reference)} of {against}" if reference else ""))
    typer.echo(f"{'':<18}{'5 %':>9}{'median':>9}{'95 %':>9}" + (f"{'reference':>18}{'inside':>9}" if reference else ""))
    for spread in spreads:
        line = f"{spread.name:<18}{spread.low:9.3f}{spread.middle:9.3f}{spread.high:9.3f}"
        if reference:
            line += f"{spread.least:9.3f}{spread.most:9.3f}{100 * spread.inside:7.0f} %" + (
                "" if spread.fits else "  out"
            )
        typer.echo(line)
    raise typer.Exit(0 if all(spread.fits for spread in spreads) else 1)
