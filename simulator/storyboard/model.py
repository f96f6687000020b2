"""Scripted scenarios as plain data: the model of ASAM OpenSCENARIO XML 1.3, which every front end compiles to.

Classes carry the names of the standard, fields its attribute names in snake_case; what the standard only wraps to make
a choice (`Position`, `LongitudinalAction`, `SpeedActionTarget`, `TrajectoryRef` ...) is here a union of the
alternatives. Parameters, expressions and catalog references are already resolved and deprecated elements replaced by
those of 1.3, so no reader of this model needs to know of them. There is no XML in it and there are no roads in it.

Units are SI and radians, except where a name says otherwise. None means "not given"; where the standard gives a
missing value a meaning, the field says so or has that default. Two records are equal when their content is; the
line that they come from does not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

AngleType: TypeAlias = Literal["heading", "pitch", "roll"]
ColorType: TypeAlias = Literal[
    "other", "red", "yellow", "green", "blue", "violet", "orange", "brown", "black", "grey", "white"
]
ConditionEdge: TypeAlias = Literal["falling", "none", "rising", "risingOrFalling"]
ControllerType: TypeAlias = Literal["lateral", "longitudinal", "lighting", "animation", "movement", "appearance", "all"]
CoordinateSystem: TypeAlias = Literal["entity", "lane", "road", "trajectory", "world"]
DirectionalDimension: TypeAlias = Literal["longitudinal", "lateral", "vertical"]
DynamicsDimension: TypeAlias = Literal["distance", "rate", "time"]
DynamicsShape: TypeAlias = Literal["cubic", "linear", "sinusoidal", "step"]
FollowingMode: TypeAlias = Literal["follow", "position"]
LateralDisplacement: TypeAlias = Literal["any", "leftToReferencedEntity", "rightToReferencedEntity"]
LightMode: TypeAlias = Literal["on", "off", "flashing"]
LongitudinalDisplacement: TypeAlias = Literal["any", "trailingReferencedEntity", "leadingReferencedEntity"]
MiscObjectCategory: TypeAlias = Literal[
    "barrier",
    "building",
    "crosswalk",
    "gantry",
    "none",
    "obstacle",
    "parkingSpace",
    "patch",
    "pole",
    "railing",
    "roadMark",
    "soundBarrier",
    "streetLamp",
    "trafficIsland",
    "tree",
    "vegetation",
]
ObjectType: TypeAlias = Literal["miscellaneous", "pedestrian", "vehicle", "external"]
ParameterType: TypeAlias = Literal["boolean", "dateTime", "double", "string", "unsignedInt", "unsignedShort", "int"]
PedestrianCategory: TypeAlias = Literal["animal", "pedestrian", "wheelchair"]
PedestrianGestureType: TypeAlias = Literal[
    "phoneCallRightHand",
    "phoneCallLeftHand",
    "phoneTextRightHand",
    "phoneTextLeftHand",
    "wavingRightArm",
    "wavingLeftArm",
    "umbrellaRightHand",
    "umbrellaLeftHand",
    "crossArms",
    "coffeeRightHand",
    "coffeeLeftHand",
    "sandwichRightHand",
    "sandwichLeftHand",
]
PedestrianMotionType: TypeAlias = Literal[
    "standing",
    "sitting",
    "lying",
    "squatting",
    "walking",
    "running",
    "reeling",
    "crawling",
    "cycling",
    "jumping",
    "ducking",
    "bendingDown",
]
PrecipitationType: TypeAlias = Literal["dry", "rain", "snow"]
Priority: TypeAlias = Literal["override", "parallel", "skip"]
ReferenceContext: TypeAlias = Literal["absolute", "relative"]
RelativeDistanceType: TypeAlias = Literal["lateral", "longitudinal", "euclidianDistance"]
Role: TypeAlias = Literal[
    "none", "ambulance", "civil", "fire", "military", "police", "publicTransport", "roadAssistance"
]
RouteStrategy: TypeAlias = Literal["fastest", "leastIntersections", "random", "shortest"]
RoutingAlgorithm: TypeAlias = Literal["assignedRoute", "fastest", "leastIntersections", "shortest", "undefined"]
Rule: TypeAlias = Literal["equalTo", "greaterThan", "lessThan", "greaterOrEqual", "lessOrEqual", "notEqualTo"]
SpeedTargetValueType: TypeAlias = Literal["delta", "factor"]
StoryboardElementState: TypeAlias = Literal[
    "completeState",
    "endTransition",
    "runningState",
    "skipTransition",
    "standbyState",
    "startTransition",
    "stopTransition",
]
StoryboardElementType: TypeAlias = Literal["act", "action", "event", "maneuver", "maneuverGroup", "story"]
TriggeringEntitiesRule: TypeAlias = Literal["all", "any"]
VehicleCategory: TypeAlias = Literal[
    "bicycle", "bus", "car", "motorbike", "semitrailer", "trailer", "train", "tram", "truck", "van"
]
VehicleComponentType: TypeAlias = Literal[
    "hood",
    "trunk",
    "doorFrontRight",
    "doorFrontLeft",
    "doorRearRight",
    "doorRearLeft",
    "windowFrontRight",
    "windowFrontLeft",
    "windowRearRight",
    "windowRearLeft",
    "sideMirrors",
    "sideMirrorRight",
    "sideMirrorLeft",
]
VehicleLightType: TypeAlias = Literal[
    "daytimeRunningLights",
    "lowBeam",
    "highBeam",
    "fogLights",
    "fogLightsFront",
    "fogLightsRear",
    "brakeLights",
    "warningLights",
    "indicatorLeft",
    "indicatorRight",
    "reversingLights",
    "licensePlateIllumination",
    "specialPurposeLights",
]
Wetness: TypeAlias = Literal["dry", "moist", "wetWithPuddles", "lowFlooded", "highFlooded"]


@dataclass(frozen=True)
class Record:
    """Anything that stands somewhere in a file: `line` is where, 0 when unknown."""

    line: int = field(default=0, kw_only=True, compare=False, repr=False)


# ---------------------------------------------------------------------------------------------------- positions


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


# --------------------------------------------------------------------------------------- routes and trajectories


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
    """Linear curvature over a length; without a start it goes on where the one before ends, turned by `h_offset`."""

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


# ------------------------------------------------------------------------------------------------------- entities


@dataclass(frozen=True)
class Properties(Record):
    """What a simulator's maker may say beyond the standard."""

    properties: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    custom_content: tuple[str, ...] = ()


