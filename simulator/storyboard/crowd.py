"""Who may be in whose way: found for all entities of a step together, so that drivers look at few of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from math import nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.storyboard.entities import Entity
from simulator.storyboard.paths import looks_along
from simulator.storyboard.road_position import TINY, RoadPosition

_FEW = 12  # entities: to look at each is quicker than to choose
_HEADROOM = 1.25  # on top of how far and fast was asked for: who accelerates does not ask for a new table every step
Array = NDArray[Any]


class Leader(NamedTuple):
    """Who is next ahead in the same lane: gap between the boxes, and how far it is along the road and to the left."""

    entity: Entity
    gap: float
    ds: float
    dt: float


class Bodies(NamedTuple):
    """Entities as columns (N,).

    Attributes:
        x, y, h: in the world. s, t: on the road. left: metres of the road before it.
        queue: a number of road and lane, not a number where there is no road. Lanes 0 and -1 are one queue
            (`ahead_in_lane`), but lane 0 is only with itself. road: a number of the road, -1: none.
        along: 1 where it looks along s, else -1. length: of the box. center: how far its middle is before the
            reference point. half_width: of the box. half_length: how far it reaches from the reference point at most.
    """

    x: Array
    y: Array
    h: Array
    s: Array
    t: Array
    left: Array
    queue: Array
    road: Array
    along: Array
    length: Array
    center: Array
    half_width: Array
    half_length: Array


NOBODY = np.zeros((len(Bodies._fields), 0))
_NONE = np.zeros(0, np.int64)
_SKIN_M = 20.0  # by which pairs are wider than asked for: at 50 m/s for all, four steps of 0.05 s
_QUEUES = 1 << 20  # a road: more than there are lanes


class Seen(NamedTuple):
    """What entities have to do with each other, (N,) each.

    Attributes:
        leader: who is next ahead in the same lane of the same road, -1: nobody.
        gap, ds, dt: as of `Leader`; infinite where there is none.
        plain: nobody else may be in its way.
    """

    leader: Array
    gap: Array
    ds: Array
    dt: Array
    plain: Array


class Crowd:
    """The entities that take part in a step.

    Nobody is left out of what it finds, but some are in it who are not in the way: those who ask look themselves.
    """

    def __init__(self) -> None:
        self._entities: Sequence[Entity] = ()
        self._singles, self._cruising = 0, NOBODY  # Bodies as (13, N)
        self._roads: dict[object, int] = {None: -1}
        self._is_found = False  # whether somebody has asked in this step
        self._order: dict[int, int] = {}  # of entities, by id; empty: not made yet
        self._rows: list[tuple[float, ...]] = []
        self._bodies = Bodies(*NOBODY)
        self._fronts = _NONE, _NONE
        self._seen = _look(self._bodies, 0.0, *self._fronts)
        self._near = _Near()
        self._strays: set[int] = set()  # who has moved within the step
        self._reach = self._speed = 0.0

    def begin_step(self, singles: Sequence[Entity], cruisers: Sequence[Entity] = (), bodies: Array = NOBODY) -> None:
        """Everything has moved; `bodies`: the cruisers', (13, N) as of `Bodies`."""
        self._entities, self._singles, self._cruising = [*singles, *cruisers], len(singles), bodies
        self._order, self._strays, self._is_found = {}, set(), False

    def body(self, entity: Entity) -> tuple[float, ...]:
        """An entity as a row of `Bodies`."""
        p = entity.position
        road, along = self._roads.setdefault(p.road, len(self._roads) - 1), looks_along(p)
        left = p.s if not along or p.road is None else p.road.length - p.s
        length, width, center = entity.dimensions
        queue = nan if road < 0 else float(road * _QUEUES + (p.lane or -1))
        half = 0.5 * width, 0.5 * length + abs(center)
        return (*_pose(p), left, queue, road, 1.0 if along else -1.0, length, center, *half)

    def note_move(self, entity: Entity) -> None:
        """An entity may have moved within the step."""
        number = self._number_of(entity) if self._is_found else None
        if number is not None and number < self._singles and self._rows[number] != self.body(entity):
            self._strays.add(number)

    def seen(self, reach: float, speed: float) -> tuple[Seen, Sequence[Entity]]:
        """What all have to do with each other within `reach` m, at most at `speed` m/s; before anybody moves again."""
        if not self._is_found or reach > self._reach or speed > self._speed:
            self._find(reach, speed)
        return self._seen, self._entities

    def leader_of(self, entity: Entity, look: float, reach: float, speed: float) -> Leader | None:
        """Who is next ahead on the same road and in the same lane, by the gap; None: nobody within `look` m along it.

        Raises:
            LookupError: others may be in the way; look at all of `ahead_of` with the same `reach` and `speed`.
        """
        number, seen = self._number(entity, reach, speed), self._seen
        if number is None or self._strays or not seen.plain[number]:
            raise LookupError
        gap, ds = float(seen.gap[number]), float(seen.ds[number])
        if gap >= look:
            return None
        other = self._entities[seen.leader[number]]
        if ds >= look or not other.is_seen_by_traffic:
            raise LookupError
        return Leader(other, gap, ds, float(seen.dt[number]))

    def ahead_of(self, entity: Entity, reach: float, speed: float) -> Sequence[Entity]:
        """Those that may be ahead on its way within `reach` m, or right before its front, in the order they came.

        Right before: within a metre, a length, and half a second of `speed` m/s.
        """
        number = self._number(entity, reach, speed)
        if number is None or number in self._strays:
            return self._entities
        first, second = self._fronts
        found = np.union1d(second[first == number], _on_way(self._bodies, number, self._reach)).tolist()
        if self._strays:
            found = sorted(self._strays.union(found))
        return [self._entities[k] for k in found]

    def _number(self, entity: Entity, reach: float, speed: float) -> int | None:
        """Number of an entity in what has been found for this step, None: it is not in it."""
        if not self._is_found and len(self._entities) <= _FEW:
            return None
        if not self._is_found or reach > self._reach or speed > self._speed:
            self._find(reach, speed)
        return self._number_of(entity)

    def _number_of(self, entity: Entity) -> int | None:
        if not self._order:
            self._order = {id(each): k for k, each in enumerate(self._entities)}
        return self._order.get(id(entity))

    def _find(self, reach: float, speed: float) -> None:
        self._reach = max(self._reach, _HEADROOM * reach if reach > self._reach else 0.0)
        self._speed = max(self._speed, _HEADROOM * speed if speed > self._speed else 0.0)
        self._order, self._strays, self._is_found = {}, set(), True
        self._rows = [self.body(each) for each in self._entities[: self._singles]]
        singles = np.fromiter(chain.from_iterable(self._rows), np.float64).reshape(-1, len(Bodies._fields)).T
        self._bodies = Bodies(*np.concatenate([singles, self._cruising], axis=1))
        pairs = self._near.pairs(self._bodies, self._speed, self._entities)
        self._fronts = _in_front(self._bodies, self._speed, *pairs)
        self._seen = _look(self._bodies, self._reach, *self._fronts)


