"""Places near the way that the ego takes, and who is free to stand on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.roads import LaneKey, RoadNetwork
from simulator.scenario.models import Scenario
from simulator.scene import Atmosphere, Model
from simulator.traffic.staged import Roads
from simulator.world.cast import Cast
from simulator.world.route import Route

Array = NDArray[np.float64]

NEAR_M = 140.0  # nobody is placed further from the ego's path
SPACING_M = 4.0  # of the places that are considered
RAIN_MM_H = 0.3  # more rain calls for umbrellas (by choice)
FAR_M, FAR_CELL_M = 45.0, 0.05  # who stays farther from the ego's path is coarser: 5 cm are a pixel of KITTI's at 36 m


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


class Near:
    """What lies near the way that the ego takes, and who is put there.

    Attributes:
        network, roads, route, cast, scenario: what is populated.
        headlamps: of vehicles, of `Atmosphere.headlamps`.
        air_c: temperature, for which people have dressed.
        rains: whether so much rain falls that people put up umbrellas or hoods.
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
        self.headlamps, self.air_c = atmosphere.headlamps, atmosphere.temperature_c
        self.rains = calls_for_umbrellas(atmosphere)
        assert scenario.seed is not None
        self.seed: int = scenario.seed
        path = route.path
        self.path_xy = path.xyz[path.s <= NEAR_M][:, :2]
        self._path_heading = path.heading[path.s <= NEAR_M]
        self.path_s = path.s[path.s <= NEAR_M]
        low, high = self.path_xy.min(0) - NEAR_M, self.path_xy.max(0) + NEAR_M
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
        distance, nearest = self.beside(position)
        keep = np.flatnonzero((distance < NEAR_M) & (width > 0.5))
        return Places(
            [keys[k] for k in keep],
            s[keep],
            position[keep],
            heading[keep],
            width[keep],
            distance[keep],
            self.path_s[nearest[keep]],
            np.cos(heading - self._path_heading[nearest])[keep] > -0.3,
        )

    def beside(self, position: Array) -> tuple[Array, NDArray[np.int64]]:
        """How far places (N, 3) are from the ego's path, m, and the nearest of its samples."""
        offset = position[:, None, :2] - self.path_xy[None]
        gap = np.hypot(offset[..., 0], offset[..., 1])
        return gap.min(1), gap.argmin(1)

    @cached_property
    def lanes(self) -> Places:
        """Places on driving lanes."""
        return self.places(frozenset({"driving"}))

    def draw(self, rng: np.random.Generator, position: Array, weight: Array, room_m: float) -> int | None:
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

    def likely(self, position: Array) -> Array:
        """How likely people are at places (N, 3) on foot: near the ego's path, and where it soon comes."""
        distance, nearest = self.beside(position)
        weight = np.exp(-distance / 20.0) * np.exp(-(((self.path_s[nearest] - 20.0) / 45.0) ** 2))
        return np.asarray(np.where(distance < NEAR_M, weight, 0.0))

    def models(self, actor: Any, rng: np.random.Generator) -> list[Model]:
        """Models of an actor who has dressed for the weather."""
        models: list[Model] = actor.dressed(self.air_c, self.cast.season, rains=self.rains).models(rng)
        return models

    def detailed(self, models: Iterable[Model], way: Array) -> list[Model]:
        """Models as fine as they have to be for who stays on a way (N, >= 2)."""
        far = self.beside(way)[0].min() > FAR_M
        return [model.coarse(FAR_CELL_M) if far else model for model in models]


def _reaches(road: Any, low: Array, high: Array) -> bool:
    """Whether a road comes near a box."""
    s = np.linspace(0.0, road.length, max(int(road.length / 20.0) + 1, 2))
    x, y, _, _ = road.reference(s)
    return bool(((x > low[0] - 20) & (x < high[0] + 20) & (y > low[1] - 20) & (y < high[1] + 20)).any())


def calls_for_umbrellas(air: Atmosphere) -> bool:
    """Whether so much rain falls that people put up umbrellas or hoods, and nobody sits down."""
    return air.rain_mm_h > RAIN_MM_H


def one_of(shares: dict[str, float], rng: np.random.Generator) -> str:
    """A kind drawn by its share."""
    return str(rng.choice(list(shares), p=list(shares.values())))