@dataclass(frozen=True)
class BoundingBox(Record):
    """An entity's box: centre in the entity's frame and size."""

    center_x: float
    center_y: float
    center_z: float
    length: float
    width: float
    height: float


@dataclass(frozen=True)
class Performance(Record):
    """What a vehicle can do; rates are changes of acceleration (m/s^3), None: no limit."""

    max_speed: float
    max_acceleration: float
    max_deceleration: float
    max_acceleration_rate: float | None = None
    max_deceleration_rate: float | None = None


@dataclass(frozen=True)
class Axle(Record):
    """An axle: largest steering angle, wheels, place in the vehicle's frame."""

    max_steering: float
    wheel_diameter: float
    track_width: float
    position_x: float
    position_z: float


@dataclass(frozen=True)
class Axles(Record):
    """Front (none on most trailers), rear and any more axles."""

    rear_axle: Axle
    front_axle: Axle | None = None
    additional_axles: tuple[Axle, ...] = ()


@dataclass(frozen=True)
class TrailerHitch(Record):
    """Where a trailer is drawn, in the vehicle's frame."""

    dx: float
    dz: float = 0.0


@dataclass(frozen=True)
class TrailerCoupler(Record):
    """Where a trailer is coupled, in the trailer's frame."""

    dx: float
    dz: float = 0.0


@dataclass(frozen=True)
class Vehicle(Record):
    """A vehicle. `trailer` names the entity that it draws at the start."""

    name: str
    vehicle_category: VehicleCategory
    bounding_box: BoundingBox
    performance: Performance
    axles: Axles
    mass: float | None = None
    role: Role = "none"
    model3d: str = ""
    properties: Properties = field(default_factory=Properties)
    trailer_hitch: TrailerHitch | None = None
    trailer_coupler: TrailerCoupler | None = None
    trailer: str | None = None


@dataclass(frozen=True)
class Pedestrian(Record):
    """A person or an animal."""

    name: str
    pedestrian_category: PedestrianCategory
    bounding_box: BoundingBox
    mass: float = 0.0
    role: Role = "none"
    model3d: str = ""
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True)
class MiscObject(Record):
    """Anything else that is not part of the road."""

    name: str
    misc_object_category: MiscObjectCategory
    bounding_box: BoundingBox
    mass: float = 0.0
    model3d: str = ""
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True)
class ExternalObjectReference(Record):
    """An object that the road network already has."""

    name: str


EntityObject: TypeAlias = Vehicle | Pedestrian | MiscObject | ExternalObjectReference


@dataclass(frozen=True)
class Controller(Record):
    """Something that drives an entity; its properties say what."""

    name: str
    controller_type: ControllerType = "movement"
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True)
class ObjectController(Record):
    """A controller that an entity has, by the name that actions use for it."""

    name: str
    controller: Controller


@dataclass(frozen=True)
class ScenarioObject(Record):
    """An entity of the scenario. Trailers that a vehicle brings along are entities of their own."""

    name: str
    object: EntityObject
    controllers: tuple[ObjectController, ...] = ()


@dataclass(frozen=True)
class EntitySelection(Record):
    """A name for several entities. Actors and triggering entities have it replaced by its members."""

    name: str
    members: tuple[str, ...]


# ---------------------------------------------------------------------------------- actions that move an entity


@dataclass(frozen=True)
class TransitionDynamics(Record):
    """How a value gets to its target: in `value` seconds, metres, or at a rate of `value` a second."""

    dynamics_shape: DynamicsShape
    dynamics_dimension: DynamicsDimension
    value: float
    following_mode: FollowingMode = "position"


@dataclass(frozen=True)
class DynamicConstraints(Record):
    """Limits that an action keeps to; None: the entity's own (Performance)."""

    max_speed: float | None = None
    max_acceleration: float | None = None
    max_deceleration: float | None = None
    max_acceleration_rate: float | None = None
    max_deceleration_rate: float | None = None


@dataclass(frozen=True)
class AbsoluteTargetSpeed(Record):
    """A speed."""

    value: float


