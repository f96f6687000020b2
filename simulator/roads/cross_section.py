"""Cross-sections of procedural roads: strips from the centre outwards, with real widths, marks and kerbs.

Sizes follow German practice (RAL, RAA, RASt, RMS): lines 0.12 m on ordinary roads, 0.15 m and 0.30 m on motorways;
dashes and gaps 6:12 m on motorways, 4:8 m on rural roads, 3:6 m in towns; lanes 3.75 and 3.50 m on motorways,
3.50 m on rural roads, 3.25 m in towns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simulator.roads.polynomial import Array, cubic, evaluate
from simulator.roads.records import NO_HEIGHTS, Lane, LaneMaterial, LaneSection, MarkLine, RoadMark

KERB_M = 0.12  # height of a kerb


def line_mark(width: float, ds: float = 0.0, *, color: str = "white", change: str = "none") -> RoadMark:
    """A continuous line."""
    lines = (MarkLine(0.0, 0.0, width=width),)
    return RoadMark(ds, "solid", color=color, width=width, lane_change=change, lines=lines)


def dashed_mark(width: float, dash: float, gap: float, ds: float = 0.0, *, color: str = "white") -> RoadMark:
    """A broken line of dashes and gaps."""
    lines = (MarkLine(dash, gap, width=width),)
    return RoadMark(ds, "broken", color=color, width=width, lane_change="both", lines=lines)


NO_MARK = RoadMark(0.0, "none")
KERB_MARK = RoadMark(0.0, "curb", width=0.12, height=KERB_M)


@dataclass(frozen=True, eq=False)
class Strip:
    """One lane of a cross-section.

    Attributes:
        width: (K, 5) cubics of its width along the road; see `tapered`, `eased`.
        marks: on its outer edge.
        height: of its inner and outer edge above the road.
        surface: asphalt, concrete, grass, ...
    """

    type: str
    width: Array
    marks: tuple[RoadMark, ...] = (NO_MARK,)
    height: tuple[float, float] = (0.0, 0.0)
    surface: str = "asphalt"

    def width_at(self, s: float) -> float:
        """Width in metres at a distance from the section's start."""
        return float(evaluate(self.width, np.array([s]))[0][0])

    def lane(self, lane_id: int, predecessors: tuple[int, ...] = (), successors: tuple[int, ...] = ()) -> Lane:
        """The strip as a lane of a lane section."""
        return Lane(
            lane_id,
            self.type,
            widths=self.width,
            heights=np.array([[0.0, *self.height]]) if any(self.height) else NO_HEIGHTS,
            marks=self.marks,
            predecessors=predecessors,
            successors=successors,
            materials=(LaneMaterial(0.0, _FRICTION.get(self.surface, 0.8), 0.0, self.surface),),
        )


def strip(
    kind: str, width: float, *marks: RoadMark, height: float = 0.0, surface: str = "asphalt", table: Array | None = None
) -> Strip:
    """A strip of constant width (or given cubics `table`) with marks on its outer edge."""
    widths = cubic(0.0, width) if table is None else table
    return Strip(kind, widths, marks or (NO_MARK,), (height, height), surface)


@dataclass(frozen=True, eq=False)
class CrossSection:
    """Strips to the left and right of the centre line, each from the centre outwards, and the centre line's marks."""

    left: tuple[Strip, ...]
    right: tuple[Strip, ...]
    center: tuple[RoadMark, ...] = (NO_MARK,)

    def lanes(self, link: Callable[[int], tuple[tuple[int, ...], tuple[int, ...]]] | None = None) -> tuple[Lane, ...]:
        """The lanes, from left to right; `link` gives predecessors and successors of each lane id."""
        find = link or (lambda _: ((), ()))
        left = [item.lane(k + 1, *find(k + 1)) for k, item in enumerate(self.left)]
        right = [item.lane(-k - 1, *find(-k - 1)) for k, item in enumerate(self.right)]
        return (*reversed(left), Lane(0, "none", marks=self.center), *right)

    def section(self, length: float) -> tuple[LaneSection, ...]:
        """A single lane section over the whole of a road, without links."""
        return (LaneSection(0.0, length, self.lanes()),)


_FRICTION = {"asphalt": 0.9, "concrete": 0.85, "paving": 0.75, "grass": 0.4, "gravel": 0.6, "cobble": 0.65}


def tapered(points: list[tuple[float, float]]) -> Array:
    """(K, 5) cubics through (distance, width) points, with level slopes at all of them."""
    rows = []
    for (s0, w0), (s1, w1) in pairwise(points):
        length, rise = s1 - s0, w1 - w0
        if length > 0.0:
            rows.append([s0, w0, 0.0, 3.0 * rise / length**2, -2.0 * rise / length**3])
    last, width = points[-1]
    return np.array([*rows, [last, width, 0.0, 0.0, 0.0]])


def eased(start: float, end: float, length: float) -> Array:
    """(1, 5) cubic from one width to another over a length, with level slopes at both ends."""
    rise = end - start
    return np.array([[0.0, start, 0.0, 3.0 * rise / length**2, -2.0 * rise / length**3]])
