"""The kinds of positions as places on the road network (ASAM OpenSCENARIO XML 1.3, 6.3.8 "Positioning")."""

from __future__ import annotations

import re
from math import cos, isfinite, pi, sin

from simulator.errors import InputError, MissingExtra, did_you_mean
from simulator.roads.scalar import ScalarRoad
from simulator.storyboard import model
from simulator.storyboard.interfaces import RouteGuide
from simulator.storyboard.road_position import RoadPosition
from simulator.storyboard.rotation import rotate, sign
from simulator.storyboard.routes import Route
from simulator.storyboard.trajectories import Given, Interpolation, Trajectory, lay_out
from simulator.storyboard.world import World

_SLACK_M = 0.1  # by which numbers that are rounded may be beyond the end of a road
_NOT_GIVEN = model.Orientation(type="relative")


def resolve_position(
    world: World, position: model.Position, *, route: RouteGuide | None = None
) -> tuple[RoadPosition, Given]:
    """The place that a position stands for now, and which of its angles and height are given.

    `route` is that of the entity to be placed: a position relative to another along the road goes its way.
    """
    kept = world.places.get(id(position))
    if kept is not None:
        return kept
    place = RoadPosition(world.roads)
    place.route = route
    given = _RESOLVERS[type(position)](world, position, place)  # type: ignore[operator]  # each takes its own type
    if isinstance(position, (model.WorldPosition, model.RoadPosition, model.LanePosition)):
        world.places[id(position)] = (place, given)
    return place, given


def make_route(world: World, route: model.Route) -> Route:
    """A route over the places of its waypoints. A waypoint that gives no heading looks the way its lane goes."""
    stops = []
    for waypoint in route.waypoints:
        place, given = resolve_position(world, waypoint.position)
        place = place.copy()
        if not given.h:
            place.set_heading(place.driving_heading)
        stops.append(place)
    if route.closed:
        stops.append(stops[0])
    made = Route(world.roads, stops, [waypoint.route_strategy for waypoint in route.waypoints])
    if not made.is_valid:
        world.warn(f'route "{route.name}": no way leads from one waypoint to the next', route.line)
    return made


def make_trajectory(
    world: World,
    trajectory: model.Trajectory,
    *,
    following_mode: model.FollowingMode = "position",
    speed: float = 0.0,
    origin: RoadPosition | None = None,
    interpolation: Interpolation | None = None,
) -> Trajectory:
    """A trajectory laid out from the places that its positions stand for now (arguments as of `lay_out`)."""

    def resolve(position: model.Position) -> tuple[RoadPosition, Given]:
        """Where a position is now."""
        return resolve_position(world, position)

    return lay_out(
        trajectory,
        resolve,
        world.roads,
        following_mode=following_mode,
        speed=speed,
        origin=origin,
        interpolation=interpolation,
    )


def find_road(world: World, road_id: str, line: int) -> ScalarRoad:
    """A road by id.

    Raises:
        InputError: there is none.
    """
    road = world.roads.find(road_id)
    if road is None:
        raise InputError(
            f'there is no road "{road_id}".{did_you_mean(road_id, world.roads.ids)}',
            source=str(world.scenario.source or ""),
            line=line,
        )
    return road


def _given(orientation: model.Orientation | None, *, z: bool = False) -> Given:
    if orientation is None:
        return Given(z)
    return Given(z, orientation.h is not None, orientation.p is not None, orientation.r is not None)


def _turn(place: RoadPosition, orientation: model.Orientation | None, *, forward: bool) -> None:
    """Apply an orientation: relative ones are counted from s, or from the direction against it."""
    o = orientation or _NOT_GIVEN
    absolute = o.type == "absolute"
    place.h_rel = (0.0 if forward else pi) + (0.0 if absolute or o.h is None else o.h)
    place.p_rel = 0.0 if absolute or o.p is None else o.p
    place.r_rel = 0.0 if absolute or o.r is None else o.r
    place.set_angles(h=place.h_rel)
    if absolute:
        place.set_angles(h=o.h, p=o.p, r=o.r, absolute=True)


def _world(world: World, position: model.WorldPosition, place: RoadPosition) -> Given:
    given = Given(position.z is not None, position.h is not None, position.p is not None, position.r is not None)
    if position.z is not None:
        place.z = position.z
    place.set_world(position.x, position.y, z=position.z, h=position.h, p=position.p, r=position.r)
    return given


def _relative_world(world: World, position: model.RelativeWorldPosition, place: RoadPosition) -> Given:
    other = world.entity(position.entity_ref, position.line).position
    _beside(place, other, (position.dx, position.dy, position.dz), position.orientation)
    return _given(position.orientation, z=position.dz != 0.0)


