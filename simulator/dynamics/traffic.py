"""From agents and prescribed motions to a Timeline of all objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.kernels import (
    AGENT_DTYPE,
    CONFLICT_DTYPE,
    EVENT_DTYPE,
    LOOK_AHEAD_M,
    OBSTACLE_DTYPE,
    SPACING,
    STOP_DTYPE,
    find_conflicts,
    simulate,
)
from simulator.dynamics.motion import Agent, Driver, Motion
from simulator.numerics import se3

Array = NDArray[np.float64]

STEP_NS = 10_000_000  # 10 ms: dynamics run on this integer clock
LATERAL_MPS2 = 2.5  # comfortable lateral acceleration in curves
CURVE_BRAKING_MPS2 = 1.5
END_GAP_M = 1.0  # kept to the end of the road
LOOK_STEPS = 5  # between two looks of the drivers: 20 Hz


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
        travel: metres since the start.
        steer: radians.
        seen_s: (A, B) when a driver first had a body in view, infinite where never: agents, then obstacles, then what
            else was looked for. Rows of agents that do not react are infinite.
    """

    times_ns: NDArray[np.int64]
    agents: tuple[Agent, ...]
    position: Array
    rpy: Array
    speed: Array
    acceleration: Array
    travel: Array
    steer: Array
    seen_s: Array


