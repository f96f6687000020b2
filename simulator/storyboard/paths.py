"""How far one position lies from another along the roads (ASAM OpenSCENARIO XML 1.3, 6.4.8 "Distances")."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, pi

from simulator.roads.scalar import ScalarRoad
from simulator.storyboard import model
from simulator.storyboard.road_links import Arrival, PathNode, Roads
from simulator.storyboard.road_position import RoadPosition
from simulator.storyboard.rotation import difference, sign
from simulator.storyboard.strategies import way_cost

_MOST_ROADS = 100


@dataclass(frozen=True, slots=True)
class RoadPath:
    """The shortest way between two positions.

    Attributes:
        length: metres along the reference lines, negative where the way starts behind the position.
        arrival: on the road of the second position, None where both lie on one road.
        ahead: it starts in the direction in which the position looks.
    """

    length: float
    arrival: Arrival | None
    ahead: bool


@dataclass(frozen=True, slots=True)
class RoadDifference:
    """Where b lies from a, along the road: metres ahead, to the left, lanes, in a's frame along its road."""

    ds: float
    dt: float
    lanes: int
    opposite_lane: bool
    same_direction: bool


def find_path(
    a: RoadPosition,
    b: RoadPosition,
    *,
    both_ways: bool,
    limit: float = inf,
    strategy: model.RouteStrategy = "shortest",
) -> RoadPath | None:
    """The best way along roads and lane links, ahead of `a` only or both ways; of these the shorter one."""
    road, target = a.road, b.road
    if road is None or target is None:
        return None
    along = looks_along(a)
    if road is target:
        ds = b.s - a.s
        return RoadPath(ds if along else -ds, None, True)
    found: Arrival | None = None
    nearest, ahead = inf, True
    for forward in (False, True) if both_ways else (along,):
        arrival = _arrival(a, target, forward, strategy)
        if arrival is None:
            continue
        distance = road.length - a.s if forward else a.s
        for length in arrival.last.lengths:
            distance += length
        if distance <= limit and distance < nearest:
            found, nearest, ahead = arrival, distance, forward == along
    if found is None:
        return None
    length = nearest + (b.s if found.contact == "start" else target.length - b.s)
    length = length if ahead else -length
    if difference(a.h, a.driving_heading) > 0.5 * pi:
        length = -length
    return RoadPath(length, found, ahead)


def looks_along(a: RoadPosition) -> bool:
    """Whether the way ahead of a position begins in the direction of s."""
    return not 0.5 * pi < a.h_rel < 1.5 * pi


def _arrival(a: RoadPosition, target: ScalarRoad, forward: bool, strategy: model.RouteStrategy) -> Arrival | None:
    """`_search` from the end of a position's road; what has been found once is kept."""
    road, known = a.road, a.roads.arrivals
    assert road is not None
    key = (road, a.section, a.lane, forward, target, strategy)
    if key not in known:
        link = a.roads.link(road, forward=forward)
        lane = _lane_at_end(road, a.lane, a.section, forward)
        known[key] = None if link is None else _search(a.roads, PathNode(road, forward, link, lane), target, strategy)
    return known[key]


def _search(roads: Roads, start: PathNode, target: ScalarRoad, strategy: model.RouteStrategy) -> Arrival | None:
    """Dijkstra over ends of roads."""
    open_nodes = [start]
    done: set[int] = set()
    for _ in range(_MOST_ROADS):
        if not open_nodes:
            return None
        node = min(open_nodes, key=lambda n: n.cost)
        open_nodes.remove(node)
        done.add(id(node.link))
        for entered, contact, lane in _neighbours(roads, node):
            if entered is target:
                return Arrival(node, contact, lane)
            if lane == 0:
                continue
            forward = contact == "start"
            link = roads.link(entered, forward=forward)
            if link is None or id(link) in done:
                continue
            lane = _lane_at_end(entered, lane, 0 if forward else len(entered.sections) - 1, forward)
            cost = node.cost + way_cost(strategy, entered, entered.length, node.link)
            known = next((n for n in open_nodes if n.link is link), None)
            if known is not None and cost >= known.cost:
                continue
            if known is not None:
                open_nodes.remove(known)
            lengths = (*node.lengths, entered.length)
            open_nodes.append(PathNode(entered, forward, link, lane, cost, lengths, node))
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
    if path.arrival is not None:
        lane, a_along = _lane_there(b.road, b.section, path.arrival), path.arrival.contact == "start"
    same = (a_along == b_along) != (both_ways and not path.ahead)
    lanes, opposite = b.lane - lane, False
    if sign(b.lane) != sign(lane):
        lanes, opposite = (abs(lanes) - 1) * sign(lanes), True
    dt = b.t - a.t if sign(lane) == sign(a.lane) else b.t + a.t
    return RoadDifference(path.length, dt, lanes, opposite, same)


def _lane_there(road: ScalarRoad, section: int, arrival: Arrival) -> int:
    """The lane of a section of the road arrived at that continues the one that led there (0: none)."""
    lane, along = arrival.lane, arrival.contact == "start"
    if lane:
        for index in range(0 if along else len(road.sections) - 1, section, 1 if along else -1):
            lane = road.sections[index].linked(lane, forward=along)
    return lane


def ahead_in_lane(a: RoadPosition, b: RoadPosition, limit: float) -> tuple[float, float] | None:
    """`ds` and `dt` of `road_difference` to who is in the same lane within `limit` m, ahead or on the same road.

    It is asked for all that drive near each other, where most are in another lane.
    """
    road, target, lane = a.road, b.road, a.lane
    if road is None or target is None:
        return None
    if road is not target:
        arrival = _arrival(a, target, looks_along(a), "shortest")
        if arrival is None or b.lane not in (0, _lane_there(target, b.section, arrival) or b.lane):
            return None
    else:
        if lane != b.lane and (lane, b.lane) not in ((-1, 0), (0, -1)):  # whose `lanes` differ by none
            return None
        ds = b.s - a.s if looks_along(a) else a.s - b.s
        return (ds, b.t - a.t) if abs(ds) < limit else None
    way = road_difference(a, b, both_ways=False, limit=limit)
    return (way.ds, way.dt) if way is not None and way.lanes == 0 else None
