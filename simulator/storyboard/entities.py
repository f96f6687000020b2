"""Entities of a running scenario: what moves, where, how fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import atan2, cos, hypot, inf, sin
from typing import Any

import numpy as np

from simulator.numerics.rng import generator
from simulator.roads.records import DRIVABLE
from simulator.storyboard import boxes, model
from simulator.storyboard.interfaces import Control, StoryboardPart
from simulator.storyboard.paths import road_difference
from simulator.storyboard.road_links import Choose, Roads, Way
from simulator.storyboard.road_position import TINY, RoadPosition
from simulator.storyboard.rotation import difference, sign

STANDSTILL_MPS = 1e-3
_WALKABLE = DRIVABLE | {"sidewalk", "walking"}
_NO_LIMIT = model.Performance(inf, inf, inf)
_NO_BOX = model.BoundingBox(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(slots=True)
class Done:
    """What actions did to an entity in the present step; the default controller does the rest."""

    lateral: bool = False
    longitudinal: bool = False
    speed: bool = False
    teleported: bool = False

    def forget(self) -> None:
        """Nothing has been done yet."""
        self.lateral = self.longitudinal = self.speed = self.teleported = False


@dataclass(eq=False)
class Entity:
    """One entity.

    Attributes:
        position: of its reference point. speed: in m/s, negative: backwards.
        motion: found in the last step: velocity (3) and acceleration (3) in the world frame, x, y, z and heading at
            its end, odometer, yaw rate.
        active: it takes part; entities that are added later do not yet.
        stands_since, ends_since, off_since: when it came to a standstill, to the end of the road, off the road.
        trailer, tow: the entity that it draws, that draws it.
        init_actions: what is done to it at first. events: how many may act on it. running: those that run, by their
            order among these.
        drivers: controllers that it has been given. is_ghost: it only shows the way to another entity.
        cruises: all that it ever does is to keep its lane and its distance (its driver is a `DistanceKeeper`).
        signals: lights, animations, controllers' inputs and visibility as last set, by name.
    """

    name: str
    object: model.EntityObject
    position: RoadPosition
    speed: float = 0.0
    motion: Sequence[float] = (0.0,) * 12
    active: bool = False
    done: Done = field(default_factory=Done)
    stands_since: float | None = None
    ends_since: float | None = None
    off_since: float | None = None
    trailer: Entity | None = None
    tow: Entity | None = None
    choose: Choose | None = None
    init_actions: list[StoryboardPart] = field(default_factory=list)
    events: int = 0
    running: dict[int, StoryboardPart] = field(default_factory=dict)
    signals: dict[str, Any] = field(default_factory=dict)
    drivers: list[Control] = field(default_factory=list)
    is_ghost: bool = False
    cruises: bool = False
    _rear_axle: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of(cls, scenario_object: model.ScenarioObject, roads: Roads) -> Entity:
        """An entity that is not placed yet. Pedestrians keep to sidewalks too."""
        walks = isinstance(scenario_object.object, model.Pedestrian)
        return cls(scenario_object.name, scenario_object.object, RoadPosition(roads, _WALKABLE if walks else DRIVABLE))

    def wander(self, seed: int) -> None:
        """Take any way at each junction from now on; by a stream of its own, whatever others draw."""
        stream: np.random.Generator | None = None  # made when it first has a choice: most have none

        def any_way(ways: list[Way]) -> Way:
            """Each is as likely as the others."""
            nonlocal stream
            stream = stream or generator(seed, "way", self.name)
            return ways[int(stream.integers(len(ways)))]

        self.choose = any_way

    @cached_property
    def box(self) -> model.BoundingBox:
        """Its bounding box, around the reference point."""
        box: model.BoundingBox = getattr(self.object, "bounding_box", _NO_BOX)
        return replace(box, center_x=box.center_x - self.axle_offset) if self.axle_offset else box

    @cached_property
    def dimensions(self) -> tuple[float, float, float]:
        """Length and width of the bounding box, and how far its centre lies before the reference point."""
        return self.box.length, self.box.width, self.box.center_x

    @cached_property
    def diagonal(self) -> float:
        """Of the bounding box, seen from above, in m."""
        return hypot(self.box.length, self.box.width)

    @cached_property
    def axle_offset(self) -> float:
        """How far the reference point lies before the rear axle (property `refpoint_x_offset` of esmini)."""
        if not isinstance(self.object, model.Vehicle):
            return 0.0
        try:
            return float(self.object.properties.properties.get("refpoint_x_offset", 0.0))
        except ValueError:
            return 0.0

    def align_rear_axle(self, heading: float | None = None) -> None:
        """Put the rear axle straight behind the reference point."""
        p = self.position
        h = p.h if heading is None else heading
        self._rear_axle = (p.x - self.axle_offset * cos(h), p.y - self.axle_offset * sin(h))

    def draw_rear_axle(self) -> None:
        """Turn so that the rear axle follows a reference point that lies before it."""
        if self.axle_offset:
            p = self.position
            heading = atan2(p.y - self._rear_axle[1], p.x - self._rear_axle[0])
            p.set_world(p.x, p.y, h=heading)
            self.align_rear_axle(heading)

    @property
    def performance(self) -> model.Performance:
        """What it can do; without limits unless it is a vehicle."""
        return getattr(self.object, "performance", _NO_LIMIT)

    @property
    def object_type(self) -> model.ObjectType:
        """Its kind, as conditions name it."""
        kinds: dict[type, model.ObjectType] = {
            model.Vehicle: "vehicle",
            model.Pedestrian: "pedestrian",
            model.MiscObject: "miscellaneous",
        }
        return kinds.get(type(self.object), "external")

    def is_driven(self, *domains: str) -> bool:
        """Whether a controller drives it in all of these domains, so that actions have no say."""
        return any(driver.overrides and driver.active.issuperset(domains) for driver in self.drivers)

    @property
    def is_seen_by_traffic(self) -> bool:
        """Whether other traffic sees it."""
        visibility = self.signals.get("visibility")
        return visibility is None or bool(visibility.traffic)

    @property
    def velocity(self) -> tuple[float, float, float]:
        """In the world frame, m/s."""
        m = self.motion
        return m[0], m[1], m[2]

    @property
    def acceleration(self) -> tuple[float, float, float]:
        """In the world frame, m/s2."""
        m = self.motion
        return m[3], m[4], m[5]

    @property
    def odometer(self) -> float:
        """Metres driven."""
        return self.motion[10]

    @property
    def yaw_rate(self) -> float:
        """In rad/s."""
        return self.motion[11]

    def start_here(self) -> None:
        """Count motion from the present place."""
        p, m = self.position, self.motion
        self.motion = (*m[:6], p.x, p.y, p.z, p.h, *m[10:])

    def set_speed(self, speed: float) -> None:
        """Set the speed for this step."""
        self.speed = speed
        self.done.speed = True

    # ---- motion in its own frame

    def along_axes(self, vector: tuple[float, float, float]) -> tuple[float, float]:
        """Components ahead and to the left of a world vector."""
        c, n = cos(self.position.h), sin(self.position.h)
        return vector[0] * c + vector[1] * n, vector[1] * c - vector[0] * n

    @property
    def speed_along_road(self) -> float:
        """Component of the velocity along s."""
        h = self.position.h_road
        return self.velocity[0] * cos(h) + self.velocity[1] * sin(h)

    def finish_step(self, dt: float) -> None:
        """Velocity, acceleration and odometer from the motion since the last step."""
        p, done = self.position, self.done
        old_x, old_y, old_z, ax, ay, az, before_x, before_y, before_z, before_h, odometer, yaw_rate = self.motion
        dx, dy, dz = p.x - before_x, p.y - before_y, p.z - before_z
        if dt > TINY:
            yaw_rate = difference(p.h, before_h) / dt
            if done.teleported:
                x, y, z = self.speed * cos(p.h), self.speed * sin(p.h), 0.0
            else:
                x, y, z = dx / dt, dy / dt, dz / dt
            if not done.speed:
                self.speed = hypot(x, y)
            ax, ay, az = (x - old_x) / dt, (y - old_y) / dt, (z - old_z) / dt
        else:
            x, y, z = self.speed * cos(p.h), self.speed * sin(p.h), 0.0
        if not done.teleported:
            odometer += hypot(dx, dy)
        self.motion = x, y, z, ax, ay, az, p.x, p.y, p.z, p.h, odometer, yaw_rate
        done.forget()

    # ---- distances

    def distance_to(
        self,
        other: Entity,
        system: model.CoordinateSystem,
        kind: model.RelativeDistanceType,
        *,
        freespace: bool,
    ) -> float | None:
        """Signed distance to another entity, positive ahead or to the left; None where no road leads there."""
        if not freespace:
            return position_distance(self.position, other.position, system, kind)
        if system in ("road", "lane") and kind != "euclidianDistance":
            return _road_gap(self, other, kind)
        found = min(
            (boxes.gap(a.position, a.box, b.position, b.box) for a in self.train() for b in other.train()),
            key=lambda each: each[0],
        )
        return _component(found, kind, system)

    def distance_to_place(
        self,
        place: RoadPosition,
        system: model.CoordinateSystem,
        kind: model.RelativeDistanceType,
        *,
        freespace: bool,
    ) -> float | None:
        """Signed distance to a place."""
        if not freespace or (system in ("road", "lane") and kind != "euclidianDistance"):
            return position_distance(self.position, place, system, kind)
        found = min(
            (boxes.gap_to_point(a.position, a.box, place.x, place.y) for a in self.train()), key=lambda each: each[0]
        )
        return _component(found, kind, system)

    def touches(self, other: Entity) -> bool:
        """Whether the bounding boxes overlap."""
        return boxes.overlap(self.position, self.box, other.position, other.box)

    def train(self) -> list[Entity]:
        """The vehicle in front and its trailers, of which this is one."""
        front = self
        while front.tow is not None:
            front = front.tow
        found = [front]
        while found[-1].trailer is not None and found[-1].trailer not in found:
            found.append(found[-1].trailer)
        return found

    def closing_speed(self, other: Entity) -> float:
        """Own speed along the other's direction of motion less the other's speed."""
        vx, vy, _ = other.velocity
        if abs(vx) < TINY and abs(vy) < TINY:
            return self.speed
        projected = (self.velocity[0] * vx + self.velocity[1] * vy) / hypot(vx, vy)
        return sign(self.speed) * sign(projected) * (projected - abs(other.speed))


def _component(
    found: tuple[float, float, float], kind: model.RelativeDistanceType, system: model.CoordinateSystem
) -> float:
    distance, ahead, left = found
    if system == "entity" and kind == "lateral":
        return left
    if system == "entity" and kind == "longitudinal":
        return ahead
    return distance * sign(ahead)


def position_distance(
    a: RoadPosition, b: RoadPosition, system: model.CoordinateSystem, kind: model.RelativeDistanceType
) -> float | None:
    """Signed distance of reference points, positive ahead or to the left; None where no road leads from a to b."""
    ahead, left = a.distance_to(b.x, b.y)
    if kind == "euclidianDistance":
        return hypot(ahead, left) if ahead > 0.0 else -hypot(ahead, left)
    if system in ("road", "lane"):
        found = road_difference(a, b)
        return None if found is None else (found.dt if kind == "lateral" else found.ds)
    if system == "trajectory" and a.trajectory is not None and kind == "longitudinal":
        return a.trajectory.nearest(b.x, b.y) - a.trajectory.point.s
    return left if kind == "lateral" else ahead


def _road_gap(a: Entity, b: Entity, kind: model.RelativeDistanceType) -> float | None:
    """Gap of the boxes along or across the road, from their corners."""
    if a.touches(b):
        return 0.0
    starts, ends = (_corner_positions(entity, a) for entity in (a, b))
    values: list[list[float]] = []
    for start in starts:
        row = []
        for end in ends:
            found = road_difference(start, end, both_ways=False)
            if found is None:
                return None
            row.append(found.dt if kind == "lateral" else found.ds)
        values.append(row)
    if any(len({sign(value) for value in row}) > 1 for row in values):
        return 0.0
    return min((value for row in values for value in row), key=abs)


def _corner_positions(entity: Entity, near: Entity) -> list[RoadPosition]:
    found = []
    for x, y in boxes.corners(entity.position, entity.box):
        corner = near.position.copy()
        corner.route = corner.trajectory = None
        corner.attach(x, y, entity.position.z)
        found.append(corner)
    return found


def angle_between(a: float, b: float) -> float:
    """Absolute difference of two angles, at most pi."""
    return abs(difference(a, b))
