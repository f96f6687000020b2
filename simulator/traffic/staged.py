"""A drive of one world: agents on their paths, what they see, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.courses import STEP_NS, Tracks, poses_along, resample, stations, steering, step_times
from simulator.dynamics.motion import Agent
from simulator.dynamics.prescribed import AGENT_DTYPE, EVENT_DTYPE, POSE_DTYPE
from simulator.dynamics.sliding import tyres_of
from simulator.dynamics.surface import Surface, surface
from simulator.numerics.jit import kernel
from simulator.roads import DRIVABLE, LaneKey, Path, RoadNetwork
from simulator.traffic.acting import END_GAP_M, STRETCH_DTYPE, WAY_DTYPE, Map, Record, Stage, act, empty_record, settle
from simulator.traffic.bodies import BODY_DTYPE, empty_notes
from simulator.traffic.conditions import STOPPING, adapt
from simulator.traffic.conflicts import CONFLICT_DTYPE
from simulator.traffic.crossings import walkway_map
from simulator.traffic.demand import SAFE_MPS2, THRESHOLD_MPS2
from simulator.traffic.desk import desk
from simulator.traffic.lane_map import LANE_DTYPE, NONE, SAMPLE_DTYPE, LaneMap, Lanes, lane_map, s_at
from simulator.traffic.locating import LaneIndex, lane_index
from simulator.traffic.occupancy import empty_occupancy
from simulator.traffic.pileups import pileups
from simulator.traffic.precedence import GATE_DTYPE, LANE_CROSSING_DTYPE, Gates, gates
from simulator.traffic.prospects import FORK_DTYPE, comfortable_speed
from simulator.traffic.signals import SignalPlan
from simulator.traffic.staged_changes import Changes
from simulator.traffic.staged_people import Passersby, Walked
from simulator.traffic.state import DRIVER_DTYPE, FAIR, VEHICLE_DTYPE, Control, Failing
from simulator.traffic.walkways import WalkwayMap, no_walkways

Array = NDArray[np.float64]

LOOK_STEPS = 5  # between two looks of the drivers: 20 Hz
HARDEST_MPS2 = 8.0  # of braking on a dry road
PATIENCE_S = 8.0
WALLS = 96  # pieces of what stands about those who are out of control, at once
STANDING_MPS, NEAR_S, NEAR_M = 0.2, 0.1, 1.0  # whoever is faster meets what is so near before it is looked for again
SCENERY = -2  # instead of a body: what is none
Stretches = tuple[tuple[float, int, float], ...]  # m along a path, lane from there on (NONE: none), m along that lane


@dataclass(frozen=True, eq=False)
class Roads:
    """What drivers know of a network.

    Attributes:
        lane_map: lanes.
        map: the same for kernels, with the right of way.
        plan: traffic lights.
        walkways: where people walk, and cross.
    """

    lane_map: LaneMap
    map: Map
    plan: SignalPlan
    walkways: WalkwayMap

    @cached_property
    def _number(self) -> dict[LaneKey, int]:
        return self.lane_map.index

    def stretches(self, path: Path, begin_m: float = 0.0) -> Stretches:
        """Lanes of a path from `begin_m` along it on, which counts as 0; before its start they go on straight."""
        found: list[tuple[float, int, float]] = []
        for number, key in enumerate(path.keys):
            first = int(np.searchsorted(path.key_index, number))
            lane = self._number.get(key, NONE)
            if first < len(path.s) and path.key_index[first] == number and (not found or found[-1][1] != lane):
                s = s_at(self.lane_map.arrays, lane, float(path.road_s[first])) if lane != NONE else 0.0
                found.append((float(path.s[first]) - begin_m, lane, s))
        begin, lane, s = found[0]
        back = max(begin, 0.0)
        return ((begin - back, lane, s - back), *found[1:])

    def clearance(self, keys: Sequence[LaneKey], stations: Array) -> tuple[Array, Array]:
        """How far places on lanes are from where others may cross: (N,) m ahead to the stop point, (N,) m behind.

        Zeros where others cross, infinite where they do so on none of the lanes that touch.

        Args:
            keys: (N) lanes.
            stations: (N,) of their roads, m.
        """
        lanes, gates = self.map.lanes, self.map.gates.gates
        ahead, behind = np.full(len(keys), np.inf), np.full(len(keys), np.inf)
        for n, (key, station) in enumerate(zip(keys, stations)):
            lane = self._number.get(key, NONE)
            if lane == NONE:
                continue
            row, s = lanes.lanes[lane], s_at(lanes, lane, float(station))
            following = lanes.links[row["next"] : row["next"] + row["nexts"]]
            before = lanes.links[row["previous"] : row["previous"] + row["previouses"]]
            following, before = following[gates["gated"][following] == 1], before[gates["gated"][before] == 1]
            ahead[n] = row["length"] - s + gates["stop"][following].min(initial=np.inf)
            behind[n] = s - (gates["clear"] - lanes.lanes["length"])[before].max(initial=-np.inf)
            if gates["gated"][lane] and s < gates["clear"][lane]:
                ahead[n] = behind[n] = 0.0
        return np.maximum(ahead, 0.0), np.maximum(behind, 0.0)

    def stretches_at(self, points: Array) -> Stretches:
        """Lanes on which the points (K, 3) of a polyline lie and go on; NONE elsewhere."""
        step = np.diff(points[:, :2], axis=0, append=points[-1:, :2])
        s = np.concatenate([[0.0], np.cumsum(np.hypot(*step.T))[:-1]])
        course = np.arctan2(step[:, 1], step[:, 0])
        course[-1] = course[-2] if len(course) > 1 else 0.0
        network = self.lane_map.network
        at, ids = network.locate(points), list(network.roads)
        found: list[tuple[float, int, float]] = []
        for k in range(len(points)):
            key = LaneKey(ids[at.road[k]], int(at.section[k]), int(at.lane[k]))
            lane = self._number.get(key, NONE) if at.distance[k] == 0.0 else NONE
            along = s_at(self.lane_map.arrays, lane, float(at.s[k])) if lane != NONE else 0.0
            if lane != NONE and np.cos(self.lane_map.heading(lane, along) - course[k]) < 0.5:
                lane = NONE
            if not found or found[-1][1] != lane:
                found.append((float(s[k]), lane, along))
        return tuple(found)


def roads_of(network: RoadNetwork, plan: SignalPlan, *, on_foot: bool = False) -> Roads:
    """What drivers know of a network whose lights follow a plan; `on_foot`: there are people who cross its streets."""
    lanes = lane_map(network, DRIVABLE)
    walkways = walkway_map(network, lanes.origin) if on_foot else no_walkways(lanes.origin)
    lights = {sid: number for number, sid in enumerate(plan.ids)}
    precedence = gates(lanes, network, lights, [crossing.lanes for crossing in walkways.crossings])
    return Roads(lanes, Map(lanes.arrays, precedence, lane_index(lanes.arrays)), plan, walkways)


def _nowhere() -> Map:
    """A map without lanes."""
    none = np.zeros(0, np.int64)
    lanes = Lanes(np.zeros(0, LANE_DTYPE), np.zeros(0, SAMPLE_DTYPE), none, np.zeros(0, FORK_DTYPE))
    precedence = Gates(np.zeros(0, GATE_DTYPE), np.zeros(0, CONFLICT_DTYPE), np.zeros(0, LANE_CROSSING_DTYPE))
    return Map(lanes, precedence, LaneIndex(np.zeros(2, np.int64), none, np.zeros(0), np.zeros(2), 1))


class Walls(Protocol):
    """Tells what stands about, besides the bodies that are known from the start, and stops what runs into it."""

    def near(self, place: Array, reach_m: float) -> NDArray[np.void]:
        """(N,) BODY_DTYPE of what faces a place (3,) in the world, as far as `reach_m`; world frame."""
        ...


class Sight(Protocol):
    """Tells who sees what, of the A agents and B bodies: the agents, the obstacles, and others of interest."""

    bodies: int

    def sees(self, position: Array, rpy: Array, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(A, B) whether a driver has a body in view, where `wanted` (A, B); agents at (A, 3), turned by (A, 3)."""
        ...


