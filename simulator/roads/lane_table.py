"""All lanes of one road in flat arrays, so that any number of stations in any sections is one numpy call.

Lanes of a section are counted by rank: 1 for the lane next to lane 0, growing outwards, negative to the right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.roads.polynomial import Array, Index, ProfileRows
from simulator.roads.records import DRIVABLE, Lane, LaneSection


def _outwards(section: LaneSection) -> tuple[list[Lane], list[Lane]]:
    """Lanes of a section from the centre outwards: left, right."""
    left = [lane for lane in reversed(section.lanes) if lane.id > 0]
    return left, [lane for lane in section.lanes if lane.id < 0]


class LaneTable:
    """Widths, borders and heights of the lanes of a road.

    Attributes:
        starts, ends: (S,) start and end of each section in metres.
        left, right: (S,) number of lanes on each side.
        first_left: (S,) row of the first lane to the left of each section; those to the right follow.
        ids, drivable, level: (R,) of the lanes, row by row: section by section, left then right, from the centre.
        widths, borders, height_rows: their profiles, by row.
        lane_ids: ids of all lanes of all sections, without 0.
        has_heights, has_level, has_borders: whether any lane uses them.

    Widths are taken as written, even below zero.
    """

    def __init__(self, sections: Sequence[LaneSection]) -> None:
        sides = [_outwards(section) for section in sections]
        rows = [lane for left, right in sides for side in (left, right) for lane in side]
        self.starts = np.array([section.s0 for section in sections])
        self.ends = np.array([section.s1 for section in sections])
        self.left = np.array([len(left) for left, _ in sides], np.int64)
        self.right = np.array([len(right) for _, right in sides], np.int64)
        self.first_left = np.concatenate([[0], np.cumsum(self.left + self.right)[:-1]]).astype(np.int64)
        self._first_right = self.first_left + self.left
        # Ranks by id, row by row, sorted for lookup: a lane id is nearly always its rank, but files may skip ids.
        self.ids = np.array([lane.id for lane in rows], np.int64)
        self.lane_ids = frozenset(lane.id for lane in rows)
        self.widths = ProfileRows.build([lane.widths for lane in rows])
        self.borders = ProfileRows.build([lane.borders for lane in rows])
        self.height_rows = ProfileRows.build([lane.heights for lane in rows], columns=3)
        self.drivable = np.array([lane.type in DRIVABLE for lane in rows], np.bool_)
        self.level = np.array([lane.level for lane in rows], np.bool_)
        self.has_heights = len(self.height_rows.table) > 0
        self.has_level = bool(self.level.any())
        self.has_borders = len(self.borders.table) > 0
        self._lacks_width = np.array([not (len(lane.widths) or len(lane.borders)) for lane in rows], np.bool_)
        self._any_lacks_width = bool(self._lacks_width.any())

    def section_at(self, s: Array) -> Index:
        """Index of the section (N,) at stations s (N,); a boundary belongs to the section that starts there."""
        return np.clip(np.searchsorted(self.starts, s, side="right") - 1, 0, len(self.starts) - 1)

    def inside(self, section: Index, s: Array) -> Array:
        """Stations (N,) moved a micrometre into their sections, where they lie at an end or beyond."""
        margin = np.minimum(1e-6, 0.5 * (self.ends[section] - self.starts[section]))
        return np.asarray(np.minimum(np.maximum(s, self.starts[section] + margin), self.ends[section] - margin))

    def row(self, section: Index, rank: Index) -> Index:
        """Table row (N,) of the lane with signed rank (N,), -1 where there is none."""
        left = np.where((rank > 0) & (rank <= self.left[section]), self.first_left[section] + rank - 1, -1)
        right = np.where((rank < 0) & (-rank <= self.right[section]), self._first_right[section] - rank - 1, -1)
        return np.maximum(left, right)

    def rank(self, section: Index, lane_id: int) -> Index:
        """Signed rank (N,) of the lane `lane_id` in sections (N,); 0 where the section has no such lane."""
        sign = 1 if lane_id > 0 else -1
        rank = np.full(len(section), lane_id, np.int64)
        row = self.row(section, rank)
        wrong = np.flatnonzero((row < 0) | (self.ids[np.maximum(row, 0)] != lane_id)) if len(self.ids) else ()
        if len(self.ids) == 0 or lane_id == 0:
            return np.zeros(len(section), np.int64)
        if len(wrong):
            rank[wrong] = 0
            count = self.left if sign > 0 else self.right
            for step in range(1, int(count[section[wrong]].max(initial=0)) + 1):
                row = self.row(section[wrong], np.full(len(wrong), sign * step))
                found = (row >= 0) & (self.ids[np.maximum(row, 0)] == lane_id)
                rank[wrong[found]] = sign * step
        return rank

    def lane_of(self, section: Index, rank: Index) -> tuple[Index, NDArray[np.bool_]]:
        """Lane id (N,) at a signed rank (N,), 0 where there is none, and whether cars may drive there."""
        row = self.row(section, rank)
        if not len(self.ids):
            return np.zeros(len(rank), np.int64), np.zeros(len(rank), np.bool_)
        safe = np.maximum(row, 0)
        return np.where(row >= 0, self.ids[safe], 0), (row >= 0) & self.drivable[safe]

    def walk(
        self, section: Index, side: Index, s: Array, offset: Array, slope: Array, most: int
    ) -> Iterator[tuple[Index, Array, Array, Array, Array]]:
        """Lanes of rank 1 to `most` on a side (N,), 1 left or -1 right: row, inner t, outer t, and their slopes dt/ds.

        `offset` and `slope` (N,) are the lane offset at s (N,). Where the section lacks a lane of that rank, the row
        is negative and both edges are the outermost edge of that side.
        """
        ds = s - self.starts[section]
        outer, d_outer = offset, slope
        for step in range(1, most + 1):
            row = self.row(section, side * step)
            inner, d_inner = outer, d_outer
            outer, d_outer = self._outwards_of(row, ds, side, inner, d_inner)
            if self._any_lacks_width:
                # The standard asks for a width; without one esmini counts the direction of the lanes beyond from
                # the lane offset again, and so do we.
                d_outer = np.where((row >= 0) & self._lacks_width[np.maximum(row, 0)], slope, d_outer)
            yield row, inner, outer, d_inner, d_outer

    def edges(
        self, section: Index, rank: Index, s: Array, offset: Array, slope: Array
    ) -> tuple[Array, Array, Array, Array]:
        """Inner t, outer t and slopes dt/ds (N,) of lanes with signed ranks (N,) at stations s (N,); see `walk`."""
        result = (offset, offset, slope, slope)
        most = int(np.abs(rank).max(initial=0))
        for step, (_, *found) in enumerate(self.walk(section, np.sign(rank), s, offset, slope, most), 1):
            here = np.abs(rank) == step
            inner, outer, d_inner, d_outer = (np.where(here, new, old) for new, old in zip(found, result))
            result = (inner, outer, d_inner, d_outer)
        return result

    def _outwards_of(self, row: Index, ds: Array, sign: Index, t: Array, slope: Array) -> tuple[Array, Array]:
        """Outer edge of lanes `row` whose inner edge is t."""
        width, d_width = self.widths.evaluate(row, ds)
        outer, d_outer = t + sign * width, slope + sign * d_width
        if self.has_borders:
            border, d_border = self.borders.evaluate(row, ds)
            by_border = self.borders.present(row)
            outer, d_outer = np.where(by_border, border, outer), np.where(by_border, d_border, d_outer)
        return outer, d_outer

    def heights(self, row: Index, ds: Array) -> tuple[Array, Array]:
        """Height of the inner and outer edge (N,) of lanes `row` (N,) above the road plane, ds into the section.

        Between two entries the height changes linearly, as esmini has it (a dropped kerb); after the last it stays.
        """
        if not self.has_heights:
            return np.zeros(len(row)), np.zeros(len(row))
        line, valid = self.height_rows.lines(row, ds)
        following = np.minimum(line + 1, self.height_rows.first[np.maximum(row, 0) + 1] - 1)
        following = np.where(valid, np.maximum(following, line), line)
        here, there = self.height_rows.table[line], self.height_rows.table[following]
        gap = there[:, 0] - here[:, 0]
        part = np.where(gap > 0.0, np.clip((ds - here[:, 0]) / np.where(gap > 0.0, gap, 1.0), 0.0, 1.0), 0.0)
        inner, outer = (here[:, k] + part * (there[:, k] - here[:, k]) for k in (1, 2))
        return np.where(valid, inner, 0.0), np.where(valid, outer, 0.0)

    def is_level(self, row: Index) -> NDArray[np.bool_]:
        """Whether lanes `row` (N,) are kept out of superelevation."""
        return (row >= 0) & self.level[np.maximum(row, 0)]
