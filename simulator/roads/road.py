"""A road: a reference line, the profiles along it, and its lanes, as functions of the station s."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics.units import KMH
from simulator.roads.lane_table import LaneTable
from simulator.roads.lateral_shape import Crossfall, LateralProfile, LateralShape, Relief, StripSurface
from simulator.roads.polynomial import NO_PROFILE, Array, Index, evaluate
from simulator.roads.records import (
    CrossSectionSurface,
    LaneSection,
    Link,
    ObjectReference,
    RoadObject,
    RoadType,
    Signal,
    SignalReference,
    Structure,
    Switch,
)
from simulator.roads.reference import Geometry, ReferenceLine

# Limits where a file gives none, m/s: by the type of the road (usual European limits).
DEFAULT_SPEED_MPS = {
    "motorway": 130 * KMH,
    "rural": 100 * KMH,
    "town": 50 * KMH,
    "lowSpeed": 30 * KMH,
    "townPlayStreet": 7 * KMH,
    "pedestrian": 7 * KMH,
    "bicycle": 25 * KMH,
}
NO_LIMIT_MPS = 130 * KMH
UNKNOWN_SPEED_MPS = 50 * KMH

# Three-vectors are tuples of three arrays (N,): much less to do for numpy than with (N, 3).
Vector = tuple[Array, Array, Array]


class LineState(NamedTuple):
    """The reference line at stations (N,): position, heading, curvature, z, dz/ds, roll, droll/ds."""

    x: Array
    y: Array
    heading: Array
    curvature: Array
    z: Array
    grade: Array
    roll: Array
    roll_slope: Array

    @property
    def across(self) -> Vector:
        """Unit vectors of the direction of t, ahead, to the left and up: the road's plane rolls about the sloping line.

        That is the s/t/h system of ASAM OpenDRIVE 1.8: heading, then pitch by the elevation, then roll.
        """
        level = 1.0 / np.sqrt(1.0 + self.grade * self.grade)
        sin = np.sin(self.roll) * level
        return -self.grade * sin, np.cos(self.roll), sin

    def normal(self, flat: NDArray[np.bool_]) -> Vector:
        """Unit vectors of the direction of h, ahead, to the left and up; `flat` (N,) ones do not roll."""
        roll = np.where(flat, 0.0, self.roll)
        cos = np.cos(roll) / np.sqrt(1.0 + self.grade * self.grade)
        return -self.grade * cos, -np.sin(roll), cos


@dataclass(frozen=True, eq=False, repr=False)
class Road:
    """One road of a network. Frames: world x east, y north, z up; s along, t to the left, both in metres.

    Attributes:
        length: of the reference line in metres.
        junction: id of the junction this road is part of, "" outside of junctions.
        rule: "RHT" or "LHT", right- or left-hand traffic.
        geometry: elements of the plan view, ascending in s.
        elevation_profile, superelevation_profile, lane_offset_profile: (K, 5) cubics, see `polynomial`.
        shape: (K, 6) lateral profile: s, t, a, b, c, d.
        cross_section: the surface across by strips (1.8), instead of superelevation and shape.
        crossfall_profiles: left and right, (K, 5) cubics of the angle by which the surface falls outwards (until 1.5).
        sections: lane sections, ascending in s.
        types: kinds of road and their speed limits along s.
    """

    id: str
    length: float
    geometry: tuple[Geometry, ...]
    sections: tuple[LaneSection, ...]
    name: str = ""
    junction: str = ""
    rule: str = "RHT"
    predecessor: Link | None = None
    successor: Link | None = None
    elevation_profile: Array = field(default_factory=lambda: NO_PROFILE)
    superelevation_profile: Array = field(default_factory=lambda: NO_PROFILE)
    lane_offset_profile: Array = field(default_factory=lambda: NO_PROFILE)
    shape: Array | None = None
    cross_section: CrossSectionSurface | None = None
    crossfall_profiles: tuple[Array, Array] = (NO_PROFILE, NO_PROFILE)
    types: tuple[RoadType, ...] = ()
    signals: tuple[Signal, ...] = ()
    signal_references: tuple[SignalReference, ...] = ()
    objects: tuple[RoadObject, ...] = ()
    object_references: tuple[ObjectReference, ...] = ()
    structures: tuple[Structure, ...] = ()
    switches: tuple[Switch, ...] = ()

    def __repr__(self) -> str:
        return f"<Road {self.id!r}: {self.length:.1f} m, {len(self.sections)} lane sections>"

    @cached_property
    def line(self) -> ReferenceLine:
        """The plan view, ready for evaluation."""
        return ReferenceLine(self.geometry)

    @cached_property
    def table(self) -> LaneTable:
        """The lanes, ready for evaluation."""
        return LaneTable(self.sections)

    @cached_property
    def reliefs(self) -> tuple[LateralProfile, ...]:
        """What lies on the plane of the road."""
        found: list[LateralProfile] = []
        if self.shape is not None:
            found.append(LateralShape(self.shape))
        if self.cross_section is not None:
            found.append(StripSurface(self.cross_section))
        if any(np.any(profile[:, 1:] != 0.0) for profile in self.crossfall_profiles):
            found.append(Crossfall(*self.crossfall_profiles))
        return tuple(found)

    @cached_property
    def _is_banked(self) -> bool:
        return bool(np.any(self.superelevation_profile[:, 1:] != 0.0))

    # ---- along the reference line

    def reference(self, s: ArrayLike) -> tuple[Array, Array, Array, Array]:
        """x, y, heading, curvature (N,) of the reference line at s (N,)."""
        return self.line.evaluate(s)

    def elevation(self, s: ArrayLike) -> tuple[Array, Array]:
        """z and dz/ds (N,) of the reference line at s (N,)."""
        return evaluate(self.elevation_profile, np.atleast_1d(s))

    def superelevation(self, s: ArrayLike) -> tuple[Array, Array]:
        """Roll about the direction of s (rad; positive: the left side is higher) and its slope at s (N,)."""
        return evaluate(self.superelevation_profile, np.atleast_1d(s))

    def lane_offset(self, s: ArrayLike) -> tuple[Array, Array]:
        """t of lane 0 and dt/ds (N,) at s (N,)."""
        return evaluate(self.lane_offset_profile, np.atleast_1d(s))

    def section_at(self, s: ArrayLike) -> Index:
        """Index of the lane section (N,) at s (N,); a boundary belongs to the section that starts there."""
        return self.table.section_at(np.atleast_1d(np.asarray(s, np.float64)))

    def speed_limits(self, section: int, lane_id: int, s: ArrayLike) -> Array:
        """Limit (N,) in m/s for a lane at s (N,): the lane's own, else the road's, else a usual one for its type."""
        s = np.atleast_1d(np.asarray(s, np.float64))
        limit = np.full(len(s), UNKNOWN_SPEED_MPS)
        for kind in self.types:  # ascending in s; few
            usual = DEFAULT_SPEED_MPS.get(kind.type, UNKNOWN_SPEED_MPS)
            limit[s >= kind.s - 1e-9] = usual if kind.speed is None else kind.speed
        here = self.sections[section]
        for ds, own in here.lane(lane_id).speeds:
            limit[s >= here.s0 + ds - 1e-9] = own
        return np.where(np.isfinite(limit), limit, NO_LIMIT_MPS)

    # ---- across the road

    def _offset_in(self, section: Index, s: Array) -> tuple[Array, Array]:
        """Lane offset and slope (N,) as of sections (N,): where both jump at a boundary, each section has its own."""
        return evaluate(self.lane_offset_profile, s, pick=self.table.inside(section, s))

    def boundaries(self, section_index: int, s: ArrayLike) -> Array:
        """t of the lane boundaries (L + 1, N) of a section at s (N,), from the leftmost to the rightmost edge.

        Consecutive rows bound consecutive lanes without lane 0 (L lanes). s may be the very end of the section.
        """
        s = np.atleast_1d(np.asarray(s, np.float64))
        section = np.full(len(s), section_index, np.int64)
        offset, slope = self._offset_in(section, s)
        sides = []
        for side, count in ((1, self.table.left[section_index]), (-1, self.table.right[section_index])):
            edge, edges = offset, []
            for _, _, outer, _, _ in self.table.walk(section, np.full(len(s), side), s, offset, slope, int(count)):
                # A negative width ends at its inner edge: rows never cross.
                edge = np.maximum(edge, outer) if side > 0 else np.minimum(edge, outer)
                edges.append(edge)
            sides.append(edges)
        return np.stack([*reversed(sides[0]), offset, *sides[1]])

    def lane_heights(self, section_index: int, s: ArrayLike) -> Array:
        """Height above the road plane of the left and right edge (L, N, 2) of the lanes of a section, left to right.

        Neighbouring lanes may differ at their common boundary: that is a kerb.
        """
        s = np.atleast_1d(np.asarray(s, np.float64))
        section = np.full(len(s), section_index, np.int64)
        left, right = int(self.table.left[section_index]), int(self.table.right[section_index])
        rows = []
        for rank in [*range(left, 0, -1), *range(-1, -right - 1, -1)]:
            row = self.table.row(section, np.full(len(s), rank, np.int64))
            inner, outer = self.table.heights(row, s - self.table.starts[section])
            rows.append(np.stack([outer, inner] if rank > 0 else [inner, outer], axis=-1))
        return np.stack(rows) if rows else np.zeros((0, len(s), 2))

    def lane_at(self, section: Index, s: Array, t: Array) -> tuple[Index, Array]:
        """Signed rank (N,) of the lane at (s, t) in sections (N,), and how far across it from inner (0) to outer (1).

        Rank 0: beyond the outermost lanes.
        """
        offset, slope = self._offset_in(section, s)
        side = np.where(t >= offset, 1, -1)
        rank, across = np.zeros(len(s), np.int64), np.zeros(len(s))
        most = int(np.where(side > 0, self.table.left[section], self.table.right[section]).max(initial=0))
        for step, (row, inner, outer, _, _) in enumerate(self.table.walk(section, side, s, offset, slope, most), 1):
            width = np.maximum(side * (outer - inner), 0.0)
            here = (rank == 0) & (row >= 0) & (side * (t - outer) <= 0.0) & (width > 0.0)
            rank = np.where(here, side * step, rank)
            across = np.where(here, np.clip(side * (t - inner) / np.maximum(width, 1e-12), 0.0, 1.0), across)
        return rank, across

    def surface_samples(self, s: Array, spacing_m: float) -> tuple[Array, Array]:
        """Stations and t (M,) of points over the whole surface, at stations s and at most `spacing_m` apart across."""
        section = self.section_at(s)
        offset, slope = self._offset_in(section, s)
        stations, across = [s], [offset]
        for side, counts in ((1, self.table.left), (-1, self.table.right)):
            most = int(counts[section].max(initial=0))
            walk = self.table.walk(section, np.full(len(s), side), s, offset, slope, most)
            for row, inner, outer, _, _ in walk:
                here = row >= 0
                pieces = min(max(int(np.ceil(np.abs(outer - inner).max(initial=0.0) / spacing_m)), 1), 40)
                for part in np.arange(1, pieces + 1) / pieces:
                    stations.append(s[here])
                    across.append((inner + part * (outer - inner))[here])
        return np.concatenate(stations), np.concatenate(across)

    # ---- in the world

    def point(self, s: ArrayLike, t: ArrayLike, height: ArrayLike | None = None) -> Array:
        """(N, 3) world points of the surface at road coordinates s, t (N,).

        Args:
            s, t: road coordinates in metres, broadcast against each other.
            height: above the road plane, such as a kerb's; None: the height of the lane that lies there.
        """
        s, t = np.broadcast_arrays(np.atleast_1d(np.asarray(s, np.float64)), np.asarray(t, np.float64))
        return self.place(self.state(s), s, t, height)

    def state(self, s: Array) -> LineState:
        """Everything about the reference line at s (N,)."""
        return LineState(*self.line.evaluate(s), *self.elevation(s), *self.superelevation(s))

    def place(self, state: LineState, s: Array, t: Array, height: ArrayLike | None = None) -> Array:
        """`point` with the reference line at s (N,) already evaluated."""
        if height is None:
            height = self._lane_height(s, t) if self.table.has_heights else 0.0
        relief = self.relief(s, t)
        height = np.asarray(height, np.float64) + (0.0 if relief is None else relief.height)
        ahead, left, up = np.zeros_like(t), t, np.zeros_like(t)
        flat = self.flat_part(s, t)
        if self._is_banked:
            ahead, left, up = ((t - flat) * axis for axis in state.across)
            left = left + flat
        if np.any(height != 0.0):
            lift = (height * axis for axis in state.normal(flat != 0.0))
            ahead, left, up = (a + b for a, b in zip((ahead, left, up), lift))
        sin, cos = np.sin(state.heading), np.cos(state.heading)
        return np.stack([state.x + ahead * cos - left * sin, state.y + ahead * sin + left * cos, state.z + up], axis=-1)

    def relief(self, s: Array, t: Array) -> Relief | None:
        """Height of the surface above the plane of the road and its slopes (N,), without kerbs; None: a plane."""
        if not self.reliefs:
            return None
        flat = self.flat_part(s, t)
        height, along, across = (np.sum(part, axis=0) for part in zip(*(x.relief(s, t - flat) for x in self.reliefs)))
        return Relief(height, along, np.where(flat != 0.0, 0.0, across))

    def _lane_height(self, s: Array, t: Array) -> Array:
        section = self.section_at(s)
        rank, across = self.lane_at(section, s, t)
        inner, outer = self.table.heights(self.table.row(section, rank), s - self.table.starts[section])
        return inner + across * (outer - inner)

    def _level_edge(self, s: Array, side: Index) -> Array:
        """|t| (N,) from the reference line where the `level` lanes of a side (1 left, -1 right) begin; inf: none.

        Level lanes stay horizontal beside a banked carriageway.
        """
        section = self.section_at(s)
        edge = np.full(len(s), np.inf)
        most = np.where(side > 0, self.table.left[section], self.table.right[section])
        for step in range(int(most.max(initial=0)), 0, -1):
            level = self.table.is_level(self.table.row(section, side * step))
            inner = self.rank_edges(section, side * step, s)[0]
            edge = np.where(level, np.maximum(side * inner, 0.0), edge)
        return edge

    def flat_part(self, s: Array, t: Array) -> Array:
        """Part (N,) of t that lies on level lanes, which neither bank nor follow the relief."""
        if not self.table.has_level:
            return np.zeros_like(t)
        side = np.where(t >= 0.0, 1, -1)
        return side * np.maximum(side * t - self._level_edge(s, side), 0.0)

    def nearest_lane(self, section: Index, rank: Index, s: Array, t: Array) -> tuple[Index, Array, NDArray[np.bool_]]:
        """Lane id (N,) at ranks from `lane_at`, how far t is beside it, and whether cars may drive there.

        Beyond the outermost lanes (rank 0) it is the outermost one on that side, 0 if that side has none.
        """
        offset, _ = self._offset_in(section, s)
        left = t >= offset
        outermost = np.where(left, self.table.left[section], -self.table.right[section])
        edge = self.rank_edges(section, outermost, s)[1]
        beside = np.where(rank == 0, np.maximum(np.where(left, t - edge, edge - t), 0.0), 0.0)
        lane, drivable = self.table.lane_of(section, np.where(rank == 0, outermost, rank))
        return lane, beside, drivable

    def rank_edges(self, section: Index, rank: Index, s: Array) -> tuple[Array, Array, Array, Array]:
        """Inner t, outer t and their slopes dt/ds (N,) of lanes counted from lane 0 (see `LaneTable`)."""
        offset, slope = self._offset_in(section, s)
        return self.table.edges(section, rank, s, offset, slope)

    def lane_edges(self, section: Index, lane_id: int, s: Array) -> tuple[Array, Array, Array, Array]:
        """Inner t, outer t and their slopes dt/ds (N,) of a lane at s (N,) in sections (N,); lane 0: its line."""
        offset, slope = self._offset_in(section, s)
        if lane_id == 0:
            return offset, offset, slope, slope
        return self.table.edges(section, self.table.rank(section, lane_id), s, offset, slope)

    def lane_plane_height(self, section: Index, lane_id: int, s: Array) -> Array:
        """Height (N,) of the middle of a lane above the road plane at s (N,)."""
        if lane_id == 0 or not self.table.has_heights:
            return np.zeros(len(s))
        row = self.table.row(section, self.table.rank(section, lane_id))
        inner, outer = self.table.heights(row, s - self.table.starts[section])
        return 0.5 * (inner + outer)

    def drives_forward(self, lane_id: int) -> bool:
        """Whether traffic on the lane goes in the direction of s (on lanes for both: the usual direction)."""
        return ((lane_id < 0) == (self.rule != "LHT")) != (lane_id in self._reversed)

    @property
    def kerb_side(self) -> float:
        """On which side of a driver the edge of the road is: -1 the right, +1 the left (left-hand traffic)."""
        return 1.0 if self.rule == "LHT" else -1.0

    @cached_property
    def _reversed(self) -> frozenset[int]:
        """Lanes on which traffic goes the other way (OpenDRIVE 1.8)."""
        return frozenset(lane.id for here in self.sections for lane in here.lanes if lane.direction == "reversed")
