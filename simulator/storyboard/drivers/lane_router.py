"""Ways over a road network that may change lanes: the roads to a place, and the lane to be in on each of them."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from math import pi

from simulator.roads.records import Link
from simulator.roads.scalar import ScalarRoad
from simulator.storyboard import model
from simulator.storyboard.road_links import Roads, Way
from simulator.storyboard.road_position import RoadPosition
from simulator.storyboard.rotation import sign
from simulator.storyboard.strategies import way_cost


@dataclass(frozen=True, eq=False)
class _Node:
    """A road on the way: driven along s or not, in a lane; `left` is the lane of the road before that leads here."""

    road: ScalarRoad
    forward: bool
    link: Link | None
    lane: int
    left: int
    weight: float
    before: _Node | None = None

    @property
    def key(self) -> tuple[str, int, int, bool, bool]:
        """What makes two of them the same."""
        return self.road.id, self.lane, self.left, self.forward, self.link is None


def way_points(
    roads: Roads, start: RoadPosition, target: RoadPosition, strategy: model.RouteStrategy
) -> list[RoadPosition]:
    """A place on each road of the best way, in the lane that leads to the next; the last is the target.

    Empty: there is none, or both lie in one lane. "fastest" counts time at the limits, "leastIntersections" the
    junctions, everything else the length.
    """
    if start.road is None or target.road is None or (start.road is target.road and start.lane == target.lane):
        return []
    for place in (start, target):
        lane = place.road.sections[place.section].lanes.get(place.lane) if place.road is not None else None
        if lane is None or lane.type not in start.lane_types:
            return []
    found = _search(roads, start, target, strategy)
    if found is None:
        return []
    nodes = [found]
    while nodes[-1].before is not None:
        nodes.append(nodes[-1].before)
    nodes.reverse()
    places = [_place(start, node, after.left, k == 0) for k, (node, after) in enumerate(itertools.pairwise(nodes))]
    return [*places, target.copy()]


def _search(roads: Roads, start: RoadPosition, target: RoadPosition, strategy: model.RouteStrategy) -> _Node | None:
    """Dijkstra; of ways that cost the same the one with the smaller change of lanes first."""
    road, forward = start.road, start.faces_along
    assert road is not None
    link = roads.link(road, forward=forward)
    if link is None:
        return None
    left = road.length - start.s if forward else start.s
    counter = itertools.count()
    first = _Node(road, forward, link, start.lane, 0, way_cost(strategy, road, left, None))
    waiting = [(first.weight, 0, next(counter), first)]
    done = set()
    while waiting:
        node = heapq.heappop(waiting)[-1]
        if node.key in done:
            continue
        done.add(node.key)
        if node.road is target.road and node.lane == target.lane:
            return node
        for new in _following(roads, node, target, strategy):
            heapq.heappush(waiting, (new.weight, abs(new.lane - node.lane), next(counter), new))
    return None


def _following(roads: Roads, node: _Node, target: RoadPosition, strategy: model.RouteStrategy) -> list[_Node]:
    if node.link is None:
        return []
    section = node.road.sections[-1 if node.forward else 0]
    lanes = [
        number
        for number, lane in sorted(section.lanes.items(), reverse=True)
        if number and sign(number) == sign(node.lane) and lane.type in target.lane_types
    ]
    found: list[_Node] = []
    entered: dict[str, list[tuple[int, Way]]] = {}
    for number in lanes:
        for way in roads.ways(node.road, number, node.link, forward=node.forward):
            if way.lane:
                entered.setdefault(way.road.id, []).append((number, way))
    for number, way in (pair for pairs in entered.values() for pair in pairs):
        forward = way.contact != "end"
        link = roads.link(way.road, forward=forward)
        if way.road is target.road and way.lane == target.lane:
            inside = node.link.kind == "junction"
            length = 0.0 if inside else target.s if forward else way.road.length - target.s
            cost = way_cost(strategy, way.road, length, node.link)
            found.append(_Node(way.road, forward, None, way.lane, number, node.weight + cost, node))
        elif link is not None:
            cost = way_cost(strategy, way.road, way.road.length, node.link)
            found.append(_Node(way.road, forward, link, way.lane, number, node.weight + cost, node))
    return found


def _place(start: RoadPosition, node: _Node, lane: int, is_first: bool) -> RoadPosition:
    """The middle of the last stretch of a road on which a lane is there, or the start if it lies there."""
    road, length = node.road, 0.0
    for section in reversed(road.sections) if node.forward else road.sections:
        if lane not in section.lanes or section.lanes[lane].type not in start.lane_types:
            break
        length += section.s1 - section.s0
    s = road.length - 0.5 * length if node.forward else 0.5 * length
    if is_first and (start.s > road.length - length if node.forward else start.s < length):
        s = start.s
    place = start.copy()
    place.route = place.trajectory = None
    place.set_lane(road, lane, s, 0.0, road.section_at(s))
    place.set_angles(h=0.0 if node.forward else pi)
    return place
