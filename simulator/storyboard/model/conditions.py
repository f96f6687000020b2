"""What triggers wait for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from simulator.storyboard.model.places import Position
from simulator.storyboard.model.terms import (
    AngleType,
    CoordinateSystem,
    DirectionalDimension,
    ObjectType,
    Record,
    RelativeDistanceType,
    RoutingAlgorithm,
    Rule,
    StoryboardElementState,
    StoryboardElementType,
    TriggeringEntitiesRule,
)


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
