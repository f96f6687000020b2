"""Lane sections as OpenDRIVE elements."""

from __future__ import annotations

import math

from simulator.roads.records import Lane, LaneSection, RoadMark
from simulator.roads.writing_features import Element, add

_COEFFICIENTS = ("sOffset", "a", "b", "c", "d")


def lanes_of(parent: Element, sections: tuple[LaneSection, ...]) -> None:
    """Append the <laneSection> elements."""
    for section in sections:
        element = add(parent, "laneSection", s=section.s0)
        for side, sign in (("left", 1), ("center", 0), ("right", -1)):
            lanes = [lane for lane in section.lanes if (lane.id > 0) - (lane.id < 0) == sign]
            if lanes:
                group = add(element, side)
                for lane in lanes:
                    _lane(group, lane)


def _lane(group: Element, lane: Lane) -> None:
    element = add(group, "lane", id=lane.id, type=lane.type, level=lane.level)
    if lane.direction != "standard":
        element.set("direction", lane.direction)  # OpenDRIVE 1.8
    if lane.predecessors or lane.successors:
        link = add(element, "link")
        for name, ids in (("predecessor", lane.predecessors), ("successor", lane.successors)):
            for lane_id in ids:
                add(link, name, id=lane_id)
    for name, table in (("width", lane.widths), ("border", lane.borders)):
        for row in table.tolist():
            add(element, name, **dict(zip(_COEFFICIENTS, row)))
    for mark in lane.marks:
        _mark(element, mark)
    for material in lane.materials:
        add(
            element,
            "material",
            sOffset=material.ds,
            surface=material.surface or None,
            friction=material.friction,
            roughness=material.roughness,
        )
    for ds, limit in lane.speeds:
        free = math.isinf(limit)
        add(element, "speed", sOffset=ds, max="no limit" if free else limit, unit=None if free else "m/s")
    for access in lane.access:
        add(element, "access", sOffset=access.ds, rule=access.rule, restriction=access.restriction)
    for ds, inner, outer in lane.heights.tolist():
        add(element, "height", sOffset=ds, inner=inner, outer=outer)


def _mark(parent: Element, mark: RoadMark) -> None:
    element = add(
        parent,
        "roadMark",
        sOffset=mark.ds,
        type=mark.type,
        weight=mark.weight,
        color=mark.color,
        material=mark.material,
        width=mark.width or None,
        laneChange=mark.lane_change or None,
        height=mark.height if mark.height > 0.0 else None,
    )
    for row in mark.sway:
        add(element, "sway", **dict(zip(("ds", "a", "b", "c", "d"), row)))
    repeated = [line for line in mark.lines if line.repeats]
    single = [line for line in mark.lines if not line.repeats]
    if repeated:
        width = mark.width or max((line.width for line in repeated), default=0.0) or 0.12
        group = add(element, "type", name=mark.type, width=width)
        for line in repeated:
            add(
                group,
                "line",
                length=line.length,
                space=line.space,
                tOffset=line.t,
                sOffset=line.s,
                rule=line.rule or None,
                width=line.width or None,
                color=line.color or None,
            )
    if single:
        group = add(element, "explicit")
        for line in single:
            add(
                group,
                "line",
                length=line.length,
                tOffset=line.t,
                sOffset=line.s,
                rule=line.rule or None,
                width=line.width or None,
            )
