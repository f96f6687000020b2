"""Routes: the roads between waypoints, and the way through junctions that they ask for.

ASAM OpenSCENARIO XML 1.3, 7.4.1.4 "Routes".
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.roads.scalar import ScalarRoad
from simulator.storyboard import model
from simulator.storyboard.paths import find_path
from simulator.storyboard.road_links import PathNode, Roads, Way
from simulator.storyboard.road_position import RoadPosition


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of one road, driven from s `start` to s `end`; `distance` is that of its start along the route."""

    road: ScalarRoad
    lane: int
    start: float
    end: float
    distance: float

    @property
    def length(self) -> float:
        """In metres."""
        return abs(self.end - self.start)

    @property
    def direction(self) -> int:
        """1 along s, -1 against it."""
        return 1 if self.end >= self.start else -1


class Route:
    """Legs from the first waypoint to the last; without legs where some waypoint cannot be reached.

    Attributes:
        stops: the waypoints that count. strategies: how each is to be reached.
        along: the roads, also where one is not reached from the one before.
    """

    def __init__(
        self, roads: Roads, waypoints: Sequence[RoadPosition], strategies: Sequence[model.RouteStrategy] = ()
    ) -> None:
        self.roads, self.waypoints = roads, tuple(waypoints)
        self.legs: list[Leg] = []
        stops = _without_repetitions(waypoints)
        given = dict(zip(map(id, waypoints), strategies))
        self.stops, self.strategies = stops, [given.get(id(stop), "shortest") for stop in stops]
        self.along: list[ScalarRoad | None] = [stops[0].road]
        broken = False
        for (a, b), strategy in zip(itertools.pairwise(stops), self.strategies[1:]):
            path = find_path(a, b, both_ways=False, strategy=strategy)
            if path is None or a.road is None or b.road is None:
                broken = True
            else:
                nodes = path.arrival.last.nodes() if path.arrival is not None else []
                self._add(a, b, nodes)
                self.along += [node.road for node in nodes[1:]]
            self.along.append(b.road)
        if broken:
            self.legs = []

    @property
    def is_valid(self) -> bool:
        """Whether all waypoints can be reached one after the other."""
        return bool(self.legs)

    @property
    def length(self) -> float:
        """In metres along the reference lines."""
        return self.legs[-1].distance + self.legs[-1].length if self.legs else 0.0

    def _add(self, a: RoadPosition, b: RoadPosition, nodes: list[PathNode]) -> None:
        assert a.road is not None and b.road is not None
        if not nodes:
            self._append(a.road, a.lane, a.s, b.s)
            return
        for k, node in enumerate(nodes):
            start = a.s if k == 0 else (0.0 if node.forward else node.road.length)
            self._append(node.road, node.lane, start, node.road.length if node.forward else 0.0)
        last = nodes[-1]
        entered_at_start = any(
            way.contact == "start"
            for way in self.roads.ways(last.road, last.lane, last.link, forward=last.forward)
            if way.road is b.road
        )
        self._append(b.road, b.lane, 0.0 if entered_at_start else b.road.length, b.s)

    def _append(self, road: ScalarRoad, lane: int, start: float, end: float) -> None:
        self.legs.append(Leg(road, lane, start, end, self.length))

    def at(self, distance: float) -> tuple[Leg, float]:
        """The leg and s there after a distance along the route."""
        leg = next((leg for leg in reversed(self.legs) if leg.distance <= distance), self.legs[0])
        return leg, leg.start + leg.direction * min(max(distance - leg.distance, 0.0), leg.length)

    def distance_of(self, position: RoadPosition) -> float | None:
        """Distance along the route of a position on one of its roads."""
        for leg in self.legs:
            if leg.road is position.road:
                return leg.distance + min(max(leg.direction * (position.s - leg.start), 0.0), leg.length)
        return None

    def choose(self, road: ScalarRoad | None, ways: list[Way]) -> Way:
        """The way through a junction that leads to the road which the route takes after it."""
        on_route = {leg.road.id for leg in self.legs}
        wanted = self._road_after(road, {way.road.id for way in ways})
        fitting = [way for way in ways if wanted is not None and self._leads_to(way) == wanted]
        exact = [way for way in fitting if way.road.id in on_route]
        return (exact or fitting or ways)[-1 if fitting and not exact else 0]

    def _road_after(self, road: ScalarRoad | None, candidates: set[str]) -> str | None:
        """Id of the road behind the junction that lies at the end of `road`."""
        for k, leg in enumerate(self.legs):
            if leg.road is road:
                for inside, after in zip(self.legs[k + 1 :], self.legs[k + 2 :]):
                    if inside.road.junction and not after.road.junction:
                        return after.road.id
        for leg in self.legs:  # the incoming road lies beside the route, but the route goes through this junction
            if leg.road.junction and leg.road.id in candidates:
                link = leg.road.successor
                return link.id if link is not None else None
        return None

    @staticmethod
    def _leads_to(way: Way) -> str | None:
        link = way.road.successor if way.contact == "start" else way.road.predecessor
        return link.id if link is not None else None


def _without_repetitions(waypoints: Sequence[RoadPosition]) -> list[RoadPosition]:
    """The first waypoint, then only the last of those in a row on one road."""
    kept: list[RoadPosition] = []
    for waypoint in waypoints:
        if len(kept) > 1 and kept[-1].road is waypoint.road:
            kept.pop()
        kept.append(waypoint)
    return kept
