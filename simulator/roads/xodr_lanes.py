"""Lane sections, lanes and road marks of an OpenDRIVE file."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np

from simulator.roads.polynomial import Array
from simulator.roads.records import (
    LANE_TYPES,
    NO_CUBICS,
    NO_HEIGHTS,
    Lane,
    LaneAccess,
    LaneMaterial,
    LaneSection,
    MarkLine,
    RoadMark,
)
from simulator.roads.xodr_input import Element, Report, children, cubics, integer, number, text_of, truth

_SPEED_UNITS = {"m/s": 1.0, "km/h": 1.0 / 3.6, "mph": 0.44704, "": 1.0}
_TOO_SHORT_M = 1e-9


def read_speed(element: Element, report: Report) -> float | None:
    """Limit in m/s of a <speed>: infinite for "no limit", None for "undefined" or an unusable one."""
    text = text_of(element, "max")
    if text.lower() in ("no limit", "undefined", ""):
        return math.inf if text.lower() == "no limit" else None
    unit = text_of(element, "unit")
    if unit not in _SPEED_UNITS:
        report.warn(element, f'<speed> unit="{unit}" is not known; "m/s", "km/h" and "mph" are accepted')
        return None
    value = number(element, "max", report, -1.0)
    if value <= 0.0:  # some editors write 0 or -1 where there is no limit of its own
        return None
    return value * _SPEED_UNITS[unit]


def read_sections(lanes: Element, road_length: float, report: Report) -> tuple[LaneSection, ...]:
    """Lane sections of <lanes>, sorted, each ending where the next one starts."""
    elements = children(lanes, "laneSection")
    starts = [number(element, "s", report) for element in elements]
    if any(math.isnan(start) for start in starts):
        return ()
    if any(b < a for a, b in pairwise(starts)):
        report.warn(elements[0], "lane sections are not in ascending order of s; they were sorted")
    ordered = sorted(zip(starts, range(len(starts)), elements))
    if ordered and abs(ordered[0][0]) > 1e-6:
        report.warn(ordered[0][2], f"the first lane section starts at s={ordered[0][0]:g}; it was extended to s=0")
    sections: list[LaneSection] = []
    for position, (start, _, element) in enumerate(ordered):
        start = 0.0 if position == 0 else start
        end = ordered[position + 1][0] if position + 1 < len(ordered) else road_length
        if min(end, road_length) - start <= _TOO_SHORT_M and (sections or position + 1 < len(ordered)):
            report.warn(element, f"lane section at s={start:g} has no length and was left out")
            continue
        sections.append(_read_section(element, start, min(end, road_length), report))
    if sections and sections[-1].s1 < road_length:
        sections[-1] = replace(sections[-1], s1=road_length)
    return tuple(sections)


def _read_section(element: Element, start: float, end: float, report: Report) -> LaneSection:
    lanes: dict[int, Lane] = {}
    if truth(element, "singleSide"):
        report.warn(element, 'lane section with singleSide="true": its other side has no lanes here')
    for side, sign in (("left", 1), ("center", 0), ("right", -1)):
        for group in element.iterchildren(side):
            for item in group.iterchildren("lane"):
                lane_id = integer(item, "id", report)
                if lane_id is None:
                    continue
                if lane_id in lanes:
                    report.warn(item, f"lane {lane_id} is given twice in a lane section; the second was left out")
                elif (lane_id > 0) - (lane_id < 0) != sign:
                    accepted = {1: "positive", 0: "0", -1: "negative"}[sign]
                    report.warn(item, f"lane id {lane_id} under <{side}>: accepted are {accepted} ids; left out")
                else:
                    lanes[lane_id] = _read_lane(item, lane_id, end - start, report)
    lanes.setdefault(0, Lane(0, "none"))
    ids = sorted(lanes, reverse=True)
    if ids[0] - ids[-1] + 1 != len(ids):
        report.warn(element, f"lane ids {ids} of a lane section have gaps; lanes are stacked in this order")
    return LaneSection(start, end, tuple(lanes[lane_id] for lane_id in ids))


def _read_lane(element: Element, lane_id: int, length: float, report: Report) -> Lane:
    parts: dict[str, list[Element]] = {}
    for child in element:
        parts.setdefault(child.tag, []).append(child)
    kind = text_of(element, "type", "none")
    if kind not in LANE_TYPES:
        report.warn(element, f'lane type="{kind}" is not one of OpenDRIVE 1.4 to 1.8; it is kept as it is')
    predecessors: list[int] = []
    successors: list[int] = []
    for link in parts.get("link", ()):
        for item in link:
            target = {"predecessor": predecessors, "successor": successors}.get(item.tag)
            linked = integer(item, "id", report) if target is not None else None
            if target is not None and linked is not None:
                target.append(linked)
    widths = _lane_cubics(parts.get("width", []), report) if lane_id else NO_CUBICS
    borders = _lane_cubics(parts.get("border", []), report) if lane_id and not len(widths) else NO_CUBICS
    if lane_id and not len(widths) and not len(borders):
        report.warn(element, f"lane {lane_id} has neither <width> nor <border>; its width is 0")
    if len(widths) and _least(widths, length) < -1e-3:
        report.warn(element, f"lane {lane_id} has a negative width; its surface is left out there")
    return Lane(
        lane_id,
        kind,
        widths,
        borders,
        _heights(parts.get("height", []), report),
        truth(element, "level"),
        tuple(sorted((_read_mark(item, report) for item in parts.get("roadMark", ())), key=lambda mark: mark.ds)),
        tuple(predecessors),
        tuple(successors),
        _speeds(parts.get("speed", []), report),
        tuple(_read_material(item, report) for item in parts.get("material", ())),
        _access(parts.get("access", []), report),
    )


def _lane_cubics(elements: list[Element], report: Report) -> Array:
    if not elements:
        return NO_CUBICS
    table = cubics(elements, "sOffset", report)
    if len(table) and table[0, 0] > 0.0:
        report.warn(elements[0], f"<{elements[0].tag}> starts at sOffset={table[0, 0]:g}; its value there holds before")
        table = np.concatenate([[[0.0, table[0, 1], 0.0, 0.0, 0.0]], table])
    return table


def _least(widths: Array, length: float) -> float:
    """Smallest width over a section: at the ends and the extrema of every cubic."""
    stops = np.minimum(np.append(widths[1:, 0], length), max(length, 0.0))
    span = np.maximum(stops - widths[:, 0], 0.0)
    a, b, c, d = widths[:, 1:].T
    if not (b.any() or c.any() or d.any()):
        return float(a.min())
    root = np.sqrt(np.maximum(c * c - 3.0 * b * d, 0.0))
    flat = np.abs(d) < 1e-15
    safe_d, safe_c = np.where(flat, 1.0, 3.0 * d), np.where(c == 0.0, 1.0, c)
    tries = [0.0 * a, span]
    for sign in (-1.0, 1.0):
        tries.append(np.clip(np.where(flat, -0.5 * b / safe_c, (-c + sign * root) / safe_d), 0.0, span))
    return float(min((a + x * (b + x * (c + x * d))).min() for x in tries))


def _heights(elements: list[Element], report: Report) -> Array:
    if not elements:
        return NO_HEIGHTS
    rows = [[number(item, name, report, 0.0) for name in ("sOffset", "inner", "outer")] for item in elements]
    table = np.array(sorted(rows, key=lambda row: row[0]))
    if table[0, 0] > 0.0:
        table = np.concatenate([[[0.0, *table[0, 1:]]], table])
    return table


def _speeds(elements: list[Element], report: Report) -> tuple[tuple[float, float], ...]:
    found = [(number(item, "sOffset", report, 0.0), read_speed(item, report)) for item in elements]
    return tuple(sorted((ds, limit) for ds, limit in found if limit is not None))


def _read_material(element: Element, report: Report) -> LaneMaterial:
    values = [number(element, name, report, 0.0) for name in ("sOffset", "friction", "roughness")]
    return LaneMaterial(values[0], values[1], values[2], text_of(element, "surface"))


def _access(elements: list[Element], report: Report) -> tuple[LaneAccess, ...]:
    """<access>: up to 1.7 one restriction as an attribute, from 1.8 on a list of <restriction>."""
    found: list[LaneAccess] = []
    for item in elements:
        ds, rule = number(item, "sOffset", report, 0.0), text_of(item, "rule", "allow")
        named = [text_of(entry, "type") for entry in item.iterchildren("restriction")]
        found.extend(LaneAccess(ds, rule, name) for name in named or [text_of(item, "restriction")])
    return tuple(found)


def _read_mark(element: Element, report: Report) -> RoadMark:
    mark_type = text_of(element, "type", "none")
    lines: tuple[MarkLine, ...] = ()
    if len(element):
        lines = tuple(
            _read_line(line, number(group, "width", report, 0.0), group.tag == "type", report)
            for group in element.iterchildren("type", "explicit")
            for line in group.iterchildren("line")
        )
    return RoadMark(
        number(element, "sOffset", report, 0.0),
        mark_type,
        text_of(element, "weight", "standard"),
        text_of(element, "color", "standard"),
        max(number(element, "width", report, 0.0), 0.0),
        number(element, "height", report, 0.0),
        text_of(element, "laneChange"),
        text_of(element, "material", "standard"),
        lines,
    )


def _read_line(element: Element, width: float, repeats: bool, report: Report) -> MarkLine:
    return MarkLine(
        max(number(element, "length", report, 0.0), 0.0),
        max(number(element, "space", report, 0.0), 0.0),
        number(element, "tOffset", report, 0.0),
        number(element, "sOffset", report, 0.0),
        max(number(element, "width", report, width), 0.0),
        text_of(element, "color"),
        text_of(element, "rule"),
        repeats,
    )
