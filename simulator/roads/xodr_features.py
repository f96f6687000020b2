"""Signals, objects, tunnels, bridges and switches of an OpenDRIVE road, as records."""

from __future__ import annotations

import numpy as np

from simulator.roads.records import (
    LaneValidity,
    ObjectBorder,
    ObjectMarking,
    ObjectMaterial,
    ObjectReference,
    Outline,
    Repeat,
    RoadObject,
    Signal,
    SignalPosition,
    SignalReference,
    Structure,
    Switch,
)
from simulator.roads.xodr_input import SHORTEST_DASH_M, Element, Report, children, integer, number, text_of, truth


def _all(element: Element, group: str, name: str) -> list[Element]:
    return [item for holder in element.iterchildren(group) for item in holder.iterchildren(name)]


def _validity(element: Element, report: Report) -> tuple[LaneValidity, ...]:
    found = []
    for item in element.iterchildren("validity"):
        first, last = integer(item, "fromLane", report), integer(item, "toLane", report)
        if first is not None and last is not None:
            found.append(LaneValidity(min(first, last), max(first, last)))
    return tuple(found)


def _optional(element: Element, name: str, report: Report) -> float:
    return number(element, name, report, 0.0)


def read_signals(road: Element, report: Report) -> tuple[Signal, ...]:
    """The <signal> records of a road."""
    signals = []
    for item in _all(road, "signals", "signal"):
        if report.strict:
            _advise_boards(item, report)
        value = number(item, "value", report, 0.0) if item.get("value") not in (None, "", "-1") else None
        signals.append(
            Signal(
                id=text_of(item, "id"),
                s=_optional(item, "s", report),
                t=_optional(item, "t", report),
                z=_optional(item, "zOffset", report),
                type=text_of(item, "type"),
                subtype=text_of(item, "subtype"),
                name=text_of(item, "name"),
                dynamic=truth(item, "dynamic"),
                orientation=text_of(item, "orientation", "none"),
                country=text_of(item, "country"),
                country_revision=text_of(item, "countryRevision"),
                value=value,
                unit=text_of(item, "unit"),
                text=text_of(item, "text"),
                height=_optional(item, "height", report),
                width=_optional(item, "width", report),
                heading=_optional(item, "hOffset", report),
                pitch=_optional(item, "pitch", report),
                roll=_optional(item, "roll", report),
                validity=_validity(item, report),
                stands=_stands(item, report),
                dependencies=tuple((text_of(x, "id"), text_of(x, "type")) for x in item.iterchildren("dependency")),
                references=tuple(
                    (text_of(x, "elementType"), text_of(x, "elementId"), text_of(x, "type"))
                    for x in item.iterchildren("reference")
                ),
            )
        )
    return tuple(signals)


def _stands(signal: Element, report: Report) -> SignalPosition | None:
    """<positionRoad> or <positionInertial> of a signal."""
    for item in signal.iterchildren("positionRoad", "positionInertial"):
        on_road = item.tag == "positionRoad"
        x, y, z = (_optional(item, name, report) for name in (("s", "t", "zOffset") if on_road else "xyz"))
        heading, pitch, roll = (
            _optional(item, name, report) for name in ("hOffset" if on_road else "hdg", "pitch", "roll")
        )
        return SignalPosition(text_of(item, "roadId") if on_road else "", (x, y, z), heading, pitch, roll)
    return None


def _advise_boards(item: Element, report: Report) -> None:
    """Advice about display panels (OpenDRIVE 1.8)."""
    kind, boards = text_of(item, "type"), {name for name in ("staticBoard", "vmsBoard") if item.find(name) is not None}
    if kind == "multiBoard" and len(boards) < 2:
        report.advise(item, '<signal type="multiBoard"> should have a <staticBoard> and a <vmsBoard>')
    if "vmsBoard" in boards and not truth(item, "dynamic"):
        report.advise(item, '<signal> with a <vmsBoard> should have dynamic="yes"')


