"""Cross-sections of roads: one common sampling of s for all lanes of a section, so that neighbours share vertices.

Stations are dense where the surface bends: the chord of every lane edge stays within TOLERANCE_M of the true
edge, and the two triangles of a lane's quad within TOLERANCE_M of the ruled surface between its edges.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from simulator.roads.network import RoadNetwork
from simulator.roads.polynomial import evaluate
from simulator.roads.records import Lane
from simulator.roads.road import LineState, Road

Array = NDArray[np.float64]

TOLERANCE_M = 0.002
_PRECISE_M = 0.0002  # the same for roads that need it
_STRICT = 2.5  # how much more heights count: the errors of an edge and of a twist add up
LONGEST_M = 3.5  # longest step along s; two of them make one repeat of the lane texture
_SNAP_M = 0.03  # ends of consecutive roads closer than this are made one
_PIECES_ACROSS = (1, 2, 4, 8, 16, 32)  # of a lane whose cross-section is curved
_STRAIGHT_M = 5e-4
_REACH_M = 30.0  # half the width of the widest road


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Cross-sections of one stretch of a lane section: N stations, B = L + 1 lane boundaries from left to right.

    Attributes:
        road: the road; `number` its position in the network, `section` the index of the lane section.
        s: (N,) stations; t: (B, N) lane boundaries.
        ground: (B, N, 3) points of the road plane on the boundaries, local frame (world minus origin), float64.
        up: (N, 3) unit vectors that stand upright on the road plane.
        heights: (L, N, 2) height of the left and right edge of each lane above the road plane.
        lanes: the L lanes, left to right, without lane 0.
        center: boundary index of lane 0.
        first, last: whether the stretch begins and ends with the lane section (else it is cut by the radius).
    """

    road: Road
    number: int
    section: int
    s: Array
    t: Array
    ground: Array
    up: Array
    heights: Array
    lanes: tuple[Lane, ...]
    center: int
    first: bool
    last: bool

    @property
    def outer(self) -> tuple[bool, bool]:
        """Whether the stretch begins and ends where its road does."""
        return self.first and self.section == 0, self.last and self.section == len(self.road.sections) - 1

    def bulge(self, lane: int, part: Array) -> Array:
        """(K, N, 3) from the straight line across a lane to its surface, `part` (K, N) of the way to the right."""
        left, right = self.t[lane], self.t[lane + 1]
        ends = [self.road.point(self.s, t, 0.0) for t in (left, right)]
        t = (left + part * (right - left)).ravel()
        surface = self.road.point(np.tile(self.s, len(part)), t, 0.0).reshape(*part.shape, 3)
        return surface - (ends[0] + part[..., None] * (ends[1] - ends[0]))

    def cuts(self, lane: int) -> Array:
        """(K, N) parts of a lane's width where it is divided so that all pieces are straight across."""
        found = np.zeros((0, len(self.s)))
        if not self.road.reliefs:
            return found
        width = np.maximum(self.t[lane] - self.t[lane + 1], 1e-9)
        creases = np.concatenate([profile.creases(self.s) for profile in self.road.reliefs])
        creases = np.clip((self.t[lane] - creases) / width, 0.0, 1.0)
        creases = creases[((creases > 0.0) & (creases < 1.0)).any(axis=1)]
        worst = np.inf
        for pieces in _PIECES_ACROSS:
            even = np.repeat(np.arange(1, pieces)[:, None] / pieces, len(self.s), axis=1)
            found = np.sort(np.concatenate([creases, even]), axis=0)
            edges = np.concatenate([0.0 * width[None], found, np.ones((1, len(self.s)))])
            sag = self.bulge(lane, edges)
            sag = self.bulge(lane, 0.5 * (edges[1:] + edges[:-1])) - 0.5 * (sag[1:] + sag[:-1])
            before, worst = worst, float(np.abs(sag).max())
            if worst < _STRAIGHT_M or worst > 0.7 * before:  # more pieces do not help where the surface has a step
                break
        return found


def sample_rows(network: RoadNetwork, origin: Array, center_xy: Array, radius_m: float) -> list[Rows]:
    """Cross-sections of every lane section within `radius_m` of `center_xy` (world), ends of roads joined."""
    numbers = range(len(network.roads))
    return _joined(_sample(network, numbers, origin, center_xy, radius_m, TOLERANCE_M))


def refine_rows(
    rows: list[Rows], network: RoadNetwork, numbers: Collection[int], origin: Array, center_xy: Array, radius_m: float
) -> list[Rows]:
    """The same with finer ones of some roads: their chords stay within 0.2 mm of the true edges."""
    others = [part for part in rows if part.number not in numbers]
    return _joined(others + _sample(network, numbers, origin, center_xy, radius_m, _PRECISE_M))