def _relative_object(world: World, position: model.RelativeObjectPosition, place: RoadPosition) -> Given:
    other = world.entity(position.entity_ref, position.line).position
    shift = rotate(other.h, other.p, other.r, (position.dx, position.dy, position.dz))
    if not position.dz:
        shift = (shift[0], shift[1], 0.0)
    _beside(place, other, shift, position.orientation)
    return _given(position.orientation, z=position.dz != 0.0)


def _beside(
    place: RoadPosition,
    other: RoadPosition,
    shift: tuple[float, float, float],
    orientation: model.Orientation | None,
) -> None:
    """A place apart from another; relative angles are counted from those there."""
    o = orientation or model.Orientation(type="relative")
    base = (0.0, 0.0, 0.0) if o.type == "absolute" else (other.h, other.p, other.r)
    given = (o.h, o.p, o.r)
    h, p, r = (
        start + (angle or 0.0) if o.type == "relative" or angle is not None else fallback
        for start, angle, fallback in zip(base, given, (other.h, other.p, other.r))
    )
    place.road, place.s = other.road, other.s
    place.z = other.z
    z = other.z + shift[2] if shift[2] else None
    place.set_world(other.x + shift[0], other.y + shift[1], z=z, h=h, p=p, r=r)


def _road(world: World, position: model.RoadPosition, place: RoadPosition) -> Given:
    road = find_road(world, position.road_id, position.line)
    _check_station(world, road, position.s, position.line)
    place.set_track(road, position.s, position.t)
    _turn(place, position.orientation, forward=True)
    return _given(position.orientation)


def _check_station(world: World, road: ScalarRoad, s: float, line: int) -> None:
    if not -_SLACK_M <= s <= road.length + _SLACK_M:
        world.warn(f'road "{road.id}" goes from s = 0 to {road.length:.6g} m; s = {s:g} is beyond its end', line)


def _relative_road(world: World, position: model.RelativeRoadPosition, place: RoadPosition) -> Given:
    other = world.entity(position.entity_ref, position.line).position
    moved = other.copy()
    moved.route = place.route or other.route
    moved.move(position.ds, along_s=True, actual=False)
    place.take_place_of(moved)
    place.set_track(moved.road, moved.s, moved.t + position.dt)
    _turn(place, position.orientation, forward=True)
    return _given(position.orientation)


def _lane(world: World, position: model.LanePosition, place: RoadPosition) -> Given:
    road = find_road(world, position.road_id, position.line)
    lane = lane_number(world, position.lane_id, position.line)
    _check_station(world, road, position.s, position.line)
    s = min(max(position.s, 0.0), road.length)
    if not place.set_lane(road, lane, s, position.offset, road.section_at(s)):
        lanes = sorted(road.sections[road.section_at(s)].lanes)
        raise InputError(
            f'road "{road.id}" has no lane {lane} at s = {s:g}; it has {lanes}',
            source=str(world.scenario.source or ""),
            line=position.line,
        )
    _turn(place, position.orientation, forward=(lane <= 0) != road.left_hand)
    return _given(position.orientation)


def lane_number(world: World, lane_id: str, line: int) -> int:
    """A lane id as OpenDRIVE has them.

    Raises:
        InputError: it is not a whole number.
    """
    try:
        number = float(lane_id)  # some write -1.0
        if number.is_integer():
            return int(number)
    except ValueError:
        pass
    text = f'lane ids are whole numbers, not "{lane_id}"'
    raise InputError(text, source=str(world.scenario.source or ""), line=line)


def _relative_lane(world: World, position: model.RelativeLanePosition, place: RoadPosition) -> Given:
    other = world.entity(position.entity_ref, position.line).position
    moved = other.copy()
    moved.route = place.route or other.route
    along_lane = position.ds is None
    moved.move(
        (position.ds_lane if position.ds is None else position.ds) or 0.0,
        along_s=not along_lane,
        along_lane=along_lane,
        actual=False,
    )
    place.take_place_of(moved)
    step, offset = position.d_lane, position.offset
    if along_lane:
        left_hand = other.road is not None and other.road.left_hand
        same = other.lane > 0 if left_hand else other.lane < 0
        if not (same and other.faces_along != left_hand):
            step, offset = -step, -offset
    lane = beside_lane(other.lane, step)
    place.set_lane(moved.road, lane, moved.s, offset)
    _turn(place, position.orientation, forward=not along_lane or place.lane_direction > 0)
    return _given(position.orientation)


