"""Signals, objects, tunnels and bridges as OpenDRIVE elements, and the helpers that write attributes."""

from __future__ import annotations

from typing import Any

from simulator.roads.records import LaneValidity, Outline, Repeat, RoadObject, Signal
from simulator.roads.road import Road

Element = Any


def attributes(element: Element, values: dict[str, Any]) -> None:
    """Set attributes; None leaves one out, floats keep all their digits, booleans become "true" and "false"."""
    for name, value in values.items():
        if value is None:
            continue
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, float):
            value = repr(float(value))
        element.set(name, _printable(str(value)))


def _printable(text: str) -> str:
    """Text without the control characters that XML cannot hold."""
    return "".join(letter for letter in text if letter >= " " and letter not in "\ufffe\uffff")


def add(parent: Element, tag: str, **values: Any) -> Element:
    """A new child with attributes (see `attributes`)."""
    from lxml import etree

    element = etree.SubElement(parent, tag)
    attributes(element, values)
    return element


def _validity(parent: Element, entries: tuple[LaneValidity, ...]) -> None:
    for entry in entries:
        add(parent, "validity", fromLane=entry.from_lane, toLane=entry.to_lane)


def signals_of(road_element: Element, road: Road) -> None:
    """The <signals> of a road, if it has any."""
    if not (road.signals or road.signal_references):
        return
    group = add(road_element, "signals")
    for signal in road.signals:
        _signal(group, signal)
    for reference in road.signal_references:
        item = add(
            group, "signalReference", s=reference.s, t=reference.t, id=reference.id, orientation=reference.orientation
        )
        _validity(item, reference.validity)


def _signal(group: Element, signal: Signal) -> None:
    item = add(
        group,
        "signal",
        s=signal.s,
        t=signal.t,
        id=signal.id,
        name=signal.name or None,
        dynamic="yes" if signal.dynamic else "no",
        orientation=signal.orientation,
        zOffset=signal.z,
        country=signal.country or None,
        countryRevision=signal.country_revision or None,
        type=signal.type,
        subtype=signal.subtype,
        value=signal.value,
        unit=signal.unit or None,
        text=signal.text or None,
        height=signal.height,
        width=signal.width,
        hOffset=signal.heading,
        pitch=signal.pitch,
        roll=signal.roll,
    )
    _validity(item, signal.validity)


def objects_of(road_element: Element, road: Road) -> None:
    """The <objects> of a road, tunnels and bridges included, if it has any."""
    if not (road.objects or road.structures):
        return
    group = add(road_element, "objects")
    for thing in road.objects:
        _object(group, thing)
    for kind in ("tunnel", "bridge"):
        for s in road.structures:
            if s.kind == kind:
                light = {"lighting": s.lighting, "daylight": s.daylight} if kind == "tunnel" else {}
                add(group, kind, s=s.s, length=s.length, id=s.id, name=s.name or None, type=s.type, **light)


def _object(group: Element, thing: RoadObject) -> None:
    item = add(
        group,
        "object",
        id=thing.id,
        name=thing.name or None,
        type=thing.type or None,
        subtype=thing.subtype or None,
        s=thing.s,
        t=thing.t,
        zOffset=thing.z,
        orientation=thing.orientation,
        hdg=thing.heading,
        pitch=thing.pitch,
        roll=thing.roll,
        height=thing.height,
        validLength=thing.valid_length,
        dynamic="yes" if thing.dynamic else "no",
        length=thing.length or None,
        width=thing.width or None,
        radius=thing.radius or None,
    )
    for repeat in thing.repeats:
        _repeat(item, repeat, thing)
    if thing.outlines:
        outlines = add(item, "outlines")
        for number, outline in enumerate(thing.outlines):
            _outline(outlines, outline, number)
    _validity(item, thing.validity)
    if thing.parking_access:
        add(item, "parkingSpace", access=thing.parking_access)


def _outline(group: Element, outline: Outline, number: int) -> None:
    item = add(
        group,
        "outline",
        id=outline.id or number,
        fillType=outline.fill or None,
        outer=outline.outer,
        closed=outline.closed,
    )
    tag, names = ("cornerLocal", "uvz") if outline.frame == "local" else ("cornerRoad", ("s", "t", "dz"))
    for corner in outline.corners.tolist():
        add(item, tag, **dict(zip((*names, "height"), corner)))


def _repeat(item: Element, repeat: Repeat, thing: RoadObject) -> None:
    element = add(item, "repeat", s=repeat.s, length=repeat.length, distance=repeat.distance)
    pairs = {
        "t": repeat.t,
        "zOffset": repeat.z,
        "height": repeat.height or (thing.height, thing.height),
        "width": repeat.width,
        "length": repeat.object_length,
        "radius": repeat.radius,
    }
    for name, pair in pairs.items():
        if pair is not None:
            attributes(element, {f"{name}Start": pair[0], f"{name}End": pair[1]})
