"""Share one kernel call between threads: every worker draws its next piece of work from an atomic counter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simulator.numerics.parallel import available_threads, parallel_for


def worker_count(threads: int | None, pieces: int) -> int:
    """Threads worth starting for `pieces` pieces of work; `threads` None means all processors."""
    return max(1, min(threads or available_threads(), pieces))


def share(
    worker: Callable[..., Any],
    workers: int,
    before: tuple[Any, ...],
    after: tuple[Any, ...] = (),
    meanwhile: Callable[[], object] | None = None,
) -> None:
    """Call `worker(*before, cursor, *after)` in `workers` threads with one shared (1,) int64 counter at zero.

    The worker is a kernel that takes piece `fetch_add(cursor, 0, 1)` until none is left, and writes only what
    belongs to its pieces: results do not depend on who draws which. `meanwhile`: as in `parallel_for`.
    """
    cursor = np.zeros(1, np.int64)
    parallel_for(
        lambda start, stop: worker(*before, cursor, *after), workers, chunk=1, threads=workers, meanwhile=meanwhile
    )
