"""Streets and country roads of procedural networks: whole roads with their cross-sections, and room for junctions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from simulator.numerics.units import KMH
from simulator.roads.cross_section import (
    KERB_M,
    NO_MARK,
    CrossSection,
    Strip,
    dashed_mark,
    line_mark,
    strip,
    tapered,
)
from simulator.roads.layout import Plan, tangent_per_radius
from simulator.roads.polynomial import Array, cubic
from simulator.roads.records import NO_CUBICS, Link, RoadMark, RoadType
from simulator.roads.road import Road


@dataclass(frozen=True)
class Street:
    """A two-way street in a town or village.

    Attributes:
        lane_width, sidewalk_width, parking_width: metres; 0 leaves sidewalks or parking lanes out.
        speed_kmh: limit.
        marked: whether there is a centre line.
        verge_width: grass beside a street without sidewalks.
        surface: of lanes and hard strips.
    """

    lane_width: float = 3.25
    sidewalk_width: float = 2.5
    parking_width: float = 0.0
    speed_kmh: float = 50.0
    marked: bool = True
    verge_width: float = 1.5
    dash: tuple[float, float, float] = field(default=(0.12, 3.0, 6.0))
    surface: str = "asphalt"

    def cross_section(self, length: float, calm_start: float = 0.0, calm_end: float = 0.0) -> CrossSection:
        """Strips of the street; parking ends `calm` metres before the ends, where the pavement is wider instead.

        The centre line is continuous there, so that nobody overtakes before a junction.
        """
        side = [strip("driving", self.lane_width)]
        if self.sidewalk_width > 0.0:
            parking, walk = self._parking(length, calm_start, calm_end)
            side += [replace(side.pop(), marks=(NO_MARK,))]
            if self.parking_width > 0.0:
                side += [Strip("parking", parking)]
            side += [
                strip("curb", 0.15, height=KERB_M, surface="concrete"),
                Strip("sidewalk", walk, height=(KERB_M, KERB_M), surface="paving"),
            ]
        else:
            marks = [line_mark(0.12)] if self.marked else []
            side[0] = strip("driving", self.lane_width, *marks, surface=self.surface)
            side += [strip("shoulder", 0.5, surface=self.surface), strip("border", self.verge_width, surface="grass")]
        return CrossSection(tuple(side), tuple(side), self._center(length, calm_start, calm_end))

    def _parking(self, length: float, calm_start: float, calm_end: float) -> tuple[Array, Array]:
        full = self.parking_width
        if not full:
            return NO_CUBICS, cubic(0.0, self.sidewalk_width)
        first, last = calm_start, length - calm_end
        points = [(0.0, full if not calm_start else 0.0)]
        if last - first < 20.0:
            points = [(0.0, 0.0)]
        else:
            points += [(first, 0.0), (first + 2.5, full)] if calm_start else []
            points += [(last - 2.5, full), (last, 0.0)] if calm_end else []
        parking = tapered(points)
        walk = parking.copy()
        walk[:, 1:] *= -1.0
        walk[:, 1] += self.sidewalk_width + full
        return parking, walk

    def _center(self, length: float, calm_start: float, calm_end: float) -> tuple[RoadMark, ...]:
        width, dash, gap = self.dash
        if not self.marked:
            return (NO_MARK,)
        marks = [line_mark(width)] if calm_start else []
        if length - calm_start - calm_end > 2.0 * (dash + gap):
            marks.append(dashed_mark(width, dash, gap, calm_start))
        elif not marks:
            marks.append(line_mark(width))
        if calm_end and length - calm_end > calm_start:
            marks.append(line_mark(width, length - calm_end))
        return tuple(marks)


def rural_section(lane_width: float = 3.5, lanes: int = 1) -> CrossSection:
    """A country road: lanes, edge lines, half a metre of hard strip, grass verges."""
    side = [strip("driving", lane_width, dashed_mark(0.12, 4.0, 8.0)) for _ in range(lanes - 1)]
    side.append(strip("driving", lane_width, line_mark(0.12)))
    side += [strip("shoulder", 0.5), strip("border", 1.5, surface="grass")]
    center = dashed_mark(0.12, 4.0, 8.0) if lanes == 1 else line_mark(0.12)
    return CrossSection(tuple(side), tuple(side), (center,))


def junction_reach(street: Street, angles: Sequence[float], kerb_radius: float = 6.0) -> tuple[float, float]:
    """How far from the centre the arms of a junction end, and the radius of the left edges of its right turns."""
    pavement = street.sidewalk_width + street.parking_width + 0.15
    radius = street.lane_width + max(kerb_radius, pavement + 1.0)
    ordered = np.sort(np.mod(angles, 2 * np.pi))
    gaps = np.diff(np.append(ordered, ordered[0] + 2 * np.pi))
    corners = [np.pi - gap for gap in gaps if gap < np.deg2rad(170.0)]
    reach = max(radius * tangent_per_radius(turn) for turn in corners)
    half = street.lane_width + pavement
    return max(reach, max(half / np.tan(0.5 * gap) for gap in gaps)) + 0.2, radius


def plain_road(
    road_id: str,
    plan: Plan,
    section: CrossSection,
    kind: str,
    speed_kmh: float,
    *,
    predecessor: Link | None = None,
    successor: Link | None = None,
) -> Road:
    """A road along a plan with one lane section and one limit."""
    return Road(
        id=road_id,
        length=plan.length,
        geometry=plan.geometry,
        sections=section.section(plan.length),
        predecessor=predecessor,
        successor=successor,
        types=(RoadType(0.0, kind, speed_kmh * KMH),),
    )
