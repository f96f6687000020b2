"""Traffic that comes and goes by itself: sources, sinks, swarms, areas (ASAM OpenSCENARIO XML 1.3, 7.4.2).

The standard leaves open where exactly entities come up, and what drives them. Here they come up in the middle of lanes,
clear of everything else, keep their lane and their distance, and take any way at a junction. All that is drawn comes
from streams of their own: the same seed makes the same traffic.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from math import cos, hypot, pi, sin
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.rng import generator
from simulator.roads.scalar import ScalarRoad
from simulator.storyboard import boxes, model
from simulator.storyboard.actions.base import ActionElement, InstantAction, for_global
from simulator.storyboard.drivers import assign, speed_limit
from simulator.storyboard.elements import Element
from simulator.storyboard.entities import Entity, angle_between
from simulator.storyboard.positions import find_road, resolve_position
from simulator.storyboard.road_position import TINY, RoadPosition
from simulator.storyboard.rotation import wrap
from simulator.storyboard.world import World

_TRIES = 4  # at a place for one entity in a step
_FIRST_TRIES = 40  # where an action fills an area or a swarm at once
_FULL = 100  # entities in a row that find no room: there is none
_CLEAR_M, _CLEAR_S = 2.0, 1.0  # between the boxes of new and of present entities, and of travel at the new one's speed
_LOOK_S = 0.25  # from one search for room in a swarm to the next: the fastest drive on by a few car lengths
_RIM = 0.85  # of a swarm's ellipse: vehicles that come later come up beyond it
_BEYOND = 1.05  # of a swarm's ellipse: vehicles that are out of it vanish
# Length, width, height (m), distance of the box's centre before the rear axle (m), greatest acceleration and
# deceleration (m/s2) of categories of which nothing else is said: round figures of common vehicles.
_USUAL: dict[str, tuple[float, float, float, float, float, float]] = {
    "bicycle": (1.8, 0.6, 1.7, 0.5, 1.0, 4.0),
    "bus": (12.0, 2.55, 3.1, 3.0, 1.2, 6.0),
    "motorbike": (2.2, 0.8, 1.5, 0.7, 5.0, 8.0),
    "truck": (9.0, 2.5, 3.5, 2.7, 1.2, 6.0),
    "van": (5.5, 2.0, 2.4, 1.6, 2.5, 8.0),
}
_USUAL_CAR = (4.6, 1.8, 1.5, 1.4, 3.0, 9.0)
_FOLLOW = model.ObjectController(
    "traffic", model.Controller("ACCController", properties=model.Properties({"mode": "additive"}))
)
Array = NDArray[Any]
T = TypeVar("T")


@cache
def usual_vehicle(category: model.VehicleCategory, role: model.Role = "none") -> model.Vehicle:
    """A vehicle of common size and performance."""
    length, width, height, ahead, acceleration, deceleration = _USUAL.get(category, _USUAL_CAR)
    axle = model.Axle(0.5, 0.7, 0.85 * width, 0.0, 0.35)
    return model.Vehicle(
        category,
        category,
        model.BoundingBox(ahead, 0.0, 0.5 * height, length, width, height),
        model.Performance(70.0, acceleration, deceleration),
        model.Axles(axle, model.Axle(0.5, 0.7, 0.85 * width, 2.0 * ahead, 0.35)),
        role=role,
    )


class _Spots(NamedTuple):
    """Places on the roads, about every 5 m: (N, 2) in the world, (N,) numbers of roads in `roads`, (N,) stations."""

    points: Array
    road: Array
    s: Array
    roads: tuple[ScalarRoad, ...]


def _spots(world: World) -> _Spots:
    roads = tuple(road for road in map(world.roads.find, world.roads.ids) if road is not None)
    tables = [road.line_samples for road in roads]
    if not tables:
        return _Spots(np.zeros((0, 2)), np.zeros(0, int), np.zeros(0), ())
    numbers = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    every = np.concatenate(tables)
    return _Spots(every[:, 1:], numbers, every[:, 0], roads)


class TrafficElement(ActionElement):
    """Makes entities and takes them away again, until it is stopped.

    Attributes:
        made: entities that it has made and that still take part.
    """

    def __init__(self, world: World, record: Any, name: str, parent: Element | None) -> None:
        super().__init__(world, record, name, parent)
        self.made: list[Entity] = []
        self.traffic_name: str = record.traffic_name
        self.spots = _spots(world)
        if not self.spots.roads:
            world.warn(f"{type(record).__name__}: there are no roads on which traffic may come up", record.line)
        self._open: Array = np.zeros(0, int)  # numbers of spots where entities may come up now
        self._places: dict[int, list[RoadPosition]] = {}  # lanes at spots, as far as they have been drawn
        self._taken: Array | None = None  # by `_room` of the entities of this step, None: something has changed
        self._queues: dict[tuple[object, int], list[tuple[float, float]]] = {}  # by road and lane: s, clearance
        self._count = 0
        self._spare: Entity | None = None  # found no room; the next may be alike
        self._is_filled = False
        self._random = generator(world.seed, "traffic", self.path, len(world.traffic))
        world.traffic.append(self)

    def go_on(self, dt: float) -> None:
        """Take away what has come to the end of its road."""
        self._taken, self._queues = None, {}
        for entity in [e for e in self.made if e.position.at_end]:
            self.remove(entity)

    def remove(self, entity: Entity) -> None:
        """Let an entity vanish."""
        self.world.deactivate(entity)
        self.world.entities.pop(entity.name, None)
        self.made.remove(entity)

    # ---- making entities

    def _draw(self, weighted: Sequence[tuple[T, float]]) -> T:
        """One of some things, by weight."""
        total = sum(weight for _, weight in weighted)
        share = float(self._random.random()) * total
        for item, weight in weighted:
            share -= weight
            if share < 0.0:
                return item
        return weighted[-1][0]

    def _draw_object(self) -> tuple[model.EntityObject, tuple[model.ObjectController, ...]]:
        distribution = self.record.traffic_distribution
        if distribution:
            entry = self._draw([(each, each.weight) for each in distribution])
            template = self._draw([(each.template, each.weight) for each in entry.entities])
            return template.object, template.controllers
        definition = self.record.traffic_definition if hasattr(self.record, "traffic_definition") else None
        if definition is None:
            return usual_vehicle("car"), ()
        category = self._draw([(each.category, each.weight) for each in definition.vehicle_categories])
        roles = [(each.role, each.weight) for each in definition.vehicle_roles]
        role: model.Role = self._draw(roles) if roles else "none"
        controllers = [(each.controller, each.weight) for each in definition.controllers]
        chosen = self._draw(controllers) if controllers else None
        return usual_vehicle(category, role), () if chosen is None else (model.ObjectController(chosen.name, chosen),)

    def _speed(self, entity: Entity) -> float:
        """Of a new entity: the road's limit unless the action says otherwise."""
        return min(speed_limit(entity), entity.performance.max_speed)

    def _candidate(self) -> RoadPosition | None:
        """A place drawn at random from the open ones, in the middle of a lane; None: none this time."""
        if not len(self._open):
            return None
        k = int(self._open[int(self._random.integers(len(self._open)))])
        heading = self._heading()
        if k not in self._places:
            spot = RoadPosition(self.world.roads)
            spot.set_track(self.spots.roads[self.spots.road[k]], float(self.spots.s[k]), 0.0)
            self._places[k] = _lanes_at(spot)
        return self._one_of(self._places[k], heading)

    def _heading(self) -> float | None:
        """Which way a new entity is to go, None: any."""
        return None

    def _make(self, tries: int) -> bool:
        """Make one entity where there is room; False: none was found."""
        for _ in range(tries):
            place = self._candidate()
            if place is not None and not self._is_blocked(place) and self._put(place):
                return True
        return False

    def _fill(self, wanted: int) -> None:
        """Make entities up to a number; where there is no room left it is given up, the first time with a warning."""
        tries, most = (_TRIES, 1) if self._is_filled else (_FIRST_TRIES, _FULL)
        failed = 0
        for _ in range(wanted - len(self.made)):
            failed = 0 if self._make(tries) else failed + 1
            if failed == most:
                break
        if failed == _FULL or (wanted and not self._is_filled and not self.made):
            self.world.warn(f"there is room for {len(self.made)} of {wanted} entities of traffic", self.record.line)
        self._is_filled = True

    def _put(self, place: RoadPosition) -> bool:
        world = self.world
        thing, controllers = self._draw_object()
        entity = self._spare
        if entity is None or entity.object is not thing:
            entity = Entity.of(model.ScenarioObject("", thing, controllers), world.roads)
        entity.position.take_place_of(place)
        speed = self._speed(entity)
        if not self._has_room(entity, speed):
            self._spare = entity
            return False
        self._spare = None
        while (name := f"{self.record.traffic_name or 'traffic'}_{self._count}") in world.entities:
            self._count += 1
        entity.name = name
        self._count += 1
        entity.speed = speed
        entity.align_rear_axle()
        entity.start_here()
        entity.done.longitudinal = entity.done.speed = entity.done.teleported = True
        entity.wander(world.seed)
        world.entities[name] = entity
        world.activate(entity)
        self._taken, self._queues = None, {}
        entity.cruises = not controllers and isinstance(thing, model.Vehicle) and not thing.trailer
        for controller in controllers or ((_FOLLOW,) if isinstance(thing, model.Vehicle) else ()):
            if assign(world, entity, controller):
                entity.drivers[-1].activate(True, True)
        self.made.append(entity)
        return True

    def _one_of(self, places: list[RoadPosition], heading: float | None = None) -> RoadPosition | None:
        """A place drawn from several, of those that look along `heading` if given; None: there is none."""
        if heading is not None:
            places = [place for place in places if angle_between(place.h, heading) <= 0.5 * pi]
        return places[int(self._random.integers(len(places)))] if places else None

    def _is_blocked(self, place: RoadPosition) -> bool:
        """Whether anything that comes up at a place would be too close to who is in its lane."""
        queue = self._queues.get((place.road, place.lane))
        if queue is None:
            queue = self._queues[place.road, place.lane] = self._queue(place)
        stretch = 1.0 + 2.0 * abs(place.k_road * place.t)  # a lane outside a bend is longer than its road
        return any(abs(s - place.s) * stretch < clear for s, clear in queue)

    def _queue(self, place: RoadPosition) -> list[tuple[float, float]]:
        """Where in a lane its entities are (s), and how far from there nothing may come up (m)."""
        road, lane, found = place.road, place.lane, []
        for each in self.world.active:
            p = each.position
            if p.road is road and p.lane == lane:
                box = each.box
                if abs(p.offset) < 0.5 * box.width:
                    clear = 0.5 * box.length - abs(box.center_x) + _CLEAR_M + _CLEAR_S * each.speed
                    found.append((p.s, clear - TINY))
        return found

    def _has_room(self, new: Entity, speed: float) -> bool:
        """Whether a new entity keeps clear of all others."""
        if self._taken is None:
            rooms = chain.from_iterable([_room(each, each.speed) for each in self.world.active])
            self._taken = np.fromiter(rooms, np.float64).reshape(-1, 4).T
        x, y, reach, _ = _room(new, speed)
        at_x, at_y, others_reach, speeds = self._taken
        away = np.hypot(at_x - x, at_y - y)
        near = (
            away <= others_reach + np.maximum(_CLEAR_S * speeds, _CLEAR_S * speed) + (reach + _CLEAR_M + TINY)
        ).nonzero()[0]
        nearest_first = near[away[near].argsort()].tolist()
        return not any(_too_close(new, self.world.active[k], speed) for k in nearest_first)


