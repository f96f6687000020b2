"""Lane sections, lanes and road marks of an OpenDRIVE file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

import numpy as np

from simulator.numerics.units import KMH, MPH
from simulator.roads.polynomial import Array, going_on
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
from simulator.roads.xodr_input import (
    SHORTEST_DASH_M,
    Element,
    Report,
    children,
    cubics,
    extremes,
    integer,
    number,
    text_of,
    truth,
)

_SPEED_UNITS = {"m/s": 1.0, "km/h": KMH, "mph": MPH, "": 1.0}
_SIDES = {"left": 1, "center": 0, "right": -1}
_MOST_LANES = 500  # of a lane section
_WIDEST_M = 1e3  # of a lane
_NO_LANE = Lane(0, "none")
SHORTEST_M = 1e-9  # shorter roads and lane sections are left out


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


class LaneReader:
    """Reads lane sections; equal lanes of a file become one shared record, which keeps long files fast and small."""

    def __init__(self, report: Report) -> None:
        from lxml import etree

        self._report = report
        self._text_of = etree.tostring
        self._no_offset = False
        self._lanes: dict[bytes, Lane] = {}
        self._marks: dict[tuple[tuple[str, str], ...], RoadMark] = {}

    def read_sections(self, lanes: Element, road_length: float) -> tuple[LaneSection, ...]:
        """Lane sections of <lanes>, sorted, each ending where the next one starts."""
        report = self._report
        self._no_offset = lanes.find("laneOffset") is None
        elements = children(lanes, "laneSection")
        starts = [number(element, "s", report) for element in elements]
        if any(math.isnan(start) for start in starts):
            return ()
        if any(b < a for a, b in pairwise(starts)):
            report.warn(elements[0], "lane sections are not in ascending order of s; they were sorted")
        ordered = sorted(zip(starts, range(len(starts)), elements))
        if ordered and abs(ordered[0][0]) > 1e-6:
            text = f"the first lane section starts at s={ordered[0][0]:g}; it was extended to s=0"
            report.warn(ordered[0][2], text)
        sections: list[LaneSection] = []
        skipped: list[LaneSection] = []
        for position, (start, _, element) in enumerate(ordered):
            start = 0.0 if position == 0 else start
            is_last = position + 1 == len(ordered)
            end = min(road_length if is_last else ordered[position + 1][0], road_length)
            section = self._read_section(element, start, end)
            if sections and truth(element, "singleSide"):
                sections[-1], section = _completed(sections[-1], section)
            if end - start <= SHORTEST_M and (sections or not is_last):
                report.warn(element, f"lane section at s={start:g} has no length and was left out")
                skipped.append(section)
                continue
            if skipped and sections:
                section = _relinked(section, skipped, forward=False)
                sections[-1] = replace(_relinked(sections[-1], skipped, forward=True), s1=section.s0)
            skipped.clear()
            sections.append(section)
        if sections:
            last = _relinked(sections[-1], skipped, forward=True) if skipped else sections[-1]
            sections[-1] = replace(last, s1=road_length)
        return tuple(sections)

    def _read_section(self, element: Element, start: float, end: float) -> LaneSection:
        report = self._report
        lanes: dict[int, Lane] = {}
        for group in element:
            sign = _SIDES.get(group.tag)
            for item in () if sign is None else group.iterchildren("lane"):
                lane = self._shared_lane(item, end - start)
                if lane is None:
                    continue
                if lane.id in lanes:
                    report.warn(item, f"lane {lane.id} is given twice in a lane section; the second was left out")
                elif (lane.id > 0) - (lane.id < 0) != sign:
                    accepted = {1: "positive", 0: "0", -1: "negative"}[sign or 0]
                    report.warn(item, f"lane id {lane.id} under <{group.tag}>: accepted are {accepted} ids; left out")
                else:
                    lanes[lane.id] = lane
        lanes.setdefault(0, _NO_LANE)
        ids = sorted(lanes, reverse=True)
        if len(ids) > _MOST_LANES:
            report.error(element, f"a lane section has {len(ids)} lanes; at most {_MOST_LANES} are accepted")
            ids = [0]
        if ids[0] - ids[-1] + 1 != len(ids):
            report.warn(element, f"lane ids {ids} of a lane section have gaps; lanes are stacked in this order")
        return LaneSection(start, end, tuple([lanes[lane_id] for lane_id in ids]))

    def _shared_lane(self, element: Element, length: float) -> Lane | None:
        """The record of a lane; a lane read before from the very same text, and without a problem, is used again."""
        text = self._text_of(element, with_tail=False)
        known = self._lanes.get(text)
        if known is not None:
            return known
        problems = self._report.count
        lane = self._read_lane(element, length)
        if lane is not None and self._report.count == problems and not lane.widths[:, 2:].any():
            self._lanes[text] = lane
        return lane

    def _read_lane(self, element: Element, length: float) -> Lane | None:
        report = self._report
        lane_id = integer(element, "id", report)
        if lane_id is None:
            return None
        parts: dict[str, list[Element]] = {}
        for child in element:
            parts.setdefault(child.tag, []).append(child)
        kind = element.get("type") or "none"
        if kind not in LANE_TYPES:
            report.warn(element, f'lane type="{kind}" is not one of OpenDRIVE 1.4 to 1.8; it is kept as it is')
        predecessors, successors = self._links(parts.get("link", ()))
        widths = _lane_cubics(parts.get("width"), report) if lane_id else NO_CUBICS
        borders = _lane_cubics(parts.get("border"), report) if lane_id and not len(widths) else NO_CUBICS
        if len(borders) and self._no_offset and lane_id * borders[0, 1] < 0.0:
            side = "right" if lane_id < 0 else "left"
            report.warn(element, f"lane {lane_id} on the {side} has its <border> on the other side; it was mirrored")
            borders = borders * [1.0, -1.0, -1.0, -1.0, -1.0]
        if lane_id and not len(widths) and not len(borders):
            report.warn(element, f"lane {lane_id} has neither <width> nor <border>; its width is 0")
        least, greatest = extremes(widths, length)
        if least < -1e-3:
            report.warn(element, f"lane {lane_id} has a negative width; its surface is left out there")
        if greatest > _WIDEST_M:
            report.error(element, f"lane {lane_id} is {greatest:.3g} m wide; at most {_WIDEST_M:g} m are accepted")
        return Lane(
            lane_id,
            kind,
            widths,
            borders,
            _heights(parts.get("height", []), report),
            truth(element, "level"),
            self._read_marks(parts.get("roadMark", [])),
            predecessors,
            successors,
            _speeds(parts["speed"], report) if "speed" in parts else (),
            tuple([_read_material(item, report) for item in parts["material"]]) if "material" in parts else (),
            _access(parts["access"], report) if "access" in parts else (),
            element.get("direction") or "standard",
        )

    def _links(self, elements: Sequence[Element]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        found: dict[str, list[int]] = {"predecessor": [], "successor": []}
        for link in elements:
            for item in link:
                linked = integer(item, "id", self._report) if item.tag in found else None
                if linked is not None:
                    found[item.tag].append(linked)
        return tuple(found["predecessor"]), tuple(found["successor"])

    def _read_marks(self, elements: list[Element]) -> tuple[RoadMark, ...]:
        marks = []
        for item in elements:
            key = tuple(item.attrib.items())
            mark = self._marks.get(key) if not len(item) else None
            if mark is None:
                problems = self._report.count
                mark = _read_mark(item, self._report)
                if not len(item) and self._report.count == problems:
                    self._marks[key] = mark
            marks.append(mark)
        if len(marks) > 1:
            marks.sort(key=lambda mark: mark.ds)
        return tuple(marks)


def _completed(before: LaneSection, section: LaneSection) -> tuple[LaneSection, LaneSection]:
    """The section before a section of a single side, and this one, with the lanes that go on beside it."""
    given = {(lane.id > 0) - (lane.id < 0) for lane in section.lanes if lane is not _NO_LANE}
    onward = [lane for lane in before.lanes if (lane.id > 0) - (lane.id < 0) not in given]
    ids = {lane.id for lane in onward}
    linked = tuple(replace(x, successors=(x.id,)) if x.id and x.id in ids else x for x in before.lanes)
    kept = [lane for lane in section.lanes if lane.id not in ids]
    going_on = [_going_on(lane, section.s0 - before.s0) for lane in onward]
    lanes = sorted([*kept, *going_on], key=lambda lane: -lane.id)
    return replace(before, lanes=linked), replace(section, lanes=tuple(lanes))


def _going_on(lane: Lane, ds: float) -> Lane:
    """The rest of a lane from ds on, as a lane of a section that starts there."""
    heights = lane.heights
    if len(heights):
        now = [np.interp(ds, heights[:, 0], heights[:, k]) for k in (1, 2)]
        heights = np.array([[0.0, *now], *(heights[heights[:, 0] > ds] - [ds, 0.0, 0.0])])
    return replace(
        lane,
        widths=going_on(lane.widths, ds),
        borders=going_on(lane.borders, ds),
        heights=heights,
        marks=_later(lane.marks, ds),
        materials=_later(lane.materials, ds),
        access=_later(lane.access, ds),
        speeds=tuple((max(at - ds, 0.0), limit) for at, limit in lane.speeds),
        predecessors=(lane.id,) if lane.id else (),
    )


_Entry = TypeVar("_Entry", RoadMark, LaneMaterial, LaneAccess)


def _later(entries: tuple[_Entry, ...], ds: float) -> tuple[_Entry, ...]:
    """Entries in force at ds or later, measured from there."""
    start = max((entry.ds for entry in entries if entry.ds <= ds), default=0.0)
    return tuple(replace(entry, ds=max(entry.ds - ds, 0.0)) for entry in entries if entry.ds >= start)


def _relinked(section: LaneSection, skipped: list[LaneSection], *, forward: bool) -> LaneSection:
    """A section whose links lead over skipped ones to what those are linked to."""

    def across(ids: tuple[int, ...]) -> tuple[int, ...]:
        """What ids beyond the skipped sections are called."""
        for between in skipped if forward else reversed(skipped):
            onward = {lane.id: lane.successors if forward else lane.predecessors for lane in between.lanes}
            ids = tuple(dict.fromkeys(target for lane_id in ids for target in onward.get(lane_id, ())))
        return ids

    if forward:
        lanes = tuple(replace(lane, successors=across(lane.successors)) for lane in section.lanes)
    else:
        lanes = tuple(replace(lane, predecessors=across(lane.predecessors)) for lane in section.lanes)
    return replace(section, lanes=lanes)


def _lane_cubics(elements: list[Element] | None, report: Report) -> Array:
    if not elements:
        return NO_CUBICS
    table = cubics(elements, "sOffset", report)
    if len(table) and table[0, 0] > 0.0:
        report.warn(elements[0], f"<{elements[0].tag}> starts at sOffset={table[0, 0]:g}; its value there holds before")
        table = np.concatenate([[[0.0, table[0, 1], 0.0, 0.0, 0.0]], table])
    return table


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
        if any(abs(other.ds - ds) < 1e-5 and other.rule != rule for other in found):
            report.advise(item, f'<access> mixes rule="allow" and rule="deny" at sOffset={ds:g}')
    return tuple(found)


def _read_mark(element: Element, report: Report) -> RoadMark:
    mark_type = text_of(element, "type", "none")
    lines: tuple[MarkLine, ...] = ()
    sway: tuple[tuple[float, ...], ...] = ()
    if len(element):
        lines = tuple(
            _read_line(line, number(group, "width", report, 0.0), group.tag == "type", report)
            for group in element.iterchildren("type", "explicit")
            for line in group.iterchildren("line")
        )
        rows = [[number(item, key, report, 0.0) for key in ("ds", *"abcd")] for item in element.iterchildren("sway")]
        sway = tuple(map(tuple, sorted(rows)))
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
        sway,
    )


def _read_line(element: Element, width: float, repeats: bool, report: Report) -> MarkLine:
    length, space = (max(number(element, key, report, 0.0), 0.0) for key in ("length", "space"))
    if repeats and space > 0.0 and length + space < SHORTEST_DASH_M:
        report.warn(
            element, f"<line> repeats every {length + space:g} m; below {SHORTEST_DASH_M:g} m it is drawn solid"
        )
        space = 0.0
    return MarkLine(
        length,
        space,
        number(element, "tOffset", report, 0.0),
        number(element, "sOffset", report, 0.0),
        max(number(element, "width", report, width), 0.0),
        text_of(element, "color"),
        text_of(element, "rule"),
        repeats,
    )
