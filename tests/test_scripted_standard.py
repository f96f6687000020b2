"""Everything of OpenSCENARIO XML that is played can be said in a YAML script, and comes to the same records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from small_scenario import write

from simulator.errors import InputError, InvalidScenario
from simulator.scenario.scripted import read_script
from simulator.storyboard import model
from simulator.storyboard.coverage import ROWS
from simulator.storyboard.player import play
from simulator.storyboard.recording import Recording
from simulator.storyboard.references import records
from simulator.storyboard.world import StateChange

HEAD = """\
about: Small.
road: {kind: straight, length_m: 800, lanes: 2}
duration_s: 30
parameters: {p: 1}
variables: {v: 1}
monitors: {m: false}
environment: {time: "2025-07-12T16:30:00"}
signals: {c: {phases: [{name: go, duration_s: 9, signals: {1: green}}, {name: halt, duration_s: 9}]}}
routes: {r: [{lane: -1, s_m: 10}, {lane: -1, s_m: 600}]}
actors:
  Ego: {kind: car, lane: -1, s_m: 40, speed_kmh: 36, draws: cart}
  lead: {kind: car, lane: -2, s_m: 90, speed_kmh: 72}
  cart: {kind: trailer, lane: -1, s_m: 20}
  late: {kind: pedestrian, lane: -1, s_m: 20}
story:
  - {name: first, actor: lead, do: {kind: lane_offset, lateral_m: 0.2}}
  - {name: last, actor: late, when: {time_s: 25}, do: {kind: appear, at: {lane: -1, s_m: 20}}}
