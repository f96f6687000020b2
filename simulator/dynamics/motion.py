"""What an agent is told: the path it follows, its temper, and the events that change its mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Event:
    """A scripted change of an agent's target, once, when its trigger fires.

    Attributes:
        kind: `speed`: `value` is the new target speed in m/s, reached with `rate` m/s2;
            `lateral`: `value` is the new offset in metres to the left of the path, reached in `rate` seconds.
        value, rate: see above.
        after_s: not before this time of the drive.
        ego_distance_m: if given, only when the ego's front is this near (straight line).
    """

    kind: Literal["speed", "lateral"]
    value: float
    rate: float
    after_s: float = 0.0
    ego_distance_m: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """One object's prescribed motion: it follows a polyline regardless of others once its trigger fires.

    Attributes:
        object: object id.
        points: (K, 3) world polyline in metres, from the object's start; the object faces along it.
        speed_mps: target speed along the polyline; it stops at the end.
        acceleration_mps2: with which the target speed is reached.
        start_s: earliest start after the beginning of the drive.
        start_ego_distance_m: if given, starts only when the ego's front is this near (straight line).
        initial_speed_mps: speed at the beginning of the drive, before and at the trigger.
        stride_m: length of a gait cycle (two steps) for legs; 0: no gait.
        keep_heading: keep the initial heading (a sideways slide) instead of facing along the polyline.
        events: changes of the target speed on the way.
    """

    object: int
    points: NDArray[np.float64]
    speed_mps: float
    acceleration_mps2: float = 2.0
    start_s: float = 0.0
    start_ego_distance_m: float | None = None
    initial_speed_mps: float = 0.0
    stride_m: float = 0.0
    keep_heading: bool = False
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Driver:
    """Longitudinal temper: Intelligent Driver Model (Treiber, Hennecke, Helbing 2000, table 1), late for surprises.

    Attributes:
        desired_speed_mps: v0, at most.
        pace: v0 in shares of the speed limit, at most; curves are taken faster too.
        headway_s: T.
        gap_m: s0.
        acceleration_mps2: a.
        deceleration_mps2: comfortable b.
        reacts: brakes for others, for signals, in curves and at the end of the road; False: drives on whatever happens.
        lawful: heeds signals and the right of way.
        reaction_s: time from the first sight of what comes into view during the drive until it is heeded (0.75 s: the
            careful human driver of UN R157, annex 3).
        changes: lanes: `never`; `blocked`: to get round what stands, lies or creeps in its own, and back to that;
            `free`: wherever MOBIL finds it worth it (Kesting, Treiber, Helbing 2007).
        politeness: p of MOBIL.
        weather_wise: drives as the weather that it knows of asks.
        told_pace: the weather does not make it slower than so many shares of the speed limit, nor than v0: it is told
            to drive that fast; 0: it is not told.
    """

    desired_speed_mps: float
    headway_s: float = 1.6
    gap_m: float = 2.0
    acceleration_mps2: float = 0.73
    deceleration_mps2: float = 1.67
    reacts: bool = True
    pace: float = 1.0
    lawful: bool = True
    reaction_s: float = 0.75
    changes: Literal["never", "blocked", "free"] = "never"
    politeness: float = 0.35
    weather_wise: bool = False
    told_pace: float = 0.0


@dataclass(frozen=True, slots=True)
class OnFoot:
    """How somebody sets out on the walkways of a map, to go on as `traffic.people` has it: round others, over streets.

    Attributes:
        being: `traffic.person.Being`.
        point: of the walkways, where it starts.
        forward: with the points of the way there, or against them.
        side: -1 .. 1, where across the ways it likes to walk, to the left as it goes.
        pace_mps: desired speed.
        radius_m: of the body.
        crosses: way over a street that it takes next; -1: as chance has it.
        strays_hz: how often it sets out to cross between crossings, 1/s.
    """

    being: int
    point: int
    forward: bool
    side: float
    pace_mps: float
    radius_m: float
    crosses: int = -1
    strays_hz: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Agent:
    """An object that drives along a path.

    Attributes:
        object: object id.
        points: (K, 3) world polyline of the path that the model's origin follows.
        start_m: arc length at the start.
        speed_mps: speed at the start.
        driver: temper.
        front_m, rear_m: extent of the body ahead of and behind the model's origin (both positive).
        half_width_m: half the body's width.
        wheelbase_m: distance of the axles, for the steering angle.
        lateral_m: offset to the left of the path at the start.
        events: scripted changes.
        start_s, start_ego_distance_m: trigger before which the agent keeps its initial speed (see Motion).
        stride_m: length of a gait cycle for legs; 0: no gait.
        keep_heading: do not turn with the path.
        upright: stays vertical on slopes instead of pitching with the path.
        way: (m along the path, lane from there on, m along that lane) where the path leads over lanes of a map, on
            which it reacts to others; -1 instead of a lane where it leads over none.
        by_chance: it starts as slow as it must for those who are there already.
        dead_end: the road ends where the path does (agents that react stop there); else the drive must end before.
        chassis: () VEHICLE_DTYPE of a vehicle that brakes, turns and slides as the road under its tyres lets it; None:
            it is moved as it is told.
        on_foot: of who walks about by itself, its path being no more than where it starts; None: anybody else.
    """

    object: int
    points: NDArray[np.float64]
    start_m: float
    speed_mps: float
    driver: Driver
    front_m: float
    rear_m: float
    half_width_m: float
    wheelbase_m: float = 0.0
    lateral_m: float = 0.0
    events: tuple[Event, ...] = ()
    start_s: float = 0.0
    start_ego_distance_m: float | None = None
    stride_m: float = 0.0
    keep_heading: bool = False
    upright: bool = False
    way: tuple[tuple[float, int, float], ...] = ()
    by_chance: bool = False
    dead_end: bool = False
    chassis: NDArray[np.void] | None = None
    on_foot: OnFoot | None = None


def agent_of_motion(motion: Motion, front_m: float, rear_m: float, half_width_m: float, upright: bool = False) -> Agent:
    """The agent that carries out a prescribed motion (it reacts to nobody)."""
    driver = Driver(motion.speed_mps, acceleration_mps2=motion.acceleration_mps2, deceleration_mps2=4.0, reacts=False)
    return Agent(
        object=motion.object,
        points=motion.points,
        start_m=0.0,
        speed_mps=motion.initial_speed_mps,
        driver=driver,
        front_m=front_m,
        rear_m=rear_m,
        half_width_m=half_width_m,
        start_s=motion.start_s,
        start_ego_distance_m=motion.start_ego_distance_m,
        stride_m=motion.stride_m,
        keep_heading=motion.keep_heading,
        events=motion.events,
        upright=upright,
    )
