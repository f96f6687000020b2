"""YAML text to plain data with the line of every key, and back. Safe against hostile files.

Scalars follow the core schema of YAML 1.2 (so `12:30` and `2025-06-21` are text, `1e3` is a number, `no` is a word).
Tags, documents after the first, repeated keys and keys that are no text are refused; depth and the number of nodes
after expansion of aliases are bounded, and nothing here recurses over the input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from simulator.errors import InputError

MAX_DEPTH = 40
MAX_NODES = 100_000
TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,400}|0x[0-9a-fA-F]{1,100}|0o[0-7]{1,100}")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """Where a value was written: a file and line (from 1), or a command-line option (line None)."""

    source: str
    line: int | None


@dataclass(slots=True)
class Document:
    """Parsed YAML: `data`, the place of every key path, and what was wrong (without stopping the parser)."""

    data: Any
    places: dict[Path, Where]
    problems: list[InputError] = field(default_factory=list)

    def where(self, path: Path) -> Where:
        """Place of the longest part of `path` that was written."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Where("", None))


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been read yet."""

    path: Path
    value: Any
    size: int
    anchor: str | None
    key: str | None = None


def read_yaml(text: str, source: str) -> Document:
    """Parse the single document in `text`; `source` names it in messages. Raises InputError where it is no YAML."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(source).build(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else None
        raise InputError(f"is not YAML: {_syntax_hint(text, line, error)}", source=source, line=line) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"is not YAML: {str(error).splitlines()[0]}", source=source) from None


def _syntax_hint(text: str, line: int | None, error: yaml.MarkedYAMLError) -> str:
    written = "".join(text.split("\n")[line - 1 : line]) if line is not None else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return "a tab indents the line; YAML takes spaces only"
    if "nesting depth" in (error.problem or ""):  # newer versions of libyaml see it coming before we do
        return TOO_DEEP
    return ", ".join(part for part in (error.problem, error.context) if part)


class _Builder:
    """Consumes parser events with a stack of its own."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.places: dict[Path, Where] = {}
        self.problems: list[InputError] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = 0
        self.documents = 0
        self.root: Any = None
        self.stack: list[_Open] = []

    def build(self, events: Any) -> Document:
        """The document that the parser events spell."""
        for event in events:
            self._event(event, event.start_mark.line + 1)
        if self.documents == 0:
            raise InputError("is empty", source=self.source)
        return Document(self.root, self.places, self.problems)

    def _fail(self, message: str, line: int) -> InputError:
        key = ".".join(map(str, self.stack[-1].path)) if self.stack else ""
        return InputError(message, source=self.source, line=line, key=key)

    def _event(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self._fail("holds more than one YAML document; write one scenario a file", line)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self._fail(f"alias *{event.anchor} is used inside itself or before its anchor", line)
            self._value(*self.anchors[event.anchor], line)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._start(event, line)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            done = self.stack.pop()
            if done.anchor:
                self.anchors[done.anchor] = (done.value, done.size)
            self._value(done.value, done.size, line, place=False)

    def _next_path(self, line: int) -> Path:
        """Path of the value that comes next, noting its place."""
        if not self.stack:
            path: Path = ()
        else:
            top = self.stack[-1]
            path = (*top.path, len(top.value) if isinstance(top.value, list) else str(top.key))
        if isinstance(path[-1] if path else 0, int):  # keys noted their own place
            self.places.setdefault(path, Where(self.source, line))
        return path

    def _start(self, event: Any, line: int) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise self._fail(f"is {TOO_DEEP}", line)
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            raise self._fail("a key must be plain text", line)
        self._check_tag(event, line)
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.stack.append(_Open(self._next_path(line), value, 1, event.anchor))

    def _scalar(self, event: Any, line: int) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, event.value, line)
            return
        self._check_tag(event, line)
        value = resolve(event.value) if event.implicit[0] else event.value
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        self._value(value, 1, line)

    def _key(self, top: _Open, key: str, line: int) -> None:
        path = (*top.path, key)
        if key in top.value:
            earlier = self.places[path].line
            message = f"is given twice (first in line {earlier})"
            self.problems.append(InputError(message, source=self.source, line=line, key=_dotted(path)))
        top.key = key
        self.places[path] = Where(self.source, line)

    def _value(self, value: Any, size: int, line: int, *, place: bool = True) -> None:
        self.nodes += size if place else 0
        if self.nodes > MAX_NODES:
            raise self._fail(f"has more than {MAX_NODES} values (aliases expanded)", line)
        if place:
            self._next_path(line)
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        top.size += size
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is None:
            raise self._fail("a key must be plain text", line)
        else:
            top.value[top.key] = value
            top.key = None

    def _check_tag(self, event: Any, line: int) -> None:
        if event.tag not in (None, "!"):
            self.problems.append(self._fail(f"YAML tags such as {event.tag} are not supported", line))


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def resolve(text: str) -> Any:
    """Value of an unquoted scalar by the core schema."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text, {"0x": 16, "0o": 8}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


class _Dumper(yaml.SafeDumper):
    """Writes what `resolve` reads back: quotes exactly the text that would be read as something else."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  (PyYAML's)

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal parts in full."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        super().increase_indent(flow, indentless=False)


for _tag, _pattern in (("null", _NULL), ("bool", _BOOL), ("int", _INT), ("float", _FLOAT)):
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern.pattern})$"), None)


def write_yaml(data: Any) -> str:
    """YAML text of plain data; keys keep their order, equal data gives equal text."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
    return text