def read_signal_references(road: Element, report: Report) -> tuple[SignalReference, ...]:
    """The <signalReference> records of a road."""
    return tuple(
        SignalReference(
            text_of(item, "id"),
            _optional(item, "s", report),
            _optional(item, "t", report),
            text_of(item, "orientation", "none"),
            _validity(item, report),
        )
        for item in _all(road, "signals", "signalReference")
    )


def read_objects(road: Element, report: Report) -> tuple[RoadObject, ...]:
    """The <object> records of a road with their outlines and repeats."""
    return tuple(_read_object(item, report) for item in _all(road, "objects", "object"))


def _read_object(item: Element, report: Report) -> RoadObject:
    s, t, z = (_optional(item, name, report) for name in ("s", "t", "zOffset"))
    outlines = _all(item, "outlines", "outline") + children(item, "outline")  # 1.4 has a single one, without a list
    parking = item.find("parkingSpace")
    if report.strict:
        _advise(item, outlines, report)
    return RoadObject(
        id=text_of(item, "id"),
        s=s,
        t=t,
        z=z,
        type=text_of(item, "type"),
        subtype=text_of(item, "subtype"),
        name=text_of(item, "name"),
        orientation=text_of(item, "orientation", "none"),
        heading=_optional(item, "hdg", report),
        pitch=_optional(item, "pitch", report),
        roll=_optional(item, "roll", report),
        length=_optional(item, "length", report),
        width=_optional(item, "width", report),
        radius=_optional(item, "radius", report),
        height=_optional(item, "height", report),
        valid_length=_optional(item, "validLength", report),
        dynamic=truth(item, "dynamic"),
        outlines=tuple(_read_outline(outline, report) for outline in outlines),
        repeats=tuple(_read_repeat(repeat, s, t, z, report) for repeat in item.iterchildren("repeat")),
        parking_access="" if parking is None else text_of(parking, "access", "all"),
        validity=_validity(item, report),
        markings=_markings(item, parking, report),
        borders=tuple(
            ObjectBorder(
                text_of(border, "outlineId"),
                text_of(border, "type"),
                _optional(border, "width", report),
                _corner_references(border),
            )
            for border in _all(item, "borders", "border")
        ),
        materials=tuple(
            ObjectMaterial(
                text_of(x, "surface"),
                _optional(x, "friction", report),
                _optional(x, "roughness", report),
                text_of(x, "roadMarkColor"),
            )
            for x in item.iterchildren("material")
        ),
    )


def _markings(item: Element, parking: Element | None, report: Report) -> tuple[ObjectMarking, ...]:
    """<markings>, and the <marking> of a <parkingSpace> (until 1.4), which are solid or none."""
    found = []
    for x in _all(item, "markings", "marking"):
        length, space, start, stop = (
            max(_optional(x, name, report), 0.0) for name in ("lineLength", "spaceLength", "startOffset", "stopOffset")
        )
        if length + space < SHORTEST_DASH_M:
            space = 0.0
        found.append(
            ObjectMarking(
                text_of(x, "side"),
                text_of(x, "color", "white"),
                number(x, "width", report, 0.12),
                length if space > 0.0 else 0.0,
                space,
                start,
                stop,
                _corner_references(x),
            )
        )
    for x in () if parking is None else parking.iterchildren("marking"):
        if text_of(x, "type") != "none":
            width = number(x, "width", report, 0.12)
            found.append(ObjectMarking(text_of(x, "side"), text_of(x, "color", "white"), width))
    return tuple(found)


def _corner_references(item: Element) -> tuple[str, ...]:
    return tuple(text_of(corner, "id") for corner in item.iterchildren("cornerReference"))


def read_object_references(road: Element, report: Report) -> tuple[ObjectReference, ...]:
    """The <objectReference> records of a road."""
    return tuple(
        ObjectReference(
            text_of(item, "id"),
            _optional(item, "s", report),
            _optional(item, "t", report),
            _optional(item, "zOffset", report),
            _optional(item, "validLength", report),
            text_of(item, "orientation", "none"),
            _validity(item, report),
        )
        for item in _all(road, "objects", "objectReference")
    )


