"""How much faster than real time scripted scenarios are played: simulated seconds a second on the clock.

Where ODDROAD_MATERIAL names a folder of public scenarios, some of them; and one made here, on a procedural road.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.table import Row, best_seconds, row
from simulator.pipeline.replay import Run, read_runs
from simulator.roads import procedural, write_opendrive

NAMES = (
    "esmini/resources/xosc/cut-in.xosc",
    "esmini/resources/xosc/swarm.xosc",
    "alks/logical_scenarios/concrete_scenarios/alks_scenario_4_4_1_cut_in_no_collision_template.xosc",
    "ncap/OpenSCENARIO/NCAP/AEB_VRU_2023/NCAP_AEB_VRU_CPNCO_2023.xosc",
)
UNTIL_S = 60.0
CARS = 5
VEHICLE = """<Vehicle name="car" vehicleCategory="car">
  <BoundingBox><Center x="1.4" y="0" z="0.75"/><Dimensions width="1.8" length="4.5" height="1.5"/></BoundingBox>
  <Performance maxSpeed="70" maxAcceleration="10" maxDeceleration="10"/>
  <Axles><FrontAxle maxSteering="0.5" wheelDiameter="0.6" trackWidth="1.6" positionX="2.8" positionZ="0.3"/>
    <RearAxle maxSteering="0.5" wheelDiameter="0.6" trackWidth="1.6" positionX="0" positionZ="0.3"/></Axles>
</Vehicle>"""
START = """<Private entityRef="car{k}"><PrivateAction><TeleportAction><Position>
  <LanePosition roadId="{road}" laneId="{lane}" s="{s}"/></Position></TeleportAction></PrivateAction>
  <PrivateAction><LongitudinalAction><SpeedAction>
  <SpeedActionDynamics dynamicsShape="step" dynamicsDimension="time" value="0"/>
  <SpeedActionTarget><AbsoluteTargetSpeed value="20"/></SpeedActionTarget></SpeedAction></LongitudinalAction>
  </PrivateAction></Private>"""
BRAKE = """<ManeuverGroup name="group{k}" maximumExecutionCount="1"><Actors selectTriggeringEntities="false">
  <EntityRef entityRef="car{k}"/></Actors><Maneuver name="maneuver{k}"><Event name="event{k}" priority="override">
  <Action name="brake"><PrivateAction><LongitudinalAction><SpeedAction>
  <SpeedActionDynamics dynamicsShape="sinusoidal" dynamicsDimension="time" value="5"/>
  <SpeedActionTarget><AbsoluteTargetSpeed value="10"/></SpeedActionTarget></SpeedAction></LongitudinalAction>
  </PrivateAction></Action><StartTrigger><ConditionGroup><Condition name="near" delay="0" conditionEdge="rising">
  <ByEntityCondition><TriggeringEntities triggeringEntitiesRule="any"><EntityRef entityRef="car{k}"/>
  </TriggeringEntities><EntityCondition><TraveledDistanceCondition value="{way}"/></EntityCondition>
  </ByEntityCondition></Condition></ConditionGroup></StartTrigger></Event></Maneuver></ManeuverGroup>"""


def convoy(folder: Path) -> Path:
    """A scenario file: cars behind each other on a long straight road, one after the other brakes."""
    network = procedural.straight(length_m=3000.0)
    write_opendrive(network, folder / "road.xodr")
    [key, *_] = (key for key in network.lanes() if key.lane < 0)
    cars = range(CARS)
    entities = "".join(f'<ScenarioObject name="car{k}">{VEHICLE}</ScenarioObject>' for k in cars)
    starts = "".join(START.format(k=k, road=key.road, lane=key.lane, s=300 - 40 * k) for k in cars)
    brakes = "".join(BRAKE.format(k=k, way=100 + 50 * k) for k in cars)
    path = folder / "convoy.xosc"
    path.write_text(
        f"""<OpenSCENARIO><FileHeader revMajor="1" revMinor="3" date="2024-01-01T00:00:00" description="" author=""/>
        <CatalogLocations/><RoadNetwork><LogicFile filepath="road.xodr"/></RoadNetwork><Entities>{entities}</Entities>
        <Storyboard><Init><Actions>{starts}</Actions></Init><Story name="story"><Act name="act">{brakes}</Act></Story>
        <StopTrigger/></Storyboard></OpenSCENARIO>""",
        encoding="utf-8",
    )
    return path


def rows(threads: int) -> list[Row]:
    """Simulated seconds a second, playing alone, with files and maps already read; playing takes one thread."""
    out = []
    with TemporaryDirectory() as folder:
        runs = list(read_runs(convoy(Path(folder))))
        if "ODDROAD_MATERIAL" in os.environ:
            material = Path(os.environ["ODDROAD_MATERIAL"]) / "openx"
            runs += [run for name in NAMES for run in read_runs(material / name)]
        for run in runs:
            out.append(_row(run))
    return out


def _row(run: Run) -> Row:
    duration = run.play(until=UNTIL_S).table[-1].t
    [seconds] = best_seconds([lambda: run.play(until=UNTIL_S)], 3)
    work = f"{Path(run.scenario.source or '').stem}, {duration:g} s, {len(run.scenario.entities)} entities"
    return row(work, "simulated s/s", 1, duration / seconds)
