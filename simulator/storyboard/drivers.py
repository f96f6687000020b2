"""Controllers that drive an entity instead of the default controller.

The standard leaves open which controllers a player has; these go by the names that esmini's scenarios use for them
in the property `esminiController`, or by their own name. Every other falls back to the default controller.
"""

from __future__ import annotations

from math import atan, atan2, cos, hypot, inf, pi, sin, tan
from typing import TYPE_CHECKING

from simulator.storyboard import boxes, model
from simulator.storyboard.entities import Entity, angle_between
from simulator.storyboard.paths import road_difference
from simulator.storyboard.rotation import sign, wrap, wrap_signed

if TYPE_CHECKING:
    from simulator.storyboard.world import World

LATERAL, LONGITUDINAL = "lateral", "longitudinal"
_MULTI_LANE_MPS, _SINGLE_LANE_MPS, _OFF_ROAD_MPS = 120.0 / 3.6, 60.0 / 3.6, 70.0 / 3.6


class Driver:
    """A controller of an entity.

    Attributes:
        names: by which actions may call it, of the object controller and of the controller itself.
        active: domains that it drives now. overrides: actions have no say in these domains.
    """

    operates = frozenset({LATERAL, LONGITUDINAL})
    aligns = False  # to the lane, when it takes over or hands back the steering
    default_mode = "override"

    def __init__(self, world: World, entity: Entity, given: model.ObjectController) -> None:
        self.world, self.entity = world, entity
        self.names = {given.name, given.controller.name}
        self.settings = given.controller.properties.properties
        self.active: set[str] = set()
        self.overrides = self.settings.get("mode", self.default_mode) != "additive"

    def number(self, name: str, default: float) -> float:
        """A numeric setting."""
        try:
            return float(self.settings.get(name, default))
        except ValueError:
            return default

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Switch domains on or off; None: leave."""
        if lateral is not None and self.aligns and (lateral or LATERAL in self.active):
            self.entity.position.set_heading(self.entity.position.driving_heading)
        for domain, wanted in ((LATERAL, lateral), (LONGITUDINAL, longitudinal)):
            if wanted and domain in self.operates:
                self.active.add(domain)
            elif wanted is False:
                self.active.discard(domain)

    def step(self, dt: float) -> None:
        """Drive."""


class DistanceKeeper(Driver):
    """Adaptive cruise control: the speed set by actions, less where a vehicle ahead asks for a time gap."""

    operates = frozenset({LONGITUDINAL})
    default_mode = "additive"
    least_gap = 3.0
    close_gap = 1.0
    eagerness = 0.7

    def __init__(self, world: World, entity: Entity, given: model.ObjectController) -> None:
        super().__init__(world, entity, given)
        self.time_gap = self.number("timeGap", 1.5)
        self.set_speed = self.number("setSpeed", 0.0)
        self.has_set_speed = "setSpeed" in self.settings
        self.beside = self.number("lateralDist", 5.0)
        self.is_virtual = self.settings.get("virtual") == "true"
        self.speed = 0.0

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
        limits = entity.performance
        if ahead is None:
            wish = (self.set_speed - self.speed) * self.eagerness * limits.max_acceleration
            wish = min(max(wish, -limits.max_deceleration), self.eagerness * limits.max_acceleration)
            speed = self.speed + wish * dt
            passed = abs(speed - self.set_speed) > abs(self.speed - self.set_speed)
            self.speed = self.set_speed if passed else speed
        elif gap < self.close_gap:
            self.speed = 0.0
        else:
            wanted = self.least_gap + self.time_gap * abs(max(self.speed, ahead.speed))
            share = min(1.0, (gap - wanted) / wanted)
            to_other = self.speed - min(self.set_speed, ahead.speed)
            wish = 2.5 * share - share * (self.speed - self.set_speed) - (1.0 - share) * to_other
            wish = min(max(wish, -limits.max_deceleration), limits.max_acceleration)
            self.speed = min(max(0.0, self.speed + wish * dt), self.set_speed)
        if self.is_virtual:
            return
        if self.overrides:
            entity.position.move(self.speed * dt, choose=entity.choose)
        entity.set_speed(self.speed)
        entity.done.longitudinal |= LONGITUDINAL in self.active

    def _ahead(self) -> tuple[Entity | None, float]:
        """The entity ahead in the lane, and the gap to it."""
        entity = self.entity
        look = max(50.0, 2.0 * self.least_gap + self.speed**2 / max(entity.performance.max_deceleration, 1e-6))
        found, least = None, inf
        most = 1.5 * look + 50.0  # as the crow flies; the way along the road is hardly shorter
        front = 0.5 * entity.box.length + entity.box.center_x
        for other in self.world.active:
            distance = hypot(*entity.position.distance_to(other.position.x, other.position.y))
            if other is entity or distance > most:
                continue
            way = road_difference(entity.position, other.position, both_ways=False, limit=look)
            if way is not None:
                opposed = angle_between(entity.position.h, other.position.h) >= 0.5 * pi
                rear = 0.5 * other.box.length + (other.box.center_x if opposed else -other.box.center_x)
                gap = way.ds - front - rear
                if way.lanes == 0 and 0.0 < gap < least and abs(way.dt) < self.beside:
                    found, least = other, gap
            near = 1.0 + other.box.length + 0.5 * max(0.0, self.speed - other.speed)
            boxes_m = sum(each.box.length + each.box.width for each in (entity, other))
            if found is not other and distance < near + boxes_m + 1.0:
                _, x, y = boxes.gap(entity.position, entity.box, other.position, other.box)
                if 0.0 < x < near and -0.5 < y < 0.2:
                    found, least = other, x
        return found, least


class _Bicycle:
    """Kinematic bicycle with its reference point a little before the rear axle."""

    share = 0.15  # of the length, from the rear axle to the reference point
    drag = 0.001
    steering_limit = pi / 3.0

    def __init__(self, entity: Entity, steering_rate: float) -> None:
        p = entity.position
        self.x, self.y, self.heading, self.speed = p.x, p.y, p.h, entity.speed
        self.length, self.limits = entity.box.length, entity.performance
        self.steering_rate, self.wheel = steering_rate, 0.0
        self.is_held = False

    def accelerate(self, pedal: float, limit: float, dt: float) -> None:
        """Throttle (positive) or brake (negative); it holds after braking to a stop."""
        if self.is_held:
            self.is_held = pedal < 0.0
            return
        before = self.speed
        self.speed += (self.limits.max_deceleration if pedal < 0.0 else self.limits.max_acceleration) * pedal * dt
        if before > 0.0 and self.speed < 0.0:
            self.speed, self.is_held = 0.0, True
            return
        if abs(pedal) < 1e-6:
            self.speed *= 1.0 - self.drag
        self.speed = min(max(self.speed, -limit), limit)

    def steer(self, steering: float, dt: float) -> None:
        """Turn the wheels; they come back by themselves."""
        scale = 1.0 / (1.0 + 0.005 * self.speed**2)
        self.wheel = (self.wheel + scale * self.steering_rate * steering * dt) * (1.0 - 4.0 * dt)
        most = scale * self.steering_limit
        self.wheel = min(max(self.wheel, -most), most)

    def move(self, dt: float) -> None:
        """Move on."""
        slip = atan(self.share * tan(self.wheel))
        turn = self.speed * sin(slip) / (self.length * self.share) if self.length else 0.0
        course = self.heading + slip
        self.heading = wrap(self.heading + dt * turn)
        self.x += dt * self.speed * cos(course)
        self.y += dt * self.speed * sin(course)


def speed_limit(entity: Entity) -> float:
    """Limit of the road where the entity is, else a usual one by the number of lanes."""
    place = entity.position
    road = place.road
    if road is None:
        return _OFF_ROAD_MPS
    kinds = [kind for kind in road.road.types if kind.s <= place.s + 1e-9]
    if kinds and kinds[-1].speed is not None and 1e-6 < kinds[-1].speed < inf:
        return kinds[-1].speed
    lanes = road.sections[place.section].lanes.values()
    count = sum(lane.type in place.lane_types and lane.id * sign(place.lane) > 0 for lane in lanes)
    return _MULTI_LANE_MPS if count > 1 else _SINGLE_LANE_MPS


class HandsOff(Driver):
    """A vehicle for somebody to drive by keys, with nobody there: it rolls on straight ahead."""

    aligns = True

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Take over as it is."""
        self.vehicle = _Bicycle(self.entity, self.number("steeringRate", 4.0))
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
        self.vehicle = _Bicycle(self.entity, self.number("steeringRate", 4.0))
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


_DRIVERS: dict[str, type[Driver]] = {
    "ACCController": DistanceKeeper,
    "ALKSController": DistanceKeeper,
    "ExternalController": Outside,
    "HIDController": Wheel,
    "InteractiveController": HandsOff,
    "OffroadFollower": OffroadFollower,
    "UDPDriverController": Outside,
}


def assign(world: World, entity: Entity, given: model.ObjectController) -> bool:
    """Give an entity the driver that a controller names; False, with a warning: there is none."""
    controller = given.controller
    kind = _DRIVERS.get(controller.properties.properties.get("esminiController") or controller.name)
    if kind is None:
        world.warn(
            f'there is no controller "{controller.name}": {entity.name} falls back to the default controller',
            controller.line,
        )
        return False
    entity.drivers.append(kind(world, entity, given))
    return True
