"""Fixtures that several modules of tests use."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator

import pytest

import simulator.cli as cli


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
