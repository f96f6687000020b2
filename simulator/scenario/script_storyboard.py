"""From a script to the storyboard's model: the same records that an OpenSCENARIO file is read into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import radians
from typing import Any

from simulator.scenario import script_models as script
from simulator.scenario.script_kinds import entity
from simulator.storyboard import model

Path = tuple[str | int, ...]
_STORY = "story"


class Compiler:
    """Compiles one script.

    Args:
        first_road: id of the road that is meant where none is named.
        line: the line in which a key path stands, 0 where it is unknown.
    """

    def __init__(self, source: script.Script, first_road: str, line: Callable[[Path], int]) -> None:
        self.script, self.first_road, self.line = source, first_road, line

    def storyboard(self) -> model.Storyboard:
        """What is so at the start, and what happens."""
        actors = self.script.actors.items()
        init = model.Init(
            privates=tuple(self._start(name, actor) for name, actor in actors if not self._comes_later(name))
        )
        groups = tuple(self._group(name) for name in self.script.actors if any(self._events(name)))
        begin = model.SimulationTimeCondition("greaterOrEqual", 0.0)
        act = model.Act("act", groups, model.Trigger((model.ConditionGroup((model.Condition("start", begin),)),)))
        stories = (model.Story(_STORY, (act,)),) if groups else ()
        return model.Storyboard(init, stories, self._end())

    def entities(self) -> tuple[model.ScenarioObject, ...]:
        """All actors."""
        return tuple(
            entity(name, actor.kind, (actor.length_m, actor.width_m, actor.height_m), self.line(("actors", name)))
            for name, actor in self.script.actors.items()
        )

    # ---- start and end

    def _comes_later(self, name: str) -> bool:
        return any(isinstance(deed, script.Appear) for _, event in self._events(name) for deed in event.do)

    def _start(self, name: str, actor: script.Actor) -> model.Private:
        path: Path = ("actors", name)
        line = self.line(path)
        speed = model.SpeedAction(_at_once(), model.AbsoluteTargetSpeed(actor.speed_kmh / 3.6))
        actions: list[model.PrivateAction] = [model.TeleportAction(self._spot(actor, path), line=line), speed]
        if actor.route:
            first = self._spot(actor, path)
            stops = (first, *(self._spot(spot, (*path, "route", i)) for i, spot in enumerate(actor.route)))
            actions.append(_route(name, stops, self.line((*path, "route"))))
        return model.Private(name, tuple(actions), line=line)

    def _end(self) -> model.Trigger:
        over = model.Condition("duration", model.SimulationTimeCondition("greaterOrEqual", self.script.duration_s))
        groups = [model.ConditionGroup((over,))]
        groups += [self._conditions("until", "", when, ("until", i)) for i, when in enumerate(self.script.until)]
        return model.Trigger(tuple(groups))

    # ---- events

    def _events(self, actor: str) -> Iterator[tuple[int, script.Event]]:
        return ((i, event) for i, event in enumerate(self.script.story) if event.actor == actor)

    def _group(self, actor: str) -> model.ManeuverGroup:
        events: list[model.Event] = []
        for number, event in self._events(actor):
            events.append(self._event(number, event))
            if any(isinstance(deed, script.Walk) for deed in event.do):
                events.append(_halt(event.name))
        return model.ManeuverGroup(actor, 1, (actor,), (model.Maneuver(actor, tuple(events)),), line=events[0].line)

    def _event(self, number: int, event: script.Event) -> model.Event:
        path: Path = ("story", number)
        actions: list[Any] = []
        for i, deed in enumerate(event.do):
            actions += self._deed(event.actor, deed, (*path, "do", i))
        groups = tuple(
            self._conditions(event.name, event.actor, when, (*path, "when", i)) for i, when in enumerate(event.when)
        )
        names = [event.name if len(actions) == 1 else f"{event.name} {i + 1}" for i in range(len(actions))]
        return model.Event(
            event.name,
            event.priority,  # type: ignore[arg-type]
            tuple(model.Action(name, action) for name, action in zip(names, actions)),
            model.Trigger(groups) if groups else None,
            event.times,
            line=self.line(path),
        )

    def _conditions(self, event: str, actor: str, when: script.When, path: Path) -> model.ConditionGroup:
        line = self.line(path)
        found: list[tuple[str, Any]] = []
        if when.time_s is not None:
            found.append(("time", model.SimulationTimeCondition("greaterOrEqual", when.time_s)))
        for name, state in ((when.after, "completeState"), (when.with_start_of, "startTransition")):
            if name is not None:
                reference = model.StoryboardElementStateCondition("event", name, state, line=line)  # type: ignore[arg-type]
                found.append((name, reference))
        who = (when.of or actor,)
        found += [
            (kind, model.ByEntityCondition(who, "any", condition, line=line))
            for kind, condition in self._watched(when, path, line)
        ]
        return model.ConditionGroup(
            tuple(model.Condition(f"{event}: {kind}", condition, delay=when.delay_s) for kind, condition in found)
        )

    def _watched(self, when: script.When, path: Path, line: int) -> Iterator[tuple[str, model.EntityCondition]]:
        """Conditions of an entity."""
        rule: model.Rule = "greaterOrEqual" if when.above else "lessOrEqual"
        how: dict[str, Any] = {
            "freespace": True,
            "rule": rule,
            "relative_distance_type": "euclidianDistance" if when.straight else "longitudinal",
            "line": line,
        }
        place = None if when.at is None else self._spot(when.at, (*path, "at"))
        if when.distance_m is not None and when.to is not None:
            yield "distance", model.RelativeDistanceCondition(when.to, value=when.distance_m, **how)
        if when.distance_m is not None and place is not None:
            yield "distance", model.DistanceCondition(place, value=when.distance_m, **how)
        if when.headway_s is not None and when.to is not None:
            yield "headway", model.TimeHeadwayCondition(when.to, value=when.headway_s, **how)
        if when.ttc_s is not None:
            target = when.to if place is None else place
            assert target is not None
            yield "ttc", model.TimeToCollisionCondition(target, value=when.ttc_s, **how)
        if when.slower_kmh is not None:
            yield "slower", model.SpeedCondition("lessOrEqual", when.slower_kmh / 3.6, line=line)
        if when.faster_kmh is not None:
            yield "faster", model.SpeedCondition("greaterOrEqual", when.faster_kmh / 3.6, line=line)
        if when.stands_s is not None:
            yield "stands", model.StandStillCondition(when.stands_s, line=line)
        if when.travelled_m is not None:
            yield "travelled", model.TraveledDistanceCondition(when.travelled_m, line=line)
        if when.touches is not None:
            yield "touches", model.CollisionCondition((when.touches,), line=line)

    # ---- actions

    def _deed(self, actor: str, deed: Any, path: Path) -> list[Any]:
        """The actions of one `do`."""
        line = self.line(path)
        if isinstance(deed, script.Speed):
            return [model.SpeedAction(_speed_dynamics(deed), _speed_target(deed), line=line)]
        if isinstance(deed, script.Stop):
            dynamics = model.TransitionDynamics("linear", "rate", deed.deceleration_mps2)
            return [model.SpeedAction(dynamics, model.AbsoluteTargetSpeed(0.0), line=line)]
        if isinstance(deed, script.LaneChange):
            lane = (
                model.AbsoluteTargetLane(str(deed.lane))
                if deed.lane is not None
                else model.RelativeTargetLane(deed.of or actor, deed.lanes or 0)
            )
            return [model.LaneChangeAction(_lane_dynamics(deed), lane, deed.lateral_m, line=line)]
        if isinstance(deed, script.LaneOffset):
            offset = (
                model.AbsoluteTargetLaneOffset(deed.lateral_m)
                if deed.of is None
                else model.RelativeTargetLaneOffset(deed.of, deed.lateral_m)
            )
            shape: Any = deed.shape
            return [model.LaneOffsetAction(shape, offset, False, deed.acceleration_mps2, line=line)]
        if isinstance(deed, script.KeepDistance):
            return [
                model.LongitudinalDistanceAction(
                    deed.to, deed.keep, True, deed.distance_m, deed.gap_s, coordinate_system="road", line=line
                )
            ]
        if isinstance(deed, script.Follow):
            return self._follow(actor, deed, path)
        if isinstance(deed, script.Walk):
            return self._walk(actor, deed, line)
        if isinstance(deed, script.TakeRoute):
            stops = tuple(self._spot(spot, (*path, "via", i)) for i, spot in enumerate(deed.via))
            return [model.AcquirePositionAction(stops[0], line=line) if len(stops) == 1 else _route(actor, stops, line)]
        if isinstance(deed, script.Synchronise):
            final = None if deed.speed_kmh is None else model.AbsoluteSpeed(deed.speed_kmh / 3.6)
            at, meet = self._spot(deed.at, (*path, "at")), self._spot(deed.meet, (*path, "meet"))
            return [model.SynchronizeAction(deed.to, at, meet, final, line=line)]
        if isinstance(deed, script.Teleport):
            return [model.TeleportAction(self._spot(deed.at, (*path, "at")), line=line)]
        if isinstance(deed, script.Lights):
            lamp: Any = script.LIGHTS[deed.light]
            mode: Any = deed.mode
            action = model.LightStateAction(model.VehicleLight(lamp), model.LightState(mode))
            return [model.AppearanceAction(light_state=action, line=line)]
        if isinstance(deed, script.Appear):
            speed = self.script.actors[actor].speed_kmh / 3.6
            place = self._spot(deed.at, (*path, "at"))
            return [
                model.AddEntityAction(actor, place, line=line),
                model.SpeedAction(_at_once(), model.AbsoluteTargetSpeed(speed), line=line),
            ]
        return [model.DeleteEntityAction(actor, line=line)]

    def _follow(self, actor: str, deed: script.Follow, path: Path) -> list[Any]:
        corners = tuple(
            model.Vertex(self._spot(corner, (*path, "path", i)), corner.time_s) for i, corner in enumerate(deed.path)
        )
        timing = None if deed.path[0].time_s is None else model.Timing("relative", 1.0, 0.0)
        return _along(actor, corners, timing, deed.speed_kmh, self.line(path))

    def _walk(self, actor: str, deed: script.Walk, line: int) -> list[Any]:
        here = model.RelativeObjectPosition(actor, 0.0, 0.0, line=line)
        there = model.RelativeObjectPosition(actor, deed.ahead_m, deed.left_m, line=line)
        return _along(actor, (model.Vertex(here), model.Vertex(there)), None, deed.speed_kmh, line)

    # ---- places

    def _spot(self, spot: script.Spot, path: Path) -> model.Position:
        line = self.line(path)
        turn = model.Orientation(h=radians(spot.heading_deg), type="relative") if spot.heading_deg else None
        if spot.of is not None:
            if spot.left_m is not None:
                return model.RelativeObjectPosition(spot.of, spot.ahead_m, spot.left_m, orientation=turn, line=line)
            return model.RelativeLanePosition(
                spot.of, spot.lanes, ds=spot.ahead_m, offset=spot.lateral_m, orientation=turn, line=line
            )
        if spot.x_m is not None and spot.y_m is not None:
            return model.WorldPosition(spot.x_m, spot.y_m, h=radians(spot.heading_deg), line=line)
        road, s = spot.road if spot.road is not None else self.first_road, spot.s_m or 0.0
        if spot.t_m is not None:
            return model.RoadPosition(road, s, spot.t_m, turn, line=line)
        return model.LanePosition(road, str(spot.lane), s, spot.lateral_m, turn, line=line)


def _halt(walk: str) -> model.Event:
    """Standing still where a walk has led; the default controller would go on along the lane."""
    over = model.StoryboardElementStateCondition("event", walk, "completeState")
    stand = model.SpeedAction(_at_once(), model.AbsoluteTargetSpeed(0.0))
    trigger = model.Trigger((model.ConditionGroup((model.Condition(f"{walk}: over", over),)),))
    return model.Event(f"{walk}_end", "parallel", (model.Action(f"{walk}_end", stand),), trigger)


def _at_once() -> model.TransitionDynamics:
    return model.TransitionDynamics("step", "time", 0.0)


def _speed_target(deed: script.Speed) -> model.AbsoluteTargetSpeed | model.RelativeTargetSpeed:
    if deed.of is not None:
        return model.RelativeTargetSpeed(deed.of, deed.by_kmh / 3.6, "delta", False)
    return model.AbsoluteTargetSpeed((deed.speed_kmh or 0.0) / 3.6)


def _speed_dynamics(deed: script.Speed) -> model.TransitionDynamics:
    shape: Any = deed.shape
    if deed.acceleration_mps2 is not None:
        return model.TransitionDynamics(shape, "rate", deed.acceleration_mps2)
    if deed.duration_s is not None:
        return model.TransitionDynamics(shape, "time", deed.duration_s)
    return _at_once() if deed.distance_m is None else model.TransitionDynamics(shape, "distance", deed.distance_m)


def _lane_dynamics(deed: script.LaneChange) -> model.TransitionDynamics:
    shape: Any = deed.shape
    if deed.lateral_mps is not None:
        return model.TransitionDynamics(shape, "rate", deed.lateral_mps)
    if deed.distance_m is not None:
        return model.TransitionDynamics(shape, "distance", deed.distance_m)
    return model.TransitionDynamics(shape, "time", 4.0 if deed.duration_s is None else deed.duration_s)


def _route(name: str, stops: tuple[model.Position, ...], line: int) -> model.AssignRouteAction:
    waypoints = tuple(model.Waypoint(stop, "shortest") for stop in stops)
    return model.AssignRouteAction(model.Route(name, waypoints, line=line), line=line)


def _along(
    actor: str, corners: tuple[model.Vertex, ...], timing: model.Timing | None, speed_kmh: float | None, line: int
) -> list[Any]:
    """Follow straight lines, at a speed from the first step on where one is given."""
    trajectory = model.Trajectory(actor, model.Polyline(corners), line=line)
    actions: list[Any] = [model.FollowTrajectoryAction(trajectory, "position", timing, line=line)]
    if speed_kmh is not None:
        actions.insert(0, model.SpeedAction(_at_once(), model.AbsoluteTargetSpeed(speed_kmh / 3.6), line=line))
    return actions
