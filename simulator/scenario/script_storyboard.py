"""From a script to the storyboard's model: the same records that an OpenSCENARIO file is read into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import radians
from typing import Any, cast

from simulator.errors import InputError
from simulator.scenario import script_deeds as deeds
from simulator.scenario import script_lines as lines
from simulator.scenario import script_models as script
from simulator.scenario.lights import FLASHING_LIGHTS, LIGHTS
from simulator.scenario.script_controls import Control, Override, control_action, override_action
from simulator.scenario.script_kinds import entity
from simulator.scenario.script_standard import KeyPath, OpenScenario, StandardReader, as_text
from simulator.scenario.script_terms import Spot
from simulator.scenario.script_traffic import Traffic, traffic_action
from simulator.scenario.script_when import When, conditions
from simulator.storyboard import model
from simulator.storyboard.model.terms import Priority

_STORY, _ACT, _WORLD = "story", "act", "world"
_ANY = "any actor, any act"  # which is no name


class Compiler:
    """Compiles one script.

    Args:
        first_road: id of the road that is meant where none is named.
        file: the script's, for messages.
        line: the line in which a key path stands, 0 where it is unknown.
    """

    def __init__(self, given: script.Script, first_road: str, line: Callable[[KeyPath], int], file: str) -> None:
        self.script, self.first_road, self.line, self.source = given, first_road, line, file
        self.standard = StandardReader(file, line)

    def storyboard(self) -> model.Storyboard:
        """What is so at the start, and what happens."""
        actors = self.script.actors.items()
        given = self.script.environment
        init = model.Init(
            () if given is None else (_environment("environment", given, self.line(("environment",))),),
            privates=tuple(self._start(name, actor) for name, actor in actors if not self._comes_later(name)),
        )
        acts = tuple(self._act(name) for name in (None, *self.script.acts) if any(self._events(act=name)))
        stories = (model.Story(_STORY, acts),) if acts else ()
        return model.Storyboard(init, stories, self._end())

    def _act(self, name: str | None) -> model.Act:
        """An act of the story, or (None) what belongs to none."""
        actors = (*self.script.actors, None)
        groups = tuple(self._group(actor, name) for actor in actors if any(self._events(actor, act=name)))
        begin = model.SimulationTimeCondition("greaterOrEqual", 0.0)
        at_once = model.Trigger((model.ConditionGroup((model.Condition("start", begin),)),))
        if name is None:
            return model.Act(_ACT, groups, at_once)
        given, path = self.script.acts[name], ("acts", name)
        start, stop = (
            tuple(self._when(name, "", when, (*path, key, i)) for i, when in enumerate(conditions))
            for key, conditions in (("when", given.when), ("until", given.until))
        )
        end = model.Trigger(stop) if stop else None
        return model.Act(name, groups, model.Trigger(start) if start else at_once, end, line=self.line(path))

    def entities(self) -> tuple[model.ScenarioObject, ...]:
        """All actors."""
        return tuple(
            entity(
                name,
                actor.kind,
                (actor.length_m, actor.width_m, actor.height_m),
                self.line(("actors", name)),
                actor.draws,
            )
            for name, actor in self.script.actors.items()
        )

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
        return any(isinstance(deed, deeds.Appear) for _, event in self._events(name) for deed in event.do)

    def _start(self, name: str, actor: script.Actor) -> model.Private:
        path: KeyPath = ("actors", name)
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
        groups += [self._when("until", "", when, ("until", i)) for i, when in enumerate(self.script.until)]
        return model.Trigger(tuple(groups))

    # ---- events

    def _events(self, actor: str | None = _ANY, act: str | None = _ANY) -> Iterator[tuple[int, script.Event]]:
        return (
            (i, event)
            for i, event in enumerate(self.script.story)
            if actor in (_ANY, event.actor) and act in (_ANY, event.act)
        )

    def _group(self, actor: str | None, act: str | None) -> model.ManeuverGroup:
        """What an actor does in an act, or (None) what happens to the world."""
        events: list[model.Event] = []
        for number, event in self._events(actor, act):
            events.append(self._event(number, event))
            if any(isinstance(deed, deeds.Walk) for deed in event.do):
                events.append(_halt(event.name))
        name, actors = (_WORLD, ()) if actor is None else (actor, (actor,))
        return model.ManeuverGroup(name, 1, actors, (model.Maneuver(name, tuple(events)),), line=events[0].line)

    def _event(self, number: int, event: script.Event) -> model.Event:
        path: KeyPath = ("story", number)
        actions: list[Any] = []
        for i, deed in enumerate(event.do):
            actions += self._deed(event.actor or "", deed, (*path, "do", i))
        groups = tuple(
            self._when(event.name, event.actor or "", when, (*path, "when", i)) for i, when in enumerate(event.when)
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

    def _when(self, event: str, actor: str, when: When, path: KeyPath) -> model.ConditionGroup:
        return conditions(event, actor, when, self.script.acts, self._spot, self.standard, path)

    # ---- actions

    def _deed(self, actor: str, deed: Any, path: KeyPath) -> list[Any]:
        """The actions of one `do`."""
        line = self.line(path)
        if isinstance(deed, deeds.Speed):
            return [model.SpeedAction(_speed_dynamics(deed), _speed_target(deed), line=line)]
        if isinstance(deed, deeds.Stop):
            dynamics = model.TransitionDynamics("linear", "rate", deed.deceleration_mps2)
            return [model.SpeedAction(dynamics, model.AbsoluteTargetSpeed(0.0), line=line)]
        if isinstance(deed, deeds.LaneChange):
            lane = (
                model.AbsoluteTargetLane(str(deed.lane))
                if deed.lane is not None
                else model.RelativeTargetLane(deed.of or actor, deed.lanes or 0)
            )
            return [model.LaneChangeAction(_lane_dynamics(deed), lane, deed.lateral_m, line=line)]
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
            return [_keep_beside(deed, line)]
        if isinstance(deed, deeds.SpeedProfile):
            return [_speed_profile(deed, line)]
        if isinstance(deed, lines.Follow):
            return self._follow(actor, deed, path)
        if isinstance(deed, (lines.Clothoid, lines.Clothoids, lines.Nurbs)):
            return self._curve(actor, deed, path)
        if isinstance(deed, deeds.Walk):
            return self._walk(actor, deed, line)
        if isinstance(deed, deeds.TakeRoute):
            if deed.along is not None:
                return [model.AssignRouteAction(self._route(deed.along), line=line)]
            stops = tuple(self._spot(spot, (*path, "via", i)) for i, spot in enumerate(deed.via or ()))
            return [model.AcquirePositionAction(stops[0], line=line) if len(stops) == 1 else _route(actor, stops, line)]
        if isinstance(deed, deeds.RandomRoute):
            return [model.RandomRouteAction(line=line)]
        if isinstance(deed, deeds.Hitch):
            return [model.ConnectTrailerAction(deed.trailer, line=line)]
        if isinstance(deed, deeds.Unhitch):
            return [model.DisconnectTrailerAction(line=line)]
        if isinstance(deed, Control):
            return [control_action(deed, line)]
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
            return [_lights(deed, line)]
        if isinstance(deed, deeds.Animate):
            return [_animation(deed, line)]
        if isinstance(deed, deeds.Visibility):
            return [model.VisibilityAction(deed.cameras, deed.sensors, deed.traffic, line=line)]
        if isinstance(deed, deeds.Environment):
            return [_environment("environment", deed, line)]
        if isinstance(deed, (deeds.SetVariable, deeds.SetParameter)):
            return [_set_value(deed, line)]
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
                model.SpeedAction(_at_once(), model.AbsoluteTargetSpeed(speed), line=line),
            ]
        return [model.DeleteEntityAction(actor, line=line)]

    def _follow(self, actor: str, deed: lines.Follow, path: KeyPath) -> list[Any]:
        line, given = self.line(path), (*path, "path")
        corners = deed.path or ()
        if deed.along is not None:
            corners, given = self.script.paths.get(deed.along, ()), ("paths", deed.along)
        if not corners:
            raise self._error(f'"{deed.along}" is a route; follow goes along one of paths:', (*path, "along"))
        timed = corners[0].time_s is not None
        return _along(deed.along or actor, self._polyline(corners, given), timed, deed.speed_kmh, line)

    def _polyline(self, corners: tuple[lines.TimedSpot, ...], path: KeyPath) -> model.Polyline:
        return model.Polyline(
            tuple(model.Vertex(self._corner(corner, (*path, i)), corner.time_s) for i, corner in enumerate(corners))
        )

    def _route(self, name: str) -> model.Route:
        """One of the script's routes."""
        stops = self.script.routes.get(name)
        if stops is None:
            raise self._error(f'"{name}" is a path; give one of routes:', ("paths", name))
        places = (self._spot(spot, ("routes", name, i)) for i, spot in enumerate(stops))
        waypoints = tuple(model.Waypoint(place, "shortest") for place in places)
        return model.Route(name, waypoints, line=self.line(("routes", name)))

    def _error(self, text: str, path: KeyPath) -> InputError:
        return InputError(text, source=self.source, line=self.line(path) or None, key=".".join(map(str, path)))

    def _curve(self, actor: str, deed: lines.Clothoid | lines.Clothoids | lines.Nurbs, path: KeyPath) -> list[Any]:
        shape: model.Clothoid | model.ClothoidSpline | model.Nurbs
        if isinstance(deed, lines.Clothoid):
            start = self._spot(deed.at, (*path, "at"))
            timed = deed.start_s is not None
            shape = model.Clothoid(
                start, deed.curvature_1_m, deed.change_1_m2, deed.length_m, deed.start_s, deed.stop_s
            )
        elif isinstance(deed, lines.Clothoids):
            timed = deed.end_s is not None
            pieces = []
            for i, part in enumerate(deed.parts):
                at = None if part.at is None else self._spot(part.at, (*path, "parts", i, "at"))
                turn = radians(part.turn_deg)
                pieces.append(
                    model.ClothoidSplineSegment(part.from_1_m, part.to_1_m, part.length_m, turn, part.time_s, at)
                )
            shape = model.ClothoidSpline(tuple(pieces), deed.end_s)
        else:
            timed = deed.points[0].time_s is not None
            points = tuple(
                model.ControlPoint(self._corner(point, (*path, "points", i)), point.time_s, point.weight)
                for i, point in enumerate(deed.points)
            )
            shape = model.Nurbs(deed.order, points, deed.knots or _even_knots(len(points), deed.order))
        return _along(actor, shape, timed, deed.speed_kmh, self.line(path))

    def _walk(self, actor: str, deed: deeds.Walk, line: int) -> list[Any]:
        here = model.RelativeObjectPosition(actor, 0.0, 0.0, line=line)
        there = model.RelativeObjectPosition(actor, deed.ahead_m, deed.left_m, line=line)
        straight = model.Polyline((model.Vertex(here), model.Vertex(there)))
        return _along(actor, straight, False, deed.speed_kmh, line)

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
            shape = self._polyline(self.script.paths[spot.along], ("paths", spot.along))
            trajectory = model.Trajectory(spot.along, shape, line=line)
            return model.TrajectoryPosition(trajectory, spot.s_m or 0.0, spot.t_m or 0.0, turn, line=line)
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


