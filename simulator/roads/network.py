"""A road network: roads, junctions, and lane-level queries over all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from simulator.errors import InputError, did_you_mean
from simulator.roads.lane_frame import lane_frame
from simulator.roads.locate import Located, Locator
from simulator.roads.path import Path, build_path
from simulator.roads.polynomial import Array
from simulator.roads.records import Controller, Junction, JunctionGroup, LaneKey, Station
from simulator.roads.road import Road
from simulator.roads.route import Route, find_route
from simulator.roads.routing import LaneGraph, lane_neighbours


@dataclass(frozen=True, eq=False, repr=False)
class RoadNetwork:
    """Roads and junctions by id, in the order of the file.

    Attributes:
        geo_reference: projection of the world frame as a PROJ string, "" when not given.
        offset: x, y, z, heading from the world frame to the projected one, as written in the header.
        revision: OpenDRIVE version of the file. source: the file; "" where there is none.
        warnings: one line for everything in the file that was repaired or ignored.
    """

    roads: dict[str, Road]
    junctions: dict[str, Junction] = field(default_factory=dict)
    controllers: dict[str, Controller] = field(default_factory=dict)
    junction_groups: dict[str, JunctionGroup] = field(default_factory=dict)
    stations: dict[str, Station] = field(default_factory=dict)
    name: str = ""
    geo_reference: str = ""
    offset: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    revision: tuple[int, int] = (1, 7)
    source: str = ""
    warnings: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<RoadNetwork {self.name!r}: {len(self.roads)} roads, {len(self.junctions)} junctions>"

    def lane_center(self, road_id: str, lane_id: int, s: ArrayLike) -> tuple[Array, Array, Array, Array]:
        """x, y, z, heading (N,) of the middle of a lane at s (N,); the heading is that of its traffic.

        Raises:
            InputError: no such road, or no section of it has the lane.
        """
        frame = lane_frame(self._road(road_id, lane_id), lane_id, s)
        return frame.x, frame.y, frame.z, frame.heading

    def lane_frame(self, road_id: str, lane_id: int, s: ArrayLike) -> tuple[Array, ...]:
        """x, y, z, heading, pitch, roll, width (N,) of a lane at s (N,), in the direction of its traffic."""
        f = lane_frame(self._road(road_id, lane_id), lane_id, s)
        return f.x, f.y, f.z, f.heading, f.pitch, f.roll, f.width

    def _road(self, road_id: str, lane_id: int) -> Road:
        road = self.roads.get(str(road_id))
        if road is None:
            raise InputError(f'there is no road "{road_id}".{did_you_mean(str(road_id), self.roads)}')
        if lane_id and lane_id not in road.table.lane_ids:
            raise InputError(f'road "{road_id}" has no lane {lane_id}; it has {sorted(road.table.lane_ids)}')
        return road

    def lanes(self, types: Collection[str] = frozenset({"driving"})) -> list[LaneKey]:
        """All lanes of the given types, road by road, section by section."""
        return [
            LaneKey(road.id, index, lane.id)
            for road in self.roads.values()
            for index, section in enumerate(road.sections)
            for lane in section.lanes
            if lane.id and lane.type in types
        ]

    def lane_length(self, key: LaneKey) -> float:
        """Length of a lane section along the reference line in metres."""
        return self.roads[key.road].sections[key.section].length

    @cached_property
    def _graph(self) -> LaneGraph:
        return LaneGraph(self.roads, self.junctions)

    def next_lanes(self, key: LaneKey) -> list[LaneKey]:
        """Lanes that traffic on `key` may go on to, junctions resolved; empty at a dead end."""
        return self._graph.next_lanes(key)

    def previous_lanes(self, key: LaneKey) -> list[LaneKey]:
        """Lanes from which traffic comes to `key`."""
        return self._graph.previous_lanes(key)

    def leaves_at(self, key: LaneKey, following: LaneKey) -> float:
        """Station at which traffic leaves `key` for a lane that follows: its end, or before it (virtual junctions)."""
        road, (station, _) = self.roads[key.road], self._graph.joint(key, following)
        section = road.sections[key.section]
        end = section.s1 if road.drives_forward(key.lane) else section.s0
        return end if station is None else station

    def lane_neighbours(self, key: LaneKey) -> tuple[LaneKey | None, LaneKey | None]:
        """Drivable lanes directly to the left and right with the same direction of traffic, as the driver sees them."""
        return lane_neighbours(self.roads[key.road], key)

    def path(self, start: LaneKey, s: float, length_m: float, choose: Callable[[list[LaneKey]], LaneKey]) -> Path:
        """A drive in the direction of traffic from station s of lane `start`; see `build_path`."""
        return build_path(self.roads, self._graph, start, s, length_m, choose)

    def route(
        self, start: LaneKey, goal: LaneKey, start_s: float | None = None, goal_s: float | None = None
    ) -> Route | None:
        """The shortest way from one lane to another with lane changes, None where there is none; see `find_route`."""
        return find_route(self.roads, self._graph, start, goal, start_s, goal_s)

    @cached_property
    def _locator(self) -> Locator:
        return Locator(self.roads)

    def locate(self, points: ArrayLike, threads: int | None = None) -> Located:
        """Nearest place on the road surface of points (N, 2), or (N, 3) where roads cross above each other.

        Raises:
            InputError: points of another shape, or that are not finite.
        """
        return self._locator(points, threads)

    @cached_property
    def bounds(self) -> Array:
        """(2, 2) lowest and highest x, y of the road surfaces."""
        boxes = []
        for road in self.roads.values():
            s = np.linspace(0.0, road.length, min(max(int(np.ceil(road.length / 5.0)) + 1, 2), 20_000))
            section = road.section_at(s)
            edges = (road.table.left[section], -road.table.right[section])
            xy = np.concatenate([road.point(s, road.rank_edges(section, edge, s)[1], 0.0)[:, :2] for edge in edges])
            boxes.append((xy.min(axis=0), xy.max(axis=0)))
        low, high = zip(*boxes)
        return np.stack([np.min(low, axis=0), np.max(high, axis=0)])
