"""Errors a user may meet. Every one is a single clear message: what was given, what is allowed, how to fix it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class OddRoadError(Exception):
    """Root of all errors that OddRoad raises on purpose; the command line prints them as one line, exit code 2."""


class LineOf(int):
    """A line of another file than the one that is spoken of, such as of a catalog; its `source`."""

    source: str

    def __new__(cls, line: int, source: str) -> LineOf:
        """A line of a file."""
        made = super().__new__(cls, line)
        made.source = source
        return made

    def __reduce__(self) -> tuple[type[LineOf], tuple[int, str]]:
        """For copies and other processes."""
        return LineOf, (int(self), self.source)


class InputError(OddRoadError):
    """A file or value given by the user cannot be used."""

    def __init__(self, message: str, *, source: str = "", line: int | None = None, key: str = "") -> None:
        source = line.source if isinstance(line, LineOf) else source
        self.message, self.source, self.line, self.key = message, source, line, key
        where = source + (f":{line}" if line is not None else "")
        super().__init__(": ".join(_one_line(part) for part in (where, key[:120], message) if part))


def _one_line(text: str) -> str:
    """Control characters escaped: what a file or a user gave must not break the message into lines."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class UnmetDemand(InputError):
    """A drive does not turn out as its scenario demands; another draw of its numbers may."""


class InvalidScenario(OddRoadError):
    """A scenario has one or more problems; all are in `problems`, the first hundred in the message, one a line."""

    SHOWN = 100

    def __init__(self, problems: list[InputError]) -> None:
        self.problems = problems
        lines = [str(problem) for problem in problems[: self.SHOWN]]
        more = len(problems) - self.SHOWN
        super().__init__("\n".join([*lines, *([f"... and {more} more"] if more > 0 else [])]))


class OutputError(OddRoadError):
    """The result cannot be written (directory not empty, no permission, disk full)."""


class MissingExtra(OddRoadError):
    """An optional library is not installed; the message carries the line that installs it."""

    def __init__(self, library: str, install: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {library}, which is not installed: run `{install}`")


_LISTED = 240  # characters of a message that names take at most: what lists them all is the documentation


def listed(names: Iterable[str]) -> str:
    """Names with commas between them; of many the first, and how many more there are."""
    every = list(names)
    for count in range(len(every), 0, -1):
        text = ", ".join(every[:count])
        if len(text) <= _LISTED or count == 1:
            more = f" and {len(every) - count} more" if count < len(every) else ""
            return text[:_LISTED] + more
    return "none"


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """' Did you mean "x"?' for the nearest allowed name, or an empty string when nothing is near."""
    near = difflib.get_close_matches(given, list(allowed), n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""