def _set_value(deed: deeds.SetVariable | deeds.SetParameter, line: int) -> model.GlobalAction:
    rule = model.MultiplyByValue(deed.times or 0.0) if deed.add is None else model.AddValue(deed.add)
    if isinstance(deed, deeds.SetVariable):
        if deed.value is not None:
            return model.VariableSetAction(deed.variable, as_text(deed.value), line=line)
        return model.VariableModifyAction(deed.variable, rule, line=line)
    if deed.value is not None:
        return model.ParameterSetAction(deed.parameter, as_text(deed.value), line=line)
    return model.ParameterModifyAction(deed.parameter, rule, line=line)


def _halt(walk: str) -> model.Event:
    """Standing still where a walk has led; the default controller would go on along the lane."""
    over = model.StoryboardElementStateCondition("event", walk, "completeState")
    stand = model.SpeedAction(_at_once(), model.AbsoluteTargetSpeed(0.0))
    trigger = model.Trigger((model.ConditionGroup((model.Condition(f"{walk}: over", over),)),))
    return model.Event(f"{walk}_end", "parallel", (model.Action(f"{walk}_end", stand),), trigger)


def _at_once() -> model.TransitionDynamics:
    return model.TransitionDynamics("step", "time", 0.0)


def _speed_target(deed: deeds.Speed) -> model.AbsoluteTargetSpeed | model.RelativeTargetSpeed:
    if deed.of is not None:
        return model.RelativeTargetSpeed(deed.of, deed.by_kmh / 3.6, "delta", False)
    return model.AbsoluteTargetSpeed((deed.speed_kmh or 0.0) / 3.6)


