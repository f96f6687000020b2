"""From a script to the storyboard's model: the same records that an OpenSCENARIO file is read into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import radians
from pathlib import Path
from typing import Any, TypeVar, cast

from simulator.errors import InputError
from simulator.scenario import script_deeds as deeds
from simulator.scenario import script_lines as lines
from simulator.scenario import script_models as script
from simulator.scenario import script_records as records
from simulator.scenario.script_catalogs import Entry, FromCatalog
from simulator.scenario.script_controls import Control, Override, control_action, driver, override_action
from simulator.scenario.script_kinds import entity
from simulator.scenario.script_standard import KeyPath, OpenScenario, StandardReader
from simulator.scenario.script_terms import Spot
from simulator.scenario.script_traffic import Traffic, traffic_action
from simulator.scenario.script_when import When, conditions
from simulator.storyboard import model
from simulator.storyboard.model.terms import Priority, StoryboardElementType

_STORY, _ACT, _WORLD = "story", "act", "world"
_Cast = tuple[tuple[str, ...], bool]  # names of actors, and whether those that triggered the act join them
_WORLDS: _Cast = ((), False)
R = TypeVar("R", bound=model.Record)


def _copies(event: script.Event) -> list[_Cast]:
    """Who does an event: its cast, or each of it where deeds refer to who does them, which no group says of several."""
    if any(deeds.is_of_one(deed) for deed in event.do):
        return [((name,), False) for name in event.cast]
    return [(event.cast, event.triggering)]


class Compiler:
    """Compiles one script.

    Args:
        first_road: id of the road that is meant where none is named.
        file: the script's, for messages.
        line: the line in which a key path stands, 0 where it is unknown.
        catalogs: folders and files of catalogs.
    """

    def __init__(
        self,
        given: script.Script,
        first_road: str,
        line: Callable[[KeyPath], int],
        file: str,
        catalogs: Sequence[Path] = (),
    ) -> None:
        self.script, self.first_road, self.line, self.source = given, first_road, line, file
        self.standard = StandardReader(file, line, catalogs)

    def storyboard(self) -> model.Storyboard:
        """What is so at the start, and what happens."""
        actors = self.script.actors.items()
        given = self.script.environment
        init = model.Init(
            () if given is None else (self._environment(given, ("environment",)),),
            privates=tuple(self._start(name, actor) for name, actor in actors if not self._comes_later(name)),
        )
        acts = tuple(
            self._act(name)
            for name in (None, *self.script.acts)
            if any(event.act == name for event in self.script.story)
        )
        stories = (model.Story(_STORY, acts),) if acts else ()
        return model.Storyboard(init, stories, self._end())

    def _act(self, name: str | None) -> model.Act:
        """An act of the story, or (None) what belongs to none."""
        groups = tuple(self._groups(name))
        begin = model.SimulationTimeCondition("greaterOrEqual", 0.0)
        at_once = model.Trigger((model.ConditionGroup((model.Condition("start", begin),)),))
        if name is None:
            return model.Act(_ACT, groups, at_once)
        given, path = self.script.acts[name], ("acts", name)
        start, stop = (
            tuple(self._when(name, (), when, (*path, key, i)) for i, when in enumerate(conditions))
            for key, conditions in (("when", given.when), ("until", given.until))
        )
        end = model.Trigger(stop) if stop else None
        return model.Act(name, groups, model.Trigger(start) if start else at_once, end, line=self.line(path))

    def entities(self) -> tuple[model.ScenarioObject, ...]:
        """All actors."""
        return tuple(each for name, actor in self.script.actors.items() for each in self._entities(name, actor))

    def _entities(self, name: str, actor: script.Actor) -> tuple[model.ScenarioObject, ...]:
        """An actor, and the trailers that it brings along from a catalog."""
        path: KeyPath = ("actors", name)
        if actor.entry is not None:
            taken = actor.entry
            made = self.standard.entity(name, taken.catalog, taken.entry, taken.values, (*path, "entry"))
        else:
            size = actor.length_m, actor.width_m, actor.height_m
            made = (entity(name, actor.kind or "", size, self.line(path), actor.draws),)
        if actor.controller is None:
            return made
        key: KeyPath = (*path, "controller")
        given = driver(actor.controller, self._taker(model.Controller, key), self.line(key))
        return (replace(made[0], controllers=() if given is None else (given,)), *made[1:])

    def signals(self) -> tuple[model.TrafficSignalController, ...]:
        """All controllers of traffic signals."""
        return tuple(
            model.TrafficSignalController(
                name,
                tuple(
                    model.Phase(
                        phase.name,
                        phase.duration_s,
                        tuple(model.TrafficSignalState(number, state) for number, state in phase.signals.items()),
                        phase.all,
                    )
                    for phase in controller.phases
                ),
                controller.delay_s,
                controller.after,
                line=self.line(("signals", name)),
            )
            for name, controller in self.script.signals.items()
        )

    # ---- start and end

    def _comes_later(self, name: str) -> bool:
        cast = (event for event in self.script.story if name in event.cast)
        return any(isinstance(deed, deeds.Appear) for event in cast for deed in event.do)

    def _start(self, name: str, actor: script.Actor) -> model.Private:
        path: KeyPath = ("actors", name)
        line = self.line(path)
        speed = model.SpeedAction(records.at_once(), model.AbsoluteTargetSpeed(actor.speed_kmh / 3.6))
        actions: list[model.PrivateAction] = [model.TeleportAction(self._spot(actor, path), line=line), speed]
        if actor.route:
            first = self._spot(actor, path)
            stops = (first, *(self._spot(spot, (*path, "route", i)) for i, spot in enumerate(actor.route)))
            actions.append(records.route(name, stops, self.line((*path, "route"))))
        return model.Private(name, tuple(actions), line=line)

    def _end(self) -> model.Trigger:
        over = model.Condition("duration", model.SimulationTimeCondition("greaterOrEqual", self.script.duration_s))
        groups = [model.ConditionGroup((over,))]
        groups += [self._when("until", (), when, ("until", i)) for i, when in enumerate(self.script.until)]
        return model.Trigger(tuple(groups))

    # ---- events

    def _groups(self, act: str | None) -> Iterator[model.ManeuverGroup]:
        """Who does what in an act: single actors in their order, then several together, then the world."""
        found: dict[_Cast, list[tuple[int, script.Event]]] = {((name,), False): [] for name in self.script.actors}
        for number, event in enumerate(self.script.story):
            for who in _copies(event) if event.act == act else ():
                found.setdefault(who, []).append((number, event))
        if _WORLDS in found:
            found[_WORLDS] = found.pop(_WORLDS)
        for who, given in found.items():
            yield from self._group(who, given)

    def _group(self, who: _Cast, given: list[tuple[int, script.Event]]) -> Iterator[model.ManeuverGroup]:
        """One group, and one for each maneuver of a catalog."""
        actors, triggering = who
        name = " and ".join((*actors, *(["triggering"] if triggering else []))) or _WORLD
        events: list[model.Event] = []
        for number, event in given:
            if event.entry is None:
                events.append(self._event(number, event, actors))
            if any(isinstance(deed, deeds.Walk) for deed in event.do):
                events.append(records.halt(event.name, f"{name}::{name}::{event.name}"))
        if events:
            yield model.ManeuverGroup(
                name, 1, actors, (model.Maneuver(name, tuple(events)),), triggering, line=events[0].line
            )
        for number, event in given:
            if event.entry is not None:
                path: KeyPath = ("story", number)
                taken = self._taker(model.Maneuver, (*path, "entry"))(event.entry)
                yield model.ManeuverGroup(event.name, event.times, actors, (taken,), triggering, line=self.line(path))

    def _elements(self, name: str) -> list[tuple[StoryboardElementType, str]]:
        """Types and references of what an event or act has become."""
        if name in self.script.acts:
            return [("act", name)]
        event = next(event for event in self.script.story if event.name == name)
        if event.entry is not None:
            return [("maneuverGroup", name)]
        copies = _copies(event)
        if len(copies) == 1:
            return [("event", name)]
        return [("event", f"{actor}::{actor}::{name}") for (actor,), _ in copies]

    def _event(self, number: int, event: script.Event, actors: tuple[str, ...]) -> model.Event:
        """An event of all of its cast, or its copy of one of them."""
        path: KeyPath = ("story", number)
        actions: list[Any] = []
        for i, deed in enumerate(event.do):
            actions += self._deed(actors[0] if actors else "", deed, (*path, "do", i))
        groups = tuple(
            self._when(event.name, event.cast, when, (*path, "when", i)) for i, when in enumerate(event.when)
        )
        names = [event.name if len(actions) == 1 else f"{event.name} {i + 1}" for i in range(len(actions))]
        return model.Event(
            event.name,
            cast(Priority, event.priority),
            tuple(model.Action(name, action) for name, action in zip(names, actions)),
            model.Trigger(groups) if groups else None,
            event.times,
            line=self.line(path),
        )

    def _when(self, event: str, actors: tuple[str, ...], when: When, path: KeyPath) -> model.ConditionGroup:
        return conditions(event, actors, when, self._elements, self._spot, self.standard, path)

    def _taker(self, cls: type[R], path: KeyPath) -> Callable[[Entry], R]:
        """What takes records of a type from catalogs, for an entry that stands at a key path."""

        def take(entry: Entry) -> R:
            """The record."""
            found: R = self.standard.entry(entry.catalog, entry.entry, entry.values, (cls,), path)
            return found

        return take

    # ---- actions

    def _deed(self, actor: str, deed: Any, path: KeyPath) -> list[Any]:
        """The actions of one `do`."""
        line = self.line(path)
        if isinstance(deed, deeds.Speed):
            return [model.SpeedAction(records.speed_dynamics(deed), records.speed_target(deed), line=line)]
        if isinstance(deed, deeds.Stop):
            dynamics = model.TransitionDynamics("linear", "rate", deed.deceleration_mps2)
            return [model.SpeedAction(dynamics, model.AbsoluteTargetSpeed(0.0), line=line)]
        if isinstance(deed, deeds.LaneChange):
            lane = (
                model.AbsoluteTargetLane(str(deed.lane))
                if deed.lane is not None
                else model.RelativeTargetLane(deed.of or actor, deed.lanes or 0)
            )
            return [model.LaneChangeAction(records.lane_dynamics(deed), lane, deed.lateral_m, line=line)]
        if isinstance(deed, deeds.LaneOffset):
            offset = (
                model.AbsoluteTargetLaneOffset(deed.lateral_m)
                if deed.of is None
                else model.RelativeTargetLaneOffset(deed.of, deed.lateral_m)
            )
            shape: Any = deed.shape
            return [model.LaneOffsetAction(shape, offset, False, deed.acceleration_mps2, line=line)]
        if isinstance(deed, deeds.KeepDistance):
            return [
                model.LongitudinalDistanceAction(
                    deed.to, deed.keep, True, deed.distance_m, deed.gap_s, coordinate_system="road", line=line
                )
            ]
        if isinstance(deed, deeds.KeepBeside):
            return [records.keep_beside(deed, line)]
        if isinstance(deed, deeds.SpeedProfile):
            return [records.speed_profile(deed, line)]
        if isinstance(deed, lines.Follow):
            return self._follow(actor, deed, path)
        if isinstance(deed, (lines.Clothoid, lines.Clothoids, lines.Nurbs)):
            return self._curve(actor, deed, path)
        if isinstance(deed, deeds.Walk):
            return self._walk(actor, deed, line)
        if isinstance(deed, deeds.TakeRoute):
            if deed.along is not None:
                return [model.AssignRouteAction(self._route(deed.along), line=line)]
            if deed.entry is not None:
                return [model.AssignRouteAction(self._taker(model.Route, path)(deed.entry), line=line)]
            stops = tuple(self._spot(spot, (*path, "via", i)) for i, spot in enumerate(deed.via or ()))
            if len(stops) == 1:
                return [model.AcquirePositionAction(stops[0], line=line)]
            return [records.route(actor, stops, line)]
        if isinstance(deed, deeds.RandomRoute):
            return [model.RandomRouteAction(line=line)]
        if isinstance(deed, deeds.Hitch):
            return [model.ConnectTrailerAction(deed.trailer, line=line)]
        if isinstance(deed, deeds.Unhitch):
            return [model.DisconnectTrailerAction(line=line)]
        if isinstance(deed, Control):
            return [control_action(deed, self._taker(model.Controller, path), line)]
        if isinstance(deed, Override):
            return [override_action(deed, line)]
        if isinstance(deed, OpenScenario):
            return [self.standard.action(deed.action, (*path, "action"))]
        if isinstance(deed, deeds.Synchronise):
            final = None if deed.speed_kmh is None else model.AbsoluteSpeed(deed.speed_kmh / 3.6)
            at, meet = self._spot(deed.at, (*path, "at")), self._spot(deed.meet, (*path, "meet"))
            return [model.SynchronizeAction(deed.to, at, meet, final, line=line)]
        if isinstance(deed, deeds.Teleport):
            return [model.TeleportAction(self._spot(deed.at, (*path, "at")), line=line)]
        if isinstance(deed, deeds.Lights):
            return [records.lights(deed, line)]
        if isinstance(deed, deeds.Animate):
            return [records.animation(deed, line)]
        if isinstance(deed, deeds.Visibility):
            return [model.VisibilityAction(deed.cameras, deed.sensors, deed.traffic, line=line)]
        if isinstance(deed, deeds.Environment):
            return [self._environment(deed, path)]
        if isinstance(deed, (deeds.SetVariable, deeds.SetParameter)):
            return [records.set_value(deed, line)]
        if isinstance(deed, deeds.SetMonitor):
            return [model.SetMonitorAction(deed.monitor, deed.value, line=line)]
        if isinstance(deed, deeds.Signal):
            return [model.TrafficSignalStateAction(deed.signal, deed.state, line=line)]
        if isinstance(deed, deeds.SignalPhase):
            return [model.TrafficSignalControllerAction(deed.controller, deed.phase, line=line)]
        if isinstance(deed, Traffic):
            return [traffic_action(deed, self._spot, path, line)]
        if isinstance(deed, deeds.Appear):
            speed = self.script.actors[actor].speed_kmh / 3.6
            place = self._spot(deed.at, (*path, "at"))
            return [
                model.AddEntityAction(actor, place, line=line),
                model.SpeedAction(records.at_once(), model.AbsoluteTargetSpeed(speed), line=line),
            ]
        return [model.DeleteEntityAction(actor, line=line)]

    def _follow(self, actor: str, deed: lines.Follow, path: KeyPath) -> list[Any]:
        line = self.line(path)
        if deed.along is not None and deed.along not in self.script.paths:
            raise self._error(f'"{deed.along}" is a route; follow goes along one of paths:', (*path, "along"))
        if deed.entry is not None:
            trajectory = self._taker(model.Trajectory, path)(deed.entry)
        elif deed.along is not None:
            trajectory = self._path(deed.along, line)
        else:
            trajectory = model.Trajectory(actor, self._polyline(deed.path or (), (*path, "path")), line=line)
        return records.along(trajectory, deed.speed_kmh, line)

    def _path(self, name: str, line: int) -> model.Trajectory:
        """One of the script's paths."""
        path, key = self.script.paths[name], ("paths", name)
        if isinstance(path, FromCatalog):
            return self._taker(model.Trajectory, (*key, "entry"))(path.entry)
        return model.Trajectory(name, self._polyline(path, key), line=line)

    def _polyline(self, corners: tuple[lines.TimedSpot, ...], path: KeyPath) -> model.Polyline:
        return model.Polyline(
            tuple(model.Vertex(self._corner(corner, (*path, i)), corner.time_s) for i, corner in enumerate(corners))
        )

    def _route(self, name: str) -> model.Route:
        """One of the script's routes."""
        stops = self.script.routes.get(name)
        if stops is None:
            raise self._error(f'"{name}" is a path; give one of routes:', ("paths", name))
        if isinstance(stops, FromCatalog):
            return self._taker(model.Route, ("routes", name, "entry"))(stops.entry)
        places = (self._spot(spot, ("routes", name, i)) for i, spot in enumerate(stops))
        waypoints = tuple(model.Waypoint(place, "shortest") for place in places)
        return model.Route(name, waypoints, line=self.line(("routes", name)))

    def _error(self, text: str, path: KeyPath) -> InputError:
        return InputError(text, source=self.source, line=self.line(path) or None, key=".".join(map(str, path)))

    def _curve(self, actor: str, deed: lines.Clothoid | lines.Clothoids | lines.Nurbs, path: KeyPath) -> list[Any]:
        shape: model.Clothoid | model.ClothoidSpline | model.Nurbs
        if isinstance(deed, lines.Clothoid):
            start = self._spot(deed.at, (*path, "at"))
            shape = model.Clothoid(
                start, deed.curvature_1_m, deed.change_1_m2, deed.length_m, deed.start_s, deed.stop_s
            )
        elif isinstance(deed, lines.Clothoids):
            pieces = []
            for i, part in enumerate(deed.parts):
                at = None if part.at is None else self._spot(part.at, (*path, "parts", i, "at"))
                turn = radians(part.turn_deg)
                pieces.append(
                    model.ClothoidSplineSegment(part.from_1_m, part.to_1_m, part.length_m, turn, part.time_s, at)
                )
            shape = model.ClothoidSpline(tuple(pieces), deed.end_s)
        else:
            points = tuple(
                model.ControlPoint(self._corner(point, (*path, "points", i)), point.time_s, point.weight)
                for i, point in enumerate(deed.points)
            )
            shape = model.Nurbs(deed.order, points, deed.knots or records.even_knots(len(points), deed.order))
        line = self.line(path)
        return records.along(model.Trajectory(actor, shape, line=line), deed.speed_kmh, line)

    def _walk(self, actor: str, deed: deeds.Walk, line: int) -> list[Any]:
        here = model.RelativeObjectPosition(actor, 0.0, 0.0, line=line)
        there = model.RelativeObjectPosition(actor, deed.ahead_m, deed.left_m, line=line)
        straight = model.Polyline((model.Vertex(here), model.Vertex(there)))
        return records.along(model.Trajectory(actor, straight, line=line), deed.speed_kmh, line)

    def _environment(self, given: deeds.Environment, path: KeyPath) -> model.EnvironmentAction:
        line = self.line(path)
        if given.entry is not None:
            return model.EnvironmentAction(self._taker(model.Environment, (*path, "entry"))(given.entry), line=line)
        return model.EnvironmentAction(records.environment(given, line), line=line)

    # ---- places

    def _corner(self, spot: Spot, path: KeyPath) -> model.Position:
        """A corner of a line: who comes there heads along the line, unless a heading is given."""
        place = self._spot(spot, path)
        if isinstance(place, model.WorldPosition) and spot.heading_deg is None:
            return replace(place, h=None)
        return place

    def _spot(self, spot: Spot, path: KeyPath) -> model.Position:
        line = self.line(path)
        turn = model.Orientation(h=radians(spot.heading_deg), type="relative") if spot.heading_deg else None
        if spot.openscenario is not None:
            return self.standard.position(spot.openscenario, (*path, "openscenario"))
        if spot.of is not None and spot.along is not None:
            here = model.FromCurrentEntity(spot.of)
            return model.RoutePosition(self._route(spot.along), here, turn, line=line)
        if spot.of is not None:
            if spot.x_m is not None and spot.y_m is not None:
                return model.RelativeWorldPosition(spot.of, spot.x_m, spot.y_m, spot.z_m or 0.0, turn, line=line)
            if spot.t_m is not None:
                return model.RelativeRoadPosition(spot.of, spot.ahead_m, spot.t_m, turn, line=line)
            if spot.left_m is not None:
                return model.RelativeObjectPosition(spot.of, spot.ahead_m, spot.left_m, orientation=turn, line=line)
            return model.RelativeLanePosition(
                spot.of, spot.lanes, ds=spot.ahead_m, offset=spot.lateral_m, orientation=turn, line=line
            )
        if spot.x_m is not None and spot.y_m is not None:
            return model.WorldPosition(spot.x_m, spot.y_m, spot.z_m, radians(spot.heading_deg or 0.0), line=line)
        if spot.latitude_deg is not None and spot.longitude_deg is not None:
            return model.GeoPosition(spot.latitude_deg, spot.longitude_deg, orientation=turn, line=line)
        if spot.along is not None and spot.along in self.script.paths:
            if spot.lane is not None:
                raise self._error("goes with a route or road; paths have no lanes", (*path, "lane"))
            line_there = self._path(spot.along, line)
            return model.TrajectoryPosition(line_there, spot.s_m or 0.0, spot.t_m or 0.0, turn, line=line)
        if spot.along is not None:
            across: model.FromRoadCoordinates | model.FromLaneCoordinates
            if spot.lane is None:
                across = model.FromRoadCoordinates(spot.s_m or 0.0, spot.t_m or 0.0)
            else:
                across = model.FromLaneCoordinates(spot.s_m or 0.0, str(spot.lane), spot.lateral_m)
            return model.RoutePosition(self._route(spot.along), across, turn, line=line)
        road, s = spot.road if spot.road is not None else self.first_road, spot.s_m or 0.0
        if spot.t_m is not None:
            return model.RoadPosition(road, s, spot.t_m, turn, line=line)
        return model.LanePosition(road, str(spot.lane), s, spot.lateral_m, turn, line=line)
