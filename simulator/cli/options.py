"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key, such as weather.rain_mm_h=12; may be repeated."),
]
Seed = Annotated[int, typer.Option("--seed", metavar="S", help="Seed; equal seeds give equal results.", min=0)]
Quality = Annotated[
    str,
    typer.Option(
        "--quality", metavar="Q", help="standard for datasets, preview for a look, reference to judge both by (slow)."
    ),
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="KIND",
        help="Dataset format (see oddroad list formats); may be repeated, or several with commas; default: kitti,coco.",
    ),
]
Workers = Annotated[
    int, typer.Option("--workers", metavar="W", help="Processes; the result does not depend on it.", min=1, max=512)
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue an interrupted run; begins one if there is none.")]


def formats_of(given: Sequence[str] | None) -> list[str]:
    """The kinds that `--format` names, once or several times; by default those of `generate`."""
    from simulator.pipeline.dataset import FORMATS

    return [kind.strip() for text in given or FORMATS for kind in text.split(",") if kind.strip()]
