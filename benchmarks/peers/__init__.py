"""Other projects' environments, each in a process of its own, measured in turns with ours.

Their packages contradict each other and ours (two packages named pygame, another OpenCV), so each has a folder beside
.venv's packages with exactly what its list here names; `make bench` makes them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

INSTALLED = Path(sys.prefix) / "peers"
_FOLDERS = {"metadrive-dense": "metadrive"}  # environments of the same package


class Peer:
    """A process that steps another project's environment when asked to, and waits while ours is measured."""

    def __init__(self, process: subprocess.Popen[str], said: IO[str]) -> None:
        self._process, self._said = process, said
        self.name: str = self._answer()["name"]

    def run(self, seconds: float) -> dict[str, float]:
        """Step for that long, as `benchmarks.peers.stepping.Stepping.run`."""
        print(seconds, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._said.seek(0)
            raise RuntimeError(f"the peer ended: {self._said.read()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def peer(environment: str) -> Iterator[Peer | None]:
    """One environment of `benchmarks.peers.stepping` by its name there, None where its packages are not installed."""
    folder = INSTALLED / _FOLDERS.get(environment, environment)
    if not folder.is_dir():
        yield None
        return
    with (
        tempfile.TemporaryFile("w+") as said,  # a pipe that nobody reads would stop it when full
        subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "stepping.py"), environment],
            env={**os.environ, "PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process,
    ):
        yield Peer(process, said)