def _lanes_at(place: RoadPosition) -> list[RoadPosition]:
    """The middles of the lanes of the road at a place, in the direction of their traffic; never the centre line."""
    road = place.road
    if road is None:
        return []
    found = []
    for number, lane in sorted(road.sections[place.section].lanes.items()):
        spot = place.copy()
        if number and lane.type in place.lane_types and spot.set_lane(road, number, place.s, 0.0, place.section):
            spot.h_rel = 0.0
            spot.set_heading(spot.driving_heading)
            found.append(spot)
    return found


def _room(entity: Entity, speed: float) -> tuple[float, float, float, float]:
    """Where an entity is, how far its box reaches at most, and its speed."""
    p = entity.position
    return p.x, p.y, entity.diagonal, speed


def _too_close(new: Entity, other: Entity, speed: float) -> bool:
    """Whether a new entity would touch another one, or come up before or behind it without a gap."""
    a, b = new.position, other.position
    gap = _CLEAR_M + _CLEAR_S * max(speed, other.speed)
    if hypot(a.x - b.x, a.y - b.y) > new.diagonal + other.diagonal + gap:
        return False
    if a.road is b.road and a.lane == b.lane and abs(a.offset - b.offset) < 0.5 * new.box.width:
        # One behind the other: no nearer along the lane than straight on.
        way = abs(a.s - b.s) * (1.0 + abs(a.k_road * a.t) + abs(b.k_road * b.t))
        if way < 0.5 * (new.box.length + other.box.length) - abs(new.box.center_x) - abs(other.box.center_x) + gap:
            return True
    ahead, left = boxes.separations(a, new.box, b, other.box)
    clear = gap if not left else _CLEAR_M / 4.0
    if max(abs(ahead), abs(left)) > clear + TINY:
        return False
    return boxes.are_within(a, new.box, b, other.box, clear)


