"""A road at one station at a time, in plain floats.

`Road` answers for thousands of stations in one numpy call; a player of scenarios asks for one after the other, and
there numpy's cost per call is all that counts. The values are those of `Road`, to the last digits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import cos, hypot, sin, tan
from typing import NamedTuple

import numpy as np

from simulator.roads.polynomial import Array
from simulator.roads.records import Lane, LaneSection
from simulator.roads.road import Road

_CACHED_STATIONS = 1024  # stations of a road of which the reference line and the lanes are kept: of dense traffic all
_NEWTON_STEPS = 20
_LONGEST_STEP_M = 20.0
Edges = tuple[float, float, float, float]


class LinePoint(NamedTuple):
    """The reference line at a station: position, heading, curvature, height, dz/ds, roll, droll/ds (m, rad)."""

    x: float
    y: float
    heading: float
    curvature: float
    z: float
    grade: float
    roll: float
    roll_slope: float


class Profile:
    """A (K, 5) list of cubics, see `simulator.roads.polynomial`."""

    __slots__ = ("_constant", "_rows", "_starts")

    def __init__(self, table: Array) -> None:
        self._rows = [tuple(map(float, row)) for row in table]
        self._starts = [row[0] for row in self._rows]
        # Most lanes are as wide everywhere.
        self._constant = (self._rows[0][1], 0.0) if len(self._rows) == 1 and not any(self._rows[0][2:]) else None

    def __call__(self, s: float) -> tuple[float, float]:
        """Value and slope at s."""
        if self._constant is not None and s >= self._starts[0]:
            return self._constant
        index = bisect_right(self._starts, s) - 1 if len(self._starts) > 1 else (0 if s >= self._starts[0] else -1)
        if index < 0:
            return 0.0, 0.0
        start, a, b, c, d = self._rows[index]
        u = s - start
        return a + u * (b + u * (c + u * d)), b + u * (2.0 * c + 3.0 * d * u)


@dataclass(slots=True, eq=False)
class ScalarLane:
    """One lane of a section; `width` or `border` over ds, the distance from the section's start."""

    id: int
    type: str
    width: Profile | None
    border: Profile | None
    heights: list[tuple[float, float, float]]
    predecessor: int | None
    successor: int | None

    @classmethod
    def of(cls, lane: Lane) -> ScalarLane:
        """From the record of a network."""
        heights = [(float(ds), float(inner), float(outer)) for ds, inner, outer in lane.heights]
        return cls(
            lane.id,
            lane.type,
            Profile(lane.widths) if len(lane.widths) else None,
            Profile(lane.borders) if len(lane.borders) else None,
            heights,
            lane.predecessor,
            lane.successor,
        )

    def height(self, ds: float, across: float) -> float:
        """Height above the road plane; `across` runs from the inner edge (0) to the outer one (1)."""
        if not self.heights:
            return 0.0
        index = bisect_right([row[0] for row in self.heights], ds) - 1
        if index < 0:
            return 0.0
        here = self.heights[index]
        there = self.heights[min(index + 1, len(self.heights) - 1)]
        gap = there[0] - here[0]
        part = min(max((ds - here[0]) / gap, 0.0), 1.0) if gap > 0.0 else 0.0
        inner, outer = here[1] + part * (there[1] - here[1]), here[2] + part * (there[2] - here[2])
        return inner + across * (outer - inner)


class ScalarSection:
    """A lane section; `left` and `right` hold its lanes from the centre outwards, `lanes` all of them by id."""

    __slots__ = ("lanes", "left", "order", "outermost", "right", "s0", "s1")

    def __init__(self, section: LaneSection) -> None:
        self.s0, self.s1 = section.s0, section.s1
        everything = [ScalarLane.of(lane) for lane in section.lanes]
        self.lanes = {lane.id: lane for lane in everything}
        self.left = sorted((lane for lane in everything if lane.id > 0), key=lambda lane: lane.id)
        self.right = sorted((lane for lane in everything if lane.id < 0), key=lambda lane: -lane.id)
        # The last lane on each side (1 left, -1 right) that belongs to the road, 0: none.
        self.outermost = {
            side: next((lane.id for lane in reversed(lanes) if lane.type != "none"), 0)
            for side, lanes in ((1, self.left), (-1, self.right))
        }
        self.order = [*reversed(self.left), *(lane for lane in everything if lane.id == 0), *self.right]

    def linked(self, lane_id: int, *, forward: bool) -> int:
        """Lane that continues `lane_id` in the next (or previous) section; the same id where no link is given."""
        lane = self.lanes.get(lane_id)
        if lane_id == 0 or lane is None:
            return 0
        linked = lane.successor if forward else lane.predecessor
        return lane_id if linked is None else linked


