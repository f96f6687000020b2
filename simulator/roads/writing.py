"""Road networks as OpenDRIVE files. Numbers are written so that reading gives the very same values."""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path as FilePath

from simulator.errors import OutputError
from simulator.roads.network import RoadNetwork
from simulator.roads.polynomial import Array
from simulator.roads.records import CrossSectionSurface, Junction, Link, RoadType
from simulator.roads.reference import Geometry
from simulator.roads.road import Road
from simulator.roads.writing_features import Element, add, attributes, objects_of, signals_of, switches_of
from simulator.roads.writing_lanes import lanes_of

_NEW_LANES = frozenset({"walking", "shared", "slipLane"})  # types of lanes that are new in 1.8


def write_opendrive(network: RoadNetwork, path: str | os.PathLike[str]) -> None:
    """Write a network as an OpenDRIVE 1.7 file, or 1.8 where it needs that; a file that is there is replaced at once.

    Raises:
        OutputError: the file cannot be written; nothing half-written stays behind.
    """
    from lxml import etree

    text = etree.tostring(_document(network), xml_declaration=True, encoding="UTF-8", pretty_print=True)
    target = FilePath(path)
    try:
        handle, name = tempfile.mkstemp(prefix=target.name, dir=target.parent)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        FilePath(name).chmod(0o644)
        FilePath(name).replace(target)
    except OSError as error:
        FilePath(name).unlink(missing_ok=True)
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from None


def _document(network: RoadNetwork) -> Element:
    from lxml import etree

    root = etree.Element("OpenDRIVE")
    minor = 8 if any(map(_is_new, network.roads.values())) else 7
    (west, south), (east, north) = network.bounds.tolist()
    header = add(
        root, "header", revMajor=1, revMinor=minor, name=network.name, north=north, south=south, east=east, west=west
    )
    if network.geo_reference:
        add(header, "geoReference").text = etree.CDATA(network.geo_reference)
    if any(network.offset):
        add(header, "offset", **dict(zip(("x", "y", "z", "hdg"), network.offset)))
    for road in network.roads.values():
        _road(root, road)
    for controller in network.controllers.values():
        element = add(root, "controller", id=controller.id, name=controller.name or None, sequence=controller.sequence)
        for signal, kind in controller.controls:
            add(element, "control", signalId=signal, type=kind or None)
    for junction in network.junctions.values():
        _junction(root, junction)
    for group in network.junction_groups.values():
        element = add(root, "junctionGroup", id=group.id, name=group.name or None, type=group.type)
        for member in group.junctions:
            add(element, "junctionReference", junction=member)
    for station in network.stations.values():
        element = add(root, "station", id=station.id, name=station.name, type=station.type or None)
        for platform in station.platforms:
            item = add(element, "platform", id=platform.id, name=platform.name or None)
            for segment in platform.segments:
                add(item, "segment", **dict(zip(("roadId", "sStart", "sEnd", "side"), segment)))
    return root


def _is_new(road: Road) -> bool:
    """Whether a road has what only OpenDRIVE 1.8 can say."""
    lanes = [lane for section in road.sections for lane in section.lanes]
    return (
        road.cross_section is not None
        or any(lane.direction != "standard" or lane.type in _NEW_LANES for lane in lanes)
        or any(material.color for thing in road.objects for material in thing.materials)
    )


