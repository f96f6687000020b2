"""Compile kernels in a second process while this one compiles others: in one process numba compiles one at a time.

Both share numba's cache on the disk, and `jit` sees to it that no kernel is compiled twice at once.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

from simulator.numerics.jit import is_cached
from simulator.numerics.parallel import available_threads

_asked: set[str] = set()


def compile_ahead(module: str, last: Callable[..., Any], among: tuple[str, ...] = ()) -> None:
    """Call `module.exercise()` in a process of its own, once, if its kernel `last` has yet to be compiled.

    Modules whose own exercise is `among` what it does are not asked for again.

    The process ends with this one at the latest. Nothing depends on it: what it has not compiled is compiled where it
    is needed. With one processor, or inside a frozen program, there is none.
    """
    if module in _asked:
        return
    _asked.update((module, *among))
    if is_cached(last) or available_threads() < 2 or not sys.executable or getattr(sys, "frozen", False):
        return
    package = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))}
    command = [sys.executable, "-P", "-c", f"from {__name__} import work; work({module!r})"]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # whose end tells of ours, also where we are killed
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**environment, "ODDROAD_THREADS": "1"},
        )
    except OSError:
        return
    atexit.register(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with process:  # which closes what leads to it, and waits
        process.kill()


def work(module: str) -> None:
    """What the second process does: call `module.exercise()`, unless the first one ends before it is done."""

    def end_with_the_first() -> None:
        """Wait for the end of what the first process holds open, and leave at once."""
        os.read(0, 1)
        os._exit(0)

    Thread(target=end_with_the_first, daemon=True).start()
    import_module(module).exercise()
