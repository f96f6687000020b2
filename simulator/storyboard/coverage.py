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
    test: str = ""

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
# What those consist of.
_PARTS: dict[str, tuple[str, ...]] = {
    "part of an action": (
        "Action", "PrivateAction", "GlobalAction", "LongitudinalAction", "LateralAction", "RoutingAction",
        "AppearanceAction", "ControllerAction", "TrailerAction", "EntityAction", "InfrastructureAction",
        "ParameterAction", "VariableAction", "TrafficAction", "TrafficSignalAction", "SpeedActionTarget",
        "AbsoluteTargetSpeed", "RelativeTargetSpeed", "SpeedProfileEntry", "TransitionDynamics",
        "DynamicConstraints", "LaneChangeTarget", "AbsoluteTargetLane", "RelativeTargetLane",
        "LaneOffsetActionDynamics", "LaneOffsetTarget", "AbsoluteTargetLaneOffset", "RelativeTargetLaneOffset",
        "FinalSpeed", "AbsoluteSpeed", "RelativeSpeedToMaster", "TargetDistanceSteadyState", "TargetTimeSteadyState",
        "OverrideControllerValueAction", "OverrideThrottleAction", "OverrideBrakeAction", "OverrideClutchAction",
        "OverrideParkingBrakeAction", "OverrideSteeringWheelAction", "OverrideGearAction", "AutomaticGear",
        "ManualGear", "LightType", "VehicleLight", "UserDefinedLight", "LightState", "Color", "ColorRgb",
        "ColorCmyk", "AnimationType", "AnimationState", "AnimationFile", "ComponentAnimation", "VehicleComponent",
        "UserDefinedComponent", "PedestrianAnimation", "PedestrianGesture", "UserDefinedAnimation",
        "SensorReferenceSet", "SensorReference", "ModifyRule", "ParameterAddValueRule",
        "ParameterMultiplyByValueRule", "VariableModifyRule", "VariableAddValueRule", "VariableMultiplyByValueRule",
        "CustomCommandAction",
    ),
    "part of traffic": (
        "TrafficDefinition", "VehicleCategoryDistribution", "VehicleCategoryDistributionEntry",
        "VehicleRoleDistribution", "VehicleRoleDistributionEntry", "ControllerDistribution",
        "ControllerDistributionEntry", "TrafficDistribution", "TrafficDistributionEntry", "EntityDistribution",
        "EntityDistributionEntry", "ScenarioObjectTemplate", "DirectionOfTravelDistribution", "CentralSwarmObject",
        "TrafficArea", "Polygon", "RoadRange", "RoadCursor", "Lane",
    ),
    "part of a condition": (
        "Condition", "ByEntityCondition", "ByValueCondition", "EntityCondition", "TriggeringEntities", "EntityRef",
        "ByType", "TimeToCollisionConditionTarget", "RelativeLaneRange",
    ),
    "part of a place or way": (
        "Position", "Orientation", "InRoutePosition", "PositionOfCurrentEntity", "PositionInLaneCoordinates",
        "PositionInRoadCoordinates", "Shape", "Vertex", "ClothoidSplineSegment", "ControlPoint", "Knot",
        "Trajectory", "TrajectoryRef", "TrajectoryFollowingMode", "TimeReference", "Timing", "None", "Waypoint",
        "RouteRef",
    ),
    "part of an entity": (
        "Entities", "ScenarioObject", "BoundingBox", "Center", "Dimensions", "Performance", "Axles", "Axle",
        "TrailerCoupler", "TrailerHitch", "Properties", "Property", "CustomContent", "File", "SelectedEntities",
        "ByObjectType",
    ),
    "part of a storyboard": (
        "OpenScenario", "FileHeader", "License", "Storyboard", "InitActions", "Private", "Actors", "Trigger",
        "RoadNetwork",
    ),
    "part of signals and weather": (
        "TrafficSignals", "Phase", "TrafficSignalState", "TrafficSignalGroupState", "Environment", "Weather",
    ),
    "part of a catalog": (
        "Catalog", "CatalogLocations", "CatalogReference", "Directory", "VehicleCatalogLocation",
        "ControllerCatalogLocation", "PedestrianCatalogLocation", "MiscObjectCatalogLocation",
        "EnvironmentCatalogLocation", "ManeuverCatalogLocation", "TrajectoryCatalogLocation", "RouteCatalogLocation",
        "ParameterAssignments",
    ),
    "part of a declaration": (
        "ParameterDeclarations", "VariableDeclarations", "MonitorDeclarations", "ValueConstraint",
        "ValueConstraintGroup",
    ),
    "part of a distribution": (
        "ParameterValueDistribution", "Deterministic", "DeterministicSingleParameterDistribution",
        "DeterministicMultiParameterDistribution", "ParameterValueSet", "DistributionSetElement", "Range",
        "Stochastic", "StochasticDistribution", "ProbabilityDistributionSetElement", "HistogramBin",
    ),
}  # fmt: skip
_GROUPS |= _PARTS
# Which tests prove elements: file::function. Those of a group are for what has none of its own.
_OWN, _PLAYER, _LIVE, _DEEDS, _TRAFFIC, _READING, _PARAMETERS, _DRAWS, _SCHEMA, _REPLAY, _DRIVERS = (
    f"tests/test_{name}.py::test_"
    for name in (
        *("openscenario_coverage", "storyboard_player", "replay_live", "scripted_deeds", "storyboard_traffic"),
        *("openscenario_reading", "openscenario_parameters", "openscenario_distributions", "openscenario_schema"),
        *("replay", "storyboard_drivers"),
    )
)
_GOLDENS = "tests/test_storyboard_goldens.py::test_entities_stay_within_ten_centimetres_and_one_degree"
_ESMINI = "tests/test_storyboard_esmini.py::test_everything_is_where_esmini_has_it_when_esmini_has_it_there"
_OVERRIDDEN = f"{_PLAYER}overridden_pedals_and_steering_wheel_drive_an_interactive_vehicle"
_PLACES = "every_condition_position_and_shape_is_read"
_ENTRIES = "tests/test_openscenario_catalogs.py::test_an_entry_of_every_kind_is_found_with_its_parameters"
_CYCLES = f"{_READING}signal_controllers_of_the_road_network"
_TESTS = {
    "SpeedAction": f"{_PLAYER}speed_follows_its_shape_over_time",
    "SpeedProfileAction": f"{_DEEDS}a_speed_profile_takes_its_times",
    "LongitudinalDistanceAction": f"{_PLAYER}a_distance_is_reached_and_kept",
    "LaneChangeAction": f"{_PLAYER}a_lane_change_over_time_ends_in_the_middle_of_the_lane",
    "LaneOffsetAction": f"{_PLAYER}a_lane_offset_keeps_the_lateral_acceleration",
    "LateralDistanceAction": f"{_OWN}a_lateral_distance_is_reached",
    "VisibilityAction": f"{_LIVE}who_is_hidden_is_missing_where_it_is_hidden",
    "SynchronizeAction": f"{_PLAYER}two_arrive_together",
    "ActivateControllerAction": f"{_DRIVERS}controllers_drive_who_is_no_vehicle_too",
    "AssignControllerAction": _GOLDENS,
    **dict.fromkeys(("Throttle", "Brake", "Clutch", "ParkingBrake", "SteeringWheel", "Gear"), _OVERRIDDEN),
    "TeleportAction": f"{_PLAYER}positions_agree_with_each_other",
    "AssignRouteAction": _ESMINI,
    "FollowTrajectoryAction": f"{_PLAYER}a_polyline_with_times_is_where_it_should_be_in_time",
    "AcquirePositionAction": _GOLDENS,
    "RandomRouteAction": f"{_OWN}a_random_route_is_the_seeds_own",
    "LightStateAction": f"{_LIVE}durations_of_the_scenario_win_and_commands_follow_each_other",
    "AnimationAction": f"{_OWN}an_animation_is_kept_and_said_where_it_is_not_shown",
    **dict.fromkeys(("ConnectTrailerAction", "DisconnectTrailerAction"), _GOLDENS),
    "EnvironmentAction": f"{_REPLAY}the_environment_sets_time_and_weather",
    **dict.fromkeys(("AddEntityAction", "DeleteEntityAction"), f"{_OWN}entities_come_and_go"),
    "TrafficSignalStateAction": f"{_OWN}values_come_when_they_are_set",
    "TrafficSignalControllerAction": f"{_OWN}values_come_when_they_are_set",
    "SetMonitorAction": f"{_OWN}a_monitor_is_set",
    **dict.fromkeys(
        ("ParameterSetAction", "ParameterModifyAction", "VariableSetAction", "VariableModifyAction"),
        f"{_OWN}values_come_when_they_are_set",
    ),
    "TrafficSourceAction": f"{_TRAFFIC}a_source_makes_entities_at_its_rate_and_speed_within_its_radius",
    "TrafficSinkAction": f"{_TRAFFIC}a_sink_takes_away_what_a_source_made_and_nothing_else",
    "TrafficSwarmAction": f"{_TRAFFIC}a_swarm_keeps_its_number_in_the_ellipse_outside_the_circle",
    "TrafficAreaAction": f"{_TRAFFIC}an_area_is_filled_once_or_always",
    "TrafficStopAction": f"{_TRAFFIC}traffic_stops_by_name",
    "UserDefinedAction": f"{_REPLAY}strict_makes_a_warning_an_error_and_leaves_files_as_they_were",
    "condition of an entity": f"{_OWN}distances_and_times_to_others_come_when_they_should",
    **dict.fromkeys(
        ("AccelerationCondition", "StandStillCondition", "SpeedCondition", "RelativeSpeedCondition"),
        f"{_OWN}speeds_and_standstill_come_when_they_should",
    ),
    "EndOfRoadCondition": f"{_OWN}the_end_of_the_road_counts_from_when_it_is_reached",
    "OffroadCondition": f"{_OWN}beside_the_road_counts_from_when_it_is_left",
    "RelativeClearanceCondition": f"{_OWN}clearance_comes_when_the_lane_is_free",
    **dict.fromkeys(("AngleCondition", "RelativeAngleCondition"), f"{_OWN}angles_come_with_the_bend"),
    "condition of a value": f"{_OWN}values_come_when_they_are_set",
    "StoryboardElementStateCondition": f"{_PLAYER}the_end_of_an_element_starts_another",
    "UserDefinedValueCondition": f"{_OWN}a_value_from_outside_is_never_met_and_said_to_be",
    "position": f"{_PLAYER}positions_agree_with_each_other",
    **dict.fromkeys(("RoutePosition", "FromRoadCoordinates", "FromLaneCoordinates", "TrajectoryPosition"), _GOLDENS),
    "FromCurrentEntity": f"{_SCHEMA}every_place_along_a_route_is_read",
    "GeoPosition": f"{_PLAYER}geographic_positions_are_projected_as_the_map_says",
    "Polyline": f"{_PLAYER}a_polyline_with_times_is_where_it_should_be_in_time",
    "Clothoid": f"{_PLAYER}a_clothoid_has_the_curvature_that_is_given",
    "ClothoidSpline": _GOLDENS,
    "Nurbs": f"{_PLAYER}a_nurbs_runs_along_the_curve_that_scipy_has",
    "entity": _GOLDENS,
    "ExternalObjectReference": f"{_SCHEMA}every_condition_position_and_shape_is_read",
    "EntitySelection": f"{_READING}selections_stand_for_their_members",
    "Trailer": f"{_READING}a_trailer_becomes_an_entity_of_its_own",
    "storyboard": f"{_READING}a_scenario_is_read_as_it_stands",
    "Event": f"{_PLAYER}priorities",
    **dict.fromkeys(("StartTrigger", "ConditionGroup", "StopTrigger"), _GOLDENS),
    "LogicFile": f"{_READING}maps_are_found_beside_the_file_and_in_the_map_path",
    **dict.fromkeys(("SceneGraphFile", "UsedArea"), f"{_OWN}what_is_kept_of_the_road_network"),
    "TrafficSignalController": f"{_OWN}values_come_when_they_are_set",
    "Route": _ESMINI,
    "environment": f"{_REPLAY}the_environment_sets_time_and_weather",
    "Sun": f"{_REPLAY}the_sun_stands_and_shines_as_the_environment_says",
    "DomeImage": f"{_OWN}the_sky_of_an_image_is_not_shown_and_said_not_to_be",
    "catalog": _ENTRIES,
    "ParameterDeclaration": f"{_REPLAY}parameters_step_and_end_are_those_of_the_command_line",
    "ConstraintGroup": f"{_PARAMETERS}one_group_of_constraints_must_hold_in_full",
    **dict.fromkeys(("VariableDeclaration", "MonitorDeclaration"), f"{_PARAMETERS}variables_and_monitors_are_kept"),
    "ParameterAssignment": f"{_DRAWS}a_grid_has_every_value_with_every_other",
    "expression": f"{_PARAMETERS}expressions_have_these_values",
    "DistributionSet": f"{_DRAWS}a_grid_has_every_value_with_every_other",
    "DistributionRange": f"{_DRAWS}a_range_ends_at_its_limit",
    "ValueSetDistribution": f"{_DRAWS}a_grid_has_every_value_with_every_other",
    "ProbabilityDistributionSet": f"{_DRAWS}histograms_and_sets_have_their_weights",
    "Histogram": f"{_DRAWS}histograms_and_sets_have_their_weights",
    "PoissonDistribution": f"{_DRAWS}poisson_draws_have_its_shares",
    "distribution": f"{_DRAWS}draws_follow_their_distribution",
    "UserDefinedDistribution": f"{_DRAWS}a_distribution_that_is_the_users_own_is_a_warning",
    **dict.fromkeys(("part of an action", "part of traffic"), f"{_SCHEMA}every_action_is_read"),
    "VehicleRoleDistribution": f"{_TRAFFIC}traffic_has_the_roles_of_its_definition",
    "VehicleRoleDistributionEntry": f"{_TRAFFIC}traffic_has_the_roles_of_its_definition",
    **dict.fromkeys(("part of a condition", "part of a place or way"), f"{_SCHEMA}{_PLACES}"),
    **dict.fromkeys(("part of an entity", "part of signals and weather"), f"{_SCHEMA}every_entry_of_a_catalog_is_read"),
    **dict.fromkeys(("TrafficSignals", "Phase", "TrafficSignalState", "TrafficSignalGroupState"), _CYCLES),
    **dict.fromkeys(("Entities", "SelectedEntities", "ByObjectType"), f"{_READING}selections_stand_for_their_members"),
    "part of a storyboard": _GOLDENS,
    "CatalogLocations": _GOLDENS,
    "part of a catalog": _ENTRIES,
    "part of a declaration": f"{_PARAMETERS}variables_and_monitors_are_kept",
    "ParameterDeclarations": f"{_PARAMETERS}parameters_follow_from_each_other_and_from_the_caller",
    **dict.fromkeys(
        ("ValueConstraint", "ValueConstraintGroup"), f"{_PARAMETERS}one_group_of_constraints_must_hold_in_full"
    ),
    "part of a distribution": f"{_DRAWS}a_grid_has_every_value_with_every_other",
    **dict.fromkeys(
        ("Stochastic", "StochasticDistribution", "ProbabilityDistributionSetElement", "HistogramBin"),
        f"{_DRAWS}histograms_and_sets_have_their_weights",
    ),
}
_READ: dict[str, tuple[Support, str]] = {
    "UserDefinedAction": ("partly", "type and content are kept; what they mean is the user's affair"),
    "UserDefinedDistribution": ("not", "a warning; the parameter keeps the value of the scenario"),
    "UsedArea": ("partly", "kept; the whole road network is there"),
    "SceneGraphFile": ("partly", "the name is kept; surfaces come from the road network"),
    "Precipitation": ("supported", "the intensity of 1.0, from 0 to 1, counts as 50 mm/h at most, with a warning"),
}
# How far the player goes, and what it lacks.
_ROUTES = "fastest, shortest and leastIntersections; random ones are the shortest"
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
            *_PARTS,
        )
        for element in _GROUPS[group]
    },
    "LaneOffsetAction": ("supported", "a continuous one with an absolute target ends when the offset is reached"),
    "VisibilityAction": (
        "partly",
        "graphics: cameras, sensors: lidars (of a SensorReferenceSet all, with a warning), traffic: controllers",
    ),
    "AnimationAction": (
        "partly",
        "doors of vehicles; people who stand, sit, lie, hold phone or umbrella; else a warning",
    ),
    "ActivateControllerAction": ("partly", "controllers that are not there fall back to the default one"),
    "AssignControllerAction": ("partly", "controllers that are not there fall back to the default one"),
    **dict.fromkeys(
        ("Throttle", "Brake", "Clutch", "ParkingBrake", "SteeringWheel", "Gear"),
        ("supported", "for entities under an interactive controller; kept in the state of all others"),
    ),
    "AssignRouteAction": ("partly", _ROUTES),
    "EnvironmentAction": ("supported", "rendered frame by frame; by its pressure the air bends the light of a low sun"),
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
    "GeoPosition": (
        "supported",
        "needs pyproj and a map with a <geoReference>; its <offset> is taken off (OpenDRIVE 1.8, 8.5)",
    ),
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
    "Route": ("partly", _ROUTES),
    "CustomCommandAction": ("not", "a warning; it does nothing"),
    **dict.fromkeys(
        ("UserDefinedLight", "AnimationFile", "UserDefinedComponent", "UserDefinedAnimation"),
        ("not", "kept in the record of the run; a warning when rendered"),
    ),
    "VehicleComponent": ("partly", "doors of vehicles; else a warning when rendered"),
    "PedestrianAnimation": ("partly", "people stand, sit, lie, walk; else a warning when rendered"),
    "PedestrianGesture": ("partly", "phone and umbrella are held; else a warning when rendered"),
    **dict.fromkeys(
        ("SensorReferenceSet", "SensorReference"), ("partly", "stands for all lidars, with a warning when rendered")
    ),
    **dict.fromkeys(
        ("AutomaticGear", "ManualGear"),
        ("supported", "for entities under an interactive controller; kept in the state of all others"),
    ),
    "TrafficDefinition": ("supported", "a sink takes away whatever traffic actions have made"),
    **dict.fromkeys(("ControllerDistribution", "ControllerDistributionEntry"), ("partly", _CONTROLLERS)),
    **dict.fromkeys(("Properties", "Property"), ("partly", "of controllers those of esmini; all others are kept")),
    **dict.fromkeys(("CustomContent", "File"), ("partly", "kept; what they mean is the user's affair")),
    **dict.fromkeys(("Waypoint", "RouteRef"), ("partly", _ROUTES)),
    "LogicFile": ("supported", ""),
}


def _rows() -> tuple[Row, ...]:
    rows = []
    for group, elements in _GROUPS.items():
        for element in elements:
            read, note = _READ.get(element, ("supported", ""))
            played, lack = PLAYED.get(element, (None, ""))
            notes = "; ".join(text for text in (note, lack) if text)
            test = _TESTS.get(element) or _TESTS[group]
            rows.append(Row(element, group, read, played, notes, test))
    return tuple(rows)


ROWS = _rows()
