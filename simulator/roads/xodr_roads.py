"""One <road> of an OpenDRIVE file: plan view, profiles, links, lanes."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np

from simulator.roads.polynomial import NO_PROFILE, Array
from simulator.roads.records import NO_CUBICS, CrossSectionSurface, Link, RoadType, SurfaceStrip
from simulator.roads.reference import Geometry, arc_length
from simulator.roads.road import Road
from simulator.roads.xodr_features import (
    read_object_references,
    read_objects,
    read_signal_references,
    read_signals,
    read_structures,
    read_switches,
)
from simulator.roads.xodr_input import Element, Report, children, cubics, extremes, integer, number, text_of
from simulator.roads.xodr_lanes import SHORTEST_M, LaneReader, read_speed

_SHAPES = ("line", "arc", "spiral", "poly3", "paramPoly3")
_LONGEST_M = 1e7
_FARTHEST_M = 1e9  # from the map's origin: beyond, float64 does not hold a micrometre
_MOST = (1e5, 1e4)  # metres: elevation, lane offset
_LENGTH_TOLERANCE_M = 0.01


def read_road(element: Element, reader: LaneReader, report: Report) -> Road | None:
    """A road, or None when it cannot be used: the report then has an error, or a warning if it may be left out."""
    name = f'road "{text_of(element, "id")}"'
    if element.get("id") is None:
        report.error(element, '<road> needs the attribute "id"')
        return None
    errors = len(report.errors)
    geometry = _read_geometry(element, name, report)
    if not geometry or len(report.errors) > errors:
        return None
    length = _road_length(element, name, geometry, report)
    if not length > SHORTEST_M:
        report.warn(element, f"{name} has no length and was left out")
        return None
    lanes = element.find("lanes")
    for other in element.findall("lanes")[1:]:
        report.warn(other, "a road has one <lanes>: this further one (a layer of 1.9, as for roadworks) is not used")
        element.remove(other)
    sections = reader.read_sections(lanes, length) if lanes is not None else ()
    if not sections:
        if len(report.errors) == errors:
            report.error(element, f"{name} has no lane section; at least one is needed")
        return None
    profiles = [
        _profile(element, "elevationProfile", "elevation", report),
        _profile(element, "lateralProfile", "superelevation", report),
        _profile(element, "lanes", "laneOffset", report),
    ]
    for profile, group, most in zip(profiles[::2], ("elevation", "laneOffset"), _MOST):
        greatest = max(map(abs, extremes(profile, length)))
        if greatest > most:
            report.error(element, f"<{group}> of {name} reaches {greatest:.3g} m; up to {most:g} m are accepted")
    shape, crossfall = _lateral_shape(element, report), _crossfall(element, report)
    cross_section = _cross_section(element, report)
    if len(report.errors) > errors:
        return None
    junction = text_of(element, "junction")
    rule = text_of(element, "rule", "RHT").upper() or "RHT"
    if rule not in ("RHT", "LHT"):
        report.warn(element, f'{name} has rule="{rule}"; "RHT" and "LHT" are accepted, RHT is used')
        rule = "RHT"
    return Road(
        id=text_of(element, "id"),
        length=length,
        geometry=geometry,
        sections=sections,
        name=text_of(element, "name"),
        junction="" if junction == "-1" else junction,
        rule=rule,
        predecessor=_link(element, "predecessor", report),
        successor=_link(element, "successor", report),
        elevation_profile=profiles[0],
        superelevation_profile=profiles[1],
        lane_offset_profile=profiles[2],
        shape=shape,
        cross_section=cross_section,
        crossfall_profiles=crossfall,
        types=_types(element, report),
        signals=read_signals(element, report),
        signal_references=read_signal_references(element, report),
        objects=read_objects(element, report),
        object_references=read_object_references(element, report),
        structures=read_structures(element, report),
        switches=read_switches(element, report),
    )


def _road_length(element: Element, name: str, geometry: tuple[Geometry, ...], report: Report) -> float:
    drawn = geometry[-1].s + geometry[-1].length
    length = number(element, "length", report, drawn)
    if length > _LONGEST_M:
        report.error(element, f"{name} is {length:g} m long; at most {_LONGEST_M:g} m are accepted")
    if abs(length - drawn) > _LENGTH_TOLERANCE_M:
        report.warn(element, f"{name} has length={length:.10g} but its plan view ends at s={drawn:.10g}")
        length = max(length, 0.0)
    return length


def _read_geometry(road: Element, name: str, report: Report) -> tuple[Geometry, ...]:
    plans = children(road, "planView")
    items = children(plans[0], "geometry") if plans else []
    if not items:
        report.error(road, f"{name} has no <geometry> in <planView>; at least one is needed")
        return ()
    elements = [_read_element(item, report) for item in items]
    if any(element is None for element in elements):
        return ()
    found = [element for element in elements if element is not None]
    if any(b.s < a.s for a, b in pairwise(found)):
        report.warn(items[0], f"<geometry> elements of {name} are not in ascending order of s; they were sorted")
        found.sort(key=lambda element: element.s)
    kept = [element for element in found if element.length > 0.0]
    if report.strict and any(_goes_on(a, b) for a, b in pairwise(kept)):
        report.advise(plans[0], "<line> goes on straight from the one before it; one is enough")
    if len(kept) < len(found):
        report.warn(plans[0], f"{name} has <geometry> elements of length 0; they were left out")
    if kept and abs(kept[0].s) > 1e-6:
        report.warn(plans[0], f"the plan view of {name} starts at s={kept[0].s:g}; it was moved to s=0")
        kept[0] = replace(kept[0], s=0.0)
    return tuple(kept) if kept else tuple(found[:1])


def _goes_on(a: Geometry, b: Geometry) -> bool:
    """Whether two straight elements are one line."""
    turn = math.remainder(b.heading - a.heading, 2.0 * math.pi)
    return a.kind == b.kind == "line" and abs(turn) < 1e-9


def _read_element(item: Element, report: Report) -> Geometry | None:
    errors = len(report.errors)
    s, x, y, heading, length = (number(item, key, report) for key in ("s", "x", "y", "hdg", "length"))
    shapes = [child for child in item if child.tag in _SHAPES]
    if len(shapes) != 1:
        report.error(item, f"<geometry> needs exactly one of {', '.join(_SHAPES)}; {len(shapes)} found")
        return None
    shape = shapes[0]
    element = Geometry(shape.tag, s, x, y, heading, length)
    if shape.tag == "arc":
        k = number(shape, "curvature", report)
        element = replace(element, curvature_start=k, curvature_end=k)
    elif shape.tag == "spiral":
        start, end = number(shape, "curvStart", report), number(shape, "curvEnd", report)
        element = replace(element, curvature_start=start, curvature_end=end)
    elif shape.tag == "poly3":
        a, b, c, d = (number(shape, key, report) for key in "abcd")
        element = replace(element, v=(a, b, c, d))
    elif shape.tag == "paramPoly3":
        element = _read_param_poly(shape, element, report)
    if len(report.errors) > errors:
        return None
    if max(abs(x), abs(y)) > _FARTHEST_M:
        report.error(item, f"<geometry> starts at x={x:g}, y={y:g}; up to {_FARTHEST_M:g} m are accepted")
        return None
    if not 0.0 <= length <= _LONGEST_M:
        report.error(item, f"<geometry> has length={length:g}; 0 to {_LONGEST_M:g} m are accepted")
        return None
    if not element.turn <= 1e4:
        report.error(item, f"<{shape.tag}> turns {element.turn:.3g} rad; at most 10000 are accepted")
        return None
    return element


def _read_param_poly(shape: Element, element: Geometry, report: Report) -> Geometry:
    a, b, c, d = (number(shape, key, report) for key in ("aU", "bU", "cU", "dU"))
    e, f, g, h = (number(shape, key, report) for key in ("aV", "bV", "cV", "dV"))
    given = text_of(shape, "pRange", "normalized")
    if given not in ("arcLength", "normalized"):
        report.warn(shape, f'<paramPoly3> pRange="{given}"; "arcLength" and "normalized" are accepted, the latter used')
    if not any((b, c, d, f, g, h)):
        report.error(shape, "<paramPoly3> is a single point: bU to dU and bV to dV are all 0")
    if abs(a) + abs(e) + abs(f) > 1e-6 or b <= 0.0:
        report.warn(shape, "<paramPoly3> should start at its origin, straight ahead: aU=aV=bV=0 and bU>0")
    element = replace(element, u=(a, b, c, d), v=(e, f, g, h), normalized=given != "arcLength")
    if all(map(math.isfinite, (a, b, c, d, e, f, g, h, element.length))) and element.length > 0.0:
        drawn = arc_length(element.u, element.v, 1.0 if element.normalized else element.length)
        if drawn > _LONGEST_M:
            report.error(shape, f"<paramPoly3> is {drawn:.3g} m long; at most {_LONGEST_M:g} m are accepted")
        if abs(drawn - element.length) > max(1e-3, 1e-4 * element.length):
            report.warn(shape, f"<paramPoly3> is {drawn:.6g} m long, not {element.length:.6g} m as its length says")
    return element


def _profile(road: Element, group: str, name: str, report: Report) -> Array:
    items = [item for holder in road.iterchildren(group) for item in holder.iterchildren(name)]
    return cubics(items, "s", report) if items else NO_PROFILE


def _lateral_shape(road: Element, report: Report) -> Array | None:
    for holder in road.iterchildren("lateralProfile"):
        rows = [[number(item, key, report) for key in ("s", "t", *"abcd")] for item in holder.iterchildren("shape")]
        if rows and np.any(np.array(rows)[:, 2:] != 0.0):
            return np.array(rows)
    return None


def _cross_section(road: Element, report: Report) -> CrossSectionSurface | None:
    for holder in road.iterchildren("lateralProfile"):
        surface = holder.find("crossSectionSurface")
        if surface is None:
            continue
        if holder.find("shape") is not None or holder.find("superelevation") is not None:
            report.warn(surface, "<crossSectionSurface> excludes <superelevation> and <shape>; these are used")
            return None
        strips = tuple(
            strip
            for group in surface.iterchildren("surfaceStrips")
            for item in group.iterchildren("strip")
            if (strip := _strip(item, report)) is not None
        )
        offset = _coefficients(surface, "tOffset", report)
        return CrossSectionSurface(offset if len(offset) else NO_PROFILE, strips) if strips else None
    return None


def _strip(item: Element, report: Report) -> SurfaceStrip | None:
    name, mode = integer(item, "id", report), text_of(item, "mode", "independent")
    if name not in (1, -1, 2, -2):
        report.warn(item, f'<strip id="{text_of(item, "id")}"> was left out; accepted are 1, -1, 2 and -2')
        return None
    if mode not in ("independent", "relative"):
        report.warn(item, f'<strip> has mode="{mode}"; "independent" and "relative" are accepted, the former is used')
    a, b, c, d = (_coefficients(item, power, report) for power in ("constant", "linear", "quadratic", "cubic"))
    return SurfaceStrip(name, mode, _coefficients(item, "width", report), (a, b, c, d))


def _coefficients(parent: Element, name: str, report: Report) -> Array:
    """The cubics in s of an element with <coefficients>, whose attributes are all optional; (0, 5) without them."""
    items = [item for holder in parent.iterchildren(name) for item in holder.iterchildren("coefficients")]
    rows = [[number(item, key, report, 0.0) for key in ("s", *"abcd")] for item in items]
    return np.array(sorted(rows, key=lambda row: row[0])) if rows else NO_CUBICS


def _crossfall(road: Element, report: Report) -> tuple[Array, Array]:
    """<crossfall> (until OpenDRIVE 1.5) of the left and the right half of the road."""
    items = [item for holder in road.iterchildren("lateralProfile") for item in holder.iterchildren("crossfall")]
    halves = []
    for side in ("left", "right"):
        mine = [item for item in items if text_of(item, "side", "both") in (side, "both")]
        profile = cubics(mine, "s", report) if mine else NO_PROFILE
        halves.append(profile if np.any(profile[:, 1:] != 0.0) else NO_PROFILE)
    return halves[0], halves[1]


def _link(road: Element, name: str, report: Report) -> Link | None:
    for holder in road.iterchildren("link"):
        item = holder.find(name)
        if item is None:
            continue
        kind, target = text_of(item, "elementType"), text_of(item, "elementId")
        if kind not in ("road", "junction") or not target:
            report.warn(item, f'<{name}> needs elementType="road" or "junction" and an elementId; it was left out')
            return None
        contact = text_of(item, "contactPoint")
        at = None if item.get("elementS") is None else number(item, "elementS", report, 0.0)
        if kind == "road" and contact not in ("start", "end") and at is None:
            report.warn(item, f'<{name}> has contactPoint="{contact}"; "start" or "end" is needed, it was left out')
            return None
        return Link(kind, target, contact if kind == "road" else "", at, text_of(item, "elementDir"))
    return None


def _types(road: Element, report: Report) -> tuple[RoadType, ...]:
    found = []
    for item in road.iterchildren("type"):
        speed = item.find("speed")
        limit = None if speed is None else read_speed(speed, report)
        found.append(RoadType(number(item, "s", report, 0.0), text_of(item, "type"), limit, text_of(item, "country")))
    return tuple(sorted(found, key=lambda entry: entry.s))
