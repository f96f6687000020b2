"""From world points to road coordinates: reference lines in short pieces, in a tree of boxes around their surfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from simulator.errors import InputError
from simulator.roads.polynomial import Array, Index, ProfileRows
from simulator.roads.road import Road

if TYPE_CHECKING:
    from simulator.roads.locate_kernels import PlaceIndex

_PIECE_M = 6.0  # longest piece of a reference line
_PIECES = 200_000  # at most of one road, before its curves ask for more
_FIT_M = 1e-7  # a piece follows its reference line as closely as this
_HALVINGS = 8
_SHORTEST_M = 0.05  # where a curve has a cusp, no piece would be short enough
_MARGIN_M = 0.05  # around the surface of a piece, for lanes that swell between the stations looked at
_CHUNK = 4096
_RELIEF_STEPS = 20
_SAME_M = 1e-9


class Located(NamedTuple):
    """Where points (N,) are on the network.

    Attributes:
        road: index into `list(network.roads)`; section: lane section; lane: lane id, where a point lies beside the
            road that of the outermost lane on its side.
        s, t: road coordinates in metres.
        distance: from the road's surface in metres, horizontally and across its direction (ahead of its ends: from
            them); 0 on it.
    """

    road: Index
    section: Index
    lane: Index
    s: Array
    t: Array
    distance: Array


class Locator:
    """Finds the road, lane and road coordinates of points.

    Where roads overlap (in junctions) a drivable lane wins over others, then the lane whose middle is nearer;
    with heights given, the road at that height wins.

    Attributes:
        index: the network as kernels take it (`locate_kernels.locate_point`).
    """

    index: PlaceIndex

    def __init__(self, roads: Mapping[str, Road]) -> None:
        self.index = _build(list(roads.values()))
        self._shaped = {number: road for number, road in enumerate(roads.values()) if road.reliefs}

    def __call__(self, points: ArrayLike, threads: int | None = None) -> Located:
        """Locate points (N, 2) x, y or (N, 3) x, y, z in the world; `threads` None: as many as there are.

        Raises:
            InputError: points of another shape, or that are not finite.
        """
        from simulator.numerics.parallel import parallel_for
        from simulator.roads.locate_kernels import locate_points

        points = np.ascontiguousarray(np.atleast_2d(np.asarray(points, np.float64)))
        if points.ndim != 2 or points.shape[1] not in (2, 3):
            raise InputError(f"points must have the shape (N, 2) or (N, 3), not {points.shape}")
        if not np.isfinite(points).all():
            raise InputError("points to locate must be finite")
        whole, real = np.empty((len(points), 3), np.int64), np.empty((len(points), 3))

        def body(start: int, stop: int) -> None:
            """Points `start` to `stop`."""
            locate_points(self.index, points, start, stop, whole, real)

        parallel_for(body, len(points), chunk=_CHUNK, threads=threads)
        for number, road in self._shaped.items():
            mine = np.flatnonzero((whole[:, 0] == number) & (real[:, 2] == 0.0))
            if len(mine):
                whole[mine, 1], whole[mine, 2], real[mine, 0], real[mine, 1] = _on_relief(
                    road, points[mine, :2], real[mine, 0], real[mine, 1]
                )
        return Located(*whole.T, *real.T)


def _on_relief(road: Road, xy: Array, s: Array, t: Array) -> tuple[Index, Index, Array, Array]:
    """Section, lane, s and t of points on a road whose surface is not a plane, from places on its plane.

    On slopes and banks the direction of h leans, and what stands out of the plane with it.
    """
    for _ in range(_RELIEF_STEPS):
        state = road.state(s)
        off = xy - road.place(state, s, t)[:, :2]
        cos, sin = np.cos(state.heading), np.sin(state.heading)
        ahead, left = off[:, 0] * cos + off[:, 1] * sin, off[:, 1] * cos - off[:, 0] * sin
        s = np.clip(s + ahead / np.maximum(1.0 - state.curvature * t, 0.2), 0.0, road.length)
        t = t + left / np.cos(state.roll)
        if np.abs(off).max() < _SAME_M:
            break
    section = road.section_at(s)
    lane, _, _ = road.nearest_lane(section, road.lane_at(section, s, t)[0], s, t)
    return section, lane, s, t


class _Pieces(NamedTuple):
    """Pieces of one road: lane section (P,), boxes (P, 4) and `PlaceIndex.pieces` (P, 20)."""

    section: Index
    boxes: Array
    table: Array


def _build(roads: Sequence[Road]) -> PlaceIndex:
    from simulator.roads.locate_kernels import PlaceIndex

    parts = [_pieces(road) for road in roads]
    counts = np.array([len(part.section) for part in parts])
    first_section = np.concatenate([[0], np.cumsum([len(road.sections) for road in roads])[:-1]]).astype(np.int64)
    road = np.repeat(np.arange(len(roads)), counts)
    section = np.concatenate([part.section for part in parts])
    ends = np.zeros((len(road), 2), np.int64)
    ends[np.cumsum(counts) - counts, 0] = ends[np.cumsum(counts) - 1, 1] = 1
    boxes = np.concatenate([part.boxes for part in parts])
    order = _morton_order(0.5 * (boxes[:, :2] + boxes[:, 2:]))
    tables = [one.table for one in roads]
    rows = np.cumsum([0, *(len(table.ids) for table in tables)])
    sections = [
        np.column_stack([np.arange(len(x.starts)), x.first_left + row, x.left, x.right]) for x, row in zip(tables, rows)
    ]
    # All cubics in one table, kind by kind.
    kinds = [ProfileRows.joined(rows) for rows in ([x.widths for x in tables], [x.borders for x in tables])]
    kinds += [
        ProfileRows.build([_from_zero(profile) for profile in profiles])
        for profiles in zip(*((x.lane_offset_profile, x.elevation_profile, x.superelevation_profile) for x in roads))
    ]
    heights = ProfileRows.joined([table.height_rows for table in tables])
    before = np.cumsum([0, *(len(kind.table) for kind in kinds)])
    spans = [np.stack([kind.first[:-1], kind.first[1:]], axis=1) + size for kind, size in zip(kinds, before)]
    lanes = np.concatenate([np.column_stack([x.ids, x.drivable, x.level]) for x in tables])
    return PlaceIndex(
        boxes=_tree(boxes[order]),
        pieces=np.concatenate([part.table for part in parts])[order],
        owner=np.column_stack([road, first_section[road] + section, ends])[order],
        sections=np.concatenate(sections),
        starts=np.concatenate([table.starts for table in tables]),
        lanes=np.column_stack([lanes, *spans[:2], heights.first[:-1], heights.first[1:]]).astype(np.int64),
        profiles=np.concatenate(spans[2:], axis=1),
        cubics=np.concatenate([kind.table for kind in kinds]),
        heights=heights.table,
    )


def _from_zero(profile: Array) -> Array:
    """A profile that says what holds before its first entry: nothing."""
    return np.concatenate([np.zeros((1, 5)), profile]) if profile[0, 0] > 0.0 else profile


def _pieces(road: Road) -> _Pieces:
    longest = max(_PIECE_M, road.length / _PIECES)
    even = np.linspace(0.0, road.length, max(int(np.ceil(road.length / longest)), 1) + 1)
    joints = np.concatenate([road.line.breaks, road.table.starts])
    stops = np.unique(np.concatenate([even, joints[(joints > 1e-9) & (joints < road.length - 1e-9)]]))
    for _ in range(_HALVINGS):
        curves, middle = _hermite(road, stops[:-1], stops[1:])
        x, y, _, _ = road.reference(middle)
        powers = 0.5 ** np.arange(6)
        bad = np.hypot(curves[:, :6] @ powers - x, curves[:, 6:] @ powers - y) > _FIT_M
        bad &= np.diff(stops) > _SHORTEST_M
        if not bad.any():
            break
        stops = np.sort(np.concatenate([stops, middle[bad]]))
    else:
        curves, _ = _hermite(road, stops[:-1], stops[1:])
    section = road.section_at(0.5 * (stops[:-1] + stops[1:]))
    boxes, narrow = _boxes(road, section, stops, curves)
    return _Pieces(section, boxes, np.column_stack([curves, narrow, stops[:-1], stops[1:]]))


def _hermite(road: Road, start: Array, end: Array) -> tuple[Array, Array]:
    """Quintics (P, 12) over 0..1 with the points, directions and curvatures of the ends, and the stations midway.

    The end is taken a hair before: after a joint the reference line may go on elsewhere.
    """
    size = end - start
    near = size - np.minimum(1e-8, 1e-3 * size)
    ends = [road.reference(start), road.reference(start + near)]
    curves = []
    headings = [(np.cos(state[2]), np.sin(state[2])) for state in ends]
    for axis in (0, 1):
        (p0, v0, a0), (p1, v1, a1) = (
            (state[axis], size * heading[axis], size**2 * state[3] * (-heading[1], heading[0])[axis])
            for state, heading in zip(ends, headings)
        )
        rise = p1 - p0
        curves += [
            p0,
            v0,
            0.5 * a0,
            10.0 * rise - 6.0 * v0 - 4.0 * v1 - 1.5 * a0 + 0.5 * a1,
            -15.0 * rise + 8.0 * v0 + 7.0 * v1 + 1.5 * a0 - a1,
            6.0 * rise - 3.0 * (v0 + v1) - 0.5 * (a0 - a1),
        ]
    return np.stack(curves, axis=1), start + 0.5 * size


def _boxes(road: Road, section: Index, stops: Array, curves: Array) -> tuple[Array, Array]:
    """Boxes around the surface of each piece: along the axes (P, 4), and along its chord (P, 6) as in `PlaceIndex`."""
    s = np.linspace(stops[:-1], stops[1:], 5)
    flat, here = s.ravel(), np.tile(section, 5)
    corners = []
    for ranks in (road.table.left[here], -road.table.right[here]):
        outermost = np.max(ranks * np.sign(ranks), initial=0)
        edges = [np.zeros_like(flat)]
        for rank in range(1, int(outermost) + 1):
            edges += road.rank_edges(here, np.sign(ranks) * np.minimum(rank, np.abs(ranks)), flat)[:2]
        edges.append(road.lane_edges(here, 0, flat)[0])
        corners += [np.minimum.reduce(edges), np.maximum.reduce(edges)]
    state = road.state(flat)
    points = np.stack([road.place(state, flat, t, 0.0)[:, :2] for t in corners]).reshape(4 * 5, -1, 2)
    chord = np.stack([curves[:, 1:6].sum(axis=1), curves[:, 7:].sum(axis=1)], axis=1)
    ahead = chord / np.maximum(np.linalg.norm(chord, axis=1, keepdims=True), 1e-300)
    from_start = points - curves[:, [0, 6]]
    u = (from_start * ahead).sum(axis=2)
    v = from_start[..., 1] * ahead[:, 0] - from_start[..., 0] * ahead[:, 1]
    along = np.stack([u.min(axis=0), u.max(axis=0), v.min(axis=0), v.max(axis=0)], axis=1)
    along += _MARGIN_M * np.array([-1.0, 1.0, -1.0, 1.0])
    boxes = np.concatenate([points.min(axis=0) - _MARGIN_M, points.max(axis=0) + _MARGIN_M], axis=1)
    return boxes, np.concatenate([ahead, along], axis=1)


def _morton_order(points: Array) -> Index:
    """Order of points (P, 2) along a Z-shaped curve, so that neighbours in it are near each other."""
    low, size = points.min(axis=0), max(float(np.ptp(points, axis=0).max(initial=0.0)), 1e-9)
    cells = np.clip((points - low) / size * 65535.0, 0.0, 65535.0).astype(np.uint64)
    code = np.zeros(len(points), np.uint64)
    for bit in range(16):
        for axis in range(2):
            code |= ((cells[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + axis)
    return np.argsort(code, kind="stable")


def _tree(boxes: Array) -> Array:
    """Nodes of a complete binary tree over boxes (P, 4); leaves that are left over are infinitely far away."""
    leaves = 1 << max(len(boxes) - 1, 0).bit_length()
    level = np.full((leaves, 4), np.inf)
    level[:, 2:] = -np.inf
    level[: len(boxes)] = boxes
    levels = [level]
    while len(level) > 1:
        low, high = np.minimum(level[::2, :2], level[1::2, :2]), np.maximum(level[::2, 2:], level[1::2, 2:])
        level = np.concatenate([low, high], axis=1)
        levels.append(level)
    return np.concatenate(levels[::-1])
