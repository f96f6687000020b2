"""Where the ego drives: a start on a lane and the path from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulator.errors import InputError
from simulator.numerics.rng import generator
from simulator.roads import DRIVABLE, LaneKey, Path, RoadNetwork, parking_bays
from simulator.roads.polynomial import Array
from simulator.scenario.models import Manoeuvre, RoadSpec, Scenario, Speed

ATTEMPTS = 48
STRAIGHT_M = 45.0  # stretch before the ego where the scene is staged
SHARP_1_M = 1 / 30.0  # curves sharper than this are turns at junctions
FASTEST_MPS = 40.0  # of an ego that drives as fast as it may
LANDMARK_M = 75.0  # ahead of the start
NEAR_LANDMARK_M = 9.0  # from the path
MIN_PATH_M = 130.0  # of road ahead, so that there is something to see


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """The ego's start and its path.

    Attributes:
        key: lane of the start.
        s: road coordinate of the start.
        path: lane centre line in driving direction; its s = 0 is the start.
    """

    key: LaneKey
    s: float
    path: Path


def chooser(seed: int, *names: str | int) -> Callable[[list[LaneKey]], LaneKey]:
    """Picks a way at each fork, by a named random stream."""
    rng = generator(seed, *names)
    return lambda options: options[int(rng.integers(len(options)))]


def highest_speed(speed_mps: float, manoeuvres: tuple[Manoeuvre, ...]) -> float:
    """The highest speed in m/s that an actor is told to drive, forward or backward."""
    return max(abs(speed_mps), *(abs(m.do.speed_mps) for m in manoeuvres if isinstance(m.do, Speed)), 0.0)


def choose_route(network: RoadNetwork, scenario: Scenario) -> Route:
    """The ego's route: as the scenario says, the rest by the seed.

    Among the possible starts, one with enough road and no turn at a junction ahead is preferred. Raises InputError when
    the scenario names a road or lane that does not exist, or when the map has no lane to drive on.
    """
    assert scenario.seed is not None
    ego = scenario.ego
    types = DRIVABLE if ego.road is not None and ego.lane is not None else frozenset({"driving"})  # ramps if told to
    keys = [key for key in network.lanes(types) if network.lane_length(key) > 1e-3]
    if not keys:
        raise InputError("has no lane of type driving", source=scenario.road.opendrive or scenario.road.kind)
    if ego.road is not None:
        if ego.road not in network.roads:
            raise InputError(f'the map has no road "{ego.road}"', key="ego.road")
        keys = [key for key in keys if key.road == ego.road]
    if ego.lane is not None:
        keys = [key for key in keys if key.lane == ego.lane]
    if not keys:
        raise InputError(f"no driving lane {ego.lane} on road {ego.road or '(any)'}", key="ego.lane")
    speed = highest_speed(FASTEST_MPS if ego.speed_mps is None else ego.speed_mps, ego.manoeuvres)
    needed = max(MIN_PATH_M, speed * scenario.duration_s * 1.3 + 60.0)
    rng = generator(scenario.seed, "route")
    outside = np.array([not network.roads[key.road].junction for key in keys])
    length = np.array([network.lane_length(key) for key in keys])
    weight = np.where(outside | ~outside.any(), length, 0.0)
    best: Route | None = None
    shown = _landmarks(network, scenario.road)
    fixed = ego.s_m is not None and len(keys) == 1
    for attempt in range(1 if fixed else ATTEMPTS):
        key = keys[int(rng.choice(len(keys), p=weight / weight.sum()))]
        section = network.roads[key.road].sections[key.section]
        s = float(rng.uniform(section.s0, section.s1)) if ego.s_m is None else ego.s_m
        if ego.s_m is not None and not section.s0 <= s <= section.s1:
            holding = [k for k in keys if _holds(network, k, s)]
            if not holding:
                raise InputError(f"{s:g} m lies beyond the end of the road", key="ego.s_m")
            key = holding[int(rng.integers(len(holding)))]
        path = network.path(key, s, needed, chooser(scenario.seed, "route", attempt))
        if best is None or _merit(path, needed, shown) > _merit(best.path, needed, shown):
            best = Route(key, s, path)
        if _merit(path, needed, shown) == (True, True, True, needed):
            break
    assert best is not None
    return best


def _landmarks(network: RoadNetwork, spec: RoadSpec) -> Array | None:
    """World x, y (N, 2) of what a procedural road is named after: its tunnel, bridge or bays; None: nothing special."""
    if spec.opendrive is not None or spec.kind not in ("tunnel", "bridge", "parking_lot"):
        return None
    if spec.kind == "parking_lot":
        return parking_bays(network).position[:, :2]
    found = [
        road.point([each.s + (0.5 if each.kind == "bridge" else 0.0) * each.length], [0.0])[0, :2]
        for road in network.roads.values()
        for each in road.structures
    ]
    return np.array(found)


def _merit(path: Path, needed_m: float, landmarks: Array | None = None) -> tuple[bool, bool, bool, float]:
    """Rank of a start: enough road ahead, a landmark soon, no turn at a junction right away, then the length."""
    enough = path.length >= needed_m - 1.0
    bend = float(np.abs(path.curvature[path.s < STRAIGHT_M]).max())
    soon = True
    if landmarks is not None:
        ahead = path.xyz[path.s < LANDMARK_M, None, :2]
        near = (np.hypot(*np.moveaxis(ahead - landmarks, -1, 0)) < NEAR_LANDMARK_M).any(axis=1)
        few = len(landmarks) < 3  # a tunnel or bridge lies ahead; bays line the whole way
        soon = bool(near[path.s[: len(near)] > 12.0].any() if few else near[path.s[: len(near)] < 24.0].all())
    return enough, soon, bend < SHARP_1_M, needed_m if enough else path.length


def _holds(network: RoadNetwork, key: LaneKey, s: float) -> bool:
    section = network.roads[key.road].sections[key.section]
    return section.s0 <= s <= section.s1