@for_global(model.TrafficSourceAction)
class TrafficSourceAction(TrafficElement):
    """Entities come up around a place, at a rate."""

    record: model.TrafficSourceAction

    def begin(self) -> None:
        """Find the place."""
        self.place, _ = resolve_position(self.world, self.record.position)
        self._due = 1.0

    def _speed(self, entity: Entity) -> float:
        given = self.record.speed
        return super()._speed(entity) if given is None else min(given, entity.performance.max_speed)

    def _candidate(self) -> RoadPosition | None:
        if self.place.road is None:
            return None
        spot = self.place.copy()
        away = self.record.radius * float(self._random.uniform(-1.0, 1.0))
        s = min(max(spot.s + away, 0.0), self.place.road.length)
        spot.set_track(spot.road, s, spot.t)
        found = self._one_of(_lanes_at(spot))
        inside = found is not None and hypot(found.x - self.place.x, found.y - self.place.y) <= self.record.radius
        return found if inside or self.record.radius <= 0.0 else None

    def go_on(self, dt: float) -> None:
        """Make one whenever its time has come, as soon as there is room."""
        super().go_on(dt)
        self._due = min(self._due + self.record.rate * dt, 1.0 + self.record.rate * dt)
        if self._due >= 1.0 and self._make(_TRIES):
            self._due -= 1.0


