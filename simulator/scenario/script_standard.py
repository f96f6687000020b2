"""What scripts have no words of their own for, in the words of OpenSCENARIO XML, its elements and attributes as YAML.

    do: {kind: openscenario, action: {LongitudinalDistanceAction: {entityRef: lead, timeGap: 2, freespace: true,
      continuous: true, DynamicConstraints: {maxAcceleration: 2}}}}
    when: {openscenario: {ReachPositionCondition: {tolerance: 2, Position: {WorldPosition: {x: 90, y: -2}}}}}
    at: {openscenario: {RelativeWorldPosition: {entityRef: ego, dx: 5, dy: 0}}}

A key with a plain value is an attribute, one with a mapping an element, one with a list as many elements of that name.
What reads .xosc files reads them, so that all it knows may be said here and means the same. Units are the standard's:
metres, seconds, m/s, radians.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from simulator.errors import InputError, did_you_mean, listed
from simulator.scenario.block import Block
from simulator.scenario.distributions import Codec, problem
from simulator.storyboard import model
from simulator.storyboard.binding import Node, Reader
from simulator.storyboard.catalogs import Catalogs
from simulator.storyboard.openscenario import new_reader, read_entity
from simulator.storyboard.versions import NEWEST
from simulator.storyboard.xosc_actions import PRIVATE_ACTIONS, read_private
from simulator.storyboard.xosc_conditions import ENTITY_CONDITIONS, VALUE_CONDITIONS, read_by_entity
from simulator.storyboard.xosc_global import GLOBAL_ACTIONS, read_global

KeyPath = tuple[str | int, ...]
T = TypeVar("T")
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_OF_VALUES = tuple(cls.__name__ for cls in VALUE_CONDITIONS)
_BY_ENTITY = "ByEntityCondition"
ACTIONS = (*PRIVATE_ACTIONS, *GLOBAL_ACTIONS)
NEED_NOBODY = (*_OF_VALUES, _BY_ENTITY)  # conditions that are of no entity, or say of which
CONDITIONS = (*(cls.__name__ for cls in ENTITY_CONDITIONS), *_OF_VALUES, _BY_ENTITY)
POSITIONS = tuple(cls.__name__ for cls in get_args(model.Position))


@dataclass(frozen=True, slots=True)
class OneElement(Codec):
    """Annotation of a mapping of one element, one of `names`, to what is in it."""

    names: tuple[str, ...]

    def check(self, given: Any) -> dict[str, Any]:
        """The mapping as it is, all of it fit for XML."""
        if not isinstance(given, dict) or len(given) != 1:
            raise problem("element", f"must be a mapping of one element: {listed(self.names)}")
        [name] = given
        if name not in self.names:
            raise problem(
                "element", f'there is no "{name}".{did_you_mean(str(name), self.names)} Known: {listed(self.names)}'
            )
        if not isinstance(given[name], (dict, type(None))):
            raise problem("element", f"{name} must be a mapping of what is in it")
        _check(given)
        return given

    def schema(self) -> dict[str, Any]:
        """JSON schema: one of the names; what is in it is said by the standard."""
        inside = {"type": ["object", "null"]}
        properties = dict.fromkeys(self.names, inside)
        return {"type": "object", "properties": properties, "additionalProperties": False, "maxProperties": 1}


def _check(given: dict[Any, Any]) -> None:
    for key, value in given.items():
        if not isinstance(key, str) or not _TAG.fullmatch(key):
            raise problem("element", f'"{str(key)[:60]}" is no name of an element or attribute')
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, dict):
                _check(item)
            elif isinstance(value, list) or not (item is None or isinstance(item, (bool, int, float, str))):
                raise problem("element", f"{key} must be a value, a mapping, or a list of mappings")
            elif isinstance(item, str) and not item.isprintable():
                raise problem("element", f"{key} has characters that cannot be printed")


class OpenScenario(Block):
    """An action in the words of OpenSCENARIO XML; with a global one the event needs no actor."""

    action: Annotated[dict[str, Any], OneElement(ACTIONS)]
    """What is in a <PrivateAction> (without LongitudinalAction and its like) or <GlobalAction>: elements and attributes
    as keys."""

    @property
    def is_worldly(self) -> bool:
        """Whether it happens to the world."""
        return next(iter(self.action)) in GLOBAL_ACTIONS


class StandardReader:
    """Reads elements that a script has.

    Args:
        source: the script's file. line: the line in which a key path stands, 0 where it is unknown.
        folders: of catalogs, or their files.

    Attributes:
        warnings: what catalogs are warned of, whoever has written them.
    """

    def __init__(self, source: str, line: Callable[[KeyPath], int], folders: Sequence[Path] = ()) -> None:
        self.source, self.line = source, line
        self._catalogs = Catalogs(Path(source))
        self._catalogs.folders += folders
        self.warnings: list[str] = []

    def action(self, given: dict[str, Any], path: KeyPath) -> Any:
        """The record of an action."""
        worldly = next(iter(given)) in GLOBAL_ACTIONS
        read = read_global if worldly else read_private
        return self._read(lambda reader, node: read(reader, node), "Action", given, path)

    def condition(self, given: dict[str, Any], who: tuple[str, ...], rule: Any, path: KeyPath) -> Any:
        """The record of a condition; one of an entity that names none is of `who`, by the `rule` any or all."""
        [name] = given
        if name == _BY_ENTITY:
            return self._read(lambda reader, node: read_by_entity(reader, node.need(name)), "Condition", given, path)
        types = VALUE_CONDITIONS if name in _OF_VALUES else ENTITY_CONDITIONS
        found = self._read(lambda reader, node: reader.one_of(node, types), "Condition", given, path)
        if name in _OF_VALUES:
            return found
        return model.ByEntityCondition(who, rule, found, line=self.line(path))

    def position(self, given: dict[str, Any], path: KeyPath) -> model.Position:
        """The record of a place."""
        types = get_args(model.Position)
        found: model.Position = self._read(lambda reader, node: reader.one_of(node, types), "Position", given, path)
        return found

    def entry(self, catalog: str, name: str, values: Mapping[str, str], types: tuple[type, ...], path: KeyPath) -> Any:
        """The record of an entry of a catalog, which is of one of some types."""
        self._in_catalogs(path)
        given = {"CatalogReference": _reference(catalog, name, values)}
        return self._read(lambda reader, node: reader.one_of(node, types), "Entry", given, path)

    def entity(
        self, name: str, catalog: str, entry: str, values: Mapping[str, str], path: KeyPath
    ) -> tuple[model.ScenarioObject, ...]:
        """An entity of a name whose object is an entry of a catalog, and the trailers that it brings along."""
        self._in_catalogs(path)
        given = {"name": name, "CatalogReference": _reference(catalog, entry, values)}
        return self._read(read_entity, "ScenarioObject", given, path)

    def _in_catalogs(self, path: KeyPath) -> None:
        if not self._catalogs.folders:
            text = "is looked for in catalogs: (a list of folders and files beside actors:), which names none"
            raise InputError(text, source=self.source, line=self.line(path) or None, key=".".join(map(str, path)))

    def _read(self, read: Callable[[Reader, Node], T], tag: str, given: dict[str, Any], path: KeyPath) -> T:
        """What `read` finds in an element of a name; scripts are strict, so what a file would be warned of is wrong."""
        reader = new_reader(self._catalogs, NEWEST)
        reader.source = self.source
        try:
            found = read(reader, Node(self._element(tag, given, path), reader, self.source, 0))
            own = next((warning for warning in reader.warnings if warning.source == self.source), None)
            if own is not None:
                raise own
        except InputError as error:
            if error.source != self.source or error.key:
                raise
            key = ".".join(map(str, path))
            raise InputError(error.message, source=error.source, line=error.line, key=key) from None
        self.warnings += [text for text in map(str, reader.warnings) if text not in self.warnings]
        if found is None:
            raise InputError("is not known", source=self.source, line=self.line(path) or None)
        return found

    def _element(self, tag: str, given: dict[str, Any], path: KeyPath) -> Any:
        from lxml import etree  # only where such words are used

        element: Any = etree.Element(tag)
        element.sourceline = self.line(path)
        for key, value in given.items():
            if isinstance(value, list):
                element.extend(self._element(key, item, (*path, key, i)) for i, item in enumerate(value))
            elif isinstance(value, dict) or value is None:
                element.append(self._element(key, value or {}, (*path, key)))
            else:
                element.set(key, as_text(value))
        return element


def _reference(catalog: str, entry: str, values: Mapping[str, str]) -> dict[str, Any]:
    given = [{"parameterRef": name, "value": value} for name, value in values.items()]
    names: dict[str, Any] = {"catalogName": catalog, "entryName": entry}
    return {**names, "ParameterAssignments": {"ParameterAssignment": given}} if given else names


def as_text(value: object) -> str:
    """A value as OpenSCENARIO writes it."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)
