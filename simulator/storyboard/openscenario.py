"""OpenSCENARIO XML files (1.0 to 1.3) as scenarios: `read_openscenario`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from simulator.errors import InputError, did_you_mean, listed
from simulator.roads.xodr_input import Report, load_xml
from simulator.storyboard import model, xosc_actions, xosc_conditions, xosc_entities, xosc_global, xosc_positions
from simulator.storyboard import xosc_storyboard as storyboard
from simulator.storyboard.binding import Node, Reader
from simulator.storyboard.catalogs import KINDS, MAX_BYTES, WANTED, Catalogs
from simulator.storyboard.parameters import read_monitors, read_parameters, read_variables
from simulator.storyboard.references import check_references
from simulator.storyboard.versions import NEWEST, check_version

_HOOKS = {
    **xosc_positions.HOOKS,
    **xosc_entities.HOOKS,
    **xosc_conditions.HOOKS,
    **xosc_global.HOOKS,
    **xosc_actions.HOOKS,
    **storyboard.HOOKS,
}
_ELEMENTS = {**xosc_positions.ELEMENTS, **xosc_entities.ELEMENTS, **xosc_global.ELEMENTS, **xosc_actions.ELEMENTS}
_File = str | os.PathLike[str]


def read_openscenario(
    path: _File,
    *,
    parameters: Mapping[str, object] | None = None,
    map_path: Iterable[_File] = (),
    strict: bool = False,
) -> model.OpenScenario:
    """The scenario of an OpenSCENARIO XML file, everything resolved.

    Args:
        path: a file of version 1.0 to 1.3.
        parameters: values instead of those that the file declares, by name.
        map_path: folders in which to look for maps and catalogs that are not beside the file.
        strict: make the first warning an error.

    Returns:
        The scenario; its `warnings` name what was ignored or assumed, with file and line.

    Raises:
        InputError: the first problem that leaves no scenario, as one line: file, line, what is accepted.
    """
    return ScenarioFile(path, map_path=map_path).read(parameters, strict=strict)


class ScenarioFile:
    """An OpenSCENARIO file that is opened once, with its catalogs, and read for any values of its parameters.

    Args: see `read_openscenario`.

    Raises:
        InputError: it is no scenario of version 1.0 to 1.3.
    """

    def __init__(self, path: _File, *, map_path: Iterable[_File] = ()) -> None:
        self._path, self._report = Path(path), Report(os.fspath(path))
        self._root = root = load_xml(path, self._report, kind=WANTED, max_bytes=MAX_BYTES)
        source = self._report.source
        self._revision = check_version(root, source)
        if root.find("Catalog") is not None:
            message = "is a catalog; give a file with a <Storyboard>, or read it with read_catalog"
            raise InputError(message, source=source)
        if root.find("ParameterValueDistribution") is not None:
            raise InputError("is a distribution of parameters; give it as such, beside a scenario", source=source)
        self._folders = tuple(Path(folder) for folder in map_path)
        self._catalogs = Catalogs(self._path, self._folders)

    def read(self, parameters: Mapping[str, object] | None = None, *, strict: bool = False) -> model.OpenScenario:
        """`read_openscenario` of this file."""
        catalogs = self._catalogs.anew()
        reader = new_reader(catalogs, self._revision)
        reader.source = self._report.source
        reader.warnings += self._report.warnings
        given = {name.removeprefix("$"): _text(value) for name, value in (parameters or {}).items()}
        node = Node(self._root, reader, self._report.source, 0)
        scenario = _scenario(node, catalogs, given, self._path, self._folders)
        check_references(scenario, reader.warn)
        if strict and reader.warnings:
            first, more = reader.warnings[0], len(reader.warnings) - 1
            hint = f" (and {more} more warning{'s' if more > 1 else ''})" if more else ""
            raise InputError(f"strict: {first.message}{hint}", source=first.source, line=first.line)
        return replace(scenario, warnings=tuple(str(warning) for warning in reader.warnings))


def read_catalog(path: _File, *, map_path: Iterable[_File] = ()) -> dict[str, model.Record]:
    """Entries of a catalog by name, their parameters with the values that the file declares.

    Raises:
        InputError: not a catalog of version 1.0 to 1.3, or an entry that cannot be used.
    """
    source = os.fspath(path)
    root = load_xml(path, Report(source), kind=WANTED, max_bytes=MAX_BYTES)
    revision = check_version(root, source)
    catalog = root.find("Catalog")
    if catalog is None:
        raise InputError("<OpenSCENARIO> needs the element <Catalog>", source=source, line=root.sourceline)
    reader = new_reader(Catalogs(Path(path), tuple(Path(folder) for folder in map_path)), revision)
    types = {kind: getattr(model, kind) for kind in KINDS}
    found: dict[str, model.Record] = {}
    for item in Node(catalog, reader, source, 0).children(*KINDS):
        entry: Any = reader.bind(types[item.tag], item)
        found[entry.name] = entry
    return found


def new_reader(catalogs: Catalogs, revision: tuple[int, int]) -> Reader:
    """A reader that knows every element of the standard."""
    reader = Reader(_HOOKS, _ELEMENTS, catalogs.find, read_parameters)
    reader.revision = revision
    return reader


def _scenario(
    node: Node, catalogs: Catalogs, given: Mapping[str, str], path: Path, folders: tuple[Path, ...]
) -> model.OpenScenario:
    reader = node.reader
    header = _header(node.need("FileHeader"))
    declarations = node.child("ParameterDeclarations")
    parameters = read_parameters(declarations, given, reader.values)
    for name in given:
        if name not in reader.values:
            declared = listed(reader.values)
            hint = did_you_mean(name, reader.values)
            raise node.error(f'the scenario declares no parameter "{name}".{hint} Declared: {declared}')
    variables = read_variables(node.child("VariableDeclarations"))
    monitors = read_monitors(node.child("MonitorDeclarations"))
    catalogs.locate(node.child("CatalogLocations"))
    network = node.child("RoadNetwork")
    roads = model.RoadNetwork() if network is None else _road_network(network, path, folders)
    entities, selections = _entities(node.child("Entities"))
    story = reader.bind(model.Storyboard, node.need("Storyboard"))
    node.finish()
    return model.OpenScenario(
        header, story, entities, selections, roads, parameters, variables, monitors, source=path, line=node.line
    )


def _header(node: Node) -> model.FileHeader:
    major, minor = node.integer("revMajor"), node.integer("revMinor")
    if (major, minor) > NEWEST:
        node.warn(f"version {major}.{minor} is newer than {NEWEST[0]}.{NEWEST[1]}, which is read")
    terms, properties = node.child("License"), node.child("Properties")
    found = None
    if terms is not None:
        name, resource, spdx_id = (terms.raw(name) or "" for name in ("name", "resource", "spdxId"))
        found = model.License(name, resource, spdx_id, terms.content(), line=terms.line)
        terms.finish()
    author, date, description = (node.raw(name) or "" for name in ("author", "date", "description"))
    header = model.FileHeader(
        major,
        minor,
        author,
        date,
        description,
        found,
        node.reader.bind(model.Properties, properties) if properties is not None else model.Properties(),
        line=node.line,
    )
    node.finish()
    return header


def _entities(node: Node | None) -> tuple[tuple[model.ScenarioObject, ...], tuple[model.EntitySelection, ...]]:
    if node is None:
        return (), ()
    reader = node.reader
    found: list[model.ScenarioObject] = []
    for item in node.children("ScenarioObject"):
        found += read_entity(reader, item)
    names = set()
    for entity in found:
        if entity.name in names:
            raise InputError(f'the entity "{entity.name}" is given twice', source=node.source, line=entity.line)
        names.add(entity.name)
    entities = tuple(found)
    selections = tuple(xosc_entities.selection(reader, item, entities) for item in node.children("EntitySelection"))
    reader.selections = {item.name: item.members for item in selections}
    node.finish()
    return entities, selections


def read_entity(reader: Reader, node: Node) -> tuple[model.ScenarioObject, ...]:
    """The entity of a `<ScenarioObject>`, and the trailers that its vehicle brings along."""
    found = tuple(_with_trailers(reader.bind(model.ScenarioObject, node), reader.trailers))
    reader.trailers.clear()
    return found


def _with_trailers(entity: model.ScenarioObject, brought: list[model.ScenarioObject]) -> Iterator[model.ScenarioObject]:
    """An entity and the trailers that come with it, named after it with a "+" for each place further back."""
    vehicle = entity.object
    trailer = next((t for t in brought if isinstance(vehicle, model.Vehicle) and t.name == vehicle.trailer), None)
    if trailer is None or not isinstance(vehicle, model.Vehicle):
        yield entity
        return
    name = f"{entity.name}+"
    yield replace(entity, object=replace(vehicle, trailer=name))
    yield from _with_trailers(replace(trailer, name=name), [t for t in brought if t is not trailer])


def _road_network(node: Node, path: Path, folders: tuple[Path, ...]) -> model.RoadNetwork:
    reader = node.reader
    logic, scene, signals, area = (
        node.child(name) for name in ("LogicFile", "SceneGraphFile", "TrafficSignals", "UsedArea")
    )
    controllers = signals.children("TrafficSignalController") if signals is not None else []
    corners = area.children("Position") if area is not None else []
    found = model.RoadNetwork(
        None if logic is None else find_map(logic, path, folders),
        "" if scene is None else scene.text("filepath", ""),
        tuple(_signal_controller(item) for item in controllers),
        tuple(reader.one_of(item, get_args(model.Position)) for item in corners),
        line=node.line,
    )
    for item in (logic, scene, signals, area, node):
        if item is not None:
            item.finish()
    return found


def _signal_controller(node: Node) -> model.TrafficSignalController:
    phases = []
    for item in node.children("Phase"):
        states = []
        for state in item.children("TrafficSignalState"):
            states.append(model.TrafficSignalState(state.text("trafficSignalId"), state.text("state"), line=state.line))
            state.finish()
        # The schema of 1.2 misspells the name.
        group = item.child("TrafficSignalGroupState") or item.child("TrafficeSignalGroupState")
        phases.append(
            model.Phase(
                item.text("name"),
                item.number("duration"),
                tuple(states),
                None if group is None else group.text("state"),
                line=item.line,
            )
        )
        item.finish()
    found = model.TrafficSignalController(
        node.text("name"), tuple(phases), node.number("delay", 0.0), node.text("reference", None), line=node.line
    )
    node.finish()
    return found


def find_map(node: Node, path: Path, folders: tuple[Path, ...]) -> Path | None:
    """The file that a `<LogicFile>` names: beside the scenario, in the folders, by its bare name there.

    Raises:
        InputError: there is none.
    """
    name = str(node.text("filepath")).replace("\\", "/")
    if not name:
        return None
    bare = name.rsplit("/", 1)[-1]
    places = (path.parent, *folders)
    names = [name, bare] + [f"{item}.xodr" for item in (name, bare) if not item.lower().endswith(".xodr")]
    for item in dict.fromkeys(names):
        for place in places:
            try:
                if (place / item).is_file():
                    return place / item
            except (OSError, ValueError):  # a name that is too long, or has a null byte
                continue
    looked = listed(str(place) for place in places)
    raise node.error(f'the map "{name}" is not found in {looked}; give its folder as a map path')


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