def read_switches(road: Element, report: Report) -> tuple[Switch, ...]:
    """The <switch> records of a <railroad>; one without both tracks is left out with a warning."""
    found = []
    for item in _all(road, "railroad", "switch"):
        main, side, partner = (item.find(name) for name in ("mainTrack", "sideTrack", "partner"))
        if main is None or side is None:
            report.warn(item, f'<switch id="{text_of(item, "id")}"> needs <mainTrack> and <sideTrack>; it was left out')
            continue
        tracks = [(text_of(x, "id"), _optional(x, "s", report), text_of(x, "dir", "+")) for x in (main, side)]
        other = None if partner is None else (text_of(partner, "id"), text_of(partner, "name"))
        name, position = text_of(item, "name"), text_of(item, "position")
        found.append(Switch(text_of(item, "id"), name, position, tracks[0], tracks[1], other))
    return tuple(found)


def _advise(item: Element, outlines: list[Element], report: Report) -> None:
    """Advice about objects that break rules of the standard."""
    kind = text_of(item, "type")
    if item.get("orientation") is None:
        report.advise(item, '<object> should have an "orientation": "+", "-" or "none"')
    if item.get("radius") is not None and (item.get("width") is not None or item.get("length") is not None):
        report.advise(item, '<object> should have either a "radius" or a "length" and a "width", not both')
    if item.find("parkingSpace") is not None and kind != "parkingSpace":
        report.advise(item, f'<object type="{kind}"> should have no <parkingSpace>; only parking spaces have one')
    for outline in outlines:
        if len(outline.findall("cornerRoad")) + len(outline.findall("cornerLocal")) < 2:
            report.advise(outline, "<outline> should have at least two corners")
    for line in item.iter("polyline"):
        if len(line.findall("vertexRoad")) + len(line.findall("vertexLocal")) < 2:
            report.advise(line, "<polyline> should have at least two vertices")
    for border in item.iter("border"):
        if truth(border, "useCompleteOutline") and border.find("cornerReference") is not None:
            report.advise(border, '<border useCompleteOutline="true"> should have no <cornerReference>')


def _read_outline(item: Element, report: Report) -> Outline:
    corners, frame = item.findall("cornerLocal"), "local"
    names = ("u", "v", "z", "height")
    if not corners:
        corners, frame = item.findall("cornerRoad"), "road"
        names = ("s", "t", "dz", "height")
    table = [[_optional(corner, name, report) for name in names] for corner in corners]
    return Outline(
        frame,
        np.array(table).reshape(-1, 4),
        truth(item, "closed") if item.get("closed") is not None else True,
        truth(item, "outer") if item.get("outer") is not None else True,
        text_of(item, "id"),
        text_of(item, "fillType"),
        tuple(text_of(corner, "id") for corner in corners),
    )


def _read_repeat(item: Element, s: float, t: float, z: float, report: Report) -> Repeat:
    def pair(name: str, default: float) -> tuple[float, float]:
        """The values of an attribute at the start and the end."""
        start = number(item, f"{name}Start", report, default)
        return start, number(item, f"{name}End", report, start)

    def optional(name: str) -> tuple[float, float] | None:
        """The same, or None where there is none."""
        return pair(name, 0.0) if item.get(f"{name}Start") is not None else None

    return Repeat(
        number(item, "s", report, s),
        max(number(item, "length", report, 0.0), 0.0),
        max(number(item, "distance", report, 0.0), 0.0),
        pair("t", t),
        pair("zOffset", z),
        optional("width"),
        optional("height"),
        optional("length"),
        optional("radius"),
    )


def read_structures(road: Element, report: Report) -> tuple[Structure, ...]:
    """Tunnels and bridges of a road."""
    return tuple(
        Structure(
            kind,
            text_of(item, "id"),
            _optional(item, "s", report),
            _optional(item, "length", report),
            text_of(item, "type"),
            text_of(item, "name"),
            _optional(item, "lighting", report),
            _optional(item, "daylight", report),
        )
        for kind in ("tunnel", "bridge")
        for item in _all(road, "objects", kind)
    )
