"""Which lane follows which, in the direction of traffic, across lane sections, roads and junctions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulator.errors import InputError
from simulator.roads.records import DRIVABLE, Junction, LaneKey, Link
from simulator.roads.road import Road


class LaneGraph:
    """Successors and predecessors of every lane of a network in the direction of its traffic.

    A link counts when either of the two lanes names the other, and when it enters the next lane at the end where
    that lane's traffic starts. Links to roads, sections or lanes that do not exist lead nowhere.
    """

    def __init__(self, roads: Mapping[str, Road], junctions: Mapping[str, Junction]) -> None:
        self._roads, self._junctions = roads, junctions
        self._next: dict[LaneKey, list[LaneKey]] = {}
        self._previous: dict[LaneKey, list[LaneKey]] = {}
        for road in roads.values():
            for index, section in enumerate(road.sections):
                for lane in section.lanes:
                    if lane.id:
                        self._link(road, LaneKey(road.id, index, lane.id))

    def next_lanes(self, key: LaneKey) -> list[LaneKey]:
        """Lanes that traffic on `key` may go on to, in the order of the file; empty at a dead end."""
        return list(self._next.get(key, ()))

    def previous_lanes(self, key: LaneKey) -> list[LaneKey]:
        """Lanes from which traffic comes to `key`."""
        return list(self._previous.get(key, ()))

    def _link(self, road: Road, key: LaneKey) -> None:
        for at_end in (True, False):
            leaving = at_end == road.drives_forward(key.lane)
            for other in self._across(road, key, at_end):
                before, after = (key, other) if leaving else (other, key)
                if after not in self._next.setdefault(before, []):
                    self._next[before].append(after)
                    self._previous.setdefault(after, []).append(before)

    def _across(self, road: Road, key: LaneKey, at_end: bool) -> Iterator[LaneKey]:
        """Lanes that touch `key` at the end (or start) of its section and carry its traffic on."""
        lane = road.sections[key.section].lane(key.lane)
        linked = lane.successors if at_end else lane.predecessors
        beside = key.section + (1 if at_end else -1)
        if 0 <= beside < len(road.sections):
            for lane_id in linked:
                yield from self._existing(road, beside, lane_id, road.drives_forward(key.lane))
            return
        link = road.successor if at_end else road.predecessor
        if link is None:
            return
        if link.s is not None:
            yield from self._midway(road, key.lane, at_end, link, linked)
        elif link.kind == "road":
            yield from self._enter(road, key.lane, at_end, link.id, link.contact, linked)
        elif link.id in self._junctions:
            yield from self._through_junction(road, key.lane, at_end, link)

    def _midway(self, road: Road, lane_id: int, at_end: bool, link: Link, ids: tuple[int, ...]) -> Iterator[LaneKey]:
        """Lanes of a road that goes on where this one touches it (virtual junctions)."""
        target = self._roads.get(link.id)
        if target is None or link.s is None:
            return
        leaving = at_end == road.drives_forward(lane_id)
        # Traffic with the direction of this road's s goes on in direction "+" or "-" of the other's.
        forward = (link.direction != "-") == (leaving == at_end)
        section = int(target.section_at([link.s])[0])
        for other in ids or self._linked_in(road, lane_id, target.id):
            yield from self._existing(target, section, other, forward)

    def _linked_in(self, road: Road, lane_id: int, target: str) -> tuple[int, ...]:
        """Lanes that a junction links with a lane of its connecting road."""
        junction = self._junctions.get(road.junction)
        connections = junction.connections if junction is not None else ()
        return tuple(
            start
            for connection in connections
            if connection.connecting_road == road.id and connection.incoming_road == target
            for start, end in connection.lane_links
            if end == lane_id
        )

    def joint(self, before: LaneKey, after: LaneKey) -> tuple[float | None, float | None]:
        """Stations at which traffic leaves `before` and enters `after`, None at the ends of their sections."""
        leaves = enters = None
        for here, other in ((before, after), (after, before)):
            road = self._roads[here.road]
            ends = (road.predecessor, here.section == 0), (road.successor, here.section == len(road.sections) - 1)
            for link, is_last in ends:
                if link is not None and link.s is not None and is_last and link.id == other.road:
                    at_end = link is road.successor
                    if at_end == (road.drives_forward(here.lane) == (here is before)):
                        leaves, enters = (leaves, link.s) if here is before else (link.s, enters)
        return leaves, enters

    def _through_junction(self, road: Road, lane_id: int, at_end: bool, link: Link) -> Iterator[LaneKey]:
        for connection in self._junctions[link.id].connections:
            target = self._roads.get(connection.connecting_road)
            if (
                connection.incoming_road != road.id
                or target is None
                or not self._meets(target, connection.contact, road, at_end)
            ):
                continue
            ids = [end for start, end in connection.lane_links if start == lane_id]
            if not connection.lane_links:  # the connecting road's own links say the same
                section = target.sections[0 if connection.contact == "start" else -1]
                ids = [
                    lane.id
                    for lane in section.lanes
                    if lane_id in (lane.predecessors if connection.contact == "start" else lane.successors)
                ]
            yield from self._enter(road, lane_id, at_end, target.id, connection.contact, tuple(ids))

    @staticmethod
    def _meets(target: Road, contact: str, road: Road, at_end: bool) -> bool:
        """Whether the connecting road starts at this end of the incoming road, as far as its own link says."""
        back = target.predecessor if contact == "start" else target.successor
        if back is None or back.kind != "road" or back.id != road.id or not back.contact:
            return True
        return back.contact == ("end" if at_end else "start")

    def _enter(
        self, road: Road, lane_id: int, at_end: bool, target_id: str, contact: str, ids: tuple[int, ...]
    ) -> Iterator[LaneKey]:
        target = self._roads.get(target_id)
        if target is None:
            return
        leaving = at_end == road.drives_forward(lane_id)
        # Traffic that leaves here enters there, at the start if the lane there runs with s.
        forward = (contact == "start") == leaving
        for other in ids:
            yield from self._existing(target, 0 if contact == "start" else len(target.sections) - 1, other, forward)

    @staticmethod
    def _existing(road: Road, section: int, lane_id: int, forward: bool) -> Iterator[LaneKey]:
        exists = any(lane.id == lane_id for lane in road.sections[section].lanes)
        if exists and lane_id and road.drives_forward(lane_id) == forward:
            yield LaneKey(road.id, section, lane_id)


def lane_neighbours(road: Road, key: LaneKey) -> tuple[LaneKey | None, LaneKey | None]:
    """Drivable lanes directly to the left and right with the same direction of traffic, as the driver sees them."""
    inner = outer = None
    step = 1 if key.lane > 0 else -1
    lanes = {lane.id: lane for lane in road.sections[key.section].lanes}
    for lane_id in (key.lane - step, key.lane + step):
        lane = lanes.get(lane_id)
        if lane is not None and lane_id != 0 and lane.type in DRIVABLE:
            found = LaneKey(key.road, key.section, lane_id)
            inner, outer = (found, outer) if lane_id == key.lane - step else (inner, found)
    return (inner, outer) if road.rule != "LHT" else (outer, inner)


def check_lane(roads: Mapping[str, Road], key: LaneKey) -> None:
    """Raise InputError where there is no such lane."""
    road = roads.get(key.road)
    if road is None or not 0 <= key.section < len(road.sections):
        raise InputError(f"there is no lane {tuple(key)}: no such road or lane section")
    lanes = [lane.id for lane in road.sections[key.section].lanes]
    if key.lane == 0 or key.lane not in lanes:
        raise InputError(f"there is no lane {tuple(key)}: the section has {lanes}")
