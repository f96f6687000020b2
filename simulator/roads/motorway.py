"""Motorways: two carriageways of two to six lanes, hard shoulders, barriers, and a ramp off and on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from simulator.errors import InputError
from simulator.numerics.units import GRAVITY_MPS2, KMH
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

# Cross-section after RQ 31, RQ 36 and RQ 43.5 (RAA 2008): the outer two lanes are wider; hard shoulder, marks.
_OUTER_M, _INNER_M = 3.75, 3.5
_SHOULDER_M, _VERGE_M, _EXIT_M = 2.5, 1.5, 3.5
_MEDIAN_M, _EDGE_M = 1.0, 0.75  # half the median; paved strip beside it
_EDGE_LINE, _LANE_LINE = line_mark(0.30), dashed_mark(0.15, 6.0, 12.0)
_BLOCK_LINE = RoadMark(
    0.0, "broken", color="white", width=0.30, lane_change="both", lines=dashed_mark(0.30, 6.0, 6.0).lines
)
_TAPER_M, _NOSE_M = 60.0, 80.0  # over which the exit lane opens; over which the ramp leaves
_JUNCTION = "100"


# Side friction that drivers accept, by speed in km/h, and the bank of ramps (AASHTO Green Book 2011, table 3-7).
_SPEEDS_KMH, _SIDE_FRICTION = (30.0, 40.0, 50.0, 60.0, 70.0, 80.0), (0.28, 0.23, 0.19, 0.17, 0.15, 0.14)
_BANK = 0.06
_RAMP_TURN = np.deg2rad(50.0)


def motorway(
    length_m: float = 1000.0,
    *,
    lanes: int = 3,
    speed_kmh: float = 130.0,
    ramp: bool = True,
    curve_radius_m: float = 1500.0,
) -> RoadNetwork:
    """A motorway with an exit on the right; by symmetry the ramp on the left is an entry for the other carriageway.

    With `ramp` the motorway has two parts, joined by a junction whose ways are the motorway itself and the two
    ramps. The first part ends in, and the second begins with, a bend of `curve_radius_m` (0: straight).

    Raises:
        InputError: a length below 600 m with a ramp (200 m without), a radius below 400 m, fewer than 2 or more than 6
            lanes each way.
    """
    least = 600.0 if ramp else 200.0
    if not least <= length_m <= 1e5:
        raise InputError(f"length_m={length_m:g}: {least:g} to 100000 m are accepted")
    if curve_radius_m and not curve_radius_m >= 400.0:
        raise InputError(f"curve_radius_m={curve_radius_m:g}: 400 m and more, or 0 for straight, are accepted")
    profile = _profile(lanes)
    if not ramp:
        plan = _bent(Plan(), length_m, curve_radius_m)
        types = (RoadType(0.0, "motorway", speed_kmh * KMH),)
        network = RoadNetwork({"0": _road("0", plan, profile.plain.section(plan.length), types)}, name="motorway")
        return _with_barriers(network, "0", [(0.0, plan.length, profile.rail, profile.rail)])
    radius = curve_radius_m if length_m > 900.0 else 0.0
    ramps = _Ramps(max(0.2 * length_m, 180.0), 60.0, 230.0)
    return _with_ramps(profile, length_m, speed_kmh, radius, ramps)


def merge(
    length_m: float = 1200.0,
    *,
    lanes: int = 2,
    acceleration_m: float = 250.0,
    ramp_m: float = 250.0,
    speed_kmh: float = 120.0,
    ramp_kmh: float = 60.0,
) -> RoadNetwork:
    """A straight motorway with a ramp on, whose acceleration lane ends; an exit lies on the other carriageway.

    The entry belongs to the left carriageway, which drives against s: from road "1" and the ramp "3" through the
    junction "100" (on roads "4" and "6") to road "0". Its lanes are 3 (beside the median) and up; the acceleration
    lane is the outermost one of section 1 of road "0".

    Args:
        acceleration_m: length of the acceleration lane at full width; its taper is 60 m long. RAA 2008: 250 m.
        ramp_m: length of the ramp before it runs beside the motorway for 80 m.
        ramp_kmh: speed limit of the ramp, which gives the radius of its bend.

    Raises:
        InputError: a length that is too short for the acceleration lane, or numbers out of range.
    """
    if not 80.0 <= acceleration_m <= 1000.0:
        raise InputError(f"acceleration_m={acceleration_m:g}: 80 to 1000 m are accepted")
    if not 150.0 <= ramp_m <= 2000.0:
        raise InputError(f"ramp_m={ramp_m:g}: 150 to 2000 m are accepted")
    if not _SPEEDS_KMH[0] <= ramp_kmh <= _SPEEDS_KMH[-1]:
        raise InputError(f"ramp_kmh={ramp_kmh:g}: {_SPEEDS_KMH[0]:g} to {_SPEEDS_KMH[-1]:g} km/h are accepted")
    least = 2.0 * (acceleration_m + _TAPER_M + 50.0)
    if not least <= length_m <= 1e5:
        raise InputError(f"length_m={length_m:g}: {least:g} to 100000 m are accepted with this acceleration lane")
    ramps = _Ramps(acceleration_m + _TAPER_M, ramp_kmh, ramp_m)
    return replace(_with_ramps(_profile(lanes), length_m, speed_kmh, 0.0, ramps), name="merge")


def _bent(plan: Plan, length: float, radius: float) -> Plan:
    """Add a length of road that bends for a third of it."""
    if not radius:
        return plan.line(length)
    clothoid = min(150.0, length / 6.0)
    circle = length / 3.0 - clothoid
    k = 1.0 / radius
    plan.line(length / 3.0).spiral(0.0, k, clothoid).arc(k, max(circle, 0.0)).spiral(k, 0.0, clothoid)
    return plan.line(length / 3.0 - clothoid)


class _Ramps(NamedTuple):
    """Length of acceleration and deceleration lanes with their taper, limit and length of the ramps."""

    lane_m: float
    kmh: float
    length_m: float


def _with_ramps(profile: _Profile, length: float, speed_kmh: float, radius: float, ramps: _Ramps) -> RoadNetwork:
    types = (RoadType(0.0, "motorway", speed_kmh * KMH),)
    exit_lane, rail = ramps.lane_m, profile.rail
    before = _bent(Plan(), 0.5 * length - exit_lane, radius)
    split = before.length
    before.line(exit_lane)
    nose = Plan(before.end).line(_NOSE_M)
    after = _bent(Plan(nose.end), 0.5 * length, radius)
    sections_a = (
        LaneSection(0.0, split, profile.plain.lanes(lambda lane: ((), profile.beside_exit(lane)))),
        LaneSection(split, before.length, profile.widened.lanes(lambda lane: (profile.before_exit(lane), ()))),
    )
    junction = Link("junction", _JUNCTION)
    road_a = replace(_road("0", before, sections_a, types), successor=junction)
    road_b = replace(_road("1", after, profile.plain.section(after.length), types), predecessor=junction)
    main = replace(
        _road("4", nose, (LaneSection(0.0, _NOSE_M, profile.nose_lanes()),), types),
        junction=_JUNCTION,
        predecessor=Link("road", "0", "end"),
        successor=Link("road", "1", "start"),
    )
    roads = [road_a, road_b, main]
    for road_id, nose_id, side in (("2", "5", -1), ("3", "6", 1)):
        roads += _ramp(profile, ramps, road_id, nose_id, nose, side)
    roads.sort(key=lambda road: int(road.id))
    network = RoadNetwork({road.id: road for road in roads}, {_JUNCTION: profile.junction()}, name="motorway")
    guards = [(0.0, split, rail, rail), (split, _TAPER_M, rail, rail + _EXIT_M)]
    guards.append((split + _TAPER_M, exit_lane - _TAPER_M, rail + _EXIT_M, rail + _EXIT_M))
    network = _with_barriers(network, "0", guards)
    network = _with_barriers(network, "4", [])
    network = _with_barriers(network, "1", [(20.0, after.length - 20.0, rail, rail)])
    return speed_sign(network, "0", 60.0, rail + 1.0, speed_kmh, forward=True)


def _profile(lanes: int) -> _Profile:
    if not 2 <= lanes <= 6:
        raise InputError(f"lanes={lanes}: a motorway has 2 to 6 each way")
    return _Profile((_INNER_M,) * (lanes - 2) + (_OUTER_M, _OUTER_M))


@dataclass(frozen=True)
class _Profile:
    """Cross-section of a motorway with lanes of these widths on each side, from the median outwards."""

    lanes: tuple[float, ...]

    @property
    def edge(self) -> float:
        """|t| of the outer edge of the outermost lane."""
        return _MEDIAN_M + _EDGE_M + sum(self.lanes)

    @property
    def rail(self) -> float:
        """|t| of the guard rails."""
        return self.edge + _SHOULDER_M + 0.75

    @property
    def exit_id(self) -> int:
        """|id| of the exit or entry lane, after median, edge strip and lanes."""
        return len(self.lanes) + 3

    def beside_exit(self, lane: int) -> tuple[int, ...]:
        """Lane beside the exit that a lane before it goes on in: shoulder and verge move out by one."""
        return (lane + (1 if lane > 0 else -1),) if abs(lane) >= self.exit_id else (lane,)

    def before_exit(self, lane: int) -> tuple[int, ...]:
        """Inverse of `beside_exit`; the lane of the exit itself begins there."""
        if abs(lane) == self.exit_id:
            return ()
        return (lane - (1 if lane > 0 else -1),) if abs(lane) > self.exit_id else (lane,)

    def _inside(self) -> list[Strip]:
        """Half the median, edge strip and driving lanes, from the centre outwards."""
        marks = [_LANE_LINE] * (len(self.lanes) - 1) + [_EDGE_LINE]
        lanes = [strip("driving", width, mark) for width, mark in zip(self.lanes, marks)]
        median = strip("median", _MEDIAN_M, surface="grass")
        return [median, strip("shoulder", _EDGE_M, _EDGE_LINE), *lanes]

    @property
    def plain(self) -> CrossSection:
        """Away from ramps."""
        side = (*self._inside(), *_outside())
        return CrossSection(side, side)

    @property
    def widened(self) -> CrossSection:
        """With a lane for exit or entry that grows along the first metres."""
        inside = self._inside()
        inside[-1] = replace(inside[-1], marks=(_BLOCK_LINE,))
        widths = tapered([(0.0, 0.0), (_TAPER_M, _EXIT_M)])
        left = (*inside, strip("entry", _EXIT_M, _EDGE_LINE, table=widths), *_outside())
        right = (*inside, strip("exit", _EXIT_M, _EDGE_LINE, table=widths), *_outside())
        return CrossSection(left, right)

    def nose_lanes(self) -> tuple[Lane, ...]:
        """Lanes of the motorway beside the diverging ramps: shoulder and verge fill the gap between the two exactly.

        The ramp's edge leaves as q u^2; the shoulder takes that until it has its full width, then the verge the rest.
        """
        q = (_SHOULDER_M + _VERGE_M) / _NOSE_M**2
        full = float(np.sqrt(_SHOULDER_M / q))
        shoulder = np.array([[0.0, 0.0, 0.0, q, 0.0], [full, _SHOULDER_M, 0.0, 0.0, 0.0]])
        verge = np.array([[0.0, 0.0, 0.0, 0.0, 0.0], [full, 0.0, 2.0 * q * full, q, 0.0]])
        outside = strip("stop", 0.0, table=shoulder), strip("border", 0.0, surface="grass", table=verge)
        side = (*self._inside(), *outside)

        def link(lane: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
            """Predecessors and successors of a lane: the exit's begins here."""
            return ((lane,) if abs(lane) < self.exit_id else ()), (lane,)

        return CrossSection(side, side).lanes(link)

    def junction(self) -> Junction:
        """The motorway goes on; one ramp leaves and one comes in."""
        through, outer = tuple(range(1, self.exit_id)), range(self.exit_id, self.exit_id + 3)
        back = (*through, self.exit_id, self.exit_id + 1)
        return Junction(
            _JUNCTION,
            "motorway exit",
            connections=(
                Connection("0", "0", "4", "start", tuple((-k, -k) for k in through)),
                Connection("1", "1", "4", "end", tuple((k, k) for k in back)),
                Connection("2", "0", "5", "start", tuple((-k, -(k - self.exit_id + 1)) for k in outer)),
                Connection("3", "3", "6", "end", ((1, 1), (2, 2), (3, 3))),
            ),
        )