def _pose(p: RoadPosition) -> tuple[float, ...]:
    return p.x, p.y, p.h, p.s, p.t


def _look(bodies: Bodies, reach: float, a: Array, b: Array) -> Seen:
    """Who may be in whose way; a, b: pairs (P,) of whom the second may be right before the front of the first."""
    _, _, h, s, t, left, queue, road, along, length, center, _, half_length = bodies
    count = len(s)
    leader = np.empty(count, np.int64)
    leader.fill(-1)
    found = np.empty((3, count))
    found.fill(np.inf)
    gap, ds, dt = found
    # The next of each is its neighbour in the order of s.
    order = np.lexsort((s, queue))
    lane = queue[order]
    mates = (lane[:-1] == lane[1:]).nonzero()[0]
    low, high = order[mates], order[mates + 1]
    forward = along > 0.0
    up, down = forward[low], ~forward[high]
    first, second = np.concatenate([low[up], high[down]]), np.concatenate([high[up], low[down]])
    apart = np.abs(s[second] - s[first])
    long, middle = length[second], center[second]
    front = 0.5 * length[first] + center[first]
    turned = np.cos(h[second] - h[first]) < 0.0
    free = apart - front - 0.5 * long - np.where(turned, middle, -middle)
    leader[first], gap[first], ds[first], dt[first] = second, free, apart, t[second] - t[first]
    # On another road is only who is beyond the end of the own one.
    plain = (left > reach + TINY) | (road < 0.0)
    if count and np.logical_and.reduce(road == road[0]):
        plain.fill(True)
    rear = long - half_length[second]  # however it is turned
    plain[first[(apart <= front + (rear - TINY)) | (free <= 0.0)]] = False  # side by side
    plain[a[leader[a] != b]] = False
    return Seen(leader, gap, ds, dt, plain)


