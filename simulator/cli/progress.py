"""Progress of a generation on stderr: bars on a terminal, elsewhere lines: a frame at first, then a scene."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from simulator.pipeline import Event


class Progress:
    """Context manager; call it with every Event of `generate`."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bars: Bars | None = None
        self._scenes: Any = None
        self._frames: dict[str, Any] = {}
        self._start = time.monotonic()
        self._first = True

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bars = Bars(*columns, TimeElapsedColumn(), console=self._console)
            self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if event.kind == "resumed":
            self._begin(event)
        elif event.kind == "merging":
            self._line("writing the dataset")
        elif self._bars is not None:
            self._show(event)
        elif event.kind == "scene":
            self._first = False
            self._line(f"scene {event.done} of {event.total} ({event.scene})")
        elif self._first:  # the first scenes take long when kernels are compiled: show that it goes on
            self._line(f"scene {event.scene}: frame {event.done} of {event.total}")

    def _begin(self, event: Event) -> None:
        from simulator.pipeline.dataset import kernels_cached

        if event.done:
            self._line(f"{event.done} of {event.total} scenes are there already")
        if event.done < event.total and not kernels_cached():
            self._line("compiling kernels (first run only)")
        if self._bars is not None:
            self._scenes = self._bars.add_task("scenes", total=event.total, completed=event.done)

    def _show(self, event: Event) -> None:
        bars = self._bars
        assert bars is not None
        if event.kind == "scene":
            bars.update(self._scenes, completed=event.done)
            if event.scene in self._frames:
                bars.remove_task(self._frames.pop(event.scene))
            return
        if event.scene not in self._frames:
            self._frames[event.scene] = bars.add_task(f"scene {event.scene}: frames", total=event.total)
        bars.update(self._frames[event.scene], completed=event.done)

    def _line(self, text: str) -> None:
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False)
        else:
            with suppress(OSError):  # nobody reads it any more: no reason to stop
                print(f"[{time.monotonic() - self._start:6.1f} s] {text}", file=sys.stderr, flush=True)
