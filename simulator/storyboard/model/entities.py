"""Vehicles, pedestrians, other objects and their controllers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from simulator.storyboard.model.terms import (
    ControllerType,
    MiscObjectCategory,
    PedestrianCategory,
    Record,
    Role,
    VehicleCategory,
)


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


DEFAULT_CONTROLLER = Controller("")  # what drives an entity that names no other (ASAM OpenSCENARIO XML 1.3, 7.2.5)


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
