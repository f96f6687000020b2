"""Widths, borders, heights, superelevation, lateral shape of lanes, against scalar code and closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.roads import Geometry, Lane, LaneSection, Road, RoadNetwork, RoadType
from simulator.roads.polynomial import cubic


def road(sections: tuple[LaneSection, ...], length: float = 100.0, **changes: object) -> Road:
    base = Road("1", length, (Geometry("line", 0.0, 0.0, 0.0, 0.0, length),), sections)
    return replace(base, **changes)  # type: ignore[arg-type]


def lane(lane_id: int, width: float = 3.0, **changes: object) -> Lane:
    return Lane(lane_id, "driving", cubic(0.0, width), **changes)  # type: ignore[arg-type]


def section(*lanes: Lane, s0: float = 0.0, s1: float = 100.0) -> LaneSection:
    center = Lane(0, "none")
    return LaneSection(s0, s1, tuple(sorted((center, *lanes), key=lambda x: -x.id)))


TWO_WAY = section(lane(2, 2.0), lane(1, 3.5), lane(-1, 3.0), lane(-2, 1.5))


def naive_edge(here: Road, lane_id: int, s: float) -> float:
    """Outer t of a lane at s, one number at a time."""
    part = [x for x in here.sections if x.s0 <= s][-1]
    side = [x for x in part.lanes if x.id * lane_id > 0 and abs(x.id) <= abs(lane_id)]
    t = 0.0
    for row in here.lane_offset_profile:
        if row[0] <= s:
            t = sum(c * (s - row[0]) ** k for k, c in enumerate(row[1:]))
    for item in side:
        row = [w for w in item.widths if w[0] <= s - part.s0][-1]
        width = sum(c * (s - part.s0 - row[0]) ** k for k, c in enumerate(row[1:]))
        t += width if lane_id > 0 else -width
    return t


coefficient = st.floats(-1, 1)
profile = st.lists(st.tuples(st.floats(0.5, 5), coefficient, coefficient), min_size=1, max_size=4)


@st.composite
def roads(draw: st.DrawFn) -> Road:
    def table(scale: float) -> np.ndarray:
        entries = draw(profile)
        starts = np.linspace(0, 40, len(entries))
        return np.array([[s, a * scale, 0.02 * b, 0.001 * c, 0.0] for s, (a, b, c) in zip(starts, entries)])

    sections = []
    for s0, s1 in ((0.0, 50.0), (50.0, 100.0)):
        ids = [*range(1, draw(st.integers(0, 3)) + 1), *range(-1, -draw(st.integers(1, 3)) - 1, -1)]
        sections.append(section(*(Lane(i, "driving", table(1.0)) for i in ids), s0=s0, s1=s1))
    return road(tuple(sections), lane_offset_profile=table(0.3))


@given(roads(), st.lists(st.floats(0.001, 99.999), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_edges_agree_with_scalar_code(here: Road, stations: list[float]) -> None:
    s = np.array([x for x in stations if abs(x - 50.0) > 1e-3] or [1.0])
    for index, part in enumerate(here.sections):
        mine = s[(s >= part.s0) & (s < part.s1)]
        if not len(mine):
            continue
        edges = here.boundaries(index, mine)
        assert edges.shape == (len(part.lanes), len(mine))
        assert (np.diff(edges, axis=0) <= 1e-12).all()
        for lane_id in [x.id for x in part.lanes if x.id]:
            _, outer, _, slope = here.lane_edges(here.section_at(mine), lane_id, mine)
            np.testing.assert_allclose(outer, [naive_edge(here, lane_id, x) for x in mine], atol=1e-9)
            ahead, behind = (here.lane_edges(here.section_at(mine), lane_id, mine + h)[1] for h in (1e-6, -1e-6))
            knots = np.isclose(np.abs((mine[:, None] - np.linspace(0, 90, 541)) % 1).min(axis=1), 0, atol=1e-4)
            np.testing.assert_allclose(slope[~knots], ((ahead - behind) / 2e-6)[~knots], atol=2e-3)


def test_boundaries_run_from_left_to_right() -> None:
    here = road((TWO_WAY,), lane_offset_profile=cubic(0.0, 0.5))
    np.testing.assert_allclose(here.boundaries(0, [10.0])[:, 0], [6.0, 4.0, 0.5, -2.5, -4.0])


def test_a_negative_width_does_not_turn_the_surface_inside_out() -> None:
    here = road((section(lane(1, -0.5), lane(-1, 3.0)),))
    np.testing.assert_allclose(here.boundaries(0, [1.0])[:, 0], [0.0, 0.0, -3.0])


def test_borders_are_measured_from_the_reference_line() -> None:
    left = Lane(1, "driving", borders=cubic(0.0, 3.5))
    outer = Lane(2, "border", borders=cubic(0.0, 5.0, 0.01))
    right = Lane(-1, "driving", borders=cubic(0.0, -4.0))
    here = road((section(left, outer, right),))
    np.testing.assert_allclose(here.boundaries(0, [0.0, 100.0]), [[5.0, 6.0], [3.5, 3.5], [0, 0], [-4, -4]])


def test_a_section_ends_with_its_own_lane_offset() -> None:
    jump = np.array([[0.0, 0.0, 0, 0, 0], [50.0, 3.5, 0, 0, 0]])
    parts = (section(lane(1), s1=50.0), section(lane(-1), s0=50.0))
    here = road(parts, lane_offset_profile=jump)
    assert here.boundaries(0, [50.0])[-1, 0] == 0.0
    assert here.boundaries(1, [50.0])[0, 0] == 3.5


def test_superelevation_turns_the_road_about_its_reference_line() -> None:
    here = road((TWO_WAY,), superelevation_profile=cubic(0.0, 0.1), elevation_profile=cubic(0.0, 2.0))
    np.testing.assert_allclose(
        here.point([10.0, 10.0], [5.0, -3.0]),
        [[10.0, 5 * np.cos(0.1), 2 + 5 * np.sin(0.1)], [10.0, -3 * np.cos(0.1), 2 - 3 * np.sin(0.1)]],
    )
    _, _, _, heading, pitch, roll, width = RoadNetwork({"1": here}).lane_frame("1", 1, [10.0])
    assert (roll[0], pitch[0], width[0]) == (pytest.approx(-0.1), 0.0, 3.5)  # driven the other way
    assert abs(heading[0]) == pytest.approx(np.pi)


def test_level_lanes_stay_flat_beside_a_banked_road() -> None:
    walk = replace(lane(-2, 2.0), level=True)
    here = road((section(lane(-1, 4.0), walk),), superelevation_profile=cubic(0.0, 0.2))
    edge, middle = here.point([5.0, 5.0], [-4.0, -5.0])
    assert edge[2] == middle[2] == pytest.approx(-4 * np.sin(0.2))
    assert edge[1] - middle[1] == pytest.approx(1.0)


def test_kerbs_are_steps_between_lanes() -> None:
    walk = replace(lane(-2, 2.0), heights=np.array([[0.0, 0.12, 0.15], [50.0, 0.02, 0.15]]))
    here = road((section(lane(-1, 4.0), walk),))
    heights = here.lane_heights(0, [0.0, 25.0, 80.0])
    np.testing.assert_allclose(heights[0], 0.0)
    np.testing.assert_allclose(heights[1], [[0.12, 0.15], [0.07, 0.15], [0.02, 0.15]])
    assert here.point([0.0], [-3.999])[0, 2] == 0.0
    assert here.point([0.0], [-5.0])[0, 2] == pytest.approx(0.135)
    assert RoadNetwork({"1": here}).lane_center("1", -2, [0.0])[2] == pytest.approx(0.135)


def test_a_lateral_shape_is_a_crown() -> None:
    crown = np.array([[0.0, -4, -0.1, 0.025, 0, 0], [0.0, 0, 0, -0.025, 0, 0], [100.0, -4, 0, 0, 0, 0]])
    here = road((TWO_WAY,), shape=crown)
    np.testing.assert_allclose(
        here.point([0.0, 0.0, 0.0, 50.0], [0.0, 2.0, -2.0, 2.0])[:, 2], [0, -0.05, -0.05, -0.025]
    )


def test_left_hand_traffic_drives_on_the_left() -> None:
    here = road((TWO_WAY,), rule="LHT")
    network = RoadNetwork({"1": here})
    assert here.drives_forward(1)
    assert not here.drives_forward(-1)
    assert network.lane_center("1", 1, [3.0])[3] == 0.0
    assert abs(network.lane_center("1", -1, [3.0])[3]) == pytest.approx(np.pi)


def test_skipped_lane_ids_are_stacked_in_order() -> None:
    here = road((section(lane(-1, 3.0), lane(-5, 1.0)),))
    inner, outer, _, _ = here.lane_edges(np.array([0]), -5, np.array([1.0]))
    assert (inner[0], outer[0]) == (-3.0, -4.0)


def test_speed_limits_come_from_the_lane_then_the_road_then_the_type() -> None:
    slow = replace(lane(-1), speeds=((20.0, 8.0),))
    types = (RoadType(0.0, "rural"), RoadType(60.0, "town", 12.0), RoadType(90.0, "motorway", np.inf))
    here = road((section(lane(1), slow),), types=types)
    np.testing.assert_allclose(here.speed_limits(0, -1, [0.0, 20.0, 70.0]), [100 / 3.6, 8.0, 8.0])
    np.testing.assert_allclose(here.speed_limits(0, 1, [0.0, 70.0, 95.0]), [100 / 3.6, 12.0, 130 / 3.6])