def _road(root: Element, road: Road) -> None:
    element = add(
        root,
        "road",
        name=road.name or None,
        length=road.length,
        id=road.id,
        junction=road.junction or "-1",
        rule=road.rule,
    )
    if road.predecessor or road.successor:
        link = add(element, "link")
        _link(link, "predecessor", road.predecessor)
        _link(link, "successor", road.successor)
    for kind in road.types:
        _type(element, kind)
    plan = add(element, "planView")
    for geometry in road.geometry:
        _geometry(plan, geometry)
    _profile(add(element, "elevationProfile"), "elevation", road.elevation_profile)
    lateral = add(element, "lateralProfile")
    _profile(lateral, "superelevation", road.superelevation_profile)
    for side, profile in zip(("left", "right"), road.crossfall_profiles):
        _profile(lateral, "crossfall", profile, side=side)  # OpenDRIVE 1.4 and 1.5; readers of 1.7 pass over it
    for row in () if road.shape is None else road.shape.tolist():
        add(lateral, "shape", **dict(zip(("s", "t", "a", "b", "c", "d"), row)))
    if road.cross_section is not None:
        _cross_section(lateral, road.cross_section)
    lanes = add(element, "lanes")
    _profile(lanes, "laneOffset", road.lane_offset_profile)
    lanes_of(lanes, road.sections)
    objects_of(element, road)
    signals_of(element, road)
    switches_of(element, road)


def _link(parent: Element, name: str, link: Link | None) -> None:
    if link is not None:
        add(
            parent,
            name,
            elementType=link.kind,
            elementId=link.id,
            contactPoint=link.contact or None,
            elementS=link.s,
            elementDir=link.direction or None,
        )


def _type(parent: Element, kind: RoadType) -> None:
    element = add(parent, "type", s=kind.s, type=kind.type, country=kind.country or None)
    if kind.speed is not None:
        free = math.isinf(kind.speed)
        add(element, "speed", max="no limit" if free else kind.speed, unit=None if free else "m/s")


def _geometry(plan: Element, g: Geometry) -> None:
    element = add(plan, "geometry", s=g.s, x=g.x, y=g.y, hdg=g.heading, length=g.length)
    if g.kind == "arc":
        add(element, "arc", curvature=g.curvature_start)
    elif g.kind == "spiral":
        add(element, "spiral", curvStart=g.curvature_start, curvEnd=g.curvature_end)
    elif g.kind == "poly3":
        add(element, "poly3", **dict(zip("abcd", g.v)))
    elif g.kind == "paramPoly3":
        u = dict(zip(("aU", "bU", "cU", "dU"), g.u))
        v = dict(zip(("aV", "bV", "cV", "dV"), g.v))
        add(element, "paramPoly3", **u, **v, pRange="normalized" if g.normalized else "arcLength")
    else:
        add(element, "line")


def _profile(parent: Element, name: str, table: Array, **more: str) -> None:
    if table.any():
        for row in table.tolist():
            add(parent, name, **more, **dict(zip(("s", "a", "b", "c", "d"), row)))


def _cross_section(lateral: Element, surface: CrossSectionSurface) -> None:
    element = add(lateral, "crossSectionSurface")
    if surface.offset.any():
        _profile(add(element, "tOffset"), "coefficients", surface.offset)
    strips = add(element, "surfaceStrips")
    for strip in surface.strips:
        item = add(strips, "strip", id=strip.id, mode=strip.mode if abs(strip.id) == 2 else None)
        for name, table in zip(("width", "constant", "linear", "quadratic", "cubic"), (strip.width, *strip.powers)):
            if len(table):
                group = add(item, name)
                for row in table.tolist():
                    add(group, "coefficients", **dict(zip(("s", "a", "b", "c", "d"), row)))


def _junction(root: Element, junction: Junction) -> None:
    element = add(
        root,
        "junction",
        id=junction.id,
        name=junction.name or None,
        type=None if junction.type == "default" else junction.type,
    )
    if junction.type == "virtual":
        place = {"mainRoad": junction.main_road, "sStart": junction.s_start, "sEnd": junction.s_end}
        attributes(element, place | {"orientation": junction.orientation or None})
    target = "linkedRoad" if junction.type == "direct" else "connectingRoad"
    for connection in junction.connections:
        item = add(element, "connection", id=connection.id, incomingRoad=connection.incoming_road)
        attributes(item, {target: connection.connecting_road, "contactPoint": connection.contact})
        for start, end in connection.lane_links:
            add(item, "laneLink", **{"from": start, "to": end})
    for high, low in junction.priorities:
        add(element, "priority", high=high or None, low=low or None)
    for controller in junction.controllers:
        add(element, "controller", id=controller)
