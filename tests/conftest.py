"""Fixtures that several modules of tests use."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Iterator

import pytest

import simulator.cli as cli


def pytest_collection_finish() -> None:
    """Leave thousands of tests and all modules out of each search for garbage, a tenth of the time of all tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Call the command in this process: (exit code, stdout, stderr)."""
    before = signal.getsignal(signal.SIGTERM)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["oddroad", *map(str, arguments)])
        with pytest.raises(SystemExit) as raised:
            cli.main()
        captured = capsys.readouterr()
        code = raised.value.code
        assert isinstance(code, int) or code is None
        return code or 0, captured.out, captured.err

    yield call
    signal.signal(signal.SIGTERM, before)