def _outside() -> list[Strip]:
    return [strip("stop", _SHOULDER_M), strip("border", _VERGE_M, surface="grass")]


def _ramp(profile: _Profile, ramps: _Ramps, road_id: str, nose_id: str, nose: Plan, side: int) -> list[Road]:
    """A ramp on the left (side 1, for entry) or right (-1, exit), and its way through the junction.

    Both run away from the motorway; on the entry traffic comes against s, on lanes to the left of the line.
    """
    start = Pose(nose.geometry[0].x, nose.geometry[0].y, nose.geometry[0].heading).moved(left=side * profile.edge)
    rise = _SHOULDER_M + _VERGE_M
    curve = (0.0, _NOSE_M, 0.0, 0.0), (0.0, 0.0, side * rise, 0.0)
    length = arc_length(*curve, 1.0)
    element = Geometry("paramPoly3", 0.0, *start, length=length, u=curve[0], v=curve[1], normalized=True)
    end = start.moved(_NOSE_M, side * rise).turned(side * float(np.arctan(2.0 * rise / _NOSE_M)))
    types = (RoadType(0.0, "motorway", ramps.kmh * KMH),)
    kind = "onRamp" if side > 0 else "offRamp"
    strips = (strip(kind, _EXIT_M, _EDGE_LINE), *_outside())
    lanes = {side * (k + 1): item for k, item in enumerate(strips)}
    through = [item.lane(i, (i + side * (profile.exit_id - 1),), (i,)) for i, item in lanes.items()]
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
        types=types,
    )
    friction = float(np.interp(ramps.kmh, _SPEEDS_KMH, _SIDE_FRICTION))
    radius = (ramps.kmh * KMH) ** 2 / (GRAVITY_MPS2 * (_BANK + friction))
    turn = min(_RAMP_TURN, (ramps.length_m - 100.0) / radius)
    plan = Plan(end).line(20.0).bend(radius, side * turn, 40.0)
    plan.line(ramps.length_m - plan.length)
    inner = (
        strip("shoulder", 0.0, table=tapered([(0.0, 0.0), (30.0, 0.5)])),
        strip("border", 0.0, surface="grass", table=tapered([(0.0, 0.0), (30.0, _VERGE_M)])),
    )
    section = CrossSection(strips, inner, (_EDGE_LINE,)) if side > 0 else CrossSection(inner, strips, (_EDGE_LINE,))
    ramp = replace(_road(road_id, plan, section.section(plan.length), types), predecessor=Link("junction", _JUNCTION))
    return [ramp, way]


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