class Sight(Protocol):
    """Tells who sees what, of the A agents and B bodies: the agents, the obstacles, and others of interest."""

    bodies: int

    def sees(self, position: Array, rpy: Array, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(A, B) whether a driver has a body in view, where `wanted` (A, B); agents at (A, 3), turned by (A, 3)."""
        ...


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


def speed_limits(path: Array, limit_mps: float, stop_m: float = np.inf) -> Array:
    """(K,) speed allowed at each sample of a resampled path: the limit, `LATERAL_MPS2` in curves, and 0 from `stop_m`
    on; reached by braking in time at `CURVE_BRAKING_MPS2`."""
    heading = np.unwrap(np.arctan2(*np.gradient(path[:, :2], axis=0).T[::-1]))
    from scipy.ndimage import uniform_filter1d

    curvature = np.abs(uniform_filter1d(np.gradient(heading) / SPACING, 5, mode="nearest"))
    speed = np.minimum(limit_mps, np.sqrt(LATERAL_MPS2 / np.maximum(curvature, 1e-6)))
    speed[np.arange(len(path)) * SPACING >= stop_m] = 0.0
    # v(s)**2 may fall by at most 2 b ds a sample: a running minimum from the end
    ramp = 2 * CURVE_BRAKING_MPS2 * SPACING * np.arange(len(path))
    return np.asarray(np.sqrt(np.minimum.accumulate((speed**2 + ramp)[::-1])[::-1] - ramp))


def stop_of(points: Array, front_m: float) -> float:
    """Arc length at which a vehicle that reaches `front_m` ahead of its origin stands before the end of a path."""
    return float(np.hypot(*np.diff(points[:, :2], axis=0).T).sum()) - front_m - END_GAP_M


def entry_speed(points: Array, limit_mps: float, stop_m: float = np.inf) -> float:
    """Speed at the start of a path from which curves and a stop are still reached by gentle braking."""
    return float(speed_limits(resample(points), limit_mps, stop_m)[0])


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


def _agent_rows(agents: Sequence[Agent], first: NDArray[np.int64], samples: NDArray[np.int64]) -> NDArray[np.void]:
    rows = np.zeros(len(agents), AGENT_DTYPE)
    for i, agent in enumerate(agents):
        row, driver = rows[i], agent.driver
        row["path"], row["samples"] = first[i], samples[i]
        row["s"], row["speed"], row["lateral"] = agent.start_m, agent.speed_mps, agent.lateral_m
        row["initial_speed"] = agent.speed_mps
        row["desired"], row["headway"], row["gap"] = driver.desired_speed_mps, driver.headway_s, driver.gap_m
        row["accel"], row["decel"], row["reacts"] = (
            driver.acceleration_mps2,
            driver.deceleration_mps2,
            driver.reacts,
        )
        row["front"], row["rear"], row["half_width"] = agent.front_m, agent.rear_m, agent.half_width_m
        row["start_s"] = agent.start_s
        row["start_distance"] = np.inf if agent.start_ego_distance_m is None else agent.start_ego_distance_m
        row["lateral_to"] = agent.lateral_m
    return rows


def _event_rows(agents: Sequence[Agent]) -> NDArray[np.void]:
    rows = [
        (
            i,
            e.kind == "lateral",
            e.value,
            e.rate,
            e.after_s,
            np.inf if e.ego_distance_m is None else e.ego_distance_m,
            False,
        )
        for i, agent in enumerate(agents)
        for e in agent.events
    ]
    return np.array(rows, EVENT_DTYPE)


def run(
    agents: Sequence[Agent],
    ego: int,
    obstacles: NDArray[np.void],
    signals_go: NDArray[np.bool_],
    duration_s: float,
    sight: Sight | None = None,
) -> Tracks:
    """Simulate all agents for `duration_s`.

    With `sight`, drivers heed only what they have had in view: from the start on what they see then, else from their
    reaction time after the first sight. Nothing once seen is forgotten. They look up every `LOOK_STEPS` steps.

    Args:
        agents: in any order; ties are broken by index.
        ego: index of the ego in `agents`.
        obstacles: (K,) OBSTACLE_DTYPE standing things that drivers brake for.
        signals_go: (T, S) bool for the T steps of `step_times(duration_s)`.
        duration_s: length of the drive.
        sight: who sees what; None: everyone sees everything.
    """
    times = step_times(duration_s)
    paths = [resample(agent.points) for agent in agents]
    samples = np.array([len(path) for path in paths], np.int64)
    first = np.concatenate([[0], np.cumsum(samples)[:-1]]).astype(np.int64)
    limits = [
        speed_limits(path, agent.limit_mps, stop_of(path, agent.front_m) if agent.dead_end else np.inf)
        for path, agent in zip(paths, agents)
    ]
    path_xy = np.column_stack([np.concatenate(paths)[:, :2], np.concatenate(limits)])
    rows, events = _agent_rows(agents, first, samples), _event_rows(agents)
    stops = np.array([(i, s, k) for i, agent in enumerate(agents) for s, k in agent.stops], STOP_DTYPE)
    conflicts = np.zeros(max(16, len(agents) * 16), CONFLICT_DTYPE)
    count = find_conflicts(rows, path_xy, LOOK_AHEAD_M, conflicts)
    s, lateral, speed, accel = (np.zeros((len(times), len(agents))) for _ in range(4))
    seen = np.zeros((len(agents), len(agents) + len(obstacles)))
    noticed, stride = seen, len(times)
    if sight is not None:
        seen, stride = np.full((len(agents), sight.bodies), np.inf), LOOK_STEPS
        noticed = seen.copy()
        places, reaction = np.concatenate(paths), np.array([agent.driver.reaction_s for agent in agents])
    for begin in range(0, len(times), stride):
        if sight is not None:
            wanted = np.isinf(seen) & rows["reacts"][:, None] & ~np.eye(*seen.shape, dtype=np.bool_)
            new = sight.sees(*_stations(agents, rows, places), wanted) & wanted
            seconds = begin * STEP_NS * 1e-9
            seen[new] = seconds
            noticed[new] = seconds + (np.broadcast_to(reaction[:, None], seen.shape)[new] if begin else 0.0)
        part = slice(begin, begin + stride)
        simulate(
            rows,
            events,
            path_xy,
            obstacles,
            stops,
            signals_go[part],
            conflicts[:count],
            noticed,
            ego,
            begin,
            STEP_NS * 1e-9,
            s[part],
            lateral[part],
            speed[part],
            accel[part],
        )
    position, rpy, steer = (np.zeros((len(times), len(agents), n)) for n in (3, 3, 1))
    for i, agent in enumerate(agents):
        position[:, i], rpy[:, i], steer[:, i, 0] = _poses(agent, paths[i], s[:, i], lateral[:, i])
    return Tracks(times, tuple(agents), position, rpy, speed, accel, s - s[:1], steer[:, :, 0], seen)


def _stations(agents: Sequence[Agent], rows: NDArray[np.void], places: Array) -> tuple[Array, Array]:
    """World position (A, 3) and roll-pitch-yaw (A, 3) of the agents now, straight between the samples of their paths:
    within centimetres of `_poses`, without the splines of whole drives."""
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


def _poses(agent: Agent, path: Array, s: Array, lateral: Array) -> tuple[Array, Array, Array]:
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


def velocities(position: Array, times_ns: NDArray[np.int64]) -> Array:
    """(T, A, 3) m/s of positions (T, A, 3) at T times: central differences, of second order at both ends too."""
    steps = len(times_ns)
    if steps < 2:
        return np.zeros_like(position)
    return np.asarray(np.gradient(position, times_ns * 1e-9, axis=0, edge_order=2 if steps > 2 else 1))


def step_times(duration_s: float) -> NDArray[np.int64]:
    """(T,) int64 nanoseconds of the dynamics steps that cover [0, duration_s]."""
    return np.arange(int(np.ceil(duration_s * 1e9 / STEP_NS)) + 1, dtype=np.int64) * STEP_NS


def obstacle_rows(position: Array, yaw: Array, low: Array, high: Array) -> NDArray[np.void]:
    """OBSTACLE_DTYPE rows of N standing objects: origin (N, 3), yaw (N,), box corners in the object frame (N, 3)."""
    rows = np.zeros(len(position), OBSTACLE_DTYPE)
    middle = (low + high) / 2
    rows["x"] = position[:, 0] + middle[:, 0] * np.cos(yaw) - middle[:, 1] * np.sin(yaw)
    rows["y"] = position[:, 1] + middle[:, 0] * np.sin(yaw) + middle[:, 1] * np.cos(yaw)
    rows["heading"] = se3.wrap_angle(yaw)
    rows["half_length"], rows["half_width"] = ((high - low) / 2)[:, 0], ((high - low) / 2)[:, 1]
    return rows
