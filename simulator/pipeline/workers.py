"""A pool of worker processes that cannot outlive, block or outlast its owner.

One pipe per worker and no shared locks: a worker may be killed at any moment without hanging the others, and when
the owner itself is killed (kill -9 included) every worker leaves at once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from simulator.errors import OddRoadError, OutputError
from simulator.numerics.parallel import available_threads

Task = Callable[[Any], Iterator[Any]]


@dataclass(slots=True)
class _Worker:
    process: multiprocessing.process.BaseProcess
    pipe: Connection
    busy: bool = False


def run_tasks(task: Task, items: Sequence[Any], workers: int, *, warm_up: bool = False) -> Generator[Any, None, None]:
    """Yield what `task(item)` yields for every item, as it comes. Close the generator to end the workers early.

    With one worker everything happens in this process. Otherwise `task` and the items travel to `workers` fresh
    processes, each with its share of the processors; items start in order.

    Args:
        task: a generator function at the top of a module.
        items: work, each picklable.
        workers: number of processes.
        warm_up: let the first worker be alone until it has yielded something (it fills caches that all use).

    Raises:
        OddRoadError: as raised by `task`; also where a worker process died.
    """
    if workers <= 1 or len(items) <= 1:
        for item in items:
            yield from task(item)  # closing this generator closes the task's
        return
    pool: list[_Worker] = []
    todo = list(reversed(items))
    try:
        crew = min(workers, len(items))
        threads = max(1, available_threads() // crew)
        _hire(pool, task, threads)
        if not warm_up:
            _fill(pool, task, threads, crew)
        while todo or any(worker.busy for worker in pool):
            for worker in pool:
                if todo and not worker.busy:
                    worker.pipe.send(todo.pop())
                    worker.busy = True
            ready = wait([worker.pipe for worker in pool if worker.busy])
            for worker in [worker for worker in pool if worker.pipe in ready]:
                kind, content = _receive(worker)
                if kind == "sent":
                    yield content
                    _fill(pool, task, threads, crew)
                elif kind == "failed":
                    raise content
                else:
                    worker.busy = False
    finally:
        for worker in pool:
            worker.process.kill()
            worker.pipe.close()
        for worker in pool:
            worker.process.join()


def _fill(pool: list[_Worker], task: Task, threads: int, crew: int) -> None:
    while len(pool) < crew:
        _hire(pool, task, threads)


def _hire(pool: list[_Worker], task: Task, threads: int) -> None:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, task, threads), daemon=True)
    process.start()
    theirs.close()
    pool.append(_Worker(process, mine))


def _receive(worker: _Worker) -> tuple[str, Any]:
    try:
        kind, content = worker.pipe.recv()
    except (EOFError, ConnectionError):
        worker.process.join()
        code = worker.process.exitcode
        why = "was killed (is there enough memory?)" if code is not None and code < 0 else f"ended with code {code}"
        return "failed", OddRoadError(f"a worker process {why}")
    if kind == "failed":
        name, text = content
        errors: dict[str, type[OddRoadError]] = {"OutputError": OutputError, "OddRoadError": OddRoadError}
        return kind, errors[name](text) if name in errors else WorkerCrash(text)
    return kind, content


class WorkerCrash(RuntimeError):
    """An unexpected exception in a worker; the message is its traceback."""


def _serve(pipe: Connection, task: Task, threads: int) -> None:
    """Life of a worker process."""
    os.environ["ODDROAD_THREADS"] = str(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the owner, who ends the workers
    threading.Thread(target=_leave_with_owner, daemon=True).start()
    while True:
        try:
            item = pipe.recv()
        except (EOFError, ConnectionError):
            return
        try:
            for message in task(item):
                pipe.send(("sent", message))
            pipe.send(("done", None))
        except OutputError as error:
            pipe.send(("failed", ("OutputError", str(error))))
        except OddRoadError as error:
            pipe.send(("failed", ("OddRoadError", str(error))))
        except BaseException:
            pipe.send(("failed", ("", traceback.format_exc())))


def _leave_with_owner() -> None:
    owner = multiprocessing.parent_process()
    if owner is not None:
        wait([owner.sentinel])
        os._exit(1)