def entry_speed(
    path: Path, fastest_mps: float, pace: float = 1.0, front_m: float = 0.0, conditions: NDArray[np.void] = FAIR
) -> float:
    """Speed at the start of a path from which limits, curves and the end of the road are reached by gentle braking.

    Args:
        path: lanes.
        fastest_mps: that is wanted.
        pace: wanted speed in shares of the limit.
        front_m: of the vehicle ahead of its origin.
        conditions: () CONDITIONS_DTYPE, what the weather asks for.
    """
    s, slower = np.arange(0.0, max(path.length, 2.0), 1.0), float(conditions["pace"])
    limit = np.minimum(slower * pace * np.interp(s, path.s, path.speed_limit_mps), fastest_mps)
    limit = np.minimum(limit, float(conditions["fastest"]))
    if path.dead_end:
        limit[s >= stop_of(path, front_m)] = 0.0
    return float(comfortable_speed(limit, np.interp(s, path.s, path.curvature) / slower**2, 1.0)[0])


def stop_of(path: Path, front_m: float) -> float:
    """Where on a path a vehicle that reaches `front_m` ahead of its origin stands before the path's end, m."""
    return path.length - front_m - END_GAP_M


def standing_bodies(
    position: Array, yaw: Array, low: Array, high: Array, solid: NDArray[np.bool_] | None = None
) -> NDArray[np.void]:
    """BODY_DTYPE of N standing objects: origin (N, 3) in the world, yaw (N,), corners of their boxes (N, 3), and which
    stop what runs into them (N,); None: none."""
    rows = np.zeros(len(position), BODY_DTYPE)
    middle = (low + high) / 2
    rows["x"] = position[:, 0] + middle[:, 0] * np.cos(yaw) - middle[:, 1] * np.sin(yaw)
    rows["y"] = position[:, 1] + middle[:, 0] * np.sin(yaw) + middle[:, 1] * np.cos(yaw)
    rows["z"], rows["heading"], rows["there"] = position[:, 2], yaw, True
    rows["half_length"], rows["half_width"] = ((high - low) / 2)[:, 0], ((high - low) / 2)[:, 1]
    rows["solid"] = False if solid is None else solid
    return rows


