"""OpenDRIVE files (1.4 to 1.8) as road networks: `read_opendrive`, and `check_opendrive` for all problems of a file."""

from __future__ import annotations

import os

from simulator.errors import InputError
from simulator.roads.checks import Checker
from simulator.roads.network import RoadNetwork
from simulator.roads.records import Connection, Controller, Junction, JunctionGroup, Platform, Station
from simulator.roads.road import Road
from simulator.roads.uncollected import uncollected
from simulator.roads.xodr_input import Element, Report, children, integer, load_xml, number, text_of
from simulator.roads.xodr_lanes import LaneReader
from simulator.roads.xodr_roads import read_road

# Elements that say what the road is like and that nobody here uses: a file with one is warned about, once each.
UNUSED = {
    "CRG": "OpenCRG surfaces are not used; the road is smooth there",
    "elevationGrid": "grids of heights in junctions are not used; those of the connecting roads are",
    "staticBoard": "signs on boards are not used",
    "vmsBoard": "variable message signs are not used",
    "crossPath": "ways of pedestrians across junctions are not used; crosswalks among the objects are",
    "boundary": "boundaries of junctions are not used; the asphalt reaches as far as the lanes, and between them",
    "semantics": "meanings of signs are not used; they go by country, type and subtype",
    "skeleton": "skeletons are not used; objects are built of their size",
    "include": "no file opens another one",
}


def read_opendrive(path: str | os.PathLike[str]) -> RoadNetwork:
    """The road network of an OpenDRIVE file.

    What can be repaired without changing the meaning is repaired and noted in `network.warnings`.

    Raises:
        InputError: the first problem that cannot be repaired, as one line: file, line, what is accepted.
    """
    report = Report(os.fspath(path))
    network = _read(path, report)
    if report.errors or network is None:
        first = report.errors[0]
        more = len(report.errors) - 1
        hint = f" (and {more} more problem{'s' if more > 1 else ''})" if more else ""
        raise InputError(first.message + hint, source=first.source, line=first.line)
    return network


def check_opendrive(path: str | os.PathLike[str]) -> tuple[list[InputError], list[InputError]]:
    """All problems of an OpenDRIVE file: errors, which make it unusable, and warnings, which were repaired."""
    report = Report(os.fspath(path), strict=True)
    try:
        _read(path, report)
    except InputError as error:
        report.errors.append(error)
    return report.errors, report.warnings


@uncollected()
def _read(path: str | os.PathLike[str], report: Report) -> RoadNetwork | None:
    return _read_document(load_xml(path, report), report)


def _read_document(root: Element, report: Report) -> RoadNetwork | None:
    if root.tag != "OpenDRIVE":
        raise InputError(
            f"the root element is <{root.tag}>; <OpenDRIVE> is needed", source=report.source, line=root.sourceline
        )
    header = root.find("header")
    if header is None:
        report.warn(root, "<header> is missing")
    revision = _revision(header, report)
    seen: set[str] = set()
    for element in root.iter(*UNUSED):
        if element.tag not in seen:
            seen.add(element.tag)
            report.warn(element, f"<{element.tag}>: {UNUSED[element.tag]}")
    reader = LaneReader(report)
    roads: dict[str, Road] = {}
    lines: dict[tuple[object, ...], int] = {}
    for element in children(root, "road"):
        road = read_road(element, reader, report)
        if road is None:
            continue
        if road.id in roads:
            report.error(element, f'road id "{road.id}" is given twice; ids must be unique')
            continue
        roads[road.id] = road
        lines["road", road.id] = element.sourceline
    if not roads and not report.errors:
        report.error(root, "the file has no usable <road>; at least one is needed")
    junctions = _junctions(root, report, lines)
    if report.errors:
        return None
    Checker(roads, junctions, lines, report).run()
    network = RoadNetwork(
        roads=roads,
        junctions=junctions,
        controllers=_controllers(root, report),
        junction_groups=_junction_groups(root, junctions, report),
        stations=_stations(root, report),
        name=text_of(header, "name") if header is not None else "",
        geo_reference=_geo_reference(header),
        offset=_offset(header, report),
        revision=revision,
        source=report.source,
    )
    network.warnings.extend(str(warning) for warning in report.warnings)
    return network