@dataclass(frozen=True)
class RelativeTargetSpeed(Record):
    """An entity's speed plus (delta) or times (factor) a value; continuous ones never end."""

    entity_ref: str
    value: float
    speed_target_value_type: SpeedTargetValueType
    continuous: bool


@dataclass(frozen=True)
class SpeedAction(Record):
    """Change to a speed."""

    dynamics: TransitionDynamics
    target: AbsoluteTargetSpeed | RelativeTargetSpeed


@dataclass(frozen=True)
class SpeedProfileEntry(Record):
    """A speed to reach, `time` seconds after the entry before (None: as fast as the limits allow)."""

    speed: float
    time: float | None = None


@dataclass(frozen=True)
class SpeedProfileAction(Record):
    """Speeds one after the other; relative to another entity's speed where one is named."""

    following_mode: FollowingMode
    entries: tuple[SpeedProfileEntry, ...]
    entity_ref: str | None = None
    dynamic_constraints: DynamicConstraints | None = None


@dataclass(frozen=True)
class LongitudinalDistanceAction(Record):
    """Reach, and if continuous keep, a distance (m) or a time gap (s), one of them given, to an entity.

    Displacement None: on the side where the entity is now.
    """

    entity_ref: str
    continuous: bool
    freespace: bool
    distance: float | None = None
    time_gap: float | None = None
    displacement: LongitudinalDisplacement | None = None
    coordinate_system: CoordinateSystem = "entity"
    dynamic_constraints: DynamicConstraints | None = None


@dataclass(frozen=True)
class AbsoluteTargetLane(Record):
    """A lane id."""

    value: str


@dataclass(frozen=True)
class RelativeTargetLane(Record):
    """Lanes to the left (positive, in the entity's lane direction) of an entity."""

    entity_ref: str
    value: int


@dataclass(frozen=True)
class LaneChangeAction(Record):
    """Change to a lane, `target_lane_offset` beside its centre."""

    dynamics: TransitionDynamics
    target: AbsoluteTargetLane | RelativeTargetLane
    target_lane_offset: float = 0.0


@dataclass(frozen=True)
class AbsoluteTargetLaneOffset(Record):
    """A distance to the left of the lane's centre."""

    value: float


@dataclass(frozen=True)
class RelativeTargetLaneOffset(Record):
    """An entity's distance to the lane's centre plus a value."""

    entity_ref: str
    value: float


@dataclass(frozen=True)
class LaneOffsetAction(Record):
    """Move beside the lane's centre, at most at a lateral acceleration (None: at once as the shape allows)."""

    dynamics_shape: DynamicsShape
    target: AbsoluteTargetLaneOffset | RelativeTargetLaneOffset
    continuous: bool
    max_lateral_acc: float | None = None


@dataclass(frozen=True)
class LateralDistanceAction(Record):
    """Reach, and if continuous keep, a distance beside an entity (None: the one there is).

    Displacement None: on the side where the entity is now.
    """

    entity_ref: str
    continuous: bool
    freespace: bool
    distance: float | None = None
    displacement: LateralDisplacement | None = None
    coordinate_system: CoordinateSystem = "entity"
    dynamic_constraints: DynamicConstraints | None = None


@dataclass(frozen=True)
class TargetDistanceSteadyState(Record):
    """The final speed is held over the last metres."""

    distance: float


@dataclass(frozen=True)
class TargetTimeSteadyState(Record):
    """The final speed is held over the last seconds."""

    time: float


SteadyState: TypeAlias = TargetDistanceSteadyState | TargetTimeSteadyState


@dataclass(frozen=True)
class AbsoluteSpeed(Record):
    """A final speed."""

    value: float
    steady_state: SteadyState | None = None


@dataclass(frozen=True)
class RelativeSpeedToMaster(Record):
    """A final speed by the master's."""

    value: float
    speed_target_value_type: SpeedTargetValueType
    steady_state: SteadyState | None = None


@dataclass(frozen=True)
class SynchronizeAction(Record):
    """Arrive at a place when the master arrives at its own."""

    master_entity_ref: str
    target_position_master: Position
    target_position: Position
    final_speed: AbsoluteSpeed | RelativeSpeedToMaster | None = None
    target_tolerance_master: float | None = None
    target_tolerance: float | None = None


@dataclass(frozen=True)
class TeleportAction(Record):
    """Be somewhere at once."""

    position: Position


@dataclass(frozen=True)
class AssignRouteAction(Record):
    """Follow a route."""

    route: Route


@dataclass(frozen=True)
class AcquirePositionAction(Record):
    """Follow the shortest route to a place."""

    position: Position


@dataclass(frozen=True)
class RandomRouteAction(Record):
    """Drive on at random."""


@dataclass(frozen=True)
class Timing(Record):
    """Time along a trajectory as simulated time (absolute) or since the start (relative): scale * time + offset."""

    domain_absolute_relative: ReferenceContext
    scale: float
    offset: float


@dataclass(frozen=True)
class FollowTrajectoryAction(Record):
    """Drive along a trajectory; without a timing at the speed that the entity has."""

    trajectory: Trajectory
    following_mode: FollowingMode
    time_reference: Timing | None = None
    initial_distance_offset: float = 0.0


# ---------------------------------------------------------------------------------- other actions of an entity