def _speed_dynamics(deed: deeds.Speed) -> model.TransitionDynamics:
    shape: Any = deed.shape
    if deed.acceleration_mps2 is not None:
        return model.TransitionDynamics(shape, "rate", deed.acceleration_mps2)
    if deed.duration_s is not None:
        return model.TransitionDynamics(shape, "time", deed.duration_s)
    return _at_once() if deed.distance_m is None else model.TransitionDynamics(shape, "distance", deed.distance_m)


def _lane_dynamics(deed: deeds.LaneChange) -> model.TransitionDynamics:
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
    actor: str,
    shape: model.Polyline | model.Clothoid | model.ClothoidSpline | model.Nurbs,
    timed: bool,
    speed_kmh: float | None,
    line: int,
) -> list[Any]:
    """Follow a line by its times, or at a speed from the first step on where one is given."""
    timing = model.Timing("relative", 1.0, 0.0) if timed else None
    trajectory = model.Trajectory(actor, shape, line=line)
    actions: list[Any] = [model.FollowTrajectoryAction(trajectory, "position", timing, line=line)]
    if speed_kmh is not None:
        actions.insert(0, model.SpeedAction(_at_once(), model.AbsoluteTargetSpeed(speed_kmh / 3.6), line=line))
    return actions


def _even_knots(points: int, order: int) -> tuple[float, ...]:
    """Knots of a curve that begins at its first point and ends at its last."""
    inner = points - order
    return (*(0.0,) * order, *(float(k + 1) for k in range(inner)), *(inner + 1.0,) * order)


