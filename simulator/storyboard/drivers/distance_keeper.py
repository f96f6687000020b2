"""Adaptive cruise control."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, hypot, inf, pi, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.storyboard import boxes, model
from simulator.storyboard.drivers.base import LONGITUDINAL, Driver, limits_of
from simulator.storyboard.entities import Entity, angle_between
from simulator.storyboard.paths import ahead_in_lane
from simulator.storyboard.world import World

LEAST_LOOK_M = 50.0
Array = NDArray[Any]


class DistanceKeeper(Driver):
    """Adaptive cruise control: the speed set by actions, less where a vehicle ahead asks for a time gap."""

    operates = frozenset({LONGITUDINAL})
    default_mode = "additive"
    least_gap = 3.0
    close_gap = 1.0
    eagerness = 0.7

    def __init__(self, world: World, entity: Entity, given: model.ObjectController) -> None:
        super().__init__(world, entity, given)
        limits = limits_of(entity)
        self.acceleration, self.deceleration = limits.max_acceleration, limits.max_deceleration
        self.brakes = max(self.deceleration, 1e-6)
        self.time_gap = self.number("timeGap", 1.5)
        self.set_speed = self.number("setSpeed", 0.0)
        self.has_set_speed = "setSpeed" in self.settings
        self.beside = self.number("lateralDist", 5.0)
        self.is_virtual = self.settings.get("virtual") == "true"
        self.speed = 0.0

    @property
    def moves(self) -> bool:
        """An additive one leaves that to the default controller."""
        return self.overrides

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Take over at the present speed."""
        self.speed = self.entity.speed
        if not self.overrides or not self.has_set_speed:
            self.set_speed = self.entity.speed
        super().activate(lateral, longitudinal)

    def step(self, dt: float) -> None:
        """Adapt the speed to what is ahead."""
        entity = self.entity
        if self.is_virtual:
            self.speed = entity.speed
        elif abs(entity.speed - self.speed) > 1e-3:  # an action has set it
            self.set_speed = entity.speed
        ahead, gap = self._ahead()
        before, wanted_speed = self.speed, self.set_speed
        if ahead is None:
            if before != wanted_speed:
                wish = (wanted_speed - before) * self.eagerness * self.acceleration
                speed = before + min(max(wish, -self.deceleration), self.eagerness * self.acceleration) * dt
                passed = abs(speed - wanted_speed) > abs(before - wanted_speed)
                self.speed = wanted_speed if passed else speed
        elif gap < self.close_gap:
            self.speed = 0.0
        else:
            wanted = self.least_gap + self.time_gap * abs(max(before, ahead.speed))
            share = min(1.0, (gap - wanted) / wanted)
            to_other = before - min(wanted_speed, ahead.speed)
            wish = 2.5 * share - share * (before - wanted_speed) - (1.0 - share) * to_other
            wish = min(max(wish, -self.deceleration), self.acceleration)
            self.speed = min(max(0.0, before + wish * dt), wanted_speed)
        if self.is_virtual:
            return
        if self.overrides:
            entity.position.move(self.speed * dt, choose=entity.choose)
        entity.set_speed(self.speed)
        entity.done.longitudinal |= LONGITUDINAL in self.active

    def _ahead(self) -> tuple[Entity | None, float]:
        """The entity ahead in the lane, and the gap to it."""
        look = max(LEAST_LOOK_M, 2.0 * self.least_gap + self.speed**2 / self.brakes)
        most = 1.25 * look + 10.0  # as the crow flies; the way along the road is hardly shorter
        crowd = self.world.crowd
        try:
            leader = crowd.leader_of(self.entity, look, most, self.speed)
        except LookupError:
            leader, is_known = None, False
        else:
            is_known = leader is None or -self.beside < leader.dt < self.beside
        if not is_known:
            return self._next_of(crowd.ahead_of(self.entity, most, self.speed), look, most)
        return (None, inf) if leader is None else (leader.entity, leader.gap)

    def _next_of(self, others: Sequence[Entity], look: float, most: float) -> tuple[Entity | None, float]:
        """The next of some entities ahead: within `look` m along the lane, or right before the front."""
        entity, found, least = self.entity, None, inf
        front = 0.5 * entity.box.length + entity.box.center_x
        own = entity.position
        own_x, own_y = own.x, own.y
        for other in others:
            place = other.position
            x, y = place.x - own_x, place.y - own_y
            if x * x + y * y > most * most or other is entity or not other.is_seen_by_traffic:
                continue
            distance = hypot(x, y)
            way = ahead_in_lane(own, place, look)
            if way is not None and abs(way[1]) < self.beside:
                opposed = angle_between(own.h, place.h) >= 0.5 * pi
                rear = 0.5 * other.box.length + (other.box.center_x if opposed else -other.box.center_x)
                gap = way[0] - front - rear
                if 0.0 < gap < least:
                    found, least = other, gap
            near = 1.0 + other.box.length + 0.5 * max(0.0, self.speed - other.speed)
            reach = near + entity.box.length + entity.box.width + other.box.length + other.box.width
            if found is not other and distance < reach + 1.0 and self._may_be_in_front(other):
                x, y = boxes.separations(own, entity.box, place, other.box)
                if 0.0 < x < near and -0.5 < y < 0.2:
                    found, least = other, x
        return found, least

    def _may_be_in_front(self, other: Entity) -> bool:
        """Whether an entity may overlap the own width ahead: saves the gap of boxes side by side or behind."""
        own, place = self.entity.position, other.position
        ahead, left = own.distance_to(place.x, place.y)
        turn, box = place.h - own.h, other.box
        half = abs(cos(turn)) * 0.5 * box.width + abs(sin(turn)) * (0.5 * box.length + abs(box.center_x))
        length = 0.5 * box.length + abs(box.center_x) + 0.5 * box.width
        return ahead + length > 0.0 and abs(left) - half < 0.5 * self.entity.box.width + 0.6


def adapted_speeds(
    before: Array,
    wanted_speed: Array,
    acceleration: Array,
    deceleration: Array,
    time_gap: Array,
    gap: Array,
    speed_ahead: Array,
    dt: float,
) -> Array:
    """Speeds (N,) after a step of `DistanceKeeper.step`; gap infinite: nobody is ahead."""
    own = DistanceKeeper
    most = own.eagerness * acceleration
    alone = before + np.minimum(np.maximum((wanted_speed - before) * most, -deceleration), most) * dt
    passed = (np.abs(alone - wanted_speed) > np.abs(before - wanted_speed)) | (before == wanted_speed)
    alone = np.where(passed, wanted_speed, alone)
    wanted = own.least_gap + time_gap * np.abs(np.maximum(before, speed_ahead))
    share = np.minimum(1.0, (gap - wanted) / wanted)
    to_other = before - np.minimum(wanted_speed, speed_ahead)
    wish = 2.5 * share - share * (before - wanted_speed) - (1.0 - share) * to_other
    wish = np.minimum(np.maximum(wish, -deceleration), acceleration)
    behind = np.minimum(np.maximum(0.0, before + wish * dt), wanted_speed)
    return np.where(np.isinf(gap), alone, np.where(gap < own.close_gap, 0.0, behind))
