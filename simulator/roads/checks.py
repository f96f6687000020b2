"""What can be wrong with a road network although every element of the file can be read.

Nothing here makes a network unusable: links that lead nowhere are ignored by the routing, jumps are bridged by
paths. All of it is worth a warning, because it is nearly always a mistake of the map.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from simulator.roads.polynomial import Array, Index
from simulator.roads.records import DRIVABLE, Connection, Junction, Lane, Link
from simulator.roads.road import Road
from simulator.roads.xodr_input import Report

_GAP_M = 0.1  # lanes that are further apart at a joint do not meet
_KINK_RAD = 0.05
_STEEP = 1.0  # grade of 100 percent
_NO_WIDTH_M = 1e-3


class Checker:
    """Checks roads and junctions together.

    Args:
        lines: line in the file of ("road", id), ("junction", id) and (("connection", junction id, position)).
    """

    def __init__(
        self,
        roads: Mapping[str, Road],
        junctions: Mapping[str, Junction],
        lines: Mapping[tuple[object, ...], int],
        report: Report,
    ) -> None:
        self.roads, self.junctions, self.lines, self.report = roads, junctions, lines, report
        self._signals = {signal.id for road in roads.values() for signal in road.signals}
        self._ends: dict[tuple[str, bool], tuple[dict[int, int], Array, Array]] = {}

    def run(self) -> None:
        """Check everything; findings go to the report as warnings."""
        for road in self.roads.values():
            self._geometry(road)
            self._levels(road)
            self._borders(road)
            self._level_links(road)
            self._signal_references(road)
            self._section_links(road)
            for at_end in (False, True):
                self._road_link(road, at_end)
        for junction in self.junctions.values():
            self._junction(junction)

    def _warn(self, road: Road, message: str) -> None:
        self.report.warn(self.lines.get(("road", road.id)), f'road "{road.id}" {message}')

    # ---- one road

    def _geometry(self, road: Road) -> None:
        starts = road.line.breaks[1:]
        if len(starts):
            x, y, heading, _ = road.reference(starts - 1e-7)
            gaps = [np.hypot(e.x - a, e.y - b) for e, a, b in zip(road.geometry[1:], x, y)]
            turns = np.array([e.heading for e in road.geometry[1:]]) - heading
            worst = int(np.argmax(gaps))
            if gaps[worst] > _GAP_M:
                self._warn(road, f"has a gap of {gaps[worst]:.3g} m in its plan view at s={starts[worst]:.6g}")
            cubic_starts = np.array([e.is_cubic for e in road.geometry[1:]])  # their heading also has a cubic part
            turns = np.where(cubic_starts, 0.0, (turns + np.pi) % (2 * np.pi) - np.pi)
            worst = int(np.argmax(np.abs(turns)))
            if abs(turns[worst]) > _KINK_RAD:
                self._warn(road, f"has a kink of {turns[worst]:.3g} rad in its plan view at s={starts[worst]:.6g}")
        _, grade = road.elevation(np.append(road.elevation_profile[:, 0], road.length))
        if np.abs(grade).max() > _STEEP:
            self._warn(road, f"has a grade of {100 * np.abs(grade).max():.0f} percent")
        if road.table.has_borders and np.any(road.lane_offset_profile[:, 1:]):
            self._warn(road, "has both a lane offset and lanes given by borders, which ignore the offset")

    def _levels(self, road: Road) -> None:
        for section in road.sections:
            for side in (1, -1):
                lanes = sorted((x for x in section.lanes if x.id * side > 0), key=lambda x: abs(x.id))
                flags = [lane.level for lane in lanes]
                if any(inner and not outer for inner, outer in pairwise(flags)):
                    inner = next(lane.id for lane, beyond in zip(lanes, flags[1:]) if lane.level and not beyond)
                    self._warn(road, f"has a lane beyond the level lane {inner} that is not level")
                    return

    def _borders(self, road: Road) -> None:
        """Lanes given by borders do not reach over the lanes within."""
        if not road.table.has_borders:
            return
        for index, section in enumerate(road.sections):
            s = np.linspace(section.s0, section.s1, 9)
            here = np.full(len(s), index, np.int64)
            for lane in (x for x in section.lanes if len(x.borders)):
                inner, outer, _, _ = road.lane_edges(here, lane.id, s)
                if (np.sign(lane.id) * (outer - inner)).min() < -1e-3:
                    text = f"has the border of lane {lane.id} within the lane beside it at s={section.s0:.6g} or later"
                    self._warn(road, text)

    def _level_links(self, road: Road) -> None:
        """Lanes that follow each other in a road are level together."""
        for before, after in pairwise(road.sections):
            there = {lane.id: lane for lane in after.lanes}
            for lane in before.lanes:
                for target in lane.successors:
                    match = there.get(target)
                    if match is not None and lane.id in match.predecessors and match.level != lane.level:
                        text = f"links lane {lane.id} at s={after.s0:.6g} to lane {target}: only one is level"
                        self._warn(road, text)

    def _signal_references(self, road: Road) -> None:
        for reference in road.signal_references:
            if reference.id not in self._signals:
                self._warn(road, f'has a <signalReference> to signal "{reference.id}", which does not exist')

    def _section_links(self, road: Road) -> None:
        """Links between the sections of a road; sections whose lanes are linked alike are looked at together."""
        alike: dict[_Links, list[int]] = {}
        outwards = [tuple([(x.id, x.successors) for x in section.lanes]) for section in road.sections[:-1]]
        inwards = [tuple([(x.id, x.predecessors) for x in section.lanes]) for section in road.sections[1:]]
        for index, links in enumerate(zip(outwards, inwards)):
            alike.setdefault(links, []).append(index)
        for (before, after), where in alike.items():
            pairs = _pairs(before, after)
            place = f"at s={road.sections[where[0] + 1].s0:.6g}" + (" and elsewhere" if len(where) > 1 else "")
            for a, b, said, meant in _one_sided(before, after, pairs):
                self._warn(road, f"links lanes {a} and {b} {place} only from {said}, not from {meant}")
            for missing in _dangling(before, after):
                self._warn(road, f"links lane {missing[0]} {place} to lane {missing[1]}, which does not exist")
            for a, gap, at in _section_gaps(road, np.array(where), pairs):
                text = f"has lanes that do not meet: lane {a} and its successor are {gap:.2f} m apart at s={at:.6g}"
                self._warn(road, text)

    # ---- between roads

    def _road_link(self, road: Road, at_end: bool) -> None:
        link = road.successor if at_end else road.predecessor
        if link is None:
            return
        name = "successor" if at_end else "predecessor"
        if link.kind == "junction":
            if link.id not in self.junctions:
                self._warn(road, f'has the {name} junction "{link.id}", which does not exist')
            return
        other = self.roads.get(link.id)
        if other is None:
            self._warn(road, f'has the {name} road "{link.id}", which does not exist')
            return
        if not link.contact:
            return
        if not self._links_back(road, at_end, other, link):
            self._warn(road, f'has the {name} road "{other.id}" ({link.contact}), which does not link back to it')
            return
        if at_end or link.contact == "start" or other.id > road.id:
            self._lanes_meet(road, at_end, other, link.contact)

    def _links_back(self, road: Road, at_end: bool, other: Road, link: Link) -> bool:
        back = other.predecessor if link.contact == "start" else other.successor
        if back is None:
            return False
        if back.kind == "junction":  # a connecting road names its neighbour, which names the junction
            return back.id == road.junction or self._is_direct(back.id)
        return back.id == road.id and back.contact == ("end" if at_end else "start")

    def _is_direct(self, junction: str) -> bool:
        return junction in self.junctions and self.junctions[junction].type == "direct"

    def _lanes_meet(self, road: Road, at_end: bool, other: Road, contact: str) -> None:
        """Lanes linked across two roads: they exist, both say so, are equally level, and lie at one place."""
        here = road.sections[-1 if at_end else 0]
        there = other.sections[0 if contact == "start" else -1]
        in_junction = bool(road.junction) != bool(other.junction)
        for lane in here.lanes:
            linked = lane.successors if at_end else lane.predecessors
            for target in linked:
                match = next((x for x in there.lanes if x.id == target and bool(x.id) == bool(lane.id)), None)
                if match is None:
                    self._warn(
                        road, f'links lane {lane.id} to lane {target} of road "{other.id}", which does not exist'
                    )
                    continue
                back = match.predecessors if contact == "start" else match.successors
                if not in_junction and lane.id not in back:
                    self._warn(
                        road, f'links lane {lane.id} to lane {target} of road "{other.id}", which does not link back'
                    )
                if lane.level != match.level:
                    self._warn(road, f'links lane {lane.id} to lane {target} of road "{other.id}": only one is level')
            if linked and lane.id and lane.type in DRIVABLE:
                self._edges_meet(road, at_end, lane.id, other, contact, linked)

    def _edges_meet(
        self, road: Road, at_end: bool, lane: int, other: Road, contact: str, targets: tuple[int, ...]
    ) -> None:
        mine = self._edge_points(road, at_end, (lane,))
        if np.linalg.norm(mine[1] - mine[0]) < _NO_WIDTH_M:
            end = "end" if at_end else "start"
            self._warn(road, f'has lane {lane} linked to road "{other.id}" although it has no width at its {end}')
            return
        exist = {x.id for x in other.sections[0 if contact == "start" else -1].lanes if x.id}
        theirs = self._edge_points(other, contact == "end", tuple(x for x in targets if x in exist))
        if len(theirs) < 2:
            return
        for target in exist.intersection(targets):
            edges = self._edge_points(other, contact == "end", (target,))
            if np.linalg.norm(edges[1] - edges[0]) < _NO_WIDTH_M:
                self._warn(road, f'links lane {lane} to lane {target} of road "{other.id}", which has no width there')
                return
        gap = min(
            max(np.linalg.norm(mine[0] - theirs[0]), np.linalg.norm(mine[1] - theirs[1])),
            max(np.linalg.norm(mine[0] - theirs[1]), np.linalg.norm(mine[1] - theirs[0])),
        )
        if gap > _GAP_M and (len(targets) > 1 or not self._is_split(road, at_end, targets)):
            self._warn(
                road, f'has lane {lane}, which does not meet lane {targets[0]} of road "{other.id}": {gap:.2f} m apart'
            )

    def _is_split(self, road: Road, at_end: bool, targets: tuple[int, ...]) -> bool:
        """Whether several lanes here merge into the target lane; then their edges together should meet it."""
        here = road.sections[-1 if at_end else 0]
        merging = [x.id for x in here.lanes if targets[0] in (x.successors if at_end else x.predecessors)]
        return len(merging) > 1

    def _edge_points(self, road: Road, at_end: bool, lanes: Collection[int]) -> Array:
        """(2, 2) x, y of the innermost and outermost edge of lanes at an end of a road; (0, 2) without lanes."""
        if not lanes:
            return np.zeros((0, 2))
        columns, t, xy = self._end(road, at_end)
        rows = [columns[lane] + k for lane in lanes for k in (0, 1)]
        one_side = t[rows].min() * t[rows].max() >= 0.0
        rows.sort(key=lambda row: float(abs(t[row]) if one_side else t[row]))
        return xy[[rows[0], rows[-1]]]

    def _end(self, road: Road, at_end: bool) -> tuple[dict[int, int], Array, Array]:
        """Row of each lane's left boundary at an end of a road, and t and x, y of all boundaries, left to right."""
        known = self._ends.get((road.id, at_end))
        if known is None:
            index = len(road.sections) - 1 if at_end else 0
            s = np.array([road.length if at_end else 0.0])
            t = road.boundaries(index, s)[:, 0]
            columns = {lane.id: row for row, lane in enumerate(x for x in road.sections[index].lanes if x.id)}
            known = self._ends[road.id, at_end] = (columns, t, road.point(s, t, 0.0)[:, :2])
        return known

    # ---- junctions

    def _junction(self, junction: Junction) -> None:
        seen: set[tuple[str, str]] = set()
        against: list[str] = []
        for position, connection in enumerate(junction.connections):
            line = self.lines.get(("connection", junction.id, position))
            pair = (connection.incoming_road, connection.connecting_road)
            if pair in seen and junction.type == "default":
                text = (
                    f'has two connections from road "{pair[0]}" to road "{pair[1]}"; one with all lane links is enough'
                )
                self._junction_warning(junction, line, text)
            seen.add(pair)
            for problem in self._connection(junction, connection, against):
                self._junction_warning(junction, line, problem)
        if against:
            line = self.lines.get(("junction", junction.id))
            text = f"has {len(against)} lane links written against the traffic, such as {against[0]}"
            self._junction_warning(junction, line, text)
        for high, low in junction.priorities:
            if not (high and low):
                line = self.lines.get(("junction", junction.id))
                self._junction_warning(junction, line, 'has a <priority> without both "high" and "low"')

    def _junction_warning(self, junction: Junction, line: int | None, message: str) -> None:
        self.report.warn(line, f'junction "{junction.id}" {message}')

    def _connection(self, junction: Junction, c: Connection, against: list[str]) -> Iterator[str]:
        incoming, through = self.roads.get(c.incoming_road), self.roads.get(c.connecting_road)
        if incoming is None or through is None:
            if c.incoming_road or junction.type == "default":
                missing = c.incoming_road if incoming is None else c.connecting_road
                yield f'has a connection with road "{missing}", which does not exist'
            return
        if junction.type == "default":
            if through.junction != junction.id:
                yield f'has the connecting road "{through.id}", which is not part of the junction'
            if incoming.junction:
                yield f'has the incoming road "{incoming.id}", which is itself a connecting road of a junction'
                return
            back = through.predecessor if c.contact == "start" else through.successor
            if back is None or back.kind != "road" or back.id != incoming.id:
                other = f'links to road "{back.id}"' if back is not None else "links to nothing"
                text = f'has a connection of road "{incoming.id}" with the {c.contact} of road "{through.id}"'
                yield f"{text}, which {other}"
                return
        yield from self._lane_links(junction, c, incoming, through, against)

    def _lane_links(
        self, junction: Junction, c: Connection, incoming: Road, through: Road, against: list[str]
    ) -> Iterator[str]:
        ends = [
            end
            for end, link in ((True, incoming.successor), (False, incoming.predecessor))
            if link and link.id == junction.id
        ]
        back = through.predecessor if c.contact == "start" else through.successor
        if junction.type == "default" and back is not None and back.contact:
            ends = [back.contact == "end"]
        if len(ends) != 1:
            return
        at_end = ends[0]
        here = {lane.id: lane for lane in incoming.sections[-1 if at_end else 0].lanes if lane.id}
        there = {lane.id: lane for lane in through.sections[0 if c.contact == "start" else -1].lanes if lane.id}
        for start, end in c.lane_links:
            if start not in here or end not in there:
                road, lane = (incoming.id, start) if start not in here else (through.id, end)
                yield f'links lane {lane} of road "{road}", which does not exist'
                continue
            wrong_start = _is_one_way(here[start]) and incoming.drives_forward(start) != at_end
            wrong_end = _is_one_way(there[end]) and through.drives_forward(end) != (c.contact == "start")
            name = f'lane {start} of road "{incoming.id}" to lane {end} of road "{through.id}"'
            if wrong_start or wrong_end:
                against.append(name)
            points = (
                self._edge_points(incoming, at_end, (start,)),
                self._edge_points(through, c.contact == "end", (end,)),
            )
            if any(np.linalg.norm(pair[1] - pair[0]) < _NO_WIDTH_M for pair in points):
                yield f"links {name}: one of them has no width there"


