"""Scripted actors: from the scenario's manoeuvres to agents, events and motions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.motion import Driver, Event, Motion
from simulator.numerics import se3
from simulator.numerics.rng import generator
from simulator.scenario.models import LaneChange, Manoeuvre, ScriptedActor, Speed, Stop, Walk
from simulator.scene import Atmosphere, Switch, stance
from simulator.traffic.staged import Roads
from simulator.world.cast import Cast
from simulator.world.lamps import switched
from simulator.world.near import calls_for_umbrellas
from simulator.world.population import driving_lamps
from simulator.world.route import Route, highest_speed

Array = NDArray[np.float64]


def events_of(manoeuvres: tuple[Manoeuvre, ...], lateral_m: float, lane_width_m: float) -> tuple[Event, ...]:
    """Changes of speed and lane, in the order of the file; lane changes add up."""
    events, side = [], lateral_m
    for manoeuvre in manoeuvres:
        after = manoeuvre.when.time_s or 0.0
        near = manoeuvre.when.ego_distance_m
        do = manoeuvre.do
        if isinstance(do, Speed):
            events.append(Event("speed", do.speed_mps, do.acceleration_mps2, after, near))
        elif isinstance(do, Stop):
            events.append(Event("speed", 0.0, do.deceleration_mps2, after, near))
        elif isinstance(do, LaneChange):
            side += do.lanes * lane_width_m
            events.append(Event("lateral", side, do.duration_s, after, near))
    return tuple(events)


def indicators_of(manoeuvres: tuple[Manoeuvre, ...], agent: int) -> list[tuple[int, float, float, int]]:
    """When an agent's indicators flash: during its timed lane changes."""
    return [
        (
            agent,
            manoeuvre.when.time_s,
            manoeuvre.when.time_s + manoeuvre.do.duration_s,
            int(Switch.INDICATOR_LEFT if manoeuvre.do.lanes > 0 else Switch.INDICATOR_RIGHT),
        )
        for manoeuvre in manoeuvres
        if isinstance(manoeuvre.do, LaneChange) and manoeuvre.when.time_s is not None
    ]


def along(route: Route, ahead_m: Array) -> tuple[Array, Array]:
    """World position and rpy along the ego's path, prolonged straight behind its start and past its end."""
    inside = np.clip(ahead_m, 0.0, route.path.length)
    position, rpy = route.path.at(inside, 0.0)
    beyond = (ahead_m - inside)[:, None]
    yaw = rpy[:, 2]
    return position + beyond * np.stack([np.cos(yaw), np.sin(yaw), np.zeros_like(yaw)], 1), rpy


def act(
    spec: ScriptedActor,
    number: int,
    roads: Roads,
    route: Route,
    cast: Cast,
    seed: int,
    atmosphere: Atmosphere,
) -> None:
    """Add a scripted actor to the cast, who has dressed for the weather."""
    name = spec.name or f"{spec.actor.kind}-script-{number}"
    rng = generator(seed, "script", number)
    width = float(np.interp(max(spec.ahead_m, 0.0), route.path.s, route.path.width))
    side = spec.lane * width + spec.lateral_m
    start, rpy = along(route, np.array([spec.ahead_m]))
    yaw = float(rpy[0, 2]) + np.radians(spec.heading_deg)
    left = np.array([-np.sin(rpy[0, 2]), np.cos(rpy[0, 2]), 0.0])
    given: Any = spec.actor
    actor = given.drawn(rng)
    walk = next((m for m in spec.manoeuvres if isinstance(m.do, Walk)), None)
    if walk is not None and getattr(actor, "pace_mps", None) == 0.0:
        assert isinstance(walk.do, Walk)
        actor = actor.model_copy(update={"pace_mps": walk.do.speed_mps or actor.usual_mps})
    rains = calls_for_umbrellas(atmosphere)
    models = actor.dressed(atmosphere.temperature_c, cast.season, rains=rains).models(rng)
    moving = spec.speed_mps != 0.0 or bool(spec.manoeuvres)
    position, attitude = stance(cast.builder, models[0], start[0] + side * left, yaw)
    row = cast.add(models, position, attitude, name=name, moving=moving or models[0].watch_rad > 0.0)
    if models[0].lamps and (moving or spec.lights):
        cast.lamps[row] = switched(driving_lamps(atmosphere.headlamps, rng) if moving else 0, spec.lights)
    if walk is not None:
        cast.follow(_walk(walk, spec, row, position, route, actor))
        return
    if not moving:
        return
    opposite = abs(float(se3.wrap_angle(np.radians(spec.heading_deg)))) > np.pi / 2
    reach = 60.0 + 40.0 * max(highest_speed(spec.speed_mps, spec.manoeuvres), 5.0)
    stations = spec.ahead_m + (np.arange(0.0, reach) if not opposite else -np.arange(0.0, reach))
    line, _ = along(route, stations)
    target = abs(spec.speed_mps)
    sign = -1.0 if opposite else 1.0
    events = events_of(spec.manoeuvres, sign * side, width)
    limit = float(np.interp(spec.ahead_m, route.path.s, route.path.speed_limit_mps))
    driver = Driver(
        target,
        acceleration_mps2=actor.acceleration_mps2,
        deceleration_mps2=actor.deceleration_mps2,
        pace=max(1.0, highest_speed(target, spec.manoeuvres) / limit),
        lawful=False,
    )
    if opposite:
        way = roads.stretches_at(line + sign * side * np.array([-np.sin(yaw), np.cos(yaw), 0.0]))
    else:
        way = roads.stretches(route.path, spec.ahead_m)
    agent = cast.drive(row, line, target, driver, lateral_m=sign * side, events=events, way=way)
    cast.indicators += indicators_of(spec.manoeuvres, agent)


def _walk(manoeuvre: Manoeuvre, spec: ScriptedActor, row: int, position: Array, route: Route, actor: Any) -> Motion:
    do = manoeuvre.do
    assert isinstance(do, Walk)
    goal, rpy = along(route, np.array([spec.ahead_m + do.ahead_m]))
    end = goal[0] + do.lateral_m * np.array([-np.sin(rpy[0, 2]), np.cos(rpy[0, 2]), 0.0])
    steps = max(int(np.hypot(*(end - position)[:2])), 1) + 1
    line = np.linspace(position, end, steps)
    speed = do.speed_mps if do.speed_mps is not None else actor.usual_mps
    return Motion(
        row,
        line,
        speed,
        3.0,
        start_s=manoeuvre.when.time_s or 0.0,
        start_ego_distance_m=manoeuvre.when.ego_distance_m,
        initial_speed_mps=spec.speed_mps,
    )