def _speed_profile(deed: deeds.SpeedProfile, line: int) -> model.SpeedProfileAction:
    entries = tuple(model.SpeedProfileEntry(point.speed_kmh / 3.6, point.after_s) for point in deed.points)
    limits = (deed.acceleration_mps2, deed.deceleration_mps2, deed.jerk_mps3, deed.jerk_mps3)
    constraints = None if all(limit is None for limit in limits) else model.DynamicConstraints(None, *limits)
    mode: Any = "follow" if deed.smooth else "position"
    return model.SpeedProfileAction(mode, entries, deed.of, constraints, line=line)


def _keep_beside(deed: deeds.KeepBeside, line: int) -> model.LateralDistanceAction:
    side: Any = None if deed.side is None else deeds.SIDES[deed.side]
    limits = None if deed.lateral_mps is None else model.DynamicConstraints(deed.lateral_mps)
    return model.LateralDistanceAction(
        deed.to, deed.keep, True, deed.distance_m, side, "road", dynamic_constraints=limits, line=line
    )


def _lights(deed: deeds.Lights, line: int) -> model.AppearanceAction:
    lamp: Any = LIGHTS[deed.light]
    mode: Any = deed.mode or ("flashing" if deed.light in FLASHING_LIGHTS else "on")
    red, green, blue = (int((deed.color or "#000000")[k : k + 2], 16) / 255 for k in (1, 3, 5))
    color = None if deed.color is None else model.Color("other", (red, green, blue))
    state = model.LightState(mode, deed.intensity_cd, deed.on_s, deed.off_s, color)
    action = model.LightStateAction(model.VehicleLight(lamp), state, deed.within_s, line=line)
    return model.AppearanceAction(light_state=action, line=line)


def _animation(deed: deeds.Animate, line: int) -> model.AppearanceAction:
    kind: model.ComponentAnimation | model.PedestrianAnimation
    if deed.part is not None:
        part: Any = deeds.PARTS[deed.part]
        kind = model.ComponentAnimation(model.VehicleComponent(part))
    else:
        motion: Any = None if deed.motion is None else deeds.MOTIONS[deed.motion]
        gestures: Any = () if deed.gesture is None else (deeds.GESTURES[deed.gesture],)
        kind = model.PedestrianAnimation(motion, gestures)
    action = model.AnimationAction(kind, deed.share, deed.loop, deed.within_s, line=line)
    return model.AppearanceAction(animation=action, line=line)


def _environment(name: str, given: deeds.Environment, line: int) -> model.EnvironmentAction:
    """The records of what is given; what is not stays."""
    time = None if given.time is None else model.TimeOfDay(given.time, given.clock_runs)
    sun = None
    if given.sun_azimuth_deg is not None and given.sun_elevation_deg is not None:
        sun = model.Sun(radians(given.sun_azimuth_deg), radians(given.sun_elevation_deg), given.sun_lx)
    wind = None
    if given.wind_mps is not None and given.wind_from_deg is not None:
        # There it is where it blows to, anticlockwise from x (east).
        wind = model.Wind(radians((270.0 - given.wind_from_deg) % 360.0), given.wind_mps)
    falling = None
    if given.rain_mm_h is not None or given.snow_mm_h is not None:
        rain, snow = given.rain_mm_h or 0.0, given.snow_mm_h or 0.0
        falling = model.Precipitation("rain" if rain else "snow" if snow else "dry", rain or snow)
    weather = model.Weather(
        given.cloud_oktas,
        None,
        None if given.temperature_c is None else given.temperature_c + 273.15,
        sun,
        None if given.visibility_m is None else model.Fog(given.visibility_m),
        falling,
        wind,
    )
    road = None
    if given.wetness is not None or given.friction is not None:
        wetness: Any = given.wetness
        road = model.RoadCondition(1.0 if given.friction is None else given.friction, wetness)
    environment = model.Environment(name, time, None if weather == model.Weather() else weather, road, line=line)
    return model.EnvironmentAction(environment, line=line)
