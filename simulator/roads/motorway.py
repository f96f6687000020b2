"""A motorway: two carriageways of three lanes, hard shoulders, barriers, and a ramp off and on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.errors import InputError
from simulator.roads.cross_section import CrossSection, Strip, dashed_mark, line_mark, strip, tapered
from simulator.roads.junction_features import next_id, speed_sign
from simulator.roads.layout import Plan, Pose
from simulator.roads.network import RoadNetwork
from simulator.roads.records import (
    Connection,
    Junction,
    Lane,
    LaneSection,
    Link,
    Repeat,
    RoadMark,
    RoadObject,
    RoadType,
)
from simulator.roads.reference import Geometry, arc_length
from simulator.roads.road import Road

# Cross-section after RQ 36 and RQ 31 (RAA 2008): lanes from the median outwards, hard shoulder, marks.
_LANES_M = (3.5, 3.75, 3.75)
_SHOULDER_M, _VERGE_M, _EXIT_M = 2.5, 1.5, 3.5
_MEDIAN_M, _EDGE_M = 1.0, 0.75  # half the median; paved strip beside it
_EDGE_LINE, _LANE_LINE = line_mark(0.30), dashed_mark(0.15, 6.0, 12.0)
_BLOCK_LINE = RoadMark(
    0.0, "broken", color="white", width=0.30, lane_change="both", lines=dashed_mark(0.30, 6.0, 6.0).lines
)
_EDGE_T = _MEDIAN_M + _EDGE_M + sum(_LANES_M)  # |t| of the outer edge of the outermost lane
_RAIL_T = _EDGE_T + _SHOULDER_M + 0.75
_EXIT_ID = len(_LANES_M) + 3  # |id| of the exit lane, after median, edge strip and lanes
_TAPER_M, _NOSE_M = 60.0, 80.0  # over which the exit lane opens; over which the ramp leaves
_JUNCTION = "100"
_RAMP_TYPE = RoadType(0.0, "motorway", 60.0 / 3.6)


def motorway(
    length_m: float = 1000.0, *, speed_kmh: float = 130.0, ramp: bool = True, curve_radius_m: float = 1500.0
) -> RoadNetwork:
    """A motorway with an exit on the right; by symmetry the ramp on the left is an entry for the other carriageway.

    With `ramp` the motorway has two parts, joined by a junction whose ways are the motorway itself and the two
    ramps. The first part ends in, and the second begins with, a bend of `curve_radius_m` (0: straight).

    Raises:
        InputError: a length below 600 m with a ramp (200 m without), or a radius below 400 m.
    """
    least = 600.0 if ramp else 200.0
    if not least <= length_m <= 1e5:
        raise InputError(f"length_m={length_m:g}: {least:g} to 100000 m are accepted")
    if curve_radius_m and not curve_radius_m >= 400.0:
        raise InputError(f"curve_radius_m={curve_radius_m:g}: 400 m and more, or 0 for straight, are accepted")
    types = (RoadType(0.0, "motorway", speed_kmh / 3.6),)
    if not ramp:
        plan = _bent(Plan(), length_m, curve_radius_m)
        network = RoadNetwork({"0": _road("0", plan, _plain().section(plan.length), types)}, name="motorway")
        return _with_barriers(network, "0", [(0.0, plan.length, _RAIL_T, _RAIL_T)])
    return _with_ramps(length_m, speed_kmh, curve_radius_m, types)


def _bent(plan: Plan, length: float, radius: float) -> Plan:
    """Add a length of road that bends for a third of it."""
    if not radius:
        return plan.line(length)
    clothoid = min(150.0, length / 6.0)
    circle = length / 3.0 - clothoid
    k = 1.0 / radius
    plan.line(length / 3.0).spiral(0.0, k, clothoid).arc(k, max(circle, 0.0)).spiral(k, 0.0, clothoid)
    return plan.line(length / 3.0 - clothoid)


def _with_ramps(length: float, speed_kmh: float, radius: float, types: tuple[RoadType, ...]) -> RoadNetwork:
    radius = radius if length > 900.0 else 0.0
    exit_lane = max(0.2 * length, 180.0)
    before = _bent(Plan(), 0.5 * length - exit_lane, radius)
    split = before.length
    before.line(exit_lane)
    nose = Plan(before.end).line(_NOSE_M)
    after = _bent(Plan(nose.end), 0.5 * length, radius)
    sections_a = (
        LaneSection(0.0, split, _plain().lanes(lambda lane: ((), _beside_exit(lane)))),
        LaneSection(split, before.length, _widened().lanes(lambda lane: (_before_exit(lane), ()))),
    )
    junction = Link("junction", _JUNCTION)
    road_a = replace(_road("0", before, sections_a, types), successor=junction)
    road_b = replace(_road("1", after, _plain().section(after.length), types), predecessor=junction)
    main = replace(
        _road("4", nose, (LaneSection(0.0, _NOSE_M, _main_nose_lanes()),), types),
        junction=_JUNCTION,
        predecessor=Link("road", "0", "end"),
        successor=Link("road", "1", "start"),
    )
    roads = [road_a, road_b, main]
    for road_id, nose_id, side in (("2", "5", -1), ("3", "6", 1)):
        roads += _ramp(road_id, nose_id, nose, side)
    roads.sort(key=lambda road: int(road.id))
    network = RoadNetwork({road.id: road for road in roads}, {_JUNCTION: _junction()}, name="motorway")
    guards = [(0.0, split, _RAIL_T, _RAIL_T), (split, _TAPER_M, _RAIL_T, _RAIL_T + _EXIT_M)]
    guards.append((split + _TAPER_M, exit_lane - _TAPER_M, _RAIL_T + _EXIT_M, _RAIL_T + _EXIT_M))
    network = _with_barriers(network, "0", guards)
    network = _with_barriers(network, "4", [])
    network = _with_barriers(network, "1", [(20.0, after.length - 20.0, _RAIL_T, _RAIL_T)])
    return speed_sign(network, "0", 60.0, _RAIL_T + 1.0, speed_kmh, forward=True)


def _beside_exit(lane: int) -> tuple[int, ...]:
    """Lane beside the exit that a lane before it goes on in: shoulder and verge move out by one."""
    return (lane + (1 if lane > 0 else -1),) if abs(lane) >= _EXIT_ID else (lane,)


def _before_exit(lane: int) -> tuple[int, ...]:
    """Inverse of `_beside_exit`; the lane of the exit itself begins there."""
    if abs(lane) == _EXIT_ID:
        return ()
    return (lane - (1 if lane > 0 else -1),) if abs(lane) > _EXIT_ID else (lane,)


def _inside() -> list[Strip]:
    """Half the median, edge strip and driving lanes, from the centre outwards."""
    marks = [_LANE_LINE] * (len(_LANES_M) - 1) + [_EDGE_LINE]
    lanes = [strip("driving", width, mark) for width, mark in zip(_LANES_M, marks)]
    median = strip("median", _MEDIAN_M, surface="grass")
    return [median, strip("shoulder", _EDGE_M, _EDGE_LINE), *lanes]


def _outside() -> list[Strip]:
    return [strip("stop", _SHOULDER_M), strip("border", _VERGE_M, surface="grass")]


def _plain() -> CrossSection:
    side = (*_inside(), *_outside())
    return CrossSection(side, side)


def _widened() -> CrossSection:
    """Three lanes, and a lane for exit or entry that grows along the first metres."""
    inside = _inside()
    inside[-1] = replace(inside[-1], marks=(_BLOCK_LINE,))
    widths = tapered([(0.0, 0.0), (_TAPER_M, _EXIT_M)])
    left = (*inside, strip("entry", _EXIT_M, _EDGE_LINE, table=widths), *_outside())
    right = (*inside, strip("exit", _EXIT_M, _EDGE_LINE, table=widths), *_outside())
    return CrossSection(left, right)


def _main_nose_lanes() -> tuple[Lane, ...]:
    """Lanes of the motorway beside the diverging ramps: shoulder and verge fill the gap between the two exactly.

    The ramp's edge leaves as q u^2; the shoulder takes that until it has its full width, then the verge the rest.
    """
    q = (_SHOULDER_M + _VERGE_M) / _NOSE_M**2
    full = float(np.sqrt(_SHOULDER_M / q))
    shoulder = np.array([[0.0, 0.0, 0.0, q, 0.0], [full, _SHOULDER_M, 0.0, 0.0, 0.0]])
    verge = np.array([[0.0, 0.0, 0.0, 0.0, 0.0], [full, 0.0, 2.0 * q * full, q, 0.0]])
    side = (*_inside(), strip("stop", 0.0, table=shoulder), strip("border", 0.0, surface="grass", table=verge))

    def link(lane: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return ((lane,) if abs(lane) < _EXIT_ID else ()), (lane,)

    return CrossSection(side, side).lanes(link)


def _ramp(road_id: str, nose_id: str, nose: Plan, side: int) -> list[Road]:
    """A ramp on the left (side 1, for entry) or right (-1, exit), and its way through the junction.

    Both run away from the motorway; on the entry traffic comes against s, on lanes to the left of the line.
    """
    start = Pose(nose.geometry[0].x, nose.geometry[0].y, nose.geometry[0].heading).moved(left=side * _EDGE_T)
    rise = _SHOULDER_M + _VERGE_M
    curve = (0.0, _NOSE_M, 0.0, 0.0), (0.0, 0.0, side * rise, 0.0)
    length = arc_length(*curve, 1.0)
    element = Geometry("paramPoly3", 0.0, *start, length=length, u=curve[0], v=curve[1], normalized=True)
    end = start.moved(_NOSE_M, side * rise).turned(side * float(np.arctan(2.0 * rise / _NOSE_M)))
    kind = "onRamp" if side > 0 else "offRamp"
    strips = (strip(kind, _EXIT_M, _EDGE_LINE), *_outside())
    lanes = {side * (k + 1): item for k, item in enumerate(strips)}
    through = [item.lane(i, (i + side * (_EXIT_ID - 1),), (i,)) for i, item in lanes.items()]
    through.append(Lane(0, "none", marks=(_EDGE_LINE,)))
    through.sort(key=lambda lane: -lane.id)
    way = Road(
        id=nose_id,
        length=length,
        geometry=(element,),
        sections=(LaneSection(0.0, length, tuple(through)),),
        junction=_JUNCTION,
        predecessor=Link("road", "0", "end"),
        successor=Link("road", road_id, "start"),
        types=(_RAMP_TYPE,),
    )
    plan = Plan(end).line(20.0).bend(90.0, side * np.deg2rad(50.0), 40.0).line(60.0)
    inner = (
        strip("shoulder", 0.0, table=tapered([(0.0, 0.0), (30.0, 0.5)])),
        strip("border", 0.0, surface="grass", table=tapered([(0.0, 0.0), (30.0, _VERGE_M)])),
    )
    section = CrossSection(strips, inner, (_EDGE_LINE,)) if side > 0 else CrossSection(inner, strips, (_EDGE_LINE,))
    ramp = replace(
        _road(road_id, plan, section.section(plan.length), (_RAMP_TYPE,)), predecessor=Link("junction", _JUNCTION)
    )
    return [ramp, way]


def _junction() -> Junction:
    through = tuple(range(1, _EXIT_ID))
    outer = range(_EXIT_ID, _EXIT_ID + 3)
    return Junction(
        _JUNCTION,
        "motorway exit",
        connections=(
            Connection("0", "0", "4", "start", tuple((-k, -k) for k in through)),
            Connection("1", "1", "4", "end", tuple((k, k) for k in (*through, _EXIT_ID, _EXIT_ID + 1))),
            Connection("2", "0", "5", "start", tuple((-k, -(k - _EXIT_ID + 1)) for k in outer)),
            Connection("3", "3", "6", "end", ((1, 1), (2, 2), (3, 3))),
        ),
    )


def _road(road_id: str, plan: Plan, sections: tuple[LaneSection, ...], types: tuple[RoadType, ...]) -> Road:
    return Road(id=road_id, length=plan.length, geometry=plan.geometry, sections=sections, types=types)


def _with_barriers(network: RoadNetwork, road_id: str, rails: list[tuple[float, float, float, float]]) -> RoadNetwork:
    """A concrete barrier in the median, and steel rails on both sides over stretches (s, length, |t| from, to)."""
    road, number = network.roads[road_id], int(next_id(network))
    walls = [_barrier(number, "concrete", 0.9, 0.6, (0.0, road.length, 0.0, 0.0))]
    for s, length, start, end in rails:
        for side in (-1.0, 1.0):
            walls.append(_barrier(number + len(walls), "guardRail", 0.75, 0.3, (s, length, side * start, side * end)))
    changed = replace(road, objects=road.objects + tuple(walls))
    return replace(network, roads={**network.roads, road_id: changed})


def _barrier(
    number: int, subtype: str, height: float, width: float, run: tuple[float, float, float, float]
) -> RoadObject:
    s, length, start, end = run
    repeat = Repeat(s, length, 0.0, (start, end), (0.0, 0.0), (width, width), (height, height))
    name = "median barrier" if subtype == "concrete" else "guard rail"
    return RoadObject(
        str(number), s, start, type="barrier", subtype=subtype, name=name, width=width, height=height, repeats=(repeat,)
    )
