"""Kernels that find the place of a point on a road network: a tree of boxes, a foot point, a walk across the lanes.

Arrays travel one by one: taking one out of a tuple counts its owners, and threads would wait for each other there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.numerics.jit import kernel
from simulator.roads.locate_scores import BESIDE_M, DRIVABLE_M, METRES_PER_STOREY, MIDDLE_M, ON_M, WEDGE_M
from simulator.roads.polynomial import Array, Index

_NEWTON_STEPS = 12
_DEPTH = 64  # of the stack: the tree is balanced, two entries a level
_LEAN_STEPS = 10
_SAME_M = 1e-9
_INSIDE_M = 1e-6  # a jump at the end of a piece is taken from this far within


class PlaceIndex(NamedTuple):
    """A road network in flat arrays. A piece is a short part of a reference line in a single lane section.

    Attributes:
        boxes: (2 L - 1, 4) x, y low and high of the nodes of a complete binary tree of L leaves: the children of
            node k are 2 k + 1 and 2 k + 2, and the last L nodes are the pieces, in order.
        pieces: (P, 20) of each piece 6 coefficients of x, then of y, over 0..1 (0:12); its surface in a narrower box
            along the chord, namely the direction x, y of the chord, and the lowest and highest coordinate along it
            and to its left, from the first point (12:18); s of its start and end (18:20).
        owner: (P, 4) its road; its section, as a row of `sections`; whether the road starts and ends with it.
        sections: (S, 4) number in its road, row of its first left lane, lanes to the left and to the right.
        starts: (S,) station of each section.
        lanes: (R, 9) id, drivable, level, and first and last line (exclusive) of its widths and borders in `cubics`,
            and of its heights in `heights`; from the centre outwards, left then right.
        profiles: (roads, 6) first and last line (exclusive) of lane offset, elevation and superelevation in `cubics`.
        cubics: (K, 5) start, a, b, c, d. heights: (H, 3) start, inner, outer.
    """

    boxes: Array
    pieces: Array
    owner: Index
    sections: Index
    starts: Array
    lanes: Index
    profiles: Index
    cubics: Array
    heights: Array


@kernel
def locate_points(index, points, start, stop, whole, real):
    """Places of points[start:stop] (N, 2 or 3).

    Args:
        whole: (N, 3) road, section in it and lane id; out.
        real: (N, 3) s, t and distance; out.
    """
    boxes, pieces, owner, sections, starts, lanes, profiles, cubics, heights = index
    stack, bounds = np.empty(_DEPTH, np.int64), np.empty(_DEPTH)
    for k in range(start, stop):
        z = points[k, 2] if points.shape[1] > 2 else np.nan
        # Most points lie on a road: then boxes that do not hold them are passed by from the beginning.
        for limit in (BESIDE_M, np.inf):
            road, section, lane, s, t, distance = _search(
                boxes, pieces, owner, sections, starts, lanes, profiles, cubics, heights, stack, bounds,
                points[k, 0], points[k, 1], z, limit,
            )  # fmt: skip
            if distance < np.inf:
                break
        whole[k, 0], whole[k, 1], whole[k, 2] = road, section, lane
        real[k, 0], real[k, 1], real[k, 2] = s, t, distance


@kernel
def _search(boxes, pieces, owner, sections, starts, lanes, profiles, cubics, heights, stack, bounds, x, y, z, limit):
    """Road number, section, lane id, s, t and distance of the best place for a point; z is NaN where unknown.

    Where no place has a score below `limit`, the distance is infinite.
    """
    leaves = (boxes.shape[0] + 1) // 2
    stack[0], bounds[0], top = 0, 0.0, 1
    best, square = limit, limit * limit
    road, section, lane, s, t, distance = 0, 0, 0, 0.0, 0.0, np.inf
    while top > 0:
        top -= 1
        node = stack[top]
        if bounds[top] >= square:
            continue
        if node >= leaves - 1:
            k = node - leaves + 1
            if _beside_piece(pieces, k, x, y) < square:
                score, a, b, c, d, e, f = _on_piece(
                    pieces, owner, sections, starts, lanes, profiles, cubics, heights, k, x, y, z
                )
                if score < best:
                    best, square = score, score * score
                    road, section, lane, s, t, distance = a, b, c, d, e, f
            continue
        near, far = 2 * node + 1, 2 * node + 2
        d_near, d_far = _beside_box(boxes, near, x, y), _beside_box(boxes, far, x, y)
        if d_far < d_near:
            near, far, d_near, d_far = far, near, d_far, d_near
        if d_far < square:
            stack[top], bounds[top] = far, d_far
            top += 1
        if d_near < square:
            stack[top], bounds[top] = near, d_near
            top += 1
    return road, section, lane, s, t, distance


@kernel(inline=True)
def _beside_box(boxes, node, x, y):
    """Squared distance of a point from a node of the tree; 0 inside."""
    dx = max(boxes[node, 0] - x, x - boxes[node, 2], 0.0)
    dy = max(boxes[node, 1] - y, y - boxes[node, 3], 0.0)
    return dx * dx + dy * dy


@kernel(inline=True)
def _beside_piece(pieces, k, x, y):
    """Squared distance of a point from the narrower box of a piece; 0 inside."""
    rx, ry = x - pieces[k, 0], y - pieces[k, 6]
    u, v = rx * pieces[k, 12] + ry * pieces[k, 13], ry * pieces[k, 12] - rx * pieces[k, 13]
    du = max(pieces[k, 14] - u, u - pieces[k, 15], 0.0)
    dv = max(pieces[k, 16] - v, v - pieces[k, 17], 0.0)
    return du * du + dv * dv


@kernel
def _on_piece(pieces, owner, sections, starts, lanes, profiles, cubics, heights, piece, x, y, z):
    """A score to compare places (lower is better), then the place of a point on a piece: see `_search`."""
    s0, s1 = pieces[piece, 18], pieces[piece, 19]
    margin = min(_INSIDE_M, 0.5 * (s1 - s0))
    road, here = owner[piece, 0], owner[piece, 1]
    # On a banked slope the directions of t and h lean along the road: the foot point is that of a point moved back.
    lean, lift, rise, x_back, y_back = 0.0, 0.0, 0.0, 0.0, 0.0
    for _ in range(_LEAN_STEPS):
        w, along, across, ahead_x, ahead_y = _foot_point(pieces, piece, x - x_back, y - y_back)
        s = s0 + w * (s1 - s0)
        roll = _cubic_at(cubics, profiles[road, 4], profiles[road, 5], s, s)
        cos, sin = np.cos(roll), np.sin(roll)
        t = (across + lift * sin) / cos
        edge = _cubic_at(cubics, profiles[road, 0], profiles[road, 1], min(max(s, s0 + margin), s1 - margin), s)
        side = 1.0 if t >= edge else -1.0
        first, count = sections[here, 1], sections[here, 2]
        if side < 0.0:
            first, count = first + count, sections[here, 3]
        ds = s - starts[here]
        flat_from = np.inf  # |t| where the level lanes begin, which stay horizontal beside a banked road
        row, part = -1, 0.5
        for k in range(first, first + count):
            inner = edge
            if lanes[k, 6] > lanes[k, 5]:
                edge = _cubic_at(cubics, lanes[k, 5], lanes[k, 6], ds, ds)
            elif lanes[k, 4] > lanes[k, 3]:
                edge = inner + side * _cubic_at(cubics, lanes[k, 3], lanes[k, 4], ds, ds)
            if lanes[k, 2] and flat_from == np.inf:
                flat_from = max(side * inner, 0.0)
                if side * across > flat_from * cos:
                    t = across + side * flat_from * (1.0 - cos)
            width = side * (edge - inner)
            if width > 0.0 and side * (t - edge) <= 0.0:
                row, part = k, min(max(side * (t - inner) / width, 0.0), 1.0)
                break
        beside = max(side * (t - edge), 0.0) * (cos if side * t <= flat_from else 1.0) if row < 0 else 0.0
        flat = side * max(side * t - flat_from, 0.0)
        raised = _height_at(heights, lanes[row, 7], lanes[row, 8], ds, part) if row >= 0 else 0.0
        if sin == 0.0 and raised == 0.0:
            break
        grade = _slope_at(cubics, profiles[road, 2], profiles[road, 3], s)
        level = 1.0 / np.sqrt(1.0 + grade * grade)
        rise = ((t - flat) * sin + raised * (cos if flat == 0.0 else 1.0)) * level
        moved = -grade * rise
        done = abs(moved - lean) < _SAME_M and abs((raised - lift) * sin) < _SAME_M
        lean, lift, x_back, y_back = moved, raised if flat == 0.0 else 0.0, moved * ahead_x, moved * ahead_y
        if done:
            break
    if row < 0 and count > 0:
        row, part = first + count - 1, 1.0
    away = np.sqrt(beside * beside + along * along)
    # At a kink within a road, a point on its outside is ahead of one piece and behind the next.
    at_end = (w <= 0.0 and owner[piece, 2]) or (w >= 1.0 and owner[piece, 3])
    distance = 0.0 if beside == 0.0 and abs(along) < WEDGE_M and not at_end else away
    score = away + (MIDDLE_M * abs(part - 0.5) if distance < ON_M else BESIDE_M)
    if row < 0 or not lanes[row, 1]:
        score += DRIVABLE_M
    if z == z:
        height = _cubic_at(cubics, profiles[road, 2], profiles[road, 3], s, s) + rise
        score += METRES_PER_STOREY * abs(z - height)
    return score, road, sections[here, 0], lanes[row, 0] if row >= 0 else 0, s, t, distance


@kernel
def _foot_point(pieces, k, x, y):
    """Parameter in 0..1 of the point of a piece nearest to (x, y), how far ahead and left of it they are, direction."""
    a1, a2, a3, a4, a5 = pieces[k, 1], pieces[k, 2], pieces[k, 3], pieces[k, 4], pieces[k, 5]
    b1, b2, b3, b4, b5 = pieces[k, 7], pieces[k, 8], pieces[k, 9], pieces[k, 10], pieces[k, 11]
    fx, fy = pieces[k, 0] - x, pieces[k, 6] - y
    chord_x, chord_y = a1 + a2 + a3 + a4 + a5, b1 + b2 + b3 + b4 + b5
    w = min(max(-(fx * chord_x + fy * chord_y) / max(chord_x * chord_x + chord_y * chord_y, 1e-300), 0.0), 1.0)
    for _ in range(_NEWTON_STEPS):
        px, py = (
            fx + w * (a1 + w * (a2 + w * (a3 + w * (a4 + w * a5)))),
            fy + w * (b1 + w * (b2 + w * (b3 + w * (b4 + w * b5)))),
        )
        dx, dy = (
            a1 + w * (2 * a2 + w * (3 * a3 + w * (4 * a4 + w * 5 * a5))),
            b1 + w * (2 * b2 + w * (3 * b3 + w * (4 * b4 + w * 5 * b5))),
        )
        ddx, ddy = (
            2 * a2 + w * (6 * a3 + w * (12 * a4 + w * 20 * a5)),
            2 * b2 + w * (6 * b3 + w * (12 * b4 + w * 20 * b5)),
        )
        square = max(dx * dx + dy * dy, 1e-300)
        moved = w - (px * dx + py * dy) / max(square + px * ddx + py * ddy, 0.2 * square)
        moved = min(max(moved, 0.0), 1.0)
        step, w = moved - w, moved
        if step * step * square < 1e-18:
            break
    speed = np.sqrt(square)
    # The last step is below a nanometre: the point and direction from before it will do.
    return w, -(px * dx + py * dy) / speed - step * speed, (px * dy - py * dx) / speed, dx / speed, dy / speed


@kernel(inline=True)
def _line_at(table, first, last, s):
    """The line of table[first:last] in force at s, the first one before them all."""
    low, high = first, last - 1
    while low < high:
        middle = (low + high + 1) // 2
        if table[middle, 0] <= s:
            low = middle
        else:
            high = middle - 1
    return low


@kernel
def _cubic_at(cubics, first, last, pick, s):
    """Value at s of the cubic in force at `pick`."""
    line = _line_at(cubics, first, last, pick)
    ds = s - cubics[line, 0]
    return cubics[line, 1] + ds * (cubics[line, 2] + ds * (cubics[line, 3] + ds * cubics[line, 4]))


@kernel
def _slope_at(cubics, first, last, s):
    """Slope at s of the cubic in force there."""
    line = _line_at(cubics, first, last, s)
    ds = s - cubics[line, 0]
    return cubics[line, 2] + ds * (2.0 * cubics[line, 3] + ds * 3.0 * cubics[line, 4])


@kernel
def _height_at(heights, first, last, ds, part):
    """Height of a lane above the road plane, `part` of the way across it; see `LaneTable.heights`."""
    if first == last:
        return 0.0
    line = _line_at(heights, first, last, ds)
    after = min(line + 1, last - 1)
    gap = heights[after, 0] - heights[line, 0]
    u = min(max((ds - heights[line, 0]) / gap, 0.0), 1.0) if gap > 0.0 else 0.0
    inner = heights[line, 1] + u * (heights[after, 1] - heights[line, 1])
    outer = heights[line, 2] + u * (heights[after, 2] - heights[line, 2])
    return inner + part * (outer - inner)
