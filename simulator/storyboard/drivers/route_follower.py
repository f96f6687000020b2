"""The controller that changes lanes to stay on its route."""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, Literal

from simulator.storyboard import model
from simulator.storyboard.drivers.base import Driver
from simulator.storyboard.drivers.lane_router import way_points
from simulator.storyboard.entities import Entity
from simulator.storyboard.road_position import TINY, RoadPosition
from simulator.storyboard.rotation import sign
from simulator.storyboard.routes import Route

if TYPE_CHECKING:
    from simulator.storyboard.actions.lateral import LaneChangeAction
    from simulator.storyboard.world import World

_LEAST_AHEAD_M = 25.0
_NARROW_M = 0.5  # lanes that are narrower are not changed to
Passing = Literal["ahead", "passed", "missed"]


class RouteFollower(Driver):
    """Keeps the route of its entity: a lane change before each place at which the way goes on in another lane."""

    def __init__(self, world: World, entity: Entity, given: model.ObjectController) -> None:
        super().__init__(world, entity, given)
        self.overrides = False  # but for lane changes
        self.duration = self.number("laneChangeTime", 5.0)
        self.clearance = self.number("minDistForCollision", 10.0)
        self.stops_at_end = self.settings.get("testMode") == "true"

    def activate(self, lateral: bool | None, longitudinal: bool | None) -> None:
        """Find the way anew."""
        self.points: list[RoadPosition] = []
        self.point = self.goal = 0
        self.is_planned = False
        self.change: LaneChangeAction | None = None
        super().activate(lateral, longitudinal)

    def step(self, dt: float) -> None:
        """Change lanes where the way needs it, and see which places have been passed."""
        route = self.entity.position.route
        if not isinstance(route, Route):
            return
        if not self.is_planned:
            self._plan(route)
        if self.point >= len(self.points):
            self._give_up()
            return
        position, point = self.entity.position, self.points[self.point]
        before = position.copy()
        if point.road is position.road and point.lane != self._lane_there(point):
            ahead = max(self.duration * self.entity.speed, _LEAST_AHEAD_M)
            if abs(position.s - point.s) < ahead and self._may_change(point.lane):
                self._begin_change(point.lane)
        self._go_on_changing(dt)
        self._update(route, before, point)

    def _lane_there(self, point: RoadPosition) -> int:
        """Where the present lane leads to on the road, at the place of a point; it has the same number there or not."""
        probe = self.entity.position.copy()
        probe.set_lane(probe.road, probe.lane, point.s, 0.0)
        return point.lane if self.entity.position.lane == point.lane else probe.lane

    def _give_up(self) -> None:
        if self.stops_at_end:
            self.entity.set_speed(0.0)
        self.entity.position.route = None
        self.active.clear()

    # ---- the way

    def _plan(self, route: Route) -> None:
        position, stops = self.entity.position, route.stops
        roads = [stop.road for stop in stops]
        passed = 0
        for k, road in enumerate(route.along):
            if passed < len(roads) and road is roads[passed]:
                passed += 1
            if road is position.road:
                end = stops[-1].s
                ahead = position.s < end - TINY if position.lane_direction > 0 else position.s > end + TINY
                if k < len(route.along) - 1 or ahead:
                    self.goal = min(passed, len(stops) - 1)
                break
        self.points = way_points(self.world.roads, position, stops[self.goal], route.strategies[self.goal])
        if not self.points:
            self._give_up()
        else:
            self._narrow(route, self.points[0], self.points[1])
            self.is_planned = True

    def _narrow(self, route: Route, start: RoadPosition, end: RoadPosition) -> None:
        """At junctions go the way to the next place only."""
        near = Route(self.world.roads, (start, end))
        route.legs = near.legs

    def _update(self, route: Route, position: RoadPosition, point: RoadPosition) -> None:
        passing = self._passing(position, point)
        if passing == "missed":
            self._replan(route)
        elif passing == "passed":
            self.point += 1
            if point.road is self.points[-1].road:
                if self.goal < len(route.stops) - 1:
                    self.goal += 1
                    self._replan(route)
            else:
                self._narrow(route, position, self.points[self.point])

    def _replan(self, route: Route) -> None:
        if self.entity.position.route is not None:
            self.is_planned, self.point = False, 0
            self._plan(route)

    def _passing(self, position: RoadPosition, point: RoadPosition) -> Passing:
        forward = position.lane_direction > 0
        if point.road is position.road:
            is_behind = position.s > point.s - TINY if forward else position.s < point.s + TINY
            return ("passed" if position.lane == point.lane else "missed") if is_behind else "ahead"
        road = position.road
        link = self.world.roads.link(road, forward=not forward) if road is not None else None
        if road is None or link is None or point.road is None:
            return "ahead"
        ways = self.world.roads.ways(road, position.lane, link, forward=not forward)
        came_from = next((way for way in ways if way.road is point.road), None)
        if came_from is not None:
            return "passed" if came_from.lane == point.lane else "missed"
        is_linked = link.id == point.road.id or any(
            c.incoming_road == road.id and c.connecting_road == point.road.id
            for c in (self.world.roads.connections(link.id) if link.kind == "junction" else ())
        )
        return "missed" if is_linked else "ahead"

    # ---- lane changes

    def _may_change(self, lane: int) -> bool:
        position = self.entity.position
        road = position.road
        if self.change is not None or road is None or lane not in road.sections[position.section].lanes:
            return False
        if self.clearance <= 0.0:
            return True
        if road.width(position.section, lane, position.s) < _NARROW_M:
            return False
        for other in self.others():
            place = other.position
            if place.road is not road or sign(place.lane) != sign(position.lane):
                continue
            if place.lane != position.lane and hypot(position.x - place.x, position.y - place.y) < self.clearance:
                return False
        return True

    def _begin_change(self, lane: int) -> None:
        from simulator.storyboard.actions.lateral import LaneChangeAction

        record = model.LaneChangeAction(
            model.TransitionDynamics("sinusoidal", "time", self.duration), model.AbsoluteTargetLane(str(lane))
        )
        self.change = LaneChangeAction(self.world, record, "LaneChange", None, self.entity)

    def _go_on_changing(self, dt: float) -> None:
        if self.change is None:
            return
        self.overrides = False
        if self.change.state == "init":  # the default controller has moved the entity in this step
            self.change.start()
            self.overrides = True
            return
        self.change.step(dt)
        if self.change.state == "complete":
            self.change = None
        else:
            self.overrides = True