def _joined(rows: list[Rows]) -> list[Rows]:
    join_ends(rows)
    return _name_lanes(rows)


def _sample(
    network: RoadNetwork, numbers: Collection[int], origin: Array, center: Array, radius: float, tolerance_m: float
) -> list[Rows]:
    roads = list(network.roads.values())
    return [
        part
        for number in sorted(numbers)
        for part in _rows_of_road(roads[number], number, origin, center, radius, tolerance_m)
    ]


def _rows_of_road(
    road: Road, number: int, origin: Array, center: Array, radius: float, tolerance_m: float
) -> Iterator[Rows]:
    coarse = np.linspace(0.0, road.length, max(int(np.ceil(road.length / 4.0)) + 1, 3))
    x, y, _, curvature = road.reference(coarse)
    hill = _STRICT * np.abs(np.gradient(road.elevation(coarse)[1], coarse))
    bends = np.maximum(np.abs(curvature), hill)
    distance = np.hypot(x - center[0], y - center[1])
    # Junctions are taken whole or not at all, and their arms reach farther, so that all corners find their ends.
    near = np.full(len(coarse), (distance <= radius).any()) if road.junction else distance <= radius + _REACH_M
    if not near.any():
        return
    breaks, banked = _breaks(road), bool(np.any(road.superelevation_profile[:, 1:]))
    roll, turn = road.superelevation(coarse)
    turn = np.abs(turn) / np.maximum(np.cos(roll), 0.1)
    starts = np.flatnonzero(near & ~np.concatenate([[False], near[:-1]]))
    stops = np.flatnonzero(near & ~np.concatenate([near[1:], [False]]))
    for start, stop in zip(coarse[np.maximum(starts - 1, 0)], coarse[np.minimum(stops + 1, len(coarse) - 1)]):
        first, last = road.section_at([start, stop]).tolist()
        for index in range(first, last + 1):
            section = road.sections[index]
            low, high = max(section.s0, start), min(section.s1, stop)
            if high - low < 1e-3:
                continue
            here = (coarse >= low - 4.0) & (coarse <= high + 4.0)
            step = _candidate_step(float(bends[here].max(initial=0.0)), banked, tolerance_m)
            if turn[here].any():
                widths = np.diff(road.boundaries(index, [low, 0.5 * (low + high), high]), axis=0)
                step = min(step, _twist_step(float(turn[here].max() * np.abs(widths).max(initial=0.0)), tolerance_m))
            s, is_break = _candidates(low, high, breaks, step)
            if high == road.length and _ends_with_a_step(road):
                s, is_break = np.insert(s, -1, high - 1e-6), np.insert(is_break, -1, True)
            yield _section_rows(road, number, index, s, is_break, origin, tolerance_m)


def _breaks(road: Road) -> Array:
    """Stations where any profile of the road has a new record, and those where the lane texture repeats."""
    parts = [
        road.line.breaks,
        road.elevation_profile[:, 0],
        road.superelevation_profile[:, 0],
        road.lane_offset_profile[:, 0],
        np.arange(0.0, road.length, 2.0 * LONGEST_M),
    ]
    parts += [profile.stations() for profile in road.reliefs]
    for section in road.sections:
        for lane in section.lanes:
            parts += [section.s0 + table[:, 0] for table in (lane.widths, lane.borders, lane.heights) if len(table) > 1]
    return np.unique(np.concatenate(parts))


def _ends_with_a_step(road: Road) -> bool:
    """Whether the slope that is given for the very end of a road is another one than before."""
    ends = road.length - np.array([1e-6, 0.0])
    slopes = np.concatenate([road.elevation(ends), road.superelevation(ends)])
    return bool((np.abs(np.diff(slopes, axis=1)) > 1e-3).any())


def _candidate_step(bend: float, banked: bool, tolerance_m: float) -> float:
    """Metres between stations to choose from: about four to each step that the curvature allows (1/m)."""
    least = 0.1 * np.sqrt(tolerance_m / TOLERANCE_M)
    step = float(np.clip(np.sqrt(8.0 * tolerance_m / max(bend, 1e-9)) / 4.0, least, LONGEST_M / 4.0))
    return 0.5 * step if banked else step


def _twist_step(twist: float, tolerance_m: float) -> float:
    """The same where a lane rises across by `twist` metres more with each metre of s: two to each step (`_choose`)."""
    return max(2.0 * tolerance_m / max(_STRICT * twist, 1e-9), 0.0075)


