"""Who may be in whose way: found for all entities of a step together, so that drivers look at few of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.storyboard.entities import Entity
from simulator.storyboard.paths import looks_along
from simulator.storyboard.road_position import TINY

_FEW = 12  # entities: to look at each is quicker than to choose
_HEADROOM = 1.25  # on top of how far and fast was asked for: who accelerates does not ask for a new table every step
Array = NDArray[Any]


class Leader(NamedTuple):
    """Who is next ahead in the same lane: gap between the boxes, how far it is along the road and to the left.

    The gap is infinite where nobody is.
    """

    entity: Entity
    gap: float
    ds: float
    dt: float


class Crowd:
    """The entities that take part in a step.

    Nobody is left out of what it finds, but some are in it who are not in the way: those who ask look themselves.
    """

    def __init__(self) -> None:
        self._entities: Sequence[Entity] = ()
        self._order: dict[int, int] = {}  # of entities, by id; empty: nobody has asked in this step
        self._rows: list[tuple[float, ...]] = []
        self._seen = _Seen(*(np.zeros(0) for _ in _Seen._fields))
        self._leads: list[Leader | None] = []  # None: others may be in the way
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

    def leader_of(self, entity: Entity, look: float, reach: float, speed: float) -> Leader | None:
        """Who is next ahead on the same road and in the same lane, by the gap; None: nobody within `look` m along it.

        Raises:
            LookupError: others may be in the way; look at all of `ahead_of` with the same `reach` and `speed`.
        """
        number = self._number(entity, reach, speed)
        lead = None if number is None or self._strays else self._leads[number]
        if lead is None:
            raise LookupError
        if lead.gap >= look:
            return None
        if lead.ds >= look or not lead.entity.is_seen_by_traffic:
            raise LookupError
        return lead

    def ahead_of(self, entity: Entity, reach: float, speed: float) -> Sequence[Entity]:
        """Those that may be ahead on its way within `reach` m, or right before its front, in the order they came.

        Right before: within a metre, a length, and half a second of `speed` m/s.
        """
        number = self._number(entity, reach, speed)
        if number is None or number in self._strays:
            return self._entities
        found = np.flatnonzero(self._seen.on_way[number] | self._seen.in_front[number]).tolist()
        if self._strays:
            found = sorted(self._strays.union(found))
        return [self._entities[k] for k in found]

    def _number(self, entity: Entity, reach: float, speed: float) -> int | None:
        """Number of an entity in what has been found for this step, None: it is not in it."""
        if not self._order and len(self._entities) <= _FEW:
            return None
        if not self._order or reach > self._reach or speed > self._speed:
            self._reach = max(self._reach, _HEADROOM * reach if reach > self._reach else 0.0)
            self._speed = max(self._speed, _HEADROOM * speed if speed > self._speed else 0.0)
            self._find()
        return self._order.get(id(entity))

    def _find(self) -> None:
        entities = self._entities
        self._order, self._strays = {id(each): k for k, each in enumerate(entities)}, set()
        self._rows = [_row(each) for each in entities]
        roads: dict[object, int] = {None: -1}
        more: list[tuple[float, ...]] = []
        for each in entities:
            p = each.position
            more.append((roads.setdefault(p.road, len(roads)), looks_along(p), p.t, *each.dimensions))
        self._seen = seen = _look(_table(self._rows), _table(more), self._reach, self._speed)
        rows = np.arange(len(entities))
        lead = np.argmin(seen.gap, axis=1)
        others = seen.in_front | (seen.on_way & ~seen.same_road)
        others[rows, lead] &= np.isinf(seen.gap[rows, lead])
        plain = ~others.any(axis=1)
        columns = (plain, lead, *(part[rows, lead] for part in (seen.gap, seen.ds, seen.dt)))
        self._leads = [
            Leader(entities[lead], gap, ds, dt) if plain else None
            for plain, lead, gap, ds, dt in zip(*(column.tolist() for column in columns))
        ]


def _row(entity: Entity) -> tuple[float, ...]:
    p = entity.position
    return p.x, p.y, p.h, p.s, p.lane


def _table(rows: list[tuple[float, ...]]) -> Array:
    """`np.array` of rows, at least one, that are all as long."""
    width = len(rows[0])
    return np.fromiter(chain.from_iterable(rows), np.float64, width * len(rows)).reshape(-1, width)


class _Seen(NamedTuple):
    """What the first of two entities (N, N) has to do with the second.

    Attributes:
        on_way: it may be ahead of it in its lane. in_front: it may be right before its front. same_road: on its road.
        gap: between the boxes if it is ahead in the same lane of the same road, else infinite. ds, dt: along its road.
    """

    on_way: Array
    in_front: Array
    same_road: Array
    gap: Array
    ds: Array
    dt: Array


def _look(rows: Array, more: Array, reach: float, speed: float) -> _Seen:
    """Who may be in whose way.

    Args:
        rows: (N, 5) x, y, heading, s, lane.
        more: (N, 6) number of the road (-1: none), whether one looks along s, t, length, width, and how far the centre
            of the box is before the reference point.
    """
    (x, y, h, s, lane), (road, along, t, length, width, center) = rows.T, more.T
    dx, dy = x - x[:, None], y - y[:, None]
    squared = dx * dx + dy * dy
    same_road = (road == road[:, None]) & (road >= 0)
    # Lanes 0 and -1 count as one (`ahead_in_lane`), lane 0 only with itself.
    one_lane = np.where(lane == 0, -1, lane)
    # Of the same road only who is beyond the front in the same lane; whether another road is on the way is seen later.
    front, rear = 0.5 * length + center, 0.5 * length - np.abs(center)
    ds = (s - s[:, None]) * np.where(along, 1.0, -1.0)[:, None]
    beyond = same_road & (one_lane == one_lane[:, None]) & (ds > front[:, None] + (rear - TINY))
    elsewhere = ~same_road & (road >= 0) & (road >= 0)[:, None]
    on_way = (beyond | elsewhere) & (squared <= (reach + TINY) ** 2)
    in_front = np.zeros_like(on_way)
    # Few are so near that their box may be right before the front; these are looked at pair by pair.
    close = 2.0 + 2.0 * length + width + (length + width)[:, None] + 0.5 * speed + TINY
    a, b = np.nonzero(squared <= close * close)
    # The box of the other, however turned, overlaps the own width and is not behind.
    c, n, turn = np.cos(h[a]), np.sin(h[a]), h[b] - h[a]
    ahead, left = dx[a, b] * c + dy[a, b] * n, dy[a, b] * c - dx[a, b] * n
    half_length = 0.5 * length + np.abs(center)
    half = np.abs(np.cos(turn)) * (0.5 * width[b]) + np.abs(np.sin(turn)) * half_length[b]
    in_front[a, b] = (ahead + (half_length + 0.5 * width)[b] > -TINY) & (
        np.abs(left) - half < 0.5 * width[a] + (0.6 + TINY)
    )
    for kept in (on_way, in_front):
        np.fill_diagonal(kept, False)
    gap = np.full_like(ds, np.inf)
    a, b = np.nonzero(on_way & beyond)
    away = ds[a, b] - front[a] - 0.5 * length[b] - np.where(np.cos(h[b] - h[a]) > 0.0, -center[b], center[b])
    gap[a, b] = np.where(away > 0.0, away, np.inf)
    return _Seen(on_way, in_front, same_road, gap, ds, t - t[:, None])
