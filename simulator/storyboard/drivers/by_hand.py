"""Controllers with somebody or some program behind them, who is not there, and one that goes straight to a target."""

from __future__ import annotations

from math import atan2, hypot

from simulator.storyboard.drivers.base import LATERAL, LONGITUDINAL, Bicycle, Driver, speed_limit
from simulator.storyboard.rotation import wrap_signed


class HandsOff(Driver):
    """A vehicle for somebody to drive by keys, with nobody there: it rolls on straight ahead."""

    aligns = True

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Take over as it is."""
        self.vehicle = Bicycle(self.entity, self.number("steeringRate", 4.0))
        super().activate(lateral, longitudinal)
        self.entity.choose = None

    def step(self, dt: float) -> None:
        """Roll on."""
        entity, vehicle = self.entity, self.vehicle
        limit = min(self.number("speedFactor", 1.0) * speed_limit(entity), entity.performance.max_speed)
        if LONGITUDINAL in self.active:
            vehicle.accelerate(0.0, limit, dt)
        else:
            vehicle.speed = entity.speed
        before = (vehicle.x, vehicle.y)
        vehicle.move(dt)
        position = entity.position
        if LATERAL not in self.active:
            vehicle.x, vehicle.y = before
            position.move(vehicle.speed * dt, choose=entity.choose)
            vehicle.x, vehicle.y, vehicle.heading = position.x, position.y, position.h
        position.set_world(vehicle.x, vehicle.y, h=vehicle.heading)
        entity.done.lateral = entity.done.longitudinal = True
        if LONGITUDINAL in self.active:
            entity.set_speed(vehicle.speed)


class Outside(Driver):
    """Driven by another program, which is not there: it stays where it is."""


class Wheel(Outside):
    """Driven by somebody at a steering wheel or joystick, which is not there: it stays, turned along its lane."""

    aligns = True


class OffroadFollower(Driver):
    """Drives straight towards another entity and keeps a distance, whatever lies between."""

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Take over as it is."""
        self.vehicle = Bicycle(self.entity, self.number("steeringRate", 4.0))
        super().activate(lateral, longitudinal)

    def step(self, dt: float) -> None:
        """Steer and accelerate towards the other."""
        entity, vehicle = self.entity, self.vehicle
        lead = self.world.entities.get(self.settings.get("followEntity", ""))
        if lead is None:
            return
        p = entity.position
        dx, dy = lead.position.x - p.x, lead.position.y - p.y
        turn = wrap_signed(atan2(dy, dx) - p.h)
        gap = hypot(dx, dy) - self.number("targetDistance", 20.0)
        pedal = min(max(0.5 * gap - 0.5 * (entity.speed - lead.speed), -1.0), 1.0)
        limit = min(1.2 * speed_limit(entity), entity.performance.max_speed)
        vehicle.accelerate(pedal, limit, dt)
        vehicle.steer(min(max(turn, -1.0), 1.0), dt)
        vehicle.move(dt)
        p.set_world(vehicle.x, vehicle.y, z=0.0, h=vehicle.heading, r=0.0)
        entity.set_speed(vehicle.speed)
        entity.done.lateral = entity.done.longitudinal = True
