"""Signals, objects, tunnels and bridges of an OpenDRIVE road, as records."""

from __future__ import annotations

import numpy as np

from simulator.roads.records import (
    LaneValidity,
    Outline,
    Repeat,
    RoadObject,
    Signal,
    SignalReference,
    Structure,
)
from simulator.roads.xodr_input import Element, Report, children, integer, number, text_of, truth


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
            )
        )
    return tuple(signals)


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
    )


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
    )


def _read_repeat(item: Element, s: float, t: float, z: float, report: Report) -> Repeat:
    def pair(name: str, default: float) -> tuple[float, float]:
        start = number(item, f"{name}Start", report, default)
        return start, number(item, f"{name}End", report, start)

    def optional(name: str) -> tuple[float, float] | None:
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
