"""Ways on foot: long enough, smooth, off the carriageway, at the side that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from material import MATERIAL, needs_material
from test_roads_procedural import MAKERS

from simulator.numerics.rng import generator
from simulator.roads import RoadNetwork, procedural, read_opendrive
from simulator.traffic.crossings import walkway_map
from simulator.traffic.walkways import roadsides
from simulator.world.walks import Walks


def _ways(network: RoadNetwork, count: int) -> tuple[list[float], list[float], int]:
    """Lengths of ways of 60 m at most from `count` starts, their sharpest turns, rad; how many touch a carriageway."""
    walks = Walks(walkway_map(network))
    carriageway = roadsides(network, np.zeros(3)).carriageway
    lengths: list[float] = []
    turns: list[float] = []
    touching = 0
    for n in range(count if len(walks.starts) else 0):
        rng = generator(7, "way", n)
        start = int(rng.integers(len(walks.starts)))
        way = walks.way(start, forward=n % 2 == 0, share=rng.uniform(-1.0, 1.0), length_m=60.0, rng=rng)
        step = np.diff(way[:, :2], axis=0)
        lengths.append(float(np.hypot(*step.T).sum()))
        if len(way) < 3:
            continue
        assert np.hypot(*step.T).max() < 3.0
        turns.append(float(np.abs(np.diff(np.unwrap(np.arctan2(step[:, 1], step[:, 0])))).max()))
        touching += bool(carriageway.touches(shapely.points(way[:, :2]), way[:, 2]).any())
    return lengths, turns, touching


@pytest.mark.parametrize("name", MAKERS)
def test_ways_keep_off_the_carriageway_of_procedural_networks(name: str) -> None:
    assert _ways(MAKERS[name](), 30)[2] == 0


@needs_material
@pytest.mark.parametrize("town", ["Town01", "Town03"])
def test_ways_through_towns_are_long(town: str) -> None:
    lengths, turns, touching = _ways(read_opendrive(MATERIAL / f"openx/carla_towns/OpenDrive/{town}.xodr"), 200)
    assert touching <= 2  # where maps have kerbs that jump
    assert np.median(lengths) > 55.0
    assert np.quantile(turns, 0.98) < np.radians(90.0)  # nearly nobody turns on the spot


def test_who_walks_left_of_the_middle_does_so_both_ways() -> None:
    walks = Walks(walkway_map(procedural.x_junction()))
    for forward in (True, False):
        pair = [
            walks.way(3, forward=forward, share=share, length_m=10.0, rng=generator(0, "way")) for share in (1.0, -1.0)
        ]
        ahead = pair[0][3, :2] - pair[0][2, :2]
        across = pair[0][2, :2] - pair[1][2, :2]
        assert ahead[0] * across[1] - ahead[1] * across[0] > 0.1
