"""What an entity does: actions of motion, controllers, appearance, trailers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from simulator.storyboard.model.entities import ObjectController
from simulator.storyboard.model.places import Position, Route, Trajectory
from simulator.storyboard.model.terms import (
    ColorType,
    CoordinateSystem,
    DynamicsDimension,
    DynamicsShape,
    FollowingMode,
    LateralDisplacement,
    LightMode,
    LongitudinalDisplacement,
    PedestrianGestureType,
    PedestrianMotionType,
    Record,
    ReferenceContext,
    SpeedTargetValueType,
    VehicleComponentType,
    VehicleLightType,
)


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