@dataclass(frozen=True)
class VisibilityAction(Record):
    """Whether an entity can be seen; `sensor_references` limits `sensors` to these (empty: all)."""

    graphics: bool
    sensors: bool
    traffic: bool
    sensor_references: tuple[str, ...] = ()


@dataclass(frozen=True)
class AssignControllerAction(Record):
    """Give an entity a controller and activate it for some domains (None: leave as it is)."""

    controller: ObjectController | None = None
    activate_lateral: bool | None = None
    activate_longitudinal: bool | None = None
    activate_animation: bool | None = None
    activate_lighting: bool | None = None


@dataclass(frozen=True)
class ActivateControllerAction(Record):
    """Activate or deactivate a controller of the entity (None: the one it has) for domains (None: leave)."""

    object_controller_ref: str | None = None
    lateral: bool | None = None
    longitudinal: bool | None = None
    animation: bool | None = None
    lighting: bool | None = None


@dataclass(frozen=True)
class OverrideThrottleAction(Record):
    """Pedal from 0 to 1; `max_rate` a second."""

    active: bool
    value: float
    max_rate: float | None = None


@dataclass(frozen=True)
class OverrideClutchAction(Record):
    """Pedal from 0 to 1; `max_rate` a second."""

    active: bool
    value: float
    max_rate: float | None = None


@dataclass(frozen=True)
class OverrideSteeringWheelAction(Record):
    """Angle of the wheel; rad/s and Nm at most."""

    active: bool
    value: float
    max_rate: float | None = None
    max_torque: float | None = None


@dataclass(frozen=True)
class BrakePercent(Record):
    """Brake from 0 to 1."""

    value: float
    max_rate: float | None = None


@dataclass(frozen=True)
class BrakeForce(Record):
    """Brake in newtons."""

    value: float
    max_rate: float | None = None


@dataclass(frozen=True)
class OverrideBrakeAction(Record):
    """Service brake."""

    active: bool
    brake: BrakePercent | BrakeForce | None = None


@dataclass(frozen=True)
class OverrideParkingBrakeAction(Record):
    """Parking brake."""

    active: bool
    brake: BrakePercent | BrakeForce | None = None


@dataclass(frozen=True)
class ManualGear(Record):
    """A gear by number: 0 neutral, negative reverse."""

    number: int


@dataclass(frozen=True)
class AutomaticGear(Record):
    """A position of the selector."""

    gear: Literal["n", "p", "r", "d"]


@dataclass(frozen=True)
class OverrideGearAction(Record):
    """Gear."""

    active: bool
    gear: ManualGear | AutomaticGear | None = None


@dataclass(frozen=True)
class OverrideControllerValueAction(Record):
    """Inputs that replace the controller's while active; None: untouched."""

    throttle: OverrideThrottleAction | None = None
    brake: OverrideBrakeAction | None = None
    clutch: OverrideClutchAction | None = None
    parking_brake: OverrideParkingBrakeAction | None = None
    steering_wheel: OverrideSteeringWheelAction | None = None
    gear: OverrideGearAction | None = None


@dataclass(frozen=True)
class ControllerAction(Record):
    """Assign, override, activate: one of them since 1.1; a file of 1.0 has assign and override together."""

    assign: AssignControllerAction | None = None
    override: OverrideControllerValueAction | None = None
    activate: ActivateControllerAction | None = None


@dataclass(frozen=True)
class VehicleLight(Record):
    """A lamp of every vehicle."""

    vehicle_light_type: VehicleLightType


@dataclass(frozen=True)
class UserDefinedLight(Record):
    """A lamp that the standard does not know."""

    user_defined_light_type: str


@dataclass(frozen=True)
class Color(Record):
    """A colour by its kind, and as red, green, blue from 0 to 1 where given (CMYK is converted)."""

    color_type: ColorType
    rgb: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class LightState(Record):
    """On, off, or flashing with these seconds on and off (None: the lamp's own); luminous intensity in candela."""

    mode: LightMode
    luminous_intensity: float | None = None
    flashing_on_duration: float | None = None
    flashing_off_duration: float | None = None
    color: Color | None = None


@dataclass(frozen=True)
class LightStateAction(Record):
    """Switch a lamp within `transition_time`."""

    light_type: VehicleLight | UserDefinedLight
    light_state: LightState
    transition_time: float = 0.0


@dataclass(frozen=True)
class VehicleComponent(Record):
    """A part of a vehicle that opens."""

    vehicle_component_type: VehicleComponentType


@dataclass(frozen=True)
class UserDefinedComponent(Record):
    """A part that the standard does not know."""

    user_defined_component_type: str


@dataclass(frozen=True)
class ComponentAnimation(Record):
    """A part moves."""

    component: VehicleComponent | UserDefinedComponent


@dataclass(frozen=True)
class PedestrianAnimation(Record):
    """A person moves and gestures."""

    motion: PedestrianMotionType | None = None
    gestures: tuple[PedestrianGestureType, ...] = ()
    user_defined_pedestrian_animation: str | None = None


@dataclass(frozen=True)
class AnimationFile(Record):
    """An animation in a file, from a time on."""

    file: str
    time_offset: float = 0.0


@dataclass(frozen=True)
class UserDefinedAnimation(Record):
    """An animation that the standard does not know."""

    user_defined_animation_type: str


