"""The controller that overtakes: the Intelligent Driver Model along the lane, MOBIL across.

Treiber, Hennecke, Helbing, "Congested traffic states in empirical observations and microscopic simulations", 2000;
Kesting, Treiber, Helbing, "General lane-changing model MOBIL for car-following models", 2007. Everybody around is
thought to drive as it does itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, pi, sqrt

from simulator.storyboard import model
from simulator.storyboard.drivers.base import LONGITUDINAL, Driver, limits_of
from simulator.storyboard.entities import Entity, angle_between
from simulator.storyboard.paths import RoadDifference, road_difference
from simulator.storyboard.road_position import TINY
from simulator.storyboard.rotation import sign
from simulator.storyboard.world import World

_EXPONENT = 4  # of the free road's term


@dataclass
class _Lane:
    """The next vehicles ahead and behind in a lane, and how far along the road."""

    lead: Entity | None = None
    follower: Entity | None = None
    ahead: float = 0.0
    behind: float = 0.0

    def see(self, other: Entity, ds: float) -> None:
        """Take note of another, `ds` m ahead (negative: behind), if it is nearer than those before."""
        if ds >= 0.0 and (self.lead is None or ds < self.ahead):
            self.lead, self.ahead = other, ds
        elif ds < 0.0 and (self.follower is None or ds > self.behind):
            self.follower, self.behind = other, ds


class LaneChanger(Driver):
    """Keeps its distance, and changes lanes where it gains by it and hinders nobody too much."""

    operates = frozenset({LONGITUDINAL})

    def __init__(self, world: World, entity: Entity, given: model.ObjectController) -> None:
        super().__init__(world, entity, given)
        self.distance = self.number("desiredDistance", 20.0)
        self.desired = max(self.number("desiredSpeed", 15.0), TINY)
        self.duration = self.number("laneChangeDuration", 3.0)
        self.delay = self.number("laneChangeDelay", 1.0)
        self.look = self.number("lookAheadDistance", 115.0)
        self.braking = -abs(self.number("maxDec", -3.0))
        self.acceleration = max(self.number("maxAcc", 3.0), TINY)
        self.headway = self.number("thw", 2.0)
        self.imposed = self.number("maxImposedBraking", 3.0)
        self.gain = self.number("laneChangeAccGain", 0.2)
        self.politeness = self.number("politeness", 0.5)
        self.wanted_lane = int(self.number("route", -1.0))
        self.speed, self.target_lane = self.desired, 0
        self.rest = self.duration + self.delay  # until another change may begin
        self.has_begun = self.is_changing = False

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Take over at the present speed."""
        self.speed = self.entity.speed
        super().activate(lateral, longitudinal)

    def step(self, dt: float) -> None:
        """Drive on by one step, and perhaps begin to change lanes."""
        entity = self.entity
        own, left, right = self._around()
        acceleration = 0.0
        if not self.is_changing:
            acceleration = max(self._idm(entity, own.lead), self.braking)
            if not self.has_begun:
                for lane, seen in zip(self._beside(), (left, right)):
                    if lane and entity.speed > 0.0 and self._pays(lane, own, seen):
                        self._begin(lane)
                        break
        if self.has_begun:
            self.rest -= dt
            if self.rest <= self.delay:
                self.is_changing, self.target_lane = False, 0
            if self.rest < 0.0:
                self.rest, self.has_begun = self.delay + self.duration, False
        self.speed = min(max(self.speed + acceleration * dt, 0.0), self.desired, limits_of(entity).max_speed)
        entity.position.move(self.speed * dt, choose=entity.choose)
        entity.set_speed(self.speed)
        entity.done.longitudinal = True

    # ---- looking

    def _around(self) -> tuple[_Lane, _Lane, _Lane]:
        """Who is in the own lane, in the one to the left, to the right."""
        position = self.entity.position
        lanes = {0: _Lane(), 1: _Lane(), -1: _Lane()}
        for other in self.others():
            place = other.position
            if hypot(place.x - position.x, place.y - position.y) > self.look:
                continue
            way = road_difference(position, place, limit=self.look)
            seen = lanes.get(way.lanes * -sign(position.lane)) if way is not None else None
            if way is not None and seen is not None:
                seen.see(other, way.ds)
        return lanes[0], lanes[1], lanes[-1]

    def _beside(self) -> tuple[int, int]:
        """The lanes to the left and to the right of the same direction, 0: none."""
        position = self.entity.position
        road = position.road
        if road is None:
            return 0, 0
        lanes = road.sections[position.section].lanes
        found = []
        for lane in (position.lane - sign(position.lane), position.lane + sign(position.lane)):
            found.append(lane if lane and lane in lanes and lanes[lane].type in position.lane_types else 0)
        return found[0], found[1]

    # ---- deciding

    def _idm(self, follower: Entity | None, lead: Entity | None) -> float:
        """Acceleration of a vehicle behind another one (None: on a free road)."""
        if follower is None:
            return 0.0
        free = self.acceleration * (1.0 - (follower.speed / self.desired) ** _EXPONENT)
        if lead is None:
            return free
        way = road_difference(follower.position, lead.position, both_ways=False, limit=self.look)
        gap = _gap(follower, lead, way) or TINY
        return free - self.acceleration * (self._desired_gap(follower.speed, lead.speed) / gap) ** 2

    def _desired_gap(self, speed: float, lead_speed: float) -> float:
        closing = speed * (speed - lead_speed) / (2.0 * sqrt(-self.acceleration * self.braking or TINY))
        return self.distance + max(0.0, speed * self.headway + closing)

    def _pays(self, lane: int, own: _Lane, new: _Lane) -> bool:
        """Whether to change to a lane: nobody has to brake too hard, and it is gained, or the lane to be in."""
        me = self.entity
        behind_me = self._idm(new.follower, me)
        if behind_me < -self.imposed:
            return False
        mine = self._idm(me, new.lead)
        if lane == self.wanted_lane:
            return mine >= -self.imposed
        left_behind = self._idm(own.follower, own.lead) - self._idm(own.follower, me)
        imposed = behind_me - self._idm(new.follower, new.lead)
        return mine - self._idm(me, own.lead) + self.politeness * (imposed + left_behind) > self.gain + TINY

    def _is_taken(self, lane: int) -> bool:
        """Whether another one of its kind is changing to the lane close by."""
        for other in self.others():
            rival = next((d for d in other.drivers if isinstance(d, LaneChanger) and d.active), None)
            if rival is None or not rival.has_begun or rival.target_lane != lane:
                continue
            gap = _gap(self.entity, other, road_difference(self.entity.position, other.position, limit=self.look))
            beside = other.position.lane != self.entity.position.lane
            if beside and 0.0 <= gap < self._desired_gap(other.speed, self.speed):
                return True
        return False

    def _begin(self, lane: int) -> None:
        if self._is_taken(lane):
            return
        from simulator.storyboard.actions.lateral import LaneChangeAction

        record = model.LaneChangeAction(
            model.TransitionDynamics("sinusoidal", "time", self.duration), model.AbsoluteTargetLane(str(lane))
        )
        name = f"LaneChangeAction_{len(self.world.injected)}"
        self.world.injected.append(LaneChangeAction(self.world, record, name, None, self.entity))
        self.has_begun = self.is_changing = True
        self.target_lane = lane


def _gap(follower: Entity, lead: Entity, way: RoadDifference | None) -> float:
    """Free metres along the road, negative behind; 0 where they overlap or no way is found."""
    ds = 0.0 if way is None else way.ds
    if angle_between(follower.position.h, lead.position.h) >= 0.5 * pi:
        return ds
    boxes = 0.5 * (follower.box.length + lead.box.length) + follower.box.center_x - lead.box.center_x
    return max(ds - boxes, 0.0) if ds > 0.0 else min(ds + boxes, 0.0)
