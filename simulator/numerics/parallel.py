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


_here = threading.local()  # `busy` on threads that run a body


@cache
def _pool(threads: int, pid: int) -> ThreadPoolExecutor:  # the process id keeps a forked child from a dead pool
    return ThreadPoolExecutor(threads, thread_name_prefix="oddroad")


def parallel_for(body: Callable[[int, int], object], count: int, *, chunk: int, threads: int | None = None) -> None:
    """Call `body(start, stop)` for consecutive ranges of at most `chunk` that cover `range(count)`.

    `body` must release the GIL (a `kernel`) and write only to its own range. The calling thread takes part: a short
    loop is over before another thread has woken. A loop inside the body of another runs on that body's thread alone:
    were it to wait for threads of its own pool, all might wait for each other.
    """
    workers = min(threads or available_threads(), -(-count // chunk))
    ranges = ((start, min(start + chunk, count)) for start in range(0, count, chunk))
    if workers <= 1 or getattr(_here, "busy", False):
        for start, stop in ranges:
            body(start, stop)
        return
    lock = threading.Lock()

    def work() -> None:
        """Take ranges until none is left."""
        _here.busy = True
        try:
            while True:
                with lock:
                    span = next(ranges, None)
                if span is None:
                    return
                body(*span)
        finally:
            _here.busy = False

    helpers = [_pool(workers - 1, os.getpid()).submit(work) for _ in range(workers - 1)]
    try:
        work()
    finally:
        # Who has not begun has nothing left to do.
        failures = [helper.exception() for helper in helpers if not helper.cancel()]
    for failure in filter(None, failures):
        raise failure
