"""Traffic by chance: vehicles in lanes, parked ones in bays and at the kerb, cyclists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.motion import Driver
from simulator.numerics.rng import generator
from simulator.roads import LaneKey, ParkingBays, Path, parking_bays
from simulator.scenario.family import member
from simulator.scene import Model, Switch, stance
from simulator.traffic.staged import entry_speed
from simulator.traffic.walkways import WALKED
from simulator.world.grip import chassis_of
from simulator.world.near import NEAR_M, Near, Places, one_of
from simulator.world.route import chooser

Array = NDArray[np.float64]

EGO_FRONT_M, GAP_M = 4.0, 6.0  # from the rear axle of the ego to its bumper, and on to the tail of the next vehicle
CLOSING_MPS2 = 1.7  # root of acceleration times comfortable braking: what drivers need to close in (IDM)
IN_THE_WAY_M = 2.0  # from the middle of the ego's path
SLOWED = 0.75  # of their speed is left to drivers by those ahead of them, as far as who has to start fast must foresee
HEADWAY_S = 0.8  # more of it at the speed limit, so that nobody starts at the bumper of another
CYCLE_M = 2.0  # a bicycle is shorter
LONG_M, CALM_MPS = 7.0, 7.0  # longer vehicles do not drive where the limit is lower, as in parking lots
MIX = {"car": 0.735, "van": 0.10, "truck": 0.09, "bus": 0.03, "motorcycle": 0.04, "fire_engine": 0.005}
PARKED_MIX = {"car": 0.84, "van": 0.13, "motorcycle": 0.03}
OPENED = {"van": 0.15, "car": 0.03}  # share of parked ones with an open door (by choice)
TURNED = 0.4  # share of parked cars whose wheels were left turned (by choice)
CYCLING = {"bicycle": 0.88, "scooter": 0.12}
ROOM_M, PARKED_M = 1.8, 3.5  # of a lane to park in; ahead of and behind who parks it is as wide
BESIDE = frozenset({"shoulder", "parking", "stop", "border"})


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """How somebody sets out: on which path, as which driver, how far left of its middle, how fast."""

    path: Path
    driver: Driver
    lateral_m: float
    speed_mps: float


class Population:
    """Vehicles and cyclists, and the lanes and bays on which they are put.

    Attributes:
        near: what lies near the ego's way.
    """

    def __init__(self, near: Near) -> None:
        self.near = near

    def vehicles(self) -> None:
        """Moving vehicles on lanes near the ego's path, in both directions."""
        places, traffic = self.near.lanes, self.near.scenario.traffic
        if not len(places):
            return
        share = np.where(places.own, 1.0 - traffic.oncoming_share, traffic.oncoming_share)
        reach = np.exp(-places.distance / 25.0) * share
        limit, ego = np.array([self._limit_mps(key) for key in places.key]), self.near.cast.agents[0]
        kept = 1.0 if ego.by_chance else SLOWED
        gap = GAP_M + HEADWAY_S * limit
        before_m, after_m = self.near.roads.clearance(places.key, places.s)
        number = {key: i for i, key in enumerate(dict.fromkeys(places.key))}
        lane = np.array([number[key] for key in places.key])
        for n in range(traffic.vehicles):
            rng = generator(self.near.seed, "traffic", n)
            actor: Any = member("actors", one_of(MIX, rng))()
            models = self.near.models(actor, rng)
            tail, nose = -float(models[0].bounds[0, 0]), float(models[0].bounds[1, 0])
            clear = (places.distance > IN_THE_WAY_M) | (places.ahead > EGO_FRONT_M + gap + tail)  # of the ego's bumper
            clear &= (before_m > nose) & (after_m > tail)
            if float(models[0].size_lwh_m[0]) > LONG_M:
                clear &= limit > CALM_MPS
            weight = reach * clear
            while (k := self.near.draw(rng, places.position, weight, max(7.0, tail))) is not None:
                start = self._start(actor, models, places, k, rng, f"traffic-{n}")
                closing = ego.speed_mps * max(ego.speed_mps - kept * start.speed_mps, 0.0) / (2 * CLOSING_MPS2)
                if places.distance[k] > IN_THE_WAY_M or places.ahead[k] > EGO_FRONT_M + gap[k] + tail + closing:
                    self._drive(models, start, f"traffic-{n}", rng)
                    reach[(lane == lane[k]) & (np.abs(places.s - places.s[k]) < tail + EGO_FRONT_M + gap)] = 0.0
                    break
                weight[k] = 0.0

    def cyclists(self) -> None:
        """Cyclists at the kerb's edge of driving lanes."""
        places = self.near.lanes
        if not len(places):
            return
        slow = np.array([self._limit_mps(key) < 25.0 for key in places.key])
        reach = np.exp(-places.distance / 15.0) * slow
        reach[(places.distance < 2.0) & (places.ahead < 12.0)] = 0.0
        reach[np.minimum(*self.near.roads.clearance(places.key, places.s)) < CYCLE_M] = 0.0
        for n in range(self.near.scenario.traffic.cyclists):
            rng = generator(self.near.seed, "cyclist", n)
            k = self.near.draw(rng, places.position, reach, 2.0)
            if k is not None:
                actor: Any = member("actors", one_of(CYCLING, rng))()
                side = self._kerb_side(places.key[k]) * (0.5 * places.width[k] - 0.6)
                models = self.near.models(actor, rng)
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
        path = self.near.network.path(
            key, s, 90.0 + 1.4 * self._limit_mps(key) * self.near.scenario.duration_s, chooser(self.near.seed, name)
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
        return Start(path, driver, side, entry_speed(path, wanted, temper, front, self.near.conditions))

    def _drive(self, models: list[Model], start: Start, name: str, rng: np.random.Generator) -> None:
        """Put somebody on the road as `start` says."""
        position, rpy = start.path.at(np.zeros(1), start.lateral_m)
        row = self.near.cast.add(models, position[0], rpy[0], name=name)
        self.near.cast.drive(
            row,
            start.path.xyz,
            start.speed_mps,
            start.driver,
            lateral_m=start.lateral_m,
            way=self.near.roads.stretches(start.path),
            dead_end=start.path.dead_end,
            by_chance=True,
            chassis=chassis_of(models[0], models[0].class_name),
        )
        self.near.cast.lamps[row] = driving_lamps(self.near.headlamps, rng)

    def parked(self) -> None:
        """Vehicles in the bays of the map, and parked beside the outermost lanes of roads that have none.

        There they stand on a parking lane or shoulder, or half on the pavement.
        """
        places, bays = self.near.lanes, parking_bays(self.near.network)
        with_bays = {key.road for lanes in bays.lanes for key in lanes}
        spots, of_lane = list[int](), dict[LaneKey, list[int]]()
        for row, key in enumerate(places.key):
            of_lane.setdefault(key, []).append(row)
        for key, rows in of_lane.items():
            if self._may_park(key) and key.road not in with_bays:
                spots += np.array(rows)[self._has_room(key, places.s[rows])].tolist()
        weight = np.zeros(len(places))
        weight[spots] = self._parking_weight(places.distance[spots], places.ahead[spots])
        distance, nearest = self.near.beside(bays.position)
        free = self._parking_weight(distance, self.near.path_s[nearest])
        open_now = np.array([self.near.cast.free(x, y, 1.2) for x, y, _ in bays.position.tolist()], np.bool_)
        free[(distance > NEAR_M) | (bays.width < 2.0) | (bays.length < 4.0) | ~open_now] = 0.0
        for n in range(self.near.scenario.traffic.parked):
            rng = generator(self.near.seed, "parked", n)
            kind = one_of(PARKED_MIX, rng)
            actor: Any = member("actors", kind)(**_left_open(kind, generator(self.near.seed, "parked door", n)))
            in_bay = free.sum() > 0.0 and (not spots or rng.random() < 0.8)
            if not in_bay and not spots:
                return
            k = (
                int(rng.choice(len(free), p=free / free.sum()))
                if in_bay
                else self.near.draw(rng, places.position, weight, 3.4)
            )
            if k is None:
                return
            model = self.near.models(actor, rng)[0]
            if in_bay:
                free[k] = 0.0
                position, yaw = self._in_bay(bays, k, model, rng)
            else:
                position, yaw = self._at_kerb(places, k, model, rng)
            if not in_bay and not self.near.cast.free(position[0], position[1], 2.6):
                continue
            at, rpy = stance(self.near.cast.builder, model, position, yaw)
            attributes = {"state": "parked"}
            row = self.near.cast.add(
                self.near.detailed([model], position[None]),
                at,
                rpy,
                name=f"parked-{n}",
                moving=False,
                attributes=attributes,
            )
            self.near.cast.steered[row] = _left_turned(kind, generator(self.near.seed, "parked wheels", n))

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
        road = self.near.network.roads[key.road]
        outer = key.lane + (1 if key.lane > 0 else -1)
        neighbour = next((lane for lane in road.sections[key.section].lanes if lane.id == outer), None)
        if road.junction or (neighbour is not None and neighbour.type not in WALKED | BESIDE):
            return False
        return self._limit_mps(key) < 20.0

    def _kerb_side(self, key: LaneKey) -> float:
        return self.near.network.roads[key.road].kerb_side

    def _limit_mps(self, key: LaneKey) -> float:
        road = self.near.network.roads[key.road]
        return float(road.speed_limits(key.section, key.lane, road.sections[key.section].s0)[0])

    def _room_m(self, key: LaneKey, stations: Array) -> Array:
        """Widths beside a lane for who parks there, at `stations` of its section; zero where it has no such lane."""
        section = self.near.network.roads[key.road].sections[key.section]
        outer = key.lane + (1 if key.lane > 0 else -1)
        if not any(lane.id == outer and lane.type in BESIDE for lane in section.lanes):
            return np.zeros_like(stations)
        stations = np.clip(stations, section.s0, section.s1)
        return np.asarray(self.near.network.lane_frame(key.road, outer, stations)[6])

    def _has_room(self, key: LaneKey, stations: Array) -> NDArray[np.bool_]:
        """(N,) whether a lane has room beside it all along who parks there, and no pavement before a crossing."""
        section = self.near.network.roads[key.road].sections[key.section]
        here = self._room_m(key, (stations[:, None] + PARKED_M * np.array([-1.0, 0.0, 1.0])).ravel()).reshape(-1, 3)
        most = self._room_m(key, np.linspace(section.s0, section.s1, 9)).max()
        return np.asarray(here.min(axis=1) > ROOM_M if most > ROOM_M else np.ptp(here, axis=1) < 0.1)

    def _kerb_offset(self, key: LaneKey, s: float, width_m: float) -> float:
        """From the lane's outer edge to the middle of a parked vehicle."""
        room = float(self._room_m(key, np.array([s]))[0])
        if room > ROOM_M:
            return max(width_m / 2 + 0.15, room / 2)
        return 0.28 * width_m + 0.1  # half on the pavement


def driving_lamps(headlamps: int, rng: np.random.Generator) -> int:
    """Lamps of a moving vehicle: those of `Atmosphere.headlamps`, or else by day running lamps on most cars."""
    if headlamps:
        return headlamps
    return (1 << Switch.POSITION) if rng.random() < 0.6 else 0


def _left_open(kind: str, rng: np.random.Generator) -> dict[str, Any]:
    """Fields of a parked vehicle with an open door, if it has one: vans are loaded, drivers are about to get out."""
    if rng.random() >= OPENED.get(kind, 0.0):
        return {}
    if kind == "van":
        return {"door": float(rng.uniform(0.6, 1.0)), "opened": str(rng.choice(("side", "rear")))}
    return {"door": float(rng.uniform(0.15, 0.35))}  # no wider, for the sake of those who pass


def _left_turned(kind: str, rng: np.random.Generator) -> float:
    """Steering angle at which a parked vehicle was left, rad: motorcycles are locked to the left."""
    if kind == "motorcycle":
        return float(rng.uniform(0.45, 0.60))
    turned = rng.random() < TURNED
    return float(np.clip(rng.normal(0.0, 0.22 if turned else 0.03), -0.35, 0.35))
