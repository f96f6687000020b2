"""Paths as smooth courses: samples, poses along them, and the clock of a drive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.motion import Agent
from simulator.dynamics.prescribed import SPACING

Array = NDArray[np.float64]

STEP_NS = 10_000_000  # 10 ms: dynamics run on this integer clock
ROLLING_M = 0.002  # in a step: who is slower tells nothing of where its wheels point
HAND_STEPS = 10  # to each side of a moment over which hands smooth what they steer
LOCK_RAD = 0.7  # to which front wheels turn at most: a turning circle of 10 m of a car


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Motion of the agents over T steps; arrays are (T, A) unless said otherwise.

    Attributes:
        times_ns: (T,) int64.
        agents: the A agents.
        position: (T, A, 3) world.
        rpy: (T, A, 3) roll, pitch, yaw.
        speed: m/s along the path.
        acceleration: m/s2.
        asked: m/s2 that the driver wants; on slippery roads it gets less.
        travel: metres since the start.
        steer: radians.
        turn: int8, side that a driver is about to turn or to change lanes to: 1 left, -1 right, 0 neither.
        slides: bool, whether a vehicle has left what its tyres could hold, and slides.
        crosses: int8, `traffic.person.Mode` of people who are on a carriageway, on a crossing or anywhere; else 0.
        crashed_s: (A,) s of the drive from when a vehicle that was out of control, or one that it struck, is a wreck;
            infinite: never.
        crashed_into: (A,) the agent or, counted on from these, the obstacle that it then struck; -1: nothing, -2:
            something else that stands about.
        seen_s: (A, B) when a driver first had a body in view, infinite where never: agents, then obstacles, then what
            else was looked for. Rows of agents that do not react are infinite, and drivers other than the ego do not
            look for what stands beside the lanes.
    """

    times_ns: NDArray[np.int64]
    agents: tuple[Agent, ...]
    position: Array
    rpy: Array
    speed: Array
    acceleration: Array
    asked: Array
    travel: Array
    steer: Array
    turn: NDArray[np.int8]
    slides: NDArray[np.bool_]
    crosses: NDArray[np.int8]
    crashed_s: Array
    crashed_into: NDArray[np.int64]
    seen_s: Array


def resample(points: Array, spacing: float = SPACING) -> Array:
    """(K, 3) polyline resampled every `spacing` metres of horizontal length, at least two samples; the end is kept
    within one spacing.

    Points that lie less than 1.5 `spacing` apart are taken for samples of a curve, and a cubic spline goes through
    them; longer legs stay straight. Heights are interpolated linearly: steps of the ground must not swing.
    """
    points = np.asarray(points, np.float64)
    step = np.hypot(*np.diff(points[:, :2], axis=0).T)
    keep = np.concatenate([[True], step > 1e-9])
    points = points[keep]
    s = np.concatenate([[0.0], np.cumsum(step[keep[1:]])])
    if len(points) < 2 or s[-1] < spacing:
        direction = points[-1] - points[0] if len(points) > 1 else np.array([1.0, 0.0, 0.0])
        direction = direction / max(float(np.hypot(*direction[:2])), 1e-9)
        return np.stack([points[0], points[0] + spacing * direction])
    knots = _knots(s, spacing)
    from scipy.interpolate import CubicSpline  # slow to import, and many commands drive nothing

    curve = CubicSpline(knots, np.stack([np.interp(knots, s, points[:, k]) for k in (0, 1)], axis=1))
    at = np.arange(0.0, s[-1] + 1e-9, spacing)
    return np.column_stack([curve(at), np.interp(at, s, points[:, 2])])


def _knots(s: Array, spacing: float) -> Array:
    """Where a spline is held to the polyline with vertices at `s`: at vertices, of which those too near to the one
    before are left out (their direction is noise), and about every `spacing` within long legs."""
    kept = [0.0]
    for here in s[1:]:
        if here - kept[-1] >= 0.25 * spacing:
            kept.append(float(here))
    if s[-1] > kept[-1]:
        kept[-1 if len(kept) > 1 else 1 :] = [float(s[-1])]
    ends = np.array(kept)
    marks = np.arange(0.0, s[-1], spacing)
    after = np.clip(np.searchsorted(ends, marks), 1, len(ends) - 1)
    inside = (marks - ends[after - 1] > 0.75 * spacing) & (ends[after] - marks > 0.75 * spacing)
    return np.sort(np.concatenate([ends, marks[inside]]))


