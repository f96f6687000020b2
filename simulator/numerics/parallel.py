"""Parallel loops over disjoint ranges: nogil kernels on a thread pool, so that nothing is compiled twice.

Each call owns its rows, hence results do not depend on the number of threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache


def available_threads() -> int:
    """Processors this process may use: all it may run on, or fewer where ODDROAD_THREADS says so.

    Processes that share the machine (the workers of a dataset) are given their share by that variable.
    """
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = os.environ.get("ODDROAD_THREADS", "")
    return max(1, min(here, int(share))) if share.isdecimal() else here


_here = threading.local()  # `busy` on threads that run a body


class _Helper:
    """A thread that waits to be called. Two locks take a tenth of the time that futures of a pool do."""

    def __init__(self) -> None:
        self._work: Callable[[], None] = lambda: None
        self._failure: BaseException | None = None
        self._called, self._done = threading.Lock(), threading.Lock()
        self._called.acquire()
        self._done.acquire()
        threading.Thread(target=self._run, name="oddroad", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._called.acquire()
            try:
                self._work()
            except BaseException as failure:  # for who has called
                self._failure = failure
            self._done.release()

    def call(self, work: Callable[[], None]) -> None:
        """Let it work; `wait` must follow."""
        self._work, self._failure = work, None
        self._called.release()

    def wait(self) -> BaseException | None:
        """Wait until it is done, or call it off if it has not begun: then nothing is left to do. What has failed."""
        if not self._called.acquire(blocking=False):
            self._done.acquire()
        failure, self._work, self._failure = self._failure, lambda: None, None
        return failure


@cache
def _crew(count: int, pid: int) -> tuple[threading.Lock, list[_Helper]]:
    """Threads that help, and who may call them; the process id keeps a forked child from threads that it has not."""
    return threading.Lock(), [_Helper() for _ in range(count)]


def parallel_for(
    body: Callable[[int, int], object],
    count: int,
    *,
    chunk: int,
    threads: int | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> None:
    """Call `body(start, stop)` for consecutive ranges of at most `chunk` that cover `range(count)`.

    `body` must release the GIL (a `kernel`) and write only to its own range. The calling thread takes part: a short
    loop is over before another thread has woken. A loop inside the body of another runs on that body's thread alone, as
    does one that begins while another has the helpers. What is to be done `meanwhile` the calling thread does before it
    takes part.
    """
    workers = min(threads or available_threads(), -(-count // chunk))
    ranges = ((start, min(start + chunk, count)) for start in range(0, count, chunk))
    if workers <= 1 or getattr(_here, "busy", False):
        if meanwhile is not None:
            meanwhile()
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

    free, helpers = _crew(workers - 1, os.getpid())
    if not free.acquire(blocking=False):
        if meanwhile is not None:
            meanwhile()
        work()
        return
    try:
        for helper in helpers:
            helper.call(work)
        try:
            if meanwhile is not None:
                meanwhile()
            work()
        finally:
            failures = [helper.wait() for helper in helpers]
    except KeyboardInterrupt:  # some may still be at work, and are not to be called again
        _crew.cache_clear()
        raise
    finally:
        free.release()
    for failure in filter(None, failures):
        raise failure
