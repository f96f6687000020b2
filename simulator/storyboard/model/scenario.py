"""The storyboard and the scenario around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from simulator.storyboard.model.conditions import ByEntityCondition, ByValueCondition
from simulator.storyboard.model.entities import EntitySelection, Properties, ScenarioObject
from simulator.storyboard.model.global_actions import GlobalAction, UserDefinedAction
from simulator.storyboard.model.places import Position
from simulator.storyboard.model.private_actions import PrivateAction
from simulator.storyboard.model.terms import ConditionEdge, ParameterType, Priority, Record


@dataclass(frozen=True)
class Condition(Record):
    """A condition, true `delay` seconds later, at an edge of what it watches or (none) as long as it holds."""

    name: str
    condition: ByEntityCondition | ByValueCondition
    condition_edge: ConditionEdge = "none"
    delay: float = 0.0


@dataclass(frozen=True)
class ConditionGroup(Record):
    """Met when all of its conditions are."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Trigger(Record):
    """Met when one of its groups is; without groups never."""

    condition_groups: tuple[ConditionGroup, ...] = ()


@dataclass(frozen=True)
class Action(Record):
    """A named action of an event."""

    name: str
    action: PrivateAction | GlobalAction | UserDefinedAction


@dataclass(frozen=True)
class Event(Record):
    """Actions that start together; without a trigger as soon as the maneuver runs.

    `maximum_execution_count` is how often; None: as the standard says, once.
    """

    name: str
    priority: Priority
    actions: tuple[Action, ...]
    start_trigger: Trigger | None = None
    maximum_execution_count: int | None = None


@dataclass(frozen=True)
class Maneuver(Record):
    """Events of one purpose."""

    name: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class ManeuverGroup(Record):
    """Maneuvers and the entities that do them; `select_triggering_entities`: those that triggered the act, too."""

    name: str
    maximum_execution_count: int
    actors: tuple[str, ...]
    maneuvers: tuple[Maneuver, ...]
    select_triggering_entities: bool = False


@dataclass(frozen=True)
class Act(Record):
    """Groups that start together; without a trigger at once."""

    name: str
    maneuver_groups: tuple[ManeuverGroup, ...]
    start_trigger: Trigger | None = None
    stop_trigger: Trigger | None = None


@dataclass(frozen=True)
class Story(Record):
    """Acts of one purpose."""

    name: str
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Private(Record):
    """What an entity does before the start."""

    entity_ref: str
    actions: tuple[PrivateAction, ...]


@dataclass(frozen=True)
class Init(Record):
    """Everything that happens before the start."""

    global_actions: tuple[GlobalAction, ...] = ()
    user_defined_actions: tuple[UserDefinedAction, ...] = ()
    privates: tuple[Private, ...] = ()


@dataclass(frozen=True)
class Storyboard(Record):
    """What happens; without a stop trigger until all is done."""

    init: Init
    stories: tuple[Story, ...] = ()
    stop_trigger: Trigger | None = None


@dataclass(frozen=True)
class TrafficSignalState(Record):
    """What one signal shows."""

    traffic_signal_id: str
    state: str


@dataclass(frozen=True)
class Phase(Record):
    """States of signals for a time; `group_state` is of all the controller's signals."""

    name: str
    duration: float
    traffic_signal_states: tuple[TrafficSignalState, ...] = ()
    group_state: str | None = None


@dataclass(frozen=True)
class TrafficSignalController(Record):
    """Phases in a cycle, begun `delay` seconds after those of the controller named by `reference`."""

    name: str
    phases: tuple[Phase, ...] = ()
    delay: float = 0.0
    reference: str | None = None


@dataclass(frozen=True)
class RoadNetwork(Record):
    """The map (found on disk), the 3D model (as the file names it), controllers of signals, the part in use."""

    logic_file: Path | None = None
    scene_graph_file: str = ""
    traffic_signals: tuple[TrafficSignalController, ...] = ()
    used_area: tuple[Position, ...] = ()


Value: TypeAlias = bool | int | float | str


@dataclass(frozen=True)
class ParameterDeclaration(Record):
    """A parameter with the value that it has in this run, of the Python type that its type calls for."""

    name: str
    parameter_type: ParameterType
    value: Value


@dataclass(frozen=True)
class VariableDeclaration(Record):
    """A variable with the value that it has at the start."""

    name: str
    variable_type: ParameterType
    value: Value


@dataclass(frozen=True)
class MonitorDeclaration(Record):
    """A monitor with the value that it has at the start."""

    name: str
    value: bool


@dataclass(frozen=True)
class License(Record):
    """Under which terms a file may be used."""

    name: str
    resource: str = ""
    spdx_id: str = ""
    text: str = ""


@dataclass(frozen=True)
class FileHeader(Record):
    """Who wrote a file, when, of which version."""

    rev_major: int
    rev_minor: int
    author: str = ""
    date: str = ""
    description: str = ""
    license: License | None = None
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True)
class OpenScenario(Record):
    """A scripted scenario, complete. `source` is its file; `warnings` is what reading it repaired or ignored."""

    file_header: FileHeader
    storyboard: Storyboard
    entities: tuple[ScenarioObject, ...] = ()
    entity_selections: tuple[EntitySelection, ...] = ()
    road_network: RoadNetwork = field(default_factory=RoadNetwork)
    parameters: tuple[ParameterDeclaration, ...] = ()
    variables: tuple[VariableDeclaration, ...] = ()
    monitors: tuple[MonitorDeclaration, ...] = ()
    source: Path | None = None
    warnings: tuple[str, ...] = ()