def _candidates(low: float, high: float, breaks: Array, step: float) -> tuple[Array, NDArray[np.bool_]]:
    """Stations to choose from, at most a step apart; and which of them are breaks."""
    inner = breaks[(breaks > low + 1e-3) & (breaks < high - 1e-3)]
    if len(inner) > 1:
        inner = inner[np.concatenate([[True], np.diff(inner) > 1e-3])]
    edges = np.concatenate([[low], inner, [high]])
    count = np.maximum(np.ceil(np.diff(edges) / step - 1e-9), 1).astype(np.int64)
    begin = np.repeat(np.cumsum(count) - count, count)
    part = (np.arange(count.sum()) - begin) / np.repeat(count, count)
    s = np.append(np.repeat(edges[:-1], count) + part * np.repeat(np.diff(edges), count), high)
    return s, np.append(begin == np.arange(len(begin)), True)


def _section_rows(
    road: Road, number: int, index: int, s: Array, is_break: NDArray[np.bool_], origin: Array, tolerance_m: float
) -> Rows:
    section = road.sections[index]
    lanes = tuple(lane for lane in section.lanes if lane.id)
    center = sum(lane.id > 0 for lane in lanes)
    t = _boundaries(road, index, lanes, center, s)
    state = road.state(s)
    everywhere = LineState(*np.tile(np.stack(state), len(t)))
    ground = road.place(everywhere, np.tile(s, len(t)), t.ravel(), 0.0).reshape(*t.shape, 3) - origin
    keep = _choose(s, ground, is_break, tolerance_m)
    flat = np.zeros((len(lanes), len(keep), 2))
    heights = road.lane_heights(index, s[keep]) if road.table.has_heights else flat
    return Rows(
        road=road,
        number=number,
        section=index,
        s=s[keep],
        t=t[:, keep],
        ground=ground[:, keep],
        up=_upright(LineState(*(part[keep] for part in state))),
        heights=heights,
        lanes=lanes,
        center=center,
        first=bool(abs(s[0] - section.s0) < 1e-6),
        last=bool(abs(s[-1] - section.s1) < 1e-6),
    )


def _upright(state: LineState) -> Array:
    ahead, left, up = state.normal(np.zeros(len(state.x), np.bool_))
    cos, sin = np.cos(state.heading), np.sin(state.heading)
    return np.stack([ahead * cos - left * sin, ahead * sin + left * cos, up], axis=1)


def _boundaries(road: Road, index: int, lanes: tuple[Lane, ...], center: int, s: Array) -> Array:
    """t (B, N) of the lane boundaries; widths below zero count as zero, for they would fold the surface over."""
    if all(len(lane.widths) for lane in lanes):  # the usual case, several times faster than the general one
        width = np.empty((len(lanes), len(s)))
        for lane, row in zip(lanes, width):
            row[:] = np.maximum(evaluate(lane.widths, s - road.sections[index].s0)[0], 0.0)
        t = np.empty((len(lanes) + 1, len(s)))
        # At the very end of a section its own offset counts, not that of the next one.
        t[center] = road.lane_offset(np.minimum(s, road.sections[index].s1 - 1e-7))[0]
        t[:center] = t[center] + np.cumsum(width[:center][::-1], axis=0)[::-1]
        t[center + 1 :] = t[center] - np.cumsum(width[center:], axis=0)
        return t
    return road.boundaries(index, s)