@dataclass(frozen=True)
class AnimationAction(Record):
    """Animate to a state from 0 to 1, in a loop or once, in a time (None: the animation's own)."""

    animation_type: ComponentAnimation | PedestrianAnimation | AnimationFile | UserDefinedAnimation
    state: float | None = None
    loop: bool = False
    animation_duration: float | None = None


@dataclass(frozen=True)
class AppearanceAction(Record):
    """Lights or animation: one of them since 1.3; files of 1.2 may have both."""

    light_state: LightStateAction | None = None
    animation: AnimationAction | None = None


@dataclass(frozen=True)
class ConnectTrailerAction(Record):
    """Couple a trailer, an entity."""

    trailer_ref: str


@dataclass(frozen=True)
class DisconnectTrailerAction(Record):
    """Leave the trailer where it is."""


PrivateAction: TypeAlias = (
    SpeedAction
    | SpeedProfileAction
    | LongitudinalDistanceAction
    | LaneChangeAction
    | LaneOffsetAction
    | LateralDistanceAction
    | VisibilityAction
    | SynchronizeAction
    | ControllerAction
    | TeleportAction
    | AssignRouteAction
    | FollowTrajectoryAction
    | AcquirePositionAction
    | RandomRouteAction
    | AppearanceAction
    | ConnectTrailerAction
    | DisconnectTrailerAction
)


# ----------------------------------------------------------------------------------------------- global actions


@dataclass(frozen=True)
class TimeOfDay(Record):
    """Date and time as ISO 8601; whether it runs on with the simulation."""

    date_time: str
    animation: bool


@dataclass(frozen=True)
class Sun(Record):
    """Azimuth clockwise from north, elevation above the horizon, illuminance in lux (None: as the elevation gives)."""

    azimuth: float
    elevation: float
    illuminance: float | None = None


@dataclass(frozen=True)
class Fog(Record):
    """Visual range, everywhere or within a box."""

    visual_range: float
    bounding_box: BoundingBox | None = None


@dataclass(frozen=True)
class Precipitation(Record):
    """What falls, in mm/h."""

    precipitation_type: PrecipitationType
    precipitation_intensity: float


@dataclass(frozen=True)
class Wind(Record):
    """Direction from which it blows, clockwise from north, and speed."""

    direction: float
    speed: float


@dataclass(frozen=True)
class DomeImage(Record):
    """A picture of the sky, turned."""

    dome_file: str
    azimuth_offset: float = 0.0


@dataclass(frozen=True)
class Weather(Record):
    """Cloud cover in oktas (0 to 8; 9: sky not visible), pascals, kelvins; None: no change."""

    fractional_cloud_cover: int | None = None
    atmospheric_pressure: float | None = None
    temperature: float | None = None
    sun: Sun | None = None
    fog: Fog | None = None
    precipitation: Precipitation | None = None
    wind: Wind | None = None
    dome_image: DomeImage | None = None


@dataclass(frozen=True)
class RoadCondition(Record):
    """Factor on the friction of the road, and how wet it is."""

    friction_scale_factor: float
    wetness: Wetness | None = None
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True)
class Environment(Record):
    """The conditions; None: no change."""

    name: str
    time_of_day: TimeOfDay | None = None
    weather: Weather | None = None
    road_condition: RoadCondition | None = None


@dataclass(frozen=True)
class EnvironmentAction(Record):
    """Change the conditions."""

    environment: Environment


@dataclass(frozen=True)
class AddEntityAction(Record):
    """An entity comes into being."""

    entity_ref: str
    position: Position


@dataclass(frozen=True)
class DeleteEntityAction(Record):
    """An entity vanishes."""

    entity_ref: str


@dataclass(frozen=True)
class ParameterSetAction(Record):
    """Set a parameter (deprecated since 1.2: use variables)."""

    parameter_ref: str
    value: str


@dataclass(frozen=True)
class VariableSetAction(Record):
    """Set a variable."""

    variable_ref: str
    value: str


@dataclass(frozen=True)
class AddValue(Record):
    """Plus a value."""

    value: float


@dataclass(frozen=True)
class MultiplyByValue(Record):
    """Times a value."""

    value: float


@dataclass(frozen=True)
class ParameterModifyAction(Record):
    """Change a parameter (deprecated since 1.2: use variables)."""

    parameter_ref: str
    rule: AddValue | MultiplyByValue


@dataclass(frozen=True)
class VariableModifyAction(Record):
    """Change a variable."""

    variable_ref: str
    rule: AddValue | MultiplyByValue


@dataclass(frozen=True)
class SetMonitorAction(Record):
    """Set a monitor."""

    monitor_ref: str
    value: bool


@dataclass(frozen=True)
class TrafficSignalStateAction(Record):
    """A signal of the road network shows a state, such as "on;off;off"."""

    name: str
    state: str


@dataclass(frozen=True)
class TrafficSignalControllerAction(Record):
    """A controller of signals starts a phase."""

    traffic_signal_controller_ref: str
    phase: str


@dataclass(frozen=True)
class ScenarioObjectTemplate(Record):
    """An entity to be made, perhaps many times."""

    object: EntityObject
    controllers: tuple[ObjectController, ...] = ()


@dataclass(frozen=True)
class EntityDistributionEntry(Record):
    """One kind of entity and its weight."""

    weight: float
    template: ScenarioObjectTemplate


