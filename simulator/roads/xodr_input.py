"""Reading XML that nobody vouches for: a hardened parser, and attributes with one clear message per problem.

Problems are collected, not raised one by one: `Report.error` for what cannot be used, `Report.warn` for what has
been repaired or left out. `read_opendrive` raises the first error; `check_opendrive` lists them all.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import InputError
from simulator.roads.polynomial import Array

MAX_BYTES = 256 * 1024 * 1024  # the parsed tree takes about ten times as much memory
MAX_NUMBER = 1e15  # larger ones are mistakes, and their powers would overflow
_MAX_WHOLE = 999_999_999
MAX_COEFFICIENT = 1e100  # of a cubic: over a micrometre of road they do get large
SHORTEST_DASH_M = 0.05  # with its gap: a line of a few bytes must not become millions of dashes
_MAX_PROBLEMS = 1000  # kept of each kind: a broken file of a million lines must not fill the memory
Element = Any  # an lxml element; lxml is loaded only when a file is read


class Report:
    """Collects the errors and warnings of one file, in the order of reading.

    Args:
        source: name of the file for the messages.
        strict: also collect advice, about what the standard asks for but nobody here needs.
    """

    def __init__(self, source: str, *, strict: bool = False) -> None:
        self.source, self.strict = source, strict
        self.errors: list[InputError] = []
        self.warnings: list[InputError] = []
        self._advice: set[str] = set()
        self.count = 0  # of all problems, also of those beyond the limit

    def error(self, element: Element | int | None, message: str) -> None:
        """Note something that makes the file unusable, at an element or a line."""
        self._add(self.errors, element, message)

    def warn(self, element: Element | int | None, message: str) -> None:
        """Note something that was repaired or ignored."""
        self._add(self.warnings, element, message)

    def advise(self, element: Element, message: str) -> None:
        """Note something of no consequence here, once a file; kept only by a strict report."""
        if self.strict and message not in self._advice:
            self._advice.add(message)
            self._add(self.warnings, element, f"{message} (said once a file)")

    def _add(self, problems: list[InputError], element: Element | int | None, message: str) -> None:
        self.count += 1
        if len(problems) < _MAX_PROBLEMS:
            line = element if element is None or isinstance(element, int) else element.sourceline
            problems.append(InputError(message, source=self.source, line=line))


def load_xml(
    path: str | os.PathLike[str],
    report: Report,
    *,
    kind: str = "an OpenDRIVE file (.xodr)",
    max_bytes: int = MAX_BYTES,
) -> Element:
    """Root element of an XML file, comments removed and namespaces stripped from the names.

    Args:
        path: the file.
        report: gets a warning where the file had to be repaired.
        kind: what is wanted, for the messages.
        max_bytes: larger files are refused.

    Raises:
        InputError: not a regular readable file, too large, declares entities, or is not well-formed XML.
    """
    from lxml import etree

    data = _read_bytes(Path(path), report.source, kind, max_bytes)
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4]  # UTF-16 or UTF-32
    plain = data.replace(b"\0", b"") if wide else data
    if b"<!ENTITY" in plain:
        line = _line_of(plain, b"<!ENTITY")
        raise InputError("declares XML entities; OddRoad accepts files without them", source=report.source, line=line)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        repaired, repairs = data, list[str]()
        for repair, message in (
            (_with_plain_comments, "a comment holds two hyphens in a row, which XML forbids; they were passed over"),
            (
                _without_late_declaration,
                "text or a comment stands before the XML declaration; the declaration was ignored",
            ),
        ):
            changed = repair(repaired)
            if changed is not None:
                repaired, repairs = changed, [*repairs, message]
        if not repairs:
            raise _syntax_error(error, report.source) from None
        try:
            root = etree.fromstring(repaired, parser)
        except etree.XMLSyntaxError as second:
            raise _syntax_error(second, report.source) from None
        for message in repairs:
            report.warn(None, message)
    if root.getroottree().docinfo.internalDTD is not None:
        line = _line_of(plain, b"<!DOCTYPE")
        message = "has a document type (<!DOCTYPE>); OddRoad accepts files without one"
        raise InputError(message, source=report.source, line=line)
    if isinstance(root.tag, str) and root.tag.startswith("{"):
        for element in root.iter(etree.Element):
            element.tag = element.tag.rpartition("}")[2]
    return root


def _line_of(data: bytes, mark: bytes) -> int:
    """The line in which a mark stands first."""
    return data[: max(data.find(mark), 0)].count(b"\n") + 1


def _read_bytes(path: Path, source: str, kind: str, max_bytes: int) -> bytes:
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            raise InputError(f"is a directory; give {kind}", source=source)
        if not stat.S_ISREG(info.st_mode):
            raise InputError(f"is not a regular file; give {kind}", source=source)
        if info.st_size > max_bytes:
            size, most = info.st_size / 2**20, max_bytes // 2**20
            raise InputError(f"is {size:,.0f} MB large; at most {most} MB are accepted", source=source)
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file", source=source) from None
    except PermissionError:
        raise InputError("no permission to read the file", source=source) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise InputError(f"cannot be read: {error}", source=source) from None
    if not data.strip():
        raise InputError(f"is empty; give {kind}", source=source)
    return data


def _syntax_error(error: Any, source: str) -> InputError:
    line = error.position[0] if error.position else None
    text = " ".join(str(error.msg).split()) if error.msg else "cannot be parsed"
    return InputError(f"not well-formed XML: {text}", source=source, line=line or None)


def _with_plain_comments(data: bytes) -> bytes | None:
    """The document with runs of hyphens within comments (as in old catalogs of esmini) blanked out; None: it has none.

    XML 1.0, 2.5. Lines stay where they are.
    """
    parts, at = [], 0
    while (start := data.find(b"<!--", at)) >= 0 and (end := data.find(b"-->", start + 4)) >= 0:
        parts += [data[at : start + 4], re.sub(rb"-(?=-)|-$", b" ", data[start + 4 : end])]
        at = end
    repaired = b"".join([*parts, data[at:]])
    return repaired if repaired != data else None


def _without_late_declaration(data: bytes) -> bytes | None:
    """The document with an XML declaration that follows comments blanked out; None when there is none."""
    start = data.find(b"<?xml", 1)
    before = re.sub(rb"<!--.*?-->", b"", data[:start], flags=re.DOTALL) if start > 0 else b"x"
    end = data.find(b"?>", start)
    if before.removeprefix(b"\xef\xbb\xbf").strip() or end < 0:
        return None
    return data[:start] + b" " * (end + 2 - start) + data[end + 2 :]


def children(element: Element, name: str) -> list[Element]:
    """Direct children with this name."""
    return list(element.iterchildren(name))


def text_of(element: Element, name: str, default: str = "") -> str:
    """An attribute as text without surrounding white space."""
    value: str | None = element.get(name)
    return default if value is None else value.strip()


def number(
    element: Element, name: str, report: Report, default: float | None = None, *, most: float = MAX_NUMBER
) -> float:
    """A finite number from an attribute, of magnitude up to `most`.

    With a default, a missing attribute is that default and an unusable one is a warning; without, both are errors
    (and the value NaN).
    """
    text = element.get(name)
    if text is None:
        if default is None:
            report.error(element, f'<{element.tag}> needs the attribute "{name}", a number')
            return math.nan
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if abs(value) <= most:
        return value
    message = f'<{element.tag}> {name}="{_short(text)}" is not a finite number up to {most:g}'
    if default is None:
        report.error(element, message)
        return math.nan
    report.warn(element, f"{message}; {default:g} is used")
    return default


def integer(element: Element, name: str, report: Report) -> int | None:
    """A whole number from an attribute; None, and an error, where there is none or one of more than nine digits."""
    text = element.get(name)
    try:
        value = int(text)
        if abs(value) > _MAX_WHOLE:
            raise ValueError
        return value
    except (TypeError, ValueError):
        given = f'{name}="{_short(text)}" is not a whole number' if text is not None else f'has no "{name}"'
        report.error(element, f"<{element.tag}> {given}; a whole number is accepted")
        return None


def truth(element: Element, name: str) -> bool:
    """Whether an attribute says yes ("true", "yes", "1")."""
    value: str | None = element.get(name)
    return value is not None and value.strip().lower() in ("true", "yes", "1")


def cubics(elements: Sequence[Element], start: str, report: Report) -> Array:
    """(K, 5) start, a, b, c, d of elements such as <width>, sorted by start; unusable numbers are errors."""
    names = (start, "a", "b", "c", "d")
    try:
        rows = [[float(element.get(name)) for name in names] for element in elements]
        usable = all(-MAX_COEFFICIENT <= value <= MAX_COEFFICIENT for row in rows for value in row)
    except (TypeError, ValueError):
        usable = False
    if not usable:
        errors = len(report.errors)
        rows = [_cubic(element, names, report) for element in elements]
        if len(report.errors) > errors:
            return np.zeros((0, 5))
    table = np.array(rows)
    if len(table) > 1 and (np.diff(table[:, 0]) < 0).any():
        report.warn(
            elements[0], f"<{elements[0].tag}> elements are not in ascending order of {start}; they were sorted"
        )
        table = table[np.argsort(table[:, 0], kind="stable")]
    if report.strict and len(table) > 1 and len(table) == len(elements):
        _advise_repeats(elements, table, report)
    return table


def extremes(table: Array, length: float) -> tuple[float, float]:
    """Least and greatest value of cubics over 0 ... length: at the ends and the extrema of each; 0, 0 for none."""
    rows = table.tolist()
    stops = [*(row[0] for row in rows[1:]), length]
    values = []
    for (start, a, b, c, d), stop in zip(rows, stops):
        tries = [0.0, max(stop - start, 0.0)]
        if d != 0.0:
            root = math.sqrt(max(c * c - 3.0 * b * d, 0.0))
            tries += [(-c - root) / (3.0 * d), (-c + root) / (3.0 * d)]
        elif c != 0.0:
            tries.append(-0.5 * b / c)
        values += [a + x * (b + x * (c + x * d)) for x in tries if 0.0 <= x <= tries[1]]
    return min(values, default=0.0), max(values, default=0.0)


def _advise_repeats(elements: Sequence[Element], table: Array, report: Report) -> None:
    """Advice about cubics that go on exactly as the ones before them."""
    (_, a, b, c, d), h = table[:-1].T, np.diff(table[:, 0])
    onward = np.stack([a + h * (b + h * (c + h * d)), b + h * (2 * c + 3 * h * d), c + 3 * h * d, d], axis=1)
    same = np.abs(onward - table[1:, 1:]).max(axis=1) < 1e-9
    if same.any():
        element = elements[int(np.argmax(same)) + 1]
        report.advise(element, f"<{element.tag}> goes on as the one before it; it can be left out")


def _cubic(element: Element, names: Iterable[str], report: Report) -> list[float]:
    """One row; a missing coefficient counts as 0 with a warning, a missing start or a bad number is an error."""
    row = []
    for column, name in enumerate(names):
        if column and element.get(name) is None:
            report.warn(element, f'<{element.tag}> has no "{name}"; 0 is used')
            row.append(0.0)
        else:
            row.append(number(element, name, report, most=MAX_COEFFICIENT))
    return row


def _short(text: str | None) -> str:
    text = " ".join((text or "").split())
    return text if len(text) <= 40 else text[:37] + "..."