def _choose(s: Array, ground: Array, is_break: NDArray[np.bool_], tolerance_m: float) -> NDArray[np.int64]:
    """Indices of the stations to keep: all breaks, and in between as few as the tolerance and LONGEST_M allow."""
    if len(s) < 4:
        return np.arange(len(s))
    ds = np.diff(s)
    across = np.abs(ground[0] - ground[-1])
    bank = float((across[:, 2] / np.maximum(np.hypot(across[:, 0], across[:, 1]), 1e-9)).max())
    flat = _STRICT * max(bank, 1.0) if bank > 0.02 else 1.0  # where it is banked x and y make heights
    weights = np.array([flat, flat, _STRICT])
    rate = np.ones(len(ds)) / LONGEST_M
    for edge in (ground[0], ground[len(ground) // 2], ground[-1]):
        slope = np.diff(edge * weights, axis=0) / ds[:, None]
        bend = np.linalg.norm(np.diff(slope, axis=0), axis=1) / (0.5 * (ds[1:] + ds[:-1]))
        bend[is_break[1:-1]] = 0.0  # a kink there is real, and a vertex
        rate = np.maximum(rate, np.sqrt(_spread(bend) / (8.0 * tolerance_m)))
    rate = np.maximum(rate, _twist(ds, ground) * _STRICT / (4.0 * tolerance_m))
    fixed = np.flatnonzero(np.concatenate([[True], is_break[1:-1], [True]]))
    need = np.concatenate([[0.0], np.cumsum(rate * ds)])
    begin, end = need[fixed[:-1]], need[fixed[1:]]
    steps = np.maximum(np.ceil(end - begin - 1e-9), 1.0)
    span = np.repeat(np.arange(len(steps)), np.diff(fixed))  # which stretch between breaks an interval is in
    progress = (need[1:] - begin[span]) / (end - begin)[span] * steps[span] + (np.cumsum(steps) - steps)[span]
    whole = np.floor(progress + 1e-6)
    return np.concatenate([[0], np.flatnonzero(np.diff(whole, prepend=0.0) > 0.5) + 1]).astype(np.int64)


def _spread(inner: Array) -> Array:
    """Values at inner nodes to the intervals beside them (the larger one)."""
    return np.asarray(np.maximum(np.concatenate([inner[:1], inner]), np.concatenate([inner, inner[-1:]])))


def _twist(ds: Array, ground: Array) -> Array:
    """Turn of the cross direction out of the surface, per metre of s and lane (m/m)."""
    across = ground[0] - ground[-1]
    along = np.diff(0.5 * (ground[0] + ground[-1]), axis=0)
    (x, y, z), (u, v, w) = along.T, 0.5 * (across[1:] + across[:-1]).T
    normal = np.stack([y * w - z * v, z * u - x * w, x * v - y * u])
    normal /= np.maximum(np.sqrt((normal * normal).sum(axis=0)), 1e-12)
    # Out of the surface, and from there to the vertical.
    turn = np.abs((np.diff(across, axis=0).T * normal).sum(axis=0)) / np.maximum(np.abs(normal[2]), 0.1) / ds
    return np.asarray(turn / max(len(ground) - 1, 1))


def join_ends(rows: list[Rows]) -> None:
    """Move end vertices of consecutive stretches that nearly coincide to their mean, in place."""
    ends = [part.ground[:, i] for part in rows for i in (0, -1)]
    if not ends:
        return
    points = np.concatenate(ends)
    counts = np.repeat([len(part.t) for part in rows], 2)
    road = np.repeat(np.repeat([part.number for part in rows], 2), counts)
    outer = np.repeat([each for part in rows for each in part.outer], counts)
    pairs = cKDTree(points).query_pairs(_SNAP_M, output_type="ndarray")
    one, two = pairs.T  # where lane sections of two roads happen to meet, those roads only cross
    pairs = pairs[(road[one] == road[two]) | (outer[one] & outer[two])]
    if not len(pairs):
        return
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(points), len(points)))
    _, label = connected_components(graph, directed=False)
    count = np.bincount(label)
    mean = np.stack([np.bincount(label, points[:, k]) / count for k in range(3)], axis=1)[label]
    at = 0
    for part in rows:
        for i in (0, -1):
            part.ground[:, i] = mean[at : at + len(part.t)]
            at += len(part.t)


def _name_lanes(rows: list[Rows]) -> list[Rows]:
    """Give lanes of type "none" of connecting roads the type of the lane they continue.

    Many maps keep the width of shoulders and pavements through a junction, but neither their type nor their links.
    """
    ends: dict[tuple[str, str], Rows] = {}
    for part in rows:
        ends |= {(part.road.id, name): part for name, outer in zip(("start", "end"), part.outer) if outer}
    return [
        _named(part, ends) if part.road.junction and any(lane.type == "none" for lane in part.lanes) else part
        for part in rows
    ]


def _named(part: Rows, ends: dict[tuple[str, str], Rows]) -> Rows:
    lanes = list(part.lanes)
    for i, lane in enumerate(lanes):
        if lane.type != "none" or float((part.t[i] - part.t[i + 1]).max()) < 0.05:
            continue
        found = {
            kind
            for end, link in ((0, part.road.predecessor), (-1, part.road.successor))
            if link and (other := ends.get((link.id, link.contact))) is not None
            for kind in _type_at(other, 0 if link.contact == "start" else -1, part.ground[i : i + 2, end].mean(axis=0))
        }
        if found and not found - _KEPT:
            lanes[i] = replace(lane, type=min(found, key=_ORDER.index))
    return replace(part, lanes=tuple(lanes))


_ORDER = ("shoulder", "stop", "parking", "border", "biking", "median", "curb", "sidewalk", "walking")
_KEPT = frozenset(_ORDER)


def _type_at(part: Rows, end: int, point: Array) -> list[str]:
    """Type of the lane whose cross-section at one end of a stretch holds a point, if any but "none"."""
    edge = part.ground[:, end, :2]
    for lane, a, b in zip(part.lanes, edge[:-1], edge[1:]):
        way = b - a
        length = float(np.hypot(*way))
        if length < 0.05 or lane.type == "none":
            continue
        along, off = (point[:2] - a) @ way / length, (point[:2] - a) @ (-way[1], way[0]) / length
        if 0.0 <= along <= length and abs(off) < 0.5:
            return [lane.type]
    return []
