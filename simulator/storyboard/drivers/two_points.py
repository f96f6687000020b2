"""The controller that looks at two points: one near in its lane, one far (esmini: Looming).

Steering after Salvucci and Gray, "A two-point visual control model of steering" (Perception, 2004): the wheel follows
the angle to a near point, its change, and the change of the angle to a far point. The far point is the vehicle ahead,
else where the sight touches the edge of the lane in a curve (the tangent point), else a point of the lane far ahead.
Only the change of the far angle counts, so a vehicle ahead may be measured backwards (as esmini does); where another
point becomes the far one, the leap turns the wheel for a step.
"""

from __future__ import annotations

from math import atan2, cos, hypot, inf, pi, sin

from simulator.storyboard import model
from simulator.storyboard.drivers.base import LONGITUDINAL, Bicycle, Driver, limits_of
from simulator.storyboard.entities import Entity, angle_between
from simulator.storyboard.paths import road_difference
from simulator.storyboard.road_position import Moved
from simulator.storyboard.rotation import difference
from simulator.storyboard.world import World

_NEAR_M, _FAR_M, _LEAD_M, _BESIDE_M = 10.0, 80.0, 130.0, 5.0
_NEAR_GAIN, _NEAR_RATE_GAIN, _FAR_RATE_GAIN = 1.8, 1.3, 1.5
_FULL_TURN = 0.25 * pi  # of the wish, for the fastest turn of the wheel
_STEERING_RATE = 4.0  # rad/s
_STEP_M = 2.0  # between two looks at the edges of the lane
_LEAST_TURN = 1e-6  # of the sight, rad: less is none


class _Edge:
    """One edge of the lane, looked at from near to far.

    Attributes:
        tangent: distance and direction of the point where the sight begins to turn back; None: not found.
    """

    def __init__(self, side: float, beside: float) -> None:
        self.side = side  # 1: left
        self.tangent: tuple[float, float] | None = None
        self._last = (0.0, beside)
        self._turn = 0.0

    def see(self, distance: float, direction: float) -> None:
        """The direction to the point of the edge that comes next."""
        turn = difference(direction, self._last[1])
        if self._turn and abs(turn) > _LEAST_TURN and (turn > 0.0) != (self._turn > 0.0):
            self.tangent = self._last
        self._turn = turn if abs(turn) > _LEAST_TURN else self._turn
        self._last = distance, direction