@dataclass(frozen=True)
class TrafficDistributionEntry(Record):
    """A mix of entities, its weight, properties of the traffic."""

    weight: float
    entities: tuple[EntityDistributionEntry, ...]
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True)
class VehicleCategoryDistributionEntry(Record):
    """A category and its weight."""

    category: VehicleCategory
    weight: float


@dataclass(frozen=True)
class VehicleRoleDistributionEntry(Record):
    """A role and its weight."""

    role: Role
    weight: float


@dataclass(frozen=True)
class ControllerDistributionEntry(Record):
    """A controller and its weight."""

    controller: Controller
    weight: float


@dataclass(frozen=True)
class TrafficDefinition(Record):
    """What traffic consists of (until 1.2; since then TrafficDistribution)."""

    name: str
    vehicle_categories: tuple[VehicleCategoryDistributionEntry, ...]
    controllers: tuple[ControllerDistributionEntry, ...]
    vehicle_roles: tuple[VehicleRoleDistributionEntry, ...] = ()


@dataclass(frozen=True)
class DirectionOfTravelDistribution(Record):
    """Weights of the directions."""

    same: float
    opposite: float


@dataclass(frozen=True)
class TrafficSourceAction(Record):
    """Entities come up within a radius of a place, `rate` a second, at a speed (None: the road's)."""

    position: Position
    radius: float
    rate: float
    speed: float | None = None
    traffic_definition: TrafficDefinition | None = None
    traffic_distribution: tuple[TrafficDistributionEntry, ...] = ()
    traffic_name: str = ""


@dataclass(frozen=True)
class TrafficSinkAction(Record):
    """Entities vanish within a radius of a place, at most `rate` a second (None: all)."""

    position: Position
    radius: float
    rate: float | None = None
    traffic_definition: TrafficDefinition | None = None
    traffic_name: str = ""


@dataclass(frozen=True)
class TrafficSwarmAction(Record):
    """Vehicles around an entity, in an ellipse around it shifted ahead by `offset`, outside a circle.

    `initial_speed_range` is (least, greatest).
    """

    central_object: str
    semi_major_axis: float
    semi_minor_axis: float
    inner_radius: float
    offset: float
    number_of_vehicles: int
    initial_speed_range: tuple[float, float] | None = None
    direction_of_travel_distribution: DirectionOfTravelDistribution | None = None
    traffic_definition: TrafficDefinition | None = None
    traffic_distribution: tuple[TrafficDistributionEntry, ...] = ()
    traffic_name: str = ""


@dataclass(frozen=True)
class RoadCursor(Record):
    """A place of a road range, with the lanes that count (none: all)."""

    road_id: str
    s: float | None = None
    lanes: tuple[int, ...] = ()


@dataclass(frozen=True)
class RoadRange(Record):
    """A way along roads."""

    cursors: tuple[RoadCursor, ...]
    length: float | None = None


@dataclass(frozen=True)
class TrafficAreaAction(Record):
    """Traffic within a polygon or road ranges, one of them given."""

    number_of_entities: int
    continuous: bool
    traffic_distribution: tuple[TrafficDistributionEntry, ...]
    polygon: tuple[Position, ...] = ()
    road_ranges: tuple[RoadRange, ...] = ()
    traffic_name: str = ""


@dataclass(frozen=True)
class TrafficStopAction(Record):
    """Traffic of a name (empty: all) ends."""

    traffic_name: str = ""


@dataclass(frozen=True)
class UserDefinedAction(Record):
    """A command that the standard does not know."""

    type: str
    content: str = ""


GlobalAction: TypeAlias = (
    EnvironmentAction
    | AddEntityAction
    | DeleteEntityAction
    | ParameterSetAction
    | ParameterModifyAction
    | VariableSetAction
    | VariableModifyAction
    | SetMonitorAction
    | TrafficSignalStateAction
    | TrafficSignalControllerAction
    | TrafficSourceAction
    | TrafficSinkAction
    | TrafficSwarmAction
    | TrafficAreaAction
    | TrafficStopAction
)


# ---------------------------------------------------------------------------------------- conditions by entity


@dataclass(frozen=True)
class EndOfRoadCondition(Record):
    """At the end of the road for a time."""

    duration: float


@dataclass(frozen=True)
class CollisionCondition(Record):
    """Touching one of these entities, or any of a type; one of them is given."""

    entity_refs: tuple[str, ...] = ()
    by_type: ObjectType | None = None


@dataclass(frozen=True)
class OffroadCondition(Record):
    """Beside the road for a time."""

    duration: float


@dataclass(frozen=True)
class TimeHeadwayCondition(Record):
    """Distance to an entity over the own speed, in s."""

    entity_ref: str
    freespace: bool
    rule: Rule
    value: float
    coordinate_system: CoordinateSystem = "entity"
    relative_distance_type: RelativeDistanceType = "euclidianDistance"
    routing_algorithm: RoutingAlgorithm = "undefined"


@dataclass(frozen=True)
class TimeToCollisionCondition(Record):
    """Distance to an entity (a name) or a position over the closing speed, in s."""

    target: str | Position
    freespace: bool
    rule: Rule
    value: float
    coordinate_system: CoordinateSystem = "entity"
    relative_distance_type: RelativeDistanceType = "euclidianDistance"
    routing_algorithm: RoutingAlgorithm = "undefined"


