"""Controllers with somebody or some program behind them, who is not there, and one that goes straight to a target."""

from __future__ import annotations

from math import atan2, hypot

from simulator.storyboard import model
from simulator.storyboard.drivers.base import LATERAL, LONGITUDINAL, Bicycle, Driver, speed_limit
from simulator.storyboard.entities import Entity
from simulator.storyboard.rotation import wrap_signed

_STEERING_RATIO = 16.0  # of the steering wheel to the wheels; common in cars
_USUAL_MASS_KG = 1500.0


class _Inputs:
    """What actions hold pedals, gear and steering wheel at (7.4.1.7); what they leave alone is at rest."""

    def __init__(self, entity: Entity) -> None:
        given = entity.signals.get("override", {})
        active = {name: value for name, value in given.items() if value.active}
        throttle, clutch = (active[name].value if name in active else 0.0 for name in ("throttle", "clutch"))
        gear = active["gear"].gear if "gear" in active else None
        number = (
            gear.number if isinstance(gear, model.ManualGear) else {"r": -1, "d": 1}.get(getattr(gear, "gear", "d"), 0)
        )
        self.backwards = number < 0
        self.throttle = throttle * (1.0 - clutch) if number else 0.0
        self.brake = min(sum(_braking(entity, active.get(name)) for name in ("brake", "parking_brake")), 1.0)
        self.wheel: float | None = None
        if "steering_wheel" in active:
            self.wheel = active["steering_wheel"].value / _STEERING_RATIO


def _braking(entity: Entity, given: model.OverrideBrakeAction | model.OverrideParkingBrakeAction | None) -> float:
    """Share of the greatest deceleration."""
    brake = given.brake if given is not None else None
    if isinstance(brake, model.BrakeForce):
        mass = getattr(entity.object, "mass", None) or _USUAL_MASS_KG
        return brake.value / mass / max(entity.performance.max_deceleration, 1e-6)
    return brake.value if brake is not None else 0.0


class HandsOff(Driver):
    """A vehicle for somebody to drive by keys, with nobody there: it rolls on straight ahead.

    Actions that override pedals, gear or steering wheel drive it.
    """

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
        inputs = _Inputs(entity)
        if LONGITUDINAL not in self.active:
            vehicle.speed = entity.speed
        elif inputs.backwards and not inputs.brake and inputs.throttle and vehicle.speed <= 0.0:
            vehicle.speed = max(vehicle.speed - inputs.throttle * vehicle.limits.max_acceleration * dt, -limit)
        elif vehicle.speed < 0.0 and inputs.brake:
            vehicle.speed = min(vehicle.speed + inputs.brake * vehicle.limits.max_deceleration * dt, 0.0)
        else:
            vehicle.accelerate(-inputs.brake or (0.0 if inputs.backwards else inputs.throttle), limit, dt)
        if LATERAL in self.active:
            vehicle.wheel = 0.0 if inputs.wheel is None else vehicle.within_limit(inputs.wheel)
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