def stations(agents: Sequence[Agent], rows: NDArray[np.void], places: Array) -> tuple[Array, Array]:
    """World position (A, 3) and roll-pitch-yaw (A, 3) of the agents now, straight between the samples of their paths:
    within centimetres of `poses_along`, without the splines of whole drives."""
    i = np.clip((rows["s"] / SPACING).astype(np.int64), 0, rows["samples"] - 2)
    start = places[rows["path"] + i]
    step = places[rows["path"] + i + 1] - start
    yaw = np.arctan2(step[:, 1], step[:, 0])
    position = start + (rows["s"] / SPACING - i)[:, None] * step
    position[:, 0] -= rows["lateral"] * np.sin(yaw)
    position[:, 1] += rows["lateral"] * np.cos(yaw)
    upright = np.array([agent.upright for agent in agents])
    pitch = np.where(upright, 0.0, -np.arctan2(step[:, 2], np.hypot(step[:, 0], step[:, 1])))
    return position, np.stack([np.zeros_like(yaw), pitch, yaw], axis=1)


def poses_along(agent: Agent, path: Array, s: Array, lateral: Array) -> tuple[Array, Array, Array]:
    """World position, roll-pitch-yaw and steering angle along a resampled path, which is smooth between its samples."""
    at = np.arange(len(path)) * SPACING
    from scipy.interpolate import CubicSpline

    curve = CubicSpline(at, path[:, :2])
    tangent, bend = curve(s, 1), curve(s, 2)
    yaw = np.unwrap(np.arctan2(tangent[:, 1], tangent[:, 0]))
    xyz = np.column_stack([curve(s), np.interp(s, at, path[:, 2])])
    xyz[:, 0] -= lateral * np.sin(yaw)
    xyz[:, 1] += lateral * np.cos(yaw)
    curvature = (tangent[:, 0] * bend[:, 1] - tangent[:, 1] * bend[:, 0]) / np.hypot(*tangent.T) ** 3
    pitch = np.interp(s, at, -np.arctan(np.gradient(path[:, 2]) / SPACING))
    speed = np.gradient(s) if len(s) > 1 else np.zeros_like(s)
    slip = np.arctan2(np.gradient(lateral) if len(s) > 1 else 0.0 * s, np.maximum(speed, 1e-3))
    moving = speed > 1e-3
    yaw = yaw + np.where(moving, slip, 0.0)  # a lane change turns the body into its own direction of travel
    if agent.upright:
        pitch = np.zeros_like(pitch)
    if agent.keep_heading:
        yaw = np.full_like(yaw, yaw[0])
    steer = np.arctan(agent.wheelbase_m * curvature)
    return xyz, np.stack([np.zeros_like(yaw), pitch, yaw], axis=1), steer


def steering(position: Array, yaw: Array, wheelbase_m: float, standing: Array) -> Array:
    """(T,) rad to which front wheels are turned by who rolls through positions (T, 3) of the rear axle, looking at
    `yaw` (T,): bends, changes of lane and what else turns the body. Who stands keeps the wheels as they were, or has
    them as `standing` (T,) says who never moves.
    """
    if len(yaw) < 2:
        return standing
    way = np.hypot(np.gradient(position[:, 0]), np.gradient(position[:, 1]))
    rolls = np.flatnonzero(way > ROLLING_M)
    if not len(rolls):
        return standing
    turn = np.gradient(np.unwrap(yaw))[rolls] / way[rolls]
    wheel = np.interp(np.arange(len(yaw)), rolls, np.clip(np.arctan(wheelbase_m * turn), -LOCK_RAD, LOCK_RAD))
    ends = np.pad(wheel, HAND_STEPS, mode="edge")
    return np.asarray(np.convolve(ends, np.ones(2 * HAND_STEPS + 1) / (2 * HAND_STEPS + 1), "valid"))


def velocities(position: Array, times_ns: NDArray[np.int64]) -> Array:
    """(T, A, 3) m/s of positions (T, A, 3) at T times: central differences, of second order at both ends too."""
    steps = len(times_ns)
    if steps < 2:
        return np.zeros_like(position)
    return np.asarray(np.gradient(position, times_ns * 1e-9, axis=0, edge_order=2 if steps > 2 else 1))


def step_times(duration_s: float) -> NDArray[np.int64]:
    """(T,) int64 nanoseconds of the dynamics steps that cover [0, duration_s]."""
    return np.arange(int(np.ceil(duration_s * 1e9 / STEP_NS)) + 1, dtype=np.int64) * STEP_NS