@dataclass(frozen=True)
class AccelerationCondition(Record):
    """Acceleration, in a direction or (None) in total."""

    rule: Rule
    value: float
    direction: DirectionalDimension | None = None


@dataclass(frozen=True)
class StandStillCondition(Record):
    """Without motion for a time."""

    duration: float


@dataclass(frozen=True)
class SpeedCondition(Record):
    """Speed, in a direction or (None) in total."""

    rule: Rule
    value: float
    direction: DirectionalDimension | None = None


@dataclass(frozen=True)
class RelativeSpeedCondition(Record):
    """Own speed less an entity's, in a direction or (None) in total."""

    entity_ref: str
    rule: Rule
    value: float
    direction: DirectionalDimension | None = None


@dataclass(frozen=True)
class TraveledDistanceCondition(Record):
    """Distance since the start of the simulation reaches a value."""

    value: float


@dataclass(frozen=True)
class ReachPositionCondition(Record):
    """Within a tolerance of a place (deprecated since 1.2: use DistanceCondition)."""

    position: Position
    tolerance: float


@dataclass(frozen=True)
class DistanceCondition(Record):
    """Distance to a place."""

    position: Position
    freespace: bool
    rule: Rule
    value: float
    coordinate_system: CoordinateSystem = "entity"
    relative_distance_type: RelativeDistanceType = "euclidianDistance"
    routing_algorithm: RoutingAlgorithm = "undefined"


@dataclass(frozen=True)
class RelativeDistanceCondition(Record):
    """Distance to an entity."""

    entity_ref: str
    freespace: bool
    relative_distance_type: RelativeDistanceType
    rule: Rule
    value: float
    coordinate_system: CoordinateSystem = "entity"
    routing_algorithm: RoutingAlgorithm = "undefined"


@dataclass(frozen=True)
class RelativeLaneRange(Record):
    """Lanes relative to the own one, from ... to (None: no limit)."""

    from_lane: int | None = None
    to_lane: int | None = None


@dataclass(frozen=True)
class RelativeClearanceCondition(Record):
    """No entity (of these, where named) within a stretch of these lanes (none: all)."""

    opposite_lanes: bool
    free_space: bool
    distance_forward: float = 0.0
    distance_backward: float = 0.0
    relative_lane_ranges: tuple[RelativeLaneRange, ...] = ()
    entity_refs: tuple[str, ...] = ()


@dataclass(frozen=True)
class AngleCondition(Record):
    """An angle of the entity within a tolerance of a value."""

    angle_type: AngleType
    angle: float
    angle_tolerance: float
    coordinate_system: CoordinateSystem = "world"


@dataclass(frozen=True)
class RelativeAngleCondition(Record):
    """An angle of the entity less another's within a tolerance of a value."""

    entity_ref: str
    angle_type: AngleType
    angle: float
    angle_tolerance: float
    coordinate_system: CoordinateSystem = "entity"


EntityCondition: TypeAlias = (
    EndOfRoadCondition
    | CollisionCondition
    | OffroadCondition
    | TimeHeadwayCondition
    | TimeToCollisionCondition
    | AccelerationCondition
    | StandStillCondition
    | SpeedCondition
    | RelativeSpeedCondition
    | TraveledDistanceCondition
    | ReachPositionCondition
    | DistanceCondition
    | RelativeDistanceCondition
    | RelativeClearanceCondition
    | AngleCondition
    | RelativeAngleCondition
)


@dataclass(frozen=True)
class ByEntityCondition(Record):
    """A condition that any or all of some entities meet."""

    triggering_entities: tuple[str, ...]
    triggering_entities_rule: TriggeringEntitiesRule
    condition: EntityCondition


# ----------------------------------------------------------------------------------------- conditions by value


@dataclass(frozen=True)
class ParameterCondition(Record):
    """A parameter's value; texts compare with a rule of equality only."""

    parameter_ref: str
    rule: Rule
    value: str


@dataclass(frozen=True)
class VariableCondition(Record):
    """A variable's value; texts compare with a rule of equality only."""

    variable_ref: str
    rule: Rule
    value: str


@dataclass(frozen=True)
class TimeOfDayCondition(Record):
    """Date and time of the environment, ISO 8601."""

    date_time: str
    rule: Rule


@dataclass(frozen=True)
class SimulationTimeCondition(Record):
    """Simulated time in s."""

    rule: Rule
    value: float


@dataclass(frozen=True)
class StoryboardElementStateCondition(Record):
    """An element, by its name or path ("story::act::..."), is in a state or makes a transition."""

    storyboard_element_type: StoryboardElementType
    storyboard_element_ref: str
    state: StoryboardElementState


@dataclass(frozen=True)
class UserDefinedValueCondition(Record):
    """A value from outside."""

    name: str
    rule: Rule
    value: str


@dataclass(frozen=True)
class TrafficSignalCondition(Record):
    """A signal shows a state."""

    name: str
    state: str


@dataclass(frozen=True)
class TrafficSignalControllerCondition(Record):
    """A controller of signals is in a phase."""

    traffic_signal_controller_ref: str
    phase: str


