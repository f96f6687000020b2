"""How far one position lies from another along the roads (ASAM OpenSCENARIO XML 1.3, 6.4.8 "Distances")."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, pi

from simulator.roads.records import Link
from simulator.roads.scalar import ScalarRoad
from simulator.storyboard.road_links import Roads
from simulator.storyboard.road_position import RoadPosition
from simulator.storyboard.rotation import difference, sign

_MOST_ROADS = 100


@dataclass(slots=True, eq=False)
class PathNode:
    """An end of a road on the way, reached after `distance`; `forward` where it is left in the direction of s."""

    road: ScalarRoad
    forward: bool
    link: Link
    lane: int
    distance: float
    before: PathNode | None = None

    def nodes(self) -> list[PathNode]:
        """The way to here, from its start."""
        found: list[PathNode] = [self]
        while found[-1].before is not None:
            found.append(found[-1].before)
        return found[::-1]


@dataclass(frozen=True, slots=True)
class RoadPath:
    """The shortest way between two positions.

    Attributes:
        length: metres along the reference lines, negative where the way starts behind the position.
        last: the last road end passed, None where both lie on one road.
        ahead: it starts in the direction in which the position looks.
    """

    length: float
    last: PathNode | None
    ahead: bool


@dataclass(frozen=True, slots=True)
class RoadDifference:
    """Where b lies from a, along the road: metres ahead, to the left, lanes, in a's frame along its road."""

    ds: float
    dt: float
    lanes: int
    opposite_lane: bool
    same_direction: bool


def find_path(a: RoadPosition, b: RoadPosition, *, both_ways: bool, limit: float = inf) -> RoadPath | None:
    """The shortest way along roads and lane links, ahead of `a` only or both ways."""
    if a.road is None or b.road is None:
        return None
    looks_along = _looks_along(a)
    if a.road is b.road:
        ds = b.s - a.s
        return RoadPath(ds if looks_along else -ds, None, True)
    reached = _search(a, b, [True, False] if both_ways else [looks_along], limit)
    if reached is None:
        return None
    last, length = reached
    ahead = last.nodes()[0].forward == looks_along
    length = length if ahead else -length
    if difference(a.h, a.driving_heading) > 0.5 * pi:
        length = -length
    return RoadPath(length, last, ahead)


def _looks_along(a: RoadPosition) -> bool:
    return not 0.5 * pi < a.h_rel < 1.5 * pi


def _search(a: RoadPosition, b: RoadPosition, directions: list[bool], limit: float) -> tuple[PathNode, float] | None:
    """Dijkstra over ends of roads; the last end passed and the length to b."""
    road = a.road
    assert road is not None and b.road is not None
    open_nodes: list[PathNode] = []
    for forward in sorted(directions):  # backwards first
        link = a.roads.link(road, forward=forward)
        if link is not None:
            lane = _lane_at_end(road, a.lane, a.section, forward)
            open_nodes.append(PathNode(road, forward, link, lane, road.length - a.s if forward else a.s))
    done: set[int] = set()
    for _ in range(_MOST_ROADS):
        if not open_nodes:
            return None
        node = min(open_nodes, key=lambda n: n.distance)
        if node.distance > limit:
            return None
        open_nodes.remove(node)
        done.add(id(node.link))
        for target, contact, lane in _neighbours(a.roads, node):
            if target is b.road:
                return node, node.distance + (b.s if contact == "start" else target.length - b.s)
            if lane == 0:
                continue
            forward = contact == "start"
            link = a.roads.link(target, forward=forward)
            if link is None or id(link) in done:
                continue
            lane = _lane_at_end(target, lane, 0 if forward else len(target.sections) - 1, forward)
            distance = node.distance + target.length
            known = next((n for n in open_nodes if n.link is link), None)
            if known is None:
                open_nodes.append(PathNode(target, forward, link, lane, distance, node))
            elif distance < known.distance:
                known.distance = distance
    return None


def _neighbours(roads: Roads, node: PathNode) -> list[tuple[ScalarRoad, str, int]]:
    """Roads that follow an end of a road, where they are entered, and the lane there that continues (0: none)."""
    if node.link.kind == "road":
        return [(w.road, w.contact, w.lane) for w in roads.ways(node.road, node.lane, node.link, forward=node.forward)]
    found = []
    for connection in roads.connections(node.link.id):
        target = roads.find(connection.connecting_road)
        if connection.incoming_road == node.road.id and target is not None:
            lane = next((to for start, to in connection.lane_links if start == node.lane), 0)
            found.append((target, connection.contact, lane))
    return found


def _lane_at_end(road: ScalarRoad, lane: int, section: int, forward: bool) -> int:
    """The lane at the end (or start) of a road that continues `lane` of a section."""
    steps = range(section, len(road.sections) - 1) if forward else range(section, 0, -1)
    for index in steps:
        lane = road.sections[index].linked(lane, forward=forward)
    return lane


def road_difference(
    a: RoadPosition, b: RoadPosition, *, both_ways: bool = True, limit: float = inf
) -> RoadDifference | None:
    """Difference of two positions along the road, None: no way leads from one to the other within `limit`."""
    path = find_path(a, b, both_ways=both_ways, limit=limit)
    if path is None or abs(path.length) >= limit or a.road is None or b.road is None:
        return None
    lane, a_along, b_along = a.lane, a.faces_along, b.faces_along
    if path.last is not None:
        entered = next((w for w in _neighbours(a.roads, path.last) if w[0] is b.road), None)
        lane = entered[2] if entered is not None else 0
        a_along = entered is not None and entered[1] == "start"
        if lane:
            first = 0 if a_along else len(b.road.sections) - 1
            step = 1 if a_along else -1
            for index in range(first, b.section, step):
                lane = b.road.sections[index].linked(lane, forward=a_along)
    same = (a_along == b_along) != (both_ways and not path.ahead)
    lanes, opposite = b.lane - lane, False
    if sign(b.lane) != sign(lane):
        lanes, opposite = (abs(lanes) - 1) * sign(lanes), True
    dt = b.t - a.t if sign(lane) == sign(a.lane) else b.t + a.t
    return RoadDifference(path.length, dt, lanes, opposite, same)
