"""Many entities moved together: each goes where it goes alone."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from material import MATERIAL, needs_material
from small_storyboard import CAR

from simulator.roads import RoadNetwork, procedural, read_opendrive
from simulator.storyboard import model
from simulator.storyboard.entities import Entity
from simulator.storyboard.lane_following import LaneFollowing
from simulator.storyboard.lane_poses import LanePoses
from simulator.storyboard.road_links import Roads

MAPS = Path(__file__).parent / "maps"
NUMBERS = ("s", "t", "offset", "x", "y", "z", "h", "p", "r", "h_rel", "h_road", "p_road", "r_road", "z_road", "k_road")
TABLES = 1e-5  # m, rad: what the tables of lanes depart from the roads at most
EXACT = ("section", "lane", "at_end", "p_twist")


def scattered(network: RoadNetwork, count: int, seed: int) -> list[Entity]:
    """Entities anywhere on the lanes of a network, looking anywhere, some of them backwards."""
    rng, roads = np.random.default_rng(seed), Roads(network)
    keys = [key for key in network.lanes() if key.lane]
    found = []
    for k in range(count):
        key = keys[rng.integers(len(keys))]
        entity = Entity.of(model.ScenarioObject(f"car{k}", CAR, ()), roads)
        here = network.roads[key.road].sections[key.section]
        road = roads.find(key.road)
        entity.position.set_lane(road, key.lane, float(rng.uniform(here.s0, here.s1)), float(rng.normal()), key.section)
        entity.position.set_angles(h=float(rng.choice([0.0, np.pi, rng.uniform(0.0, 6.0)])))
        entity.position.z_rel = float(rng.choice([0.0, 0.4]))
        entity.speed = float(rng.uniform(-5.0, 40.0))
        found.append(entity)
    return found


def check(network: RoadNetwork, least_share: float) -> None:
    """Move entities together and one by one."""
    together = scattered(network, 80, 1)
    following = LaneFollowing(LanePoses())
    for _ in range(25):
        alone = [copy.copy(each) for each in together]
        for each in alone:
            each.position = each.position.copy()
            each.position.move(0.05 * each.speed, choose=each.choose)
        left = following.move(together, 0.05)
        assert len(left) <= (1.0 - least_share) * len(together)
        for each in left:
            each.position.move(0.05 * each.speed, choose=each.choose)
        for a, b in zip(alone, together):
            for name in EXACT:
                assert getattr(a.position, name) == getattr(b.position, name), name
            one, other = ([getattr(e.position, name) for name in NUMBERS] for e in (a, b))
            np.testing.assert_allclose(np.sin(one), np.sin(other), atol=TABLES)
            assert one[3:6] == pytest.approx(other[3:6], abs=TABLES)


@pytest.mark.parametrize("name", ["town", "motorway", "roundabout"])
def test_entities_moved_together_go_where_each_goes_alone(name: str) -> None:
    check(getattr(procedural, name)(), 0.8)


@needs_material
@pytest.mark.parametrize("name", ["e6mini", "curves_elevation", "velodrome"])
def test_cubics_slopes_and_banks_too(name: str) -> None:
    check(read_opendrive(MATERIAL / f"openx/esmini/resources/xodr/{name}.xodr"), 0.5)


def test_what_no_formula_says_is_left_to_each() -> None:
    check(read_opendrive(MAPS / "everything.xodr"), 0.0)
