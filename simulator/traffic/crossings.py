"""Where people cross streets: zebra crossings of the map, and the mouths of junctions that have none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.roads import LaneKey, Outline, Road, RoadNetwork, RoadObject
from simulator.roads.records import Signal, SignalReference
from simulator.traffic.walkways import (
    CROSSING_DTYPE,
    LEVEL_M,
    NONE,
    Array,
    Carriageway,
    Crossing,
    Kind,
    Roadsides,
    Strip,
    WalkwayMap,
    Walkways,
    cleared,
    corners,
    graph,
    line,
    roadsides,
    split,
)

_MOUTH_M = 2.5  # from the end of a road at a junction to the middle of a crossing
_MOUTH_WIDTH_M = 3.0
_BESIDE_M = 15.0  # of a marked crossing nobody crosses at an unmarked one
_ATTACH_M = 6.0  # farthest way that a crossing leads to
_KERB_M = 0.3  # from the carriageway, where people stop
_SLOW_MPS = 60.0 / 3.6  # where roads have no pavement, people cross at junctions of slower ones
_BEFORE_M, _AFTER_M = 30.0, 12.0  # how far before and behind a crossing the lights stand that protect it


def walkway_map(network: RoadNetwork, origin: Array | None = None) -> WalkwayMap:
    """Where people walk on a network: without any way for them, empty arrays.

    Args:
        network: the roads.
        origin: (3,) of the map, as `LaneMap.origin`; None: the middle of its bounds.
    """
    if origin is None:
        origin = np.append(np.round(0.5 * network.bounds.sum(axis=0)), 0.0)
    beside = roadsides(network, origin)
    strips = cleared(beside.strips, beside.carriageway)
    strips += corners(strips, beside.carriageway)
    crossings: list[Crossing] = []
    cuts: dict[int, list[float]] = {}
    ways: list[Strip] = []
    for place in _attached(list(_places(network, beside, origin)), strips, beside.carriageway):
        for strip, s in place.joints:
            cuts.setdefault(strip, []).append(s)
        signals = _signals(network, place.lanes)
        crossings.append(Crossing(place.xyz[1:3], place.width, place.marked, place.lanes, signals))
        ways.append(line(Kind.CROSSING, place.xyz, 0.5 * place.width, len(crossings) - 1))
    whole = [part for k, strip in enumerate(strips) for part in split(strip, np.array(cuts.get(k, [])))]
    rows, points, nodes, ends = graph(whole + ways)
    table = np.zeros(len(crossings), CROSSING_DTYPE)
    for k, crossing in enumerate(crossings):
        (x0, y0, _), (x1, y1, _) = crossing.ends
        table[k] = (x0, y0, x1, y1, crossing.width, NONE, crossing.marked, len(crossing.signals))
    across = np.flatnonzero(rows["crossing"] >= 0)
    table["way"][rows["crossing"][across]] = across
    return WalkwayMap(Walkways(rows, points, nodes, ends, table), tuple(crossings), origin)


def lights_at(walkways: WalkwayMap, signals: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lights that stop traffic for each crossing: those of crossing c are `which[first[c] : first[c + 1]]`.

    Args:
        walkways: of the map.
        signals: ids, in the order that the result counts them; others are left out.

    Returns:
        `first` (C + 1,) and `which` (N,), numbers of signals.
    """
    number = {name: k for k, name in enumerate(signals)}
    found = [[number[name] for name in crossing.signals if name in number] for crossing in walkways.crossings]
    first = np.cumsum([0, *(len(names) for names in found)])
    return first.astype(np.int64), np.array([k for names in found for k in names], np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where people might cross: from kerb to kerb (2, 3)."""

    ends: Array
    width: float
    marked: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Attached:
    """A place between two ways: points (4, 3) way, kerb, kerb, way; strips and metres along them that it leads to."""

    xyz: Array
    width: float
    marked: bool
    joints: tuple[tuple[int, float], tuple[int, float]]
    lanes: tuple[tuple[LaneKey, float, float], ...]


def _places(network: RoadNetwork, beside: Roadsides, origin: Array) -> Iterator[_Place]:
    marked: dict[str, list[float]] = {}
    for road in network.roads.values():
        for thing in road.objects:
            if thing.type.lower() == "crosswalk":
                place = _of_object(road, thing, origin)
                if place is not None:
                    marked.setdefault(road.id, []).append(thing.s)
                    yield place
    for street in beside.streets:
        road = network.roads[street.road]
        for link, section, end, inwards in (
            (road.predecessor, 0, 0.0, 1.0),
            (road.successor, len(road.sections) - 1, road.length, -1.0),
        ):
            if link is None or link.kind != "junction" or street.section != section or road.length < 3.0 * _MOUTH_M:
                continue
            if any(abs(s - end) < _BESIDE_M for s in marked.get(road.id, [])):
                continue
            paved = all(beside.strips[side.strip].kind == Kind.PAVEMENT for side in street.sides)
            lane = road.sections[section].lanes[0].id
            if paved or float(road.speed_limits(section, lane, end)[0]) <= _SLOW_MPS:
                k = int(np.argmin(np.abs(street.s - (end + inwards * _MOUTH_M))))
                yield _Place(np.stack([side.inner[k] for side in street.sides]), _MOUTH_WIDTH_M, False)


def _of_object(road: Road, thing: RoadObject, origin: Array) -> _Place | None:
    """A crosswalk: along that side of its outline that is most square to the road; None without a size."""
    s = float(np.clip(thing.s, 0.0, road.length))
    middle = road.point([s], [thing.t], 0.0)[0] - origin
    heading = float(road.reference([s])[2][0])
    half_length, half_width = 0.5 * thing.length, 0.5 * thing.width
    box = Outline(
        "local", np.array([[u, v, 0.0, 0.0] for u in (-half_length, half_length) for v in (-half_width, half_width)])
    )
    outline = next((outline for outline in thing.outlines if len(outline.corners) >= 2), box)
    if outline.frame == "road":
        xy = (road.point(np.clip(outline.corners[:, 0], 0.0, road.length), outline.corners[:, 1], 0.0) - origin)[:, :2]
    else:
        angle = heading + thing.heading
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        xy = middle[:2] + outline.corners[:, :2] @ turn
    sides = np.diff(np.concatenate([xy, xy[:1]]), axis=0)
    length = np.linalg.norm(sides, axis=1)
    units = sides[length > 0.2] / length[length > 0.2, None]
    if not len(units):
        return None
    ahead = np.array([np.cos(heading), np.sin(heading)])
    walk = units[int(np.abs(units @ ahead).argmin())]
    along, across = xy @ walk, xy @ np.array([-walk[1], walk[0]])
    width = float(np.ptp(across))
    if len(xy) == 2:  # only the line that bars are painted along
        width = max((marking.width for marking in thing.markings), default=_MOUTH_WIDTH_M)
    side = 0.5 * (across.min() + across.max()) * np.array([-walk[1], walk[0]])
    ends = np.stack([side + along.min() * walk, side + along.max() * walk])
    if np.ptp(along) < 1.0 or width < 0.5:
        return None
    return _Place(np.column_stack([ends, [middle[2]] * 2]), width, True)


def _attached(places: list[_Place], strips: list[Strip], carriageway: Carriageway) -> Iterator[_Attached]:
    """Those of the places that lead from one way to another over a carriageway."""
    if not places or not strips:
        return
    lines = np.array([shapely.LineString(strip.xyz[:, :2]) for strip in strips])
    tree = shapely.STRtree(lines)
    kerbs = np.concatenate([place.ends for place in places])
    end, strip = tree.query(shapely.points(kerbs[:, :2]), predicate="dwithin", distance=_ATTACH_M)
    along = shapely.line_locate_point(lines[strip], shapely.points(kerbs[end, :2]))
    foot = np.array([[np.interp(a, strips[k].s, axis) for axis in strips[k].xyz.T] for k, a in zip(strip, along)])
    foot = foot.reshape(-1, 3)
    reach = np.linalg.norm(foot[:, :2] - kerbs[end, :2], axis=1)
    # Away from the street, not along it: what lies behind the kerb as one crosses.
    for k, place in enumerate(places):
        ahead = (place.ends[1] - place.ends[0])[:2]
        ahead = ahead / max(float(np.linalg.norm(ahead)), 1e-9)
        found = []
        for which, outwards in ((2 * k, -ahead), (2 * k + 1, ahead)):
            mine = np.flatnonzero((end == which) & (np.abs(foot[:, 2] - kerbs[end, 2]) < LEVEL_M))
            mine = mine[(foot[mine, :2] - kerbs[which, :2]) @ outwards > -1.0]
            if len(mine):
                found.append(mine[np.argmin(reach[mine])])
        if len(found) < 2 or strip[found[0]] == strip[found[1]]:
            continue
        xyz = _kerbs(np.stack([foot[found[0]], *place.ends, foot[found[1]]]), carriageway)
        if xyz is None:
            continue
        lanes = _crossed(xyz[1:3], place.width, carriageway)
        if lanes:
            first, second = ((int(strip[f]), float(along[f])) for f in found)
            yield _Attached(xyz, place.width, place.marked, (first, second), lanes)


def _kerbs(xyz: Array, carriageway: Carriageway) -> Array | None:
    """Way, kerb, kerb, way (4, 3) with the kerbs just off the carriageway between them; None if there is none."""
    start, end = xyz[0], xyz[3]
    length = float(np.linalg.norm((end - start)[:2]))
    if length < 1.0:
        return None
    path = shapely.LineString([start[:2], end[:2]])
    _, pieces = carriageway.pieces(np.array([path]), np.array([0.5 * (start[2] + end[2])]))
    if not len(pieces):
        return None
    wet = shapely.get_coordinates(shapely.intersection(carriageway.polygons[pieces], path))
    ahead = (end - start)[:2] / length
    on = (wet - start[:2]) @ ahead
    own = (xyz[1:3, :2] - start[:2]) @ ahead
    first = float(np.clip(min(own[0], on.min() - _KERB_M), 0.0, length))
    last = float(np.clip(max(own[1], on.max() + _KERB_M), first, length))
    inner = start + np.array([[first], [last]]) / length * (end - start)
    return np.stack([start, *inner, end])


def _crossed(ends: Array, width: float, carriageway: Carriageway) -> tuple[tuple[LaneKey, float, float], ...]:
    """Lanes under a crossing from kerb to kerb (2, 3), and the stations between which it lies on them."""
    ahead = (ends[1] - ends[0])[:2]
    ahead = ahead / max(float(np.linalg.norm(ahead)), 1e-9)
    left = 0.5 * width * np.array([-ahead[1], ahead[0]])
    a, b = ends[0, :2], ends[1, :2]
    area = shapely.Polygon([a + left, b + left, b - left, a - left])
    found: dict[LaneKey, tuple[float, float]] = {}
    _, pieces = carriageway.pieces(np.array([area]), np.array([ends[:, 2].mean()]))
    for piece in pieces:
        shared = shapely.get_coordinates(shapely.intersection(carriageway.polygons[piece], area))
        middle = carriageway.middles[piece][:, :2]
        if len(shared) < 3:
            continue
        along = shapely.line_locate_point(shapely.LineString(middle), shapely.points(shared))
        run = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1))])
        stations = np.interp(along, run, carriageway.stations[piece])
        low, high = found.get(carriageway.keys[piece], (np.inf, -np.inf))
        found[carriageway.keys[piece]] = (min(low, float(stations.min())), max(high, float(stations.max())))
    return tuple((key, *found[key]) for key in sorted(found))


def _signals(network: RoadNetwork, lanes: tuple[tuple[LaneKey, float, float], ...]) -> tuple[str, ...]:
    """Ids of the traffic lights for the traffic on lanes that a crossing lies on."""
    found: set[str] = set()
    lights = _lights(network)
    for key, low, high in lanes:
        road = network.roads[key.road]
        forward = road.drives_forward(key.lane)
        before, after = (_BEFORE_M, _AFTER_M) if forward else (_AFTER_M, _BEFORE_M)
        found |= {
            light.id
            for light in lights.get(road.id, ())
            if low - before <= light.s <= high + after and _faces(light, key.lane, forward)
        }
        link, end = (road.successor, road.length) if forward else (road.predecessor, 0.0)
        if link is None or link.kind != "junction" or min(abs(end - low), abs(end - high)) > _BEFORE_M:
            continue
        for way in network.next_lanes(LaneKey(key.road, len(road.sections) - 1 if forward else 0, key.lane)):
            inside = network.roads[way.road]
            onward = inside.drives_forward(way.lane)
            start = 0.0 if onward else inside.length
            found |= {
                light.id
                for light in lights.get(way.road, ())
                if abs(light.s - start) < _AFTER_M and _faces(light, way.lane, onward)
            }
    return tuple(sorted(found))


def _lights(network: RoadNetwork) -> dict[str, list[Signal | SignalReference]]:
    """Traffic lights and references to them, by road."""
    dynamic = {signal.id for road in network.roads.values() for signal in road.signals if signal.dynamic}
    found: dict[str, list[Signal | SignalReference]] = {}
    for road in network.roads.values():
        candidates: list[Signal | SignalReference] = [*road.signals, *road.signal_references]
        found[road.id] = [light for light in candidates if light.id in dynamic]
    return found


def _faces(light: Signal | SignalReference, lane: int, forward: bool) -> bool:
    """Whether a light is for the traffic of a lane."""
    facing = light.orientation not in "+-" or (light.orientation == "+") == forward
    return facing and (not light.validity or any(v.from_lane <= lane <= v.to_lane for v in light.validity))
