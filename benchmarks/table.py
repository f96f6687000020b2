"""Rows of a benchmark, fair timing, and the table that shows them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]


def best_seconds(works: Sequence[Callable[[], object]], rounds: int = 7, *, at_least_s: float = 0.0) -> list[float]:
    """The least time of each work over `rounds`, taking turns so that other load on the machine strikes all alike.

    Works that take milliseconds need more rounds, to meet a moment in which nothing disturbs them: those that fit into
    `at_least_s`.
    """
    best = [float("inf")] * len(works)
    begin, done = time.perf_counter(), 0
    collecting = gc.isenabled()
    gc.disable()
    try:
        while done < rounds or time.perf_counter() - begin < at_least_s:
            done += 1
            for k, work in enumerate(works):
                start = time.perf_counter()
                work()
                best[k] = min(best[k], time.perf_counter() - start)
    finally:
        if collecting:
            gc.enable()
    return best


def row(work: str, unit: str, threads: int, ours: float, peer: float | None = None, peer_name: str = "") -> Row:
    """One line of the table; `ratio` says how many times better ours is. Units with "/s" are better when greater."""
    ratio = None if not peer else (ours / peer if "/s" in unit else peer / ours)
    return {
        "work": work,
        "unit": unit,
        "threads": threads,
        "ours": ours,
        "peer": peer,
        "peer_name": peer_name,
        "ratio": ratio,
    }


def show(name: str, rows: Sequence[Row]) -> None:
    """Print the rows as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=name)
    for heading, justify in (
        ("work", "left"),
        ("unit", "left"),
        ("threads", "right"),
        ("ours", "right"),
        ("peer", "right"),
        ("peer is", "left"),
        ("ratio", "right"),
    ):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for line in rows:
        numbers = [f"{line[key]:.3g}" if line[key] is not None else "-" for key in ("ours", "peer")]
        ratio = f"{line['ratio']:.2f}" if line["ratio"] is not None else "-"
        table.add_row(line["work"], line["unit"], str(line["threads"]), *numbers, line["peer_name"] or "-", ratio)
    Console().print(table)
