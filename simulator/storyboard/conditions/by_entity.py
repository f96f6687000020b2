"""Conditions by entity (ASAM OpenSCENARIO XML 1.3, 7.6.5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from simulator.storyboard import model
from simulator.storyboard.conditions.base import EntityCheck, compare, for_entity
from simulator.storyboard.entities import Entity, angle_between
from simulator.storyboard.paths import road_difference
from simulator.storyboard.positions import resolve_position
from simulator.storyboard.road_position import TINY, RoadPosition
from simulator.storyboard.rotation import sign, wrap_signed
from simulator.storyboard.world import World

_SAME_DIRECTION_RAD = 0.05
_FAR = 1e10  # where no road leads to the other


def _long_enough(world: World, since: float | None, duration: float) -> float:
    return world.time - since - duration if since is not None else -duration


_Measured = (
    model.TimeHeadwayCondition
    | model.TimeToCollisionCondition
    | model.DistanceCondition
    | model.RelativeDistanceCondition
)


def _distance(entity: Entity, to: Entity | RoadPosition, c: _Measured) -> float:
    """Metres to an entity or a place, measured as a condition says."""
    how = c.coordinate_system, c.relative_distance_type
    if isinstance(to, Entity):
        found = entity.distance_to(to, *how, freespace=c.freespace)
    else:
        found = entity.distance_to_place(to, *how, freespace=c.freespace)
    return _FAR if found is None else found


@for_entity(model.EndOfRoadCondition)
class EndOfRoad(EntityCheck[model.EndOfRoadCondition]):
    """At the end of the road for a time."""

    def holds(self, entity: Entity) -> bool:
        """Whether it has been there long enough."""
        return (
            entity.ends_since is not None and _long_enough(self.world, entity.ends_since, self.record.duration) > -TINY
        )


@for_entity(model.OffroadCondition)
class Offroad(EntityCheck[model.OffroadCondition]):
    """Beside the road for a time."""

    def __init__(self, world: World, record: model.OffroadCondition) -> None:
        super().__init__(world, record)
        world.notes_off_road = True

    def holds(self, entity: Entity) -> bool:
        """Whether it has been there long enough."""
        return _long_enough(self.world, entity.off_since, self.record.duration) > 0.0


@for_entity(model.StandStillCondition)
class StandStill(EntityCheck[model.StandStillCondition]):
    """Without motion for a time."""

    def holds(self, entity: Entity) -> bool:
        """Whether it has stood long enough."""
        return _long_enough(self.world, entity.stands_since, self.record.duration) > 0.0


@for_entity(model.CollisionCondition)
class Collision(EntityCheck[model.CollisionCondition]):
    """Touching another entity."""

    def holds(self, entity: Entity) -> bool:
        """Whether the boxes overlap."""
        if self.record.by_type is not None:
            others = [e for e in self.world.active if e.object_type == self.record.by_type and not e.is_ghost]
        else:
            others = [e for name in self.record.entity_refs if (e := self.world.entity(name)).active]
        return any(entity.touches(other) for other in others if other is not entity)


@for_entity(model.TimeHeadwayCondition)
class TimeHeadway(EntityCheck[model.TimeHeadwayCondition]):
    """Distance over own speed; only while the other is ahead and the entity drives forward."""

    def holds(self, entity: Entity) -> bool | None:
        """Compare the time."""
        c = self.record
        other = self.world.entity(c.entity_ref)
        if not other.active:
            return None
        distance = _distance(entity, other, c)
        if distance < 0.0 or entity.speed < TINY:
            return None
        return compare(c.rule, distance / entity.speed, c.value)


@for_entity(model.TimeToCollisionCondition)
class TimeToCollision(EntityCheck[model.TimeToCollisionCondition]):
    """Distance over closing speed; only while they approach."""

    def holds(self, entity: Entity) -> bool | None:
        """Compare the time."""
        c = self.record
        if isinstance(c.target, str):
            other = self.world.entity(c.target)
            if not other.active:
                return None
            distance, speed = _distance(entity, other, c), entity.closing_speed(other)
        else:
            place, _ = resolve_position(self.world, c.target)
            distance, speed = _distance(entity, place, c), entity.speed
        if abs(distance) < TINY or abs(speed) < TINY or distance / speed < 0.0:
            return None
        return compare(c.rule, distance / speed, c.value)


def _component(entity: Entity, vector: tuple[float, float, float], direction: model.DirectionalDimension) -> float:
    if direction == "vertical":
        return vector[2]
    ahead, left = entity.along_axes(vector)
    return ahead if direction == "longitudinal" else left


@for_entity(model.AccelerationCondition)
class Acceleration(EntityCheck[model.AccelerationCondition]):
    """Acceleration in a direction; in total with the sign of that ahead."""

    def holds(self, entity: Entity) -> bool:
        """Compare the acceleration."""
        c, a = self.record, entity.acceleration
        if c.direction is not None:
            value = _component(entity, a, c.direction)
        else:
            value = sign(entity.along_axes(a)[0]) * hypot(*a)
        return compare(c.rule, value, c.value)


@for_entity(model.SpeedCondition)
class Speed(EntityCheck[model.SpeedCondition]):
    """Speed in a direction or in total."""

    def holds(self, entity: Entity) -> bool:
        """Compare the speed."""
        c = self.record
        value = entity.speed if c.direction is None else _component(entity, entity.velocity, c.direction)
        return compare(c.rule, value, c.value)


@for_entity(model.RelativeSpeedCondition)
class RelativeSpeed(EntityCheck[model.RelativeSpeedCondition]):
    """Own speed less the other's, in the other's frame."""

    def holds(self, entity: Entity) -> bool | None:
        """Compare the difference."""
        c = self.record
        other = self.world.entity(c.entity_ref)
        if not other.active:
            return None
        if c.direction is None:
            value = entity.speed - other.speed
        else:
            value = _component(other, entity.velocity, c.direction) - _component(other, other.velocity, c.direction)
        return compare(c.rule, value, c.value)


@for_entity(model.TraveledDistanceCondition)
class TraveledDistance(EntityCheck[model.TraveledDistanceCondition]):
    """Metres driven."""

    def holds(self, entity: Entity) -> bool:
        """Compare the odometer."""
        return entity.odometer >= self.record.value


@for_entity(model.ReachPositionCondition)
class ReachPosition(EntityCheck[model.ReachPositionCondition]):
    """Within a tolerance of a place, and turned as it is where the place has an orientation."""

    def holds(self, entity: Entity) -> bool:
        """Compare places, and directions where one is given."""
        place, _ = resolve_position(self.world, self.record.position)
        own = entity.position
        if hypot(*own.distance_to(place.x, place.y)) >= self.record.tolerance:
            return False
        if getattr(self.record.position, "orientation", None) is None:
            return True
        turns = (own.h - place.h, own.p - place.p, own.r - place.r)
        return all(abs(wrap_signed(turn)) < _SAME_DIRECTION_RAD for turn in turns)


@for_entity(model.DistanceCondition)
class Distance(EntityCheck[model.DistanceCondition]):
    """Distance to a place."""

    def holds(self, entity: Entity) -> bool:
        """Compare the distance, whatever its sign."""
        c = self.record
        place, _ = resolve_position(self.world, c.position)
        return compare(c.rule, abs(_distance(entity, place, c)), c.value)


@for_entity(model.RelativeDistanceCondition)
class RelativeDistance(EntityCheck[model.RelativeDistanceCondition]):
    """Distance to an entity."""

    def holds(self, entity: Entity) -> bool | None:
        """Compare the distance, whatever its sign."""
        c = self.record
        other = self.world.entity(c.entity_ref)
        if not other.active:
            return None
        return compare(c.rule, abs(_distance(entity, other, c)), c.value)


@for_entity(model.RelativeClearanceCondition)
class RelativeClearance(EntityCheck[model.RelativeClearanceCondition]):
    """Lanes beside the entity exist, and no other entity is on them within a stretch."""

    def holds(self, entity: Entity) -> bool:
        """Look for others, then for the lanes."""
        c = self.record
        ranges = [
            (-_FAR if r.from_lane is None else r.from_lane, _FAR if r.to_lane is None else r.to_lane)
            for r in c.relative_lane_ranges
        ] or [(-_FAR, _FAR)]
        limit = max(c.distance_forward, c.distance_backward) + (20.0 if c.free_space else 0.0)
        for other in self.world.active:
            if other is entity or (c.entity_refs and other.name not in c.entity_refs):
                continue
            found = road_difference(entity.position, other.position, limit=max(limit, TINY))
            if found is None:
                continue
            ds = found.ds
            if c.free_space:
                gap = entity.distance_to(other, "road", "longitudinal", freespace=True)
                ds = gap if gap is not None else ds
            if (
                -c.distance_backward <= ds <= c.distance_forward
                and any(low <= found.lanes <= high for low, high in ranges)
                and (c.opposite_lanes or not found.opposite_lane)
            ):
                return False
        return self._lane_exists(entity, ranges)

    def _lane_exists(self, entity: Entity, ranges: Sequence[tuple[float, float]]) -> bool:
        place = entity.position
        if place.road is None:
            return False
        lanes = [
            lane.id
            for lane in place.road.sections[place.section].lanes.values()
            if lane.id and lane.type in place.lane_types
        ]
        return any(
            low <= lane - place.lane <= high and (self.record.opposite_lanes or sign(lane) == sign(place.lane))
            for lane in lanes
            for low, high in ranges
        )


def _angle(entity: Entity, kind: model.AngleType, system: model.CoordinateSystem) -> float | None:
    p = entity.position
    angle = {"heading": p.h, "pitch": p.p, "roll": p.r}[kind]
    road = {"heading": p.h_road, "pitch": p.p_road, "roll": p.r_road}[kind]
    if system == "road":
        return angle - road
    if system == "lane":
        if kind == "heading":
            return angle - p.driving_heading
        return angle - road * p.lane_direction
    if system == "trajectory":
        return None if p.trajectory is None else angle - p.trajectory.point.tangent
    return 0.0 if system == "entity" else angle


@for_entity(model.AngleCondition)
class Angle(EntityCheck[model.AngleCondition]):
    """An angle within a tolerance of a value."""

    def holds(self, entity: Entity) -> bool | None:
        """Compare the angle."""
        c = self.record
        angle = _angle(entity, c.angle_type, c.coordinate_system)
        return None if angle is None else angle_between(wrap_signed(angle), c.angle) < c.angle_tolerance + TINY


@for_entity(model.RelativeAngleCondition)
class RelativeAngle(EntityCheck[model.RelativeAngleCondition]):
    """An angle relative to another entity's within a tolerance of a value."""

    def holds(self, entity: Entity) -> bool | None:
        """Compare the difference of the angles."""
        c = self.record
        other = self.world.entity(c.entity_ref)
        system: model.CoordinateSystem = "world" if c.coordinate_system == "entity" else c.coordinate_system
        mine, theirs = (_angle(each, c.angle_type, system) for each in (entity, other))
        if mine is None or theirs is None or not other.active:
            return None
        return angle_between(mine - theirs, c.angle) < c.angle_tolerance + TINY
