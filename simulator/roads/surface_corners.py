"""Pavements round the corners of junctions, between the ends of the pavements of two neighbouring arms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.roads.surface_quads import Look, Profile, Tier
from simulator.roads.surface_rows import Array, Rows

_CURVE_POINTS = 17
_STRAIGHT = 0.96  # cosine of the largest turn that still counts as straight on
_ROUND = 0.5523  # cubic Bezier handles of a quarter circle, as a part of the radius


class Stretch(NamedTuple):
    """Cross-sections of a lane section and what they are made of."""

    rows: Rows
    profile: Profile


class Edge(NamedTuple):
    """One side of a road's end at a junction, as points (2,) of the plane.

    Attributes:
        lane: edge of the carriageway; kerb: edge of its gutter or shoulder; outer: edge of the pavement beyond.
        way: unit direction into the junction; right: whether it lies on the right when looking that way.
        arm: number of the arm.
        pavement_m, step_m: width of the pavement (0: none) and height of its kerb.
    """

    lane: Array
    kerb: Array
    outer: Array
    way: Array
    right: bool
    arm: int
    pavement_m: float
    step_m: float


def arm_edges(stretches: list[Stretch]) -> dict[str, tuple[list[Edge], Array]]:
    """For each junction both sides of all its arms, and the middles (A, 2) of the arms' ends."""
    edges, middles = dict[str, list[Edge]](), dict[str, list[Array]]()
    for rows, profile in stretches:
        road, last = rows.road, len(rows.road.sections) - 1
        for link, end, there in (
            (road.predecessor, 0, rows.first and rows.section == 0),
            (road.successor, -1, rows.last and rows.section == last),
        ):
            if not there or link is None or link.kind != "junction":
                continue
            both = _sides(profile, end, len(middles.get(link.id, ())))
            if both:
                edges.setdefault(link.id, []).extend(both)
                middles.setdefault(link.id, []).append(0.5 * (both[0].lane + both[1].lane))
    return {name: (edges[name], np.array(middles[name])) for name in edges}


def _sides(profile: Profile, end: int, arm: int) -> list[Edge]:
    """Left and right side of one end of a stretch; none without carriageway."""
    wide = np.abs(np.diff(profile.across[:, end], axis=1))[:, 0] > 1e-3
    lanes = np.flatnonzero((profile.tier == Tier.CARRIAGEWAY) & wide)
    if not len(lanes):
        return []
    inner = 1 if end == 0 else -2
    found = []
    for first, step, near, far in (
        (int(lanes[0]), -1, profile.left, profile.left),
        (int(lanes[-1]), 1, profile.right, profile.right),
    ):
        strip = last = first
        while 0 <= strip + step < len(wide) and profile.tier[strip + step] <= Tier.PAVED:
            strip += step
        last = strip
        while 0 <= last + step < len(wide) and profile.tier[last + step] == Tier.RAISED:
            last += step
        beyond = range(min(strip + step, last), max(strip + step, last) + 1) if last != strip else range(0)
        paved = any(profile.look[k] == Look.PAVING and wide[k] for k in beyond)
        kerb, outer = near[strip], far[last if paved else strip]
        # The inner edge of the first raised strip is higher than the road beside it by the kerb.
        raised = (profile.right if step < 0 else profile.left)[strip + step, end, 2] if paved else kerb[end, 2]
        way = (kerb[end] - kerb[inner])[:2]
        found.append(
            Edge(
                lane=near[first, end, :2],
                kerb=kerb[end, :2],
                outer=outer[end, :2],
                way=way / max(float(np.hypot(*way)), 1e-9),
                right=(step < 0) == (end == 0),
                arm=arm,
                pavement_m=float(np.hypot(*(kerb[end] - outer[end])[:2])) if paved else 0.0,
                step_m=float(raised - kerb[end, 2]),
            )
        )
    return found


def corner_pairs(edges: list[Edge], middles: Array) -> list[tuple[Edge, Edge]]:
    """Pairs of edges that meet at a corner: the right one of each arm, the left one of the next arm to the right."""
    if len(middles) < 2:
        return []
    out = middles - middles.mean(axis=0)
    order = np.argsort(np.arctan2(out[:, 1], out[:, 0]))
    right = {edge.arm: edge for edge in edges if edge.right}
    left = {edge.arm: edge for edge in edges if not edge.right}
    return [(right[here], left[there]) for here, there in zip(order.tolist(), np.roll(order, -1).tolist())]


def corner_shapes(one: Edge, other: Edge, middles: Array) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Polygons of the pavement (empty: none) and of the gutter or shoulder round a corner.

    Where the road goes straight on, all between the arms is asphalt, even if the map lacks a lane there.
    """
    kerb = _curve(one.kerb, one.way, other.kerb, other.way)
    lane = _curve(one.lane, one.way, other.lane, other.way)
    pavement = shapely.Polygon()
    if min(one.pavement_m, other.pavement_m) > 0.0:
        pavement = _between(kerb, _curve(one.outer, one.way, other.outer, other.way))
    asphalt = _between(lane, kerb)
    gap = other.lane - one.lane
    if one.way @ other.way < -_STRAIGHT and one.way @ gap > _STRAIGHT * float(np.hypot(*gap)):
        inside = np.stack([middles[one.arm], middles[other.arm]])
        asphalt = asphalt.union(_between(np.concatenate([lane[:1], inside[:1]]), np.concatenate([lane, inside[1:]])))
    return pavement, asphalt


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
