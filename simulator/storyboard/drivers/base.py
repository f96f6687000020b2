"""What all controllers share."""

from __future__ import annotations

from collections.abc import Iterator
from math import atan, cos, inf, pi, sin, tan

from simulator.storyboard import model
from simulator.storyboard.entities import Entity
from simulator.storyboard.rotation import sign, wrap
from simulator.storyboard.world import World

LATERAL, LONGITUDINAL = "lateral", "longitudinal"
_MULTI_LANE_MPS, _SINGLE_LANE_MPS, _OFF_ROAD_MPS = 120.0 / 3.6, 60.0 / 3.6, 70.0 / 3.6


_USUAL = model.Performance(250.0 / 3.6, 10.0, 10.0)


def limits_of(entity: Entity) -> model.Performance:
    """What an entity can do; who is no vehicle as much as a usual one."""
    return entity.performance if isinstance(entity.object, model.Vehicle) else _USUAL


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

    @property
    def moves(self) -> bool:
        """Whether a step may move the entity, not only set its speed."""
        return True

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

    def others(self) -> Iterator[Entity]:
        """Who else takes part, as far as traffic sees them (VisibilityAction)."""
        for other in self.world.active:
            if other is not self.entity and other.is_seen_by_traffic:
                yield other

    def step(self, dt: float) -> None:
        """Drive."""


class Bicycle:
    """Kinematic bicycle with its reference point a little before the rear axle."""

    share = 0.15  # of the length, from the rear axle to the reference point
    drag = 0.001
    steering_limit = pi / 3.0

    def __init__(self, entity: Entity, steering_rate: float) -> None:
        p = entity.position
        self.x, self.y, self.heading, self.speed = p.x, p.y, p.h, entity.speed
        self.length, self.limits = entity.box.length, limits_of(entity)
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

    def within_limit(self, wheel: float) -> float:
        """An angle of the wheels, at most what they can turn."""
        return min(max(wheel, -self.steering_limit), self.steering_limit)

    def steer(self, steering: float, dt: float) -> None:
        """Turn the wheels; they come back by themselves."""
        scale = 1.0 / (1.0 + 0.005 * self.speed**2)
        self.wheel = (self.wheel + scale * self.steering_rate * steering * dt) * (1.0 - 4.0 * dt)
        most = scale * self.steering_limit
        self.wheel = min(max(self.wheel, -most), most)

    def drive_to(
        self, speed: float, turn: float, dt: float, *, acceleration: float, limit: float, inertia: float
    ) -> None:
        """Change to a speed, with the wheels turned by `turn`, less at speed by `inertia`, and move on."""
        change = min(max(acceleration * (speed - self.speed), -acceleration), acceleration)
        self.speed = min(max(self.speed + change * dt, -limit), limit)
        most = self.steering_limit / (1.0 + inertia * self.speed**2)
        self.wheel = min(max(turn, -most), most)
        self.move(dt)

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