ByValueCondition: TypeAlias = (
    ParameterCondition
    | VariableCondition
    | TimeOfDayCondition
    | SimulationTimeCondition
    | StoryboardElementStateCondition
    | UserDefinedValueCondition
    | TrafficSignalCondition
    | TrafficSignalControllerCondition
)


# ---------------------------------------------------------------------------------------------------- storyboard


@dataclass(frozen=True)
class Condition(Record):
    """A condition, true `delay` seconds later, at an edge of what it watches or (none) as long as it holds."""

    name: str
    condition: ByEntityCondition | ByValueCondition
    condition_edge: ConditionEdge = "none"
    delay: float = 0.0


@dataclass(frozen=True)
class ConditionGroup(Record):
    """Met when all of its conditions are."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Trigger(Record):
    """Met when one of its groups is; without groups never."""

    condition_groups: tuple[ConditionGroup, ...] = ()


@dataclass(frozen=True)
class Action(Record):
    """A named action of an event."""

    name: str
    action: PrivateAction | GlobalAction | UserDefinedAction


@dataclass(frozen=True)
class Event(Record):
    """Actions that start together; without a trigger as soon as the maneuver runs.

    `maximum_execution_count` is how often; None: as the standard says, once.
    """

    name: str
    priority: Priority
    actions: tuple[Action, ...]
    start_trigger: Trigger | None = None
    maximum_execution_count: int | None = None


@dataclass(frozen=True)
class Maneuver(Record):
    """Events of one purpose."""

    name: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class ManeuverGroup(Record):
    """Maneuvers and the entities that do them; `select_triggering_entities`: those that met the event's trigger too."""

    name: str
    maximum_execution_count: int
    actors: tuple[str, ...]
    maneuvers: tuple[Maneuver, ...]
    select_triggering_entities: bool = False


@dataclass(frozen=True)
class Act(Record):
    """Groups that start together; without a trigger at once."""

    name: str
    maneuver_groups: tuple[ManeuverGroup, ...]
    start_trigger: Trigger | None = None
    stop_trigger: Trigger | None = None


@dataclass(frozen=True)
class Story(Record):
    """Acts of one purpose."""

    name: str
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Private(Record):
    """What an entity does before the start."""

    entity_ref: str
    actions: tuple[PrivateAction, ...]


@dataclass(frozen=True)
class Init(Record):
    """Everything that happens before the start."""

    global_actions: tuple[GlobalAction, ...] = ()
    user_defined_actions: tuple[UserDefinedAction, ...] = ()
    privates: tuple[Private, ...] = ()


@dataclass(frozen=True)
class Storyboard(Record):
    """What happens; without a stop trigger until all is done."""

    init: Init
    stories: tuple[Story, ...] = ()
    stop_trigger: Trigger | None = None


# ------------------------------------------------------------------------------------------------------ scenario


@dataclass(frozen=True)
class TrafficSignalState(Record):
    """What one signal shows."""

    traffic_signal_id: str
    state: str


@dataclass(frozen=True)
class Phase(Record):
    """States of signals for a time; `group_state` is of all the controller's signals."""

    name: str
    duration: float
    traffic_signal_states: tuple[TrafficSignalState, ...] = ()
    group_state: str | None = None


@dataclass(frozen=True)
class TrafficSignalController(Record):
    """Phases in a cycle, begun `delay` seconds after those of the controller named by `reference`."""

    name: str
    phases: tuple[Phase, ...] = ()
    delay: float = 0.0
    reference: str | None = None


@dataclass(frozen=True)
class RoadNetwork(Record):
    """The map (found on disk), the 3D model (as the file names it), controllers of signals, the part in use."""

    logic_file: Path | None = None
    scene_graph_file: str = ""
    traffic_signals: tuple[TrafficSignalController, ...] = ()
    used_area: tuple[Position, ...] = ()


Value: TypeAlias = bool | int | float | str


@dataclass(frozen=True)
class ParameterDeclaration(Record):
    """A parameter with the value that it has in this run, of the Python type that its type calls for."""

    name: str
    parameter_type: ParameterType
    value: Value


@dataclass(frozen=True)
class VariableDeclaration(Record):
    """A variable with the value that it has at the start."""

    name: str
    variable_type: ParameterType
    value: Value


@dataclass(frozen=True)
class MonitorDeclaration(Record):
    """A monitor with the value that it has at the start."""

    name: str
    value: bool


@dataclass(frozen=True)
class License(Record):
    """Under which terms a file may be used."""

    name: str
    resource: str = ""
    spdx_id: str = ""
    text: str = ""


@dataclass(frozen=True)
class FileHeader(Record):
    """Who wrote a file, when, of which version."""

    rev_major: int
    rev_minor: int
    author: str = ""
    date: str = ""
    description: str = ""
    license: License | None = None
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True)
class OpenScenario(Record):
    """A scripted scenario, complete. `source` is its file; `warnings` is what reading it repaired or ignored."""

    file_header: FileHeader
    storyboard: Storyboard
    entities: tuple[ScenarioObject, ...] = ()
    entity_selections: tuple[EntitySelection, ...] = ()
    road_network: RoadNetwork = field(default_factory=RoadNetwork)
    parameters: tuple[ParameterDeclaration, ...] = ()
    variables: tuple[VariableDeclaration, ...] = ()
    monitors: tuple[MonitorDeclaration, ...] = ()
    source: Path | None = None
    warnings: tuple[str, ...] = ()
