"""Positions, routes and trajectories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from simulator.storyboard.model.terms import Record, ReferenceContext, RouteStrategy


@dataclass(frozen=True)
class Orientation(Record):
    """Heading, pitch, roll; an angle that is not given counts as 0. Missing type: absolute."""

    h: float | None = None
    p: float | None = None
    r: float | None = None
    type: ReferenceContext = "absolute"


@dataclass(frozen=True)
class WorldPosition(Record):
    """A place in the inertial frame; z, pitch and roll that are not given are those of the road there."""

    x: float
    y: float
    z: float | None = None
    h: float | None = None
    p: float | None = None
    r: float | None = None


@dataclass(frozen=True)
class RelativeWorldPosition(Record):
    """An entity's place plus a distance along the axes of the inertial frame."""

    entity_ref: str
    dx: float
    dy: float
    dz: float = 0.0
    orientation: Orientation | None = None


@dataclass(frozen=True)
class RelativeObjectPosition(Record):
    """An entity's place plus a distance along the axes of the entity's frame."""

    entity_ref: str
    dx: float
    dy: float
    dz: float = 0.0
    orientation: Orientation | None = None


@dataclass(frozen=True)
class RoadPosition(Record):
    """Road coordinates s, t of one road."""

    road_id: str
    s: float
    t: float
    orientation: Orientation | None = None


@dataclass(frozen=True)
class RelativeRoadPosition(Record):
    """An entity's road coordinates plus a difference, s counted on along the road network."""

    entity_ref: str
    ds: float
    dt: float
    orientation: Orientation | None = None


@dataclass(frozen=True)
class LanePosition(Record):
    """A lane of a road at s, `offset` to the left of the lane's centre line."""

    road_id: str
    lane_id: str
    s: float
    offset: float = 0.0
    orientation: Orientation | None = None


@dataclass(frozen=True)
class RelativeLanePosition(Record):
    """`d_lane` lanes left of an entity, `ds` along the reference line or `ds_lane` along the lane (one is given)."""

    entity_ref: str
    d_lane: int
    ds: float | None = None
    ds_lane: float | None = None
    offset: float = 0.0
    orientation: Orientation | None = None


@dataclass(frozen=True)
class FromCurrentEntity(Record):
    """Where along the route an entity is now."""

    entity_ref: str


@dataclass(frozen=True)
class FromRoadCoordinates(Record):
    """Distance from the start of the route along its reference lines, and t there."""

    path_s: float
    t: float


@dataclass(frozen=True)
class FromLaneCoordinates(Record):
    """Distance from the start of the route along its reference lines, and a lane there."""

    path_s: float
    lane_id: str
    lane_offset: float = 0.0


@dataclass(frozen=True)
class RoutePosition(Record):
    """A place along a route."""

    route: Route
    in_route_position: FromCurrentEntity | FromRoadCoordinates | FromLaneCoordinates
    orientation: Orientation | None = None


@dataclass(frozen=True)
class GeoPosition(Record):
    """Degrees of latitude and longitude (WGS 84), metres above the ellipsoid (None: on the road)."""

    latitude_deg: float
    longitude_deg: float
    altitude: float | None = None
    vertical_road_selection: int = 0
    orientation: Orientation | None = None


@dataclass(frozen=True)
class TrajectoryPosition(Record):
    """s along a trajectory, t to the left of it."""

    trajectory: Trajectory
    s: float
    t: float = 0.0
    orientation: Orientation | None = None


Position: TypeAlias = (
    WorldPosition
    | RelativeWorldPosition
    | RelativeObjectPosition
    | RoadPosition
    | RelativeRoadPosition
    | LanePosition
    | RelativeLanePosition
    | RoutePosition
    | GeoPosition
    | TrajectoryPosition
)


@dataclass(frozen=True)
class Waypoint(Record):
    """One stop of a route, and how to get to the next."""

    position: Position
    route_strategy: RouteStrategy


@dataclass(frozen=True)
class Route(Record):
    """At least two waypoints; a closed one leads back to the first."""

    name: str
    waypoints: tuple[Waypoint, ...]
    closed: bool = False


@dataclass(frozen=True)
class Vertex(Record):
    """A corner of a polyline, and the time at which to be there."""

    position: Position
    time: float | None = None


@dataclass(frozen=True)
class Polyline(Record):
    """At least two corners joined by straight lines."""

    vertices: tuple[Vertex, ...]


@dataclass(frozen=True)
class Clothoid(Record):
    """Curvature (1/m) that changes by `curvature_prime` (1/m^2) from a start over a length."""

    position: Position
    curvature: float
    curvature_prime: float
    length: float
    start_time: float | None = None
    stop_time: float | None = None


@dataclass(frozen=True)
class ClothoidSplineSegment(Record):
    """Linear curvature over a length, from a start or turned by `h_offset` from where the one before ends.

    A first segment without a start begins where the entity is.
    """

    curvature_start: float
    curvature_end: float
    length: float
    h_offset: float = 0.0
    time_start: float | None = None
    position_start: Position | None = None


@dataclass(frozen=True)
class ClothoidSpline(Record):
    """Clothoids one after the other."""

    segments: tuple[ClothoidSplineSegment, ...]
    time_end: float | None = None


@dataclass(frozen=True)
class ControlPoint(Record):
    """A control point of a NURBS."""

    position: Position
    time: float | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class Nurbs(Record):
    """A non-uniform rational B-spline of an order (degree + 1) with len(control_points) + order knots."""

    order: int
    control_points: tuple[ControlPoint, ...]
    knots: tuple[float, ...]


@dataclass(frozen=True)
class Trajectory(Record):
    """A line to drive along."""

    name: str
    shape: Polyline | Clothoid | ClothoidSpline | Nurbs
    closed: bool = False
