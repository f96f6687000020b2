"""Gaps between bounding boxes, seen from above (ASAM OpenSCENARIO XML 1.3, 6.4.8.2: freespace)."""

from __future__ import annotations

from math import cos, hypot, inf, sin

from simulator.storyboard.model import BoundingBox
from simulator.storyboard.road_position import TINY, RoadPosition
from simulator.storyboard.rotation import sign

Corner = tuple[float, float]
_STOREY_M = 2.5  # boxes whose heights differ by more do not touch


def corners(position: RoadPosition, box: BoundingBox) -> list[Corner]:
    """The four corners in the world, anticlockwise from front left."""
    c, n = cos(position.h), sin(position.h)
    front, rear = box.center_x + 0.5 * box.length, box.center_x - 0.5 * box.length
    left, right = box.center_y + 0.5 * box.width, box.center_y - 0.5 * box.width
    return [
        (position.x + u * c - v * n, position.y + u * n + v * c)
        for u, v in ((front, left), (rear, left), (rear, right), (front, right))
    ]


def overlap(a: RoadPosition, box_a: BoundingBox, b: RoadPosition, box_b: BoundingBox) -> bool:
    """Whether two boxes touch (theorem of the separating axis)."""
    reach = hypot(box_a.length + box_b.length, box_a.width + box_b.width)
    if hypot(a.x - b.x, a.y - b.y) > reach or abs(a.z - b.z) > _STOREY_M:
        return False
    first, second = corners(a, box_a), corners(b, box_b)
    return all(not _gap(first, second, h) for h in (a.h, b.h))


def _gap(first: list[Corner], second: list[Corner], heading: float) -> bool:
    return any(_separation(first, second, axis) != 0.0 for axis in _axes(heading))


def _axes(heading: float) -> tuple[Corner, Corner]:
    c, n = cos(heading), sin(heading)
    return (c, n), (-n, c)


def _separation(first: list[Corner], second: list[Corner], axis: Corner) -> float:
    """Signed gap from the first to the second along an axis, 0 where they overlap there."""
    one = [x * axis[0] + y * axis[1] for x, y in first]
    two = [x * axis[0] + y * axis[1] for x, y in second]
    if max(one) < min(two) - TINY:
        return min(two) - max(one)
    if min(one) > max(two) + TINY:
        return max(two) - min(one)
    return 0.0


def separations(a: RoadPosition, box_a: BoundingBox, b: RoadPosition, box_b: BoundingBox) -> tuple[float, float]:
    """The gaps ahead and to the left of a of `gap`, which is never less than either."""
    ahead, left = a.distance_to(b.x, b.y)
    c, n = cos(b.h - a.h), sin(b.h - a.h)
    ahead += box_b.center_x * c - box_b.center_y * n - box_a.center_x
    left += box_b.center_x * n + box_b.center_y * c - box_a.center_y
    c, n = 0.5 * abs(c), 0.5 * abs(n)
    return (
        _beyond_reach(ahead, 0.5 * box_a.length + c * box_b.length + n * box_b.width),
        _beyond_reach(left, 0.5 * box_a.width + n * box_b.length + c * box_b.width),
    )


def _beyond_reach(offset: float, reach: float) -> float:
    """What is left of the distance of two middles, with its sign, 0 within the reach of the two halves together."""
    if offset > reach + TINY:
        return offset - reach
    return offset + reach if offset < -reach - TINY else 0.0


def gap(a: RoadPosition, box_a: BoundingBox, b: RoadPosition, box_b: BoundingBox) -> tuple[float, float, float]:
    """Smallest distance of two boxes, and the gaps ahead and to the left of a, signed; 0 where they overlap."""
    first, second = corners(a, box_a), corners(b, box_b)
    ahead, left = (_separation(first, second, axis) for axis in _axes(a.h))
    if not ahead and not left and not _gap(first, second, b.h):
        return 0.0, 0.0, 0.0
    nearest = min(
        min(_to_edges(corner, second) for corner in first), min(_to_edges(corner, first) for corner in second)
    )
    return nearest, ahead, left


def are_within(a: RoadPosition, box_a: BoundingBox, b: RoadPosition, box_b: BoundingBox, limit: float) -> bool:
    """Whether the smallest distance of two boxes is less than a limit: `gap` that ends early."""
    first, second = corners(a, box_a), corners(b, box_b)
    if not _gap(first, second, a.h) and not _gap(first, second, b.h):
        return limit > 0.0
    pairs = ((first, second), (second, first))
    return any(_to_edges(corner, edges) < limit for points, edges in pairs for corner in points)


def gap_to_point(a: RoadPosition, box: BoundingBox, x: float, y: float) -> tuple[float, float, float]:
    """`gap` to a single point."""
    dx, dy = a.distance_to(x, y)
    ahead = _beyond(dx - box.center_x, 0.5 * box.length)
    left = _beyond(dy - box.center_y, 0.5 * box.width)
    return hypot(ahead, left), ahead, left


def _beyond(offset: float, half: float) -> float:
    return sign(offset) * max(abs(offset) - half, 0.0)


def _to_edges(point: Corner, box: list[Corner]) -> float:
    nearest = inf
    for k in range(4):
        (x0, y0), (x1, y1) = box[k], box[(k + 1) % 4]
        dx, dy = x1 - x0, y1 - y0
        length = dx * dx + dy * dy
        u = min(max(((point[0] - x0) * dx + (point[1] - y0) * dy) / length, 0.0), 1.0) if length > 0.0 else 0.0
        nearest = min(nearest, hypot(point[0] - x0 - u * dx, point[1] - y0 - u * dy))
    return nearest
