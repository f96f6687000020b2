"""What happens to the world: conditions, entities, signals, traffic, variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from simulator.storyboard.model.entities import BoundingBox, Controller, EntityObject, ObjectController, Properties
from simulator.storyboard.model.places import Position
from simulator.storyboard.model.terms import PrecipitationType, Record, Role, VehicleCategory, Wetness


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