"""


@dataclass(frozen=True)
class Said:
    """One thing, in the standard's words and, if there are any, in the script's own."""

    standard: str
    own: str = ""


_TO_LEAD = "entityRef: lead, freespace: true, rule: lessOrEqual, relativeDistanceType: longitudinal"
_LANE = "LanePosition: {roadId: 0, laneId: -1, s: 400}"
_AT = f"Position: {{{_LANE}}}"
_ROUTE = (
    "Route: {name: r, closed: false, Waypoint: [{routeStrategy: shortest, Position: {LanePosition: {roadId: 0, laneId:"
    " -1, s: 10}}}, {routeStrategy: shortest, Position: {LanePosition: {roadId: 0, laneId: -1, s: 600}}}]}"
)
_LINE = (
    "Trajectory: {name: Ego, closed: false, Shape: {Polyline: {Vertex: [{Position: {WorldPosition: {x: 40, y: -2}}},"
    " {Position: {WorldPosition: {x: 90, y: -2}}}]}}}"
)


def _follow(shape: str) -> str:
    return (
        f"FollowTrajectoryAction: {{TrajectoryRef: {{Trajectory: {{name: Ego, closed: false, Shape: {{{shape}}}}}}}, "
        "TimeReference: {None: {}}, TrajectoryFollowingMode: {followingMode: position}}"
    )


def _override(name: str, inside: str) -> str:
    return f"ControllerAction: {{OverrideControllerValueAction: {{{name}: {{active: true, {inside}}}}}}}"


_CORNERS = ((0, -10), (200, -10), (200, 10), (0, 10))
_POLYGON = ", ".join(f"{{WorldPosition: {{x: {x}, y: {y}, h: 0}}}}" for x, y in _CORNERS)
ACTIONS: dict[str, Said] = {
    "SpeedAction": Said(
        "SpeedAction: {SpeedActionDynamics: {dynamicsShape: linear, dynamicsDimension: rate, value: 2},"
        " SpeedActionTarget: {AbsoluteTargetSpeed: {value: 20}}}",
        "{kind: speed, speed_kmh: 72, acceleration_mps2: 2}",
    ),
    "SpeedProfileAction": Said(
        "SpeedProfileAction: {followingMode: position, SpeedProfileEntry: [{speed: 20, time: 2}, {speed: 5, time: 3}]}",
        "{kind: speed_profile, points: [{speed_kmh: 72, after_s: 2}, {speed_kmh: 18, after_s: 3}]}",
    ),
    "LongitudinalDistanceAction": Said(
        "LongitudinalDistanceAction: {entityRef: lead, timeGap: 2, freespace: true, continuous: true,"
        " displacement: trailingReferencedEntity, DynamicConstraints: {maxAcceleration: 2}}"
    ),
    "LaneChangeAction": Said(
        "LaneChangeAction: {targetLaneOffset: 0, LaneChangeActionDynamics: {dynamicsShape: sinusoidal, "
        "dynamicsDimension: time, value: 3}, LaneChangeTarget: {AbsoluteTargetLane: {value: -2}}}",
        "{kind: lane_change, lane: -2, duration_s: 3}",
    ),
    "LaneOffsetAction": Said(
        "LaneOffsetAction: {continuous: false, LaneOffsetActionDynamics: {dynamicsShape: sinusoidal, maxLateralAcc: 1},"
        " LaneOffsetTarget: {RelativeTargetLaneOffset: {entityRef: lead, value: 0.4}}}",
        "{kind: lane_offset, lateral_m: 0.4, of: lead, acceleration_mps2: 1}",
    ),
    "LateralDistanceAction": Said(
        "LateralDistanceAction: {entityRef: lead, continuous: true, freespace: true, distance: 2, displacement: any,"
        " coordinateSystem: road}",
        "{kind: keep_beside, to: lead, distance_m: 2, side: any}",
    ),
    "VisibilityAction": Said(
        "VisibilityAction: {graphics: true, sensors: false, traffic: true}", "{kind: visibility, sensors: false}"
    ),
    "SynchronizeAction": Said(
        f"SynchronizeAction: {{masterEntityRef: lead, TargetPositionMaster: {{{_LANE}}}, TargetPosition: {{{_LANE}}},"
        " FinalSpeed: {AbsoluteSpeed: {value: 10}}}",
        "{kind: synchronise, to: lead, at: {lane: -1, s_m: 400}, meet: {lane: -1, s_m: 400}, speed_kmh: 36}",
    ),
    "ActivateControllerAction": Said(
        "ControllerAction: {ActivateControllerAction: {lateral: false, longitudinal: true}}", "{kind: control}"
    ),
    "AssignControllerAction": Said(
        "ControllerAction: {AssignControllerAction: {activateLateral: false, activateLongitudinal: true,"
        " Controller: {name: ACCController, Properties: {Property: {name: timeGap, value: 1.5}}}}}",
        "{kind: control, controller: ACCController, settings: {timeGap: 1.5}}",
    ),
    "Throttle": Said(_override("Throttle", "value: 0.4"), "{kind: override, throttle: 0.4}"),
    "Brake": Said(_override("Brake", "BrakePercent: {value: 0.4}"), "{kind: override, brake: 0.4}"),
    "Clutch": Said(_override("Clutch", "value: 1"), "{kind: override, clutch: 1}"),
    "ParkingBrake": Said(_override("ParkingBrake", "BrakePercent: {value: 1}"), "{kind: override, parking_brake: 1}"),
    "SteeringWheel": Said(_override("SteeringWheel", "value: 0"), "{kind: override, steering_wheel_deg: 0}"),
    "Gear": Said(_override("Gear", "ManualGear: {number: -1}"), "{kind: override, gear: -1}"),
    "TeleportAction": Said(f"TeleportAction: {{{_AT}}}", "{kind: teleport, at: {lane: -1, s_m: 400}}"),
    "AssignRouteAction": Said(f"AssignRouteAction: {{{_ROUTE}}}", "{kind: route, along: r}"),
    "FollowTrajectoryAction": Said(
        _follow(_LINE[_LINE.index("Polyline") : -2]), "{kind: follow, path: [{x_m: 40, y_m: -2}, {x_m: 90, y_m: -2}]}"
    ),
    "AcquirePositionAction": Said(f"AcquirePositionAction: {{{_AT}}}", "{kind: route, via: [{lane: -1, s_m: 400}]}"),
    "RandomRouteAction": Said("RandomRouteAction: {}", "{kind: random_route}"),
    "LightStateAction": Said(
        "AppearanceAction: {LightStateAction: {transitionTime: 0, LightType: {VehicleLight: {vehicleLightType:"
        " lowBeam}}, LightState: {mode: on}}}",
        "{kind: lights, light: low_beam}",
    ),
    "AnimationAction": Said(
        "AppearanceAction: {AnimationAction: {AnimationType: {ComponentAnimation: {VehicleComponent:"
        " {vehicleComponentType: doorFrontLeft}}}, AnimationState: {state: 1}}}",
        "{kind: animate, part: door_front_left}",
    ),
    "ConnectTrailerAction": Said("ConnectTrailerAction: {trailerRef: cart}", "{kind: hitch, trailer: cart}"),
    "DisconnectTrailerAction": Said("DisconnectTrailerAction: {}", "{kind: unhitch}"),
    "EnvironmentAction": Said(
        "EnvironmentAction: {Environment: {name: environment, Weather: {Fog: {visualRange: 90}}}}",
        "{kind: environment, visibility_m: 90}",
    ),
    "AddEntityAction": Said(f"EntityAction: {{entityRef: late, AddEntityAction: {{{_AT}}}}}"),
    "DeleteEntityAction": Said("EntityAction: {entityRef: Ego, DeleteEntityAction: {}}", "{kind: vanish}"),
    "TrafficSignalStateAction": Said(
        "InfrastructureAction: {TrafficSignalAction: {TrafficSignalStateAction: {name: 1, state: red}}}",
        "{kind: signal, signal: 1, state: red}",
    ),
    "TrafficSignalControllerAction": Said(
        "InfrastructureAction: {TrafficSignalAction: {TrafficSignalControllerAction: {trafficSignalControllerRef: c,"
        " phase: halt}}}",
        "{kind: signal_phase, controller: c, phase: halt}",
    ),
    "SetMonitorAction": Said("SetMonitorAction: {monitorRef: m, value: true}", "{kind: set_monitor, monitor: m}"),
    "ParameterSetAction": Said(
        "ParameterAction: {parameterRef: p, SetAction: {value: 3}}", "{kind: set_parameter, parameter: p, value: 3}"
    ),
    "ParameterModifyAction": Said(
        "ParameterAction: {parameterRef: p, ModifyAction: {Rule: {AddValue: {value: 3}}}}",
        "{kind: set_parameter, parameter: p, add: 3}",
    ),
    "VariableSetAction": Said(
        "VariableAction: {variableRef: v, SetAction: {value: 3}}", "{kind: set_variable, variable: v, value: 3}"
    ),
    "VariableModifyAction": Said(
        "VariableAction: {variableRef: v, ModifyAction: {Rule: {MultiplyByValue: {value: 3}}}}",
        "{kind: set_variable, variable: v, times: 3}",
    ),
    "TrafficSourceAction": Said(
        f"TrafficAction: {{trafficName: source, TrafficSourceAction: {{radius: 10, rate: 1, {_AT}}}}}",
        "{kind: traffic_source, at: {lane: -1, s_m: 400}, per_s: 1}",
    ),
    "TrafficSinkAction": Said(
        f"TrafficAction: {{trafficName: sink, TrafficSinkAction: {{radius: 10, {_AT}}}}}",
        "{kind: traffic_sink, at: {lane: -1, s_m: 400}}",
    ),
    "TrafficSwarmAction": Said(
        "TrafficAction: {trafficName: swarm, TrafficSwarmAction: {semiMajorAxis: 300, semiMinorAxis: 100, innerRadius:"
        " 20, offset: 0, numberOfVehicles: 3, CentralObject: {entityRef: Ego}, InitialSpeedRange: {lowerLimit: 10,"
        " upperLimit: 20}, DirectionOfTravelDistribution: {same: 0.75, opposite: 0.25}}}",
        "{kind: swarm, around: Ego, count: 3, inner_m: 20, slowest_kmh: 36, fastest_kmh: 72, oncoming: 0.25}",
    ),
    "TrafficAreaAction": Said(
        "TrafficAction: {trafficName: area, TrafficAreaAction: {continuous: true, numberOfEntities: 3, TrafficArea:"
        f" {{Polygon: {{Position: [{_POLYGON}]}}}}}}}}",
        f"{{kind: traffic_area, count: 3, corners: [{', '.join(f'{{x_m: {x}, y_m: {y}}}' for x, y in _CORNERS)}]}}",
    ),
    "TrafficStopAction": Said(
        "TrafficAction: {trafficName: tap, TrafficStopAction: {}}", "{kind: traffic_stop, name: tap}"
    ),
}
CONDITIONS: dict[str, Said] = {
    "EndOfRoadCondition": Said("EndOfRoadCondition: {duration: 1}", "road_ends_s: 1"),
    "CollisionCondition": Said("CollisionCondition: {EntityRef: {entityRef: lead}}", "touches: lead"),
    "OffroadCondition": Said("OffroadCondition: {duration: 1}", "off_road_s: 1"),
    "TimeHeadwayCondition": Said(f"TimeHeadwayCondition: {{value: 3, {_TO_LEAD}}}", "headway_s: 3, to: lead"),
    "TimeToCollisionCondition": Said(
        "TimeToCollisionCondition: {value: 3, TimeToCollisionConditionTarget: {EntityRef: {entityRef: lead}},"
        f" {_TO_LEAD.removeprefix('entityRef: lead, ')}}}",
        "ttc_s: 3, to: lead",
    ),
    "AccelerationCondition": Said(
        "AccelerationCondition: {rule: lessOrEqual, value: -3, direction: longitudinal}", "brakes_mps2: 3"
    ),
    "StandStillCondition": Said("StandStillCondition: {duration: 1}", "stands_s: 1"),
    "SpeedCondition": Said("SpeedCondition: {rule: greaterOrEqual, value: 10}", "faster_kmh: 36"),
    "RelativeSpeedCondition": Said(
        "RelativeSpeedCondition: {entityRef: lead, rule: greaterOrEqual, value: 5, direction: longitudinal}",
        "faster_by_kmh: 18, to: lead",
    ),
    "TraveledDistanceCondition": Said("TraveledDistanceCondition: {value: 9}", "travelled_m: 9"),
    "ReachPositionCondition": Said(f"ReachPositionCondition: {{tolerance: 2, {_AT}}}"),
    "DistanceCondition": Said(
        f"DistanceCondition: {{value: 9, {_AT}, {_TO_LEAD.removeprefix('entityRef: lead, ')}}}",
        "distance_m: 9, at: {lane: -1, s_m: 400}",
    ),
    "RelativeDistanceCondition": Said(
        f"RelativeDistanceCondition: {{value: 9, {_TO_LEAD}}}", "distance_m: 9, to: lead"
    ),
    "RelativeClearanceCondition": Said(
        "RelativeClearanceCondition: {oppositeLanes: false, freeSpace: true, distanceForward: 30, distanceBackward: 0,"
        " RelativeLaneRange: {from: 1, to: 1}}",
        "clear_ahead_m: 30, clear_lane: 1",
    ),
    "AngleCondition": Said("AngleCondition: {angleType: pitch, angle: 0, angleTolerance: 0.1}"),
    "RelativeAngleCondition": Said(
        "RelativeAngleCondition: {entityRef: lead, angleType: roll, angle: 0, angleTolerance: 0.1}"
    ),
    "ParameterCondition": Said(
        "ParameterCondition: {parameterRef: p, rule: greaterOrEqual, value: 1}", "parameter: p, at_least: 1"
    ),
    "VariableCondition": Said("VariableCondition: {variableRef: v, rule: equalTo, value: 1}", "variable: v, equals: 1"),
    "TimeOfDayCondition": Said(
        'TimeOfDayCondition: {rule: greaterOrEqual, dateTime: "2025-07-12T16:30:01"}',
        'time_of_day: "2025-07-12T16:30:01"',
    ),
    "SimulationTimeCondition": Said("SimulationTimeCondition: {rule: greaterOrEqual, value: 1}", "time_s: 1"),
    "StoryboardElementStateCondition": Said(
        "StoryboardElementStateCondition: {storyboardElementType: event, storyboardElementRef: first,"
        " state: completeState}",
        "after: first",
    ),
    "TrafficSignalCondition": Said("TrafficSignalCondition: {name: 1, state: green}", "signal: 1, shows: green"),
    "TrafficSignalControllerCondition": Said(
        "TrafficSignalControllerCondition: {trafficSignalControllerRef: c, phase: go}", "controller: c, phase: go"
    ),
}
POSITIONS: dict[str, Said] = {
    "WorldPosition": Said("WorldPosition: {x: 50, y: -2, z: 0, h: 0}", "x_m: 50, y_m: -2, z_m: 0"),
    "RelativeWorldPosition": Said("RelativeWorldPosition: {entityRef: lead, dx: 5, dy: 1}", "of: lead, x_m: 5, y_m: 1"),
    "RelativeObjectPosition": Said(
        "RelativeObjectPosition: {entityRef: lead, dx: 5, dy: 1}", "of: lead, ahead_m: 5, left_m: 1"
    ),
    "RoadPosition": Said("RoadPosition: {roadId: 0, s: 90, t: -2}", "s_m: 90, t_m: -2"),
    "RelativeRoadPosition": Said(
        "RelativeRoadPosition: {entityRef: lead, ds: 5, dt: 1}", "of: lead, ahead_m: 5, t_m: 1"
    ),
    "LanePosition": Said(_LANE, "lane: -1, s_m: 400"),
    "RelativeLanePosition": Said(
        "RelativeLanePosition: {entityRef: lead, dLane: 1, ds: 5}", "of: lead, ahead_m: 5, lanes: 1"
    ),
    "RoutePosition": Said(
        f"RoutePosition: {{RouteRef: {{{_ROUTE}}}, InRoutePosition: {{FromLaneCoordinates: {{pathS: 90,"
        " laneId: -1}}}",
        "along: r, s_m: 90, lane: -1",
    ),
    "FromCurrentEntity": Said(
        f"RoutePosition: {{RouteRef: {{{_ROUTE}}}, InRoutePosition: {{FromCurrentEntity: {{entityRef: Ego}}}}}}",
        "along: r, of: Ego",
    ),
    "FromRoadCoordinates": Said(
        f"RoutePosition: {{RouteRef: {{{_ROUTE}}}, InRoutePosition: {{FromRoadCoordinates: {{pathS: 90, t: -2}}}}}}",
        "along: r, s_m: 90, t_m: -2",
    ),
    "FromLaneCoordinates": Said(
        f"RoutePosition: {{RouteRef: {{{_ROUTE}}}, InRoutePosition: {{FromLaneCoordinates: {{pathS: 90, laneId: -1,"
        " laneOffset: 0.5}}}",
        "along: r, s_m: 90, lane: -1, lateral_m: 0.5",
    ),
    "GeoPosition": Said(
        "GeoPosition: {latitudeDeg: 48.1, longitudeDeg: 11.5}", "latitude_deg: 48.1, longitude_deg: 11.5"
    ),
    "TrajectoryPosition": Said(f"TrajectoryPosition: {{s: 20, t: 0.5, TrajectoryRef: {{{_LINE}}}}}"),
}
TRAJECTORIES: dict[str, Said] = {
    "Polyline": ACTIONS["FollowTrajectoryAction"],
    "Clothoid": Said(
        _follow(
            "Clothoid: {curvature: 0, curvaturePrime: 0.001, length: 60, Position: {WorldPosition: {x: 40, y: -2,"
            " h: 0}}}"
        ),
        "{kind: clothoid, at: {x_m: 40, y_m: -2}, curvature_1_m: 0, change_1_m2: 0.001, length_m: 60}",
    ),
    "ClothoidSpline": Said(
        _follow(
            "ClothoidSpline: {ClothoidSplineSegment: [{curvatureStart: 0, curvatureEnd: 0.01, length: 30},"
            " {curvatureStart: 0.01, curvatureEnd: 0, length: 30}]}"
        ),
        "{kind: clothoids, parts: [{from_1_m: 0, to_1_m: 0.01, length_m: 30}, {from_1_m: 0.01, to_1_m: 0, length_m:"
        " 30}]}",
    ),
    "Nurbs": Said(
        _follow(
            "Nurbs: {order: 2, ControlPoint: [{Position: {WorldPosition: {x: 40, y: -2}}}, {Position: {WorldPosition:"
            " {x: 90, y: -2}}}], Knot: [{value: 0}, {value: 0}, {value: 1}, {value: 1}]}"
        ),
        "{kind: nurbs, order: 2, points: [{x_m: 40, y_m: -2}, {x_m: 90, y_m: -2}]}",
    ),
}
_GROUPS = {
    "action of an entity": ACTIONS,
    "global action": ACTIONS,
    "condition of an entity": CONDITIONS,
    "condition of a value": CONDITIONS,
    "position": POSITIONS,
    "trajectory": TRAJECTORIES,
}
EVERY = [row.element for row in ROWS if row.group in _GROUPS and row.support != "not"]
_RECORDS = {
    name: f"Override{name}Action" for name in ("Throttle", "Brake", "Clutch", "ParkingBrake", "SteeringWheel", "Gear")
}


def _events(element: str) -> list[str]:
    """YAML of the events that say it, the one in the standard's words first."""
    if element in POSITIONS:
        said = POSITIONS[element]
        texts = [f"openscenario: {{{said.standard}}}", said.own]
        return [f"actor: Ego, do: {{kind: teleport, at: {{{text}}}}}" for text in texts if text]
    if element in CONDITIONS:
        said = CONDITIONS[element]
        texts = [f"openscenario: {{{said.standard}}}", said.own]
        return [f"actor: Ego, when: {{{text}}}, do: {{kind: stop}}" for text in texts if text]
    said = TRAJECTORIES.get(element) or ACTIONS[element]
    texts = [f"{{kind: openscenario, action: {{{said.standard}}}}}", said.own]
    return [f"actor: Ego, when: {{time_s: 0.5}}, do: {text}" for text in texts if text]


