"""Errors a user may meet. Every one is a single clear message: what was given, what is allowed, how to fix it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class OddRoadError(Exception):
    """Root of all errors that OddRoad raises on purpose; the command line prints them as one line, exit code 2."""


class InputError(OddRoadError):
    """A file or value given by the user cannot be used."""

    def __init__(self, message: str, *, source: str = "", line: int | None = None, key: str = "") -> None:
        self.message, self.source, self.line, self.key = message, source, line, key
        where = source + (f":{line}" if line is not None else "")
        super().__init__(": ".join(part for part in (where, key, message) if part))


class InvalidScenario(OddRoadError):
    """A scenario has one or more problems; all of them are listed, one a line."""

    def __init__(self, problems: list[InputError]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class OutputError(OddRoadError):
    """The result cannot be written (directory not empty, no permission, disk full)."""


class MissingExtra(OddRoadError):
    """An optional library is not installed; the message carries the line that installs it."""

    def __init__(self, library: str, install: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {library}, which is not installed: run `{install}`")


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """' Did you mean "x"?' for the nearest allowed name, or an empty string when nothing is near."""
    near = difflib.get_close_matches(given, list(allowed), n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""
