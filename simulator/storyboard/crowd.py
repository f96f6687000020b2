"""Who may be in whose way: found for all entities of a step together, so that drivers look at few of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.storyboard.entities import Entity
from simulator.storyboard.paths import looks_along
from simulator.storyboard.road_position import TINY

_FEW = 12  # entities: to look at each is quicker than to choose
_HEADROOM = 1.25  # on top of how far and fast was asked for: who accelerates does not ask for a new table every step
Array = NDArray[Any]


class Crowd:
    """The entities that take part in a step.

    Nobody is left out of what it finds, but some are in it who are not in the way: those who ask look themselves.
    """

    def __init__(self) -> None:
        self._entities: Sequence[Entity] = ()
        self._order: dict[int, int] = {}  # of entities, by id; empty: nobody has asked in this step
        self._rows: list[tuple[float, ...]] = []
        self._found: list[list[int]] = []
        self._strays: set[int] = set()  # who has moved within the step
        self._reach = self._speed = 0.0

    def begin_step(self, entities: Sequence[Entity]) -> None:
        """Everything has moved."""
        self._entities = entities
        self._order, self._strays = {}, set()

    def note_move(self, entity: Entity) -> None:
        """An entity may have moved within the step."""
        number = self._order.get(id(entity))
        if number is not None and self._rows[number] != _row(entity):
            self._strays.add(number)

    def ahead_of(self, entity: Entity, reach: float, speed: float) -> Sequence[Entity]:
        """Those that may be ahead on its way within `reach` m, or right before its front, in the order they came.

        Right before: within a metre, a length, and half a second of `speed` m/s.
        """
        entities = self._entities
        if len(entities) <= _FEW:
            return entities
        if not self._order or reach > self._reach or speed > self._speed:
            self._reach = max(self._reach, _HEADROOM * reach if reach > self._reach else 0.0)
            self._speed = max(self._speed, _HEADROOM * speed if speed > self._speed else 0.0)
            self._find()
        number = self._order.get(id(entity))
        if number is None or number in self._strays:
            return entities
        found: Sequence[int] = self._found[number]
        if self._strays:
            found = sorted(self._strays.union(found))
        return [entities[k] for k in found]

    def _find(self) -> None:
        entities = self._entities
        self._order, self._strays = {id(each): k for k, each in enumerate(entities)}, set()
        self._rows = [_row(each) for each in entities]
        roads: dict[object, int] = {None: -1}
        road = np.array([roads.setdefault(each.position.road, len(roads)) for each in entities])
        along = np.array([1.0 if looks_along(each.position) else -1.0 for each in entities])
        boxes = np.array([(each.box.length, each.box.width, each.box.center_x) for each in entities])
        keep = _may_matter(np.array(self._rows), boxes, road, along, self._reach, self._speed)
        mine, others = np.nonzero(keep)
        starts = np.searchsorted(mine, np.arange(len(entities) + 1)).tolist()
        numbers = others.tolist()
        self._found = [numbers[a:b] for a, b in pairwise(starts)]


def _row(entity: Entity) -> tuple[float, ...]:
    p = entity.position
    return p.x, p.y, p.h, p.s, p.lane


def _may_matter(rows: Array, boxes: Array, road: Array, along: Array, reach: float, speed: float) -> Array:
    """(N, N) whether the second of two entities may be ahead of the first in its lane, or right before its front.

    Args:
        rows: (N, 5) x, y, heading, s, lane. boxes: (N, 3) length, width, centre before the reference point.
        road: (N,) numbers of roads, -1: none. along: (N,) 1 who looks along s, else -1.
    """
    (x, y, h, s, lane), (length, width, center) = rows.T, boxes.T
    dx, dy = x - x[:, None], y - y[:, None]
    squared = dx * dx + dy * dy
    same_road = road == road[:, None]
    # Lanes 0 and -1 count as one (`ahead_in_lane`).
    same_lane = np.where(lane == 0, -1, lane) == np.where(lane == 0, -1, lane)[:, None]
    # Of the same road only who is beyond the front in the same lane; whether another road is on the way is seen later.
    front, rear = 0.5 * length + center, 0.5 * length - np.abs(center)
    beyond = (s - s[:, None]) * along[:, None] > front[:, None] + rear - TINY
    on_way = np.where(same_road, same_lane & beyond, (road >= 0) & (road >= 0)[:, None])
    # The box of the other, however turned, overlaps the own width and is not behind.
    c, n = np.cos(h)[:, None], np.sin(h)[:, None]
    ahead, left = dx * c + dy * n, dy * c - dx * n
    turn, half_length = h - h[:, None], 0.5 * length + np.abs(center)
    half = np.abs(np.cos(turn)) * 0.5 * width + np.abs(np.sin(turn)) * half_length
    near = 2.0 + 2.0 * length + width + (length + width)[:, None] + 0.5 * speed + TINY
    in_front = (ahead + half_length + 0.5 * width > -TINY) & (np.abs(left) - half < 0.5 * width[:, None] + 0.6 + TINY)
    keep = (on_way & (squared <= (reach + TINY) ** 2)) | (in_front & (squared <= near * near))
    np.fill_diagonal(keep, False)
    return np.asarray(keep)
