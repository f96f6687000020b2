"""Who has to give way at junctions: lights, signs, priority records and stop lines of every way in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.roads.network import RoadNetwork
from simulator.roads.polynomial import Array
from simulator.roads.records import DRIVABLE, LaneKey, RoadObject, Signal, SignalReference
from simulator.roads.road import Road
from simulator.roads.signal_meaning import applies_to, is_light, is_stop_line, sign_name

Control = Literal["none", "yield", "stop", "signal"]

_REACH_M = 40.0  # a sign or light further before a junction is not about it
_STOP_WORD = "Stencil_STOP"  # name of the word STOP, painted on the road, in CARLA's maps
_CONTROL_OF: dict[str, Control] = {"stop": "stop", "give_way": "yield", "yield_us": "yield"}
_RANK: dict[Control, int] = {"none": 0, "yield": 1, "stop": 2, "signal": 3}  # where several stand, the strongest counts


@dataclass(frozen=True, slots=True)
class Approach:
    """A way into a junction: from a lane before it on to a lane of a connecting road.

    Attributes:
        junction: id.
        incoming, lane: the lane before the junction, and the connecting lane where it is entered.
        control: what tells the driver to give way. "none" where nothing does: then the rules without signs hold, or,
            where others at this junction have to give way, this way has priority.
        signal: id of the traffic light or sign, "" without one.
        stop_lane, stop_s: where to stop: station of the edge of the stop line that the driver reaches first, on the
            lane before the junction (or on one further back, where that is short); without a line, of a traffic light
            before the junction, else the end of the lane.
        gives_way_to: ids of connecting roads of the junction that <priority> records put above this one.
    """

    junction: str
    incoming: LaneKey
    lane: LaneKey
    control: Control
    signal: str
    stop_lane: LaneKey
    stop_s: float
    gives_way_to: frozenset[str]


def approach_controls(network: RoadNetwork) -> tuple[Approach, ...]:
    """All ways into the junctions of a network, connecting road by connecting road.

    Signs and lights count when they face the traffic and are valid for its lane, at the last 40 m before the junction
    or on the connecting road itself (CARLA's maps name them there, by references; the word STOP on the road, an object,
    counts like the sign there). A <priority> record that puts
    another connecting road first means "yield" where nothing else is said.
    """
    signals = {signal.id: signal for road in network.roads.values() for signal in road.signals}
    found = []
    for road in network.roads.values():
        junction = network.junctions.get(road.junction)
        if junction is None:
            continue
        above = frozenset(high for high, low in junction.priorities if high and low == road.id)
        for section, lanes in enumerate(road.sections):
            for lane in (LaneKey(road.id, section, x.id) for x in lanes.lanes if x.id and x.type in DRIVABLE):
                for incoming in network.previous_lanes(lane):
                    if network.roads[incoming.road].junction != junction.id:
                        way = _Way(network, signals, incoming, lane)
                        found.append(way.approach(junction.id, above))
    return tuple(found)


class _Way:
    """One way into a junction, with the pieces of lanes before it."""

    def __init__(self, network: RoadNetwork, signals: dict[str, Signal], incoming: LaneKey, lane: LaneKey) -> None:
        self.network, self.signals, self.incoming, self.lane = network, signals, incoming, lane
        self.pieces = tuple(_upstream(network, incoming, network.leaves_at(incoming, lane)))

    def approach(self, junction: str, above: frozenset[str]) -> Approach:
        """What controls it, and where to stop."""
        control: Control = "yield" if above else "none"
        name, stop = "", None
        for kind, signal, place in self._controls():
            if _RANK[kind] > _RANK[control] or (kind == control and not name):
                control, name = kind, signal
                stop = place if kind == "signal" else None
        line = self._stop_line()
        key, s = line or stop or (self.incoming, self.pieces[0][1])
        return Approach(junction, self.incoming, self.lane, control, name, key, s, above)

    def _controls(self) -> Iterator[tuple[Control, str, tuple[LaneKey, float] | None]]:
        """Kind, id and place of what applies, from the junction backwards; no place where it is on the way through."""
        for _, signal in self._applying(self.lane):
            yield self._kind(signal), signal.id, None
        for key, end, before in self.pieces:
            road = self.network.roads[key.road]
            here = [(s, self._kind(signal), signal.id) for s, signal in self._applying(key)]
            words = [thing for thing in road.objects if _STOP_WORD in thing.name]
            here += [(s, "stop", thing.id) for thing in words for s in _edge(road, key, thing)]
            for s, kind, name in sorted(here, key=lambda item: abs(end - item[0])):
                if before + abs(end - s) <= _REACH_M:
                    yield kind, name, (key, s)

    def _kind(self, signal: Signal) -> Control:
        if is_light(signal) in ("vehicle", "two"):
            return "signal"
        return _CONTROL_OF.get(sign_name(signal)[0], "none")

    def _applying(self, key: LaneKey) -> list[tuple[float, Signal]]:
        """Signals and references for the traffic of a lane, and the stations where they apply."""
        road = self.network.roads[key.road]
        section = road.sections[key.section]
        records: list[tuple[Signal | SignalReference, Signal]] = [(signal, signal) for signal in road.signals]
        records += [(x, self.signals[x.id]) for x in road.signal_references if x.id in self.signals]
        return [
            (record.s, signal)
            for record, signal in records
            if section.s0 - 1e-3 <= record.s <= section.s1 + 1e-3 and applies_to(record, road, key.lane)
        ]

    def _stop_line(self) -> tuple[LaneKey, float] | None:
        """The stop line nearest to the junction."""
        for key, end, before in self.pieces:
            road = self.network.roads[key.road]
            forward = road.drives_forward(key.lane)
            edges = [s for s, signal in self._applying(key) if is_stop_line(signal)]
            edges += [s for thing in road.objects if _is_stop_line(thing) for s in _edge(road, key, thing)]
            section = road.sections[key.section]
            edges = [s for s in edges if section.s0 <= s <= section.s1 and before + abs(end - s) <= _REACH_M]
            ahead = [s for s in edges if (s <= end) == forward or s == end]
            if ahead:
                return key, max(ahead) if forward else min(ahead)
        return None


def _upstream(network: RoadNetwork, key: LaneKey, end: float) -> Iterator[tuple[LaneKey, float, float]]:
    """Lanes before a junction, backwards: lane, station where it is left, and how far before the junction that is."""
    before, seen = 0.0, {key}
    while True:
        yield key, end, before
        road = network.roads[key.road]
        section = road.sections[key.section]
        before += abs(end - (section.s0 if road.drives_forward(key.lane) else section.s1))
        previous = [x for x in network.previous_lanes(key) if not network.roads[x.road].junction and x not in seen]
        if before >= _REACH_M or len(previous) != 1:
            return
        end = network.leaves_at(previous[0], key)
        key = previous[0]
        seen.add(key)


def _is_stop_line(thing: RoadObject) -> bool:
    name = (thing.subtype or thing.name).lower().replace(" ", "").replace("_", "")
    return thing.type == "stopLine" or name.startswith(("stopline", "yieldline"))


def _edge(road: Road, key: LaneKey, thing: RoadObject) -> list[float]:
    """Station of the edge of a stop line that the traffic of a lane reaches first; empty if it is for others."""
    forward = road.drives_forward(key.lane)
    if thing.orientation != "none" and (thing.orientation == "+") != forward:
        return []
    if thing.validity and not any(v.from_lane <= key.lane <= v.to_lane for v in thing.validity):
        return []
    s, t = _extent(thing)
    inner, outer, _, _ = road.lane_edges(
        np.array([key.section]), key.lane, np.array([np.clip(s.mean(), 0, road.length)])
    )
    middle = 0.5 * float(inner[0] + outer[0])
    if not t.min() <= middle <= t.max():
        return []
    return [float(s.min() if forward else s.max())]


def _extent(thing: RoadObject) -> tuple[Array, Array]:
    """Stations and t of the corners of a flat object."""
    for outline in thing.outlines:
        if outline.frame == "road":
            return outline.corners[:, 0], outline.corners[:, 1]
    if thing.outlines:
        u, v = thing.outlines[0].corners[:, 0], thing.outlines[0].corners[:, 1]
    else:  # sizes of a line are often given along it instead of along the road
        u = 0.5 * min(thing.length, thing.width) * np.array([1.0, -1.0, -1.0, 1.0])
        v = 0.5 * max(thing.length, thing.width) * np.array([1.0, 1.0, -1.0, -1.0])
    cos, sin = float(np.cos(thing.heading)), float(np.sin(thing.heading))
    return thing.s + u * cos - v * sin, thing.t + u * sin + v * cos
