"""Solid shapes of map objects: outlines, boxes, cylinders, rows, gantries, against sizes known on paper."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from surroundings_fakes import straight_world, volume, world_parts

from simulator.roads import Outline, Repeat, Road, RoadObject
from simulator.surroundings.map_shapes import mesh_of, solids
from simulator.surroundings.populate import populate

SUNK_M = 0.1  # shapes reach this far below the ground
ROAD: Road = next(iter(straight_world(kind="rural").network.roads.values()))
L_SHAPE = np.array([[0, 0, 0, 2.0], [4, 0, 0, 2], [4, 1, 0, 2], [1, 1, 0, 2], [1, 3, 0, 2], [0, 3, 0, 2]])


def _box(thing: RoadObject) -> tuple[np.ndarray, np.ndarray]:
    points = np.concatenate([np.concatenate(shape[:2]) for shape in solids(ROAD, thing)])
    return points.min(axis=0), points.max(axis=0)


def _filled(thing: RoadObject) -> float:
    """Volume of all shapes. Their undersides are open: seen from a point on them these would add nothing."""
    total = 0.0
    for shape in solids(ROAD, thing):
        low = shape.bottom[:, 2].min() - SUNK_M
        total += volume(mesh_of([shape], np.array([*shape.bottom[0, :2], low])))
    return total


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("frame", ["local", "road"])
def test_an_outline_becomes_a_prism(frame: str, reverse: bool) -> None:
    corners = L_SHAPE[::-1] if reverse else L_SHAPE
    if frame == "road":
        corners = corners + [50.0, 5.0, 0.0, 0.0]
    thing = RoadObject("a", 50.0, 5.0, type="obstacle", outlines=(Outline(frame, corners),))
    np.testing.assert_allclose(_box(thing), [[50, 5, 0], [54, 8, 2]], atol=1e-9)
    assert _filled(thing) == pytest.approx((4.0 + 2.0) * (2.0 + SUNK_M))


def test_boxes_turn_and_cylinders_are_round() -> None:
    box = RoadObject("b", 60.0, -1.0, 0.5, type="obstacle", heading=np.pi / 2, length=4.0, width=2.0, height=1.5)
    np.testing.assert_allclose(_box(box), [[59, -3, 0.5], [61, 1, 2.0]], atol=1e-9)
    post = RoadObject("c", 60.0, -1.0, type="obstacle", radius=0.5, height=2.0)
    assert _filled(post) == pytest.approx(np.pi * 0.25 * 2.1, rel=0.03)
    assert solids(ROAD, RoadObject("d", 60.0, 0.0, type="obstacle", length=4.0, width=2.0)) == []


def test_copies_grow_and_rows_have_no_gaps() -> None:
    copies = Repeat(10.0, 20.0, 10.0, (4.0, 6.0), height=(1.0, 3.0))
    thing = RoadObject("e", 10.0, 4.0, type="obstacle", length=1.0, width=1.0, height=1.0, repeats=(copies,))
    tops = [shape.top.mean(axis=0) for shape in solids(ROAD, thing)]
    np.testing.assert_allclose(tops, [[10, 4, 1], [20, 5, 2], [30, 6, 3]], atol=1e-9)
    row = Repeat(10.0, 20.0, 0.0, (4.0, 6.0), width=(0.4, 0.8), height=(1.0, 2.0))
    wall = RoadObject("f", 10.0, 4.0, type="barrier", subtype="jersey", repeats=(row,))
    shapes = solids(ROAD, wall)
    np.testing.assert_allclose(_box(wall), [[10, 3.8, 0], [30, 6.4, 2.0]], atol=1e-9)
    for before, after in pairwise(shapes):
        np.testing.assert_allclose(before.top[[1, 2]], after.top[[0, 3]], atol=1e-9)
    # The mean of width times height, which both grow evenly, is that of their means and a twelfth of their growths.
    assert _filled(wall) == pytest.approx(20 * (0.6 * (1.5 + SUNK_M) + 0.4 * 1.0 / 12), rel=0.005)


@pytest.mark.parametrize("frame", ["local", "road"])
@pytest.mark.parametrize("distance_m", [0.0, 10.0])
def test_outlines_move_with_the_copies(frame: str, distance_m: float) -> None:
    """From s = 50, t = 5 to t = 6; without a distance there is one, at the start of the row."""
    corners = L_SHAPE + ([50.0, 5.0, 0.0, 0.0] if frame == "road" else 0.0)
    row = Repeat(20.0, 10.0, distance_m, (6.0, 6.0))
    thing = RoadObject("i", 50.0, 5.0, type="obstacle", outlines=(Outline(frame, corners),), repeats=(row,))
    corner = [shape.bottom.min(axis=0) for shape in solids(ROAD, thing)]
    np.testing.assert_allclose(corner, [[20, 6, 0], [30, 6, 0]][: 1 + (distance_m > 0.0)], atol=1e-9)


def test_a_gantry_leaves_room_for_traffic() -> None:
    shapes = solids(ROAD, RoadObject("g", 60.0, 0.0, type="gantry", length=0.5, width=10.0, height=6.0))
    assert len(shapes) == 3
    for shape in shapes:
        beside = np.abs(shape.bottom[:, 1]).min() > 4.5
        assert beside or shape.bottom[:, 2].min() > 5.0


def test_obstacles_stand_on_the_road_as_labelled_objects() -> None:
    world = straight_world(kind="rural")
    things = (
        RoadObject("1", 100.0, -1.5, type="obstacle", length=4.0, width=2.0, height=1.0),
        RoadObject("2", 120.0, -1.5, type="pedestrian", length=1.0, width=1.0, height=1.8),
        RoadObject("3", 80.0, 0.0, type="trafficIsland", outlines=(Outline("local", L_SHAPE * [1, 1, 1, 0.1]),)),
    )
    (road,) = world.network.roads.values()
    network = replace(world.network, roads={road.id: replace(road, objects=things)})
    builder = world.builder()
    populate(builder, network, world.ground, world.path, style="country", radius_m=80.0)
    lanes = [
        (name, points)
        for name, points, *_ in world_parts(builder)
        if np.abs(points[:, 1]).max() < 4.0 and points[:, 0].min() > 60 and points[:, 0].max() < 140
    ]
    assert sorted(name for name, _ in lanes) == ["kerb", "street_furniture"]
    found = dict(lanes)
    box, island = found["street_furniture"], found["kerb"]
    np.testing.assert_allclose([box.min(axis=0), box.max(axis=0)], [[98, -2.5, -0.1], [102, -0.5, 1]], atol=1e-4)
    assert island[:, 2].max() == pytest.approx(0.2, abs=1e-5)
    (slots,) = [slots for name, _, _, slots, _ in world_parts(builder) if name == "kerb"]
    assert np.count_nonzero(slots == 1) == len(L_SHAPE) - 2  # the top, which is filled
