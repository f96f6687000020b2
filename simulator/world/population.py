"""Traffic by chance: vehicles in lanes, parked ones at the kerb, people, cyclists and animals beside the road."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.motion import Driver, Motion, OnFoot
from simulator.numerics.rng import generator
from simulator.roads import LaneKey, ParkingBays, Path, RoadNetwork, parking_bays
from simulator.scenario.family import member
from simulator.scenario.models import Scenario
from simulator.scene import NIGHT_LAMPS, Atmosphere, Model, Switch, stance
from simulator.traffic.person import Being
from simulator.traffic.staged import Roads, entry_speed
from simulator.traffic.walkways import WALKED
from simulator.world.cast import Cast
from simulator.world.grip import chassis_of
from simulator.world.route import Route, chooser
from simulator.world.walks import Walks

Array = NDArray[np.float64]

NEAR_M = 140.0  # nobody is placed further from the ego's path
SPACING_M = 4.0  # of the places that are considered
EGO_FRONT_M, GAP_M = 4.0, 6.0  # from the rear axle of the ego to its bumper, and on to the tail of the next vehicle
CLOSING_MPS2 = 1.7  # root of acceleration times comfortable braking: what drivers need to close in (IDM)
FAR_M, FAR_CELL_M = 45.0, 0.05  # who stays farther from the ego's path is coarser: 5 cm are a pixel of KITTI's at 36 m
IN_THE_WAY_M = 2.0  # from the middle of the ego's path
SLOWED = 0.75  # of their speed is left to drivers by those ahead of them, as far as who has to start fast must foresee
HEADWAY_S = 0.8  # more of it at the speed limit, so that nobody starts at the bumper of another
CYCLE_M = 2.0  # a bicycle is shorter
LONG_M, CALM_MPS = 7.0, 7.0  # longer vehicles do not drive where the limit is lower, as in parking lots
MIX = {"car": 0.735, "van": 0.10, "truck": 0.09, "bus": 0.03, "motorcycle": 0.04, "fire_engine": 0.005}
PARKED_MIX = {"car": 0.84, "van": 0.13, "motorcycle": 0.03}
TURNED = 0.4  # share of parked cars whose wheels were left turned (by choice)
LEASHED = {"dog": 0.55, "cat": 0.2, "bird": 0.25}
ON_FOOT = {"pedestrian": 0.80, "child": 0.15, "runner": 0.04, "wheelchair": 0.01}
CROSSERS = 0.35  # share of those who walk, who are about to cross where there are crossings
# Share of those who walk that cross anywhere, and how often: a drive shows but a few seconds of a day.
JAYWALKERS, STRAYS_HZ = 0.15, 1.0 / 6.0
APART_M = 0.3  # between those who set out
NARROWEST_M, WIDEST_M = 0.2, 0.42  # radius of people, with what they carry
SITTING = 0.3  # share of those who do not walk
RAIN_MM_H, UMBRELLAS = 0.3, 0.55  # in more rain so many carry an umbrella, and nobody sits down
IN_PAIRS, BENCH_MATES_M = 0.4, 0.55  # of those who sit; between them
CYCLING = {"bicycle": 0.88, "scooter": 0.12}
GRAZING = {"cow": 0.5, "sheep": 0.3, "horse": 0.2}
STROLL_MPS = 1.0  # of animals that nothing hurries
ROOM_M, PARKED_M = 1.8, 3.5  # of a lane to park in; ahead of and behind who parks it is as wide
BESIDE = frozenset({"shoulder", "parking", "stop", "border"})


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Points on lanes near the ego's path; arrays are (N, ...).

    Attributes:
        key, s, position, heading, width: of the lane there.
        distance: to the nearest sample of the ego's path, metres.
        ahead: distance from the ego to that sample along the path, metres.
        own: whether the lane goes the ego's way.
    """

    key: list[LaneKey]
    s: Array
    position: Array
    heading: Array
    width: Array
    distance: Array
    ahead: Array
    own: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.s)


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """How somebody sets out: on which path, as which driver, how far left of its middle, how fast."""

    path: Path
    driver: Driver
    lateral_m: float
    speed_mps: float