def run(
    agents: Sequence[Agent],
    ego: int,
    obstacles: NDArray[np.void],
    duration_s: float,
    roads: Roads | None = None,
    sight: Sight | None = None,
    *,
    walls: Walls | None = None,
    ground: Surface | None = None,
    conditions: NDArray[np.void] = FAIR,
    seed: int = 0,
) -> Tracks:
    """Let all agents act for `duration_s`.

    With `sight`, drivers heed only what they have had in view: from the start on what they see then, else from their
    reaction time after the first sight. Nothing once seen is forgotten. They look up every `LOOK_STEPS` steps. (Who
    goes first at a junction is settled among all who come, as if they saw each other.)

    Args:
        agents: in any order; ties are broken by index.
        ego: index of the ego in `agents`.
        obstacles: (K,) BODY_DTYPE standing things that drivers brake for.
        duration_s: length of the drive.
        roads: where drivers react to each other; None: nowhere.
        sight: who sees what; None: everyone sees everything.
        walls: what vehicles that are out of control run into besides the bodies; None: nothing.
        ground: what tyres roll on, in the frame of `roads` (the world's without them); None: a dry road.
        conditions: () CONDITIONS_DTYPE, what drivers who know the weather make of it.
        seed: of what people on foot decide.
    """
    times = step_times(duration_s)
    origin = np.zeros(3) if roads is None else roads.lane_map.origin
    courses = [resample(agent.points) for agent in agents]
    lanes = 0 if roads is None else len(roads.lane_map.keys)
    obstacles = _from(origin, obstacles)
    people = None
    if roads is not None and any(agent.on_foot for agent in agents):
        people = Passersby(agents, roads.walkways, roads.plan, obstacles, seed)
    known = len(agents) + len(obstacles)
    if walls is not None:
        obstacles = np.concatenate([obstacles, np.zeros(WALLS, BODY_DTYPE)])
    stage = _stage(agents, obstacles, courses, origin, lanes, ground or surface(), conditions)
    if roads is not None:
        stage = stage._replace(busy=people.busy if people else np.zeros(len(roads.walkways.crossings), np.uint8))
    colours = np.zeros((len(times), 0), np.uint8) if roads is None else roads.plan.colours(times)
    record = empty_record(len(times), len(agents))
    seen = np.zeros((len(agents), len(agents) + len(obstacles)))
    noticed, stride = seen, LOOK_STEPS if people or sight or walls else len(times)
    where = _nowhere() if roads is None else roads.map
    settle(where, stage, colours[0], noticed)
    if sight is not None:
        seen = np.full((len(agents), sight.bodies), np.inf)
        noticed = seen.copy()
        minded = _minded(stage, ego, seen.shape)
        reaction = np.array([agent.driver.reaction_s for agent in agents])
    for begin in range(0, len(times), stride):
        if people is not None:
            people.show(stage)
        if sight is not None:
            position, rpy = stations(agents, stage.agents, stage.paths)
            wanted = np.isinf(seen) & minded
            new = sight.sees(position + origin, rpy, wanted) & wanted
            seen[new] = begin * STEP_NS * 1e-9
            noticed[new] = (seen + (reaction[:, None] if begin else 0.0))[new]
        if walls is not None:
            _raise(walls, stage, known, origin)
        now = Record._make(column[begin : begin + stride] for column in record)
        act(where, stage, colours[begin : begin + stride], noticed, ego, begin, STEP_NS * 1e-9, now)
        if people is not None:
            people.step(stage, begin // stride, begin * STEP_NS, stride * STEP_NS)
    walked = people.walked(times, stride * STEP_NS) if people else None
    position, rpy, steer, travel, crosses = _written(agents, courses, origin, record, walked)
    return Tracks(
        times,
        tuple(agents),
        position,
        rpy,
        record.speed,
        record.acceleration,
        record.asked,
        travel,
        steer,
        record.turn,
        record.slides,
        crosses,
        stage.pileups.since_s,
        np.where(stage.pileups.into < known, stage.pileups.into, SCENERY),
        seen,
    )


def _from(origin: Array, bodies: NDArray[np.void]) -> NDArray[np.void]:
    """Bodies as seen from an origin (3,)."""
    moved = bodies.copy()
    for name, offset in zip("xyz", origin):
        moved[name] -= offset
    return moved


def _written(
    agents: Sequence[Agent], courses: Sequence[Array], origin: Array, record: Record, walked: Walked | None
) -> tuple[Array, Array, Array, Array, NDArray[np.int8]]:
    """Positions and turns (T, A, 3), steering and travel (T, A), and who crosses (T, A), as in `Tracks`, of a record;
    speeds of people on foot are written there."""
    position, rpy = np.zeros((2, *record.s.shape, 3))
    steer, crosses, travel = np.zeros(record.s.shape), np.zeros(record.s.shape, np.int8), record.s - record.s[:1]
    if walked is not None:
        who = walked.agents
        position[:, who], rpy[:, who, 2] = walked.position + origin, walked.yaw
        record.speed[:, who], travel[:, who], crosses[:, who] = walked.speed, walked.travel, walked.crosses
        record.acceleration[:, who] = 0.0
    for i, agent in enumerate(agents):
        if walked is not None and agent.on_foot is not None:
            continue
        s, lateral, slides = record.s[:, i], record.lateral[:, i], record.slides[:, i]
        position[:, i], rpy[:, i], steer[:, i] = poses_along(agent, courses[i], s, lateral)
        rpy[:, i, 2] += np.where(slides, 0.0, record.yaw[:, i])
        if agent.wheelbase_m > 0.0:
            steer[:, i] = steering(position[:, i], rpy[:, i, 2], agent.wheelbase_m, steer[:, i])
        position[slides, i, 0] = record.x[slides, i] + origin[0]
        position[slides, i, 1] = record.y[slides, i] + origin[1]
        turned = record.yaw[slides, i] - rpy[slides, i, 2]
        rpy[slides, i, 2] += turned - 2.0 * np.pi * np.rint(turned / (2.0 * np.pi))
        steer[slides, i] = record.steer[slides, i]
    return position, rpy, steer, travel, crosses


def _raise(walls: Walls, stage: Stage, known: int, origin: Array) -> None:
    """Let the bodies of a stage from row `known` on be what stands about those who are out of control."""
    stage.bodies["solid"][known:] = False
    lost = stage.pileups.helpless & (stage.agents["speed"] > STANDING_MPS)
    for i in np.flatnonzero(lost).tolist():
        pose, agent = stage.poses[i], stage.agents[i]
        reach = float(max(agent["front"], agent["rear"]) + NEAR_S * agent["speed"]) + NEAR_M
        rows = _from(origin, walls.near(np.array([pose["x"], pose["y"], pose["z"]]) + origin, reach))
        rows = rows[: len(stage.bodies) - known]
        stage.bodies[known : known + len(rows)] = rows
        known += len(rows)


def _minded(stage: Stage, ego: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(A, B) which bodies drivers look for: the ego all, the others what moves, and what stands over a lane."""
    count = len(stage.agents)
    minded = np.zeros(shape, np.bool_)
    minded[:, :count] = True
    notes = stage.notes.notes["body"][: stage.notes.used[0]]
    minded[:, notes[notes >= count]] = True
    minded[ego] = True
    return np.asarray(minded & stage.agents["reacts"][:, None] & ~np.eye(*shape, dtype=np.bool_))


def _stage(
    agents: Sequence[Agent],
    obstacles: NDArray[np.void],
    courses: Sequence[Array],
    origin: Array,
    lanes: int,
    ground: Surface,
    conditions: NDArray[np.void],
) -> Stage:
    """Everybody as they are at the start, relative to the origin of the map."""
    samples = np.array([len(course) for course in courses], np.int64)
    rows = _agent_rows(agents, samples)
    count, total = len(agents), len(agents) + len(obstacles)
    ways, drivers = np.zeros(count, WAY_DTYPE), np.zeros(count, DRIVER_DTYPE)
    numbers = np.array([len(agent.way) for agent in agents], np.int64)
    ways["first"], ways["stretches"], ways["now"] = np.cumsum(numbers) - numbers, numbers, NONE
    ways["home"] = rows["lateral"]
    vehicles = np.zeros(count, VEHICLE_DTYPE)
    vehicles["control"], vehicles["lane"], vehicles["beside"] = Control.GUIDED, NONE, NONE  # their ways are given
    vehicles["ways"] = vehicles["claims"] = NONE
    vehicles["change_age"] = np.inf
    bodies = np.zeros(total, BODY_DTYPE)
    bodies[count:] = obstacles
    for i, agent in enumerate(agents):
        length = float(np.hypot(*np.diff(agent.points[:, :2], axis=0).T).sum())
        ways["end"][i], ways["by_chance"][i] = length if agent.dead_end else np.inf, agent.by_chance
        driver, told = drivers[i], agent.driver
        driver["front"], driver["rear"], driver["half_width"] = agent.front_m, agent.rear_m, agent.half_width_m
        driver["wheelbase"], driver["pace"], driver["fastest"] = agent.wheelbase_m, told.pace, told.desired_speed_mps
        driver["headway"], driver["gap"], driver["hardest"] = told.headway_s, told.gap_m, HARDEST_MPS2
        driver["accel"], driver["decel"] = told.acceleration_mps2, told.deceleration_mps2
        driver["patience"], driver["politeness"], driver["threshold"] = PATIENCE_S, told.politeness, THRESHOLD_MPS2
        driver["safe"] = min(SAFE_MPS2, STOPPING * float(conditions["grip"]))
        ways["changes"][i] = Changes.NEVER if agent.chassis is None else Changes[told.changes.upper()]
        driver["failing"] = 0 if told.lawful else Failing.RED_RUNNER | Failing.NO_YIELD
        bodies["half_length"][i], bodies["half_width"][i] = 0.5 * (agent.front_m + agent.rear_m), agent.half_width_m
    wise = np.array([agent.driver.weather_wise for agent in agents], np.bool_)
    _adapt(drivers, wise, np.atleast_1d(conditions))
    paces = np.array([agent.driver.told_pace for agent in agents])
    drivers["pace"] = np.maximum(drivers["pace"], paces)
    drivers["fastest"][paces > 0.0] = rows["desired"][paces > 0.0]
    for name, own in (("desired", "fastest"), ("accel", "accel"), ("decel", "decel")):
        rows[name][wise] = drivers[own][wise]
    occupancy = empty_occupancy(1, lanes, count)
    return Stage(
        agents=rows,
        events=_event_rows(agents),
        paths=np.concatenate(courses) - origin,
        poses=np.zeros(count, POSE_DTYPE),
        ways=ways,
        stretches=np.array([stretch for agent in agents for stretch in agent.way], STRETCH_DTYPE),
        vehicles=vehicles,
        drivers=drivers,
        bodies=bodies,
        notes=empty_notes(lanes, total),
        lines=occupancy.lines[0],
        entries=occupancy.entries[0],
        desk=desk(lanes, count),
        stand=np.full(count, np.inf),
        offences=np.zeros(count, np.uint8),
        busy=np.zeros(1, np.uint8),
        tyres=tyres_of(agents, ground),
        ghost=np.zeros(1, VEHICLE_DTYPE),
        wheeled=np.array([agent.wheelbase_m > 0.0 for agent in agents], np.bool_),
        pileups=pileups(count, len(obstacles)),
    )


@kernel
def _adapt(drivers, wise, conditions):
    for i in range(len(drivers)):
        if wise[i]:
            adapt(drivers[i], conditions[0])


def _agent_rows(agents: Sequence[Agent], samples: NDArray[np.int64]) -> NDArray[np.void]:
    rows = np.zeros(len(agents), AGENT_DTYPE)
    rows["path"], rows["samples"] = np.cumsum(samples) - samples, samples
    for i, agent in enumerate(agents):
        row, driver = rows[i], agent.driver
        row["s"], row["speed"], row["lateral"] = agent.start_m, agent.speed_mps, agent.lateral_m
        row["desired"] = driver.desired_speed_mps
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
