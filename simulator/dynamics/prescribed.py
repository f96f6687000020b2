"""Motion along prescribed paths: triggers, scripted changes of speed and offset, and a step in time.

Paths are polylines sampled every `SPACING` metres.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel

SPACING = 1.0  # metres between path samples
RELAXATION_S = 0.5  # in which the speed nears its target
SHEDDING_MPS2 = 2.0  # speed above the target is shed so hard at least, where need be

AGENT_DTYPE = np.dtype(
    [
        ("path", np.int64),  # first sample
        ("samples", np.int64),
        ("s", np.float64),
        ("speed", np.float64),
        ("lateral", np.float64),
        ("desired", np.float64),
        ("accel", np.float64),
        ("decel", np.float64),
        ("reacts", np.bool_),
        ("front", np.float64),
        ("rear", np.float64),
        ("half_width", np.float64),
        ("start_s", np.float64),
        ("start_distance", np.float64),  # infinite: no distance trigger
        ("started", np.bool_),
        ("lateral_from", np.float64),
        ("lateral_to", np.float64),
        ("lateral_begin", np.float64),
        ("lateral_seconds", np.float64),
    ]
)
EVENT_DTYPE = np.dtype(
    [
        ("agent", np.int64),
        ("lateral", np.bool_),
        ("value", np.float64),
        ("rate", np.float64),
        ("after_s", np.float64),
        ("distance", np.float64),
        ("done", np.bool_),
    ]
)
POSE_DTYPE = np.dtype([("x", np.float64), ("y", np.float64), ("z", np.float64), ("heading", np.float64)])


@kernel
def pose_on_path(paths, agent, pose):
    """Fill in where an agent is on the samples (P, 3) of all paths."""
    i = min(max(int(agent.s / SPACING), 0), agent.samples - 2)
    w = agent.s / SPACING - i
    a, b = agent.path + i, agent.path + i + 1
    dx, dy = paths[b, 0] - paths[a, 0], paths[b, 1] - paths[a, 1]
    pose.heading = np.arctan2(dy, dx)
    pose.x = paths[a, 0] + w * dx - agent.lateral * np.sin(pose.heading)
    pose.y = paths[a, 1] + w * dy + agent.lateral * np.cos(pose.heading)
    pose.z = paths[a, 2] + w * (paths[b, 2] - paths[a, 2])


@kernel
def project_on_path(path_xy, x, y):
    """Arc length, left offset and heading of the sample of a path (K, 2) nearest to (x, y)."""
    best, index = np.inf, 0
    for i in range(path_xy.shape[0]):
        dx, dy = x - path_xy[i, 0], y - path_xy[i, 1]
        d = dx * dx + dy * dy
        if d < best:
            best, index = d, i
    k = min(index, path_xy.shape[0] - 2)
    ax, ay = path_xy[k, 0], path_xy[k, 1]
    heading = np.arctan2(path_xy[k + 1, 1] - ay, path_xy[k + 1, 0] - ax)
    c, s = np.cos(heading), np.sin(heading)
    return k * SPACING + (x - ax) * c + (y - ay) * s, (y - ay) * c - (x - ax) * s, heading


@kernel
def fire_events(agents, events, poses, ego, time_s):
    """Carry out the scripted changes and starts whose triggers are met at `time_s`."""
    for k in range(events.shape[0]):
        event = events[k]
        if event.done or time_s < event.after_s:
            continue
        i = event.agent
        if np.hypot(poses[i].x - poses[ego].x, poses[i].y - poses[ego].y) > event.distance:
            continue
        event.done = True
        if event.lateral:
            agents[i].lateral_from, agents[i].lateral_to = agents[i].lateral, event.value
            agents[i].lateral_begin, agents[i].lateral_seconds = time_s, event.rate
        else:
            agents[i].desired = event.value
            agents[i].accel = event.rate
            agents[i].decel = max(event.rate, agents[i].decel)
    for i in range(agents.shape[0]):
        if agents[i].started or time_s < agents[i].start_s:
            continue
        near = np.hypot(poses[i].x - poses[ego].x, poses[i].y - poses[ego].y) - agents[ego].front
        if near <= agents[i].start_distance:
            agents[i].started = True


@kernel(inline=True)
def towards_target(agent):
    """m/s2 with which an agent nears its target speed, heeding nobody."""
    wanted = (agent.desired - agent.speed) / RELAXATION_S
    return min(max(wanted, -max(agent.decel, SHEDDING_MPS2)), agent.accel)


@kernel
def advance(agent, acceleration, time_s, dt):
    """Move an agent along its path, to which it has come at `time_s`, by `dt`; it does not reverse."""
    v = max(0.0, agent.speed + acceleration * dt)
    agent.s = min(agent.s + 0.5 * (agent.speed + v) * dt, (agent.samples - 1) * SPACING)
    agent.speed = v
    if agent.lateral_seconds > 0.0:  # half a cosine: no jump in lateral speed
        w = min(max((time_s + dt - agent.lateral_begin) / agent.lateral_seconds, 0.0), 1.0)
        agent.lateral = agent.lateral_from + (agent.lateral_to - agent.lateral_from) * 0.5 * (1.0 - np.cos(np.pi * w))
