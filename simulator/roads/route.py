"""The shortest way from one lane to another, with lane changes: Dijkstra's algorithm over lanes."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.roads.records import DRIVABLE, LaneKey
from simulator.roads.road import Road
from simulator.roads.routing import LaneGraph, check_lane, lane_neighbours


@dataclass(frozen=True, slots=True)
class Route:
    """A way over lanes in the direction of their traffic.

    Attributes:
        keys: lanes in the order driven; where two in a row lie side by side, there is a lane change between them.
        length_m: along the reference lines of their roads, from the start to the goal.
        changes: number of lane changes.
    """

    keys: tuple[LaneKey, ...]
    length_m: float
    changes: int


def find_route(
    roads: Mapping[str, Road],
    graph: LaneGraph,
    start: LaneKey,
    goal: LaneKey,
    start_s: float | None = None,
    goal_s: float | None = None,
) -> Route | None:
    """The shortest route from station start_s of lane `start` to goal_s of lane `goal`; of equal ones that with the
    fewest lane changes. Stations that are not given are where the traffic of the lane begins.

    A route stays on lanes for cars, but for its ends. Lane changes lead to lanes beside with the same direction of
    traffic, whatever the marks between them; they take no length. None where there is no way.

    Raises:
        InputError: there is no such lane.
    """
    for key in (start, goal):
        check_lane(roads, key)
    begin, end = _driven(roads, start, start_s), _driven(roads, goal, goal_s)
    order = itertools.count()  # the earlier one of equals: results do not depend on how keys compare
    # A lane counts twice: `away` False while no lane has been left at its end, where the goal may lie behind.
    todo: list[tuple[float, int, int, LaneKey, bool]] = [(-begin, 0, next(order), start, False)]
    reached: dict[tuple[LaneKey, bool], tuple[float, int]] = {(start, False): (-begin, 0)}
    entered = {(start, False): begin}  # metres into each lane; elsewhere than 0 at the start and in virtual junctions
    came: dict[tuple[LaneKey, bool], tuple[LaneKey, bool]] = {}
    best: tuple[float, int] | None = None
    last: tuple[LaneKey, bool] | None = None
    while todo:
        length, changes, _, key, away = heapq.heappop(todo)
        if (length, changes) > reached[key, away]:
            continue
        if best is not None and length > best[0]:
            break
        here = entered[key, away]
        if key == goal and end >= here and (best is None or (length + end, changes) < best):
            best, last = (length + end, changes), (key, away)
        section = roads[key.road].sections[key.section]
        ways = [(way, 0.0, 1, away, here) for way in lane_neighbours(roads[key.road], key) if way is not None]
        for way in graph.next_lanes(key):
            left, joined = graph.joint(key, way)
            out = section.length if left is None else _driven(roads, key, left)
            into = _driven(roads, way, joined)
            if out >= here:
                ways.append((way, out - into, 0, True, into))
        for way, more, changed, then, into in ways:
            if way != goal and _type(roads, way) not in DRIVABLE:
                continue
            found = (length + more, changes + changed)
            if found < reached.get((way, then), (float("inf"), 0)):
                reached[way, then], entered[way, then] = found, into
                came[way, then] = (key, away)
                heapq.heappush(todo, (*found, next(order), way, then))
    if best is None or last is None:
        return None
    keys = [last[0]]
    while last in came:
        last = came[last]
        keys.append(last[0])
    return Route(tuple(reversed(keys)), best[0], best[1])


def _driven(roads: Mapping[str, Road], key: LaneKey, s: float | None) -> float:
    """Metres from where the traffic of a lane begins to station s."""
    section = roads[key.road].sections[key.section]
    if s is None:
        return 0.0
    inside = min(max(s, section.s0), section.s1)
    return inside - section.s0 if roads[key.road].drives_forward(key.lane) else section.s1 - inside


def _type(roads: Mapping[str, Road], key: LaneKey) -> str:
    return roads[key.road].sections[key.section].lane(key.lane).type
