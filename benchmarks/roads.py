"""Questions to a road network: places of points, lane centres, routes; beside CARLA's map where that is installed.

The network is CARLA's Town03 where ODDROAD_MATERIAL names the folder that holds it, and else a town of our own.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.table import Row, best_seconds, row
from simulator.roads import RoadNetwork, procedural, read_opendrive, write_opendrive

PEER = "CARLA 0.9.16, 1 thread"
_PEER_POINTS = 2000  # it takes a tenth of a millisecond for each


def points_on_lanes(network: RoadNetwork, count: int, seed: int = 0) -> NDArray[np.float64]:
    """Random points (N, 3) on the lanes for traffic, in random order."""
    rng = np.random.default_rng(seed)
    found = []
    for key in network.lanes():
        road = network.roads[key.road]
        section = road.sections[key.section]
        s = rng.uniform(section.s0, section.s1, max(int(section.length), 1))
        inner, outer, _, _ = road.lane_edges(np.full(len(s), key.section), key.lane, s)
        found.append(road.point(s, inner + rng.uniform(0.02, 0.98, len(s)) * (outer - inner)))
    every = np.concatenate(found)
    return np.asarray(every[rng.integers(len(every), size=count)])


def rows(threads: int) -> list[Row]:
    """Million points/s for finding places and lane centres, microseconds for a single place."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(os.environ.get("ODDROAD_MATERIAL", "")) / "openx/carla_towns/OpenDrive/Town03.xodr"
        if not path.is_file():
            path = Path(folder) / "town.xodr"
            write_opendrive(procedural.town(4, 4, seed=0), path)
        network, text = read_opendrive(path), path.read_text(encoding="utf-8")
        (reading,) = best_seconds([lambda: read_opendrive(path)], 3)
    points = points_on_lanes(network, 1_000_000)
    flat, some = np.ascontiguousarray(points[:, :2]), points[:200]
    places = network.locate(points, threads)
    order = np.lexsort((places.lane, places.road))[:: len(points) // 50_000]
    road, lane = list(network.roads)[places.road[order[0]]], int(places.lane[order[0]])
    s = np.linspace(0.0, network.roads[road].length, 100_000)
    works = [
        lambda: network.locate(flat, threads),
        lambda: network.locate(points, threads),
        lambda: [network.locate(point) for point in some],
        lambda: network.lane_center(road, lane, s),
    ]
    plan, spatial, single, centre = best_seconds(works, 3)
    load, peer = _peer_seconds(text, points[:_PEER_POINTS])
    rate = len(points) / 1e6
    million = None if peer is None else 1e-6 / peer
    return [
        row("read the map, and check it", "s", 1, reading, load, PEER if load else ""),
        row("places of points x, y", "Mpoints/s", threads, rate / plan, million, PEER if peer else ""),
        row("places of points x, y, z", "Mpoints/s", threads, rate / spatial, million, PEER if peer else ""),
        row("place of a single point", "us", 1, 1e6 * single / len(some), 1e6 * peer if peer else None, PEER),
        row("lane centres", "Mpoints/s", 1, len(s) / 1e6 / centre),
    ]


def _peer_seconds(text: str, points: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Seconds to load the map, and for the place of one point, in CARLA; None where it is not installed."""
    try:
        import carla
    except ImportError:
        return None, None
    world = carla.Map("map", text)
    # CARLA's y points to the right.
    places = [carla.Location(x=x, y=-y, z=z) for x, y, z in points.tolist()]

    def locate() -> None:
        for place in places:
            world.get_waypoint(place, project_to_road=True, lane_type=carla.LaneType.Any)

    load, seconds = best_seconds([lambda: carla.Map("map", text), locate], 3)
    return load, seconds / len(points)
