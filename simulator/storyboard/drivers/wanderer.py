"""The controller of an inattentive driver (esmini: SloppyDriver), whose speed and place in the lane wander.

What it wanders to is drawn from a stream of its own of the scenario's seed, so not what esmini draws: the same kind of
driving, elsewhere in the lane.
"""

from __future__ import annotations

from math import sin

from simulator.numerics.rng import generator
from simulator.storyboard import model
from simulator.storyboard.drivers.base import LATERAL, LONGITUDINAL, Driver
from simulator.storyboard.entities import Entity
from simulator.storyboard.road_position import TINY
from simulator.storyboard.world import World

_SPEED_S, _ASIDE_S = 3.0, 1.5  # means of the times between two wishes; each is drawn within half to one and a half
_SPEED_SHARE, _ASIDE_M = 0.35, 1.75  # most of the wandering of who is as sloppy as can be
_LEAP_MPS = 1.0
_TO_LANE, _TO_HEADING = 0.02, 0.05  # turn per metre driven: per metre aside, per radian of heading


class _Wish:
    """A value that goes steadily from one wish to the next."""

    def __init__(self, world: World, entity: Entity, what: str, mean: float) -> None:
        self._random = generator(world.seed, "wanders", entity.name, what)
        self._mean = mean
        self._from = self._to = 0.0
        self._time, self._duration = 0.0, mean

    def at(self, dt: float) -> float:
        """The value (most: 1) after another `dt`."""
        self._time += dt
        if self._time > self._duration:
            self._from, self._to = self._to, self._random.uniform(-1.0, 1.0)
            self._time, self._duration = 0.0, self._mean * self._random.uniform(0.5, 1.5)
        return self._from + (self._to - self._from) * self._time / self._duration


class Wanderer(Driver):
    """Drives on, not quite at the speed and not quite where it should."""

    aligns = True

    def __init__(self, world: World, entity: Entity, given: model.ObjectController) -> None:
        super().__init__(world, entity, given)
        self.sloppiness = min(max(self.number("sloppiness", 0.5), 0.0), 1.0)

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Take over at the present speed and place."""
        super().activate(lateral, longitudinal)
        self.wished = self.speed = self.entity.speed
        self.aside = self.turn = 0.0
        self._speed_wish = _Wish(self.world, self.entity, "speed", _SPEED_S)
        self._aside_wish = _Wish(self.world, self.entity, "aside", _ASIDE_S)

    def step(self, dt: float) -> None:
        """Drive on by one step."""
        entity = self.entity
        before = entity.speed
        change = before - self.speed
        if abs(change) > _LEAP_MPS or self.speed < TINY:  # an action has set it
            self.wished = before
        elif abs(change) > TINY:  # an action changes it bit by bit, from how fast it happens to be
            self.wished *= before / self.speed
        self.speed = before
        if LONGITUDINAL in self.active:
            share = 1.0 + self.sloppiness * _SPEED_SHARE * self._speed_wish.at(dt)
            self.speed = max(0.0, self.wished * share)
            moved = self.speed if self.overrides else self.speed - before
            if abs(self.speed) > TINY:
                entity.position.move(moved * dt, choose=entity.choose)
        if LATERAL in self.active and before > TINY:
            self._steer(before * dt, self._aside_wish.at(dt))
        entity.set_speed(self.speed)
        entity.done.longitudinal = True

    def _steer(self, distance: float, wish: float) -> None:
        """Towards the place in the lane that it wishes for, like a weakly damped spring."""
        position = self.entity.position
        error = self.aside - self.sloppiness * _ASIDE_M * wish
        turn = -(_TO_LANE * error + _TO_HEADING * self.turn) * distance
        self.turn += turn
        step = distance * sin(self.turn)
        self.aside += step
        left = step if position.faces_along else -step
        position.set_track(position.road, position.s, position.t + left)
        if self.overrides:
            position.align(self.turn)
        else:  # on top of how an action has turned it
            position.set_angles(h=position.h_rel + turn)