def _is_one_way(lane: Lane) -> bool:
    return lane.type in DRIVABLE and lane.type != "bidirectional" and lane.direction != "both"


_Ids = tuple[int, ...]
_Linked = tuple[tuple[int, _Ids], ...]  # lanes of a section and what they are linked to
_Links = tuple[_Linked, _Linked]
_Pairs = dict[int, _Ids]


def _pairs(before: _Linked, after: _Linked) -> _Pairs:
    """Existing successors of each lane of a section, as either section says."""
    there = {lane for lane, _ in after}
    pairs: _Pairs = {}
    for lane, successors in before:
        named = [x for x in successors if x in there]
        named += [x for x, predecessors in after if lane in predecessors and x not in named]
        if lane and named:
            pairs[lane] = tuple(named)
    return pairs


def _one_sided(before: _Linked, after: _Linked, pairs: _Pairs) -> Iterator[tuple[int, int, str, str]]:
    here, there = dict(before), dict(after)
    for a, targets in pairs.items():
        for b in targets:
            if b not in here[a]:
                yield a, b, "the later section", "the earlier one"
            elif a not in there[b]:
                yield a, b, "the earlier section", "the later one"


def _dangling(before: _Linked, after: _Linked) -> Iterator[tuple[int, int]]:
    here, there = {lane for lane, _ in before}, {lane for lane, _ in after}
    for lane, successors in before:
        yield from ((lane, x) for x in successors if x not in there)
    for lane, predecessors in after:
        yield from ((lane, x) for x in predecessors if x not in here)


def _section_gaps(road: Road, where: Index, pairs: _Pairs) -> Iterator[tuple[int, float, float]]:
    """Lanes whose successors lie elsewhere, how far, and at which s, for all sections `where` that are linked alike."""
    sources: dict[_Ids, list[int]] = {}
    for a, targets in pairs.items():
        sources.setdefault(targets, []).append(a)
    s = road.table.ends[where]
    for targets, lanes in sources.items():
        mine, theirs = _span(road, where, lanes, s), _span(road, where + 1, targets, s)
        gap = np.maximum(np.abs(mine[0] - theirs[0]), np.abs(mine[1] - theirs[1]))
        worst = int(np.argmax(gap))
        if gap[worst] > _GAP_M:
            yield lanes[0], float(gap[worst]), float(s[worst])


def _span(road: Road, sections: Index, lanes: Sequence[int], s: Array) -> tuple[Array, Array]:
    """Lowest and highest t (N,) of lanes in sections (N,) at s (N,)."""
    edges = [edge for lane in lanes for edge in road.lane_edges(sections, lane, s)[:2]]
    return np.minimum.reduce(edges), np.maximum.reduce(edges)
