"""Where people walk: pavements, the edges of roads without any, corners and crossings, as a graph of arrays.

Ways are polylines with a half-width, joined at nodes. Pavements are the lanes for walking of a map; where a road has
none, people walk beside it. At corners loose ends are joined where no carriageway lies between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.roads import DRIVABLE, LaneKey, Road, RoadNetwork
from simulator.roads.records import LaneSection
from simulator.roads.road import LineState

Array = NDArray[np.float64]

SPACING_M = 2.0  # of samples along a way, at most
WALKED = frozenset({"sidewalk", "walking"})  # types of lanes
NARROWEST_M = 0.6  # half-width of the narrowest way: two people can still pass each other
VERGE_M = 0.9  # from the edge of the carriageway to the middle of a way beside it
FASTEST_MPS = 100.0 / 3.6  # nobody walks beside faster roads, nor beside more lanes than these on a side
MOST_LANES = 2
NEAR_M = 1.2  # ends of ways that are nearer are one node
CORNER_M = 30.0  # longest straight line that joins two loose ends
WIDEST_STREET_M = 24.0  # nobody steps out over wider ones
LEVEL_M = 3.0  # what lies further above or below is on another level
SHORTEST_M = 0.5  # of a way
ISLAND_M = 8.0  # of ways that are joined with no others
LEAST_M = 0.2  # between points of a way
_CHUNK = 12  # samples of a lane in one polygon
NONE = -1


class Kind(IntEnum):
    """What a way is."""

    PAVEMENT = 0
    VERGE = 1  # beside a road without pavement
    CORNER = 2  # between the ends of others
    CROSSING = 3


WAY_DTYPE = np.dtype(
    [
        ("first", np.int64),  # of its points
        ("points", np.int64),
        ("length", np.float64),  # m
        ("kind", np.int64),  # Kind
        ("crossing", np.int64),  # or NONE
        ("start", np.int64),  # node at its first point
        ("end", np.int64),
    ]
)
POINT_DTYPE = np.dtype(
    [
        ("x", np.float64),  # m from the origin of the map
        ("y", np.float64),
        ("z", np.float64),
        ("s", np.float64),  # m along the way
        ("half_width", np.float64),  # m
        # To the next point of the way; nothing at the last one.
        ("step", np.float64),  # m
        ("ux", np.float64),  # unit vector
        ("uy", np.float64),
        ("widens", np.float64),  # of the half-width, m/m
        ("rises", np.float64),  # of z, m/m
        ("over", np.int64),  # point opposite, on the other side of the street, or NONE
        ("way", np.int64),  # that it belongs to
    ]
)
NODE_DTYPE = np.dtype([("first", np.int64), ("ends", np.int64)])
CROSSING_DTYPE = np.dtype(
    [
        ("x0", np.float64),  # kerbs, m from the origin of the map
        ("y0", np.float64),
        ("x1", np.float64),
        ("y1", np.float64),
        ("width", np.float64),  # m
        ("way", np.int64),
        ("marked", np.int64),  # 1: drivers must give way
        ("signals", np.int64),  # number of traffic lights that stop the traffic for it
    ]
)


class Walkways(NamedTuple):
    """What kernels know of where people walk.

    Attributes:
        ways: (M,) WAY_DTYPE.
        points: (N,) POINT_DTYPE, way by way.
        nodes: (K,) NODE_DTYPE ranges of `ends`.
        ends: (E,) int64 ends of ways at nodes: twice the way, plus 1 for its last point.
        crossings: (C,) CROSSING_DTYPE.
    """

    ways: NDArray[np.void]
    points: NDArray[np.void]
    nodes: NDArray[np.void]
    ends: NDArray[np.int64]
    crossings: NDArray[np.void]


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """A place to cross a street.

    Attributes:
        ends: (2, 3) kerb to kerb, m from the origin of the map.
        width: m.
        marked: whether it is a zebra or the like; False: the mouth of a junction where people cross all the same.
        lanes: driving lanes that it crosses, with the stations of the road (m) between which it lies on them.
        signals: ids of the traffic lights that stop traffic for those who cross; people go while all are red.
    """

    ends: Array
    width: float
    marked: bool
    lanes: tuple[tuple[LaneKey, float, float], ...]
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class WalkwayMap:
    """Walkways of a network.

    Attributes:
        arrays: for kernels.
        crossings: in the order of `arrays.crossings`.
        origin: (3,) world position of the map's origin, m.
    """

    arrays: Walkways
    crossings: tuple[Crossing, ...]
    origin: Array


def no_walkways(origin: Array) -> WalkwayMap:
    """A map on which nobody walks."""
    return WalkwayMap(Walkways(*graph([]), np.zeros(0, CROSSING_DTYPE)), (), origin)


# ---- strips beside roads


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A way while the graph is made: points (N, 3), half-widths (N,).

    `over` (N, 3) are points opposite, on the other side of the street; NaN where nobody would cross.
    """

    kind: Kind
    xyz: Array
    half_width: Array
    over: Array
    crossing: int = NONE

    @property
    def s(self) -> Array:
        """(N,) m along it."""
        return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.xyz[:, :2], axis=0), axis=1))])

    def part(self, begin: int, end: int) -> Strip:
        """Its points `begin` .. `end`."""
        return replace(self, xyz=self.xyz[begin:end], half_width=self.half_width[begin:end], over=self.over[begin:end])