class TwoPoints(Driver):
    """Steers by two points, and keeps the set speed or a time gap to the vehicle ahead."""

    operates = frozenset({LONGITUDINAL})
    aligns = True
    least_gap, too_near = 3.0, 1.0

    def __init__(self, world: World, entity: Entity, given: model.ObjectController) -> None:
        super().__init__(world, entity, given)
        self.time_gap = self.number("timeGap", 1.5)
        self.set_speed = self.number("setSpeed", 0.0)
        self.has_set_speed = "setSpeed" in self.settings
        self.seen = (0.0, 0.0)  # directions of the near and the far point

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Take over as it is, along the lane."""
        self.vehicle = Bicycle(self.entity, _STEERING_RATE)
        if not self.overrides or not self.has_set_speed:
            self.set_speed = self.entity.speed
        super().activate(lateral, longitudinal)

    def step(self, dt: float) -> None:
        """Look, steer and accelerate by one step."""
        entity, vehicle = self.entity, self.vehicle
        lead, gap = self._ahead()
        near = self._angle_to(self._in_lane(_NEAR_M))
        far = self._far(lead, gap)
        turns = near - self.seen[0], far - self.seen[1]
        self.seen = near, far
        wish = 0.0  # beyond the end of the road
        if dt > 0.0 and not entity.position.at_end:
            wish = _NEAR_GAIN * near + (_NEAR_RATE_GAIN * turns[0] + _FAR_RATE_GAIN * turns[1]) / dt
        pedal = min(max(self._pedal(lead, gap), -1.0), 1.0)
        vehicle.accelerate(pedal, limits_of(entity).max_speed, dt)
        vehicle.steer(min(max(wish / _FULL_TURN, -1.0), 1.0), dt)
        vehicle.move(dt)
        onward = entity.position.copy()
        if onward.move(vehicle.speed * dt) is Moved.OK and onward.road is not entity.position.road:
            entity.position.take_place_of(onward)  # the way on at a junction, where roads overlap
        entity.position.set_world(vehicle.x, vehicle.y, h=vehicle.heading)
        entity.set_speed(vehicle.speed)
        entity.done.lateral = entity.done.longitudinal = True

    # ---- looking

    def _in_lane(self, distance: float) -> tuple[float, float]:
        """The middle of the lane ahead; where the road ends, straight on from there."""
        place = self.entity.position.copy()
        place.set_lane(place.road, place.lane, place.s, 0.0)
        x, y = place.x, place.y
        if place.move(distance, actual=False) is not Moved.END_OF_ROAD:
            return place.x, place.y
        left = distance - hypot(place.x - x, place.y - y)
        return place.x + left * cos(place.driving_heading), place.y + left * sin(place.driving_heading)

    def _angle_to(self, point: tuple[float, float]) -> float:
        ahead, left = self.entity.position.distance_to(*point)
        return atan2(left, ahead)

    def _far(self, lead: Entity | None, gap: float) -> float:
        tangent, junction = self._tangent()
        if tangent is not None and tangent[0] < gap:
            return tangent[1]
        if lead is not None and gap <= min(junction, _FAR_M):
            return difference(self._angle_to((lead.position.x, lead.position.y)), pi)  # from there to here
        return self._angle_to(self._in_lane(_FAR_M))

    def _tangent(self) -> tuple[tuple[float, float] | None, float]:
        """Distance and direction (in the world) of the nearer tangent point; distance of a junction before it."""
        own = self.entity.position
        place = own.copy()
        place.set_lane(place.road, place.lane, place.s, 0.0)
        edges = [_Edge(side, own.driving_heading + side * 0.5 * pi) for side in (1.0, -1.0)]
        walked = 0.0  # along s from `place`, within its lane section
        for distance in range(1, int(_FAR_M / _STEP_M) + 1):
            step = _STEP_M if place.faces_along else -_STEP_M
            seen = place.lane_at(walked + step)
            walked += step
            if seen is None:
                road = place.road
                place.set_lane(road, place.lane, place.s + walked - step, 0.0)
                if place.move(_STEP_M, actual=False) is not Moved.OK or place.road is None:
                    break
                if place.road is not road and place.road.road.junction:
                    return None, distance * _STEP_M
                walked, seen = 0.0, place.lane_at(0.0)
            if seen is None:
                break
            x_lane, y_lane, half, heading = seen
            for edge in edges:
                x = x_lane - edge.side * half * sin(heading) - own.x
                y = y_lane + edge.side * half * cos(heading) - own.y
                edge.see(distance * _STEP_M, atan2(y, x))
                if edge.tangent is not None:
                    return edge.tangent, inf
        return None, inf

    def _ahead(self) -> tuple[Entity | None, float]:
        """The nearest entity ahead in the lane, and the gap to it."""
        entity = self.entity
        found, least = None, inf
        for other in self.others():
            place = other.position
            if hypot(place.x - entity.position.x, place.y - entity.position.y) > _LEAD_M:
                continue
            way = road_difference(entity.position, place, both_ways=False, limit=_LEAD_M)
            if way is None or way.lanes != 0 or abs(way.dt) >= _BESIDE_M:
                continue
            opposed = angle_between(entity.position.h, place.h) >= 0.5 * pi
            rear = 0.5 * other.box.length + (other.box.center_x if opposed else -other.box.center_x)
            gap = way.ds - 0.5 * entity.box.length - entity.box.center_x - rear
            if 0.0 < gap < least:
                found, least = other, gap
        return found, least

    # ---- driving

    def _pedal(self, lead: Entity | None, gap: float) -> float:
        over = self.entity.speed - self.set_speed
        if lead is None:
            return -over
        if gap < self.too_near:
            return 0.0
        wanted = self.least_gap + self.time_gap * abs(max(self.entity.speed, lead.speed))
        share = min(1.0, (gap - wanted) / wanted)
        closing = self.entity.speed - min(self.set_speed, lead.speed)
        return share - share * over - (1.0 - share) * closing