def _said(event: model.Event) -> Any:
    """What an event is made of, but for names."""
    trigger = event.start_trigger or model.Trigger()
    conditions = [item.condition for group in trigger.condition_groups for item in group.conditions]
    return conditions, [item.action for item in event.actions]


@pytest.mark.parametrize("element", EVERY)
def test_it_can_be_said_and_is_played(element: str, tmp_path: Path) -> None:
    """Whoever adds something that is played says it above, or this fails with a KeyError."""
    kind, found = getattr(model, _RECORDS.get(element, element)), []
    for text in _events(element):
        made, network = read_script(write(tmp_path, f"{HEAD}  - {{name: event, {text}}}\n", "script.yaml"))
        groups = made.storyboard.stories[0].acts[0].maneuver_groups
        [event] = [item for group in groups for item in group.maneuvers[0].events if item.name == "event"]
        assert any(isinstance(record, kind) for record in records(event))
        found.append(_said(event))
    assert found[0] == found[-1]
    if element == "GeoPosition":  # this road lies nowhere on the globe
        with pytest.raises(InputError, match="geoReference"):
            play(made, network, until=0.2)
    else:
        assert not play(made, network, until=1.2).warnings


WRONG = [
    (
        "do: {kind: openscenario, action: {Speed: {}}}",
        'story.2.do.action: there is no "Speed". Did you mean "SpeedAction"?',
    ),
    ("do: {kind: openscenario, action: {SpeedAction: {}}}", "<SpeedAction> needs the element <SpeedActionDynamics>"),
    (
        "do: {kind: openscenario, action: {VisibilityAction: {graphics: 3}}}",
        'graphics="3" is neither "true" nor "false"',
    ),
    (
        "do: {kind: openscenario, action: {VisibilityAction: {graphics: 1, sensors: 1, traffic: 1, radar: 1}}}",
        'the attribute "radar" is not known',
    ),
    ("do: {kind: openscenario, action: {RandomRouteAction: {a: [1]}}}", "a must be a value, a mapping, or a list"),
    (
        "do: {kind: openscenario, action: {LongitudinalDistanceAction: {entityRef: laed, distance: 2, freespace: true,"
        " continuous: true}}}",
        'there is no entity "laed". Did you mean "lead"?',
    ),
    (
        "when: {openscenario: {StoryboardElementStateCondition: {storyboardElementType: act, storyboardElementRef: x,"
        " state: completeState}}}, do: {kind: stop}",
        'there is no storyboard element "x"',
    ),
    ("do: {kind: openscenario, action: {RandomRouteAction: {a-b: 1}}}", '"a-b" is no name of an element'),
    ("do: {kind: teleport, at: {openscenario: {LanePosition: {s: 1}}}}", 'needs the attribute "roadId"'),
    ("do: {kind: teleport, at: {openscenario: {LanePosition: {}}, lane: -1, s_m: 3}}", "needs exactly one of"),
    ("do: {kind: teleport, at: {of: lead, x_m: 3}}", "needs exactly one of"),
    ("do: {kind: teleport, at: {of: lead, t_m: 3, left_m: 1}}", "needs exactly one of"),
    ("do: {kind: teleport, at: {along: r, of: lead, s_m: 3}}", "needs exactly one of"),
    ("do: {kind: teleport, at: {lane: -1, s_m: 3, z_m: 1}}", "z_m: goes with x_m and y_m"),
    ("when: {openscenario: {SpeedCondition: {rule: is, value: 3}}}, do: {kind: stop}", 'rule="is" is not known'),
    ("when: {controller: c, phase: walk}, do: {kind: stop}", 'there is no phase "walk"'),
    ("when: {controller: d, phase: go}, do: {kind: stop}", 'there is no controller "d"'),
    ("when: {controller: c}, do: {kind: stop}", "controller: goes with phase"),
    ("when: {parameter: q, equals: 1}, do: {kind: stop}", 'there is no parameter "q"'),
    ("when: {time_s: 1, edge: up}, do: {kind: stop}", "rising"),
    ('when: {time_of_day: "2025-13-12T16:30"}, do: {kind: stop}', '"2025-13-12T16:30" does not exist'),
    ("do: {kind: openscenario, action: {SpeedAction: 3}}", "SpeedAction must be a mapping of what is in it"),
    ("do: {kind: set_monitor, monitor: n}", 'there is no monitor "n"'),
    ("do: {kind: override}", "needs at least one of throttle"),
    ("do: {kind: override, gear: x}", "is not n, p, r, d, or the number of a gear"),
    ("do: {kind: override, brake: 1, release: [brake]}", "brake: contradicts release"),
    ("do: {kind: swarm, around: Ego, count: 3, vehicles: {cow: 1}}", "vehicles"),
    ("do: {kind: swarm, around: Ego, count: 3, slowest_kmh: 9}", "goes with fastest_kmh"),
    ("do: {kind: traffic_area, count: 3}", "needs exactly one of corners, stretches"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_what_is_wrong_is_said_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    file = write(tmp_path, f"{HEAD}  - {{name: event, actor: Ego, {text}}}\n", "script.yaml")
    with pytest.raises((InvalidScenario, InputError)) as error:
        read_script(file)
    [line] = str(error.value).splitlines()[:1]
    assert line.startswith(f"{file}:18: ") and message in str(error.value)


def test_who_does_not_say_whose_it_is_needs_an_actor(tmp_path: Path) -> None:
    for text, message in (
        ("do: {kind: openscenario, action: {RandomRouteAction: {}}}", "actor: is required"),
        ("when: {openscenario: {StandStillCondition: {duration: 1}}}, do: {kind: vanish}", "of: is required here"),
    ):
        file = write(tmp_path, f"{HEAD}  - {{name: event, {text}}}\n", "script.yaml")
        with pytest.raises(InvalidScenario, match=message):
            read_script(file)


def run(folder: Path, story: str, until: float) -> Recording:
    return play(*read_script(write(folder, HEAD + story, "script.yaml")), until=until)


def test_pedals_are_held_and_released(tmp_path: Path) -> None:
    story = (
        "  - {name: in, actor: Ego, do: {kind: control, controller: InteractiveController, steers: true}}\n"
        "  - {name: brake, actor: Ego, when: {time_s: 1}, do: {kind: override, brake: 0.5}}\n"
        "  - {name: free, actor: Ego, when: {time_s: 2}, do: {kind: override, release: [brake]}}\n"
    )
    speed = {round(row.t, 3): row.speed for row in run(tmp_path, story, 3.0).of("Ego")}
    assert speed[2.0] < speed[1.0] - 2.0
    assert speed[2.95] > speed[2.15] - 0.5


def test_edges_and_values_of_parameters_are_waited_for(tmp_path: Path) -> None:
    story = (
        "  - {name: up, when: {time_s: 0.5}, do: {kind: set_parameter, parameter: p, add: 2}}\n"
        "  - {name: high, actor: Ego, when: {parameter: p, at_least: 3}, do: {kind: stop}}\n"
        "  - {name: fast, actor: lead, when: {faster_kmh: 50, edge: rising}, do: {kind: stop}}\n"
        "  - {name: slow, actor: Ego, when: {faster_kmh: 30, edge: falling}, do: {kind: vanish}}\n"
    )
    begun = {
        each.path.rsplit("::")[-1]: each.time
        for each in run(tmp_path, story, 3.0).events
        if isinstance(each, StateChange) and (each.kind, each.state) == ("event", "running")
    }
    assert begun["high"] == pytest.approx(0.5, abs=0.06) and "fast" not in begun
    assert begun["slow"] == pytest.approx(begun["high"] + 6.0 / 21.6, abs=0.2)