class Carriageway:
    """The surface that vehicles drive on, in pieces of lanes: where people may not walk.

    Attributes:
        keys, stations, middles: of the lane of each piece: name, stations of the road (K,), points (K, 3) midway.
        polygons: (P,) shapely polygons.
    """

    def __init__(self) -> None:
        self.keys: list[LaneKey] = []
        self.stations: list[Array] = []
        self.middles: list[Array] = []
        self._rings: list[Array] = []

    def add(self, key: LaneKey, s: Array, left: Array, right: Array) -> None:
        """A lane between its edges (N, 3)."""
        for begin in range(0, len(s) - 1, _CHUNK - 1):
            part = slice(begin, begin + _CHUNK)
            self.keys.append(key)
            self.stations.append(s[part])
            self.middles.append(0.5 * (left[part] + right[part]))
            self._rings.append(np.concatenate([left[part, :2], right[part][::-1, :2]]))

    def close(self) -> None:
        """Index what was added."""
        sizes = [len(ring) for ring in self._rings]
        which = np.repeat(np.arange(len(sizes)), sizes)
        coords = np.concatenate([*self._rings, np.zeros((0, 2))])
        polygons = shapely.polygons(shapely.linearrings(coords, indices=which)) if sizes else np.zeros(0, object)
        bad = ~shapely.is_valid(polygons)
        polygons[bad] = shapely.make_valid(polygons[bad])
        self.polygons = polygons
        self._tree = shapely.STRtree(polygons)
        self._z = np.array([[m[:, 2].min(), m[:, 2].max()] for m in self.middles]).reshape(-1, 2)

    def pieces(self, shapes: NDArray[np.object_], z: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of shapes (Q,) at heights z (Q,), and pieces at the same level that they touch."""
        shape, piece = self._tree.query(shapes, predicate="intersects")
        level = (z[shape] > self._z[piece, 0] - LEVEL_M) & (z[shape] < self._z[piece, 1] + LEVEL_M)
        return shape[level], piece[level]

    def touches(self, shapes: NDArray[np.object_], z: Array) -> NDArray[np.bool_]:
        """Whether shapes (Q,) at heights z (Q,) touch the carriageway."""
        hit = np.zeros(len(shapes), np.bool_)
        hit[self.pieces(shapes, z)[0]] = True
        return hit


@dataclass(slots=True, eq=False)
class Side:
    """Strip beside a road section that is next to its carriageway: `inner` (N, 3) is its edge there (the kerb)."""

    strip: int
    inner: Array


@dataclass(frozen=True, slots=True, eq=False)
class Street:
    """A road section with ways on both sides: stations (N,) and both sides, left then right."""

    road: str
    section: int
    s: Array
    sides: tuple[Side, Side]


@dataclass(frozen=True, slots=True, eq=False)
class Roadsides:
    """All strips along roads, the carriageway, and the streets that have strips on both sides."""

    strips: list[Strip]
    carriageway: Carriageway
    streets: list[Street]


def _has_verge(road: Road, index: int, lanes: list[int]) -> bool:
    """Whether people walk beside a side of a road section that has these drivable lanes and no pavement."""
    section = road.sections[index]
    kinds = [kind.type for kind in road.types if kind.s <= section.s0 + 1e-9]
    fast = float(road.speed_limits(index, lanes[0], section.s0)[0]) > FASTEST_MPS + 0.1
    return not (road.junction or fast or len(lanes) > MOST_LANES or (kinds and kinds[-1] == "motorway"))


def roadsides(network: RoadNetwork, origin: Array) -> Roadsides:
    """What lies along the roads of a network, relative to `origin` (3,)."""
    strips: list[Strip] = []
    carriageway, streets = Carriageway(), []
    for road in network.roads.values():
        for index, section in enumerate(road.sections):
            if section.length < 1e-3:
                continue
            s = np.linspace(section.s0, section.s1, max(int(np.ceil(section.length / SPACING_M)), 1) + 1)
            t = road.boundaries(index, s)
            state = road.state(s)

            def points(t: Array, road: Road = road, s: Array = s, state: LineState = state) -> Array:
                """(K, 3) places of lateral positions along the road."""
                return road.place(state, s, t, 0.0) - origin

            edges = [points(row) for row in t]
            lanes = [lane for lane in section.lanes if lane.id]
            for k, lane in enumerate(lanes):
                if lane.type in DRIVABLE and np.max(t[k] - t[k + 1]) > 0.1:
                    carriageway.add(LaneKey(road.id, index, lane.id), s, edges[k], edges[k + 1])
            sides = [_side(road, index, t, edges, points, side, strips) for side in (1, -1)]
            if sides[0] is not None and sides[1] is not None and not road.junction:
                streets.append(Street(road.id, index, s, (sides[0], sides[1])))
    carriageway.close()
    for street in streets:
        left, right = street.sides
        if not any(lane.type in DRIVABLE for lane in network.roads[street.road].sections[street.section].lanes):
            continue
        wide = np.linalg.norm((left.inner - right.inner)[:, :2], axis=1) > WIDEST_STREET_M
        for mine, other in ((left, right), (right, left)):
            strips[mine.strip].over[~wide] = strips[other.strip].xyz[~wide]
    return Roadsides(strips, carriageway, streets)


def _side(
    road: Road,
    index: int,
    t: Array,
    edges: list[Array],
    points: Callable[[Array], Array],
    side: int,
    strips: list[Strip],
) -> Side | None:
    """Append the strips on one side (1 left, -1 right) of a road section; the one nearest to its carriageway."""
    section: LaneSection = road.sections[index]
    lanes = [lane for lane in section.lanes if lane.id]
    outwards = [k for k, lane in enumerate(lanes) if lane.id * side > 0]
    if side > 0:
        outwards.reverse()
    inner_edge, outer_edge = (1, 0) if side > 0 else (0, 1)  # row of the boundary, from that of the lane
    drivable = [k for k in outwards if lanes[k].type in DRIVABLE]
    runs: list[list[int]] = []
    for k in outwards:
        if lanes[k].type in WALKED:
            if runs and abs(runs[-1][-1] - k) == 1:
                runs[-1].append(k)
            else:
                runs.append([k])
    found: Side | None = None
    for run in runs:
        low, high = edges[run[0] + inner_edge], edges[run[-1] + outer_edge]
        half = 0.5 * np.abs(t[run[-1] + outer_edge] - t[run[0] + inner_edge])
        strips.append(Strip(Kind.PAVEMENT, 0.5 * (low + high), half, np.full((len(half), 3), np.nan)))
        if found is None and not any(abs(lanes[k].id) > abs(lanes[run[0]].id) for k in drivable):
            found = Side(len(strips) - 1, low)
    if runs or not drivable or not _has_verge(road, index, [lanes[k].id for k in drivable]):
        return found
    beside = [k for k in outwards if lanes[k].type in DRIVABLE | {"parking", "biking", "stop", "tram", "rail"}]
    edge = t[beside[-1] + outer_edge]
    half = np.full(len(edge), NARROWEST_M)
    middle = points(edge + side * VERGE_M)
    strips.append(Strip(Kind.VERGE, middle, half, np.full((len(half), 3), np.nan)))
    return Side(len(strips) - 1, points(edge + side * (VERGE_M - NARROWEST_M)))


def cleared(strips: list[Strip], carriageway: Carriageway) -> list[Strip]:
    """The strips without what lies on a carriageway or is too narrow; where only their edges do, they get narrower."""
    clear: list[Strip] = []
    for strip in strips:
        half = _room(strip, carriageway)
        good = half > 0.0
        changes = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
        for begin, end in zip(changes[::2], changes[1::2]):
            part = replace(strip, half_width=half).part(begin, end)
            if end - begin >= 2 and part.s[-1] >= SHORTEST_M:
                clear.append(part)
    return clear


def _room(strip: Strip, carriageway: Carriageway) -> Array:
    """Half-width (N,) that is free of the carriageway, 0 where there is none."""
    step = np.gradient(strip.xyz[:, :2], axis=0)
    left = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.maximum(np.linalg.norm(step, axis=1), 1e-9)[:, None]
    wanted = np.where(strip.half_width < 0.3, 0.0, np.maximum(strip.half_width, NARROWEST_M))
    room = np.zeros(len(wanted))
    for share in (0.3, 0.6, 0.95):
        spread = (strip.half_width * share)[:, None] * left
        lines = shapely.linestrings(np.stack([strip.xyz[:, :2] - spread, strip.xyz[:, :2] + spread], axis=1))
        free = ~carriageway.touches(lines, strip.xyz[:, 2])
        room = np.where(free, wanted * min(share / 0.95, 1.0), room)
    return np.where(room >= 0.3, np.maximum(room, 0.5), 0.0)


# ---- the graph


def _near(points: Array, others: Array, radius: float) -> tuple[NDArray[np.int64], Array]:
    """(K, 2) numbers of one of the points (N, 3) and one of the others (M, 3) within `radius`, and (K,) how far.

    SciPy's tree and graphs would do as well, but take longer to import than all the ways of a town to make.
    """
    tree = shapely.STRtree(shapely.points(others[:, :2]))
    pairs = tree.query(shapely.points(points[:, :2]), predicate="dwithin", distance=radius).T
    distance = np.linalg.norm(points[pairs[:, 0]] - others[pairs[:, 1]], axis=1)
    within = distance <= radius
    return pairs[within], distance[within]


def components(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(count,) numbers of the connected parts of a graph with edges (K, 2): each node takes the least it is joined to.

    Ever farther ones in every round: of the node to which its own least is joined (Y. Shiloach, U. Vishkin, "An O(log
    n) parallel connectivity algorithm", J. Algorithms 3 (1982) 57).
    """
    least = np.arange(count)
    while True:
        lower = least.copy()
        for one, other in ((0, 1), (1, 0)):
            np.minimum.at(lower, least[pairs[:, one]], least[pairs[:, other]])
        lower = lower[lower]
        if np.array_equal(lower, least):
            return np.asarray(np.unique(least, return_inverse=True)[1], np.int64)
        least = lower


def clusters(points: Array, radius: float) -> NDArray[np.int64]:
    """(N,) numbers of the groups of points (N, 3) that chains of pairs nearer than `radius` make."""
    return components(len(points), _near(points, points, radius)[0])


def _ends(strips: list[Strip]) -> Array:
    """(2 M, 3) first and last points of M strips."""
    return np.array([strip.xyz[end] for strip in strips for end in (0, -1)]).reshape(-1, 3)


def corners(strips: list[Strip], carriageway: Carriageway) -> list[Strip]:
    """Straight ways between loose ends of strips, shortest first, at most two from each end."""
    ends = _ends(strips)
    group = clusters(ends, NEAR_M)
    loose = np.flatnonzero(np.bincount(group)[group] == 1) if len(group) else np.zeros(0, np.int64)
    if len(loose) < 2:
        return []
    pairs, _ = _near(ends[loose], ends[loose], CORNER_M)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    a, b = loose[pairs[:, 0]], loose[pairs[:, 1]]
    level = (np.abs(ends[a, 2] - ends[b, 2]) < LEVEL_M) & (a // 2 != b // 2)
    a, b = a[level], b[level]
    lines = shapely.linestrings(np.stack([ends[a, :2], ends[b, :2]], axis=1))
    clear = ~carriageway.touches(shapely.buffer(lines, 0.3), 0.5 * (ends[a, 2] + ends[b, 2]))
    a, b = a[clear], b[clear]
    middle = shapely.points(0.5 * (ends[a, :2] + ends[b, :2]))
    tree = shapely.STRtree([shapely.LineString(strip.xyz[:, :2]) for strip in strips])
    doubles = tree.query(middle, predicate="dwithin", distance=NEAR_M)[0]
    apart = np.linalg.norm(ends[a] - ends[b], axis=1) > 2.0 * NEAR_M
    new = ~apart | ~np.isin(np.arange(len(a)), doubles)  # there is no way along there already
    a, b = a[new], b[new]
    length = np.linalg.norm(ends[a] - ends[b], axis=1)
    used = np.zeros(len(ends), np.int64)
    found = []
    for k in np.lexsort((b, a, length)):
        if used[a[k]] >= 2 or used[b[k]] >= 2 or (used[a[k]] and used[b[k]]):
            continue
        used[a[k]] += 1
        used[b[k]] += 1
        half = min(strips[a[k] // 2].half_width[-(a[k] % 2)], strips[b[k] // 2].half_width[-(b[k] % 2)])
        found.append(line(Kind.CORNER, np.stack([ends[a[k]], ends[b[k]]]), float(half)))
    return found


def line(kind: Kind, xyz: Array, half_width: float, crossing: int = NONE) -> Strip:
    """A strip of constant width through points (N, 3)."""
    size = len(xyz)
    return Strip(kind, xyz, np.full(size, half_width), np.full((size, 3), np.nan), crossing)


def split(strip: Strip, at: Array) -> list[Strip]:
    """A strip cut at `at` (K,) metres along it; a point is added at each cut."""
    s = strip.s
    at = np.unique(np.clip(at, 0.0, s[-1]))
    at = at[(at > SHORTEST_M) & (at < s[-1] - SHORTEST_M)]
    whole = np.unique(np.concatenate([s, at]))
    near = np.clip(np.searchsorted(s, whole, side="right") - 1, 0, len(s) - 1)
    fine = Strip(
        strip.kind,
        np.stack([np.interp(whole, s, strip.xyz[:, k]) for k in range(3)], axis=1),
        np.interp(whole, s, strip.half_width),
        strip.over[near],
        strip.crossing,
    )
    cuts = np.concatenate([[0], np.searchsorted(whole, at), [len(whole) - 1]])
    return [fine.part(begin, end + 1) for begin, end in pairwise(cuts)]


def graph(strips: list[Strip]) -> tuple[NDArray[np.void], NDArray[np.void], NDArray[np.void], NDArray[np.int64]]:
    """Ways, points, nodes and ends (see `Walkways`) of strips, whose ends are moved onto their nodes."""
    strips = [_without_doubles(strip) for strip in strips]
    group = clusters(_ends(strips), NEAR_M).reshape(-1, 2)
    kept = _worth_walking(strips, group)
    strips, group = [strips[k] for k in kept], group[kept]
    names, flat = np.unique(group, return_inverse=True)
    flat = flat.reshape(-1)
    count = np.bincount(flat, minlength=len(names))
    middle = np.stack(
        [np.bincount(flat, axis, len(names)) / np.maximum(count, 1) for axis in _ends(strips).T], axis=1
    ).reshape(-1, 3)
    ways, sizes = np.zeros(len(strips), WAY_DTYPE), [len(strip.xyz) for strip in strips]
    points = np.zeros(sum(sizes), POINT_DTYPE)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if sizes else np.zeros(0, np.int64)
    for k, strip in enumerate(strips):
        xyz = strip.xyz.copy()
        xyz[0], xyz[-1] = middle[flat[2 * k]], middle[flat[2 * k + 1]]
        s = replace(strip, xyz=xyz).s
        row, own = ways[k], points[first[k] : first[k] + sizes[k]]
        own["way"] = k
        row["first"], row["points"], row["length"] = first[k], sizes[k], s[-1]
        row["kind"], row["crossing"] = strip.kind, strip.crossing
        row["start"], row["end"] = flat[2 * k], flat[2 * k + 1]
        own["x"], own["y"], own["z"] = xyz.T
        own["s"], own["half_width"] = s, strip.half_width
        own["step"][:-1] = np.diff(s)
        ahead = np.diff(xyz, axis=0) / np.maximum(np.diff(s), 1e-9)[:, None]
        own["ux"][:-1], own["uy"][:-1], own["rises"][:-1] = ahead.T
        own["widens"][:-1] = np.diff(strip.half_width) / np.maximum(np.diff(s), 1e-9)
    _link_across(points, np.concatenate([strip.over for strip in strips] or [np.zeros((0, 3))]))
    nodes = np.zeros(len(names), NODE_DTYPE)
    order = np.argsort(flat, kind="stable")
    nodes["ends"] = count
    nodes["first"] = np.concatenate([[0], np.cumsum(count)[:-1]]) if len(names) else 0
    return ways, points, nodes, order.astype(np.int64)


def _worth_walking(strips: list[Strip], group: NDArray[np.int64]) -> list[int]:
    """Strips between nodes `group` (M, 2) that are no stumps, nor part of an island too small to walk about on."""
    length = np.array([strip.s[-1] for strip in strips])
    kept = (group[:, 0] != group[:, 1]) | (length > 2.0 * NEAR_M)
    size = int(group.max(initial=-1)) + 1
    if size == 0:
        return []
    island = components(size, group)[group[:, 0]]
    total = np.bincount(island, length * kept)
    return np.flatnonzero(kept & (total[island] > ISLAND_M)).tolist()


def _without_doubles(strip: Strip) -> Strip:
    """A strip without points that lie next to the one before; both its ends stay."""
    s = strip.s
    kept = [0]
    for k in range(1, len(s) - 1):
        if s[k] - s[kept[-1]] > LEAST_M and s[-1] - s[k] > LEAST_M:
            kept.append(k)
    kept.append(len(s) - 1)
    return replace(strip, xyz=strip.xyz[kept], half_width=strip.half_width[kept], over=strip.over[kept])


def _link_across(points: NDArray[np.void], over: Array) -> None:
    """Name for each of the points (N,) POINT_DTYPE the one nearest to `over` (N, 3)."""
    points["over"] = NONE
    wanted = np.flatnonzero(np.isfinite(over[:, 0]))
    if len(wanted):
        xyz = np.stack([points[axis] for axis in "xyz"], axis=1)
        pairs, distance = _near(over[wanted], xyz, SPACING_M)
        nearest = pairs[np.lexsort((distance, pairs[:, 0]))]
        which, first = np.unique(nearest[:, 0], return_index=True)
        points["over"][wanted[which]] = nearest[first, 1]
