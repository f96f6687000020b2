"""Drawing plan views: chains of lines, arcs and clothoids, and smooth connections between two poses."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from simulator.numerics.se3 import wrap_angle
from simulator.roads.reference import Geometry, ReferenceLine, arc_length

CLOTHOID_SHARE = 0.3  # of the turn of a bend, by default: the rest is a circle
_STRAIGHT_RAD = 0.02  # poses that differ by less are joined by a cubic, not by a bend


class Pose(NamedTuple):
    """A point with a direction in the plan: metres and radians."""

    x: float
    y: float
    heading: float

    def moved(self, ahead: float = 0.0, left: float = 0.0) -> Pose:
        """The pose `ahead` metres on and `left` metres to the left."""
        cos, sin = float(np.cos(self.heading)), float(np.sin(self.heading))
        return Pose(self.x + ahead * cos - left * sin, self.y + ahead * sin + left * cos, self.heading)

    def turned(self, angle: float) -> Pose:
        """The pose turned by `angle` to the left."""
        return Pose(self.x, self.y, float(wrap_angle(self.heading + angle)))

    def back(self) -> Pose:
        """The pose looking the other way."""
        return self.turned(np.pi)


class Plan:
    """A plan view that grows element by element from a start pose; every element starts where the last one ended."""

    def __init__(self, start: Pose = Pose(0.0, 0.0, 0.0)) -> None:  # noqa: B008 (immutable)
        self.end = start
        self.length = 0.0
        self._elements: list[Geometry] = []

    @property
    def geometry(self) -> tuple[Geometry, ...]:
        """The elements drawn so far."""
        return tuple(self._elements)

    def line(self, length: float) -> Plan:
        """Go straight on for `length` metres (nothing if that is not positive)."""
        return self._add("line", length, 0.0, 0.0)

    def arc(self, curvature: float, length: float) -> Plan:
        """Follow a circle; positive curvatures turn left."""
        return self._add("arc" if curvature else "line", length, curvature, curvature)

    def spiral(self, start: float, end: float, length: float) -> Plan:
        """Follow a clothoid from one curvature to another."""
        return self._add("spiral" if start != end else "arc", length, start, end)

    def bend(self, radius: float, angle: float, clothoid: float = 0.0) -> Plan:
        """Turn by `angle` (left positive) on a circle, with clothoids of length `clothoid` before and after.

        The clothoids turn by clothoid / radius together; if that is more than the angle they are shortened.
        """
        clothoid = min(clothoid, 0.999 * radius * abs(angle))
        k = float(np.sign(angle)) / radius
        circle = radius * abs(angle) - clothoid
        return self.spiral(0.0, k, clothoid).arc(k, circle).spiral(k, 0.0, clothoid)

    def to(self, goal: Pose, radius: float, share: float = CLOTHOID_SHARE) -> Plan:
        """Join a goal pose smoothly: straight, bend, straight where the directions cross, otherwise one cubic.

        Args:
            radius: wanted radius of the bend; smaller where there is no room for it.
            share: part of the bend's turn that its two clothoids make.
        """
        turn = float(wrap_angle(goal.heading - self.end.heading))
        reach = _crossing(self.end, goal) if _STRAIGHT_RAD < abs(turn) < 3.0 else None
        if reach is not None and min(reach) > 0.1:
            ratio = tangent_per_radius(abs(turn), share)
            tangent = min(*reach, radius * ratio)
            k = float(np.sign(turn)) * ratio / tangent
            clothoid, circle = share * abs(turn) / abs(k), (1.0 - share) * abs(turn) / abs(k)
            self.line(reach[0] - tangent).spiral(0.0, k, clothoid).arc(k, circle).spiral(k, 0.0, clothoid)
            return self.line(reach[1] - tangent)
        ahead, left = _local(self.end, goal)
        if abs(turn) < 1e-9 and abs(left) < 1e-9:
            return self.line(ahead)
        return self._cubic(ahead, left, turn)

    def _cubic(self, ahead: float, left: float, turn: float) -> Plan:
        """Hermite cubic to a point in the local frame, with both directions kept."""
        speed = float(np.hypot(ahead, left))
        du, dv = speed * float(np.cos(turn)), speed * float(np.sin(turn))
        u = (0.0, speed, 3.0 * ahead - 2.0 * speed - du, speed + du - 2.0 * ahead)
        v = (0.0, 0.0, 3.0 * left - dv, dv - 2.0 * left)
        length = arc_length(u, v, 1.0)
        start = self.end
        return self._append(
            Geometry("paramPoly3", self.length, *start, length=length, u=u, v=v, normalized=True),
            start.moved(ahead, left).turned(turn),
        )

    def _add(self, kind: str, length: float, start: float, end: float) -> Plan:
        if length <= 1e-9:
            return self
        element = Geometry(kind, self.length, *self.end, length=length, curvature_start=start, curvature_end=end)
        x, y, heading, _ = ReferenceLine((element,)).evaluate([self.length + length])
        return self._append(element, Pose(float(x[0]), float(y[0]), float(wrap_angle(heading[0]))))

    def _append(self, element: Geometry, end: Pose) -> Plan:
        last = self._elements[-1] if self._elements else None
        if last is not None and last.kind == element.kind == "line":  # a line goes on: it is one line
            self._elements[-1] = replace(last, length=last.length + element.length)
        else:
            self._elements.append(element)
        self.length += element.length
        self.end = end
        return self


def _local(frame: Pose, goal: Pose) -> tuple[float, float]:
    """Position of a goal in the frame of a pose: ahead, left."""
    dx, dy = goal.x - frame.x, goal.y - frame.y
    cos, sin = float(np.cos(frame.heading)), float(np.sin(frame.heading))
    return dx * cos + dy * sin, dy * cos - dx * sin


def _crossing(start: Pose, goal: Pose) -> tuple[float, float] | None:
    """Distances from start ahead, and from goal back, to where the two directions cross; None if not in that order."""
    ahead, left = _local(start, goal)
    sin = float(np.sin(goal.heading - start.heading))
    before = left / sin
    first = ahead - before * float(np.cos(goal.heading - start.heading))
    return (first, before) if first > 0.0 and before > 0.0 else None


def tangent_per_radius(turn: float, share: float = CLOTHOID_SHARE) -> float:
    """Length of the tangents of a bend clothoid-circle-clothoid of smallest radius 1."""
    bend = Plan().spiral(0.0, 1.0, share * turn).arc(1.0, (1.0 - share) * turn).spiral(1.0, 0.0, share * turn)
    return bend.end.y / float(np.sin(turn))
