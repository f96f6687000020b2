"""Records of the storyboard for what deeds of scripted scenarios say without a look at anything else of the script."""

from __future__ import annotations

from math import radians
from typing import Any

from simulator.scenario import script_deeds as deeds
from simulator.scenario.lights import FLASHING_LIGHTS, LIGHTS
from simulator.scenario.script_standard import as_text
from simulator.storyboard import model

_Line = model.Polyline | model.Clothoid | model.ClothoidSpline | model.Nurbs


def set_value(deed: deeds.SetVariable | deeds.SetParameter, line: int) -> model.GlobalAction:
    """Another value of a variable or parameter."""
    rule = model.MultiplyByValue(deed.times or 0.0) if deed.add is None else model.AddValue(deed.add)
    if isinstance(deed, deeds.SetVariable):
        if deed.value is not None:
            return model.VariableSetAction(deed.variable, as_text(deed.value), line=line)
        return model.VariableModifyAction(deed.variable, rule, line=line)
    if deed.value is not None:
        return model.ParameterSetAction(deed.parameter, as_text(deed.value), line=line)
    return model.ParameterModifyAction(deed.parameter, rule, line=line)


def halt(walk: str, reference: str) -> model.Event:
    """Standing still where a walk has led; the default controller would go on along the lane."""
    over = model.StoryboardElementStateCondition("event", reference, "completeState")
    stand = model.SpeedAction(at_once(), model.AbsoluteTargetSpeed(0.0))
    trigger = model.Trigger((model.ConditionGroup((model.Condition(f"{walk}: over", over),)),))
    return model.Event(f"{walk}_end", "parallel", (model.Action(f"{walk}_end", stand),), trigger)


def at_once() -> model.TransitionDynamics:
    """The dynamics of a step."""
    return model.TransitionDynamics("step", "time", 0.0)


def speed_target(deed: deeds.Speed) -> model.AbsoluteTargetSpeed | model.RelativeTargetSpeed:
    """The speed to get to."""
    if deed.of is not None:
        return model.RelativeTargetSpeed(deed.of, deed.by_kmh / 3.6, "delta", False)
    return model.AbsoluteTargetSpeed((deed.speed_kmh or 0.0) / 3.6)


def speed_dynamics(deed: deeds.Speed) -> model.TransitionDynamics:
    """How the speed changes."""
    shape: Any = deed.shape
    if deed.acceleration_mps2 is not None:
        return model.TransitionDynamics(shape, "rate", deed.acceleration_mps2)
    if deed.duration_s is not None:
        return model.TransitionDynamics(shape, "time", deed.duration_s)
    return at_once() if deed.distance_m is None else model.TransitionDynamics(shape, "distance", deed.distance_m)


def lane_dynamics(deed: deeds.LaneChange) -> model.TransitionDynamics:
    """How the lane is changed; without a word of it in 4 s."""
    shape: Any = deed.shape
    if deed.lateral_mps is not None:
        return model.TransitionDynamics(shape, "rate", deed.lateral_mps)
    if deed.distance_m is not None:
        return model.TransitionDynamics(shape, "distance", deed.distance_m)
    return model.TransitionDynamics(shape, "time", 4.0 if deed.duration_s is None else deed.duration_s)


def route(name: str, stops: tuple[model.Position, ...], line: int) -> model.AssignRouteAction:
    """The shortest way by these places."""
    waypoints = tuple(model.Waypoint(stop, "shortest") for stop in stops)
    return model.AssignRouteAction(model.Route(name, waypoints, line=line), line=line)


def _is_timed(shape: _Line) -> bool:
    """Whether a line has times that rise; catalogs often write 0 where there are none."""
    if isinstance(shape, model.Clothoid):
        times = [shape.start_time, shape.stop_time]
    elif isinstance(shape, model.ClothoidSpline):
        times = [*(segment.time_start for segment in shape.segments), shape.time_end]
    elif isinstance(shape, model.Polyline):
        times = [vertex.time for vertex in shape.vertices]
    else:
        times = [point.time for point in shape.control_points]
    known = [time for time in times if time is not None]
    return bool(known) and len(known) == len(times) and known[-1] > known[0]


def along(trajectory: model.Trajectory, speed_kmh: float | None, line: int) -> list[Any]:
    """Follow a line by its times, or at a speed from the first step on where one is given."""
    timing = model.Timing("relative", 1.0, 0.0) if speed_kmh is None and _is_timed(trajectory.shape) else None
    actions: list[Any] = [model.FollowTrajectoryAction(trajectory, "position", timing, line=line)]
    if speed_kmh is not None:
        actions.insert(0, model.SpeedAction(at_once(), model.AbsoluteTargetSpeed(speed_kmh / 3.6), line=line))
    return actions


def even_knots(points: int, order: int) -> tuple[float, ...]:
    """Knots of a curve that begins at its first point and ends at its last."""
    inner = points - order
    return (*(0.0,) * order, *(float(k + 1) for k in range(inner)), *(inner + 1.0,) * order)


def speed_profile(deed: deeds.SpeedProfile, line: int) -> model.SpeedProfileAction:
    """Speeds one after the other."""
    entries = tuple(model.SpeedProfileEntry(point.speed_kmh / 3.6, point.after_s) for point in deed.points)
    limits = (deed.acceleration_mps2, deed.deceleration_mps2, deed.jerk_mps3, deed.jerk_mps3)
    constraints = None if all(limit is None for limit in limits) else model.DynamicConstraints(None, *limits)
    mode: Any = "follow" if deed.smooth else "position"
    return model.SpeedProfileAction(mode, entries, deed.of, constraints, line=line)


def keep_beside(deed: deeds.KeepBeside, line: int) -> model.LateralDistanceAction:
    """A distance to the side, between bounding boxes."""
    side: Any = None if deed.side is None else deeds.SIDES[deed.side]
    limits = None if deed.lateral_mps is None else model.DynamicConstraints(deed.lateral_mps)
    return model.LateralDistanceAction(
        deed.to, deed.keep, True, deed.distance_m, side, "road", dynamic_constraints=limits, line=line
    )


def lights(deed: deeds.Lights, line: int) -> model.AppearanceAction:
    """The state of a lamp."""
    lamp: Any = LIGHTS[deed.light]
    mode: Any = deed.mode or ("flashing" if deed.light in FLASHING_LIGHTS else "on")
    red, green, blue = (int((deed.color or "#000000")[k : k + 2], 16) / 255 for k in (1, 3, 5))
    color = None if deed.color is None else model.Color("other", (red, green, blue))
    state = model.LightState(mode, deed.intensity_cd, deed.on_s, deed.off_s, color)
    action = model.LightStateAction(model.VehicleLight(lamp), state, deed.within_s, line=line)
    return model.AppearanceAction(light_state=action, line=line)


def animation(deed: deeds.Animate, line: int) -> model.AppearanceAction:
    """A part that moves, or what a person does."""
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


def environment(given: deeds.Environment, line: int) -> model.Environment:
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
    return model.Environment("environment", time, None if weather == model.Weather() else weather, road, line=line)