class Population:
    """Places by lane type around a route, and what is put on them.

    Attributes:
        network, roads, route, cast, scenario: what is populated.
        dark: whether vehicles have their lamps on.
        air_c: temperature, for which people have dressed.
        conditions: () CONDITIONS_DTYPE, how the weather lets them drive.
    """

    def __init__(
        self,
        network: RoadNetwork,
        roads: Roads,
        route: Route,
        cast: Cast,
        scenario: Scenario,
        atmosphere: Atmosphere,
        conditions: NDArray[np.void],
    ) -> None:
        self.network, self.roads, self.route, self.cast = network, roads, route, cast
        self.scenario, self.conditions = scenario, conditions
        self.dark, self.air_c = atmosphere.calls_for_headlamps, atmosphere.temperature_c
        assert scenario.seed is not None
        self.seed: int = scenario.seed
        path = route.path
        self._path_xy = path.xyz[path.s <= NEAR_M][:, :2]
        self._path_heading = path.heading[path.s <= NEAR_M]
        self._path_s = path.s[path.s <= NEAR_M]
        low, high = self._path_xy.min(0) - NEAR_M, self._path_xy.max(0) + NEAR_M
        self._roads = [road for road in network.roads.values() if _reaches(road, low, high)]

    def places(self, types: frozenset[str]) -> Places:
        """Points every `SPACING_M` on all lanes of `types` within `NEAR_M` of the ego's path."""
        keys: list[LaneKey] = []
        parts: list[tuple[Array, ...]] = []
        for road in self._roads:
            for index, section in enumerate(road.sections):
                for lane in section.lanes:
                    if lane.id == 0 or lane.type not in types or section.s1 - section.s0 < 0.5:
                        continue
                    count = max(int((section.s1 - section.s0) / SPACING_M), 1)
                    s = section.s0 + (np.arange(count) + 0.5) * (section.s1 - section.s0) / count
                    x, y, z, heading, _, _, width = self.network.lane_frame(road.id, lane.id, s)
                    keys += [LaneKey(road.id, index, lane.id)] * count
                    parts.append((s, np.stack([x, y, z], 1), heading, width))
        if not parts:
            empty = np.zeros(0)
            return Places([], empty, np.zeros((0, 3)), empty, empty, empty, empty, empty > 0)
        s, position, heading, width = (np.concatenate(column) for column in zip(*parts))
        distance, nearest = self._beside(position)
        keep = np.flatnonzero((distance < NEAR_M) & (width > 0.5))
        return Places(
            [keys[k] for k in keep],
            s[keep],
            position[keep],
            heading[keep],
            width[keep],
            distance[keep],
            self._path_s[nearest[keep]],
            np.cos(heading - self._path_heading[nearest])[keep] > -0.3,
        )

    def _beside(self, position: Array) -> tuple[Array, NDArray[np.int64]]:
        """How far places (N, 3) are from the ego's path, m, and the nearest of its samples."""
        offset = position[:, None, :2] - self._path_xy[None]
        gap = np.hypot(offset[..., 0], offset[..., 1])
        return gap.min(1), gap.argmin(1)

    @cached_property
    def lanes(self) -> Places:
        """Places on driving lanes."""
        return self.places(frozenset({"driving"}))

    def _draw(self, rng: np.random.Generator, position: Array, weight: Array, room_m: float) -> int | None:
        """One of some places (N, 3), drawn by weight, where a disc of `room_m` is still free."""
        for _ in range(25):
            total = weight.sum()
            if total <= 0:
                return None
            k = int(rng.choice(len(weight), p=weight / total))
            if self.cast.free(position[k, 0], position[k, 1], room_m):
                return k
            weight = weight.copy()
            weight[k] = 0.0
        return None

    def vehicles(self) -> None:
        """Moving vehicles on lanes near the ego's path, in both directions."""
        places, traffic = self.lanes, self.scenario.traffic
        if not len(places):
            return
        share = np.where(places.own, 1.0 - traffic.oncoming_share, traffic.oncoming_share)
        reach = np.exp(-places.distance / 25.0) * share
        limit, ego = np.array([self._limit_mps(key) for key in places.key]), self.cast.agents[0]
        kept = 1.0 if ego.by_chance else SLOWED
        gap = GAP_M + HEADWAY_S * limit
        before_m, after_m = self.roads.clearance(places.key, places.s)
        number = {key: i for i, key in enumerate(dict.fromkeys(places.key))}
        lane = np.array([number[key] for key in places.key])
        for n in range(traffic.vehicles):
            rng = generator(self.seed, "traffic", n)
            actor: Any = member("actors", _one_of(MIX, rng))()
            models = self._models(actor, rng)
            tail, nose = -float(models[0].bounds[0, 0]), float(models[0].bounds[1, 0])
            clear = (places.distance > IN_THE_WAY_M) | (places.ahead > EGO_FRONT_M + gap + tail)  # of the ego's bumper
            clear &= (before_m > nose) & (after_m > tail)
            if float(models[0].size_lwh_m[0]) > LONG_M:
                clear &= limit > CALM_MPS
            weight = reach * clear
            while (k := self._draw(rng, places.position, weight, max(7.0, tail))) is not None:
                start = self._start(actor, models, places, k, rng, f"traffic-{n}")
                closing = ego.speed_mps * max(ego.speed_mps - kept * start.speed_mps, 0.0) / (2 * CLOSING_MPS2)
                if places.distance[k] > IN_THE_WAY_M or places.ahead[k] > EGO_FRONT_M + gap[k] + tail + closing:
                    self._drive(models, start, f"traffic-{n}", rng)
                    reach[(lane == lane[k]) & (np.abs(places.s - places.s[k]) < tail + EGO_FRONT_M + gap)] = 0.0
                    break
                weight[k] = 0.0

    def cyclists(self) -> None:
        """Cyclists at the kerb's edge of driving lanes."""
        places = self.lanes
        if not len(places):
            return
        slow = np.array([self._limit_mps(key) < 25.0 for key in places.key])
        reach = np.exp(-places.distance / 15.0) * slow
        reach[(places.distance < 2.0) & (places.ahead < 12.0)] = 0.0
        reach[np.minimum(*self.roads.clearance(places.key, places.s)) < CYCLE_M] = 0.0
        for n in range(self.scenario.traffic.cyclists):
            rng = generator(self.seed, "cyclist", n)
            k = self._draw(rng, places.position, reach, 2.0)
            if k is not None:
                actor: Any = member("actors", _one_of(CYCLING, rng))()
                side = self._kerb_side(places.key[k]) * (0.5 * places.width[k] - 0.6)
                models = self._models(actor, rng)
                start = self._start(actor, models, places, k, rng, f"cyclist-{n}", lateral=side)
                self._drive(models, start, f"cyclist-{n}", rng)

    def _start(
        self,
        actor: Any,
        models: list[Model],
        places: Places,
        k: int,
        rng: np.random.Generator,
        name: str,
        lateral: float | None = None,
    ) -> Start:
        """How somebody would set out from place `k`, beside the middle of the lane (`lateral`, m) or about there."""
        key, s = places.key[k], float(places.s[k])
        path = self.network.path(
            key, s, 90.0 + 1.4 * self._limit_mps(key) * self.scenario.duration_s, chooser(self.seed, name)
        )
        limit = float(np.min(path.speed_limit_mps[:1]))
        temper = float(np.clip(rng.normal(1.0, 0.12), 0.7, 1.3))
        desired = actor.speed_mps * temper if actor.kind in CYCLING else actor.max_speed_mps
        side = float(rng.normal(0, 0.12)) if lateral is None else lateral
        driver = Driver(
            desired,
            headway_s=float(rng.uniform(1.0, 2.0)),
            acceleration_mps2=actor.acceleration_mps2,
            deceleration_mps2=actor.deceleration_mps2,
            pace=temper,
            changes="never" if actor.kind in CYCLING else "free",
            weather_wise=True,
        )
        wanted = min(desired, limit * temper) * float(rng.uniform(0.8, 1.0))
        front = float(models[0].bounds[1, 0])
        return Start(path, driver, side, entry_speed(path, wanted, temper, front, self.conditions))

    def _drive(self, models: list[Model], start: Start, name: str, rng: np.random.Generator) -> None:
        """Put somebody on the road as `start` says."""
        position, rpy = start.path.at(np.zeros(1), start.lateral_m)
        row = self.cast.add(models, position[0], rpy[0], name=name)
        self.cast.drive(
            row,
            start.path.xyz,
            start.speed_mps,
            start.driver,
            lateral_m=start.lateral_m,
            way=self.roads.stretches(start.path),
            dead_end=start.path.dead_end,
            by_chance=True,
            chassis=chassis_of(models[0], models[0].class_name),
        )
        self.cast.lamps[row] = driving_lamps(self.dark, rng)

    def parked(self) -> None:
        """Vehicles in the bays of the map, and parked beside the outermost lanes of roads that have none.

        There they stand on a parking lane or shoulder, or half on the pavement.
        """
        places, bays = self.lanes, parking_bays(self.network)
        with_bays = {key.road for lanes in bays.lanes for key in lanes}
        spots, of_lane = list[int](), dict[LaneKey, list[int]]()
        for row, key in enumerate(places.key):
            of_lane.setdefault(key, []).append(row)
        for key, rows in of_lane.items():
            if self._may_park(key) and key.road not in with_bays:
                spots += np.array(rows)[self._has_room(key, places.s[rows])].tolist()
        weight = np.zeros(len(places))
        weight[spots] = self._parking_weight(places.distance[spots], places.ahead[spots])
        gap = np.linalg.norm(bays.position[:, None, :2] - self._path_xy[None], axis=2)
        free = self._parking_weight(gap.min(axis=1), self._path_s[gap.argmin(axis=1)])
        open_now = np.array([self.cast.free(x, y, 1.2) for x, y, _ in bays.position.tolist()], np.bool_)
        free[(gap.min(axis=1) > NEAR_M) | (bays.width < 2.0) | (bays.length < 4.0) | ~open_now] = 0.0
        for n in range(self.scenario.traffic.parked):
            rng = generator(self.seed, "parked", n)
            kind = _one_of(PARKED_MIX, rng)
            actor: Any = member("actors", kind)()
            in_bay = free.sum() > 0.0 and (not spots or rng.random() < 0.8)
            if not in_bay and not spots:
                return
            k = (
                int(rng.choice(len(free), p=free / free.sum()))
                if in_bay
                else self._draw(rng, places.position, weight, 3.4)
            )
            if k is None:
                return
            model = self._models(actor, rng)[0]
            if in_bay:
                free[k] = 0.0
                position, yaw = self._in_bay(bays, k, model, rng)
            else:
                position, yaw = self._at_kerb(places, k, model, rng)
            if not in_bay and not self.cast.free(position[0], position[1], 2.6):
                continue
            at, rpy = stance(self.cast.builder, model, position, yaw)
            if np.hypot(*(position[:2] - self._path_xy).T).min() > FAR_M:
                model = model.coarse(FAR_CELL_M)
            attributes = {"state": "parked"}
            row = self.cast.add([model], at, rpy, name=f"parked-{n}", moving=False, attributes=attributes)
            self.cast.steered[row] = _left_turned(kind, generator(self.seed, "parked wheels", n))

    @staticmethod
    def _parking_weight(distance: Array, ahead: Array) -> Array:
        """How likely a vehicle is parked in a place, by its distance from the path and along it."""
        return np.asarray(np.exp(-distance / 20.0) * (0.3 + np.exp(-(((ahead - 25.0) / 30.0) ** 2))))

    @staticmethod
    def _in_bay(bays: ParkingBays, k: int, model: Model, rng: np.random.Generator) -> tuple[Array, float]:
        """Position and yaw of a vehicle in the middle of a bay, driven in forwards or backwards."""
        yaw = float(bays.heading[k]) + (np.pi if rng.random() < 0.25 else 0.0) + rng.normal(0.0, 0.015)
        middle = 0.5 * float(model.bounds[0, 0] + model.bounds[1, 0])  # ahead of the origin
        ahead, left = rng.normal(0.0, 0.15) - middle, rng.normal(0.0, 0.08)
        cos, sin = np.cos(yaw), np.sin(yaw)
        return bays.position[k] + [ahead * cos - left * sin, ahead * sin + left * cos, 0.0], yaw

    def _at_kerb(self, places: Places, k: int, model: Model, rng: np.random.Generator) -> tuple[Array, float]:
        """Position and yaw of a vehicle beside the outermost lane."""
        yaw = float(places.heading[k]) + rng.normal(0, 0.015)
        beside = self._kerb_side(places.key[k]) * (
            places.width[k] / 2 + self._kerb_offset(places.key[k], float(places.s[k]), model.size_lwh_m[1])
        )
        return places.position[k] + beside * np.array([-np.sin(yaw), np.cos(yaw), 0.0]), yaw

    def _may_park(self, key: LaneKey) -> bool:
        road = self.network.roads[key.road]
        outer = key.lane + (1 if key.lane > 0 else -1)
        neighbour = next((lane for lane in road.sections[key.section].lanes if lane.id == outer), None)
        if road.junction or (neighbour is not None and neighbour.type not in WALKED | BESIDE):
            return False
        return self._limit_mps(key) < 20.0

    def _kerb_side(self, key: LaneKey) -> float:
        return self.network.roads[key.road].kerb_side

    def _limit_mps(self, key: LaneKey) -> float:
        road = self.network.roads[key.road]
        return float(road.speed_limits(key.section, key.lane, road.sections[key.section].s0)[0])

    def _room_m(self, key: LaneKey, stations: Array) -> Array:
        """Widths beside a lane for who parks there, at `stations` of its section; zero where it has no such lane."""
        section = self.network.roads[key.road].sections[key.section]
        outer = key.lane + (1 if key.lane > 0 else -1)
        if not any(lane.id == outer and lane.type in BESIDE for lane in section.lanes):
            return np.zeros_like(stations)
        stations = np.clip(stations, section.s0, section.s1)
        return np.asarray(self.network.lane_frame(key.road, outer, stations)[6])

    def _has_room(self, key: LaneKey, stations: Array) -> NDArray[np.bool_]:
        """(N,) whether a lane has room beside it all along who parks there, and no pavement before a crossing."""
        section = self.network.roads[key.road].sections[key.section]
        here = self._room_m(key, (stations[:, None] + PARKED_M * np.array([-1.0, 0.0, 1.0])).ravel()).reshape(-1, 3)
        most = self._room_m(key, np.linspace(section.s0, section.s1, 9)).max()
        return np.asarray(here.min(axis=1) > ROOM_M if most > ROOM_M else np.ptp(here, axis=1) < 0.1)

    def _kerb_offset(self, key: LaneKey, s: float, width_m: float) -> float:
        """From the lane's outer edge to the middle of a parked vehicle."""
        room = float(self._room_m(key, np.array([s]))[0])
        if room > ROOM_M:
            return max(width_m / 2 + 0.15, room / 2)
        return 0.28 * width_m + 0.1  # half on the pavement

    def people(self) -> None:
        """People who walk, stand or sit on pavements and beside roads that have none, else on the verge."""
        numbers = iter(range(self.scenario.traffic.pedestrians))
        for n in numbers:
            rng = generator(self.seed, "person", n)
            kind = _one_of(ON_FOOT, rng)
            walks = bool(rng.random() < 0.8)
            cls: Any = member("actors", kind)
            pace = float(cls.speed_mps * np.clip(rng.normal(1.0, 0.15), 0.5, 1.5))
            if kind in ("pedestrian", "child"):
                rains = self.scenario.weather.rain_mm_h > RAIN_MM_H
                pose = "walking" if walks else "sitting" if rng.random() < SITTING and not rains else "standing"
                held = {}
                if rains and "carries" in cls.model_fields and generator(self.seed, "umbrella", n).random() < UMBRELLAS:
                    held["carries"] = "umbrella"
                actor = cls(pose=pose, pace_mps=pace, seat="bench", **held)
            else:
                walks = True
                actor = cls(pace_mps=pace) if kind == "runner" else cls()
            if getattr(actor, "pose", "") == "sitting":
                if self._sit(actor, rng, f"person-{n}", mate=n + 1 < self.scenario.traffic.pedestrians):
                    next(numbers)
                continue
            if walks and len(self._walks.starts):
                self._stroll(self._models(actor, rng), kind, pace, rng, f"person-{n}")
                continue
            way = self._way(pace, rng)
            if way is not None:
                self._walk(actor, pace if walks else 0.0, way, rng, f"person-{n}")

    def _stroll(self, models: list[Model], kind: str, pace: float, rng: np.random.Generator, name: str) -> None:
        """Let somebody walk about near the ego's path, over its streets too."""
        walks = self._walks
        sets_out = np.stack([np.arange(len(walks.starts)), rng.integers(2, size=len(walks.starts))], axis=1)
        options = np.column_stack([sets_out, np.full(len(sets_out), -1)])
        if rng.random() < CROSSERS and len(walks.approaches):
            options = walks.approaches
        position = walks.positions[options[:, 0]]
        radius = float(np.clip(models[0].bounds[1, 1], NARROWEST_M, WIDEST_M))
        weight = self._likely_starts[options[:, 0]]
        jaywalks = bool(rng.random() < JAYWALKERS)
        side = float(rng.uniform(-1.0, 0.2))  # most keep to the right
        for _ in range(25):
            k = self._draw(rng, position, weight, 0.0)
            if k is None:
                return
            start, forward, crosses = options[k].tolist()
            being = Being.CHILD if kind == "child" else Being.ADULT
            who = OnFoot(
                being,
                int(walks.starts[start]),
                bool(forward),
                side,
                pace,
                radius,
                crosses,
                STRAYS_HZ if jaywalks and crosses < 0 else 0.0,
            )
            line = walks.line(who)
            if self.cast.free(line[0, 0], line[0, 1], radius + APART_M):
                break
            weight = weight.copy()
            weight[k] = 0.0
        else:
            return
        line[:, 2] = self.cast.builder.ground_height(line)
        if np.hypot(*(line[0, :2] - self._path_xy).T).min() > FAR_M:
            models = [model.coarse(FAR_CELL_M) for model in models]
        ahead = line[1] - line[0]
        row = self.cast.add(models, line[0], (0.0, 0.0, float(np.arctan2(ahead[1], ahead[0]))), name=name)
        self.cast.stroll(row, line, who)

    @cached_property
    def _likely_starts(self) -> Array:
        """How likely people set out from each of the starts of the walks."""
        return self._likely(self._walks.positions)

    def _likely(self, position: Array) -> Array:
        """How likely people are at places (N, 3) on foot: near the ego's path, and where it soon comes."""
        distance, nearest = self._beside(position)
        weight = np.exp(-distance / 20.0) * np.exp(-(((self._path_s[nearest] - 20.0) / 45.0) ** 2))
        return np.asarray(np.where(distance < NEAR_M, weight, 0.0))

    def _models(self, actor: Any, rng: np.random.Generator) -> list[Model]:
        """Models of an actor who has dressed for the weather."""
        models: list[Model] = actor.dressed(self.air_c).models(rng)
        return models

    def _walk(self, actor: Any, pace: float, way: Array, rng: np.random.Generator, name: str) -> None:
        """Let somebody walk along a way, or stand at its start and look anywhere."""
        models = self._models(actor, rng)
        way[:, 2] = self.cast.builder.ground_height(way)
        if np.hypot(*(way[:, None, :2] - self._path_xy).T).min() > FAR_M:
            models = [model.coarse(FAR_CELL_M) for model in models]
        toward = way[1] - way[0] if pace else rng.normal(size=2)
        heading = float(np.arctan2(toward[1], toward[0]))
        row = self.cast.add(models, way[0], (0.0, 0.0, heading), name=name)
        if pace:
            self.cast.follow(Motion(row, way, pace, 2.0, initial_speed_mps=pace))
        else:
            self.cast.idle.append(row)

    def _sit(self, actor: Any, rng: np.random.Generator, name: str, *, mate: bool) -> bool:
        """A bench at the back of a pavement that faces the street, or on a verge; returns whether a mate sits on it."""
        way = self._way(0.0, rng, at_back=True)
        if way is None:
            return False
        toward = self._path_xy[self._beside(way[:1])[1][0]] - way[0, :2]
        along = (way[1, :2] - way[0, :2]) / np.hypot(*(way[1, :2] - way[0, :2]))
        facing = toward - (toward @ along) * along  # square to the pavement
        heading = float(np.arctan2(facing[1], facing[0]))
        beside = BENCH_MATES_M * np.array([-np.sin(heading), np.cos(heading), 0.0])
        mate = mate and bool(rng.random() < IN_PAIRS)
        for number in range(1 + mate):
            place = way[:1] + number * beside
            place[:, 2] = self.cast.builder.ground_height(place)
            models = self._models(actor, rng)[: 1 if number else None]  # the bench of the first holds both
            self.cast.add(models, place[0], (0.0, 0.0, heading), name=name + ("-mate" if number else ""))
        return mate

    @cached_property
    def _walks(self) -> Walks:
        return Walks(self.roads.walkways)

    def _way(
        self, pace_mps: float, rng: np.random.Generator, *, paved: bool = False, at_back: bool = False
    ) -> Array | None:
        """(K, 3) a way on foot near the ego's path, long enough for the drive, or None.

        Args:
            pace_mps: of who walks there. rng: for all that is drawn.
            paved: only on a pavement.
            at_back: on the side of the pavement that is away from the street; else on the right, so that people pass.
        """
        walks, length = self._walks, pace_mps * self.scenario.duration_s + 2.0
        if len(walks.starts):
            position = walks.positions
            weight = np.where(paved & ~walks.paved, 0.0, self._likely(position))
            k = self._draw(rng, position, weight, 0.6)
            if k is not None:
                forward, share = bool(rng.random() < 0.5), -float(rng.uniform(0.4, 1.0))
                if at_back:
                    away = position[k, :2] - self._path_xy[self._beside(position[k : k + 1])[1][0]]
                    left = np.array([-np.sin(walks.headings[k]), np.cos(walks.headings[k])])
                    share = float(np.sign(away @ left)) * (1.0 if forward else -1.0)
                way = walks.way(k, forward=forward, share=share, length_m=length, rng=rng)
                return way if len(way) > 1 else None
        return None if paved or self._on_motorway else self._verge(length, rng)

    @property
    def _on_motorway(self) -> bool:
        """Whether the ego sets out on a motorway, beside which nobody may walk."""
        types = self.network.roads[self.route.path.keys[0].road].types
        return bool(types) and types[0].type == "motorway"

    def _verge(self, length_m: float, rng: np.random.Generator) -> Array | None:
        """A straight way beside the ego's road, off the lanes where it begins."""
        path = self.route.path
        for _ in range(20):
            s = rng.uniform(min(12.0, 0.5 * path.length), min(90.0, path.length))
            side = float(rng.choice([-1.0, 1.0])) * (
                float(np.interp(s, path.s, path.width)) / 2 + rng.uniform(0.9, 9.0)
            )
            position, rpy = path.at(np.array([s]), side)
            located = self.network.locate(position[:, :2])
            if located.distance[0] > 0.6 and self.cast.free(position[0, 0], position[0, 1], 0.6):
                heading = float(rpy[0, 2]) + (np.pi if rng.random() < 0.5 else 0.0)
                along = np.arange(0.0, length_m + 1.0)
                return np.asarray(position[0] + np.outer(along, [np.cos(heading), np.sin(heading), 0.0]))
        return None

    def animals(self) -> None:
        """Dogs, cats and birds on pavements; grazing animals off the road where there are none."""
        paved = bool(np.any(self._beside(self._walks.positions)[0][self._walks.paved] < NEAR_M))
        for n in range(self.scenario.traffic.animals):
            rng = generator(self.seed, "animal", n)
            kind = _one_of(LEASHED if paved else GRAZING, rng)
            actor: Any = member("actors", kind)()
            reach = STROLL_MPS * self.scenario.duration_s + 2.0
            way = self._way(STROLL_MPS, rng, paved=True) if paved else self._verge(reach, rng)
            if way is not None:
                self._walk(actor, STROLL_MPS, way, rng, f"animal-{n}")


def driving_lamps(dark: bool, rng: np.random.Generator) -> int:
    """Lamps of a moving vehicle: low beam in the dark; by day running lamps on most cars."""
    if dark:
        return NIGHT_LAMPS
    return (1 << Switch.POSITION) if rng.random() < 0.6 else 0


def _reaches(road: Any, low: Array, high: Array) -> bool:
    """Whether a road comes near a box."""
    s = np.linspace(0.0, road.length, max(int(road.length / 20.0) + 1, 2))
    x, y, _, _ = road.reference(s)
    return bool(((x > low[0] - 20) & (x < high[0] + 20) & (y > low[1] - 20) & (y < high[1] + 20)).any())


def _one_of(shares: dict[str, float], rng: np.random.Generator) -> str:
    """A kind drawn by its share."""
    return str(rng.choice(list(shares), p=list(shares.values())))


def _left_turned(kind: str, rng: np.random.Generator) -> float:
    """Steering angle at which a parked vehicle was left, rad: motorcycles are locked to the left."""
    if kind == "motorcycle":
        return float(rng.uniform(0.45, 0.60))
    turned = rng.random() < TURNED
    return float(np.clip(rng.normal(0.0, 0.22 if turned else 0.03), -0.35, 0.35))