def beside_lane(lane: int, step: int) -> int:
    """The lane id `step` lanes to the left (in the direction of s); lane 0 is passed over."""
    result = lane + step
    if lane and step and (result == 0 or sign(result) != sign(lane)):
        result += sign(step)
    return result


def _route(world: World, position: model.RoutePosition, place: RoadPosition) -> Given:
    route = make_route(world, position.route)
    where = position.in_route_position
    if not route.is_valid:
        place.take_place_of(route.waypoints[0])
        return _given(position.orientation)
    if isinstance(where, model.FromCurrentEntity):
        other = world.entity(where.entity_ref, where.line).position
        leg, s = route.at(route.distance_of(other) or 0.0)
        place.set_lane(leg.road, leg.lane, s, 0.0, leg.road.section_at(s))
        forward = leg.direction > 0
    elif isinstance(where, model.FromRoadCoordinates):
        leg, s = route.at(where.path_s)
        place.set_track(leg.road, s, where.t)
        forward = True
    else:
        leg, s = route.at(where.path_s)
        lane = lane_number(world, where.lane_id, where.line)
        place.set_lane(leg.road, lane, s, where.lane_offset, leg.road.section_at(s))
        forward = place.lane_direction > 0
    _turn(place, position.orientation, forward=forward)
    return _given(position.orientation)


def _geo(world: World, position: model.GeoPosition, place: RoadPosition) -> Given:
    """By the map's projection; the offset of its header is what was taken off its coordinates."""
    x, y, z0 = _projected(world, position)
    z = None if position.altitude is None else position.altitude - z0
    if z is not None:
        place.z = z
    place.set_world(x, y, z=z)
    _turn(place, position.orientation, forward=True)
    return _given(position.orientation, z=z is not None)


# What a projection says of heights, which are not projected; its grids of the geoid are rarely at hand.
_HEIGHTS = re.compile(r"\+(geoidgrids|geoid_crs|vunits|vto_meter)=\S+")


def _projected(world: World, position: model.GeoPosition) -> tuple[float, float, float]:
    """x, y in the map's own coordinates, and the height at which these begin.

    The projected place is the map's turned by the header's heading, plus its offset (ASAM OpenDRIVE 1.8, 8.5). World
    positions and entities stay in the map's own coordinates, the inertial ones (8.2; OpenSCENARIO XML 1.3, 6.3.1).
    """
    network = world.roads.network
    source = str(world.scenario.source or "")
    if network is None or not network.geo_reference:
        raise InputError("GeoPosition needs a map with a <geoReference>", source=source, line=position.line)
    try:
        from pyproj import CRS, Transformer
        from pyproj.exceptions import ProjError
    except ImportError:
        raise MissingExtra("pyproj", 'pip install "oddroad[geo]"', "GeoPosition") from None
    level = _HEIGHTS.sub("", network.geo_reference)
    try:
        to_map = Transformer.from_crs("EPSG:4326", CRS.from_user_input(level), always_xy=True)
        east, north = to_map.transform(position.longitude_deg, position.latitude_deg)
    except ProjError:
        message = f'the <geoReference> of the map is no projection that is known: "{network.geo_reference[:80]}"'
        raise InputError(message, source=source, line=position.line) from None
    if not (isfinite(east) and isfinite(north)):
        message = f"{position.latitude_deg:g}, {position.longitude_deg:g} deg lies beyond the projection of the map"
        raise InputError(message, source=source, line=position.line)
    x0, y0, z0, heading = network.offset
    c, n = cos(heading), sin(heading)
    east, north = east - x0, north - y0
    return east * c + north * n, north * c - east * n, z0


def _trajectory(world: World, position: model.TrajectoryPosition, place: RoadPosition) -> Given:
    trajectory = make_trajectory(world, position.trajectory)
    trajectory.go_to_distance(position.s)
    trajectory.place(place, position.t)
    place.trajectory = trajectory
    if position.orientation is not None and position.orientation.type == "relative" and position.orientation.h:
        place.set_heading(place.h + position.orientation.h)
    return _given(position.orientation)


_RESOLVERS = {
    model.WorldPosition: _world,
    model.RelativeWorldPosition: _relative_world,
    model.RelativeObjectPosition: _relative_object,
    model.RoadPosition: _road,
    model.RelativeRoadPosition: _relative_road,
    model.LanePosition: _lane,
    model.RelativeLanePosition: _relative_lane,
    model.RoutePosition: _route,
    model.GeoPosition: _geo,
    model.TrajectoryPosition: _trajectory,
}
