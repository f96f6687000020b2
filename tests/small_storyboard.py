"""Scenarios and roads made by hand for tests of the player."""

from __future__ import annotations

import numpy as np

from simulator.roads import Geometry, Lane, LaneSection, Road, RoadNetwork
from simulator.storyboard import model

CAR = model.Vehicle(
    "car",
    "car",
    model.BoundingBox(1.4, 0.0, 0.75, 5.0, 2.0, 1.5),
    model.Performance(70.0, 20.0, 20.0),
    model.Axles(model.Axle(0.0, 0.7, 1.7, 0.0, 0.35), model.Axle(0.5, 0.7, 1.7, 2.8, 0.35)),
)
WIDTH = 3.5


def straight(length: float = 2000.0, curvature: float = 0.0) -> RoadNetwork:
    """One road along x (or along a circle) with two lanes on each side."""
    width = np.array([[0.0, WIDTH, 0.0, 0.0, 0.0]])
    lanes = [Lane(k, "driving" if k else "none", widths=width if k else np.zeros((0, 5))) for k in (2, 1, 0, -1, -2)]
    kind = "arc" if curvature else "line"
    geometry = Geometry(kind, 0.0, 0.0, 0.0, 0.0, length, curvature, curvature)
    return RoadNetwork({"1": Road("1", length, (geometry,), (LaneSection(0.0, length, tuple(lanes)),))})


def at(s: float, lane: int = -1, offset: float = 0.0) -> model.TeleportAction:
    """A place on the road."""
    return model.TeleportAction(model.LanePosition("1", str(lane), s, offset))


def speed(value: float, dynamics: model.TransitionDynamics | None = None) -> model.SpeedAction:
    """Change to a speed, at once unless said otherwise."""
    at_once = model.TransitionDynamics("step", "time", 0.0)
    return model.SpeedAction(dynamics or at_once, model.AbsoluteTargetSpeed(value))


def after(time: float, delay: float = 0.0, edge: model.ConditionEdge = "none") -> model.Trigger:
    """A trigger by simulated time."""
    return when(model.SimulationTimeCondition("greaterOrEqual", time), delay, edge)


def when(
    condition: model.ByValueCondition | model.ByEntityCondition, delay: float = 0.0, edge: model.ConditionEdge = "none"
) -> model.Trigger:
    """A trigger of one condition."""
    return model.Trigger((model.ConditionGroup((model.Condition("condition", condition, edge, delay),)),))


def event(
    name: str,
    *actions: model.PrivateAction | model.GlobalAction,
    start: model.Trigger | None = None,
    priority: model.Priority = "parallel",
    count: int = 1,
) -> model.Event:
    """An event with these actions."""
    named = tuple(model.Action(f"{name} {k}", action) for k, action in enumerate(actions))
    return model.Event(name, priority, named, start, count)


def scenario(
    init: dict[str, list[model.PrivateAction]],
    *events: model.Event,
    actor: str = "ego",
    stop: model.Trigger | None = None,
    objects: dict[str, model.EntityObject] | None = None,
    variables: tuple[model.VariableDeclaration, ...] = (),
) -> model.OpenScenario:
    """A scenario with one maneuver of one actor."""
    entities = tuple(model.ScenarioObject(name, (objects or {}).get(name, CAR)) for name in init)
    maneuver = model.Maneuver("maneuver", events)
    group = model.ManeuverGroup("group", 1, (actor,), (maneuver,))
    stories = (model.Story("story", (model.Act("act", (group,)),)),) if events else ()
    privates = tuple(model.Private(name, tuple(actions)) for name, actions in init.items())
    storyboard = model.Storyboard(model.Init(privates=privates), stories, stop)
    return model.OpenScenario(model.FileHeader(1, 3), storyboard, entities, variables=variables)
