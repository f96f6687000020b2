"""Animals that stand watch the ego come: where they turn their heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.courses import Tracks
from simulator.numerics import se3
from simulator.scene import Model, SceneBuilder
from simulator.scene.builder import SceneObject

F64 = NDArray[np.float64]
NOTICED_M = 100.0  # at which a vehicle makes them look up (by choice; deer flee from 40 m or so)
TURNS_HZ, FASTEST_RAD_S = 4.0, 3.0  # how fast heads follow, and at most (by choice)
REACH_RAD = 2.0  # how far they turn to a side (by choice)
SEEN_RAD = 2.7  # eyes at the sides of the head see some 310 degrees around, not what is behind (by choice)


def glances(builder: SceneBuilder, tracks: Tracks) -> dict[int, F64]:
    """Gait channel (T,) of each object that stands and watches the ego, the first of the agents, by id."""
    position, rpy = builder.initial_poses()
    driven = {agent.object for agent in tracks.agents}
    seconds = np.asarray(tracks.times_ns * 1e-9, np.float64)
    found = {}
    for thing in builder.objects:
        if thing.moving and thing.model is not None and thing.model.watch_rad and thing.id not in driven:
            yaw = float(rpy[thing.id, 2])
            head = position[thing.id, :2] + 0.7 * thing.model.bounds[1, 0] * np.array([np.cos(yaw), np.sin(yaw)])
            found[thing.id] = followed(tracks.position[:, 0, :2] - head, yaw, seconds) * np.pi / thing.model.watch_rad
    return found


def followed(way: F64, heading: float, seconds: F64) -> F64:
    """Yaw (T,) of the head over the body of who heads for `heading` and watches what is (T, 2) from it at (T,) times.

    What is near at the start is watched already, unless it is behind.
    """
    bearing = se3.wrap_angle(np.arctan2(way[:, 1], way[:, 0]) - heading)
    seen = (np.hypot(*way.T) < NOTICED_M) & (np.abs(bearing) < SEEN_RAD)
    wanted = np.where(seen, np.clip(bearing, -REACH_RAD, REACH_RAD), 0.0)
    out = wanted.copy()
    for t, dt in enumerate(np.diff(seconds), start=1):
        lag = (wanted[t] - out[t - 1]) * (1.0 - np.exp(-TURNS_HZ * dt))
        out[t] = out[t - 1] + np.clip(lag, -FASTEST_RAD_S * dt, FASTEST_RAD_S * dt)
    return out


def looking(objects: Sequence[SceneObject], glanced: Mapping[int, F64]) -> tuple[SceneObject, ...]:
    """The objects, with boxes of those who watch that hold their heads wherever they turn them."""
    out = list(objects)
    for row, gait in glanced.items():
        model = out[row].model
        assert model is not None
        out[row] = replace(out[row], model=replace(model, box=_box(model, gait)))
    return tuple(out)


def _box(model: Model, gait: F64) -> F64:
    """(2, 3) bounds over the phases from the lowest to the highest."""
    states = np.linspace(gait.min(), gait.max(), 2 + int(np.ptp(gait) / 0.3))
    points = np.concatenate([v for at in states for v in model.posed(gait_rad=float(at))])
    low, high = points.min(0), points.max(0)
    return np.array([[low[0], low[1], 0.0], high], np.float64)