class ScalarRoad:
    """One road, evaluated at single stations.

    Attributes:
        left_hand: traffic keeps to the left.
    """

    def __init__(self, road: Road) -> None:
        self.road = road
        self.id, self.length, self.junction = road.id, road.length, road.junction
        self.left_hand = road.rule == "LHT"
        self.predecessor, self.successor = road.predecessor, road.successor
        self.sections = [ScalarSection(section) for section in road.sections]
        self._starts = [section.s0 for section in self.sections]
        self.lane_offset = Profile(road.lane_offset_profile)
        self._elevation = Profile(road.elevation_profile)
        self._superelevation = Profile(road.superelevation_profile)
        self._line = road.line.at
        # What is rare is left to the vectorised code: lateral shapes, level lanes beside banked ones.
        self._is_plain = not road.reliefs and not road.table.has_level
        self._kept: dict[float, LinePoint] = {}
        self._across: dict[tuple[int, bool, float], dict[int, Edges]] = {}

    def at(self, s: float) -> LinePoint:
        """The reference line at s."""
        point = self._kept.get(s)
        if point is None:
            if len(self._kept) >= _CACHED_STATIONS:
                self._kept.clear()
            point = LinePoint(*self._line(s), *self._elevation(s), *self._superelevation(s))
            self._kept[s] = point
        return point

    def section_at(self, s: float) -> int:
        """Index of the lane section at s; a boundary belongs to the section that starts there."""
        return min(max(bisect_right(self._starts, s) - 1, 0), len(self.sections) - 1)

    def edges(self, section: int, lane_id: int, s: float) -> Edges:
        """Inner t, outer t and their slopes dt/ds of a lane; without such a lane those of the outermost on its side."""
        if lane_id == 0:
            t, slope = self.lane_offset(s)
            return t, t, slope, slope
        key = section, lane_id > 0, s
        across = self._across.get(key)
        if across is None:
            if len(self._across) >= _CACHED_STATIONS:
                self._across.clear()
            across = self._across[key] = self._lanes_across(*key)
        return across.get(lane_id) or across[0]

    def _lanes_across(self, section: int, left: bool, s: float) -> dict[int, Edges]:
        """`edges` of all lanes of one side, by id; under 0 those for lanes that do not exist."""
        here = self.sections[section]
        t, slope = self.lane_offset(s)
        offset_slope, sign = slope, 1.0 if left else -1.0
        ds = s - here.s0
        found: dict[int, Edges] = {}
        for lane in here.left if left else here.right:
            inner, d_inner = t, slope
            if lane.border is not None:
                t, slope = lane.border(ds)
            elif lane.width is not None:
                width, d_width = lane.width(ds)
                t, slope = t + sign * width, slope + sign * d_width
            else:
                slope = offset_slope
            found.setdefault(lane.id, (inner, t, d_inner, slope))
        found[0] = (t, t, slope, slope)
        return found

    def center(self, section: int, lane_id: int, s: float) -> tuple[float, float]:
        """t and dt/ds of the middle of a lane."""
        inner, outer, d_inner, d_outer = self.edges(section, lane_id, s)
        return 0.5 * (inner + outer), 0.5 * (d_inner + d_outer)

    def width(self, section: int, lane_id: int, s: float) -> float:
        """Width of a lane in metres."""
        inner, outer, _, _ = self.edges(section, lane_id, s)
        return abs(outer - inner)

    def reach(self, section: int, side: int, s: float) -> float:
        """Distance from lane 0 to the outer edge of the road on a side (1 left, -1 right), lanes "none" left out."""
        lane_id = self.sections[section].outermost[1 if side > 0 else -1]
        return abs(self.edges(section, lane_id, s)[1] - self.lane_offset(s)[0]) if lane_id else 0.0

    def nearest_lane(
        self, section: int, s: float, t: float, types: Collection[str] | None, side: int = 0
    ) -> tuple[int, float]:
        """The lane of one of the given types (None: any) that t lies on, else the nearest; and t from its middle.

        Lanes without width are left out. Without any such lane: 0.
        """
        best, offset = 0, t - self.lane_offset(s)[0]
        found = False
        for lane in self.sections[section].order:
            if (types is not None and lane.type not in types) or (side and lane.id * side <= 0) or lane.id == 0:
                continue
            inner, outer, _, _ = self.edges(section, lane.id, s)
            width = abs(outer - inner)
            if width <= 1e-6:
                continue
            beside = t - 0.5 * (inner + outer)
            if abs(beside) < 0.5 * width:
                return lane.id, beside
            if not found or abs(beside) < abs(offset):
                best, offset, found = lane.id, beside, True
        return best, offset

    def lane_height(self, section: int, lane_id: int, s: float, t: float) -> float:
        """Height above the road plane at (s, t), as of a lane."""
        here = self.sections[section]
        lane = here.lanes.get(lane_id)
        if lane is None or not lane.heights:
            return 0.0
        inner, outer, _, _ = self.edges(section, lane_id, s)
        across = (t - inner) / (outer - inner) if outer != inner else 0.5
        return lane.height(s - here.s0, min(max(across, 0.0), 1.0))

    def place(self, s: float, t: float, height: float = 0.0) -> tuple[float, float, float]:
        """World point at (s, t), `height` above the plane of the road."""
        if not self._is_plain:
            x, y, z = self.road.point(np.array([s]), np.array([t]), np.array([height]))[0]
            return float(x), float(y), float(z)
        p = self.at(s)
        ahead, left, up = 0.0, t, height
        if p.roll or (height and p.grade):
            flatness = 1.0 / hypot(1.0, p.grade)
            c, n = cos(p.roll), sin(p.roll)
            rise = (t * n + height * c) * flatness
            ahead, left, up = -p.grade * rise, t * c - height * n, rise
        c, n = cos(p.heading), sin(p.heading)
        return p.x + ahead * c - left * n, p.y + ahead * n + left * c, p.z + up

    def project(self, x: float, y: float, s: float) -> tuple[float, float, float]:
        """s, t and how far beyond an end of the road (0 between them) of a world point, by Newton steps from a guess.

        Beyond its ends the road counts as going straight on, and s stays at the end.
        """
        s = min(max(s, 0.0), self.length)
        along = across = 0.0
        for _ in range(_NEWTON_STEPS):
            p = self.at(s)
            c, n = cos(p.heading), sin(p.heading)
            dx, dy = x - p.x, y - p.y
            along, across = dx * c + dy * n, dy * c - dx * n
            if p.roll:  # on a slope the direction of t leans along the road
                along += p.grade * across * tan(p.roll) / hypot(1.0, p.grade)
            step = along / max(1.0 - p.curvature * across, 0.2)
            moved = min(max(s + min(max(step, -_LONGEST_STEP_M), _LONGEST_STEP_M), 0.0), self.length)
            if abs(moved - s) < 1e-9:
                break
            s = moved
        roll = self.at(s).roll
        beyond = along if s <= 0.0 or s >= self.length else 0.0
        return s, across / cos(roll) if roll else across, beyond

    @cached_property
    def line_samples(self) -> Array:
        """(M, 3) s, x, y of points on the reference line, at most 5 m apart: starts for `project`."""
        s = np.linspace(0.0, self.length, max(int(np.ceil(self.length / 5.0)) + 1, 2))
        x, y, _, _ = self.road.reference(s)
        return np.column_stack([s, x, y])


def scalar_roads(roads: Sequence[Road]) -> Callable[[str], ScalarRoad | None]:
    """Look-up of scalar roads by id, made when first asked for."""
    by_id = {road.id: road for road in roads}
    made: dict[str, ScalarRoad] = {}

    def find(road_id: str) -> ScalarRoad | None:
        """A road by id, made when it is first asked for; None: there is none."""
        road = made.get(road_id)
        if road is None and road_id in by_id:
            road = made[road_id] = ScalarRoad(by_id[road_id])
        return road

    return find
