"""Pavements round the corners of junctions, between the ends of the pavements of two neighbouring arms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.roads.surface_polygons import runs
from simulator.roads.surface_quads import Look, Profile, Tier
from simulator.roads.surface_rows import Array, Rows

_CURVE_POINTS = 17
_ROUND = 0.5523  # cubic Bezier handles of a quarter circle, as a part of the radius


class Stretch(NamedTuple):
    """Cross-sections of a lane section and what they are made of."""

    rows: Rows
    profile: Profile


class Footway(NamedTuple):
    """Where a pavement ends at a junction, as points (2,) of the plane.

    Attributes:
        kerb, outer: the two ends of its cross-section; lane: the edge of the carriageway before its gutter.
        way: unit direction into the junction; right: whether it lies on the right when looking that way.
        arm: (2,) middle of the road's end.
        width_m, step_m: its width and the height of its kerb.
    """

    kerb: Array
    outer: Array
    lane: Array
    way: Array
    right: bool
    arm: Array
    width_m: float
    step_m: float


def footways(stretches: list[Stretch], junction: str) -> list[list[Footway]]:
    """Ends of the pavements of all arms of a junction, arm by arm; arms without any are empty lists."""
    found = []
    for rows, profile in stretches:
        road = rows.road
        ends = []
        if road.predecessor and (road.predecessor.kind, road.predecessor.id) == ("junction", junction):
            ends += [0] if rows.first and rows.section == 0 else []
        if road.successor and (road.successor.kind, road.successor.id) == ("junction", junction):
            ends += [-1] if rows.last and rows.section == len(road.sections) - 1 else []
        found += [_sides(rows, profile, end) for end in ends if len(profile.look)]
    return found


def _sides(rows: Rows, profile: Profile, end: int) -> list[Footway]:
    """The pavements left and right of the carriageway at one end of a stretch."""
    lanes = np.flatnonzero(profile.tier == Tier.CARRIAGEWAY)
    raised = (profile.tier == Tier.RAISED) & (np.abs(np.diff(profile.across[:, end], axis=1))[:, 0] > 1e-3)
    found = []
    arm = 0.5 * (rows.ground[0, end, :2] + rows.ground[-1, end, :2])
    for first, last in runs(raised) if len(lanes) else ():
        if not (profile.look[first : last + 1] == Look.PAVING).any():
            continue
        if last < lanes[0]:
            kerb, outer, road, lane = (
                profile.right[last],
                profile.left[first],
                profile.left[last + 1],
                profile.left[lanes[0]],
            )
        elif first > lanes[-1]:
            kerb, outer, road, lane = (
                profile.left[first],
                profile.right[last],
                profile.right[first - 1],
                profile.right[lanes[-1]],
            )
        else:
            continue
        way = (kerb[end] - kerb[1 if end == 0 else -2])[:2]
        way /= max(float(np.hypot(*way)), 1e-9)
        left_of_road = last < lanes[0]
        found.append(
            Footway(
                kerb[end, :2],
                outer[end, :2],
                lane[end, :2],
                way,
                left_of_road == (end == 0),
                arm,
                float(np.hypot(*(kerb[end] - outer[end])[:2])),
                float(kerb[end, 2] - road[end, 2]),
            )
        )
    return found


def corner_pairs(arms: list[list[Footway]], ends: Array) -> list[tuple[Footway, Footway]]:
    """Pairs of footways to join: the right one of each arm with the left one of the next arm to the right.

    Args:
        arms: footways of each arm; ends: (A, 2) middles of the arms' ends.
    """
    if len(ends) < 2:
        return []
    out = ends - ends.mean(axis=0)
    order = np.argsort(np.arctan2(out[:, 1], out[:, 0]))
    pairs = []
    for here, there in zip(order, np.roll(order, -1)):
        right = [footway for footway in arms[here] if footway.right]
        left = [footway for footway in arms[there] if not footway.right]
        if right and left:
            pairs.append((right[0], left[0]))
    return pairs


def corner_shapes(one: Footway, other: Footway) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Polygons of the pavement and of the gutter between two footways."""
    kerb = _curve(one.kerb, one.way, other.kerb, other.way)
    outer = _curve(one.outer, one.way, other.outer, other.way)
    lane = _curve(one.lane, one.way, other.lane, other.way)
    return _between(kerb, outer), _between(lane, kerb)


def _between(inner: Array, outer: Array) -> shapely.Geometry:
    shape = shapely.Polygon(np.concatenate([inner, outer[::-1]]))
    if shape.is_valid:
        return shape
    return shapely.buffer(shapely.make_valid(shape), 0.0)


def _curve(start: Array, way: Array, end: Array, other_way: Array) -> NDArray[np.float64]:
    """(P, 2) points of a cubic that leaves `start` along `way` and reaches `end` against `other_way`."""
    gap = end - start
    turn = way[0] * other_way[1] - way[1] * other_way[0]
    reach = float(np.hypot(*gap))
    handles = [reach / 3.0, reach / 3.0]
    if abs(turn) > 0.05:  # the tangents meet: round the corner between them
        a = (gap[0] * other_way[1] - gap[1] * other_way[0]) / turn
        b = (gap[0] * way[1] - gap[1] * way[0]) / turn
        if a > 0.0 and b > 0.0:
            handles = [min(_ROUND * a, reach), min(_ROUND * b, reach)]
    t = np.linspace(0.0, 1.0, _CURVE_POINTS)[:, None]
    p, q = start + handles[0] * way, end + handles[1] * other_way
    return np.asarray(
        (1 - t) ** 3 * start + 3 * t * (1 - t) ** 2 * p + 3 * t * t * (1 - t) * q + t**3 * end, np.float64
    )
