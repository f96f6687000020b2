"""The controller that keeps beside a reference: another entity, or its ghost.

Steering after Stanley (Hoffmann, Tomlin, Montemerlo, Thrun, "Autonomous Automobile Trajectory Tracking for Off-Road
Driving", 2007): heading error, cross-track error of the front axle over speed, and the curvature of the path; the
speed is that of a critically damped spring along the own axis.
"""

from __future__ import annotations

from math import atan, atan2, cos, sin, sqrt

from simulator.storyboard import model
from simulator.storyboard.drivers.base import Bicycle, Driver
from simulator.storyboard.entities import Entity
from simulator.storyboard.road_position import TINY
from simulator.storyboard.rotation import difference, sign
from simulator.storyboard.world import World

_MOST_YAW_RATE = 0.5  # of the reference, rad/s


class ReferenceFollower(Driver):
    """Follows the entity that `referenceEntity` names, else its ghost."""

    def __init__(self, world: World, entity: Entity, given: model.ObjectController) -> None:
        super().__init__(world, entity, given)
        self.overrides = True
        self.reference = self.settings.get("referenceEntity", "")
        self.cross_track = self.number("stanleyCrossTrackErrorGain", 1.0)
        self.stabilizer = self.number("stanleySpeedStabilizer", 1.0)
        self.heading_gain = self.number("stanleyHeadingGain", 1.0)
        self.curvature_gain = self.number("stanleyCurvatureGain", 1.0)
        self.stiffness = self.number("speedControlStiffness", 1.0)

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Take over as it is."""
        self.vehicle = Bicycle(self.entity, 0.0)
        super().activate(lateral, longitudinal)

    def _reference(self) -> Entity | None:
        ghost = self.world.ghost
        if self.reference:
            return self.world.entities.get(self.reference)
        return ghost.entity if ghost is not None and ghost.host is self.entity else None

    def step(self, dt: float) -> None:
        """Steer and accelerate by one step."""
        entity, vehicle, reference = self.entity, self.vehicle, self._reference()
        if reference is None:
            return
        own, other = entity.position, reference.position
        axle = getattr(getattr(entity.object, "axles", None), "front_axle", None)
        base = axle.position_x if axle is not None else 0.0
        ahead = base if entity.speed >= 0.0 else 0.0
        x, y = own.x + ahead * cos(own.h), own.y + ahead * sin(own.h)
        aside = (x - other.x) * sin(other.h) - (y - other.y) * cos(other.h)
        along = (own.x - other.x) * cos(own.h) + (own.y - other.y) * sin(own.h)
        turn = difference(other.h, own.h) * sign(entity.speed)
        rate = min(max(reference.yaw_rate, -_MOST_YAW_RATE), _MOST_YAW_RATE)
        speed = reference.speed if abs(reference.speed) > TINY else sign(reference.speed) * TINY
        damping = 2.0 * sqrt(self.stiffness)
        acceleration = -self.stiffness * along - damping * (entity.speed - reference.speed)
        limit = entity.performance.max_speed
        vehicle.speed = min(max(vehicle.speed + acceleration * dt, -limit), limit)
        vehicle.wheel = vehicle.within_limit(
            self.heading_gain * turn
            + atan2(self.cross_track * aside, self.stabilizer + entity.speed)
            + self.curvature_gain * atan(rate / speed * base)
        )
        vehicle.move(dt)
        own.set_world(vehicle.x, vehicle.y, h=vehicle.heading)
        entity.set_speed(vehicle.speed)
        entity.done.lateral = entity.done.longitudinal = True
