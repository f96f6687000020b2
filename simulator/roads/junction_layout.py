"""Junctions for procedural networks: connecting roads that meet the lanes of their arms exactly.

Every way through a junction is a road of its own whose reference line runs along the left edge of its lanes. The
way that keeps furthest to the right also carries the kerb and the pavement around the corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.numerics.se3 import wrap_angle
from simulator.roads.cross_section import NO_MARK, CrossSection, Strip, eased
from simulator.roads.layout import Plan, Pose
from simulator.roads.polynomial import cubic
from simulator.roads.records import Connection, Junction, Lane, LaneSection, Link, RoadType
from simulator.roads.road import Road

_STRAIGHT_ON_RAD = np.deg2rad(38.0)


@dataclass(frozen=True, eq=False)
class Arm:
    """The end of a road at a junction.

    Attributes:
        road, contact: the road and which of its ends ("start" or "end") is here.
        pose: end of its reference line, looking into the junction.
        incoming, outgoing: strips at that end from the centre outwards: on the right and left of someone who looks
            into the junction. Their widths are those at the junction.
    """

    road: str
    contact: str
    pose: Pose
    incoming: tuple[Strip, ...]
    outgoing: tuple[Strip, ...]

    @staticmethod
    def of(road: str, contact: str, pose: Pose, section: CrossSection, length: float) -> Arm:
        """Arm of a road with this cross-section; `pose` looks into the junction."""
        if contact == "end":
            return Arm(road, contact, pose, _at(section.right, length), _at(section.left, length))
        return Arm(road, contact, pose, _at(section.left, 0.0), _at(section.right, 0.0))

    def lane_id(self, index: int, *, incoming: bool) -> int:
        """Lane id of a strip in the road."""
        right = incoming == (self.contact == "end")
        return -(index + 1) if right else index + 1


def _at(strips: Sequence[Strip], s: float) -> tuple[Strip, ...]:
    return tuple(replace(item, width=cubic(0.0, item.width_at(s))) for item in strips)


@dataclass(frozen=True)
class Way:
    """Lanes of one way through the junction: strip indices at the two arms, and whether it goes around a corner."""

    source: Arm
    target: Arm
    turn: float
    lanes: tuple[tuple[int, int], ...]
    outside: tuple[tuple[int, int], ...]


def build_junction(
    junction_id: str, arms: Sequence[Arm], first_road_id: int, *, radius: float, speed_mps: float, name: str = ""
) -> tuple[Junction, list[Road]]:
    """A junction that joins every arm with every other one.

    Args:
        first_road_id: id of the first connecting road; the others count on.
        radius: wanted radius of the bends at the left edge of the lanes.
        speed_mps: limit on the connecting roads.
    """
    roads: list[Road] = []
    connections: list[Connection] = []
    for way in _ways(arms):
        road = _connecting_road(str(first_road_id + len(roads)), junction_id, way, radius, speed_mps)
        pairs = way.lanes + way.outside
        links = tuple((way.source.lane_id(a, incoming=True), -(k + 1)) for k, (a, _) in enumerate(pairs))
        connections.append(Connection(str(len(connections)), way.source.road, road.id, "start", links))
        roads.append(road)
    return Junction(junction_id, name, connections=tuple(connections)), roads


def _ways(arms: Sequence[Arm]) -> list[Way]:
    ways = []
    for source in arms:
        turns = {
            target.road + target.contact: float(wrap_angle(target.pose.heading + np.pi - source.pose.heading))
            for target in arms
            if target is not source
        }
        rightmost = min(turns, key=lambda key: turns[key])
        for target in arms:
            if target is source:
                continue
            turn = turns[target.road + target.contact]
            lanes = _lanes(source, target, turn)
            around = target.road + target.contact == rightmost
            ways.append(Way(source, target, turn, lanes, _outside(source, target) if around else ()))
    return [way for way in ways if way.lanes]


def _driving(strips: Sequence[Strip]) -> list[int]:
    return [index for index, item in enumerate(strips) if item.type == "driving"]


def _lanes(source: Arm, target: Arm, turn: float) -> tuple[tuple[int, int], ...]:
    a, b = _driving(source.incoming), _driving(target.outgoing)
    if not a or not b:
        return ()
    if abs(turn) < _STRAIGHT_ON_RAD:
        count = min(len(a), len(b))
        return tuple(zip(a[-count:], b[-count:]))
    return ((a[-1], b[-1]),) if turn < 0 else ((a[0], b[0]),)


def _outside(source: Arm, target: Arm) -> tuple[tuple[int, int], ...]:
    """Pairs of strips beyond the driving lanes with the same types, in order; strips of no width are passed over."""
    sides = []
    for strips in (source.incoming, target.outgoing):
        beyond = max(_driving(strips)) + 1
        sides.append([k for k in range(beyond, len(strips)) if strips[k].width_at(0.0) > 1e-3])
    pairs = []
    for a, b in zip(*sides):
        if source.incoming[a].type != target.outgoing[b].type:
            break
        pairs.append((a, b))
    return tuple(pairs)


def _connecting_road(road_id: str, junction: str, way: Way, radius: float, speed_mps: float) -> Road:
    source, target = way.source, way.target
    first_in, first_out = way.lanes[0]
    start = source.pose.moved(left=-_inner(source.incoming, first_in))
    goal = target.pose.back().moved(left=-_inner(target.outgoing, first_out))
    plan = Plan(start).to(goal, radius if way.turn < 0 else 1e3)
    lanes = [Lane(0, "none", marks=(NO_MARK,))]
    for number, (a, b) in enumerate(way.lanes + way.outside):
        inlet, outlet = source.incoming[a], target.outgoing[b]
        widths = eased(inlet.width_at(0.0), outlet.width_at(0.0), plan.length)
        item = Strip(inlet.type, widths, (NO_MARK,), inlet.height, inlet.surface)
        ids = source.lane_id(a, incoming=True), target.lane_id(b, incoming=False)
        lanes.append(item.lane(-number - 1, ids[:1], ids[1:]))
    return Road(
        id=road_id,
        length=plan.length,
        geometry=plan.geometry,
        sections=(LaneSection(0.0, plan.length, tuple(lanes)),),
        junction=junction,
        predecessor=Link("road", source.road, source.contact),
        successor=Link("road", target.road, target.contact),
        types=(RoadType(0.0, "town", speed_mps),),
    )


def _inner(strips: Sequence[Strip], index: int) -> float:
    """Distance of a strip's inner edge from the centre line."""
    return sum(item.width_at(0.0) for item in strips[:index])
