"""Enumerations of the standard as literal types, and the record that everything of the model is."""

from __future__ import annotations

from dataclasses import dataclass, field
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
