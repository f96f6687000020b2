"""Published tables of how far the elements of a standard are supported: what the tables share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

Support: TypeAlias = Literal["supported", "partly", "not"]


class TableRow(Protocol):
    """One element of a standard: its group, how far it is supported, what is missing, and the test that proves it."""

    @property
    def element(self) -> str:
        """Its name in the standard."""

    @property
    def group(self) -> str:
        """What kind of element it is."""

    @property
    def support(self) -> Support:
        """How far it does what the standard says."""

    @property
    def note(self) -> str:
        """What is missing, and why."""

    @property
    def test(self) -> str:
        """The test that proves it."""


def table_text(rows: Sequence[TableRow]) -> str:
    """The rows as lines of text in columns."""
    table = [(row.element, row.group, row.support, row.test, row.note) for row in rows]
    widths = [max(len(line[column]) for line in table) for column in range(4)]
    lines = ("  ".join([*(f"{text:<{w}}" for text, w in zip(line, widths)), line[4]]) for line in table)
    return "\n".join(line.rstrip() for line in lines)