@for_global(model.TrafficSinkAction)
class TrafficSinkAction(TrafficElement):
    """Entities that traffic actions have made vanish around a place, at most at a rate."""

    record: model.TrafficSinkAction

    def begin(self) -> None:
        """Find the place."""
        self.place, _ = resolve_position(self.world, self.record.position)
        self._due = 1.0

    def go_on(self, dt: float) -> None:
        """Take away what has arrived."""
        rate, place = self.record.rate, self.place
        self._due = float("inf") if rate is None else min(self._due + rate * dt, 1.0 + rate * dt)
        for source in self.world.traffic:
            for entity in list(source.made):
                near = hypot(entity.position.x - place.x, entity.position.y - place.y) <= self.record.radius
                if near and self._due >= 1.0:
                    self._due -= 1.0
                    source.remove(entity)


@for_global(model.TrafficSwarmAction)
class TrafficSwarmAction(TrafficElement):
    """Vehicles around an entity, always about as many."""

    record: model.TrafficSwarmAction

    def begin(self) -> None:
        """Fill the ellipse."""
        self.center = self.world.entity(self.record.central_object, self.record.line)
        self._next_look = 0.0

    def _speed(self, entity: Entity) -> float:
        limits = self.record.initial_speed_range
        if limits is None:
            return super()._speed(entity)
        return min(float(self._random.uniform(*limits)), entity.performance.max_speed)

    def _shares(self, points: Array) -> Array:
        """(N,) distances of (N, 2) points from the centre, as shares of the ellipse's radius there."""
        p, r = self.center.position, self.record
        dx, dy, c, n = points[:, 0] - p.x, points[:, 1] - p.y, cos(p.h), sin(p.h)
        ahead, left = dx * c + dy * n - r.offset, dy * c - dx * n
        return np.hypot(ahead / max(r.semi_major_axis, 1e-6), left / max(r.semi_minor_axis, 1e-6))

    def _find_spots(self) -> Array:
        p, shares = self.center.position, self._shares(self.spots.points)
        far = np.hypot(self.spots.points[:, 0] - p.x, self.spots.points[:, 1] - p.y) >= self.record.inner_radius
        return np.flatnonzero((shares >= (_RIM if self._is_filled else 0.0)) & (shares <= 1.0) & far)

    def _heading(self) -> float | None:
        directions, p = self.record.direction_of_travel_distribution, self.center.position
        if directions is None:
            return None
        same = self._draw([(True, directions.same), (False, directions.opposite)])
        return p.h if same else wrap(p.h + pi)

    def go_on(self, dt: float) -> None:
        """Take away those that are left behind, and make others at the rim, now and then."""
        super().go_on(dt)
        if self.world.time < self._next_look - TINY:
            return
        self._next_look = self.world.time + _LOOK_S
        places = np.array([(e.position.x, e.position.y) for e in self.made]).reshape(-1, 2)
        for entity in [e for e, share in zip(self.made, self._shares(places)) if share > _BEYOND]:
            self.remove(entity)
        if len(self.made) < self.record.number_of_vehicles:
            self._open = self._find_spots()
            self._fill(self.record.number_of_vehicles)


