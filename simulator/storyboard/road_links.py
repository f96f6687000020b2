"""The roads of a network one station at a time, and the ways that lead from one to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import NamedTuple

from simulator.roads import RoadNetwork
from simulator.roads.records import Connection, Junction, Link
from simulator.roads.scalar import ScalarRoad, scalar_roads
from simulator.roads.scalar_locate import ScalarLocator


@dataclass(slots=True, eq=False)
class PathNode:
    """An end of a road on the way, left in the direction of s where `forward`; `lane` as it is there.

    Attributes:
        lengths: of the roads that lie between the first end of the way and this one, in m.
        cost: of the way so far, by the strategy; of the shortest way it is their sum.
    """

    road: ScalarRoad
    forward: bool
    link: Link
    lane: int
    cost: float = 0.0
    lengths: tuple[float, ...] = ()
    before: PathNode | None = None

    def nodes(self) -> list[PathNode]:
        """The way to here, from its start."""
        found: list[PathNode] = [self]
        while found[-1].before is not None:
            found.append(found[-1].before)
        return found[::-1]


class Arrival(NamedTuple):
    """How a way comes to a road: the last road end passed, the end that is entered, the lane there (0: none)."""

    last: PathNode
    contact: str
    lane: int


class Way:
    """A way out of a road: the road entered, at its start or end, and the lane there (0: none given)."""

    __slots__ = ("contact", "lane", "road")

    def __init__(self, road: ScalarRoad, contact: str, lane: int) -> None:
        self.road, self.contact, self.lane = road, contact, lane

    @property
    def out_heading(self) -> float:
        """Heading with which the road is left at its other end."""
        if self.contact == "start":
            return self.road.at(self.road.length).heading
        return self.road.at(0.0).heading + pi


class Roads:
    """The roads of a network in plain floats, and how they are linked."""

    def __init__(self, network: RoadNetwork | None) -> None:
        self.network = network
        self.find = scalar_roads(list(network.roads.values()) if network else [])
        self.junctions: dict[str, Junction] = dict(network.junctions) if network else {}
        self.ids = list(network.roads) if network else []
        self._locator: ScalarLocator | None = None
        self._connections: dict[str, tuple[Connection, ...]] = {}
        # By road, section, lane, direction, road looked for and strategy; see `simulator.storyboard.paths`.
        self.arrivals: dict[tuple[ScalarRoad, int, int, bool, ScalarRoad, str], Arrival | None] = {}

    def locate(self, x: float, y: float, z: float) -> tuple[ScalarRoad, float] | None:
        """The road at a place in the world, or the nearest, and the station there; None: there are no roads."""
        if self._locator is None:
            roads = map(self.find, self.ids)
            self._locator = ScalarLocator([road for road in roads if road is not None])
        return self._locator(x, y, z)

    def connections(self, junction_id: str) -> tuple[Connection, ...]:
        """Ways through a junction: those of the file, and the same backwards for who drives against the traffic."""
        found = self._connections.get(junction_id)
        if found is None:
            junction = self.junctions.get(junction_id)
            given = junction.connections if junction is not None else ()
            known = {(c.incoming_road, c.connecting_road) for c in given}
            back = []
            for connection in given:
                way = self._backwards(junction, connection) if junction is not None else None
                if way is not None and (way.incoming_road, way.connecting_road) not in known:
                    known.add((way.incoming_road, way.connecting_road))
                    back.append(way)
            found = self._connections[junction_id] = (*given, *back)
        return found

    def _backwards(self, junction: Junction, connection: Connection) -> Connection | None:
        """A connection entered at its other end."""
        road, incoming = self.find(connection.connecting_road), self.find(connection.incoming_road)
        if road is None or incoming is None:
            return None
        if junction.type == "direct":
            after = incoming.successor
            contact = "end" if after is not None and after.id == junction.id else "start"
            links = tuple((to, start) for start, to in connection.lane_links)
            return Connection(connection.id, road.id, incoming.id, contact, links)
        at_end = connection.contact == "start"
        link = road.successor if at_end else road.predecessor
        if link is None or link.kind != "road" or link.id == incoming.id:
            return None
        lanes = road.sections[-1 if at_end else 0].lanes.values()
        links = tuple(
            (other, lane.id)
            for lane in lanes
            if (other := lane.successor if at_end else lane.predecessor) is not None and lane.id
        )
        return Connection(connection.id, link.id, road.id, "end" if at_end else "start", links)

    def link(self, road: ScalarRoad, *, forward: bool) -> Link | None:
        """What follows a road in the direction of s, or against it."""
        return road.successor if forward else road.predecessor

    def ways(self, road: ScalarRoad, lane_id: int, link: Link, *, forward: bool) -> list[Way]:
        """Ways on from a lane at an end of a road."""
        if link.kind == "road":
            target = self.find(link.id)
            section = road.sections[-1 if forward else 0]
            lane = section.lanes.get(lane_id)
            linked = (lane.successor if forward else lane.predecessor) if lane is not None else None
            return [Way(target, link.contact or "start", linked or 0)] if target is not None else []
        found = []
        for connection in self.connections(link.id):
            target = self.find(connection.connecting_road)
            if connection.incoming_road != road.id or target is None:
                continue
            links = connection.lane_links
            if not links:  # the connecting road's own links say the same
                section = target.sections[0 if connection.contact == "start" else -1]
                links = tuple(
                    (back, lane.id)
                    for lane in section.lanes.values()
                    if (back := lane.predecessor if connection.contact == "start" else lane.successor) is not None
                )
            found += [Way(target, connection.contact, to) for start, to in links if start == lane_id]
        return found

    def are_connected(self, road: ScalarRoad, other: ScalarRoad) -> bool:
        """Whether a road leads straight into another."""
        for link in (road.predecessor, road.successor):
            if link is None:
                continue
            if link.kind == "road":
                if link.id == other.id:
                    return True
            elif any(c.incoming_road == road.id and c.connecting_road == other.id for c in self.connections(link.id)):
                return True
        return False


Choose = Callable[[list[Way]], Way]
