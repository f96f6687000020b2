"""XML elements to records of the model, led by the fields and types of the records themselves.

A field of a plain type is an attribute, one of a record type a child element, one of a union the child among the
alternatives; names follow from the field's name (`entity_ref`, `entityRef`). What the standard names or nests in
another way, and what is deprecated, is said by a hook of the class: a function that reads some fields and leaves the
rest. Every attribute and element that nobody asked for is a warning, so nothing of a file is ignored in silence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from simulator.errors import InputError, LineOf, did_you_mean, listed
from simulator.roads.xodr_input import MAX_NUMBER, Element
from simulator.storyboard import model
from simulator.storyboard.expressions import ExpressionError, number_in, resolve

MAX_DEPTH = 80  # of elements, catalog entries included; the deepest that makes sense is about 40
MAX_NODES = 1_000_000  # elements read in all, an entry of a catalog as often as it is referred to
MAX_WARNINGS = 1000
ENDLESS = 2**32 - 1  # executions: the largest UnsignedInt of the standard
_MAX_MESSAGE = 1000  # characters: names may be of any length
T = TypeVar("T", bound=model.Record)
Hook = Callable[["Reader", "Node"], dict[str, Any]]
REQUIRED: Any = object()
_COUNT = "maximumExecutionCount"
_SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}"
_CATALOGUED = (
    model.Vehicle,
    model.Pedestrian,
    model.MiscObject,
    model.Controller,
    model.Environment,
    model.Maneuver,
    model.Trajectory,
    model.Route,
)


class Node:
    """An element while it is being read; remembers what was asked for."""

    __slots__ = ("_asked", "_once", "depth", "element", "reader", "source")

    def __init__(self, element: Element, reader: Reader, source: str, depth: int) -> None:
        self.element, self.reader, self.source, self.depth = element, reader, source, depth
        self._asked: set[str] = set()  # names of attributes and elements
        self._once: set[str] = set()  # names of elements of which only the first was asked for
        reader.nodes += 1
        if depth > MAX_DEPTH:
            raise self.error(f"elements are nested more than {MAX_DEPTH} deep; OddRoad does not read so many")
        if reader.nodes > MAX_NODES:
            raise self.error(f"more than {MAX_NODES} elements, with those of catalogs; OddRoad does not read so many")

    @property
    def tag(self) -> str:
        """Name of the element."""
        return str(self.element.tag)

    @property
    def line(self) -> int:
        """Line of the element in its file."""
        line, home = int(self.element.sourceline or 0), self.reader.source
        return LineOf(line, self.source) if home and self.source != home else line

    def error(self, message: str) -> InputError:
        """An error at this element, to be raised."""
        return InputError(message[:_MAX_MESSAGE], source=self.source, line=self.line)

    def warn(self, message: str) -> None:
        """Note something that was ignored or assumed at this element."""
        self.reader.warn(InputError(message[:_MAX_MESSAGE], source=self.source, line=self.line))

    def has(self, name: str) -> bool:
        """Whether an attribute is there."""
        return self.element.get(name) is not None

    def raw(self, name: str) -> str | None:
        """An attribute as it stands, for names of parameters, which are not to be replaced by values."""
        self._asked.add(name)
        text: str | None = self.element.get(name)
        return text

    def text(self, name: str, default: Any = REQUIRED) -> Any:
        """An attribute with parameters and expressions resolved; without a default it must be there."""
        text = self.raw(name)
        if text is None:
            if default is REQUIRED:
                raise self.error(f'<{self.tag}> needs the attribute "{name}"')
            return default
        return text.strip() if "$" not in text else self.resolved(text)

    def resolved(self, text: str) -> str:
        """A text with parameters and expressions resolved."""
        try:
            return resolve(text, self.reader.values)
        except ExpressionError as error:
            raise self.error(str(error)) from None

    def number(self, name: str, default: Any = REQUIRED) -> Any:
        """A number; limits (max...), durations and values of conditions may be infinite."""
        text = self.text(name, None if default is not REQUIRED else REQUIRED)
        if text is None or (text == "" and default is not REQUIRED):
            return default
        value = number_in(text)
        value = math.nan if value is None else value
        if abs(value) <= MAX_NUMBER:
            return value
        signed = self.tag.endswith("Condition")
        unlimited = signed or name in _UNLIMITED or (name.startswith("max") and name != _COUNT)
        if unlimited and (value > 0.0 or (signed and value < 0.0)):
            return value
        more = ', nor "INF"' if unlimited else ""
        raise self.error(
            f'<{self.tag}> {name}="{self._given(name, text)}" is not a finite number up to {MAX_NUMBER:g}{more}'
        )

    def zero_if_missing(self, name: str) -> Any:
        """A number that must be there; a missing one counts as 0, with a warning, as many files leave out what is 0."""
        value = self.number(name, None)
        if value is None:
            self.warn(f'<{self.tag}> needs the attribute "{name}"; 0 is used')
        return value or 0.0

    def integer(self, name: str, default: Any = REQUIRED) -> Any:
        """A whole number."""
        value = self.number(name, default)
        if isinstance(value, float):
            if not math.isfinite(value) or value != int(value):
                raise self.error(f'<{self.tag}> {name}="{self._given(name, f"{value:g}")}" is not a whole number')
            return int(value)
        return value

    def executions(self, default: int | None) -> int | None:
        """How often an element may run: from 1 on, and what many write for "endless", -1.

        Raises:
            InputError: another number.
        """
        count: int | None = self.integer(_COUNT, default)
        if count == -1:
            self.warn(f'<{self.tag}> {_COUNT}="-1" is not a whole number from 1 on; it is taken for endless')
            return ENDLESS
        if count is not None and count < 1:
            given = self._given(_COUNT, str(count))
            raise self.error(f'<{self.tag}> {_COUNT}="{given}" is not a whole number from 1 on')
        return count

    def truth(self, name: str, default: Any = REQUIRED) -> Any:
        """True or false; one that must be there and is not counts as false, with a warning."""
        text = self.text(name, None)
        if text is None or text == "":
            if default is not REQUIRED:
                return default
            self.warn(f'<{self.tag}> needs the attribute "{name}"; false is used')
            return False
        try:
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        except KeyError:
            raise self.error(f'<{self.tag}> {name}="{self._given(name, text)}" is neither "true" nor "false"') from None

    def choice(
        self, name: str, options: Any, default: Any = REQUIRED, *, others: Mapping[str, str] | None = None
    ) -> Any:
        """One of the words of a literal type of the model (or its name); `others` are old words for them."""
        words = get_args(getattr(model, options) if isinstance(options, str) else options)
        text = self.text(name, None if default is not REQUIRED else REQUIRED)
        if text is None or (text == "" and default is not REQUIRED):
            return default
        known = {word: word for word in words} | dict(_OLD_WORDS if others is None else others)
        same = known.get(text)
        if same not in words:
            same = next((word for old, word in known.items() if old.lower() == text.lower() and word in words), None)
            if same is not None:
                self.warn(f'<{self.tag}> {name}="{text}" should be "{same}"')
        if same is not None:
            return same
        raise self.error(
            f'<{self.tag}> {name}="{self._given(name, text)}" is not known.{did_you_mean(text, words)}'
            f" Allowed: {listed(words)}"
        )

    def _given(self, name: str, text: str) -> str:
        raw = self.element.get(name).strip()
        return text[:60] if raw == text else f"{raw[:60]} = {text[:60]}"

    def child(self, name: str) -> Node | None:
        """The child element of a name; None when there is none."""
        self._asked.add(name)
        self._once.add(name)
        found = self.element.find(name)
        return None if found is None else Node(found, self.reader, self.source, self.depth + 1)

    def need(self, name: str) -> Node:
        """The child element of a name, which must be there."""
        found = self.child(name)
        if found is None:
            raise self.error(f"<{self.tag}> needs the element <{name}>")
        return found

    def children(self, *names: str) -> list[Node]:
        """All children of these names, in the order of the file."""
        self._asked.update(names)
        found = self.element.iterchildren(*names)
        return [Node(item, self.reader, self.source, self.depth + 1) for item in found]

    def first(self, names: Container[str] | None = None) -> Node | None:
        """The first child that has one of these names (None: whatever its name)."""
        for item in self.element:
            if names is None or item.tag in names:
                self._asked.add(item.tag)
                self._once.add(item.tag)
                return Node(item, self.reader, self.source, self.depth + 1)
        return None

    def content(self) -> str:
        """The text inside the element."""
        return (self.element.text or "").strip()

    def ignore(self, *names: str) -> None:
        """These attributes and elements mean nothing here."""
        self._asked.update(names)

    def finish(self) -> None:
        """Warn of every attribute and element that nobody asked for."""
        asked = self._asked
        for name in self.element.attrib:
            if name not in asked and not name.startswith(_SCHEMA_LOCATION):
                self.warn(f'<{self.tag}>: the attribute "{name}" is not known; it is ignored')
        seen: set[str] = set()
        for item in self.element:
            tag = item.tag
            if tag in seen:
                continue
            if tag not in asked:
                seen.add(tag)
                self._warn_at(item, f"<{self.tag}>: the element <{tag}> is not known here; it is ignored")
            elif tag in self._once and (second := next(item.itersiblings(tag), None)) is not None:
                seen.add(tag)
                self._warn_at(second, f"<{self.tag}>: only the first <{tag}> counts; this one is ignored")

    def _warn_at(self, element: Element, message: str) -> None:
        line = element.sourceline
        self.reader.warn(InputError(message[:_MAX_MESSAGE], source=self.source, line=line))


_UNLIMITED = {"visualRange", "distanceForward", "distanceBackward", "duration", "radius"}
_OLD_WORDS = {
    "overwrite": "override",
    "cartesianDistance": "euclidianDistance",
    "euclideanDistance": "euclidianDistance",
}


@dataclass(frozen=True)
class _Field:
    """How one field of a record is read."""

    name: str
    xml: str
    read: str  # text, number, integer, truth, choice, record, union, list
    types: tuple[Any, ...]  # of the record, of the alternatives, of the items; the literal type of a choice
    default: Any


@cache
def _fields(cls: Any) -> tuple[_Field, ...]:
    hints = get_type_hints(cls)
    result = []
    for item in fields(cls):
        if item.name == "line":
            continue
        default = item.default if item.default is not MISSING else REQUIRED
        if item.default_factory is not MISSING:
            default = item.default_factory
        read, types = _kind(hints[item.name])
        words = item.name.split("_")
        camel = "".join(word.title() for word in words)
        plain = read in ("text", "number", "integer", "truth", "choice")
        xml = words[0] + camel[len(words[0]) :] if plain else camel
        if read == "list" and len(types) == 1:
            xml = types[0].__name__
        result.append(_Field(item.name, xml, read, types, default))
    return tuple(result)


def _kind(hint: Any) -> tuple[str, tuple[Any, ...]]:
    plain = {str: "text", float: "number", int: "integer", bool: "truth"}
    if hint in plain:
        return plain[hint], ()
    if get_origin(hint) is Literal:
        return "choice", (hint,)
    if get_origin(hint) is tuple:
        return "list", _alternatives(get_args(hint)[0])
    types = _alternatives(hint)
    if len(types) == 1 and types[0] is not hint:
        return _kind(types[0])
    return ("record" if len(types) == 1 else "union"), types


def _alternatives(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in (Union, UnionType):
        return tuple(item for item in get_args(hint) if item is not NoneType)
    return (hint,)


class Reader:
    """Reads records; knows the parameters in force and where catalogs are.

    Args:
        hooks: by class, functions that read some of its fields.
        elements: by class and field, the element's name where it does not follow from the field's; "" for one of
            the alternatives directly, without an element around it.
        catalogs: finds the element that a `CatalogReference` names, with the assignments of parameters that it makes.
        declare: reads parameter declarations: values that are given, and those in force, to which it adds.
    """

    def __init__(
        self,
        hooks: Mapping[type, Hook],
        elements: Mapping[tuple[type, str], str],
        catalogs: Callable[[Node], tuple[Node, dict[str, str]]],
        declare: Callable[[Node, Mapping[str, str], dict[str, str]], Sequence[model.ParameterDeclaration]],
    ) -> None:
        self.hooks, self.elements, self.catalogs, self.declare = hooks, elements, catalogs, declare
        self.values: dict[str, str] = {}
        self.revision = (1, 3)
        self.source = ""  # the file that is read, of which lines are unless they say something else
        self.selections: dict[str, tuple[str, ...]] = {}  # members by name
        self.traffic_name = ""  # of the <TrafficAction> that is being read
        self.trailers: list[model.ScenarioObject] = []  # entities that vehicles bring along
        self.warnings: list[InputError] = []
        self.nodes = 0
        self._entries: list[Element] = []  # of catalogs, that are being read, each referred to by the one before

    def warn(self, warning: InputError) -> None:
        """Note a warning, once, and of a thousand warnings no more."""
        if len(self.warnings) < MAX_WARNINGS and not any(str(warning) == str(other) for other in self.warnings[-50:]):
            self.warnings.append(warning)

    @contextmanager
    def scope(self, node: Node, given: Mapping[str, str] | None = None) -> Iterator[None]:
        """While it is entered the parameters that an element declares hold, with `given` values where given."""
        outer, declarations = self.values, node.child("ParameterDeclarations")
        if declarations is not None:
            self.values = dict(outer)
            self.declare(declarations, given or {}, self.values)
        try:
            yield
        finally:
            self.values = outer

    def bind(self, cls: type[T], node: Node, given: Mapping[str, str] | None = None) -> T:
        """An element as a record, and everything inside; warns of what it does not use.

        Raises:
            InputError: something that is needed is missing or unusable.
        """
        if cls in _CATALOGUED:
            with self.scope(node, given):
                return self._bind(cls, node)
        return self._bind(cls, node)

    def _bind(self, cls: type[T], node: Node) -> T:
        hook = self.hooks.get(cls)
        values = hook(self, node) if hook is not None else {}
        kind: Any = cls
        for item in _fields(kind):
            if item.name not in values:
                values[item.name] = self._read(cls, item, node)
        node.finish()
        return cls(line=node.line, **values)

    def _read(self, cls: type, item: _Field, node: Node) -> Any:
        if item.read == "text":
            return node.text(item.xml, item.default)
        if item.read == "number":
            return node.number(item.xml, item.default)
        if item.read == "integer":
            return node.integer(item.xml, item.default)
        if item.read == "truth":
            return node.truth(item.xml, item.default)
        if item.read == "choice":
            return node.choice(item.xml, item.types[0], item.default)
        name = self.elements.get((cls, item.name), item.xml)
        if item.read == "list":
            return tuple(
                self.one_of(child, item.types) if len(item.types) > 1 else self.bind(item.types[0], child)
                for child in node.children(name)
            )
        inside = node.child(name) if name else node
        if inside is not None and (item.read == "union" or not name or item.types[0] in _CATALOGUED):
            found = self.one_of(inside, item.types, needed=bool(name) or item.default is REQUIRED, finish=bool(name))
            return item.default if found is None else found
        if inside is not None:
            return self.bind(item.types[0], inside)
        if item.default is REQUIRED:
            raise node.error(f"<{node.tag}> needs the element <{name}>")
        return item.default() if callable(item.default) else item.default

    def one_of(self, node: Node, types: tuple[Any, ...], *, needed: bool = True, finish: bool = True) -> Any:
        """The child of an element that is one of some record types, directly or from a catalog."""
        names: dict[str, Any] = {cls.__name__: cls for cls in types}
        if any(cls in _CATALOGUED for cls in types):
            names["CatalogReference"] = None
        child = node.first(names)
        if child is None:
            if needed:
                there = next((f", not <{item.tag}>" for item in node.element), "")
                raise node.error(f"<{node.tag}> needs one of <{'>, <'.join(names)}>{there}")
            return None
        if finish:
            node.finish()
        return self.entry(child, types) if child.tag == "CatalogReference" else self.bind(names[child.tag], child)

    def entry(self, reference: Node, types: tuple[Any, ...]) -> Any:
        """What a `CatalogReference` refers to, which must be one of some record types."""
        node, given = self.catalogs(reference)
        if any(node.element is other for other in self._entries):
            entry = f'the catalog entry "{reference.text("entryName")}"'
            raise reference.error(f"{entry} refers to itself; an entry may refer to others, but not back")
        names = {cls.__name__: cls for cls in types if cls in _CATALOGUED}
        if node.tag not in names:
            raise reference.error(
                f'the catalog entry "{reference.text("entryName")}" is a <{node.tag}>; <{">, <".join(names)}> is needed'
            )
        declared = [str(item.get("name")) for item in node.element.iterfind("ParameterDeclarations/*")]
        for name in given:
            if name not in declared:
                hint = did_you_mean(name, declared)
                reference.warn(f'<{node.tag}> declares no parameter "{name}"; its assignment is ignored.{hint}')
        self._entries.append(node.element)
        try:
            return self.bind(names[node.tag], node, given)
        finally:
            self._entries.pop()
