"""The published table of OpenSCENARIO XML: every element that does something, how far it is supported, and its test."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.coverage import Support


@dataclass(frozen=True)
class Row:
    """One element.

    Attributes:
        element: its name in the standard.
        group: what kind of element it is.
        read: whether it reaches the model.
        played: whether the player does what it says; None while nobody has stated it.
        note: what is missing, and why.
        test: the test that proves it.
    """

    element: str
    group: str
    read: Support = "supported"
    played: Support | None = None
    note: str = ""
    test: str = "tests/test_openscenario_schema.py"

    @property
    def support(self) -> Support:
        """The worse of reading and playing."""
        order: tuple[Support, ...] = ("supported", "partly", "not")
        return max(self.read, self.played or "supported", key=order.index)


_GROUPS: dict[str, tuple[str, ...]] = {
    "action of an entity": (
        "SpeedAction",
        "SpeedProfileAction",
        "LongitudinalDistanceAction",
        "LaneChangeAction",
        "LaneOffsetAction",
        "LateralDistanceAction",
        "VisibilityAction",
        "SynchronizeAction",
        "ActivateControllerAction",
        "AssignControllerAction",
        "Throttle",
        "Brake",
        "Clutch",
        "ParkingBrake",
        "SteeringWheel",
        "Gear",
        "TeleportAction",
        "AssignRouteAction",
        "FollowTrajectoryAction",
        "AcquirePositionAction",
        "RandomRouteAction",
        "LightStateAction",
        "AnimationAction",
        "ConnectTrailerAction",
        "DisconnectTrailerAction",
    ),
    "global action": (
        "EnvironmentAction",
        "AddEntityAction",
        "DeleteEntityAction",
        "TrafficSignalStateAction",
        "TrafficSignalControllerAction",
        "SetMonitorAction",
        "ParameterSetAction",
        "ParameterModifyAction",
        "VariableSetAction",
        "VariableModifyAction",
        "TrafficSourceAction",
        "TrafficSinkAction",
        "TrafficSwarmAction",
        "TrafficAreaAction",
        "TrafficStopAction",
        "UserDefinedAction",
    ),
    "condition of an entity": (
        "EndOfRoadCondition",
        "CollisionCondition",
        "OffroadCondition",
        "TimeHeadwayCondition",
        "TimeToCollisionCondition",
        "AccelerationCondition",
        "StandStillCondition",
        "SpeedCondition",
        "RelativeSpeedCondition",
        "TraveledDistanceCondition",
        "ReachPositionCondition",
        "DistanceCondition",
        "RelativeDistanceCondition",
        "RelativeClearanceCondition",
        "AngleCondition",
        "RelativeAngleCondition",
    ),
    "condition of a value": (
        "ParameterCondition",
        "VariableCondition",
        "TimeOfDayCondition",
        "SimulationTimeCondition",
        "StoryboardElementStateCondition",
        "UserDefinedValueCondition",
        "TrafficSignalCondition",
        "TrafficSignalControllerCondition",
    ),
    "position": (
        "WorldPosition",
        "RelativeWorldPosition",
        "RelativeObjectPosition",
        "RoadPosition",
        "RelativeRoadPosition",
        "LanePosition",
        "RelativeLanePosition",
        "RoutePosition",
        "FromCurrentEntity",
        "FromRoadCoordinates",
        "FromLaneCoordinates",
        "GeoPosition",
        "TrajectoryPosition",
    ),
    "trajectory": ("Polyline", "Clothoid", "ClothoidSpline", "Nurbs"),
    "entity": (
        "Vehicle",
        "Pedestrian",
        "MiscObject",
        "ExternalObjectReference",
        "EntitySelection",
        "Controller",
        "ObjectController",
        "Trailer",
    ),
    "storyboard": (
        "Init",
        "Story",
        "Act",
        "ManeuverGroup",
        "Maneuver",
        "Event",
        "StartTrigger",
        "StopTrigger",
        "ConditionGroup",
    ),
    "road network": ("LogicFile", "SceneGraphFile", "UsedArea", "TrafficSignalController", "Route"),
    "environment": ("TimeOfDay", "Sun", "Fog", "Precipitation", "Wind", "DomeImage", "RoadCondition"),
    "catalog": (
        "VehicleCatalog",
        "ControllerCatalog",
        "PedestrianCatalog",
        "MiscObjectCatalog",
        "EnvironmentCatalog",
        "ManeuverCatalog",
        "TrajectoryCatalog",
        "RouteCatalog",
    ),
    "parameter": (
        "ParameterDeclaration",
        "ConstraintGroup",
        "VariableDeclaration",
        "MonitorDeclaration",
        "ParameterAssignment",
        "expression",
    ),
    "distribution": (
        "DistributionSet",
        "DistributionRange",
        "ValueSetDistribution",
        "ProbabilityDistributionSet",
        "NormalDistribution",
        "LogNormalDistribution",
        "UniformDistribution",
        "PoissonDistribution",
        "Histogram",
        "UserDefinedDistribution",
    ),
}
_LIVE = "tests/test_replay_live.py"
_TESTS = {
    "environment": _LIVE,
    **dict.fromkeys(("VisibilityAction", "LightStateAction", "EnvironmentAction"), _LIVE),
    **dict.fromkeys(("TrafficSignalStateAction", "TrafficSignalControllerAction", "TrafficSignalController"), _LIVE),
    "entity": "tests/test_openscenario_schema.py",
    "storyboard": "tests/test_openscenario_reading.py",
    "road network": "tests/test_openscenario_reading.py",
    "catalog": "tests/test_openscenario_catalogs.py",
    "parameter": "tests/test_openscenario_parameters.py",
    "distribution": "tests/test_openscenario_distributions.py",
}
_READ: dict[str, tuple[Support, str]] = {
    "UserDefinedAction": ("partly", "type and content are kept; what they mean is the user's affair"),
    "UserDefinedDistribution": ("not", "a warning; the parameter keeps the value of the scenario"),
    "UsedArea": ("partly", "kept; the whole road network is there"),
    "SceneGraphFile": ("partly", "the name is kept; surfaces come from the road network"),
    "Precipitation": ("supported", "the intensity of 1.0, from 0 to 1, counts as 50 mm/h at most, with a warning"),
}
# How far the player goes, and what it lacks.
_KEPT = "kept in the state of the entity for who renders it"
_CONTROLLERS = "those of esmini but for Rel2Abs and Sumo"
PLAYED: dict[str, tuple[Support, str]] = {
    **{
        element: ("supported", "")
        for group in (
            "action of an entity",
            "global action",
            "condition of an entity",
            "condition of a value",
            "position",
            "trajectory",
            "storyboard",
        )
        for element in _GROUPS[group]
    },
    "LaneOffsetAction": ("supported", "a continuous one with an absolute target ends when the offset is reached"),
    "VisibilityAction": (
        "supported",
        "graphics: cameras, sensors: lidars, traffic: controllers",
    ),
    "LightStateAction": ("partly", "rendered with the lamps' own colours and intensities; licence plates stay dark"),
    "AnimationAction": ("partly", _KEPT),
    "ActivateControllerAction": ("partly", "controllers that are not there fall back to the default one"),
    "AssignControllerAction": ("partly", "controllers that are not there fall back to the default one"),
    **dict.fromkeys(
        ("Throttle", "Brake", "Clutch", "ParkingBrake", "SteeringWheel", "Gear"),
        ("supported", "for entities under an interactive controller; kept in the state of all others"),
    ),
    "AssignRouteAction": ("partly", "always the shortest way between waypoints"),
    "EnvironmentAction": ("supported", "rendered frame by frame; pressure is ignored"),
    **dict.fromkeys(("TimeOfDay", "Sun", "Precipitation", "Wind"), ("supported", "")),
    "Fog": ("supported", "fog within a box is rendered while the ego is in the box"),
    "DomeImage": ("not", "a warning when rendered"),
    "RoadCondition": (
        "supported",
        "friction is in the conditions of the world; the default controller drives as told on any road (7.2.5)",
    ),
    "TrafficSinkAction": ("supported", "takes away what traffic actions have made, not entities of the scenario"),
    "UserDefinedAction": ("not", "a warning; it does nothing"),
    "UserDefinedValueCondition": ("not", "a warning; it is never met"),
    "GeoPosition": ("supported", "needs pyproj and a map with a <geoReference>"),
    "ManeuverGroup": ("supported", ""),
    "Vehicle": ("supported", ""),
    "Pedestrian": ("supported", ""),
    "MiscObject": ("supported", ""),
    "ExternalObjectReference": ("partly", "it has no size"),
    "EntitySelection": ("supported", ""),
    "Controller": ("partly", _CONTROLLERS),
    "ObjectController": ("partly", _CONTROLLERS),
    "Trailer": ("supported", ""),
    "TrafficSignalController": ("supported", ""),
    "Route": ("partly", "always the shortest way between waypoints"),
    "LogicFile": ("supported", ""),
}


def _rows() -> tuple[Row, ...]:
    rows = []
    for group, elements in _GROUPS.items():
        for element in elements:
            read, note = _READ.get(element, ("supported", ""))
            played, lack = PLAYED.get(element, (None, ""))
            notes = "; ".join(text for text in (note, lack) if text)
            test = _TESTS.get(element, _TESTS.get(group, Row.test))
            rows.append(Row(element, group, read, played, notes, test))
    return tuple(rows)


ROWS = _rows()