def _on_way(bodies: Bodies, k: int, reach: float) -> Array:
    """Numbers of those that may be ahead of entity k in its lane."""
    x, y, _, s, _, left, queue, road, along, length, center, _, half_length = bodies
    if road[k] < 0:
        return np.zeros(0, np.int64)
    same = road == road[k]
    ds = (s - s[k]) * along[k]
    beyond = (queue == queue[k]) & (ds > 0.5 * length[k] + center[k] + (length - half_length) - TINY)
    elsewhere = ~same & (road >= 0) & (left[k] <= reach + TINY)
    found = (beyond | elsewhere) & (np.hypot(x - x[k], y - y[k]) <= reach + TINY)
    found[k] = False
    return np.flatnonzero(found)


class _Near:
    """Pairs of entities that are near each other, found anew only when somebody may have come near another one."""

    def __init__(self) -> None:
        self._entities: Sequence[Entity] = ()
        self._speed, self._at, self._found = -1.0, NOBODY[:2], (_NONE, _NONE)

    def pairs(self, bodies: Bodies, speed: float, entities: Sequence[Entity]) -> tuple[Array, Array]:
        """All pairs of whom the second may be right before the front of the first, and some more; by `speed` m/s."""
        if speed == self._speed and entities == self._entities:
            dx, dy = bodies.x - self._at[0], bodies.y - self._at[1]
            if np.maximum.reduce(dx * dx + dy * dy, initial=0.0) <= (0.5 * _SKIN_M) ** 2:
                return self._found
        x, y = bodies.x, bodies.y
        self._entities, self._speed, self._at = entities, speed, np.array((x, y))
        own, close = _closeness(bodies, speed)
        far = float(close.max(initial=0.0) + own.max(initial=0.0)) + (_SKIN_M + TINY)
        a, b = _pairs(x if _span(x) > _span(y) else y, far)
        dx, dy = x[b] - x[a], y[b] - y[a]
        near = (dx * dx + dy * dy <= (close[b] + own[a] + _SKIN_M) ** 2).nonzero()[0]
        self._found = a[near], b[near]
        return self._found


def _closeness(bodies: Bodies, speed: float) -> tuple[Array, Array]:
    """Right before the front may be who is near even with the longest boxes: no farther than these (N,) of both."""
    own = bodies.length + 2.0 * bodies.half_width + (0.5 * speed + TINY)
    return own, own + bodies.length + (2.0 - 0.5 * speed)


def _in_front(bodies: Bodies, speed: float, a: Array, b: Array) -> tuple[Array, Array]:
    """Those of pairs of whom the second's box, however turned, overlaps the first's width and is not behind."""
    x, y, h, wide = bodies.x, bodies.y, bodies.h, bodies.half_width
    own, close = _closeness(bodies, speed)
    dx, dy = x[b] - x[a], y[b] - y[a]
    near = (dx * dx + dy * dy <= (close[b] + own[a]) ** 2).nonzero()[0]
    a, b, dx, dy = a[near], b[near], dx[near], dy[near]
    cos, sin = np.cos(h), np.sin(h)
    c, n, c2, n2, wide_b, half_b = cos[a], sin[a], cos[b], sin[b], wide[b], bodies.half_length[b]
    ahead, left = dx * c + dy * n, dy * c - dx * n
    half = np.abs(c * c2 + n * n2) * wide_b + np.abs(c * n2 - n * c2) * half_b
    found = (ahead + half_b + wide_b > -TINY) & (np.abs(left) - half < wide[a] + (0.6 + TINY))
    return a[found], b[found]


def _span(values: Array) -> float:
    return float(np.maximum.reduce(values) - np.minimum.reduce(values)) if len(values) else 0.0


def _pairs(values: Array, far: float) -> tuple[Array, Array]:
    """All pairs (P,) of numbers, both ways round, whose values are at most `far` apart."""
    order = np.argsort(values)
    ascending = values[order]
    numbers = np.arange(len(values))
    counts = ascending.searchsorted(ascending + far, side="right") - numbers - 1
    first = np.repeat(numbers, counts)
    after = counts.cumsum() - counts  # pairs of those before
    second = np.arange(len(first)) - np.repeat(after - numbers - 1, counts)
    one, two = order.take(first), order.take(second)
    return np.concatenate([one, two]), np.concatenate([two, one])
