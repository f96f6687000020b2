"""The controller that follows a ghost's trail, in time or from where it is."""

from __future__ import annotations

from math import asin, atan2, sin

from simulator.storyboard import model
from simulator.storyboard.drivers.base import Bicycle, Driver
from simulator.storyboard.entities import Entity
from simulator.storyboard.world import World

_ACCELERATION, _SPEED = 10.0, 100.0  # more than any ghost has


class GhostFollower(Driver):
    """Steers to a point of the trail ahead, at the ghost's speed at a nearer one."""

    def __init__(self, world: World, entity: Entity, given: model.ObjectController) -> None:
        super().__init__(world, entity, given)
        self.overrides = True
        self.by_time = self.settings.get("followMode", "time") != "position"
        self.head_start = self.number("headstartTime", 3.0)
        self.speed_ahead = (self.number("lookaheadSpeed", 0.1), self.number("minLookaheadSpeed", 0.1))
        self.steering_ahead = (self.number("lookaheadSteering", 1.0), self.number("minLookaheadSteering", 1.0))
        self.inertia = self.number("steeringSpeedInertia", 0.01)
        self._stretch = 0

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Take over as it is."""
        self.vehicle = Bicycle(self.entity, 0.0)
        super().activate(lateral, longitudinal)

    def step(self, dt: float) -> None:
        """Follow by one step."""
        ghost, entity, vehicle = self.world.ghost, self.entity, self.vehicle
        if ghost is None or ghost.host is not entity:
            return
        p, trail = entity.position, ghost.trail
        turn = speed = 0.0
        if trail.points:
            if self.by_time:
                behind = self.world.time + dt - self.head_start  # at the end of the step
                near, far = (trail.at_time(behind + max(each)) for each in (self.speed_ahead, self.steering_ahead))
            else:
                s, self._stretch = trail.nearest(p.x, p.y, self._stretch)
                near, far = (
                    trail.at(s + max(least, ahead * entity.speed))
                    for ahead, least in (self.speed_ahead, self.steering_ahead)
                )
            dx, dy, speed = far.x - p.x, far.y - p.y, near.speed
            turn = asin(sin(atan2(dy, dx) - p.h)) if abs(dx) + abs(dy) > 1e-6 else 0.0
        vehicle.drive_to(speed, turn, dt, acceleration=_ACCELERATION, limit=_SPEED, inertia=self.inertia)
        p.set_world(vehicle.x, vehicle.y, h=vehicle.heading)
        entity.set_speed(vehicle.speed)
        entity.done.lateral = entity.done.longitudinal = True