def _is_within(corners: list[tuple[float, float]], x: float, y: float) -> bool:
    """Whether a point lies in a polygon: an odd number of its edges lie to the right."""
    crossings = 0
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1]):
        if (ay > y) != (by > y):
            crossings += x < ax + (y - ay) / (by - ay) * (bx - ax)
    return crossings % 2 == 1


@for_global(model.TrafficAreaAction)
class TrafficAreaAction(TrafficElement):
    """A number of entities within a polygon or along roads, once or always."""

    record: model.TrafficAreaAction

    def begin(self) -> None:
        """Find the area."""
        self.corners = [
            (place.x, place.y) for place in (resolve_position(self.world, each)[0] for each in self.record.polygon)
        ]
        inside = [_is_within(self.corners, x, y) for x, y in self.spots.points]
        self._open = np.flatnonzero(np.array(inside, bool))
        self.stretches = [part for each in self.record.road_ranges for part in self._parts(each)]

    def _parts(self, road_range: model.RoadRange) -> list[tuple[RoadPosition, float, float, tuple[int, ...]]]:
        """Stretches of roads from cursor to cursor: a place on the road, from s, to s, lanes (none: all)."""
        found = []
        cursors = road_range.cursors
        left = float("inf") if road_range.length is None else road_range.length
        for k, cursor in enumerate(cursors):
            road = find_road(self.world, cursor.road_id, cursor.line)
            after = cursors[k + 1] if k + 1 < len(cursors) else None
            if after is None and k > 0 and road_range.length is None:
                break
            start = cursor.s or 0.0
            end = road.length if after is None or after.road_id != cursor.road_id or after.s is None else after.s
            if end - start > left:
                end = start + left
            left -= abs(end - start)
            place = RoadPosition(self.world.roads)
            place.set_track(road, min(start, end), 0.0)
            found.append((place, min(start, end), max(start, end), cursor.lanes))
        return found

    def _candidate(self) -> RoadPosition | None:
        if self.stretches:
            part = self._draw([(each, max(each[2] - each[1], 1e-3)) for each in self.stretches])
            spot = part[0].copy()
            spot.set_track(spot.road, float(self._random.uniform(part[1], part[2])), 0.0)
            found = self._one_of(_lanes_at(spot))
            return found if found is None or not part[3] or found.lane in part[3] else None
        found = super()._candidate()
        return found if found is not None and self._is_inside(found) else None

    def _is_inside(self, place: RoadPosition) -> bool:
        """Whether a place lies in the area."""
        if self.stretches:
            return any(place.road is p.road and start <= place.s <= end for p, start, end, _ in self.stretches)
        return _is_within(self.corners, place.x, place.y)

    def go_on(self, dt: float) -> None:
        """Fill the area, and where it is continuous keep it filled."""
        if not self._is_filled or self.record.continuous:
            super().go_on(dt)
            for entity in [e for e in self.made if not self._is_inside(e.position)]:
                self.remove(entity)
            self._fill(self.record.number_of_entities)
        if not self.record.continuous:
            self.end()


@for_global(model.TrafficStopAction)
class TrafficStopAction(InstantAction):
    """Traffic actions of a name, or all, end; what they have made stays."""

    record: model.TrafficStopAction

    def begin(self) -> None:
        """Stop them."""
        for each in self.world.traffic:
            if each.state == "running" and self.record.traffic_name in ("", each.traffic_name):
                each.stop()
