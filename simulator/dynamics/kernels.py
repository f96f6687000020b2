"""Longitudinal and lateral motion of all agents over all steps, in one kernel.

Agents follow polylines sampled every `SPACING` metres. Who is ahead of whom is decided by geometry (the footprint of
the other, projected on one's own path), so agents on different paths, standing objects and people all count.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel

SPACING = 1.0  # metres between path samples
LOOK_AHEAD_M = 100.0
SIDE_MARGIN_M = 0.25  # room kept beside an obstacle before it counts as being in the way
HARDEST_BRAKING = 8.0  # m/s2, dry road
RELAXATION_S = 0.5  # time in which a speed above the target is shed
CONFLICT_RADIUS_M = 2.2  # paths that come this near to each other under an angle conflict
CONFLICT_WINDOW_S = 4.0  # arrivals further apart than this do not disturb each other

AGENT_DTYPE = np.dtype(
    [
        ("path", np.int64),  # first sample
        ("samples", np.int64),
        ("s", np.float64),
        ("speed", np.float64),
        ("lateral", np.float64),
        ("desired", np.float64),
        ("headway", np.float64),
        ("gap", np.float64),
        ("accel", np.float64),
        ("decel", np.float64),
        ("reacts", np.bool_),
        ("front", np.float64),
        ("rear", np.float64),
        ("half_width", np.float64),
        ("start_s", np.float64),
        ("start_distance", np.float64),  # infinite: no distance trigger
        ("started", np.bool_),
        ("initial_speed", np.float64),
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
OBSTACLE_DTYPE = np.dtype(
    [
        ("x", np.float64),
        ("y", np.float64),
        ("heading", np.float64),
        ("half_length", np.float64),
        ("half_width", np.float64),
    ]
)
STOP_DTYPE = np.dtype([("agent", np.int64), ("s", np.float64), ("signal", np.int64)])
CONFLICT_DTYPE = np.dtype([("a", np.int64), ("b", np.int64), ("s_a", np.float64), ("s_b", np.float64)])


@kernel
def pose_on_path(path_xy, first, samples, s, lateral):  # type: ignore[no-untyped-def]
    """x, y, heading at arc length `s`, `lateral` metres to the left, on path samples `first` .. `first + samples`."""
    i = min(max(int(s / SPACING), 0), samples - 2)
    w = s / SPACING - i
    a, b = first + i, first + i + 1
    dx, dy = path_xy[b, 0] - path_xy[a, 0], path_xy[b, 1] - path_xy[a, 1]
    heading = np.arctan2(dy, dx)
    return (
        path_xy[a, 0] + w * dx - lateral * np.sin(heading),
        path_xy[a, 1] + w * dy + lateral * np.cos(heading),
        heading,
    )


@kernel
def project_on_path(path_xy, first, samples, begin, end, x, y):  # type: ignore[no-untyped-def]
    """Arc length, left offset and heading of the sample nearest to (x, y) among samples `begin` .. `end`."""
    best, index = np.inf, begin
    for i in range(begin, end):
        dx, dy = x - path_xy[first + i, 0], y - path_xy[first + i, 1]
        d = dx * dx + dy * dy
        if d < best:
            best, index = d, i
    k = min(index, samples - 2)
    ax, ay = path_xy[first + k, 0], path_xy[first + k, 1]
    heading = np.arctan2(path_xy[first + k + 1, 1] - ay, path_xy[first + k + 1, 0] - ax)
    c, s = np.cos(heading), np.sin(heading)
    return k * SPACING + (x - ax) * c + (y - ay) * s, (y - ay) * c - (x - ax) * s, heading


@kernel
def idm(speed, desired, gap, closing, headway, standstill, accel, decel):  # type: ignore[no-untyped-def]
    """Acceleration of the Intelligent Driver Model (Treiber et al. 2000, eq. 2 and 3), exponent 4."""
    free = 1.0 - (speed / max(desired, 0.1)) ** 4
    wanted = standstill + max(0.0, speed * headway + speed * closing / (2.0 * np.sqrt(accel * decel)))
    return accel * (free - (wanted / max(gap, 0.1)) ** 2)


@kernel
def find_conflicts(agents, path_xy, reach, out):  # type: ignore[no-untyped-def]
    """Where paths of two agents first cross within `reach` metres; fills `out` (CONFLICT_DTYPE), returns the count."""
    count = 0
    radius2 = CONFLICT_RADIUS_M * CONFLICT_RADIUS_M
    for a in range(agents.shape[0]):
        for b in range(a + 1, agents.shape[0]):
            if not (agents[a].reacts or agents[b].reacts):
                continue
            ia, ib = int(agents[a].s / SPACING), int(agents[b].s / SPACING)
            na, nb = min(agents[a].samples - 1, ia + int(reach)), min(agents[b].samples - 1, ib + int(reach))
            dx = path_xy[agents[a].path + ia, 0] - path_xy[agents[b].path + ib, 0]
            dy = path_xy[agents[a].path + ia, 1] - path_xy[agents[b].path + ib, 1]
            if dx * dx + dy * dy > 4.0 * reach * reach:
                continue
            found = False
            for i in range(ia, na):
                p = agents[a].path + i
                for j in range(ib, nb):
                    q = agents[b].path + j
                    ex, ey = path_xy[p, 0] - path_xy[q, 0], path_xy[p, 1] - path_xy[q, 1]
                    if ex * ex + ey * ey > radius2:
                        continue
                    ux, uy = path_xy[p + 1, 0] - path_xy[p, 0], path_xy[p + 1, 1] - path_xy[p, 1]
                    vx, vy = path_xy[q + 1, 0] - path_xy[q, 0], path_xy[q + 1, 1] - path_xy[q, 1]
                    if abs(ux * vy - uy * vx) < 0.34 * SPACING * SPACING:  # under 20 degrees: following, not crossing
                        continue
                    found = True
                    if count < out.shape[0]:
                        out[count].a, out[count].b = a, b
                        out[count].s_a, out[count].s_b = i * SPACING, j * SPACING
                        count += 1
                    break
                if found:
                    break
    return count


@kernel
def _fire_events(agents, events, ego, time_s, x, y):  # type: ignore[no-untyped-def]
    for k in range(events.shape[0]):
        event = events[k]
        if event.done or time_s < event.after_s:
            continue
        i = event.agent
        if np.isfinite(event.distance) and np.hypot(x[i] - x[ego], y[i] - y[ego]) > event.distance:
            continue
        events[k].done = True
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
        near = np.hypot(x[i] - x[ego], y[i] - y[ego]) - agents[ego].front
        if near <= agents[i].start_distance:
            agents[i].started = True


@kernel
def _acceleration(i, agents, path_xy, obstacles, stops, signal_go, conflicts, noticed, time_s, x, y, heading):  # type: ignore[no-untyped-def]
    """Lowest of the accelerations that the path, leaders, standing things, signals and conflicts allow agent `i`."""
    me = agents[i]
    desired = me.desired
    if me.reacts:  # the limit of the road and of its curves
        desired = min(
            desired, path_xy[me.path + min(int((me.s + me.speed * RELAXATION_S) / SPACING + 0.5), me.samples - 1), 2]
        )
    result = idm(me.speed, desired, 1e9, 0.0, me.headway, me.gap, me.accel, me.decel)
    if me.speed > desired:  # above the target: the fourth power is too soft to follow a falling limit
        result = max((desired - me.speed) / RELAXATION_S, -max(me.decel, 2.0))
    if not me.reacts:
        return result
    begin = max(int(me.s / SPACING) - 2, 0)
    end = min(begin + int(LOOK_AHEAD_M / SPACING), me.samples)
    others = agents.shape[0]
    for j in range(others + obstacles.shape[0]):
        if j == i or time_s < noticed[i, j]:
            continue
        if j < others:
            ox, oy, oh = x[j], y[j], heading[j]
            half_length = 0.5 * (agents[j].front + agents[j].rear)
            half_width, speed = agents[j].half_width, agents[j].speed
            middle = 0.5 * (agents[j].front - agents[j].rear)
            ox += middle * np.cos(oh)
            oy += middle * np.sin(oh)
        else:
            o = obstacles[j - others]
            ox, oy, oh, half_length, half_width, speed = o.x, o.y, o.heading, o.half_length, o.half_width, 0.0
        dx, dy = ox - x[i], oy - y[i]
        if dx * dx + dy * dy > LOOK_AHEAD_M * LOOK_AHEAD_M or dx * np.cos(heading[i]) + dy * np.sin(heading[i]) < -5.0:
            continue
        s, lateral, along = project_on_path(path_xy, me.path, me.samples, begin, end, ox, oy)
        c, d = abs(np.cos(oh - along)), abs(np.sin(oh - along))
        if abs(lateral - me.lateral) > c * half_width + d * half_length + me.half_width + SIDE_MARGIN_M:
            continue
        gap = s - (c * half_length + d * half_width) - me.s - me.front
        if s <= me.s or gap < -(half_length + me.front):
            continue
        closing = me.speed - speed * np.cos(oh - along)
        result = min(result, idm(me.speed, desired, gap, closing, me.headway, me.gap, me.accel, me.decel))
    for k in range(stops.shape[0]):
        if stops[k].agent == i and not signal_go[stops[k].signal]:
            gap = stops[k].s - me.s - me.front
            if gap > 0.0 and me.speed * me.speed < 2.0 * 5.0 * gap:  # can still stop
                result = min(
                    result,
                    idm(me.speed, desired, gap + 1.0, me.speed, me.headway, 1.0, me.accel, me.decel),
                )
    for k in range(conflicts.shape[0]):
        if conflicts[k].a == i:
            j, mine, theirs = conflicts[k].b, conflicts[k].s_a, conflicts[k].s_b
        elif conflicts[k].b == i:
            j, mine, theirs = conflicts[k].a, conflicts[k].s_b, conflicts[k].s_a
        else:
            continue
        if time_s < noticed[i, j]:
            continue
        to_me, to_them = mine - me.s - me.front, theirs - agents[j].s - agents[j].front
        if to_me < 1.0 or theirs - agents[j].s + agents[j].rear < -3.0:
            continue  # already there, or the other has left
        my_time, their_time = to_me / max(me.speed, 1.0), max(to_them, 0.0) / max(agents[j].speed, 0.5)
        first = their_time < my_time or (their_time == my_time and j < i) or not agents[j].reacts
        if first and my_time - their_time < CONFLICT_WINDOW_S and to_them < 50.0 and agents[j].speed > 0.2:
            result = min(result, idm(me.speed, desired, to_me - 2.0, me.speed, 0.5, 1.0, me.accel, me.decel))
    return result


@kernel
def simulate(  # type: ignore[no-untyped-def]
    agents, events, path_xy, obstacles, stops, signals, conflicts, noticed, ego, begin, dt, s, lateral, speed, accel
):
    """Advance all agents by as many steps as the outputs have rows; row 0 is the state in which they are given.

    Args:
        agents: (A,) AGENT_DTYPE, modified.
        events: (E,) EVENT_DTYPE, modified.
        path_xy: (P, 3) samples of all paths: x, y, and the speed that the road and its curves allow.
        obstacles: (K,) OBSTACLE_DTYPE standing things.
        stops: (L,) STOP_DTYPE stop lines on the agents' paths.
        signals: (T, S) bool, True where signal s lets traffic go at step t.
        conflicts: CONFLICT_DTYPE.
        noticed: (A, B >= A + K) seconds from which agent i heeds body j: the agents, then the obstacles.
        ego: index of the ego agent.
        begin: number of steps done before.
        dt: seconds a step.
        s, lateral, speed, accel: (T, A) outputs.
    """
    steps, count = s.shape
    x, y, heading = np.empty(count), np.empty(count), np.empty(count)
    for t in range(steps):
        for i in range(count):
            x[i], y[i], heading[i] = pose_on_path(
                path_xy, agents[i].path, agents[i].samples, agents[i].s, agents[i].lateral
            )
        time_s = (begin + t) * dt
        _fire_events(agents, events, ego, time_s, x, y)
        for i in range(count):
            s[t, i], lateral[t, i], speed[t, i] = agents[i].s, agents[i].lateral, agents[i].speed
            if agents[i].started:
                a = _acceleration(
                    i, agents, path_xy, obstacles, stops, signals[t], conflicts, noticed, time_s, x, y, heading
                )
                accel[t, i] = max(a, -HARDEST_BRAKING)
            else:
                accel[t, i] = 0.0
        for i in range(count):
            me = agents[i]
            v = max(0.0, me.speed + accel[t, i] * dt)
            agents[i].s = min(me.s + 0.5 * (me.speed + v) * dt, (me.samples - 1) * SPACING)
            agents[i].speed = v
            if me.lateral_seconds > 0.0:  # half a cosine: no jump in lateral speed
                w = min(max((time_s + dt - me.lateral_begin) / me.lateral_seconds, 0.0), 1.0)
                agents[i].lateral = me.lateral_from + (me.lateral_to - me.lateral_from) * 0.5 * (
                    1.0 - np.cos(np.pi * w)
                )
