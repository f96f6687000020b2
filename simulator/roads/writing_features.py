"""Signals, objects, tunnels, bridges and switches as OpenDRIVE elements, and the helpers that write attributes."""

from __future__ import annotations

from typing import Any

from simulator.roads.records import LaneValidity, Outline, Repeat, RoadObject, Signal, SignalPosition
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
    for name, kind in signal.dependencies:
        add(item, "dependency", id=name, type=kind or None)
    for element_type, name, kind in signal.references:
        add(item, "reference", elementType=element_type, elementId=name, type=kind or None)
    if signal.stands is not None:
        _stands(item, signal.stands)


def _stands(item: Element, at: SignalPosition) -> None:
    if at.road:
        names = dict(zip(("s", "t", "zOffset", "hOffset"), (*at.place, at.heading)))
        add(item, "positionRoad", roadId=at.road, **names, pitch=at.pitch, roll=at.roll)
    else:
        names = dict(zip(("x", "y", "z", "hdg"), (*at.place, at.heading)))
        add(item, "positionInertial", **names, pitch=at.pitch, roll=at.roll)


def switches_of(road_element: Element, road: Road) -> None:
    """The <railroad> of a road, if it has switches."""
    if road.switches:
        group = add(road_element, "railroad")
        for switch in road.switches:
            item = add(group, "switch", id=switch.id, name=switch.name, position=switch.position)
            for tag, track in (("mainTrack", switch.main), ("sideTrack", switch.side)):
                add(item, tag, **dict(zip(("id", "s", "dir"), track)))
            if switch.partner is not None:
                add(item, "partner", id=switch.partner[0], name=switch.partner[1] or None)


def objects_of(road_element: Element, road: Road) -> None:
    """The <objects> of a road, tunnels and bridges included, if it has any."""
    if not (road.objects or road.object_references or road.structures):
        return
    group = add(road_element, "objects")
    for thing in road.objects:
        _object(group, thing)
    for reference in road.object_references:
        item = add(
            group,
            "objectReference",
            s=reference.s,
            t=reference.t,
            id=reference.id,
            zOffset=reference.z,
            validLength=reference.valid_length,
            orientation=reference.orientation,
        )
        _validity(item, reference.validity)
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
    for material in thing.materials:
        add(
            item,
            "material",
            surface=material.surface or None,
            friction=material.friction,
            roughness=material.roughness,
            roadMarkColor=material.color or None,
        )
    _validity(item, thing.validity)
    if thing.parking_access:
        add(item, "parkingSpace", access=thing.parking_access)
    if thing.markings:
        _markings(add(item, "markings"), thing)
    if thing.borders:
        borders = add(item, "borders")
        for border in thing.borders:
            whole = not border.corners
            element = add(
                borders,
                "border",
                width=border.width,
                type=border.type,
                outlineId=border.outline,
                useCompleteOutline=True if whole else None,
            )
            for corner in border.corners:
                add(element, "cornerReference", id=corner)


def _markings(group: Element, thing: RoadObject) -> None:
    for marking in thing.markings:
        element = add(
            group,
            "marking",
            side=marking.side or None,
            color=marking.color,
            width=marking.width,
            lineLength=marking.length or 1.0,
            spaceLength=marking.space,
            startOffset=marking.start,
            stopOffset=marking.stop,
        )
        for corner in marking.corners:
            add(element, "cornerReference", id=corner)


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
    names_of = outline.corner_ids or ("",) * len(outline.corners)
    for corner, name in zip(outline.corners.tolist(), names_of):
        add(item, tag, id=name or None, **dict(zip((*names, "height"), corner)))


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
