"""Traffic that does nothing but keep its lane and its distance, stepped together in columns.

What a swarm, a source or an area has made is most of what drives in a scenario, and no action has a say in it. Its
columns live from step to step; the entities themselves are set anew in each, so that everybody else finds them as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from math import pi, tau
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.storyboard.crowd import NOBODY, Bodies, Crowd
from simulator.storyboard.drivers.distance_keeper import LEAST_LOOK_M, DistanceKeeper, adapted_speeds
from simulator.storyboard.entities import STANDSTILL_MPS, Entity
from simulator.storyboard.lane_following import PLACE, Course, advanced, course, settle
from simulator.storyboard.lane_poses import LanePoses
from simulator.storyboard.road_position import TINY, Moved

_FEW = 12  # entities: one after the other is quicker
Array = NDArray[Any]


class _Columns(NamedTuple):
    """Of N entities, (N,) each."""

    # The position as of `lane_following.PLACE`.
    s: Array
    t: Array
    x: Array
    y: Array
    z: Array
    h: Array
    p: Array
    r: Array
    h_road: Array
    p_road: Array
    r_road: Array
    z_road: Array
    bend: Array
    h_lane: Array
    # The rest of it.
    offset: Array
    h_rel: Array
    z_rel: Array
    road_length: Array
    speed: Array
    # The rest of `Bodies`.
    left: Array
    queue: Array
    road: Array
    along: Array
    length: Array
    center: Array
    half_width: Array
    half_length: Array
    # Of the driver.
    held_speed: Array
    set_speed: Array
    acceleration: Array
    deceleration: Array
    time_gap: Array
    beside: Array
    stands: Array
    # As of `Entity.motion`.
    vx: Array
    vy: Array
    vz: Array
    ax: Array
    ay: Array
    az: Array
    last_x: Array
    last_y: Array
    last_z: Array
    last_h: Array
    odometer: Array
    yaw_rate: Array


def _columns(first: str, last: str) -> slice:
    return slice(_Columns._fields.index(first), _Columns._fields.index(last) + 1)


_PLACE, _POSE = _columns("s", "h_lane"), _columns("x", "h")
_RECORDED = list(map(_Columns._fields.index, ("x", "y", "z", "h", "p", "r", "speed", "offset", "s", "t")))
_TILT = slice(4, 6)  # of those: pitch and roll
_BODIES = list(map(_Columns._fields.index, Bodies._fields))
_READ = _columns("s", "half_length")  # what a move sets
_VELOCITY, _ACCELERATION = _columns("vx", "vz"), _columns("ax", "az")
_LAST, _MOTION = _columns("last_x", "last_h"), _columns("vx", "yaw_rate")


class Cruisers:
    """The entities of a world that are stepped together; the others are `singles`."""

    def __init__(self, crowd: Crowd, poses: LanePoses, note_end: Callable[[Entity, float], None]) -> None:
        self.members: list[Entity] = []
        self._drivers: list[DistanceKeeper] = []
        self._ids: set[int] = set()
        self.singles: Sequence[Entity] = ()
        self._crowd, self._note_end = crowd, note_end
        self._poses = poses
        self._state = np.zeros((len(_Columns._fields), 0))
        self._c = _Columns(*self._state)
        self._course: Course | None = None  # None: it is to be made of the columns
        self._cells: Array = np.zeros(0, np.int64)  # of the poses, -1: it drives as these cannot say
        self._known = (-1, False)  # turnover of the world as of the members; whether newcomers wait
        self._names: list[tuple[str, str | None, int]] = []  # of members, of their roads, and their lanes
        self._positions: list[dict[str, Any]] = []  # attributes of the members' positions
        self._unsettled: set[int] = set()  # members that something but `advanced` has moved last
        self._touched: list[int] = []  # members that something has been done to one by one in this step

    def gather(self, entities: Sequence[Entity], turnover: int) -> None:
        """Find who may be stepped together of all that move; `turnover`: changes whenever these do."""
        if self._known == (turnover, False):
            return
        kept = [k for k, each in enumerate(self.members) if each.active]
        fresh = [each for each in entities if each.cruises and id(each) not in self._ids]
        new = [each for each in fresh if _is_ready(each)]
        self._known = turnover, len(new) < len(fresh)
        if len(kept) + len(new) < _FEW:
            kept, new = [], []
        if new or len(kept) < len(self.members):
            self._change(kept, new)
        self.singles = [each for each in entities if id(each) not in self._ids] if self._ids else entities

    def _change(self, kept: list[int], new: list[Entity]) -> None:
        """Of the members keep those of these numbers, and add others."""
        for k in set(range(len(self.members))).difference(kept):
            driver = self._drivers[k]
            driver.speed, driver.set_speed = float(self._c.held_speed[k]), float(self._c.set_speed[k])
            self.members[k].motion = self._state[_MOTION, k].tolist()
        self._state, self._cells = self._state[:, kept], self._cells[kept]
        self.members = [self.members[k] for k in kept] + new
        self._positions = [vars(each.position) for each in self.members]
        self._unsettled = {i for i, k in enumerate(kept) if k in self._unsettled}
        self._unsettled.update(range(len(kept), len(self.members)))
        self._names = [self._names[k] for k in kept] + [_names(each) for each in new]
        if new:
            added = np.array([self._column(each) for each in new]).T
            self._state = np.concatenate([self._state, added], axis=1)
            self._cells = np.concatenate([self._cells, np.array([self._cell(each) for each in new])])
        self._c, self._course = _Columns(*self._state), None
        for entity, motion in zip(self.members, self._state[_MOTION].T):
            entity.motion = motion  # a view
        self._drivers = [
            driver for each in self.members for driver in each.drivers if isinstance(driver, DistanceKeeper)
        ]
        self._ids = {id(each) for each in self.members}

    @property
    def bodies(self) -> Array:
        """The members as `Crowd` sees them."""
        if not self.members:
            return NOBODY
        c = self._c
        c.left[:] = np.where(c.along > 0.0, c.road_length - c.s, c.s)
        return self._state[_BODIES]

    def roll(self, dt: float, time: float) -> None:
        """Move all by their speeds along their lanes."""
        if not self.members:
            return
        c, going = self._c, np.abs(self._c.speed) > TINY
        if self._course is None:
            self._course = course(c.offset, c.h_rel, c.z_rel)
        found, places = advanced(self._poses, self._cells, self._course, c.s, c.t, c.bend, c.road_length, c.speed * dt)
        moved = going & (found >= 0)
        before = self._state[_PLACE]
        if not np.logical_and.reduce(moved):
            found, places = np.where(moved, found, self._cells), np.where(moved, places, before)
        # Positions are as the columns were: of most values, such as the height on a level road, nothing is new.
        for k in np.logical_or.reduce(places != before, axis=1).nonzero()[0].tolist():
            name = PLACE[k]
            for fields, value in zip(self._positions, places[k].tolist()):
                fields[name] = value
        self._cells, self._state[_PLACE] = found, places
        for k in [k for k in self._unsettled if moved[k]]:
            settle(self.members[k].position)
            self._unsettled.remove(k)
        self._touched = (going & ~moved).nonzero()[0].tolist()
        self._unsettled.update(self._touched)
        for k in self._touched:
            entity = self.members[k]
            if entity.position.move(entity.speed * dt, choose=entity.choose) is Moved.FAILED:
                entity.set_speed(0.0)
            self._note_end(entity, time)
            self._cells[k], self._names[k] = self._cell(entity), _names(entity)
            self._state[_READ, k] = self._column(entity)[_READ]
            self._course = None

    def drive(self, dt: float) -> None:
        """Adapt all speeds to who is ahead, as all were at the start."""
        if not self.members:
            return
        c = self._c
        # An action has set the speed; only what `roll` does can.
        np.copyto(c.set_speed, c.speed, where=np.abs(c.speed - c.held_speed) > 1e-3)
        look = np.maximum(LEAST_LOOK_M, 2.0 * DistanceKeeper.least_gap + c.held_speed**2 / c.deceleration)
        most = 1.25 * look + 10.0
        seen, everybody = self._crowd.seen(float(np.maximum.reduce(most)), float(np.maximum.reduce(c.held_speed)))
        mine = slice(len(everybody) - len(self.members), None)
        leader, gap, ds, away = seen.leader[mine], seen.gap[mine], seen.ds[mine], seen.dt[mine]
        none = gap >= look
        clear = seen.plain[mine] & (none | ((ds < look) & (np.abs(away) < c.beside)))
        speeds = np.concatenate([[each.speed for each in self.singles], c.speed])
        unseen = [k for k, each in enumerate(self.singles) if not each.is_seen_by_traffic]
        if unseen:
            clear &= none | ~np.isin(leader, unseen)
        limits = c.acceleration, c.deceleration, c.time_gap
        new = adapted_speeds(c.held_speed, c.set_speed, *limits, np.where(none, np.inf, gap), speeds[leader], dt)
        for k in (~clear).nonzero()[0].tolist():
            new[k] = self._look_around(k, dt)
        c.held_speed[:] = c.speed[:] = new

    def _look_around(self, k: int, dt: float) -> float:
        """The speed of a member whose driver has to look itself."""
        entity, driver, c = self.members[k], self._drivers[k], self._c
        speed = entity.speed
        driver.speed, driver.set_speed = float(c.held_speed[k]), float(c.set_speed[k])
        driver.step(dt)
        self._touched.append(k)
        entity.speed = speed  # for those that look at it
        return driver.speed

    def finish(self, dt: float, time: float) -> None:
        """Velocities, accelerations and odometers from the motion, and whether somebody stands."""
        if not self.members:
            return
        c = self._c
        way = self._state[_POSE] - self._state[_LAST]
        velocity = way[:3] / dt
        self._state[_ACCELERATION] = (velocity - self._state[_VELOCITY]) / dt
        self._state[_VELOCITY], self._state[_LAST] = velocity, self._state[_POSE]
        c.odometer[:] += np.hypot(way[0], way[1])
        c.yaw_rate[:] = (np.mod(way[3] + pi, tau) - pi) / dt
        stands = np.abs(c.speed) < STANDSTILL_MPS
        for k in (stands != c.stands).nonzero()[0].tolist():
            self.members[k].stands_since = time if stands[k] else None
        c.stands[:] = stands
        for entity, speed in zip(self.members, c.speed.tolist()):
            entity.speed = speed
        for k in self._touched:
            self.members[k].done.forget()

    def rows(self, time: float) -> Iterator[tuple[object, ...]]:
        """The members as they are now as rows of a recording, which are made once somebody reads them."""
        return _rows(time, list(self._names), self._state[_RECORDED])

    def _cell(self, entity: Entity) -> int:
        p = entity.position
        return -1 if p.road is None else self._poses.cell(p.road.road, p.section, p.lane, p.s)

    def _column(self, entity: Entity) -> list[float]:
        p, driver = entity.position, entity.drivers[0]
        assert isinstance(driver, DistanceKeeper)
        _, _, _, _, _, *on_road_and_box = self._crowd.body(entity)
        return [
            *(p.s, p.t, p.x, p.y, p.z, p.h, p.p, p.r, p.h_road, p.p_road, p.r_road, p.z_road, p.k_road, p.h_lane),
            *(p.offset, p.h_rel, p.z_rel, 0.0 if p.road is None else p.road.length, entity.speed),
            *on_road_and_box,
            *(driver.speed, driver.set_speed, driver.acceleration, driver.deceleration),
            *(driver.time_gap, driver.beside, entity.stands_since is not None),
            *entity.motion,
        ]


def _rows(time: float, members: list[tuple[str, str | None, int]], values: Array) -> Iterator[tuple[object, ...]]:
    if not members:
        return
    angles = np.mod(values[_TILT], tau)
    values[_TILT] = np.where(angles < tau, angles, 0.0)
    names, roads, lanes = zip(*members)
    *motion, offset, s, t = values.tolist()
    yield from zip(repeat(time), names, *motion, roads, lanes, offset, s, t)


def _names(entity: Entity) -> tuple[str, str | None, int]:
    return entity.name, entity.position.road_id, entity.position.lane


def _is_ready(entity: Entity) -> bool:
    """Whether nothing but its lane and its distance matters to it now."""
    p = entity.position
    plain = p.road is not None and not (p.p_rel or p.r_rel) and p.route is None and p.trajectory is None
    return plain and not entity.done.teleported and entity.trailer is None and not entity.signals
