"""From points to places on the road: against a search through all places, and there and back on every public map."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from material import MATERIAL
from scipy.spatial import cKDTree

from simulator.errors import InputError
from simulator.roads import Lane, LaneSection, Road, RoadNetwork, procedural, read_opendrive
from simulator.roads.layout import Plan
from simulator.roads.polynomial import cubic

MAPS = sorted((MATERIAL / "openx").rglob("*.xodr"))
# A file whose plan view has cusps, and files that are no maps.
ODD = {"bU_invalid", "negative", "negative16", "negative17", "negative18"}
BANKED = procedural.curve(60.0, 200.0, superelevation_percent=8.0)
NETWORKS = {
    "town": procedural.town(2, 2, seed=3),
    "cross": procedural.x_junction(angle_deg=70.0),
    "motorway": procedural.motorway(curve_radius_m=500.0),
    "banked": BANKED,
    "lane": procedural.village_lane(seed=2),
    "hairpin": procedural.curve(8.0, 180.0, clothoid_m=4.0),
}


def nearest_by_search(network: RoadNetwork, points: np.ndarray, spacing_m: float) -> np.ndarray:
    """Distance (N,) of points from the closest of many places spread over all lanes, at most that much too large."""
    places = []
    for road in network.roads.values():
        for index, section in enumerate(road.sections):
            s = np.linspace(section.s0, section.s1, int(section.length / spacing_m) + 2)
            edges = road.boundaries(index, s)
            for outer, inner in pairwise(edges):
                for part in np.linspace(0.0, 1.0, int(np.ptp(np.stack([outer, inner]), axis=0).max() / spacing_m) + 2):
                    places.append(road.point(s, inner + part * (outer - inner), 0.0)[:, :2])
    return np.asarray(cKDTree(np.concatenate(places)).query(points)[0])


@pytest.mark.parametrize("name", NETWORKS)
def test_no_place_is_nearer_than_the_one_found(name: str) -> None:
    network = NETWORKS[name]
    rng = np.random.default_rng(4)
    low, high = network.bounds
    points = rng.uniform(low - 20.0, high + 20.0, (150, 2))
    found = network.locate(points)
    expected = nearest_by_search(network, points, 0.5)
    # A drivable lane is preferred to a pavement that is up to a centimetre nearer; distances are taken across the road,
    # although where it widens a place ahead may be nearer. No place is further than half a diagonal from the lattice.
    assert (found.distance <= 1.01 * expected + 0.0101).all()
    assert (found.distance >= expected - 0.36).all()
    assert (found.distance == 0.0).sum() > 5


def test_the_result_does_not_depend_on_threads_or_company() -> None:
    network = NETWORKS["town"]
    rng = np.random.default_rng(0)
    points = rng.uniform(*network.bounds, (10_000, 2))
    one, two = network.locate(points, threads=1), network.locate(points, threads=2)
    alone = network.locate(points[7:8])
    for a, b, c in zip(one, two, alone):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a[7:8], c)


@pytest.mark.parametrize(
    "points", [[[np.nan, 0.0]], [[0.0, np.inf]], [[0.0]], [[0.0, 0.0, 0.0, 0.0]], [[[0.0, 0.0]]]], ids=str
)
def test_points_that_are_none_are_refused(points: list[list[float]]) -> None:
    with pytest.raises(InputError, match="points"):
        BANKED.locate(points)


def test_no_points_no_places() -> None:
    assert [len(column) for column in BANKED.locate(np.zeros((0, 3)))] == [0] * 6


@given(st.integers(0, 10_000), st.sampled_from(["width", "border"]), st.sampled_from(["RHT", "LHT"]))
@settings(max_examples=30, deadline=None)
def test_places_on_a_road_with_everything(seed: int, kind: str, rule: str) -> None:
    """Lane offset, level lanes beside a banked carriageway, raised lanes, borders: s, t and lane come back."""
    rng = np.random.default_rng(seed)
    lanes = []
    for lane_id in (3, 2, 1, 0, -1, -2, -3):
        edge = 3.0 * lane_id + 0.2 * np.sign(lane_id)
        given = {"widths": np.array([[0.0, 3.0, 0.01, 0.0, 0.0], [30.0, 3.3, -0.01, 0.0, 0.0]])}
        if kind == "border":
            given = {"borders": np.array([[0.0, edge, 0.002 * lane_id, 0.0, 0.0]])}
        if abs(lane_id) == 3:
            given |= {"level": True, "heights": np.array([[0.0, 0.1, 0.15], [10.0, 0.0, 0.1]])}
        lanes.append(Lane(lane_id, "sidewalk" if abs(lane_id) == 3 else "driving", **(given if lane_id else {})))
    plan = Plan().bend(rng.uniform(25.0, 60.0), 1.2, 15.0)
    road = Road(
        "0",
        plan.length,
        plan.geometry,
        (LaneSection(0.0, plan.length, tuple(lanes)),),
        rule=rule,
        # Without kinks, behind which a leaning surface would lie over itself.
        elevation_profile=np.array([[5.0, 0.0, 0.0, 2e-3, 0.0], [30.0, 1.25, 0.1, 0.0, 0.0]]),
        superelevation_profile=cubic(0.0, rng.uniform(-0.2, 0.2), 1e-3),
        lane_offset_profile=cubic(0.0, 0.0) if kind == "border" else cubic(3.0, 0.0, 0.01),
    )
    network = RoadNetwork({"0": road})
    s = rng.uniform(0.01, plan.length - 0.01, 40)
    edges = road.boundaries(0, s)
    which = rng.integers(0, 6, 40)
    left, right = edges[which, np.arange(40)], edges[which + 1, np.arange(40)]
    t = right + rng.uniform(0.01, 0.99, 40) * (left - right)
    found = network.locate(road.point(s, t))
    np.testing.assert_allclose(found.s, s, atol=1e-5)
    np.testing.assert_allclose(found.t, t, atol=1e-5)
    assert found.lane.tolist() == [(3, 2, 1, -1, -2, -3)[k] for k in which]
    assert found.distance.max() < 1e-6
    # The right road of two, one above the other, by height alone.
    above = replace(road, id="1", elevation_profile=road.elevation_profile + [0.0, 5.0, 0.0, 0.0, 0.0])
    both = RoadNetwork({"0": road, "1": above})
    upper = s > 5.1  # from there on, where the profile is not zero
    assert (both.locate(above.point(s, t)[upper]).road == 1).all()
    assert (both.locate(road.point(s, t)[upper]).road == 0).all()


@pytest.mark.parametrize("path", MAPS, ids=lambda path: "/".join(path.parts[-2:])[:-5])
def test_lane_centres_are_found_again_on_every_public_map(path: Path) -> None:
    if path.stem in ODD:
        pytest.skip("no map, or one with cusps")
    network = read_opendrive(path)
    roads = list(network.roads.values())
    rng = np.random.default_rng(0)
    centres = []
    for road in roads:
        for index in range(min(len(road.sections), 30)):
            section = road.sections[index]
            s = rng.uniform(section.s0, section.s1, 3)
            edges = road.boundaries(index, s)
            for lane, left, right in zip([x for x in section.lanes if x.id], edges[:-1], edges[1:]):
                wide = left - right > 0.05
                centres.append(np.stack(network.lane_center(road.id, lane.id, s)[:3], axis=1)[wide])
    points = np.concatenate(centres)
    found = network.locate(points)
    assert found.distance.max(initial=0.0) < 1e-3
    for number in np.unique(found.road):
        mine = found.road == number
        again = roads[number].point(found.s[mine], found.t[mine])
        np.testing.assert_allclose(again[:, :2], points[mine, :2], atol=1e-3)
