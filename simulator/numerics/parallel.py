"""Parallel loops over disjoint ranges: nogil kernels on a thread pool, so that nothing is compiled twice.

Each call owns its rows, hence results do not depend on the number of threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache


def available_threads() -> int:
    """Processors this process may use: all it may run on, or fewer where ODDROAD_THREADS says so.

    Processes that share the machine (the workers of a dataset) are given their share by that variable.
    """
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = os.environ.get("ODDROAD_THREADS", "")
    return max(1, min(here, int(share))) if share.isdecimal() else here


_here = threading.local()  # `busy` on the threads of a pool


def _mark() -> None:
    _here.busy = True


@cache
def _pool(threads: int, pid: int) -> ThreadPoolExecutor:  # the process id keeps a forked child from a dead pool
    return ThreadPoolExecutor(threads, thread_name_prefix="oddroad", initializer=_mark)


def parallel_for(body: Callable[[int, int], object], count: int, *, chunk: int, threads: int | None = None) -> None:
    """Call `body(start, stop)` for consecutive ranges of at most `chunk` that cover `range(count)`.

    `body` must release the GIL (a `kernel`) and write only to its own range. A loop inside the body of another runs
    on that body's thread alone: were it to wait for threads of its own pool, all might wait for each other.
    """
    workers = threads or available_threads()
    ranges = [(start, min(start + chunk, count)) for start in range(0, count, chunk)]
    if workers == 1 or len(ranges) <= 1 or getattr(_here, "busy", False):
        for start, stop in ranges:
            body(start, stop)
        return
    for future in [_pool(workers, os.getpid()).submit(body, *span) for span in ranges]:
        future.result()
