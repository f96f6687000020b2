"""A small OpenSCENARIO file with places to put things in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator.storyboard import model

VEHICLE = """<Vehicle name="{name}" vehicleCategory="car">
  <BoundingBox><Center x="1.4" y="0" z="0.9"/><Dimensions width="2" length="5" height="1.8"/></BoundingBox>
  <Performance maxSpeed="69" maxAcceleration="10" maxDeceleration="10"/>
  <Axles>
    <FrontAxle maxSteering="0.5" wheelDiameter="0.8" trackWidth="1.68" positionX="2.98" positionZ="0.4"/>
    <RearAxle maxSteering="0.5" wheelDiameter="0.8" trackWidth="1.68" positionX="0" positionZ="0.4"/>
  </Axles>
</Vehicle>"""
SPEED = """<PrivateAction><LongitudinalAction><SpeedAction>
  <SpeedActionDynamics dynamicsShape="linear" dynamicsDimension="time" value="{time}"/>
  <SpeedActionTarget><AbsoluteTargetSpeed value="{speed}"/></SpeedActionTarget>
</SpeedAction></LongitudinalAction></PrivateAction>"""
TIME = """<ByValueCondition><SimulationTimeCondition value="1" rule="greaterThan"/></ByValueCondition>"""
HEAD = '<FileHeader revMajor="1" revMinor="{minor}" date="2024-01-01T00:00:00" description="" author=""/>'
DECLARED = """<ParameterDeclarations>
  <ParameterDeclaration name="v" parameterType="double" value="3"/>
</ParameterDeclarations>"""
_BOX = '<BoundingBox><Center x="0" y="0" z="$v"/><Dimensions width="1" length="1" height="2"/></BoundingBox>'
# What catalogs hold, with a parameter v.
ENTRIES = {
    "Vehicle": VEHICLE.format(name="entry").replace('maxSpeed="69"', 'maxSpeed="$v"').replace(
        "<BoundingBox>", DECLARED + "<BoundingBox>", 1
    ),
    "Pedestrian": f'<Pedestrian name="entry" mass="80" pedestrianCategory="pedestrian">{DECLARED}{_BOX}</Pedestrian>',
    "MiscObject": f'<MiscObject name="entry" mass="8" miscObjectCategory="pole">{DECLARED}{_BOX}</MiscObject>',
    "Environment": f"""<Environment name="entry">{DECLARED}<Weather><Wind direction="0" speed="$v"/></Weather>
      </Environment>""",
    "Maneuver": f"""<Maneuver name="entry">{DECLARED}<Event name="e" priority="override"><Action name="a">
      {SPEED.format(time=1, speed="$v")}</Action></Event></Maneuver>""",
}  # fmt: skip


def scenario(
    *,
    minor: int = 3,
    declarations: str = "",
    catalogs: str = "",
    roads: str = "",
    entities: str = "",
    init: str = "",
    story: str = "",
    action: str = "",
    condition: str = TIME,
    actors: str = '<EntityRef entityRef="Ego"/>',
    maneuvers: str = "",
) -> str:
    """Text of a file with an entity "Ego", one event, and what is given."""
    ego = f'<ScenarioObject name="Ego">{VEHICLE.format(name="car")}</ScenarioObject>'
    event = f"""<Maneuver name="maneuver"><Event name="event" priority="override">
      <Action name="action">{action or SPEED.format(time=2, speed=10)}</Action>
      <StartTrigger><ConditionGroup>
        <Condition name="condition" delay="0" conditionEdge="none">{condition}</Condition>
      </ConditionGroup></StartTrigger></Event></Maneuver>"""
    return f"""<?xml version="1.0"?>
<OpenSCENARIO>
  {HEAD.format(minor=minor)}
  {declarations}
  <CatalogLocations>{catalogs}</CatalogLocations>
  <RoadNetwork>{roads}</RoadNetwork>
  <Entities>{ego}{entities}</Entities>
  <Storyboard>
    <Init><Actions>{init}</Actions></Init>
    <Story name="story">{story}<Act name="act">
      <ManeuverGroup name="group" maximumExecutionCount="1">
        <Actors selectTriggeringEntities="false">{actors}</Actors>{maneuvers or event}
      </ManeuverGroup>
    </Act></Story>
    <StopTrigger/>
  </Storyboard>
</OpenSCENARIO>
"""


def catalog(name: str, entries: str, *, minor: int = 3) -> str:
    """Text of a file with a catalog."""
    return f'<OpenSCENARIO>{HEAD.format(minor=minor)}<Catalog name="{name}">{entries}</Catalog></OpenSCENARIO>'


def write(folder: Path, text: str, name: str = "scenario.xosc") -> Path:
    """Write a file, and its folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def event_of(found: model.OpenScenario) -> model.Event:
    """The first event."""
    return found.storyboard.stories[0].acts[0].maneuver_groups[0].maneuvers[0].events[0]


def action_of(found: model.OpenScenario) -> Any:
    """The first action of the first event."""
    return event_of(found).actions[0].action


def condition_of(found: model.OpenScenario) -> Any:
    """The only condition by which the first event starts."""
    trigger = event_of(found).start_trigger
    assert trigger is not None
    [[condition]] = [group.conditions for group in trigger.condition_groups]
    return condition.condition