def _revision(header: Element | None, report: Report) -> tuple[int, int]:
    if header is None:
        return (1, 4)
    numbers = []
    for name in ("revMajor", "revMinor"):
        try:
            numbers.append(int(float(text_of(header, name))))
        except (ValueError, OverflowError):
            report.warn(header, f'<header> needs a whole number in "{name}"')
            return (1, 4)
    revision = (numbers[0], numbers[1])
    if not (1, 0) <= revision <= (1, 8):
        report.warn(header, f"OpenDRIVE {numbers[0]}.{numbers[1]}: versions 1.4 to 1.8 are known; read as 1.8")
    return revision


def _geo_reference(header: Element | None) -> str:
    item = None if header is None else header.find("geoReference")
    return "" if item is None else "".join(item.itertext()).strip()


def _offset(header: Element | None, report: Report) -> tuple[float, float, float, float]:
    item = None if header is None else header.find("offset")
    if item is None:
        return (0.0, 0.0, 0.0, 0.0)
    x, y, z, heading = (number(item, name, report, 0.0) for name in ("x", "y", "z", "hdg"))
    return (x, y, z, heading)


def _junctions(root: Element, report: Report, lines: dict[tuple[object, ...], int]) -> dict[str, Junction]:
    junctions: dict[str, Junction] = {}
    for element in children(root, "junction"):
        name = text_of(element, "id")
        if not name:
            report.error(element, '<junction> needs the attribute "id"')
        elif name in junctions:
            report.error(element, f'junction id "{name}" is given twice; ids must be unique')
        else:
            lines["junction", name] = element.sourceline
            for position, item in enumerate(element.iterchildren("connection")):
                lines["connection", name, position] = item.sourceline
            junctions[name] = Junction(
                name,
                text_of(element, "name"),
                text_of(element, "type", "default"),
                tuple(_connection(item, report) for item in element.iterchildren("connection")),
                tuple(text_of(item, "id") for item in element.iterchildren("controller")),
                tuple((text_of(item, "high"), text_of(item, "low")) for item in element.iterchildren("priority")),
                text_of(element, "mainRoad"),
                number(element, "sStart", report, 0.0),
                number(element, "sEnd", report, 0.0),
                text_of(element, "orientation"),
            )
    return junctions


def _junction_groups(root: Element, junctions: dict[str, Junction], report: Report) -> dict[str, JunctionGroup]:
    groups = {}
    for element in children(root, "junctionGroup"):
        members = tuple(text_of(item, "junction") for item in element.iterchildren("junctionReference"))
        name = text_of(element, "id")
        for missing in (member for member in members if member not in junctions):
            report.warn(element, f'junction group "{name}" names junction "{missing}", which does not exist')
        groups[name] = JunctionGroup(name, text_of(element, "name"), text_of(element, "type", "unknown"), members)
    return groups


def _stations(root: Element, report: Report) -> dict[str, Station]:
    found = {}
    for element in children(root, "station"):
        platforms = tuple(
            Platform(
                text_of(item, "id"),
                text_of(item, "name"),
                tuple(
                    (
                        text_of(x, "roadId"),
                        number(x, "sStart", report, 0.0),
                        number(x, "sEnd", report, 0.0),
                        text_of(x, "side"),
                    )
                    for x in item.iterchildren("segment")
                ),
            )
            for item in element.iterchildren("platform")
        )
        name = text_of(element, "id")
        found[name] = Station(name, text_of(element, "name"), text_of(element, "type", "small"), platforms)
    return found


def _connection(element: Element, report: Report) -> Connection:
    links = []
    for item in element.iterchildren("laneLink"):
        start, end = integer(item, "from", report), integer(item, "to", report)
        if start is not None and end is not None:
            links.append((start, end))
    target = text_of(element, "connectingRoad") or text_of(element, "linkedRoad")
    contact = text_of(element, "contactPoint")
    if contact not in ("start", "end"):
        report.warn(element, f'<connection> has contactPoint="{contact}"; "start" or "end" is needed, start is used')
        contact = "start"
    return Connection(text_of(element, "id"), text_of(element, "incomingRoad"), target, contact, tuple(links))


def _controllers(root: Element, report: Report) -> dict[str, Controller]:
    found = {}
    for element in children(root, "controller"):
        sequence = number(element, "sequence", report, 0.0) if element.get("sequence") is not None else None
        found[text_of(element, "id")] = Controller(
            text_of(element, "id"),
            text_of(element, "name"),
            None if sequence is None else int(sequence),
            tuple((text_of(item, "signalId"), text_of(item, "type")) for item in element.iterchildren("control")),
        )
    return found
